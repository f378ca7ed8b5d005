//! Closings whose payload told too little: each is taken, its conversation is fetched, and then it is decided.
//!
//! It owns what a failure of an API means, and the limits of a fetch. It must not know the format of an answer
//! (`helpdesk::enriched`), SQL, nor when a worker looks.

use super::{Closed, Error, Gateway, Heard};
use crate::config::{HelpdeskApi, Secret};
use crate::helpdesk::Kind;
use crate::helpdesk::enriched::{Enquiry, Garbage, Question, headers};
use crate::hook::http::{Answer, Failure, Method, Request, RetryAfter};
use crate::ledger::enriching::{Defer, Deferred};
use crate::survey::Time;
use crate::survey::closing::Closing;
use crate::survey::enrichment::{Fetched, Waiting, is_worth_fetching};
use std::time::Duration;
use url::Url;

/// How long all answers about one conversation may take: others of its helpdesk wait meanwhile. A long conversation is two
/// dozen pages, and an API answers each in about a second.
const WHOLE: Duration = Duration::from_secs(30);
/// The most bytes of one answer: several times that of Intercom with 500 parts, the longest that is asked for.
const LONGEST_ANSWER: usize = 2 * 1024 * 1024;
/// The most bytes of all answers about one conversation.
const MOST_BYTES: usize = 8 * 1024 * 1024;

/// What became of the closings of a helpdesk that wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enriched {
    /// One was decided or put off. There may be more.
    Again,
    /// The next one is due then.
    Until(Time),
    /// None waits.
    Nothing,
}

/// Why a conversation could not be fetched.
#[derive(Debug)]
struct Trouble {
    why: String,
    /// Whether another try may find it otherwise.
    may_pass: bool,
    /// How long the helpdesk asks to wait.
    wait: Option<RetryAfter>,
}

impl Trouble {
    fn lasting(why: String) -> Self {
        Self { why, may_pass: false, wait: None }
    }

    fn of_failure(about: &str, failure: &Failure) -> Self {
        let may_pass = !matches!(failure, Failure::Forbidden(_) | Failure::TooLarge(_));
        Self { why: format!("asked for {about}: {failure}"), may_pass, wait: None }
    }

    fn of_status(about: &str, answer: &Answer) -> Self {
        let meaning = match answer.status {
            300..=399 => "; redirects are not followed",
            401 => "; expected a token that it knows",
            403 => "; the token lacks the permission to read it",
            404 => "; it is deleted, or the token lacks the permission to read it",
            _ => "",
        };
        // 408, 425 and 429 are the refusals that a later request may not get.
        let may_pass = answer.status >= 500 || [408, 425, 429].contains(&answer.status);
        let why = format!("asked for {about}, the API answered {}{meaning}", answer.status);
        Self { why, may_pass, wait: answer.retry_after }
    }
}

impl Gateway {
    /// Decides about the closing of a helpdesk; or takes it, if the API of the helpdesk may tell what is left open. The answer
    /// is durable, and a repeat changes nothing.
    ///
    /// # Errors
    /// As those of [`close`](Self::close).
    pub(super) async fn close_or_wait(&self, closing: Closing) -> Result<Heard, Error> {
        let by_payload = self.close(closing.clone(), true).await?;
        if by_payload.repeat {
            return Ok(Heard::Closed(by_payload));
        }
        if self.question(&closing, &by_payload).is_none() {
            return Ok(Heard::Closed(self.close(closing, false).await?));
        }
        let now = self.clock.now();
        let closing = closing.normalize();
        let addresses = closing.address().into_iter().chain(closing.others());
        let addresses = addresses.map(|address| self.secrets.addresses.hash(address)).collect();
        let waiting = Waiting { closing, told_at: now, due_at: now, tries: 0, why: None };
        match self.store.defer(Defer { waiting, addresses }).await? {
            Deferred::Waits => {
                self.closing_waits.notify_waiters();
                Ok(Heard::Waits)
            }
            Deferred::Decided(decision) => Ok(Heard::Closed(Closed { decision, repeat: true })),
        }
    }

    /// The first address that is asked about a closing, if its helpdesk may be asked, and its answer may matter.
    pub(super) fn question(&self, closing: &Closing, by_payload: &Closed) -> Option<Url> {
        let (kind, api) = self.api(&closing.connection)?;
        let is_worth = !by_payload.repeat && is_worth_fetching(&closing.clone().normalize(), &by_payload.decision);
        let question = Enquiry::new(kind, api.account, &closing.conversation_id)?.next()?;
        is_worth.then(|| url(api, &question))
    }

    /// The API of a connection, if conversations may be fetched there.
    fn api(&self, connection: &str) -> Option<(Kind, &HelpdeskApi)> {
        let settings = self.config.helpdesks.get(connection)?;
        Some((settings.kind, settings.api.as_ref().filter(|api| api.enrich)?))
    }

    /// The connections that have closings which wait, and those that may get some.
    ///
    /// # Errors
    /// An unavailable store.
    pub async fn enriching(&self) -> Result<Vec<String>, Error> {
        let mut connections = self.store.enriching_connections().await?;
        connections.extend(self.config.helpdesks.keys().filter(|name| self.api(name).is_some()).cloned());
        connections.sort();
        connections.dedup();
        Ok(connections)
    }

