//! The streams under an SMTP dialogue, read with precautions that lettre lacks.
//!
//! lettre buffers a line until it ends: an endless line would fill the memory long before a deadline. It gives up the
//! connection over an answer that is not UTF-8, as servers in other languages send. And it begins each dialogue with a
//! greeting, which does not come again after `STARTTLS`. It must not know what a line says.

use lettre::transport::smtp::client::AsyncTokioStream;
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// The most bytes that may come in between two writes of ours: far more than a greeting or a handshake with its
/// certificates has.
const MOST_RECEIVED: usize = 1024 * 1024;
/// The most bytes of answers between two writes of ours. lettre reads an answer anew with each of its lines, so a long one
/// would keep a core busy for seconds.
const LONGEST_ANSWERS: usize = 16 * 1024;
/// How many bytes of an answer are read at once.
const PIECE: usize = 4096;

fn endless() -> io::Error {
    io::Error::other("the server does not stop sending")
}

/// A connection that does not listen for ever.
#[derive(Debug)]
pub(super) struct Wire {
    tcp: TcpStream,
    /// How many bytes came in since our last write.
    received: usize,
}

impl Wire {
    pub(super) fn new(tcp: TcpStream) -> Self {
        Self { tcp, received: 0 }
    }

    /// The same connection twice. Drop one of the two before the other is used.
    pub(super) fn twice(self) -> io::Result<(Self, Self)> {
        let tcp = self.tcp.into_std()?;
        let twin = TcpStream::from_std(tcp.try_clone()?)?;
        Ok((Self::new(twin), Self::new(TcpStream::from_std(tcp)?)))
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
            return Poll::Ready(Err(endless()));
        }
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.tcp).poll_read(cx, buf))?;
        self.received += buf.filled().len() - before;
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

/// A stream whose bytes are read as UTF-8, whatever they are.
#[derive(Debug)]
pub(super) struct Answers<S> {
    stream: S,
    /// Text that is ready to be read.
    text: VecDeque<u8>,
    /// The beginning of a character whose rest has not come yet.
    cut: Vec<u8>,
    /// How many bytes came in since our last write.
    received: usize,
}

impl<S> Answers<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream, text: VecDeque::new(), cut: Vec::new(), received: 0 }
    }

    /// A stream that seems to begin with a greeting.
    pub(super) fn greeted(stream: S) -> Self {
        Self { text: b"220 go on\r\n".iter().copied().collect(), ..Self::new(stream) }
    }

    /// Takes bytes in. A character that they cut waits for its rest.
    fn take(&mut self, bytes: &[u8]) {
        self.cut.extend_from_slice(bytes);
        let came = std::mem::take(&mut self.cut);
        let mut chunks = came.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            self.text.extend(chunk.valid().bytes());
            let is_cut = std::str::from_utf8(chunk.invalid()).is_err_and(|error| error.error_len().is_none());
            match chunk.invalid() {
                [] => {}
                begun if is_cut && chunks.peek().is_none() => self.cut = begun.to_vec(),
                _ => self.text.extend(char::REPLACEMENT_CHARACTER.to_string().bytes()),
            }
        }
    }
}

impl<S: AsyncTokioStream> AsyncTokioStream for Answers<S> {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.stream.peer_addr()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Answers<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        while self.text.is_empty() {
            let mut piece = [0; PIECE];
            let mut read = ReadBuf::new(&mut piece);
            ready!(Pin::new(&mut self.stream).poll_read(cx, &mut read))?;
            if read.filled().is_empty() {
                break;
            }
            self.received += read.filled().len();
            if self.received > LONGEST_ANSWERS {
                return Poll::Ready(Err(endless()));
            }
            self.take(read.filled());
        }
        let most = buf.remaining().min(self.text.len());
        let ready: Vec<u8> = self.text.drain(..most).collect();
        buf.put_slice(&ready);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Answers<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.received = 0;
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read_in(pieces: &[&[u8]]) -> String {
        let mut answers = Answers::new(());
        for piece in pieces {
            answers.take(piece);
        }
        String::from_utf8(answers.text.into_iter().collect()).expect("UTF-8")
    }

    #[test]
    fn what_is_no_utf_8_is_marked_and_the_rest_stays() {
        assert_eq!(read_in(&[b"550 Empf\xe4nger\r\n"]), "550 Empf\u{fffd}nger\r\n");
        assert_eq!(read_in(&["550 Empf\u{e4}nger\r\n".as_bytes()]), "550 Empf\u{e4}nger\r\n");
        assert_eq!(read_in(&[b"550 \xf0\x9f", b"\x98", b"\xa0 no\r\n"]), "550 \u{1f620} no\r\n");
        assert_eq!(read_in(&[b"550 \xe4", b"\r\n"]), "550 \u{fffd}\r\n", "a line always ends");
    }

    proptest! {
        #[test]
        fn it_does_not_matter_where_a_piece_ends(bytes in prop::collection::vec(any::<u8>(), 0..60), at in 0..60usize) {
            let (first, second) = bytes.split_at(at.min(bytes.len()));
            let whole = String::from_utf8_lossy(&bytes).into_owned();
            let read = read_in(&[first, second]);
            prop_assert!(whole.starts_with(&read), "{whole:?} {read:?}");
            prop_assert!(!bytes.ends_with(b"\n") || whole == read);
        }
    }
}
