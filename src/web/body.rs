//! Bodies: read once it is known who sent them, and read as JSON with everything that is wrong about them.
//!
//! It owns how much may be read, at once and in all. It must not know what a body is for.

use super::App;
use super::code::Code;
use super::error::{Failure, MOST_FAULTS};
use crate::survey::fields::{Fault, Place};
use crate::survey::json::{self, escape};
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{FromRequest, Request};
use chrono::TimeDelta;
use futures_util::StreamExt;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::convert::Infallible;
use tokio::sync::SemaphorePermit;

/// The body limit of every route, in bytes. The messages of a conversation fit; a larger body is a mistake.
const LARGEST_BODY: u32 = 1024 * 1024;
/// The limit of a form that is posted to a link, in bytes: a comment of 5 000 characters takes at most 60 000.
const LARGEST_FORM: u32 = 128 * 1024;
/// How much of all bodies may be on its way in at once, in bytes.
pub(super) const MOST_AT_ONCE: usize = 64 * 1024 * 1024;
/// When to try again after too much was on its way in.
const BUSY_AGAIN: TimeDelta = TimeDelta::seconds(1);
/// How often a body is repaired in search of its next fault: a fault takes up to four repairs.
const MOST_REPAIRS: usize = 4 * (MOST_FAULTS + 1);

/// A body that nobody has read yet. A handler reads it once it knows who sent it, so that strangers cost nothing.
pub(super) struct Unread(Body);

impl<S: Send + Sync> FromRequest<S> for Unread {
    type Rejection = Infallible;

    async fn from_request(request: Request, _: &S) -> Result<Self, Infallible> {
        Ok(Self(request.into_body()))
    }
}

impl Unread {
    /// Reads it as a form.
    pub(super) async fn form(self, app: &App) -> Result<Bytes, Failure> {
        let (bytes, _) = self.read(app, LARGEST_FORM).await?;
        Ok(bytes)
    }

    /// Reads it as it is, with the room that it takes.
    pub(super) async fn bytes(self, app: &App) -> Result<(Bytes, SemaphorePermit<'_>), Failure> {
        self.read(app, LARGEST_BODY).await
    }

    /// Reads it as JSON. Without a body it is `empty`, if the route can do without.
    pub(super) async fn json<T: DeserializeOwned>(self, app: &App, empty: Option<T>) -> Result<T, Failure> {
        let (bytes, _room) = self.read(app, LARGEST_BODY).await?;
        match empty {
            Some(empty) if bytes.is_empty() => Ok(empty),
            _ => read_json(&bytes),
        }
    }

    /// Reads all of it. Its room among what is on its way in is held with the answer.
    async fn read(self, app: &App, largest: u32) -> Result<(Bytes, SemaphorePermit<'_>), Failure> {
        let too_large = || {
            let detail = format!("expected a body of at most {largest} bytes");
            Failure::new(Code::TooLarge, detail)
        };
        let length = u32::try_from(self.0.size_hint().lower()).ok().filter(|length| *length <= largest);
        let length = length.ok_or_else(too_large)?;
        // Without a length it may become as large as any.
        let room = if self.0.size_hint().exact().is_some() { length } else { largest };
        let room = app.bodies.try_acquire_many(room).map_err(|_| {
            let detail = "too much is being sent at once: please try again in a moment";
            let busy = Failure::new(Code::Busy, detail);
            Failure { retry_after: Some(BUSY_AGAIN), ..busy }
        })?;
        let (mut bytes, mut chunks) = (Vec::with_capacity(length as usize), self.0.into_data_stream());
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|_| Failure::new(Code::BrokenBody, "the body is incomplete"))?;
            if bytes.len() + chunk.len() > largest as usize {
                return Err(too_large());
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok((bytes.into(), room))
    }
}

/// Reads JSON, or tells everything that is wrong about it.
///
/// The types say what is expected, and serde stops at the first place that is wrong. So that place is noted and repaired,
/// and reading begins again: no second description of the fields is needed.
fn read_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Failure> {
    let not_json = |error| Failure::new(Code::NotJson, format!("the body is not JSON: {error}"));
    let (mut value, mut faults) = json::read(bytes, MOST_FAULTS).map_err(not_json)?;
    let mut repaired = BTreeSet::new();
    for _ in 0..MOST_REPAIRS {
        let error = match serde_path_to_error::deserialize(&value) {
            Ok(read) if faults.is_empty() => return Ok(read),
            Ok(_) => break,
            Err(error) => error,
        };
        let wrong = Wrong::new(error.path(), &error.inner().to_string());
        if !faults.iter().any(|fault| fault.is_at_or_above(&wrong.pointer)) {
            faults.push(Fault::body(&wrong.pointer, &wrong.expected));
        }
        let again = !repaired.insert(wrong.pointer.clone());
        if faults.len() > MOST_FAULTS || !wrong.repair(&mut value, again) {
            break;
        }
    }
    Err(Failure::invalid(faults))
}

