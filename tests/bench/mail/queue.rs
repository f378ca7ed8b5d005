//! How 100 000 waiting mails slow clicks and closings, compared with an empty queue in the same run.

use super::outbox::{Sink, closing, database, fill, gateway, percentiles, waiting};
use afterword::clock::Clock;
use afterword::gateway::{Form, Gateway};
use afterword::mail::transport::{Memory, Transport};
use afterword::survey::page::{Evidence, Visitor};
use afterword::worker;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

const QUEUE: u32 = 100_000;
const ROUNDS: usize = 5;
/// How many tasks click or close at once.
const TASKS: usize = 16;
/// How often each task does so in a round.
const TIMES: usize = 125;
/// Mails per minute: slow enough that the queue stays long and the machine idle.
const RATE: u32 = 1_200;

struct Setup {
    folder: TempDir,
    gateway: Arc<Gateway>,
    links: Vec<String>,
    stop: CancellationToken,
}

/// Prints p50 and p99 of closings and of clicks, without and with the queue, and what a single slow domain costs.
pub async fn run() {
    let sink = Sink::start();
    let empty = Setup::open(&sink, 0).await;
    let full = Setup::open(&sink, QUEUE).await;
    let mut spans: [[Vec<Duration>; 2]; 2] = Default::default();
    for round in 0..ROUNDS {
        for turn in 0..2 {
            let which = (turn + round) % 2;
            let setup = [&empty, &full][which];
            spans[which][0].extend(setup.close_many(round).await);
            spans[which][1].extend(setup.click_many().await);
        }
    }
    let left = waiting(&mut database(full.folder.path()).await).await;
    assert!(left > i64::from(QUEUE) / 2, "the queue was long all the time");
    println!("\nwith {QUEUE} mails waiting, {RATE} sent per minute, {TASKS} tasks; milliseconds");
    println!("          p50 empty  p50 queue  p99 empty  p99 queue  ratio of p99");
    let [[close_empty, click_empty], [close_full, click_full]] = spans;
    for (name, empty, full) in [("closing", close_empty, close_full), ("click", click_empty, click_full)] {
        let ((e50, e99), (f50, f99)) = (percentiles(empty), percentiles(full));
        println!("{name:<8}  {e50:>9.2}  {f50:>9.2}  {e99:>9.2}  {f99:>9.2}  {:>12.2}", f99 / e99);
    }
    empty.stop.cancel();
    full.stop.cancel();
    slow_domain().await;
}

impl Setup {
    async fn open(sink: &Sink, queue: u32) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let links = links(folder.path()).await;
        let gateway =
            Arc::new(gateway(folder.path(), sink.transport(), |config| config.mail.max_per_minute = RATE).await);
        if queue > 0 {
            fill(folder.path(), 1, queue, "waiting", "'d' || (i % 40) || '.example'").await;
        }
        let stop = CancellationToken::new();
        tokio::spawn(worker::run(Arc::clone(&gateway), stop.clone()));
        Self { folder, gateway, links, stop }
    }

    async fn close_many(&self, round: usize) -> Vec<Duration> {
        let mut tasks = JoinSet::new();
        for task in 0..TASKS {
            let gateway = Arc::clone(&self.gateway);
            tasks.spawn(async move {
                let mut spans = vec![];
                for n in 0..TIMES {
                    let closing = closing(&format!("n{round}-{task}-{n}"), gateway.clock.now());
                    let start = Instant::now();
                    gateway.close(closing, false).await.expect("decided");
                    spans.push(start.elapsed());
                }
                spans
            });
        }
        tasks.join_all().await.concat()
    }

    /// Each opens the page of a link, and posts it.
    async fn click_many(&self) -> Vec<Duration> {
        let mut tasks = JoinSet::new();
        for task in 0..TASKS {
            let gateway = Arc::clone(&self.gateway);
            let links: Vec<_> = (0..TIMES).map(|n| self.links[(task * TIMES + n) % self.links.len()].clone()).collect();
            tasks.spawn(async move {
                let mut spans = vec![];
                for link in links {
                    let start = Instant::now();
                    let link = gateway.link(&link).expect("a link");
                    let page = gateway.open_link(link, Visitor::default()).await.expect("opened").page_token;
                    let form = Form {
                        page,
                        how: Evidence::Pressed,
                        picked: None,
                        comment: String::new(),
                        ticked: None,
                        cross_site: false,
                        program: true,
                    };
                    gateway.answer(link, form).await.expect("answered");
                    spans.push(start.elapsed());
                }
                spans
            });
        }
        tasks.join_all().await.concat()
    }
}

/// One rating link of each of a hundred sent surveys.
async fn links(folder: &Path) -> Vec<String> {
    let memory = Memory::default();
    let gateway = gateway(folder, Transport::Memory(memory.clone()), |_| {}).await;
    for n in 0..100 {
        gateway.close(closing(&format!("l{n}"), Clock::System.now()), false).await.expect("decided");
    }
    let mut worker = gateway.mail_worker();
    while memory.mails().len() < 100 {
        gateway.deliver_due(&mut worker).await.expect("sent");
    }
    let token = |raw: Vec<u8>| {
        let text = String::from_utf8(raw).expect("ASCII").replace("=\r\n", "");
        let (_, rest) = text.split_once("/r/").expect("a link");
        rest.chars().take(47).collect()
    };
    let links = memory.mails().into_iter().map(token).collect();
    drop(worker);
    gateway.shut_down().await;
    links
}

/// Prints how long a mail waits behind a long queue to another domain that is over its rate.
async fn slow_domain() {
    let folder = tempfile::tempdir().expect("a folder");
    let memory = Memory::default();
    let change = |config: &mut afterword::config::Config| config.mail.max_per_minute_per_domain = 60;
    let gateway = Arc::new(gateway(folder.path(), Transport::Memory(memory.clone()), change).await);
    fill(folder.path(), 1, QUEUE, "waiting", "'slow.example'").await;
    let stop = CancellationToken::new();
    let workers = tokio::spawn(worker::run(Arc::clone(&gateway), stop.clone()));
    gateway.close(closing("behind", gateway.clock.now()), false).await.expect("decided");
    let start = Instant::now();
    let is_behind = |raw: &Vec<u8>| String::from_utf8_lossy(raw).contains("behind@example.com");
    while !memory.mails().iter().any(is_behind) {
        assert!(start.elapsed() < Duration::from_mins(2), "the mail is not blocked");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    println!(
        "behind {QUEUE} mails to a domain over its rate, a mail to another domain is sent after {:.1?}",
        start.elapsed()
    );
    stop.cancel();
    workers.await.expect("the workers end");
}
