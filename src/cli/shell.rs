//! `afterword completions` and `afterword man`: what a shell and `man` know of the commands, made from the commands
//! themselves.
//!
//! It owns where the pages go. It must not know which commands there are.

use super::{Arguments, CliError, print};
use clap::{Args, CommandFactory, ValueEnum};
use clap_complete::Shell;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: KnownShell,
}

/// The shells of Debian that people type into.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum KnownShell {
    Bash,
    Zsh,
    Fish,
}

#[derive(Debug, Args)]
pub(super) struct Man {
    /// The folder to write a page for each command to; without it the page of the program is printed
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
}

pub(super) fn completions(args: &Completions) -> Result<(), CliError> {
    let shell = match args.shell {
        KnownShell::Bash => Shell::Bash,
        KnownShell::Zsh => Shell::Zsh,
        KnownShell::Fish => Shell::Fish,
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "afterword", &mut script);
    print(&String::from_utf8_lossy(&script))
}

pub(super) fn man(args: &Man) -> Result<(), CliError> {
    let command = Arguments::command();
    match &args.folder {
        Some(folder) => {
            let failed = |error| CliError::Failed(format!("cannot write to {}: {error}", folder.display()));
            std::fs::create_dir_all(folder).map_err(failed)?;
            clap_mangen::generate_to(command, folder).map_err(failed)
        }
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(command).render(&mut page)?;
            print(&String::from_utf8_lossy(&page))
        }
    }
}
