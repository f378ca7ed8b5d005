//! The `afterword` program: parses its arguments and calls [`afterword::cli`].

use afterword::cli::{self, Arguments};
use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run(Arguments::parse())
}
