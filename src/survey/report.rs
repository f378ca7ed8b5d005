//! What the team reads: the figures of a group, its CSAT, and the period they are taken over.
//!
//! The meaning of rows is in `cut`, lists of ratings are in `list`. It must not know how figures are counted (the
//! `report_*` views define that), nor how they are shown.

pub mod cut;
mod list;
pub mod proof;

use super::answers::Counts;
use super::interval::Interval;
use super::opening::Opening;
use super::{Time, stamp};
use chrono::{DateTime, Days, NaiveDate, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
pub use cut::{By, Cut, Filters};
pub use list::{LONGEST_SOUGHT, Listing, RatingRow, Ratings, RatingsQuery, Sought};
use std::collections::BTreeMap;

/// How many local days a report covers unless told otherwise, today included.
pub const USUAL_DAYS: u64 = 30;

/// Which report to make.
#[derive(Clone, Debug, Default)]
pub struct ReportQuery {
    /// What the rows stand for.
    pub cut: Cut,
    /// A local day or an instant; `None` for the usual start ([`usual_bounds`]).
    pub from: Option<Bound>,
    /// A local day, included, or an instant, not included; `None` for today.
    pub to: Option<Bound>,
    /// Of which part of all surveys.
    pub filters: Filters,
    /// Beside the period before.
    pub compare: bool,
    /// The two ends of another period to compare with than the [usual one](cut::before).
    pub other: Option<(Bound, Bound)>,
}

/// A report.
#[derive(Clone, Debug)]
pub struct Report {
    /// What the rows stand for.
    pub cut: Cut,
    /// The first local day, or instant, that it covers.
    pub from: Bound,
    /// The last local day that it covers, or the instant it ends at.
    pub to: Bound,
    /// Everything that the rows count, each survey once.
    pub total: Figures,
    /// What customers ticked beside the ratings of the total.
    pub total_ticks: Counts,
    /// One row a group that has any figures, and those of days, weeks or months that have none ([`cut::arrange`]).
    pub rows: Vec<Group>,
    /// The period before, if that was asked for.
    pub before: Option<Before>,
}

/// The period before that of a report.
#[derive(Clone, Debug)]
pub struct Before {
    /// Its first local day, or instant.
    pub from: Bound,
    /// Its last local day, or the instant it ends at.
    pub to: Bound,
    /// Its total.
    pub total: Figures,
}

/// What is counted of a period.
#[derive(Clone, Debug, Default)]
pub struct Counted {
    /// One row a group that has any figures.
    pub rows: Vec<Group>,
    /// Everything, each survey once.
    pub total: Figures,
    /// What was ticked beside the ratings of the total.
    pub total_ticks: Counts,
}

/// One row of a report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// What it stands for: one a part of the cut.
    pub keys: Vec<Key>,
    /// Its figures.
    pub figures: Figures,
    /// What its customers ticked.
    pub ticks: Counts,
    /// Its figures in the period before, if that was asked for and no part of the cut is a time.
    pub before: Option<Figures>,
}

/// One part of what a row stands for.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The teammate's id, or the name of the team, the tag, the day and so on; `None` for what has none.
    pub id: Option<String>,
    /// What people call it.
    pub name: Option<String>,
}

impl Key {
    /// What is called by its id.
    #[must_use]
    pub fn of(id: &str) -> Self {
        Self { id: Some(id.to_owned()), name: Some(id.to_owned()) }
    }
}

impl Counted {
    /// Lays the period before beside the rows. A group that has figures in that period only becomes a row too.
    pub fn compare(&mut self, before: Vec<Group>) {
        let mut before: BTreeMap<_, _> = before.into_iter().map(|row| (row.ids(), row)).collect();
        for row in &mut self.rows {
            row.before = Some(before.remove(&row.ids()).map(|then| then.figures).unwrap_or_default());
        }
        let gone = |then: Group| Group { keys: then.keys, before: Some(then.figures), ..Group::default() };
        self.rows.extend(before.into_values().map(gone));
    }
}

impl Group {
    /// The ids of its keys.
    #[must_use]
    pub fn ids(&self) -> Vec<Option<String>> {
        self.keys.iter().map(|key| key.id.clone()).collect()
    }
}

/// The figures of one group in one period.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Surveys whose mail was accepted in the period.
    pub asked: u64,
    /// Those of them that are rated or locked by now.
    pub answered: u64,
    /// Those of them that are held by now.
    pub held: u64,
    /// Those of them that a person seems to have opened and that have no rating.
    pub unconfirmed: u64,
    /// Those of them by who opened them, in the order of [`Opening::SPLIT`]. The rest was opened before the service noted
    /// who.
    pub unconfirmed_by: [u64; Opening::SPLIT.len()],
    /// Surveys whose mail was to go out in the period, and waits.
    pub waiting: u64,
    /// Surveys whose mail was to go out in the period, and failed.
    pub failed: u64,
    /// Standing ratings given in the period, with scores of the positive set.
    pub positive: u64,
    /// Standing ratings given in the period, one number a score, worst first.
    pub scores: [u64; 5],
}

impl Figures {
    /// Adds another group's figures.
    pub fn add(&mut self, other: &Self) {
        self.asked += other.asked;
        self.answered += other.answered;
        self.held += other.held;
        self.unconfirmed += other.unconfirmed;
        self.waiting += other.waiting;
        self.failed += other.failed;
        self.positive += other.positive;
        add_each(&mut self.unconfirmed_by, other.unconfirmed_by);
        add_each(&mut self.scores, other.scores);
    }

