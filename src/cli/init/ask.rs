//! Questions on a terminal.
//!
//! It owns how `init` asks them, and the error if there is no terminal. It must not know what they are about.

use crate::cli::{CliError, complain};
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use std::io::{self, BufRead, IsTerminal};

/// The questions of one command. Without a terminal it collects the options that are missing.
#[derive(Default)]
pub(super) struct Questions {
    missing: Vec<&'static str>,
    wrong: Option<String>,
}

impl Questions {
    /// The value of an option, or else what is typed until it is right. Nothing is asked once something is wrong.
    pub(super) fn take(
        &mut self,
        given: Option<String>,
        option: &'static str,
        question: &str,
        check: impl Fn(&str) -> Result<(), String>,
    ) -> String {
        if let Some(given) = given {
            if let Err(error) = check(&given) {
                self.wrong.get_or_insert(format!("{option}: {error}"));
            }
            return given;
        }
        if self.wrong.is_some() || !io::stdin().is_terminal() {
            self.missing.push(option);
            return String::new();
        }
        loop {
            complain(&format!("{question}: "));
            match line() {
                Err(error) => {
                    self.wrong = Some(error.to_string());
                    return String::new();
                }
                Ok(text) => match check(&text) {
                    Ok(()) => return text,
                    Err(error) => complain(&format!("{error}\n")),
                },
            }
        }
    }

    /// Refuses wrong options first, then those that are missing.
    pub(super) fn complete(self) -> Result<(), CliError> {
        if let Some(wrong) = self.wrong {
            return Err(CliError::Usage(wrong));
        }
        match self.missing.as_slice() {
            [] => Ok(()),
            missing => Err(CliError::Usage(format!("this is no terminal to ask on: expected {}", missing.join(", ")))),
        }
    }
}

/// Asks for something that must not be shown.
pub(super) fn secret(question: &str, option: &str) -> Result<String, CliError> {
    let input = io::stdin();
    if !input.is_terminal() {
        return Err(CliError::Usage(format!("this is no terminal to ask on: expected {option}")));
    }
    complain(&format!("{question} (not shown): "));
    let shown = tcgetattr(&input).map_err(io::Error::from)?;
    let mut hidden = shown.clone();
    hidden.local_modes.remove(LocalModes::ECHO);
    tcsetattr(&input, OptionalActions::Now, &hidden).map_err(io::Error::from)?;
    let typed = line();
    tcsetattr(&input, OptionalActions::Now, &shown).map_err(io::Error::from)?;
    complain("\n");
    Ok(typed?)
}

fn line() -> io::Result<String> {
    let mut line = String::new();
    if io::stdin().lock().read_line(&mut line)? == 0 {
        return Err(io::Error::other("the answer is missing"));
    }
    Ok(line.trim().to_owned())
}
