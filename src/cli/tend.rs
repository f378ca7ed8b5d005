//! What a running service owes to those who watch it: signs of life, and a word to the service manager when it is ready,
//! alive and stopping (`sd_notify(3)`). SIGHUP reads secrets again.
//!
//! It owns the intervals and signals. It must not know what makes the service ready.

use crate::gateway::Gateway;
use crate::survey::status::BEAT;
use sd_notify::NotifyState;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Tells the service manager, if there is one.
fn tell(state: NotifyState) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "the service manager cannot be told");
    }
}

/// Says that requests are answered from now on.
pub(super) fn ready() {
    tell(NotifyState::Ready);
}

/// Says that the service stops.
pub(super) fn stopping() {
    tell(NotifyState::Stopping);
}

/// Gives signs of life and heeds SIGHUP until `stop` is cancelled.
pub(super) async fn tend(gateway: Arc<Gateway>, stop: CancellationToken) {
    let Ok(mut hangup) = signal(SignalKind::hangup()) else {
        tracing::error!("cannot watch SIGHUP: restart the service after a change of its secrets");
        return;
    };
    let beat = BEAT.to_std().unwrap_or(Duration::from_secs(1));
    // The manager asks for a word within this time: half of it leaves room for a slow disk.
    let every = sd_notify::watchdog_enabled().map_or(beat, |limit| beat.min(limit / 2));
    let mut pulse = tokio::time::interval(every.max(Duration::from_millis(1)));
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = hangup.recv() => reload(&gateway),
            _ = pulse.tick() => {
                let answered = stop.run_until_cancelled(gateway.readiness()).await;
                // A restart makes no room on a disk, but it brings workers back.
                if answered.is_some() && !gateway.needs_restart() {
                    tell(NotifyState::Watchdog);
                }
            }
        }
    }
}

fn reload(gateway: &Gateway) {
    let read = gateway.reload();
    if read.is_empty() {
        tracing::info!("SIGHUP: there is no file of a secret to read again");
    }
    for secret in read {
        match secret {
            Ok(key) => tracing::info!(key, "SIGHUP: a secret was read again"),
            Err(error) => tracing::error!(error, "SIGHUP: a secret stays as it was"),
        }
    }
}
