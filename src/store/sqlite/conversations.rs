//! What is known of one conversation: its closings with their decisions, and its surveys with their history.
//!
//! It must not know who may see it.

use super::super::Unavailable;
use super::{Sqlite, enriching, rows, tellings};
use crate::survey::Time;
use crate::survey::closing::Conversation;
use crate::survey::conversation::{ClosingRecord, ConversationRecord, Stopped, SurveyRecord};
use crate::survey::eligibility::Decision;
use crate::survey::enrichment::Fetched;
use crate::survey::evidence::Change;
use crate::survey::moderation::Moderator;
use crate::survey::rating::Score;
use sqlx::sqlite::SqliteRow;
use sqlx::{Error, Row, query, query_scalar};
use std::collections::BTreeMap;
use uuid::Uuid;

const CLOSINGS: &str = concat!(
    "SELECT closed_at, reported_at, state, subject, url, channel, tags, customers, teammate_id, team, policy,
        fetched_at, fetch_failed, (SELECT name FROM teammate WHERE teammate.id = closing.teammate_id) AS teammate, ",
    rows::decision_columns!(),
    " FROM closing WHERE connection = $1 AND conversation_id = $2 ORDER BY closed_at"
);
const SURVEYS: &str = concat!(
    "SELECT survey.closed_at, survey.made_at, survey.teammate_id, survey.team, comment,
        (SELECT name FROM teammate WHERE teammate.id = survey.teammate_id) AS teammate, ",
    rows::click_columns!(),
    ", ",
    rows::outbox_columns!(),
    " FROM survey JOIN rating ON rating.survey_id = survey.id JOIN outbox ON outbox.id = survey.id
        LEFT JOIN clicks ON clicks.survey_id = survey.id
    WHERE connection = $1 AND conversation_id = $2 ORDER BY closed_at, survey.id"
);
const HISTORIES: &str = "SELECT survey_id, at, kind, history.score, history.evidence, who, reason
    FROM survey JOIN history ON history.survey_id = survey.id
    WHERE connection = $1 AND conversation_id = $2 ORDER BY survey_id, number";
/// All connections, by one step in the index each, and of these the ones that reported the conversation.
const CONNECTIONS: &str = "WITH RECURSIVE closer (name) AS (
        SELECT min(connection) FROM closing UNION ALL
        SELECT (SELECT min(connection) FROM closing WHERE connection > closer.name) FROM closer WHERE name IS NOT NULL),
    reopener (name) AS (
        SELECT min(connection) FROM reopening UNION ALL
        SELECT (SELECT min(connection) FROM reopening WHERE connection > reopener.name) FROM reopener
        WHERE name IS NOT NULL)
    SELECT name FROM closer
        WHERE EXISTS (SELECT 1 FROM closing WHERE connection = closer.name AND conversation_id = $1)
    UNION SELECT name FROM reopener
        WHERE EXISTS (SELECT 1 FROM reopening WHERE connection = reopener.name AND conversation_id = $1)
    UNION SELECT connection FROM enriching WHERE conversation_id = $1
    ORDER BY name";
/// What stopped further surveys, each at the latest survey of the conversation that came before it.
const STOPPED: &str = "SELECT survey.id AS survey_id, cause, at, suppression.address IS NOT NULL AS by_admin
    FROM survey JOIN rating ON rating.survey_id = survey.id JOIN suppression USING (address_hash)
    WHERE connection = $1 AND conversation_id = $2 AND erased_at IS NULL AND made_at <= at
        AND NOT EXISTS (SELECT 1 FROM survey AS later WHERE later.connection = $1 AND later.conversation_id = $2
            AND later.address_hash = survey.address_hash AND later.made_at > survey.made_at AND later.made_at <= at)
    ORDER BY at, cause";

