//! The command line: what each command is called, and what its end means to a script.
//!
//! It owns arguments, exit codes and logging. It must not name a database or a mail library.

mod bounce;
mod demo;
mod key;
mod preview;
mod report;
mod send_test;
mod serve;
mod suppression;

use crate::clock::Clock;
use crate::config::{Config, ConfigError};
use crate::gateway::{Error, Gateway, StartError};
use clap::{Parser, Subcommand};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

/// Exit code of what failed.
const FAILED: u8 = 1;
/// Exit code of what may succeed later: `EX_TEMPFAIL` of sysexits.h, which mail servers understand.
const LATER: u8 = 75;
/// Exit code of wrong usage or configuration; clap's own too.
const WRONG_USAGE: u8 = 2;

/// Asks customers by email how a finished support conversation was.
#[derive(Debug, Parser)]
#[command(name = "afterword", version, propagate_version = true)]
pub struct Arguments {
    /// The configuration file; without it ./afterword.toml, else built-in defaults
    #[arg(long, global = true, value_name = "FILE", env = "AFTERWORD_CONFIG")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Try it: made-up history, a built-in inbox, no configuration and no mail server
    Demo(demo::Demo),
    /// Serve helpdesks, customers and teams, and send mail
    Serve,
    /// Make, list and revoke keys of the HTTP API
    #[command(subcommand)]
    Key(key::Key),
    /// Print CSAT by teammate, team or day
    Report(report::Wanted),
    /// Write the mail as customers would get it, and a page that shows it in light, dark and narrow
    Preview(preview::Wanted),
    /// Send a marked mail that never counts, and tell what became of it
    SendTest(send_test::Test),
    /// Take a bounce or a complaint from standard input, as a mail server pipes it
    Bounce,
    /// List, add and lift who is not asked any more
    #[command(subcommand)]
    Suppression(suppression::Suppression),
}

/// Why a command ended early.
#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("{0}")]
    Failed(String),
    #[error("{0}")]
    Usage(String),
    #[error("{0}")]
    Later(String),
}

impl From<Error> for Ended {
    fn from(error: Error) -> Self {
        match error {
            Error::Invalid(faults) => {
                let lines = faults.iter().map(|fault| format!("--{}: {}", fault.pointer, fault.detail));
                Self::Usage(lines.collect::<Vec<_>>().join("\n"))
            }
            other => Self::Failed(other.to_string()),
        }
    }
}

impl From<std::io::Error> for Ended {
    fn from(error: std::io::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

/// Runs a command to its end.
#[must_use]
pub fn run(arguments: Arguments) -> ExitCode {
    // The demo prints what to do next: its log must not drown that.
    log(if matches!(arguments.command, Command::Demo(_)) { "warn" } else { "info" });
    let done = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(command(arguments)),
        Err(error) => Err(error.into()),
    };
    let Err(ended) = done else { return ExitCode::SUCCESS };
    eprintln!("afterword: {ended}");
    ExitCode::from(match ended {
        Ended::Config(_) | Ended::Usage(_) | Ended::Start(StartError::Dkim(_)) => WRONG_USAGE,
        Ended::Start(_) | Ended::Failed(_) => FAILED,
        Ended::Later(_) => LATER,
    })
}

async fn command(arguments: Arguments) -> Result<(), Ended> {
    let config = arguments.config.as_deref();
    match arguments.command {
        Command::Demo(demo) => demo::run(demo).await,
        Command::Serve => serve::run(load(config)?).await,
        Command::Key(key @ key::Key::New(_)) => key::run(key, &open(load(config)?).await?).await,
        Command::Key(key) => key::run(key, &open_made(config).await?).await,
        Command::Report(wanted) => report::run(wanted, &open_made(config).await?).await,
        Command::Suppression(suppression) => suppression::run(suppression, &open_made(config).await?).await,
        Command::Bounce => bounce::run(config).await,
        Command::Preview(wanted) => preview::run(&wanted, &load(config)?),
        Command::SendTest(test) => send_test::run(&test, &load(config)?).await,
    }
}

/// Opens a database that is there: an empty answer of one that was made just now would hide a forgotten --config.
async fn open_made(file: Option<&Path>) -> Result<Gateway, Ended> {
    let config = load(file)?;
    if !config.database.exists() {
        let database = config.database.display();
        return Err(Ended::Failed(format!(
            "there is no database {database}: run it where `serve` runs, or name --config"
        )));
    }
    open(config).await
}

/// Prints to standard output; a reader that has seen enough ends nothing.
fn print(text: &str) -> Result<(), Ended> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

fn load(file: Option<&Path>) -> Result<Config, Ended> {
    // A variable that is not UTF-8 is none of ours.
    let variables =
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    Ok(Config::load(file, variables)?)
}

async fn open(config: Config) -> Result<Gateway, Ended> {
    Ok(Gateway::open(config, Clock::System, None).await?)
}

/// Logs to standard error, as much as `AFTERWORD_LOG` says, if it is set, also per module as in `afterword=debug`.
/// As JSON where nobody watches.
fn log(unless_set: &str) {
    let filter = EnvFilter::try_from_env("AFTERWORD_LOG").unwrap_or_else(|_| EnvFilter::new(unless_set));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if std::io::IsTerminal::is_terminal(&std::io::stderr()) {
        log.without_time().with_target(false).init();
    } else {
        log.json().init();
    }
}
