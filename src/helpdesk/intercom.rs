//! Intercom: webhook topics about conversations, of API 1.x and 2.x.
//!
//! The payload holds the first message and the newest part, so how much was written is unknown. Since 2.x it tells the
//! customer's address only if the customer wrote the first message. The assignee and the one who
//! closed need not have written.

use super::facts::{self, customer, teammate};
use super::node::Node;
use super::{Report, Unreadable, nothing_for, required};
use crate::survey::closing::{Closing, Customer, Kind, StartedBy, Teammate};

pub(super) fn read(payload: Node) -> Result<Report, Unreadable> {
    let item = payload.at("data.item");
    let id = || required(item.at("id").id(), "/data/item/id", "expected the id of a conversation");
    let updated_at = item.at("updated_at").time();
    let expected = "expected the time of the change";
    match payload.at("topic").text().as_deref() {
        Some("conversation.admin.closed" | "conversation.operator.closed") if is_closed(item) => {
            let part = part(item, "close").and_then(|part| part.at("created_at").time());
            let at = part.or_else(|| item.at("statistics.last_close_at").time()).or(updated_at);
            let closing = facts::closing(id()?, required(at, "/data/item/updated_at", expected)?);
            Ok(closed(payload, item, closing))
        }
        Some(
            "conversation.admin.closed"
            | "conversation.operator.closed"
            | "conversation.admin.opened"
            | "conversation.admin.snoozed"
            | "conversation.admin.unsnoozed"
            | "conversation.user.replied",
        ) => {
            let newest = parts(item).filter_map(|part| part.at("created_at").time()).max();
            let at = required(newest.or(updated_at), "/data/item/updated_at", expected)?;
            Ok(Report::GoesOn { conversation_id: id()?, at })
        }
        Some("ping") => Ok(Report::Nothing("a test of the connection".into())),
        Some(topic) => Ok(nothing_for(topic, "is a topic that closes nothing")),
        None => Ok(Report::Nothing("the payload names no topic".into())),
    }
}

/// Older versions tell whether it is open, newer ones tell its state, too.
fn is_closed(item: Node) -> bool {
    match (item.at("state").text().as_deref(), item.at("open").flag()) {
        (Some(state), _) => state == "closed",
        (None, open) => open != Some(true),
    }
}

fn parts(item: Node) -> impl Iterator<Item = Node> {
    item.at("conversation_parts.conversation_parts").items()
}

/// The newest part of a kind.
fn part<'v>(item: Node<'v>, kind: &str) -> Option<Node<'v>> {
    let of_kind = parts(item).filter(|part| part.at("part_type").text().as_deref() == Some(kind));
    of_kind.max_by_key(|part| part.at("created_at").time())
}

fn closed(payload: Node, item: Node, closing: Closing) -> Report {
    let source = item.at("source");
    let (teammate, replied_at) = match last_word(item) {
        Some((teammate, part)) => (Some(teammate), part.at("created_at").time()),
        None => (None, None),
    };
    let replies = ["statistics.last_contact_reply_at", "statistics.last_admin_reply_at"];
    let known = replies.iter().filter_map(|path| item.at(path).time()).max();
    let closing = Closing {
        subject: source.at("subject").text().or_else(|| item.at("title").text()),
        url: payload.at("links.conversation_web").text().and(payload.at("links.conversation_web").web_address()),
        channel: source.at("type").text(),
        started_by: source.at("delivered_as").text().and_then(|how| match how.as_str() {
            "customer_initiated" => Some(StartedBy::Customer),
            "admin_initiated" => Some(StartedBy::Teammate),
            "campaigns_initiated" | "operator_initiated" | "automated" => Some(StartedBy::Workflow),
            _ => None,
        }),
        last_reply_at: replied_at.or(known),
        teammate_replied: teammate.is_some().then_some(true),
        customers: customers(item),
        teammate,
        tags: item.at("tags.tags").items().filter_map(|tag| tag.at("name").text()).collect(),
        ..closing
    };
    facts::closed(closing, &[], &[item.at("team_assignee_id")])
}

