//! Everything that is stored about one customer, column by column: a column that a later version adds is in it too.
//!
//! It must not know who asks for it.

use super::{Sqlite, Unavailable, rows};
use crate::survey::page::Visitor;
use crate::survey::stamp;
use crate::survey::trail::{Trail, Try, View};
use serde_json::{Map, Value, json};
use sqlx::sqlite::SqliteRow;
use sqlx::{Column, Row, SqliteConnection, TypeInfo, ValueRef, query};

type Result<T> = std::result::Result<T, sqlx::Error>;

/// What hangs on a survey: the name in the answer, the rows, and the column that holds the id of the survey.
const PARTS: [(&str, &str, &str); 8] = [
    ("mail", "SELECT outbox.* FROM survey JOIN outbox ON outbox.id = survey.id WHERE address_hash = $1", "id"),
    ("rating", "SELECT rating.* FROM survey JOIN rating ON survey_id = survey.id WHERE address_hash = $1", "survey_id"),
    ("visits", "SELECT clicks.* FROM survey JOIN clicks ON survey_id = survey.id WHERE address_hash = $1", "survey_id"),
    (
        "history",
        "SELECT history.* FROM survey JOIN history ON survey_id = survey.id WHERE address_hash = $1
        ORDER BY survey_id, number",
        "survey_id",
    ),
    (
        "answers",
        "SELECT answer.* FROM survey JOIN answer ON survey_id = survey.id WHERE address_hash = $1
        ORDER BY survey_id, question, choice",
        "survey_id",
    ),
    (
        "follow_up",
        "SELECT follow_up.* FROM survey JOIN follow_up ON survey_id = survey.id WHERE address_hash = $1",
        "survey_id",
    ),
    (
        "follow_up_steps",
        "SELECT step.* FROM survey JOIN follow_up_step AS step ON survey_id = survey.id WHERE address_hash = $1
        ORDER BY survey_id, number",
        "survey_id",
    ),
    (
        "told",
        "SELECT survey_id, event.id AS event, at, target, said, state, accepted_at
        FROM survey JOIN event ON survey_id = survey.id JOIN telling ON telling.event = event.number
        WHERE address_hash = $1 ORDER BY event.number, target",
        "survey_id",
    ),
];
/// Lists beside the surveys. Conversations are those that the address was asked about or judged for.
const LISTS: [(&str, &str); 4] = [
    (
        "closings",
        "SELECT * FROM closing WHERE address_hash = $1 OR (connection, conversation_id) IN
            (SELECT survey.connection, survey.conversation_id FROM survey WHERE survey.address_hash = $1)
        ORDER BY closed_at",
    ),
    (
        "reopenings",
        "SELECT * FROM reopening WHERE (connection, conversation_id) IN
            (SELECT connection, conversation_id FROM survey WHERE address_hash = $1
            UNION SELECT connection, conversation_id FROM closing WHERE address_hash = $1)
        ORDER BY reopened_at",
    ),
    (
        "waiting_closings",
        "SELECT connection, conversation_id, closed_at, told_at, closing, due_at, tries, why FROM enriching
        WHERE EXISTS (SELECT 1 FROM json_each(addresses) AS address WHERE address.value = $1) ORDER BY closed_at",
    ),
    ("suppressions", "SELECT * FROM suppression WHERE address_hash = $1 ORDER BY at"),
];
/// Columns that hold a time and do not end as such a column does.
const TIMES: [&str; 3] = ["at", "page_issued", "first_due"];
/// Columns that hold JSON.
const JSON: [&str; 3] = ["tags", "reasons", "closing"];

impl Sqlite {
    pub(in crate::store) async fn customer(
        &self,
        address_hash: &str,
    ) -> std::result::Result<Map<String, Value>, Unavailable> {
        let mut db = self.reports.begin().await?;
        let mut surveys = Map::new();
        let sql = "SELECT * FROM survey WHERE address_hash = $1 ORDER BY made_at, id";
        for mut survey in read(&mut db, sql, address_hash).await? {
            // A survey without clicks has no row of them.
            survey.extend([
                ("visits".to_owned(), Value::Null),
                ("history".to_owned(), json!([])),
                ("answers".to_owned(), json!([])),
                ("follow_up".to_owned(), Value::Null),
                ("follow_up_steps".to_owned(), json!([])),
                ("told".to_owned(), json!([])),
            ]);
            surveys.insert(text(&survey, "id"), Value::Object(survey));
        }
        for (name, sql, id) in PARTS {
            for mut part in read(&mut db, sql, address_hash).await? {
                let survey = surveys.get_mut(&text(&part, id));
                part.shift_remove(id);
                match survey.map(|survey| &mut survey[name]) {
                    Some(Value::Array(parts)) => parts.push(Value::Object(part)),
                    Some(place) => *place = Value::Object(part),
                    None => {}
                }
            }
        }
        let mut all = Map::new();
        all.insert("surveys".into(), surveys.into_iter().map(|(_, survey)| survey).collect());
        for (name, sql) in LISTS {
            all.insert(name.into(), read(&mut db, sql, address_hash).await?.into_iter().map(Value::Object).collect());
        }
        Ok(all)
    }
}

async fn read(db: &mut SqliteConnection, sql: &'static str, address_hash: &str) -> Result<Vec<Map<String, Value>>> {
    query(sql).bind(address_hash).fetch_all(db).await?.iter().map(columns).collect()
}

fn text(row: &Map<String, Value>, column: &str) -> String {
    row.get(column).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// All columns of a row, as people read them.
fn columns(row: &SqliteRow) -> Result<Map<String, Value>> {
    row.columns().iter().map(|column| Ok((column.name().to_owned(), value(row, column.name())?))).collect()
}

fn value(row: &SqliteRow, column: &str) -> Result<Value> {
    let raw = row.try_get_raw(column)?;
    if raw.is_null() {
        return Ok(Value::Null);
    }
    Ok(match raw.type_info().name() {
        "INTEGER" if is_time(column) => json!(stamp(rows::time(row, column)?)),
        "INTEGER" => json!(row.try_get::<i64, _>(column)?),
        "BLOB" => json!(rows::id(row, column)?),
        _ if column == "trail" => return trail(row.try_get(column)?),
        _ if JSON.contains(&column) => parse(row.try_get(column)?)?,
        _ => json!(row.try_get::<String, _>(column)?),
    })
}

fn is_time(column: &str) -> bool {
    column.ends_with("_at") || column.ends_with("_until") || TIMES.contains(&column)
}

fn parse<T: serde::de::DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| sqlx::Error::Decode(error.into()))
}

fn trail(text: &str) -> Result<Value> {
    let trail: Trail = parse(text)?;
    let view = |view: &View| {
        let Visitor { machine, phone, webmail } = view.visitor;
        json!({"at": stamp(view.at), "score": view.score, "machine": machine, "phone": phone, "webmail": webmail})
    };
    let views = trail.views.iter().map(view);
    let tried =
        |tried: &Try| json!({"at": stamp(tried.at), "score": tried.score, "how": tried.how, "fate": tried.fate});
    let tries = trail.tries.iter().map(tried);
    Ok(json!({"views": views.collect::<Vec<_>>(), "tries": tries.collect::<Vec<_>>()}))
}
