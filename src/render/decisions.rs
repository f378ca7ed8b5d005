//! Counts of decisions as JSON for programs, as CSV for spreadsheets, and as a table for a terminal.
//!
//! It owns the names and the order of columns. It must not know how decisions are counted.

use super::report::{align, percent};
use super::spreadsheet;
use crate::survey::decisions::{Decided, DecisionRow, Decisions, DecisionsBy};
use crate::survey::report::share;
use serde_json::{Map, Value, json};
use std::fmt::Write;

/// The columns of counts, in their order.
const COUNTS: [&str; 4] = ["closings", "asked", "skipped", "only_reason"];

/// The counts of the HTTP contract.
#[must_use]
pub fn json(counted: &Decisions) -> Value {
    let row = |row: &DecisionRow| {
        let mut json = counts_json(&row.decided);
        json.insert("id".into(), json!(row.key.id));
        json.insert("name".into(), json!(row.key.name));
        json.extend(row.before.as_ref().map(|before| ("before".to_owned(), counts_json(before).into())));
        json
    };
    let mut json = json!({
        "from": counted.span.first, "to": counted.span.last, "by": counted.by, "total": counts_json(&counted.total),
        "rows": counted.rows.iter().map(row).collect::<Vec<_>>(),
    });
    if let Some((span, total)) = &counted.before {
        json["before"] = json!({"from": span.first, "to": span.last, "total": counts_json(total)});
    }
    json
}

fn counts_json(decided: &Decided) -> Map<String, Value> {
    COUNTS.iter().map(|name| (*name).to_owned()).zip(counts(decided).map(Value::from)).collect()
}

/// The counts of [`COUNTS`].
fn counts(decided: &Decided) -> [u64; 4] {
    [decided.closings(), decided.asked, decided.skipped, decided.only_reason]
}

/// The rows as CSV with a line of names, all texts in quotes; those compared with other days have their counts there too.
/// Where a spreadsheet would see a formula there is a `'`.
///
/// # Errors
/// None that is known: the text is written to memory.
pub fn csv(counted: &Decisions) -> Result<String, csv::Error> {
    let compared = counted.before.is_some() && counted.by.time().is_none();
    let before = COUNTS.iter().filter(|_| compared).map(|name| format!("before_{name}"));
    let names = ["id", "name"].iter().chain(&COUNTS).map(|name| (*name).to_owned()).chain(before).collect();
    let line = |row: &DecisionRow| -> Vec<String> {
        let keys = [&row.key.id, &row.key.name].map(|text| text.clone().unwrap_or_default());
        let cells = |decided: &Decided| counts(decided).map(|count| count.to_string());
        keys.into_iter().chain(cells(&row.decided)).chain(row.before.iter().flat_map(cells)).collect()
    };
    spreadsheet::csv([names].into_iter().chain(counted.rows.iter().map(line)))
}

