//! The model of customers: how they look at the page, and whose ratings are lost.
//!
//! The figures of a [`Population`] and the shares below are assumptions: `docs/measurements.md` says where they come from. This
//! file must not know the rules.

use super::browser::{Hand, Press, SEEN_AFTER, Shown, Survey, Visit};
use afterword::survey::page::{Evidence, Mode, Visitor};
use afterword::survey::rating::{Score, StandingWord};
use fastrand::Rng;
use std::f64::consts::TAU;

/// Customers of one kind.
pub struct Population {
    /// What it is called.
    pub name: &'static str,
    /// The share that opens the mail within five minutes of its delivery.
    pub young: f64,
    /// The median of their looks at the page, in seconds.
    pub look: f64,
    /// The most that `seen` may lose: a share.
    pub aim: f64,
}

/// The populations that the aim is stated for: patient customers get email only, hasty ones come from a chat.
pub const POPULATIONS: [Population; 3] = [
    Population { name: "patient", young: 0.05, look: 6.0, aim: 0.02 },
    Population { name: "middle", young: 0.15, look: 4.0, aim: 0.04 },
    Population { name: "hasty", young: 0.35, look: 2.5, aim: 0.08 },
];

/// Looks at a page are log-normal with this deviation.
const SIGMA: f64 = 0.8;
const PHONE: f64 = 0.6;
/// Of the others, those that read their mail in a browser.
const WEBMAIL: f64 = 0.5;
const TOUCH_ON_PHONE: f64 = 0.5;
const TOUCH_ELSEWHERE: f64 = 0.4;
const MOUSE_MOVES: f64 = 0.7;
const COMMENT: f64 = 0.2;
const MIS_TAP: f64 = 0.02;
const NO_SCRIPT: f64 = 0.01;
const SCANNED: f64 = 0.2;
/// A scanner opens all links within this many seconds of the delivery.
const SCANNED_WITHIN: f64 = 15.0;
/// The share of customers who press where a page asks for it. They do so whenever it asks.
const OBEY: f64 = 0.4;
/// Rules for a young mail apply for this many seconds.
const YOUNG: f64 = 300.0;
/// The last customer comes after this many seconds.
const LAST: f64 = 2.0 * 24.0 * 3_600.0;

/// Whether a scanner opened all links of the mail.
#[derive(Clone, Copy)]
pub enum Scan {
    /// At the delivery of some mails.
    Sometimes,
    /// Ten seconds before each customer.
    JustBefore,
}

/// Why a rating was lost.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The page was left before its script could confirm.
    LeftAtOnce,
    /// The page waited for a movement, and there was none.
    NoMovement,
    /// The page asked for a press, and there was none.
    NoPress,
    /// It was saved, and a scan that came later put it in doubt.
    Scan,
    /// Another face was clicked first, by mistake.
    MisTap,
    /// The script does not run there, and there was no press.
    NoScript,
}

impl Cause {
    /// Every cause.
    pub const ALL: [Self; 6] =
        [Self::LeftAtOnce, Self::NoMovement, Self::NoPress, Self::Scan, Self::MisTap, Self::NoScript];
}

/// What became of the ratings of a population.
#[derive(Default)]
pub struct Losses {
    /// How many customers there were.
    pub customers: u32,
    /// How many ratings do not count in the end as they were meant, by cause.
    pub by_cause: [u32; Cause::ALL.len()],
    /// How many of them count with a wrong face.
    pub wrong_face: u32,
    /// Customers whose mail was scanned, and how many of their ratings are lost.
    pub scanned: (u32, u32),
}

impl Losses {
    /// Whether more is lost than a share, by more than three times what chance deviates.
    pub fn exceed(&self, aim: f64) -> bool {
        let chance = (aim * (1.0 - aim) / f64::from(self.customers)).sqrt();
        self.share() > aim + 3.0 * chance
    }

    /// How many ratings are lost.
    pub fn lost(&self) -> u32 {
        self.by_cause.iter().sum()
    }

    /// The share that is lost.
    pub fn share(&self) -> f64 {
        share(self.lost(), self.customers)
    }
}

/// A part of a whole, 0 to 1.
pub fn share(part: u32, whole: u32) -> f64 {
    f64::from(part) / f64::from(whole.max(1))
}

/// One customer, with all that chance decides.
#[expect(clippy::struct_excessive_bools, reason = "each is drawn by a share of its own")]
struct Customer {
    at: f64,
    intended: Score,
    visitor: Visitor,
    script: bool,
    look: f64,
    touch: Option<f64>,
    obeys: bool,
    comment: bool,
    mis_tap: bool,
    scan_at: Option<f64>,
}

