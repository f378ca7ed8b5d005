//! `afterword backup`: copies the database and the key file, also while the service runs.
//!
//! It owns how progress is shown. It must not know what a backup consists of.

use super::{CliError, complain, print};
use crate::gateway::Gateway;
use clap::Args;
use std::io::IsTerminal;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct Backup {
    /// The file to write the database to; the key file goes beside it, as FILE.keys
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub(super) async fn run(backup: &Backup, gateway: &Gateway) -> Result<(), CliError> {
    let watched = std::io::stderr().is_terminal();
    let progress = |written: u64, all: u64| {
        if watched {
            complain(&format!("\r{} of about {} MB", written / 1_000_000, all / 1_000_000));
        }
    };
    let keys = gateway.backup(&backup.file, progress).await.map_err(|error| CliError::Failed(error.to_string()))?;
    let (file, keys) = (backup.file.display(), keys.display());
    print(&format!(
        "Wrote {file} and {keys}. Keep them together, and show the keys to nobody.\n\
        A service that starts on them sends no mail until `afterword mail resume`.\n"
    ))
}
