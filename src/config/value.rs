//! The values of settings: each is read from its text, or refused with what was expected.
//!
//! Owns which values there are and how they are written. It must not know where a value was written, nor compare it
//! with another: that is `checks`.

use super::public_url::{host_of, is_loopback, server_url};
use crate::survey::outbound::LONGEST_SETTING;
use crate::survey::page::Evidence;
use crate::survey::parse_duration;
use crate::survey::policy::Policy;
use crate::text::{Text, fill};
use chrono::{TimeDelta, Weekday};
use chrono_tz::Tz;
use email_address::{EmailAddress, Options};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use std::cell::Cell;
use std::collections::BTreeSet;
use std::fmt::{self, Debug};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use url::Url;

/// The error for a [`Secret`] that is not text.
pub(super) const NOT_TEXT: &str = "expected text in quotes";
/// The longest name of a section: it is part of an address that people paste.
const LONGEST_NAME: usize = 40;

/// An email address with an optional name: `Name <a@b.c>` or `a@b.c`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Mailbox {
    /// The name before the address: one line without quotes, not blank.
    pub name: Option<String>,
    /// The address alone.
    pub address: String,
}

impl Mailbox {
    /// Whether somebody reads mail to it, as far as its name tells: nobody reads `no-reply@`.
    pub(super) fn is_read(&self) -> bool {
        let local = self.address.split('@').next().unwrap_or_default().to_ascii_lowercase();
        let letters: String = local.chars().filter(|c| !['-', '_', '.'].contains(c)).collect();
        !["noreply", "donotreply", "dontreply"].iter().any(|unread| letters.contains(unread))
    }
}

/// Where mail goes: `smtps://[USER@]HOST[:PORT]`, `smtp://[USER@]HOST[:PORT]` or `file:DIR`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum MailTarget {
    /// To a relay.
    Smtp {
        /// How the connection is protected.
        tls: Tls,
        /// A name or an IP address. An IPv6 address has no brackets.
        host: String,
        /// The default is 465 for `smtps` and 587 for `smtp`.
        port: u16,
        /// The user to log in as; `@` may also be written `%40`.
        user: Option<String>,
    },
    /// Into a folder, one `.eml` file for each mail.
    File(PathBuf),
}

/// The target as it is configured, without the user.
impl fmt::Display for MailTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(folder) => write!(f, "file:{}", folder.display()),
            Self::Smtp { tls, host, port, .. } => {
                let scheme = if *tls == Tls::Implicit { "smtps" } else { "smtp" };
                let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
                write!(f, "{scheme}://{host}:{port}")
            }
        }
    }
}

/// Whether and when a connection to a relay is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// From the first byte (`smtps://`, usually port 465).
    Implicit,
    /// By `STARTTLS`, before login and mail; without it nothing is sent (`smtp://`, usually port 587 or 25).
    StartTls,
    /// By `STARTTLS` if it is offered, whatever the certificate says (`smtp://` to this machine).
    IfOffered,
}

/// Text that must not be shown; its `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub(super) String);

impl Secret {
    /// The text itself.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl<'de> Deserialize<'de> for Secret {
    /// The error does not show what was found instead of text: it may be the secret without its quotes.
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from).map(Self).map_err(|_| D::Error::custom(NOT_TEXT))
    }
}

impl TryFrom<String> for Mailbox {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let options = Options::default().with_required_tld().without_domain_literal();
        let read = EmailAddress::parse_with_options(&text, options).ok().and_then(|parsed| {
            let name = parsed.display_part();
            let unquoted = name.strip_prefix('"').and_then(|name| name.strip_suffix('"'));
            let name = Some(unquoted.unwrap_or(name).to_owned()).filter(|name| !name.is_empty());
            let fit = name.as_deref().is_none_or(is_line);
            fit.then(|| Self { name, address: parsed.email() })
        });
        let expected = "expected \"Name <user@example.com>\" or \"user@example.com\"";
        read.ok_or_else(|| format!("{text:?}: {expected}"))
    }
}

