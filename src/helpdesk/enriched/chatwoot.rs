//! Chatwoot: the conversation, and its messages page by page, the newest first.

use super::{By, Garbage, Question, Reply, Told};
use crate::helpdesk::chatwoot::{FROM_CUSTOMER, FROM_TEAM};
use crate::helpdesk::facts::{customer, teammate};
use crate::helpdesk::node::Node;
use crate::survey::closing::Customer;

/// The most pages of messages that are asked for: Chatwoot has 20 messages on each, so that is 500 and the page that ends
/// them. What was written in a longer conversation stays unknown.
const MOST_PAGES: u32 = 26;

#[derive(Debug)]
pub(super) struct Enquiry {
    account: String,
    conversation: String,
    /// Whether the conversation itself was answered.
    is_known: bool,
    /// The oldest message that was answered.
    oldest: Option<u64>,
    pages: u32,
    pub(super) told: Told,
}

impl Enquiry {
    pub(super) fn new(account: u64, conversation: &str) -> Self {
        let (account, conversation) = (account.to_string(), conversation.to_owned());
        Self { account, conversation, is_known: false, oldest: None, pages: 0, told: Told::default() }
    }

    pub(super) fn next(&self) -> Option<Question> {
        let path = ["api", "v1", "accounts", &self.account, "conversations", &self.conversation];
        if !self.is_known {
            return Some(Question::of("the conversation", &path));
        }
        if self.told.whole || self.pages >= MOST_PAGES {
            return None;
        }
        let mut question = Question::of("its messages", &path);
        question.path.push("messages".to_owned());
        question.query.extend(self.oldest.map(|oldest| ("before", oldest.to_string())));
        Some(question)
    }

    pub(super) fn take(&mut self, answer: Node) -> Result<(), Garbage> {
        if self.is_known { self.page(answer) } else { self.conversation(answer) }
    }

    fn conversation(&mut self, answer: Node) -> Result<(), Garbage> {
        let status = answer.at("status").text().ok_or(Garbage("has no status of a conversation"))?;
        if answer.at("id").id().as_deref() != Some(&self.conversation) {
            return Err(Garbage("is about another conversation"));
        }
        let (sender, locale) = (answer.at("meta.sender"), answer.at("additional_attributes.browser_language").text());
        self.told.customers = sender.is_there().then(|| Customer { locale, ..customer(sender) }).into_iter().collect();
        self.told.is_open = status != "resolved";
        self.told.changes.extend(answer.at("last_activity_at").time());
        self.is_known = true;
        Ok(())
    }

    fn page(&mut self, answer: Node) -> Result<(), Garbage> {
        if !answer.at("payload").is_list() {
            return Err(Garbage("has no list of messages"));
        }
        let messages = || answer.at("payload").items();
        let ids: Option<Vec<u64>> = messages().map(|message| message.at("id").id()?.parse().ok()).collect();
        let oldest = ids.ok_or(Garbage("has a message without a number"))?.into_iter().min();
        if oldest.is_some() && self.oldest.is_some() && oldest >= self.oldest {
            return Err(Garbage("has a page that repeats the one before"));
        }
        self.pages += 1;
        self.told.whole = oldest.is_none();
        self.oldest = oldest.or(self.oldest);
        self.told.replies.extend(messages().filter_map(reply));
        self.told.changes.extend(messages().filter_map(|message| message.at("created_at").time()));
        Ok(())
    }
}

/// A message of a person to another. Private notes, activities, templates and messages of automations are no replies.
fn reply(message: Node) -> Option<Reply> {
    let kind = message.at("message_type").id()?;
    if message.at("private").flag() == Some(true) || message.at("content_attributes.automation_rule_id").is_there() {
        return None;
    }
    let kinds = [message.at("sender_type").text(), message.at("sender.type").text()];
    let by_a_person = kinds.into_iter().flatten().any(|kind| kind.eq_ignore_ascii_case("user"));
    let by = match kind.as_str() {
        from if FROM_CUSTOMER.contains(&from) => By::Customer,
        from if FROM_TEAM.contains(&from) && by_a_person => By::Teammate(teammate(message.at("sender"), None)),
        _ => return None,
    };
    Some(Reply::new(message.at("created_at").time()?, by, message.at("content")))
}

