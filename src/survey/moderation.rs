//! What an admin decides about a rating: that a held one counts or goes, that an abusive one counts nowhere, or that it
//! counts again.
//!
//! It owns which standing each act needs and makes. It must not know who is an admin, nor how a decision is stored.
//!
//! After a discard the survey is unrated, as if the doubted clicks had never come. So a customer who rates again gives a
//! first rating: by the same click rules as everybody, and within the time for first ratings.

use super::evidence::ChangeKind;
use super::rating::Standing;
use super::words::words;

words! {
    /// What an admin can do with a rating.
    pub enum Act {
        /// Have a held rating count.
        Release = "release",
        /// Throw a held rating away.
        Discard = "discard",
        /// Take a rating out of every count, and let its survey take nothing.
        Void = "void",
        /// Lift that: the rating stands as it did before.
        Restore = "restore",
    }
}

/// Who decided, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moderator {
    /// The name of the key, or of the user whom a proxy vouched for.
    pub who: String,
    /// What they gave as the reason; `None` once the survey is erased.
    pub reason: Option<String>,
}

/// What an act makes of a standing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// This one.
    Changes(Standing),
    /// Nothing: it was done before, or there was no need.
    Stands,
    /// Nothing: the act is for another standing.
    Refused(Refusal),
}

/// Why an act was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no rating.
    #[error("nobody has rated")]
    Unrated,
    /// The rating is not held.
    #[error("only a held rating can be discarded, and this one counts: void it instead")]
    Counts,
    /// The rating is voided.
    #[error("the rating is voided: restore it first")]
    Voided,
}

impl Act {
    /// What it makes of a standing. What it made, it leaves alone: a repeat changes nothing.
    #[must_use]
    pub fn on(self, standing: &Standing) -> Verdict {
        match (self, standing) {
            (Self::Release, Standing::Held { rating, .. }) => Verdict::Changes(Standing::Rated(rating.clone())),
            (Self::Discard, Standing::Held { .. }) => Verdict::Changes(Standing::Unrated),
            (Self::Restore, Standing::Voided(before)) => Verdict::Changes(Standing::clone(before)),
            (Self::Release | Self::Discard, Standing::Voided(_)) => Verdict::Refused(Refusal::Voided),
            (Self::Release | Self::Void, Standing::Unrated) => Verdict::Refused(Refusal::Unrated),
            (Self::Discard, Standing::Rated(_) | Standing::Locked(_)) => Verdict::Refused(Refusal::Counts),
            (Self::Release, Standing::Rated(_) | Standing::Locked(_))
            | (Self::Discard, Standing::Unrated)
            | (Self::Void, Standing::Voided(_))
            | (Self::Restore, _) => Verdict::Stands,
            (Self::Void, standing) => Verdict::Changes(Standing::Voided(Box::new(standing.clone()))),
        }
    }

