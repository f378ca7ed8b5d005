//! Keys of the HTTP API: what one may do, and whose figures it may see.
//!
//! It must not know how a key is spelled or checked.

use super::Time;
use super::words::words;

words! {
    /// What a key may do.
    pub enum Scope {
        /// Report closings and reopenings.
        Trigger = "trigger",
        /// Read conversations, ratings and reports.
        Read = "read",
        /// Everything.
        Admin = "admin",
    }
}

impl Scope {
    /// Whether a key of this scope may do what needs the scope `needed`. An admin key may do everything.
    #[must_use]
    pub fn includes(self, needed: Self) -> bool {
        self == needed || self == Self::Admin
    }
}

/// The part of the team that somebody sees: a key may be limited, a list filtered.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Within {
    /// This teammate only.
    pub teammate: Option<String>,
    /// This team only.
    pub team: Option<String>,
}

impl Within {
    /// What is in both parts; `None` if nothing can be.
    #[must_use]
    pub fn and(&self, other: &Self) -> Option<Self> {
        let both = |one: &Option<String>, other: &Option<String>| match (one, other) {
            (Some(one), Some(other)) if one != other => None,
            (one, other) => Some(one.clone().or_else(|| other.clone())),
        };
        Some(Self { teammate: both(&self.teammate, &other.teammate)?, team: both(&self.team, &other.team)? })
    }

    /// The part in words, such as `team Billing`; `None` for all.
    #[must_use]
    pub fn words(&self) -> Option<String> {
        let team = self.team.as_ref().map(|name| format!("team {name}"));
        let teammate = self.teammate.as_ref().map(|id| format!("teammate {id}"));
        let parts: Vec<_> = team.into_iter().chain(teammate).collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }

    /// Whether what belongs to this teammate and team is in this part.
    #[must_use]
    pub fn includes(&self, teammate: Option<&str>, team: Option<&str>) -> bool {
        let fits = |limit: &Option<String>, is: Option<&str>| limit.is_none() || limit.as_deref() == is;
        fits(&self.teammate, teammate) && fits(&self.team, team)
    }
}

/// A key, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Names it: part of its spelling.
    pub id: String,
    /// What an admin called it.
    pub name: String,
    /// What it may do.
    pub scope: Scope,
    /// The SHA-256 of its secret, in hexadecimal.
    pub secret_hash: String,
    /// The part of the team that a read key is limited to.
    pub within: Within,
    /// When it was made.
    pub made_at: Time,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Time>,
    /// When it ends by itself, if it does.
    pub expires_at: Option<Time>,
    /// When it was last used, or earlier on the same day (of UTC).
    pub used_at: Option<Time>,
}

impl ApiKey {
    /// Whether it opens anything.
    #[must_use]
    pub fn is_valid(&self, now: Time) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }

    /// Whether a use now is worth noting: the first one of its day.
    #[must_use]
    pub fn is_news(&self, now: Time) -> bool {
        self.used_at.is_none_or(|used| used.date_naive() != now.date_naive())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn within(teammate: Option<&str>, team: Option<&str>) -> Within {
        Within { teammate: teammate.map(str::to_owned), team: team.map(str::to_owned) }
    }

    #[test]
    fn admin_includes_the_other_scopes_and_no_other_scope_does() {
        for scope in Scope::ALL {
            for needed in Scope::ALL {
                assert_eq!(scope.includes(*needed), scope == needed || *scope == Scope::Admin, "{scope} {needed}");
            }
        }
    }

    #[test]
    fn a_filter_narrows_what_a_key_sees_and_never_widens_it() {
        let key = within(Some("t1"), None);
        assert_eq!(key.and(&Within::default()), Some(key.clone()));
        assert_eq!(within(None, Some("Billing")).and(&key), Some(within(Some("t1"), Some("Billing"))));
        assert_eq!(within(Some("t2"), None).and(&key), None);
        assert!(key.includes(Some("t1"), None) && !key.includes(Some("t2"), None) && !key.includes(None, None));
        assert!(Within::default().includes(None, None));
    }
}
