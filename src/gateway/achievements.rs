//! What went well: happy comments, totals and streaks, of a teammate or of all.
//!
//! It must not know how they are shown. Nothing in it is fit to blame anybody: a teammate without a happy customer is left
//! out.

use super::{Error, Gateway};
use crate::survey::access::Within;
use crate::survey::paging::Paging;
use crate::survey::rating::Score;
use crate::survey::report::{Bound, By, Cut, Figures, Filters, RatingPlace, Ratings, RatingsQuery, ReportQuery};
use crate::survey::span::Span;
use crate::survey::streak::Streak;

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
        after: Option<RatingPlace>,
        allowed: &Within,
    ) -> Result<Achievements, Error> {
        let Some(within) = within.and(allowed) else { return Ok(Achievements::default()) };
        let (from, to) = (Some(Bound::Day(span.first)), Some(Bound::Day(span.last)));
        let positive = &self.config.report.positive;
        let by_teammate = ReportQuery {
            cut: Cut::from(By::Teammate),
            from,
            to,
            filters: Filters::default().within(&within),
            ..ReportQuery::default()
        };
        let happy = RatingsQuery {
            from,
            to,
            scores: Score::ALL.into_iter().filter(|score| positive.contains(&score.number())).collect(),
            commented: Some(true),
            filters: Filters::default().within(&within),
            paging: Paging { after, limit: COMMENTS },
            ..RatingsQuery::default()
        };
        let everything = Within::default();
        let (report, comments) =
            tokio::try_join!(self.report(&by_teammate, &everything), self.ratings(&happy, &everything))?;
        let (period, _) = self.period(from, to)?;
        let is_happy = |score: Score| positive.contains(&score.number());
        let mut achievements = Achievements { total: report.total, comments, ..Achievements::default() };
        let team = within.team.as_deref();
        if let Some(teammate) = &within.teammate {
            let ids = std::slice::from_ref(teammate);
            let mut found = self.store.latest_scores(ids, team, period, MOST_LOOKED_AT).await?;
            let scores = found.remove(teammate).unwrap_or_default();
            achievements.name = report.rows.into_iter().find_map(|row| row.keys.into_iter().next()?.name);
            achievements.streak = Some(Streak::of(scores.into_iter().map(is_happy)));
            return Ok(achievements);
        }
        let rows = report.rows.into_iter().filter(|row| row.figures.positive > 0);
        let named: Vec<_> = rows
            .filter_map(|row| {
                let key = row.keys.into_iter().next()?;
                Some((key.id?, key.name, row.figures))
            })
            .collect();
        let ids: Vec<_> = named.iter().map(|(id, ..)| id.clone()).collect();
        let mut found = self.store.latest_scores(&ids, team, period, LONGEST_LISTED).await?;
        let mut streak = |id: &String| Streak::of(found.remove(id).unwrap_or_default().into_iter().map(is_happy)).now;
        achievements.teammates =
            named.into_iter().map(|(id, name, figures)| Achiever { streak: streak(&id), id, name, figures }).collect();
        Ok(achievements)
    }
}
