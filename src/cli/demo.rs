//! `afterword demo`: the whole product on embedded defaults.

use super::Ended;
use clap::Args;

#[derive(Debug, Args)]
pub(super) struct Demo {}

#[expect(clippy::unused_async)]
pub(super) async fn run(_: Demo) -> Result<(), Ended> {
    Ok(())
}
