//! What is known of a conversation, as JSON for programs and as a story for people.
//!
//! It owns the JSON of conversations and how the story looks. It must not know what the story says.

use super::teammate;
use crate::survey::conversation::{ClosingRecord, ConversationRecord, SurveyRecord};
use crate::survey::eligibility::Decision;
use crate::survey::enrichment::Waiting;
use crate::survey::evidence::Change;
use crate::survey::outbound::State as MailState;
use crate::survey::page::Visitor;
use crate::survey::rating::Score;
use crate::survey::story::{self, Line};
use crate::survey::trail::{Try, View};
use crate::survey::{Time, stamp};
use chrono_tz::Tz;
use serde_json::{Value, json};

/// A conversation of the HTTP contract.
#[must_use]
pub fn json(id: &str, known: &ConversationRecord) -> Value {
    json!({
        "conversation_id": id,
        "closings": known.closings.iter().map(closing_json).collect::<Vec<_>>(),
        "decisions": known.closings.iter().map(decision_json).collect::<Vec<_>>(),
        "waiting": known.waiting.iter().map(waiting_json).collect::<Vec<_>>(),
        "reopenings": known.reopenings.iter().map(|at| stamp(*at)).collect::<Vec<_>>(),
        "surveys": known.surveys.iter().map(survey_json).collect::<Vec<_>>(),
        "story": story_json(&story::tell_all(known)),
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
        "fetched_at": closing.fetched.as_ref().map(|fetched| stamp(fetched.at)),
        "fetch_failed": closing.fetched.as_ref().and_then(|fetched| fetched.failed.as_ref()),
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

fn waiting_json(waiting: &Waiting) -> Value {
    json!({
        "closed_at": stamp(waiting.closing.closed_at), "reported_at": stamp(waiting.told_at),
        "next_try_at": stamp(waiting.due_at), "tries": waiting.tries, "why": waiting.why,
    })
}

fn survey_json(survey: &SurveyRecord) -> Value {
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
        "reasons": survey.answers.reasons().collect::<Vec<_>>(), "answer": super::ratings::answer(&survey.answers),
        "teammate": teammate(survey.teammate.as_ref(), survey.teammate_name.as_ref()), "team": survey.team,
        "history": survey.history.iter().map(change_json).collect::<Vec<_>>(),
        "views": survey.trail.views.iter().map(view_json).collect::<Vec<_>>(),
        "tries": survey.trail.tries.iter().map(try_json).collect::<Vec<_>>(),
        "holds": survey.holds().iter().map(hold_json).collect::<Vec<_>>(),
        "story": story_json(&story::tell(survey)),
    })
}

/// A change of a standing, in the HTTP contract.
pub(super) fn change_json(change: &Change) -> Value {
    let (who, reason) = change.by.as_ref().map(|by| (&by.who, &by.reason)).unzip();
    json!({
        "at": stamp(change.at), "what": change.kind, "score": change.score, "evidence": change.evidence,
        "who": who, "reason": reason,
    })
}

fn view_json(view: &View) -> Value {
    let Visitor { machine, phone, webmail } = view.visitor;
    json!({"at": stamp(view.at), "score": view.score, "machine": machine, "phone": phone, "webmail": webmail})
}

fn try_json(attempt: &Try) -> Value {
    json!({"at": stamp(attempt.at), "score": attempt.score, "how": attempt.how, "fate": attempt.fate})
}

fn hold_json((from, until, score): &(Time, Option<Time>, Score)) -> Value {
    json!({"from": stamp(*from), "until": until.map(stamp), "score": score})
}

fn story_json(lines: &[Line]) -> Value {
    lines.iter().map(|line| json!({"at": stamp(line.at), "text": line.text})).collect()
}

/// The story of a conversation for people, in the local time of a zone, and where its surveys stand now.
#[must_use]
pub fn text(id: &str, known: &ConversationRecord, zone: Tz) -> String {
    let local = |at: Time| at.with_timezone(&zone).format("%Y-%m-%d %H:%M:%S");
    let mut text = format!("Conversation {id}, times of {zone}\n\n");
    text.extend(story::tell_all(known).iter().map(|line| format!("{}  {}\n", local(line.at), line.text)));
    text.extend(stands(known, zone).iter().map(|sentence| format!("\n{sentence}\n")));
    text
}

/// Where each survey of a conversation stands now, in the local time of a zone.
#[must_use]
pub fn stands(known: &ConversationRecord, zone: Tz) -> Vec<String> {
    let local = |at: Time| at.with_timezone(&zone).format("%Y-%m-%d %H:%M:%S");
    let survey = |(number, survey): (usize, &SurveyRecord)| {
        let which = if known.surveys.len() > 1 { format!("{number}, ") } else { String::new() };
        let mail = match survey.mail.state {
            MailState::Waiting => format!("its mail waits until {}", local(survey.mail.due_at)),
            MailState::Sending(_) => "its mail is being sent".into(),
            MailState::Accepted => "its mail was sent".into(),
            MailState::Failed => "its mail failed".into(),
            MailState::Cancelled(_) => "no mail goes out".into(),
        };
        format!("Survey {which}{}: {mail}; {}", survey.id, story::stands(&survey.standing))
    };
    (1..).zip(&known.surveys).map(survey).collect()
}
