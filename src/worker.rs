//! The tasks that send mail: each takes what is due, one mail after the other, over a connection of its own.
//!
//! It owns when to look and when to rest. It must not know what a mail says or what becomes of it.

use crate::gateway::{Delivery, Gateway};
use crate::survey::delivery::UNREACHABLE_WAIT;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How often a worker looks for due mails unasked: a retry or a delayed mail is late by this at most.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How long a stop waits for mails under way. A mail that takes longer is given up on; its lease is freed at the next
/// start and it goes out again.
const STOP_WITHIN: Duration = Duration::from_secs(10);

/// Sends mails until told to stop. Answers whether all went well; a worker that breaks down stops the service.
pub async fn run(gateway: Arc<Gateway>, stop: CancellationToken) -> bool {
    let mut workers = JoinSet::new();
    for _ in 0..gateway.config.mail.workers {
        workers.spawn(work(Arc::clone(&gateway), stop.clone()));
    }
    let broken = tokio::select! {
        () = stop.cancelled() => false,
        ended = workers.join_next() => !stop.is_cancelled() && ended.is_some(),
    };
    if broken {
        tracing::error!("a mail worker broke down");
        stop.cancel();
    }
    let all = async { while workers.join_next().await.is_some() {} };
    if tokio::time::timeout(STOP_WITHIN, all).await.is_err() {
        tracing::warn!("mails under way were given up on: they go out again at the next start");
        workers.shutdown().await;
    }
    !broken
}

async fn work(gateway: Arc<Gateway>, stop: CancellationToken) {
    let mut courier = gateway.courier();
    while !stop.is_cancelled() {
        let (rest, wakes) = match gateway.deliver_due(&mut courier).await {
            Ok(Delivery::Tried) => continue,
            Ok(Delivery::Unreachable) => (UNREACHABLE_WAIT.to_std().unwrap_or(LOOK_EVERY), false),
            // It has a turn of its own: woken before, it would only be given another.
            Ok(Delivery::Paced(turn)) => (turn.to_std().unwrap_or_default(), false),
            Ok(Delivery::Idle) => (LOOK_EVERY, true),
            Err(error) => {
                tracing::error!(%error, "no mail can be taken from the outbox");
                (LOOK_EVERY, true)
            }
        };
        if rest >= LOOK_EVERY {
            courier.rest().await;
        }
        tokio::select! {
            () = tokio::time::sleep(rest) => {}
            () = gateway.bell.notified(), if wakes => {}
            () = stop.cancelled() => {}
        }
    }
    courier.rest().await;
}
