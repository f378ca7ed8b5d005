//! Loads what a batch of commands touches: a statement a table and one trip for all, whatever the size of the batch.
//!
//! Keys go in as one JSON array, so that each statement has one text and is prepared once. It must not decide anything.

use super::command::{Command, Lease};
use super::rows;
use super::script::Script;
use super::work::{Mail, Survey, Work};
use crate::survey::Time;
use crate::survey::closing::Teammate;
use crate::survey::delivery::{LONGEST_SETTING, Outgoing};
use crate::survey::eligibility::RECENT;
use chrono::TimeDelta;
use serde::Serialize;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};
use std::collections::BTreeSet;
use uuid::Uuid;

type Result<T> = std::result::Result<T, sqlx::Error>;

/// What the commands of a batch name.
#[derive(Default)]
struct Keys {
    surveys: BTreeSet<Uuid>,
    /// Conversations whose surveys are needed.
    conversations: BTreeSet<String>,
    closings: Vec<(String, i64)>,
    addresses: BTreeSet<String>,
    teammates: BTreeSet<String>,
    /// How many due mails the claims may need to see, and at which time.
    claims: usize,
    now: Time,
    /// The earliest moment whose surveys to an address matter to some policy; `None` if to none.
    asked_since: Option<Time>,
}

/// What a row of a statement becomes in the working set.
type Take = fn(&mut Work, &SqliteRow) -> Result<()>;

/// Begins the transaction of a batch, and answers its working set.
pub(super) async fn load(db: &mut SqliteConnection, commands: &[Command]) -> Result<Work> {
    let mut keys = Keys::default();
    for command in commands {
        keys.take(command);
    }
    let mut script = Script::default();
    // IMMEDIATE, because a transaction that reads first and then finds another writer cannot wait for it. In plain
    // words, because SQLite rolls back by itself when a disk is full, and sqlx's own transaction then never ends.
    script.add("BEGIN IMMEDIATE");
    let mut takes: Vec<Take> = vec![|_, _| Ok(())];
    if keys.claims > 0 {
        let most = i64::try_from(keys.claims).unwrap_or(i64::MAX);
        script.add(DUE).bind(keys.now.timestamp_millis())?.bind(most)?;
        takes.push(due);
    }
    if !keys.surveys.is_empty() {
        script.add(SURVEYS).bind(json(&keys.surveys)?)?;
        takes.push(survey);
    }
    if !keys.conversations.is_empty() {
        let conversations = json(&keys.conversations)?;
        script.add(SURVEYS_OF_CONVERSATIONS).bind(&conversations)?.add(CONVERSATIONS).bind(&conversations)?;
        takes.extend([survey as Take, conversation]);
    }
    if !keys.closings.is_empty() {
        script.add(DECISIONS).bind(json(&keys.closings)?)?;
        takes.push(decision);
    }
    if !keys.addresses.is_empty() {
        let addresses = json(&keys.addresses)?;
        script.add(SUPPRESSIONS).bind(&addresses)?;
        takes.push(suppression);
        if let Some(since) = keys.asked_since {
            script.add(SURVEYS_TO_ADDRESSES).bind(&addresses)?.bind(since.timestamp_millis())?;
            takes.push(survey);
        }
    }
    if !keys.teammates.is_empty() {
        script.add(TEAMMATES).bind(json(&keys.teammates)?)?;
        takes.push(teammate);
    }
    let mut work = Work::default();
    script.run(db, |statement, row| takes[statement](&mut work, row)).await?;
    work.more_due = keys.claims > 0 && work.due.len() == keys.claims;
    Ok(work)
}

