//! `afterword helpdesk try`, as an operator runs it who wonders why nothing happens.

use super::{SECRET, payload, sha256};
use crate::desk::{Desk, stamp};
use crate::process;
use afterword::clock::Clock;
use afterword::survey::Time;
use data_encoding::HEXLOWER;
use serde_json::json;
use std::fs;
use std::path::Path;
use std::process::Stdio;

/// A folder with the configuration of a Chatwoot, and the database of a desk.
async fn shop() -> Desk {
    let desk = Desk::open().await;
    let folder = desk.folder.path();
    let secret = folder.join("desk.secret");
    afterword::private::write(&secret, SECRET.as_bytes()).expect("written");
    let config = format!(
        "database = '{}'\n[ask]\nwhen_unknown = 'skip'\n[helpdesk.shop]\nkind = 'chatwoot'\nsecret_file = '{}'\n\
        [helpdesk.mail]\nkind = 'helpscout'\nsecret = 'x'\n[helpdesk.desk]\nkind = 'template'\nauth = 'key'\n",
        desk.gateway.config.database.display(),
        secret.display()
    );
    fs::write(folder.join("afterword.toml"), config).expect("written");
    desk
}

/// Runs the command with these arguments in a folder. How it ends, and what it prints and complains.
fn run(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let arguments: Vec<_> = ["helpdesk", "try"].iter().chain(arguments).copied().collect();
    let done = process::afterword(folder, &arguments).env_clear().output().expect("it runs");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (done.status.code(), text(done.stdout), text(done.stderr))
}

fn time_of(seconds: i64) -> Time {
    Time::from_timestamp(seconds, 0).expect("a time")
}

/// The headers of a Chatwoot that signed a body at a time.
fn headers(at: &str, body: &str) -> [String; 2] {
    let signature = HEXLOWER.encode(&sha256(&format!("{at}."), body.as_bytes()));
    [format!("--header=X-Chatwoot-Timestamp: {at}"), format!("--header=X-Chatwoot-Signature: sha256={signature}")]
}

