//! Signatures, verified by dkimpy with the real keys.
//!
//! Two tests need a Python with dkimpy, which `SMTP_TEST_PYTHON` names. `./tests/run` makes one and runs them; a plain
//! `cargo test` leaves them out.
#![cfg(feature = "dkim")]

use crate::desk::Desk;
use afterword::config::{Config, DkimSettings, Mailbox};
use afterword::private;
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A key of the test data, and the record that DNS would hold for it.
const KEYS: [(&str, &str, &str); 2] = [("rsa.pem", "rsa.pub", "rsa"), ("ed25519.seed", "ed25519.pub", "ed25519")];

fn data(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(file)
}

/// A desk that signs with a key, which it reads from its file.
async fn signing(key: &str) -> Desk {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("afterword.toml");
    let copy = folder.path().join(key);
    private::write(&copy, &fs::read(data("dkim").join(key)).expect("a key")).expect("copied");
    let text = format!(
        "[mail]\nfrom = 'Käse & Söhne, Support <support@mail.example.com>'\nreply_to = 'Hilfe <help@example.com>'\n\
        [mail.dkim]\ndomain = 'example.com'\nselector = 's1'\nkey_file = '{}'",
        copy.display()
    );
    fs::write(&file, text).expect("written");
    let (read, _) = Config::load(Some(&file), std::iter::empty()).expect("it is a configuration");
    assert!(!format!("{read:?}").contains("PRIVATE"), "a key is never shown");
    let change = |config: &mut Config| {
        config.mail = read.mail;
        config.public_url = format!("https://{}.example.com", "rate".repeat(15)).parse().expect("a URL");
    };
    Desk::with(change).await
}

/// What dkimpy says of each mail.
fn verdicts(key: (&str, &str, &str), mails: &[String]) -> Vec<String> {
    let python = std::env::var("SMTP_TEST_PYTHON")
        .expect("SMTP_TEST_PYTHON names a Python with dkimpy: run the tests by ./tests/run");
    let folder = tempfile::tempdir().expect("a folder");
    let record = fs::read_to_string(data("dkim").join(key.1)).expect("a public key");
    let record = format!("v=DKIM1; k={}; p={}", key.2, record.trim());
    let mut command = Command::new(python);
    command.arg(data("dkim_verify.py")).args(["s1._domainkey.example.com", &record]);
    for (place, mail) in mails.iter().enumerate() {
        let file = folder.path().join(format!("{place}.eml"));
        fs::write(&file, mail).expect("written");
        command.arg(file);
    }
    let output = command.output().expect("Python starts");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "dkimpy is needed: {}", String::from_utf8_lossy(&output.stderr));
    said.lines().map(str::to_owned).collect()
}

#[tokio::test]
#[ignore = "needs a Python with dkimpy; ./tests/run runs it"]
async fn another_program_verifies_what_is_signed() {
    for key in KEYS {
        let desk = signing(key.0).await;
        let subjects =
            ["Refund", "Rückerstattung für Käse — ganz lang und mit 😀 darin, mehr als eine Zeile breit", "  a   b "];
        for (place, subject) in subjects.into_iter().enumerate() {
            let customers = json!([{"email": "ada@example.com", "name": "Adä, \"the\" Count  ess"}]);
            let fields = json!({"conversation_id": place.to_string(), "subject": subject, "customers": customers,
                "teammate": {"id": "t7", "name": format!("Grace \t{subject}")}, "in_reply_to": "<m1@desk.example.com>"});
            assert_eq!(desk.close(fields).await.status, 202);
        }
        desk.deliver().await;
        let mails: Vec<_> = desk.mails().into_iter().map(|mail| mail.raw).collect();
        assert_eq!(verdicts(key, &mails), ["pass"; 3], "{}: {}", key.0, mails[1]);
        let signature = mails[0].split("DKIM-Signature:").nth(1).expect("signed").replace("\r\n ", "");
        assert!(signature.contains("c=relaxed/relaxed") && signature.contains("d=example.com"), "{signature}");
    }
}

#[tokio::test]
#[ignore = "needs a Python with dkimpy; ./tests/run runs it"]
async fn what_is_tampered_with_does_not_verify() {
    let desk = signing(KEYS[0].0).await;
    desk.close(json!({})).await;
    let mail = desk.the_mail().await.raw;
    let link = mail.split("/u/").nth(1).and_then(|rest| rest.get(..47)).expect("an unsubscribe link").to_owned();
    let tampered = [
        mail.replace("List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n", ""),
        mail.replace("List-Unsubscribe=One-Click", "List-Unsubscribe=Two-Click"),
        mail.replacen(&link, &link.chars().rev().collect::<String>(), 1),
        mail.replace("help@example.com", "eve@example.com"),
        mail.replace("To: ", "To: Eve "),
        mail.replacen("/r/", "/R/", 1),
    ];
    assert!(tampered.iter().all(|tampered| *tampered != mail), "each was changed");
    let mut all = vec![mail];
    all.extend(tampered);
    let verdicts = verdicts(KEYS[0], &all);
    assert_eq!(verdicts.len(), all.len());
    assert_eq!(verdicts[0], "pass");
    for (place, verdict) in verdicts.iter().enumerate().skip(1) {
        assert!(verdict.starts_with("fail"), "change {place} passes");
    }
}

#[tokio::test]
async fn a_key_that_cannot_sign_stops_the_start() {
    let mut config = Config::default();
    config.mail.from = Mailbox { name: None, address: "a@example.com".into() };
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("afterword.toml");
    fs::write(&file, "[mail.dkim]\ndomain = 'example.com'\nselector = 's1'\nkey = 'hunter2'").expect("written");
    let (read, _) = Config::load(Some(&file), std::iter::empty()).expect("its form is right");
    let dkim: Option<DkimSettings> = read.mail.dkim;
    config.mail.dkim = dkim;
    config.database = folder.path().join("never.db");
    let clock = afterword::clock::Clock::System;
    let error =
        afterword::gateway::Gateway::serve(config, clock, None).await.map(drop).expect_err("refused").to_string();
    assert!(error.starts_with("mail.dkim: ") && !error.contains("hunter2"), "{error}");
    assert!(!folder.path().join("never.db").exists(), "before anything is made");
}
