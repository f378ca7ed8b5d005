//! The settings: one TOML file and the environment, read into a checked [`Config`].
//!
//! Owns the sections, their keys and their defaults. It must not know what a setting is used for, and names nothing of
//! this crate but the types in [`crate::survey`], [`crate::helpdesk`], [`crate::provider`] and [`crate::text`] that
//! settings are read into.
//!
//! Settings come in three layers, each over the one before: the built-in defaults, the file, the environment.
//! `AFTERWORD_PUBLIC_URL` sets `public_url`, and a double underscore nests: `AFTERWORD_MAIL__SMTP` sets `mail.smtp`,
//! `AFTERWORD_POLICY__VIP__DELAY` sets `delay` of `[policy.vip]`. Relative paths start at the working directory, those in
//! the file too.

mod admin;
mod after;
mod alert;
mod checks;
mod digest;
mod effective;
mod follow_up;
mod helpdesk;
mod helpdesk_api;
mod layers;
mod lines;
mod logo;
mod outgoing;
mod provider;
mod public_url;
mod report;
#[cfg(test)]
mod tests;
mod value;
mod webhook;

pub use admin::{AdminSettings, AdminUser};
pub use after::{QuestionSettings, ReasonSettings, ThanksSettings};
pub use alert::AlertSettings;
pub use digest::DigestSettings;
pub use effective::Setting;
pub use follow_up::FollowUpSettings;
pub use helpdesk::HelpdeskSettings;
pub use helpdesk_api::{ApiUrl, HelpdeskApi};
pub use logo::Logo;
pub use outgoing::{Network, OutgoingSettings, Reachable};
pub use provider::ProviderSettings;
pub use public_url::PublicUrl;
pub use report::{ReportSettings, TargetSettings};
pub use value::{MailTarget, Mailbox, Secret, Tls};
pub use webhook::{WebhookSettings, new_webhook_secret};

use crate::survey::page::Evidence;
use crate::survey::policy::Policy;
use crate::text::{CustomLanguages, CustomTexts, Text};
use chrono::TimeDelta;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The built-in defaults. The file and the environment override them. The defaults of `[ask]` are `Policy::default()`.
const DEFAULTS: &str = r##"
    listen = "127.0.0.1:8080"
    public_url = "http://127.0.0.1:8080"
    trusted_proxies = 0
    database = "afterword.db"
    [mail]
    from = "Support <support@example.com>"
    smtp = "file:mail"
    allow_placeholder = false
    workers = 4
    max_per_minute = 0
    max_per_minute_per_domain = 0
    retry_after = "1m"
    give_up_after = "72h"
    links_in_subject = false
    [brand]
    name = "Support"
    color = "#2f6fed"
    locale = "en"
    [report]
    timezone = "UTC"
    positive = [4, 5]
    [follow_up]
    scores = [1, 2]
    scores_with_comment = []
    [clicks]
    evidence = "seen"
    machines = []
"##;

/// All settings, checked. Each field is a key, each struct a section.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The address and port to serve on.
    #[serde(deserialize_with = "value::listen")]
    pub listen: SocketAddr,
    /// The address and port to serve metrics on, without a key; `None` for nowhere.
    #[serde(default, deserialize_with = "value::some_listen")]
    pub metrics_listen: Option<SocketAddr>,
    /// Where customers reach the service.
    pub public_url: PublicUrl,
    /// How many proxies in front of the service add an address to `X-Forwarded-For`. With 0 the header is ignored: a
    /// client's address is that of its connection.
    pub trusted_proxies: usize,
    /// The database file.
    #[serde(deserialize_with = "value::path")]
    pub database: PathBuf,
    /// The file of the keys that sign links. The default is `afterword.keys` beside the database.
    #[serde(default, deserialize_with = "value::path")]
    pub link_keys_file: PathBuf,
    /// The file that the settings were read from; `None` if there was none.
    #[serde(skip)]
    pub file: Option<PathBuf>,
    /// `[mail]`
    pub mail: MailSettings,
    /// `[brand]`
    pub brand: BrandSettings,
    /// `[report]`
    pub report: ReportSettings,
    /// `[follow_up]`
    pub follow_up: FollowUpSettings,
    /// `[clicks]`
    pub clicks: ClickSettings,
    /// `[admin]`
    #[serde(default)]
    pub admin: AdminSettings,
    /// `[reasons]`
    #[serde(default)]
    pub reasons: ReasonSettings,
    /// `[question]`
    pub question: Option<QuestionSettings>,
    /// Each `[thanks.SCORE]` by its score, `1` to `5`.
    #[serde(default)]
    pub thanks: BTreeMap<String, ThanksSettings>,
    /// Each `[[digest]]`.
    #[serde(rename = "digest", default)]
    pub digests: Vec<DigestSettings>,
    /// `[retention]`
    #[serde(default)]
    pub retention: RetentionSettings,
    /// `[ask]`: the default policy.
    #[serde(default, deserialize_with = "value::policy")]
    pub ask: Arc<Policy>,
    /// Each `[policy.NAME]` by its name.
    #[serde(rename = "policy", default)]
    pub policies: BTreeMap<String, PolicySettings>,
    /// Each `[helpdesk.NAME]` by its name.
    #[serde(rename = "helpdesk", default)]
    pub helpdesks: BTreeMap<String, HelpdeskSettings>,
    /// Each `[alert.NAME]` by its name.
    #[serde(rename = "alert", default)]
    pub alerts: BTreeMap<String, AlertSettings>,
    /// Each `[webhook.NAME]` by its name.
    #[serde(rename = "webhook", default)]
    pub webhooks: BTreeMap<String, WebhookSettings>,
    /// Each `[provider.NAME]` by its name.
    #[serde(rename = "provider", default)]
    pub providers: BTreeMap<String, ProviderSettings>,
    /// `[outgoing]`
    #[serde(default)]
    pub outgoing: OutgoingSettings,
}

