//! The settings: one TOML file and the environment, read into a [`Config`], and whatever is wrong with them refused.
//!
//! It owns how each setting is spelled, which values it takes and where it came from. It must not know what any of them
//! is for, and names nothing of this crate but the types in [`crate::survey`] and [`crate::text`] that settings are read
//! into.
//!
//! Three layers lie one over the other: the defaults below, the file, the environment. `AFTERWORD_PUBLIC_URL` sets
//! `public_url`, and a double underscore nests: `AFTERWORD_MAIL__SMTP` sets `mail.smtp`, `AFTERWORD_POLICY__VIP__DELAY`
//! sets `delay` of `[policy.vip]` (names are lower-cased, so only a policy named in lower case can be reached). Relative
//! paths start at the working directory, those in the file too.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, iter, mem};

use chrono::TimeDelta;
use chrono_tz::Tz;
use serde::Deserialize;
use toml::{Table, Value};

use crate::survey::delivery::LONGEST_SETTING;
use crate::survey::eligibility::Policy;
use crate::survey::evidence::Evidence;
use crate::text::{Languages, Own, Text};

mod value;

pub use value::{MailTarget, Mailbox, Secret, Tls};

/// The lowest layer. Those of `[ask]` are `Policy::default()`.
const DEFAULTS: &str = r##"
    listen = "127.0.0.1:8080"
    public_url = "http://127.0.0.1:8080"
    trusted_proxies = 0
    database = "afterword.db"
    [mail]
    from = "Support <support@example.com>"
    smtp = "file:mail"
    workers = 4
    max_per_minute = 0
    max_per_minute_per_domain = 0
    retry_after = "1m"
    give_up_after = "72h"
    [brand]
    name = "Support"
    color = "#2f6fed"
    locale = "en"
    [report]
    timezone = "UTC"
    positive = [4, 5]
    [clicks]
    evidence = "seen"
    machines = []
"##;
/// The file that is read if none is named.
const DEFAULT_FILE: &str = "afterword.toml";
/// What the names of our variables begin with.
const PREFIX: &str = "AFTERWORD_";
/// Variables with our prefix that are read elsewhere: the log filter, and the path of the file itself.
const NOT_OURS: [&str; 2] = ["AFTERWORD_LOG", "AFTERWORD_CONFIG"];

/// All settings, checked: one field a key, one struct a section.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The address and port to serve on.
    #[serde(deserialize_with = "value::listen")]
    pub listen: SocketAddr,
    /// Where customers reach the service: http or https, host, perhaps port; no path and no `/` at its end. It is https
    /// unless the host is this machine.
    #[serde(deserialize_with = "value::public_url")]
    pub public_url: String,
    /// How many proxies in front add the address they saw to `X-Forwarded-For`. With 0, nobody's word is taken for it:
    /// a client's address is that of its connection.
    pub trusted_proxies: usize,
    /// The database file.
    #[serde(deserialize_with = "value::path")]
    pub database: PathBuf,
    /// The file of the keys that sign links: `afterword.keys` beside the database unless given.
    #[serde(default, deserialize_with = "value::path")]
    pub link_keys_file: PathBuf,
    /// `[mail]`
    pub mail: Mail,
    /// `[brand]`
    pub brand: Brand,
    /// `[report]`
    pub report: Report,
    /// `[clicks]`
    pub clicks: Clicks,
    /// `[ask]`: the default policy.
    #[serde(default, deserialize_with = "value::policy")]
    pub ask: Arc<Policy>,
    /// Each `[policy.NAME]` by its name.
    #[serde(rename = "policy", default)]
    pub policies: BTreeMap<String, NamedPolicy>,
}

/// `[policy.NAME]`. The file does not nest the rules in a section: `policies_over_ask` does.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedPolicy {
    /// All keys but `text`, already laid over `[ask]`.
    #[serde(deserialize_with = "value::policy")]
    pub rules: Arc<Policy>,
    /// `[policy.NAME.text.LANGUAGE]`: own words, before those of `[mail.text]`.
    #[serde(default)]
    pub text: Languages,
}

impl From<Policy> for NamedPolicy {
    fn from(rules: Policy) -> Self {
        Self { rules: Arc::new(rules), text: Languages::default() }
    }
}

/// `[mail]`: who writes, and how mail leaves.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    /// The sender.
    pub from: Mailbox,
    /// Where answers go, if not to the sender.
    pub reply_to: Option<Mailbox>,
    /// The domain that bounces come back to, if reports of them are read; otherwise they go to the sender.
    #[serde(default, deserialize_with = "value::some_domain")]
    pub bounce_domain: Option<String>,
    /// `[mail.dkim]`: who signs, if anybody here does.
    pub dkim: Option<Dkim>,
    /// Where mail goes.
    pub smtp: MailTarget,
    /// The password of the user in `smtp`: there if and only if there is a user.
    pub smtp_password: Option<Secret>,
    /// The file that `smtp_password` was read from, if it was not given itself.
    pub smtp_password_file: Option<PathBuf>,
    /// Connections kept open while there is work, 1 to 64.
    #[serde(deserialize_with = "value::workers")]
    pub workers: usize,
    /// The most mails that leave within any minute; 0 is no limit.
    pub max_per_minute: u32,
    /// The most mails that leave within any minute to one recipient domain; 0 is no limit.
    pub max_per_minute_per_domain: u32,
    /// From a temporary failure to the first retry; over zero.
    #[serde(deserialize_with = "value::duration")]
    pub retry_after: TimeDelta,
    /// How long a mail is retried; at least `retry_after`.
    #[serde(deserialize_with = "value::duration")]
    pub give_up_after: TimeDelta,
    /// `[mail.text.LANGUAGE]`: own words in place of ours.
    #[serde(default)]
    pub text: Languages,
}

