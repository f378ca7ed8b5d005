//! Surveys that never were: how a mail looks, and whether one arrives.
//!
//! It owns the made-up conversation, and what marks a link as one of a test. It reads and stores nothing in a database.

use super::{StartError, way};
use crate::config::Config;
use crate::keys::{Keys, random};
use crate::mail::compose::{self, ComposeError, Parts};
use crate::survey::Time;
use crate::survey::delivery::{Attempt, Outgoing};
use crate::survey::link::{KeyRing, LEAST_KEY_BYTES};
use uuid::Uuid;

/// What the subject of a test begins with.
const MARK: &str = "[Test] ";

/// A mail as customers would get it.
#[derive(Clone, Debug)]
pub struct Preview {
    /// What it says.
    pub parts: Parts,
    /// All of it, as it would be sent.
    pub raw: Vec<u8>,
}

/// Writes the mail of a made-up conversation. Its links are signed by a key that nobody keeps.
///
/// # Errors
/// A sender's address that lettre does not take.
pub fn preview(
    config: &Config,
    policy: Option<&str>,
    locale: Option<&str>,
    now: Time,
) -> Result<Preview, ComposeError> {
    let ring = KeyRing::new(&[random::<LEAST_KEY_BYTES>().to_vec()]).map_err(ComposeError::new)?;
    let mail = outgoing("ada@example.com", policy, locale);
    let sender = way::sender(config, None, &mail);
    let raw = compose::request(&sender, &mail, &ring, now)?.raw;
    Ok(Preview { parts: compose::parts(&sender, &mail, &ring)?, raw })
}

/// Sends a marked test through the configured transport, now. Its links lead to a page that says so and never count.
///
/// # Errors
/// A key file, or a key that signs, that cannot be used.
pub async fn send_test(config: &Config, address: &str, now: Time) -> Result<Attempt, StartError> {
    let keys = Keys::load_or_make(&config.link_keys_file)?;
    let dkim = way::signature(config)?;
    let mail = outgoing(address, None, None);
    let sender = compose::Sender { mark: MARK, ..way::sender(config, dkim.as_ref(), &mail) };
    let mut postman = way::configured(config).postman();
    let attempt = match compose::request(&sender, &mail, &keys.ring, now) {
        Ok(letter) => postman.carry(&letter).await,
        Err(error) => Attempt::Permanent(error.to_string()),
    };
    postman.rest().await;
    Ok(attempt)
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

/// Whether a link is one of a test. Ids of surveys are of version 7, those of tests of version 8: each test has its own,
/// as mail programs drop a mail whose Message-ID they have seen.
pub(super) fn is_test(survey: Uuid) -> bool {
    survey.get_version_num() == 8
}
