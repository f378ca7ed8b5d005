//! `afterword erase` and `afterword export`: what is stored about one customer, also while the service runs.
//!
//! It owns what is printed. It must not know what is stored where.

use super::suppression::refuse;
use super::{CliError, print};
use crate::gateway::Gateway;
use clap::Args;

#[derive(Debug, Args)]
pub(super) struct Customer {
    /// The customer's address
    address: String,
}

pub(super) async fn erase(customer: &Customer, gateway: &Gateway) -> Result<(), CliError> {
    let done = gateway.erase(&customer.address).await.map_err(|error| refuse(&customer.address, error))?;
    let (erased, sending) = (&done.erasure, done.erasure.sending);
    print(&format!(
        "Erased: {} surveys, {} closings. Cancelled mails: {}. Deleted files: {}. The address is suppressed (erased).\n",
        erased.surveys.len(),
        erased.closings,
        erased.cancelled,
        done.files
    ))?;
    if sending > 0 {
        print(&format!("Mails that were being sent, and may still arrive: {sending}. Erase again in a minute.\n"))?;
    }
    if !done.rewritten {
        print(
            "The database is too large to be rewritten now, so copies may be left between its rows. See \"Erase a \
            customer\" in docs/operate.md.\n",
        )?;
    }
    if !done.log_emptied {
        print(
            "Another program reads the database all the time, as Litestream does, so copies may be left in its file and its log. Stop that program and erase again.\n",
        )?;
    }
    Ok(())
}

pub(super) async fn export(customer: &Customer, gateway: &Gateway) -> Result<(), CliError> {
    let everything = gateway.export(&customer.address).await.map_err(|error| refuse(&customer.address, error))?;
    print(&format!("{everything:#}\n"))
}
