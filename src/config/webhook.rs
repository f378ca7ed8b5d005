//! Who is told of events: the webhooks, and every other target, by the name of its section.
//!
//! Owns `[webhook.NAME]` and its checks. It must not know how a request is made or signed.

use super::{Config, HelpdeskSettings, Secret, value};
use crate::survey::event::{EventKind, Wants};
use data_encoding::BASE64;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;
use url::{Host, Url};
use uuid::Uuid;

/// What a secret of Standard Webhooks begins with.
const SECRET_PREFIX: &str = "whsec_";
/// The shortest and the longest secret, in bytes, as Standard Webhooks asks for.
pub(super) const SECRET_BYTES: [usize; 2] = [24, 64];

/// Makes a secret.
#[must_use]
pub fn new_webhook_secret() -> String {
    // Two random UUIDs have 244 bits of the system's randomness.
    let bytes = [Uuid::new_v4().into_bytes(), Uuid::new_v4().into_bytes()].concat();
    format!("{SECRET_PREFIX}{}", BASE64.encode(&bytes))
}

/// `[webhook.NAME]`: a receiver of events.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookSettings {
    /// Where the events go.
    pub url: String,
    /// The secret that they are signed with. It is always set once the settings are checked for the service.
    pub secret: Option<Secret>,
    /// The file that `secret` was read from, unless it was set directly.
    pub secret_file: Option<PathBuf>,
    /// The kinds of events; empty for all.
    #[serde(default)]
    pub events: Vec<EventKind>,
    /// Only what is about conversations of this team.
    pub team: Option<String>,
    /// Only what is about conversations of this helpdesk; empty for those of `POST /v1/closings`.
    pub connection: Option<String>,
}

impl WebhookSettings {
    /// What it wants to be told.
    #[must_use]
    pub fn wants(&self) -> Wants {
        let all = Wants::everything();
        let kinds = if self.events.is_empty() { all.kinds } else { self.events.iter().copied().collect() };
        Wants { kinds, team: self.team.clone(), connection: self.connection.clone(), ..Wants::default() }
    }

    /// The bytes of the secret.
    ///
    /// # Errors
    /// A secret that is not spelled as Standard Webhooks does; the error does not show it.
    pub fn secret_bytes(&self) -> Result<Vec<u8>, String> {
        let [least, most] = SECRET_BYTES;
        let expected = || {
            format!(
                "expected {SECRET_PREFIX} and {least} to {most} bytes in base64, as `afterword webhook secret` makes"
            )
        };
        let text = self.secret.as_ref().map(Secret::reveal).ok_or_else(expected)?;
        let coded = text.trim().strip_prefix(SECRET_PREFIX).ok_or_else(expected)?;
        let bytes = BASE64.decode(coded.as_bytes()).map_err(|_| expected())?;
        if (least..=most).contains(&bytes.len()) { Ok(bytes) } else { Err(expected()) }
    }

    fn check(&self, config: &Config) -> Result<(), (&'static str, String)> {
        let expected = "expected an https address; http goes only to hosts of outgoing.allow_private";
        let url = Url::parse(&self.url).map_err(|error| ("url", format!("{error}: {expected}")))?;
        if !matches!(url.scheme(), "https" | "http") || url.host_str().is_none() {
            return Err(("url", expected.to_owned()));
        }
        let is_private = match url.host() {
            Some(Host::Ipv4(address)) => config.outgoing.allows_address(address.into()),
            Some(Host::Ipv6(address)) => config.outgoing.allows_address(address.into()),
            Some(Host::Domain(host)) => config.outgoing.allows_host(host),
            None => false,
        };
        if url.scheme() == "http" && !is_private {
            return Err(("url", format!("{:?}: {expected}", self.url)));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(("url", "names a user: expected an address without one, because events are signed".to_owned()));
        }
        if self.secret.is_none() && self.secret_file.is_none() {
            return Err((
                "secret",
                "is missing: expected secret_file, with what `afterword webhook secret` made".to_owned(),
            ));
        }
        if self.team.as_ref().is_some_and(|team| team.trim().is_empty()) {
            return Err(("team", "is blank: expected the name of a team".to_owned()));
        }
        let known = |name: &String| name.is_empty() || config.helpdesks.contains_key(name);
        match &self.connection {
            Some(name) if !known(name) => Err(("connection", format!("{name:?}: expected the name of a helpdesk"))),
            _ => Ok(()),
        }
    }
}

impl Config {
    /// Everybody who is told of events, by the section of the configuration that says so, and what each wants.
    #[must_use]
    pub fn targets(&self) -> BTreeMap<String, Wants> {
        let webhooks = self.webhooks.iter().map(|(name, webhook)| (format!("webhook.{name}"), webhook.wants()));
        let alerts = self.alerts.iter().map(|(name, alert)| (format!("alert.{name}"), self.alert_wants(alert)));
        let writes_back = |helpdesk: &HelpdeskSettings| helpdesk.api.as_ref().is_some_and(|api| api.write_back);
        let notes = self.helpdesks.iter().filter(|(_, helpdesk)| writes_back(helpdesk));
        let notes = notes.map(|(name, _)| (format!("helpdesk.{name}"), HelpdeskSettings::note_wants(name)));
        webhooks.chain(alerts).chain(notes).collect()
    }

    /// Checks each webhook, before the files of secrets are read.
    pub(super) fn check_webhooks(&self) -> Result<(), (String, String)> {
        for (name, webhook) in &self.webhooks {
            value::section_name(name).map_err(|detail| ("webhook".to_owned(), detail))?;
            webhook.check(self).map_err(|(key, detail)| (format!("webhook.{name}.{key}"), detail))?;
        }
        Ok(())
    }
}
