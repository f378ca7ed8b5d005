//! Whether enqueueing and claiming cost more with a million sent surveys behind them.

use super::outbox::{closing, fill, gateway, median};
use afterword::gateway::{Delivery, Gateway};
use afterword::mail::transport::{Memory, Transport};
use std::time::Instant;
use tempfile::TempDir;

const PASTS: [u32; 2] = [100, 1_000_000];
const ROUNDS: usize = 5;
const TIMES: usize = 200;

/// Prints the median times of a closing and of a delivery, for both pasts, which take turns.
pub async fn run() {
    let mut gateways: Vec<(TempDir, Gateway)> = vec![];
    for past in PASTS {
        let folder = tempfile::tempdir().expect("a folder");
        let gateway = gateway(folder.path(), Transport::Memory(Memory::default()), |_| {}).await;
        fill(folder.path(), 1, past, "accepted", "'d' || (i % 40) || '.example'").await;
        gateways.push((folder, gateway));
    }
    let mut spans: [[Vec<f64>; 2]; 2] = Default::default();
    for round in 0..ROUNDS {
        for (which, (_, gateway)) in gateways.iter().enumerate() {
            let (closed, sent) = close_and_send(gateway, round).await;
            spans[which][0].extend(closed);
            spans[which][1].extend(sent);
        }
    }
    let [[close_few, send_few], [close_many, send_many]] = spans;
    println!("\nbehind {} or {} sent surveys; milliseconds, medians of {}", PASTS[0], PASTS[1], ROUNDS * TIMES);
    for (name, few, many) in [("closing", close_few, close_many), ("mark and claim", send_few, send_many)] {
        let (few, many) = (median(few), median(many));
        println!("{name:<14}  {few:>6.3}  {many:>6.3}  ratio {:.2}", many / few);
    }
}

/// The milliseconds that each closing took, and each delivery of its mail.
async fn close_and_send(gateway: &Gateway, round: usize) -> (Vec<f64>, Vec<f64>) {
    let (mut closed, mut sent) = (vec![], vec![]);
    for n in 0..TIMES {
        let start = Instant::now();
        gateway.close(closing(&format!("n{round}-{n}"), gateway.clock.now()), false).await.expect("decided");
        closed.push(start.elapsed().as_secs_f64() * 1e3);
    }
    let mut worker = gateway.mail_worker();
    loop {
        let start = Instant::now();
        match gateway.deliver_due(&mut worker).await.expect("sent") {
            Delivery::Again => sent.push(start.elapsed().as_secs_f64() * 1e3),
            _ => return (closed, sent),
        }
    }
}
