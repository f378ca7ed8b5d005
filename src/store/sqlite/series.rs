//! The series of the roll-up: which there are, which of them a fact is summed in, and which answer a report.
//!
//! It owns the words of `rollup_series` and the stretches of `rollup`. It must not know how sums come into the tables.

use super::facts::{Fact, KEPT, SCORES, Tick, add_to};
use crate::survey::report::{By, Cut, Filters};
use chrono::{Datelike, Days, Months, NaiveDate};
use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

/// A kind of series: each of its values has one, or each pair of a value and a team.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    /// Its name in the column `cut`.
    pub(super) name: &'static str,
    /// What `value` is; `None` for all surveys.
    by: Option<By>,
    /// Whether `team` is the team; else it is empty.
    has_team: bool,
    /// Whether the sums of each team lie by themselves.
    pub(super) by_home: bool,
    /// Whether it has sums by week too. Those of one team by channel and so on are few at any length.
    has_weeks: bool,
}

const fn kind(name: &'static str, by: Option<By>, has_team: bool) -> Kind {
    Kind { name, by, has_team, by_home: has_team, has_weeks: !has_team }
}

/// All kinds.
pub(super) const KINDS: [Kind; 13] = [
    kind("all", None, false),
    kind("team", Some(By::Team), false),
    Kind { by_home: false, has_weeks: true, ..kind("teammate", Some(By::Teammate), true) },
    kind("channel", Some(By::Channel), false),
    kind("tag", Some(By::Tag), false),
    kind("policy", Some(By::Policy), false),
    kind("language", Some(By::Language), false),
    kind("connection", Some(By::Connection), false),
    kind("team channel", Some(By::Channel), true),
    kind("team tag", Some(By::Tag), true),
    kind("team policy", Some(By::Policy), true),
    kind("team language", Some(By::Language), true),
    kind("team connection", Some(By::Connection), true),
];

impl Kind {
    /// The kind that has all that a report is cut by and limited to; `None` if none has.
    pub(super) fn of(cut: Option<Cut>, filters: &Filters) -> Option<Self> {
        let cuts: Vec<_> = cut.into_iter().flat_map(Cut::parts).filter(|by| !by.is_time()).collect();
        let mut used: BTreeSet<_> = filters.all().map(|(by, _)| by).collect();
        // The rows of one tag have the other tags beside it.
        if cuts.contains(&By::Tag) && used.contains(&By::Tag) {
            return None;
        }
        used.extend(cuts);
        let team = used.remove(&By::Team);
        let by = match (used.len(), team) {
            (0, false) => None,
            (0, true) => Some(By::Team),
            (1, _) => used.pop_first(),
            _ => return None,
        };
        let fits = |kind: &&Self| kind.by == by && (kind.has_team || !team || by == Some(By::Team));
        KINDS.iter().find(fits).copied()
    }

    /// What a series stands for by a part of a cut that is no time.
    pub(super) fn key<'k>(self, by: By, value: &'k str, team: &'k str) -> Option<&'k str> {
        let key = if self.by == Some(by) { value } else { team };
        // The plain API is the connection with the empty name.
        (by == By::Connection || !key.is_empty()).then_some(key)
    }

    /// The values that filters demand of the columns `value` and `team`.
    pub(super) fn wanted(self, filters: &Filters) -> Vec<(&'static str, &str)> {
        let column = |by| if self.by == Some(by) { "value" } else { "team" };
        filters.all().map(|(by, value)| (column(by), value)).collect()
    }

    /// The lengths that it has sums of.
    fn levels(self) -> &'static [Level] {
        if self.has_weeks { &Level::ALL } else { &[Level::Day, Level::Month] }
    }

    /// The stretches that make up the days of a period, whatever the rows are cut by, in as few sums as may be.
    pub(super) fn stretches(self, first: NaiveDate, last: NaiveDate, time: Option<By>) -> Vec<Stretch> {
        let mut stretches = Vec::new();
        let levels: &[Level] = match (time, self.has_weeks) {
            (Some(By::Day), _) | (Some(By::Week), false) => &[],
            (Some(By::Week), true) => &[Level::Week],
            (Some(_), _) | (None, false) => &[Level::Month],
            (None, true) => &[Level::Month, Level::Week],
        };
        split(levels, first, last, &mut stretches);
        stretches
    }
}

/// How long the stretches of a sum are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Level {
    Day,
    Week,
    Month,
}

/// Sums of one length: of those that begin on these days, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) level: Level,
    pub(super) first: NaiveDate,
    pub(super) last: NaiveDate,
}

impl Level {
    /// All of them.
    pub(super) const ALL: [Self; 3] = [Self::Day, Self::Week, Self::Month];

    /// The first day of the stretch that holds a day.
    pub(super) fn start(self, day: NaiveDate) -> NaiveDate {
        match self {
            Self::Day => day,
            Self::Week => day - Days::new(u64::from(day.weekday().num_days_from_monday())),
            Self::Month => day - Days::new(u64::from(day.day0())),
        }
    }

