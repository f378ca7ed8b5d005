//! What happens in the made-up history: conversations, and how their customers take to being asked.
//!
//! Pure, and the same for the same days: the only randomness is a fixed seed. It must not know how any of it is brought
//! about, nor what the rules of asking make of it.

use super::shop::{self, Agent, Topic};
use crate::survey::Time;
use crate::survey::closing::{Closing, Customer, Kind, StartedBy, State, Teammate};
use crate::survey::evidence::Evidence;
use crate::survey::rating::Score;
use chrono::{Datelike, Days, NaiveDate, TimeDelta, Weekday};
use fastrand::Rng;

/// Any will do; this one is part of what the demo looks like.
const SEED: u64 = 0x1a3b;
/// The first conversation's number in the shop's helpdesk.
const FIRST_CONVERSATION: u64 = 48_213;
/// Days before the end in which the carrier was on strike: a dent for whoever looks at the days.
const STRIKE: std::ops::Range<u64> = 38..45;

/// Something that the helpdesk reports.
pub(super) enum Report {
    /// A closing, and what its customer does if asked.
    Close(Box<Closing>, Reaction),
    /// The reopening of a conversation.
    Reopen(String),
}

/// What becomes of a mail.
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
    /// With a name of its own.
    Named,
    /// As if it were a browser.
    Disguised,
}

/// What ends it for an address.
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
    /// How a confirmation is made, if the page asks for no more.
    pub how: Evidence,
    pub comment: Option<&'static str>,
}

/// What a visitor does on the page.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Act {
    /// Closes it at once.
    Leaves,
    /// Confirms, by staying or by the button.
    Confirms,
    /// Confirms, and a gateway opens all links in the same minute.
    Doubted,
    /// Picks another score than before.
    Changes,
}

/// The ways in which a conversation differs from most.
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

/// How often each of them comes, in a thousand.
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

/// Everything that is reported in so many days up to a moment, each at its time.
pub(super) fn plan(days: u64, until: Time) -> Vec<(Time, Report)> {
    let mut planner =
        Planner { rng: Rng::with_seed(SEED), until, conversations: 0, said: [0; 16], reports: Vec::new() };
    for back in (0..days).rev() {
        if let Some(day) = until.date_naive().checked_sub_days(Days::new(back)) {
            planner.day(day, STRIKE.contains(&back));
        }
    }
    planner.reports
}

struct Planner {
    rng: Rng,
    until: Time,
    conversations: u64,
    /// How many texts of each kind were used, so that they come in turn: happy ones of each topic, then unhappy ones of
    /// each, then the others.
    said: [usize; 16],
    reports: Vec<(Time, Report)>,
}

impl Planner {
    fn day(&mut self, day: NaiveDate, strike: bool) {
        let weekend = matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
        let closings = if weekend { self.rng.u32(4..=8) } else { self.rng.u32(14..=24) };
        for _ in 0..closings {
            // From eight to half past six, most of it around lunch.
            let second = 8 * 3600 + u32::midpoint(self.rng.u32(0..37_800), self.rng.u32(0..37_800));
            let time = chrono::NaiveTime::from_num_seconds_from_midnight_opt(second, 0);
            self.conversation(day.and_time(time.unwrap_or_default()).and_utc(), strike);
        }
    }

    fn conversation(&mut self, at: Time, strike: bool) {
        self.conversations += 1;
        let agent = &shop::AGENTS[weighted(&mut self.rng, &shop::AGENTS.each_ref().map(|agent| agent.share))];
        let topics: Vec<_> = (0..shop::TOPICS.len()).filter(|topic| shop::TOPICS[*topic].team == agent.team).collect();
        let topic = topics[self.rng.usize(..topics.len())];
        let closing = self.closing(at, agent, &shop::TOPICS[topic]);
        let reaction = self.reaction(agent, topic, strike);
        let (twist, _) = TWISTS[weighted(&mut self.rng, &TWISTS.map(|(_, share)| share))];
        self.twist(twist, closing, reaction);
    }

