//! The reader on the click path: gathers all look-ups that wait, and makes them one trip to the database.
//!
//! This reaches three times the rate of a pool, for the same reason that the writer gathers. An answer may be a moment
//! older than what the writer knows: what counts is decided there.

use super::super::{Shown, Unavailable};
use super::script::Script;
use super::{keys, rows};
use crate::survey::access::ApiKey;
use crate::survey::page::About;
use sqlx::sqlite::SqliteRow;
use sqlx::{Connection, Row, SqliteConnection};
use std::collections::HashMap;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

/// The most look-ups in one trip.
const LARGEST_BATCH: usize = 512;

type Reply<T> = oneshot::Sender<Result<Option<T>, Unavailable>>;

/// One look-up, and where its answer goes.
pub(super) enum Lookup {
    /// What a page shows of a survey.
    Shown(Uuid, Reply<Shown>),
    /// A key of the API.
    Key(String, Reply<ApiKey>),
}

/// What was found. A row that cannot be read fails its own look-up only.
#[derive(Default)]
struct Found {
    shown: HashMap<Uuid, Result<Shown, Unavailable>>,
    keys: HashMap<String, Result<ApiKey, Unavailable>>,
}

/// Works until the last sender is gone, or the connection is.
pub(super) async fn run(mut db: SqliteConnection, mut lookups: mpsc::Receiver<Lookup>) {
    let mut gathered = Vec::new();
    while lookups.recv_many(&mut gathered, LARGEST_BATCH).await > 0 {
        let found = look_up(&mut db, &gathered).await;
        if matches!(found, Err(sqlx::Error::WorkerCrashed)) {
            tracing::error!("the connection of the reader is gone");
            return;
        }
        let found = found.map_err(Unavailable::from);
        for lookup in gathered.drain(..) {
            // Sending fails if the caller timed out.
            match lookup {
                Lookup::Shown(survey, reply) => drop(reply.send(pick(&found, |found| found.shown.get(&survey)))),
                Lookup::Key(id, reply) => drop(reply.send(pick(&found, |found| found.keys.get(&id)))),
            }
        }
    }
    if let Err(error) = db.close().await {
        tracing::warn!(%error, "the reader was not closed cleanly");
    }
}

fn pick<'f, T: Clone + 'f>(
    found: &'f Result<Found, Unavailable>,
    get: impl FnOnce(&'f Found) -> Option<&'f Result<T, Unavailable>>,
) -> Result<Option<T>, Unavailable> {
    match found {
        Ok(found) => get(found).cloned().transpose(),
        Err(error) => Err(error.clone()),
    }
}

const SHOWN: &str = concat!(
    "SELECT ",
    rows::click_columns!(),
    ", NULL AS comment, subject, customer_name, locale, policy,
        (SELECT name FROM teammate WHERE teammate.id = survey.teammate_id) AS teammate
    FROM json_each(?) AS wanted CROSS JOIN rating ON rating.survey_id = unhex(wanted.value)
        CROSS JOIN outbox ON outbox.id = rating.survey_id CROSS JOIN survey ON survey.id = rating.survey_id
        LEFT JOIN clicks ON clicks.survey_id = rating.survey_id"
);
const KEYS: &str = concat!(
    "SELECT ",
    keys::columns!(),
    " FROM json_each(?) AS wanted CROSS JOIN api_key ON api_key.id = wanted.value"
);

/// What a row of a statement becomes.
type Take = fn(&mut Found, &SqliteRow) -> Result<(), sqlx::Error>;

async fn look_up(db: &mut SqliteConnection, lookups: &[Lookup]) -> Result<Found, sqlx::Error> {
    let (mut surveys, mut keys) = (Vec::new(), Vec::new());
    for lookup in lookups {
        match lookup {
            Lookup::Shown(survey, _) => surveys.push(survey),
            Lookup::Key(id, _) => keys.push(id),
        }
    }
    let (mut script, mut takes) = (Script::default(), Vec::<Take>::new());
    if !surveys.is_empty() {
        script.add(SHOWN).bind(rows::ids(surveys)?)?;
        takes.push(shown);
    }
    if !keys.is_empty() {
        script.add(KEYS).bind(rows::json(&keys)?)?;
        takes.push(key);
    }
    let mut found = Found::default();
    script.run(db, |statement, row| takes[statement](&mut found, row)).await?;
    Ok(found)
}

fn shown(found: &mut Found, row: &SqliteRow) -> Result<(), sqlx::Error> {
    let read = || {
        let about = About {
            teammate: row.try_get("teammate")?,
            subject: row.try_get("subject")?,
            customer: row.try_get("customer_name")?,
            policy: row.try_get("policy")?,
            locale: row.try_get("locale")?,
        };
        Ok::<_, sqlx::Error>(Shown { clicks: rows::clicks(row)?, about })
    };
    found.shown.insert(rows::id(row, "survey_id")?, read().map_err(Unavailable::from));
    Ok(())
}

fn key(found: &mut Found, row: &SqliteRow) -> Result<(), sqlx::Error> {
    found.keys.insert(row.try_get("id")?, keys::api_key(row).map_err(Unavailable::from));
    Ok(())
}
