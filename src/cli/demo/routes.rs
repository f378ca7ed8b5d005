//! The routes of the demo: its page, the mails in it, and the three buttons.
//!
//! It owns whom it answers and where a button leads. The buttons' acts are in `acts`, the content of the page in `page`.

use super::guests::GUESTS;
use super::page::{self, Choice};
use super::{GUEST, GUEST_HEADER, acts, inbox};
use crate::config::PublicUrl;
use crate::gateway::{Error, Gateway};
use crate::mail::preview::in_scheme;
use crate::mail::transport::Memory;
use crate::survey::eligibility::Decision;
use crate::web::{self, assets::Asset};
use axum::Router;
use axum::extract::{Form, Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// Mails need inline styles. Everything else is blocked.
const MAIL_CONTENT_SECURITY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'";
/// As of all pages, and mails are shown in a frame.
const PAGE_CONTENT_SECURITY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
    frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/// A worker of the service may have taken a mail first. It is there within a moment; after this, the page shows another.
const MAIL_COMES_WITHIN: Duration = Duration::from_secs(1);
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// What the handlers share.
pub(super) struct Demo {
    pub gateway: Arc<Gateway>,
    /// The routes of the service, for the scanner.
    pub service: Router,
    pub inbox: Memory,
    /// An admin's key of the API, for the part for developers.
    pub key: String,
    pub style: Asset,
    pub script: Asset,
}

type Answer = Result<Response, Failed>;

/// The store did not answer, or a template failed.
pub(super) struct Failed;

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        tracing::error!(%error, "the demo's page cannot be shown");
        Self
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    }
}

/// The demo's page in front of all routes of the service.
pub(super) fn routes(gateway: &Arc<Gateway>, service: Router, inbox: Memory, key: String) -> Router {
    let css = include_str!("../../../templates/demo/page.css");
    let js = include_str!("../../../templates/demo/page.js");
    let style = Asset::new("demo", "css", "text/css; charset=utf-8", css);
    let script = Asset::new("demo", "js", "text/javascript; charset=utf-8", js);
    let (style_path, script_path) = (style.path.clone(), script.path.clone());
    let demo = Demo { gateway: Arc::clone(gateway), service: service.clone(), inbox, key, style, script };
    let own = Router::new()
        .route("/", get(show))
        .route("/demo/mail/{survey}", get(mail))
        .route("/demo/close", post(close))
        .route("/demo/scan", post(scan))
        .route("/demo/later", post(later))
        .route(&style_path, get(async |State(demo): State<Arc<Demo>>, headers: HeaderMap| demo.style.answer(&headers)))
        .route(
            &script_path,
            get(async |State(demo): State<Arc<Demo>>, headers: HeaderMap| demo.script.answer(&headers)),
        )
        .with_state(Arc::new(demo));
    web::in_frame(own, Arc::clone(gateway)).fallback_service(service).layer(from_fn(front))
}

/// Refuses requests to a host other than this machine: another site could let its name point here ("DNS rebinding"), and
/// its script could then read the page, which takes no key. Refuses another site's form, too, to the demo's own buttons.
/// Vouches for the guest, so that the admin pages are open.
async fn front(mut request: Request, next: Next) -> Response {
    if let Some(refusal) = refusal(request.method(), request.uri().path(), request.headers()) {
        return refusal.into_response();
    }
    request.headers_mut().insert(GUEST_HEADER, HeaderValue::from_static(GUEST));
    next.run(request).await
}

fn refusal(method: &Method, path: &str, headers: &HeaderMap) -> Option<(StatusCode, &'static str)> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let own = format!("http://{}", text(header::HOST).unwrap_or_default());
    if !own.parse().is_ok_and(|url: PublicUrl| url.is_loopback()) {
        return Some((StatusCode::MISDIRECTED_REQUEST, "the demo is for this machine only\n"));
    }
    let presses = *method == Method::POST && path.starts_with("/demo/");
    let foreign = presses && text(header::ORIGIN).is_some_and(|origin| origin != own);
    foreign.then_some((StatusCode::FORBIDDEN, "this form came from another site\n"))
}

async fn show(State(demo): State<Arc<Demo>>, Query(choice): Query<Choice>) -> Answer {
    let html = page::render(&demo, &choice).await?;
    Ok(([(header::CONTENT_SECURITY_POLICY, PAGE_CONTENT_SECURITY)], Html(html)).into_response())
}

#[derive(Deserialize)]
struct Scheme {
    dark: Option<String>,
}

/// The HTML part of a mail. Its links open a new tab, as they do in a webmail.
async fn mail(State(demo): State<Arc<Demo>>, Path(survey): Path<Uuid>, Query(scheme): Query<Scheme>) -> Response {
    let Some(mail) = inbox::find(&demo.inbox, survey) else { return StatusCode::NOT_FOUND.into_response() };
    let html = in_scheme(&mail.html, scheme.dark.is_some());
    let html = html.replacen("<head>", "<head><base target=\"_blank\">", 1);
    ([(header::CONTENT_SECURITY_POLICY, MAIL_CONTENT_SECURITY)], Html(html)).into_response()
}

#[derive(Deserialize)]
struct Language {
    locale: String,
}

async fn close(State(demo): State<Arc<Demo>>, Form(Language { locale }): Form<Language>) -> Answer {
    let guest = GUESTS.iter().find(|guest| guest.locale == locale).unwrap_or(&GUESTS[0]);
    let (conversation, decision) = acts::close(&demo.gateway, guest).await?;
    let Decision::Ask { survey, .. } = decision else {
        return Ok(back(&Choice { skipped: Some(conversation.id), ..Choice::default() }));
    };
    let comes = async {
        while inbox::find(&demo.inbox, survey).is_none() {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    };
    // Without it the page shows the newest mail there is.
    let _ = tokio::time::timeout(MAIL_COMES_WITHIN, comes).await;
    Ok(back(&Choice { mail: Some(survey), ..Choice::default() }))
}

async fn scan(State(demo): State<Arc<Demo>>, Form(choice): Form<Choice>) -> Answer {
    if let Some(mail) = choice.mail.and_then(|survey| inbox::find(&demo.inbox, survey)) {
        acts::scan(&demo.gateway, &demo.service, &mail).await;
    }
    Ok(back(&choice))
}

async fn later(State(demo): State<Arc<Demo>>, Form(choice): Form<Choice>) -> Answer {
    demo.gateway.clock.advance(acts::LATER);
    // Mails may be due by now.
    demo.gateway.mail_due.notify_one();
    Ok(back(&choice))
}

/// Leads back to the page, so that reloading it presses nothing again.
fn back(choice: &Choice) -> Response {
    Redirect::to(&choice.path()).into_response()
}
