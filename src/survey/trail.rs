//! What a survey's visitors did lately: the views, tries and hot spans that the rules of evidence look back on.
//!
//! It must not know what follows from them (`evidence`). It is bounded, because a loop over one link must not fill the
//! disk, and each entry is stored as a short list, because every view writes the whole trail.

use super::Time;
use super::page::{Evidence, PageId, Visitor};
use super::rating::Score;
use super::words::words;
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Views and tries less than this ago belong to one burst.
pub const BURST: TimeDelta = TimeDelta::seconds(60);
/// How long a survey stays hot after a burst, a hold, or a doubtful try.
pub const HOT: TimeDelta = TimeDelta::minutes(5);
/// How many views, tries and hot spans of one survey are kept. It is more than there are kinds of views or tries, so there
/// is always one that can go without the rules noticing.
pub const KEPT: usize = 64;

/// A GET or HEAD of a rating link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StoredView", into = "(i64, Score, u8)")]
pub struct View {
    /// When.
    pub at: Time,
    /// Which of the five links.
    pub score: Score,
    /// Who, by the headers. Views of earlier versions don't know: they look like no machine and no click.
    pub visitor: Visitor,
}

words! {
    /// What became of a try: why it counts, or which rule refused it.
    pub enum Fate {
        /// It counts: it made, changed or confirmed the rating.
        Counted = "counted",
        /// It came sooner than a person could have sent it.
        TooSoon = "too_soon",
        /// The window of rating, or of changing, had ended.
        WindowOver = "window_over",
        /// Pages of the last minute spoke for different faces.
        OtherFace = "other_face",
        /// Three links or more had been opened within a minute, and nobody had asked for this press.
        ManyLinks = "many_links",
        /// Its page is older than the hold.
        OlderPage = "older_page",
        /// The survey was hot, and scripts cannot rate then.
        Hot = "hot",
        /// Its page asks for more evidence.
        TooWeak = "too_weak",
        /// A rating with another face stands, and nobody picked this one.
        AnotherStands = "another_stands",
    }
}

/// A confirmation that was posted, whatever became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StoredTry", into = "(i64, PageId, Score, Evidence, bool, Option<Fate>)")]
pub struct Try {
    /// When.
    pub at: Time,
    /// From which page.
    pub page: PageId,
    /// For which score.
    pub score: Score,
    /// By which evidence.
    pub how: Evidence,
    /// It was a press on a page that asked for one more press.
    pub once_more: bool,
    /// What became of it; `None` until it is judged, and of tries of earlier versions.
    pub fate: Option<Fate>,
}

/// A stretch of time in which a survey was hot: from a doubtful moment to [`HOT`] after the last one that touches it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(i64, i64)", into = "(i64, i64)")]
pub struct HotSpan {
    /// The first moment.
    pub from: Time,
    /// The first moment after it.
    pub until: Time,
}

/// A view as this version stores it, or as the first one did.
#[derive(Deserialize)]
#[serde(untagged)]
enum StoredView {
    Now(i64, Score, u8),
    First(i64, Score),
}

/// A try as this version stores it, or as the first one did.
#[derive(Deserialize)]
#[serde(untagged)]
enum StoredTry {
    Now(i64, PageId, Score, Evidence, bool, Option<Fate>),
    First(i64, PageId, Score, Evidence),
}

/// The bits of a stored [`Visitor`].
const MACHINE: u8 = 1;
const PHONE: u8 = 2;
const WEBMAIL: u8 = 4;

impl From<StoredView> for View {
    fn from(stored: StoredView) -> Self {
        let (at, score, bits) = match stored {
            StoredView::Now(at, score, bits) => (at, score, bits),
            StoredView::First(at, score) => (at, score, 0),
        };
        let is_set = |bit| bits & bit != 0;
        let visitor = Visitor { machine: is_set(MACHINE), phone: is_set(PHONE), webmail: is_set(WEBMAIL) };
        Self { at: from_millis(at), score, visitor }
    }
}

impl From<View> for (i64, Score, u8) {
    fn from(view: View) -> Self {
        let Visitor { machine, phone, webmail } = view.visitor;
        let bits = (u8::from(machine) * MACHINE) | (u8::from(phone) * PHONE) | (u8::from(webmail) * WEBMAIL);
        (view.at.timestamp_millis(), view.score, bits)
    }
}

impl From<StoredTry> for Try {
    fn from(stored: StoredTry) -> Self {
        let (at, page, score, how, once_more, fate) = match stored {
            StoredTry::Now(at, page, score, how, once_more, fate) => (at, page, score, how, once_more, fate),
            StoredTry::First(at, page, score, how) => (at, page, score, how, false, None),
        };
        Self { at: from_millis(at), page, score, how, once_more, fate }
    }
}

