//! Fields and parameters: those that are read are those that are documented, with their kinds, limits and words. What is
//! documented is tried out: the reader has to refuse what the schema refuses, and to take what it takes.

use super::{Call, calls, connected, description, send};
use crate::desk::{Answer, Desk};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// A schema behind its link; one that may be null, without that.
fn resolve<'d>(description: &'d Value, schema: &'d Value) -> &'d Value {
    if let Some(link) = schema["$ref"].as_str() {
        return description.pointer(&link[1..]).unwrap_or_else(|| panic!("{link}"));
    }
    schema["anyOf"].as_array().map_or(schema, |kinds| resolve(description, &kinds[0]))
}

fn takes_null(schema: &Value) -> bool {
    schema["type"].as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind == "null"))
        || schema["anyOf"].as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind["type"] == "null"))
}

fn is(schema: &Value, kind: &str) -> bool {
    schema["type"] == kind || schema["type"][0] == kind
}

/// Every object that a body has: where, and its schema. The first item stands for all of a list.
fn objects<'d>(description: &'d Value, schema: &'d Value, at: &str) -> Vec<(String, &'d Value)> {
    let schema = resolve(description, schema);
    let below = |(name, field): (&String, &'d Value)| {
        let field = resolve(description, field);
        match field.get("items") {
            Some(items) => objects(description, items, &format!("{at}/{name}/0")),
            None => objects(description, field, &format!("{at}/{name}")),
        }
    };
    let Some(fields) = schema["properties"].as_object() else { return Vec::new() };
    [(at.to_owned(), schema)].into_iter().chain(fields.iter().flat_map(below)).collect()
}

/// A call and its body, taken apart.
struct Probe<'d> {
    desk: &'d Desk,
    call: &'d Call<'d>,
    examples: Vec<&'d Value>,
}

