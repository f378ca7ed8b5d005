//! The verbs behind the weekly digest: its mails, and who opted out.
//!
//! It must not know SQL, nor when a digest is due.

use super::{Store, Unavailable};
use crate::ledger::digests::{Announce, MarkDigest};
use crate::survey::Time;
use crate::survey::digest::{DigestMail, Subscription};
use chrono::NaiveDate;
use std::collections::BTreeSet;
use uuid::Uuid;

impl Store {
    /// Queues digests, each once for its week; answers how many were new. The answer is durable.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn announce(&self, announce: Announce) -> Result<u64, Unavailable> {
        self.write(announce).await
    }

    /// Records what became of the mail of a digest. The answer is durable.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn mark_digest(&self, mark: MarkDigest) -> Result<(), Unavailable> {
        self.write(mark).await
    }

    /// Who has a digest about the week of this Monday: sent, waiting, or left out because there was nothing to tell.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn digests_about(&self, week: NaiveDate) -> Result<BTreeSet<Subscription>, Unavailable> {
        self.sqlite().digests_about(week).await
    }

    /// The digest that a link names; `None` if there is none.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn digest(&self, id: Uuid) -> Result<Option<DigestMail>, Unavailable> {
        self.sqlite().digest(id).await
    }

    /// Stops a digest for good; a repeat changes nothing. It is durable.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn stop_digest(&self, subscription: &Subscription, now: Time) -> Result<(), Unavailable> {
        self.sqlite().stop_digest(subscription, now).await
    }

    /// Lets an address have its digests again; answers how many it had opted out of. It is durable.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn resume_digests(&self, address: &str) -> Result<u64, Unavailable> {
        self.sqlite().resume_digests(address).await
    }

    /// Who opted out of which digest, and when.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn stopped_digests(&self) -> Result<Vec<(Subscription, Time)>, Unavailable> {
        self.sqlite().stopped_digests().await
    }
}
