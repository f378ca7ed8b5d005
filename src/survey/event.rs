//! Events: their kinds, how long each waits, and what a telling says once it is due.
//!
//! An event is stored in the transaction of the change that it is about. A telling is one event for one target, such as a
//! webhook. Events about a rating wait, because customers correct themselves: a telling that is due says what is true then,
//! or nothing. So a target that keeps the newest telling of each survey has a correct copy. It must not know which targets
//! there are, nor how anything is sent.

use super::Time;
use super::closing::{Conversation, Teammate};
use super::eligibility::Reason;
use super::page::Evidence;
use super::rating::{Score, Standing, StandingWord};
use super::words::words;
use chrono::TimeDelta;
use std::collections::BTreeSet;
use uuid::Uuid;

/// How long an event about a rating waits: customers who took the wrong face correct it within minutes.
pub const WAIT: TimeDelta = TimeDelta::minutes(10);
/// How long it waits if the customer pressed the button: then only second thoughts are left.
pub const PRESSED_WAIT: TimeDelta = TimeDelta::minutes(2);

words! {
    /// What happened.
    pub enum EventKind {
        /// The mail of a survey was accepted.
        SurveySent = "survey.sent",
        /// A closing was reported, and nobody is asked about it.
        SurveySkipped = "survey.skipped",
        /// The mail of a survey failed for good because of its recipient, or came back.
        SurveyBounced = "survey.bounced",
        /// The customer asked to be forgotten: name, subject and comment go, the score stays.
        SurveyErased = "survey.erased",
        /// A rating counts, and none of its survey did before.
        RatingSet = "rating.set",
        /// A rating counts with another score than before.
        RatingChanged = "rating.changed",
        /// A comment was given: the rating never changes again.
        RatingCommented = "rating.commented",
        /// A rating is doubted, and does not count until somebody confirms it.
        RatingHeld = "rating.held",
        /// A rating counts no more: an admin voided or discarded it.
        RatingVoided = "rating.voided",
    }
}

impl EventKind {
    /// Whether it is about where a rating stands, so that a later event of the survey can take its place. A comment has an
    /// event for itself.
    #[must_use]
    pub fn is_of_standing(self) -> bool {
        matches!(self, Self::RatingSet | Self::RatingChanged | Self::RatingHeld | Self::RatingVoided)
    }

    /// The kinds that a telling of the event may be sent as. A score that changes before its rating was sent is sent as set,
    /// so both are kept for a target that wants one of the two.
    #[must_use]
    pub fn told_as(self) -> &'static [Self] {
        match self {
            Self::RatingSet | Self::RatingChanged => &[Self::RatingSet, Self::RatingChanged],
            Self::SurveySent => &[Self::SurveySent],
            Self::SurveySkipped => &[Self::SurveySkipped],
            Self::SurveyBounced => &[Self::SurveyBounced],
            Self::SurveyErased => &[Self::SurveyErased],
            Self::RatingCommented => &[Self::RatingCommented],
            Self::RatingHeld => &[Self::RatingHeld],
            Self::RatingVoided => &[Self::RatingVoided],
        }
    }
}

/// The events that a target wants. `None` and an empty set of scores mean all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wants {
    /// The kinds of events.
    pub kinds: BTreeSet<EventKind>,
    /// Only surveys about this team's conversations.
    pub team: Option<String>,
    /// Only surveys about this teammate's conversations, by id.
    pub teammate: Option<String>,
    /// Only conversations of this connection; empty is the plain API.
    pub connection: Option<String>,
    /// Only ratings of these scores.
    pub scores: BTreeSet<Score>,
    /// Whether a comment's telling stands for that of its rating too, if that was not sent before. People read one; a
    /// program that keeps a copy wants both.
    pub comment_tells_all: bool,
}

impl Wants {
    /// Every kind, of everything.
    #[must_use]
    pub fn everything() -> Self {
        Self { kinds: EventKind::ALL.iter().copied().collect(), ..Self::default() }
    }

    /// Whether it wants a telling that says this.
    #[must_use]
    pub fn takes(&self, said: Said) -> bool {
        let score = said.score.is_none_or(|score| self.scores.is_empty() || self.scores.contains(&score));
        self.kinds.contains(&said.kind) && score
    }
}

