//! Sends events to targets: the verbs for the worker of each target, and for the operator.
//!
//! It owns the step from a claimed telling to its mark, and how long a target rests that takes none. It must not know what
//! a telling says (`survey::event`), nor how a request travels.

use super::delivery::MARK_AGAIN;
use super::{Error, Gateway};
use crate::config::WebhookSettings;
use crate::hook::http::{self, Answer, Failure, Method, Request};
use crate::hook::{body, standard};
use crate::ledger::telling::{ClaimTelling, ClaimedTelling, ForgetEvents, KEPT, MarkTelling};
use crate::store::Again;
use crate::survey::Time;
use crate::survey::event::{Event, EventKind, Wants};
use crate::survey::outbound::{Attempt, Lease, Patience};
use chrono::TimeDelta;
use url::Url;
use uuid::Uuid;

/// How long a claimed telling belongs to its worker: longer than any request takes.
const LEASE: TimeDelta = TimeDelta::minutes(2);
/// Retries: the first after about 5 s, each wait double the last, as Standard Webhooks advises; for a weekend and a day.
const PATIENCE: Patience = Patience { retry_after: TimeDelta::seconds(5), give_up_after: TimeDelta::days(3) };
/// A target that took nothing rests for this, then for double, up to the longest. Then one telling probes it.
const REST: TimeDelta = TimeDelta::seconds(5);
const LONGEST_REST: TimeDelta = TimeDelta::minutes(10);

/// What a worker found when it looked for something to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// An event was taken, refused or dropped. There may be more.
    Again,
    /// The target took nothing last time: look again after this.
    Resting(TimeDelta),
    /// Nothing is due, or the target is disabled.
    Idle,
}

/// What one worker keeps: its target, and the telling that it claimed with its last mark.
#[derive(Debug)]
pub struct TargetWorker {
    /// The target's section of the configuration.
    pub name: String,
    wants: Wants,
    claimed: Option<ClaimedTelling>,
    /// How often in a row the target took nothing, and until when it rests.
    failures: u32,
    rests_until: Option<Time>,
}

/// What became of a request.
pub(super) struct Outcome {
    pub(super) attempt: Attempt,
    /// The target asked not to be tried before this.
    pub(super) not_before: Option<Time>,
    /// The target wants no more events.
    pub(super) gone: bool,
}

impl Outcome {
    /// The configuration does not allow an attempt.
    pub(super) fn failed(why: impl Into<String>) -> Self {
        Self::plain(Attempt::Temporary(why.into()))
    }

    /// An attempt whose target asked for nothing.
    pub(super) fn plain(attempt: Attempt) -> Self {
        Self { attempt, not_before: None, gone: false }
    }

    /// An attempt, and what its answer asked for.
    pub(super) fn answered(attempt: Attempt, result: &Result<Answer, Failure>, now: Time) -> Self {
        let answer = result.as_ref().ok();
        let not_before = answer.and_then(|answer| answer.retry_after).map(|asked| asked.end(now));
        Self { attempt, not_before, gone: answer.is_some_and(Answer::is_gone) }
    }

    fn of(result: &Result<Answer, Failure>, now: Time) -> Self {
        let attempt = match http::attempt(result) {
            // The target or the configuration is wrong, never the event: it waits until a person mends that.
            Attempt::Permanent(why) => Attempt::Temporary(why),
            other => other,
        };
        Self::answered(attempt, result, now)
    }
}

impl Gateway {
    /// One worker for each target.
    #[must_use]
    pub fn target_workers(&self) -> Vec<TargetWorker> {
        let worker = |(name, wants)| TargetWorker { name, wants, claimed: None, failures: 0, rests_until: None };
        self.config.targets().into_iter().map(worker).collect()
    }

    /// Sends to a target the event that is due for it longest. The result is durable before this returns, however long the
    /// store takes, and the next telling is claimed with it.
    ///
    /// # Errors
    /// An unavailable store, before anything was sent.
    pub async fn tell_due(&self, worker: &mut TargetWorker) -> Result<Step, Error> {
        let now = self.clock.now();
        if let Some(until) = worker.rests_until.filter(|until| *until > now) {
            return Ok(Step::Resting(until - now));
        }
        let claimed = match worker.claimed.take() {
            Some(claimed) => claimed,
            None => self.store.claim_telling(self.next_telling(worker)).await?,
        };
        let (event, number, lease) = match claimed {
            ClaimedTelling::Event(event, number, lease) => (event, number, lease),
            ClaimedTelling::Dropped => return Ok(Step::Again),
            ClaimedTelling::Nothing | ClaimedTelling::Disabled(_) => return Ok(Step::Idle),
        };
        let outcome = self.tell(&worker.name, &event).await;
        self.metrics.told(&worker.name, &outcome.attempt);
        self.note_told(worker, &outcome);
        self.mark_telling(worker, number, lease, outcome).await;
        Ok(Step::Again)
    }

    /// Makes one attempt to send an event to a target. A new kind of target is an arm here.
    async fn tell(&self, target: &str, event: &Event) -> Outcome {
        match target.split_once('.') {
            Some(("webhook", name)) => match self.config.webhooks.get(name) {
                Some(webhook) => self.tell_webhook(webhook, event).await,
                None => Outcome::failed("it is no longer configured"),
            },
            Some(("alert", name)) => self.tell_alert(name, event).await,
            Some(("helpdesk", name)) => self.tell_helpdesk(name, event).await,
            _ => Outcome::failed("no target of this kind is known"),
        }
    }

