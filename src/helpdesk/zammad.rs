//! Zammad: webhooks of triggers and schedulers, with the payload that Zammad makes unless somebody writes another.
//!
//! It holds the ticket and one article, so how much was written is unknown. The names of states can be changed: a state by
//! any other name than Zammad's own closes nothing. Copies of a mail (`cc`) do not count as customers.

use super::facts::{self, customer, teammate};
use super::node::Node;
use super::{Report, Unreadable, nothing_for, required};
use crate::survey::closing::{Closing, StartedBy};

pub(super) fn read(payload: Node) -> Result<Report, Unreadable> {
    let (ticket, article) = (payload.at("ticket"), payload.at("article"));
    if !ticket.is_there() {
        return Ok(Report::Nothing("the payload holds no ticket".into()));
    }
    let conversation_id = required(ticket.at("id").id(), "/ticket/id", "expected the id of a ticket")?;
    // In some versions and bodies a state is an object.
    let state = ticket.at("state").text().or_else(|| ticket.at("state.name").text());
    let changed_at = ticket.at("updated_at").time();
    let expected = "expected the time of the change";
    match state.map(|state| state.to_lowercase()).as_deref() {
        Some("closed") => {
            // `close_at` is the time of the first closing ever, so it says nothing about this one.
            let at = ticket.at("last_close_at").time().or(changed_at);
            let at = required(at, "/ticket/updated_at", expected)?;
            Ok(closed(ticket, article, facts::closing(conversation_id, at)))
        }
        Some("new" | "open" | "pending reminder" | "pending close") => {
            Ok(Report::GoesOn { conversation_id, at: required(changed_at, "/ticket/updated_at", expected)? })
        }
        Some(state) => Ok(nothing_for(state, "is not known as a state that closes a ticket")),
        None => Ok(Report::Nothing("the payload tells no state".into())),
    }
}

fn closed(ticket: Node, article: Node, closing: Closing) -> Report {
    let group = ticket.at("group");
    let last_contact = ticket.at("last_contact_at").time();
    let written_at = article.at("created_at").time();
    // A note, an internal article and an answer of a trigger are no replies.
    let is_public =
        article.at("internal").flag() == Some(false) && article.at("type").text().is_some_and(|kind| kind != "note");
    let sender = article.at("sender").text();
    let by = |who: &str| is_public && sender.as_deref() == Some(who);
    let newest = written_at.filter(|at| last_contact.is_none_or(|last| *at >= last));
    let writer = newest.filter(|_| by("Agent")).and_then(|_| {
        let team = group.at("name").text();
        teammate(article.at("created_by"), team)
    });
    let reply = written_at.filter(|_| by("Agent") || by("Customer"));
    let answered = by("Agent") || ticket.at("last_contact_agent_at").time().is_some();
    let customer_of = ticket.at("customer");
    let closing = Closing {
        subject: ticket.at("title").text(),
        channel: ticket.at("create_article_type").text(),
        started_by: ticket.at("create_article_sender").text().and_then(|sender| match sender.as_str() {
            "Customer" => Some(StartedBy::Customer),
            "Agent" => Some(StartedBy::Teammate),
            "System" => Some(StartedBy::Workflow),
            _ => None,
        }),
        last_reply_at: last_contact.max(reply.filter(|_| last_contact.is_some())),
        teammate_replied: answered.then_some(true),
        customers: customer_of.is_there().then(|| customer(customer_of)).into_iter().collect(),
        teammate: writer,
        tags: ticket.at("tags").items().filter_map(Node::text).collect(),
        ..closing
    };
    facts::closed(closing, &[], &[group.at("id"), group.at("name")])
}

#[cfg(test)]
mod tests {
    use crate::helpdesk::Kind;
    use crate::helpdesk::cases::Table;
    use serde_json::json;

