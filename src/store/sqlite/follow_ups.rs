//! Follow-ups: the list, what was done about each, and which scores open one.
//!
//! Triggers of the schema open them. It must not know what may be done when.

use super::load::Take;
use super::save::{at, cell, id, insert, update};
use super::script::Script;
use super::{Sqlite, Unavailable, rows};
use crate::ledger::follow_ups::Followed;
use crate::ledger::{Batch, Touched};
use crate::store::FollowUpsFilter;
use crate::survey::Time;
use crate::survey::access::Within;
use crate::survey::evidence::ChangeKind;
use crate::survey::follow_up::list::{FollowUpRow, MOST_COUNTED, OpenFollowUps};
use crate::survey::follow_up::{Deed, FollowUp, FollowedScores, State, Step};
use crate::survey::rating::Score;
use chrono::TimeDelta;
use serde::de::DeserializeOwned;
use serde_json::json;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Connection, Error, Row, SqliteConnection, query, query_scalar};
use uuid::Uuid;

type Result<T> = std::result::Result<T, Error>;

/// What was done about a follow-up, as JSON.
macro_rules! steps {
    ($survey:literal) => {
        concat!(
            "(SELECT json_group_array(json_array(at, who, deed, score, note) ORDER BY number)
                FROM follow_up_step AS step WHERE step.survey_id = ",
            $survey,
            ") AS steps"
        )
    };
}

const TOUCHED: &str = concat!(
    "SELECT follow_up.survey_id, teammate_id, team, ",
    steps!("follow_up.survey_id"),
    " FROM json_each(?) AS wanted CROSS JOIN follow_up ON follow_up.survey_id = unhex(wanted.value)"
);

/// Everything that the list tells of one.
const LISTED: &str = concat!(
    "SELECT survey_key, connection, conversation_id, opened_at, changed_at, score, standing, rated_at, comment,
        teammate_id, teammate, team, url, ",
    steps!("survey_key"),
    ", (SELECT json_group_array(json_array(question, choice)) FROM answer WHERE answer.survey_id = survey_key) AS answers,
        (SELECT json_group_array(json_array(at, kind, history.score) ORDER BY number)
            FROM history WHERE history.survey_id = survey_key) AS history,
        (SELECT erased_at FROM rating AS erased WHERE erased.survey_id = survey_key) AS erased_at
    FROM "
);

/// Which part of the list, and by which index: SQLite would take the one by state for a teammate, too. A text of its own for
/// each, because "or null" would keep it from the index.
fn part(within: &Within) -> &'static str {
    match (&within.teammate, &within.team) {
        (None, None) => "follow_up_state WHERE state = $1 AND $2 IS NULL AND $3 IS NULL",
        (None, Some(_)) => "follow_up_team WHERE state = $1 AND $2 IS NULL AND team = $3",
        (Some(_), None) => "follow_up_teammate WHERE state = $1 AND teammate_id = $2 AND $3 IS NULL",
        (Some(_), Some(_)) => "follow_up_teammate WHERE state = $1 AND teammate_id = $2 AND +team = $3",
    }
}

/// One page of a state: `after` and `order` are those of the direction.
fn page(within: &Within, newest_first: bool) -> String {
    let (after, order) = if newest_first { ("<", "DESC") } else { (">", "ASC") };
    format!(
        "{LISTED} (SELECT survey_id AS found FROM follow_up INDEXED BY {} AND opened_at >= $4 AND opened_at < $5
            AND ($6 IS NULL OR opened_at {after} $6 OR (opened_at = $6 AND survey_id {after} $7))
            ORDER BY opened_at {order}, survey_id {order} LIMIT $8)
            CROSS JOIN report_follow_ups WHERE survey_key = found
        ORDER BY opened_at {order}, survey_key {order}",
        part(within)
    )
}

fn counted(within: &Within) -> String {
    let part = part(within);
    format!(
        "SELECT count(*) AS count, min(opened_at) AS oldest FROM
        (SELECT opened_at FROM follow_up INDEXED BY {part} ORDER BY opened_at LIMIT $4)"
    )
}

