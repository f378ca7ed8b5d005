//! Links and page tokens: what is signed, and how it is spelled.
//!
//! It must not know where keys are kept, nor what a link may still do: the database decides that, not the token.
//!
//! A link token is base64url without padding of 35 bytes, 47 characters: version, key id, purpose (high four bits) with
//! score (low four), survey id (16), and an HMAC-SHA256 of those and a context string, cut to 16 bytes. A bounce token
//! is the same bytes in base32, 56 characters in any case: it is part of an email address, and mail servers may change
//! the case of those. A page token is built the same way with a context of its own, so neither passes for the other.

use super::Time;
use super::closing::Conversation;
use super::fields::comparable;
use super::page::{Mode, Page, PageId};
use super::rating::Score;
use data_encoding::{BASE32_NOPAD_NOCASE, BASE64URL_NOPAD, HEXLOWER};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use std::fmt::{self, Debug, Formatter};
use subtle::ConstantTimeEq;
use uuid::Uuid;

/// The fewest bytes a key may have.
pub const LEAST_KEY_BYTES: usize = 32;

/// The length of a link token, in characters.
pub const LINK_CHARS: usize = 47;
/// The length of a bounce token, in characters.
pub const BOUNCE_CHARS: usize = 56;

const VERSION: u8 = 1;
const MAC_BYTES: usize = 16;
const LINK_BYTES: usize = 19 + MAC_BYTES;
const PAGE_BYTES: usize = 36 + MAC_BYTES;
const PAGE_CHARS: usize = 70;
/// What a page remembers besides its mode, in the byte of its mode. The first version knew only [`MADE_HOLD`]; it takes a
/// page with another of these for one of an unknown mode.
const MADE_HOLD: u8 = 0x80;
const CLICK: u8 = 0x40;
const ONCE_MORE: u8 = 0x20;
const LINK_CONTEXT: &[u8] = b"afterword link v1";
const PAGE_CONTEXT: &[u8] = b"afterword page v1";
const UNDO_BYTES: usize = 26 + MAC_BYTES;
const UNDO_CHARS: usize = 56;
const UNDO_CONTEXT: &[u8] = b"afterword undo v1";
const SESSION_BYTES: usize = 16 + MAC_BYTES;
const SESSION_CHARS: usize = 43;
const SESSION_CONTEXT: &[u8] = b"afterword session v1";
const ASKED_CONTEXT: &[u8] = b"afterword challenge v1";
const ANSWERED_CONTEXT: &[u8] = b"afterword challenge answer v1";
const ADDRESS_CONTEXT: &[u8] = b"afterword address v1";
const SAMPLE_CONTEXT: &[u8] = b"afterword sample v1";

/// What a link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// One of the five faces.
    Rate(Score),
    /// Stops further surveys.
    Unsubscribe,
    /// Part of the address that undeliverable mail returns to.
    Bounce,
    /// Stops further digests, which are mails to the team.
    StopDigest,
}

/// A step of the challenge by which a command finds out whether a service has the same keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Challenge {
    /// The question of the command.
    Asked,
    /// The answer of the service.
    Answered,
}

/// The content of a link token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// What it is for.
    pub purpose: Purpose,
    /// The survey it belongs to, or the digest.
    pub survey: Uuid,
}

/// A key was too short.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a key of {0} bytes is too short: expected at least {LEAST_KEY_BYTES} random bytes")]
pub struct ShortKey(pub usize);

struct Key {
    /// Derived from the key, so that a ring can be reordered. Two keys may share one.
    id: u8,
    mac: Hmac<Sha256>,
}

/// The keys of links: the first signs, all verify. Its `Debug` shows none of them.
pub struct KeyRing {
    keys: Vec<Key>,
}

impl Debug for KeyRing {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("KeyRing(…)")
    }
}