/// The rows and their total, aligned for a terminal. A rule shows how many closings failed it and their share of all.
#[must_use]
pub fn table(counted: &Decisions) -> String {
    let Decisions { by, span, total, rows, before } = counted;
    let mut text = format!("{} to {}, by {by}", span.first, span.last);
    if let Some((span, _)) = before {
        let _ = write!(text, "; before: {} to {}", span.first, span.last);
    }
    text += "\n\n";
    let is_rule = *by == DecisionsBy::Rule;
    let compared = before.is_some();
    let heads = match by {
        DecisionsBy::Rule => vec!["", "", "skipped", "of all", "only reason"],
        _ => vec!["", "closings", "asked", "skipped", "only reason"],
    };
    let head = heads.into_iter().chain(compared.then_some("skipped before")).map(str::to_owned).collect();
    let line = |names: Vec<String>, decided: &Decided, before: Option<&Decided>| -> Vec<String> {
        let [closings, asked, skipped, only_reason] = counts(decided).map(|count| count.to_string());
        let cells = if is_rule {
            vec![skipped, percent(share(decided.skipped, total.closings())), only_reason]
        } else {
            vec![closings, asked, skipped, only_reason]
        };
        let before = compared.then(|| before.map_or("-".to_owned(), |before| before.skipped.to_string()));
        names.into_iter().chain(cells).chain(before).collect()
    };
    let names = |row: &DecisionRow| {
        let name = row.key.name.clone().unwrap_or_else(|| "(unattributed)".into());
        if is_rule { vec![row.key.id.clone().unwrap_or_default(), name] } else { vec![name] }
    };
    let rows = rows.iter().map(|row| line(names(row), &row.decided, row.before.as_ref()));
    let totals = if is_rule { vec!["closings skipped".to_owned(), String::new()] } else { vec!["total".to_owned()] };
    let left = totals.len();
    let total_line = line(totals, total, before.as_ref().map(|(_, total)| total));
    let lines: Vec<Vec<String>> = [head].into_iter().chain(rows).chain([total_line]).collect();
    align(&mut text, &lines, left);
    if is_rule {
        let _ = writeln!(text, "\n{} closings, {} of them asked about.", total.closings(), total.asked);
        text += "A closing that failed several rules counts for each, and once in the last line.\n";
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::survey::decisions::Meaning;
    use crate::survey::report::Key;
    use crate::survey::span::Span;

    fn day(text: &str) -> chrono::NaiveDate {
        text.parse().expect("a day")
    }

    fn counted() -> Decisions {
        let row = |rule: &str, skipped, only_reason, before| DecisionRow {
            key: Key { id: Some(rule.into()), name: Some(Meaning::of(rule).title.into()) },
            decided: Decided { asked: 0, skipped, only_reason },
            before: Some(Decided { asked: 0, skipped: before, only_reason: 0 }),
        };
        let span = Span { first: day("2026-11-01"), last: day("2026-11-30") };
        Decisions {
            by: DecisionsBy::Rule,
            span,
            total: Decided { asked: 60, skipped: 40, only_reason: 35 },
            rows: vec![row("too_short", 30, 28, 3), row("stale", 15, 7, 0)],
            before: span.before().map(|before| (before, Decided { asked: 1, skipped: 3, only_reason: 3 })),
        }
    }

    #[test]
    fn a_table_names_rules_in_words_and_the_total_counts_closings_once() {
        insta::assert_snapshot!(table(&counted()), @r"
        2026-11-01 to 2026-11-30, by rule; before: 2026-10-01 to 2026-10-31

                                                            skipped  of all  only reason  skipped before
        too_short         Too little was written                 30  30.0 %           28               3
        stale             Closed long after the last reply       15  15.0 %            7               0
        closings skipped                                         40  40.0 %           35               3

        100 closings, 60 of them asked about.
        A closing that failed several rules counts for each, and once in the last line.
        ");
    }

    #[test]
    fn json_and_csv_hold_the_same_counts() {
        let json = json(&counted());
        assert_eq!(json["total"], json!({"closings": 100, "asked": 60, "skipped": 40, "only_reason": 35}));
        let row = &json["rows"][0];
        assert_eq!(
            (&row["id"], &row["name"], &row["skipped"]),
            (&json!("too_short"), &json!("Too little was written"), &json!(30))
        );
        assert_eq!((&row["before"]["skipped"], &json["before"]["from"]), (&json!(3), &json!("2026-10-01")));
        let csv = csv(&counted()).expect("written");
        let lines: Vec<_> = csv.lines().collect();
        let counts = "\"closings\",\"asked\",\"skipped\",\"only_reason\"";
        let before = counts.replace(",\"", ",\"before_").replacen('"', "\"before_", 1);
        assert_eq!(lines[0].trim_start_matches('\u{feff}'), format!("\"id\",\"name\",{counts},{before}"));
        assert_eq!(lines[1], "\"too_short\",\"Too little was written\",30,0,30,28,3,0,3,0");
    }
}
