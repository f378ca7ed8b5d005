//! Holds the README to the program: the defaults it lists are the defaults, the rules it names are the rules.

use afterword::config::Config;
use std::io::Write;

const README: &str = include_str!("../../README.md");

/// The text of a section, up to the next one.
fn section(heading: &str) -> &'static str {
    let (_, rest) = README.split_once(heading).expect("a section of the README");
    rest.split("\n## ").next().expect("a text")
}

fn load(text: &str) -> Config {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(text.as_bytes()).expect("written");
    Config::load(Some(file.path()), std::iter::empty()).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn the_defaults_of_the_readme_are_the_defaults() {
    let (_, rest) = section("\n## Configuration").split_once("```toml").expect("a block");
    let (block, _) = rest.split_once("```").expect("its end");
    assert_eq!(load(block), Config::default());
    // What is commented out must be right too; these keys need others, or name files.
    let optional = block
        .lines()
        .filter_map(|line| line.strip_prefix("# "))
        .filter(|line| !["smtp_password_file", "link_keys_file"].iter().any(|key| line.starts_with(key)));
    let policy = "[policy.vip]";
    let (vip, rest): (Vec<_>, Vec<_>) = optional.partition(|line| line.starts_with(policy));
    assert!(!vip.is_empty() && rest.len() >= 3, "{rest:?}");
    for line in rest {
        let header = if line.starts_with("reply_to") { "[mail]" } else { "[ask]" };
        load(&format!("{header}\n{line}"));
    }
}

#[test]
fn every_rule_is_in_the_readme() {
    let table = section("\n## When it asks");
    let judge = include_str!("../../src/survey/eligibility.rs");
    let rules: Vec<_> = judge.split("self.fail(\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(rules.len() > 15, "{rules:?}");
    for rule in rules {
        assert!(table.contains(&format!("`{rule}`")), "{rule} is not explained");
    }
}
