//! The values that settings are written as, each read from its text, or refused with what was expected.
//!
//! It owns which values there are. It must not know where a value was written, nor hold one against another.

use std::collections::BTreeSet;
use std::fmt::{self, Debug};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use axum::http::uri::{Authority, Uri};
use chrono::TimeDelta;
use chrono_tz::Tz;
use email_address::{EmailAddress, Options};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::survey::eligibility::Policy;
use crate::survey::evidence::Evidence;
use crate::survey::parse_duration;
use crate::text::Text;

/// An address of mail, as `Name <a@b.c>` or `a@b.c`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Mailbox {
    /// The name before the address: one line, unquoted, not blank.
    pub name: Option<String>,
    /// The address alone.
    pub address: String,
}

/// Where mail goes: `smtps://[USER@]HOST[:PORT]`, `smtp://[USER@]HOST[:PORT]` or `file:DIR`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum MailTarget {
    /// To a relay.
    Smtp {
        /// How the connection is protected.
        tls: Tls,
        /// A name or an IP address, the latter without brackets.
        host: String,
        /// 465 for `smtps`, 587 for `smtp` unless given.
        port: u16,
        /// Who to log in as; `@` may also be written `%40`.
        user: Option<String>,
    },
    /// Into a folder, one file a mail.
    File(PathBuf),
}

/// How a connection to a relay is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// From the first byte: `smtps`.
    Implicit,
    /// Required before anything else is said: `smtp`.
    StartTls,
    /// Not at all: `smtp` to this machine.
    Off,
}

/// Text that is never shown, not even by `Debug`.
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
    /// Says nothing of what was there instead of text: it may be the secret, without its quotes.
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from).map(Self).map_err(|_| D::Error::custom("expected text in quotes"))
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
            // There may be a password before the host.
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
        // The last `@` is before the host: the names of users are often addresses.
        let (user, rest) = match rest.rsplit_once('@') {
            Some((user, rest)) => (Some(user.replace("%40", "@")), rest),
            None => (None, rest),
        };
        if user.as_ref().is_some_and(|user| user.contains(':')) {
            return Err("a password is not for a URL: expected it in smtp_password_file".into());
        }
        let named = user.as_deref() != Some("");
        let (host, port) = server(rest).filter(|_| named).ok_or_else(refuse)?;
        let tls = if tls == Tls::StartTls && is_loopback(&host) { Tls::Off } else { tls };
        Ok(Self::Smtp { tls, host, port: port.unwrap_or(default_port), user })
    }
}

/// Reads text with `read`, whose error is what was expected.
fn text<'de, D: Deserializer<'de>, T>(from: D, read: impl Fn(&str) -> Result<T, &'static str>) -> Result<T, D::Error> {
    let text = String::deserialize(from)?;
    read(&text).map_err(|expected| D::Error::custom(format!("{text:?}: expected {expected}")))
}

pub(super) fn listen<'de, D: Deserializer<'de>>(from: D) -> Result<SocketAddr, D::Error> {
    let expected = "an IP address and a port, such as \"127.0.0.1:8080\"";
    text(from, |text| text.parse().map_err(|_| expected))
}

pub(super) fn public_url<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let expected = "an http or https URL of a host, with no path, such as \"https://rate.example.com\"";
    text(from, |text| {
        // `Uri` drops a fragment, and lets quotes and letters beyond ASCII pass in a path.
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._~%:/[]".contains(c);
        // Pages and assets are served from the root: a path would make links that nothing answers.
        let has_path = |uri: &Uri| !matches!(uri.path(), "" | "/");
        let uri: Uri = text.parse().map_err(|_| expected)?;
        let server = uri.authority().and_then(|authority| server(authority.as_str()));
        match (uri.scheme_str(), server) {
            _ if !text.chars().all(is_plain) || has_path(&uri) => Err(expected),
            (Some("http"), Some((host, _))) if !is_loopback(&host) => Err("https, as the host is not this machine"),
            (Some("http" | "https"), Some(_)) => Ok(text.trim_end_matches('/').to_owned()),
            _ => Err(expected),
        }
    })
}

pub(super) fn path<'de, D: Deserializer<'de>>(from: D) -> Result<PathBuf, D::Error> {
    text(from, |text| (!text.is_empty()).then(|| text.into()).ok_or("a path"))
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

pub(super) fn line<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    text(from, |text| is_line(text).then(|| text.to_owned()).ok_or("one line that is not blank"))
}

fn is_line(text: &str) -> bool {
    !text.trim().is_empty() && !text.contains(char::is_control)
}

