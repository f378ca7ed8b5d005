//! What a customer said: score, rating, and where a rating stands.
//!
//! It must not know how a click becomes a rating (`evidence`), nor how one is stored.

use super::Time;
use super::page::{Evidence, PageId};
use super::words::words;
use serde::{Deserialize, Serialize};

/// A score from 1, the worst, to 5, the best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "i64")]
pub struct Score(u8);

impl Score {
    /// All five, worst first: the order of the faces in a mail.
    pub const ALL: [Self; 5] = [Self(1), Self(2), Self(3), Self(4), Self(5)];

    /// Terrible and bad: the scores of customers whom a team calls back.
    pub const LOW: [Self; 2] = [Self(1), Self(2)];

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

    /// What it is called in English, within a sentence.
    #[must_use]
    pub fn word(self) -> &'static str {
        ["terrible", "bad", "okay", "great", "amazing"][self.index()]
    }

    /// What it is called in English, by itself.
    #[must_use]
    pub fn title(self) -> &'static str {
        ["Terrible", "Bad", "Okay", "Great", "Amazing"][self.index()]
    }
}

impl TryFrom<i64> for Score {
    type Error = String;

    /// # Errors
    /// Anything but 1 to 5, in a sentence that says so.
    fn try_from(number: i64) -> Result<Self, String> {
        match u8::try_from(number) {
            Ok(number @ 1..=5) => Ok(Self(number)),
            _ => Err(format!("{number} is not a score: expected 1 to 5")),
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
    /// Whether the GET of that page [looked like a click](super::page::Visitor::clicks).
    pub click: bool,
}

/// Where the rating of a survey stands. Reports count `Rated` and `Locked` only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nobody rated yet.
    Unrated,
    /// A rating counts, and can change.
    Rated(Rating),
    /// A rating is doubted and does not count until somebody confirms it.
    Held {
        /// The doubted rating.
        rating: Rating,
        /// The latest moment of doubt: pages issued before or at it cannot end the hold.
        since: Time,
    },
    /// A comment was given: neither score nor text ever changes again.
    Locked(Rating),
    /// An admin took it out of every count. It takes nothing until an admin lifts that; then it stands as it did before.
    Voided(Box<Standing>),
}

words! {
    /// The word of a [`Standing`].
    pub enum StandingWord {
        /// Of [`Standing::Unrated`].
        Unrated = "unrated",
        /// Of [`Standing::Rated`].
        Rated = "rated",
        /// Of [`Standing::Held`].
        Held = "held",
        /// Of [`Standing::Locked`].
        Locked = "locked",
        /// Of [`Standing::Voided`].
        Voided = "voided",
    }
}

impl Standing {
    /// The word for it.
    #[must_use]
    pub fn word(&self) -> StandingWord {
        match self {
            Self::Unrated => StandingWord::Unrated,
            Self::Rated(_) => StandingWord::Rated,
            Self::Held { .. } => StandingWord::Held,
            Self::Locked(_) => StandingWord::Locked,
            Self::Voided(_) => StandingWord::Voided,
        }
    }

    /// The rating behind it, whether it counts or not.
    #[must_use]
    pub fn rating(&self) -> Option<&Rating> {
        match self {
            Self::Unrated => None,
            Self::Voided(before) => before.rating(),
            Self::Rated(rating) | Self::Held { rating, .. } | Self::Locked(rating) => Some(rating),
        }
    }

    /// The score behind it, whether it counts or not.
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
