//! Customers who want to be forgotten: nothing that names them is left, counts stay, and nothing comes back.

use crate::desk::{Answer, Desk, stamp};
use crate::log::Log;
use afterword::config::MailTarget;
use afterword::mail::transport::Transport;
use afterword::survey::outbound::Attempt;
use chrono::TimeDelta;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

const ERIKA: &str = "/v1/customers/erika.address@example.com";
/// What is said of her, a word of its own for each column.
const WORDS: [&str; 9] = [
    "erika.address",
    "erikaname",
    "erikaid",
    "erikasubject",
    "erikaurl",
    "erikareply",
    "erikacomment",
    "erikarelay",
    "erikaskipped",
];

fn erika() -> Value {
    json!({
        "customers": [{"id": "erikaid", "email": "erika.address@example.com", "name": "Erikaname", "kind": "user"}],
        "subject": "Bill of erikasubject", "url": "https://desk.example.com/erikaurl",
        "in_reply_to": "<erikareply@desk.example.com>",
    })
}

/// The closing of a conversation with her, with other fields on top.
fn closing(id: &str, more: &Value) -> Value {
    let mut closing = erika();
    closing["conversation_id"] = json!(id);
    let fields = closing.as_object_mut().expect("an object");
    fields.extend(more.as_object().expect("an object").clone());
    closing
}

/// The words that are found in some bytes, in any case.
fn found(bytes: &[u8]) -> Vec<&'static str> {
    let lower = bytes.to_ascii_lowercase();
    WORDS.into_iter().filter(|word| lower.windows(word.len()).any(|part| part == word.as_bytes())).collect()
}

/// Every file in a folder and below, with the words in it.
fn search(folder: &Path) -> Vec<(String, Vec<&'static str>)> {
    let mut all = Vec::new();
    for entry in folder.read_dir().expect("a folder") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            all.extend(search(&path));
        } else {
            let words = found(&std::fs::read(&path).expect("readable"));
            all.push((path.display().to_string(), words));
        }
    }
    all.retain(|(_, words)| !words.is_empty());
    all
}

/// Asks her, and lets her rate with a comment.
async fn commented(desk: &Desk) -> crate::desk::Mail {
    desk.close(closing("1", &json!({}))).await;
    let mail = desk.the_mail().await;
    desk.pass(TimeDelta::minutes(10));
    assert_eq!(desk.comment(&mail.links[4], "erikacomment: thanks!").await["standing"], "locked");
    mail
}

/// The service writes a sign of life.
async fn beat(desk: &Desk) {
    desk.pass(TimeDelta::seconds(1));
    assert_eq!(desk.visit("/readyz").await.status, 200);
}

fn numbers(report: &Answer) -> Value {
    report["total"].clone()
}

