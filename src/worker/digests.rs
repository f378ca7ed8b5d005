//! Looks for digests that are due.
//!
//! It owns how often. It must not know when one is due, nor how it is sent: that is the work of those who send mail.

use crate::gateway::Gateway;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

/// How often to look. A digest is due at an hour, so a minute late is soon enough.
const LOOK_EVERY: Duration = Duration::from_mins(1);

/// Looks every minute until `stop` is cancelled, whatever became of the last time.
pub(super) async fn run(gateway: Arc<Gateway>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let look = Arc::clone(&gateway);
        let looked = tokio::spawn(async move { look.announce_digests().await });
        match AbortOnDropHandle::new(looked).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::error!(%error, "cannot queue digests; trying again in a minute"),
            Err(_) => tracing::error!("queueing digests failed; trying again in a minute"),
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            () = stop.cancelled() => {}
        }
    }
}
