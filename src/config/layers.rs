//! The layers of settings: reads the file and the environment, and lays one over the other.
//!
//! Owns where a setting comes from, so that an error names that place, and turns serde's errors into plain words. It
//! must not know which values belong together: that is `checks`.

use super::value::NOT_TEXT;
use super::{Config, ConfigError, DEFAULTS};
use std::collections::BTreeMap;
use std::fmt::Display;
use std::fs;
use std::io::ErrorKind;
use std::mem;
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// The file that is read if none is named.
const DEFAULT_FILE: &str = "afterword.toml";
/// What the names of our variables begin with.
const PREFIX: &str = "AFTERWORD_";
/// Variables with our prefix that are read elsewhere: what is logged and how, and the path of the file itself.
const NOT_SETTINGS: [&str; 3] = ["AFTERWORD_LOG", "AFTERWORD_LOG_FORMAT", "AFTERWORD_CONFIG"];
/// What errors call the place of a setting that no file and no variable set.
const NO_FILE: &str = "the defaults";

/// The layers over the defaults, and their names for errors.
pub(super) struct Layers {
    /// The path of the file, or what to call its absence.
    file: String,
    /// The variables by key, such as `mail.smtp`: name and text.
    variables: BTreeMap<String, (String, String)>,
}

/// The defaults alone.
pub(super) fn defaults() -> Config {
    let layers = Layers { file: NO_FILE.into(), variables: BTreeMap::new() };
    layers.read(&Table::new()).expect("the defaults are built in, and a test reads them").0
}

/// Reads all layers; see [`Config::load`].
pub(super) fn load(
    file: Option<&Path>,
    env: impl Iterator<Item = (String, String)>,
) -> Result<(Config, Vec<String>), ConfigError> {
    let (file, table) = read_file(file)?;
    let path = (file != NO_FILE).then(|| PathBuf::from(&file));
    let (mut config, warnings) = Layers { file, variables: variables(env) }.read(&table)?;
    config.file = path;
    Ok((config, warnings))
}

impl Layers {
    /// The checked settings, and a warning for each unknown variable: a shell may export `AFTERWORD_KEY`, and
    /// Kubernetes sets `AFTERWORD_PORT` and others for a service of our name. The file is ours alone, so there an
    /// unknown key is refused.
    fn read(mut self, file: &Table) -> Result<(Config, Vec<String>), ConfigError> {
        let mut warnings = Vec::new();
        let mut config = loop {
            match self.deserialize(file.clone()) {
                Ok(config) => break config,
                Err((key, message)) => match self.unknown_variable(&key, &message) {
                    Some(unknown) => warnings.extend(self.ignore(&unknown)),
                    None => return Err(self.refuse(&key, in_plain_words(&message))),
                },
            }
        };
        for hidden in self.hidden_variables() {
            warnings.extend(self.ignore(&hidden));
        }
        if config.link_keys_file.as_os_str().is_empty() {
            config.link_keys_file = config.database.with_file_name("afterword.keys");
        }
        self.check(&mut config)?;
        Ok((config, warnings))
    }

    /// The key of a variable that this error of serde is about, if no setting has that key.
    fn unknown_variable(&self, key: &str, message: &str) -> Option<String> {
        let unknown_key = message.starts_with("unknown field");
        // A variable below a key that is not a section makes it look like one.
        let not_a_section = message.starts_with("invalid type: map") || message == NOT_TEXT;
        let is_about = |set: &&String| match set.strip_prefix(key) {
            Some("") => unknown_key,
            Some(rest) => rest.starts_with('.') && (unknown_key || not_a_section),
            None => false,
        };
        self.variables.keys().find(is_about).cloned()
    }

    /// The keys of variables below a key that has a variable and is not a section: no error showed them.
    fn hidden_variables(&self) -> Vec<String> {
        let above = |key: &str| key.match_indices('.').any(|(dot, _)| self.variables.contains_key(&key[..dot]));
        self.variables.keys().filter(|key| above(key)).cloned().collect()
    }

    /// Forgets a variable; returns the warning, which does not show its value.
    fn ignore(&mut self, key: &str) -> Option<String> {
        let (name, _) = self.variables.remove(key)?;
        Some(format!("{name} is ignored: there is no setting {key:?}"))
    }

    /// Lays the file and the variables over the defaults, and reads the result. The error is the key and the message.
    ///
    /// A variable does not have a type, so each is read as text first. Where the key has another type, serde refuses
    /// the text, and the variable is read again as a TOML value. So a number can be a name:
    /// `AFTERWORD_BRAND__NAME=123`.
    fn deserialize(&self, file: Table) -> Result<Config, (String, String)> {
        let mut table: Table = DEFAULTS.parse().expect("the defaults are built in, and a test reads them");
        lay_over(&mut table, file);
        // In reverse order, a variable that sets a whole section comes after those that set its keys, replaces them,
        // and is refused. In forward order the keys would replace it, and nobody would notice that it was ignored.
        for (key, (_, text)) in self.variables.iter().rev() {
            lay_over(&mut table, nested(key, text.clone().into()));
        }
        loop {
            let merged = policies_over_ask(table.clone());
            let error = match serde_path_to_error::deserialize(merged) {
                Ok(config) => return Ok(config),
                Err(error) => error,
            };
            let key = as_written(&error.path().to_string());
            let message = error.inner().message();
            match self.typed(&key) {
                Some(value) if message.starts_with("invalid type: string") => {
                    lay_over(&mut table, nested(&key, value));
                }
                _ => return Err((key, message.to_owned())),
            }
        }
    }

