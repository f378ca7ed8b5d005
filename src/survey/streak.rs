//! How many happy customers a teammate had in a row.
//!
//! It must not know which scores are positive, nor whose ratings they are.

/// Positive ratings in a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Streak {
    /// Up to the newest rating: 0 if that one is not positive.
    pub now: usize,
    /// The most in a row anywhere; at least `now`.
    pub best: usize,
}

impl Streak {
    /// The streaks in ratings, newest first: whether each is positive.
    pub fn of(newest_first: impl IntoIterator<Item = bool>) -> Self {
        let (mut streak, mut run, mut unbroken) = (Self::default(), 0, true);
        for positive in newest_first {
            run = if positive { run + 1 } else { 0 };
            unbroken &= positive;
            streak.now += usize::from(unbroken);
            streak.best = streak.best.max(run);
        }
        streak
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_streak_ends_with_the_newest_rating_and_the_best_is_anywhere() {
        let of = |ratings: &str| {
            let streak = Streak::of(ratings.chars().map(|c| c == '+'));
            (streak.now, streak.best)
        };
        assert_eq!(of(""), (0, 0));
        assert_eq!(of("+"), (1, 1));
        assert_eq!(of("-+++"), (0, 3));
        assert_eq!(of("++-+++-+"), (2, 3));
        assert_eq!(of("+++-++"), (3, 3));
    }

    proptest! {
        #[test]
        fn streaks_are_what_counting_every_stretch_gives(ratings in prop::collection::vec(any::<bool>(), 0..40)) {
            let happy = |from: usize, to: usize| ratings[from..to].iter().all(|positive| *positive);
            let best = (0..=ratings.len())
                .flat_map(|from| (from..=ratings.len()).map(move |to| (from, to)))
                .filter(|(from, to)| happy(*from, *to))
                .map(|(from, to)| to - from)
                .max();
            let now = (0..=ratings.len()).rfind(|to| happy(0, *to));
            let streak = Streak::of(ratings.iter().copied());
            prop_assert_eq!((Some(streak.now), Some(streak.best)), (now, best));
        }
    }
}