#[tokio::test]
async fn no_word_about_an_erased_customer_is_left_anywhere() {
    let log = Log::at(tracing::Level::DEBUG);
    let folder = crate::desk::folder().await;
    let mails = folder.path().join("mail");
    let desk = Desk::at(folder, |config| config.mail.smtp = MailTarget::File(mails.clone())).await;
    // Others around her, so that rows move between pages as they do in life.
    for number in 0..300 {
        let id = format!("{}", number * 7919 % 10_007);
        let person = json!([{"id": id, "email": format!("{id}@example.com"), "name": "x".repeat(number % 90)}]);
        let filler = json!({"conversation_id": id, "customers": person, "subject": "s".repeat(number % 200)});
        desk.close(filler).await;
        if number == 150 {
            desk.deliver().await;
            commented(&desk).await;
            desk.close(closing("2", &json!({"characters": 1, "subject": "about erikaskipped"}))).await;
            desk.memory.answer_next([Attempt::Permanent("550 erikarelay is gone".into())]);
            desk.close(closing("3", &json!({}))).await;
            desk.deliver().await;
            beat(&desk).await;
            desk.put("/v1/suppressions/erika.address@example.com", Some(json!({"cause": "complained"}))).await;
        }
    }
    desk.deliver().await;
    let before = numbers(&desk.get("/v1/report").await);
    let survey = desk.sql("SELECT lower(hex(id)) FROM survey WHERE conversation_id = '1'").await[0][0].clone();
    std::fs::create_dir_all(&mails).expect("a folder");
    let name = uuid::Uuid::parse_str(&survey).expect("an id").to_string();
    std::fs::write(mails.join(format!("{name}.eml")), desk.memory.mails().concat()).expect("written");
    assert!(!search(desk.folder.path()).is_empty());

    // Through a gateway that writes mails into the folder, as the service does.
    let config = (*desk.gateway.config).clone();
    let beside = afterword::gateway::Gateway::open(config, desk.clock.clone()).await.expect("it opens");
    let done = beside.erase("Erika.Address@EXAMPLE.com").await.expect("erased");
    assert_eq!((done.erasure.surveys.len(), done.files, done.rewritten), (2, 1, true));
    assert!(matches!(Transport::configured(&desk.gateway.config), Transport::File(_)));

    beat(&desk).await;
    assert_eq!(search(desk.folder.path()), []);
    let copy = desk.folder.path().join("backup.db");
    sqlx::query("VACUUM INTO ?").bind(copy.to_str()).execute(&mut desk.database().await).await.expect("a backup");
    assert_eq!(search(desk.folder.path()), []);
    // A relay's words about a refused mail are logged, without addresses.
    assert_eq!(found(log.text().as_bytes()), ["erikarelay"]);
    assert_eq!(numbers(&desk.get("/v1/report").await), before);
}

#[tokio::test]
async fn counts_stay_and_a_repeat_finds_nothing() {
    let desk = Desk::open().await;
    commented(&desk).await;
    desk.close(closing("2", &json!({"characters": 1}))).await;
    let (report, ratings) = (numbers(&desk.get("/v1/report").await), desk.get("/v1/ratings").await);
    let erased = desk.delete(ERIKA).await;
    let counts = json!({"surveys": 1, "closings": 2, "cancelled": 0, "sending": 0, "files": 0, "rewritten": true, "log_emptied": true});
    assert_eq!((erased.status, &erased.json), (200, &counts));
    assert_eq!(numbers(&desk.get("/v1/report").await), report);
    let after = desk.get("/v1/ratings").await;
    assert_eq!(after["items"][0]["score"], ratings["items"][0]["score"]);
    assert_eq!((&after["items"][0]["comment"], &after["items"][0]["url"]), (&json!(null), &json!(null)));
    assert!(desk.memory.mails().is_empty());

    let stored = desk.everything().await;
    let again = desk.delete(ERIKA).await;
    let counts = json!({"surveys": 0, "closings": 0, "cancelled": 0, "sending": 0, "files": 0, "rewritten": true, "log_emptied": true});
    assert_eq!((again.status, &again.json), (200, &counts));
    assert_eq!(desk.everything().await, stored);
    for wrong in ["erika", "*@example.com"] {
        assert_eq!(desk.delete(&format!("/v1/customers/{wrong}")).await.status, 422, "{wrong}");
    }
    let trigger = desk.key(afterword::survey::access::Scope::Read, None, None).await;
    assert_eq!(desk.call(axum::http::Method::DELETE, ERIKA, Some(&trigger), None).await.status, 403);
}

#[tokio::test]
async fn pages_of_an_erased_survey_say_nothing_and_take_nothing() {
    let desk = Desk::open().await;
    let mail = commented(&desk).await;
    let page = desk.visit(&mail.links[2]).await.page_token();
    desk.delete(ERIKA).await;
    desk.pass(TimeDelta::seconds(10));
    let stored = desk.everything().await;
    let shown = desk.visit(&mail.links[2]).await;
    assert_eq!((shown.status, found(shown.text.as_bytes())), (200, Vec::new()));
    assert!(shown.text.contains("This survey is no longer open"), "{}", shown.text);
    assert!(!shown.text.contains("<button") && !shown.text.contains("name=\"score\""));
    for fields in [&[("page", page.as_str())][..], &[("page", &page), ("comment", "erikacomment again")]] {
        let answer = desk.submit(&mail.links[2], fields).await;
        assert_eq!((answer.status, &answer["outcome"], &answer["mode"]), (200, &json!("closed"), &json!("closed")));
        assert_eq!((&answer["standing"], &answer["score"]), (&json!("unrated"), &json!(null)));
    }
    for link in &mail.links {
        desk.visit(link).await;
    }
    assert_eq!(desk.everything().await, stored);
    assert_eq!(desk.visit(&mail.unsubscribe).await.status, 200);
    assert_eq!(desk.submit(&mail.unsubscribe, &[]).await.status, 200);
}

