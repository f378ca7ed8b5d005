//! What went well, fit to be shown to the team: happy comments, totals and streaks, of one teammate or of all.
//!
//! It must not know how figures are counted. It shows nothing that blames anybody.

use super::bar::Bar;
use super::filter::Filter;
use super::page::{NO_FIGURE, Place, Shell, count, ends, exact, html, moment, shell};
use super::session::Viewer;
use crate::gateway::{Achievements, LONGEST_LISTED};
use crate::survey::report::RatingRow;
use crate::survey::stamp;
use crate::web::App;
use crate::web::api::HandlerResult;
use askama::Template;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use std::sync::Arc;

pub(super) async fn show(State(app): State<Arc<App>>, viewer: Viewer, RawQuery(query): RawQuery) -> HandlerResult {
    let mut filter = Filter::read(Place::Achievements, query.as_deref(), app.gateway.today());
    let after = filter.paging().after;
    let shell = shell(&app, Some(&viewer), Some(Place::Achievements)).keeping(&filter);
    let mut page = AchievementsPage { shell, bar: Bar::new(&filter), shown: None };
    if !filter.faults.is_empty() {
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, html(&page)).into_response());
    }
    let found = app.gateway.achievements(filter.span, &filter.within(), after, &viewer.access.within).await?;
    let is_one = found.streak.is_some();
    page.bar = page.bar.named(found.name.as_deref());
    page.shown = Some(Shown::new(found, &filter, &app, is_one));
    Ok(html(&page).into_response())
}

#[derive(Template)]
#[template(path = "admin/achievements.html")]
struct AchievementsPage<'a> {
    shell: Shell<'a>,
    bar: Bar<'a>,
    shown: Option<Shown>,
}

struct Shown {
    /// The teammate that the page is about.
    name: Option<String>,
    positive: String,
    ratings: String,
    amazing: String,
    csat: Option<(String, String)>,
    streak: Option<Streaks>,
    rows: Vec<Row>,
    comments: Vec<Comment>,
    next: Option<String>,
    first: Option<String>,
    /// The page for a longer period, where this one has nobody happy.
    longer: Option<String>,
    is_empty: bool,
}

/// Positive ratings in a row. One that is over is not told: the page blames nobody.
struct Streaks {
    now: Option<String>,
    best: String,
}

struct Row {
    name: String,
    link: String,
    positive: String,
    amazing: String,
    streak: String,
}

struct Comment {
    number: u8,
    face: &'static str,
    word: &'static str,
    text: String,
    teammate: Option<String>,
    at: String,
    stamp: String,
}

impl Shown {
    fn new(found: Achievements, filter: &Filter, app: &App, is_one: bool) -> Self {
        let total = &found.total;
        let streak = found.streak.filter(|streak| streak.best > 0).map(|streak| Streaks {
            now: (streak.now > 0).then(|| count(streak.now as u64)),
            best: count(streak.best as u64),
        });
        let most = LONGEST_LISTED as usize;
        let in_a_row = |streak: usize| match streak {
            0 => NO_FIGURE.to_owned(),
            streak if streak >= most => format!("{most} or more"),
            streak => streak.to_string(),
        };
        let rows = found.teammates.iter().map(|row| Row {
            name: row.name.clone().unwrap_or_else(|| row.id.clone()),
            link: filter.link(&[("teammate", Some(&row.id))]),
            positive: count(row.figures.positive),
            amazing: count(row.figures.scores[4]),
            streak: in_a_row(row.streak),
        });
        Self {
            name: found.name.filter(|_| is_one),
            positive: count(total.positive),
            ratings: count(total.ratings()),
            amazing: count(total.scores[4]),
            csat: total.csat_interval().map(|interval| (exact(interval.share), ends(interval))),
            streak,
            rows: rows.collect(),
            comments: found.comments.items.iter().filter_map(|rating| Comment::of(rating, app)).collect(),
            next: found.comments.next.as_ref().map(|place| filter.next(place)),
            first: filter.first(),
            longer: filter.longer(),
            is_empty: total.positive == 0,
        }
    }
}

impl Comment {
    fn of(rating: &RatingRow, app: &App) -> Option<Self> {
        Some(Self {
            number: rating.score.number(),
            face: rating.score.face(),
            word: rating.score.title(),
            text: rating.comment.clone()?,
            teammate: rating.teammate_name.clone().or_else(|| rating.teammate.clone()),
            at: moment(rating.rated_at, app.gateway.config.report.timezone),
            stamp: stamp(rating.rated_at),
        })
    }
}
