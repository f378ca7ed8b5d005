//! Reports: sums over `report_facts`, and rows of `report_ratings`.
//!
//! The views define every figure; a query here only picks the period, the group and the page. It must not know how a
//! report is shown.

use super::rows;
use super::{Store, Unavailable};
use crate::survey::Time;
use crate::survey::report::{By, Figures, Period};
use chrono::TimeDelta;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, query};
use uuid::Uuid;

/// The part of the team that somebody sees: a key may be limited, a list filtered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Within {
    /// This teammate only.
    pub teammate: Option<String>,
    /// This team only.
    pub team: Option<String>,
}

/// One row of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The teammate's id, the team's name or the day; `None` for what is attributed to nobody.
    pub id: Option<String>,
    /// What people call it.
    pub name: Option<String>,
    /// Its figures.
    pub figures: Figures,
}

/// Which ratings to list.
#[derive(Clone, Debug)]
pub struct RatingsFilter {
    /// When they were given.
    pub period: Period,
    /// With this score only.
    pub score: Option<u8>,
    /// With a comment, or without one.
    pub commented: Option<bool>,
    /// Of this part of the team.
    pub within: Within,
    /// Those after this one, in the order of the list.
    pub after: Option<(Time, Uuid)>,
    /// As many as this.
    pub limit: u32,
}

/// A rating that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RatingRow {
    /// Its survey.
    pub survey: Uuid,
    /// The conversation that was asked about.
    pub conversation: String,
    /// When it was given.
    pub rated_at: Time,
    /// 1 to 5.
    pub score: u8,
    /// The evidence for it.
    pub evidence: String,
    /// `rated` or `locked`.
    pub standing: String,
    /// What the customer wrote.
    pub comment: Option<String>,
    /// Whom it counts for: the id.
    pub teammate: Option<String>,
    /// Whom it counts for: the name.
    pub teammate_name: Option<String>,
    /// The team of that time.
    pub team: Option<String>,
    /// Where the conversation is found.
    pub url: Option<String>,
}

/// The name is looked up for each group, not for each fact.
macro_rules! figures {
    ($key:literal, $name:literal, $order:literal) => {
        concat!(
            "SELECT id, ",
            $name,
            " AS name, asked, answered, held, unconfirmed, positive, terrible, bad, okay, great, amazing FROM (SELECT ",
            $key,
            " AS id, sum(asked) AS asked, sum(answered) AS answered, sum(held) AS held, sum(unconfirmed) AS unconfirmed,
                sum(positive) AS positive, sum(terrible) AS terrible, sum(bad) AS bad, sum(okay) AS okay,
                sum(great) AS great, sum(amazing) AS amazing
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
            "SELECT survey_id, conversation_id, rated_at, score, evidence, standing, comment, teammate_id, teammate, team,
                url
            FROM report_ratings
            WHERE rated_at >= $1 AND rated_at < $2 AND ($3 IS NULL OR score = $3)
                AND ($4 IS NULL OR (comment IS NOT NULL) = $4) AND ",
            $teammate,
            " AND ($6 IS NULL OR team = $6)
                AND ($7 IS NULL OR rated_at < $7 OR (rated_at = $7 AND survey_id < $8))
            ORDER BY rated_at DESC, survey_id DESC LIMIT $9"
        )
    };
}

/// The least that two times in the database differ by.
const MOMENT: TimeDelta = TimeDelta::milliseconds(1);

impl Within {
    /// What is in both parts; `None` if nothing can be.
    #[must_use]
    pub fn and(&self, other: &Self) -> Option<Self> {
        let both = |one: &Option<String>, other: &Option<String>| match (one, other) {
            (Some(one), Some(other)) if one != other => None,
            (one, other) => Some(one.clone().or_else(|| other.clone())),
        };
        Some(Self { teammate: both(&self.teammate, &other.teammate)?, team: both(&self.team, &other.team)? })
    }
}

impl Store {
    /// The figures of a period, one row a group that has any; by day, in order of days, else by name with those that are
    /// attributed to nobody last.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn figures(&self, by: By, period: Period, within: &Within) -> Result<Vec<Group>, Unavailable> {
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

    /// The ratings that count, newest first.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn ratings(&self, filter: &RatingsFilter) -> Result<Vec<RatingRow>, Unavailable> {
        let (at, id) = match filter.after {
            Some((at, id)) => (Some(at.timestamp_millis()), Some(id.to_string())),
            None => (None, None),
        };
        // A text of its own for one teammate: "or null" would keep SQLite from that index.
        let sql = if filter.within.teammate.is_some() { ratings!("teammate_id = $5") } else { ratings!("$5 IS NULL") };
        let until = filter.after.map_or(filter.period.until, |(at, _)| filter.period.until.min(at + MOMENT));
        let rows = query(sql)
            .bind(filter.period.from.timestamp_millis())
            .bind(until.timestamp_millis())
            .bind(filter.score)
            .bind(filter.commented)
            .bind(&filter.within.teammate)
            .bind(&filter.within.team)
            .bind(at)
            .bind(id)
            .bind(filter.limit)
            .fetch_all(&self.reports)
            .await?;
        Ok(rows.iter().map(rating).collect::<Result<_, _>>()?)
    }
}

fn group(row: &SqliteRow) -> Result<Group, sqlx::Error> {
    let count = |column| row.try_get::<i64, _>(column).map(i64::cast_unsigned);
    let id: Option<String> = row.try_get(0)?;
    Ok(Group {
        name: row.try_get::<Option<String>, _>(1)?.or_else(|| id.clone()),
        id,
        figures: Figures {
            asked: count(2)?,
            answered: count(3)?,
            held: count(4)?,
            unconfirmed: count(5)?,
            positive: count(6)?,
            scores: [count(7)?, count(8)?, count(9)?, count(10)?, count(11)?],
        },
    })
}

fn rating(row: &SqliteRow) -> Result<RatingRow, sqlx::Error> {
    Ok(RatingRow {
        survey: rows::id(row, 0)?,
        conversation: row.try_get(1)?,
        rated_at: rows::time(row, 2)?,
        score: rows::score(row, 3)?.number(),
        evidence: row.try_get(4)?,
        standing: row.try_get(5)?,
        comment: row.try_get(6)?,
        teammate: row.try_get(7)?,
        teammate_name: row.try_get(8)?,
        team: row.try_get(9)?,
        url: row.try_get(10)?,
    })
}
