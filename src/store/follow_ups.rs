//! The verbs behind follow-ups and achievements: the list, what is done about one, and what waits.

use super::{Store, Unavailable};
use crate::ledger::follow_ups::{Follow, NotFollowed};
use crate::survey::access::Within;
use crate::survey::follow_up::State;
use crate::survey::follow_up::list::{FollowUpRow, OpenFollowUps};
use crate::survey::paging::{Paging, RowPlace};
use crate::survey::rating::Score;
use crate::survey::report::Period;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Which follow-ups to list.
#[derive(Clone, Debug)]
pub struct FollowUpsFilter {
    /// In one of these states. Oldest first, unless only those that are done are wanted.
    pub states: Vec<State>,
    /// When they were opened.
    pub period: Period,
    /// Of this part of the team.
    pub within: Within,
    /// Which page of the list.
    pub paging: Paging<RowPlace>,
}

impl Store {
    /// Follow-ups in the order of the list: one more than the page holds, if there is one.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn follow_ups(&self, filter: &FollowUpsFilter) -> Result<Vec<FollowUpRow>, Unavailable> {
        self.sqlite().follow_ups(filter).await
    }

    /// One follow-up; `None` if there is none for this survey in this part of the team.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn follow_up(&self, survey: Uuid, within: &Within) -> Result<Option<FollowUpRow>, Unavailable> {
        self.sqlite().follow_up(survey, within).await
    }

    /// How many follow-ups wait in a part of the team.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn open_follow_ups(&self, within: &Within) -> Result<OpenFollowUps, Unavailable> {
        self.sqlite().open_follow_ups(within).await
    }

    /// Does something about a customer; answers whether that changed anything. The answer is durable.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn follow(&self, follow: Follow) -> Result<Result<bool, NotFollowed>, Unavailable> {
        self.write(follow).await
    }

    /// The scores of the ratings that count, newest first, at most `most` for each of these teammates.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn latest_scores(
        &self,
        teammates: &[String],
        team: Option<&str>,
        period: Period,
        most: u32,
    ) -> Result<BTreeMap<String, Vec<Score>>, Unavailable> {
        self.sqlite().latest_scores(teammates, team, period, most).await
    }
}
