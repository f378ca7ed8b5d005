//! The list of ratings, newest first: what customers said, of whom, and where the conversation is.
//!
//! It must not know which ratings count. The page of one rating is in `survey`.

use super::bar::Bar;
use super::filter::Filter;
use super::page::{Place, Shell, conversation, csv_file, csv_stream, html, moment, shell, ticked};
use super::session::Viewer;
use super::survey;
use crate::render;
use crate::survey::page::Evidence;
use crate::survey::paging::{LARGEST_PAGE, Paging};
use crate::survey::rating::{Score, StandingWord};
use crate::survey::report::{LONGEST_SOUGHT, Listing, RatingRow, Ratings, RatingsQuery};
use crate::survey::stamp;
use crate::web::App;
use crate::web::api::HandlerResult;
use crate::web::error::Failure;
use askama::Template;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use std::sync::Arc;

/// What the filter by score calls [`Score::LOW`].
const LOW: &str = "low";

pub(super) async fn show(State(app): State<Arc<App>>, viewer: Viewer, RawQuery(query): RawQuery) -> HandlerResult {
    let mut filter = Filter::read(Place::Ratings, query.as_deref(), app.gateway.today());
    let wanted = wanted(&mut filter);
    if !filter.faults.is_empty() {
        return Ok(wrong(&app, &viewer, &filter));
    }
    let listed = app.gateway.ratings(&wanted, &viewer.access.within).await?;
    let name = app.teammate_of(&filter, &viewer.access.within).await?;
    let mut page = RatingsPage::new(&app, &viewer, &filter, Some(Shown::new(&listed, &app, &filter)));
    page.bar = page.bar.named(name.as_deref());
    Ok(html(&page).into_response())
}

/// All ratings that the list has on its pages, as a file. It is made while it is sent, because it may be long.
pub(super) async fn csv(State(app): State<Arc<App>>, viewer: Viewer, RawQuery(query): RawQuery) -> HandlerResult {
    let mut filter = Filter::read(Place::Ratings, query.as_deref(), app.gateway.today());
    let paging = Paging { limit: LARGEST_PAGE, after: None };
    let wanted = RatingsQuery { paging, ..wanted(&mut filter) };
    if !filter.faults.is_empty() {
        return Ok(wrong(&app, &viewer, &filter));
    }
    let within = viewer.access.within;
    // What fails at once is told; what fails later breaks the transfer off, so that nobody takes a part for the whole.
    let first = app.gateway.ratings(&wanted, &within).await?;
    let name = format!("ratings-{}-to-{}", filter.span.first, filter.span.last);
    if first.next.is_none() {
        let whole = render::ratings::csv(&first.items, true);
        return Ok(csv_file(&name, &whole.map_err(|error| Failure::internal(Some(error.to_string())))?));
    }
    let parts = stream::try_unfold((Some(first), true), move |(page, names)| {
        let (app, within, mut wanted) = (Arc::clone(&app), within.clone(), wanted.clone());
        async move {
            let Some(page) = page else { return Ok(None) };
            let part = render::ratings::csv(&page.items, names)?;
            wanted.paging.after = page.next;
            let next = match page.next {
                Some(_) => Some(app.gateway.ratings(&wanted, &within).await?),
                None => None,
            };
            Ok(Some((part, (next, false))))
        }
    });
    Ok(csv_stream(&name, parts))
}

fn wrong(app: &App, viewer: &Viewer, filter: &Filter) -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, html(&RatingsPage::new(app, viewer, filter, None))).into_response()
}

/// What to list. What is wrong with the query is added to its faults.
fn wanted(filter: &mut Filter) -> RatingsQuery {
    let mut scores = Vec::new();
    let mut wrong = None;
    for text in filter.values("score") {
        match text.parse().ok().and_then(|score: i64| Score::try_from(score).ok()) {
            Some(score) => scores.push(score),
            None if text == LOW => scores.extend(Score::LOW),
            None => wrong = Some(("score", format!("There is no score “{text}”. Pick one of those below."))),
        }
    }
    let listing = filter.value("standing").map_or(Ok(Listing::default()), str::parse);
    if listing.is_err() {
        wrong = Some(("standing", "There is no such list. Pick one of those below.".to_owned()));
    }
    let sought = filter.value("text").map(str::parse).transpose();
    if let Err(expected) = &sought {
        wrong = Some(("text", format!("The text to look for is too long: {expected}.")));
    }
    let commented = match filter.value("commented") {
        Some("yes") => Some(true),
        Some("no") => Some(false),
        Some(_) => {
            wrong = Some(("commented", "With a comment or without: pick one of those above.".to_owned()));
            None
        }
        None => None,
    };
    let sought = sought.unwrap_or_default();
    filter.faults.extend(wrong);
    let paging = filter.paging();
    let (from, to) = filter.span.ends();
    RatingsQuery {
        from: Some(from),
        to: Some(to),
        listing: listing.unwrap_or_default(),
        scores,
        commented,
        sought,
        filters: filter.report(),
        paging,
    }
}

#[derive(Template)]
#[template(path = "admin/ratings.html")]
struct RatingsPage<'a> {
    shell: Shell<'a>,
    bar: Bar<'a>,
    picks: Picks,
    /// The text that is looked for.
    sought: &'a str,
    shown: Option<Shown>,
}

impl<'a> RatingsPage<'a> {
    fn new(app: &'a App, viewer: &'a Viewer, filter: &'a Filter, shown: Option<Shown>) -> Self {
        let shell = shell(app, Some(viewer), Some(Place::Ratings)).keeping(filter);
        let sought = filter.value("text").unwrap_or_default();
        Self { shell, bar: Bar::new(filter), picks: Picks::new(filter), sought, shown }
    }

