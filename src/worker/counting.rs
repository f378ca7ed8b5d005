//! Counts the decisions of days that are over, so that nobody who asks for counts waits for them.
//!
//! It owns when to look, and the pauses. It must not know what is counted. Counts are exact without it, only slower.

use crate::gateway::Gateway;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often to look. Until then the closings of a day are read one by one: 14 000 took about 0.1 s on a busy machine.
const LOOK_EVERY: Duration = Duration::from_mins(10);
/// The pause between two days, in which everybody else may write.
const PAUSE: Duration = Duration::from_millis(50);

/// Counts one day after the other until `stop` is cancelled.
pub(super) async fn run(gateway: Arc<Gateway>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let rest = match gateway.fold_decisions().await {
            Ok(true) => PAUSE,
            Ok(false) => LOOK_EVERY,
            Err(error) => {
                tracing::warn!(%error, "decisions were not counted; trying again in 10 minutes");
                LOOK_EVERY
            }
        };
        tokio::select! {
            () = tokio::time::sleep(rest) => {}
            () = stop.cancelled() => {}
        }
    }
}
