//! The verbs of the product: each checks its input, hands one command to the store, and words the answer.
//!
//! [`Gateway`] owns what the verbs share: the settings, the store, the clock, the secrets and the transport of mail. It
//! must not know HTTP or SQL. The decisions of each command are in the [`ledger`](crate::ledger). Here are closings. The
//! other verbs have a file each:
//!
//! - customers: `clicks`, `unsubscribe`, `erasing`, and the `suppression` list;
//! - mail: `delivery` for the workers, `bounce` for returned mail, `sending` for its pause and mails that failed, `preview`
//!   for previews and tests;
//! - the team: `reports` and lists, the `overview` of the admin pages, `sessions` for those who see these, `decisions`,
//!   `mails`, `moderating` for admins who decide about ratings, `follow_ups` for unhappy customers, `achievements` for happy
//!   ones, and `digests` for the weekly mail;
//! - other systems: `helpdesks` and `providers` take the webhooks that these send, and `enriching` fetches conversations
//!   from the APIs of helpdesks; `telling` sends events to targets, and `alerts` composes those for people;
//! - the operator: keys of the API in `access`, the key file in `keys`, `backup`, `health`, whether the service has the same
//!   keys in `challenge`, and secrets that change in `reload`.

mod access;
mod achievements;
mod alerts;
mod backup;
mod bounce;
mod challenge;
mod clicks;
mod decisions;
mod delivery;
mod digests;
mod enriching;
mod erasing;
mod follow_ups;
mod health;
mod helpdesks;
mod keys;
mod mails;
mod moderating;
mod overview;
mod preview;
mod providers;
mod reload;
mod reports;
mod sending;
mod sessions;
mod suppression;
mod telling;
mod unsubscribe;

pub use crate::helpdesk::signature::{Refused, TOLERANCE};
pub use crate::helpdesk::{Closed as HelpdeskClosing, Headers, Report, Unreadable};
pub use crate::hook::body::webhook as webhook_body;
pub use crate::ledger::closings::Closed;
pub use crate::ledger::erasing::Expired;
pub use crate::ledger::moderation::Moderated;
pub use crate::ledger::outbox::Requeued;
pub use crate::ledger::telling::NO_RECIPIENT;
pub use crate::store::{Again, MailCount, ServeLock, SuppressionPlace, Unsent};
pub use access::{Access, NewKey};
pub use achievements::{Achievements, LONGEST_LISTED};
pub use backup::BackupError;
pub use bounce::Returned;
pub use clicks::{Form, LONGEST_COMMENT, Opened, Posted, TooLong};
pub use delivery::{Delivery, MailWorker};
pub use digests::{DigestPreview, DigestRecipient};
pub use enriching::Enriched;
pub use erasing::Forgotten;
pub use follow_ups::{Attempted, Wish};
pub use helpdesks::{Caller, Heard, Tried};
pub use keys::{Rekeyed, replace_lost_keys, rotate_links};
pub use moderating::{Known, LONGEST_REASON};
pub use overview::{Overview, OverviewQuery};
pub use preview::{Preview, preview, send_test};
pub use providers::Reported;
pub use reports::Found;
pub use sessions::Session;
pub use telling::{Step, TargetWorker};
pub use unsubscribe::Leaving;

use crate::clock::Clock;
use crate::config::Config;
use crate::hook::http::Client;
use crate::ledger::closings::{Close, Reopen};
use crate::mail::dkim::{Dkim, DkimError};
use crate::mail::transport::Transport;
use crate::metrics::Metrics;
use crate::secrets::{KeyFileError, Secrets, random};
use crate::store::{self, OpenError, Store, Unavailable};
use crate::survey::Time;
use crate::survey::closing::{CLOCK_SKEW, Closing, Conversation};
use crate::survey::eligibility::Decision;
use crate::survey::enrichment::Fetched;
use crate::survey::fields::{Fault, Place, check_id};
use crate::survey::moderation::Refusal;
use crate::survey::sending::Flow;
use health::Health;
use keys::make_secrets;
use providers::SnsCertificate;
use reload::{HelpdeskSecrets, Relay};
use std::sync::{Arc, Mutex};
use tokio::sync::Notify;
use uuid::Uuid;

