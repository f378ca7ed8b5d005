//! Failures: each that is documented can be provoked, and no other is met.

use super::{Call, calls, case, connected, description, rated, send};
use crate::desk::{Answer, Desk};
use afterword::survey::access::Scope;
use axum::body::{Body, Bytes};
use axum::http::Method;
use futures_util::stream;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Failures of the service and not of the request. Other tests provoke them.
const OURS: [&str; 3] = ["busy", "internal", "unavailable"];

fn broken() -> Body {
    Body::from_stream(stream::iter([Ok(Bytes::from_static(b"{")), Err(std::io::Error::other("it broke"))]))
}

fn code(answer: &Answer) -> String {
    answer["code"].as_str().unwrap_or_default().to_owned()
}

/// Provokes what any call of its kind can fail with.
async fn usual(desk: &Desk, call: &Call<'_>) -> Vec<Answer> {
    let mut answers = Vec::new();
    let mut fail = async |path: &str, key: &str, body: Body| {
        answers.push(send(desk, &call.method, path, key, body).await);
    };
    let example = || call.bodies().into_iter().flatten().next().map(Value::to_string).unwrap_or_default();
    let by_key = call.is["security"].as_array().is_some_and(|doors| !doors.is_empty());
    let doors = call.is["security"].as_array().into_iter().flatten().find_map(|door| door["key"][0].as_str());
    if by_key {
        fail(&call.at(), "", example().into()).await;
        fail(&call.at(), "aw_admin_000000000000_x", example().into()).await;
    }
    for scope in Scope::ALL {
        let key = desk.key(*scope, None, None).await;
        let answer = send(desk, &call.method, &call.at(), &key, example().into()).await;
        let needed: Option<Scope> = doors.map(|scope| scope.parse().expect("a scope"));
        let may = needed.is_none_or(|needed| scope.includes(needed));
        assert_eq!(answer.status != 403, may, "{} with a key for {scope}: {}", call.name(), answer.text);
        answers.push(answer);
    }
    let mut fail = async |path: &str, body: Body| {
        answers.push(send(desk, &call.method, path, &desk.admin, body).await);
    };
    if call.body().is_some() {
        fail(&call.at(), "{".into()).await;
        fail(&call.at(), broken()).await;
        fail(&call.at(), "x".repeat(1024 * 1024 + 1).into()).await;
        fail(&call.at(), "{\"nonsense\": 1}".into()).await;
    }
    if call.in_query().next().is_some() {
        fail(&format!("{}?nonsense=1", call.at()), example().into()).await;
    }
    if call.parameters().any(|one| one["in"] == "path") && call.method != Method::HEAD {
        let (before, _) = call.path.split_once('{').expect("a parameter");
        let after = call.path.rsplit_once('}').map(|(_, after)| after).unwrap_or_default();
        let last = if call.path.matches('{').count() > 1 { "/void" } else { "" };
        fail(&format!("{before}%FF{last}{after}"), example().into()).await;
        fail(&format!("{before}nonsense{last}{after}"), example().into()).await;
    }
    answers.retain(|answer| answer.status >= 400);
    answers
}

/// Provokes what single calls fail with.
async fn special(desk: &Desk, survey: &str) -> Vec<(&'static str, Answer)> {
    let other = desk.key(Scope::Read, Some("t9"), None).await;
    let act = |act: &str| format!("/v1/surveys/{survey}/{act}");
    let why = || Body::from(json!({"reason": "a test"}).to_string());
    let take = |seen: u32| Body::from(json!({"do": "take", "seen": seen}).to_string());
    let of_survey = format!("/v1/follow-ups/{survey}");
    let unknown = "019aab2c-7f40-7c3e-9a51-000000000000";
    let bounce = json!({"survey_id": unknown, "kind": "hard"}).to_string();
    let post = async |path: &str, body: Body| send(desk, &Method::POST, path, &desk.admin, body).await;
    vec![
        ("GET /v1/conversations/{id}", desk.call(Method::GET, "/v1/conversations/8841", Some(&other), None).await),
        ("POST /v1/surveys/{id}/{act}", post(&act("discard"), why()).await),
        ("POST /v1/surveys/{id}/{act}", post(&format!("/v1/surveys/{unknown}/void"), why()).await),
        ("POST /v1/follow-ups/{survey}", post(&of_survey, take(7)).await),
        ("POST /v1/bounces", post("/v1/bounces", bounce.into()).await),
        ("POST /v1/helpdesks/{name}/closings", post("/v1/helpdesks/signed/closings", "{}".into()).await),
        ("POST /v1/providers/{name}/bounces", post("/v1/providers/mailgun/bounces", "{}".into()).await),
    ]
}

/// All failures that are provoked, each checked to be documented with its status. Together they are all that is documented
/// but for our own faults.
pub async fn provoked(description: &Value) -> Vec<Value> {
    let (desk, survey) = rated().await;
    let schema = json!({"$ref": "#/components/schemas/Problem"});
    let (mut cases, mut special) = (Vec::new(), special(&desk, &survey).await);
    for call in calls(description) {
        // Each on its own, because some erase what others need.
        let fresh = connected().await;
        let mut answers = usual(&fresh, &call).await;
        answers.extend(special.extract_if(.., |(name, _)| *name == call.name()).map(|(_, answer)| answer));
        let mut met = BTreeSet::new();
        for answer in answers {
            let documented = call.codes(answer.status);
            let code = code(&answer);
            assert!(documented.contains(code.as_str()), "{}: {} {}", call.name(), answer.status, answer.text);
            assert_eq!(answer.header("content-type"), "application/problem+json");
            assert!(!answer.header("x-request-id").is_empty());
            assert_eq!(answer.status == 401, answer.headers.contains_key("www-authenticate"));
            let example = &description["components"]["examples"][&code]["value"];
            for same in ["type", "title", "status", "code"] {
                assert_eq!(example[same], answer[same], "{code}");
            }
            cases.push(case(&format!("{} {code}", call.name()), &schema, &answer.json));
            met.insert(code);
        }
        let documented = call.statuses(true).into_iter().flat_map(|status| call.codes(status));
        let theirs: BTreeSet<_> = documented.filter(|code| !OURS.contains(code)).map(str::to_owned).collect();
        assert_eq!(met, theirs, "{}: what is met and what is documented", call.name());
    }
    assert!(special.is_empty(), "of unknown calls: {special:?}");
    cases
}

#[tokio::test]
async fn every_documented_failure_can_be_provoked_and_no_other_is_met() {
    let cases = provoked(&description().await).await;
    assert!(cases.len() > 80, "{}", cases.len());
}
