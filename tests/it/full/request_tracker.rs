//! A real Request Tracker 5, connected as docs/helpdesks.md says: from the customer's mail to the rating in the report.

use super::{docs, e2e, output, start};
use crate::desk::{BROWSER, paths};
use crate::process::{Running, afterword, free_port, let_pass, request, serve, wait_for};
use mail_parser::MessageParser;
use serde_json::{Value, json};
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// What a new Request Tracker lets nobody do by mail.
const RIGHTS: &str = "our @ACL = map { { GroupDomain => 'SystemInternal', GroupType => 'Everyone', Right => $_ } }\n\
    qw(CreateTicket ReplyToTicket SeeQueue);\n1;\n";

/// A program of Request Tracker, which is told where this one's configuration is.
fn program(folder: &Path, path: &str) -> Command {
    let mut command = Command::new(path);
    command.env("RT_SITE_CONFIG", folder.join("RT_SiteConfig.pm")).env("RT_SITE_CONFIG_DIR", folder.join("none"));
    command.env("TMPDIR", folder);
    command
}

/// Request Tracker with a database of its own, which ends with its test.
struct Tracker<'f> {
    folder: &'f Path,
    port: u16,
    _server: Running,
}

impl<'f> Tracker<'f> {
    /// `settings` are the lines that the page adds to the configuration.
    fn new(folder: &'f Path, settings: &str) -> Self {
        let port = free_port();
        let (database, none) = (folder.join("rt.db"), folder.join("none"));
        fs::create_dir(&none).expect("a folder");
        let config = format!(
            "Set($rtname, 'desk.example.com');\nSet($Organization, 'desk.example.com');\nSet($Timezone, 'UTC');\n\
            Set($WebDomain, '127.0.0.1');\nSet($WebPort, {port});\nSet($WebPath, '');\nSet($DatabaseType, 'SQLite');\n\
            Set($DatabaseName, '{}');\nSet($MailCommand, 'testfile');\nSet($LogToSTDERR, 'info');\n\
            Set($LogToSyslog, undef);\n{settings}\n1;\n",
            database.display()
        );
        fs::write(folder.join("RT_SiteConfig.pm"), config).expect("written");
        output(program(folder, "/usr/sbin/rt-setup-database-5").args(["--action", "init", "--skip-create"]));
        fs::write(folder.join("rights"), RIGHTS).expect("written");
        let scrip = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/request-tracker/afterword.initialdata");
        for data in [&folder.join("rights"), &scrip] {
            let mut insert = program(folder, "/usr/sbin/rt-setup-database-5");
            output(insert.args(["--action", "insert", "--datafile"]).arg(data));
        }
        let mut server = program(folder, "/usr/share/request-tracker5/libexec/rt-server");
        let server = start(server.args(["--port", &port.to_string()]), &folder.join("rt.log"));
        wait_for("Request Tracker", || request(port, "GET", "/", &[], ""));
        Self { folder, port, _server: server }
    }

    /// Ada writes a mail.
    fn mail(&self, subject: &str, text: &str) {
        let url = format!("http://127.0.0.1:{}/", self.port);
        let mut gate = program(self.folder, "/usr/bin/rt-mailgate-5");
        gate.args(["--queue", "General", "--action", "correspond", "--url", &url]);
        let mut gate = gate.stdin(Stdio::piped()).spawn().expect("rt-mailgate starts");
        let mail = format!("From: Ada Byron <ada@example.net>\nTo: desk@example.com\nSubject: {subject}\n\n{text}\n");
        gate.stdin.take().expect("piped").write_all(mail.as_bytes()).expect("taken");
        assert!(gate.wait().expect("it ends").success(), "{}", self.log());
    }

    /// An agent does something to a ticket.
    fn act(&self, method: &str, path: &str, body: &Value) {
        let basic = format!("Basic {}", data_encoding::BASE64.encode(b"root:password"));
        let headers = [("Authorization", basic.as_str()), ("Content-Type", "application/json")];
        let answer = request(self.port, method, &format!("/REST/2.0/ticket/{path}"), &headers, &body.to_string());
        assert!(answer.as_ref().is_some_and(|(status, _)| [200, 201].contains(status)), "{answer:?}\n{}", self.log());
    }

    /// An agent fills in the form that replies to a ticket and resolves it at once.
    fn reply_and_resolve(&self, ticket: &str, content: &str) {
        let fields = [
            ("user", "root"),
            ("pass", "password"),
            ("id", ticket),
            ("Action", "Respond"),
            ("UpdateType", "response"),
            ("UpdateContentType", "text/plain"),
            ("UpdateContent", content),
            ("Status", "resolved"),
            ("SubmitTicket", "1"),
        ];
        let body = serde_urlencoded::to_string(fields).expect("a form");
        let headers = [("Content-Type", "application/x-www-form-urlencoded")];
        let answer = request(self.port, "POST", "/Ticket/Update.html", &headers, &body);
        assert!(answer.as_ref().is_some_and(|(status, _)| [200, 302].contains(status)), "{answer:?}\n{}", self.log());
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.join("rt.log")).unwrap_or_default()
    }
}

