//! Counts of decisions: whole days from the table `decided`, and the closings since then as they are.
//!
//! What the table promises is in `0004_team.sql`. A decision to ask is read from `survey`, which has one row for each,
//! by its id; the others are few and have an index by time. It must not know in which order counts are shown.

use super::super::Unavailable;
use super::Sqlite;
use super::erasing::first_id;
use crate::survey::Time;
use crate::survey::access::Within;
use crate::survey::decisions::{Decided, DecisionsBy, Tally};
use crate::survey::report::{Key, Period};
use crate::survey::span::Span;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Row, SqliteConnection, query, query_scalar};

/// Begins anew: every day is counted again.
pub(super) const EMPTY: [&str; 2] = ["DELETE FROM decided", "UPDATE decided_until SET until = 0"];

const UNTIL: &str = "SELECT until FROM decided_until";
/// The outcomes of closings reported from `$1` (its least id of a survey is `$3`) to before `$2` (`$4`), one row each.
const OUTCOMES: &str = "SELECT 'ask' AS outcome, made_at AS at, coalesce(team, '') AS team,
        coalesce(teammate_id, '') AS teammate_id, 0 AS only_reason
    FROM survey WHERE id >= $3 AND id < $4
    UNION ALL
    SELECT 'skip', reported_at, coalesce(team, ''), coalesce(teammate_id, ''), json_array_length(reasons) = 1
    FROM closing WHERE survey_id IS NULL AND reported_at >= $1 AND reported_at < $2
    UNION ALL
    SELECT reason.value ->> 'rule', reported_at, coalesce(team, ''), coalesce(teammate_id, ''),
        json_array_length(reasons) = 1
    FROM closing CROSS JOIN json_each(closing.reasons) AS reason
    WHERE survey_id IS NULL AND reported_at >= $1 AND reported_at < $2";
/// The first closing that is not counted yet.
const FIRST: &str = "SELECT min(at) FROM (
    SELECT min(reported_at) AS at FROM closing WHERE survey_id IS NULL AND reported_at >= $1
    UNION ALL SELECT * FROM (SELECT made_at FROM survey WHERE id >= $2 ORDER BY id LIMIT 1))";
/// The day to count next, if it is over.
const DAY: &str = "SELECT name, starts, ends FROM day WHERE ends > $1 AND ends <= $2 ORDER BY ends LIMIT 1";
/// All outcomes that were ever counted, by one step in the index each.
const KNOWN: &str = "WITH RECURSIVE known (outcome) AS (
        SELECT min(outcome) FROM decided WHERE level = 'all' AND teammate_id = ''
        UNION ALL SELECT (SELECT min(outcome) FROM decided
                WHERE level = 'all' AND teammate_id = '' AND decided.outcome > known.outcome)
            FROM known WHERE known.outcome IS NOT NULL)";

/// Both bounds as a closing's time and as the least id of a survey.
type Bounds = (i64, i64, Vec<u8>, Vec<u8>);

fn bounds(from: Time, until: Time) -> Bounds {
    let id = |at| first_id(at).into_bytes().to_vec();
    (from.timestamp_millis(), until.timestamp_millis(), id(from), id(until))
}

/// The statement that counts by outcome and, unless rows are rules, by a key. Days that are counted ahead and later
/// closings are summed up apart, because the index has the first in order.
fn counts(by: DecisionsBy, within: &Within) -> String {
    let (key, outcomes) = match by {
        DecisionsBy::Rule => ("''", "(SELECT outcome FROM known WHERE outcome IS NOT NULL)"),
        DecisionsBy::Team => ("team", EACH_ONCE),
        DecisionsBy::Teammate => ("teammate_id", EACH_ONCE),
        DecisionsBy::Day | DecisionsBy::Week | DecisionsBy::Month => ("day", EACH_ONCE),
    };
    let (known, newer) = match by {
        DecisionsBy::Rule => (KNOWN, String::new()),
        _ => ("", format!("AND outcome IN {EACH_ONCE}")),
    };
    let level = match (by, &within.teammate) {
        (_, Some(_)) => "level = 'teammate' AND teammate_id = $8",
        (DecisionsBy::Teammate, None) => {
            "level = 'teammate' AND teammate_id IN (SELECT id FROM teammate UNION ALL SELECT '')"
        }
        (by, None) if by == DecisionsBy::Team || within.team.is_some() => "level = 'team' AND teammate_id = ''",
        (_, None) => "level = 'all' AND teammate_id = ''",
    };
    format!(
        "{known} SELECT key, outcome, sum(closings) AS closings, sum(only_reason) AS only_reason,
            (SELECT name FROM teammate WHERE teammate.id = key) AS teammate
        FROM (
            SELECT {key} AS key, outcome, sum(closings) AS closings, sum(only_reason) AS only_reason FROM decided
            WHERE {level} AND outcome IN {outcomes} AND day >= $5 AND day <= $6 AND ($7 IS NULL OR team = $7)
            GROUP BY outcome, 1
            UNION ALL
            SELECT {key}, outcome, count(*), sum(only_reason) FROM (
                SELECT *, (SELECT name FROM day WHERE starts <= at ORDER BY starts DESC LIMIT 1) AS day
                FROM ({OUTCOMES}))
            WHERE ($7 IS NULL OR team = $7) AND ($8 IS NULL OR teammate_id = $8) {newer} GROUP BY outcome, 1
        ) GROUP BY outcome, key"
    )
}

