//! Which ratings open a follow-up.
//!
//! Owns `[follow_up]` and its checks. It must not know what becomes of a follow-up.

use super::value;
use crate::survey::follow_up::FollowedScores;
use serde::Deserialize;

/// `[follow_up]`: the unhappy customers whom the team calls back.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FollowUpSettings {
    /// A rating with one of these scores opens a follow-up: 1 to 5 each, ascending, none twice. None turns it off.
    #[serde(deserialize_with = "value::some_scores")]
    pub scores: Vec<u8>,
    /// A rating with one of these scores opens one if it has a comment.
    #[serde(deserialize_with = "value::some_scores")]
    pub scores_with_comment: Vec<u8>,
}

impl FollowUpSettings {
    /// The same, as the database needs it.
    #[must_use]
    pub fn followed(&self) -> FollowedScores {
        FollowedScores { always: self.scores.clone(), with_comment: self.scores_with_comment.clone() }
    }

    /// Whether no rating opens a follow-up.
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.scores.is_empty() && self.scores_with_comment.is_empty()
    }

    /// A score in both lists would leave open what is meant.
    pub(super) fn check(&self) -> Result<(), (String, String)> {
        match self.scores_with_comment.iter().find(|score| self.scores.contains(score)) {
            Some(score) => {
                let detail =
                    format!("{score} is one of follow_up.scores, which need no comment: expected other scores");
                Err(("follow_up.scores_with_comment".into(), detail))
            }
            None => Ok(()),
        }
    }
}
