//! An SMTP server of ours that misbehaves on request, step by step or at random, and counts what it got.
//!
//! It is a peer for tests: it takes any mail, checks nothing, and speaks on 127.0.0.1 only. It stands alone, so that
//! benches use it too.

use std::collections::HashMap;
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ServerConfig, crypto::ring};

/// What a server does at a step instead of being polite. A step is `connect`, `.`, or the first word of a command.
#[derive(Clone, Copy, Debug)]
pub enum Act {
    /// Answers this.
    Say(&'static str),
    /// Answers these bytes.
    Bytes(&'static [u8]),
    /// Answers politely, one byte at a time.
    Dribble,
    /// Answers nothing, and keeps the connection.
    Stall,
    /// Answers nothing for a moment, and goes.
    Hesitate,
    /// Goes. At `.` it took the mail.
    Drop,
    /// At `.` only: goes in the middle of the mail.
    Cut,
}

/// The steps of one connection at which something happens.
pub type Script = Vec<(&'static str, Act)>;

/// How a server misbehaves.
pub enum Plan {
    /// One script a connection, in their order, and polite when there are no more.
    Scripts(Vec<Script>),
    /// At random, from this seed, until the test calls [`calm`](Sink::calm).
    Chance(u64),
}

/// What is encrypted, and the certificate that is shown.
#[derive(Clone, Copy)]
pub enum Tls {
    Never,
    Offered(Pem),
    Always(Pem),
}

/// A certificate for the key of all of them.
pub type Pem = &'static [u8];

/// What a server saw and did.
#[derive(Default)]
pub struct Seen {
    /// What was heard: `connect`, each command line, each mail as `. ` and its lines. Not kept with [`Plan::Chance`].
    pub lines: Vec<String>,
    /// How often each Message-ID was taken.
    pub taken: HashMap<String, u64>,
    /// Connections open now.
    pub open: u64,
    pub connections: u64,
    /// Connections that the server cut after `DATA`, without an answer to the mail.
    pub cut_after_data: u64,
    /// Answers of 4xx and 5xx to a command or a mail.
    pub refused: [u64; 2],
    calm: bool,
}

/// A running server. Clones share it.
#[derive(Clone)]
pub struct Sink {
    pub port: u16,
    seen: Arc<Mutex<Seen>>,
    plan: Arc<Mutex<Plan>>,
}

trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}
type Connection = BufReader<Box<dyn Wire>>;

impl Sink {
    /// A server without encryption.
    pub async fn start(plan: Plan) -> Self {
        Self::with(plan, Tls::Never).await
    }

    pub async fn with(plan: Plan, tls: Tls) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let plan = match plan {
            Plan::Scripts(mut scripts) => {
                scripts.reverse();
                Plan::Scripts(scripts)
            }
            chance @ Plan::Chance(_) => chance,
        };
        let sink = Self { port, seen: Arc::default(), plan: Arc::new(Mutex::new(plan)) };
        let server = sink.clone();
        tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                drop(tcp.set_nodelay(true));
                tokio::spawn(Guest::enter(server.clone(), tls).meet(Box::new(tcp)));
            }
        });
        sink
    }

    /// What was seen until now.
    pub fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().expect("no panic while held")
    }

    /// No more misbehaving at random.
    pub fn calm(&self) {
        self.seen().calm = true;
    }

    /// The first words of what was heard.
    pub fn steps(&self) -> String {
        let seen = self.seen();
        seen.lines.iter().filter_map(|line| line.split_whitespace().next()).collect::<Vec<_>>().join(" ")
    }

    fn mood(&self) -> Mood {
        match &mut *self.plan.lock().expect("no panic while held") {
            Plan::Scripts(scripts) => Mood::Script(scripts.pop().unwrap_or_default()),
            Plan::Chance(seed) => {
                *seed += 1;
                Mood::Chance(fastrand::Rng::with_seed(*seed))
            }
        }
    }
}

enum Mood {
    Script(Script),
    Chance(fastrand::Rng),
}

/// What happens at random: of a thousand, so many.
fn chance(random: &mut fastrand::Rng, step: &str) -> Option<Act> {
    // A refusal of the sender pauses all of sending for a while, so it is rare.
    let of_connections =
        [(1, Act::Say("554 no service")), (10, Act::Say("421 busy")), (10, Act::Drop), (5, Act::Hesitate)];
    let of_senders = [(1, Act::Say("550 5.7.1 never")), (15, Act::Say("451 4.3.0 later")), (10, Act::Dribble)];
    let of_commands = [
        (15, Act::Say("451 4.3.0 later")),
        (4, Act::Say("550 5.1.1 no such user")),
        (2, Act::Drop),
        (1, Act::Hesitate),
        (1, Act::Say("421 closing")),
        (2, Act::Bytes(b"550 5.7.1 \xe4ngstlich")),
        (10, Act::Dribble),
    ];
    let of_mails = [
        (15, Act::Say("452 4.3.1 full")),
        (4, Act::Say("554 5.6.0 never")),
        (15, Act::Drop),
        (10, Act::Cut),
        (5, Act::Hesitate),
        (10, Act::Dribble),
    ];
    let odds: &[(u16, Act)] = match step {
        "connect" | "EHLO" => &of_connections,
        "MAIL" => &of_senders,
        "RCPT" | "DATA" => &of_commands,
        "." => &of_mails,
        _ => return None,
    };
    let mut drawn = random.u16(0..1000);
    odds.iter().find_map(|(odds, act)| match drawn.checked_sub(*odds) {
        None => Some(*act),
        Some(rest) => {
            drawn = rest;
            None
        }
    })
}

