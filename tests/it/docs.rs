//! Holds README, CONTRIBUTING and docs/ to the program: settings, rules, calls, commands, views, and links that resolve.
//!
//! It must not know how anything works, only what the pages promise.

use crate::desk::Desk;
use crate::openapi;
use afterword::cli::Arguments;
use afterword::config::{Config, Secret};
use afterword::helpdesk::template::LENIENCIES;
use afterword::helpdesk::{Headers, Kind, Report};
use afterword::hook::body;
use afterword::private;
use afterword::survey::Time;
use afterword::survey::eligibility::Rule;
use afterword::survey::event::{Event, EventKind};
use afterword::survey::outbound::Attempt;
use afterword::survey::suppression::Cause;
use afterword::text::Text;
use clap::Parser;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// The longest line outside of tables and code, in characters.
const LONGEST_LINE: usize = 120;
/// The README stays readable in one sitting.
const LONGEST_README: usize = 200;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All files below a folder that end like this.
fn files(folder: &str, end: &str) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![root().join(folder)]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("readable").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(end) {
                found.push(path);
            }
        }
    }
    assert!(!found.is_empty(), "no {end} in {folder}");
    found
}

/// Every page and its text.
fn pages() -> BTreeMap<PathBuf, String> {
    let paths = ["README.md", "CONTRIBUTING.md"].map(|page| root().join(page));
    paths.into_iter().chain(files("docs", ".md")).map(|path| (path.clone(), read(path))).collect()
}

/// Splits a page into its text and its blocks of code, each block with the language of its fence.
fn split(page: &str) -> (String, Vec<(String, String)>) {
    let (mut text, mut blocks, mut open) = (String::new(), Vec::new(), false);
    for line in page.lines() {
        match line.trim_start().strip_prefix("```") {
            Some(language) => {
                if !open {
                    blocks.push((language.to_owned(), String::new()));
                }
                open = !open;
            }
            None if open => {
                let (_, block) = blocks.last_mut().expect("an open block");
                block.extend([line, "\n"]);
            }
            None => text.extend([line, "\n"]),
        }
    }
    (text, blocks)
}

/// The blocks of code in one language.
pub fn code(page: &str, language: &str) -> Vec<String> {
    let (_, blocks) = split(page);
    blocks.into_iter().filter(|(of, _)| of == language).map(|(_, block)| block).collect()
}

/// A section under its heading, up to the next one of its level.
pub fn section<'a>(page: &'a str, heading: &str) -> &'a str {
    let (_, rest) = page.split_once(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("no section {heading}"));
    let (level, _) = heading.split_once(' ').expect("a heading");
    rest.split(&format!("\n{level} ")).next().expect("a text")
}

/// Whatever stands in backticks.
fn quoted(text: &str) -> BTreeSet<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// What the first cells of a table name in backticks.
fn first_cells(text: &str) -> BTreeSet<&str> {
    let rows = text.lines().filter_map(|line| line.strip_prefix("| "));
    rows.filter_map(|row| row.split(" |").next()).flat_map(quoted).collect()
}

/// The texts between two marks, for reading sources.
fn between<'a>(text: &'a str, start: &str, end: char) -> Vec<&'a str> {
    text.split(start).skip(1).filter_map(|rest| rest.split(end).next()).collect()
}

pub fn sources(folder: &str) -> String {
    files(folder, ".rs").iter().map(read).collect()
}

