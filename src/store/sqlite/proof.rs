//! The proof that the roll-up, with what is not rolled yet, holds what the views for people say.
//!
//! It counts every fact anew, day by day, and compares each sum of each series. It must not know how folding works.

use super::super::Unavailable;
use super::facts::{self, KEPT, NO_END, Of};
use super::figures::MOST_UNROLLED;
use super::rollup::EMPTY;
use super::series::{self, Level, Name, Summed, number};
use super::{Sqlite, schema};
use crate::survey::report::Period;
use crate::survey::report::proof::{Difference, Proof};
use chrono::{DateTime, NaiveDate};
use sqlx::sqlite::SqliteRow;
use sqlx::{ConnectOptions, Connection, Row, SqliteConnection, query};
use std::collections::{BTreeMap, BTreeSet};

type Result<T> = std::result::Result<T, sqlx::Error>;
type Sums = [i64; KEPT];

/// The most differences that are told: more of them say nothing new.
const MOST_TOLD: usize = 20;

const UNROLLED: &str =
    "SELECT until, (SELECT count(*) FROM rating WHERE survey_id > (SELECT until FROM rolled)) AS left
    FROM rolled";
/// Days that have a fact or a sum, or lie between such days.
const DAYS: &str = "SELECT name, starts, ends FROM day WHERE name >= coalesce(?, (
        SELECT min(one) FROM (
            SELECT (SELECT name FROM day WHERE starts <= least ORDER BY starts DESC LIMIT 1) AS one FROM (
                SELECT min(asked_at) AS least FROM rating WHERE asked_at IS NOT NULL AND standing <> 'voided' UNION ALL
                SELECT min(rated_at) FROM rating WHERE standing IN ('rated', 'locked'))
            UNION ALL SELECT date(min(day) * 86400, 'unixepoch') FROM rollup)))
    AND starts <= max(coalesce((SELECT max(asked_at) FROM rating WHERE asked_at IS NOT NULL AND standing <> 'voided'), 0),
        coalesce((SELECT max(rated_at) FROM rating WHERE standing IN ('rated', 'locked')), 0),
        coalesce((SELECT max(day) + 1 FROM rollup WHERE level = 0), 0) * 86400000)
    ORDER BY starts";
const SUMS: &str = concat!(
    "SELECT series.cut, question, value, team, choice, ",
    facts::kept!(),
    " FROM (
        SELECT DISTINCT cut, iif(cut LIKE 'team %', team, '') AS home FROM rollup_series
    ) AS one CROSS JOIN rollup ON rollup.cut = one.cut AND rollup.home = one.home AND level = ? AND day = ?
    CROSS JOIN rollup_series AS series ON series.id = rollup.series"
);

/// What one proof has counted so far.
struct Count {
    counted: Summed,
    live: Summed,
    proof: Proof,
}

impl Sqlite {
    /// Compares the days from one on, or all of them.
    pub(in crate::store) async fn prove(&self, first: Option<NaiveDate>) -> std::result::Result<Proof, Unavailable> {
        let mut db = self.reports.begin().await?;
        let row = query(UNROLLED).fetch_one(&mut *db).await?;
        let left: i64 = row.try_get("left")?;
        if left > MOST_UNROLLED {
            return Ok(Proof { left: left.cast_unsigned(), ..Proof::default() });
        }
        let mut count = Count { counted: Summed::new(), live: Summed::new(), proof: Proof::default() };
        for fact in facts::read(&mut db, Of::Unrolled(row.try_get("until")?, &NO_END), None).await? {
            series::add(&mut count.live, &fact);
        }
        let days = query(DAYS).bind(first.map(|day| day.to_string())).fetch_all(&mut *db).await?;
        let days = days.iter().map(day).collect::<Result<Vec<_>>>()?;
        for (place, (day, period)) in days.iter().enumerate() {
            let next = days.get(place + 1).map(|(day, _)| *day);
            count.day(&mut db, *day, *period, next, first).await?;
        }
        db.commit().await?;
        Ok(count.proof)
    }

    /// Empties the roll-up. Reports are exact meanwhile, and slow until it is made anew.
    pub(in crate::store) async fn forget_roll_up(&self) -> std::result::Result<(), Unavailable> {
        let mut db = schema::options(self.place().path()).connect().await?;
        let mut begun = db.begin_with("BEGIN IMMEDIATE").await?;
        for sql in EMPTY {
            query(sql).execute(&mut *begun).await?;
        }
        begun.commit().await?;
        db.close().await?;
        Ok(())
    }
}

