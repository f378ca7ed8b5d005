//! The socket under an SMTP dialogue, read with the distrust that lettre lacks.
//!
//! lettre reads ahead, and keeps what it read when `STARTTLS` begins the encryption: whoever sits on the way could slip
//! in answers there that pass for encrypted ones. So nothing is read beyond the line that is waited for; what was slipped
//! in meets the handshake, and breaks it. And lettre gathers a line until it ends: one without an end would fill the
//! memory long before a deadline. It must not know what a line says.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll, ready},
};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

/// As much as is looked at for the end of a line. Longer ones, and what is encrypted, come in pieces.
const PIECE: usize = 4096;
/// The most bytes that may come between two of ours: far more than a greeting or a handshake with its certificates has.
const MOST_AT_ONCE: usize = 1024 * 1024;

/// A connection that, if wanted, gives at most one line with each read.
#[derive(Debug)]
pub(super) struct Wire {
    tcp: TcpStream,
    by_line: bool,
    /// How many bytes came since we last said something.
    heard: usize,
}

impl Wire {
    /// `by_line` is for a dialogue that encryption is to begin in: looking ahead costs each read another system call.
    pub(super) fn new(tcp: TcpStream, by_line: bool) -> Self {
        Self { tcp, by_line, heard: 0 }
    }
}

impl AsyncTokioStream for Wire {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.peer_addr()
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.heard > MOST_AT_ONCE {
            return Poll::Ready(Err(io::Error::other("the server does not stop talking")));
        }
        if !self.by_line {
            let before = buf.filled().len();
            ready!(Pin::new(&mut self.tcp).poll_read(cx, buf))?;
            self.heard += buf.filled().len() - before;
            return Poll::Ready(Ok(()));
        }
        let mut piece = [0; PIECE];
        let most = buf.remaining().min(PIECE);
        let ahead = ready!(self.tcp.poll_peek(cx, &mut ReadBuf::new(&mut piece[..most])))?;
        let line = piece[..ahead].iter().position(|byte| *byte == b'\n').map_or(ahead, |end| end + 1);
        let mut read = ReadBuf::new(&mut piece[..line]);
        ready!(Pin::new(&mut self.tcp).poll_read(cx, &mut read))?;
        buf.put_slice(read.filled());
        self.heard += read.filled().len();
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.heard = 0;
        Pin::new(&mut self.tcp).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}
