//! The reader of single surveys: gathers all who ask, and looks them up in one query.
//!
//! On the click path this reaches three times the rate of a pool, for the same reason that the writer gathers. What it
//! tells may be a moment older than what the writer knows; whatever counts is decided there.

use super::Unavailable;
use super::rows;
use crate::survey::evidence::Clicks;
use sqlx::{Connection, Row, SqliteConnection, query};
use std::collections::HashMap;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

const LARGEST_BATCH: usize = 512;

/// What a page shows of a survey.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Its clicks.
    pub clicks: Clicks,
    /// What it is about.
    pub about: About,
}

/// What a survey is about, as its page tells.
#[derive(Clone, Debug, Default)]
pub struct About {
    /// Who helped.
    pub teammate: Option<String>,
    /// The conversation's subject.
    pub subject: Option<String>,
    /// Who was asked.
    pub customer: Option<String>,
    /// The policy its closing named: whose own words apply.
    pub policy: Option<String>,
    /// The language that the customer reads, as the helpdesk named it.
    pub locale: Option<String>,
}

/// Whom to look up, and who waits for it.
pub(super) struct Lookup {
    pub survey: Uuid,
    pub reply: oneshot::Sender<Result<Option<Shown>, Unavailable>>,
}

/// Works until the last sender is gone.
pub(super) async fn run(mut db: SqliteConnection, mut lookups: mpsc::Receiver<Lookup>) {
    let mut gathered = Vec::new();
    while lookups.recv_many(&mut gathered, LARGEST_BATCH).await > 0 {
        let found = look_up(&mut db, &gathered).await;
        for Lookup { survey, reply } in gathered.drain(..) {
            let answer = match &found {
                Ok(found) => Ok(found.get(&survey).cloned()),
                Err(error) => Err(Unavailable::from(error)),
            };
            // Who waited may have given up.
            drop(reply.send(answer));
        }
    }
    if let Err(error) = db.close().await {
        tracing::warn!(%error, "the reader was not closed cleanly");
    }
}

async fn look_up(db: &mut SqliteConnection, lookups: &[Lookup]) -> Result<HashMap<Uuid, Shown>, sqlx::Error> {
    let sql = concat!(
        "SELECT ",
        rows::clicks!(),
        ", subject, (SELECT name FROM teammate WHERE teammate.id = teammate_id), customer_name, locale,
        (SELECT policy FROM closing
            WHERE closing.conversation_id = survey.conversation_id AND closing.closed_at = survey.closed_at)
        FROM survey WHERE id IN (SELECT value FROM json_each($1))"
    );
    let ids: Vec<Uuid> = lookups.iter().map(|lookup| lookup.survey).collect();
    let ids = serde_json::to_string(&ids).map_err(|error| sqlx::Error::Encode(error.into()))?;
    let mut found = HashMap::with_capacity(lookups.len());
    for row in query(sql).bind(ids).fetch_all(db).await? {
        let shown = Shown {
            clicks: rows::clicks(&row)?,
            about: About {
                subject: row.try_get(rows::CLICKS)?,
                teammate: row.try_get(rows::CLICKS + 1)?,
                customer: row.try_get(rows::CLICKS + 2)?,
                locale: row.try_get(rows::CLICKS + 3)?,
                policy: row.try_get(rows::CLICKS + 4)?,
            },
        };
        found.insert(rows::id(&row, 0)?, shown);
    }
    Ok(found)
}
