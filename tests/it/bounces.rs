//! What comes back: bounces and complaints, from mail servers and from providers, real ones and forged ones.

use crate::desk::Desk;
use afterword::gateway::Returned;
use afterword::survey::outbound::Attempt;
use afterword::survey::suppression::Bounce;
use chrono::TimeDelta;
use serde_json::json;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use uuid::Uuid;

/// A desk whose mails come back to a domain of its own.
pub async fn desk() -> Desk {
    Desk::with(|config| config.mail.bounce_domain = Some("bounces.example.com".into())).await
}

/// A survey that was mailed, and all that a report may name it by.
pub struct Sent {
    pub survey: Uuid,
    /// The local part of the envelope's sender.
    pub returns: String,
    unsubscribe: String,
}

/// Closes a conversation, and sends its mail.
pub async fn send(desk: &Desk, conversation: &str, address: &str) -> Sent {
    let fields = json!({"conversation_id": conversation, "customers": [{"email": address}]});
    let survey = desk.close(fields).await["survey_id"].as_str().expect("asked").parse().expect("an id");
    let mail = desk.the_mail().await;
    let letter = desk.memory.letters().pop().expect("a letter");
    let from = letter.from.to_string();
    assert_eq!(letter.to.to_string(), address);
    assert!(mail.raw.contains("From: \"Grace at Support\" <support@example.com>"), "{}", mail.raw);
    let (returns, domain) = from.split_once('@').expect("an address");
    assert_eq!((domain, returns.starts_with("b+"), returns.len()), ("bounces.example.com", true, 58));
    Sent { survey, returns: returns.to_owned(), unsubscribe: mail.unsubscribe.replace("/u/", "") }
}

/// A report of the test data about this survey.
pub fn report(file: &str, sent: &Sent) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/bounces").join(file);
    let text = fs::read_to_string(path).expect(file);
    let upper = format!("{}@BOUNCES", sent.returns.to_uppercase());
    text.replace("RETURN@BOUNCES", &upper).replace("RETURN", &sent.returns).replace("UNSUBSCRIBE", &sent.unsubscribe)
}

async fn note(desk: &Desk, survey: Uuid) -> String {
    let sql = format!("SELECT note FROM outbox WHERE hex(id) = upper('{}')", survey.simple());
    desk.sql(&sql).await[0][0].clone()
}

#[tokio::test]
async fn reports_of_real_shape_are_understood() {
    let desk = desk().await;
    for (place, (file, expected, noted)) in [
        ("postfix-unknown.eml", Some(Bounce::Hard), "hard bounce: 550 5.1.1 <address> Recipient address"),
        (
            "postfix-no-host.eml",
            Some(Bounce::Hard),
            "hard bounce: Host or domain name not found. Name service error for",
        ),
        (
            "postfix-delayed.eml",
            Some(Bounce::Soft),
            "soft bounce: connect to mail.example.com[192.0.2.7]:25: Connection",
        ),
        ("postfix-relayed.eml", None, "null"),
        (
            "exchange-unknown.eml",
            Some(Bounce::Hard),
            "hard bounce: 550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient",
        ),
        ("exchange-full.eml", Some(Bounce::Soft), "soft bounce: 554 5.2.2 mailbox full; STOREDRV.Deliver"),
        ("gmail-unknown.eml", Some(Bounce::Hard), "hard bounce: 550-5.1.1 The email account that you tried to reach"),
        ("gmail-policy.eml", Some(Bounce::Soft), "soft bounce: 550-5.7.26 Your email has been blocked"),
        ("blocklist.eml", Some(Bounce::Soft), "soft bounce: 554 Service unavailable; host [192.0.2.1] blocked"),
        ("complaint.eml", Some(Bounce::Complaint), "complaint: abuse"),
        ("complaint-redacted.eml", Some(Bounce::Complaint), "complaint: abuse"),
        ("not-spam.eml", None, "null"),
        ("vacation.eml", None, "null"),
    ]
    .into_iter()
    .enumerate()
    {
        let address = format!("u{place}@example.com");
        let sent = send(&desk, &format!("c{place}"), &address).await;
        let raw = report(file, &sent);
        let raw = if place % 2 == 0 { raw } else { format!("From MAILER-DAEMON Sun\r\n{}", raw.replace('\n', "\r\n")) };
        for _ in 0..2 {
            let reported = desk.gateway.take_returned(raw.as_bytes()).await.expect("the store answers");
            let expected = expected.map_or(Returned::NoReport, |bounce| Returned::Taken(sent.survey, bounce));
            assert_eq!(reported, expected, "{file}");
        }
        let kept = note(&desk, sent.survey).await;
        assert!(kept.starts_with(noted), "{file}: {kept}");
        desk.pass(TimeDelta::minutes(1));
        let again = desk.dry_run(json!({"conversation_id": "next", "customers": [{"email": address}]})).await;
        match expected.and_then(Bounce::cause) {
            Some(cause) => assert_eq!(again.rules(), [cause.word()], "{file}"),
            None => assert_eq!(again["decision"], "ask", "{file}"),
        }
    }
    let all = desk.sql("SELECT count(*), count(address) FROM suppression").await;
    assert_eq!(all, [["6", "0"]], "once each, and no address in the clear");
    assert_eq!(desk.get("/v1/report").await["total"]["asked"], 13, "a server did take them");
}

