//! Addresses that are not asked any more.
//!
//! It must not know how an address is hashed.

use super::{Batch, Command, Touched};
use crate::survey::Time;
use crate::survey::suppression::{Cause, Suppression};
use uuid::Uuid;

impl Batch {
    pub(super) fn suppress(&mut self, address_hash: String, cause: Cause, at: Time, address: Option<String>) {
        self.addresses.entry(address_hash.clone()).or_default().suppressed.insert(cause);
        self.new_suppressions.push(Suppression { address_hash, cause, at, address });
    }
}

/// Stop asking an address.
#[derive(Clone, Debug)]
pub struct Suppress {
    /// The keyed hash of the address.
    pub address_hash: String,
    /// Why.
    pub cause: Cause,
    /// When.
    pub at: Time,
    /// The address itself, only if an admin entered it.
    pub address: Option<String>,
}

impl Command for Suppress {
    type Answer = ();

    fn touches(&self, touched: &mut Touched) {
        touched.addresses.insert(self.address_hash.clone());
    }

    fn decide(&self, batch: &mut Batch) {
        let known = batch.addresses.get(&self.address_hash);
        let erased = known.is_some_and(|address| address.suppressed.contains(&Cause::Erased));
        // Nobody can make an erased address readable again by entering it.
        let address = self.address.clone().filter(|_| !erased);
        batch.suppress(self.address_hash.clone(), self.cause, self.at, address);
    }
}

/// A customer unsubscribed by the link in a mail.
#[derive(Clone, Debug)]
pub struct Unsubscribe {
    /// The survey of the link.
    pub survey: Uuid,
    /// When.
    pub at: Time,
}

impl Command for Unsubscribe {
    type Answer = ();

    fn touches(&self, touched: &mut Touched) {
        touched.surveys.insert(self.survey);
    }

    fn decide(&self, batch: &mut Batch) {
        if let Some(address_hash) = batch.survey(self.survey).map(|survey| survey.address_hash.clone()) {
            batch.suppress(address_hash, Cause::OptedOut, self.at, None);
        }
    }
}

/// A customer took their unsubscribing back. Mail that came back, complaints and erasing stand.
#[derive(Clone, Debug)]
pub struct OptIn {
    /// The keyed hash of the address.
    pub address_hash: String,
}

impl Command for OptIn {
    type Answer = ();

    fn touches(&self, touched: &mut Touched) {
        touched.addresses.insert(self.address_hash.clone());
    }

    fn decide(&self, batch: &mut Batch) {
        let address = batch.addresses.entry(self.address_hash.clone()).or_default();
        address.suppressed.remove(&Cause::OptedOut);
        batch.new_suppressions.retain(|new| new.address_hash != self.address_hash || new.cause != Cause::OptedOut);
        batch.opted_in.insert(self.address_hash.clone());
    }
}

/// Let an address be asked again, whatever the cause was.
#[derive(Clone, Debug)]
pub struct Unsuppress {
    /// The keyed hash of the address.
    pub address_hash: String,
}

impl Command for Unsuppress {
    /// How many causes were lifted.
    type Answer = u64;

    fn touches(&self, touched: &mut Touched) {
        touched.addresses.insert(self.address_hash.clone());
    }

    fn decide(&self, batch: &mut Batch) -> u64 {
        let address = batch.addresses.entry(self.address_hash.clone()).or_default();
        let causes = std::mem::take(&mut address.suppressed).len();
        batch.new_suppressions.retain(|suppression| suppression.address_hash != self.address_hash);
        batch.lifted.insert(self.address_hash.clone());
        causes as u64
    }
}
