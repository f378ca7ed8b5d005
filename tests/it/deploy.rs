//! Holds the files of `deploy/` to the program: the systemd unit, the image, the Compose file. So too the changelog.
//!
//! It must not need a container engine or a running systemd.

use crate::process;
use afterword::cli::Arguments;
use afterword::config::Config;
use clap::Parser;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The most that systemd may find exposed, in tenths: 10 of 10 is a unit that limits nothing.
const MOST_EXPOSED: &str = "19";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn said(output: &Output) -> String {
    [&output.stdout[..], &output.stderr[..]].map(String::from_utf8_lossy).concat()
}

fn systemd_analyze(arguments: &[&str], unit: &Path) -> Output {
    let run = Command::new("systemd-analyze").args(arguments).arg(unit).output();
    run.unwrap_or_else(|error| panic!("systemd-analyze, of Debian's package systemd: {error}"))
}

/// The unit, with a change, in a folder of its own. It starts the program that the tests built.
fn unit(folder: &Path, change: impl Fn(&str) -> String) -> PathBuf {
    let unit = read("deploy/afterword.service");
    let ours = format!("ExecStart={} serve", env!("CARGO_BIN_EXE_afterword"));
    assert_eq!(unit.matches("ExecStart=afterword serve").count(), 1);
    let path = folder.join("afterword.service");
    fs::write(&path, change(&unit.replace("ExecStart=afterword serve", &ours))).expect("written");
    path
}

#[test]
#[ignore = "needs systemd-analyze; ./tests/run runs it"]
fn the_unit_is_right_and_exposes_little() {
    let folder = tempfile::tempdir().expect("a folder");
    let unit = |change: fn(&str) -> String| unit(folder.path(), change);
    let verified = systemd_analyze(&["verify"], &unit(str::to_owned));
    // It also names faults of other units of this machine.
    let ours = said(&verified).contains("afterword");
    assert!(verified.status.success() && !ours, "{}", said(&verified));
    let misspelled = systemd_analyze(&["verify"], &unit(|unit| unit.replace("RestartSec", "RestartSeconds")));
    assert!(said(&misspelled).contains("RestartSeconds"), "{}", said(&misspelled));

    let security = ["security", "--offline=yes", "--threshold", MOST_EXPOSED];
    let judged = systemd_analyze(&security, &unit(str::to_owned));
    assert!(judged.status.success(), "{}", said(&judged));
    let open = systemd_analyze(&security, &unit(|unit| unit.replace("SystemCallFilter", "# SystemCallFilter")));
    assert!(!open.status.success(), "{}", said(&open));
}

#[test]
fn the_changelog_begins_with_this_version() {
    let changelog = read("CHANGELOG.md");
    let newest = changelog.lines().find_map(|line| line.strip_prefix("## ")).expect("a version");
    assert_eq!(newest.split(' ').next(), Some(env!("CARGO_PKG_VERSION")));
}

#[test]
fn the_unit_ends_what_a_restart_does_not_mend() {
    let unit = read("deploy/afterword.service");
    let wrong = process::afterword(root(), &["serve", "--config", "/nonexistent"]).output().expect("it runs");
    let code = wrong.status.code().expect("no signal ended it");
    assert!(unit.lines().any(|line| line == format!("RestartPreventExitStatus={code}")), "{}", said(&wrong));
}

/// The instructions of the Dockerfile, continued lines joined.
fn instructions() -> Vec<String> {
    let joined = read("deploy/Dockerfile").replace("\\\n", " ");
    joined.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).map(str::to_owned).collect()
}

/// What the image copies from the repository.
fn copied() -> Vec<String> {
    let all = instructions();
    let copies = all.iter().filter_map(|line| line.strip_prefix("COPY ")).filter(|copy| !copy.starts_with("--"));
    let sources = copies.map(|copy| copy.split(' ').collect::<Vec<_>>());
    sources.flat_map(|words| words[..words.len() - 1].iter().map(|&word| word.to_owned()).collect::<Vec<_>>()).collect()
}

#[test]
fn the_image_is_built_of_files_that_exist() {
    let copied = copied();
    assert!(copied.len() > 3, "{copied:?}");
    let ignored = read("deploy/Dockerfile.dockerignore");
    for path in copied {
        assert!(root().join(&path).exists(), "{path}");
        assert!(ignored.lines().any(|line| line == format!("!{path}")), "{path} isn't sent to the build");
    }
}

#[test]
fn the_image_starts_and_checks_the_program_as_it_takes_it() {
    let list = |text: &str| serde_json::from_str::<Vec<String>>(text).expect("a list in JSON");
    let after = |word: &str| {
        let all = instructions();
        let line = all.iter().find_map(|line| line.strip_prefix(word)).unwrap_or_else(|| panic!("no {word}"));
        list(&line[line.find('[').expect("a list")..])
    };
    let started = [after("ENTRYPOINT"), after("CMD")].concat();
    for command in [started, after("HEALTHCHECK")] {
        assert_eq!(command[0], "afterword");
        assert!(Arguments::try_parse_from(&command).is_ok(), "{command:?}");
    }
    let all = instructions();
    let user = all.iter().rfind(|line| line.starts_with("USER ")).expect("a user");
    assert!(!user.contains("root") && !user.contains(" 0"), "{user}");
}

/// The settings that lines of a file give to the program, as `NAME=VALUE` or `NAME: VALUE`.
fn variables(text: &str) -> Vec<(String, String)> {
    let words = text.lines().filter_map(|line| line.trim().strip_prefix("ENV ").or(Some(line.trim())));
    let settings = words.filter(|line| line.starts_with("AFTERWORD_"));
    let split = settings.map(|line| line.split_once(": ").or_else(|| line.split_once('=')).expect("a value"));
    split.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[test]
fn the_image_and_its_composition_are_configured_validly() {
    let all = [variables(&read("deploy/Dockerfile")), variables(&read("deploy/compose.yml"))].concat();
    assert!(all.len() > 4, "{all:?}");
    let (config, warnings) = Config::load(None, all.into_iter()).expect("valid");
    assert_eq!(warnings, Vec::<String>::new());
    assert!(config.listen.ip().is_unspecified(), "a container is reached from outside of it");
}

/// What `afterword healthcheck` says of a service that answers like this, or of none.
fn health(answer: Option<&'static str>) -> Output {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound").to_string();
    let service = answer.map(|answer| {
        std::thread::spawn(move || {
            let (mut connection, _) = listener.accept().expect("it connects");
            let mut request = [0; 1024];
            let length = connection.read(&mut request).expect("a request");
            connection.write_all(answer.as_bytes()).expect("it listens");
            String::from_utf8_lossy(&request[..length]).into_owned()
        })
    });
    let mut command = process::afterword(root(), &["healthcheck"]);
    let output = command.env_clear().env("AFTERWORD_LISTEN", address).output().expect("it runs");
    if let Some(service) = service {
        let request = service.join().expect("it was asked");
        assert!(request.starts_with("GET /readyz HTTP/1.1\r\nHost: 127.0.0.1:"), "{request}");
    }
    output
}

#[test]
fn the_health_check_fails_unless_the_service_is_ready() {
    let code = |answer| health(answer).status.code();
    assert_eq!(code(Some("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nready\n")), Some(0));
    assert_eq!(code(Some("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")), Some(1));
    assert_eq!(code(Some("")), Some(1));
    let silent = health(None);
    assert_eq!(silent.status.code(), Some(1));
    assert!(said(&silent).contains("no answer from 127.0.0.1:"), "{}", said(&silent));
}
