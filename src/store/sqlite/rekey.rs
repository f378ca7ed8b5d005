//! Hashes addresses anew when the key that hashed them is lost.
//!
//! It must not know how an address is hashed.

use super::super::{OpenError, Rekeyed, Settings};
use super::{plain, schema};
use sqlx::{Connection, SqliteConnection, query, query_as, query_scalar};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

pub(in crate::store) async fn rekey(
    path: &Path,
    settings: &Settings,
    hash: impl Fn(&str) -> String,
) -> Result<Option<Rekeyed>, OpenError> {
    let failed = |error: sqlx::Error| OpenError::Open(path.display().to_string(), plain(&error));
    let mut db = schema::open_with_any_key(path).await?;
    let rekeyed = all_addresses(&mut db, &settings.address_key, hash).await.map_err(failed)?;
    db.close().await.map_err(failed)?;
    Ok(rekeyed)
}

async fn all_addresses(
    db: &mut SqliteConnection,
    key: &str,
    hash: impl Fn(&str) -> String,
) -> Result<Option<Rekeyed>, sqlx::Error> {
    let mut db = db.begin_with("BEGIN IMMEDIATE").await?;
    if schema::setting(&mut db, "address_key").await?.as_deref() == Some(key) {
        return Ok(None);
    }
    let suppressed = "SELECT count(DISTINCT address_hash) FROM suppression";
    let all: i64 = query_scalar(suppressed).fetch_one(&mut *db).await?;
    let all = u64::try_from(all).unwrap_or_default();
    // Customers who unsubscribed are in the list by their hash alone, but their surveys hold the address.
    let known: Vec<(String, String)> = query_as(
        "SELECT address_hash, address FROM survey WHERE address IS NOT NULL
        UNION SELECT address_hash, address FROM suppression WHERE address IS NOT NULL",
    )
    .fetch_all(&mut *db)
    .await?;
    let hashes: BTreeMap<String, String> = known.into_iter().map(|(old, address)| (old, hash(&address))).collect();
    let (mut kept, mut matched) = (BTreeSet::new(), 0);
    for (old, new) in &hashes {
        for change in [
            "UPDATE survey SET address_hash = $2 WHERE address_hash = $1",
            "UPDATE closing SET address_hash = $2 WHERE address_hash = $1",
        ] {
            query(change).bind(old).bind(new).execute(&mut *db).await?;
        }
        // Earlier versions had another hash for an address with a domain that is not ASCII. Both become one, and the first
        // time of a cause stands.
        let moved = query("UPDATE OR IGNORE suppression SET address_hash = $2 WHERE address_hash = $1");
        let moved = moved.bind(old).bind(new).execute(&mut *db).await?.rows_affected();
        let left = query("DELETE FROM suppression WHERE address_hash = $1").bind(old).execute(&mut *db).await?;
        if moved + left.rows_affected() > 0 {
            kept.insert(new);
            matched += 1;
        }
    }
    query("UPDATE setting SET value = $1 WHERE name = 'address_key'").bind(key).execute(&mut *db).await?;
    db.commit().await?;
    let kept = u64::try_from(kept.len()).unwrap_or(u64::MAX);
    Ok(Some(Rekeyed { kept, forgotten: all.saturating_sub(matched) }))
}
