//! Requests to other services: the one [client](http::Client) that sends them, and how they are signed.
//!
//! Nothing else of this crate sends a request; only `afterword check` opens a connection of its own, because it looks at
//! the certificate. It must not know what a request is about.

pub mod address;
pub mod body;
mod connect;
pub mod http;
pub mod note;
pub mod slack;
pub mod standard;
