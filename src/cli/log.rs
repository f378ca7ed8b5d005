//! The log of the program: what is logged to standard error, and how a line looks.
//!
//! It owns the variables `AFTERWORD_LOG` and `AFTERWORD_LOG_FORMAT`. It must not know what is logged.

use super::CliError;
use std::io::{IsTerminal, stderr};
use tracing_subscriber::EnvFilter;

/// What `AFTERWORD_LOG` may say of all, or of a module.
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// Sets up logging to standard error. A line that cannot be written is lost.
pub(super) fn start(default_level: &str) -> Result<(), CliError> {
    let set = |name: &str| std::env::var(name).ok().filter(|text| !text.is_empty());
    let filter = set("AFTERWORD_LOG").map_or(Ok(default_level.to_owned()), |text| filter(&text))?;
    let terminal = stderr().is_terminal();
    let json = set("AFTERWORD_LOG_FORMAT").map_or(Ok(!terminal), |text| is_json(&text))?;
    // The library would report a line that cannot be written on standard error too, and panic.
    let log = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(filter))
        .with_writer(stderr)
        .with_ansi(terminal)
        .log_internal_errors(false);
    match (json, terminal) {
        (true, _) => log.json().init(),
        // A person at a terminal needs no time on each line.
        (false, true) => log.without_time().with_target(false).init(),
        (false, false) => log.with_target(false).init(),
    }
    Ok(())
}

/// Levels, each for all or for a module. The library takes any word for a module, and then logs nothing.
fn filter(text: &str) -> Result<String, CliError> {
    let known = |level: &str| LEVELS.iter().any(|known| level.eq_ignore_ascii_case(known));
    let module = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_:-".contains(c));
    let fine = |part: &str| match part.split_once('=') {
        Some((name, level)) => module(name) && known(level),
        None => known(part),
    };
    if text.split(',').all(|part| fine(part.trim())) {
        return Ok(text.to_owned());
    }
    let levels = LEVELS.join(", ");
    Err(CliError::Usage(format!(
        "AFTERWORD_LOG: {text:?}: expected one of {levels}, also for a module, as in \"warn,afterword=debug\""
    )))
}

fn is_json(text: &str) -> Result<bool, CliError> {
    match text {
        "json" => Ok(true),
        "text" => Ok(false),
        _ => Err(CliError::Usage(format!("AFTERWORD_LOG_FORMAT: {text:?}: expected json or text"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_taken_and_everything_else_is_refused_with_what_was_expected() {
        for text in ["off", "warn", "INFO", "afterword=debug", "warn,afterword::mail=trace", "info, sqlx=error"] {
            assert_eq!(filter(text).map_err(|error| error.to_string()), Ok(text.to_owned()));
        }
        for text in ["bogus", "]]]", "afterword", "afterword=", "=info", "info,", "afterword=loud", "[span]=info"] {
            let error = filter(text).expect_err(text).to_string();
            let expected = "expected one of off, error, warn, info, debug, trace, also for a module";
            assert!(error.starts_with(&format!("AFTERWORD_LOG: {text:?}: {expected}")), "{error}");
        }
        assert!(is_json("json").expect("json") && !is_json("text").expect("text"));
        let error = is_json("xml").expect_err("xml").to_string();
        assert_eq!(error, "AFTERWORD_LOG_FORMAT: \"xml\": expected json or text");
    }
}
