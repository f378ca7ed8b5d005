//! Closings whose decision waits until their conversation was fetched.
//!
//! It owns that each waits once, whatever is reported meanwhile. It must not know how anything is fetched.

use super::{Batch, Command, Touched};
use crate::survey::Time;
use crate::survey::closing::Conversation;
use crate::survey::eligibility::Decision;
use crate::survey::enrichment::Waiting;

/// Take a closing, and decide about it once its conversation was fetched.
#[derive(Clone, Debug)]
pub struct Defer {
    /// The closing.
    pub waiting: Waiting,
    /// The keyed hashes of all its addresses.
    pub addresses: Vec<String>,
}

/// What became of a closing that was to wait.
#[derive(Clone, Debug, PartialEq)]
pub enum Deferred {
    /// It waits.
    Waits,
    /// It was decided before, like this.
    Decided(Decision),
}

impl Defer {
    /// What names the closing.
    #[must_use]
    pub fn key(&self) -> (Conversation, Time) {
        (self.waiting.closing.conversation(), self.waiting.closing.closed_at)
    }
}

impl Command for Defer {
    type Answer = Deferred;

    fn touches(&self, touched: &mut Touched) {
        touched.closings.insert(self.key());
        touched.enriching.insert(self.key());
    }

    fn decide(&self, batch: &mut Batch) -> Deferred {
        let (conversation, closed_at) = self.key();
        let known = batch.conversations.get(&conversation);
        if let Some(decision) = known.and_then(|known| known.decisions.get(&closed_at)) {
            return Deferred::Decided(decision.clone());
        }
        if batch.enriching.insert(self.key()) {
            batch.new_enriching.push(self.clone());
        }
        Deferred::Waits
    }
}
