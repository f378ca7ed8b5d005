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
    // What is commented out must be right too, all of it at once. A password needs a user, so its line is left out.
    let key = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/dkim/rsa.pem");
    let lines = block.lines().map(|line| line.strip_prefix("# ").unwrap_or(line));
    let all: Vec<_> = lines.filter(|line| !line.starts_with("smtp_password_file")).collect();
    let all = load(&all.join("\n").replace("dkim.pem", key));
    assert_eq!(all.policies["vip"].rules.change_within_hours, Some(48));
    assert!(all.mail.dkim.is_some() && all.mail.bounce_domain.is_some() && all.ask.rate_within_hours == Some(72));
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
