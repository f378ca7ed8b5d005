//! The ways in which other products make one figure of the same ratings.
//!
//! It owns which scores each way counts. What is said about each is the page's. It must not know which product a team
//! comes from.

use super::rating::Score;
use super::report::Figures;

/// One way to make one figure of ratings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The configured positive scores, of all ratings.
    Here,
    /// Intercom's: great and amazing, of all.
    Intercom,
    /// Zendesk's with five answers: great and amazing are good, the others bad.
    ZendeskFive,
    /// Zendesk's with the answers good and bad. Okay is neither, so it is left out.
    ZendeskTwo,
    /// Nicereply's satisfaction score: the good ones, great and amazing by default, of all.
    Nicereply,
    /// As Nicereply's help also words it: all that are not terrible or bad, of all.
    NicereplyNotUnhappy,
    /// Nicereply's average: the mean of the scores.
    NicereplyAverage,
}

/// What a way makes of ratings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outcome {
    /// So many of so many.
    Share(u64, u64),
    /// A mean score, 1 to 5; `None` without a rating.
    Mean(Option<f64>),
}

impl Way {
    /// All ways, those of one product side by side.
    pub const ALL: [Self; 7] = [
        Self::Here,
        Self::Intercom,
        Self::ZendeskFive,
        Self::ZendeskTwo,
        Self::Nicereply,
        Self::NicereplyNotUnhappy,
        Self::NicereplyAverage,
    ];

    /// Counts ratings this way.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "nobody counts 2^52 ratings")]
    pub fn count(self, figures: &Figures) -> Outcome {
        let [_, _, okay, great, amazing] = figures.scores;
        let (all, good) = (figures.ratings(), great + amazing);
        match self {
            Self::Here => Outcome::Share(figures.positive, all),
            Self::Intercom | Self::ZendeskFive | Self::Nicereply => Outcome::Share(good, all),
            Self::ZendeskTwo => Outcome::Share(good, all - okay),
            Self::NicereplyNotUnhappy => Outcome::Share(okay + good, all),
            Self::NicereplyAverage => {
                let points = |score: Score| u64::from(score.number()) * figures.scores[score.index()];
                let sum: u64 = Score::ALL.into_iter().map(points).sum();
                Outcome::Mean((all > 0).then(|| sum as f64 / all as f64))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcomes(scores: [u64; 5], positive: u64) -> [Outcome; 7] {
        Way::ALL.map(|way| way.count(&Figures { positive, scores, ..Figures::default() }))
    }

    #[test]
    fn each_way_makes_its_own_figure() {
        let [here, intercom, five, two, nicereply, not_unhappy, mean] = outcomes([1, 2, 3, 4, 10], 10);
        assert_eq!(here, Outcome::Share(10, 20), "amazing only, as configured");
        assert_eq!([intercom, five, nicereply], [Outcome::Share(14, 20); 3]);
        assert_eq!(two, Outcome::Share(14, 17));
        assert_eq!(not_unhappy, Outcome::Share(17, 20));
        assert_eq!(mean, Outcome::Mean(Some(4.0)));
    }

    #[test]
    fn two_of_each_face_are_40_percent_as_intercom_counts() {
        assert_eq!(outcomes([2; 5], 4)[1], Outcome::Share(4, 10));
        assert_eq!(outcomes([0; 5], 0)[6], Outcome::Mean(None));
    }
}
