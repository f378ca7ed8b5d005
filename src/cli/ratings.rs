//! `afterword ratings`: prints ratings with their comments and ticks, for people or for programs.
//!
//! It owns the options. It must not know which ratings count, nor how a row looks.

use super::report::{Format, PartArgs, check_settings};
use super::{CliError, print};
use crate::gateway::Gateway;
use crate::render::ratings::{csv, json, text};
use crate::survey::access::Within;
use crate::survey::paging::{LARGEST_PAGE, Paging};
use crate::survey::rating::Score;
use crate::survey::report::{Bound, Listing, RatingRow, RatingsQuery, Sought};
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
    #[command(flatten)]
    part: PartArgs,
    /// Only ratings with a comment; with `false`, only those without
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    commented: Option<bool>,
    /// Only ratings with this text in the comment, in lower or upper case
    #[arg(long)]
    text: Option<Sought>,
    /// Which ratings, by where they stand: counted, held or voided
    #[arg(long, default_value = "counted")]
    standing: Listing,
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
        sought: args.text,
        listing: args.standing,
        filters: args.part.filters(),
        paging: Paging { after: None, limit: LARGEST_PAGE },
    };
    let failed = |error: csv::Error| CliError::Failed(error.to_string());
    match format {
        Format::Table => {}
        Format::Csv => print(&csv(&[], true).map_err(failed)?)?,
        Format::Json => print("{\"items\":[")?,
    }
    let mut none = true;
    loop {
        let page = gateway.ratings(&query, &Within::default()).await?;
        // It may have looked far back and found nothing, though older ones fit.
        if !page.items.is_empty() {
            print(&match format {
                Format::Table => text(&page.items, gateway.config.report.timezone),
                Format::Csv => csv(&page.items, false).map_err(failed)?,
                Format::Json => items(&page.items, none),
            })?;
            none = false;
        }
        query.paging.after = page.next;
        if query.paging.after.is_none() {
            break;
        }
    }
    match format {
        Format::Table if none => print("No ratings.\n"),
        Format::Json => print("\n]}\n"),
        Format::Table | Format::Csv => Ok(()),
    }
}

/// Items of one JSON object, which has the rows as the API's pages have them, but all of them.
fn items(rows: &[RatingRow], first: bool) -> String {
    let comma = if first { "" } else { "," };
    let rows: Vec<_> = rows.iter().map(|row| Value::to_string(&json(row))).collect();
    format!("{comma}\n{}", rows.join(",\n"))
}
