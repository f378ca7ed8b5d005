//! The description of the API, held to the program: calls, fields, examples, failures and answers.
//!
//! One test needs a Python with openapi-spec-validator, which `SMTP_TEST_PYTHON` names. `./tests/run` makes one and runs it;
//! a plain `cargo test` skips it.

mod failures;
mod fields;

use crate::desk::{Answer, Desk};
use crate::docs;
use afterword::config::{Config, HelpdeskSettings, ProviderSettings};
use afterword::survey::event::EventKind;
use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

/// The description, as the program serves it.
pub async fn description() -> Value {
    let answer = Desk::open().await.get("/openapi.json").await;
    assert_eq!(answer.status, 200);
    answer.json
}

/// One call of a description.
struct Call<'d> {
    method: Method,
    path: &'d str,
    is: &'d Value,
}

fn calls(description: &Value) -> Vec<Call<'_>> {
    let paths = description["paths"].as_object().expect("paths");
    paths
        .iter()
        .flat_map(|(path, calls)| {
            let all = calls.as_object().expect("calls").iter();
            all.map(move |(name, is)| Call { method: name.to_uppercase().parse().expect("a method"), path, is })
        })
        .collect()
}

impl<'d> Call<'d> {
    fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    fn parameters(&self) -> impl Iterator<Item = &'d Value> {
        self.is["parameters"].as_array().into_iter().flatten()
    }

    fn in_query(&self) -> impl Iterator<Item = &'d Value> {
        self.parameters().filter(|one| one["in"] == "query")
    }

    /// The path with the examples of its parameters.
    fn at(&self) -> String {
        let segments = self.parameters().filter(|one| one["in"] == "path");
        segments.fold(self.path.to_owned(), |path, one| {
            let example = one["example"].as_str().expect("an example");
            path.replace(&format!("{{{}}}", one["name"].as_str().expect("a name")), example)
        })
    }

    /// The same with those parameters of the query that have an example.
    fn with_query(&self) -> String {
        let pairs = self.in_query().filter(|one| !one["example"].is_null()).map(|one| {
            let example = one["example"].as_array().map_or(&one["example"], |all| &all[0]);
            let text = example.as_str().map_or(example.to_string(), str::to_owned);
            format!("{}={text}", one["name"].as_str().expect("a name"))
        });
        let pairs: Vec<_> = pairs.collect();
        if pairs.is_empty() { self.at() } else { format!("{}?{}", self.at(), pairs.join("&")) }
    }

    fn body(&self) -> Option<&'d Value> {
        self.is.get("requestBody").map(|body| &body["content"]["application/json"])
    }

    /// The examples of its body; one without a body, if it takes none or can do without.
    fn bodies(&self) -> Vec<Option<&'d Value>> {
        let examples =
            self.body().into_iter().flat_map(|body| body["examples"].as_object().expect("examples").values());
        let examples = examples.map(|example| Some(&example["value"]));
        let none = self.body().is_none() || self.is["requestBody"]["required"] == false;
        examples.chain(none.then_some(None)).collect()
    }

    /// The statuses that it answers with, below 400 or from there on.
    fn statuses(&self, fails: bool) -> BTreeSet<u16> {
        let all = self.is["responses"].as_object().expect("answers").keys();
        all.map(|status| status.parse().expect("a status")).filter(|status| (*status >= 400) == fails).collect()
    }

    fn schema_of(&self, status: u16) -> Option<&'d Value> {
        let content = self.is["responses"][status.to_string()]["content"].as_object()?;
        content.values().next().map(|media| &media["schema"])
    }

    fn codes(&self, status: u16) -> BTreeSet<&'d str> {
        let problem = &self.is["responses"][status.to_string()]["content"]["application/problem+json"];
        let examples = problem["examples"].as_object().into_iter().flatten();
        examples.map(|(name, _)| name.strip_suffix("_parameter").unwrap_or(name)).collect()
    }
}

/// A request with a key, or without one if it is empty.
async fn send(desk: &Desk, method: &Method, path: &str, key: &str, body: Body) -> Answer {
    let mut request = Request::builder().method(method).uri(path).header("content-type", "application/json");
    if !key.is_empty() {
        request = request.header("authorization", format!("Bearer {key}"));
    }
    desk.send(request.body(body).expect("a request")).await
}

