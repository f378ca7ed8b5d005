//! What admins decide about ratings.
//!
//! The rules of that are in `survey::moderation`. It must not know who is an admin.

use super::{Batch, Command, Touched};
use crate::survey::Time;
use crate::survey::moderation::{Act, Moderator, Refusal};
use crate::survey::rating::Standing;
use uuid::Uuid;

/// An admin decides about a rating.
#[derive(Clone, Debug)]
pub struct Moderate {
    /// Of which survey.
    pub survey: Uuid,
    /// When.
    pub at: Time,
    /// What.
    pub act: Act,
    /// Who, and why.
    pub by: Moderator,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moderated {
    /// Whether it changed anything: a repeat does not.
    pub changed: bool,
    /// Where the rating stands from now on.
    pub standing: Standing,
}

impl Command for Moderate {
    /// `None` for a survey that does not exist.
    type Answer = Option<Result<Moderated, Refusal>>;

    fn touches(&self, touched: &mut Touched) {
        touched.clicks.insert(self.survey);
    }

    fn decide(&self, batch: &mut Batch) -> Self::Answer {
        let clicks = &mut batch.clicks.get_mut(&self.survey)?.clicks;
        let changed = clicks.moderate(self.at, self.act, self.by.clone());
        Some(changed.map(|changed| Moderated { changed, standing: clicks.standing.clone() }))
    }
}
