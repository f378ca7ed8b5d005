//! What the rating page offers once a rating is saved: the operator's thanks, reasons to tick, and a question.
//!
//! It must not decide which ticks are kept, nor know where they are configured.

use super::parts::{class, tone};
use super::{State, View};
use crate::survey::answers::{Answers, Offered, REASONS, Thanks};
use crate::survey::rating::Score;
use crate::text::{Text, Tone, Toned};
use askama::Template;
use askama::filters::HtmlSafe;
use std::collections::BTreeSet;

/// The part of the page between the thanks and the comment box, if anything is offered.
pub(super) fn after<'a>(view: View<'a>, state: State, offered: &'a Offered<'a>) -> Option<After<'a>> {
    let opened = view.opened;
    let score = state.score().unwrap_or(opened.clicked);
    let thanks = offered.thanks[score.index()].filter(|_| state.is_saved());
    // Ticks of a post that was refused stay in the form, as a comment does.
    let refused = opened.posted.as_ref().is_some_and(|posted| posted.refused);
    let kept = refused && !opened.answers.0.is_empty();
    let reason_scores: BTreeSet<_> = offered.reasons.iter().flat_map(|reason| reason.scores.iter().copied()).collect();
    let question_scores = offered.question.iter().flat_map(|question| question.scores.iter().copied());
    let all_scores: BTreeSet<_> = question_scores.chain(reason_scores.iter().copied()).collect();
    let asks = !all_scores.is_empty() && !state.is_read_only() && (state.is_saved() || kept);
    if thanks.is_none() && !asks {
        return None;
    }
    let legend = |of: Tone| (class(of), tone(score) == of, view.toned(of, Toned::Reasons));
    let legends = Tone::ALL.map(legend);
    let (text, answers) = (view.frame.text, &opened.answers);
    Some(After { text, offered, answers, score, thanks, asks, legends, reason_scores, all_scores })
}

#[derive(Template)]
#[template(path = "page/after.html")]
pub(super) struct After<'a> {
    text: &'a Text,
    offered: &'a Offered<'a>,
    /// What is ticked.
    answers: &'a Answers,
    /// The face that the page is about: what is offered for it is shown until another one is picked.
    score: Score,
    thanks: Option<Thanks<'a>>,
    /// There is something to tick.
    asks: bool,
    /// What the reasons are about, in each tone: its class, whether it is shown first, and the text.
    legends: [(&'static str, bool, String); 3],
    /// The scores that have reasons.
    reason_scores: BTreeSet<Score>,
    /// The scores that have anything to tick.
    all_scores: BTreeSet<Score>,
}

/// Its own template has escaped it.
impl HtmlSafe for After<'_> {}

impl After<'_> {
    fn fits(&self, scores: &BTreeSet<Score>) -> bool {
        scores.contains(&self.score)
    }
}

/// The classes of what is for some scores: the stylesheet shows what is for the face that is picked.
fn classes(scores: &BTreeSet<Score>) -> String {
    scores.iter().fold("for".to_owned(), |classes, score| format!("{classes} s{}", score.number()))
}
