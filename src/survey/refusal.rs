//! What a mail server's refusal is about: the recipient, or anything else.
//!
//! The dialogue judges answers by it, and reports of mails that came back are judged by the same codes. It must not know
//! how an answer is read, nor what follows from it.

use super::outbound::Attempt;
use super::suppression::without_addresses;
use super::words::words;

/// A status code of RFC 3463: class, subject, detail.
pub type Status = (u16, u16, u16);

/// Reply codes that can mean at `RCPT TO`, without a status code, that there is no such recipient.
const NO_RECIPIENT: [&str; 5] = ["521", "550", "551", "553", "556"];
/// Words that say that there is no such recipient, for refusals without a status code. Servers give the same reply codes
/// for full mailboxes, quotas and host names: 30 of 41 texts tried at RCPT would have suppressed a customer wrongly.
const NO_SUCH: [&str; 33] = [
    "no such",
    "unknown",
    "not exist",
    "n't exist",
    "not found",
    "not known",
    "not local",
    "not a valid",
    "invalid",
    "no longer",
    "no mailbox",
    "nobody",
    "mailbox name",
    "mailbox unavailable",
    "null mx",
    "unrouteable",
    "unbekannt",
    "existiert nicht",
    "nicht gefunden",
    "inconnu",
    "existe pas",
    "desconocid",
    "no existe",
    "sconosciut",
    "non esiste",
    "onbekend",
    "bestaat niet",
    "desconhecid",
    "o existe",
    "nieznan",
    "ukjent",
    "ukendt",
    "tuntematon",
];
/// Words of a refusal that is about who sends, not about the recipient, whatever its reply code.
const ABOUT_THE_SENDER: [&str; 18] = [
    "client",
    "helo",
    "host",
    "dns",
    "ptr",
    "your",
    "relay",
    "sender",
    "mail from",
    "authenticat",
    "log in",
    "login",
    "spf",
    "dkim",
    "dmarc",
    "block",
    "blacklist",
    "spam",
];

words! {
    /// The part of the dialogue that a server answered, in its order.
    pub enum Step {
        /// The greeting, and the answer to EHLO.
        Hello = "EHLO",
        /// The answer to STARTTLS.
        StartTls = "STARTTLS",
        /// The login.
        Auth = "AUTH",
        /// The envelope's sender.
        Mail = "MAIL FROM",
        /// The envelope's recipient.
        Recipient = "RCPT TO",
        /// The answer to DATA.
        Data = "DATA",
        /// The answer to the mail itself.
        Message = "the mail",
    }
}

impl Step {
    /// Whether a refusal here concerns every mail alike, because no recipient was named yet.
    #[must_use]
    pub fn is_about_the_sender(self) -> bool {
        self <= Self::Mail
    }
}

/// A refusal for good (5xx) that is not the recipient's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Where.
    pub step: Step,
    /// The reply code.
    pub code: u16,
    /// What the server said, in one line without addresses.
    pub why: String,
}

/// What an answer of 4xx or 5xx means for the mail. `why` is the answer in one line without addresses, and begins with its
/// code.
#[must_use]
pub fn judge(step: Step, code: u16, why: String) -> Attempt {
    let is_final = code >= 500;
    // 421: the server ends the session. Before a recipient is named that says nothing about the mail.
    if !is_final && (step < Step::Mail || (code, step) == (421, Step::Mail)) {
        return Attempt::Unreachable(why);
    }
    if !is_final {
        return Attempt::Temporary(why);
    }
    let is_recipients = match step {
        Step::Recipient => blames_recipient(None, &why),
        // Later the mail itself may be what is refused, so only a status code tells.
        Step::Data | Step::Message => status_in(&why).and_then(status_blames_recipient) == Some(true),
        Step::Hello | Step::StartTls | Step::Auth | Step::Mail => false,
    };
    if is_recipients { Attempt::NoRecipient(why) } else { Attempt::Refused(Refusal { step, code, why }) }
}

