//! The helpdesks that report by webhooks of their own: each is a connection, and its name is part of what names a
//! conversation.
//!
//! Owns `[helpdesk.NAME]` and its checks. It must not know how a payload is read.

use super::{Config, HelpdeskApi, OutgoingSettings, Secret, value};
use crate::helpdesk::Kind;
use crate::helpdesk::signature::Proof;
use crate::survey::alert::KINDS;
use crate::survey::event::{EventKind, Wants};
use serde::Deserialize;
use std::path::PathBuf;

/// `[helpdesk.NAME]`: a helpdesk that may report.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HelpdeskSettings {
    /// Which payloads it sends.
    pub kind: Kind,
    /// How it proves that a request is its own; `None` for the way that is usual for its kind.
    pub auth: Option<Proof>,
    /// The secret that its signatures are made with. It is set if and only if it signs.
    pub secret: Option<Secret>,
    /// The file that `secret` was read from, unless it was set directly.
    pub secret_file: Option<PathBuf>,
    /// The policy of its closings, unless they name one.
    pub policy: Option<String>,
    /// Nobody is asked about conversations in these inboxes: ids or names, in any case.
    #[serde(default, deserialize_with = "value::words")]
    pub exclude_inboxes: Vec<String>,
    /// Nor about those with one of these tags.
    #[serde(default, deserialize_with = "value::words")]
    pub exclude_tags: Vec<String>,
    /// Nor about those of these teams: ids or names.
    #[serde(default, deserialize_with = "value::words")]
    pub exclude_teams: Vec<String>,
    /// `[helpdesk.NAME.api]`: its API, if Afterword may use it.
    pub api: Option<HelpdeskApi>,
}

impl HelpdeskSettings {
    /// How it proves that a request is its own.
    #[must_use]
    pub fn proof(&self) -> Proof {
        // A kind without a usual way is refused at start unless it has one; a key is the way that never opens by itself.
        self.auth.or(self.kind.usual_proof()).unwrap_or(Proof::Key)
    }

    /// The events that are written into the helpdesk of this name: those of ratings that count, and that one counts no
    /// more. A comment is written together with its rating.
    pub(super) fn note_wants(name: &str) -> Wants {
        let kinds = KINDS.into_iter().chain([EventKind::RatingVoided]).collect();
        Wants { kinds, connection: Some(name.to_owned()), comment_tells_all: true, ..Wants::default() }
    }

    /// A secret and a way to use it belong together.
    fn check(&self, outgoing: &OutgoingSettings) -> Result<(), (&'static str, String)> {
        let Some(proof) = self.auth.or(self.kind.usual_proof()) else {
            let ways: Vec<_> = Proof::ALL.iter().map(|proof| format!("{:?}", proof.word())).collect();
            return Err(("auth", format!("is missing: expected one of {}", ways.join(", "))));
        };
        let key = if self.secret_file.is_some() { "secret_file" } else { "secret" };
        let is_set = self.secret.is_some() || self.secret_file.is_some();
        if proof == Proof::Key && is_set {
            let expected = "expected none: this helpdesk comes with a key of `afterword key new --scope trigger`";
            return Err((key, expected.to_owned()));
        }
        if proof != Proof::Key && !is_set {
            return Err(("secret", format!("is missing: expected secret_file, with the secret of {proof} signatures")));
        }
        self.api.as_ref().map_or(Ok(()), |api| api.check(self.kind, outgoing))
    }
}

impl Config {
    /// Checks each helpdesk, before the files of secrets are read.
    pub(super) fn check_helpdesks(&self) -> Result<(), (String, String)> {
        for (name, helpdesk) in &self.helpdesks {
            value::section_name(name).map_err(|detail| ("helpdesk".to_owned(), detail))?;
            helpdesk.check(&self.outgoing).map_err(|(key, detail)| (format!("helpdesk.{name}.{key}"), detail))?;
            if helpdesk.policy.is_some() && self.policy(helpdesk.policy.as_deref()).is_none() {
                return Err((format!("helpdesk.{name}.policy"), self.policy_expected()));
            }
        }
        Ok(())
    }
}
