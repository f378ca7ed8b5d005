//! What visitors did to a rating, and what each visit made of it, in sentences.
//!
//! It must not decide anything: what a try made of the rating was stored with it.

use super::{Line, length, list};
use crate::survey::Time;
use crate::survey::evidence::{Change, ChangeKind};
use crate::survey::moderation::Moderator;
use crate::survey::page::Evidence;
use crate::survey::rating::Score;
use crate::survey::trail::{BURST, Fate, KEPT, Trail, Try, View};
use chrono::TimeDelta;
use std::collections::BTreeSet;

/// A visitor who opens three links or more, one after the other at this pace or faster, reads none of them.
const SCANNING: TimeDelta = TimeDelta::seconds(3);
/// Scripts that answer for different faces at this pace or faster are one visitor's.
const AT_ONCE: TimeDelta = TimeDelta::seconds(1);
/// Something that happened to a survey. At one moment a view comes before a try, and both before what they caused.
#[derive(Clone, Copy)]
enum Event<'a> {
    View(&'a View),
    Try(&'a Try),
    Change(&'a Change),
}

impl Event<'_> {
    fn at(&self) -> Time {
        match self {
            Self::View(view) => view.at,
            Self::Try(attempt) => attempt.at,
            Self::Change(change) => change.at,
        }
    }
}

/// Tells the trail and the history of one survey, oldest first.
pub(super) fn tell(trail: &Trail, history: &[Change]) -> Vec<Line> {
    let mut events: Vec<_> = trail.views.iter().map(Event::View).collect();
    events.extend(trail.tries.iter().map(Event::Try));
    events.extend(history.iter().map(Event::Change));
    events.sort_by_key(Event::at);
    let mut teller = Teller { trail, last: None, voided: false, lines: Vec::new() };
    teller.forgot(trail.views.first().filter(|_| trail.views.len() >= KEPT).map(|view| view.at), "visits");
    teller.forgot(trail.tries.first().filter(|_| trail.tries.len() >= KEPT).map(|attempt| attempt.at), "answers");
    let mut rest = events.as_slice();
    while let [event, after @ ..] = rest {
        rest = match event {
            Event::View(_) => teller.views(rest),
            Event::Try(attempt) => match scan(rest) {
                [] => teller.attempt(attempt, after),
                scan => teller.scripts(scan, &rest[scan.len()..]),
            },
            Event::Change(change) => teller.change(change, after),
        };
    }
    teller.lines
}

struct Teller<'a> {
    trail: &'a Trail,
    /// The last change that was told: what stands.
    last: Option<&'a Change>,
    /// An admin took it out of every count.
    voided: bool,
    lines: Vec<Line>,
}

impl<'a> Teller<'a> {
    fn forgot(&mut self, oldest: Option<Time>, what: &str) {
        self.lines.extend(oldest.map(|at| Line::new(at, format!("of many {what} only {KEPT} are kept"))));
    }

