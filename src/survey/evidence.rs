//! Which clicks become ratings: the rules that tell a person from a mail scanner.
//!
//! It owns all of them in one pure type, [`Clicks`]: what was viewed and tried of one survey, and where its rating
//! stands. It must not know tokens, HTTP or storage. The rules for a GET are in `view`, those for a form in `post`.
//!
//! Mail gateways open the links of a mail, run the scripts behind them, and sometimes submit forms. So a view never
//! rates. A page confirms by the [`Evidence`] that its [`Mode`](super::page::Mode) asks for, and half a second of looking
//! is enough for most. A visitor who opens or tries several faces at once is taken for a machine until somebody presses
//! the button, and the second press at the latest is taken.

mod post;
mod view;

pub use post::{COMMENT_DWELL, ONCE_MORE_DWELL, PAGE_LIFE, PRESS_DWELL, SCRIPT_DWELL};
pub use view::Viewed;

use super::answers::Answers;
use super::moderation::{Act, Moderator, Refusal, Verdict};
use super::opening::Opening;
use super::page::Evidence;
use super::rating::{Score, Standing};
use super::trail::Trail;
use super::words::words;
use super::{Time, is_over};
use chrono::TimeDelta;

/// A mail accepted less than this ago is young: that is when gateways scan.
pub const YOUNG: TimeDelta = TimeDelta::minutes(5);

words! {
    /// How a standing changed.
    pub enum ChangeKind {
        /// A score was given, or confirmed after a hold.
        Rated = "rated",
        /// The rating was held.
        Held = "held",
        /// A comment locked the rating.
        Commented = "commented",
        /// An admin had a held rating count.
        Released = "released",
        /// An admin threw a held rating away.
        Discarded = "discarded",
        /// An admin took the rating out of every count.
        Voided = "voided",
        /// An admin lifted that.
        Restored = "restored",
    }
}

/// A change of a standing, for the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// When.
    pub at: Time,
    /// How.
    pub kind: ChangeKind,
    /// The score that stands, counts or is doubted from now on; of a rating that was discarded or voided, the score that
    /// went.
    pub score: Score,
    /// The evidence for it.
    pub evidence: Evidence,
    /// Who decided so, if it was an admin.
    pub by: Option<Moderator>,
}

/// What a page shows of the clicks on a survey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Where the rating stands.
    pub standing: Standing,
    /// A rating stands and can no longer become another score: the page shows no faces.
    pub frozen: bool,
    /// The last moment of a first rating; `None` is no limit.
    pub rate_until: Option<Time>,
    /// The last moment of a change to another score; `None` is no limit.
    pub change_until: Option<Time>,
}

/// All that the rules know of the clicks on one survey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clicks {
    /// When the SMTP server accepted the mail, or its outcome became unknown; `None` before: the mail is young.
    pub accepted_at: Option<Time>,
    /// The last moment of a first rating; `None` is no limit.
    pub rate_until: Option<Time>,
    /// The last moment of a change to another score; `None` is no limit.
    pub change_until: Option<Time>,
    /// Where the rating stands.
    pub standing: Standing,
    /// Who opened a link, if anybody did who is no machine.
    pub opened: Option<Opening>,
    /// What its visitors did lately.
    pub trail: Trail,
    /// The comment that locked it. Not read for a page: no page shows it.
    pub comment: Option<String>,
    /// What was ticked beside the rating. No rule here reads it.
    pub answers: Answers,
    /// The customer was forgotten, or the survey is too old: its links lead to a page that says nothing, and take nothing.
    pub erased: bool,
    /// Changes of the standing since it was loaded, oldest first.
    pub changes: Vec<Change>,
}

impl Clicks {
    /// Nothing clicked yet.
    #[must_use]
    pub fn new(accepted_at: Option<Time>, rate_until: Option<Time>, change_until: Option<Time>) -> Self {
        Self {
            accepted_at,
            rate_until,
            change_until,
            standing: Standing::Unrated,
            opened: None,
            trail: Trail::default(),
            comment: None,
            answers: Answers::default(),
            erased: false,
            changes: Vec::new(),
        }
    }

    /// Whether the mail was accepted so lately that scanners may still be at it.
    #[must_use]
    pub fn young(&self, now: Time) -> bool {
        self.accepted_at.is_none_or(|accepted| now - accepted < YOUNG)
    }

    /// What a page shows of it now: nothing of an erased survey.
    #[must_use]
    pub fn summary(&self, now: Time) -> Summary {
        if self.erased {
            return Summary { standing: Standing::Unrated, frozen: false, rate_until: None, change_until: None };
        }
        Summary {
            standing: self.standing.clone(),
            frozen: self.standing.rated().is_some() && is_over(self.change_until, now),
            rate_until: self.rate_until,
            change_until: self.change_until,
        }
    }

    /// Puts the rating in doubt from now on; one that is in doubt already, anew. A locked one can't be.
    fn hold(&mut self, now: Time) {
        self.trail.mark_hot(now);
        match &mut self.standing {
            Standing::Held { since, .. } => *since = now,
            Standing::Rated(rating) => {
                let rating = rating.clone();
                self.stand(now, Standing::Held { rating, since: now });
            }
            Standing::Unrated | Standing::Locked(_) | Standing::Voided(_) => {}
        }
    }

    /// Does what an admin decided, and tells whether that changed anything. Nothing is kept of why if the survey was
    /// erased, because nobody would clear it.
    ///
    /// # Errors
    /// The rating does not stand as the act needs.
    pub fn moderate(&mut self, now: Time, act: Act, by: Moderator) -> Result<bool, Refusal> {
        let standing = match act.on(&self.standing) {
            Verdict::Changes(standing) => standing,
            Verdict::Stands => return Ok(false),
            Verdict::Refused(why) => return Err(why),
        };
        if standing == Standing::Unrated {
            // What was ticked beside the rating goes with it.
            self.answers = Answers::default();
        }
        let reason = by.reason.filter(|_| !self.erased);
        self.change(now, standing, act.kind(), Some(Moderator { reason, ..by }));
        Ok(true)
    }

    /// Changes to another standing by a click.
    fn stand(&mut self, now: Time, standing: Standing) {
        let kind = match &standing {
            Standing::Held { .. } => ChangeKind::Held,
            Standing::Locked(_) => ChangeKind::Commented,
            Standing::Unrated | Standing::Rated(_) | Standing::Voided(_) => ChangeKind::Rated,
        };
        self.change(now, standing, kind, None);
    }

    /// The one place that changes to another standing: it also records the change for the history.
    fn change(&mut self, at: Time, standing: Standing, kind: ChangeKind, by: Option<Moderator>) {
        // Of a discarded rating only the standing before it knows.
        if let Some(rating) = standing.rating().or(self.standing.rating()) {
            self.changes.push(Change { at, kind, score: rating.score, evidence: rating.evidence, by });
        }
        self.standing = standing;
    }
}

#[cfg(test)]
mod tests;
