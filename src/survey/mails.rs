//! What became of mails, for the team: which need attention, and what that means in plain sentences.
//!
//! How many were sent, wait or failed is for reports to count. It must not know how mail is sent.

use super::closing::Conversation;
use super::outbound::{Outbound, State, Stop};
use super::paging::RowPlace;
use super::refusal::blames_recipient;
use super::suppression::Bounce;
use super::words::words;
use super::{Time, story};
use std::collections::BTreeMap;
use uuid::Uuid;

words! {
    /// Mails that did not reach their customer, or may not have.
    #[derive(Default)]
    pub enum Trouble {
        /// They are still to be sent.
        Waiting = "waiting",
        /// They will not be tried again.
        #[default]
        Failed = "failed",
        /// They were sent, and something was reported of them later.
        Returned = "returned",
        /// They were stopped before they went out.
        Stopped = "stopped",
    }
}

/// What no report counts of the mails of a period.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Troubles {
    /// Of those sent in the period, the ones that something was reported of.
    pub returned: BTreeMap<Bounce, u64>,
    /// Those that were to go out in the period and were stopped.
    pub stopped: BTreeMap<Stop, u64>,
}

/// A mail of the list.
#[derive(Clone, Debug)]
pub struct MailRow {
    /// Its survey.
    pub survey: Uuid,
    /// When it was sent, or was to go out.
    pub at: Time,
    /// What it asked about.
    pub conversation: Conversation,
    /// Where teammates find that.
    pub url: Option<String>,
    /// The part of the address behind the @; `None` once the customer is erased.
    pub domain: Option<String>,
    /// Whom the survey counts for: the name, else the id.
    pub teammate: Option<String>,
    /// The mail.
    pub mail: Outbound,
}

impl MailRow {
    /// Where it is in the list.
    #[must_use]
    pub fn place(&self) -> RowPlace {
        RowPlace { at: self.at, survey: self.survey }
    }
}

/// A page of the list.
#[derive(Clone, Debug, Default)]
pub struct MailList {
    /// The mails, newest first.
    pub items: Vec<MailRow>,
    /// Where the next page begins, if there may be one.
    pub next: Option<RowPlace>,
    /// Mails before this time were not looked at, because so many newer ones belong to another part of the team.
    pub looked_back_to: Option<Time>,
}

/// What the state of a mail means, and what follows from it.
#[must_use]
pub fn meaning(mail: &Outbound) -> &'static str {
    let note = mail.note.as_deref().unwrap_or_default();
    match mail.state {
        State::Waiting | State::Sending(_) if mail.tries == 0 => "It is sent when it is due, unless sending is paused.",
        State::Waiting | State::Sending(_) => "The mail server has not taken it yet. It is tried again by itself.",
        State::Failed if blames_recipient(None, note) => "There is no such address. No more surveys go there.",
        State::Failed => "The mail server refused it, or could not be reached for too long. It is not tried again.",
        State::Cancelled(stop) => stopped(stop),
        State::Accepted => returned_as(note).map_or("The mail server accepted it.", returned),
    }
}

/// What was reported of an accepted mail: its note begins with the name of that.
fn returned_as(note: &str) -> Option<Bounce> {
    Bounce::ALL.iter().copied().find(|bounce| note.starts_with(bounce.name()))
}

/// What a report about a mail that was sent means.
#[must_use]
pub const fn returned(bounce: Bounce) -> &'static str {
    match bounce {
        Bounce::Hard => "It came back: there is no such address. No more surveys go there.",
        Bounce::Soft => "It is late or came back, for a reason that passes. The customer may be asked again.",
        Bounce::Complaint => "The customer reported it as spam. No more surveys go there.",
    }
}

/// Why a mail was stopped before it went out.
#[must_use]
pub const fn stopped(stop: Stop) -> &'static str {
    match stop {
        Stop::Reopened => "The conversation was reopened before the mail went out. Its next closing decides again.",
        Stop::LaterClosing => "The conversation was closed again before the mail went out, and that closing asks.",
        Stop::OptedOut => "The customer unsubscribed before the mail went out.",
        Stop::Bounced => "An earlier mail to the address came back before this one went out.",
        Stop::Complained => "The customer reported an earlier survey as spam before this one went out.",
        Stop::Erased => "The customer was erased before the mail went out.",
        Stop::WindowOver => "The time to rate ended before the mail went out.",
        Stop::NothingToTell | Stop::Superseded | Stop::Unwanted => "A digest would have had nothing to tell.",
    }
}

/// What happened to a mail last, with the server's words but without addresses.
#[must_use]
pub fn last(mail: &Outbound) -> String {
    story::tell_mail(mail).pop().map(|line| line.text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_state_has_a_meaning_and_no_address_is_told() {
        let mail = |state, note: &str| Outbound { state, note: Some(note.into()), ..Outbound::due(Time::UNIX_EPOCH) };
        let failed = mail(State::Failed, "550 5.1.1 <ada@example.com>: no such user");
        assert_eq!(meaning(&failed), "There is no such address. No more surveys go there.");
        assert_eq!(last(&failed), "the mail failed: 550 5.1.1 <address> no such user");
        assert!(meaning(&mail(State::Failed, "554 5.7.1 looks like spam")).starts_with("The mail server refused it"));
        for bounce in Bounce::ALL {
            let accepted = Outbound { accepted_at: Some(Time::UNIX_EPOCH), ..mail(State::Accepted, bounce.name()) };
            assert_eq!(meaning(&accepted), returned(*bounce));
            assert!(last(&accepted).contains(bounce.name()), "{}", last(&accepted));
        }
        assert_eq!(meaning(&Outbound::due(Time::UNIX_EPOCH)), "It is sent when it is due, unless sending is paused.");
    }
}
