//! Help Scout: the webhooks app, with payloads of version 1 and 2. FreeScout sends nearly the same.
//!
//! Notes, drafts and lines about assignments are no messages. People who were copied (`cc`) are customers only if they wrote.
//! The payload tells how much was written, and by whom, only if all threads are in it. Its count of threads tells whether
//! they are.

use super::facts::{self, customer, teammate};
use super::node::Node;
use super::{Headers, Report, Unreadable, nothing_for, required};
use crate::survey::Time;
use crate::survey::closing::{Author, Closing, Customer, StartedBy};

/// Which of the two products sent a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Product {
    /// Its count of threads counts messages and notes.
    HelpScout,
    /// Its count of threads counts messages only.
    FreeScout,
}

impl Product {
    /// The header that names the event.
    fn event_header(self) -> &'static str {
        match self {
            Self::HelpScout => "X-HelpScout-Event",
            Self::FreeScout => "X-FreeScout-Event",
        }
    }
}

pub(super) fn read(headers: &Headers, payload: Node) -> Result<Report, Unreadable> {
    conversation(Product::HelpScout, headers, payload)
}

/// Reads a conversation of either product.
pub(super) fn conversation(product: Product, headers: &Headers, payload: Node) -> Result<Report, Unreadable> {
    let id = || required(payload.at("id").id(), "/id", "expected the id of a conversation");
    let changes = ["userUpdatedAt", "userModifiedAt", "modifiedAt", "updatedAt"];
    let changed_at = changes.iter().filter_map(|path| payload.at(path).time()).max();
    // A reply of a customer is no update by a user.
    let newest = threads(payload).filter_map(|thread| thread.at("createdAt").time()).max();
    let active_at = changed_at.max(newest).max(payload.at("customerWaitingSince.time").time());
    let expected = "expected the time of the change";
    let goes_on =
        || Ok(Report::GoesOn { conversation_id: id()?, at: required(active_at, "/userUpdatedAt", expected)? });
    let header = product.event_header();
    match headers.get(&header.to_ascii_lowercase()) {
        Some("convo.status") => match payload.at("status").text().as_deref() {
            Some("closed") => {
                let at = payload.at("closedAt").time().or(changed_at);
                let closing = facts::closing(id()?, required(at, "/closedAt", expected)?);
                Ok(closed(payload, closing, product))
            }
            Some("active" | "open" | "pending" | "spam") => goes_on(),
            Some(status) => Ok(nothing_for(status, "is no status that is known here")),
            None => Ok(Report::Nothing("the payload tells no status".into())),
        },
        // It may be told late, when somebody has closed the conversation since.
        Some("convo.customer.reply.created") => match replied_at(payload) {
            Some(at) => Ok(Report::GoesOn { conversation_id: id()?, at }),
            None => goes_on(),
        },
        Some(event) => Ok(nothing_for(event, "is an event that closes nothing")),
        None => Ok(Report::Nothing(format!("the header {header}, which names the event, is missing"))),
    }
}

/// When a customer last wrote.
fn replied_at(payload: Node) -> Option<Time> {
    let by_customers = threads(payload).filter(|thread| author(*thread) == Some(Author::Customer));
    by_customers.filter_map(|thread| thread.at("createdAt").time()).max()
}

fn closed(payload: Node, closing: Closing, product: Product) -> Report {
    let written = Written::of(payload, product);
    let mailbox = payload.at("mailbox");
    let closing = Closing {
        subject: payload.at("subject").text(),
        url: url(payload, product),
        channel: payload.at("type").text(),
        started_by: started_by(payload),
        characters: written.characters,
        last_reply_at: written.last_reply_at,
        teammate_replied: written.teammate_replied,
        customers: customers(payload),
        teammate: written.last_writer.and_then(|writer| teammate(writer, None)),
        tags: tags(payload),
        ..closing
    };
    facts::closed(closing, &[payload.at("mailboxId"), mailbox.at("id"), mailbox.at("name")], &[])
}

