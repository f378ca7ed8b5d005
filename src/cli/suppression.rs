//! `afterword suppression`: shows and changes the suppression list, also while the service runs.
//!
//! It owns how the list is printed. It must not know how addresses are stored.

use super::{CliError, print};
use crate::gateway::{Error, Gateway};
use crate::survey::paging::{LARGEST_PAGE, Paging};
use crate::survey::suppression::Cause;
use clap::Subcommand;

/// Every cause that can be added, for the help. A test compares it with [`Cause::ALL`].
const CAUSES: &str = "opted_out|bounced|complained";

#[derive(Debug, Subcommand)]
pub(super) enum Suppression {
    /// List suppressions, newest first: time, cause, and the address if an admin entered it, else its hash
    List,
    /// Suppress an address: it gets no more survey mail
    Add {
        /// The address
        address: String,
        /// Why it is suppressed
        #[arg(long, default_value = "opted_out", value_name = CAUSES)]
        cause: Cause,
    },
    /// Lift every suppression of an address, whatever the cause
    Remove {
        /// The address, or its hash as the list shows it
        address: String,
    },
}

pub(super) async fn run(suppression: Suppression, gateway: &Gateway) -> Result<(), CliError> {
    match suppression {
        Suppression::List => list(gateway).await,
        Suppression::Add { address, cause } => {
            gateway.suppress(&address, cause).await.map_err(|error| refuse(&address, error))?;
            print(&format!("{address} is suppressed ({cause}).\n"))
        }
        Suppression::Remove { address } => {
            match gateway.unsuppress(&address).await.map_err(|error| refuse(&address, error))? {
                0 => Err(CliError::Failed(format!("{address} is not suppressed: see `afterword suppression list`"))),
                _ => print(&format!("{address} is no longer suppressed.\n")),
            }
        }
    }
}

/// Names the given address in place of an option, because the address has none.
pub(super) fn refuse(given: &str, error: Error) -> CliError {
    match error {
        Error::Invalid(faults) => {
            let details: Vec<_> = faults.iter().map(|fault| fault.detail.as_str()).collect();
            CliError::Usage(format!("{given:?}: {}", details.join(", ")))
        }
        other => other.into(),
    }
}

async fn list(gateway: &Gateway) -> Result<(), CliError> {
    print(&format!("{:<22}{:<12}ADDRESS OR HASH\n", "SINCE", "CAUSE"))?;
    let mut paging = Paging { after: None, limit: LARGEST_PAGE };
    loop {
        let page = gateway.suppressions(&paging).await?;
        for row in &page.items {
            let since = row.at.format("%Y-%m-%dT%H:%M:%SZ").to_string();
            let address = row.address.as_ref().unwrap_or(&row.address_hash);
            print(&format!("{since:<22}{:<12}{address}\n", row.cause))?;
        }
        if page.next.is_none() {
            return Ok(());
        }
        paging.after = page.next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_names_every_cause_that_can_be_added() {
        let added = Cause::ALL.iter().filter(|cause| **cause != Cause::Erased);
        assert_eq!(CAUSES, added.map(|cause| cause.word()).collect::<Vec<_>>().join("|"));
    }
}
