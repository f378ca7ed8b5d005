//! `afterword digest`: who gets the weekly digest, how it looks, and the way back for those who opted out.
//!
//! It owns how the list is printed, and the files of a preview. It must not know what a digest tells.

use super::report::{TeamArgs, check_settings};
use super::{CliError, beside, close_after, load, preview, print, send_test};
use crate::clock::Clock;
use crate::config::Config;
use crate::gateway::Gateway;
use crate::mail::dkim::Dkim;
use crate::survey::Time;
use clap::{Args, Subcommand};
use std::path::{Path, PathBuf};

#[derive(Debug, Subcommand)]
pub(super) enum DigestCommand {
    /// List who gets a digest, when the next one is due, and who opted out
    List,
    /// Write the digest about the last whole week to files, and send nothing
    Preview {
        #[command(flatten)]
        digest: DigestArgs,
        /// The folder to write to; it is created if missing
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Send the digest about the last whole week as a test, now, and print the server's answer
    SendTest {
        /// The recipient; the digest of the week still goes to all who get it
        #[arg(value_parser = send_test::address)]
        address: String,
        #[command(flatten)]
        digest: DigestArgs,
    },
    /// Let an address that opted out have its digests again
    Resume {
        /// The address
        address: String,
    },
}

/// Which digest.
#[derive(Debug, Args)]
pub(super) struct DigestArgs {
    #[command(flatten)]
    part: TeamArgs,
    /// Leave out what customers wrote
    #[arg(long)]
    no_comments: bool,
}

pub(super) async fn run(command: DigestCommand, file: Option<&Path>) -> Result<(), CliError> {
    match command {
        DigestCommand::List => beside(file, list).await,
        DigestCommand::Preview { digest, out } => {
            beside(file, async |gateway| write_preview(gateway, digest, &out).await).await
        }
        DigestCommand::SendTest { address, digest } => Box::pin(send(&address, digest, load(file)?)).await,
        DigestCommand::Resume { address } => beside(file, async |gateway| resume(gateway, &address).await).await,
    }
}

async fn list(gateway: &Gateway) -> Result<(), CliError> {
    let recipients = gateway.digest_recipients().await?;
    if recipients.is_empty() {
        return print("Nobody gets a digest: there is no [[digest]] in the configuration.\n");
    }
    let zone = gateway.config.report.timezone;
    let local = |time: Option<Time>| {
        time.map_or_else(|| "-".to_owned(), |time| time.with_timezone(&zone).format("%a %Y-%m-%d %H:%M").to_string())
    };
    print(&format!("{:<22}{:<30}ADDRESS\n", "NEXT", "OF"))?;
    for to in recipients {
        let part = to.within.words().unwrap_or_else(|| "all".to_owned());
        let next = if to.stopped.is_some() { "opted out".to_owned() } else { local(to.next) };
        print(&format!("{next:<22}{part:<30}{}\n", to.address))?;
    }
    Ok(())
}

async fn write_preview(gateway: &Gateway, digest: DigestArgs, out: &Path) -> Result<(), CliError> {
    check_settings(gateway).await?;
    let made = gateway.preview_digest(&digest.part.within(), !digest.no_comments).await?;
    let made = made.map_err(|error| CliError::Failed(error.to_string()))?;
    let files = [
        ("digest.txt", made.content.plain.as_bytes()),
        ("digest.html", made.content.html.as_bytes()),
        ("digest.eml", &made.raw),
    ];
    preview::write(out, &files)
}

async fn send(address: &str, digest: DigestArgs, config: Config) -> Result<(), CliError> {
    let dkim = Dkim::configured(&config).map_err(crate::gateway::StartError::from)?;
    let target = config.mail.smtp.clone();
    let gateway = Gateway::open(config, Clock::System).await?;
    close_after(gateway, async |gateway| {
        check_settings(gateway).await?;
        let (within, comments) = (digest.part.within(), !digest.no_comments);
        let attempt = gateway.send_test_digest(address, &within, comments, dkim.as_ref()).await?;
        print(&format!("{}\n", send_test::describe(&attempt, &target, address)?))
    })
    .await
}

async fn resume(gateway: &Gateway, address: &str) -> Result<(), CliError> {
    match gateway.resume_digests(address).await? {
        0 => Err(CliError::Failed(format!("{address} opted out of no digest: see `afterword digest list`"))),
        _ => print(&format!("{address} gets its digests again, from the next week on.\n")),
    }
}
