//! Keys of the HTTP API: making, checking and revoking them.
//!
//! It owns how a key is spelled: `aw_SCOPE_ID_SECRET`. It must not know HTTP or SQL.

use super::{Error, Gateway};
use crate::secrets::random;
use crate::survey::Time;
use crate::survey::access::{ApiKey, Scope, Within};
use crate::survey::fields::Fault;
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// What the bearer of a key may see.
#[derive(Clone, Debug)]
pub struct Access {
    /// The name of the key, or that of a user whom a proxy vouches for.
    pub name: String,
    /// What the bearer may do.
    pub scope: Scope,
    /// The part of the team that the key is limited to.
    pub within: Within,
}

/// A key that was just made.
pub struct NewKey {
    /// Names it, for listing and revoking.
    pub id: String,
    /// The whole key: shown once, stored nowhere.
    pub key: String,
}

impl std::fmt::Debug for NewKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewKey({})", self.id)
    }
}

impl Gateway {
    /// Makes a key of the API that has no end. It works at once, in a running service too.
    ///
    /// # Errors
    /// As those of [`new_key_until`](Self::new_key_until).
    pub async fn new_key(&self, name: &str, scope: Scope, within: Within) -> Result<NewKey, Error> {
        self.new_key_until(None, name, scope, within).await
    }

    /// Makes a key of the API that opens nothing any more at a moment. It works at once, in a running service too.
    ///
    /// # Errors
    /// A blank name, an end that is over, or an unavailable store.
    pub async fn new_key_until(
        &self,
        expires_at: Option<Time>,
        name: &str,
        scope: Scope,
        within: Within,
    ) -> Result<NewKey, Error> {
        if name.trim().is_empty() {
            return Err(Error::Invalid(vec![Fault::parameter("name", "expected a name that tells keys apart")]));
        }
        if expires_at.is_some_and(|end| end <= self.clock.now()) {
            return Err(Error::Invalid(vec![Fault::parameter("expires", "is over: expected a time to come")]));
        }
        let id = HEXLOWER.encode(&random::<6>());
        let secret = HEXLOWER.encode(&random::<32>());
        let key = ApiKey {
            id: id.clone(),
            name: name.to_owned(),
            scope,
            secret_hash: hash(&secret),
            within,
            made_at: self.clock.now(),
            revoked_at: None,
            expires_at,
            used_at: None,
        };
        self.store.add_key(&key).await?;
        Ok(NewKey { key: format!("aw_{scope}_{id}_{secret}"), id })
    }

    /// Lists all keys of the API, the oldest first, revoked ones too.
    ///
    /// # Errors
    /// An unavailable store.
    pub async fn api_keys(&self) -> Result<Vec<ApiKey>, Error> {
        Ok(self.store.keys().await?)
    }

    /// Revokes a key for good; `false` if there is none to revoke.
    ///
    /// # Errors
    /// An unavailable store.
    pub async fn revoke_key(&self, id: &str) -> Result<bool, Error> {
        Ok(self.store.revoke_key(id, self.clock.now()).await?)
    }

    /// Returns what the bearer of a key may see, if the key has the scope that is needed.
    ///
    /// # Errors
    /// An unknown, wrong, revoked or expired key; one without the scope; an unavailable store.
    pub async fn authorize(&self, key: &str, needed: Scope) -> Result<Access, Error> {
        let mut parts = key.splitn(4, '_');
        let (Some("aw"), Some(_), Some(id), Some(secret)) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Error::UnknownKey);
        };
        let now = self.clock.now();
        let known = self.store.key(id).await?.filter(|known| known.is_valid(now)).ok_or(Error::UnknownKey)?;
        if !bool::from(hash(secret).as_bytes().ct_eq(known.secret_hash.as_bytes())) {
            return Err(Error::UnknownKey);
        }
        if !known.scope.includes(needed) {
            return Err(Error::Forbidden(needed));
        }
        if known.is_news(now) {
            self.health.used(&known.id, now);
        }
        Ok(Access { name: known.name, scope: known.scope, within: known.within })
    }
}

fn hash(secret: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(secret))
}
