//! The model of machines: how scanners and gateways visit the links of a mail, and which of them rate.
//!
//! Each visits at random times of its kind. This file must not know the rules, only the limits that they state.

use super::browser::{Press, Shown, Survey, Visit};
use afterword::survey::page::{Evidence, Visitor};
use afterword::survey::rating::{Score, StandingWord};
use fastrand::Rng;
use std::ops::Range;

/// A machine, and what the rules promise about it.
pub struct Machine {
    /// What it does.
    pub name: &'static str,
    /// The stated limit that lets it rate; `None` if it must not.
    pub limit: Option<&'static str>,
    visits: fn(&mut Rng) -> Vec<Visit>,
}

const fn stopped(name: &'static str, visits: fn(&mut Rng) -> Vec<Visit>) -> Machine {
    Machine { name, limit: None, visits }
}

const fn limit(limit: &'static str, name: &'static str, visits: fn(&mut Rng) -> Vec<Visit>) -> Machine {
    Machine { name, limit: Some(limit), visits }
}

/// Every machine that the rules are about.
pub const MACHINES: [Machine; 30] = [
    stopped("fetches all links at delivery", |rng| many(5, 0.0..8.0, rng).map(fetch(DESKTOP)).collect()),
    stopped("sends a HEAD for each link", |rng| many(5, 0.0..8.0, rng).map(fetch(DECLARED)).collect()),
    stopped("fetches one link again and again", |rng| {
        let score = face(rng);
        times(12, 0.0..86_400.0, rng).into_iter().map(|at| fetch(DESKTOP)((score, at))).collect()
    }),
    stopped("says what it is, runs script on all links", |rng| {
        many(5, 0.0..86_400.0, rng).map(script(DECLARED, None)).collect()
    }),
    stopped("script on all links at delivery, at once", |rng| {
        many(5, 5.0..6.0, rng).map(script(pose(rng), input(rng))).collect()
    }),
    stopped("script on all links late, at once", |rng| {
        many(5, LATE..LATE + 1.0, rng).map(script(pose(rng), None)).collect()
    }),
    stopped("script on all links late, one by one", |rng| {
        many(5, LATE..LATE + 20.0, rng).map(script(pose(rng), None)).collect()
    }),
    stopped("the same with simulated input", |rng| {
        many(5, LATE..LATE + 20.0, rng).map(script(pose(rng), Some(0.3))).collect()
    }),
    stopped("script on two links late, within half a minute", |rng| {
        many(2, LATE..LATE + 30.0, rng).map(script(pose(rng), None)).collect()
    }),
    stopped("desktop, script on several links within 5 minutes", |rng| {
        many(several(rng), 0.0..YOUNG, rng).map(script(DESKTOP, None)).collect()
    }),
    stopped("desktop, simulated input on three links or more, slowly", |rng| {
        many(3 + rng.usize(..3), 0.0..YOUNG, rng).map(script(DESKTOP, Some(0.3))).collect()
    }),
    stopped("phone, script on several links within 5 minutes", |rng| {
        many(several(rng), 0.0..YOUNG, rng).map(script(PHONE, None)).collect()
    }),
    stopped("desktop, script on one link within 5 minutes", |rng| {
        many(1, 0.0..YOUNG, rng).map(script(DESKTOP, None)).collect()
    }),
    stopped("fetches all links, then script on one as a phone", |rng| {
        let one = (face(rng), 20.0 + 270.0 * rng.f64());
        let fetched = many(5, 0.0..8.0, rng).map(fetch(DESKTOP));
        fetched.chain([script(PHONE, None)(one)]).collect()
    }),
    stopped("a driven browser (navigator.webdriver), one link late", |rng| {
        many(1, LATE..86_400.0, rng).map(fetch(DESKTOP)).collect()
    }),
    stopped("submits a form less than a second after its page", |rng| {
        many(1, LATE..86_400.0, rng).map(form(DESKTOP, 0.1..0.9, rng)).collect()
    }),
    stopped("presses on three links or more once, young", |rng| {
        let (links, pose) = (3 + rng.usize(..3), pose(rng));
        many(links, 0.0..30.0, rng).map(form(pose, 1.0..3.0, rng)).collect()
    }),
    stopped("presses on three links or more once, late", |rng| {
        let (links, pose) = (3 + rng.usize(..3), pose(rng));
        many(links, LATE..LATE + 30.0, rng).map(form(pose, 1.0..3.0, rng)).collect()
    }),
    stopped("opens all links, then presses on each page", |rng| {
        let start = rng.f64() * 3_600.0;
        many(5, start..start + 2.0, rng).map(form(DESKTOP, 3.0..20.0, rng)).collect()
    }),
    limit("one link late, by a browser with script", "script on one link late", |rng| {
        many(1, LATE..86_400.0, rng).map(script(pose(rng), None)).collect()
    }),
    limit("one link young, posing as a phone", "phone, script on one link within 5 minutes", |rng| {
        many(1, 0.0..YOUNG, rng).map(script(PHONE, None)).collect()
    }),
    limit("one link with simulated input", "desktop, simulated input on one link within 5 minutes", |rng| {
        many(1, 0.0..YOUNG, rng).map(script(DESKTOP, Some(0.3))).collect()
    }),
    limit(
        "simulated input (a second link doesn't undo it)",
        "desktop, simulated input on two links within 5 minutes",
        |rng| many(2, 0.0..YOUNG, rng).map(script(DESKTOP, Some(0.3))).collect(),
    ),
    limit("one link with simulated input", "phone, simulated input on one link within 5 minutes", |rng| {
        many(1, 0.0..YOUNG, rng).map(script(PHONE, Some(0.3))).collect()
    }),
    limit("one link with simulated input", "simulated input on one link late", |rng| {
        many(1, LATE..86_400.0, rng).map(script(pose(rng), Some(0.3))).collect()
    }),
    limit("one form sent by a gateway", "submits the form of one link", |rng| {
        many(1, 0.0..86_400.0, rng).map(form(DESKTOP, 1.0..5.0, rng)).collect()
    }),
    limit("late, links half a minute or more apart", "script on three links late, minutes apart", |rng| {
        let start = LATE + rng.f64() * 3_600.0;
        let times = [start, start + 90.0 + 60.0 * rng.f64(), start + 240.0 + 60.0 * rng.f64()];
        faces(3, rng).into_iter().zip(times).map(script(DESKTOP, None)).collect()
    }),
    limit("two links, pressing either button", "opens two links and presses the first button", |rng| {
        let start = rng.f64() * 3_600.0;
        many(2, start..start + 30.0, rng).map(obey(3)).collect()
    }),
    limit("presses again whenever asked", "opens one link after another, presses until it is saved", |rng| {
        let start = rng.f64() * 3_600.0;
        faces(5, rng).into_iter().zip((0..5).map(|turn| start + 10.0 * f64::from(turn))).map(obey(6)).collect()
    }),
    limit("writes a comment", "writes a comment on one page", |rng| many(1, 0.0..86_400.0, rng).map(comment).collect()),
];

