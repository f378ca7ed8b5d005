//! `afterword send-test`: sends one test mail through the configured transport and prints the outcome.
//!
//! It owns the words for each outcome. It must not know how mail is sent.

use super::CliError;
use crate::clock::Clock;
use crate::config::{Config, MailTarget};
use crate::gateway::send_test;
use crate::survey::fields::{ADDRESS_EXPECTED, is_address};
use crate::survey::outbound::Attempt;
use crate::survey::refusal::Refusal;
use clap::Args;

#[derive(Debug, Args)]
pub(super) struct SendTestArgs {
    /// The recipient; quiet periods and suppressions do not apply
    #[arg(value_parser = address)]
    address: String,
}

pub(super) fn address(text: &str) -> Result<String, &'static str> {
    if is_address(text) { Ok(text.to_owned()) } else { Err(ADDRESS_EXPECTED) }
}

pub(super) async fn run(args: &SendTestArgs, config: &Config) -> Result<(), CliError> {
    if let MailTarget::Smtp { host, port, .. } = &config.mail.smtp {
        super::print(&format!("Connecting to {host}:{port} ...\n"))?;
    }
    let attempt = send_test(config, &args.address, Clock::System.now()).await?;
    super::print(&format!("{}\n", describe(&attempt, &config.mail.smtp, &args.address)?))
}

/// Describes the outcome in plain words: an error unless the mail was accepted.
pub(super) fn describe(attempt: &Attempt, target: &MailTarget, address: &str) -> Result<String, CliError> {
    let place = match target {
        MailTarget::File(folder) => folder.display().to_string(),
        MailTarget::Smtp { host, port, .. } => format!("{host}:{port}"),
    };
    Err(CliError::Failed(match (attempt, target) {
        (Attempt::Accepted, MailTarget::File(_)) => {
            format!("nothing was sent to {address}: mail.smtp names a folder, and the mail was written into {place}")
        }
        (Attempt::Accepted, MailTarget::Smtp { .. }) => {
            return Ok(format!("{place} took the mail for {address}. If it does not arrive, check the spam folder."));
        }
        (Attempt::Temporary(why), _) => {
            format!("{place} refused the mail temporarily: {why}\nA survey's mail would be tried again later.")
        }
        (Attempt::Permanent(why) | Attempt::NoRecipient(why), _) => {
            format!("the mail for {address} was refused permanently: {why}")
        }
        (Attempt::Refused(Refusal { step, why, .. }), _) => {
            format!("{place} refused permanently, at {step}: {why}\nA survey's mail would wait until this is mended.")
        }
        (Attempt::Unreachable(why), _) => format!("nothing was sent, because the mail server was not reached: {why}"),
        (Attempt::Unknown(why), _) => format!("it is unknown whether the mail was sent: {why}"),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_accepted_mail_is_a_success() {
        let relay = MailTarget::try_from("smtps://relay.example.com".to_owned()).expect("a relay");
        let outcome = |attempt| describe(&attempt, &relay, "ada@example.com").map_err(|error| error.to_string());
        let accepted = "relay.example.com:465 took the mail for ada@example.com.";
        assert!(outcome(Attempt::Accepted).is_ok_and(|text| text.starts_with(accepted)));
        let why = || "550 no".to_owned();
        for attempt in [Attempt::Temporary(why()), Attempt::Permanent(why()), Attempt::Unreachable(why())] {
            assert!(outcome(attempt).is_err_and(|text| text.contains("550 no")));
        }
        assert!(
            outcome(Attempt::Unknown(why()))
                .is_err_and(|text| text.contains("unknown whether the mail was sent: 550 no"))
        );
        assert_eq!((address("ada@example.com"), address("ada")), (Ok("ada@example.com".into()), Err(ADDRESS_EXPECTED)));
    }
}
