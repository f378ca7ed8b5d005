//! What a posted form does: a confirmation by script, a press of the button, or a comment.

use super::Clicks;
use crate::survey::page::{Evidence, Mode, Outcome, Page, Post, Reply, Visitor};
use crate::survey::rating::{Rating, Score, Standing};
use crate::survey::trail::{BURST, Fate, Try};
use crate::survey::{Time, is_over};
use chrono::TimeDelta;

/// A confirmation by script sooner than this after the page was issued is refused. The page waits for half a second of
/// looking; the rest is for clocks and queues on the way.
pub const SCRIPT_DWELL: TimeDelta = TimeDelta::milliseconds(400);
/// A press sooner than this after the page was issued is refused: nobody reads so fast.
pub const PRESS_DWELL: TimeDelta = TimeDelta::seconds(1);
/// A press on a page that asks for one more press is refused sooner than this after it was issued.
pub const ONCE_MORE_DWELL: TimeDelta = TimeDelta::seconds(2);
/// A comment sooner than this after the page was issued is refused: nobody writes so fast.
pub const COMMENT_DWELL: TimeDelta = TimeDelta::seconds(2);
/// How long a page can be posted after it was issued.
pub const PAGE_LIFE: TimeDelta = TimeDelta::hours(24);

/// A form without a comment, posted from one of our pages.
struct Confirmation<'a> {
    now: Time,
    page: &'a Page,
    picked: Option<Score>,
    how: Evidence,
    /// The moment of the hold before it, if the rating was held.
    held: Option<Time>,
}

impl Confirmation<'_> {
    fn score(&self) -> Score {
        self.picked.unwrap_or(self.page.score)
    }

    fn is_press(&self) -> bool {
        !self.how.by_script()
    }

    /// A press on a page that said that one more press saves.
    fn is_once_more(&self) -> bool {
        self.is_press() && self.page.once_more
    }

    fn is_before(&self, dwell: TimeDelta) -> bool {
        self.now - self.page.issued < dwell
    }

    fn chose_to_change(&self) -> bool {
        self.page.mode == Mode::Change && self.picked.is_some()
    }
}

impl Clicks {
    /// Takes a posted form: a comment, or a confirmation by script or by the button.
    pub fn answer(&mut self, now: Time, post: &Post, required: Evidence) -> Reply {
        let fresh = |mode| Page::new(post.fresh, post.clicked, mode, now);
        if self.erased || matches!(self.standing, Standing::Voided(_)) {
            return Reply::new(Outcome::Closed, fresh(Mode::Closed));
        }
        // A page of the future is from before the clock was set back. It would come too soon until the clock catches up.
        let is_valid = |page: &&Page| page.issued <= now && now - page.issued <= PAGE_LIFE;
        let Some(page) = post.page.as_ref().filter(is_valid) else {
            let mode = self.mode(now, post.clicked, Visitor::default(), required);
            return Reply::new(Outcome::Stale, fresh(mode));
        };
        if matches!(self.standing, Standing::Locked(_)) {
            let repeated = post.comment.is_some() && post.comment == self.comment;
            let page = Page { mode: Mode::Final, ..next_page(now, page) };
            return Reply { repeated, ..Reply::new(Outcome::Locked, page) };
        }
        match &post.comment {
            Some(text) => self.comment(now, page, post.picked, text),
            None => {
                self.confirm(&Confirmation { now, page, picked: post.picked, how: post.how, held: self.held_since() })
            }
        }
    }

    fn confirm(&mut self, form: &Confirmation) -> Reply {
        let (at, score, once_more) = (form.now, form.score(), form.is_once_more());
        self.trail.tried(Try { at, page: form.page.id, score, how: form.how, once_more, fate: None });
        let fate = self.judge(form);
        self.trail.judged(fate);
        match fate {
            Fate::Counted => self.accept(form),
            Fate::TooSoon => too_soon(form.page),
            Fate::WindowOver => self.closed(at, form.page),
            _ => self.ask(form),
        }
    }

    /// The steps of a confirmation, in their order. The first step that refuses ends it.
    fn judge(&mut self, form: &Confirmation) -> Fate {
        let (now, once_more) = (form.now, form.is_once_more());
        if once_more && form.is_before(ONCE_MORE_DWELL) {
            return Fate::TooSoon;
        }
        let doubtful = if once_more { self.obeys_elsewhere(form) } else { self.tries_conflict(form) };
        if doubtful {
            let falls = |rating: &Rating| form.is_press() || rating.evidence.by_script();
            if self.standing.rating().is_some_and(falls) {
                self.hold(now);
            }
            self.trail.mark_hot(now);
            return Fate::OtherFace;
        }
        if form.is_before(if form.is_press() { PRESS_DWELL } else { SCRIPT_DWELL }) {
            return Fate::TooSoon;
        }
        if self.window_over(now, form.score()) {
            return Fate::WindowOver;
        }
        if self.held_after(form.page) {
            return Fate::OlderPage;
        }
        if form.is_press() { self.judge_press(form) } else { self.judge_script(form) }
    }

