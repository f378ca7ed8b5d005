//! What happens in the made-up history: conversations, and how customers react to the survey mails.
//!
//! Pure and deterministic: its random numbers come from a fixed seed. It must not know how the events are replayed, nor
//! which conversations the rules skip.

use super::guests::{self, SLOW, UNCLEAR, UNSOLVED};
use super::shop::{self, Agent, Topic};
use crate::survey::Time;
use crate::survey::closing::{Closing, ClosingState, Customer, Kind, StartedBy, Teammate};
use crate::survey::page::{Evidence, Visitor};
use crate::survey::rating::Score;
use chrono::{Datelike, Days, NaiveDate, TimeDelta, Weekday};
use fastrand::Rng;

/// An arbitrary seed. Another one would change every figure of the demo.
const SEED: u64 = 0x1a3b;
/// The first conversation's number in the shop's helpdesk.
const FIRST_CONVERSATION: u64 = 48_213;
/// The carrier's strike, in days before the end. It shows as a dip in the figures by day.
const STRIKE: std::ops::Range<u64> = 38..45;

/// An event that the helpdesk reports.
pub(super) enum Event {
    /// A closing, and how its customer reacts to a survey mail.
    Close(Box<Closing>, Reaction),
    /// The reopening of a conversation.
    Reopen(String),
}

/// What happens to a survey mail.
#[derive(Clone, Default)]
pub(super) struct Reaction {
    /// A mail gateway opens all its links at once.
    pub scan: Option<Scan>,
    pub visits: Vec<Visit>,
    pub end: Option<End>,
}

/// How a mail gateway presents itself.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Scan {
    /// With a User-Agent that names it.
    Named,
    /// As if it were a browser.
    Disguised,
}

/// An event after which an address gets no more mail.
#[derive(Clone, Copy)]
pub(super) enum End {
    /// The customer unsubscribes.
    Unsubscribes,
    /// The mail comes back.
    Bounces,
}

/// A customer opens a rating link.
#[derive(Clone, Copy)]
pub(super) struct Visit {
    /// How long after the mail.
    pub after: TimeDelta,
    pub score: Score,
    pub act: Act,
    /// What the customer reads mail with.
    pub with: Visitor,
    /// How the visitor confirms, unless the page requires stronger evidence.
    pub how: Evidence,
    pub comment: Option<&'static str>,
    /// The reasons that the visitor ticks.
    pub ticked: &'static [&'static str],
}

/// What a visitor does on the page.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Act {
    /// Closes it at once.
    Leaves,
    /// Confirms, by staying or by the button.
    Confirms,
    /// Confirms, and a mail gateway opens all links within the same minute.
    Doubted,
    /// Picks another score than before.
    Changes,
}

/// How a conversation differs from the usual one.
#[derive(Clone, Copy)]
enum Twist {
    None,
    TooShort,
    Snoozed,
    Group,
    NoAddress,
    Automatic,
    Unanswered,
    Robot,
    OtherSurvey,
    NotThisOne,
    Stale,
    NoTeammate,
    Reopened,
}

/// How often each twist occurs, per thousand conversations.
const TWISTS: [(Twist, u32); 13] = [
    (Twist::None, 775),
    (Twist::TooShort, 50),
    (Twist::Snoozed, 25),
    (Twist::Group, 15),
    (Twist::NoAddress, 20),
    (Twist::Automatic, 15),
    (Twist::Unanswered, 10),
    (Twist::Robot, 8),
    (Twist::OtherSurvey, 4),
    (Twist::NotThisOne, 8),
    (Twist::Stale, 10),
    (Twist::NoTeammate, 15),
    (Twist::Reopened, 45),
];

/// How often unhappy customers tick what, in percent.
const TICKS: [(&[&str], u32); 5] =
    [(&[], 35), (&[SLOW], 25), (&[UNSOLVED], 20), (&[UNCLEAR], 12), (&[SLOW, UNSOLVED], 8)];
const TICKS_IN_STRIKE: [(&[&str], u32); 5] =
    [(&[], 25), (&[SLOW], 55), (&[UNSOLVED], 5), (&[UNCLEAR], 5), (&[SLOW, UNSOLVED], 10)];

