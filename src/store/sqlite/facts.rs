//! Facts with everything that they are cut by: of the surveys that the roll-up has not counted yet, or of one teammate.
//!
//! A fact is a survey that was asked or a rating that counts, in the sense of `report_facts`, with a sign: the figures of
//! a survey when it was rolled are taken away. It must not know what facts are added to.

use super::script::Script;
use crate::survey::report::{By, Filters, Period};
use chrono::NaiveDate;
use serde_json::from_str;
use sqlx::sqlite::SqliteRow;
use sqlx::{Error, Row, SqliteConnection};

type Result<T> = std::result::Result<T, Error>;

/// What is summed, in the order of the columns of `rollup`, as they are called in `report_facts`.
macro_rules! kept {
    () => {
        "asked, answered, held, unconfirmed, unconfirmed_phone_young, unconfirmed_phone_later, unconfirmed_other_young,
            unconfirmed_other_later, terrible, bad, okay, great, amazing"
    };
}
pub(super) use kept;
/// How many that are.
pub(super) const KEPT: usize = 13;
/// The first of the five scores among them.
pub(super) const SCORES: usize = 8;
/// What is summed, and then the unsent mails: waiting and failed.
pub(super) type Sums = [i64; KEPT + 2];

/// Adds some sums to others.
pub(super) fn add_to(sums: &mut [i64], others: &[i64]) {
    sums.iter_mut().zip(others).for_each(|(sum, other)| *sum += other);
}

/// How many ratings sums have.
pub(super) fn ratings(sums: &Sums) -> i64 {
    sums[SCORES..KEPT].iter().sum()
}

/// A question and a choice.
pub(super) type Tick = (String, String);

/// One fact.
#[derive(Clone, Debug)]
pub(super) struct Fact {
    /// The local day.
    pub(super) day: NaiveDate,
    pub(super) sums: Sums,
    /// What was ticked beside its rating.
    pub(super) ticks: Vec<Tick>,
    teammate: Option<String>,
    team: Option<String>,
    connection: Option<String>,
    channel: Option<String>,
    tags: Vec<String>,
    policy: Option<String>,
    language: Option<String>,
}

impl Fact {
    /// The keys of the rows that it counts in, by anything but time. One, but for tags.
    pub(super) fn keys(&self, by: By) -> Vec<Option<&str>> {
        let key = match by {
            By::Teammate => &self.teammate,
            By::Team => &self.team,
            By::Connection => &self.connection,
            By::Channel => &self.channel,
            By::Policy => &self.policy,
            By::Language => &self.language,
            By::Tag if self.tags.is_empty() => &None,
            By::Tag => return self.tags.iter().map(|tag| Some(tag.as_str())).collect(),
            By::Day | By::Week | By::Month => return Vec::new(),
        };
        vec![key.as_deref()]
    }

    /// Whether it is of the part that filters leave.
    pub(super) fn is_within(&self, filters: &Filters) -> bool {
        filters.all().all(|(by, value)| self.keys(by).iter().any(|key| key.unwrap_or_default() == value))
    }
}

/// The surveys whose facts are read.
#[derive(Clone, Copy, Debug)]
pub(super) enum Of<'o> {
    /// What is not in the roll-up: surveys over one watermark and up to another, and what rolled surveys count as now, less
    /// what they counted as.
    Unrolled(&'o [u8], &'o [u8]),
    /// The facts of a period, as the view for people has them: only to prove the others by.
    View(Period),
    /// The ticks of a period, each the fact of its rating, as the view for people has them.
    Ticks(Period),
    /// One teammate's in a period; an empty id stands for no teammate.
    Teammate(&'o str, Period),
}

/// Higher than every survey.
pub(super) const NO_END: [u8; 16] = [0xff; 16];

