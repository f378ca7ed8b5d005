//! What an operator relies on: a service that tells the truth about itself, and that no log can stop.

use crate::desk::{Answer, Desk, folder, time};
use crate::log::Log;
use crate::process::{Running, afterword, free_port, request, wait_for};
use crate::sink::{Act, Plan, Sink};
use afterword::clock::Clock;
use afterword::config::Config;
use afterword::gateway::{Delivery, Gateway, ServeLock};
use afterword::private;
use afterword::survey::access::{Scope, Within};
use afterword::survey::outbound::Attempt;
use afterword::survey::sending::Sending;
use axum::body::Body;
use axum::http::{Method, Request};
use chrono::TimeDelta;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::pipe;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::pin::pin;
use std::process::{Command, Stdio};

async fn ready(desk: &Desk) -> (u16, String) {
    let answer = desk.send(Request::get("/readyz").body(Body::empty()).expect("a request")).await;
    (answer.status, answer.text)
}

/// A second later, so that the answer is a new one.
async fn ready_later(desk: &Desk) -> (u16, String) {
    desk.pass(TimeDelta::seconds(1));
    ready(desk).await
}

fn ok(word: &str) -> (u16, String) {
    (200, format!("{word}\n"))
}

#[tokio::test]
async fn readiness_writes_a_row_and_says_what_keeps_it_from_that() {
    let desk = Desk::open().await;
    assert_eq!(ready(&desk).await, ok("ready"));
    // A transaction that writes nothing commits on a full disk, too.
    let trap = "CREATE TRIGGER trap BEFORE UPDATE ON service BEGIN SELECT RAISE(ABORT, 'no room'); END";
    sqlx::query(trap).execute(&mut desk.database().await).await.expect("a trap");
    let log = Log::at(tracing::Level::INFO);
    let down = (503, "not ready: the database takes no writes\n".to_owned());
    for _ in 0..3 {
        assert_eq!(ready_later(&desk).await, down);
    }
    sqlx::query("DROP TRIGGER trap").execute(&mut desk.database().await).await.expect("dropped");
    assert_eq!(ready_later(&desk).await, ok("ready"));
    let errors = log.lines("ERROR");
    assert_eq!(errors.len(), 1, "a change is logged, and not each answer: {}", log.text());
    assert_eq!(errors[0]["fields"]["why"], "the database takes no writes: the store cannot answer: no room");
}

#[tokio::test]
async fn strangers_are_not_told_why_sending_is_paused() {
    let desk = Desk::open().await;
    let log = Log::at(tracing::Level::INFO);
    desk.gateway.pause_mail("Ada at relay.example.com looks into it").await.expect("paused");
    // A worker reads of the pause when it looks for mail.
    desk.deliver().await;
    assert_eq!(ready_later(&desk).await, ok("degraded: sending is paused"));
    let full = "sending is paused: Ada at relay.example.com looks into it";
    assert_eq!(desk.get("/v1/status").await["service"]["degraded"], json!([full]));
    assert_eq!(log.lines("WARN").last().expect("a line")["fields"]["why"], full);
}

#[tokio::test]
async fn a_crowd_that_asks_writes_once_a_second() {
    let desk = Desk::open().await;
    let writes = "CREATE TABLE writes (n INTEGER); INSERT INTO writes VALUES (0);
        CREATE TRIGGER counted BEFORE INSERT ON service BEGIN UPDATE writes SET n = n + 1; END";
    sqlx::raw_sql(writes).execute(&mut desk.database().await).await.expect("a counter");
    for second in 1..4 {
        let crowd = (0..50).map(|_| ready(&desk));
        for answer in futures_util::future::join_all(crowd).await {
            assert_eq!(answer, ok("ready"));
        }
        assert_eq!(desk.sql("SELECT n FROM writes").await, [[second.to_string()]]);
        desk.pass(TimeDelta::seconds(1));
    }
}