impl Keys {
    fn take(&mut self, command: &Command) {
        match command {
            Command::Close(report) => {
                let closing = &report.closing;
                self.conversations.insert(closing.conversation_id.clone());
                self.closings.push((closing.conversation_id.clone(), closing.closed_at.timestamp_millis()));
                self.addresses.extend(report.address_hash.clone());
                self.teammates.extend(closing.teammate.as_ref().map(|teammate| teammate.id.clone()));
                if report.policy.quiet_days > 0 || report.policy.most_in_30_days > 0 {
                    // A survey counts from when it was sent, which can be days of retries after it was made.
                    let quiet = TimeDelta::days(report.policy.quiet_days.into()).max(RECENT) + LONGEST_IN_OUTBOX;
                    let since = report.now - quiet;
                    self.asked_since = Some(self.asked_since.map_or(since, |known| known.min(since)));
                }
            }
            Command::Reopen { conversation, .. } => {
                self.conversations.insert(conversation.clone());
            }
            Command::View { survey, .. }
            | Command::Answer { survey, .. }
            | Command::Release { survey }
            | Command::Bounce { survey, .. } => {
                self.surveys.insert(*survey);
            }
            Command::Mark { survey, next, .. } => {
                self.surveys.insert(*survey);
                if let Some(lease) = next {
                    self.claim(lease);
                }
            }
            Command::Suppress { address_hash, .. } | Command::Unsuppress { address_hash } => {
                self.addresses.insert(address_hash.clone());
            }
            Command::Claim(lease) => self.claim(lease),
            Command::Settle => {}
        }
    }

    fn claim(&mut self, lease: &Lease) {
        self.claims += if lease.rates.per_domain > 0 { LOOK_PAST } else { 1 };
        self.now = self.now.max(lease.at);
    }
}

/// How many mails a claim may put off whose domain is over its rate, so that a queue to one domain is soon behind us.
const LOOK_PAST: usize = 32;

/// A mail is sent at most this long after its survey was made: its delay and its patience are bounded, each by this.
const LONGEST_IN_OUTBOX: TimeDelta = TimeDelta::days(2 * LONGEST_SETTING.num_days());

fn json(keys: &impl Serialize) -> Result<String> {
    serde_json::to_string(keys).map_err(|error| sqlx::Error::Encode(error.into()))
}

/// What is due, with all that a claim decides by. `? + 0` and not `?`: at a bare parameter the planner
/// looks, and plans anew for each value.
const DUE: &str = concat!(
    "SELECT ",
    rows::clicks!(),
    rows::mail!(),
    ", address, customer_name, (SELECT name FROM teammate WHERE teammate.id = teammate_id), subject, in_reply_to,
        locale, (SELECT policy FROM closing WHERE (closing.conversation_id, closing.closed_at) = (survey.conversation_id, survey.closed_at)),
        (SELECT max(reopened_at) FROM reopening WHERE reopening.conversation_id = survey.conversation_id),
        (SELECT max(closed_at) FROM survey AS other WHERE other.conversation_id = survey.conversation_id
            AND (other.mail IN ('waiting', 'sending') OR other.accepted_at IS NOT NULL)),
        (SELECT group_concat(cause) FROM suppression WHERE suppression.address_hash = survey.address_hash)
    FROM survey WHERE mail IN ('waiting', 'sending') AND due_at <= ? + 0 ORDER BY due_at LIMIT ?"
);

fn due(work: &mut Work, row: &SqliteRow) -> Result<()> {
    let (id, survey) = (rows::id(row, 0)?, read_survey(row)?);
    let first = rows::CLICKS + rows::MAIL;
    let outgoing = Outgoing {
        survey: id,
        address: row.try_get::<Option<String>, _>(first)?.unwrap_or_default(),
        customer_name: row.try_get(first + 1)?,
        teammate: row.try_get(first + 2)?,
        subject: row.try_get(first + 3)?,
        in_reply_to: row.try_get(first + 4)?,
        locale: row.try_get(first + 5)?,
        policy: row.try_get(first + 6)?,
    };
    let known = work.conversations.entry(survey.conversation.clone()).or_default();
    known.latest_reopening = rows::optional_time(row, first + 7)?;
    known.latest_asked = rows::optional_time(row, first + 8)?;
    let causes = row.try_get::<Option<&str>, _>(first + 9)?.unwrap_or_default();
    for word in causes.split(',').filter(|word| !word.is_empty()) {
        work.suppressions.entry(survey.address_hash.clone()).or_default().insert(rows::cause(word)?);
    }
    work.surveys.insert(id, survey);
    work.due.push_back((id, outgoing));
    Ok(())
}

macro_rules! surveys_where {
    ($condition:literal) => {
        concat!("SELECT ", rows::clicks!(), rows::mail!(), " FROM survey WHERE ", $condition)
    };
}

