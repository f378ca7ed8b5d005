//! Events and tellings: what a batch stores of them, and the telling that is due for a target.
//!
//! It must not decide what a telling says.

use super::load::Take;
use super::rows;
use super::save::{cell, insert, outbound_state};
use super::script::Script;
use crate::ledger::erasing::STEP;
use crate::ledger::telling::{About, DueTelling, NewEvent, Telling, ToTell};
use crate::ledger::{Batch, Touched};
use crate::survey::Time;
use crate::survey::answers::Answers;
use crate::survey::closing::{Conversation, Teammate};
use crate::survey::conversation::{TargetOff, TellingRecord};
use crate::survey::event::{Event, EventKind, Known, Said, Told};
use crate::survey::outbound::Stop;
use crate::survey::rating::{Score, Standing};
use serde_json::{Value, json};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection, query};
use std::collections::BTreeMap;
use uuid::Uuid;

type Result<T> = std::result::Result<T, sqlx::Error>;

/// Frees the leases of one service, by the index of what is due.
pub(super) const FREE_LEASES: &str = "UPDATE telling SET state = 'waiting', due_at = first_due, owner = NULL
    WHERE state IN ('waiting', 'sending') AND state = 'sending' AND owner = ?";

/// The tellings of a survey about where its rating stands.
const OF_STANDING: &str = "event IN (SELECT number FROM event WHERE survey_id = unhex(wanted.value ->> 0)
    AND kind IN ('rating.set', 'rating.changed', 'rating.held', 'rating.voided'))";

/// New events, and the targets that want them. Each part is found by its key.
macro_rules! wanted {
    () => {
        " FROM jsonb_each(?) AS fact LEFT JOIN survey ON survey.id = unhex(fact.value ->> 4)
            LEFT JOIN closing ON closing.connection = fact.value ->> 5 AND closing.conversation_id = fact.value ->> 6
                AND closing.closed_at = fact.value ->> 7
            CROSS JOIN target ON fact.value ->> 1 IN (SELECT value FROM json_each(target.kinds))
                AND (target.team IS NULL OR target.team = coalesce(survey.team, closing.team))
                AND (target.teammate_id IS NULL OR target.teammate_id = coalesce(survey.teammate_id, closing.teammate_id))
                AND (target.connection IS NULL OR target.connection = coalesce(survey.connection, closing.connection))"
    };
}

const NEW_EVENTS: &str = concat!(
    "INSERT INTO event (id, kind, at, survey_id, connection, conversation_id, closed_at, bounce)
        SELECT DISTINCT unhex(fact.value ->> 0), fact.value ->> 1, fact.value ->> 2, unhex(fact.value ->> 4),
            fact.value ->> 5, fact.value ->> 6, fact.value ->> 7, fact.value ->> 8",
    wanted!(),
    " ORDER BY fact.key"
);
const NEW_TELLINGS: &str = concat!(
    "INSERT INTO telling (event, target, state, due_at, first_due, tries)
        SELECT (SELECT number FROM event WHERE event.id = unhex(fact.value ->> 0)), target.name, 'waiting',
            fact.value ->> 3, fact.value ->> 3, 0",
    wanted!()
);

