//! Forgetting who was asked: on request, and by age.
//!
//! Erasing removes identity, subject and comment. Scores, times and decisions stay, so that reports count as before. It
//! must not know how a row is emptied, nor how an address is hashed.

use super::{Batch, Command, Touched};
use crate::survey::Time;
use crate::survey::closing::{Closing, Conversation};
use crate::survey::outbound::{State, Stop};
use crate::survey::suppression::Cause;
use crate::survey::trail::Trail;
use std::collections::{BTreeMap, BTreeSet};
use std::mem;
use uuid::Uuid;

/// The most rows of one kind that a command takes: other commands wait for it, and this many take the writer a few
/// hundredths of a second.
pub const STEP: usize = 500;

/// What is left to erase, at most [`STEP`] of each kind.
#[derive(Debug, Default)]
pub struct Erasable {
    /// By the hash of an address: its closings, and others of conversations that it was asked about, which still say what
    /// they were about.
    pub closings_of: BTreeMap<String, BTreeSet<(Conversation, Time)>>,
    /// By the hash of an address: all conversations that it was asked about.
    pub conversations_of: BTreeMap<String, BTreeSet<Conversation>>,
    /// Surveys that are old enough, and whose mail is done.
    pub old_surveys: BTreeSet<Uuid>,
    /// Closings that are old enough and still say what they were about.
    pub old_closings: BTreeSet<(Conversation, Time)>,
    /// Closings without a survey that are old enough to be deleted.
    pub old_decisions: BTreeSet<(Conversation, Time)>,
    /// Reopenings that are old enough to be deleted.
    pub old_reopenings: BTreeSet<(Conversation, Time)>,
}

impl Erasable {
    /// Notes that some closings say no longer what they were about, so that no later command of the batch finds them.
    fn emptied(&mut self, is_empty: impl Fn(&(Conversation, Time)) -> bool) {
        for closings in self.closings_of.values_mut().chain([&mut self.old_closings]) {
            closings.retain(|closing| !is_empty(closing));
        }
    }
}

/// What a batch erases and deletes.
#[derive(Debug, Default)]
pub struct Erased {
    /// Surveys that lose who was asked, what it was about, and the comment; and when.
    pub surveys: BTreeMap<Uuid, Time>,
    /// Stored closings that lose what they were about.
    pub closings: BTreeSet<(Conversation, Time)>,
    /// Conversations whose stored closings and surveys lose what they were about.
    pub conversations: BTreeSet<Conversation>,
    /// Hashes of addresses whose stored suppressions lose the readable address, and whose waiting closings are deleted.
    pub addresses: BTreeSet<String>,
    /// Closings to delete.
    pub decisions: BTreeSet<(Conversation, Time)>,
    /// Reopenings to delete.
    pub reopenings: BTreeSet<(Conversation, Time)>,
    /// Why sending last failed is cleared if that was before this: mail servers may name whom they refuse.
    pub errors_before: Option<Time>,
}

/// What was erased.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Erasure {
    /// The surveys.
    pub surveys: BTreeSet<Uuid>,
    /// How many closings lost what they were about.
    pub closings: usize,
    /// How many waiting mails were cancelled.
    pub cancelled: usize,
    /// How many mails were being sent: they may still arrive.
    pub sending: usize,
}

impl Erasure {
    /// There may be more to erase.
    #[must_use]
    pub fn more(&self) -> bool {
        self.surveys.len() >= STEP || self.closings >= STEP
    }

    /// Adds what another step erased.
    pub fn add(&mut self, other: Self) {
        self.surveys.extend(other.surveys);
        self.closings += other.closings;
        self.cancelled += other.cancelled;
        self.sending += other.sending;
    }
}

impl Batch {
    /// Erases a survey, once. Its mail is cancelled unless it is being sent.
    fn erase_survey(&mut self, id: Uuid, at: Time, done: &mut Erasure) {
        let (Some(survey), Some(clicked)) = (self.surveys.get_mut(&id), self.clicks.get_mut(&id)) else { return };
        if clicked.clicks.erased {
            return;
        }
        done.cancelled += usize::from(survey.cancel(Some(clicked), Stop::Erased));
        done.sending += usize::from(matches!(survey.mail.state, State::Sending(_)));
        survey.mail.note = None;
        let clicks = &mut clicked.clicks;
        clicked.trail_changed |= clicks.trail != Trail::default();
        (clicks.erased, clicks.comment, clicks.trail) = (true, None, Trail::default());
        self.erased.surveys.insert(id, at);
        done.surveys.insert(id);
    }
}