#[cfg(test)]
mod tests {
    use crate::helpdesk::Kind;
    use crate::helpdesk::cases::Enquired;
    use serde_json::{Value, json};

    /// Seconds before the closing, which is at 10:00:00.250.
    fn message(id: u64, before: i64, kind: u64, text: &str) -> Value {
        let sender = match kind {
            0 => json!({"id": 31, "name": "Ada", "email": "ada@example.com", "type": "contact"}),
            _ => json!({"id": 7, "name": "Grace", "available_name": "Grace", "type": "user"}),
        };
        json!({
            "id": id, "content": text, "message_type": kind, "content_type": "text", "content_attributes": {},
            "created_at": 1_795_341_600 - before, "private": false, "sender": sender, "conversation_id": 8841,
        })
    }

    fn conversation(status: &str) -> Value {
        json!({
            "id": 8841, "status": status, "account_id": 3, "last_activity_at": 1_795_341_720, "labels": [],
            "additional_attributes": {"browser_language": "de"},
            "meta": {"sender": {"id": 31, "name": "Ada", "email": "ada@example.com", "additional_attributes": {}}},
        })
    }

    fn page(messages: &[Value]) -> Value {
        json!({"meta": {"contact": {}}, "payload": messages})
    }

    fn with(mut message: Value, field: &str, value: Value) -> Value {
        message[field] = value;
        message
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "it is a table")]
    fn messages_become_facts() {
        let (ada, grace) = (message(901, 300, 0, "Money back, please"), message(902, 60, 1, "Done."));
        let rows = vec![
            (
                "both wrote",
                vec![conversation("resolved"), page(&[ada.clone(), grace.clone()]), page(&[])],
                json!({
                    "/characters": 23, "/started_by": "customer", "/teammate_replied": true, "/goes_on": null,
                    "/last_reply_at": "2026-11-22T09:59:00Z", "/teammate/id": "7", "/teammate/name": "Grace",
                    "/customers": [{"id": "31", "email": "ada@example.com", "name": "Ada", "kind": null, "locale": "de"}],
                }),
            ),
            (
                "in two pages, of which the first is the newer one",
                vec![
                    conversation("resolved"),
                    page(std::slice::from_ref(&grace)),
                    page(std::slice::from_ref(&ada)),
                    page(&[]),
                ],
                json!({"/characters": 23, "/started_by": "customer", "/last_reply_at": "2026-11-22T09:59:00Z"}),
            ),
            (
                "only the newest page was answered",
                vec![conversation("resolved"), page(std::slice::from_ref(&grace))],
                json!({"/characters": null, "/started_by": null, "/teammate/id": "7", "/teammate_replied": true}),
            ),
            (
                "nobody wrote",
                vec![conversation("resolved"), page(&[])],
                json!({"/characters": 0, "/started_by": null, "/teammate_replied": false, "/last_reply_at": null}),
            ),
            (
                "a teammate began, and the customer wrote last",
                vec![conversation("resolved"), page(&[message(1, 90, 1, "Hello"), message(2, 30, 0, "Hi")]), page(&[])],
                json!({"/started_by": "teammate", "/teammate/id": "7", "/last_reply_at": "2026-11-22T09:59:30Z"}),
            ),
            (
                "notes, bots, automations, activities and templates are no replies",
                vec![
                    conversation("resolved"),
                    page(&[
                        ada.clone(),
                        with(grace.clone(), "private", json!(true)),
                        with(grace.clone(), "sender", json!({"id": 1, "name": "Bot", "type": "agent_bot"})),
                        with(grace.clone(), "sender", json!(null)),
                        with(grace.clone(), "content_attributes", json!({"automation_rule_id": 4})),
                        with(grace.clone(), "message_type", json!(2)),
                        with(grace.clone(), "message_type", json!(3)),
                    ]),
                    page(&[]),
                ],
                json!({"/characters": 18, "/teammate_replied": false, "/teammate": null}),
            ),
            (
                "words for kinds, texts for numbers, nothing for content",
                vec![
                    conversation("resolved"),
                    page(&[
                        with(with(ada.clone(), "message_type", json!("incoming")), "content", json!(null)),
                        with(with(grace.clone(), "message_type", json!("outgoing")), "id", json!("902")),
                    ]),
                    page(&[]),
                ],
                json!({"/characters": 5, "/teammate_replied": true}),
            ),
            (
                "written in the second of the closing",
                vec![conversation("resolved"), page(&[message(1, 0, 0, "Thanks")]), page(&[])],
                json!({"/goes_on": null, "/last_reply_at": "2026-11-22T10:00:00Z"}),
            ),
            (
                "the customer wrote on",
                vec![conversation("resolved"), page(&[grace.clone(), message(3, -30, 0, "It is back")]), page(&[])],
                json!({"/goes_on": "2026-11-22T10:00:30Z", "/characters": 5, "/last_reply_at": "2026-11-22T09:59:00Z"}),
            ),
            (
                "a teammate wrote on",
                vec![conversation("resolved"), page(&[grace.clone(), message(3, -30, 1, "Bye")]), page(&[])],
                json!({"/goes_on": null, "/characters": 5}),
            ),
            (
                "open again",
                vec![conversation("open"), page(&[with(grace.clone(), "created_at", json!(1_795_341_660))]), page(&[])],
                json!({"/goes_on": "2026-11-22T10:01:00Z"}),
            ),
            (
                "open again, and nothing tells since when",
                vec![with(conversation("pending"), "last_activity_at", json!(null)), page(&[])],
                json!({"/goes_on": "2026-11-22T10:00:00.250Z"}),
            ),
            ("no status", vec![json!({"id": 8841})], json!({"/garbage": "has no status of a conversation"})),
            ("a list", vec![json!([])], json!({"/garbage": "has no status of a conversation"})),
            (
                "another conversation",
                vec![with(conversation("resolved"), "id", json!(8842))],
                json!({"/garbage": "is about another conversation"}),
            ),
            (
                "no messages",
                vec![conversation("resolved"), json!({"error": "x"})],
                json!({"/garbage": "has no list of messages"}),
            ),
            (
                "the same page again",
                vec![conversation("resolved"), page(std::slice::from_ref(&ada)), page(std::slice::from_ref(&ada))],
                json!({"/garbage": "has a page that repeats the one before", "/characters": null}),
            ),
        ];
        let payload = include_str!("../../../tests/data/helpdesks/chatwoot-resolved.json");
        let unknown = [("/messages/0/sender_type", json!("AgentBot")), ("/first_reply_created_at", json!(null))];
        Enquired { kind: Kind::Chatwoot, account: Some(3), payload, unknown: &unknown, rows }.holds();
    }

    #[test]
    fn questions_go_back_in_time_and_end() {
        let mut enquiry = super::Enquiry::new(3, "8841");
        let asked = |enquiry: &super::Enquiry| {
            let question = enquiry.next()?;
            Some((question.path.join("/"), question.query.first().map(|(name, value)| format!("{name}={value}"))))
        };
        let path = "api/v1/accounts/3/conversations/8841";
        assert_eq!(asked(&enquiry), Some((path.to_owned(), None)));
        let take = |enquiry: &mut super::Enquiry, value: &Value| {
            enquiry.take(crate::helpdesk::node::Node::new(value)).expect("taken");
        };
        take(&mut enquiry, &conversation("resolved"));
        assert_eq!(asked(&enquiry), Some((format!("{path}/messages"), None)));
        for number in 1..super::MOST_PAGES {
            take(&mut enquiry, &page(&[message(u64::from(1000 - number), 1, 0, "x")]));
            assert_eq!(asked(&enquiry), Some((format!("{path}/messages"), Some(format!("before={}", 1000 - number)))));
        }
        take(&mut enquiry, &page(&[message(1, 1, 0, "x")]));
        assert_eq!((asked(&enquiry), enquiry.told.whole), (None, false));
    }
}
