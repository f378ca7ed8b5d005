//! The layers of settings: reads the file and the environment, and lays one over the other.
//!
//! Owns where a setting comes from, so that an error names that place, and turns serde's errors into plain words. It
//! must not know which values belong together: that is `checks`.

use super::lines::{Lines, line_at};
use super::value::NOT_TEXT;
use super::{Config, ConfigError, DEFAULTS};
use crate::text::Text;
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
    /// Where in the file each key is.
    lines: Lines,
    /// Whether the files that hold secrets of mail are read.
    pub(super) secrets: bool,
    /// The variables by key, such as `mail.smtp`: name and text.
    variables: BTreeMap<String, (String, String)>,
}

/// The defaults alone.
pub(super) fn defaults() -> Config {
    let layers = Layers { file: NO_FILE.into(), lines: Lines::default(), secrets: true, variables: BTreeMap::new() };
    layers.read(&Table::new()).expect("the defaults are built in, and a test reads them").config
}

/// Reads all layers; see [`Config::load`].
pub(super) fn load(
    file: Option<&Path>,
    env: impl Iterator<Item = (String, String)>,
    secrets: bool,
) -> Result<Read, ConfigError> {
    let (file, lines, table) = read_file(file)?;
    let path = (file != NO_FILE).then(|| PathBuf::from(&file));
    let variables = variables(env, &table);
    let mut read = Layers { file, lines, secrets, variables }.read(&table)?;
    read.config.file = path;
    Ok(read)
}

/// What became of the layers.
pub(super) struct Read {
    /// The checked settings.
    pub(super) config: Config,
    /// One sentence for each variable that sets nothing.
    pub(super) warnings: Vec<String>,
    /// Every key that is set, and its value.
    pub(super) merged: Table,
    /// Where the values come from.
    pub(super) layers: Layers,
}

impl Layers {
    /// The checked settings, and a warning for each unknown variable: a shell may export `AFTERWORD_KEY`, and
    /// Kubernetes sets `AFTERWORD_PORT` and others for a service of our name. The file is ours alone, so there an
    /// unknown key is refused.
    fn read(mut self, file: &Table) -> Result<Read, ConfigError> {
        let mut warnings = Vec::new();
        let (mut config, merged) = loop {
            match self.deserialize(file.clone()) {
                Ok(read) => break read,
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
        Ok(Read { config, warnings, merged, layers: self })
    }

    /// What set a key: the name of a variable, or the file and its line; `None` if nothing did, so that a default holds.
    pub(super) fn source(&self, key: &str) -> Option<String> {
        let variable = self.variables.get(key).map(|(name, _)| name.clone());
        variable.or_else(|| Some(format!("{}:{}", self.file, self.lines.get(key)?)))
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
    fn deserialize(&self, file: Table) -> Result<(Config, Table), (String, String)> {
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
                Ok(config) => return Ok((config, table)),
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
        let place = match (variable, self.lines.get(key)) {
            (Some((_, (name, _))), _) => name.clone(),
            (None, Some(line)) => format!("{}:{line}", self.file),
            (None, None) => self.file.clone(),
        };
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

/// The name of the file, the lines of its keys, and its content.
fn read_file(file: Option<&Path>) -> Result<(String, Lines, Table), ConfigError> {
    let path = file.unwrap_or(DEFAULT_FILE.as_ref());
    let place = path.display().to_string();
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if file.is_none() && error.kind() == ErrorKind::NotFound => {
            return Ok((NO_FILE.into(), Lines::default(), Table::new()));
        }
        Err(error) => {
            return Err(ConfigError { place, detail: format!("cannot be read: {error}") });
        }
    };
    match text.parse() {
        Ok(table) => Ok((place, Lines::of(&text), table)),
        Err(error) => Err(not_toml(&place, &text, &error)),
    }
}

/// The error's line and message. Its own `Display` also quotes the line, which may hold a secret.
fn not_toml(file: &str, text: &str, error: &toml::de::Error) -> ConfigError {
    let line = line_at(text, error.span().map_or(0, |span| span.start));
    ConfigError { place: format!("{file}:{line}"), detail: error.message().to_owned() }
}

fn variables(env: impl Iterator<Item = (String, String)>, file: &Table) -> BTreeMap<String, (String, String)> {
    env.filter(|(name, _)| !NOT_SETTINGS.contains(&name.as_str()))
        .filter_map(|(name, text)| Some((key_of(name.strip_prefix(PREFIX)?, file), (name, text))))
        .collect()
}

/// The key that a variable sets. Names of variables have no small letters and no hyphens, so a part of the name stands
/// for a section of the file that the operator named, such as a policy or a webhook, or for a language, that is spelled
/// the same but for these.
fn key_of(name: &str, file: &Table) -> String {
    let (mut keys, mut section) = (Vec::<String>::new(), Some(file));
    for part in name.to_lowercase().split("__") {
        let alike = |known: &&str| known.to_lowercase().replace('-', "_") == part;
        let in_file = || section.into_iter().flat_map(Table::keys).map(String::as_str).find(alike);
        let language = || Text::languages().find(|known| alike(known));
        let key = match (keys.first().map(String::as_str), keys.last().map(String::as_str)) {
            (_, Some("text")) => language(),
            // These have keys of their own beside their languages.
            (Some("reasons" | "question"), _) if keys.len() == 1 => language(),
            (Some("thanks"), _) if keys.len() == 2 => language(),
            (Some("policy" | "helpdesk" | "webhook" | "alert" | "provider"), _)
                if keys.len() == 1 && !section.is_some_and(|named| named.contains_key(part)) =>
            {
                in_file()
            }
            _ => None,
        };
        let key = key.unwrap_or(part).to_owned();
        section = section.and_then(|section| section.get(&key)?.as_table());
        keys.push(key);
    }
    keys.join(".")
}

/// A table in which `a.b.c` is `value`, and nothing else.
fn nested(key: &str, value: Value) -> Table {
    match key.split_once('.') {
        Some((section, key)) => Table::from_iter([(section.to_owned(), nested(key, value).into())]),
        None => Table::from_iter([(key.to_owned(), value)]),
    }
}

/// Replaces the keys of `below` by those of `above`. Where both have a section, lays one over the other in turn.
pub(super) fn lay_over(below: &mut Table, above: Table) {
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
