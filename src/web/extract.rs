//! What requests carry beside a body, read and checked: keys, path segments, and what kind of visitor sent them.
//!
//! It must not know what is done with any of it.

use super::App;
use super::error::Failure;
use crate::gateway::{Access, Error};
use crate::survey::access::Scope;
use crate::survey::page::Visitor;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use data_encoding::BASE64;
use uuid::Uuid;

/// One segment of a path, decoded. A segment that is not UTF-8 is not found.
pub(super) struct Segment(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Segment {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        path.map(|Path(segment)| Self(segment)).map_err(|_| Failure::not_found())
    }
}

/// The survey that a segment names.
///
/// # Errors
/// Anything that is no id of a survey: it names none.
pub(super) fn survey_id(segment: &str) -> Result<Uuid, Failure> {
    segment.parse().map_err(|_| Error::UnknownSurvey.into())
}

impl App {
    /// Checks the key of a request for a scope.
    pub(super) async fn access(&self, headers: &HeaderMap, needed: Scope) -> Result<Access, Failure> {
        let key = credentials(headers, "bearer").unwrap_or_default();
        note_key(key);
        Ok(self.gateway.authorize(key, needed).await?)
    }

    /// Whether the browser says that another site made it send this. Without a usable `Origin`, `Sec-Fetch-Site` decides.
    /// Other hosts of the same domain are other sites too: cookies come with what they send, and a page of theirs can keep
    /// its origin back.
    pub(super) fn cross_site(&self, headers: &HeaderMap) -> bool {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        match text(header::ORIGIN) {
            Some(origin) if origin != "null" => {
                let host = origin.split_once("://").map(|(_, host)| host);
                let own = origin.eq_ignore_ascii_case(self.gateway.config.public_url.as_str());
                // The page was served by the host that the request went to, so it is not another site.
                !own && host != text(header::HOST)
            }
            _ => {
                let site = text(header::HeaderName::from_static("sec-fetch-site"));
                site.is_some_and(|site| !matches!(site, "same-origin" | "none"))
            }
        }
    }

    /// Who opens a link: a machine by its method, a prefetch header or its `User-Agent`; a phone by its `User-Agent`; and
    /// a click in a webmail by what browsers say of a navigation.
    pub(super) fn visitor(&self, head: bool, headers: &HeaderMap) -> Visitor {
        let fetch = |name: &str| headers.get(name).map(HeaderValue::as_bytes);
        let prefetch = ["sec-purpose", "purpose", "x-moz"].iter().any(|name| {
            let mut values = headers.get_all(*name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
            values.any(|value| value.to_ascii_lowercase().contains("prefetch"))
        });
        let agent = headers.get(header::USER_AGENT).map(|agent| String::from_utf8_lossy(agent.as_bytes()));
        let agent = agent.unwrap_or_default().to_ascii_lowercase();
        let named = self.machines.iter().any(|word| names(&agent, word));
        Visitor {
            machine: head || prefetch || agent.trim().is_empty() || named,
            phone: PHONES.iter().any(|word| names(&agent, word)),
            webmail: fetch("sec-fetch-site") == Some(b"cross-site") && fetch("sec-fetch-user") == Some(b"?1"),
        }
    }
}

/// What a request authenticates with, if it does so by this scheme.
fn credentials<'h>(headers: &'h HeaderMap, by: &str) -> Option<&'h str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, credentials) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case(by).then_some(credentials.trim())
}

/// The key of a request: a Bearer token, or the password of Basic authentication, because some helpdesks can send no other.
/// Empty without one.
pub(super) fn any_key(headers: &HeaderMap) -> String {
    let basic = || {
        let pair = BASE64.decode(credentials(headers, "basic")?.as_bytes()).ok()?;
        let pair = String::from_utf8(pair).ok()?;
        Some(pair.split_once(':')?.1.to_owned())
    };
    let key = credentials(headers, "bearer").map(str::to_owned).or_else(basic).unwrap_or_default();
    note_key(&key);
    key
}

/// Has the log lines of the request name the key by its id.
pub(super) fn note_key(key: &str) {
    if let Some(id) = key_id(key) {
        tracing::Span::current().record("key", id);
    }
}

/// The id in a key as it is spelled, for the log: the key may be wrong all the same.
fn key_id(key: &str) -> Option<&str> {
    let id = key.split('_').nth(2)?;
    (id.len() == 12 && id.bytes().all(|digit| digit.is_ascii_hexdigit())).then_some(id)
}

/// Words in the `User-Agent` of programs that open the links of mails. A program that calls itself a browser is recognised
/// by what it does.
const MACHINES: [&str; 33] = [
    "HeadlessChrome",
    "PhantomJS",
    "Puppeteer",
    "Playwright",
    "BingPreview",
    "bingbot",
    "Googlebot",
    "Google-Safety",
    "GoogleImageProxy",
    "Google-Read-Aloud",
    "Slackbot",
    "Slackbot-LinkExpanding",
    "Twitterbot",
    "facebookexternalhit",
    "LinkedInBot",
    "TelegramBot",
    "Discordbot",
    "WhatsApp",
    "SkypeUriPreview",
    "python-requests",
    "python-urllib",
    "aiohttp",
    "curl",
    "Wget",
    "Go-http-client",
    "Java",
    "okhttp",
    "axios",
    "node-fetch",
    "libwww-perl",
    "Barracuda",
    "Mimecast",
    "Proofpoint",
];

/// Words in the `User-Agent` of browsers on phones and tablets, in lower case.
const PHONES: [&str; 4] = ["iphone", "ipad", "android", "mobile"];

/// The words that mark a machine, in lower case: ours and the operator's.
pub(super) fn machine_words(more: &[String]) -> Vec<String> {
    MACHINES
        .iter()
        .map(|word| word.to_ascii_lowercase())
        .chain(more.iter().map(|word| word.to_ascii_lowercase()))
        .collect()
}

/// Whether a text in lower case holds a word, on word boundaries: a CUBOT phone is not a bot.
fn names(text: &str, word: &str) -> bool {
    let outside = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    text.match_indices(word)
        .any(|(at, _)| outside(text[..at].chars().next_back()) && outside(text[at + word.len()..].chars().next()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_on_their_boundaries_only() {
        assert!(names("mozilla/5.0 headlesschrome/120", "headlesschrome"));
        assert!(names("curl/8", "curl"));
        assert!(!names("mozilla/5.0 (linux; cubot x18)", "bot"));
        assert!(!names("javascript", "java"));
        assert!(names("slackbot-linkexpanding 1.0", "slackbot"));
    }
}
