//! Holds the shape of the crate: imports go one way, files stay small and say what they own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What each part may name of the others. Whatever is not listed here is refused.
const MAY_NAME: [(&str, &[&str]); 12] = [
    ("main", &["cli"]),
    ("cli", &["web", "worker", "gateway", "store", "mail", "survey", "config", "clock", "keys"]),
    ("web", &["gateway", "store", "mail", "survey", "config", "clock", "text"]),
    ("worker", &["gateway", "survey"]),
    ("gateway", &["store", "mail", "survey", "config", "clock", "keys"]),
    ("store", &["survey"]),
    ("mail", &["survey", "text"]),
    ("survey", &[]),
    ("config", &["survey", "text"]),
    ("keys", &["survey"]),
    ("clock", &["survey"]),
    ("text", &[]),
];
/// Libraries that belong to one part: nobody else may name them.
const OWNED: [(&str, &[&str]); 5] = [
    ("sqlx", &["store"]),
    ("lettre", &["mail"]),
    ("axum", &["web", "cli", "config"]),
    ("clap", &["cli", "main"]),
    ("askama", &["web", "mail"]),
];
/// What the pure middle must not touch.
const IMPURE: [&str; 8] = ["async ", ".await", "std::fs", "std::io", "std::env", "tokio", "Utc::now", "getrandom"];
/// The longest file, without its tests.
const LONGEST: usize = 500;

fn sources() -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = BTreeMap::new();
    let mut folders: Vec<PathBuf> = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a readable folder") {
            let path = entry.expect("a readable folder").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == "rs") {
                let name = path.strip_prefix(&root).expect("below src").to_string_lossy().into_owned();
                let text = std::fs::read_to_string(&path).expect("UTF-8");
                found.insert(name, text);
            }
        }
    }
    assert!(found.len() > 20, "the sources were found");
    found
}

/// The part that a file belongs to: `web/rate.rs` and `web.rs` to `web`.
fn part(file: &str) -> &str {
    file.split(['/', '.']).next().expect("a name")
}

/// A file without its tests and comments. Files of tests are empty.
fn code(file: &str, text: &str) -> String {
    if file.ends_with("tests.rs") || file.contains("/tests/") {
        return String::new();
    }
    let body = text.split("#[cfg(test)]").next().unwrap_or(text);
    body.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// Every `crate::part` that code names, `use crate::{a, b}` included.
fn named(code: &str) -> Vec<String> {
    let word = |text: &str| text.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect::<String>();
    let mut parts = Vec::new();
    for root in ["crate::", "afterword::"] {
        for rest in code.split(root).skip(1) {
            match rest.strip_prefix('{').and_then(|list| list.split_once('}')) {
                Some((list, _)) => parts.extend(list.split(',').map(|name| word(name.trim()))),
                None => parts.push(word(rest)),
            }
        }
    }
    parts
}

#[test]
fn imports_go_one_way() {
    let table: BTreeMap<_, _> = MAY_NAME.into();
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        let part = part(&file);
        if part == "lib" {
            continue;
        }
        let allowed = table.get(part).unwrap_or_else(|| panic!("{file} belongs to no part of the table"));
        for name in named(&code(&file, &text)) {
            if name != part && table.contains_key(name.as_str()) && !allowed.contains(&name.as_str()) {
                wrong.push(format!("{file} names {name}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn libraries_stay_where_they_belong() {
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        let code = code(&file, &text);
        for (library, owners) in OWNED {
            let names = [format!("{library}::"), format!("use {library}")].iter().any(|name| code.contains(name));
            if names && !owners.contains(&part(&file)) {
                wrong.push(format!("{file} names {library}"));
            }
        }
        if part(&file) == "survey" {
            wrong
                .extend(IMPURE.iter().filter(|word| code.contains(**word)).map(|word| format!("{file} says {word:?}")));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn sql_is_in_the_store() {
    let verbs = ["SELECT ", "INSERT INTO", "UPDATE survey", "DELETE FROM"];
    for (file, text) in sources().iter().filter(|(file, _)| part(file) != "store") {
        let code = code(file, text);
        assert!(!verbs.iter().any(|verb| code.contains(verb)), "{file} holds SQL");
    }
}

#[test]
fn files_are_small_and_say_what_they_own() {
    for (file, text) in sources() {
        assert!(text.starts_with("//!"), "{file} does not say what it owns");
        let body = text.split("#[cfg(test)]").next().unwrap_or(&text);
        let lines = body.lines().count();
        assert!(lines <= LONGEST || file.contains("tests"), "{file} has {lines} lines before its tests");
    }
}

#[test]
fn the_table_can_be_broken() {
    assert_eq!(named("use crate::store::Store;\nlet x = crate::web::y();"), ["store", "web"]);
    assert_eq!(named("use crate::{web, worker as w};"), ["web", "worker"]);
    assert_eq!(code("a.rs", "x\n// crate::web\n#[cfg(test)]\nuse crate::web;"), "x");
}