#[tokio::test]
async fn a_later_closing_of_an_erased_address_stores_nobody() {
    let desk = Desk::open().await;
    desk.close(closing("1", &json!({}))).await;
    let first = desk.close(closing("1", &json!({}))).await.json;
    desk.delete(ERIKA).await;
    let stored = desk.everything().await;
    assert_eq!(desk.close(closing("1", &json!({}))).await.json, first, "a repeat gets its first answer");
    assert_eq!(desk.dry_run(closing("2", &json!({}))).await.rules(), ["erased"]);
    assert_eq!(desk.everything().await, stored);

    assert_eq!(desk.close(closing("2", &json!({}))).await.rules(), ["erased"]);
    let group = json!([{"email": "ada@example.com"}, {"email": "erika.address@example.com"}]);
    assert_eq!(desk.close(closing("3", &json!({"customers": group}))).await.rules(), ["group"]);
    let put = desk.put("/v1/suppressions/erika.address@example.com", None).await;
    assert_eq!(put.status, 200);
    let all = format!("{:?}", desk.everything().await);
    assert_eq!(found(all.as_bytes()), Vec::<&str>::new());
}

#[tokio::test]
async fn a_mail_that_waits_is_cancelled() {
    let desk = Desk::asking(|policy| policy.delay = TimeDelta::hours(1)).await;
    desk.close(closing("1", &json!({}))).await;
    assert_eq!(desk.delete(ERIKA).await["cancelled"], 1);
    desk.pass(TimeDelta::hours(2));
    desk.deliver().await;
    assert!(desk.mails().is_empty());
    let mail = &desk.get("/v1/conversations/1").await["surveys"][0]["mail"];
    assert_eq!((&mail["state"], &mail["note"]), (&json!("cancelled"), &json!("erased")));
}

#[tokio::test]
async fn erased_comes_by_erasing_only() {
    let desk = Desk::open().await;
    let stored = desk.everything().await;
    let refused = desk.put("/v1/suppressions/ada@example.com", Some(json!({"cause": "erased"}))).await;
    assert_eq!((refused.status, &refused["errors"][0]["pointer"]), (422, &json!("/cause")));
    assert!(refused.text.contains("DELETE /v1/customers/{email}") && refused.text.contains("afterword erase"));
    assert_eq!(desk.everything().await, stored);
}

/// A desk that erases after 400 days and deletes after 90, with something of every age.
async fn old() -> (Desk, crate::desk::Mail) {
    let desk = Desk::with(|config| {
        config.retention.identity = Some(TimeDelta::days(400));
        config.retention.decisions = Some(TimeDelta::days(90));
    })
    .await;
    let mail = commented(&desk).await;
    desk.close(closing("skipped", &json!({"characters": 1}))).await;
    desk.reopen("elsewhere", desk.clock.now()).await;
    (desk, mail)
}

