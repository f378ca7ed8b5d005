//! Lists of ratings: rows of `report_ratings`.
//!
//! The view defines which ratings count; a query here only picks the period, the part and the page. It must not know how
//! a list is shown.

use super::super::{RatingsFilter, Unavailable};
use super::{Sqlite, rows};
use crate::survey::answers::{Answers, REASONS};
use crate::survey::report::RatingRow;
use chrono::TimeDelta;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, query};

macro_rules! ratings {
    ($teammate:literal) => {
        concat!(
            "SELECT survey_key, connection, conversation_id, rated_at, score, evidence, standing, comment, teammate_id,
                teammate, team, url, reasons, question, answer
            FROM report_ratings
            WHERE rated_at >= $1 AND rated_at < $2 AND ($3 IS NULL OR score IN (SELECT value FROM json_each($3)))
                AND ($4 IS NULL OR (comment IS NOT NULL) = $4) AND ",
            $teammate,
            " AND ($6 IS NULL OR team = $6)
                AND ($7 IS NULL OR rated_at < $7 OR (rated_at = $7 AND survey_key < $8))
            ORDER BY rated_at DESC, survey_key DESC LIMIT $9"
        )
    };
}

/// The least that two times in the database differ by.
const MOMENT: TimeDelta = TimeDelta::milliseconds(1);

impl Sqlite {
    pub(in crate::store) async fn ratings(&self, filter: &RatingsFilter) -> Result<Vec<RatingRow>, Unavailable> {
        let after = filter.paging.after;
        // A text of its own for one teammate: "or null" would keep SQLite from that index.
        let sql = if filter.within.teammate.is_some() { ratings!("teammate_id = $5") } else { ratings!("$5 IS NULL") };
        // The page can begin at the last rating of the one before, which makes the range that is read shorter.
        let last = after.and_then(|after| after.rated_at.checked_add_signed(MOMENT));
        let until = last.map_or(filter.period.until, |last| filter.period.until.min(last));
        let scores = (!filter.scores.is_empty()).then(|| rows::json(&filter.scores)).transpose()?;
        let rows = query(sql)
            .bind(filter.period.from.timestamp_millis())
            .bind(until.timestamp_millis())
            .bind(scores)
            .bind(filter.commented)
            .bind(&filter.within.teammate)
            .bind(&filter.within.team)
            .bind(after.map(|after| after.rated_at.timestamp_millis()))
            .bind(after.map(|after| after.survey.into_bytes().to_vec()))
            .bind(filter.paging.to_read())
            .fetch_all(&self.reports)
            .await?;
        Ok(rows.iter().map(rating).collect::<Result<_, _>>()?)
    }
}

/// What the view has in three columns.
fn answers(row: &SqliteRow) -> Result<Answers, sqlx::Error> {
    let reasons =
        row.try_get::<Option<&str>, _>("reasons")?.map_or(Ok(Vec::new()), serde_json::from_str::<Vec<String>>);
    let reasons = reasons.map_err(|error| sqlx::Error::Decode(error.into()))?;
    let own = row.try_get::<Option<String>, _>("question")?.zip(row.try_get("answer")?);
    Ok(Answers(reasons.into_iter().map(|reason| (REASONS.to_owned(), reason)).chain(own).collect()))
}

fn rating(row: &SqliteRow) -> Result<RatingRow, sqlx::Error> {
    Ok(RatingRow {
        survey: rows::id(row, "survey_key")?,
        connection: row.try_get("connection")?,
        conversation: row.try_get("conversation_id")?,
        rated_at: rows::time(row, "rated_at")?,
        score: rows::score(row)?,
        evidence: rows::word(row, "evidence")?,
        standing: rows::word(row, "standing")?,
        comment: row.try_get("comment")?,
        answers: answers(row)?,
        teammate: row.try_get("teammate_id")?,
        teammate_name: row.try_get("teammate")?,
        team: row.try_get("team")?,
        url: row.try_get("url")?,
    })
}
