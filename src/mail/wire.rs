//! The socket under an SMTP dialogue, read with precautions that lettre lacks.
//!
//! lettre reads ahead, and keeps what it has read when `STARTTLS` begins the encryption: an attacker on the network
//! could insert answers there that pass for encrypted ones. So this never reads beyond the line that lettre waits for;
//! inserted bytes end up in the handshake, and break it. And lettre buffers a line until it ends: an endless line would
//! fill the memory long before a deadline. It must not know what a line says.

use lettre::transport::smtp::client::AsyncTokioStream;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// How many bytes are searched for the end of a line. Longer lines, and encrypted bytes, are read in several pieces.
const PIECE: usize = 4096;
/// The most bytes that may come in between two writes of ours: far more than a greeting or a handshake with its
/// certificates has.
const MOST_RECEIVED: usize = 1024 * 1024;

/// A connection that can be limited to one line for each read.
#[derive(Debug)]
pub(super) struct Wire {
    tcp: TcpStream,
    by_line: bool,
    /// How many bytes came in since our last write.
    received: usize,
}

impl Wire {
    /// Set `by_line` if encryption is to begin within the dialogue: it costs each read another system call.
    pub(super) fn new(tcp: TcpStream, by_line: bool) -> Self {
        Self { tcp, by_line, received: 0 }
    }
}

impl AsyncTokioStream for Wire {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.peer_addr()
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.received > MOST_RECEIVED {
            return Poll::Ready(Err(io::Error::other("the server does not stop sending")));
        }
        if !self.by_line {
            let before = buf.filled().len();
            ready!(Pin::new(&mut self.tcp).poll_read(cx, buf))?;
            self.received += buf.filled().len() - before;
            return Poll::Ready(Ok(()));
        }
        let mut piece = [0; PIECE];
        let most = buf.remaining().min(PIECE);
        let ahead = ready!(self.tcp.poll_peek(cx, &mut ReadBuf::new(&mut piece[..most])))?;
        let line = piece[..ahead].iter().position(|byte| *byte == b'\n').map_or(ahead, |end| end + 1);
        let mut read = ReadBuf::new(&mut piece[..line]);
        ready!(Pin::new(&mut self.tcp).poll_read(cx, &mut read))?;
        buf.put_slice(read.filled());
        self.received += read.filled().len();
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.received = 0;
        Pin::new(&mut self.tcp).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}
