//! The webhooks that helpdesks send.
//!
//! It must not know the format of any of them.

use super::HandlerResult;
use super::closings::closed;
use crate::gateway::{Headers, Heard};
use crate::web::App;
use crate::web::body::Unread;
use crate::web::extract::{Segment, any_key};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use serde_json::json;
use std::sync::Arc;
use tracing::Span;

/// The answer is a success to anything that was understood, because a helpdesk repeats other requests for hours.
pub(in crate::web) async fn take(
    State(app): State<Arc<App>>,
    Segment(name): Segment,
    headers: HeaderMap,
    body: Unread,
) -> HandlerResult {
    if app.gateway.config.helpdesks.contains_key(&name) {
        Span::current().record("helpdesk", &name);
    }
    let sent = theirs(&headers);
    let caller = app.gateway.admit(&name, &sent, &any_key(&headers)).await?;
    let (bytes, _room) = body.bytes(&app).await?;
    Ok(match app.gateway.hear(&caller, &sent, &bytes).await? {
        Heard::Closed(decided) => closed(&decided, false),
        Heard::Waits => {
            let why = "the conversation is fetched first; `afterword why` tells what was decided";
            (StatusCode::ACCEPTED, Json(json!({"decision": "waits", "why": why}))).into_response()
        }
        Heard::GoesOn(cancelled) => Json(json!({"cancelled": cancelled})).into_response(),
        Heard::Nothing(why) => Json(json!({"ignored": why})).into_response(),
    })
}

/// The headers that helpdesks and mail providers make up, and the kind of the body. A key is not among them.
pub(super) fn theirs(headers: &HeaderMap) -> Headers {
    let made_up = headers.iter().filter(|(name, _)| name.as_str().starts_with("x-") || *name == header::CONTENT_TYPE);
    made_up.filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned()))).collect()
}
