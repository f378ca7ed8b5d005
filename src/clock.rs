//! The only code that reads the machine's clock.
//!
//! It must not know what the time is used for. Tests and the demo's history set a [`Clock::Manual`]; everything else
//! runs on [`Clock::System`].

use crate::survey::Time;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// A source of the current time. Clones of a manual clock share its time.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// A clock that stands still until it is set. Milliseconds since 1970.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// A manual clock, set to a time.
    #[must_use]
    pub fn at(time: Time) -> Self {
        Self::Manual(Arc::new(AtomicI64::new(time.timestamp_millis())))
    }

    /// The current time, in whole milliseconds.
    #[must_use]
    pub fn now(&self) -> Time {
        let millis = match self {
            #[expect(clippy::disallowed_methods, reason = "the only place that may")]
            Self::System => chrono::Utc::now().timestamp_millis(),
            Self::Manual(millis) => millis.load(Ordering::SeqCst),
        };
        Time::from_timestamp_millis(millis).unwrap_or_default()
    }

    /// Sets a manual clock. Does nothing to the machine's clock.
    pub fn set(&self, time: Time) {
        if let Self::Manual(millis) = self {
            millis.store(time.timestamp_millis(), Ordering::SeqCst);
        }
    }
}
