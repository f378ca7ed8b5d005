//! How other systems were told of an event, in sentences: for "why does the chat not know?".
//!
//! It must not know which kinds of targets there are.

use super::Line;
use super::clicks::face;
use super::mail::{attempt, nth, said};
use crate::survey::conversation::{TargetOff, TellingRecord};
use crate::survey::outbound::{Outbound, State, Stop};

/// Where a telling stands; of a replayed one, also when the target took it before.
pub(super) fn tell(telling: &TellingRecord) -> Vec<Line> {
    let TellingRecord { target, kind, score, state: sent, off } = telling;
    let what = score.map_or_else(|| kind.to_string(), |score| format!("{kind} ({})", face(score)));
    let again = if sent.accepted_at.is_some() { " again" } else { "" };
    let stands = match sent.state {
        State::Accepted => None,
        State::Sending(_) => Some(Line::new(sent.first_due, format!("{what} is being sent to {target}"))),
        State::Waiting => {
            let off = off.map(is_off).unwrap_or_default();
            Some(Line::new(sent.due_at, format!("{what} is due for {target}{}{off}", waits(sent))))
        }
        State::Failed if again.is_empty() => {
            Some(Line::new(sent.due_at, format!("{target} never took {what}{}", said(sent))))
        }
        State::Failed => Some(Line::new(sent.due_at, format!("{target} did not take {what} again{}", said(sent)))),
        State::Cancelled(Stop::Unwanted) => {
            Some(Line::new(sent.due_at, format!("{target} is not configured to get {what}")))
        }
        State::Cancelled(_) => {
            let why = "a later event tells it, or it no longer held";
            Some(Line::new(sent.due_at, format!("{target} did not get {what}{again}: {why}")))
        }
    };
    let taken = sent.accepted_at.map(|at| Line::new(at, taken(target, &what, sent)));
    taken.into_iter().chain(stands).collect()
}

/// An attempt that no answer came to counts as taken, too. Its note is kept until the telling is sent again.
fn taken(target: &str, what: &str, sent: &Outbound) -> String {
    match (sent.state, &sent.note) {
        (State::Accepted, None) => format!("{target} took {what}{}", attempt(sent)),
        (State::Accepted, Some(_)) => format!("{what} was sent to {target}, and no answer came{}", said(sent)),
        (_, None) => format!("{target} took {what}"),
        (_, Some(_)) => format!("{what} was sent to {target}, which may have taken it"),
    }
}

fn is_off(off: TargetOff) -> &'static str {
    match off {
        TargetOff::Disabled => "; it is turned off until `afterword webhook enable`",
        TargetOff::Removed => "; it is no longer configured",
    }
}

/// What follows "is due".
fn waits(sent: &Outbound) -> String {
    match (sent.tries, &sent.note) {
        (0, None) => String::new(),
        (0, Some(_)) => format!("; it could not be sent before{}", said(sent)),
        // A replay takes the last answer away.
        (_, None) => " again".to_owned(),
        (tries, Some(_)) => format!(" for the {} attempt; the last answer{}", nth(tries + 1), said(sent)),
    }
}