#[tokio::test]
async fn a_forged_report_does_nothing() {
    let desk = desk().await;
    let sent = send(&desk, "1", "ada@example.com").await;
    let before = desk.everything().await;
    let letters: Vec<char> = sent.returns.chars().collect();
    let forged = |at: usize| {
        let mut letters = letters.clone();
        letters[at] = if letters[at] == 'a' { 'b' } else { 'a' };
        letters.into_iter().collect::<String>()
    };
    let other = Sent {
        returns: forged(9),
        unsubscribe: sent.unsubscribe.replacen('A', "B", 1),
        ..send(&self::desk().await, "x", "x@example.com").await
    };
    let mut reports: Vec<_> = [2, 4, 9, 30, 57]
        .map(|at| Sent { returns: forged(at), unsubscribe: "x".repeat(47), ..sent })
        .iter()
        .map(|sent| report("postfix-unknown.eml", sent))
        .collect();
    reports.extend(["complaint.eml", "complaint-redacted.eml", "gmail-unknown.eml"].map(|file| report(file, &other)));
    let plain = Sent { returns: format!("b+{}", sent.survey), unsubscribe: sent.survey.to_string(), ..sent };
    reports.push(report("postfix-unknown.eml", &plain));
    // The unsubscribe link serves for complaints, as it does for leaving; a bounce takes the return address.
    let link = Sent { returns: "nobody".into(), unsubscribe: sent.unsubscribe.clone(), ..sent };
    let with_link = report("postfix-unknown.eml", &link)
        .replace("Subject: How", "List-Unsubscribe: <https://x/u/UNSUBSCRIBE>\nSubject: How");
    reports.push(with_link.replace("UNSUBSCRIBE", &link.unsubscribe));
    // A quote in a body is no address of the report.
    let quoted =
        report("postfix-unknown.eml", &link).replace("I'm sorry", &format!("{}@bounces.example.com", sent.returns));
    reports.push(quoted);
    for raw in reports {
        assert_eq!(
            desk.gateway.take_returned(raw.as_bytes()).await.expect("the store answers"),
            Returned::NotOurs,
            "{raw}"
        );
    }
    assert_eq!(desk.everything().await, before);
    let real = report("postfix-unknown.eml", &sent);
    assert_eq!(
        desk.gateway.take_returned(real.as_bytes()).await.expect("taken"),
        Returned::Taken(sent.survey, Bounce::Hard)
    );
}

#[tokio::test]
async fn a_mail_that_is_to_be_tried_again_is_stopped_by_its_bounce() {
    let desk = desk().await;
    desk.close(json!({})).await;
    desk.memory.answer_next([Attempt::Unknown("no answer to the data".into())]);
    desk.deliver().await;
    let survey = desk.sql("SELECT id FROM survey").await[0][0].clone();
    let told = desk.post("/v1/bounces", json!({"survey_id": survey, "kind": "hard", "reason": "no such user"})).await;
    assert_eq!((told.status, &told["suppressed"]), (200, &json!("bounced")));
    desk.pass(TimeDelta::minutes(5));
    desk.deliver().await;
    assert_eq!(desk.mails().len(), 0);
    assert_eq!(desk.sql("SELECT state, stop FROM outbox").await, [["cancelled", "bounced"]]);
}

