//! What teammates do about unhappy customers.
//!
//! The rules of that are in `survey::follow_up`. It must not know which ratings open a follow-up: triggers of the database
//! do that.

use super::{Batch, Command, Touched};
use crate::survey::Time;
use crate::survey::access::Within;
use crate::survey::follow_up::{Deed, FollowUp, Refused, Step};
use uuid::Uuid;

/// A follow-up as the batch has it.
#[derive(Debug)]
pub struct Followed {
    /// What was done.
    pub follow_up: FollowUp,
    teammate: Option<String>,
    team: Option<String>,
    stored: usize,
}

impl Followed {
    /// A follow-up as the database has it.
    #[must_use]
    pub fn stored(follow_up: FollowUp, teammate: Option<String>, team: Option<String>) -> Self {
        Self { stored: follow_up.steps().len(), follow_up, teammate, team }
    }

    /// The steps that the database does not have, each with its number.
    pub fn new_steps(&self) -> impl Iterator<Item = (usize, &Step)> {
        (1..).zip(self.follow_up.steps()).skip(self.stored)
    }

    /// When one of them last changed its state, if any did.
    #[must_use]
    pub fn turned_at(&self) -> Option<Time> {
        self.new_steps().filter(|(_, step)| step.deed != Deed::Note).map(|(_, step)| step.at).last()
    }
}

/// Somebody does something about a customer.
#[derive(Clone, Debug)]
pub struct Follow {
    /// The survey that the customer rated.
    pub survey: Uuid,
    /// The part of the team that the caller may see.
    pub within: Within,
    /// The name of the caller.
    pub who: String,
    /// When.
    pub at: Time,
    /// What.
    pub deed: Deed,
    /// What was written.
    pub note: Option<String>,
    /// The turn that the caller saw.
    pub seen: Option<u32>,
}

/// Why nothing was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotFollowed {
    /// There is no such follow-up in the part of the team that the caller may see.
    Unknown,
    /// The customer is erased, so nothing may be written about them.
    Erased,
    /// The rules refuse it.
    Refused(Refused),
}

impl Command for Follow {
    /// Whether it changed anything.
    type Answer = Result<bool, NotFollowed>;

    fn touches(&self, touched: &mut Touched) {
        touched.follow_ups.insert(self.survey);
        touched.clicks.insert(self.survey);
    }

    fn decide(&self, batch: &mut Batch) -> Self::Answer {
        let (Some(followed), Some(clicked)) = (batch.follow_ups.get_mut(&self.survey), batch.clicks.get(&self.survey))
        else {
            return Err(NotFollowed::Unknown);
        };
        let score = clicked.clicks.standing.score().ok_or(NotFollowed::Unknown)?;
        if !self.within.includes(followed.teammate.as_deref(), followed.team.as_deref()) {
            return Err(NotFollowed::Unknown);
        }
        if self.note.is_some() && clicked.clicks.erased {
            return Err(NotFollowed::Erased);
        }
        let step = Step { at: self.at, who: Some(self.who.clone()), deed: self.deed, score, note: self.note.clone() };
        followed.follow_up.act(step, self.seen).map_err(NotFollowed::Refused)
    }
}
