//! `afterword report`: prints the figures of a period, for people or for programs.
//!
//! It owns the options. It must not know how figures are counted or formatted.

use super::CliError;
use crate::gateway::Gateway;
use crate::render;
use crate::survey::access::Within;
use crate::survey::report::{Bound, By, ReportQuery};
use clap::{Args, ValueEnum};

#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    /// What each row is about: teammate, team or day
    #[arg(long, default_value = "teammate")]
    by: By,
    /// The first local day, or an instant; by default the report covers 30 days
    #[arg(long, value_name = "DAY")]
    from: Option<Bound>,
    /// The last local day, or an instant at which the report ends; by default today
    #[arg(long, value_name = "DAY")]
    to: Option<Bound>,
    /// The output format
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Format {
    /// For people
    Table,
    /// For spreadsheets
    Csv,
    /// For programs, as the HTTP API returns it
    Json,
}

pub(super) async fn run(args: ReportArgs, gateway: &Gateway) -> Result<(), CliError> {
    check_settings(gateway).await?;
    let query = ReportQuery { by: args.by, from: args.from, to: args.to };
    let report = gateway.report(&query, &Within::default()).await?;
    super::print(&match args.format {
        Format::Table => render::report::table(&report),
        Format::Csv => render::report::csv(&report).map_err(|error| CliError::Failed(error.to_string()))?,
        Format::Json => format!("{:#}\n", render::report::json(&report)),
    })
}

/// Refuses settings of another service: with them, a day or a figure would mean something else.
pub(super) async fn check_settings(gateway: &Gateway) -> Result<(), CliError> {
    if gateway.counts_alike().await? {
        return Ok(());
    }
    let expected = "name the --config that `serve` runs with";
    Err(CliError::Usage(format!(
        "[report] differs from the settings of the service that uses this database: {expected}"
    )))
}
