//! Links and page tokens: what is signed, how it is spelled, and who can have made it.
//!
//! It must not know where keys are kept, nor what a link may still do: that is the database's to say, not the token's.
//!
//! A link token is base64url without padding of 35 bytes, 47 characters: version, key id, purpose (high four bits) with
//! score (low four), survey id (16), and an HMAC-SHA256 of those and a context string, cut to 16 bytes. A bounce token is
//! the same bytes in base32, 56 characters in any case: it is part of an address, and servers on the way may change the
//! case of those. A page token is built the same way with a context of its own, so that none passes for another.

use super::Time;
use super::evidence::{Mode, Page, PageId};
use super::rating::Score;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use uuid::Uuid;

/// The fewest bytes a key may have.
pub const LEAST_KEY_BYTES: usize = 32;

const VERSION: u8 = 1;
const MAC_BYTES: usize = 16;
const LINK_BYTES: usize = 19 + MAC_BYTES;
const LINK_CHARS: usize = 47;
const BOUNCE_CHARS: usize = 56;
const PAGE_BYTES: usize = 36 + MAC_BYTES;
const PAGE_CHARS: usize = 70;
const LINK_CONTEXT: &[u8] = b"afterword link v1";
const PAGE_CONTEXT: &[u8] = b"afterword page v1";
const ADDRESS_CONTEXT: &[u8] = b"afterword address v1";
const SAMPLE_CONTEXT: &[u8] = b"afterword sample v1";

/// What a link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// One of the five faces.
    Rate(Score),
    /// The way out of further surveys.
    Unsubscribe,
    /// Where the mail comes back to that could not be delivered.
    Bounce,
}

/// What a link token says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// What it is for.
    pub purpose: Purpose,
    /// The survey it belongs to.
    pub survey: Uuid,
}

/// A key was too short to be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a key of {0} bytes is too short: expected at least {LEAST_KEY_BYTES} random bytes")]
pub struct ShortKey(pub usize);

struct Key {
    /// Told by the key itself, so that a ring can be reordered; two keys may share one.
    id: u8,
    mac: Hmac<Sha256>,
}

/// The keys of links: the first signs, all verify.
pub struct KeyRing {
    keys: Vec<Key>,
}

impl KeyRing {
    /// Makes a ring of secrets, the signing one first.
    ///
    /// # Errors
    /// A secret shorter than [`LEAST_KEY_BYTES`], or none at all (told as one of 0 bytes).
    pub fn new(secrets: &[Vec<u8>]) -> Result<Self, ShortKey> {
        let key = |secret: &Vec<u8>| Ok(Key { id: Sha256::digest(secret)[0], mac: keyed(secret)? });
        let keys = secrets.iter().map(key).collect::<Result<Vec<_>, _>>()?;
        if keys.is_empty() { Err(ShortKey(0)) } else { Ok(Self { keys }) }
    }

    /// Spells a link as a token of 47 characters; that of a bounce as one of 56, for an address.
    #[must_use]
    pub fn sign(&self, link: &Link) -> String {
        let what = match link.purpose {
            Purpose::Rate(score) => 0x10 | score.number(),
            Purpose::Unsubscribe => 0x20,
            Purpose::Bounce => 0x30,
        };
        let mut bytes = Vec::with_capacity(LINK_BYTES);
        bytes.extend([VERSION, self.keys[0].id, what]);
        bytes.extend(link.survey.as_bytes());
        let sealed = self.seal(bytes, LINK_CONTEXT);
        if link.purpose == Purpose::Bounce { base32(&sealed) } else { URL_SAFE_NO_PAD.encode(sealed) }
    }

    /// Reads a link token; `None` for whatever this ring did not sign, for any reason.
    #[must_use]
    pub fn verify(&self, token: &str) -> Option<Link> {
        let in_address = token.len() == BOUNCE_CHARS;
        let bytes = if in_address { read_base32(token)? } else { read_base64(token, LINK_CHARS)? };
        let bytes: [u8; LINK_BYTES] = self.open(bytes, LINK_CONTEXT)?;
        let purpose = match (bytes[2] >> 4, bytes[2] & 0x0f) {
            (1, score) if !in_address => Purpose::Rate(Score::try_from(i64::from(score)).ok()?),
            (2, 0) if !in_address => Purpose::Unsubscribe,
            (3, 0) if in_address => Purpose::Bounce,
            _ => return None,
        };
        Some(Link { purpose, survey: Uuid::from_slice(&bytes[3..19]).ok()? })
    }

