//! Schemas in the making: JSON Schema 2020-12, as OpenAPI 3.1 has it, in the few forms that this API needs.
//!
//! It must not know what any field means.

use crate::survey::fields::LONGEST_ID;
use serde_json::{Map, Value, json};

/// A schema in the making.
#[derive(Clone, Debug)]
pub(super) struct Schema(Map<String, Value>);

/// A field of an object: its name, its schema, and whether it is always there.
#[derive(Clone, Debug)]
pub(super) struct Field(&'static str, Schema, bool);

/// A field that is always there, or has to be.
pub(super) fn must(name: &'static str, schema: Schema) -> Field {
    Field(name, schema, true)
}

/// A field that may be left out.
pub(super) fn may(name: &'static str, schema: Schema) -> Field {
    Field(name, schema, false)
}

/// A text.
pub(super) fn text() -> Schema {
    typed("string")
}

/// An id of a helpdesk.
pub(super) fn id() -> Schema {
    text().lengths(1, LONGEST_ID)
}

/// An RFC 3339 time with its zone.
pub(super) fn time() -> Schema {
    text().with("format", "date-time")
}

/// A UUID.
pub(super) fn uuid() -> Schema {
    text().with("format", "uuid")
}

/// A whole number from 0.
pub(super) fn count() -> Schema {
    typed("integer").with("minimum", 0)
}

/// A whole number within bounds, both included.
pub(super) fn within(least: u32, most: u32) -> Schema {
    typed("integer").with("minimum", least).with("maximum", most)
}

/// A share, 0 to 1; null of nothing.
pub(super) fn share() -> Schema {
    typed("number").with("minimum", 0).with("maximum", 1).or_null()
}

/// True or false.
pub(super) fn flag() -> Schema {
    typed("boolean")
}

/// A list.
pub(super) fn list(items: Schema) -> Schema {
    typed("array").with("items", items)
}

/// An object without a fixed set of names, with values of one kind.
pub(super) fn by_name(values: Schema) -> Schema {
    typed("object").with("additionalProperties", values)
}

/// Any JSON.
pub(super) fn any() -> Schema {
    Schema(Map::new())
}

/// One of some words.
pub(super) fn words<'w>(words: impl IntoIterator<Item = &'w str>) -> Schema {
    text().with("enum", words.into_iter().collect::<Vec<_>>())
}

/// One of the words of a type.
macro_rules! words_of {
    ($type:ty) => {
        $crate::web::openapi::schema::words(<$type>::ALL.iter().map(|value| value.word()))
    };
}
pub(super) use words_of;

/// The one word that this can be.
pub(super) fn word(word: &str) -> Schema {
    text().with("const", word)
}

/// A schema of the document, by its name.
pub(super) fn of(name: &str) -> Schema {
    Schema(Map::new()).with("$ref", format!("#/components/schemas/{name}"))
}

/// Exactly one of these.
pub(super) fn one_of(schemas: impl IntoIterator<Item = Schema>) -> Schema {
    Schema(Map::new()).with("oneOf", schemas.into_iter().collect::<Vec<_>>())
}

/// An object that may get more fields in a later version.
pub(super) fn object<const N: usize>(fields: [Field; N]) -> Schema {
    fields.into_iter().fold(typed("object").with("properties", json!({})), Schema::add)
}

/// An object that takes no other field: that of a request.
pub(super) fn strict<const N: usize>(fields: [Field; N]) -> Schema {
    object(fields).with("additionalProperties", false)
}

fn typed(kind: &str) -> Schema {
    Schema(Map::new()).with("type", kind)
}

impl Schema {
    fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.0.insert(key.to_owned(), value.into());
        self
    }

    fn add(mut self, Field(name, schema, always): Field) -> Self {
        if always {
            let required = self.0.entry("required").or_insert_with(|| json!([]));
            required.as_array_mut().into_iter().for_each(|names| names.push(name.into()));
        }
        self.0["properties"][name] = schema.into();
        self
    }

    /// Adds fields to an object.
    pub(super) fn and<const N: usize>(self, fields: [Field; N]) -> Self {
        fields.into_iter().fold(self, Self::add)
    }

    /// Says what it is about, in Markdown.
    pub(super) fn about(self, text: &str) -> Self {
        self.with("description", text)
    }

    /// Allows null, too.
    pub(super) fn or_null(mut self) -> Self {
        if let Some(kind) = self.0.remove("type") {
            let mut all = Map::from_iter([("type".to_owned(), json!([kind, "null"]))]);
            all.append(&mut self.0);
            if let Some(Value::Array(words)) = all.get_mut("enum") {
                words.push(Value::Null);
            }
            return Self(all);
        }
        Self(Map::new()).with("anyOf", json!([Value::from(self), {"type": "null"}]))
    }

    /// How many characters a text has.
    pub(super) fn lengths(self, least: usize, most: usize) -> Self {
        self.with("minLength", least).with("maxLength", most)
    }

    /// How many characters a text has at most.
    pub(super) fn longest(self, most: usize) -> Self {
        self.with("maxLength", most)
    }

    /// How many items a list has.
    pub(super) fn items(self, least: usize, most: usize) -> Self {
        self.with("minItems", least).with("maxItems", most)
    }

    /// What a text is, such as `email`.
    pub(super) fn format(self, format: &str) -> Self {
        self.with("format", format)
    }

    /// The value that counts if it is left out.
    pub(super) fn default(self, value: impl Into<Value>) -> Self {
        self.with("default", value)
    }
}

impl From<Schema> for Value {
    fn from(schema: Schema) -> Self {
        Self::Object(schema.0)
    }
}
