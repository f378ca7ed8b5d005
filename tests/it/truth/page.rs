//! The tables of an HTML page, read by the names of their columns.
//!
//! It must not know what a table is about.

use std::collections::BTreeMap;

/// A table of a page: each row by the names of the columns.
#[derive(Debug)]
pub struct Table {
    /// Its caption, or else the heading above it.
    pub name: String,
    /// What the first column is called.
    pub first: String,
    pub rows: Vec<BTreeMap<String, String>>,
}

pub fn tables(html: &str) -> Vec<Table> {
    let starts: Vec<_> = html.match_indices("<table").map(|(at, _)| at).collect();
    starts.into_iter().map(|at| table(&html[..at], &html[at..])).collect()
}

fn table(above: &str, from: &str) -> Table {
    let table = from.split("</table>").next().expect("a part");
    let heading = above.rsplit("<h2").next().and_then(|rest| rest.split("</h2>").next()).unwrap_or_default();
    let name =
        elements(table, "caption").pop().unwrap_or_else(|| text(heading.split_once('>').map_or("", |(_, text)| text)));
    let (head, body) = table.split_once("</thead>").expect("a head");
    let heads = elements(head, "th");
    let row = |row: &str| {
        let cells = row.replace("<th", "<td").replace("</th>", "</td>");
        heads.iter().cloned().zip(elements(&cells, "td")).collect()
    };
    let first = heads.first().cloned().unwrap_or_default();
    Table { name, first, rows: body.split("<tr").skip(1).map(row).collect() }
}

/// The texts of all elements of a kind.
fn elements(html: &str, kind: &str) -> Vec<String> {
    let (open, close) = (format!("<{kind}"), format!("</{kind}>"));
    let parts = html.split(&open).skip(1).filter(|part| part.starts_with(['>', ' ']));
    parts.map(|part| text(part.split(&close).next().expect("a part").split_once('>').expect("a tag").1)).collect()
}

/// What a person reads of some HTML, with a space for each run of white space.
pub fn text(html: &str) -> String {
    let mut shown = String::new();
    for (place, part) in html.split('<').enumerate() {
        shown.push_str(if place == 0 { part } else { part.split_once('>').map_or("", |(_, text)| text) });
    }
    for (entity, character) in
        [("&#60;", "<"), ("&#62;", ">"), ("&#34;", "\""), ("&#39;", "'"), ("&nbsp;", "\u{a0}"), ("&#38;", "&")]
    {
        shown = shown.replace(entity, character);
    }
    shown.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}
