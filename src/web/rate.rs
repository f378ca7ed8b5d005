//! What customers reach: rating links and unsubscribe links.
//!
//! It owns what a form may say and how an answer is spelled for the script. It must not decide what a click means.

use super::App;
use super::error::Failure;
use super::extract::{self, Segment};
use super::page;
use crate::gateway::{Form, Opened};
use crate::survey::closing::Fault;
use crate::survey::evidence::{Evidence, Outcome};
use crate::survey::rating::Score;
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use serde_json::json;
use std::sync::Arc;

type Body = Result<Bytes, BytesRejection>;
type Answer = Result<Response, Failure>;

pub(super) async fn open(
    State(app): State<Arc<App>>,
    method: Method,
    headers: HeaderMap,
    Segment(token): Segment,
) -> Answer {
    let opened = app.gateway.open_link(&token, app.machine(method == Method::HEAD, &headers)).await?;
    Ok(page_of(&app, &token, &opened).into_response())
}

pub(super) async fn answer(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Segment(token): Segment,
    body: Body,
) -> Answer {
    let program = wants_json(&headers);
    let form = form(&extract::bytes(body)?, app.cross_site(&headers), program)?;
    let opened = app.gateway.answer(&token, form).await?;
    let status = match (opened.outcome, &opened.fault) {
        (_, Some(_)) => StatusCode::UNPROCESSABLE_ENTITY,
        (Some(Outcome::Locked), None) => StatusCode::CONFLICT,
        _ => StatusCode::OK,
    };
    if program {
        return Ok((status, Json(answer_json(&opened))).into_response());
    }
    Ok((status, page_of(&app, &token, &opened)).into_response())
}

fn page_of(app: &App, token: &str, opened: &Opened) -> Html<String> {
    let frame = app.frame(opened.about.locale.as_deref(), opened.about.policy.as_deref());
    Html(page::rate(frame, &format!("/r/{token}"), opened))
}

fn answer_json(opened: &Opened) -> serde_json::Value {
    let outcome = match opened.outcome {
        Some(Outcome::Ok) => "ok",
        Some(Outcome::Ask) => "ask",
        Some(Outcome::Stale) => "stale",
        Some(Outcome::Locked) => "locked",
        Some(Outcome::Closed) => "closed",
        None => "invalid",
    };
    json!({
        "outcome": outcome, "standing": opened.standing, "score": opened.score,
        "page": opened.page_token, "mode": opened.page.mode.word(),
    })
}

/// Whether the script asks, or a program.
pub(super) fn wants_json(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|accept| accept.contains("application/json"))
}

/// Reads the form. Fields it does not know are passed over: whatever stands between a customer and us may add some.
fn form(body: &[u8], cross_site: bool, program: bool) -> Result<Form, Failure> {
    let mut form =
        Form { page: String::new(), how: Evidence::Pressed, picked: None, comment: String::new(), cross_site, program };
    let fields: Vec<(String, String)> = serde_urlencoded::from_bytes(body)
        .map_err(|_| Failure::invalid(vec![Fault::new("", "expected form-encoded fields")]))?;
    let mut faults = Vec::new();
    for (name, value) in fields {
        match name.as_str() {
            "page" => form.page = value,
            "comment" => form.comment = value,
            "score" => match value.parse().ok().and_then(|score: i64| Score::try_from(score).ok()) {
                Some(score) => form.picked = Some(score),
                None => faults.push(Fault::new("score", "expected 1 to 5")),
            },
            "how" => {
                match [Evidence::Seen, Evidence::Touched, Evidence::Pressed].iter().find(|how| how.word() == value) {
                    Some(how) => form.how = *how,
                    None => faults.push(Fault::new("how", "expected seen, touched or pressed")),
                }
            }
            _ => {}
        }
    }
    if faults.is_empty() { Ok(form) } else { Err(Failure::invalid(faults)) }
}

pub(super) async fn ask_unsubscribe(State(app): State<Arc<App>>, Segment(token): Segment) -> Answer {
    let about = app.gateway.unsubscribe(&token, false).await?;
    Ok(Html(page::unsubscribe(app.frame(about.locale.as_deref(), None), &format!("/u/{token}"), false)).into_response())
}

pub(super) async fn unsubscribe(State(app): State<Arc<App>>, Segment(token): Segment) -> Answer {
    let about = app.gateway.unsubscribe(&token, true).await?;
    Ok(Html(page::unsubscribe(app.frame(about.locale.as_deref(), None), &format!("/u/{token}"), true)).into_response())
}
