//! Addresses that are not asked any more, why, and which reports about a mail make one of them.
//!
//! It must not know how an address is hashed, nor where suppressions are kept.

use super::Time;
use super::words::words;
use chrono::TimeDelta;

/// How long after unsubscribing a customer can take it back on the page. Later, a machine that presses the buttons of an
/// old mail must not have them asked again.
pub const UNDO_LIFE: TimeDelta = TimeDelta::hours(24);

words! {
    /// Why an address is not asked any more. The word is also the name of the rule that fails.
    pub enum Cause {
        /// The customer unsubscribed, or an admin did it for them.
        OptedOut = "opted_out",
        /// Mail to it came back.
        Bounced = "bounced",
        /// The customer reported a survey as spam.
        Complained = "complained",
        /// The customer asked to be forgotten.
        Erased = "erased",
    }
}

/// An address that is not asked, for one cause. An address may have several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// The keyed hash of the address: 32 hexadecimal digits.
    pub address_hash: String,
    /// Why.
    pub cause: Cause,
    /// Since when.
    pub at: Time,
    /// The address itself, only where an admin entered it.
    pub address: Option<String>,
}

words! {
    /// What a mail server or provider reports about a mail that was accepted before.
    pub enum Bounce {
        /// It came back, and the next one would too: there is no such address.
        Hard = "hard",
        /// It is late or came back, for a reason that passes or is not the address's.
        Soft = "soft",
        /// The customer reported it as spam.
        Complaint = "complaint",
    }
}

impl Bounce {
    /// Why the address is not asked again; `None` if it may be.
    #[must_use]
    pub fn cause(self) -> Option<Cause> {
        match self {
            Self::Hard => Some(Cause::Bounced),
            Self::Soft => None,
            Self::Complaint => Some(Cause::Complained),
        }
    }

    /// Its name for people, in at most two words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Hard => "hard bounce",
            Self::Soft => "soft bounce",
            Self::Complaint => "complaint",
        }
    }
}

/// Replaces the addresses in a server's answer: answers are logged and displayed, and servers like to repeat the
/// recipient's address in them.
#[must_use]
pub fn without_addresses(answer: &str) -> String {
    let words = answer.split(' ').map(|word| if word.contains('@') { "<address>" } else { word });
    words.collect::<Vec<_>>().join(" ")
}