#[tokio::test]
async fn what_is_too_old_is_erased_in_steps_and_nobody_is_suppressed() {
    let (desk, mail) = old().await;
    let ratings = numbers(&desk.get(&format!("/v1/report?from={}", &stamp(desk.clock.now())[..10])).await);
    for _ in 0..2 {
        assert!(desk.gateway.expire().await.expect("an answer").is_empty());
        desk.pass(TimeDelta::days(46));
    }
    let step = desk.gateway.expire().await.expect("an answer");
    assert_eq!((step.surveys.len(), step.decisions, step.reopenings), (0, 1, 1), "{step:?}");
    assert_eq!(desk.get("/v1/conversations/skipped").await.status, 404);
    assert_eq!(desk.get("/v1/conversations/1").await["surveys"][0]["comment"], "erikacomment: thanks!");

    desk.pass(TimeDelta::days(310));
    let step = desk.gateway.expire().await.expect("an answer");
    assert_eq!((step.surveys.len(), step.closings), (1, 1), "{step:?}");
    assert!(desk.gateway.expire().await.expect("an answer").is_empty());
    assert!(desk.gateway.empty_log().await.expect("an answer"), "nobody reads");
    let all = format!("{:?}", desk.everything().await);
    assert_eq!(found(all.as_bytes()), Vec::<&str>::new());
    let report = desk.get("/v1/report?from=2026-11-22").await;
    assert_eq!(report["total"]["ratings"], ratings["ratings"]);
    assert_eq!(desk.visit(&mail.links[0]).await.status, 200);
    let fresh = json!({"last_reply_at": stamp(desk.clock.now())});
    assert_eq!(desk.dry_run(closing("new", &fresh)).await["decision"], "ask");
}

#[tokio::test]
async fn retention_takes_five_hundred_rows_at_a_time_and_no_mail_that_waits() {
    let desk = Desk::with(|config| config.retention.identity = Some(TimeDelta::days(60))).await;
    for number in 0..501 {
        let customers = json!([{"email": format!("{number}@example.com")}]);
        let closing =
            json!({"conversation_id": number.to_string(), "customers": customers, "subject": null, "url": null});
        desk.close(closing).await;
    }
    desk.pass(TimeDelta::days(61));
    assert_eq!(desk.gateway.expire().await.expect("an answer").surveys.len(), 0, "all of them wait");
    sqlx::query("UPDATE outbox SET state = 'accepted'").execute(&mut desk.database().await).await.expect("sent");
    let mut steps = Vec::new();
    while let step = desk.gateway.expire().await.expect("an answer")
        && !step.is_empty()
    {
        steps.push((step.surveys.len(), step.closings));
    }
    assert_eq!(steps, [(500, 0), (1, 0)]);
}

#[tokio::test]
async fn the_service_erases_by_age_when_it_starts_and_logs_counts_only() {
    let (desk, _) = old().await;
    desk.pass(TimeDelta::days(500));
    let (log, stop) = (Log::at(tracing::Level::INFO), CancellationToken::new());
    let running = afterword::worker::run(Arc::clone(&desk.gateway), stop.clone());
    let until_logged = async {
        while !log.text().contains("erased what was too old") {
            tokio::task::yield_now().await;
        }
        stop.cancel();
    };
    tokio::join!(running, until_logged);
    let line = &log.lines("INFO")[0]["fields"];
    let counts = ["surveys", "closings", "decisions", "reopenings"].map(|name| line[name].as_u64());
    assert_eq!(counts, [Some(1), Some(1), Some(1), Some(1)], "the closing that is deleted needs no erasing: {line}");
    assert_eq!(found(log.text().as_bytes()), Vec::<&str>::new());
}

