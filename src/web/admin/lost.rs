//! What was opened and not rated, what is held, and which recipient domains scan: each with what it means and what an
//! operator may change.
//!
//! The counts are a report's. It must not know which clicks count.

use super::bar::Bar;
use super::filter::Filter;
use super::mails::totals;
use super::page::{Place, Shell, count, html, moment, share, shell};
use super::session::Viewer;
use crate::survey::opening::Opening;
use crate::survey::report::Figures;
use crate::survey::scanning::{Domain, MANY_LINKS, Scanning};
use crate::web::App;
use crate::web::api::HandlerResult;
use askama::Template;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use std::sync::Arc;

pub(super) async fn show(State(app): State<Arc<App>>, viewer: Viewer, RawQuery(query): RawQuery) -> HandlerResult {
    let filter = Filter::read(Place::Lost, query.as_deref(), app.gateway.today());
    let shell = shell(&app, Some(&viewer), Some(Place::Lost)).keeping(&filter);
    if !filter.faults.is_empty() {
        let page = LostPage { shell, bar: Bar::new(&filter), shown: None };
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, html(&page)).into_response());
    }
    let allowed = &viewer.access.within;
    let report = app.gateway.report(&totals(&filter), allowed).await?;
    let scanning = app.gateway.scanning(filter.span, &filter.within(), allowed).await?;
    let shown = Some(Shown::new(&app, &report.total, &scanning));
    let name = app.teammate_of(&filter, allowed).await?;
    Ok(html(&LostPage { shell, bar: Bar::new(&filter).named(name.as_deref()), shown }).into_response())
}

#[derive(Template)]
#[template(path = "admin/lost.html")]
struct LostPage<'a> {
    shell: Shell<'a>,
    bar: Bar<'a>,
    shown: Option<Shown>,
}

struct Shown {
    asked: String,
    answered: String,
    answered_share: String,
    unconfirmed: String,
    unconfirmed_share: String,
    held: String,
    held_share: String,
    /// Who opened and did not rate.
    openings: Vec<Row>,
    evidence: String,
    scanned: Option<Scanned>,
    is_empty: bool,
}

struct Row {
    name: &'static str,
    surveys: String,
    share: String,
    means: &'static str,
    change: &'static str,
}

struct Scanned {
    surveys: String,
    hits: String,
    share: String,
    since: Option<String>,
    domains: Vec<[String; 6]>,
    more: usize,
}

impl Shown {
    fn new(app: &App, total: &Figures, scanning: &Scanning) -> Self {
        let Figures { asked, answered, held, unconfirmed, unconfirmed_by, .. } = total;
        let noted: u64 = unconfirmed_by.iter().sum();
        let row = |(opening, surveys): (Opening, u64)| {
            let (name, means, change) = opening.meaning();
            Row { name, surveys: count(surveys), share: share(surveys, *asked), means, change }
        };
        let unknown = (Opening::Unknown, unconfirmed.saturating_sub(noted));
        let openings =
            Opening::SPLIT.into_iter().zip(*unconfirmed_by).chain([unknown].into_iter().filter(|of| of.1 > 0));
        let zone = app.gateway.config.report.timezone;
        Self {
            asked: count(*asked),
            answered: count(*answered),
            answered_share: share(*answered, *asked),
            unconfirmed: count(*unconfirmed),
            unconfirmed_share: share(*unconfirmed, *asked),
            held: count(*held),
            held_share: share(*held, *asked),
            openings: openings.map(row).collect(),
            evidence: app.gateway.config.clicks.evidence.to_string(),
            scanned: (scanning.surveys > 0).then(|| Scanned {
                surveys: count(scanning.surveys),
                hits: count(scanning.scanned),
                share: share(scanning.scanned, scanning.surveys),
                since: scanning.since.map(|at| moment(at, zone)),
                domains: scanning.domains.iter().map(domain).collect(),
                more: scanning.more,
            }),
            is_empty: *asked == 0,
        }
    }
}

fn domain(row: &Domain) -> [String; 6] {
    let name = row.name.clone().unwrap_or_else(|| "(erased)".into());
    let scanned = share(row.scanned, row.sent);
    let [sent, scans, held, unconfirmed] = [row.sent, row.scanned, row.held, row.unconfirmed].map(count);
    [name, sent, scans, scanned, held, unconfirmed]
}
