//! The overview: how customers rated in a period, against the one before, over time, and by one cut.
//!
//! It must not know how figures are counted: it words and orders them. Only the cut that is shown is asked for.

mod goal;
mod reasons;
mod table;
mod trend;

use super::bar::{self, Bar};
use super::filter::{ANY_TIME, Filter};
use super::follow_up::waiting_words;
use super::page::{ENGLISH, Place, Shell, count, days, ends, exact, html, plural, share, shell};
use super::session::Viewer;
use crate::gateway::{Error, Overview, OverviewQuery};
use crate::render::chart::{self, Alternative};
use crate::survey::access::Within;
use crate::survey::interval::FEWEST_TO_RANK;
use crate::survey::rating::Score;
use crate::survey::report::{By, Figures};
use crate::survey::wording::points;
use crate::web::App;
use crate::web::api::HandlerResult;
use askama::Template;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use goal::Goals;
use reasons::Reasons;
use std::sync::Arc;
use table::Table;
use trend::Trend;

pub(super) async fn show(State(app): State<Arc<App>>, viewer: Viewer, RawQuery(query): RawQuery) -> HandlerResult {
    let filter = Filter::read(Place::Overview, query.as_deref(), app.gateway.today());
    let shell = shell(&app, Some(&viewer), Some(Place::Overview)).keeping(&filter);
    if !filter.faults.is_empty() {
        let page = OverviewPage { shell, bar: Bar::new(&filter), shown: None, waiting: None };
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, html(&page)).into_response());
    }
    let (by, allowed) = (cut(&filter), &viewer.access.within);
    let wanted =
        OverviewQuery { span: filter.span, before: filter.before(), by, step: filter.step(), filters: filter.report() };
    let figures = app.gateway.overview(&wanted, allowed).await?;
    let name = app.teammate_of(&filter, allowed).await?;
    let goals = Goals::new(app.gateway.config.report.targets(), &filter, allowed);
    let waiting = waiting(&app, &filter, allowed).await?;
    let shown = Some(Shown::new(&app, &filter, by, &goals, &figures));
    Ok(html(&OverviewPage { shell, bar: Bar::new(&filter).named(name.as_deref()), shown, waiting }).into_response())
}

/// How many customers wait to be called back, in words, and the list of them; `None` if nobody does, or the list has no
/// such filter.
async fn waiting(app: &App, filter: &Filter, allowed: &Within) -> Result<Option<(String, String)>, Error> {
    if filter.narrow(Place::FollowUp, None).is_none() {
        return Ok(None);
    }
    let waiting = app.gateway.open_follow_ups(&filter.within(), allowed).await?;
    let link = filter.link_to(Place::FollowUp, ANY_TIME);
    let words = || waiting_words(&waiting, app.gateway.clock.now());
    Ok((waiting.open + waiting.taken > 0).then(|| (words(), link)))
}

/// What the rows of the table stand for: as asked for, else the first cut that no filter has settled and that is quick.
fn cut(filter: &Filter) -> By {
    let asked = filter.value("by").and_then(|by| by.parse().ok()).filter(|by| By::FILTERS.contains(by));
    let settled = |by: By| filter.filters.iter().any(|(held, _)| *held == by);
    // The teams of one teammate say little.
    let says_little = |by: &By| settled(*by) || (*by == By::Team && settled(By::Teammate));
    // For two of these at once there are no sums by day, nor for one of them by teammate.
    let rare = |by: &By| !matches!(by, By::Teammate | By::Team);
    let is_slow = |by: &By| *by != By::Team && By::FILTERS.iter().any(|held| rare(held) && settled(*held));
    let open = By::FILTERS.into_iter().find(|by| !says_little(by) && !is_slow(by));
    asked.or(open).unwrap_or(By::Team)
}

#[derive(Template)]
#[template(path = "admin/overview.html")]
struct OverviewPage<'a> {
    shell: Shell<'a>,
    bar: Bar<'a>,
    shown: Option<Shown>,
    /// How many unhappy customers wait, of any time.
    waiting: Option<(String, String)>,
}