/// Puts the scores that open a follow-up into their table, where they differ. Follow-ups of other scores leave the list,
/// unless somebody has begun to work on them. Earlier ratings are not added: the list begins with the next one.
pub(super) async fn apply(db: &mut SqliteConnection, followed: &FollowedScores) -> Result<()> {
    let mode =
        |score: &u8| i64::from(followed.always.contains(score)) + 2 * i64::from(followed.with_comment.contains(score));
    let wanted: Vec<i64> = (1..=5).map(|score| mode(&score)).collect();
    let known: Vec<i64> = query_scalar("SELECT follow_up FROM score ORDER BY score").fetch_all(&mut *db).await?;
    if known == wanted {
        return Ok(());
    }
    let mut db = db.begin_with("BEGIN IMMEDIATE").await?;
    query("UPDATE score SET follow_up = $1 ->> (score - 1)").bind(json!(wanted).to_string()).execute(&mut *db).await?;
    query(
        "DELETE FROM follow_up WHERE state = 'open'
            AND NOT EXISTS (SELECT 1 FROM follow_up_due AS due WHERE due.survey_id = follow_up.survey_id)
            AND NOT EXISTS (SELECT 1 FROM follow_up_step AS step WHERE step.survey_id = follow_up.survey_id)",
    )
    .execute(&mut *db)
    .await?;
    db.commit().await
}

/// Loads the follow-ups that a batch touches.
pub(super) fn load(script: &mut Script, touched: &Touched, takes: &mut Vec<Take>) -> Result<()> {
    if !touched.follow_ups.is_empty() {
        script.add(TOUCHED).bind(rows::ids(&touched.follow_ups)?)?;
        takes.push(follow_up);
    }
    Ok(())
}

fn follow_up(batch: &mut Batch, row: &SqliteRow) -> Result<()> {
    let followed = Followed::stored(FollowUp::of(steps(row)?), row.try_get("teammate_id")?, row.try_get("team")?);
    batch.follow_ups.insert(rows::id(row, "survey_id")?, followed);
    Ok(())
}

/// Writes what was done. Before the ratings: a follow-up that somebody has begun to work on stays on the list, whatever
/// becomes of its rating.
pub(super) fn save(script: &mut Script, batch: &Batch) -> Result<()> {
    let row = |survey_id, (number, step): (usize, &Step)| {
        vec![
            id("survey_id", Some(survey_id)),
            cell("number", number),
            at("at", step.at),
            cell("who", &step.who),
            cell("deed", step.deed),
            cell("score", step.score),
            cell("note", &step.note),
        ]
    };
    let steps = batch.follow_ups.iter().flat_map(|(id, followed)| followed.new_steps().map(move |step| row(id, step)));
    insert(script, "follow_up_step", steps.collect(), "")?;

    let turned = batch.follow_ups.iter().filter_map(|(id, followed)| Some((id, followed, followed.turned_at()?)));
    let row = |(survey_id, followed, turned_at): (&Uuid, &Followed, Time)| {
        vec![
            id("survey_id", Some(survey_id)),
            cell("state", followed.follow_up.state()),
            cell("who", followed.follow_up.who()),
            at("changed_at", turned_at),
        ]
    };
    update(script, "follow_up", turned.map(row).collect())
}

impl Sqlite {
    pub(in crate::store) async fn follow_ups(
        &self,
        filter: &FollowUpsFilter,
    ) -> std::result::Result<Vec<FollowUpRow>, Unavailable> {
        let (within, after) = (&filter.within, filter.paging.after);
        let newest_first = filter.states == [State::Done];
        // The page can begin at the last row of the one before, which makes the range that is read shorter.
        let (mut from, mut until) = (filter.period.from, filter.period.until);
        match after {
            Some(after) if newest_first => until = until.min(after.at + TimeDelta::milliseconds(1)),
            Some(after) => from = from.max(after.at),
            None => {}
        }
        let mut found = Vec::new();
        for state in &filter.states {
            // Safe: it is made of constants, and values are bound.
            let rows = query(AssertSqlSafe(page(within, newest_first)))
                .bind(state.word())
                .bind(&within.teammate)
                .bind(&within.team)
                .bind(from.timestamp_millis())
                .bind(until.timestamp_millis())
                .bind(after.map(|after| after.at.timestamp_millis()))
                .bind(after.map(|after| after.survey.into_bytes().to_vec()))
                .bind(filter.paging.to_read())
                .fetch_all(&self.reports)
                .await?;
            found.extend(rows.iter().map(listed).collect::<Result<Vec<_>>>()?);
        }
        found.sort_by_key(FollowUpRow::place);
        if newest_first {
            found.reverse();
        }
        found.truncate(filter.paging.to_read() as usize);
        Ok(found)
    }

    pub(in crate::store) async fn follow_up(
        &self,
        survey: Uuid,
        within: &Within,
    ) -> std::result::Result<Option<FollowUpRow>, Unavailable> {
        let sql = format!("{LISTED} report_follow_ups WHERE survey_key = $1");
        let row = query(AssertSqlSafe(sql)).bind(survey.as_bytes().as_slice()).fetch_optional(&self.lookups).await?;
        let row = row.as_ref().map(listed).transpose()?;
        Ok(row.filter(|row| within.includes(row.teammate.as_deref(), row.team.as_deref())))
    }