fn load(text: &str) -> Result<Config, String> {
    let folder = tempfile::tempdir().expect("a folder");
    let (file, secret) = (folder.path().join("afterword.toml"), folder.path().join("smtp.secret"));
    private::write(&secret, b"hunter2").expect("written");
    let key = folder.path().join("dkim.pem");
    private::write(&key, read("tests/data/dkim/rsa.pem").as_bytes()).expect("written");
    let text = text.replace("/etc/afterword/smtp.secret", "smtp.secret");
    let text = text.replace("\"smtp.secret\"", &format!("'{}'", secret.display()));
    let text = text.replace("\"dkim.pem\"", &format!("'{}'", key.display()));
    let text = text.replace("\"desk.secret\"", &format!("'{}'", secret.display()));
    let hook = folder.path().join("crm.secret");
    private::write(&hook, b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("written");
    let text = text.replace("\"crm.secret\"", &format!("'{}'", hook.display()));
    let logo = folder.path().join("logo.svg");
    fs::write(&logo, "<svg xmlns='http://www.w3.org/2000/svg'/>").expect("written");
    let text = text.replace("\"logo.svg\"", &format!("'{}'", logo.display()));
    let authority = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/tls/authority.pem");
    let text = text.replace("\"ca.pem\"", &format!("'{authority}'"));
    fs::write(&file, text).expect("written");
    let loaded = Config::load(Some(&file), std::iter::empty()).map_err(|error| error.to_string());
    loaded.map(|(config, _)| Config { file: None, ..config })
}

/// The block of all settings.
fn settings() -> String {
    code(section(&read("docs/configuration.md"), "## All settings and their defaults"), "toml").remove(0)
}

/// The same with every line that is commented out taken in. The password needs a user.
fn all_settings() -> String {
    let lines = settings().lines().map(|line| line.strip_prefix("# ").unwrap_or(line).to_owned()).collect::<Vec<_>>();
    lines.join("\n").replace("smtp = \"file:mail\"", "smtp = \"smtps://user@relay.example.com\"")
}

#[test]
fn the_defaults_are_the_defaults() {
    assert_eq!(load(&settings()), Ok(Config::default()));
}

#[test]
fn settings_that_are_commented_out_are_valid() {
    let all = load(&all_settings()).expect("valid");
    assert_eq!(all.policies["vip"].rules.change_within_hours, Some(48));
    assert_eq!((all.ask.rate_within_hours, all.ask.change_within_hours), (Some(72), Some(24)));
    assert!(all.mail.dkim.is_some() && all.mail.bounce_domain.is_some());
    assert!(all.mail.smtp_password.is_some() && all.brand.logo_url.is_some() && all.mail.reply_to.is_some());
    assert!(all.brand.logo.is_some() && all.brand.contact_url.is_some());
    assert_eq!(all.helpdesks["shop"].secret.as_ref().map(Secret::reveal), Some("hunter2"));
}

#[test]
fn every_setting_is_documented() {
    let (prose, _) = split(&read("docs/configuration.md"));
    let block = all_settings();
    for section in [
        "",
        "[mail]",
        "[mail.dkim]",
        "[brand]",
        "[report]",
        "[follow_up]",
        "[clicks]",
        "[[digest]]",
        "[retention]",
        "[ask]",
        "[helpdesk.x]",
        "[helpdesk.x.api]",
        "[alert.x]",
        "[outgoing]",
        "[provider.x]",
        "[webhook.x]",
    ] {
        // The program lists the keys that it knows when it refuses another one.
        let refused = load(&format!("{section}\nnonsense = 1\n")).expect_err("an unknown key");
        let (_, known) = refused.split_once(", expected ").unwrap_or_else(|| panic!("{section}: {refused}"));
        assert!(!quoted(known).is_empty(), "{refused}");
        for key in quoted(known) {
            let spelled = [
                format!("\n{key} = "),
                format!("\n[{key}"),
                format!("\n[[{key}"),
                format!("\n[mail.{key}"),
                format!("\n[helpdesk.shop.{key}"),
                format!("\n[[report.{key}"),
            ];
            let in_block = spelled.iter().any(|spelled| format!("\n{block}").contains(spelled));
            assert!(in_block || quoted(&prose).contains(key), "{section} {key}");
        }
    }
}

#[test]
fn every_language_is_named() {
    let page = read("docs/configuration.md");
    let named = quoted(section(&page, "## Brand and languages"));
    let missing: Vec<_> = Text::languages().filter(|language| !named.contains(language)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    let count = format!("speak {} languages", Text::languages().count());
    assert!(read("README.md").contains(&count), "{count}");
}

#[test]
fn every_rule_is_in_the_readme() {
    let readme = read("README.md");
    let table = first_cells(section(&readme, "## When it asks"));
    assert_eq!(table, Rule::ALL.iter().map(|rule| rule.word()).collect());
}

#[test]
fn every_kind_of_helpdesk_and_every_leniency_is_documented() {
    let page = read("docs/helpdesks.md");
    let (kinds, _) = page.split_once("\n`auth` sets").expect("a table of kinds");
    assert_eq!(
        first_cells(kinds.split_once("| `kind` |").expect("a table").1),
        Kind::ALL.iter().map(|kind| kind.word()).collect()
    );
    for kind in Kind::ALL {
        let row = page.lines().find(|line| line.starts_with(&format!("| `{kind}` |"))).expect("its row");
        if let Some(proof) = kind.usual_proof() {
            assert!(row.ends_with(&format!("| `{proof}` |")), "{row}");
        }
    }
    let rows: Vec<_> =
        section(&page, "## Anything else").lines().filter(|line| line.starts_with("| ")).skip(1).collect();
    let expected = LENIENCIES.iter().map(|(_, what, example)| format!("| {what} | `{example}` |"));
    assert_eq!(rows, expected.collect::<Vec<_>>());
}

/// A text without its placeholders, as a template prints it if nothing is known.
fn without(text: &str, open: &str, close: &str) -> String {
    let (mut printed, mut rest) = (String::new(), text);
    while let Some((before, placeholder)) = rest.split_once(open) {
        printed.push_str(before);
        rest = placeholder.split_once(close).expect("a placeholder ends").1;
    }
    printed + rest
}

/// The bodies that a page tells people to paste are read as reports, once somebody fills them in.
#[test]
fn bodies_to_paste_are_read() {
    let page = read("docs/helpdesks.md");
    let bodies = code(&page, "json");
    assert!(bodies.len() > 2, "{bodies:?}");
    for body in bodies {
        let filled = without(&without(&body, "{{", "}}"), "#{", "}");
        let value: serde_json::Value = serde_json::from_str(&filled).expect(&body);
        let mut value = value.as_object().expect("fields").clone();
        for (field, text) in
            [("conversation_id", "1"), ("closed_at", "2026-11-22T10:00Z"), ("reopened_at", "2026-11-22T10:00Z")]
        {
            if value.contains_key(field) {
                value.insert(field.to_owned(), text.into());
            }
        }
        let body = serde_json::Value::Object(value).to_string();
        match afterword::helpdesk::read(Kind::Zendesk, &Headers::default(), body.as_bytes()) {
            Ok(Report::Closed(closed)) => assert_eq!(closed.unread, Vec::<String>::new(), "{body}"),
            Ok(Report::GoesOn { .. }) => {}
            other => panic!("{body}: {other:?}"),
        }
    }
}

/// The names of all fields of a body, in order.
fn fields(value: &Value, above: &str, found: &mut Vec<String>) {
    for (name, value) in value.as_object().into_iter().flatten() {
        let name = format!("{above}.{name}");
        fields(value, &name, found);
        found.push(name);
    }
}

#[test]
fn every_event_has_an_example_body_with_its_fields() {
    let page = read("docs/webhooks.md");
    for kind in EventKind::ALL {
        let example = code(section(&page, &format!("### {kind}")), "json").remove(0);
        let example: Value = serde_json::from_str(&example).expect("JSON");
        let mut event = Event::sample(Uuid::nil(), *kind, Time::UNIX_EPOCH);
        // What may be null in one body is shown in another.
        if example["data"]["rating"]["answer"].is_object() {
            let told = event.rating.as_mut().expect("a rating");
            told.answer = Some(("again".into(), "no".into()));
        }
        let (mut shown, mut sent) = (Vec::new(), Vec::new());
        fields(&example, "", &mut shown);
        fields(&body::webhook(&event), "", &mut sent);
        assert_eq!(shown, sent, "{kind}");
        assert_eq!(example["type"], kind.word());
    }
    let toml = code(section(&page, "## Set one up"), "toml").remove(0);
    let config = load(&toml).expect("valid settings");
    assert_eq!(config.targets()["webhook.crm"].kinds.len(), 3);
}

#[test]
fn every_cause_of_a_suppression_is_documented() {
    let page = read("docs/operate.md");
    assert_eq!(
        first_cells(section(&page, "## Suppression list")),
        Cause::ALL.iter().map(|cause| cause.word()).collect()
    );
}

#[test]
fn every_exit_code_is_documented() {
    let cli = read("src/cli/mod.rs");
    let constants = cli.lines().filter_map(|line| line.strip_prefix("const ")?.split_once(": u8 = "));
    let ended: BTreeSet<u8> = constants.filter_map(|(_, code)| code.trim_end_matches(';').parse().ok()).collect();
    assert!(ended.len() > 2, "{ended:?}");
    let page = read("docs/operate.md");
    let rows = section(&page, "## Exit codes").lines().filter_map(|line| line.strip_prefix("| ")?.split_once(' '));
    let documented: BTreeSet<u8> = rows.filter_map(|(code, _)| code.parse().ok()).collect();
    assert_eq!(documented, ended.into_iter().chain([0]).collect());
}

#[tokio::test]
async fn the_calls_of_the_page_are_those_of_the_description() {
    let (page, description) = (read("docs/api.md"), openapi::description().await);
    let text = section(&page, "## Calls");
    let paths = description["paths"].as_object().expect("paths");
    let mut calls = BTreeSet::new();
    for (path, of_path) in paths.iter().filter(|(path, _)| path.starts_with("/v1/")) {
        for (method, call) in of_path.as_object().expect("calls").iter().filter(|(method, _)| *method != "head") {
            let name = format!("{} {path}", method.to_uppercase());
            let scope =
                call["security"].as_array().and_then(|doors| doors.iter().find_map(|door| door["key"][0].as_str()));
            let start = format!("| `{name}` | ");
            let row = text.lines().find_map(|row| row.strip_prefix(&start)).unwrap_or_else(|| panic!("no row {start}"));
            let cell = row.split(" | ").next().expect("a scope");
            assert_eq!(cell.split(' ').next_back(), scope, "{name}");
            calls.insert(name);
        }
    }
    assert_eq!(first_cells(text), calls.iter().map(String::as_str).collect());
}

#[tokio::test]
async fn tables_of_the_page_have_the_fields_and_words_of_the_description() {
    let (page, description) = (read("docs/api.md"), openapi::description().await);
    let schemas = &description["components"]["schemas"];
    let keys =
        |schema: &Value| schema["properties"].as_object().expect("fields").keys().cloned().collect::<BTreeSet<_>>();
    // The name of the column stands in backticks too, if it is a field.
    let cells = |text: &str, column: &str| {
        let cells = first_cells(text).into_iter().filter(|cell| *cell != column);
        cells.map(str::to_owned).collect::<BTreeSet<_>>()
    };
    let closings = section(&page, "## Closings");
    assert_eq!(cells(closings, ""), keys(&schemas["Closing"]));
    let words = |schema: &Value| {
        let words = schema["enum"].as_array().expect("words").iter();
        words.filter_map(Value::as_str).map(str::to_owned).collect::<BTreeSet<_>>()
    };
    let fates = &schemas["Survey"]["properties"]["tries"]["items"]["properties"]["fate"];
    assert_eq!(cells(section(&page, "## Conversations"), "fate"), words(fates));
    let act = &description["paths"]["/v1/surveys/{id}/{act}"]["post"]["parameters"][1]["schema"];
    assert_eq!(cells(section(&page, "## Deciding about ratings"), "act"), words(act));
    // Lists of names in the text.
    for (heading, schema) in [
        ("## Conversations", "Change"),
        ("## Reports and ratings", "Figures"),
        ("## Reports and ratings", "Counts"),
        ("## Reports and ratings", "Rating"),
        ("## Follow-ups", "FollowUp"),
        ("## Customers", "Erased"),
    ] {
        let named = quoted(section(&page, heading));
        let missing: Vec<_> = keys(&schemas[schema]).into_iter().filter(|key| !named.contains(key.as_str())).collect();
        assert!(missing.is_empty(), "{heading} does not name {missing:?} of {schema}");
    }
    let codes = words(&schemas["Problem"]["properties"]["code"]);
    let errors = section(&page, "## Errors");
    let rows = errors.lines().filter(|line| line.starts_with("| 4") || line.starts_with("| 5"));
    let documented: BTreeSet<_> = rows.filter_map(|row| row.split(" | ").nth(1)).flat_map(quoted).collect();
    assert_eq!(documented, codes.iter().map(String::as_str).collect());
}

#[test]
fn commands_are_spelled_as_the_program_takes_them() {
    let mut count = 0;
    for (path, page) in pages() {
        for block in code(&page, "sh") {
            for line in block.lines().map(str::trim) {
                let line = line.strip_prefix("sudo -u afterword ").unwrap_or(line);
                let words = line.split(" #").next().unwrap_or(line).split(" && ").next().unwrap_or(line);
                if words.starts_with("afterword ") {
                    let parsed = Arguments::try_parse_from(words.split_whitespace());
                    assert!(parsed.is_ok(), "{}: {line}: {parsed:?}", path.display());
                    count += 1;
                }
            }
        }
    }
    assert!(count > 10, "{count} commands were found");
}

#[tokio::test]
async fn views_have_the_columns_that_are_documented() {
    let desk = Desk::open().await;
    let page = read("docs/reports.md");
    let views = section(&page, "## Views");
    let (_, figures) = views.split_once("The figures are").expect("a list of figures");
    let figures = quoted(figures.split('.').next().expect("a sentence"));
    for view in first_cells(views) {
        let row = views.lines().find(|line| line.starts_with(&format!("| `{view}`"))).expect("its row");
        let cell = row.split('|').nth(3).expect("columns");
        let mut documented: BTreeSet<String> = quoted(cell).into_iter().map(str::to_owned).collect();
        if cell.contains("the figures") {
            documented.extend(figures.iter().map(|figure| (*figure).to_owned()));
        }
        let columns = desk.sql(&format!("SELECT name FROM pragma_table_info('{view}')")).await.concat();
        assert_eq!(documented, columns.into_iter().collect(), "{view}");
    }
    // Other views are parts of these.
    let made = desk.sql("SELECT name FROM sqlite_schema WHERE type = 'view' AND name LIKE 'report_%'").await.concat();
    assert_eq!(first_cells(views), made.iter().map(String::as_str).collect());
}

/// When the example queries are run: in the month after that of a desk's start, and within a week of its last rating.
const NOW: &str = "2026-12-01 12:00:00";

/// A desk with something for each example query to find.
async fn filled() -> Desk {
    let desk = Desk::open().await;
    desk.close(json!({"characters": 10})).await;
    for (id, at, face, comment) in [
        ("1", "2026-11-22T10:00:00Z", 4, Some("Quick")),
        ("2", "2026-11-28T10:00:00Z", 0, Some("Slow")),
        ("3", "2026-11-28T11:00:00Z", 1, None),
    ] {
        desk.turn_to(at);
        let customers = json!([{"email": format!("c{id}@example.com")}]);
        desk.close(json!({"conversation_id": id, "customers": customers, "tags": ["refund"]})).await;
        let mail = desk.the_mail().await;
        match comment {
            Some(text) => desk.comment(&mail.links[face], text).await,
            None => desk.press(&mail.links[face]).await,
        };
    }
    desk.sql(
        "INSERT INTO answer (survey_id, question, choice)
            SELECT survey_id, 'reasons', 'slow' FROM rating WHERE score = 2",
    )
    .await;
    let unhappy = desk.get("/v1/follow-ups").await["items"][0]["survey_id"].as_str().expect("one").to_owned();
    desk.post(&format!("/v1/follow-ups/{unhappy}"), json!({"do": "done"})).await;
    desk.close(json!({"conversation_id": "4", "customers": [{"email": "c4@example.com"}]})).await;
    desk.memory.answer_next([Attempt::Permanent("550 no".into())]);
    desk.deliver().await;
    desk
}

#[tokio::test]
async fn example_queries_find_something_and_read_views_only() {
    let desk = filled().await;
    let queries = code(&read("docs/reports.md"), "sql");
    assert!(queries.len() > 10, "{queries:?}");
    for query in queries {
        let rows = desk.sql(&query.replace("'now'", &format!("'{NOW}'"))).await;
        assert!(!rows.is_empty(), "{query}");
        let read: Vec<_> = between(&query, "FROM ", ' ').into_iter().map(str::trim).collect();
        assert!(!read.is_empty() && read.iter().all(|view| view.starts_with("report_")), "{query}");
    }
}

/// The anchors of a page's headings, as GitHub makes them.
fn anchors(page: &str) -> BTreeSet<String> {
    let (text, _) = split(page);
    let headings = text.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
    let kept = |c: &char| c.is_alphanumeric() || "-_ ".contains(*c);
    headings.map(|heading| heading.to_lowercase().chars().filter(kept).collect::<String>().replace(' ', "-")).collect()
}

/// The links of a page that lead nowhere, as they are written.
fn broken(path: &Path, page: &str) -> Vec<String> {
    let (text, _) = split(page);
    let leads = |link: &&str| {
        let (file, anchor) = link.split_once('#').unwrap_or((*link, ""));
        let target = path.with_file_name(file);
        let target_page =
            if file.is_empty() { page.to_owned() } else { fs::read_to_string(&target).unwrap_or_default() };
        (file.is_empty() || target.exists()) && (anchor.is_empty() || anchors(&target_page).contains(anchor))
    };
    let links = between(&text, "](", ')').into_iter().filter(|link| !link.starts_with("https://"));
    links.filter(|link| !leads(link)).map(str::to_owned).collect()
}

#[test]
fn links_resolve() {
    let broken: Vec<_> = pages().iter().flat_map(|(path, page)| broken(path, page)).collect();
    assert!(broken.is_empty(), "{broken:?}");
    let page = "# A, b!\n[a](#a-b) [b](#b) [c](docs/none.md) [d](docs/api.md#none) [e](docs/api.md#errors)\n";
    assert_eq!(self::broken(&root().join("README.md"), page), ["#b", "docs/none.md", "docs/api.md#none"]);
}

#[test]
fn every_page_of_docs_is_linked_from_the_readme() {
    let readme = read("README.md");
    for path in files("docs", ".md") {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        assert!(readme.contains(&format!("](docs/{name})")), "{name}");
    }
}

/// The lines of a page that are too long, tables and code left out.
fn too_long(page: &str) -> Vec<&str> {
    let mut open = false;
    let outside = |line: &&str| {
        let fence = line.trim_start().starts_with("```");
        open ^= fence;
        !open && !fence && !line.starts_with('|')
    };
    page.lines().filter(outside).filter(|line| line.chars().count() > LONGEST_LINE).collect()
}

#[test]
fn lines_fit_and_the_readme_is_short() {
    for (path, page) in pages() {
        assert_eq!(too_long(&page), Vec::<&str>::new(), "{}", path.display());
    }
    let lines = read("README.md").lines().count();
    assert!(lines < LONGEST_README, "the README has {lines} lines");
    let long = "x".repeat(LONGEST_LINE + 1);
    assert_eq!(too_long(&format!("|{long}\n```\n{long}\n```\n{long}\n")), [long.as_str()]);
}

#[test]
fn the_quick_start_is_two_commands() {
    let readme = read("README.md");
    let blocks = code(section(&readme, "## Quick start"), "sh");
    assert_eq!(blocks, ["cargo run --release -- demo\n", "./tests/run\n"]);
}
