//! A receiver in Python, as docs/webhooks.md shows it, believes what is signed here, and nothing else.
//!
//! It needs a Python with standardwebhooks, which `SMTP_TEST_PYTHON` names. `./tests/run` makes one and runs this test; a
//! plain `cargo test` skips it.

use afterword::clock::Clock;
use afterword::config::OutgoingSettings;
use afterword::hook::http::{Client, Method, Request};
use afterword::hook::standard;
use chrono::TimeDelta;
use data_encoding::BASE64;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// Ends a process with the test, also if it fails.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
#[ignore = "needs a Python with standardwebhooks; ./tests/run runs it"]
async fn a_receiver_in_another_language_believes_our_signature_only() {
    let python = std::env::var("SMTP_TEST_PYTHON")
        .expect("SMTP_TEST_PYTHON names a Python with standardwebhooks: run the tests by ./tests/run");
    let (old, new) = ([7; 24].to_vec(), [8; 32].to_vec());
    let mut command = Command::new(python);
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/webhook_receiver.py"));
    command.arg(format!("whsec_{}", BASE64.encode(&old))).stdout(Stdio::piped());
    let mut receiver = Ended(command.spawn().expect("Python starts"));
    let mut said = BufReader::new(receiver.0.stdout.take().expect("a pipe")).lines();
    let port = said.next().expect("standardwebhooks is needed: pip install standardwebhooks").expect("a port");
    let allow_private = vec!["127.0.0.1".parse().expect("an address")];
    let client = Client::new(&OutgoingSettings { allow_private });
    let body = r#"{"type":"rating.set","data":{"comment":"Käse – 😀"}}"#;
    let now = Clock::System.now();
    for (secrets, at, sent, status, expected) in [
        (vec![old.clone()], now, body, 204, body),
        (vec![new.clone(), old.clone()], now, body, 204, body),
        (vec![new], now, body, 400, "refused: No matching signature found"),
        (vec![old.clone()], now, "{}", 400, "refused: No matching signature found"),
        (vec![old], now - TimeDelta::minutes(6), body, 400, "refused: Message timestamp too old"),
    ] {
        let url = format!("http://127.0.0.1:{port}/").parse().expect("a URL");
        let mut request = Request::new(Method::Post, url).json(sent);
        for (name, value) in standard::headers(&secrets, "0193a5e0-event", at, body.as_bytes()) {
            request = request.header(name, value);
        }
        let answer = client.send(request).await.expect("the receiver answers");
        let line = said.next().expect("a line").expect("text");
        assert_eq!((answer.status, line.as_str()), (status, expected));
    }
}
