//! The tasks that send mail. Each sends one due mail after the other, over its own connection. Beside them, `retention`
//! erases what is too old.
//!
//! It owns when to look for mail and how long to wait. It must not know what is in a mail, nor what its outcome
//! changes.

mod retention;

use crate::gateway::{Delivery, Gateway};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How long an idle worker waits before it looks again without being woken. Retries and delayed mails are late by at
/// most this.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How long a worker rests after a failed connection. Its mail does not: another worker may take it.
const REST: Duration = Duration::from_secs(30);
/// How long a stop waits for mails that are being sent. A worker that takes longer is aborted: the next start frees the
/// lease of its mail and sends it again.
const STOP_WITHIN: Duration = Duration::from_secs(10);

/// Sends mail until `stop` is cancelled. Returns false if a worker failed, which also cancels `stop`.
pub async fn run(gateway: Arc<Gateway>, stop: CancellationToken) -> bool {
    let mut workers = JoinSet::new();
    for _ in 0..gateway.config.mail.workers {
        workers.spawn(work(Arc::clone(&gateway), stop.clone()));
    }
    let (keeper, stopped) = (Arc::clone(&gateway), stop.clone());
    workers.spawn(async move { retention::run(&keeper, &stopped).await });
    let failed = tokio::select! {
        () = stop.cancelled() => false,
        ended = workers.join_next() => !stop.is_cancelled() && ended.is_some(),
    };
    if failed {
        tracing::error!("a mail worker failed");
        stop.cancel();
    }
    let all = async { while workers.join_next().await.is_some() {} };
    if tokio::time::timeout(STOP_WITHIN, all).await.is_err() {
        tracing::warn!("stopped before all mails were sent: the next start sends the unfinished ones again");
        workers.shutdown().await;
    }
    !failed
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
