//! What a GET or HEAD of a rating link does: it rates nothing, may put a rating in doubt, and gets a page.

use super::Clicks;
use crate::survey::opening::Opening;
use crate::survey::page::{Evidence, Mode, Page, PageId, Visitor};
use crate::survey::rating::{Score, Standing};
use crate::survey::trail::{BURST, View};
use crate::survey::{Time, is_over};

/// The page that answers a view, but for its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Viewed {
    /// What the page needs.
    pub mode: Mode,
    /// The view looked like a click in a mail.
    pub click: bool,
    /// The view held the rating.
    pub made_hold: bool,
}

impl Viewed {
    /// Gives the page its name. The other two are those of the view.
    #[must_use]
    pub fn page(self, id: PageId, score: Score, now: Time) -> Page {
        Page { click: self.click, made_hold: self.made_hold, ..Page::new(id, score, self.mode, now) }
    }
}

impl Clicks {
    /// Takes a GET or HEAD of a link, and returns what answers it. A view never rates. After views of several faces, a
    /// rating made among them is in doubt. `required` is the setting `clicks.evidence`.
    pub fn view(&mut self, now: Time, score: Score, visitor: Visitor, required: Evidence) -> Viewed {
        let click = visitor.clicks();
        if self.erased {
            return Viewed { mode: Mode::Closed, click, made_hold: false };
        }
        let clicked = self.trail.views.iter().any(|view| view.visitor.clicks());
        self.opened = Opening::after(self.opened, visitor, self.young(now), clicked);
        self.trail.viewed(View { at: now, score, visitor });
        let made_hold = self.doubt_after_view(now, click);
        Viewed { mode: self.mode(now, score, visitor, required), click, made_hold }
    }

    /// The mode of a page issued now for a link.
    #[must_use]
    pub fn mode(&self, now: Time, score: Score, visitor: Visitor, required: Evidence) -> Mode {
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
        if visitor.machine || self.trail.hot_at(now) {
            return Mode::Pressed;
        }
        // While gateways scan, only what looks like a click is believed without more.
        match (required, self.young(now) && !visitor.clicks()) {
            (Evidence::Seen, false) => Mode::Seen,
            (Evidence::Seen, true) | (Evidence::Touched, false) => Mode::Touched,
            _ => Mode::Pressed,
        }
    }

    /// Makes the survey hot if the burst has views of two faces, and holds a rating that was made within it. What a script
    /// saw falls at two faces, what was touched at three, what was pressed never. Returns whether it held.
    ///
    /// While the mail is young, everything of the same pose belongs to the burst, however long ago: a scanner that takes
    /// its time keeps its pose, and a person who comes in between has another.
    fn doubt_after_view(&mut self, now: Time, click: bool) -> bool {
        let young = self.young(now);
        let in_burst = |at: Time, of_click: bool| now - at < BURST || (young && of_click == click);
        let scores = self.trail.scores_viewed(|view| in_burst(view.at, view.visitor.clicks()));
        if scores < 2 {
            return false;
        }
        self.trail.mark_hot(now);
        let falls = self.standing.rated().is_some_and(|rating| {
            let at = match rating.evidence {
                Evidence::Seen => 2,
                Evidence::Touched => 3,
                Evidence::Pressed | Evidence::Commented => return false,
            };
            scores >= at && in_burst(rating.page_issued, rating.click)
        });
        if falls {
            self.hold(now);
        }
        falls
    }
}
