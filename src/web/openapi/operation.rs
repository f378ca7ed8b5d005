//! One call of the API: its route, its handler and its description. The router and the document are made of the
//! same list, so that neither can have a call that the other lacks.
//!
//! It owns how a call becomes part of the document. It must not know any call.

use super::schema::Schema;
use crate::survey::access::Scope;
use crate::web::App;
use crate::web::code::Code;
use axum::handler::Handler;
use axum::http::{Method, StatusCode};
use axum::routing::{MethodFilter, MethodRouter, on};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The groups of calls, in the order in which people meet them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Group {
    Closings,
    Reports,
    Decide,
    Customers,
    Operate,
}

impl Group {
    pub(super) const ALL: [Self; 5] = [Self::Closings, Self::Reports, Self::Decide, Self::Customers, Self::Operate];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Closings => "Closings and conversations",
            Self::Reports => "Reports and ratings",
            Self::Decide => "Follow-ups and decisions about ratings",
            Self::Customers => "Customers and suppressions",
            Self::Operate => "Operating",
        }
    }

    /// Where the page has it: the first word of its name.
    pub(super) fn anchor(self) -> String {
        self.name().split(' ').next().unwrap_or_default().to_lowercase()
    }

    pub(super) const fn about(self) -> &'static str {
        match self {
            Self::Closings => "What a helpdesk reports, and what became of it.",
            Self::Reports => "Figures, and the ratings behind them.",
            Self::Decide => "What people do about ratings.",
            Self::Customers => "Who is asked no more, and what is stored about a customer.",
            Self::Operate => "How the service does.",
        }
    }
}

/// Who may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Door {
    /// The bearer of a key with this scope.
    Key(Scope),
    /// A configured helpdesk or mail provider: by its signature, or by a key with the scope `trigger`.
    Webhook,
    /// Anybody.
    Open,
}

/// A parameter of the path or of the query.
#[derive(Clone, Debug)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) in_path: bool,
    pub(super) schema: Schema,
    pub(super) example: Option<&'static str>,
}

/// A parameter of the query.
pub(super) fn query(name: &'static str, schema: Schema) -> Parameter {
    Parameter { name, in_path: false, schema, example: None }
}

/// A parameter of the path, with an example.
pub(super) fn segment(name: &'static str, schema: Schema, example: &'static str) -> Parameter {
    Parameter { name, in_path: true, schema, example: Some(example) }
}

impl Parameter {
    /// Adds a value that the example of the call has.
    pub(super) fn example(mut self, value: &'static str) -> Self {
        self.example = Some(value);
        self
    }

    fn json(&self) -> Value {
        let mut schema = Value::from(self.schema.clone());
        let about = schema.as_object_mut().and_then(|schema| schema.shift_remove("description"));
        let place = if self.in_path { "path" } else { "query" };
        let mut json = json!({"name": self.name, "in": place, "required": self.in_path});
        json["description"] = about.unwrap_or_default();
        if let Some(example) = self.example {
            let is_number = schema["type"] == "integer" || schema["items"]["type"] == "integer";
            let example = if is_number || schema["type"] == "boolean" {
                serde_json::from_str(example).unwrap_or_default()
            } else {
                Value::from(example)
            };
            json["example"] = if schema["type"] == "array" { json!([example]) } else { example };
        }
        json["schema"] = schema;
        json
    }
}

/// An example of a body: its key in the document, what it shows, and itself.
pub(super) type Example = (&'static str, &'static str, Value);

/// The body of a request.
#[derive(Clone, Debug)]
pub(super) struct Body {
    /// Whether there must be one.
    pub(super) required: bool,
    /// Whether it is free in its form: then `about` of the call says what it may be.
    pub(super) free: bool,
    pub(super) schema: Schema,
    pub(super) examples: Vec<Example>,
}

/// A success.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) about: &'static str,
    /// `None` without a body.
    pub(super) schema: Option<Schema>,
    pub(super) examples: Vec<Example>,
}

/// One call.
#[derive(Clone, Debug)]
pub(in crate::web) struct Operation {
    pub(super) method: Method,
    pub(super) path: &'static str,
    handler: MethodRouter<Arc<App>>,
    pub(super) group: Group,
    /// Its name in generated clients.
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    /// In Markdown: paragraphs, and nothing else but words in backticks.
    pub(super) about: &'static str,
    pub(super) door: Door,
    pub(super) parameters: Vec<Parameter>,
    pub(super) body: Option<Body>,
    pub(super) answers: Vec<Answer>,
    /// Codes that do not follow from the rest.
    codes: Vec<Code>,
}

