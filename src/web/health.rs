//! `/healthz`: that the process runs, and, for `afterword check`, that it is the one that was meant.
//!
//! It must not know how a challenge is signed.

use super::App;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use std::sync::Arc;

/// Answers `ok`; a challenge by a holder of the same keys is also told how its request got here.
pub(super) async fn healthz(State(app): State<Arc<App>>, request: Request) -> Response {
    let question = request.uri().query().and_then(|query| query.strip_prefix("challenge="));
    let Some(answer) = question.and_then(|question| app.gateway.answer_challenge(question)) else {
        return "ok\n".into_response();
    };
    let lines = request.headers().get_all("x-forwarded-for").iter().filter_map(|line| line.to_str().ok());
    let forwarded: usize = lines.map(|line| line.split(',').count()).sum();
    axum::Json(json!({"answer": answer, "client": app.client(&request).to_string(), "forwarded": forwarded}))
        .into_response()
}
