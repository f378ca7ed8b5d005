//! The texts that callers send: which addresses, ids and URLs are valid, and how a wrong one is reported.
//!
//! It owns these checks and the [`Fault`]. It must not know which request a field belongs to.

use email_address::{EmailAddress, Options};
use serde::Serialize;
use url::Url;

/// Ids of a helpdesk have 1 to this many characters.
pub const LONGEST_ID: usize = 200;
/// The detail of a fault about an invalid address.
pub const ADDRESS_EXPECTED: &str = "expected an email address such as \"ada@example.com\"";

/// Where a request is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// In the JSON body: a JSON pointer (RFC 6901) such as `/customers/0/email`.
    #[serde(rename = "pointer")]
    Body(String),
    /// A parameter of the query, the path or a form, or an option of the command line: its name.
    Parameter(String),
}

/// One thing that is wrong with a request: where, and what was expected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// What was expected, in a sentence for people.
    pub detail: String,
}

impl Fault {
    /// A fault at a place of a JSON body.
    pub fn body(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { place: Place::Body(pointer.into()), detail: detail.into() }
    }

    /// A fault of a parameter.
    pub fn parameter(name: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { place: Place::Parameter(name.into()), detail: detail.into() }
    }
}

/// Whether mail can be sent to an address over the internet: RFC 5321 syntax, a domain of at least two labels whose last
/// is not a number, no address literal, at most 254 octets. Quoted local parts are refused: no provider hands them out,
/// and lettre cannot send to them.
#[must_use]
pub fn is_address(text: &str) -> bool {
    let options = Options::default().with_required_tld().without_domain_literal().without_display_text();
    let number = |label: &str| label.chars().all(|c| c.is_ascii_digit());
    text.len() <= 254
        && !text.contains(|c: char| c.is_control() || c == '"')
        && !text.rsplit('.').next().is_some_and(number)
        && EmailAddress::parse_with_options(text, options).is_ok()
}

/// Prepares a text for display: control characters become spaces, the ends are trimmed, and at most `most` characters
/// stay; a text that was cut ends in `…`. `None` if nothing is left.
#[must_use]
pub fn display(text: &str, most: usize) -> Option<String> {
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let clean = clean.trim();
    if clean.chars().count() <= most {
        return (!clean.is_empty()).then(|| clean.to_owned());
    }
    Some(clean.chars().take(most - 1).chain(['…']).collect())
}

/// Adds a fault at `place` unless the id has 1 to [`LONGEST_ID`] characters, none of them a control character.
pub fn check_id(id: &str, place: Place, faults: &mut Vec<Fault>) {
    if id.is_empty() || id.chars().count() > LONGEST_ID || id.contains(char::is_control) {
        let detail = format!("expected 1 to {LONGEST_ID} characters, none of them a control character");
        faults.push(Fault { place, detail });
    }
}

pub(super) fn is_web_address(url: &str) -> bool {
    // `Url` repairs these: it drops line breaks, and takes `https:///a` for `https://a`.
    let clean = !url.contains(|c: char| c.is_control() || c.is_whitespace());
    let whole = url.split_once("://").is_some_and(|(_, rest)| !rest.starts_with(['/', '\\']));
    let web = Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    clean && whole && web && url.len() <= 2000
}

pub(super) fn is_message_id(id: &str) -> bool {
    let inner = id.strip_prefix('<').and_then(|id| id.strip_suffix('>'));
    let fine = |c: char| c.is_ascii_graphic() && c != '<' && c != '>';
    id.len() <= 500 && inner.is_some_and(|inner| inner.contains('@') && inner.chars().all(fine))
}
