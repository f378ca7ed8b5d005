//! What operators and their programs ask: readiness, status and metrics.
//!
//! It must not know how any of it is found out.

use super::App;
use super::api::HandlerResult;
use super::error::RETRY_AFTER;
use crate::gateway::Gateway;
use crate::metrics::CONTENT_TYPE;
use crate::render;
use crate::survey::access::Scope;
use crate::survey::status::{Readiness, Trouble};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use std::sync::Arc;

/// Lines for people; programs go by the status. It takes no key, and proxies pass it on: strangers read it too.
pub(super) async fn ready(State(app): State<Arc<App>>) -> Response {
    let lines = |word: &str, troubles: &[Trouble]| {
        troubles.iter().map(|trouble| format!("{word}: {}\n", trouble.public)).collect::<Vec<_>>().concat()
    };
    match app.gateway.readiness().await {
        Readiness::Ready => "ready\n".into_response(),
        Readiness::Degraded(troubles) => lines("degraded", &troubles).into_response(),
        Readiness::Down(troubles) => {
            let retry_after = [(header::RETRY_AFTER, RETRY_AFTER.num_seconds().to_string())];
            (StatusCode::SERVICE_UNAVAILABLE, retry_after, lines("not ready", &troubles)).into_response()
        }
    }
}

pub(super) async fn status(State(app): State<Arc<App>>, headers: HeaderMap) -> HandlerResult {
    app.access(&headers, Scope::Admin).await?;
    // A sign of life first: what only this process knows is read from the database, as `afterword status` does.
    app.gateway.readiness().await;
    Ok(Json(render::status::json(&app.gateway.status().await?)).into_response())
}

pub(super) async fn metrics(State(app): State<Arc<App>>, headers: HeaderMap) -> HandlerResult {
    app.access(&headers, Scope::Admin).await?;
    Ok(metrics_of(&app.gateway).await)
}

async fn metrics_of(gateway: &Gateway) -> Response {
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], gateway.metrics().await).into_response()
}

/// The metrics alone and without a key, for an address of their own.
pub fn metrics_router(gateway: Arc<Gateway>) -> Router {
    Router::new().route("/metrics", get(async move || metrics_of(&gateway).await))
}