impl TryFrom<String> for MailTarget {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let refuse = || {
            // The text before the host may hold a password.
            let shown = text.rsplit_once('@').map_or(text.clone(), |(_, host)| format!("…@{host}"));
            let expected = "expected smtps://[USER@]HOST[:PORT], smtp://[USER@]HOST[:PORT] or file:DIR";
            format!("{shown:?}: {expected}")
        };
        let (tls, default_port, rest) = if let Some(dir) = text.strip_prefix("file:") {
            return if dir.is_empty() { Err(refuse()) } else { Ok(Self::File(dir.into())) };
        } else if let Some(rest) = text.strip_prefix("smtps://") {
            (Tls::Implicit, 465, rest)
        } else if let Some(rest) = text.strip_prefix("smtp://") {
            (Tls::StartTls, 587, rest)
        } else {
            return Err(refuse());
        };
        // Split at the last `@`: user names are often email addresses.
        let (user, rest) = match rest.rsplit_once('@') {
            Some((user, rest)) => (Some(user.replace("%40", "@")), rest),
            None => (None, rest),
        };
        if user.as_ref().is_some_and(|user| user.contains(':')) {
            return Err("a password does not belong in the URL: expected it in smtp_password_file".into());
        }
        let named = user.as_deref() != Some("");
        let (host, port) = server(rest).filter(|_| named).ok_or_else(refuse)?;
        let tls = if tls == Tls::StartTls && is_loopback(&host) { Tls::IfOffered } else { tls };
        Ok(Self::Smtp { tls, host, port: port.unwrap_or(default_port), user })
    }
}

/// Reads text with `read`, whose error says what was expected.
fn text<'de, D: Deserializer<'de>, T>(from: D, read: impl Fn(&str) -> Result<T, &'static str>) -> Result<T, D::Error> {
    let text = String::deserialize(from)?;
    read(&text).map_err(|expected| D::Error::custom(format!("{text:?}: expected {expected}")))
}

pub(super) fn listen<'de, D: Deserializer<'de>>(from: D) -> Result<SocketAddr, D::Error> {
    let expected = "an IP address and a port, such as \"127.0.0.1:8080\"";
    text(from, |text| text.parse().map_err(|_| expected))
}

pub(super) fn some_listen<'de, D: Deserializer<'de>>(from: D) -> Result<Option<SocketAddr>, D::Error> {
    listen(from).map(Some)
}

pub(super) fn path<'de, D: Deserializer<'de>>(from: D) -> Result<PathBuf, D::Error> {
    text(from, |text| (!text.is_empty()).then(|| text.into()).ok_or("a path"))
}

pub(super) fn some_path<'de, D: Deserializer<'de>>(from: D) -> Result<Option<PathBuf>, D::Error> {
    path(from).map(Some)
}

pub(super) fn workers<'de, D: Deserializer<'de>>(from: D) -> Result<usize, D::Error> {
    let number = i64::deserialize(from)?;
    let workers = usize::try_from(number).ok().filter(|workers| (1..=64).contains(workers));
    workers.ok_or_else(|| D::Error::custom(format!("{number}: expected 1 to 64")))
}

pub(super) fn duration<'de, D: Deserializer<'de>>(from: D) -> Result<TimeDelta, D::Error> {
    let expected = "an integer over 0 and ms, s, m, h or d, such as \"15m\"";
    text(from, |text| parse_duration(text).filter(|time| !time.is_zero()).ok_or(expected))
}

/// The youngest age that anything is deleted at. A mail may wait that long, its delay and its retries together, and what
/// decides whether it still goes out must be there.
const YOUNGEST: TimeDelta = TimeDelta::days(2 * LONGEST_SETTING.num_days());

pub(super) fn age<'de, D: Deserializer<'de>>(from: D) -> Result<Option<TimeDelta>, D::Error> {
    let fits = |text: &str| parse_duration(text).filter(|age| *age >= YOUNGEST);
    text(from, |text| fits(text).map(Some).ok_or("a duration of at least 60 days, such as \"400d\""))
}