const SURVEYS: &str = surveys_where!("id IN (SELECT value FROM json_each(?))");
const SURVEYS_OF_CONVERSATIONS: &str = surveys_where!("conversation_id IN (SELECT value FROM json_each(?))");
const SURVEYS_TO_ADDRESSES: &str =
    surveys_where!("address_hash IN (SELECT value FROM json_each(?)) AND made_at >= ? + 0");

fn survey(work: &mut Work, row: &SqliteRow) -> Result<()> {
    work.surveys.insert(rows::id(row, 0)?, read_survey(row)?);
    Ok(())
}

fn read_survey(row: &SqliteRow) -> Result<Survey> {
    let first = rows::CLICKS;
    let state = row.try_get::<&str, _>(first + 4)?;
    let states = ["waiting", "sending", "accepted", "failed", "cancelled"];
    Ok(Survey {
        conversation: row.try_get(first)?,
        closed_at: rows::time(row, first + 1)?,
        made_at: rows::time(row, first + 2)?,
        address_hash: row.try_get(first + 3)?,
        mail: Mail {
            state: states.into_iter().find(|known| *known == state).ok_or_else(|| rows::broken("mail", state))?,
            due_at: rows::time(row, first + 5)?,
            first_due: rows::time(row, first + 6)?,
            tries: row.try_get(first + 7)?,
            note: row.try_get(first + 8)?,
        },
        clicks: rows::clicks(row)?,
        mail_changed: false,
        trail_changed: false,
    })
}

const CONVERSATIONS: &str = "SELECT value, (SELECT max(closed_at) FROM closing WHERE conversation_id = value),
        (SELECT max(reopened_at) FROM reopening WHERE conversation_id = value)
    FROM json_each(?)";

fn conversation(work: &mut Work, row: &SqliteRow) -> Result<()> {
    let known = work.conversations.entry(row.try_get(0)?).or_default();
    known.latest_closing = rows::optional_time(row, 1)?;
    known.latest_reopening = rows::optional_time(row, 2)?;
    Ok(())
}

const DECISIONS: &str = "SELECT conversation_id, closed_at, survey_id, send_at, reasons FROM closing
    WHERE (conversation_id, closed_at) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?))";

fn decision(work: &mut Work, row: &SqliteRow) -> Result<()> {
    let known = work.conversations.entry(row.try_get(0)?).or_default();
    known.decisions.insert(rows::time(row, 1)?, rows::decision(row)?);
    Ok(())
}

const SUPPRESSIONS: &str =
    "SELECT address_hash, cause FROM suppression WHERE address_hash IN (SELECT value FROM json_each(?))";

fn suppression(work: &mut Work, row: &SqliteRow) -> Result<()> {
    let cause = rows::cause(row.try_get(1)?)?;
    work.suppressions.entry(row.try_get(0)?).or_default().insert(cause);
    Ok(())
}

const TEAMMATES: &str =
    "SELECT id, name, email, team, named_at FROM teammate WHERE id IN (SELECT value FROM json_each(?))";

fn teammate(work: &mut Work, row: &SqliteRow) -> Result<()> {
    let id: String = row.try_get(0)?;
    let teammate = Teammate { id: id.clone(), name: row.try_get(1)?, email: row.try_get(2)?, team: row.try_get(3)? };
    work.teammates.insert(id, (teammate, rows::time(row, 4)?));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{FREE_LEASES, Settings, schema};
    use sqlx::{AssertSqlSafe, query};

    #[tokio::test]
    async fn the_outbox_is_never_looked_for_among_what_was_sent() {
        let folder = tempfile::tempdir().expect("a folder");
        let settings = Settings { timezone: chrono_tz::UTC, positive: vec![4, 5], address_key: "key".into() };
        let mut db = schema::prepare(&folder.path().join("a.db"), &settings).await.expect("a database");
        for sql in [DUE, FREE_LEASES] {
            let plan = query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"))).fetch_all(&mut db).await.expect(sql);
            let steps: Vec<String> = plan.iter().map(|row| row.get(3)).collect();
            assert!(steps[0].contains("USING INDEX survey_due"), "{steps:?}");
            assert!(!steps.iter().any(|step| step.contains("TEMP B-TREE")), "sorted by the index: {steps:?}");
        }
    }
}
