//! The SMTP transport: sends one mail at a time over a session that is kept open from mail to mail.
//!
//! Owns the dialogue with the server, its deadlines, and what each failure means for the mail. It must not know what a
//! mail says, nor when it is tried again. It logs neither mails nor addresses.
//!
//! lettre speaks the protocol, but its pooled transport is not used: it has no deadline after the TCP connect, and it
//! puts a connection back that was abandoned in the middle of a mail.

use super::LONGEST_REASON;
use super::tls::Encrypted;
use super::transport::Letter;
use super::wire::{Answers, Wire};
use crate::config::Tls;
use crate::survey::outbound::Attempt;
use crate::survey::refusal::{Step, judge};
use crate::survey::suppression::without_addresses;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, AsyncTokioStream, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Ehlo, Mail, Rcpt, Rset, Starttls};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use lettre::transport::smtp::response::{Response, Severity};
use rustls::CertificateError;
use std::error::Error as StdError;
use std::io;
use std::path::PathBuf;
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
    /// A PEM file of authorities that are trusted besides those of this machine.
    pub ca_file: Option<PathBuf>,
    /// User and password. `(user, password).into()` makes one; its `Debug` shows neither.
    pub login: Option<Credentials>,
    /// The name we give ourselves in `EHLO`.
    pub ehlo_name: ClientId,
    /// How long to wait for what.
    pub deadlines: Deadlines,
}

/// How long to wait for the server. Sending a mail takes at most two `session`, seven times `command` and once
/// `message`: a session that died while it was idle is replaced.
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
    /// The certificates that the server showed, its own first; none if nothing is encrypted.
    pub(super) certificates: Vec<Vec<u8>>,
}

/// Why a mail was not accepted, and what that leaves of the session.
enum Failure {
    /// The server judged the mail. The session goes on.
    Judged(Attempt),
    /// The session is over, and the mail with it.
    Over(Attempt),
    /// The session is over, before the mail was transmitted. In a new session this is what it means for the mail.
    Lost(Attempt),
}

/// Why there is no session: what the server was asked, and what went wrong.
type NoSession = (Step, Box<dyn StdError + Send + Sync>);

fn at<E: Into<Box<dyn StdError + Send + Sync>>>(step: Step) -> impl Fn(E) -> NoSession {
    move |error| (step, error.into())
}

impl Smtp {
    /// Tries once to send a mail. Takes the session out of `kept` and puts it back if it can be used again: a session whose
    /// dialogue broke off never is.
    pub(super) async fn send(&self, kept: &mut Option<Session>, letter: &Letter) -> Attempt {
        if let Some(session) = kept.take() {
            // Servers close idle sessions, so a session that is lost says nothing about a new one.
            match self.hand_over(session, kept, letter).await {
                Err(Failure::Lost(_)) => {}
                done => return attempt(done),
            }
        }
        match self.open().await {
            Ok(session) => attempt(self.hand_over(session, kept, letter).await),
            Err(attempt) => attempt,
        }
    }

    /// Ends a session politely.
    pub(super) async fn quit(&self, mut session: Session) {
        // The answer does not matter: the connection is dropped either way.
        let _ = timeout(self.deadlines.quit, session.connection.quit()).await;
    }

    async fn hand_over(
        &self,
        mut session: Session,
        kept: &mut Option<Session>,
        letter: &Letter,
    ) -> Result<(), Failure> {
        let done = self.dialogue(&mut session, letter).await;
        let goes_on = match &done {
            Ok(()) => true,
            // The next mail begins anew in the same session.
            Err(Failure::Judged(_)) => self.answer(Step::Mail, session.connection.command(Rset)).await.is_ok(),
            Err(Failure::Over(_) | Failure::Lost(_)) => false,
        };
        if goes_on {
            *kept = Some(session);
        }
        done
    }

