//! Preview and test mails for a made-up survey.
//!
//! It owns the made-up conversation, and what marks a link as one of a test. It opens no database.

use super::StartError;
use crate::config::Config;
use crate::mail::compose::{ComposeError, RenderedMail, Sender, languages, render, request};
use crate::mail::dkim::Dkim;
use crate::mail::transport::Transport;
use crate::secrets::{Secrets, random};
use crate::survey::Time;
use crate::survey::link::{KeyRing, LEAST_KEY_BYTES};
use crate::survey::outbound::{Attempt, Outgoing};
use std::time::Duration;
use uuid::Uuid;

/// How long a test waits for a session: somebody sits in front of it.
const TEST_SESSION: Duration = Duration::from_secs(15);
/// What the subject of a test mail begins with.
const MARK: &str = "[Test] ";

/// A mail as customers would get it.
#[derive(Clone, Debug)]
pub struct Preview {
    /// What it says.
    pub content: RenderedMail,
    /// The same in every language.
    pub languages: Vec<RenderedMail>,
    /// All of it, as it would be sent.
    pub raw: Vec<u8>,
}

/// Writes the mail of a made-up conversation. A key that is not kept signs its links.
///
/// # Errors
/// A sender's address that lettre does not take.
pub fn preview(
    config: &Config,
    policy: Option<&str>,
    locale: Option<&str>,
    now: Time,
) -> Result<Preview, ComposeError> {
    let ring = throw_away_ring();
    let written = |locale| {
        let mail = outgoing("ada@example.com", policy, locale);
        render(&Sender::new(config, None, &mail), &mail, &ring)
    };
    let mail = outgoing("ada@example.com", policy, locale);
    let sender = Sender::new(config, None, &mail);
    let raw = request(&sender, &mail, &ring, now)?.raw;
    let languages = languages().map(|language| written(Some(language))).collect::<Result<_, _>>()?;
    Ok(Preview { content: render(&sender, &mail, &ring)?, languages, raw })
}

/// Sends a marked test mail through the configured transport, now. Its links lead to a page that says so and never count.
/// Without a key file a key that is not kept signs them: only the service makes that file.
///
/// # Errors
/// A key file, or a key for DKIM, that cannot be used.
pub async fn send_test(config: &Config, address: &str, now: Time) -> Result<Attempt, StartError> {
    let file = &config.link_keys_file;
    let ring = if file.exists() { Secrets::load(file)?.ring } else { throw_away_ring() };
    let dkim = Dkim::configured(config)?;
    let mail = outgoing(address, None, None);
    let sender = Sender { mark: MARK, ..Sender::new(config, dkim.as_ref(), &mail) };
    let mut transport = Transport::configured(config);
    if let Transport::Smtp(smtp) = &mut transport {
        smtp.deadlines.session = TEST_SESSION;
    }
    let mut connection = transport.connection();
    let attempt = match request(&sender, &mail, &ring, now) {
        Ok(letter) => connection.send(&letter).await,
        Err(error) => Attempt::Permanent(error.to_string()),
    };
    connection.close().await;
    Ok(attempt)
}

fn throw_away_ring() -> KeyRing {
    KeyRing::new(&[random::<LEAST_KEY_BYTES>().to_vec()]).expect("one key of exactly the least length")
}

fn outgoing(address: &str, policy: Option<&str>, locale: Option<&str>) -> Outgoing {
    Outgoing {
        survey: uuid::Builder::from_custom_bytes(random()).into_uuid(),
        address: address.to_owned(),
        customer_name: Some("Ada".to_owned()),
        teammate: Some("Grace".to_owned()),
        subject: Some("Refund for my last order".to_owned()),
        in_reply_to: None,
        policy: policy.map(str::to_owned),
        locale: locale.map(str::to_owned),
    }
}

/// Whether a link is one of a test mail. Ids of surveys are of version 7, those of tests of version 8. Each test has an id
/// of its own, because mail programs drop a mail whose Message-ID they have seen.
pub(super) fn is_test(survey: Uuid) -> bool {
    survey.get_version_num() == 8
}
