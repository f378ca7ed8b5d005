//! Chatwoot: webhooks of an account.
//!
//! The payload of a conversation holds its newest message only, so how much was written is unknown. Its id is unique within
//! one account, so each account needs a connection of its own.

use super::facts::{self, customer, teammate};
use super::node::Node;
use super::{Report, Unreadable, nothing_for, required};
use crate::survey::closing::{Closing, Customer, Teammate};

/// What `message_type` says, as a number or a word. Activities and templates, such as the survey of Chatwoot itself, are no
/// replies.
pub(super) const FROM_CUSTOMER: [&str; 2] = ["0", "incoming"];
pub(super) const FROM_TEAM: [&str; 2] = ["1", "outgoing"];

pub(super) fn read(payload: Node) -> Result<Report, Unreadable> {
    match payload.at("event").text().as_deref() {
        Some("conversation_status_changed" | "conversation_resolved") => status_changed(payload),
        Some("message_created") => message_created(payload),
        Some(event) => Ok(nothing_for(event, "is an event that closes nothing")),
        None => Ok(Report::Nothing("the payload names no event".into())),
    }
}

fn status_changed(payload: Node) -> Result<Report, Unreadable> {
    let conversation_id = required(payload.at("id").id(), "/id", "expected the id of a conversation")?;
    // `timestamp` is that of the last activity, which a change of the status is, too.
    let changed_at = payload.at("updated_at").time().or_else(|| payload.at("timestamp").time());
    let at = required(changed_at, "/updated_at", "expected the time of the change")?;
    match payload.at("status").text().as_deref() {
        Some("resolved") => Ok(closed(payload, facts::closing(conversation_id, at))),
        Some("open" | "pending" | "snoozed") => Ok(Report::GoesOn { conversation_id, at }),
        Some(status) => Ok(nothing_for(status, "is no status that is known here")),
        None => Ok(Report::Nothing("the payload tells no status".into())),
    }
}

fn message_created(payload: Node) -> Result<Report, Unreadable> {
    let kind = payload.at("message_type").id().unwrap_or_default();
    if !FROM_CUSTOMER.contains(&kind.as_str()) || payload.at("private").flag() == Some(true) {
        return Ok(Report::Nothing("the message is not from a customer".into()));
    }
    let pointer = "/conversation/id";
    let conversation_id = required(payload.at("conversation.id").id(), pointer, "expected the id of a conversation")?;
    let at = required(payload.at("created_at").time(), "/created_at", "expected the time of the message")?;
    Ok(Report::GoesOn { conversation_id, at })
}

fn closed(payload: Node, closing: Closing) -> Report {
    let (inbox, team) = (payload.at("inbox_id"), payload.at("meta.team"));
    let replies = payload.at("messages").items().filter(|message| message.at("private").flag() != Some(true));
    let newest = replies.max_by_key(|message| message.at("created_at").time());
    let kind = newest.and_then(|message| message.at("message_type").id()).unwrap_or_default();
    let writer = newest.filter(|_| FROM_TEAM.contains(&kind.as_str())).and_then(|message| writer(payload, message));
    let is_reply = writer.is_some() || FROM_CUSTOMER.contains(&kind.as_str());
    // Set once a teammate answered. Without it, nobody may have, or the server is too old to tell.
    let answered = writer.is_some() || payload.at("first_reply_created_at").time().is_some();
    let channel = payload.at("channel").text();
    let closing = Closing {
        subject: payload.at("additional_attributes.mail_subject").text(),
        channel: channel.map(|channel| channel.trim_start_matches("Channel::").to_lowercase()),
        last_reply_at: newest.filter(|_| is_reply).and_then(|message| message.at("created_at").time()),
        teammate_replied: answered.then_some(true),
        customers: customers(payload),
        teammate: writer,
        tags: payload.at("labels").items().filter_map(Node::text).collect(),
        ..closing
    };
    facts::closed(closing, &[inbox], &[team.at("id"), team.at("name")])
}

/// The teammate who wrote a message; `None` if that was a bot, or nobody tells who.
fn writer(payload: Node, message: Node) -> Option<Teammate> {
    let by_a_person = message.at("sender_type").text().is_some_and(|kind| kind == "User");
    let id = message.at("sender_id").id().or_else(|| message.at("sender.id").id()).filter(|_| by_a_person)?;
    let team = payload.at("meta.team.name").text();
    // The message names its writer by id only in some versions. The name then is the assignee's, if they are the same.
    let people = [message.at("sender"), payload.at("meta.assignee")];
    let named = people.into_iter().filter_map(|person| teammate(person, team.clone())).find(|person| person.id == id);
    Some(named.unwrap_or(Teammate { id, name: None, email: None, team }))
}

/// The sender, and the other members if it is a group.
fn customers(payload: Node) -> Vec<Customer> {
    let locale = payload.at("additional_attributes.browser_language").text();
    let sender = payload.at("meta.sender");
    let first = sender.is_there().then(|| Customer { locale, ..customer(sender) });
    let others = payload.at("group_contacts").items().map(|member| customer(member.at("contact")));
    let id = first.as_ref().and_then(|first| first.id.clone());
    let others: Vec<_> = others.filter(|other| other.id.is_none() || other.id != id).collect();
    first.into_iter().chain(others).collect()
}

#[cfg(test)]
mod tests {
    use crate::helpdesk::Kind;
    use crate::helpdesk::cases::Table;
    use serde_json::json;

