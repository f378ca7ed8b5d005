//! What is stored about one customer: returning it, and forgetting it, on request or by the age that `[retention]` sets.
//!
//! It must not know HTTP or SQL, nor what is emptied.

use super::{Error, Gateway};
use crate::ledger::erasing::{Erase, Erasure, Expire, Expired, Limits};
use crate::survey::stamp;
use serde_json::{Map, Value, json};

/// What became of a request to be forgotten.
#[derive(Clone, Debug)]
pub struct Forgotten {
    /// What was erased now; a repeat finds nothing.
    pub erasure: Erasure,
    /// How many files of mails were deleted; only `mail.smtp = "file:…"` makes any.
    pub files: usize,
    /// Whether the database file was rewritten, so that no copy is left between its rows. A large one is not.
    pub rewritten: bool,
    /// Whether the write-ahead log was emptied. If not, another program reads the database all the time, and copies are
    /// left in the log and in the file until it stops and the erasing is repeated.
    pub log_emptied: bool,
}

impl Forgotten {
    /// The counts, as the API answers them.
    #[must_use]
    pub fn counts(&self) -> Value {
        let Self { erasure, files, rewritten, log_emptied } = self;
        json!({
            "surveys": erasure.surveys.len(), "closings": erasure.closings, "cancelled": erasure.cancelled,
            "sending": erasure.sending, "files": files, "rewritten": rewritten, "log_emptied": log_emptied,
        })
    }
}

impl Gateway {
    /// Erases who has an address, and suppresses it by its hash. It is durable, and can be repeated.
    ///
    /// # Errors
    /// An invalid address, or an unavailable store: then a part may be erased, and a repeat erases the rest.
    pub async fn erase(&self, address: &str) -> Result<Forgotten, Error> {
        let address_hash = self.hash_of_one(address)?;
        let mut erasure = Erasure::default();
        loop {
            let erase = Erase { address_hash: address_hash.clone(), at: self.clock.now() };
            let step = self.store.erase(erase).await?;
            let more = step.more();
            erasure.add(step);
            if !more {
                break;
            }
        }
        // Of those that were erased before, too: a mail that was being sent then may have left a file since.
        let files = self.relay.transport().forget(&self.store.surveys_to(&address_hash).await?).await;
        let rewritten = self.store.rewrite().await?;
        let log_emptied = self.store.empty_log().await?;
        tracing::info!(
            surveys = erasure.surveys.len(),
            closings = erasure.closings,
            files,
            rewritten,
            log_emptied,
            "erased a customer"
        );
        Ok(Forgotten { erasure, files, rewritten, log_emptied })
    }

    /// Everything that is stored about who has an address (GDPR, article 15). Times are RFC 3339. An address that nothing is
    /// stored about gets empty lists.
    ///
    /// # Errors
    /// An invalid address, or an unavailable store.
    pub async fn export(&self, address: &str) -> Result<Value, Error> {
        let address_hash = self.hash_of_one(address)?;
        let mut all = Map::new();
        all.insert("address".into(), address.into());
        all.insert("exported_at".into(), stamp(self.clock.now()).into());
        all.extend(self.store.customer(&address_hash).await?);
        Ok(Value::Object(all))
    }

    /// Erases and deletes what `[retention]` says is too old: one step, which holds up other writes for a moment only.
    /// Empty once there is nothing left.
    ///
    /// # Errors
    /// An unavailable store.
    pub async fn expire(&self) -> Result<Expired, Error> {
        let (now, retention) = (self.clock.now(), &self.config.retention);
        let before = |age| Some(now - age?);
        let limits = Limits { identity: before(retention.identity), decisions: before(retention.decisions) };
        if limits == Limits::default() {
            return Ok(Expired::default());
        }
        let expired = self.store.expire(Expire { limits, at: now }).await?;
        self.relay.transport().forget(&expired.surveys).await;
        Ok(expired)
    }

    /// Empties the write-ahead log, in which what was erased lives on. `false` if another program reads the database all the
    /// time.
    ///
    /// # Errors
    /// An unavailable store.
    pub async fn empty_log(&self) -> Result<bool, Error> {
        Ok(self.store.empty_log().await?)
    }
}
