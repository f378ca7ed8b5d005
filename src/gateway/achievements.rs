//! What went well: happy comments, totals and streaks, of a teammate or of all.
//!
//! It must not know how they are shown. Nothing in it is fit to blame anybody: a teammate without a happy customer is left
//! out.

use super::{Error, Gateway};
use crate::survey::access::Within;
use crate::survey::paging::{Paging, RowPlace};
use crate::survey::rating::Score;
use crate::survey::report::{By, Cut, Figures, Filters, Group, Ratings, RatingsQuery, ReportQuery};
use crate::survey::span::Span;
use crate::survey::streak::Streak;
use std::collections::BTreeMap;

/// How far a streak is counted in the list of all: beyond, it is this many or more. So the list costs some hundred rows of
/// an index a teammate, whatever the period.
pub const LONGEST_LISTED: u32 = 100;
/// How many of a teammate's ratings are looked at for the best streak: those of years.
const MOST_LOOKED_AT: u32 = 100_000;
/// How many comments a page shows.
const COMMENTS: u32 = 20;

/// What went well in a period.
#[derive(Clone, Debug)]
pub struct Achievements {
    /// The figures of all that is shown.
    pub total: Figures,
    /// What people call the teammate, if the page is about one.
    pub name: Option<String>,
    /// The streak of the teammate, if the page is about one.
    pub streak: Option<Streak>,
    /// The teammates with happy customers, by name; none if the page is about one.
    pub teammates: Vec<Achiever>,
    /// Positive ratings with a comment, newest first.
    pub comments: Ratings,
}

/// A teammate in the list.
#[derive(Clone, Debug)]
pub struct Achiever {
    /// The id.
    pub id: String,
    /// What people call them.
    pub name: Option<String>,
    /// Their figures.
    pub figures: Figures,
    /// Their positive ratings in a row up to now, [`LONGEST_LISTED`] at most.
    pub streak: usize,
}

impl Default for Achievements {
    fn default() -> Self {
        Self { total: Figures::default(), name: None, streak: None, teammates: Vec::new(), comments: Ratings::none() }
    }
}

impl Gateway {
    /// What went well in a period, in a part of the team, as far as the caller may see it; the comments after a place in
    /// their list. Streaks are within the period: they begin in it, and the last one lasts up to its end.
    ///
    /// # Errors
    /// An unavailable store.
    pub async fn achievements(
        &self,
        span: Span,
        within: &Within,
        after: Option<RowPlace>,
        allowed: &Within,
    ) -> Result<Achievements, Error> {
        let Some(within) = within.and(allowed) else { return Ok(Achievements::default()) };
        let (from, to) = span.ends();
        let by_teammate = ReportQuery {
            cut: Cut::from(By::Teammate),
            from: Some(from),
            to: Some(to),
            filters: Filters::default().within(&within),
            ..ReportQuery::default()
        };
        let everything = Within::default();
        let (report, comments) =
            tokio::try_join!(self.report(&by_teammate, &everything), self.happy_comments(span, &within, after))?;
        let mut achievements = Achievements { total: report.total, comments, ..Achievements::default() };
        if let Some(teammate) = &within.teammate {
            let mut streaks = self.streaks(std::slice::from_ref(teammate), &within, span, MOST_LOOKED_AT).await?;
            achievements.name = report.rows.into_iter().find_map(|row| row.keys.into_iter().next()?.name);
            achievements.streak = Some(streaks.remove(teammate).unwrap_or_default());
        } else {
            achievements.teammates = self.achievers(report.rows, &within, span).await?;
        }
        Ok(achievements)
    }

    /// Positive ratings with a comment, newest first, after a place in their list.
    async fn happy_comments(&self, span: Span, within: &Within, after: Option<RowPlace>) -> Result<Ratings, Error> {
        let (from, to) = span.ends();
        let query = RatingsQuery {
            from: Some(from),
            to: Some(to),
            scores: self.config.report.positive_scores(),
            commented: Some(true),
            filters: Filters::default().within(within),
            paging: Paging { after, limit: COMMENTS },
            ..RatingsQuery::default()
        };
        self.ratings(&query, &Within::default()).await
    }

    /// The teammates of a report who have a positive rating, with their streaks.
    async fn achievers(&self, rows: Vec<Group>, within: &Within, span: Span) -> Result<Vec<Achiever>, Error> {
        let named = rows.into_iter().filter(|row| row.figures.positive > 0).filter_map(|row| {
            let key = row.keys.into_iter().next()?;
            Some(Achiever { id: key.id?, name: key.name, figures: row.figures, streak: 0 })
        });
        let mut achievers: Vec<_> = named.collect();
        let ids: Vec<_> = achievers.iter().map(|achiever| achiever.id.clone()).collect();
        let streaks = self.streaks(&ids, within, span, LONGEST_LISTED).await?;
        for achiever in &mut achievers {
            achiever.streak = streaks.get(&achiever.id).map_or(0, |streak| streak.now);
        }
        Ok(achievers)
    }

    /// The streaks of teammates in a period, each from so many ratings at most.
    async fn streaks(
        &self,
        teammates: &[String],
        within: &Within,
        span: Span,
        most: u32,
    ) -> Result<BTreeMap<String, Streak>, Error> {
        let found = self.store.latest_scores(teammates, within.team.as_deref(), self.days(span)?, most).await?;
        let positive = self.config.report.positive_scores();
        let streak = |scores: Vec<Score>| Streak::of(scores.iter().map(|score| positive.contains(score)));
        Ok(found.into_iter().map(|(id, scores)| (id, streak(scores))).collect())
    }
}
