//! The `afterword` program: reads its arguments and hands over.

use afterword::cli::{self, Arguments};
use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run(Arguments::parse())
}
