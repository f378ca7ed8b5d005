//! Reports: sums over `report_facts`, and rows of `report_ratings`.
//!
//! The views define every figure; a query here only picks the period, the group and the page. It must not know how a
//! report is shown.

use super::rows;
use super::{Store, Unavailable};
use crate::survey::Time;
use crate::survey::report::{By, Figures, Period};
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
    /// As its caller asked.
    pub wanted: Within,
    /// As its caller's key allows.
    pub allowed: Within,
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

macro_rules! figures {
    ($key:literal, $name:literal, $order:literal) => {
        concat!(
            "SELECT ",
            $key,
            " AS id, ",
            $name,
            " AS name, sum(asked), sum(answered), sum(held), sum(unconfirmed), sum(positive), sum(terrible), sum(bad),
                sum(okay), sum(great), sum(amazing)
            FROM report_facts
            WHERE at >= $1 AND at < $2 AND ($3 IS NULL OR teammate_id = $3) AND ($4 IS NULL OR team = $4)
            GROUP BY 1 ORDER BY ",
            $order
        )
    };
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
                "(SELECT name FROM teammate WHERE id = teammate_id)",
                "id IS NULL, coalesce(name, id), id"
            ),
            By::Team => figures!("team", "team", "id IS NULL, id"),
            By::Day => {
                figures!("(SELECT day.name FROM day WHERE starts <= at ORDER BY starts DESC LIMIT 1)", "NULL", "id")
            }
        };
        let rows = query(sql)
            .bind(period.from.timestamp_millis())
            .bind(period.until.timestamp_millis())
            .bind(&within.teammate)
            .bind(&within.team)
            .fetch_all(&self.pool)
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
        let rows = query(
            "SELECT survey_id, conversation_id, rated_at, score, evidence, standing, comment, teammate_id, teammate, team,
                url
            FROM report_ratings
            WHERE rated_at >= $1 AND rated_at < $2 AND ($3 IS NULL OR score = $3)
                AND ($4 IS NULL OR (comment IS NOT NULL) = $4)
                AND ($5 IS NULL OR teammate_id = $5) AND ($6 IS NULL OR team = $6)
                AND ($7 IS NULL OR teammate_id = $7) AND ($8 IS NULL OR team = $8)
                AND ($9 IS NULL OR rated_at < $9 OR (rated_at = $9 AND survey_id < $10))
            ORDER BY rated_at DESC, survey_id DESC LIMIT $11",
        )
        .bind(filter.period.from.timestamp_millis())
        .bind(filter.period.until.timestamp_millis())
        .bind(filter.score)
        .bind(filter.commented)
        .bind(&filter.wanted.teammate)
        .bind(&filter.wanted.team)
        .bind(&filter.allowed.teammate)
        .bind(&filter.allowed.team)
        .bind(at)
        .bind(id)
        .bind(filter.limit)
        .fetch_all(&self.pool)
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
