//! How columns become the words of the rules, and keys become the values of a statement.
//!
//! It owns the lists of columns that several queries share, each written once and read by name. It must not know which
//! query reads them.

use crate::survey::Time;
use crate::survey::answers::Answers;
use crate::survey::closing::Fact;
use crate::survey::eligibility::Decision;
use crate::survey::evidence::Clicks;
use crate::survey::outbound::{Lease, Outbound, State, StateWord};
use crate::survey::page::PageId;
use crate::survey::rating::{Rating, Score, Standing, StandingWord};
use serde::Serialize;
use sqlx::sqlite::SqliteRow;
use sqlx::{Error, Row, ValueRef};
use std::str::FromStr;
use uuid::Uuid;

type Result<T> = std::result::Result<T, Error>;

/// The columns of `rating`, `outbox`, `clicks` and `answer` that [`clicks`] reads, all but the comment.
macro_rules! click_columns {
    () => {
        "rating.survey_id, outbox.accepted_at, rate_until, change_until, standing, voided_from, score, evidence, rated_at,
            page, page_issued, page_click, held_at, erased_at, opened, trail,
            (SELECT json_group_array(json_array(question, choice)) FROM answer
                WHERE answer.survey_id = rating.survey_id) AS answers"
    };
}
/// The columns of `outbox` that [`outbound`] reads.
macro_rules! outbox_columns {
    () => {
        "outbox.accepted_at, state, due_at, first_due, tries, stop, note, owner"
    };
}
/// The columns of `closing` that [`decision`] reads.
macro_rules! decision_columns {
    () => {
        "closing.survey_id, closing.send_at, closing.reasons, closing.started_by, closing.characters,
            closing.last_reply_at, closing.teammate_replied"
    };
}
pub(super) use click_columns;
pub(super) use decision_columns;
pub(super) use outbox_columns;

/// The clicks on a survey.
pub(super) fn clicks(row: &SqliteRow) -> Result<Clicks> {
    let mut clicks = Clicks::new(
        optional_time(row, "accepted_at")?,
        optional_time(row, "rate_until")?,
        optional_time(row, "change_until")?,
    );
    clicks.standing = standing(row)?;
    clicks.comment = row.try_get("comment")?;
    clicks.answers = answers(row)?;
    clicks.erased = optional_time(row, "erased_at")?.is_some();
    clicks.opened = optional_word(row, "opened")?;
    if let Some(trail) = row.try_get::<Option<&str>, _>("trail")? {
        clicks.trail = serde_json::from_str(trail).map_err(|error| Error::Decode(error.into()))?;
    }
    Ok(clicks)
}

/// What was ticked beside a rating.
pub(super) fn answers(row: &SqliteRow) -> Result<Answers> {
    let pairs = row.try_get::<&str, _>("answers")?;
    Ok(Answers(serde_json::from_str(pairs).map_err(|error| Error::Decode(error.into()))?))
}

/// Where a rating stands.
pub(super) fn standing(row: &SqliteRow) -> Result<Standing> {
    match word(row, "standing")? {
        StandingWord::Voided => Ok(Standing::Voided(Box::new(standing_as(row, word(row, "voided_from")?)?))),
        standing => standing_as(row, standing),
    }
}

fn standing_as(row: &SqliteRow, standing: StandingWord) -> Result<Standing> {
    if standing == StandingWord::Unrated {
        return Ok(Standing::Unrated);
    }
    let rating = Rating {
        score: score(row)?,
        evidence: word(row, "evidence")?,
        rated_at: time(row, "rated_at")?,
        page: PageId::from(row.try_get::<i64, _>("page")?),
        page_issued: time(row, "page_issued")?,
        click: row.try_get("page_click")?,
    };
    match standing {
        StandingWord::Rated => Ok(Standing::Rated(rating)),
        StandingWord::Held => Ok(Standing::Held { rating, since: time(row, "held_at")? }),
        StandingWord::Locked => Ok(Standing::Locked(rating)),
        other => Err(broken("standing", other.word())),
    }
}

