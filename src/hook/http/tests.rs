//! Tests of the client against servers on this machine that behave badly, and of the guard.

use super::super::connect::{Connector, Resolver};
use super::*;
use crate::config::Reachable;
use std::net::IpAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// A server that plays a script on each connection, and counts them.
struct Server {
    port: u16,
    connections: Arc<AtomicUsize>,
}

impl Server {
    async fn run<F>(script: impl Fn(TcpStream) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(script(stream));
            }
        });
        Self { port, connections }
    }

    /// Answers every request of every connection with the same bytes.
    async fn answering(answer: &'static str) -> Self {
        Self::run(move |mut stream| async move {
            while !head(&mut stream).await.is_empty() {
                stream.write_all(answer.as_bytes()).await.expect("written");
            }
        })
        .await
    }

    fn url(&self, host: &str) -> Url {
        format!("http://{host}:{}/secret-path?token=hunter2", self.port).parse().expect("a URL")
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// Reads a request without a body; empty if the client closed.
async fn head(stream: &mut TcpStream) -> String {
    let mut read = Vec::new();
    while !read.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => read.push(byte),
            Err(_) => return String::new(),
        }
    }
    String::from_utf8(read).expect("text")
}

fn allowing(allowed: &[&str], whole: u64) -> Client {
    let allow_private = allowed.iter().map(|text| text.parse::<Reachable>().expect("a host or a network")).collect();
    let client = Client::new(&OutgoingSettings { allow_private });
    Client { whole: Duration::from_millis(whole), ..client }
}

/// A client that may reach this machine, with the deadline of the product.
fn client() -> Client {
    allowing(&["127.0.0.0/8"], 15_000)
}

fn get(url: Url) -> Request {
    Request::new(Method::Get, url)
}