/// The outcomes that each closing has one of.
const EACH_ONCE: &str = "('ask', 'skip')";

impl Sqlite {
    pub(in crate::store) async fn decided(
        &self,
        by: DecisionsBy,
        span: Span,
        period: Period,
        within: &Within,
    ) -> Result<Tally, Unavailable> {
        let mut db = self.reports.begin().await?;
        let until = until(&mut db).await?;
        let (from, until, first, end) = bounds(period.from.max(until), period.until);
        // Safe: the pieces are constants, and values are bound.
        let rows = query(AssertSqlSafe(counts(by, within)))
            .bind(from)
            .bind(until)
            .bind(first)
            .bind(end)
            .bind(span.first.to_string())
            .bind(span.last.to_string())
            .bind(&within.team)
            .bind(&within.teammate)
            .fetch_all(&mut *db)
            .await?;
        db.commit().await?;
        let mut tally = Tally::default();
        for row in &rows {
            add(&mut tally, by, row)?;
        }
        Ok(tally)
    }

    pub(in crate::store) async fn fold_decisions(&self, now: Time) -> Result<bool, Unavailable> {
        let mut db = self.lookups.begin_with("BEGIN IMMEDIATE").await?;
        let until = until(&mut db).await?;
        let (from, _, first, _) = bounds(until, until);
        let next: Option<i64> = query_scalar(FIRST).bind(from).bind(first).fetch_one(&mut *db).await?;
        let Some(next) = next else { return Ok(false) };
        let day = query(DAY).bind(next).bind(now.timestamp_millis()).fetch_optional(&mut *db).await?;
        let Some(day) = day else { return Ok(false) };
        let (starts, ends) = (super::rows::time(&day, "starts")?, super::rows::time(&day, "ends")?);
        let (from, until, first, end) = bounds(starts.max(until), ends);
        let sql = format!(
            "INSERT INTO decided
            SELECT level, iif(level = 'teammate', teammate_id, ''), outcome, $5, iif(level = 'all', '', team), count(*),
                sum(only_reason)
            FROM ({OUTCOMES}) CROSS JOIN (SELECT 'all' AS level UNION ALL SELECT 'team' UNION ALL SELECT 'teammate')
            GROUP BY 1, 2, 3, 5"
        );
        // Safe: the pieces are constants, and values are bound.
        let fold = query(AssertSqlSafe(sql)).bind(from).bind(until).bind(first).bind(end);
        fold.bind(day.try_get::<String, _>("name")?).execute(&mut *db).await?;
        query("UPDATE decided_until SET until = $1").bind(until).execute(&mut *db).await?;
        db.commit().await?;
        Ok(true)
    }
}

/// The end of what is counted.
async fn until(db: &mut SqliteConnection) -> Result<Time, sqlx::Error> {
    super::rows::time(&query(UNTIL).fetch_one(db).await?, "until")
}

/// Adds the count of one outcome to the total, and to the row of its key.
fn add(tally: &mut Tally, by: DecisionsBy, row: &SqliteRow) -> Result<(), sqlx::Error> {
    let outcome: String = row.try_get("outcome")?;
    let count = |column| row.try_get::<i64, _>(column).map(i64::cast_unsigned);
    let (closings, only_reason) = (count("closings")?, count("only_reason")?);
    let decided = match outcome.as_str() {
        "ask" => Decided { asked: closings, ..Decided::default() },
        _ => Decided { skipped: closings, only_reason, ..Decided::default() },
    };
    let is_rule = !matches!(outcome.as_str(), "ask" | "skip");
    if !is_rule {
        tally.total.add(&decided);
    }
    // Closings that retention deleted leave counts of 0.
    if is_rule != (by == DecisionsBy::Rule) || closings == 0 {
        return Ok(());
    }
    let id = if is_rule { Some(outcome) } else { row.try_get("key")? };
    let id = id.filter(|id| !id.is_empty());
    let name = row.try_get::<Option<String>, _>("teammate")?.filter(|_| by == DecisionsBy::Teammate).or(id.clone());
    tally.rows.entry(Key { id, name }).or_default().add(&decided);
    Ok(())
}
