//! The SMTP way out: one mail at a time over a connection that is kept from mail to mail.
//!
//! Owns the dialogue with the server, its deadlines, and what each failure means for the mail. It must not know what a
//! mail says, nor when it is tried again. It logs neither mails nor addresses.
//!
//! lettre speaks the protocol, but its pooled transport is not used: it has no deadline after the TCP connect, and it
//! puts a connection back that was given up in the middle of a mail.

use std::{error::Error as StdError, io, time::Duration};

use crate::survey::delivery::{Attempt, without_addresses};
use lettre::transport::smtp::{
    Error,
    authentication::{Credentials, DEFAULT_MECHANISMS},
    client::{AsyncSmtpConnection, AsyncTokioStream, TlsParameters},
    commands::{Data, Ehlo, Mail, Rcpt},
    extension::{ClientId, Extension, MailBodyParameter, MailParameter},
    response::{Response, Severity},
};
use tokio::{
    net::{TcpStream, lookup_host},
    time::timeout,
};

use super::{tls::TlsFromTheStart, transport::Letter, wire::Wire};

/// A reason is stored with the mail and shown in a table: enough to understand, too little to fill a disk.
const REASON_CHARACTERS: usize = 300;

/// An SMTP server, and how to talk to it.
#[derive(Clone, Debug)]
pub struct Smtp {
    /// Its name, which its certificate must bear, or its address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Whether and when the connection is encrypted.
    pub tls: Tls,
    /// User and password. `(user, password).into()` makes one; its `Debug` shows neither.
    pub login: Option<Credentials>,
    /// The name we give ourselves in `EHLO`.
    pub hello: String,
    /// How long to wait for what.
    pub deadlines: Deadlines,
}

/// Whether and when a connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// From the first byte (`smtps://`, port 465).
    Implicit,
    /// By `STARTTLS`, before login and mail; without it nothing is sent (`smtp://`, port 587 or 25).
    StartTls,
    /// Never.
    Off,
}

/// How long to wait for what. To carry a mail takes at most one `session` and, as a connection that died while it was
/// idle is replaced, twice three times `command` and a `message`.
#[derive(Clone, Copy, Debug)]
pub struct Deadlines {
    /// For one of the server's addresses to take the connection, so that a dead one leaves time for the next.
    pub connect: Duration,
    /// For the whole of connecting, greeting, encryption and login.
    pub session: Duration,
    /// For the answer to each command.
    pub command: Duration,
    /// For the mail itself and the answer to it.
    pub message: Duration,
    /// For the answer to `QUIT`.
    pub quit: Duration,
}

/// RFC 5321 §4.5.3.2 grants minutes to strangers' servers. Ours is one relay that the operator chose, and a worker that
/// waits sends nothing; only where giving up early costs a second mail do we wait as long as the RFC says.
impl Default for Deadlines {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(15), // three SYNs lost in a row
            session: Duration::from_mins(1),  // some servers greet late on purpose, by up to half a minute
            command: Duration::from_mins(1),  // checks of sender and recipient ask other servers
            message: Duration::from_mins(10), // the RFC's: who gives up while the server stores the mail sends it twice
            quit: Duration::from_secs(5),     // a courtesy
        }
    }
}

/// A connection that is ready for mail.
pub(super) struct Session {
    connection: AsyncSmtpConnection,
    /// Whether the server takes several commands at once (`PIPELINING`, RFC 2920).
    pipelines: bool,
}

