//! Signs mails (DKIM, RFC 6376), so that receivers can verify that they come from the From domain.
//!
//! Owns what is signed and how, and which keys are accepted. It must not know where the key is stored.
//!
//! Two choices are fixed here, because others make signatures that fail. Header and body are `relaxed`: lettre folds
//! its own header after signing, which breaks `simple`. And the headers of the body's structure are not signed: lettre
//! writes them with the body, and treats them as absent when it signs.

use crate::config::Config;
use lettre::message::Message;
#[cfg(feature = "dkim")]
use lettre::message::dkim::{
    DkimCanonicalization, DkimCanonicalizationType, DkimConfig, DkimSigningAlgorithm, DkimSigningKey,
};
#[cfg(feature = "dkim")]
use lettre::message::header::HeaderName;

/// The headers that are signed. RFC 8058 requires the two List-Unsubscribe headers.
#[cfg(feature = "dkim")]
const SIGNED: [&str; 9] = [
    "From",
    "Reply-To",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "MIME-Version",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
];
/// The fewest bytes of an RSA key. A key of 1024 bits, the minimum for signing (RFC 8301), takes about 608.
#[cfg(feature = "dkim")]
const LEAST_RSA_BYTES: usize = 550;

/// A key that signs for a domain. Its `Debug` does not show it.
pub struct Dkim {
    #[cfg(feature = "dkim")]
    config: DkimConfig,
    #[cfg(not(feature = "dkim"))]
    never: std::convert::Infallible,
}

impl std::fmt::Debug for Dkim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Dkim(…)")
    }
}

