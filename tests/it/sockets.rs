//! What strangers can do with sockets: hang, dawdle, and send what nobody wants. Neither the helpdesk nor the customer may
//! notice.
//!
//! The tests here have bounds that are over in moments. Those of the service itself are in the `full_` tests, which start
//! the program.

use crate::desk::{BROWSER, Desk, stamp};
use crate::process::{PATIENCE, Running, afterword, free_port, request, serve, wait_for};
use afterword::clock::Clock;
use afterword::web::server::{self, Bounds};
use axum::Router;
use axum::routing::get;
use serde_json::json;
use std::future::pending;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Far from what a test takes.
const NEVER: Duration = Duration::from_hours(1);
/// Over in a moment, and long enough for what is in time.
const SOON: Duration = Duration::from_secs(2);

const BOUNDS: Bounds = Bounds {
    connections: 1000,
    header: NEVER,
    body: NEVER,
    answer: NEVER,
    rest: NEVER,
    stop: SOON,
    end: NEVER,
    linger: SOON,
};

/// A desk behind sockets.
struct Served {
    desk: Desk,
    address: SocketAddr,
    stop: CancellationToken,
    server: JoinHandle<()>,
}

impl Served {
    async fn with(change: impl FnOnce(&mut Bounds)) -> Self {
        let desk = Desk::open().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let mut bounds = BOUNDS;
        change(&mut bounds);
        let (routes, stop) = (afterword::web::router(desk.gateway.clone()), CancellationToken::new());
        let server = tokio::spawn(server::serve(listener, routes, bounds, stop.clone()));
        Self { desk, address, stop, server }
    }

    /// A connection that has sent this.
    async fn begin(&self, text: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.expect("connected");
        stream.write_all(text.as_bytes()).await.expect("sent");
        stream
    }

    /// What comes back until the service closes.
    async fn ask(&self, text: &str) -> String {
        rest_of(&mut self.begin(text).await).await
    }
}

/// The start of a closing of this length.
fn post(key: &str, length: usize) -> String {
    format!("POST /v1/closings HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Length: {length}\r\n\r\n")
}

async fn rest_of(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    // A reset is an end, too: what came before it counts.
    drop(tokio::time::timeout(PATIENCE, stream.read_to_end(&mut text)).await.expect("an end"));
    String::from_utf8(text).expect("UTF-8")
}

/// One answer of a connection that stays open: its status.
async fn one_answer(stream: &mut TcpStream) -> u16 {
    let mut text = Vec::new();
    while !text.ends_with(b"ok\n") {
        text.push(stream.read_u8().await.expect("an answer"));
    }
    String::from_utf8(text).expect("UTF-8")[9..12].parse().expect("a status")
}

const HEALTH: &str = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
const HALF: &str = "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Never: end";

#[tokio::test]
async fn a_request_names_one_host() {
    let served = Served::with(|_| {}).await;
    for (hosts, status) in [("", "400"), ("Host: x\r\nHost: x\r\n", "400"), ("Host: x\r\n", "200")] {
        let answer = served.ask(&format!("GET /healthz HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n")).await;
        assert_eq!(&answer[9..12], status, "{hosts}");
    }
    assert_eq!(&served.ask("GET /healthz HTTP/1.0\r\n\r\n").await[9..12], "200", "older programs name none");
}

#[tokio::test]
async fn who_keeps_the_service_waiting_is_cut() {
    let soon = Duration::from_millis(10);
    let served = Served::with(|bounds| (bounds.header, bounds.body, bounds.rest) = (soon, NEVER, NEVER)).await;
    assert_eq!(served.ask("").await, "", "who sends nothing");
    assert_eq!(served.ask(HALF).await, "", "half a header");
    let mut stream = served.begin(HEALTH).await;
    assert_eq!(one_answer(&mut stream).await, 200);
    stream.write_all(HALF.as_bytes()).await.expect("sent");
    assert_eq!(rest_of(&mut stream).await, "", "half a header after a whole request");

    let served = Served::with(|bounds| bounds.body = soon).await;
    let half = post(&served.desk.admin, 100) + "{\"conversation_id\"";
    assert_eq!(served.ask(&half).await, "", "half a body");

    let served = Served::with(|bounds| bounds.rest = soon).await;
    assert!(served.ask(HEALTH).await.ends_with("ok\n"), "who asks no more");
}

