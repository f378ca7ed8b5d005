//! The description of the HTTP API, as OpenAPI 3.1 for programs and as a page for people.
//!
//! Both are made of one list of `calls`, which the router is made of, too. Words, limits and codes are those that
//! the code itself goes by, and tests send what the description promises. It must not know how a call is answered.

mod answers;
mod calls;
mod events;
mod operation;
mod page;
mod problems;
mod schema;

pub(super) use page::show;

use super::App;
use super::assets::Tagged;
use crate::survey::access::Scope;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use operation::Group;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// The survey of the examples.
const SURVEY: &str = "019aab2c-7f40-7c3e-9a51-0d6b7a1e42c8";
/// When the events of the examples happened.
const EXAMPLE_TIME: &str = "2026-11-22T10:31:00Z";

const ABOUT: &str = "Afterword asks customers by mail how a finished support conversation was. A helpdesk reports over this \
    API that a conversation was closed; reports and ratings are read from it.\n\n\
    Requests and answers are JSON. Times are RFC 3339 with their zone. Unknown fields and parameters are refused by name. \
    Objects in answers can get more fields in a later version.\n\n\
    Calls are safe to repeat: a repeat changes nothing. Calls with a key have no rate limit. If bodies of more than 64 MiB \
    are on their way in at once, the answer is 503 with `Retry-After`. A body has at most 1 MiB.\n\n\
    Every answer has the header `X-Request-Id`, by which the operator finds the request in the log.";

/// The calls of the API, for the router.
pub(super) fn routes() -> Router<Arc<App>> {
    calls::all()
        .into_iter()
        .map(operation::Operation::route)
        .fold(Router::new(), |routes, (path, handler)| routes.route(path, handler))
}

/// The description of a service at this address, as JSON.
#[must_use]
pub fn describe(public_url: &str) -> Value {
    json!({
        "openapi": "3.1.1",
        "info": {
            "title": "Afterword", "version": env!("CARGO_PKG_VERSION"), "summary": env!("CARGO_PKG_DESCRIPTION"),
            "description": ABOUT, "license": {"name": "MIT OR Apache-2.0", "identifier": env!("CARGO_PKG_LICENSE")},
        },
        "servers": [{"url": public_url}],
        "tags": tags(),
        "paths": paths(),
        "webhooks": events::webhooks(),
        "components": {
            "schemas": schemas(), "examples": problems::examples(), "headers": headers(),
            "securitySchemes": security_schemes(),
        },
    })
}

fn tags() -> Vec<Value> {
    let groups = Group::ALL.map(|group| (group.name(), group.about()));
    let tag = |(name, about)| json!({"name": name, "description": about});
    groups.into_iter().chain([(events::TAG, events::ABOUT)]).map(tag).collect()
}

fn paths() -> Map<String, Value> {
    calls::all().iter().fold(Map::new(), |mut paths, call| {
        paths.entry(call.path).or_insert_with(|| json!({}))[call.method.as_str().to_lowercase()] = call.json();
        paths
    })
}

fn schemas() -> Map<String, Value> {
    let all = [calls::schemas(), answers::all(), events::schemas()].concat();
    all.into_iter().map(|(name, schema)| (name.to_owned(), schema.into())).collect()
}

fn headers() -> Value {
    json!({
        "X-Request-Id": {"description": "The operator finds the request in the log by it.", "schema": {"type": "string"}},
        "Retry-After": {"description": "After how many seconds to try again.", "schema": {"type": "integer", "minimum": 0}},
        "WWW-Authenticate": {"description": "Always `Bearer`.", "schema": {"type": "string"}},
    })
}

fn security_schemes() -> Value {
    let scopes =
        Scope::ALL.iter().map(|scope| format!("`{scope}`: {}", allows(*scope))).collect::<Vec<_>>().join("\n\n");
    let key = format!("`Authorization: Bearer aw_…`. `afterword key new` makes keys, each with a scope.\n\n{scopes}");
    let signature = "The signature of the helpdesk over the raw body, in the header that the helpdesk uses: \
        `X-Chatwoot-Signature`, `X-Hub-Signature` (Zammad and Intercom), `X-FreeScout-Signature`, `X-HelpScout-Signature` or \
        `X-Zendesk-Webhook-Signature`. OpenAPI can name one header only.";
    json!({
        "key": {"type": "http", "scheme": "bearer", "description": key},
        "basic": {
            "type": "http", "scheme": "basic",
            "description": "A key as the password, with any user name, for helpdesks that can send no other.",
        },
        "signature": {"type": "apiKey", "in": "header", "name": "X-Hub-Signature", "description": signature},
    })
}

fn allows(scope: Scope) -> &'static str {
    match scope {
        Scope::Trigger => "report closings and reopenings.",
        Scope::Read => {
            "read conversations, ratings and reports, and work on follow-ups. Such a key can be limited to a teammate or a \
             team: it sees that part only."
        }
        Scope::Admin => "everything.",
    }
}

/// Answers the description. It tells nothing secret, so it takes no key, and pages of any origin may read it: viewers of
/// such descriptions run elsewhere. The API itself allows no other origin.
async fn document(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    let description = || describe(app.gateway.config.public_url.as_str()).to_string();
    let described = app.description.get_or_init(|| Tagged::new("application/json", description()));
    let mut response = described.answer(&headers);
    response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}