#[tokio::test]
async fn a_provider_tells_the_same_by_webhook() {
    let desk = desk().await;
    let sent = send(&desk, "1", "ada@example.com").await;
    let tell = async |body| desk.post("/v1/bounces", body).await;
    let soft = tell(json!({"email": "ADA@example.com", "kind": "soft", "reason": "mailbox\r\nfull"})).await;
    assert_eq!((soft.status, soft.json["suppressed"].is_null()), (200, true), "{}", soft.text);
    assert_eq!(note(&desk, sent.survey).await, "soft bounce: mailbox  full", "noted at the last survey to it");
    assert_eq!(tell(json!({"survey_id": sent.survey, "kind": "complaint"})).await["suppressed"], "complained");
    assert_eq!(note(&desk, sent.survey).await, "complaint");
    assert_eq!(tell(json!({"email": "never@example.com", "kind": "hard"})).await["suppressed"], "bounced");
    assert_eq!(tell(json!({"email": "never@example.com", "kind": "soft"})).await.status, 200);
    let stored = desk.sql("SELECT cause, address FROM suppression ORDER BY cause").await;
    assert_eq!(stored, [["bounced", "null"], ["complained", "null"]], "no address in the clear");
    let unknown = tell(json!({"survey_id": Uuid::nil(), "kind": "hard"})).await;
    assert_eq!((unknown.status, &unknown["code"]), (404, &json!("unknown_survey")));
    for (body, pointer) in [
        (json!({"kind": "hard"}), "/survey_id"),
        (json!({"survey_id": sent.survey, "email": "a@example.com", "kind": "hard"}), "/survey_id"),
        (json!({"survey_id": "x", "kind": "hard"}), "/survey_id"),
        (json!({"email": "x", "kind": "hard"}), "/email"),
        (json!({"email": "a@example.com", "kind": "medium"}), "/kind"),
        (json!({"email": "a@example.com"}), "/kind"),
        (json!({"email": "a@example.com", "kind": "hard", "code": 5}), "/code"),
    ] {
        let refused = tell(body.clone()).await;
        assert_eq!((refused.status, refused.pointers()), (422, vec![pointer]), "{body}: {}", refused.text);
    }
}

/// Pipes a mail to the command, as Postfix does.
fn pipe(desk: &Desk, config: &str, raw: &[u8]) -> Output {
    let file = desk.folder.path().join("pipe.toml");
    fs::write(&file, format!("link_keys_file = \"afterword.keys\"\n{config}\n")).expect("written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_afterword"));
    command.current_dir(desk.folder.path()).env_clear().args(["--config", "pipe.toml", "bounce"]);
    let mut running =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    running.stdin.take().expect("piped").write_all(raw).expect("it reads to the end");
    running.wait_with_output().expect("it ends")
}

#[tokio::test]
async fn a_mail_server_pipes_reports_and_knows_what_to_try_again() {
    let desk = desk().await;
    let sent = send(&desk, "1", "ada@example.com").await;
    let bounce = report("postfix-unknown.eml", &sent);
    let here = "database = \"afterword.db\"";
    let large = format!("{bounce}\n{}", "x".repeat(3 * 1024 * 1024));
    let forged = bounce.replace(&sent.returns, &sent.returns.replace("b+", "b+a"));
    for (config, raw, code, said) in [
        ("database = \"missing.db\"", bounce.as_str(), 75, "there is no database"),
        ("database = \"afterword.keys\"", &bounce, 75, "database"),
        ("databse = 1", &bounce, 75, "databse"),
        (here, "", 0, "is not a report"),
        (here, "Subject: hello\n\nhello", 0, "is not a report"),
        (here, &forged, 0, "does not match a mail sent from here"),
    ] {
        let output = pipe(&desk, config, raw.as_bytes());
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{config} {text}");
        assert!(
            text.starts_with("afterword: ") && text.contains(said) && text.lines().count() == 1,
            "{config}: {text}"
        );
    }
    assert!(!desk.folder.path().join("missing.db").exists());
    assert_eq!(desk.sql("SELECT count(*) FROM suppression").await, [["0"]]);
    let taken = pipe(&desk, here, large.as_bytes());
    let printed = String::from_utf8_lossy(&taken.stdout).into_owned();
    assert_eq!((taken.status.code(), printed), (Some(0), format!("Survey {}: hard bounce.\n", sent.survey)));
    assert_eq!(desk.sql("SELECT cause FROM suppression").await, [["bounced"]], "while the service has it open");
}
