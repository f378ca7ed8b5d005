//! The HTTP API for helpdesks and teams: each handler extracts, calls one verb, renders.
//!
//! It owns the JSON of the contract. It must not decide anything.

use super::App;
use super::error::Failure;
use super::extract::{self, Segment};
use crate::gateway::{Conversation, Decided, RatingsQuery, Report, ReportQuery};
use crate::store::{Decision, Group, RatingRow, Scope, SurveyRow};
use crate::survey::Time;
use crate::survey::closing::{Closing, Fault};
use crate::survey::delivery::Bounce;
use crate::survey::eligibility::Cause;
use crate::survey::report::Figures;
use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::SecondsFormat;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use uuid::Uuid;

type Body = Result<Bytes, BytesRejection>;
type Answer = Result<Response, Failure>;

pub(super) async fn close(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    body: Body,
) -> Answer {
    app.access(&headers, Scope::Trigger).await?;
    let [dry_run] = extract::query(query.as_deref(), ["dry_run"])?;
    let dry_run = match dry_run.as_deref() {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(Failure::invalid(vec![Fault::new("dry_run", "expected true or false")])),
    };
    let closing: Closing = extract::json(body)?;
    Ok(decided(&app.gateway.close(closing, dry_run).await?))
}

fn decided(decided: &Decided) -> Response {
    match &decided.decision {
        Decision::Ask { survey, send_at } => {
            let status = if decided.settled { StatusCode::OK } else { StatusCode::ACCEPTED };
            (status, Json(json!({"decision": "ask", "survey_id": survey, "send_at": stamp(*send_at)}))).into_response()
        }
        Decision::Skip(reasons) => Json(json!({"decision": "skip", "reasons": reasons})).into_response(),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reopened {
    #[serde(deserialize_with = "crate::survey::closing::time")]
    reopened_at: Time,
}

pub(super) async fn reopen(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Segment(id): Segment,
    body: Body,
) -> Answer {
    app.access(&headers, Scope::Trigger).await?;
    let Reopened { reopened_at } = extract::json(body)?;
    let cancelled = app.gateway.reopen(id, reopened_at).await?;
    Ok(Json(json!({"cancelled": cancelled})).into_response())
}

pub(super) async fn conversation(State(app): State<Arc<App>>, headers: HeaderMap, Segment(id): Segment) -> Answer {
    let access = app.access(&headers, Scope::Read).await?;
    let known = app.gateway.conversation(&id, &access.within).await?;
    if known.closings.is_empty() && known.reopenings.is_empty() {
        let detail = "nothing was reported of this conversation";
        return Err(Failure::new(StatusCode::NOT_FOUND, "unknown_conversation", detail));
    }
    Ok(Json(conversation_json(&id, &known)).into_response())
}

fn conversation_json(id: &str, known: &Conversation) -> Value {
    let closings = known.closings.iter().map(|closing| {
        json!({
            "closed_at": stamp(closing.closed_at), "reported_at": stamp(closing.reported_at), "state": closing.state,
            "subject": closing.subject, "started_by": closing.started_by, "characters": closing.characters,
            "last_reply_at": closing.last_reply_at.map(stamp), "teammate_replied": closing.teammate_replied,
            "customers": closing.customers, "teammate": closing.teammate, "team": closing.team, "policy": closing.policy,
        })
    });
    let decisions = known.closings.iter().map(|closing| {
        let (closed_at, decided_at) = (stamp(closing.closed_at), stamp(closing.reported_at));
        match closing.survey {
            Some(survey) => {
                json!({"closed_at": closed_at, "decided_at": decided_at, "decision": "ask", "survey_id": survey})
            }
            None => {
                let reasons = &closing.reasons;
                json!({"closed_at": closed_at, "decided_at": decided_at, "decision": "skip", "reasons": reasons})
            }
        }
    });
    json!({
        "conversation_id": id,
        "closings": closings.collect::<Vec<_>>(),
        "decisions": decisions.collect::<Vec<_>>(),
        "reopenings": known.reopenings.iter().map(|at| stamp(*at)).collect::<Vec<_>>(),
        "surveys": known.surveys.iter().map(survey_json).collect::<Vec<_>>(),
    })
}

fn survey_json(survey: &SurveyRow) -> Value {
    let history = survey.history.iter().map(|change| {
        json!({"at": stamp(change.at), "what": change.what, "score": change.score, "evidence": change.evidence})
    });
    json!({
        "survey_id": survey.id, "closed_at": stamp(survey.closed_at), "made_at": stamp(survey.made_at),
        "mail": {
            "state": survey.mail, "due_at": stamp(survey.due_at), "tries": survey.tries, "note": survey.mail_note,
            "accepted_at": survey.accepted_at.map(stamp),
        },
        "standing": survey.standing, "score": survey.score, "evidence": survey.evidence,
        "rated_at": survey.rated_at.map(stamp), "comment": survey.comment,
        "teammate": survey.teammate, "team": survey.team, "history": history.collect::<Vec<_>>(),
    })
}

pub(super) async fn report(State(app): State<Arc<App>>, headers: HeaderMap, RawQuery(query): RawQuery) -> Answer {
    let access = app.access(&headers, Scope::Read).await?;
    let [by, from, to] = extract::query(query.as_deref(), ["by", "from", "to"])?;
    let report = app.gateway.report(&ReportQuery { by, from, to }, &access.within).await?;
    Ok(Json(report_json(&report)).into_response())
}

/// The report of the contract; the command line prints the same.
#[must_use]
pub fn report_json(report: &Report) -> Value {
    let row = |group: &Group| {
        let mut row = json!({"id": group.id, "name": group.name});
        if let (Value::Object(row), Value::Object(figures)) = (&mut row, figures_json(&group.figures)) {
            row.extend(figures);
        }
        row
    };
    json!({
        "from": report.from.to_string(), "to": report.to.to_string(), "by": report.by.word(),
        "total": figures_json(&report.total), "rows": report.rows.iter().map(row).collect::<Vec<_>>(),
    })
}

fn figures_json(figures: &Figures) -> Value {
    json!({
        "asked": figures.asked, "answered": figures.answered, "ratings": figures.ratings(),
        "positive": figures.positive, "csat": figures.csat(), "scores": figures.scores,
        "held": figures.held, "unconfirmed": figures.unconfirmed,
    })
}

pub(super) async fn ratings(State(app): State<Arc<App>>, headers: HeaderMap, RawQuery(query): RawQuery) -> Answer {
    let access = app.access(&headers, Scope::Read).await?;
    let names = ["from", "to", "score", "teammate", "team", "commented", "limit", "cursor"];
    let [from, to, score, teammate, team, commented, limit, cursor] = extract::query(query.as_deref(), names)?;
    let wanted = RatingsQuery { from, to, score, teammate, team, commented, limit, cursor };
    let ratings = app.gateway.ratings(&wanted, &access.within).await?;
    let items: Vec<_> = ratings.items.iter().map(rating_json).collect();
    Ok(Json(json!({"items": items, "next": ratings.next})).into_response())
}

fn rating_json(rating: &RatingRow) -> Value {
    let teammate = rating.teammate.as_ref().map(|id| json!({"id": id, "name": rating.teammate_name}));
    json!({
        "survey_id": rating.survey, "conversation_id": rating.conversation, "rated_at": stamp(rating.rated_at),
        "score": rating.score, "evidence": rating.evidence, "standing": rating.standing, "comment": rating.comment,
        "teammate": teammate, "team": rating.team, "url": rating.url,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Suppressed {
    #[serde(default = "opted_out")]
    cause: Cause,
}

fn opted_out() -> Cause {
    Cause::OptedOut
}

pub(super) async fn suppress(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Segment(email): Segment,
    body: Body,
) -> Answer {
    app.access(&headers, Scope::Admin).await?;
    let body = extract::bytes(body)?;
    // What is left out is the usual: the customer does not want to be asked.
    let body = if body.is_empty() { Bytes::from_static(b"{}") } else { body };
    let Suppressed { cause } = extract::json(Ok(body))?;
    app.gateway.suppress(&email, cause).await?;
    Ok(Json(json!({"email": email, "cause": cause})).into_response())
}

pub(super) async fn unsuppress(State(app): State<Arc<App>>, headers: HeaderMap, Segment(email): Segment) -> Answer {
    app.access(&headers, Scope::Admin).await?;
    let lifted = app.gateway.unsuppress(&email).await?;
    Ok(Json(json!({"email": email, "lifted": lifted})).into_response())
}

pub(super) async fn suppressions(State(app): State<Arc<App>>, headers: HeaderMap, RawQuery(query): RawQuery) -> Answer {
    app.access(&headers, Scope::Admin).await?;
    let [limit, cursor] = extract::query(query.as_deref(), ["limit", "cursor"])?;
    let page = app.gateway.suppressions(limit.as_deref(), cursor.as_deref()).await?;
    let items = page.items.iter().map(|row| {
        json!({"address": row.address, "address_hash": row.address_hash, "cause": row.cause, "at": stamp(row.at)})
    });
    Ok(Json(json!({"items": items.collect::<Vec<_>>(), "next": page.next})).into_response())
}

/// What the webhook of a mail provider says, of a survey or of an address.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bounced {
    survey_id: Option<Uuid>,
    email: Option<String>,
    kind: Bounce,
    #[serde(default)]
    reason: String,
}

pub(super) async fn bounce(State(app): State<Arc<App>>, headers: HeaderMap, body: Body) -> Answer {
    app.access(&headers, Scope::Admin).await?;
    let Bounced { survey_id, email, kind, reason } = extract::json(body)?;
    match (survey_id, email) {
        (Some(survey), None) => app.gateway.bounced(survey, kind, &reason).await?,
        (None, Some(email)) => app.gateway.bounced_address(&email, kind, &reason).await?,
        _ => {
            let detail = "expected either survey_id or email";
            return Err(Failure::invalid(vec![Fault::new("/survey_id", detail)]));
        }
    }
    Ok(Json(json!({"suppressed": kind.cause()})).into_response())
}

/// RFC 3339 in UTC, as short as the time allows.
fn stamp(time: Time) -> String {
    time.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}