const DESKTOP: Visitor = Visitor { machine: false, phone: false, webmail: false };
const PHONE: Visitor = Visitor { phone: true, ..DESKTOP };
const DECLARED: Visitor = Visitor { machine: true, ..DESKTOP };

/// Rules for a young mail apply for this many seconds.
const YOUNG: f64 = 300.0;
/// When machines that come late begin.
const LATE: f64 = 3_600.0;

/// Lets a machine visit mails, each a survey of its own. Returns how many of them it rated in the end.
pub fn counted(machine: &Machine, least: Evidence, mails: u32) -> u32 {
    let mut rng = Rng::with_seed(2026);
    let rates = |_: &u32| {
        let (_, standing) = Survey::new(least).play((machine.visits)(&mut rng));
        matches!(standing.word(), StandingWord::Rated | StandingWord::Locked)
    };
    u32::try_from((0..mails).filter(rates).count()).expect("at most all of them")
}

type Link = (Score, f64);

/// Visits with script, which stay long enough for it.
fn script(visitor: Visitor, touch: Option<f64>) -> impl Fn(Link) -> Visit {
    move |(score, at)| Visit { script: true, look: 3.0, touch, ..Visit::fetch(at, score, visitor) }
}

fn fetch(visitor: Visitor) -> impl Fn(Link) -> Visit {
    move |(score, at)| Visit::fetch(at, score, visitor)
}

/// Sends the form of each page once, without script.
fn form(visitor: Visitor, after: Range<f64>, rng: &mut Rng) -> impl FnMut(Link) -> Visit + use<> {
    let mut rng = rng.fork();
    move |(score, at)| {
        let after = between(&after, &mut rng);
        let hand = move |shown: &Shown| (shown.presses == 0).then_some(Press { after, picked: None, comment: false });
        Visit { hand: Box::new(hand), ..Visit::fetch(at, score, visitor) }
    }
}

/// Presses whenever it is asked to, up to so many times, and the first button of two.
fn obey(times: u32) -> impl Fn(Link) -> Visit {
    move |(score, at)| {
        let hand = move |shown: &Shown| {
            (shown.presses < times).then_some(Press { after: 3.0, picked: shown.keep, comment: false })
        };
        Visit { hand: Box::new(hand), ..Visit::fetch(at, score, DESKTOP) }
    }
}

fn comment((score, at): Link) -> Visit {
    let hand = |shown: &Shown| (shown.presses == 0).then_some(Press { after: 5.0, picked: None, comment: true });
    Visit { hand: Box::new(hand), ..Visit::fetch(at, score, DESKTOP) }
}

fn pose(rng: &mut Rng) -> Visitor {
    if rng.bool() { PHONE } else { DESKTOP }
}

fn input(rng: &mut Rng) -> Option<f64> {
    rng.bool().then_some(0.3)
}

fn several(rng: &mut Rng) -> usize {
    2 + rng.usize(..4)
}

/// So many different links, each opened at some time of the range.
fn many(links: usize, within: Range<f64>, rng: &mut Rng) -> impl Iterator<Item = Link> + use<> {
    faces(links, rng).into_iter().zip(times(links, within, rng))
}

fn times(count: usize, within: Range<f64>, rng: &mut Rng) -> Vec<f64> {
    (0..count).map(|_| between(&within, rng)).collect()
}

fn between(range: &Range<f64>, rng: &mut Rng) -> f64 {
    range.start + (range.end - range.start) * rng.f64()
}

fn faces(links: usize, rng: &mut Rng) -> Vec<Score> {
    let mut faces = Score::ALL;
    rng.shuffle(&mut faces);
    faces[..links].to_vec()
}

fn face(rng: &mut Rng) -> Score {
    faces(1, rng)[0]
}
