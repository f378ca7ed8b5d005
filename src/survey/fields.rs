//! The texts that callers send: which addresses, ids and URLs are valid, and how a wrong one is reported.
//!
//! It owns these checks and the [`Fault`]. It must not know which request a field belongs to.

use email_address::{EmailAddress, Options};
use serde::Serialize;
use url::{Host, Url};

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

/// The one form that addresses are compared in: lower case, and a domain outside of ASCII in its ASCII form (IDNA), so that
/// `ada@bücher.example` is `ada@xn--bcher-kva.example`.
#[must_use]
pub fn comparable(address: &str) -> String {
    let address = address.to_lowercase();
    match address.rsplit_once('@') {
        Some((local, domain)) if !domain.is_ascii() => format!("{local}@{}", ascii(domain)),
        _ => address,
    }
}

/// A glob in the form that addresses are compared in. A label outside of ASCII that holds a wildcard stays as it is, and
/// so matches no address.
#[must_use]
pub fn comparable_glob(glob: &str) -> String {
    let glob = glob.to_lowercase();
    let (local, domain) = glob.rsplit_once('@').map_or((None, glob.as_str()), |(local, rest)| (Some(local), rest));
    let label = |label: &str| {
        if label.is_ascii() || label.contains(['*', '?', '[', ']']) { label.to_owned() } else { ascii(label) }
    };
    let domain = domain.split('.').map(label).collect::<Vec<_>>().join(".");
    local.map_or(domain.clone(), |local| format!("{local}@{domain}"))
}

/// A domain in its ASCII form; one that has none stays.
fn ascii(domain: &str) -> String {
    match Host::parse(domain) {
        Ok(Host::Domain(ascii)) => ascii,
        _ => domain.to_owned(),
    }
}

/// Whether a character shows nothing, but changes how others are shown or read: direction controls, and other format
/// controls. Those that join letters or emoji, or choose their shape, are not among them, because languages need them.
#[must_use]
pub fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
    )
}

/// Prepares a text for display: [invisible](is_invisible) characters go, control characters and line breaks become spaces,
/// the ends are trimmed, and at most `most` characters stay; a text that was cut ends in `…`. `None` if nothing is left.
#[must_use]
pub fn display(text: &str, most: usize) -> Option<String> {
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    let visible = text.chars().filter(|c| !is_invisible(*c));
    let clean: String = visible.map(|c| if breaks(c) { ' ' } else { c }).collect();
    let clean = clean.trim();
    if clean.chars().count() <= most {
        return (!clean.is_empty()).then(|| clean.to_owned());
    }
    Some(clean.chars().take(most - 1).chain(['…']).collect())
}

/// Prepares what somebody wrote for being stored: line breaks are `\n`, [invisible](is_invisible) characters go, and other
/// control characters are replaced, because SQL would end the text at a NUL, and the terminal that shows it would obey an
/// escape. `None` if nothing is left.
#[must_use]
pub fn clean(text: &str) -> Option<String> {
    let steers = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    let text = text.replace("\r\n", "\n").replace('\r', "\n").replace(steers, "\u{fffd}");
    let text = text.replace(is_invisible, "");
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// Adds a fault at `place` unless the id has 1 to [`LONGEST_ID`] characters, none of them a control character.
pub fn check_id(id: &str, place: Place, faults: &mut Vec<Fault>) {
    if id.is_empty() || id.chars().count() > LONGEST_ID || id.contains(char::is_control) {
        let detail = format!("expected 1 to {LONGEST_ID} characters, none of them a control character");
        faults.push(Fault { place, detail });
    }
}

/// Whether it is an http or https address of at most 2000 characters that needs no repair.
#[must_use]
pub fn is_web_address(url: &str) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_address_and_its_ascii_form_are_one() {
        for (address, form) in [
            ("Ada@Bücher.Example", "ada@xn--bcher-kva.example"),
            ("ada@XN--Bcher-kva.example", "ada@xn--bcher-kva.example"),
            ("ada@BÜCHER.example", "ada@xn--bcher-kva.example"),
            ("jörg@example.com", "jörg@example.com"),
            ("ada@例え.テスト", "ada@xn--r8jz45g.xn--zckzah"),
        ] {
            assert_eq!(comparable(address), form);
        }
        for (glob, form) in [
            ("*@Bücher.example", "*@xn--bcher-kva.example"),
            ("*@*.bücher.example", "*@*.xn--bcher-kva.example"),
            ("*.bücher.example", "*.xn--bcher-kva.example"),
            ("no-reply@*", "no-reply@*"),
            ("*@büch*.example", "*@büch*.example"),
        ] {
            assert_eq!(comparable_glob(glob), form);
        }
    }

    #[test]
    fn what_nobody_sees_goes_and_what_languages_need_stays() {
        for c in ['\u{202e}', '\u{2066}', '\u{200f}', '\u{61c}', '\u{200b}', '\u{feff}', '\u{e0041}', '\u{ad}'] {
            assert_eq!(display(&format!("{c}a{c}b{c}"), 9).as_deref(), Some("ab"), "{c:?}");
            assert_eq!(display(&c.to_string(), 9), None);
        }
        assert_eq!(display("a\u{2028}b\tc", 9).as_deref(), Some("a b c"));
        for kept in ["👩\u{200d}💻", "❤\u{fe0f}", "می\u{200c}خواهم"] {
            assert_eq!(display(kept, 20).as_deref(), Some(kept));
        }
    }

    proptest! {
        #[test]
        fn hashes_of_ascii_addresses_stay_what_they_were(address in "[ -~]{0,20}@[ -~]{0,20}") {
            prop_assert_eq!(comparable(&address), address.to_lowercase());
            prop_assert_eq!(comparable(&comparable(&address)), comparable(&address));
        }
    }
}
