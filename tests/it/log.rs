//! The log: refusals of the API are warnings that name method, route and key, and no line tells a secret.

use crate::desk::Desk;
use afterword::survey::access::{Scope, Within};
use axum::http::Method;
use chrono::TimeDelta;
use serde_json::{Value, json};
use std::io;
use std::sync::{Arc, Mutex};
use tracing::subscriber::DefaultGuard;

/// Everything that is logged on this thread for as long as it lives, as the service writes it.
pub struct Log {
    written: Arc<Mutex<Vec<u8>>>,
    _guard: DefaultGuard,
}

struct Pen(Arc<Mutex<Vec<u8>>>);

impl io::Write for Pen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("nobody panicked").extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    pub fn at(level: tracing::Level) -> Self {
        let written = Arc::<Mutex<Vec<u8>>>::default();
        let pen = Arc::clone(&written);
        let log = tracing_subscriber::fmt().json().with_max_level(level).with_writer(move || Pen(Arc::clone(&pen)));
        Self { written, _guard: tracing::subscriber::set_default(log.finish()) }
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.written.lock().expect("nobody panicked").clone()).expect("UTF-8")
    }

    /// The lines of a level.
    pub fn lines(&self, level: &str) -> Vec<Value> {
        let lines = self.text().lines().map(|line| serde_json::from_str(line).expect(line)).collect::<Vec<Value>>();
        lines.into_iter().filter(|line| line["level"] == level).collect()
    }
}

/// What a line about a refusal tells.
fn told(line: &Value) -> [Value; 5] {
    let (fields, span) = (&line["fields"], &line["span"]);
    [&fields["status"], &fields["code"], &span["method"], &span["route"], &span["key"]].map(Value::clone)
}

#[tokio::test]
async fn a_refusal_of_the_api_is_a_warning_with_all_that_mends_it() {
    // At the default level, and where an operator asks for warnings only.
    for level in [tracing::Level::INFO, tracing::Level::WARN] {
        let desk = Desk::open().await;
        let trigger = desk.gateway.new_key("t", Scope::Trigger, Within::default()).await.expect("a key");
        let log = Log::at(level);
        let closing = json!({"conversation_id": "confidential", "customers": [{"email": "ada@nowhere"}]});
        let (wrong, body) = (trigger.key.replace(&trigger.key[30..], "wrong"), Some(closing));
        let close = "/v1/closings";
        desk.call(Method::POST, close, None, body.clone()).await;
        desk.call(Method::POST, close, Some(&wrong), body.clone()).await;
        desk.call(Method::GET, "/v1/report", Some(&trigger.key), None).await;
        desk.call(Method::POST, close, Some(&trigger.key), body).await;
        desk.get("/v1/conversations/confidential").await;
        desk.put("/v1/suppressions/ada@nowhere", None).await;
        let places: Vec<_> = log.lines("WARN").iter().map(|line| line["fields"]["places"].clone()).collect();
        assert_eq!(
            json!(places[3..]),
            json!(["/closed_at", null, "email"]),
            "the fields at fault, and none of their values"
        );
        let told: Vec<_> = log.lines("WARN").iter().map(told).collect();
        let (id, admin) = (&trigger.id, desk.admin.split('_').nth(2).expect("an id"));
        let expected = json!([
            [401, "unknown_key", "POST", close, null],
            [401, "unknown_key", "POST", close, id],
            [403, "forbidden", "GET", "/v1/report", id],
            [422, "invalid", "POST", close, id],
            [404, "unknown_conversation", "GET", "/v1/conversations/{id}", admin],
            [422, "invalid", "PUT", "/v1/suppressions/{email}", admin],
        ]);
        assert_eq!(json!(told), expected, "{level}");
    }
}

#[tokio::test]
async fn a_loop_of_refusals_does_not_fill_the_log() {
    let desk = Desk::open().await;
    let log = Log::at(tracing::Level::INFO);
    let unknown = async |times: usize| {
        for _ in 0..times {
            desk.call(Method::GET, "/v1/report", None, None).await;
        }
        log.lines("WARN").len()
    };
    assert_eq!(unknown(50).await, 20);
    desk.pass(TimeDelta::seconds(1));
    assert_eq!(unknown(50).await, 21);
    desk.get("/v1/conversations/unknown").await;
    assert_eq!(log.lines("WARN").len(), 22, "each code has a share of its own");
    desk.pass(TimeDelta::minutes(1));
    assert_eq!(unknown(50).await, 42);
}

