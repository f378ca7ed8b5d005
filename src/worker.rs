//! The tasks that send mail. Each sends one due mail after the other, over its own connection. Beside them, `retention`
//! erases what is too old, `counting` counts the decisions of days that are over, and `digests` queues the weekly digest; the
//! store is told to roll surveys up.
//!
//! It owns when to look for mail, how long to wait, and that a worker that failed is started again. It must not know what
//! is in a mail, nor what its outcome changes.

mod counting;
mod digests;
mod enriching;
mod retention;
mod telling;

use crate::gateway::{Delivery, Gateway};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

/// How long an idle worker waits before it looks again without being woken. Retries and delayed mails are late by at
/// most this.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How long a worker rests after a failed connection. Its mail does not: another worker may take it.
const REST: Duration = Duration::from_secs(30);
/// How long a stop waits for mails that are being sent. A worker that takes longer is aborted: the next start frees the
/// lease of its mail and sends it again.
const STOP_WITHIN: Duration = Duration::from_secs(10);
/// Rests of a worker that failed. What makes it fail may be there for good, so the rest doubles, and neither the log nor a
/// core fills up.
const RESTS: Rests =
    Rests { first: Duration::from_secs(1), longest: Duration::from_mins(1), sound: Duration::from_mins(1) };

/// When a worker that failed is started again.
#[derive(Clone, Copy)]
struct Rests {
    first: Duration,
    longest: Duration,
    /// How long it must live to be sound again.
    sound: Duration,
}

/// Sends mail until `stop` is cancelled.
pub async fn run(gateway: Arc<Gateway>, stop: CancellationToken) {
    gateway.keep_rolled_up();
    let wanted = gateway.config.mail.workers;
    let mut workers = JoinSet::new();
    workers.spawn(retention::run(Arc::clone(&gateway), stop.clone()));
    workers.spawn(counting::run(Arc::clone(&gateway), stop.clone()));
    workers.spawn(digests::run(Arc::clone(&gateway), stop.clone()));
    workers.spawn(telling::run(Arc::clone(&gateway), stop.clone()));
    workers.spawn(enriching::run(Arc::clone(&gateway), stop.clone()));
    for _ in 0..wanted {
        gateway.worker_runs();
        let (gateway, stop) = (Arc::clone(&gateway), stop.clone());
        workers.spawn(async move {
            let work = || work(Arc::clone(&gateway), stop.clone());
            keep(&gateway, RESTS, &stop, work).await;
        });
    }
    // Last, so that none seems to be missing meanwhile.
    gateway.wants_workers(wanted.try_into().unwrap_or(u32::MAX));
    stop.cancelled().await;
    // Those that end from now on did not fail.
    gateway.wants_workers(0);
    let all = async { while workers.join_next().await.is_some() {} };
    if tokio::time::timeout(STOP_WITHIN, all).await.is_err() {
        tracing::warn!("stopped before all mails were sent: the next start sends the unfinished ones again");
        workers.shutdown().await;
    }
}

/// Starts a worker, and starts it again whenever it fails, until `stop` is cancelled. A worker that failed twice in a row
/// does not count as running before it has lived for a while: one that fails with every mail would seem to run. The
/// caller has counted the first start.
async fn keep<W>(gateway: &Gateway, rests: Rests, stop: &CancellationToken, work: impl Fn() -> W)
where
    W: Future<Output = ()> + Send + 'static,
{
    let (mut failures, mut rest, mut counted) = (0, rests.first, true);
    loop {
        let mut worker = AbortOnDropHandle::new(tokio::spawn(work()));
        let early = tokio::time::timeout(rests.sound, &mut worker).await;
        let ended = match early {
            Ok(ended) => ended,
            Err(_) => {
                (failures, rest) = (0, rests.first);
                if !counted {
                    gateway.worker_runs();
                    counted = true;
                }
                worker.await
            }
        };
        if counted {
            gateway.worker_ended();
        }
        if ended.is_err() {
            gateway.worker_panicked();
            failures += 1;
            tracing::error!(failures, "a mail worker failed, and is started again");
        }
        // A worker ends by itself only at a stop.
        let _ = tokio::time::timeout(rest, stop.cancelled()).await;
        if stop.is_cancelled() {
            return;
        }
        rest = rests.longest.min(rest * 2);
        counted = failures < 2;
        if counted {
            gateway.worker_runs();
        }
    }
}