pub(super) fn line<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    text(from, |text| is_line(text).then(|| text.to_owned()).ok_or("one line that is not blank"))
}

/// One line whose braces are those of the names that a sender may have, or nothing.
pub(super) fn sender<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let expected = "one line with no other names in braces than {teammate} and {brand}, or nothing";
    let fits = |text: &str| {
        let rest = fill(text, &[("teammate", ""), ("brand", "")]);
        (text.is_empty() || is_line(text)) && !rest.contains(['{', '}'])
    };
    text(from, |text| fits(text).then(|| Some(text.to_owned())).ok_or(expected))
}

fn is_line(text: &str) -> bool {
    !text.trim().is_empty() && !text.contains(char::is_control)
}

pub(super) fn domain<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let expected = "a domain, such as \"example.com\"";
    // 190 characters leave room for the longest local part and its `@` in an address of 254.
    let fits = |text: &str| text.contains('.') && text.len() <= 190 && is_dotted(text);
    text(from, |text| fits(text).then(|| text.to_owned()).ok_or(expected))
}

pub(super) fn some_domain<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    domain(from).map(Some)
}

pub(super) fn selector<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    text(from, |text| is_dotted(text).then(|| text.to_owned()).ok_or("the name of a key in DNS, such as \"mail1\""))
}

/// The name of a header (RFC 9110, 5.1), without the signs that none has.
pub(super) fn header<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let fits =
        |text: &str| !text.is_empty() && text.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_');
    text(from, |text| fits(text).then(|| Some(text.to_owned())).ok_or("the name of a header, such as \"Remote-User\""))
}

/// Whether it is DNS labels with dots between them: letters, digits, `_`, and hyphens inside.
fn is_dotted(text: &str) -> bool {
    let fine = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let label = |label: &str| {
        (1..=63).contains(&label.len()) && label.chars().all(fine) && !label.starts_with('-') && !label.ends_with('-')
    };
    text.split('.').all(label)
}

/// A locale whose language has texts here.
pub(super) fn locale<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let locale = String::deserialize(from)?;
    if Text::in_language(&locale).is_none() {
        let known: Vec<_> = Text::languages().collect();
        return Err(D::Error::custom(format!(
            "{locale:?}: no texts in that language, expected one of {}",
            known.join(", ")
        )));
    }
    Ok(locale)
}

pub(super) fn color<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    text(from, |text| match text.strip_prefix('#') {
        Some(hex) if hex.len() == 6 && hex.bytes().all(|digit| digit.is_ascii_hexdigit()) => Ok(text.to_owned()),
        _ => Err("a color as \"#rrggbb\", such as \"#2f6fed\""),
    })
}

/// An image that mail programs fetch. It is https, because they warn about anything else.
pub(super) fn image<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    text(from, |text| is_url(text, is_https).then(|| Some(text.to_owned())).ok_or("an https URL of an image"))
}

/// A page that a customer may follow a link to.
pub(super) fn web_page<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    text(from, |text| is_url(text, is_https).then(|| text.to_owned()).ok_or("an https URL"))
}

fn is_https(url: &Url) -> bool {
    url.scheme() == "https" && url.port() != Some(0)
}

/// A page or an address that customers turn to.
pub(super) fn contact<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let fits = |url: &Url| match url.scheme() {
        "http" | "https" => url.port() != Some(0),
        "mailto" => Mailbox::try_from(url.path().to_owned()).is_ok(),
        _ => false,
    };
    let expected = "a URL that begins with https:, http: or mailto:, such as \"mailto:help@example.com\"";
    text(from, |text| is_url(text, fits).then(|| Some(text.to_owned())).ok_or(expected))
}

