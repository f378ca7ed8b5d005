//! Who may see the admin pages without a key: users whom a reverse proxy has signed in.
//!
//! Owns `[admin]` and its checks. It must not know how a request is read.

use super::value;
use crate::survey::access::{Scope, Within};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// The name in `[admin.users]` that stands for everybody who has no entry.
const EVERYBODY: &str = "*";

/// `[admin]`: trust in a reverse proxy that signs people in. Without it only keys open the admin pages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AdminSettings {
    /// The header in which the proxy names the user. It is believed from `proxies` only.
    #[serde(deserialize_with = "value::header")]
    pub user_header: Option<String>,
    /// The addresses that the proxy connects from.
    pub proxies: Vec<IpAddr>,
    /// Each `[admin.users.NAME]` by the name that the proxy gives; `*` stands for everybody else.
    pub users: BTreeMap<String, AdminUser>,
}

/// `[admin.users.NAME]`: what a user may see.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdminUser {
    /// `read` or `admin`.
    pub scope: Scope,
    /// This teammate's ratings only.
    pub teammate: Option<String>,
    /// This team's ratings only.
    pub team: Option<String>,
}

impl AdminUser {
    /// The part of the team that the user sees.
    #[must_use]
    pub fn within(&self) -> Within {
        Within { teammate: self.teammate.clone(), team: self.team.clone() }
    }
}

impl AdminSettings {
    /// What a user may see whom a connection from this address names; `None` if the address is not a proxy's, or the user
    /// may see nothing.
    #[must_use]
    pub fn user(&self, name: &str, peer: IpAddr) -> Option<&AdminUser> {
        let trusted = self.proxies.iter().any(|proxy| proxy.to_canonical() == peer.to_canonical());
        // A user who calls himself `*` is nobody's entry.
        let own = self.users.get(name).filter(|_| name != EVERYBODY);
        own.or_else(|| self.users.get(EVERYBODY)).filter(|_| trusted && !name.is_empty())
    }

    /// The three settings belong together: one alone would open nothing, or could be meant to.
    pub(super) fn check(&self) -> Result<(), (String, String)> {
        let refuse = |key: &str, detail: &str| Err((format!("admin.{key}"), detail.to_owned()));
        let header = self.user_header.is_some();
        if header && self.proxies.is_empty() {
            return refuse("proxies", "no address: expected those that the proxy of user_header connects from");
        }
        if header && self.users.is_empty() {
            return refuse("users", "no user: expected [admin.users.NAME] for each, or [admin.users.\"*\"] for all");
        }
        let is_alone = !(self.proxies.is_empty() && self.users.is_empty());
        if !header && is_alone {
            return refuse("user_header", "is missing: expected the header in which the proxy names the user");
        }
        for (name, user) in &self.users {
            let limited = user.teammate.is_some() || user.team.is_some();
            match user.scope {
                Scope::Trigger => {
                    return refuse(&format!("users.{name}.scope"), "\"trigger\": expected \"read\" or \"admin\"");
                }
                Scope::Admin if limited => {
                    return refuse(&format!("users.{name}"), "an admin sees all: expected scope \"read\" with a limit");
                }
                _ => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<AdminSettings, String> {
        let read: AdminSettings = toml::from_str(text).map_err(|error| error.message().to_owned())?;
        read.check().map_err(|(key, detail)| format!("{key}: {detail}"))?;
        Ok(read)
    }

    #[test]
    fn a_header_is_believed_from_the_proxy_only() {
        let proxy = "user_header = 'Remote-User'\nproxies = ['127.0.0.1', '2001:db8::1']\n";
        let settings =
            read(&format!("{proxy}[users.grace]\nscope = 'admin'\n[users.'*']\nscope = 'read'\nteam = 'Sales'"));
        let settings = settings.expect("valid");
        let from = |address: &str, name| settings.user(name, address.parse().expect("an address"));
        assert_eq!(from("127.0.0.1", "grace").map(|user| user.scope), Some(Scope::Admin));
        assert_eq!(from("::ffff:127.0.0.1", "grace").map(|user| user.scope), Some(Scope::Admin));
        let other = from("2001:db8::1", "ada").expect("everybody");
        assert_eq!((other.scope, other.within().team.as_deref()), (Scope::Read, Some("Sales")));
        assert_eq!(from("127.0.0.1", "*").map(|user| user.scope), Some(Scope::Read));
        for (address, name) in [("127.0.0.2", "grace"), ("127.0.0.1", "")] {
            assert_eq!(from(address, name), None);
        }
    }

    #[test]
    fn half_a_trust_is_refused() {
        let proxy = "user_header = 'Remote-User'\nproxies = ['127.0.0.1']\n";
        for (text, said) in [
            ("proxies = ['127.0.0.1']".to_owned(), "admin.user_header: is missing"),
            ("user_header = 'Remote-User'".to_owned(), "admin.proxies: no address"),
            (proxy.to_owned(), "admin.users: no user"),
            (format!("{proxy}[users.a]\nscope = 'trigger'"), "admin.users.a.scope: \"trigger\": expected"),
            (format!("{proxy}[users.a]\nscope = 'admin'\nteam = 'x'"), "admin.users.a: an admin sees all"),
            ("user_header = 'Remote User'".to_owned(), "\"Remote User\": expected the name of a header"),
            ("proxies = ['proxy']".to_owned(), "invalid IP address"),
        ] {
            let refused = read(&text).expect_err(said);
            assert!(refused.contains(said), "{refused}");
        }
    }
}
