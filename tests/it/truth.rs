//! Whether every figure is true wherever the team reads it: random histories go through the router and the real store,
//! and a naive count of what was told is compared with the API, CSV, the commands, the views and the admin pages.
//!
//! `history` makes up what happens, `play` lets it happen, `model` counts slowly what the design says, and `paths` reads
//! the figures as the team does. `TRUTH_HISTORIES` sets how many histories are played and `TRUTH_SEED` which. A failure
//! names its seed, and lists the shortest history that it was found with.

mod history;
mod model;
mod page;
mod paths;
mod play;

use crate::desk::few;
use history::{History, history};
use proptest::prelude::ProptestConfig;
use proptest::test_runner::{RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use sha2::{Digest, Sha256};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// As many as a suite has time for.
const HISTORIES: u32 = 40;
/// How long shorter histories are sought once one fails, in milliseconds; `TRUTH_SHORTEN` sets another time.
const SHORTEN_FOR: u32 = 60_000;

fn setting(name: &str, usual: u32) -> u32 {
    std::env::var(name).map_or(usual, |text| text.parse().expect("a number"))
}

fn check(history: &History) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut play = play::Play::begin(history).await;
        for step in &history.steps {
            play.take(step).await;
        }
        play.look_at_all(history).await;
    });
}

#[test]
fn every_path_tells_the_same_true_figures() {
    let seed = setting("TRUTH_SEED", 1);
    let config = few(setting("TRUTH_HISTORIES", HISTORIES));
    let config =
        ProptestConfig { max_shrink_time: setting("TRUTH_SHORTEN", SHORTEN_FOR), max_shrink_iters: u32::MAX, ..config };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &Sha256::digest(seed.to_be_bytes()));
    let result = TestRunner::new_with_rng(config, rng).run(&history(), |history| {
        catch_unwind(AssertUnwindSafe(|| check(&history))).map_err(|panic| {
            let why =
                panic.downcast_ref::<String>().cloned().or(panic.downcast_ref::<&str>().map(|why| (*why).to_owned()));
            TestCaseError::fail(why.unwrap_or_default())
        })
    });
    match result {
        Err(TestError::Fail(why, history)) => panic!("TRUTH_SEED={seed}\n{history}\n{why}"),
        result => result.expect("no history is given up"),
    }
}