/// Whether a failure means that the address does not exist or is disabled.
///
/// Only such a failure suppresses the address. A full mailbox gets emptied. A mail that is refused as spam, because of
/// a blocklist or because of a missing signature is our own problem: counting that would suppress every customer on one
/// bad day. `status` is a code from beside the answer, if there is one.
#[must_use]
pub fn blames_recipient(status: Option<Status>, answer: &str) -> bool {
    // If a server sends no status code, the reporting server puts x.0.0. Its text may still hold a better code.
    let best = status.filter(|(_, subject, detail)| (*subject, *detail) != (0, 0)).or_else(|| {
        let in_text = statuses(answer).find(|code| status.is_none_or(|(class, ..)| class == code.0));
        in_text.filter(|(_, subject, detail)| (*subject, *detail) != (0, 0))
    });
    // Addresses and the names of hosts in them are no words of the server.
    let words = without_addresses(answer).to_lowercase();
    if let Some(blames) = best.and_then(status_blames_recipient) {
        // Postfix gives the sender's address the same code.
        return blames && !words.contains("sender address");
    }
    let class = status.map_or(5, |(class, ..)| class);
    let code = answer.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
    class == 5
        && (code.len() != 3 || NO_RECIPIENT.contains(&code))
        && (status.is_some() || NO_SUCH.iter().any(|no_such| words.contains(no_such)))
        && !ABOUT_THE_SENDER.iter().any(|about| words.contains(about))
}

/// What a status code says about the recipient; `None` if that depends on the words.
fn status_blames_recipient(status: Status) -> Option<bool> {
    match status {
        (5, 1, detail) => Some(!matches!(detail, 7 | 8)), // the sender's address
        // A disabled mailbox, an unknown host, and the codes of Exchange for an unknown recipient or domain.
        (5, 2, 1) | (5, 4, 1 | 4 | 310) => Some(true),
        (_, 0, 0) => None,
        _ => Some(false),
    }
}

/// The first status code in an answer.
fn status_in(answer: &str) -> Option<Status> {
    statuses(answer).next()
}

fn statuses(answer: &str) -> impl Iterator<Item = Status> {
    answer.split(|c: char| c.is_whitespace() || matches!(c, '-' | '#' | '(' | '[')).filter_map(status)
}