/// Stores what became of tellings, then what the batch gives to tell.
pub(super) fn save(script: &mut Script, batch: &Batch, tells: bool) -> Result<()> {
    let changed = batch.tellings.iter().filter(|(_, telling)| telling.changed());
    let row = |((number, target), telling): (&(i64, String), &Telling)| {
        let mut row = vec![cell("event", number), cell("target", target)];
        row.extend(outbound_state(&telling.state));
        row.push(cell("said", telling.said.map(|said| said.kind)));
        row.push(cell("said_score", telling.said.and_then(|said| said.score)));
        row
    };
    // These rows are there: it is the quickest way to update by two columns.
    insert(script, "telling", changed.map(row).collect(), FOLLOW)?;
    for (target, (at, why)) in &batch.newly_disabled {
        script.add("UPDATE target SET disabled_at = ?, disabled_why = ? WHERE name = ? AND disabled_at IS NULL");
        script.bind(at.timestamp_millis())?.bind(why.as_str())?.bind(target.as_str())?;
    }
    if !batch.forgotten_events.is_empty() {
        let numbers = rows::json(&batch.forgotten_events)?;
        for sql in [
            "DELETE FROM telling WHERE event IN (SELECT value FROM json_each(?))",
            "DELETE FROM event WHERE number IN (SELECT value FROM json_each(?))",
        ] {
            script.add(sql).bind(&numbers)?;
        }
    }
    if tells { save_new(script, &batch.to_tell()) } else { Ok(()) }
}

const FOLLOW: &str = "ON CONFLICT (event, target) DO UPDATE SET state = excluded.state, due_at = excluded.due_at,
    first_due = excluded.first_due, tries = excluded.tries, accepted_at = excluded.accepted_at, stop = excluded.stop,
    note = excluded.note, owner = excluded.owner, said = excluded.said, said_score = excluded.said_score";

fn save_new(script: &mut Script, tell: &ToTell) -> Result<()> {
    if !tell.superseded.is_empty() {
        script.add(&format!(
            "UPDATE telling SET state = 'cancelled', stop = ? FROM json_each(?) AS wanted
                WHERE state IN ('waiting', 'sending') AND state = 'waiting' AND {OF_STANDING}"
        ));
        let ids: Vec<_> = tell.superseded.iter().map(|id| [id.as_simple()]).collect();
        script.bind(Stop::Superseded.word())?.bind(rows::json(&ids)?)?;
    }
    if !tell.hurried.is_empty() {
        script.add(&format!(
            "UPDATE telling SET due_at = min(due_at, wanted.value ->> 1), first_due = min(first_due, wanted.value ->> 1)
                FROM json_each(?) AS wanted
                WHERE state IN ('waiting', 'sending') AND state = 'waiting' AND {OF_STANDING}"
        ));
        let due = tell.hurried.iter().map(|(id, due)| json!([id.as_simple(), due.timestamp_millis()]));
        script.bind(rows::json(&due.collect::<Vec<_>>())?)?;
    }
    if !tell.events.is_empty() {
        let facts = rows::json(&tell.events.iter().map(fact).collect::<Vec<_>>())?;
        script.add(NEW_EVENTS).bind(&facts)?.add(NEW_TELLINGS).bind(&facts)?;
    }
    Ok(())
}

/// A new event as the statements above read it.
fn fact(new: &NewEvent) -> Value {
    let (survey, closing) = match &new.about {
        About::Survey(id) => (Some(id.as_simple()), None),
        About::Closing(conversation, closed_at) => (None, Some((conversation, closed_at.timestamp_millis()))),
    };
    let (conversation, closed_at) = closing.unzip();
    json!([
        Uuid::new_v4().as_simple(),
        new.kind,
        new.at.timestamp_millis(),
        new.due_at.timestamp_millis(),
        survey,
        conversation.map(|conversation| &conversation.connection),
        conversation.map(|conversation| &conversation.id),
        closed_at,
        new.bounce,
    ])
}

/// The columns of `telling` that [`telling`] reads.
macro_rules! telling_columns {
    () => {
        "telling.event, telling.target, telling.state, telling.due_at, telling.first_due, telling.tries,
            telling.accepted_at, telling.stop, telling.note, telling.owner, telling.said, telling.said_score"
    };
}

const TELLINGS: &str = concat!(
    "SELECT ",
    telling_columns!(),
    " FROM json_each(?) AS wanted CROSS JOIN telling
        ON telling.event = wanted.value ->> 0 AND telling.target = wanted.value ->> 1"
);

