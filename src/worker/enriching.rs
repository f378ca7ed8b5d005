//! Fetches the conversations that closings wait for. Each helpdesk has a task of its own, so a dead API holds up no other.
//!
//! It owns how often to look. It must not know what is fetched, nor when to try again.

use crate::gateway::{Enriched, Gateway};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

/// How long an idle task waits before it looks again without being woken.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Fetches until `stop` is cancelled. A fetch that runs then is dropped: its closing waits for the next start.
pub(super) async fn run(gateway: Arc<Gateway>, stop: CancellationToken) {
    let connections = loop {
        match gateway.enriching().await {
            Ok(connections) => break connections,
            Err(error) => tracing::error!(%error, "cannot tell which closings wait; trying again"),
        }
        if tokio::time::timeout(LOOK_EVERY, stop.cancelled()).await.is_ok() {
            return;
        }
    };
    let mut tasks = JoinSet::new();
    for connection in connections {
        tasks.spawn(work(Arc::clone(&gateway), connection, stop.clone()));
    }
    while tasks.join_next().await.is_some() {}
}

async fn work(gateway: Arc<Gateway>, connection: String, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let woken = gateway.closing_waits.notified();
        let (fetch, of) = (Arc::clone(&gateway), connection.clone());
        let mut fetched = AbortOnDropHandle::new(tokio::spawn(async move { fetch.enrich_due(&of).await }));
        let done = tokio::select! {
            done = &mut fetched => done,
            () = stop.cancelled() => return,
        };
        match done {
            Ok(Ok(Enriched::Again)) => continue,
            Ok(Ok(Enriched::Until(_) | Enriched::Nothing)) => {}
            Ok(Err(error)) => tracing::error!(%error, helpdesk = connection, "cannot decide closings that wait"),
            Err(_) => tracing::error!(helpdesk = connection, "fetching a conversation failed; trying again"),
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            () = woken => {}
            () = stop.cancelled() => {}
        }
    }
}
