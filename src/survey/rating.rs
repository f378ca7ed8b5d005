//! What a customer said: score, rating, and where a rating stands.
//!
//! It must not know how a click becomes a rating (`evidence`), nor how one is stored.

use super::Time;
use super::evidence::{Evidence, PageId};
use serde::{Deserialize, Serialize};

/// A score from 1, the worst, to 5, the best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "i64")]
pub struct Score(u8);

impl Score {
    /// All five, worst first: the order of the faces in a mail.
    pub const ALL: [Self; 5] = [Self(1), Self(2), Self(3), Self(4), Self(5)];

    /// The number, 1 to 5.
    #[must_use]
    pub fn number(self) -> u8 {
        self.0
    }

    /// The place in an array of five, 0 to 4.
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.0 - 1)
    }

    /// The face that stands for it.
    #[must_use]
    pub fn face(self) -> &'static str {
        ["😠", "🙁", "😐", "😀", "🤩"][self.index()]
    }
}

impl TryFrom<i64> for Score {
    type Error = String;

    /// # Errors
    /// Anything but 1 to 5, in a sentence that says so.
    fn try_from(number: i64) -> Result<Self, String> {
        match u8::try_from(number) {
            Ok(number @ 1..=5) => Ok(Self(number)),
            _ => Err(format!("{number} is no score: expected 1 to 5")),
        }
    }
}

/// A rating, and the page that it was made on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rating {
    /// What was chosen.
    pub score: Score,
    /// The strongest evidence seen for this score.
    pub evidence: Evidence,
    /// When this score was given; confirming it again does not move it.
    pub rated_at: Time,
    /// The page it was made on.
    pub page: PageId,
    /// When that page was issued.
    pub page_issued: Time,
}

/// Where the rating of a survey stands. Reports count `Rated` and `Locked`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nobody rated yet.
    Unrated,
    /// A rating counts, and can change.
    Rated(Rating),
    /// A rating is doubted and does not count, until somebody confirms it. `since` is the latest moment of doubt.
    Held {
        /// The doubted rating.
        rating: Rating,
        /// The moment of the hold: pages issued before or at it cannot end it.
        since: Time,
    },
    /// A comment was given: neither score nor text ever changes again.
    Locked(Rating),
}

impl Standing {
    /// The word for it in the contract: `unrated`, `rated`, `held` or `locked`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Unrated => "unrated",
            Self::Rated(_) => "rated",
            Self::Held { .. } => "held",
            Self::Locked(_) => "locked",
        }
    }

    /// The rating behind it, if there is any.
    #[must_use]
    pub fn rating(&self) -> Option<&Rating> {
        match self {
            Self::Unrated => None,
            Self::Rated(rating) | Self::Held { rating, .. } | Self::Locked(rating) => Some(rating),
        }
    }

    /// The score behind it, if there is any.
    #[must_use]
    pub fn score(&self) -> Option<Score> {
        self.rating().map(|rating| rating.score)
    }

    /// The rating that stands and can still change: neither held nor locked.
    #[must_use]
    pub fn rated(&self) -> Option<&Rating> {
        match self {
            Self::Rated(rating) => Some(rating),
            _ => None,
        }
    }
}
