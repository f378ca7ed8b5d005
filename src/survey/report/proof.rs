//! What a proof of the roll-up found.

/// What was compared: the sums that reports read with the ratings that they stand for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proof {
    /// So many surveys are not rolled up yet. More than a few: then nothing was compared, because reports do not read the
    /// roll-up.
    pub left: u64,
    /// How many local days were compared.
    pub days: u64,
    /// How many surveys that were asked, and ratings, were counted anew.
    pub facts: u64,
    /// How many sums were compared.
    pub sums: u64,
    /// How many of them are wrong.
    pub wrong: u64,
    /// The first of these.
    pub differences: Vec<Difference>,
}

/// One sum that is wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// What it sums, such as `teammate, t7, Billing`.
    pub series: String,
    /// The days that it sums.
    pub stretch: String,
    /// Which figures are wrong, such as `asked 3 instead of 4`.
    pub figures: String,
}
