//! A database in which something of everything happened, and its dump as SQL.
//!
//! It owns the story, and how a dump is written and read. A dump begins with comments: a key of the API, and the links
//! of one mail, which customers still have after an upgrade.

use crate::desk::{Desk, Mail, START, config, stamp, time};
use afterword::clock::Clock;
use afterword::gateway::Gateway;
use afterword::private;
use afterword::survey::access::Scope;
use afterword::survey::outbound::Attempt;
use chrono::TimeDelta;
use serde_json::json;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, query, query_scalar, raw_sql};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Writes the dump of the newest version.
pub const COMMAND: &str = "WRITE_DUMP=1 cargo test --test it the_newest_schema_has_a_dump";

/// Every conversation of the story that was asked about.
pub const ASKED: [&str; 12] = [
    "silent", "looked", "rated", "locked", "held", "voided", "left", "bounced", "failed", "reopened", "waiting",
    "sending",
];

pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/databases")
}

/// The dump of a version.
pub fn file(version: i64) -> PathBuf {
    folder().join(format!("{version:04}.sql"))
}

/// A folder with the database of a dump, as its version left it, and with the key file of all dumps.
pub async fn load(dump: &str) -> TempDir {
    let here = tempfile::tempdir().expect("a folder");
    let keys = std::fs::read(folder().join("keys")).expect("keys");
    private::write(&here.path().join("afterword.keys"), &keys).expect("copied");
    let mut db = open(&here.path().join("afterword.db")).await;
    raw_sql(AssertSqlSafe(dump)).execute(&mut db).await.expect("the dump is SQL");
    here
}

pub async fn open(database: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(database).create_if_missing(true).connect().await.expect("it opens")
}

/// Asks about a conversation with a customer of its own.
async fn ask(desk: &Desk, id: &str) {
    let customers = json!([{"id": id, "email": format!("{id}@example.com"), "name": id, "kind": "user"}]);
    let asked = desk.close(json!({"conversation_id": id, "customers": customers})).await;
    assert_eq!(asked["decision"], "ask", "{id}: {}", asked.text);
}

async fn mail(desk: &Desk, id: &str) -> Mail {
    ask(desk, id).await;
    desk.the_mail().await
}

async fn refused(desk: &Desk, id: &str, attempt: Attempt) {
    ask(desk, id).await;
    desk.memory.answer_next([attempt]);
    desk.deliver().await;
}

