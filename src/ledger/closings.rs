//! Closings and reopenings: whether to ask, and what a later report does to a survey that still waits.
//!
//! The rules are in `survey::eligibility`. It owns what they are fed from the batch. It must not know how a mail is sent.

use super::{Batch, Command, Survey, Touched};
use crate::survey::Time;
use crate::survey::closing::{Closing, Conversation};
use crate::survey::eligibility::{Decision, History, RECENT, judge};
use crate::survey::enrichment::Fetched;
use crate::survey::evidence::Clicks;
use crate::survey::outbound::{LONGEST_SETTING, Outbound, State, Stop};
use crate::survey::policy::{AskAgain, Policy};
use crate::survey::suppression::Cause;
use chrono::TimeDelta;
use std::sync::Arc;
use uuid::Uuid;

/// A mail is sent at most this long after its survey was made: its delay and its patience are each bounded by this.
const LONGEST_IN_OUTBOX: TimeDelta = TimeDelta::days(2 * LONGEST_SETTING.num_days());

/// A conversation was closed: decide whether to ask.
#[derive(Clone, Debug)]
pub struct Close {
    /// The closing, normalized.
    pub closing: Closing,
    /// The policy that its name picked.
    pub policy: Arc<Policy>,
    /// The keyed hash of the address to ask at, if there is one.
    pub address_hash: Option<String>,
    /// The keyed hashes of the addresses of all others who were helped.
    pub others: Vec<String>,
    /// The conversation's place in the sample: 0 (included) to 100 (excluded).
    pub sample: f64,
    /// The id of the survey, should there be one.
    pub survey: Uuid,
    /// When it was reported, or fetched.
    pub now: Time,
    /// How fetching its conversation ended, if the decision waited for that.
    pub fetched: Option<Fetched>,
    /// Decide, but store nothing.
    pub dry_run: bool,
}

/// What was decided about a closing.
#[derive(Clone, Debug, PartialEq)]
pub struct Closed {
    /// The decision.
    pub decision: Decision,
    /// The closing was reported before, and this is the answer it got then.
    pub repeat: bool,
}

/// A closing to be stored with its decision.
#[derive(Debug)]
pub struct NewClosing {
    /// The closing as it was reported.
    pub close: Close,
    /// What was decided.
    pub decision: Decision,
    /// The team of this time: as the closing says, else as last known.
    pub team: Option<String>,
}

impl Command for Close {
    type Answer = Closed;

    fn touches(&self, touched: &mut Touched) {
        let conversation = self.closing.conversation();
        touched.closings.insert((conversation.clone(), self.closing.closed_at));
        touched.conversations.insert(conversation);
        touched.addresses.extend(self.address_hash.iter().chain(&self.others).cloned());
        touched.teammates.extend(self.closing.teammate.as_ref().map(|teammate| teammate.id.clone()));
        if self.policy.quiet_days > 0 || self.policy.most_in_30_days > 0 {
            // A survey counts from when it was sent, which can be long after it was made.
            let quiet = TimeDelta::days(self.policy.quiet_days.into()).max(RECENT) + LONGEST_IN_OUTBOX;
            let since = self.now - quiet;
            touched.asked_since = Some(touched.asked_since.map_or(since, |known| known.min(since)));
        }
    }

    fn decide(&self, batch: &mut Batch) -> Closed {
        let known = batch.conversations.entry(self.closing.conversation()).or_default();
        if let Some(decision) = known.decisions.get(&self.closing.closed_at) {
            return Closed { decision: decision.clone(), repeat: true };
        }
        let decision = judge(&self.policy, &self.closing, &self.history(batch), self.now, self.survey);
        if !self.dry_run {
            self.record(batch, decision.clone());
        }
        Closed { decision, repeat: false }
    }
}

impl Close {
    fn history(&self, batch: &Batch) -> History {
        let conversation = self.closing.conversation();
        let known = batch.conversations.get(&conversation);
        let asked = batch.surveys_of(&conversation).filter(|survey| survey.mail.arrives_at().is_some());
        let to_address = batch.surveys_to(self.address_hash.as_ref()).filter(|survey| !self.replaces(survey));
        let address = self.address_hash.as_ref().and_then(|hash| batch.addresses.get(hash));
        History {
            asked_closings: asked.map(|survey| survey.closed_at).collect(),
            latest_closing: known.and_then(|known| known.latest_closing),
            latest_reopening: known.and_then(|known| known.latest_reopening),
            suppressed: address.map(|address| address.suppressed.clone()).unwrap_or_default(),
            asked_address: to_address.filter_map(|survey| survey.mail.arrives_at()).collect(),
            sample: self.sample,
        }
    }

