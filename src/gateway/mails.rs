//! Mails that need attention, and which recipient domains scan them.
//!
//! How many were sent, wait or failed is for [`Gateway::report`]. It must not know HTTP or SQL, nor how mails are shown.

use super::{Error, Gateway};
use crate::survey::access::Within;
use crate::survey::mails::{MailList, Trouble, Troubles};
use crate::survey::paging::{Paging, RowPlace};
use crate::survey::report::Period;
use crate::survey::scanning::{SAMPLE, Scanning, by_domain};
use crate::survey::span::Span;

impl Gateway {
    /// Counts the mails of some local days that came back or were stopped, of the part `within` as far as the caller may see
    /// it.
    ///
    /// # Errors
    /// Days that leave the calendar, or an unavailable store.
    pub async fn troubles(&self, span: Span, within: &Within, allowed: &Within) -> Result<Troubles, Error> {
        let Some(within) = within.and(allowed) else { return Ok(Troubles::default()) };
        Ok(self.store.troubles(self.days(span)?, &within).await?)
    }

    /// Lists mails of some local days, newest first, of the part `within` as far as the caller may see it.
    ///
    /// # Errors
    /// Days that leave the calendar, or an unavailable store.
    pub async fn mails(
        &self,
        trouble: Trouble,
        span: Span,
        within: &Within,
        allowed: &Within,
        paging: &Paging<RowPlace>,
    ) -> Result<MailList, Error> {
        let Some(within) = within.and(allowed) else { return Ok(MailList::default()) };
        Ok(self.store.mails(trouble, self.days(span)?, &within, paging).await?)
    }

    /// Counts by recipient domain which of the newest surveys of some local days were scanned, of the part `within` as far as
    /// the caller may see it.
    ///
    /// # Errors
    /// Days that leave the calendar, or an unavailable store.
    pub async fn scanning(&self, span: Span, within: &Within, allowed: &Within) -> Result<Scanning, Error> {
        let Some(within) = within.and(allowed) else { return Ok(Scanning::default()) };
        let sample = self.store.newest_sent(self.days(span)?, &within, SAMPLE).await?;
        Ok(by_domain(&sample, sample.len() == SAMPLE as usize))
    }

    /// The stretch of time of some local days.
    pub(super) fn days(&self, span: Span) -> Result<Period, Error> {
        let (from, to) = span.ends();
        Ok(self.period(Some(from), Some(to))?.0)
    }
}
