//! What comes back after a mail was sent: bounces and complaints, from servers and from providers.
//!
//! It must not know HTTP or SQL, nor how a report is written: that is `mail::bounce`.

use super::{Error, Gateway};
use crate::ledger::outbox::Return;
use crate::ledger::suppressions::Suppress;
use crate::mail;
use crate::survey::fields::{Place, display};
use crate::survey::link::{Link, Purpose};
use crate::survey::suppression::{Bounce, without_addresses};
use uuid::Uuid;

/// What a mail to the bounce address turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Returned {
    /// A report about this survey's mail. It is recorded; that is durable.
    Taken(Uuid, Bounce),
    /// Something else, or a report of nothing bad.
    NoReport,
    /// A report without the signed name of a survey: about another mail, or forged.
    NotOurs,
}

impl Gateway {
    /// Takes a mail that came back to the bounce address, raw. Only a survey whose signed name is in it is touched.
    ///
    /// # Errors
    /// An unavailable store.
    pub async fn take_returned(&self, raw: &[u8]) -> Result<Returned, Error> {
        let Some(report) = mail::bounce::read(raw) else { return Ok(Returned::NoReport) };
        let signed = |token: &String| match self.secrets.ring.verify(token) {
            Some(Link { purpose: Purpose::Bounce, survey }) => Some(survey),
            // The link itself would stop the surveys too, so a report with it may.
            Some(Link { purpose: Purpose::Unsubscribe, survey }) if report.bounce == Bounce::Complaint => Some(survey),
            _ => None,
        };
        let Some(survey) = report.tokens.iter().find_map(signed) else { return Ok(Returned::NotOurs) };
        match self.bounced(survey, report.bounce, &report.reason).await {
            Ok(()) => Ok(Returned::Taken(survey, report.bounce)),
            Err(Error::UnknownSurvey) => Ok(Returned::NotOurs),
            Err(error) => Err(error),
        }
    }

    /// Takes what a mail provider reports about a survey's mail. A repeat changes nothing.
    ///
    /// # Errors
    /// There is no such survey; or an unavailable store.
    pub async fn bounced(&self, survey: Uuid, bounce: Bounce, reason: &str) -> Result<(), Error> {
        let reason = display(reason, mail::LONGEST_REASON).map(|reason| without_addresses(&reason)).unwrap_or_default();
        let at = self.clock.now();
        let known = self.store.bounce(Return { survey, at, bounce, reason }).await?;
        if known { Ok(()) } else { Err(Error::UnknownSurvey) }
    }

    /// Takes what a mail provider reports about an address. It is recorded at the last survey that went there. An address
    /// that got no survey is suppressed all the same, if the report asks for that.
    ///
    /// # Errors
    /// An invalid address, or an unavailable store.
    pub async fn bounced_address(&self, address: &str, bounce: Bounce, reason: &str) -> Result<(), Error> {
        let address_hash = self.hash_of(address, Place::Body("/email".into()))?;
        if let Some(survey) = self.store.latest_survey(&address_hash).await? {
            return self.bounced(survey, bounce, reason).await;
        }
        if let Some(cause) = bounce.cause() {
            let at = self.clock.now();
            self.store.suppress(Suppress { address_hash, cause, at, address: None }).await?;
        }
        Ok(())
    }
}
