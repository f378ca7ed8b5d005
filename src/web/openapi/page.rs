//! `/docs`: the description of the API as one page for people.
//!
//! It is made of the same calls and schemas as the document, and needs no script. It owns how a schema is put into words. It
//! must not know what any call does.

use super::operation::{Door, Example, Group, Operation, Parameter};
use super::{ABOUT, calls, events, problems, schemas, security_schemes};
use crate::survey::event::EventKind;
use crate::web::App;
use crate::web::assets::Tagged;
use crate::web::code::Code;
use crate::web::page::render;
use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use serde_json::Value;
use std::sync::Arc;

/// Shows the page. It takes no key: it tells what the program does, and nothing that the service holds.
pub(in crate::web) async fn show(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    let page = || render(&reference(&app));
    app.reference.get_or_init(|| Tagged::new("text/html; charset=utf-8", page())).answer(&headers)
}

#[derive(Template)]
#[template(path = "docs/reference.html")]
struct Reference<'a> {
    app: &'a App,
    url: &'a str,
    about: Vec<Words>,
    keys: Vec<Words>,
    groups: Vec<(Group, Vec<Call>)>,
    about_events: Vec<Words>,
    events: Vec<Event>,
    objects: Vec<Object>,
    codes: Vec<(Code, Words, String)>,
}

/// A text with words of code in it.
type Words = Vec<Piece>;

/// A piece of a text.
struct Piece {
    is_code: bool,
    text: String,
}

struct Call {
    is: Operation,
    who: Words,
    about: Vec<Words>,
    path: Vec<Row>,
    query: Vec<Row>,
    body: Option<(Kind, Vec<Row>)>,
    curls: Vec<(String, String)>,
    answers: Vec<Answer>,
    failures: Vec<(u16, Code, Words)>,
}

struct Answer {
    status: u16,
    about: Words,
    kind: Option<Kind>,
    examples: Vec<(String, String)>,
}

struct Event {
    kind: EventKind,
    about: Words,
    rows: Vec<Row>,
    example: String,
}

/// A field of an object, or a parameter.
struct Row {
    name: String,
    kind: Kind,
    required: bool,
    about: Words,
}

/// What a value is, in words, some of which lead to an object.
type Kind = Vec<(String, Option<String>)>;

/// A schema that has a name.
struct Object {
    name: String,
    about: Words,
    kind: Kind,
    rows: Vec<Row>,
}

fn reference(app: &App) -> Reference<'_> {
    let url = app.gateway.config.public_url.as_str();
    let call = |operation: Operation| call(operation, url);
    let of_group = |group| calls::all().into_iter().filter(move |one| one.group == group).map(call).collect();
    let key = security_schemes()["key"]["description"].as_str().unwrap_or_default().to_owned();
    let examples = problems::examples();
    let code = |code: &Code| (*code, words(code.meaning()), pretty(&examples[code.word()]["value"]));
    // What only pages fail with is no matter of programs.
    let fails = calls::all().iter().flat_map(|one| one.failures().into_values().flatten()).collect::<Vec<_>>();
    Reference {
        app,
        url,
        about: paragraphs(ABOUT),
        keys: paragraphs(&key),
        groups: Group::ALL.map(|group| (group, of_group(group))).into(),
        about_events: paragraphs(events::ABOUT),
        events: EventKind::ALL.iter().map(|kind| event(*kind)).collect(),
        objects: schemas().into_iter().map(object).collect(),
        codes: Code::ALL.iter().filter(|code| fails.contains(code)).map(code).collect(),
    }
}

fn call(operation: Operation, url: &str) -> Call {
    let rows = |in_path| operation.parameters.iter().filter(|one| one.in_path == in_path).map(parameter).collect();
    let body = operation.body.as_ref().map(|body| {
        let schema = Value::from(body.schema.clone());
        (kind(&schema), fields(&schema, ""))
    });
    let answers = operation.answers.iter().map(|answer| Answer {
        status: answer.status.as_u16(),
        about: words(answer.about),
        kind: answer.schema.clone().map(|schema| kind(&schema.into())),
        examples: answer.examples.iter().map(|(_, shows, value)| ((*shows).to_owned(), pretty(value))).collect(),
    });
    let failures = operation
        .failures()
        .into_iter()
        .flat_map(|(status, codes)| codes.into_iter().map(move |code| (status.as_u16(), code, words(code.meaning()))));
    Call {
        who: words(&who(operation.door)),
        about: paragraphs(operation.about),
        path: rows(true),
        query: rows(false),
        body,
        curls: curls(&operation, url),
        answers: answers.collect(),
        failures: failures.collect(),
        is: operation,
    }
}

fn event(kind: EventKind) -> Event {
    let rows = fields(&events::schema(kind).into(), "");
    Event { kind, about: words(events::about(kind)), rows, example: pretty(&events::example(kind)) }
}

fn who(door: Door) -> String {
    match door {
        Door::Key(scope) => format!("Needs a key with the scope `{scope}`."),
        Door::Webhook => "Needs the sender's signature, or a key with the scope `trigger`.".to_owned(),
        Door::Open => "Needs no key.".to_owned(),
    }
}

/// The call as commands, one an example of its body.
fn curls(operation: &Operation, url: &str) -> Vec<(String, String)> {
    let address = format!("{url}{}", address(operation));
    let method = match operation.method {
        Method::GET => String::new(),
        Method::HEAD => " --head".to_owned(),
        Method::POST if operation.body.is_some() => String::new(),
        ref other => format!(" -X {other}"),
    };
    let key = if operation.door == Door::Open { "" } else { " \\\n  -H \"Authorization: Bearer $AFTERWORD_KEY\"" };
    let command = |more: &str| format!("curl{method} '{address}'{key}{more}");
    let with = |(_, shows, body): &Example| {
        let body = pretty(body).replace('\'', r"'\''");
        ((*shows).to_owned(), command(&format!(" \\\n  -H 'Content-Type: application/json' \\\n  -d '{body}'")))
    };
    match &operation.body {
        Some(body) => body.examples.iter().map(with).collect(),
        None => vec![(operation.title.to_owned(), command(""))],
    }
}

