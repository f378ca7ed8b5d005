//! No mail is lost: the built service sends through a server that fails at random, and is killed at random moments.
//!
//! [`prove`] is the proof; the test below is a small one, and `cargo bench --bench mail -- faults` the one of full size.
//! It stands alone but for `process` and `sink`, so that the bench uses it.

use super::process::{Running, afterword, free_port, let_pass, request, serve};
use super::sink::{Plan, Sink};
use serde_json::json;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, query_as};
use std::collections::HashSet;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use uuid::Uuid;

/// How long all mails may take to settle once nothing fails any more: a worker rests 30 s when there is no way out, and
/// a pause that was probed twice ends within 60 s.
const SETTLES_WITHIN: Duration = Duration::from_secs(90);

/// How much to prove.
pub struct Proof {
    pub mails: usize,
    pub kills: usize,
    pub workers: usize,
    pub seed: u64,
}

/// What came of it.
#[derive(Debug)]
pub struct Figures {
    pub mails: usize,
    pub kills: usize,
    pub accepted: usize,
    pub failed: usize,
    pub waiting: usize,
    /// Accepted or failed wrongly: accepted though the server never took it, failed though its recipient was not refused.
    pub wrong: Vec<String>,
    /// Mails that the server took more than once, each time but the first.
    pub extras: u64,
    pub open_at_kills: u64,
    pub cut_after_data: u64,
    pub connections: u64,
    pub refused_for_now: u64,
    pub refused_for_good: u64,
}

/// A helpdesk that closes conversations: as many as it may, each until it gets an answer.
struct Helpdesk {
    port: u16,
    bearer: String,
    let_in: AtomicUsize,
    closed: AtomicUsize,
}

/// Queues mails over HTTP while they are sent, with faults and kills; then lets all settle, and counts.
///
/// # Panics
/// If the service does not start or never settles.
pub fn prove(proof: &Proof) -> Figures {
    let runtime = Runtime::new().expect("a runtime");
    let sink = runtime.block_on(Sink::start(Plan::Chance(proof.seed)));
    let folder = tempfile::tempdir().expect("a folder");
    let port = free_port();
    let config = format!(
        "listen = \"127.0.0.1:{port}\"\npublic_url = \"http://127.0.0.1:{port}\"\n[mail]\nfrom = \"us@example.com\"\n\
        smtp = \"smtp://127.0.0.1:{}\"\nworkers = {}\nretry_after = \"200ms\"\n",
        sink.port, proof.workers
    );
    std::fs::write(folder.path().join("afterword.toml"), config).expect("a configuration");
    let mut key = afterword(folder.path(), &["key", "new", "--scope", "trigger", "--name", "helpdesk"]);
    let desk = Arc::new(Helpdesk::new(port, key.output().expect("a key").stdout));
    let mut service = serve(folder.path(), port);
    let closing = {
        let (desk, mails) = (Arc::clone(&desk), proof.mails);
        std::thread::spawn(move || desk.close(mails))
    };

    let mut random = fastrand::Rng::with_seed(proof.seed);
    let mut open_at_kills = 0;
    for kill in 1..=proof.kills {
        desk.let_in.store(proof.mails * kill / proof.kills, SeqCst);
        let_pass(Duration::from_millis(random.u64(20..700)));
        open_at_kills += kill_now(&mut service, &sink);
        service = serve(folder.path(), port);
    }
    sink.calm();
    closing.join().expect("all are closed");
    let rows = runtime.block_on(settled(folder.path()));
    service.kill();
    count(proof, &sink, open_at_kills, &rows)
}

/// `kill -9`; how many connections were open then.
fn kill_now(service: &mut Running, sink: &Sink) -> u64 {
    let before = sink.seen().open;
    service.kill();
    before.max(sink.seen().open)
}

impl Helpdesk {
    fn new(port: u16, printed: Vec<u8>) -> Self {
        let printed = String::from_utf8(printed).expect("UTF-8");
        let bearer = format!("Bearer {}", printed.lines().last().expect("a key"));
        Self { port, bearer, let_in: AtomicUsize::new(0), closed: AtomicUsize::new(0) }
    }

    fn close(&self, mails: usize) {
        while self.closed.load(SeqCst) < mails {
            let number = self.closed.load(SeqCst);
            if number >= self.let_in.load(SeqCst) || !self.close_one(number) {
                std::thread::park_timeout(Duration::from_millis(5));
                continue;
            }
            self.closed.store(number + 1, SeqCst);
        }
    }