/// `[mail.dkim]`: the key that signs mails.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dkim {
    /// The domain that answers for the mails: that of `from`, or one above it.
    #[serde(deserialize_with = "value::domain")]
    pub domain: String,
    /// The name of the key in DNS: its record is at `SELECTOR._domainkey.DOMAIN`.
    #[serde(deserialize_with = "value::selector")]
    pub selector: String,
    /// The key itself. There once the settings are read.
    pub key: Option<Secret>,
    /// The file that `key` was read from, if it was not given itself.
    pub key_file: Option<PathBuf>,
}

/// `[brand]`: what customers recognise.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Brand {
    /// The name in mails and on pages: one line, not blank.
    #[serde(deserialize_with = "value::line")]
    pub name: String,
    /// The accent colour, as `#rrggbb`.
    #[serde(deserialize_with = "value::color")]
    pub color: String,
    /// The language of mails and pages where that of the customer is not told, or there are no texts in it.
    #[serde(deserialize_with = "value::locale")]
    pub locale: String,
    /// An image that mails show in place of the name: an https URL.
    #[serde(default, deserialize_with = "value::image")]
    pub logo_url: Option<String>,
}

/// `[report]`: how ratings are counted.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// The zone whose days are reported.
    #[serde(deserialize_with = "value::timezone")]
    pub timezone: Tz,
    /// The scores that count as positive: at least one of 1 to 5, ascending, none twice.
    #[serde(deserialize_with = "value::scores")]
    pub positive: Vec<u8>,
}

/// `[clicks]`: what is taken for a person.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clicks {
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
        let sources = Sources { file: "the defaults".into(), variables: BTreeMap::new() };
        sources.read(Table::new()).expect("a test reads the defaults")
    }
}

impl Config {
    /// Reads `file`, or else `afterword.toml` in the working directory if there is one, and lays `env` over it.
    ///
    /// # Errors
    /// The first thing that is wrong: a file that cannot be read, an unknown key, a bad value, a contradiction.
    pub fn load(file: Option<&Path>, env: impl Iterator<Item = (String, String)>) -> Result<Self, ConfigError> {
        let (file, table) = read_file(file)?;
        Sources { file, variables: variables(env) }.read(table)
    }

    /// The policy of that name, or the default one for `None`. There may be none of that name.
    #[must_use]
    pub fn policy(&self, name: Option<&str>) -> Option<&Arc<Policy>> {
        name.map_or(Some(&self.ask), |name| Some(&self.policies.get(name)?.rules))
    }

    /// The texts for a customer of that locale, or else in the brand's language. Mail and page of a survey ask here, so
    /// they speak the same.
    #[must_use]
    pub fn text(&self, locale: Option<&str>) -> &'static Text {
        let speaks = |locale: Option<&str>| locale.and_then(Text::in_language);
        speaks(locale).or_else(|| speaks(Some(&self.brand.locale))).unwrap_or(Text::english())
    }

    /// The own words that apply to surveys of a policy: its own, then those for all. A survey can outlive its policy.
    #[must_use]
    pub fn own_words(&self, policy: Option<&str>) -> Own<'_> {
        let all = &self.mail.text;
        Own([policy.and_then(|name| self.policies.get(name)).map_or(all, |policy| &policy.text), all])
    }
}

/// Where the settings come from, so that a refusal can name it.
struct Sources {
    /// The file, or what stands for it if there is none.
    file: String,
    /// By key, such as `mail.smtp`: the name of the variable and its text.
    variables: BTreeMap<String, (String, String)>,
}

impl Sources {
    fn read(&self, file: Table) -> Result<Config, ConfigError> {
        let mut table: Table = DEFAULTS.parse().expect("a test reads the defaults");
        lay_over(&mut table, file);
        // Backwards: a variable that sets a whole section comes after those that set its keys, replaces them, and is
        // refused. Forwards, they would replace it, and it would be ignored.
        for (key, (_, text)) in self.variables.iter().rev() {
            lay_over(&mut table, nested(key, text.clone().into()));
        }
        let mut config = self.deserialize(table)?;
        if config.link_keys_file.as_os_str().is_empty() {
            config.link_keys_file = config.database.with_file_name("afterword.keys");
        }
        self.check_password(&mut config.mail)?;
        self.check_dkim(&mut config.mail)?;
        self.check_retries(&config.mail)?;
        self.check_policies(&config)?;
        Ok(config)
    }

    /// A variable does not say its type, so each is text at first. Where the key wants another type, serde refuses the
    /// text by name, and it is read again as a TOML value. So a number can be a name: `AFTERWORD_BRAND__NAME=123`.
    fn deserialize(&self, mut table: Table) -> Result<Config, ConfigError> {
        loop {
            let merged = policies_over_ask(table.clone());
            let error = match serde_path_to_error::deserialize(merged) {
                Ok(config) => return Ok(config),
                Err(error) => error,
            };
            let key = as_written(&error.path().to_string());
            let message = error.inner().message();
            match self.typed(&key) {
                Some(value) if message.starts_with("invalid type: string") => {
                    lay_over(&mut table, nested(&key, value));
                }
                _ => return Err(self.refuse(&key, in_plain_words(message))),
            }
        }
    }

    /// The variable of a key as a TOML value that is neither text (it was tried) nor a section (it has keys for that).
    fn typed(&self, key: &str) -> Option<Value> {
        let (_, text) = self.variables.get(key)?;
        text.parse().ok().filter(|value| !matches!(value, Value::String(_) | Value::Table(_)))
    }

