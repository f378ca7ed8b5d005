//! Who may see the admin pages: the bearer of a key, who gets a session for some hours, or a user whom a proxy names.
//!
//! It owns how long a session lasts. It must not know cookies or headers.

use super::{Access, Error, Gateway};
use crate::survey::Time;
use crate::survey::access::Scope;
use chrono::TimeDelta;
use data_encoding::HEXLOWER;
use std::net::IpAddr;

/// How long a session lasts: a working day, so that people sign in once a day and a forgotten browser forgets by the next.
const SESSION: TimeDelta = TimeDelta::hours(10);

/// A session that was just begun.
pub struct Session {
    /// What its holder shows with each request.
    pub token: String,
    /// When it ends.
    pub until: Time,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Session(until {})", self.until)
    }
}

impl Gateway {
    /// Begins a session of the admin pages for the bearer of a key, which needs the scope `read` or `admin`. The session
    /// ends after ten hours, and at once when the key is revoked or expires.
    ///
    /// # Errors
    /// As those of [`authorize`](Self::authorize).
    pub async fn sign_in(&self, key: &str) -> Result<Session, Error> {
        self.authorize(key, Scope::Read).await?;
        let id = key.split('_').nth(2).and_then(|id| HEXLOWER.decode(id.as_bytes()).ok());
        let id = id.and_then(|id| id.try_into().ok()).ok_or(Error::UnknownKey)?;
        let until = self.clock.now() + SESSION;
        Ok(Session { token: self.secrets.ring.sign_session(id, until), until })
    }

    /// Returns what the holder of a session may see. Its key is looked up each time, so nothing of a session is stored.
    ///
    /// # Errors
    /// A session that is over or was not begun here, a key that is revoked or has expired, or an unavailable store.
    pub async fn resume(&self, token: &str) -> Result<Access, Error> {
        let now = self.clock.now();
        let session = self.secrets.ring.verify_session(token);
        let (id, _) = session.filter(|(_, until)| now < *until).ok_or(Error::UnknownKey)?;
        let key = self.store.key(&HEXLOWER.encode(&id)).await?.filter(|key| key.is_valid(now));
        let key = key.filter(|key| key.scope.includes(Scope::Read)).ok_or(Error::UnknownKey)?;
        if key.is_news(now) {
            self.health.used(&key.id, now);
        }
        Ok(Access { name: key.name, scope: key.scope, within: key.within })
    }

    /// Returns what a user may see whom a connection from this address names in the configured header; `None` if that
    /// address is not a proxy's, or the user may see nothing.
    #[must_use]
    pub fn vouched(&self, user: &str, peer: IpAddr) -> Option<Access> {
        let known = self.config.admin.user(user, peer)?;
        Some(Access { name: user.to_owned(), scope: known.scope, within: known.within() })
    }
}
