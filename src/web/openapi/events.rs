//! The events that webhooks get, for the description: the body of each kind, its headers, and what a receiver answers.
//!
//! The examples are bodies as they are sent. It must not know when an event is sent, nor to whom.

use super::operation::media;
use super::schema::{Schema, list, must, object, of, text, time, uuid, within, word, words, words_of};
use super::{EXAMPLE_TIME, SURVEY};
use crate::gateway::{NO_RECIPIENT, webhook_body};
use crate::survey::event::{Event, EventKind};
use crate::survey::page::Evidence;
use crate::survey::suppression::Bounce;
use serde_json::{Map, Value, json};

/// What all of them have in common, in Markdown as that of a call.
pub(super) const ABOUT: &str = "Afterword posts these to each receiver in `[webhook.NAME]` of its configuration. They follow Standard \
    Webhooks: the headers `webhook-id`, `webhook-timestamp` and `webhook-signature` prove that an event is genuine. The same \
    event may come twice, with the same `webhook-id`.\n\n\
    A status of 200 to 299 within 15 seconds takes an event, and 410 turns the receiver off. After any other answer the \
    event is sent again, for three days. `docs/webhooks.md` tells when events are sent, and how to verify the signature.";

/// What a kind of event tells, in Markdown as that of a call.
pub(super) fn about(kind: EventKind) -> &'static str {
    match kind {
        EventKind::SurveySent => "The mail server accepted the mail of a survey.",
        EventKind::SurveySkipped => "A conversation was closed, and nobody is asked about it.",
        EventKind::SurveyBounced => "The mail didn't reach its customer, or the customer reported it as spam.",
        EventKind::SurveyErased => {
            "The customer asked to be forgotten. Delete the name, the subject and the comment that you keep; the score stays."
        }
        EventKind::RatingSet => "A rating counts, and you had none of this survey that counts.",
        EventKind::RatingChanged => {
            "The rating has another score now. `previous_score` is the one that you got before."
        }
        EventKind::RatingCommented => "The customer wrote a comment. Score and comment never change again.",
        EventKind::RatingHeld => {
            "The rating is doubted, because its clicks look like a machine's. It doesn't count until a person confirms it; \
             then `rating.set` follows."
        }
        EventKind::RatingVoided => {
            "The rating counts no more: an admin voided or discarded it. Take the score and the comment out of your copy."
        }
    }
}

/// The body of a kind of event.
pub(super) fn schema(kind: EventKind) -> Schema {
    let data = object([
        must("survey_id", uuid().or_null().about("Null if nobody was asked.")),
        must("connection", text().about("The helpdesk that reported it; empty for `POST /v1/closings`.")),
        must("conversation_id", text()),
        must("closed_at", time()),
        must("subject", text().or_null()),
        must("url", text().or_null().about("Where teammates find the conversation.")),
        must("policy", text().or_null()),
        must("tags", list(text())),
        must(
            "customer",
            object([must("id", text().or_null()), must("name", text().or_null())]).about("The address is never sent."),
        ),
        must("teammate", of("Person").or_null()),
        must("team", text().or_null().about("The team at the time of the closing.")),
    ]);
    let data = match kind {
        EventKind::SurveySent | EventKind::SurveyErased => data,
        EventKind::SurveySkipped => data.and([must("reasons", list(of("Reason")).about("Every rule that failed."))]),
        EventKind::SurveyBounced => data.and([must("bounce", bounce())]),
        EventKind::RatingVoided => data.and([must("rating", of("EventRating").or_null().about("Null."))]),
        EventKind::RatingSet | EventKind::RatingChanged | EventKind::RatingCommented | EventKind::RatingHeld => {
            data.and([must("rating", of("EventRating"))])
        }
    };
    object([must("type", word(kind.word())), must("timestamp", time().about("When it happened.")), must("data", data)])
}

fn bounce() -> Schema {
    words([NO_RECIPIENT].into_iter().chain(Bounce::ALL.iter().map(|bounce| bounce.word())))
        .about("`no_recipient`: the mail server refused the recipient for good. Others are what was reported.")
}

/// The schemas that only events have.
pub(super) fn schemas() -> Vec<(&'static str, Schema)> {
    let rating = object([
        must("score", within(1, 5).about("1 (terrible) to 5 (amazing).")),
        must("previous_score", within(1, 5).or_null().about("The score that you got before, if that was another.")),
        must("standing", of("Standing")),
        must("evidence", words_of!(Evidence)),
        must("rated_at", time()),
        must("comment", text().or_null()),
        must("reasons", list(text()).about("Keys of the reasons that were ticked.")),
        must("answer", of("OwnAnswer").or_null()),
    ]);
    vec![("EventRating", rating.about("A rating as events tell it."))]
}

/// The body of a kind of event, with made-up content.
pub(super) fn example(kind: EventKind) -> Value {
    let id = SURVEY.parse().expect("the survey of the examples has a UUID");
    let at = EXAMPLE_TIME.parse().expect("the time of the examples is one");
    webhook_body(&Event::sample(id, kind, at))
}

/// All kinds, as the document has them.
pub(super) fn webhooks() -> Map<String, Value> {
    EventKind::ALL.iter().map(|kind| (kind.to_string(), json!({"post": operation(*kind)}))).collect()
}

fn operation(kind: EventKind) -> Value {
    let header = |name: &str, about: &str, example: &str| {
        json!({"name": name, "in": "header", "required": true, "description": about, "example": example,
            "schema": {"type": "string"}})
    };
    json!({
        "operationId": id(kind), "tags": [TAG], "summary": kind, "description": about(kind), "security": [],
        "parameters": [
            header("webhook-id", "Names the event: the same in each attempt.", "msg_0d5ee0a2a0f34c5c9b0e6f1c2d3e4f50"),
            header("webhook-timestamp", "When it is sent, in seconds of Unix time.", "1795528800"),
            header("webhook-signature", "`v1,` and the signature in base64; several are between spaces.",
                "v1,zf5+1d/UsBTeeur9GR1+t8NWN8kabFStxzXsoXmYFrM="),
        ],
        "requestBody": {"required": true, "content": {"application/json":
            media(&schema(kind), &[("made_up", "Made up", example(kind))])}},
        "responses": {
            "2XX": {"description": "It was taken."},
            "410": {"description": "No more events are wanted. None is sent until `afterword webhook enable`."},
            "default": {"description": "It is sent again, for three days."},
        },
    })
}

/// The tag of all of them.
pub(super) const TAG: &str = "Events";

/// Its name in generated code, such as `surveySent`.
fn id(kind: EventKind) -> String {
    let (of, what) = kind.word().split_once('.').unwrap_or((kind.word(), ""));
    let (first, rest) = what.split_at(what.len().min(1));
    format!("{of}{}{rest}", first.to_uppercase())
}