    /// Sends `MAIL`, `RCPT`, `DATA` and the mail. What a failure means depends on the step: before the server answers
    /// `DATA` with 354 the mail cannot have been delivered, after that it can.
    async fn dialogue(&self, session: &mut Session, letter: &Letter) -> Result<(), Failure> {
        let Session { connection, pipelines, .. } = session;
        let mut parameters = vec![];
        if ![&letter.from, &letter.to].iter().all(|address| AsRef::<str>::as_ref(address).is_ascii()) {
            if !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
                let reason = "the address is not plain ASCII, and the server does not offer SMTPUTF8";
                return Err(Failure::Judged(Attempt::Permanent(reason.into())));
            }
            // The mail's header holds the address, so it is not ASCII either.
            parameters = vec![MailParameter::SmtpUtfEight, MailParameter::Body(MailBodyParameter::EightBitMime)];
        }
        let mail = Mail::new(Some(letter.from.clone()), parameters);
        let rcpt = Rcpt::new(letter.to.clone(), vec![]);
        let go = if *pipelines {
            self.ask_at_once(connection, &format!("{mail}{rcpt}{Data}")).await?
        } else {
            self.answer(Step::Mail, connection.command(mail)).await?;
            self.answer(Step::Recipient, connection.command(rcpt)).await?;
            self.answer(Step::Data, connection.command(Data)).await?
        };
        if !go.has_code(354) {
            let reason = format!("the server answers DATA with {}", go.code());
            return Err(Failure::Lost(Attempt::Temporary(reason)));
        }
        // lettre adds the last line break itself.
        let raw = letter.raw.strip_suffix(b"\r\n").unwrap_or(&letter.raw);
        match timeout(self.deadlines.message, connection.message(raw)).await {
            Ok(Ok(taken)) if taken.code().severity == Severity::PositiveCompletion => Ok(()),
            Ok(Ok(odd)) => {
                Err(Failure::Over(Attempt::Unknown(format!("the server answers the mail with {}", odd.code()))))
            }
            // Without an answer the mail may have been delivered, so it is not sent again at once.
            Ok(Err(error)) => Err(match self.judge(Step::Message, &error) {
                Failure::Lost(_) => Failure::Over(Attempt::Unknown(self.explain(&error))),
                judged => judged,
            }),
            Err(_) => {
                let reason = format!("no answer to the mail within {:?}", self.deadlines.message);
                Err(Failure::Over(Attempt::Unknown(reason)))
            }
        }
    }

    /// Sends `MAIL`, `RCPT` and `DATA` together; the answer to the last, or the first refusal. All answers are read: the
    /// session goes on.
    async fn ask_at_once(&self, connection: &mut AsyncSmtpConnection, commands: &str) -> Result<Response, Failure> {
        let sender = self.answer(Step::Mail, connection.command(commands)).await;
        let sender = sender.map_or_else(Failure::if_judged, |_| Ok(None))?;
        let recipient = self.answer(Step::Recipient, connection.read_response()).await;
        let recipient = recipient.map_or_else(Failure::if_judged, |_| Ok(None));
        let first = match (sender, recipient) {
            (Some(refused), Ok(_)) | (None, Ok(Some(refused))) => refused,
            (Some(refused), Err(_)) => return Err(Failure::Over(refused)),
            (None, Err(lost)) => return Err(lost),
            (None, Ok(None)) => return self.answer(Step::Data, connection.read_response()).await,
        };
        // A server that answers 354 all the same waits for a mail that must not come.
        match self.answer(Step::Data, connection.read_response()).await {
            Err(Failure::Judged(_)) => Err(Failure::Judged(first)),
            _ => Err(Failure::Over(first)),
        }
    }

    /// Waits for the answer to a command, within the deadline.
    async fn answer(
        &self,
        step: Step,
        answer: impl Future<Output = Result<Response, Error>>,
    ) -> Result<Response, Failure> {
        match timeout(self.deadlines.command, answer).await {
            Ok(answer) => answer.map_err(|error| self.judge(step, &error)),
            Err(_) => {
                let reason = format!("no answer to {step} within {:?}", self.deadlines.command);
                Err(Failure::Lost(Attempt::Temporary(reason)))
            }
        }
    }

    /// What a failure within a session means.
    fn judge(&self, step: Step, error: &Error) -> Failure {
        let reason = self.explain(error);
        let Some(code) = error.status().map(u16::from) else { return Failure::Lost(Attempt::Temporary(reason)) };
        match (code, judge(step, code, reason)) {
            // The server ends the session. If no recipient was named, it was idle for too long.
            (421, meaning @ Attempt::Unreachable(_)) => Failure::Lost(meaning),
            (421, meaning) => Failure::Over(meaning),
            (_, meaning) => Failure::Judged(meaning),
        }
    }

    /// Opens a session; what it means for the mail if there is none. A connection that fails before the server says why is
    /// tried once more at once.
    pub(super) async fn open(&self) -> Result<Session, Attempt> {
        let limit = self.deadlines.session;
        let mut tries = 0;
        loop {
            tries += 1;
            let Self { host, port, .. } = self;
            let Ok(opened) = timeout(limit, self.connect_and_log_in()).await else {
                let reason = format!("{host}:{port}: not ready within {limit:?}{}", self.tls_hint());
                return Err(Attempt::Unreachable(reason));
            };
            let (step, error) = match opened {
                Ok(session) => return Ok(session),
                Err(failure) => failure,
            };
            match error.downcast_ref::<Error>().and_then(Error::status) {
                Some(code) => {
                    return Err(judge(step, code.into(), format!("{} (from {host}:{port})", self.explain(&*error))));
                }
                None if tries == 1 => {}
                None => return Err(Attempt::Unreachable(self.explain(&*error))),
            }
        }
    }

    async fn connect_and_log_in(&self) -> Result<Session, NoSession> {
        let (mut connection, certificates) = self.connect().await?;
        if let Some(login) = &self.login {
            if connection.server_info().get_auth_mechanism(DEFAULT_MECHANISMS).is_none() {
                let reason = "the server does not offer login by PLAIN or LOGIN; many offer it over TLS only";
                return Err(at(Step::Auth)(reason));
            }
            if let Err(error) = connection.auth(DEFAULT_MECHANISMS, login).await {
                let _ = timeout(self.deadlines.quit, connection.quit()).await;
                return Err(at(Step::Auth)(error));
            }
        }
        // Asked again, because lettre does not expose PIPELINING. It saves two round trips with each mail.
        let extensions = connection.command(Ehlo::new(self.ehlo_name.clone())).await.map_err(at(Step::Hello))?;
        let pipelines = extensions.message().any(|line| line.eq_ignore_ascii_case("PIPELINING"));
        Ok(Session { connection, pipelines, certificates })
    }

    /// Connects, and encrypts as far as the settings say. Returns the server's certificates too, as far as it showed any.
    async fn connect(&self) -> Result<(AsyncSmtpConnection, Vec<Vec<u8>>), NoSession> {
        let tcp = self.dial().await.map_err(at(Step::Hello))?;
        // Each command is one small packet, and we wait for its answer. Nagle's algorithm would add 40 ms to each mail.
        tcp.set_nodelay(true).map_err(at(Step::Hello))?;
        let tcp = Wire::new(tcp);
        if self.tls == Tls::Implicit {
            let stream = self.encrypt(tcp).await?;
            let certificates = stream.certificates();
            return Ok((self.greet(Box::new(Answers::new(stream))).await?, certificates));
        }
        let (tcp, plain) = tcp.twice().map_err(at(Step::Hello))?;
        let mut connection = self.greet(Box::new(Answers::new(plain))).await?;
        if !connection.can_starttls() {
            if self.tls == Tls::IfOffered {
                return Ok((connection, Vec::new()));
            }
            return Err(at(Step::StartTls)("the server does not offer STARTTLS, and without it nothing is sent"));
        }
        connection.command(Starttls).await.map_err(at(Step::StartTls))?;
        // With this goes whatever an attacker on the network slipped in before the encryption (RFC 3207, 6).
        drop(connection);
        let stream = self.encrypt(tcp).await?;
        let certificates = stream.certificates();
        Ok((self.greet(Box::new(Answers::greeted(stream))).await?, certificates))
    }

    /// Reads the greeting, and says EHLO.
    async fn greet(&self, stream: Box<dyn AsyncTokioStream>) -> Result<AsyncSmtpConnection, NoSession> {
        AsyncSmtpConnection::connect_with_transport(stream, &self.ehlo_name).await.map_err(at(Step::Hello))
    }

    async fn encrypt(&self, tcp: Wire) -> Result<Encrypted, NoSession> {
        let parameters = self.tls_parameters().await.map_err(at(Step::StartTls))?;
        Encrypted::shake_hands(tcp, parameters).await.map_err(at(Step::StartTls))
    }

    /// Read anew for each connection. Connections are rare, and so new authorities count without a restart.
    async fn tls_parameters(&self) -> Result<TlsParameters, Box<dyn StdError + Send + Sync>> {
        let mut parameters = TlsParameters::builder(self.host.clone());
        if self.tls == Tls::IfOffered {
            // Nobody sits between this machine and itself, and a local server has a certificate for another name.
            parameters = parameters.dangerous_accept_invalid_certs(true);
        }
        if let Some(file) = &self.ca_file {
            let pem = tokio::fs::read(file).await.map_err(|error| format!("{}: {error}", file.display()))?;
            parameters = parameters.add_root_certificate(Certificate::from_pem(&pem)?);
        }
        Ok(parameters.build()?)
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
            Tls::StartTls | Tls::IfOffered => " (a port that expects TLS at once, such as 465, needs smtps://)",
        }
    }
}

impl Failure {
    /// What the server refused; an error if the session is over.
    fn if_judged(self) -> Result<Option<Attempt>, Self> {
        match self {
            Self::Judged(attempt) => Ok(Some(attempt)),
            over => Err(over),
        }
    }
}

fn attempt(done: Result<(), Failure>) -> Attempt {
    match done {
        Ok(()) => Attempt::Accepted,
        Err(Failure::Judged(attempt) | Failure::Over(attempt) | Failure::Lost(attempt)) => attempt,
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
                "the certificate is not signed by an authority that this machine trusts (mail.smtp_ca_file adds others)"
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