    /// What a search must carry along.
    fn kept(&self) -> Vec<(&str, &str)> {
        self.bar.filter.kept_but(|name| name == "text")
    }
}

/// A choice among links: its words, its link, and whether it holds.
type Pick = (String, String, bool);

/// The filters of this page alone.
struct Picks {
    listings: Vec<Pick>,
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
        let each = Score::ALL.map(|score| (format!("{} {}", score.face(), score.title()), score.number().to_string()));
        let all = [score("All".into(), None), score("Terrible or bad".into(), Some(LOW))];
        let each = each.into_iter().map(|(name, word)| score(name, Some(&word)));
        let comment = |name: &str, word: Option<&str>| {
            (name.to_owned(), filter.link(&[("commented", word)]), filter.value("commented") == word)
        };
        let comments =
            vec![comment("All", None), comment("With a comment", Some("yes")), comment("Without", Some("no"))];
        let listing = |name: &str, listing: Listing| {
            let word = Some(listing.word()).filter(|_| listing != Listing::default());
            (name.to_owned(), filter.link(&[("standing", word)]), filter.value("standing") == word)
        };
        let listings = vec![
            listing("Counted", Listing::Counted),
            listing("Held", Listing::Held),
            listing("Voided", Listing::Voided),
        ];
        Self { listings, scores: all.into_iter().chain(each).collect(), comments }
    }
}

struct Shown {
    items: Vec<Item>,
    next: Option<String>,
    first: Option<String>,
    /// The page looked back to here, and could look further.
    looked_to: Option<String>,
    /// The page without any filter but the period.
    all: String,
    csv: String,
}

impl Shown {
    fn new(listed: &Ratings, app: &App, filter: &Filter) -> Self {
        let last = listed.next.filter(|_| listed.is_cut_short).map(|place| place.at);
        let zone = app.gateway.config.report.timezone;
        let others: Vec<_> = filter.beside_days().into_iter().map(|(name, _)| (name, None)).collect();
        let here = filter.link(&[]);
        let query = here.split_once('?').map_or(String::new(), |(_, query)| format!("?{query}"));
        Self {
            items: listed.items.iter().map(|rating| Item::new(rating, app, filter)).collect(),
            next: listed.next.as_ref().map(|place| filter.next(place)),
            first: filter.first(),
            looked_to: last.map(|at| at.with_timezone(&zone).format("%-d %b %Y").to_string()),
            all: filter.link(&others),
            csv: format!("{}.csv{query}", Place::Ratings.path()),
        }
    }
}

/// One rating.
struct Item {
    number: u8,
    face: &'static str,
    word: &'static str,
    at: String,
    stamp: String,
    /// Why it does not count.
    aside: Option<String>,
    comment: Option<String>,
    reasons: String,
    answer: Option<(String, String)>,
    teammate: Option<(String, String)>,
    team: Option<(String, String)>,
    conversation: String,
    url: Option<String>,
    evidence: &'static str,
    /// The scores before it.
    before: Option<String>,
    /// The page of this rating.
    link: String,
}

impl Item {
    fn new(rating: &RatingRow, app: &App, filter: &Filter) -> Self {
        let link = |name: &str, value: &str| filter.link(&[(name, Some(value))]);
        let name = rating.teammate_name.as_ref().or(rating.teammate.as_ref());
        let before = rating.scores_before();
        let before = before.iter().map(|score| format!("{} {}", score.face(), score.title()));
        let before: Vec<_> = before.collect();
        let (reasons, answer) = ticked(app, &rating.answers);
        Self {
            number: rating.score.number(),
            face: rating.score.face(),
            word: rating.score.title(),
            at: moment(rating.rated_at, app.gateway.config.report.timezone),
            stamp: stamp(rating.rated_at),
            aside: aside(rating),
            comment: rating.comment.clone(),
            reasons,
            answer,
            teammate: rating.teammate.as_ref().zip(name).map(|(id, name)| (name.clone(), link("teammate", id))),
            team: rating.team.as_ref().map(|team| (team.clone(), link("team", team))),
            conversation: conversation(&rating.conversation, &rating.connection),
            url: rating.url.clone(),
            evidence: evidence(rating.evidence),
            before: (!before.is_empty()).then(|| before.join(", then ")),
            link: survey::link(rating.survey, &filter.here()),
        }
    }
}

/// Why a rating does not count, in a sentence.
fn aside(rating: &RatingRow) -> Option<String> {
    match rating.standing {
        StandingWord::Held => Some(match &rating.doubt {
            Some(why) => format!("Held, because {why}."),
            None => "Held, because the clicks look like a machine’s.".to_owned(),
        }),
        StandingWord::Voided => {
            let last = rating.history.iter().rev().find_map(|change| change.by.as_ref());
            let by = last.map(|by| match &by.reason {
                Some(reason) => format!(" by {}: {reason}", by.who),
                None => format!(" by {}", by.who),
            });
            Some(format!("Voided{}", by.unwrap_or_default()))
        }
        _ => None,
    }
}

/// What speaks for a person, in words.
pub(super) fn evidence(evidence: Evidence) -> &'static str {
    match evidence {
        Evidence::Seen => "looked at the page",
        Evidence::Touched => "touched the page",
        Evidence::Pressed => "pressed the button",
        Evidence::Commented => "wrote a comment",
    }
}
