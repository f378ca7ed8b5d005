//! The checks across settings: each value is fine alone, and this holds them against each other. Reads secret files.
//!
//! Owns which settings need or exclude each other. It must not know how a setting is spelled: that is `value`.

use super::digest;
use super::layers::Layers;
use super::{BrandSettings, Config, ConfigError, HelpdeskSettings, Logo, MailSettings, MailTarget, Secret};
use crate::private;
use crate::survey::outbound::LONGEST_SETTING;
use std::io;
use std::iter;
use std::path::Path;

/// The domains of examples (RFC 2606): nobody can own one.
const EXAMPLES: [&str; 3] = ["example.com", "example.net", "example.org"];

impl Config {
    /// What keeps customers from getting mail: what was never set, in a sentence each, and how to set it.
    #[must_use]
    pub fn placeholders(&self) -> Vec<String> {
        let mut found = Vec::new();
        if let MailTarget::File(folder) = &self.mail.smtp {
            let folder = folder.display();
            found.push(format!(
                "mail.smtp: mails are written into the folder {folder}, nothing is sent: expected a relay"
            ));
        }
        let domain = self.mail.from.address.rsplit('@').next().unwrap_or_default().to_ascii_lowercase();
        let below = |example: &str| domain == example || domain.ends_with(&format!(".{example}"));
        if EXAMPLES.iter().any(|example| below(example)) {
            let from = &self.mail.from.address;
            found.push(format!("mail.from: {from} is an address of an example: expected one of your own"));
        }
        found
    }

    /// Refuses to serve customers with settings that no mail can reach them by. On this machine, where the public URL is
    /// not https, they are fine.
    ///
    /// # Errors
    /// The first placeholder, and the setting that allows it.
    pub fn refuse_placeholders(&self) -> Result<(), ConfigError> {
        let Some(first) = self.placeholders().into_iter().next() else { return Ok(()) };
        if self.mail.allow_placeholder || !self.public_url.is_https() {
            return Ok(());
        }
        let place = self.file.as_ref().map_or("the defaults".to_owned(), |file| file.display().to_string());
        Err(ConfigError { place, detail: format!("{first}, or mail.allow_placeholder = true") })
    }
}

impl MailSettings {
    /// The password as its file holds it now; `None` if it is not in a file.
    ///
    /// # Errors
    /// A file that cannot be read, or is empty, in a sentence for the operator.
    pub fn read_password_again(&self) -> Result<Option<Secret>, String> {
        let Some(file) = &self.smtp_password_file else { return Ok(None) };
        read_again("mail.smtp_password_file", file, "a password").map(Some)
    }
}

impl HelpdeskSettings {
    /// The secret as its file holds it now; `None` if it is not in a file. `name` is that of the connection.
    ///
    /// # Errors
    /// A file that cannot be read, or is empty, in a sentence for the operator.
    pub fn read_secret_again(&self, name: &str) -> Result<Option<Secret>, String> {
        let Some(file) = &self.secret_file else { return Ok(None) };
        read_again(&format!("helpdesk.{name}.secret_file"), file, "a secret").map(Some)
    }
}

fn read_again(key: &str, file: &Path, expected: &str) -> Result<Secret, String> {
    let refuse = |detail: &str| format!("{key}: {}: {detail}", private::whole(file).display());
    let secret = read(file).map_err(|error| refuse(&error.to_string()))?;
    if secret.0.trim().is_empty() { Err(refuse(&format!("is empty: expected {expected}"))) } else { Ok(secret) }
}

/// Reads the file of a secret. An editor ends it with a line break.
fn read(file: &Path) -> io::Result<Secret> {
    Ok(Secret(private::read_secret(file)?.trim_end_matches(['\r', '\n']).into()))
}

/// Nobody has so many proxies in a row: a larger number is a mistake, and takes a forged address for the client's.
const MOST_PROXIES: usize = 16;

