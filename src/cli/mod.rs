//! The command line: its commands, options and exit codes.
//!
//! It also owns output and logging. It must not name a database or a mail library.

mod backup;
mod bounce;
mod check;
mod customer;
mod decisions;
mod demo;
mod digest;
mod follow_ups;
mod healthcheck;
mod helpdesk;
mod init;
mod key;
mod log;
mod mail;
mod openapi;
mod preview;
mod ratings;
mod report;
mod send_test;
mod serve;
mod shell;
mod show_config;
mod status;
mod suppression;
mod tend;
mod webhook;
mod why;

use crate::clock::Clock;
use crate::config::{Config, ConfigError};
use crate::gateway::{Error, Gateway, StartError};
use crate::survey::fields::{Fault, Place};
use clap::builder::OsStringValueParser;
use clap::{Parser, Subcommand};
use std::ffi::OsString;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

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
    #[arg(long, global = true, value_name = "FILE", env = "AFTERWORD_CONFIG", value_parser = OsStringValueParser::new())]
    config: Option<OsString>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Try Afterword with made-up history and a built-in inbox; needs no configuration or mail server
    Demo(demo::Demo),
    /// Write a first configuration, and make the database and a key; asks for what the options leave out
    Init(init::Init),
    /// Run the service: the HTTP API, the rating pages and the sending of mail
    Serve(serve::Serve),
    /// Print how the service does: its mails, errors and workers; the first thing to type when no mails come
    Status(status::StatusArgs),
    /// Ask the running service whether it is ready, and fail if not; for the health check of a container
    Healthcheck,
    /// Create, list and revoke keys of the HTTP API, and replace the keys that sign links
    #[command(subcommand)]
    Key(key::Key),
    /// Print CSAT by teammate, team, tag, month and more
    Report(report::ReportArgs),
    /// Print ratings with their comments, reasons and answers, newest first
    Ratings(ratings::RatingsArgs),
    /// Print the unhappy customers whom nobody has called back yet, oldest first
    FollowUps(follow_ups::FollowUpsArgs),
    /// Print why nobody was asked: how many closings failed each rule
    Decisions(decisions::DecisionsArgs),
    /// Tell the story of a conversation: what was decided and why, its mail, and every click
    Why(why::Why),
    /// List mails by state and reason; pause and resume sending; send failed mails again
    Mail(mail::MailArgs),
    /// Write a sample mail to files, with a page that shows it as customers may see it
    Preview(preview::PreviewArgs),
    /// Send a test mail, which counts in no report, and print the server's answer
    SendTest(send_test::SendTestArgs),
    /// Show who gets the weekly digest, see and test it, and turn it on again for who opted out
    #[command(subcommand)]
    Digest(digest::DigestCommand),
    /// Process a bounce or complaint that a mail server pipes to standard input
    Bounce,
    /// Find out what a helpdesk's own webhooks report, and why nothing happens
    #[command(subcommand)]
    Helpdesk(helpdesk::Helpdesk),
    /// Show the targets of events, send a test, and send events again
    #[command(subcommand)]
    Webhook(webhook::Webhook),
    /// Manage the suppression list: addresses that get no survey mail
    #[command(subcommand)]
    Suppression(suppression::Suppression),
    /// Erase who a customer is, what it was about and what they wrote, and never ask the address again
    Erase(customer::Customer),
    /// Print everything that is stored about a customer, as JSON
    Export(customer::Customer),
    /// Check the configuration, the machine, the relay and the public URL, and say what to do about each failure
    Check(check::Check),
    /// Copy the database and the key file while the service runs
    Backup(backup::Backup),
    /// Print the settings that apply and where each comes from; secrets are hidden
    Config(show_config::ShowConfig),
    /// Print the description of the HTTP API, as OpenAPI 3.1; for programs that make clients of it
    Openapi,
    /// Print the completions of a shell
    Completions(shell::Completions),
    /// Write the manual pages
    Man(shell::Man),
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
    // Info logs would drown what a command prints.
    let logs = log::start(if matches!(arguments.command, Command::Serve(_)) { "info" } else { "warn" });
    let result = logs.and_then(|()| {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(command(arguments))
    });
    let Err(error) = result else { return ExitCode::SUCCESS };
    complain(&format!("afterword: {error}\n"));
    ExitCode::from(match error {
        CliError::Config(_) | CliError::Usage(_) | CliError::Start(StartError::Dkim(_)) => WRONG_USAGE,
        CliError::Start(_) | CliError::Failed(_) => FAILED,
        CliError::Later(_) => LATER,
    })
}

