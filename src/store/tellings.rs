//! The verbs about tellings and targets.
//!
//! It must not know SQL, nor what a telling says.

use super::{Store, Unavailable};
use crate::ledger::telling::{ClaimTelling, ClaimedTelling, ForgetEvents, MarkTelling};
use crate::survey::Time;
use uuid::Uuid;

/// Which events to send to a target again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// Those that failed for good.
    Failed,
    /// Those that happened since then, taken or failed.
    Since(Time),
    /// One event.
    Event(Uuid),
}

impl Store {
    /// Claims the telling that is due for a target. The lease is durable.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn claim_telling(&self, claim: ClaimTelling) -> Result<ClaimedTelling, Unavailable> {
        self.write(claim).await
    }

    /// Records the result of an attempt, and claims the next telling if `mark` asks for it. The answer is durable.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn mark_telling(&self, mark: MarkTelling) -> Result<Option<ClaimedTelling>, Unavailable> {
        self.write(mark).await
    }

    /// Deletes old events, some of them; answers how many. The answer is durable.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn forget_events(&self, forget: ForgetEvents) -> Result<usize, Unavailable> {
        self.write(forget).await
    }

    /// Makes tellings due again that a target took or that failed; answers how many. It is durable.
    ///
    /// # Errors
    /// The store did not answer; then a part may be due, and a repeat makes the rest due.
    pub async fn tell_again(&self, target: &str, again: Again, now: Time) -> Result<u64, Unavailable> {
        self.sqlite().tell_again(target, again, now).await
    }

    /// Lets a disabled target get events again; `false` if it is not disabled. It is durable.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn enable_target(&self, target: &str, now: Time) -> Result<bool, Unavailable> {
        self.sqlite().enable_target(target, now).await
    }
}
