//! Takes the webhooks that helpdesks send: believes those that are signed right, and acts on what they report.
//!
//! It owns how the settings of a connection apply. It must not know the format of a payload (`helpdesk`), HTTP or SQL.

use super::{Closed, Error, Gateway};
use crate::config::{HelpdeskSettings, Secret};
use crate::helpdesk::signature::{Claim, Proof, Refused};
use crate::helpdesk::{self, Headers, Kind, Report, Unreadable};
use crate::survey::Time;
use crate::survey::access::Scope;
use crate::survey::closing::{Closing, Conversation};
use crate::survey::fields::Fault;
use url::Url;

/// A request whose headers may be those of a configured helpdesk. Its signature is checked once the body is there.
#[derive(Debug)]
pub struct Caller<'g> {
    name: &'g str,
    settings: &'g HelpdeskSettings,
    claim: Option<Claim>,
}

/// What became of a report.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// It was a closing.
    Closed(Closed),
    /// It was a closing, which is decided once its conversation was fetched.
    Waits,
    /// The conversation goes on: this many surveys were cancelled.
    GoesOn(u64),
    /// It changes nothing, and why.
    Nothing(String),
}

/// What would become of a payload.
#[derive(Debug)]
pub struct Tried {
    /// How the connection has to prove itself.
    pub proof: Proof,
    /// Whether the signature holds; `None` if nothing is signed.
    pub signature: Option<Result<(), Refused>>,
    /// The time that was signed, if one was. The service believes the signature only around that time.
    pub signed_at: Option<Time>,
    /// The signature would hold without the line breaks at the end of the payload, which an editor may have added.
    pub but_for_line_breaks: bool,
    /// What the payload reports, with the settings of the connection applied; or why it is refused.
    pub report: Result<Report, Unreadable>,
    /// The kinds of helpdesk that the payload may be of, if it reports nothing as one of this kind.
    pub other_kinds: Vec<Kind>,
    /// The decision about a closing: the one it would get, or the one it got when it was reported before. Faults, if it would
    /// be refused.
    pub decision: Option<Result<Closed, Vec<Fault>>>,
    /// The first address that would be fetched before the decision.
    pub fetches: Option<Url>,
}