#[tokio::test]
async fn an_answer_comes_back_and_its_connection_is_used_again() {
    let server = Server::run(|mut stream| async move {
        loop {
            let head = head(&mut stream).await;
            if head.is_empty() {
                return;
            }
            let body = head.to_ascii_lowercase();
            let answer = format!("HTTP/1.1 429 No\r\nretry-after: 7\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            stream.write_all(answer.as_bytes()).await.expect("written");
        }
    })
    .await;
    let client = client();
    for _ in 0..3 {
        let answer = client.send(get(server.url("127.0.0.1")).header("x-a", "b")).await.expect("an answer");
        assert_eq!((answer.status, answer.retry_after), (429, Some(RetryAfter::For(TimeDelta::seconds(7)))));
        let seen = String::from_utf8(answer.body.expect("a body").to_vec()).expect("text");
        assert!(seen.starts_with("get /secret-path?token=hunter2 http/1.1\r\n"), "{seen}");
        let agent = format!("\r\nuser-agent: afterword/{}\r\n", env!("CARGO_PKG_VERSION"));
        assert!(seen.contains(&agent) && seen.contains("\r\nx-a: b\r\n"), "{seen}");
        assert!(seen.contains(&format!("\r\nhost: 127.0.0.1:{}\r\n", server.port)), "{seen}");
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let target = Server::answering(OK).await;
    let redirect = format!("HTTP/1.1 307 T\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n", target.url("127.0.0.1"));
    let server = Server::answering(redirect.leak()).await;
    let answer = client().send(get(server.url("127.0.0.1"))).await;
    assert_eq!(answer.as_ref().map(|answer| answer.status), Ok(307));
    let told = Attempt::Temporary("answered 307: redirects are not followed".to_owned());
    assert_eq!((attempt(&answer), target.connections()), (told, 0));
}

#[tokio::test]
async fn no_server_holds_a_request_longer_than_the_deadline() {
    let silent = Server::run(|mut stream| async move {
        let _ = head(&mut stream).await;
        std::future::pending::<()>().await;
    })
    .await;
    let slow_head = Server::run(|mut stream| async move {
        while stream.write_all(b"H").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    for server in [silent, slow_head] {
        let failed = allowing(&["127.0.0.1"], 200).send(get(server.url("127.0.0.1"))).await.expect_err("no answer");
        assert!(matches!(failed, Failure::Timeout(_) | Failure::Broken(_)), "{failed:?}");
        assert!(matches!(attempt(&Err(failed)), Attempt::Temporary(_)));
    }
    // The status is known, so that a receiver which took it is not told again.
    let slow_body = Server::run(|mut stream| async move {
        let _ = head(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n").await;
        while stream.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    let answer = allowing(&["127.0.0.1"], 200).send(get(slow_body.url("127.0.0.1"))).await;
    assert_eq!(attempt(&answer), Attempt::Accepted);
    assert_eq!(answer.expect("a status").body, Err(Failure::Timeout(Duration::from_millis(200))));
}

#[tokio::test]
async fn an_endless_answer_is_cut() {
    let body = Server::run(|mut stream| async move {
        let _ = head(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
        while stream.write_all(&[b'x'; 4096]).await.is_ok() {}
    })
    .await;
    let answer = client().send(get(body.url("127.0.0.1"))).await.expect("a status");
    assert_eq!((answer.status, answer.body), (200, Err(Failure::TooLarge(LONGEST_ANSWER))));
    let more = Request { longest_answer: 1_000_000, ..get(body.url("127.0.0.1")) };
    assert_eq!(client().send(more).await.expect("a status").body, Err(Failure::TooLarge(1_000_000)));
    let headers = Server::run(|mut stream| async move {
        let _ = head(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n").await;
        while stream.write_all(b"x-a: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\r\n").await.is_ok() {}
    })
    .await;
    let failed = client().send(get(headers.url("127.0.0.1"))).await;
    assert!(matches!(failed, Err(Failure::Broken(_))), "{failed:?}");
}

#[tokio::test]
async fn a_connection_that_breaks_or_is_refused_says_so_without_the_path() {
    let broken = Server::run(|mut stream| async move { drop(head(&mut stream).await) }).await;
    let failed = client().send(get(broken.url("127.0.0.1"))).await.expect_err("no answer");
    assert!(matches!(failed, Failure::Broken(_)), "{failed:?}");
    let nobody = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address").port();
    let url = format!("http://127.0.0.1:{nobody}/hunter2").parse().expect("a URL");
    let failed = client().send(get(url)).await.expect_err("nobody listens");
    assert!(matches!(failed, Failure::Unreachable(_)), "{failed:?}");
    assert!(failed.to_string().starts_with(&format!("127.0.0.1 port {nobody}: Connection refused")), "{failed}");
    // A server that speaks no TLS.
    let plain = Server::answering(OK).await;
    let url = format!("https://127.0.0.1:{}/hunter2", plain.port).parse().expect("a URL");
    let failed = allowing(&["127.0.0.1"], 500).send(get(url)).await.expect_err("no TLS");
    assert!(!failed.to_string().contains("hunter2"), "{failed}");
    let shown = format!("{:?}", get("https://a.example/hunter2".parse().expect("a URL")).header("x", "hunter2"));
    assert_eq!(shown, "Request(Get a.example)");
}

#[tokio::test]
async fn no_spelling_of_a_private_address_is_reached() {
    let server = Server::answering(OK).await;
    let closed = allowing(&[], 15_000);
    for host in [
        "127.0.0.1",
        "127.1",
        "0x7f.1",
        "0x7f000001",
        "2130706433",
        "017700000001",
        "127.0.0.1.",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::127.0.0.1]",
        "0",
        "0.0.0.0",
        "[::]",
        "169.254.169.254",
        "localhost",
        "LOCALHOST",
        "%6cocalhost",
        "①②⑦.⓪.⓪.①",
    ] {
        let failed = closed.send(get(server.url(host))).await.expect_err(host);
        assert!(
            matches!(&failed, Failure::Forbidden(why) if why.contains("has no public address")),
            "{host}: {failed:?}"
        );
        assert!(matches!(attempt(&Err(failed)), Attempt::Permanent(_)));
    }
    for url in
        ["ftp://example.com/", "file:///etc/passwd", "http://user@example.com/", "http://user:hunter2@127.0.0.1/"]
    {
        let failed = client().send(get(url.parse().expect("a URL"))).await.expect_err(url);
        assert!(matches!(&failed, Failure::Forbidden(why) if !why.contains("hunter2")), "{url}: {failed:?}");
    }
    let broken = get(server.url("127.0.0.1")).header("authorization", "Bearer hunter2\r\nx: y");
    let failed = client().send(broken).await.expect_err("a line break");
    assert!(matches!(&failed, Failure::Forbidden(why) if !why.contains("hunter2")), "{failed:?}");
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn what_the_settings_allow_is_reached_and_nothing_beside_it() {
    let server = Server::answering(OK).await;
    for (allowed, host, reached) in [
        ("127.0.0.0/8", "127.0.0.1", true),
        ("127.0.0.1", "[::ffff:127.0.0.1]", true),
        ("127.0.0.1", "localhost", true),
        ("localhost", "localhost", true),
        ("localhost", "LOCALHOST", true),
        ("localhost", "127.0.0.1", false),
        ("10.0.0.0/8", "127.0.0.1", false),
        ("::1", "127.0.0.1", false),
    ] {
        let answer = allowing(&[allowed], 15_000).send(get(server.url(host))).await;
        assert_eq!(answer.is_ok(), reached, "{allowed} {host}: {answer:?}");
    }
}

/// A client whose hosts have the addresses of a script.
fn scripted(answers: &[&[&str]], allowed: &[&str]) -> Client {
    let addresses = |texts: &&[&str]| texts.iter().map(|text| text.parse::<IpAddr>().expect("an address")).collect();
    let answers = answers.iter().map(addresses).collect();
    let client = allowing(allowed, 15_000);
    let resolver = Resolver::Script(Arc::new(Mutex::new(answers)));
    Client { connector: Connector { resolver, ..client.connector.clone() }, ..client }
}

#[tokio::test]
async fn a_name_cannot_point_elsewhere_after_the_check() {
    let server = Server::answering(OK).await;
    // The first answer is looked at and connected to; there is no second look-up for the connection.
    let rebinding = scripted(&[&["127.0.0.1"], &["10.0.0.1"]], &["127.0.0.1"]);
    assert_eq!(rebinding.send(get(server.url("rebind.example"))).await.expect("an answer").status, 200);
    let rebound = scripted(&[&["10.0.0.1"], &["127.0.0.1"]], &["127.0.0.1"]);
    let failed = rebound.send(get(server.url("rebind.example"))).await.expect_err("not public");
    assert!(matches!(failed, Failure::Forbidden(_)), "{failed:?}");
    assert_eq!(server.connections(), 1);
    // Of several addresses only those are tried that may be reached.
    let mixed = scripted(&[&["10.0.0.1", "169.254.169.254", "fd00::1", "::1", "127.0.0.1"]], &["127.0.0.1"]);
    assert_eq!(mixed.send(get(server.url("mixed.example"))).await.expect("an answer").status, 200);
    let none = scripted(&[&[]], &[]);
    let failed = none.send(get(server.url("none.example"))).await.expect_err("no address");
    assert_eq!(failed, Failure::Unreachable("none.example has no address".to_owned()));
}

#[test]
fn a_wait_is_read_as_seconds_or_as_a_date() {
    let now: Time = "2026-11-24T14:00:00Z".parse().expect("a time");
    for (text, seconds) in [
        ("0", Some(0)),
        ("120", Some(120)),
        (" 120 ", Some(120)),
        ("14401", Some(14_400)),
        ("99999999999999999999999", Some(14_400)),
        ("Tue, 24 Nov 2026 14:00:30 GMT", Some(30)),
        ("Tue, 24 Nov 2026 13:00:00 GMT", Some(0)),
        ("Tue, 24 Nov 2099 14:00:00 GMT", Some(14_400)),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
    ] {
        let end = RetryAfter::read(text).map(|wait| (wait.end(now) - now).num_seconds());
        assert_eq!(end, seconds, "{text:?}");
    }
}

#[test]
fn what_a_receiver_answers_becomes_an_attempt() {
    let answer = |status| Ok(Answer { status, retry_after: None, body: Ok(Bytes::new()) });
    for (status, expected) in
        [(200, None), (204, None), (299, None), (404, Some("answered 404")), (500, Some("answered 500"))]
    {
        let told = attempt(&answer(status));
        assert_eq!(told.reason(), expected, "{status}");
        assert!(matches!(told, Attempt::Accepted | Attempt::Temporary(_)));
    }
    assert!(answer(410).expect("an answer").is_gone() && !answer(404).expect("an answer").is_gone());
}
