//! Why nobody was asked: how many closings failed each rule, and what a rule means to those who read that.
//!
//! A closing that fails several rules counts once for each of them, and once in the total. An ask is no rule. The words
//! for the rules are in `meaning`. It must not know how closings are counted (`report_decisions` defines it), nor how
//! counts are shown.

mod meaning;

use super::access::Within;
use super::report::cut::stretch;
use super::report::{BACKWARD, By, Key, NO_YEARS, USUAL_DAYS};
use super::span::Span;
use super::words::words;
use chrono::{Days, NaiveDate};
pub use meaning::Meaning;
use std::cmp::Reverse;
use std::collections::BTreeMap;

words! {
    /// What each row of the counts stands for.
    #[derive(Default)]
    pub enum DecisionsBy {
        /// A rule that failed.
        #[default]
        Rule = "rule",
        /// The teammate's team at that time.
        Team = "team",
        /// The teammate who last wrote.
        Teammate = "teammate",
        /// The local day on which the closing was reported.
        Day = "day",
        /// The week of that day, as of ISO 8601.
        Week = "week",
        /// The month of that day.
        Month = "month",
    }
}

impl DecisionsBy {
    /// The stretch of time that it is, if it is one.
    #[must_use]
    pub const fn time(self) -> Option<By> {
        match self {
            Self::Day => Some(By::Day),
            Self::Week => Some(By::Week),
            Self::Month => Some(By::Month),
            Self::Rule | Self::Team | Self::Teammate => None,
        }
    }
}

/// Which decisions to count.
#[derive(Clone, Debug)]
pub struct DecisionsQuery {
    /// What each row stands for.
    pub by: DecisionsBy,
    /// The local days on which closings were reported.
    pub span: Span,
    /// Days to compare with.
    pub before: Option<Span>,
    /// Of this part of the team.
    pub within: Within,
}

/// How many closings were decided, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Decided {
    /// Closings that a survey was made for.
    pub asked: u64,
    /// Closings that nobody was asked about; of a rule, those that failed it.
    pub skipped: u64,
    /// Those of them that failed one rule only: without it they would have been asked about.
    pub only_reason: u64,
}

impl Decided {
    /// All closings.
    #[must_use]
    pub fn closings(&self) -> u64 {
        self.asked + self.skipped
    }

    /// Adds another count.
    pub fn add(&mut self, other: &Self) {
        self.asked += other.asked;
        self.skipped += other.skipped;
        self.only_reason += other.only_reason;
    }
}

/// Counts as they are read: the total, and one row a key that has any.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Each closing once.
    pub total: Decided,
    /// By rule, team or teammate, else by day.
    pub rows: BTreeMap<Key, Decided>,
}

/// One row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DecisionRow {
    /// What it stands for. The name of a rule says in a few words what kept customers from being asked.
    pub key: Key,
    /// Its counts.
    pub decided: Decided,
    /// Its counts in the days to compare with; `None` if there are none, and of a row that is a time.
    pub before: Option<Decided>,
}

/// Counts of decisions.
#[derive(Clone, Debug)]
pub struct Decisions {
    /// What each row stands for.
    pub by: DecisionsBy,
    /// The days that it covers.
    pub span: Span,
    /// Each closing once.
    pub total: Decided,
    /// Rules by how often they failed, the most frequent first; times in their order, also those without a closing; the
    /// rest by name.
    pub rows: Vec<DecisionRow>,
    /// The days to compare with, and their total.
    pub before: Option<(Span, Decided)>,
}

impl Decisions {
    /// Puts what was counted in order. `today` ends the rows of times.
    #[must_use]
    pub fn arrange(query: &DecisionsQuery, tally: Tally, before: Option<Tally>, today: NaiveDate) -> Self {
        let DecisionsQuery { by, span, .. } = *query;
        let total = tally.total;
        let earlier = query.before.zip(before.as_ref().map(|before| before.total));
        let rows = match by.time() {
            Some(by) => stretches(by, span, tally, today),
            None => beside(by, tally, before),
        };
        Self { by, span, total, rows, before: earlier }
    }
}

/// One row a stretch of the span, up to today.
fn stretches(by: By, span: Span, tally: Tally, today: NaiveDate) -> Vec<DecisionRow> {
    let days = span.first.iter_days().take_while(|day| *day <= span.last.min(today));
    let mut counts: BTreeMap<_, _> = days.map(|day| (stretch(by, day), Decided::default())).collect();
    for (key, decided) in tally.rows {
        let day = key.id.as_deref().and_then(|id| id.parse().ok());
        if let Some(day) = day {
            counts.entry(stretch(by, day)).or_default().add(&decided);
        }
    }
    let row = |(name, decided): (String, Decided)| DecisionRow { key: Key::of(&name), decided, before: None };
    counts.into_iter().map(row).collect()
}

