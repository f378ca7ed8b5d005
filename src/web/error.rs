//! What went wrong, described once and rendered twice: as a problem (RFC 9457) for programs, as a page for people.
//!
//! A handler fails with a [`Failure`]. The outermost layer renders it, because it knows the kind of client and the id of the
//! request. Nothing internal is ever shown. It must not know which verb failed.

use super::code::Code;
use crate::gateway::Error;
use crate::survey::fields::{Fault, Place};
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::TimeDelta;
use serde_json::{Value, json};

/// When to try again after the store did not answer.
pub(super) const RETRY_AFTER: TimeDelta = TimeDelta::seconds(5);

/// The most faults that an answer lists: enough to connect a helpdesk, and too few to help an attacker.
pub(super) const MOST_FAULTS: usize = 50;
/// The most bytes that the list may take.
const MOST_FAULT_BYTES: usize = 16 * 1024;
/// How much of a place, and of the start and the end of a detail, an answer repeats. Callers can send names of any length.
const SHOWN: usize = 200;
/// How many places the log names, and how many characters of each.
const LOGGED: (usize, usize) = (10, 60);

/// What went wrong.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub(super) code: Code,
    pub(super) detail: String,
    pub(super) faults: Vec<Fault>,
    /// When to try again.
    pub(super) retry_after: Option<TimeDelta>,
    /// For the log only.
    pub(super) cause: Option<String>,
}

impl Failure {
    pub(super) fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), faults: Vec::new(), retry_after: None, cause: None }
    }

    pub(super) fn status(&self) -> StatusCode {
        self.code.status()
    }

    /// Faults, as many as an answer lists.
    pub(super) fn invalid(faults: Vec<Fault>) -> Self {
        let (all, mut bytes) = (faults.len(), 0);
        let shown = faults.into_iter().take(MOST_FAULTS).map(shorten).take_while(|fault| {
            bytes += json!(fault).to_string().len();
            bytes <= MOST_FAULT_BYTES
        });
        let faults: Vec<_> = shown.collect();
        let more = if faults.len() < all { format!("; these are the first {}", faults.len()) } else { String::new() };
        let detail = format!("one or more fields are invalid{more}");
        Self { faults, ..Self::new(Code::Invalid, detail) }
    }

    /// Where the request is wrong, for the log; nothing of what it says there. A name that is none of ours could be an
    /// address, so it is told only as far as it could be a field's.
    pub(super) fn places(&self) -> Option<String> {
        let (most, longest) = LOGGED;
        let shown = |fault: &Fault| {
            let (Place::Body(place) | Place::Parameter(place)) = &fault.place;
            let of_a_name = |c: char| if c.is_ascii_alphanumeric() || "_/~-".contains(c) { c } else { '*' };
            place.chars().map(of_a_name).take(longest).collect::<String>()
        };
        let places: Vec<_> = self.faults.iter().take(most).map(shown).collect();
        (!places.is_empty()).then(|| places.join(" "))
    }

    pub(super) fn not_found() -> Self {
        Self::new(Code::NotFound, "there is nothing here")
    }

    pub(super) fn internal(cause: Option<String>) -> Self {
        let detail = "something went wrong on our side";
        Self { cause, ..Self::new(Code::Internal, detail) }
    }

    pub(super) fn too_many(wait: TimeDelta) -> Self {
        let detail = "too many requests: please wait a moment";
        Self { retry_after: Some(wait), ..Self::new(Code::TooMany, detail) }
    }

    /// The problem that programs get.
    pub(super) fn problem(&self, request_id: &str) -> Response {
        let mut response = (self.status(), Json(self.json(request_id))).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        self.with_headers(response)
    }

    /// The JSON of that problem.
    pub(super) fn json(&self, request_id: &str) -> Value {
        let status = self.status();
        let mut problem = json!({
            "type": "about:blank",
            "title": status.canonical_reason(),
            "status": status.as_u16(),
            "code": self.code,
            "detail": self.detail,
        });
        if !self.faults.is_empty() {
            problem["errors"] = json!(self.faults);
        }
        if status.is_server_error() {
            problem["request_id"] = json!(request_id);
        }
        problem
    }

    /// Adds the headers that belong to it, in either rendering.
    pub(super) fn with_headers(&self, mut response: Response) -> Response {
        let headers = response.headers_mut();
        if let Some(wait) = self.retry_after {
            // In whole seconds, and not too early.
            headers.insert(header::RETRY_AFTER, wait.num_milliseconds().max(0).cast_unsigned().div_ceil(1000).into());
        }
        if self.status() == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// Cuts the names and values of the caller that a fault repeats.
fn shorten(mut fault: Fault) -> Fault {
    let (Place::Body(place) | Place::Parameter(place)) = &mut fault.place;
    for (text, end) in [(place, 0), (&mut fault.detail, SHOWN)] {
        let length = text.chars().count();
        if length > SHOWN + end {
            *text = text.chars().take(SHOWN).chain(['…']).chain(text.chars().skip(length - end)).collect();
        }
    }
    fault
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Unavailable(cause) => Self {
                cause: Some(cause.to_string()),
                retry_after: Some(RETRY_AFTER),
                ..Self::new(Code::Unavailable, "please try again in a moment")
            },
            Error::Invalid(faults) => Self::invalid(faults),
            Error::UnknownLink => Self::new(Code::UnknownLink, "this link is unknown"),
            Error::UnknownSurvey => Self::new(Code::UnknownSurvey, "there is no survey with this id"),
            Error::TestLink => Self::new(Code::TestLink, "this link belongs to a test mail"),
            Error::UnknownKey => Self::new(Code::UnknownKey, "expected `Authorization: Bearer` and a valid key"),
            Error::Refused(why) => Self::new(Code::WrongStanding, why.to_string()),
            Error::UnknownHelpdesk => Self::new(Code::UnknownHelpdesk, "no helpdesk of this name is configured"),
            Error::UnknownProvider => Self::new(Code::UnknownProvider, "no mail provider of this name is configured"),
            Error::Unproved(refused) => Self::new(Code::BadSignature, refused.to_string()),
            Error::ProviderUnreachable(cause) => Self {
                cause: Some(cause),
                retry_after: Some(RETRY_AFTER),
                ..Self::new(Code::Unavailable, "please try again in a moment")
            },
            Error::Unsigned(refused) => Self::new(Code::BadSignature, refused.to_string()),
            Error::NotJson(_) => Self::new(Code::NotJson, error.to_string()),
            Error::Forbidden(scope) => Self::new(Code::Forbidden, format!("this needs a key with the scope {scope}")),
        }
    }
}

impl IntoResponse for Failure {
    /// An empty response that carries the failure to the layer that renders it.
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}