/// `[policy.NAME]`. In the file the rules are keys of the section itself; `layers::policies_over_ask` nests them.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicySettings {
    /// All keys but `text`, already laid over `[ask]`.
    #[serde(deserialize_with = "value::policy")]
    pub rules: Arc<Policy>,
    /// `[policy.NAME.text.LANGUAGE]`: custom texts, before those of `[mail.text]`.
    #[serde(default)]
    pub text: CustomLanguages,
}

impl From<Policy> for PolicySettings {
    fn from(rules: Policy) -> Self {
        Self { rules: Arc::new(rules), text: CustomLanguages::default() }
    }
}

/// `[mail]`: who sends the mail, and how it leaves.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailSettings {
    /// The sender.
    pub from: Mailbox,
    /// The name in From of a survey mail, with `{teammate}` and `{brand}`: one line, used if all that it names is known,
    /// instead of the name in `from`. Empty turns it off; `None` is the text in the customer's language.
    #[serde(default, deserialize_with = "value::sender")]
    pub from_name: Option<String>,
    /// Where replies go, if not to the sender.
    pub reply_to: Option<Mailbox>,
    /// The domain that bounces return to, if bounce reports are read. Without it they return to the sender.
    #[serde(default, deserialize_with = "value::some_domain")]
    pub bounce_domain: Option<String>,
    /// `[mail.dkim]`: the key that signs mails, if they are signed here.
    pub dkim: Option<DkimSettings>,
    /// Where mail goes.
    pub smtp: MailTarget,
    /// The password of the user in `smtp`. It is set if and only if there is a user.
    pub smtp_password: Option<Secret>,
    /// The file that `smtp_password` was read from, unless it was set directly.
    pub smtp_password_file: Option<PathBuf>,
    /// A PEM file of authorities that may sign the relay's certificate, besides those that this machine trusts.
    pub smtp_ca_file: Option<PathBuf>,
    /// Customers may be given the built-in sender, and mails may stay in a folder, behind a public URL of https.
    pub allow_placeholder: bool,
    /// Connections kept open while there is work, 1 to 64.
    #[serde(deserialize_with = "value::workers")]
    pub workers: usize,
    /// The most mails that leave within any minute; 0 means no limit.
    pub max_per_minute: u32,
    /// The most mails that leave within any minute to one recipient domain; 0 means no limit.
    pub max_per_minute_per_domain: u32,
    /// The time from a temporary failure to the first retry; over zero.
    #[serde(deserialize_with = "value::duration")]
    pub retry_after: TimeDelta,
    /// How long a mail is retried; at least `retry_after`.
    #[serde(deserialize_with = "value::duration")]
    pub give_up_after: TimeDelta,
    /// Whether links in the subject of a conversation stay in the mail about it.
    pub links_in_subject: bool,
    /// `[mail.text.LANGUAGE]`: custom texts in place of the built-in ones.
    #[serde(default)]
    pub text: CustomLanguages,
}

/// `[mail.dkim]`: the key that signs mails.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DkimSettings {
    /// The domain that signs: the domain of `from`, or one above it.
    #[serde(deserialize_with = "value::domain")]
    pub domain: String,
    /// The name of the key in DNS: its record is at `SELECTOR._domainkey.DOMAIN`.
    #[serde(deserialize_with = "value::selector")]
    pub selector: String,
    /// The key itself. It is always set once the settings are checked.
    pub key: Option<Secret>,
    /// The file that `key` was read from, unless it was set directly.
    pub key_file: Option<PathBuf>,
}