#[tokio::test]
async fn a_database_that_is_deleted_or_replaced_is_noticed() {
    let desk = Desk::open().await;
    assert_eq!(ready(&desk).await, ok("ready"));
    let path = &desk.gateway.config.database;
    let kept = path.with_extension("kept");
    fs::rename(path, &kept).expect("moved");
    assert_eq!(ready_later(&desk).await, (503, "not ready: the database file is gone from its path\n".into()));
    assert_eq!(desk.close(json!({})).await.status, 503, "what is written now would be lost");
    fs::copy(&kept, path).expect("copied");
    let other = (503, "not ready: another file lies at the path of the database\n".into());
    assert_eq!(ready_later(&desk).await, other);
    fs::rename(&kept, path).expect("moved back");
    assert_eq!(ready_later(&desk).await, ok("ready"));
    assert_eq!(desk.close(json!({})).await.status, 202);
    fs::remove_file(desk.folder.path().join("afterword.db-wal")).expect("removed");
    let log = "not ready: the write-ahead log of the database is gone from its path\n";
    assert_eq!(ready_later(&desk).await, (503, log.into()));
}

#[tokio::test]
async fn a_database_behind_a_symbolic_link_is_ready() {
    let folder = folder().await;
    let [link, file] = ["afterword.db", "elsewhere.db"].map(|file| folder.path().join(file));
    fs::rename(&link, &file).expect("moved");
    std::os::unix::fs::symlink(&file, &link).expect("linked");
    let desk = Desk::at(folder, |_| {}).await;
    assert_eq!(ready(&desk).await, ok("ready"));
    let log = desk.folder.path().join("elsewhere.db-wal");
    let bytes = [&file, &log].map(|file| file.metadata().expect("there").len());
    assert_eq!(desk.get("/v1/status").await["database"]["bytes"], bytes[0] + bytes[1]);
    fs::remove_file(log).expect("removed");
    assert_eq!(ready_later(&desk).await.0, 503);
}

#[tokio::test]
async fn workers_that_are_gone_are_noticed() {
    let desk = Desk::open().await;
    let gateway = &desk.gateway;
    assert_eq!(ready(&desk).await, ok("ready"), "nothing sends here, and nothing should");
    gateway.wants_workers(2);
    assert_eq!(ready_later(&desk).await, (503, "not ready: no mail worker runs\n".into()));
    assert!(gateway.needs_restart());
    gateway.worker_runs();
    let degraded = "degraded: 1 of 2 mail workers failed and are started again\n";
    assert_eq!(ready_later(&desk).await, (200, degraded.into()));
    gateway.worker_runs();
    assert_eq!(ready_later(&desk).await, ok("ready"));
    gateway.worker_ended();
    gateway.worker_panicked();
    assert_eq!(ready_later(&desk).await.0, 200);
    let workers = desk.get("/v1/status").await["service"]["workers"].clone();
    assert_eq!(workers, json!({"wanted": 2, "alive": 1, "panics": 1}));
    assert!(!gateway.needs_restart());
}

/// Refuses the next mails for such reasons.
async fn refuse(desk: &Desk, id: &str, attempt: Attempt) {
    desk.memory.answer_next([attempt]);
    let customers = json!([{"email": format!("{id}@example.com")}]);
    assert_eq!(desk.close(json!({"conversation_id": id, "customers": customers})).await["decision"], "ask");
    desk.deliver().await;
}

#[tokio::test]
async fn status_tells_why_no_mails_come() {
    let desk = Desk::open().await;
    desk.close(json!({"conversation_id": "1"})).await;
    desk.deliver().await;
    desk.pass(TimeDelta::minutes(10));
    refuse(&desk, "2", Attempt::Permanent("550 5.1.1 unknown".into())).await;
    refuse(&desk, "3", Attempt::Unreachable("535 5.7.8 Authentication credentials invalid".into())).await;
    desk.call(Method::GET, "/v1/report", None, None).await;
    desk.post("/v1/closings", json!({"nonsense": 1})).await;
    desk.post("/v1/closings", json!({})).await;
    desk.visit("/favicon.ico").await;
    desk.pass(TimeDelta::minutes(2));
    let status = desk.get("/v1/status").await;
    let mail = &status["mail"];
    assert_eq!((&mail["waiting"], &mail["failed_24h"], &mail["accepted_24h"]), (&json!(1), &json!(1), &json!(1)));
    assert_eq!(mail["last_accepted"], "2026-11-22T10:00:00Z");
    assert_eq!(mail["oldest_due"], "2026-11-22T10:10:00Z");
    let error = json!({"at": "2026-11-22T10:10:00Z", "why": "535 5.7.8 Authentication credentials invalid"});
    assert_eq!((&mail["last_error"], &mail["route"]), (&error, &json!("file:mail")));
    assert_eq!(status["refused_24h"], json!({"invalid": 2, "unknown_key": 1}));
    assert_eq!(status["service"]["running"], true);
    let states = "SELECT state, count(*) FROM report_mails GROUP BY 1 ORDER BY 1";
    assert_eq!(desk.sql(states).await, [["accepted", "1"], ["failed", "1"], ["waiting", "1"]]);

    // What is older than a day no longer counts, and what waits does.
    desk.pass(TimeDelta::hours(25));
    let status = desk.get("/v1/status").await;
    let mail = &status["mail"];
    assert_eq!((&mail["waiting"], &mail["failed_24h"], &mail["accepted_24h"]), (&json!(1), &json!(0), &json!(0)));
    assert_eq!((&mail["last_accepted"], &mail["last_error"]), (&json!("2026-11-22T10:00:00Z"), &error));
    assert_eq!(status["refused_24h"], json!({}));
    assert_eq!(desk.sql("SELECT count(*) FROM refusal").await, [["0"]], "nothing older is kept");
    let trigger = desk.key(Scope::Trigger, None, None).await;
    assert_eq!(desk.call(Method::GET, "/v1/status", Some(&trigger), None).await.status, 403);
}

