//! Backups: the database and its key file, copied while the service runs.
//!
//! It owns the names of the copies, and that neither replaces a file. It must not know how a database is copied.

use super::Gateway;
use crate::private;
use crate::secrets::{KeyFileError, Secrets};
use crate::store::{OpenError, Unavailable};
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::Duration;
use tempfile::Builder;

/// What the copy is called until it is whole. A backup that is killed leaves it, under a name that says so.
const UNFINISHED: &str = ".unfinished";
/// How often a long copy reports how far it is.
const REPORT_EVERY: Duration = Duration::from_millis(500);

/// Why there is no backup, in a sentence for the operator.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is such a file already.
    #[error("{0} exists: a backup never replaces a file, so name another")]
    Exists(String),
    /// A backup to the same name was stopped, or another one runs.
    #[error("{0} exists: a backup that was stopped left it: delete it")]
    Unfinished(String),
    /// The copy cannot be written.
    #[error("{0}: {1}")]
    Write(String, io::Error),
    /// The database cannot be copied.
    #[error(transparent)]
    Copy(#[from] OpenError),
    /// The key file cannot be copied.
    #[error(transparent)]
    Keys(#[from] KeyFileError),
    /// The store did not answer.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl Gateway {
    /// Copies the database to `file`, and the key file to the same name with `.keys`, both for their owner only. Returns
    /// the name of the second. Neither file appears before both are whole. A service that is started on the copy finds
    /// sending paused. It calls `progress` now and then with the bytes written and the bytes in all, both approximate.
    ///
    /// # Errors
    /// One of the files exists, or something cannot be read or written. Then no file is left.
    pub async fn backup(&self, file: &Path, progress: impl Fn(u64, u64)) -> Result<PathBuf, BackupError> {
        let [keys, copy] = [".keys", UNFINISHED].map(|suffix| with_suffix(file, suffix));
        let is_there = |path: &Path| path.symlink_metadata().is_ok();
        if let Some(there) = [file, &keys].into_iter().find(|path| is_there(path)) {
            return Err(BackupError::Exists(there.display().to_string()));
        }
        if is_there(&copy) {
            return Err(BackupError::Unfinished(copy.display().to_string()));
        }
        let failed = |error| BackupError::Write(file.display().to_string(), error);
        let folder = private::folder(file);
        let name = file.file_name().unwrap_or_default();
        let unfinished = Builder::new().prefix(name).suffix(UNFINISHED).rand_bytes(0).tempfile_in(folder);
        let unfinished = unfinished.map_err(failed)?;
        self.copy_to(unfinished.path(), progress).await?;
        private::give_to_owner(folder, unfinished.as_file()).map_err(failed)?;
        unfinished.as_file().sync_all().map_err(failed)?;
        if !Secrets::copy(&self.config.link_keys_file, &keys)? {
            return Err(BackupError::Exists(keys.display().to_string()));
        }
        let kept = unfinished.persist_noclobber(file).map_err(|error| error.error);
        kept.and_then(|_| private::sync(folder)).map_err(|error| {
            // Keys without their database are no backup. If they stay, the next one says so.
            drop(fs::remove_file(&keys));
            failed(error)
        })?;
        Ok(keys)
    }

    async fn copy_to(&self, file: &Path, progress: impl Fn(u64, u64)) -> Result<(), BackupError> {
        let size = self.store.size().await?;
        let mut copy = pin!(self.store.copy_to(file));
        loop {
            match tokio::time::timeout(REPORT_EVERY, &mut copy).await {
                Ok(done) => return Ok(done?),
                Err(_) => progress(file.metadata().map_or(0, |file| file.len()), size),
            }
        }
    }
}

fn with_suffix(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.file_name().unwrap_or(OsStr::new("backup")).to_owned();
    name.push(suffix);
    file.with_file_name(name)
}
