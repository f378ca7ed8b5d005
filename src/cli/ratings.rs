//! `afterword ratings`: prints ratings with their comments and ticks, for people or for programs.
//!
//! It owns the options. It must not know which ratings count, nor how a row looks.

use super::report::{Format, check_settings};
use super::{CliError, print};
use crate::gateway::Gateway;
use crate::render::ratings::{csv, json, text};
use crate::survey::access::Within;
use crate::survey::paging::{LARGEST_PAGE, Paging};
use crate::survey::rating::Score;
use crate::survey::report::{Bound, RatingRow, RatingsQuery};
use clap::Args;
use serde_json::Value;

#[derive(Debug, Args)]
pub(super) struct RatingsArgs {
    /// The first local day, or an instant; by default the list covers 30 days
    #[arg(long, value_name = "DAY")]
    from: Option<Bound>,
    /// The last local day, or an instant at which the list ends; by default today
    #[arg(long, value_name = "DAY")]
    to: Option<Bound>,
    /// Only ratings with this score, 1 to 5; repeat it for several
    #[arg(long = "score", value_name = "SCORE", value_parser = score)]
    scores: Vec<Score>,
    /// Only ratings of the teammate with this id
    #[arg(long, value_name = "ID")]
    teammate: Option<String>,
    /// Only ratings of this team
    #[arg(long)]
    team: Option<String>,
    /// Only ratings with a comment; with `false`, only those without
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    commented: Option<bool>,
    /// The output format
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

fn score(text: &str) -> Result<Score, String> {
    text.parse().map_err(|_| "expected 1 to 5".to_owned()).and_then(|number: i64| Score::try_from(number))
}

/// Prints page by page: a list of any length fits in memory.
pub(super) async fn run(args: RatingsArgs, gateway: &Gateway) -> Result<(), CliError> {
    check_settings(gateway).await?;
    let format = args.format;
    let mut query = RatingsQuery {
        from: args.from,
        to: args.to,
        scores: args.scores,
        commented: args.commented,
        within: Within { teammate: args.teammate, team: args.team },
        paging: Paging { after: None, limit: LARGEST_PAGE },
    };
    let mut first = true;
    loop {
        let page = gateway.ratings(&query, &Within::default()).await?;
        print(&match format {
            Format::Table if first && page.items.is_empty() => "No ratings.\n".into(),
            Format::Table => text(&page.items, gateway.config.report.timezone),
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
fn items(rows: &[RatingRow], first: bool) -> String {
    let begin = if first { "{\"items\":[" } else { "," };
    let rows: Vec<_> = rows.iter().map(|row| Value::to_string(&json(row))).collect();
    if rows.is_empty() { begin.to_owned() } else { format!("{begin}\n{}", rows.join(",\n")) }
}