#[tokio::test]
async fn status_works_while_the_service_is_down_and_the_last_error_outlives_it() {
    let desk = Desk::open().await;
    refuse(&desk, "1", Attempt::Unreachable("Connection refused".into())).await;
    ready(&desk).await;
    desk.gateway.say_goodbye().await;
    let status = |arguments: &[&str]| {
        let output = afterword(desk.folder.path(), arguments).env_clear().output().expect("it runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    let text = status(&["status"]);
    assert!(
        text.starts_with("service          stopped ") && text.contains("\nwaiting          1, the oldest"),
        "{text}"
    );
    assert!(text.contains("\nlast error       Connection refused  ("), "{text}");
    let json: Value = serde_json::from_str(&status(&["status", "--json"])).expect("JSON");
    assert_eq!((&json["service"]["running"], &json["mail"]["waiting"]), (&json!(false), &json!(1)));

    let desk = Desk::at(desk.folder, |_| {}).await;
    let again = desk.get("/v1/status").await;
    assert_eq!(again["mail"]["last_error"]["why"], "Connection refused");
    assert_eq!((&again["service"]["running"], &again["service"]["stopped_at"]), (&json!(true), &Value::Null));
}

#[tokio::test]
async fn no_figure_of_status_reads_every_mail() {
    let desk = Desk::open().await;
    for (sql, index) in [
        ("SELECT count(*), min(first_due) FROM outbox WHERE state IN ('waiting', 'sending')", "outbox_due"),
        ("SELECT count(*) FROM outbox WHERE state = 'failed' AND due_at >= 1", "outbox_failed (due_at>?)"),
        ("SELECT count(*) FROM rating WHERE asked_at >= 1 AND standing <> 'voided'", "rating_asked (asked_at>?)"),
        ("SELECT max(asked_at) FROM rating WHERE asked_at IS NOT NULL AND standing <> 'voided'", "rating_asked"),
        ("SELECT count(*) FROM report_mails WHERE state = 'failed' AND due_at >= 1", "outbox_failed (due_at>?)"),
    ] {
        let plan = desk.sql(&format!("EXPLAIN QUERY PLAN {sql}")).await.concat().concat();
        assert!(plan.contains(&format!("INDEX {index}")), "{sql}: {plan}");
    }
}

/// The value of a metric; `name` holds its labels.
fn value(metrics: &Answer, name: &str) -> i64 {
    let line = metrics.text.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
    line.unwrap_or_else(|| panic!("no {name} in {}", metrics.text)).parse().expect("a whole number")
}

#[tokio::test]
async fn metrics_count_what_happens() {
    let desk = Desk::open().await;
    let log = Log::at(tracing::Level::WARN);
    let refused = desk.call(Method::GET, "/metrics", None, None).await;
    assert_eq!((refused.status, refused.header("content-type")), (401, "application/problem+json"));
    let warned = log.lines("WARN");
    assert_eq!(
        (&warned[0]["fields"]["code"], &warned[0]["span"]["route"]),
        (&json!("unknown_key"), &json!("/metrics"))
    );
    drop(log);
    desk.close(json!({"conversation_id": "1"})).await;
    desk.close(json!({"conversation_id": "1"})).await;
    desk.close(json!({"conversation_id": "2", "characters": 3, "state": "snoozed"})).await;
    desk.dry_run(json!({"conversation_id": "3"})).await;
    let mail = desk.the_mail().await;
    desk.pass(TimeDelta::minutes(10));
    desk.press(&mail.links[4]).await;
    desk.comment(&mail.links[4], "thanks").await;
    refuse(&desk, "4", Attempt::Unreachable("no".into())).await;
    desk.pass(TimeDelta::seconds(7));
    let metrics = desk.get("/metrics").await;
    assert_eq!(metrics.header("content-type"), "application/openmetrics-text; version=1.0.0; charset=utf-8");
    for (name, expected) in [
        ("closings_total{decision=\"ask\"}", 2),
        ("closings_total{decision=\"skip\"}", 1),
        ("skip_reasons_total{rule=\"too_short\"}", 1),
        ("skip_reasons_total{rule=\"not_closed\"}", 1),
        ("mail_attempts_total{outcome=\"accepted\"}", 1),
        ("mail_attempts_total{outcome=\"unreachable\"}", 1),
        ("mail_attempt_seconds_count", 2),
        ("mails_total{outcome=\"accepted\"}", 1),
        ("mails_waiting", 1),
        ("oldest_mail_age_seconds", 7),
        ("posts_total{outcome=\"ok\"}", 2),
        ("ratings_total{evidence=\"pressed\"}", 1),
        ("comments_total", 1),
        ("holds_total", 0),
        ("requests_refused_total{code=\"unknown_key\"}", 1),
        ("ready", 1),
        ("worker_panics_total", 0),
    ] {
        assert_eq!(value(&metrics, &format!("afterword_{name}")), expected, "{name}");
    }
    let views = ["seen", "touched", "pressed", "change", "final", "closed"];
    let views = views.map(|mode| value(&metrics, &format!("afterword_views_total{{mode=\"{mode}\"}}")));
    assert_eq!(views.iter().sum::<i64>(), 2, "{views:?}");
    assert!(value(&metrics, "afterword_writer_batch_commands_count") > 5);
    assert!(value(&metrics, "afterword_database_bytes") > 100_000);
}

#[tokio::test]
async fn a_key_shows_its_last_day_and_ends_when_it_should() {
    let desk = Desk::open().await;
    let end = desk.clock.now() + TimeDelta::days(3);
    let made = desk.gateway.new_key_until(Some(end), "brief", Scope::Read, Within::default()).await.expect("a key");
    let used = async || {
        let keys = desk.gateway.api_keys().await.expect("keys");
        keys.into_iter().find(|key| key.id == made.id).expect("it is there").used_at.map(crate::desk::stamp)
    };
    let call = async || desk.call(Method::GET, "/v1/report", Some(&made.key), None).await.status;
    assert_eq!(used().await, None);
    for hour in 0..3 {
        assert_eq!((call().await, ready_later(&desk).await.0), (200, 200));
        assert_eq!(used().await.as_deref(), Some("2026-11-22T10:00:00Z"), "{hour}: the first use of a day");
        desk.pass(TimeDelta::hours(1));
    }
    desk.turn_to("2026-11-24T09:00:00Z");
    assert_eq!((call().await, ready_later(&desk).await.0), (200, 200));
    assert_eq!(used().await.as_deref(), Some("2026-11-24T09:00:00Z"));
    desk.clock.set(end - TimeDelta::milliseconds(1));
    assert_eq!(call().await, 200);
    desk.clock.set(end);
    assert_eq!(call().await, 401);
    for (name, end) in [(" ", None), ("over", Some(desk.clock.now()))] {
        assert!(desk.gateway.new_key_until(end, name, Scope::Read, Within::default()).await.is_err(), "{name}");
    }
}

#[tokio::test]
async fn views_that_wait_are_one_line_in_the_log() {
    let desk = Desk::open().await;
    desk.close(json!({})).await;
    let mail = desk.the_mail().await;
    let log = Log::at(tracing::Level::INFO);
    // As on a read-only disk: SQLite answers each write with the same code.
    let path = desk.gateway.config.database.clone();
    let mut other = desk.database().await;
    let lock = sqlx::Connection::begin_with(&mut other, "BEGIN IMMEDIATE").await.expect("a lock");
    for _ in 0..3 {
        assert_eq!(desk.visit(&mail.links[4]).await.status, 200);
        assert_eq!(desk.close(json!({"conversation_id": "2"})).await.status, 503);
    }
    lock.rollback().await.expect("released");
    assert_eq!(desk.close(json!({"conversation_id": "3"})).await.status, 202, "{}", path.display());
    let said: Vec<_> = log.lines("ERROR").iter().map(|line| line["fields"]["message"].clone()).collect();
    assert_eq!(said.iter().filter(|said| *said == "the database takes no writes").count(), 1, "{said:?}");
    assert_eq!(log.lines("WARN"), Vec::<Value>::new());
}

/// An installation that writes its mails into a folder.
fn installed(folder: &Path, more: &str) -> u16 {
    let port = free_port();
    let config = format!("listen = '127.0.0.1:{port}'\npublic_url = 'http://127.0.0.1:{port}'\n{more}\n");
    fs::write(folder.join("afterword.toml"), config).expect("a configuration");
    port
}

fn key(folder: &Path) -> String {
    let made =
        afterword(folder, &["key", "new", "--scope", "admin", "--name", "t"]).env_clear().output().expect("it runs");
    let text = String::from_utf8(made.stdout).expect("UTF-8");
    text.lines().last().expect("a key").to_owned()
}

fn start(folder: &Path, port: u16, change: impl FnOnce(&mut Command)) -> Running {
    let mut command = afterword(folder, &["serve"]);
    command.env_clear().stdout(Stdio::null()).stdin(Stdio::null());
    change(&mut command);
    let service = Running(command.spawn().expect("it starts"));
    wait_for("the service", || request(port, "GET", "/healthz", &[], ""));
    service
}

fn signal(service: &Running, name: &str) {
    let id = service.0.id().to_string();
    assert!(Command::new("kill").args([name, &id]).status().expect("kill runs").success());
}

fn ends(mut service: Running) -> Option<i32> {
    wait_for("the end", || service.0.try_wait().expect("its state")).code()
}

/// Closes a conversation, and waits for its mail.
fn mail_flows(folder: &Path, port: u16, key: &str, id: &str) {
    let now = crate::desk::stamp(Clock::System.now());
    let closing = json!({"conversation_id": id, "closed_at": now, "customers": [{"email": "ada@example.com"}]});
    let bearer = format!("Bearer {key}");
    let answer = request(port, "POST", "/v1/closings", &[("Authorization", &bearer)], &closing.to_string());
    assert_eq!(answer.expect("an answer").0, 202);
    let count = || fs::read_dir(folder.join("mail")).map_or(0, Iterator::count);
    let number: usize = id.parse().expect("a number");
    wait_for("the mail", || (count() >= number).then_some(()));
}

#[test]
fn a_log_that_cannot_be_written_stops_nothing() {
    let closed = || {
        let (reader, writer) = pipe().expect("a pipe");
        drop(reader);
        Stdio::from(writer)
    };
    let full = || Stdio::from(File::options().write(true).open("/dev/full").expect("Linux"));
    let kinds: [(&str, &dyn Fn() -> Stdio); 2] = [("a closed pipe", &closed), ("a full disk", &full)];
    for (what, log) in kinds {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path();
        let port = installed(folder, "");
        let key = key(folder);
        // Every step is logged, so that a line cannot be written at every step.
        let service = start(folder, port, |command| {
            command.env("AFTERWORD_LOG", "trace").stderr(log());
        });
        for number in 1..=6 {
            mail_flows(folder, port, &key, &number.to_string());
        }
        for _ in 0..8 {
            let refused = request(port, "GET", "/v1/report", &[], "").expect("an answer, not a dropped connection");
            assert_eq!(refused.0, 401, "{what}");
        }
        assert_eq!(request(port, "GET", "/readyz", &[], ""), Some((200, "ready\n".into())), "{what}");
        signal(&service, "-TERM");
        assert_eq!(ends(service), Some(0), "{what}");
    }
}

#[test]
fn the_service_manager_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let port = installed(folder, "");
    let socket = UnixDatagram::bind(folder.join("notify")).expect("a socket");
    socket.set_read_timeout(Some(crate::process::PATIENCE)).expect("a timeout");
    let service = start(folder, port, |command| {
        command.stderr(Stdio::null()).env("NOTIFY_SOCKET", folder.join("notify")).env("WATCHDOG_USEC", "200000");
    });
    let mut told = Vec::new();
    let mut hear = |wanted: &str, times: usize| {
        while told.iter().filter(|told| *told == wanted).count() < times {
            let mut buffer = [0; 100];
            let length = socket.recv(&mut buffer).expect(wanted);
            told.push(String::from_utf8_lossy(&buffer[..length]).trim().to_owned());
        }
    };
    hear("READY=1", 1);
    hear("WATCHDOG=1", 3);
    signal(&service, "-TERM");
    hear("STOPPING=1", 1);
    assert_eq!(ends(service), Some(0));
}

#[test]
fn a_hangup_reads_the_password_again_and_ends_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    private::write(&folder.join("secret"), b"one\n").expect("a secret");
    let port = installed(folder, "[mail]\nsmtp = 'smtp://me@127.0.0.1:1'\nsmtp_password_file = 'secret'");
    let service = start(folder, port, |command| {
        let log = File::create(folder.join("log")).expect("a log");
        command.stderr(log);
    });
    let said = |what: &str| {
        wait_for(what, || fs::read_to_string(folder.join("log")).expect("a log").contains(what).then_some(()));
    };
    signal(&service, "-HUP");
    said("SIGHUP: a secret was read again");
    fs::write(folder.join("secret"), "").expect("emptied");
    signal(&service, "-HUP");
    said("is empty: expected a password");
    said("SIGHUP: a secret stays as it was");
    signal(&service, "-TERM");
    assert_eq!(ends(service), Some(0));
}

