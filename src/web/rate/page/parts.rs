//! The parts of the rating page below its heading: buttons, ends of windows, what to write about, the way to a person.
//!
//! It must not decide which state the page is in.

use super::{State, View};
use crate::survey::Time;
use crate::survey::rating::Score;
use crate::text::{Text, Tone, Toned, fill};
use crate::web::page::Frame;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What stands for itself in a part of a URL (RFC 3986, 2.3).
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

pub(super) fn word(text: &Text, score: Score) -> &str {
    &text.words[score.index()]
}

pub(super) fn tone(score: Score) -> Tone {
    Tone::of(score.number())
}

/// The name of a tone in the markup.
pub(super) fn class(tone: Tone) -> &'static str {
    match tone {
        Tone::Low => "low",
        Tone::Middle => "middle",
        Tone::High => "high",
    }
}

/// The buttons of the page that asks which of two faces counts. The first keeps, so that a machine that presses the first
/// button changes nothing.
pub(super) struct Choice<'a> {
    pub(super) keep: Button<'a>,
    pub(super) change: Button<'a>,
}

/// A button that sends a score: a face, and the words before and after it.
pub(super) struct Button<'a> {
    pub(super) score: Score,
    pub(super) before: &'a str,
    pub(super) after: String,
}

impl<'a> Choice<'a> {
    pub(super) fn new(frame: Frame<'a>, state: State) -> Option<Self> {
        let State::Which { rated, clicked, .. } = state else { return None };
        let button = |score, label: &'a str| {
            let (before, after) = label.split_once("{face}").unwrap_or(("", label));
            Button { score, before, after: fill(after, &[("word", word(frame.text, score))]) }
        };
        let which = &frame.text.which;
        Some(Self { keep: button(rated, &which.keep), change: button(clicked, &which.change_to) })
    }
}

/// The words around the comment box, in one tone.
pub(super) struct Prompt {
    pub(super) class: &'static str,
    /// It is the one to show until a face is picked.
    pub(super) first: bool,
    pub(super) label: String,
    /// Why a comment helps, and what it does.
    pub(super) why: String,
}

impl Prompt {
    pub(super) fn new(view: View, of: Tone, state: State) -> Self {
        let (text, score) = (view.frame.text, state.score());
        let why = view.toned(of, Toned::CommentWhy);
        // A rating that is final anyway has nothing to lose.
        let locks = !matches!(state, State::Frozen { .. });
        Self {
            class: class(of),
            first: score.map_or(Tone::Middle, tone) == of,
            label: view.toned(of, Toned::Comment),
            why: if locks { text.join(&[&why, &text.comment.hint]) } else { why },
        }
    }
}

/// A sentence around a moment, which the script shows in the customer's own time zone.
pub(super) struct Until {
    pub(super) before: String,
    at: Time,
    pub(super) readable: String,
    pub(super) after: String,
}

impl Until {
    /// The end of the window that matters in a state.
    pub(super) fn of(view: View, state: State) -> Option<Self> {
        let (text, windows, now) = (view.frame.text, &view.opened.summary, view.opened.now);
        let (sentence, at) = match state {
            State::Pending { .. } => (&text.pending.until, windows.rate_until.filter(|until| now <= *until)),
            State::Thanks { .. } | State::Standing { .. } | State::Which { counts: true, .. } => {
                (&text.saved.until, windows.change_until)
            }
            State::Frozen { .. } => (&text.over.frozen_since, windows.change_until),
            State::Closed => (&text.over.closed_since, windows.rate_until),
            // A rating in doubt can be confirmed after the end.
            State::Doubted { .. } | State::Which { .. } | State::Final { .. } | State::Voided => return None,
        };
        let (before, after) = sentence.split_once("{time}").unwrap_or((sentence, ""));
        let readable = |at| text.moment(at, view.frame.zone);
        at.map(|at| Self { before: before.to_owned(), at, readable: readable(at), after: after.to_owned() })
    }

    pub(super) fn machine_readable(&self) -> String {
        self.at.format("%Y-%m-%dT%H:%MZ").to_string()
    }
}

/// The way to a person.
pub(super) struct Help {
    pub(super) question: String,
    pub(super) link: String,
    pub(super) url: String,
}

impl Help {
    /// After a bad rating, and where a page takes nothing more.
    pub(super) fn new(view: View, state: State) -> Option<Self> {
        let is_low = state.score().is_some_and(|score| tone(score) == Tone::Low);
        let contact = view.frame.contact.filter(|_| is_low || state.is_read_only())?;
        let help = &view.frame.text.help;
        let by_mail = contact.starts_with("mailto:");
        let url = if by_mail && !contact.contains('?') {
            let subject = view.opened.about.subject.as_ref().map(|subject| format!("Re: {subject}"));
            let subject = subject.unwrap_or_else(|| fill(&help.subject, &[("brand", view.frame.brand)]));
            format!("{contact}?subject={}", utf8_percent_encode(&subject, UNRESERVED))
        } else {
            contact.to_owned()
        };
        let link = if by_mail { &help.reply } else { &help.contact };
        Some(Self { question: help.question.clone(), link: link.clone(), url })
    }
}
