//! Which clicks become ratings: the rules that tell a person from a mail scanner.
//!
//! It owns all of them in one pure type, [`Clicks`]: what was viewed and tried of one survey, and where its rating
//! stands. It must not know tokens, HTTP or storage.
//!
//! Mail gateways open the links of a mail, run the scripts behind them, and sometimes submit forms. So a view never
//! rates. A page confirms by the [`Evidence`] that its [`Mode`] asks for. A visitor who opens or tries several faces at
//! once is taken for a machine until somebody presses the button.

use super::page::{Evidence, Mode, Outcome, Page, Post, Reply};
use super::rating::{Rating, Score, Standing};
use super::trail::{BURST, Trail, Try};
use super::words::words;
use super::{Time, is_over};
use chrono::TimeDelta;

/// A mail accepted less than this ago is young: that is when gateways scan.
pub const YOUNG: TimeDelta = TimeDelta::minutes(5);
/// A confirmation sooner than this after the page was issued is refused: nobody reads so fast.
pub const DWELL: TimeDelta = TimeDelta::seconds(1);
/// A comment sooner than this after the page was issued is refused: nobody writes so fast.
pub const COMMENT_DWELL: TimeDelta = TimeDelta::seconds(2);
/// How long a page can be posted after it was issued.
pub const PAGE_LIFE: TimeDelta = TimeDelta::hours(24);

words! {
    /// How a standing changed.
    pub enum ChangeKind {
        /// A score was given, or confirmed after a hold.
        Rated = "rated",
        /// The rating was held.
        Held = "held",
        /// A comment locked the rating.
        Commented = "commented",
    }
}

/// A change of a standing, for the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// When.
    pub at: Time,
    /// How.
    pub kind: ChangeKind,
    /// The score that stands, counts or is doubted from now on.
    pub score: Score,
    /// The evidence for it.
    pub evidence: Evidence,
}

/// What a page shows of the clicks on a survey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Where the rating stands.
    pub standing: Standing,
    /// A rating stands and can no longer become another score: the page shows no faces.
    pub frozen: bool,
    /// The last moment of a first rating; `None` is no limit.
    pub rate_until: Option<Time>,
    /// The last moment of a change to another score; `None` is no limit.
    pub change_until: Option<Time>,
}

/// All that the rules know of the clicks on one survey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clicks {
    /// When the SMTP server accepted the mail, or its outcome became unknown; `None` before: the mail is young.
    pub accepted_at: Option<Time>,
    /// The last moment of a first rating; `None` is no limit.
    pub rate_until: Option<Time>,
    /// The last moment of a change to another score; `None` is no limit.
    pub change_until: Option<Time>,
    /// Where the rating stands.
    pub standing: Standing,
    /// Whether a visitor that does not look like a machine opened a link.
    pub opened: bool,
    /// What its visitors did lately.
    pub trail: Trail,
    /// The comment that locked it. Not read for a page: no page shows it.
    pub comment: Option<String>,
    /// The customer was forgotten, or the survey is too old: its links lead to a page that says nothing, and take nothing.
    pub erased: bool,
    /// Changes of the standing since it was loaded, oldest first.
    pub changes: Vec<Change>,
}

impl Clicks {
    /// Nothing clicked yet.
    #[must_use]
    pub fn new(accepted_at: Option<Time>, rate_until: Option<Time>, change_until: Option<Time>) -> Self {
        Self {
            accepted_at,
            rate_until,
            change_until,
            standing: Standing::Unrated,
            opened: false,
            trail: Trail::default(),
            comment: None,
            erased: false,
            changes: Vec::new(),
        }
    }

    /// Takes a GET or HEAD of a link, and returns the mode of the page that answers it. A view never rates. After
    /// views of several faces within a minute, a rating made among them is in doubt. `required` is the setting `clicks.evidence`.
    pub fn view(&mut self, now: Time, score: Score, machine: bool, required: Evidence) -> Mode {
        if self.erased {
            return Mode::Closed;
        }
        self.trail.viewed(now, score);
        self.opened |= !machine;
        let scores = self.trail.scores_viewed_in_burst(now);
        if scores >= 2 {
            self.trail.mark_hot(now);
            let falls = |rating: &Rating| {
                let needed = match rating.evidence {
                    Evidence::Seen => 2,
                    Evidence::Touched => 3,
                    Evidence::Pressed | Evidence::Commented => return false,
                };
                scores >= needed && now - rating.page_issued < BURST
            };
            if self.standing.rating().is_some_and(falls) {
                self.hold(now);
            }
        }
        self.mode(now, score, machine, required)
    }

