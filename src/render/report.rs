//! A report as JSON for programs, as CSV for spreadsheets, and as a table for a terminal.
//!
//! It owns the names and the order of columns. It must not know how figures are counted.

use super::spreadsheet;
use crate::survey::answers::{Counts, REASONS};
use crate::survey::report::{Before, By, Figures, Group, Key, Report};
use crate::survey::wording::{rounded, tenths};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;
use unicode_width::UnicodeWidthStr;

/// The columns of a group's figures, in their order.
const FIGURES: [&str; 19] = [
    "asked",
    "answered",
    "response_rate",
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
/// The columns of what a row stands for: two a part of the cut.
const KEYS: [&str; 4] = ["id", "name", "second_id", "second_name"];
/// The table's columns after CSAT.
const TABLE: [&str; 13] = [
    "ratings",
    "😠",
    "🙁",
    "😐",
    "😀",
    "🤩",
    "asked",
    "answered",
    "response",
    "held",
    "unconfirmed",
    "waiting",
    "failed",
];

/// The report of the HTTP contract.
#[must_use]
pub fn json(report: &Report) -> Value {
    let row = |group: &Group| {
        let values = group.keys.iter().flat_map(|key| [json!(key.id), json!(key.name)]);
        let keys = KEYS.iter().map(|name| (*name).to_owned()).zip(values);
        let mut row: Map<_, _> = keys.chain(figures_json(&group.figures)).collect();
        add_ticks(&mut row, &group.ticks);
        row.extend(group.before.as_ref().map(|before| ("before".to_owned(), figures_json(before).into())));
        row
    };
    let mut total = figures_json(&report.total);
    add_ticks(&mut total, &report.total_ticks);
    let mut json = json!({
        "from": report.from.to_string(), "to": report.to.to_string(), "by": report.cut.to_string(),
        "total": total, "rows": report.rows.iter().map(row).collect::<Vec<_>>(),
    });
    if let Some(Before { from, to, total }) = &report.before {
        let total = figures_json(total);
        json["before"] = json!({"from": from.to_string(), "to": to.to_string(), "total": total});
    }
    json
}

/// `reasons` has the count of each reason, `answers` those of the operator's own questions.
fn add_ticks(row: &mut Map<String, Value>, ticks: &Counts) {
    let mut ticks = ticks.clone();
    row.insert("reasons".into(), json!(ticks.remove(REASONS).unwrap_or_default()));
    row.insert("answers".into(), json!(ticks));
}

/// Every choice that was ticked: its question and its key.
fn choices(report: &Report) -> impl Iterator<Item = (&str, &str)> {
    report.total_ticks.iter().flat_map(|(question, counts)| ticked(question, counts))
}

fn ticked<'r>(question: &'r str, counts: &'r BTreeMap<String, u64>) -> impl Iterator<Item = (&'r str, &'r str)> {
    counts.keys().map(move |choice| (question, choice.as_str()))
}

fn count(ticks: &Counts, (question, choice): (&str, &str)) -> String {
    ticks.get(question).and_then(|counts| counts.get(choice)).unwrap_or(&0).to_string()
}

fn figures_json(figures: &Figures) -> Map<String, Value> {
    let [phone_young, phone_later, other_young, other_later] = figures.unconfirmed_by;
    let json = json!({
        "asked": figures.asked, "answered": figures.answered, "response_rate": figures.response_rate(),
        "ratings": figures.ratings(), "positive": figures.positive, "csat": figures.csat(), "scores": figures.scores,
        "held": figures.held, "unconfirmed": figures.unconfirmed, "waiting": figures.waiting, "failed": figures.failed,
        "unconfirmed_phone_young": phone_young, "unconfirmed_phone_later": phone_later,
        "unconfirmed_other_young": other_young, "unconfirmed_other_later": other_later,
    });
    if let Value::Object(json) = json { json } else { Map::new() }
}

/// The rows as CSV with a line of names, all texts in quotes. A report beside the period before has its figures too, such
/// as `before_csat`, unless it is cut by time. The last columns are one for each choice that was ticked in the period, such
/// as `reasons.slow`. Where a spreadsheet would see a formula there is a `'`.
///
/// # Errors
/// None that is known: the text is written to memory.
pub fn csv(report: &Report) -> Result<String, csv::Error> {
    let keys = &KEYS[..2 * report.cut.parts().count()];
    let compared = report.before.is_some() && !report.cut.has_time();
    let before = FIGURES.iter().filter(|_| compared).map(|name| format!("before_{name}"));
    let ticked = choices(report).map(|(question, choice)| format!("{question}.{choice}"));
    let first = keys.iter().chain(&FIGURES).map(|name| (*name).to_owned());
    let names = first.chain(before).chain(ticked).collect();
    let line = |row: &Group| -> Vec<String> {
        let keys = row.keys.iter().flat_map(|key| [&key.id, &key.name]).map(|text| text.clone().unwrap_or_default());
        let before = row.before.iter().flat_map(cells);
        let counts = choices(report).map(|choice| count(&row.ticks, choice));
        keys.chain(cells(&row.figures)).chain(before).chain(counts).collect()
    };
    spreadsheet::csv([names].into_iter().chain(report.rows.iter().map(line)))
}