/// A call by GET.
pub(super) fn get<H: Handler<T, Arc<App>>, T: 'static>(path: &'static str, id: &'static str, handler: H) -> Operation {
    Operation::new(Method::GET, path, id, on(MethodFilter::GET, handler))
}

/// A call by HEAD.
pub(super) fn head<H: Handler<T, Arc<App>>, T: 'static>(path: &'static str, id: &'static str, handler: H) -> Operation {
    Operation::new(Method::HEAD, path, id, on(MethodFilter::HEAD, handler))
}

/// A call by POST.
pub(super) fn post<H: Handler<T, Arc<App>>, T: 'static>(path: &'static str, id: &'static str, handler: H) -> Operation {
    Operation::new(Method::POST, path, id, on(MethodFilter::POST, handler))
}

/// A call by PUT.
pub(super) fn put<H: Handler<T, Arc<App>>, T: 'static>(path: &'static str, id: &'static str, handler: H) -> Operation {
    Operation::new(Method::PUT, path, id, on(MethodFilter::PUT, handler))
}

/// A call by DELETE.
pub(super) fn delete<H: Handler<T, Arc<App>>, T: 'static>(
    path: &'static str,
    id: &'static str,
    handler: H,
) -> Operation {
    Operation::new(Method::DELETE, path, id, on(MethodFilter::DELETE, handler))
}

impl Operation {
    fn new(method: Method, path: &'static str, id: &'static str, handler: MethodRouter<Arc<App>>) -> Self {
        Self {
            method,
            path,
            handler,
            id,
            group: Group::Operate,
            title: "",
            about: "",
            door: Door::Open,
            parameters: Vec::new(),
            body: None,
            answers: Vec::new(),
            codes: Vec::new(),
        }
    }

    /// Where it stands, its title and what it does.
    pub(super) fn is(mut self, group: Group, title: &'static str, about: &'static str) -> Self {
        (self.group, self.title, self.about) = (group, title, about);
        self
    }

    /// Who may call it.
    pub(super) fn by(mut self, door: Door) -> Self {
        self.door = door;
        self
    }

    /// Its parameters.
    pub(super) fn with(mut self, parameters: impl IntoIterator<Item = Parameter>) -> Self {
        self.parameters.extend(parameters);
        self
    }

    /// Its body, with examples.
    pub(super) fn takes(mut self, schema: Schema, examples: impl IntoIterator<Item = Example>) -> Self {
        self.body = Some(Body { required: true, free: false, schema, examples: examples.into_iter().collect() });
        self
    }

    /// Its body may be left out.
    pub(super) fn or_nothing(mut self) -> Self {
        self.body.iter_mut().for_each(|body| body.required = false);
        self
    }

    /// Its body has a form of its own.
    pub(super) fn in_any_form(mut self) -> Self {
        self.body.iter_mut().for_each(|body| body.free = true);
        self
    }

    /// A success, with examples.
    pub(super) fn answers(
        mut self,
        status: StatusCode,
        about: &'static str,
        schema: impl Into<Option<Schema>>,
        examples: impl IntoIterator<Item = Example>,
    ) -> Self {
        let (schema, examples) = (schema.into(), examples.into_iter().collect());
        self.answers.push(Answer { status, about, schema, examples });
        self
    }

    /// Failures that do not follow from the rest of what it is.
    pub(super) fn fails(mut self, codes: impl IntoIterator<Item = Code>) -> Self {
        self.codes.extend(codes);
        self
    }

    /// Its handler, for the router.
    pub(super) fn route(self) -> (&'static str, MethodRouter<Arc<App>>) {
        (self.path, self.handler)
    }

