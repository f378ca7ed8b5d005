//! The weekly digest: queues it when it is due, makes and sends it, and lets its recipients opt out.
//!
//! Its figures are those of reports. It must not know how the mail looks, nor HTTP.

use super::delivery::MARK_AGAIN;
use super::{Error, Gateway, survey_id};
use crate::config::DigestSettings;
use crate::ledger::digests::{Announce, MarkDigest};
use crate::mail::compose::ComposeError;
use crate::mail::digest::{Addressed, Rendered, letter, render};
use crate::mail::dkim::Dkim;
use crate::mail::transport::{Connection, Letter};
use crate::secrets::random;
use crate::survey::Time;
use crate::survey::access::Within;
use crate::survey::digest::{Digest, DigestMail, MOST_HAPPY, MOST_UNHAPPY, Subscription, mondays, trend, week_of};
use crate::survey::link::{Link, Purpose};
use crate::survey::outbound::{Attempt, Lease};
use crate::survey::paging::Paging;
use crate::survey::rating::Score;
use crate::survey::report::{By, Cut, Filters, RatingRow, Ratings, RatingsQuery, ReportQuery};
use crate::survey::span::Span;
use chrono::Days;
use std::collections::BTreeMap;
use uuid::Uuid;

/// What the subject of a test digest begins with.
const MARK: &str = "[Test] ";

/// A digest as its recipients would get it.
#[derive(Clone, Debug)]
pub struct DigestPreview {
    /// What it says.
    pub content: Rendered,
    /// All of it, as it would be sent.
    pub raw: Vec<u8>,
}

/// Who gets a digest, and when the next time.
#[derive(Clone, Debug)]
pub struct DigestRecipient {
    /// The address, as the configuration writes it.
    pub address: String,
    /// Of which part of the team.
    pub within: Within,
    /// When the next one is due; `None` where that leaves the calendar.
    pub next: Option<Time>,
    /// Since when the recipient has opted out, if so.
    pub stopped: Option<Time>,
}

impl Gateway {
    /// Queues each digest that is due and was not queued yet; answers how many those were. One about a week with nothing
    /// to tell is noted and not sent. The answer is durable, and a repeat changes nothing.
    ///
    /// # Errors
    /// An unavailable store: the next call does the rest.
    pub async fn announce_digests(&self) -> Result<u64, Error> {
        let (now, zone) = (self.clock.now(), self.config.report.timezone);
        let mut digests = Vec::new();
        for settings in &self.config.digests {
            let Some(week) = settings.schedule().due(now, zone) else { continue };
            let known = self.store.digests_about(week.first).await?;
            let missing: Vec<_> = settings.subscriptions().filter(|(_, wanted)| !known.contains(wanted)).collect();
            if missing.is_empty() {
                continue;
            }
            let is_empty = self.digest(&settings.within(), week, false).await?.is_empty();
            let mail = |subscription| DigestMail { id: survey_id(now), subscription, week: week.first };
            digests.extend(missing.into_iter().map(|(_, subscription)| (mail(subscription), is_empty)));
        }
        if digests.is_empty() {
            return Ok(0);
        }
        let new = self.store.announce(Announce { digests, at: now }).await?;
        tracing::info!(new, "digests are due");
        self.mail_due.notify_one();
        Ok(new)
    }

    /// Makes the digest of a part of the team about a week, with what customers wrote or without.
    ///
    /// # Errors
    /// An unavailable store, or a week that leaves the calendar.
    pub async fn digest(&self, within: &Within, week: Span, comments: bool) -> Result<Digest, Error> {
        let first = mondays(week).first().copied().unwrap_or(week.first);
        let report = |by: By| {
            let (from, to) = Span { first, ..week }.ends();
            ReportQuery { cut: Cut::from(by), from: Some(from), to: Some(to), ..ReportQuery::default() }
        };
        let weeks = self.report(&report(By::Week), within).await?.rows;
        let teammate = match &within.teammate {
            Some(id) => {
                let known = self.report(&report(By::Teammate), within).await?.rows;
                let name = known.into_iter().flat_map(|row| row.keys).find_map(|key| key.name);
                Some(name.unwrap_or_else(|| id.clone()))
            }
            None => None,
        };
        let (happy, unhappy) = if comments {
            (self.happy(within, week).await?, self.comments(within, week, &Score::LOW, MOST_UNHAPPY).await?)
        } else {
            (Vec::new(), Ratings::none())
        };
        let open = self.open_follow_ups(within, &Within::default()).await?.open;
        Ok(Digest {
            week,
            within: within.clone(),
            teammate,
            trend: trend(week, &weeks),
            happy,
            unhappy: unhappy.items,
            more_unhappy: unhappy.next.is_some(),
            open: open.into(),
        })
    }

