//! `afterword why`: prints the story of a conversation: what was decided, what became of the mail, and every click.
//!
//! It owns the options and the answer for an unknown conversation. It must not know how the story is told.

use super::{CliError, mail};
use crate::gateway::Gateway;
use crate::render;
use crate::survey::access::Within;
use crate::survey::closing::Conversation;
use clap::{Args, ValueEnum};

#[derive(Debug, Args)]
pub(super) struct Why {
    /// The conversation, by the id that the helpdesk gave it
    conversation: String,
    /// The connection that reported it; by default the plain API
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    connection: String,
    /// The output format
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For programs, as the HTTP API returns it
    Json,
}

pub(super) async fn run(args: Why, gateway: &Gateway) -> Result<(), CliError> {
    let conversation = Conversation { connection: args.connection, id: args.conversation };
    let known = gateway.conversation(&conversation, &Within::default()).await?;
    if known.is_unknown() {
        return Err(unknown(&conversation, &gateway.connections_of(&conversation.id).await?));
    }
    if matches!(args.format, Format::Json) {
        return super::print(&format!("{:#}\n", render::conversation::json(&conversation.id, &known)));
    }
    super::print(&render::conversation::text(&conversation.id, &known, gateway.config.report.timezone))?;
    if known.surveys.iter().any(|survey| survey.mail.is_open()) {
        mail::print_troubles(gateway, "\n").await?;
    }
    Ok(())
}

/// Nobody reported it, or by another name.
fn unknown(conversation: &Conversation, others: &[String]) -> CliError {
    let Conversation { connection, id } = conversation;
    let by = if connection.is_empty() { String::new() } else { format!(" by the connection {connection}") };
    let name = |connection: &String| match connection.as_str() {
        "" => "leave out --connection".to_owned(),
        name => format!("try --connection {name}"),
    };
    let hint = match others {
        [] => "use the id that the helpdesk sends as conversation_id; what is old enough was deleted".into(),
        others => others.iter().map(name).collect::<Vec<_>>().join(", or "),
    };
    CliError::Failed(format!("no closing or reopening of the conversation {id} was reported{by}: {hint}"))
}
