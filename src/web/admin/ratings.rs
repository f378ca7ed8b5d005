//! The list of ratings, newest first: what customers said, of whom, and where the conversation is.
//!
//! It must not know which ratings count.

use super::bar::Bar;
use super::filter::Filter;
use super::page::{Place, Shell, html, moment, shell};
use super::session::Viewer;
use crate::render::chart::SCORES;
use crate::survey::page::Evidence;
use crate::survey::rating::Score;
use crate::survey::report::{Bound, RatingRow, RatingsQuery};
use crate::web::App;
use crate::web::api::HandlerResult;
use crate::web::query::{rating_cursor, rating_paging};
use askama::Template;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use std::sync::Arc;

/// What the filter by score calls the two faces that a lead calls back about.
const LOW: &str = "low";

pub(super) async fn show(State(app): State<Arc<App>>, viewer: Viewer, RawQuery(query): RawQuery) -> HandlerResult {
    let mut filter = Filter::read(Place::Ratings, query.as_deref(), app.gateway.today());
    let wanted = wanted(&mut filter);
    let shell = shell(&app, Some(&viewer), Some(Place::Ratings)).keeping(&filter);
    if !filter.faults.is_empty() {
        let page = RatingsPage { shell, picks: Picks::new(&filter), bar: Bar::new(&filter), shown: None };
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, html(&page)).into_response());
    }
    let listed = app.gateway.ratings(&wanted, &viewer.access.within).await?;
    let next = listed.next.as_ref().map(rating_cursor);
    let shown = Shown {
        items: listed.items.iter().map(|rating| Item::new(rating, &app, &filter)).collect(),
        next: next.map(|cursor| filter.link(&[("cursor", Some(&cursor))])),
        first: filter.value("cursor").is_some().then(|| filter.link(&[])),
        all: filter.link(&[("score", None), ("commented", None), ("team", None), ("teammate", None)]),
    };
    let page = RatingsPage { shell, picks: Picks::new(&filter), bar: Bar::new(&filter), shown: Some(shown) };
    Ok(html(&page).into_response())
}

/// What to list. What is wrong with the query is added to its faults.
fn wanted(filter: &mut Filter) -> RatingsQuery {
    let mut scores = Vec::new();
    let mut wrong = None;
    for text in filter.values("score") {
        match text.parse().ok().and_then(|score: i64| Score::try_from(score).ok()) {
            Some(score) => scores.push(score),
            None if text == LOW => scores.extend(Score::ALL.into_iter().take(2)),
            None => wrong = Some(("score", format!("There is no score “{text}”. Pick one of those above."))),
        }
    }
    let commented = match filter.value("commented") {
        Some("yes") => Some(true),
        Some("no") => Some(false),
        _ => None,
    };
    let paging = rating_paging(filter.value("cursor"));
    if paging.is_none() {
        wrong = Some(("cursor", "This is no place in the list. Begin with its first page.".to_owned()));
    }
    filter.faults.extend(wrong);
    RatingsQuery {
        from: Some(Bound::Day(filter.span.first)),
        to: Some(Bound::Day(filter.span.last)),
        scores,
        commented,
        within: filter.within.clone(),
        paging: paging.unwrap_or_default(),
    }
}

#[derive(Template)]
#[template(path = "admin/ratings.html")]
struct RatingsPage<'a> {
    shell: Shell<'a>,
    bar: Bar<'a>,
    picks: Picks,
    shown: Option<Shown>,
}

/// A choice among links: its words, its link, and whether it holds.
type Pick = (String, String, bool);

/// The filters of this page alone.
struct Picks {
    scores: Vec<Pick>,
    comments: Vec<Pick>,
}

impl Picks {
    fn new(filter: &Filter) -> Self {
        let given: Vec<_> = filter.values("score").collect();
        let score = |name: String, word: Option<&str>| {
            let holds = word.map_or(given.is_empty(), |word| given == [word]);
            (name, filter.link(&[("score", word)]), holds)
        };
        let each =
            Score::ALL.map(|score| (format!("{} {}", score.face(), SCORES[score.index()]), score.number().to_string()));
        let all = [score("All".into(), None), score("Terrible or bad".into(), Some(LOW))];
        let each = each.into_iter().map(|(name, word)| score(name, Some(&word)));
        let comment = |name: &str, word: Option<&str>| {
            (name.to_owned(), filter.link(&[("commented", word)]), filter.value("commented") == word)
        };
        let comments =
            vec![comment("All", None), comment("With a comment", Some("yes")), comment("Without", Some("no"))];
        Self { scores: all.into_iter().chain(each).collect(), comments }
    }
}

struct Shown {
    items: Vec<Item>,
    next: Option<String>,
    first: Option<String>,
    /// The page without any filter but the period.
    all: String,
}

/// One rating.
struct Item {
    number: u8,
    face: &'static str,
    word: &'static str,
    at: String,
    stamp: String,
    comment: Option<String>,
    reasons: String,
    answer: Option<String>,
    teammate: Option<(String, String)>,
    team: Option<(String, String)>,
    conversation: String,
    url: Option<String>,
    evidence: &'static str,
}

impl Item {
    fn new(rating: &RatingRow, app: &App, filter: &Filter) -> Self {
        let link = |name: &str, value: &str| filter.link(&[(name, Some(value))]);
        let connection =
            if rating.connection.is_empty() { String::new() } else { format!(" in {}", rating.connection) };
        let name = rating.teammate_name.as_ref().or(rating.teammate.as_ref());
        Self {
            number: rating.score.number(),
            face: rating.score.face(),
            word: SCORES[rating.score.index()],
            at: moment(rating.rated_at, app.gateway.config.report.timezone),
            stamp: crate::survey::stamp(rating.rated_at),
            comment: rating.comment.clone(),
            reasons: rating.answers.reasons().collect::<Vec<_>>().join(", "),
            answer: rating.answers.own().map(|(question, choice)| format!("{question}: {choice}")),
            teammate: rating.teammate.as_ref().zip(name).map(|(id, name)| (name.clone(), link("teammate", id))),
            team: rating.team.as_ref().map(|team| (team.clone(), link("team", team))),
            conversation: format!("{}{connection}", rating.conversation),
            url: rating.url.clone(),
            evidence: evidence(rating.evidence),
        }
    }
}

/// What speaks for a person, in words.
fn evidence(evidence: Evidence) -> &'static str {
    match evidence {
        Evidence::Seen => "looked at the page",
        Evidence::Touched => "touched the page",
        Evidence::Pressed => "pressed the button",
        Evidence::Commented => "wrote a comment",
    }
}
