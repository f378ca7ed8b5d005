//! Reads what other servers report of mails: bounces (RFC 3464) and complaints (RFC 5965).
//!
//! It owns what is taken for a report, what it says of the address, and where the signed names of surveys are looked for.
//! It is pure, and whatever a stranger sends is answered. It must not know what becomes of a report: whether a name was
//! signed here is for the key ring to say.

use crate::survey::closing::display;
use crate::survey::delivery::Bounce;
use mail_parser::{Encoding, Message, MessageParser, MessagePart, MimeHeaders, PartType};
use std::borrow::Cow;

/// A report is stored as one line beside the survey, as the answers of servers are.
const REASON_CHARACTERS: usize = 300;
/// How many names are taken from a report: a real one says the same one a few times.
const MOST_TOKENS: usize = 16;
/// The letters of a bounce token, and of an unsubscribe link's.
const BOUNCE_CHARS: usize = 56;
const LINK_CHARS: usize = 47;

/// A report of one mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// What happened.
    pub bounce: Bounce,
    /// What the server said, in one line.
    pub reason: String,
    /// What may be signed tokens that name the survey, the likeliest first: of bounces, and in complaints of unsubscribe
    /// links too, since those are often all that a provider leaves of the mail.
    pub tokens: Vec<String>,
}

/// A code of RFC 3463: class, subject, detail.
type Status = (u16, u16, u16);
/// One block of a report: names in lower case, and values.
type Fields = Vec<(String, String)>;

/// Reads a report; `None` for a mail that is none, or that reports nothing bad.
#[must_use]
pub fn read(raw: &[u8]) -> Option<Report> {
    let raw = without_mbox_line(raw);
    let message = MessageParser::default().parse(raw)?;
    let part = |kind: &str| {
        let of_kind = |part: &&MessagePart| subtype(part).is_some_and(|subtype| subtype.ends_with(kind));
        message.parts.iter().find(of_kind).map(|part| blocks(&String::from_utf8_lossy(part.contents())))
    };
    let (bounce, reason, said) = if let Some(blocks) = part("feedback-report") {
        let kind = value(blocks.first()?, "feedback-type")?.to_lowercase();
        // Reports of DMARC come in the same form, and say nothing of the address.
        if ["not-spam", "auth-failure", "dmarc"].contains(&kind.as_str()) {
            return None;
        }
        (Bounce::Complaint, kind, blocks)
    } else {
        let blocks = part("delivery-status")?;
        // Each of our mails has one recipient: should there be more, the worst counts.
        let judged = blocks.iter().filter_map(failure);
        let (bounce, reason) = judged.min_by_key(|(bounce, _)| *bounce != Bounce::Hard)?;
        (bounce, reason, blocks)
    };
    let mut places = vec![head(raw)];
    places.extend(said.iter().flatten().map(|(_, value)| Cow::from(value)));
    places.extend(returned(raw, &message));
    let tokens = tokens(&places, bounce == Bounce::Complaint);
    Some(Report { bounce, reason: display(&reason, REASON_CHARACTERS).unwrap_or_default(), tokens })
}

/// What a block says of its recipient; `None` if that is nothing bad, or it is about none.
fn failure(fields: &Fields) -> Option<(Bounce, String)> {
    let action = value(fields, "action").unwrap_or("failed").to_lowercase();
    let diagnostic = value(fields, "diagnostic-code").map(|text| text.split_once(';').map_or(text, |(_, said)| said));
    let said = diagnostic.map_or("", str::trim);
    let status = value(fields, "status").and_then(status);
    let reason = if said.is_empty() { value(fields, "status")? } else { said };
    match action.split_whitespace().next()? {
        "failed" => Some((if is_final(status, said) { Bounce::Hard } else { Bounce::Soft }, reason.to_owned())),
        "delayed" => Some((Bounce::Soft, reason.to_owned())),
        _ => None,
    }
}

