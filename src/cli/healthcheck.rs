//! `afterword healthcheck`: asks the running service whether it is ready, for containers that hold no other program.
//!
//! It owns the one request and what counts as a yes. It must not know what makes a service ready.

use super::CliError;
use crate::config::Config;
use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// How long connecting, writing and reading may each take. Docker gives up after 30 s.
const PATIENCE: Duration = Duration::from_secs(10);
/// The most that is read of an answer.
const LONGEST_ANSWER: u64 = 8 * 1024;

/// Fails unless `/readyz` on the configured address says that the service is ready.
pub(super) fn run(config: &Config) -> Result<(), CliError> {
    let address = reachable(config.listen);
    let answer = ask(address).map_err(|error| CliError::Failed(format!("no answer from {address}: {error}")))?;
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

fn ask(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(format!("GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").as_bytes())?;
    let mut answer = Vec::new();
    match stream.take(LONGEST_ANSWER).read_to_end(&mut answer) {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Err(ErrorKind::TimedOut.into()),
        Err(error) => Err(error),
        Ok(_) => Ok(String::from_utf8_lossy(&answer).into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_addresses_are_reached_by_this_machine() {
        let reached = |listen: &str| reachable(listen.parse().expect("an address")).to_string();
        assert_eq!(reached("0.0.0.0:8080"), "127.0.0.1:8080");
        assert_eq!(reached("[::]:8080"), "[::1]:8080");
        assert_eq!(reached("192.0.2.1:80"), "192.0.2.1:80");
    }
}