    #[test]
    fn a_change_of_the_status() {
        let rows = vec![
            (
                "everything",
                json!({}),
                json!({
                    "/conversation_id": "8841", "/closed_at": "2026-11-22T10:00:00.250Z", "/state": "closed",
                    "/subject": "Refund", "/channel": "webwidget", "/url": null, "/started_by": null, "/characters": null,
                    "/last_reply_at": "2026-11-22T09:58:00Z", "/teammate_replied": true, "/tags": ["refund", "vip"],
                    "/customers": [{"id": "31", "email": "ada@example.com", "name": "Ada", "kind": null, "locale": "de"}],
                    "/teammate": {"id": "7", "name": "Grace", "email": "grace@example.com", "team": "Billing"},
                    "/inboxes": ["4"], "/teams": ["2", "Billing"], "/ask": true,
                }),
            ),
            ("the old event", json!({"/event": "conversation_resolved"}), json!({"/conversation_id": "8841"})),
            (
                "null email",
                json!({"/meta/sender/email": null}),
                json!({"/customers/0/email": null, "/customers/0/id": "31"}),
            ),
            ("blank email", json!({"/meta/sender/email": ""}), json!({"/customers/0/email": null})),
            ("no contact", json!({"/meta": {}}), json!({"/customers/0/id": null, "/teams": []})),
            (
                "two contacts",
                json!({"/group_contacts": [
                    {"id": 1, "contact_id": 31, "contact": {"id": 31, "email": "ada@example.com"}},
                    {"id": 2, "contact_id": 32, "contact": {"id": 32, "email": "eve@example.com"}},
                ]}),
                json!({"/customers/0/id": "31", "/customers/1/email": "eve@example.com", "/customers/2": null}),
            ),
            (
                "the customer wrote last",
                json!({"/messages/0/message_type": 0, "/messages/0/sender_type": "Contact"}),
                json!({"/teammate": null, "/last_reply_at": "2026-11-22T09:58:00Z", "/teammate_replied": true}),
            ),
            (
                "a bot wrote last, and nobody is known to have answered",
                json!({"/messages/0/sender_type": "AgentBot", "/first_reply_created_at": null}),
                json!({"/teammate": null, "/last_reply_at": null, "/teammate_replied": null}),
            ),
            (
                "the survey of Chatwoot came last",
                json!({"/messages/0/message_type": 3, "/messages/0/content_type": "input_csat"}),
                json!({"/teammate": null, "/last_reply_at": null}),
            ),
            (
                "a private note",
                json!({"/messages/0/private": true}),
                json!({"/teammate": null, "/last_reply_at": null, "/teammate_replied": true}),
            ),
            (
                "the message names its writer by id only",
                json!({"/messages/0/sender": null, "/messages/0/sender_id": 9}),
                json!({"/teammate": {"id": "9", "name": "Edsger", "email": null, "team": "Billing"}}),
            ),
            (
                "an assignee is not who wrote",
                json!({"/messages/0/sender": null}),
                json!({"/teammate": {"id": "7", "name": null, "email": null, "team": "Billing"}}),
            ),
            (
                "no message",
                json!({"/messages": []}),
                json!({"/teammate": null, "/last_reply_at": null, "/characters": null}),
            ),
            (
                "numbers as texts",
                json!({"/id": "8841", "/updated_at": "1795341600"}),
                json!({"/closed_at": "2026-11-22T10:00:00Z"}),
            ),
            ("an older server", json!({"/updated_at": null}), json!({"/closed_at": "2026-11-22T10:00:00Z"})),
            ("no time", json!({"/updated_at": 0, "/timestamp": null}), json!({"/invalid/0/pointer": "/updated_at"})),
            ("no id", json!({"/id": null}), json!({"/invalid/0/pointer": "/id"})),
            ("reopened", json!({"/status": "open"}), json!({"/goes_on": "8841", "/at": "2026-11-22T10:00:00.250Z"})),
            ("snoozed", json!({"/status": "snoozed"}), json!({"/goes_on": "8841"})),
            (
                "another status",
                json!({"/status": "archived"}),
                json!({"/nothing": "archived is no status that is known here"}),
            ),
            (
                "another event",
                json!({"/event": "contact_updated"}),
                json!({"/nothing": "contact_updated is an event that closes nothing"}),
            ),
            ("no event", json!({"/event": null}), json!({"/nothing": "the payload names no event"})),
        ];
        let payload = include_str!("../../tests/data/helpdesks/chatwoot-resolved.json");
        Table { kind: Kind::Chatwoot, headers: &[], payload, rows }.holds();
    }

    #[test]
    fn a_new_message() {
        let rows = vec![
            ("of a customer", json!({}), json!({"/goes_on": "8841", "/at": "2026-11-22T10:20:00Z"})),
            ("as a number", json!({"/message_type": 0}), json!({"/goes_on": "8841"})),
            (
                "at an older spelling",
                json!({"/created_at": "2026-11-22 10:20:00 UTC"}),
                json!({"/at": "2026-11-22T10:20:00Z"}),
            ),
            (
                "of the team",
                json!({"/message_type": "outgoing"}),
                json!({"/nothing": "the message is not from a customer"}),
            ),
            ("private", json!({"/private": true}), json!({"/goes_on": null})),
            (
                "without its conversation",
                json!({"/conversation": null}),
                json!({"/invalid/0/pointer": "/conversation/id"}),
            ),
        ];
        let payload = include_str!("../../tests/data/helpdesks/chatwoot-message.json");
        Table { kind: Kind::Chatwoot, headers: &[], payload, rows }.holds();
    }
}