/// The figures of [`FIGURES`].
fn cells(figures: &Figures) -> [String; 19] {
    let share = |share: Option<f64>| share.map_or(String::new(), |share| format!("{:.4}", rounded(share, 4)));
    let [terrible, bad, okay, great, amazing] = figures.scores.map(|count| count.to_string());
    let [phone_young, phone_later, other_young, other_later] = figures.unconfirmed_by.map(|count| count.to_string());
    [
        figures.asked.to_string(),
        figures.answered.to_string(),
        share(figures.response_rate()),
        figures.ratings().to_string(),
        figures.positive.to_string(),
        share(figures.csat()),
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
    let mut text = format!("{} to {}, by {}", report.from, report.to, report.cut);
    if let Some(before) = &report.before {
        let _ = write!(text, "; before: {} to {}", before.from, before.to);
    }
    text.push_str("\n\n");
    let compared = report.before.is_some();
    let parts = report.cut.parts().count();
    let head = ["CSAT"].into_iter().chain(["before", "change"].into_iter().filter(|_| compared)).chain(TABLE);
    let rows = report.rows.iter().map(|row| (names(report, row), &row.figures, row.before.as_ref()));
    let total = (total_names(parts), &report.total, report.before.as_ref().map(|before| &before.total));
    let lines = rows.chain([total]).map(|(names, figures, before)| line(names, figures, before, compared));
    let lines: Vec<_> = [heads("", report, head.map(str::to_owned))].into_iter().chain(lines).collect();
    align(&mut text, &lines, parts);
    text.extend(split(&report.total));
    for (question, counts) in &report.total_ticks {
        let choices: Vec<_> = ticked(question, counts).collect();
        let line = |names: Vec<String>, ticks: &Counts| {
            let counts = choices.iter().map(|choice| count(ticks, *choice));
            names.into_iter().chain(counts).collect::<Vec<_>>()
        };
        let rows = report.rows.iter().filter(|row| row.ticks.contains_key(question));
        let rows = rows.map(|row| line(names(report, row), &row.ticks));
        let total = line(total_names(parts), &report.total_ticks);
        let head = heads(question, report, choices.iter().map(|(_, choice)| (*choice).to_owned()));
        let lines: Vec<_> = [head].into_iter().chain(rows).chain([total]).collect();
        text.push('\n');
        align(&mut text, &lines, parts);
    }
    text
}

/// The line of names: the title over the first column, and the second part of the cut over the second.
fn heads(title: &str, report: &Report, rest: impl Iterator<Item = String>) -> Vec<String> {
    let second = report.cut.parts().nth(1).map(|by| by.word().to_owned());
    [title.to_owned()].into_iter().chain(second).chain(rest).collect()
}

/// The names of the total, one a part of the cut.
fn total_names(parts: usize) -> Vec<String> {
    ["total", ""].into_iter().take(parts).map(str::to_owned).collect()
}

/// What people call a row: one name a part of the cut.
fn names(report: &Report, row: &Group) -> Vec<String> {
    let name = |(by, key): (By, &Key)| match (by, &key.name) {
        (By::Connection, Some(name)) if name.is_empty() => "(API)".to_owned(),
        (_, Some(name)) => name.clone(),
        (By::Tag, None) => "(no tag)".to_owned(),
        (By::Policy, None) => "(default)".to_owned(),
        (By::Channel | By::Language, None) => "(unknown)".to_owned(),
        (_, None) => "(unattributed)".to_owned(),
    };
    report.cut.parts().zip(&row.keys).map(name).collect()
}

/// Adds lines of as many cells each, the first of them to the left and the others to the right.
pub(super) fn align(text: &mut String, lines: &[Vec<String>], left: usize) {
    let width = |column: usize| lines.iter().map(|line| line[column].width()).max().unwrap_or_default();
    let widths: Vec<_> = (0..lines.first().map_or(0, Vec::len)).map(width).collect();
    for line in lines {
        for (column, cell) in line.iter().enumerate() {
            let gap = " ".repeat(widths[column] - cell.width());
            let space = if column == 0 { "" } else { "  " };
            text.extend(if column < left { [space, cell, &gap] } else { [space, &gap, cell] });
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

/// A share for a terminal, to a tenth of a percent.
pub(super) fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "-".to_owned(), |share| format!("{:.1} %", rounded(share * 100.0, 1)))
}

fn line(names: Vec<String>, figures: &Figures, before: Option<&Figures>, compared: bool) -> Vec<String> {
    let then = before.and_then(Figures::csat);
    let change = figures.csat().zip(then).map_or("-".into(), |(now, then)| format!("{:+.1}", tenths(now - then)));
    let [terrible, bad, okay, great, amazing] = figures.scores.map(|count| count.to_string());
    let Figures { asked, answered, held, unconfirmed, waiting, failed, .. } = figures;
    let [ratings, asked, answered] = [figures.ratings(), *asked, *answered].map(|count| count.to_string());
    let [held, unconfirmed, waiting, failed] = [held, unconfirmed, waiting, failed].map(ToString::to_string);
    let response = percent(figures.response_rate());
    let compared = compared.then(|| [percent(then), change]).into_iter().flatten();
    let rest =
        [ratings, terrible, bad, okay, great, amazing, asked, answered, response, held, unconfirmed, waiting, failed];
    names.into_iter().chain([percent(figures.csat())]).chain(compared).chain(rest).collect()
}

#[cfg(test)]
mod tests;
