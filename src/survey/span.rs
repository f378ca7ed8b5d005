//! Stretches of local days: the usual periods of a report, the one to compare with, and the step of a trend.
//!
//! It must not know in which zone the days are, nor what is counted.

use super::report::{Bound, By};
use super::words::words;
use chrono::{Datelike, Days, Months, NaiveDate};

words! {
    /// A period that people choose by its name.
    pub enum Preset {
        /// The last seven days, today included.
        Week = "7d",
        /// The last thirty days, today included.
        ThirtyDays = "30d",
        /// The last ninety days, today included.
        NinetyDays = "90d",
        /// This month up to today.
        Month = "month",
        /// This quarter of the year up to today.
        Quarter = "quarter",
        /// This year up to today.
        Year = "year",
    }
}

/// Days in a row, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first day.
    pub first: NaiveDate,
    /// The last day, never before the first.
    pub last: NaiveDate,
}

/// The most points by day: more would touch each other.
const MOST_DAYS: i64 = 45;
/// The most points by week: a bit more than a year touches.
const MOST_WEEKS: i64 = 55;

impl Preset {
    /// Its days, up to and with `today`.
    #[must_use]
    pub fn span(self, today: NaiveDate) -> Span {
        let back = |days| today.checked_sub_days(Days::new(days)).unwrap_or(today);
        let first = match self {
            Self::Week => back(6),
            Self::ThirtyDays => back(29),
            Self::NinetyDays => back(89),
            Self::Month => today.with_day(1).unwrap_or(today),
            Self::Quarter => {
                let month = today.month0() / 3 * 3;
                today.with_day(1).and_then(|day| day.with_month0(month)).unwrap_or(today)
            }
            Self::Year => today.with_ordinal(1).unwrap_or(today),
        };
        Span { first, last: today }
    }

    /// How many months the whole of it has; `None` for a number of days.
    fn months(self) -> Option<Months> {
        match self {
            Self::Week | Self::ThirtyDays | Self::NinetyDays => None,
            Self::Month => Some(Months::new(1)),
            Self::Quarter => Some(Months::new(3)),
            Self::Year => Some(Months::new(12)),
        }
    }

    /// The days to compare with: of a month, a quarter or a year that many days from the start of the one before, so that
    /// like is compared with like; else as many days right before. `None` where that leaves the calendar.
    #[must_use]
    pub fn before(self, span: Span) -> Option<Span> {
        let whole = self.earlier(span)?;
        // The 31st day of a month may be missing in the one before.
        let last = whole.first.checked_add_days(Days::new(span.days().unsigned_abs() - 1))?;
        Some(Span { last: last.min(whole.last), ..whole })
    }

    /// The days to go back to: the whole month, quarter or year before, else as many days right before. `None` where that
    /// leaves the calendar.
    #[must_use]
    pub fn earlier(self, span: Span) -> Option<Span> {
        let Some(months) = self.months() else { return span.as_many_before() };
        Some(Span { first: span.first.checked_sub_months(months)?, last: span.first.pred_opt()? })
    }
}

impl Span {
    /// How many days.
    #[must_use]
    pub fn days(self) -> i64 {
        (self.last - self.first).num_days() + 1
    }

    /// Its two ends, as the query of a report has them.
    #[must_use]
    pub fn ends(self) -> (Bound, Bound) {
        (Bound::Day(self.first), Bound::Day(self.last))
    }

    /// The stretch right before it: of whole months as many whole months, else as many days. `None` where that leaves the
    /// calendar.
    #[must_use]
    pub fn before(self) -> Option<Self> {
        let Some(months) = self.whole_months() else { return self.as_many_before() };
        let first = self.first.checked_sub_months(Months::new(months))?;
        Some(Self { first, last: self.first.pred_opt()? })
    }

    fn as_many_before(self) -> Option<Self> {
        let first = self.first.checked_sub_days(Days::new(self.days().unsigned_abs()))?;
        Some(Self { first, last: self.first.pred_opt()? })
    }

    /// The stretch right after it, as [`before`](Self::before).
    #[must_use]
    pub fn after(self) -> Option<Self> {
        let first = self.last.succ_opt()?;
        let end = match self.whole_months() {
            Some(months) => first.checked_add_months(Months::new(months))?,
            None => first.checked_add_days(Days::new(self.days().unsigned_abs()))?,
        };
        Some(Self { first, last: end.pred_opt()? })
    }