/// A desk that two helpdesks and two mail providers report to: one of each by a key, one by a signature.
async fn connected() -> Desk {
    let add = |config: &mut Config, name: &str, settings: &str| {
        let settings: HelpdeskSettings = toml::from_str(settings).expect("settings");
        config.helpdesks.insert(name.to_owned(), settings);
    };
    Desk::with(|config| {
        add(config, "shop", "kind = 'template'\nauth = 'key'");
        add(config, "signed", "kind = 'template'\nauth = 'zammad'\nsecret = 's3cret'");
        for (name, settings) in [("postmark", "kind = 'postmark'"), ("mailgun", "kind = 'mailgun'\nsecret = 's3cret'")]
        {
            let settings: ProviderSettings = toml::from_str(settings).expect("settings");
            config.providers.insert(name.to_owned(), settings);
        }
    })
    .await
}

/// The same, and an unhappy customer rated: the survey of the examples, which has this id here.
async fn rated() -> (Desk, String) {
    let desk = connected().await;
    desk.close(json!({"conversation_id": "8840", "characters": 10})).await;
    let survey = desk.close(json!({"tags": ["refund"]})).await["survey_id"].as_str().expect("an id").to_owned();
    let mail = desk.the_mail().await;
    desk.comment(&mail.links[1], "It took a week.").await;
    desk.put("/v1/suppressions/bob@example.com", None).await;
    (desk, survey)
}

/// The id of the survey of the examples.
fn survey_of(description: &Value) -> &str {
    let call = &description["paths"]["/v1/surveys/{id}/{act}"]["post"];
    call["parameters"][0]["example"].as_str().expect("an id")
}

/// What was answered, and the schema that it has to have.
fn case(what: &str, schema: &Value, value: &Value) -> Value {
    json!({"what": what, "schema": schema, "value": value, "valid": true})
}

/// Sends every example, each twice: each gives a status that is documented, and together they give all of these. Returns
/// what was answered.
async fn examples_sent(description: &Value) -> Vec<Value> {
    let mut cases = Vec::new();
    for call in calls(description) {
        let mut seen = BTreeSet::new();
        for body in call.bodies() {
            let (desk, survey) =
                if call.path.ends_with("/closings") { (connected().await, String::new()) } else { rated().await };
            let ours = |text: &str| text.replace(survey_of(description), &survey);
            let text = body.map(|body| ours(&body.to_string())).unwrap_or_default();
            for _ in 0..2 {
                let path = ours(&call.with_query());
                let answer = send(&desk, &call.method, &path, &desk.admin, text.clone().into()).await;
                let what = format!("{} {path} {text}", call.method);
                assert!(call.statuses(false).contains(&answer.status), "{what}: {} {}", answer.status, answer.text);
                seen.insert(answer.status);
                if let Some(schema) = call.schema_of(answer.status) {
                    cases.push(case(&what, schema, &answer.json));
                }
            }
        }
        assert_eq!(seen, call.statuses(false), "{}", call.name());
    }
    cases
}

