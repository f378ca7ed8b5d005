//! What sending costs: mails a second through the real outbox, what a long queue does to clicks and closings, and
//! whether the past weighs on the present.
//!
//! `cargo bench --bench mail` runs everything; `cargo bench --bench mail -- speed queue past faults` picks. `faults` is
//! the proof that no mail is lost, at its full size: the small one is among the tests.
//! It needs Postfix's `smtp-sink` and `smtp-source` (Debian: the package postfix, whose service need not run). Figures of
//! one run compare with each other, and with no other run.

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
    let named: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let picked = |name: &str| named.is_empty() || named.iter().any(|word| word == name);
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
