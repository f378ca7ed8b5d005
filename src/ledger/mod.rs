//! The commands that change data: what each one touches, and how it decides from what the store loaded for it.
//!
//! A [`Command`] names what its decision needs ([`Touched`]). A store loads that into a [`Batch`], lets the commands
//! decide one after the other, each seeing what those before it did, and saves the batch whole. It owns the deciding,
//! one file a noun. It must not know SQL, nor how commands are gathered.

pub mod clicks;
pub mod closings;
pub mod digests;
pub mod enriching;
pub mod erasing;
pub mod follow_ups;
pub mod heartbeat;
pub mod moderation;
pub mod outbox;
pub mod suppressions;
mod surveys;
pub mod telling;

pub use surveys::{Clicked, Survey};

use crate::survey::Time;
use crate::survey::closing::{Conversation, Teammate};
use crate::survey::eligibility::Decision;
use crate::survey::evidence::Clicks;
use crate::survey::outbound::{Outgoing, Stop};
use crate::survey::pace::Paces;
use crate::survey::sending::Halt;
use crate::survey::suppression::{Cause, Suppression};
use chrono::NaiveDate;
use closings::NewClosing;
use digests::Digested;
use enriching::Defer;
use erasing::{Erasable, Erased, Limits};
use follow_ups::Followed;
use heartbeat::Heartbeat;
use outbox::Release;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use telling::{DueTelling, Telling, TellingKey};
use uuid::Uuid;

/// A change that somebody asks for. It carries everything that its decision needs besides the database: the time, random
/// ids, keyed hashes. So it decides the same when its batch is tried again.
pub trait Command: Send + 'static {
    /// The answer. The caller gets it once the change is durable.
    type Answer: Send + 'static;

    /// Adds what the decision needs of the database.
    fn touches(&self, touched: &mut Touched);

    /// Decides, and notes in the batch what changes.
    fn decide(&self, batch: &mut Batch) -> Self::Answer;

    /// What must be undone if the caller is gone before the answer arrives.
    fn unheard(_answer: Self::Answer) -> Option<Release> {
        None
    }
}

/// What the commands of a batch need of the database. A backend with several writers locks these keys, all in their order.
#[derive(Debug, Default)]
pub struct Touched {
    /// Surveys whose clicks alone are needed, by id.
    pub clicks: BTreeSet<Uuid>,
    /// Surveys that are needed whole, by id.
    pub surveys: BTreeSet<Uuid>,
    /// Conversations: what is known of them, and their surveys.
    pub conversations: BTreeSet<Conversation>,
    /// Closings whose decision is needed.
    pub closings: BTreeSet<(Conversation, Time)>,
    /// Hashes of addresses: why they are suppressed.
    pub addresses: BTreeSet<String>,
    /// The earliest moment whose surveys to these addresses are needed; `None` if none are.
    pub asked_since: Option<Time>,
    /// Hashes of addresses that are to be erased: what is left of them.
    pub erasing: BTreeSet<String>,
    /// The limits of age: what is over them.
    pub expiring: Option<Limits>,
    /// Follow-ups, by their surveys.
    pub follow_ups: BTreeSet<Uuid>,
    /// Teammates, by id.
    pub teammates: BTreeSet<String>,
    /// Digests, by id.
    pub digests: BTreeSet<Uuid>,
    /// Weeks by their Monday: all their digests.
    pub digest_weeks: BTreeSet<NaiveDate>,
    /// Closings: whether their decision waits.
    pub enriching: BTreeSet<(Conversation, Time)>,
    /// Tellings, by their key.
    pub tellings: BTreeSet<TellingKey>,
    /// Targets, and the time that the telling for each is due by.
    pub due_tellings: BTreeMap<String, Time>,
    /// Events that happened before this are needed, some of them.
    pub old_events: Option<Time>,
    /// How many due mails are needed.
    pub due: usize,
    /// The time that mails are due by.
    pub due_by: Option<Time>,
}

/// What is known of a conversation.
#[derive(Debug, Default)]
pub struct Known {
    /// The decisions on those of its closings that were touched.
    pub decisions: BTreeMap<Time, Decision>,
    /// Its latest closing, also one whose decision waits.
    pub latest_closing: Option<Time>,
    /// Its latest reopening.
    pub latest_reopening: Option<Time>,
    /// Its surveys that asked, or wait to, and the closings that they ask about; loaded with a due mail only. Commands of
    /// the batch may have stopped one of them since.
    pub asked: BTreeMap<Uuid, Time>,
    /// Its surveys in the batch.
    surveys: BTreeSet<Uuid>,
}

/// What is known of an address.
#[derive(Debug, Default)]
pub struct Address {
    /// Why it is not asked.
    pub suppressed: BTreeSet<Cause>,
    /// The surveys in the batch that went to it.
    surveys: BTreeSet<Uuid>,
}

