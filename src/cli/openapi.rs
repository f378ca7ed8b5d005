//! `afterword openapi`: prints the description of the HTTP API.
//!
//! It must not know what it says.

use super::{CliError, print};
use crate::config::Config;
use crate::web;

pub(super) fn run(config: &Config) -> Result<(), CliError> {
    print(&format!("{:#}\n", web::openapi::describe(config.public_url.as_str())))
}