impl Smtp {
    /// Tries once to hand a mail over. Takes the session out of `kept` and puts it back only when the mail was taken,
    /// so that none is used again whose dialogue broke off anywhere.
    pub(super) async fn carry(&self, kept: &mut Option<Session>, letter: &Letter) -> Attempt {
        if let Some(session) = kept.take() {
            // Servers close connections that were idle: that says nothing about the next one.
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
        // No answer is as good as any: the connection is dropped either way.
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

    /// `MAIL`, `RCPT`, `DATA`, the mail. It is the step that tells what a failure means: before `DATA` is answered by 354
    /// nothing can have been delivered, after it everything can.
    async fn dialogue(&self, session: &mut Session, letter: &Letter) -> Result<(), Attempt> {
        let Session { connection, pipelines } = session;
        let mut parameters = vec![];
        if ![&letter.from, &letter.to].iter().all(|address| AsRef::<str>::as_ref(address).is_ascii()) {
            if !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
                let reason = "the address is not plain ASCII, and the server does not offer SMTPUTF8";
                return Err(Attempt::Permanent(reason.into()));
            }
            // The mail's header names the address, so it is not ASCII either.
            parameters = vec![MailParameter::SmtpUtfEight, MailParameter::Body(MailBodyParameter::EightBitMime)];
        }
        let mail = Mail::new(Some(letter.from.clone()), parameters);
        let rcpt = Rcpt::new(letter.to.clone(), vec![]);
        let go = if *pipelines {
            // Whoever fails ends the session, so what follows it needs no answer (RFC 2920 §3.1).
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
        // lettre ends the mail by a line break of its own.
        let raw = letter.raw.strip_suffix(b"\r\n").unwrap_or(&letter.raw);
        match timeout(self.deadlines.message, connection.message(raw)).await {
            Ok(Ok(taken)) if taken.code().severity == Severity::PositiveCompletion => Ok(()),
            Ok(Ok(odd)) => Err(Attempt::Unknown(format!("the server answers the mail with {}", odd.code()))),
            Ok(Err(error)) => Err(match self.judge(&error, Attempt::Unknown) {
                // It came this far, so it costs the mail a try: else all of it would go out again every moment.
                Attempt::Unreachable(reason) => Attempt::Temporary(reason),
                outcome => outcome,
            }),
            Err(_) => Err(Attempt::Unknown(format!("no answer to the mail within {:?}", self.deadlines.message))),
        }
    }

    /// Waits for the answer to a command, as long as one may take.
    async fn answer(&self, answer: impl Future<Output = Result<Response, Error>>) -> Result<Response, Attempt> {
        match timeout(self.deadlines.command, answer).await {
            Ok(answer) => answer.map_err(|error| self.judge(&error, Attempt::Unreachable)),
            Err(_) => Err(Attempt::Unreachable(format!("no answer to a command within {:?}", self.deadlines.command))),
        }
    }

    /// A session that is ready for mail, or why there is none.
    async fn open(&self) -> Result<Session, String> {
        let limit = self.deadlines.session;
        match timeout(limit, self.connect_and_log_in()).await {
            Ok(session) => session.map_err(|error| self.explain(&*error)),
            Err(_) => Err(format!("{}:{}: not ready within {limit:?}{}", self.host, self.port, self.tls_hint())),
        }
    }

    async fn connect_and_log_in(&self) -> Result<Session, Box<dyn StdError + Send + Sync>> {
        let tcp = self.dial().await?;
        // A command is one small packet and its answer is waited for; Nagle would add 40 ms to each mail.
        tcp.set_nodelay(true)?;
        let tcp = Wire::new(tcp, self.tls == Tls::StartTls);
        // Read for each connection: that is rare, and authorities added to the machine count without a restart.
        let tls = || TlsParameters::new(self.host.clone());
        let hello = ClientId::Domain(self.hello.clone());
        let stream: Box<dyn AsyncTokioStream> = match self.tls {
            Tls::Implicit => Box::new(TlsFromTheStart::shake_hands(tcp, tls()?).await?),
            Tls::StartTls | Tls::Off => Box::new(tcp),
        };
        let mut connection = AsyncSmtpConnection::connect_with_transport(stream, &hello).await?;
        if self.tls == Tls::StartTls {
            if !connection.can_starttls() {
                return Err("the server does not offer STARTTLS, and without it nothing is sent".into());
            }
            connection.starttls(tls()?, &hello).await?;
        }
        if let Some(login) = &self.login {
            if connection.server_info().get_auth_mechanism(DEFAULT_MECHANISMS).is_none() {
                return Err("the server offers no login by PLAIN or LOGIN; many do so over TLS only".into());
            }
            connection.auth(DEFAULT_MECHANISMS, login).await?;
        }
        // Once more, as lettre does not tell of this one: it saves two waits for an answer with each mail.
        let extensions = connection.command(Ehlo::new(hello)).await?;
        let pipelines = extensions.message().any(|line| line.eq_ignore_ascii_case("PIPELINING"));
        Ok(Session { connection, pipelines })
    }

    /// The first of the server's addresses that takes a connection.
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

    /// What a failure means for the mail: as the server says, or `otherwise` if it did not answer.
    fn judge(&self, error: &Error, otherwise: fn(String) -> Attempt) -> Attempt {
        let meaning = match error.status() {
            None => otherwise,
            // The server closes down, or wants login or encryption first. Neither speaks of the mail.
            Some(code) if matches!(code.into(), 421 | 530) => Attempt::Unreachable,
            Some(code) if code.severity == Severity::TransientNegativeCompletion => Attempt::Temporary,
            Some(_) => Attempt::Permanent,
        };
        meaning(self.explain(error))
    }

    /// One line for people, without the layers that an error went through.
    fn explain(&self, error: &(dyn StdError + 'static)) -> String {
        let Self { host, port, .. } = self;
        let cause = innermost(error);
        let answer = error.downcast_ref::<Error>();
        let text = if let Some(code) = answer.and_then(Error::status) {
            format!("{code} {cause}")
        } else if let Some(tls) = tls_error(error) {
            format!("{host}:{port}: {}", tls_flaw(tls))
        } else if answer.is_some_and(Error::is_response) {
            format!("{host}:{port}: the connection was closed, or no SMTP is spoken here{}", self.tls_hint())
        } else {
            format!("{host}:{port}: {cause}")
        };
        let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        without_addresses(&clean).chars().take(REASON_CHARACTERS).collect()
    }

    /// A server that expects TLS at once waits for us, as we wait for its greeting.
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

/// What TLS had to say, wherever in an error's layers. An [`io::Error`] is no `source` of itself but hides what it wraps.
fn tls_error<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a rustls::Error> {
    if let Some(tls) = error.downcast_ref() {
        return Some(tls);
    }
    match error.downcast_ref::<io::Error>() {
        Some(wrapper) => tls_error(wrapper.get_ref()?),
        None => tls_error(error.source()?),
    }
}

fn tls_flaw(error: &rustls::Error) -> String {
    use rustls::{CertificateError as Flaw, Error::InvalidCertificate};
    let plain = match error {
        InvalidCertificate(Flaw::Expired | Flaw::ExpiredContext { .. }) => "the certificate has expired",
        InvalidCertificate(Flaw::NotValidForName | Flaw::NotValidForNameContext { .. }) => {
            "the certificate is for another name"
        }
        // `Other` is what one amounts to that signed itself.
        InvalidCertificate(Flaw::UnknownIssuer | Flaw::Other(_)) => {
            "the certificate is not signed by an authority that this machine trusts"
        }
        rustls::Error::InvalidMessage(_) => "no TLS is spoken here (smtps:// is for ports such as 465, else smtp://)",
        other => return other.to_string(),
    };
    plain.into()
}
