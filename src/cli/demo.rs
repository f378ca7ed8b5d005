//! `afterword demo`: the whole product on built-in defaults, with made-up history and an inbox of its own.
//!
//! It owns the folder, the settings and what is printed. What it serves is the service that `serve` serves: only the way
//! of the mails differs. What the history is made of is in `plan` and `shop`, how it comes about in `history`.

mod history;
mod plan;
mod shop;

use super::{Ended, serve};
use crate::clock::Clock;
use crate::config::{Config, Mailbox};
use crate::gateway::{Gateway, ReportQuery};
use crate::mail::transport::{Memory, Transport};
use crate::store::{Scope, Within};
use clap::Args;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use tokio::net::TcpListener;

/// How many days the history covers.
const DAYS: u64 = 90;
/// The database's name. Not the one that a real service would use: a folder may hold both.
const DATABASE: &str = "demo.db";
/// The keys' name: what `afterword report` looks for beside a database.
const KEYS: &str = "afterword.keys";

#[derive(Debug, Args)]
pub(super) struct Demo {
    /// A folder to keep it in; without one it is gone when the demo ends
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// The port to listen on, at 127.0.0.1
    #[arg(long, default_value_t = 8080)]
    port: u16,
}

pub(super) async fn run(demo: Demo) -> Result<(), Ended> {
    let listener = listen(demo.port).await?;
    let folder = Folder::make(demo.dir)?;
    let config = settings(&folder.path, listener.local_addr()?);
    let inbox = Memory::default();
    tokio::select! {
        made = remember(&config, &inbox) => made?,
        _ = tokio::signal::ctrl_c() => return folder.forget(),
    }
    let gateway = Gateway::open(config, Clock::System, Some(Transport::Memory(inbox.clone()))).await?;
    let key = gateway.new_key("demo", Scope::Admin, Within::default()).await?.key;
    print!("{}", welcome(&folder, &gateway.config.public_url, &key));
    serve::serve(gateway, listener, Some(inbox)).await
}

async fn listen(port: u16) -> Result<TcpListener, Ended> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let refuse =
        |error| Ended::Failed(format!("cannot listen on {address}: {error}; name another port with --port PORT"));
    TcpListener::bind(address).await.map_err(refuse)
}

fn settings(folder: &Path, address: SocketAddr) -> Config {
    let mut config = Config {
        listen: address,
        public_url: format!("http://{address}"),
        database: folder.join(DATABASE),
        link_keys_file: folder.join(KEYS),
        ..Config::default()
    };
    config.brand.name = "Lumen Lamps".into();
    config.brand.color = "#b3540c".into();
    config.mail.from = Mailbox { name: Some("Lumen Lamps".into()), address: "support@lumen-lamps.example".into() };
    config
}

/// Makes the history, unless an earlier demo in this folder did.
async fn remember(config: &Config, inbox: &Memory) -> Result<(), Ended> {
    let now = Clock::System.now();
    let transport = Some(Transport::Memory(inbox.clone()));
    let gateway = Gateway::open(config.clone(), Clock::at(now), transport).await?;
    let lock = gateway.serve().await?;
    let ever = ReportQuery { from: Some("2020-01-01".into()), ..ReportQuery::default() };
    if gateway.report(&ever, &Within::default()).await?.total.asked == 0 {
        eprintln!("Making up three months of history:");
        history::make(&gateway, inbox, DAYS, now, |month| eprintln!("  {month}")).await?;
    }
    gateway.close_down().await;
    drop(lock);
    Ok(())
}

/// Where the demo lives.
struct Folder {
    path: PathBuf,
    /// Removes the folder at the end, unless somebody named it.
    temporary: Option<TempDir>,
}

impl Folder {
    fn make(named: Option<PathBuf>) -> Result<Self, Ended> {
        if let Some(path) = named {
            let failed = |error| Ended::Failed(format!("the folder {} cannot be made: {error}", path.display()));
            std::fs::create_dir_all(&path).map_err(failed)?;
            return Ok(Self { path: std::path::absolute(path)?, temporary: None });
        }
        let temporary = tempfile::Builder::new().prefix("afterword-demo-").tempdir()?;
        Ok(Self { path: temporary.path().to_owned(), temporary: Some(temporary) })
    }

    /// Takes back half a history: the next start would take it for a whole one.
    fn forget(&self) -> Result<(), Ended> {
        for file in [DATABASE.to_owned(), format!("{DATABASE}-wal"), format!("{DATABASE}-shm")] {
            match std::fs::remove_file(self.path.join(file)) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
                _ => {}
            }
        }
        Ok(())
    }
}

fn welcome(folder: &Folder, url: &str, key: &str) -> String {
    let database = folder.path.join(DATABASE);
    let kept = if folder.temporary.is_some() { "removed when the demo ends" } else { "kept" };
    let program = std::env::current_exe().unwrap_or_else(|_| "afterword".into());
    let here = std::env::current_dir().unwrap_or_default();
    let program = program.strip_prefix(here).unwrap_or(&program);
    format!(
        r#"
Lumen Lamps, a made-up shop with three months of history, is open.

  Inbox     {url}/inbox
  API key   {key}  (admin)
  Database  {}  ({kept})

Close a conversation, and a new mail appears in the inbox:

curl -H 'Authorization: Bearer {key}' -d '{{"conversation_id":"demo-'$(date +%s)$RANDOM'","closed_at":"'$(date -u +%Y-%m-%dT%H:%M:%SZ)'","subject":"My lamp flickers","customers":[{{"email":"ada@example.com","name":"Ada"}}],"teammate":{{"id":"t1","name":"Grace Okafor"}}}}' {url}/v1/closings

Look at the last 30 days, over HTTP or beside the running service:

curl -H 'Authorization: Bearer {key}' '{url}/v1/report?by=team'

AFTERWORD_DATABASE={} {} report

Ctrl-C ends it.
"#,
        database.display(),
        quoted(&database),
        quoted(program),
    )
}

/// A path as a word of a shell.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_alphanumeric() || "/._-+".contains(c);
    if text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_survive_a_shell() {
        assert_eq!(quoted(Path::new("/tmp/demo-1/demo.db")), "/tmp/demo-1/demo.db");
        assert_eq!(quoted(Path::new("/home/o'neill/a b")), r"'/home/o'\''neill/a b'");
    }
}
