//! Reads what other servers report about mails: bounces (RFC 3464) and complaints (RFC 5965).
//!
//! Owns what counts as a report, what it says about the address, and where in it the signed tokens of surveys may be.
//! It is pure, and handles anything that a stranger sends. It must not know what follows from a report, nor whether a
//! token was signed here: the key ring verifies that.

use super::LONGEST_REASON;
use crate::survey::fields::display;
use crate::survey::link::{BOUNCE_CHARS, LINK_CHARS};
use crate::survey::refusal::{blames_recipient, status};
use crate::survey::suppression::Bounce;
use mail_parser::{Encoding, Message, MessageParser, MessagePart, MimeHeaders, PartType};
use std::borrow::Cow;
use std::collections::HashSet;

/// How many tokens are read from a report. A real one repeats the same token a few times.
const MOST_TOKENS: usize = 16;

/// A report about one mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BounceReport {
    /// What happened.
    pub bounce: Bounce,
    /// What the server said, in one line of at most [`LONGEST_REASON`] characters.
    pub reason: String,
    /// Candidates for signed tokens of the survey, the likeliest first. In a complaint they include unsubscribe links,
    /// because often a provider leaves nothing else of the mail.
    pub tokens: Vec<String>,
}

/// One block of fields in a report: names in lower case, and values.
type Fields = Vec<(String, String)>;

/// Reads a report; `None` if the mail is not a report, or reports nothing bad.
#[must_use]
pub fn read(raw: &[u8]) -> Option<BounceReport> {
    let raw = without_mbox_line(raw);
    let message = MessageParser::default().parse(raw)?;
    let part = |kind: &str| {
        let of_kind = |part: &&MessagePart| subtype(part).is_some_and(|subtype| subtype.ends_with(kind));
        message.parts.iter().find(of_kind).map(|part| blocks(&String::from_utf8_lossy(part.contents())))
    };
    let (bounce, reason, blocks) = if let Some(blocks) = part("feedback-report") {
        let kind = value(blocks.first()?, "feedback-type")?.to_lowercase();
        // DMARC reports have the same format, and say nothing about the address.
        if ["not-spam", "auth-failure", "dmarc"].contains(&kind.as_str()) {
            return None;
        }
        (Bounce::Complaint, kind, blocks)
    } else {
        let blocks = part("delivery-status")?;
        // Each of our mails has one recipient. Should a report name more, the worst counts.
        let judged = blocks.iter().filter_map(failure);
        let (bounce, reason) = judged.min_by_key(|(bounce, _)| *bounce != Bounce::Hard)?;
        (bounce, reason, blocks)
    };
    let mut places = vec![head(raw)];
    places.extend(blocks.iter().flatten().map(|(_, value)| Cow::from(value)));
    places.extend(returned(raw, &message));
    let tokens = tokens(&places, bounce == Bounce::Complaint);
    Some(BounceReport { bounce, reason: display(&reason, LONGEST_REASON).unwrap_or_default(), tokens })
}

/// What a block says about its recipient; `None` if that is nothing bad, or the block has no recipient.
fn failure(fields: &Fields) -> Option<(Bounce, String)> {
    let action = value(fields, "action").unwrap_or("failed").to_lowercase();
    let diagnostic =
        value(fields, "diagnostic-code").map(|text| text.split_once(';').map_or(text, |(_, answer)| answer));
    let answer = diagnostic.map_or("", str::trim);
    let status = value(fields, "status").and_then(status);
    let reason = if answer.is_empty() { value(fields, "status")? } else { answer };
    match action.split_whitespace().next()? {
        "failed" => {
            Some((if blames_recipient(status, answer) { Bounce::Hard } else { Bounce::Soft }, reason.to_owned()))
        }
        "delayed" => Some((Bounce::Soft, reason.to_owned())),
        _ => None,
    }
}

fn value<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// The blocks of fields in a report. Folded lines are joined.
fn blocks(text: &str) -> Vec<Fields> {
    let (mut blocks, mut fields) = (Vec::new(), Fields::new());
    for line in text.lines() {
        if line.trim().is_empty() {
            blocks.push(std::mem::take(&mut fields));
        } else if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = fields.last_mut() {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(':') {
            fields.push((name.trim().to_lowercase(), value.trim().to_owned()));
        }
    }
    blocks.push(fields);
    blocks.retain(|fields| !fields.is_empty());
    blocks
}

fn subtype(part: &MessagePart) -> Option<String> {
    let kind = part.content_type()?;
    Some(kind.subtype()?.to_lowercase())
}

/// Drops the `From ` line of mbox, which a server may also put before a mail that it pipes: it is not a header.
fn without_mbox_line(raw: &[u8]) -> &[u8] {
    if !raw.starts_with(b"From ") {
        return raw;
    }
    let line = raw.iter().position(|byte| *byte == b'\n').map_or(raw.len(), |end| end + 1);
    &raw[line..]
}

/// The header of a mail, as text. The body is not searched for tokens: it may quote another mail.
fn head(raw: &[u8]) -> Cow<'_, str> {
    let blank = |pair: &[u8]| matches!(pair, b"\n\n" | b"\n\r");
    let end = raw.windows(2).position(blank).unwrap_or(raw.len());
    String::from_utf8_lossy(&raw[..end])
}

