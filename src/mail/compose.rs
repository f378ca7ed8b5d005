//! Writes the mail that asks: a pure function from a survey to a finished letter.
//!
//! It owns headers, parts and links of the mail. It must not know how it is sent, nor touch a clock or a database.

use super::dkim::Dkim;
use super::transport::Letter;
use crate::survey::Time;
use crate::survey::delivery::Outgoing;
use crate::survey::link::{KeyRing, Link, Purpose};
use crate::survey::rating::Score;
use crate::text::{Text, fill};
use askama::Template;
use lettre::Address;
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart};
use std::time::SystemTime;

/// As much of a brand as a Feedback-ID holds: the header stays on one line.
const BRAND_CHARACTERS: usize = 32;

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub struct Sender<'a> {
    /// The name to write under, if there is one.
    pub from_name: Option<&'a str>,
    /// The address to write from; its domain is the Message-ID's too.
    pub from_address: &'a str,
    /// Where answers go, if elsewhere: name and address.
    pub reply_to: Option<(Option<&'a str>, &'a str)>,
    /// The name that customers recognise.
    pub brand: &'a str,
    /// The accent colour, as `#rrggbb`.
    pub color: &'a str,
    /// What links begin with.
    pub public_url: &'a str,
    /// Where bounces go, if not to the From address: each mail has an address of its own there, signed.
    pub bounce_domain: Option<&'a str>,
    /// Signs for the From domain.
    pub dkim: Option<&'a Dkim>,
}

/// A mail that cannot be written, in a sentence.
#[derive(Debug, thiserror::Error)]
#[error("the mail cannot be written: {0}")]
pub struct ComposeError(String);

struct Face {
    picture: &'static str,
    word: &'static str,
    url: String,
}

/// What both parts are filled with.
struct Words<'a> {
    text: &'static Text,
    subject: String,
    about: Option<String>,
    reason: String,
    brand: &'a str,
    color: &'a str,
    faces: Vec<Face>,
    unsubscribe: String,
}

#[derive(Template)]
#[template(path = "email/request.txt")]
struct PlainPart<'a> {
    mail: &'a Words<'a>,
}

#[derive(Template)]
#[template(path = "email/request.html")]
struct HtmlPart<'a> {
    mail: &'a Words<'a>,
}

/// Writes the mail of a survey. The same survey gives the same Message-ID, so that a repeat is recognisable.
///
/// # Errors
/// An address that lettre does not take: it was checked when the closing came in, so this is rare.
pub fn request(sender: &Sender, mail: &Outgoing, ring: &KeyRing, now: Time) -> Result<Letter, ComposeError> {
    let words = words(sender, mail, ring);
    let refuse = |error: &dyn std::fmt::Display| ComposeError(error.to_string());
    let plain = PlainPart { mail: &words }.render().map_err(|error| refuse(&error))?;
    let html = HtmlPart { mail: &words }.render().map_err(|error| refuse(&error))?;

    let from = mailbox(sender.from_name, sender.from_address)?;
    let to = mailbox(mail.customer_name.as_deref(), &mail.address)?;
    let returns_to = match sender.bounce_domain {
        Some(domain) => bounce_address(mail, ring, domain)?,
        None => from.email.clone(),
    };
    let envelope = (returns_to, to.email.clone());
    let mut message = Message::builder()
        .message_id(Some(format!("<{}@{}>", mail.survey, from.email.domain())))
        .from(from)
        .to(to)
        .subject(not_encoded(&words.subject))
        .date(SystemTime::from(now))
        .header(ListUnsubscribe(format!("<{}>", words.unsubscribe)))
        .header(ListUnsubscribePost("List-Unsubscribe=One-Click".into()))
        .header(AutoSubmitted("auto-generated".into()))
        .header(AutoResponseSuppress("All".into()))
        .header(FeedbackId(feedback_id(sender.brand)));
    if let Some((name, address)) = sender.reply_to {
        message = message.reply_to(mailbox(name, address)?);
    }
    if let Some(id) = &mail.in_reply_to {
        message = message.in_reply_to(id.clone()).references(id.clone());
    }
    let parts = MultiPart::alternative_plain_html(plain, html);
    let mut message = message.multipart(parts).map_err(|error| refuse(&error))?;
    if let Some(dkim) = sender.dkim {
        dkim.sign(&mut message);
    }
    let (from, to) = envelope;
    Ok(Letter { id: mail.survey.to_string(), from, to, raw: message.formatted() })
}

