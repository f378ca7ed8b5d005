//! Reports, counts of decisions, and lists of ratings.
//!
//! It must not know how figures are counted.

use super::HandlerResult;
use crate::render;
use crate::survey::access::Scope;
use crate::web::{App, query};
use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use serde_json::json;
use std::sync::Arc;

pub(in crate::web) async fn report(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    RawQuery(text): RawQuery,
) -> HandlerResult {
    let access = app.access(&headers, Scope::Read).await?;
    let report = app.gateway.report(&query::report(text.as_deref())?, &access.within).await?;
    Ok(Json(render::report::json(&report)).into_response())
}

pub(in crate::web) async fn decisions(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    RawQuery(text): RawQuery,
) -> HandlerResult {
    let access = app.access(&headers, Scope::Read).await?;
    let query = query::decisions(text.as_deref(), |from, to| Ok(app.gateway.span(from, to)?))?;
    let counted = app.gateway.decisions(&query, &access.within).await?;
    Ok(Json(render::decisions::json(&counted)).into_response())
}

pub(in crate::web) async fn ratings(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    RawQuery(text): RawQuery,
) -> HandlerResult {
    let access = app.access(&headers, Scope::Read).await?;
    let ratings = app.gateway.ratings(&query::ratings(text.as_deref())?, &access.within).await?;
    let items: Vec<_> = ratings.items.iter().map(render::ratings::json).collect();
    Ok(Json(json!({"items": items, "next": ratings.next.as_ref().map(query::cursor)})).into_response())
}