impl KeyRing {
    /// Makes a ring of secrets, the signing one first.
    ///
    /// # Errors
    /// A secret shorter than [`LEAST_KEY_BYTES`], or no secret at all (reported as one of 0 bytes).
    pub fn new(secrets: &[Vec<u8>]) -> Result<Self, ShortKey> {
        let key = |secret: &Vec<u8>| Ok(Key { id: Sha256::digest(secret)[0], mac: keyed(secret)? });
        let keys = secrets.iter().map(key).collect::<Result<Vec<_>, _>>()?;
        if keys.is_empty() { Err(ShortKey(0)) } else { Ok(Self { keys }) }
    }

    /// Spells a link as a token of [`LINK_CHARS`]; a bounce as one of [`BOUNCE_CHARS`], for an email address.
    #[must_use]
    pub fn sign(&self, link: &Link) -> String {
        let what = match link.purpose {
            Purpose::Rate(score) => 0x10 | score.number(),
            Purpose::Unsubscribe => 0x20,
            Purpose::Bounce => 0x30,
            Purpose::StopDigest => 0x40,
        };
        let mut bytes = Vec::with_capacity(LINK_BYTES);
        bytes.extend([VERSION, self.keys[0].id, what]);
        bytes.extend(link.survey.as_bytes());
        let sealed = self.seal(bytes, LINK_CONTEXT);
        if link.purpose == Purpose::Bounce { base32(&sealed) } else { BASE64URL_NOPAD.encode(&sealed) }
    }

    /// Reads a link token; `None` for anything that this ring did not sign.
    #[must_use]
    pub fn verify(&self, token: &str) -> Option<Link> {
        let in_address = token.len() == BOUNCE_CHARS;
        let bytes = if in_address { read_base32(token)? } else { read_base64(token, LINK_CHARS)? };
        let bytes: [u8; LINK_BYTES] = self.open(bytes, LINK_CONTEXT)?;
        let purpose = match (bytes[2] >> 4, bytes[2] & 0x0f) {
            (1, score) if !in_address => Purpose::Rate(Score::try_from(i64::from(score)).ok()?),
            (2, 0) if !in_address => Purpose::Unsubscribe,
            (3, 0) if in_address => Purpose::Bounce,
            (4, 0) if !in_address => Purpose::StopDigest,
            _ => return None,
        };
        Some(Link { purpose, survey: Uuid::from_slice(&bytes[3..19]).ok()? })
    }

    /// Spells a page of a survey as a token of 70 characters.
    #[must_use]
    pub fn sign_page(&self, survey: Uuid, page: &Page) -> String {
        let mode = Mode::ALL.iter().position(|mode| *mode == page.mode).unwrap_or_default();
        let flags = [(page.made_hold, MADE_HOLD), (page.click, CLICK), (page.once_more, ONCE_MORE)];
        let flags = flags.iter().filter(|(is_set, _)| *is_set).fold(0, |all, (_, flag)| all | flag);
        let flags = flags | u8::try_from(mode).unwrap_or_default();
        let mut bytes = Vec::with_capacity(PAGE_BYTES);
        bytes.extend([VERSION, self.keys[0].id, flags, page.score.number()]);
        bytes.extend(survey.as_bytes());
        bytes.extend(page.issued.timestamp_millis().to_be_bytes());
        bytes.extend(page.id.number().to_be_bytes());
        BASE64URL_NOPAD.encode(&self.seal(bytes, PAGE_CONTEXT))
    }

    /// Reads a page token; `None` for anything that this ring did not sign.
    #[must_use]
    pub fn verify_page(&self, token: &str) -> Option<(Uuid, Page)> {
        let bytes: [u8; PAGE_BYTES] = self.open(read_base64(token, PAGE_CHARS)?, PAGE_CONTEXT)?;
        let number = |at: usize| bytes[at..at + 8].try_into().ok().map(i64::from_be_bytes);
        let page = Page {
            id: PageId::from(number(28)?),
            score: Score::try_from(i64::from(bytes[3])).ok()?,
            mode: *Mode::ALL.get(usize::from(bytes[2] & !(MADE_HOLD | CLICK | ONCE_MORE)))?,
            issued: Time::from_timestamp_millis(number(20)?)?,
            click: bytes[2] & CLICK != 0,
            made_hold: bytes[2] & MADE_HOLD != 0,
            once_more: bytes[2] & ONCE_MORE != 0,
        };
        Some((Uuid::from_slice(&bytes[4..20]).ok()?, page))
    }