#[test]
#[ignore = "full: needs Request Tracker 5"]
fn full_request_tracker_reports_what_its_agents_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let (folder, port, mail_port) = (folder.path(), free_port(), free_port());
    let mails = folder.join("mails");
    fs::create_dir(&mails).expect("a folder for mails");
    let _mail_server = e2e::mail_server(mail_port, &mails);
    let page = docs::read("docs/helpdesks.md");
    let page = docs::section(&page, "## Request Tracker");
    let configure = |delay: &str| {
        let connection = docs::code(page, "toml").concat();
        let config = format!(
            "listen = \"127.0.0.1:{port}\"\npublic_url = \"http://127.0.0.1:{port}\"\n[ask]\ndelay = \"{delay}\"\n\
            [mail]\nfrom = \"Shop <support@shop.example>\"\nsmtp = \"smtp://127.0.0.1:{mail_port}\"\n{connection}"
        );
        fs::write(folder.join("afterword.toml"), config).expect("a configuration");
    };
    configure("0s");
    let mut service = serve(folder, port);
    let key = |scope: &str| {
        let made = output(&mut afterword(folder, &["key", "new", "--scope", scope, "--name", "rt"]));
        made.lines().last().expect("a key").to_owned()
    };
    let settings =
        docs::code(page, "perl").concat().replace("https://rate.example.com", &format!("http://127.0.0.1:{port}"));
    let tracker = Tracker::new(folder, &settings.replace("aw_trigger_…", &key("trigger")));
    let admin = format!("Bearer {}", key("admin"));
    let conversation = |id: &str| -> Value {
        let path = format!("/v1/conversations/{id}?connection=rt");
        let (status, known) = request(port, "GET", &path, &[("Authorization", &admin)], "").expect("it answers");
        assert_eq!(status, 200, "{known}\n{}", tracker.log());
        serde_json::from_str(&known).expect("JSON")
    };
    let answer =
        json!({"Content": "We are sorry, and send you your money back. ".repeat(6), "ContentType": "text/plain"});

    // A ticket that is resolved is asked about.
    tracker.mail("Refund", "The lamp does not work, and I would like to have my money back.");
    tracker.act("POST", "1/correspond", &answer);
    tracker.act("PUT", "1", &json!({"Status": "resolved"}));
    let mail = wait_for("the mail", || fs::read(mails.join("1.eml")).ok());
    let mail = MessageParser::default().parse(&mail).expect("a mail");
    let to = mail.to().and_then(|to| to.first()).and_then(|to| to.address());
    assert_eq!(to, Some("ada@example.net"));
    let asked = conversation("1");
    assert_eq!(asked["decisions"][0]["decision"], "ask", "{asked:#}");
    assert_eq!(asked["decisions"][0]["unknown"], json!([]), "everything was told: {asked:#}");

    // The customer rates, and the agent has the rating.
    let links = paths(&mail.body_text(0).expect("a text"), "/r/");
    let browser = [("User-Agent", BROWSER)];
    let (_, shown) = request(port, "GET", &links[4], &browser, "").expect("a page");
    let token = shown.split_once("name=\"page\" value=\"").expect("a form").1.split_once('"').expect("a value").0;
    let_pass(Duration::from_millis(1_100));
    let form =
        [browser.as_slice(), &[("Accept", "application/json"), ("Content-Type", "application/x-www-form-urlencoded")]];
    let (_, rated) = request(port, "POST", &links[4], &form.concat(), &format!("page={token}")).expect("an answer");
    assert!(rated.contains("\"outcome\":\"ok\""), "{rated}");
    let report = output(&mut afterword(folder, &["report", "--format", "json"]));
    let report: Value = serde_json::from_str(&report).expect("JSON");
    assert_eq!(
        (&report["rows"][0]["name"], &report["rows"][0]["positive"]),
        (&json!("Enoch Root"), &json!(1)),
        "{report:#}"
    );

    // One that the customer answers in time is not.
    service.kill();
    configure("1h");
    let _service = serve(folder, port);
    tracker.mail("Another lamp", "This one does not work either.");
    tracker.act("POST", "2/correspond", &answer);
    tracker.act("PUT", "2", &json!({"Status": "resolved"}));
    assert_eq!(conversation("2")["surveys"][0]["mail"]["state"], "waiting");
    tracker.mail("Re: [desk.example.com #2] Another lamp", "It still does not.");
    let cancelled = conversation("2");
    assert_eq!(cancelled["surveys"][0]["mail"]["state"], "cancelled", "{cancelled:#}\n{}", tracker.log());
    assert_eq!(fs::read_dir(&mails).expect("a folder").count(), 1, "one mail was sent");

    // A reply that resolves the ticket is the last one, and asks once.
    tracker.mail("A third lamp", "It is broken as well.");
    tracker.reply_and_resolve("3", "We are sorry, and send you your money back. ".repeat(6).trim());
    let asked = conversation("3");
    let decisions = asked["decisions"].as_array().expect("decisions");
    assert_eq!((decisions.len(), &decisions[0]["decision"]), (1, &json!("ask")), "{asked:#}\n{}", tracker.log());
    assert_eq!(asked["closings"][0]["teammate"]["name"], "Enoch Root", "{asked:#}");
    assert_eq!(asked["closings"][0]["teammate_replied"], true, "{asked:#}");
}
