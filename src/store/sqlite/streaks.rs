//! The newest scores of teammates, which streaks are made of.
//!
//! It must not know which scores are positive.

use super::{Sqlite, Unavailable, rows};
use crate::survey::rating::Score;
use crate::survey::report::Period;
use sqlx::{Error, Row, query};
use std::collections::BTreeMap;

/// Each teammate with the newest scores as a JSON array. The index of teammates holds all that it reads.
const LATEST: &str = "SELECT wanted.value AS teammate_id,
        (SELECT json_group_array(score) FROM (
            SELECT score FROM rating
            WHERE teammate_id = wanted.value AND standing IN ('rated', 'locked') AND rated_at >= $2 AND rated_at < $3
                AND ($4 IS NULL OR team = $4)
            ORDER BY rated_at DESC LIMIT $5
        )) AS scores
    FROM json_each($1) AS wanted";

impl Sqlite {
    pub(in crate::store) async fn latest_scores(
        &self,
        teammates: &[String],
        team: Option<&str>,
        period: Period,
        most: u32,
    ) -> Result<BTreeMap<String, Vec<Score>>, Unavailable> {
        let found = query(LATEST)
            .bind(rows::json(&teammates)?)
            .bind(period.from.timestamp_millis())
            .bind(period.until.timestamp_millis())
            .bind(team)
            .bind(most)
            .fetch_all(&self.reports)
            .await?;
        let scores = found.iter().map(|row| {
            let scores = serde_json::from_str(row.try_get("scores")?).map_err(|error| Error::Decode(error.into()))?;
            Ok((row.try_get("teammate_id")?, scores))
        });
        Ok(scores.collect::<Result<_, Error>>()?)
    }
}

#[cfg(test)]
mod tests {
    use super::super::load::tests::plan;
    use super::*;

    #[tokio::test]
    async fn the_scores_of_a_teammate_are_read_by_the_index_in_their_order() {
        let steps = plan(LATEST).await;
        assert!(steps.iter().any(|step| step.contains("COVERING INDEX rating_teammate (teammate_id=?")), "{steps:#?}");
        assert!(!steps.iter().any(|step| step.contains("ORDER BY")), "{steps:#?}");
    }
}