    async fn tell_webhook(&self, webhook: &WebhookSettings, event: &Event) -> Outcome {
        let (url, secrets) = match (Url::parse(&webhook.url), webhook.secrets()) {
            (Ok(url), Ok(secrets)) => (url, secrets),
            (Err(error), _) => return Outcome::failed(error.to_string()),
            (_, Err(error)) => return Outcome::failed(error),
        };
        let (id, body) = (body::message_id(event), body::webhook(event).to_string());
        let mut request = Request::new(Method::Post, url);
        for (name, value) in standard::headers(&secrets, &id, self.clock.now(), body.as_bytes()) {
            request = request.header(name, value);
        }
        let answered = self.http.send(request.json(body)).await;
        Outcome::of(&answered, self.clock.now())
    }

    /// Lets a target that took nothing rest, and logs when that begins and ends.
    fn note_told(&self, worker: &mut TargetWorker, outcome: &Outcome) {
        let target = &worker.name;
        let Some(why) = outcome.attempt.reason() else {
            if worker.failures > 0 {
                tracing::info!(%target, "a target takes events again");
            }
            (worker.failures, worker.rests_until) = (0, None);
            return;
        };
        if let Attempt::Permanent(why) | Attempt::NoRecipient(why) = &outcome.attempt {
            // Only this event is wrong: the next may fare better, so the target need not rest.
            tracing::warn!(%target, why, "an event could not be sent to a target, and is not tried again");
            (worker.failures, worker.rests_until) = (0, None);
            return;
        }
        if outcome.gone {
            tracing::error!(%target, why, "a target answered that it is gone: it gets no events until `afterword webhook enable`");
        } else if worker.failures == 0 {
            tracing::warn!(%target, why, "a target takes no events, and is tried again later");
        }
        let doubled = REST * 2_i32.pow(worker.failures.min(10));
        let rest = doubled.min(LONGEST_REST).num_milliseconds();
        #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "at most ten minutes")]
        let spread = (rest as f64 / 2.0 * fastrand::f64()) as i64;
        worker.failures += 1;
        let rested = self.clock.now() + TimeDelta::milliseconds(rest / 2 + spread);
        worker.rests_until = Some(outcome.not_before.map_or(rested, |asked| asked.max(rested)));
    }

    /// Stores the result of an attempt, however long that takes, and claims the next telling unless the target rests.
    async fn mark_telling(&self, worker: &mut TargetWorker, number: i64, lease: Lease, outcome: Outcome) {
        let Outcome { attempt, not_before, gone } = outcome;
        let gone = attempt.reason().filter(|_| gone).map(str::to_owned);
        let next = worker.rests_until.is_none().then(|| self.next_telling(worker));
        let (target, at, jitter) = (worker.name.clone(), self.clock.now(), fastrand::f64());
        let mut mark =
            MarkTelling { target, number, lease, at, attempt, patience: PATIENCE, jitter, not_before, gone, next };
        loop {
            match self.store.mark_telling(mark.clone()).await {
                Ok(claimed) => {
                    worker.claimed = claimed;
                    return;
                }
                Err(error) => tracing::error!(%error, target = %worker.name, "cannot record an attempt yet"),
            }
            // The claim may be what fails, and must not keep the mark from being stored.
            if mark.next.take().is_none() {
                tokio::time::sleep(MARK_AGAIN).await;
            }
        }
    }

    fn next_telling(&self, worker: &TargetWorker) -> ClaimTelling {
        let (at, owner) = (self.clock.now(), self.store.owner());
        let lease = Lease { owner, until: at + LEASE };
        ClaimTelling { target: worker.name.clone(), wants: worker.wants.clone(), at, lease }
    }

    /// Deletes events that are old enough: one step, which holds up other writes for a moment only. How many it deleted.
    ///
    /// # Errors
    /// An unavailable store.
    pub async fn forget_events(&self) -> Result<usize, Error> {
        Ok(self.store.forget_events(ForgetEvents { before: self.clock.now() - KEPT }).await?)
    }

    /// Makes tellings due again that a target took or that failed; answers how many. Each keeps the id of its message.
    ///
    /// # Errors
    /// An unavailable store.
    pub async fn tell_again(&self, target: &str, again: Again) -> Result<u64, Error> {
        Ok(self.store.tell_again(target, again, self.clock.now()).await?)
    }

    /// Lets a target that said it was gone get events again; `false` if it is not disabled.
    ///
    /// # Errors
    /// An unavailable store.
    pub async fn enable_target(&self, target: &str) -> Result<bool, Error> {
        Ok(self.store.enable_target(target, self.clock.now()).await?)
    }

    /// Sends an event with made-up content to a target, now, and returns the result. Nothing is stored.
    pub async fn test_target(&self, target: &str, kind: EventKind) -> Attempt {
        let event = Event::sample(Uuid::new_v4(), kind, self.clock.now());
        let outcome = match target.strip_prefix("alert.") {
            Some(name) => self.test_alert(name, event).await,
            None => self.tell(target, &event).await,
        };
        outcome.attempt
    }
}
