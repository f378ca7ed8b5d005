//! Logs in to the relay, and sends nothing.
//!
//! It must not know what the answer means for mails that wait.

use super::certificate::{authorities, days_left};
use super::smtp::Smtp;
use chrono::TimeDelta;

/// What a login showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedIn {
    /// Whether the connection is encrypted.
    pub encrypted: bool,
    /// For how many more days the certificate is good; `None` if no certificate of this machine vouches for it.
    pub days_left: Option<u64>,
}

impl Smtp {
    /// Connects, encrypts and logs in as for a mail, and leaves. `now` is since 1970.
    ///
    /// # Errors
    /// Why there is no session, in a sentence for the operator.
    pub async fn log_in(&self, now: TimeDelta) -> Result<LoggedIn, String> {
        let mut session = self.open().await.map_err(|attempt| attempt.reason().unwrap_or_default().to_owned())?;
        let chain = std::mem::take(&mut session.certificates);
        self.quit(session).await;
        let days_left = days_left(&chain, &self.host, authorities(self.ca_file.as_deref()), now);
        Ok(LoggedIn { encrypted: !chain.is_empty(), days_left })
    }
}
