//! Reads the sent mails as a mail program does: who, what, when, and the links.
//!
//! It must not know why a mail was sent, nor how it is shown.

use crate::mail::transport::Memory;
use crate::survey::Time;
use mail_parser::decoders::html::html_to_text;
use mail_parser::{Message, MessageParser};
use uuid::Uuid;

/// A received mail.
pub(super) struct Mail {
    pub survey: Uuid,
    pub from: String,
    /// The customer's name, or the address if there is no name.
    pub to: String,
    pub subject: String,
    /// The text that mail programs show beside the subject.
    pub preheader: String,
    pub at: Time,
    pub plain: String,
    pub html: String,
    pub links: Links,
}

/// The links of a mail.
pub(super) struct Links {
    /// The tokens of the rating links, one a score, worst first.
    pub rate: Vec<String>,
    /// The token of the unsubscribe link.
    pub unsubscribe: String,
}

/// The newest mails, newest first, at most `most`.
pub(super) fn newest(memory: &Memory, most: usize) -> Vec<Mail> {
    memory.mails().iter().rev().take(most).filter_map(|raw| read(raw)).collect()
}

/// The mail of a survey.
pub(super) fn find(memory: &Memory, survey: Uuid) -> Option<Mail> {
    let id = survey.to_string();
    memory.letters().iter().rev().find(|letter| letter.id == id).and_then(|letter| read(&letter.raw))
}

/// Reads a mail; `None` if it is not one of a survey.
pub(super) fn read(raw: &[u8]) -> Option<Mail> {
    let mail = MessageParser::default().parse(raw)?;
    let (survey, _) = mail.message_id()?.split_once('@')?;
    let plain = mail.body_text(0)?.into_owned();
    let html = mail.body_html(0)?.into_owned();
    let (rate, unsubscribe) = (tokens(&plain, "/r/"), tokens(&plain, "/u/").pop()?);
    if rate.len() != 5 {
        return None;
    }
    let to = address(mail.to());
    Some(Mail {
        survey: survey.parse().ok()?,
        from: sender(&mail),
        to,
        subject: mail.subject().unwrap_or_default().to_owned(),
        preheader: preheader(&html),
        at: Time::from_timestamp(mail.date()?.to_timestamp(), 0)?,
        plain,
        html,
        links: Links { rate, unsubscribe },
    })
}

/// The text after each `path`, up to the next space.
fn tokens(text: &str, path: &str) -> Vec<String> {
    let found = text.split(path).skip(1);
    found.filter_map(|rest| rest.split_whitespace().next()).map(str::to_owned).collect()
}

fn sender(mail: &Message) -> String {
    let address = mail.from().and_then(|from| from.first()).and_then(|first| first.address()).unwrap_or_default();
    match self::address(mail.from()) {
        name if name == address => name,
        name => format!("{name} <{address}>"),
    }
}

fn address(of: Option<&mail_parser::Address>) -> String {
    let first = of.and_then(|of| of.first());
    let shown = first.and_then(|first| first.name().or_else(|| first.address()));
    shown.unwrap_or_default().to_owned()
}

/// The first text of the HTML part, which the mail hides and mail programs show in the list. It is padded with characters
/// that nobody sees.
fn preheader(html: &str) -> String {
    let hidden = html.split("display:none").nth(1).and_then(|rest| rest.split_once('>')).map_or("", |(_, rest)| rest);
    let text = html_to_text(hidden.split('<').next().unwrap_or_default());
    text.trim_end_matches(|c: char| c.is_whitespace() || "\u{34f}\u{200c}\u{200b}".contains(c)).to_owned()
}
