//! The only code that reads the machine's clock.
//!
//! It must not know what the time is used for. Tests and the demo's history set a [`Clock::Manual`], the demo itself runs
//! on a [`Clock::Ahead`], and everything else on [`Clock::System`].

use crate::survey::Time;
use chrono::TimeDelta;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// A source of the current time. Clones of a clock that can be moved share its time.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// The machine's clock, moved ahead by this many milliseconds.
    Ahead(Arc<AtomicI64>),
    /// A clock that stands still until it is set. Milliseconds since 1970.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// A manual clock, set to a time.
    #[must_use]
    pub fn at(time: Time) -> Self {
        Self::Manual(Arc::new(AtomicI64::new(time.timestamp_millis())))
    }

    /// The machine's clock, which [`advance`](Self::advance) can move ahead.
    #[must_use]
    pub fn movable() -> Self {
        Self::Ahead(Arc::default())
    }

    /// The current time, in whole milliseconds.
    #[must_use]
    pub fn now(&self) -> Time {
        let millis = match self {
            Self::System => machine_millis(),
            Self::Ahead(millis) => machine_millis() + millis.load(Ordering::SeqCst),
            Self::Manual(millis) => millis.load(Ordering::SeqCst),
        };
        Time::from_timestamp_millis(millis).unwrap_or_default()
    }

    /// Sets a manual clock. Does nothing to other clocks.
    pub fn set(&self, time: Time) {
        if let Self::Manual(millis) = self {
            millis.store(time.timestamp_millis(), Ordering::SeqCst);
        }
    }

    /// Moves a clock on. Does nothing to the machine's clock.
    pub fn advance(&self, by: TimeDelta) {
        if let Self::Ahead(millis) | Self::Manual(millis) = self {
            millis.fetch_add(by.num_milliseconds(), Ordering::SeqCst);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the only place that may")]
fn machine_millis() -> i64 {
    chrono::Utc::now().timestamp_millis()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_moved_ahead_runs_on() {
        let (clock, hour) = (Clock::movable(), TimeDelta::hours(1));
        let copy = clock.clone();
        let (before, began) = (Clock::System.now(), clock.now());
        copy.advance(hour);
        assert!(
            clock.now() >= began + hour && Clock::System.now() + hour >= clock.now(),
            "an hour, for all its clones"
        );
        Clock::System.advance(hour);
        assert!(Clock::System.now() < before + hour, "nobody moves the machine's clock");
    }
}