    /// Spells a page of a survey as a token of 70 characters.
    #[must_use]
    pub fn sign_page(&self, survey: Uuid, page: &Page) -> String {
        let mode = Mode::ALL.iter().position(|mode| *mode == page.mode).unwrap_or_default();
        let flags = u8::from(page.after_hold) << 7 | u8::try_from(mode).unwrap_or_default();
        let mut bytes = Vec::with_capacity(PAGE_BYTES);
        bytes.extend([VERSION, self.keys[0].id, flags, page.score.number()]);
        bytes.extend(survey.as_bytes());
        bytes.extend(page.issued.timestamp_millis().to_be_bytes());
        bytes.extend(page.id.number().to_be_bytes());
        URL_SAFE_NO_PAD.encode(self.seal(bytes, PAGE_CONTEXT))
    }

    /// Reads a page token; `None` for whatever this ring did not sign.
    #[must_use]
    pub fn verify_page(&self, token: &str) -> Option<(Uuid, Page)> {
        let bytes: [u8; PAGE_BYTES] = self.open(read_base64(token, PAGE_CHARS)?, PAGE_CONTEXT)?;
        let number = |at: usize| bytes[at..at + 8].try_into().ok().map(i64::from_be_bytes);
        let page = Page {
            id: PageId::from(number(28)?),
            score: Score::try_from(i64::from(bytes[3])).ok()?,
            mode: *Mode::ALL.get(usize::from(bytes[2] & 0x7f))?,
            issued: Time::from_timestamp_millis(number(20)?)?,
            after_hold: bytes[2] & 0x80 != 0,
        };
        Some((Uuid::from_slice(&bytes[4..20]).ok()?, page))
    }

    fn seal(&self, mut bytes: Vec<u8>, context: &[u8]) -> Vec<u8> {
        let mac = tag(&self.keys[0].mac, &bytes, context);
        bytes.extend(mac);
        bytes
    }

    /// Length and strict spelling first, MAC last: a truncated MAC must never be compared.
    fn open<const N: usize>(&self, bytes: Vec<u8>, context: &[u8]) -> Option<[u8; N]> {
        let bytes: [u8; N] = bytes.try_into().ok()?;
        let (said, mac) = bytes.split_at(N - MAC_BYTES);
        let signed = |key: &Key| key.id == said[1] && bool::from(tag(&key.mac, said, context)[..].ct_eq(mac));
        (said[0] == VERSION && self.keys.iter().any(signed)).then_some(bytes)
    }
}

fn read_base64(token: &str, chars: usize) -> Option<Vec<u8>> {
    if token.len() == chars { URL_SAFE_NO_PAD.decode(token).ok() } else { None }
}

/// The letters of base32 (RFC 4648), in lower case: what servers make of an address if they make anything of it.
const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// Spells bytes in base32; they come in fives, so no padding is needed.
fn base32(bytes: &[u8]) -> String {
    let mut text = String::new();
    for five in bytes.chunks_exact(5) {
        let bits = five.iter().fold(0, |bits, byte| bits << 8 | u64::from(*byte));
        text.extend((0..8).rev().map(|place| char::from(BASE32[(bits >> (5 * place) & 31) as usize])));
    }
    text
}

/// Reads base32 in any case.
fn read_base32(text: &str) -> Option<Vec<u8>> {
    let digit = |letter: u8| BASE32.iter().position(|known| *known == letter.to_ascii_lowercase());
    let mut bytes = Vec::with_capacity(LINK_BYTES);
    for eight in text.as_bytes().chunks(8) {
        let bits = eight.iter().try_fold(0, |bits, letter| Some(bits << 5 | digit(*letter)? as u64))?;
        bytes.extend(&bits.to_be_bytes()[3..]);
    }
    Some(bytes)
}