async fn command(arguments: Arguments) -> Result<(), CliError> {
    // An empty variable counts as unset.
    let config = arguments.config.as_deref().filter(|file| !file.is_empty()).map(Path::new);
    match arguments.command {
        // A whole service is held on the heap: otherwise the future of every command would be as large.
        Command::Demo(demo) => Box::pin(demo::run(demo)).await,
        Command::Init(args) => init::run(args, config).await,
        Command::Serve(args) => Box::pin(serve::run(&args, load(config)?)).await,
        Command::Healthcheck => healthcheck::run(&load_without_secrets(config)?).await,
        Command::Key(key) => key::run(key, config).await,
        Command::Status(args) => beside(config, async |gateway| status::run(&args, gateway).await).await,
        Command::Report(args) => beside(config, async |gateway| report::run(args, gateway).await).await,
        Command::Ratings(args) => beside(config, async |gateway| ratings::run(args, gateway).await).await,
        Command::FollowUps(args) => beside(config, async |gateway| follow_ups::run(args, gateway).await).await,
        Command::Decisions(args) => beside(config, async |gateway| decisions::run(args, gateway).await).await,
        Command::Why(args) => beside(config, async |gateway| why::run(args, gateway).await).await,
        Command::Suppression(change) => beside(config, async |gateway| suppression::run(change, gateway).await).await,
        Command::Erase(who) => beside(config, async |gateway| customer::erase(&who, gateway).await).await,
        Command::Export(who) => beside(config, async |gateway| customer::export(&who, gateway).await).await,
        Command::Mail(args) => beside(config, async |gateway| mail::run(args, gateway).await).await,
        Command::Digest(command) => Box::pin(digest::run(command, config)).await,
        Command::Bounce => bounce::run(config).await,
        Command::Helpdesk(helpdesk) => helpdesk::run(helpdesk, config).await,
        Command::Webhook(command) => webhook::run(command, config).await,
        Command::Backup(args) => beside(config, async |gateway| backup::run(&args, gateway).await).await,
        Command::Preview(args) => preview::run(&args, &load_without_secrets(config)?),
        Command::SendTest(args) => send_test::run(&args, &load(config)?).await,
        Command::Check(args) => check::run(&args, config).await,
        Command::Config(args) => show_config::run(&args, config),
        Command::Openapi => openapi::run(&load_without_secrets(config)?),
        Command::Completions(args) => shell::completions(&args),
        Command::Man(args) => shell::man(&args),
    }
}

/// Opens an existing database, also while the service runs. Only `serve`, `demo`, `init` and `key new` create one: for
/// other commands, a new database would give an empty answer and hide a forgotten --config.
async fn open(file: Option<&Path>) -> Result<Gateway, CliError> {
    Ok(Gateway::open(load_without_secrets(file)?, Clock::System).await?)
}

/// Runs a command on an existing database.
async fn beside(
    file: Option<&Path>,
    command: impl AsyncFnOnce(&Gateway) -> Result<(), CliError>,
) -> Result<(), CliError> {
    close_after(open(file).await?, command).await
}

/// Runs a command, and closes the database, so that nothing of it stays in a WAL beside the file.
async fn close_after(
    gateway: Gateway,
    command: impl AsyncFnOnce(&Gateway) -> Result<(), CliError>,
) -> Result<(), CliError> {
    let done = command(&gateway).await;
    gateway.shut_down().await;
    done
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

/// The settings of what sends mail.
fn load(file: Option<&Path>) -> Result<Config, CliError> {
    let (config, warnings) = Config::load(file, environment())?;
    warn(&warnings);
    Ok(config)
}

/// The settings of what sends no mail, and so must not need its secrets.
fn load_without_secrets(file: Option<&Path>) -> Result<Config, CliError> {
    let (config, warnings) = Config::load_without_secrets(file, environment())?;
    warn(&warnings);
    Ok(config)
}

fn warn(warnings: &[String]) {
    for warning in warnings {
        tracing::warn!("{warning}");
    }
}

/// The variables. One that is not UTF-8 cannot be one of Afterword's.
fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}