/// The events of the last `days` days before `until`, each with its time.
pub(super) fn plan(days: u64, until: Time) -> Vec<(Time, Event)> {
    let mut planner = Planner {
        rng: Rng::with_seed(SEED),
        ticks_rng: Rng::with_seed(SEED),
        until,
        conversations: 0,
        comments_used: [0; 16],
        events: Vec::new(),
    };
    for back in (0..days).rev() {
        if let Some(day) = until.date_naive().checked_sub_days(Days::new(back)) {
            planner.day(day, STRIKE.contains(&back));
        }
    }
    planner.events
}

/// The evenings of the working days among the last `days` days before `until`, when the team has time for ratings.
pub(super) fn evenings(days: u64, until: Time) -> impl Iterator<Item = Time> {
    let day = move |back| until.date_naive().checked_sub_days(Days::new(back));
    let working = |day: &NaiveDate| !matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
    let evening = |day: NaiveDate| day.and_hms_opt(17, 0, 0).map(|time| time.and_utc());
    (0..days).filter_map(day).filter(working).filter_map(evening).filter(move |at| *at < until)
}

struct Planner {
    rng: Rng,
    /// Draws what is ticked, so that other texts to tick change nothing else.
    ticks_rng: Rng,
    until: Time,
    conversations: u64,
    /// How many comments of each kind were used, so that they take turns: the happy ones of each topic, then the
    /// unhappy ones of each topic, then the indifferent ones.
    comments_used: [usize; 16],
    events: Vec<(Time, Event)>,
}

impl Planner {
    fn day(&mut self, day: NaiveDate, strike: bool) {
        let weekend = matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
        let closings = if weekend { self.rng.u32(4..=8) } else { self.rng.u32(14..=24) };
        for _ in 0..closings {
            // Between 8:00 and 18:30, mostly around lunch.
            let second = 8 * 3600 + u32::midpoint(self.rng.u32(0..37_800), self.rng.u32(0..37_800));
            let time = chrono::NaiveTime::from_num_seconds_from_midnight_opt(second, 0);
            self.conversation(day.and_time(time.unwrap_or_default()).and_utc(), strike);
        }
    }

    fn conversation(&mut self, at: Time, strike: bool) {
        self.conversations += 1;
        let agent = &shop::AGENTS[weighted_index(&mut self.rng, &shop::AGENTS.each_ref().map(|agent| agent.share))];
        let topics: Vec<_> = (0..shop::TOPICS.len()).filter(|topic| shop::TOPICS[*topic].team == agent.team).collect();
        let topic = topics[self.rng.usize(..topics.len())];
        let closing = self.closing(at, agent, &shop::TOPICS[topic]);
        let reaction = self.reaction(agent, topic, strike);
        let (twist, _) = TWISTS[weighted_index(&mut self.rng, &TWISTS.map(|(_, share)| share))];
        self.twist(twist, closing, reaction);
    }

    fn closing(&mut self, at: Time, agent: &Agent, topic: &Topic) -> Closing {
        let number = FIRST_CONVERSATION + self.conversations;
        let rng = &mut self.rng;
        // The lower of two random numbers, so that some customers write more often.
        let customer = rng.usize(..shop::CUSTOMERS).min(rng.usize(..shop::CUSTOMERS));
        let (name, email) = shop::customer(customer);
        let channel = ["email", "email", "email", "chat", "chat", "form"][rng.usize(..6)];
        let started_by = if rng.u32(..100) < 4 { StartedBy::Teammate } else { StartedBy::Customer };
        Closing {
            connection: String::new(),
            conversation_id: number.to_string(),
            closed_at: at,
            state: ClosingState::Closed,
            subject: Some(topic.subjects[rng.usize(..topic.subjects.len())].to_owned()),
            url: Some(format!("https://desk.example.com/conversations/{number}")),
            channel: Some(channel.to_owned()),
            started_by: Some(started_by),
            characters: Some(260 + u32::midpoint(rng.u32(..1_800), rng.u32(..3_600))),
            last_reply_at: Some(at - TimeDelta::minutes(rng.i64(1..180))),
            teammate_replied: Some(true),
            customers: vec![Customer {
                id: Some(format!("c{customer}")),
                email: Some(email),
                name: Some(name),
                kind: Some(if rng.u32(..4) == 0 { Kind::Lead } else { Kind::User }),
                locale: None,
            }],
            teammate: Some(Teammate {
                id: agent.id.to_owned(),
                name: Some(agent.name.to_owned()),
                email: Some(agent.email.to_owned()),
                team: Some(agent.team.to_owned()),
            }),
            messages: None,
            tags: vec![topic.tag.to_owned()],
            policy: None,
            ask: true,
            other_survey: false,
            in_reply_to: (channel == "email").then(|| format!("<{number}@desk.example.com>")),
        }
    }