/// All that the page shows of the figures.
struct Shown {
    csat: Option<Csat>,
    /// Which faces count as positive.
    positive: String,
    /// The target, the verdict, and what else is to be said of it.
    goal: Option<(String, String)>,
    ratings: String,
    ratings_before: Option<String>,
    asked: String,
    answered: String,
    answered_share: String,
    answered_change: Option<String>,
    unsent: Option<String>,
    low_link: Option<String>,
    faces: String,
    /// Each face: its word, its count and its share.
    face_rows: Vec<(&'static str, String, String)>,
    trend: Option<Trend>,
    /// Each cut: its name, its link, and whether it is shown.
    cuts: Vec<(&'static str, String, bool)>,
    table: Table,
    reasons: Option<Reasons>,
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
    fn new(app: &App, filter: &Filter, by: By, goals: &Goals, figures: &Overview) -> Self {
        let config = &app.gateway.config;
        let report = &figures.report;
        let (total, before) = (&report.total, report.before.as_ref().map(|before| &before.total));
        let is_empty = total.asked + total.ratings() + total.waiting + total.failed == 0;
        let unsent = (total.waiting + total.failed > 0)
            .then(|| format!("{} waiting, {} failed", count(total.waiting), count(total.failed)));
        let pick = |other: &By| {
            let link = filter.link(&[("by", Some(other.word())), ("sort", None), ("all", None)]);
            (bar::title(*other), link, *other == by)
        };
        let low = filter.narrow(Place::Ratings, None);
        Self {
            csat: Csat::of(filter, total, before),
            positive: positive_words(&config.report.positive_scores()),
            goal: goals.of_all(total),
            ratings: plural(total.ratings(), "rating"),
            ratings_before: before.map(|before| count(before.ratings())),
            asked: plural(total.asked, "survey"),
            answered: count(total.answered),
            answered_share: share(total.answered, total.asked),
            answered_change: (total.response_rate())
                .zip(before.and_then(Figures::response_rate))
                .map(|(now, then)| points(now - then)),
            unsent,
            low_link: low.map(|_| filter.link_to(Place::Ratings, &[("score", Some("low"))])),
            faces: faces(total),
            face_rows: face_rows(total),
            trend: (total.ratings() > 0).then(|| Trend::of(filter, figures)),
            cuts: By::FILTERS.iter().map(pick).collect(),
            table: Table::new(by, &report.rows, goals, filter),
            reasons: Reasons::of(&config.offered(ENGLISH), report, by),
            is_empty,
            longer: filter.longer(),
        }
    }
}

/// The words of the scores that count as positive.
pub(super) fn positive_words(positive: &[Score]) -> String {
    positive.iter().map(|score| score.word()).collect::<Vec<_>>().join(" or ")
}

impl Csat {
    fn of(filter: &Filter, total: &Figures, before: Option<&Figures>) -> Option<Self> {
        let now = total.csat_interval()?;
        let then = before.and_then(Figures::csat_interval);
        let change = then.map(|then| now.since(&then));
        let told = then.zip(before).zip(filter.before()).map(|((then, before), span)| {
            format!("{} of {} from {}", exact(then.share), plural(before.ratings(), "rating"), days(span))
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
        |most| format!("{}. The most frequent is {}.", plural(all, "rating"), most.word()),
    );
    chart::faces(total.scores, Alternative { id: "faces", title: "Ratings by face", description: &told })
}

fn face_rows(total: &Figures) -> Vec<(&'static str, String, String)> {
    let row = |score: Score| {
        let ratings = total.scores[score.index()];
        (score.title(), count(ratings), share(ratings, total.ratings()))
    };
    Score::ALL.into_iter().rev().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_the_first_cut_that_is_open() {
        let shown = |query| cut(&Filter::read(Place::Overview, Some(query), "2026-11-26".parse().expect("a day")));
        assert_eq!(shown(""), By::Teammate);
        assert_eq!(shown("teammate=t7"), By::Channel);
        assert_eq!(shown("none=teammate"), By::Channel);
        assert_eq!(shown("team=Billing"), By::Teammate);
        assert_eq!((shown("channel=chat"), shown("channel=chat&team=Billing")), (By::Team, By::Team), "quick ones");
        assert_eq!(shown("by=tag&tag=vip"), By::Tag, "tags that go with it");
        assert_eq!(shown("by=day"), By::Teammate);
    }
}
