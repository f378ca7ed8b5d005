//! The calls about follow-ups, and about what admins decide.
//!
//! It must not know what may be done when.

use super::reports::{paging, period, within_the_team};
use crate::gateway::LONGEST_REASON;
use crate::survey::access::Scope;
use crate::survey::follow_up::{Deed, LONGEST_NOTE, State};
use crate::survey::moderation::Act;
use crate::web::api::{follow_ups, moderation};
use crate::web::code::Code;
use crate::web::openapi::SURVEY;
use crate::web::openapi::operation::{Door, Group, Operation, get, post, query, segment};
use crate::web::openapi::schema::{may, must, of, strict, text, uuid, within, words_of};
use axum::http::StatusCode;
use serde_json::{Value, json};

const OF_SURVEY: &str = "The `survey_id` of the rating.";

pub(super) fn all() -> Vec<Operation> {
    vec![list(), follow(), moderate()]
}

fn list() -> Operation {
    let about = "Lists unhappy customers to call back, oldest first. With `state=done` the newest come first. \
                 `[follow_up]` sets which ratings open a follow-up.";
    let state = words_of!(State).about("How far it is. Without it: those that aren't done.");
    get("/v1/follow-ups", "listFollowUps", follow_ups::list)
        .is(Group::Decide, "List follow-ups", about)
        .by(Door::Key(Scope::Read))
        .with([query("state", state)])
        .with(period())
        .with(within_the_team())
        .with(paging())
        .answers(
            StatusCode::OK,
            "One page of follow-ups.",
            of("FollowUps"),
            [("page", "The only page", json!({"items": [taken()], "next": null}))],
        )
}

fn follow() -> Operation {
    let about = "Takes, notes, finishes or reopens a follow-up, in the name of the key. A `read` key may do so, because \
                 teammates call customers back, and no figure depends on it. A repeat changes nothing.";
    let seen = "That of the row you saw. With it, you can take over or finish what another has; without it, you can't.";
    let note = "What was done. It can come with everything, and `note` needs it.";
    post("/v1/follow-ups/{survey}", "followUp", follow_ups::follow)
        .is(Group::Decide, "Work on a follow-up", about)
        .by(Door::Key(Scope::Read))
        .with([segment("survey", uuid().about(OF_SURVEY), SURVEY)])
        .takes(
            strict([
                must("do", words_of!(Deed).about("What you do about it.")),
                may("note", text().longest(LONGEST_NOTE).or_null().about(note)),
                may("seen", within(0, u32::MAX).or_null().about(seen)),
            ]),
            [("take", "Taking it", json!({"do": "take", "note": "I call on Monday.", "seen": 0}))],
        )
        .answers(StatusCode::OK, "The follow-up as it is now.", of("FollowUp"), [("taken", "It is taken", taken())])
        .fails([Code::UnknownSurvey, Code::ChangedMeanwhile])
}

fn moderate() -> Operation {
    let about = "`release`: a held rating counts, at the time that it was given. `discard`: a held rating goes, nobody has \
                 rated, and the customer can rate again. `void`: a rating counts nowhere, and the links of its survey show a \
                 page that takes nothing. `restore`: a voided rating stands as it did before.\n\n\
                 Figures follow at once. The history of the rating keeps the name of the key, the time and the reason. A \
                 repeat changes nothing.";
    let reason = "Why. Erasing the customer deletes it, because it may name them.";
    let done = json!({"survey_id": SURVEY, "standing": "voided", "score": 2, "changed": true});
    post("/v1/surveys/{id}/{act}", "decideAboutRating", moderation::moderate)
        .is(Group::Decide, "Decide about a rating", about)
        .by(Door::Key(Scope::Admin))
        .with([
            segment("id", uuid().about(OF_SURVEY), SURVEY),
            segment("act", words_of!(Act).about("What to do with the rating."), "void"),
        ])
        .takes(
            strict([must("reason", text().lengths(1, LONGEST_REASON).about(reason))]),
            [("void", "Voiding an abusive rating", json!({"reason": "A teammate rated for a joke."}))],
        )
        .answers(StatusCode::OK, "How the rating stands now.", of("Moderated"), [("voided", "It is voided", done)])
        .fails([Code::UnknownSurvey, Code::WrongStanding])
}

fn taken() -> Value {
    let (rated_at, taken_at) = ("2026-11-22T10:20:00Z", "2026-11-22T11:00:00Z");
    let step = json!({"at": taken_at, "who": "grace", "do": "take", "score": 2, "note": "I call on Monday."});
    json!({
        "survey_id": SURVEY, "connection": "", "conversation_id": "8841", "opened_at": rated_at, "state": "taken",
        "who": "grace", "changed_at": taken_at, "seen": 1, "score": 2, "standing": "locked", "rated_at": rated_at,
        "comment": "It took a week.", "reasons": ["slow"], "answer": null,
        "teammate": {"id": "t7", "name": "Grace"}, "team": "Billing", "url": "https://desk.example.com/8841",
        "erased_at": null, "steps": [step],
    })
}