    fn reaction(&mut self, agent: &Agent, topic: usize, strike: bool) -> Reaction {
        let scan = match self.rng.u32(..100) {
            0..6 => Some(Scan::Named),
            6..8 => Some(Scan::Disguised),
            _ => None,
        };
        let mut score_index = weighted_index(&mut self.rng, &agent.scores);
        if strike && agent.team == shop::ORDERS && self.rng.u32(..10) < 4 {
            score_index = score_index.saturating_sub(2);
        }
        let how = [(Evidence::Seen, 60), (Evidence::Touched, 30), (Evidence::Pressed, 10)];
        let (how, _) = how[weighted_index(&mut self.rng, &how.map(|(_, share)| share))];
        let (score, after, with) = (Score::ALL[score_index], self.answer_delay(), self.mail_program());
        let visit = |act, comment| Visit { after, score, act, with, how, comment, ticked: &[] };
        let mut end = None;
        let visits = match self.rng.u32(..1000) {
            0..28 => vec![visit(Act::Leaves, None)],
            28..44 => self.doubted(visit(Act::Doubted, None)),
            44..60 => self.undecided(visit(Act::Confirms, None)),
            60..400 => {
                let comment = self.comment(topic, score_index);
                vec![Visit { ticked: self.ticks(score_index, strike), ..visit(Act::Confirms, comment) }]
            }
            400..412 => {
                end = Some(End::Unsubscribes);
                Vec::new()
            }
            412..416 => {
                end = Some(End::Bounces);
                Vec::new()
            }
            _ => Vec::new(),
        };
        Reaction { scan, visits, end }
    }

    /// A phone for six in ten; for half of the others a webmail.
    fn mail_program(&mut self) -> Visitor {
        let drawn = self.rng.u32(..10);
        Visitor { machine: false, phone: drawn < 6, webmail: drawn >= 8 }
    }

    /// The time from a mail to its answer: mostly hours, otherwise some days.
    fn answer_delay(&mut self) -> TimeDelta {
        TimeDelta::minutes(match self.rng.u32(..100) {
            0..45 => self.rng.i64(3..90),
            45..75 => self.rng.i64(90..720),
            75..95 => self.rng.i64(720..2_900),
            _ => self.rng.i64(2_900..8_000),
        })
    }

    /// A rating that a scan casts doubt on. Some of its visitors come back and confirm; the other ratings stay held.
    fn doubted(&mut self, visit: Visit) -> Vec<Visit> {
        let visit = Visit { how: Evidence::Seen, ..visit };
        let after = visit.after + TimeDelta::minutes(self.rng.i64(30..600));
        let again = Visit { after, act: Act::Confirms, ..visit };
        if self.rng.u32(..10) < 4 { vec![visit, again] } else { vec![visit] }
    }

    /// A visitor who changes the rating by one score, up or down.
    fn undecided(&mut self, visit: Visit) -> Vec<Visit> {
        let score_index = visit.score.index();
        let score_index =
            if score_index == 0 || (score_index < 4 && self.rng.bool()) { score_index + 1 } else { score_index - 1 };
        let after = visit.after + TimeDelta::minutes(self.rng.i64(20..1_500));
        let again = Visit { after, score: Score::ALL[score_index], act: Act::Changes, ..visit };
        vec![visit, again]
    }