/// Erase the customer with an address, and never ask it again. Takes one step.
#[derive(Clone, Debug)]
pub struct Erase {
    /// The keyed hash of the address.
    pub address_hash: String,
    /// When.
    pub at: Time,
}

impl Command for Erase {
    type Answer = Erasure;

    fn touches(&self, touched: &mut Touched) {
        touched.addresses.insert(self.address_hash.clone());
        touched.erasing.insert(self.address_hash.clone());
    }

    fn decide(&self, batch: &mut Batch) -> Erasure {
        let hash = &self.address_hash;
        batch.suppress(hash.clone(), Cause::Erased, self.at, None);
        for suppression in batch.new_suppressions.iter_mut().filter(|new| new.address_hash == *hash) {
            suppression.address = None;
        }
        batch.erased.addresses.insert(hash.clone());

        let mut done = Erasure::default();
        let surveys = batch.addresses.get(hash).map(|address| address.surveys.clone()).unwrap_or_default();
        for id in surveys {
            batch.erase_survey(id, self.at, &mut done);
        }
        batch.forgotten.extend(done.surveys.iter().map(|id| (*id, self.at)));
        let closings = batch.erasable.closings_of.remove(hash).unwrap_or_default();
        done.closings = closings.len();
        let conversations = self.conversations(batch, closings);
        // The batch may have taken closings that are not stored yet.
        for new in &mut batch.new_closings {
            let closing = &mut new.close.closing;
            if conversations.contains(&closing.conversation()) {
                done.closings += usize::from(closing.subject.is_some() || closing.url.is_some());
                (closing.subject, closing.url, closing.in_reply_to) = (None, None, None);
            }
        }
        batch.erasable.emptied(|(of, _)| conversations.contains(of));
        batch.new_enriching.retain(|defer| !defer.addresses.contains(hash));
        batch.erased.conversations.extend(conversations);
        done
    }
}

impl Erase {
    /// The conversations that the address was asked about, and those of its closings that still say what they were about.
    fn conversations(&self, batch: &Batch, closings: BTreeSet<(Conversation, Time)>) -> BTreeSet<Conversation> {
        let hash = &self.address_hash;
        let stored = batch.erasable.conversations_of.get(hash).into_iter().flatten().cloned();
        let asked = batch.surveys_to(Some(hash)).map(|survey| survey.conversation.clone());
        let says = |closing: &Closing| closing.subject.is_some() || closing.url.is_some();
        let new = batch.new_closings.iter().map(|new| &new.close);
        let new = new.filter(|close| close.address_hash.as_ref() == Some(hash) && says(&close.closing));
        let new = new.map(|close| close.closing.conversation());
        stored.chain(asked).chain(closings.into_iter().map(|(of, _)| of)).chain(new).collect()
    }
}

/// The ages that [`Expire`] goes by: moments before which something is too old; `None` keeps it for ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Surveys made before, and closings reported before, are erased.
    pub identity: Option<Time>,
    /// Closings without a survey reported before, and reopenings before, are deleted.
    pub decisions: Option<Time>,
}

/// Erase and delete what is too old. Takes one step. Nobody is suppressed by it.
#[derive(Clone, Debug)]
pub struct Expire {
    /// What is too old.
    pub limits: Limits,
    /// When.
    pub at: Time,
}

/// What was too old.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expired {
    /// The surveys that were erased.
    pub surveys: BTreeSet<Uuid>,
    /// How many closings lost what they were about.
    pub closings: usize,
    /// How many closings were deleted.
    pub decisions: usize,
    /// How many reopenings were deleted.
    pub reopenings: usize,
}

impl Expired {
    /// Nothing was too old.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Command for Expire {
    type Answer = Expired;

    fn touches(&self, touched: &mut Touched) {
        touched.expiring = Some(self.limits);
    }

    fn decide(&self, batch: &mut Batch) -> Expired {
        let left = &mut batch.erasable;
        let (surveys, mut closings) = (mem::take(&mut left.old_surveys), mem::take(&mut left.old_closings));
        let (decisions, reopenings) = (mem::take(&mut left.old_decisions), mem::take(&mut left.old_reopenings));
        closings.retain(|closing| !decisions.contains(closing));
        left.emptied(|closing| closings.contains(closing) || decisions.contains(closing));
        let mut done = Erasure::default();
        for id in surveys {
            batch.erase_survey(id, self.at, &mut done);
        }
        let expired = Expired {
            surveys: done.surveys,
            closings: closings.len(),
            decisions: decisions.len(),
            reopenings: reopenings.len(),
        };
        batch.erased.closings.extend(closings);
        batch.erased.decisions.extend(decisions);
        batch.erased.reopenings.extend(reopenings);
        batch.erased.errors_before = self.limits.identity;
        expired
    }
}