/// A service that logs in at this relay with the password in the file `secret` of this folder.
async fn logs_in(here: &Path, sink: &Sink, desk: &Desk) -> (Gateway, ServeLock) {
    let path = |file: &str| here.join(file).display().to_string();
    let config = format!(
        "database = '{}'\n[mail]\nsmtp = 'smtp://ada@127.0.0.1:{}'\nsmtp_password_file = '{}'",
        path("afterword.db"),
        sink.port,
        path("secret")
    );
    private::write(&here.join("secret"), b"secret\n").expect("a secret");
    fs::write(here.join("afterword.toml"), config).expect("a configuration");
    let (config, _) = Config::load(Some(&here.join("afterword.toml")), std::iter::empty()).expect("settings");
    Gateway::serve(config, desk.clock.clone(), None).await.expect("it starts")
}

async fn ask(gateway: &Gateway, desk: &Desk, id: &str) {
    let customers = json!([{"email": format!("{id}@example.com")}]);
    let mut closing = desk.closing();
    (closing["conversation_id"], closing["customers"]) = (json!(id), customers);
    gateway.close(serde_json::from_value(closing).expect("a closing"), false).await.expect("it asks");
}

#[tokio::test]
async fn a_login_with_the_old_password_says_nothing_of_the_new_one() {
    let wrong = || vec![("EHLO", Act::Say("250-sink\r\n250 AUTH PLAIN")), ("AUTH", Act::Say("535 5.7.8 wrong"))];
    let sink = Sink::start(Plan::Scripts(vec![wrong(), wrong(), wrong(), wrong()[..1].to_vec()])).await;
    let (here, desk) = (folder().await, Desk::open().await);
    let (gateway, _lock) = logs_in(here.path(), &sink, &desk).await;
    ask(&gateway, &desk, "1").await;
    let mut worker = gateway.mail_worker();
    let paused = |seconds| Delivery::Paused(TimeDelta::seconds(seconds));
    for wait in [15, 30] {
        assert_eq!(gateway.deliver_due(&mut worker).await.expect("an answer"), paused(wait));
        desk.pass(TimeDelta::seconds(wait));
    }
    {
        let mut probe = pin!(gateway.deliver_due(&mut worker));
        let asked = async {
            while sink.steps().matches("AUTH").count() < 3 {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            biased;
            () = asked => {}
            early = &mut probe => panic!("{early:?}"),
        }
        fs::write(here.path().join("secret"), "other\n").expect("another secret");
        assert_eq!(gateway.reload(), [Ok("mail.smtp_password_file".to_owned())]);
        assert_eq!(probe.await.expect("an answer"), paused(0), "the refusal is the old password's");
    }
    assert_eq!(gateway.deliver_due(&mut worker).await.expect("an answer"), Delivery::Again);
    assert_eq!((gateway.sending(), sink.seen().taken.len()), (Sending::Running, 1));
}

#[tokio::test]
async fn a_password_that_was_read_again_is_the_one_of_the_next_mail() {
    let plain = || vec![("EHLO", Act::Say("250-sink\r\n250 AUTH PLAIN"))];
    let sink = Sink::start(Plan::Scripts(vec![plain(), plain(), plain()])).await;
    let (here, desk) = (folder().await, Desk::open().await);
    let (gateway, _lock) = logs_in(here.path(), &sink, &desk).await;
    let mut worker = gateway.mail_worker();
    let mut send = async |id: &str| {
        ask(&gateway, &desk, id).await;
        while gateway.deliver_due(&mut worker).await.expect("the store answers") == Delivery::Again {}
        let seen = sink.seen();
        let said = seen.lines.iter().filter(|line| line.starts_with("AUTH"));
        said.map(|line| line.trim_end().to_owned()).collect::<Vec<_>>()
    };
    let one = "AUTH PLAIN AGFkYQBzZWNyZXQ=";
    assert_eq!(send("1").await, [one]);
    fs::write(here.path().join("secret"), "").expect("emptied");
    assert!(gateway.reload()[0].is_err());
    assert_eq!(send("2").await, [one], "the session stays");
    fs::write(here.path().join("secret"), "other\n").expect("another secret");
    assert_eq!(gateway.reload(), [Ok("mail.smtp_password_file".to_owned())]);
    assert_eq!(send("3").await, [one, "AUTH PLAIN AGFkYQBvdGhlcg=="]);
}

#[test]
fn a_start_says_what_was_started_and_what_is_missing() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let metrics = free_port();
    let port = installed(folder, &format!("metrics_listen = '127.0.0.1:{metrics}'"));
    let service = start(folder, port, |command| {
        command.env("AFTERWORD_LOG_FORMAT", "text").stderr(File::create(folder.join("log")).expect("a log"));
    });
    let get = |port, path| request(port, "GET", path, &[], "").expect("an answer");
    let (status, text) = get(metrics, "/metrics");
    assert!(status == 200 && text.contains("\nafterword_mail_workers_alive 4\n"), "{status}: {text}");
    assert_eq!((get(port, "/metrics").0, get(metrics, "/readyz").0), (401, 404), "nothing else is there");
    signal(&service, "-TERM");
    assert_eq!(ends(service), Some(0));
    let log = fs::read_to_string(folder.join("log")).expect("a log");
    let serving = log.lines().find(|line| line.contains("serving")).expect(&log);
    let version = format!("version=\"{}\"", env!("CARGO_PKG_VERSION"));
    for said in ["INFO", &version, "config=\"afterword.toml\"", "database=afterword.db", "mail=file:mail"] {
        assert!(serving.contains(said), "{said}: {serving}");
    }
    assert!(serving.starts_with("20"), "a line in a file has its time: {serving}");
    let warned = log.lines().filter(|line| line.contains("WARN")).collect::<Vec<_>>().join("\n");
    assert!(warned.contains("mail.smtp: mails are written into the folder mail, nothing is sent"), "{warned}");
    assert!(warned.contains("mail.from: support@example.com is an address of an example"), "{warned}");
}

