//! The way that mails go, in whose name and how signed, as the configuration says.
//!
//! It must not know what is sent.

use crate::config::{Config, MailTarget, Tls};
use crate::mail::compose::Sender;
use crate::mail::dkim::{Dkim, DkimError};
use crate::mail::smtp;
use crate::mail::transport::Transport;
use crate::survey::delivery::Outgoing;
use std::net::Ipv4Addr;

pub(super) fn configured(config: &Config) -> Transport {
    match &config.mail.smtp {
        MailTarget::File(folder) => Transport::File(folder.clone()),
        MailTarget::Smtp { tls, host, port, user } => {
            let password = config.mail.smtp_password.as_ref().map(|password| password.reveal().to_owned());
            Transport::Smtp(smtp::Smtp {
                host: host.clone(),
                port: *port,
                tls: match tls {
                    Tls::Implicit => smtp::Tls::Implicit,
                    Tls::StartTls => smtp::Tls::StartTls,
                    Tls::Off => smtp::Tls::Off,
                },
                login: user.clone().zip(password).map(Into::into),
                hello: hello(&config.public_url),
                deadlines: smtp::Deadlines::default(),
            })
        }
    }
}

pub(super) fn signature(config: &Config) -> Result<Option<Dkim>, DkimError> {
    let signs = config.mail.dkim.as_ref().and_then(|dkim| Some((dkim, dkim.key.as_ref()?)));
    signs.map(|(dkim, key)| Dkim::new(&dkim.domain, &dkim.selector, key.reveal())).transpose()
}

/// Who asks with that mail: in its customer's language, and in the own words of its policy.
pub(super) fn sender<'a>(config: &'a Config, dkim: Option<&'a Dkim>, asks: &Outgoing) -> Sender<'a> {
    let mail = &config.mail;
    Sender {
        from_name: mail.from.name.as_deref(),
        from_address: &mail.from.address,
        reply_to: mail.reply_to.as_ref().map(|to| (to.name.as_deref(), to.address.as_str())),
        brand: &config.brand.name,
        color: &config.brand.color,
        logo: config.brand.logo_url.as_deref(),
        text: config.text(asks.locale.as_deref()),
        own: config.own_words(asks.policy.as_deref()),
        mark: "",
        public_url: &config.public_url,
        bounce_domain: mail.bounce_domain.as_deref(),
        dkim,
    }
}

/// What to say in EHLO: the host of the checked public URL, an address as RFC 5321 §4.1.3 spells it.
fn hello(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((ipv6, _)) => format!("[IPv6:{ipv6}]"),
        None => {
            let host = rest.split(['/', ':']).next().unwrap_or(rest);
            if host.parse::<Ipv4Addr>().is_ok() { format!("[{host}]") } else { host.to_owned() }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_is_said_as_smtp_wants_it() {
        assert_eq!(hello("https://rate.example.com"), "rate.example.com");
        assert_eq!(hello("http://127.0.0.1:8080"), "[127.0.0.1]");
        assert_eq!(hello("http://[::1]:80"), "[IPv6:::1]");
    }
}
