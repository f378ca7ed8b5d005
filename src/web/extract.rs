//! What requests carry, read and checked: bodies, keys, path segments, and what kind of visitor sent them.
//!
//! It must not know what is done with any of it.

use super::App;
use super::error::Failure;
use crate::gateway::Access;
use crate::survey::access::Scope;
use crate::survey::fields::Fault;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The body limit of every route, in bytes. The messages of a conversation fit; a larger body is a mistake.
pub(super) const LARGEST_BODY: usize = 1024 * 1024;

/// One segment of a path, decoded. A segment that is not UTF-8 is not found.
pub(super) struct Segment(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Segment {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        path.map(|Path(segment)| Self(segment)).map_err(|_| Failure::not_found())
    }
}

/// A JSON body.
pub(super) fn json<T: DeserializeOwned>(body: Result<Bytes, BytesRejection>) -> Result<T, Failure> {
    // In two steps, because serde_json reports a value of the wrong type as a syntax error.
    let value: Value = serde_json::from_slice(&bytes(body)?)
        .map_err(|error| Failure::new(StatusCode::BAD_REQUEST, "not_json", format!("the body is not JSON: {error}")))?;
    serde_path_to_error::deserialize(value)
        .map_err(|error| Failure::invalid(vec![fault(error.path(), &error.inner().to_string())]))
}

/// The bytes of a body.
pub(super) fn bytes(body: Result<Bytes, BytesRejection>) -> Result<Bytes, Failure> {
    body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            let detail = format!("expected a body of at most {LARGEST_BODY} bytes");
            Failure::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail)
        }
        _ => Failure::new(StatusCode::BAD_REQUEST, "broken_body", "the body is incomplete"),
    })
}

/// Where a body is wrong, as a JSON pointer. serde names a missing or unknown field in the message only, so the pointer is
/// extended by it.
fn fault(path: &serde_path_to_error::Path, detail: &str) -> Fault {
    use serde_path_to_error::Segment as At;
    let mut pointer = String::new();
    for segment in path {
        match segment {
            At::Seq { index } => pointer.extend(["/", &index.to_string()]),
            At::Map { key } => pointer.extend(["/", &escape(key)]),
            At::Enum { .. } | At::Unknown => {}
        }
    }
    let field = ["missing field `", "unknown field `"]
        .iter()
        .find_map(|said| detail.strip_prefix(said))
        .and_then(|rest| rest.split_once('`'));
    if let Some((field, _)) = field
        && !pointer.ends_with(&format!("/{}", escape(field)))
    {
        pointer.extend(["/", &escape(field)]);
    }
    Fault::body(pointer, detail)
}

/// RFC 6901.
fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

impl App {
    /// Checks the key of a request for a scope.
    pub(super) async fn access(&self, headers: &HeaderMap, needed: Scope) -> Result<Access, Failure> {
        let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let key = value.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let key = key.map_or("", |(_, key)| key.trim());
        if let Some(id) = key_id(key) {
            tracing::Span::current().record("key", id);
        }
        Ok(self.gateway.authorize(key, needed).await?)
    }

    /// Whether the browser says that another site made it send this. Without a usable `Origin`, `Sec-Fetch-Site` decides.
    pub(super) fn cross_site(&self, headers: &HeaderMap) -> bool {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        match text(header::ORIGIN) {
            Some(origin) if origin != "null" => {
                let host = origin.split_once("://").map(|(_, host)| host);
                let own = origin.eq_ignore_ascii_case(self.gateway.config.public_url.as_str());
                // The page was served by the host that the request went to, so it is not another site.
                !own && host != text(header::HOST)
            }
            _ => text(header::HeaderName::from_static("sec-fetch-site")) == Some("cross-site"),
        }
    }

    /// Whether a view looks like a machine's: by its method, a prefetch header, or its `User-Agent`.
    pub(super) fn machine(&self, head: bool, headers: &HeaderMap) -> bool {
        let prefetch = ["sec-purpose", "purpose", "x-moz"].iter().any(|name| {
            let value = headers.get(*name).and_then(|value| value.to_str().ok()).unwrap_or_default();
            value.to_ascii_lowercase().contains("prefetch")
        });
        let agent = headers.get(header::USER_AGENT).map(|agent| String::from_utf8_lossy(agent.as_bytes()));
        let agent = agent.unwrap_or_default().to_ascii_lowercase();
        head || prefetch || agent.trim().is_empty() || self.machines.iter().any(|word| names(&agent, word))
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