    fn closing(&mut self, at: Time, agent: &Agent, topic: &Topic) -> Closing {
        let number = FIRST_CONVERSATION + self.conversations;
        let rng = &mut self.rng;
        // The lower of two: some come again and again.
        let customer = rng.usize(..shop::CUSTOMERS).min(rng.usize(..shop::CUSTOMERS));
        let (name, email) = shop::customer(customer);
        let channel = ["email", "email", "email", "chat", "chat", "form"][rng.usize(..6)];
        let started_by = if rng.u32(..100) < 4 { StartedBy::Teammate } else { StartedBy::Customer };
        Closing {
            conversation_id: number.to_string(),
            closed_at: at,
            state: State::Closed,
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
        let mut place = weighted(&mut self.rng, &agent.temperament);
        if strike && agent.team == shop::ORDERS && self.rng.u32(..10) < 4 {
            place = place.saturating_sub(2);
        }
        let how = [(Evidence::Seen, 60), (Evidence::Touched, 30), (Evidence::Pressed, 10)];
        let (how, _) = how[weighted(&mut self.rng, &how.map(|(_, share)| share))];
        let (score, after) = (Score::ALL[place], self.patience());
        let visit = |act, comment| Visit { after, score, act, how, comment };
        let mut end = None;
        let visits = match self.rng.u32(..1000) {
            0..28 => vec![visit(Act::Leaves, None)],
            28..44 => self.doubted(visit(Act::Doubted, None)),
            44..60 => self.undecided(visit(Act::Confirms, None)),
            60..400 => vec![visit(Act::Confirms, self.comment(topic, place))],
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

    /// Half of the answers come within hours, the rest over some days.
    fn patience(&mut self) -> TimeDelta {
        TimeDelta::minutes(match self.rng.u32(..100) {
            0..45 => self.rng.i64(3..90),
            45..75 => self.rng.i64(90..720),
            75..95 => self.rng.i64(720..2_900),
            _ => self.rng.i64(2_900..8_000),
        })
    }

    /// Some come back and confirm, the others stay held.
    fn doubted(&mut self, visit: Visit) -> Vec<Visit> {
        let visit = Visit { how: Evidence::Seen, ..visit };
        let after = visit.after + TimeDelta::minutes(self.rng.i64(30..600));
        let again = Visit { after, act: Act::Confirms, ..visit };
        if self.rng.u32(..10) < 4 { vec![visit, again] } else { vec![visit] }
    }

    /// A change of mind: one face up or down.
    fn undecided(&mut self, visit: Visit) -> Vec<Visit> {
        let place = visit.score.index();
        let place = if place == 0 || (place < 4 && self.rng.bool()) { place + 1 } else { place - 1 };
        let after = visit.after + TimeDelta::minutes(self.rng.i64(20..1_500));
        let again = Visit { after, score: Score::ALL[place], act: Act::Changes, ..visit };
        vec![visit, again]
    }

    /// The unhappy write more often.
    fn comment(&mut self, topic: usize, place: usize) -> Option<&'static str> {
        let happy = shop::TOPICS.len();
        let (texts, kind, percent) = match place {
            0 | 1 => (shop::TOPICS[topic].unhappy, happy + topic, 55),
            2 => (shop::INDIFFERENT, 2 * happy, 30),
            _ => (shop::TOPICS[topic].happy, topic, 20),
        };
        if self.rng.u32(..100) >= percent {
            return None;
        }
        self.said[kind] += 1;
        Some(texts[self.said[kind] % texts.len()])
    }

    /// Bends a conversation, and reports it.
    fn twist(&mut self, twist: Twist, mut closing: Closing, reaction: Reaction) {
        let (id, at) = (closing.conversation_id.clone(), closing.closed_at);
        match twist {
            Twist::None => {}
            Twist::TooShort => closing.characters = Some(self.rng.u32(18..=250)),
            Twist::Snoozed => {
                let again = at + TimeDelta::minutes(self.rng.i64(1_200..4_000));
                self.report(again, Report::Close(closed_again(&closing, again), reaction.clone()));
                closing.state = State::Snoozed;
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
                self.report(reopened, Report::Reopen(id));
                self.report(again, Report::Close(closed_again(&closing, again), Reaction::default()));
            }
        }
        self.report(at, Report::Close(Box::new(closing), reaction));
    }

    fn report(&mut self, at: Time, report: Report) {
        if at < self.until {
            self.reports.push((at, report));
        }
    }
}

fn closed_again(closing: &Closing, at: Time) -> Box<Closing> {
    let last_reply_at = Some(at - TimeDelta::minutes(9));
    Box::new(Closing { closed_at: at, last_reply_at, ..closing.clone() })
}

/// A place, by how much weighs on it.
fn weighted(rng: &mut Rng, weights: &[u32]) -> usize {
    let mut left = rng.u32(..weights.iter().sum::<u32>());
    for (place, weight) in weights.iter().enumerate() {
        match left.checked_sub(*weight) {
            Some(rest) => left = rest,
            None => return place,
        }
    }
    0
}