    /// Tells the views of one visitor on end as one line. Returns what comes after them.
    fn views<'e>(&mut self, events: &'e [Event<'a>]) -> &'e [Event<'a>] {
        let mut group: Vec<&View> = Vec::new();
        for event in events {
            match (event, group.last()) {
                (Event::View(view), None) => group.push(view),
                (Event::View(view), Some(last)) if goes_on(last, view) => group.push(view),
                _ => break,
            }
        }
        let rest = &events[group.len()..];
        let (first, last) = (group[0], group[group.len() - 1]);
        // The next line tells the change that it caused.
        let caused = matches!(rest.first(), Some(Event::Change(change)) if change.at == last.at);
        let made = if caused { String::new() } else { format!(": {}", self.stays("nothing counted")) };
        self.lines.push(Line::new(first.at, format!("{}{made}", opened(&group))));
        rest
    }

    /// Tells a try, with the change that it made if it counted.
    fn attempt<'e>(&mut self, attempt: &Try, events: &'e [Event<'a>]) -> &'e [Event<'a>] {
        let face = face(attempt.score);
        let done = match attempt.how {
            Evidence::Seen => format!("{face} was looked at for half a second"),
            Evidence::Touched => format!("the page of {face} was touched"),
            Evidence::Pressed | Evidence::Commented => format!("the button for {face} was pressed"),
        };
        let (mut rest, mut made) = (events, self.refused(attempt));
        if let [Event::Change(change), after @ ..] = events
            && (change.at, change.kind, change.score) == (attempt.at, ChangeKind::Rated, attempt.score)
        {
            (rest, made) = (after, self.counted(change));
        }
        self.lines.push(Line::new(attempt.at, format!("{done}: {made}")));
        rest
    }

    /// Tells the tries of a scanner's scripts as one line, and after it what they caused. Returns what comes after them.
    fn scripts<'e>(&mut self, scan: &[Event<'a>], rest: &'e [Event<'a>]) -> &'e [Event<'a>] {
        let tries: BTreeSet<Score> = scan.iter().filter_map(script).map(|attempt| attempt.score).collect();
        let changes: Vec<&Change> = scan.iter().filter_map(held).collect();
        let made = if changes.is_empty() { self.stays("nothing counted") } else { "not counted".into() };
        let pages = pages(tries.len());
        self.lines.push(Line::new(scan[0].at(), format!("a mail scanner ran the scripts of {pages} pages: {made}")));
        for change in changes {
            self.change(change, &[]);
        }
        rest
    }

    fn counted(&mut self, change: &'a Change) -> String {
        let before = self.last.replace(change);
        match before {
            Some(Change { kind: ChangeKind::Held, score, .. }) if *score == change.score => {
                "counted, and no longer in doubt".into()
            }
            Some(Change { kind: ChangeKind::Held, score, .. }) => {
                format!("counted, in place of {}, which was in doubt", face(*score))
            }
            Some(Change { score, .. }) if *score != change.score => format!("counted, in place of {}", face(*score)),
            _ => "counted".into(),
        }
    }

    /// What a try made of the rating if it changed nothing.
    fn refused(&self, attempt: &Try) -> String {
        let asked = match attempt.how {
            Evidence::Pressed => "the page asked for one more press",
            _ => "the page asked for a press",
        };
        let why = match attempt.fate {
            Some(Fate::Counted) | None => return self.stays("nothing changed"),
            Some(Fate::TooSoon) => "it came sooner than anybody reads".into(),
            Some(Fate::WindowOver) => "the time for it was over".into(),
            Some(Fate::OtherFace) => format!("several faces were answered within a minute: {asked}"),
            Some(Fate::ManyLinks) => format!("three links or more were opened within a minute: {asked}"),
            Some(Fate::OlderPage) => format!("the page is older than the doubt: {asked}"),
            Some(Fate::Hot) => format!("several faces had been opened or answered shortly before: {asked}"),
            Some(Fate::TooWeak) => "this page asked for more than that".into(),
            Some(Fate::AnotherStands) => {
                format!("{}: the page asked which face counts", self.stays("another face counts"))
            }
        };
        format!("not counted, because {why}")
    }

    /// Tells a change that no try explains.
    fn change<'e>(&mut self, change: &'a Change, rest: &'e [Event<'a>]) -> &'e [Event<'a>] {
        let face = face(change.score);
        let text = match change.kind {
            ChangeKind::Rated => {
                let made = self.counted(change);
                format!("{face} was {made} ({})", change.evidence)
            }
            ChangeKind::Held => {
                let why = doubt(self.trail, change.at).map(|why| format!(": {why}")).unwrap_or_default();
                format!("the rating of {face} is in doubt (held){why}")
            }
            ChangeKind::Commented => match self.last {
                Some(last) if last.score == change.score && last.kind != ChangeKind::Held => {
                    format!("a comment locked the rating of {face}")
                }
                _ => format!("a comment came with {face}: counted, and locked"),
            },
            ChangeKind::Released => format!("released the rating of {face}, so it counts"),
            ChangeKind::Discarded => format!("discarded the rating of {face}, so nothing counts"),
            ChangeKind::Voided => format!("voided the rating of {face}, so it counts nowhere"),
            ChangeKind::Restored => format!("lifted that, so the rating of {face} stands as before"),
        };
        match change.kind {
            ChangeKind::Discarded => self.last = None,
            ChangeKind::Voided => self.voided = true,
            ChangeKind::Restored => self.voided = false,
            _ => self.last = Some(change),
        }
        let text = match &change.by {
            Some(by) => decided(by, &text),
            None => text,
        };
        self.lines.push(Line::new(change.at, text));
        rest
    }

    /// What stands as it did, or `nothing` if nobody rated yet.
    fn stays(&self, nothing: &str) -> String {
        let Some(Change { kind, score, .. }) = self.last.filter(|_| !self.voided) else {
            return if self.voided { "it stays voided".into() } else { nothing.into() };
        };
        let how = match kind {
            ChangeKind::Held => "in doubt",
            ChangeKind::Commented => "locked",
            // The other acts of admins leave no such change.
            _ => "counted",
        };
        format!("{} stays {how}", face(*score))
    }
}