impl Layers {
    /// Reads the files of secrets and checks what belongs together.
    pub(super) fn check(&self, config: &mut Config) -> Result<(), ConfigError> {
        config.check_helpdesks().map_err(|(key, detail)| self.refuse(&key, detail))?;
        config.check_webhooks().map_err(|(key, detail)| self.refuse(&key, detail))?;
        config.check_alerts().map_err(|(key, detail)| self.refuse(&key, detail))?;
        config.check_providers().map_err(|(key, detail)| self.refuse(&key, detail))?;
        if self.secrets {
            self.check_password(&mut config.mail)?;
            self.check_dkim(&mut config.mail)?;
            self.check_authorities(&config.mail)?;
            self.check_logo(&mut config.brand)?;
            self.read_helpdesk_secrets(config)?;
            self.read_webhook_secrets(config)?;
            self.read_alert_secrets(config)?;
            self.read_provider_secrets(config)?;
        }
        self.check_files(config)?;
        self.check_retries(&config.mail)?;
        config.admin.check().map_err(|(key, detail)| self.refuse(&key, detail))?;
        config.follow_up.check().map_err(|(key, detail)| self.refuse(&key, detail))?;
        config.report.check().map_err(|(key, detail)| self.refuse(&key, detail))?;
        digest::check(&config.digests).map_err(|(key, detail)| self.refuse(&key, detail))?;
        config.check_after().map_err(|(key, detail)| self.refuse(&key, detail))?;
        self.check_policies(config)
    }

    /// SQLite takes some names for a database in memory, which would forget everything.
    fn check_files(&self, config: &Config) -> Result<(), ConfigError> {
        let (database, name) = (&config.database, config.database.to_string_lossy());
        let is_special = name.is_empty() || name.starts_with(':') || name.starts_with("file:");
        if is_special || database.exists() && !database.is_file() {
            return Err(self.refuse("database", format!("{name:?}: expected the path of a file")));
        }
        match &config.mail.smtp {
            MailTarget::File(folder) if folder.exists() && !folder.is_dir() => {
                Err(self.refuse("mail.smtp", format!("{}: expected a folder", folder.display())))
            }
            _ => Ok(()),
        }
    }

