//! `afterword helpdesk`: judges a saved payload of a helpdesk, so that an operator sees why nothing happens.
//!
//! It owns the options and how the judgement is printed. It must not know the format of a payload.

use super::{CliError, close_after, load, print};
use crate::clock::Clock;
use crate::gateway::{Closed, Error, Gateway, Headers, HelpdeskClosing, Refused, Report, TOLERANCE, Tried, Unreadable};
use crate::survey::closing::Closing;
use crate::survey::eligibility::Decision;
use crate::survey::fields::{Fault, Place};
use crate::survey::stamp;
use clap::{Args, Subcommand};
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

#[derive(Debug, Subcommand)]
pub(super) enum Helpdesk {
    /// Judge a saved payload: its signature, what it reports, which facts are unknown, and what would be decided
    Try(Try),
}

#[derive(Debug, Args)]
pub(super) struct Try {
    /// The helpdesk, by its name in the configuration
    name: String,
    /// The payload, byte for byte as it was sent; "-" reads it from standard input
    file: PathBuf,
    /// A header that was sent with it, such as "X-Hub-Signature: sha1=…"; repeat it for several
    #[arg(long, value_name = "NAME: VALUE", value_parser = header)]
    header: Vec<(String, String)>,
}

fn header(text: &str) -> Result<(String, String), &'static str> {
    let (name, value) = text.split_once(':').ok_or("expected a name, a colon and a value")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

/// The secrets of the service are needed here: signatures are made with one.
pub(super) async fn run(helpdesk: Helpdesk, file: Option<&Path>) -> Result<(), CliError> {
    let Helpdesk::Try(args) = helpdesk;
    let body = payload(&args.file).map_err(|error| CliError::Usage(format!("{}: {error}", args.file.display())))?;
    let gateway = Gateway::open(load(file)?, Clock::System).await?;
    close_after(gateway, async |gateway| {
        let headers = args.header.iter().cloned().collect::<Headers>();
        let tried = match gateway.try_report(&args.name, &headers, &body).await {
            Ok(tried) => tried,
            Err(Error::UnknownHelpdesk) => return Err(unknown(gateway, &args.name)),
            Err(other) => return Err(other.into()),
        };
        print(&text(&tried))?;
        let is_refused = is_refused(&tried);
        match tried.report {
            Err(unreadable) => Err(CliError::Failed(refused(unreadable))),
            Ok(_) if is_refused => Err(CliError::Failed(
                "the signature is refused: the service answers this request with 401, and does nothing else".to_owned(),
            )),
            Ok(_) => Ok(()),
        }
    })
    .await
}

fn payload(file: &Path) -> io::Result<Vec<u8>> {
    if file != Path::new("-") {
        return fs::read(file);
    }
    let mut body = Vec::new();
    io::stdin().read_to_end(&mut body)?;
    Ok(body)
}

fn refused(unreadable: Unreadable) -> String {
    match unreadable {
        Unreadable::NotJson(why) => format!("the payload is not JSON: {why}"),
        Unreadable::Invalid(faults) => format!("the payload is refused\n{}", list(&faults).trim_end()),
    }
}

fn unknown(gateway: &Gateway, name: &str) -> CliError {
    let known: Vec<_> = gateway.config.helpdesks.keys().map(String::as_str).collect();
    let known = if known.is_empty() { "there is none".to_owned() } else { known.join(", ") };
    CliError::Usage(format!(
        "there is no [helpdesk.{name}] in the configuration: expected one of its helpdesks: {known}"
    ))
}

fn text(tried: &Tried) -> String {
    let report = match &tried.report {
        Ok(Report::Closed(closed)) => closing(closed),
        Ok(Report::GoesOn { conversation_id, at }) => {
            let at = stamp(*at);
            format!("Report: conversation {conversation_id} goes on since {at}; a survey that waits is cancelled\n")
        }
        Ok(Report::Nothing(why)) if why.starts_with("the header ") => {
            format!("Report: nothing, because {why}; give it with --header\n")
        }
        Ok(Report::Nothing(why)) => format!("Report: nothing, because {why}\n"),
        Err(_) => "Report: none, because the payload is refused\n".to_owned(),
    };
    let kinds: Vec<_> = tried.other_kinds.iter().map(|kind| kind.word()).collect();
    let hint = match kinds.as_slice() {
        [] => String::new(),
        [kind] => format!("Is its kind wrong? It would be a report of {kind}.\n"),
        several => format!("Is its kind wrong? It would be a report of one of these: {}.\n", several.join(", ")),
    };
    let decision = tried.decision.as_ref().map(decision).unwrap_or_default();
    let fetches = tried.fetches.as_ref().map(|url| {
        format!("But first it fetches the conversation, beginning with {url}, and decides by what that tells\n")
    });
    let fetches = fetches.unwrap_or_default();
    format!("Signature ({}): {}\n{report}{hint}{decision}{fetches}", tried.proof, signature(tried))
}

