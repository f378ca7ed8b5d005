//! What the rows of a report stand for: a teammate, a tag, a month, or two of such at once.
//!
//! A report is cut by one or two of [`By`]. A mail or a rating counts in one row, but by tag in one for each tag, so the
//! rows of a cut by tag can add up to more than the total. A row without an id holds what is attributed to nobody, or has
//! no tag, channel or language. A cut by time also has the days, weeks or months of its period in which nothing happened,
//! so that a chart has no gaps. Filters combine: each must hold. It must not know where figures come from.

use super::{Bound, Group, Key, Period, day_start};
use crate::survey::Time;
use crate::survey::access::Within;
use crate::survey::span::Span;
use crate::survey::words::words;
use chrono::{Days, NaiveDate, TimeDelta};
use chrono_tz::Tz;
use std::collections::BTreeSet;

/// The first local day that reports know. Afterword is younger.
pub const FIRST_DAY: NaiveDate = NaiveDate::from_ymd_opt(2020, 1, 1).expect("a day of the calendar");
/// A report cut by two gets no rows without data if that makes more rows than this: nobody reads them, and they take
/// memory.
const MOST_ROWS: usize = 20_000;

words! {
    /// What one part of a report's rows stands for.
    #[derive(Default)]
    pub enum By {
        /// The teammate who counts for it.
        #[default]
        Teammate = "teammate",
        /// The teammate's team at that time.
        Team = "team",
        /// Where the conversation took place.
        Channel = "channel",
        /// Each label that the helpdesk gave the conversation.
        Tag = "tag",
        /// The policy that the closing named; without one it is the default policy.
        Policy = "policy",
        /// The language of the customer's locale.
        Language = "language",
        /// The configured helpdesk; empty for the plain API.
        Connection = "connection",
        /// The local day.
        Day = "day",
        /// The week of ISO 8601, such as 2026-W48.
        Week = "week",
        /// The month, such as 2026-11.
        Month = "month",
    }
}

impl By {
    /// Those that a filter can name: all but times, which the period limits.
    pub const FILTERS: [Self; 7] =
        [Self::Teammate, Self::Team, Self::Channel, Self::Tag, Self::Policy, Self::Language, Self::Connection];

    /// Whether it is a stretch of time.
    #[must_use]
    pub const fn is_time(self) -> bool {
        matches!(self, Self::Day | Self::Week | Self::Month)
    }
}

/// The name of the week, the month or, by anything else, the day that holds a local day.
#[must_use]
pub fn stretch(by: By, day: NaiveDate) -> String {
    match by {
        By::Week => day.format("%G-W%V").to_string(),
        By::Month => day.format("%Y-%m").to_string(),
        _ => day.to_string(),
    }
}

/// The first day of a stretch, by its name as [`stretch`] gives it; `None` if that is no name of one.
#[must_use]
pub fn start(by: By, name: &str) -> Option<NaiveDate> {
    match by {
        By::Week => NaiveDate::parse_from_str(&format!("{name}-1"), "%G-W%V-%u").ok(),
        By::Month => format!("{name}-01").parse().ok(),
        _ => name.parse().ok(),
    }
}

/// What the rows of a report stand for, one or two at once. Spelled `team` or `team,month`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cut {
    first: By,
    second: Option<By>,
}

impl Cut {
    /// Its parts, in their order.
    pub fn parts(self) -> impl Iterator<Item = By> {
        [Some(self.first), self.second].into_iter().flatten()
    }

    /// Whether one of its parts is this.
    #[must_use]
    pub fn has(self, by: By) -> bool {
        self.parts().any(|part| part == by)
    }

    /// Which of its parts is a time, and which time.
    fn time(self) -> Option<(usize, By)> {
        self.parts().enumerate().find(|(_, part)| part.is_time())
    }

    /// Whether one of its parts is a time.
    #[must_use]
    pub fn has_time(self) -> bool {
        self.time().is_some()
    }
}

impl From<By> for Cut {
    fn from(first: By) -> Self {
        Self { first, second: None }
    }
}

impl std::fmt::Display for Cut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.second {
            Some(second) => write!(f, "{},{second}", self.first),
            None => self.first.fmt(f),
        }
    }
}

