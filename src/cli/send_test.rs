//! `afterword send-test`: one marked mail over the configured way, and what became of it in plain words.
//!
//! It owns those words. It must not know how mail is sent.

use super::Ended;
use crate::clock::Clock;
use crate::config::{Config, MailTarget};
use crate::gateway::send_test;
use crate::survey::closing::{ADDRESS_EXPECTED, is_address};
use crate::survey::delivery::Attempt;
use clap::Args;

#[derive(Debug, Args)]
pub(super) struct Test {
    /// Where to; quiet periods and suppressions are not asked
    #[arg(value_parser = address)]
    address: String,
}

fn address(text: &str) -> Result<String, &'static str> {
    if is_address(text) { Ok(text.to_owned()) } else { Err(ADDRESS_EXPECTED) }
}

pub(super) async fn run(test: &Test, config: &Config) -> Result<(), Ended> {
    let attempt = send_test(config, &test.address, Clock::System.now()).await?;
    println!("{}", told(&attempt, &config.mail.smtp, &test.address)?);
    Ok(())
}

/// What became of it; an error unless it was accepted.
fn told(attempt: &Attempt, target: &MailTarget, address: &str) -> Result<String, Ended> {
    let place = match target {
        MailTarget::File(folder) => format!("the folder {}", folder.display()),
        MailTarget::Smtp { host, port, .. } => format!("{host}:{port}"),
    };
    Err(Ended::Failed(match (attempt, target) {
        (Attempt::Accepted, MailTarget::File(_)) => {
            return Ok(format!("Written into {place}: mail.smtp names a folder, so nothing was sent to {address}."));
        }
        (Attempt::Accepted, MailTarget::Smtp { .. }) => {
            return Ok(format!("{place} took the mail for {address}. If it does not arrive, look among the spam."));
        }
        (Attempt::Temporary(why), _) => {
            format!("{place} refused the mail for now: {why}\nA survey's mail would be tried again later.")
        }
        (Attempt::Permanent(why), _) => format!("the mail for {address} was refused for good: {why}"),
        (Attempt::Unreachable(why), _) => format!("nothing was sent, as there is no way out: {why}"),
        (Attempt::Unknown(why), _) => format!("the mail may have been sent or not: {why}"),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_accepted_is_a_success() {
        let relay = MailTarget::try_from("smtps://relay.example.com".to_owned()).expect("a relay");
        let told = |attempt| told(&attempt, &relay, "ada@example.com").map_err(|ended| ended.to_string());
        let took = "relay.example.com:465 took the mail for ada@example.com.";
        assert!(told(Attempt::Accepted).is_ok_and(|text| text.starts_with(took)));
        let why = || "550 no".to_owned();
        for attempt in [Attempt::Temporary(why()), Attempt::Permanent(why()), Attempt::Unreachable(why())] {
            assert!(told(attempt).is_err_and(|text| text.contains("550 no")));
        }
        assert!(told(Attempt::Unknown(why())).is_err_and(|text| text.contains("or not: 550 no")));
        assert_eq!((address("ada@example.com"), address("ada")), (Ok("ada@example.com".into()), Err(ADDRESS_EXPECTED)));
    }
}