#[tokio::test]
async fn what_strangers_do_with_links_is_no_warning() {
    let desk = Desk::open().await;
    desk.close(json!({})).await;
    let mail = desk.the_mail().await;
    desk.pass(TimeDelta::minutes(10));
    desk.comment(&mail.links[0], "kept").await;
    let log = Log::at(tracing::Level::DEBUG);
    for path in ["/r/x", "/u/x", "/r/", "/favicon.ico", "/assets/x", "/r/x/y"] {
        assert_eq!(desk.visit(path).await.status, 404, "{path}");
    }
    assert_eq!(desk.press(&mail.links[1]).await.status, 409);
    assert_eq!(desk.submit(&mail.links[1], &[("score", "9")]).await.status, 422);
    assert_eq!(desk.submit("/r/x", &[]).await.status, 404);
    let long = "x".repeat(5001);
    assert_eq!(desk.submit(&mail.links[1], &[("comment", &long)]).await.status, 422);
    for _ in 0..200 {
        desk.visit(&mail.links[1]).await;
    }
    assert_eq!((log.lines("WARN"), log.lines("ERROR")), (vec![], vec![]));
    assert!(!log.lines("DEBUG").is_empty(), "they are there for who looks for them");
}

#[tokio::test]
async fn no_line_tells_a_token_an_address_or_a_secret() {
    let desk = Desk::open().await;
    let made = desk.gateway.new_key("t", Scope::Trigger, Within::default()).await.expect("a key");
    let log = Log::at(tracing::Level::TRACE);
    desk.close(json!({"conversation_id": "confidential-1", "subject": "confidential-2"})).await;
    let mail = desk.the_mail().await;
    desk.pass(TimeDelta::minutes(10));
    let page = desk.visit(&mail.links[2]).await.page_token();
    desk.pass(TimeDelta::seconds(10));
    desk.submit(&mail.links[2], &[("page", &page), ("comment", "confidential-3")]).await;
    desk.submit(&mail.unsubscribe, &[]).await;
    let bad = json!({"email": "confidential-4", "kind": "hard"});
    desk.post("/v1/bounces", bad).await;
    desk.post("/v1/bounces", json!({"email": "ada@example.com", "kind": "hard", "reason": "no <ada@example.com>"}))
        .await;
    desk.put("/v1/suppressions/eve@example.com", None).await;
    desk.put("/v1/suppressions/confidential-5", None).await;
    desk.call(Method::GET, "/v1/report?colour=confidential-6", Some(&made.key), None).await;
    desk.call(Method::GET, "/v1/report", Some("aw_read_confidential-7_x"), None).await;
    desk.get("/v1/conversations/confidential-8").await;
    desk.get("/v1/conversations/confidential-1").await;
    let text = log.text();
    assert!(log.lines("WARN").len() >= 5, "{text}");
    let token = |link: &str| link.split('/').nth(2).expect("a token").to_owned();
    let secret = |key: &str| key.split('_').nth(3).expect("a secret").to_owned();
    let mut secrets: Vec<_> = mail.links.iter().map(|link| token(link)).collect();
    secrets.extend([token(&mail.unsubscribe), page, secret(&made.key), secret(&desk.admin)]);
    secrets.extend(["ada@", "eve@", "confidential-", "example.com"].map(str::to_owned));
    for secret in secrets {
        assert!(!text.contains(&secret), "{secret}: {:?}", text.lines().find(|line| line.contains(&secret)));
    }
}

#[tokio::test]
async fn an_answer_carries_the_id_of_its_lines() {
    let desk = Desk::open().await;
    let log = Log::at(tracing::Level::INFO);
    let mut ids = Vec::new();
    for path in ["/v1/report?colour=red", "/v1/conversations/unknown"] {
        ids.push(desk.get(path).await.header("x-request-id").to_owned());
    }
    desk.sql("DROP TABLE rollup").await;
    let failed = desk.get("/v1/report").await;
    assert_eq!((failed.status, failed["request_id"].as_str()), (503, Some(failed.header("x-request-id"))));
    ids.push(failed.header("x-request-id").to_owned());
    let said: Vec<Value> = log.text().lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    let requests: Vec<_> = said.iter().filter(|line| line["span"]["name"] == "request").collect();
    let told: Vec<_> = requests.iter().map(|line| line["span"]["id"].as_str().expect("an id").to_owned()).collect();
    assert_eq!(told, ids);
}
