//! What a survey's visitors did lately: the views, tries and hot spans that the rules of evidence look back on.
//!
//! It must not know what follows from them (`evidence`). It is bounded, because a loop over one link must not fill the
//! disk, and each entry is stored as a short list, because every view writes the whole trail.

use super::Time;
use super::page::{Evidence, PageId};
use super::rating::Score;
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Views and tries less than this ago belong to one burst.
pub const BURST: TimeDelta = TimeDelta::seconds(60);
/// How long a survey stays hot after a burst, a hold, or a doubtful try.
pub const HOT: TimeDelta = TimeDelta::minutes(5);
/// How many views, tries and hot spans of one survey are kept.
pub const KEPT: usize = 64;

/// A GET or HEAD of a rating link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(i64, Score)", into = "(i64, Score)")]
pub struct View {
    /// When.
    pub at: Time,
    /// Which of the five links.
    pub score: Score,
}

/// A confirmation that was posted, whatever became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(i64, PageId, Score, Evidence)", into = "(i64, PageId, Score, Evidence)")]
pub struct Try {
    /// When.
    pub at: Time,
    /// From which page.
    pub page: PageId,
    /// For which score.
    pub score: Score,
    /// By which evidence.
    pub how: Evidence,
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

impl From<(i64, Score)> for View {
    fn from((at, score): (i64, Score)) -> Self {
        Self { at: from_millis(at), score }
    }
}

impl From<View> for (i64, Score) {
    fn from(view: View) -> Self {
        (view.at.timestamp_millis(), view.score)
    }
}

impl From<(i64, PageId, Score, Evidence)> for Try {
    fn from((at, page, score, how): (i64, PageId, Score, Evidence)) -> Self {
        Self { at: from_millis(at), page, score, how }
    }
}

impl From<Try> for (i64, PageId, Score, Evidence) {
    fn from(attempt: Try) -> Self {
        (attempt.at.timestamp_millis(), attempt.page, attempt.score, attempt.how)
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

/// What a survey's visitors did lately: the newest [`KEPT`] of each, oldest first.
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
    pub fn viewed(&mut self, at: Time, score: Score) {
        keep(&mut self.views, View { at, score });
    }

    /// Appends a try.
    pub fn tried(&mut self, attempt: Try) {
        keep(&mut self.tries, attempt);
    }

    /// Makes the survey hot from now on, for [`HOT`].
    pub fn mark_hot(&mut self, now: Time) {
        match self.hot.iter_mut().find(|span| span.from <= now && now < span.until) {
            Some(span) => span.until = span.until.max(now + HOT),
            None => keep(&mut self.hot, HotSpan { from: now, until: now + HOT }),
        }
    }

    /// Whether the survey was hot at a time, by all that is known now.
    #[must_use]
    pub fn hot_at(&self, time: Time) -> bool {
        self.hot.iter().any(|span| span.from <= time && time < span.until)
    }

    /// How many different scores were viewed within the last burst.
    #[must_use]
    pub fn scores_viewed_in_burst(&self, now: Time) -> usize {
        let burst = self.views.iter().filter(|view| now - view.at < BURST);
        burst.map(|view| view.score).collect::<BTreeSet<_>>().len()
    }

    /// How many different scores the pages of the last burst tried. The latest try of each page counts.
    #[must_use]
    pub fn scores_tried_in_burst(&self, now: Time) -> usize {
        let burst = self.tries.iter().filter(|attempt| now - attempt.at < BURST);
        let latest: BTreeMap<PageId, Score> = burst.map(|attempt| (attempt.page, attempt.score)).collect();
        latest.into_values().collect::<BTreeSet<_>>().len()
    }
}

fn keep<T>(list: &mut Vec<T>, item: T) {
    if list.len() >= KEPT {
        list.drain(..=list.len() - KEPT);
    }
    list.push(item);
}

#[cfg(test)]
mod tests;
