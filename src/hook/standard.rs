//! Signatures of [Standard Webhooks](https://www.standardwebhooks.com/), with which a receiver can tell that a request is
//! ours, and that it is not an old one sent again.
//!
//! Owns how the three headers are spelled. It must not know what the body says, nor how a secret is written.

use crate::survey::Time;
use data_encoding::BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The headers that sign a body, sent as `id` at the time `at`. A repeat keeps its id and gets a time of its own. With more
/// than one secret there is a signature of each, so that a receiver can change over from one to the next.
#[must_use]
pub fn headers(secrets: &[Vec<u8>], id: &str, at: Time, body: &[u8]) -> [(&'static str, String); 3] {
    let timestamp = at.timestamp().to_string();
    let signatures: Vec<String> = secrets.iter().map(|secret| signature(secret, id, &timestamp, body)).collect();
    [("webhook-id", id.to_owned()), ("webhook-timestamp", timestamp), ("webhook-signature", signatures.join(" "))]
}

fn signature(secret: &[u8], id: &str, timestamp: &str, body: &[u8]) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes a key of any length");
    let mac = mac.chain_update(format!("{id}.{timestamp}.")).chain_update(body).finalize();
    format!("v1,{}", BASE64.encode(&mac.into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use standardwebhooks::Webhook;

    #[test]
    fn a_signature_is_that_of_the_specification() {
        // Made with `openssl dgst -sha256 -mac HMAC -macopt hexkey:…`.
        let secret = b"0123456789abcdef0123456789abcdef".to_vec();
        let at = "2026-11-24T14:00:00Z".parse().expect("a time");
        let [id, timestamp, signature] = headers(&[secret], "msg_1", at, br#"{"a":1}"#);
        assert_eq!((id.1.as_str(), timestamp.1.as_str()), ("msg_1", "1795528800"));
        assert_eq!(signature.1, "v1,zf5+1d/UsBTeeur9GR1+t8NWN8kabFStxzXsoXmYFrM=");
    }

    proptest! {
        #[test]
        fn the_reference_library_makes_the_same(
            keys in prop::collection::vec(prop::collection::vec(any::<u8>(), 24..=64), 1..3),
            id in "[a-zA-Z0-9_-]{1,40}", seconds in 1_000_000_000i64..4_000_000_000, body in "\\PC{0,200}",
        ) {
            let at = Time::from_timestamp(seconds, 0).expect("a time");
            let [_, _, (name, ours)] = headers(&keys, &id, at, body.as_bytes());
            let sign = |key: &Vec<u8>| Webhook::from_bytes(key.clone()).expect("a key").sign(&id, seconds, body.as_bytes());
            let theirs: Vec<String> = keys.iter().map(|key| sign(key).expect("a signature")).collect();
            prop_assert_eq!((name, ours), ("webhook-signature", theirs.join(" ")));
        }
    }
}
