//! Which clicks become ratings: the rules that tell a person from a mail scanner.
//!
//! It owns the whole of it in one pure type, [`Clicks`]: what was viewed and tried of one survey, and where its rating
//! stands. It must not know tokens, HTTP or storage.
//!
//! Mail gateways open the links of a mail, run the scripts behind them, and sometimes submit forms. So a view never
//! rates; a page confirms by the [`Evidence`] that its [`Mode`] asks for; and whoever opens or tries several faces at
//! once is a machine until a person presses the button.

use super::Time;
use super::rating::{Rating, Score, Standing};
use super::trail::{BURST, Trail, Try};
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

/// A mail accepted less than this ago is young: this is when gateways scan.
pub const YOUNG: TimeDelta = TimeDelta::minutes(5);
/// Nobody reads a page and confirms it in less than this.
pub const DWELL: TimeDelta = TimeDelta::seconds(1);
/// Nobody writes a comment in less than this.
pub const COMMENT_DWELL: TimeDelta = TimeDelta::seconds(2);
/// How long a page can be posted after it was issued.
pub const PAGE_LIFE: TimeDelta = TimeDelta::hours(24);

/// What speaks for a person behind a confirmation, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Evidence {
    /// The script ran and the page was visible for two seconds.
    Seen,
    /// A trusted pointer, touch, key or wheel event.
    Touched,
    /// The form's button.
    Pressed,
    /// A comment was written.
    Commented,
}

impl Evidence {
    /// The word for it in forms, answers and reports.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Seen => "seen",
            Self::Touched => "touched",
            Self::Pressed => "pressed",
            Self::Commented => "commented",
        }
    }

    fn by_script(self) -> bool {
        self <= Self::Touched
    }
}

/// What a page needs, or why it takes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Confirms by itself after two seconds of being visible.
    Seen,
    /// Confirms by itself at the first trusted event.
    Touched,
    /// Asks for a press of the button.
    Pressed,
    /// Another rating stands: asks whether to change it.
    Change,
    /// Locked by a comment: read only.
    Final,
    /// The rate window is over and nothing is rated.
    Closed,
}

impl Mode {
    /// All modes; the place in here is the mode's number in a page token.
    pub const ALL: [Self; 6] = [Self::Seen, Self::Touched, Self::Pressed, Self::Change, Self::Final, Self::Closed];

    /// The word for it in answers and pages.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Seen => "seen",
            Self::Touched => "touched",
            Self::Pressed => "pressed",
            Self::Change => "change",
            Self::Final => "final",
            Self::Closed => "closed",
        }
    }

    /// The evidence by script that is enough on such a page.
    fn evidence_by_script(self) -> Option<Evidence> {
        match self {
            Self::Seen => Some(Evidence::Seen),
            Self::Touched => Some(Evidence::Touched),
            _ => None,
        }
    }
}

/// Names a page; the answers to its own refused posts keep the name. At most 63 bits, so that SQL can hold it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PageId(i64);

impl PageId {
    /// Makes a name of random bits.
    #[must_use]
    pub fn new(random: u64) -> Self {
        Self((random >> 1).cast_signed())
    }

    /// The name as a number of at most 63 bits.
    #[must_use]
    pub fn number(self) -> i64 {
        self.0
    }
}

impl From<i64> for PageId {
    fn from(number: i64) -> Self {
        Self(number)
    }
}

/// One answer to a GET of a rating link, as its form's token remembers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Its name.
    pub id: PageId,
    /// The score of the link it answered.
    pub score: Score,
    /// What it asked for.
    pub mode: Mode,
    /// When it was issued.
    pub issued: Time,
    /// It answers a post that held the rating, so it counts as issued after a hold of the same moment.
    pub after_hold: bool,
}

/// A form that was posted.
#[derive(Clone, Debug)]
pub struct Post {
    /// The score of the link it was posted to.
    pub link: Score,
    /// The page it came from; `None` if that is unknown, another link's, or the request says cross-site.
    pub page: Option<Page>,
    /// The evidence it claims: seen, touched or pressed.
    pub how: Evidence,
    /// The face that was picked, if any.
    pub picked: Option<Score>,
    /// The comment, if it is not blank.
    pub comment: Option<String>,
    /// Names the page of the answer, if that is a new one.
    pub fresh: PageId,
}

/// What became of a post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It counts.
    Ok,
    /// It counts nothing yet: a press is asked for.
    Ask,
    /// The page is too old or not ours: here is a fresh one.
    Stale,
    /// A comment locked the rating before.
    Locked,
    /// A window is over.
    Closed,
}

/// The answer to a post: what became of it, and the page that form and script go on with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// What became of it.
    pub outcome: Outcome,
    /// The page to go on with.
    pub page: Page,
}

/// A change of a standing, for the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// When.
    pub at: Time,
    /// `rated`, `held` or `commented`.
    pub what: &'static str,
    /// The score that stands, counts or is doubted from now on.
    pub score: Score,
    /// The evidence for it.
    pub evidence: Evidence,
}

