//! The HTTP side: routes, and what every answer has in common.
//!
//! It owns request ids, headers, and the rendering and logging of failures. Handlers extract, call one verb of the gateway
//! and render. It must not name a database or a mail library.

mod admin;
mod api;
pub mod assets;
mod body;
mod code;
mod colors;
mod error;
mod extract;
mod health;
mod limit;
pub mod openapi;
mod operate;
pub mod page;
mod query;
pub mod rate;
pub mod server;
mod stop_digest;
mod unsubscribe;

pub use operate::metrics_router;

use crate::gateway::Gateway;
use assets::{Assets, Tagged};
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use code::Code;
use error::Failure;
use limit::Limits;
use page::{Frame, Message};
use serde_json::json;
use std::any::Any;
use std::sync::{Arc, OnceLock};
use tokio::sync::Semaphore;
use tower_http::catch_panic::CatchPanicLayer;
use tracing::{Instrument, field};
use uuid::Uuid;

/// What pages may do: nothing inline, nothing from elsewhere, in no frame.
const CONTENT_SECURITY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
    img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// A browser that came by https stays there for a year. Other hosts of the operator are not ours to bind.
const TRANSPORT_SECURITY: &str = "max-age=31536000";

/// What handlers share.
#[derive(Debug)]
struct App {
    gateway: Arc<Gateway>,
    assets: Assets,
    /// Where customers reach a person, as a URL.
    contact: Option<String>,
    /// Words that mark a machine's `User-Agent`, in lower case.
    machines: Vec<String>,
    limits: Limits,
    /// One permit for each byte of all bodies on their way in.
    bodies: Semaphore,
    /// The description of the API, and the page about it, once somebody asked for them.
    description: OnceLock<Tagged>,
    reference: OnceLock<Tagged>,
}

impl App {
    fn new(gateway: Arc<Gateway>) -> Arc<Self> {
        let brand = &gateway.config.brand;
        let logo = brand.logo.as_ref().map(|logo| (logo.kind, logo.content.clone()));
        Arc::new(Self {
            assets: Assets::new(&brand.color, logo),
            contact: gateway.config.contact(),
            machines: extract::machine_words(&gateway.config.clicks.machines),
            limits: Limits::new(),
            bodies: Semaphore::new(body::MOST_AT_ONCE),
            description: OnceLock::new(),
            reference: OnceLock::new(),
            gateway,
        })
    }

    /// Counts and logs why a request failed. A refusal of the API is a warning, because it keeps a helpdesk from being
    /// connected; what strangers do with links is not. The span tells method, route and key, `places` where the request is
    /// wrong.
    fn log(&self, failure: &Failure, program: bool) {
        let (status, code) = (failure.status().as_u16(), failure.code.word());
        // Strangers ask for all kinds of paths that there are not.
        if program || failure.status() != StatusCode::NOT_FOUND {
            self.gateway.refused(code);
        }
        match &failure.cause {
            Some(cause) => tracing::error!(status, code, cause, "request failed"),
            None if program && self.limits.log_refusal(code, self.gateway.clock.now()) => {
                tracing::warn!(status, code, places = failure.places(), "request refused");
            }
            None => tracing::debug!(status, code, "request refused"),
        }
    }

    /// The frame of a page in a customer's language and with the custom texts of a policy, as far as there are any.
    fn frame(&self, locale: Option<&str>, policy: Option<&str>) -> Frame<'_> {
        let config = &self.gateway.config;
        let (text, custom) = (config.text(locale), config.custom_texts(policy));
        let brand = custom.brand(&text.language, &config.brand.name);
        Frame {
            brand,
            custom,
            text,
            zone: config.report.timezone,
            assets: &self.assets,
            contact: self.contact.as_deref(),
        }
    }
}

/// All routes of the service.
pub fn router(gateway: Arc<Gateway>) -> Router {
    let app = App::new(gateway);
    let links = Router::new()
        .route("/r/{token}", get(rate::open).post(rate::answer))
        .route("/u/{token}", get(unsubscribe::ask).post(unsubscribe::unsubscribe))
        .route_layer(from_fn_with_state(Arc::clone(&app), limit::links));
    let routes = Router::new()
        .merge(openapi::routes())
        .merge(links)
        .merge(admin::routes())
        .route("/", get(home))
        .route("/assets/{name}", get(asset))
        .route("/docs", get(openapi::show))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(operate::ready))
        .route("/metrics", get(operate::metrics))
        .fallback(async || Failure::not_found())
        .method_not_allowed_fallback(async || {
            Failure::new(Code::MethodNotAllowed, "this path does not take this method")
        });
    framed(routes, app)
}

