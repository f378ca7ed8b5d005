//! Mails that need attention, found by partial indexes that hold few others, and the newest surveys with their visits.
//!
//! A voided survey is left out, as in reports. No address leaves this file, only its domain. It must not know what a state
//! means.

use super::super::Unavailable;
use super::{Sqlite, rows};
use crate::survey::access::Within;
use crate::survey::closing::Conversation;
use crate::survey::mails::{MailList, MailRow, Trouble, Troubles};
use crate::survey::pace::domain;
use crate::survey::paging::{Paging, RowPlace};
use crate::survey::report::Period;
use crate::survey::scanning::Sent;
use crate::survey::trail::Trail;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Row, SqliteConnection, query};
use std::collections::BTreeMap;
use std::str::FromStr;

/// How many mails a page of the list looks at: those of another part of the team are passed over.
const LOOK_AT: i64 = 10_000;
/// How many surveys are passed over for a sample of one part of the team. They are read from an index.
const PASS_OVER: i64 = 200_000;

/// The time that a list is by, and the term of its partial index.
const fn index(trouble: Trouble) -> (&'static str, &'static str) {
    match trouble {
        Trouble::Waiting => ("first_due", "state IN ('waiting', 'sending', 'failed') AND state <> 'failed'"),
        Trouble::Failed => ("first_due", "state IN ('waiting', 'sending', 'failed') AND state = 'failed'"),
        Trouble::Returned => (
            "accepted_at",
            "state = 'accepted' AND (note GLOB 'hard bounce*' OR note GLOB 'soft bounce*' OR note GLOB 'complaint*')",
        ),
        Trouble::Stopped => ("first_due", "state = 'cancelled'"),
    }
}

/// A count of mails by a word: `$word` is SQL.
fn counts(trouble: Trouble, word: &str) -> String {
    let (time, term) = index(trouble);
    format!(
        "SELECT {word} AS word, count(*) AS mails FROM outbox CROSS JOIN rating ON rating.survey_id = outbox.id
        WHERE {term} AND outbox.{time} >= $1 AND outbox.{time} < $2 AND standing <> 'voided'
            AND ($3 IS NULL OR teammate_id = $3) AND ($4 IS NULL OR team = $4) GROUP BY 1"
    )
}

/// The mails of a list from `$1` to before `$2`, and after the place `$3`, `$4` of its order.
fn mails_of(trouble: Trouble, columns: &str, rest: &str) -> String {
    let (time, term) = index(trouble);
    format!(
        "SELECT outbox.{time} AS at, {columns} WHERE {term} AND outbox.{time} >= $1 AND outbox.{time} < $2
            AND ($3 IS NULL OR outbox.{time} < $3 OR (outbox.{time} = $3 AND outbox.id < $4)) {rest}"
    )
}

impl Sqlite {
    pub(in crate::store) async fn troubles(&self, period: Period, within: &Within) -> Result<Troubles, Unavailable> {
        let mut db = self.reports.begin().await?;
        let kind = "CASE WHEN note GLOB 'hard*' THEN 'hard' WHEN note GLOB 'soft*' THEN 'soft' ELSE 'complaint' END";
        let returned = count(&mut db, counts(Trouble::Returned, kind), period, within).await?;
        let stopped = count(&mut db, counts(Trouble::Stopped, "stop"), period, within).await?;
        Ok(Troubles { returned, stopped })
    }