    /// The variable of a key as a TOML value. Text was tried before, and a section has a variable for each of its keys,
    /// so neither counts here.
    fn typed(&self, key: &str) -> Option<Value> {
        let (_, text) = self.variables.get(key)?;
        text.parse().ok().filter(|value| !matches!(value, Value::String(_) | Value::Table(_)))
    }

    /// The error for a key, at the place that set it.
    pub(super) fn refuse(&self, key: &str, detail: impl Display) -> ConfigError {
        // Serde reports a list element as `key[0]`, and an unknown section without the key below it: match both to the
        // variable that set them.
        let key_of_list = key.split('[').next().unwrap_or(key);
        let is_source = |set: &str| {
            let rest = set.strip_prefix(key_of_list);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let variable = self.variables.iter().find(|(set, _)| is_source(set));
        let place = variable.map_or(&self.file, |(_, (name, _))| name).clone();
        ConfigError { place, detail: format!("{key}: {detail}") }
    }
}

/// Serde names the types of Rust; this names what one writes into the file.
fn in_plain_words(message: &str) -> String {
    let Some((given, expected)) = message.rsplit_once(", expected ") else {
        return message.to_owned();
    };
    let expected = match expected {
        "u32" | "i64" | "usize" => "a whole number",
        "f64" => "a number",
        "a boolean" => "true or false",
        "a string" => "text in quotes",
        "a sequence" => "a list in brackets",
        other if other == "a map" || other.starts_with("struct ") => "a section",
        other => other,
    };
    format!("{given}, expected {expected}")
}

/// The name of the file, and its content.
fn read_file(file: Option<&Path>) -> Result<(String, Table), ConfigError> {
    let path = file.unwrap_or(DEFAULT_FILE.as_ref());
    let place = path.display().to_string();
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if file.is_none() && error.kind() == ErrorKind::NotFound => {
            return Ok((NO_FILE.into(), Table::new()));
        }
        Err(error) => {
            return Err(ConfigError { place, detail: format!("cannot be read: {error}") });
        }
    };
    match text.parse() {
        Ok(table) => Ok((place, table)),
        Err(error) => Err(ConfigError { place, detail: not_toml(&text, &error) }),
    }
}

/// The error's line and message. Its own `Display` also quotes the line, which may hold a secret.
fn not_toml(text: &str, error: &toml::de::Error) -> String {
    let start = error.span().map_or(0, |span| span.start);
    let line = text.bytes().take(start).filter(|byte| *byte == b'\n').count() + 1;
    format!("line {line}: {}", error.message())
}

fn variables(env: impl Iterator<Item = (String, String)>) -> BTreeMap<String, (String, String)> {
    env.filter(|(name, _)| !NOT_SETTINGS.contains(&name.as_str()))
        .filter_map(|(name, text)| {
            let key = name.strip_prefix(PREFIX)?.to_lowercase().replace("__", ".");
            Some((key, (name, text)))
        })
        .collect()
}

/// A table in which `a.b.c` is `value`, and nothing else.
fn nested(key: &str, value: Value) -> Table {
    match key.split_once('.') {
        Some((section, key)) => Table::from_iter([(section.to_owned(), nested(key, value).into())]),
        None => Table::from_iter([(key.to_owned(), value)]),
    }
}

/// Replaces the keys of `below` by those of `above`. Where both have a section, lays one over the other in turn.
fn lay_over(below: &mut Table, above: Table) {
    for (key, above) in above {
        match (below.get_mut(&key), above) {
            (Some(Value::Table(below)), Value::Table(above)) => lay_over(below, above),
            (_, above) => {
                below.insert(key, above);
            }
        }
    }
}

/// Lays the rules of each `[policy.NAME]` over `[ask]`, and nests them as [`PolicySettings`](super::PolicySettings) has
/// them. A wrong value that a policy inherits is still reported as a key of `ask`: serde reads a table in the order of
/// its keys, and `ask` comes before `policy`.
fn policies_over_ask(mut table: Table) -> Table {
    let ask = table.get("ask").and_then(Value::as_table).cloned().unwrap_or_default();
    if let Some(policies) = table.get_mut("policy").and_then(Value::as_table_mut) {
        for policy in policies.iter_mut().filter_map(|(_, policy)| policy.as_table_mut()) {
            let (mut rules, mut above) = (ask.clone(), mem::take(policy));
            let text = above.remove("text");
            lay_over(&mut rules, above);
            policy.insert("rules".into(), rules.into());
            policy.extend(text.map(|text| ("text".to_owned(), text)));
        }
    }
    table
}

/// The key in the file for a path in the merged table: `policy.vip.rules.delay` is written `policy.vip.delay`.
fn as_written(path: &str) -> String {
    let mut keys: Vec<_> = path.split('.').collect();
    if keys.len() > 2 && keys[0] == "policy" && keys[2] == "rules" {
        keys.remove(2);
    }
    keys.join(".")
}