    /// Reads the password's file, and wants a password for a user and a user for a password.
    fn check_password(&self, mail: &mut Mail) -> Result<(), ConfigError> {
        let key =
            self.read_secret("mail.smtp_password", &mut mail.smtp_password, mail.smtp_password_file.as_deref())?;
        let key = key.as_str();
        let user = match &mail.smtp {
            MailTarget::Smtp { user, .. } => user.as_ref(),
            MailTarget::File(_) => None,
        };
        match (user, &mail.smtp_password) {
            (Some(user), None) => {
                let expected = "expected mail.smtp_password_file or mail.smtp_password";
                Err(self.refuse("mail.smtp", format!("no password for user {user:?}: {expected}")))
            }
            (None, Some(_)) => {
                let expected = "expected one in mail.smtp, such as \"smtps://USER@HOST\"";
                Err(self.refuse(key, format!("a password without a user: {expected}")))
            }
            (_, Some(Secret(text))) if text.is_empty() => Err(self.refuse(key, "is empty: expected a password")),
            _ => Ok(()),
        }
    }

    /// Reads the key's file, and wants a key for a domain that answers for the sender's.
    fn check_dkim(&self, mail: &mut Mail) -> Result<(), ConfigError> {
        let Some(dkim) = &mut mail.dkim else { return Ok(()) };
        let key = self.read_secret("mail.dkim.key", &mut dkim.key, dkim.key_file.as_deref())?;
        if dkim.key.as_ref().is_none_or(|Secret(text)| text.trim().is_empty()) {
            return Err(self.refuse(&key, "no key: expected mail.dkim.key_file or mail.dkim.key"));
        }
        let from = mail.from.address.to_lowercase();
        let above = from.strip_suffix(&dkim.domain.to_lowercase());
        if !above.is_some_and(|above| above.ends_with(['@', '.'])) {
            let expected = "expected the domain of mail.from, or one above it: no other answers for its mails";
            return Err(self.refuse("mail.dkim.domain", format!("{:?}: {expected}", dkim.domain)));
        }
        Ok(())
    }

    /// Reads the file of a secret, if it has one; answers the key that it was given by.
    fn read_secret(&self, key: &str, secret: &mut Option<Secret>, file: Option<&Path>) -> Result<String, ConfigError> {
        let Some(file) = file else { return Ok(key.to_owned()) };
        let key_of_file = format!("{key}_file");
        if secret.is_some() {
            return Err(self.refuse(&key_of_file, format!("contradicts {key}: expected one of the two")));
        }
        let text = fs::read_to_string(file)
            .map_err(|error| self.refuse(&key_of_file, format!("{}: {error}", file.display())))?;
        *secret = Some(Secret(text.trim_end_matches(['\r', '\n']).into()));
        Ok(key_of_file)
    }

    fn check_retries(&self, mail: &Mail) -> Result<(), ConfigError> {
        if mail.give_up_after > LONGEST_SETTING {
            let detail = format!("expected at most {} days", LONGEST_SETTING.num_days());
            return Err(self.refuse("mail.give_up_after", detail));
        }
        if mail.give_up_after >= mail.retry_after {
            return Ok(());
        }
        let give_up = mail.give_up_after.as_seconds_f64();
        let retry = mail.retry_after.as_seconds_f64();
        let detail = format!("{give_up} s: expected at least mail.retry_after, {retry} s");
        Err(self.refuse("mail.give_up_after", detail))
    }

    fn check_policies(&self, config: &Config) -> Result<(), ConfigError> {
        let named = config.policies.iter().map(|(name, policy)| (format!("policy.{name}"), &policy.rules));
        for (section, policy) in iter::once(("ask".to_owned(), &config.ask)).chain(named) {
            policy.check().map_err(|(key, detail)| self.refuse(&format!("{section}.{key}"), detail))?;
        }
        Ok(())
    }

    fn refuse(&self, key: &str, detail: impl Display) -> ConfigError {
        // An element of a list is refused as `key[0]`, an unknown section or a key taken for one without what is in it.
        let key_of_list = key.split('[').next().unwrap_or(key);
        let is_source = |set: &str| {
            let rest = set.strip_prefix(key_of_list);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let variable = self.variables.iter().find(|(set, _)| is_source(set));
        let place = variable.map_or(&self.file, |(_, (name, _))| name).clone();
        ConfigError { place, detail: format!("{key}: {detail}") }
    }
}

/// Serde names what it expected as Rust does; this names it as a file does.
fn in_plain_words(message: &str) -> String {
    let Some((given, expected)) = message.rsplit_once(", expected ") else {
        return message.to_owned();
    };
    let expected = match expected {
        "u32" | "i64" | "usize" => "a whole number",
        "f64" => "a number",
        "a boolean" => "true or false",
        "a string" => "text in quotes",
        "a sequence" => "a list in brackets",
        other if other == "a map" || other.starts_with("struct ") => "a section",
        other => other,
    };
    format!("{given}, expected {expected}")
}

/// What the file is called, and what it says.
fn read_file(file: Option<&Path>) -> Result<(String, Table), ConfigError> {
    let path = file.unwrap_or(DEFAULT_FILE.as_ref());
    let place = path.display().to_string();
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if file.is_none() && error.kind() == ErrorKind::NotFound => {
            return Ok(("the defaults".into(), Table::new()));
        }
        Err(error) => {
            return Err(ConfigError { place, detail: format!("cannot be read: {error}") });
        }
    };
    match text.parse() {
        Ok(table) => Ok((place, table)),
        Err(error) => Err(ConfigError { place, detail: not_toml(&text, &error) }),
    }
}

/// The error's line and message. Its own `Display` also quotes the line, which may hold a secret.
fn not_toml(text: &str, error: &toml::de::Error) -> String {
    let start = error.span().map_or(0, |span| span.start);
    let line = text.bytes().take(start).filter(|byte| *byte == b'\n').count() + 1;
    format!("line {line}: {}", error.message())
}

