//! Events and tellings: which events a batch makes, which telling a target gets next, and how it fares.
//!
//! Events are derived from what a batch changed, in one place, so that no command can forget one. `survey::event` decides
//! what a telling says. It must not know which targets there are, nor how anything is sent.

use super::{Batch, Command, Touched};
use crate::survey::Time;
use crate::survey::closing::Conversation;
use crate::survey::eligibility::Decision;
use crate::survey::event::{Event, EventKind, Known, Said, Told, Turn, Wants, news, turn};
use crate::survey::outbound::{Attempt, Lease, Marked, Outbound, Patience, State, Stop};
use crate::survey::rating::Standing;
use chrono::TimeDelta;
use std::collections::BTreeSet;
use uuid::Uuid;

/// How long events and their tellings are kept.
pub const KEPT: TimeDelta = TimeDelta::days(30);
/// `survey.bounced` says this of a mail that was refused because there is no such recipient.
pub const NO_RECIPIENT: &str = "no_recipient";

/// An event to be stored, for each target that wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// What happened.
    pub kind: EventKind,
    /// When.
    pub at: Time,
    /// When its tellings are due.
    pub due_at: Time,
    /// What it is about.
    pub about: About,
    /// Of [`EventKind::SurveyBounced`]: what was reported.
    pub bounce: Option<&'static str>,
}

/// What an event is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// A survey.
    Survey(Uuid),
    /// A closing that nobody is asked about.
    Closing(Conversation, Time),
}

/// The news of a batch.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct ToTell {
    /// Surveys whose tellings about their standing are superseded if they still wait.
    pub superseded: BTreeSet<Uuid>,
    /// Surveys, and when their tellings about the standing are due at the latest.
    pub hurried: Vec<(Uuid, Time)>,
    /// New events, in the order in which they are sent.
    pub events: Vec<NewEvent>,
}

impl Batch {
    /// Derives the events of what this batch changes.
    #[must_use]
    pub fn to_tell(&self) -> ToTell {
        let mut tell = ToTell::default();
        for new in &self.new_closings {
            if let Decision::Skip(_) = new.decision {
                let about = About::Closing(new.close.closing.conversation(), new.close.closing.closed_at);
                let (kind, at) = (EventKind::SurveySkipped, new.close.now);
                tell.events.push(NewEvent { kind, at, due_at: at, about, bounce: None });
            }
        }
        let at_once = |kind, id: Uuid, at, bounce| NewEvent { kind, at, due_at: at, about: About::Survey(id), bounce };
        for (id, survey) in self.surveys() {
            if let Some(at) = survey.asked_at().filter(|_| survey.asked_changed()) {
                tell.events.push(at_once(EventKind::SurveySent, *id, at, None));
            }
        }
        for (id, clicked) in self.clicks() {
            let changed = clicked.clicks.changes.last().map(|change| change.at);
            // More evidence for the same score is no change, but a try.
            let Some(at) = changed.or(clicked.clicks.trail.tries.last().map(|last| last.at)) else { continue };
            let news = news(clicked.stored_standing(), &clicked.clicks.standing);
            if news.events.iter().any(|(kind, _)| kind.is_of_standing()) {
                tell.superseded.insert(*id);
            }
            tell.hurried.extend(news.hurry.map(|wait| (*id, at + wait)));
            let told = |(kind, wait)| NewEvent { due_at: at + wait, ..at_once(kind, *id, at, None) };
            tell.events.extend(news.events.into_iter().map(told));
        }
        let bounced =
            self.bounced.iter().map(|(id, at, what)| at_once(EventKind::SurveyBounced, *id, *at, Some(*what)));
        tell.events.extend(bounced);
        tell.events.extend(self.forgotten.iter().map(|(id, at)| at_once(EventKind::SurveyErased, *id, *at, None)));
        tell
    }
}

/// Names a telling: the number of its event, and its target.
pub type TellingKey = (i64, String);

/// A telling as the batch has it.
#[derive(Debug)]
pub struct Telling {
    /// How it fares.
    pub state: Outbound,
    /// What it says, once it was tried.
    pub said: Option<Said>,
    stored: (Outbound, Option<Said>),
}

impl Telling {
    /// A telling as the database has it.
    #[must_use]
    pub fn stored(state: Outbound, said: Option<Said>) -> Self {
        Self { stored: (state.clone(), said), state, said }
    }

    /// Whether it is not as the database has it.
    #[must_use]
    pub fn changed(&self) -> bool {
        (&self.state, self.said) != (&self.stored.0, self.stored.1)
    }
}

/// The telling that is due for a target longest, and everything that it may say.
#[derive(Debug)]
pub struct DueTelling {
    /// The number of its event.
    pub number: i64,
    /// The event as it is now; `None` if its survey or closing was deleted. `rating` is the one that stands.
    pub event: Option<Event>,
    /// Where the rating stands; `None` without a survey.
    pub standing: Option<Standing>,
    /// What the target knows of it.
    pub known: Known,
}

