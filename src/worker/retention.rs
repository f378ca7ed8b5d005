//! Erases and deletes what `[retention]` says is too old, and old events, little by little.
//!
//! It owns when to look, and the pauses. It must not know what is too old.

use crate::gateway::{Error, Gateway};
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
    let mut in_log = false;
    while !stop.is_cancelled() {
        let round = round(Arc::clone(&gateway), stop.clone(), in_log);
        in_log = AbortOnDropHandle::new(tokio::spawn(round)).await.unwrap_or_else(|_| {
            tracing::error!("erasing what is too old failed; trying again in an hour");
            true
        });
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            () = stop.cancelled() => {}
        }
    }
}

/// Erases what is too old, and empties the log if anything was erased, now or `in_log` before. Whether it must be emptied
/// still.
async fn round(gateway: Arc<Gateway>, stop: CancellationToken, in_log: bool) -> bool {
    forget_events(&gateway, &stop).await;
    let (any, done) = expire(&gateway, &stop).await;
    if let Err(error) = done {
        tracing::error!(%error, "cannot erase what is too old; trying again in an hour");
    }
    if !any && !in_log {
        return false;
    }
    let why = match gateway.empty_log().await {
        Ok(true) => return false,
        Ok(false) => "another program reads the database all the time".to_owned(),
        Err(error) => error.to_string(),
    };
    tracing::warn!(why, "what was too old is erased, but copies are left in the log; emptying it again in an hour");
    true
}

/// Deletes old events, which say nothing of a customer: the log may keep them.
async fn forget_events(gateway: &Gateway, stop: &CancellationToken) {
    loop {
        match gateway.forget_events().await {
            Ok(0) => return,
            Ok(events) => tracing::debug!(events, "deleted old events"),
            Err(error) => {
                tracing::error!(%error, "cannot delete old events; trying again in an hour");
                return;
            }
        }
        if tokio::time::timeout(PAUSE, stop.cancelled()).await.is_ok() {
            return;
        }
    }
}

/// Takes steps until nothing is left, and logs what they took in one line. Whether they took anything, and what ended them.
async fn expire(gateway: &Gateway, stop: &CancellationToken) -> (bool, Result<(), Error>) {
    let (mut surveys, mut closings, mut decisions, mut reopenings) = (0, 0, 0, 0);
    let mut step = gateway.expire().await;
    while let Ok(expired) = &step
        && !expired.is_empty()
    {
        surveys += expired.surveys.len();
        closings += expired.closings;
        decisions += expired.decisions;
        reopenings += expired.reopenings;
        if stop.is_cancelled() {
            break;
        }
        tokio::time::sleep(PAUSE).await;
        step = gateway.expire().await;
    }
    let any = surveys + closings + decisions + reopenings > 0;
    if any {
        tracing::info!(surveys, closings, decisions, reopenings, "erased what was too old");
    }
    (any, step.map(drop))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::config::Config;

    #[tokio::test]
    async fn a_log_that_was_left_is_emptied_by_the_next_round() {
        let folder = tempfile::tempdir().expect("a folder");
        let [database, link_keys_file, log] = ["a.db", "a.keys", "a.db-wal"].map(|file| folder.path().join(file));
        let config = Config { database, link_keys_file, ..Config::default() };
        let (gateway, _lock) = Gateway::serve(config, Clock::System, None).await.expect("a gateway");
        let (gateway, stop) = (Arc::new(gateway), CancellationToken::new());
        let bytes = || log.metadata().expect("a log").len();
        assert!(!round(Arc::clone(&gateway), stop.clone(), false).await);
        assert_ne!(bytes(), 0, "nothing was erased");
        assert!(!round(gateway, stop, true).await);
        assert_eq!(bytes(), 0);
    }
}
