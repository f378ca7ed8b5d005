//! Secrets that change while the service runs.
//!
//! Only the relay's password does: each worker logs in with it for its next mail. Link keys need a restart, which holds
//! them against the database: with a wrong ring, links of mails that were sent would open nothing. It must not know which
//! signal asks for it.

use super::Gateway;
use crate::mail::transport::Transport;
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

impl Gateway {
    /// Reads the relay's password again. Workers log in with it from their next mail on. Returns whether there is a file
    /// to read.
    ///
    /// # Errors
    /// A file that cannot be read or is empty, in a sentence: the password stays as it is.
    pub fn reload(&self) -> Result<bool, String> {
        let Some(password) = self.config.mail.read_password_again()? else { return Ok(false) };
        // Mails of the demo and of tests stay in memory.
        if let Transport::Smtp(_) = self.relay.transport() {
            let mut config = self.config.clone();
            config.mail.smtp_password = Some(password);
            self.relay.replace(Transport::configured(&config));
            // The old password may be why sending is paused. From here on no attempt of an older edition is noted.
            self.flow().renewed(self.clock.now());
        }
        Ok(true)
    }
}
