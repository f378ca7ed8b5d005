//! The list of follow-ups, and what is done about one.
//!
//! It must not know what may be done when.

use super::HandlerResult;
use crate::gateway::{Attempted, Wish};
use crate::render::follow_ups::json;
use crate::survey::access::Scope;
use crate::survey::follow_up::Deed;
use crate::survey::stamp;
use crate::web::body::Unread;
use crate::web::code::Code;
use crate::web::error::Failure;
use crate::web::extract::{Segment, survey_id};
use crate::web::{App, query};
use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;

pub(in crate::web) async fn list(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    RawQuery(text): RawQuery,
) -> HandlerResult {
    let access = app.access(&headers, Scope::Read).await?;
    let page = app.gateway.follow_ups(&query::follow_ups(text.as_deref())?, &access.within).await?;
    let items: Vec<_> = page.items.iter().map(json).collect();
    Ok(Json(json!({"items": items, "next": page.next.as_ref().map(query::cursor)})).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    #[serde(rename = "do")]
    deed: Deed,
    note: Option<String>,
    seen: Option<u32>,
}

pub(in crate::web) async fn follow(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Segment(survey): Segment,
    body: Unread,
) -> HandlerResult {
    let access = app.access(&headers, Scope::Read).await?;
    let survey = survey_id(&survey)?;
    let Body { deed, note, seen } = body.json(&app, None).await?;
    let Attempted { row, was_as_seen } = app.gateway.follow(survey, Wish { deed, note, seen }, &access).await?;
    if was_as_seen {
        return Ok(Json(json(&row)).into_response());
    }
    let state = row.follow_up.state();
    let by = row.follow_up.who().map(|who| format!(" by {who}")).unwrap_or_default();
    let detail = format!("nothing was changed: it is {state}{by} since {}", stamp(row.changed_at));
    Err(Failure::new(Code::ChangedMeanwhile, detail))
}