#[test]
fn a_service_that_sends_nothing_is_refused_behind_https() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let run = |variables: &[(&str, &str)]| {
        let mut command = afterword(folder, &["serve"]);
        let output = command.env_clear().envs(variables.iter().copied()).output().expect("it runs");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let https = ("AFTERWORD_PUBLIC_URL", "https://rate.example.org");
    let smtp = ("AFTERWORD_MAIL__SMTP", "smtp://127.0.0.1:1");
    for (variables, said) in [
        (vec![https], "mail.smtp: mails are written into the folder mail"),
        (vec![https, smtp], "mail.from: support@example.com is an address of an example"),
    ] {
        let (code, text) = run(&variables);
        assert!(code == Some(2) && text.contains(said) && text.contains("mail.allow_placeholder = true"), "{text}");
    }
    assert!(!folder.join("afterword.db").exists(), "nothing was made");
    for (name, value, said) in [
        ("AFTERWORD_LOG", "]]]", "expected one of off, error, warn, info, debug, trace"),
        ("AFTERWORD_LOG_FORMAT", "xml", "expected json or text"),
    ] {
        let (code, text) = run(&[(name, value)]);
        assert!(code == Some(2) && text.contains(said), "{text}");
    }
    let mut allowed: Config = Config { public_url: https.1.parse().expect("a URL"), ..Config::default() };
    assert!(allowed.refuse_placeholders().is_err());
    allowed.mail.allow_placeholder = true;
    assert!(allowed.refuse_placeholders().is_ok());
}

