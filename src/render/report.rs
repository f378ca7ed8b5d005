//! A report as JSON for programs, as CSV for spreadsheets, and as a table for a terminal.
//!
//! It owns the names and the order of columns. It must not know how figures are counted.

use crate::survey::report::{Figures, Group, Report};
use csv::QuoteStyle;
use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr;

const COLUMNS: [&str; 20] = [
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
    "waiting",
    "failed",
    "unconfirmed_phone_young",
    "unconfirmed_phone_later",
    "unconfirmed_other_young",
    "unconfirmed_other_later",
];
const TABLE: [&str; 14] = [
    "",
    "CSAT",
    "ratings",
    "😠",
    "🙁",
    "😐",
    "😀",
    "🤩",
    "asked",
    "answered",
    "held",
    "unconfirmed",
    "waiting",
    "failed",
];

/// The report of the HTTP contract.
#[must_use]
pub fn json(report: &Report) -> Value {
    let row = |group: &Group| {
        let mut row = json!({"id": group.id, "name": group.name});
        if let (Value::Object(row), Value::Object(figures)) = (&mut row, figures_json(&group.figures)) {
            row.extend(figures);
        }
        row
    };
    json!({
        "from": report.from.to_string(), "to": report.to.to_string(), "by": report.by,
        "total": figures_json(&report.total), "rows": report.rows.iter().map(row).collect::<Vec<_>>(),
    })
}

fn figures_json(figures: &Figures) -> Value {
    let [phone_young, phone_later, other_young, other_later] = figures.unconfirmed_by;
    json!({
        "asked": figures.asked, "answered": figures.answered, "ratings": figures.ratings(),
        "positive": figures.positive, "csat": figures.csat(), "scores": figures.scores,
        "held": figures.held, "unconfirmed": figures.unconfirmed, "waiting": figures.waiting, "failed": figures.failed,
        "unconfirmed_phone_young": phone_young, "unconfirmed_phone_later": phone_later,
        "unconfirmed_other_young": other_young, "unconfirmed_other_later": other_later,
    })
}

/// The rows as CSV with a line of names, all texts in quotes. Where a spreadsheet would see a formula there is a `'`.
///
/// # Errors
/// None that is known: the text is written to memory.
pub fn csv(report: &Report) -> Result<String, csv::Error> {
    let mut writer = csv::WriterBuilder::new().quote_style(QuoteStyle::NonNumeric).from_writer(Vec::new());
    writer.write_record(COLUMNS)?;
    for row in &report.rows {
        writer.write_record(cells(row).map(|cell| harmless(&cell)))?;
    }
    let bytes = writer.into_inner().map_err(csv::IntoInnerError::into_error)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// What a formula begins with (OWASP, "CSV injection"); the wide forms count in Japanese settings.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];
/// What may end a cell: each country has its own separator, and a spreadsheet may be set to any.
const SEPARATORS: [char; 6] = [',', ';', '\t', '\r', '\n', '|'];

/// A cell no part of which a spreadsheet takes for a formula, whatever it takes for a separator.
fn harmless(cell: &str) -> String {
    let (mut safe, mut begins) = (String::with_capacity(cell.len()), true);
    for c in cell.chars() {
        if begins && FORMULA.contains(&c) {
            safe.push('\'');
        }
        begins = SEPARATORS.contains(&c) || (begins && (c == '"' || c.is_whitespace()));
        safe.push(c);
    }
    safe
}

fn cells(row: &Group) -> [String; 20] {
    let figures = &row.figures;
    let csat = figures.csat().map_or(String::new(), |csat| format!("{csat:.4}"));
    let [terrible, bad, okay, great, amazing] = figures.scores.map(|count| count.to_string());
    let [phone_young, phone_later, other_young, other_later] = figures.unconfirmed_by.map(|count| count.to_string());
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
        figures.waiting.to_string(),
        figures.failed.to_string(),
        phone_young,
        phone_later,
        other_young,
        other_later,
    ]
}

/// The rows and their total, aligned for a terminal. Below them the total of `unconfirmed` is split, unless it is 0.
#[must_use]
pub fn table(report: &Report) -> String {
    let name = |row: &Group| row.name.clone().unwrap_or_else(|| "(unattributed)".into());
    let rows = report.rows.iter().map(|row| line(name(row), &row.figures));
    let total = line("total".into(), &report.total);
    let lines: Vec<_> = [TABLE.map(str::to_owned)].into_iter().chain(rows).chain([total]).collect();
    let width = |column: usize| lines.iter().map(|line| line[column].width()).max().unwrap_or_default();
    let widths: [usize; 14] = std::array::from_fn(width);
    let mut text = format!("{} to {}, by {}\n\n", report.from, report.to, report.by);
    for line in &lines {
        for (column, cell) in line.iter().enumerate() {
            let gap = " ".repeat(widths[column] - cell.width());
            text.extend(if column == 0 { [cell.as_str(), &gap, ""] } else { ["  ", &gap, cell] });
        }
        text.push('\n');
    }
    text.extend(split(&report.total));
    text
}

/// Who opened the surveys that count as unconfirmed.
fn split(figures: &Figures) -> Option<String> {
    let Figures { unconfirmed, unconfirmed_by, .. } = figures;
    let [phone_young, phone_later, other_young, other_later] = unconfirmed_by;
    let unknown = unconfirmed.saturating_sub(unconfirmed_by.iter().sum());
    let earlier = if unknown > 0 { format!(", before this was noted {unknown}") } else { String::new() };
    (*unconfirmed > 0).then(|| {
        format!(
            "\nunconfirmed, by where they were opened and how soon after the mail was sent:\n\
             phone: {phone_young} within 5 minutes, {phone_later} later; \
             elsewhere: {other_young} within 5 minutes, {other_later} later{earlier}\n"
        )
    })
}

fn line(name: String, figures: &Figures) -> [String; 14] {
    let csat = figures.csat().map_or("-".into(), |csat| format!("{:.1} %", csat * 100.0));
    let [terrible, bad, okay, great, amazing] = figures.scores.map(|count| count.to_string());
    let Figures { asked, answered, held, unconfirmed, waiting, failed, .. } = figures;
    let [ratings, asked, answered] = [figures.ratings(), *asked, *answered].map(|count| count.to_string());
    let [held, unconfirmed, waiting, failed] = [held, unconfirmed, waiting, failed].map(ToString::to_string);
    [name, csat, ratings, terrible, bad, okay, great, amazing, asked, answered, held, unconfirmed, waiting, failed]
}

#[cfg(test)]
mod tests;
