//! `afterword demo`: runs the whole product with default settings, made-up history and a built-in inbox.
//!
//! It owns the folder, the settings and what is printed. It must not know how the service works: it runs the same one
//! as `serve`, but its mails go to the inbox, and its clock can be moved. `plan`, `shop` and `team` make up the history,
//! and `history` replays it. `routes` and `page` show it all on one page; `acts` is what its buttons do.

mod acts;
mod guests;
mod history;
mod inbox;
mod page;
mod plan;
mod routes;
mod shop;
mod team;
#[cfg(test)]
mod tests;

use super::{CliError, complain, print, serve};
use crate::clock::Clock;
use crate::config::{AdminSettings, AdminUser, Config, Mailbox, TargetSettings};
use crate::gateway::Gateway;
use crate::mail::transport::{Memory, Transport};
use crate::survey::Time;
use crate::survey::access::{Scope, Within};
use crate::survey::report::cut::FIRST_DAY;
use crate::survey::report::{Bound, ReportQuery};
use clap::Args;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use tokio::net::TcpListener;

/// How many days the history covers.
const DAYS: u64 = 90;
/// The database's file name. A real service uses another one, so a folder can hold both.
const DATABASE: &str = "demo.db";
/// The name of the demo's own key.
const KEY: &str = "demo";
/// The header by which the demo vouches for its guest on the admin pages, as a proxy in front of a service would.
const GUEST_HEADER: &str = "x-demo-guest";
/// What it calls the guest.
const GUEST: &str = "you";
/// The key file's name. `afterword report` expects it beside the database.
const KEYS: &str = "afterword.keys";

#[derive(Debug, Args)]
pub(super) struct Demo {
    /// The folder to keep the demo in; by default a temporary one, which is removed when the demo ends
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// The port to listen on, on 127.0.0.1
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Open the page in a browser
    #[arg(long)]
    open: bool,
}

pub(super) async fn run(demo: Demo) -> Result<(), CliError> {
    let listener = listen(demo.port).await?;
    let folder = Folder::create(demo.dir)?;
    let config = settings(&folder.path, listener.local_addr()?);
    let inbox = Memory::default();
    tokio::select! {
        made = make_history(&config, &inbox) => made?,
        _ = tokio::signal::ctrl_c() => return folder.remove_database(),
    }
    let transport = Some(Transport::Memory(inbox.clone()));
    let (gateway, lock) = Gateway::serve(config, Clock::movable(), transport).await?;
    let key = new_key(&gateway).await?;
    // So that the first thing a visitor sees is a mail that nobody has rated.
    acts::close(&gateway, &guests::GUESTS[0]).await?;
    let url = gateway.config.public_url.as_str().to_owned();
    print(&welcome(&folder, &url))?;
    if demo.open
        && let Err(error) = open::that_detached(&url)
    {
        complain(&format!("afterword: no browser could be opened: {error}\n"));
    }
    serve::serve(gateway, lock, listener, |gateway, service| routes::routes(gateway, service, inbox, key)).await
}

/// Makes the key that the page shows, and revokes those of earlier demos in this folder: nobody sees them any more.
async fn new_key(gateway: &Gateway) -> Result<String, CliError> {
    for key in gateway.api_keys().await?.iter().filter(|key| key.name == KEY && key.revoked_at.is_none()) {
        gateway.revoke_key(&key.id).await?;
    }
    Ok(gateway.new_key(KEY, Scope::Admin, Within::default()).await?.key)
}

async fn listen(port: u16) -> Result<TcpListener, CliError> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let refuse =
        |error| CliError::Failed(format!("cannot listen on {address}: {error}; name another port with --port PORT"));
    TcpListener::bind(address).await.map_err(refuse)
}

fn settings(folder: &Path, address: SocketAddr) -> Config {
    let mut config = Config {
        listen: address,
        public_url: format!("http://{address}").parse().expect("a loopback address makes a valid URL"),
        database: folder.join(DATABASE),
        link_keys_file: folder.join(KEYS),
        ..Config::default()
    };
    config.brand.name = "Lumen Lamps".into();
    config.brand.color = "#b3540c".into();
    config.mail.from = Mailbox { name: Some("Lumen Lamps".into()), address: "support@lumen-lamps.example".into() };
    config.reasons = guests::reasons();
    let target = |csat, team: Option<&str>| TargetSettings {
        csat,
        from: FIRST_DAY,
        team: team.map(str::to_owned),
        teammate: None,
    };
    config.report.targets = vec![target(80, None), target(85, Some(shop::ORDERS))];
    let guest = AdminUser { scope: Scope::Admin, teammate: None, team: None };
    config.admin = AdminSettings {
        user_header: Some(GUEST_HEADER.into()),
        proxies: vec![address.ip()],
        users: [(GUEST.to_owned(), guest)].into(),
    };
    config
}

/// Makes the history, unless an earlier demo in this folder made it.
async fn make_history(config: &Config, inbox: &Memory) -> Result<(), CliError> {
    let now = Clock::System.now();
    let transport = Some(Transport::Memory(inbox.clone()));
    let (gateway, lock) = Gateway::serve(config.clone(), Clock::at(now), transport).await?;
    let all_time = ReportQuery { from: Some(Bound::Instant(Time::UNIX_EPOCH)), ..ReportQuery::default() };
    if gateway.report(&all_time, &Within::default()).await?.total.asked == 0 {
        complain("Making up three months of history:\n");
        history::replay(&gateway, inbox, DAYS, now, |month| complain(&format!("  {month}\n"))).await?;
    }
    gateway.shut_down().await;
    drop(lock);
    Ok(())
}

/// The folder that holds the demo's files.
struct Folder {
    path: PathBuf,
    /// Removes the folder when dropped. `None` if the user named the folder.
    temporary: Option<TempDir>,
}

impl Folder {
    fn create(named: Option<PathBuf>) -> Result<Self, CliError> {
        if let Some(path) = named {
            let failed = |error| CliError::Failed(format!("cannot create the folder {}: {error}", path.display()));
            std::fs::create_dir_all(&path).map_err(failed)?;
            return Ok(Self { path: std::path::absolute(path)?, temporary: None });
        }
        let temporary = tempfile::Builder::new().prefix("afterword-demo-").tempdir()?;
        Ok(Self { path: temporary.path().to_owned(), temporary: Some(temporary) })
    }

    /// Removes an unfinished history, which the next start would take for a finished one.
    fn remove_database(&self) -> Result<(), CliError> {
        for file in [DATABASE.to_owned(), format!("{DATABASE}-wal"), format!("{DATABASE}-shm")] {
            match std::fs::remove_file(self.path.join(file)) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
                _ => {}
            }
        }
        Ok(())
    }
}

fn welcome(folder: &Folder, url: &str) -> String {
    let database = folder.path.join(DATABASE);
    let kept = if folder.temporary.is_some() { "removed when the demo ends" } else { "kept" };
    format!(
        "
Lumen Lamps, a made-up shop with three months of history, is open. Watch it in a browser:

  {url}

Its database is {} ({kept}). Press Ctrl-C to end the demo.
",
        database.display(),
    )
}

/// The command that prints the report of the demo, for a shell.
fn report_command(database: &Path) -> String {
    let program = std::env::current_exe().unwrap_or_else(|_| "afterword".into());
    let here = std::env::current_dir().unwrap_or_default();
    let program = program.strip_prefix(here).unwrap_or(&program);
    format!("AFTERWORD_DATABASE={} {} report", quoted(database), quoted(program))
}

/// Quotes a path for a shell, if it needs quotes.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_alphanumeric() || "/._-+".contains(c);
    if text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}
