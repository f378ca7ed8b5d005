//! What admins decide about ratings.
//!
//! It must not decide anything.

use super::HandlerResult;
use crate::survey::access::Scope;
use crate::survey::moderation::Act;
use crate::web::App;
use crate::web::body::Unread;
use crate::web::error::Failure;
use crate::web::extract::survey_id;
use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    reason: String,
}

pub(in crate::web) async fn moderate(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    path: Result<Path<(String, String)>, PathRejection>,
    body: Unread,
) -> HandlerResult {
    let access = app.access(&headers, Scope::Admin).await?;
    let Path((survey, act)) = path.map_err(|_| Failure::not_found())?;
    let act: Act = act.parse().map_err(|_| Failure::not_found())?;
    let survey = survey_id(&survey)?;
    let Body { reason } = body.json(&app, None).await?;
    let done = app.gateway.moderate(survey, act, &reason, &access).await?;
    let (standing, score) = (done.standing.word(), done.standing.score());
    let answer = json!({"survey_id": survey, "standing": standing, "score": score, "changed": done.changed});
    Ok(Json(answer).into_response())
}
