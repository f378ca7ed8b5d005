//! One customer: everything that is stored about them, and forgetting it.
//!
//! It must not know what is stored where.

use super::HandlerResult;
use crate::survey::access::Scope;
use crate::web::App;
use crate::web::extract::Segment;
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use std::sync::Arc;

pub(in crate::web) async fn erase(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Segment(email): Segment,
) -> HandlerResult {
    app.access(&headers, Scope::Admin).await?;
    Ok(Json(app.gateway.erase(&email).await?.counts()).into_response())
}

pub(in crate::web) async fn export(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Segment(email): Segment,
) -> HandlerResult {
    app.access(&headers, Scope::Admin).await?;
    Ok(Json(app.gateway.export(&email).await?).into_response())
}
