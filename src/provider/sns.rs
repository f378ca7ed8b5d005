//! Amazon SNS, which carries the messages of SES: who may send, what is signed, and which addresses are Amazon's.
//!
//! The signature and what it signs are in one JSON, so that much is read before it is verified. Everything else waits.

use super::{Refused, is_fresh, text};
use crate::survey::Time;
use chrono::DateTime;
use data_encoding::BASE64;
use ring::signature::{RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, UnparsedPublicKey};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{
    AlgorithmIdentifier, CertificateDer, InvalidSignature, SignatureVerificationAlgorithm, alg_id,
};
use serde::Deserialize;
use serde_json::Value;
use std::str::FromStr;
use url::Url;
use webpki::EndEntityCert;
use webpki::ring::RSA_PKCS1_2048_8192_SHA256;

/// A topic: `arn:aws:sns:REGION:ACCOUNT:NAME`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Topic {
    arn: String,
    /// The one host that speaks for it.
    host: String,
}

impl FromStr for Topic {
    type Err = String;

    /// # Errors
    /// The text and what was expected instead.
    fn from_str(arn: &str) -> Result<Self, String> {
        let parts: Vec<&str> = arn.split(':').collect();
        let label = |text: &str| {
            let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            !text.is_empty() && text.chars().all(fits)
        };
        let named =
            |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
        match parts.as_slice() {
            ["arn", partition @ ("aws" | "aws-cn" | "aws-us-gov"), "sns", region, account, name]
                if label(region) && named(account) && named(name) =>
            {
                let end = if *partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" };
                Ok(Self { arn: arn.to_owned(), host: format!("sns.{region}.{end}") })
            }
            _ => Err(format!(
                "{arn:?}: expected the ARN of a topic, such as \"arn:aws:sns:eu-west-1:123456789012:bounces\""
            )),
        }
    }
}

impl TryFrom<String> for Topic {
    type Error = String;

    fn try_from(arn: String) -> Result<Self, String> {
        arn.parse()
    }
}

impl Topic {
    /// An address of Amazon's own for this topic: https, its host, no user and no port.
    fn address(&self, text: &str) -> Option<Url> {
        let url = Url::parse(text).ok()?;
        let plain =
            url.scheme() == "https" && url.port().is_none() && url.username().is_empty() && url.password().is_none();
        (plain && url.host_str() == Some(&self.host)).then_some(url)
    }
}

/// What a message of SNS is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// It carries a message of SES.
    Notification(String),
    /// It asks to confirm the subscription, by a request to this address.
    Confirm(Url),
    /// The subscription ended.
    Ended,
}

/// A message of SNS, before its signature is verified.
#[derive(Clone, Debug)]
pub struct Envelope {
    purpose: Purpose,
    /// Where the certificate is whose key signed it.
    certificate: Url,
    signed: String,
    signature: Vec<u8>,
    sha256: bool,
}

impl Envelope {
    /// Reads a message for this topic. What it says cannot be seen before it is verified.
    ///
    /// # Errors
    /// A message of another topic or of another time, or that names addresses that are not Amazon's.
    pub fn read(message: &Value, topic: &Topic, now: Time) -> Result<Self, Refused> {
        let part = |name: &'static str, pointer| text(message, pointer).ok_or(Refused::Missing(name));
        if part("TopicArn", "/TopicArn")? != topic.arn {
            return Err(Refused::Missing("the TopicArn that is configured"));
        }
        let at = DateTime::parse_from_rfc3339(part("Timestamp", "/Timestamp")?).ok().map(|at| at.to_utc());
        is_fresh(at, now)?;
        let certificate = topic.address(part("SigningCertURL", "/SigningCertURL")?);
        let certificate = certificate.filter(|url| {
            let path = url.path();
            path.starts_with("/SimpleNotificationService-")
                && path.strip_suffix(".pem").is_some()
                && url.query().is_none()
        });
        let subscribe = || text(message, "/SubscribeURL").and_then(|url| topic.address(url));
        let (purpose, names): (_, &[&str]) = match part("Type", "/Type")? {
            "Notification" => {
                // Not trimmed: it is signed as it is.
                let carried = message.get("Message").and_then(Value::as_str).ok_or(Refused::Missing("Message"))?;
                let names = &["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"];
                (Purpose::Notification(carried.to_owned()), names)
            }
            kind @ ("SubscriptionConfirmation" | "UnsubscribeConfirmation") => {
                let url = subscribe().ok_or(Refused::Missing("a SubscribeURL of the topic's region"))?;
                let purpose = if kind == "SubscriptionConfirmation" { Purpose::Confirm(url) } else { Purpose::Ended };
                (purpose, &["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"])
            }
            _ => return Err(Refused::Missing("a Type of Amazon SNS")),
        };
        // Each name and its value, a line each; a message without a subject has none of it.
        let lines = names.iter().filter_map(|name| Some(format!("{name}\n{}\n", message.get(*name)?.as_str()?)));
        let signature = BASE64.decode(part("Signature", "/Signature")?.as_bytes()).map_err(|_| Refused::Wrong)?;
        Ok(Self {
            purpose,
            certificate: certificate.ok_or(Refused::Missing("a SigningCertURL of the topic's region"))?,
            signed: lines.collect(),
            signature,
            sha256: match part("SignatureVersion", "/SignatureVersion")? {
                "1" => false,
                "2" => true,
                _ => return Err(Refused::Missing("SignatureVersion 1 or 2")),
            },
        })
    }

    /// Where the certificate is that it must be verified with: an address of Amazon's.
    #[must_use]
    pub fn certificate(&self) -> &Url {
        &self.certificate
    }

    /// What it is for, if the key of this certificate (PEM) signed it.
    ///
    /// # Errors
    /// It did not.
    pub fn verify(self, pem: &[u8]) -> Result<Purpose, Refused> {
        let certificate = CertificateDer::from_pem_slice(pem).map_err(|_| Refused::Wrong)?;
        let certificate = EndEntityCert::try_from(&certificate).map_err(|_| Refused::Wrong)?;
        let algorithm = if self.sha256 { RSA_PKCS1_2048_8192_SHA256 } else { &RsaSha1 };
        let verified = certificate.verify_signature(algorithm, self.signed.as_bytes(), &self.signature);
        verified.map(|()| self.purpose).map_err(|_| Refused::Wrong)
    }
}

/// RSA with SHA-1: what SNS signs with unless the topic is set to `SignatureVersion` 2. webpki leaves it out, because no
/// certificate may be signed so.
#[derive(Debug)]
struct RsaSha1;

impl SignatureVerificationAlgorithm for RsaSha1 {
    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::RSA_ENCRYPTION
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        // Only certificates name it, and this verifies none.
        alg_id::RSA_PKCS1_SHA256
    }

    fn verify_signature(&self, public_key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, public_key);
        key.verify(message, signature).map_err(|_| InvalidSignature)
    }
}