/// The ticks of a survey as JSON.
macro_rules! ticks {
    () => {
        "(SELECT json_group_array(json_array(question, choice)) FROM answer WHERE answer.survey_id = rating.survey_id)"
    };
}
macro_rules! state_columns {
    () => {
        "rating.asked_at, rating.standing, rating.opened, rating.rated_at, rating.score"
    };
}
/// Each state that a survey is counted by, and how often: 1, or -1. The watermarks are bound: SQLite pushes no subquery down.
const UNROLLED: &str = concat!(
    "SELECT survey_id, 1 AS sign, ",
    state_columns!(),
    ", ",
    ticks!(),
    " AS ticks
        FROM rating WHERE survey_id > ? AND survey_id <= ?
    UNION ALL
    SELECT rating.survey_id, 1, ",
    state_columns!(),
    ", ",
    ticks!(),
    "
        FROM unrolled CROSS JOIN rating ON rating.survey_id = unrolled.survey_id
    UNION ALL
    SELECT survey_id, -1, asked_at, standing, opened, rated_at, score, ticks FROM unrolled"
);
/// Two halves, because each has an index. A survey in both is read once.
const OF_TEAMMATE: &str = concat!(
    "SELECT survey_id, 1 AS sign, ",
    state_columns!(),
    ", ",
    ticks!(),
    " AS ticks FROM rating WHERE survey_id IN (
        SELECT survey_id FROM rating WHERE teammate_id IS nullif(?, '') AND asked_at >= ? AND asked_at < ?
            AND asked_at IS NOT NULL AND standing <> 'voided'
        UNION
        SELECT survey_id FROM rating WHERE teammate_id IS nullif(?, '') AND rated_at >= ? AND rated_at < ?
            AND standing IN ('rated', 'locked'))"
);
/// The facts of these states, with all that cuts them. Each survey's closing is looked up once.
const FACTS: &str = concat!(
    "fact AS (
        SELECT asked_at AS at, survey_id, '[]' AS ticks, sign AS asked, sign * (standing IN ('rated', 'locked')) AS answered,
            sign * (standing = 'held') AS held, sign * (standing = 'unrated' AND opened IS NOT NULL) AS unconfirmed,
            sign * (standing = 'unrated' AND opened IS 'phone_young') AS unconfirmed_phone_young,
            sign * (standing = 'unrated' AND opened IS 'phone_later') AS unconfirmed_phone_later,
            sign * (standing = 'unrated' AND opened IS 'other_young') AS unconfirmed_other_young,
            sign * (standing = 'unrated' AND opened IS 'other_later') AS unconfirmed_other_later,
            0 AS terrible, 0 AS bad, 0 AS okay, 0 AS great, 0 AS amazing
        FROM state WHERE asked_at IS NOT NULL AND standing <> 'voided'
        UNION ALL
        SELECT rated_at, survey_id, ticks, 0, 0, 0, 0, 0, 0, 0, 0, sign * (score = 1), sign * (score = 2),
            sign * (score = 3), sign * (score = 4), sign * (score = 5)
        FROM state WHERE standing IN ('rated', 'locked')
    )
    SELECT (SELECT name FROM day WHERE starts <= at ORDER BY starts DESC LIMIT 1) AS day, ticks, rating.teammate_id,
        rating.team, survey_cut.connection, channel, tags, policy, language, ", kept!(), ", 0 AS waiting, 0 AS failed
    FROM fact CROSS JOIN rating ON rating.survey_id = fact.survey_id
        CROSS JOIN survey_cut ON survey_cut.survey_id = fact.survey_id
    WHERE at >= ? AND at < ?"
);
/// Of the views. Each column that cuts is looked up by itself there.
const OF_VIEW: &str = concat!(
    "SELECT day, '[]' AS ticks, teammate_id, team, connection, channel, tags, policy, language, ",
    kept!(),
    ", 0, 0
    FROM report_facts WHERE at >= ? AND at < ? AND NOT waiting AND NOT failed"
);
const TICKS: &str =
    "SELECT day, json_array(json_array(question, reason)) AS ticks, teammate_id, team, connection, channel, tags,
        policy, language, 0, 0, 0, 0, 0, 0, 0, 0, score = 1, score = 2, score = 3, score = 4, score = 5, 0, 0
    FROM report_reasons WHERE rated_at >= ? AND rated_at < ?";