/// Rows of rules, teams or teammates beside those of the days to compare with; a row that only these have is one too.
fn beside(by: DecisionsBy, tally: Tally, before: Option<Tally>) -> Vec<DecisionRow> {
    let compares = before.is_some();
    let mut then = before.unwrap_or_default().rows;
    let mut row = |(key, decided): (Key, Decided)| {
        let before = then.remove(&key).unwrap_or_default();
        DecisionRow { key, decided, before: compares.then_some(before) }
    };
    let mut rows: Vec<_> = tally.rows.into_iter().map(&mut row).collect();
    let gone = |(key, before)| DecisionRow { key, decided: Decided::default(), before: Some(before) };
    rows.extend(then.into_iter().map(gone));
    let skipped = |row: &DecisionRow| row.decided.skipped + row.before.map_or(0, |before| before.skipped);
    if by != DecisionsBy::Rule {
        rows.sort_by_cached_key(|row| (row.key.id.is_none(), row.key.name.clone(), row.key.id.clone()));
        return rows;
    }
    let rarest_last = |row: &DecisionRow| Reverse((row.decided.skipped, skipped(row)));
    rows.sort_by_cached_key(|row| (rarest_last(row), row.key.clone()));
    for row in &mut rows {
        row.key.name = row.key.id.as_deref().map(|word| Meaning::of(word).title.to_owned());
    }
    rows
}

/// The days between two ends, both included. Without an end it is the usual number of days up to today, or up to the day
/// that the other end names.
///
/// # Errors
/// Days that end before they begin, or leave the calendar, in a sentence.
pub fn span(from: Option<NaiveDate>, to: Option<NaiveDate>, today: NaiveDate) -> Result<Span, String> {
    let last = to.unwrap_or(today);
    let first = from.or_else(|| last.checked_sub_days(Days::new(USUAL_DAYS - 1)));
    match first {
        Some(first) if first <= last => Ok(Span { first, last }),
        Some(_) => Err(BACKWARD.into()),
        None => Err(NO_YEARS.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    fn tally(rows: &[(&str, u64)]) -> Tally {
        let row = |(id, skipped): &(&str, u64)| (Key::of(id), Decided { skipped: *skipped, ..Decided::default() });
        Tally { total: Decided { asked: 5, skipped: 9, only_reason: 1 }, rows: rows.iter().map(row).collect() }
    }

    fn query(by: DecisionsBy) -> DecisionsQuery {
        let span = Span { first: day("2026-11-01"), last: day("2026-11-30") };
        DecisionsQuery { by, span, before: span.before(), within: Within::default() }
    }

    #[test]
    fn rules_come_by_how_often_they_failed_beside_the_days_before() {
        let (now, then) =
            (tally(&[("stale", 2), ("too_short", 7), ("group", 2)]), tally(&[("bounced", 3), ("stale", 1)]));
        let counted = Decisions::arrange(&query(DecisionsBy::Rule), now, Some(then), day("2026-11-30"));
        let row = |row: &DecisionRow| {
            let before = row.before.expect("compared").skipped;
            (row.key.id.clone().expect("a rule"), row.decided.skipped, before)
        };
        let rows: Vec<_> = counted.rows.iter().map(row).collect();
        let expected = [("too_short", 7, 0), ("stale", 2, 1), ("group", 2, 0), ("bounced", 0, 3)];
        assert_eq!(rows, expected.map(|(rule, now, then)| (rule.to_owned(), now, then)));
        assert_eq!(counted.rows[0].key.name.as_deref(), Some("Too little was written"));
        assert_eq!(
            (counted.total.closings(), counted.before.map(|(span, _)| span.first)),
            (14, Some(day("2026-10-01")))
        );
    }

    #[test]
    fn times_have_no_gaps_and_end_today() {
        let counted = Decisions::arrange(
            &query(DecisionsBy::Week),
            tally(&[("2026-11-09", 2), ("2026-11-15", 1)]),
            None,
            day("2026-11-18"),
        );
        let rows: Vec<_> = counted.rows.iter().map(|row| (row.key.id.as_deref(), row.decided.skipped)).collect();
        let expected = [("2026-W44", 0), ("2026-W45", 0), ("2026-W46", 3), ("2026-W47", 0)];
        assert_eq!(rows, expected.map(|(week, count)| (Some(week), count)));
    }

    #[test]
    fn the_usual_period_is_thirty_days() {
        let today = day("2026-11-30");
        assert_eq!(span(None, None, today), Ok(Span { first: day("2026-11-01"), last: today }));
        assert_eq!(span(Some(today), Some(today), today), Ok(Span { first: today, last: today }));
        assert!(span(Some(today), Some(day("2026-11-29")), today).is_err());
        assert!(span(None, Some(NaiveDate::MIN), today).is_err());
    }
}
