//! The built program among real servers, set up as the pages of docs/ say: proxies, a relay, a package.
//!
//! These tests take minutes and Debian's packages: `./tests/run full` installs those and runs them. Their names begin
//! with `full_`, by which `./tests/run` leaves them out. Everything listens on 127.0.0.1, and ends with its test.

mod calls;
mod litestream;
mod package;
mod proxy;
mod relay;
mod request_tracker;

use super::desk::paths;
use super::process::{Running, afterword, free_port, request, serve, wait_for};
use super::{docs, e2e};
use mail_parser::MessageParser;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// The name that customers use in docs/.
const HOST: &str = "rate.example.com";

/// The page that says how to operate.
fn operating() -> String {
    docs::read("docs/operate.md")
}

/// What a program prints. It must succeed.
fn output(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Starts a server that writes what it says into a file.
fn start(command: &mut Command, log: &Path) -> Running {
    let log = fs::File::create(log).expect("a log");
    let errors = log.try_clone().expect("a log");
    let child = command.stdin(Stdio::null()).stdout(log).stderr(errors).spawn();
    Running(child.unwrap_or_else(|error| panic!("{command:?}: {error}")))
}

/// Replaces what occurs exactly so often: else the page has changed, and the test with it must.
fn replaced(text: &str, times: usize, from: &str, to: &str) -> String {
    assert_eq!(text.matches(from).count(), times, "{from} in {text}");
    text.replace(from, to)
}

/// A self-made certificate for [`HOST`] and this machine: the files of it and of its key.
fn certificate(folder: &Path) -> (PathBuf, PathBuf) {
    let (certificate, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
    let names = format!("subjectAltName=DNS:{HOST},DNS:localhost,IP:127.0.0.1");
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30"])
        .args(["-subj", "/CN=Tests", "-addext", "basicConstraints=CA:FALSE", "-addext", &names, "-keyout"])
        .args([&key, Path::new("-out"), &certificate])
        .output();
    assert!(made.as_ref().is_ok_and(|made| made.status.success()), "{made:?}");
    (certificate, key)
}

/// What a helpdesk reports now of a conversation with this customer.
fn closing(id: &str, email: &str) -> Value {
    let now = chrono::DateTime::<chrono::Utc>::from(std::time::UNIX_EPOCH + e2e::unix_time()).to_rfc3339();
    json!({
        "conversation_id": id, "closed_at": now, "started_by": "customer", "characters": 612,
        "teammate_replied": true, "customers": [{"email": email}], "teammate": {"id": "t7", "name": "Grace"},
    })
}

/// A service with a relay that takes all mail, for customers who reach it at a port of a proxy.
struct Installation {
    folder: TempDir,
    /// Where the proxy is to listen.
    proxy: u16,
    /// Where the service listens.
    port: u16,
    service: Running,
    key: String,
    certificate: (PathBuf, PathBuf),
    _relay: Running,
}

impl Installation {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (proxy, port, relay_port) = (free_port(), free_port(), free_port());
        let mails = folder.path().join("mails");
        fs::create_dir(&mails).expect("a folder for mails");
        let relay = e2e::mail_server(relay_port, &mails);
        let config = format!(
            "listen = \"127.0.0.1:{port}\"\npublic_url = \"https://{HOST}:{proxy}\"\ntrusted_proxies = 1\n\
            [mail]\nfrom = \"Shop <support@shop.example>\"\nsmtp = \"smtp://127.0.0.1:{relay_port}\"\n"
        );
        fs::write(folder.path().join("afterword.toml"), config).expect("a configuration");
        let service = serve(folder.path(), port);
        let made = output(&mut afterword(folder.path(), &["key", "new", "--scope", "admin", "--name", "tests"]));
        let key = made.lines().last().expect("a key").to_owned();
        let certificate = certificate(folder.path());
        Self { folder, proxy, port, service, key, certificate, _relay: relay }
    }

    /// Asks through the proxy, over TLS that it checks: status and body.
    fn ask(&self, path: &str, options: &[&str]) -> (u16, String) {
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--max-time", "60", "--write-out", "\n%{http_code}", "--cacert"]);
        curl.arg(&self.certificate.0).args(["--resolve", &format!("{HOST}:{}:127.0.0.1", self.proxy)]);
        let printed = output(curl.args(options).arg(format!("https://{HOST}:{}{path}", self.proxy)));
        let (body, status) = printed.rsplit_once('\n').expect("a status");
        (status.parse().expect("a status"), body.to_owned())
    }

    /// The same with the key, and JSON in the answer.
    fn api(&self, path: &str, options: &[&str]) -> (u16, Value) {
        let bearer = format!("Authorization: Bearer {}", self.key);
        let (status, body) = self.ask(path, &[&["--header", &bearer], options].concat());
        (status, serde_json::from_str(&body).unwrap_or_else(|error| panic!("{error}: {status} {body}")))
    }

    /// Closes a conversation with this customer.
    fn close(&self, id: &str, email: &str) -> (u16, Value) {
        self.api("/v1/closings", &["--data", &closing(id, email).to_string()])
    }

    /// The same without the proxy.
    fn service_closes(&self, id: &str, email: &str) {
        let bearer = format!("Bearer {}", self.key);
        let body = closing(id, email).to_string();
        let answer = request(self.port, "POST", "/v1/closings", &[("Authorization", &bearer)], &body);
        assert!(answer.as_ref().is_some_and(|(status, _)| *status == 202), "{answer:?}");
    }

    /// The links of the only mail that was sent: five that rate, and the one that unsubscribes.
    fn links(&self) -> (Vec<String>, String) {
        let mail = wait_for("the mail", || fs::read(self.folder.path().join("mails/1.eml")).ok());
        let text = MessageParser::default().parse(&mail).expect("a mail").body_text(0).expect("a text").into_owned();
        assert!(text.contains(&format!("https://{HOST}:{}/r/", self.proxy)), "{text}");
        (paths(&text, "/r/"), paths(&text, "/u/").remove(0))
    }
}
