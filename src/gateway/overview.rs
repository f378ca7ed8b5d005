//! The start of the admin pages: the report of a period beside another one, and how it went over time.
//!
//! It must not know how they are drawn.

use super::{Error, Gateway};
use crate::survey::access::Within;
use crate::survey::report::{By, Cut, Filters, Group, Report, ReportQuery};
use crate::survey::span::Span;
use chrono::NaiveDate;

/// Which overview to make.
#[derive(Clone, Debug)]
pub struct OverviewQuery {
    /// The days.
    pub span: Span,
    /// The days to compare with, if any.
    pub before: Option<Span>,
    /// What the rows stand for.
    pub by: By,
    /// What each step of the trend is: a day, a week or a month.
    pub step: By,
    /// Of which part of all surveys.
    pub filters: Filters,
}

/// The figures of a period.
#[derive(Clone, Debug)]
pub struct Overview {
    /// The total, what was ticked, and one row a group.
    pub report: Report,
    /// One row a step.
    pub trend: Vec<Group>,
}

impl Gateway {
    /// Makes the overview of a period, of the part of the team that the caller may see.
    ///
    /// # Errors
    /// Days that leave the calendar, or an unavailable store.
    pub async fn overview(&self, query: &OverviewQuery, allowed: &Within) -> Result<Overview, Error> {
        let (from, to) = query.span.ends();
        let trend = ReportQuery {
            cut: Cut::from(query.step),
            from: Some(from),
            to: Some(to),
            filters: query.filters.clone(),
            ..ReportQuery::default()
        };
        let other = query.before.map(Span::ends);
        let rows = ReportQuery { cut: Cut::from(query.by), compare: other.is_some(), other, ..trend.clone() };
        let (report, trend) = tokio::try_join!(self.report(&rows, allowed), self.report(&trend, allowed))?;
        Ok(Overview { report, trend: trend.rows })
    }

    /// Looks up what people call a teammate; `None` if nobody named one with this id, or the caller may not see the team
    /// that the teammate is in now.
    ///
    /// # Errors
    /// An unavailable store.
    pub async fn teammate_name(&self, id: &str, allowed: &Within) -> Result<Option<String>, Error> {
        let named = self.store.teammate(id).await?;
        Ok(named.filter(|(_, team)| allowed.includes(Some(id), team.as_deref())).and_then(|(name, _)| name))
    }

    /// Today, in the zone of reports.
    #[must_use]
    pub fn today(&self) -> NaiveDate {
        self.clock.now().with_timezone(&self.config.report.timezone).date_naive()
    }
}
