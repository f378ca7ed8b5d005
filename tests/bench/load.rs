//! The load: another process that keeps 64 connections busy, each with one request after the other.
//!
//! It owns the requests, and how they are timed and checked. It prepares all requests before the clock starts, except
//! for those that need a token from an answer. It must not know how the servers are set up.

use super::surveys::Surveys;
use afterword::secrets::Secrets;
use afterword::survey::Time;
use clap::ValueEnum;
use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use std::cell::Cell;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::os::unix::process::parent_id;
use std::path::PathBuf;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout};

/// How many connections the load keeps busy.
pub const CONNECTIONS: usize = 64;
/// How long to wait for the last answers after the end of the load.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a page is open before it's posted: the rules refuse a post within a second.
const DWELL: Duration = Duration::from_millis(1_050);
/// How long the load opens pages before the clock starts, so that there is always one old enough to post.
const AHEAD: Duration = Duration::from_millis(1_200);
/// The headers of a browser that the service looks at.
const BROWSER: &str = "Host: rate.example.com\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0\r\n\
    Accept-Language: en\r\n";
/// A step that shuffles the surveys: people don't answer in the order of their mails.
const STRIDE: u64 = 1_000_003;

/// What a row of the table measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Row {
    /// A bare axum handler with a static page.
    Bare,
    /// The verification of a link and the rendering of its page.
    Page,
    /// `GET` of a rating link.
    Open,
    /// `POST` of a rating.
    Rate,
    /// `GET` of a rating link, and later the `POST` of that page. The two count as one.
    Click,
    /// `POST` of a closing.
    Closing,
}

/// What to send, and where.
#[derive(Debug, clap::Args)]
pub struct Load {
    /// What is measured
    pub row: Row,
    /// Where the server listens
    pub address: SocketAddr,
    /// The file of the keys that sign links
    pub keys: PathBuf,
    /// The key of the API
    pub key: String,
    /// How many surveys there are
    pub surveys: u32,
    /// When the benchmark began, in milliseconds since 1970
    pub began: i64,
    /// The first position in the shuffled list of surveys
    pub from: u32,
    /// How many positions
    pub count: u32,
    /// When to stop; sooner if each position may be used only once and none is left
    pub seconds: u64,
}

/// What the load measured.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Measured {
    /// Valid answers.
    pub answers: u32,
    /// Valid answers per second.
    pub rate: f64,
    /// Half of the answers took at most this many microseconds.
    pub p50: u32,
    /// 99 % of the answers took at most this many microseconds.
    pub p99: u32,
    /// The server's processor time when the clock started, in seconds.
    pub cpu_before: f64,
}

/// How a valid answer starts, and a text it contains.
struct Good(&'static str, &'static str);