/// Why a key cannot sign, in a sentence for the operator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("mail.dkim: {0}")]
pub struct DkimError(&'static str);

impl Dkim {
    /// The key of `[mail.dkim]`; `None` if mails are not signed.
    ///
    /// # Errors
    /// See [`Dkim::new`].
    pub fn configured(config: &Config) -> Result<Option<Self>, DkimError> {
        let settings = config.mail.dkim.as_ref().and_then(|dkim| Some((dkim, dkim.key.as_ref()?)));
        settings.map(|(dkim, key)| Self::new(&dkim.domain, &dkim.selector, key.reveal())).transpose()
    }
}

#[cfg(feature = "dkim")]
impl Dkim {
    /// Reads a key: RSA as PKCS#1 in PEM, or Ed25519 as its 32 bytes in base64. The text shows which it is.
    ///
    /// # Errors
    /// A text that is not such a key, or an RSA key of fewer than 1024 bits.
    pub fn new(domain: &str, selector: &str, key: &str) -> Result<Self, DkimError> {
        let key = key.trim();
        let (algorithm, broken) = if key.starts_with("-----BEGIN RSA PRIVATE KEY-----") {
            if pem_bytes(key) < LEAST_RSA_BYTES {
                return Err(DkimError("the RSA key is too short: expected at least 1024 bits, better 2048"));
            }
            (DkimSigningAlgorithm::Rsa, "the RSA key cannot be read: expected PKCS#1 in PEM, without a password")
        } else if key.starts_with("-----BEGIN") {
            let expected = "the key is in another form: expected \"BEGIN RSA PRIVATE KEY\" (PKCS#1), as \
                `openssl rsa -traditional -in KEY -out NEW` writes it, or an Ed25519 seed in base64";
            return Err(DkimError(expected));
        } else {
            let expected = "unrecognised key: expected an RSA key in PEM (PKCS#1), or the 32 bytes of an Ed25519 \
                seed in base64";
            (DkimSigningAlgorithm::Ed25519, expected)
        };
        let key = DkimSigningKey::new(key, algorithm).map_err(|_| DkimError(broken))?;
        let relaxed = DkimCanonicalizationType::Relaxed;
        let canonicalization = DkimCanonicalization { header: relaxed, body: relaxed };
        let signed = SIGNED.map(HeaderName::new_from_ascii_str).into();
        let (selector, domain) = (selector.to_owned(), domain.to_owned());
        Ok(Self { config: DkimConfig::new(selector, domain, key, signed, canonicalization) })
    }

    pub(super) fn sign(&self, message: &mut Message) {
        message.sign(&self.config);
    }
}

/// The text of the DNS record that publishes the public half of a key; `None` for a text that is no key.
#[cfg(feature = "dkim")]
#[must_use]
pub fn record(key: &str) -> Option<String> {
    use data_encoding::BASE64;
    use rsa::pkcs1::DecodeRsaPrivateKey;
    use rsa::pkcs8::EncodePublicKey;
    let key = key.trim();
    if key.starts_with("-----BEGIN") {
        let public = rsa::RsaPrivateKey::from_pkcs1_pem(key).ok()?.to_public_key().to_public_key_der().ok()?;
        return Some(format!("v=DKIM1; k=rsa; p={}", BASE64.encode(public.as_bytes())));
    }
    let seed: [u8; 32] = BASE64.decode(key.as_bytes()).ok()?.try_into().ok()?;
    let public = ed25519_dalek::SigningKey::from_bytes(&seed).verifying_key();
    Some(format!("v=DKIM1; k=ed25519; p={}", BASE64.encode(public.as_bytes())))
}

#[cfg(not(feature = "dkim"))]
impl Dkim {
    /// Refuses every key: this program was built without the feature `dkim`.
    ///
    /// # Errors
    /// Always.
    pub fn new(_domain: &str, _selector: &str, _key: &str) -> Result<Self, DkimError> {
        Err(DkimError("this program was built without the feature dkim: expected no section [mail.dkim]"))
    }

    pub(super) fn sign(&self, _message: &mut Message) {
        match self.never {}
    }
}

/// There is none: this program was built without the feature `dkim`.
#[cfg(not(feature = "dkim"))]
#[must_use]
pub fn record(_key: &str) -> Option<String> {
    None
}

/// About how many bytes the base64 of a PEM text stands for.
#[cfg(feature = "dkim")]
fn pem_bytes(pem: &str) -> usize {
    pem.lines().filter(|line| !line.starts_with("-----")).map(|line| line.trim().len()).sum::<usize>() * 3 / 4
}

#[cfg(all(test, feature = "dkim"))]
mod tests {
    use super::*;

    #[test]
    fn the_record_holds_the_public_half() {
        let rsa = include_str!("../../tests/data/dkim/rsa.pem");
        let ed25519 = include_str!("../../tests/data/dkim/ed25519.seed");
        let public = |text: &str| text.trim().to_owned();
        let of_rsa = public(include_str!("../../tests/data/dkim/rsa.pub"));
        assert_eq!(record(rsa), Some(format!("v=DKIM1; k=rsa; p={of_rsa}")));
        let of_ed25519 = public(include_str!("../../tests/data/dkim/ed25519.pub"));
        assert_eq!(record(ed25519), Some(format!("v=DKIM1; k=ed25519; p={of_ed25519}")));
        assert_eq!((record("hunter2"), record("-----BEGIN RSA")), (None, None));
    }

    #[test]
    fn a_key_is_recognised_by_its_text_and_a_wrong_one_refused() {
        let rsa = include_str!("../../tests/data/dkim/rsa.pem");
        let ed25519 = include_str!("../../tests/data/dkim/ed25519.seed");
        let take = |key: &str| Dkim::new("example.com", "s1", key).map(drop).map_err(|error| error.to_string());
        assert_eq!((take(rsa), take(ed25519)), (Ok(()), Ok(())));
        let cut = rsa.lines().take(3).chain(rsa.lines().last()).collect::<Vec<_>>().join("\n");
        for (key, said) in [
            ("", "unrecognised"),
            ("hunter2", "unrecognised"),
            ("AAAA", "unrecognised"),
            (&rsa.replace("RSA ", ""), "openssl rsa -traditional"),
            (&cut, "too short"),
            (&rsa.replacen("MII", "AAA", 1), "cannot be read"),
        ] {
            let error = take(key).expect_err(key);
            assert!(error.starts_with("mail.dkim: ") && error.contains(said), "{key}: {error}");
        }
        assert_eq!(format!("{:?}", Dkim::new("example.com", "s1", rsa)), "Ok(Dkim(…))");
    }
}
