//! `afterword suppression`: who is not asked any more, also while the service runs.
//!
//! It owns how the list looks. It must not know how addresses are kept.

use super::Ended;
use crate::gateway::{Error, Gateway, MOST_SUPPRESSIONS};
use crate::survey::eligibility::Cause;
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(super) enum Suppression {
    /// List them, newest first: time, cause, and the address, or its hash where nobody entered it
    List,
    /// Ask an address no more
    Add {
        /// The address
        address: String,
        /// Why: `opted_out`, bounced, complained or erased
        #[arg(long, default_value = "opted_out")]
        cause: Cause,
    },
    /// Ask an address again, whatever the cause was
    Remove {
        /// The address, or its hash as the list shows it
        address: String,
    },
}

pub(super) async fn run(suppression: Suppression, gateway: &Gateway) -> Result<(), Ended> {
    match suppression {
        Suppression::List => list(gateway).await,
        Suppression::Add { address, cause } => {
            gateway.suppress(&address, cause).await.map_err(|error| refuse(&address, error))?;
            println!("{address} is not asked any more ({}).", cause.word());
            Ok(())
        }
        Suppression::Remove { address } => {
            match gateway.unsuppress(&address).await.map_err(|error| refuse(&address, error))? {
                0 => Err(Ended::Failed(format!("{address} is not suppressed: see `afterword suppression list`"))),
                _ => {
                    println!("{address} may be asked again.");
                    Ok(())
                }
            }
        }
    }
}

/// The address is no option, so its fault is told by what was given.
fn refuse(given: &str, error: Error) -> Ended {
    match error {
        Error::Invalid(faults) => {
            let details: Vec<_> = faults.iter().map(|fault| fault.detail.as_str()).collect();
            Ended::Usage(format!("{given:?}: {}", details.join(", ")))
        }
        other => other.into(),
    }
}

async fn list(gateway: &Gateway) -> Result<(), Ended> {
    println!("{:<22}{:<12}ADDRESS OR HASH", "SINCE", "CAUSE");
    let (limit, mut cursor) = (MOST_SUPPRESSIONS.to_string(), None);
    loop {
        let page = gateway.suppressions(Some(&limit), cursor.as_deref()).await?;
        for row in &page.items {
            let who = row.address.as_ref().unwrap_or(&row.address_hash);
            println!("{:<22}{:<12}{who}", row.at.format("%Y-%m-%dT%H:%M:%SZ").to_string(), row.cause.word());
        }
        cursor = page.next;
        if cursor.is_none() {
            return Ok(());
        }
    }
}
