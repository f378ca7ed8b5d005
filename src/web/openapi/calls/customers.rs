//! The calls about suppressions, bounces and single customers.
//!
//! It must not know how an address is hashed.

use super::reports::paging;
use crate::survey::access::Scope;
use crate::survey::suppression::{Bounce, Cause};
use crate::web::api::{customers, providers, suppressions};
use crate::web::code::Code;
use crate::web::openapi::SURVEY;
use crate::web::openapi::operation::{Door, Group, Operation, Parameter, delete, get, post, put, segment};
use crate::web::openapi::schema::{Schema, any, may, must, of, strict, text, uuid, words, words_of};
use axum::http::StatusCode;
use serde_json::json;

pub(super) fn all() -> Vec<Operation> {
    vec![list(), suppress(), unsuppress(), bounce(), provider(), export(), erase()]
}

fn address() -> Parameter {
    segment("email", text().format("email").about("The customer's address."), "ada@example.com")
}

fn list() -> Operation {
    let row = json!({
        "address": "ada@example.com", "address_hash": "6b1f3c7a9d2e4f508192a3b4c5d6e7f8", "cause": "opted_out",
        "at": "2026-11-22T10:00:00Z",
    });
    get("/v1/suppressions", "listSuppressions", suppressions::list)
        .is(Group::Customers, "List suppressions", "Lists the addresses that are asked no more, newest first.")
        .by(Door::Key(Scope::Admin))
        .with(paging())
        .answers(
            StatusCode::OK,
            "One page of suppressions.",
            of("Suppressions"),
            [("page", "The only page", json!({"items": [row], "next": null}))],
        )
}

fn suppress() -> Operation {
    let causes = Cause::ALL.iter().filter(|cause| **cause != Cause::Erased).map(|cause| cause.word());
    let cause =
        words(causes).default(Cause::OptedOut.word()).about("Why. `erased` comes from erasing a customer only.");
    let done = json!({"email": "ada@example.com", "cause": "complained"});
    put("/v1/suppressions/{email}", "suppress", suppressions::suppress)
        .is(
            Group::Customers,
            "Stop asking an address",
            "No survey is sent to the address any more. It takes one address; to exclude many by a pattern, set \
             `ask.exclude`.",
        )
        .by(Door::Key(Scope::Admin))
        .with([address()])
        .takes(strict([may("cause", cause)]), [("complained", "With a cause", json!({"cause": "complained"}))])
        .or_nothing()
        .answers(StatusCode::OK, "The address is asked no more.", of("Suppressed"), [("done", "It is stopped", done)])
}

fn unsuppress() -> Operation {
    let email = text().about("The address, or its hash as the list shows it.");
    delete("/v1/suppressions/{email}", "unsuppress", suppressions::unsuppress)
        .is(Group::Customers, "Ask an address again", "Lifts every cause.")
        .by(Door::Key(Scope::Admin))
        .with([segment("email", email, "ada@example.com")])
        .answers(
            StatusCode::OK,
            "How many causes were lifted.",
            of("Lifted"),
            [("lifted", "One cause was lifted", json!({"email": "ada@example.com", "lifted": 1}))],
        )
        .fails([Code::Invalid])
}

fn bounce() -> Operation {
    let about = "Records what your mail provider reports about a mail that it had accepted. Send either `survey_id` or \
                 `email`. `docs/bounces.md` says what each kind does. A repeat changes nothing.";
    post("/v1/bounces", "reportBounce", suppressions::bounce)
        .is(Group::Customers, "Report a bounce or a complaint", about)
        .by(Door::Key(Scope::Admin))
        .takes(
            strict([
                must("kind", words_of!(Bounce).about("What came back.")),
                may("survey_id", uuid().or_null().about("Whose mail it was.")),
                may("email", text().format("email").or_null().about("The address that it was sent to.")),
                may("reason", text().default("").about("The mail server's words. Addresses in them are not kept.")),
            ]),
            [
                ("hard", "A hard bounce of an address", json!({"kind": "hard", "email": "ada@example.com"})),
                (
                    "complaint",
                    "A complaint about a survey",
                    json!({"kind": "complaint", "survey_id": SURVEY, "reason": "abuse"}),
                ),
            ],
        )
        .answers(
            StatusCode::OK,
            "The cause for which the address is asked no more, or null for a soft bounce.",
            of("Returned"),
            [("bounced", "The address is asked no more", json!({"suppressed": "bounced"}))],
        )
        .fails([Code::UnknownSurvey])
}

fn provider() -> Operation {
    let about = "Takes the webhooks of a configured mail provider as the provider sends them. A hard bounce and a \
                 complaint suppress the address, a soft bounce is noted at its mail, and all else changes nothing. \
                 `docs/bounces.md` says for each provider what to set up there.\n\n\
                 The provider's signature proves who sends. One that can't sign sends a key with the scope `trigger`, as a \
                 Bearer token or as the password of Basic authentication. A repeat changes nothing.";
    let free = Schema::about(any(), "The payload of the provider.");
    let name = text().about("The provider's name in the configuration: `[provider.NAME]`.");
    let hard = json!({"RecordType": "Bounce", "Type": "HardBounce", "TypeCode": 1, "Email": "ada@example.com"});
    post("/v1/providers/{name}/bounces", "reportByProvider", providers::take)
        .is(Group::Customers, "Take a mail provider's webhook", about)
        .by(Door::Webhook)
        .with([segment("name", name, "postmark")])
        .takes(free, [("hard", "A hard bounce, as Postmark sends it", hard)])
        .in_any_form()
        .answers(
            StatusCode::OK,
            "It was understood. Anything that was understood is a success, because a provider would send the rest again.",
            of("Reported"),
            [("taken", "One bounce was taken", json!({"taken": 1, "ignored": []}))],
        )
        .fails([Code::UnknownProvider])
}

fn export() -> Operation {
    let nothing = json!({
        "address": "ada@example.com", "exported_at": "2026-11-22T10:00:00Z", "surveys": [], "closings": [],
        "reopenings": [], "waiting_closings": [], "suppressions": [],
    });
    get("/v1/customers/{email}", "exportCustomer", customers::export)
        .is(Group::Customers, "Export a customer", "Returns everything that is stored about a customer.")
        .by(Door::Key(Scope::Admin))
        .with([address()])
        .answers(
            StatusCode::OK,
            "Everything that is stored.",
            of("Export"),
            [("nothing", "Nothing is stored", nothing)],
        )
        .fails([Code::Invalid])
}

fn erase() -> Operation {
    let about = "Erases who a customer is, what it was about and what they wrote, and never asks the address again. Counts \
                 stay. If it answers 503, a part may be erased: repeat it.";
    let done = json!({
        "surveys": 2, "closings": 3, "cancelled": 1, "sending": 0, "files": 0, "rewritten": true, "log_emptied": true,
    });
    delete("/v1/customers/{email}", "eraseCustomer", customers::erase)
        .is(Group::Customers, "Erase a customer", about)
        .by(Door::Key(Scope::Admin))
        .with([address()])
        .answers(StatusCode::OK, "What was erased now.", of("Erased"), [("erased", "A customer is erased", done)])
        .fails([Code::Invalid])
}