/// The headers of the reported mail, as far as the report includes them.
fn returned<'a>(raw: &'a [u8], message: &'a Message) -> Vec<Cow<'a, str>> {
    let of_part = |part: &'a MessagePart| match (&part.body, subtype(part).as_deref()) {
        (PartType::Message(_), _) if part.encoding == Encoding::None => raw.get(part.offset_body as usize..).map(head),
        (PartType::Message(inner), _) => Some(head(inner.raw_message())),
        (_, Some("rfc822-headers" | "global-headers")) => Some(head(part.contents())),
        _ => None,
    };
    message.parts.iter().filter_map(of_part).collect()
}

/// Candidates for the signed token in the sender of an envelope, such as `b+TOKEN@bounces.example.com`.
#[must_use]
pub fn tokens_in(sender: &str) -> Vec<String> {
    tokens(&[Cow::Borrowed(sender)], false)
}

fn tokens(places: &[Cow<str>], complaint: bool) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for place in places {
        // Servers may change the case of addresses.
        let place = place.to_ascii_lowercase();
        let local_parts = place.split("b+").skip(1).filter_map(|rest| rest.split_once('@'));
        found
            .extend(local_parts.map(|(token, _)| token).filter(|token| token.len() == BOUNCE_CHARS).map(str::to_owned));
    }
    if complaint {
        let links = places.iter().flat_map(|place| place.split("/u/").skip(1));
        found.extend(links.filter_map(|rest| rest.get(..LINK_CHARS)).map(str::to_owned));
    }
    let mut known = HashSet::new();
    found.retain(|token| known.insert(token.clone()));
    found.truncate(MOST_TOKENS);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn judge(fields: &str) -> Option<Bounce> {
        failure(blocks(fields).first().expect("a block")).map(|(bounce, _)| bounce)
    }

    #[test]
    fn only_a_failure_that_blames_the_address_is_hard() {
        use Bounce::{Hard, Soft};
        for (status, answer, expected) in [
            ("5.1.1", "550 5.1.1 no such user", Hard),
            ("5.1.10", "", Hard),
            ("5.1.1 (unknown user)", "", Hard),
            ("5.1.8", "501 5.1.8 sender's domain not found", Soft),
            ("5.2.1", "550 5.2.1 disabled", Hard),
            ("5.2.2", "552 5.2.2 over quota", Soft),
            ("5.4.1", "550 5.4.1 Recipient address rejected: Access denied", Hard),
            ("5.4.4", "Host not found", Hard),
            ("5.4.6", "mail loop", Soft),
            ("5.4.310", "DNS domain example.com does not exist", Hard),
            ("5.7.1", "550 5.7.1 blocked", Soft),
            ("5.3.4", "552 too big", Soft),
            ("4.4.7", "expired", Soft),
            ("4.1.1", "450 4.1.1 try later", Soft),
            ("5.0.0", "550 user unknown", Hard),
            ("5.0.0", "", Hard),
            ("5.0.0", "554 blocked using a list", Soft),
            ("5.0.0", "552 mailbox full", Soft),
            ("5.0.0", "550-5.7.1 we do not like you", Soft),
            ("5.0.0", "550 #5.1.0 Address rejected", Hard),
            ("4.0.0", "550 5.1.1 reported by another", Soft),
            ("5.0.0", "550 blocked by our spam filter", Soft),
            ("nonsense", "550 no such user", Hard),
            ("nonsense", "550 no", Soft),
            ("nonsense", "450 later", Soft),
        ] {
            let fields = format!("Action: failed\nStatus: {status}\nDiagnostic-Code: smtp; {answer}");
            assert_eq!(judge(&fields), Some(expected), "{status} {answer}");
        }
        assert_eq!(judge("Action: delayed\nStatus: 5.1.1"), Some(Soft));
        assert_eq!(judge("Action: delivered\nStatus: 2.0.0"), None);
        assert_eq!(judge("Reporting-MTA: dns; mx.example.com"), None);
    }

    const REPORTS: [&str; 4] = [
        include_str!("../../tests/data/bounces/postfix-unknown.eml"),
        include_str!("../../tests/data/bounces/gmail-unknown.eml"),
        include_str!("../../tests/data/bounces/complaint.eml"),
        include_str!("../../tests/data/bounces/blocklist.eml"),
    ];

    proptest! {
        #[test]
        fn whatever_a_stranger_sends_is_read(raw in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = read(&raw);
        }

        #[test]
        fn a_broken_report_is_read(
            which in 0..REPORTS.len(), from in 0..6000usize, cut in 0..400usize, put in prop::collection::vec(any::<u8>(), 0..40),
        ) {
            let mut raw = REPORTS[which].as_bytes().to_vec();
            let from = from.min(raw.len());
            let to = (from + cut).min(raw.len());
            raw.splice(from..to, put);
            if let Some(report) = read(&raw) {
                prop_assert!(report.reason.chars().count() <= LONGEST_REASON && report.tokens.len() <= MOST_TOKENS);
            }
            let _ = read(&raw[..from]);
        }
    }
}
