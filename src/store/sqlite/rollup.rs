//! The roll-up of surveys, which reports read in place of every rating.
//!
//! What its tables promise is in `0004_team.sql`: a report adds what is not rolled yet, so it is exact at every moment. It
//! owns a step of folding, which keeps that little. It must not know what a report asks.

use super::super::Unavailable;
use super::facts::{self, Of};
use super::script::Script;
use super::series::{self, Summed, number};
use super::{Sqlite, rows};
use serde_json::json;
use sqlx::{AssertSqlSafe, Row, SqliteConnection, query, raw_sql};

type Result<T> = std::result::Result<T, sqlx::Error>;

/// The most surveys over the watermark that a step takes. Commands wait for a step: this many took 0.2 to 0.3 s on a busy
/// machine of 2 cores.
pub(super) const STEP: usize = 500;

/// The most rows of one statement, which SQLite holds in memory.
const MOST_ROWS: usize = 2000;
/// The watermark, the one that a step ends with, and whether a rolled survey changed.
const NEXT: &str = "SELECT until, coalesce((SELECT max(survey_id) FROM (SELECT survey_id FROM rating
        WHERE survey_id > (SELECT until FROM rolled) ORDER BY survey_id LIMIT ?)), until) AS next,
    EXISTS (SELECT 1 FROM unrolled) AS noted FROM rolled";
/// Each series is an array of its name.
const ADD_SERIES: &str = "INSERT INTO rollup_series (cut, question, value, team, choice)
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 FROM json_each(?) WHERE true
    ON CONFLICT DO NOTHING";
const IDS: &str = "SELECT series.id FROM json_each(?) AS one CROSS JOIN rollup_series AS series
    ON series.cut = one.value ->> 0 AND series.question = one.value ->> 1 AND series.value = one.value ->> 2
        AND series.team = one.value ->> 3 AND series.choice = one.value ->> 4
    ORDER BY one.key";
/// Before and after the rows, each of a series, a level, a day and the sums. They are numbers in the text of the statement:
/// as JSON they took ten times as long.
const ADD: &str = "INSERT INTO rollup
    SELECT cut, iif(cut LIKE 'team %', team, ''), column2, column3, id, column4, column5, column6, column7, column8, column9,
        column10, column11, column12, column13, column14, column15, column16
    FROM (VALUES ";
const FOLLOW: &str = ") CROSS JOIN rollup_series ON id = column1
    WHERE true
    ON CONFLICT DO UPDATE SET asked = asked + excluded.asked, answered = answered + excluded.answered,
        held = held + excluded.held, unconfirmed = unconfirmed + excluded.unconfirmed,
        unconfirmed_phone_young = unconfirmed_phone_young + excluded.unconfirmed_phone_young,
        unconfirmed_phone_later = unconfirmed_phone_later + excluded.unconfirmed_phone_later,
        unconfirmed_other_young = unconfirmed_other_young + excluded.unconfirmed_other_young,
        unconfirmed_other_later = unconfirmed_other_later + excluded.unconfirmed_other_later,
        terrible = terrible + excluded.terrible, bad = bad + excluded.bad, okay = okay + excluded.okay,
        great = great + excluded.great, amazing = amazing + excluded.amazing";

/// Begins anew: the next steps roll every survey.
pub(super) const EMPTY: [&str; 4] =
    ["DELETE FROM rollup", "DELETE FROM rollup_series", "DELETE FROM unrolled", "UPDATE rolled SET until = x''"];

/// Takes one step of so many surveys over the watermark, at most, and of all that is noted. Returns whether there may be more
/// to fold. After an error the transaction may be open.
pub(super) async fn fold(db: &mut SqliteConnection, most: usize) -> Result<bool> {
    let mut script = Script::default();
    script.add("BEGIN IMMEDIATE").add(NEXT).bind(i64::try_from(most).unwrap_or(i64::MAX))?;
    let (mut until, mut next, mut noted) = (Vec::new(), Vec::new(), false);
    script
        .run(db, |_, row| {
            (until, next, noted) = (row.try_get("until")?, row.try_get("next")?, row.try_get("noted")?);
            Ok(())
        })
        .await?;
    let more = next > until;
    let mut script = Script::default();
    if more || noted {
        let mut summed = Summed::default();
        for fact in facts::read(db, Of::Unrolled(&until, &next), None).await? {
            series::add(&mut summed, &fact);
        }
        save(db, summed).await?;
        script.add("DELETE FROM unrolled").add("UPDATE rolled SET until = ?").bind(next)?;
    }
    script.add("COMMIT");
    script.run(db, |_, _| Ok(())).await?;
    Ok(more)
}

impl Sqlite {
    /// Takes one step from outside of the writer. Returns whether there may be more.
    pub(in crate::store) async fn roll_up(&self, most: usize) -> std::result::Result<bool, Unavailable> {
        let mut db = self.reports.acquire().await?;
        let folded = fold(&mut db, most).await;
        if folded.is_err() {
            drop(query("ROLLBACK").execute(&mut *db).await);
        }
        Ok(folded?)
    }
}

/// Adds sums to the tables, without those that change nothing.
async fn save(db: &mut SqliteConnection, mut summed: Summed) -> Result<()> {
    for sums in summed.values_mut() {
        sums.retain(|_, sums| sums.iter().any(|sum| *sum != 0));
    }
    summed.retain(|_, sums| !sums.is_empty());
    let names: Vec<_> =
        summed.keys().map(|name| json!([name.cut, name.question, name.value, name.team, name.choice])).collect();
    let names = rows::json(&names)?;
    let mut script = Script::default();
    script.add(ADD_SERIES).bind(&names)?.add(IDS).bind(names)?;
    let mut ids: Vec<i64> = Vec::new();
    script
        .run(db, |_, row| {
            ids.push(row.try_get("id")?);
            Ok(())
        })
        .await?;
    let mut values = Vec::new();
    for (id, sums) in ids.into_iter().zip(summed.values()) {
        for ((level, day), sums) in sums {
            let sums: Vec<_> = sums.iter().map(i64::to_string).collect();
            values.push(format!("({id},{},{},{})", *level as i64, number(*day), sums.join(",")));
        }
    }
    for values in values.chunks(MOST_ROWS) {
        // Safe: the values are numbers. Not kept, because no other step has the same.
        raw_sql(AssertSqlSafe([ADD, &values.join(","), FOLLOW].concat())).execute(&mut *db).await?;
    }
    Ok(())
}
