//! Lines of cells as CSV for spreadsheets.
//!
//! It must not know what is in the cells: some of it is a stranger's text, and none of it may be taken for a formula.

use csv::QuoteStyle;

/// Lines as CSV, all texts in quotes. Where a spreadsheet would see a formula there is a `'`.
///
/// # Errors
/// None that is known: the text is written to memory.
pub(super) fn csv(lines: impl Iterator<Item = Vec<String>>) -> Result<String, csv::Error> {
    let mut writer = csv::WriterBuilder::new().quote_style(QuoteStyle::NonNumeric).from_writer(Vec::new());
    for line in lines {
        writer.write_record(line.iter().map(|cell| harmless(cell)))?;
    }
    let bytes = writer.into_inner().map_err(csv::IntoInnerError::into_error)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// What a formula begins with (OWASP, "CSV injection"); the wide forms count in Japanese settings.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];
/// What may end a cell: each country has its own separator, and a spreadsheet may be set to any.
const SEPARATORS: [char; 6] = [',', ';', '\t', '\r', '\n', '|'];

/// A cell no part of which a spreadsheet takes for a formula, whatever it takes for a separator.
fn harmless(cell: &str) -> String {
    let (mut safe, mut begins) = (String::with_capacity(cell.len()), true);
    for c in cell.chars() {
        if begins && FORMULA.contains(&c) {
            safe.push('\'');
        }
        begins = SEPARATORS.contains(&c) || (begins && (c == '"' || c.is_whitespace()));
        safe.push(c);
    }
    safe
}