/// Whether a failure says that the address is no good.
///
/// Only that stops us from ever asking there again. A full mailbox empties; what is refused as spam, for a blocklist or
/// for a missing signature is our fault, and taking it for theirs would on one bad day suppress every customer.
fn is_final(status: Option<Status>, said: &str) -> bool {
    // Servers without codes of their own are given x.0.0 by the one that reports; their answer may say more.
    let told = status.filter(|(_, subject, detail)| (*subject, *detail) != (0, 0)).or_else(|| {
        let words = said.split(|c: char| c.is_whitespace() || c == '-' || c == '#');
        words.filter_map(self::status).find(|told| status.is_none_or(|(class, ..)| class == told.0))
    });
    match told {
        Some((5, 1, detail)) => !matches!(detail, 7 | 8), // the sender's address
        // A disabled mailbox; no such host; and as Exchange says it, no such recipient and no such domain.
        Some((5, 2, 1) | (5, 4, 1 | 4 | 310)) => true,
        Some((_, subject, detail)) if (subject, detail) != (0, 0) => false,
        _ => {
            let class = status.map_or(5, |(class, ..)| class);
            let code = said.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
            class == 5 && (code.len() != 3 || ["521", "550", "551", "553", "556"].contains(&code))
        }
    }
}

/// Reads `5.1.1`, whatever follows it.
fn status(text: &str) -> Option<Status> {
    let code = text.trim().split(|c: char| !c.is_ascii_digit() && c != '.').next()?;
    let mut numbers = code.trim_end_matches('.').split('.').map(|number| number.parse().ok());
    let status = (numbers.next()??, numbers.next()??, numbers.next()??);
    (numbers.next().is_none() && matches!(status.0, 2 | 4 | 5)).then_some(status)
}

fn value<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// The blocks of a report's fields, with their lines unfolded.
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

/// A mail in an mbox, and one that a server pipes, may begin with a line that is no header.
fn without_mbox_line(raw: &[u8]) -> &[u8] {
    if !raw.starts_with(b"From ") {
        return raw;
    }
    let line = raw.iter().position(|byte| *byte == b'\n').map_or(raw.len(), |end| end + 1);
    &raw[line..]
}

/// The header of a mail, as text. Tokens count in headers only: a body may quote another mail.
fn head(raw: &[u8]) -> Cow<'_, str> {
    let blank = |pair: &[u8]| matches!(pair, b"\n\n" | b"\n\r");
    let end = raw.windows(2).position(blank).unwrap_or(raw.len());
    String::from_utf8_lossy(&raw[..end])
}

/// The headers of the mail that is reported, as far as the report gives it back.
fn returned<'a>(raw: &'a [u8], message: &'a Message) -> Vec<Cow<'a, str>> {
    let of_part = |part: &'a MessagePart| match (&part.body, subtype(part).as_deref()) {
        (PartType::Message(_), _) if part.encoding == Encoding::None => raw.get(part.offset_body as usize..).map(head),
        (PartType::Message(inner), _) => Some(head(inner.raw_message())),
        (_, Some("rfc822-headers" | "global-headers")) => Some(head(part.contents())),
        _ => None,
    };
    message.parts.iter().filter_map(of_part).collect()
}

fn tokens(places: &[Cow<str>], complaint: bool) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for place in places {
        // In any case: servers change that of addresses.
        let place = place.to_ascii_lowercase();
        let local_parts = place.split("b+").skip(1).filter_map(|rest| rest.split_once('@'));
        found
            .extend(local_parts.map(|(token, _)| token).filter(|token| token.len() == BOUNCE_CHARS).map(str::to_owned));
    }
    if complaint {
        let links = places.iter().flat_map(|place| place.split("/u/").skip(1));
        found.extend(links.filter_map(|rest| rest.get(..LINK_CHARS)).map(str::to_owned));
    }
    let mut known = std::collections::HashSet::new();
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
    fn only_what_says_that_the_address_is_no_good_is_hard() {
        use Bounce::{Hard, Soft};
        for (status, said, expected) in [
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
            ("4.0.0", "550 5.1.1 told by another", Soft),
            ("nonsense", "550 no", Hard),
            ("nonsense", "450 later", Soft),
        ] {
            let fields = format!("Action: failed\nStatus: {status}\nDiagnostic-Code: smtp; {said}");
            assert_eq!(judge(&fields), Some(expected), "{status} {said}");
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
                prop_assert!(report.reason.chars().count() <= REASON_CHARACTERS && report.tokens.len() <= MOST_TOKENS);
            }
            let _ = read(&raw[..from]);
        }
    }
}
