//! The figures for Prometheus: what is counted, under which names.
//!
//! It owns names, labels and the text. It must not know where a figure comes from. What a click counts is resolved when
//! the process starts, so counting is a few comparisons and one atomic addition.

use crate::survey::eligibility::{Decision, Rule};
use crate::survey::evidence::{Change, ChangeKind};
use crate::survey::outbound::{Attempt, StateWord};
use crate::survey::page::{Evidence, Mode, Outcome};
use crate::survey::status::{Readiness, Status, Workers};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Metric, Registry};
use std::time::Duration;

/// The type of the text that [`Metrics::text`] returns.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Whether a target took an event.
const TOOK: &str = "accepted";
const TOOK_NOT: &str = "refused";

type Labels = Vec<(&'static str, String)>;

/// Everything that is counted since the process started, and the gauges of the last reading.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    closings: Words<&'static str>,
    reasons: Words<&'static str>,
    mails: Words<StateWord>,
    attempts: Words<&'static str>,
    attempt_seconds: Histogram,
    views: Words<Mode>,
    posts: Words<Outcome>,
    ratings: Words<Evidence>,
    holds: Counter,
    comments: Counter,
    batch_commands: Histogram,
    batch_seconds: Histogram,
    refused: Family<Labels, Counter>,
    told: Family<Labels, Counter>,
    panics: Counter,
    gauges: Gauges,
}

/// What is read when somebody asks.
#[derive(Debug, Default)]
struct Gauges {
    waiting: Gauge,
    oldest: Gauge,
    failed: Gauge,
    tellings_waiting: Family<Labels, Gauge>,
    tellings_failed: Family<Labels, Gauge>,
    disabled: Family<Labels, Gauge>,
    undecided: Gauge,
    bytes: Gauge,
    workers: Gauge,
    alive: Gauge,
    ready: Gauge,
    degraded: Gauge,
}

/// One counter for each word of a closed list. All of them are there from the start: a rate over a counter that appears
/// with its first event misses that event.
#[derive(Debug)]
struct Words<T>(Vec<(T, Counter)>);

impl<T: Copy + PartialEq> Words<T> {
    fn count(&self, word: T) {
        if let Some((_, counter)) = self.0.iter().find(|(known, _)| *known == word) {
            counter.inc();
        }
    }
}

/// Registers figures.
struct Names(Registry);

impl Names {
    fn add<M: Metric + Clone>(&mut self, name: &str, help: &str, metric: M) -> M {
        self.0.register(name, help, metric.clone());
        metric
    }

