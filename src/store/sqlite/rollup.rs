//! The roll-up of surveys, which reports read in place of every rating.
//!
//! What its tables promise is in `0005_rollup.sql`: a report adds what is not rolled yet, so it is exact at every moment. It
//! owns a step of folding, which keeps that little. It must not know what a report asks.

use super::super::Unavailable;
use super::facts::{self, Of};
use super::script::Script;
use super::series::{self, Summed, number};
use super::{Sqlite, rows};
use serde_json::{Value, json};
use sqlx::{Row, SqliteConnection, query};

type Result<T> = std::result::Result<T, sqlx::Error>;

/// The most surveys over the watermark that a step takes: commands wait for it, and this many take a few hundredths of a
/// second.
pub(super) const STEP: usize = 500;

/// The watermark, the one that a step ends with, and whether a rolled survey changed.
const NEXT: &str = "SELECT until, coalesce((SELECT max(survey_id) FROM (SELECT survey_id FROM rating
        WHERE survey_id > (SELECT until FROM rolled) ORDER BY survey_id LIMIT ?)), until) AS next,
    EXISTS (SELECT 1 FROM unrolled) AS noted FROM rolled";
/// Each series is an array of its name, its home and its sums.
const ADD_SERIES: &str = "INSERT INTO rollup_series (cut, question, value, team, choice)
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 FROM json_each(?) WHERE true
    ON CONFLICT DO NOTHING";
const ADD: &str = "INSERT INTO rollup
    SELECT one.value ->> 0, one.value ->> 5, sum.value ->> 0, sum.value ->> 1, series.id, sum.value ->> 2, sum.value ->> 3,
        sum.value ->> 4, sum.value ->> 5, sum.value ->> 6, sum.value ->> 7, sum.value ->> 8, sum.value ->> 9,
        sum.value ->> 10, sum.value ->> 11, sum.value ->> 12, sum.value ->> 13, sum.value ->> 14
    FROM json_each(?) AS one CROSS JOIN rollup_series AS series ON series.cut = one.value ->> 0
            AND series.question = one.value ->> 1 AND series.value = one.value ->> 2 AND series.team = one.value ->> 3
            AND series.choice = one.value ->> 4
        CROSS JOIN json_each(one.value, '$[6]') AS sum
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
        let changes = changes(summed)?;
        script.add(ADD_SERIES).bind(&changes)?.add(ADD).bind(changes)?;
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

/// Sums as JSON, without those that change nothing.
fn changes(summed: Summed) -> Result<String> {
    let mut all = Vec::new();
    for (name, sums) in summed {
        let changed = sums.into_iter().filter(|(_, sums)| sums.iter().any(|sum| *sum != 0));
        let sum = |((level, day), sums): (_, [i64; facts::KEPT])| {
            let place = [level as i64, number(day)];
            Value::from(place.into_iter().chain(sums).collect::<Vec<_>>())
        };
        let sums: Vec<_> = changed.map(sum).collect();
        if !sums.is_empty() {
            all.push(json!([name.cut, name.question, name.value, name.team, name.choice, name.home(), sums]));
        }
    }
    rows::json(&all)
}
