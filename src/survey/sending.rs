//! Whether mail may go out: sending pauses by itself while the server refuses the sender or cannot be reached, and goes on
//! by itself.
//!
//! It owns when to pause, when to probe, and when to go on. It must not know how a mail is sent, nor which one is next.

use super::Time;
use super::outbound::Attempt;
use super::pace::domain;
use super::refusal::{Refusal, Step};
use chrono::TimeDelta;
use std::collections::{BTreeMap, BTreeSet};

/// The wait from a pause to its first probe; each further one doubles.
pub const FIRST_PROBE: TimeDelta = TimeDelta::seconds(15);
/// The longest wait between two probes of a server that refuses: providers lock out who logs in wrongly again and again.
pub const LONGEST_PROBE: TimeDelta = TimeDelta::minutes(30);
/// The same for a server that cannot be reached, which minds no attempt.
pub const LONGEST_DIAL: TimeDelta = TimeDelta::minutes(1);
/// Equal refusals for so many recipient domains are taken for the sender's: one domain alone may be at fault.
pub const DOMAINS: usize = 3;
/// So many failed connections in a row pause all workers. One alone may be one too many for the server.
pub const DIALS: u32 = 3;
/// How long a probe may take before another may start: as long as the lease of its mail, in case its worker died.
pub const PROBE_ENDS: TimeDelta = TimeDelta::minutes(30);

/// Whether mail goes out, as operators see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sending {
    /// It does.
    Running,
    /// It does not.
    Paused {
        /// Since when.
        since: Time,
        /// Why: in the server's words, or those of the person who paused it.
        why: String,
        /// When the next mail is tried; `None` until a person resumes.
        next_probe: Option<Time>,
    },
}

/// A pause that a person made. It outlives a restart, and only a person ends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Halt {
    /// Since when.
    pub since: Time,
    /// Why, in one line.
    pub why: String,
}

/// Whether a worker may take a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permit {
    /// It may.
    Go,
    /// It may take one, to see whether sending works again.
    Probe,
    /// Not before this time.
    NotBefore(Time),
}

/// A change of state that is worth a line in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Sending paused, or is paused for another reason now.
    Paused(String),
    /// Sending goes on.
    Resumed,
}

/// How sending fares. It lives in memory: a restart tries at once.
#[derive(Debug, Default)]
pub struct Flow {
    halt: Option<Halt>,
    trouble: Option<Trouble>,
    /// The recipient domains that each refusal was given for since a mail was last accepted, by step and reply code.
    refusals: BTreeMap<(Step, u16), BTreeSet<String>>,
    /// How many connections failed since one last stood.
    dials: u32,
}

#[derive(Debug)]
struct Trouble {
    since: Time,
    why: String,
    /// Where the server refuses, and its code; 0 if it cannot be reached.
    key: (Step, u16),
    wait: TimeDelta,
    next_probe: Time,
}

impl Flow {
    /// Whether mail goes out.
    #[must_use]
    pub fn sending(&self) -> Sending {
        match (&self.halt, &self.trouble) {
            (Some(Halt { since, why }), _) => Sending::Paused { since: *since, why: why.clone(), next_probe: None },
            (None, Some(Trouble { since, why, next_probe, .. })) => {
                Sending::Paused { since: *since, why: why.clone(), next_probe: Some(*next_probe) }
            }
            (None, None) => Sending::Running,
        }
    }

    /// Takes note of the pause that a person made, or of its end. True if that is news.
    pub fn halt(&mut self, halt: Option<&Halt>) -> bool {
        let news = self.halt.as_ref() != halt;
        if news {
            self.halt = halt.cloned();
        }
        news
    }

    /// Asks for a mail. A caller that gets [`Permit::Probe`] must end it by [`attempted`](Self::attempted) or
    /// [`not_probed`](Self::not_probed).
    pub fn permit(&mut self, now: Time) -> Permit {
        match &mut self.trouble {
            None => Permit::Go,
            Some(trouble) if trouble.next_probe <= now => {
                trouble.next_probe = now + PROBE_ENDS;
                Permit::Probe
            }
            Some(trouble) => Permit::NotBefore(trouble.next_probe),
        }
    }

