//! How refusals look to programs, to the character: a problem (RFC 9457) for each status that a program must know.

use crate::desk::{Answer, Desk};
use afterword::survey::access::Scope;
use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::{Value, json};

/// An answer as a program gets it, with the headers that belong to a problem.
fn shown(answer: &Answer) -> String {
    let headers = ["content-type", "www-authenticate", "retry-after"].map(|name| (name, answer.header(name)));
    let sent = headers.into_iter().filter(|(_, value)| !value.is_empty());
    let lines: Vec<_> = sent.map(|(name, value)| format!("{name}: {value}")).collect();
    let body: Value = serde_json::from_str(&answer.text).expect(&answer.text);
    format!("{}\n{}\n\n{body:#}", answer.status, lines.join("\n"))
}

#[tokio::test]
async fn a_missing_key() {
    let desk = Desk::open().await;
    let refused = desk.call(Method::GET, "/v1/report", None, None).await;
    insta::assert_snapshot!(shown(&refused), @r#"
    401
    content-type: application/problem+json
    www-authenticate: Bearer

    {
      "type": "about:blank",
      "title": "Unauthorized",
      "status": 401,
      "code": "unknown_key",
      "detail": "expected `Authorization: Bearer` and a valid key"
    }
    "#);
}

#[tokio::test]
async fn a_key_of_another_scope() {
    let desk = Desk::open().await;
    let trigger = desk.key(Scope::Trigger, None, None).await;
    let refused = desk.call(Method::GET, "/v1/report", Some(&trigger), None).await;
    insta::assert_snapshot!(shown(&refused), @r#"
    403
    content-type: application/problem+json

    {
      "type": "about:blank",
      "title": "Forbidden",
      "status": 403,
      "code": "forbidden",
      "detail": "this needs a key with the scope read"
    }
    "#);
}

#[tokio::test]
async fn an_unknown_conversation() {
    let desk = Desk::open().await;
    insta::assert_snapshot!(shown(&desk.get("/v1/conversations/8841").await), @r#"
    404
    content-type: application/problem+json

    {
      "type": "about:blank",
      "title": "Not Found",
      "status": 404,
      "code": "unknown_conversation",
      "detail": "no closing or reopening of this conversation was reported"
    }
    "#);
}

#[tokio::test]
async fn wrong_fields_of_a_body() {
    let desk = Desk::open().await;
    let customers = json!([{"email": "ada@example.com"}, {"email": "ada"}]);
    let refused = desk.close(json!({"url": "ftp://example.com/", "customers": customers})).await;
    insta::assert_snapshot!(shown(&refused), @r#"
    422
    content-type: application/problem+json

    {
      "type": "about:blank",
      "title": "Unprocessable Entity",
      "status": 422,
      "code": "invalid",
      "detail": "one or more fields are invalid",
      "errors": [
        {
          "pointer": "/url",
          "detail": "expected an http or https address"
        },
        {
          "pointer": "/customers/1/email",
          "detail": "expected an email address such as \"ada@example.com\""
        }
      ]
    }
    "#);
}

#[tokio::test]
async fn a_wrong_parameter() {
    let desk = Desk::open().await;
    insta::assert_snapshot!(shown(&desk.get("/v1/report?by=year").await), @r#"
    422
    content-type: application/problem+json

    {
      "type": "about:blank",
      "title": "Unprocessable Entity",
      "status": 422,
      "code": "invalid",
      "detail": "one or more fields are invalid",
      "errors": [
        {
          "parameter": "by",
          "detail": "\"year\": expected teammate, team, channel, tag, policy, language, connection, day, week or month"
        }
      ]
    }
    "#);
}

#[tokio::test]
async fn a_body_that_is_too_large() {
    let desk = Desk::open().await;
    let request = Request::post("/v1/closings").header("authorization", format!("Bearer {}", desk.admin));
    let refused = desk.send(request.body(Body::from(vec![b' '; 2 * 1024 * 1024])).expect("a request")).await;
    insta::assert_snapshot!(shown(&refused), @r#"
    413
    content-type: application/problem+json

    {
      "type": "about:blank",
      "title": "Payload Too Large",
      "status": 413,
      "code": "too_large",
      "detail": "expected a body of at most 1048576 bytes"
    }
    "#);
}

#[tokio::test]
async fn too_many_requests() {
    let desk = Desk::open().await;
    let mut last = desk.submit("/r/unknown", &[]).await;
    for _ in 0..100 {
        last = desk.submit("/r/unknown", &[]).await;
    }
    insta::assert_snapshot!(shown(&last), @r#"
    429
    content-type: application/problem+json
    retry-after: 1

    {
      "type": "about:blank",
      "title": "Too Many Requests",
      "status": 429,
      "code": "too_many",
      "detail": "too many requests: please wait a moment"
    }
    "#);
}
