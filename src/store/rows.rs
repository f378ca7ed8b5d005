//! How the words of the schema become the words of the rules.
//!
//! It owns the reading of columns that several queries share. It must not know which query reads them.

use super::command::Decision;
use crate::survey::Time;
use crate::survey::eligibility::Cause;
use crate::survey::evidence::{Clicks, Evidence, PageId};
use crate::survey::rating::{Rating, Score, Standing};
use sqlx::sqlite::SqliteRow;
use sqlx::{Error, Row};
use uuid::Uuid;

type Result<T> = std::result::Result<T, Error>;

/// The columns that [`clicks`] reads, in its order; the id first.
macro_rules! clicks_columns {
    () => {
        "survey.id, accepted_at, rate_until, change_until, standing, score, evidence, rated_at, page, page_issued, held_at,
            opened, trail"
    };
}
/// The columns of a survey's making and mail: they follow those of the clicks.
macro_rules! mail_columns {
    () => {
        ", conversation_id, closed_at, made_at, address_hash, mail, due_at, first_due, tries, mail_note"
    };
}
pub(super) use clicks_columns as clicks;
pub(super) use mail_columns as mail;

/// How many columns [`clicks`] reads.
pub(super) const CLICKS: usize = 13;
/// How many columns those of a survey's making and mail are.
pub(super) const MAIL: usize = 9;

/// The clicks on a survey. A stored comment is not loaded: nothing that a click decides needs it.
pub(super) fn clicks(row: &SqliteRow) -> Result<Clicks> {
    let trail = serde_json::from_str(row.try_get(12)?).map_err(|error| Error::Decode(error.into()))?;
    let mut clicks = Clicks::new(optional_time(row, 1)?, optional_time(row, 2)?, optional_time(row, 3)?);
    clicks.standing = standing(row)?;
    clicks.opened = row.try_get(11)?;
    clicks.trail = trail;
    Ok(clicks)
}

fn standing(row: &SqliteRow) -> Result<Standing> {
    let word: &str = row.try_get(4)?;
    if word == "unrated" {
        return Ok(Standing::Unrated);
    }
    let evidence: &str = row.try_get(6)?;
    let known = [Evidence::Seen, Evidence::Touched, Evidence::Pressed, Evidence::Commented];
    let rating = Rating {
        score: score(row, 5)?,
        evidence: known
            .into_iter()
            .find(|known| known.word() == evidence)
            .ok_or_else(|| broken("evidence", evidence))?,
        rated_at: time(row, 7)?,
        page: PageId::from(row.try_get::<i64, _>(8)?),
        page_issued: time(row, 9)?,
    };
    match word {
        "rated" => Ok(Standing::Rated(rating)),
        "held" => Ok(Standing::Held { rating, since: time(row, 10)? }),
        "locked" => Ok(Standing::Locked(rating)),
        _ => Err(broken("standing", word)),
    }
}

/// A decision, from the third column on: survey, time of sending, reasons.
pub(super) fn decision(row: &SqliteRow) -> Result<Decision> {
    if row.try_get::<Option<&str>, _>(2)?.is_some() {
        return Ok(Decision::Ask { survey: id(row, 2)?, send_at: time(row, 3)? });
    }
    let reasons = row.try_get::<&str, _>(4)?;
    Ok(Decision::Skip(serde_json::from_str(reasons).map_err(|error| Error::Decode(error.into()))?))
}

pub(super) fn score(row: &SqliteRow, column: usize) -> Result<Score> {
    Score::try_from(row.try_get::<i64, _>(column)?).map_err(|error| Error::Decode(error.into()))
}

pub(super) fn cause(word: &str) -> Result<Cause> {
    word.parse().map_err(|_| broken("cause", word))
}

pub(super) fn id(row: &SqliteRow, column: usize) -> Result<Uuid> {
    row.try_get::<&str, _>(column)?.parse().map_err(|error: uuid::Error| Error::Decode(error.into()))
}

pub(super) fn time(row: &SqliteRow, column: usize) -> Result<Time> {
    let millis = row.try_get::<i64, _>(column)?;
    Time::from_timestamp_millis(millis).ok_or_else(|| broken("time", &millis.to_string()))
}

pub(super) fn optional_time(row: &SqliteRow, column: usize) -> Result<Option<Time>> {
    row.try_get::<Option<i64>, _>(column)?.map(|_| time(row, column)).transpose()
}

/// A value that the schema does not allow was found all the same.
pub(super) fn broken(what: &str, value: &str) -> Error {
    Error::Decode(format!("{value:?} is no {what}").into())
}
