//! Mails per second through the real outbox, where claims and outcomes are durable, compared with Postfix's
//! `smtp-source`, which stores nothing.

use super::outbox::{Sink, any_waiting, database, fill, gateway, median, syncs, tool};
use afterword::gateway::Delivery;
use afterword::mail::transport::{Memory, Transport};
use afterword::worker;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

const ROUNDS: usize = 3;
/// The number of connections, and of mails that they send in a round.
const RUNS: [(usize, u32); 3] = [(1, 1_500), (4, 4_000), (16, 8_000)];

/// Prints the medians of the rounds, in a row for each number of connections.
pub async fn run() {
    let sink = Sink::start();
    let size = size_of_a_mail().await;
    println!("mails per second to smtp-sink, {size} bytes each, medians of {ROUNDS} rounds, both senders in turn");
    println!("connections  afterword  smtp-source  ratio  disk syncs per second");
    for (connections, mails) in RUNS {
        let (mut ours, mut theirs, mut ratios, mut disk) = (vec![], vec![], vec![], vec![]);
        for _ in 0..ROUNDS {
            ours.push(our_rate(&sink, connections, mails).await);
            theirs.push(their_rate(&sink, connections, mails, size));
            ratios.push(ours[ours.len() - 1] / theirs[theirs.len() - 1]);
            disk.push(syncs(tempfile::tempdir().expect("a folder").path()));
        }
        let [ours, theirs, ratio, disk] = [ours, theirs, ratios, disk].map(median);
        println!("{connections:>11}  {ours:>9.0}  {theirs:>11.0}  {ratio:>5.2}  {disk:>8.0}");
    }
}

async fn size_of_a_mail() -> usize {
    let folder = tempfile::tempdir().expect("a folder");
    let memory = Memory::default();
    let gateway = gateway(folder.path(), Transport::Memory(memory.clone()), |_| {}).await;
    fill(folder.path(), 1, 1, "waiting", "'example.com'").await;
    assert_eq!(gateway.deliver_due(&mut gateway.mail_worker()).await.expect("sent"), Delivery::Again);
    memory.mails()[0].len()
}

/// Afterword's mails per second, from the start of the workers to the last stored outcome, in a new database.
async fn our_rate(sink: &Sink, connections: usize, mails: u32) -> f64 {
    let folder = tempfile::tempdir().expect("a folder");
    let gateway = gateway(folder.path(), sink.transport(), |config| config.mail.workers = connections).await;
    fill(folder.path(), 1, mails, "waiting", "'d' || (i % 40) || '.example'").await;
    let mut db = database(folder.path()).await;
    let (gateway, stop) = (Arc::new(gateway), CancellationToken::new());
    let start = Instant::now();
    let workers = tokio::spawn(worker::run(Arc::clone(&gateway), stop.clone()));
    while any_waiting(&mut db).await {
        assert!(start.elapsed() < Duration::from_mins(2), "the mails are sent");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let rate = f64::from(mails) / start.elapsed().as_secs_f64();
    stop.cancel();
    workers.await.expect("the workers end");
    rate
}

/// The mails per second of `smtp-source`.
fn their_rate(sink: &Sink, connections: usize, mails: u32, size: usize) -> f64 {
    let mut command = Command::new(tool("smtp-source"));
    command.args(["-d", "-s", &connections.to_string(), "-m", &mails.to_string(), "-l", &size.to_string()]);
    command.args(["-f", "us@example.com", "-t", "ada@example.com", &format!("127.0.0.1:{}", sink.port)]);
    let start = Instant::now();
    assert!(command.status().expect("smtp-source starts").success(), "smtp-source sends");
    f64::from(mails) / start.elapsed().as_secs_f64()
}
