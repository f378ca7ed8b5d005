//! `afterword config`: prints the settings that hold, and where each comes from.
//!
//! It owns how they are printed. It must not know which there are.

use super::{CliError, environment, print, warn};
use crate::config::Config;
use clap::Args;
use std::fmt::Write;
use std::path::Path;

#[derive(Debug, Args)]
pub(super) struct ShowConfig {
    /// Print JSON instead of TOML
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &ShowConfig, file: Option<&Path>) -> Result<(), CliError> {
    let (settings, warnings) = Config::effective(file, environment())?;
    warn(&warnings);
    let failed = |error: &dyn std::fmt::Display| CliError::Failed(error.to_string());
    if args.json {
        let json = serde_json::to_string_pretty(&settings).map_err(|error| failed(&error))?;
        return print(&format!("{json}\n"));
    }
    let lines: Vec<_> = settings.iter().map(|set| (format!("{} = {}", set.key, set.value), &set.source)).collect();
    let width = lines.iter().map(|(line, _)| line.chars().count()).max().unwrap_or_default().min(LONGEST);
    let mut text = String::new();
    for (line, source) in lines {
        writeln!(text, "{line:<width$}  # {source}").map_err(|error| failed(&error))?;
    }
    print(&text)
}

/// The sources stand in one column, but not behind the longest of lists.
const LONGEST: usize = 60;
