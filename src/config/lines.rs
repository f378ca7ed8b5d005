//! Where in the file a key is set, so that an error can name the line.
//!
//! It must not know which keys there are.

use std::collections::BTreeMap;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The line of each key of a file, such as `mail.smtp`, and of each section.
#[derive(Debug, Default)]
pub(super) struct Lines(BTreeMap<String, usize>);

impl Lines {
    /// Finds the lines of a text; none if it is not TOML.
    pub(super) fn of(text: &str) -> Self {
        let mut lines = Self::default();
        if let Ok(table) = DeTable::parse(text) {
            lines.add(text, "", table.get_ref());
        }
        lines
    }

    fn add(&mut self, text: &str, above: &str, table: &DeTable) {
        for (name, value) in table {
            let name_of = Spanned::get_ref(name);
            let key = if above.is_empty() { name_of.to_string() } else { format!("{above}.{name_of}") };
            if let DeValue::Table(below) = value.get_ref() {
                self.add(text, &key, below);
            }
            self.0.insert(key, line_at(text, name.span().start));
        }
    }

    /// The line that sets a key, or the list that an element is in, such as `report.positive[1]`.
    pub(super) fn get(&self, key: &str) -> Option<usize> {
        let key = key.split('[').next().unwrap_or(key);
        self.0.get(key).copied()
    }
}

/// The number of the line that a byte is in, from 1.
pub(super) fn line_at(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}
