//! The tables of the overview as files for spreadsheets: the same report, with the period and the filters of the page.
//!
//! It must not know how figures are counted or written.

use super::filter::Filter;
use super::page::{Place, csv_file};
use super::session::Viewer;
use crate::render::report;
use crate::survey::fields::Fault;
use crate::survey::report::{Cut, ReportQuery};
use crate::survey::span::Span;
use crate::web::App;
use crate::web::api::HandlerResult;
use crate::web::error::Failure;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Redirect};
use std::sync::Arc;

/// Where the files are.
pub(super) const PATH: &str = "/admin/report.csv";

impl Filter {
    /// The URL of the file with what the page shows, cut by this.
    pub(super) fn csv(&self, by: &str) -> String {
        let page = self.link(&[("by", Some(by)), ("step", None), ("sort", None)]);
        page.replacen(Place::Overview.path(), PATH, 1)
    }
}

/// The report by the cut `by`. A query that makes no sense leads to the page, which says what is wrong.
pub(super) async fn csv(State(app): State<Arc<App>>, viewer: Viewer, RawQuery(query): RawQuery) -> HandlerResult {
    let filter = Filter::read(Place::Overview, query.as_deref(), app.gateway.today());
    if !filter.faults.is_empty() {
        return Ok(Redirect::to(&filter.link(&[])).into_response());
    }
    let cut = filter.value("by").map_or(Ok(Cut::default()), str::parse);
    let cut: Cut = cut.map_err(|detail| Failure::invalid(vec![Fault::parameter("by", detail)]))?;
    let (from, to) = filter.span.ends();
    // The days to compare with are those of the page.
    let other = filter.before().map(Span::ends);
    let query =
        ReportQuery { cut, from: Some(from), to: Some(to), filters: filter.report(), compare: other.is_some(), other };
    let made = app.gateway.report(&query, &viewer.access.within).await?;
    let csv = report::csv(&made).map_err(|error| Failure::internal(Some(error.to_string())))?;
    let name = format!("{}-{}-to-{}", cut.to_string().replace(',', "-"), made.from, made.to);
    Ok(csv_file(&name, &csv))
}
