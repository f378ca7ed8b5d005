//! The right to serve a database.
//!
//! It must not know what is locked, nor how: that is the backend's.

use super::{OpenError, sqlite};
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// Keeps a second service away from a database for as long as it lives. A crash releases it too.
#[derive(Debug)]
pub struct ServeLock(pub(super) Arc<File>);

impl Drop for ServeLock {
    fn drop(&mut self) {
        // The store may still have the file open, and then closing this descriptor would not unlock it.
        if let Err(error) = self.0.unlock() {
            tracing::warn!(%error, "cannot unlock the database: it is unlocked when this process ends");
        }
    }
}

/// Locks an existing database as its service does.
///
/// # Errors
/// Another process has the lock, or the file cannot be opened.
pub async fn lock(path: &Path) -> Result<ServeLock, OpenError> {
    Ok(ServeLock(sqlite::lock(path).await?))
}
