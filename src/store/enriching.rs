//! The verbs about closings whose decision waits until their conversation was fetched.
//!
//! It must not know how anything is fetched.

use super::{Store, Unavailable};
use crate::ledger::enriching::{Defer, Deferred};
use crate::survey::Time;
use crate::survey::closing::Conversation;
use crate::survey::enrichment::Waiting;

impl Store {
    /// Takes a closing whose decision waits, each once. The answer is durable.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn defer(&self, defer: Defer) -> Result<Deferred, Unavailable> {
        self.write(defer).await
    }

    /// The closing of a connection that is due first, of those that wait.
    ///
    /// # Errors
    /// The store did not answer, or holds a closing that this program cannot read; that one is put off.
    pub async fn next_enriching(&self, connection: &str) -> Result<Option<Waiting>, Unavailable> {
        self.sqlite().next_enriching(connection).await
    }

    /// Puts a closing off because a try failed. It is durable. Nothing happens if the closing does not wait.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn postpone_enriching(
        &self,
        of: &Conversation,
        closed_at: Time,
        due_at: Time,
        why: &str,
    ) -> Result<(), Unavailable> {
        self.sqlite().postpone_enriching(of, closed_at, due_at, why).await
    }

    /// Forgets a closing that waits. It is durable.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn forget_enriching(&self, of: &Conversation, closed_at: Time) -> Result<(), Unavailable> {
        self.sqlite().forget_enriching(of, closed_at).await
    }

    /// The connections whose closings wait.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn enriching_connections(&self) -> Result<Vec<String>, Unavailable> {
        self.sqlite().enriching_connections().await
    }
}
