//! Replays recorded clicks through the router, each with its time, and compares where the rating stands at the end.
//!
//! The traces are those of `tests/data/traces.json`, and of every `*.json` in the folder that `CLICK_TRACES` names. Times
//! are seconds since the mail was accepted, which is also when the conversation was closed.

use super::desk::{BROWSER, Desk, time};
use afterword::survey::Time;
use afterword::survey::page::Evidence;
use axum::body::Body;
use axum::http::Request;
use chrono::TimeDelta;
use serde::Deserialize;
use serde_json::json;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Trace {
    name: String,
    #[serde(default)]
    policy: Windows,
    events: Vec<Event>,
    expect: Expected,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Windows {
    evidence: Option<Evidence>,
    rate_within: Option<f64>,
    change_within: Option<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Event {
    t: f64,
    op: String,
    score: Option<usize>,
    page: Option<String>,
    how: Option<String>,
    picked: Option<u8>,
    text: Option<String>,
    answer_page: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Expected {
    standing: String,
    score: Option<u8>,
}

#[tokio::test]
async fn traces() {
    let mut files = vec![PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/traces.json")];
    if let Some(folder) = std::env::var_os("CLICK_TRACES") {
        let entries = std::fs::read_dir(&folder).expect("CLICK_TRACES names a folder");
        let paths = entries.map(|entry| entry.expect("a readable folder").path());
        files.extend(paths.filter(|path| path.extension().is_some_and(|kind| kind == "json")));
    }
    let mut failures = Vec::new();
    for file in &files {
        for trace in read(file) {
            let came = replay(&trace).await;
            if came != trace.expect {
                failures.push(format!("{}: expected {:?}, and {came:?} came", trace.name, trace.expect));
            }
        }
    }
    assert!(failures.is_empty(), "{} traces went wrong:\n{}", failures.len(), failures.join("\n"));
}

fn read(file: &Path) -> Vec<Trace> {
    let text = std::fs::read_to_string(file).expect("a readable file");
    let traces: Vec<Trace> = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    assert!(!traces.is_empty(), "{} holds no trace", file.display());
    traces
}

/// A visit under way: pages by the name that the trace gives them, each with the link that it answers.
struct Visit {
    desk: Desk,
    start: Time,
    links: Vec<String>,
    pages: HashMap<String, (String, String)>,
    last_link: String,
}

async fn replay(trace: &Trace) -> Expected {
    let desk = Desk::with(|config| config.clicks.evidence = trace.policy.evidence.unwrap_or(Evidence::Seen)).await;
    desk.close(json!({})).await;
    let links = desk.the_mail().await.links;
    let start = desk.clock.now();
    assert_eq!(start, time(super::desk::START), "closed and accepted at 0");
    for (column, within) in [("rate_until", trace.policy.rate_within), ("change_until", trace.policy.change_within)] {
        // Policies count in hours; a trace may be finer.
        if let Some(seconds) = within {
            let until = (start + span(seconds)).timestamp_millis();
            desk.sql(&format!("UPDATE rating SET {column} = {until}")).await;
        }
    }
    let last_link = links[0].clone();
    let mut visit = Visit { desk, start, links, pages: HashMap::new(), last_link };
    for event in &trace.events {
        visit.desk.clock.set(visit.start + span(event.t));
        match event.op.as_str() {
            "get" | "head" => visit.view(event).await,
            "confirm" | "post_comment" => visit.post(event).await,
            other => panic!("{}: {other} is no op", trace.name),
        }
        visit.desk.gateway.flush().await.expect("views are written");
    }
    let conversation = visit.desk.get("/v1/conversations/8841").await;
    let survey = &conversation["surveys"][0];
    serde_json::from_value(json!({"standing": survey["standing"], "score": survey["score"]})).expect("both are there")
}

fn span(seconds: f64) -> TimeDelta {
    #[expect(clippy::cast_possible_truncation, reason = "traces are hours long")]
    TimeDelta::milliseconds((seconds * 1000.0).round() as i64)
}

impl Visit {
    async fn view(&mut self, event: &Event) {
        let link = self.links[event.score.expect("a view names its score") - 1].clone();
        let ordinary = [("user-agent", BROWSER), ("accept", "text/html"), ("sec-fetch-site", "cross-site")];
        let answer = self.desk.send(request(&event.op, &link, &ordinary, &event.headers, String::new())).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        if let Some(name) = &event.page {
            self.pages.insert(name.clone(), (link.clone(), answer.page_token()));
        }
        self.last_link = link;
    }

    async fn post(&mut self, event: &Event) {
        let name = event.page.as_deref().expect("a post names its page");
        let forged = || (self.last_link.clone(), "forged".to_owned());
        let (link, token) = self.pages.get(name).cloned().unwrap_or_else(forged);
        let picked = event.picked.map(|score| score.to_string());
        let fields = [
            ("page", Some(token.as_str())),
            ("how", event.how.as_deref()),
            ("score", picked.as_deref()),
            ("comment", event.text.as_deref()),
        ];
        let fields: Vec<_> = fields.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        let form = serde_urlencoded::to_string(fields).expect("form fields");
        let ordinary = [
            ("user-agent", BROWSER),
            ("accept", "application/json"),
            ("content-type", "application/x-www-form-urlencoded"),
            ("origin", "http://127.0.0.1:8080"),
            ("sec-fetch-site", "same-origin"),
        ];
        let answer = self.desk.send(request("post", &link, &ordinary, &event.headers, form)).await;
        assert!(matches!(answer.status, 200 | 409), "{} {}", answer.status, answer.text);
        if let Some(name) = &event.answer_page {
            let token = answer["page"].as_str().expect("every answer carries a page").to_owned();
            self.pages.insert(name.clone(), (link, token));
        }
    }
}

fn request(
    method: &str,
    link: &str,
    ordinary: &[(&str, &str)],
    replaced: &BTreeMap<String, String>,
    body: String,
) -> Request<Body> {
    let mut request = Request::builder().method(method.to_uppercase().as_str()).uri(link);
    for (name, value) in
        ordinary.iter().filter(|(name, _)| !replaced.keys().any(|other| other.eq_ignore_ascii_case(name)))
    {
        request = request.header(*name, *value);
    }
    for (name, value) in replaced {
        request = request.header(name, value);
    }
    request.body(Body::from(body)).expect("a request")
}
