//! Gateways for measuring, their outboxes filled by SQL, and Postfix's `smtp-sink` for them to send to.

use afterword::clock::Clock;
use afterword::config::Config;
use afterword::gateway::Gateway;
use afterword::mail::smtp::{Deadlines, Smtp, Tls};
use afterword::mail::transport::Transport;
use afterword::survey::Time;
use afterword::survey::closing::Closing;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, query, query_scalar};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Ends with its owner.
pub struct Sink {
    process: Child,
    pub port: u16,
}

impl Sink {
    /// Postfix's `smtp-sink` on a port of this machine.
    pub fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("bound").port();
        let mut command = Command::new(tool("smtp-sink"));
        // It does not run as root, and asks to be told as whom else.
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
            tls: Tls::Off,
            login: None,
            hello: "bench.example".into(),
            deadlines: Deadlines::default(),
        })
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        // It may have ended by itself; there is nothing else to do about it.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// Where Debian puts a program that a user's path may not name.
pub fn tool(name: &str) -> String {
    let there = Path::new("/usr/sbin").join(name);
    if there.exists() { there.display().to_string() } else { name.to_owned() }
}

/// A gateway over a folder, on the machine's clock.
pub async fn gateway(folder: &Path, transport: Transport, change: impl FnOnce(&mut Config)) -> Gateway {
    let mut config = Config {
        database: folder.join("afterword.db"),
        link_keys_file: folder.join("afterword.keys"),
        ..Config::default()
    };
    change(&mut config);
    Gateway::open(config, Clock::System, Some(transport)).await.expect("the gateway opens")
}

pub async fn database(folder: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(folder.join("afterword.db")).connect().await.expect("the database opens")
}

/// Puts surveys with their closings into a database: `waiting` and due, or `accepted`, each to its own address.
/// `batch` tells one filling from another; `domain` is an SQL expression over `i`.
pub async fn fill(folder: &Path, batch: u16, mails: u32, state: &str, domain: &str) {
    let mut db = database(folder).await;
    let now = Clock::System.now().timestamp_millis() - 60_000;
    let numbers = format!("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {mails})");
    let id = format!("printf('01900000-{batch:04x}-7000-8000-%012x', i)");
    let surveys = format!(
        "INSERT INTO survey (id, conversation_id, closed_at, made_at, address, address_hash, customer_name, teammate_id,
            team, subject, mail, due_at, first_due, accepted_at)
        {numbers} SELECT {id}, 'f{batch}-' || i, {now}, {now}, 'c' || i || '@' || {domain},
            printf('%064x', i * 2654435761 + {batch}), 'Ada ' || i, 't' || (i % 50), 'Billing', 'Refund of order ' || i,
            '{state}', {now} - i, {now} - i, iif('{state}' = 'accepted', {now} - i, NULL)
        FROM n"
    );
    let closings = format!(
        "INSERT INTO closing (conversation_id, closed_at, reported_at, state, customers, tags, decision, survey_id,
            send_at, reasons)
        {numbers} SELECT 'f{batch}-' || i, {now}, {now}, 'closed', 1, '[]', 'ask', {id}, {now}, '[]' FROM n"
    );
    for sql in [surveys, closings, "PRAGMA wal_checkpoint(TRUNCATE)".into()] {
        query(AssertSqlSafe(sql)).execute(&mut db).await.expect("filled");
    }
}

/// How many mails still wait.
pub async fn waiting(db: &mut SqliteConnection) -> i64 {
    let sql = "SELECT count(*) FROM survey WHERE mail IN ('waiting', 'sending')";
    query_scalar(sql).fetch_one(db).await.expect("a count")
}

/// Whether any mail still waits; cheap enough to be asked all the time.
pub async fn any_waiting(db: &mut SqliteConnection) -> bool {
    let sql = "SELECT EXISTS (SELECT 1 FROM survey WHERE mail IN ('waiting', 'sending') LIMIT 1)";
    query_scalar(sql).fetch_one(db).await.expect("an answer")
}

/// A closing that every rule lets pass.
pub fn closing(conversation: &str, now: Time) -> Closing {
    serde_json::from_value(serde_json::json!({
        "conversation_id": conversation, "closed_at": now, "state": "closed", "subject": "Refund", "characters": 612,
        "started_by": "customer", "last_reply_at": now, "teammate_replied": true,
        "customers": [{"id": conversation, "email": format!("{conversation}@example.com"), "name": "Ada", "kind": "user"}],
        "teammate": {"id": "t7", "name": "Grace", "email": "grace@example.com", "team": "Billing"},
    }))
    .expect("a closing")
}

/// How often this disk syncs a small write, a second.
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

/// The middle one.
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
