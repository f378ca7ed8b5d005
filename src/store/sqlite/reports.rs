//! Reports: sums over `report_facts`, and rows of `report_ratings`.
//!
//! The views define every figure; a query here only picks the period, the group and the page. It must not know how a
//! report is shown.

use super::super::{RatingsFilter, Unavailable};
use super::{Sqlite, rows};
use crate::survey::access::Within;
use crate::survey::answers::{Answers, REASONS};
use crate::survey::report::{By, Figures, Group, Period, RatingRow, Ticked};
use chrono::TimeDelta;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, query};

/// The name is looked up for each group, not for each fact.
macro_rules! figures {
    ($key:literal, $name:literal, $order:literal) => {
        concat!(
            "SELECT id, ",
            $name,
            " AS name, asked, answered, held, unconfirmed, positive, terrible, bad, okay, great, amazing,
                waiting, failed, unconfirmed_phone_young, unconfirmed_phone_later, unconfirmed_other_young,
                unconfirmed_other_later FROM (SELECT ",
            $key,
            " AS id, sum(asked) AS asked, sum(answered) AS answered, sum(held) AS held, sum(unconfirmed) AS unconfirmed,
                sum(positive) AS positive, sum(terrible) AS terrible, sum(bad) AS bad, sum(okay) AS okay,
                sum(great) AS great, sum(amazing) AS amazing, sum(waiting) AS waiting, sum(failed) AS failed,
                sum(unconfirmed_phone_young) AS unconfirmed_phone_young,
                sum(unconfirmed_phone_later) AS unconfirmed_phone_later,
                sum(unconfirmed_other_young) AS unconfirmed_other_young,
                sum(unconfirmed_other_later) AS unconfirmed_other_later
            FROM report_facts
            WHERE at >= $1 AND at < $2 AND ($3 IS NULL OR teammate_id = $3) AND ($4 IS NULL OR team = $4)
            GROUP BY 1) AS facts ORDER BY ",
            $order
        )
    };
}

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

macro_rules! ticked {
    ($group:literal) => {
        concat!(
            "SELECT ",
            $group,
            " AS id, question, reason, count(*) AS count FROM report_reasons
            WHERE rated_at >= $1 AND rated_at < $2 AND ($3 IS NULL OR teammate_id = $3) AND ($4 IS NULL OR team = $4)
            GROUP BY 1, 2, 3"
        )
    };
}

/// The least that two times in the database differ by.
const MOMENT: TimeDelta = TimeDelta::milliseconds(1);

impl Sqlite {
    pub(in crate::store) async fn figures(
        &self,
        by: By,
        period: Period,
        within: &Within,
    ) -> Result<Vec<Group>, Unavailable> {
        let sql = match by {
            By::Teammate => figures!(
                "teammate_id",
                "(SELECT name FROM teammate WHERE teammate.id = facts.id)",
                "id IS NULL, coalesce(name, id), id"
            ),
            By::Team => figures!("team", "NULL", "id IS NULL, id"),
            By::Day => {
                figures!("(SELECT day.name FROM day WHERE starts <= at ORDER BY starts DESC LIMIT 1)", "NULL", "id")
            }
        };
        let rows = query(sql)
            .bind(period.from.timestamp_millis())
            .bind(period.until.timestamp_millis())
            .bind(&within.teammate)
            .bind(&within.team)
            .fetch_all(&self.reports)
            .await?;
        Ok(rows.iter().map(group).collect::<Result<_, _>>()?)
    }

    pub(in crate::store) async fn ticked(
        &self,
        by: By,
        period: Period,
        within: &Within,
    ) -> Result<Vec<Ticked>, Unavailable> {
        let sql = match by {
            By::Teammate => ticked!("teammate_id"),
            By::Team => ticked!("team"),
            By::Day => ticked!("day"),
        };
        let rows = query(sql)
            .bind(period.from.timestamp_millis())
            .bind(period.until.timestamp_millis())
            .bind(&within.teammate)
            .bind(&within.team)
            .fetch_all(&self.reports)
            .await?;
        Ok(rows.iter().map(ticks).collect::<Result<_, _>>()?)
    }

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

fn group(row: &SqliteRow) -> Result<Group, sqlx::Error> {
    let count = |column| row.try_get::<i64, _>(column).map(i64::cast_unsigned);
    let id: Option<String> = row.try_get("id")?;
    Ok(Group {
        name: row.try_get::<Option<String>, _>("name")?.or_else(|| id.clone()),
        id,
        figures: Figures {
            asked: count("asked")?,
            answered: count("answered")?,
            held: count("held")?,
            unconfirmed: count("unconfirmed")?,
            unconfirmed_by: [
                count("unconfirmed_phone_young")?,
                count("unconfirmed_phone_later")?,
                count("unconfirmed_other_young")?,
                count("unconfirmed_other_later")?,
            ],
            waiting: count("waiting")?,
            failed: count("failed")?,
            positive: count("positive")?,
            scores: [count("terrible")?, count("bad")?, count("okay")?, count("great")?, count("amazing")?],
        },
    })
}

fn ticks(row: &SqliteRow) -> Result<Ticked, sqlx::Error> {
    Ok(Ticked {
        group: row.try_get("id")?,
        question: row.try_get("question")?,
        choice: row.try_get("reason")?,
        count: row.try_get::<i64, _>("count")?.cast_unsigned(),
    })
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
