//! Freshdesk: webhooks of automation rules, whose content an admin ticks ("Simple") or writes ("Advanced").
//!
//! It owns the names of the ticked fields. The agent among them is the assignee, who need not have written, so nobody is
//! taken for the teammate. There is no field for the time of the closing: an admin has to add one.

use super::node::Node;
use super::{Report, Unreadable, template};
use serde_json::{Map, Value};

/// Each field of the simple content that means something here, and its name in a template.
const FIELDS: [(&str, &str); 9] = [
    ("ticket_id", "conversation_id"),
    ("ticket_status", "state"),
    ("ticket_subject", "subject"),
    ("ticket_url", "url"),
    ("ticket_source", "channel"),
    ("ticket_tags", "tags"),
    ("ticket_requester_email", "customer_email"),
    ("ticket_requester_name", "customer_name"),
    ("ticket_modified_on", "closed_at"),
];

/// The numbers of Freshdesk's own states, should the state be told by one.
const STATES: [(&str, &str); 4] = [("2", "open"), ("3", "pending"), ("4", "resolved"), ("5", "closed")];

pub(super) fn read(payload: Node) -> Result<Report, Unreadable> {
    let simple = payload.at("freshdesk_webhook");
    if !simple.is_there() {
        return template::read(payload);
    }
    let mut fields = Map::new();
    for (theirs, ours) in FIELDS {
        if let Some(value) = simple.at(theirs).id() {
            let state = STATES.iter().find(|(number, _)| ours == "state" && *number == value);
            fields.insert(ours.to_owned(), state.map_or(value, |(_, state)| (*state).to_owned()).into());
        }
    }
    let report = template::read(Node::new(&Value::Object(fields)))?;
    let Report::Closed(mut closed) = report else { return Ok(report) };
    closed.teams.extend(simple.at("ticket_group_name").text());
    Ok(Report::Closed(closed))
}

#[cfg(test)]
mod tests {
    use crate::helpdesk::Kind;
    use crate::helpdesk::cases::{Table, headers, told};
    use serde_json::json;

    #[test]
    fn simple_content() {
        let field = |name: &str| format!("/freshdesk_webhook/{name}");
        let rows = vec![
            (
                "everything: the agent is the assignee, so nobody is told to have written",
                json!({}),
                json!({
                    "/conversation_id": "8841", "/closed_at": "2026-11-22T10:00:00Z", "/subject": "Refund", "/channel": "Email",
                    "/url": "https://example.freshdesk.com/a/tickets/8841", "/tags": ["refund", "late parcel"],
                    "/customers": [{"id": null, "email": "ada@example.com", "name": "Ada", "kind": null, "locale": null}],
                    "/teammate": null, "/teams": ["Billing"], "/unread": [], "/characters": null, "/teammate_replied": null,
                }),
            ),
            ("a state by its number", json!({field("ticket_status"): 5}), json!({"/conversation_id": "8841"})),
            (
                "reopened",
                json!({field("ticket_status"): "2"}),
                json!({"/goes_on": "8841", "/at": "2026-11-22T10:00:00Z"}),
            ),
            ("waiting", json!({field("ticket_status"): "Waiting on Customer"}), json!({"/goes_on": "8841"})),
            (
                "a blank email",
                json!({field("ticket_requester_email"): ""}),
                json!({"/customers/0/email": null, "/customers/0/name": "Ada"}),
            ),
            ("no time", json!({field("ticket_modified_on"): null}), json!({"/invalid/0/pointer": "/closed_at"})),
        ];
        let payload = include_str!("../../tests/data/helpdesks/freshdesk-simple.json");
        Table { kind: Kind::Freshdesk, headers: &[], payload, rows }.holds();
    }

    #[test]
    fn advanced_content_is_a_template() {
        let body = br#"{"conversation_id": "8841", "closed_at": "2026-11-22 10:00:00 UTC", "teammate_email": "grace@example.com"}"#;
        let told = told(Kind::Freshdesk, &headers(&[]), body);
        assert_eq!(
            (&told["closed_at"], &told["teammate"]["id"]),
            (&json!("2026-11-22T10:00:00Z"), &json!("grace@example.com"))
        );
    }
}
