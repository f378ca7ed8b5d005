//! Composes the survey mail: a pure function from a survey to a finished letter.
//!
//! Owns the mail's headers, parts and links, and the sender that the configuration describes. It must not know how the
//! mail is sent, nor touch a clock or a database.

use super::dkim::Dkim;
use super::names::name;
use super::transport::Letter;
use crate::config::Config;
use crate::survey::Time;
use crate::survey::link::{KeyRing, Link, Purpose};
use crate::survey::outbound::Outgoing;
use crate::survey::rating::Score;
use crate::survey::weblinks::without_links;
use crate::text::{CustomTexts, Text, fill, first_complete};
use askama::Template;
use lettre::Address;
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart};
use std::time::SystemTime;

/// The most characters of the brand in a Feedback-ID: the header must stay on one line.
const BRAND_CHARACTERS: usize = 32;

/// The sender of a mail: brand and addresses, the texts in the customer's language, and the custom texts of its policy.
#[derive(Clone, Copy, Debug)]
pub struct Sender<'a> {
    /// The name in From with `{teammate}` and `{brand}`, used if all that it names is known; `None` for `from_name`.
    pub from_pattern: Option<&'a str>,
    /// The name in From otherwise, if there is one.
    pub from_name: Option<&'a str>,
    /// The address in From; its domain is used for the Message-ID, too.
    pub from_address: &'a str,
    /// Where replies go, if not to the From address: name and address.
    pub reply_to: Option<(Option<&'a str>, &'a str)>,
    /// The name that customers recognise. A custom text may replace it.
    pub brand: &'a str,
    /// The accent color, as `#rrggbb`.
    pub color: &'a str,
    /// The brand's logo, an https URL, shown in place of its name. Nothing else in the mail is fetched.
    pub logo: Option<&'a str>,
    /// The texts, in the customer's language.
    pub text: &'static Text,
    /// The custom texts that apply.
    pub custom: CustomTexts<'a>,
    /// A prefix of the subject, which marks a test mail; otherwise empty.
    pub mark: &'a str,
    /// The beginning of each link.
    pub public_url: &'a str,
    /// The domain that bounces return to, if not to the From address. Each mail has a signed address of its own there.
    pub bounce_domain: Option<&'a str>,
    /// Whether links in the conversation's subject stay.
    pub links_in_subject: bool,
    /// Signs for the From domain.
    pub dkim: Option<&'a Dkim>,
}

impl<'a> Sender<'a> {
    /// The configured sender of this mail.
    #[must_use]
    pub fn new(config: &'a Config, dkim: Option<&'a Dkim>, outgoing: &Outgoing) -> Self {
        let mail = &config.mail;
        let text = config.text(outgoing.locale.as_deref());
        let pattern = mail.from_name.as_deref().unwrap_or(&text.mail.from_name);
        Self {
            from_pattern: Some(pattern).filter(|pattern| !pattern.is_empty()),
            from_name: mail.from.name.as_deref(),
            from_address: &mail.from.address,
            reply_to: mail.reply_to.as_ref().map(|to| (to.name.as_deref(), to.address.as_str())),
            brand: &config.brand.name,
            color: &config.brand.color,
            logo: config.brand.logo_url.as_deref(),
            text,
            custom: config.custom_texts(outgoing.policy.as_deref()),
            mark: "",
            public_url: config.public_url.as_str(),
            bounce_domain: mail.bounce_domain.as_deref(),
            links_in_subject: mail.links_in_subject,
            dkim,
        }
    }
}

/// Why a mail cannot be composed, in a sentence.
#[derive(Debug, thiserror::Error)]
#[error("the mail cannot be composed: {0}")]
pub struct ComposeError(String);

impl ComposeError {
    pub(crate) fn new(why: impl std::fmt::Display) -> Self {
        Self(why.to_string())
    }
}