/// Hashes addresses, so that one can be recognised without being kept.
pub struct AddressKey(Hmac<Sha256>);

impl AddressKey {
    /// Makes the key of a secret.
    ///
    /// # Errors
    /// A secret shorter than [`LEAST_KEY_BYTES`].
    pub fn new(secret: &[u8]) -> Result<Self, ShortKey> {
        Ok(Self(keyed(secret)?))
    }

    /// The hash of an address in lower case: 32 hexadecimal digits.
    #[must_use]
    pub fn hash(&self, address: &str) -> String {
        hex(&tag(&self.0, address.to_lowercase().as_bytes(), ADDRESS_CONTEXT))
    }

    /// The place of a conversation between 0 (included) and 100 (not): the same at every try, and no one can choose it.
    #[must_use]
    pub fn sample(&self, conversation: &str) -> f64 {
        let mac = tag(&self.0, conversation.as_bytes(), SAMPLE_CONTEXT);
        f64::from(u32::from_be_bytes([mac[0], mac[1], mac[2], mac[3]])) / (f64::from(u32::MAX) + 1.0) * 100.0
    }

    /// Tells this key from another without telling the key: a database belongs to one.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        hex(&tag(&self.0, b"fingerprint", ADDRESS_CONTEXT)[..8])
    }
}

/// Spells bytes in hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

fn keyed(secret: &[u8]) -> Result<Hmac<Sha256>, ShortKey> {
    match Hmac::new_from_slice(secret) {
        Ok(mac) if secret.len() >= LEAST_KEY_BYTES => Ok(mac),
        _ => Err(ShortKey(secret.len())),
    }
}

