//! `afterword report`: the figures of a period, for a terminal or for programs.
//!
//! It owns how figures look. It must not know how they are counted.

use super::Ended;
use crate::gateway::{Gateway, Report, ReportQuery};
use crate::store::{Group, Within};
use crate::survey::report::Figures;
use crate::web::report_json;
use clap::{Args, ValueEnum};

#[derive(Debug, Args)]
pub(super) struct Wanted {
    /// What a row stands for: teammate, team or day
    #[arg(long, default_value = "teammate")]
    by: String,
    /// The first local day, or an instant; 30 days up to the end unless given
    #[arg(long, value_name = "DAY")]
    from: Option<String>,
    /// The last local day, or the instant it ends at; today unless given
    #[arg(long, value_name = "DAY")]
    to: Option<String>,
    /// How to print it
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// For spreadsheets
    Csv,
    /// For programs: what the HTTP API answers
    Json,
}

const COLUMNS: [&str; 14] = [
    "id",
    "name",
    "asked",
    "answered",
    "ratings",
    "positive",
    "csat",
    "terrible",
    "bad",
    "okay",
    "great",
    "amazing",
    "held",
    "unconfirmed",
];

pub(super) async fn run(wanted: Wanted, gateway: &Gateway) -> Result<(), Ended> {
    if !gateway.reports_alike().await? {
        let expected = "name the --config that `serve` runs with";
        return Err(Ended::Usage(format!(
            "[report] differs from what the service of this database counts by: {expected}"
        )));
    }
    let query = ReportQuery { by: Some(wanted.by), from: wanted.from, to: wanted.to };
    let report = gateway.report(&query, &Within::default()).await?;
    let text = match wanted.format {
        Format::Table => table(&report),
        Format::Csv => csv(&report).map_err(|error| Ended::Failed(error.to_string()))?,
        Format::Json => format!("{:#}\n", report_json(&report)),
    };
    super::print(&text)
}

fn csv(report: &Report) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS)?;
    for row in &report.rows {
        writer.write_record(cells(row).map(|cell| harmless(&cell)))?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

/// A cell that a spreadsheet does not take for a formula (OWASP, "CSV injection").
fn harmless(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell.to_owned() }
}

fn cells(row: &Group) -> [String; 14] {
    let figures = &row.figures;
    let csat = figures.csat().map_or(String::new(), |csat| format!("{csat:.4}"));
    let [terrible, bad, okay, great, amazing] = figures.scores.map(|count| count.to_string());
    [
        row.id.clone().unwrap_or_default(),
        row.name.clone().unwrap_or_default(),
        figures.asked.to_string(),
        figures.answered.to_string(),
        figures.ratings().to_string(),
        figures.positive.to_string(),
        csat,
        terrible,
        bad,
        okay,
        great,
        amazing,
        figures.held.to_string(),
        figures.unconfirmed.to_string(),
    ]
}

fn table(report: &Report) -> String {
    let head = ["", "CSAT", "ratings", "😠", "🙁", "😐", "😀", "🤩", "asked", "answered", "held", "unconfirmed"];
    let name = |row: &Group| row.name.clone().unwrap_or_else(|| "(unattributed)".into());
    let rows = report.rows.iter().map(|row| line(name(row), &row.figures));
    let total = line("total".into(), &report.total);
    let lines: Vec<_> = [head.map(str::to_owned)].into_iter().chain(rows).chain([total]).collect();
    let width = |column: usize| lines.iter().map(|line| shown(&line[column])).max().unwrap_or_default();
    let widths: [usize; 12] = std::array::from_fn(width);
    let mut text = format!("{} to {}, by {}\n\n", report.from, report.to, report.by.word());
    for line in &lines {
        for (column, cell) in line.iter().enumerate() {
            let gap = " ".repeat(widths[column] - shown(cell));
            text.extend(if column == 0 { [cell.as_str(), &gap, ""] } else { ["  ", &gap, cell] });
        }
        text.push('\n');
    }
    text
}

fn line(name: String, figures: &Figures) -> [String; 12] {
    let csat = figures.csat().map_or("-".into(), |csat| format!("{:.1} %", csat * 100.0));
    let [terrible, bad, okay, great, amazing] = figures.scores.map(|count| count.to_string());
    let counts = [figures.ratings(), figures.asked, figures.answered, figures.held, figures.unconfirmed];
    let [ratings, asked, answered, held, unconfirmed] = counts.map(|count| count.to_string());
    [name, csat, ratings, terrible, bad, okay, great, amazing, asked, answered, held, unconfirmed]
}

/// Columns of a terminal: a face takes two.
fn shown(cell: &str) -> usize {
    cell.chars().map(|c| if u32::from(c) >= 0x1f300 { 2 } else { 1 }).sum()
}
