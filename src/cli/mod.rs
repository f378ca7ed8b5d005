//! The command line: its commands, options and exit codes.
//!
//! It also owns output and logging. It must not name a database or a mail library.

mod bounce;
mod demo;
mod healthcheck;
mod key;
mod preview;
mod report;
mod send_test;
mod serve;
mod suppression;

use crate::clock::Clock;
use crate::config::{Config, ConfigError};
use crate::gateway::{Error, Gateway, StartError};
use crate::survey::fields::{Fault, Place};
use clap::{Parser, Subcommand};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

/// Exit code of a command that failed.
const FAILED: u8 = 1;
/// Exit code of a command that may succeed later: `EX_TEMPFAIL` of sysexits.h, which mail servers understand.
const LATER: u8 = 75;
/// Exit code of wrong usage or configuration; clap uses the same.
const WRONG_USAGE: u8 = 2;

/// Asks customers by email how a finished support conversation was.
#[derive(Debug, Parser)]
#[command(name = "afterword", version, propagate_version = true)]
pub struct Arguments {
    /// The configuration file; by default ./afterword.toml, or built-in settings if there is none
    #[arg(long, global = true, value_name = "FILE", env = "AFTERWORD_CONFIG")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Try Afterword with made-up history and a built-in inbox; needs no configuration or mail server
    Demo(demo::Demo),
    /// Run the service: the HTTP API, the rating pages and the sending of mail
    Serve,
    /// Ask the running service whether it is ready, and fail if not; for the health check of a container
    Healthcheck,
    /// Create, list and revoke keys of the HTTP API
    #[command(subcommand)]
    Key(key::Key),
    /// Print CSAT by teammate, team or day
    Report(report::ReportArgs),
    /// Write a sample mail to files, with a page that shows it light and dark, wide and narrow
    Preview(preview::PreviewArgs),
    /// Send a test mail, which counts in no report, and print the server's answer
    SendTest(send_test::SendTestArgs),
    /// Process a bounce or complaint that a mail server pipes to standard input
    Bounce,
    /// Manage the suppression list: addresses that get no survey mail
    #[command(subcommand)]
    Suppression(suppression::Suppression),
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
enum CliError {
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

impl From<Error> for CliError {
    fn from(error: Error) -> Self {
        match error {
            Error::Invalid(faults) => Self::Usage(faults.iter().map(option_fault).collect::<Vec<_>>().join("\n")),
            other => Self::Failed(other.to_string()),
        }
    }
}

/// Names the option at fault. Options have the names of the API's parameters.
fn option_fault(fault: &Fault) -> String {
    match &fault.place {
        Place::Parameter(name) => format!("--{name}: {}", fault.detail),
        Place::Body(pointer) => format!("{pointer}: {}", fault.detail),
    }
}

impl From<std::io::Error> for CliError {
    fn from(error: std::io::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

/// Runs a command and returns its exit code.
#[must_use]
pub fn run(arguments: Arguments) -> ExitCode {
    // Info logs would drown the instructions that the demo prints.
    log(if matches!(arguments.command, Command::Demo(_)) { "warn" } else { "info" });
    let result = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(command(arguments)),
        Err(error) => Err(error.into()),
    };
    let Err(error) = result else { return ExitCode::SUCCESS };
    complain(&format!("afterword: {error}\n"));
    ExitCode::from(match error {
        CliError::Config(_) | CliError::Usage(_) | CliError::Start(StartError::Dkim(_)) => WRONG_USAGE,
        CliError::Start(_) | CliError::Failed(_) => FAILED,
        CliError::Later(_) => LATER,
    })
}

async fn command(arguments: Arguments) -> Result<(), CliError> {
    let config = arguments.config.as_deref();
    match arguments.command {
        Command::Demo(demo) => demo::run(demo).await,
        Command::Serve => serve::run(load(config)?).await,
        Command::Healthcheck => healthcheck::run(&load(config)?),
        Command::Key(key @ key::Key::New(_)) => {
            key::run(key, &Gateway::open_or_make(load(config)?, Clock::System).await?).await
        }
        Command::Key(key) => key::run(key, &open(config).await?).await,
        Command::Report(args) => report::run(args, &open(config).await?).await,
        Command::Suppression(suppression) => suppression::run(suppression, &open(config).await?).await,
        Command::Bounce => bounce::run(config).await,
        Command::Preview(args) => preview::run(&args, &load(config)?),
        Command::SendTest(args) => send_test::run(&args, &load(config)?).await,
    }
}

/// Opens an existing database, also while the service runs. Only `serve`, `demo` and `key new` create one: for other
/// commands, a new database would give an empty answer and hide a forgotten --config.
async fn open(file: Option<&Path>) -> Result<Gateway, CliError> {
    Ok(Gateway::open(load(file)?, Clock::System).await?)
}

/// Prints to standard output. If the reader closed the pipe early, as `head` does, that is not an error.
fn print(text: &str) -> Result<(), CliError> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// Prints to standard error. Ignores failures, because there is nowhere to report them.
fn complain(text: &str) {
    drop(std::io::stderr().write_all(text.as_bytes()));
}

fn load(file: Option<&Path>) -> Result<Config, CliError> {
    // A variable that is not UTF-8 cannot be one of Afterword's.
    let variables =
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let (config, warnings) = Config::load(file, variables)?;
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    Ok(config)
}

/// Sets up logging to standard error. `AFTERWORD_LOG` sets the level, also by module, as in `afterword=debug`. The
/// format is JSON unless standard error is a terminal.
fn log(default_level: &str) {
    let filter = EnvFilter::try_from_env("AFTERWORD_LOG").unwrap_or_else(|_| EnvFilter::new(default_level));
    // A line that cannot be written is lost. The library would report that on standard error too, and panic.
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).log_internal_errors(false);
    if std::io::IsTerminal::is_terminal(&std::io::stderr()) {
        log.without_time().with_target(false).init();
    } else {
        log.json().init();
    }
}
