//! The calls about closings and conversations.
//!
//! It must not know what is decided when.

use crate::survey::access::Scope;
use crate::survey::closing::MOST_CUSTOMERS;
use crate::survey::closing::{Author, ClosingState, Kind, StartedBy};
use crate::survey::fields::LONGEST_ID;
use crate::web::api::{closings, helpdesks};
use crate::web::code::Code;
use crate::web::openapi::SURVEY;
use crate::web::openapi::operation::{Door, Example, Group, Operation, Parameter, get, head, post, query, segment};
use crate::web::openapi::schema::{
    Schema, any, flag, id, list, may, must, of, one_of, strict, text, time, within, words_of,
};
use axum::http::StatusCode;
use serde_json::{Value, json};

const CONVERSATION: &str = "The helpdesk's id of the conversation.";

pub(super) fn all() -> Vec<Operation> {
    let group = Group::Closings;
    vec![
        close(),
        post("/v1/conversations/{id}/reopened", "reopenConversation", closings::reopen)
            .is(
                group,
                "Report a reopening",
                "Cancels the surveys of a conversation that still wait, of closings up to that time. The reopening is \
                 kept even if the conversation is unknown, because reports can overtake each other.",
            )
            .by(Door::Key(Scope::Trigger))
            .with([segment("id", id().about(CONVERSATION), "8841"), connection()])
            .takes(
                strict([must("reopened_at", time().about("When it was reopened."))]),
                [("reopened", "A reopening", json!({"reopened_at": "2026-11-22T10:05:00Z"}))],
            )
            .answers(StatusCode::OK, "How many surveys it cancelled.", of("Cancelled"), [cancelled()]),
        get("/v1/conversations/{id}", "getConversation", closings::conversation)
            .is(
                group,
                "Look up a conversation",
                "Returns its closings, the decisions with their reasons, its reopenings, its surveys with mail, clicks \
                 and rating, and all of it as a story in English. It answers \"why was nobody asked?\". A story doesn't \
                 tell who the customer is or what they wrote.",
            )
            .by(Door::Key(Scope::Read))
            .with([segment("id", text().about(CONVERSATION), "8841"), connection()])
            .answers(StatusCode::OK, "All that is known.", of("Conversation"), [("known", "Nobody was asked", known())])
            .fails([Code::UnknownConversation]),
        helpdesk(),
        head("/v1/helpdesks/{name}/closings", "checkHelpdesk", async || StatusCode::OK)
            .is(group, "Check a helpdesk's address", "Some helpdesks ask by HEAD whether there is anything at the address.")
            .with([segment("name", text().about("Any name; it isn't looked up."), "shop")])
            .answers(StatusCode::OK, "There is something.", None, []),
    ]
}

fn connection() -> Parameter {
    let about = "The configured helpdesk that reported the conversation, because two of them may use the same id. Leave it \
                 out for conversations that were reported by `POST /v1/closings`.";
    query("connection", text().longest(LONGEST_ID).about(about))
}

fn close() -> Operation {
    let about = "Takes one report that a conversation was closed, decides whether to ask its customer, and answers once \
                 the decision is on disk, before any mail is sent.\n\n\
                 Send what you know. Omitted fields are treated as unknown, never as zero. With `when_unknown = \"ask\"`, \
                 the default, a rule that needs an unknown fact passes.\n\n\
                 It's safe to repeat: if this `conversation_id` and `closed_at` were reported before, the first decision \
                 is returned, whatever else differs, and nothing is sent twice.";
    post("/v1/closings", "reportClosing", closings::close)
        .is(Group::Closings, "Report a closing", about)
        .by(Door::Key(Scope::Trigger))
        .with([query("dry_run", flag().about("`true`: return the decision, and store nothing.").default(false))])
        .takes(
            of("Closing"),
            [
                ("full", "All that a helpdesk may know", full()),
                ("least", "The least that is needed", least()),
                ("messages", "With messages, from which missing facts are taken", messages()),
            ],
        )
        .answers(
            StatusCode::ACCEPTED,
            "A survey was made. Its mail goes out at `send_at`.",
            of("Asked"),
            [("asked", "A survey was made", asked())],
        )
        .answers(
            StatusCode::OK,
            "Nobody is asked, and why. Or the first decision of a repeated report, or the decision of a dry run.",
            of("Decision"),
            [skipped(), ("repeated", "The first decision of a repeated report", asked())],
        )
}