    /// Takes a posted form: a comment, or a confirmation by script or by the button.
    pub fn answer(&mut self, now: Time, post: &Post, required: Evidence) -> Reply {
        let fresh = |mode| Page { id: post.fresh, score: post.clicked, mode, issued: now, after_hold: false };
        if self.erased || matches!(self.standing, Standing::Voided(_)) {
            return Reply::new(Outcome::Closed, fresh(Mode::Closed));
        }
        let Some(page) = post.page.as_ref().filter(|page| now - page.issued <= PAGE_LIFE) else {
            let mode = self.mode(now, post.clicked, false, required);
            return Reply::new(Outcome::Stale, fresh(mode));
        };
        if matches!(self.standing, Standing::Locked(_)) {
            let repeated = post.comment.is_some() && post.comment == self.comment;
            let page = Page { mode: Mode::Final, issued: now, ..page.clone() };
            return Reply { repeated, ..Reply::new(Outcome::Locked, page) };
        }
        match &post.comment {
            Some(text) => self.comment(now, page, post.picked, text),
            None => self.confirm(now, page, post.picked, post.how),
        }
    }

    /// Whether the mail was accepted so lately that scanners may still be at it.
    #[must_use]
    pub fn young(&self, now: Time) -> bool {
        self.accepted_at.is_none_or(|accepted| now - accepted < YOUNG)
    }

    /// What a page shows of it now: nothing of an erased survey.
    #[must_use]
    pub fn summary(&self, now: Time) -> Summary {
        if self.erased {
            return Summary { standing: Standing::Unrated, frozen: false, rate_until: None, change_until: None };
        }
        Summary {
            standing: self.standing.clone(),
            frozen: self.standing.rated().is_some() && is_over(self.change_until, now),
            rate_until: self.rate_until,
            change_until: self.change_until,
        }
    }

    /// The mode of a page issued now for a link.
    #[must_use]
    pub fn mode(&self, now: Time, score: Score, machine: bool, required: Evidence) -> Mode {
        if self.erased {
            return Mode::Closed;
        }
        match &self.standing {
            Standing::Locked(_) => return Mode::Final,
            Standing::Voided(_) => return Mode::Closed,
            Standing::Unrated if is_over(self.rate_until, now) => return Mode::Closed,
            Standing::Rated(rating) if rating.score != score => return Mode::Change,
            Standing::Held { .. } => return Mode::Pressed,
            _ => {}
        }
        if machine || self.trail.hot_at(now) {
            return Mode::Pressed;
        }
        match (required, self.young(now)) {
            (Evidence::Seen, false) => Mode::Seen,
            (Evidence::Seen, true) | (Evidence::Touched, false) => Mode::Touched,
            _ => Mode::Pressed,
        }
    }

    /// The steps of a confirmation, in their order. The first step that refuses ends it.
    fn confirm(&mut self, now: Time, page: &Page, picked: Option<Score>, how: Evidence) -> Reply {
        let score = picked.unwrap_or(page.score);
        let held = self.held_since();
        self.trail.tried(Try { at: now, page: page.id, score, how });
        if self.tries_conflict(now, page, picked, how) {
            let falls = |rating: &Rating| !how.by_script() || rating.evidence.by_script();
            if self.standing.rating().is_some_and(falls) {
                self.hold(now);
            }
            self.trail.mark_hot(now);
            return self.ask(now, page, held);
        }
        if now - page.issued < DWELL {
            return Reply::new(Outcome::Ask, page.clone());
        }
        if self.window_over(now, score) {
            return self.closed(now, page);
        }
        if self.held_after(page) {
            return self.ask(now, page, held);
        }
        let counts = if how.by_script() {
            self.script_counts(now, page, score, how)
        } else {
            self.press_counts(now, page, score, picked)
        };
        if counts { self.accept(now, page, score, how) } else { self.ask(now, page, held) }
    }

    fn tries_conflict(&self, now: Time, page: &Page, picked: Option<Score>, how: Evidence) -> bool {
        let scores = self.trail.scores_tried_in_burst(now);
        if how.by_script() {
            return scores >= 2;
        }
        let chose_to_change = page.mode == Mode::Change && picked.is_some();
        !chose_to_change && scores >= if self.young(now) { 2 } else { 3 }
    }

    /// A held rating with another score was never the person's, so this post is a first rating.
    fn window_over(&self, now: Time, score: Score) -> bool {
        match &self.standing {
            Standing::Unrated | Standing::Voided(_) => is_over(self.rate_until, now),
            Standing::Held { rating, .. } => rating.score != score && is_over(self.rate_until, now),
            Standing::Rated(rating) | Standing::Locked(rating) => {
                rating.score != score && is_over(self.change_until, now)
            }
        }
    }

    fn held_since(&self) -> Option<Time> {
        match &self.standing {
            Standing::Held { since, .. } => Some(*since),
            _ => None,
        }
    }

