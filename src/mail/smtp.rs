//! The SMTP way out: one mail at a time over a connection that is kept from mail to mail.
//!
//! Owns the dialogue with the server, its deadlines, and what each failure means for the mail. It must not know what a
//! mail says, nor when it is tried again. It logs neither mails nor addresses.
//!
//! lettre speaks the protocol, but its pooled transport is not used: it has no deadline after the TCP connect, and it
//! puts a connection back that was given up in the middle of a mail.

use std::{error::Error as StdError, fmt, io, time::Duration};

use crate::survey::delivery::Attempt;
use lettre::transport::smtp::{
    Error,
    authentication::{Credentials, DEFAULT_MECHANISMS},
    client::{AsyncSmtpConnection, AsyncTokioStream, TlsParameters},
    commands::{Data, Mail, Rcpt},
    extension::{ClientId, Extension, MailBodyParameter, MailParameter},
    response::{Response, Severity},
};
use tokio::{
    net::{TcpStream, lookup_host},
    time::timeout,
};

use super::{tls::TlsFromTheStart, transport::Letter};

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

impl Smtp {
    /// Tries once to hand a mail over. Takes the connection out of `kept` and puts it back only when the mail was taken,
    /// so that none is used again whose dialogue broke off anywhere.
    pub(super) async fn carry(&self, kept: &mut Option<AsyncSmtpConnection>, letter: &Letter) -> Attempt {
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
    pub(super) async fn quit(&self, mut session: AsyncSmtpConnection) {
        // No answer is as good as any: the connection is dropped either way.
        let _ = timeout(self.deadlines.quit, session.quit()).await;
    }

    async fn hand_over(
        &self,
        mut session: AsyncSmtpConnection,
        kept: &mut Option<AsyncSmtpConnection>,
        letter: &Letter,
    ) -> Attempt {
        match self.dialogue(&mut session, letter).await {
            Ok(()) => {
                *kept = Some(session);
                Attempt::Accepted
            }
            Err(outcome) => outcome,
        }
    }

    /// `MAIL`, `RCPT`, `DATA`, the mail. Step by step, as it is the step that tells what a failure means: before `DATA`
    /// is answered by 354 nothing can have been delivered, after it everything can.
    async fn dialogue(&self, session: &mut AsyncSmtpConnection, letter: &Letter) -> Result<(), Attempt> {
        let mut parameters = vec![];
        if ![&letter.from, &letter.to].iter().all(|address| AsRef::<str>::as_ref(address).is_ascii()) {
            if !session.server_info().supports_feature(Extension::SmtpUtfEight) {
                let reason = "the address is not plain ASCII, and the server does not offer SMTPUTF8";
                return Err(Attempt::Permanent(reason.into()));
            }
            // The mail's header names the address, so it is not ASCII either.
            parameters = vec![MailParameter::SmtpUtfEight, MailParameter::Body(MailBodyParameter::EightBitMime)];
        }
        self.command(session, Mail::new(Some(letter.from.clone()), parameters)).await?;
        self.command(session, Rcpt::new(letter.to.clone(), vec![])).await?;
        let go = self.command(session, Data).await?;
        if !go.has_code(354) {
            return Err(Attempt::Unreachable(format!("the server answers DATA with {}", go.code())));
        }
        // lettre ends the mail by a line break of its own.
        let raw = letter.raw.strip_suffix(b"\r\n").unwrap_or(&letter.raw);
        match timeout(self.deadlines.message, session.message(raw)).await {
            Ok(Ok(taken)) if taken.code().severity == Severity::PositiveCompletion => Ok(()),
            Ok(Ok(odd)) => Err(Attempt::Unknown(format!("the server answers the mail with {}", odd.code()))),
            Ok(Err(error)) => Err(self.judge(&error, Attempt::Unknown)),
            Err(_) => Err(Attempt::Unknown(format!("no answer to the mail within {:?}", self.deadlines.message))),
        }
    }

    async fn command(
        &self,
        session: &mut AsyncSmtpConnection,
        command: impl fmt::Display,
    ) -> Result<Response, Attempt> {
        match timeout(self.deadlines.command, session.command(command)).await {
            Ok(answer) => answer.map_err(|error| self.judge(&error, Attempt::Unreachable)),
            Err(_) => Err(Attempt::Unreachable(format!("no answer to a command within {:?}", self.deadlines.command))),
        }
    }

    /// A session that is ready for mail, or why there is none.
    async fn open(&self) -> Result<AsyncSmtpConnection, String> {
        let limit = self.deadlines.session;
        match timeout(limit, self.connect_and_log_in()).await {
            Ok(session) => session.map_err(|error| self.explain(&*error)),
            Err(_) => Err(format!("{}:{}: not ready within {limit:?}{}", self.host, self.port, self.tls_hint())),
        }
    }

    async fn connect_and_log_in(&self) -> Result<AsyncSmtpConnection, Box<dyn StdError + Send + Sync>> {
        let tcp = self.dial().await?;
        // A command is one small packet and its answer is waited for; Nagle would add 40 ms to each mail.
        tcp.set_nodelay(true)?;
        // Read for each connection: that is rare, and authorities added to the machine count without a restart.
        let tls = || TlsParameters::new(self.host.clone());
        let hello = ClientId::Domain(self.hello.clone());
        let stream: Box<dyn AsyncTokioStream> = match self.tls {
            Tls::Implicit => Box::new(TlsFromTheStart::shake_hands(tcp, tls()?).await?),
            Tls::StartTls | Tls::Off => Box::new(tcp),
        };
        let mut session = AsyncSmtpConnection::connect_with_transport(stream, &hello).await?;
        if self.tls == Tls::StartTls {
            if !session.can_starttls() {
                return Err("the server does not offer STARTTLS, and without it nothing is sent".into());
            }
            session.starttls(tls()?, &hello).await?;
        }
        if let Some(login) = &self.login {
            if session.server_info().get_auth_mechanism(DEFAULT_MECHANISMS).is_none() {
                return Err("the server offers no login by PLAIN or LOGIN; many do so over TLS only".into());
            }
            session.auth(DEFAULT_MECHANISMS, login).await?;
        }
        Ok(session)
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

/// Servers repeat the recipient in their answers, and answers are logged and shown: an address must not be.
fn without_addresses(text: &str) -> String {
    let words = text.split(' ').map(|word| if word.contains('@') { "<address>" } else { word });
    words.collect::<Vec<_>>().join(" ")
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

#[cfg(test)]
mod tests {
    use std::{
        future::pending,
        sync::{Arc, Mutex},
    };

    use tokio::{
        io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
        net::TcpListener,
    };

    use super::{
        super::transport::{Postman, Transport},
        *,
    };

    const LONG: Duration = Duration::from_secs(10);
    const SHORT: Duration = Duration::from_millis(250);
    const ONE_MAIL: &str = "connect EHLO MAIL RCPT DATA .";

    /// What a server does at a step instead of being polite.
    #[derive(Clone, Copy, Debug)]
    enum Act {
        Say(&'static str),
        Stall,
        Drop,
    }
    use Act::{Drop, Say, Stall};

    /// The steps of one connection at which something happens: `connect`, `.`, or the first word of a command.
    type Script = Vec<(&'static str, Act)>;

    /// At this step this happens: what it means for the mail, and words of the reason.
    type Case = (&'static str, Act, fn(String) -> Attempt, &'static str);

    struct Sink {
        port: u16,
        heard: Arc<Mutex<Vec<String>>>,
    }

    impl Sink {
        /// A server that plays one script a connection, and is polite when there are no more.
        async fn start(scripts: impl IntoIterator<Item = Script>) -> Self {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
            let sink = Self { port: listener.local_addr().expect("bound").port(), heard: Arc::default() };
            let heard = Arc::clone(&sink.heard);
            let mut scripts: Vec<_> = scripts.into_iter().collect();
            scripts.reverse();
            tokio::spawn(async move {
                while let Ok((tcp, _)) = listener.accept().await {
                    tokio::spawn(play(tcp, scripts.pop().unwrap_or_default(), Arc::clone(&heard)));
                }
            });
            sink
        }

        fn smtp(&self, limit: Duration) -> Smtp {
            Smtp {
                host: "127.0.0.1".into(),
                port: self.port,
                tls: Tls::Off,
                login: None,
                hello: "test.example".into(),
                deadlines: Deadlines { connect: limit, session: limit, command: limit, message: limit, quit: limit },
            }
        }

        fn postman(&self, limit: Duration) -> Postman {
            Transport::Smtp(self.smtp(limit)).postman()
        }

        fn lines(&self) -> Vec<String> {
            self.heard.lock().expect("no panic while held").clone()
        }

        /// The first words of what was heard.
        fn steps(&self) -> String {
            let lines = self.lines();
            lines.iter().filter_map(|line| line.split_whitespace().next()).collect::<Vec<_>>().join(" ")
        }
    }

    async fn play(tcp: TcpStream, mut script: Script, heard: Arc<Mutex<Vec<String>>>) {
        let mut tcp = BufReader::new(tcp);
        let mut line = "connect".to_owned();
        loop {
            let step = line.split_whitespace().next().unwrap_or_default().to_owned();
            heard.lock().expect("no panic while held").push(line);
            let answer = match script.iter().position(|(at, _)| *at == step).map(|n| script.remove(n).1) {
                Some(Say(answer)) => answer,
                Some(Stall) => pending().await,
                Some(Drop) => return,
                None if step == "DATA" => "354 go on",
                None if step == "QUIT" => "221 bye",
                None => "250 fine",
            };
            tcp.write_all(format!("{answer}\r\n").as_bytes()).await.expect("a client that listens");
            line = String::new();
            if answer.starts_with("354") {
                line.push_str(". ");
                while !line.ends_with("\r\n.\r\n") {
                    if !matches!(tcp.read_line(&mut line).await, Ok(1..)) {
                        return;
                    }
                }
            } else if !matches!(tcp.read_line(&mut line).await, Ok(1..)) {
                return;
            }
        }
    }

    fn letter(to: &str) -> Letter {
        let raw = b"Subject: Hi\r\n\r\nThanks.\r\n".to_vec();
        Letter {
            id: "1".into(),
            from: "us@example.com".parse().expect("an address"),
            to: to.parse().expect("an address"),
            raw,
        }
    }

    /// Carries a mail, and never waits longer than a deadline that holds.
    async fn carry(postman: &mut Postman) -> Attempt {
        timeout(LONG, postman.carry(&letter("ada@example.com"))).await.expect("a deadline that holds")
    }

    fn is_unreachable(outcome: &Attempt, why: &str) -> bool {
        matches!(outcome, Attempt::Unreachable(reason) if reason.contains(why))
    }

    #[tokio::test]
    async fn a_connection_is_kept_from_mail_to_mail_and_closed_politely() {
        let sink = Sink::start([]).await;
        let mut postman = sink.postman(LONG);
        for _ in 0..2 {
            assert_eq!(carry(&mut postman).await, Attempt::Accepted);
        }
        postman.rest().await;
        postman.rest().await;
        assert_eq!(sink.steps(), format!("{ONE_MAIL} MAIL RCPT DATA . QUIT"));
        assert_eq!(sink.lines()[2..4], ["MAIL FROM:<us@example.com>\r\n", "RCPT TO:<ada@example.com>\r\n"]);
    }

    #[tokio::test]
    async fn every_line_of_the_mail_arrives_as_it_was() {
        let sink = Sink::start([]).await;
        let raw = b"Subject: dots\r\n\r\n.\r\n..two\r\nin. the middle\r\n.\r\n".to_vec();
        let outcome = sink.postman(LONG).carry(&Letter { raw, ..letter("ada@example.com") }).await;
        assert_eq!(outcome, Attempt::Accepted);
        let wire = ". Subject: dots\r\n\r\n..\r\n...two\r\nin. the middle\r\n..\r\n.\r\n";
        assert_eq!(sink.lines()[5], wire, "each leading dot doubled, no line added");
    }

    #[tokio::test]
    async fn the_step_and_the_answer_tell_what_a_failure_means() {
        use Attempt::{Permanent, Temporary, Unknown, Unreachable};
        let cases: [Case; 24] = [
            ("connect", Say("554 no service"), Unreachable, "554 no service"),
            ("connect", Say("SSH-2.0-x"), Unreachable, "no SMTP is spoken here (a port that expects TLS at once"),
            ("connect", Stall, Unreachable, "not ready within 250ms (a port that expects TLS at once"),
            ("connect", Drop, Unreachable, "the connection was closed"),
            ("EHLO", Say("502 what"), Unreachable, "502 what"),
            ("EHLO", Stall, Unreachable, "not ready within 250ms"),
            ("MAIL", Say("550 not you"), Permanent, "550 not you"),
            ("MAIL", Say("530 5.7.0 log in first"), Unreachable, "530 5.7.0 log in first"),
            ("MAIL", Stall, Unreachable, "no answer to a command within 250ms"),
            ("RCPT", Say("550-5.1.1 no\r\n550 5.1.1 such\tuser"), Permanent, "550 5.1.1 no such user"),
            ("RCPT", Say("450 4.2.0 later"), Temporary, "450 4.2.0 later"),
            ("RCPT", Say("421 closing"), Unreachable, "421 closing"),
            ("RCPT", Drop, Unreachable, "the connection was closed"),
            ("DATA", Say("554 no"), Permanent, "554 no"),
            ("DATA", Say("250 what"), Unreachable, "the server answers DATA with 250"),
            ("DATA", Stall, Unreachable, "no answer to a command within 250ms"),
            ("DATA", Drop, Unreachable, "the connection was closed"),
            (".", Say("552 too big"), Permanent, "552 too big"),
            (".", Say("451 busy"), Temporary, "451 busy"),
            (".", Say("421 closing"), Unreachable, "421 closing"),
            (".", Say("354 more"), Unknown, "the server answers the mail with 354"),
            (".", Say("what"), Unknown, "no SMTP is spoken here"),
            (".", Stall, Unknown, "no answer to the mail within 250ms"),
            (".", Drop, Unknown, "the connection was closed"),
        ];
        for (step, act, meaning, reason) in cases {
            let sink = Sink::start([vec![(step, act)]]).await;
            let mut postman = sink.postman(if matches!(act, Stall) { SHORT } else { LONG });
            let outcome = carry(&mut postman).await;
            let (Permanent(told) | Temporary(told) | Unknown(told) | Unreachable(told)) = &outcome else {
                panic!("{step} {act:?}: {outcome:?}");
            };
            assert_eq!(outcome, meaning(told.clone()), "{step} {act:?}");
            assert!(told.contains(reason), "{step} {act:?}: {told}");
            assert_eq!(carry(&mut postman).await, Attempt::Accepted, "the mail after {step} {act:?}");
            let steps = sink.steps();
            assert!(steps.ends_with(ONE_MAIL) && steps.matches("connect").count() == 2, "afresh: {steps}");
        }
    }

    #[tokio::test]
    async fn a_kept_connection_that_died_is_replaced_at_once() {
        for death in [Drop, Stall, Say("421 idle for too long")] {
            let sink = Sink::start([vec![("MAIL", Say("250 fine")), ("MAIL", death)]]).await;
            let mut postman = sink.postman(if matches!(death, Stall) { SHORT } else { LONG });
            for _ in 0..2 {
                assert_eq!(carry(&mut postman).await, Attempt::Accepted, "{death:?}");
            }
            assert_eq!(sink.steps().matches("connect").count(), 2, "{death:?}");
        }
    }

    #[tokio::test]
    async fn a_mail_that_was_given_up_midway_does_not_spoil_the_next() {
        let sink = Sink::start([vec![(".", Stall)]]).await;
        let mut postman = sink.postman(LONG);
        assert!(timeout(SHORT, carry(&mut postman)).await.is_err(), "dropped by the caller");
        assert_eq!(carry(&mut postman).await, Attempt::Accepted);
        assert_eq!(sink.steps(), format!("{ONE_MAIL} {ONE_MAIL}"));
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_is_unreachable() {
        let port = TcpListener::bind("127.0.0.1:0").await.expect("a free port").local_addr().expect("bound").port();
        let gone = Sink { port, heard: Arc::default() };
        let outcome = carry(&mut gone.postman(LONG)).await;
        assert!(is_unreachable(&outcome, &format!("127.0.0.1:{port}: Connection refused")), "{outcome:?}");
    }

    #[tokio::test]
    async fn nothing_is_sent_without_the_encryption_asked_for() {
        for (tls, why) in [(Tls::StartTls, "does not offer STARTTLS"), (Tls::Implicit, "no TLS is spoken here")] {
            let sink = Sink::start([]).await;
            let login = Some(("ada".to_owned(), "secret".to_owned()).into());
            let outcome = carry(&mut Transport::Smtp(Smtp { tls, login, ..sink.smtp(LONG) }).postman()).await;
            assert!(is_unreachable(&outcome, why), "{outcome:?}");
            assert!(!sink.steps().contains("AUTH") && !sink.steps().contains("MAIL"), "{}", sink.steps());
        }
    }

    #[tokio::test]
    async fn login_by_plain_or_login_and_what_its_failure_means() {
        let plain = ("EHLO", Say("250-sink\r\n250 AUTH PLAIN LOGIN"));
        let by_login = ("EHLO", Say("250-sink\r\n250 AUTH LOGIN"));
        let asks = [("AUTH", Say("334 VXNlcm5hbWU6")), ("YWRh", Say("334 UGFzc3dvcmQ6")), ("c2VjcmV0", Say("235 in"))];
        for (script, told, heard) in [
            (vec![plain], None, "AUTH PLAIN AGFkYQBzZWNyZXQ="),
            (vec![by_login, asks[0], asks[1], asks[2]], None, "c2VjcmV0"),
            (vec![plain, ("AUTH", Say("535 5.7.8 wrong"))], Some("535 5.7.8 wrong"), "AUTH PLAIN AGFkYQBzZWNyZXQ="),
            (vec![], Some("offers no login"), "EHLO test.example"),
        ] {
            let sink = Sink::start([script]).await;
            let smtp = Smtp { login: Some(("ada".to_owned(), "secret".to_owned()).into()), ..sink.smtp(LONG) };
            assert!(!format!("{smtp:?}").contains("secret"));
            let outcome = carry(&mut Transport::Smtp(smtp).postman()).await;
            match told {
                None => assert_eq!(outcome, Attempt::Accepted),
                Some(why) => assert!(is_unreachable(&outcome, why), "{outcome:?}"),
            }
            assert!(sink.lines().iter().any(|line| line.trim_end() == heard), "{:?}", sink.lines());
        }
    }

    #[tokio::test]
    async fn an_address_beyond_ascii_needs_a_server_that_takes_it() {
        let offers = vec![("EHLO", Say("250-sink\r\n250-8BITMIME\r\n250 SMTPUTF8"))];
        let sink = Sink::start([vec![], offers]).await;
        let mut postman = sink.postman(LONG);
        let letter = letter("grüße@example.com");
        let refused = postman.carry(&letter).await;
        assert!(matches!(&refused, Attempt::Permanent(reason) if reason.contains("SMTPUTF8")), "{refused:?}");
        assert_eq!(postman.carry(&letter).await, Attempt::Accepted);
        assert!(sink.lines().contains(&"MAIL FROM:<us@example.com> SMTPUTF8 BODY=8BITMIME\r\n".to_owned()));
    }

    #[tokio::test]
    async fn a_talkative_server_is_cut_short() {
        let long = format!("550 {}", "é".repeat(400)).leak();
        let sink = Sink::start([vec![("RCPT", Say(long))]]).await;
        let outcome = carry(&mut sink.postman(LONG)).await;
        assert!(
            matches!(&outcome, Attempt::Permanent(reason) if reason.chars().count() == REASON_CHARACTERS),
            "{outcome:?}"
        );
    }
}
