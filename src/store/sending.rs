//! The verbs about mails that wait or failed, for operators.
//!
//! It must not know SQL, nor when sending pauses by itself.

use super::{Store, Unavailable};
use crate::ledger::outbox::{Requeue, Requeued};
use crate::survey::Time;
use crate::survey::outbound::StateWord;
use crate::survey::sending::Halt;
use uuid::Uuid;

/// Mails of one state that have the same reason for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailCount {
    /// Where they stand.
    pub state: StateWord,
    /// Why, in one line: what the server last said, or what stopped them.
    pub reason: Option<String>,
    /// How many there are.
    pub mails: u64,
    /// When the oldest of them was first to go out.
    pub oldest: Time,
}

/// Some of the mails that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unsent {
    /// All of them.
    All,
    /// Those whose reason holds this text, whatever its case.
    Reason(String),
    /// The mail of this survey.
    Survey(Uuid),
}

impl Store {
    /// Requeues failed mails. The answer is durable.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn requeue(&self, requeue: Requeue) -> Result<Requeued, Unavailable> {
        self.write(requeue).await
    }

    /// Up to `most` surveys whose mail failed, in the order of their ids, after this one.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn failed(&self, which: &Unsent, after: Uuid, most: u32) -> Result<Vec<Uuid>, Unavailable> {
        self.sqlite().failed(which, after, most).await
    }

    /// Pauses sending until [`resume`](Self::resume); `false` if it was paused by hand already. Once this returns no mail is
    /// claimed, by whatever service.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn halt(&self, halt: &Halt) -> Result<bool, Unavailable> {
        self.sqlite().halt(halt).await
    }

    /// Ends that pause; `false` if there was none.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn resume(&self) -> Result<bool, Unavailable> {
        self.sqlite().resume().await
    }

    /// That pause, if there is one.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn halted(&self) -> Result<Option<Halt>, Unavailable> {
        self.sqlite().halted().await
    }

    /// All mails, counted by state and reason.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn mail_counts(&self) -> Result<Vec<MailCount>, Unavailable> {
        self.sqlite().mail_counts().await
    }
}
