//! The trend: its points, their names, and what screen readers are told of it.

use crate::gateway::Overview;
use crate::render::chart::{self, Alternative, Point};
use crate::survey::report::cut::start;
use crate::survey::report::{By, Figures, Group};
use crate::survey::span::Span;
use crate::web::admin::filter::Filter;
use crate::web::admin::page::{NO_FIGURE, count, ends, exact, percent, plural, share};
use chrono::NaiveDate;
use std::cmp::Ordering;

/// The steps that one can choose.
const STEPS: [By; 3] = [By::Day, By::Week, By::Month];
/// The widths that the trend is drawn for. The style sheet shows one of them.
const WIDTHS: [(&str, f64); 3] = [("narrow", 340.0), ("middle", 680.0), ("wide", 1060.0)];

/// The chart of a trend, its figures and its steps.
pub(super) struct Trend {
    /// The chart for each width.
    pub(super) charts: Vec<(&'static str, String)>,
    pub(super) step: By,
    pub(super) steps: Vec<(&'static str, String, bool)>,
    pub(super) rows: Vec<(String, String, String, String)>,
}

impl Trend {
    pub(super) fn of(filter: &Filter, figures: &Overview) -> Self {
        let step = filter.step();
        let at = |row: &Group| Some((start(step, row.keys.first()?.id.as_deref()?)?, row.figures.clone()));
        let steps: Vec<_> = figures.trend.iter().filter_map(at).collect();
        let point = |(at, figures): &(NaiveDate, Figures)| Point {
            name: name(step, *at),
            hint: hint(step, *at, filter.span, figures),
            share: figures.csat_interval(),
        };
        let points: Vec<_> = steps.iter().map(point).collect();
        let told = told(&points, step);
        let heading = format!("CSAT by {step}");
        let charts = WIDTHS.map(|(id, width)| {
            (id, chart::trend(&points, width, Alternative { id, title: &heading, description: &told }))
        });
        let row = |(at, figures): &(NaiveDate, Figures)| {
            let ends = figures.csat_interval().map_or_else(|| NO_FIGURE.to_owned(), ends);
            let csat = share(figures.positive, figures.ratings());
            (title(step, *at, filter.span), csat, ends, count(figures.ratings()))
        };
        let link = |other: &By| (other.word(), filter.link(&[("step", Some(other.word()))]), *other == step);
        Self {
            charts: charts.into(),
            step,
            steps: STEPS.iter().map(link).collect(),
            rows: steps.iter().rev().map(row).collect(),
        }
    }
}

/// The name of a step on the axis.
fn name(step: By, at: NaiveDate) -> String {
    let pattern = if step == By::Month { "%b %y" } else { "%-d %b" };
    at.format(pattern).to_string()
}

/// The name of a step where there is room. Of the first and the last week, only days of the period are in it.
fn title(step: By, at: NaiveDate, within: Span) -> String {
    match step {
        By::Week => format!("Week of {}", at.max(within.first).format("%-d %b %Y")),
        By::Month => at.format("%B %Y").to_string(),
        _ => at.format("%a %-d %b %Y").to_string(),
    }
}

fn hint(step: By, at: NaiveDate, within: Span, figures: &Figures) -> String {
    let title = title(step, at, within);
    figures.csat_interval().map_or_else(
        || format!("{title}: no rating"),
        |share| format!("{title}: {} ({}), {}", exact(share.share), ends(share), plural(figures.ratings(), "rating")),
    )
}

/// What one sees in the trend.
fn told(points: &[Point], step: By) -> String {
    let known: Vec<_> = points.iter().filter_map(|point| Some((point, point.share?.share))).collect();
    let ends = known.first().zip(known.last());
    let Some(((first, from), (last, to))) = ends else { return "There is no rating.".to_owned() };
    let by = |a: &&(&Point, f64), b: &&(&Point, f64)| a.1.partial_cmp(&b.1).unwrap_or(Ordering::Equal);
    let lowest =
        known.iter().min_by(by).map_or_else(String::new, |(at, share)| format!("{} ({})", percent(*share), at.name));
    let gaps = points.len() - known.len();
    let gaps = if gaps == 0 { String::new() } else { format!(" No rating in {gaps} of {} steps.", points.len()) };
    format!(
        "By {step}, from {} ({}) to {} ({}); the lowest is {lowest}.{gaps} The table below has all figures.",
        percent(*from),
        first.name,
        percent(*to),
        last.name
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_named_as_people_do() {
        let day = |text: &str| text.parse::<NaiveDate>().expect("a day");
        let span = Span { first: day("2026-10-28"), last: day("2026-11-26") };
        assert_eq!(name(By::Month, day("2026-11-01")), "Nov 26");
        assert_eq!(title(By::Week, day("2026-10-26"), span), "Week of 28 Oct 2026");
        assert_eq!(title(By::Day, day("2026-11-01"), span), "Sun 1 Nov 2026");
    }
}
