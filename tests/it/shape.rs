//! Holds the shape of the crate: imports go one way, files stay small and say what they own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What each part may name of the others. Anything else is refused.
const MAY_NAME: [(&str, &[&str]); 19] = [
    ("main", &["cli"]),
    ("cli", &["web", "worker", "gateway", "render", "mail", "survey", "config", "clock", "private"]),
    ("web", &["gateway", "render", "metrics", "survey", "text"]),
    ("worker", &["gateway", "survey"]),
    (
        "gateway",
        &[
            "store", "mail", "helpdesk", "provider", "hook", "ledger", "survey", "config", "clock", "metrics",
            "secrets", "private",
        ],
    ),
    ("render", &["survey"]),
    ("store", &["ledger", "metrics", "survey", "private"]),
    ("mail", &["survey", "config", "text", "private"]),
    ("helpdesk", &["survey"]),
    ("provider", &["helpdesk", "survey"]),
    ("hook", &["survey", "config", "helpdesk", "private", "text"]),
    ("ledger", &["survey"]),
    ("survey", &[]),
    ("config", &["helpdesk", "provider", "survey", "text", "private"]),
    ("secrets", &["survey", "private"]),
    ("clock", &["survey"]),
    ("metrics", &["survey"]),
    ("text", &[]),
    ("private", &[]),
];
/// Libraries that belong to some parts: no other may name them.
const OWNED: [(&str, &[&str]); 7] = [
    ("sqlx", &["store"]),
    ("lettre", &["mail"]),
    ("axum", &["web", "cli"]),
    ("hyper", &["web", "cli", "hook"]),
    ("prometheus_client", &["metrics"]),
    ("clap", &["cli", "main"]),
    ("askama", &["web", "mail", "cli"]),
];
/// What the pure middle must not touch.
const IMPURE: [&str; 8] = ["async ", ".await", "std::fs", "std::io", "std::env", "tokio", "Utc::now", "getrandom"];
/// The longest file, without its tests.
const LONGEST: usize = 450;

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

/// Every `crate::part` that code names, also in trees such as `use crate::{a::{b, c}, d}`.
fn named(code: &str) -> Vec<String> {
    let word = |text: &str| text.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect::<String>();
    let mut parts = Vec::new();
    for root in ["crate::", "afterword::"] {
        for rest in code.split(root).skip(1) {
            match rest.strip_prefix('{') {
                Some(tree) => parts.extend(branches(tree).iter().map(|branch| word(branch.trim()))),
                None => parts.push(word(rest)),
            }
        }
    }
    parts
}

/// The branches of a tree of imports, up to the brace that ends it.
fn branches(tree: &str) -> Vec<String> {
    let (mut branches, mut depth) = (vec![String::new()], 0);
    for c in tree.chars() {
        match c {
            '}' if depth == 0 => break,
            ',' if depth == 0 => branches.push(String::new()),
            _ => {
                depth += i32::from(c == '{') - i32::from(c == '}');
                branches.last_mut().expect("never empty").push(c);
            }
        }
    }
    branches.retain(|branch| !branch.trim().is_empty());
    branches
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
        if ["survey", "ledger", "helpdesk", "provider"].contains(&part(&file)) {
            wrong
                .extend(IMPURE.iter().filter(|word| code.contains(**word)).map(|word| format!("{file} says {word:?}")));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn sql_is_in_the_store() {
    let verbs = ["SELECT ", "INSERT INTO", "UPDATE ", "DELETE FROM"];
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
    assert_eq!(named("use crate::{cli::{a, b::{c}}, store,\n};\nuse crate::web;"), ["cli", "store", "web"]);
    assert_eq!(code("a.rs", "x\n// crate::web\n#[cfg(test)]\nuse crate::web;"), "x");
}
