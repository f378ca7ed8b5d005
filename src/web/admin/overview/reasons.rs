//! What customers ticked: each reason, and each answer to the operator's own question, by count and share.
//!
//! It must not know which ticks count.

use super::table::called;
use crate::render::chart;
use crate::survey::answers::Offered;
use crate::survey::report::{self, By, Group, Report};
use crate::web::admin::bar;
use crate::web::admin::page::{count, share};

/// How many groups the tables by a cut have: those with the most ticks.
const FIRST_ROWS: usize = 25;

/// All questions.
pub(super) struct Reasons {
    pub(super) by: &'static str,
    pub(super) questions: Vec<Question>,
}

/// One question.
pub(super) struct Question {
    pub(super) title: String,
    /// Each choice: its words, its count, its share of all ratings, and that share as a bar.
    pub(super) choices: Vec<(String, String, String, String)>,
    /// Each group of the cut: its name, and the count and share of each choice.
    pub(super) rows: Vec<(String, Vec<String>)>,
    /// Whether there are more groups.
    pub(super) is_cut: bool,
}

impl Reasons {
    /// What was ticked in a report; `None` if nothing was.
    pub(super) fn of(offered: &Offered, report: &Report, by: By) -> Option<Self> {
        let question = |(key, ticked): (&String, &std::collections::BTreeMap<String, u64>)| {
            let mut choices: Vec<_> = ticked.iter().collect();
            choices.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
            let keys: Vec<&str> = choices.iter().map(|(key, _)| key.as_str()).collect();
            let mut groups: Vec<_> = report.rows.iter().map(|row| (ticks(row, key), row)).collect();
            groups.retain(|(ticks, _)| *ticks > 0);
            groups.sort_by_key(|(ticks, _)| std::cmp::Reverse(*ticks));
            let is_cut = groups.len() > FIRST_ROWS;
            let all = report.total.ratings();
            Question {
                title: offered.title(key).to_owned(),
                choices: choices
                    .iter()
                    .map(|(choice, ticks)| line(offered.words(key, choice).to_owned(), **ticks, all))
                    .collect(),
                rows: groups.into_iter().take(FIRST_ROWS).map(|(_, row)| cells(by, row, key, &keys)).collect(),
                is_cut,
            }
        };
        let questions: Vec<_> = report.total_ticks.iter().map(question).collect();
        (!questions.is_empty()).then_some(Self { by: bar::title(by), questions })
    }
}

/// How much was ticked for a question in a row.
fn ticks(row: &Group, question: &str) -> u64 {
    row.ticks.get(question).map(|ticked| ticked.values().sum()).unwrap_or_default()
}

fn line(words: String, ticks: u64, all: u64) -> (String, String, String, String) {
    (words, count(ticks), share(ticks, all), chart::part(report::share(ticks, all).unwrap_or_default()))
}

fn cells(by: By, row: &Group, question: &str, keys: &[&str]) -> (String, Vec<String>) {
    let ticked = row.ticks.get(question);
    let cell = |key: &&str| {
        let ticks = ticked.and_then(|ticked| ticked.get(*key)).copied().unwrap_or_default();
        match ticks {
            0 => count(0),
            ticks => format!("{} ({})", count(ticks), share(ticks, row.figures.ratings())),
        }
    };
    (called(by, row).to_owned(), keys.iter().map(cell).collect())
}