impl Probe<'_> {
    /// An example with this field, or at least with the object that it is in.
    fn example(&self, object: &str, field: &str) -> Value {
        let pointer = format!("{object}/{field}");
        let with = |pointer: &str| self.examples.iter().find(|example| example.pointer(pointer).is_some());
        (*with(&pointer).or(with(object)).unwrap_or_else(|| panic!("no example has {object}"))).clone()
    }

    /// What the answer says of a field, if the field has this value; `None` leaves it out.
    async fn complaint(&self, object: &str, field: &str, value: Option<Value>) -> Option<String> {
        let mut body = self.example(object, field);
        let fields: &mut Map<_, _> = body.pointer_mut(object).and_then(Value::as_object_mut).expect("an object");
        match value {
            Some(value) => fields.insert(field.to_owned(), value),
            None => fields.remove(field),
        };
        // What is stored would be a repeat from then on, which is taken whatever else differs.
        let dry = self.call.in_query().any(|one| one["name"] == "dry_run");
        let path = self.call.at() + if dry { "?dry_run=true" } else { "" };
        let answer = send(self.desk, &self.call.method, &path, &self.desk.admin, body.to_string().into()).await;
        let pointer = format!("{object}/{field}");
        of(&answer, "pointer", &pointer)
    }

    async fn refuses(&self, object: &str, field: &str, value: Value) -> String {
        let shown: String = value.to_string().chars().take(80).collect();
        let complaint = self.complaint(object, field, Some(value)).await;
        complaint.unwrap_or_else(|| panic!("{}: {object}/{field} takes {shown}", self.call.name()))
    }

    async fn takes(&self, object: &str, field: &str, value: Value) {
        let shown: String = value.to_string().chars().take(80).collect();
        let complaint = self.complaint(object, field, Some(value)).await;
        assert_eq!(complaint, None, "{}: {object}/{field} refuses {shown}", self.call.name());
    }

    async fn fields_are(&self, object: &str, schema: &Value) {
        let documented: BTreeSet<_> = schema["properties"].as_object().expect("fields").keys().cloned().collect();
        let refused = self.refuses(object, "nonsense", json!(1)).await;
        let read: BTreeSet<_> = refused.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        assert_eq!(read, documented, "{} {object}: the fields that are read and those documented", self.call.name());
        assert_eq!(schema["additionalProperties"], false);
    }

    async fn field_is(&self, object: &str, name: &str, schema: &Value, required: bool) {
        let what = format!("{}: {object}/{name}", self.call.name());
        let null = self.complaint(object, name, Some(Value::Null)).await;
        assert_eq!(null.is_none_or(|why| !why.ends_with("not null")), takes_null(schema), "{what} and null");
        let missing = self.complaint(object, name, None).await;
        assert_eq!(missing.as_deref() == Some("this field is missing"), required, "{what}: {missing:?}");
        assert!(!schema["description"].as_str().unwrap_or_default().is_empty(), "{what} is not described");
    }

    async fn limits_are(&self, object: &str, name: &str, schema: &Value) {
        let wrong = if is(schema, "string") { json!(7) } else { json!("nonsense") };
        if !schema["properties"].is_object() {
            self.refuses(object, name, wrong).await;
        }
        if let Some(words) = schema["enum"].as_array() {
            let refused = self.refuses(object, name, json!("nonsense")).await;
            for word in listed(&refused).into_iter().chain(words.iter().filter_map(Value::as_str).map(str::to_owned)) {
                if words.contains(&json!(word)) {
                    self.takes(object, name, json!(word)).await;
                } else {
                    self.refuses(object, name, json!(word)).await;
                }
            }
        }
        if schema["format"].is_string() {
            self.refuses(object, name, json!("nonsense")).await;
        }
        let example = self.example(object, name).pointer(&format!("{object}/{name}")).cloned().unwrap_or_default();
        if let Some(longest) = schema["maxLength"].as_u64().and_then(|longest| usize::try_from(longest).ok()) {
            let text = example.as_str().unwrap_or_default();
            let of = |length: usize| {
                let (start, end) = if text.starts_with('<') { text.split_at(1) } else { (text, "") };
                json!(format!("{start}{}{end}", "a".repeat(length - text.chars().count())))
            };
            self.takes(object, name, of(longest)).await;
            self.refuses(object, name, of(longest + 1)).await;
        }
        if schema["minLength"] == 1 {
            self.refuses(object, name, json!("")).await;
        }
        if let Some(most) = schema["maximum"].as_u64() {
            self.takes(object, name, json!(most)).await;
            self.refuses(object, name, json!(most + 1)).await;
            self.refuses(object, name, json!(schema["minimum"].as_i64().expect("a least value") - 1)).await;
        }
        if let Some(most) = schema["maxItems"].as_u64().and_then(|most| usize::try_from(most).ok()) {
            let of = |count: usize| Value::from(vec![example[0].clone(); count]);
            self.takes(object, name, of(most)).await;
            self.refuses(object, name, of(most + 1)).await;
            self.refuses(object, name, json!([])).await;
        }
    }
}

/// What an answer says of a place.
fn of(answer: &Answer, kind: &str, place: &str) -> Option<String> {
    let errors = answer["errors"].as_array()?;
    let at =
        |error: &&Value| error[kind].as_str().is_some_and(|at| at == place || at.starts_with(&format!("{place}/")));
    errors.iter().find(at).and_then(|error| error["detail"].as_str()).map(str::to_owned)
}

/// The words that a detail lists: `expected a, b or c`.
fn listed(detail: &str) -> Vec<String> {
    let (_, list) = detail.split_once("expected ").unwrap_or_else(|| panic!("{detail}"));
    list.split(", ").flat_map(|part| part.split(" or ")).map(str::to_owned).collect()
}

