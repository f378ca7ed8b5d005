//! The status of the service, as JSON for programs and as lines for a terminal.
//!
//! It owns the names and words. It must not know where a figure comes from.

use crate::survey::status::{Service, Status, Target};
use crate::survey::{Time, stamp};
use serde_json::{Value, json};
use std::fmt::Write;

/// The status of the HTTP contract.
#[must_use]
pub fn json(status: &Status) -> Value {
    let (queue, service) = (&status.stored.queue, status.stored.service.as_ref());
    json!({
        "now": stamp(status.now), "version": status.version, "config": status.config,
        "database": {"file": status.database, "bytes": status.bytes},
        "mail": {
            "route": status.route, "waiting": queue.waiting, "oldest_due": queue.oldest_due.map(stamp),
            "last_accepted": queue.last_accepted.map(stamp), "accepted_24h": queue.accepted, "failed_24h": queue.failed,
            "last_error": service.and_then(|service| service.last_error.as_ref())
                .map(|(at, why)| json!({"at": stamp(*at), "why": why})),
        },
        "closings_waiting": status.stored.undecided,
        "refused_24h": status.stored.refused,
        "targets": targets_json(&status.stored.targets),
        "service": service.map(|service| service_json(service, status.now)),
    })
}

/// The targets of events, as JSON.
#[must_use]
pub fn targets_json(targets: &[Target]) -> Value {
    let target = |target: &Target| {
        json!({
            "name": target.name, "waiting": target.waiting, "oldest_due": target.oldest_due.map(stamp),
            "failed": target.failed, "last_error": target.note,
            "disabled": target.disabled.as_ref().map(|(at, why)| json!({"at": stamp(*at), "why": why})),
        })
    };
    targets.iter().map(target).collect()
}

/// The same for people: one line a target.
#[must_use]
pub fn targets_text(targets: &[Target], now: Time) -> String {
    if targets.is_empty() {
        return "There is no target of events: see docs/webhooks.md.\n".to_owned();
    }
    let line = |target: &Target| format!("{:<24}{}\n", target.name, target_text(target, now));
    targets.iter().map(line).collect()
}

fn target_text(target: &Target, now: Time) -> String {
    let due = target.oldest_due.map_or(String::new(), |due| format!(", the oldest due for {}", ago(now, due)));
    let why = target.note.as_ref().map_or(String::new(), |why| format!(" ({why})"));
    let off = target
        .disabled
        .as_ref()
        .map_or(String::new(), |(at, why)| format!("; turned off {} ago: {why}", ago(now, *at)));
    format!("{} wait{due}{why}, {} failed{off}", target.waiting, target.failed)
}

fn service_json(service: &Service, now: Time) -> Value {
    let workers = service.workers;
    json!({
        "running": service.runs(now), "version": service.version, "pid": service.pid,
        "started_at": stamp(service.started_at), "seen_at": stamp(service.seen_at),
        "stopped_at": service.stopped_at.map(stamp), "degraded": service.degraded,
        "workers": {"wanted": workers.wanted, "alive": workers.alive, "panics": workers.panics},
    })
}

/// The same for people: one line a fact, the names in a column.
#[must_use]
pub fn text(status: &Status) -> String {
    let (now, queue, service) = (status.now, &status.stored.queue, status.stored.service.as_ref());
    let refused: Vec<_> = status.stored.refused.iter().map(|(code, count)| format!("{count} {code}")).collect();
    let nothing_is_sent = if status.route.starts_with("file:") { "  (nothing is sent)" } else { "" };
    let due = queue.oldest_due.map_or(String::new(), |due| format!(", the oldest due for {}", ago(now, due)));
    let error = service.and_then(|service| service.last_error.as_ref());
    let error = error.map_or("none".to_owned(), |(at, why)| format!("{why}  ({} ago)", ago(now, *at)));
    let mut lines = service_lines(service, now);
    lines.extend([
        ("version", status.version.to_owned()),
        ("config", status.config.clone().unwrap_or_else(|| "none: built-in settings".to_owned())),
        ("database", format!("{}  ({})", status.database, size(status.bytes))),
        ("mail goes to", format!("{}{nothing_is_sent}", status.route)),
        ("last accepted", at(queue.last_accepted, now)),
        ("last error", error),
        ("waiting", format!("{}{due}", queue.waiting)),
        ("in 24 h", format!("{} accepted, {} failed", queue.accepted, queue.failed)),
        ("refused in 24 h", if refused.is_empty() { "no requests".to_owned() } else { refused.join(", ") }),
    ]);
    if status.stored.undecided > 0 {
        lines.push(("closings waiting", format!("{}, until their conversations are fetched", status.stored.undecided)));
    }
    lines.extend(
        status.stored.targets.iter().map(|target| ("target", format!("{}: {}", target.name, target_text(target, now)))),
    );
    lines.iter().fold(String::new(), |mut text, (name, value)| {
        // Writing to a text does not fail.
        let _ = writeln!(text, "{name:<17}{value}");
        text
    })
}

/// What the service says of itself. Of its workers and troubles only while it runs: they ended with it.
fn service_lines(service: Option<&Service>, now: Time) -> Vec<(&'static str, String)> {
    let Some(service) = service else { return vec![("service", "has never run".to_owned())] };
    let mut lines = vec![("service", service_text(service, now))];
    if service.runs(now) {
        let workers = service.workers;
        let failed = if workers.panics > 0 { format!(", failed {} times", workers.panics) } else { String::new() };
        lines.push(("mail workers", format!("{} of {} run{failed}", workers.alive, workers.wanted)));
        lines.extend(service.degraded.iter().map(|why| ("degraded", why.clone())));
    }
    lines
}