/// Everything that a telling may say of one event, as things are at the time of the attempt.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Names the event; the same in every attempt and replay.
    pub id: Uuid,
    /// What it is sent as.
    pub kind: EventKind,
    /// When it happened.
    pub at: Time,
    /// The survey; `None` if nobody was asked.
    pub survey: Option<Uuid>,
    /// The conversation.
    pub conversation: Conversation,
    /// The closing that the survey asks about.
    pub closed_at: Time,
    /// What the conversation was about; `None` if unknown or erased, as all below.
    pub subject: Option<String>,
    /// Where teammates find it.
    pub url: Option<String>,
    /// The policy that the closing named.
    pub policy: Option<String>,
    /// The helpdesk's labels.
    pub tags: Vec<String>,
    /// The helpdesk's id of the customer.
    pub customer_id: Option<String>,
    /// The customer's name.
    pub customer_name: Option<String>,
    /// Whom the rating counts for.
    pub teammate: Option<Teammate>,
    /// The team at the time of the closing.
    pub team: Option<String>,
    /// Of events about a rating that counts or is held.
    pub rating: Option<Told>,
    /// Of [`EventKind::SurveySkipped`]: every rule that failed.
    pub skipped: Vec<Reason>,
    /// Of [`EventKind::SurveyBounced`]: `no_recipient`, or the word of what was reported.
    pub bounce: Option<String>,
}

/// A rating in a telling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// What was chosen.
    pub score: Score,
    /// The score that this target got before, if that was another.
    pub previous: Option<Score>,
    /// The score of the rating that this target knows or did not want, if there is one that counts.
    pub known: Option<Score>,
    /// Where it stands: rated, held or locked.
    pub standing: StandingWord,
    /// What the customer wrote.
    pub comment: Option<String>,
    /// The strongest evidence seen for this score.
    pub evidence: Evidence,
    /// When this score was given.
    pub rated_at: Time,
    /// The keys of the reasons that were ticked.
    pub reasons: Vec<String>,
    /// The answer to the operator's own question: the keys of the question and of the choice.
    pub answer: Option<(String, String)>,
}

impl Event {
    /// An event with made-up content, for tests of a target.
    #[must_use]
    pub fn sample(id: Uuid, kind: EventKind, now: Time) -> Self {
        let is_rating = kind.is_of_standing() || kind == EventKind::RatingCommented;
        let told = Told {
            score: Score::ALL[3],
            previous: (kind == EventKind::RatingChanged).then_some(Score::ALL[1]),
            known: None,
            standing: match kind {
                EventKind::RatingHeld => StandingWord::Held,
                EventKind::RatingCommented => StandingWord::Locked,
                _ => StandingWord::Rated,
            },
            comment: (kind == EventKind::RatingCommented).then(|| "This is a test.".to_owned()),
            evidence: if kind == EventKind::RatingCommented { Evidence::Commented } else { Evidence::Seen },
            rated_at: now,
            reasons: Vec::new(),
            answer: None,
        };
        let reason = Reason {
            rule: "too_short".into(),
            value: 120.into(),
            limit: 250.into(),
            message: "120 characters were written: asking takes more than 250".into(),
        };
        let erased = kind == EventKind::SurveyErased;
        // A skip is about a closing, which has no customer; an erasure takes the customer's data away.
        let customer = |text: &str| Some(text.to_owned()).filter(|_| !erased && kind != EventKind::SurveySkipped);
        Self {
            id,
            kind,
            at: now,
            survey: (kind != EventKind::SurveySkipped).then_some(id),
            conversation: Conversation { connection: String::new(), id: "test".into() },
            closed_at: now,
            subject: Some("Test of Afterword".into()).filter(|_| !erased),
            url: None,
            policy: None,
            tags: vec!["test".into()],
            customer_id: customer("test"),
            customer_name: customer("Test Customer"),
            teammate: Some(Teammate { id: "test".into(), name: Some("Test Teammate".into()), email: None, team: None }),
            team: None,
            rating: Some(told).filter(|_| is_rating && kind != EventKind::RatingVoided),
            skipped: if kind == EventKind::SurveySkipped { vec![reason] } else { Vec::new() },
            bounce: (kind == EventKind::SurveyBounced).then(|| "hard".to_owned()),
        }
    }
}

/// The news of a change of a standing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct News {
    /// Events and how long each waits, in the order in which they are sent. One [of the
    /// standing](EventKind::is_of_standing) takes the place of those of its survey that still wait.
    pub events: Vec<(EventKind, TimeDelta)>,
    /// Tellings of the survey that still wait are due after this time at the latest.
    pub hurry: Option<TimeDelta>,
}

/// Where a rating stands, as others see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum View {
    /// There is none, or it counts nowhere.
    Gone,
    Held(Score),
    Counts(Score),
}

impl View {
    fn of(standing: &Standing) -> Self {
        match standing {
            Standing::Unrated | Standing::Voided(_) => Self::Gone,
            Standing::Held { rating, .. } => Self::Held(rating.score),
            Standing::Rated(rating) | Standing::Locked(rating) => Self::Counts(rating.score),
        }
    }
}