#[tokio::test]
async fn those_who_waited_longest_give_way() {
    let served = Served::with(|bounds| bounds.connections = 20).await;
    served.desk.close(json!({})).await;
    let link = served.desk.the_mail().await.links[4].clone();
    let mut hanging = Vec::new();
    for number in 0..100 {
        hanging.push(served.begin(HALF).await);
        if number % 10 == 0 {
            let click = served.ask(&format!("GET {link} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")).await;
            assert_eq!(&click[9..12], "200", "a customer's click");
            let mut closing = served.desk.closing();
            closing["conversation_id"] = json!(number.to_string());
            let closing = closing.to_string();
            let head = post(&served.desk.admin, closing.len()).replace("Host", "Connection: close\r\nHost");
            let answer = served.ask(&(head + &closing)).await;
            assert!(["202", "200"].contains(&&answer[9..12]), "the helpdesk: {answer}");
        }
    }
    assert_eq!(rest_of(&mut hanging[0]).await, "", "the first is gone");
    let last = &mut hanging[99];
    last.write_all(b"\r\n\r\n").await.expect("sent");
    assert_eq!(one_answer(last).await, 200, "the last may go on");
}

#[tokio::test]
async fn a_refusal_is_read_before_the_connection_closes() {
    let served = Served::with(|_| {}).await;
    let body = vec![b' '; 10 * 1024 * 1024];
    for (key, status) in [(served.desk.admin.as_str(), "413"), ("nobody", "401")] {
        let mut stream = served.begin(&post(key, body.len())).await;
        stream.write_all(&body).await.expect("all of it is received");
        let answer = rest_of(&mut stream).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer}");
        assert!(answer.to_lowercase().contains("\r\nconnection: close\r\n"), "{answer}");
    }
    let expecting = "POST /v1/closings HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1000\r\n\r\n";
    let mut stream = served.begin(expecting).await;
    let mut start = [0; 12];
    stream.read_exact(&mut start).await.expect("an answer");
    assert_eq!(&start, b"HTTP/1.1 401", "nobody is told to go on");
}

#[tokio::test]
async fn a_stop_answers_what_was_asked_and_closes_what_is_idle() {
    let served = Served::with(|_| {}).await;
    let closing = served.desk.closing().to_string();
    let (start, end) = closing.split_at(20);
    let mut idle = served.begin(HEALTH).await;
    assert_eq!(one_answer(&mut idle).await, 200);
    let mut asked = served.begin(&(post(&served.desk.admin, closing.len()) + start)).await;
    let mut other = served.begin(HEALTH).await;
    assert_eq!(one_answer(&mut other).await, 200, "the service has seen what came before");
    let mut hanging = served.begin(HALF).await;
    let mut silent = served.begin("").await;
    served.stop.cancel();
    assert_eq!(rest_of(&mut idle).await, "");
    assert_eq!(rest_of(&mut silent).await, "");
    asked.write_all(end.as_bytes()).await.expect("sent");
    assert_eq!(&rest_of(&mut asked).await[9..12], "202");
    assert_eq!(rest_of(&mut hanging).await, "", "a stranger does not hold up the end");
    served.server.await.expect("it ends");
    assert!(TcpStream::connect(served.address).await.is_err());
}

#[tokio::test]
async fn a_stop_aborts_what_takes_too_long_and_frees_what_it_held() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    let held = Arc::new(Notify::new());
    let asked = Arc::clone(&held);
    let hang = move || {
        let asked = Arc::clone(&asked);
        async move {
            asked.notify_one();
            pending::<()>().await;
        }
    };
    let (routes, stop) = (Router::new().route("/", get(hang)), CancellationToken::new());
    let bounds = Bounds { end: Duration::from_millis(10), ..BOUNDS };
    let server = tokio::spawn(server::serve(listener, routes, bounds, stop.clone()));
    let mut stream = TcpStream::connect(address).await.expect("connected");
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("sent");
    held.notified().await;
    stop.cancel();
    tokio::time::timeout(PATIENCE, server).await.expect("an end").expect("no panic");
    assert_eq!(Arc::strong_count(&held), 1);
    assert_eq!(rest_of(&mut stream).await, "");
}

/// The service as a process, with an admin key.
struct Program {
    running: Running,
    address: SocketAddr,
    key: String,
    folder: TempDir,
}

