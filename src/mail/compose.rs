//! Writes the mail that asks: a pure function from a survey to a finished letter.
//!
//! It owns headers, parts and links of the mail. It must not know how it is sent, nor touch a clock or a database.

use super::dkim::Dkim;
use super::transport::Letter;
use crate::survey::Time;
use crate::survey::delivery::Outgoing;
use crate::survey::link::{KeyRing, Link, Purpose};
use crate::survey::rating::Score;
use crate::text::{Own, Text, fill};
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
    /// The name that customers recognise, unless own words have another.
    pub brand: &'a str,
    /// The accent colour, as `#rrggbb`.
    pub color: &'a str,
    /// The brand's logo, shown in place of its name: the one thing of a mail that is fetched. An https URL.
    pub logo: Option<&'a str>,
    /// The texts, in the customer's language.
    pub text: &'static Text,
    /// What is said in place of our words.
    pub own: Own<'a>,
    /// What the subject begins with: nothing, but for a test.
    pub mark: &'a str,
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

impl ComposeError {
    pub(crate) fn new(why: impl std::fmt::Display) -> Self {
        Self(why.to_string())
    }
}

/// What a mail says, as text twice over.
#[derive(Clone, Debug)]
pub struct Parts {
    /// Its subject, in one line.
    pub subject: String,
    /// For programs that show no HTML.
    pub plain: String,
    /// For all others.
    pub html: String,
    /// The way out, as a URL.
    unsubscribe: String,
}

struct Face {
    picture: &'static str,
    word: &'static str,
    /// What a screen reader says of it.
    label: String,
    url: String,
}

/// What both parts are filled with.
struct Words<'a> {
    text: &'static Text,
    subject: String,
    question: String,
    about: Option<String>,
    /// What lists of mails show beside the subject.
    preheader: String,
    reason: String,
    brand: &'a str,
    color: &'a str,
    logo: Option<&'a str>,
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
    let Parts { subject, plain, html, unsubscribe } = parts(sender, mail, ring)?;
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
        .subject(not_encoded(&subject))
        .date(SystemTime::from(now))
        .header(ListUnsubscribe(format!("<{unsubscribe}>")))
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
    let mut message = message.multipart(parts).map_err(ComposeError::new)?;
    if let Some(dkim) = sender.dkim {
        dkim.sign(&mut message);
    }
    let (from, to) = envelope;
    Ok(Letter { id: mail.survey.to_string(), from, to, raw: message.formatted() })
}

/// Writes the parts of a survey's mail.
///
/// # Errors
/// None that is known of: a template that cannot be filled.
pub fn parts(sender: &Sender, mail: &Outgoing, ring: &KeyRing) -> Result<Parts, ComposeError> {
    let words = words(sender, mail, ring);
    let plain = PlainPart { mail: &words }.render().map_err(ComposeError::new)?;
    let html = HtmlPart { mail: &words }.render().map_err(ComposeError::new)?;
    Ok(Parts { subject: words.subject, plain, html, unsubscribe: words.unsubscribe })
}

/// Whether there are texts in a customer's language; who has another gets those in the brand's.
#[must_use]
pub fn speaks(locale: &str) -> bool {
    Text::in_language(locale).is_some()
}

fn words<'a>(sender: &Sender<'a>, mail: &'a Outgoing, ring: &KeyRing) -> Words<'a> {
    let link = |purpose| ring.sign(&Link { purpose, survey: mail.survey });
    let (own, text) = (sender.own, sender.text);
    let (language, ours) = (text.language.as_str(), &text.mail);
    let brand = own.brand(language, sender.brand);
    let names = [
        ("teammate", mail.teammate.as_deref()),
        ("brand", Some(brand)),
        ("subject", mail.subject.as_deref()),
        ("customer", mail.customer_name.as_deref()),
    ];
    // Ours end with one that names the brand alone, which is always known.
    let say = |key, ours: &[&str]| own.say(language, key, ours, &names);
    let subject = say(|words| &words.subject, &[&ours.subject_teammate, &ours.subject_brand]).unwrap_or_default();
    let about = say(|words| &words.about, &[&ours.about]);
    let preheader = about.iter().chain([&ours.hint]).map(String::as_str).collect::<Vec<_>>().join(" ");
    let face = |score: Score| Face {
        picture: score.face(),
        word: &text.words[score.index()],
        label: fill(&text.mail.face, &[("word", &text.words[score.index()]), ("number", &score.number().to_string())]),
        url: format!("{}/r/{}", sender.public_url, link(Purpose::Rate(score))),
    };
    Words {
        text,
        subject: format!("{}{subject}", sender.mark),
        question: say(|words| &words.question, &[&ours.question_teammate, &ours.question_brand]).unwrap_or_default(),
        about,
        preheader,
        reason: say(|words| &words.reason, &[&ours.reason]).unwrap_or_default(),
        brand,
        color: sender.color,
        logo: sender.logo,
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
