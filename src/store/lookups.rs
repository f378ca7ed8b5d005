//! What is known of one conversation: its closings with their decisions, and its surveys with their history.
//!
//! It owns the reads behind "why was nobody asked?". It must not know who may see them.

use super::command::Decision;
use super::rows;
use super::{Store, Unavailable};
use crate::survey::Time;
use crate::survey::closing::{StartedBy, State};
use crate::survey::eligibility::Reason;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, query, query_scalar};
use uuid::Uuid;

/// A closing and its decision.
#[derive(Clone, Debug)]
pub struct ClosingRow {
    /// When it was closed.
    pub closed_at: Time,
    /// When that was reported.
    pub reported_at: Time,
    /// Closed or snoozed.
    pub state: State,
    /// What it was about.
    pub subject: Option<String>,
    /// Who started it.
    pub started_by: Option<StartedBy>,
    /// How much was written.
    pub characters: Option<u32>,
    /// The last reply.
    pub last_reply_at: Option<Time>,
    /// Whether a teammate replied.
    pub teammate_replied: Option<bool>,
    /// How many people were helped.
    pub customers: u32,
    /// Who last wrote.
    pub teammate: Option<String>,
    /// The team of that time.
    pub team: Option<String>,
    /// The policy it was judged by.
    pub policy: Option<String>,
    /// The survey, if it was an ask.
    pub survey: Option<Uuid>,
    /// Why nobody was asked, if it was a skip.
    pub reasons: Vec<Reason>,
}

/// A change of a standing.
#[derive(Clone, Debug)]
pub struct HistoryRow {
    /// When.
    pub at: Time,
    /// `rated`, `held` or `commented`.
    pub what: String,
    /// For which score.
    pub score: u8,
    /// By which evidence.
    pub evidence: String,
}

/// A survey, its mail and its standing.
#[derive(Clone, Debug)]
pub struct SurveyRow {
    /// Its id.
    pub id: Uuid,
    /// The closing it was made for.
    pub closed_at: Time,
    /// When it was made.
    pub made_at: Time,
    /// `waiting`, `sending`, `accepted`, `failed` or `cancelled`.
    pub mail: String,
    /// The next attempt of a waiting mail.
    pub due_at: Time,
    /// How often a server was tried.
    pub tries: u32,
    /// What a server last said, or why it was cancelled.
    pub mail_note: Option<String>,
    /// When the server took it.
    pub accepted_at: Option<Time>,
    /// `unrated`, `rated`, `held` or `locked`.
    pub standing: String,
    /// The score behind the standing.
    pub score: Option<u8>,
    /// The evidence for it.
    pub evidence: Option<String>,
    /// When it was given.
    pub rated_at: Option<Time>,
    /// What the customer wrote.
    pub comment: Option<String>,
    /// The teammate it counts for.
    pub teammate: Option<String>,
    /// The team of that time.
    pub team: Option<String>,
    /// How the standing came about, oldest first.
    pub history: Vec<HistoryRow>,
}

/// All that is known of a conversation; everything empty for an unknown one.
#[derive(Clone, Debug, Default)]
pub struct ConversationRows {
    /// Its closings, oldest first.
    pub closings: Vec<ClosingRow>,
    /// Its reopenings, oldest first.
    pub reopenings: Vec<Time>,
    /// Its surveys, oldest first.
    pub surveys: Vec<SurveyRow>,
}