/// What a batch touches, and what its commands changed.
#[derive(Debug, Default)]
pub struct Batch {
    /// Conversations that were touched, or whose mail is due.
    pub conversations: BTreeMap<Conversation, Known>,
    /// Addresses that were touched, or whose mail is due, by hash.
    pub addresses: BTreeMap<String, Address>,
    /// Teammates by id, each with the time of the latest closing that named it.
    pub teammates: BTreeMap<String, (Teammate, Time)>,
    /// Due mails, the one that is due longest first, as many as the claims may need.
    pub due: VecDeque<(Uuid, Outgoing)>,
    /// Due digests, the one that is due longest first.
    pub due_digests: VecDeque<Uuid>,
    /// There may be more of them.
    pub more_due: bool,
    /// Due mails that cannot be read. A claim puts them off, so that they keep no other from going out.
    pub unreadable: BTreeSet<Uuid>,
    /// Until when.
    pub put_off_until: Option<Time>,
    /// The pause that a person made; loaded with due mails only. No mail is claimed during it.
    pub halt: Option<Halt>,
    /// Reply codes, and since when the mails are due again that were refused with them.
    pub due_again: BTreeMap<u16, Time>,
    /// What was sent lately. The store keeps it from batch to batch.
    pub paces: Paces,
    /// What is left to erase of what was touched.
    pub erasable: Erasable,
    /// What is to be erased and deleted.
    pub erased: Erased,
    /// Closings to be stored.
    pub new_closings: Vec<NewClosing>,
    /// Reopenings to be stored.
    pub new_reopenings: BTreeSet<(Conversation, Time)>,
    /// Teammates whose name, address or team may have changed.
    pub named_teammates: BTreeSet<String>,
    /// Suppressions to be stored.
    pub new_suppressions: Vec<Suppression>,
    /// Hashes of addresses whose earlier suppressions are lifted.
    pub lifted: BTreeSet<String>,
    /// Hashes of addresses whose earlier opt-outs are lifted, and nothing else.
    pub opted_in: BTreeSet<String>,
    /// Follow-ups that were touched, by their surveys.
    pub follow_ups: BTreeMap<Uuid, Followed>,
    /// Signs of life to be stored.
    pub heartbeats: Vec<Heartbeat>,
    /// Digests that were touched, that are due, or that are new.
    pub digests: BTreeMap<Uuid, Digested>,
    /// Of the closings that were touched, those whose decision waits.
    pub enriching: BTreeSet<(Conversation, Time)>,
    /// Closings that are to wait from now on.
    pub new_enriching: Vec<Defer>,
    /// Surveys whose mail failed because of its recipient or came back, when, and what was reported.
    pub bounced: Vec<(Uuid, Time, &'static str)>,
    /// Surveys that are erased because their customer asked for it, and when.
    pub forgotten: Vec<(Uuid, Time)>,
    /// Tellings that were touched, or that are due.
    pub tellings: BTreeMap<TellingKey, Telling>,
    /// By target, the telling that is due longest.
    pub due_tellings: BTreeMap<String, DueTelling>,
    /// Disabled targets that something is due for, and why.
    pub disabled: BTreeMap<String, String>,
    /// Targets to be disabled, when and why.
    pub newly_disabled: BTreeMap<String, (Time, String)>,
    /// Events that are old enough to be deleted, some of them.
    pub old_events: Vec<i64>,
    /// Events to delete.
    pub forgotten_events: Vec<i64>,
    surveys: BTreeMap<Uuid, Survey>,
    clicks: BTreeMap<Uuid, Clicked>,
}

impl Batch {
    /// A batch that is about to be loaded.
    #[must_use]
    pub fn new(touched: &Touched) -> Self {
        Self {
            conversations: touched.conversations.iter().map(|name| (name.clone(), Known::default())).collect(),
            addresses: touched.addresses.iter().map(|hash| (hash.clone(), Address::default())).collect(),
            ..Self::default()
        }
    }

    /// Adds the clicks on a survey.
    pub fn add_clicks(&mut self, id: Uuid, clicks: Clicks) {
        self.clicks.insert(id, Clicked::stored(clicks));
    }

    /// Adds a survey with its clicks, and files it under its conversation and its address if those were touched.
    pub fn add_survey(&mut self, id: Uuid, survey: Survey, clicks: Clicks) {
        self.add_clicks(id, clicks);
        if let Some(known) = self.conversations.get_mut(&survey.conversation) {
            known.surveys.insert(id);
        }
        if let Some(address) = self.addresses.get_mut(&survey.address_hash) {
            address.surveys.insert(id);
        }
        self.surveys.insert(id, survey);
    }

    /// A survey, if there is one with that id.
    #[must_use]
    pub fn survey(&self, id: Uuid) -> Option<&Survey> {
        self.surveys.get(&id)
    }

    /// All surveys in the batch, in the order of their ids.
    pub fn surveys(&self) -> impl Iterator<Item = (&Uuid, &Survey)> {
        self.surveys.iter()
    }

    /// The clicks in the batch, in the order of the surveys' ids.
    pub fn clicks(&self) -> impl Iterator<Item = (&Uuid, &Clicked)> {
        self.clicks.iter()
    }

    /// The clicks on a survey, if they are in the batch.
    #[must_use]
    pub fn clicks_on(&self, id: Uuid) -> Option<&Clicked> {
        self.clicks.get(&id)
    }

    fn surveys_of(&self, conversation: &Conversation) -> impl Iterator<Item = &Survey> {
        let ids = self.conversations.get(conversation).map(|known| &known.surveys);
        ids.into_iter().flatten().filter_map(|id| self.surveys.get(id))
    }

    fn surveys_to(&self, address_hash: Option<&String>) -> impl Iterator<Item = &Survey> {
        let ids = address_hash.and_then(|hash| self.addresses.get(hash)).map(|address| &address.surveys);
        ids.into_iter().flatten().filter_map(|id| self.surveys.get(id))
    }

    /// Cancels the mails of those surveys of a conversation that `which` picks; how many there were to cancel.
    fn cancel_surveys_of(&mut self, conversation: &Conversation, why: Stop, which: impl Fn(&Survey) -> bool) -> u64 {
        let Some(known) = self.conversations.get(conversation) else { return 0 };
        let mut cancelled = 0;
        for id in &known.surveys {
            if let Some(survey) = self.surveys.get_mut(id).filter(|survey| which(survey)) {
                cancelled += u64::from(survey.cancel(self.clicks.get_mut(id), why));
            }
        }
        cancelled
    }
}

#[cfg(test)]
mod tests;
