//! The verbs behind reports and lists of ratings: figures, ticks, and the ratings themselves.

use super::{RatingsFilter, Store, Unavailable};
use crate::survey::report::proof::Proof;
use crate::survey::report::{Counted, Cut, Filters, Period, Ratings};
use chrono::NaiveDate;

impl Store {
    /// Counts a period: one row a group that has any figures, in no order, and the total.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn counted(&self, cut: Cut, period: Period, filters: &Filters) -> Result<Counted, Unavailable> {
        self.sqlite().counted(cut, period, filters).await
    }

    /// The name and the team of a teammate, as the latest closing that has them says.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn teammate(&self, id: &str) -> Result<Option<(Option<String>, Option<String>)>, Unavailable> {
        self.sqlite().teammate(id).await
    }

    /// Rolls surveys up for reports from now on, whenever the writer has time.
    pub fn keep_rolled_up(&self) {
        self.sqlite().keep_rolled_up();
    }

    /// Adds surveys to the roll-up that reports read: what changed, and so many new ones at most. Returns whether there may be
    /// more. The service does so by itself.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn roll_up(&self, most: usize) -> Result<bool, Unavailable> {
        self.sqlite().roll_up(most).await
    }

    /// Compares the roll-up with all ratings, from a local day on or from the first.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn prove(&self, first: Option<NaiveDate>) -> Result<Proof, Unavailable> {
        self.sqlite().prove(first).await
    }

    /// Empties the roll-up, to be made anew by [`roll_up`](Self::roll_up).
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn forget_roll_up(&self) -> Result<(), Unavailable> {
        self.sqlite().forget_roll_up().await
    }

    /// One page of a list of ratings.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn ratings(&self, filter: &RatingsFilter) -> Result<Ratings, Unavailable> {
        self.sqlite().ratings(filter).await
    }
}
