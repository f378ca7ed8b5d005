//! `afterword check`: looks at everything that must be right before customers are asked, and says what to do otherwise.
//!
//! It owns the order of the checks and how they are printed. What each looks at is in the files beside it.

mod machine;
mod mail;
mod public_url;
mod reports;

use super::{CliError, print};
use crate::clock::Clock;
use crate::gateway::Gateway;
use crate::survey::status::Target;
use clap::Args;
use serde::Serialize;
use std::path::Path;

#[derive(Debug, Args)]
pub(super) struct Check {
    /// Print JSON, one object for each check
    #[arg(long)]
    json: bool,
    /// Count all ratings anew to prove the reports, not only those of the last days: minutes for millions
    #[arg(long)]
    reports: bool,
    /// Make the sums that reports read anew, also while the service runs
    #[arg(long)]
    rebuild_reports: bool,
}

/// What one check found.
#[derive(Debug, Serialize)]
struct Found {
    check: &'static str,
    ok: bool,
    detail: String,
    /// What to do; none if all is well.
    hint: Option<String>,
}

impl Found {
    fn good(check: &'static str, detail: impl Into<String>) -> Self {
        Self { check, ok: true, detail: detail.into(), hint: None }
    }

    fn bad(check: &'static str, detail: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { check, ok: false, detail: detail.into(), hint: Some(hint.into()) }
    }
}

pub(super) async fn run(args: &Check, file: Option<&Path>) -> Result<(), CliError> {
    let found = all(args, file).await;
    for one in &found {
        let line = if args.json {
            serde_json::to_string(one).map_err(|error| CliError::Failed(error.to_string()))?
        } else {
            let hint = one.hint.as_ref().map(|hint| format!("\n        {:<14}{hint}", "")).unwrap_or_default();
            format!("{:<8}{:<14}{}{hint}", if one.ok { "ok" } else { "FAILED" }, one.check, one.detail)
        };
        print(&format!("{line}\n"))?;
    }
    match found.iter().filter(|one| !one.ok).count() {
        0 => Ok(()),
        failed => Err(CliError::Failed(format!("{failed} of {} checks failed", found.len()))),
    }
}

async fn all(args: &Check, file: Option<&Path>) -> Vec<Found> {
    let config = match super::load(file) {
        Ok(config) => config,
        // Nothing else can be looked at.
        Err(error) => {
            return vec![Found::bad("configuration", error.to_string(), "correct it; nothing else was checked")];
        }
    };
    let from = config.file.as_ref().map_or("built-in defaults".to_owned(), |file| file.display().to_string());
    let mut found = vec![match config.refuse_placeholders() {
        Ok(()) => Found::good("configuration", from),
        Err(error) => Found::bad("configuration", error.to_string(), "`serve` does not start with it"),
    }];
    found.extend(machine::files(&config));
    found.push(machine::space(&config.database));
    found.push(machine::sync(&config.database));
    found.extend(mail::relay(&config).await);
    found.extend(mail::records(&config));
    match Gateway::open(config, Clock::System).await {
        Ok(gateway) => {
            found.push(Found::good("database", "its schema and its key file are right"));
            if args.rebuild_reports {
                found.push(reports::rebuild(&gateway).await);
            }
            found.extend(reports::prove(&gateway, args.reports).await);
            found.extend(sending(&gateway).await);
            found.extend(gateway.status().await.iter().flat_map(|status| targets(&status.stored.targets)));
            found.extend(public_url::look(&gateway).await);
            gateway.shut_down().await;
        }
        Err(error) => {
            found.push(Found::bad("database", error.to_string(), "without it the public URL was not checked"));
        }
    }
    found
}

/// Reports a pause of sending, or what the running service last wrote about itself.
async fn sending(gateway: &Gateway) -> Vec<Found> {
    let why = match (gateway.halted().await, gateway.status().await) {
        (Err(error), _) | (_, Err(error)) => return vec![Found::bad("sending", error.to_string(), "try again")],
        (Ok(Some(halt)), _) => {
            let hint = "run `afterword mail resume` once no mail can go out twice";
            return vec![Found::bad("sending", format!("is paused: {}", halt.why), hint)];
        }
        (Ok(None), Ok(status)) => match status.stored.service {
            Some(service) if service.runs(status.now) => service.degraded,
            _ => Vec::new(),
        },
    };
    why.into_iter().map(|why| Found::bad("sending", why, "see `afterword status`")).collect()
}

/// Reports each target that is turned off or whose events wait after a failure, as the service stored it. Nothing is sent: the target would get events that
/// mean nothing.
fn targets(targets: &[Target]) -> Vec<Found> {
    let name = |target: &Target| target.name.trim_start_matches("webhook.").to_owned();
    let trouble = |target: &Target| match (&target.disabled, &target.note) {
        (Some((_, why)), _) => {
            let hint = format!("mend it, and run `afterword webhook enable {}`", name(target));
            Some(Found::bad("target", format!("{} is turned off: {why}", target.name), hint))
        }
        (None, Some(why)) => {
            let hint = format!("mend it; `afterword webhook test {}` tries it", name(target));
            Some(Found::bad(
                "target",
                format!("{}: an event waits, because an attempt failed: {why}", target.name),
                hint,
            ))
        }
        (None, None) => None,
    };
    targets.iter().map(|target| trouble(target).unwrap_or_else(|| Found::good("target", target.name.clone()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::survey::Time;

    #[test]
    fn a_target_that_takes_no_events_fails() {
        let fine =
            Target { name: "webhook.crm".into(), waiting: 0, oldest_due: None, note: None, failed: 0, disabled: None };
        let failing = Target { name: "alert.low".into(), note: Some("answered 500".into()), ..fine.clone() };
        let gone = Target { disabled: Some((Time::UNIX_EPOCH, "answered 410".into())), ..fine.clone() };
        let found = targets(&[fine, failing, gone]);
        let lines: Vec<_> = found.iter().map(|one| (one.ok, one.detail.as_str(), one.hint.as_deref())).collect();
        assert_eq!(
            lines,
            [
                (true, "webhook.crm", None),
                (
                    false,
                    "alert.low: an event waits, because an attempt failed: answered 500",
                    Some("mend it; `afterword webhook test alert.low` tries it"),
                ),
                (
                    false,
                    "webhook.crm is turned off: answered 410",
                    Some("mend it, and run `afterword webhook enable crm`"),
                ),
            ]
        );
    }
}