/// Help Scout documents the addresses of its pages. The payload of a FreeScout does not tell its host.
fn url(payload: Node, product: Product) -> Option<String> {
    let (id, number) = (payload.at("id").id()?, payload.at("number").id()?);
    (product == Product::HelpScout).then(|| format!("https://secure.helpscout.net/conversation/{id}/{number}/"))
}

/// A form or an app that speaks for a customer still is a customer who starts.
fn started_by(payload: Node) -> Option<StartedBy> {
    let (via, kind) = (payload.at("source.via").text()?, payload.at("source.type").text());
    match (via.as_str(), kind.as_deref()) {
        ("customer", _) => Some(StartedBy::Customer),
        ("user", Some("api" | "coreapi")) => Some(StartedBy::Api),
        ("user", Some("workflow" | "workflows")) => Some(StartedBy::Workflow),
        ("user", _) => Some(StartedBy::Teammate),
        _ => None,
    }
}

/// The one whose conversation it is, and each other customer who wrote.
fn customers(payload: Node) -> Vec<Customer> {
    let first = payload.either(&["primaryCustomer", "customer"]);
    let mut customers: Vec<_> = first.is_there().then(|| customer(first)).into_iter().collect();
    let writers = threads(payload).filter(|thread| author(*thread) == Some(Author::Customer));
    let writers = writers.map(|thread| thread.at("createdBy"));
    // Somebody of the team can write down what a customer said on the phone.
    let people = writers.filter(|writer| writer.at("type").text().as_deref() == Some("customer"));
    for writer in people.map(customer) {
        if writer.id.is_some() && customers.iter().all(|known| known.id != writer.id) {
            customers.push(writer);
        }
    }
    customers
}

fn tags(payload: Node) -> Vec<String> {
    let lists = [payload.at("tags"), payload.at("_embedded.tags")];
    let tag = |tag: Node| tag.text().or_else(|| tag.either(&["name", "tag"]).text());
    lists.into_iter().flat_map(Node::items).filter_map(tag).collect()
}

fn threads(payload: Node) -> impl Iterator<Item = Node> {
    let lists = [payload.at("_embedded.threads"), payload.at("threads")];
    let published = |thread: &Node| thread.at("state").text().is_none_or(|state| state == "published");
    lists.into_iter().flat_map(Node::items).filter(published)
}

/// Who wrote a thread; `None` if it is not a message.
fn author(thread: Node) -> Option<Author> {
    let by = thread.at("createdBy.type").text();
    match thread.at("type").text()?.as_str() {
        "customer" => Some(Author::Customer),
        "message" | "chat" | "beaconchat" | "phone" => Some(match by.as_deref() {
            Some("customer") => Author::Customer,
            Some("user") => Author::Teammate,
            _ => Author::Bot,
        }),
        _ => None,
    }
}

/// What the threads tell of what was written.
#[derive(Default)]
struct Written<'v> {
    characters: Option<u32>,
    last_reply_at: Option<Time>,
    teammate_replied: Option<bool>,
    last_writer: Option<Node<'v>>,
}