/// All that the rules know of the clicks on one survey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clicks {
    /// When the SMTP server accepted the mail, or its outcome became unknown; `None` before: the mail is young.
    pub accepted_at: Option<Time>,
    /// The last moment of a first rating; `None` is for ever.
    pub rate_until: Option<Time>,
    /// The last moment of a change to another score; `None` is for ever.
    pub change_until: Option<Time>,
    /// Where the rating stands.
    pub standing: Standing,
    /// Whether a link was opened by a GET that was no machine view.
    pub opened: bool,
    /// What was seen of its visitors.
    pub trail: Trail,
    /// The comment that locked it by a post of this batch; one stored before is not loaded.
    pub comment: Option<String>,
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
            changes: Vec::new(),
        }
    }

    /// Takes a GET or HEAD of a link, and tells the mode of the page that answers it. A view never rates, but several
    /// faces viewed at once put a rating made among them in doubt. `least` is the setting `clicks.evidence`.
    pub fn view(&mut self, now: Time, score: Score, machine: bool, least: Evidence) -> Mode {
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
        self.mode(now, score, machine, least)
    }

    /// Takes a posted form: a comment, or a confirmation by script or by the button.
    pub fn answer(&mut self, now: Time, post: &Post, least: Evidence) -> Reply {
        let Some(page) = post.page.as_ref().filter(|page| now - page.issued <= PAGE_LIFE) else {
            let mode = self.mode(now, post.link, false, least);
            let page = Page { id: post.fresh, score: post.link, mode, issued: now, after_hold: false };
            return Reply { outcome: Outcome::Stale, page };
        };
        if matches!(self.standing, Standing::Locked(_)) {
            return Reply { outcome: Outcome::Locked, page: Page { mode: Mode::Final, issued: now, ..page.clone() } };
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

    /// Whether a rating stands and can no longer become another score; its page then shows no faces.
    #[must_use]
    pub fn settled(&self, now: Time) -> bool {
        self.standing.rated().is_some() && over(self.change_until, now)
    }

    /// The mode of a page issued now for a link.
    #[must_use]
    pub fn mode(&self, now: Time, score: Score, machine: bool, least: Evidence) -> Mode {
        match &self.standing {
            Standing::Locked(_) => return Mode::Final,
            Standing::Unrated if over(self.rate_until, now) => return Mode::Closed,
            Standing::Rated(rating) if rating.score != score => return Mode::Change,
            Standing::Held { .. } => return Mode::Pressed,
            _ => {}
        }
        if machine || self.trail.hot_at(now) {
            return Mode::Pressed;
        }
        match (least, self.young(now)) {
            (Evidence::Seen, false) => Mode::Seen,
            (Evidence::Seen, true) | (Evidence::Touched, false) => Mode::Touched,
            _ => Mode::Pressed,
        }
    }

    /// The steps 3 to 10 of a confirmation, in their order: each step that refuses ends it.
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
            return Reply { outcome: Outcome::Ask, page: page.clone() };
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

    /// A held rating with another score never was the person's, so what comes is a first rating.
    fn window_over(&self, now: Time, score: Score) -> bool {
        match &self.standing {
            Standing::Unrated => over(self.rate_until, now),
            Standing::Held { rating, .. } => rating.score != score && over(self.rate_until, now),
            Standing::Rated(rating) | Standing::Locked(rating) => rating.score != score && over(self.change_until, now),
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
        Reply { outcome: Outcome::Ok, page: page.clone() }
    }

    fn comment(&mut self, now: Time, page: &Page, picked: Option<Score>, text: &str) -> Reply {
        if now - page.issued < COMMENT_DWELL {
            return Reply { outcome: Outcome::Ask, page: page.clone() };
        }
        let standing = self.standing.rated();
        let score = picked.or(standing.map(|rating| rating.score)).unwrap_or(page.score);
        // No text is ever lost: after the change window the comment is taken and the standing score stays.
        let kept = standing.filter(|rating| rating.score == score || over(self.change_until, now)).cloned();
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
        Reply { outcome: Outcome::Ok, page: page.clone() }
    }

    fn hold(&mut self, now: Time) {
        self.trail.mark_hot(now);
        match &mut self.standing {
            Standing::Held { since, .. } => *since = now,
            Standing::Rated(rating) => {
                let rating = rating.clone();
                self.stand(now, Standing::Held { rating, since: now });
            }
            Standing::Unrated | Standing::Locked(_) => {}
        }
    }

    /// The one way to another standing: it writes the history.
    fn stand(&mut self, now: Time, standing: Standing) {
        let what = match standing {
            Standing::Unrated => return,
            Standing::Rated(_) => "rated",
            Standing::Held { .. } => "held",
            Standing::Locked(_) => "commented",
        };
        if let Some(rating) = standing.rating() {
            self.changes.push(Change { at: now, what, score: rating.score, evidence: rating.evidence });
        }
        self.standing = standing;
    }

    /// A fresh page that keeps the name of the posted one, so that the rules take both as one page. It counts as issued
    /// after a hold that its own post made: `held` is since when the rating was held before the post.
    fn ask(&self, now: Time, page: &Page, held: Option<Time>) -> Reply {
        let after_hold = self.held_since() == Some(now) && held != Some(now);
        Reply { outcome: Outcome::Ask, page: Page { after_hold, ..self.press_page(now, page) } }
    }

    fn closed(&self, now: Time, page: &Page) -> Reply {
        let mut page = self.press_page(now, page);
        if self.standing == Standing::Unrated {
            page.mode = Mode::Closed;
        }
        Reply { outcome: Outcome::Closed, page }
    }

    fn press_page(&self, now: Time, page: &Page) -> Page {
        let another_stands = self.standing.rated().is_some_and(|rating| rating.score != page.score);
        let mode = if another_stands { Mode::Change } else { Mode::Pressed };
        Page { mode, issued: now, after_hold: false, ..page.clone() }
    }
}

/// Whether a window is over; its last moment is still inside.
fn over(until: Option<Time>, now: Time) -> bool {
    until.is_some_and(|until| now > until)
}

#[cfg(test)]
mod tests;
