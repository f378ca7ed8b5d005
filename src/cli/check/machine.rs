//! What the machine must offer: files that only the service reads, room, and a disk that syncs fast enough.

use super::Found;
use crate::config::Config;
use crate::private;
use rustix::fs::statvfs;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, Instant};
use tempfile::tempfile_in;

/// The least room: a year of a few thousand conversations a month, and a backup beside them.
const LEAST_FREE: u64 = 200_000_000;
/// How many syncs are measured: more than one, because the first often waits for others.
const SYNCS: usize = 9;
/// The slowest sync. Every answer waits for one, and helpdesks wait for an answer for some seconds at most.
const SLOWEST_SYNC: Duration = Duration::from_millis(200);

/// The files that hold what customers wrote must be for their owner only. Key files and passwords were read before, and
/// refused if others can read them.
pub(super) fn files(config: &Config) -> Option<Found> {
    let database = &config.database;
    let mode = database.metadata().ok()?.mode();
    Some(if mode & private::BY_OTHERS == 0 {
        Found::good("permissions", "other users of this machine cannot read the database")
    } else {
        let detail = format!("other users of this machine can read {}", database.display());
        Found::bad("permissions", detail, format!("run `chmod o-rwx {}`", database.display()))
    })
}

pub(super) fn space(database: &Path) -> Found {
    let folder = private::folder(database);
    match statvfs(folder) {
        Ok(disk) => {
            let free = disk.f_bavail.saturating_mul(disk.f_frsize);
            let detail = format!("{} MB are free in {}", free / 1_000_000, folder.display());
            if free < LEAST_FREE {
                let hint = format!("make room for at least {} MB", LEAST_FREE / 1_000_000);
                Found::bad("disk", detail, hint)
            } else {
                Found::good("disk", detail)
            }
        }
        Err(error) => Found::bad("disk", format!("{}: {error}", folder.display()), "make the folder of the database"),
    }
}

/// Measures as a commit does it: some bytes at the end of a file, then a sync.
pub(super) fn sync(database: &Path) -> Found {
    let folder = private::folder(database);
    match median_sync(folder) {
        Ok(took) if took > SLOWEST_SYNC => {
            let hint = "every answer waits for one: put the database on a faster disk, one of this machine";
            Found::bad("sync", format!("a sync takes {} ms", took.as_millis()), hint)
        }
        Ok(took) => Found::good("sync", format!("a sync takes {:.1} ms", took.as_secs_f64() * 1000.0)),
        Err(error) => {
            let hint = "run this as the user of the service, who must be able to write there";
            Found::bad("sync", format!("cannot write to {}: {error}", folder.display()), hint)
        }
    }
}

fn median_sync(folder: &Path) -> io::Result<Duration> {
    // Without a name, nothing of it stays.
    let mut file: File = tempfile_in(folder)?;
    let mut took = Vec::new();
    for _ in 0..SYNCS {
        file.write_all(&[0; 4096])?;
        let start = Instant::now();
        file.sync_all()?;
        took.push(start.elapsed());
    }
    took.sort();
    Ok(took[SYNCS / 2])
}

/// Whether a folder of mails can be made or is there.
pub(super) fn can_write(folder: &Path) -> io::Result<()> {
    let there = if folder.exists() { folder } else { private::folder(folder) };
    if fs::metadata(there)?.is_dir() { tempfile_in(there).map(drop) } else { Err(io::Error::other("is no folder")) }
}
