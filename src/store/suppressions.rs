//! The verbs about addresses that are not asked any more.

use super::{Store, SuppressionPlace, Unavailable};
use crate::ledger::suppressions::{OptIn, Suppress, Unsubscribe, Unsuppress};
use crate::survey::paging::Paging;
use crate::survey::suppression::Suppression;
use uuid::Uuid;

impl Store {
    /// Stops asking an address. The answer is durable.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn suppress(&self, suppress: Suppress) -> Result<(), Unavailable> {
        self.write(suppress).await
    }

    /// Stops asking the address of a survey. The answer is durable.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn unsubscribe(&self, unsubscribe: Unsubscribe) -> Result<(), Unavailable> {
        self.write(unsubscribe).await
    }

    /// Lifts the opt-out of an address, and nothing else. The answer is durable.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn opt_in(&self, opt_in: OptIn) -> Result<(), Unavailable> {
        self.write(opt_in).await
    }

    /// Lets an address be asked again; answers how many causes were lifted. The answer is durable.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn unsuppress(&self, unsuppress: Unsuppress) -> Result<u64, Unavailable> {
        self.write(unsuppress).await
    }

    /// Why the address that a survey went to is not asked any more.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn suppressions_of(&self, survey: Uuid) -> Result<Vec<Suppression>, Unavailable> {
        self.sqlite().suppressions_of(survey).await
    }

    /// The suppressions, newest first: one more than the page holds, if there is one.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn suppressions(&self, paging: &Paging<SuppressionPlace>) -> Result<Vec<Suppression>, Unavailable> {
        self.sqlite().suppressions(paging).await
    }
}