    #[test]
    fn a_ticket() {
        let rows = vec![
            (
                "everything",
                json!({}),
                json!({
                    "/conversation_id": "8841", "/closed_at": "2026-11-22T10:00:00Z", "/subject": "Refund",
                    "/channel": "email", "/started_by": "customer", "/characters": null, "/teammate_replied": true,
                    "/last_reply_at": "2026-11-22T09:58:00Z", "/teams": ["2", "Billing"], "/inboxes": [],
                    "/customers": [{"id": "31", "email": "ada@example.com", "name": "Ada Byron", "kind": null, "locale": null}],
                    "/teammate": {"id": "7", "name": "Grace Hopper", "email": "grace@example.com", "team": "Billing"},
                }),
            ),
            (
                "an older version: the first closing ever is not this one",
                json!({"/ticket/last_close_at": null}),
                json!({"/closed_at": "2026-11-22T10:00:00.120Z"}),
            ),
            (
                "no time",
                json!({"/ticket/last_close_at": null, "/ticket/updated_at": ""}),
                json!({"/invalid/0/pointer": "/ticket/updated_at"}),
            ),
            ("no id", json!({"/ticket/id": null}), json!({"/invalid/0/pointer": "/ticket/id"})),
            (
                "a blank email",
                json!({"/ticket/customer/email": ""}),
                json!({"/customers/0/email": null, "/customers/0/name": "Ada Byron"}),
            ),
            ("no customer", json!({"/ticket/customer": {}}), json!({"/customers/0/id": null})),
            (
                "closed without an article",
                json!({"/article": {}}),
                json!({"/teammate": null, "/last_reply_at": "2026-11-22T09:58:00Z"}),
            ),
            (
                "an internal article is no reply, and the owner did not write",
                json!({"/article/internal": true, "/ticket/last_contact_agent_at": null}),
                json!({"/teammate": null, "/teammate_replied": null, "/last_reply_at": "2026-11-22T09:58:00Z"}),
            ),
            ("a public note", json!({"/article/type": "note"}), json!({"/teammate": null})),
            (
                "an answer of a trigger",
                json!({"/article/sender": "System", "/ticket/last_contact_agent_at": null}),
                json!({"/teammate": null, "/teammate_replied": null}),
            ),
            (
                "an article that is not the newest",
                json!({"/article/created_at": "2026-11-22T09:10:00Z"}),
                json!({"/teammate": null}),
            ),
            (
                "the customer wrote last",
                json!({"/article/sender": "Customer"}),
                json!({"/teammate": null, "/teammate_replied": true}),
            ),
            (
                "nothing is told of replies",
                json!({"/article": {}, "/ticket/last_contact_at": null, "/ticket/last_contact_agent_at": null}),
                json!({"/last_reply_at": null, "/teammate_replied": null}),
            ),
            (
                "started by an agent",
                json!({"/ticket/create_article_sender": "Agent"}),
                json!({"/started_by": "teammate"}),
            ),
            (
                "started by a machine",
                json!({"/ticket/create_article_sender": "System"}),
                json!({"/started_by": "workflow"}),
            ),
            (
                "started by nobody knows whom",
                json!({"/ticket/create_article_sender": null}),
                json!({"/started_by": null}),
            ),
            (
                "reopened",
                json!({"/ticket/state": "open"}),
                json!({"/goes_on": "8841", "/at": "2026-11-22T10:00:00.120Z"}),
            ),
            ("put aside", json!({"/ticket/state": "pending reminder"}), json!({"/goes_on": "8841"})),
            ("a state in another case", json!({"/ticket/state": "Closed"}), json!({"/conversation_id": "8841"})),
            (
                "a state as an object",
                json!({"/ticket/state": {"id": 4, "name": "closed"}}),
                json!({"/conversation_id": "8841"}),
            ),
            (
                "merged",
                json!({"/ticket/state": "merged"}),
                json!({"/nothing": "merged is not known as a state that closes a ticket"}),
            ),
            ("a state of their own", json!({"/ticket/state": "gelöst"}), json!({"/conversation_id": null})),
            ("no state", json!({"/ticket/state": null}), json!({"/nothing": "the payload tells no state"})),
            ("no ticket", json!({"/ticket": null}), json!({"/nothing": "the payload holds no ticket"})),
        ];
        let payload = include_str!("../../tests/data/helpdesks/zammad-closed.json");
        Table { kind: Kind::Zammad, headers: &[], payload, rows }.holds();
    }
}
