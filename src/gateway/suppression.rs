//! The suppression list: adding, lifting and listing, for admins.
//!
//! It must not know HTTP or SQL. Customers leave by their own link, which is in `clicks`.

use super::{Error, Gateway, SuppressionPlace};
use crate::ledger::suppressions::{Suppress, Unsuppress};
use crate::survey::fields::{ADDRESS_EXPECTED, Fault, Place, is_address};
use crate::survey::paging::{Listed, Paging};
use crate::survey::suppression::{Cause, Suppression};

/// The cause `erased` would say that something was erased.
const ERASE_INSTEAD: &str = "erased comes by erasing only: DELETE /v1/customers/{email}, or `afterword erase ADDRESS`";
const NO_PATTERN: &str = "expected one whole address: patterns with a * are for `ask.exclude` in the configuration";

impl Gateway {
    /// Stops asking an address, for a cause.
    ///
    /// # Errors
    /// An invalid address or a pattern of many, the cause `erased`, or an unavailable store.
    pub async fn suppress(&self, address: &str, cause: Cause) -> Result<(), Error> {
        let address_hash = self.hash_of_one(address)?;
        if cause == Cause::Erased {
            return Err(Error::Invalid(vec![Fault::body("/cause", ERASE_INSTEAD)]));
        }
        let (at, address) = (self.clock.now(), Some(address.to_owned()));
        Ok(self.store.suppress(Suppress { address_hash, cause, at, address }).await?)
    }

    /// Lets an address be asked again, whatever the cause was, and answers how many causes that lifts. The address may also
    /// be named by its hash, as the list shows it where nobody entered the address.
    ///
    /// # Errors
    /// An invalid address, or an unavailable store.
    pub async fn unsuppress(&self, address: &str) -> Result<u64, Error> {
        let place = Place::Parameter("email".into());
        let address_hash = if is_hash(address) { address.to_owned() } else { self.hash_of(address, place)? };
        Ok(self.store.unsuppress(Unsuppress { address_hash }).await?)
    }

    /// Lists suppressions, newest first.
    ///
    /// # Errors
    /// An unavailable store.
    pub async fn suppressions(
        &self,
        paging: &Paging<SuppressionPlace>,
    ) -> Result<Listed<Suppression, SuppressionPlace>, Error> {
        let read = self.store.suppressions(paging).await?;
        Ok(paging.cut(read, |last| (last.at, last.address_hash.clone(), last.cause)))
    }

    /// The keyed hash of the one address that the parameter `email` names. An address may hold a `*`, but this refuses it:
    /// a caller who writes one means many addresses.
    pub(super) fn hash_of_one(&self, address: &str) -> Result<String, Error> {
        if address.contains('*') {
            return Err(Error::Invalid(vec![Fault::parameter("email", NO_PATTERN)]));
        }
        self.hash_of(address, Place::Parameter("email".into()))
    }

    /// The keyed hash of an address; a fault at `place` if it is not one.
    pub(super) fn hash_of(&self, address: &str, place: Place) -> Result<String, Error> {
        if !is_address(address) {
            return Err(Error::Invalid(vec![Fault { place, detail: ADDRESS_EXPECTED.to_owned() }]));
        }
        Ok(self.secrets.addresses.hash(address))
    }
}

/// Whether it is spelled as the hash of an address. No address is, because it has no `@`.
fn is_hash(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|digit| digit.is_ascii_digit() || (b'a'..=b'f').contains(&digit))
}
