//! Following up on unhappy customers: the list, how many wait, and what is done about one.
//!
//! It must not know HTTP or SQL, nor what may be done when: `survey::follow_up` does.

use super::{Access, Error, Gateway};
use crate::ledger::follow_ups::{Follow, NotFollowed};
use crate::store::FollowUpsFilter;
use crate::survey::Time;
use crate::survey::access::Within;
use crate::survey::fields::{Fault, clean};
use crate::survey::follow_up::list::{FollowUpRow, FollowUpsQuery, OpenFollowUps};
use crate::survey::follow_up::{Deed, LONGEST_NOTE, MOST_STEPS, Refused};
use crate::survey::paging::{Listed, RowPlace};
use crate::survey::report::Bound;
use uuid::Uuid;

/// What somebody wants to do about a customer.
#[derive(Clone, Debug)]
pub struct Wish {
    /// What.
    pub deed: Deed,
    /// What was written; a blank text is none.
    pub note: Option<String>,
    /// The [turn](crate::survey::follow_up::FollowUp::turn) that was seen.
    pub seen: Option<u32>,
}

/// What became of a wish.
#[derive(Clone, Debug)]
pub struct Attempted {
    /// The follow-up as it is now.
    pub row: FollowUpRow,
    /// Whether it was as the caller saw it. If not, nothing was changed.
    pub was_as_seen: bool,
}

impl Gateway {
    /// Lists follow-ups, oldest first, of the part of the team that the caller may see. Those that are done, if only they
    /// are wanted, come newest first.
    ///
    /// # Errors
    /// A period that ends before it begins, or an unavailable store.
    pub async fn follow_ups(
        &self,
        query: &FollowUpsQuery,
        allowed: &Within,
    ) -> Result<Listed<FollowUpRow, RowPlace>, Error> {
        // The list forgets nobody, so without a period it goes back as far as there are any.
        let from = query.from.unwrap_or(Bound::Instant(Time::UNIX_EPOCH));
        let (period, _) = self.period(Some(from), query.to)?;
        let Some(within) = query.within.and(allowed) else {
            return Ok(Listed { items: Vec::new(), next: None });
        };
        let filter = FollowUpsFilter { states: query.states(), period, within, paging: query.paging.clone() };
        let read = self.store.follow_ups(&filter).await?;
        Ok(query.paging.cut(read, FollowUpRow::place))
    }

    /// Looks up one follow-up.
    ///
    /// # Errors
    /// There is none for this survey that the caller may see, or the store is unavailable.
    pub async fn follow_up(&self, survey: Uuid, allowed: &Within) -> Result<FollowUpRow, Error> {
        self.store.follow_up(survey, allowed).await?.ok_or(Error::UnknownSurvey)
    }

    /// Counts the follow-ups that wait in a part of the team, as far as the caller may see it.
    ///
    /// # Errors
    /// An unavailable store.
    pub async fn open_follow_ups(&self, within: &Within, allowed: &Within) -> Result<OpenFollowUps, Error> {
        match within.and(allowed) {
            Some(within) => Ok(self.store.open_follow_ups(&within).await?),
            None => Ok(OpenFollowUps::default()),
        }
    }

    /// Takes, notes, finishes or reopens a follow-up, in the name of the caller. The answer is durable, and a repeat changes
    /// nothing. A caller who may read a part of the team may do so in that part: these are the teammates who call customers
    /// back, and no figure depends on it.
    ///
    /// # Errors
    /// A note that is missing or too long, one about a customer who is erased, a follow-up with too many entries or one that
    /// the caller may not see, or an unavailable store.
    pub async fn follow(&self, survey: Uuid, wish: Wish, access: &Access) -> Result<Attempted, Error> {
        let note = wish.note.as_deref().and_then(clean);
        let wrong = |place: &str, detail: String| Err(Error::Invalid(vec![Fault::body(place, detail)]));
        match &note {
            None if wish.deed == Deed::Note => return wrong("/note", "is empty: expected what was done".into()),
            Some(note) if note.chars().count() > LONGEST_NOTE => {
                return wrong("/note", format!("is too long: expected at most {LONGEST_NOTE} characters"));
            }
            _ => {}
        }
        let follow = Follow {
            survey,
            within: access.within.clone(),
            who: access.name.clone(),
            at: self.clock.now(),
            deed: wish.deed,
            note,
            seen: wish.seen,
        };
        let was_as_seen = match self.store.follow(follow).await? {
            Ok(_) => true,
            Err(NotFollowed::Refused(Refused::Meanwhile)) => false,
            Err(NotFollowed::Refused(Refused::Full)) => {
                return wrong("/do", format!("has {MOST_STEPS} entries already: expected done, which ends it"));
            }
            Err(NotFollowed::Erased) => {
                return wrong("/note", "the customer is erased, so nothing may be written: expected no note".into());
            }
            Err(NotFollowed::Unknown) => return Err(Error::UnknownSurvey),
        };
        Ok(Attempted { row: self.follow_up(survey, &access.within).await?, was_as_seen })
    }
}
