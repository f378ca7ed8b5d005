//! Unhappy customers as a list to work through: who has which, what was done, and the forms to do it.
//!
//! A form carries along what its sender saw, so a late one changes nothing and shows what became of it. It must not know
//! which ratings open a follow-up, nor what may be done when.

mod card;

use super::bar::Bar;
use super::filter::{ANY_TIME, Filter};
use super::form::{Form, Posted};
use super::page::{Place, Shell, count, html, shell};
use super::session::Viewer;
use crate::gateway::{Attempted, Error, Wish};
use crate::render::follow_ups::age;
use crate::survey::Time;
use crate::survey::access::{Scope, Within};
use crate::survey::fields::Fault;
use crate::survey::follow_up::list::{FollowUpRow, FollowUpsQuery, MOST_COUNTED, OpenFollowUps};
use crate::survey::follow_up::{LONGEST_NOTE, State as Progress};
use crate::web::App;
use crate::web::api::HandlerResult;
use crate::web::error::Failure;
use crate::web::extract::{Segment, survey_id};
use askama::Template;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use card::Card;
use std::sync::Arc;

pub(super) async fn list(State(app): State<Arc<App>>, viewer: Viewer, RawQuery(query): RawQuery) -> HandlerResult {
    let mut filter = Filter::read(Place::FollowUp, query.as_deref(), app.gateway.today());
    let wanted = wanted(&mut filter);
    let mut page = ListPage {
        shell: shell(&app, Some(&viewer), Some(Place::FollowUp)).keeping(&filter),
        bar: bar(&filter),
        states: states(&filter),
        shown: None,
        longest: LONGEST_NOTE,
    };
    if !filter.faults.is_empty() {
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, html(&page)).into_response());
    }
    let allowed = &viewer.access.within;
    let listed = app.gateway.follow_ups(&wanted, allowed).await?;
    let waiting = app.gateway.open_follow_ups(&filter.within(), allowed).await?;
    let name = app.teammate_of(&filter, allowed).await?;
    page.bar = page.bar.named(name.as_deref());
    let here = filter.here();
    page.shown = Some(Shown {
        waiting: waiting_words(&waiting, app.gateway.clock.now()),
        all: is_dated(&filter).then(|| filter.link(ANY_TIME)),
        is_off: app.gateway.config.follow_up.is_off(),
        is_filtered: filter.value("state").is_some() || filter.within() != Within::default() || is_dated(&filter),
        cards: listed.items.iter().map(|row| Card::new(row, &app, &viewer, &here, Some(&filter))).collect(),
        next: listed.next.as_ref().map(|place| filter.next(place)),
        first: filter.first(),
    });
    Ok(html(&page).into_response())
}

/// One follow-up on a page of its own, which a teammate can be sent to.
pub(super) async fn one(State(app): State<Arc<App>>, viewer: Viewer, Segment(survey): Segment) -> HandlerResult {
    let row = app.gateway.follow_up(survey_id(&survey)?, &viewer.access.within).await?;
    Ok(one_page(&app, &viewer, &row, StatusCode::OK, None, ""))
}

/// Does what a form says.
pub(super) async fn follow(State(app): State<Arc<App>>, Segment(survey): Segment, form: Form) -> HandlerResult {
    let survey = survey_id(&survey)?;
    let posted = form.by(&app, Scope::Read).await?;
    let Posted { viewer, fields } = &posted;
    let deed = fields.get("do").unwrap_or_default().parse();
    let deed = deed.map_err(|detail: String| Failure::invalid(vec![Fault::parameter("do", detail)]))?;
    let (note, seen) = (fields.get("note").map(str::to_owned), fields.get("seen").and_then(|seen| seen.parse().ok()));
    let draft = note.clone().unwrap_or_default();
    let (row, status, notice) = match app.gateway.follow(survey, Wish { deed, note, seen }, &viewer.access).await {
        Ok(Attempted { was_as_seen: true, .. }) => return Ok(posted.back(Place::FollowUp.path())),
        Ok(Attempted { row, .. }) => {
            let notice = format!("Nothing was changed: {}.", card::state_words(&row, app.gateway.clock.now()));
            (row, StatusCode::CONFLICT, notice)
        }
        Err(Error::Invalid(faults)) => {
            let faults: Vec<_> = faults.iter().map(|fault| format!("The note {}.", fault.detail)).collect();
            let row = app.gateway.follow_up(survey, &viewer.access.within).await?;
            (row, StatusCode::UNPROCESSABLE_ENTITY, faults.join(" "))
        }
        Err(error) => return Err(error.into()),
    };
    // What was written is still there to be sent again.
    Ok(one_page(&app, viewer, &row, status, Some(notice), &draft))
}

