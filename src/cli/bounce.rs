//! `afterword bounce`: takes one mail that came back, as a mail server pipes it.
//!
//! It owns what its end means to that server: done, or try again. It must not know what a report looks like.

use super::{Ended, open_made};
use crate::gateway::Reported;
use std::io::Read;
use std::path::Path;

/// As much of a mail as is read, in bytes: reports come first in it, and ours are small.
const MOST: u64 = 1024 * 1024;

/// Whatever keeps a report from being taken is worth another try: the mail server keeps it until then.
pub(super) async fn run(config: Option<&Path>) -> Result<(), Ended> {
    let later = |error: &dyn std::fmt::Display| Ended::Later(error.to_string());
    let raw = read().map_err(|error| later(&error))?;
    let gateway = open_made(config).await.map_err(|error| later(&error))?;
    let reported = gateway.take_report(&raw).await.map_err(|error| later(&error))?;
    gateway.close_down().await;
    match reported {
        Reported::Taken(survey, bounce) => println!("Survey {survey}: {}.", bounce.words()),
        Reported::NoReport => eprintln!("afterword: no report of a bounce or a complaint: nothing was done"),
        Reported::NotOurs => eprintln!("afterword: a report of no mail that was sent here: nothing was done"),
    }
    Ok(())
}

/// Reads a mail from standard input, and the rest of a large one for nothing: a server that is cut off tries again.
fn read() -> std::io::Result<Vec<u8>> {
    let (mut raw, mut input) = (Vec::new(), std::io::stdin().lock());
    input.by_ref().take(MOST).read_to_end(&mut raw)?;
    std::io::copy(&mut input, &mut std::io::sink())?;
    Ok(raw)
}
