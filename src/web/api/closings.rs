//! What a helpdesk reports, and what is known of a conversation.
//!
//! It owns the JSON of decisions. It must not decide anything.

use super::HandlerResult;
use crate::gateway::Closed;
use crate::render;
use crate::survey::access::Scope;
use crate::survey::closing::Closing;
use crate::survey::eligibility::Decision;
use crate::survey::{Time, stamp};
use crate::web::body::Unread;
use crate::web::code::Code;
use crate::web::error::Failure;
use crate::web::extract::Segment;
use crate::web::{App, query};
use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;

pub(in crate::web) async fn close(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    RawQuery(text): RawQuery,
    body: Unread,
) -> HandlerResult {
    app.access(&headers, Scope::Trigger).await?;
    let dry_run = query::dry_run(text.as_deref())?;
    let closing: Closing = body.json(&app, None).await?;
    Ok(closed(&app.gateway.close(closing, dry_run).await?, dry_run))
}

pub(super) fn closed(closed: &Closed, dry_run: bool) -> Response {
    match &closed.decision {
        Decision::Ask { survey, send_at, unknown } => {
            let status = if closed.repeat || dry_run { StatusCode::OK } else { StatusCode::ACCEPTED };
            let mut json = json!({"decision": "ask", "survey_id": survey, "send_at": stamp(*send_at)});
            if !unknown.is_empty() {
                json["unknown"] = json!(unknown);
            }
            (status, Json(json)).into_response()
        }
        Decision::Skip(reasons) => Json(json!({"decision": "skip", "reasons": reasons})).into_response(),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reopened {
    #[serde(deserialize_with = "crate::survey::closing::time")]
    reopened_at: Time,
}

pub(in crate::web) async fn reopen(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Segment(id): Segment,
    RawQuery(text): RawQuery,
    body: Unread,
) -> HandlerResult {
    app.access(&headers, Scope::Trigger).await?;
    let conversation = query::conversation(id, text.as_deref())?;
    let Reopened { reopened_at } = body.json(&app, None).await?;
    let cancelled = app.gateway.reopen(conversation, reopened_at).await?;
    Ok(Json(json!({"cancelled": cancelled})).into_response())
}

pub(in crate::web) async fn conversation(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Segment(id): Segment,
    RawQuery(text): RawQuery,
) -> HandlerResult {
    let access = app.access(&headers, Scope::Read).await?;
    let conversation = query::conversation(id, text.as_deref())?;
    let known = app.gateway.conversation(&conversation, &access.within).await?;
    if known.is_unknown() {
        let detail = "no closing or reopening of this conversation was reported";
        return Err(Failure::new(Code::UnknownConversation, detail));
    }
    Ok(Json(render::conversation::json(&conversation.id, &known)).into_response())
}