    /// Takes the closing of a connection that is due first: fetches its conversation and decides about it, or puts it off.
    ///
    /// # Errors
    /// An unavailable store. The closing still waits.
    pub async fn enrich_due(&self, connection: &str) -> Result<Enriched, Error> {
        let Some(waiting) = self.store.next_enriching(connection).await? else { return Ok(Enriched::Nothing) };
        let now = self.clock.now();
        if waiting.due_at > now && !waiting.is_over(now) {
            return Ok(Enriched::Until(waiting.due_at));
        }
        let told = waiting.closing.clone();
        let (closing, goes_on, failed) = match self.api(connection) {
            None => (told, None, Some("the configuration no longer lets Afterword use its API".to_owned())),
            Some(_) if waiting.is_over(now) => {
                let why = waiting.why.clone().unwrap_or_else(|| "no try was due in time".to_owned());
                (told, None, Some(why))
            }
            Some((kind, api)) => {
                let (enquiry, trouble) = self.fetch_conversation(kind, api, &waiting).await;
                if let Some((trouble, due_at)) = trouble.as_ref().and_then(|trouble| self.next_try(&waiting, trouble)) {
                    let (of, closed_at) = (told.conversation(), told.closed_at);
                    self.store.postpone_enriching(&of, closed_at, due_at, &trouble.why).await?;
                    return Ok(Enriched::Again);
                }
                // The answers before the failure hold.
                let (closing, goes_on) = match enquiry {
                    Some(enquiry) => enquiry.tell(told),
                    None => (told, None),
                };
                (closing, goes_on, trouble.map(|trouble| trouble.why))
            }
        };
        if let Some(why) = &failed {
            tracing::warn!(helpdesk = connection, why, "a conversation could not be fetched, and is decided without");
        }
        self.decide_waiting(&waiting, closing, goes_on, failed).await?;
        Ok(Enriched::Again)
    }

    /// When to try again after a trouble; `None` if that is of no use.
    fn next_try<'t>(&self, waiting: &Waiting, trouble: &'t Trouble) -> Option<(&'t Trouble, Time)> {
        let now = self.clock.now();
        let next = waiting.next_try(now, trouble.wait.map(|wait| wait.end(now)));
        Some((trouble, next.filter(|_| trouble.may_pass)?))
    }

    /// Decides about a closing that waited, and ends its wait.
    async fn decide_waiting(
        &self,
        waiting: &Waiting,
        closing: Closing,
        goes_on: Option<Time>,
        failed: Option<String>,
    ) -> Result<(), Error> {
        let (now, told) = (self.clock.now(), &waiting.closing);
        if let Some(at) = goes_on {
            self.reopen(told.conversation(), at.min(now)).await?;
        }
        let decided = match self.decide(closing, false, Some(Fetched { at: now, failed })).await {
            Err(Error::Invalid(_)) => {
                let failed = Some("the answers of the API contradict the closing".to_owned());
                self.decide(told.clone(), false, Some(Fetched { at: now, failed })).await
            }
            other => other,
        };
        match decided {
            Ok(Closed { repeat: false, .. }) => return Ok(()),
            // It was decided meanwhile.
            Ok(_) => {}
            Err(Error::Invalid(_)) => {
                tracing::error!(
                    helpdesk = told.connection,
                    "a closing that waited is dropped: its policy is gone from the configuration"
                );
            }
            Err(other) => return Err(other),
        }
        Ok(self.store.forget_enriching(&told.conversation(), told.closed_at).await?)
    }

    /// Asks a helpdesk about a conversation; returns its answers, and the trouble that ended them early.
    async fn fetch_conversation(
        &self,
        kind: Kind,
        api: &HelpdeskApi,
        waiting: &Waiting,
    ) -> (Option<Enquiry>, Option<Trouble>) {
        let Some(mut enquiry) = Enquiry::new(kind, api.account, &waiting.closing.conversation_id) else {
            return (None, Some(Trouble::lasting("its kind of helpdesk has no API that Afterword reads".to_owned())));
        };
        let asked = tokio::time::timeout(WHOLE, self.ask(kind, api, &mut enquiry)).await;
        let late = |_| {
            let why = format!("no whole conversation within {} s", WHOLE.as_secs());
            Err(Trouble { why, may_pass: true, wait: None })
        };
        (Some(enquiry), asked.unwrap_or_else(late).err())
    }

    async fn ask(&self, kind: Kind, api: &HelpdeskApi, enquiry: &mut Enquiry) -> Result<(), Trouble> {
        let token = api.token.as_ref().map(Secret::reveal).unwrap_or_default();
        let mut left = MOST_BYTES;
        while let Some(question) = enquiry.next() {
            let about = question.about;
            let request = Request {
                headers: headers(kind, token),
                longest_answer: LONGEST_ANSWER.min(left),
                ..Request::new(Method::Get, url(api, &question))
            };
            let answer = self.http.send(request).await.map_err(|failure| Trouble::of_failure(about, &failure))?;
            if !answer.is_success() {
                return Err(Trouble::of_status(about, &answer));
            }
            let body = answer.body.map_err(|failure| Trouble::of_failure(about, &failure))?;
            left = left.saturating_sub(body.len());
            enquiry
                .take(&body)
                .map_err(|Garbage(why)| Trouble::lasting(format!("asked for {about}: the answer {why}")))?;
        }
        Ok(())
    }
}

fn url(api: &HelpdeskApi, question: &Question) -> Url {
    let path: Vec<_> = question.path.iter().map(String::as_str).collect();
    let mut url = api.url.at(&path);
    if !question.query.is_empty() {
        url.query_pairs_mut().extend_pairs(&question.query);
    }
    url
}
