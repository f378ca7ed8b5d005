//! Loads what a batch touches: a few statements a table and one trip for all, whatever the size of the batch.
//!
//! Keys go in as one JSON array, so that a statement has one text whatever their number. It must not decide anything.

use super::script::Script;
use super::{digests, enriching, erasing, follow_ups, rows, sending, tellings};
use crate::ledger::{Batch, Survey, Touched};
use crate::survey::closing::{Conversation, Teammate};
use crate::survey::outbound::Outgoing;
use crate::survey::suppression::Cause;
use serde_json::json;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};
use uuid::Uuid;

type Result<T> = std::result::Result<T, sqlx::Error>;

/// What a row of a statement becomes in the batch.
pub(super) type Take = fn(&mut Batch, &SqliteRow) -> Result<()>;

/// Begins the transaction of a batch, and loads what it touches.
pub(super) async fn load(db: &mut SqliteConnection, touched: &Touched) -> Result<Batch> {
    let mut script = Script::default();
    // IMMEDIATE, because a transaction that reads first and then meets another writer cannot wait for it. As plain SQL,
    // because SQLite rolls back by itself when a disk is full, and sqlx's own transaction then never ends.
    script.add("BEGIN IMMEDIATE");
    let mut takes: Vec<Take> = vec![|_, _| Ok(())];
    if touched.due > 0 {
        let most = i64::try_from(touched.due).unwrap_or(i64::MAX);
        script.add(DUE).bind(touched.due_by.map(|at| at.timestamp_millis()))?.bind(most)?;
        script.add(sending::HALT);
        takes.extend([due as Take, halt]);
    }
    if !touched.clicks.is_empty() {
        script.add(CLICKS).bind(rows::ids(&touched.clicks)?)?;
        takes.push(clicks);
    }
    if !touched.surveys.is_empty() {
        script.add(SURVEYS).bind(rows::ids(&touched.surveys)?)?;
        takes.push(survey);
    }
    if !touched.conversations.is_empty() {
        let conversations = names(touched.conversations.iter())?;
        script.add(SURVEYS_OF_CONVERSATIONS).bind(&conversations)?.add(CONVERSATIONS).bind(&conversations)?;
        takes.extend([survey as Take, conversation]);
    }
    if !touched.closings.is_empty() {
        let closings = touched.closings.iter().map(|(conversation, closed_at)| {
            json!([conversation.connection, conversation.id, closed_at.timestamp_millis()])
        });
        script.add(DECISIONS).bind(rows::json(&closings.collect::<Vec<_>>())?)?;
        takes.push(decision);
    }
    if !touched.addresses.is_empty() {
        let addresses = rows::json(&touched.addresses)?;
        script.add(SUPPRESSIONS).bind(&addresses)?;
        takes.push(suppression);
        if let Some(since) = touched.asked_since {
            script.add(SURVEYS_TO_ADDRESSES).bind(&addresses)?.bind(since.timestamp_millis())?;
            takes.push(survey);
        }
    }
    erasing::load(&mut script, touched, &mut takes)?;
    follow_ups::load(&mut script, touched, &mut takes)?;
    digests::load(&mut script, touched, &mut takes)?;
    tellings::load(&mut script, touched, &mut takes)?;
    enriching::load(&mut script, touched, &mut takes)?;
    if !touched.teammates.is_empty() {
        script.add(TEAMMATES).bind(rows::json(&touched.teammates)?)?;
        takes.push(teammate);
    }
    let mut batch = Batch::new(touched);
    script.run(db, |statement, row| takes[statement](&mut batch, row)).await?;
    batch.more_due = touched.due > 0 && batch.due.len() + batch.due_digests.len() == touched.due;
    Ok(batch)
}

fn names<'c>(conversations: impl Iterator<Item = &'c Conversation>) -> Result<String> {
    rows::json(&conversations.map(|conversation| [&conversation.connection, &conversation.id]).collect::<Vec<_>>())
}

