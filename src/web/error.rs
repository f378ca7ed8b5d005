//! What went wrong, described once and rendered twice: as a problem (RFC 9457) for programs, as a page for people.
//!
//! A handler fails with a [`Failure`]; the outermost layer renders it, because it knows who asked and by which request
//! id. Nothing internal is ever shown. It must not know which verb failed.

use crate::gateway::Error;
use crate::survey::closing::Fault;
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::TimeDelta;
use serde_json::json;

/// When it is worth asking a store again that did not answer.
const RETRY_AFTER: TimeDelta = TimeDelta::seconds(5);

/// The code of a link of a test mail, which has a page of its own.
pub(super) const TEST_LINK: &str = "test_link";

/// What went wrong, for whoever asked.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub status: StatusCode,
    /// Stable: programs may rely on it.
    pub code: &'static str,
    pub detail: String,
    pub faults: Vec<Fault>,
    /// When it is worth asking again.
    pub retry_after: Option<TimeDelta>,
    /// For the log alone.
    pub cause: Option<String>,
}

impl Failure {
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into(), faults: Vec::new(), retry_after: None, cause: None }
    }

    pub fn invalid(faults: Vec<Fault>) -> Self {
        let detail = "some fields are not what they should be";
        Self { faults, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail) }
    }

    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "there is nothing here")
    }

    pub fn too_many(wait: TimeDelta) -> Self {
        let detail = "this was asked for too often: please wait a moment";
        Self { retry_after: Some(wait), ..Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many", detail) }
    }

    /// The problem that programs get.
    pub fn problem(&self, request_id: &str) -> Response {
        let mut problem = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason(),
            "status": self.status.as_u16(),
            "code": self.code,
            "detail": self.detail,
        });
        if !self.faults.is_empty() {
            problem["errors"] = json!(self.faults);
        }
        if self.status.is_server_error() {
            problem["request_id"] = json!(request_id);
        }
        let mut response = (self.status, Json(problem)).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        self.with_headers(response)
    }

    /// The headers that go with it, whoever gets it.
    pub fn with_headers(&self, mut response: Response) -> Response {
        let headers = response.headers_mut();
        if let Some(wait) = self.retry_after {
            // In whole seconds, and not too early.
            headers.insert(header::RETRY_AFTER, wait.num_milliseconds().max(0).cast_unsigned().div_ceil(1000).into());
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Unavailable(cause) => Self {
                cause: Some(cause.to_string()),
                retry_after: Some(RETRY_AFTER),
                ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "please try again in a moment")
            },
            Error::Invalid(faults) => Self::invalid(faults),
            Error::UnknownLink => Self::new(StatusCode::NOT_FOUND, "unknown_link", "this link is not one of ours"),
            Error::UnknownSurvey => Self::new(StatusCode::NOT_FOUND, "unknown_survey", "there is no survey of this id"),
            Error::TestLink => Self::new(StatusCode::NOT_FOUND, TEST_LINK, "this link is one of a test mail"),
            Error::UnknownKey => {
                Self::new(StatusCode::UNAUTHORIZED, "unknown_key", "expected `Authorization: Bearer` and a valid key")
            }
            Error::Forbidden(scope) => {
                Self::new(StatusCode::FORBIDDEN, "forbidden", format!("this takes a key with the scope {scope}"))
            }
        }
    }
}

impl IntoResponse for Failure {
    /// An empty answer that carries the failure to the layer that renders it.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}