/// More answers, with what the examples do not show.
async fn more_answers(description: &Value) -> Vec<Value> {
    let (desk, survey) = rated().await;
    let mut cases = Vec::new();
    for (path, of) in [
        ("/v1/report?by=tag,month&from=2026-11-22&to=2026-11-22T12:00:00Z", "/v1/report"),
        ("/v1/report?by=day&compare=true", "/v1/report"),
        ("/v1/decisions?compare=true", "/v1/decisions"),
        ("/v1/decisions?by=team&compare=true", "/v1/decisions"),
        ("/v1/ratings?limit=1", "/v1/ratings"),
        ("/v1/follow-ups?state=open", "/v1/follow-ups"),
        ("/v1/conversations/8840", "/v1/conversations/{id}"),
        ("/v1/customers/nobody@example.com", "/v1/customers/{email}"),
    ] {
        let schema = &description["paths"][of]["get"]["responses"]["200"]["content"]["application/json"]["schema"];
        cases.push(case(path, schema, &desk.get(path).await.json));
    }
    let least =
        json!({"conversation_id": "9", "closed_at": "2026-11-22T10:00:00Z", "customers": [{"email": "c@example.com"}]});
    let schema = json!({"$ref": "#/components/schemas/Decision"});
    let unknown = desk.post("/v1/closings", least.clone()).await;
    assert!(unknown["unknown"].is_array(), "{}", unknown.text);
    cases.push(case("unknown facts", &schema, &unknown.json));
    cases.push(case("a skip", &schema, &desk.close(json!({"conversation_id": "10", "characters": 9})).await.json));
    let soft = desk.post("/v1/bounces", json!({"survey_id": survey, "kind": "soft"})).await;
    cases.push(case("a soft bounce", &json!({"$ref": "#/components/schemas/Returned"}), &soft.json));
    // What must not be valid, so that the rest means something.
    let mut more = unknown.json.clone();
    more["nonsense"] = json!(1);
    cases.push(json!({"what": "one field more", "schema": schema, "value": more, "valid": false}));
    let late = json!({"decision": "ask", "survey_id": "1", "send_at": "yesterday"});
    cases.push(json!({"what": "no id and no time", "schema": schema, "value": late, "valid": false}));
    cases.push(
        json!({"what": "no email", "schema": {"$ref": "#/components/schemas/Customer"}, "value": {}, "valid": false}),
    );
    cases
}

#[tokio::test]
async fn every_example_is_taken_and_answered_as_documented() {
    let cases = examples_sent(&description().await).await;
    assert!(cases.len() > 30, "{}", cases.len());
}

#[tokio::test]
#[ignore = "needs a Python with openapi-spec-validator; ./tests/run runs it"]
async fn other_programs_find_the_description_valid_and_the_answers_as_it_says() {
    let description = description().await;
    let mut cases = examples_sent(&description).await;
    cases.extend(more_answers(&description).await);
    cases.extend(failures::provoked(&description).await);
    let python = std::env::var("SMTP_TEST_PYTHON")
        .expect("SMTP_TEST_PYTHON names a Python with openapi-spec-validator: run the tests by ./tests/run");
    let folder = tempfile::tempdir().expect("a folder");
    let [document, answers] = [("openapi.json", &description), ("cases.json", &json!(cases))].map(|(name, json)| {
        let file = folder.path().join(name);
        fs::write(&file, json.to_string()).expect("written");
        file
    });
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/openapi_check.py");
    let output = Command::new(python).arg(script).arg(document).arg(answers).output().expect("Python starts");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let count: usize =
        said.strip_prefix("checked ").unwrap_or_else(|| panic!("{said}")).trim().parse().expect("a number");
    assert!(count > cases.len() + 50, "{count}: the examples of the description, too");
}

#[tokio::test]
async fn every_event_is_described_as_its_page_tells_it() {
    let (description, page) = (description().await, docs::read("docs/webhooks.md"));
    let webhooks = description["webhooks"].as_object().expect("webhooks");
    assert!(webhooks.keys().map(String::as_str).eq(EventKind::ALL.iter().map(|kind| kind.word())));
    for (kind, webhook) in webhooks {
        let about = webhook["post"]["description"].as_str().expect("a text");
        let told: Vec<_> = docs::section(&page, &format!("### {kind}")).split_whitespace().collect();
        assert!(told.join(" ").contains(about), "{kind}: {about}");
        // A receiver that is built by the example must not count on what never comes.
        let data =
            &webhook["post"]["requestBody"]["content"]["application/json"]["examples"]["made_up"]["value"]["data"];
        let nobody = ["survey.skipped", "survey.erased"].contains(&kind.as_str());
        assert_eq!(data["customer"]["id"].is_null() && data["customer"]["name"].is_null(), nobody, "{kind}");
        assert_eq!(data["subject"].is_null(), kind == "survey.erased", "{kind}");
    }
}

