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
        // A blank line within a text is none.
        let is_blank_line = !safe.is_empty() && matches!(c, '\r' | '\n');
        if begins && FORMULA.contains(&c) && !is_blank_line {
            safe.push('\'');
        }
        begins = SEPARATORS.contains(&c) || (begins && (c == '"' || c.is_whitespace()));
        safe.push(c);
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::harmless;

    #[test]
    fn formulas_are_defused_and_paragraphs_stay_as_they_were_written() {
        for (cell, safe) in [
            ("=1+1", "'=1+1"),
            ("\n=1", "'\n'=1"),
            ("Two weeks.\n\nI am unhappy.", "Two weeks.\n\nI am unhappy."),
            ("Two weeks.\r\n\r\n=1", "Two weeks.\r\n\r\n'=1"),
            ("a; =1", "a; '=1"),
            ("a\t@b", "a\t'@b"),
        ] {
            assert_eq!(harmless(cell), safe, "{cell:?}");
        }
    }
}