/// Derives the news of a change of a standing. Several changes may lie between `before` and `now`: only the sum of them is
/// news.
#[must_use]
pub fn news(before: &Standing, now: &Standing) -> News {
    let wait = match now {
        Standing::Unrated | Standing::Voided(_) | Standing::Locked(_) => TimeDelta::zero(),
        Standing::Rated(rating) if rating.evidence >= Evidence::Pressed => PRESSED_WAIT,
        Standing::Rated(_) | Standing::Held { .. } => WAIT,
    };
    let kind = match (View::of(before), View::of(now)) {
        (before, now) if before == now => None,
        (View::Counts(_), View::Counts(_)) => Some(EventKind::RatingChanged),
        (_, View::Counts(_)) => Some(EventKind::RatingSet),
        (_, View::Held(_)) => Some(EventKind::RatingHeld),
        (_, View::Gone) => Some(EventKind::RatingVoided),
    };
    let mut events: Vec<_> = kind.map(|kind| (kind, wait)).into_iter().collect();
    // A voided rating that was commented on is restored with its comment, which is no new one.
    if matches!(now, Standing::Locked(_)) && !matches!(before, Standing::Locked(_) | Standing::Voided(_)) {
        events.push((EventKind::RatingCommented, TimeDelta::zero()));
    }
    // The same score with more evidence, or a comment, shortens the wait of tellings that are stored already.
    let surer = kind.is_none() && before != now;
    let hurry = Some(wait).filter(|wait| surer && *wait < WAIT);
    News { events, hurry }
}

/// What a telling says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said {
    /// What it is sent as.
    pub kind: EventKind,
    /// The score; `None` if it says none.
    pub score: Option<Score>,
}

impl Said {
    /// The score that counts by it.
    #[must_use]
    pub fn counts(self) -> Option<Score> {
        match self.view() {
            View::Counts(score) => Some(score),
            View::Gone | View::Held(_) => None,
        }
    }

    /// Where the rating stands by it.
    fn view(self) -> View {
        match (self.kind, self.score) {
            (EventKind::RatingHeld, Some(score)) => View::Held(score),
            (_, Some(score)) => View::Counts(score),
            (_, None) => View::Gone,
        }
    }
}

/// What a target knows of a rating.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// The telling that it last took, or did not want.
    pub last: Option<Said>,
    /// Another telling was sent since, and it is unknown whether the target took it.
    pub perhaps_more: bool,
}

/// What becomes of a telling that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It says this.
    Tell(Said),
    /// It would say this, which the target does not want.
    Unwanted(Said),
    /// It no longer stands, or says nothing new.
    Superseded,
}

/// Decides what a telling about a rating says, now that it is due. `said` is what it said in an earlier attempt: it
/// says the same again or nothing, because the target may have taken it.
#[must_use]
pub fn turn(kind: EventKind, said: Option<Said>, standing: &Standing, known: Known, wants: &Wants) -> Turn {
    let view = View::of(standing);
    let is_new = known.perhaps_more || known.last.map_or(View::Gone, Said::view) != view;
    let counted = known.last.is_some_and(|last| matches!(last.view(), View::Counts(_)));
    let kind = match (said, view) {
        (Some(said), _) if said.view() != view => return Turn::Superseded,
        (Some(said), _) => said.kind,
        (None, View::Counts(_)) if kind == EventKind::RatingCommented => kind,
        (None, _) if kind == EventKind::RatingCommented || !is_new => return Turn::Superseded,
        // The event of the comment follows at once.
        (None, View::Counts(_)) if wants.comment_tells_all && comment_follows(standing, known) => {
            return Turn::Superseded;
        }
        (None, View::Counts(_)) if counted => EventKind::RatingChanged,
        (None, View::Counts(_)) => EventKind::RatingSet,
        (None, View::Held(_)) => EventKind::RatingHeld,
        (None, View::Gone) => EventKind::RatingVoided,
    };
    let score = match view {
        View::Gone => None,
        View::Held(score) | View::Counts(score) => Some(score),
    };
    let said = Said { kind, score };
    if wants.takes(said) { Turn::Tell(said) } else { Turn::Unwanted(said) }
}

/// Whether the event of the comment is still to come: a rating that was voided after its comment is restored without one.
fn comment_follows(standing: &Standing, known: Known) -> bool {
    let was_told = |last: Said| matches!(last.kind, EventKind::RatingCommented | EventKind::RatingVoided);
    matches!(standing, Standing::Locked(_)) && !known.last.is_some_and(was_told)
}

#[cfg(test)]
mod tests;