/// One connection.
struct Guest {
    sink: Sink,
    mood: Mood,
    tls: Tls,
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.sink.seen().open -= 1;
    }
}

impl Guest {
    fn enter(sink: Sink, tls: Tls) -> Self {
        let mood = sink.mood();
        let mut seen = sink.seen();
        seen.open += 1;
        seen.connections += 1;
        drop(seen);
        Self { sink, mood, tls }
    }

    async fn meet(mut self, wire: Box<dyn Wire>) {
        // However it ends, the other side knows.
        let _: Option<()> = match self.tls {
            Tls::Always(certificate) => match acceptor(certificate).accept(wire).await {
                Ok(wire) => self.serve(BufReader::new(Box::new(wire))).await,
                Err(_) => None,
            },
            Tls::Never | Tls::Offered(_) => self.serve(BufReader::new(wire)).await,
        };
    }

    async fn serve(&mut self, mut wire: Connection) -> Option<()> {
        let mut line = "connect".to_owned();
        let mut act = self.act("connect");
        loop {
            let step = line.split_whitespace().next().unwrap_or_default().to_owned();
            self.note(&step, line, act);
            let answer = match act {
                Some(Act::Say(answer)) => answer.as_bytes(),
                Some(Act::Bytes(answer)) => answer,
                Some(Act::Stall) => pending().await,
                Some(Act::Hesitate) => {
                    tokio::time::sleep(Duration::from_millis(200)).await;
                    return None;
                }
                Some(Act::Drop | Act::Cut) => return None,
                Some(Act::Dribble) | None => self.polite(&step).as_bytes(),
            };
            say(&mut wire, answer, matches!(act, Some(Act::Dribble))).await?;
            if answer.starts_with(b"354") {
                act = self.act(".");
                line = read_mail(&mut wire, matches!(act, Some(Act::Cut))).await?;
                continue;
            }
            if let ("STARTTLS", Tls::Offered(certificate)) = (&*step, self.tls)
                && answer.starts_with(b"220")
            {
                wire = BufReader::new(Box::new(acceptor(certificate).accept(wire.into_inner()).await.ok()?));
            }
            line = String::new();
            wire.read_line(&mut line).await.ok().filter(|read| *read > 0)?;
            act = self.act(line.split_whitespace().next().unwrap_or_default());
        }
    }

    fn act(&mut self, step: &str) -> Option<Act> {
        match &mut self.mood {
            Mood::Script(script) => script.iter().position(|(at, _)| *at == step).map(|n| script.remove(n).1),
            Mood::Chance(_) if self.sink.seen().calm => None,
            Mood::Chance(random) => chance(random, step),
        }
    }

    fn polite(&self, step: &str) -> &'static str {
        match step {
            "connect" => "220 sink",
            "EHLO" if matches!(self.tls, Tls::Offered(_)) => "250-sink\r\n250 STARTTLS",
            "EHLO" if matches!(self.mood, Mood::Chance(_)) => "250-sink\r\n250 PIPELINING",
            "STARTTLS" if matches!(self.tls, Tls::Offered(_)) => "220 go on",
            "STARTTLS" => "502 not here",
            "DATA" => "354 go on",
            "QUIT" => "221 bye",
            _ => "250 fine",
        }
    }

    fn note(&self, step: &str, line: String, act: Option<Act>) {
        let mut seen = self.sink.seen();
        match act {
            Some(Act::Say(answer)) if answer.starts_with('4') => seen.refused[0] += 1,
            Some(Act::Say(answer)) if answer.starts_with('5') => seen.refused[1] += 1,
            Some(Act::Drop | Act::Cut | Act::Hesitate) if step == "." => seen.cut_after_data += 1,
            _ => {}
        }
        let takes = match act {
            None | Some(Act::Dribble | Act::Drop) => true,
            Some(Act::Say(answer)) => answer.starts_with('2'),
            Some(Act::Bytes(_) | Act::Stall | Act::Hesitate | Act::Cut) => false,
        };
        if step == "." && takes {
            let mut headers = line.trim_start_matches(". ").lines();
            let id = headers.find_map(|line| line.strip_prefix("Message-ID: ")).unwrap_or_default();
            *seen.taken.entry(id.trim().to_owned()).or_default() += 1;
        }
        if matches!(self.mood, Mood::Script(_)) {
            seen.lines.push(line);
        }
    }
}

async fn say(wire: &mut Connection, answer: &[u8], dribble: bool) -> Option<()> {
    let answer = [answer, b"\r\n"].concat();
    for part in answer.chunks(if dribble { 1 } else { answer.len() }) {
        wire.write_all(part).await.ok()?;
        wire.flush().await.ok()?;
        if dribble {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    Some(())
}

/// A mail after `. `, as it was on the wire; of one that is to be cut, its first line.
async fn read_mail(wire: &mut Connection, cut: bool) -> Option<String> {
    let mut mail = ". ".to_owned();
    while !mail.ends_with("\r\n.\r\n") {
        wire.read_line(&mut mail).await.ok().filter(|read| *read > 0)?;
        if cut {
            break;
        }
    }
    Some(mail)
}

pub fn acceptor(certificate: Pem) -> TlsAcceptor {
    let certificate = CertificateDer::from_pem_slice(certificate).expect("a certificate");
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("../data/tls/nobody.key")).expect("a key");
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().expect("TLS").with_no_client_auth();
    TlsAcceptor::from(Arc::new(config.with_single_cert(vec![certificate], key).expect("a pair")))
}