    /// A comment, or none. Unhappy customers write more often.
    fn comment(&mut self, topic: usize, score_index: usize) -> Option<&'static str> {
        let happy = shop::TOPICS.len();
        let (texts, kind, percent) = match score_index {
            0 | 1 => (shop::TOPICS[topic].unhappy, happy + topic, 55),
            2 => (shop::INDIFFERENT, 2 * happy, 30),
            _ => (shop::TOPICS[topic].happy, topic, 20),
        };
        if self.rng.u32(..100) >= percent {
            return None;
        }
        self.comments_used[kind] += 1;
        Some(texts[self.comments_used[kind] % texts.len()])
    }

    /// The reasons that a customer ticks. Happy ones are offered none.
    fn ticks(&mut self, score_index: usize, strike: bool) -> &'static [&'static str] {
        if score_index >= guests::ASKED_WHY.len() {
            return &[];
        }
        let ticks = if strike { &TICKS_IN_STRIKE } else { &TICKS };
        ticks[weighted_index(&mut self.ticks_rng, &ticks.map(|(_, share)| share))].0
    }

    /// Applies a twist to a conversation and reports it.
    fn twist(&mut self, twist: Twist, mut closing: Closing, reaction: Reaction) {
        let (id, at) = (closing.conversation_id.clone(), closing.closed_at);
        match twist {
            Twist::None => {}
            Twist::TooShort => closing.characters = Some(self.rng.u32(18..=250)),
            Twist::Snoozed => {
                let again = at + TimeDelta::minutes(self.rng.i64(1_200..4_000));
                self.report(again, Event::Close(closed_again(&closing, again), reaction.clone()));
                closing.state = ClosingState::Snoozed;
            }
            Twist::Group => {
                let (name, email) = shop::customer(self.rng.usize(..shop::CUSTOMERS));
                let other = Customer { id: None, email: Some(email), name: Some(name), kind: None, locale: None };
                closing.customers.push(other);
            }
            Twist::NoAddress => {
                closing.customers[0].email = None;
                closing.customers[0].kind = Some(Kind::Lead);
                closing.channel = Some("chat".into());
                closing.in_reply_to = None;
            }
            Twist::Automatic => closing.started_by = Some(StartedBy::Workflow),
            Twist::Unanswered => {
                closing.teammate = None;
                closing.started_by = Some(StartedBy::Customer);
                closing.teammate_replied = Some(false);
            }
            Twist::Robot => {
                closing.subject = Some("Your parcel is on its way".into());
                closing.customers[0].email = Some("no-reply@parcels.example.net".into());
                closing.customers[0].name = Some("Parcels".into());
            }
            Twist::OtherSurvey => closing.other_survey = true,
            Twist::NotThisOne => closing.ask = false,
            Twist::Stale => closing.last_reply_at = Some(at - TimeDelta::hours(self.rng.i64(180..500))),
            Twist::NoTeammate => closing.teammate = None,
            Twist::Reopened => {
                let reopened = at + TimeDelta::minutes(self.rng.i64(200..2_400));
                let again = reopened + TimeDelta::minutes(self.rng.i64(200..1_200));
                self.report(reopened, Event::Reopen(id));
                self.report(again, Event::Close(closed_again(&closing, again), Reaction::default()));
            }
        }
        self.report(at, Event::Close(Box::new(closing), reaction));
    }

    fn report(&mut self, at: Time, event: Event) {
        if at < self.until {
            self.events.push((at, event));
        }
    }
}

fn closed_again(closing: &Closing, at: Time) -> Box<Closing> {
    let last_reply_at = Some(at - TimeDelta::minutes(9));
    Box::new(Closing { closed_at: at, last_reply_at, ..closing.clone() })
}

/// A random index, with a probability proportional to its weight.
fn weighted_index(rng: &mut Rng, weights: &[u32]) -> usize {
    let mut remaining = rng.u32(..weights.iter().sum::<u32>());
    for (index, weight) in weights.iter().enumerate() {
        match remaining.checked_sub(*weight) {
            Some(rest) => remaining = rest,
            None => return index,
        }
    }
    0
}