/// Whether it is a URL that fits. `Url` repairs much; mails and pages hold the text as it was written, so nothing may
/// need repair.
fn is_url(text: &str, fits: impl Fn(&Url) -> bool) -> bool {
    let broken = Cell::new(false);
    let note = |_| broken.set(true);
    let url = Url::options().syntax_violation_callback(Some(&note)).parse(text).ok();
    let plain = text.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte));
    url.is_some_and(|url| fits(&url)) && !broken.get() && plain
}

pub(super) fn timezone<'de, D: Deserializer<'de>>(from: D) -> Result<Tz, D::Error> {
    text(from, |text| text.parse().map_err(|_| "an IANA time zone, such as \"Europe/Berlin\""))
}

/// A day by its English name, in any case.
pub(super) fn weekday<'de, D: Deserializer<'de>>(from: D) -> Result<Weekday, D::Error> {
    // chrono takes "mon" and "Monday" alike, and nothing else.
    text(from, |text| text.parse().map_err(|_| "a day of the week, such as \"monday\""))
}

pub(super) fn hour<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    let number = i64::deserialize(from)?;
    let hour = u32::try_from(number).ok().filter(|hour| *hour < 24);
    hour.ok_or_else(|| D::Error::custom(format!("{number}: expected an hour, 0 to 23")))
}

pub(super) fn scores<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
    read_scores(from, 1, "expected at least one score of 1 to 5, none twice")
}

pub(super) fn some_scores<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
    read_scores(from, 0, "expected scores of 1 to 5, none twice")
}

fn read_scores<'de, D: Deserializer<'de>>(from: D, fewest: usize, expected: &str) -> Result<Vec<u8>, D::Error> {
    let given = Vec::<i64>::deserialize(from)?;
    let in_range = given.iter().filter_map(|score| u8::try_from(*score).ok());
    let scores: BTreeSet<u8> = in_range.filter(|score| (1..=5).contains(score)).collect();
    if scores.len() < fewest.max(given.len()) {
        return Err(D::Error::custom(format!("{given:?}: {expected}")));
    }
    Ok(scores.into_iter().collect())
}

pub(super) fn evidence<'de, D: Deserializer<'de>>(from: D) -> Result<Evidence, D::Error> {
    text(from, |text| match text.parse() {
        Ok(Evidence::Commented) => Err("at most \"pressed\": a rating cannot ask for a comment"),
        Ok(evidence) => Ok(evidence),
        Err(_) => Err("\"seen\", \"touched\" or \"pressed\""),
    })
}

pub(super) fn words<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let words = Vec::<String>::deserialize(from)?;
    if words.iter().any(|word| word.trim().is_empty()) {
        return Err(D::Error::custom(format!("{words:?}: expected no blank word")));
    }
    Ok(words)
}

/// Checks the name of a section that the operator chooses: it is part of addresses, and what others call it.
pub(super) fn section_name(name: &str) -> Result<(), String> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    if !name.is_empty() && name.len() <= LONGEST_NAME && name.chars().all(fits) {
        return Ok(());
    }
    Err(format!("{name:?}: expected a name of 1 to {LONGEST_NAME} characters of a to z, 0 to 9, - and _"))
}

pub(super) fn policy<'de, D: Deserializer<'de>>(from: D) -> Result<Arc<Policy>, D::Error> {
    Policy::deserialize(from).map(Arc::new)
}

