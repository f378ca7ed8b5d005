//! How a helpdesk proves that a request is its own: signatures over the raw body, compared in constant time.
//!
//! It owns which headers hold what, and how long a signed time is believed. It must not know what the body says.

use super::Headers;
use super::node::Node;
use crate::survey::Time;
use crate::survey::words::words;
use chrono::TimeDelta;
use data_encoding::{BASE64, HEXLOWER_PERMISSIVE};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha1::Sha1;
use sha2::Sha256;

/// How far the signed time of a request may be from ours, either way: longer delays are replays.
pub const TOLERANCE: TimeDelta = TimeDelta::minutes(5);

words! {
    /// How a helpdesk proves that a request is its own.
    pub enum Proof {
        /// A key of the API with the scope `trigger`, as a Bearer token, or as the password of Basic authentication.
        Key = "key",
        /// `X-Chatwoot-Signature`: `sha256=` and hex HMAC-SHA256 of `X-Chatwoot-Timestamp`, a dot, and the body.
        Chatwoot = "chatwoot",
        /// `X-Hub-Signature`: `sha1=` and hex HMAC-SHA1 of the body.
        Zammad = "zammad",
        /// `X-FreeScout-Signature`: base64 HMAC-SHA1 of the body.
        Freescout = "freescout",
        /// `X-HelpScout-Signature`: base64 HMAC-SHA1 of the body.
        Helpscout = "helpscout",
        /// As Zammad.
        Intercom = "intercom",
        /// `X-Zendesk-Webhook-Signature`: base64 HMAC-SHA256 of `X-Zendesk-Webhook-Signature-Timestamp` and the body.
        Zendesk = "zendesk",
    }
}

