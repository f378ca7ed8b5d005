//! Zendesk: webhooks of triggers, whose body an admin writes, and event webhooks.
//!
//! An event has no address, and its time is finer than the one that a trigger can print. As a closing it would be later than
//! the trigger's, which then asks nobody. So events never close anything. They tell that a ticket goes on, which needs no
//! address.

use super::node::Node;
use super::{Report, Unreadable, nothing_for, required, template};

const EVENTS: &str = "zen:event-type:";

pub(super) fn read(payload: Node) -> Result<Report, Unreadable> {
    let Some(event) = payload.at("type").text().filter(|kind| kind.starts_with(EVENTS)) else {
        return template::read(payload);
    };
    if event.strip_prefix(EVENTS) != Some("ticket.status_changed") {
        return Ok(nothing_for(&event, "is an event that closes nothing"));
    }
    let status = payload.at("event.current").text().or_else(|| payload.at("detail.status").text()).unwrap_or_default();
    match status.to_lowercase().replace(['-', '_'], "").as_str() {
        "new" | "open" | "pending" | "hold" | "onhold" => {
            let conversation_id = required(payload.at("detail.id").id(), "/detail/id", "expected the id of a ticket")?;
            let at = required(payload.at("time").time(), "/time", "expected the time of the event")?;
            Ok(Report::GoesOn { conversation_id, at })
        }
        "solved" => Ok(Report::Nothing(
            "an event tells no address of the customer: a trigger has to report that a ticket was solved".into(),
        )),
        "closed" => Ok(Report::Nothing("a ticket is closed days after it was solved, and that was reported".into())),
        _ => Ok(nothing_for(&status, "is no status that is known here")),
    }
}

#[cfg(test)]
mod tests {
    use crate::helpdesk::Kind;
    use crate::helpdesk::cases::Table;
    use serde_json::json;

    #[test]
    fn an_event_cancels_and_never_closes() {
        let rows = vec![
            ("reopened", json!({}), json!({"/goes_on": "8841", "/at": "2026-11-22T10:20:00.123Z"})),
            ("in another case", json!({"/event/current": "on-hold"}), json!({"/goes_on": "8841"})),
            (
                "told by the ticket only",
                json!({"/event": {}, "/detail/status": "Pending"}),
                json!({"/goes_on": "8841"}),
            ),
            (
                "solved",
                json!({"/event/current": "SOLVED"}),
                json!({"/nothing": "an event tells no address of the customer: a trigger has to report that a ticket was solved"}),
            ),
            (
                "closed",
                json!({"/event/current": "CLOSED"}),
                json!({"/nothing": "a ticket is closed days after it was solved, and that was reported"}),
            ),
            (
                "another status",
                json!({"/event/current": "LOST"}),
                json!({"/nothing": "LOST is no status that is known here"}),
            ),
            (
                "merged",
                json!({"/type": "zen:event-type:ticket.merged"}),
                json!({"/nothing": "zen:event-type:ticket.merged is an event that closes nothing"}),
            ),
            ("no time", json!({"/time": null}), json!({"/invalid/0/pointer": "/time"})),
            ("no id", json!({"/detail/id": ""}), json!({"/invalid/0/pointer": "/detail/id"})),
        ];
        let payload = include_str!("../../tests/data/helpdesks/zendesk-event.json");
        Table { kind: Kind::Zendesk, headers: &[], payload, rows }.holds();
    }

    #[test]
    fn a_trigger_closes() {
        let rows = vec![
            (
                "everything",
                json!({}),
                json!({
                    "/conversation_id": "8841", "/closed_at": "2026-11-22T10:00:00Z", "/channel": "Mail", "/tags": ["refund", "vip"],
                    "/url": "https://example.zendesk.com/agent/tickets/8841", "/last_reply_at": "2026-11-22T09:58:00Z",
                    "/customers": [{"id": "31", "email": "ada@example.com", "name": "Ada", "kind": null, "locale": "de"}],
                    "/teammate": {"id": "7", "name": "Grace", "email": null, "team": "Billing"}, "/teams": ["Billing"],
                    "/characters": null, "/started_by": null, "/teammate_replied": null,
                }),
            ),
            (
                "the customer wrote last",
                json!({"/teammate_id": "", "/teammate_name": ""}),
                json!({"/teammate": null, "/teams": ["Billing"]}),
            ),
            (
                "reopened",
                json!({"/reopened_at": "2026-11-22T10:20Z"}),
                json!({"/goes_on": "8841", "/at": "2026-11-22T10:20:00Z"}),
            ),
        ];
        let payload = include_str!("../../tests/data/helpdesks/zendesk-trigger.json");
        Table { kind: Kind::Zendesk, headers: &[], payload, rows }.holds();
    }
}
