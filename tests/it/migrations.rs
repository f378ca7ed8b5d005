//! Databases of earlier versions: the service migrates them and keeps all that they hold, and no other command touches
//! one.
//!
//! `tests/data/databases/NNNN.sql` is the dump of a database that version NNNN of the schema left.

mod story;

use crate::desk::{Desk, config, folder, paths, time};
use crate::process;
use afterword::clock::Clock;
use afterword::gateway::Gateway;
use afterword::render::report::table;
use afterword::survey::access::{Scope, Within};
use afterword::survey::report::ReportQuery;
use axum::http::Method;
use chrono::TimeDelta;
use serde_json::{Value, json};
use sqlx::{Connection, query, query_scalar};
use std::collections::BTreeSet;
use std::path::Path;
use tempfile::TempDir;

/// When a database of a dump is opened again: a day after its last entry.
const NEXT_DAY: &str = "2026-11-23T12:00:00Z";
/// The name of the database in a folder.
const DATABASE: &str = "afterword.db";

/// The version of the database in a folder; 0 before the first.
async fn version(folder: &TempDir) -> i64 {
    let mut db = story::open(&folder.path().join(DATABASE)).await;
    if story::schema(&mut db, "name = '_sqlx_migrations'").await.is_empty() {
        return 0;
    }
    query_scalar("SELECT coalesce(max(version), 0) FROM _sqlx_migrations").fetch_one(&mut db).await.expect("a version")
}

/// The version of this program.
async fn newest() -> i64 {
    version(&folder().await).await
}

/// Everything that decides whether a database has a schema: its parts, and which migrations made them.
async fn shape(folder: &TempDir) -> Vec<(String, String)> {
    let mut db = story::open(&folder.path().join(DATABASE)).await;
    let mut shape = story::schema(&mut db, "true").await;
    let sql = "SELECT 'migration ' || version, hex(checksum) FROM _sqlx_migrations";
    shape.extend(sqlx::query_as::<_, (String, String)>(sql).fetch_all(&mut db).await.expect("migrations"));
    shape.sort();
    shape
}

fn read(dump: &Path) -> String {
    std::fs::read_to_string(dump).unwrap_or_else(|error| panic!("{}: {error}: {}", dump.display(), story::COMMAND))
}

#[tokio::test]
async fn the_newest_schema_has_a_dump() {
    let file = story::file(newest().await);
    if std::env::var_os("WRITE_DUMP").is_some() {
        std::fs::write(&file, story::dump().await).expect("written");
    }
    let (dumped, fresh) = (shape(&story::load(&read(&file)).await).await, shape(&folder().await).await);
    let name = file.display();
    assert!(dumped == fresh, "{name} isn't of the newest schema. This writes it:\n    {}", story::COMMAND);
}

#[tokio::test]
async fn an_upgrade_follows_up_on_the_unhappy_customers_of_the_last_days() {
    let follow_ups = async |sql: &'static str| {
        let folder = story::load(&read(&story::file(3))).await;
        let mut db = story::open(&folder.path().join(DATABASE)).await;
        query(sql).execute(&mut db).await.expect(sql);
        db.close().await.expect("it closes");
        let desk = Desk::at(folder, |_| {}).await;
        desk.sql("SELECT conversation_id, state FROM report_follow_ups").await
    };
    assert_eq!(follow_ups("SELECT 1").await, [["locked", "open"]]);
    let old = "UPDATE rating SET score = 2, rated_at = rated_at - 31 * 86400000 WHERE standing = 'rated'";
    assert_eq!(follow_ups(old).await, [["locked", "open"]]);
    let new = "UPDATE rating SET score = 2, rated_at = rated_at - 29 * 86400000 WHERE standing = 'rated'";
    assert_eq!(follow_ups(new).await.len(), 2);
}

/// A line about what is known of a conversation that was asked about: its mail, its rating, and how that came about.
async fn asked(desk: &Desk, id: &str) -> String {
    let survey = &desk.get(&format!("/v1/conversations/{id}")).await["surveys"][0];
    let (mail, history) = (&survey["mail"], survey["history"].as_array().expect(id));
    let known = [&mail["state"], &mail["note"], &survey["standing"], &survey["score"], &survey["evidence"]];
    let changes = history.iter().map(|change| &change["what"]);
    let words = known.into_iter().chain([&survey["comment"]]).chain(changes).filter(|value| !value.is_null());
    format!("{id}: {}", words.map(Value::to_string).collect::<Vec<_>>().join(", "))
}