impl Sqlite {
    pub(in crate::store) async fn latest_survey(&self, address_hash: &str) -> Result<Option<Uuid>, Unavailable> {
        let sql = "SELECT survey.id FROM survey JOIN outbox ON outbox.id = survey.id
            WHERE address_hash = $1 AND accepted_at IS NOT NULL ORDER BY made_at DESC, survey.id DESC LIMIT 1";
        let row = query(sql).bind(address_hash).fetch_optional(&self.lookups).await?;
        Ok(row.as_ref().map(|row| rows::id(row, "id")).transpose()?)
    }

    pub(in crate::store) async fn conversation_of(&self, survey: Uuid) -> Result<Option<Conversation>, Unavailable> {
        let found =
            query("SELECT connection, conversation_id FROM survey WHERE id = $1").bind(survey.as_bytes().as_slice());
        let row = found.fetch_optional(&self.lookups).await?;
        let of = |row: SqliteRow| {
            Ok::<_, Error>(Conversation { connection: row.try_get("connection")?, id: row.try_get("conversation_id")? })
        };
        Ok(row.map(of).transpose()?)
    }

    pub(in crate::store) async fn decision(
        &self,
        conversation: &Conversation,
        closed_at: Time,
    ) -> Result<Option<Decision>, Unavailable> {
        let sql = concat!(
            "SELECT ",
            rows::decision_columns!(),
            " FROM closing WHERE connection = $1 AND conversation_id = $2 AND closed_at = $3"
        );
        let found = query(sql).bind(&conversation.connection).bind(&conversation.id).bind(closed_at.timestamp_millis());
        let row = found.fetch_optional(&self.lookups).await?;
        Ok(row.as_ref().map(rows::decision).transpose()?)
    }

    /// Connections are few, so each is looked up: no index leads from an id to them.
    pub(in crate::store) async fn connections_of(&self, id: &str) -> Result<Vec<String>, Unavailable> {
        Ok(query_scalar(CONNECTIONS).bind(id).fetch_all(&self.lookups).await?)
    }

    pub(in crate::store) async fn conversation(
        &self,
        conversation: &Conversation,
    ) -> Result<ConversationRecord, Unavailable> {
        let mut db = self.lookups.begin().await?;
        let Conversation { connection, id } = conversation;
        let closings = query(CLOSINGS).bind(connection).bind(id).fetch_all(&mut *db).await?;
        let sql =
            "SELECT reopened_at FROM reopening WHERE connection = $1 AND conversation_id = $2 ORDER BY reopened_at";
        let reopenings = query(sql).bind(connection).bind(id).fetch_all(&mut *db).await?;
        let surveys = query(SURVEYS).bind(connection).bind(id).fetch_all(&mut *db).await?;
        let mut histories = BTreeMap::<Uuid, Vec<Change>>::new();
        for row in query(HISTORIES).bind(connection).bind(id).fetch_all(&mut *db).await? {
            histories.entry(rows::id(&row, "survey_id")?).or_default().push(change(&row)?);
        }
        let mut stops = BTreeMap::<Uuid, Vec<Stopped>>::new();
        for row in query(STOPPED).bind(connection).bind(id).fetch_all(&mut *db).await? {
            stops.entry(rows::id(&row, "survey_id")?).or_default().push(stopped(&row)?);
        }
        let (mut of_surveys, mut of_closings) = tellings::of_conversation(&mut db, conversation).await?;
        let mut survey = |row| {
            let mut survey = survey(row)?;
            survey.tellings = of_surveys.remove(&survey.id).unwrap_or_default();
            survey.history = histories.remove(&survey.id).unwrap_or_default();
            survey.stopped = stops.remove(&survey.id).unwrap_or_default();
            Ok::<_, sqlx::Error>(survey)
        };
        let mut closing = |row| {
            let mut closing = closing(row)?;
            closing.tellings = of_closings.remove(&closing.closed_at).unwrap_or_default();
            Ok::<_, sqlx::Error>(closing)
        };
        let waiting = enriching::of_conversation(&mut db, conversation).await?;
        Ok(ConversationRecord {
            waiting,
            closings: closings.iter().map(&mut closing).collect::<Result<_, _>>()?,
            reopenings: reopenings.iter().map(|row| rows::time(row, "reopened_at")).collect::<Result<_, _>>()?,
            surveys: surveys.iter().map(&mut survey).collect::<Result<_, _>>()?,
        })
    }
}