    /// Gives back the right to probe: there was no mail, or it told nothing.
    pub fn not_probed(&mut self, now: Time) {
        if let Some(trouble) = &mut self.trouble {
            trouble.next_probe = now;
        }
    }

    /// Takes note that mails go out in another way from now on: a pause is probed now, and then as if it had just begun.
    /// An attempt of the old way must not be noted after this.
    pub fn renewed(&mut self, now: Time) {
        if let Some(trouble) = &mut self.trouble {
            (trouble.wait, trouble.next_probe) = (FIRST_PROBE, now);
        }
    }

    /// The reply code of the refusals that sending is paused for; `None` unless they put mails off.
    #[must_use]
    pub fn puts_off(&self) -> Option<u16> {
        let (step, code) = self.trouble.as_ref()?.key;
        (!step.is_about_the_sender()).then_some(code)
    }

    /// Takes note of an attempt to send to this address. `probed` says whether it was the probe.
    pub fn attempted(&mut self, now: Time, probed: bool, address: &str, attempt: &Attempt) -> Option<Turn> {
        if !matches!(attempt, Attempt::Unreachable(_) | Attempt::Permanent(_)) {
            self.dials = 0;
        }
        let resumed = self.trouble.as_ref().is_some_and(|trouble| trouble.is_over(attempt));
        if resumed {
            self.trouble = None;
        }
        if *attempt == Attempt::Accepted {
            self.refusals.clear();
        }
        if let Some(trouble) = &mut self.trouble {
            return if probed { trouble.probed(now, attempt) } else { None };
        }
        let paused = self.reason_to_pause(address, attempt).map(|(key, why)| {
            let next_probe = now + FIRST_PROBE;
            self.trouble = Some(Trouble { since: now, why: why.clone(), key, wait: FIRST_PROBE, next_probe });
            Turn::Paused(why)
        });
        paused.or(resumed.then_some(Turn::Resumed))
    }

    /// Counts what went wrong; says why sending must pause, once that is enough.
    fn reason_to_pause(&mut self, address: &str, attempt: &Attempt) -> Option<((Step, u16), String)> {
        let (key, why) = reason(attempt)?;
        let enough = match attempt {
            Attempt::Refused(refusal) if !refusal.step.is_about_the_sender() => {
                let domains = self.refusals.entry(key).or_default();
                domains.insert(domain(address));
                domains.len() >= DOMAINS
            }
            Attempt::Refused(_) => true,
            _ => {
                self.dials += 1;
                self.dials >= DIALS
            }
        };
        if enough {
            self.refusals.clear();
            self.dials = 0;
        }
        enough.then_some((key, why))
    }
}

/// What an attempt has against all of sending: its key and its words; `None` if nothing.
fn reason(attempt: &Attempt) -> Option<((Step, u16), String)> {
    match attempt {
        Attempt::Refused(Refusal { step, code, why }) => Some(((*step, *code), format!("{why} (at {step})"))),
        Attempt::Unreachable(why) => Some(((Step::Hello, 0), why.clone())),
        _ => None,
    }
}

impl Trouble {
    /// Whether an attempt came further than where the server refused.
    fn is_over(&self, attempt: &Attempt) -> bool {
        let (step, _) = self.key;
        match attempt {
            Attempt::Accepted => true,
            Attempt::NoRecipient(_) | Attempt::Unknown(_) => step <= Step::Mail,
            Attempt::Temporary(_) => step <= Step::Auth,
            Attempt::Refused(refusal) => step <= Step::Mail && step < refusal.step,
            Attempt::Permanent(_) | Attempt::Unreachable(_) => false,
        }
    }

    /// The probe failed: the next one is later.
    fn probed(&mut self, now: Time, attempt: &Attempt) -> Option<Turn> {
        // A mail that cannot be written told nothing.
        if matches!(attempt, Attempt::Permanent(_)) {
            self.next_probe = now;
            return None;
        }
        let (key, why) = reason(attempt).unwrap_or((self.key, self.why.clone()));
        let longest = if key.1 == 0 { LONGEST_DIAL } else { LONGEST_PROBE };
        self.wait = (self.wait * 2).min(longest);
        self.next_probe = now + self.wait;
        let news = key != self.key;
        (self.key, self.why) = (key, why);
        news.then(|| Turn::Paused(self.why.clone()))
    }
}

#[cfg(test)]
mod tests;
