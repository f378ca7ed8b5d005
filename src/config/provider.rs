//! The mail providers that report bounces and complaints by webhooks of their own.
//!
//! Owns `[provider.NAME]` and its checks. It must not know how a payload is read.

use super::{Config, Secret, value};
use crate::provider::Kind;
use crate::provider::sendgrid::PublicKey;
use crate::provider::sns::Topic;
use serde::Deserialize;
use std::path::PathBuf;

/// `[provider.NAME]`: a mail provider that may report.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderSettings {
    /// Which payloads it sends, and how it proves itself.
    pub kind: Kind,
    /// What Mailgun signs with. It is set if and only if the kind is `mailgun`.
    pub secret: Option<Secret>,
    /// The file that `secret` was read from, unless it was set directly.
    pub secret_file: Option<PathBuf>,
    /// The key that verifies what SendGrid signed. It is set if and only if the kind is `sendgrid`.
    pub public_key: Option<PublicKey>,
    /// The topic of Amazon SNS that SES reports to. It is set if and only if the kind is `ses`.
    pub topic: Option<Topic>,
}

impl ProviderSettings {
    /// Each kind needs what proves that a request is its own, and nothing else.
    fn check(&self) -> Result<(), (&'static str, String)> {
        let secret = if self.secret_file.is_some() { "secret_file" } else { "secret" };
        let is_set = self.secret.is_some() || self.secret_file.is_some();
        for (key, is_set, kind, expected) in [
            (secret, is_set, Kind::Mailgun, "expected secret_file, with Mailgun's HTTP webhook signing key"),
            (
                "public_key",
                self.public_key.is_some(),
                Kind::Sendgrid,
                "expected the verification key of SendGrid's settings",
            ),
            ("topic", self.topic.is_some(), Kind::Ses, "expected the ARN of the topic that SES reports to"),
        ] {
            match (is_set, kind == self.kind) {
                (false, true) => return Err((key, format!("is missing: {expected}"))),
                (true, false) => return Err((key, format!("expected none: only kind = {:?} has it", kind.word()))),
                _ => {}
            }
        }
        Ok(())
    }
}

impl Config {
    /// Checks each provider, before the files of secrets are read.
    pub(super) fn check_providers(&self) -> Result<(), (String, String)> {
        for (name, provider) in &self.providers {
            value::section_name(name).map_err(|detail| ("provider".to_owned(), detail))?;
            provider.check().map_err(|(key, detail)| (format!("provider.{name}.{key}"), detail))?;
        }
        Ok(())
    }
}
