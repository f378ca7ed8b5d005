//! What a customer ticks beside a rating: reasons for the score, and an answer to a question of the operator's own.
//!
//! It owns which ticks a rating keeps, and what a page offers to tick. It must not know which post counts (`evidence`):
//! that never depends on a tick.

use super::rating::Score;
use std::collections::{BTreeMap, BTreeSet};

/// The question that reasons answer. The operator's own question has another key.
pub const REASONS: &str = "reasons";

/// The ticks that stand beside a rating: pairs of a question and a choice, by their configured keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answers(pub BTreeSet<(String, String)>);

/// A choice that was ticked in a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tick {
    /// The key of its question: [`REASONS`], or the operator's own.
    pub question: String,
    /// Its own key.
    pub choice: String,
    /// The scores that it is offered for.
    pub scores: BTreeSet<Score>,
}

impl Answers {
    /// The ticks that stand after a post was accepted. `before` is the score that stood, `now` the one that stands;
    /// `ticked` is what the form had ticked, `None` for a form without anything to tick.
    ///
    /// Ticks explain one score. So another score drops those of the score before, and keeps only what is offered for it.
    #[must_use]
    pub fn after(&self, before: Option<Score>, now: Score, ticked: Option<&[Tick]>) -> Self {
        match ticked {
            Some(ticks) => {
                let offered = ticks.iter().filter(|tick| tick.scores.contains(&now));
                Self(offered.map(|tick| (tick.question.clone(), tick.choice.clone())).collect())
            }
            None if before == Some(now) => self.clone(),
            None => Self::default(),
        }
    }

    /// The keys of the reasons.
    pub fn reasons(&self) -> impl Iterator<Item = &str> {
        let reasons = self.0.iter().filter(|(question, _)| question == REASONS);
        reasons.map(|(_, choice)| choice.as_str())
    }

    /// The answer to the operator's own question: the keys of the question and of the choice.
    #[must_use]
    pub fn own(&self) -> Option<(&str, &str)> {
        let own = self.0.iter().find(|(question, _)| question != REASONS);
        own.map(|(question, choice)| (question.as_str(), choice.as_str()))
    }

    /// Whether a choice is ticked.
    #[must_use]
    pub fn has(&self, question: &str, choice: &str) -> bool {
        self.0.iter().any(|(q, c)| q == question && c == choice)
    }
}

/// How often each choice was ticked, by question and choice.
pub type Counts = BTreeMap<String, BTreeMap<String, u64>>;

/// What a page offers beside a rating, in the words of one language.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offered<'a> {
    /// The reasons, each once, in the order in which they are shown.
    pub reasons: Vec<Choice<'a>>,
    /// The operator's own question.
    pub question: Option<Question<'a>>,
    /// What is shown after saving a score, one place a score.
    pub thanks: [Option<Thanks<'a>>; 5],
}

impl Offered<'_> {
    /// What teammates read for a question. It may be gone from the settings: then only its key is left.
    #[must_use]
    pub fn title<'a>(&'a self, question: &'a str) -> &'a str {
        match &self.question {
            _ if question == REASONS => "Reasons",
            Some(own) if own.key == question => own.words.text,
            _ => question,
        }
    }

    /// What customers read for a choice. It may be gone from the settings: then only its key is left.
    #[must_use]
    pub fn words<'a>(&'a self, question: &str, choice: &'a str) -> &'a str {
        let own = self.question.as_ref().filter(|own| own.key == question).map(|own| &own.choices);
        let choices: &[Choice] = if question == REASONS { &self.reasons } else { own.map_or(&[], Vec::as_slice) };
        choices.iter().find(|known| known.key == choice).map_or(choice, |known| known.words.text)
    }
}

/// A text, and the language that it is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words<'a> {
    /// The text.
    pub text: &'a str,
    /// Its language, as in HTML's `lang`.
    pub language: &'a str,
}

/// Something to tick.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice<'a> {
    /// Its key, which is the same in each language.
    pub key: &'a str,
    /// What it says.
    pub words: Words<'a>,
    /// The scores that it is offered for.
    pub scores: BTreeSet<Score>,
}

/// A question of the operator's own, with one answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question<'a> {
    /// Its key.
    pub key: &'a str,
    /// What it asks.
    pub words: Words<'a>,
    /// The scores that it is asked for.
    pub scores: BTreeSet<Score>,
    /// Its answers, in the order in which they are shown.
    pub choices: Vec<Choice<'a>>,
}

/// What is shown after saving a score: a text, a link, or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thanks<'a> {
    /// A sentence.
    pub text: Option<&'a str>,
    /// What the link says, and where it leads: an https URL.
    pub link: Option<(&'a str, &'a str)>,
    /// The language of both.
    pub language: &'a str,
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIVE: [Score; 5] = Score::ALL;

    fn tick(choice: &str, scores: &[Score]) -> Tick {
        Tick { question: REASONS.into(), choice: choice.into(), scores: scores.iter().copied().collect() }
    }

    #[test]
    fn ticks_replace_those_before_and_go_with_their_score() {
        let slow = Answers(BTreeSet::from([(REASONS.to_owned(), "slow".to_owned())]));
        assert_eq!(slow.after(Some(FIVE[0]), FIVE[0], None), slow, "a form without boxes says nothing about them");
        assert_eq!(slow.after(Some(FIVE[0]), FIVE[0], Some(&[])), Answers::default(), "all were unticked");
        assert_eq!(slow.after(Some(FIVE[0]), FIVE[4], None), Answers::default(), "another score");
        let ticks = [tick("slow", &FIVE[..2]), tick("kind", &FIVE[3..])];
        let kept = slow.after(Some(FIVE[0]), FIVE[4], Some(&ticks));
        assert_eq!(kept.reasons().collect::<Vec<_>>(), ["kind"], "only what is offered for the score");
        assert_eq!(Answers::default().after(None, FIVE[2], Some(&ticks)), Answers::default());
    }

    #[test]
    fn the_own_answer_is_no_reason() {
        let pairs = [(REASONS, "slow"), ("solved", "no")].map(|(q, c)| (q.to_owned(), c.to_owned()));
        let both = Answers(BTreeSet::from(pairs));
        assert_eq!((both.reasons().collect::<Vec<_>>(), both.own()), (vec!["slow"], Some(("solved", "no"))));
        assert!(both.has("solved", "no") && !both.has("solved", "slow"));
    }
}