/// The narrow rows that a view or a post needs.
const CLICKS: &str = concat!(
    "SELECT ",
    rows::click_columns!(),
    ", comment FROM json_each(?) AS wanted CROSS JOIN rating ON rating.survey_id = unhex(wanted.value)
        CROSS JOIN outbox ON outbox.id = rating.survey_id LEFT JOIN clicks ON clicks.survey_id = rating.survey_id"
);

fn clicks(batch: &mut Batch, row: &SqliteRow) -> Result<()> {
    batch.add_clicks(rows::id(row, "survey_id")?, rows::clicks(row)?);
    Ok(())
}

/// The columns that [`survey`] reads.
macro_rules! survey_columns {
    () => {
        concat!(
            rows::click_columns!(),
            ", comment, survey.connection, survey.conversation_id, survey.closed_at, survey.made_at, survey.address_hash, ",
            rows::outbox_columns!()
        )
    };
}

/// Surveys with their mail and their clicks, found from `$from`.
macro_rules! surveys {
    ($from:literal) => {
        concat!(
            "SELECT ",
            survey_columns!(),
            " FROM ",
            $from,
            " CROSS JOIN rating ON rating.survey_id = survey.id CROSS JOIN outbox ON outbox.id = survey.id
            LEFT JOIN clicks ON clicks.survey_id = survey.id"
        )
    };
}

const SURVEYS: &str = surveys!("json_each(?) AS wanted CROSS JOIN survey ON survey.id = unhex(wanted.value)");
const SURVEYS_OF_CONVERSATIONS: &str = surveys!(
    "json_each(?) AS wanted CROSS JOIN survey
        ON survey.connection = wanted.value ->> 0 AND survey.conversation_id = wanted.value ->> 1"
);
/// `? + 0` and not `?`: the planner looks at the value of a bare parameter, and plans again for each.
const SURVEYS_TO_ADDRESSES: &str = surveys!(
    "json_each(?) AS wanted CROSS JOIN survey ON survey.address_hash = wanted.value AND survey.made_at >= ? + 0"
);
/// Those to one address that are not erased yet.
pub(super) const SURVEYS_TO_ERASE: &str =
    concat!(surveys!("survey"), " WHERE survey.address_hash = ? AND erased_at IS NULL LIMIT ?");
/// The oldest that are not erased yet, made before an id, but those whose mail may still go out.
pub(super) const OLD_SURVEYS: &str = surveys!(
    "(SELECT survey_id FROM rating CROSS JOIN outbox ON outbox.id = rating.survey_id
        WHERE erased_at IS NULL AND survey_id < unhex(?) AND state NOT IN ('waiting', 'sending') LIMIT ?
    ) AS old CROSS JOIN survey ON survey.id = old.survey_id"
);

pub(super) fn survey(batch: &mut Batch, row: &SqliteRow) -> Result<()> {
    batch.add_survey(rows::id(row, "survey_id")?, read_survey(row)?, rows::clicks(row)?);
    Ok(())
}

fn read_survey(row: &SqliteRow) -> Result<Survey> {
    Ok(Survey::stored(
        name(row)?,
        rows::time(row, "closed_at")?,
        rows::time(row, "made_at")?,
        row.try_get("address_hash")?,
        rows::outbound(row)?,
    ))
}

pub(super) fn name(row: &SqliteRow) -> Result<Conversation> {
    Ok(Conversation { connection: row.try_get("connection")?, id: row.try_get("conversation_id")? })
}

