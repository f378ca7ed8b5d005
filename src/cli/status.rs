//! `afterword status`: prints how the service does, also when it is down.
//!
//! It owns the option. It must not know where a figure comes from, nor how it is shown.

use super::CliError;
use crate::gateway::Gateway;
use crate::render;
use clap::Args;

#[derive(Debug, Args)]
pub(super) struct StatusArgs {
    /// Print JSON, as the HTTP API returns it
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: &StatusArgs, gateway: &Gateway) -> Result<(), CliError> {
    let status = gateway.status().await?;
    super::print(&if args.json {
        format!("{:#}\n", render::status::json(&status))
    } else {
        render::status::text(&status)
    })
}
