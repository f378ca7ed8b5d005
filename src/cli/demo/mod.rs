//! `afterword demo`: runs the whole product with default settings, made-up history and a built-in inbox.
//!
//! It owns the folder, the settings and what is printed. It must not know how the service works: it runs the same one
//! as `serve`, but its mails go to the inbox. `plan` and `shop` make up the history, and `history` replays it.

mod history;
mod inbox;
mod plan;
mod shop;

use super::{CliError, complain, print, serve};
use crate::clock::Clock;
use crate::config::{Config, Mailbox, PublicUrl};
use crate::gateway::Gateway;
use crate::mail::transport::{Memory, Transport};
use crate::survey::Time;
use crate::survey::access::{Scope, Within};
use crate::survey::report::{Bound, ReportQuery};
use crate::web;
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Redirect, Response};
use clap::Args;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;
use tokio::net::TcpListener;

/// How many days the history covers.
const DAYS: u64 = 90;
/// The database's file name. A real service uses another one, so a folder can hold both.
const DATABASE: &str = "demo.db";
/// The name of the demo's own key.
const KEY: &str = "demo";
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
    let (gateway, lock) = Gateway::serve(config, Clock::System, transport).await?;
    let key = new_key(&gateway).await?;
    print(&welcome(&folder, gateway.config.public_url.as_str(), &key))?;
    let routes = inbox::routes(gateway.config.brand.name.clone(), inbox);
    serve::serve(gateway, lock, listener, |gateway, own| {
        own.merge(web::in_frame(routes, Arc::clone(gateway))).layer(from_fn(front))
    })
    .await
}

/// Redirects `/` to the inbox, and refuses requests to a host other than this machine. Another site could let its name
/// point to this machine ("DNS rebinding"). Its script could then read the inbox, which takes no key.
async fn front(request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let is_ours = format!("http://{host}").parse().is_ok_and(|url: PublicUrl| url.is_loopback());
    match request.uri().path() {
        _ if !is_ours => (StatusCode::MISDIRECTED_REQUEST, "the demo is for this machine only\n").into_response(),
        "/" => Redirect::temporary("/inbox").into_response(),
        _ => next.run(request).await,
    }
}

/// Makes the key that is printed, and revokes those of earlier demos in this folder: nobody sees them any more.
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

Print the report of the last 30 days, over HTTP or from the command line:

curl -H 'Authorization: Bearer {key}' '{url}/v1/report?by=team'

AFTERWORD_DATABASE={} {} report

Press Ctrl-C to end the demo.
"#,
        database.display(),
        quoted(&database),
        quoted(program),
    )
}

/// Quotes a path for a shell, if it needs quotes.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_alphanumeric() || "/._-+".contains(c);
    if text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::body::Body;
    use axum::routing::get;
    use tower::ServiceExt;

    #[tokio::test]
    async fn the_demo_is_for_this_machine_and_begins_with_the_inbox() {
        let routes = Router::new().route("/inbox", get(|| async { "mails" })).layer(from_fn(front));
        for (host, path, status) in [
            ("127.0.0.1:8080", "/inbox", 200),
            ("localhost:8080", "/", 307),
            ("[::1]:8080", "/inbox", 200),
            ("rebound.example:8080", "/inbox", 421),
            ("127.0.0.1.rebound.example", "/", 421),
            ("localhost@rebound.example", "/inbox", 421),
            ("", "/inbox", 421),
        ] {
            let request = Request::get(path).header("host", host).body(Body::empty()).expect("a request");
            let answer = routes.clone().oneshot(request).await.expect("a router never fails");
            assert_eq!(answer.status(), status, "{host} {path}");
        }
    }

    #[test]
    fn paths_are_quoted_for_a_shell() {
        assert_eq!(quoted(Path::new("/tmp/demo-1/demo.db")), "/tmp/demo-1/demo.db");
        assert_eq!(quoted(Path::new("/home/o'neill/a b")), r"'/home/o'\''neill/a b'");
    }
}
