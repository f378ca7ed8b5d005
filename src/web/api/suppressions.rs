//! The suppression list, and what mail providers report.
//!
//! It must not know how an address is hashed.

use super::HandlerResult;
use crate::survey::access::Scope;
use crate::survey::fields::Fault;
use crate::survey::stamp;
use crate::survey::suppression::{Bounce, Cause};
use crate::web::body::Unread;
use crate::web::error::Failure;
use crate::web::extract::Segment;
use crate::web::{App, query};
use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;
use uuid::Uuid;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Suppressed {
    #[serde(default = "opted_out")]
    cause: Cause,
}

fn opted_out() -> Cause {
    Cause::OptedOut
}

pub(in crate::web) async fn suppress(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Segment(email): Segment,
    body: Unread,
) -> HandlerResult {
    app.access(&headers, Scope::Admin).await?;
    // Without a body it is the usual cause: the customer does not want to be asked.
    let usual = Suppressed { cause: Cause::OptedOut };
    let Suppressed { cause } = body.json(&app, Some(usual)).await?;
    app.gateway.suppress(&email, cause).await?;
    Ok(Json(json!({"email": email, "cause": cause})).into_response())
}

pub(in crate::web) async fn unsuppress(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Segment(email): Segment,
) -> HandlerResult {
    app.access(&headers, Scope::Admin).await?;
    let lifted = app.gateway.unsuppress(&email).await?;
    Ok(Json(json!({"email": email, "lifted": lifted})).into_response())
}

pub(in crate::web) async fn list(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    RawQuery(text): RawQuery,
) -> HandlerResult {
    app.access(&headers, Scope::Admin).await?;
    let page = app.gateway.suppressions(&query::suppressions(text.as_deref())?).await?;
    let items = page.items.iter().map(|row| {
        json!({"address": row.address, "address_hash": row.address_hash, "cause": row.cause, "at": stamp(row.at)})
    });
    let next = page.next.as_ref().map(query::suppression_cursor);
    Ok(Json(json!({"items": items.collect::<Vec<_>>(), "next": next})).into_response())
}

/// What the webhook of a mail provider reports, about a survey or about an address.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bounced {
    survey_id: Option<Uuid>,
    email: Option<String>,
    kind: Bounce,
    #[serde(default)]
    reason: String,
}

pub(in crate::web) async fn bounce(State(app): State<Arc<App>>, headers: HeaderMap, body: Unread) -> HandlerResult {
    app.access(&headers, Scope::Admin).await?;
    let Bounced { survey_id, email, kind, reason } = body.json(&app, None).await?;
    match (survey_id, email) {
        (Some(survey), None) => app.gateway.bounced(survey, kind, &reason).await?,
        (None, Some(email)) => app.gateway.bounced_address(&email, kind, &reason).await?,
        _ => {
            let detail = "expected either survey_id or email";
            return Err(Failure::invalid(vec![Fault::body("/survey_id", detail)]));
        }
    }
    Ok(Json(json!({"suppressed": kind.cause()})).into_response())
}
