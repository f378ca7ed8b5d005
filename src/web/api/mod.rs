//! The HTTP API for helpdesks and teams: each handler extracts, calls one verb, renders.
//!
//! It owns the JSON of the contract. It must not decide anything.

pub(super) mod closings;
pub(super) mod customers;
pub(super) mod follow_ups;
pub(super) mod helpdesks;
pub(super) mod moderation;
pub(super) mod providers;
pub(super) mod reports;
pub(super) mod suppressions;

use super::error::Failure;
use axum::response::Response;

pub(super) type HandlerResult = Result<Response, Failure>;
