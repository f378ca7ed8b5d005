//! Postmark: webhooks of a message stream, which are not signed.

use super::{Report, Returned, ignored, text};
use crate::survey::suppression::Bounce;
use serde_json::Value;

pub(super) fn read(payload: &Value) -> Report {
    let record = text(payload, "/RecordType");
    let kind = text(payload, "/Type");
    let bounce = match (record, kind) {
        (Some("SpamComplaint"), _) | (Some("Bounce"), Some("SpamComplaint")) => Bounce::Complaint,
        (Some("Bounce"), Some("HardBounce" | "BadEmailAddress")) => Bounce::Hard,
        (
            Some("Bounce"),
            Some(
                "Transient" | "DnsError" | "SoftBounce" | "SpamNotification" | "Blocked" | "DMARCPolicy" | "Unknown"
                | "VirusNotification",
            ),
        ) => Bounce::Soft,
        (Some("Bounce"), _) => return Report::nothing(ignored(kind, "not about whether the mail arrived")),
        _ => return Report::nothing(ignored(record, "neither a bounce nor a complaint")),
    };
    let said = text(payload, "/Details").or(text(payload, "/Description")).or(kind).unwrap_or_default();
    Report::of(vec![Returned {
        bounce,
        address: text(payload, "/Email").map(str::to_owned),
        // Postmark gives mails a Message-ID of its own, and tells no sender of an envelope.
        names: Vec::new(),
        reason: said.to_owned(),
    }])
}