    /// Whether the page is from before the hold, or from its very moment.
    fn held_after(&self, page: &Page) -> bool {
        let before = |since| page.issued < since || (page.issued == since && !page.after_hold);
        self.held_since().is_some_and(before)
    }

    fn script_counts(&self, now: Time, page: &Page, score: Score, how: Evidence) -> bool {
        page.mode.evidence_by_script().is_some_and(|needed| how >= needed)
            && !self.trail.hot_at(page.issued)
            && !self.trail.hot_at(now)
            && !matches!(self.standing, Standing::Held { .. })
            && self.standing.rated().is_none_or(|rating| rating.score == score)
    }

    fn press_counts(&mut self, now: Time, page: &Page, score: Score, picked: Option<Score>) -> bool {
        if self.trail.scores_viewed_in_burst(now) >= 3 {
            self.trail.mark_hot(now);
            return false;
        }
        let Some(rating) = self.standing.rated() else { return true };
        if rating.score == score || rating.page == page.id || picked.is_some() {
            return true;
        }
        if rating.evidence == Evidence::Pressed && now - rating.page_issued < BURST {
            self.hold(now);
        }
        false
    }

    fn accept(&mut self, now: Time, page: &Page, score: Score, how: Evidence) -> Reply {
        match &mut self.standing {
            Standing::Rated(rating) if rating.score == score => rating.evidence = rating.evidence.max(how),
            _ => {
                let rating = Rating { score, evidence: how, rated_at: now, page: page.id, page_issued: page.issued };
                self.stand(now, Standing::Rated(rating));
            }
        }
        Reply::new(Outcome::Ok, page.clone())
    }

    fn comment(&mut self, now: Time, page: &Page, picked: Option<Score>, text: &str) -> Reply {
        if now - page.issued < COMMENT_DWELL {
            return Reply::new(Outcome::Ask, page.clone());
        }
        let standing = self.standing.rated();
        let score = picked.or(standing.map(|rating| rating.score)).unwrap_or(page.score);
        // No text is ever lost: after the change window the comment is taken and the standing score stays.
        let kept = standing.filter(|rating| rating.score == score || is_over(self.change_until, now)).cloned();
        if standing.is_none() && self.window_over(now, score) {
            return self.closed(now, page);
        }
        let rating = match kept {
            Some(rating) => Rating { evidence: Evidence::Commented, ..rating },
            None => {
                Rating { score, evidence: Evidence::Commented, rated_at: now, page: page.id, page_issued: page.issued }
            }
        };
        self.comment = Some(text.to_owned());
        self.stand(now, Standing::Locked(rating));
        Reply::new(Outcome::Ok, page.clone())
    }

    fn hold(&mut self, now: Time) {
        self.trail.mark_hot(now);
        match &mut self.standing {
            Standing::Held { since, .. } => *since = now,
            Standing::Rated(rating) => {
                let rating = rating.clone();
                self.stand(now, Standing::Held { rating, since: now });
            }
            Standing::Unrated | Standing::Locked(_) | Standing::Voided(_) => {}
        }
    }

    /// The one place that changes to another standing: it also records the change for the history.
    fn stand(&mut self, now: Time, standing: Standing) {
        let change = match &standing {
            Standing::Unrated | Standing::Voided(_) => None,
            Standing::Rated(rating) => Some((ChangeKind::Rated, rating)),
            Standing::Held { rating, .. } => Some((ChangeKind::Held, rating)),
            Standing::Locked(rating) => Some((ChangeKind::Commented, rating)),
        };
        if let Some((kind, rating)) = change {
            self.changes.push(Change { at: now, kind, score: rating.score, evidence: rating.evidence });
        }
        self.standing = standing;
    }

    /// A fresh page that keeps the name of the posted one, so that the rules take both as one page. It counts as issued
    /// after a hold that its own post made. `held` is the moment of the hold before that post.
    fn ask(&self, now: Time, page: &Page, held: Option<Time>) -> Reply {
        let after_hold = self.held_since() == Some(now) && held != Some(now);
        Reply::new(Outcome::Ask, Page { after_hold, ..self.press_page(now, page) })
    }

    fn closed(&self, now: Time, page: &Page) -> Reply {
        let mut page = self.press_page(now, page);
        if self.standing == Standing::Unrated {
            page.mode = Mode::Closed;
        }
        Reply::new(Outcome::Closed, page)
    }

    fn press_page(&self, now: Time, page: &Page) -> Page {
        let another_stands = self.standing.rated().is_some_and(|rating| rating.score != page.score);
        let mode = if another_stands { Mode::Change } else { Mode::Pressed };
        Page { mode, issued: now, after_hold: false, ..page.clone() }
    }
}

#[cfg(test)]
mod tests;
