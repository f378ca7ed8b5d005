//! `afterword key`: creates, lists and revokes keys of the HTTP API, also while the service runs.
//!
//! It owns the options and how keys are printed. It must not know how they are stored or checked.

use super::CliError;
use crate::gateway::Gateway;
use crate::survey::Time;
use crate::survey::access::{Scope, Within};
use clap::{Args, Subcommand};
use std::fmt::Write;

#[derive(Debug, Subcommand)]
pub(super) enum Key {
    /// Create a key and print it once, on the last line
    New(New),
    /// List all keys
    List,
    /// Revoke a key permanently
    Revoke {
        /// The key's id, as `key list` shows it
        id: String,
    },
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

pub(super) async fn run(key: Key, gateway: &Gateway) -> Result<(), CliError> {
    match key {
        Key::New(new) => make(new, gateway).await,
        Key::List => list(gateway).await,
        Key::Revoke { id } => revoke(&id, gateway).await,
    }
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