fn words<'a>(sender: &Sender<'a>, mail: &'a Outgoing, ring: &KeyRing) -> Words<'a> {
    let text = Text::english();
    let link = |purpose| ring.sign(&Link { purpose, survey: mail.survey });
    let names = [
        ("teammate", mail.teammate.as_deref().unwrap_or_default()),
        ("brand", sender.brand),
        ("subject", mail.subject.as_deref().unwrap_or_default()),
    ];
    let subject = if mail.teammate.is_some() { &text.mail.subject_teammate } else { &text.mail.subject_brand };
    let face = |score: Score| Face {
        picture: score.face(),
        word: &text.words[score.index()],
        url: format!("{}/r/{}", sender.public_url, link(Purpose::Rate(score))),
    };
    Words {
        text,
        subject: fill(subject, &names),
        about: mail.subject.as_ref().map(|_| fill(&text.mail.about, &names)),
        reason: fill(&text.mail.reason, &names),
        brand: sender.brand,
        color: sender.color,
        faces: Score::ALL.map(face).into(),
        unsubscribe: format!("{}/u/{}", sender.public_url, link(Purpose::Unsubscribe)),
    }
}

/// The envelope's sender of this one mail. Whatever comes back there is about its survey, and only who got the mail can
/// know the address.
fn bounce_address(mail: &Outgoing, ring: &KeyRing, domain: &str) -> Result<Address, ComposeError> {
    let token = ring.sign(&Link { purpose: Purpose::Bounce, survey: mail.survey });
    Address::new(format!("b+{token}"), domain).map_err(|error| ComposeError(format!("{error}")))
}

fn mailbox(name: Option<&str>, address: &str) -> Result<Mailbox, ComposeError> {
    let address: Address = address.parse().map_err(|error| ComposeError(format!("{error}")))?;
    Ok(Mailbox::new(name.map(not_encoded), address))
}

/// A header's text that no mail program takes for an encoded word (RFC 2047): lettre lets ASCII pass as it is. Nor does it
/// hold a line break: lettre panics at one in a name.
fn not_encoded(text: &str) -> String {
    text.replace(|c: char| c.is_control(), " ").replace("=?", "= ?")
}

/// By what the mail's complaints are counted, in Gmail's form: the brand's part of it, and the sender at the end, which
/// must be the same on all mails. It names no person.
fn feedback_id(brand: &str) -> String {
    let words = brand.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let slug: String = words.collect::<Vec<_>>().join("-").to_lowercase().chars().take(BRAND_CHARACTERS).collect();
    if slug.is_empty() { "survey:afterword".to_owned() } else { format!("survey:{slug}:afterword") }
}

macro_rules! header {
    ($(#[$doc:meta])* $type:ident, $name:literal) => {
        $(#[$doc])*
        #[derive(Clone)]
        struct $type(String);

        impl Header for $type {
            fn name() -> HeaderName {
                HeaderName::new_from_ascii_str($name)
            }

            fn parse(text: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
                Ok(Self(text.to_owned()))
            }

            fn display(&self) -> HeaderValue {
                HeaderValue::new(Self::name(), self.0.clone())
            }
        }
    };
}

header!(
    /// RFC 2369: where the customer leaves.
    ListUnsubscribe,
    "List-Unsubscribe"
);
header!(
    /// RFC 8058: a mail program may leave for them, with one POST.
    ListUnsubscribePost,
    "List-Unsubscribe-Post"
);
header!(
    /// RFC 3834: no vacation notice should answer.
    AutoSubmitted,
    "Auto-Submitted"
);
header!(
    /// Exchange's word for the same, which also stops read receipts.
    AutoResponseSuppress,
    "X-Auto-Response-Suppress"
);
header!(
    /// Gmail's word for what complaints are counted by.
    FeedbackId,
    "Feedback-ID"
);