async fn work(gateway: Arc<Gateway>, stop: CancellationToken) {
    let mut mail = gateway.mail_worker();
    while !stop.is_cancelled() {
        let (wait, wakes) = match gateway.deliver_due(&mut mail).await {
            Ok(Delivery::Again) => continue,
            Ok(Delivery::Unreachable) => (REST, false),
            // Another worker may end the pause sooner.
            Ok(Delivery::Paused(until)) => (until.to_std().unwrap_or_default().min(LOOK_EVERY), true),
            // This worker has reserved a slot. If new mail woke it earlier, it would only reserve another one.
            Ok(Delivery::Paced(until_slot)) => (until_slot.to_std().unwrap_or_default(), false),
            Ok(Delivery::Idle) => (LOOK_EVERY, true),
            Err(error) => {
                tracing::error!(%error, "cannot claim mail from the outbox");
                (LOOK_EVERY, true)
            }
        };
        if wait >= LOOK_EVERY {
            mail.close().await;
        }
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = gateway.mail_due.notified(), if wakes => {}
            () = stop.cancelled() => {}
        }
    }
    mail.close().await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::config::Config;
    use crate::survey::Time;
    use crate::survey::status::{Readiness, Trouble};
    use futures_util::FutureExt;
    use std::pin::pin;
    use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
    use tokio::sync::Notify;

    /// A gateway. Its clock stands still, so only a test's first look at readiness is fresh.
    async fn gateway(folder: &tempfile::TempDir) -> Arc<Gateway> {
        let [database, link_keys_file] = ["a.db", "a.keys"].map(|file| folder.path().join(file));
        let config = Config { database, link_keys_file, ..Config::default() };
        let (gateway, _lock) = Gateway::serve(config, Clock::at(Time::UNIX_EPOCH), None).await.expect("a gateway");
        Arc::new(gateway)
    }

    /// Keeps a worker that fails so many times, then works until the stop; says when it works.
    fn failing(gateway: Arc<Gateway>, times: u32, rests: Rests, stop: &CancellationToken) -> Arc<Notify> {
        let (works, started) = (Arc::new(Notify::new()), Arc::new(AtomicU32::new(0)));
        gateway.worker_runs();
        gateway.wants_workers(1);
        let (stop, told) = (stop.clone(), Arc::clone(&works));
        tokio::spawn(async move {
            let stopped = stop.clone();
            let work = move || {
                let (nth, stop, told) = (started.fetch_add(1, SeqCst), stopped.clone(), Arc::clone(&told));
                async move {
                    assert!(nth >= times, "it fails {times} times");
                    told.notify_one();
                    stop.cancelled().await;
                }
            };
            keep(&gateway, rests, &stop, work).await;
        });
        works
    }

    #[tokio::test]
    async fn no_worker_is_missed_at_a_start_or_after_a_stop() {
        let folder = tempfile::tempdir().expect("a folder");
        let (gateway, stop) = (gateway(&folder).await, CancellationToken::new());
        let mut running = pin!(run(Arc::clone(&gateway), stop.clone()));
        assert!(running.as_mut().now_or_never().is_none(), "it has started, and its workers not yet");
        assert_eq!(gateway.readiness().await, Readiness::Ready);
        stop.cancel();
        running.await;
        gateway.say_goodbye().await;
        let service = gateway.status().await.expect("a status").stored.service.expect("it said goodbye");
        assert_eq!((service.workers.alive, service.degraded), (0, Vec::<String>::new()));
    }

    #[tokio::test]
    async fn a_worker_that_fails_is_counted_and_started_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let (gateway, stop) = (gateway(&folder).await, CancellationToken::new());
        let rests = Rests { first: Duration::ZERO, longest: Duration::ZERO, sound: Duration::from_hours(1) };
        failing(Arc::clone(&gateway), 1, rests, &stop).notified().await;
        assert!(!gateway.needs_restart(), "one failure is forgiven at once");
        assert_eq!(gateway.readiness().await, Readiness::Ready);
        let status = gateway.status().await.expect("a status");
        assert_eq!(status.stored.service.expect("it gave a sign of life").workers.panics, 1);
        assert!(gateway.metrics().await.contains("afterword_worker_panics_total 1\n"));
        stop.cancel();
    }

    #[tokio::test]
    async fn a_worker_that_fails_again_and_again_does_not_count_as_running() {
        let folder = tempfile::tempdir().expect("a folder");
        let (gateway, stop) = (gateway(&folder).await, CancellationToken::new());
        let rests = Rests { first: Duration::ZERO, longest: Duration::ZERO, sound: Duration::from_hours(1) };
        failing(Arc::clone(&gateway), 3, rests, &stop).notified().await;
        assert!(gateway.needs_restart());
        assert_eq!(gateway.readiness().await, Readiness::Down(vec![Trouble::plain("no mail worker runs")]));
        stop.cancel();
    }

    #[tokio::test]
    async fn a_worker_that_has_lived_for_a_while_counts_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let (gateway, stop) = (gateway(&folder).await, CancellationToken::new());
        let rests = Rests { first: Duration::ZERO, longest: Duration::ZERO, sound: Duration::from_millis(1) };
        failing(Arc::clone(&gateway), 3, rests, &stop).notified().await;
        while gateway.needs_restart() {
            tokio::task::yield_now().await;
        }
        stop.cancel();
    }

    #[tokio::test]
    async fn a_stop_does_not_wait_for_the_end_of_a_rest() {
        let folder = tempfile::tempdir().expect("a folder");
        let (gateway, stop) = (gateway(&folder).await, CancellationToken::new());
        let rests = Rests { first: Duration::from_hours(1), ..RESTS };
        gateway.worker_runs();
        let kept = async {
            keep(&gateway, rests, &stop, || async { panic!("it fails") }).await;
        };
        let stops = async {
            while !gateway.metrics().await.contains("afterword_worker_panics_total 1\n") {
                tokio::task::yield_now().await;
            }
            stop.cancel();
        };
        tokio::join!(kept, stops);
    }
}
