//! A rating page: what it asks for, what is posted from it, and what the post is answered with.
//!
//! It owns these shapes. It must not know which post counts (`evidence`), nor how a page looks.

use super::Time;
use super::rating::Score;
use super::words::words;
use serde::{Deserialize, Serialize};

words! {
    /// What speaks for a person behind a confirmation, weakest first.
    pub enum Evidence {
        /// The script ran and the page was visible for half a second.
        Seen = "seen",
        /// A trusted pointer, touch, key or wheel event, or three trusted mouse moves at different places.
        Touched = "touched",
        /// The form's button.
        Pressed = "pressed",
        /// A comment was written.
        Commented = "commented",
    }
}

impl Evidence {
    pub(super) fn by_script(self) -> bool {
        self <= Self::Touched
    }
}

words! {
    /// What a page needs, or why it takes nothing. The position of a mode in `ALL` is its number in a page token.
    pub enum Mode {
        /// Confirms by itself after half a second of being visible.
        Seen = "seen",
        /// Confirms by itself at the first trusted event.
        Touched = "touched",
        /// Asks for a press of the button.
        Pressed = "pressed",
        /// Another rating stands: asks whether to change it.
        Change = "change",
        /// Locked by a comment: read only.
        Final = "final",
        /// The rate window is over and nothing is rated, or the survey is voided.
        Closed = "closed",
    }
}

impl Mode {
    /// The evidence by script that is enough on such a page.
    pub(super) fn evidence_by_script(self) -> Option<Evidence> {
        match self {
            Self::Seen => Some(Evidence::Seen),
            Self::Touched => Some(Evidence::Touched),
            _ => None,
        }
    }
}

/// Names a page. The answers to its own refused posts keep the name. At most 63 bits, so that SQL can hold it.
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

/// What the headers of a GET or HEAD say about its sender.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Visitor {
    /// It says that it is a program: a HEAD, a prefetch, no `User-Agent`, or one that is known.
    pub machine: bool,
    /// Its `User-Agent` names a phone or a tablet.
    pub phone: bool,
    /// It followed a link of another site with a click, as a browser does from a webmail.
    pub webmail: bool,
}

impl Visitor {
    /// Whether it looks like a click in a mail. This is a visitor's pose: scanners keep one. Many mail programs of
    /// desktops send nothing that looks like a click, so its absence proves nothing.
    #[must_use]
    pub fn clicks(self) -> bool {
        !self.machine && (self.phone || self.webmail)
    }
}

/// One answer to a GET of a rating link, as its form's token remembers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Its name.
    pub id: PageId,
    /// The score of the link it answered.
    pub score: Score,
    /// The mode in which it was shown.
    pub mode: Mode,
    /// When it was issued.
    pub issued: Time,
    /// The GET that it answers [looked like a click](Visitor::clicks). The answers to its posts keep this.
    pub click: bool,
    /// The GET or POST that it answers held the rating, so it counts as issued after a hold of the same moment.
    pub made_hold: bool,
    /// It answers a press that was refused, and says that one more press saves.
    pub once_more: bool,
}

impl Page {
    /// A page whose GET was no click and held nothing.
    #[must_use]
    pub fn new(id: PageId, score: Score, mode: Mode, issued: Time) -> Self {
        Self { id, score, mode, issued, click: false, made_hold: false, once_more: false }
    }
}

/// A form that was posted.
#[derive(Clone, Debug)]
pub struct Post {
    /// The face whose link it was posted to.
    pub clicked: Score,
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

words! {
    /// What became of a post.
    pub enum Outcome {
        /// It counts.
        Ok = "ok",
        /// It does not count yet: the page asks for a press.
        Ask = "ask",
        /// The page is too old or not ours: the answer holds a fresh one.
        Stale = "stale",
        /// A comment locked the rating before.
        Locked = "locked",
        /// A window is over, or the survey is voided.
        Closed = "closed",
    }
}

/// The answer to a post: what became of it, and the page that form and script go on with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// What became of it.
    pub outcome: Outcome,
    /// The page to go on with.
    pub page: Page,
    /// The browser sent the locking comment again, because it lost our answer. The page must not say that the comment was
    /// refused.
    pub repeated: bool,
}

impl Reply {
    pub(super) fn new(outcome: Outcome, page: Page) -> Self {
        Self { outcome, page, repeated: false }
    }
}

/// What a survey is about, as its page shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// Who helped.
    pub teammate: Option<String>,
    /// The conversation's subject.
    pub subject: Option<String>,
    /// Who was asked.
    pub customer: Option<String>,
    /// The policy that its closing named: its custom texts apply.
    pub policy: Option<String>,
    /// The language that the customer reads, as the helpdesk named it.
    pub locale: Option<String>,
}
