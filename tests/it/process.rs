//! The built program as a process: started, spoken to over sockets, killed.
//!
//! It stands alone, so that benches use it too.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

/// How long anything may take to happen; a loaded machine of two cores is slow.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// A process that ends with its owner.
pub struct Running(pub Child);

impl Running {
    /// Ends it as a power cut would.
    pub fn kill(&mut self) {
        self.0.kill().expect("it can be killed");
        self.0.wait().expect("it ends");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.0.try_wait().is_ok_and(|ended| ended.is_none()) {
            self.kill();
        }
    }
}

pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("bound").port()
}

/// Looks until there is something to see.
pub fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(start.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

/// Real time, for rules that the program measures by its own clock.
pub fn let_pass(span: Duration) {
    let start = Instant::now();
    wait_for("time to pass", || (start.elapsed() >= span).then_some(()));
}

pub fn afterword(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_afterword"));
    command.args(arguments).current_dir(folder);
    command
}

pub fn serve(folder: &Path, port: u16) -> Running {
    let log = fs::File::options().create(true).append(true).open(folder.join("log")).expect("a log");
    let mut service = Running(afterword(folder, &["serve"]).stderr(log).spawn().expect("the program starts"));
    wait_for("the service", || {
        let ended = service.0.try_wait().expect("its state");
        assert!(ended.is_none(), "{}", fs::read_to_string(folder.join("log")).expect("a log"));
        (request(port, "GET", "/readyz", &[], "")?.0 == 200).then_some(())
    });
    service
}

/// One request over a connection of its own: status and body; `None` while nobody listens.
pub fn request(port: u16, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let more: String = headers.iter().flat_map(|(name, value)| [*name, ": ", *value, "\r\n"]).collect();
    let length = body.len();
    let text = format!(
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\
        Content-Length: {length}\r\n{more}\r\n{body}"
    );
    stream.write_all(text.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, body.to_owned()))
}