    /// Whether one of the customers was erased. Then the closing keeps no name and no subject.
    fn names_erased(&self, batch: &Batch) -> bool {
        let mut known = self.address_hash.iter().chain(&self.others).filter_map(|hash| batch.addresses.get(hash));
        known.any(|address| address.suppressed.contains(&Cause::Erased))
    }

    /// With `ask_again = "each_closing"` a later closing takes the place of a survey that still waits.
    fn replaces(&self, survey: &Survey) -> bool {
        self.policy.ask_again == AskAgain::EachClosing
            && survey.mail.state == State::Waiting
            && survey.conversation.id == self.closing.conversation_id
            && survey.conversation.connection == self.closing.connection
            && survey.closed_at < self.closing.closed_at
    }

    /// Takes a decided closing into the batch, and its survey if it asks.
    fn record(&self, batch: &mut Batch, decision: Decision) {
        let (conversation, closed_at) = (self.closing.conversation(), self.closing.closed_at);
        let known = batch.conversations.entry(conversation.clone()).or_default();
        known.decisions.insert(closed_at, decision.clone());
        known.latest_closing = known.latest_closing.max(Some(closed_at));
        let team = self.name_teammate(batch);
        if let (Decision::Ask { survey, send_at, .. }, Some(address_hash)) = (&decision, &self.address_hash) {
            known_asked(batch, &conversation, self.survey, closed_at);
            batch.cancel_surveys_of(&conversation, Stop::LaterClosing, |survey| self.replaces(survey));
            let (rate_until, change_until) = (self.policy.rate_until(closed_at), self.policy.change_until(closed_at));
            let clicks = Clicks::new(None, rate_until, change_until);
            let mail = Outbound::due(*send_at);
            let made = Survey::stored(conversation, closed_at, self.now, address_hash.clone(), mail);
            batch.add_survey(*survey, made, clicks);
        }
        let mut close = self.clone();
        if self.names_erased(batch) {
            (close.closing.subject, close.closing.url) = (None, None);
        }
        batch.new_closings.push(NewClosing { close, decision, team });
    }

    /// Lets the teammate's name and team follow the latest closing that names them; returns the team of this closing.
    fn name_teammate(&self, batch: &mut Batch) -> Option<String> {
        let named = self.closing.teammate.as_ref()?;
        let closed_at = self.closing.closed_at;
        let first = || (named.clone(), Time::UNIX_EPOCH);
        let (known, named_at) = batch.teammates.entry(named.id.clone()).or_insert_with(first);
        let team = named.team.clone().or_else(|| known.team.clone());
        let newer = closed_at >= *named_at;
        let follow = |known: &mut Option<String>, named: &Option<String>| {
            if named.is_some() && (newer || known.is_none()) {
                known.clone_from(named);
            }
        };
        follow(&mut known.name, &named.name);
        follow(&mut known.email, &named.email);
        follow(&mut known.team, &named.team);
        *named_at = closed_at.max(*named_at);
        batch.named_teammates.insert(named.id.clone());
        team
    }
}

fn known_asked(batch: &mut Batch, conversation: &Conversation, survey: Uuid, closed_at: Time) {
    if let Some(known) = batch.conversations.get_mut(conversation) {
        known.asked.insert(survey, closed_at);
    }
}

/// A conversation was reopened: cancel what waits.
#[derive(Clone, Debug)]
pub struct Reopen {
    /// The conversation.
    pub conversation: Conversation,
    /// When it was reopened.
    pub at: Time,
}

impl Command for Reopen {
    /// How many surveys were cancelled.
    type Answer = u64;

    fn touches(&self, touched: &mut Touched) {
        touched.conversations.insert(self.conversation.clone());
    }

    fn decide(&self, batch: &mut Batch) -> u64 {
        let known = batch.conversations.entry(self.conversation.clone()).or_default();
        // Before its first closing only the latest one matters: some helpdesks report every reply of a customer.
        let earlier = known.latest_reopening.filter(|_| known.latest_closing.is_none());
        if earlier.is_some_and(|earlier| earlier >= self.at) {
            return 0;
        }
        known.latest_reopening = known.latest_reopening.max(Some(self.at));
        if let Some(earlier) = earlier {
            let replaced = (self.conversation.clone(), earlier);
            batch.new_reopenings.remove(&replaced);
            batch.erased.reopenings.insert(replaced);
        }
        batch.new_reopenings.insert((self.conversation.clone(), self.at));
        batch.cancel_surveys_of(&self.conversation, Stop::Reopened, |survey| survey.closed_at <= self.at)
    }
}
