//! Reports, ratings and conversations as JSON, CSV and text, for the web and the command line alike.
//!
//! It owns how they look. It must not know how figures are counted, nor where they go.

pub mod chart;
pub mod conversation;
pub mod decisions;
pub mod follow_ups;
pub mod ratings;
pub mod report;
mod spreadsheet;
pub mod status;

use serde_json::{Value, json};

/// A teammate, wherever one is shown; nothing if there is no id.
#[must_use]
pub fn teammate(id: Option<&String>, name: Option<&String>) -> Option<Value> {
    id.map(|id| json!({"id": id, "name": name}))
}
