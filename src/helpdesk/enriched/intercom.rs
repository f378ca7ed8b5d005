//! Intercom: the conversation with its parts, and the contacts that it names by id.

use super::{By, Garbage, Question, Reply, Told};
use crate::helpdesk::facts::{customer, teammate};
use crate::helpdesk::intercom::{from_customer, kind};
use crate::helpdesk::node::Node;
use crate::survey::closing::Customer;

/// The most contacts that are asked for. A conversation of two is one of a group already; the others count by their ids.
const MOST_CONTACTS: usize = 3;

#[derive(Debug)]
pub(super) struct Enquiry {
    conversation: String,
    /// Whether the conversation itself was answered.
    is_known: bool,
    /// The contacts that are still to be asked for, the next one last.
    contacts: Vec<String>,
    pub(super) told: Told,
}

impl Enquiry {
    pub(super) fn new(conversation: &str) -> Self {
        let conversation = conversation.to_owned();
        Self { conversation, is_known: false, contacts: Vec::new(), told: Told::default() }
    }

    pub(super) fn next(&self) -> Option<Question> {
        if self.is_known {
            return self.contacts.last().map(|contact| Question::of("a contact", &["contacts", contact]));
        }
        let mut question = Question::of("the conversation", &["conversations", &self.conversation]);
        question.query.push(("display_as", "plaintext".to_owned()));
        Some(question)
    }

    pub(super) fn take(&mut self, answer: Node) -> Result<(), Garbage> {
        if self.is_known { self.contact(answer) } else { self.conversation(answer) }
    }

    fn conversation(&mut self, answer: Node) -> Result<(), Garbage> {
        let state = answer.at("state").text().ok_or(Garbage("has no state of a conversation"))?;
        if answer.at("id").id().as_deref() != Some(&self.conversation) {
            return Err(Garbage("is about another conversation"));
        }
        let list = answer.at("conversation_parts");
        let parts = || list.at("conversation_parts").items();
        let source = answer.at("source");
        let first = answer.at("created_at").time();
        let first = by(source.at("author")).zip(first).map(|(by, at)| Reply::new(at, by, source.at("body")));
        let told = &mut self.told;
        told.replies.extend(first.into_iter().chain(parts().filter_map(reply)));
        // Intercom answers with the newest 500 parts, and counts all of them.
        let count = u32::try_from(parts().count()).unwrap_or(u32::MAX);
        told.whole = list.at("total_count").number() == Some(count) && source.is_there();
        let reopens = |part: &Node| part.at("part_type").text().is_some_and(|kind| kind.contains("open"));
        told.changes.extend(parts().filter(reopens).filter_map(|part| part.at("created_at").time()));
        told.changes.extend(answer.at("updated_at").time());
        told.is_open = state != "closed";
        let contacts = answer.at("contacts.contacts").items().filter_map(|contact| contact.at("id").id());
        self.contacts = contacts.take(MOST_CONTACTS).collect();
        self.contacts.reverse();
        self.is_known = true;
        Ok(())
    }

    fn contact(&mut self, answer: Node) -> Result<(), Garbage> {
        if answer.at("id").id().as_ref() != self.contacts.last() {
            return Err(Garbage("is about another contact"));
        }
        self.contacts.pop();
        // The language that was chosen for the contact comes before the one of their browser.
        let locale = answer.either(&["language_override", "browser_language"]).text();
        self.told.customers.push(Customer { kind: kind(answer), locale, ..customer(answer) });
        Ok(())
    }
}

/// A part with a text to the customer or from them. A note is no reply, even if it also closes or reopens.
fn reply(part: Node) -> Option<Reply> {
    let kind = part.at("part_type").text()?;
    let says = part.at("body").html_or_plain().is_some_and(|text| !text.trim().is_empty());
    if kind.starts_with("note") || !says {
        return None;
    }
    Some(Reply::new(part.at("created_at").time()?, by(part.at("author"))?, part.at("body")))
}

/// Who wrote; `None` for a program.
fn by(author: Node) -> Option<By> {
    if from_customer(author) {
        return Some(By::Customer);
    }
    let by_a_person = author.at("type").text().is_some_and(|kind| kind == "admin");
    (by_a_person && author.at("from_ai_agent").flag() != Some(true)).then(|| By::Teammate(teammate(author, None)))
}

#[cfg(test)]
mod tests {
    use crate::helpdesk::Kind;
    use crate::helpdesk::cases::Enquired;
    use serde_json::{Value, json};

    #[expect(clippy::needless_pass_by_value, reason = "the table reads better")]
    fn part(kind: &str, before: i64, author: &str, body: Value) -> Value {
        let id = if author == "admin" { "7" } else { "c31" };
        json!({
            "type": "conversation_part", "id": "9", "part_type": kind, "body": body, "created_at": 1_795_341_600 - before,
            "author": {"type": author, "id": id, "name": "Grace", "email": "grace@example.com"}, "redacted": false,
        })
    }

    fn conversation(state: &str, parts: &[Value]) -> Value {
        json!({
            "type": "conversation", "id": "8841", "created_at": 1_795_338_000, "updated_at": 1_795_341_720,
            "state": state, "open": state == "open",
            "source": {
                "type": "conversation", "id": "1", "delivered_as": "customer_initiated", "body": "Money back, please",
                "author": {"type": "user", "id": "c31", "name": "Ada", "email": "ada@example.com"},
            },
            "contacts": {"type": "contact.list", "contacts": [{"type": "contact", "id": "c31", "external_id": "70"}]},
            "statistics": {"type": "conversation_statistics", "last_contact_reply_at": null},
            "conversation_parts": {
                "type": "conversation_part.list", "total_count": parts.len(), "conversation_parts": parts,
            },
        })
    }

