//! Composes the mail of an alert: a pure function from an alert to a finished letter, in English.
//!
//! Owns its headers and its look. It must not know which ratings alert whom, nor touch a clock or a database.

use super::compose::{AutoResponseSuppress, AutoSubmitted, ComposeError, mailbox, not_encoded};
use super::dkim::Dkim;
use super::transport::Letter;
use crate::config::Config;
use crate::survey::Time;
use crate::survey::alert::Alert;
use askama::Template;
use lettre::message::{Message, MultiPart};
use std::time::SystemTime;

/// Which alert goes where.
#[derive(Clone, Copy, Debug)]
pub struct Addressed<'a> {
    /// Names the mail, in characters that need no quoting in a Message-ID and in the name of a file.
    pub id: &'a str,
    /// The name of the alert in the configuration.
    pub name: &'a str,
    /// The address.
    pub to: &'a str,
}

/// What the templates of both parts are filled with.
struct Content<'a> {
    subject: String,
    brand: &'a str,
    color: &'a str,
    name: &'a str,
    alert: &'a Alert,
}

#[derive(Template)]
#[template(path = "email/alert.txt")]
struct PlainPart<'a> {
    mail: &'a Content<'a>,
}

#[derive(Template)]
#[template(path = "email/alert.html")]
struct HtmlPart<'a> {
    mail: &'a Content<'a>,
}

/// Composes an alert. The same id gives the same Message-ID, so that a repeat is recognisable.
///
/// # Errors
/// An address that lettre does not accept. This is rare: addresses are checked when the configuration is read.
pub fn letter(
    config: &Config,
    dkim: Option<&Dkim>,
    to: &Addressed,
    alert: &Alert,
    now: Time,
) -> Result<Letter, ComposeError> {
    let (brand, color) = (config.brand.name.as_str(), config.brand.color.as_str());
    let content = Content { subject: alert.title.clone(), brand, color, name: to.name, alert };
    let plain = PlainPart { mail: &content }.render().map_err(ComposeError::new)?;
    let html = HtmlPart { mail: &content }.render().map_err(ComposeError::new)?;
    let from = &config.mail.from;
    let from = mailbox(from.name.as_deref().or(Some(brand)), &from.address)?;
    let recipient = mailbox(None, to.to)?;
    let (returns_to, goes_to) = (from.email.clone(), recipient.email.clone());
    let message = Message::builder()
        .message_id(Some(format!("<{}@{}>", to.id, from.email.domain())))
        .from(from)
        .to(recipient)
        .subject(not_encoded(&content.subject))
        .date(SystemTime::from(now))
        .header(AutoSubmitted("auto-generated".into()))
        .header(AutoResponseSuppress("All".into()));
    let mut message = message.multipart(MultiPart::alternative_plain_html(plain, html)).map_err(ComposeError::new)?;
    if let Some(dkim) = dkim {
        dkim.sign(&mut message);
    }
    Ok(Letter { id: to.id.to_string(), from: returns_to, to: goes_to, raw: message.formatted() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::survey::alert::Form;
    use crate::survey::alert::tests::{commented, scores};
    use mail_parser::MessageParser;

    #[test]
    fn a_letter_to_the_team() {
        let event = commented("Nobody <b>read</b> what I wrote & https://evil.example");
        let alert = Alert::new(&event, Form::Whole, &scores(&[1], &[]), "https://rate.example.com").expect("an alert");
        let to = Addressed { id: "7.billing", name: "billing", to: "lead@example.com" };
        let config = Config::default();
        let sent = letter(&config, None, &to, &alert, event.at).expect("a letter");
        assert_eq!((sent.to.to_string(), sent.id), ("lead@example.com".into(), to.id.to_string()));
        let mail = MessageParser::default().parse(&sent.raw).expect("a mail");
        assert_eq!(mail.subject(), Some("Terrible rating from Ada Example, for Billing"));
        assert_eq!(mail.message_id(), Some("7.billing@example.com"));
        let header = |name: &str| mail.header(name).and_then(|value| value.as_text()).map(str::to_owned);
        assert_eq!(header("Auto-Submitted").as_deref(), Some("auto-generated"));
        assert_eq!(header("X-Auto-Response-Suppress").as_deref(), Some("All"));
        insta::assert_snapshot!(mail.body_text(0).expect("text").replace("\r\n", "\n"), @r#"
        😠 Terrible rating from Ada Example, for Billing

        “Nobody <b>read</b> what I wrote & [link]”

        Answered by Grace
        About: Refund

        Conversation: https://desk.example.com/8841
        Follow-up: https://rate.example.com/admin/follow-up/00000000-0000-0000-0000-0000000000af
        Rating: https://rate.example.com/admin/ratings/00000000-0000-0000-0000-0000000000af

        -- 
        Support. The alert "billing" of the configuration sends this.
        "#);
        let html = mail.body_html(0).expect("HTML");
        assert!(html.contains("Nobody &#60;b&#62;read&#60;/b&#62; what I wrote &#38; [link]"), "{html}");
        assert!(html.contains("href=\"https://rate.example.com/admin/follow-up/"), "{html}");
        for foreign in ["evil.example", "<img", "src=", "<script"] {
            assert!(!html.contains(foreign), "{foreign}");
        }
    }
}