/// Reads `HOST[:PORT]` and nothing else. An IPv6 address comes without its brackets.
fn server(text: &str) -> Option<(String, Option<u16>)> {
    // The scheme has no port of its own and no rules for hosts, so both stay as they were written.
    let url = server_url("smtp", text)?;
    Some((host_of(&url).to_owned(), url.port()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_goes_to_a_relay_or_a_folder() {
        let smtp = |tls, host: &str, port, user: Option<&str>| {
            Ok(MailTarget::Smtp { tls, host: host.into(), port, user: user.map(Into::into) })
        };
        for (text, expected) in [
            ("smtps://relay.example.com", smtp(Tls::Implicit, "relay.example.com", 465, None)),
            ("smtps://me@relay:2465", smtp(Tls::Implicit, "relay", 2465, Some("me"))),
            ("smtp://me@relay", smtp(Tls::StartTls, "relay", 587, Some("me"))),
            ("smtp://me%40a.org@relay", smtp(Tls::StartTls, "relay", 587, Some("me@a.org"))),
            ("smtp://me@a.org@relay", smtp(Tls::StartTls, "relay", 587, Some("me@a.org"))),
            ("smtp://192.0.2.1:25", smtp(Tls::StartTls, "192.0.2.1", 25, None)),
            ("smtp://LocalHost", smtp(Tls::IfOffered, "LocalHost", 587, None)),
            ("smtp://127.8.0.1:25", smtp(Tls::IfOffered, "127.8.0.1", 25, None)),
            ("smtp://[::1]:25", smtp(Tls::IfOffered, "::1", 25, None)),
            ("smtps://localhost", smtp(Tls::Implicit, "localhost", 465, None)),
            ("file:mail/out", Ok(MailTarget::File("mail/out".into()))),
        ] {
            assert_eq!(MailTarget::try_from(text.to_owned()), expected, "{text}");
        }
    }

    #[test]
    fn a_wrong_mail_target_is_refused_without_what_may_be_a_password() {
        for (text, shown) in [
            ("", "\"\""),
            ("relay.example.com:25", "\"relay.example.com:25\""),
            ("lmtp://relay", "\"lmtp://relay\""),
            ("file:", "\"file:\""),
            ("smtp://", "\"smtp://\""),
            ("smtp://:25", "\"smtp://:25\""),
            ("smtp://relay:", "\"smtp://relay:\""),
            ("smtp://relay:0", "\"smtp://relay:0\""),
            ("smtp://relay:65536", "\"smtp://relay:65536\""),
            ("smtp://relay/", "\"smtp://relay/\""),
            ("smtp://re lay", "\"smtp://re lay\""),
            ("smtp://@relay", "\"…@relay\""),
            ("smtp:me:hunter2@relay", "\"…@relay\""),
        ] {
            let expected = "smtps://[USER@]HOST[:PORT], smtp://[USER@]HOST[:PORT] or file:DIR";
            let error = format!("{shown}: expected {expected}");
            assert_eq!(MailTarget::try_from(text.to_owned()), Err(error), "{text}");
        }
        for text in ["smtps://me:hunter2@relay", "smtps://me:h@nter2@relay", "smtp://:hunter2@relay"] {
            let error = "a password does not belong in the URL: expected it in smtp_password_file";
            assert_eq!(MailTarget::try_from(text.to_owned()), Err(error.into()), "{text}");
        }
    }

    #[test]
    fn a_mailbox_is_an_address_and_perhaps_a_name() {
        let mailbox = |name: Option<&str>| Ok(Mailbox { name: name.map(Into::into), address: "a.b@c.org".into() });
        for (text, name) in [
            ("a.b@c.org", None),
            ("Ada <a.b@c.org>", Some("Ada")),
            ("Support, Käse & Co. <a.b@c.org>", Some("Support, Käse & Co.")),
            ("\"Support, Inc.\" <a.b@c.org>", Some("Support, Inc.")),
            ("\"\" <a.b@c.org>", None),
        ] {
            assert_eq!(Mailbox::try_from(text.to_owned()), mailbox(name), "{text}");
        }
        let wrong = ["", "a", "a@", "@c.org", "a@localhost", "a@[127.0.0.1]", "<a@c.org>", "A<a@c.org>"];
        for text in wrong.into_iter().chain(["A <a@c.org", "A\nB <a@c.org>", "a@c.org, b@c.org"]) {
            let expected = "expected \"Name <user@example.com>\" or \"user@example.com\"";
            let error = format!("{text:?}: {expected}");
            assert_eq!(Mailbox::try_from(text.to_owned()), Err(error), "{text}");
        }
    }
}
