//! The public URL of the service, and what a URL of a server alone may hold.
//!
//! Owns which URLs are accepted and how they are normalised. It must not know what is served there.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use std::fmt::{self, Display};
use std::net::IpAddr;
use std::str::FromStr;
use url::{Host, Url};

/// Where customers reach the service: `https://HOST[:PORT]`, or `http://` if the host is this machine. No path.
///
/// It is normalised as browsers do: lower case, and no port where that is the scheme's own. So it equals the `Origin`
/// that browsers send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl(Url);

impl PublicUrl {
    /// The URL, without a `/` at its end. It is an origin, too.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }

    /// The host: a name or an IP address.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "a URL without a host is refused before")]
    pub fn host(&self) -> Host<&str> {
        self.0.host().expect("a URL without a host is refused before")
    }

    /// Whether the host is this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        is_loopback(host_of(&self.0))
    }

    /// The port: the scheme's own if none is written.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.0.port_or_known_default().unwrap_or_default()
    }

    /// Whether the scheme is https.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }
}

impl Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for PublicUrl {
    type Err = String;

    /// # Errors
    /// The URL and what was expected instead, in one sentence.
    fn from_str(text: &str) -> Result<Self, String> {
        let expected = "an http or https URL of a host, with no path, such as \"https://rate.example.com\"";
        let refuse = |expected| format!("{text:?}: expected {expected}");
        let (scheme, rest) = text.split_once("://").ok_or_else(|| refuse(expected))?;
        let known = ["http", "https"].iter().find(|known| scheme.eq_ignore_ascii_case(known));
        // Pages and assets are served from the root: links below a path would not work.
        let url = known.and_then(|scheme| server_url(scheme, rest.strip_suffix('/').unwrap_or(rest)));
        let url = Self(url.ok_or_else(|| refuse(expected))?);
        if url.is_https() || url.is_loopback() {
            Ok(url)
        } else {
            Err(refuse("https, as the host is not this machine"))
        }
    }
}

impl<'de> Deserialize<'de> for PublicUrl {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

/// Parses `HOST[:PORT]` as a URL of that scheme. `None` for anything else in it: [`Url`] would drop a line break,
/// decode what is beyond ASCII, and read a path or a user.
pub(super) fn server_url(scheme: &str, text: &str) -> Option<Url> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._~%:[]".contains(c);
    if !text.chars().all(is_plain) || text.ends_with(':') {
        return None;
    }
    let url = Url::parse(&format!("{scheme}://{text}")).ok()?;
    (!host_of(&url).is_empty() && url.port() != Some(0)).then_some(url)
}

/// The host of a URL, an IPv6 address without its brackets.
pub(super) fn host_of(url: &Url) -> &str {
    url.host_str().unwrap_or_default().trim_matches(['[', ']'])
}

/// Whether a host, an IPv6 address without brackets, is this machine.
pub(super) fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}
