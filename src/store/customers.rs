//! The verbs about one customer: what is stored about them, and erasing it without leaving a copy.

use super::{Store, Unavailable};
use crate::ledger::erasing::{Erase, Erasure, Expire, Expired};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use uuid::Uuid;

impl Store {
    /// Erases one step of what is stored about an address, and suppresses it. The answer is durable.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn erase(&self, erase: Erase) -> Result<Erasure, Unavailable> {
        self.write(erase).await
    }

    /// Erases and deletes one step of what is too old. The answer is durable.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn expire(&self, expire: Expire) -> Result<Expired, Unavailable> {
        self.write(expire).await
    }

    /// Everything that is stored about an address, as lists of rows under their names.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn customer(&self, address_hash: &str) -> Result<Map<String, Value>, Unavailable> {
        self.sqlite().customer(address_hash).await
    }

    /// All surveys to an address.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn surveys_to(&self, address_hash: &str) -> Result<BTreeSet<Uuid>, Unavailable> {
        self.sqlite().surveys_to(address_hash).await
    }

    /// Leaves no copy of what was erased in the log of the database; `false` if somebody reads the database all the time.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn empty_log(&self) -> Result<bool, Unavailable> {
        self.sqlite().empty_log().await
    }

    /// Leaves no copy of what was erased in the database, once its log is emptied; `false` if it is too large to be rewritten
    /// at once.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn rewrite(&self) -> Result<bool, Unavailable> {
        self.sqlite().rewrite().await
    }
}