pub(super) fn domain<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let expected = "a domain, such as \"example.com\"";
    // 190 leave room for the longest local part and its `@` in an address of 254.
    let fits = |text: &str| text.contains('.') && text.len() <= 190 && is_dotted(text);
    text(from, |text| fits(text).then(|| text.to_owned()).ok_or(expected))
}

pub(super) fn some_domain<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    domain(from).map(Some)
}

pub(super) fn selector<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    text(from, |text| is_dotted(text).then(|| text.to_owned()).ok_or("the name of a key in DNS, such as \"mail1\""))
}

/// Labels of DNS with dots between them: letters, digits, and hyphens inside.
fn is_dotted(text: &str) -> bool {
    let fine = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let label = |label: &str| {
        (1..=63).contains(&label.len()) && label.chars().all(fine) && !label.starts_with('-') && !label.ends_with('-')
    };
    text.split('.').all(label)
}

/// What a customer's language is called, if there are texts in it.
pub(super) fn locale<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let locale = String::deserialize(from)?;
    if Text::in_language(&locale).is_none() {
        let known: Vec<_> = Text::languages().collect();
        return Err(D::Error::custom(format!("{locale:?}: no texts in it, expected one of {}", known.join(", "))));
    }
    Ok(locale)
}

pub(super) fn color<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    text(from, |text| match text.strip_prefix('#') {
        Some(hex) if hex.len() == 6 && hex.bytes().all(|digit| digit.is_ascii_hexdigit()) => Ok(text.to_owned()),
        _ => Err("a colour as \"#rrggbb\", such as \"#2f6fed\""),
    })
}

/// An image that strangers fetch: https, as mail programs warn of anything else.
pub(super) fn image<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    text(from, |text| {
        let url: Option<Uri> = text.parse().ok();
        let host = url.as_ref().filter(|url| url.scheme_str() == Some("https")).and_then(Uri::authority);
        let named = host.and_then(|host| server(host.as_str()));
        let plain = text.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte));
        named.filter(|_| plain).map(|_| Some(text.to_owned())).ok_or("an https URL of an image")
    })
}

pub(super) fn timezone<'de, D: Deserializer<'de>>(from: D) -> Result<Tz, D::Error> {
    text(from, |text| text.parse().map_err(|_| "an IANA time zone, such as \"Europe/Berlin\""))
}

pub(super) fn scores<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
    let given = Vec::<i64>::deserialize(from)?;
    let in_range = given.iter().filter_map(|score| u8::try_from(*score).ok());
    let scores: BTreeSet<u8> = in_range.filter(|score| (1..=5).contains(score)).collect();
    if scores.is_empty() || scores.len() < given.len() {
        let expected = "expected at least one score of 1 to 5, none twice";
        return Err(D::Error::custom(format!("{given:?}: {expected}")));
    }
    Ok(scores.into_iter().collect())
}

pub(super) fn evidence<'de, D: Deserializer<'de>>(from: D) -> Result<Evidence, D::Error> {
    text(from, |text| match text {
        "seen" => Ok(Evidence::Seen),
        "touched" => Ok(Evidence::Touched),
        "pressed" => Ok(Evidence::Pressed),
        "commented" => Err("at most \"pressed\": a rating cannot ask for a comment"),
        _ => Err("\"seen\", \"touched\" or \"pressed\""),
    })
}

pub(super) fn words<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let words = Vec::<String>::deserialize(from)?;
    if words.iter().any(|word| word.trim().is_empty()) {
        return Err(D::Error::custom(format!("{words:?}: expected no blank word")));
    }
    Ok(words)
}

pub(super) fn policy<'de, D: Deserializer<'de>>(from: D) -> Result<Arc<Policy>, D::Error> {
    Policy::deserialize(from).map(Arc::new)
}

/// Reads `HOST[:PORT]`, takes the brackets off an IPv6 address, and wants nothing else there.
fn server(text: &str) -> Option<(String, Option<u16>)> {
    let authority: Authority = text.parse().ok()?;
    let host = authority.host();
    let port = match text.strip_prefix(host)? {
        "" => None,
        rest => Some(rest.strip_prefix(':')?.parse().ok().filter(|port| *port > 0)?),
    };
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    (!host.is_empty()).then(|| (host.to_owned(), port))
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
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
            ("smtp://LocalHost", smtp(Tls::Off, "LocalHost", 587, None)),
            ("smtp://127.8.0.1:25", smtp(Tls::Off, "127.8.0.1", 25, None)),
            ("smtp://[::1]:25", smtp(Tls::Off, "::1", 25, None)),
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
            let error = "a password is not for a URL: expected it in smtp_password_file";
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