/// Take the telling that is due for a target.
#[derive(Clone, Debug)]
pub struct ClaimTelling {
    /// The target.
    pub target: String,
    /// What it wants.
    pub wants: Wants,
    /// When.
    pub at: Time,
    /// For whom, and until when.
    pub lease: Lease,
}

/// What a claim found.
#[derive(Clone, Debug)]
pub enum ClaimedTelling {
    /// This event; with its number, and the lease that it is marked by.
    Event(Box<Event>, i64, Lease),
    /// A telling was due that no longer says anything. There may be others.
    Dropped,
    /// Nothing is due.
    Nothing,
    /// The target is disabled, for this reason.
    Disabled(String),
}

impl Command for ClaimTelling {
    type Answer = ClaimedTelling;

    fn touches(&self, touched: &mut Touched) {
        touched.due_tellings.insert(self.target.clone(), self.at);
    }

    fn decide(&self, batch: &mut Batch) -> ClaimedTelling {
        if let Some(why) = batch.disabled.get(&self.target) {
            return ClaimedTelling::Disabled(why.clone());
        }
        let Some(due) = batch.due_tellings.remove(&self.target) else { return ClaimedTelling::Nothing };
        let key = (due.number, self.target.clone());
        let Some(telling) = batch.tellings.get_mut(&key) else { return ClaimedTelling::Nothing };
        let Some(mut event) = due.event else {
            telling.state.state = State::Cancelled(Stop::Superseded);
            return ClaimedTelling::Dropped;
        };
        let of_rating = event.kind.is_of_standing() || event.kind == EventKind::RatingCommented;
        // The earlier telling may be deleted by now, and the copy of the target must lose a void rating all the same.
        let forgotten = due.known.last.is_none() && event.closed_at < self.at - KEPT;
        let known = Known { perhaps_more: due.known.perhaps_more || forgotten, ..due.known };
        let turn = match &due.standing {
            Some(standing) if of_rating => turn(event.kind, telling.said, standing, known, &self.wants),
            _ => Turn::Tell(Said { kind: event.kind, score: None }),
        };
        match turn {
            Turn::Superseded => telling.state.state = State::Cancelled(Stop::Superseded),
            Turn::Unwanted(said) => {
                telling.said = Some(said);
                telling.state.state = State::Cancelled(Stop::Unwanted);
            }
            Turn::Tell(said) => {
                telling.said = Some(said);
                telling.state.claim(self.lease);
                event.kind = said.kind;
                let previous = due.known.last.and_then(|last| last.score).filter(|last| said.score != Some(*last));
                let known = due.known.last.and_then(Said::counts);
                event.rating =
                    event.rating.filter(|_| said.score.is_some()).map(|told| Told { previous, known, ..told });
                return ClaimedTelling::Event(Box::new(event), due.number, self.lease);
            }
        }
        ClaimedTelling::Dropped
    }
}

/// Record the result of an attempt to send a claimed telling, and perhaps take the next one.
#[derive(Clone, Debug)]
pub struct MarkTelling {
    /// The target.
    pub target: String,
    /// The number of the event.
    pub number: i64,
    /// The lease that it was claimed by.
    pub lease: Lease,
    /// When the attempt ended.
    pub at: Time,
    /// What became of it.
    pub attempt: Attempt,
    /// The settings of retries.
    pub patience: Patience,
    /// 0 to 1: spreads retries.
    pub jitter: f64,
    /// The target asked not to be tried before this.
    pub not_before: Option<Time>,
    /// The target said that it is gone, in these words: it is disabled.
    pub gone: Option<String>,
    /// The next claim.
    pub next: Option<ClaimTelling>,
}

impl Command for MarkTelling {
    /// What the next claim found. `None` if `next` is `None`.
    type Answer = Option<ClaimedTelling>;

    fn touches(&self, touched: &mut Touched) {
        touched.tellings.insert((self.number, self.target.clone()));
        if let Some(next) = &self.next {
            next.touches(touched);
        }
    }

    fn decide(&self, batch: &mut Batch) -> Self::Answer {
        if let Some(telling) = batch.tellings.get_mut(&(self.number, self.target.clone())) {
            let (at, attempt, patience, jitter) = (self.at, &self.attempt, self.patience, self.jitter);
            telling.state.mark(self.lease, &Marked { at, attempt, patience, useful_until: None, jitter });
            if telling.state.state == State::Waiting {
                telling.state.due_at = telling.state.due_at.max(self.not_before.unwrap_or(at));
            }
        }
        if let Some(why) = &self.gone {
            batch.newly_disabled.insert(self.target.clone(), (self.at, why.clone()));
        }
        self.next.as_ref().map(|claim| claim.decide(batch))
    }
}

/// Delete events that happened before a time, and their tellings. Takes one step.
#[derive(Clone, Debug)]
pub struct ForgetEvents {
    /// The time.
    pub before: Time,
}

impl Command for ForgetEvents {
    /// How many events are deleted.
    type Answer = usize;

    fn touches(&self, touched: &mut Touched) {
        touched.old_events = Some(self.before);
    }

    fn decide(&self, batch: &mut Batch) -> usize {
        batch.forgotten_events.append(&mut batch.old_events);
        batch.forgotten_events.len()
    }
}
