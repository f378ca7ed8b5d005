//! The mails of surveys that never were: `afterword preview` and `afterword send-test`.

use crate::desk::{Desk, Mail};
use crate::process;
use crate::sink::{Pem, Plan, Sink, Tls};
use afterword::clock::Clock;
use afterword::gateway::send_test;
use afterword::survey::outbound::Attempt;
use axum::body::Body;
use axum::http::Request;
use std::fs;
use std::path::Path;
use std::process::Output;

fn afterword(folder: &Path, arguments: &[&str]) -> Output {
    process::afterword(folder, arguments).env_clear().output().expect("the program runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_preview_writes_four_files_and_needs_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = "[policy.vip.text.en]\nquestion = 'Was {teammate} golden?'\n";
    fs::write(folder.path().join("afterword.toml"), config).expect("a configuration");
    let done = afterword(folder.path(), &["preview", "--policy", "vip", "--locale", "en-GB", "--out", "a/b"]);
    assert!(done.status.success(), "{}", text(&done.stderr));
    let read = |name: &str| fs::read_to_string(folder.path().join("a/b").join(name)).expect(name);
    let mail = Mail::parse(read("request.eml").as_bytes());
    let named = |text: &str| text.split_once("Was Grace golden?").is_some();
    assert!(named(&read("request.txt")) && named(&read("request.html")) && named(&mail.text) && named(&mail.html));
    let index = read("index.html");
    assert_eq!(
        index.matches("<iframe").count(),
        6 + 14,
        "light, dark and without images, wide and narrow; each language"
    );
    let inbox =
        index.split_once("In the inbox</h2>").and_then(|(_, rest)| rest.split_once("</h2>")).expect("a section");
    assert_eq!(inbox.0.matches("Grace at Support</bdi>").count(), 2, "{}", inbox.0);
    assert!(["src=\"", "href=\"http", "url("].iter().all(|loads| !index.contains(loads)), "it loads nothing: {index}");
    let mut frames = index.split("srcdoc=\"").skip(1);
    let in_frames =
        frames.any(|frame| frame.split('"').next().is_some_and(|mail| mail.contains("(prefers-color-scheme: dark)")));
    assert!(!in_frames, "a frame does not depend on the browser");
    assert!(index.contains("dir=\"ltr\">Hi Ada,\n\nWas Grace golden?"), "the text part: {index}");
    let done = afterword(folder.path(), &["preview", "--locale", "ar", "--out", "a/b"]);
    assert!(
        done.status.success() && read("request.txt").contains("كيف كانت محادثتك مع Grace؟"),
        "{}",
        text(&done.stderr)
    );
    let names = fs::read_dir(folder.path()).expect("a folder").map(|entry| entry.expect("readable").file_name());
    assert_eq!(names.count(), 2, "neither database nor keys are made");
}

#[test]
fn a_preview_of_what_there_is_not_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    for (arguments, expected) in [
        (
            ["preview", "--out", "x", "--policy", "vip"],
            "--policy: expected the name of a configured policy: there is none",
        ),
        (["preview", "--out", "x", "--locale", "tlh"], "--locale: there are no texts in that language"),
    ] {
        let done = afterword(folder.path(), &arguments);
        let said = text(&done.stderr);
        assert!(done.status.code() == Some(2) && said.contains(expected), "{said}");
        assert!(!folder.path().join("x").exists());
    }
}

#[test]
fn a_test_ends_well_only_if_it_was_accepted() {
    let folder = tempfile::tempdir().expect("a folder");
    let done = afterword(folder.path(), &["send-test", "ada@example.com"]);
    let said = text(&done.stderr);
    assert!(done.status.code() == Some(1) && said.contains("nothing was sent to ada@example.com: mail.smtp"), "{said}");
    assert_eq!(fs::read_dir(folder.path().join("mail")).expect("a folder").count(), 1, "it is there to look at");
    assert!(!folder.path().join("afterword.db").exists(), "nothing is stored");
    assert_eq!(afterword(folder.path(), &["send-test", "ada"]).status.code(), Some(2));
    fs::write(folder.path().join("afterword.toml"), "mail.smtp = 'smtp://127.0.0.1:1'").expect("a configuration");
    let done = afterword(folder.path(), &["send-test", "ada@example.com"]);
    let said = text(&done.stderr);
    assert!(done.status.code() == Some(1) && said.contains("was not reached: 127.0.0.1:1"), "{said}");
    assert_eq!(text(&done.stdout), "Connecting to 127.0.0.1:1 ...\n", "before a long silence");
}

#[tokio::test]
async fn what_is_wrong_with_a_certificate_is_told() {
    let expired = (include_bytes!("../data/tls/expired.pem") as Pem, "the certificate has expired");
    let other = (include_bytes!("../data/tls/other.pem") as Pem, "the certificate is for another name");
    let sound = (include_bytes!("../data/tls/sound.pem") as Pem, "took the mail");
    for (certificate, expected) in [expired, other, sound] {
        let sink = Sink::with(Plan::Scripts(vec![]), Tls::Always(certificate)).await;
        let folder = tempfile::tempdir().expect("a folder");
        let target = format!("mail.smtp = 'smtps://127.0.0.1:{}'", sink.port);
        fs::write(folder.path().join("afterword.toml"), target).expect("a configuration");
        let mut command = process::afterword(folder.path(), &["send-test", "ada@example.com"]);
        command.env_clear().env("SSL_CERT_FILE", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/tls/authority.pem"));
        let done = tokio::task::spawn_blocking(move || command.output().expect("the program runs")).await;
        let done = done.expect("it ends");
        let said = text(&done.stdout) + &text(&done.stderr);
        assert!(said.contains(expected), "{said}");
        assert_eq!(sink.steps().contains("MAIL"), done.status.success(), "{}", sink.steps());
    }
}

#[tokio::test]
async fn the_links_of_a_test_say_so_and_count_for_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let mails = folder.path().join("mails");
    let target = format!("file:{}", mails.display());
    let desk = Desk::with(|config| config.mail.smtp = target.try_into().expect("a folder")).await;
    let before = desk.everything().await;
    for _ in 0..2 {
        let sent = send_test(&desk.gateway.config, "ada@example.com", Clock::System.now()).await;
        assert_eq!(sent.expect("usable keys"), Attempt::Accepted);
    }
    let mails: Vec<_> = fs::read_dir(mails).expect("mails").map(|entry| entry.expect("readable").path()).collect();
    assert_eq!(mails.len(), 2, "each test is a mail of its own");
    let mail = Mail::parse(&fs::read(&mails[0]).expect("a mail"));
    assert_eq!(mail.subject, "[Test] How was your conversation with Grace?");
    for link in mail.links.iter().chain([&mail.unsubscribe]) {
        let page = desk.visit(link).await;
        assert!(page.status == 404 && page.text.contains("This was only a test"), "{}", page.text);
        let post = desk.send(Request::post(link).body(Body::empty()).expect("a request")).await;
        assert_eq!(post.status, 404);
    }
    assert_eq!(desk.everything().await, before, "neither the mail nor its links left anything");
}
