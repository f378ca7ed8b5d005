//! The HTTP API for helpdesks and teams: each handler extracts, calls one verb, renders.
//!
//! It owns the JSON of the contract. It must not decide anything.

pub(super) mod closings;
pub(super) mod reports;
pub(super) mod suppressions;

use super::error::Failure;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::response::Response;

pub(super) type Body = Result<Bytes, BytesRejection>;
pub(super) type HandlerResult = Result<Response, Failure>;
