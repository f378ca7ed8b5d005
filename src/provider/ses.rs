//! Amazon SES: notifications of an identity, and events of a configuration set. Both have one shape, and come over SNS.

use super::{Report, Returned, ignored, items, text, texts};
use crate::survey::suppression::Bounce;
use serde_json::Value;

pub(super) fn read(message: &Value) -> Report {
    let kind = text(message, "/notificationType").or(text(message, "/eventType"));
    match kind {
        Some("Bounce") => {
            // SES calls it undetermined if it does not understand the answer.
            let permanent = text(message, "/bounce/bounceType") == Some("Permanent");
            let bounce = if permanent { Bounce::Hard } else { Bounce::Soft };
            let why = text(message, "/bounce/bounceSubType").unwrap_or_default();
            Report::of(returned(message, bounce, "/bounce/bouncedRecipients", why))
        }
        Some("Complaint") => match text(message, "/complaint/complaintFeedbackType") {
            // The customer took it out of the spam folder.
            Some("not-spam") => Report::nothing(ignored(Some("not-spam"), "nobody complained")),
            why => Report::of(returned(
                message,
                Bounce::Complaint,
                "/complaint/complainedRecipients",
                why.unwrap_or("complaint"),
            )),
        },
        Some("DeliveryDelay") => {
            let why = text(message, "/deliveryDelay/delayType").unwrap_or_default();
            Report::of(returned(message, Bounce::Soft, "/deliveryDelay/delayedRecipients", why))
        }
        _ => Report::nothing(ignored(kind, "neither a bounce nor a complaint")),
    }
}

fn returned(message: &Value, bounce: Bounce, recipients: &str, why: &str) -> Vec<Returned> {
    let names = texts(message, &["/mail/source", "/mail/commonHeaders/messageId"]);
    let one = |recipient: &Value| Returned {
        bounce,
        address: text(recipient, "/emailAddress").map(str::to_owned),
        names: names.clone(),
        reason: text(recipient, "/diagnosticCode").unwrap_or(why).to_owned(),
    };
    items(message, recipients).map(one).collect()
}
