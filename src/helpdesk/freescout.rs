//! FreeScout: the module "API & Webhooks". Its conversations are those of Help Scout, under a header of its own.
//!
//! Its count of threads leaves out notes.

use super::helpscout::{Product, conversation};
use super::node::Node;
use super::{Headers, Report, Unreadable};

pub(super) fn read(headers: &Headers, payload: Node) -> Result<Report, Unreadable> {
    conversation(Product::FreeScout, headers, payload)
}

#[cfg(test)]
mod tests {
    use crate::helpdesk::Kind;
    use crate::helpdesk::cases::Table;
    use serde_json::json;

    #[test]
    fn a_closing() {
        let rows = vec![
            (
                "everything",
                json!({}),
                json!({
                    "/conversation_id": "8841", "/closed_at": "2026-11-22T10:00:00Z", "/url": null, "/started_by": "customer",
                    "/characters": 23, "/last_reply_at": "2026-11-22T09:58:00Z", "/teammate_replied": true, "/tags": ["refund"],
                    "/customers": [{"id": "31", "email": "ada@example.com", "name": "Ada Byron", "kind": null, "locale": null}],
                    "/teammate": {"id": "7", "name": "Grace Hopper", "email": "grace@example.com", "team": null},
                    "/inboxes": ["15"],
                }),
            ),
            (
                "a note does not stand for a message",
                json!({"/threadsCount": 3}),
                json!({"/characters": null, "/teammate": null}),
            ),
            (
                "a missing time of the closing",
                json!({"/closedAt": null}),
                json!({"/closed_at": "2026-11-22T10:00:00Z"}),
            ),
            ("reopened", json!({"/status": "pending"}), json!({"/goes_on": "8841", "/at": "2026-11-22T10:00:00Z"})),
        ];
        let payload = include_str!("../../tests/data/helpdesks/freescout-closed.json");
        Table { kind: Kind::Freescout, headers: &[("X-FreeScout-Event", "convo.status")], payload, rows }.holds();
    }
}