#[tokio::test]
async fn a_saved_payload_is_judged() {
    let desk = shop().await;
    let folder = desk.folder.path();
    let now = Clock::System.now();
    let mut payload = payload("chatwoot-resolved");
    payload["updated_at"] = json!(now.timestamp());
    payload["messages"][0]["created_at"] = json!(now.timestamp() - 60);
    fs::write(folder.join("saved.json"), payload.to_string()).expect("written");
    let (code, told, _) = run(folder, &["shop", "saved.json"]);
    let told =
        told.replace(&stamp(time_of(now.timestamp())), "NOW").replace(&stamp(time_of(now.timestamp() - 60)), "BEFORE");
    assert_eq!(code, Some(0));
    insta::assert_snapshot!(told, @"
    Signature (chatwoot): not judged: expected the header x-chatwoot-signature; give it with --header
    Report: conversation 8841 was closed at NOW
      subject          Refund
      channel          webwidget
      customer         ada@example.com Ada de
      teammate         shop:7 Grace
      inbox            4
      team             2, Billing
      tags             refund, vip
      last_reply_at    BEFORE
      teammate_replied true
    Unknown: started_by, characters
    Decision: ask nobody
      unknown_fact     started_by is unknown, and the policy asks only if it is known
      unknown_fact     characters is unknown, and the policy asks only if it is known
    ");
    for (content, told_of_it) in [
        (
            r#"{"event": "conversation_status_changed", "id": 1, "status": "open", "updated_at": 1795341600}"#,
            "Report: conversation 1 goes on since 2026-11-22T10:00:00Z; a survey that waits is cancelled\n",
        ),
        (
            r#"{"event": "contact_created"}"#,
            "Report: nothing, because contact_created is an event that closes nothing\n",
        ),
    ] {
        fs::write(folder.join("other.json"), content).expect("written");
        let (code, told, _) = run(folder, &["shop", "other.json"]);
        assert!(code == Some(0) && told.ends_with(told_of_it), "{told}");
    }
    assert_eq!(desk.sql("SELECT count(*) FROM closing").await, [["0"]], "nothing was stored");
}

#[tokio::test]
async fn a_signature_is_judged_as_of_its_time_and_without_what_an_editor_adds() {
    let desk = shop().await;
    let folder = desk.folder.path();
    let body = payload("chatwoot-resolved").to_string();
    let judge = |saved: &str, headers: [String; 2]| {
        fs::write(folder.join("saved.json"), saved).expect("written");
        let (_, told, _) = run(folder, &["shop", "saved.json", &headers[0], &headers[1]]);
        told.lines().next().expect("a line").to_owned()
    };
    let at = "1795341600";
    let right = headers(at, &body);
    assert_eq!(
        judge(&body, right.clone()),
        "Signature (chatwoot): holds; the service takes it within 5 minutes of 2026-11-22T10:00:00Z"
    );
    let wrong = "Signature (chatwoot): refused: the signature does not match the body and the secret";
    assert_eq!(
        judge(&format!("{body}\n"), right.clone()),
        format!("{wrong}; it would hold without the line break at the end of the file")
    );
    assert_eq!(judge(&format!(" {body}"), right.clone()), wrong);
    assert_eq!(judge(&body, [headers("1795341601", &body)[0].clone(), right[1].clone()]), wrong);
}

#[tokio::test]
async fn a_refused_signature_fails_whatever_would_be_decided() {
    let desk = shop().await;
    let folder = desk.folder.path();
    let body = payload("chatwoot-resolved").to_string();
    let right = headers("1795341600", &body);
    let strange = "--header=X-Chatwoot-Signature: sha1=00".to_owned();
    for (saved, signature, refused) in [
        (body.clone(), &right[1], false),
        (format!("{body}\n"), &right[1], false),
        (format!(" {body}"), &right[1], true),
        (body.clone(), &strange, true),
    ] {
        fs::write(folder.join("saved.json"), saved).expect("written");
        let (code, told, complained) = run(folder, &["shop", "saved.json", &right[0], signature]);
        let expected =
            "afterword: the signature is refused: the service answers this request with 401, and does nothing else\n";
        assert!(told.contains("\nDecision: "), "{told}");
        assert_eq!((code, complained.ends_with(expected)), (Some(i32::from(refused)), refused), "{complained}");
    }
}

#[tokio::test]
async fn a_payload_that_is_refused_says_what_is_wrong_and_what_it_may_be() {
    let desk = shop().await;
    let folder = desk.folder.path();
    let zammad = payload("zammad-closed").to_string();
    for (name, content, code, told, complaint) in [
        ("shop", "{", 1, "Report: none", "the payload is not JSON: EOF while parsing an object at line 1 column 1\n"),
        (
            "shop",
            r#"{"event": "conversation_status_changed"}"#,
            1,
            "Report: none",
            "/id              expected the id of a conversation\n",
        ),
        ("shop", &zammad, 0, "no event\nIs its kind wrong? It would be a report of zammad.\n", ""),
        (
            "desk",
            &zammad,
            1,
            "Is its kind wrong? It would be a report of zammad.\n",
            "expected the id of a conversation\n",
        ),
        (
            "desk",
            r#"{"conversation_id": "1", "subject": "He said "no""}"#,
            1,
            "Report: none",
            "a text with a quotation mark or a backslash may have been filled in as it is\n",
        ),
        (
            "desk",
            r#"{"conversation_id": "1", "closed_at": "2026-11-22T10:00Z", "customer_email": "a@example.org", "teammate_replied": "perhaps"}"#,
            1,
            "Signature (key): none; the request needs a key of the scope trigger, which is not judged here\n",
            "\n  /teammate_replied expected true or false\n",
        ),
        ("mail", "{}", 0, "which names the event, is missing; give it with --header", ""),
        (
            "store",
            "{}",
            2,
            "",
            "there is no [helpdesk.store] in the configuration: expected one of its helpdesks: desk, mail, shop\n",
        ),
    ] {
        fs::write(folder.join("other.json"), content).expect("written");
        let (ended, printed, complained) = run(folder, &[name, "other.json"]);
        assert!(
            ended == Some(code) && printed.contains(told) && complained.ends_with(complaint),
            "{name} {ended:?} {printed} {complained}"
        );
    }
    let (ended, _, complained) = run(folder, &["shop", "none.json"]);
    assert!(
        ended == Some(2) && complained.ends_with("none.json: No such file or directory (os error 2)\n"),
        "{complained}"
    );
}

#[tokio::test]
async fn a_payload_comes_through_a_pipe_too() {
    let desk = shop().await;
    let folder = desk.folder.path();
    fs::write(folder.join("saved.json"), r#"{"event": "contact_created"}"#).expect("written");
    let mut piped = process::afterword(folder, &["helpdesk", "try", "shop", "-"]);
    let file = fs::File::open(folder.join("saved.json")).expect("a file");
    let done = piped.env_clear().stdin(Stdio::from(file)).output().expect("it runs");
    assert!(String::from_utf8_lossy(&done.stdout).ends_with("contact_created is an event that closes nothing\n"));
}