fn helpdesk() -> Operation {
    let about = "Takes the webhooks of a configured helpdesk as the helpdesk sends them, and judges a closing as \
                 `POST /v1/closings` does. The body has the format of the helpdesk: JSON, or a form where people write the \
                 body themselves. `docs/helpdesks.md` says for each helpdesk what to set up there, and \
                 `afterword helpdesk try` shows how a payload is read.\n\n\
                 Who sends is proved by the signature of the helpdesk over the raw body, in a header such as \
                 `X-Hub-Signature`. Helpdesks that can't sign send a key with the scope `trigger`, as a Bearer token or as \
                 the password of Basic authentication. `auth` of the helpdesk's configuration decides which one counts.";
    let free = Schema::about(any(), "The payload of the helpdesk.");
    post("/v1/helpdesks/{name}/closings", "reportByHelpdesk", helpdesks::take)
        .is(Group::Closings, "Take a helpdesk's webhook", about)
        .by(Door::Webhook)
        .with([segment("name", text().about("The helpdesk's name in the configuration: `[helpdesk.NAME]`."), "shop")])
        .takes(free, [("template", "As the kind `template` takes it", template())])
        .in_any_form()
        .answers(
            StatusCode::ACCEPTED,
            "It was a closing: a survey was made, or the conversation is fetched before the decision.",
            one_of([of("Asked"), of("Waits")]),
            [("asked", "A survey was made", asked())],
        )
        .answers(
            StatusCode::OK,
            "It was understood: nobody is asked, or waiting surveys were cancelled, or the report changes nothing. \
             Anything that was understood is a success, because a helpdesk would send the rest again for hours.",
            one_of([of("Skipped"), of("Asked"), of("Cancelled"), of("Ignored")]),
            [skipped(), cancelled(), ("ignored", "Nothing to do", json!({"ignored": "the conversation isn't closed"}))],
        )
        .fails([Code::UnknownHelpdesk, Code::Invalid])
}

/// The schemas of the requests.
pub(super) fn schemas() -> Vec<(&'static str, Schema)> {
    vec![("Closing", closing()), ("Customer", customer()), ("Teammate", teammate()), ("Message", message())]
}

fn closing() -> Schema {
    strict([
        must("conversation_id", id().about(CONVERSATION)),
        must(
            "closed_at",
            time().about(
                "When it was closed, at most 5 minutes ahead of the service's clock. With the conversation it names the \
                 closing.",
            ),
        ),
        must(
            "customers",
            list(of("Customer")).items(1, MOST_CUSTOMERS).about("Who was helped. A survey is sent to one customer only."),
        ),
        may("state", words_of!(ClosingState).default("closed").about("Whether it is over, or will come back.")),
        may("subject", text().or_null().about("Shown in the mail, cut to 250 characters.")),
        may("url", text().format("uri").longest(2000).or_null().about("Where teammates find it: http or https.")),
        may("channel", text().or_null().about("Where it took place, such as `email` or `chat`.")),
        may("started_by", words_of!(StartedBy).or_null().about("Who started it.")),
        may(
            "characters",
            within(0, u32::MAX)
                .or_null()
                .about("How much customers and teammates wrote, spaces included, in Unicode scalar values."),
        ),
        may(
            "last_reply_at",
            time().or_null().about("The last reply of a customer or a teammate, at most 5 minutes after `closed_at`."),
        ),
        may("teammate_replied", flag().or_null().about("Whether a teammate replied.")),
        may("teammate", of("Teammate").or_null().about("Who last wrote, and gets the rating.")),
        may(
            "messages",
            list(of("Message"))
                .or_null()
                .about("Used for facts that are missing. The texts are counted and not stored."),
        ),
        may("tags", list(text()).default(json!([])).about("The helpdesk's labels.")),
        may("policy", text().or_null().about("The name of a configured policy. An unknown one is refused.")),
        may("ask", flag().default(true).about("`false`: don't ask about this closing.")),
        may("other_survey", flag().default(false).about("`true`: another survey app asks already.")),
        may(
            "in_reply_to",
            text()
                .longest(500)
                .or_null()
                .about("A Message-ID with its angle brackets, so that the survey joins the customer's thread."),
        ),
    ])
}

