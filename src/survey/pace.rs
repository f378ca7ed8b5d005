//! How fast mails may be sent: a rate overall, and one for each recipient domain.
//!
//! It owns the counting and the turns. It must not know what is counted, or for which caller.
//!
//! The crate `governor` has no turns: it says how long to wait, and all the waiting callers come back at once. Its clock is
//! not an argument either.

use super::Time;
use chrono::TimeDelta;
use std::collections::HashMap;

/// The span of a rate.
const MINUTE: TimeDelta = TimeDelta::minutes(1);
/// How late a turn may be used without losing rate: workers look every two seconds, and a busy machine is slower.
const LATENESS: TimeDelta = TimeDelta::seconds(5);

/// The most mails within any minute; 0 is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    /// To all domains together.
    pub overall: u32,
    /// To each recipient domain.
    pub per_domain: u32,
}

/// The count of one rate.
///
/// Mails are counted when they are sent, so the rate holds even if turns are not used. Each waiting mail gets a turn of its
/// own, at a time when it will probably be let through.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pace {
    /// When another mail may be sent at exactly the rate.
    next_free: Time,
    /// The last turn that was given.
    last_turn: Time,
}

/// The counts of all rates. They live in memory: a restart forgets what was sent in the last seconds.
#[derive(Clone, Debug, Default)]
pub struct Paces {
    overall: Pace,
    domains: HashMap<String, Pace>,
    swept: Time,
}

impl Pace {
    /// `None` if one more may be sent now, else a turn to come back at that nobody else gets.
    pub fn wait(&mut self, now: Time, most: u32) -> Option<Time> {
        let interval = interval(most)?;
        if self.next_free <= now + LATENESS {
            return None;
        }
        self.last_turn = self.next_free.max(self.last_turn + interval);
        Some(self.last_turn)
    }

    /// Counts one that is sent.
    pub fn count(&mut self, now: Time, most: u32) {
        if let Some(interval) = interval(most) {
            self.next_free = self.next_free.max(now) + interval;
        }
    }

    /// Whether forgetting it would change nothing.
    fn is_idle(&self, now: Time) -> bool {
        self.next_free <= now && self.last_turn <= now
    }
}

/// Spacing between mails. Slightly longer than 60 s / rate, so that a late worker catching up cannot exceed the rate within
/// any minute.
fn interval(most: u32) -> Option<TimeDelta> {
    let span = (MINUTE + LATENESS).num_microseconds()?;
    (most > 0).then(|| TimeDelta::microseconds(span / i64::from(most) + 1))
}

impl Paces {
    /// As [`Pace::wait`], for the overall rate.
    pub fn wait_overall(&mut self, now: Time, rates: Rates) -> Option<Time> {
        self.overall.wait(now, rates.overall)
    }

    /// As [`Pace::wait`], of the domain of an address.
    pub fn wait_domain(&mut self, address: &str, now: Time, rates: Rates) -> Option<Time> {
        if rates.per_domain == 0 {
            return None;
        }
        self.sweep(now);
        self.domains.entry(domain(address)).or_default().wait(now, rates.per_domain)
    }

    /// Counts a mail that is sent.
    pub fn count(&mut self, address: &str, now: Time, rates: Rates) {
        self.overall.count(now, rates.overall);
        if rates.per_domain > 0 {
            self.domains.entry(domain(address)).or_default().count(now, rates.per_domain);
        }
    }

    /// Forgets idle domains, once a minute: memory is bounded by what is sent in a minute and what waits.
    fn sweep(&mut self, now: Time) {
        if now - self.swept >= MINUTE {
            self.domains.retain(|_, pace| !pace.is_idle(now));
            self.swept = now;
        }
    }
}

/// The part of an address behind its @, in lower case.
#[must_use]
pub fn domain(address: &str) -> String {
    address.rsplit('@').next().unwrap_or_default().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const START: Time = Time::UNIX_EPOCH;

    fn ms(millis: i64) -> Time {
        START + TimeDelta::milliseconds(millis)
    }

    proptest! {
        #[test]
        fn no_minute_holds_more_than_its_rate(most in 1u32..200, gaps in prop::collection::vec(0i64..3_000, 1..400)) {
            let (mut pace, mut now, mut left) = (Pace::default(), START, Vec::new());
            for gap in gaps {
                now += TimeDelta::milliseconds(gap);
                while pace.wait(now, most).is_none() {
                    pace.count(now, most);
                    left.push(now);
                }
            }
            let most = usize::try_from(most).expect("small");
            prop_assert!(left.windows(most + 1).all(|within| within[most] - within[0] >= MINUTE));
        }

        #[test]
        fn a_mail_that_comes_back_at_its_turn_is_let_through(most in 1u32..2_000, late in 0i64..2_500) {
            let mut pace = Pace::default();
            let mut turns = vec![];
            for _ in 0..500 {
                match pace.wait(START, most) {
                    None => pace.count(START, most),
                    Some(turn) => turns.push(turn),
                }
            }
            prop_assert!(turns.windows(2).all(|pair| pair[0] < pair[1]), "each has a turn of its own");
            // Workers look now and then, and find every mail whose turn has come.
            let mut now = START;
            while let Some(last) = turns.last() && *last > now {
                now += TimeDelta::milliseconds(late.max(1)).max(turns[0] - now);
                while turns.first().is_some_and(|turn| *turn <= now) {
                    turns.remove(0);
                    prop_assert_eq!(pace.wait(now, most), None, "at {}", now);
                    pace.count(now, most);
                }
            }
        }
    }

    #[test]
    fn a_long_run_loses_little_of_its_rate() {
        let (mut pace, mut left) = (Pace::default(), 0);
        for look in 0..30 * 60 {
            while pace.wait(ms(look * 2_000), 600).is_none() {
                pace.count(ms(look * 2_000), 600);
                left += 1;
            }
        }
        assert!((600 * 60 * 9 / 10..=600 * 60).contains(&left), "{left} in an hour");
    }

    #[test]
    fn domains_are_counted_apart_whatever_their_case_and_forgotten() {
        let mut paces = Paces::default();
        let rates = Rates { overall: 0, per_domain: 1 };
        paces.count("ada@Example.com", START, rates);
        assert!(paces.wait_domain("bob@example.COM", START, rates).is_some());
        assert_eq!(paces.wait_domain("ada@example.org", START, rates), None);
        assert_eq!(paces.wait_overall(START, rates), None);
        assert_eq!(paces.domains.len(), 2);
        paces.wait_domain("eve@example.net", START + TimeDelta::hours(1), rates);
        assert_eq!(paces.domains.len(), 1);
    }
}