/// Reads a status code such as `5.1.1`, and ignores what follows it.
#[must_use]
pub fn status(text: &str) -> Option<Status> {
    let code = text.trim().split(|c: char| !c.is_ascii_digit() && c != '.').next()?;
    let mut numbers = code.trim_end_matches('.').split('.').map(|number| number.parse().ok());
    let status = (numbers.next()??, numbers.next()??, numbers.next()??);
    (numbers.next().is_none() && matches!(status.0, 2 | 4 | 5)).then_some(status)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The word for what an answer means.
    fn meaning(step: Step, answer: &str) -> &'static str {
        let code = answer[..3].parse().expect("a code");
        match judge(step, code, answer.to_owned()) {
            Attempt::NoRecipient(_) => "no recipient",
            Attempt::Refused(_) => "refused",
            Attempt::Temporary(_) => "temporary",
            Attempt::Unreachable(_) => "unreachable",
            other => panic!("no answer means {other:?}"),
        }
    }

    #[test]
    fn only_what_is_the_recipients_fails_a_mail_for_good() {
        use Step::{Auth, Data, Hello, Mail, Message, Recipient, StartTls};
        for (step, answer, expected) in [
            (Hello, "554 no service", "refused"),
            (Hello, "550 5.1.1 odd", "refused"),
            (Hello, "421 too many connections", "unreachable"),
            (StartTls, "454 4.7.0 not now", "unreachable"),
            (StartTls, "502 what", "refused"),
            (Auth, "535 5.7.8 wrong password", "refused"),
            (Auth, "454 4.7.0 later", "unreachable"),
            (Mail, "550 not you", "refused"),
            (Mail, "550 5.1.1 unknown", "refused"),
            (Mail, "553 5.7.1 sender not owned by user", "refused"),
            (Mail, "501 5.1.7 bad sender", "refused"),
            (Mail, "530 5.7.0 log in first", "refused"),
            (Mail, "451 later", "temporary"),
            (Mail, "421 idle for too long", "unreachable"),
            (Recipient, "550 5.1.1 no such user", "no recipient"),
            (Recipient, "550 5.1.2 no such domain", "no recipient"),
            (Recipient, "501 5.1.3 bad address", "no recipient"),
            (Recipient, "551 5.1.6 moved", "no recipient"),
            (Recipient, "556 5.1.10 null MX", "no recipient"),
            (Recipient, "550 5.2.1 disabled", "no recipient"),
            (Recipient, "550 5.0.0 user unknown", "no recipient"),
            (Recipient, "550 no such user here", "no recipient"),
            (Recipient, "550 no mailbox here by that name. (#5.1.1)", "no recipient"),
            (Recipient, "551 user not local", "no recipient"),
            (Recipient, "553 mailbox name not allowed", "no recipient"),
            (Recipient, "550 <ada@relay.example.com>: unknown", "no recipient"),
            (Recipient, "550 Empf\u{fffd}nger unbekannt", "no recipient"),
            (Recipient, "550 Requested action not taken: mailbox unavailable", "no recipient"),
            (Recipient, "550 unrouteable address", "no recipient"),
            (Recipient, "550 5.1.1 <a@b.example>: Sender address rejected: User unknown in local table", "refused"),
            (Recipient, "550 5.0.0 Access denied", "refused"),
            (Recipient, "550 Mailbox full", "refused"),
            (Recipient, "550 user over quota", "refused"),
            (Recipient, "550 Your IP is not permitted", "refused"),
            (Recipient, "550 HELO argument does not resolve", "refused"),
            (Recipient, "550 Reverse DNS lookup failed: host not found", "refused"),
            (Recipient, "550 Rejected by greylisting", "refused"),
            (Recipient, "550 Too many recipients", "refused"),
            (Recipient, "550 Access denied", "refused"),
            (Recipient, "550 Your account has been disabled, contact support", "refused"),
            (Recipient, "550 User not authorized to send", "refused"),
            (Recipient, "550 Ihre Domain ist gesperrt", "refused"),
            (Recipient, "553 sorry, that domain isn't in my list of allowed rcpthosts", "refused"),
            (Recipient, "550 5.1.8 sender's domain not found", "refused"),
            (Recipient, "550 5.7.1 unable to relay", "refused"),
            (Recipient, "550 relaying denied", "refused"),
            (Recipient, "553 Sender address rejected", "refused"),
            (Recipient, "550 Authentication required", "refused"),
            (Recipient, "554 relay access denied", "refused"),
            (Recipient, "554 5.7.1 relay access denied", "refused"),
            (Recipient, "552 5.2.2 mailbox full", "refused"),
            (Recipient, "501 syntax", "refused"),
            (Recipient, "450 4.2.0 greylisted", "temporary"),
            (Recipient, "421 closing", "temporary"),
            (Data, "554 no valid recipients", "refused"),
            (Data, "550 5.1.1 no such user", "no recipient"),
            (Message, "550 5.1.1 no such user", "no recipient"),
            (Message, "550 5.2.1 disabled", "no recipient"),
            (Message, "550 no such user", "refused"),
            (Message, "554 Message rejected: Email address is not verified.", "refused"),
            (Message, "554 Sending paused for this account", "refused"),
            (Message, "550 The from address does not match a verified Sender Identity", "refused"),
            (Message, "552 too big", "refused"),
            (Message, "554 5.7.1 looks like spam", "refused"),
            (Message, "451 busy", "temporary"),
            (Message, "421 closing", "temporary"),
        ] {
            assert_eq!(meaning(step, answer), expected, "{step}: {answer}");
        }
    }

    proptest! {
        #[test]
        fn no_answer_before_a_recipient_is_named_blames_one(
            step in prop::sample::select(&[Step::Hello, Step::StartTls, Step::Auth, Step::Mail][..]),
            code in 400..600u16, words in "[a-z0-9. #-]{0,40}",
        ) {
            let attempt = judge(step, code, format!("{code} {words}"));
            prop_assert!(!matches!(attempt, Attempt::NoRecipient(_)), "{attempt:?}");
        }

        #[test]
        fn an_answer_for_now_never_fails_a_mail(
            step in prop::sample::select(Step::ALL), code in 400..500u16, words in "[a-z0-9. #-]{0,40}",
        ) {
            let attempt = judge(step, code, format!("{code} {words}"));
            prop_assert!(matches!(attempt, Attempt::Temporary(_) | Attempt::Unreachable(_)), "{attempt:?}");
        }

        #[test]
        fn any_text_is_read(step in prop::sample::select(Step::ALL), code in 400..600u16, words in ".{0,60}") {
            drop(judge(step, code, words));
        }
    }
}
