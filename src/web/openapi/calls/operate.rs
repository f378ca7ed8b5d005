//! The calls about how the service does, and those that describe the API itself.
//!
//! It must not know how any of it is found out.

use crate::survey::access::Scope;
use crate::web::openapi::operation::{Door, Group, Operation, get};
use crate::web::openapi::schema::{any, by_name, of};
use crate::web::{openapi, operate};
use axum::http::StatusCode;
use serde_json::{Value, json};

pub(super) fn all() -> Vec<Operation> {
    vec![
        get("/v1/status", "getStatus", operate::status)
            .is(Group::Operate, "Look at the service", "How the service does: its mails, its errors and its workers.")
            .by(Door::Key(Scope::Admin))
            .answers(StatusCode::OK, "How it does.", of("Status"), [("fine", "All is well", status())]),
        get("/openapi.json", "getDescription", openapi::document)
            .is(
                Group::Operate,
                "Describe the API",
                "This description, as OpenAPI 3.1. Pages of any origin may read it, so that viewers of such descriptions \
                 can show it. It has an `ETag`.",
            )
            .answers(StatusCode::OK, "The description.", by_name(any()), []),
    ]
}

fn status() -> Value {
    let at = "2026-11-22T10:00:00Z";
    json!({
        "now": at, "version": env!("CARGO_PKG_VERSION"), "config": "/etc/afterword/afterword.toml",
        "database": {"file": "/var/lib/afterword/afterword.db", "bytes": 12_400_000},
        "mail": {
            "route": "smtps://relay.example.com:465", "waiting": 0, "oldest_due": null, "last_accepted": at,
            "accepted_24h": 41, "failed_24h": 0, "last_error": null,
        },
        "closings_waiting": 0,
        "refused_24h": {"unknown_key": 2},
        "targets": [{
            "name": "webhook.crm", "waiting": 1, "oldest_due": null, "failed": 0, "last_error": null, "disabled": null,
        }],
        "service": {
            "running": true, "version": env!("CARGO_PKG_VERSION"), "pid": 4711, "started_at": at, "seen_at": at,
            "stopped_at": null, "degraded": [], "workers": {"wanted": 4, "alive": 4, "panics": 0},
        },
    })
}
