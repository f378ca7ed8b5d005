//! The commands beside the service: what they never make or change, and what they do when nobody reads their output.

use crate::desk::Desk;
use crate::{bounces, process};
use afterword::gateway::{Gateway, StartError};
use afterword::store::OpenError;
use chrono_tz::Tz;
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;
use std::io::{Write, pipe};
use std::path::Path;
use std::process::{Command, Output, Stdio};

pub fn afterword(folder: &Path, arguments: &str) -> Command {
    let mut command = process::afterword(folder, &arguments.split(' ').collect::<Vec<_>>());
    command.env_clear().stdin(Stdio::null());
    command
}

pub fn run(folder: &Path, arguments: &str) -> Output {
    afterword(folder, arguments).output().expect("it runs")
}

pub fn code(output: &Output) -> i32 {
    output.status.code().expect("no signal ended it")
}

pub fn said(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The files of a folder and what is in them.
pub fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("readable").path());
    entries.map(|path| (path.display().to_string(), fs::read(&path).unwrap_or_default())).collect()
}

#[tokio::test]
async fn a_second_service_is_refused_before_it_changes_anything() {
    let desk = Desk::open().await;
    let config = (*desk.gateway.config).clone();
    let (_service, _lock) = Gateway::serve(config.clone(), desk.clock.clone(), None).await.expect("nobody else serves");
    // What a migration must not touch: it would have to make this table again.
    desk.sql("DROP TABLE _sqlx_migrations").await;
    let tables = async || {
        let days = desk.sql("SELECT * FROM day").await;
        (desk.everything().await, desk.sql("SELECT sql FROM sqlite_schema").await, days)
    };
    let (before, bytes) = (tables().await, files(desk.folder.path()));
    let mut other = config;
    other.report.timezone = Tz::Europe__Berlin;
    other.report.positive = vec![3];
    let refused = Gateway::serve(other, desk.clock.clone(), None).await.expect_err("one service owns a database");
    assert!(matches!(refused, StartError::Store(OpenError::Served(_))), "{refused}");
    let without_index = |mut files: BTreeMap<String, Vec<u8>>| {
        files.retain(|name, _| !name.ends_with("-shm"));
        files
    };
    assert_eq!(without_index(files(desk.folder.path())), without_index(bytes));
    assert_eq!(tables().await, before);
}

#[tokio::test]
async fn a_command_makes_no_database() {
    let commands = [
        "report",
        "key list",
        "key revoke 000000000000",
        "suppression list",
        "suppression add eve@example.com",
        "suppression remove eve@example.com",
        "bounce",
    ];
    let desk = Desk::open().await;
    for keys in [false, true] {
        let folder = tempfile::tempdir().expect("a folder");
        if keys {
            fs::copy(desk.folder.path().join("afterword.keys"), folder.path().join("afterword.keys")).expect("copied");
        }
        let before = files(folder.path());
        for command in commands {
            let output = run(folder.path(), command);
            let expected = if keys { "there is no database afterword.db" } else { "afterword.keys: no such file" };
            let text = said(&output.stderr);
            assert!(text.starts_with("afterword: ") && text.contains(expected), "{command}: {text}");
            assert_eq!(code(&output), if command == "bounce" { 75 } else { 1 }, "{command}");
            assert_eq!(files(folder.path()), before, "{command}");
        }
    }
}

#[tokio::test]
async fn no_second_key_file_is_made_for_a_database_that_is_there() {
    let desk = Desk::open().await;
    let keys = desk.folder.path().join("afterword.keys");
    fs::remove_file(&keys).expect("removed");
    for command in ["serve", "key new --scope read --name x", "key list", "report"] {
        let output = run(desk.folder.path(), command);
        let text = said(&output.stderr);
        assert_eq!((code(&output), output.stdout.as_slice()), (1, &b""[..]), "{command}: {text}");
        let expected = format!(
            "afterword: the key file {}: no such file: expected the one that `afterword init` or the first start of the \
            service made",
            keys.display()
        );
        assert_eq!(text.trim_end(), expected, "{command}");
        assert!(!keys.exists(), "{command}");
    }
}

#[tokio::test]
async fn a_report_counts_as_the_service_does_whatever_edition_of_the_zones_it_has() {
    let desk = Desk::open().await;
    desk.sql("UPDATE setting SET value = '1999a' WHERE name = 'timezone_edition'").await;
    let before = desk.everything().await;
    let with = |config: &str, command: &str| {
        fs::write(desk.folder.path().join("afterword.toml"), config).expect("written");
        run(desk.folder.path(), command)
    };
    let output = with("", "report");
    assert_eq!(code(&output), 0, "{}", said(&output.stderr));
    let berlin = "timezone = 'Europe/Berlin'";
    for (other, command) in
        [(berlin, "report"), ("positive = [5]", "report"), (berlin, "decisions"), (berlin, "follow-ups")]
    {
        let output = with(&format!("[report]\n{other}"), command);
        let text = said(&output.stderr);
        assert!(code(&output) == 2 && text.contains("[report] differs from"), "{command}, {other}: {text}");
    }
    assert_eq!(desk.everything().await, before, "a report changes nothing");
}

#[tokio::test]
async fn a_reversed_period_is_a_fault_of_its_option() {
    let desk = Desk::open().await;
    let output = run(desk.folder.path(), "report --from 2026-11-03 --to 2026-11-01");
    let text = said(&output.stderr);
    assert!(code(&output) == 2 && text.starts_with("afterword: --from: "), "{text}");
}