#[tokio::test]
async fn a_restart_does_not_forget_refusals() {
    let folder = folder().await;
    let config = crate::desk::config(folder.path());
    for expected in [1, 2] {
        let clock = Clock::at(time("2026-11-22T10:00:00Z"));
        let (gateway, lock) = Gateway::serve(config.clone(), clock, None).await.expect("it starts");
        gateway.refused("invalid");
        gateway.readiness().await;
        assert_eq!(gateway.status().await.expect("a status").stored.refused["invalid"], expected);
        gateway.shut_down().await;
        drop(lock);
    }
}

fn deploy(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy").join(file)).expect(file)
}

/// The metrics that a text names.
fn metrics_in(text: &str) -> BTreeSet<String> {
    let name = |rest: &str| rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect::<String>();
    // A number follows in the name of the Debian package.
    let is_package = |name: &String| name.contains("_0");
    text.match_indices("afterword_").map(|(at, _)| name(&text[at..])).filter(|name| !is_package(name)).collect()
}

#[tokio::test]
async fn dashboard_alerts_and_docs_name_metrics_that_there_are() {
    let webhook = json!({"url": "https://crm.example.com/"});
    let webhook = serde_json::from_value(webhook).expect("settings");
    let desk = Desk::with(|config| drop(config.webhooks.insert("crm".into(), webhook))).await;
    desk.call(Method::GET, "/metrics", None, None).await;
    let metrics = desk.get("/metrics").await.text;
    let there: BTreeSet<_> = metrics.lines().filter(|line| !line.starts_with('#')).flat_map(metrics_in).collect();
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/operate.md")).expect("a page");
    let documented = metrics_in(&page);
    let parts = ["_bucket", "_sum", "_count"];
    for name in &there {
        let name = parts.iter().find_map(|part| name.strip_suffix(part)).unwrap_or(name);
        assert!(documented.contains(name), "{name} is not documented");
    }
    for (what, named) in
        [("alerts", metrics_in(&deploy("alerts.yml"))), ("dashboard", metrics_in(&deploy("grafana.json")))]
    {
        assert!(named.len() > 5, "{what}: {named:?}");
        let unknown: Vec<_> = named.difference(&there).collect();
        assert_eq!(unknown, Vec::<&String>::new(), "{what}");
    }
    let histogram = |name: &String| there.contains(&format!("{name}_bucket"));
    let unknown: Vec<_> = documented.iter().filter(|name| !there.contains(*name) && !histogram(name)).collect();
    assert_eq!(unknown, Vec::<&String>::new(), "documented");
    serde_json::from_str::<Value>(&deploy("grafana.json")).expect("JSON");
}

#[tokio::test]
#[ignore = "needs promtool"]
async fn prometheus_finds_nothing_wrong_with_rules_and_metrics() {
    let desk = Desk::open().await;
    let metrics = desk.get("/metrics").await.text;
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/alerts.yml");
    let checked = Command::new("promtool").args(["check", "rules"]).arg(rules).output().expect("promtool runs");
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    let mut check = Command::new("promtool");
    let check = check.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = check.spawn().expect("promtool runs");
    std::io::Write::write_all(&mut running.stdin.take().expect("piped"), metrics.as_bytes()).expect("written");
    let checked = running.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&checked.stderr) + String::from_utf8_lossy(&checked.stdout);
    // It reads the older text format, where the help of a counter bears its whole name; in OpenMetrics it has no `_total`.
    let other: Vec<_> = said.lines().filter(|line| !line.ends_with("_total no help text")).collect();
    assert!(checked.status.code() != Some(1) && other.is_empty(), "{said}");
}