/// The survey gateway.
#[derive(Debug)]
pub struct Gateway {
    /// The settings it runs with. On the heap, because they are large and futures move the gateway.
    pub config: Box<Config>,
    /// Tells the time.
    pub clock: Clock,
    /// Wakes a mail worker when a mail is due.
    pub mail_due: Notify,
    /// Sends requests to other services.
    pub http: Client,
    /// Wakes the workers that fetch conversations when a closing waits for one.
    pub closing_waits: Notify,
    store: Store,
    secrets: Secrets,
    relay: Relay,
    helpdesk_secrets: HelpdeskSecrets,
    dkim: Option<Dkim>,
    /// How sending fares.
    flow: Mutex<Flow>,
    metrics: Arc<Metrics>,
    health: Health,
    sns_certificate: SnsCertificate,
}

/// Why a gateway cannot start, in a sentence for the operator.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The key file.
    #[error(transparent)]
    Secrets(#[from] KeyFileError),
    /// The key that signs mails.
    #[error(transparent)]
    Dkim(#[from] DkimError),
    /// The database.
    #[error(transparent)]
    Store(#[from] OpenError),
}

/// Why a verb failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store did not answer. A write may or may not have happened; trying again is safe.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// The request is wrong, at these places.
    #[error("{} faults in the request", .0.len())]
    Invalid(Vec<Fault>),
    /// A link that was not signed here, or whose survey is gone: a stranger cannot tell them apart.
    #[error("an unknown link")]
    UnknownLink,
    /// There is no survey with this id.
    #[error("an unknown survey")]
    UnknownSurvey,
    /// A link of a test mail: there is no survey behind it.
    #[error("a link of a test mail")]
    TestLink,
    /// No key, or a wrong one.
    #[error("an unknown key")]
    UnknownKey,
    /// A rating that does not stand as the act needs.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A key without the scope that the verb needs.
    #[error("a key without the scope {0}")]
    Forbidden(crate::survey::access::Scope),
    /// No helpdesk of this name is configured.
    #[error("no helpdesk of this name is configured")]
    UnknownHelpdesk,
    /// A request that is not signed as its helpdesk signs.
    #[error(transparent)]
    Unsigned(#[from] crate::helpdesk::signature::Refused),
    /// No mail provider of this name is configured.
    #[error("no mail provider of this name is configured")]
    UnknownProvider,
    /// A request that its provider did not sign.
    #[error(transparent)]
    Unproved(crate::provider::Refused),
    /// A provider's own server did not answer as it should, and why.
    #[error("the provider cannot be reached: {0}")]
    ProviderUnreachable(String),
    /// A body that is not JSON, and what is wrong about it.
    #[error("the body is not JSON: {0}")]
    NotJson(String),
}

impl Gateway {
    /// Starts the gateway as the one service of its database: makes the key file and the database if there are none yet,
    /// and migrates. It serves for as long as the lock lives. `transport` replaces the configured one, for the demo and for
    /// tests.
    ///
    /// # Errors
    /// Another service has the database; or key file or database cannot be used.
    pub async fn serve(
        config: Config,
        clock: Clock,
        transport: Option<Transport>,
    ) -> Result<(Self, ServeLock), StartError> {
        let (dkim, secrets) = (Dkim::configured(&config)?, make_secrets(&config)?);
        let metrics = Arc::<Metrics>::default();
        let (store, lock) = Store::serve(&config.database, &settings(&config, &secrets), Arc::clone(&metrics)).await?;
        let transport = transport.unwrap_or_else(|| Transport::configured(&config));
        Ok((Self { dkim, metrics, ..Self::over(store, config, clock, secrets, transport) }, lock))
    }

    /// Opens the database beside its service, for a command.
    ///
    /// # Errors
    /// There is no database or no key file; or the database has another schema than this program.
    pub async fn open(config: Config, clock: Clock) -> Result<Self, StartError> {
        let secrets = Secrets::load(&config.link_keys_file)?;
        let store = Store::open(&config.database, &settings(&config, &secrets)).await?;
        Ok(Self::beside(config, clock, store, secrets))
    }

    /// As [`open`](Self::open), but makes or migrates first if nobody serves.
    ///
    /// # Errors
    /// As those of [`open`](Self::open) and [`serve`](Self::serve).
    pub async fn open_or_make(config: Config, clock: Clock) -> Result<Self, StartError> {
        let secrets = make_secrets(&config)?;
        let store = Store::open_or_make(&config.database, &settings(&config, &secrets)).await?;
        Ok(Self::beside(config, clock, store, secrets))
    }

    /// The gateway of a command, which sends no mail: it works without the secrets of mail.
    fn beside(config: Config, clock: Clock, store: Store, secrets: Secrets) -> Self {
        let transport = Transport::configured(&config);
        Self::over(store, config, clock, secrets, transport)
    }

    fn over(store: Store, config: Config, clock: Clock, secrets: Secrets, transport: Transport) -> Self {
        Self {
            health: Health::new(clock.now()),
            relay: Relay::new(transport),
            http: Client::new(&config.outgoing),
            helpdesk_secrets: HelpdeskSecrets::default(),
            mail_due: Notify::new(),
            closing_waits: Notify::new(),
            dkim: None,
            flow: Mutex::default(),
            metrics: Arc::default(),
            sns_certificate: SnsCertificate::default(),
            store,
            config: Box::new(config),
            clock,
            secrets,
        }
    }

    /// Whether the service of this database counts ratings by the same settings as this configuration.
    ///
    /// # Errors
    /// An unavailable store.
    pub async fn counts_alike(&self) -> Result<bool, Error> {
        Ok(self.store.counts_by(&settings(&self.config, &self.secrets)).await?)
    }

    /// Waits until the store can no longer do its work, which only a restart mends.
    pub async fn died(&self) {
        self.store.died().await;
    }

    /// Waits until the writer has been through everything that was queued, and could commit.
    ///
    /// # Errors
    /// An unavailable store.
    pub async fn flush(&self) -> Result<(), Error> {
        Ok(self.store.flush().await?)
    }

    /// Finishes the work that waits, and closes the database.
    pub async fn shut_down(self) {
        self.store.shut_down().await;
    }

    /// Takes a closing: decides whether to ask, and if so makes the survey and queues its mail. The answer is durable. A
    /// repeat gets the first answer and changes nothing. A dry run changes nothing either.
    ///
    /// # Errors
    /// Faults of the closing, or an unavailable store.
    pub async fn close(&self, closing: Closing, dry_run: bool) -> Result<Closed, Error> {
        self.decide(closing, dry_run, None).await
    }

    /// As [`close`](Self::close), for a closing whose decision may have waited until its conversation was `fetched`.
    async fn decide(&self, closing: Closing, dry_run: bool, fetched: Option<Fetched>) -> Result<Closed, Error> {
        let now = self.clock.now();
        let mut faults = closing.faults(now);
        let policy = self.config.policy(closing.policy.as_deref());
        let (true, Some(policy)) = (faults.is_empty(), policy) else {
            if policy.is_none() {
                faults.push(Fault::body("/policy", self.config.policy_expected()));
            }
            // A repeat gets the first answer, whatever else differs and even if that is wrong.
            return match self.store.decision(&closing.conversation(), closing.closed_at).await? {
                Some(decision) => Ok(Closed { decision, repeat: true }),
                None => Err(Error::Invalid(faults)),
            };
        };
        let closing = closing.normalize();
        let close = Close {
            address_hash: closing.address().map(|address| self.secrets.addresses.hash(address)),
            others: closing.others().map(|address| self.secrets.addresses.hash(address)).collect(),
            sample: self.secrets.addresses.sample(&closing.conversation()),
            policy: policy.clone(),
            survey: survey_id(now),
            closing,
            now,
            fetched,
            dry_run,
        };
        let closed = self.store.close(close).await?;
        let is_new = !closed.repeat && !dry_run;
        if is_new {
            self.metrics.closed(&closed.decision);
        }
        if is_new && matches!(closed.decision, Decision::Ask { send_at, .. } if send_at <= now) {
            self.mail_due.notify_one();
        }
        Ok(closed)
    }

    /// Takes a reopening: cancels what still waits to ask about the conversation, and answers how many surveys that were.
    /// The answer is durable.
    ///
    /// # Errors
    /// An invalid id or time, or an unavailable store.
    pub async fn reopen(&self, conversation: Conversation, at: Time) -> Result<u64, Error> {
        let mut faults = Vec::new();
        check_id(&conversation.id, Place::Parameter("id".into()), &mut faults);
        if at > self.clock.now() + CLOCK_SKEW {
            faults.push(Fault::body("/reopened_at", "is in the future: expected a time of the past"));
        }
        if !faults.is_empty() {
            return Err(Error::Invalid(faults));
        }
        Ok(self.store.reopen(Reopen { conversation, at }).await?)
    }
}

fn settings(config: &Config, secrets: &Secrets) -> store::Settings {
    store::Settings {
        timezone: config.report.timezone,
        positive: config.report.positive.clone(),
        followed: config.follow_up.followed(),
        targets: config.targets(),
        address_key: secrets.addresses.fingerprint(),
    }
}

/// The id of a survey: its time makes new rows neighbours, the rest is random.
fn survey_id(now: Time) -> Uuid {
    let millis = u64::try_from(now.timestamp_millis()).unwrap_or_default();
    uuid::Builder::from_unix_timestamp_millis(millis, &random()).into_uuid()
}
