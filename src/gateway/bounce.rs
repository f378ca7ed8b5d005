//! What is heard of mails after they were sent: bounces and complaints, from servers and from providers.
//!
//! It must not know HTTP or SQL, nor how a report is written: that is `mail::bounce`.

use super::{Error, Gateway, astray};
use crate::mail;
use crate::store::{Answer, Command};
use crate::survey::closing::display;
use crate::survey::delivery::{Bounce, without_addresses};
use crate::survey::link::{Link, Purpose};
use uuid::Uuid;

/// The longest reason that is kept, in Unicode characters.
const LONGEST_REASON: usize = 300;

/// What a mail to the bounce address turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reported {
    /// A report of this survey's mail. It is noted, durably.
    Taken(Uuid, Bounce),
    /// Something else, or a report of nothing bad.
    NoReport,
    /// A report that does not hold the signed name of any survey: of another mail, or forged.
    NotOurs,
}

impl Gateway {
    /// Takes a mail that came back to the bounce address, raw. Only a survey whose name in it was signed here is touched.
    ///
    /// # Errors
    /// An unavailable store.
    pub async fn take_report(&self, raw: &[u8]) -> Result<Reported, Error> {
        let Some(report) = mail::bounce::read(raw) else { return Ok(Reported::NoReport) };
        let signed = |token: &String| match self.keys.ring.verify(token) {
            Some(Link { purpose: Purpose::Bounce, survey }) => Some(survey),
            // As good as the link itself: whoever has it can stop the surveys anyway.
            Some(Link { purpose: Purpose::Unsubscribe, survey }) if report.bounce == Bounce::Complaint => Some(survey),
            _ => None,
        };
        let Some(survey) = report.tokens.iter().find_map(signed) else { return Ok(Reported::NotOurs) };
        match self.bounced(survey, report.bounce, &report.reason).await {
            Ok(()) => Ok(Reported::Taken(survey, report.bounce)),
            Err(Error::UnknownSurvey) => Ok(Reported::NotOurs),
            Err(error) => Err(error),
        }
    }

    /// Takes what a mail provider says of a survey's mail. A repeat changes nothing.
    ///
    /// # Errors
    /// No such survey, or an unavailable store.
    pub async fn bounced(&self, survey: Uuid, bounce: Bounce, reason: &str) -> Result<(), Error> {
        let reason = display(reason, LONGEST_REASON).map(|reason| without_addresses(&reason)).unwrap_or_default();
        let at = self.clock.now();
        match self.store.write(Command::Bounce { survey, at, bounce, reason }).await? {
            Answer::Changed(0) => Err(Error::UnknownSurvey),
            Answer::Changed(_) => Ok(()),
            other => Err(astray(&other)),
        }
    }

    /// Takes what a mail provider says of an address. It is noted at the last survey that went there; an address that
    /// got none is suppressed all the same, if that is what it takes.
    ///
    /// # Errors
    /// An address that is none, or an unavailable store.
    pub async fn bounced_address(&self, address: &str, bounce: Bounce, reason: &str) -> Result<(), Error> {
        let address_hash = self.hash_of(address)?;
        if let Some(survey) = self.store.latest_survey(&address_hash).await? {
            return self.bounced(survey, bounce, reason).await;
        }
        if let Some(cause) = bounce.cause() {
            let at = self.clock.now();
            self.store.write(Command::Suppress { address_hash, cause, at, address: None }).await?;
        }
        Ok(())
    }
}