fn variables(env: impl Iterator<Item = (String, String)>) -> BTreeMap<String, (String, String)> {
    env.filter(|(name, _)| !NOT_OURS.contains(&name.as_str()))
        .filter_map(|(name, text)| {
            let key = name.strip_prefix(PREFIX)?.to_lowercase().replace("__", ".");
            Some((key, (name, text)))
        })
        .collect()
}

/// The table in which `a.b.c` is `value`, and nothing else.
fn nested(key: &str, value: Value) -> Table {
    match key.split_once('.') {
        Some((section, key)) => Table::from_iter([(section.to_owned(), nested(key, value).into())]),
        None => Table::from_iter([(key.to_owned(), value)]),
    }
}

/// Replaces the keys of `below` by those of `above`; sections that both have are laid over each other in turn.
fn lay_over(below: &mut Table, above: Table) {
    for (key, above) in above {
        match (below.get_mut(&key), above) {
            (Some(Value::Table(below)), Value::Table(above)) => lay_over(below, above),
            (_, above) => {
                below.insert(key, above);
            }
        }
    }
}

/// Lays each `[policy.NAME]` but its words over `[ask]`, and nests the rules of that for [`NamedPolicy`]. A bad value that
/// they inherit is still refused as a key of `ask`: tables are read in the order of their keys, and `ask` is before
/// `policy`.
fn policies_over_ask(mut table: Table) -> Table {
    let ask = table.get("ask").and_then(Value::as_table).cloned().unwrap_or_default();
    if let Some(policies) = table.get_mut("policy").and_then(Value::as_table_mut) {
        for own in policies.iter_mut().filter_map(|(_, policy)| policy.as_table_mut()) {
            let (mut rules, mut above) = (ask.clone(), mem::take(own));
            let words = above.remove("text");
            lay_over(&mut rules, above);
            own.insert("rules".into(), rules.into());
            own.extend(words.map(|words| ("text".to_owned(), words)));
        }
    }
    table
}

