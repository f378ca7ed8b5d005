//! How sure a share is: its 95 % interval, whether a change can be chance, and when there are too few ratings to rank.
//!
//! It must not know what the share is of.

/// The quantile of the normal distribution for 95 %.
const Z: f64 = 1.959_963_984_540_054;

/// Groups with fewer ratings are shown and not ranked. With 20 ratings and a CSAT of 80 %, the interval goes from 58 % to
/// 92 %, and one customer moves the figure by 5 points: below that, the order of rows says more about luck than about work.
pub const FEWEST_TO_RANK: u64 = 20;

/// A share and the interval that the true one is in, 19 times of 20. All three are from 0 to 1, in ascending order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The share itself.
    pub share: f64,
    /// The upper end.
    pub high: f64,
}

/// How far a share moved, from -1 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Change {
    /// The share now less the share before.
    pub by: f64,
    /// Whether the two could be the same share, seen through two random samples.
    pub maybe_chance: bool,
}

impl Interval {
    /// Wilson's score interval of `positive` in `all`, without correction for continuity. It never leaves 0 to 1, and it
    /// is honest about few ratings: three positive ones of three give 44 % to 100 %. `None` of none.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "nobody counts 2^52 ratings")]
    pub fn wilson(positive: u64, all: u64) -> Option<Self> {
        if all == 0 {
            return None;
        }
        let n = all as f64;
        let share = positive.min(all) as f64 / n;
        let scale = 1.0 / (1.0 + Z * Z / n);
        let middle = (share + Z * Z / (2.0 * n)) * scale;
        let half = Z * scale * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
        // Rounding may leave an end a hair inside of the share, or outside of 0 to 1.
        Some(Self { low: (middle - half).clamp(0.0, share), share, high: (middle + half).clamp(share, 1.0) })
    }

    /// How far the share moved since `before`. Newcombe's interval of the difference tells whether that can be chance.
    #[must_use]
    pub fn since(&self, before: &Self) -> Change {
        let by = self.share - before.share;
        let below = (self.share - self.low).hypot(before.high - before.share);
        let above = (self.high - self.share).hypot(before.share - before.low);
        Change { by, maybe_chance: by - below <= 0.0 && by + above >= 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn percent(positive: u64, all: u64) -> (f64, f64) {
        let interval = Interval::wilson(positive, all).expect("some");
        let round = |share: f64| (share * 10_000.0).round() / 100.0;
        (round(interval.low), round(interval.high))
    }

    /// The table of Newcombe 1998, "Two-sided confidence intervals for the single proportion", method 3.
    #[test]
    fn intervals_are_those_of_the_literature() {
        assert_eq!(percent(81, 263), (25.53, 36.62));
        assert_eq!(percent(15, 148), (6.24, 16.05));
        assert_eq!(percent(0, 20), (0.0, 16.11));
        assert_eq!(percent(1, 29), (0.61, 17.18));
        assert_eq!(percent(3, 3), (43.85, 100.0));
        assert_eq!(percent(16, 20), (58.4, 91.93), "as the reason of the threshold says");
        assert_eq!(Interval::wilson(0, 0), None);
    }

    /// The table of Newcombe 1998, "Interval estimation for the difference", method 10: 56/70 and 48/80.
    #[test]
    fn a_change_may_be_chance() {
        let of = |positive, all| Interval::wilson(positive, all).expect("some");
        let change = of(56, 70).since(&of(48, 80));
        assert!((change.by - 0.2).abs() < 1e-9 && !change.maybe_chance, "0.0524 to 0.3339");
        assert!(of(9, 10).since(&of(7, 10)).maybe_chance);
        assert!(of(5, 10).since(&of(5, 10)).maybe_chance);
        assert!(!of(10, 100).since(&of(90, 100)).maybe_chance);
    }

    proptest! {
        #[test]
        fn an_interval_holds_its_share_and_narrows_with_more_ratings(positive in 0..500u64, rest in 0..500u64) {
            prop_assume!(positive + rest > 0);
            let few = Interval::wilson(positive, positive + rest).expect("some");
            prop_assert!(0.0 <= few.low && few.low <= few.share && few.share <= few.high && few.high <= 1.0);
            let many = Interval::wilson(100 * positive, 100 * (positive + rest)).expect("some");
            prop_assert!(many.high - many.low < few.high - few.low);
            let mirrored = Interval::wilson(rest, positive + rest).expect("some");
            prop_assert!((mirrored.low - (1.0 - few.high)).abs() < 1e-9);
        }
    }
}