    /// The codes that it can fail with, by their status. Most follow from what it is: a call by a key can lack one, a call
    /// with a body can have one that is not JSON.
    pub(super) fn failures(&self) -> BTreeMap<StatusCode, Vec<Code>> {
        let key: &[_] = match self.door {
            Door::Key(_) => &[Code::UnknownKey, Code::Forbidden],
            Door::Webhook => &[Code::UnknownKey, Code::BadSignature, Code::Forbidden],
            Door::Open => &[],
        };
        let body: &[_] = match self.body {
            Some(_) => &[Code::NotJson, Code::BrokenBody, Code::TooLarge, Code::Busy],
            None => &[],
        };
        // A part of the path that is not UTF-8. Calls for anybody do not read it.
        let reads_path = self.door != Door::Open && self.parameters.iter().any(|one| one.in_path);
        let path: &[_] = if reads_path { &[Code::NotFound] } else { &[] };
        let takes_something =
            self.body.as_ref().is_some_and(|body| !body.free) || self.parameters.iter().any(|one| !one.in_path);
        let fields: &[_] = if takes_something { &[Code::Invalid] } else { &[] };
        let ours: &[_] = if self.door == Door::Open { &[] } else { &[Code::Unavailable, Code::Internal] };
        let mut failures = BTreeMap::<_, Vec<_>>::new();
        for code in [key, body, path, &self.codes, fields, ours].concat() {
            let of_status = failures.entry(code.status()).or_default();
            if !of_status.contains(&code) {
                of_status.push(code);
            }
        }
        failures
    }

    /// What the document says of it.
    pub(super) fn json(&self) -> Value {
        let mut json = json!({
            "operationId": self.id, "tags": [self.group.name()], "summary": self.title, "description": self.about,
            "security": self.security(),
        });
        if !self.parameters.is_empty() {
            json["parameters"] = self.parameters.iter().map(Parameter::json).collect();
        }
        if let Some(body) = &self.body {
            json["requestBody"] = body.json();
        }
        let successes = self.answers.iter().map(|answer| (answer.status, answer.json()));
        let failures = self.failures().into_iter().map(|(status, codes)| (status, failure(status, &codes, self)));
        let all = successes.chain(failures).map(|(status, answer)| (status.as_str().to_owned(), answer));
        json["responses"] = Value::Object(all.collect());
        json
    }

    fn security(&self) -> Value {
        match self.door {
            Door::Key(scope) => json!([{"key": [scope]}]),
            Door::Webhook => json!([{"signature": []}, {"key": [Scope::Trigger]}, {"basic": [Scope::Trigger]}]),
            Door::Open => json!([]),
        }
    }

    /// The example of a failure that fits this call.
    pub(super) fn example_of(&self, code: Code) -> String {
        match code {
            Code::Invalid if self.body.is_none() => "invalid_parameter".to_owned(),
            code => code.to_string(),
        }
    }
}

impl Body {
    fn json(&self) -> Value {
        let mut content = json!({"application/json": media(&self.schema, &self.examples)});
        if self.free {
            let form = json!({"schema": {"type": "object", "additionalProperties": {"type": "string"}}});
            content["application/x-www-form-urlencoded"] = form;
        }
        json!({"required": self.required, "content": content})
    }
}

impl Answer {
    fn json(&self) -> Value {
        let mut json = json!({"description": self.about, "headers": headers(self.status)});
        if let Some(schema) = &self.schema {
            json["content"] = json!({"application/json": media(schema, &self.examples)});
        }
        json
    }
}

/// A body of JSON, with examples.
pub(super) fn media(schema: &Schema, examples: &[Example]) -> Value {
    let example = |(name, summary, value): &Example| ((*name).to_owned(), json!({"summary": summary, "value": value}));
    let mut json = json!({"schema": Value::from(schema.clone())});
    if !examples.is_empty() {
        json["examples"] = Value::Object(examples.iter().map(example).collect());
    }
    json
}

fn failure(status: StatusCode, codes: &[Code], of: &Operation) -> Value {
    let means: Vec<_> = codes.iter().map(|code| format!("`{code}`: {}", code.meaning())).collect();
    let example = |code: &Code| {
        let name = of.example_of(*code);
        let link = json!({"$ref": format!("#/components/examples/{name}")});
        (name, link)
    };
    let examples: Map<_, _> = codes.iter().map(example).collect();
    let problem = json!({"schema": {"$ref": "#/components/schemas/Problem"}, "examples": examples});
    json!({
        "description": means.join("\n\n"), "headers": headers(status),
        "content": {"application/problem+json": problem},
    })
}

/// The headers that answers of a status have beside those of all answers on the web.
fn headers(status: StatusCode) -> Value {
    let more = match status {
        StatusCode::UNAUTHORIZED => Some("WWW-Authenticate"),
        StatusCode::SERVICE_UNAVAILABLE => Some("Retry-After"),
        _ => None,
    };
    let header = |name: &str| (name.to_owned(), json!({"$ref": format!("#/components/headers/{name}")}));
    Value::Object(["X-Request-Id"].into_iter().chain(more).map(header).collect())
}