/// Why a rating was held at a time, by what led to it, as far as that is still known.
#[must_use]
pub fn doubt(trail: &Trail, at: Time) -> Option<String> {
    let answered = |attempt: &Try| attempt.at == at && attempt.fate != Some(Fate::ManyLinks);
    if trail.tries.iter().any(answered) {
        return Some("several faces were answered within a minute".into());
    }
    let burst = trail.views.iter().filter(|view| view.at <= at && at - view.at < BURST);
    let faces = burst.map(|view| view.score).collect::<BTreeSet<_>>().len();
    (faces > 1).then(|| format!("{} faces were opened within a minute", number(faces)))
}

/// What an admin did, with who and why.
fn decided(by: &Moderator, done: &str) -> String {
    let why = by.reason.as_ref().map(|reason| format!(" (“{reason}”)")).unwrap_or_default();
    format!("{} {done}{why}", by.who)
}

/// Whether two views on end are one visitor's, as far as can be told.
fn goes_on(last: &View, view: &View) -> bool {
    view.at - last.at < BURST && view.visitor == last.visitor
}

/// The events that begin here and are a scanner's: scripts that spoke for three faces or more, one right after the other,
/// and were all refused, with the holds that they caused. Empty if there is no scanner.
fn scan<'e, 'a>(events: &'e [Event<'a>]) -> &'e [Event<'a>] {
    let belongs = |event: &Event| script(event).is_some() || held(event).is_some();
    let pairs = events.iter().zip(&events[1..]);
    let on_end = pairs.take_while(|(last, next)| belongs(next) && next.at() - last.at() < AT_ONCE).count();
    let scan = &events[..=on_end];
    let faces: BTreeSet<Score> = scan.iter().filter_map(script).map(|attempt| attempt.score).collect();
    if belongs(&events[0]) && faces.len() >= 3 { scan } else { &[] }
}

/// A try by a script that was refused.
fn script<'a>(event: &Event<'a>) -> Option<&'a Try> {
    let Event::Try(attempt) = *event else { return None };
    let refused = attempt.fate.is_some_and(|fate| fate != Fate::Counted);
    (refused && attempt.how < Evidence::Pressed).then_some(attempt)
}

fn held<'a>(event: &Event<'a>) -> Option<&'a Change> {
    let Event::Change(change) = *event else { return None };
    (change.kind == ChangeKind::Held).then_some(change)
}

fn pages(count: usize) -> String {
    if count == 5 { "all five".into() } else { number(count) }
}

fn opened(group: &[&View]) -> String {
    let (first, last) = (group[0], group[group.len() - 1]);
    let scores: BTreeSet<Score> = group.iter().map(|view| view.score).collect();
    let span = last.at - first.at;
    let within = match group.len() {
        1 => String::new(),
        _ if span == TimeDelta::zero() => " at once".into(),
        _ => format!(" within {}", length(span)),
    };
    let gaps = i32::try_from(group.len() - 1).unwrap_or(i32::MAX);
    let scans = scores.len() >= 3 && span <= SCANNING * gaps;
    if scans || (first.visitor.machine && scores.len() > 1) {
        return format!("a mail scanner opened {} links{within}", pages(scores.len()));
    }
    let faces: Vec<_> = scores.iter().map(|score| face(*score)).collect();
    let times = if group.len() > scores.len() { format!(" {} times", group.len()) } else { String::new() };
    if first.visitor.machine {
        return format!("a mail scanner or another program opened {}{times}{within}", list(&faces));
    }
    let were = if faces.len() > 1 { "were" } else { "was" };
    let place = match first.visitor {
        visitor if visitor.phone => " on a phone",
        visitor if visitor.webmail => " from a webmail",
        _ => "",
    };
    format!("{} {were} opened{times}{place}{within}", list(&faces))
}

/// A face as sentences name it, such as `😀 great`.
pub(super) fn face(score: Score) -> String {
    format!("{} {}", score.face(), score.word())
}

fn number(count: usize) -> String {
    ["no", "one", "two", "three", "four", "five"].get(count).map_or_else(|| count.to_string(), |word| (*word).into())
}
