//! The SMTP transport: sends one mail at a time over a session that is kept open from mail to mail.
//!
//! Owns the dialogue with the server, its deadlines, and what each failure means for the mail. It must not know what a
//! mail says, nor when it is tried again. It logs neither mails nor addresses.
//!
//! lettre speaks the protocol, but its pooled transport is not used: it has no deadline after the TCP connect, and it
//! puts a connection back that was abandoned in the middle of a mail.

use super::LONGEST_REASON;
use super::tls::ImplicitTls;
use super::transport::Letter;
use super::wire::Wire;
use crate::config::Tls;
use crate::survey::outbound::Attempt;
use crate::survey::suppression::without_addresses;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, AsyncTokioStream, TlsParameters};
use lettre::transport::smtp::commands::{Data, Ehlo, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use lettre::transport::smtp::response::{Response, Severity};
use rustls::CertificateError;
use std::error::Error as StdError;
use std::io;
use std::time::Duration;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

/// An SMTP server, and how to talk to it.
#[derive(Clone, Debug)]
pub struct Smtp {
    /// Its name, which its certificate must contain, or its IP address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Whether and when the connection is encrypted.
    pub tls: Tls,
    /// User and password. `(user, password).into()` makes one; its `Debug` shows neither.
    pub login: Option<Credentials>,
    /// The name we give ourselves in `EHLO`.
    pub ehlo_name: ClientId,
    /// How long to wait for what.
    pub deadlines: Deadlines,
}

/// How long to wait for the server. Sending a mail takes at most one `session`, six times `command` and twice
/// `message`: a session that died while it was idle is replaced, and the mail is sent again.
#[derive(Clone, Copy, Debug)]
pub struct Deadlines {
    /// For one of the server's addresses to accept the connection. A dead address leaves time for the next.
    pub connect: Duration,
    /// For connecting, greeting, encryption and login together.
    pub session: Duration,
    /// For the answer to each command.
    pub command: Duration,
    /// For the mail itself and the answer to it.
    pub message: Duration,
    /// For the answer to `QUIT`.
    pub quit: Duration,
}

/// RFC 5321 §4.5.3.2 allows minutes for each step, since it is about servers of strangers. Ours is one relay that the
/// operator chose, and a worker that waits sends nothing. Only the end of the mail is given the full time of the RFC:
/// giving up there may deliver the mail twice.
impl Default for Deadlines {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(15), // three SYNs lost in a row
            session: Duration::from_mins(1),  // some servers greet late on purpose, by up to half a minute
            command: Duration::from_mins(1),  // checks of sender and recipient ask other servers
            message: Duration::from_mins(10), // the RFC's: see above
            quit: Duration::from_secs(5),     // a courtesy
        }
    }
}

/// A session that is ready for mail.
pub(super) struct Session {
    connection: AsyncSmtpConnection,
    /// Whether the server takes several commands at once (`PIPELINING`, RFC 2920).
    pipelines: bool,
    /// The certificates of implicit TLS, the server's own first.
    certificates: Vec<Vec<u8>>,
}

impl Session {
    /// The certificates that the server showed, its own first; none if nothing is encrypted.
    pub(super) fn certificates(&self) -> Vec<Vec<u8>> {
        let by_starttls = || self.connection.certificate_chain().unwrap_or_default();
        if self.certificates.is_empty() { by_starttls() } else { self.certificates.clone() }
    }
}

impl Smtp {
    /// Tries once to send a mail. Takes the session out of `kept` and puts it back only if the mail was accepted, so
    /// that a session whose dialogue broke off is never used again.
    pub(super) async fn send(&self, kept: &mut Option<Session>, letter: &Letter) -> Attempt {
        if let Some(session) = kept.take() {
            // Servers close idle sessions, so a failure here says nothing about a new one.
            match self.hand_over(session, kept, letter).await {
                Attempt::Unreachable(_) => {}
                outcome => return outcome,
            }
        }
        match self.open().await {
            Ok(session) => self.hand_over(session, kept, letter).await,
            Err(reason) => Attempt::Unreachable(reason),
        }
    }

    /// Ends a session politely.
    pub(super) async fn quit(&self, mut session: Session) {
        // The answer does not matter: the connection is dropped either way.
        let _ = timeout(self.deadlines.quit, session.connection.quit()).await;
    }

