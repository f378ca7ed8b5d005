//! JSON as it is written, with the fields that are there twice.
//!
//! It must not know what a field means.

use super::fields::Fault;
use serde::Deserializer;
use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt;

/// What is wrong about a field that is there twice: programs disagree on which of the two counts.
pub const TWICE: &str = "this field is there more than once";

/// Reads JSON, and finds the fields that are there twice: one more than `most` of them, at most.
///
/// # Errors
/// It is not JSON.
pub fn read(bytes: &[u8], most: usize) -> serde_json::Result<(Value, Vec<Fault>)> {
    let mut faults = Vec::new();
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let strict = Strict { pointer: String::new(), faults: &mut faults, most };
    let value = strict.deserialize(&mut reader)?;
    reader.end()?;
    Ok((value, faults))
}

/// A name as a part of a pointer (RFC 6901).
#[must_use]
pub fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// Reads any JSON below a place.
struct Strict<'f> {
    pointer: String,
    faults: &'f mut Vec<Fault>,
    most: usize,
}

impl Strict<'_> {
    fn below(&mut self, field: &str) -> Strict<'_> {
        Strict { pointer: format!("{}/{field}", self.pointer), faults: self.faults, most: self.most }
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, to: &mut fmt::Formatter) -> fmt::Result {
        to.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut from: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = from.next_element_seed(self.below(&items.len().to_string()))? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut from: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some(name) = from.next_key::<String>()? {
            let below = self.below(&escape(&name));
            if fields.contains_key(&name) && below.faults.len() <= below.most {
                let pointer = below.pointer.clone();
                below.faults.push(Fault::body(pointer, TWICE));
            }
            let value = from.next_value_seed(below)?;
            fields.insert(name, value);
        }
        Ok(Value::Object(fields))
    }
}
