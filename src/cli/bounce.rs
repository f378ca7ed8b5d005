//! `afterword bounce`: processes one bounce or complaint that a mail server pipes to standard input.
//!
//! It owns the exit code, which tells the mail server whether to try again. It must not know the format of reports.

use super::{CliError, complain, open, print};
use crate::gateway::Returned;
use std::io::Read;
use std::path::Path;

/// The maximum number of bytes to read. The report comes first in a mail, and the mails it quotes are small.
const MAX_BYTES: u64 = 1024 * 1024;

/// Every failure ends with [`CliError::Later`]: the mail server then keeps the report and tries again.
pub(super) async fn run(config: Option<&Path>) -> Result<(), CliError> {
    let retry = |error: &dyn std::fmt::Display| CliError::Later(error.to_string());
    let raw = read().map_err(|error| retry(&error))?;
    let gateway = open(config).await.map_err(|error| retry(&error))?;
    let returned = gateway.take_returned(&raw).await.map_err(|error| retry(&error))?;
    gateway.shut_down().await;
    match returned {
        Returned::Taken(survey, bounce) => print(&format!("Survey {survey}: {}.\n", bounce.name()))?,
        Returned::NoReport => complain("afterword: ignored: this mail is not a report of a bounce or complaint\n"),
        Returned::NotOurs => complain("afterword: ignored: the report does not match a mail sent from here\n"),
    }
    Ok(())
}

/// Reads at most [`MAX_BYTES`] and discards the rest: closing the pipe early would make the mail server try again.
fn read() -> std::io::Result<Vec<u8>> {
    let (mut raw, mut input) = (Vec::new(), std::io::stdin().lock());
    input.by_ref().take(MAX_BYTES).read_to_end(&mut raw)?;
    std::io::copy(&mut input, &mut std::io::sink())?;
    Ok(raw)
}