    async fn hand_over(&self, mut session: Session, kept: &mut Option<Session>, letter: &Letter) -> Attempt {
        match self.dialogue(&mut session, letter).await {
            Ok(()) => {
                *kept = Some(session);
                Attempt::Accepted
            }
            Err(outcome) => outcome,
        }
    }

    /// Sends `MAIL`, `RCPT`, `DATA` and the mail. What a failure means depends on the step: before the server answers
    /// `DATA` with 354 the mail cannot have been delivered, after that it can.
    async fn dialogue(&self, session: &mut Session, letter: &Letter) -> Result<(), Attempt> {
        let Session { connection, pipelines, .. } = session;
        let mut parameters = vec![];
        if ![&letter.from, &letter.to].iter().all(|address| AsRef::<str>::as_ref(address).is_ascii()) {
            if !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
                let reason = "the address is not plain ASCII, and the server does not offer SMTPUTF8";
                return Err(Attempt::Permanent(reason.into()));
            }
            // The mail's header holds the address, so it is not ASCII either.
            parameters = vec![MailParameter::SmtpUtfEight, MailParameter::Body(MailBodyParameter::EightBitMime)];
        }
        let mail = Mail::new(Some(letter.from.clone()), parameters);
        let rcpt = Rcpt::new(letter.to.clone(), vec![]);
        let go = if *pipelines {
            // A failure ends the session, so the answers to later commands need not be read (RFC 2920 §3.1).
            self.answer(connection.command(format!("{mail}{rcpt}{Data}"))).await?;
            self.answer(connection.read_response()).await?;
            self.answer(connection.read_response()).await?
        } else {
            self.answer(connection.command(mail)).await?;
            self.answer(connection.command(rcpt)).await?;
            self.answer(connection.command(Data)).await?
        };
        if !go.has_code(354) {
            return Err(Attempt::Unreachable(format!("the server answers DATA with {}", go.code())));
        }
        // lettre adds the last line break itself.
        let raw = letter.raw.strip_suffix(b"\r\n").unwrap_or(&letter.raw);
        match timeout(self.deadlines.message, connection.message(raw)).await {
            Ok(Ok(taken)) if taken.code().severity == Severity::PositiveCompletion => Ok(()),
            Ok(Ok(odd)) => Err(Attempt::Unknown(format!("the server answers the mail with {}", odd.code()))),
            Ok(Err(error)) => Err(match self.judge(&error, Attempt::Unknown) {
                // The whole mail was transmitted, so this counts as a try. Otherwise it would be sent again every few
                // seconds.
                Attempt::Unreachable(reason) => Attempt::Temporary(reason),
                outcome => outcome,
            }),
            Err(_) => Err(Attempt::Unknown(format!("no answer to the mail within {:?}", self.deadlines.message))),
        }
    }

    /// Waits for the answer to a command, within the deadline.
    async fn answer(&self, answer: impl Future<Output = Result<Response, Error>>) -> Result<Response, Attempt> {
        match timeout(self.deadlines.command, answer).await {
            Ok(answer) => answer.map_err(|error| self.judge(&error, Attempt::Unreachable)),
            Err(_) => Err(Attempt::Unreachable(format!("no answer to a command within {:?}", self.deadlines.command))),
        }
    }

    /// Opens a session; the error says why there is none.
    pub(super) async fn open(&self) -> Result<Session, String> {
        let limit = self.deadlines.session;
        match timeout(limit, self.connect_and_log_in()).await {
            Ok(session) => session.map_err(|error| self.explain(&*error)),
            Err(_) => Err(format!("{}:{}: not ready within {limit:?}{}", self.host, self.port, self.tls_hint())),
        }
    }

    async fn connect_and_log_in(&self) -> Result<Session, Box<dyn StdError + Send + Sync>> {
        let tcp = self.dial().await?;
        // Each command is one small packet, and we wait for its answer. Nagle's algorithm would add 40 ms to each mail.
        tcp.set_nodelay(true)?;
        let tcp = Wire::new(tcp, self.tls == Tls::StartTls);
        // Read anew for each connection. Connections are rare, and so new authorities count without a restart.
        let tls = || TlsParameters::new(self.host.clone());
        let mut certificates = Vec::new();
        let stream: Box<dyn AsyncTokioStream> = match self.tls {
            Tls::Implicit => {
                let encrypted = ImplicitTls::shake_hands(tcp, tls()?).await?;
                certificates = encrypted.certificates();
                Box::new(encrypted)
            }
            Tls::StartTls | Tls::Off => Box::new(tcp),
        };
        let mut connection = AsyncSmtpConnection::connect_with_transport(stream, &self.ehlo_name).await?;
        if self.tls == Tls::StartTls {
            if !connection.can_starttls() {
                return Err("the server does not offer STARTTLS, and without it nothing is sent".into());
            }
            connection.starttls(tls()?, &self.ehlo_name).await?;
        }
        if let Some(login) = &self.login {
            if connection.server_info().get_auth_mechanism(DEFAULT_MECHANISMS).is_none() {
                return Err("the server does not offer login by PLAIN or LOGIN; many offer it over TLS only".into());
            }
            connection.auth(DEFAULT_MECHANISMS, login).await?;
        }
        // Asked again, because lettre does not expose PIPELINING. It saves two round trips with each mail.
        let extensions = connection.command(Ehlo::new(self.ehlo_name.clone())).await?;
        let pipelines = extensions.message().any(|line| line.eq_ignore_ascii_case("PIPELINING"));
        Ok(Session { connection, pipelines, certificates })
    }

    /// Connects to the first of the server's addresses that accepts.
    async fn dial(&self) -> io::Result<TcpStream> {
        let mut failure = io::Error::other("the name has no address");
        for address in lookup_host((self.host.as_str(), self.port)).await? {
            match timeout(self.deadlines.connect, TcpStream::connect(address)).await {
                Ok(Ok(tcp)) => return Ok(tcp),
                Ok(Err(error)) => failure = error,
                Err(_) => failure = io::Error::other(format!("no connection within {:?}", self.deadlines.connect)),
            }
        }
        Err(failure)
    }

    /// What a failure means for the mail, by the server's answer; `otherwise` if it did not answer.
    fn judge(&self, error: &Error, otherwise: fn(String) -> Attempt) -> Attempt {
        let meaning = match error.status() {
            None => otherwise,
            // The server shuts down, or requires login or encryption first. Neither is about this mail.
            Some(code) if matches!(code.into(), 421 | 530) => Attempt::Unreachable,
            Some(code) if code.severity == Severity::TransientNegativeCompletion => Attempt::Temporary,
            Some(_) => Attempt::Permanent,
        };
        meaning(self.explain(error))
    }

    /// One line for the operator: the cause alone, without addresses.
    fn explain(&self, error: &(dyn StdError + 'static)) -> String {
        let Self { host, port, .. } = self;
        let cause = innermost(error);
        let answer = error.downcast_ref::<Error>();
        let text = if let Some(code) = answer.and_then(Error::status) {
            format!("{code} {cause}")
        } else if let Some(tls) = tls_error(error) {
            format!("{host}:{port}: {}", explain_tls(tls))
        } else if answer.is_some_and(Error::is_response) {
            format!("{host}:{port}: the connection was closed, or the server does not speak SMTP{}", self.tls_hint())
        } else {
            format!("{host}:{port}: {cause}")
        };
        let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        without_addresses(&clean).chars().take(LONGEST_REASON).collect()
    }

    /// A server that expects TLS at once waits for our handshake, while we wait for its greeting.
    fn tls_hint(&self) -> &'static str {
        match self.tls {
            Tls::Implicit => "",
            Tls::StartTls | Tls::Off => " (a port that expects TLS at once, such as 465, needs smtps://)",
        }
    }
}

fn innermost<'a>(error: &'a (dyn StdError + 'static)) -> &'a (dyn StdError + 'static) {
    error.source().map_or(error, innermost)
}

/// The TLS error among the causes of an error. An [`io::Error`] is not the `source` of its content but hides it.
fn tls_error<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a rustls::Error> {
    if let Some(tls) = error.downcast_ref() {
        return Some(tls);
    }
    match error.downcast_ref::<io::Error>() {
        Some(wrapper) => tls_error(wrapper.get_ref()?),
        None => tls_error(error.source()?),
    }
}

fn explain_tls(error: &rustls::Error) -> String {
    let plain = match error {
        rustls::Error::InvalidCertificate(flaw) => match flaw {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => "the certificate has expired",
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "the certificate is for another name"
            }
            // rustls reports a self-signed certificate as `Other`.
            CertificateError::UnknownIssuer | CertificateError::Other(_) => {
                "the certificate is not signed by an authority that this machine trusts"
            }
            _ => return error.to_string(),
        },
        rustls::Error::InvalidMessage(_) => {
            "the server does not speak TLS (smtps:// is for ports such as 465, else smtp://)"
        }
        other => return other.to_string(),
    };
    plain.into()
}