impl std::str::FromStr for Cut {
    type Err = String;

    /// # Errors
    /// Anything but one word of [`By`], or two different ones with a comma between, of which at most one is a time.
    fn from_str(text: &str) -> Result<Self, String> {
        let Some((first, second)) = text.split_once(',') else { return Ok(text.parse::<By>()?.into()) };
        let (first, second): (By, By) = (first.parse()?, second.parse()?);
        if first == second || (first.is_time() && second.is_time()) {
            return Err(format!("{text:?}: expected two different cuts, at most one of them day, week or month"));
        }
        Ok(Self { first, second: Some(second) })
    }
}

/// Which part of all surveys a report covers. Each filter must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filters(Vec<(By, String)>);

impl Filters {
    /// Adds a filter if there is a value. An empty value keeps what has none: no teammate, no tag, the default policy, the
    /// plain API.
    #[must_use]
    pub fn and(mut self, by: By, value: Option<String>) -> Self {
        self.0.extend(value.map(|value| (by, value)));
        self
    }

    /// Adds the limits of a key.
    #[must_use]
    pub fn within(self, allowed: &Within) -> Self {
        self.and(By::Teammate, allowed.teammate.clone()).and(By::Team, allowed.team.clone())
    }

    /// All filters.
    pub fn all(&self) -> impl Iterator<Item = (By, &str)> {
        self.0.iter().map(|(by, value)| (*by, value.as_str()))
    }
}

/// Puts rows in their order, and adds those of stretches of time without data, up to today. Times are in their order;
/// other rows are by name, with those without an id last.
#[must_use]
pub fn arrange(mut rows: Vec<Group>, cut: Cut, period: Period, now: Time, zone: Tz) -> Vec<Group> {
    if let Some((place, by)) = cut.time() {
        let known: BTreeSet<_> = rows.iter().map(|row| row.keys.clone()).collect();
        // What a row has besides the time.
        let other = |row: &Group| row.keys.get(1 - place).cloned();
        let others: BTreeSet<Option<Key>> =
            if cut.second.is_some() { rows.iter().map(other).collect() } else { BTreeSet::from([None]) };
        let stretches = stretches(by, period, now, zone);
        let few = cut.second.is_none() || others.len().saturating_mul(stretches.len()) <= MOST_ROWS;
        for other in others.iter().filter(|_| few) {
            for stretch in &stretches {
                let mut keys: Vec<Key> = other.iter().cloned().collect();
                keys.insert(place, Key::of(stretch));
                if !known.contains(&keys) {
                    rows.push(Group { keys, ..Group::default() });
                }
            }
        }
    }
    let order = |key: &Key| (key.id.is_none(), key.name.clone(), key.id.clone());
    rows.sort_by_cached_key(|row| row.keys.iter().map(order).collect::<Vec<_>>());
    rows
}

/// The days, weeks or months of a period, from [`FIRST_DAY`] up to today. Days that the zone skipped are left out.
fn stretches(by: By, period: Period, now: Time, zone: Tz) -> BTreeSet<String> {
    let day = |time: Time| time.with_timezone(&zone).date_naive();
    let last = period.until.checked_sub_signed(TimeDelta::milliseconds(1)).map(day);
    let first = day(period.from).max(FIRST_DAY);
    let days = first.iter_days().take_while(|day| Some(*day) <= last && *day <= now.with_timezone(&zone).date_naive());
    let is_real = |day: &NaiveDate| {
        day_start(*day, zone) < day.checked_add_days(Days::new(1)).and_then(|next| day_start(next, zone))
    };
    days.filter(is_real).map(|day| stretch(by, day)).collect()
}

/// The two ends of the period before one: of days the [span before](Span::before); where an end is an instant, as much
/// time. `None` where that leaves the calendar.
#[must_use]
pub fn before(from: Bound, to: Bound, period: Period) -> Option<(Bound, Bound)> {
    let (Bound::Day(first), Bound::Day(last)) = (from, to) else {
        let start = period.from.checked_sub_signed(period.until - period.from)?;
        return Some((Bound::Instant(start), Bound::Instant(period.from)));
    };
    Span { first, last }.before().map(Span::ends)
}

#[cfg(test)]
mod tests;
