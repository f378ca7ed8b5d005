//! The receivers of events: the webhooks, and the list of all targets.
//!
//! Owns `[webhook.NAME]` and its checks, and how targets are named. It must not know how a request is made or signed.

use super::{Config, HelpdeskSettings, Secret, value};
use crate::survey::event::{EventKind, Wants};
use data_encoding::BASE64;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;
use url::Url;
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
    /// The secret that they are signed with, or several, each on a line. It is always set once the settings are checked
    /// for the service.
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
    /// The events that it wants.
    #[must_use]
    pub fn wants(&self) -> Wants {
        let all = Wants::everything();
        let kinds = if self.events.is_empty() { all.kinds } else { self.events.iter().copied().collect() };
        Wants { kinds, team: self.team.clone(), connection: self.connection.clone(), ..Wants::default() }
    }

    /// The bytes of the secret; of two, while the receiver changes over from one to the other. There is at least one.
    ///
    /// # Errors
    /// A secret that is not spelled as Standard Webhooks does; the error does not show it.
    pub fn secrets(&self) -> Result<Vec<Vec<u8>>, String> {
        let [least, most] = SECRET_BYTES;
        let expected = || {
            format!(
                "expected {SECRET_PREFIX} and {least} to {most} bytes in base64, as `afterword webhook secret` makes"
            )
        };
        let decode = |text: &str| {
            let bytes = BASE64.decode(text.strip_prefix(SECRET_PREFIX)?.as_bytes()).ok()?;
            (least..=most).contains(&bytes.len()).then_some(bytes)
        };
        let texts = self.secret.as_ref().map(Secret::reveal).unwrap_or_default().split_whitespace();
        let secrets = texts.map(decode).collect::<Option<Vec<_>>>().ok_or_else(expected)?;
        if secrets.is_empty() { Err(expected()) } else { Ok(secrets) }
    }

    fn check(&self, config: &Config) -> Result<(), (&'static str, String)> {
        let url = Url::parse(&self.url).ok().filter(|url| matches!(url.scheme(), "https" | "http"));
        if url.as_ref().is_some_and(|url| !url.username().is_empty() || url.password().is_some()) {
            return Err(("url", "names a user: expected an address without one, because events are signed".to_owned()));
        }
        if !url.is_some_and(|url| config.outgoing.is_safe(&url)) {
            let expected = "expected an https address, or the host in outgoing.allow_private";
            return Err(("url", format!("{:?}: {expected}", self.url)));
        }
        if self.secret.is_none() && self.secret_file.is_none() {
            return Err((
                "secret",
                "is missing: expected secret_file, with what `afterword webhook secret` made".to_owned(),
            ));
        }
        config.check_part(&[("team", &self.team)], self.connection.as_deref())
    }
}

impl Config {
    /// All targets of events, each by the section of the configuration that makes it, and the events that it wants.
    #[must_use]
    pub fn targets(&self) -> BTreeMap<String, Wants> {
        let webhooks = self.webhooks.iter().map(|(name, webhook)| (format!("webhook.{name}"), webhook.wants()));
        let alerts = self.alerts.iter().map(|(name, alert)| (format!("alert.{name}"), self.alert_wants(alert)));
        let writes_back = |helpdesk: &HelpdeskSettings| helpdesk.api.as_ref().is_some_and(|api| api.write_back);
        let notes = self.helpdesks.iter().filter(|(_, helpdesk)| writes_back(helpdesk));
        let notes = notes.map(|(name, _)| (format!("helpdesk.{name}"), HelpdeskSettings::note_wants(name)));
        webhooks.chain(alerts).chain(notes).collect()
    }

    /// Checks what limits a target to a part of the conversations: names that are not blank, and a connection that there is.
    pub(super) fn check_part(
        &self,
        names: &[(&'static str, &Option<String>)],
        connection: Option<&str>,
    ) -> Result<(), (&'static str, String)> {
        let is_blank = |name: &Option<String>| name.as_ref().is_some_and(|name| name.trim().is_empty());
        if let Some((key, _)) = names.iter().find(|(_, name)| is_blank(name)) {
            return Err((key, "is blank: leave it out for all".to_owned()));
        }
        match connection {
            Some(name) if !name.is_empty() && !self.helpdesks.contains_key(name) => {
                Err(("connection", format!("{name:?}: expected the name of a helpdesk, or \"\" for the plain API")))
            }
            _ => Ok(()),
        }
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
