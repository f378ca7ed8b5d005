//! The overview: how customers rated in a period, against the one before, over time, by teammate and by team.
//!
//! It must not know how figures are counted: it words and orders them.

mod table;
mod trend;

use super::bar::Bar;
use super::filter::{Filter, days};
use super::follow_up::waiting_words;
use super::page::{Place, Shell, count, ends, exact, html, shell};
use super::session::Viewer;
use crate::gateway::Overview;
use crate::render::chart::{self, Alternative, SCORES};
use crate::survey::interval::{FEWEST_TO_RANK, Interval};
use crate::survey::rating::Score;
use crate::survey::report::Figures;
use crate::survey::span::Preset;
use crate::web::App;
use crate::web::api::HandlerResult;
use askama::Template;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use std::sync::Arc;
use table::{Sort, Table, table};
use trend::Trend;

pub(super) async fn show(State(app): State<Arc<App>>, viewer: Viewer, RawQuery(query): RawQuery) -> HandlerResult {
    let filter = Filter::read(Place::Overview, query.as_deref(), app.gateway.today());
    let shell = shell(&app, Some(&viewer), Some(Place::Overview)).keeping(&filter);
    if !filter.faults.is_empty() {
        let page = OverviewPage { shell, bar: Bar::new(&filter), shown: None, waiting: None };
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, html(&page)).into_response());
    }
    let figures = app.gateway.overview(filter.span, filter.before(), &filter.within, &viewer.access.within).await?;
    let waiting = app.gateway.open_follow_ups(&filter.within, &viewer.access.within).await?;
    let waiting = (waiting.open + waiting.taken > 0).then(|| waiting_words(&waiting, app.gateway.clock.now()));
    let shown = Some(Shown::new(&filter, &figures, &app.gateway.config.report.positive));
    Ok(html(&OverviewPage { shell, bar: Bar::new(&filter).named(&figures), shown, waiting }).into_response())
}

#[derive(Template)]
#[template(path = "admin/overview.html")]
struct OverviewPage<'a> {
    shell: Shell<'a>,
    bar: Bar<'a>,
    shown: Option<Shown>,
    /// How many unhappy customers wait, of any time.
    waiting: Option<String>,
}

/// All that the page shows of the figures.
struct Shown {
    csat: Option<Csat>,
    /// Which faces count as positive.
    positive: String,
    ratings: String,
    ratings_before: String,
    asked: String,
    answered: String,
    answered_share: Option<String>,
    answered_change: Option<String>,
    unsent: Option<String>,
    low_link: String,
    faces: String,
    face_rows: Vec<(&'static str, &'static str, String, String)>,
    trend: Option<Trend>,
    tables: Vec<Table>,
    is_empty: bool,
    /// The page for a longer period, where the shown one is empty.
    longer: Option<String>,
}

struct Csat {
    share: String,
    ends: String,
    change: Option<String>,
    before: Option<String>,
    maybe_chance: bool,
}

impl Shown {
    fn new(filter: &Filter, figures: &Overview, positive: &[u8]) -> Self {
        let (total, before) = (&figures.total, &figures.before);
        let is_empty = total.asked + total.ratings() + total.waiting + total.failed == 0;
        let unsent = (total.waiting + total.failed > 0)
            .then(|| format!("{} waiting, {} failed", count(total.waiting), count(total.failed)));
        let sort = Sort::read(filter.value("sort"));
        let mut tables = Vec::new();
        if filter.within.teammate.is_none() {
            tables.push(table("team", &figures.teams, sort, filter));
        }
        tables.push(table("teammate", &figures.teammates, sort, filter));
        tables.retain(|table| !table.rows.is_empty());
        let low = filter.link_to("/admin/ratings", &[("score", Some("low"))]);
        Self {
            csat: Csat::of(filter, total, before),
            positive: positive_words(positive),
            ratings: count(total.ratings()),
            ratings_before: count(before.ratings()),
            asked: count(total.asked),
            answered: count(total.answered),
            answered_share: answered(total).map(|share| exact(share.share)),
            answered_change: answered(total).zip(answered(before)).map(|(now, then)| points(now.since(&then).by)),
            unsent,
            low_link: low,
            faces: faces(total),
            face_rows: face_rows(total),
            trend: (total.ratings() > 0).then(|| Trend::of(filter, figures)),
            tables,
            is_empty,
            longer: (filter.preset != Some(Preset::Year))
                .then(|| filter.link(&[("period", Some("year")), ("from", None), ("to", None)])),
        }
    }
}

/// The words of the scores that count as positive.
fn positive_words(positive: &[u8]) -> String {
    let words = positive.iter().filter_map(|score| SCORES.get(usize::from(*score) - 1));
    words.map(|word| word.to_lowercase()).collect::<Vec<_>>().join(" or ")
}

fn csat(figures: &Figures) -> Option<Interval> {
    Interval::wilson(figures.positive, figures.ratings())
}

/// The share of the surveys sent in the period that are rated by now.
fn answered(figures: &Figures) -> Option<Interval> {
    Interval::wilson(figures.answered, figures.asked)
}

/// A change in points of percent, with its sign.
fn points(by: f64) -> String {
    let points = (by * 1000.0).round() / 10.0;
    match points {
        p if p > 0.0 => format!("up {p:.1} points"),
        p if p < 0.0 => format!("down {:.1} points", -p),
        _ => "unchanged".to_owned(),
    }
}

impl Csat {
    fn of(filter: &Filter, total: &Figures, before: &Figures) -> Option<Self> {
        let now = csat(total)?;
        let then = csat(before);
        let change = then.map(|then| now.since(&then));
        let told = then.zip(filter.before()).map(|(then, span)| {
            format!("{} of {} ratings from {}", exact(then.share), count(before.ratings()), days(span))
        });
        Some(Self {
            share: exact(now.share),
            ends: ends(now),
            change: change.map(|change| points(change.by)),
            before: told,
            maybe_chance: change.is_some_and(|change| change.maybe_chance),
        })
    }
}

fn faces(total: &Figures) -> String {
    let all = total.ratings();
    let most = Score::ALL.into_iter().max_by_key(|score| total.scores[score.index()]).filter(|_| all > 0);
    let told = most.map_or_else(
        || "There is no rating yet.".to_owned(),
        |most| format!("{} ratings. The most frequent is {}.", count(all), SCORES[most.index()].to_lowercase()),
    );
    chart::faces(total.scores, Alternative { id: "faces", title: "Ratings by face", description: &told })
}

fn face_rows(total: &Figures) -> Vec<(&'static str, &'static str, String, String)> {
    let row = |score: Score| {
        let at = score.index();
        let share = Interval::wilson(total.scores[at], total.ratings()).map(|share| exact(share.share));
        (score.face(), SCORES[at], count(total.scores[at]), share.unwrap_or_else(|| "–".into()))
    };
    Score::ALL.into_iter().rev().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_in_points() {
        assert_eq!([0.0312, -0.0004, -0.2].map(points), ["up 3.1 points", "unchanged", "down 20.0 points"]);
    }
}
