//! What each connection waits for and since when, and who has to go.
//!
//! It owns the list of connections and their deadlines. It must not know HTTP.

use super::Bounds;
use axum::body::{Bytes, HttpBody};
use hyper::body::{Frame, Incoming, SizeHint};
use std::collections::HashMap;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;

/// How often deadlines are checked: each is kept to this.
const SWEEP: Duration = Duration::from_millis(500);
/// At most this much of a body that nobody wants is received before the connection is closed.
const MOST_UNWANTED: u64 = 32 * 1024 * 1024;

/// What a connection waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doing {
    /// The rest of a header.
    Header,
    /// The rest of a body.
    Body,
    /// Our own answer to a whole request.
    Answer,
    /// The peer, to take the answer and ask again.
    Rest,
    /// The peer, to take the answer to a request whose body was not read.
    Refused,
}

impl Doing {
    const ALL: [Self; 5] = [Self::Header, Self::Body, Self::Answer, Self::Rest, Self::Refused];
    /// How many there can be in the number that [`Watch`] keeps.
    const RADIX: u64 = 8;

    fn limit(self, bounds: &Bounds) -> Duration {
        match self {
            Self::Header => bounds.header,
            Self::Body => bounds.body,
            Self::Answer => bounds.answer,
            Self::Rest => bounds.rest,
            Self::Refused => bounds.linger,
        }
    }
}

/// All connections.
#[derive(Debug)]
pub(super) struct Doors {
    bounds: Bounds,
    start: Instant,
    /// Nobody comes in any more, and a stranger who hangs must not hold up the end.
    closing: AtomicBool,
    /// How many came in so far: each is listed by its number.
    entered: AtomicU64,
    open: Mutex<HashMap<u64, Arc<State>>>,
    /// Somebody left, or took an answer and so may be sent away.
    room: Notify,
}

/// One connection in the list, for as long as it lives.
#[derive(Debug)]
pub(super) struct Watch {
    number: u64,
    state: Arc<State>,
    doors: Arc<Doors>,
}

#[derive(Debug)]
struct State {
    /// Milliseconds since the start of the doors, times [`Doing::RADIX`], plus what it does since then. One number, so that
    /// a search through thousands takes no lock.
    since: AtomicU64,
    cut: Notify,
}

impl State {
    fn read(&self) -> (Doing, u64) {
        let number = self.since.load(Ordering::Relaxed);
        let doing = usize::try_from(number % Doing::RADIX).unwrap_or_default();
        (Doing::ALL[doing.min(Doing::ALL.len() - 1)], number / Doing::RADIX)
    }
}

impl Doors {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            start: Instant::now(),
            closing: AtomicBool::new(false),
            entered: AtomicU64::new(0),
            open: Mutex::default(),
            room: Notify::new(),
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX / Doing::RADIX)
    }

    fn open(&self) -> std::sync::MutexGuard<'_, HashMap<u64, Arc<State>>> {
        // A panic elsewhere leaves a sound list behind.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a connection in. If there are too many, the one that has kept us waiting longest has to go; if all are being
    /// answered, the new one waits for the first of them.
    pub(super) async fn enter(self: &Arc<Self>) -> Arc<Watch> {
        while !self.make_room() {
            self.room.notified().await;
        }
        let state =
            State { since: AtomicU64::new(self.now() * Doing::RADIX + Doing::Header as u64), cut: Notify::new() };
        let state = Arc::new(state);
        let number = self.entered.fetch_add(1, Ordering::Relaxed);
        self.open().insert(number, Arc::clone(&state));
        Arc::new(Watch { number, state, doors: Arc::clone(self) })
    }

    /// Sends one away if there are too many. Returns whether another may come in.
    fn make_room(&self) -> bool {
        let mut open = self.open();
        if open.len() < self.bounds.connections {
            return true;
        }
        let waits = open.iter().filter_map(|(number, state)| match state.read() {
            (Doing::Answer, _) => None,
            (_, since) => Some((since, *number)),
        });
        let Some((_, longest)) = waits.min() else { return false };
        if let Some(state) = open.remove(&longest) {
            state.cut.notify_one();
        }
        true
    }

    /// From now on, what has begun must arrive soon.
    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
    }

    /// How long something may take.
    fn limit(&self, doing: Doing) -> Duration {
        let limit = doing.limit(&self.bounds);
        let hurry = self.closing.load(Ordering::Relaxed) && matches!(doing, Doing::Header | Doing::Body);
        if hurry { limit.min(self.bounds.stop) } else { limit }
    }

    /// Cuts connections that take too long. It never returns.
    pub(super) async fn sweep(self: Arc<Self>) {
        loop {
            tokio::time::sleep(SWEEP).await;
            let now = self.now();
            for state in self.open().values() {
                let (doing, since) = state.read();
                if Duration::from_millis(now.saturating_sub(since)) > self.limit(doing) {
                    if doing == Doing::Answer {
                        tracing::error!("an answer took too long, and its connection is closed");
                    }
                    state.cut.notify_one();
                }
            }
        }
    }
}

