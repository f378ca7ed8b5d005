//! The load: a process of its own that keeps 64 connections busy, each with one request after the other.
//!
//! Every request is spelled out before the clock starts, and every answer is checked.

use super::surveys::Surveys;
use afterword::keys::Keys;
use afterword::survey::Time;
use clap::ValueEnum;
use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use std::cell::Cell;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How many connections are kept busy.
pub const CONNECTIONS: usize = 64;
/// How long an answer may take, beyond the time of the load.
const PATIENCE: Duration = Duration::from_secs(30);
/// What a browser says of itself, cut to what matters.
const BROWSER: &str = "Host: rate.example.com\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0\r\n\
    Accept-Language: en\r\n";
/// Takes neighbours far from each other: people do not answer in the order of their mails.
const STRIDE: u64 = 1_000_003;

/// What is measured, one row of the table each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Row {
    /// A bare axum handler with a static page.
    Bare,
    /// The check of a link and the rendering of its page.
    Page,
    /// `GET` of a rating link.
    Open,
    /// `POST` of a rating.
    Rate,
}

/// What to send where.
#[derive(Debug, clap::Args)]
pub struct Load {
    /// What is measured
    pub row: Row,
    /// Where the server listens
    pub address: SocketAddr,
    /// Signs links
    pub keys: PathBuf,
    /// How many surveys there are
    pub surveys: u32,
    /// When the benchmark began, in milliseconds since 1970
    pub began: i64,
    /// The first place in the shuffled row of surveys
    pub from: u32,
    /// How many of them
    pub count: u32,
    /// When to stop, unless a rating was sent to each before
    pub seconds: u64,
}

/// What came of it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Measured {
    /// Good answers.
    pub answers: u32,
    /// Good answers a second.
    pub rate: f64,
    /// Half of the answers took at most so many microseconds.
    pub p50: u32,
    /// All but a hundredth did.
    pub p99: u32,
    /// Microseconds of processors that the server spent on each; the first process measures it.
    pub cpu: f64,
}

/// Requests, spelled out one after the other.
struct Requests {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    /// Each is sent once.
    once: bool,
    /// What a good answer holds.
    proof: &'static [u8],
}

impl Load {
    /// Does it, and tells what came of it.
    pub fn run(&self) -> Measured {
        let requests = self.requests();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let span = Duration::from_secs(self.seconds);
        let work = async {
            let mut streams = Vec::new();
            for _ in 0..CONNECTIONS {
                let stream = TcpStream::connect(self.address).await.expect("the server listens");
                stream.set_nodelay(true).expect("a socket option");
                streams.push(stream);
            }
            let (next, start) = (Cell::new(0), Instant::now());
            let connections = streams.into_iter().map(|stream| requests.send(stream, &next, start + span));
            let taken = tokio::time::timeout(span + PATIENCE, join_all(connections)).await.expect("answers in time");
            measured(taken.concat(), start.elapsed())
        };
        runtime.block_on(work)
    }

    fn requests(&self) -> Requests {
        let keys = Keys::load_or_make(&self.keys).expect("a key file");
        let began = Time::from_timestamp_millis(self.began).expect("a time");
        let surveys = Surveys { count: self.surveys, began };
        let once = self.row == Row::Rate;
        let proof: &[u8] = if once { br#""outcome":"ok""# } else { b"</html>" };
        let mut requests = Requests { bytes: Vec::new(), ends: Vec::new(), once, proof };
        for place in self.from..self.from + self.count {
            let number = u64::from(place) * STRIDE % u64::from(self.surveys);
            let number = u32::try_from(number).expect("less than their count");
            let token = surveys.token(number, &keys.ring);
            let text = if once {
                let form = format!("page={}&how=pressed", surveys.page_token(number, &keys.ring));
                let length = form.len();
                format!(
                    "POST /r/{token} HTTP/1.1\r\n{BROWSER}Accept: application/json\r\n\
                    Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n{form}"
                )
            } else {
                format!("GET /r/{token} HTTP/1.1\r\n{BROWSER}Accept: text/html\r\n\r\n")
            };
            requests.bytes.extend(text.bytes());
            requests.ends.push(requests.bytes.len());
        }
        requests
    }
}

impl Requests {
    fn get(&self, place: usize) -> Option<&[u8]> {
        if self.once && place >= self.ends.len() {
            return None;
        }
        let place = place % self.ends.len();
        let start = if place == 0 { 0 } else { self.ends[place - 1] };
        Some(&self.bytes[start..self.ends[place]])
    }

    /// Keeps one connection busy; the microseconds that each answer took.
    async fn send(&self, mut stream: TcpStream, next: &Cell<usize>, until: Instant) -> Vec<u32> {
        let (mut taken, mut buffer) = (Vec::new(), vec![0; 64 * 1024]);
        let mut sent = Instant::now();
        while sent < until {
            let Some(request) = self.get(next.replace(next.get() + 1)) else { break };
            stream.write_all(request).await.expect("the server reads");
            let answer = answer(&mut stream, &mut buffer).await;
            // From the end, because that is where it is.
            let proven = answer.windows(self.proof.len()).rev().any(|part| part == self.proof);
            let good = answer.starts_with(b"HTTP/1.1 200 ") && proven;
            assert!(good, "{}", String::from_utf8_lossy(answer));
            let now = Instant::now();
            taken.push(u32::try_from((now - sent).as_micros()).unwrap_or(u32::MAX));
            sent = now;
        }
        taken
    }
}

/// Reads one whole answer.
async fn answer<'a>(stream: &mut TcpStream, buffer: &'a mut [u8]) -> &'a [u8] {
    let (mut have, mut need) = (0, None);
    while need.is_none_or(|need| have < need) {
        let read = stream.read(&mut buffer[have..]).await.expect("the server answers");
        assert!(read > 0, "the server hung up: {}", String::from_utf8_lossy(&buffer[..have]));
        have += read;
        need = need.or_else(|| whole(&buffer[..have]));
    }
    &buffer[..have]
}

/// How long the answer is that begins so, once its head is there.
fn whole(start: &[u8]) -> Option<usize> {
    let head = find(start, b"\r\n\r\n")?;
    let name = b"\r\ncontent-length: ";
    let length = &start[find(&start[..head], name).expect("a length") + name.len()..];
    let digits = length.iter().take_while(|digit| digit.is_ascii_digit());
    Some(head + 4 + digits.fold(0, |length, digit| length * 10 + usize::from(digit - b'0')))
}

/// Where one text begins in another.
fn find<const N: usize>(text: &[u8], wanted: &[u8; N]) -> Option<usize> {
    text.windows(N).position(|part| part == wanted)
}

fn measured(mut taken: Vec<u32>, elapsed: Duration) -> Measured {
    taken.sort_unstable();
    let at = |share: usize| taken[(taken.len() - 1) * share / 100];
    let answers = u32::try_from(taken.len()).expect("fewer than that");
    Measured { answers, rate: f64::from(answers) / elapsed.as_secs_f64(), p50: at(50), p99: at(99), cpu: 0.0 }
}
