//! Whether mail can leave: the login at the relay, and what must stand in DNS so that receivers take it.

use super::{Found, machine};
use crate::clock::Clock;
use crate::config::{Config, MailTarget};
use crate::mail::dkim::{Dkim, record};
use crate::mail::login::LoggedIn;
use crate::mail::transport::Transport;
use chrono::TimeDelta;

/// How long a certificate must still be good. Those that renew by themselves do so about a month before.
pub(super) const LEAST_DAYS: u64 = 14;

pub(super) async fn relay(config: &Config) -> Vec<Found> {
    let now = TimeDelta::milliseconds(Clock::System.now().timestamp_millis());
    match (Transport::configured(config), &config.mail.smtp) {
        (Transport::Smtp(smtp), MailTarget::Smtp { host, port, user, .. }) => match smtp.log_in(now).await {
            Ok(LoggedIn { encrypted, days_left }) => {
                let login = if user.is_some() { "took the login" } else { "is ready for mail" };
                let how = if encrypted { ", encrypted" } else { ", not encrypted" };
                let relay = Found::good("relay", format!("{host}:{port} {login}{how}"));
                let certificate = encrypted.then(|| certificate("relay TLS", &format!("{host}:{port}"), days_left));
                [Some(relay), certificate].into_iter().flatten().collect()
            }
            Err(why) => {
                let hint = if why.contains("certificate") {
                    "name the authority of its certificate in mail.smtp_ca_file"
                } else {
                    "correct mail.smtp or its password, or start the relay; then try `afterword send-test YOUR-ADDRESS`"
                };
                vec![Found::bad("relay", why, hint)]
            }
        },
        (_, MailTarget::File(folder)) => {
            let hint = "name a relay in mail.smtp";
            vec![match (machine::can_write(folder), config.public_url.is_https()) {
                (Ok(()), false) => {
                    Found::good("relay", format!("mails are written to {}, and none is sent", folder.display()))
                }
                (Ok(()), true) => {
                    let detail = format!("mails are written to {}, and customers get none", folder.display());
                    Found::bad("relay", detail, hint)
                }
                (Err(error), _) => Found::bad("relay", format!("{}: {error}", folder.display()), hint),
            }]
        }
        _ => Vec::new(),
    }
}

/// How long a certificate is still good.
pub(super) fn certificate(check: &'static str, server: &str, days_left: Option<u64>) -> Found {
    match days_left {
        Some(days) if days < LEAST_DAYS => {
            let detail = format!("the certificate of {server} is good for {days} more days");
            Found::bad(check, detail, "renew it, and look why it was not renewed by itself")
        }
        Some(days) => Found::good(check, format!("the certificate of {server} is good for {days} more days")),
        None => Found::good(check, format!("the certificate of {server} is not checked, as it is on this machine")),
    }
}

/// The records for DNS. They are shown and not looked up: whether receivers see them is for `send-test` to show.
pub(super) fn records(config: &Config) -> Vec<Found> {
    if matches!(config.mail.smtp, MailTarget::File(_)) {
        return Vec::new();
    }
    let from = config.mail.from.address.rsplit_once('@').map_or("", |(_, domain)| domain);
    let envelope = config.mail.bounce_domain.as_deref().unwrap_or(from);
    let spf = format!("publish (not looked up): {envelope} TXT \"v=spf1 include:NAME-THAT-YOUR-RELAY-GIVES ~all\"");
    let dkim = match (&config.mail.dkim, Dkim::configured(config)) {
        (_, Err(error)) => Found::bad("DKIM", error.to_string(), "correct [mail.dkim], or else no mail is signed"),
        (None, _) => {
            Found::good("DKIM", "the relay must sign for the domain of mail.from, or else [mail.dkim] does it here")
        }
        (Some(dkim), Ok(_)) => {
            let key = dkim.key.as_ref().and_then(|key| record(key.reveal())).unwrap_or_default();
            let name = format!("{}._domainkey.{}", dkim.selector, dkim.domain);
            Found::good("DKIM", format!("publish (not looked up): {name} TXT \"{key}\""))
        }
    };
    let dmarc =
        format!("publish (not looked up): _dmarc.{from} TXT \"v=DMARC1; p=none; rua=mailto:postmaster@{from}\"");
    vec![Found::good("SPF", spf), dkim, Found::good("DMARC", dmarc)]
}
