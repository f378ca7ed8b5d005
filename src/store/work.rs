//! Where the pure rules meet the batch: what a batch of commands touches, and what each command makes of it.
//!
//! A [`Work`] is loaded with all that its commands name (`load`), decides them one after the other in memory, each
//! seeing what those before it did, and is then saved whole (`save`). It owns the deciding. It must not know SQL.

use super::command::{Answer, Claimed, Command, Decision, Lease, Report};
use crate::survey::Time;
use crate::survey::closing::Teammate;
use crate::survey::delivery::{self, Attempt, Bounce, MailState, Outgoing, Patience, Tries};
use crate::survey::eligibility::{self, AskAgain, Cause, History, Verdict};
use crate::survey::evidence::Clicks;
use crate::survey::pace::Paces;
use chrono::TimeDelta;
use std::collections::{BTreeSet, HashMap, VecDeque};
use uuid::Uuid;

/// What is known of a conversation.
#[derive(Default)]
pub(super) struct Conversation {
    /// The decisions on those of its closings that commands of this batch name.
    pub decisions: HashMap<Time, Decision>,
    pub latest_closing: Option<Time>,
    pub latest_reopening: Option<Time>,
    /// The latest of its closings whose survey asks; loaded for a due mail only.
    pub latest_asked: Option<Time>,
}

/// A survey's mail, as the outbox keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mail {
    /// `waiting`, `sending`, `accepted`, `failed` or `cancelled`.
    pub state: &'static str,
    pub due_at: Time,
    pub first_due: Time,
    pub tries: u32,
    pub note: Option<String>,
}

/// A survey, without the parts that only its mail and its page show.
pub(super) struct Survey {
    pub conversation: String,
    pub closed_at: Time,
    pub made_at: Time,
    pub address_hash: String,
    pub mail: Mail,
    pub clicks: Clicks,
    pub mail_changed: bool,
    pub trail_changed: bool,
}

impl Survey {
    fn waits(&self) -> bool {
        matches!(self.mail.state, "waiting" | "sending")
    }

    /// When the address was, or will be, asked by it; `None` if it never will. A mail that may have arrived counts,
    /// whatever became of it later: nobody is asked twice.
    fn asks_at(&self) -> Option<Time> {
        if self.waits() { Some(self.mail.first_due) } else { self.clicks.accepted_at }
    }

    /// A rating proves that an earlier attempt arrived, whatever became of its mark: the mail must not go out again.
    fn note_arrival(&mut self) {
        if let Some(rating) = self.clicks.standing.rating().filter(|_| self.waits()) {
            self.clicks.accepted_at = self.clicks.accepted_at.or(Some(rating.rated_at));
            self.settle_mail("accepted", Some("a click proved that it arrived".into()));
        }
    }

    fn settle_mail(&mut self, state: &'static str, note: Option<String>) {
        self.mail.state = state;
        self.mail.note = note;
        self.mail_changed = true;
    }

    /// Cancels the mail unless it is under way or done.
    fn cancel(&mut self, why: &str) -> bool {
        self.note_arrival();
        let waiting = self.mail.state == "waiting";
        if waiting {
            self.settle_mail("cancelled", Some(why.to_owned()));
        }
        waiting
    }
}

/// A closing to be stored with its decision, and whom its survey asks.
pub(super) struct NewClosing {
    pub report: Report,
    pub decision: Decision,
    /// The team of this time: as the closing says, else as last known.
    pub team: Option<String>,
}

/// What a batch touches, and what came of it.
#[derive(Default)]
pub(super) struct Work {
    pub conversations: HashMap<String, Conversation>,
    pub surveys: HashMap<Uuid, Survey>,
    pub suppressions: HashMap<String, BTreeSet<Cause>>,
    pub teammates: HashMap<String, (Teammate, Time)>,
    /// Mails that are due, the longest first, as many as the claims may need.
    pub due: VecDeque<(Uuid, Outgoing)>,
    /// There may be more of them.
    pub more_due: bool,
    /// What left lately. It outlives the batch.
    pub paces: Paces,

