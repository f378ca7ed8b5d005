//! `afterword preview`: writes a sample mail, as customers would get it, to files.
//!
//! It owns the files and their names. It must not know how a mail is composed.

use super::CliError;
use crate::clock::Clock;
use crate::config::Config;
use crate::gateway::preview;
use crate::mail::{compose, preview::page};
use crate::private;
use clap::Args;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub(super) struct PreviewArgs {
    /// The customer's language, such as de, de-AT or zh-Hans
    #[arg(long)]
    locale: Option<String>,
    /// The policy whose custom texts apply
    #[arg(long, value_name = "NAME")]
    policy: Option<String>,
    /// The folder to write to; it is created if missing
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

pub(super) fn run(args: &PreviewArgs, config: &Config) -> Result<(), CliError> {
    let (policy, locale) = (args.policy.as_deref(), args.locale.as_deref());
    if config.policy(policy).is_none() {
        return Err(CliError::Usage(format!("--policy: {}", config.policy_expected())));
    }
    if !locale.is_none_or(compose::has_texts) {
        return Err(CliError::Usage(
            "--locale: there are no texts in that language; such customers get those of brand.locale".into(),
        ));
    }
    let failed = |error: compose::ComposeError| CliError::Failed(error.to_string());
    let mail = preview(config, policy, locale, Clock::System.now()).map_err(failed)?;
    let index = page(&mail.content, &mail.languages).map_err(failed)?;
    let files = [
        ("request.txt", mail.content.plain.as_bytes()),
        ("request.html", mail.content.html.as_bytes()),
        ("request.eml", &mail.raw),
        ("index.html", index.as_bytes()),
    ];
    write(&args.out, &files)
}

pub(super) fn write(folder: &Path, files: &[(&str, &[u8])]) -> Result<(), CliError> {
    let failed = |path: &Path, error| CliError::Failed(format!("cannot write {}: {error}", path.display()));
    private::make_folder(folder).map_err(|error| failed(folder, error))?;
    for (name, content) in files {
        let path = folder.join(name);
        private::write(&path, content).map_err(|error| failed(&path, error))?;
        super::print(&format!("{}\n", path.display()))?;
    }
    Ok(())
}
