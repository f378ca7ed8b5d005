//! What the operator does with a whole database: copies it, and changes the key of its addresses.
//!
//! It must not know where copies are kept, nor how an address is hashed.

use super::{OpenError, Settings, Store, Unavailable, sqlite};
use std::path::Path;

/// What became of the suppressions when addresses were hashed with another key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rekeyed {
    /// How many addresses still match.
    pub kept: u64,
    /// How many no longer match, because their address is stored nowhere.
    pub forgotten: u64,
}

impl Store {
    /// Copies the database into this empty file, as it is at one moment, and marks the copy: a service that starts on it
    /// must not send what the other has sent since.
    ///
    /// # Errors
    /// The database cannot be read, or the file not written.
    pub async fn copy_to(&self, copy: &Path) -> Result<(), OpenError> {
        self.sqlite().copy_to(copy).await
    }

    /// About how many bytes a copy will have.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn size(&self) -> Result<u64, Unavailable> {
        self.sqlite().size().await
    }

    /// Hashes anew every address that is stored readable, and makes this the key of the database; `None` if it is already,
    /// and then nothing changes. The caller holds the [`lock`](super::lock()).
    ///
    /// # Errors
    /// The file cannot be read or written, or has another schema than this program.
    pub async fn rekey(
        path: &Path,
        settings: &Settings,
        hash: impl Fn(&str) -> String,
    ) -> Result<Option<Rekeyed>, OpenError> {
        sqlite::rekey(path, settings, hash).await
    }
}