    pub(in crate::store) async fn open_follow_ups(
        &self,
        within: &Within,
    ) -> std::result::Result<OpenFollowUps, Unavailable> {
        let mut counts = Vec::new();
        for state in [State::Open, State::Taken] {
            let row = query(AssertSqlSafe(counted(within)))
                .bind(state.word())
                .bind(&within.teammate)
                .bind(&within.team)
                .bind(MOST_COUNTED)
                .fetch_one(&self.reports)
                .await?;
            counts.push((row.try_get("count")?, rows::optional_time(&row, "oldest")?));
        }
        let [(open, oldest), (taken, _)] = counts[..] else { return Ok(OpenFollowUps::default()) };
        Ok(OpenFollowUps { open, oldest, taken })
    }
}

fn listed(row: &SqliteRow) -> Result<FollowUpRow> {
    Ok(FollowUpRow {
        survey: rows::id(row, "survey_key")?,
        connection: row.try_get("connection")?,
        conversation: row.try_get("conversation_id")?,
        opened_at: rows::time(row, "opened_at")?,
        changed_at: rows::time(row, "changed_at")?,
        follow_up: FollowUp::of(steps(row)?),
        score: rows::score(row)?,
        standing: rows::word(row, "standing")?,
        rated_at: rows::time(row, "rated_at")?,
        comment: row.try_get("comment")?,
        answers: rows::answers(row)?,
        history: history(row)?,
        teammate: row.try_get("teammate_id")?,
        teammate_name: row.try_get("teammate")?,
        team: row.try_get("team")?,
        url: row.try_get("url")?,
        erased_at: rows::optional_time(row, "erased_at")?,
    })
}

/// The columns of a step: at, who, deed, score, note.
type StepCells = (i64, Option<String>, Deed, Score, Option<String>);

fn steps(row: &SqliteRow) -> Result<Vec<Step>> {
    let step = |(at, who, deed, score, note): StepCells| Ok(Step { at: moment(at, "steps")?, who, deed, score, note });
    parse::<Vec<_>>(row, "steps")?.into_iter().map(step).collect()
}

fn history(row: &SqliteRow) -> Result<Vec<(Time, ChangeKind, Score)>> {
    let changes: Vec<(i64, ChangeKind, Score)> = parse(row, "history")?;
    changes.into_iter().map(|(at, kind, score)| Ok((moment(at, "history")?, kind, score))).collect()
}

fn parse<T: DeserializeOwned>(row: &SqliteRow, column: &str) -> Result<T> {
    serde_json::from_str(row.try_get(column)?).map_err(|error| Error::Decode(error.into()))
}

fn moment(millis: i64, column: &str) -> Result<Time> {
    Time::from_timestamp_millis(millis).ok_or_else(|| rows::broken(column, &millis.to_string()))
}

#[cfg(test)]
mod tests {
    use super::super::load::tests::plan;
    use super::*;

    #[tokio::test]
    async fn the_list_is_read_by_an_index_in_its_order() {
        let within = |teammate: Option<&str>, team: Option<&str>| Within {
            teammate: teammate.map(str::to_owned),
            team: team.map(str::to_owned),
        };
        for (within, index) in [
            (within(None, None), "follow_up_state"),
            (within(Some("t"), None), "follow_up_teammate"),
            (within(None, Some("t")), "follow_up_team"),
            (within(Some("t"), Some("t")), "follow_up_teammate"),
        ] {
            for sql in [page(&within, false), page(&within, true), counted(&within)] {
                let steps = plan(&sql).await;
                assert!(steps.iter().any(|step| step.contains(index)), "{index}: {sql}: {steps:#?}");
                // The rows of the page are sorted, and no others.
                let sorts = steps.iter().filter(|step| step.contains("FOR ORDER BY")).count();
                assert!(sorts <= usize::from(sql.starts_with(LISTED)), "sorted by the index: {steps:#?}");
                let scans = ["SCAN follow_up", "SCAN rating", "SCAN survey"];
                assert!(!steps.iter().any(|step| scans.iter().any(|scan| step.starts_with(scan))), "{steps:#?}");
            }
        }
        let steps = plan(TOUCHED).await;
        assert!(!steps.iter().any(|step| step.starts_with("SCAN follow_up")), "{steps:#?}");
    }
}
