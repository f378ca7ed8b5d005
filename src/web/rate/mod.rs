//! The rating link of a mail: its page, and the forms that are posted from it.
//!
//! It owns what a form may hold and how an answer is spelled for the script. It must not decide what a click means.

pub mod page;

use super::App;
use super::api::HandlerResult;
use super::body::Unread;
use super::error::Failure;
use crate::gateway::{Form, Opened};
use crate::survey::answers::REASONS;
use crate::survey::fields::Fault;
use crate::survey::link::Link;
use crate::survey::page::{Evidence, Outcome};
use crate::survey::rating::{Score, StandingWord};
use axum::extract::{OriginalUri, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{Html, IntoResponse};
use axum::{Extension, Json};
use serde_json::{Value, json};
use std::sync::Arc;

pub(super) async fn open(
    State(app): State<Arc<App>>,
    Extension(link): Extension<Link>,
    OriginalUri(uri): OriginalUri,
    method: Method,
    headers: HeaderMap,
) -> HandlerResult {
    let opened = app.gateway.open_link(link, app.visitor(method == Method::HEAD, &headers)).await?;
    Ok(page_of(&app, uri.path(), &opened).into_response())
}

pub(super) async fn answer(
    State(app): State<Arc<App>>,
    Extension(link): Extension<Link>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Unread,
) -> HandlerResult {
    let program = wants_json(&headers);
    let form = form(&body.form(&app).await?, app.cross_site(&headers), program)?;
    let opened = app.gateway.answer(link, form).await?;
    let status = match opened.posted.as_ref().map(|posted| &posted.result) {
        Some(Err(_)) => StatusCode::UNPROCESSABLE_ENTITY,
        Some(Ok(Outcome::Locked)) => StatusCode::CONFLICT,
        _ => StatusCode::OK,
    };
    if program {
        return Ok((status, Json(answer_json(&opened))).into_response());
    }
    Ok((status, page_of(&app, uri.path(), &opened)).into_response())
}

fn page_of(app: &App, action: &str, opened: &Opened) -> Html<String> {
    let frame = app.frame(opened.about.locale.as_deref(), opened.about.policy.as_deref());
    let offered = app.gateway.config.offered(&frame.text.language);
    Html(page::rate(frame, action, opened, &offered))
}

fn answer_json(opened: &Opened) -> Value {
    let result = opened.posted.as_ref().and_then(|posted| posted.result.as_ref().ok());
    // An admin who takes a survey out takes its rating out, too.
    let score = opened.summary.standing.score().filter(|_| opened.summary.standing.word() != StandingWord::Voided);
    json!({
        "outcome": result.map_or("invalid", |outcome| outcome.word()), "standing": opened.summary.standing.word(),
        "score": score, "page": opened.page_token, "mode": opened.page.mode, "frozen": opened.summary.frozen,
        "once_more": opened.page.once_more,
    })
}

/// Whether the page's script asks, or a program.
pub(super) fn wants_json(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|accept| accept.contains("application/json"))
}

/// Reads the form. Unknown fields are ignored: what stands between a customer and us may add some.
fn form(body: &[u8], cross_site: bool, program: bool) -> Result<Form, Failure> {
    let mut form = Form {
        page: String::new(),
        how: Evidence::Pressed,
        picked: None,
        comment: String::new(),
        ticked: None,
        cross_site,
        program,
    };
    let fields: Vec<(String, String)> = serde_urlencoded::from_bytes(body)
        .map_err(|_| Failure::invalid(vec![Fault::body("", "expected form-encoded fields")]))?;
    let mut faults = Vec::new();
    for (name, value) in fields {
        match name.as_str() {
            "page" => form.page = value,
            "comment" => form.comment = value,
            "score" => match value.parse().ok().and_then(|score: i64| Score::try_from(score).ok()) {
                Some(score) => form.picked = Some(score),
                None => faults.push(Fault::parameter("score", "expected 1 to 5")),
            },
            "how" => match value.parse() {
                Ok(how) if how != Evidence::Commented => form.how = how,
                _ => faults.push(Fault::parameter("how", "expected seen, touched or pressed")),
            },
            // An empty one is a hidden field: it says that there were boxes, and perhaps none is ticked. What nobody
            // offers any more is no fault: a comment sent with it must not be lost.
            "reason" | "answer" => {
                let ticked = form.ticked.get_or_insert_default();
                let pair = if name == "reason" { Some((REASONS, value.as_str())) } else { value.split_once('.') };
                let pair = pair.filter(|(_, choice)| !choice.is_empty());
                ticked.extend(pair.map(|(question, choice)| (question.to_owned(), choice.to_owned())));
            }
            _ => {}
        }
    }
    if faults.is_empty() { Ok(form) } else { Err(Failure::invalid(faults)) }
}