    pub(in crate::store) async fn mails(
        &self,
        trouble: Trouble,
        period: Period,
        within: &Within,
        paging: &Paging<RowPlace>,
    ) -> Result<MailList, Unavailable> {
        let mut db = self.reports.begin().await?;
        let (time, _) = index(trouble);
        let order = format!("ORDER BY outbox.{time} DESC, outbox.id DESC LIMIT 1 OFFSET {LOOK_AT}");
        let sql = mails_of(trouble, "outbox.id AS survey_id FROM outbox", &order);
        let (after, after_id) = paging.after.map(bound).unzip();
        // Safe, here and below: the pieces are constants, and values are bound.
        let end = query(AssertSqlSafe(sql))
            .bind(period.from.timestamp_millis())
            .bind(period.until.timestamp_millis())
            .bind(after)
            .bind(after_id.clone())
            .fetch_optional(&mut *db)
            .await?;
        let end = end.as_ref().map(place).transpose()?;
        let (end_at, end_id) = end.map(bound).unzip();
        let columns = concat!(
            "outbox.id AS survey_id, survey.connection, survey.conversation_id, survey.url, survey.address, coalesce((SELECT name FROM
                teammate WHERE teammate.id = rating.teammate_id), rating.teammate_id) AS teammate, ",
            rows::outbox_columns!(),
            " FROM outbox CROSS JOIN rating ON rating.survey_id = outbox.id CROSS JOIN survey ON survey.id = outbox.id"
        );
        let rest = format!(
            "AND ($5 IS NULL OR outbox.{time} > $5 OR (outbox.{time} = $5 AND outbox.id >= $6)) AND standing <> 'voided'
            AND ($7 IS NULL OR rating.teammate_id = $7) AND ($8 IS NULL OR rating.team = $8)
            ORDER BY outbox.{time} DESC, outbox.id DESC LIMIT $9"
        );
        let read = query(AssertSqlSafe(mails_of(trouble, columns, &rest)))
            .bind(period.from.timestamp_millis())
            .bind(period.until.timestamp_millis())
            .bind(after)
            .bind(after_id)
            .bind(end_at)
            .bind(end_id)
            .bind(&within.teammate)
            .bind(&within.team)
            .bind(paging.to_read())
            .fetch_all(&mut *db)
            .await?;
        let read = read.iter().map(mail).collect::<Result<Vec<_>, _>>()?;
        let listed = paging.cut(read, MailRow::place);
        let looked_back = end.filter(|_| listed.next.is_none());
        let next = listed.next.or(looked_back);
        Ok(MailList { items: listed.items, next, looked_back_to: looked_back.map(|place| place.at) })
    }

    pub(in crate::store) async fn newest_sent(
        &self,
        period: Period,
        within: &Within,
        most: u32,
    ) -> Result<Vec<Sent>, Unavailable> {
        let sql = "SELECT asked_at, standing, opened IS NOT NULL AS opened, address, trail FROM (
                SELECT * FROM (
                    SELECT survey_id, asked_at, teammate_id, team, standing, opened FROM rating
                    WHERE asked_at IS NOT NULL AND standing <> 'voided' AND asked_at >= $1 AND asked_at < $2
                    ORDER BY asked_at DESC LIMIT $3)
                WHERE ($4 IS NULL OR teammate_id = $4) AND ($5 IS NULL OR team = $5) LIMIT $6) AS sent
            CROSS JOIN survey ON survey.id = sent.survey_id LEFT JOIN clicks ON clicks.survey_id = sent.survey_id";
        let rows = query(sql)
            .bind(period.from.timestamp_millis())
            .bind(period.until.timestamp_millis())
            .bind(PASS_OVER)
            .bind(&within.teammate)
            .bind(&within.team)
            .bind(most)
            .fetch_all(&self.reports)
            .await?;
        Ok(rows.iter().map(sent).collect::<Result<_, _>>()?)
    }
}

/// The counts of a statement by their words.
async fn count<W: FromStr<Err = String> + Ord>(
    db: &mut SqliteConnection,
    sql: String,
    period: Period,
    within: &Within,
) -> Result<BTreeMap<W, u64>, sqlx::Error> {
    // Safe: the pieces are constants, and values are bound.
    let rows = query(AssertSqlSafe(sql))
        .bind(period.from.timestamp_millis())
        .bind(period.until.timestamp_millis())
        .bind(&within.teammate)
        .bind(&within.team)
        .fetch_all(db)
        .await?;
    let mails = |row: &SqliteRow| row.try_get::<i64, _>("mails").map(i64::cast_unsigned);
    rows.iter().map(|row| Ok((rows::word(row, "word")?, mails(row)?))).collect()
}

fn place(row: &SqliteRow) -> Result<RowPlace, sqlx::Error> {
    Ok(RowPlace { at: rows::time(row, "at")?, survey: rows::id(row, "survey_id")? })
}

/// A place as statements take it.
fn bound(RowPlace { at, survey }: RowPlace) -> (i64, Vec<u8>) {
    (at.timestamp_millis(), survey.into_bytes().to_vec())
}

fn domain_of(row: &SqliteRow) -> Result<Option<String>, sqlx::Error> {
    Ok(row.try_get::<Option<&str>, _>("address")?.map(domain))
}

fn mail(row: &SqliteRow) -> Result<MailRow, sqlx::Error> {
    let RowPlace { at, survey } = place(row)?;
    Ok(MailRow {
        survey,
        at,
        conversation: Conversation { connection: row.try_get("connection")?, id: row.try_get("conversation_id")? },
        url: row.try_get("url")?,
        domain: domain_of(row)?,
        teammate: row.try_get("teammate")?,
        mail: rows::outbound(row)?,
    })
}

fn sent(row: &SqliteRow) -> Result<Sent, sqlx::Error> {
    let trail = row.try_get::<Option<&str>, _>("trail")?.map_or(Ok(Trail::default()), serde_json::from_str);
    Ok(Sent {
        at: rows::time(row, "asked_at")?,
        domain: domain_of(row)?,
        standing: rows::word(row, "standing")?,
        opened: row.try_get("opened")?,
        trail: trail.map_err(|error| sqlx::Error::Decode(error.into()))?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::load::tests::plan;
    use super::*;

    #[tokio::test]
    async fn mails_that_need_attention_are_never_looked_for_among_all() {
        for (trouble, partial) in [
            (Trouble::Waiting, "outbox_unsent"),
            (Trouble::Failed, "outbox_unsent"),
            (Trouble::Returned, "outbox_returned"),
            (Trouble::Stopped, "outbox_cancelled"),
        ] {
            let listed = mails_of(trouble, "outbox.id FROM outbox", "ORDER BY 1 DESC, 2 DESC LIMIT 9");
            for sql in [listed, counts(trouble, "state")] {
                let steps = plan(&sql).await;
                let found = steps.iter().any(|step| step.starts_with("SEARCH outbox") && step.contains(partial));
                assert!(found, "{sql}: {steps:#?}");
            }
        }
    }
}