/// One place of a body that cannot be read.
struct Wrong {
    /// A JSON pointer. serde names a missing or unknown field in the message only, so that is added.
    pointer: String,
    expected: String,
    unknown: bool,
}

impl Wrong {
    fn new(path: &serde_path_to_error::Path, detail: &str) -> Self {
        use serde_path_to_error::Segment as At;
        let mut pointer = String::new();
        for segment in path {
            match segment {
                At::Seq { index } => pointer.extend(["/", &index.to_string()]),
                At::Map { key } => pointer.extend(["/", &escape(key)]),
                At::Enum { .. } | At::Unknown => {}
            }
        }
        let missing = detail.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`'));
        let unknown = detail.strip_prefix("unknown field `").and_then(|rest| rest.split_once("`, "));
        if let Some(field) = missing.or(unknown.map(|(field, _)| field)) {
            let last = format!("/{}", escape(field));
            if !pointer.ends_with(&last) {
                pointer.push_str(&last);
            }
        }
        let expected = match (missing, unknown) {
            (Some(_), _) => "this field is missing".to_owned(),
            (_, Some((_, expected))) => format!("unknown field, {expected}"),
            _ => plain(detail),
        };
        Self { pointer, expected, unknown: unknown.is_some() }
    }

    /// Takes away an unknown field. Puts null in the place of anything else, or what the expectation takes if null is there
    /// or was tried before (`again`). Whether that changed anything.
    fn repair(&self, value: &mut Value, again: bool) -> bool {
        let Some((parent, field)) = self.pointer.rsplit_once('/') else { return false };
        let field = field.replace("~1", "/").replace("~0", "~");
        let Some(parent) = value.pointer_mut(parent) else { return false };
        let there = match &*parent {
            Value::Array(items) => field.parse().ok().and_then(|index: usize| items.get(index)),
            parent => parent.get(&field),
        };
        let filler = if again || there == Some(&Value::Null) { example(&self.expected) } else { Some(Value::Null) };
        let Some(filler) = filler else { return false };
        match parent {
            Value::Object(fields) if self.unknown => fields.shift_remove(&field).is_some(),
            Value::Object(fields) => fields.insert(field, filler.clone()) != Some(filler),
            Value::Array(items) => match field.parse().ok().and_then(|index: usize| items.get_mut(index)) {
                Some(item) => std::mem::replace(item, filler.clone()) != filler,
                None => false,
            },
            _ => false,
        }
    }
}

/// What serde expected, in plain words: it speaks of Rust's types, and repeats what it read, however long that is.
fn plain(detail: &str) -> String {
    let Some((found, expected)) = detail.strip_prefix("invalid ").and_then(|rest| rest.rsplit_once(", expected "))
    else {
        return if detail.starts_with("UUID") { "expected a UUID".to_owned() } else { detail.to_owned() };
    };
    let expected = match expected {
        "a string" => "a text",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "u32" => "a whole number from 0 to 4294967295",
        other if other.starts_with("struct ") => "an object",
        other => other,
    };
    let found = match found.split([' ', '`', '"', ',']).take(2).collect::<Vec<_>>()[..] {
        ["type:", "string"] => ", not a text",
        ["type:", "integer"] => ", not a number",
        ["type:", "boolean"] => ", not true or false",
        ["type:", "map"] => ", not an object",
        ["type:", "sequence"] | ["length", _] => ", not a list",
        ["type:", "null"] => ", not null",
        _ => "",
    };
    format!("expected {expected}{found}")
}

/// A value that an expectation of ours takes: the example that it gives, the first of its words, or the least of its kind.
fn example(expected: &str) -> Option<Value> {
    if let Some((_, example)) = expected.split_once("such as \"") {
        return example.split('"').next().map(Value::from);
    }
    let (_, expected) = expected.split_once("expected ")?;
    let kinds = [
        ("a text", Value::from("")),
        ("a list", Value::Array(Vec::new())),
        ("an object", Value::Object(Map::new())),
        ("true or false", Value::Bool(true)),
        ("a whole number", Value::from(0)),
    ];
    let least = kinds.into_iter().find(|(kind, _)| expected.starts_with(kind)).map(|(_, least)| least);
    least.or_else(|| expected.split([' ', ',']).next().map(Value::from))
}

impl Fault {
    /// Whether it is about a place of the body, or about what that place is in.
    fn is_at_or_above(&self, pointer: &str) -> bool {
        let Place::Body(at) = &self.place else { return false };
        pointer.strip_prefix(at.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}