    /// The newest comments beside the best of the positive scores.
    async fn happy(&self, within: &Within, week: Span) -> Result<Vec<RatingRow>, Error> {
        let mut found: Vec<RatingRow> = Vec::new();
        for score in self.config.report.positive_scores().into_iter().rev() {
            let left = MOST_HAPPY.saturating_sub(u32::try_from(found.len()).unwrap_or(u32::MAX));
            if left > 0 {
                found.extend(self.comments(within, week, &[score], left).await?.items);
            }
        }
        Ok(found)
    }

    async fn comments(&self, within: &Within, week: Span, scores: &[Score], limit: u32) -> Result<Ratings, Error> {
        let (from, to) = week.ends();
        let query = RatingsQuery {
            from: Some(from),
            to: Some(to),
            scores: scores.to_vec(),
            commented: Some(true),
            filters: Filters::default().within(within),
            paging: Paging { after: None, limit },
            ..RatingsQuery::default()
        };
        self.ratings(&query, &Within::default()).await
    }

    /// Sends a digest that was claimed.
    pub(super) async fn send_digest(&self, connection: &mut Connection, mail: &DigestMail) -> Attempt {
        // The configuration may have changed since it was queued.
        let Some((address, comments)) = self.configured_digest(&mail.subscription) else {
            return Attempt::Permanent("the configuration no longer has this digest".into());
        };
        let digest = match self.digest(&mail.subscription.within, week_of(mail.week), comments).await {
            Ok(digest) => digest,
            Err(error) => return Attempt::Temporary(format!("the digest cannot be made: {error}")),
        };
        match self.digest_letter(mail.id, address, &digest, "", self.dkim.as_ref()) {
            Ok(letter) => connection.send(&letter).await,
            Err(error) => Attempt::Permanent(error.to_string()),
        }
    }

    /// How the address of a digest is written, and whether the digest holds comments; `None` if none is configured so.
    fn configured_digest(&self, wanted: &Subscription) -> Option<(&str, bool)> {
        let of = |settings: &DigestSettings| settings.within() == wanted.within;
        self.config.digests.iter().filter(|settings| of(settings)).find_map(|settings| {
            let (address, _) = settings.subscriptions().find(|(_, subscription)| subscription == wanted)?;
            Some((address, settings.comments))
        })
    }

    fn digest_letter(
        &self,
        id: Uuid,
        to: &str,
        digest: &Digest,
        mark: &str,
        dkim: Option<&Dkim>,
    ) -> Result<Letter, ComposeError> {
        let mail = Addressed { id, to, mark };
        letter(&self.config, dkim, &mail, digest, &self.secrets.ring, self.clock.now())
    }

    /// Stores what became of a digest, however long that takes.
    pub(super) async fn mark_digest(&self, digest: Uuid, lease: Lease, attempt: Attempt, due_again: Option<u16>) {
        let (at, patience, jitter) = (self.clock.now(), self.patience(), fastrand::f64());
        let mark = MarkDigest { digest, lease, at, attempt, patience, jitter, due_again };
        while let Err(error) = self.store.mark_digest(mark.clone()).await {
            tracing::error!(%error, %digest, "cannot record yet what became of a digest");
            tokio::time::sleep(MARK_AGAIN).await;
        }
    }

