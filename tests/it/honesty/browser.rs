//! One survey, and the browsers that visit its links.
//!
//! A browser does what the page's script does. The real rules decide what becomes of it. This file must not know who
//! visits, nor why.

use afterword::survey::Time;
use afterword::survey::evidence::Clicks;
use afterword::survey::page::{Evidence, Mode, Outcome, Page, PageId, Post, Reply, Visitor};
use afterword::survey::rating::{Score, Standing};
use chrono::{DateTime, TimeDelta};

/// The script confirms `seen` after this many seconds, and holds an earlier touch back until then.
pub const SEEN_AFTER: f64 = 0.5;
/// The script holds a press back for this many seconds after its page came.
const PRESS_AFTER: f64 = 1.0;
/// The same for a comment, and on a page that asks for one more press.
const SLOW_PRESS_AFTER: f64 = 2.0;

/// One opening of a link, and what follows on its page. Times are in seconds: `at` from the delivery of the mail, all
/// others from `at`.
pub struct Visit {
    /// When the link is opened.
    pub at: f64,
    /// Which of the five links.
    pub score: Score,
    /// What its headers say.
    pub visitor: Visitor,
    /// The page's script runs.
    pub script: bool,
    /// How long the page stays open. A press keeps it open.
    pub look: f64,
    /// The first trusted event.
    pub touch: Option<f64>,
    /// Decides on a press whenever the page shows something new.
    pub hand: Hand,
}

impl Visit {
    /// Opens a link and leaves, without script.
    pub fn fetch(at: f64, score: Score, visitor: Visitor) -> Self {
        Self { at, score, visitor, script: false, look: 0.0, touch: None, hand: Box::new(|_| None) }
    }
}

/// What a visitor's hand does about a page.
pub type Hand = Box<dyn FnMut(&Shown) -> Option<Press>>;

/// What a page shows.
pub struct Shown {
    /// It asks for a press: it doesn't confirm by the script alone, or there is no script.
    pub asks: bool,
    /// Two faces are in play, and this one is the first button's.
    pub keep: Option<Score>,
    /// How many presses this visit has made.
    pub presses: u32,
}

/// A press of the button.
pub struct Press {
    /// How many seconds after the page showed what it shows.
    pub after: f64,
    /// The face of the button that was pressed.
    pub picked: Option<Score>,
    /// A comment is sent with it.
    pub comment: bool,
}

#[derive(Clone, Copy)]
enum Step {
    Open,
    Confirm(Evidence),
    Press { picked: Option<Score>, comment: bool },
}

/// The survey of a mail that was delivered at second 0.
pub struct Survey {
    clicks: Clicks,
    least: Evidence,
    names: u64,
}

impl Survey {
    /// A survey that nobody has visited. `least` is the setting `clicks.evidence`.
    pub fn new(least: Evidence) -> Self {
        Self { clicks: Clicks::new(Some(time(0.0)), None, None), least, names: 0 }
    }

    /// Plays visits, which may overlap. Returns the mode in which each was answered, and where the rating stands.
    pub fn play(mut self, mut visits: Vec<Visit>) -> (Vec<Mode>, Standing) {
        let mut steps: Vec<_> = visits.iter().enumerate().map(|(visit, of)| (of.at, visit, Step::Open)).collect();
        let mut pages: Vec<Option<Page>> = visits.iter().map(|_| None).collect();
        let mut presses = vec![0; visits.len()];
        let mut modes = vec![Mode::Closed; visits.len()];
        while let Some((now, of, step)) = take_first(&mut steps) {
            let visit = &mut visits[of];
            let shows_news = match (step, pages[of].take()) {
                (Step::Open, _) => {
                    let page = self.open(now, visit);
                    steps.extend(confirmations(visit).map(|(at, how)| (at, of, Step::Confirm(how))));
                    modes[of] = page.mode;
                    pages[of] = Some(page);
                    true
                }
                (Step::Confirm(how), Some(page)) => {
                    if !confirms(page.mode, how) {
                        pages[of] = Some(page);
                        continue;
                    }
                    let reply = self.post(now, &page, how, None, false);
                    let new = reply.page != page;
                    pages[of] = Some(reply.page);
                    new
                }
                (Step::Press { picked, comment }, Some(page)) => {
                    presses[of] += 1;
                    let reply = self.post(now, &page, Evidence::Pressed, picked, comment);
                    pages[of] = Some(reply.page);
                    reply.outcome == Outcome::Ask
                }
                (_, None) => unreachable!("a page is opened first"),
            };
            let Some(page) = pages[of].as_ref().filter(|_| shows_news) else { continue };
            let by_script = visit.script && page.mode == Mode::Seen;
            let shown = Shown { asks: !by_script, keep: self.two_faces(page), presses: presses[of] };
            if let Some(Press { after, picked, comment }) = (visit.hand)(&shown) {
                let least = if comment || page.once_more { SLOW_PRESS_AFTER } else { PRESS_AFTER };
                let after = if visit.script { after.max(least) } else { after };
                // The hand has one press in mind: a new page replaces it.
                steps.retain(|(_, other, step)| *other != of || !matches!(step, Step::Press { .. }));
                steps.push((now + after, of, Step::Press { picked, comment }));
            }
        }
        (modes, self.clicks.standing)
    }

    fn open(&mut self, now: f64, visit: &Visit) -> Page {
        let id = self.name();
        self.clicks.view(time(now), visit.score, visit.visitor, self.least).page(id, visit.score, time(now))
    }

    fn post(&mut self, now: f64, page: &Page, how: Evidence, picked: Option<Score>, comment: bool) -> Reply {
        let comment = comment.then(|| "Thank you".to_owned());
        let post = Post { clicked: page.score, page: Some(page.clone()), how, picked, comment, fresh: self.name() };
        self.clicks.answer(time(now), &post, self.least)
    }

    fn name(&mut self) -> PageId {
        self.names += 2;
        PageId::new(self.names)
    }

    fn two_faces(&self, page: &Page) -> Option<Score> {
        let standing = self.clicks.standing.score().filter(|score| *score != page.score);
        standing.filter(|_| page.mode == Mode::Change || matches!(self.clicks.standing, Standing::Held { .. }))
    }
}

/// When the script of a visit's page confirms, and how.
fn confirmations(visit: &Visit) -> impl Iterator<Item = (f64, Evidence)> {
    let seen = Some((SEEN_AFTER, Evidence::Seen));
    let touched = visit.touch.map(|at| (at.max(SEEN_AFTER), Evidence::Touched));
    let (at, look, script) = (visit.at, visit.look, visit.script);
    let all = [seen, touched].into_iter().flatten();
    all.filter(move |(after, _)| script && *after <= look).map(move |(after, how)| (at + after, how))
}

/// Whether the script of a page in a mode confirms by some evidence.
fn confirms(mode: Mode, how: Evidence) -> bool {
    matches!((mode, how), (Mode::Seen, _) | (Mode::Touched, Evidence::Touched))
}

/// Takes the earliest step; of several at one moment, the one that was planned first.
fn take_first(steps: &mut Vec<(f64, usize, Step)>) -> Option<(f64, usize, Step)> {
    let earliest = (0..steps.len()).min_by(|a, b| steps[*a].0.total_cmp(&steps[*b].0))?;
    Some(steps.remove(earliest))
}

#[expect(clippy::cast_possible_truncation, reason = "a model lasts for days, not ages")]
fn time(seconds: f64) -> Time {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::milliseconds((seconds * 1_000.0).round() as i64)
}