    pub new_closings: Vec<NewClosing>,
    pub new_reopenings: Vec<(String, Time)>,
    pub named_teammates: BTreeSet<String>,
    pub new_suppressions: Vec<(String, Cause, Time, Option<String>)>,
    pub lifted_suppressions: BTreeSet<String>,
}

impl Work {
    /// Decides one command, and remembers what it changes for those after it and for saving.
    pub fn decide(&mut self, command: &Command) -> Answer {
        match command {
            Command::Close(report) => self.close(report),
            Command::Reopen { conversation, at } => Answer::Changed(self.reopen(conversation, *at)),
            Command::View { survey, at, score, machine, least } => {
                if let Some(survey) = self.surveys.get_mut(survey) {
                    survey.clicks.view(*at, *score, *machine, *least);
                    survey.trail_changed = true;
                }
                Answer::Changed(0)
            }
            Command::Answer { survey, at, post, least } => {
                Answer::Replied(self.surveys.get_mut(survey).map(|survey| {
                    survey.trail_changed = true;
                    let reply = survey.clicks.answer(*at, post, *least);
                    Box::new((reply, survey.clicks.clone()))
                }))
            }
            Command::Suppress { address_hash, cause, at, address } => {
                Answer::Changed(self.suppress(address_hash, *cause, *at, address.clone()))
            }
            Command::Bounce { survey, at, bounce, reason } => {
                Answer::Changed(self.bounce(*survey, *at, *bounce, reason))
            }
            Command::Unsuppress { address_hash } => {
                let causes = self.suppressions.remove(address_hash).unwrap_or_default();
                self.new_suppressions.retain(|(hash, ..)| hash != address_hash);
                self.lifted_suppressions.insert(address_hash.clone());
                Answer::Changed(causes.len() as u64)
            }
            Command::Claim(lease) => Answer::Claimed(self.claim(lease)),
            Command::Release { survey } => {
                if let Some(survey) = self.surveys.get_mut(survey).filter(|survey| survey.mail.state == "sending") {
                    survey.mail.due_at = survey.mail.first_due;
                    survey.settle_mail("waiting", survey.mail.note.clone());
                }
                Answer::Changed(0)
            }
            Command::Mark { survey, at, attempt, patience, jitter, next } => {
                self.mark(*survey, *at, attempt, *patience, *jitter);
                next.as_ref().map_or(Answer::Changed(1), |lease| Answer::Claimed(self.claim(lease)))
            }
            Command::Settle => Answer::Changed(0),
        }
    }

    fn close(&mut self, report: &Report) -> Answer {
        let closing = &report.closing;
        let conversation = self.conversations.entry(closing.conversation_id.clone()).or_default();
        if let Some(decision) = conversation.decisions.get(&closing.closed_at) {
            return Answer::Decided { decision: decision.clone(), repeat: true };
        }
        let history = self.history(report);
        let decision = match eligibility::judge(&report.policy, closing, &history, report.now) {
            Verdict::Ask(send_at) => Decision::Ask { survey: report.survey, send_at },
            Verdict::Skip(reasons) => Decision::Skip(reasons),
        };
        if !report.dry_run {
            self.record(report, decision.clone());
        }
        Answer::Decided { decision, repeat: false }
    }

    fn history(&self, report: &Report) -> History {
        let closing = &report.closing;
        let conversation = self.conversations.get(&closing.conversation_id);
        let of_conversation = |survey: &&Survey| survey.conversation == closing.conversation_id;
        let asked_closings = self
            .surveys
            .values()
            .filter(of_conversation)
            .filter(|survey| survey.asks_at().is_some())
            .map(|survey| survey.closed_at);
        let to_address = |survey: &&Survey| Some(&survey.address_hash) == report.address_hash.as_ref();
        let would_cancel = |survey: &Survey| Self::cancelled_by(survey, report);
        let asked_address =
            self.surveys.values().filter(to_address).filter(|survey| !would_cancel(survey)).filter_map(Survey::asks_at);
        let suppressed = report.address_hash.as_ref().and_then(|hash| self.suppressions.get(hash));
        History {
            asked_closings: asked_closings.collect(),
            latest_closing: conversation.and_then(|conversation| conversation.latest_closing),
            latest_reopening: conversation.and_then(|conversation| conversation.latest_reopening),
            suppressed: suppressed.into_iter().flatten().copied().collect(),
            asked_address: asked_address.collect(),
            sample: report.sample,
        }
    }

