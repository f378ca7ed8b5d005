//! `afterword healthcheck`: asks the running service whether it is ready, for containers that hold no other program.
//!
//! It owns the one request and what counts as a yes. It must not know what makes a service ready.

use super::CliError;
use crate::config::Config;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The deadline of the whole request. Docker kills the check after 15 s, and then it could not print its reason.
const PATIENCE: Duration = Duration::from_secs(12);
/// The most that is read of an answer.
const LONGEST_ANSWER: u64 = 8 * 1024;

/// Fails unless `/readyz` on the configured address says that the service is ready.
pub(super) async fn run(config: &Config) -> Result<(), CliError> {
    let address = reachable(config.listen);
    let answer = ask(address, PATIENCE).await;
    let answer = answer.map_err(|error| CliError::Failed(format!("no answer from {address}: {error}")))?;
    match answer.split(' ').nth(1) {
        Some("200") => Ok(()),
        Some(status) => Err(CliError::Failed(format!("{address} isn't ready: it answers {status}"))),
        None => Err(CliError::Failed(format!("{address} doesn't speak HTTP"))),
    }
}

/// Where this machine reaches what listens on an address: one that stands for all of its addresses is none to call.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let host = match listen.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        host => host,
    };
    SocketAddr::new(host, listen.port())
}

async fn ask(address: SocketAddr, patience: Duration) -> std::io::Result<String> {
    let asked = async {
        let mut stream = TcpStream::connect(address).await?;
        let request = format!("GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.take(LONGEST_ANSWER).read_to_end(&mut answer).await?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    };
    tokio::time::timeout(patience, asked).await?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_answer_that_comes_in_drops_is_not_waited_for() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let service = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("it connects");
            let mut often = tokio::time::interval(Duration::from_millis(5));
            while stream.write_all(b"H").await.is_ok() {
                often.tick().await;
            }
        });
        let error = ask(address, Duration::from_millis(100)).await.expect_err("it gave up");
        assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
        service.abort();
    }

    #[test]
    fn all_addresses_are_reached_by_this_machine() {
        let reached = |listen: &str| reachable(listen.parse().expect("an address")).to_string();
        assert_eq!(reached("0.0.0.0:8080"), "127.0.0.1:8080");
        assert_eq!(reached("[::]:8080"), "[::1]:8080");
        assert_eq!(reached("192.0.2.1:80"), "192.0.2.1:80");
    }
}