/// Whether the service would refuse the signature. One that was not given here may have been sent, and a line break of an
/// editor was not.
fn is_refused(tried: &Tried) -> bool {
    !tried.but_for_line_breaks && matches!(&tried.signature, Some(Err(why)) if !matches!(why, Refused::Missing(_)))
}

fn signature(tried: &Tried) -> String {
    match &tried.signature {
        None => "none; the request needs a key of the scope trigger, which is not judged here".to_owned(),
        Some(Ok(())) => match tried.signed_at {
            Some(at) => {
                format!("holds; the service takes it within {} minutes of {}", TOLERANCE.num_minutes(), stamp(at))
            }
            None => "holds".to_owned(),
        },
        Some(Err(refused @ Refused::Missing(_))) => format!("not judged: {refused}; give it with --header"),
        Some(Err(refused)) if tried.but_for_line_breaks => {
            format!("refused: {refused}; it would hold without the line break at the end of the file")
        }
        Some(Err(refused)) => format!("refused: {refused}"),
    }
}

fn closing(report: &HelpdeskClosing) -> String {
    let closing = &report.closing;
    let closed_at = stamp(closing.closed_at);
    let mut text = format!("Report: conversation {} was closed at {closed_at}\n", closing.conversation_id);
    let mut line = |name: &str, value: Option<String>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            text.extend([&format!("  {name:<16} "), &value, "\n"]);
        }
    };
    line("subject", closing.subject.clone());
    line("url", closing.url.clone());
    line("channel", closing.channel.clone());
    for customer in &closing.customers {
        let email = customer.email.as_deref().unwrap_or("no address");
        line("customer", Some(words(&[Some(email), customer.name.as_deref(), customer.locale.as_deref()])));
    }
    let teammate = closing.teammate.as_ref();
    line("teammate", teammate.map(|teammate| words(&[Some(&teammate.id), teammate.name.as_deref()])));
    line("inbox", Some(report.inboxes.join(", ")));
    line("team", Some(report.teams.join(", ")));
    line("tags", Some(closing.tags.join(", ")));
    line("policy", closing.policy.clone());
    facts(closing, line);
    let unknown: Vec<_> = closing.clone().normalize().unknown().iter().map(|fact| fact.word()).collect();
    if !unknown.is_empty() {
        text.extend(["Unknown: ", &unknown.join(", "), "\n"]);
    }
    if !report.unread.is_empty() {
        text.extend(["Fields that were passed over: ", &report.unread.join(", "), "\n"]);
    }
    text
}

/// What is known of somebody.
fn words(known: &[Option<&str>]) -> String {
    known.iter().flatten().copied().collect::<Vec<_>>().join(" ")
}

/// The facts that rules need, as far as they are known.
fn facts(closing: &Closing, mut line: impl FnMut(&str, Option<String>)) {
    let closing = closing.clone().normalize();
    line("started_by", closing.started_by.map(|by| by.to_string()));
    line("characters", closing.characters.map(|characters| characters.to_string()));
    line("last_reply_at", closing.last_reply_at.map(stamp));
    line("teammate_replied", closing.teammate_replied.map(|replied| replied.to_string()));
}

fn decision(decided: &Result<Closed, Vec<Fault>>) -> String {
    let closed = match decided {
        Ok(closed) => closed,
        Err(faults) => return format!("Decision: none, because the report is refused\n{}", list(faults)),
    };
    let when = if closed.repeat { " (this closing was reported before; that was the answer)" } else { "" };
    match &closed.decision {
        Decision::Ask { send_at, .. } => format!("Decision: ask; the mail is due at {}{when}\n", stamp(*send_at)),
        Decision::Skip(reasons) => {
            let reasons = reasons.iter().map(|reason| format!("  {:<16} {}\n", reason.rule, reason.message));
            format!("Decision: ask nobody{when}\n{}", reasons.collect::<String>())
        }
    }
}

fn list(faults: &[Fault]) -> String {
    let line = |fault: &Fault| {
        let (Place::Body(place) | Place::Parameter(place)) = &fault.place;
        format!("  {place:<16} {}\n", fault.detail)
    };
    faults.iter().map(line).collect()
}