/// The rendered mail: subject, plain text and HTML.
#[derive(Clone, Debug)]
pub struct RenderedMail {
    /// The texts it is written in.
    pub text: &'static Text,
    /// The name in From, if there is one.
    pub from_name: Option<String>,
    /// The address in From.
    pub from_address: String,
    /// The subject, in one line.
    pub subject: String,
    /// The text that mail programs show beside the subject in a list of mails.
    pub preheader: String,
    /// The part for programs that do not show HTML.
    pub plain: String,
    /// The part for all others.
    pub html: String,
    /// The unsubscribe link.
    unsubscribe: String,
}

struct Face {
    picture: &'static str,
    word: &'static str,
    /// The label for screen readers.
    label: String,
    url: String,
}

/// What the templates of both parts are filled with.
struct Content<'a> {
    text: &'static Text,
    subject: String,
    greeting: Option<String>,
    question: String,
    about: Option<String>,
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
    mail: &'a Content<'a>,
}

#[derive(Template)]
#[template(path = "email/request.html")]
struct HtmlPart<'a> {
    mail: &'a Content<'a>,
}

/// Composes the mail of a survey. The same survey gives the same Message-ID, so that a repeat is recognisable.
///
/// # Errors
/// An address that lettre does not accept. This is rare: addresses are checked when the closing comes in.
pub fn request(sender: &Sender, mail: &Outgoing, ring: &KeyRing, now: Time) -> Result<Letter, ComposeError> {
    let RenderedMail { from_name, subject, plain, html, unsubscribe, .. } = render(sender, mail, ring)?;
    let from = mailbox(from_name.as_deref(), sender.from_address)?;
    let to = mailbox(mail.customer_name.as_deref().and_then(without_links).as_deref(), &mail.address)?;
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

/// Renders the subject and both parts of a survey's mail.
///
/// # Errors
/// A template that cannot be rendered, which should not happen.
pub fn render(sender: &Sender, mail: &Outgoing, ring: &KeyRing) -> Result<RenderedMail, ComposeError> {
    let content = content(sender, mail, ring);
    let plain = PlainPart { mail: &content }.render().map_err(ComposeError::new)?;
    let html = HtmlPart { mail: &content }.render().map_err(ComposeError::new)?;
    let Content { text, subject, preheader, unsubscribe, .. } = content;
    let from_name = from_name(sender, mail);
    let from_address = sender.from_address.to_owned();
    Ok(RenderedMail { text, from_name, from_address, subject, preheader, plain, html, unsubscribe })
}

impl RenderedMail {
    /// Who sends it, as a list of mails shows it: the name in From, or else the address.
    #[must_use]
    pub fn sender(&self) -> &str {
        self.from_name.as_deref().unwrap_or(&self.from_address)
    }
}

/// The languages that there are texts in, by their tags.
pub fn languages() -> impl Iterator<Item = &'static str> {
    Text::languages()
}

/// Whether there are texts in a customer's language. If not, the customer gets those in the brand's language.
#[must_use]
pub fn has_texts(locale: &str) -> bool {
    Text::in_language(locale).is_some()
}

