//! The body of an event that is sent to a webhook: `{"type", "timestamp", "data"}` of Standard Webhooks.
//!
//! Owns the names of the fields. It must not know how a request is made or signed.

use crate::survey::event::{Event, EventKind, Told};
use crate::survey::stamp;
use serde_json::{Value, json};

/// An event as webhooks get it. Customers are named by the helpdesk's id and by name, never by address.
#[must_use]
pub fn webhook(event: &Event) -> Value {
    let mut data = json!({
        "survey_id": event.survey, "connection": event.conversation.connection,
        "conversation_id": event.conversation.id, "closed_at": stamp(event.closed_at), "subject": event.subject,
        "url": event.url, "policy": event.policy, "tags": event.tags,
        "customer": {"id": event.customer_id, "name": event.customer_name},
        "teammate": event.teammate.as_ref().map(|teammate| json!({"id": teammate.id, "name": teammate.name})),
        "team": event.team,
    });
    let of_kind = match event.kind {
        EventKind::SurveySkipped => Some(("reasons", json!(event.skipped))),
        EventKind::SurveyBounced => Some(("bounce", json!(event.bounce))),
        EventKind::SurveySent | EventKind::SurveyErased => None,
        EventKind::RatingSet
        | EventKind::RatingChanged
        | EventKind::RatingCommented
        | EventKind::RatingHeld
        | EventKind::RatingVoided => Some(("rating", event.rating.as_ref().map_or(Value::Null, rating))),
    };
    if let Some((name, value)) = of_kind {
        data[name] = value;
    }
    json!({"type": event.kind, "timestamp": stamp(event.at), "data": data})
}

/// The fields have the names that `GET /v1/ratings` has for them.
fn rating(told: &Told) -> Value {
    json!({
        "score": told.score, "previous_score": told.previous, "standing": told.standing, "evidence": told.evidence,
        "rated_at": stamp(told.rated_at), "comment": told.comment, "reasons": told.reasons,
        "answer": told.answer.as_ref().map(|(question, choice)| json!({"question": question, "choice": choice})),
    })
}

/// What names an event for receivers, the same in every attempt and replay.
#[must_use]
pub fn message_id(event: &Event) -> String {
    format!("msg_{}", event.id.simple())
}
