//! The verbs behind lists of mails, and the sample of surveys that tells which domains scan.

use super::{Store, Unavailable};
use crate::survey::access::Within;
use crate::survey::mails::{MailList, Trouble, Troubles};
use crate::survey::paging::{Paging, RowPlace};
use crate::survey::report::Period;
use crate::survey::scanning::Sent;

impl Store {
    /// Counts the mails of a period that came back or were stopped.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn troubles(&self, period: Period, within: &Within) -> Result<Troubles, Unavailable> {
        self.sqlite().troubles(period, within).await
    }

    /// Lists mails of a period, newest first. It looks at a bounded number of mails, those of other parts of the team
    /// included.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn mails(
        &self,
        trouble: Trouble,
        period: Period,
        within: &Within,
        paging: &Paging<RowPlace>,
    ) -> Result<MailList, Unavailable> {
        self.sqlite().mails(trouble, period, within, paging).await
    }

    /// The newest surveys that were sent in a period, this many at most.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn newest_sent(&self, period: Period, within: &Within, most: u32) -> Result<Vec<Sent>, Unavailable> {
        self.sqlite().newest_sent(period, within, most).await
    }
}
