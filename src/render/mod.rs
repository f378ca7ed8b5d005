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

/// Rounds a number to so many digits, and its middle away from zero, as SQL and spreadsheets do: 6.25 is 6.3. `format!`
/// alone would write 6.2.
#[must_use]
pub fn rounded(number: f64, digits: i32) -> f64 {
    let scale = 10_f64.powi(digits);
    (number * scale).round() / scale
}

/// A teammate, wherever one is shown; nothing if there is no id.
#[must_use]
pub fn teammate(id: Option<&String>, name: Option<&String>) -> Option<Value> {
    id.map(|id| json!({"id": id, "name": name}))
}

#[cfg(test)]
mod tests {
    use super::rounded;

    #[test]
    fn the_middle_is_rounded_up_as_a_spreadsheet_does() {
        // One of 16 and one of 32, which are exact in binary.
        assert_eq!(format!("{:.1}", rounded(6.25, 1)), "6.3");
        assert_eq!(format!("{:.4}", rounded(0.03125, 4)), "0.0313");
        assert_eq!([12.5, -0.25, 66.666, 100.0].map(|number| rounded(number, 1)), [12.5, -0.3, 66.7, 100.0]);
    }
}
