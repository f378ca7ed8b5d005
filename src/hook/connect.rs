//! How a connection is made, and to which addresses never.
//!
//! Owns the guard: the addresses of a host are looked up once, each is checked, and the connection goes to a checked one.
//! A name cannot point elsewhere between the check and the connection. It must not know what is sent.

use super::address::{is_public, plain};
use super::http::Failure;
use crate::config::OutgoingSettings;
use hyper::Uri;
use hyper_util::rt::TokioIo;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tower_service::Service;

/// How long one address may take to accept a connection: the system repeats a lost first packet after one and after
/// three seconds, so it has three chances.
const CONNECT: Duration = Duration::from_secs(4);
/// How many addresses of a host are tried: with the deadline of a request there is no time for more.
const MOST_ADDRESSES: usize = 3;

/// Where the addresses of hosts come from.
#[derive(Clone, Debug)]
pub(super) enum Resolver {
    /// The system.
    System,
    /// A script: what each look-up answers, one after another. The last answer stays.
    #[cfg(test)]
    Script(Arc<std::sync::Mutex<Vec<Vec<IpAddr>>>>),
}

impl Resolver {
    async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        match self {
            Self::System => Ok(lookup_host((host, 0)).await?.map(|found| found.ip()).collect()),
            #[cfg(test)]
            Self::Script(answers) => {
                let mut answers = answers.lock().expect("no test panicked with it");
                Ok(if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() })
            }
        }
    }
}

/// Makes connections.
#[derive(Clone, Debug)]
pub(super) struct Connector {
    pub(super) settings: Arc<OutgoingSettings>,
    pub(super) resolver: Resolver,
}

impl Connector {
    async fn connect(self, uri: Uri) -> Result<TokioIo<TcpStream>, Failure> {
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
        let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("http") { 80 } else { 443 });
        let mut why = format!("{host} has no address");
        for address in self.checked(host).await?.into_iter().take(MOST_ADDRESSES) {
            match timeout(CONNECT, TcpStream::connect(SocketAddr::new(address, port))).await {
                Ok(Ok(stream)) => {
                    // A request is written whole, so nothing is gained by waiting for more.
                    stream.set_nodelay(true).map_err(|error| Failure::Unreachable(format!("{host}: {error}")))?;
                    return Ok(TokioIo::new(stream));
                }
                Ok(Err(error)) => why = format!("{host} port {port}: {error}"),
                Err(_) => why = format!("{host} port {port}: no connection within {} s", CONNECT.as_secs()),
            }
        }
        Err(Failure::Unreachable(why))
    }

    /// The addresses of a host that may be reached.
    async fn checked(&self, host: &str) -> Result<Vec<IpAddr>, Failure> {
        let found = match host.parse() {
            Ok(address) => vec![address],
            Err(_) => {
                let found = self.resolver.addresses(host).await;
                found.map_err(|error| Failure::Unreachable(format!("{host} was not found: {error}")))?
            }
        };
        let some = !found.is_empty();
        let allowed = |address: &IpAddr| {
            is_public(*address) || self.settings.allows_address(*address) || self.settings.allows_host(host)
        };
        let checked: Vec<_> = found.into_iter().map(plain).filter(allowed).collect();
        if some && checked.is_empty() {
            return Err(Failure::Forbidden(format!(
                "{host} has no public address: expected one, or the host in outgoing.allow_private"
            )));
        }
        Ok(checked)
    }
}

impl Service<Uri> for Connector {
    type Response = TokioIo<TcpStream>;
    type Error = Failure;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Failure>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        Box::pin(self.clone().connect(uri))
    }
}