    /// How many whole months it is, if it is.
    fn whole_months(self) -> Option<u32> {
        let next = self.last.succ_opt()?;
        let months = |day: NaiveDate| i64::from(day.year()) * 12 + i64::from(day.month0());
        let whole = self.first.day() == 1 && next.day() == 1;
        whole.then(|| u32::try_from(months(next) - months(self.first)).ok()).flatten()
    }

    /// The step of a trend whose points fit beside each other: a day, a week or a month.
    #[must_use]
    pub fn step(self) -> By {
        let fits = |step: &By| self.steps(*step) <= if *step == By::Day { MOST_DAYS } else { MOST_WEEKS };
        [By::Day, By::Week].into_iter().find(fits).unwrap_or(By::Month)
    }

    /// How many days, weeks or months it touches, at most.
    #[must_use]
    pub fn steps(self, step: By) -> i64 {
        match step {
            By::Week => self.days() / 7 + 2,
            By::Month => self.days() / 28 + 2,
            _ => self.days(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::survey::report::cut::stretch;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    fn span(first: &str, last: &str) -> Span {
        Span { first: day(first), last: day(last) }
    }

    #[test]
    fn presets_end_today_and_compare_like_with_like() {
        for (preset, first, before, earlier) in [
            (Preset::Week, "2026-05-25", ("2026-05-18", "2026-05-24"), "2026-05-24"),
            (Preset::ThirtyDays, "2026-05-02", ("2026-04-02", "2026-05-01"), "2026-05-01"),
            (Preset::NinetyDays, "2026-03-03", ("2025-12-03", "2026-03-02"), "2026-03-02"),
            (Preset::Month, "2026-05-01", ("2026-04-01", "2026-04-30"), "2026-04-30"),
            (Preset::Quarter, "2026-04-01", ("2026-01-01", "2026-03-02"), "2026-03-31"),
            (Preset::Year, "2026-01-01", ("2025-01-01", "2025-05-31"), "2025-12-31"),
        ] {
            let chosen = preset.span(day("2026-05-31"));
            assert_eq!(chosen, span(first, "2026-05-31"), "{preset}");
            assert_eq!(preset.before(chosen), Some(span(before.0, before.1)), "{preset}");
            assert_eq!(preset.earlier(chosen), Some(span(before.0, earlier)), "{preset}");
        }
    }

    #[test]
    fn thirty_days_stay_thirty_days_where_they_are_a_month() {
        let november = Preset::ThirtyDays.span(day("2026-11-30"));
        assert_eq!(november, span("2026-11-01", "2026-11-30"));
        assert_eq!(Preset::ThirtyDays.before(november), Some(span("2026-10-02", "2026-10-31")));
    }

    #[test]
    fn whole_months_move_by_whole_months_and_the_rest_by_days() {
        let quarter = span("2024-01-01", "2024-03-31");
        assert_eq!(quarter.before(), Some(span("2023-10-01", "2023-12-31")));
        assert_eq!(quarter.after(), Some(span("2024-04-01", "2024-06-30")));
        let week = span("2024-02-26", "2024-03-03");
        assert_eq!(
            (week.before(), week.after()),
            (Some(span("2024-02-19", "2024-02-25")), Some(span("2024-03-04", "2024-03-10")))
        );
        assert_eq!(Span { first: NaiveDate::MIN, last: NaiveDate::MIN }.before(), None);
        assert_eq!(Span { first: NaiveDate::MAX, last: NaiveDate::MAX }.after(), None);
    }

    proptest! {
        #[test]
        fn the_usual_step_leaves_room(from in 0..20_000u64, length in 1..4_000u64) {
            let first = NaiveDate::from_ymd_opt(2000, 1, 1).expect("a day") + Days::new(from);
            let span = Span { first, last: first + Days::new(length - 1) };
            let touched: BTreeSet<_> =
                span.first.iter_days().take_while(|day| *day <= span.last).map(|day| stretch(span.step(), day)).collect();
            prop_assert!(touched.len() <= 145);
            prop_assert!(i64::try_from(touched.len()).expect("few") <= span.steps(span.step()));
            let before = span.before().expect("in the calendar");
            prop_assert_eq!(before.last.succ_opt(), Some(span.first));
        }
    }
}