/// Other routes in the frame of the service, with all that its answers have in common: for the demo's inbox, and for the
/// benchmark, which measures the frame by itself.
pub fn in_frame(routes: Router, gateway: Arc<Gateway>) -> Router {
    framed(routes.with_state(()), App::new(gateway))
}

fn framed(routes: Router<Arc<App>>, app: Arc<App>) -> Router {
    routes
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(Arc::clone(&app), frame_answer))
        .with_state(app)
}

async fn home(State(app): State<Arc<App>>) -> Html<String> {
    Html(page::message(app.frame(None, None), Message::Home, None))
}

async fn asset(State(app): State<Arc<App>>, request: Request) -> Result<Response, Failure> {
    app.assets.answer(request.uri().path(), request.headers())
}

fn panicked(_: Box<dyn Any + Send>) -> Response {
    Failure::internal(None).into_response()
}

/// Gives every request an id and every answer its headers, and renders and logs failures: nobody else does. Paths are
/// logged as their route, because a token must not reach a log.
async fn frame_answer(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let id = Uuid::new_v4().simple().to_string();
    let route = request.extensions().get::<MatchedPath>().map_or("-", MatchedPath::as_str).to_owned();
    let path = request.uri().path();
    let program = path.starts_with("/v1/") || path == "/metrics" || path == "/openapi.json";
    let link = path.starts_with("/r/");
    let of_admin = path == "/admin" || path.starts_with("/admin/");
    let json = request.method() == Method::POST && rate::wants_json(request.headers());
    // Of the highest level, so that no filter takes it from the lines that it explains.
    let (key, helpdesk) = (field::Empty, field::Empty);
    let span = tracing::error_span!("request", id, method = %request.method(), route, key, helpdesk);
    let mut response = next.run(request).instrument(span.clone()).await;
    if let Some(failure) = response.extensions_mut().remove::<Failure>() {
        span.in_scope(|| app.log(&failure, program));
        let allow = response.headers_mut().remove(header::ALLOW);
        response = match failure.status() {
            StatusCode::NOT_FOUND | StatusCode::UNPROCESSABLE_ENTITY if link && json => invalid_json(&failure),
            _ if program || json => failure.problem(&id),
            _ if of_admin => admin::failure_page(&app, &failure, &id),
            _ => failure_page(&app, &failure, &id),
        };
        if let Some(allow) = allow {
            response.headers_mut().insert(header::ALLOW, allow);
        }
    }
    secure(&app, &mut response, &id);
    response
}

/// An invalid link or form, as the page's script expects it.
fn invalid_json(failure: &Failure) -> Response {
    let answer =
        json!({"outcome": "invalid", "standing": null, "score": null, "page": null, "mode": null, "frozen": false});
    (failure.status(), Json(answer)).into_response()
}

fn failure_page(app: &App, failure: &Failure, id: &str) -> Response {
    let message = match failure.status() {
        _ if failure.code == Code::TestLink => Message::Test,
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => Message::UnknownLink,
        StatusCode::PAYLOAD_TOO_LARGE => Message::TooLong,
        StatusCode::TOO_MANY_REQUESTS => Message::TooMany,
        status if status.is_server_error() => Message::Later,
        _ => Message::Malformed,
    };
    let reference = failure.status().is_server_error().then_some(id);
    let page = Html(page::message(app.frame(None, None), message, reference));
    failure.with_headers((failure.status(), page).into_response())
}

fn secure(app: &App, response: &mut Response, id: &str) {
    let headers = response.headers_mut();
    let mut default = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    default(header::CACHE_CONTROL, "no-store");
    default(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY);
    default(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    // no-referrer would make Chromium post `Origin: null`.
    default(header::REFERRER_POLICY, "same-origin");
    default(HeaderName::from_static("x-robots-tag"), "noindex");
    let url = &app.gateway.config.public_url;
    // A name of this machine is of use to other programs on it, which may speak http.
    if url.is_https() && !url.is_loopback() {
        default(header::STRICT_TRANSPORT_SECURITY, TRANSPORT_SECURITY);
    }
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(HeaderName::from_static("x-request-id"), id);
    }
}

#[cfg(test)]
mod tests;
