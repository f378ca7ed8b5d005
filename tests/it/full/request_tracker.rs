//! A real Request Tracker 5, connected as docs/helpdesks.md says: from the customer's mail to the rating in the report.

use super::{docs, e2e, output, start};
use crate::desk::{BROWSER, paths};
use crate::process::{Running, afterword, free_port, let_pass, request, serve, wait_for};
use mail_parser::MessageParser;
use serde_json::{Value, json};
use std::fs;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// A lifecycle whose tickets go on under a name of its own.
const LIFECYCLE: &str = "Set(%Lifecycles, lamps => { initial => ['new'], active => ['in repair'], inactive => ['resolved'],\n\
    transitions => { '' => ['new'], new => ['in repair'], 'in repair' => ['resolved'], resolved => ['in repair'] } });\n";

/// What a new Request Tracker lets nobody do by mail, and a queue with that lifecycle.
const RIGHTS: &str = "our @ACL = map { { GroupDomain => 'SystemInternal', GroupType => 'Everyone', Right => $_ } }\n\
    qw(CreateTicket ReplyToTicket SeeQueue);\n\
    our @Queues = ({ Name => 'Lamps', Lifecycle => 'lamps' });\n1;\n";

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
    /// `settings` are the lines that the page adds to the configuration, `install` is its command for the scrip.
    fn new(folder: &'f Path, settings: &str, install: &str) -> Self {
        let port = free_port();
        let (database, none) = (folder.join("rt.db"), folder.join("none"));
        fs::create_dir(&none).expect("a folder");
        let config = format!(
            "Set($rtname, 'desk.example.com');\nSet($Organization, 'desk.example.com');\nSet($Timezone, 'UTC');\n\
            Set($WebDomain, '127.0.0.1');\nSet($WebPort, {port});\nSet($WebPath, '');\nSet($DatabaseType, 'SQLite');\n\
            Set($DatabaseName, '{}');\nSet($MailCommand, 'testfile');\nSet($LogToSTDERR, 'info');\n\
            Set($LogToSyslog, undef);\n{LIFECYCLE}{settings}\n1;\n",
            database.display()
        );
        fs::write(folder.join("RT_SiteConfig.pm"), config).expect("written");
        output(program(folder, "/usr/sbin/rt-setup-database-5").args(["--action", "init", "--skip-create"]));
        fs::write(folder.join("rights"), RIGHTS).expect("written");
        let scrip = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/request-tracker");
        let install = install.trim().strip_prefix("sudo rt-setup-database ").expect("the command");
        for (place, arguments) in
            [(folder, install.replace("afterword.initialdata", "rights").as_str()), (&scrip, install)]
        {
            let mut insert = program(folder, "/usr/sbin/rt-setup-database-5");
            output(insert.current_dir(place).args(arguments.split(' ')));
        }
        let mut server = program(folder, "/usr/share/request-tracker5/libexec/rt-server");
        // The usual server has workers that outlive it when it's killed; this one is a single process.
        server.args(["--server", "Standalone", "--host", "127.0.0.1", "--port", &port.to_string()]);
        let server = start(&mut server, &folder.join("rt.log"));
        wait_for("Request Tracker", || request(port, "GET", "/", &[], ""));
        // Its password is known to all, and it listens to all unless told otherwise.
        assert!(TcpStream::connect(("127.0.0.2", port)).is_err(), "it listens on 127.0.0.1 only");
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
        let answer = request(self.port, method, &format!("/REST/2.0/ticket{path}"), &headers, &body.to_string());
        assert!(answer.as_ref().is_some_and(|(status, _)| [200, 201].contains(status)), "{answer:?}\n{}", self.log());
    }

    /// An agent fills in the form that replies to a ticket and resolves it at once.
    fn reply_and_resolve(&self, ticket: &str, content: &str) {
        let update = [("Action", "Respond"), ("UpdateType", "response"), ("UpdateContentType", "text/plain")];
        let more = [("UpdateContent", content), ("Status", "resolved"), ("SubmitTicket", "1")];
        self.fill_in("/Ticket/Update.html", ticket, &[update, more].concat());
    }

    /// An agent merges a ticket into another one.
    fn merge(&self, ticket: &str, into: &str) {
        self.fill_in("/Ticket/ModifyLinks.html", ticket, &[(&format!("{ticket}-MergeInto"), into)]);
    }

    /// An agent fills in a form about a ticket.
    fn fill_in(&self, path: &str, ticket: &str, fields: &[(&str, &str)]) {
        let fields = [&[("user", "root"), ("pass", "password"), ("id", ticket)], fields].concat();
        let body = serde_urlencoded::to_string(fields).expect("a form");
        let headers = [("Content-Type", "application/x-www-form-urlencoded")];
        let answer = request(self.port, "POST", path, &headers, &body);
        assert!(answer.as_ref().is_some_and(|(status, _)| [200, 302].contains(status)), "{answer:?}\n{}", self.log());
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.join("rt.log")).unwrap_or_default()
    }
}