/// Something to be sent.
pub(super) fn outbound(row: &SqliteRow) -> Result<Outbound> {
    let due_at = time(row, "due_at")?;
    Ok(Outbound {
        state: match word(row, "state")? {
            StateWord::Waiting => State::Waiting,
            StateWord::Sending => State::Sending(Lease { owner: id(row, "owner")?, until: due_at }),
            StateWord::Accepted => State::Accepted,
            StateWord::Failed => State::Failed,
            StateWord::Cancelled => State::Cancelled(word(row, "stop")?),
        },
        due_at,
        first_due: time(row, "first_due")?,
        tries: row.try_get("tries")?,
        accepted_at: optional_time(row, "accepted_at")?,
        note: row.try_get("note")?,
    })
}

/// A decision.
pub(super) fn decision(row: &SqliteRow) -> Result<Decision> {
    if row.try_get::<Option<&[u8]>, _>("survey_id")?.is_some() {
        let mut unknown = Vec::new();
        for fact in Fact::ALL {
            // The columns have the names of the facts.
            if row.try_get_raw(fact.word())?.is_null() {
                unknown.push(*fact);
            }
        }
        return Ok(Decision::Ask { survey: id(row, "survey_id")?, send_at: time(row, "send_at")?, unknown });
    }
    let reasons = row.try_get::<&str, _>("reasons")?;
    Ok(Decision::Skip(serde_json::from_str(reasons).map_err(|error| Error::Decode(error.into()))?))
}

pub(super) fn score(row: &SqliteRow) -> Result<Score> {
    Score::try_from(row.try_get::<i64, _>("score")?).map_err(|error| Error::Decode(error.into()))
}

/// Surveys and the closings that they ask about, as a JSON array of id and milliseconds.
pub(super) fn asked(row: &SqliteRow) -> Result<Vec<(Uuid, Time)>> {
    let pairs: Vec<(Uuid, i64)> =
        serde_json::from_str(row.try_get("asked")?).map_err(|error| Error::Decode(error.into()))?;
    let timed = |(id, millis): (Uuid, i64)| {
        let closed_at = Time::from_timestamp_millis(millis).ok_or_else(|| broken("asked", &millis.to_string()))?;
        Ok((id, closed_at))
    };
    pairs.into_iter().map(timed).collect()
}

/// A value that is spelled as a word.
pub(super) fn word<T: FromStr<Err = String>>(row: &SqliteRow, column: &str) -> Result<T> {
    row.try_get::<&str, _>(column)?.parse().map_err(|error: String| broken(column, &error))
}

/// The same, or none.
pub(super) fn optional_word<T: FromStr<Err = String>>(row: &SqliteRow, column: &str) -> Result<Option<T>> {
    row.try_get::<Option<&str>, _>(column)?.map(|_| word(row, column)).transpose()
}

pub(super) fn id(row: &SqliteRow, column: &str) -> Result<Uuid> {
    Uuid::from_slice(row.try_get(column)?).map_err(|error| Error::Decode(error.into()))
}

pub(super) fn time(row: &SqliteRow, column: &str) -> Result<Time> {
    let millis = row.try_get::<i64, _>(column)?;
    Time::from_timestamp_millis(millis).ok_or_else(|| broken(column, &millis.to_string()))
}

pub(super) fn optional_time(row: &SqliteRow, column: &str) -> Result<Option<Time>> {
    row.try_get::<Option<i64>, _>(column)?.map(|_| time(row, column)).transpose()
}

/// The database holds a value that this program does not know.
pub(super) fn broken(column: &str, value: &str) -> Error {
    Error::Decode(format!("the column {column} holds an unknown value: {value}").into())
}

/// Keys as one JSON array, for `json_each(?)`: a statement then has one text, whatever their number.
pub(super) fn json(keys: &impl Serialize) -> Result<String> {
    serde_json::to_string(keys).map_err(|error| Error::Encode(error.into()))
}

/// Ids as one JSON array of hexadecimal digits, for `unhex(value)`: JSON holds no bytes.
pub(super) fn ids<'i>(ids: impl IntoIterator<Item = &'i Uuid>) -> Result<String> {
    json(&ids.into_iter().map(Uuid::as_simple).collect::<Vec<_>>())
}
