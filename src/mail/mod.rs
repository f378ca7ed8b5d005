//! Mail: how one is written, where it goes, and how it gets there.

pub mod bounce;
pub mod compose;
pub mod dkim;
pub mod preview;
pub mod smtp;
mod tls;
pub mod transport;
mod wire;