/// A Request Tracker that reports to an Afterword, as the page connects them, and a relay.
struct Connected<'f> {
    folder: &'f Path,
    port: u16,
    mail_port: u16,
    mails: PathBuf,
    admin: String,
    tracker: Tracker<'f>,
    service: Running,
    _mail_server: Running,
}

impl<'f> Connected<'f> {
    fn new(folder: &'f Path, delay: &str) -> Self {
        let (port, mail_port) = (free_port(), free_port());
        let mails = folder.join("mails");
        fs::create_dir(&mails).expect("a folder for mails");
        let mail_server = e2e::mail_server(mail_port, &mails);
        configure(folder, port, mail_port, delay);
        let service = serve(folder, port);
        let key = |scope: &str| {
            let made = output(&mut afterword(folder, &["key", "new", "--scope", scope, "--name", "rt"]));
            made.lines().last().expect("a key").to_owned()
        };
        let page = docs::read("docs/helpdesks.md");
        let page = docs::section(&page, "## Request Tracker");
        let settings = docs::code(page, "perl").concat();
        let settings = settings.replace("https://rate.example.com", &format!("http://127.0.0.1:{port}"));
        let settings = settings.replace("aw_trigger_…", &key("trigger"));
        let tracker = Tracker::new(folder, &settings, &docs::code(page, "sh").concat());
        let admin = format!("Bearer {}", key("admin"));
        Self { folder, port, mail_port, mails, admin, tracker, service, _mail_server: mail_server }
    }

    /// Starts the service again with another delay.
    fn restart(&mut self, delay: &str) {
        self.service.kill();
        configure(self.folder, self.port, self.mail_port, delay);
        self.service = serve(self.folder, self.port);
    }

    /// What the service answers when it's asked about a ticket: status and body.
    fn known(&self, ticket: &str) -> (u16, String) {
        let path = format!("/v1/conversations/{ticket}?connection=rt");
        request(self.port, "GET", &path, &[("Authorization", &self.admin)], "").expect("it answers")
    }

    fn conversation(&self, ticket: &str) -> Value {
        let (status, known) = self.known(ticket);
        assert_eq!(status, 200, "{known}\n{}", self.tracker.log());
        serde_json::from_str(&known).expect("JSON")
    }
}

fn configure(folder: &Path, port: u16, mail_port: u16, delay: &str) {
    let page = docs::read("docs/helpdesks.md");
    let connection = docs::code(docs::section(&page, "## Request Tracker"), "toml").concat();
    let config = format!(
        "listen = \"127.0.0.1:{port}\"\npublic_url = \"http://127.0.0.1:{port}\"\n[ask]\ndelay = \"{delay}\"\n\
        [mail]\nfrom = \"Shop <support@shop.example>\"\nsmtp = \"smtp://127.0.0.1:{mail_port}\"\n{connection}"
    );
    fs::write(folder.join("afterword.toml"), config).expect("a configuration");
}