    fn next(self, start: NaiveDate) -> NaiveDate {
        match self {
            Self::Day => start + Days::new(1),
            Self::Week => start + Days::new(7),
            Self::Month => start + Months::new(1),
        }
    }
}

/// Fills days with whole stretches of the first level, and what is left at both ends with the next ones.
fn split(levels: &[Level], first: NaiveDate, last: NaiveDate, stretches: &mut Vec<Stretch>) {
    if first > last {
        return;
    }
    let Some((level, shorter)) = levels.split_first() else {
        stretches.push(Stretch { level: Level::Day, first, last });
        return;
    };
    let start = level.start(first);
    let start = if start < first { level.next(start) } else { start };
    let end = level.start(last + Days::new(1));
    if start >= end {
        return split(shorter, first, last, stretches);
    }
    stretches.push(Stretch { level: *level, first: start, last: end - Days::new(1) });
    split(shorter, first, start - Days::new(1), stretches);
    split(shorter, end, last, stretches);
}

/// A day as the table has it.
pub(super) fn number(day: NaiveDate) -> i64 {
    i64::from(day.to_epoch_days())
}

/// The day of a number.
pub(super) fn day(number: i64) -> Option<NaiveDate> {
    NaiveDate::from_epoch_days(i32::try_from(number).ok()?)
}

/// What names a series: its kind, its value and its team, and the tick that its ratings have.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Name {
    pub(super) cut: Cow<'static, str>,
    pub(super) question: String,
    pub(super) value: String,
    pub(super) team: String,
    pub(super) choice: String,
}

/// Sums by series, level and first day.
pub(super) type Summed = HashMap<Name, HashMap<(Level, NaiveDate), [i64; KEPT]>>;

/// Adds a fact to every series that it belongs to.
pub(super) fn add(summed: &mut Summed, fact: &Fact) {
    add_as(summed, fact, None);
    add_ticks(summed, fact);
}

/// Adds a fact to the series of its ticks only.
pub(super) fn add_ticks(summed: &mut Summed, fact: &Fact) {
    fact.ticks.iter().for_each(|tick| add_as(summed, fact, Some(tick)));
}

fn add_as(summed: &mut Summed, fact: &Fact, tick: Option<&Tick>) {
    let (question, choice) = tick.cloned().unwrap_or_default();
    // Of a tick only the ratings are summed.
    let start = if tick.is_some() { SCORES } else { 0 };
    for kind in KINDS {
        let values = kind.by.map_or_else(|| vec![None], |by| fact.keys(by));
        let team = if kind.has_team { fact.keys(By::Team).first().copied().flatten() } else { None };
        for value in values {
            let name = Name {
                cut: kind.name.into(),
                question: question.clone(),
                value: value.unwrap_or_default().to_owned(),
                team: team.unwrap_or_default().to_owned(),
                choice: choice.clone(),
            };
            let sums = summed.entry(name).or_default();
            for level in kind.levels() {
                let sum = sums.entry((*level, level.start(fact.day))).or_default();
                add_to(&mut sum[start..], &fact.sums[start..KEPT]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn stretches_hold_each_day_once_and_split_no_row(
            first in 18_000..21_000i64,
            days in 0..900i64,
            kind in prop::sample::select(KINDS.to_vec()),
            time in prop::sample::select(vec![None, Some(By::Day), Some(By::Week), Some(By::Month)]),
        ) {
            let [first, last] = [first, first + days].map(|number| day(number).expect("a day"));
            let mut held = Vec::new();
            for Stretch { level, first, last } in kind.stretches(first, last, time) {
                prop_assert!(kind.levels().contains(&level), "{level:?} has no sums");
                let starts: BTreeSet<_> = first.iter_days().take_while(|day| *day <= last).map(|day| level.start(day)).collect();
                for start in starts.range(first..) {
                    let days: Vec<_> = start.iter_days().take_while(|day| level.start(*day) == *start).collect();
                    let row = |day: &NaiveDate| time.map(|by| crate::survey::report::cut::stretch(by, *day));
                    prop_assert!(days.iter().all(|day| row(day) == row(start)), "{start} {level:?} is in two rows");
                    held.extend(days);
                }
            }
            held.sort();
            prop_assert_eq!(held, first.iter_days().take_while(|day| *day <= last).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_long_period_is_few_sums() {
        let count = |first, last| {
            let [first, last] = [first, last].map(|day: &str| day.parse().expect("a day"));
            let stretches = KINDS[2].stretches(first, last, None);
            let length = |stretch: &Stretch| match stretch.level {
                Level::Day => (stretch.last - stretch.first).num_days() + 1,
                Level::Week => ((stretch.last - stretch.first).num_days() + 1) / 7,
                Level::Month => {
                    i64::from(stretch.last.year() - stretch.first.year()) * 12 + i64::from(stretch.last.month())
                        - i64::from(stretch.first.month())
                        + 1
                }
            };
            stretches.iter().map(length).sum::<i64>()
        };
        assert_eq!(count("2026-11-01", "2026-11-30"), 1);
        assert_eq!(count("2026-10-29", "2026-11-27"), 12);
        assert_eq!(count("2024-11-28", "2026-11-27"), 35);
    }
}
