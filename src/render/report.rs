//! A report as JSON for programs, as CSV for spreadsheets, and as a table for a terminal.
//!
//! It owns the names and the order of columns. It must not know how figures are counted.

use super::spreadsheet;
use crate::survey::answers::{Counts, REASONS};
use crate::survey::report::{Figures, Group, Report};
use serde_json::{Value, json};
use std::collections::BTreeMap;
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
        add_ticks(&mut row, report.ticks.get(&group.id));
        row
    };
    let mut total = figures_json(&report.total);
    add_ticks(&mut total, Some(&report.total_ticks));
    json!({
        "from": report.from.to_string(), "to": report.to.to_string(), "by": report.by,
        "total": total, "rows": report.rows.iter().map(row).collect::<Vec<_>>(),
    })
}

/// `reasons` has the count of each reason, `answers` those of the operator's own questions.
fn add_ticks(row: &mut Value, ticks: Option<&Counts>) {
    let mut ticks = ticks.cloned().unwrap_or_default();
    row["reasons"] = json!(ticks.remove(REASONS).unwrap_or_default());
    row["answers"] = json!(ticks);
}

/// Every choice that was ticked: its question and its key.
fn choices(report: &Report) -> impl Iterator<Item = (&str, &str)> {
    report.total_ticks.iter().flat_map(|(question, counts)| ticked(question, counts))
}

fn ticked<'r>(question: &'r str, counts: &'r BTreeMap<String, u64>) -> impl Iterator<Item = (&'r str, &'r str)> {
    counts.keys().map(move |choice| (question, choice.as_str()))
}

fn count(ticks: Option<&Counts>, (question, choice): (&str, &str)) -> String {
    ticks.and_then(|ticks| ticks.get(question)?.get(choice)).unwrap_or(&0).to_string()
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

/// The rows as CSV with a line of names, all texts in quotes. After the figures there is a column for each choice that was
/// ticked in the period, such as `reasons.slow`. Where a spreadsheet would see a formula there is a `'`.
///
/// # Errors
/// None that is known: the text is written to memory.
pub fn csv(report: &Report) -> Result<String, csv::Error> {
    let ticked = choices(report).map(|(question, choice)| format!("{question}.{choice}"));
    let names = COLUMNS.map(str::to_owned).into_iter().chain(ticked).collect();
    let line = |row: &Group| -> Vec<String> {
        let ticks = report.ticks.get(&row.id);
        let counts = choices(report).map(|choice| count(ticks, choice));
        cells(row).into_iter().chain(counts).collect()
    };
    spreadsheet::csv([names].into_iter().chain(report.rows.iter().map(line)))
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
    let rows = report.rows.iter().map(|row| line(name(row), &row.figures).to_vec());
    let total = line("total".into(), &report.total).to_vec();
    let lines: Vec<_> = [TABLE.map(str::to_owned).to_vec()].into_iter().chain(rows).chain([total]).collect();
    let mut text = format!("{} to {}, by {}\n\n", report.from, report.to, report.by);
    align(&mut text, &lines);
    text.extend(split(&report.total));
    for (question, counts) in &report.total_ticks {
        let choices: Vec<_> = ticked(question, counts).collect();
        let line = |name: String, ticks| {
            let counts = choices.iter().map(|choice| count(ticks, *choice));
            [name].into_iter().chain(counts).collect::<Vec<_>>()
        };
        let head = [question.as_str()].into_iter().chain(choices.iter().map(|(_, choice)| *choice));
        let answered = |row: &&Group| report.ticks.get(&row.id).is_some_and(|ticks| ticks.contains_key(question));
        let rows = report.rows.iter().filter(answered);
        let rows = rows.map(|row| line(name(row), report.ticks.get(&row.id)));
        let total = line("total".into(), Some(&report.total_ticks));
        let lines: Vec<_> = [head.map(str::to_owned).collect()].into_iter().chain(rows).chain([total]).collect();
        text.push('\n');
        align(&mut text, &lines);
    }
    text
}

fn name(row: &Group) -> String {
    row.name.clone().unwrap_or_else(|| "(unattributed)".into())
}

/// Adds lines of as many cells each, the first to the left and the others to the right.
fn align(text: &mut String, lines: &[Vec<String>]) {
    let width = |column: usize| lines.iter().map(|line| line[column].width()).max().unwrap_or_default();
    let widths: Vec<_> = (0..lines.first().map_or(0, Vec::len)).map(width).collect();
    for line in lines {
        for (column, cell) in line.iter().enumerate() {
            let gap = " ".repeat(widths[column] - cell.width());
            text.extend(if column == 0 { [cell.as_str(), &gap, ""] } else { ["  ", &gap, cell] });
        }
        text.push('\n');
    }
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
