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
        let (now, suppressed) = (self.clock.now(), self.store.suppressions_of(survey).await?);
        let since = opted_out(&suppressed).map(|one| one.at);
        if !suppressed.iter().any(|one| one.cause == Cause::OptedOut) {
            self.store.unsubscribe(Unsubscribe { survey, at: now }).await?;
        }
        // A customer who is suppressed for another cause, too, is not asked again, so no button may say so.
        let alone = suppressed.len() == usize::from(since.is_some());
        let since = since.unwrap_or(now);
        let undo = (alone && now - since <= UNDO_LIFE).then(|| self.secrets.ring.sign_undo(survey, since));
        Ok(Leaving { about, left: true, undo })
    }

    /// Takes back that the customer unsubscribed, with the token of the page that said so: lifts the opt-out and no other
    /// cause. The answer is durable; a repeat changes nothing, and neither does a wrong token or one that is too old.
    ///
    /// # Errors
    /// A link that is not an unsubscribe link, or whose survey is gone; an unavailable store.
    pub async fn undo_unsubscribe(&self, link: Link, token: &str) -> Result<Leaving, Error> {
        let survey = unsubscribe_link(link)?;
        let about = self.shown(survey).await?.about;
        let (now, suppressed) = (self.clock.now(), self.store.suppressions_of(survey).await?);
        let token = self.secrets.ring.verify_undo(token);
        let fits = token.is_some_and(|(of, since)| of == survey && now - since <= UNDO_LIFE);
        let lifted = opted_out(&suppressed).filter(|_| fits);
        if let Some(one) = lifted {
            self.store.opt_in(OptIn { address_hash: one.address_hash.clone() }).await?;
        }
        let left = suppressed.len() > usize::from(lifted.is_some());
        Ok(Leaving { about, left, undo: None })
    }
}

/// The customer's own opt-out. One that an admin entered, with its address, is the admin's to lift.
fn opted_out(suppressed: &[Suppression]) -> Option<&Suppression> {
    suppressed.iter().find(|one| one.cause == Cause::OptedOut && one.address.is_none())
}

fn unsubscribe_link(link: Link) -> Result<Uuid, Error> {
    if link.purpose == Purpose::Unsubscribe { Ok(link.survey) } else { Err(Error::UnknownLink) }
}