impl Count {
    /// Counts a day, and compares it and the weeks and months that end with it. Those that begin before the first day are
    /// not compared.
    async fn day(
        &mut self,
        db: &mut SqliteConnection,
        day: NaiveDate,
        period: Period,
        next: Option<NaiveDate>,
        first: Option<NaiveDate>,
    ) -> Result<()> {
        for fact in facts::read(db, Of::View(period), None).await? {
            series::add(&mut self.counted, &fact);
            self.proof.facts += 1;
        }
        for fact in facts::read(db, Of::Ticks(period), None).await? {
            series::add_ticks(&mut self.counted, &fact);
        }
        self.proof.days += 1;
        for level in Level::ALL {
            let start = level.start(day);
            if next.is_none_or(|next| level.start(next) != start) {
                self.compare(db, level, start, first.is_none_or(|first| first <= start)).await?;
            }
        }
        Ok(())
    }

    /// Compares all sums of one stretch, and forgets what was counted for it.
    async fn compare(&mut self, db: &mut SqliteConnection, level: Level, start: NaiveDate, whole: bool) -> Result<()> {
        let place = (level, start);
        let mut counted: BTreeMap<Name, Sums> = BTreeMap::new();
        for (name, sums) in &mut self.counted {
            counted.extend(sums.remove(&place).map(|sums| (name.clone(), sums)));
        }
        if !whole {
            return Ok(());
        }
        let mut rolled: BTreeMap<Name, Sums> = BTreeMap::new();
        for row in query(SUMS).bind(level as i64).bind(number(start)).fetch_all(db).await? {
            rolled.insert(name(&row)?, sums(&row)?);
        }
        for (name, sums) in &self.live {
            if let Some(sums) = sums.get(&place) {
                facts::add_to(rolled.entry(name.clone()).or_default(), sums);
            }
        }
        for name in counted.keys().chain(rolled.keys()).collect::<BTreeSet<_>>() {
            let [counted, rolled] = [&counted, &rolled].map(|sums| sums.get(name).copied().unwrap_or_default());
            self.proof.sums += 1;
            if counted != rolled {
                self.proof.wrong += 1;
                if self.proof.differences.len() < MOST_TOLD {
                    self.proof.differences.push(difference(name, place, &counted, &rolled));
                }
            }
        }
        Ok(())
    }
}

fn difference(name: &Name, (level, start): (Level, NaiveDate), counted: &Sums, rolled: &Sums) -> Difference {
    let figures = facts::kept!().split(',').map(str::trim).zip(counted.iter().zip(rolled));
    let figures = figures.filter(|(_, (counted, rolled))| counted != rolled);
    let figures: Vec<_> =
        figures.map(|(figure, (counted, rolled))| format!("{figure} {rolled} instead of {counted}")).collect();
    let words = [&*name.cut, &name.value, &name.team, &name.question, &name.choice];
    let series: Vec<_> = words.into_iter().filter(|word| !word.is_empty()).collect();
    let length = ["day", "week", "month"][level as usize];
    Difference { series: series.join(", "), stretch: format!("{length} of {start}"), figures: figures.join(", ") }
}

fn day(row: &SqliteRow) -> Result<(NaiveDate, Period)> {
    let at = |column: &str| {
        let time = DateTime::from_timestamp_millis(row.try_get(column)?);
        time.ok_or_else(|| sqlx::Error::Decode("a day leaves the calendar".into()))
    };
    let name: &str = row.try_get("name")?;
    Ok((name.parse().map_err(facts::decode)?, Period { from: at("starts")?, until: at("ends")? }))
}

fn name(row: &SqliteRow) -> Result<Name> {
    Ok(Name {
        cut: row.try_get::<String, _>("cut")?.into(),
        question: row.try_get("question")?,
        value: row.try_get("value")?,
        team: row.try_get("team")?,
        choice: row.try_get("choice")?,
    })
}

fn sums(row: &SqliteRow) -> Result<Sums> {
    let mut sums = [0; KEPT];
    for (place, sum) in sums.iter_mut().enumerate() {
        *sum = row.try_get(5 + place)?;
    }
    Ok(sums)
}
