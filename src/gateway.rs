//! The verbs of the product: each loads, decides and saves within a screen.
//!
//! [`Gateway`] owns what the verbs share: the settings, the store, the clock, the keys and the way mails go. It must not
//! know HTTP or SQL. What workers ask of it is in `delivery`, what teams and admins ask in `desk`, who is not asked in
//! `suppression`, what comes back in `bounce`, mails of surveys that never were in `sample`.

mod bounce;
mod delivery;
mod desk;
mod sample;
mod suppression;
mod way;

pub use crate::store::About;
pub use bounce::Reported;
pub use delivery::{Courier, Delivery};
pub use desk::{Access, Conversation, NewKey, Ratings, RatingsQuery, Report, ReportQuery};
pub use sample::{Preview, preview, send_test};
pub use suppression::{MOST_SUPPRESSIONS, Suppressions};

use crate::clock::Clock;
use crate::config::Config;
use crate::keys::{KeyFileError, Keys, random};
use crate::mail::dkim::{Dkim, DkimError};
use crate::mail::transport::Transport;
use crate::store::{self, Answer, Command, Decision, Shown, Store, Unavailable};
use crate::survey::Time;
use crate::survey::closing::{CLOCK_SKEW, Closing, Fault, check_id};
use crate::survey::eligibility::Cause;
use crate::survey::evidence::{Evidence, Outcome, Page, PageId, Post};
use crate::survey::link::{Link, Purpose};
use crate::survey::rating::Score;
use tokio::sync::Notify;
use uuid::Uuid;

/// The longest comment, in Unicode characters.
pub const LONGEST_COMMENT: usize = 5_000;

/// The survey gateway.
pub struct Gateway {
    /// The settings it runs with.
    pub config: Config,
    /// Tells the time.
    pub clock: Clock,
    /// Rings when a mail may be due.
    pub bell: Notify,
    store: Store,
    keys: Keys,
    transport: Transport,
    dkim: Option<Dkim>,
}