/// The teammate who wrote a reply in the newest part, and that part: a closing can have one. A note is no reply.
fn last_word(item: Node) -> Option<(Teammate, Node)> {
    let newest = parts(item).max_by_key(|part| part.at("created_at").time())?;
    let is_reply = newest.at("part_type").text().is_some_and(|kind| ["close", "comment"].contains(&kind.as_str()));
    let said_something = newest.at("body").html().is_some_and(|text| !text.is_empty());
    let author = newest.at("author");
    let by_a_person = author.at("type").text().is_some_and(|kind| kind == "admin");
    let teammate = teammate(author, None).filter(|_| is_reply && said_something && by_a_person)?;
    Some((teammate, newest))
}

/// Whether a customer wrote it, by its author.
pub(super) fn from_customer(author: Node) -> bool {
    author.at("type").text().is_some_and(|kind| ["user", "lead", "contact"].contains(&kind.as_str()))
}

pub(super) fn kind(person: Node) -> Option<Kind> {
    let words = [person.at("role").text(), person.at("type").text()];
    words.into_iter().flatten().find_map(|word| word.parse().ok())
}

fn customers(item: Node) -> Vec<Customer> {
    let described = |person: Node| Customer { kind: kind(person), ..customer(person) };
    // API 1.x.
    let user = item.at("user");
    if user.is_there() {
        return vec![described(user)];
    }
    let author = item.at("source.author");
    let lists = [item.at("contacts.contacts"), item.at("contacts")];
    let mut customers: Vec<_> = lists.into_iter().flat_map(Node::items).map(described).collect();
    if !from_customer(author) {
        return customers;
    }
    let author = described(author);
    match customers.as_mut_slice() {
        [] => customers.push(author),
        // The list tells ids only; that of the author may be of another kind.
        [only] => {
            *only = Customer {
                email: only.email.take().or(author.email),
                name: only.name.take().or(author.name),
                kind: only.kind.or(author.kind),
                ..only.clone()
            };
        }
        several => {
            if let Some(same) = several.iter_mut().find(|customer| customer.id == author.id) {
                same.email = same.email.take().or(author.email);
            }
        }
    }
    customers
}

#[cfg(test)]
mod tests {
    use crate::helpdesk::Kind;
    use crate::helpdesk::cases::Table;
    use serde_json::json;

