//! Signs mails (DKIM, RFC 6376), so that receivers can tell that the From domain answers for them.
//!
//! It owns what is signed and how, and which keys are taken. It must not know where the key is kept.
//!
//! Two things are decided here once, because other choices give signatures that fail: both parts are `relaxed` (lettre
//! folds its own header after signing, which `simple` does not forgive), and headers of the body's structure are not
//! signed (lettre writes them with the body, and takes them for absent).

use lettre::message::Message;
#[cfg(feature = "dkim")]
use lettre::message::dkim::{
    DkimCanonicalization, DkimCanonicalizationType, DkimConfig, DkimSigningAlgorithm, DkimSigningKey,
};
#[cfg(feature = "dkim")]
use lettre::message::header::HeaderName;

/// What is signed. RFC 8058 wants the two ways to unsubscribe among it.
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
/// The fewest bytes of an RSA key: one of 1024 bits, the least that may sign (RFC 8301), takes about 608.
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

/// A key that cannot sign, in a sentence for the operator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("mail.dkim: {0}")]
pub struct DkimError(&'static str);

#[cfg(feature = "dkim")]
impl Dkim {
    /// Takes a key: of RSA as PKCS#1 in PEM, or of Ed25519 as its 32 bytes in base64. Which one is told by its text.
    ///
    /// # Errors
    /// A text that is no such key, or a key of RSA with less than 1024 bits.
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
            let expected = "the key is neither: expected an RSA key in PEM (PKCS#1), or the 32 bytes of an Ed25519 \
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

#[cfg(not(feature = "dkim"))]
impl Dkim {
    /// Takes no key: this program was built without the feature `dkim`.
    ///
    /// # Errors
    /// Always.
    pub fn new(_domain: &str, _selector: &str, _key: &str) -> Result<Self, DkimError> {
        Err(DkimError("this program was built without the feature dkim: expected no such section"))
    }

    pub(super) fn sign(&self, _message: &mut Message) {
        match self.never {}
    }
}

/// How many bytes the base64 of a PEM text stands for, about.
#[cfg(feature = "dkim")]
fn pem_bytes(pem: &str) -> usize {
    pem.lines().filter(|line| !line.starts_with("-----")).map(|line| line.trim().len()).sum::<usize>() * 3 / 4
}

#[cfg(all(test, feature = "dkim"))]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_told_by_its_text_and_a_wrong_one_refused() {
        let rsa = include_str!("../../tests/data/dkim/rsa.pem");
        let ed25519 = include_str!("../../tests/data/dkim/ed25519.seed");
        let take = |key: &str| Dkim::new("example.com", "s1", key).map(drop).map_err(|error| error.to_string());
        assert_eq!((take(rsa), take(ed25519)), (Ok(()), Ok(())));
        let cut = rsa.lines().take(3).chain(rsa.lines().last()).collect::<Vec<_>>().join("\n");
        for (key, said) in [
            ("", "neither"),
            ("hunter2", "neither"),
            ("AAAA", "neither"),
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
