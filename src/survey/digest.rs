//! The weekly digest: when it is due, which week it is about, and what is in it.
//!
//! It must not know how figures are counted, nor how the mail looks.

use super::Time;
use super::access::Within;
use super::fields::comparable;
use super::report::cut::stretch;
use super::report::{By, Figures, Group, RatingRow, hour_start};
use super::span::Span;
use chrono::{Datelike, Days, NaiveDate, TimeDelta, Weekday};
use chrono_tz::Tz;
use uuid::Uuid;

/// A digest that is later than this is left out, for example after a long outage: Monday's still helps on Wednesday, and
/// after that the next one is near.
pub const LATEST: TimeDelta = TimeDelta::days(2);
/// How many weeks the trend has, the one that the digest is about included: a quarter.
pub const WEEKS: u64 = 12;
/// How many comments of happy customers a digest has at most: enough to be glad about.
pub const MOST_HAPPY: u32 = 3;
/// How many comments of unhappy customers a digest has at most. A link leads to all.
pub const MOST_UNHAPPY: u32 = 8;

/// When a digest is due, once a week, in the zone of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// The day.
    pub day: Weekday,
    /// The hour, 0 to 23. Where a change of clocks leaves it out, the moment after the gap.
    pub hour: u32,
}

impl Schedule {
    /// The week that the latest digest is about, if that is due and not [too late](LATEST): the last whole week, Monday to
    /// Sunday, before the day that it is due on.
    #[must_use]
    pub fn due(self, now: Time, zone: Tz) -> Option<Span> {
        let today = now.with_timezone(&zone).date_naive();
        let since = today.weekday().days_since(self.day);
        let this = today.checked_sub_days(Days::new(since.into()))?;
        let days = [Some(this), this.checked_sub_days(Days::new(7))];
        let (day, at) = days.into_iter().flatten().find_map(|day| {
            let at = hour_start(day, self.hour, zone)?;
            (at <= now).then_some((day, at))
        })?;
        let week = week_of(day.checked_sub_days(Days::new(7))?);
        (now - at <= LATEST).then_some(week)
    }

    /// When the next digest is due, after this moment. `None` where that leaves the calendar.
    #[must_use]
    pub fn next(self, now: Time, zone: Tz) -> Option<Time> {
        let today = now.with_timezone(&zone).date_naive();
        let ahead = today.iter_days().take(8).filter(|day| day.weekday() == self.day);
        ahead.filter_map(|day| hour_start(day, self.hour, zone)).find(|at| *at > now)
    }
}

/// Who gets which digest. Each gets one mail a week.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subscription {
    /// The address, in the form that addresses are [compared](comparable) in.
    pub address: String,
    /// Of which part of the team.
    pub within: Within,
}

impl Subscription {
    /// The digest of a part of the team to an address, however that is written.
    #[must_use]
    pub fn new(address: &str, within: Within) -> Self {
        Self { address: comparable(address), within }
    }
}

/// A digest that is to be mailed. Its text is made when it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DigestMail {
    /// Names the mail, and its link to opt out.
    pub id: Uuid,
    /// To whom, and of what.
    pub subscription: Subscription,
    /// The Monday of the week that it is about.
    pub week: NaiveDate,
}

/// What a digest tells.
#[derive(Clone, Debug)]
pub struct Digest {
    /// The week, Monday to Sunday.
    pub week: Span,
    /// Of which part of the team.
    pub within: Within,
    /// What people call the teammate of that part.
    pub teammate: Option<String>,
    /// The first day of each of the last [`WEEKS`] weeks and its figures, this week's last.
    pub trend: Vec<(NaiveDate, Figures)>,
    /// What happy customers wrote, the best score first and the newest first among equals.
    pub happy: Vec<RatingRow>,
    /// What unhappy customers wrote, the newest first.
    pub unhappy: Vec<RatingRow>,
    /// Whether more of them wrote something.
    pub more_unhappy: bool,
    /// How many unhappy customers wait for somebody to follow up, in that part, of whatever week.
    pub open: u64,
}

impl Digest {
    /// The figures of the week.
    #[must_use]
    pub fn figures(&self) -> Figures {
        self.trend.last().map(|(_, figures)| figures.clone()).unwrap_or_default()
    }

    /// The figures of the week before.
    #[must_use]
    pub fn before(&self) -> Figures {
        self.trend.iter().rev().nth(1).map(|(_, figures)| figures.clone()).unwrap_or_default()
    }

    /// Whether there is nothing to tell: nobody was asked, nobody rated, and nobody waits for a follow-up.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let figures = self.figures();
        figures.asked + figures.ratings() + self.open == 0
    }
}

/// The Mondays of the last [`WEEKS`] weeks, this week's last.
#[must_use]
pub fn mondays(week: Span) -> Vec<NaiveDate> {
    let back = |weeks| week.first.checked_sub_days(Days::new(7 * weeks));
    (0..WEEKS).rev().filter_map(back).collect()
}