#[tokio::test]
async fn an_export_holds_everything_about_one_person_and_nobody_else() {
    let desk = Desk::open().await;
    desk.close(json!({"conversation_id": "other"})).await;
    desk.deliver().await;
    commented(&desk).await;
    desk.close(closing("2", &json!({"characters": 1}))).await;
    desk.put("/v1/suppressions/erika.address@example.com", None).await;
    desk.reopen("1", desk.clock.now()).await;
    let log = Log::at(tracing::Level::ERROR);
    let export = desk.get(ERIKA).await;
    assert_eq!(log.text(), "");
    assert_eq!(export.status, 200);
    let survey = &export["surveys"][0];
    assert_eq!(export["surveys"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        (&survey["address"], &survey["customer_name"]),
        (&json!("erika.address@example.com"), &json!("Erikaname"))
    );
    assert_eq!((&survey["mail"]["state"], &survey["rating"]["score"]), (&json!("accepted"), &json!(5)));
    assert_eq!(
        (&survey["rating"]["comment"], &survey["history"][0]["kind"]),
        (&json!("erikacomment: thanks!"), &json!("commented"))
    );
    let view = json!({"at": "2026-11-22T10:10:00Z", "score": 5, "machine": false, "phone": false, "webmail": false});
    assert_eq!(survey["visits"]["trail"]["views"][0], view);
    assert_eq!(survey["made_at"], "2026-11-22T10:00:00Z");
    let closings: Vec<_> =
        export["closings"].as_array().expect("a list").iter().map(|row| &row["conversation_id"]).collect();
    assert_eq!(closings, ["1", "2"]);
    assert_eq!(export["closings"][1]["reasons"][0]["rule"], "too_short");
    assert_eq!(
        (&export["reopenings"][0]["conversation_id"], &export["suppressions"][0]["cause"]),
        (&json!("1"), &json!("opted_out"))
    );
    assert!(!export.text.contains("ada@example.com"));
    let numbers = export.text.split(':').map(|text| text.chars().take_while(char::is_ascii_digit).collect::<String>());
    let milliseconds = numbers.filter(|number| number.len() == 13 && number.starts_with("17"));
    assert_eq!(milliseconds.count(), 0, "times are readable: {}", export.text);

    let nobody = desk.get("/v1/customers/nobody@example.com").await;
    assert_eq!((nobody.status, &nobody["surveys"], &nobody["closings"]), (200, &json!([]), &json!([])));
}

async fn last_error(desk: &Desk) -> Value {
    desk.get("/v1/status").await["mail"]["last_error"]["why"].clone()
}

#[tokio::test]
async fn what_the_relay_said_of_somebody_erased_is_not_written_later() {
    let desk = Desk::open().await;
    desk.memory.answer_next([Attempt::Permanent("550 other".into())]);
    desk.close(json!({"conversation_id": "other"})).await;
    desk.deliver().await;
    beat(&desk).await;
    desk.pass(TimeDelta::minutes(1));
    desk.memory.answer_next([Attempt::Permanent("550 erikarelay".into())]);
    desk.close(closing("1", &json!({}))).await;
    desk.deliver().await;
    // By a command beside the service, which has these words in memory only.
    let config = (*desk.gateway.config).clone();
    let beside = afterword::gateway::Gateway::open(config, desk.clock.clone()).await.expect("it opens");
    beside.erase("erika.address@example.com").await.expect("erased");
    beat(&desk).await;
    assert_eq!(last_error(&desk).await, "550 other", "older than anything about her");
    desk.delete("/v1/customers/ada@example.com").await;
    beat(&desk).await;
    assert_eq!(last_error(&desk).await, json!(null));
}

#[tokio::test]
async fn what_the_relay_said_is_erased_by_its_age() {
    let desk = Desk::with(|config| config.retention.identity = Some(TimeDelta::days(60))).await;
    desk.memory.answer_next([Attempt::Permanent("550 erikarelay".into())]);
    desk.close(closing("1", &json!({}))).await;
    desk.deliver().await;
    beat(&desk).await;
    for (days, expected) in [(59, json!("550 erikarelay")), (2, json!(null))] {
        desk.pass(TimeDelta::days(days));
        desk.gateway.expire().await.expect("an answer");
        beat(&desk).await;
        assert_eq!(last_error(&desk).await, expected);
    }
}

/// Reads the database until it is closed, as Litestream does.
async fn reader(desk: &Desk) -> sqlx::SqliteConnection {
    let mut reader = desk.database().await;
    sqlx::raw_sql("BEGIN; SELECT count(*) FROM survey").execute(&mut reader).await.expect("it reads");
    reader
}

#[tokio::test]
async fn erasing_beside_a_reader_says_that_copies_are_left() {
    let desk = Desk::open().await;
    commented(&desk).await;
    let reader = reader(&desk).await;
    let done = desk.delete(ERIKA).await;
    assert_eq!((done.status, &done["surveys"], &done["log_emptied"]), (200, &json!(1), &json!(false)));
    let erase = || {
        let erase = ["erase", "erika.address@example.com"];
        let done = crate::process::afterword(desk.folder.path(), &erase).env_clear().output().expect("it runs");
        assert!(done.status.success(), "{done:?}");
        String::from_utf8(done.stdout).expect("UTF-8")
    };
    let said = erase();
    assert!(said.starts_with("Erased: 0 surveys") && said.ends_with("Stop that program and erase again.\n"), "{said}");
    assert_ne!(search(desk.folder.path()), []);

    sqlx::Connection::close(reader).await.expect("it stops");
    assert_eq!(erase().lines().count(), 1);
    assert_eq!(search(desk.folder.path()), []);
}

#[tokio::test]
async fn retention_beside_a_reader_says_that_copies_are_left() {
    let (desk, _) = old().await;
    desk.pass(TimeDelta::days(500));
    let _reader = reader(&desk).await;
    let (log, stop) = (Log::at(tracing::Level::INFO), CancellationToken::new());
    let running = afterword::worker::run(Arc::clone(&desk.gateway), stop.clone());
    let until_logged = async {
        while !log.text().contains("copies are left in the log; emptying it again in an hour") {
            tokio::task::yield_now().await;
        }
        stop.cancel();
    };
    tokio::join!(running, until_logged);
    assert!(log.text().contains("erased what was too old") && log.lines("ERROR").is_empty(), "{}", log.text());
}

#[tokio::test]
async fn commands_erase_and_export_beside_the_service() {
    let desk = Desk::open().await;
    commented(&desk).await;
    let run = |arguments: &[&str]| {
        let done = crate::process::afterword(desk.folder.path(), arguments).env_clear().output().expect("it runs");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        (done.status.code(), text(done.stdout), text(done.stderr))
    };
    let (code, exported, log) = run(&["export", "erika.address@example.com"]);
    assert_eq!((code, log.as_str()), (Some(0), ""));
    let exported: Value = serde_json::from_str(&exported).expect("JSON");
    assert_eq!(exported["surveys"], desk.get(ERIKA).await["surveys"]);
    for again in [false, true] {
        let (code, said, _) = run(&["erase", "erika.address@example.com"]);
        let count = usize::from(!again);
        let expected = format!(
            "Erased: {count} surveys, {count} closings. Cancelled mails: 0. Deleted files: 0. The address is suppressed \
            (erased).\n"
        );
        assert_eq!((code, said), (Some(0), expected));
    }
    assert_eq!(found(format!("{:?}", desk.everything().await).as_bytes()), Vec::<&str>::new());
    let (code, _, said) = run(&["erase", "*@example.com"]);
    assert!(code == Some(2) && said.contains("expected one whole address"), "{said}");
    let (code, _, said) = run(&["suppression", "add", "--cause", "erased", "ada@example.com"]);
    assert!(code == Some(2) && said.contains("`afterword erase ADDRESS`"), "{said}");
}

/// A table that names people by one of these columns must be in the export, and erasing must know it.
#[tokio::test]
async fn every_table_about_customers_is_exported() {
    let desk = Desk::open().await;
    let sql = "SELECT DISTINCT part.name FROM sqlite_schema AS part JOIN pragma_table_info(part.name) AS column
        WHERE part.type = 'table' AND column.name IN ('survey_id', 'address_hash', 'conversation_id') ORDER BY 1";
    let tables = desk.sql(sql).await.concat();
    // And outbox, which has the id of its survey. What is in unrolled is in rating and answer too.
    let told = [
        "answer",
        "clicks",
        "closing",
        "enriching",
        "event",
        "follow_up",
        "follow_up_step",
        "history",
        "rating",
        "reopening",
    ];
    assert_eq!(tables, [&told[..], &["suppression", "survey", "unrolled"]].concat());
}