/// Due mails, with all that a claim decides by and all that their text needs: each is that of a survey or of a digest.
const DUE: &str = concat!(
    "SELECT ",
    survey_columns!(),
    ", outbox.id AS mail_id, survey.address, customer_name, subject, in_reply_to, locale, policy,
        (SELECT name FROM teammate WHERE teammate.id = survey.teammate_id) AS teammate,
        (SELECT max(reopened_at) FROM reopening
            WHERE reopening.connection = survey.connection AND reopening.conversation_id = survey.conversation_id
        ) AS latest_reopening,
        (SELECT json_group_array(json_array(hex(other.id), other.closed_at))
            FROM survey AS other CROSS JOIN outbox AS mail ON mail.id = other.id
            WHERE other.connection = survey.connection AND other.conversation_id = survey.conversation_id
                AND (mail.state IN ('waiting', 'sending') OR mail.accepted_at IS NOT NULL)
        ) AS asked,
        (SELECT group_concat(cause) FROM suppression WHERE suppression.address_hash = survey.address_hash) AS causes, ",
    digests::digest_columns!(),
    " FROM outbox LEFT JOIN survey ON survey.id = outbox.id LEFT JOIN rating ON rating.survey_id = outbox.id
        LEFT JOIN clicks ON clicks.survey_id = outbox.id LEFT JOIN digest ON digest.id = outbox.id",
    digests::digest_stops!(),
    " WHERE outbox.state IN ('waiting', 'sending') AND outbox.due_at <= ? + 0 ORDER BY outbox.due_at LIMIT ?"
);

fn halt(batch: &mut Batch, row: &SqliteRow) -> Result<()> {
    batch.halt = Some(sending::halt(row)?);
    Ok(())
}

/// One mail that cannot be read must not stop all others, so it is noted and put off.
fn due(batch: &mut Batch, row: &SqliteRow) -> Result<()> {
    let id = rows::id(row, "mail_id")?;
    let is_digest = row.try_get::<Option<&[u8]>, _>("digest_id")?.is_some();
    let read = if is_digest { digests::due(batch, row) } else { read_due(batch, id, row) };
    if let Err(error) = read {
        tracing::error!(mail = %id, %error, "a due mail cannot be read and is put off");
        batch.unreadable.insert(id);
    }
    Ok(())
}

fn read_due(batch: &mut Batch, id: Uuid, row: &SqliteRow) -> Result<()> {
    let survey = read_survey(row)?;
    let causes = row.try_get::<Option<&str>, _>("causes")?.unwrap_or_default();
    let causes = causes.split(',').filter(|word| !word.is_empty()).map(str::parse::<Cause>);
    let causes: Vec<_> =
        causes.collect::<std::result::Result<_, _>>().map_err(|error| sqlx::Error::Decode(error.into()))?;
    let outgoing = Outgoing {
        survey: id,
        address: row.try_get::<Option<String>, _>("address")?.unwrap_or_default(),
        customer_name: row.try_get("customer_name")?,
        teammate: row.try_get("teammate")?,
        subject: row.try_get("subject")?,
        in_reply_to: row.try_get("in_reply_to")?,
        policy: row.try_get("policy")?,
        locale: row.try_get("locale")?,
    };
    let known = batch.conversations.entry(survey.conversation.clone()).or_default();
    known.latest_reopening = rows::optional_time(row, "latest_reopening")?;
    known.asked.extend(rows::asked(row)?);
    batch.addresses.entry(survey.address_hash.clone()).or_default().suppressed.extend(causes);
    batch.add_survey(id, survey, rows::clicks(row)?);
    batch.due.push_back((id, outgoing));
    Ok(())
}

const CONVERSATIONS: &str = "SELECT value ->> 0 AS connection, value ->> 1 AS conversation_id,
        (SELECT max(closed_at) FROM closing
            WHERE connection = wanted.value ->> 0 AND conversation_id = wanted.value ->> 1) AS latest_closing,
        (SELECT max(closed_at) FROM enriching
            WHERE connection = wanted.value ->> 0 AND conversation_id = wanted.value ->> 1) AS latest_waiting,
        (SELECT max(reopened_at) FROM reopening
            WHERE connection = wanted.value ->> 0 AND conversation_id = wanted.value ->> 1) AS latest_reopening
    FROM json_each(?) AS wanted";

fn conversation(batch: &mut Batch, row: &SqliteRow) -> Result<()> {
    let known = batch.conversations.entry(name(row)?).or_default();
    // One whose decision waits is later, too, than those before it.
    known.latest_closing = rows::optional_time(row, "latest_closing")?.max(rows::optional_time(row, "latest_waiting")?);
    known.latest_reopening = rows::optional_time(row, "latest_reopening")?;
    Ok(())
}