/// The surveys whose mail was to go out in a period and did not: they are in no roll-up. What cuts them besides teammate
/// and team takes two more look-ups each.
macro_rules! unsent {
    ($columns:literal, $join:literal) => {
        concat!(
            "SELECT (SELECT name FROM day WHERE starts <= first_due ORDER BY starts DESC LIMIT 1) AS day, '[]' AS ticks,
                rating.teammate_id, rating.team, ",
            $columns,
            ", state <> 'failed' AS waiting, state = 'failed' AS failed
            FROM outbox CROSS JOIN rating ON rating.survey_id = outbox.id ",
            $join,
            " WHERE state IN ('waiting', 'sending', 'failed') AND first_due >= ? AND first_due < ?
                AND standing <> 'voided'"
        )
    };
}
const UNSENT: &str = unsent!(
    "survey_cut.connection, channel, tags, policy, language",
    "CROSS JOIN survey_cut ON survey_cut.survey_id = outbox.id"
);
const UNSENT_BY_TEAM: &str =
    unsent!("NULL AS connection, NULL AS channel, '[]' AS tags, NULL AS policy, NULL AS language", "");

/// Reads facts, at any time or in a period. A fact before the first day that reports know is left out: no day has it.
pub(super) async fn read(db: &mut SqliteConnection, of: Of<'_>, period: Option<Period>) -> Result<Vec<Fact>> {
    let mut script = Script::default();
    let (from, until) = period.map_or((i64::MIN, i64::MAX), ends);
    match of {
        Of::Unrolled(after, last) => {
            script.add(&format!("WITH state AS MATERIALIZED ({UNROLLED}), {FACTS}"));
            script.bind(after.to_vec())?.bind(last.to_vec())?.bind(from)?.bind(until)?;
        }
        Of::View(period) | Of::Ticks(period) => {
            let (first, end) = ends(period);
            script.add(if matches!(of, Of::View(_)) { OF_VIEW } else { TICKS }).bind(first)?.bind(end)?;
        }
        Of::Teammate(id, period) => {
            let (first, end) = ends(period);
            script.add(&format!("WITH state AS MATERIALIZED ({OF_TEAMMATE}), {FACTS}"));
            for _ in 0..2 {
                script.bind(id.to_owned())?.bind(first)?.bind(end)?;
            }
            script.bind(from)?.bind(until)?;
        }
    }
    take(db, script, true).await
}

/// Reads the unsent mails of a period; unless it is `by_any`, only with their teammate and team.
pub(super) async fn unsent(db: &mut SqliteConnection, period: Period, by_any: bool) -> Result<Vec<Fact>> {
    let mut script = Script::default();
    let (from, until) = ends(period);
    script.add(if by_any { UNSENT } else { UNSENT_BY_TEAM }).bind(from)?.bind(until)?;
    take(db, script, false).await
}

async fn take(db: &mut SqliteConnection, script: Script, counts: bool) -> Result<Vec<Fact>> {
    let mut facts = Vec::new();
    script
        .run(db, |_, row| {
            facts.extend(fact(row, counts)?);
            Ok(())
        })
        .await?;
    Ok(facts)
}

fn ends(period: Period) -> (i64, i64) {
    (period.from.timestamp_millis(), period.until.timestamp_millis())
}

/// The places of the columns that follow the nine keys.
const FIRST_SUM: usize = 9;

fn fact(row: &SqliteRow, counts: bool) -> Result<Option<Fact>> {
    let Some(day) = row.try_get::<Option<&str>, _>("day")? else { return Ok(None) };
    let mut sums = Sums::default();
    let (start, places) = if counts { (0, KEPT + 2) } else { (KEPT, 2) };
    for place in 0..places {
        sums[start + place] = row.try_get(FIRST_SUM + place)?;
    }
    let (ticks, tags): (&str, &str) = (row.try_get("ticks")?, row.try_get("tags")?);
    let text = |column: &str| row.try_get::<Option<String>, _>(column);
    Ok(Some(Fact {
        day: day.parse().map_err(decode)?,
        sums,
        ticks: from_str(ticks).map_err(decode)?,
        teammate: text("teammate_id")?,
        team: text("team")?,
        connection: text("connection")?,
        channel: text("channel")?,
        tags: from_str(tags).map_err(decode)?,
        policy: text("policy")?,
        language: text("language")?,
    }))
}

pub(super) fn decode(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Decode(error.into())
}
