//! What the benchmarks share: gateways whose outboxes are filled by SQL, and Postfix's `smtp-sink`, which receives the
//! mail.

use afterword::clock::Clock;
use afterword::config::Config;
use afterword::config::Tls;
use afterword::gateway::Gateway;
use afterword::mail::smtp::{Deadlines, Smtp};
use afterword::mail::transport::Transport;
use afterword::survey::Time;
use afterword::survey::closing::Closing;
use lettre::transport::smtp::extension::ClientId;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, query, query_scalar};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running `smtp-sink`. Dropping it ends the process.
pub struct Sink {
    process: Child,
    pub port: u16,
}

impl Sink {
    /// Starts `smtp-sink` on a free port of this machine.
    pub fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("bound").port();
        let mut command = Command::new(tool("smtp-sink"));
        // Root must name another user to run it as.
        if std::fs::metadata("/proc/self").is_ok_and(|us| us.uid() == 0) {
            command.args(["-u", "nobody"]);
        }
        command.arg(format!("127.0.0.1:{port}")).arg("256").stderr(Stdio::null());
        let sink = Self { process: command.spawn().expect("smtp-sink starts: install postfix"), port };
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(start.elapsed() < Duration::from_secs(10), "smtp-sink listens");
            std::thread::park_timeout(Duration::from_millis(10));
        }
        sink
    }

    pub fn transport(&self) -> Transport {
        Transport::Smtp(Smtp {
            host: "127.0.0.1".into(),
            port: self.port,
            tls: Tls::IfOffered,
            ca_file: None,
            login: None,
            ehlo_name: ClientId::Domain("bench.example".into()),
            deadlines: Deadlines::default(),
        })
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        // Failures don't matter: it may have ended by itself.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// The path of a program that may be in Debian's `/usr/sbin`, which a user's `PATH` may not contain.
pub fn tool(name: &str) -> String {
    let path = Path::new("/usr/sbin").join(name);
    if path.exists() { path.display().to_string() } else { name.to_owned() }
}

/// A gateway with its files in a folder, on the machine's clock.
pub async fn gateway(folder: &Path, transport: Transport, change: impl FnOnce(&mut Config)) -> Gateway {
    let mut config = Config {
        database: folder.join("afterword.db"),
        link_keys_file: folder.join("afterword.keys"),
        ..Config::default()
    };
    change(&mut config);
    // Dropping the lock at once lets a benchmark open a second gateway on the same database.
    Gateway::serve(config, Clock::System, Some(transport)).await.expect("the gateway starts").0
}

pub async fn database(folder: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(folder.join("afterword.db")).connect().await.expect("the database opens")
}

/// Inserts surveys and their closings into a database, each with its own address. `state` is that of their mails:
/// `waiting` (and due) or `accepted`. Each call for a database needs another `batch`. `domain` is an SQL expression
/// over the number `i`.
pub async fn fill(folder: &Path, batch: u16, mails: u32, state: &str, domain: &str) {
    let mut db = database(folder).await;
    let now = Clock::System.now().timestamp_millis() - 60_000;
    let numbers = format!("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {mails})");
    let id = format!("unhex(printf('01900000{batch:04x}70008000%012x', i))");
    let accepted = format!("iif('{state}' = 'accepted', {now} - i, NULL)");
    let surveys = format!(
        "INSERT INTO survey (id, connection, conversation_id, closed_at, made_at, address, address_hash, customer_name,
            teammate_id, team, subject)
        {numbers} SELECT {id}, '', 'f{batch}-' || i, {now}, {now}, 'c' || i || '@' || {domain},
            printf('%064x', i * 2654435761 + {batch}), 'Ada ' || i, 't' || (i % 50), 'Billing', 'Refund of order ' || i
        FROM n"
    );
    let mails = format!(
        "INSERT INTO outbox (id, kind, state, due_at, first_due, tries, accepted_at)
        {numbers} SELECT {id}, 'request', '{state}', {now} - i, {now} - i, 0, {accepted} FROM n"
    );
    let ratings = format!(
        "INSERT INTO rating (survey_id, asked_at, teammate_id, team, standing)
        {numbers} SELECT {id}, {accepted}, 't' || (i % 50), 'Billing', 'unrated' FROM n"
    );
    let closings = format!(
        "INSERT INTO closing (connection, conversation_id, closed_at, reported_at, state, customers, tags, decision,
            survey_id, send_at, reasons)
        {numbers} SELECT '', 'f{batch}-' || i, {now}, {now}, 'closed', 1, '[]', 'ask', {id}, {now}, '[]' FROM n"
    );
    for sql in [surveys, mails, ratings, closings, "PRAGMA wal_checkpoint(TRUNCATE)".into()] {
        query(AssertSqlSafe(sql)).execute(&mut db).await.expect("filled");
    }
}

/// How many mails are still waiting.
pub async fn waiting(db: &mut SqliteConnection) -> i64 {
    let sql = "SELECT count(*) FROM outbox WHERE state IN ('waiting', 'sending')";
    query_scalar(sql).fetch_one(db).await.expect("a count")
}

/// Whether any mail is still waiting. Cheap enough to poll.
pub async fn any_waiting(db: &mut SqliteConnection) -> bool {
    let sql = "SELECT EXISTS (SELECT 1 FROM outbox WHERE state IN ('waiting', 'sending') LIMIT 1)";
    query_scalar(sql).fetch_one(db).await.expect("an answer")
}

/// A closing that passes every rule.
pub fn closing(conversation: &str, now: Time) -> Closing {
    serde_json::from_value(serde_json::json!({
        "conversation_id": conversation, "closed_at": now, "state": "closed", "subject": "Refund", "characters": 612,
        "started_by": "customer", "last_reply_at": now, "teammate_replied": true,
        "customers": [{"id": conversation, "email": format!("{conversation}@example.com"), "name": "Ada", "kind": "user"}],
        "teammate": {"id": "t7", "name": "Grace", "email": "grace@example.com", "team": "Billing"},
    }))
    .expect("a closing")
}

/// How many small writes the folder's disk syncs per second.
pub fn syncs(folder: &Path) -> f64 {
    use std::io::Write;
    let mut file = std::fs::File::create(folder.join("syncs")).expect("a file");
    let (start, mut times) = (Instant::now(), 0_u32);
    while start.elapsed() < Duration::from_secs(1) {
        file.write_all(&[7; 4096]).expect("written");
        file.sync_data().expect("synced");
        times += 1;
    }
    f64::from(times) / start.elapsed().as_secs_f64()
}

/// The median.
pub fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// The 50th and the 99th percentile, in milliseconds.
pub fn percentiles(mut spans: Vec<Duration>) -> (f64, f64) {
    spans.sort();
    let at = |percent: usize| spans[(spans.len() - 1) * percent / 100].as_secs_f64() * 1e3;
    (at(50), at(99))
}