const DECISIONS: &str = concat!(
    "SELECT closing.connection, closing.conversation_id, closing.closed_at, ",
    rows::decision_columns!(),
    " FROM json_each(?) AS wanted CROSS JOIN closing ON closing.connection = wanted.value ->> 0
        AND closing.conversation_id = wanted.value ->> 1 AND closing.closed_at = wanted.value ->> 2"
);

fn decision(batch: &mut Batch, row: &SqliteRow) -> Result<()> {
    let known = batch.conversations.entry(name(row)?).or_default();
    known.decisions.insert(rows::time(row, "closed_at")?, rows::decision(row)?);
    Ok(())
}

const SUPPRESSIONS: &str =
    "SELECT address_hash, cause FROM json_each(?) AS wanted CROSS JOIN suppression ON address_hash = wanted.value";

fn suppression(batch: &mut Batch, row: &SqliteRow) -> Result<()> {
    let address = batch.addresses.entry(row.try_get("address_hash")?).or_default();
    address.suppressed.insert(rows::word(row, "cause")?);
    Ok(())
}

const TEAMMATES: &str = "SELECT teammate.id, name, email, team, named_at
    FROM json_each(?) AS wanted CROSS JOIN teammate ON teammate.id = wanted.value";

fn teammate(batch: &mut Batch, row: &SqliteRow) -> Result<()> {
    let id: String = row.try_get("id")?;
    let teammate = Teammate {
        id: id.clone(),
        name: row.try_get("name")?,
        email: row.try_get("email")?,
        team: row.try_get("team")?,
    };
    batch.teammates.insert(id, (teammate, rows::time(row, "named_at")?));
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::{Settings, schema};
    use super::*;
    use crate::survey::follow_up::FollowedScores;
    use sqlx::{AssertSqlSafe, query};
    use std::collections::BTreeMap;

    /// The steps that SQLite takes for a statement in a new database.
    pub(in super::super) async fn plan(sql: &str) -> Vec<String> {
        let folder = tempfile::tempdir().expect("a folder");
        let settings = Settings {
            timezone: chrono_tz::UTC,
            positive: vec![4, 5],
            followed: FollowedScores::default(),
            targets: BTreeMap::default(),
            address_key: "key".into(),
        };
        let (_lock, mut db) =
            schema::lock_and_migrate(&folder.path().join("a.db"), &settings).await.expect("a database");
        let plan = query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"))).fetch_all(&mut db).await.expect(sql);
        plan.iter().map(|row| row.get("detail")).collect()
    }

    #[tokio::test]
    async fn the_outbox_is_never_looked_for_among_what_was_sent() {
        for sql in [DUE, schema::FREE_LEASES] {
            let steps = plan(sql).await;
            assert!(steps[0].contains("USING INDEX outbox_due"), "{steps:?}");
            assert!(!steps.iter().any(|step| step.contains("TEMP B-TREE")), "sorted by the index: {steps:?}");
        }
    }

    #[tokio::test]
    async fn nothing_that_a_batch_loads_is_looked_for_in_a_whole_table() {
        let all = [
            digests::DIGESTS,
            digests::DIGESTS_OF_WEEKS,
            enriching::WAITING,
            CLICKS,
            SURVEYS,
            SURVEYS_OF_CONVERSATIONS,
            SURVEYS_TO_ADDRESSES,
            DUE,
            CONVERSATIONS,
            DECISIONS,
        ];
        for sql in all.into_iter().chain([SUPPRESSIONS, TEAMMATES]) {
            let steps = plan(sql).await;
            let scans: Vec<_> = steps.iter().filter(|step| step.starts_with("SCAN")).collect();
            assert!(scans.iter().all(|step| step.contains("wanted VIRTUAL TABLE")), "{steps:#?}");
        }
    }
}
