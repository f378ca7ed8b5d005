//! Erases and deletes what `[retention]` says is too old, little by little.
//!
//! It owns when to look, and the pauses. It must not know what is too old.

use crate::gateway::{Error, Expired, Gateway};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

/// How often to look. Ages are in days, so an hour late is soon enough.
const LOOK_EVERY: Duration = Duration::from_hours(1);
/// The pause between two steps, in which everybody else may write.
const PAUSE: Duration = Duration::from_millis(100);

/// Looks every hour until `stop` is cancelled, whatever became of the last time.
pub(super) async fn run(gateway: Arc<Gateway>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        match AbortOnDropHandle::new(tokio::spawn(expire(Arc::clone(&gateway), stop.clone()))).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "cannot erase what is too old; trying again in an hour"),
            Err(_) => {
                gateway.worker_panicked();
                tracing::error!("erasing what is too old failed; trying again in an hour");
            }
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            () = stop.cancelled() => {}
        }
    }
}

/// Takes steps until nothing is left, and logs what they took in one line.
async fn expire(gateway: Arc<Gateway>, stop: CancellationToken) -> Result<(), Error> {
    let (mut all, mut step) = (Expired::default(), gateway.expire().await);
    while let Ok(expired) = &step
        && !expired.is_empty()
    {
        all.add(expired.clone());
        if stop.is_cancelled() {
            break;
        }
        tokio::time::sleep(PAUSE).await;
        step = gateway.expire().await;
    }
    if !all.is_empty() {
        let Expired { surveys, closings, decisions, reopenings } = &all;
        tracing::info!(surveys = surveys.len(), closings, decisions, reopenings, "erased what was too old");
        gateway.empty_log().await?;
    }
    step.map(drop)
}
