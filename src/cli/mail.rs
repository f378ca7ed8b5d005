//! `afterword mail`: what became of the mails, and what to do about those that did not go out. All of it works while the
//! service runs.
//!
//! It owns the words and the options. It must not know when sending pauses, nor which mails may be requeued.

use super::{CliError, print};
use crate::gateway::{Gateway, MailCount, Requeued, Unsent};
use crate::survey::outbound::StateWord;
use crate::survey::stamp;
use clap::{Args, Subcommand};
use uuid::Uuid;

/// How many reasons are listed of one state: servers put ids and times into their answers.
const MOST_REASONS: usize = 20;

#[derive(Debug, Args)]
pub(super) struct MailArgs {
    #[command(subcommand)]
    command: Option<MailCommand>,
}

#[derive(Debug, Subcommand)]
enum MailCommand {
    /// Pause sending until `afterword mail resume`, also across restarts
    Pause {
        /// The reason, for colleagues
        #[arg(long, default_value = "maintenance")]
        why: String,
    },
    /// Resume sending that was paused by hand, or that a restored backup left paused
    Resume,
    /// Send failed mails again, those whose rate window is open
    Requeue(Which),
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Which {
    /// All that failed
    #[arg(long)]
    all: bool,
    /// Those whose reason holds this text, whatever its case
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// The mail of this survey
    #[arg(long, value_name = "ID")]
    survey: Option<Uuid>,
}

pub(super) async fn run(args: MailArgs, gateway: &Gateway) -> Result<(), CliError> {
    match args.command {
        None => list(gateway).await,
        Some(MailCommand::Pause { why }) => {
            let news = gateway.pause_mail(&why).await?;
            let before = if news { "" } else { "Sending was paused before. " };
            print(&format!("{before}No further mail goes out until `afterword mail resume`.\n"))
        }
        Some(MailCommand::Resume) => {
            let news = gateway.resume_mail().await?;
            let troubles = troubles(gateway).await?;
            print(match (news, troubles.as_slice()) {
                (true, _) => "Sending is resumed.\n",
                (false, []) => "Sending was not paused.\n",
                (false, _) => {
                    "Nobody paused sending. It paused by itself, and goes on by itself once the relay is mended:\n\
                    `afterword mail` says why. A reload of the service tries at once.\n"
                }
            })
        }
        Some(MailCommand::Requeue(which)) => requeue(which, gateway).await,
    }
}

async fn list(gateway: &Gateway) -> Result<(), CliError> {
    print_troubles(gateway, "").await?;
    print(&table(&gateway.mail_counts().await?))
}

/// Prints why no mail goes out at present, if so. `before` comes first.
pub(super) async fn print_troubles(gateway: &Gateway, before: &str) -> Result<(), CliError> {
    if let Some(halt) = gateway.halted().await? {
        let since = stamp(halt.since);
        return print(&format!(
            "{before}Sending is paused since {since} ({}): see `afterword mail resume`.\n\n",
            halt.why
        ));
    }
    for trouble in troubles(gateway).await? {
        print(&format!("{before}The service says: {trouble}.\n\n"))?;
    }
    Ok(())
}

/// What the running service says is wrong with it.
async fn troubles(gateway: &Gateway) -> Result<Vec<String>, CliError> {
    let status = gateway.status().await?;
    let service = status.stored.service.filter(|service| service.runs(status.now));
    Ok(service.map_or(Vec::new(), |service| service.degraded))
}

/// One line a state and reason, those of many mails first.
fn table(counts: &[MailCount]) -> String {
    let line =
        |state: &str, mails: &str, oldest: &str, reason: &str| format!("{state:<11}{mails:>9}  {oldest:<26}{reason}\n");
    let mut text = line("STATE", "MAILS", "OLDEST", "REASON");
    for state in StateWord::ALL {
        let of_state: Vec<_> = counts.iter().filter(|count| count.state == *state).collect();
        for count in of_state.iter().take(MOST_REASONS) {
            let reason = count.reason.as_deref().unwrap_or("-");
            text += &line(state.word(), &count.mails.to_string(), &stamp(count.oldest), reason);
        }
        let more: u64 = of_state.iter().skip(MOST_REASONS).map(|count| count.mails).sum();
        if more > 0 {
            text += &line(state.word(), &more.to_string(), "", "other reasons");
        }
    }
    text
}

async fn requeue(which: Which, gateway: &Gateway) -> Result<(), CliError> {
    let which = match (which.reason, which.survey) {
        (Some(reason), _) => Unsent::Reason(reason),
        (_, Some(survey)) => Unsent::Survey(survey),
        (None, None) => Unsent::All,
    };
    let done = gateway.requeue(&which).await?;
    if done == Requeued::default() {
        return Err(CliError::Failed(
            "no failed mail is meant, or its address is suppressed: see `afterword mail`".into(),
        ));
    }
    print(&format!(
        "{} requeued. Mails to suppressed addresses stay failed.\n\
        {} left failed because their rate window is over, {} because they may have arrived.\n",
        done.requeued, done.window_over, done.left
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::survey::Time;

    #[test]
    fn states_are_listed_with_their_reasons_and_rare_ones_together() {
        let count = |state, reason: Option<String>, mails| MailCount { state, reason, mails, oldest: Time::UNIX_EPOCH };
        let mut counts = vec![count(StateWord::Accepted, None, 1200)];
        counts.extend((0..23).map(|id| count(StateWord::Failed, Some(format!("550 id {id}")), 2)));
        let text = table(&counts);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "STATE          MAILS  OLDEST                    REASON");
        assert_eq!(lines[1], "accepted        1200  1970-01-01T00:00:00Z      -");
        assert_eq!(lines[2], "failed             2  1970-01-01T00:00:00Z      550 id 0");
        assert_eq!(lines[22..], ["failed             6                            other reasons"]);
    }
}