    /// Reads the password file. A user name needs a password, and the other way round.
    fn check_password(&self, mail: &mut MailSettings) -> Result<(), ConfigError> {
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

    /// Reads the key file. The signing domain must be the sender's domain or one above it.
    fn check_dkim(&self, mail: &mut MailSettings) -> Result<(), ConfigError> {
        let Some(dkim) = &mut mail.dkim else { return Ok(()) };
        let key = self.read_secret("mail.dkim.key", &mut dkim.key, dkim.key_file.as_deref())?;
        if dkim.key.as_ref().is_none_or(|Secret(text)| text.trim().is_empty()) {
            return Err(self.refuse(&key, "no key: expected mail.dkim.key_file or mail.dkim.key"));
        }
        let from = mail.from.address.to_lowercase();
        let above = from.strip_suffix(&dkim.domain.to_lowercase());
        if !above.is_some_and(|above| above.ends_with(['@', '.'])) {
            let expected = "expected the domain of mail.from, or one above it: receivers ignore other signatures";
            return Err(self.refuse("mail.dkim.domain", format!("{:?}: {expected}", dkim.domain)));
        }
        Ok(())
    }

    /// Reads the secrets that helpdesks sign with, and the tokens of their APIs. An empty secret would let anybody sign.
    fn read_helpdesk_secrets(&self, config: &mut Config) -> Result<(), ConfigError> {
        for (name, helpdesk) in &mut config.helpdesks {
            let secret = ("secret", &mut helpdesk.secret, helpdesk.secret_file.as_deref());
            let token = helpdesk.api.as_mut().map(|api| ("api.token", &mut api.token, api.token_file.as_deref()));
            for (key, secret, file) in iter::once(secret).chain(token) {
                let key = self.read_secret(&format!("helpdesk.{name}.{key}"), secret, file)?;
                if secret.as_ref().is_some_and(|Secret(text)| text.trim().is_empty()) {
                    return Err(self.refuse(&key, "is empty: expected a secret"));
                }
            }
        }
        Ok(())
    }

    /// Reads the addresses of incoming webhooks. Each is a secret: with it, anybody can write there.
    fn read_alert_secrets(&self, config: &mut Config) -> Result<(), ConfigError> {
        for (name, alert) in &mut config.alerts {
            let key = format!("alert.{name}.slack_url");
            let key = self.read_secret(&key, &mut alert.slack_url, alert.slack_url_file.as_deref())?;
            alert.check_slack_url(&config.outgoing).map_err(|expected| self.refuse(&key, expected))?;
        }
        Ok(())
    }

    /// Reads the secrets that webhooks are signed with.
    fn read_webhook_secrets(&self, config: &mut Config) -> Result<(), ConfigError> {
        for (name, webhook) in &mut config.webhooks {
            let key = format!("webhook.{name}.secret");
            let key = self.read_secret(&key, &mut webhook.secret, webhook.secret_file.as_deref())?;
            webhook.secrets().map(drop).map_err(|expected| self.refuse(&key, expected))?;
        }
        Ok(())
    }

    /// Reads the secrets that mail providers sign with. An empty one would let anybody sign.
    fn read_provider_secrets(&self, config: &mut Config) -> Result<(), ConfigError> {
        for (name, provider) in &mut config.providers {
            let key = format!("provider.{name}.secret");
            let key = self.read_secret(&key, &mut provider.secret, provider.secret_file.as_deref())?;
            if provider.secret.as_ref().is_some_and(|Secret(text)| text.trim().is_empty()) {
                return Err(self.refuse(&key, "is empty: expected a secret"));
            }
        }
        Ok(())
    }

    /// The file is read again for each connection; here a wrong path or file is found before mails wait.
    fn check_authorities(&self, mail: &MailSettings) -> Result<(), ConfigError> {
        let Some(file) = &mail.smtp_ca_file else { return Ok(()) };
        let fault = match std::fs::read_to_string(file) {
            Ok(text) if text.contains("-----BEGIN CERTIFICATE-----") => return Ok(()),
            Ok(_) => "holds no certificate: expected PEM with BEGIN CERTIFICATE".to_owned(),
            Err(error) => error.to_string(),
        };
        Err(self.refuse("mail.smtp_ca_file", format!("{}: {fault}", file.display())))
    }

    /// Reads the picture. Only the service shows it, so a command does not fail without it.
    fn check_logo(&self, brand: &mut BrandSettings) -> Result<(), ConfigError> {
        let Some(file) = &brand.logo_file else { return Ok(()) };
        let refuse = |detail| self.refuse("brand.logo_file", format!("{}: {detail}", file.display()));
        brand.logo = Some(Logo::read(file).map_err(refuse)?);
        Ok(())
    }

    /// Reads the file of a secret if there is one. Returns the key that set the secret.
    fn read_secret(&self, key: &str, secret: &mut Option<Secret>, file: Option<&Path>) -> Result<String, ConfigError> {
        let Some(file) = file else { return Ok(key.to_owned()) };
        let key_of_file = format!("{key}_file");
        if secret.is_some() {
            return Err(self.refuse(&key_of_file, format!("contradicts {key}: expected one of the two")));
        }
        let refuse =
            |error: io::Error| self.refuse(&key_of_file, format!("{}: {error}", private::whole(file).display()));
        *secret = Some(read(file).map_err(refuse)?);
        Ok(key_of_file)
    }

    fn check_retries(&self, mail: &MailSettings) -> Result<(), ConfigError> {
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
        if config.policies.contains_key("") {
            return Err(self.refuse("policy", "expected a name for each policy"));
        }
        if config.trusted_proxies > MOST_PROXIES {
            let detail = format!("{}: expected at most {MOST_PROXIES}", config.trusted_proxies);
            return Err(self.refuse("trusted_proxies", detail));
        }
        let named = config.policies.iter().map(|(name, policy)| (format!("policy.{name}"), &policy.rules));
        for (section, policy) in iter::once(("ask".to_owned(), &config.ask)).chain(named) {
            policy.check().map_err(|(key, detail)| self.refuse(&format!("{section}.{key}"), detail))?;
        }
        Ok(())
    }
}
