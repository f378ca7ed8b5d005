//! Why nobody was asked: how many closings failed each rule, what that means, and the story of one conversation.
//!
//! It must not know how decisions are counted, nor how a story is told.

use super::bar::Bar;
use super::filter::Filter;
use super::page::{NO_FIGURE, Place, Shell, count, days, html, moment, share, shell};
use super::session::Viewer;
use crate::gateway::{Error, Found};
use crate::render::conversation::stands;
use crate::survey::decisions::{Decided, DecisionRow, Decisions, DecisionsBy, DecisionsQuery, Meaning};
use crate::survey::story;
use crate::web::App;
use crate::web::api::HandlerResult;
use askama::Template;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use std::sync::Arc;

pub(super) async fn show(State(app): State<Arc<App>>, viewer: Viewer, RawQuery(query): RawQuery) -> HandlerResult {
    let filter = Filter::read(Place::NotAsked, query.as_deref(), app.gateway.today());
    let shell = shell(&app, Some(&viewer), Some(Place::NotAsked)).keeping(&filter);
    let sought = sought(&app, &viewer, &filter).await?;
    if !filter.faults.is_empty() {
        let page = NotAskedPage { shell, bar: Bar::new(&filter), sought, shown: None };
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, html(&page)).into_response());
    }
    let query =
        DecisionsQuery { by: DecisionsBy::Rule, span: filter.span, before: filter.before(), within: filter.within() };
    let counted = app.gateway.decisions(&query, &viewer.access.within).await?;
    let shown = Some(Shown::new(&app, &filter, &counted));
    let name = app.teammate_of(&filter, &viewer.access.within).await?;
    let bar = Bar::new(&filter).named(name.as_deref());
    Ok(html(&NotAskedPage { shell, bar, sought, shown }).into_response())
}

#[derive(Template)]
#[template(path = "admin/not_asked.html")]
struct NotAskedPage<'a> {
    shell: Shell<'a>,
    bar: Bar<'a>,
    sought: Sought,
    shown: Option<Shown>,
}

/// What somebody seeks by the id of a conversation.
struct Sought {
    /// The id that was entered.
    id: String,
    /// The fields of the period, which the form carries along.
    kept: Vec<(&'static str, String)>,
    answer: Option<Answer>,
}

enum Answer {
    Nothing,
    /// The connections to choose from: the name and the link.
    Several(Vec<(String, String)>),
    Story(Story),
}

struct Story {
    connection: String,
    zone: String,
    url: Option<String>,
    /// The moment for programs, that for people, and what happened.
    lines: Vec<(String, String, String)>,
    stands: Vec<String>,
}

async fn sought(app: &App, viewer: &Viewer, filter: &Filter) -> Result<Sought, Error> {
    let kept = ["period", "from", "to", "team", "teammate"];
    let kept = kept.iter().filter_map(|name| filter.value(name).map(|value| (*name, value.to_owned())));
    let id = filter.value("conversation").unwrap_or_default().to_owned();
    let kept = kept.collect();
    if id.is_empty() {
        return Ok(Sought { id, kept, answer: None });
    }
    // The plain API has an empty name, which a query leaves out like a missing one.
    let connection = filter.value("connection").map(|name| if name == PLAIN { "" } else { name });
    let answer = match app.gateway.find(&id, connection, &viewer.access.within).await? {
        Found::Nothing => Answer::Nothing,
        Found::Several(connections) => Answer::Several(connections.iter().map(|name| choice(filter, name)).collect()),
        Found::One(of, known) => {
            let zone = app.gateway.config.report.timezone;
            let line = |line: story::Line| (crate::survey::stamp(line.at), moment(line.at, zone), line.text);
            Answer::Story(Story {
                connection: named(&of.connection).to_owned(),
                zone: zone.to_string(),
                url: known.closings.last().and_then(|closing| closing.url.clone()),
                lines: story::tell_all(&known).into_iter().map(line).collect(),
                stands: stands(&known, zone),
            })
        }
    };
    Ok(Sought { id, kept, answer: Some(answer) })
}

/// What the address of the page calls the plain API. No configured helpdesk has a name with a space.
const PLAIN: &str = "plain API";

/// What people call a connection.
pub(super) fn named(connection: &str) -> &str {
    if connection.is_empty() { PLAIN } else { connection }
}

fn choice(filter: &Filter, connection: &str) -> (String, String) {
    let name = named(connection);
    (name.to_owned(), filter.link(&[("connection", Some(name))]))
}

/// The counts of the period.
struct Shown {
    closings: String,
    asked: String,
    skipped: String,
    skipped_share: String,
    before: Option<String>,
    rules: Vec<Rule>,
    is_empty: bool,
    longer: Option<String>,
    /// How old a decision gets before it is deleted, if it is.
    kept_days: Option<i64>,
}

struct Rule {
    word: String,
    meaning: Meaning,
    skipped: String,
    share: String,
    only: String,
    before: String,
}

impl Shown {
    fn new(app: &App, filter: &Filter, counted: &Decisions) -> Self {
        let Decisions { total, rows, before, .. } = counted;
        let told = before.filter(|(_, then)| then.closings() > 0).map(|(span, then)| {
            let share = share(then.skipped, then.closings());
            format!("{share} of {} closings from {}", count(then.closings()), days(span))
        });
        Self {
            closings: count(total.closings()),
            asked: count(total.asked),
            skipped: count(total.skipped),
            skipped_share: share(total.skipped, total.closings()),
            before: told,
            rules: rows.iter().map(|row| Rule::new(row, total)).collect(),
            is_empty: total.closings() == 0,
            longer: filter.longer(),
            kept_days: app.gateway.config.retention.decisions.map(|age| age.num_days()),
        }
    }
}

impl Rule {
    fn new(row: &DecisionRow, total: &Decided) -> Self {
        let word = row.key.id.clone().unwrap_or_default();
        Self {
            meaning: Meaning::of(&word),
            word,
            skipped: count(row.decided.skipped),
            share: share(row.decided.skipped, total.closings()),
            only: count(row.decided.only_reason),
            before: row.before.map_or_else(|| NO_FIGURE.into(), |before| count(before.skipped)),
        }
    }
}