impl<'v> Written<'v> {
    fn of(payload: Node<'v>, product: Product) -> Self {
        let messages: Vec<_> = threads(payload).filter_map(|thread| Some((author(thread)?, thread))).collect();
        let notes = threads(payload).filter(|thread| thread.at("type").text().as_deref() == Some("note")).count();
        let there = messages.len() + if product == Product::HelpScout { notes } else { 0 };
        let count = payload.either(&["threadsCount", "threadCount", "threads"]).number();
        let whole =
            !messages.is_empty() && count.is_some_and(|count| u32::try_from(there).is_ok_and(|there| there >= count));
        let people = messages.iter().filter(|(author, _)| *author != Author::Bot);
        let by_team: Vec<_> = people.clone().filter(|(author, _)| *author == Author::Teammate).collect();
        if !whole {
            return Self { teammate_replied: (!by_team.is_empty()).then_some(true), ..Self::default() };
        }
        let at = |(_, thread): &&(Author, Node<'v>)| thread.at("createdAt").time();
        // A text that is blank may stand for one that is not told.
        let body = |thread: Node<'v>| Some(thread.at("body")).filter(|body| !body.is_blank());
        let length = |(_, thread): &(Author, Node<'v>)| Some(body(*thread)?.html()?.chars().count());
        let dated = people.clone().all(|message| at(&message).is_some());
        let characters = people.clone().map(length).sum::<Option<usize>>();
        Self {
            characters: characters.and_then(|characters| characters.try_into().ok()),
            last_reply_at: people.filter_map(|message| at(&message)).max().filter(|_| dated),
            teammate_replied: Some(!by_team.is_empty()),
            last_writer: by_team.into_iter().max_by_key(at).filter(|_| dated).map(|(_, thread)| thread.at("createdBy")),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::helpdesk::Kind;
    use crate::helpdesk::cases::{Table, headers, told};
    use serde_json::{Value, json};

    const PAYLOAD: &str = include_str!("../../tests/data/helpdesks/helpscout-closed.json");

    #[test]
    fn a_closing() {
        let whole = "Done, you'll see it tomorrow.Money back, please".chars().count();
        let rows = vec![
            (
                "everything: notes, drafts and robots do not count",
                json!({}),
                json!({
                    "/conversation_id": "8841", "/closed_at": "2026-11-22T10:00:00Z", "/subject": "Refund", "/channel": "email",
                    "/url": "https://secure.helpscout.net/conversation/8841/349/", "/started_by": "customer",
                    "/characters": whole, "/last_reply_at": "2026-11-22T09:58:00Z", "/teammate_replied": true,
                    "/customers": [{"id": "31", "email": "ada@example.com", "name": "Ada Byron", "kind": null, "locale": null}],
                    "/teammate": {"id": "7", "name": "Grace Hopper", "email": "grace@example.com", "team": null},
                    "/tags": ["refund"], "/inboxes": ["13"], "/teams": [],
                }),
            ),
            (
                "more threads than are told",
                json!({"/threads": 5}),
                json!({"/characters": null, "/last_reply_at": null, "/teammate": null, "/teammate_replied": true}),
            ),
            (
                "no count of threads",
                json!({"/threads": null}),
                json!({"/characters": null, "/last_reply_at": null, "/teammate": null, "/teammate_replied": true}),
            ),
            (
                "no threads",
                json!({"/_embedded": {}, "/threads": 0}),
                json!({"/characters": null, "/last_reply_at": null, "/teammate": null, "/teammate_replied": null}),
            ),
            (
                "a thread without a time",
                json!({"/_embedded/threads/0/createdAt": null}),
                json!({"/last_reply_at": null, "/teammate": null, "/teammate_replied": true}),
            ),
            (
                "a thread without a text",
                json!({"/_embedded/threads/0/body": null}),
                json!({"/characters": null, "/teammate/id": "7"}),
            ),
            (
                "a thread with a blank text",
                json!({"/_embedded/threads/0/body": " "}),
                json!({"/characters": null, "/teammate_replied": true}),
            ),
            (
                "nobody of the team wrote",
                json!({"/_embedded/threads/0/createdBy/type": "system_user"}),
                json!({"/teammate": null, "/teammate_replied": false, "/characters": 18}),
            ),
            (
                "version 1",
                json!({
                    "/threads": [{"type": "customer", "body": "Hi", "createdAt": "2026-11-22T09:00:00Z"}], "/threadCount": 1,
                    "/_embedded": null, "/primaryCustomer": null, "/mailbox": {"id": 13, "name": "Shop"}, "/mailboxId": null,
                    "/customer": {"id": 31, "firstName": "Ada", "lastName": "Byron", "email": "ada@example.com"},
                    "/tags": ["refund"], "/closedAt": null, "/userUpdatedAt": null, "/modifiedAt": "2026-11-22T10:00:01Z",
                }),
                json!({
                    "/customers/0/name": "Ada Byron", "/characters": 2, "/inboxes": ["13", "Shop"], "/tags": ["refund"],
                    "/closed_at": "2026-11-22T10:00:01Z", "/teammate_replied": false,
                }),
            ),
            ("a null email", json!({"/primaryCustomer/email": null}), json!({"/customers/0/email": null})),
            (
                "a bot closed",
                json!({"/closedBy": 0, "/closedByUser": {"id": 0, "first": "unknown"}}),
                json!({"/teammate/id": "7"}),
            ),
            (
                "a last reply after the closing",
                json!({"/closedAt": "2026-11-22T09:30:00Z"}),
                json!({"/last_reply_at": null}),
            ),
            ("no time", json!({"/closedAt": null, "/userUpdatedAt": null}), json!({"/invalid/0/pointer": "/closedAt"})),
            ("no id", json!({"/id": null}), json!({"/invalid/0/pointer": "/id"})),
            ("reopened", json!({"/status": "active"}), json!({"/goes_on": "8841", "/at": "2026-11-22T10:00:00Z"})),
            (
                "reopened by the customer, who is no user",
                json!({"/status": "active", "/customerWaitingSince/time": "2026-11-22T10:20:00Z"}),
                json!({"/at": "2026-11-22T10:20:00Z"}),
            ),
            ("spam", json!({"/status": "spam"}), json!({"/goes_on": "8841"})),
            ("another status", json!({"/status": "all"}), json!({"/nothing": "all is no status that is known here"})),
        ];
        of_a_status(rows).holds();
    }

    fn of_a_status(rows: Vec<(&'static str, Value, Value)>) -> Table {
        Table { kind: Kind::Helpscout, headers: &[("X-HelpScout-Event", "convo.status")], payload: PAYLOAD, rows }
    }

    #[test]
    fn who_started_it_and_who_else_was_helped() {
        let writer = |id: u64, email: &str| json!({"id": id, "type": "customer", "first": "Eve", "email": email});
        let last = "/_embedded/threads/5/createdBy";
        let rows = vec![
            ("started by a form", json!({"/source/type": "api"}), json!({"/started_by": "customer"})),
            ("started by a program", json!({"/source": {"type": "api", "via": "user"}}), json!({"/started_by": "api"})),
            (
                "started by a workflow",
                json!({"/source": {"type": "workflows", "via": "user"}}),
                json!({"/started_by": "workflow"}),
            ),
            (
                "started by a teammate",
                json!({"/source": {"type": "web", "via": "user"}}),
                json!({"/started_by": "teammate"}),
            ),
            ("started by nobody knows whom", json!({"/source": null}), json!({"/started_by": null})),
            (
                "somebody was copied",
                json!({"/cc": ["eve@example.com", ""], "/bcc": ["bob@example.com"]}),
                json!({"/customers/0/email": "ada@example.com", "/customers/1": null}),
            ),
            (
                "somebody who was copied wrote",
                json!({last: writer(32, "eve@example.com")}),
                json!({"/customers/1": {"id": "32", "email": "eve@example.com", "name": "Eve", "kind": null, "locale": null}, "/customers/2": null}),
            ),
            (
                "the customer from another address",
                json!({last: writer(31, "eve@example.com")}),
                json!({"/customers/1": null}),
            ),
            ("a teammate for the customer", json!({last: {"id": 9, "type": "user"}}), json!({"/customers/1": null})),
            ("nobody tells who wrote", json!({last: null}), json!({"/customers/1": null})),
        ];
        of_a_status(rows).holds();
    }

    #[test]
    fn other_events() {
        let told = |event: &[(&str, &str)]| told(Kind::Helpscout, &headers(event), PAYLOAD.as_bytes());
        let replied = told(&[("X-HelpScout-Event", "convo.customer.reply.created")]);
        assert_eq!(replied, json!({"goes_on": "8841", "at": "2026-11-22T09:00:00Z"}), "it was closed since");
        for event in ["convo.merged", "convo.tags", "convo.deleted", "satisfaction.ratings"] {
            let nothing = format!("{event} is an event that closes nothing");
            assert_eq!(told(&[("X-HelpScout-Event", event)]), json!({"nothing": nothing}));
        }
        assert_eq!(
            told(&[("X-FreeScout-Event", "convo.status")]),
            json!({"nothing": "the header X-HelpScout-Event, which names the event, is missing"})
        );
    }
}