impl Watch {
    fn doing(&self) -> Doing {
        self.state.read().0
    }

    fn begin(&self, doing: Doing) {
        self.state.since.store(self.doors.now() * Doing::RADIX + doing as u64, Ordering::Relaxed);
    }

    /// Waits until the connection has to go.
    pub(super) async fn cut(&self) {
        self.state.cut.notified().await;
    }

    /// A header is there; `whole` if no body follows.
    pub(super) fn head_is_read(&self, whole: bool) {
        self.begin(if whole { Doing::Answer } else { Doing::Body });
    }

    /// The answer is there. Returns whether a part of the request was not read.
    pub(super) fn answered(&self) -> bool {
        let unread = self.doing() == Doing::Body;
        self.begin(if unread { Doing::Refused } else { Doing::Rest });
        unread
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.doors.open().remove(&self.number);
        self.doors.room.notify_one();
    }
}

/// A body on its way in, which tells when all of it is there.
pub(super) struct Arriving {
    body: Incoming,
    watch: Arc<Watch>,
}

impl Arriving {
    pub(super) fn new(body: Incoming, watch: Arc<Watch>) -> Self {
        Self { body, watch }
    }
}

impl HttpBody for Arriving {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        let whole = frame.is_none() || self.body.is_end_stream();
        if whole && self.watch.doing() == Doing::Body {
            self.watch.begin(Doing::Answer);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A stream that tells when a request begins, and that is not closed while its peer still sends what nobody wants: the
/// kernel would answer that with a reset, and the peer would lose the refusal before it reads it.
pub(super) struct Watched {
    stream: TcpStream,
    watch: Arc<Watch>,
    /// How much of it was received so far, once the answer is out.
    unwanted: Option<u64>,
}

impl Watched {
    pub(super) fn new(stream: TcpStream, watch: Arc<Watch>) -> Self {
        Self { stream, watch, unwanted: None }
    }
}

impl AsyncRead for Watched {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, into))?;
        if into.filled().len() > before && self.watch.doing() == Doing::Rest {
            self.watch.begin(Doing::Header);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        // Here and not when the answer is ready: a client that is cut off before the answer is out loses it.
        if self.watch.doing() != Doing::Answer {
            self.watch.doors.room.notify_one();
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.unwanted.is_none() {
            ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
            self.unwanted = Some(0);
        }
        // Bounded in time by the watch.
        while self.watch.doing() == Doing::Refused {
            let mut buffer = [0; 4096];
            let mut into = ReadBuf::new(&mut buffer);
            ready!(Pin::new(&mut self.stream).poll_read(cx, &mut into))?;
            let received = self.unwanted.unwrap_or_default() + into.filled().len() as u64;
            self.unwanted = Some(received);
            if into.filled().is_empty() || received > MOST_UNWANTED {
                break;
            }
        }
        Poll::Ready(Ok(()))
    }
}
