//! What became of a mail, and what stopped further ones, in sentences.
//!
//! It must not know how mail is sent, nor what the reports of servers look like.

use super::Line;
use crate::survey::conversation::Stopped;
use crate::survey::outbound::{Outbound, State, Stop};
use crate::survey::suppression::{Bounce, Cause, without_addresses};

/// The stored mail says where it stands, not how it came there: one or two lines.
pub(super) fn tell(mail: &Outbound) -> Vec<Line> {
    let mut lines = Vec::new();
    if let Some(at) = mail.accepted_at {
        lines.push(Line::new(at, accepted(mail)));
    }
    match mail.state {
        State::Waiting => lines.push(Line::new(mail.due_at, waits(mail))),
        State::Sending(_) => lines.push(Line::new(mail.first_due, "the mail is being sent")),
        State::Failed => lines.push(Line::new(mail.due_at, format!("the mail failed{}{}", attempt(mail), said(mail)))),
        State::Cancelled(why) => lines.push(Line::new(mail.due_at, format!("no mail goes out: {}", stop(why)))),
        State::Accepted => {}
    }
    lines
}

fn accepted(mail: &Outbound) -> String {
    match (mail.state, mail.note.as_deref()) {
        (State::Accepted, None) => format!("the mail server accepted the mail{}", attempt(mail)),
        (State::Accepted, Some(Outbound::PROVED_BY_CLICK)) => Outbound::PROVED_BY_CLICK.into(),
        (_, Some(note)) if Bounce::ALL.iter().any(|bounce| note.starts_with(bounce.name())) => {
            format!("the mail server accepted the mail{}; what came back later{}", attempt(mail), said(mail))
        }
        (State::Accepted, Some(_)) => format!("the mail was sent, and no answer came{}", said(mail)),
        _ => "the mail was sent, and no answer came: it may have arrived".into(),
    }
}

fn waits(mail: &Outbound) -> String {
    let last = said(mail);
    match mail.tries {
        0 if last.is_empty() => "the mail is due".into(),
        0 => format!("the mail is due again, after no server took it{last}"),
        tries => format!("the mail is due for its {} attempt; the last answer{last}", nth(tries + 1)),
    }
}

pub(super) fn stopped(stopped: &Stopped) -> Line {
    let text = match stopped.cause {
        Cause::OptedOut if stopped.by_admin => "an admin stopped surveys to the customer's address",
        Cause::OptedOut => "the customer opted out of surveys by the link in a mail",
        Cause::Bounced => "mail to the customer's address came back: no more surveys go there",
        Cause::Complained => "the customer reported a survey as spam: no more go there",
        Cause::Erased => "the customer asked to be forgotten: no more surveys go there",
    };
    Line::new(stopped.at, text)
}

fn stop(why: Stop) -> &'static str {
    match why {
        Stop::Reopened => "the conversation was reopened",
        Stop::LaterClosing => "a later closing asks instead",
        Stop::OptedOut => "the customer opted out of surveys",
        Stop::Bounced => "mail to the customer's address came back",
        Stop::Complained => "the customer reported a survey as spam",
        Stop::Erased => "the customer's data was erased",
        Stop::WindowOver => "the time for rating was over",
        Stop::NothingToTell | Stop::Superseded | Stop::Unwanted => "there was nothing to tell",
    }
}

/// Which attempt it was, unless it was the first.
pub(super) fn attempt(mail: &Outbound) -> String {
    if mail.tries > 1 { format!(" at the {} attempt", nth(mail.tries)) } else { String::new() }
}

/// What a server last answered, after a colon. Servers like to name the recipient.
pub(super) fn said(mail: &Outbound) -> String {
    mail.note.as_deref().map(|note| format!(": {}", without_addresses(note))).unwrap_or_default()
}

/// A number as it stands before what it counts: `2nd`.
pub(super) fn nth(number: u32) -> String {
    let ending = match (number % 10, number % 100) {
        (1, rest) if rest != 11 => "st",
        (2, rest) if rest != 12 => "nd",
        (3, rest) if rest != 13 => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}
