//! What customers do with the unsubscribe link of a mail: stop further surveys, and take that back.
//!
//! It owns how an opt-out is proved to be the customer's to lift. It must not know HTTP.

use super::{Error, Gateway};
use crate::ledger::suppressions::{OptIn, Unsubscribe};
use crate::survey::link::{Link, Purpose};
use crate::survey::page::About;
use crate::survey::suppression::{Cause, Suppression, UNDO_LIFE};
use uuid::Uuid;

/// What an unsubscribe page shows.
#[derive(Clone, Debug)]
pub struct Leaving {
    /// What the survey of the link is about.
    pub about: About,
    /// Whether the customer is asked no more.
    pub left: bool,
    /// The token that takes it back; `None` if there is nothing that the customer could take back now.
    pub undo: Option<String>,
}

impl Gateway {
    /// Returns what the survey of an unsubscribe link is about, and changes nothing.
    ///
    /// # Errors
    /// A link that is not an unsubscribe link, or whose survey is gone; an unavailable store.
    pub async fn unsubscribe_page(&self, link: Link) -> Result<Leaving, Error> {
        let about = self.shown(unsubscribe_link(link)?).await?.about;
        Ok(Leaving { about, left: false, undo: None })
    }

    /// Stops asking the address that an unsubscribe link went to. The answer is durable; a repeat writes nothing.
    ///
    /// # Errors
    /// A link that is not an unsubscribe link, or whose survey is gone; an unavailable store.
    pub async fn unsubscribe(&self, link: Link) -> Result<Leaving, Error> {
        let survey = unsubscribe_link(link)?;
        let about = self.shown(survey).await?.about;
        let (now, mut suppressed) = (self.clock.now(), self.store.suppressions_of(survey).await?);
        if opted_out(&suppressed).is_none() {
            self.store.unsubscribe(Unsubscribe { survey, at: now }).await?;
            // Somebody may have been faster, and the first time stands.
            suppressed = self.store.suppressions_of(survey).await?;
        }
        // A customer who is suppressed for another cause, too, is not asked again, so no button may say so. Neither does
        // the customer's button lift what an admin entered.
        let undo = match suppressed.as_slice() {
            [one] if one.cause == Cause::OptedOut && by_link(one) && now - one.at <= UNDO_LIFE => {
                Some(self.secrets.ring.sign_undo(survey, one.at))
            }
            _ => None,
        };
        Ok(Leaving { about, left: true, undo })
    }

    /// Takes back that the customer unsubscribed, with the token of the page that said so: lifts that opt-out, no later
    /// one and no other cause. The answer is durable; a repeat changes nothing, and neither does a wrong token or one that
    /// is too old.
    ///
    /// # Errors
    /// A link that is not an unsubscribe link, or whose survey is gone; an unavailable store.
    pub async fn undo_unsubscribe(&self, link: Link, token: &str) -> Result<Leaving, Error> {
        let survey = unsubscribe_link(link)?;
        let about = self.shown(survey).await?.about;
        let (now, suppressed) = (self.clock.now(), self.store.suppressions_of(survey).await?);
        let token = self.secrets.ring.verify_undo(token);
        let since = token.filter(|(of, since)| *of == survey && now - *since <= UNDO_LIFE).map(|(_, since)| since);
        // An opt-out of another moment is another decision: a page that was left open does not take that back.
        let lifted = opted_out(&suppressed).filter(|one| by_link(one) && since == Some(one.at));
        if let Some(one) = lifted {
            self.store.opt_in(OptIn { address_hash: one.address_hash.clone() }).await?;
        }
        let left = suppressed.len() > usize::from(lifted.is_some());
        Ok(Leaving { about, left, undo: None })
    }
}

/// Whether nobody but the customer can have done it: an admin enters the address.
fn by_link(one: &Suppression) -> bool {
    one.address.is_none()
}

fn opted_out(suppressed: &[Suppression]) -> Option<&Suppression> {
    suppressed.iter().find(|one| one.cause == Cause::OptedOut)
}

fn unsubscribe_link(link: Link) -> Result<Uuid, Error> {
    if link.purpose == Purpose::Unsubscribe { Ok(link.survey) } else { Err(Error::UnknownLink) }
}
