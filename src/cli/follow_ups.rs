//! `afterword follow-ups`: prints the unhappy customers to call back, for people or for programs.
//!
//! It owns the options. It must not know what opens a follow-up, nor how a row looks.

use super::report::{Format, TeamArgs, check_settings};
use super::{CliError, print};
use crate::gateway::Gateway;
use crate::render::follow_ups::{csv, json, text};
use crate::survey::access::Within;
use crate::survey::follow_up::State;
use crate::survey::follow_up::list::{FollowUpRow, FollowUpsQuery};
use crate::survey::paging::{LARGEST_PAGE, Paging};
use crate::survey::report::Bound;
use clap::Args;
use serde_json::Value;

#[derive(Debug, Args)]
pub(super) struct FollowUpsArgs {
    /// Only those in this state: open, taken or done; by default open and taken ones
    #[arg(long)]
    state: Option<State>,
    /// Only those opened on this local day or at this instant, or later
    #[arg(long, value_name = "DAY")]
    from: Option<Bound>,
    /// Only those opened up to this local day, or before this instant
    #[arg(long, value_name = "DAY")]
    to: Option<Bound>,
    #[command(flatten)]
    part: TeamArgs,
    /// The output format
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

/// Prints page by page: a list of any length fits in memory.
pub(super) async fn run(args: FollowUpsArgs, gateway: &Gateway) -> Result<(), CliError> {
    check_settings(gateway).await?;
    let format = args.format;
    let mut query = FollowUpsQuery {
        state: args.state,
        from: args.from,
        to: args.to,
        within: args.part.within(),
        paging: Paging { after: None, limit: LARGEST_PAGE },
    };
    let (now, zone) = (gateway.clock.now(), gateway.config.report.timezone);
    let mut first = true;
    loop {
        let page = gateway.follow_ups(&query, &Within::default()).await?;
        print(&match format {
            Format::Table if first && page.items.is_empty() => "No follow-ups.\n".into(),
            Format::Table => text(&page.items, now, zone),
            Format::Csv => csv(&page.items, first).map_err(|error| CliError::Failed(error.to_string()))?,
            Format::Json => items(&page.items, first),
        })?;
        first = false;
        query.paging.after = page.next;
        if query.paging.after.is_none() {
            break;
        }
    }
    if matches!(format, Format::Json) { print("\n]}\n") } else { Ok(()) }
}

/// A part of one JSON object, which has the rows as the API's pages have them, but all of them.
fn items(rows: &[FollowUpRow], first: bool) -> String {
    let begin = if first { "{\"items\":[" } else { "," };
    let rows: Vec<_> = rows.iter().map(|row| Value::to_string(&json(row))).collect();
    if rows.is_empty() { begin.to_owned() } else { format!("{begin}\n{}", rows.join(",\n")) }
}