impl Customer {
    fn new(population: &Population, scan: Scan, rng: &mut Rng) -> Self {
        let at = if rng.f64() < population.young { rng.f64() * YOUNG } else { YOUNG + rng.f64() * (LAST - YOUNG) };
        let phone = rng.f64() < PHONE;
        let visitor = Visitor { machine: false, phone, webmail: !phone && rng.f64() < WEBMAIL };
        let look = population.look * (SIGMA * normal(rng)).exp();
        let scan_at = match scan {
            Scan::Sometimes => (rng.f64() < SCANNED).then(|| rng.f64() * SCANNED_WITHIN),
            Scan::JustBefore => Some((at - 10.0).max(0.0)),
        };
        Self {
            at,
            intended: any_face(rng),
            visitor,
            script: rng.f64() >= NO_SCRIPT,
            look,
            touch: first_movement(phone, look, rng),
            obeys: rng.f64() < OBEY,
            comment: rng.f64() < COMMENT,
            mis_tap: rng.f64() < MIS_TAP,
            scan_at,
        }
    }

    /// What happens to the mail, and which of the visits is the customer's last.
    fn visits(&self, population: &Population, rng: &mut Rng) -> (Vec<Visit>, usize) {
        let mut visits: Vec<_> = self.scan_at.into_iter().flat_map(scan).collect();
        let mut at = self.at;
        if self.mis_tap {
            let look = population.look * (SIGMA * normal(rng)).exp();
            let touch = first_movement(self.visitor.phone, look, rng);
            let score = another_face(self.intended, rng);
            let hand = Box::new(|_: &Shown| None);
            visits.push(Visit { at, score, look, touch, hand, visitor: self.visitor, script: self.script });
            // Back to the mail, and to the right face.
            at += look + 2.0;
        }
        visits.push(Visit {
            at,
            score: self.intended,
            visitor: self.visitor,
            script: self.script,
            look: self.look,
            touch: self.touch,
            hand: self.hand(rng),
        });
        let last = visits.len() - 1;
        (visits, last)
    }

    /// Presses where the page asks for it, or doesn't. Those who comment do so whatever the page says.
    fn hand(&self, rng: &mut Rng) -> Hand {
        let (mut rng, intended, look) = (rng.fork(), self.intended, self.look);
        let (comments, obeys) = (self.comment, self.obeys);
        Box::new(move |shown| {
            let picked = shown.keep.map(|_| intended);
            if comments {
                return Some(Press { after: look + 5.0 + 30.0 * rng.f64(), picked, comment: true });
            }
            (shown.asks && obeys).then(|| Press { after: 1.0 + rng.f64() * look, picked, comment: false })
        })
    }

    fn cause(&self, answered: Mode, held: bool) -> Cause {
        let by_script = matches!(answered, Mode::Seen | Mode::Touched);
        match answered {
            _ if self.mis_tap => Cause::MisTap,
            _ if !self.script => Cause::NoScript,
            _ if held => Cause::Scan,
            _ if by_script && self.look < SEEN_AFTER => Cause::LeftAtOnce,
            Mode::Touched => Cause::NoMovement,
            _ => Cause::NoPress,
        }
    }
}

/// Lets customers rate, each a survey of their own, and counts whose ratings are lost.
pub fn measure(population: &Population, scan: Scan, least: Evidence, customers: u32) -> Losses {
    let mut rng = Rng::with_seed(2026);
    let mut losses = Losses { customers, ..Losses::default() };
    for _ in 0..customers {
        let customer = Customer::new(population, scan, &mut rng);
        let (visits, last) = customer.visits(population, &mut rng);
        let (modes, standing) = Survey::new(least).play(visits);
        let counts = matches!(standing.word(), StandingWord::Rated | StandingWord::Locked);
        let right = counts && standing.score() == Some(customer.intended);
        let lost = u32::from(!right);
        if !right {
            let held = standing.word() == StandingWord::Held;
            losses.by_cause[customer.cause(modes[last], held) as usize] += 1;
        }
        losses.wrong_face += u32::from(counts && !right);
        if customer.scan_at.is_some() {
            losses.scanned = (losses.scanned.0 + 1, losses.scanned.1 + lost);
        }
    }
    losses
}

/// A scanner opens all five links within a second, as a browser of a desktop.
fn scan(at: f64) -> impl Iterator<Item = Visit> {
    let fetch = move |(face, after): (&Score, f64)| Visit::fetch(at + after, *face, Visitor::default());
    Score::ALL.iter().zip([0.0, 0.2, 0.4, 0.6, 0.8]).map(fetch)
}

fn first_movement(phone: bool, look: f64, rng: &mut Rng) -> Option<f64> {
    let touch = (rng.f64() < if phone { TOUCH_ON_PHONE } else { TOUCH_ELSEWHERE }).then(|| rng.f64() * look);
    let mouse = (!phone && rng.f64() < MOUSE_MOVES).then(|| rng.f64() * look);
    touch.into_iter().chain(mouse).min_by(f64::total_cmp)
}

fn any_face(rng: &mut Rng) -> Score {
    Score::ALL[rng.usize(..Score::ALL.len())]
}

fn another_face(than: Score, rng: &mut Rng) -> Score {
    let others: Vec<_> = Score::ALL.iter().filter(|face| **face != than).collect();
    *others[rng.usize(..others.len())]
}

/// A number of the standard normal distribution.
fn normal(rng: &mut Rng) -> f64 {
    (-2.0 * (1.0 - rng.f64()).ln()).sqrt() * (TAU * rng.f64()).cos()
}
