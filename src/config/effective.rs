//! The settings as they hold, each with where it comes from.
//!
//! Owns what is shown of a secret: nothing. It must not know what a setting means.

use super::layers::{self, Read};
use super::{Config, ConfigError};
use crate::survey::policy::Policy;
use serde::Serialize;
use std::path::Path;
use toml::{Table, Value};

/// The keys whose value is not shown.
const SECRETS: [&str; 2] = ["mail.smtp_password", "mail.dkim.key"];

/// Whether the value of a key is not shown: each helpdesk, mail provider, webhook and alert has such keys, too.
fn is_secret(key: &str) -> bool {
    let named = |section: &str, name: &str| key.starts_with(section) && key.ends_with(name);
    let signs = ["helpdesk.", "provider.", "webhook."].iter().any(|section| named(section, ".secret"));
    SECRETS.contains(&key) || signs || named("helpdesk.", ".api.token") || named("alert.", ".slack_url")
}

/// What stands for a value that is not shown.
const HIDDEN: &str = "(hidden)";

/// One setting, as `afterword config` prints it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Setting {
    /// The key, such as `mail.smtp`.
    pub key: String,
    /// Its value; a secret is hidden.
    pub value: Value,
    /// The name of a variable, the file and line, or `default`.
    pub source: String,
}

impl Config {
    /// Every setting that holds, by its key: what the file and the environment set, and the defaults of all else. Keys of
    /// a policy that are those of `[ask]` are left out, and so are keys that have no value.
    ///
    /// # Errors
    /// As those of [`load`](Self::load), but for secrets, which are not read.
    pub fn effective(
        file: Option<&Path>,
        env: impl Iterator<Item = (String, String)>,
    ) -> Result<(Vec<Setting>, Vec<String>), ConfigError> {
        let Read { config, warnings, merged, layers } = layers::load(file, env, false)?;
        let mut all = Table::from_iter([("ask".to_owned(), default_rules().into())]);
        layers::lay_over(&mut all, merged);
        let keys_file = config.link_keys_file.display().to_string();
        all.entry("link_keys_file").or_insert_with(|| keys_file.into());
        let mut found = Vec::new();
        leaves("", all, &mut found);
        let setting = |(key, value): (String, Value)| {
            let source = layers.source(&key).unwrap_or_else(|| "default".into());
            let value = if is_secret(&key) { HIDDEN.into() } else { value };
            Setting { key, value, source }
        };
        Ok((found.into_iter().map(setting).collect(), warnings))
    }
}

fn default_rules() -> Table {
    Table::try_from(Policy::default()).expect("it is numbers, words and lists, and a test reads them")
}

/// Lists the values of a table and of those in it, each with its whole key.
fn leaves(above: &str, table: Table, found: &mut Vec<(String, Value)>) {
    for (name, value) in table {
        let key = if above.is_empty() { name } else { format!("{above}.{name}") };
        match value {
            Value::Table(below) => leaves(&key, below, found),
            value => found.push((key, value)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(file: &str, env: &[(&str, &str)]) -> Vec<String> {
        let path = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(&path, file).expect("written");
        let env = env.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        let (settings, _) = Config::effective(Some(path.path()), env).expect("settings");
        let line = |set: &Setting| format!("{} = {} # {}", set.key, set.value, set.source);
        settings.iter().map(|set| line(set).replace(&path.path().display().to_string(), "FILE")).collect()
    }

    #[test]
    fn each_value_has_its_source_and_no_secret_is_shown() {
        let file = "[mail]\nsmtp = 'smtps://me@relay'\nsmtp_password = 'hunter2'\n[policy.vip]\nquiet_days = 3
                    [helpdesk.shop]\nkind = 'chatwoot'\nsecret = 'hunter2'\n[helpdesk.shop.api]\nurl = 'https://desk.example'
                    account = 1\nenrich = true\ntoken = 'hunter2'\n[provider.p]\nkind = 'mailgun'\nsecret = 'hunter2'
                    [webhook.crm]\nurl = 'https://crm.example'\nsecret = 'hunter2'\n[alert.low]\nslack_url = 'hunter2'";
        let shown = lines(file, &[("AFTERWORD_MAIL__WORKERS", "7"), ("AFTERWORD_DATABASE", "/data/a.db")]);
        for expected in [
            "ask.delay = \"0s\" # default",
            "ask.sample_percent = 100.0 # default",
            "database = \"/data/a.db\" # AFTERWORD_DATABASE",
            "link_keys_file = \"/data/afterword.keys\" # default",
            "mail.smtp = \"smtps://me@relay\" # FILE:2",
            "helpdesk.shop.kind = \"chatwoot\" # FILE:7",
            "helpdesk.shop.secret = \"(hidden)\" # FILE:8",
            "helpdesk.shop.api.token = \"(hidden)\" # FILE:13",
            "mail.smtp_password = \"(hidden)\" # FILE:3",
            "provider.p.secret = \"(hidden)\" # FILE:16",
            "webhook.crm.secret = \"(hidden)\" # FILE:19",
            "alert.low.slack_url = \"(hidden)\" # FILE:21",
            "mail.workers = 7 # AFTERWORD_MAIL__WORKERS",
            "policy.vip.quiet_days = 3 # FILE:5",
            "report.positive = [4, 5] # default",
        ] {
            assert!(shown.iter().any(|line| line == expected), "{expected}: {shown:#?}");
        }
        assert!(!shown.concat().contains("hunter2"));
    }

    #[test]
    fn the_defaults_that_are_shown_are_the_defaults() {
        let path = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(&path, lines("", &[]).join("\n")).expect("written");
        let (config, _) = Config::load(Some(path.path()), std::iter::empty()).expect("settings");
        assert_eq!(Config { file: None, ..config }, Config::default());
    }
}