/// `[brand]`: what customers recognise.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BrandSettings {
    /// The name in mails and on pages: one line, not blank.
    #[serde(deserialize_with = "value::line")]
    pub name: String,
    /// The accent color, as `#rrggbb`.
    #[serde(deserialize_with = "value::color")]
    pub color: String,
    /// The language of mails and pages if the customer's is unknown, or has no texts here.
    #[serde(deserialize_with = "value::locale")]
    pub locale: String,
    /// An image that mails show in place of the name: an https URL.
    #[serde(default, deserialize_with = "value::image")]
    pub logo_url: Option<String>,
    /// The picture that pages show in place of the name. Pages load nothing from other hosts, so `logo_url` is not theirs.
    #[serde(default, deserialize_with = "value::some_path")]
    pub logo_file: Option<PathBuf>,
    /// The picture in `logo_file`. It is always set once the settings are checked for the service.
    #[serde(skip)]
    pub logo: Option<Logo>,
    /// Where customers reach a person: an `http`, `https` or `mailto` URL. Without it they may write to where replies go.
    #[serde(default, deserialize_with = "value::contact")]
    pub contact_url: Option<String>,
}

/// `[retention]`: how long things are kept. `None` keeps them for ever.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RetentionSettings {
    /// Who was asked, what it was about, and comments.
    #[serde(deserialize_with = "value::age")]
    pub identity: Option<TimeDelta>,
    /// Closings that nobody was asked about, and reopenings.
    #[serde(deserialize_with = "value::age")]
    pub decisions: Option<TimeDelta>,
}

/// `[clicks]`: which clicks count as a person's.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClickSettings {
    /// The weakest evidence that confirms a click: never `Commented`.
    #[serde(deserialize_with = "value::evidence")]
    pub evidence: Evidence,
    /// More words that mark a User-Agent as a machine; none is blank.
    #[serde(deserialize_with = "value::words")]
    pub machines: Vec<String>,
}

/// Why the settings are refused, in one line: the file or variable, the key, the value and what was expected.
#[derive(Debug, thiserror::Error)]
#[error("{place}: {detail}")]
pub struct ConfigError {
    place: String,
    detail: String,
}

impl Default for Config {
    fn default() -> Self {
        layers::defaults()
    }
}

impl Config {
    /// Reads `file`, or else `afterword.toml` in the working directory if it exists, and lays `env` over it.
    ///
    /// Returns the settings and the warnings: one sentence for each variable with our prefix that sets nothing. It
    /// names the variable and does not show its value.
    ///
    /// # Errors
    /// The first problem found: an unreadable file, an unknown key in it, a wrong value, a contradiction.
    pub fn load(
        file: Option<&Path>,
        env: impl Iterator<Item = (String, String)>,
    ) -> Result<(Self, Vec<String>), ConfigError> {
        layers::load(file, env, true).map(|read| (read.config, read.warnings))
    }

    /// As [`load`](Self::load), for what sends no mail: does not read the secrets of mail, which belong to the service.
    ///
    /// # Errors
    /// As those of [`load`](Self::load), but for those secrets.
    pub fn load_without_secrets(
        file: Option<&Path>,
        env: impl Iterator<Item = (String, String)>,
    ) -> Result<(Self, Vec<String>), ConfigError> {
        layers::load(file, env, false).map(|read| (read.config, read.warnings))
    }

    /// The policy of that name, or the default one for `None`. `None` if no policy has that name.
    #[must_use]
    pub fn policy(&self, name: Option<&str>) -> Option<&Arc<Policy>> {
        name.map_or(Some(&self.ask), |name| Some(&self.policies.get(name)?.rules))
    }

    /// The detail of a fault about an unknown policy.
    #[must_use]
    pub fn policy_expected(&self) -> String {
        let known: Vec<_> = self.policies.keys().map(String::as_str).collect();
        let known = if known.is_empty() { "there is none".to_owned() } else { known.join(", ") };
        format!("expected the name of a configured policy: {known}")
    }

    /// The texts in the language of a customer's locale, or else in the brand's language. Both the mail and the page of
    /// a survey call this, so they always use the same language.
    #[must_use]
    pub fn text(&self, locale: Option<&str>) -> &'static Text {
        let texts = |locale: Option<&str>| locale.and_then(Text::in_language);
        texts(locale).or_else(|| texts(Some(&self.brand.locale))).unwrap_or(Text::english())
    }

    /// Where customers reach a person, as a URL: `brand.contact_url`, or else the address that replies to mails go to.
    /// `None` if nobody reads that.
    #[must_use]
    pub fn contact(&self) -> Option<String> {
        let replies = self.mail.reply_to.as_ref().unwrap_or(&self.mail.from);
        let by_mail = || replies.is_read().then(|| format!("mailto:{}", replies.address));
        self.brand.contact_url.clone().or_else(by_mail)
    }

    /// The custom texts that apply to surveys of a policy. A survey can outlive its policy: then only those for all do.
    #[must_use]
    pub fn custom_texts(&self, policy: Option<&str>) -> CustomTexts<'_> {
        let all = &self.mail.text;
        let policy = policy.and_then(|name| self.policies.get(name));
        CustomTexts { policy: policy.map_or(all, |policy| &policy.text), all }
    }
}