/// Why a gateway cannot start, in a sentence for the operator.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The key file.
    #[error(transparent)]
    Keys(#[from] KeyFileError),
    /// The key that signs mails.
    #[error(transparent)]
    Dkim(#[from] DkimError),
    /// The database.
    #[error(transparent)]
    Store(#[from] store::OpenError),
}

/// Why a verb was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store did not answer; nothing is known to be done.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// What was sent is wrong, at these places.
    #[error("{} faults in what was sent", .0.len())]
    Invalid(Vec<Fault>),
    /// A link that nobody here signed, or whose survey is gone: the same to a stranger.
    #[error("an unknown link")]
    UnknownLink,
    /// No survey has this id.
    #[error("an unknown survey")]
    UnknownSurvey,
    /// A link of a test mail: there is nothing behind it.
    #[error("a link of a test mail")]
    TestLink,
    /// No key, or a wrong one.
    #[error("an unknown key")]
    UnknownKey,
    /// A key without the scope that it takes.
    #[error("a key without the scope {0}")]
    Forbidden(&'static str),
}

/// What was decided about a closing.
#[derive(Clone, Debug, PartialEq)]
pub struct Decided {
    /// The decision.
    pub decision: Decision,
    /// Nothing new came of it: it was a dry run, or reported before.
    pub settled: bool,
}

/// A form that was posted to a rating link.
#[derive(Clone, Debug)]
pub struct Form {
    /// The page token.
    pub page: String,
    /// The evidence that it claims.
    pub how: Evidence,
    /// The face that was picked.
    pub picked: Option<Score>,
    /// The comment; empty if there is none.
    pub comment: String,
    /// The browser says that another site sent it.
    pub cross_site: bool,
    /// A program asks, not a person: its answer shows neither who helped nor about what.
    pub program: bool,
}

/// What a rating page shows.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The face whose link was clicked.
    pub link: Score,
    /// The page to go on with; its mode decides what it takes.
    pub page: Page,
    /// That page, signed.
    pub page_token: String,
    /// What became of the post that this answers; `None` for a view.
    pub outcome: Option<Outcome>,
    /// `unrated`, `rated`, `held` or `locked`.
    pub standing: &'static str,
    /// The score behind the standing.
    pub score: Option<Score>,
    /// A rating stands and can no longer become another score.
    pub settled: bool,
    /// The face that was picked in a post that was not taken.
    pub picked: Option<Score>,
    /// The comment of a post that was not taken.
    pub comment: String,
    /// What is wrong with the form.
    pub fault: Option<Fault>,
    /// What the survey is about; nothing for a program.
    pub about: About,
    /// The last moment of a change to another score.
    pub change_until: Option<Time>,
    /// The last moment of a first rating.
    pub rate_until: Option<Time>,
}

impl Gateway {
    /// Opens keys and database. `transport` replaces the configured way of mails, for the demo and for tests.
    ///
    /// # Errors
    /// A key file or a database that cannot be used.
    pub async fn open(config: Config, clock: Clock, transport: Option<Transport>) -> Result<Self, StartError> {
        let dkim = way::signature(&config)?;
        let keys = Keys::load_or_make(&config.link_keys_file)?;
        let store = Store::open(&config.database, &settings(&config, &keys)).await?;
        let transport = transport.unwrap_or_else(|| way::configured(&config));
        Ok(Self { config, clock, bell: Notify::new(), store, keys, transport, dkim })
    }

    /// Claims the database for this service; whoever holds the answer serves.
    ///
    /// # Errors
    /// Another service has it.
    pub async fn serve(&self) -> Result<store::ServeLock, StartError> {
        Ok(self.store.serve(&self.config.database, &settings(&self.config, &self.keys)).await?)
    }

    /// Whether the service of this database reports by the same settings as this configuration says.
    ///
    /// # Errors
    /// An unavailable store.
    pub async fn reports_alike(&self) -> Result<bool, Error> {
        Ok(self.store.reports_by(&settings(&self.config, &self.keys)).await?)
    }

    /// Waits until the store can no longer do its work, which nothing but a new start mends.
    pub async fn died(&self) {
        self.store.died().await;
    }

    /// Takes a closing: decides whether to ask, and if so makes the survey and queues its mail. Durable when answered;
    /// repeated, it answers the same and does nothing.
    ///
    /// # Errors
    /// Faults of the closing, or an unavailable store.
    pub async fn close(&self, closing: Closing, dry_run: bool) -> Result<Decided, Error> {
        let now = self.clock.now();
        let mut faults = closing.faults(now);
        let policy = self.config.policy(closing.policy.as_deref());
        let (true, Some(policy)) = (faults.is_empty(), policy) else {
            if policy.is_none() {
                let known: Vec<_> = self.config.policies.keys().map(String::as_str).collect();
                let detail = format!("expected the name of a configured policy: {}", known.join(", "));
                faults.push(Fault::new("/policy", detail));
            }
            // A repeat gets the first answer whatever else differs, what is wrong with it included.
            return match self.store.decision(&closing.conversation_id, closing.closed_at).await? {
                Some(decision) => Ok(Decided { decision, settled: true }),
                None => Err(Error::Invalid(faults)),
            };
        };
        let closing = closing.settle();
        let report = store::Report {
            address_hash: closing.address().map(|address| self.keys.addresses.hash(address)),
            sample: self.keys.addresses.sample(&closing.conversation_id),
            policy: policy.clone(),
            survey: survey_id(now),
            closing,
            now,
            dry_run,
        };
        match self.store.write(Command::Close(Box::new(report))).await? {
            Answer::Decided { decision, repeat } => {
                self.bell.notify_one();
                Ok(Decided { decision, settled: repeat || dry_run })
            }
            other => Err(astray(&other)),
        }
    }

    /// Takes a reopening: cancels what waits to ask about the conversation, and answers how many.
    ///
    /// # Errors
    /// An id or a time that cannot be, or an unavailable store.
    pub async fn reopen(&self, conversation: String, at: Time) -> Result<u64, Error> {
        let mut faults = Vec::new();
        check_id(&conversation, "/conversation_id", &mut faults);
        if at > self.clock.now() + CLOCK_SKEW {
            faults.push(Fault::new("/reopened_at", "is in the future: expected a time of the past"));
        }
        if !faults.is_empty() {
            return Err(Error::Invalid(faults));
        }
        match self.store.write(Command::Reopen { conversation, at }).await? {
            Answer::Changed(cancelled) => Ok(cancelled),
            other => Err(astray(&other)),
        }
    }

    /// The survey whose link a token is; `None` for whatever nobody here signed as one.
    #[must_use]
    pub fn survey_of(&self, token: &str) -> Option<Uuid> {
        let link = self.keys.ring.verify(token)?;
        (link.purpose != Purpose::Bounce).then_some(link.survey)
    }

    /// Opens a rating link: the page that answers it. The view is noted, and rates nothing.
    ///
    /// # Errors
    /// An unknown link, or an unavailable store.
    pub async fn open_link(&self, token: &str, machine: bool) -> Result<Opened, Error> {
        let (survey, score) = self.rating_link(token)?;
        let mut shown = self.shown(survey).await?;
        let (now, least) = (self.clock.now(), self.config.clicks.evidence);
        let mode = shown.clicks.view(now, score, machine, least);
        self.store.queue(Command::View { survey, at: now, score, machine, least }).await?;
        let page = Page { id: PageId::new(u64::from_be_bytes(random())), score, mode, issued: now, after_hold: false };
        Ok(self.opened(survey, score, page, shown))
    }

    /// Takes a form posted to a rating link: a confirmation, or a comment that locks the rating. Durable when answered.
    ///
    /// # Errors
    /// An unknown link, or an unavailable store. A comment that is too long is an answer with a fault, its text kept.
    pub async fn answer(&self, token: &str, form: Form) -> Result<Opened, Error> {
        let (survey, link) = self.rating_link(token)?;
        let (now, least) = (self.clock.now(), self.config.clicks.evidence);
        let page = self.keys.ring.verify_page(&form.page);
        let ours = page.filter(|(of, page)| *of == survey && page.score == link && !form.cross_site);
        let page = ours.map(|(_, page)| page);
        let comment = clean_comment(&form.comment);
        let fresh = PageId::new(u64::from_be_bytes(random()));
        let length = comment.as_ref().map_or(0, |text| text.chars().count());
        if length > LONGEST_COMMENT {
            let shown = self.shown(survey).await?;
            let mode = shown.clicks.mode(now, link, false, least);
            let page = page.unwrap_or(Page { id: fresh, score: link, mode, issued: now, after_hold: false });
            let detail = format!("{length} characters: expected at most {LONGEST_COMMENT}");
            let fault = Some(Fault::new("/comment", detail));
            let (picked, comment) = (form.picked, form.comment);
            return Ok(Opened { picked, comment, fault, ..self.opened(survey, link, page, shown) });
        }
        // All else that an answer tells, the writer knows: a program's needs no look-up.
        let about = if form.program { About::default() } else { self.shown(survey).await?.about };
        let post = Post { link, page, how: form.how, picked: form.picked, comment, fresh };
        let command = Command::Answer { survey, at: now, post: Box::new(post), least };
        let (reply, clicks) = match self.store.write(command).await? {
            Answer::Replied(replied) => *replied.ok_or(Error::UnknownLink)?,
            other => return Err(astray(&other)),
        };
        let shown = Shown { clicks, about };
        // The same comment sent twice, because the first answer was lost, must not be told that it was not taken.
        let repeated =
            reply.outcome == Outcome::Locked && self.store.comment(survey).await? == clean_comment(&form.comment);
        let taken = reply.outcome == Outcome::Ok || repeated;
        Ok(Opened {
            outcome: Some(reply.outcome),
            picked: form.picked.filter(|_| !taken),
            comment: if taken { String::new() } else { form.comment },
            ..self.opened(survey, link, reply.page, shown)
        })
    }

    /// Checks an unsubscribe link, and acts on it if `confirmed`: the address is not asked again. Repeats change nothing.
    /// Tells what the survey of the link is about.
    ///
    /// # Errors
    /// An unknown link, or an unavailable store.
    pub async fn unsubscribe(&self, token: &str, confirmed: bool) -> Result<About, Error> {
        let Some(Link { purpose: Purpose::Unsubscribe, survey }) = self.keys.ring.verify(token) else {
            return Err(Error::UnknownLink);
        };
        if sample::is_test(survey) {
            return Err(Error::TestLink);
        }
        let address_hash = self.store.address_hash(survey).await?.ok_or(Error::UnknownLink)?;
        if confirmed {
            let at = self.clock.now();
            self.store.write(Command::Suppress { address_hash, cause: Cause::OptedOut, at, address: None }).await?;
        }
        Ok(self.shown(survey).await?.about)
    }

    /// Waits until everything that was queued is decided and durable.
    ///
    /// # Errors
    /// An unavailable store.
    pub async fn settle(&self) -> Result<(), Error> {
        self.store.write(Command::Settle).await?;
        Ok(())
    }

    /// Finishes what was asked and closes the database.
    pub async fn close_down(self) {
        self.store.close().await;
    }

    async fn shown(&self, survey: Uuid) -> Result<Shown, Error> {
        self.store.shown(survey).await?.ok_or(Error::UnknownLink)
    }

    fn rating_link(&self, token: &str) -> Result<(Uuid, Score), Error> {
        match self.keys.ring.verify(token) {
            Some(Link { survey, .. }) if sample::is_test(survey) => Err(Error::TestLink),
            Some(Link { purpose: Purpose::Rate(score), survey }) => Ok((survey, score)),
            _ => Err(Error::UnknownLink),
        }
    }

    fn opened(&self, survey: Uuid, link: Score, page: Page, shown: Shown) -> Opened {
        let clicks = &shown.clicks;
        Opened {
            link,
            page_token: self.keys.ring.sign_page(survey, &page),
            outcome: None,
            standing: clicks.standing.word(),
            score: clicks.standing.score(),
            settled: clicks.settled(page.issued),
            picked: None,
            comment: String::new(),
            fault: None,
            change_until: clicks.change_until,
            rate_until: clicks.rate_until,
            about: shown.about,
            page,
        }
    }
}

/// A survey's id: its time makes neighbours of new rows, the rest is random.
fn survey_id(now: Time) -> Uuid {
    let millis = u64::try_from(now.timestamp_millis()).unwrap_or_default();
    uuid::Builder::from_unix_timestamp_millis(millis, &random()).into_uuid()
}

/// Line breaks as `\n`, and no NUL, which SQL would end the text at. `None` for a blank one.
fn clean_comment(text: &str) -> Option<String> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n").replace('\0', "\u{fffd}");
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn settings(config: &Config, keys: &Keys) -> store::Settings {
    store::Settings {
        timezone: config.report.timezone,
        positive: config.report.positive.clone(),
        address_key: keys.addresses.fingerprint(),
    }
}

/// The writer answered another command than it was given: a fault of ours.
fn astray(_: &Answer) -> Error {
    tracing::error!("an answer to another command");
    Error::Unavailable(Unavailable::astray())
}
