//! `afterword webhook`: lists the targets of events, tests one, and sends events again.
//!
//! It owns the options and the words of the answers. It must not know how an event is sent.

use super::{CliError, beside, close_after, load, print};
use crate::clock::Clock;
use crate::config::new_webhook_secret;
use crate::gateway::{Again, Gateway};
use crate::render;
use crate::survey::Time;
use crate::survey::event::EventKind;
use clap::{Args, Subcommand};
use std::path::Path;
use uuid::Uuid;

#[derive(Debug, Subcommand)]
pub(super) enum Webhook {
    /// List the targets of events: what waits for each, and what failed
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Send a made-up event now, and print whether it was taken; nothing is stored or tried again
    Test {
        /// Its name in the configuration: crm for webhook.crm, or alert.chat
        name: String,
        /// The kind of event, such as rating.set
        #[arg(long, default_value_t = EventKind::RatingSet)]
        event: EventKind,
    },
    /// Send events of the last 30 days again, each with its id, if it still holds
    Replay(Replay),
    /// Send events again to a target that was turned off because it answered 410
    Enable {
        /// Its name in the configuration: crm for webhook.crm, alert.chat, or helpdesk.shop for notes
        name: String,
    },
    /// Print a new secret, which signs events
    Secret,
}

#[derive(Debug, Args)]
pub(super) struct Replay {
    /// Its name in the configuration: crm for webhook.crm, alert.chat, or helpdesk.shop for notes
    name: String,
    #[command(flatten)]
    which: Which,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Which {
    /// The events that failed
    #[arg(long)]
    failed: bool,
    /// Everything that happened since, such as 2026-11-24T14:00:00Z
    #[arg(long, value_name = "TIME")]
    since: Option<Time>,
    /// One event, by the id that its receiver saw
    #[arg(long, value_name = "ID", value_parser = event_id)]
    event: Option<Uuid>,
}

impl Which {
    fn again(&self) -> Again {
        match (self.since, self.event) {
            (Some(since), _) => Again::Since(since),
            (None, Some(event)) => Again::Event(event),
            (None, None) => Again::Failed,
        }
    }
}

fn event_id(text: &str) -> Result<Uuid, &'static str> {
    text.trim_start_matches("msg_").parse().map_err(|_| "expected an id such as msg_0193…")
}

pub(super) async fn run(webhook: Webhook, file: Option<&Path>) -> Result<(), CliError> {
    match webhook {
        Webhook::List { json } => beside(file, async |gateway| list(gateway, json).await).await,
        Webhook::Test { name, event } => {
            // The secrets of the service are needed here: requests are signed.
            let gateway = Gateway::open(load(file)?, Clock::System).await?;
            close_after(gateway, async |gateway| test(gateway, &name, event).await).await
        }
        Webhook::Replay(replay) => beside(file, async |gateway| again(gateway, &replay).await).await,
        Webhook::Enable { name } => beside(file, async |gateway| enable(gateway, &name).await).await,
        Webhook::Secret => print(&format!("{}\n", new_webhook_secret())),
    }
}

/// The target that a name of the command line stands for: `crm` is `webhook.crm`.
fn target(gateway: &Gateway, name: &str) -> Result<String, CliError> {
    let whole = if name.contains('.') { name.to_owned() } else { format!("webhook.{name}") };
    let known = gateway.config.targets();
    if known.contains_key(&whole) {
        return Ok(whole);
    }
    let known: Vec<_> = known.keys().map(String::as_str).collect();
    let known = if known.is_empty() { "there is none".to_owned() } else { known.join(", ") };
    Err(CliError::Usage(format!("{name}: expected the name of a target: {known}")))
}

async fn list(gateway: &Gateway, json: bool) -> Result<(), CliError> {
    let status = gateway.status().await?;
    print(&if json {
        format!("{:#}\n", render::status::targets_json(&status.stored.targets))
    } else {
        render::status::targets_text(&status.stored.targets, status.now)
    })
}

async fn test(gateway: &Gateway, name: &str, kind: EventKind) -> Result<(), CliError> {
    let target = target(gateway, name)?;
    if target.starts_with("helpdesk.") {
        let expected = "expected a webhook or an alert: a note needs a conversation that the helpdesk has";
        return Err(CliError::Usage(format!("{target}: {expected}")));
    }
    match gateway.test_target(&target, kind).await.reason() {
        None => print(&format!("{target} took a made-up {kind}.\n")),
        Some(why) => Err(CliError::Failed(format!("{target} did not take a made-up {kind}: {why}"))),
    }
}

async fn again(gateway: &Gateway, replay: &Replay) -> Result<(), CliError> {
    let target = target(gateway, &replay.name)?;
    let count = gateway.tell_again(&target, replay.which.again()).await?;
    if let (0, Again::Event(_)) = (count, replay.which.again()) {
        let expected = "expected the id of one of the last 30 days that it took or that failed";
        return Err(CliError::Failed(format!("no such event for {target}: {expected}")));
    }
    let events = if count == 1 { "1 event is".to_owned() } else { format!("{count} events are") };
    print(&format!("{events} due for {target} now. An event that no longer holds is left out.\n"))
}

async fn enable(gateway: &Gateway, name: &str) -> Result<(), CliError> {
    let target = target(gateway, name)?;
    if gateway.enable_target(&target).await? {
        print(&format!("{target} gets events again.\n"))
    } else {
        print(&format!("{target} was not turned off.\n"))
    }
}
