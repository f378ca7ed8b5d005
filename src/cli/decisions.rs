//! `afterword decisions`: prints how many closings failed each rule, for people or for programs.
//!
//! It owns the options. It must not know how decisions are counted, nor how they are formatted.

use super::report::{Format, TeamArgs, check_settings};
use super::{CliError, print};
use crate::gateway::Gateway;
use crate::render::decisions::{csv, json, table};
use crate::survey::access::Within;
use crate::survey::decisions::{DecisionsBy, DecisionsQuery};
use chrono::NaiveDate;
use clap::Args;

#[derive(Debug, Args)]
pub(super) struct DecisionsArgs {
    /// What each row is about: rule, team, teammate, day, week or month
    #[arg(long, default_value = "rule")]
    by: DecisionsBy,
    /// The first local day; by default the counts cover 30 days
    #[arg(long, value_name = "DAY")]
    from: Option<NaiveDate>,
    /// The last local day; by default today
    #[arg(long, value_name = "DAY")]
    to: Option<NaiveDate>,
    #[command(flatten)]
    part: TeamArgs,
    /// Show the period before beside it: as many whole months, or else as many days
    #[arg(long)]
    compare: bool,
    /// The output format
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

pub(super) async fn run(args: DecisionsArgs, gateway: &Gateway) -> Result<(), CliError> {
    check_settings(gateway).await?;
    let span = gateway.span(args.from, args.to)?;
    let before = if args.compare { span.before() } else { None };
    let query = DecisionsQuery { by: args.by, span, before, within: args.part.within() };
    let counted = gateway.decisions(&query, &Within::default()).await?;
    print(&match args.format {
        Format::Table => table(&counted),
        Format::Csv => csv(&counted).map_err(|error| CliError::Failed(error.to_string()))?,
        Format::Json => format!("{:#}\n", json(&counted)),
    })
}
