//! SendGrid: the event webhook, signed with ECDSA over a time and the body.

use super::{Refused, Report, Returned, ignored, is_fresh, judged, text, texts, unix};
use crate::helpdesk::Headers;
use crate::survey::Time;
use crate::survey::suppression::Bounce;
use data_encoding::BASE64;
use rustls::pki_types::SubjectPublicKeyInfoDer;
use serde::Deserialize;
use serde_json::Value;
use std::str::FromStr;
use webpki::RawPublicKeyEntity;
use webpki::ring::ECDSA_P256_SHA256;

const SIGNATURE: &str = "x-twilio-email-event-webhook-signature";
const TIMESTAMP: &str = "x-twilio-email-event-webhook-timestamp";

/// The public key that SendGrid shows in its settings: of ECDSA over P-256.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct PublicKey(Vec<u8>);

impl FromStr for PublicKey {
    type Err = String;

    /// # Errors
    /// What was expected instead.
    fn from_str(text: &str) -> Result<Self, String> {
        let expected = "expected the verification key of SendGrid's settings, which begins with MFkwEwYHKoZIzj0C";
        let der = BASE64.decode(text.trim().as_bytes()).map_err(|_| expected.to_owned())?;
        let key = Self(der);
        // Only its form can be checked here, and that it is of this curve: no signature is right.
        match key.verifies(b"", b"") {
            Err(webpki::Error::InvalidSignatureForPublicKey) => Ok(key),
            _ => Err(expected.to_owned()),
        }
    }
}

impl TryFrom<String> for PublicKey {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl PublicKey {
    fn verifies(&self, message: &[u8], signature: &[u8]) -> Result<(), webpki::Error> {
        let key = SubjectPublicKeyInfoDer::from(self.0.as_slice());
        RawPublicKeyEntity::try_from(&key)?.verify_signature(ECDSA_P256_SHA256, message, signature)
    }

    /// Checks the signature of a body.
    ///
    /// # Errors
    /// It is missing, of another time, or made with another key.
    pub fn verify(&self, headers: &Headers, body: &[u8], now: Time) -> Result<(), Refused> {
        let signature =
            headers.get(SIGNATURE).ok_or(Refused::Missing("the header X-Twilio-Email-Event-Webhook-Signature"))?;
        let timestamp =
            headers.get(TIMESTAMP).ok_or(Refused::Missing("the header X-Twilio-Email-Event-Webhook-Timestamp"))?;
        is_fresh(unix(timestamp), now)?;
        let signature = BASE64.decode(signature.as_bytes()).map_err(|_| Refused::Wrong)?;
        let message = [timestamp.as_bytes(), body].concat();
        self.verifies(&message, &signature).map_err(|_| Refused::Wrong)
    }
}

pub(super) fn read(payload: &Value) -> Report {
    let mut report = Report::default();
    let Some(events) = payload.as_array() else {
        return Report::nothing("not a list of events: expected SendGrid's event webhook");
    };
    for event in events {
        match one(event) {
            Ok(returned) => report.returned.push(returned),
            Err(why) if report.ignored.contains(&why) => {}
            Err(why) => report.ignored.push(why),
        }
    }
    report
}

fn one(event: &Value) -> Result<Returned, String> {
    let kind = text(event, "/event");
    let said = text(event, "/reason").or(text(event, "/response"));
    let bounce = match kind {
        Some("spamreport") => Bounce::Complaint,
        Some("bounce") => match text(event, "/type") {
            Some("bounce") => Bounce::Hard,
            Some("blocked") => Bounce::Soft,
            _ => judged(text(event, "/status"), said.unwrap_or_default()),
        },
        Some("blocked" | "deferred") => Bounce::Soft,
        // SendGrid keeps a list of its own, and sends nothing to those on it.
        Some("dropped") => match said {
            Some("Bounced Address" | "Invalid") => Bounce::Hard,
            Some("Spam Reporting Address") => Bounce::Complaint,
            _ => return Err(ignored(said.or(kind), "SendGrid sent no mail, for a reason that is not the address")),
        },
        _ => return Err(ignored(kind, "neither a bounce nor a complaint")),
    };
    Ok(Returned {
        bounce,
        address: text(event, "/email").map(str::to_owned),
        names: texts(event, &["/smtp-id"]),
        reason: said.or(kind).unwrap_or_default().to_owned(),
    })
}
