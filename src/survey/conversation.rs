//! What is known of one conversation: its closings with their decisions, and its surveys with their history.
//!
//! It owns the answer to "why was nobody asked?". It must not know who may see it, nor how it is shown.

use super::Time;
use super::answers::Answers;
use super::closing::{ClosingState, StartedBy};
use super::eligibility::Decision;
use super::enrichment::{Fetched, Waiting};
use super::event::EventKind;
use super::evidence::{Change, ChangeKind};
use super::outbound::Outbound;
use super::rating::{Score, Standing};
use super::suppression::Cause;
use super::trail::Trail;
use uuid::Uuid;

/// All that is known of a conversation; everything is empty for an unknown one.
#[derive(Clone, Debug, Default)]
pub struct ConversationRecord {
    /// Its closings, oldest first.
    pub closings: Vec<ClosingRecord>,
    /// Its closings whose decision waits, oldest first.
    pub waiting: Vec<Waiting>,
    /// Its reopenings, oldest first.
    pub reopenings: Vec<Time>,
    /// Its surveys, oldest first.
    pub surveys: Vec<SurveyRecord>,
}

impl ConversationRecord {
    /// Whether nothing of it was ever reported, or nothing that the caller may see.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        self.closings.is_empty() && self.waiting.is_empty() && self.reopenings.is_empty()
    }
}

/// A closing and what was decided about it.
#[derive(Clone, Debug)]
pub struct ClosingRecord {
    /// When it was closed.
    pub closed_at: Time,
    /// When that was reported, and decided.
    pub reported_at: Time,
    /// Closed or snoozed.
    pub state: ClosingState,
    /// What it was about.
    pub subject: Option<String>,
    /// Where teammates find it.
    pub url: Option<String>,
    /// Where it took place.
    pub channel: Option<String>,
    /// The helpdesk's labels.
    pub tags: Vec<String>,
    /// Who started it.
    pub started_by: Option<StartedBy>,
    /// Unicode scalar values of all that was written.
    pub characters: Option<u32>,
    /// The last reply.
    pub last_reply_at: Option<Time>,
    /// Whether a teammate replied.
    pub teammate_replied: Option<bool>,
    /// How many people were helped.
    pub customers: u32,
    /// The id of the teammate who last wrote.
    pub teammate: Option<String>,
    /// The name that the teammate has now.
    pub teammate_name: Option<String>,
    /// The team of that time.
    pub team: Option<String>,
    /// The policy that it was judged by.
    pub policy: Option<String>,
    /// How fetching the conversation ended, if somebody tried.
    pub fetched: Option<Fetched>,
    /// What was decided.
    pub decision: Decision,
    /// What targets were told of the decision, oldest first.
    pub tellings: Vec<TellingRecord>,
}

/// A survey, its mail and where its rating stands.
#[derive(Clone, Debug)]
pub struct SurveyRecord {
    /// Its id.
    pub id: Uuid,
    /// The closing that it was made for.
    pub closed_at: Time,
    /// When it was made.
    pub made_at: Time,
    /// Its mail.
    pub mail: Outbound,
    /// Where its rating stands.
    pub standing: Standing,
    /// What the customer wrote.
    pub comment: Option<String>,
    /// What the customer ticked.
    pub answers: Answers,
    /// The id of the teammate that it counts for.
    pub teammate: Option<String>,
    /// The name that the teammate has now.
    pub teammate_name: Option<String>,
    /// The team of that time.
    pub team: Option<String>,
    /// How the standing came about, oldest first.
    pub history: Vec<Change>,
    /// What its visitors did lately; empty once it is erased.
    pub trail: Trail,
    /// Why its address gets no more surveys, as far as that came after it, oldest first.
    pub stopped: Vec<Stopped>,
    /// When it lost who was asked, what it was about, and the comment.
    pub erased_at: Option<Time>,
    /// What targets were told of it in the last 30 days, oldest first.
    pub tellings: Vec<TellingRecord>,
}

/// A telling, as a story needs it: one event for one target.
#[derive(Clone, Debug)]
pub struct TellingRecord {
    /// The target, by the section of the configuration that makes it.
    pub target: String,
    /// The kind that the target gets it as.
    pub kind: EventKind,
    /// The score that the telling has, if it has one.
    pub score: Option<Score>,
    /// How that fares.
    pub state: Outbound,
    /// Why the target gets nothing now, if it does not.
    pub off: Option<TargetOff>,
}

/// Why a target gets no events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetOff {
    /// It answered that it is gone.
    Disabled,
    /// It is not in the configuration any more.
    Removed,
}

/// A cause for which an address gets no more surveys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopped {
    /// Since when.
    pub at: Time,
    /// Why.
    pub cause: Cause,
    /// An admin entered the address.
    pub by_admin: bool,
}

impl SurveyRecord {
    /// The times in which its rating was held: since when, until when (`None`: still), and the doubted score.
    #[must_use]
    pub fn holds(&self) -> Vec<(Time, Option<Time>, Score)> {
        let (mut holds, mut doubted) = (Vec::<(Time, Option<Time>, Score)>::new(), false);
        for change in &self.history {
            if let Some((_, until @ None, _)) = holds.last_mut() {
                *until = Some(change.at);
            }
            match change.kind {
                ChangeKind::Held => doubted = true,
                // A void that is lifted has the hold go on.
                ChangeKind::Voided | ChangeKind::Restored => {}
                _ => doubted = false,
            }
            if doubted && change.kind != ChangeKind::Voided {
                holds.push((change.at, None, change.score));
            }
        }
        holds
    }
}
