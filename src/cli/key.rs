//! `afterword key`: keys of the HTTP API, also while the service runs.

use super::Ended;
use crate::gateway::Gateway;
use crate::store::{Scope, Within};
use clap::{Args, Subcommand};
use std::fmt::Write;

#[derive(Debug, Subcommand)]
pub(super) enum Key {
    /// Make a key and print it once, on the last line
    New(New),
    /// List all keys
    List,
    /// Revoke a key for good
    Revoke {
        /// The id that `key list` shows
        id: String,
    },
}

#[derive(Debug, Args)]
pub(super) struct New {
    /// What it is good for: trigger (helpdesks), read (reports) or admin (both, and suppressions)
    #[arg(long)]
    scope: Scope,
    /// What to call it
    #[arg(long)]
    name: String,
    /// Let a read key see this teammate's ratings only
    #[arg(long, value_name = "ID")]
    teammate: Option<String>,
    /// Let a read key see this team's ratings only
    #[arg(long, value_name = "NAME")]
    team: Option<String>,
}

pub(super) async fn run(key: Key, gateway: &Gateway) -> Result<(), Ended> {
    match key {
        Key::New(new) => make(new, gateway).await,
        Key::List => list(gateway).await,
        Key::Revoke { id } => revoke(&id, gateway).await,
    }
}

async fn make(new: New, gateway: &Gateway) -> Result<(), Ended> {
    let within = Within { teammate: new.teammate, team: new.team };
    if within != Within::default() && new.scope != Scope::Read {
        return Err(Ended::Usage("--teammate and --team limit what is read: expected --scope read".into()));
    }
    let made = gateway.new_key(&new.name, new.scope, within).await?;
    let (id, name, scope) = (made.id, new.name, new.scope.word());
    super::print(&format!("Key {id} ({name}, scope {scope}). It is shown this once:\n{}\n", made.key))
}

async fn list(gateway: &Gateway) -> Result<(), Ended> {
    let mut text = format!("{:<14}{:<9}{:<12}{:<12}{}\n", "ID", "SCOPE", "MADE", "REVOKED", "NAME");
    for key in gateway.keys().await? {
        let day = |time: crate::survey::Time| time.format("%Y-%m-%d").to_string();
        let revoked = key.revoked_at.map_or("-".to_owned(), day);
        let limits =
            [key.teammate.map(|id| format!(" (teammate {id})")), key.team.map(|team| format!(" (team {team})"))];
        let limits: String = limits.into_iter().flatten().collect();
        let (scope, made) = (key.scope.word(), day(key.made_at));
        writeln!(text, "{:<14}{scope:<9}{made:<12}{revoked:<12}{}{limits}", key.id, key.name)
            .map_err(|error| Ended::Failed(error.to_string()))?;
    }
    super::print(&text)
}

async fn revoke(id: &str, gateway: &Gateway) -> Result<(), Ended> {
    if gateway.revoke_key(id).await? {
        return super::print(&format!("Key {id} is revoked.\n"));
    }
    Err(Ended::Failed(format!("there is no key {id} to revoke: see `afterword key list`")))
}