    /// The acts that would change a standing.
    pub fn possible(standing: &Standing) -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(|act| matches!(act.on(standing), Verdict::Changes(_)))
    }

    /// What the history calls it.
    #[must_use]
    pub fn kind(self) -> ChangeKind {
        match self {
            Self::Release => ChangeKind::Released,
            Self::Discard => ChangeKind::Discarded,
            Self::Void => ChangeKind::Voided,
            Self::Restore => ChangeKind::Restored,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::survey::Time;
    use crate::survey::evidence::Clicks;
    use crate::survey::page::{Evidence, PageId};
    use crate::survey::rating::{Rating, Score, StandingWord};
    use proptest::prelude::*;

    fn at(second: i64) -> Time {
        Time::from_timestamp(1_795_000_000 + second, 0).expect("a time")
    }

    fn rating() -> Rating {
        let page = PageId::from(7);
        let (rated_at, page_issued) = (at(0), at(-5));
        Rating { score: Score::ALL[1], evidence: Evidence::Seen, rated_at, page, page_issued, click: true }
    }

    /// A standing of each word, those of voided ones with what they were before.
    fn standings() -> Vec<Standing> {
        let open = [
            Standing::Unrated,
            Standing::Rated(rating()),
            Standing::Held { rating: rating(), since: at(1) },
            Standing::Locked(rating()),
        ];
        let voided = open.iter().skip(1).map(|before| Standing::Voided(Box::new(before.clone())));
        open.iter().cloned().chain(voided).collect()
    }

    fn done(act: Act, standing: &Standing) -> Result<(bool, Clicks), Refusal> {
        let mut clicks = Clicks::new(None, None, None);
        clicks.standing = standing.clone();
        let by = Moderator { who: "lead".into(), reason: Some("a scanner".into()) };
        clicks.moderate(at(60), act, by).map(|changed| (changed, clicks))
    }

    #[test]
    fn each_act_has_its_standing() {
        use StandingWord::{Held, Locked, Rated, Unrated, Voided};
        let table = standings().into_iter().map(|standing| {
            let made = Act::ALL.iter().map(|act| match act.on(&standing) {
                Verdict::Changes(standing) => standing.word().to_string(),
                Verdict::Stands => "=".into(),
                Verdict::Refused(why) => format!("{why:?}!"),
            });
            (standing.word(), made.collect::<Vec<_>>().join(" "))
        });
        let expected = [
            (Unrated, "Unrated! = Unrated! ="),
            (Rated, "= Counts! voided ="),
            (Held, "rated unrated voided ="),
            (Locked, "= Counts! voided ="),
            (Voided, "Voided! Voided! = rated"),
            (Voided, "Voided! Voided! = held"),
            (Voided, "Voided! Voided! = locked"),
        ];
        assert_eq!(table.collect::<Vec<_>>(), expected.map(|(word, made)| (word, made.to_owned())));
    }

    #[test]
    fn an_act_is_in_the_history_with_who_and_why_and_a_repeat_is_not() {
        let held = Standing::Held { rating: rating(), since: at(1) };
        let (changed, mut clicks) = done(Act::Discard, &held).expect("it is held");
        let change = &clicks.changes[0];
        let by = change.by.as_ref().expect("an admin");
        assert_eq!((changed, change.kind, change.score), (true, ChangeKind::Discarded, Score::ALL[1]));
        assert_eq!((by.who.as_str(), by.reason.as_deref()), ("lead", Some("a scanner")));
        let again = clicks.moderate(at(61), Act::Discard, Moderator { who: "other".into(), reason: None });
        assert_eq!((again, clicks.changes.len()), (Ok(false), 1));
        clicks.standing = held;
        clicks.erased = true;
        clicks.moderate(at(62), Act::Release, by_lead()).expect("it is held");
        assert_eq!(clicks.changes[1].by.as_ref().and_then(|by| by.reason.clone()), None, "nobody would clear it");
    }

    fn by_lead() -> Moderator {
        Moderator { who: "lead".into(), reason: Some("Ada said so".into()) }
    }

    proptest! {
        #[test]
        fn acts_never_touch_the_rating_itself(which in 0..7_usize, acts in prop::collection::vec(0..4_usize, 0..12)) {
            let start = standings().remove(which);
            let mut clicks = Clicks::new(None, None, None);
            clicks.standing = start.clone();
            for act in acts.into_iter().map(|act| Act::ALL[act]) {
                let (before, told) = (clicks.standing.clone(), clicks.changes.len());
                let changed = clicks.moderate(at(60), act, by_lead());
                prop_assert_eq!(changed == Ok(true), clicks.standing != before);
                prop_assert_eq!(clicks.changes.len() - told, usize::from(changed == Ok(true)));
                prop_assert!(clicks.standing == Standing::Unrated || clicks.standing.rating() == start.rating());
                // What is possible by then is what changes it.
                let possible = Act::possible(&before).any(|possible| possible == act);
                prop_assert_eq!(possible, changed == Ok(true));
            }
        }

        #[test]
        fn a_void_that_is_lifted_leaves_everything_as_it_was(which in 0..4_usize) {
            let start = standings().remove(which);
            if let Ok((true, mut clicks)) = done(Act::Void, &start) {
                prop_assert_eq!(clicks.moderate(at(61), Act::Restore, by_lead()), Ok(true));
                prop_assert_eq!(clicks.standing, start);
            }
        }
    }
}