    /// Spells that a customer unsubscribed by the mail of a survey, and when: a token of 56 characters, with which the page
    /// that says so takes it back.
    #[must_use]
    pub fn sign_undo(&self, survey: Uuid, since: Time) -> String {
        let mut bytes = Vec::with_capacity(UNDO_BYTES);
        bytes.extend([VERSION, self.keys[0].id]);
        bytes.extend(survey.as_bytes());
        bytes.extend(since.timestamp_millis().to_be_bytes());
        BASE64URL_NOPAD.encode(&self.seal(bytes, UNDO_CONTEXT))
    }

    /// Reads such a token; `None` for anything that this ring did not sign.
    #[must_use]
    pub fn verify_undo(&self, token: &str) -> Option<(Uuid, Time)> {
        let bytes: [u8; UNDO_BYTES] = self.open(read_base64(token, UNDO_CHARS)?, UNDO_CONTEXT)?;
        let since = bytes[18..26].try_into().ok().map(i64::from_be_bytes)?;
        Some((Uuid::from_slice(&bytes[2..18]).ok()?, Time::from_timestamp_millis(since)?))
    }

    /// Spells that the bearer of a key of the API may see the admin pages until a moment: a token of 43 characters. `key` is
    /// the id of the key.
    #[must_use]
    pub fn sign_session(&self, key: [u8; 6], until: Time) -> String {
        let mut bytes = Vec::with_capacity(SESSION_BYTES);
        bytes.extend([VERSION, self.keys[0].id]);
        bytes.extend(key);
        bytes.extend(until.timestamp_millis().to_be_bytes());
        BASE64URL_NOPAD.encode(&self.seal(bytes, SESSION_CONTEXT))
    }

    /// Reads such a token; `None` for anything that this ring did not sign. Whether it is over is the caller's to say.
    #[must_use]
    pub fn verify_session(&self, token: &str) -> Option<([u8; 6], Time)> {
        let bytes: [u8; SESSION_BYTES] = self.open(read_base64(token, SESSION_CHARS)?, SESSION_CONTEXT)?;
        let until = bytes[8..16].try_into().ok().map(i64::from_be_bytes)?;
        Some((bytes[2..8].try_into().ok()?, Time::from_timestamp_millis(until)?))
    }

    /// Signs a step of a challenge: 32 hexadecimal digits.
    #[must_use]
    pub fn sign_challenge(&self, step: Challenge, nonce: &str) -> String {
        HEXLOWER.encode(&tag(&self.keys[0].mac, nonce.as_bytes(), step.context()))
    }

    /// Whether a holder of one of these keys signed a step of a challenge.
    #[must_use]
    pub fn verify_challenge(&self, step: Challenge, nonce: &str, signature: &str) -> bool {
        let Ok(signature) = HEXLOWER.decode(signature.as_bytes()) else { return false };
        let signed = |key: &Key| bool::from(tag(&key.mac, nonce.as_bytes(), step.context())[..].ct_eq(&signature));
        self.keys.iter().any(signed)
    }

    fn seal(&self, mut bytes: Vec<u8>, context: &[u8]) -> Vec<u8> {
        let mac = tag(&self.keys[0].mac, &bytes, context);
        bytes.extend(mac);
        bytes
    }

    /// Checks the length before the MAC: a truncated MAC must never be compared.
    fn open<const N: usize>(&self, bytes: Vec<u8>, context: &[u8]) -> Option<[u8; N]> {
        let bytes: [u8; N] = bytes.try_into().ok()?;
        let (content, mac) = bytes.split_at(N - MAC_BYTES);
        let signed = |key: &Key| key.id == content[1] && bool::from(tag(&key.mac, content, context)[..].ct_eq(mac));
        (content[0] == VERSION && self.keys.iter().any(signed)).then_some(bytes)
    }
}

