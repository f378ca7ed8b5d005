//! Made-up histories: in which zone, from when on, what happens, and what is asked of the reports at the end.
//!
//! Surveys, customers and conversations are named by numbers, which the play reads modulo how many there are, so that a
//! shorter history still makes sense. It must not know how a step is taken, nor what it counts.

use chrono::{DateTime, NaiveDate, Offset, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use proptest::prelude::*;
use proptest::sample::select;
use std::fmt;

/// What happens at a desk, and what is asked then.
#[derive(Clone, Debug)]
pub struct History {
    /// The zone of reports.
    pub zone: Tz,
    /// When it begins.
    pub start: DateTime<Utc>,
    /// The scores that count as positive.
    pub positive: Vec<u8>,
    pub steps: Vec<Step>,
    /// What is asked at the end, besides all cuts of all time.
    pub questions: Vec<Question>,
}

/// One thing that happens.
#[derive(Clone, Debug)]
pub enum Step {
    Close(Closing),
    /// Sends what is due; the relay answers each mail so.
    Deliver(Relay),
    /// Opens some faces of a survey, one a second.
    Open {
        survey: usize,
        faces: Vec<usize>,
        by: Visitor,
    },
    Press(Press),
    /// A script confirms a face, and then all faces are opened: that puts the rating in doubt.
    Scan {
        survey: usize,
        face: usize,
        by: Visitor,
    },
    Reopen {
        conversation: usize,
    },
    Bounce {
        survey: usize,
        kind: &'static str,
    },
    Unsubscribe {
        survey: usize,
    },
    Erase {
        customer: usize,
    },
    /// Erases and deletes what is too old.
    Expire,
    /// Makes failed mails due again.
    Requeue,
    /// An admin decides about a rating.
    Decide {
        survey: usize,
        act: &'static str,
    },
    /// Adds what changed, and so many new surveys at most, to what reports have summed up.
    RollUp(usize),
    /// Forgets all that reports have summed up.
    Rebuild,
    Pass(TimeDelta),
    /// Goes on to this many milliseconds after the next local midnight, which may be before it.
    Midnight(i64),
    /// Reads everything before the history goes on.
    Look(Box<Question>),
}

/// What a helpdesk reports.
#[derive(Clone, Debug)]
pub struct Closing {
    /// An earlier conversation again, by its number; none is a new one.
    pub again: Option<usize>,
    pub connection: &'static str,
    pub customer: usize,
    pub teammate: Option<usize>,
    /// Which of its names the teammate has.
    pub named: usize,
    pub team: Option<&'static str>,
    /// Only the messages tell who the teammate was.
    pub by_messages: bool,
    pub channel: Option<&'static str>,
    pub tags: Vec<&'static str>,
    pub policy: Option<&'static str>,
    pub locale: Option<&'static str>,
    /// How many minutes ago it was closed.
    pub ago: i64,
    /// So little was written that nobody is asked.
    pub short: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Relay {
    Accepts,
    PutsOff,
    Refuses,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Visitor {
    Desktop,
    Webmail,
    Phone,
    Machine,
}

/// What a customer does on the page of a face.
#[derive(Clone, Debug)]
pub struct Press {
    pub survey: usize,
    pub face: usize,
    pub by: Visitor,
    /// How it is confirmed.
    pub how: &'static str,
    /// Milliseconds between opening and sending.
    pub after: i64,
    /// Sent this many milliseconds after the next local midnight instead.
    pub midnight: Option<i64>,
    /// Another face that was picked on the page.
    pub picked: Option<usize>,
    pub comment: bool,
    /// What is ticked, if the form has boxes.
    pub ticks: Option<Vec<&'static str>>,
}

/// What is asked of a report.
#[derive(Clone, Debug)]
pub struct Question {
    pub cut: String,
    pub filters: Vec<(&'static str, &'static str)>,
    pub from: Option<Edge>,
    pub to: Option<Edge>,
    pub compare: bool,
}

/// One end of a period.
#[derive(Clone, Copy, Debug)]
pub enum Edge {
    /// This many local days before today.
    Day(i64),
    /// The first day of the month so many months ago, as a start, and its last day, as an end.
    Month(u32),
    /// The time of one of all facts, and so many milliseconds.
    Fact(usize, i64),
}

/// The cuts, as the API spells them.
pub const CUTS: [&str; 10] =
    ["teammate", "team", "channel", "tag", "policy", "language", "connection", "day", "week", "month"];
/// All that can be ticked, as fields of the form.
pub const TICKS: [&str; 5] = ["reason=unsolved", "reason=slow", "reason=kind", "answer=solved.yes", "answer=solved.no"];
/// Where half hours and changes of clocks are, some of them at midnight.
const ZONES: [Tz; 10] = [
    Tz::UTC,
    Tz::Australia__Lord_Howe,
    Tz::Asia__Kathmandu,
    Tz::America__St_Johns,
    Tz::Europe__Berlin,
    Tz::America__Sao_Paulo,
    Tz::Pacific__Apia,
    Tz::America__Asuncion,
    Tz::Asia__Beirut,
    Tz::America__Havana,
];

pub fn history() -> impl Strategy<Value = History> {
    let positive = select(vec![vec![4, 5], vec![5], vec![3, 5], vec![1, 2, 3, 4, 5]]);
    let steps = prop::collection::vec(step(), 1..120);
    let questions = prop::collection::vec(question(), 6);
    (select(ZONES.to_vec()), 0..1_000_usize, 0..2_000_i64, positive, steps, questions).prop_map(
        |(zone, change, day, positive, steps, questions)| History {
            zone,
            start: start(zone, change, day),
            positive,
            steps,
            questions,
        },
    )
}

/// Shortly before the clocks change in that zone, or on any day.
fn start(zone: Tz, change: usize, day: i64) -> DateTime<Utc> {
    let noon = |day: i64| Utc.with_ymd_and_hms(2020, 6, 1, 12, 0, 0).unwrap() + TimeDelta::days(day);
    let offset = |at: DateTime<Utc>| zone.offset_from_utc_datetime(&at.naive_utc()).fix();
    let changes: Vec<_> = (0..2_000).map(noon).filter(|at| offset(*at) != offset(*at - TimeDelta::days(1))).collect();
    match changes.get(change % (2 * changes.len() + 1)) {
        Some(at) => *at - TimeDelta::days(2),
        None => noon(day),
    }
}

fn step() -> impl Strategy<Value = Step> {
    let survey = || 0..1_000_usize;
    let faces = prop::collection::vec(0..5_usize, 1..4);
    let seconds = select(vec![1, 30, 59, 60, 299, 300, 301, 1_200, 5_000, 20_000, 86_400, 300_000, 1_500_000]);
    prop_oneof![
        9 => closing().prop_map(Step::Close),
        6 => relay().prop_map(Step::Deliver),
        4 => (survey(), faces, visitor()).prop_map(|(survey, faces, by)| Step::Open { survey, faces, by }),
        12 => press().prop_map(Step::Press),
        2 => (survey(), 0..5_usize, visitor()).prop_map(|(survey, face, by)| Step::Scan { survey, face, by }),
        1 => survey().prop_map(|conversation| Step::Reopen { conversation }),
        1 => (survey(), select(vec!["hard", "soft", "complaint"])).prop_map(|(survey, kind)| Step::Bounce { survey, kind }),
        1 => survey().prop_map(|survey| Step::Unsubscribe { survey }),
        1 => (0..1_000_usize).prop_map(|customer| Step::Erase { customer }),
        1 => Just(Step::Expire),
        1 => Just(Step::Requeue),
        4 => (survey(), select(vec!["release", "discard", "void", "restore"]))
            .prop_map(|(survey, act)| Step::Decide { survey, act }),
        4 => select(vec![1, 2, 500]).prop_map(Step::RollUp),
        1 => Just(Step::Rebuild),
        8 => seconds.prop_map(|seconds| Step::Pass(TimeDelta::seconds(seconds))),
        3 => edge_of_a_day().prop_map(Step::Midnight),
        1 => question().prop_map(|question| Step::Look(Box::new(question))),
    ]
}

/// Milliseconds around a midnight.
fn edge_of_a_day() -> impl Strategy<Value = i64> {
    select(vec![-1, 0, 0, 1, -1_800_000, 1_799_999, -3_600_001, 3_600_000])
}

fn relay() -> impl Strategy<Value = Relay> {
    prop_oneof![8 => Just(Relay::Accepts), 1 => Just(Relay::PutsOff), 1 => Just(Relay::Refuses)]
}

fn visitor() -> impl Strategy<Value = Visitor> {
    select(vec![Visitor::Desktop, Visitor::Desktop, Visitor::Webmail, Visitor::Phone, Visitor::Machine])
}

fn closing() -> impl Strategy<Value = Closing> {
    let whose =
        (prop::option::weighted(0.8, 0..3_usize), 0..3_usize, select(TEAMS.to_vec()), prop::bool::weighted(0.2));
    let cuts = (
        select(vec![None, Some("chat"), Some("email"), Some("e-mail")]),
        prop::collection::vec(select(vec!["refund", "bug", "vip", "größe \"L\""]), 0..4),
        select(vec![None, None, Some("vip"), Some("slow")]),
        select(vec![None, Some("de"), Some("de-AT"), Some("DE_ch"), Some("pt-BR"), Some("zh-Hant-TW")]),
    );
    let what = (prop::option::weighted(0.15, 0..1_000_usize), select(vec!["", "", "desk"]), 0..12_usize);
    let late = (select(vec![0, 0, 0, 7, 2_000, 11_000]), prop::bool::weighted(0.05));
    (what, whose, cuts, late).prop_map(
        |(
            (again, connection, customer),
            (teammate, named, team, by_messages),
            (channel, tags, policy, locale),
            late,
        )| {
            let (ago, short) = late;
            Closing {
                again,
                connection,
                customer,
                teammate,
                named,
                team,
                by_messages,
                channel,
                tags,
                policy,
                locale,
                ago,
                short,
            }
        },
    )
}

const TEAMS: [Option<&str>; 5] = [None, Some("Billing"), Some("Billing"), Some("Sales"), Some("Ops & \"Co\"")];

fn press() -> impl Strategy<Value = Press> {
    let how = select(vec!["pressed", "pressed", "pressed", "touched", "seen"]);
    let after = select(vec![10_000, 10_000, 10_000, 2_500, 300]);
    let ticks = prop::option::of(prop::sample::subsequence(TICKS.to_vec(), 0..=3));
    let midnight = prop::option::weighted(0.2, edge_of_a_day());
    let picked = prop::option::weighted(0.3, 0..5_usize);
    (0..1_000_usize, 0..5_usize, visitor(), how, after, midnight, picked, prop::bool::weighted(0.2), ticks).prop_map(
        |(survey, face, by, how, after, midnight, picked, comment, ticks)| Press {
            survey,
            face,
            by,
            how,
            after,
            midnight,
            picked,
            comment,
            ticks,
        },
    )
}

fn question() -> impl Strategy<Value = Question> {
    let is_time = |cut: &str| ["day", "week", "month"].contains(&cut);
    let cut =
        (select(CUTS.to_vec()), prop::option::weighted(0.6, select(CUTS.to_vec()))).prop_map(move |(first, second)| {
            match second {
                Some(second) if second != first && !(is_time(first) && is_time(second)) => format!("{first},{second}"),
                _ => first.to_owned(),
            }
        });
    let filter = prop_oneof![
        select(vec!["t0", "t1", ""]).prop_map(|value| ("teammate", value)),
        select(vec!["Billing", "Ops & \"Co\"", ""]).prop_map(|value| ("team", value)),
        select(vec!["chat", ""]).prop_map(|value| ("channel", value)),
        select(vec!["bug", "größe \"L\"", ""]).prop_map(|value| ("tag", value)),
        select(vec!["vip", ""]).prop_map(|value| ("policy", value)),
        select(vec!["de", "zh", ""]).prop_map(|value| ("language", value)),
        select(vec!["desk", ""]).prop_map(|value| ("connection", value)),
    ];
    let filters = prop_oneof![
        2 => Just(Vec::new()),
        2 => filter.clone().prop_map(|filter| vec![filter]),
        1 => (filter.clone(), filter).prop_map(|(one, other)| if one.0 == other.0 { vec![one] } else { vec![one, other] }),
    ];
    (cut, filters, edge(), edge(), any::<bool>()).prop_map(|(cut, filters, from, to, compare)| Question {
        cut,
        filters,
        from,
        to,
        compare,
    })
}

fn edge() -> impl Strategy<Value = Option<Edge>> {
    prop_oneof![
        2 => Just(None),
        3 => (0..40_i64).prop_map(|day| Some(Edge::Day(day))),
        2 => (0..3_u32).prop_map(|month| Some(Edge::Month(month))),
        3 => (0..1_000_usize, -1..=1_i64).prop_map(|(fact, ms)| Some(Edge::Fact(fact, ms))),
    ]
}

/// The first moment of a local day: slowly, by looking at the clocks of the zone every quarter of an hour.
pub fn day_start(day: NaiveDate, zone: Tz) -> DateTime<Utc> {
    let midnight = day.and_hms_opt(0, 0, 0).expect("a midnight").and_utc();
    let quarters = (-64..=96).map(|quarter| midnight + TimeDelta::minutes(15 * quarter));
    let found = quarters.into_iter().find(|at| at.with_timezone(&zone).date_naive() >= day);
    found.expect("no zone is further from UTC")
}

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "In {} from {} on, positive {:?}:", self.zone, self.start, self.positive)?;
        self.steps.iter().enumerate().try_for_each(|(number, step)| writeln!(f, "{number:>3} {step:?}"))?;
        self.questions.iter().try_for_each(|question| writeln!(f, "  ? {question:?}"))
    }
}
