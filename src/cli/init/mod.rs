//! `afterword init`: writes a first configuration, and makes the key file, the database and a key for the helpdesk.
//!
//! It owns the questions and what the file says. It must not know how a value is checked, nor what a database holds.

mod ask;

use super::{CliError, environment, print};
use crate::clock::Clock;
use crate::config::{Config, MailTarget, Mailbox, PublicUrl};
use crate::gateway::Gateway;
use crate::private;
use crate::survey::access::{Scope, Within};
use ask::{Questions, secret};
use clap::Args;
use std::fs;
use std::path::{Path, PathBuf};
use toml::Value;

/// The help of `--smtp`.
const RELAY: &str =
    "The relay, such as smtps://user@relay.example.com; file:DIR writes mails to a folder and sends none";

#[derive(Debug, Args)]
pub(super) struct Init {
    /// The name that customers recognise
    #[arg(long, value_name = "NAME")]
    brand: Option<String>,
    #[arg(long, value_name = "URL", help = "Where customers reach the service, such as https://rate.example.com")]
    public_url: Option<String>,
    /// The sender, such as "Example Support <support@example.com>"
    #[arg(long, value_name = "MAILBOX")]
    from: Option<String>,
    #[arg(long, value_name = "TARGET", help = RELAY)]
    smtp: Option<String>,
    /// A file that holds the password of the user in --smtp
    #[arg(long, value_name = "FILE")]
    smtp_password_file: Option<PathBuf>,
    /// The database file
    #[arg(long, value_name = "FILE", default_value = "afterword.db")]
    database: PathBuf,
}

/// What the file is made of, checked.
struct Answers {
    brand: String,
    public_url: String,
    from: String,
    smtp: String,
    /// Absolute, so that it does not depend on the folder that a command is run in.
    database: PathBuf,
    password_file: Option<PathBuf>,
    /// A password that was typed, and is to be written to that file.
    password: Option<String>,
}

pub(super) async fn run(args: Init, file: Option<&Path>) -> Result<(), CliError> {
    let file = std::path::absolute(file.unwrap_or(Path::new("afterword.toml")))?;
    if file.symlink_metadata().is_ok() {
        return Err(CliError::Usage(format!("{} exists: init changes nothing that is there", file.display())));
    }
    let answers = answers(args)?;
    let mut made = Vec::new();
    let key = match make(&answers, &file, &mut made).await {
        Ok(key) => key,
        Err(error) => {
            // A later try must find nothing in its way. The database and the key file are made last, and stay.
            for path in made {
                drop(fs::remove_file(path));
            }
            return Err(error);
        }
    };
    let shown = file.display();
    print(&format!(
        "Wrote {shown}, and made {} with its key file. Next:\n\n  \
        afterword check --config {shown}\n  \
        afterword send-test --config {shown} YOUR-ADDRESS\n  \
        afterword serve --config {shown}\n\n\
        The helpdesk reports closings with this key. It is not shown again:\n{key}\n",
        answers.database.display()
    ))
}

/// Takes what the options say, and asks for the rest.
fn answers(args: Init) -> Result<Answers, CliError> {
    let checked = |text: &str| Mailbox::try_from(text.to_owned()).map(drop);
    let mut questions = Questions::default();
    let brand = questions.take(args.brand, "--brand", "The name that customers recognise", |text| {
        if text.trim().is_empty() { Err("expected a name".into()) } else { Ok(()) }
    });
    let url = "Where customers reach this service, such as https://rate.example.com";
    let public_url = questions.take(args.public_url, "--public-url", url, |text| text.parse::<PublicUrl>().map(drop));
    let sender = "The sender of mails, such as \"Example Support <support@example.com>\"";
    let from = questions.take(args.from, "--from", sender, checked);
    let relay = "The relay, such as smtps://user@relay.example.com";
    let smtp = questions.take(args.smtp, "--smtp", relay, |text| MailTarget::try_from(text.to_owned()).map(drop));
    questions.complete()?;
    let database = std::path::absolute(args.database)?;
    let (mut password_file, mut password) = (args.smtp_password_file.map(std::path::absolute).transpose()?, None);
    if let Ok(MailTarget::Smtp { user: Some(user), .. }) = MailTarget::try_from(smtp.clone())
        && password_file.is_none()
    {
        password = Some(secret(&format!("The password of {user}"), "--smtp-password-file")?);
        password_file = Some(database.with_file_name("smtp.secret"));
    }
    Ok(Answers { brand, public_url, from, smtp, database, password_file, password })
}

/// Makes everything; returns the key. What must not stay after a failure is noted in `made`.
async fn make(answers: &Answers, file: &Path, made: &mut Vec<PathBuf>) -> Result<String, CliError> {
    let mut write = |path: &Path, text: &str| match private::write_new(path, text.as_bytes()) {
        Ok(true) => {
            made.push(path.to_owned());
            Ok(())
        }
        Ok(false) => Err(CliError::Usage(format!("{} exists: init changes nothing that is there", path.display()))),
        Err(error) => Err(CliError::Failed(format!("cannot write {}: {error}", path.display()))),
    };
    if let (Some(password), Some(secret)) = (&answers.password, &answers.password_file) {
        write(secret, &format!("{password}\n"))?;
    }
    write(file, &text(answers))?;
    // It holds no secret. Where root keeps it, the service reads it by the group of its database's folder.
    private::share_with_group(file, private::folder(&answers.database))?;
    let (config, warnings) = Config::load(Some(file), environment())?;
    super::warn(&warnings);
    let there = [&config.database, &config.link_keys_file].into_iter().find(|path| path.exists());
    if let Some(there) = there {
        return Err(CliError::Usage(format!("{} exists: init changes nothing that is there", there.display())));
    }
    let gateway = Gateway::make(config, Clock::System).await?;
    let key = gateway.new_key("helpdesk", Scope::Trigger, Within::default()).await;
    gateway.shut_down().await;
    Ok(key?.key)
}

/// The file, with the settings that most change, each with what it means.
fn text(answers: &Answers) -> String {
    let quoted = |text: &str| Value::from(text).to_string();
    let path = |path: &Path| quoted(&path.to_string_lossy());
    let password = match &answers.password_file {
        Some(file) => format!("smtp_password_file = {}", path(file)),
        None => "# smtp_password_file = \"smtp.secret\"   # if the relay wants a login".to_owned(),
    };
    format!(
        "# Afterword. docs/configuration.md lists every setting; `afterword config` prints those that apply.\n\
        # A change takes effect when `afterword serve` is restarted.\n\n\
        listen = \"127.0.0.1:8080\"   # the reverse proxy connects here\n\
        public_url = {}\n\
        trusted_proxies = {}           # how many proxies in front add to X-Forwarded-For\n\
        database = {}\n\n\
        [mail]\n\
        from = {}\n\
        # reply_to = \"support@example.com\"   # where replies go, if not to `from`\n\
        smtp = {}\n\
        {password}\n\n\
        [brand]\n\
        name = {}\n\
        # color = \"#2f6fed\"\n\
        # locale = \"en\"             # for customers whose language is unknown\n\n\
        [report]\n\
        # timezone = \"Europe/Berlin\"   # reports count its days; UTC if unset\n\n\
        [ask]\n\
        # min_characters = 250      # ask if more than this was written\n\
        # delay = \"0s\"              # from the closing to the mail\n\
        # quiet_days = 0            # days between two surveys to one address\n",
        quoted(&answers.public_url),
        usize::from(answers.public_url.starts_with("https")),
        path(&answers.database),
        quoted(&answers.from),
        quoted(&answers.smtp),
        quoted(&answers.brand),
    )
}