/// An answer that is long enough to be asked about.
fn long_answer() -> String {
    "We are sorry, and send you your money back. ".repeat(6).trim().to_owned()
}

#[test]
#[ignore = "full: needs Request Tracker 5"]
fn full_request_tracker_reports_what_its_agents_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut desk = Connected::new(folder.path(), "0s");
    let answer = json!({"Content": long_answer(), "ContentType": "text/plain"});

    // A ticket that is resolved is asked about.
    desk.tracker.mail("Refund", "The lamp does not work, and I would like to have my money back.");
    desk.tracker.act("POST", "/1/correspond", &answer);
    desk.tracker.act("PUT", "/1", &json!({"Status": "resolved"}));
    let mail = wait_for("the mail", || fs::read(desk.mails.join("1.eml")).ok());
    let mail = MessageParser::default().parse(&mail).expect("a mail");
    let to = mail.to().and_then(|to| to.first()).and_then(|to| to.address());
    assert_eq!(to, Some("ada@example.net"));
    let asked = desk.conversation("1");
    assert_eq!(asked["decisions"][0]["decision"], "ask", "{asked:#}");
    assert_eq!(asked["decisions"][0]["unknown"], json!([]), "everything was told: {asked:#}");
    assert_eq!(asked["reopenings"], json!([]), "the first answer to a ticket reopens nothing: {asked:#}");

    // The customer rates, and the agent has the rating.
    let links = paths(&mail.body_text(0).expect("a text"), "/r/");
    let browser = [("User-Agent", BROWSER)];
    let (_, shown) = request(desk.port, "GET", &links[4], &browser, "").expect("a page");
    let token = shown.split_once("name=\"page\" value=\"").expect("a form").1.split_once('"').expect("a value").0;
    let_pass(Duration::from_millis(1_100));
    let form =
        [browser.as_slice(), &[("Accept", "application/json"), ("Content-Type", "application/x-www-form-urlencoded")]];
    let (_, rated) =
        request(desk.port, "POST", &links[4], &form.concat(), &format!("page={token}")).expect("an answer");
    assert!(rated.contains("\"outcome\":\"ok\""), "{rated}");
    let report = output(&mut afterword(desk.folder, &["report", "--format", "json"]));
    let report: Value = serde_json::from_str(&report).expect("JSON");
    assert_eq!(
        (&report["rows"][0]["name"], &report["rows"][0]["positive"]),
        (&json!("Enoch Root"), &json!(1)),
        "{report:#}"
    );

    // One that the customer answers in time is not.
    desk.restart("1h");
    desk.tracker.mail("Another lamp", "This one does not work either.");
    desk.tracker.act("POST", "/2/correspond", &answer);
    desk.tracker.act("PUT", "/2", &json!({"Status": "resolved"}));
    assert_eq!(desk.conversation("2")["surveys"][0]["mail"]["state"], "waiting");
    desk.tracker.mail("Re: [desk.example.com #2] Another lamp", "It still does not.");
    let cancelled = desk.conversation("2");
    assert_eq!(cancelled["surveys"][0]["mail"]["state"], "cancelled", "{cancelled:#}\n{}", desk.tracker.log());
    assert_eq!(fs::read_dir(&desk.mails).expect("a folder").count(), 1, "one mail was sent");

    // A reply that resolves the ticket is the last one, and asks once.
    desk.tracker.mail("A third lamp", "It is broken as well.");
    desk.tracker.reply_and_resolve("3", &long_answer());
    let asked = desk.conversation("3");
    let decisions = asked["decisions"].as_array().expect("decisions");
    assert_eq!((decisions.len(), &decisions[0]["decision"]), (1, &json!("ask")), "{asked:#}\n{}", desk.tracker.log());
    assert_eq!(asked["closings"][0]["teammate"]["name"], "Enoch Root", "{asked:#}");
    assert_eq!(asked["closings"][0]["teammate_replied"], true, "{asked:#}");

    // An agent reopens it in time.
    desk.tracker.act("PUT", "/3", &json!({"Status": "open"}));
    let cancelled = desk.conversation("3");
    assert_eq!(cancelled["surveys"][0]["mail"]["state"], "cancelled", "{cancelled:#}\n{}", desk.tracker.log());
    assert_eq!(cancelled["reopenings"].as_array().map(Vec::len), Some(1), "{cancelled:#}");
}