fn tag(mac: &Hmac<Sha256>, bytes: &[u8], context: &[u8]) -> [u8; MAC_BYTES] {
    let full = mac.clone().chain_update(context).chain_update(bytes).finalize().into_bytes();
    let mut cut = [0; MAC_BYTES];
    cut.copy_from_slice(&full[..MAC_BYTES]);
    cut
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ring() -> KeyRing {
        KeyRing::new(&[vec![1; 32], vec![2; 32]]).expect("long enough")
    }

    fn page() -> Page {
        Page {
            id: PageId::new(u64::MAX),
            score: Score::ALL[3],
            mode: Mode::Change,
            issued: Time::UNIX_EPOCH + chrono::TimeDelta::milliseconds(1_234),
            after_hold: true,
        }
    }

    #[test]
    fn links_and_pages_come_back_as_they_went() {
        for purpose in Score::ALL.map(Purpose::Rate).into_iter().chain([Purpose::Unsubscribe]) {
            let link = Link { purpose, survey: Uuid::from_u128(7) };
            let token = ring().sign(&link);
            assert_eq!(token.len(), LINK_CHARS);
            assert_eq!(ring().verify(&token), Some(link));
            assert_eq!(ring().verify_page(&token), None);
        }
        let token = ring().sign_page(Uuid::from_u128(7), &page());
        assert_eq!(token.len(), PAGE_CHARS);
        assert_eq!(ring().verify_page(&token), Some((Uuid::from_u128(7), page())));
        assert_eq!(ring().verify(&token), None);
    }

    #[test]
    fn a_bounce_is_spelled_for_an_address() {
        let link = Link { purpose: Purpose::Bounce, survey: Uuid::from_u128(7) };
        let token = ring().sign(&link);
        assert_eq!(token.len(), BOUNCE_CHARS);
        assert!(token.bytes().all(|letter| letter.is_ascii_lowercase() || (b'2'..=b'7').contains(&letter)));
        assert_eq!(ring().verify(&token), Some(link));
        assert_eq!(ring().verify(&token.to_uppercase()), Some(link), "servers change the case of addresses");
        let bytes = read_base32(&token).expect("ours");
        assert_eq!(ring().verify(&URL_SAFE_NO_PAD.encode(&bytes)), None, "and it is no link");
        let rate = Link { purpose: Purpose::Unsubscribe, survey: link.survey };
        let rate = URL_SAFE_NO_PAD.decode(ring().sign(&rate)).expect("ours");
        assert_eq!(ring().verify(&base32(&rate)), None, "nor is a link a bounce");
        assert_eq!(base32(b"fooba"), "mzxw6ytb", "RFC 4648, 10");
    }

    #[test]
    fn every_key_of_the_ring_verifies_and_only_those() {
        let link = Link { purpose: Purpose::Unsubscribe, survey: Uuid::from_u128(9) };
        let old = KeyRing::new(&[vec![2; 32]]).expect("long enough").sign(&link);
        assert_eq!(ring().verify(&old), Some(link));
        let other = KeyRing::new(&[vec![3; 32]]).expect("long enough").sign(&link);
        assert_eq!(ring().verify(&other), None);
    }

    #[test]
    fn short_keys_are_refused() {
        assert_eq!(KeyRing::new(&[vec![1; 31]]).err(), Some(ShortKey(31)));
        assert_eq!(KeyRing::new(&[]).err(), Some(ShortKey(0)));
        assert_eq!(AddressKey::new(&[1; 31]).err(), Some(ShortKey(31)));
    }

    #[test]
    fn addresses_hash_alike_in_any_case() {
        let key = AddressKey::new(&[5; 32]).expect("long enough");
        assert_eq!(key.hash("Ada@Example.com"), key.hash("ada@example.COM"));
        assert_ne!(key.hash("ada@example.com"), key.hash("bob@example.com"));
        assert_eq!(key.hash("ada@example.com").len(), 32);
    }

    proptest! {
        #[test]
        fn a_token_with_any_altered_byte_is_refused(survey: u128, at in 0..LINK_BYTES, flip in 1u8..) {
            let link = Link { purpose: Purpose::Rate(Score::ALL[4]), survey: Uuid::from_u128(survey) };
            let mut bytes = URL_SAFE_NO_PAD.decode(ring().sign(&link)).expect("ours");
            bytes[at] ^= flip;
            prop_assert_eq!(ring().verify(&URL_SAFE_NO_PAD.encode(bytes)), None);
        }

        #[test]
        fn a_token_has_one_spelling(survey: u128, at in 0..LINK_CHARS, with in any::<char>()) {
            let link = Link { purpose: Purpose::Rate(Score::ALL[0]), survey: Uuid::from_u128(survey) };
            let token = ring().sign(&link);
            let mut chars: Vec<char> = token.chars().collect();
            chars[at] = with;
            let other: String = chars.into_iter().collect();
            prop_assert_eq!(ring().verify(&other).is_some(), other == token);
        }

        #[test]
        fn a_bounce_token_with_any_altered_letter_is_refused(survey: u128, at in 0..BOUNCE_CHARS, with in any::<char>()) {
            let token = ring().sign(&Link { purpose: Purpose::Bounce, survey: Uuid::from_u128(survey) });
            let mut chars: Vec<char> = token.chars().collect();
            chars[at] = with;
            let other: String = chars.into_iter().collect();
            prop_assert_eq!(ring().verify(&other).is_some(), other.eq_ignore_ascii_case(&token));
        }

        #[test]
        fn whatever_a_stranger_sends_is_refused(token in ".{0,100}") {
            prop_assert_eq!(ring().verify(&token), None);
            prop_assert_eq!(ring().verify_page(&token), None);
        }

        #[test]
        fn a_page_token_with_any_altered_byte_is_refused(at in 0..PAGE_BYTES, flip in 1u8..) {
            let token = ring().sign_page(Uuid::from_u128(1), &page());
            let mut bytes = URL_SAFE_NO_PAD.decode(token).expect("ours");
            bytes[at] ^= flip;
            prop_assert_eq!(ring().verify_page(&URL_SAFE_NO_PAD.encode(bytes)), None);
        }

        #[test]
        fn samples_are_even_and_steady(conversation in ".{1,40}") {
            let key = AddressKey::new(&[5; 32]).expect("long enough");
            let place = key.sample(&conversation);
            prop_assert!((0.0..100.0).contains(&place));
            prop_assert!((place - key.sample(&conversation)).abs() < f64::EPSILON);
        }
    }
}
