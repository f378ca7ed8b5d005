//! The one place that asks for the time.
//!
//! It must not know who asks. Tests hold the hand of a [`Clock::Hand`]; everything else runs on [`Clock::System`].

use crate::survey::Time;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Tells the time.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// A clock that stands still until it is set: milliseconds since 1970.
    Hand(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at a time.
    #[must_use]
    pub fn at(time: Time) -> Self {
        Self::Hand(Arc::new(AtomicI64::new(time.timestamp_millis())))
    }

    /// The time, in whole milliseconds.
    #[must_use]
    pub fn now(&self) -> Time {
        let millis = match self {
            #[expect(clippy::disallowed_methods, reason = "the one place that may ask")]
            Self::System => chrono::Utc::now().timestamp_millis(),
            Self::Hand(millis) => millis.load(Ordering::SeqCst),
        };
        Time::from_timestamp_millis(millis).unwrap_or_default()
    }

    /// Sets a clock of the hand; the machine's own stays as it is.
    pub fn set(&self, time: Time) {
        if let Self::Hand(millis) = self {
            millis.store(time.timestamp_millis(), Ordering::SeqCst);
        }
    }
}
