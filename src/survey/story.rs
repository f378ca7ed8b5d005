//! Tells what happened to a conversation and to its surveys: plain English sentences for admins, in the order of time.
//!
//! It owns the order, and the sentences about closings and decisions; those about mails are in `mail`, those about clicks
//! in `clicks`, those about what other systems were told in `told`. A line has its time beside it, so no sentence needs a
//! zone. No sentence holds a link, an address or a comment; what an admin gave as a reason stands as it was written. It
//! must not know who may read them.

mod clicks;
mod mail;
mod told;

pub use clicks::doubt;

use super::Time;
use super::closing::ClosingState;
use super::conversation::{ClosingRecord, ConversationRecord, SurveyRecord};
use super::eligibility::Decision;
use super::enrichment::Waiting;
use super::outbound::Outbound;
use super::rating::Standing;
use super::trail::BURST;
use chrono::TimeDelta;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// When; a time to come for a mail that still waits.
    pub at: Time,
    /// What, without a full stop.
    pub text: String,
}

impl Line {
    fn new(at: Time, text: impl Into<String>) -> Self {
        Self { at, text: text.into() }
    }
}

/// Tells what happened to a survey, oldest first: its mail, the clicks on it, and what each made of the rating.
#[must_use]
pub fn tell(survey: &SurveyRecord) -> Vec<Line> {
    in_order(of_survey(survey))
}

/// Tells what happened to a conversation, oldest first: closings with their decisions, reopenings and all its surveys.
/// Of several surveys each line says which one it is about, by its number.
#[must_use]
pub fn tell_all(known: &ConversationRecord) -> Vec<Line> {
    let mut lines: Vec<Line> = known.closings.iter().flat_map(closing).collect();
    lines.extend(known.waiting.iter().flat_map(waiting));
    lines.extend(known.reopenings.iter().map(|at| Line::new(*at, "the conversation was reopened")));
    for (number, survey) in (1..).zip(&known.surveys) {
        let named = |line: Line| match known.surveys.len() {
            1 => line,
            _ => Line { text: format!("survey {number}: {}", line.text), ..line },
        };
        lines.extend(of_survey(survey).into_iter().map(named));
    }
    in_order(lines)
}

/// Tells where a mail stands, in one or two lines, the last of them newest.
#[must_use]
pub fn tell_mail(mail: &Outbound) -> Vec<Line> {
    mail::tell(mail)
}

/// Where a rating stands, as the end of a story.
#[must_use]
pub fn stands(standing: &Standing) -> String {
    let face = || standing.score().map(clicks::face).unwrap_or_default();
    match standing {
        Standing::Unrated => "nobody rated".into(),
        Standing::Rated(_) => format!("{} counts", face()),
        Standing::Held { .. } => format!("{} is in doubt and does not count", face()),
        Standing::Locked(_) => format!("{} counts, locked by a comment", face()),
        Standing::Voided(_) => "an admin voided it, so it counts nowhere".into(),
    }
}

/// Two things of one moment keep their order: mail before clicks, and a click before what it caused.
fn of_survey(survey: &SurveyRecord) -> Vec<Line> {
    let mut lines = mail::tell(&survey.mail);
    lines.extend(clicks::tell(&survey.trail, &survey.history));
    lines.extend(survey.stopped.iter().map(mail::stopped));
    lines.extend(survey.tellings.iter().flat_map(told::tell));
    let erased = "the customer's data was erased, and with it the visits and the comment";
    lines.extend(survey.erased_at.map(|at| Line::new(at, erased)));
    lines
}

/// Sorts by time, and tells once what happened several times on end; how long it went on, if that was a minute or more.
fn in_order(mut lines: Vec<Line>) -> Vec<Line> {
    lines.sort_by_key(|line| line.at);
    let mut told: Vec<(Line, Time, usize)> = Vec::new();
    for line in lines {
        match told.last_mut() {
            Some((first, last, times)) if first.text == line.text => {
                (*last, *times) = (line.at, *times + 1);
            }
            _ => told.push((line.clone(), line.at, 1)),
        }
    }
    let repeated = |(line, last, times): (Line, Time, usize)| {
        let span = last - line.at;
        let within = if span < BURST { String::new() } else { format!(" within {}", length(span)) };
        match times {
            1 => line,
            _ => Line { text: format!("{} ({times} times{within})", line.text), ..line },
        }
    };
    told.into_iter().map(repeated).collect()
}

fn closing(closing: &ClosingRecord) -> Vec<Line> {
    let closed = match closing.state {
        ClosingState::Closed => "the conversation was closed",
        ClosingState::Snoozed => "the conversation was snoozed",
    };
    let mut lines = vec![Line::new(closing.closed_at, closed)];
    lines.extend(closing.fetched.iter().map(|fetched| match &fetched.failed {
        None => Line::new(fetched.at, "the conversation was fetched from the helpdesk"),
        Some(why) => {
            let instead = "so the decision is by what the helpdesk had told";
            Line::new(fetched.at, format!("the conversation could not be fetched ({why}), {instead}"))
        }
    }));
    let decided = |text| Line::new(closing.reported_at, text);
    match &closing.decision {
        Decision::Ask { send_at, unknown, .. } => {
            let wait = *send_at - closing.reported_at;
            let when = if wait > TimeDelta::zero() { format!(" after {}", length(wait)) } else { String::new() };
            let facts: Vec<_> = unknown.iter().map(|fact| fact.word()).collect();
            let although = match facts.as_slice() {
                [] => String::new(),
                facts => format!(", although the helpdesk did not tell {}", list(facts)),
            };
            lines.push(decided(format!("decided to ask{when}{although}")));
        }
        Decision::Skip(reasons) => {
            let nobody = reasons.iter().map(|reason| format!("nobody is asked ({}): {}", reason.rule, reason.message));
            lines.extend(nobody.map(decided));
        }
    }
    lines.extend(closing.tellings.iter().flat_map(told::tell));
    lines
}

fn waiting(waiting: &Waiting) -> Vec<Line> {
    let told = "the helpdesk reported it, and the decision waits until the conversation is fetched";
    let mut lines =
        vec![Line::new(waiting.closing.closed_at, "the conversation was closed"), Line::new(waiting.told_at, told)];
    if let Some(why) = &waiting.why {
        let text = format!("the next try to fetch the conversation; the last one failed: {why}");
        lines.push(Line::new(waiting.due_at, text));
    }
    lines
}

/// A length of time in words, such as `0.4 s`, `45 s` or `12 min`: as much as a reader needs. It is rounded up, so that it
/// can stand after "within".
fn length(span: TimeDelta) -> String {
    let up = |unit: i64| (span.num_milliseconds() + unit - 1) / unit;
    match span.num_seconds() {
        ..10 => format!("{}.{} s", up(100) / 10, up(100) % 10).replace(".0 s", " s"),
        10..120 => format!("{} s", up(1_000)),
        120..7_200 => format!("{} min", up(60_000)),
        7_200..172_800 => format!("{} h", up(3_600_000)),
        _ => format!("{} days", up(86_400_000)),
    }
}

/// Words as a sentence lists them: `a, b and c`.
fn list<W: AsRef<str>>(words: &[W]) -> String {
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    match words.as_slice() {
        [first @ .., last] if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        others => others.concat(),
    }
}

#[cfg(test)]
mod tests;
