//! What was seen of a survey's visitors: the views, tries and hot spans that the rules of evidence look back on.
//!
//! It must not know what follows from them (`evidence`). It is bounded: a loop over one link must not fill the disk.

use super::Time;
use super::evidence::{Evidence, PageId};
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
pub struct View {
    /// When.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub at: Time,
    /// Which of the five links.
    pub score: Score,
}

/// A confirmation that was posted, whatever became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Try {
    /// When.
    #[serde(with = "chrono::serde::ts_milliseconds")]
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
pub struct HotSpan {
    /// The first moment.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub from: Time,
    /// The first moment after it.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub until: Time,
}

/// What was seen of a survey's visitors: the newest [`KEPT`] of each, oldest first.
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

    /// How many different scores the pages of the last burst tried, each by its latest word.
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