    fn words<T: Copy>(
        &mut self,
        name: &str,
        help: &str,
        label: &'static str,
        words: impl IntoIterator<Item = (T, &'static str)>,
    ) -> Words<T> {
        let family = self.add(name, help, Family::<Labels, Counter>::default());
        let counter = |word: &str| family.get_or_create_owned(&vec![(label, word.to_owned())]);
        Words(words.into_iter().map(|(value, word)| (value, counter(word))).collect())
    }
}

/// Words that stand for themselves.
fn plain(words: &[&'static str]) -> impl Iterator<Item = (&'static str, &'static str)> {
    words.iter().map(|word| (*word, *word))
}

impl Default for Metrics {
    fn default() -> Self {
        let mut names = Names(Registry::with_prefix("afterword"));
        // A gauge, because promtool knows no other kind that fits.
        let build =
            names.add("build_info", "1, with the version of the running program", Family::<Labels, Gauge>::default());
        build.get_or_create(&vec![("version", env!("CARGO_PKG_VERSION").to_owned())]).set(1);
        let ended = [StateWord::Accepted, StateWord::Failed, StateWord::Cancelled];
        let gauges = Gauges {
            waiting: names.add("mails_waiting", "Mails that wait or are being sent", Gauge::default()),
            oldest: names.add(
                "oldest_mail_age_seconds",
                "How long the oldest waiting mail has been due; 0 if none is",
                Gauge::default(),
            ),
            failed: names.add("mails_failed_day", "Mails that failed for good in the last 24 hours", Gauge::default()),
            tellings_waiting: names.add(
                "tellings_waiting",
                "Events that wait to be sent to a target",
                Family::default(),
            ),
            tellings_failed: names.add(
                "tellings_failed",
                "Events of the last 30 days that a target never took",
                Family::default(),
            ),
            disabled: names.add("target_disabled", "1 if a target said that it is gone", Family::default()),
            undecided: names.add(
                "closings_waiting",
                "Closings that wait until their conversation is fetched",
                Gauge::default(),
            ),
            bytes: names.add("database_bytes", "The database with its write-ahead log", Gauge::default()),
            workers: names.add("mail_workers", "Mail workers that should run", Gauge::default()),
            alive: names.add("mail_workers_alive", "Mail workers that run", Gauge::default()),
            ready: names.add("ready", "1 if /readyz answers 200", Gauge::default()),
            degraded: names.add("degraded", "1 if /readyz says that not all of it works", Gauge::default()),
        };
        Self {
            closings: names.words("closings", "Reported closings by decision", "decision", plain(&["ask", "skip"])),
            reasons: names.words(
                "skip_reasons",
                "Reasons of skipped closings by rule; a closing may have several",
                "rule",
                Rule::ALL.iter().map(|rule| (rule.word(), rule.word())),
            ),
            mails: names.words(
                "mails",
                "Mails that are done, by what became of them",
                "outcome",
                ended.map(|state| (state, state.word())),
            ),
            attempts: names.words(
                "mail_attempts",
                "Attempts to send a mail, by outcome",
                "outcome",
                plain(&["accepted", "temporary", "permanent", "no_recipient", "refused", "unreachable", "unknown"]),
            ),
            // From 5 ms to 11 minutes: the longest deadline of the relay is 10 minutes.
            attempt_seconds: names.add(
                "mail_attempt_seconds",
                "How long one attempt to send a mail took",
                Histogram::new(exponential_buckets(0.005, 2.5, 14)),
            ),
            views: names.words(
                "views",
                "Opened rating links by what the page asked for",
                "mode",
                Mode::ALL.iter().map(|mode| (*mode, mode.word())),
            ),
            posts: names.words(
                "posts",
                "Forms posted to rating links by outcome",
                "outcome",
                Outcome::ALL.iter().map(|outcome| (*outcome, outcome.word())),
            ),
            ratings: names.words(
                "ratings",
                "Scores that were given, changed or confirmed, by evidence",
                "evidence",
                Evidence::ALL.iter().map(|evidence| (*evidence, evidence.word())),
            ),
            holds: names.add("holds", "Ratings that were held for signs of a machine", Counter::default()),
            comments: names.add("comments", "Comments that locked a rating", Counter::default()),
            batch_commands: names.add(
                "writer_batch_commands",
                "Commands in one transaction of the writer",
                Histogram::new(exponential_buckets(1.0, 2.0, 10)),
            ),
            // From 0.25 ms to 8 s, the patience of a caller.
            batch_seconds: names.add(
                "writer_batch_seconds",
                "How long one transaction of the writer took, durable",
                Histogram::new(exponential_buckets(0.000_25, 2.0, 16)),
            ),
            refused: names.add("requests_refused", "Requests answered by an error, by its code", Family::default()),
            told: names.add("tellings", "Attempts to send an event to a target, by outcome", Family::default()),
            panics: names.add(
                "worker_panics",
                "How often a mail worker failed and was started again",
                Counter::default(),
            ),
            gauges,
            registry: names.0,
        }
    }
}

impl Metrics {
    /// Counts a closing that was decided for the first time.
    pub fn closed(&self, decision: &Decision) {
        match decision {
            Decision::Ask { .. } => self.closings.count("ask"),
            Decision::Skip(reasons) => {
                self.closings.count("skip");
                for reason in reasons {
                    let rule = Rule::ALL.iter().find(|rule| rule.word() == reason.rule);
                    self.reasons.count(rule.map_or("", |rule| rule.word()));
                }
            }
        }
    }

    /// Counts an attempt to send a mail.
    pub fn attempted(&self, attempt: &Attempt, took: Duration) {
        self.attempts.count(match attempt {
            Attempt::Accepted => "accepted",
            Attempt::Temporary(_) => "temporary",
            Attempt::Permanent(_) => "permanent",
            Attempt::NoRecipient(_) => "no_recipient",
            Attempt::Refused(_) => "refused",
            Attempt::Unreachable(_) => "unreachable",
            Attempt::Unknown(_) => "unknown",
        });
        self.attempt_seconds.observe(took.as_secs_f64());
    }

    /// Counts a mail that is done. One that failed and was requeued is counted again.
    pub fn mail_ended(&self, state: StateWord) {
        self.mails.count(state);
    }

    /// Counts an opened rating link.
    pub fn opened(&self, mode: Mode) {
        self.views.count(mode);
    }

    /// Counts a form that was posted to a rating link.
    pub fn posted(&self, outcome: Outcome) {
        self.posts.count(outcome);
    }

    /// Counts a change of a rating.
    pub fn changed(&self, change: &Change) {
        match change.kind {
            ChangeKind::Rated => self.ratings.count(change.evidence),
            ChangeKind::Held => drop(self.holds.inc()),
            ChangeKind::Commented => drop(self.comments.inc()),
            // Those are what admins do, not customers.
            ChangeKind::Released | ChangeKind::Discarded | ChangeKind::Voided | ChangeKind::Restored => {}
        }
    }

    /// Counts a transaction of the writer.
    pub fn committed(&self, commands: usize, took: Duration) {
        #[expect(clippy::cast_precision_loss, reason = "at most some thousands")]
        self.batch_commands.observe(commands as f64);
        self.batch_seconds.observe(took.as_secs_f64());
    }

    /// Counts a request that was answered by an error.
    pub fn refused(&self, code: &str) {
        self.refused.get_or_create(&vec![("code", code.to_owned())]).inc();
    }

    /// Counts an attempt to send an event to a target.
    pub fn told(&self, target: &str, attempt: &Attempt) {
        let outcome = if *attempt == Attempt::Accepted { TOOK } else { TOOK_NOT };
        self.told.get_or_create(&vec![("target", target.to_owned()), ("outcome", outcome.to_owned())]).inc();
    }

    /// Counts a mail worker that failed.
    pub fn panicked(&self) {
        self.panics.inc();
    }

    /// Takes over what can only be read: how ready the service is, its workers, and its mails unless the store cannot tell.
    pub fn read(&self, readiness: &Readiness, workers: Workers, status: Option<&Status>) {
        let gauges = &self.gauges;
        gauges.ready.set(i64::from(!matches!(readiness, Readiness::Down(_))));
        gauges.degraded.set(i64::from(matches!(readiness, Readiness::Degraded(_))));
        gauges.workers.set(workers.wanted.into());
        gauges.alive.set(workers.alive.into());
        let Some(status) = status else { return };
        let queue = &status.stored.queue;
        gauges.waiting.set(queue.waiting.cast_signed());
        gauges.oldest.set(queue.oldest_due.map_or(0, |due| (status.now - due).num_seconds().max(0)));
        gauges.failed.set(queue.failed.cast_signed());
        gauges.undecided.set(status.stored.undecided.cast_signed());
        gauges.bytes.set(status.bytes.cast_signed());
        for target in &status.stored.targets {
            let labels = vec![("target", target.name.clone())];
            for outcome in [TOOK, TOOK_NOT] {
                let counted = vec![("target", target.name.clone()), ("outcome", outcome.to_owned())];
                drop(self.told.get_or_create(&counted));
            }
            gauges.tellings_waiting.get_or_create(&labels).set(target.waiting.cast_signed());
            gauges.tellings_failed.get_or_create(&labels).set(target.failed.cast_signed());
            gauges.disabled.get_or_create(&labels).set(i64::from(target.disabled.is_some()));
        }
    }

    /// All figures as [`CONTENT_TYPE`].
    ///
    /// # Panics
    /// Never: writing to a text does not fail.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("writing to a text does not fail");
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_there_from_the_start_and_counts_by_itself() {
        let metrics = Metrics::default();
        let line = |line: &str| metrics.text().lines().any(|known| known == line);
        for mode in Mode::ALL {
            assert!(line(&format!("afterword_views_total{{mode=\"{mode}\"}} 0")), "{mode}: {}", metrics.text());
        }
        for rule in Rule::ALL {
            assert!(line(&format!("afterword_skip_reasons_total{{rule=\"{rule}\"}} 0")), "{rule}");
        }
        metrics.opened(Mode::Pressed);
        metrics.opened(Mode::Pressed);
        metrics.attempted(&Attempt::Unreachable("no".into()), Duration::from_millis(20));
        metrics.refused("invalid");
        assert!(line("afterword_views_total{mode=\"pressed\"} 2") && line("afterword_views_total{mode=\"seen\"} 0"));
        assert!(line("afterword_mail_attempts_total{outcome=\"unreachable\"} 1"));
        assert!(line("afterword_mail_attempt_seconds_count 1"));
        assert!(line("afterword_requests_refused_total{code=\"invalid\"} 1"));
        assert!(metrics.text().ends_with("# EOF\n"));
    }
}