/// Earlier tellings to the same target about the rating of the same survey.
macro_rules! others {
    () => {
        "FROM event AS e CROSS JOIN telling AS t ON t.event = e.number AND t.target = telling.target
            WHERE e.survey_id = event.survey_id AND t.event <> telling.event AND t.said LIKE 'rating.%'"
    };
}

/// The telling that is due for a target longest, with all that it may say.
const DUE: &str = concat!(
    "SELECT ",
    telling_columns!(),
    ", disabled_why, event.id, event.kind, event.at, event.bounce, survey.id AS survey_key,
        coalesce(survey.connection, closing.connection) AS connection,
        coalesce(survey.conversation_id, closing.conversation_id) AS conversation_id,
        coalesce(survey.closed_at, closing.closed_at) AS closed_at, coalesce(survey.subject, closing.subject) AS subject,
        coalesce(survey.url, closing.url) AS url, coalesce(survey.policy, closing.policy) AS policy, closing.tags,
        survey.customer_id, survey.customer_name, coalesce(survey.team, closing.team) AS team, closing.reasons,
        coalesce(survey.teammate_id, closing.teammate_id) AS teammate_id, teammate.name AS teammate_name,
        teammate.email AS teammate_email, standing, voided_from, score, evidence, rated_at, page, page_issued, page_click,
        held_at, comment,
        (SELECT json_group_array(json_array(question, choice)) FROM answer WHERE answer.survey_id = survey.id) AS answers,
        (SELECT json_array(t.said, t.said_score) ",
    others!(),
    " AND t.event < telling.event AND (t.accepted_at IS NOT NULL OR t.stop = 'unwanted')
            ORDER BY e.number DESC LIMIT 1) AS known,
        EXISTS (SELECT 1 ",
    others!(),
    " AND t.tries > 0 AND t.accepted_at IS NULL) AS perhaps_more
    FROM telling CROSS JOIN target ON target.name = telling.target CROSS JOIN event ON event.number = telling.event
        LEFT JOIN survey ON survey.id = event.survey_id LEFT JOIN rating ON rating.survey_id = survey.id
        LEFT JOIN closing ON closing.connection = coalesce(survey.connection, event.connection)
            AND closing.conversation_id = coalesce(survey.conversation_id, event.conversation_id)
            AND closing.closed_at = coalesce(survey.closed_at, event.closed_at)
        LEFT JOIN teammate ON teammate.id = coalesce(survey.teammate_id, closing.teammate_id)
    WHERE telling.target = ? AND telling.state IN ('waiting', 'sending') AND telling.due_at <= ? + 0
    ORDER BY telling.due_at, telling.event LIMIT 1"
);

/// What the story of a conversation needs of its tellings.
macro_rules! of_conversation {
    () => {
        "SELECT event.survey_id, event.closed_at, coalesce(telling.said, event.kind) AS told_as, telling.said_score,
            telling.target, telling.state, telling.due_at, telling.first_due, telling.tries, telling.accepted_at,
            telling.stop, telling.note, telling.owner, target.name IS NULL AS removed,
            target.disabled_at IS NOT NULL AS disabled
        FROM event CROSS JOIN telling ON telling.event = event.number
            LEFT JOIN target ON target.name = telling.target"
    };
}

const OF_SURVEYS: &str = concat!(
    of_conversation!(),
    " WHERE event.survey_id IN (SELECT id FROM survey WHERE connection = ? AND conversation_id = ?)
        ORDER BY event.number, telling.target"
);
const OF_CLOSINGS: &str = concat!(
    of_conversation!(),
    " WHERE event.connection = ? AND event.conversation_id = ? ORDER BY event.number, telling.target"
);

/// The tellings about a conversation: of each survey by its id, and of each closing that nobody is asked about by its time.
pub(super) async fn of_conversation(
    db: &mut SqliteConnection,
    conversation: &Conversation,
) -> Result<(BTreeMap<Uuid, Vec<TellingRecord>>, BTreeMap<Time, Vec<TellingRecord>>)> {
    let (mut of_surveys, mut of_closings) = (BTreeMap::<_, Vec<_>>::new(), BTreeMap::<_, Vec<_>>::new());
    for row in query(OF_SURVEYS).bind(&conversation.connection).bind(&conversation.id).fetch_all(&mut *db).await? {
        of_surveys.entry(rows::id(&row, "survey_id")?).or_default().push(record(&row)?);
    }
    for row in query(OF_CLOSINGS).bind(&conversation.connection).bind(&conversation.id).fetch_all(db).await? {
        of_closings.entry(rows::time(&row, "closed_at")?).or_default().push(record(&row)?);
    }
    Ok((of_surveys, of_closings))
}

fn record(row: &SqliteRow) -> Result<TellingRecord> {
    let off = match (row.try_get("removed")?, row.try_get("disabled")?) {
        (true, _) => Some(TargetOff::Removed),
        (_, true) => Some(TargetOff::Disabled),
        _ => None,
    };
    Ok(TellingRecord {
        target: row.try_get("target")?,
        kind: rows::word(row, "told_as")?,
        score: score(row.try_get("said_score")?)?,
        state: rows::outbound(row)?,
        off,
    })
}

const OLD_EVENTS: &str = "SELECT number FROM event WHERE at < ? ORDER BY at LIMIT ?";

/// Loads the tellings that a batch touches, and those that are due.
pub(super) fn load(script: &mut Script, touched: &Touched, takes: &mut Vec<Take>) -> Result<()> {
    if !touched.tellings.is_empty() {
        script.add(TELLINGS).bind(rows::json(&touched.tellings)?)?;
        takes.push(|batch, row| telling(batch, row).map(drop));
    }
    for (target, due_by) in &touched.due_tellings {
        script.add(DUE).bind(target.as_str())?.bind(due_by.timestamp_millis())?;
        takes.push(due);
    }
    if let Some(before) = touched.old_events {
        script.add(OLD_EVENTS).bind(before.timestamp_millis())?.bind(i64::try_from(STEP).unwrap_or(i64::MAX))?;
        takes.push(|batch, row| {
            batch.old_events.push(row.try_get("number")?);
            Ok(())
        });
    }
    Ok(())
}

/// Takes a telling; the number of its event, and its target.
fn telling(batch: &mut Batch, row: &SqliteRow) -> Result<(i64, String)> {
    let key: (i64, String) = (row.try_get("event")?, row.try_get("target")?);
    let kind = rows::optional_word(row, "said")?;
    let said = kind.map(|kind| Ok::<_, sqlx::Error>(Said { kind, score: score(row.try_get("said_score")?)? }));
    batch.tellings.insert(key.clone(), Telling::stored(rows::outbound(row)?, said.transpose()?));
    Ok(key)
}

fn score(number: Option<i64>) -> Result<Option<Score>> {
    number.map(Score::try_from).transpose().map_err(|error| sqlx::Error::Decode(error.into()))
}

fn due(batch: &mut Batch, row: &SqliteRow) -> Result<()> {
    let (number, target) = telling(batch, row)?;
    if let Some(why) = row.try_get::<Option<String>, _>("disabled_why")? {
        batch.disabled.insert(target, why);
        return Ok(());
    }
    let has_survey = row.try_get::<Option<&[u8]>, _>("survey_key")?.is_some();
    let standing = has_survey.then(|| rows::standing(row)).transpose()?;
    let known: Option<(EventKind, Option<i64>)> = row
        .try_get::<Option<&str>, _>("known")?
        .map(|known| serde_json::from_str(known).map_err(|error| sqlx::Error::Decode(error.into())))
        .transpose()?;
    let last = known.map(|(kind, number)| Ok::<_, sqlx::Error>(Said { kind, score: score(number)? })).transpose()?;
    let known = Known { last, perhaps_more: row.try_get("perhaps_more")? };
    let is_there = row.try_get::<Option<&str>, _>("conversation_id")?.is_some();
    let event = is_there.then(|| event(row, standing.as_ref())).transpose()?;
    batch.due_tellings.insert(target, DueTelling { number, event, standing, known });
    Ok(())
}

fn event(row: &SqliteRow, standing: Option<&Standing>) -> Result<Event> {
    let kind = rows::word(row, "kind")?;
    let team: Option<String> = row.try_get("team")?;
    let teammate = row.try_get::<Option<String>, _>("teammate_id")?.map(|id| {
        let (name, email) = (row.try_get("teammate_name")?, row.try_get("teammate_email")?);
        Ok::<_, sqlx::Error>(Teammate { id, name, email, team: team.clone() })
    });
    let reasons = match (kind, row.try_get::<Option<&str>, _>("reasons")?) {
        (EventKind::SurveySkipped, Some(reasons)) => {
            serde_json::from_str(reasons).map_err(|error| sqlx::Error::Decode(error.into()))?
        }
        _ => Vec::new(),
    };
    let tags = row.try_get::<Option<&str>, _>("tags")?.map(serde_json::from_str).transpose();
    Ok(Event {
        id: rows::id(row, "id")?,
        kind,
        at: rows::time(row, "at")?,
        survey: standing.map(|_| rows::id(row, "survey_key")).transpose()?,
        conversation: Conversation { connection: row.try_get("connection")?, id: row.try_get("conversation_id")? },
        closed_at: rows::time(row, "closed_at")?,
        subject: row.try_get("subject")?,
        url: row.try_get("url")?,
        policy: row.try_get("policy")?,
        tags: tags.map_err(|error| sqlx::Error::Decode(error.into()))?.unwrap_or_default(),
        customer_id: row.try_get("customer_id")?,
        customer_name: row.try_get("customer_name")?,
        teammate: teammate.transpose()?,
        team,
        rating: standing.map(|standing| rating(row, standing)).transpose()?.flatten(),
        skipped: reasons,
        bounce: row.try_get("bounce")?,
    })
}

fn rating(row: &SqliteRow, standing: &Standing) -> Result<Option<Told>> {
    let Some(rating) = standing.rating() else { return Ok(None) };
    let answers: Answers = rows::answers(row)?;
    Ok(Some(Told {
        score: rating.score,
        previous: None,
        known: None,
        standing: standing.word(),
        comment: row.try_get("comment")?,
        evidence: rating.evidence,
        rated_at: rating.rated_at,
        reasons: answers.reasons().map(str::to_owned).collect(),
        answer: answers.own().map(|(question, choice)| (question.to_owned(), choice.to_owned())),
    }))
}

#[cfg(test)]
mod tests {
    use super::super::load::tests::plan;
    use super::*;

    #[tokio::test]
    async fn what_is_due_is_found_by_its_index_and_nothing_else_in_a_whole_table() {
        for sql in [DUE, FREE_LEASES] {
            let steps = plan(sql).await;
            assert!(steps[0].contains("USING INDEX telling_due"), "{steps:#?}");
            // All of it may be read: it holds only what is not sent yet.
            assert!(sql == FREE_LEASES || !steps[0].starts_with("SCAN"), "{steps:#?}");
        }
        let steps = plan(DUE).await;
        assert!(!steps.iter().any(|step| step.contains("TEMP B-TREE")), "sorted by the index: {steps:#?}");
        for sql in [TELLINGS, OLD_EVENTS, NEW_EVENTS, NEW_TELLINGS, OF_SURVEYS, OF_CLOSINGS] {
            let steps = plan(sql).await;
            let tables = ["telling", "event", "survey", "closing", "rating"];
            let scans = |step: &&String| tables.iter().any(|table| step.starts_with(&format!("SCAN {table}")));
            assert_eq!(steps.iter().find(scans), None, "{sql}: {steps:#?}");
        }
    }
}