impl Challenge {
    fn context(self) -> &'static [u8] {
        match self {
            Self::Asked => ASKED_CONTEXT,
            Self::Answered => ANSWERED_CONTEXT,
        }
    }
}

/// A token has one spelling: both decoders refuse padding, and bits that are not part of a byte.
fn read_base64(token: &str, chars: usize) -> Option<Vec<u8>> {
    if token.len() == chars { BASE64URL_NOPAD.decode(token.as_bytes()).ok() } else { None }
}

fn read_base32(token: &str) -> Option<Vec<u8>> {
    BASE32_NOPAD_NOCASE.decode(token.as_bytes()).ok()
}

/// In lower case, as mail servers write addresses if they change them.
fn base32(bytes: &[u8]) -> String {
    BASE32_NOPAD_NOCASE.encode(bytes).to_ascii_lowercase()
}

/// Hashes addresses, so that they can be recognised without being stored. Its `Debug` doesn't show the key.
pub struct AddressKey(Hmac<Sha256>);

impl Debug for AddressKey {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("AddressKey(…)")
    }
}

impl AddressKey {
    /// Makes the key from a secret.
    ///
    /// # Errors
    /// A secret shorter than [`LEAST_KEY_BYTES`].
    pub fn new(secret: &[u8]) -> Result<Self, ShortKey> {
        Ok(Self(keyed(secret)?))
    }

    /// The hash of an address in the form that [addresses are compared in](comparable): 32 hexadecimal digits.
    #[must_use]
    pub fn hash(&self, address: &str) -> String {
        HEXLOWER.encode(&tag(&self.0, comparable(address).as_bytes(), ADDRESS_CONTEXT))
    }

    /// Maps a conversation to a number from 0 to below 100. It is the same each time, and nobody outside can choose it.
    #[must_use]
    pub fn sample(&self, conversation: &Conversation) -> f64 {
        // No id holds a NUL, so no two conversations are hashed alike.
        let name = format!("{}\0{}", conversation.connection, conversation.id);
        let mac = tag(&self.0, name.as_bytes(), SAMPLE_CONTEXT);
        f64::from(u32::from_be_bytes([mac[0], mac[1], mac[2], mac[3]])) / (f64::from(u32::MAX) + 1.0) * 100.0
    }

