//! `afterword key`: creates, lists and revokes keys of the HTTP API, also while the service runs, and replaces the keys
//! that sign links.
//!
//! It owns the options and how keys are printed. It must not know how they are stored or checked.

use super::{CliError, beside, close_after, complain, load_without_secrets};
use crate::clock::Clock;
use crate::config::Config;
use crate::gateway::{self, Gateway};
use crate::survey::Time;
use crate::survey::access::{Scope, Within};
use clap::{Args, Subcommand};
use std::fmt::Write;
use std::path::Path;

#[derive(Debug, Subcommand)]
pub(super) enum Key {
    /// Create a key of the API and print it once, on the last line
    New(New),
    /// List all keys of the API
    List,
    /// Revoke a key of the API permanently
    Revoke {
        /// The key's id, as `key list` shows it
        id: String,
    },
    /// Make a new key that signs links from the next start of the service; the old ones still verify
    RotateLinks,
    /// Go on without a lost key file: make a new one, and keep what suppressions can be kept
    ReplaceLost,
}

#[derive(Debug, Args)]
pub(super) struct New {
    /// What the key may do: trigger (helpdesks), read (reports) or admin (both, and suppressions)
    #[arg(long)]
    scope: Scope,
    /// A name that tells keys apart
    #[arg(long)]
    name: String,
    /// Limit a read key to this teammate's ratings
    #[arg(long, value_name = "ID")]
    teammate: Option<String>,
    /// Limit a read key to this team's ratings
    #[arg(long, value_name = "NAME")]
    team: Option<String>,
}

pub(super) async fn run(key: Key, file: Option<&Path>) -> Result<(), CliError> {
    match key {
        Key::New(new) => {
            let gateway = open_or_make(file).await?;
            close_after(gateway, async |gateway| make(new, gateway).await).await
        }
        Key::List => beside(file, async |gateway| list(gateway).await).await,
        Key::Revoke { id } => beside(file, async |gateway| revoke(&id, gateway).await).await,
        Key::RotateLinks => rotate(&load_without_secrets(file)?),
        Key::ReplaceLost => replace_lost(&load_without_secrets(file)?).await,
    }
}

/// Opens the database, or makes it if a configuration says where. Without one, a folder that holds no database is most
/// likely the wrong one, and the service would refuse a key that is made there.
async fn open_or_make(file: Option<&Path>) -> Result<Gateway, CliError> {
    let config = load_without_secrets(file)?;
    let database = std::path::absolute(&config.database)?;
    let from = Config::file(file).map(|file| file.display().to_string());
    if from.is_none() && !database.exists() {
        return Err(CliError::Usage(format!(
            "there is no configuration here and no database {}: name the --config that `serve` runs with, or begin with \
            `afterword init`",
            database.display()
        )));
    }
    let from = from.unwrap_or_else(|| "built-in defaults".into());
    let gateway = Gateway::open_or_make(config, Clock::System).await?;
    complain(&format!("In the database {} (configuration: {from})\n", database.display()));
    Ok(gateway)
}

fn rotate(config: &Config) -> Result<(), CliError> {
    let keys = gateway::rotate_links(config, &Clock::System)?;
    super::print(&format!(
        "{} has a new link key above {} that still verify. Restart `afterword serve`, which then signs with it.\n\
        Copy the file to where your backups are. Drop an old line when its links no longer matter.\n",
        config.link_keys_file.display(),
        keys - 1
    ))
}

async fn replace_lost(config: &Config) -> Result<(), CliError> {
    let file = config.link_keys_file.display();
    let Some(suppressions) = gateway::replace_lost_keys(config).await? else {
        return super::print(&format!(
            "{file} is the key file of this database: nothing is lost, and nothing changed.\n"
        ));
    };
    super::print(&format!(
        "{file} is now the key file of this database. Links in mails that were sent no longer work.\n\
        {} suppressed addresses still match. {} do not, because their address is stored nowhere: they may be asked again.\n",
        suppressions.kept, suppressions.forgotten
    ))
}

async fn make(new: New, gateway: &Gateway) -> Result<(), CliError> {
    let within = Within { teammate: new.teammate, team: new.team };
    if within != Within::default() && new.scope != Scope::Read {
        return Err(CliError::Usage("--teammate and --team limit read keys: expected --scope read".into()));
    }
    let made = gateway.new_key(&new.name, new.scope, within).await?;
    let (id, name, scope) = (made.id, new.name, new.scope);
    super::print(&format!("Key {id} ({name}, scope {scope}). It is not shown again:\n{}\n", made.key))
}

async fn list(gateway: &Gateway) -> Result<(), CliError> {
    let mut text = format!("{:<14}{:<9}{:<12}{:<12}{}\n", "ID", "SCOPE", "MADE", "REVOKED", "NAME");
    for key in gateway.api_keys().await? {
        let day = |time: Time| time.format("%Y-%m-%d").to_string();
        let revoked = key.revoked_at.map_or("-".to_owned(), day);
        let limits = [
            key.within.teammate.map(|id| format!(" (teammate {id})")),
            key.within.team.map(|team| format!(" (team {team})")),
        ];
        let limits: String = limits.into_iter().flatten().collect();
        let (scope, made) = (key.scope, day(key.made_at));
        writeln!(text, "{:<14}{scope:<9}{made:<12}{revoked:<12}{}{limits}", key.id, key.name)
            .map_err(|error| CliError::Failed(error.to_string()))?;
    }
    super::print(&text)
}

async fn revoke(id: &str, gateway: &Gateway) -> Result<(), CliError> {
    if gateway.revoke_key(id).await? {
        return super::print(&format!("Key {id} is revoked.\n"));
    }
    Err(CliError::Failed(format!("there is no key {id} that could be revoked: see `afterword key list`")))
}
