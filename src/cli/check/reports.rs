//! Whether the sums that reports read are right, and making them anew.
//!
//! It must not know how sums are made.

use super::Found;
use crate::gateway::Gateway;
use std::time::{Duration, Instant};

/// How many days `afterword check` compares unless told otherwise: at ten million ratings in two years that takes a
/// second, and all days take minutes.
const DAYS: u64 = 3;
/// How many surveys one step of making the sums anew takes: more than in the service, because no command waits.
const STEP: usize = 10_000;
/// How often a long rebuild reports how far it is.
const REPORT_EVERY: Duration = Duration::from_secs(2);

/// Compares the last days, or all.
pub(super) async fn prove(gateway: &Gateway, all: bool) -> Vec<Found> {
    let proof = match gateway.prove_reports((!all).then_some(DAYS)).await {
        Ok(proof) => proof,
        Err(error) => return vec![Found::bad("reports", error.to_string(), "try again")],
    };
    if proof.left > 0 {
        let left = proof.left;
        return vec![Found::good(
            "reports",
            format!("{left} surveys are still to be summed up: reports are right, and slow"),
        )];
    }
    let of = format!("{} sums of {} days, by {} mails and ratings", proof.sums, proof.days, proof.facts);
    if proof.wrong == 0 {
        return vec![Found::good("reports", format!("are right: {of}"))];
    }
    let hint = "run `afterword check --rebuild-reports`";
    let mut found = vec![Found::bad("reports", format!("{} sums are wrong: {of}", proof.wrong), hint)];
    found.extend(
        proof
            .differences
            .into_iter()
            .map(|one| Found::bad("reports", format!("{}, {}: {}", one.series, one.stretch, one.figures), hint)),
    );
    found
}

/// Forgets all sums and makes them anew, unless a running service does so.
pub(super) async fn rebuild(gateway: &Gateway) -> Found {
    match remake(gateway).await {
        Ok(detail) => Found::good("reports", detail),
        Err(error) => Found::bad("reports", error.to_string(), "try again"),
    }
}

async fn remake(gateway: &Gateway) -> Result<String, crate::gateway::Error> {
    gateway.rebuild_reports().await?;
    let status = gateway.status().await?;
    if status.stored.service.as_ref().is_some_and(|service| service.runs(status.now)) {
        return Ok("the service makes its sums anew: reports are right meanwhile, and slow".into());
    }
    let (start, mut told, mut steps) = (Instant::now(), Instant::now(), 0);
    while gateway.roll_up(STEP).await? {
        steps += 1;
        if told.elapsed() > REPORT_EVERY {
            told = Instant::now();
            tracing::info!(surveys = steps * STEP, "sums are made anew");
        }
    }
    Ok(format!("all sums were made anew in {:.1} s", start.elapsed().as_secs_f64()))
}
