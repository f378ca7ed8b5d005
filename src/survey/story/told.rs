//! How other systems were told of an event, in sentences: for "why does the chat not know?".
//!
//! It must not know which kinds of targets there are.

use super::Line;
use super::clicks::face;
use super::mail::{attempt, nth, said};
use crate::survey::conversation::TellingRecord;
use crate::survey::outbound::{State, Stop};

/// Where a telling stands, and when the target took it before it was told again.
pub(super) fn tell(telling: &TellingRecord) -> Vec<Line> {
    let TellingRecord { target, kind, score, state: sent } = telling;
    let what = score.map_or_else(|| kind.to_string(), |score| format!("{kind} ({})", face(score)));
    let mut lines = Vec::new();
    if let Some(at) = sent.accepted_at {
        let attempt = if sent.state == State::Accepted { attempt(sent) } else { String::new() };
        lines.push(Line::new(at, format!("{target} took {what}{attempt}")));
    }
    match sent.state {
        State::Accepted => {}
        State::Waiting if sent.tries == 0 => lines.push(Line::new(sent.due_at, format!("{what} is due for {target}"))),
        State::Waiting => {
            let next = format!("{what} is due for {target} for the {} attempt", nth(sent.tries + 1));
            lines.push(Line::new(sent.due_at, format!("{next}; the last answer{}", said(sent))));
        }
        State::Sending(_) => lines.push(Line::new(sent.first_due, format!("{what} is being sent to {target}"))),
        State::Failed => {
            lines.push(Line::new(sent.due_at, format!("{target} never took {what}{}", said(sent))));
        }
        State::Cancelled(Stop::Unwanted) => {
            lines.push(Line::new(sent.due_at, format!("{target} is not configured to get {what}")));
        }
        State::Cancelled(_) => {
            lines.push(Line::new(
                sent.due_at,
                format!("{target} did not get {what}: a later event tells it, or it no longer held"),
            ));
        }
    }
    lines
}
