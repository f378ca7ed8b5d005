//! What became of mails: how many were sent, wait, failed, came back or were stopped, and which they are.
//!
//! It must not know what a state means, nor whose mail is listed.

use super::bar::Bar;
use super::filter::Filter;
use super::page::{Place, Shell, count, html, moment, shell};
use super::session::Viewer;
use crate::survey::mails::{self, MailRow, Trouble, Troubles};
use crate::survey::outbound::Stop;
use crate::survey::paging::{Paging, RowPlace};
use crate::survey::report::{By, Cut, Figures, ReportQuery};
use crate::survey::stamp;
use crate::survey::suppression::Bounce;
use crate::web::App;
use crate::web::api::HandlerResult;
use askama::Template;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use std::sync::Arc;

pub(super) async fn show(State(app): State<Arc<App>>, viewer: Viewer, RawQuery(query): RawQuery) -> HandlerResult {
    let mut filter = Filter::read(Place::Mails, query.as_deref(), app.gateway.today());
    let (trouble, paging) = wanted(&mut filter);
    let shell = shell(&app, Some(&viewer), Some(Place::Mails)).keeping(&filter);
    if !filter.faults.is_empty() {
        let page = MailsPage { shell, bar: Bar::new(&filter), shown: None };
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, html(&page)).into_response());
    }
    let (within, allowed) = (&filter.within(), &viewer.access.within);
    let query = totals(&filter);
    let report = app.gateway.report(&query, allowed).await?;
    let troubles = app.gateway.troubles(filter.span, within, allowed).await?;
    let listed = app.gateway.mails(trouble, filter.span, within, allowed, &paging).await?;
    let zone = app.gateway.config.report.timezone;
    let shown = Shown {
        states: states(&report.total, &troubles),
        picks: picks(&filter, trouble),
        items: listed.items.iter().map(|mail| Item::new(mail, &app, &filter)).collect(),
        next: listed.next.as_ref().map(|place| filter.next(place)),
        first: filter.first(),
        looked_back_to: listed.looked_back_to.map(|at| moment(at, zone)),
    };
    let name = app.teammate_of(&filter, allowed).await?;
    let bar = Bar::new(&filter).named(name.as_deref());
    Ok(html(&MailsPage { shell, bar, shown: Some(shown) }).into_response())
}

/// The report whose total a page shows.
pub(super) fn totals(filter: &Filter) -> ReportQuery {
    let (from, to) = filter.span.ends();
    ReportQuery {
        cut: Cut::from(By::Team),
        from: Some(from),
        to: Some(to),
        filters: filter.report(),
        ..ReportQuery::default()
    }
}

/// Which mails to list. What is wrong with the query is added to its faults.
fn wanted(filter: &mut Filter) -> (Trouble, Paging<RowPlace>) {
    let trouble = filter.value("state").map(str::parse::<Trouble>);
    if let Some(Err(_)) = trouble {
        filter.faults.push(("state", "There are no such mails. Begin with the page “Mails”.".to_owned()));
    }
    (trouble.and_then(Result::ok).unwrap_or_default(), filter.paging())
}

#[derive(Template)]
#[template(path = "admin/mails.html")]
struct MailsPage<'a> {
    shell: Shell<'a>,
    bar: Bar<'a>,
    shown: Option<Shown>,
}

struct Shown {
    states: Vec<StateRow>,
    picks: Vec<(&'static str, String, bool)>,
    items: Vec<Item>,
    next: Option<String>,
    first: Option<String>,
    looked_back_to: Option<String>,
}

/// How many mails are in a state, and what that means.
struct StateRow {
    name: &'static str,
    mails: String,
    means: &'static str,
    /// It counts a part of the row before.
    is_part: bool,
}

fn states(total: &Figures, troubles: &Troubles) -> Vec<StateRow> {
    let row = |name, mails: u64, means| StateRow { name, mails: count(mails), means, is_part: false };
    let part = |name, mails: u64, means| StateRow { is_part: true, ..row(name, mails, means) };
    let returned = |bounce: Bounce| troubles.returned.get(&bounce).copied().unwrap_or_default();
    let mut rows = vec![
        row("Waiting", total.waiting, "They are sent when they are due, or tried again."),
        row("Sent", total.asked, "The mail server accepted them. Reports count them as asked, whatever came back."),
        part("Bounced", returned(Bounce::Hard), mails::returned(Bounce::Hard)),
        part("Came back for now", returned(Bounce::Soft), mails::returned(Bounce::Soft)),
        part("Reported as spam", returned(Bounce::Complaint), mails::returned(Bounce::Complaint)),
        row("Failed", total.failed, "No mail server accepted them. They are not tried again by themselves."),
    ];
    let stopped: u64 = troubles.stopped.values().sum();
    rows.push(row("Stopped", stopped, "They were decided on, and stopped before they went out."));
    rows.extend(troubles.stopped.iter().map(|(stop, mails)| part(stop_name(*stop), *mails, mails::stopped(*stop))));
    rows
}

fn stop_name(stop: Stop) -> &'static str {
    match stop {
        Stop::Reopened => "Reopened",
        Stop::LaterClosing => "Closed again",
        Stop::OptedOut => "Opted out",
        Stop::Bounced => "Bounced before",
        Stop::Complained => "Complained before",
        Stop::Erased => "Erased",
        Stop::WindowOver => "Too late to rate",
        Stop::NothingToTell | Stop::Superseded | Stop::Unwanted => "Nothing to tell",
    }
}

fn picks(filter: &Filter, shown: Trouble) -> Vec<(&'static str, String, bool)> {
    let name = |trouble| match trouble {
        Trouble::Waiting => "Waiting",
        Trouble::Failed => "Failed",
        Trouble::Returned => "Bounced or reported",
        Trouble::Stopped => "Stopped",
    };
    let pick = |trouble: &Trouble| (name(*trouble), filter.link(&[("state", Some(trouble.word()))]), *trouble == shown);
    Trouble::ALL.iter().map(pick).collect()
}

/// One mail.
struct Item {
    at: String,
    stamp: String,
    conversation: String,
    /// Its story.
    link: String,
    url: Option<String>,
    domain: String,
    teammate: String,
    means: &'static str,
    last: String,
}

impl Item {
    fn new(row: &MailRow, app: &App, filter: &Filter) -> Self {
        let connection = super::not_asked::named(&row.conversation.connection);
        let changes = [("conversation", Some(row.conversation.id.as_str())), ("connection", Some(connection))];
        Self {
            at: moment(row.at, app.gateway.config.report.timezone),
            stamp: stamp(row.at),
            conversation: row.conversation.id.clone(),
            link: filter.link_to(Place::NotAsked, &changes),
            url: row.url.clone(),
            domain: row.domain.clone().unwrap_or_else(|| "erased".into()),
            teammate: row.teammate.clone().unwrap_or_else(|| "Unattributed".into()),
            means: mails::meaning(&row.mail),
            last: mails::last(&row.mail),
        }
    }
}
