//! A copy of the database while it is in use.
//!
//! It must not know where copies are kept, nor what a restored service does.

use super::super::OpenError;
use super::{Sqlite, plain, schema};
use sqlx::sqlite::SqliteJournalMode;
use sqlx::{ConnectOptions, Connection, query, query_scalar, raw_sql};
use std::path::Path;

impl Sqlite {
    /// Writes the copy into an empty file, marked as one whose service must not send by itself.
    pub(in crate::store) async fn copy_to(&self, copy: &Path) -> Result<(), OpenError> {
        let failed = |path: &Path, error: sqlx::Error| OpenError::Open(path.display().to_string(), plain(&error));
        let path = self.place().path();
        // A connection of its own: a long copy must not hold up a report. It reads one state, and writers go on.
        let mut db = schema::options(path).connect().await.map_err(|error| failed(path, error))?;
        let bind = copy.to_string_lossy().into_owned();
        let copied = query("VACUUM INTO $1").bind(bind).execute(&mut db).await;
        db.close().await.map_err(|error| failed(path, error))?;
        copied.map_err(|error| failed(copy, error))?;
        // One file: a copy has no WAL beside it.
        let options = schema::options(copy).journal_mode(SqliteJournalMode::Delete);
        let mut db = options.connect().await.map_err(|error| failed(copy, error))?;
        // The pause as the comment of its table says. And the service of the original is none of the copy.
        let marked = raw_sql(
            "INSERT INTO sending_pause (since, why) VALUES (unixepoch() * 1000, 'restored from a backup')
                ON CONFLICT (only_row) DO UPDATE SET since = excluded.since, why = excluded.why;
            DELETE FROM service;",
        )
        .execute(&mut db)
        .await;
        db.close().await.map_err(|error| failed(copy, error))?;
        marked.map_err(|error| failed(copy, error))?;
        Ok(())
    }

    /// About how many bytes a copy will have.
    pub(in crate::store) async fn size(&self) -> super::Result<u64> {
        let sql = "SELECT (page_count - freelist_count) * page_size
            FROM pragma_page_count, pragma_freelist_count, pragma_page_size";
        let size: i64 = query_scalar(sql).fetch_one(&self.lookups).await?;
        Ok(u64::try_from(size).unwrap_or_default())
    }
}
