//! The webhooks that mail providers send.
//!
//! It must not know the format of any of them.

use super::HandlerResult;
use super::helpdesks::theirs;
use crate::gateway::Reported;
use crate::web::App;
use crate::web::body::Unread;
use crate::web::extract::{Segment, any_key};
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use serde_json::json;
use std::sync::Arc;

/// The answer is a success to anything that was understood, because a provider repeats other requests for hours.
pub(in crate::web) async fn take(
    State(app): State<Arc<App>>,
    Segment(name): Segment,
    headers: HeaderMap,
    body: Unread,
) -> HandlerResult {
    let provider = app.gateway.admit_provider(&name, &any_key(&headers)).await?;
    let (bytes, _room) = body.bytes(&app).await?;
    let Reported { taken, ignored } = app.gateway.take_report(provider, &theirs(&headers), &bytes).await?;
    Ok(Json(json!({"taken": taken, "ignored": ignored})).into_response())
}
