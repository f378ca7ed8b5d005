//! Stretches of local days: the usual periods of a report, the one to compare with, and a trend's steps.
//!
//! It must not know in which zone the days are, nor what is counted.

use super::report::Figures;
use super::words::words;
use chrono::{Datelike, Days, Months, NaiveDate, Weekday};
use std::collections::BTreeMap;

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

words! {
    /// What one point of a trend stands for.
    pub enum Step {
        /// A local day.
        Day = "day",
        /// A week from Monday to Sunday.
        Week = "week",
        /// A month.
        Month = "month",
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
/// The most points by week: a bit more than a year has.
const MOST_WEEKS: i64 = 54;

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

    /// The step whose points fit beside each other.
    #[must_use]
    pub fn step(self) -> Step {
        match self.days() {
            days if days <= MOST_DAYS => Step::Day,
            days if days <= 7 * MOST_WEEKS => Step::Week,
            _ => Step::Month,
        }
    }

    /// The first days of all steps that it touches, in order. The first of them may be before the span.
    #[must_use]
    pub fn steps(self, step: Step) -> Vec<NaiveDate> {
        let mut starts = vec![step.start(self.first)];
        while let Some(next) = starts.last().and_then(|start| step.next(*start)).filter(|next| *next <= self.last) {
            starts.push(next);
        }
        starts
    }

    /// The figures of each step, from those of days; steps without any data have empty ones.
    #[must_use]
    pub fn trend(self, step: Step, days: &BTreeMap<NaiveDate, Figures>) -> Vec<(NaiveDate, Figures)> {
        let mut steps: BTreeMap<_, _> = self.steps(step).into_iter().map(|at| (at, Figures::default())).collect();
        for (day, figures) in days.range(self.first..=self.last) {
            steps.entry(step.start(*day)).or_default().add(figures);
        }
        steps.into_iter().collect()
    }
}

impl Step {
    /// The first day of the step that a day is in.
    #[must_use]
    pub fn start(self, day: NaiveDate) -> NaiveDate {
        match self {
            Self::Day => day,
            Self::Week => day.week(Weekday::Mon).checked_first_day().unwrap_or(day),
            Self::Month => day.with_day(1).unwrap_or(day),
        }
    }

    fn next(self, start: NaiveDate) -> Option<NaiveDate> {
        match self {
            Self::Day => start.succ_opt(),
            Self::Week => start.checked_add_days(Days::new(7)),
            Self::Month => start.checked_add_months(Months::new(1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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

    #[test]
    fn a_trend_has_every_step_and_only_days_of_the_span() {
        let of = |score: usize| {
            let mut figures = Figures::default();
            figures.scores[score - 1] = 1;
            figures
        };
        let days = [("2026-02-28", 1), ("2026-03-01", 2), ("2026-03-09", 5), ("2026-03-16", 4)];
        let days: BTreeMap<_, _> = days.iter().map(|(at, score)| (day(at), of(*score))).collect();
        let trend = span("2026-03-01", "2026-03-15").trend(Step::Week, &days);
        let seen: Vec<_> = trend.iter().map(|(at, figures)| (at.to_string(), figures.scores)).collect();
        assert_eq!(
            seen,
            [
                ("2026-02-23".to_owned(), [0, 1, 0, 0, 0]),
                ("2026-03-02".to_owned(), [0; 5]),
                ("2026-03-09".to_owned(), [0, 0, 0, 0, 1])
            ]
        );
    }

    proptest! {
        #[test]
        fn the_usual_step_leaves_room_and_steps_touch_every_day(from in 0..20_000u64, length in 1..4_000u64) {
            let first = NaiveDate::from_ymd_opt(2000, 1, 1).expect("a day") + Days::new(from);
            let span = Span { first, last: first + Days::new(length - 1) };
            let starts = span.steps(span.step());
            prop_assert!(starts.len() <= 133 && starts.windows(2).all(|pair| pair[0] < pair[1]));
            prop_assert!(starts.contains(&span.step().start(span.last)) && starts[0] <= span.first);
            let before = span.before().expect("in the calendar");
            prop_assert_eq!(before.last.succ_opt(), Some(span.first));
        }
    }
}
