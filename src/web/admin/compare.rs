//! The same ratings, counted as other products do: for those who come from one and find another figure here.
//!
//! It owns what is said about each way. The scores that a way counts are in [`ways`](crate::survey::ways).

use super::bar::Bar;
use super::filter::Filter;
use super::overview::positive_words;
use super::page::{NO_FIGURE, Place, Shell, ends, exact, html, plural, shell};
use super::session::Viewer;
use crate::survey::interval::Interval;
use crate::survey::report::{By, Cut, Figures, ReportQuery};
use crate::survey::ways::{Outcome, Way};
use crate::web::App;
use crate::web::api::HandlerResult;
use askama::Template;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use std::sync::Arc;

pub(super) async fn show(State(app): State<Arc<App>>, viewer: Viewer, RawQuery(query): RawQuery) -> HandlerResult {
    let filter = Filter::read(Place::Compare, query.as_deref(), app.gateway.today());
    let shell = shell(&app, Some(&viewer), Some(Place::Compare)).keeping(&filter);
    if !filter.faults.is_empty() {
        let page = ComparePage { shell, bar: Bar::new(&filter), shown: None };
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, html(&page)).into_response());
    }
    let (from, to) = filter.span.ends();
    // Only the total is shown. A cut by team is a quick one, whatever the filters are.
    let cut = Cut::from(By::Team);
    let wanted =
        ReportQuery { cut, from: Some(from), to: Some(to), filters: filter.report(), ..ReportQuery::default() };
    let total = app.gateway.report(&wanted, &viewer.access.within).await?.total;
    let name = app.teammate_of(&filter, &viewer.access.within).await?;
    let positive = positive_words(&app.gateway.config.report.positive_scores());
    let ways = Way::ALL.into_iter().filter(|_| total.ratings() > 0);
    let ways = ways.map(|way| Told::new(way, &total, &positive)).collect();
    let shown = Some(Shown { ratings: plural(total.ratings(), "rating"), ways });
    Ok(html(&ComparePage { shell, bar: Bar::new(&filter).named(name.as_deref()), shown }).into_response())
}

#[derive(Template)]
#[template(path = "admin/compare.html")]
struct ComparePage<'a> {
    shell: Shell<'a>,
    bar: Bar<'a>,
    shown: Option<Shown>,
}

struct Shown {
    ratings: String,
    /// None if nobody has rated.
    ways: Vec<Told>,
}

/// A way to count, and what it makes of the ratings.
struct Told {
    title: &'static str,
    figure: String,
    from: String,
    how: String,
    why: &'static str,
}

impl Told {
    fn new(way: Way, total: &Figures, positive: &str) -> Self {
        let (title, why) = told(way);
        let (figure, from) = match way.count(total) {
            Outcome::Share(part, of) => match Interval::wilson(part, of) {
                Some(share) => {
                    let from = format!("{part} of {}, interval {}", plural(of, "rating"), ends(share));
                    (exact(share.share), from)
                }
                None => (NO_FIGURE.to_owned(), String::new()),
            },
            Outcome::Mean(mean) => {
                let figure = mean.map_or_else(|| NO_FIGURE.to_owned(), |mean| format!("{mean:.2}"));
                (figure, format!("the mean of {}", plural(total.ratings(), "rating")))
            }
        };
        Self { title, figure, from, how: how(way, positive), why }
    }
}

/// Which ratings a way counts.
fn how(way: Way, positive: &str) -> String {
    match way {
        Way::Here => format!("Those rated {positive}, among all ratings."),
        Way::Intercom => "Those rated great or amazing, among all ratings.".to_owned(),
        Way::ZendeskFive => {
            "Great and amazing are good; terrible, bad and okay are bad. Good ones among all.".to_owned()
        }
        Way::ZendeskTwo => "Great and amazing are good, terrible and bad are bad. Okay is left out.".to_owned(),
        Way::Nicereply => {
            "Great and amazing are good on its scale of five, unless set otherwise. Good ones among all.".to_owned()
        }
        Way::NicereplyNotUnhappy => "100\u{a0}% less the share of terrible and bad, so okay counts as good.".to_owned(),
        Way::NicereplyAverage => "The mean of the scores, where terrible is 1 and amazing is 5.".to_owned(),
    }
}

/// The name of a way, and why its figure differs from the one here.
const fn told(way: Way) -> (&'static str, &'static str) {
    match way {
        Way::Here => (
            "Afterword, as configured",
            "The figure of all other pages. Ratings that are held or voided are not counted, here or below.",
        ),
        Way::Intercom => {
            ("Intercom", "The same as here, unless report.positive was changed. An okay lowers it as a terrible does.")
        }
        Way::ZendeskFive => (
            "Zendesk, five answers",
            "The same ratings as Intercom’s. The borders between good and bad are told by others who describe Zendesk; we found no page of its own.",
        ),
        Way::ZendeskTwo => (
            "Zendesk, good or bad",
            "Its older survey has no middle. Customers who rate okay here would have to choose a side there, so nobody knows their answer: take this figure as a hint.",
        ),
        Way::Nicereply => (
            "Nicereply, satisfaction score",
            "The same ratings as Intercom’s, if its rating values are the usual ones.",
        ),
        Way::NicereplyNotUnhappy => (
            "Nicereply, less the unhappy",
            "Nicereply’s help words the satisfaction score this way too. With an okay in the middle, the two give different figures.",
        ),
        Way::NicereplyAverage => (
            "Nicereply, average",
            "A mean, not a share: many greats and many amazings give the same CSAT, but not the same mean.",
        ),
    }
}