/// Why a request is not believed, in a sentence for the person who connects the helpdesk. It tells nothing of the secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// A header is not there.
    #[error("expected the header {0}")]
    Missing(&'static str),
    /// A header is spelled differently.
    #[error("the header {0} is not spelled as a {1} signature is")]
    Malformed(&'static str, Proof),
    /// The signed time is too far from ours.
    #[error("it was signed at another time: expected at most 5 minutes from the clock of this service")]
    Stale,
    /// Another secret made the signature, or the body was changed.
    #[error("the signature does not match the body and the secret")]
    Wrong,
}

/// What the headers of a request claim, before its body is read.
#[derive(Debug)]
pub struct Claim {
    scheme: &'static Scheme,
    mac: Vec<u8>,
    /// What is signed before the body.
    before: String,
    signed_at: Option<Time>,
}

/// How one helpdesk spells its signature.
#[derive(Debug)]
struct Scheme {
    proof: Proof,
    hash: Hash,
    header: &'static str,
    /// What stands before a signature in hex. Without it the signature is in base64.
    prefix: Option<&'static str>,
    /// The header of the time that is signed before the body, and what is between the two.
    timestamp: Option<(&'static str, &'static str)>,
}

#[derive(Clone, Copy, Debug)]
enum Hash {
    Sha1,
    Sha256,
}

static SCHEMES: [Scheme; 6] = [
    Scheme {
        proof: Proof::Chatwoot,
        hash: Hash::Sha256,
        header: "x-chatwoot-signature",
        prefix: Some("sha256="),
        timestamp: Some(("x-chatwoot-timestamp", ".")),
    },
    Scheme {
        proof: Proof::Zendesk,
        hash: Hash::Sha256,
        header: "x-zendesk-webhook-signature",
        prefix: None,
        timestamp: Some(("x-zendesk-webhook-signature-timestamp", "")),
    },
    Scheme::sha1(Proof::Zammad, "x-hub-signature", Some("sha1=")),
    Scheme::sha1(Proof::Intercom, "x-hub-signature", Some("sha1=")),
    Scheme::sha1(Proof::Freescout, "x-freescout-signature", None),
    Scheme::sha1(Proof::Helpscout, "x-helpscout-signature", None),
];

impl Scheme {
    const fn sha1(proof: Proof, header: &'static str, prefix: Option<&'static str>) -> Self {
        Self { proof, hash: Hash::Sha1, header, prefix, timestamp: None }
    }

    fn decode(&self, signature: &str) -> Option<Vec<u8>> {
        match self.prefix {
            Some(prefix) => HEXLOWER_PERMISSIVE.decode(signature.strip_prefix(prefix)?.as_bytes()).ok(),
            None => BASE64.decode(signature.as_bytes()).ok(),
        }
    }
}

impl Claim {
    /// Reads the headers of a signature; `None` for [`Proof::Key`], which signs nothing.
    ///
    /// # Errors
    /// A header that is missing or spelled differently.
    pub fn read(proof: Proof, headers: &Headers) -> Result<Option<Self>, Refused> {
        let Some(scheme) = SCHEMES.iter().find(|scheme| scheme.proof == proof) else { return Ok(None) };
        let header = |name: &'static str| headers.get(name).ok_or(Refused::Missing(name));
        let malformed = |name: &'static str| Refused::Malformed(name, proof);
        let mac = scheme.decode(header(scheme.header)?).ok_or(malformed(scheme.header))?;
        let Some((name, separator)) = scheme.timestamp else {
            return Ok(Some(Self { scheme, mac, before: String::new(), signed_at: None }));
        };
        let timestamp = header(name)?;
        let signed_at = Node::new(&Value::from(timestamp)).time();
        if signed_at.is_none() {
            return Err(malformed(name));
        }
        Ok(Some(Self { scheme, mac, before: format!("{timestamp}{separator}"), signed_at }))
    }

    /// Checks the time that was signed, if one was.
    ///
    /// # Errors
    /// It is more than [`TOLERANCE`] from `now`.
    pub fn is_fresh(&self, now: Time) -> Result<(), Refused> {
        let off = self.signed_at.map(|at| (now - at).abs());
        if off.is_some_and(|off| off > TOLERANCE) { Err(Refused::Stale) } else { Ok(()) }
    }

    /// The time that was signed, if one was.
    #[must_use]
    pub fn signed_at(&self) -> Option<Time> {
        self.signed_at
    }

    /// Checks the signature of a body, in constant time.
    ///
    /// # Errors
    /// It was made with another secret, or over another body.
    pub fn holds(&self, secret: &str, body: &[u8]) -> Result<(), Refused> {
        let right = match self.scheme.hash {
            Hash::Sha1 => self.verifies(Hmac::<Sha1>::new_from_slice(secret.as_bytes()), body),
            Hash::Sha256 => self.verifies(Hmac::<Sha256>::new_from_slice(secret.as_bytes()), body),
        };
        if right { Ok(()) } else { Err(Refused::Wrong) }
    }

    /// A secret can have any length, so there always is a MAC.
    fn verifies<M: Mac, E>(&self, mac: Result<M, E>, body: &[u8]) -> bool {
        mac.is_ok_and(|mac| mac.chain_update(&self.before).chain_update(body).verify_slice(&self.mac).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BODY: &[u8] = br#"{"id":"7"}"#;
    const SECRET: &str = "s3cret";
    // Made with `openssl dgst -hmac s3cret`, and with `xxd -r -p | base64` where they are base64.
    const SHA1_HEX: &str = "sha1=a21f6902161008a30f020e109c94f5011869fcf6";
    const SHA1_BASE64: &str = "oh9pAhYQCKMPAg4QnJT1ARhp/PY=";
    const CHATWOOT: &str = "sha256=83658abd01dba8a08d406cd09c282060f2a883d7d8e82dd6801ce15853cc7527";
    const ZENDESK: &str = "1ljWnYfHXXOUjIM7OnBsm/V1vQxABkuhVOKUnWVz6nU=";

    fn headers(pairs: &[(&str, &str)]) -> Headers {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn now() -> Time {
        "2026-11-24T14:00:00Z".parse().expect("a time")
    }

    /// A whole judgement.
    fn judge(proof: Proof, pairs: &[(&str, &str)], secret: &str, body: &[u8], now: Time) -> Result<(), Refused> {
        let claim = Claim::read(proof, &headers(pairs))?.expect("it signs");
        claim.is_fresh(now)?;
        claim.holds(secret, body)
    }

    fn right(proof: Proof) -> Vec<(&'static str, &'static str)> {
        match proof {
            Proof::Chatwoot => vec![("X-Chatwoot-Signature", CHATWOOT), ("X-Chatwoot-Timestamp", "1795528800")],
            Proof::Zendesk => vec![
                ("X-Zendesk-Webhook-Signature", ZENDESK),
                ("X-Zendesk-Webhook-Signature-Timestamp", "2026-11-24T14:00:00Z"),
            ],
            Proof::Zammad | Proof::Intercom => vec![("X-Hub-Signature", SHA1_HEX)],
            Proof::Helpscout => vec![("X-HelpScout-Signature", SHA1_BASE64)],
            Proof::Freescout => vec![("X-FreeScout-Signature", SHA1_BASE64)],
            Proof::Key => Vec::new(),
        }
    }

    fn signing() -> impl Iterator<Item = Proof> {
        Proof::ALL.iter().copied().filter(|proof| *proof != Proof::Key)
    }

    #[test]
    fn signatures_of_another_program_hold_and_nothing_else_does() {
        for proof in signing() {
            let right = right(proof);
            assert_eq!(judge(proof, &right, SECRET, BODY, now()), Ok(()), "{proof}");
            assert_eq!(judge(proof, &right, "s3cret ", BODY, now()), Err(Refused::Wrong), "{proof}");
            assert_eq!(judge(proof, &right, SECRET, br#"{"id":"8"}"#, now()), Err(Refused::Wrong), "{proof}");
            assert_eq!(judge(proof, &right, SECRET, b"", now()), Err(Refused::Wrong), "{proof}");
            for gone in 0..right.len() {
                let mut rest = right.clone();
                rest.remove(gone);
                let refused = judge(proof, &rest, SECRET, BODY, now());
                assert!(matches!(refused, Err(Refused::Missing(_))), "{proof}: {refused:?}");
            }
            for broken in ["", "sha1=", "sha256=zz", "nonsense", "sha1=00"] {
                let mut other = right.clone();
                other[0].1 = broken;
                let refused = judge(proof, &other, SECRET, BODY, now());
                assert!(
                    matches!(refused, Err(Refused::Malformed(..) | Refused::Wrong)),
                    "{proof} {broken}: {refused:?}"
                );
            }
        }
        assert!(Claim::read(Proof::Key, &headers(&[])).expect("nothing to read").is_none());
    }

    #[test]
    fn a_signed_time_is_believed_for_five_minutes_either_way() {
        for proof in [Proof::Chatwoot, Proof::Zendesk] {
            for (off, expected) in [
                (TOLERANCE, Ok(())),
                (-TOLERANCE, Ok(())),
                (TOLERANCE + TimeDelta::milliseconds(1), Err(Refused::Stale)),
                (-TOLERANCE - TimeDelta::milliseconds(1), Err(Refused::Stale)),
            ] {
                assert_eq!(judge(proof, &right(proof), SECRET, BODY, now() + off), expected, "{proof} {off}");
            }
            let mut later = right(proof);
            later[1].1 = if proof == Proof::Chatwoot { "1795528801" } else { "2026-11-24T14:00:01Z" };
            assert_eq!(judge(proof, &later, SECRET, BODY, now()), Err(Refused::Wrong), "the time is signed, too");
            later[1].1 = "noon";
            assert!(matches!(judge(proof, &later, SECRET, BODY, now()), Err(Refused::Malformed(..))));
        }
    }

    proptest! {
        #[test]
        fn no_header_of_a_stranger_holds(signature in "\\PC{0,60}|sha(1|256)=[0-9a-f]{0,70}|[A-Za-z0-9+/]{0,60}=?", at in "\\PC{0,20}|[0-9]{1,20}") {
            for proof in signing() {
                let names: Vec<_> = right(proof).iter().map(|(name, _)| *name).collect();
                let pairs: Vec<_> = names.iter().map(|name| {
                    let timestamp = name.to_ascii_lowercase().ends_with("timestamp");
                    (*name, if timestamp { at.as_str() } else { signature.as_str() })
                }).collect();
                prop_assert!(judge(proof, &pairs, SECRET, BODY, now()).is_err());
            }
        }
    }
}
