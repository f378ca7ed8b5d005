//! What customers do with the links of a mail: open a page, rate, comment.
//!
//! It owns links and page tokens on their way in and out. It must not know HTTP, nor which click counts
//! (`survey::evidence`).

use super::{Error, Gateway, preview};
use crate::ledger::clicks::{Submit, View};
use crate::secrets::random;
use crate::store::Shown;
use crate::survey::Time;
use crate::survey::answers::Answers;
use crate::survey::evidence::Summary;
use crate::survey::fields::clean;
use crate::survey::link::{Link, Purpose};
use crate::survey::page::{About, Evidence, Outcome, Page, PageId, Post, Visitor};
use crate::survey::rating::Score;
use std::collections::BTreeSet;
use uuid::Uuid;

/// The longest comment, in Unicode characters.
pub const LONGEST_COMMENT: usize = 5_000;

/// A form that was posted to a rating link.
#[derive(Clone, Debug)]
pub struct Form {
    /// The page token.
    pub page: String,
    /// What the form says that the customer did: seen, touched or pressed.
    pub how: Evidence,
    /// The face that was picked.
    pub picked: Option<Score>,
    /// The comment; empty if there is none.
    pub comment: String,
    /// What was ticked, as pairs of a question and a choice; `None` if the form had nothing to tick.
    pub ticked: Option<BTreeSet<(String, String)>>,
    /// The browser says that another site sent it.
    pub cross_site: bool,
    /// A program asks, not a person: the answer need not say what the survey is about.
    pub program: bool,
}

/// What a rating page shows.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The face whose link was clicked.
    pub clicked: Score,
    /// The page to go on with; its mode says what it needs.
    pub page: Page,
    /// That page, signed.
    pub page_token: String,
    /// When it is shown: windows that ended before are over.
    pub now: Time,
    /// Where the rating stands, and until when it can change.
    pub summary: Summary,
    /// What the survey is about; nothing for a program.
    pub about: About,
    /// What is ticked: what stands beside the rating, or what a refused post had ticked.
    pub answers: Answers,
    /// The post that it answers; `None` for a view.
    pub posted: Option<Posted>,
}

/// A post, and what became of it.
#[derive(Clone, Debug)]
pub struct Posted {
    /// What became of it, unless its comment was too long to be looked at.
    pub result: Result<Outcome, TooLong>,
    /// Its comment was not taken, or not this time.
    pub refused: bool,
    /// The face that was picked, to be shown again if the post was refused.
    pub picked: Option<Score>,
    /// The comment, to be shown again if the post was refused.
    pub comment: String,
}

/// A comment that is longer than [`LONGEST_COMMENT`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong {
    /// Its length, in Unicode characters.
    pub characters: usize,
}

impl Gateway {
    /// Verifies the token of a link in a mail.
    ///
    /// # Errors
    /// A token that was not signed here as such a link, or a link of a test mail.
    pub fn link(&self, token: &str) -> Result<Link, Error> {
        match self.secrets.ring.verify(token) {
            Some(Link { purpose: Purpose::Bounce, .. }) | None => Err(Error::UnknownLink),
            Some(link) if preview::is_test(link.survey) => Err(Error::TestLink),
            Some(link) => Ok(link),
        }
    }

    /// Opens a rating link: returns the page that answers it. The view is queued, and rates nothing: the writer decides
    /// every later post by it, while the page shows what is known without it.
    ///
    /// # Errors
    /// A link that is not a rating link, or whose survey is gone; an unavailable store.
    pub async fn open_link(&self, link: Link, visitor: Visitor) -> Result<Opened, Error> {
        let (survey, score) = rating_link(link)?;
        let Shown { mut clicks, about } = self.shown(survey).await?;
        let (now, required) = (self.clock.now(), self.config.clicks.evidence);
        let page = clicks.view(now, score, visitor, required).page(page_id(), score, now);
        self.store.view(View { survey, at: now, score, visitor, required }).await?;
        self.metrics.opened(page.mode);
        let summary = clicks.summary(now);
        Ok(Opened { answers: clicks.answers, ..self.opened(survey, page, now, summary, about) })
    }

