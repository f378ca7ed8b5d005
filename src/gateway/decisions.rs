//! Why nobody was asked: counts of decisions.
//!
//! It must not know HTTP or SQL, nor how counts are shown.

use super::{Error, Gateway};
use crate::survey::access::Within;
use crate::survey::decisions::{Decisions, DecisionsQuery, Tally, span};
use crate::survey::span::Span;
use chrono::NaiveDate;

impl Gateway {
    /// Counts decisions of the part of the team that the caller may see. A closing counts on the local day on which it was
    /// reported.
    ///
    /// # Errors
    /// Days that leave the calendar, or an unavailable store.
    pub async fn decisions(&self, query: &DecisionsQuery, allowed: &Within) -> Result<Decisions, Error> {
        let tally = self.tally(query, query.span, allowed).await?;
        let before = match query.before {
            Some(before) => Some(self.tally(query, before, allowed).await?),
            None => None,
        };
        Ok(Decisions::arrange(query, tally, before, self.today()))
    }

    async fn tally(&self, query: &DecisionsQuery, span: Span, allowed: &Within) -> Result<Tally, Error> {
        let Some(within) = query.within.and(allowed) else { return Ok(Tally::default()) };
        let period = self.days(span)?;
        Ok(self.store.decided(query.by, span, period, &within).await?)
    }

    /// The local days between two ends; by default the usual ones up to today.
    ///
    /// # Errors
    /// Days that end before they begin, or leave the calendar.
    pub fn span(&self, from: Option<NaiveDate>, to: Option<NaiveDate>) -> Result<Span, Error> {
        span(from, to, self.today()).map_err(super::reports::wrong_period)
    }

    /// Counts one more day of decisions that is over, which makes later counts quick. Returns whether there was one.
    ///
    /// # Errors
    /// An unavailable store.
    pub async fn fold_decisions(&self) -> Result<bool, Error> {
        Ok(self.store.fold_decisions(self.clock.now()).await?)
    }
}
