//! Sends events to each target, in a task of its own: a target that stalls or refuses holds up no other, and no mail.
//!
//! It owns when to look. It must not know what is sent, nor how.

use crate::gateway::{Gateway, Step, TargetWorker};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

/// How often to look while nothing is due.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// The rest of a task that failed.
const REST: Duration = Duration::from_mins(1);

/// Runs the task of each target until `stop` is cancelled.
pub(super) async fn run(gateway: Arc<Gateway>, stop: CancellationToken) {
    let mut tasks = JoinSet::new();
    for worker in gateway.target_workers() {
        tasks.spawn(keep(Arc::clone(&gateway), worker.name, stop.clone()));
    }
    while tasks.join_next().await.is_some() {}
}

/// Starts the task of a target, and starts it again should it fail.
async fn keep(gateway: Arc<Gateway>, target: String, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let Some(worker) = gateway.target_workers().into_iter().find(|worker| worker.name == target) else { return };
        let task = tokio::spawn(work(Arc::clone(&gateway), worker, stop.clone()));
        if AbortOnDropHandle::new(task).await.is_err() {
            tracing::error!(%target, "the worker of a target failed; starting it again in a minute");
            let _ = tokio::time::timeout(REST, stop.cancelled()).await;
        }
    }
}

async fn work(gateway: Arc<Gateway>, mut worker: TargetWorker, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let wait = match gateway.tell_due(&mut worker).await {
            Ok(Step::Again) => continue,
            Ok(Step::Resting(rest)) => rest.to_std().unwrap_or_default(),
            Ok(Step::Idle) => LOOK_EVERY,
            Err(error) => {
                tracing::error!(%error, target = %worker.name, "cannot look for events to send");
                LOOK_EVERY
            }
        };
        let _ = tokio::time::timeout(wait, stop.cancelled()).await;
    }
}
