//! Lists of ratings: which ones, what a row holds, and how far a page looked for them.
//!
//! A page looks at a bounded number of ratings, so that a rare filter costs no more than a common one. Where the bound ends
//! it, the list goes on from there. It must not know how rows are read, nor how they are shown.

use super::{Bound, Filters};
use crate::survey::Time;
use crate::survey::answers::Answers;
use crate::survey::evidence::Change;
use crate::survey::page::Evidence;
use crate::survey::paging::{Paging, RowPlace};
use crate::survey::rating::{Score, StandingWord};
use crate::survey::words::words;
use uuid::Uuid;

/// The most characters of a text that is sought in comments: a long sentence. A comment has 5 000.
pub const LONGEST_SOUGHT: usize = 200;

words! {
    /// Which ratings a list has, by where they stand.
    #[derive(Default)]
    pub enum Listing {
        /// Those that count.
        #[default]
        Counted = "counted",
        /// Those that are held.
        Held = "held",
        /// Those that an admin voided.
        Voided = "voided",
    }
}

/// Which ratings to list. What is `None` does not matter.
#[derive(Clone, Debug, Default)]
pub struct RatingsQuery {
    /// A local day or an instant; `None` for the usual start ([`usual_bounds`](super::usual_bounds)).
    pub from: Option<Bound>,
    /// A local day, included, or an instant, not included; `None` for today.
    pub to: Option<Bound>,
    /// Which ones, by where they stand.
    pub listing: Listing,
    /// With one of these scores only; with any if there are none.
    pub scores: Vec<Score>,
    /// With a comment, or without one.
    pub commented: Option<bool>,
    /// With this text in the comment.
    pub sought: Option<Sought>,
    /// Of which part of all surveys.
    pub filters: Filters,
    /// Which page of the list.
    pub paging: Paging<RowPlace>,
}

/// A text that is sought in comments, whatever its case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sought(String);

impl Sought {
    /// Whether a comment holds it.
    #[must_use]
    pub fn is_in(&self, comment: &str) -> bool {
        lower(comment).contains(&self.0)
    }
}

impl std::str::FromStr for Sought {
    type Err = String;

    /// A text that somebody entered, without the space around it.
    ///
    /// # Errors
    /// A blank text, or one of more than [`LONGEST_SOUGHT`] characters, in a sentence.
    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim() {
            text if (1..=LONGEST_SOUGHT).contains(&text.chars().count()) => Ok(Self(lower(text))),
            _ => Err(format!("expected 1 to {LONGEST_SOUGHT} characters")),
        }
    }
}

/// A text in lower case, each letter by itself: a text is then found in whatever stands around it, which the Greek sigma at
/// the end of a word would prevent. The dot that the Turkish İ leaves above its i goes, so that `izmir` finds `İzmir`.
fn lower(text: &str) -> String {
    let letters = text.chars().flat_map(char::to_lowercase).filter(|c| *c != '\u{307}');
    letters.map(|c| if c == 'ς' { 'σ' } else { c }).collect()
}

/// One page of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ratings {
    /// The ratings, newest first.
    pub items: Vec<RatingRow>,
    /// Where the next page begins; `None` on the last page.
    pub next: Option<RowPlace>,
    /// The page looked at as many ratings as it may. It can have fewer than its limit then, or none, and `next` says how
    /// far back it looked.
    pub is_cut_short: bool,
}

impl Ratings {
    /// Nothing, and no next page.
    #[must_use]
    pub fn none() -> Self {
        Self { items: Vec::new(), next: None, is_cut_short: false }
    }

    /// Cuts what was read to the page: up to one row more than it holds, and the last place that was looked at, if there
    /// may be more after it.
    #[must_use]
    pub fn cut(mut read: Vec<RatingRow>, looked_to: Option<RowPlace>, paging: &Paging<RowPlace>) -> Self {
        let limit = paging.limit as usize;
        let is_full = read.len() > limit;
        read.truncate(limit);
        let last = read.last().filter(|_| is_full).map(RatingRow::place);
        Self { items: read, next: last.or(looked_to), is_cut_short: !is_full && looked_to.is_some() }
    }
}

/// A rating.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RatingRow {
    /// Its survey.
    pub survey: Uuid,
    /// The configured helpdesk of the conversation; empty for the plain API.
    pub connection: String,
    /// The conversation that was asked about: the helpdesk's id.
    pub conversation: String,
    /// When the conversation was closed.
    pub closed_at: Time,
    /// When the mail was accepted, if it stands as accepted.
    pub asked_at: Option<Time>,
    /// When the rating was given.
    pub rated_at: Time,
    /// The score.
    pub score: Score,
    /// The evidence for it.
    pub evidence: Evidence,
    /// Where it stands.
    pub standing: StandingWord,
    /// Why it is held, as far as that is still known.
    pub doubt: Option<String>,
    /// What the customer wrote.
    pub comment: Option<String>,
    /// What the customer ticked.
    pub answers: Answers,
    /// Whom it counts for: the id.
    pub teammate: Option<String>,
    /// Whom it counts for: the name.
    pub teammate_name: Option<String>,
    /// The team of that time.
    pub team: Option<String>,
    /// Where teammates find the conversation.
    pub url: Option<String>,
    /// How its standing came about, oldest first.
    pub history: Vec<Change>,
}

impl RatingRow {
    /// Where it is in the list.
    #[must_use]
    pub fn place(&self) -> RowPlace {
        RowPlace { at: self.rated_at, survey: self.survey }
    }

    /// The scores that stood before this one, oldest first, each once on end.
    #[must_use]
    pub fn scores_before(&self) -> Vec<Score> {
        let mut scores: Vec<_> = self.history.iter().map(|change| change.score).collect();
        scores.dedup();
        scores.pop_if(|last| *last == self.score);
        scores
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_text_is_found_whatever_its_case_and_script() {
        for (sought, comment) in [
            ("REFUND", "No refund yet."),
            ("straße", "In der STRASSE? Nein: Straße."),
            ("ΛΟΓΟΣ", "ο λόγοσ και ο λογος"),
            ("izmir", "Yarın İzmir!"),
            ("どう", "どうもありがとう"),
            (" slow ", "so slow"),
        ] {
            assert!(sought.parse::<Sought>().expect("a text").is_in(comment), "{sought}");
        }
        assert!(!"slow".parse::<Sought>().expect("a text").is_in("fast"));
        for wrong in [" \n", &"x".repeat(201)] {
            assert_eq!(wrong.parse::<Sought>(), Err("expected 1 to 200 characters".to_owned()));
        }
    }

    proptest! {
        #[test]
        fn each_part_of_a_comment_is_found_in_it(before in ".{0,20}", part in ".{1,20}", after in ".{0,20}") {
            let comment = format!("{before}{part}{after}");
            let found = |part: &str| part.parse::<Sought>().is_ok_and(|sought| sought.is_in(&comment)) || part.trim().is_empty();
            prop_assert!(found(&part));
            prop_assert!(found(&part.to_ascii_uppercase()) && found(&part.to_ascii_lowercase()));
        }
    }
}