    /// Takes a form posted to a rating link: a confirmation, or a comment that locks the rating. The answer is durable.
    ///
    /// # Errors
    /// A link that is not a rating link, or whose survey is gone; an unavailable store. A comment that is too long is an
    /// answer that says so and keeps the text.
    pub async fn answer(&self, link: Link, form: Form) -> Result<Opened, Error> {
        let (survey, clicked) = rating_link(link)?;
        let (now, required) = (self.clock.now(), self.config.clicks.evidence);
        let page = self.secrets.ring.verify_page(&form.page);
        let ours = page.filter(|(of, page)| *of == survey && page.score == clicked && !form.cross_site);
        let page = ours.map(|(_, page)| page);
        let comment = clean(&form.comment);
        let length = comment.as_ref().map_or(0, |text| text.chars().count());
        if length > LONGEST_COMMENT {
            return self.refuse_comment(survey, clicked, page, form, length).await;
        }
        // The writer knows everything else that an answer shows, so a program's answer needs no look-up.
        let about = if form.program { About::default() } else { self.shown(survey).await?.about };
        let post = Post { clicked, page, how: form.how, picked: form.picked, comment, fresh: page_id() };
        let ticked = form.ticked.as_ref().map(|ticked| self.config.ticks(ticked));
        let submit = Submit { survey, at: now, post, required, ticked };
        let submitted = self.store.answer(submit).await?.ok_or(Error::UnknownLink)?;
        let (reply, summary) = (submitted.reply, submitted.summary);
        self.metrics.posted(reply.outcome);
        let refused = reply.outcome != Outcome::Ok && !reply.repeated;
        let posted = Posted {
            result: Ok(reply.outcome),
            refused,
            picked: form.picked.filter(|_| refused),
            comment: if refused { form.comment } else { String::new() },
        };
        let answers = form.ticked.filter(|_| refused).map_or(submitted.answers, Answers);
        Ok(Opened { posted: Some(posted), answers, ..self.opened(survey, reply.page, now, summary, about) })
    }

    /// Answers a comment that is too long. Nothing is stored, and the text is kept in the form.
    async fn refuse_comment(
        &self,
        survey: Uuid,
        clicked: Score,
        page: Option<Page>,
        form: Form,
        length: usize,
    ) -> Result<Opened, Error> {
        let Shown { clicks, about } = self.shown(survey).await?;
        let now = self.clock.now();
        let mode = clicks.mode(now, clicked, Visitor::default(), self.config.clicks.evidence);
        let page = page.unwrap_or_else(|| Page::new(page_id(), clicked, mode, now));
        let posted = Posted {
            result: Err(TooLong { characters: length }),
            refused: true,
            picked: form.picked,
            comment: form.comment,
        };
        let summary = clicks.summary(now);
        let answers = form.ticked.map_or(clicks.answers, Answers);
        Ok(Opened { posted: Some(posted), answers, ..self.opened(survey, page, now, summary, about) })
    }

    pub(super) async fn shown(&self, survey: Uuid) -> Result<Shown, Error> {
        self.store.shown(survey).await?.ok_or(Error::UnknownLink)
    }

    fn opened(&self, survey: Uuid, page: Page, now: Time, summary: Summary, about: About) -> Opened {
        let page_token = self.secrets.ring.sign_page(survey, &page);
        let answers = Answers::default();
        Opened { clicked: page.score, page_token, page, now, summary, about, answers, posted: None }
    }
}

fn rating_link(link: Link) -> Result<(Uuid, Score), Error> {
    match link.purpose {
        Purpose::Rate(score) => Ok((link.survey, score)),
        Purpose::Unsubscribe | Purpose::Bounce | Purpose::StopDigest => Err(Error::UnknownLink),
    }
}

fn page_id() -> PageId {
    PageId::new(u64::from_be_bytes(random()))
}
