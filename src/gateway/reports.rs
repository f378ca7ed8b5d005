//! What the team reads: reports, ratings, and all that is known of a conversation.
//!
//! It must not know HTTP or SQL, nor how a report is shown.

use super::{Error, Gateway};
use crate::store::RatingsFilter;
use crate::survey::access::Within;
use crate::survey::closing::Conversation;
use crate::survey::conversation::ConversationRecord;
use crate::survey::fields::Fault;
use crate::survey::report::cut::{arrange, before};
use crate::survey::report::proof::Proof;
use crate::survey::report::{
    Before, Bound, Counted, NO_YEARS, Period, Ratings, RatingsQuery, Report, ReportQuery, usual_bounds,
};
use chrono::Days;
use uuid::Uuid;

/// What there is of a conversation that somebody seeks by its id.
#[derive(Clone, Debug)]
pub enum Found {
    /// Nobody reported it, or nothing of it may be seen.
    Nothing,
    /// All that is known of it.
    One(Conversation, Box<ConversationRecord>),
    /// Several helpdesks reported one of this id: their connections.
    Several(Vec<String>),
}

impl Gateway {
    /// Makes a report of the part of the team that the caller may see.
    ///
    /// # Errors
    /// A period that ends before it begins, or an unavailable store.
    pub async fn report(&self, query: &ReportQuery, allowed: &Within) -> Result<Report, Error> {
        let (period, (from, to)) = self.period(query.from, query.to)?;
        let filters = query.filters.clone().within(allowed);
        let mut counted = self.store.counted(query.cut, period, &filters).await?;
        let mut earlier = None;
        if query.compare {
            let bounds =
                query.other.or_else(|| before(from, to, period)).ok_or_else(|| wrong_period(NO_YEARS.into()))?;
            let (period, (from, to)) = self.period(Some(bounds.0), Some(bounds.1))?;
            let then = self.store.counted(query.cut, period, &filters).await?;
            earlier = Some(Before { from, to, total: then.total });
            // A day or a month has no counterpart of its name in the period before.
            if !query.cut.has_time() {
                counted.compare(then.rows);
            }
        }
        let rows = arrange(counted.rows, query.cut, period, self.clock.now(), self.config.report.timezone);
        let Counted { total, total_ticks, .. } = counted;
        Ok(Report { cut: query.cut, from, to, total, total_ticks, rows, before: earlier })
    }

    /// Rolls surveys up for reports from now on, whenever the store has time. Reports are exact without it, only slower.
    pub fn keep_rolled_up(&self) {
        self.store.keep_rolled_up();
    }

    /// Adds surveys to the roll-up that reports read: what changed, and so many new ones at most. Returns whether there may be
    /// more. The service does so by itself.
    ///
    /// # Errors
    /// An unavailable store.
    pub async fn roll_up(&self, most: usize) -> Result<bool, Error> {
        Ok(self.store.roll_up(most).await?)
    }

    /// Compares the sums that reports read with the ratings that they stand for: those of the last so many days, or all.
    ///
    /// # Errors
    /// An unavailable store.
    pub async fn prove_reports(&self, days: Option<u64>) -> Result<Proof, Error> {
        let first = days.and_then(|days| self.today().checked_sub_days(Days::new(days.saturating_sub(1))));
        Ok(self.store.prove(first).await?)
    }

    /// Forgets these sums, so that [`roll_up`](Self::roll_up) makes them anew. Reports are exact meanwhile, and slow.
    ///
    /// # Errors
    /// An unavailable store.
    pub async fn rebuild_reports(&self) -> Result<(), Error> {
        Ok(self.store.forget_roll_up().await?)
    }

    /// Lists ratings, newest first, of the part of the team that the caller may see. A page looks at a bounded number of
    /// ratings.
    ///
    /// # Errors
    /// A period that ends before it begins, or an unavailable store.
    pub async fn ratings(&self, query: &RatingsQuery, allowed: &Within) -> Result<Ratings, Error> {
        let (period, _) = self.period(query.from, query.to)?;
        let filters = query.filters.clone().within(allowed);
        let filter = RatingsFilter { period, query: RatingsQuery { filters, ..query.clone() } };
        Ok(self.store.ratings(&filter).await?)
    }

    /// Looks up a conversation: why was nobody asked, and what came of it? Everything is empty for an unknown one.
    ///
    /// # Errors
    /// An unavailable store.
    pub async fn conversation(
        &self,
        conversation: &Conversation,
        allowed: &Within,
    ) -> Result<ConversationRecord, Error> {
        let mut known = self.store.conversation(conversation).await?;
        known.closings.retain(|closing| allowed.includes(closing.teammate.as_deref(), closing.team.as_deref()));
        known.surveys.retain(|survey| allowed.includes(survey.teammate.as_deref(), survey.team.as_deref()));
        if *allowed != Within::default() {
            if known.closings.is_empty() {
                known.reopenings.clear();
            }
            // The customer may have said so to another teammate's survey.
            known.surveys.iter_mut().for_each(|survey| survey.stopped.clear());
        }
        Ok(known)
    }

    /// Finds the conversation that a survey asks about; `None` if there is no such survey.
    ///
    /// # Errors
    /// An unavailable store.
    pub async fn conversation_of(&self, survey: Uuid) -> Result<Option<Conversation>, Error> {
        Ok(self.store.conversation_of(survey).await?)
    }

    /// Lists the connections that reported a conversation of this id, for one that was sought under another.
    ///
    /// # Errors
    /// An unavailable store.
    pub async fn connections_of(&self, id: &str) -> Result<Vec<String>, Error> {
        Ok(self.store.connections_of(id).await?)
    }

    /// Finds a conversation by its id, of the part of the team that the caller may see. Without a connection, any that
    /// reported it will do, unless several did.
    ///
    /// # Errors
    /// An unavailable store.
    pub async fn find(&self, id: &str, connection: Option<&str>, allowed: &Within) -> Result<Found, Error> {
        let connections = match connection {
            Some(name) => vec![name.to_owned()],
            None => self.store.connections_of(id).await?,
        };
        let mut found = Vec::new();
        for connection in connections {
            let conversation = Conversation { connection, id: id.to_owned() };
            let known = self.conversation(&conversation, allowed).await?;
            if !known.is_unknown() {
                found.push((conversation, known));
            }
        }
        Ok(match found.len() {
            0 => Found::Nothing,
            1 => found.pop().map_or(Found::Nothing, |(of, known)| Found::One(of, Box::new(known))),
            _ => Found::Several(found.into_iter().map(|(of, _)| of.connection).collect()),
        })
    }

    /// The period of a query, and its two ends as the caller named them or as they usually are.
    pub(super) fn period(&self, from: Option<Bound>, to: Option<Bound>) -> Result<(Period, (Bound, Bound)), Error> {
        let (now, zone) = (self.clock.now(), self.config.report.timezone);
        let period = Period::between(from, to, now, zone).map_err(wrong_period)?;
        let bounds = usual_bounds(from, to, now, zone).ok_or_else(|| wrong_period(NO_YEARS.into()))?;
        Ok((period, bounds))
    }
}

pub(super) fn wrong_period(detail: String) -> Error {
    Error::Invalid(vec![Fault::parameter("from", detail)])
}
