//! The key file: a new key that signs links, and the way on when the file is lost.
//!
//! It owns what happens to the database then. It must not know how the file is spelled, nor SQL.

use super::{Gateway, StartError, settings};
use crate::clock::Clock;
use crate::config::Config;
use crate::secrets::Secrets;
use crate::store::{self, OpenError, Store};
use std::path::Path;

pub use crate::store::Rekeyed;

impl Gateway {
    /// Makes the database, and the key file if there is none. It does not serve: that is for [`serve`](Self::serve).
    ///
    /// # Errors
    /// As those of [`open_or_make`](Self::open_or_make). A database that is there is opened only if the key file is its own.
    pub async fn make(config: Config, clock: Clock) -> Result<Self, StartError> {
        let secrets = Secrets::load_or_make(&config.link_keys_file)?;
        let store = Store::open_or_make(&config.database, &settings(&config, &secrets)).await?;
        Ok(Self::beside(config, clock, store, secrets))
    }
}

/// Makes a link key that signs from the next start of the service, while the old ones still verify. Returns how many link
/// keys there are now.
///
/// # Errors
/// A key file that cannot be used or replaced.
pub fn rotate_links(config: &Config, clock: &Clock) -> Result<usize, StartError> {
    let day = clock.now().with_timezone(&config.report.timezone).date_naive().to_string();
    Ok(Secrets::rotate_links(&config.link_keys_file, &day)?)
}

/// Lets a database live on whose key file is lost: makes a new key file if there is none, and hashes anew every address
/// that the database still holds readable. Suppressions of other addresses no longer match, and links in mails that were
/// sent no longer work. `None` if the key file is that of the database, and nothing changes.
///
/// # Errors
/// The database is missing, is served, or has another schema; or the key file cannot be made or used.
pub async fn replace_lost_keys(config: &Config) -> Result<Option<Rekeyed>, StartError> {
    let database = &config.database;
    if !has_content(database) {
        return Err(OpenError::Missing(database.display().to_string()).into());
    }
    // Before a key file is made: the running service still has the keys.
    let _lock = store::lock(database).await?;
    let secrets = Secrets::load_or_make(&config.link_keys_file)?;
    let hash = |address: &str| secrets.addresses.hash(address);
    Ok(Store::rekey(database, &settings(config, &secrets), hash).await?)
}

/// The secrets for a database that may have to be made. The key file is made together with the database, never for one
/// that is there: links and hashes of the other key would be lost without a word. And no database is made for a key file
/// that is there: suppressions would be forgotten without a word.
pub(super) fn make_secrets(config: &Config) -> Result<Secrets, StartError> {
    let (database, file) = (&config.database, &config.link_keys_file);
    if has_content(database) {
        return Ok(Secrets::load(file)?);
    }
    if file.exists() {
        return Err(OpenError::Lost(database.display().to_string(), file.display().to_string()).into());
    }
    Ok(Secrets::load_or_make(file)?)
}

/// Whether anything was ever written to the database.
fn has_content(database: &Path) -> bool {
    database.metadata().is_ok_and(|file| file.len() > 0)
}
