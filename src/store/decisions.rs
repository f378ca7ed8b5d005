//! The verbs behind counts of decisions.

use super::{Store, Unavailable};
use crate::survey::Time;
use crate::survey::access::Within;
use crate::survey::decisions::{DecisionsBy, Tally};
use crate::survey::report::Period;
use crate::survey::span::Span;

impl Store {
    /// Counts the decisions of some local days. `period` is the same stretch of time.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn decided(
        &self,
        by: DecisionsBy,
        span: Span,
        period: Period,
        within: &Within,
    ) -> Result<Tally, Unavailable> {
        self.sqlite().decided(by, span, period, within).await
    }

    /// Counts one more day that is over, so that later counts need not read its closings. Returns whether there was one.
    /// Counts are exact without it.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn fold_decisions(&self, now: Time) -> Result<bool, Unavailable> {
        self.sqlite().fold_decisions(now).await
    }
}