fn service_text(service: &Service, now: Time) -> String {
    match service.stopped_at {
        Some(stopped) => format!("stopped {} ago", ago(now, stopped)),
        None if service.runs(now) => {
            let (up, seen) = (ago(now, service.started_at), ago(now, service.seen_at));
            format!("runs as process {}, version {}, for {up}; it was seen {seen} ago", service.pid, service.version)
        }
        None => {
            format!("does not run: it was last seen {} ago, and did not stop in good order", ago(now, service.seen_at))
        }
    }
}

fn at(time: Option<Time>, now: Time) -> String {
    time.map_or("never".to_owned(), |time| format!("{}  ({} ago)", stamp(time), ago(now, time)))
}

/// How long ago, in the largest unit that is at least two.
fn ago(now: Time, then: Time) -> String {
    let seconds = (now - then).num_seconds().max(0);
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes.div_ceil(1_000)),
        1_000_000..1_000_000_000 => format!("{} MB", bytes / 1_000_000),
        _ => format!("{}.{} GB", bytes / 1_000_000_000, bytes / 100_000_000 % 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::survey::status::{Queue, Stored, Workers};

    fn at(seconds: i64) -> Time {
        Time::from_timestamp(1_795_341_600 + seconds, 0).expect("a time")
    }

    fn status(service: Option<Service>) -> Status {
        Status {
            now: at(7_200),
            version: "0.1.0",
            config: Some("/etc/afterword/afterword.toml".into()),
            database: "/var/lib/afterword/afterword.db".into(),
            bytes: 12_400_000,
            route: "smtps://relay.example.com:465".into(),
            stored: Stored {
                queue: Queue {
                    waiting: 3,
                    oldest_due: Some(at(0)),
                    accepted: 5,
                    failed: 1,
                    last_accepted: Some(at(-600)),
                },
                service,
                refused: [("invalid".to_owned(), 4), ("unknown_key".to_owned(), 2)].into(),
                undecided: 2,
                targets: vec![Target {
                    name: "webhook.crm".into(),
                    waiting: 2,
                    oldest_due: Some(at(7_000)),
                    note: Some("answered 500".into()),
                    failed: 1,
                    disabled: None,
                }],
            },
        }
    }

    fn service() -> Service {
        Service {
            version: "0.1.0".into(),
            pid: 4711,
            started_at: at(-86_400),
            seen_at: at(7_195),
            stopped_at: None,
            workers: Workers { wanted: 4, alive: 3, panics: 2 },
            degraded: vec!["1 of 4 mail workers failed and are started again".into()],
            last_error: Some((at(7_170), "535 5.7.8 Authentication credentials invalid".into())),
        }
    }

    #[test]
    fn a_service_that_runs_and_cannot_send() {
        insta::assert_snapshot!(text(&status(Some(service()))), @"
        service          runs as process 4711, version 0.1.0, for 26 h; it was seen 5 s ago
        mail workers     3 of 4 run, failed 2 times
        degraded         1 of 4 mail workers failed and are started again
        version          0.1.0
        config           /etc/afterword/afterword.toml
        database         /var/lib/afterword/afterword.db  (12 MB)
        mail goes to     smtps://relay.example.com:465
        last accepted    2026-11-22T09:50:00Z  (2 h ago)
        last error       535 5.7.8 Authentication credentials invalid  (30 s ago)
        waiting          3, the oldest due for 2 h
        in 24 h          5 accepted, 1 failed
        refused in 24 h  4 invalid, 2 unknown_key
        closings waiting 2, until their conversations are fetched
        target           webhook.crm: 2 wait, the oldest due for 3 min (answered 500), 1 failed
        ");
        insta::assert_snapshot!(format!("{:#}", json(&status(Some(service())))), @r#"
        {
          "now": "2026-11-22T12:00:00Z",
          "version": "0.1.0",
          "config": "/etc/afterword/afterword.toml",
          "database": {
            "file": "/var/lib/afterword/afterword.db",
            "bytes": 12400000
          },
          "mail": {
            "route": "smtps://relay.example.com:465",
            "waiting": 3,
            "oldest_due": "2026-11-22T10:00:00Z",
            "last_accepted": "2026-11-22T09:50:00Z",
            "accepted_24h": 5,
            "failed_24h": 1,
            "last_error": {
              "at": "2026-11-22T11:59:30Z",
              "why": "535 5.7.8 Authentication credentials invalid"
            }
          },
          "closings_waiting": 2,
          "refused_24h": {
            "invalid": 4,
            "unknown_key": 2
          },
          "targets": [
            {
              "name": "webhook.crm",
              "waiting": 2,
              "oldest_due": "2026-11-22T11:56:40Z",
              "failed": 1,
              "last_error": "answered 500",
              "disabled": null
            }
          ],
          "service": {
            "running": true,
            "version": "0.1.0",
            "pid": 4711,
            "started_at": "2026-11-21T10:00:00Z",
            "seen_at": "2026-11-22T11:59:55Z",
            "stopped_at": null,
            "degraded": [
              "1 of 4 mail workers failed and are started again"
            ],
            "workers": {
              "wanted": 4,
              "alive": 3,
              "panics": 2
            }
          }
        }
        "#);
    }

    #[test]
    fn a_service_that_does_not_run() {
        let stopped = Service { stopped_at: Some(at(7_000)), ..service() };
        let crashed = Service { seen_at: at(7_000), ..service() };
        let told = |service| text(&status(service)).lines().next().map(str::to_owned);
        insta::assert_snapshot!(
            [Some(stopped), Some(crashed), None].map(|service| told(service).expect("a line")).join("\n"), @"
        service          stopped 3 min ago
        service          does not run: it was last seen 3 min ago, and did not stop in good order
        service          has never run
        "
        );
    }
}