fn customer() -> Schema {
    strict([
        must(
            "email",
            text().format("email").or_null().about("The address to ask at. The field must be there, and may be null."),
        ),
        may("id", id().or_null().about("The helpdesk's id.")),
        may("name", text().or_null().about("The name to greet.")),
        may("kind", words_of!(Kind).or_null().about("`user`: has an account. `lead`: has none yet.")),
        may("locale", text().or_null().about("The language to ask in, such as `de` or `pt-BR`.")),
    ])
}

fn teammate() -> Schema {
    strict([
        must("id", id().about("The helpdesk's id.")),
        may("name", text().or_null().about("The name that customers and reports see.")),
        may("email", text().format("email").or_null().about("Their address.")),
        may("team", text().or_null().about("Their team at this time.")),
    ])
}

fn message() -> Schema {
    strict([
        must("author", words_of!(Author).about("Who wrote it. Bots don't count.")),
        must("at", time().about("When, at most 5 minutes after `closed_at`.")),
        must("text", text().about("What. It is counted, and never stored.")),
        may("author_id", id().or_null().about("The helpdesk's id of the author.")),
        may("author_name", text().or_null().about("The author's name.")),
    ])
}

fn full() -> Value {
    json!({
        "conversation_id": "8841", "closed_at": "2026-11-22T10:00:00Z", "state": "closed",
        "subject": "Refund", "url": "https://desk.example.com/8841", "channel": "email", "started_by": "customer",
        "characters": 612, "last_reply_at": "2026-11-22T09:58:00Z", "teammate_replied": true,
        "customers": [{"id": "c1", "email": "ada@example.com", "name": "Ada", "kind": "user", "locale": "de"}],
        "teammate": {"id": "t7", "name": "Grace", "email": "grace@example.com", "team": "Billing"},
        "tags": ["refund"], "ask": true, "other_survey": false, "in_reply_to": "<m1@desk.example.com>",
    })
}

fn least() -> Value {
    json!({
        "conversation_id": "8841", "closed_at": "2026-11-22T10:00:00Z", "customers": [{"email": "ada@example.com"}],
    })
}

fn messages() -> Value {
    json!({
        "conversation_id": "8841", "closed_at": "2026-11-22T10:00:00Z", "started_by": "customer",
        "customers": [{"email": "ada@example.com"}],
        "messages": [
            {"author": "customer", "at": "2026-11-22T09:41:00Z", "text": "My refund is missing."},
            {
                "author": "teammate", "author_id": "t7", "author_name": "Grace", "at": "2026-11-22T09:58:00Z",
                "text": "It left us on Friday, and takes three days.",
            },
        ],
    })
}

fn template() -> Value {
    json!({
        "conversation_id": "8841", "closed_at": "2026-11-22T10:00:00Z", "customer_email": "ada@example.com",
        "customer_name": "Ada", "teammate_id": "t7", "teammate_name": "Grace", "teammate_team": "Billing",
        "tags": "refund, urgent",
    })
}

fn asked() -> Value {
    json!({"decision": "ask", "survey_id": SURVEY, "send_at": "2026-11-22T10:00:00Z"})
}

fn skipped() -> Example {
    let message = "120 characters were written: asking takes more than 250";
    let reason = json!({"rule": "too_short", "value": 120, "limit": 250, "message": message});
    ("skipped", "Nobody is asked", json!({"decision": "skip", "reasons": [reason]}))
}

fn cancelled() -> Example {
    ("cancelled", "A waiting survey was cancelled", json!({"cancelled": 1}))
}

fn known() -> Value {
    let at = "2026-11-22T10:00:00Z";
    let (_, _, skipped) = skipped();
    json!({
        "conversation_id": "8841",
        "closings": [{
            "closed_at": at, "reported_at": at, "state": "closed", "subject": "Refund",
            "url": "https://desk.example.com/8841", "channel": "email", "tags": ["refund"], "started_by": "customer",
            "characters": 120, "last_reply_at": "2026-11-22T09:58:00Z", "teammate_replied": true, "customers": 1,
            "teammate": {"id": "t7", "name": "Grace"}, "team": "Billing", "policy": null,
            "fetched_at": null, "fetch_failed": null,
        }],
        "decisions": [{"closed_at": at, "decided_at": at, "decision": "skip", "reasons": skipped["reasons"]}],
        "waiting": [], "reopenings": [], "surveys": [],
        "story": [{"at": at, "text": "The conversation was closed, and nobody was asked: too_short"}],
    })
}