#[tokio::test]
async fn a_database_of_any_version_is_migrated_and_kept() {
    let dumps = std::fs::read_dir(story::folder()).expect("a folder").map(|entry| entry.expect("readable").path());
    let dumps: Vec<_> = dumps.filter(|path| path.extension().is_some_and(|kind| kind == "sql")).collect();
    assert_eq!(i64::try_from(dumps.len()), Ok(newest().await), "each version has a dump");
    for dump in dumps {
        let dump = read(&dump);
        let desk = Desk::at(story::load(&dump).await, |_| {}).await;
        desk.turn_to(NEXT_DAY);
        assert_eq!(version(&desk.folder).await, newest().await);
        let held = what_it_holds(&desk).await;
        insta::allow_duplicates! { insta::assert_snapshot!(held, @r#"
        2026-10-25 to 2026-11-23, by teammate

                 CSAT  ratings  😠  🙁  😐  😀  🤩  asked  answered  response  held  unconfirmed  waiting  failed
        Grace  50.0 %        2   1   0   0   1   0      7         2    28.6 %     1            1        2       1
        total  50.0 %        2   1   0   0   1   0      7         2    28.6 %     1            1        2       1

        silent: "accepted", "unrated"
        looked: "accepted", "unrated"
        rated: "accepted", "rated", 4, "pressed", "rated", "rated"
        locked: "accepted", "locked", 1, "commented", "It's still broken.\nThank you.", "commented"
        held: "accepted", "held", 5, "seen", "rated", "held"
        voided: "accepted", "voided", 1, "pressed", "rated"
        left: "accepted", "unrated"
        bounced: "accepted", "hard bounce: 550 unknown", "unrated"
        failed: "failed", "550 no such user", "unrated"
        reopened: "cancelled", "reopened", "unrated"
        waiting: "waiting", "451 later", "unrated"
        sending: "waiting", "451 later", "unrated"
        short: "9 characters were written: asking takes more than 250"
        unknown: reopened ["2026-11-22T10:20:33Z"]

        "2026-11-22T10:20:33Z" "bounced" null
        "2026-11-22T10:20:33Z" "complained" "complained@example.com"
        "2026-11-22T10:20:33Z" "opted_out" null
        "2026-11-22T10:20:33Z" "erased" null

        key admin None None, revoked: false
        key trigger None None, revoked: true
        key read Some("t7") Some("Billing"), revoked: false
        "#) }
        it_goes_on(&desk, &dump).await;
    }
}

/// What was reported, asked and suppressed, and the keys.
async fn what_it_holds(desk: &Desk) -> String {
    let report = desk.gateway.report(&ReportQuery::default(), &Within::default()).await.expect("a report");
    let text = table(&report);
    // Only the newest version knew who opened what nobody rated.
    let (figures, split) = text.split_once("\nunconfirmed, by").expect("one is unconfirmed");
    let known = split.contains("elsewhere: 0 within 5 minutes, 1 later\n");
    assert!(known || split.contains(", 0 later, before this was noted 1\n"), "{split}");
    let mut lines = vec![figures.to_owned()];
    for id in story::ASKED {
        lines.push(asked(desk, id).await);
    }
    let short = &desk.get("/v1/conversations/short").await["decisions"][0]["reasons"][0];
    let unknown = &desk.get("/v1/conversations/unknown").await["reopenings"];
    lines.push(format!("short: {}\nunknown: reopened {unknown}\n", short["message"]));
    let suppressions = desk.get("/v1/suppressions").await["items"].clone();
    for row in suppressions.as_array().expect("items") {
        lines.push(format!("{} {} {}", row["at"], row["cause"], row["address"]));
    }
    lines.push(String::new());
    let keys = desk.gateway.api_keys().await.expect("keys");
    for key in keys.iter().filter(|key| !desk.admin.contains(&key.id)) {
        let Within { teammate, team } = &key.within;
        lines.push(format!("key {} {teammate:?} {team:?}, revoked: {}", key.scope, key.revoked_at.is_some()));
    }
    lines.join("\n")
}

/// Goes on where those were who use the service: nobody notices a migration.
async fn it_goes_on(desk: &Desk, dump: &str) {
    for (id, cause) in
        [("left", "opted_out"), ("bounced", "bounced"), ("complained", "complained"), ("erased", "erased")]
    {
        let customers = json!([{"email": format!("{id}@example.com")}]);
        let skipped = desk.dry_run(json!({"conversation_id": "new", "customers": customers})).await;
        assert_eq!(skipped.rules(), [cause]);
    }

    // A key still opens what it opened, and the links of a mail still work.
    let (_, rest) = dump.split_once("-- aw_admin_").expect("a key");
    let admin = format!("aw_admin_{}", rest.lines().next().expect("the rest of the key"));
    assert_eq!(desk.call(Method::GET, "/v1/report", Some(&admin), None).await.status, 200);
    let (rate, leave) = (paths(dump, "/r/"), paths(dump, "/u/"));
    assert_eq!(desk.press(&rate[3]).await["standing"], "rated");
    desk.pass(TimeDelta::minutes(10));
    assert_eq!(desk.comment(&rate[4], "Thank you.").await["standing"], "locked");
    assert_eq!(desk.submit(&leave[0], &[]).await.status, 200);
    let silent = json!({"conversation_id": "new", "customers": [{"email": "silent@example.com"}]});
    assert_eq!(desk.dry_run(silent).await.rules(), ["opted_out"]);

    // A crash left a lease. Its mail goes out, as does the one that waits.
    desk.deliver().await;
    let sent: BTreeSet<_> = desk.mails().into_iter().map(|mail| mail.to).collect();
    assert_eq!(sent, BTreeSet::from(["sending", "waiting"].map(|id| format!("{id}@example.com"))));
}

#[tokio::test]
async fn what_earlier_versions_saw_opened_is_unconfirmed_by_nobody_known() {
    let desk = Desk::at(story::load(&read(&story::file(2))).await, |_| {}).await;
    let opened =
        |id: &str| format!("SELECT opened FROM rating JOIN survey ON id = survey_id WHERE conversation_id = '{id}'");
    assert_eq!(desk.sql(&opened("looked")).await, [["unknown"]]);
    assert_eq!(desk.sql(&opened("silent")).await, [["null"]]);
    assert_eq!(desk.sql(&opened("rated")).await, [["unknown"]]);
    assert_eq!(desk.sql("SELECT unconfirmed, unconfirmed_other_later FROM report_days").await, [["1", "0"]]);
}

fn clock() -> Clock {
    Clock::at(time(NEXT_DAY))
}

/// Makes a database look as if an earlier version had made it.
async fn make_older(folder: &TempDir) {
    let mut db = story::open(&folder.path().join(DATABASE)).await;
    let done = query("DELETE FROM _sqlx_migrations WHERE version = (SELECT max(version) FROM _sqlx_migrations)");
    assert_eq!(done.execute(&mut db).await.expect("deleted").rows_affected(), 1);
}

#[tokio::test]
async fn a_command_names_the_service_as_who_migrates_and_migrates_nothing() {
    let here = folder().await;
    make_older(&here).await;
    let before = shape(&here).await;
    let refused = Gateway::open(config(here.path()), clock()).await.expect_err("an older schema").to_string();
    let refused = refused.replace(&here.path().display().to_string(), "FOLDER");
    let (older, newest) = (newest().await - 1, newest().await);
    let expected = format!(
        "the database FOLDER/afterword.db has schema {older}, and this program needs schema {newest}: \
        restart `afterword serve`, which migrates it, or try again when it has"
    );
    assert_eq!(refused, expected);
    for command in ["key list", "report", "suppression list"] {
        let arguments: Vec<_> = command.split(' ').collect();
        let done = process::afterword(here.path(), &arguments).env_clear().output().expect("it runs");
        let log = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.code() == Some(1) && log.contains("restart `afterword serve`"), "{command}: {log}");
    }
    assert_eq!(shape(&here).await, before);
}

/// Makes a key as `afterword key new` does; its id.
async fn new_key(folder: &TempDir) -> Result<String, String> {
    let opened = Gateway::open_or_make(config(folder.path()), clock()).await.map_err(|error| error.to_string())?;
    let made = opened.new_key("first", Scope::Admin, Within::default()).await.expect("a key");
    opened.shut_down().await;
    Ok(made.id)
}

/// The ids of all keys in a database of the newest version.
async fn keys(folder: &TempDir) -> Vec<String> {
    let opened = Gateway::open(config(folder.path()), clock()).await.expect("the newest version");
    opened.api_keys().await.expect("keys").into_iter().map(|key| key.id).collect()
}

#[tokio::test]
async fn a_new_key_makes_or_migrates_the_database_if_nobody_serves() {
    let nothing = tempfile::tempdir().expect("a folder");
    let made = new_key(&nothing).await.expect("made");
    assert_eq!((version(&nothing).await, keys(&nothing).await), (newest().await, vec![made]));

    // A database before the first version is the oldest there is.
    let oldest = folder().await;
    std::fs::write(oldest.path().join(DATABASE), "").expect("emptied");
    let refused = new_key(&oldest).await.expect_err("an empty file beside its keys is a lost database");
    assert!(refused.starts_with("there is no database ") && refused.contains("--new-database"), "{refused}");
    let mut db = story::open(&oldest.path().join(DATABASE)).await;
    query("PRAGMA user_version = 1").execute(&mut db).await.expect("written");
    db.close().await.expect("closed");
    assert_eq!(version(&oldest).await, 0);
    let made = new_key(&oldest).await.expect("migrated");
    assert_eq!((version(&oldest).await, keys(&oldest).await), (newest().await, vec![made]));
}

#[tokio::test]
async fn a_new_key_beside_the_service_leaves_the_schema_to_it() {
    let here = folder().await;
    let (_service, _lock) = Gateway::serve(config(here.path()), clock(), None).await.expect("nobody else serves");
    let made = new_key(&here).await.expect("it has the schema already");
    assert_eq!(keys(&here).await, [made]);
    make_older(&here).await;
    let before = shape(&here).await;
    let refused = new_key(&here).await.expect_err("an older schema");
    assert!(refused.contains("restart `afterword serve`, which migrates it"), "{refused}");
    assert_eq!(shape(&here).await, before);
}
