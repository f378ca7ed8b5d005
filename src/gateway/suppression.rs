//! Who is not asked any more: adding, lifting and listing, for admins.
//!
//! It must not know HTTP or SQL. Customers leave by their own link, which is `unsubscribe` in `gateway`.

use super::{Error, Gateway, astray};
use crate::store::{Answer, Command, SuppressionRow};
use crate::survey::Time;
use crate::survey::closing::{ADDRESS_EXPECTED, Fault, is_address};
use crate::survey::eligibility::Cause;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// How many a page of the list holds unless told otherwise.
const USUAL: u32 = 50;
/// And at most.
pub const MOST_SUPPRESSIONS: u32 = 200;

/// A page of suppressions.
#[derive(Clone, Debug)]
pub struct Suppressions {
    /// The suppressions, newest first.
    pub items: Vec<SuppressionRow>,
    /// Where the next page begins; `None` on the last.
    pub next: Option<String>,
}

impl Gateway {
    /// Asks an address no more, for a cause.
    ///
    /// # Errors
    /// An address that is none, or an unavailable store.
    pub async fn suppress(&self, address: &str, cause: Cause) -> Result<(), Error> {
        let address_hash = self.hash_of(address)?;
        // Who asked to be forgotten is not kept readable.
        let address = (cause != Cause::Erased).then(|| address.to_owned());
        let at = self.clock.now();
        self.store.write(Command::Suppress { address_hash, cause, at, address }).await?;
        Ok(())
    }

    /// Lets an address be asked again, whatever the cause was; answers how many causes that lifts. It may also be named
    /// by its hash, as the list shows it where nobody entered the address.
    ///
    /// # Errors
    /// An address that is none, or an unavailable store.
    pub async fn unsuppress(&self, address: &str) -> Result<u64, Error> {
        let address_hash = if is_hash(address) { address.to_owned() } else { self.hash_of(address)? };
        match self.store.write(Command::Unsuppress { address_hash }).await? {
            Answer::Changed(causes) => Ok(causes),
            other => Err(astray(&other)),
        }
    }

    /// Lists suppressions, newest first: `limit` of 1 to 200, 50 if left out, after the `next` of an earlier page.
    ///
    /// # Errors
    /// A limit or a cursor that makes no sense, or an unavailable store.
    pub async fn suppressions(&self, limit: Option<&str>, cursor: Option<&str>) -> Result<Suppressions, Error> {
        let mut faults = Vec::new();
        let limit = limit.map_or(Some(USUAL), |text| text.parse().ok());
        let limit = limit.filter(|limit| (1..=MOST_SUPPRESSIONS).contains(limit)).unwrap_or_else(|| {
            faults.push(Fault::new("limit", format!("expected 1 to {MOST_SUPPRESSIONS}")));
            USUAL
        });
        let after = cursor.map(read_cursor);
        if after == Some(None) {
            faults.push(Fault::new("cursor", "expected the `next` of an earlier answer"));
        }
        if !faults.is_empty() {
            return Err(Error::Invalid(faults));
        }
        let mut items = self.store.suppressions(after.flatten().as_ref(), limit + 1).await?;
        let more = items.len() > limit as usize;
        items.truncate(limit as usize);
        let next = items.last().filter(|_| more).map(write_cursor);
        Ok(Suppressions { items, next })
    }

    pub(super) fn hash_of(&self, address: &str) -> Result<String, Error> {
        if !is_address(address) {
            return Err(Error::Invalid(vec![Fault::new("email", ADDRESS_EXPECTED)]));
        }
        Ok(self.keys.addresses.hash(address))
    }
}

/// Whether it is spelled as a hash of an address: no address is, for want of an `@`.
fn is_hash(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|digit| digit.is_ascii_digit() || (b'a'..=b'f').contains(&digit))
}

fn write_cursor(last: &SuppressionRow) -> String {
    let place = format!("{} {} {}", last.at.timestamp_millis(), last.address_hash, last.cause.word());
    URL_SAFE_NO_PAD.encode(place)
}

fn read_cursor(text: &str) -> Option<(Time, String, Cause)> {
    let place = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
    let mut parts = place.splitn(3, ' ');
    let at = Time::from_timestamp_millis(parts.next()?.parse().ok()?)?;
    Some((at, parts.next()?.to_owned(), parts.next()?.parse().ok()?))
}
