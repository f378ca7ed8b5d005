//! Secrets that change while the service runs.
//!
//! The relay's password does: each worker logs in with it for its next mail. So do the secrets that helpdesks sign with:
//! their next request is held against the new one. Link keys need a restart, which holds them against the database: with a
//! wrong ring, links of mails that were sent would open nothing. It must not know which signal asks for it.

use super::Gateway;
use crate::config::Secret;
use crate::mail::transport::Transport;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{PoisonError, RwLock};

/// Where mail goes, and how often that was replaced. A worker whose edition is another one takes a new connection.
#[derive(Debug)]
pub(super) struct Relay {
    transport: RwLock<Transport>,
    edition: AtomicU64,
}

impl Relay {
    pub(super) fn new(transport: Transport) -> Self {
        Self { transport: RwLock::new(transport), edition: AtomicU64::new(0) }
    }

    pub(super) fn edition(&self) -> u64 {
        self.edition.load(SeqCst)
    }

    pub(super) fn transport(&self) -> Transport {
        self.transport.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn replace(&self, transport: Transport) {
        *self.transport.write().unwrap_or_else(PoisonError::into_inner) = transport;
        self.edition.fetch_add(1, SeqCst);
    }
}

/// The secrets that helpdesks sign with, where they were read again, by the name of the connection.
#[derive(Debug, Default)]
pub(super) struct HelpdeskSecrets(RwLock<BTreeMap<String, Secret>>);

impl Gateway {
    /// Reads the files of secrets again: the relay's password, and what helpdesks sign with. Returns for each the key that
    /// names its file, or why it stays as it is, in a sentence.
    pub fn reload(&self) -> Vec<Result<String, String>> {
        let password = self.reload_password().transpose();
        let helpdesks = self.config.helpdesks.iter().filter_map(|(name, settings)| {
            let secret = settings.read_secret_again(name).transpose()?;
            Some(secret.map(|secret| {
                let mut renewed = self.helpdesk_secrets.0.write().unwrap_or_else(PoisonError::into_inner);
                renewed.insert(name.clone(), secret);
                format!("helpdesk.{name}.secret_file")
            }))
        });
        password.into_iter().chain(helpdesks).collect()
    }

    /// The key of the password's file, if there is one.
    fn reload_password(&self) -> Result<Option<String>, String> {
        let Some(password) = self.config.mail.read_password_again()? else { return Ok(None) };
        // Mails of the demo and of tests stay in memory.
        if let Transport::Smtp(_) = self.relay.transport() {
            let mut config = self.config.clone();
            config.mail.smtp_password = Some(password);
            self.relay.replace(Transport::configured(&config));
            // The old password may be why sending is paused. From here on no attempt of an older edition is noted.
            self.flow().renewed(self.clock.now());
        }
        Ok(Some("mail.smtp_password_file".to_owned()))
    }

    /// The secret that a helpdesk signs with now; `None` if it signs nothing.
    pub(super) fn helpdesk_secret(&self, name: &str) -> Option<Secret> {
        let renewed = self.helpdesk_secrets.0.read().unwrap_or_else(PoisonError::into_inner);
        renewed.get(name).cloned().or_else(|| self.config.helpdesks.get(name)?.secret.clone())
    }
}