/// Tells the story, and dumps what it left.
pub async fn dump() -> String {
    let here = tempfile::tempdir().expect("a folder");
    let keys = std::fs::read(folder().join("keys")).expect("keys");
    private::write(&here.path().join("afterword.keys"), &keys).expect("copied");
    // `serve` refuses keys without their database.
    let clock = Clock::at(time(START));
    Gateway::make(config(here.path()), clock).await.expect("a database").shut_down().await;
    let desk = Desk::at(here, |_| {}).await;

    let mut mails = Vec::new();
    for id in &ASKED[..8] {
        mails.push(mail(&desk, id).await);
    }
    let [silent, looked, rated, locked, held, voided, left, _] = mails.as_slice() else { unreachable!("eight mails") };
    desk.pass(TimeDelta::minutes(10));
    desk.visit(&looked.links[3]).await;
    desk.press(&rated.links[2]).await;
    let page = desk.visit(&rated.links[2]).await.page_token();
    desk.pass(TimeDelta::minutes(10));
    desk.submit(&rated.links[2], &[("page", &page), ("score", "4")]).await;
    desk.comment(&locked.links[0], "It's still broken.\nThank you.").await;
    let page = desk.visit(&held.links[4]).await.page_token();
    desk.pass(TimeDelta::seconds(3));
    desk.submit(&held.links[4], &[("page", &page), ("how", "seen")]).await;
    desk.visit(&held.links[0]).await;
    desk.press(&voided.links[0]).await;

    desk.submit(&left.unsubscribe, &[]).await;
    desk.post("/v1/bounces", json!({"email": "bounced@example.com", "kind": "hard", "reason": "550 unknown"})).await;
    desk.put("/v1/suppressions/complained@example.com", Some(json!({"cause": "complained"}))).await;
    desk.delete("/v1/customers/erased@example.com").await;

    desk.close(json!({"conversation_id": "short", "characters": 9, "teammate": {"id": "t8", "name": "Linus"}})).await;
    desk.reopen("unknown", desk.clock.now()).await;
    refused(&desk, "failed", Attempt::Permanent("550 no such user".into())).await;
    refused(&desk, "reopened", Attempt::Temporary("451 later".into())).await;
    desk.reopen("reopened", desk.clock.now()).await;
    refused(&desk, "waiting", Attempt::Temporary("451 later".into())).await;
    refused(&desk, "sending", Attempt::Temporary("451 later".into())).await;

    desk.key(Scope::Trigger, None, None).await;
    desk.pass(TimeDelta::minutes(1));
    desk.key(Scope::Read, Some("t7"), Some("Billing")).await;
    let revoked = desk.gateway.api_keys().await.expect("keys")[1].id.clone();
    desk.gateway.revoke_key(&revoked).await.expect("revoked");
    desk.gateway.flush().await.expect("views are written");

    let mut db = desk.database().await;
    // No command voids a rating, and no test can crash between a claim and its mark.
    for sql in [
        "UPDATE rating SET voided_from = standing, standing = 'voided'
        WHERE survey_id = (SELECT id FROM survey WHERE conversation_id = 'voided')",
        "UPDATE outbox SET state = 'sending',
            owner = (SELECT unhex(replace(value, '-', '')) FROM setting WHERE name = 'service')
        WHERE id = (SELECT id FROM survey WHERE conversation_id = 'sending')",
        // Every start makes them from the configuration.
        "DELETE FROM day",
        "DELETE FROM setting WHERE name = 'timezone_edition'",
        "UPDATE _sqlx_migrations SET installed_on = '2026-11-22 10:00:00', execution_time = 0",
    ] {
        query(sql).execute(&mut db).await.expect(sql);
    }
    let mut text = format!("-- {COMMAND}\n-- writes this. It ends at {}.\n", stamp(desk.clock.now()));
    let admin = &desk.admin;
    writeln!(text, "-- {admin}").expect("a string takes all");
    for link in silent.links.iter().chain([&silent.unsubscribe]) {
        writeln!(text, "-- {link}").expect("a string takes all");
    }
    text + &statements(&mut db).await
}

/// The SQL that makes the tables, fills them, and then makes what hangs on them.
async fn statements(db: &mut SqliteConnection) -> String {
    let mut text = String::new();
    let tables = schema(db, "type = 'table'").await;
    for (table, sql) in &tables {
        let cells = format!(
            "SELECT group_concat('quote(\"' || name || '\")', ' || '', '' || ') FROM pragma_table_info('{table}')"
        );
        let cells: String = query_scalar(AssertSqlSafe(cells)).fetch_one(&mut *db).await.expect("columns");
        let rows = format!("SELECT 'INSERT INTO {table} VALUES (' || {cells} || ');' FROM {table} ORDER BY 1");
        let rows: Vec<String> = query_scalar(AssertSqlSafe(rows)).fetch_all(&mut *db).await.expect("rows");
        write!(text, "\n{sql};\n{}\n", rows.join("\n")).expect("a string takes all");
    }
    for (_, sql) in schema(db, "type <> 'table'").await {
        write!(text, "\n{sql};\n").expect("a string takes all");
    }
    text
}

/// The names and texts of the parts of a schema, in the order in which they were made.
pub async fn schema(db: &mut SqliteConnection, which: &str) -> Vec<(String, String)> {
    let sql = format!("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND {which} ORDER BY rowid");
    sqlx::query_as(AssertSqlSafe(sql)).fetch_all(db).await.expect("a schema")
}