    fn contact(fields: &Value) -> Value {
        let mut contact = json!({
            "type": "contact", "id": "c31", "role": "user", "email": "ada@example.com", "name": "Ada",
            "language_override": null, "browser_language": "de",
        });
        for (name, value) in fields.as_object().expect("fields") {
            contact[name] = value.clone();
        }
        contact
    }

    fn with(mut value: Value, pointer: &str, new: Value) -> Value {
        *value.pointer_mut(pointer).expect(pointer) = new;
        value
    }

    #[test]
    fn parts_become_facts() {
        let parts = [part("comment", 60, "admin", json!("Done.")), part("close", 0, "admin", json!(null))];
        let rows = vec![
            (
                "both wrote",
                vec![conversation("closed", &parts), contact(&json!({}))],
                json!({
                    "/characters": 23, "/started_by": "customer", "/teammate_replied": true, "/goes_on": null,
                    "/last_reply_at": "2026-11-22T09:59:00Z", "/teammate/id": "7", "/teammate/name": "Grace",
                    "/customers": [{"id": "c31", "email": "ada@example.com", "name": "Ada", "kind": "user", "locale": "de"}],
                }),
            ),
            (
                "a chosen language, a lead, no address",
                vec![
                    conversation("closed", &parts),
                    contact(&json!({"language_override": "fr", "role": "lead", "email": null})),
                ],
                json!({"/customers/0/locale": "fr", "/customers/0/kind": "lead", "/customers/0/email": null}),
            ),
            (
                "the contact was not answered",
                vec![conversation("closed", &parts)],
                json!({"/characters": 23, "/customers/0/id": "c31", "/customers/0/email": null}),
            ),
            (
                "more parts than Intercom answers with",
                vec![with(conversation("closed", &parts), "/conversation_parts/total_count", json!(501))],
                json!({"/characters": null, "/teammate/id": "7", "/last_reply_at": "2026-11-22T09:59:00Z"}),
            ),
            (
                "notes, bots and empty parts are no replies",
                vec![conversation(
                    "closed",
                    &[
                        part("note", 50, "admin", json!("secret")),
                        part("note_and_reopen", 40, "admin", json!("secret")),
                        part("comment", 30, "bot", json!("Hello, I am a bot")),
                        part("comment", 25, "team", json!("x")),
                        part("assignment", 20, "admin", json!(" ")),
                        with(
                            part("comment", 10, "admin", json!("Fin")),
                            "/author",
                            json!({"type": "admin", "id": "1", "from_ai_agent": true}),
                        ),
                    ],
                )],
                json!({"/characters": 18, "/teammate_replied": false, "/teammate": null}),
            ),
            (
                "a closing that says goodbye, in HTML all the same",
                vec![conversation("closed", &[part("close", 0, "admin", json!("<p>Goodbye!</p>"))])],
                json!({"/characters": 26, "/teammate/id": "7", "/last_reply_at": "2026-11-22T10:00:00Z"}),
            ),
            (
                "the customer wrote on",
                vec![conversation("closed", &[part("comment", -30, "user", json!("Not yet"))])],
                json!({"/goes_on": "2026-11-22T10:00:30Z", "/characters": 18}),
            ),
            (
                "open again",
                vec![conversation("open", &[part("open", -20, "admin", json!(null))])],
                json!({"/goes_on": "2026-11-22T10:00:20Z"}),
            ),
            (
                "snoozed, and only the time of the change is known",
                vec![conversation("snoozed", &[])],
                json!({"/goes_on": "2026-11-22T10:02:00Z"}),
            ),
            (
                "no source",
                vec![with(conversation("closed", &parts), "/source", json!(null))],
                json!({"/characters": null, "/teammate/id": "7"}),
            ),
            ("no state", vec![json!({"id": "8841"})], json!({"/garbage": "has no state of a conversation"})),
            (
                "another conversation",
                vec![with(conversation("closed", &[]), "/id", json!("1"))],
                json!({"/garbage": "is about another conversation"}),
            ),
            (
                "another contact",
                vec![conversation("closed", &[]), contact(&json!({"id": "x"}))],
                json!({"/garbage": "is about another contact"}),
            ),
        ];
        let payload = include_str!("../../../tests/data/helpdesks/intercom-closed.json");
        let unknown = [
            ("/data/item/source/author", json!({"type": "admin", "id": "7"})),
            ("/data/item/conversation_parts/conversation_parts/0/body", json!(null)),
            ("/data/item/conversation_parts/conversation_parts/0/author", json!({"type": "bot", "id": "0"})),
        ];
        Enquired { kind: Kind::Intercom, account: None, payload, unknown: &unknown, rows }.holds();
    }

    #[test]
    fn a_few_contacts_are_asked_for() {
        let contacts: Vec<_> = (0..9).map(|number| json!({"type": "contact", "id": format!("c{number}")})).collect();
        let whole = with(conversation("closed", &[]), "/contacts/contacts", json!(contacts));
        let mut enquiry = super::Enquiry::new("8841");
        enquiry.take(crate::helpdesk::node::Node::new(&whole)).expect("taken");
        for number in 0..super::MOST_CONTACTS {
            let question = enquiry.next().expect("a question");
            assert_eq!(question.path, ["contacts".to_owned(), format!("c{number}")]);
            let answer = contact(&json!({"id": format!("c{number}")}));
            enquiry.take(crate::helpdesk::node::Node::new(&answer)).expect("taken");
        }
        assert_eq!(enquiry.next(), None);
    }
}