fn content<'a>(sender: &Sender<'a>, mail: &'a Outgoing, ring: &KeyRing) -> Content<'a> {
    let link = |purpose| ring.sign(&Link { purpose, survey: mail.survey });
    let (custom, text) = (sender.custom, sender.text);
    let (language, built_in) = (text.language.as_str(), &text.mail);
    let brand = custom.brand(language, sender.brand);
    let told = mail.subject.as_deref();
    let subject = if sender.links_in_subject { told.map(str::to_owned) } else { told.and_then(without_links) };
    let customer = mail.customer_name.as_deref().and_then(name);
    let names = [
        ("teammate", mail.teammate.as_deref()),
        ("brand", Some(brand)),
        ("subject", subject.as_deref()),
        ("customer", customer.as_deref()),
    ];
    // The built-in texts end with one that needs only {brand}, so something always matches. Only `greeting` and `about`
    // may be left out.
    let pick = |key, built_in: &[&str]| custom.pick(language, key, built_in, &names);
    let subject = pick(|wording| &wording.subject, &[&built_in.subject_teammate, &built_in.subject_brand]);
    let question = pick(|wording| &wording.question, &[&built_in.question_teammate, &built_in.question_brand]);
    let about = pick(|wording| &wording.about, &[&built_in.about]);
    let faces = Score::ALL.map(Score::face).join(" ");
    let preheader = about.iter().chain([&built_in.hint, &faces]).map(String::as_str).collect::<Vec<_>>().join(" · ");
    let face = |score: Score| {
        let word = &text.words[score.index()];
        let label = fill(&built_in.face, &[("word", word), ("number", &score.number().to_string())]);
        let url = format!("{}/r/{}", sender.public_url, link(Purpose::Rate(score)));
        Face { picture: score.face(), word, label, url }
    };
    Content {
        text,
        subject: format!("{}{}", sender.mark, subject.unwrap_or_default()),
        greeting: pick(|wording| &wording.greeting, &[&built_in.greeting]),
        question: question.unwrap_or_default(),
        about,
        preheader,
        reason: pick(|wording| &wording.reason, &[&built_in.reason]).unwrap_or_default(),
        brand,
        color: sender.color,
        logo: sender.logo,
        faces: Score::ALL.map(face).into(),
        unsubscribe: format!("{}/u/{}", sender.public_url, link(Purpose::Unsubscribe)),
    }
}

/// The name in From. The address stays whatever the name is, and so do the checks of receivers, which are about domains.
fn from_name(sender: &Sender, mail: &Outgoing) -> Option<String> {
    let brand = sender.custom.brand(&sender.text.language, sender.brand);
    let teammate = mail.teammate.as_deref().and_then(name);
    let names = [("teammate", teammate.as_deref()), ("brand", Some(brand))];
    first_complete(sender.from_pattern.into_iter(), &names).or_else(|| sender.from_name.map(str::to_owned))
}

/// The envelope's sender of this one mail. Only the mail's recipient can know the address, so anything that returns to
/// it is about this survey.
fn bounce_address(mail: &Outgoing, ring: &KeyRing, domain: &str) -> Result<Address, ComposeError> {
    let token = ring.sign(&Link { purpose: Purpose::Bounce, survey: mail.survey });
    Address::new(format!("b+{token}"), domain).map_err(|error| ComposeError(format!("{error}")))
}

pub(super) fn mailbox(name: Option<&str>, address: &str) -> Result<Mailbox, ComposeError> {
    let address: Address = address.parse().map_err(|error| ComposeError(format!("{error}")))?;
    Ok(Mailbox::new(name.map(not_encoded), address))
}

/// The text of a header, changed so that no mail program takes a part of it for an encoded word (RFC 2047): lettre
/// writes ASCII as it is. Control characters become spaces: lettre panics at a line break in a name.
pub(super) fn not_encoded(text: &str) -> String {
    text.replace(|c: char| c.is_control(), " ").replace("=?", "= ?")
}

/// The Feedback-ID, by which Gmail counts complaints: the brand, and at the end the sender, which must be the same in
/// all mails. It does not name a person.
fn feedback_id(brand: &str) -> String {
    let words = brand.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let slug: String = words.collect::<Vec<_>>().join("-").to_lowercase().chars().take(BRAND_CHARACTERS).collect();
    if slug.is_empty() { "survey:afterword".to_owned() } else { format!("survey:{slug}:afterword") }
}

macro_rules! header {
    ($(#[$doc:meta])* $type:ident, $name:literal) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub(super) struct $type(pub(super) String);

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
    /// RFC 2369: the unsubscribe link.
    ListUnsubscribe,
    "List-Unsubscribe"
);
header!(
    /// RFC 8058: mail programs may unsubscribe with one POST.
    ListUnsubscribePost,
    "List-Unsubscribe-Post"
);
header!(
    /// RFC 3834: asks for no vacation notices.
    AutoSubmitted,
    "Auto-Submitted"
);
header!(
    /// The same for Exchange; it also stops read receipts.
    AutoResponseSuppress,
    "X-Auto-Response-Suppress"
);
header!(
    /// Gmail counts complaints by it.
    FeedbackId,
    "Feedback-ID"
);

#[cfg(test)]
mod tests;