    /// With `ask_again = "each_closing"` a later closing takes the place of a survey that still waits.
    fn cancelled_by(survey: &Survey, report: &Report) -> bool {
        report.policy.ask_again == AskAgain::EachClosing
            && survey.mail.state == "waiting"
            && survey.conversation == report.closing.conversation_id
            && survey.closed_at < report.closing.closed_at
    }

    /// Takes a decided closing into the working set, and its survey if it asks.
    fn record(&mut self, report: &Report, decision: Decision) {
        let closing = &report.closing;
        let conversation = self.conversations.entry(closing.conversation_id.clone()).or_default();
        conversation.decisions.insert(closing.closed_at, decision.clone());
        conversation.latest_closing = conversation.latest_closing.max(Some(closing.closed_at));
        if matches!(decision, Decision::Ask { .. }) {
            conversation.latest_asked = conversation.latest_asked.max(Some(closing.closed_at));
        }
        let team = self.name_teammate(report);
        if let (Decision::Ask { survey, send_at }, Some(address_hash)) = (&decision, &report.address_hash) {
            let replaced: Vec<Uuid> = self
                .surveys
                .iter()
                .filter(|(_, survey)| Self::cancelled_by(survey, report))
                .map(|(id, _)| *id)
                .collect();
            for id in replaced {
                self.surveys.get_mut(&id).map(|survey| survey.cancel("later_closing"));
            }
            let window = |hours: Option<u32>| hours.map(|hours| closing.closed_at + TimeDelta::hours(hours.into()));
            let (rate, change) = (report.policy.rate_within_hours, report.policy.change_within_hours);
            let mail = Mail { state: "waiting", due_at: *send_at, first_due: *send_at, tries: 0, note: None };
            let made = Survey {
                conversation: closing.conversation_id.clone(),
                closed_at: closing.closed_at,
                made_at: report.now,
                address_hash: address_hash.clone(),
                mail,
                clicks: Clicks::new(None, window(rate), window(change)),
                mail_changed: false,
                trail_changed: false,
            };
            self.surveys.insert(*survey, made);
        }
        self.new_closings.push(NewClosing { report: report.clone(), decision, team });
    }

    /// Lets the teammate's name and team follow the latest closing that names them; the team of this closing.
    fn name_teammate(&mut self, report: &Report) -> Option<String> {
        let said = report.closing.teammate.as_ref()?;
        let closed_at = report.closing.closed_at;
        let (known, named_at) =
            self.teammates.entry(said.id.clone()).or_insert_with(|| (said.clone(), Time::UNIX_EPOCH));
        let team = said.team.clone().or_else(|| known.team.clone());
        let newer = closed_at >= *named_at;
        let follow = |known: &mut Option<String>, said: &Option<String>| {
            if said.is_some() && (newer || known.is_none()) {
                known.clone_from(said);
            }
        };
        follow(&mut known.name, &said.name);
        follow(&mut known.email, &said.email);
        follow(&mut known.team, &said.team);
        *named_at = closed_at.max(*named_at);
        self.named_teammates.insert(said.id.clone());
        team
    }

    fn reopen(&mut self, conversation: &str, at: Time) -> u64 {
        let known = self.conversations.entry(conversation.to_owned()).or_default();
        known.latest_reopening = known.latest_reopening.max(Some(at));
        self.new_reopenings.push((conversation.to_owned(), at));
        let earlier = |survey: &&mut Survey| survey.conversation == conversation && survey.closed_at <= at;
        self.surveys.values_mut().filter(earlier).map(|survey| u64::from(survey.cancel("reopened"))).sum()
    }

    fn suppress(&mut self, address_hash: &str, cause: Cause, at: Time, address: Option<String>) -> u64 {
        let new = self.suppressions.entry(address_hash.to_owned()).or_default().insert(cause);
        self.new_suppressions.push((address_hash.to_owned(), cause, at, address));
        u64::from(new)
    }