impl Gateway {
    /// Admits a request by its headers, so that the bodies of strangers are not read. `key` is the one that it came with,
    /// or empty.
    ///
    /// # Errors
    /// No helpdesk of that name; headers that cannot be a signature of now; a key that is not valid for closings; an
    /// unavailable store.
    pub async fn admit(&self, name: &str, headers: &Headers, key: &str) -> Result<Caller<'_>, Error> {
        let (name, settings) = self.config.helpdesks.get_key_value(name).ok_or(Error::UnknownHelpdesk)?;
        let claim = Claim::read(settings.proof(), headers)?;
        match &claim {
            Some(claim) => claim.is_fresh(self.clock.now())?,
            None => drop(self.authorize(key, Scope::Trigger).await?),
        }
        Ok(Caller { name, settings, claim })
    }

    /// Takes the report of a helpdesk: a closing is decided about, and what waits is cancelled if the conversation goes on.
    /// The answer is durable, and a repeat changes nothing.
    ///
    /// # Errors
    /// A wrong signature, after which nothing of the body is read; a body that cannot be read; faults of the report; an
    /// unavailable store.
    pub async fn hear(&self, caller: &Caller<'_>, headers: &Headers, body: &[u8]) -> Result<Heard, Error> {
        if let Some(claim) = &caller.claim {
            holds(claim, self.helpdesk_secret(caller.name).as_ref(), body)?;
        }
        match helpdesk::read(caller.settings.kind, headers, body)? {
            Report::Closed(closed) => {
                let closing = of_connection(caller.name, caller.settings, *closed).closing;
                self.close_or_wait(closing).await
            }
            Report::GoesOn { conversation_id: id, at } => {
                let conversation = Conversation { connection: caller.name.to_owned(), id };
                Ok(Heard::GoesOn(self.reopen(conversation, at).await?))
            }
            Report::Nothing(why) => Ok(Heard::Nothing(why)),
        }
    }

    /// Judges a payload as [`hear`](Self::hear) would, and changes nothing. An old signature is fine.
    ///
    /// # Errors
    /// No helpdesk of that name; an unavailable store.
    pub async fn try_report(&self, name: &str, headers: &Headers, body: &[u8]) -> Result<Tried, Error> {
        let (name, settings) = self.config.helpdesks.get_key_value(name).ok_or(Error::UnknownHelpdesk)?;
        let mut tried = Tried {
            proof: settings.proof(),
            signature: None,
            signed_at: None,
            but_for_line_breaks: false,
            report: helpdesk::read(settings.kind, headers, body),
            other_kinds: Vec::new(),
            decision: None,
            fetches: None,
        };
        match Claim::read(tried.proof, headers) {
            Ok(Some(claim)) => {
                let holds = |body: &[u8]| holds(&claim, self.helpdesk_secret(name).as_ref(), body);
                let bare = body.trim_ascii_end();
                tried.signature = Some(holds(body));
                tried.signed_at = claim.signed_at();
                tried.but_for_line_breaks = holds(body).is_err() && bare != body && holds(bare).is_ok();
            }
            Ok(None) => {}
            Err(refused) => tried.signature = Some(Err(refused)),
        }
        if let Ok(Report::Closed(closed)) = &mut tried.report {
            **closed = of_connection(name, settings, (**closed).clone());
            let decision = match self.close(closed.closing.clone(), true).await {
                Ok(decided) => Ok(decided),
                Err(Error::Invalid(faults)) => Err(faults),
                Err(other) => return Err(other),
            };
            tried.fetches = decision.as_ref().ok().and_then(|decided| self.question(&closed.closing, decided));
            tried.decision = Some(decision);
        }
        if matches!(&tried.report, Ok(Report::Nothing(_)) | Err(_)) {
            let reports = |kind: &Kind| {
                matches!(helpdesk::read(*kind, headers, body), Ok(Report::Closed(_) | Report::GoesOn { .. }))
            };
            tried.other_kinds = Kind::ALL.iter().copied().filter(reports).collect();
        }
        Ok(tried)
    }
}

/// A helpdesk without a secret is never believed.
fn holds(claim: &Claim, secret: Option<&Secret>, body: &[u8]) -> Result<(), Refused> {
    claim.holds(secret.ok_or(Refused::Wrong)?.reveal(), body)
}

/// Applies the name and the settings of a connection to a closing.
fn of_connection(name: &str, settings: &HelpdeskSettings, closed: helpdesk::Closed) -> helpdesk::Closed {
    let among = |excluded: &[String], names: &[String]| {
        names.iter().any(|name| excluded.iter().any(|excluded| excluded.to_lowercase() == name.to_lowercase()))
    };
    let excluded = among(&settings.exclude_inboxes, &closed.inboxes)
        || among(&settings.exclude_teams, &closed.teams)
        || among(&settings.exclude_tags, &closed.closing.tags);
    let Closing { mut teammate, mut messages, .. } = closed.closing;
    let writers = messages.iter_mut().flatten().filter_map(|message| message.author_id.as_mut());
    for id in teammate.iter_mut().map(|teammate| &mut teammate.id).chain(writers) {
        *id = teammate_id(name, id);
    }
    let closing = Closing {
        connection: name.to_owned(),
        policy: closed.closing.policy.or_else(|| settings.policy.clone()),
        ask: closed.closing.ask && !excluded,
        teammate,
        messages,
        ..closed.closing
    };
    helpdesk::Closed { closing, ..closed }
}

/// The id of a teammate of a connection: two helpdesks may give the same id to two people.
fn teammate_id(connection: &str, id: &str) -> String {
    format!("{connection}:{id}")
}

impl From<Unreadable> for Error {
    fn from(unreadable: Unreadable) -> Self {
        match unreadable {
            Unreadable::NotJson(why) => Self::NotJson(why),
            Unreadable::Invalid(faults) => Self::Invalid(faults),
        }
    }
}
