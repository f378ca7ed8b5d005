//! What all helpdesks tell alike: people, and a closing to begin with.
//!
//! It owns the spellings of names, and drops what contradicts itself. It must not know any one helpdesk.

use super::node::Node;
use super::{Closed, Report};
use crate::survey::Time;
use crate::survey::closing::{CLOCK_SKEW, Closing, ClosingState, Customer, Teammate};

/// A closing of which nothing else is known.
pub(super) fn closing(conversation_id: String, closed_at: Time) -> Closing {
    Closing {
        connection: String::new(),
        conversation_id,
        closed_at,
        state: ClosingState::Closed,
        subject: None,
        url: None,
        channel: None,
        started_by: None,
        characters: None,
        last_reply_at: None,
        teammate_replied: None,
        customers: Vec::new(),
        teammate: None,
        messages: None,
        tags: Vec::new(),
        policy: None,
        ask: true,
        other_survey: false,
        in_reply_to: None,
    }
}

/// The report of a closing. If a payload names no customer, the closing gets one of whom nothing is known. A last
/// reply after the closing contradicts it, and counts as unknown.
pub(super) fn closed(mut closing: Closing, inboxes: &[Node], teams: &[Node]) -> Report {
    if closing.customers.is_empty() {
        closing.customers.push(nobody());
    }
    let latest = closing.closed_at.checked_add_signed(CLOCK_SKEW).unwrap_or(closing.closed_at);
    closing.last_reply_at = closing.last_reply_at.filter(|reply| *reply <= latest);
    let named = |nodes: &[Node]| nodes.iter().filter_map(|node| node.id()).collect();
    Report::Closed(Box::new(Closed { closing, inboxes: named(inboxes), teams: named(teams), unread: Vec::new() }))
}

/// A customer of whom nothing is known.
pub(super) fn nobody() -> Customer {
    Customer { id: None, email: None, name: None, kind: None, locale: None }
}

/// A customer. An address that no mail can be sent to is left out.
pub(super) fn customer(person: Node) -> Customer {
    Customer { id: person_id(person), email: person.at("email").address(), name: name(person), ..nobody() }
}

/// A teammate; `None` without an id.
pub(super) fn teammate(person: Node, team: Option<String>) -> Option<Teammate> {
    let id = person_id(person)?;
    Some(Teammate { id, name: name(person), email: person.at("email").address(), team })
}

/// Some helpdesks write 0 where there is no person.
fn person_id(person: Node) -> Option<String> {
    person.at("id").id().filter(|id| id != "0")
}

fn name(person: Node) -> Option<String> {
    let parts = [["first", "last"], ["firstName", "lastName"], ["firstname", "lastname"]];
    let both = |names: [&str; 2]| {
        let parts: Vec<_> = names.iter().filter_map(|name| person.at(name).text()).collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    };
    person.at("name").text().or_else(|| parts.into_iter().find_map(both))
}