const PAGE: Good = Good("HTTP/1.1 200 ", "</html>");
const RATED: Good = Good("HTTP/1.1 200 ", r#""outcome":"ok""#);
const ASKED: Good = Good("HTTP/1.1 202 ", r#""decision":"ask""#);

/// The prepared requests, one after the other.
struct Requests {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    /// Whether each may be sent only once.
    once: bool,
    good: Good,
    /// How many were sent.
    sent: Cell<usize>,
}

/// A page that was opened and not yet posted.
struct OpenPage {
    post: String,
    opened: Instant,
    took: Duration,
}

struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Load {
    /// Runs the load.
    pub fn run(&self) -> Measured {
        let requests = self.requests();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let mut connections = Vec::new();
            for _ in 0..CONNECTIONS {
                connections.push(Connection::open(self.address).await);
            }
            let ahead = if self.row == Row::Click { AHEAD } else { Duration::ZERO };
            let start = Instant::now() + ahead;
            let until = start + Duration::from_secs(self.seconds);
            let cpu = async {
                sleep_until(start).await;
                cpu_seconds(parent_id())
            };
            let work = join_all(connections.into_iter().map(|connection| async {
                match self.row {
                    Row::Click => requests.click(connection, start, until).await,
                    _ => requests.send(connection, until).await,
                }
            }));
            let work = timeout(until + ANSWER_TIMEOUT - Instant::now(), work);
            let (cpu_before, taken) = tokio::join!(cpu, work);
            measured(taken.expect("answers in time").concat(), start.elapsed(), cpu_before)
        })
    }

    fn requests(&self) -> Requests {
        let ring = Secrets::load(&self.keys).expect("a key file").ring;
        let began = Time::from_timestamp_millis(self.began).expect("a time");
        let surveys = Surveys { count: self.surveys, began };
        let good = match self.row {
            Row::Rate => RATED,
            Row::Closing => ASKED,
            Row::Bare | Row::Page | Row::Open | Row::Click => PAGE,
        };
        let once = matches!(self.row, Row::Rate | Row::Click | Row::Closing);
        let mut requests = Requests { bytes: Vec::new(), ends: Vec::new(), once, good, sent: Cell::new(0) };
        for place in self.from..self.from + self.count {
            let number = u64::from(place) * STRIDE % u64::from(self.surveys);
            let number = u32::try_from(number).expect("less than their count");
            let path = format!("/r/{}", surveys.token(number, &ring));
            let text = match self.row {
                Row::Rate => rating(&path, &surveys.page_token(number, &ring), "pressed"),
                Row::Closing => {
                    let (key, body) = (&self.key, surveys.closing(place));
                    let headers = format!("Host: rate.example.com\r\nAuthorization: Bearer {key}\r\n");
                    post("/v1/closings", &headers, "application/json", &body)
                }
                _ => format!("GET {path} HTTP/1.1\r\n{BROWSER}Accept: text/html\r\n\r\n"),
            };
            requests.bytes.extend(text.bytes());
            requests.ends.push(requests.bytes.len());
        }
        requests
    }
}

/// The request that confirms a rating as the script does.
fn rating(path: &str, page: &str, how: &str) -> String {
    let headers = format!("{BROWSER}Accept: application/json\r\n");
    post(path, &headers, "application/x-www-form-urlencoded", &format!("page={page}&how={how}"))
}

fn post(path: &str, headers: &str, kind: &str, body: &str) -> String {
    let length = body.len();
    format!("POST {path} HTTP/1.1\r\n{headers}Content-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}")
}

impl Requests {
    fn next(&self) -> Option<&[u8]> {
        let place = self.sent.replace(self.sent.get() + 1);
        if self.once && place >= self.ends.len() {
            return None;
        }
        let place = place % self.ends.len();
        let start = if place == 0 { 0 } else { self.ends[place - 1] };
        Some(&self.bytes[start..self.ends[place]])
    }

    /// Keeps one connection busy. Returns the microseconds that each answer took.
    async fn send(&self, mut connection: Connection, until: Instant) -> Vec<u32> {
        let mut taken = Vec::new();
        let mut sent = Instant::now();
        while sent < until {
            let Some(request) = self.next() else { break };
            connection.send(request, &self.good).await;
            let now = Instant::now();
            taken.push(micros(now - sent));
            sent = now;
        }
        taken
    }

    /// Keeps one connection busy with clicks: posts the page that has been open for longest, and opens another. Returns
    /// the microseconds that each click took, for its `GET` and its `POST` together.
    async fn click(&self, mut connection: Connection, start: Instant, until: Instant) -> Vec<u32> {
        let (mut taken, mut pages) = (Vec::new(), VecDeque::new());
        // A short run has few surveys: keep half of them for the measured clicks.
        let max_ahead = self.ends.len() / 2 / CONNECTIONS;
        while Instant::now() < start && pages.len() < max_ahead {
            let Some(request) = self.next() else { break };
            pages.push_back(connection.open_page(request).await);
        }
        sleep_until(start).await;
        while Instant::now() < until {
            // Only pairs count: posts without new pages would make a click look cheap.
            let (Some(page), Some(request)) = (pages.pop_front(), self.next()) else { break };
            sleep_until(page.opened + DWELL).await;
            let sent = Instant::now();
            connection.send(page.post.as_bytes(), &RATED).await;
            taken.push(micros(page.took + sent.elapsed()));
            pages.push_back(connection.open_page(request).await);
        }
        taken
    }
}

