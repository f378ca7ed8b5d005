//! Targets for CSAT: which one holds for a period, and whether the ratings meet it.
//!
//! A target holds for everybody, for one team or for one teammate, and for nobody else: a team without one of its own has
//! none. It holds from a local day on, until the next target for the same takes effect. A period is measured by the target
//! that holds on its last day, also if another one held at its start. It must not know where targets are configured.

use super::access::Within;
use super::interval::{FEWEST_TO_RANK, Interval};
use super::span::Span;
use super::words::words;
use chrono::NaiveDate;

/// A share of positive ratings that a team wants to reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// In percent, 1 to 100.
    pub csat: u8,
    /// The first local day that it holds on.
    pub from: NaiveDate,
    /// Whose it is: one team's, one teammate's, or, of neither, everybody's together.
    pub whose: Within,
}

words! {
    /// Whether ratings meet a target.
    pub enum Verdict {
        /// The share reaches the target.
        Met = "met",
        /// The share is below the target.
        Missed = "missed",
        /// There are so few ratings that the share says little.
        TooFew = "too few ratings to say",
    }
}

/// The target of a period, and what held before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holding<'t> {
    /// The one that holds on the last day.
    pub target: &'t Target,
    /// The one that held on the first day, if that was another.
    pub before: Option<&'t Target>,
    /// Whether it took effect after the first day.
    pub is_new: bool,
}

/// Finds the target that holds for a period; `None` if there is none for exactly these.
#[must_use]
pub fn holding<'t>(targets: &'t [Target], whose: &Within, span: Span) -> Option<Holding<'t>> {
    let on = |day: NaiveDate| {
        let begun = targets.iter().filter(|target| target.whose == *whose && target.from <= day);
        begun.max_by_key(|target| target.from)
    };
    let (target, first) = (on(span.last)?, on(span.first));
    Some(Holding { target, before: first.filter(|first| *first != target), is_new: target.from > span.first })
}

impl Target {
    /// Whether `positive` ratings of `all` meet it. With at least [`FEWEST_TO_RANK`] ratings the share itself decides. With
    /// fewer it decides only if the target is outside of the share's 95 % interval.
    #[must_use]
    pub fn verdict(&self, positive: u64, all: u64) -> Verdict {
        let Some(Interval { low, high, .. }) = Interval::wilson(positive, all) else { return Verdict::TooFew };
        let target = f64::from(self.csat) / 100.0;
        if all < FEWEST_TO_RANK && low < target && target <= high {
            return Verdict::TooFew;
        }
        // In whole numbers, so that 29 of 50 reach 58 %.
        if u128::from(positive) * 100 >= u128::from(self.csat) * u128::from(all) {
            Verdict::Met
        } else {
            Verdict::Missed
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

    fn team(name: &str) -> Within {
        Within { team: Some(name.to_owned()), teammate: None }
    }

    fn target(csat: u8, from: &str, whose: Within) -> Target {
        Target { csat, from: day(from), whose }
    }

    fn of(csat: u8) -> Target {
        target(csat, "2026-01-01", Within::default())
    }

    #[test]
    fn the_target_of_the_last_day_holds() {
        let targets = [
            target(90, "2026-07-01", Within::default()),
            target(85, "2026-01-01", Within::default()),
            target(70, "2026-02-01", team("Billing")),
        ];
        let csat = |whose: &Within, first, last| {
            let found = holding(&targets, whose, Span { first: day(first), last: day(last) });
            found.map(|held| (held.target.csat, held.before.map(|before| before.csat), held.is_new))
        };
        let all = Within::default();
        assert_eq!(csat(&all, "2025-11-01", "2025-12-31"), None, "before the first one");
        assert_eq!(csat(&all, "2025-12-01", "2026-01-01"), Some((85, None, true)));
        assert_eq!(csat(&all, "2026-01-01", "2026-06-30"), Some((85, None, false)));
        assert_eq!(csat(&all, "2026-06-30", "2026-07-01"), Some((90, Some(85), true)));
        assert_eq!(csat(&all, "2026-07-01", "2026-07-01"), Some((90, None, false)));
        assert_eq!(csat(&team("Billing"), "2026-07-01", "2026-07-31"), Some((70, None, false)));
        assert_eq!(csat(&team("Sales"), "2026-07-01", "2026-07-31"), None, "everybody's is no team's");
    }

    #[test]
    fn few_ratings_say_something_only_if_they_say_it_clearly() {
        for (csat, positive, all, verdict) in [
            (90, 0, 0, Verdict::TooFew),
            (90, 3, 3, Verdict::TooFew),
            (90, 0, 3, Verdict::Missed),
            (40, 3, 3, Verdict::Met),
            (80, 15, 19, Verdict::TooFew),
            (80, 16, 20, Verdict::Met),
            (81, 16, 20, Verdict::Missed),
            (58, 29, 50, Verdict::Met),
            (100, 20, 20, Verdict::Met),
            (100, 9_999, 10_000, Verdict::Missed),
        ] {
            assert_eq!(of(csat).verdict(positive, all), verdict, "{positive} of {all} for {csat} %");
        }
    }

    /// How good a verdict is for the team.
    fn rank(verdict: Verdict) -> u8 {
        match verdict {
            Verdict::Missed => 0,
            Verdict::TooFew => 1,
            Verdict::Met => 2,
        }
    }

    proptest! {
        #[test]
        fn a_verdict_says_what_the_share_says(csat in 1..=100u8, positive in 0..200u64, rest in 0..200u64) {
            let all = positive + rest;
            let verdict = of(csat).verdict(positive, all);
            let reached = positive * 100 >= u64::from(csat) * all;
            match verdict {
                Verdict::Met => prop_assert!(reached && all > 0),
                Verdict::Missed => prop_assert!(!reached),
                Verdict::TooFew => prop_assert!(all < FEWEST_TO_RANK),
            }
        }

        #[test]
        fn a_better_score_and_a_lower_target_never_make_it_worse(
            csat in 1..100u8, positive in 0..60u64, rest in 1..60u64,
        ) {
            let all = positive + rest;
            let verdict = rank(of(csat).verdict(positive, all));
            prop_assert!(rank(of(csat).verdict(positive + 1, all)) >= verdict);
            prop_assert!(rank(of(csat + 1).verdict(positive, all)) <= verdict);
        }
    }
}
