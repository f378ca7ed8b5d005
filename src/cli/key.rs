//! `afterword key`: creates, lists and revokes keys of the HTTP API, also while the service runs, and replaces the keys
//! that sign links.
//!
//! It owns the options and how keys are printed. It must not know how they are stored or checked.

use super::{CliError, beside, close_after, complain, load_without_secrets};
use crate::clock::Clock;
use crate::config::Config;
use crate::gateway::{self, Gateway};
use crate::survey::access::{Scope, Within};
use crate::survey::report::day_start;
use crate::survey::{Time, parse_duration};
use chrono::{NaiveDate, TimeDelta};
use chrono_tz::Tz;
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
    /// What the key may do: trigger (helpdesks), read (reports) or admin (everything)
    #[arg(long)]
    scope: Scope,
    /// A name that tells keys apart
    #[arg(long)]
    name: String,
    /// When it ends by itself: after a time such as 90d, or after a day such as 2027-01-31; by default never
    #[arg(long, value_name = "WHEN")]
    expires: Option<Expiry>,
    /// Limit a read key to this teammate's ratings
    #[arg(long, value_name = "ID")]
    teammate: Option<String>,
    /// Limit a read key to this team's ratings
    #[arg(long, value_name = "NAME")]
    team: Option<String>,
}

/// When a key ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expiry {
    /// This long from now.
    After(TimeDelta),
    /// With this local day.
    Day(NaiveDate),
}

impl std::str::FromStr for Expiry {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let day = || text.parse().ok().map(Self::Day);
        parse_duration(text)
            .map(Self::After)
            .or_else(day)
            .ok_or("expected a time such as 90d, or a day such as 2027-01-31")
    }
}

impl Expiry {
    /// The moment from which the key opens nothing.
    fn at(self, now: Time, zone: Tz) -> Option<Time> {
        match self {
            Self::After(time) => now.checked_add_signed(time),
            Self::Day(day) => day_start(day.succ_opt()?, zone),
        }
    }
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
    let from = config.file.as_ref().map(|file| file.display().to_string());
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
    let beyond = || CliError::Usage("--expires: is beyond the calendar".into());
    let expires_at = match new.expires {
        Some(expiry) => Some(expiry.at(gateway.clock.now(), gateway.config.report.timezone).ok_or_else(beyond)?),
        None => None,
    };
    let made = gateway.new_key_until(expires_at, &new.name, new.scope, within).await?;
    let (id, name, scope) = (made.id, new.name, new.scope);
    super::print(&format!("Key {id} ({name}, scope {scope}). It is not shown again:\n{}\n", made.key))
}

async fn list(gateway: &Gateway) -> Result<(), CliError> {
    let [made, used, expires, revoked] = ["MADE", "USED", "EXPIRES", "REVOKED"];
    let mut text = format!("{:<14}{:<9}{made:<12}{used:<12}{expires:<12}{revoked:<12}NAME\n", "ID", "SCOPE");
    for key in gateway.api_keys().await? {
        let day = |time: Time| time.format("%Y-%m-%d").to_string();
        let dates = [Some(key.made_at), key.used_at, key.expires_at, key.revoked_at];
        let [made, used, expires, revoked] = dates.map(|time| time.map_or("-".to_owned(), day));
        let limits = [
            key.within.teammate.map(|id| format!(" (teammate {id})")),
            key.within.team.map(|team| format!(" (team {team})")),
        ];
        let limits: String = limits.into_iter().flatten().collect();
        writeln!(
            text,
            "{:<14}{:<9}{made:<12}{used:<12}{expires:<12}{revoked:<12}{}{limits}",
            key.id, key.scope, key.name
        )
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_ends_after_a_time_or_with_a_local_day() {
        let time = |text: &str| text.parse::<Time>().expect("a time");
        let now = time("2026-11-26T12:00:00Z");
        for (text, end) in
            [("90d", "2027-02-24T12:00:00Z"), ("1h", "2026-11-26T13:00:00Z"), ("2026-11-26", "2026-11-26T23:00:00Z")]
        {
            let expiry: Expiry = text.parse().expect(text);
            assert_eq!(expiry.at(now, Tz::Europe__Berlin), Some(time(end)), "{text}");
        }
        for text in ["", "90", "tomorrow", "2026-13-01", "90d "] {
            assert!(text.parse::<Expiry>().is_err(), "{text}");
        }
    }
}
