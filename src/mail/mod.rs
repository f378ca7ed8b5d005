//! Mail: how one is written, where it goes, how it gets there, and what other servers report about it.
//!
//! It must not know when a mail is sent or tried again, nor touch the database.

pub mod alert;
pub mod bounce;
pub mod certificate;
pub mod compose;
pub mod digest;
pub mod dkim;
pub mod login;
mod names;
pub mod preview;
pub mod smtp;
mod tls;
pub mod transport;
mod wire;

/// The longest reason that is kept of what a server says about a mail, in Unicode characters. It is shown in a table:
/// enough to understand, too little to fill a disk.
pub const LONGEST_REASON: usize = 300;
