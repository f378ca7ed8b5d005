//! What all pages share, and the pages that show one message.
//!
//! It owns the frame of a page; the markup is in `templates/page/`. It must not know HTTP.

use super::assets::Assets;
use crate::text::{CustomTexts, Text, fill};
use askama::Template;
use chrono_tz::Tz;

/// What all pages share.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// The name of the brand.
    pub brand: &'a str,
    /// The custom texts that apply.
    pub custom: CustomTexts<'a>,
    /// The texts, in the customer's language.
    pub text: &'a Text,
    /// The zone of the times it shows, until the script shows them in the customer's own.
    pub zone: Tz,
    /// The files that it links to.
    pub assets: &'a Assets,
    /// Where customers reach a person, as a URL, if anywhere.
    pub contact: Option<&'a str>,
}

/// A page that shows one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message {
    /// The start page, which nothing links to: whose surveys live here.
    Home,
    /// No such link, whatever the cause.
    UnknownLink,
    /// A link of a test mail.
    Test,
    /// The form cannot be read.
    Malformed,
    /// The form is too long to be read.
    TooLong,
    /// Too many requests came, for this link or from this address.
    TooMany,
    /// The service cannot answer.
    Later,
}

/// A page that shows one message. `reference` is the id by which an operator finds the request, if it failed on our side.
#[must_use]
pub fn message(frame: Frame, message: Message, reference: Option<&str>) -> String {
    let text = &frame.text.message;
    let home = fill(&text.home_heading, &[("brand", frame.brand)]);
    let nothing = String::new();
    let (heading, sentence) = match message {
        Message::Home => (&home, &nothing),
        Message::UnknownLink => (&text.unknown_link_heading, &text.unknown_link),
        Message::Test => (&text.test_heading, &text.test),
        Message::Malformed => (&text.malformed_heading, &text.malformed),
        Message::TooLong => (&text.too_long_heading, &text.too_long),
        Message::TooMany => (&text.too_many_heading, &text.too_many),
        Message::Later => (&text.later_heading, &text.later),
    };
    let reference = reference.map(|id| fill(&text.reference, &[("reference", id)]));
    render(&MessagePage { frame, heading, sentence, reference })
}

#[derive(Template)]
#[template(path = "page/message.html")]
struct MessagePage<'a> {
    frame: Frame<'a>,
    heading: &'a str,
    sentence: &'a str,
    reference: Option<String>,
}

pub(super) fn render(page: &impl Template) -> String {
    page.render().expect("no value in our templates fails to print, nor does a String fail to grow")
}