    /// Whether another page's one-more press spoke for another face within the last minute: a machine that obeys wherever
    /// it is asked. The person who picks a face where two are offered has answered which one counts.
    fn obeys_elsewhere(&self, form: &Confirmation) -> bool {
        let held_another = matches!(&self.standing, Standing::Held { rating, .. } if rating.score != form.page.score);
        let picked_of_two = form.picked.is_some() && (form.page.mode == Mode::Change || held_another);
        !picked_of_two && self.trail.once_more_elsewhere(form.now, form.page.id, form.score())
    }

    /// Whether the pages of the last minute speak for different faces: two by script; by presses two while the mail is
    /// young, and three later.
    fn tries_conflict(&self, form: &Confirmation) -> bool {
        let scores = self.trail.scores_tried_in_burst(form.now, form.how.by_script());
        let allowed = if form.is_press() && !self.young(form.now) { 2 } else { 1 };
        scores > allowed && !(form.is_press() && form.chose_to_change())
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
        let before = |since| page.issued < since || (page.issued == since && !page.made_hold);
        self.held_since().is_some_and(before)
    }

    fn judge_script(&self, form: &Confirmation) -> Fate {
        let is_enough = form.page.mode.evidence_by_script().is_some_and(|needed| form.how >= needed);
        if self.trail.hot_at(form.page.issued) || self.trail.hot_at(form.now) {
            return Fate::Hot;
        }
        match &self.standing {
            Standing::Rated(rating) if rating.score != form.score() => Fate::AnotherStands,
            Standing::Held { .. } => Fate::TooWeak,
            _ if !is_enough => Fate::TooWeak,
            _ => Fate::Counted,
        }
    }

    /// Among views of three faces only a press that was asked for counts. A press for another face than the standing one
    /// counts if the face was picked, or if its own page made the rating.
    fn judge_press(&mut self, form: &Confirmation) -> Fate {
        let rating = self.standing.rated();
        let of_another_page = |rating: &&Rating| rating.page != form.page.id;
        let made_in_burst = |rating: &Rating| form.now - rating.page_issued < BURST;
        if !form.is_once_more() && self.trail.scores_viewed_in_burst(form.now) >= 3 {
            if rating.filter(of_another_page).is_some_and(made_in_burst) {
                self.hold(form.now);
            }
            self.trail.mark_hot(form.now);
            return Fate::ManyLinks;
        }
        let contradicted = rating.filter(|rating| rating.score != form.score() && form.picked.is_none());
        let Some(rating) = contradicted.filter(of_another_page) else { return Fate::Counted };
        if rating.evidence == Evidence::Pressed && made_in_burst(rating) {
            self.hold(form.now);
        }
        Fate::AnotherStands
    }

    fn accept(&mut self, form: &Confirmation) -> Reply {
        match &mut self.standing {
            Standing::Rated(rating) if rating.score == form.score() => rating.evidence = rating.evidence.max(form.how),
            _ => self.stand(form.now, Standing::Rated(rating_on(form.page, form.score(), form.how, form.now))),
        }
        Reply::new(Outcome::Ok, form.page.clone())
    }

    fn comment(&mut self, now: Time, page: &Page, picked: Option<Score>, text: &str) -> Reply {
        if now - page.issued < COMMENT_DWELL {
            return too_soon(page);
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
            None => rating_on(page, score, Evidence::Commented, now),
        };
        self.comment = Some(text.to_owned());
        self.stand(now, Standing::Locked(rating));
        Reply::new(Outcome::Ok, page.clone())
    }

    /// Asks for a press: with a fresh page that keeps the name of the posted one, so that the rules take both as one page.
    /// It counts as issued after a hold that this form made. A press that is refused is asked for once more.
    fn ask(&self, form: &Confirmation) -> Reply {
        let made_hold = self.held_since() == Some(form.now) && form.held != Some(form.now);
        let page = self.press_page(form.now, form.page);
        Reply::new(Outcome::Ask, Page { made_hold, once_more: form.is_press(), ..page })
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
        Page { mode, ..next_page(now, page) }
    }
}

/// Refuses what came sooner than a person could have sent it. The page stays good for another try.
fn too_soon(page: &Page) -> Reply {
    Reply::new(Outcome::Ask, page.clone())
}

/// A page issued now that keeps the name of another, and whether its GET was a click.
fn next_page(now: Time, page: &Page) -> Page {
    Page { click: page.click, ..Page::new(page.id, page.score, page.mode, now) }
}

fn rating_on(page: &Page, score: Score, evidence: Evidence, now: Time) -> Rating {
    Rating { score, evidence, rated_at: now, page: page.id, page_issued: page.issued, click: page.click }
}