/// The trend of a digest about this week, from the rows of a report by week; weeks without a row have no figures.
#[must_use]
pub fn trend(week: Span, rows: &[Group]) -> Vec<(NaiveDate, Figures)> {
    let row = |name: &str| rows.iter().find(|row| row.keys.first().is_some_and(|key| key.id.as_deref() == Some(name)));
    let figures = |monday| row(&stretch(By::Week, monday)).map(|row| row.figures.clone()).unwrap_or_default();
    mondays(week).into_iter().map(|monday| (monday, figures(monday))).collect()
}

/// The week that a day is in.
#[must_use]
pub fn week_of(day: NaiveDate) -> Span {
    let monday = day.week(Weekday::Mon).checked_first_day().unwrap_or(day);
    Span { first: monday, last: monday.checked_add_days(Days::new(6)).unwrap_or(monday) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono_tz::{America, Australia, Europe};
    use proptest::prelude::*;

    fn time(text: &str) -> Time {
        text.parse().expect("a time")
    }

    fn due(schedule: Schedule, now: &str, zone: Tz) -> Option<(String, String)> {
        schedule.due(time(now), zone).map(|week| (week.first.to_string(), week.last.to_string()))
    }

    const MONDAY: Schedule = Schedule { day: Weekday::Mon, hour: 8 };

    #[test]
    fn a_digest_is_about_the_week_that_ended_and_is_due_from_its_hour_on() {
        let week = Some(("2026-11-16".to_owned(), "2026-11-22".to_owned()));
        for (now, told) in [
            ("2026-11-23T06:59:59Z", None),
            ("2026-11-23T07:00:00Z", week.clone()),
            ("2026-11-25T07:00:00Z", week.clone()),
            ("2026-11-25T07:00:01Z", None),
            ("2026-11-22T12:00:00Z", None),
        ] {
            assert_eq!(due(MONDAY, now, Europe::Berlin), told, "{now}");
        }
        // On another day it is about the last whole week too.
        for (day, now) in [(Weekday::Wed, "2026-11-25T12:00:00Z"), (Weekday::Sun, "2026-11-29T12:00:00Z")] {
            assert_eq!(due(Schedule { day, hour: 8 }, now, Tz::UTC), week, "{day}");
        }
        // The hour before midnight of a Monday is still Monday's on Tuesday.
        assert_eq!(due(Schedule { day: Weekday::Mon, hour: 23 }, "2026-11-24T01:00:00Z", Tz::UTC), week);
    }

    #[test]
    fn the_hour_is_that_of_the_clocks() {
        let sunday = |hour| Schedule { day: Weekday::Sun, hour };
        // Clocks went from 2 to 3: the hour that is missing is the one after the gap.
        for hour in [2, 3] {
            assert_eq!(due(sunday(hour), "2026-03-29T00:59:59Z", Europe::Berlin), None);
            assert!(due(sunday(hour), "2026-03-29T01:00:00Z", Europe::Berlin).is_some());
        }
        // Clocks went from 3 to 2: the hour that is there twice is its first.
        assert!(due(sunday(2), "2026-10-25T00:00:00Z", Europe::Berlin).is_some());
        assert_eq!(due(sunday(2), "2026-10-24T23:59:59Z", Europe::Berlin), None);
        // The first Monday of summer time comes an hour earlier.
        assert!(due(MONDAY, "2026-03-30T06:00:00Z", Europe::Berlin).is_some());
        assert!(due(MONDAY, "2026-03-22T21:30:00Z", Australia::Adelaide).is_some(), "half an hour, and summer time");
    }

    proptest! {
        #[test]
        fn between_two_digests_each_week_is_due_once(start in 0..200_000u32, hour in 0..24u32, day in 0..7u8) {
            let schedule = Schedule { day: Weekday::try_from(day).expect("one of seven"), hour };
            let now = time("2020-01-06T00:00:00Z") + TimeDelta::minutes(i64::from(start) * 17);
            for zone in [Tz::UTC, Europe::Berlin, America::St_Johns] {
                let next = schedule.next(now, zone).expect("in the calendar");
                prop_assert!(next > now && next - now <= TimeDelta::days(7) + TimeDelta::hours(1));
                let week = schedule.due(next, zone).expect("it is due when it is next");
                prop_assert!(week.days() == 7 && week.first.weekday() == Weekday::Mon);
                let after = schedule.next(next, zone).and_then(|after| schedule.due(after, zone)).expect("the next one");
                prop_assert_eq!(after.first, week.first + Days::new(7), "no week is left out");
                prop_assert_eq!(schedule.due(next + LATEST, zone), Some(week));
                prop_assert_eq!(schedule.due(next + LATEST + TimeDelta::milliseconds(1), zone), None);
            }
        }
    }
}