fn one_page(
    app: &App,
    viewer: &Viewer,
    row: &FollowUpRow,
    status: StatusCode,
    notice: Option<String>,
    draft: &str,
) -> Response {
    let here = format!("{}/{}", Place::FollowUp.path(), row.survey);
    let card = Card { draft: draft.to_owned(), ..Card::new(row, app, viewer, &here, None) };
    let page = OnePage {
        shell: shell(app, Some(viewer), Some(Place::FollowUp)),
        list: Place::FollowUp.path(),
        notice,
        card,
        longest: LONGEST_NOTE,
    };
    (status, html(&page)).into_response()
}

/// What to list. What is wrong with the query is added to its faults.
fn wanted(filter: &mut Filter) -> FollowUpsQuery {
    let state = filter.value("state").map(str::parse::<Progress>);
    if let Some(Err(_)) = &state {
        filter.faults.push(("state", "There is no such state. Pick one of those below.".to_owned()));
    }
    let paging = filter.paging();
    let dated = is_dated(filter);
    let (from, to) = filter.span.ends();
    FollowUpsQuery {
        state: state.and_then(Result::ok),
        from: dated.then_some(from),
        to: dated.then_some(to),
        within: filter.within(),
        paging,
    }
}

/// Whether a period was asked for. Without one the list goes back as far as there are any.
fn is_dated(filter: &Filter) -> bool {
    ["period", "from", "to"].iter().any(|name| filter.value(name).is_some())
}

/// The choice of the period, which may be none.
fn bar(filter: &Filter) -> Bar<'_> {
    let mut bar = Bar::new(filter);
    let dated = is_dated(filter);
    let all = filter.link(ANY_TIME);
    if !dated {
        bar.presets.iter_mut().for_each(|(_, _, holds)| *holds = false);
        (bar.days, bar.earlier, bar.later) = ("Any time".into(), None, None);
    }
    bar.presets.insert(0, ("Any time", all, !dated));
    bar
}

/// A choice among links: its words, its link, and whether it holds.
type Pick = (&'static str, String, bool);

fn states(filter: &Filter) -> Vec<Pick> {
    let pick = |name, word: Option<&str>| (name, filter.link(&[("state", word)]), filter.value("state") == word);
    let named = [("Open", Progress::Open), ("Taken", Progress::Taken), ("Done", Progress::Done)];
    let named = named.map(|(name, state)| pick(name, Some(state.word())));
    [pick("To do", None)].into_iter().chain(named).collect()
}

/// How many wait, in words.
pub(super) fn waiting_words(waiting: &OpenFollowUps, now: Time) -> String {
    let number = |number: u32| match number {
        MOST_COUNTED.. => format!("{} or more", count(MOST_COUNTED.into())),
        number => count(number.into()),
    };
    let oldest = waiting.oldest.map(|since| format!(", the oldest for {}", age(since, now))).unwrap_or_default();
    let taken = if waiting.taken > 0 { format!("; {} taken", number(waiting.taken)) } else { String::new() };
    match waiting.open {
        0 => format!("Nobody waits{taken}"),
        open => format!("{} open{oldest}{taken}", number(open)),
    }
}

#[derive(Template)]
#[template(path = "admin/follow_ups.html")]
struct ListPage<'a> {
    shell: Shell<'a>,
    bar: Bar<'a>,
    states: Vec<Pick>,
    shown: Option<Shown>,
    longest: usize,
}

struct Shown {
    waiting: String,
    /// The page without a period, where there is one: nobody is forgotten because of it.
    all: Option<String>,
    /// No rating opens a follow-up.
    is_off: bool,
    is_filtered: bool,
    cards: Vec<Card>,
    next: Option<String>,
    first: Option<String>,
}

#[derive(Template)]
#[template(path = "admin/follow_up.html")]
struct OnePage<'a> {
    shell: Shell<'a>,
    list: &'static str,
    notice: Option<String>,
    card: Card,
    longest: usize,
}
