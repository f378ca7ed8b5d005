//! `afterword preview`: the mail as customers would get it, in files to look at.
//!
//! It owns the files and their names. It must not know what is in them.

use super::Ended;
use crate::clock::Clock;
use crate::config::Config;
use crate::gateway::preview;
use crate::mail::{compose, preview::page};
use clap::Args;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub(super) struct Wanted {
    /// The customer's language, such as de, de-AT or zh-Hans
    #[arg(long)]
    locale: Option<String>,
    /// The policy whose own words to use
    #[arg(long, value_name = "NAME")]
    policy: Option<String>,
    /// The folder to write into; it is made if need be
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

pub(super) fn run(wanted: &Wanted, config: &Config) -> Result<(), Ended> {
    let (policy, locale) = (wanted.policy.as_deref(), wanted.locale.as_deref());
    if config.policy(policy).is_none() {
        let known: Vec<_> = config.policies.keys().map(String::as_str).collect();
        let known = if known.is_empty() { "there is none".to_owned() } else { known.join(", ") };
        return Err(Ended::Usage(format!("--policy: expected the name of a configured policy: {known}")));
    }
    if !locale.is_none_or(compose::speaks) {
        return Err(Ended::Usage(
            "--locale: there are no texts in that language; its customers get that of brand.locale".into(),
        ));
    }
    let failed = |error: compose::ComposeError| Ended::Failed(error.to_string());
    let mail = preview(config, policy, locale, Clock::System.now()).map_err(failed)?;
    let index = page(&mail.parts).map_err(failed)?;
    let files = [
        ("request.txt", mail.parts.plain.as_bytes()),
        ("request.html", mail.parts.html.as_bytes()),
        ("request.eml", &mail.raw),
        ("index.html", index.as_bytes()),
    ];
    write(&wanted.out, &files)
}

fn write(folder: &Path, files: &[(&str, &[u8])]) -> Result<(), Ended> {
    let failed = |path: &Path, error| Ended::Failed(format!("{} cannot be written: {error}", path.display()));
    std::fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
    for (name, content) in files {
        let path = folder.join(name);
        std::fs::write(&path, content).map_err(|error| failed(&path, error))?;
        println!("{}", path.display());
    }
    Ok(())
}
