//! An example of each failure that a program can meet, made as the failure itself is.
//!
//! It must not know which call fails how.

use crate::gateway::Error;
use crate::survey::access::Scope;
use crate::survey::fields::{ADDRESS_EXPECTED, Fault};
use crate::survey::moderation::Refusal;
use crate::web::code::Code;
use crate::web::error::Failure;
use serde_json::{Map, Value, json};

/// The id of the request that the examples of our own faults name.
const REQUEST: &str = "9f0c2b1ad35e4c6f8e7d6c5b4a392817";

/// The examples of the document, by the names that [`example_of`](super::operation::Operation::example_of) gives.
pub(super) fn examples() -> Map<String, Value> {
    let wrong_parameter = Failure::invalid(vec![Fault::parameter("limit", "expected 1 to 200")]);
    let codes = Code::ALL.iter().map(|code| (code.to_string(), code.meaning(), example(*code)));
    let all = codes.chain([("invalid_parameter".to_owned(), Code::Invalid.meaning(), wrong_parameter)]);
    all.map(|(name, meaning, failure)| (name, json!({"summary": meaning, "value": failure.json(REQUEST)}))).collect()
}

fn example(code: Code) -> Failure {
    match code {
        Code::UnknownKey => Error::UnknownKey.into(),
        Code::Forbidden => Error::Forbidden(Scope::Admin).into(),
        Code::UnknownHelpdesk => Error::UnknownHelpdesk.into(),
        Code::UnknownSurvey => Error::UnknownSurvey.into(),
        Code::UnknownLink => Error::UnknownLink.into(),
        Code::TestLink => Error::TestLink.into(),
        Code::WrongStanding => Error::Refused(Refusal::Voided).into(),
        Code::NotFound => Failure::not_found(),
        Code::Internal => Failure::internal(None),
        Code::Invalid => Failure::invalid(vec![Fault::body("/customers/0/email", ADDRESS_EXPECTED)]),
        other => Failure::new(other, detail(other)),
    }
}

/// The detail of a failure that depends on the request.
fn detail(code: Code) -> &'static str {
    match code {
        Code::NotJson => "the body is not JSON: expected value at line 1 column 1",
        Code::BadSignature => "the signature does not match the body and the secret",
        Code::ChangedMeanwhile => "nothing was changed: it is taken by grace since 2026-11-22T11:00:00Z",
        Code::TooLarge => "expected a body of at most 1048576 bytes",
        other => other.meaning(),
    }
}
