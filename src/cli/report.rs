//! `afterword report`: prints the figures of a period, for people or for programs.
//!
//! It owns the options. It must not know how figures are counted or formatted.

use super::CliError;
use crate::gateway::Gateway;
use crate::render;
use crate::survey::access::Within;
use crate::survey::report::{Bound, By, Cut, Filters, ReportQuery};
use clap::{Args, ValueEnum};

#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    /// What each row is about: teammate, team, channel, tag, policy, language, connection, day, week or month, or two of
    /// them with a comma between
    #[arg(long, default_value = "teammate")]
    by: Cut,
    /// The first local day, or an instant; by default the report covers 30 days
    #[arg(long, value_name = "DAY")]
    from: Option<Bound>,
    /// The last local day, or an instant at which the report ends; by default today
    #[arg(long, value_name = "DAY")]
    to: Option<Bound>,
    #[command(flatten)]
    part: PartArgs,
    /// Show the period before beside it: as many whole months, or else as many days
    #[arg(long)]
    compare: bool,
    /// The output format
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

/// Which part of all surveys.
#[derive(Debug, Args)]
pub(super) struct PartArgs {
    /// Only what counts for the teammate with this id; an empty value picks what has none, here and below
    #[arg(long, value_name = "ID")]
    teammate: Option<String>,
    /// Only what counts for this team
    #[arg(long)]
    team: Option<String>,
    /// Only conversations of this channel
    #[arg(long)]
    channel: Option<String>,
    /// Only conversations with this tag
    #[arg(long)]
    tag: Option<String>,
    /// Only what was asked by this policy
    #[arg(long)]
    policy: Option<String>,
    /// Only customers of this language, such as de
    #[arg(long)]
    language: Option<String>,
    /// Only conversations that this configured helpdesk reported
    #[arg(long)]
    connection: Option<String>,
}

/// Which part of the team.
#[derive(Debug, Args)]
pub(super) struct TeamArgs {
    /// Only what counts for the teammate with this id
    #[arg(long, value_name = "ID")]
    teammate: Option<String>,
    /// Only what counts for this team
    #[arg(long)]
    team: Option<String>,
}

impl TeamArgs {
    pub(super) fn within(self) -> Within {
        Within { teammate: self.teammate, team: self.team }
    }
}

impl PartArgs {
    pub(super) fn filters(self) -> Filters {
        let Self { teammate, team, channel, tag, policy, language, connection } = self;
        let place = Filters::default().and(By::Teammate, teammate).and(By::Team, team).and(By::Channel, channel);
        place.and(By::Tag, tag).and(By::Policy, policy).and(By::Language, language).and(By::Connection, connection)
    }
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
    let (filters, compare) = (args.part.filters(), args.compare);
    let query = ReportQuery { cut: args.by, from: args.from, to: args.to, filters, compare, other: None };
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
