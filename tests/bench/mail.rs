//! What sending costs: mails per second through the real outbox, how a long queue slows clicks and closings, and
//! whether a million sent surveys slow new ones.
//!
//! `cargo bench --bench mail` runs everything; `cargo bench --bench mail -- speed queue past faults` picks parts.
//! `faults` is the proof that no mail is lost, at full size; the tests run a small one. It needs Postfix's `smtp-sink`
//! and `smtp-source` (Debian: the package postfix, whose service need not run). Compare only figures of the same run.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]
#![expect(unreachable_pub, reason = "nothing outside uses a benchmark, and its modules are small")]

#[path = "mail/outbox.rs"]
mod outbox;
#[path = "mail/past.rs"]
mod past;
#[path = "../it/process.rs"]
mod process;
#[path = "../it/proof.rs"]
mod proof;
#[path = "mail/queue.rs"]
mod queue;
#[expect(dead_code, reason = "the tests use the rest")]
#[path = "../it/sink.rs"]
mod sink;
#[path = "mail/speed.rs"]
mod speed;

fn main() {
    let names: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let picked = |name: &str| names.is_empty() || names.iter().any(|word| word == name);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    if picked("speed") {
        runtime.block_on(speed::run());
    }
    if picked("queue") {
        runtime.block_on(queue::run());
    }
    if picked("past") {
        runtime.block_on(past::run());
    }
    if picked("faults") {
        let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(2_026);
        let plan = proof::Proof { mails: 2_000, kills: 20, workers: 16, seed };
        let figures = proof::prove(&plan);
        println!("\n{figures}");
        figures.check(&plan);
    }
}
