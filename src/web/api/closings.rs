//! What a helpdesk reports, and what is known of a conversation.
//!
//! It owns the JSON of decisions and conversations. It must not decide anything.

use super::{HandlerResult, teammate};
use crate::gateway::Closed;
use crate::survey::access::Scope;
use crate::survey::closing::Closing;
use crate::survey::conversation::{ClosingRecord, ConversationRecord, SurveyRecord};
use crate::survey::eligibility::Decision;
use crate::survey::outbound::State as MailState;
use crate::survey::{Time, stamp};
use crate::web::body::Unread;
use crate::web::error::Failure;
use crate::web::extract::Segment;
use crate::web::{App, query};
use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

pub(in crate::web) async fn close(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    RawQuery(text): RawQuery,
    body: Unread,
) -> HandlerResult {
    app.access(&headers, Scope::Trigger).await?;
    let dry_run = query::dry_run(text.as_deref())?;
    let closing: Closing = body.json(&app, None).await?;
    Ok(closed(&app.gateway.close(closing, dry_run).await?, dry_run))
}

fn closed(closed: &Closed, dry_run: bool) -> Response {
    match &closed.decision {
        Decision::Ask { survey, send_at, unknown } => {
            let status = if closed.repeat || dry_run { StatusCode::OK } else { StatusCode::ACCEPTED };
            let mut json = json!({"decision": "ask", "survey_id": survey, "send_at": stamp(*send_at)});
            if !unknown.is_empty() {
                json["unknown"] = json!(unknown);
            }
            (status, Json(json)).into_response()
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

pub(in crate::web) async fn reopen(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Segment(id): Segment,
    RawQuery(text): RawQuery,
    body: Unread,
) -> HandlerResult {
    app.access(&headers, Scope::Trigger).await?;
    let conversation = query::conversation(id, text.as_deref())?;
    let Reopened { reopened_at } = body.json(&app, None).await?;
    let cancelled = app.gateway.reopen(conversation, reopened_at).await?;
    Ok(Json(json!({"cancelled": cancelled})).into_response())
}

pub(in crate::web) async fn conversation(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Segment(id): Segment,
    RawQuery(text): RawQuery,
) -> HandlerResult {
    let access = app.access(&headers, Scope::Read).await?;
    let conversation = query::conversation(id, text.as_deref())?;
    let known = app.gateway.conversation(&conversation, &access.within).await?;
    if known.closings.is_empty() && known.reopenings.is_empty() {
        let detail = "no closing or reopening of this conversation was reported";
        return Err(Failure::new(StatusCode::NOT_FOUND, "unknown_conversation", detail));
    }
    Ok(Json(conversation_json(&conversation.id, &known)).into_response())
}

fn conversation_json(id: &str, known: &ConversationRecord) -> Value {
    json!({
        "conversation_id": id,
        "closings": known.closings.iter().map(closing_json).collect::<Vec<_>>(),
        "decisions": known.closings.iter().map(decision_json).collect::<Vec<_>>(),
        "reopenings": known.reopenings.iter().map(|at| stamp(*at)).collect::<Vec<_>>(),
        "surveys": known.surveys.iter().map(survey_json).collect::<Vec<_>>(),
    })
}

fn closing_json(closing: &ClosingRecord) -> Value {
    json!({
        "closed_at": stamp(closing.closed_at), "reported_at": stamp(closing.reported_at), "state": closing.state,
        "subject": closing.subject, "url": closing.url, "channel": closing.channel, "tags": closing.tags,
        "started_by": closing.started_by, "characters": closing.characters,
        "last_reply_at": closing.last_reply_at.map(stamp), "teammate_replied": closing.teammate_replied,
        "customers": closing.customers,
        "teammate": teammate(closing.teammate.as_ref(), closing.teammate_name.as_ref()),
        "team": closing.team, "policy": closing.policy,
    })
}

fn decision_json(closing: &ClosingRecord) -> Value {
    let mut json = json!({"closed_at": stamp(closing.closed_at), "decided_at": stamp(closing.reported_at)});
    match &closing.decision {
        Decision::Ask { survey, unknown, .. } => {
            json["decision"] = json!("ask");
            json["survey_id"] = json!(survey);
            json["unknown"] = json!(unknown);
        }
        Decision::Skip(reasons) => {
            json["decision"] = json!("skip");
            json["reasons"] = json!(reasons);
        }
    }
    json
}

fn survey_json(survey: &SurveyRecord) -> Value {
    let history = survey.history.iter().map(|change| {
        json!({"at": stamp(change.at), "what": change.kind, "score": change.score, "evidence": change.evidence})
    });
    let (mail, rating) = (&survey.mail, survey.standing.rating());
    let note = match mail.state {
        MailState::Cancelled(why) => Some(why.word()),
        _ => mail.note.as_deref(),
    };
    // Of what is done, it would be the end of the last lease.
    let due_at = mail.is_open().then(|| stamp(mail.due_at));
    json!({
        "survey_id": survey.id, "closed_at": stamp(survey.closed_at), "made_at": stamp(survey.made_at),
        "mail": {
            "state": mail.state.word(), "due_at": due_at, "tries": mail.tries, "note": note,
            "accepted_at": mail.accepted_at.map(stamp),
        },
        "standing": survey.standing.word(), "score": rating.map(|rating| rating.score),
        "evidence": rating.map(|rating| rating.evidence), "rated_at": rating.map(|rating| stamp(rating.rated_at)),
        "comment": survey.comment,
        "teammate": teammate(survey.teammate.as_ref(), survey.teammate_name.as_ref()), "team": survey.team,
        "history": history.collect::<Vec<_>>(),
    })
}
