//! The API of a helpdesk: where it is, how Afterword proves itself there, and what it is used for.
//!
//! Owns `[helpdesk.NAME.api]` and its checks. It must not know what is asked of an API, nor how it answers.

use super::{OutgoingSettings, Secret};
use crate::helpdesk::Kind;
use serde::{Deserialize, Deserializer, de::Error as _};
use std::path::PathBuf;
use url::Url;

/// `[helpdesk.NAME.api]`: what Afterword may do in a helpdesk.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HelpdeskApi {
    /// Where the API is: https, or http to a private host that requests may reach.
    pub url: ApiUrl,
    /// The token that Afterword proves itself with. It is always set once the settings are checked with their secrets.
    pub token: Option<Secret>,
    /// The file that `token` was read from, unless it was set directly.
    pub token_file: Option<PathBuf>,
    /// The user that the token belongs to; set if and only if the kind [needs one](Kind::api_needs_user).
    pub user: Option<String>,
    /// The number of the account; set if and only if the kind [needs one](Kind::api_needs_account).
    pub account: Option<u64>,
    /// Whether the conversation of a closing is fetched, for what its payload does not tell.
    #[serde(default)]
    pub enrich: bool,
    /// Whether ratings are written into the helpdesk.
    #[serde(default)]
    pub write_back: bool,
}

/// The URL that the paths of an API are below: http or https, without a user, a query or a fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiUrl(Url);

impl ApiUrl {
    /// The URL of a path below, by its segments. Each is escaped, so an id of a helpdesk stays one segment; `.` and `..`
    /// are left out.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "an http URL can be a base")]
    pub fn at(&self, segments: &[&str]) -> Url {
        let mut url = self.0.clone();
        url.path_segments_mut().expect("an http URL can be a base").pop_if_empty().extend(segments);
        url
    }
}

impl<'de> Deserialize<'de> for ApiUrl {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        // What stands before the host may hold a password.
        let refuse = |expected: &str| {
            let shown = text.rsplit_once('@').map_or(text.clone(), |(_, host)| format!("…@{host}"));
            D::Error::custom(format!("{shown:?}: expected {expected}"))
        };
        let expected = "the https URL of an API, such as \"https://desk.example.com\"";
        let url = Url::parse(&text).map_err(|_| refuse(expected))?;
        let is_bare = url.username().is_empty() && url.password().is_none() && url.port() != Some(0);
        if !matches!(url.scheme(), "https" | "http") || !is_bare || url.query().is_some() || url.fragment().is_some() {
            return Err(refuse(expected));
        }
        Ok(Self(url))
    }
}

impl HelpdeskApi {
    /// What this kind of helpdesk needs and can do. The error is the key below this section and what was expected.
    pub(super) fn check(&self, kind: Kind, outgoing: &OutgoingSettings) -> Result<(), (&'static str, String)> {
        if !self.enrich && !self.write_back {
            return Err(("api", "switches nothing on: expected enrich = true or write_back = true".to_owned()));
        }
        if !outgoing.is_safe(&self.url.0) {
            let expected = "expected https, or the host in outgoing.allow_private";
            return Err(("api.url", format!("\"{}\": {expected}", self.url.0)));
        }
        for (key, is_on, can) in [
            ("api.enrich", self.enrich, Kind::enriches as fn(Kind) -> bool),
            ("api.write_back", self.write_back, Kind::writes_back),
        ] {
            if is_on && !can(kind) {
                let kinds: Vec<_> = Kind::ALL.iter().filter(|kind| can(**kind)).map(|kind| kind.word()).collect();
                return Err((key, format!("{kind} cannot do that: expected false, or one of {}", kinds.join(", "))));
            }
        }
        if self.token.is_none() && self.token_file.is_none() {
            return Err(("api.token", "is missing: expected token_file, with a token of the API".to_owned()));
        }
        let user = self.user.as_deref().filter(|user| !user.trim().is_empty());
        belongs("api.user", user.is_some(), kind.api_needs_user(), kind, "the user that the token belongs to")?;
        belongs("api.account", self.account.is_some(), kind.api_needs_account(), kind, "the number of the account")
    }
}

/// A key that some kinds need and no other takes.
fn belongs(
    key: &'static str,
    is_set: bool,
    is_needed: bool,
    kind: Kind,
    what: &str,
) -> Result<(), (&'static str, String)> {
    match (is_set, is_needed) {
        (true, true) | (false, false) => Ok(()),
        (false, true) => Err((key, format!("is missing: expected {what}"))),
        (true, false) => Err((key, format!("expected none: {kind} needs none"))),
    }
}