impl Program {
    fn start() -> Self {
        let (folder, port) = (tempfile::tempdir().expect("a folder"), free_port());
        let config = format!(
            "listen = \"127.0.0.1:{port}\"\npublic_url = \"http://127.0.0.1:{port}\"\n[mail]\nfrom = \"us@example.com\"\n\
            smtp = \"file:mail\"\n"
        );
        std::fs::write(folder.path().join("afterword.toml"), config).expect("a configuration");
        let key = afterword(folder.path(), &["key", "new", "--scope", "admin", "--name", "tests"]).output();
        let key = String::from_utf8(key.expect("a key").stdout).expect("UTF-8");
        let key = format!("Bearer {}", key.lines().last().expect("a key"));
        let running = serve(folder.path(), port);
        Self { running, address: SocketAddr::from(([127, 0, 0, 1], port)), key, folder }
    }

    /// Memory that it really has, in KiB.
    fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.running.0.id())).expect("Linux");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a figure");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }

    fn closing(&self, id: &str) -> (u16, Duration) {
        let now = stamp(Clock::System.now());
        let body =
            json!({"conversation_id": id, "closed_at": now, "customers": [{"email": format!("{id}@example.com")}]});
        let (key, start) = ([("Authorization", self.key.as_str())], Instant::now());
        let answer = request(self.address.port(), "POST", "/v1/closings", &key, &body.to_string());
        (answer.map_or(0, |(status, _)| status), start.elapsed())
    }

    /// The link of a face in the first mail that comes.
    fn link(&self) -> String {
        let mail = wait_for("a mail", || {
            let mut files = std::fs::read_dir(self.folder.path().join("mail")).ok()?.flatten();
            let file = files.find(|file| file.path().extension().is_some_and(|kind| kind == "eml"))?;
            std::fs::read_to_string(file.path()).ok()
        });
        let text = mail.replace("=\r\n", "");
        let at = text.find("/r/").expect("a link");
        text[at..at + "/r/".len() + 47].to_owned()
    }

    fn click(&self, link: &str) -> (u16, Duration) {
        let start = Instant::now();
        let answer = request(self.address.port(), "GET", link, &[("User-Agent", BROWSER)], "");
        (answer.map_or(0, |(status, _)| status), start.elapsed())
    }
}

/// This many connections that have sent this, as many as this process may have.
async fn crowd(address: SocketAddr, many: usize, text: &[u8]) -> Vec<TcpStream> {
    let mut crowd = Vec::with_capacity(many);
    for _ in 0..many {
        let mut stream = TcpStream::connect(address).await.expect("connected");
        // One that was cut meanwhile takes no more.
        drop(stream.write_all(text).await);
        crowd.push(stream);
    }
    crowd
}

#[tokio::test]
#[ignore = "full: 500 MB go over the loopback interface"]
async fn full_five_hundred_bodies_of_strangers_cost_no_memory() {
    let program = Program::start();
    let before = program.memory();
    let mut body = b"POST /v1/closings HTTP/1.1\r\nHost: x\r\nContent-Length: 1048576\r\n\r\n".to_vec();
    body.resize(body.len() + 1024 * 1024 - 10, b' ');
    let start = Instant::now();
    let mut crowd = crowd(program.address, 500, &body).await;
    let grown = program.memory().saturating_sub(before);
    assert_eq!(program.closing("1").0, 202);
    for stream in &mut crowd {
        drop(rest_of(stream).await);
    }
    println!("500 bodies: {before} KiB before, {grown} KiB more; all cut after {:?}", start.elapsed());
    assert!(grown < 30 * 1024, "{grown} KiB");
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
}

#[tokio::test]
#[ignore = "full: 2 000 and 10 000 connections"]
async fn full_thousands_of_half_requests_and_idle_connections_are_not_noticed() {
    // Both ends of each connection are files of somebody.
    assert!(server::most_connections() > 1000);
    let program = Program::start();
    assert_eq!(program.closing("first").0, 202);
    let link = program.link();
    for (many, text) in [(2_000, HALF), (10_000, ""), (10_000, HALF)] {
        let before = program.memory();
        let crowd = crowd(program.address, many, text.as_bytes()).await;
        let closing = program.closing(&format!("c{many}-{}", text.len()));
        let click = program.click(&link);
        let grown = program.memory().saturating_sub(before);
        println!("{many} of {text:?}: closing {closing:?}, click {click:?}, {grown} KiB more");
        assert_eq!((closing.0, click.0), (202, 200));
        assert!(closing.1.max(click.1) < Duration::from_secs(1), "{closing:?} {click:?}");
        assert!(grown < 100 * 1024, "{grown} KiB");
        drop(crowd);
    }
}
