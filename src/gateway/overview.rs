//! The start of the admin pages: the figures of a period beside those of the one before, by teammate, team and day.
//!
//! It must not know how they are drawn.

use super::{Error, Gateway};
use crate::survey::access::Within;
use crate::survey::report::{Bound, By, Cut, Figures, Group, Report, ReportQuery};
use crate::survey::span::Span;
use chrono::NaiveDate;
use std::collections::BTreeMap;

/// The figures of a period, cut several ways.
#[derive(Clone, Debug, Default)]
pub struct Overview {
    /// All of them together.
    pub total: Figures,
    /// Those of the period to compare with.
    pub before: Figures,
    /// One row a teammate.
    pub teammates: Vec<Group>,
    /// One row a team.
    pub teams: Vec<Group>,
    /// Those of each local day that has any.
    pub days: BTreeMap<NaiveDate, Figures>,
}

impl Gateway {
    /// Makes the overview of a period, beside the period `before`, of a part of the team: `within`, as far as the caller may
    /// see it. Nothing of a part that the caller may not see.
    ///
    /// # Errors
    /// An unavailable store.
    pub async fn overview(
        &self,
        span: Span,
        before: Option<Span>,
        within: &Within,
        allowed: &Within,
    ) -> Result<Overview, Error> {
        let Some(within) = within.and(allowed) else { return Ok(Overview::default()) };
        let report = |by, span: Span| {
            let query = ReportQuery {
                cut: Cut::from(by),
                from: Some(Bound::Day(span.first)),
                to: Some(Bound::Day(span.last)),
                ..ReportQuery::default()
            };
            let within = &within;
            async move { self.report(&query, within).await }
        };
        let earlier = async {
            match before {
                Some(before) => report(By::Team, before).await.map(|report| report.total),
                None => Ok(Figures::default()),
            }
        };
        let (teammates, teams, days, before) =
            tokio::try_join!(report(By::Teammate, span), report(By::Team, span), report(By::Day, span), earlier)?;
        let Report { total, rows, .. } = teammates;
        let days = days
            .rows
            .into_iter()
            .filter_map(|row| Some((row.keys.first()?.id.as_deref()?.parse().ok()?, row.figures)))
            .collect();
        Ok(Overview { total, before, teammates: rows, teams: teams.rows, days })
    }

    /// Today, in the zone of reports.
    #[must_use]
    pub fn today(&self) -> NaiveDate {
        self.clock.now().with_timezone(&self.config.report.timezone).date_naive()
    }
}