fn closing(row: &SqliteRow) -> Result<ClosingRecord, sqlx::Error> {
    Ok(ClosingRecord {
        closed_at: rows::time(row, "closed_at")?,
        reported_at: rows::time(row, "reported_at")?,
        state: rows::word(row, "state")?,
        subject: row.try_get("subject")?,
        url: row.try_get("url")?,
        channel: row.try_get("channel")?,
        tags: serde_json::from_str(row.try_get("tags")?).map_err(|error| Error::Decode(error.into()))?,
        started_by: rows::optional_word(row, "started_by")?,
        characters: row.try_get("characters")?,
        last_reply_at: rows::optional_time(row, "last_reply_at")?,
        teammate_replied: row.try_get("teammate_replied")?,
        customers: row.try_get("customers")?,
        teammate: row.try_get("teammate_id")?,
        teammate_name: row.try_get("teammate")?,
        team: row.try_get("team")?,
        policy: row.try_get("policy")?,
        fetched: fetched(row)?,
        decision: rows::decision(row)?,
        tellings: Vec::new(),
    })
}

fn fetched(row: &SqliteRow) -> Result<Option<Fetched>, sqlx::Error> {
    let failed = row.try_get("fetch_failed")?;
    Ok(rows::optional_time(row, "fetched_at")?.map(|at| Fetched { at, failed }))
}

fn survey(row: &SqliteRow) -> Result<SurveyRecord, sqlx::Error> {
    let clicks = rows::clicks(row)?;
    Ok(SurveyRecord {
        id: rows::id(row, "survey_id")?,
        closed_at: rows::time(row, "closed_at")?,
        made_at: rows::time(row, "made_at")?,
        mail: rows::outbound(row)?,
        standing: clicks.standing,
        comment: clicks.comment,
        answers: clicks.answers,
        teammate: row.try_get("teammate_id")?,
        teammate_name: row.try_get("teammate")?,
        team: row.try_get("team")?,
        history: Vec::new(),
        trail: clicks.trail,
        stopped: Vec::new(),
        erased_at: rows::optional_time(row, "erased_at")?,
        tellings: Vec::new(),
    })
}

fn stopped(row: &SqliteRow) -> Result<Stopped, sqlx::Error> {
    Ok(Stopped { at: rows::time(row, "at")?, cause: rows::word(row, "cause")?, by_admin: row.try_get("by_admin")? })
}

/// A change of a standing.
pub(super) fn change(row: &SqliteRow) -> Result<Change, sqlx::Error> {
    let score: Score = rows::score(row)?;
    let who: Option<String> = row.try_get("who")?;
    let reason = row.try_get("reason")?;
    Ok(Change {
        at: rows::time(row, "at")?,
        kind: rows::word(row, "kind")?,
        score,
        evidence: rows::word(row, "evidence")?,
        by: who.map(|who| Moderator { who, reason }),
    })
}

#[cfg(test)]
mod tests {
    use super::super::load::tests::plan;
    use super::*;

    #[tokio::test]
    async fn the_connections_of_a_conversation_are_never_looked_for_in_a_whole_table() {
        let steps = plan(CONNECTIONS).await;
        let scans = steps.iter().filter_map(|step| step.strip_prefix("SCAN "));
        let scans: Vec<_> =
            scans.filter(|table| table.starts_with("closing") || table.starts_with("reopening")).collect();
        assert!(scans.is_empty(), "{steps:#?}");
    }
}