impl Connection {
    async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("the server listens");
        stream.set_nodelay(true).expect("a socket option");
        Self { stream, buffer: vec![0; 64 * 1024] }
    }

    /// Sends a request and waits for its answer, which must be valid.
    async fn send(&mut self, request: &[u8], good: &Good) -> &[u8] {
        self.stream.write_all(request).await.expect("the server reads");
        let answer = answer(&mut self.stream, &mut self.buffer).await;
        // Search from the end, where the text is.
        let contains = answer.windows(good.1.len()).rev().any(|part| part == good.1.as_bytes());
        assert!(answer.starts_with(good.0.as_bytes()) && contains, "{}", String::from_utf8_lossy(answer));
        answer
    }

    async fn open_page(&mut self, request: &[u8]) -> OpenPage {
        let sent = Instant::now();
        let answer = self.send(request, &PAGE).await;
        let opened = Instant::now();
        let page = str::from_utf8(answer).expect("a page in UTF-8");
        let (_, token) = page.split_once("name=\"page\" value=\"").expect("a form");
        let (token, _) = token.split_once('"').expect("the end of its value");
        let path = str::from_utf8(request).expect("a request").split(' ').nth(1).expect("a path");
        OpenPage { post: rating(path, token, "seen"), opened, took: opened - sent }
    }
}

/// Reads one complete answer.
async fn answer<'a>(stream: &mut TcpStream, buffer: &'a mut [u8]) -> &'a [u8] {
    let (mut have, mut need) = (0, None);
    while need.is_none_or(|need| have < need) {
        let read = stream.read(&mut buffer[have..]).await.expect("the server answers");
        assert!(read > 0, "the server closed the connection: {}", String::from_utf8_lossy(&buffer[..have]));
        have += read;
        need = need.or_else(|| answer_length(&buffer[..have]));
    }
    &buffer[..have]
}

/// The length of an answer, if its head is complete.
fn answer_length(start: &[u8]) -> Option<usize> {
    let head = find(start, b"\r\n\r\n")?;
    let name = b"\r\ncontent-length: ";
    let length = &start[find(&start[..head], name).expect("a length") + name.len()..];
    let digits = length.iter().take_while(|digit| digit.is_ascii_digit());
    Some(head + 4 + digits.fold(0, |length, digit| length * 10 + usize::from(digit - b'0')))
}

/// The position of one text in another.
fn find<const N: usize>(text: &[u8], wanted: &[u8; N]) -> Option<usize> {
    text.windows(N).position(|part| part == wanted)
}

fn micros(span: Duration) -> u32 {
    u32::try_from(span.as_micros()).unwrap_or(u32::MAX)
}

fn measured(mut taken: Vec<u32>, elapsed: Duration, cpu_before: f64) -> Measured {
    assert!(!taken.is_empty(), "too few surveys: try a larger --surveys");
    taken.sort_unstable();
    let at = |share: usize| taken[(taken.len() - 1) * share / 100];
    let answers = u32::try_from(taken.len()).expect("fewer than that");
    Measured { answers, rate: f64::from(answers) / elapsed.as_secs_f64(), p50: at(50), p99: at(99), cpu_before }
}

/// The processor time of a process, in seconds. Unlike elapsed time, it hardly depends on other programs on the
/// machine.
pub fn cpu_seconds(process: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).expect("Linux");
    let (_, fields) = stat.rsplit_once(") ").expect("a name in brackets");
    // utime and stime of proc(5), in hundredths of a second.
    let ticks = fields.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<f64>().expect("a number"));
    ticks.sum::<f64>() / 100.0
}