impl From<Try> for (i64, PageId, Score, Evidence, bool, Option<Fate>) {
    fn from(attempt: Try) -> Self {
        (attempt.at.timestamp_millis(), attempt.page, attempt.score, attempt.how, attempt.once_more, attempt.fate)
    }
}

impl From<(i64, i64)> for HotSpan {
    fn from((from, until): (i64, i64)) -> Self {
        Self { from: from_millis(from), until: from_millis(until) }
    }
}

impl From<HotSpan> for (i64, i64) {
    fn from(span: HotSpan) -> Self {
        (span.from.timestamp_millis(), span.until.timestamp_millis())
    }
}

/// A time out of the calendar can only come from a database that somebody changed: it is taken for long ago.
fn from_millis(millis: i64) -> Time {
    Time::from_timestamp_millis(millis).unwrap_or_default()
}

/// What a survey's visitors did lately: at most [`KEPT`] of each, oldest first. What later ones repeat goes first, so that
/// a loop over one link makes nobody forget that the others were opened, too.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trail {
    /// Views of its links.
    pub views: Vec<View>,
    /// Tries to confirm.
    pub tries: Vec<Try>,
    /// When it was hot.
    pub hot: Vec<HotSpan>,
}

impl Trail {
    /// Appends a view.
    pub fn viewed(&mut self, view: View) {
        keep(&mut self.views, view, |old, new| (old.score, old.visitor) == (new.score, new.visitor));
    }

    /// Appends a try.
    pub fn tried(&mut self, attempt: Try) {
        let kind = |attempt: &Try| (attempt.score, attempt.how.by_script(), attempt.once_more);
        keep(&mut self.tries, attempt, |old, new| kind(old) == kind(new));
    }

    /// Remembers what became of the newest try.
    pub fn judged(&mut self, fate: Fate) {
        if let Some(newest) = self.tries.last_mut() {
            newest.fate = Some(fate);
        }
    }

    /// Makes the survey hot from now on, for [`HOT`].
    pub fn mark_hot(&mut self, now: Time) {
        match self.hot.iter_mut().find(|span| span.from <= now && now < span.until) {
            Some(span) => span.until = span.until.max(now + HOT),
            None => keep(&mut self.hot, HotSpan { from: now, until: now + HOT }, |_, _| true),
        }
    }

    /// Whether the survey was hot at a time, by all that is known now.
    #[must_use]
    pub fn hot_at(&self, time: Time) -> bool {
        self.hot.iter().any(|span| span.from <= time && time < span.until)
    }

    /// How many different scores some of the views have.
    pub fn scores_viewed(&self, among: impl Fn(&View) -> bool) -> usize {
        self.views.iter().filter(|view| among(view)).map(|view| view.score).collect::<BTreeSet<_>>().len()
    }

    /// How many different scores were viewed within the last burst.
    #[must_use]
    pub fn scores_viewed_in_burst(&self, now: Time) -> usize {
        self.scores_viewed(|view| now - view.at < BURST)
    }

    /// How many different scores were tried within the last burst, either by script or by presses. The latest such try of
    /// each page counts.
    #[must_use]
    pub fn scores_tried_in_burst(&self, now: Time, by_script: bool) -> usize {
        let alike = self.tries_in_burst(now).filter(|attempt| attempt.how.by_script() == by_script);
        let latest: BTreeMap<PageId, Score> = alike.map(|attempt| (attempt.page, attempt.score)).collect();
        latest.into_values().collect::<BTreeSet<_>>().len()
    }

    /// Whether a press that another page had asked for was for another score, within the last burst.
    #[must_use]
    pub fn once_more_elsewhere(&self, now: Time, page: PageId, score: Score) -> bool {
        let mut obeyed = self.tries_in_burst(now).filter(|attempt| attempt.once_more);
        obeyed.any(|attempt| attempt.page != page && attempt.score != score)
    }

    fn tries_in_burst(&self, now: Time) -> impl Iterator<Item = &Try> {
        self.tries.iter().filter(move |attempt| now - attempt.at < BURST)
    }
}

/// Appends an item. If the list is full, the oldest item goes that a later one is `alike` to.
fn keep<T>(list: &mut Vec<T>, item: T, alike: impl Fn(&T, &T) -> bool) {
    list.push(item);
    while list.len() > KEPT {
        let repeated = |place: &usize| list[place + 1..].iter().any(|later| alike(&list[*place], later));
        list.remove((0..list.len()).find(repeated).unwrap_or(0));
    }
}

#[cfg(test)]
mod tests;