#[tokio::test]
async fn the_fields_that_are_read_are_those_that_are_documented() {
    let (description, desk) = (description().await, connected().await);
    let mut count = 0;
    for call in &calls(&description) {
        let Some(body) = call.body().filter(|body| body["schema"].get("description").is_none()) else { continue };
        let probe = Probe { desk: &desk, call, examples: call.bodies().into_iter().flatten().collect() };
        for (object, schema) in objects(&description, &body["schema"], "") {
            probe.fields_are(&object, schema).await;
            for (name, field) in schema["properties"].as_object().expect("fields") {
                let required = schema["required"].as_array().is_some_and(|all| all.contains(&json!(name)));
                probe.field_is(&object, name, field, required).await;
                probe.limits_are(&object, name, resolve(&description, field)).await;
                count += 1;
            }
        }
    }
    assert!(count > 40, "{count} fields were tried");
}

/// What the answer says of a parameter that has this value.
async fn complaint(desk: &Desk, call: &Call<'_>, name: &str, value: &str) -> Option<String> {
    let example = call.bodies().into_iter().flatten().next().map(Value::to_string).unwrap_or_default();
    let path = format!("{}?{name}={value}", call.at());
    of(&send(desk, &call.method, &path, &desk.admin, example.into()).await, "parameter", name)
}

async fn parameter_is(desk: &Desk, call: &Call<'_>, parameter: &Value) {
    let (name, schema) = (parameter["name"].as_str().expect("a name"), &parameter["schema"]);
    let what = format!("{} {name}", call.name());
    let refuses = async |value: &str| {
        let refused = complaint(desk, call, name, value).await;
        refused.unwrap_or_else(|| panic!("{what} takes {value}"))
    };
    let takes =
        async |value: &str| assert_eq!(complaint(desk, call, name, value).await, None, "{what} refuses {value}");
    let twice = complaint(desk, call, name, &format!("1&{name}=1")).await;
    let is_list = is(schema, "array");
    assert_eq!(twice.is_some_and(|why| why.contains("more than once")), !is_list, "{what} twice");
    let one = if is_list { &schema["items"] } else { schema };
    if !is(one, "string") || one["format"].is_string() {
        refuses("nonsense").await;
    }
    if let Some(words) = one["enum"].as_array() {
        let mut read = listed(&refuses("nonsense").await);
        read.sort();
        let mut documented: Vec<_> = words.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        documented.sort();
        assert_eq!(read, documented, "{what}");
    }
    if let Some(most) = one["maximum"].as_u64() {
        let least = one["minimum"].as_u64().expect("a least value");
        for (value, fits) in [(least, true), (most, true), (most + 1, false), (least - 1, false)] {
            if fits {
                takes(&value.to_string()).await;
            } else {
                refuses(&value.to_string()).await;
            }
        }
    }
    if let Some(longest) = one["maxLength"].as_u64().and_then(|longest| usize::try_from(longest).ok()) {
        takes(&"a".repeat(longest)).await;
        refuses(&"a".repeat(longest + 1)).await;
    }
    if one["minLength"] == 1 {
        refuses("").await;
    }
    if let Some(default) = schema.get("default") {
        takes(default.as_str().map_or(default.to_string(), str::to_owned).as_str()).await;
    }
    assert!(!parameter["description"].as_str().unwrap_or_default().is_empty(), "{what} is not described");
}

#[tokio::test]
async fn the_parameters_that_are_read_are_those_that_are_documented() {
    let (description, desk) = (description().await, connected().await);
    let mut count = 0;
    for call in &calls(&description) {
        let documented: BTreeSet<_> = call.in_query().map(|one| one["name"].as_str().expect("a name")).collect();
        let refused = complaint(&desk, call, "nonsense", "1").await;
        let read = refused.as_deref().and_then(|why| why.split_once("expected one of ")).map(|(_, names)| names);
        let read: BTreeSet<_> = read.into_iter().flat_map(|names| names.split(", ")).collect();
        assert_eq!(read, documented, "{}: the parameters that are read and those documented", call.name());
        for parameter in call.in_query() {
            parameter_is(&desk, call, parameter).await;
            count += 1;
        }
    }
    assert!(count > 40, "{count} parameters were tried");
}
