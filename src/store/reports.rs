//! The verbs behind reports and lists of ratings: figures, ticks, and the ratings themselves.

use super::{RatingsFilter, Store, Unavailable};
use crate::survey::report::{Counted, Cut, Filters, Period, RatingRow};

impl Store {
    /// Counts a period: one row a group that has any figures, in no order, and the total.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn counted(&self, cut: Cut, period: Period, filters: &Filters) -> Result<Counted, Unavailable> {
        self.sqlite().counted(cut, period, filters).await
    }

    /// The ratings that count, newest first: one more than the page holds, if there is one.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn ratings(&self, filter: &RatingsFilter) -> Result<Vec<RatingRow>, Unavailable> {
        self.sqlite().ratings(filter).await
    }
}
