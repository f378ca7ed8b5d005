//! Views and posts of rating links.
//!
//! The rules are in `survey::evidence`. It must not know tokens or HTTP.

use super::{Batch, Command, Touched};
use crate::survey::Time;
use crate::survey::evidence::Summary;
use crate::survey::page::{Evidence, Post, Reply, Visitor};
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
}

/// What became of a post.
#[derive(Clone, Debug)]
pub struct Submitted {
    /// The answer to it.
    pub reply: Reply,
    /// What the survey's page shows from now on.
    pub summary: Summary,
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
        let reply = clicked.clicks.answer(self.at, &self.post, self.required);
        clicked.trail_changed |= clicked.clicks.trail != before;
        Some(Submitted { reply, summary: clicked.clicks.summary(self.at) })
    }
}