#[test]
fn a_test_mail_leaves_nothing_but_itself() {
    let folder = tempfile::tempdir().expect("a folder");
    for (config, expected) in [("mail.smtp = 'file:mails'", 1), ("mail.smtp = 'smtp://127.0.0.1:1'", 1)] {
        fs::write(folder.path().join("afterword.toml"), config).expect("a configuration");
        assert_eq!(code(&run(folder.path(), "send-test ada@example.com")), expected);
        let names: Vec<_> = files(folder.path()).into_keys().collect();
        let ours = |name: &String| ["afterword.toml", "mails"].iter().any(|ours| name.ends_with(ours));
        assert!(names.len() == 2 && names.iter().all(ours), "neither keys nor a database: {names:?}");
    }
}

/// An output that nobody reads any more, as after `| head -1`.
fn closed() -> Stdio {
    let (reader, writer) = pipe().expect("a pipe");
    drop(reader);
    writer.into()
}

#[tokio::test]
async fn a_reader_that_has_seen_enough_is_no_failure() {
    let desk = bounces::desk().await;
    let sent = bounces::send(&desk, "1", "ada@example.com").await;
    let bounce = bounces::report("postfix-unknown.eml", &sent);
    desk.sql(
        "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 5000)
        INSERT INTO suppression SELECT printf('%032x', n), 'bounced', n, 'u' || n || '@example.com' FROM n",
    )
    .await;
    let folder = desk.folder.path();
    for command in [
        "suppression list",
        "suppression add eve@example.com",
        "suppression remove eve@example.com",
        "preview --out samples",
        "key new --scope read --name x",
        "key list",
        "report",
        "report --format csv",
        "report --format json",
        "ratings",
        "config",
        "config --json",
        "completions bash",
        "man",
        "backup copy.db",
        "--help",
        "--version",
        "help report",
        "bounce",
    ] {
        let mut running = afterword(folder, command)
            .stdin(Stdio::piped())
            .stdout(closed())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        // Only `bounce` reads it.
        drop(running.stdin.take().expect("piped").write_all(bounce.as_bytes()));
        let output = running.wait_with_output().expect("it ends");
        let text = said(&output.stderr);
        assert!(code(&output) == 0 && !text.contains("panicked") && !text.contains("Broken pipe"), "{command}: {text}");
    }
    assert_eq!(desk.sql("SELECT count(*) FROM suppression WHERE cause = 'bounced'").await, [["5001"]], "it was taken");
}

#[tokio::test]
async fn a_log_that_nobody_reads_changes_no_exit_code() {
    let desk = Desk::open().await;
    desk.close(json!({})).await;
    for (command, expected) in [("key list", 0), ("key revoke x", 1), ("report --from x", 2)] {
        let mut command = afterword(desk.folder.path(), command);
        // Each of these is a warning in the log.
        command.envs([("AFTERWORD_KEY", "x"), ("AFTERWORD_PORT", "x")]);
        let output = command.stdout(Stdio::piped()).stderr(closed()).output().expect("it runs");
        assert_eq!(code(&output), expected, "{command:?}");
    }
}

#[tokio::test]
async fn ratings_are_printed_page_by_page_and_each_once() {
    let desk = Desk::open().await;
    // More than a page of the API holds. Several are of one moment.
    for sql in [
        "INSERT INTO survey (id, connection, conversation_id, closed_at, made_at, address_hash)
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 450)
            SELECT unhex(printf('%032x', i)), '', i, 0, 0, i FROM n",
        "INSERT INTO rating (survey_id, standing, score, evidence, rated_at, page, page_issued, comment)
            SELECT id, 'locked', 2, 'commented', unixepoch() * 1000 - conversation_id / 7, 1, 0, 'Why, ' || conversation_id
            FROM survey",
        "UPDATE rating SET standing = 'voided', voided_from = 'locked' WHERE comment = 'Why, 450'",
    ] {
        sqlx::query(sql).execute(&mut desk.database().await).await.expect(sql);
    }
    fs::write(desk.folder.path().join("afterword.toml"), "").expect("written");
    let ratings = |options: &str| {
        let output = run(desk.folder.path(), &format!("ratings {options}"));
        assert_eq!(code(&output), 0, "{options}: {}", said(&output.stderr));
        said(&output.stdout)
    };
    let json: serde_json::Value = serde_json::from_str(&ratings("--format json")).expect("one object");
    let comments = json["items"].as_array().expect("items").iter().map(|row| row["comment"].to_string());
    let comments: std::collections::BTreeSet<_> = comments.collect();
    assert_eq!((comments.len(), json["items"].as_array().map(Vec::len)), (449, Some(449)));
    assert_eq!(ratings("--format csv").lines().count(), 450);
    assert_eq!(ratings("--commented").lines().count(), 2 * 449, "a line and its comment");
    assert_eq!(ratings("--commented false"), "No ratings.\n");
    assert_eq!(ratings("--score 1 --score 5 --format json"), "{\"items\":[\n]}\n");
    for (options, expected) in [("--score 6", "expected 1 to 5"), ("--from then", "expected a day")] {
        let output = run(desk.folder.path(), &format!("ratings {options}"));
        let text = said(&output.stderr);
        assert!(code(&output) == 2 && text.contains(expected), "{options}: {text}");
    }
}