impl Store {
    /// The keyed hash of the address that a survey went to; `None` if there is no such survey.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn address_hash(&self, survey: Uuid) -> Result<Option<String>, Unavailable> {
        let sql = "SELECT address_hash FROM survey WHERE id = $1";
        Ok(query_scalar(sql).bind(survey.to_string()).fetch_optional(&self.lookups).await?)
    }

    /// The survey that an address was sent last; `None` if it was sent none.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn latest_survey(&self, address_hash: &str) -> Result<Option<Uuid>, Unavailable> {
        let sql = "SELECT id FROM survey WHERE address_hash = $1 AND accepted_at IS NOT NULL
            ORDER BY made_at DESC, id DESC LIMIT 1";
        let row = query(sql).bind(address_hash).fetch_optional(&self.lookups).await?;
        Ok(row.as_ref().map(|row| rows::id(row, 0)).transpose()?)
    }

    /// The comment that locked a survey's rating.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn comment(&self, survey: Uuid) -> Result<Option<String>, Unavailable> {
        let sql = "SELECT comment FROM survey WHERE id = $1";
        let comment = query_scalar(sql).bind(survey.to_string()).fetch_optional(&self.lookups).await?;
        Ok(comment.flatten())
    }

    /// What was decided about a closing, if it was reported.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn decision(&self, conversation: &str, closed_at: Time) -> Result<Option<Decision>, Unavailable> {
        let sql = "SELECT conversation_id, closed_at, survey_id, send_at, reasons FROM closing
            WHERE conversation_id = $1 AND closed_at = $2";
        let row =
            query(sql).bind(conversation).bind(closed_at.timestamp_millis()).fetch_optional(&self.lookups).await?;
        Ok(row.as_ref().map(rows::decision).transpose()?)
    }

    /// Looks a conversation up.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn conversation(&self, id: &str) -> Result<ConversationRows, Unavailable> {
        let mut db = self.lookups.begin().await?;
        let closings = query(
            "SELECT closed_at, reported_at, state, subject, started_by, characters, last_reply_at, teammate_replied,
                customers, teammate_id, team, policy, survey_id, reasons
            FROM closing WHERE conversation_id = $1 ORDER BY closed_at",
        )
        .bind(id)
        .fetch_all(&mut *db)
        .await?;
        let reopenings: Vec<i64> =
            query_scalar("SELECT reopened_at FROM reopening WHERE conversation_id = $1 ORDER BY reopened_at")
                .bind(id)
                .fetch_all(&mut *db)
                .await?;
        let surveys = query(
            "SELECT id, closed_at, made_at, mail, due_at, tries, mail_note, accepted_at, standing, score, evidence,
                rated_at, comment, teammate_id, team
            FROM survey WHERE conversation_id = $1 ORDER BY closed_at, id",
        )
        .bind(id)
        .fetch_all(&mut *db)
        .await?;
        let mut surveys = surveys.iter().map(survey).collect::<Result<Vec<_>, _>>()?;
        for survey in &mut surveys {
            let history = query("SELECT at, what, score, evidence FROM history WHERE survey_id = $1 ORDER BY id")
                .bind(survey.id.to_string())
                .fetch_all(&mut *db)
                .await?;
            survey.history = history.iter().map(change).collect::<Result<_, _>>()?;
        }
        Ok(ConversationRows {
            closings: closings.iter().map(closing).collect::<Result<_, _>>()?,
            reopenings: reopenings.into_iter().filter_map(Time::from_timestamp_millis).collect(),
            surveys,
        })
    }
}

fn closing(row: &SqliteRow) -> Result<ClosingRow, sqlx::Error> {
    let decode = |error: serde_json::Error| sqlx::Error::Decode(error.into());
    let word = |column| row.try_get::<Option<&str>, _>(column).map(|word| serde_json::json!(word));
    Ok(ClosingRow {
        closed_at: rows::time(row, 0)?,
        reported_at: rows::time(row, 1)?,
        state: serde_json::from_value(word(2)?).map_err(decode)?,
        subject: row.try_get(3)?,
        started_by: serde_json::from_value(word(4)?).map_err(decode)?,
        characters: row.try_get(5)?,
        last_reply_at: rows::optional_time(row, 6)?,
        teammate_replied: row.try_get(7)?,
        customers: row.try_get(8)?,
        teammate: row.try_get(9)?,
        team: row.try_get(10)?,
        policy: row.try_get(11)?,
        survey: row.try_get::<Option<&str>, _>(12)?.map(|_| rows::id(row, 12)).transpose()?,
        reasons: serde_json::from_str(row.try_get(13)?).map_err(decode)?,
    })
}

fn survey(row: &SqliteRow) -> Result<SurveyRow, sqlx::Error> {
    Ok(SurveyRow {
        id: rows::id(row, 0)?,
        closed_at: rows::time(row, 1)?,
        made_at: rows::time(row, 2)?,
        mail: row.try_get(3)?,
        due_at: rows::time(row, 4)?,
        tries: row.try_get(5)?,
        mail_note: row.try_get(6)?,
        accepted_at: rows::optional_time(row, 7)?,
        standing: row.try_get(8)?,
        score: row.try_get(9)?,
        evidence: row.try_get(10)?,
        rated_at: rows::optional_time(row, 11)?,
        comment: row.try_get(12)?,
        teammate: row.try_get(13)?,
        team: row.try_get(14)?,
        history: Vec::new(),
    })
}

fn change(row: &SqliteRow) -> Result<HistoryRow, sqlx::Error> {
    Ok(HistoryRow { at: rows::time(row, 0)?, what: row.try_get(1)?, score: row.try_get(2)?, evidence: row.try_get(3)? })
}
