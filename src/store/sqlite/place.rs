//! Where the files of the database lie, and whether they are still there.
//!
//! It must not know what is in them. It looks at files without opening them: closing one would drop SQLite's locks.

use std::fs::metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The files of an open database.
#[derive(Clone, Debug)]
pub(in crate::store) struct Place {
    path: PathBuf,
    /// The write-ahead log. SQLite puts it beside the file that a symbolic link leads to.
    log: PathBuf,
    /// Tells the file that is open from another at its path.
    identity: Option<(u64, u64)>,
}

impl Place {
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let mut log = path.canonicalize()?.into_os_string();
        log.push("-wal");
        Ok(Self { path: path.to_owned(), log: log.into(), identity: identity(path) })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// What became of the files that are open, in a sentence, if their paths no longer lead to them: what is written then
    /// is lost with the process.
    pub(in crate::store) fn misplaced(&self) -> Option<&'static str> {
        let is_there = identity(&self.path);
        if is_there.is_none() {
            return Some("the database file is gone from its path");
        }
        if is_there != self.identity {
            return Some("another file lies at the path of the database");
        }
        // There while the database is open: whatever was not yet moved from it would be lost.
        identity(&self.log).is_none().then_some("the write-ahead log of the database is gone from its path")
    }

    /// The size of the database with its log, in bytes.
    pub(in crate::store) fn bytes(&self) -> u64 {
        [&self.path, &self.log].iter().map(|file| metadata(file).map_or(0, |file| file.len())).sum()
    }
}

/// Tells a file from another that takes its place: its device and number. `None` if there is none.
fn identity(path: &Path) -> Option<(u64, u64)> {
    metadata(path).ok().map(|file| (file.dev(), file.ino()))
}
