//! The built program over real sockets, with an SMTP server that is not ours, killed between any two steps.
//!
//! It needs a Python with aiosmtpd, which `SMTP_TEST_PYTHON` names. `./tests/run` makes one and runs this test; a plain
//! `cargo test` leaves it out.

use super::desk::{BROWSER, paths};
use super::process::{Running, afterword, free_port, let_pass, request, serve, wait_for};
use mail_parser::MessageParser;
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// An installation: a folder with a configuration, a mail server, and a service that is killed and started again.
struct Installation {
    folder: TempDir,
    port: u16,
    service: Running,
    _mail_server: Running,
}

impl Installation {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (port, mail_port) = (free_port(), free_port());
        let mails = folder.path().join("mails");
        fs::create_dir(&mails).expect("a folder for mails");
        let mail_server = mail_server(mail_port, &mails);
        let config = format!(
            "listen = \"127.0.0.1:{port}\"\npublic_url = \"http://127.0.0.1:{port}\"\n\
            [mail]\nfrom = \"Example Support <support@example.com>\"\nsmtp = \"smtp://127.0.0.1:{mail_port}\"\n"
        );
        fs::write(folder.path().join("afterword.toml"), config).expect("a configuration");
        let service = serve(folder.path(), port);
        Self { folder, port, service, _mail_server: mail_server }
    }

    /// `kill -9`, and a new start.
    fn crash(&mut self) {
        self.service.kill();
        self.service = serve(self.folder.path(), self.port);
    }

    fn run(&self, arguments: &[&str]) -> String {
        let output = afterword(self.folder.path(), arguments).output().expect("the program runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    fn call(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> (u16, String) {
        let headers = [&[("User-Agent", BROWSER)], headers].concat();
        request(self.port, method, path, &headers, body).expect("the service answers")
    }

    fn mails(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.folder.path().join("mails")).expect("a folder");
        let paths = entries.map(|entry| entry.expect("readable").path());
        paths.filter(|path| path.extension().is_some_and(|kind| kind == "eml")).collect()
    }

    fn page(&self, link: &str) -> String {
        let (status, page) = self.call("GET", link, &[], "");
        assert_eq!(status, 200, "{page}");
        let (_, rest) = page.split_once("name=\"page\" value=\"").expect("a form");
        rest.split_once('"').expect("a value").0.to_owned()
    }

    fn submit(&self, link: &str, fields: &[(&str, &str)]) -> Value {
        let form = serde_urlencoded::to_string(fields).expect("fields");
        let headers = [("Accept", "application/json"), ("Content-Type", "application/x-www-form-urlencoded")];
        let (status, answer) = self.call("POST", link, &headers, &form);
        assert_eq!(status, 200, "{answer}");
        serde_json::from_str(&answer).expect("JSON")
    }
}

pub fn mail_server(port: u16, folder: &Path) -> Running {
    let python = std::env::var("SMTP_TEST_PYTHON")
        .expect("SMTP_TEST_PYTHON names a Python with aiosmtpd: run the tests by ./tests/run");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/smtpd.py");
    let mut command = Command::new(python);
    command.arg(script).arg(port.to_string()).arg(folder).stdout(Stdio::piped());
    let mut server = Running(command.spawn().expect("Python starts"));
    let mut line = String::new();
    BufReader::new(server.0.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
    assert_eq!(line, "listening\n", "the mail server starts");
    server
}

#[test]
#[ignore = "needs a Python with aiosmtpd; ./tests/run runs it"]
fn a_survey_survives_kill_9_between_any_two_steps() {
    let mut here = Installation::new();
    let printed = here.run(&["key", "new", "--scope", "admin", "--name", "helpdesk"]);
    let bearer = format!("Bearer {}", printed.lines().last().expect("a key"));
    let key = [("Authorization", bearer.as_str())];
    here.crash();

    // Close: an answered decision is durable, and answered the same again.
    let now = chrono::DateTime::<chrono::Utc>::from(std::time::UNIX_EPOCH + unix_time()).to_rfc3339();
    let closing = json!({
        "conversation_id": "8841", "closed_at": now, "subject": "Refund", "started_by": "customer", "characters": 612,
        "teammate_replied": true, "customers": [{"email": "ada@example.com", "name": "Ada", "kind": "user"}],
        "teammate": {"id": "t7", "name": "Grace", "team": "Billing"},
    });
    let (status, first) = here.call("POST", "/v1/closings", &key, &closing.to_string());
    assert_eq!(status, 202, "{first}");
    here.crash();
    let (status, again) = here.call("POST", "/v1/closings", &key, &closing.to_string());
    assert_eq!((status, &again), (200, &first));

    // Receive: the mail arrives, at most once more for the connection that the crash cut, under the same name.
    wait_for("the mail", || (!here.mails().is_empty()).then_some(()));
    wait_for("its mark", || {
        let conversation = here.call("GET", "/v1/conversations/8841", &key, "").1;
        let conversation: Value = serde_json::from_str(&conversation).expect("JSON");
        (conversation["surveys"][0]["mail"]["state"] == "accepted").then_some(())
    });
    here.crash();
    let mails: Vec<_> = here.mails().iter().map(|path| fs::read(path).expect("a mail")).collect();
    assert!(mails.len() <= 2, "{} mails", mails.len());
    let parsed: Vec<_> = mails.iter().map(|raw| MessageParser::default().parse(raw).expect("a mail")).collect();
    assert!(parsed.windows(2).all(|pair| pair[0].message_id() == pair[1].message_id()));
    let links = paths(&parsed[0].body_text(0).expect("a text part"), "/r/");
    assert_eq!(links.len(), 5);

    // Click and press: the page outlives the crash, and so does the rating.
    let page = here.page(&links[3]);
    here.crash();
    let_pass(Duration::from_millis(1_100));
    let rated = here.submit(&links[3], &[("page", &page)]);
    assert_eq!((&rated["outcome"], &rated["score"]), (&json!("ok"), &json!(4)), "{rated}");
    here.crash();
    let again = here.submit(&links[3], &[("page", &page)]);
    assert_eq!((&again["outcome"], &again["standing"]), (&json!("ok"), &json!("rated")), "{again}");

    // Comment: locked, and locked after a crash.
    let_pass(Duration::from_secs(1));
    let locked = here.submit(&links[3], &[("page", &page), ("comment", "Quick and kind.")]);
    assert_eq!(locked["standing"], "locked", "{locked}");
    here.crash();

    // Report, from the command line while the service runs.
    let report: Value = serde_json::from_str(&here.run(&["report", "--format", "json"])).expect("JSON");
    let grace = &report["rows"][0];
    assert_eq!((&grace["name"], &grace["asked"], &grace["answered"]), (&json!("Grace"), &json!(1), &json!(1)));
    assert_eq!((&grace["csat"], &grace["ratings"]), (&json!(1.0), &json!(1)));
    let table = here.run(&["report"]);
    assert!(table.contains("Grace") && table.contains("100.0 %"), "{table}");
    let log = fs::read_to_string(here.folder.path().join("log")).expect("a log");
    let secrets = ["ada@example.com", "Quick and kind", links[3].trim_start_matches("/r/")];
    assert!(!secrets.iter().any(|secret| log.contains(secret)), "a secret is in the log");
}

pub fn unix_time() -> Duration {
    #[expect(clippy::disallowed_methods, reason = "the program under test runs on the real clock")]
    let now = std::time::SystemTime::now();
    now.duration_since(std::time::UNIX_EPOCH).expect("after 1970")
}
