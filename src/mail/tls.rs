//! TLS under the SMTP dialogue, over a socket that we opened.
//!
//! lettre opens the socket for implicit TLS itself, without `TCP_NODELAY`, and lets nobody between its `STARTTLS` and its
//! dialogue. So this puts lettre's TLS between our socket and its dialogue. It must not know what is sent over it.

#![expect(deprecated, reason = "lettre offers its TLS over a given socket by no other type")]

use super::wire::Wire;
use lettre::transport::smtp::client::{AsyncNetworkStream, AsyncTokioStream, TlsParameters};
use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::compat::{Compat, FuturesAsyncReadCompatExt};

/// An encrypted connection.
#[derive(Debug)]
pub(super) struct Encrypted {
    stream: Compat<AsyncNetworkStream>,
    peer: SocketAddr,
}

impl Encrypted {
    pub(super) async fn shake_hands(tcp: Wire, tls: TlsParameters) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let peer = tcp.peer_addr()?;
        let mut stream = AsyncNetworkStream::use_existing_tokio1(Box::new(tcp));
        stream.upgrade_tls(tls).await?;
        Ok(Self { stream: stream.compat(), peer })
    }

    /// The certificates that the server showed, its own first.
    pub(super) fn certificates(&self) -> Vec<Vec<u8>> {
        self.stream.get_ref().certificate_chain().unwrap_or_default()
    }
}

impl AsyncTokioStream for Encrypted {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.peer)
    }
}

impl AsyncRead for Encrypted {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Encrypted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