    #[test]
    #[expect(clippy::too_many_lines, reason = "it is a table")]
    fn a_conversation() {
        let item = |field: &str| format!("/data/item/{field}");
        let part = |field: &str| format!("/data/item/conversation_parts/conversation_parts/0/{field}");
        let rows = vec![
            (
                "everything",
                json!({}),
                json!({
                    "/conversation_id": "8841", "/closed_at": "2026-11-22T10:00:00Z", "/subject": "Refund", "/url": null,
                    "/channel": "conversation", "/started_by": "customer", "/characters": null, "/teammate_replied": true,
                    "/last_reply_at": "2026-11-22T10:00:00Z", "/tags": ["refund"], "/teams": ["2"],
                    "/customers": [{"id": "c31", "email": "ada@example.com", "name": "Ada", "kind": "lead", "locale": null}],
                    "/teammate": {"id": "7", "name": "Grace", "email": "grace@example.com", "team": null},
                }),
            ),
            (
                "closed without a word: who closed did not write",
                json!({part("body"): null}),
                json!({"/teammate": null, "/teammate_replied": null, "/last_reply_at": null}),
            ),
            (
                "closed with an empty body",
                json!({part("body"): "<p></p>"}),
                json!({"/teammate": null, "/last_reply_at": null}),
            ),
            (
                "a bot closed",
                json!({"/topic": "conversation.operator.closed", part("author"): {"type": "bot", "id": "1", "name": "Fin"}}),
                json!({"/teammate": null, "/teammate_replied": null, "/closed_at": "2026-11-22T10:00:00Z"}),
            ),
            (
                "a note is no reply",
                json!({part("part_type"): "note"}),
                json!({"/teammate": null, "/closed_at": "2026-11-22T10:00:01Z"}),
            ),
            (
                "statistics tell the last reply",
                json!({part("body"): null, item("statistics"): {"last_contact_reply_at": 1_795_341_000, "last_admin_reply_at": 1_795_341_480, "last_close_at": 1_795_341_600}}),
                json!({"/last_reply_at": "2026-11-22T09:58:00Z", "/teammate": null}),
            ),
            (
                "empty statistics",
                json!({part("body"): null, item("statistics"): {"last_contact_reply_at": null, "last_admin_reply_at": 0}}),
                json!({"/last_reply_at": null}),
            ),
            (
                "no parts",
                json!({item("conversation_parts"): null, item("statistics"): {"last_close_at": 1_795_341_599}}),
                json!({"/closed_at": "2026-11-22T09:59:59Z", "/teammate": null}),
            ),
            (
                "no time of the closing",
                json!({item("conversation_parts"): null}),
                json!({"/closed_at": "2026-11-22T10:00:01Z"}),
            ),
            (
                "no time",
                json!({item("conversation_parts"): null, item("updated_at"): null}),
                json!({"/invalid/0/pointer": "/data/item/updated_at"}),
            ),
            (
                "a teammate wrote first: nobody tells the address",
                json!({item("source/author"): {"type": "admin", "id": "7", "name": "Grace", "email": "grace@example.com"}, item("source/delivered_as"): "admin_initiated"}),
                json!({"/customers": [{"id": "c31", "email": null, "name": null, "kind": null, "locale": null}], "/started_by": "teammate"}),
            ),
            ("a campaign", json!({item("source/delivered_as"): "automated"}), json!({"/started_by": "workflow"})),
            ("another way to start", json!({item("source/delivered_as"): "telepathy"}), json!({"/started_by": null})),
            (
                "two contacts",
                json!({item("contacts/contacts"): [{"type": "contact", "id": "c30"}, {"type": "contact", "id": "c31"}]}),
                json!({"/customers/0/email": null, "/customers/1/email": "ada@example.com", "/customers/2": null}),
            ),
            (
                "contacts of 2.0",
                json!({item("contacts"): [{"type": "lead", "id": "c31"}]}),
                json!({"/customers/0/kind": "lead", "/customers/0/email": "ada@example.com", "/customers/1": null}),
            ),
            (
                "API 1.x",
                json!({item("user"): {"type": "user", "id": "u1", "name": "Ada", "email": "ada@example.com"}, item("contacts"): null, item("source"): null, item("state"): null, "/links": {"conversation_web": "https://app.intercom.com/a/apps/w0rk/conversations/8841"}}),
                json!({"/customers": [{"id": "u1", "email": "ada@example.com", "name": "Ada", "kind": "user", "locale": null}], "/url": "https://app.intercom.com/a/apps/w0rk/conversations/8841", "/started_by": null}),
            ),
            (
                "nobody",
                json!({item("contacts"): null, item("source"): null}),
                json!({"/customers/0/id": null, "/customers/1": null}),
            ),
            ("an empty email", json!({item("source/author/email"): ""}), json!({"/customers/0/email": null})),
            (
                "open again by the time it was told",
                json!({item("state"): "open", item("open"): true}),
                json!({"/goes_on": "8841"}),
            ),
            (
                "reopened",
                json!({"/topic": "conversation.admin.opened"}),
                json!({"/goes_on": "8841", "/at": "2026-11-22T10:00:00Z"}),
            ),
            (
                "the customer replied",
                json!({"/topic": "conversation.user.replied", part("created_at"): 1_795_342_800}),
                json!({"/goes_on": "8841", "/at": "2026-11-22T10:20:00Z"}),
            ),
            (
                "a test",
                json!({"/topic": "ping", "/data": {"item": {"type": "ping"}}}),
                json!({"/nothing": "a test of the connection"}),
            ),
            (
                "another topic",
                json!({"/topic": "contact.created"}),
                json!({"/nothing": "contact.created is a topic that closes nothing"}),
            ),
            ("no topic", json!({"/topic": null}), json!({"/nothing": "the payload names no topic"})),
            ("no id", json!({item("id"): null}), json!({"/invalid/0/pointer": "/data/item/id"})),
        ];
        let payload = include_str!("../../tests/data/helpdesks/intercom-closed.json");
        Table { kind: Kind::Intercom, headers: &[], payload, rows }.holds();
    }
}
