//! The verbs behind reports and lists of ratings: figures, ticks, and the ratings themselves.

use super::{RatingsFilter, Store, Unavailable};
use crate::survey::access::Within;
use crate::survey::report::{By, Group, Period, RatingRow, Ticked};

impl Store {
    /// The figures of a period, one row a group that has any. Days are in their order; other groups are by name, with what
    /// is attributed to nobody last.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn figures(&self, by: By, period: Period, within: &Within) -> Result<Vec<Group>, Unavailable> {
        self.sqlite().figures(by, period, within).await
    }

    /// How often each choice was ticked beside the ratings of a period, by group.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn ticked(&self, by: By, period: Period, within: &Within) -> Result<Vec<Ticked>, Unavailable> {
        self.sqlite().ticked(by, period, within).await
    }

    /// The ratings that count, newest first: one more than the page holds, if there is one.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn ratings(&self, filter: &RatingsFilter) -> Result<Vec<RatingRow>, Unavailable> {
        self.sqlite().ratings(filter).await
    }
}