    /// Notes what was reported of a survey's mail; 0 if there is no such survey. Where the mail stands does not change:
    /// the server did take it, and one that is to be tried again is stopped by its suppression.
    fn bounce(&mut self, survey: Uuid, at: Time, bounce: Bounce, reason: &str) -> u64 {
        let Some(survey) = self.surveys.get_mut(&survey) else { return 0 };
        let words = bounce.words();
        let note = if reason.is_empty() { words.to_owned() } else { format!("{words}: {reason}") };
        survey.settle_mail(survey.mail.state, Some(note));
        let address_hash = survey.address_hash.clone();
        if let Some(cause) = bounce.cause() {
            self.suppress(&address_hash, cause, at, None);
        }
        1
    }

    /// Takes the mail that is due longest and may go.
    fn claim(&mut self, lease: &Lease) -> Claimed {
        // A turn is promised to who has something to send only.
        if !self.due.is_empty()
            && let Some(turn) = self.paces.wait_overall(lease.at, lease.rates)
        {
            return Claimed::Paced(turn);
        }
        let mut passed_over = self.more_due;
        while let Some((id, outgoing)) = self.due.pop_front() {
            if self.take(id, &outgoing.address, lease) {
                self.paces.count(&outgoing.address, lease.at, lease.rates);
                return Claimed::Mail(Box::new(outgoing));
            }
            passed_over = true;
        }
        if passed_over { Claimed::Dropped } else { Claimed::Nothing }
    }

    /// Leases a mail, unless it must not go any more, as what can have changed since the decision is checked again, or
    /// not yet: then it gets a turn of its own, so that it is met again when it can go and not before.
    fn take(&mut self, id: Uuid, address: &str, lease: &Lease) -> bool {
        let Some(survey) = self.surveys.get_mut(&id) else { return false };
        survey.note_arrival();
        if !survey.waits() || survey.mail.due_at > lease.at {
            return false;
        }
        let conversation = self.conversations.get(&survey.conversation);
        let reopened = conversation.and_then(|known| known.latest_reopening).is_some_and(|at| at >= survey.closed_at);
        // It came while this mail was under way.
        let superseded = conversation.and_then(|known| known.latest_asked).is_some_and(|at| at > survey.closed_at);
        let cause = self.suppressions.get(&survey.address_hash).and_then(|causes| causes.first());
        let window_over = survey.clicks.rate_until.is_some_and(|until| lease.at > until);
        let why = match cause {
            _ if reopened => Some("reopened"),
            _ if superseded => Some("later_closing"),
            Some(cause) => Some(cause.word()),
            None if window_over => Some("window_over"),
            None => None,
        };
        let note = survey.mail.note.clone();
        if let Some(why) = why {
            survey.settle_mail("cancelled", Some(why.to_owned()));
            return false;
        }
        if let Some(turn) = self.paces.wait_domain(address, lease.at, lease.rates) {
            survey.mail.due_at = turn;
            survey.settle_mail("waiting", note);
            return false;
        }
        survey.mail.due_at = lease.until;
        survey.settle_mail("sending", note);
        true
    }

    fn mark(&mut self, survey: Uuid, now: Time, attempt: &Attempt, patience: Patience, jitter: f64) {
        let Some(survey) = self.surveys.get_mut(&survey).filter(|survey| survey.mail.state == "sending") else {
            return;
        };
        if !matches!(attempt, Attempt::Unreachable(_)) {
            survey.mail.tries = survey.mail.tries.saturating_add(1);
        }
        let tries = Tries { count: survey.mail.tries, arrived: survey.clicks.accepted_at.is_some() };
        if matches!(attempt, Attempt::Accepted | Attempt::Unknown(_)) {
            survey.clicks.accepted_at = Some(now);
        }
        let note = match attempt {
            Attempt::Accepted => None,
            Attempt::Temporary(why) | Attempt::Permanent(why) | Attempt::Unreachable(why) | Attempt::Unknown(why) => {
                Some(why.clone())
            }
        };
        let last_try = patience.last_try(survey.mail.first_due, survey.clicks.rate_until);
        let state = match delivery::after(attempt, tries, last_try, now, patience, jitter) {
            MailState::Waiting(due) => {
                survey.mail.due_at = due;
                "waiting"
            }
            MailState::Accepted => "accepted",
            MailState::Failed => "failed",
        };
        survey.settle_mail(state, note);
    }
}
