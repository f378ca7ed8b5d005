//! Views and posts of rating links.
//!
//! The rules are in `survey::evidence`. It must not know tokens or HTTP.

use super::{Batch, Command, Touched};
use crate::survey::Time;
use crate::survey::answers::{Answers, Tick};
use crate::survey::evidence::{Clicks, Summary};
use crate::survey::page::{Evidence, Outcome, Post, Reply, Visitor};
use crate::survey::rating::Score;
use uuid::Uuid;

/// A rating link was opened.
#[derive(Clone, Debug)]
pub struct View {
    /// Of which survey.
    pub survey: Uuid,
    /// When.
    pub at: Time,
    /// Which of its five links.
    pub score: Score,
    /// Who opened it, by the headers.
    pub visitor: Visitor,
    /// The setting `clicks.evidence`.
    pub required: Evidence,
}

impl Command for View {
    type Answer = ();

    fn touches(&self, touched: &mut Touched) {
        touched.clicks.insert(self.survey);
    }

    fn decide(&self, batch: &mut Batch) {
        if let Some(clicked) = batch.clicks.get_mut(&self.survey) {
            clicked.clicks.view(self.at, self.score, self.visitor, self.required);
            clicked.trail_changed |= !clicked.clicks.erased;
        }
    }
}

/// A form was posted to a rating link.
#[derive(Clone, Debug)]
pub struct Submit {
    /// Of which survey.
    pub survey: Uuid,
    /// When.
    pub at: Time,
    /// The form.
    pub post: Post,
    /// The setting `clicks.evidence`.
    pub required: Evidence,
    /// What was ticked in it; `None` for a form without anything to tick.
    pub ticked: Option<Vec<Tick>>,
}

/// What became of a post.
#[derive(Clone, Debug)]
pub struct Submitted {
    /// The answer to it.
    pub reply: Reply,
    /// What the survey's page shows from now on.
    pub summary: Summary,
    /// What is ticked beside the rating from now on.
    pub answers: Answers,
}

impl Command for Submit {
    /// `None` for a survey that does not exist.
    type Answer = Option<Submitted>;

    fn touches(&self, touched: &mut Touched) {
        touched.clicks.insert(self.survey);
    }

    fn decide(&self, batch: &mut Batch) -> Self::Answer {
        let clicked = batch.clicks.get_mut(&self.survey)?;
        let before = clicked.clicks.trail.clone();
        let score = clicked.clicks.standing.score();
        let reply = clicked.clicks.answer(self.at, &self.post, self.required);
        clicked.trail_changed |= clicked.clicks.trail != before;
        if reply.outcome == Outcome::Ok {
            self.note_answers(score, &mut clicked.clicks);
        }
        Some(Submitted { reply, summary: clicked.clicks.summary(self.at), answers: clicked.clicks.answers.clone() })
    }
}

impl Submit {
    /// Ticks are stored only once the rules have accepted the post, so none can make it count. They are a person's, so
    /// the script's own confirmation brings none. `before` is the score that stood.
    fn note_answers(&self, before: Option<Score>, clicks: &mut Clicks) {
        let Some(now) = clicks.standing.score() else { return };
        let by_hand = self.post.comment.is_some() || self.post.how == Evidence::Pressed;
        let ticked = self.ticked.as_deref().filter(|_| by_hand);
        clicks.answers = clicks.answers.after(before, now, ticked);
    }
}