/// The path with its examples, and those parameters that have one.
fn address(operation: &Operation) -> String {
    let example = |one: &Parameter| one.example.unwrap_or_default();
    let (in_path, in_query): (Vec<_>, Vec<_>) = operation.parameters.iter().partition(|one| one.in_path);
    let path = in_path
        .iter()
        .fold(operation.path.to_owned(), |path, one| path.replace(&format!("{{{}}}", one.name), example(one)));
    let query: Vec<_> = in_query.iter().filter(|one| one.example.is_some()).collect();
    let query: Vec<_> = query.iter().map(|one| format!("{}={}", one.name, example(one))).collect();
    if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) }
}

fn parameter(parameter: &Parameter) -> Row {
    let schema = Value::from(parameter.schema.clone());
    row(parameter.name.to_owned(), &schema, parameter.in_path)
}

fn row(name: String, schema: &Value, required: bool) -> Row {
    Row { name, kind: kind(schema), required, about: words(schema["description"].as_str().unwrap_or_default()) }
}

fn object((name, schema): (String, Value)) -> Object {
    let about = words(schema["description"].as_str().unwrap_or_default());
    Object { name, about, kind: kind(&schema), rows: fields(&schema, "") }
}

/// The fields of an object, those of objects in it after them. A named object is not taken apart.
fn fields(schema: &Value, before: &str) -> Vec<Row> {
    let required = |name: &str| schema["required"].as_array().is_some_and(|all| all.iter().any(|one| one == name));
    let of = |(name, field): (&String, &Value)| {
        let path = format!("{before}{name}");
        let mut rows = vec![row(path.clone(), field, required(name))];
        rows.extend(fields(field, &format!("{path}.")));
        rows.extend(fields(&field["items"], &format!("{path}[].")));
        rows.extend(
            field["items"]["oneOf"].as_array().into_iter().flatten().flat_map(|one| fields(one, &format!("{path}[]."))),
        );
        rows
    };
    schema["properties"].as_object().into_iter().flatten().flat_map(of).collect()
}

/// What a value is, in words.
fn kind(schema: &Value) -> Kind {
    let plain = |text: &str| vec![(text.to_owned(), None)];
    if let Some(name) = schema["$ref"].as_str().and_then(|link| link.rsplit('/').next()) {
        return vec![(name.to_owned(), Some(format!("#{name}")))];
    }
    for several in ["oneOf", "anyOf"] {
        if let Some(kinds) = schema[several].as_array() {
            return kinds.iter().map(kind).collect::<Vec<_>>().join(&(" or ".to_owned(), None));
        }
    }
    let (name, null) = match &schema["type"] {
        Value::Array(names) => (names.first().and_then(Value::as_str).unwrap_or_default(), " or null"),
        name => (name.as_str().unwrap_or_default(), ""),
    };
    let mut kind = match (name, schema["format"].as_str()) {
        ("null", _) => plain("null"),
        ("string", _) if schema["enum"].is_array() || schema["const"].is_string() => plain(&choices(schema)),
        ("string", Some("date-time")) => plain("time"),
        ("string", Some("date")) => plain("day"),
        ("string", Some("uuid")) => plain("UUID"),
        ("string", Some("email")) => plain("address"),
        ("string", Some("uri" | "uri-reference")) => plain("URL"),
        ("string", _) => plain("text"),
        ("integer", _) => plain("whole number"),
        ("number", _) => plain("number"),
        ("boolean", _) => plain("true or false"),
        ("array", _) => [plain("list of "), self::kind(&schema["items"])].concat(),
        ("object", _) if schema["additionalProperties"].is_object() => {
            [plain("object, each value: "), self::kind(&schema["additionalProperties"])].concat()
        }
        ("object", _) => plain("object"),
        _ => plain("any JSON"),
    };
    kind.push((format!("{null}{}", limits(schema)), None));
    kind
}

fn choices(schema: &Value) -> String {
    let words = schema["enum"].as_array().into_iter().flatten().chain([&schema["const"]]);
    words.filter_map(Value::as_str).collect::<Vec<_>>().join(" | ")
}

/// The limits of a value, and what counts without it.
fn limits(schema: &Value) -> String {
    let between = |least: &str, most: &str, what: &str| match (schema[least].as_u64(), schema[most].as_u64()) {
        (Some(least), Some(most)) if least == most => Some(format!("{most}{what}")),
        (Some(least), Some(most)) => Some(format!("{least} to {most}{what}")),
        (None, Some(most)) => Some(format!("at most {most}{what}")),
        (_, None) => None,
    };
    let limits = [
        between("minLength", "maxLength", " characters"),
        between("minItems", "maxItems", " items"),
        between("minimum", "maximum", ""),
        schema
            .get("default")
            .map(|value| format!("default {}", value.as_str().map_or(value.to_string(), str::to_owned))),
    ];
    limits.into_iter().flatten().flat_map(|limit| [", ".to_owned(), limit]).collect()
}

fn pretty(value: &Value) -> String {
    format!("{value:#}")
}

fn paragraphs(text: &str) -> Vec<Words> {
    text.split("\n\n").map(words).collect()
}

/// Splits a text at its backticks.
fn words(text: &str) -> Words {
    let parts = text.split('`').enumerate().filter(|(_, part)| !part.is_empty());
    parts.map(|(place, part)| Piece { is_code: place % 2 == 1, text: part.to_owned() }).collect()
}
