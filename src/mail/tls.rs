//! Implicit TLS for the SMTP dialogue, over a socket of our own.
//!
//! lettre's way there opens the socket itself, without `TCP_NODELAY`. So its TLS, the same that `STARTTLS` ends in and
//! with the same trust, is put between our socket and its dialogue. It must not know what is said over it.

#![expect(deprecated, reason = "lettre offers its TLS over a given socket by no other type")]

use std::{
    error::Error,
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
};

use lettre::transport::smtp::client::{AsyncNetworkStream, AsyncTokioStream, TlsParameters};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::compat::{Compat, FuturesAsyncReadCompatExt};

use super::wire::Wire;

/// A connection that is encrypted from its first byte.
#[derive(Debug)]
pub(super) struct TlsFromTheStart(Compat<AsyncNetworkStream>, SocketAddr);

impl TlsFromTheStart {
    pub(super) async fn shake_hands(tcp: Wire, tls: TlsParameters) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let peer = tcp.peer_addr()?;
        let mut stream = AsyncNetworkStream::use_existing_tokio1(Box::new(tcp));
        stream.upgrade_tls(tls).await?;
        Ok(Self(stream.compat(), peer))
    }
}

impl AsyncTokioStream for TlsFromTheStart {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.1)
    }
}

impl AsyncRead for TlsFromTheStart {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for TlsFromTheStart {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