    /// Standing ratings given in the period.
    #[must_use]
    pub fn ratings(&self) -> u64 {
        self.scores.iter().sum()
    }

    /// The share of positive ratings, 0 to 1; `None` without a rating.
    #[must_use]
    pub fn csat(&self) -> Option<f64> {
        share(self.positive, self.ratings())
    }

    /// The same with its interval.
    #[must_use]
    pub fn csat_interval(&self) -> Option<Interval> {
        Interval::wilson(self.positive, self.ratings())
    }

    /// The share of those asked in the period who answered by now, 0 to 1; `None` if nobody was asked.
    #[must_use]
    pub fn response_rate(&self) -> Option<f64> {
        share(self.answered, self.asked)
    }
}

/// The share of a part, 0 to 1; `None` of nothing.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "nobody counts 2^52 surveys")]
pub fn share(part: u64, of: u64) -> Option<f64> {
    (of > 0).then(|| part as f64 / of as f64)
}

fn add_each<const N: usize>(mine: &mut [u64; N], others: [u64; N]) {
    for (mine, others) in mine.iter_mut().zip(others) {
        *mine += others;
    }
}

/// What is wrong with a period that ends before it begins.
pub const BACKWARD: &str = "the period ends before it begins: expected from at or before to";
/// What is wrong with a period that leaves the calendar.
pub const NO_YEARS: &str = "the period leaves the calendar: expected years that people live in";

/// A stretch of time, half open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// The first moment.
    pub from: Time,
    /// The first moment after it.
    pub until: Time,
}

/// One end of a period, as a caller names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// A local day, included whole.
    Day(NaiveDate),
    /// An instant.
    Instant(Time),
}

impl std::fmt::Display for Bound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Day(day) => day.fmt(f),
            Self::Instant(time) => stamp(*time).fmt(f),
        }
    }
}

impl std::str::FromStr for Bound {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").map(Bound::Day);
        let instant = || DateTime::parse_from_rfc3339(text).map(|time| Bound::Instant(time.with_timezone(&Utc)));
        day.or_else(|_| instant())
            .map_err(|_| format!("{text:?}: expected a day such as 2026-11-22, or an RFC 3339 time with its zone"))
    }
}

impl Period {
    /// The period between two ends: a day counts whole in the zone, an instant ends it exactly. Ends that are left out
    /// are those of [`usual_bounds`].
    ///
    /// # Errors
    /// A period that ends before it begins, or leaves the calendar, in a sentence.
    pub fn between(from: Option<Bound>, to: Option<Bound>, now: Time, zone: Tz) -> Result<Self, String> {
        let start = |bound| match bound {
            Bound::Day(day) => day_start(day, zone),
            Bound::Instant(time) => Some(time),
        };
        let end = |bound| match bound {
            Bound::Day(day) => day.succ_opt().and_then(|next| day_start(next, zone)),
            Bound::Instant(time) => Some(time),
        };
        let bounds = usual_bounds(from, to, now, zone);
        let reversed = matches!(bounds, Some((Bound::Day(from), Bound::Day(to))) if from > to);
        match bounds.and_then(|(from, to)| start(from).zip(end(to))) {
            Some((from, until)) if from <= until && !reversed => Ok(Self { from, until }),
            Some(_) => Err(BACKWARD.into()),
            None => Err(NO_YEARS.into()),
        }
    }
}

/// Both ends of a period: without an end it is the [`USUAL_DAYS`] up to and with today, or up to and with the day that
/// the other end names. `None` where that leaves the calendar.
#[must_use]
pub fn usual_bounds(from: Option<Bound>, to: Option<Bound>, now: Time, zone: Tz) -> Option<(Bound, Bound)> {
    let to = to.unwrap_or(Bound::Day(now.with_timezone(&zone).date_naive()));
    let last_day = match to {
        Bound::Day(day) => day,
        // The end itself is outside, so the last day is that of the moment before.
        Bound::Instant(time) => time.checked_sub_signed(TimeDelta::milliseconds(1))?.with_timezone(&zone).date_naive(),
    };
    let usual = || last_day.checked_sub_days(Days::new(USUAL_DAYS - 1)).map(Bound::Day);
    Some((from.or_else(usual)?, to))
}

/// The first moment of a local day; where a change of clocks leaves the hour out, the moment after the gap.
#[must_use]
pub fn day_start(day: NaiveDate, zone: Tz) -> Option<Time> {
    hour_start(day, 0, zone)
}

/// The first moment of an hour, 0 to 23, of a local day; where a change of clocks leaves it out, the moment after the gap.
#[must_use]
pub fn hour_start(day: NaiveDate, hour: u32, zone: Tz) -> Option<Time> {
    // Gaps of clocks are a whole day at the most (Samoa skipped one), and start at quarters of an hour.
    let start = day.and_hms_opt(hour, 0, 0)?;
    (0..=96).find_map(|quarter| {
        let local = start.checked_add_signed(TimeDelta::minutes(15 * quarter))?;
        zone.from_local_datetime(&local).earliest().map(|time| time.with_timezone(&Utc))
    })
}

#[cfg(test)]
mod tests;