    /// Whether an answer came. Without one, the helpdesk sends the closing again.
    fn close_one(&self, number: usize) -> bool {
        let body = json!({
            "conversation_id": number.to_string(), "closed_at": closed_at(), "subject": "Refund", "characters": 612,
            "started_by": "customer", "teammate_replied": true,
            "customers": [{"email": format!("c{number}@example.com"), "kind": "user"}],
            "teammate": {"id": "t7", "name": "Grace"},
        });
        let key = [("Authorization", self.bearer.as_str())];
        match request(self.port, "POST", "/v1/closings", &key, &body.to_string()) {
            Some((202 | 200, _)) => true,
            Some((503, _)) | None => false,
            Some(other) => panic!("{other:?}"),
        }
    }
}

/// One time for all, on the program's clock, so that a repeat is one.
fn closed_at() -> String {
    static AT: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    AT.get_or_init(|| afterword::clock::Clock::System.now().to_rfc3339()).clone()
}

/// Id, state and note of each mail, once none waits any more or time is up.
async fn settled(folder: &Path) -> Vec<(String, String, Option<String>)> {
    let options = SqliteConnectOptions::new().filename(folder.join("afterword.db")).read_only(true);
    let mut db = options.connect().await.expect("the database opens");
    let start = Instant::now();
    loop {
        let sql = "SELECT id, state, note FROM outbox";
        let rows: Vec<(Vec<u8>, String, Option<String>)> = query_as(sql).fetch_all(&mut db).await.expect("rows");
        let name = |id: Vec<u8>| Uuid::from_slice(&id).expect("an id").to_string();
        let rows: Vec<_> = rows.into_iter().map(|(id, state, note)| (name(id), state, note)).collect();
        let waits = rows.iter().any(|(_, state, _)| state == "waiting" || state == "sending");
        if !waits || start.elapsed() > SETTLES_WITHIN {
            return rows;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn count(proof: &Proof, sink: &Sink, open_at_kills: u64, rows: &[(String, String, Option<String>)]) -> Figures {
    let seen = sink.seen();
    let of = |state: &str| rows.iter().filter(|(_, mail, _)| mail == state).count();
    let taken = |id: &str| seen.taken.get(&format!("<{id}@example.com>")).copied().unwrap_or_default();
    let right = |(id, state, note): &&(String, String, Option<String>)| match state.as_str() {
        "accepted" => taken(id) > 0,
        "failed" => note.as_ref().is_some_and(|note| note.starts_with("550 5.1.1")),
        _ => false,
    };
    let known: HashSet<_> = rows.iter().map(|(id, ..)| format!("<{id}@example.com>")).collect();
    let strangers = seen.taken.keys().filter(|id| !known.contains(*id)).map(|id| format!("taken, not ours: {id}"));
    Figures {
        mails: rows.len(),
        kills: proof.kills,
        accepted: of("accepted"),
        failed: of("failed"),
        waiting: of("waiting") + of("sending"),
        wrong: rows.iter().filter(|row| !right(row)).map(|row| format!("{row:?}")).chain(strangers).collect(),
        extras: seen.taken.values().map(|times| times - 1).sum(),
        open_at_kills,
        cut_after_data: seen.cut_after_data,
        connections: seen.connections,
        refused_for_now: seen.refused[0],
        refused_for_good: seen.refused[1],
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { mails, kills, accepted, failed, waiting, wrong, extras, .. } = self;
        let Self { open_at_kills, cut_after_data, connections, refused_for_now, refused_for_good, .. } = self;
        writeln!(
            f,
            "{mails} mails, {kills} kills, {connections} connections; the server refused {refused_for_now} times"
        )?;
        writeln!(f, "for now and {refused_for_good} for good, and cut {cut_after_data} connections after DATA")?;
        writeln!(f, "accepted {accepted}, failed {failed}, waiting {waiting}, in a wrong state {}", wrong.len())?;
        let most = open_at_kills + cut_after_data;
        write!(f, "extras {extras}, at most {most}: {open_at_kills} open at kills, {cut_after_data} cut after DATA")
    }
}

impl Figures {
    /// # Panics
    /// If a mail was lost, sent too often, or left in a wrong state.
    pub fn check(&self, proof: &Proof) {
        assert_eq!(self.mails, proof.mails, "each closing that was answered has its mail: {self:#?}");
        assert!(self.wrong.is_empty(), "{self:#?}");
        assert_eq!(self.accepted + self.failed, proof.mails, "{self:#?}");
        assert!(self.extras <= self.open_at_kills + self.cut_after_data, "{self:#?}");
        assert!(self.failed as u64 <= self.refused_for_good, "{self:#?}");
    }
}

#[test]
fn no_mail_is_lost_whatever_fails() {
    let proof = Proof { mails: 300, kills: 5, workers: 8, seed: 8841 };
    let figures = prove(&proof);
    println!("{figures}");
    figures.check(&proof);
}