/// A call is in the description because the router takes it from there. So none may reach the router by itself.
#[test]
fn the_api_has_no_route_beside_the_description() {
    let wrong: Vec<_> = docs::sources("src/web").match_indices(".route(\"/v1/").map(|(at, _)| at).collect();
    assert!(wrong.is_empty(), "a call of the API is added to a list in src/web/openapi/calls, which makes its route");
}

#[tokio::test]
async fn the_description_is_for_all_and_is_fetched_once() {
    let desk = Desk::open().await;
    let get = async |path: &str, header: (&str, &str)| {
        desk.send(Request::get(path).header(header.0, header.1).body(Body::empty()).expect("a request")).await
    };
    for (path, kind) in [("/openapi.json", "application/json"), ("/docs", "text/html; charset=utf-8")] {
        let first = get(path, ("accept", "*/*")).await;
        assert_eq!((first.status, first.header("content-type")), (200, kind));
        assert_eq!(first.header("cache-control"), "no-cache");
        let again = get(path, ("if-none-match", &format!("\"other\", {}", first.header("etag")))).await;
        assert_eq!((again.status, again.text.as_str()), (304, ""));
        assert_eq!(again.header("etag"), first.header("etag"));
        assert_eq!(get(path, ("if-none-match", "W/\"other\"")).await.status, 200);
    }
    assert_eq!(get("/openapi.json", ("accept", "*/*")).await.header("access-control-allow-origin"), "*");
    assert_eq!(get("/docs", ("accept", "*/*")).await.header("access-control-allow-origin"), "");
    assert_eq!(desk.get("/v1/status").await.header("access-control-allow-origin"), "");
    assert_eq!(desk.get("/openapi.json").await["servers"][0]["url"], desk.gateway.config.public_url.as_str());
    assert_eq!(desk.post("/openapi.json", json!({})).await["code"], "method_not_allowed");
}

#[tokio::test]
async fn the_page_has_every_call_field_and_code_and_loads_nothing_from_elsewhere() {
    let desk = Desk::open().await;
    let (page, description) = (desk.get("/docs").await, description().await);
    assert!(page.header("content-security-policy").starts_with("default-src 'none'; style-src 'self'"));
    for call in calls(&description) {
        let id = call.is["operationId"].as_str().expect("a name");
        for part in
            [format!("<h3 id=\"{id}\">"), format!("href=\"#{id}\""), format!("<b>{}</b> {}", call.method, call.path)]
        {
            assert!(page.text.contains(&part), "{part}");
        }
    }
    let schemas = description["components"]["schemas"].as_object().expect("schemas");
    for (name, schema) in schemas {
        let (_, section) = page.text.split_once(&format!("<h3 id=\"{name}\">")).unwrap_or_else(|| panic!("{name}"));
        let section = section.split("</section>").next().expect("a section");
        for field in schema["properties"].as_object().into_iter().flat_map(|fields| fields.keys()) {
            assert!(section.contains(&format!("<code>{field}</code>")), "{name} {field}");
        }
    }
    for link in page.text.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(page.text.contains(&format!("id=\"{link}\"")), "{link}");
    }
    let ids: Vec<_> = page.text.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    for id in &ids {
        assert_eq!(ids.iter().filter(|other| other == &id).count(), 1, "{id}");
    }
    let names: Vec<_> = calls(&description).iter().map(|call| call.is["operationId"].clone()).collect();
    for (kind, webhook) in description["webhooks"].as_object().expect("webhooks") {
        assert!(!names.contains(&webhook["post"]["operationId"]), "{kind}");
    }
    assert!(!page.text.contains("<script") && !page.text.contains("style="));
    let sources = page.text.split("src=\"").skip(1).count();
    assert_eq!(sources, 0);
    for link in page.text.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(link.starts_with('#') || link.starts_with('/'), "{link}");
    }
}

#[tokio::test]
async fn the_commands_of_the_page_are_for_this_service() {
    let desk = Desk::with(|config| config.public_url = "https://rate.example.com".parse().expect("a URL")).await;
    let page = desk.get("/docs").await.text;
    assert!(page.contains("curl &#39;https://rate.example.com/v1/closings&#39; \\\n"));
    assert!(page.contains("curl -X DELETE"));
}