    /// Makes the digest about the last whole week as it would be mailed, and sends nothing.
    ///
    /// # Errors
    /// An unavailable store; the outer result. A sender's address that lettre does not take; the inner one.
    pub async fn preview_digest(
        &self,
        within: &Within,
        comments: bool,
    ) -> Result<Result<DigestPreview, ComposeError>, Error> {
        let digest = self.digest(within, self.last_week(), comments).await?;
        let id = test_id();
        let mail = Addressed { id, to: "lead@example.com", mark: "" };
        let rendered = render(&self.config, &mail, &digest, &self.secrets.ring);
        Ok(rendered.and_then(|content| {
            let raw = self.digest_letter(id, mail.to, &digest, mail.mark, None)?.raw;
            Ok(DigestPreview { content, raw })
        }))
    }

    /// Sends a marked test of the digest about the last whole week, now. It is not one of the week's, and its link to opt
    /// out does nothing.
    ///
    /// # Errors
    /// An unavailable store.
    pub async fn send_test_digest(
        &self,
        address: &str,
        within: &Within,
        comments: bool,
        dkim: Option<&Dkim>,
    ) -> Result<Attempt, Error> {
        let digest = self.digest(within, self.last_week(), comments).await?;
        let letter = match self.digest_letter(test_id(), address, &digest, MARK, dkim) {
            Ok(letter) => letter,
            Err(error) => return Ok(Attempt::Permanent(error.to_string())),
        };
        let mut connection = self.relay.transport().connection();
        let attempt = connection.send(&letter).await;
        connection.close().await;
        Ok(attempt)
    }

    /// The last whole week, Monday to Sunday, in the zone of reports.
    #[must_use]
    pub fn last_week(&self) -> Span {
        let today = self.today();
        week_of(today.checked_sub_days(Days::new(7)).unwrap_or(today))
    }

    /// Everybody who gets a digest by the configuration, and who of them has opted out.
    ///
    /// # Errors
    /// An unavailable store.
    pub async fn digest_recipients(&self) -> Result<Vec<DigestRecipient>, Error> {
        let stopped: BTreeMap<Subscription, Time> = self.store.stopped_digests().await?.into_iter().collect();
        let (now, zone) = (self.clock.now(), self.config.report.timezone);
        let each = |settings: &DigestSettings| {
            let next = settings.schedule().next(now, zone);
            let each = settings.subscriptions().map(|(address, subscription)| {
                let stopped = stopped.get(&subscription).copied();
                DigestRecipient { address: address.to_owned(), within: subscription.within, next, stopped }
            });
            each.collect::<Vec<_>>()
        };
        Ok(self.config.digests.iter().flat_map(each).collect())
    }

    /// Lets an address have its digests again; answers how many it had opted out of.
    ///
    /// # Errors
    /// An unavailable store.
    pub async fn resume_digests(&self, address: &str) -> Result<u64, Error> {
        let Subscription { address, .. } = Subscription::new(address, Within::default());
        Ok(self.store.resume_digests(&address).await?)
    }

    /// Returns which part of the team the digest of a link to opt out is about, and changes nothing.
    ///
    /// # Errors
    /// A link that is not one of a digest, or whose digest is gone; an unavailable store.
    pub async fn digest_of(&self, link: Link) -> Result<Within, Error> {
        Ok(self.linked_digest(link).await?.within)
    }

    /// Stops the digest of a link for good, and no survey. The answer is durable; a repeat changes nothing.
    ///
    /// # Errors
    /// As those of [`digest_of`](Self::digest_of).
    pub async fn stop_digest(&self, link: Link) -> Result<Within, Error> {
        let subscription = self.linked_digest(link).await?;
        self.store.stop_digest(&subscription, self.clock.now()).await?;
        Ok(subscription.within)
    }

    async fn linked_digest(&self, link: Link) -> Result<Subscription, Error> {
        let is_digest = link.purpose == Purpose::StopDigest;
        let found = if is_digest { self.store.digest(link.survey).await? } else { None };
        found.map(|digest| digest.subscription).ok_or(Error::UnknownLink)
    }
}

/// The id of a test, as those of test mails: its links open nothing.
fn test_id() -> Uuid {
    uuid::Builder::from_custom_bytes(random()).into_uuid()
}
