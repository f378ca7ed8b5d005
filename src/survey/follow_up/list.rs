//! The list of follow-ups: which of them to show, and what each row tells.
//!
//! It must not know how a row is found.

use super::{FollowUp, State};
use crate::survey::Time;
use crate::survey::access::Within;
use crate::survey::answers::Answers;
use crate::survey::evidence::ChangeKind;
use crate::survey::paging::{Paging, RowPlace};
use crate::survey::rating::{Score, StandingWord};
use crate::survey::report::Bound;
use uuid::Uuid;

/// The most follow-ups that are counted. Nobody works through more, and counting on would take time.
pub const MOST_COUNTED: u32 = 10_000;

/// Which follow-ups to list: oldest first, but newest first if those that are done are wanted.
#[derive(Clone, Debug, Default)]
pub struct FollowUpsQuery {
    /// In this state; without one, those that are not done.
    pub state: Option<State>,
    /// Opened on this local day or at this instant, or later; `None` for all.
    pub from: Option<Bound>,
    /// Opened on this local day or before this instant; `None` for all.
    pub to: Option<Bound>,
    /// Of this part of the team.
    pub within: Within,
    /// Which page of the list.
    pub paging: Paging<RowPlace>,
}

impl FollowUpsQuery {
    /// The states that are wanted.
    #[must_use]
    pub fn states(&self) -> Vec<State> {
        self.state.map_or(vec![State::Open, State::Taken], |state| vec![state])
    }
}

/// A follow-up with the rating that it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FollowUpRow {
    /// The survey.
    pub survey: Uuid,
    /// The configured helpdesk of the conversation; empty for the plain API.
    pub connection: String,
    /// The conversation: the helpdesk's id.
    pub conversation: String,
    /// When it was opened: its age counts from here.
    pub opened_at: Time,
    /// When its state last changed.
    pub changed_at: Time,
    /// What was done so far.
    pub follow_up: FollowUp,
    /// The score as it is now.
    pub score: Score,
    /// Where the rating stands now.
    pub standing: StandingWord,
    /// When that score was given.
    pub rated_at: Time,
    /// What the customer wrote.
    pub comment: Option<String>,
    /// What the customer ticked.
    pub answers: Answers,
    /// How the rating came about, oldest first: when, how, and the score.
    pub history: Vec<(Time, ChangeKind, Score)>,
    /// Whom the rating counts for: the id.
    pub teammate: Option<String>,
    /// Whom the rating counts for: the name.
    pub teammate_name: Option<String>,
    /// The team of that time.
    pub team: Option<String>,
    /// Where teammates find the conversation.
    pub url: Option<String>,
    /// When the customer was erased: no note can be written any more.
    pub erased_at: Option<Time>,
}

impl FollowUpRow {
    /// Where it is in the list.
    #[must_use]
    pub fn place(&self) -> RowPlace {
        RowPlace { at: self.opened_at, survey: self.survey }
    }
}

/// How many follow-ups wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpenFollowUps {
    /// Those that nobody took, [`MOST_COUNTED`] at most.
    pub open: u32,
    /// When the oldest of them was opened.
    pub oldest: Option<Time>,
    /// Those that somebody took and has not finished, [`MOST_COUNTED`] at most.
    pub taken: u32,
}