    /// Identifies this key without revealing it: a database belongs to one key.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        HEXLOWER.encode(&tag(&self.0, b"fingerprint", ADDRESS_CONTEXT)[..8])
    }
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
            click: true,
            made_hold: true,
            once_more: true,
        }
    }

    #[test]
    fn links_and_pages_come_back_as_they_went() {
        for purpose in Score::ALL.map(Purpose::Rate).into_iter().chain([Purpose::Unsubscribe, Purpose::StopDigest]) {
            let link = Link { purpose, survey: Uuid::from_u128(7) };
            let token = ring().sign(&link);
            assert_eq!(token.len(), LINK_CHARS);
            assert_eq!(ring().verify(&token), Some(link));
            assert_eq!(ring().verify_page(&token), None);
        }
        let token = ring().sign_page(Uuid::from_u128(7), &page());
        assert_eq!(token.len(), PAGE_CHARS);
        assert_eq!(ring().verify_page(&token), Some((Uuid::from_u128(7), page())));
        assert_eq!((ring().verify(&token), ring().verify_undo(&token)), (None, None));
        let token = ring().sign_undo(Uuid::from_u128(7), page().issued);
        assert_eq!(token.len(), UNDO_CHARS);
        assert_eq!(ring().verify_undo(&token), Some((Uuid::from_u128(7), page().issued)));
        assert_eq!((ring().verify(&token), ring().verify_page(&token)), (None, None));
        let token = ring().sign_session([7; 6], page().issued);
        assert_eq!(token.len(), SESSION_CHARS);
        assert_eq!(ring().verify_session(&token), Some(([7; 6], page().issued)));
        assert_eq!((ring().verify(&token), ring().verify_undo(&token)), (None, None));
    }

    #[test]
    fn each_mode_and_flag_of_a_page_comes_back() {
        for mode in Mode::ALL {
            for bits in 0..8 {
                let flag = |bit: u8| bits & bit != 0;
                let page = Page { mode: *mode, click: flag(1), made_hold: flag(2), once_more: flag(4), ..page() };
                let token = ring().sign_page(Uuid::from_u128(7), &page);
                assert_eq!(ring().verify_page(&token), Some((Uuid::from_u128(7), page)));
            }
        }
    }

    #[test]
    fn pages_of_the_first_version_are_still_read() {
        // Signed by that version: the pages of people who open them while the service is updated.
        for (token, made_hold) in [
            ("AXIDBAAAAAAAAAAAAAAAAAAAAAcAAAAAAAAE0n__________0Rqr-Zqx0k7iQ_C4eBxUYg", false),
            ("AXKDBAAAAAAAAAAAAAAAAAAAAAcAAAAAAAAE0n__________NNFqBV8s-oz4Ghd-3ngTOw", true),
        ] {
            let (_, read) = ring().verify_page(token).expect("signed with our key");
            assert_eq!(read, Page { made_hold, click: false, once_more: false, ..page() });
        }
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
        assert_eq!(ring().verify(&BASE64URL_NOPAD.encode(&bytes)), None, "and it is no link");
        let rate = Link { purpose: Purpose::Unsubscribe, survey: link.survey };
        let rate = BASE64URL_NOPAD.decode(ring().sign(&rate).as_bytes()).expect("ours");
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
            let mut bytes = BASE64URL_NOPAD.decode(ring().sign(&link).as_bytes()).expect("ours");
            bytes[at] ^= flip;
            prop_assert_eq!(ring().verify(&BASE64URL_NOPAD.encode(&bytes)), None);
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
            prop_assert_eq!(ring().verify_undo(&token), None);
            prop_assert_eq!(ring().verify_session(&token), None);
        }

        #[test]
        fn a_page_token_with_any_altered_byte_is_refused(at in 0..PAGE_BYTES, flip in 1u8..) {
            let token = ring().sign_page(Uuid::from_u128(1), &page());
            let mut bytes = BASE64URL_NOPAD.decode(token.as_bytes()).expect("ours");
            bytes[at] ^= flip;
            prop_assert_eq!(ring().verify_page(&BASE64URL_NOPAD.encode(&bytes)), None);
        }

        #[test]
        fn a_session_token_with_any_altered_byte_is_refused(at in 0..SESSION_BYTES, flip in 1u8..) {
            let token = ring().sign_session([1; 6], Time::UNIX_EPOCH);
            let mut bytes = BASE64URL_NOPAD.decode(token.as_bytes()).expect("ours");
            bytes[at] ^= flip;
            prop_assert_eq!(ring().verify_session(&BASE64URL_NOPAD.encode(&bytes)), None);
        }

        #[test]
        fn an_undo_token_with_any_altered_byte_is_refused(at in 0..UNDO_BYTES, flip in 1u8..) {
            let token = ring().sign_undo(Uuid::from_u128(1), Time::UNIX_EPOCH);
            let mut bytes = BASE64URL_NOPAD.decode(token.as_bytes()).expect("ours");
            bytes[at] ^= flip;
            prop_assert_eq!(ring().verify_undo(&BASE64URL_NOPAD.encode(&bytes)), None);
        }

        #[test]
        fn samples_are_even_and_steady(conversation in ".{1,40}") {
            let key = AddressKey::new(&[5; 32]).expect("long enough");
            let conversation = Conversation { connection: String::new(), id: conversation };
            let place = key.sample(&conversation);
            prop_assert!((0.0..100.0).contains(&place));
            prop_assert!((place - key.sample(&conversation)).abs() < f64::EPSILON);
        }
    }
}