/// The key of a file behind a path of the merged table: `policy.vip.rules.delay` is written `policy.vip.delay`.
fn as_written(path: &str) -> String {
    let mut keys: Vec<_> = path.split('.').collect();
    if keys.len() > 2 && keys[0] == "policy" && keys[2] == "rules" {
        keys.remove(2);
    }
    keys.join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Loads a file of that text; an error calls it `FILE`.
    fn load(text: &str, env: &[(&str, &str)]) -> Result<Config, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(&file, text).unwrap();
        let env = env.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        Config::load(Some(file.path()), env)
            .map_err(|error| error.to_string().replace(&file.path().display().to_string(), "FILE"))
    }

    fn error(text: &str, env: &[(&str, &str)]) -> String {
        load(text, env).expect_err(text)
    }

    #[test]
    fn without_a_setting_the_defaults_hold() {
        let config = Config::default();
        assert_eq!(load("", &[]), Ok(config.clone()));
        assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
        assert_eq!(config.public_url, "http://127.0.0.1:8080");
        assert_eq!(config.database, Path::new("afterword.db"));
        assert_eq!(config.link_keys_file, Path::new("afterword.keys"));
        assert_eq!(config.mail.from.address, "support@example.com");
        assert_eq!(config.mail.smtp, MailTarget::File("mail".into()));
        assert_eq!(config.mail.give_up_after, TimeDelta::hours(72));
        assert_eq!(config.report, Report { timezone: Tz::UTC, positive: vec![4, 5] });
        assert_eq!(config.clicks, Clicks { evidence: Evidence::Seen, machines: Vec::new() });
        assert_eq!(*config.ask, Policy::default());
        assert_eq!(config.policies, BTreeMap::new());
    }

    #[test]
    fn a_file_sets_every_key() {
        let config = load(
            r##"
            listen = "[::]:80"
            public_url = "https://example.com/"
            trusted_proxies = 2
            database = "/data/a.db"
            [mail]
            from = "Ada <ada@example.com>"
            reply_to = "help@example.com"
            smtp = "smtps://ada@relay.example.com"
            smtp_password = "hunter2"
            workers = 64
            max_per_minute = 600
            max_per_minute_per_domain = 60
            retry_after = "250ms"
            give_up_after = "250ms"
            [brand]
            name = "Example"
            color = "#A0b1c2"
            locale = "de-AT"
            logo_url = "https://example.com/logo.png?v=2"
            [report]
            timezone = "Europe/Berlin"
            positive = [5, 3]
            [clicks]
            evidence = "pressed"
            machines = ["probe"]
            "##,
            &[],
        )
        .unwrap();
        let ada = Mailbox { name: Some("Ada".into()), address: "ada@example.com".into() };
        assert_eq!(config.listen.to_string(), "[::]:80");
        assert_eq!(config.public_url, "https://example.com");
        assert_eq!(config.trusted_proxies, 2);
        assert_eq!(config.link_keys_file, Path::new("/data/afterword.keys"));
        assert_eq!(config.mail.from, ada);
        assert_eq!(config.mail.reply_to.unwrap().address, "help@example.com");
        assert_eq!(config.mail.smtp_password.unwrap().reveal(), "hunter2");
        assert_eq!(config.mail.workers, 64);
        assert_eq!((config.mail.max_per_minute, config.mail.max_per_minute_per_domain), (600, 60));
        assert_eq!(config.mail.retry_after, TimeDelta::milliseconds(250));
        let logo_url = Some("https://example.com/logo.png?v=2".into());
        let (name, locale) = ("Example".into(), "de-AT".into());
        assert_eq!(config.brand, Brand { name, color: "#A0b1c2".into(), locale, logo_url });
        assert_eq!(config.report, Report { timezone: Tz::Europe__Berlin, positive: vec![3, 5] });
        assert_eq!(config.clicks.evidence, Evidence::Pressed);
        assert_eq!(config.clicks.machines, ["probe"]);
    }

    #[test]
    fn the_environment_lies_over_the_file() {
        let file = "database = 'a.db'\n[policy.vip]\nquiet_days = 1\n[ask]\nquiet_days = 2";
        let env = [
            ("PATH", "/bin"),
            ("AFTERWORD_LOG", "debug"),
            ("AFTERWORD_CONFIG", "else.toml"),
            ("AFTERWORD_DATABASE", "b/b.db"),
            ("AFTERWORD_BRAND__NAME", "123"),
            ("AFTERWORD_BRAND__LOCALE", "pt_PT"),
            ("AFTERWORD_MAIL__WORKERS", "7"),
            ("AFTERWORD_REPORT__POSITIVE", "[5]"),
            ("AFTERWORD_CLICKS__MACHINES", "['a', 'b']"),
            ("AFTERWORD_ASK__WORKFLOW", "true"),
            ("AFTERWORD_ASK__SAMPLE_PERCENT", "50"),
            ("AFTERWORD_ASK__RATE_WITHIN_HOURS", "72"),
            ("AFTERWORD_ASK__WHEN_UNKNOWN", "skip"),
            ("AFTERWORD_POLICY__VIP__DELAY", "5m"),
            ("AFTERWORD_POLICY__NEW__QUIET_DAYS", "3"),
        ];
        let config = load(file, &env).unwrap();
        assert_eq!(config.database, Path::new("b/b.db"));
        assert_eq!(config.link_keys_file, Path::new("b/afterword.keys"));
        assert_eq!(config.brand.name, "123");
        assert_eq!(config.text(Some("xx")).language, "pt-BR");
        assert_eq!(config.mail.workers, 7);
        assert_eq!(config.report.positive, [5]);
        assert_eq!(config.clicks.machines, ["a", "b"]);
        assert!(config.ask.workflow);
        assert!((config.ask.sample_percent - 50.0).abs() < f64::EPSILON);
        assert_eq!(config.policies["vip"].rules.rate_within_hours, Some(72));
        assert_eq!(config.policies["vip"].rules.delay, TimeDelta::minutes(5));
        assert_eq!(config.policies["vip"].rules.quiet_days, 1);
        assert_eq!(config.policies["new"].rules.quiet_days, 3);
    }

    #[test]
    fn the_customers_language_comes_before_the_brands() {
        let config = load("brand.locale = 'de'", &[]).unwrap();
        for (locale, language) in [(None, "de"), (Some("fr_CA"), "fr"), (Some("tlh"), "de"), (Some("en"), "en")] {
            assert_eq!(config.text(locale).language, language);
        }
        let refused = error("", &[("AFTERWORD_BRAND__LOCALE", "tlh")]);
        let expected = "AFTERWORD_BRAND__LOCALE: brand.locale: \"tlh\": no texts in it, expected one of en, de, ";
        assert!(refused.starts_with(expected), "{refused}");
    }

    #[test]
    fn a_policy_is_ask_with_its_own_keys() {
        let file = "[ask]\nusers = false\nexclude = ['x@*']\n[policy.vip]\nusers = true\n[policy.plain]";
        let config = load(file, &[]).unwrap();
        let vip = Policy { users: true, ..Policy::clone(&config.ask) };
        assert_eq!(config.policy(Some("vip")).map(|policy| &**policy), Some(&vip));
        assert_eq!(config.policy(Some("plain")), Some(&config.ask));
        assert_eq!(config.policy(None), Some(&config.ask));
        assert_eq!(config.policy(Some("other")), None);
        assert_eq!(config.ask.exclude.len(), 1);
    }

    #[test]
    fn own_words_are_set_for_all_and_for_a_policy() {
        let file = "[mail.text.en]\nsubject = 'Hi {customer}'\nbrand = 'Lamps'\n[policy.vip.text.en]\nbrand = 'VIP'";
        let config = load(file, &[("AFTERWORD_POLICY__VIP__TEXT__EN__THANKS", "123")]).unwrap();
        assert_eq!(*config.policies["vip"].rules, *config.ask, "words are no rules");
        assert_eq!(config.own_words(Some("vip")).say("en", |own| &own.thanks, &[], &[]).as_deref(), Some("123"));
        let brand = |policy| config.own_words(policy).brand("en", "ours");
        assert_eq!((brand(Some("vip")), brand(Some("gone")), brand(None)), ("VIP", "Lamps", "Lamps"));
    }

    #[test]
    fn own_words_that_cannot_be_said_are_refused() {
        let names = "{brand}, {teammate}, {subject}, {customer}";
        for (file, key, expected) in [
            ("[mail.text.en]\nsubject = 'Hi {nmae}'", "mail.text.en.subject", names),
            ("[mail.text.en]\nquestion = 'a } b'", "mail.text.en.question", names),
            ("[policy.vip.text.en]\nreason = '{'", "policy.vip.text.en.reason", names),
            ("[policy.vip.text.en]\nbrand = '{brand}'", "policy.vip.text.en.brand", "none"),
        ] {
            let text = file.split('\'').nth(1).unwrap();
            let detail = format!("\"{text}\": an unknown name in braces, expected {expected}");
            assert_eq!(error(file, &[]), format!("FILE: {key}: {detail}"));
        }
        for (file, start) in [
            ("[mail.text.en]\nfooter = 'x'", "mail.text.en.footer: unknown field `footer`, expected one of `brand`"),
            (
                "[mail.text.xx]\nthanks = 'x'",
                "mail.text: no texts in the language \"xx\": expected one of en, de, fr, ",
            ),
            (
                "[policy.vip.text]\nthanks = 'x'",
                "policy.vip.text.thanks: invalid type: string \"x\", expected a section",
            ),
            ("policy.vip.text = 3", "policy.vip.text: invalid type: integer `3`, expected a section"),
            ("policy.vip.rules.delay = '5m'", "policy.vip.rules: unknown field `rules`, expected one of `users`"),
            ("mail.text.en.thanks = ' '", "mail.text.en.thanks: \" \": expected one line that is not blank"),
            ("mail.text.en.thanks = 'a\tb'", "mail.text.en.thanks: \"a\\tb\": expected one line that is not blank"),
            ("ask.text.en.thanks = 'x'", "ask.text: unknown field `text`, expected one of `users`"),
        ] {
            let error = error(file, &[]);
            assert!(error.starts_with(&format!("FILE: {start}")), "{error}");
        }
    }

    #[test]
    fn an_http_url_is_of_this_machine() {
        for url in ["http://localhost", "http://127.1.2.3:1", "http://[::1]:80", "https://a.org"] {
            let config = load(&format!("public_url = '{url}/'"), &[]).unwrap();
            assert_eq!(config.public_url, url);
        }
        for url in ["http://a.org", "http://localhost.a.org:80/", "http://0.0.0.0"] {
            let expected = "expected https, as the host is not this machine";
            let error = error(&format!("public_url = '{url}'"), &[]);
            assert_eq!(error, format!("FILE: public_url: \"{url}\": {expected}"));
        }
        let wrong = [
            "",
            "/",
            "a.org",
            "https://",
            "https:///a",
            "ftp://a.org",
            "https://a b",
            "https://é.org",
            "https://a.org/é",
            "https://a.org/rate",
        ];
        let more = ["https://a/{b}", "https://a?b", "https://a/#", "https://u:p@a", "https://a:b", "https://a:0"];
        for url in wrong.into_iter().chain(more) {
            let expected = "an http or https URL of a host, with no path, such as \"https://rate.example.com\"";
            let error = error(&format!("public_url = '{url}'"), &[]);
            assert_eq!(error, format!("FILE: public_url: \"{url}\": expected {expected}"));
        }
    }

    #[test]
    fn a_wrong_value_at_the_top_or_of_mail_is_refused() {
        for (file, expected) in [
            (
                "listen = 'localhost:80'",
                r#"listen: "localhost:80": expected an IP address and a port, such as "127.0.0.1:8080""#,
            ),
            ("listen = 80", "listen: invalid type: integer `80`, expected text in quotes"),
            ("mail = 3", "mail: invalid type: integer `3`, expected a section"),
            ("ask = 3", "ask: invalid type: integer `3`, expected a section"),
            ("policy = 3", "policy: invalid type: integer `3`, expected a section"),
            ("policy.vip = 3", "policy.vip: invalid type: integer `3`, expected a section"),
            ("database = ''", r#"database: "": expected a path"#),
            ("mail.from = 'Ada'", r#"mail.from: "Ada": expected "Name <user@example.com>" or "user@example.com""#),
            (
                "mail.reply_to = 'a@b'",
                r#"mail.reply_to: "a@b": expected "Name <user@example.com>" or "user@example.com""#,
            ),
            (
                "mail.smtp = 'relay'",
                r#"mail.smtp: "relay": expected smtps://[USER@]HOST[:PORT], smtp://[USER@]HOST[:PORT] or file:DIR"#,
            ),
            (
                "mail.smtp = 'smtps://me:hunter2@relay'",
                "mail.smtp: a password is not for a URL: expected it in smtp_password_file",
            ),
            (
                "mail.bounce_domain = 'b@a.org'",
                r#"mail.bounce_domain: "b@a.org": expected a domain, such as "example.com""#,
            ),
            (
                "mail.bounce_domain = 'localhost'",
                r#"mail.bounce_domain: "localhost": expected a domain, such as "example.com""#,
            ),
            ("mail.workers = 0", "mail.workers: 0: expected 1 to 64"),
            ("mail.workers = 65", "mail.workers: 65: expected 1 to 64"),
            ("mail.workers = -1", "mail.workers: -1: expected 1 to 64"),
            ("mail.workers = '4'", r#"mail.workers: invalid type: string "4", expected a whole number"#),
            (
                "mail.retry_after = '0s'",
                r#"mail.retry_after: "0s": expected an integer over 0 and ms, s, m, h or d, such as "15m""#,
            ),
            ("mail.retry_after = 60", "mail.retry_after: invalid type: integer `60`, expected text in quotes"),
            (
                "mail.give_up_after = '3 days'",
                r#"mail.give_up_after: "3 days": expected an integer over 0 and ms, s, m, h or d, such as "15m""#,
            ),
            ("mail.give_up_after = '59500ms'", "mail.give_up_after: 59.5 s: expected at least mail.retry_after, 60 s"),
        ] {
            assert_eq!(error(file, &[]), format!("FILE: {expected}"));
        }
    }

    #[test]
    fn a_wrong_value_of_another_section_is_refused() {
        for (file, expected) in [
            ("brand.name = ' '", r#"brand.name: " ": expected one line that is not blank"#),
            ("brand.color = 'red'", r##"brand.color: "red": expected a colour as "#rrggbb", such as "#2f6fed""##),
            ("brand.color = '#2f6fé'", r##"brand.color: "#2f6fé": expected a colour as "#rrggbb", such as "#2f6fed""##),
            (
                "brand.logo_url = 'http://example.com/logo.png'",
                r#"brand.logo_url: "http://example.com/logo.png": expected an https URL of an image"#,
            ),
            ("brand.logo_url = 'https:///x'", r#"brand.logo_url: "https:///x": expected an https URL of an image"#),
            (
                "report.timezone = 'Berlin'",
                r#"report.timezone: "Berlin": expected an IANA time zone, such as "Europe/Berlin""#,
            ),
            ("report.positive = []", "report.positive: []: expected at least one score of 1 to 5, none twice"),
            ("report.positive = [4, 4]", "report.positive: [4, 4]: expected at least one score of 1 to 5, none twice"),
            (
                "report.positive = [5, 600]",
                "report.positive: [5, 600]: expected at least one score of 1 to 5, none twice",
            ),
            ("report.positive = [4, '5']", r#"report.positive[1]: invalid type: string "5", expected a whole number"#),
            ("clicks.evidence = 'hunch'", r#"clicks.evidence: "hunch": expected "seen", "touched" or "pressed""#),
            (
                "clicks.evidence = 'commented'",
                r#"clicks.evidence: "commented": expected at most "pressed": a rating cannot ask for a comment"#,
            ),
            ("clicks.machines = ['bot', ' ']", r#"clicks.machines: ["bot", " "]: expected no blank word"#),
            ("ask.users = 1", "ask.users: invalid type: integer `1`, expected true or false"),
            ("ask.sample_percent = 'all'", r#"ask.sample_percent: invalid type: string "all", expected a number"#),
            ("ask.sample_percent = 101", "ask.sample_percent: 101 is no share: expected 0 to 100"),
            ("ask.exclude = 'a@*'", r#"ask.exclude: invalid type: string "a@*", expected a list in brackets"#),
            (
                "policy.vip.users = true\nask.quiet_days = -1",
                "ask.quiet_days: invalid value: integer `-1`, expected a whole number",
            ),
            (
                "policy.vip.rate_within_hours = 1\nask.delay = '2h'",
                "policy.vip.delay: the rate window of 1 h would be over before any mail is sent: expected less",
            ),
            (
                "policy.vip.ask_again = 'daily'",
                "policy.vip.ask_again: unknown variant `daily`, expected `never` or `each_closing`",
            ),
            ("policy.vip.quiet_days = 4000", "policy.vip.quiet_days: 4000 is too much: expected at most 3650"),
            ("\na = 1\na = 2", "line 3: duplicate key"),
            ("[mail", "line 1: unclosed table, expected `]`"),
        ] {
            assert_eq!(error(file, &[]), format!("FILE: {expected}"));
        }
    }

    #[test]
    fn an_unknown_key_is_refused_with_those_that_there_are() {
        for (file, key, known) in [
            ("listne = ''", "listne", "`listen`, `public_url`"),
            ("helpdesk.desk.kind = 'zammad'", "helpdesk", "`listen`, `public_url`"),
            ("mail.form = ''", "mail.form", "`from`, `reply_to`"),
            ("ask.dealy = ''", "ask.dealy", "`users`, `leads`"),
            ("policy.vip.dealy = ''", "policy.vip.dealy", "`users`, `leads`"),
        ] {
            let last = key.split('.').next_back().unwrap();
            let start = format!("{key}: unknown field `{last}`, expected one of {known}");
            let in_file = error(file, &[]);
            assert!(in_file.starts_with(&format!("FILE: {start}")), "{in_file}");

            let (key, _) = file.split_once(' ').unwrap();
            let variable = format!("AFTERWORD_{}", key.to_uppercase().replace('.', "__"));
            let in_env = error("", &[(&variable, "x")]);
            assert!(in_env.starts_with(&format!("{variable}: {start}")), "{in_env}");
        }
    }

    #[test]
    fn a_wrong_variable_is_refused() {
        for (name, text, expected) in [
            (
                "AFTERWORD_MAIL__FROM",
                "123",
                r#"mail.from: "123": expected "Name <user@example.com>" or "user@example.com""#,
            ),
            ("AFTERWORD_MAIL__FROM__NAME", "Ada", "mail.from: invalid type: map, expected text in quotes"),
            (
                "AFTERWORD_MAIL__WORKERS",
                "many",
                r#"mail.workers: invalid type: string "many", expected a whole number"#,
            ),
            ("AFTERWORD_MAIL__WORKERS", "65", "mail.workers: 65: expected 1 to 64"),
            ("AFTERWORD_MAIL__WORKERS", "'4'", r#"mail.workers: invalid type: string "'4'", expected a whole number"#),
            (
                "AFTERWORD_MAIL__WORKERS",
                "4\nx = 3",
                r#"mail.workers: invalid type: string "4\nx = 3", expected a whole number"#,
            ),
            ("AFTERWORD_MAIL__WORKERS", "[4]", "mail.workers: invalid type: sequence, expected a whole number"),
            (
                "AFTERWORD_MAIL",
                "{ workers = 4 }",
                r#"mail: invalid type: string "{ workers = 4 }", expected a section"#,
            ),
            (
                "AFTERWORD_REPORT__POSITIVE",
                "5",
                "report.positive: invalid type: integer `5`, expected a list in brackets",
            ),
            (
                "AFTERWORD_REPORT__POSITIVE",
                "['5']",
                r#"report.positive[0]: invalid type: string "5", expected a whole number"#,
            ),
            ("AFTERWORD_ASK__USERS", "yes", r#"ask.users: invalid type: string "yes", expected true or false"#),
            ("AFTERWORD_ASK__SAMPLE_PERCENT", "nan", "ask.sample_percent: NaN is no share: expected 0 to 100"),
            ("AFTERWORD_POLICY", "vip", r#"policy: invalid type: string "vip", expected a section"#),
            (
                "AFTERWORD_POLICY__VIP__QUIET_DAYS",
                "4000",
                "policy.vip.quiet_days: 4000 is too much: expected at most 3650",
            ),
            (
                "AFTERWORD_MAIL__GIVE_UP_AFTER",
                "1s",
                "mail.give_up_after: 1 s: expected at least mail.retry_after, 60 s",
            ),
        ] {
            // The other variable is in the same section, and not to blame.
            let error = error("", &[("AFTERWORD_MAIL__RETRY_AFTER", "60s"), (name, text)]);
            assert_eq!(error, format!("{name}: {expected}"));
        }
    }

    #[test]
    fn a_user_has_a_password() {
        let folder = tempfile::tempdir().unwrap();
        let secret = folder.path().join("secret");
        let file = secret.display();
        let with_file = format!("smtp_password_file = '{file}'");
        let both = format!("smtp_password = 'x'\n{with_file}");
        let load = |smtp, keys| load(&format!("[mail]\nsmtp = '{smtp}'\n{keys}"), &[]);

        let (user, nobody) = ("smtps://me@relay", "smtps://relay");
        let missing = format!("mail.smtp_password_file: {file}: No such file or directory (os error 2)");
        for (smtp, keys, expected) in [
            (
                user,
                "",
                r#"mail.smtp: no password for user "me": expected mail.smtp_password_file or mail.smtp_password"#,
            ),
            (
                nobody,
                "smtp_password = 'x'",
                r#"mail.smtp_password: a password without a user: expected one in mail.smtp, such as "smtps://USER@HOST""#,
            ),
            (
                "file:mail",
                "smtp_password = 'x'",
                r#"mail.smtp_password: a password without a user: expected one in mail.smtp, such as "smtps://USER@HOST""#,
            ),
            (user, "smtp_password = ''", "mail.smtp_password: is empty: expected a password"),
            (user, &both, "mail.smtp_password_file: contradicts mail.smtp_password: expected one of the two"),
            (user, &with_file, &missing),
        ] {
            assert_eq!(load(smtp, keys), Err(format!("FILE: {expected}")));
        }

        fs::write(&secret, " hunter2 \r\n").unwrap();
        let mail = load(user, &with_file).unwrap().mail;
        assert_eq!(mail.smtp_password.unwrap().reveal(), " hunter2 ");
        fs::write(&secret, "\n").unwrap();
        let empty = "FILE: mail.smtp_password_file: is empty: expected a password";
        assert_eq!(load(user, &with_file), Err(empty.to_owned()));
    }

    #[test]
    fn a_signing_key_is_there_and_its_domain_answers_for_the_sender() {
        let folder = tempfile::tempdir().unwrap();
        let secret = folder.path().join("key");
        fs::write(&secret, "hunter2\n").unwrap();
        let file = secret.display();
        let load = |from, domain, keys: &str| {
            let dkim = format!("[mail.dkim]\ndomain = '{domain}'\nselector = 'mail1'\n{keys}");
            load(&format!("[mail]\nfrom = 'a@{from}'\n{dkim}"), &[])
        };
        let with_file = format!("key_file = '{file}'");
        for (from, domain) in [("a.org", "a.org"), ("mail.A.org", "a.Org")] {
            let dkim = load(from, domain, &with_file).unwrap().mail.dkim.unwrap();
            assert_eq!(dkim.key.unwrap().reveal(), "hunter2");
        }
        let above = "expected the domain of mail.from, or one above it: no other answers for its mails";
        for (from, domain, keys, expected) in [
            ("b.org", "a.org", "key = 'x'", format!("mail.dkim.domain: \"a.org\": {above}")),
            ("aa.org", "a.org", "key = 'x'", format!("mail.dkim.domain: \"a.org\": {above}")),
            ("a.org", "a.org", "", "mail.dkim.key: no key: expected mail.dkim.key_file or mail.dkim.key".into()),
            (
                "a.org",
                "a.org",
                &format!("key = 'x'\n{with_file}"),
                "mail.dkim.key_file: contradicts mail.dkim.key: expected one of the two".into(),
            ),
            (
                "a.org",
                "org",
                "key = 'x'",
                "mail.dkim.domain: \"org\": expected a domain, such as \"example.com\"".into(),
            ),
        ] {
            assert_eq!(load(from, domain, keys), Err(format!("FILE: {expected}")));
        }
    }

    #[test]
    fn a_secret_is_never_shown() {
        let config = load("mail.smtp = 'smtps://me@relay'", &[("AFTERWORD_MAIL__SMTP_PASSWORD", "2222")]);
        let config = config.unwrap();
        assert_eq!(config.mail.smtp_password.as_ref().unwrap().reveal(), "2222");
        assert!(format!("{config:?}").contains("smtp_password: Some(Secret(…))"));
        for (wrong, expected) in [
            ("2222", "FILE: mail.smtp_password: expected text in quotes"),
            ("hunter2", "FILE: line 2: string values must be quoted, expected literal string"),
            ("'hunter2", "FILE: line 2: invalid literal string, expected `'`"),
        ] {
            assert_eq!(error(&format!("[mail]\nsmtp_password = {wrong}"), &[]), expected);
        }
    }

    #[test]
    fn a_file_that_is_named_must_be_there() {
        let error = Config::load(Some(Path::new("no/such.toml")), std::iter::empty()).unwrap_err();
        let expected = "no/such.toml: cannot be read: No such file or directory (os error 2)";
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn a_variable_for_a_whole_section_is_not_lost_among_its_keys() {
        let error = error("", &[("AFTERWORD_MAIL", "x"), ("AFTERWORD_MAIL__WORKERS", "4")]);
        let expected = "mail: invalid type: string \"x\", expected a section";
        assert_eq!(error, format!("AFTERWORD_MAIL: {expected}"));
    }
}