#[test]
#[ignore = "full: needs Request Tracker 5"]
fn full_request_tracker_has_odd_tickets_and_goes_on_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut desk = Connected::new(folder.path(), "1h");
    let resolved = json!({"Status": "resolved"});
    let reply = |text: &str| json!({"Content": text, "ContentType": "text/plain", "Status": "resolved"});
    let create = |more: Value| {
        let mut ticket = json!({"Queue": "General", "Subject": "A call"});
        ticket.as_object_mut().expect("fields").extend(more.as_object().expect("fields").clone());
        desk.tracker.act("POST", "", &ticket);
    };

    // A message without a text has no characters.
    create(json!({"Requestor": "ada@example.net"}));
    desk.tracker.act("POST", "/1/correspond", &reply("Done."));
    let closed = desk.conversation("1");
    assert_eq!(closed["closings"][0]["characters"], 5, "{closed:#}");

    // Nobody but the one requestor is asked.
    for (ticket, people, rule) in [
        ("2", json!({"Cc": "ada@example.net"}), "no_address"),
        ("3", json!({"Requestor": ["ada@example.net", "grace@example.net"]}), "group"),
    ] {
        create(people);
        desk.tracker.act("POST", &format!("/{ticket}/correspond"), &reply(&long_answer()));
        let decided = desk.conversation(ticket);
        assert_eq!(decided["decisions"][0]["reasons"][0]["rule"], rule, "{decided:#}");
    }

    // A reminder is a ticket to Request Tracker, but no conversation.
    create(json!({"Requestor": "ada@example.net", "Type": "reminder"}));
    desk.tracker.act("PUT", "/4", &resolved);
    assert_eq!(desk.known("4").0, 404, "{}", desk.tracker.log());

    // What was merged into a ticket is a part of it.
    desk.tracker.mail("A lamp", "It does not work.");
    desk.tracker.mail("The same lamp", &"It still does not. ".repeat(20));
    desk.tracker.merge("6", "5");
    desk.tracker.act("POST", "/6/correspond", &reply("Done."));
    let merged = desk.conversation("5");
    assert!(merged["closings"][0]["characters"].as_u64() > Some(250), "{merged:#}");
    assert_eq!(merged["decisions"][0]["decision"], "ask", "{merged:#}");
    assert_eq!(desk.known("6").0, 404, "{}", desk.tracker.log());

    // A ticket goes on, whatever its lifecycle calls that.
    create(json!({"Queue": "Lamps", "Requestor": "ada@example.net"}));
    desk.tracker.act("POST", "/7/correspond", &json!({"Content": long_answer(), "ContentType": "text/plain"}));
    desk.tracker.act("PUT", "/7", &resolved);
    desk.tracker.act("PUT", "/7", &json!({"Status": "in repair"}));
    let cancelled = desk.conversation("7");
    assert_eq!(cancelled["surveys"][0]["mail"]["state"], "cancelled", "{cancelled:#}\n{}", desk.tracker.log());

    // Agents go on with their work while nobody answers the scrip.
    desk.service.kill();
    let silent = TcpListener::bind(("127.0.0.1", desk.port)).expect("the port is free");
    desk.tracker.mail("Another lamp", "This one does not work either.");
    desk.tracker.reply_and_resolve("8", &long_answer());
    drop(silent);
    let log = desk.tracker.log();
    assert!(log.contains("Afterword was not told that ticket 8 is resolved: 500 read timeout"), "{log}");
    assert_eq!(log.matches("Afterword was not told").count(), 1, "one wait for one form: {log}");

    let tracker = desk.tracker.port;
    drop(desk);
    assert!(TcpStream::connect(("127.0.0.1", tracker)).is_err(), "Request Tracker ends with its test");
}
