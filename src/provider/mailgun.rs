//! Mailgun: webhooks of a domain, signed over a time and a token in the body.
//!
//! The event itself is not signed, so only https keeps others from changing it.

use super::{Refused, Report, Returned, ignored, is_fresh, judged, text, texts, unix};
use crate::survey::Time;
use crate::survey::suppression::Bounce;
use data_encoding::HEXLOWER_PERMISSIVE;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

/// Checks the signature of a payload, in constant time. Only the signature is looked at.
///
/// # Errors
/// It is missing, of another time, or made with another key.
pub fn verify(secret: &str, payload: &Value, now: Time) -> Result<(), Refused> {
    let part = |pointer, name| text(payload, pointer).ok_or(Refused::Missing(name));
    let timestamp = part("/signature/timestamp", "signature.timestamp")?;
    let token = part("/signature/token", "signature.token")?;
    let signature = part("/signature/signature", "signature.signature")?;
    is_fresh(unix(timestamp), now)?;
    let signature = HEXLOWER_PERMISSIVE.decode(signature.as_bytes()).map_err(|_| Refused::Wrong)?;
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).map_err(|_| Refused::Wrong)?;
    mac.chain_update(timestamp).chain_update(token).verify_slice(&signature).map_err(|_| Refused::Wrong)
}

pub(super) fn read(payload: &Value) -> Report {
    let Some(event) = payload.get("event-data") else {
        return Report::nothing("no event-data: expected a webhook of Mailgun's API, version 3");
    };
    let (kind, why) = (text(event, "/event"), text(event, "/reason"));
    let said = text(event, "/delivery-status/message").or(text(event, "/delivery-status/description"));
    let said = said.or(why).unwrap_or_default();
    let code = text(event, "/delivery-status/enhanced-code");
    let bounce = match (kind, text(event, "/severity"), why) {
        (Some("complained"), ..) | (Some("failed"), _, Some("suppress-complaint")) => Bounce::Complaint,
        (Some("failed"), _, Some("suppress-unsubscribe")) => {
            return Report::nothing(
                "suppress-unsubscribe: Mailgun sent no mail, because the customer unsubscribed there",
            );
        }
        (Some("failed"), Some("temporary"), _) => Bounce::Soft,
        (Some("failed"), _, Some("suppress-bounce")) => Bounce::Hard,
        // Its word for any final refusal by the customer's server, so a code of that server knows better.
        (Some("failed"), _, Some("bounce")) if code.is_none() => Bounce::Hard,
        (Some("failed"), ..) => judged(code, said),
        _ => return Report::nothing(ignored(kind, "neither a failure nor a complaint")),
    };
    Report::of(vec![Returned {
        bounce,
        address: text(event, "/recipient").map(str::to_owned),
        names: texts(event, &["/envelope/sender", "/message/headers/message-id"]),
        reason: said.to_owned(),
    }])
}
