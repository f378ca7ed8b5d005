//! What an operator does beside the service: a first start, backups, new keys, and what is refused on the way.

use crate::commands::{afterword, code, files, run, said};
use crate::desk::{Desk, config, folder};
use crate::process;
use crate::sink::{Pem, Plan, Sink, Tls, acceptor};
use afterword::clock::Clock;
use afterword::gateway::{Gateway, replace_lost_keys, rotate_links};
use afterword::private;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::Path;
use std::process::{Output, Stdio};
use tempfile::TempDir;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

fn mode(path: &Path) -> u32 {
    path.metadata().expect("there").mode() & 0o777
}

/// Runs a command in a shell that masks no permission.
fn unmasked(folder: &Path, arguments: &str) -> Output {
    let program = env!("CARGO_BIN_EXE_afterword");
    let mut shell = std::process::Command::new("sh");
    let shell = shell.args(["-c", &format!("umask 000; exec '{program}' {arguments}")]).current_dir(folder);
    shell.env_clear().stdin(Stdio::null()).output().expect("a shell")
}

const INIT: &str =
    "init --brand Example --public-url http://127.0.0.1:8080 --from support@example.org --smtp file:mails";

#[tokio::test]
async fn a_second_service_is_refused_by_every_path() {
    let desk = folder().await;
    let (_service, _lock) = Gateway::serve(config(desk.path()), Clock::System, None).await.expect("nobody else serves");
    assert!(!desk.path().join("afterword.db.lock").exists(), "there is no file that somebody could remove");
    let other = TempDir::new_in(desk.path()).expect("a folder of the same disk");
    fs::hard_link(desk.path().join("afterword.db"), other.path().join("afterword.db")).expect("linked");
    fs::copy(desk.path().join("afterword.keys"), other.path().join("afterword.keys")).expect("copied");
    let linked = TempDir::new().expect("a folder");
    for file in ["afterword.db", "afterword.keys"] {
        std::os::unix::fs::symlink(desk.path().join(file), linked.path().join(file)).expect("linked");
    }
    for folder in [desk.path(), other.path(), linked.path()] {
        let mut second = afterword(folder, "serve");
        let refused = second.env("AFTERWORD_LISTEN", "127.0.0.1:0").output().expect("it ends");
        let text = said(&refused.stderr);
        assert!(code(&refused) == 1 && text.contains("another afterword serves the database"), "{text}");
    }
}

#[tokio::test]
async fn an_empty_database_beside_its_keys_is_begun_only_if_it_is_wanted() {
    let here = folder().await;
    let database = here.path().join("afterword.db");
    for lost in [true, false] {
        fs::remove_file(&database).expect("removed");
        if !lost {
            fs::write(&database, "").expect("emptied");
        }
        let before = files(here.path());
        for command in ["serve", "key new --scope read --name x --config afterword.toml"] {
            fs::write(here.path().join("afterword.toml"), "").expect("a configuration");
            let refused = run(here.path(), command);
            let text = said(&refused.stderr);
            assert!(code(&refused) == 1 && text.contains("afterword serve --new-database"), "{command}: {text}");
            fs::remove_file(here.path().join("afterword.toml")).expect("removed");
            assert_eq!(files(here.path()), before);
        }
        let (gateway, _lock) = {
            Gateway::make(config(here.path()), Clock::System).await.expect("made").shut_down().await;
            Gateway::serve(config(here.path()), Clock::System, None).await.expect("it starts")
        };
        gateway.shut_down().await;
    }
}

#[test]
fn no_key_is_made_where_neither_a_configuration_nor_a_database_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let refused = run(folder.path(), "key new --scope trigger --name helpdesk");
    let text = said(&refused.stderr);
    assert!(code(&refused) == 2 && text.contains("there is no configuration here"), "{text}");
    assert!(files(folder.path()).is_empty());

    fs::write(folder.path().join("afterword.toml"), "[mail]\nsmtp = 'smtps://me@relay'\nsmtp_password_file = 'no'")
        .expect("written");
    let made = run(folder.path(), "key new --scope trigger --name helpdesk");
    let (text, key) = (said(&made.stderr), said(&made.stdout));
    assert!(code(&made) == 0 && key.lines().next_back().is_some_and(|key| key.starts_with("aw_trigger_")), "{text}");
    let place = format!("In the database {}/afterword.db (configuration: afterword.toml)", folder.path().display());
    assert!(text.contains(&place), "{text}");
    let names: Vec<_> = files(folder.path()).into_keys().collect();
    assert_eq!(names.len(), 3, "everything is in the database, and nothing in a WAL: {names:?}");
}

#[test]
fn a_missing_folder_is_told_as_one() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("afterword.toml"), "database = 'no/afterword.db'").expect("written");
    for command in ["serve", "key new --scope read --name x", "report"] {
        let refused = run(folder.path(), command);
        let text = said(&refused.stderr);
        assert!(code(&refused) == 1 && text.contains("the folder no does not exist"), "{command}: {text}");
    }
}

#[test]
fn nothing_that_is_written_is_for_others() {
    let folder = tempfile::tempdir().expect("a folder");
    for command in [INIT, "send-test ada@example.com", "preview --out samples", "backup copy.db"] {
        let done = unmasked(folder.path(), command);
        // A test mail into a folder may count as a failure.
        assert!(code(&done) == 0 || command.starts_with("send-test"), "{command}: {}", said(&done.stderr));
    }
    let mut left = vec![folder.path().to_owned()];
    let mut count = 0;
    while let Some(next) = left.pop() {
        for entry in fs::read_dir(next).expect("a folder") {
            let path = entry.expect("readable").path();
            assert_eq!(mode(&path) & 0o007, 0, "{}", path.display());
            count += 1;
            if path.is_dir() {
                left.push(path);
            } else if path.extension().is_none_or(|end| end != "toml") {
                assert_eq!(mode(&path), 0o600, "{}", path.display());
            }
        }
    }
    assert!(count >= 11, "{count}");
}

#[test]
fn what_root_makes_belongs_to_the_owner_of_the_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    if folder.path().metadata().expect("there").uid() != 0 {
        return;
    }
    chown(folder.path(), Some(12_345), Some(12_346)).expect("root may");
    for command in [INIT, "send-test ada@example.com", "key new --scope read --name x", "backup copy.db"] {
        run(folder.path(), command);
    }
    let names: Vec<_> = files(folder.path()).into_keys().collect();
    assert_eq!(names.len(), 6, "{names:?}");
    for name in names {
        let file = Path::new(&name).metadata().expect("there");
        assert_eq!((file.uid(), file.gid()), (12_345, 12_346), "{name}");
    }
}

#[tokio::test]
async fn links_signed_before_a_rotation_still_work_and_suppressions_hold() {
    let desk = Desk::open().await;
    desk.close(json!({})).await;
    let mail = desk.the_mail().await;
    desk.put("/v1/suppressions/eve@example.com", Some(json!({"cause": "opted_out"}))).await;
    let keys = rotate_links(&desk.gateway.config, &desk.clock).expect("rotated");
    assert_eq!(keys, 2);
    let again = Desk::at(desk.folder, |_| {}).await;
    assert_eq!(again.visit(&mail.links[4]).await.status, 200);
    let answer = again.close(json!({"conversation_id": "2", "customers": [{"email": "eve@example.com"}]})).await;
    assert_eq!(answer.json["reasons"][0]["rule"], "opted_out");
    again.close(json!({"conversation_id": "3", "customers": [{"email": "bob@example.com"}]})).await;
    let new = again.the_mail().await;
    let id = |link: &str| link.rsplit('/').next().expect("a token")[..4].to_owned();
    assert_ne!(id(&new.links[4]), id(&mail.links[4]), "another key signs");
}

#[tokio::test]
async fn a_database_lives_on_without_its_key_file_and_keeps_the_suppressions_it_can() {
    let desk = Desk::open().await;
    desk.close(json!({})).await;
    let mail = desk.the_mail().await;
    desk.submit(&mail.unsubscribe, &[]).await;
    desk.put("/v1/suppressions/eve@example.com", Some(json!({"cause": "complained"}))).await;
    desk.sql("INSERT INTO suppression VALUES ('00000000000000000000000000000000', 'erased', 1, NULL)").await;
    // An earlier version had two hashes for this address.
    desk.put("/v1/suppressions/ada@xn--bcher-kva.example", None).await;
    desk.sql(
        "INSERT INTO suppression VALUES ('ffffffffffffffffffffffffffffffff', 'opted_out', 1, 'ada@bücher.example')",
    )
    .await;
    let config = (*desk.gateway.config).clone();
    let Desk { folder, .. } = desk;
    fs::remove_file(folder.path().join("afterword.keys")).expect("lost");

    let kept = replace_lost_keys(&config).await.expect("it goes on").expect("another key");
    assert_eq!((kept.kept, kept.forgotten), (3, 1));
    assert_eq!(replace_lost_keys(&config).await.expect("a repeat"), None, "a repeat changes nothing");

    let desk = Desk::at(folder, |_| {}).await;
    assert_eq!(desk.visit(&mail.links[4]).await.status, 404, "links of the lost keys are gone");
    for (address, rule) in
        [("ada@example.com", "opted_out"), ("eve@example.com", "complained"), ("ada@bücher.example", "opted_out")]
    {
        let answer = desk.close(json!({"conversation_id": address, "customers": [{"email": address}]})).await;
        assert_eq!(answer.json["reasons"][0]["rule"], rule, "{address}");
    }
}

#[tokio::test]
async fn keys_that_a_service_still_has_are_not_replaced() {
    let here = folder().await;
    let (_service, _lock) = Gateway::serve(config(here.path()), Clock::System, None).await.expect("nobody else serves");
    fs::remove_file(here.path().join("afterword.keys")).expect("lost");
    let refused = run(here.path(), "key replace-lost");
    assert!(said(&refused.stderr).contains("another afterword serves the database"), "{}", said(&refused.stderr));
    assert!(!here.path().join("afterword.keys").exists());
}

#[tokio::test]
async fn a_restored_backup_answers_old_links_and_keeps_suppressions() {
    let desk = Desk::open().await;
    desk.close(json!({})).await;
    let mail = desk.the_mail().await;
    desk.put("/v1/suppressions/eve@example.com", Some(json!({"cause": "opted_out"}))).await;
    let elsewhere = tempfile::tempdir().expect("a folder");
    let copy = elsewhere.path().join("afterword.db");
    let keys = desk.gateway.backup(&copy, |_, _| {}).await.expect("copied while the service runs");
    assert_eq!(keys, elsewhere.path().join("afterword.db.keys"));
    desk.close(json!({"conversation_id": "later"})).await;

    let before = files(elsewhere.path());
    let refused = desk.gateway.backup(&copy, |_, _| {}).await.expect_err("it is there").to_string();
    assert!(refused.ends_with("afterword.db exists: a backup never replaces a file, so name another"), "{refused}");
    desk.gateway.backup(&elsewhere.path().join("no/copy.db"), |_, _| {}).await.expect_err("no folder");
    let other = elsewhere.path().join("other.db");
    let hints = ["so name another", "a backup that was stopped left it: delete it"];
    for (in_the_way, hint) in ["other.db.keys", "other.db.unfinished"].into_iter().zip(hints) {
        fs::write(elsewhere.path().join(in_the_way), "").expect("written");
        let refused = desk.gateway.backup(&other, |_, _| {}).await.expect_err("it is there").to_string();
        assert!(refused.contains(in_the_way) && refused.ends_with(hint), "{refused}");
        fs::remove_file(elsewhere.path().join(in_the_way)).expect("removed");
    }
    assert_eq!(files(elsewhere.path()), before);
    assert_eq!(before.len(), 2, "{:?}", before.keys());
    assert_eq!((mode(&copy), mode(&keys)), (0o600, 0o600));

    assert_eq!(desk.gateway.halted().await.expect("an answer"), None, "the running service is not paused");

    fs::rename(&keys, elsewhere.path().join("afterword.keys")).expect("put in its place");
    let restored = Desk::at(elsewhere, |_| {}).await;
    assert_eq!(restored.press(&mail.links[4]).await.json["standing"], "rated");
    let answer = restored.close(json!({"conversation_id": "2", "customers": [{"email": "eve@example.com"}]})).await;
    assert_eq!(answer.json["reasons"][0]["rule"], "opted_out");
    assert_eq!(restored.get("/v1/conversations/later").await.status, 404, "it is of its moment");

    restored.close(json!({"conversation_id": "new"})).await;
    restored.deliver().await;
    assert_eq!(restored.mails().len(), 0, "nothing goes out twice");
    assert!(restored.gateway.resume_mail().await.expect("an answer"));
    restored.deliver().await;
    assert_eq!(restored.mails().len(), 1);
}

#[test]
fn init_makes_all_that_a_first_start_needs_and_replaces_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let made = run(folder.path(), INIT);
    let text = said(&made.stdout);
    let key = text.lines().next_back().expect("a key").to_owned();
    assert!(code(&made) == 0 && key.starts_with("aw_trigger_"), "{text}{}", said(&made.stderr));
    let toml = folder.path().join("afterword.toml");
    assert!(text.contains(&format!("afterword serve --config {}", toml.display())), "{text}");
    assert_eq!(mode(&toml), 0o640);
    let before = files(folder.path());
    for command in [INIT.to_owned(), format!("{INIT} --config other.toml")] {
        let again = run(folder.path(), &command);
        assert!(code(&again) == 2 && said(&again.stderr).contains("exists: init changes nothing that is there"));
        assert_eq!(files(folder.path()), before, "{command}");
    }
    let listed = run(folder.path(), "key list");
    assert!(said(&listed.stdout).contains(key.split('_').nth(2).expect("an id")), "{}", said(&listed.stderr));
}

#[test]
fn init_names_what_is_missing_or_wrong_and_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    for (command, expected) in [
        ("init --brand x", "expected --public-url, --from, --smtp"),
        ("init --public-url http://rate.example.com", "--public-url: \"http://rate.example.com\": expected https"),
        (&INIT.replace("support@example.org", "support"), "--from: \"support\": expected"),
        (&INIT.replace("file:mails", "smtps://me@relay.example.com"), "expected --smtp-password-file"),
        (
            &format!("{} --smtp-password-file no", INIT.replace("file:mails", "smtps://me@relay.example.com")),
            "mail.smtp_password_file: ",
        ),
    ] {
        let refused = run(folder.path(), command);
        let text = said(&refused.stderr);
        assert!(code(&refused) == 2 && text.contains(expected), "{command}: {text}");
        assert!(files(folder.path()).is_empty(), "{command}");
    }
}

#[test]
fn the_settings_that_apply_are_shown_with_their_source() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "[mail]\nsmtp = 'smtps://me@relay'\nsmtp_password = 'hunter2'\n";
    fs::write(folder.path().join("afterword.toml"), text).expect("written");
    let mut command = afterword(folder.path(), "config");
    let shown = said(&command.env("AFTERWORD_MAIL__WORKERS", "7").output().expect("it runs").stdout);
    for (setting, source) in [
        ("mail.smtp = \"smtps://me@relay\"", "afterword.toml:2"),
        ("mail.workers = 7", "AFTERWORD_MAIL__WORKERS"),
        ("brand.locale = \"en\"", "default"),
    ] {
        let line = shown.lines().find(|line| line.starts_with(setting)).unwrap_or_else(|| panic!("{setting}: {shown}"));
        assert!(line.ends_with(&format!(" # {source}")), "{line}");
    }
    let json: Value = serde_json::from_str(&said(&run(folder.path(), "config --json").stdout)).expect("JSON");
    let password = json.as_array().expect("a list").iter().find(|set| set["key"] == "mail.smtp_password");
    assert_eq!(
        password,
        Some(&json!({"key": "mail.smtp_password", "value": "(hidden)", "source": "afterword.toml:3"}))
    );
    assert!(!shown.contains("hunter2"));
}

#[test]
fn completions_and_manual_pages_know_every_command() {
    let folder = tempfile::tempdir().expect("a folder");
    for shell in ["bash", "zsh", "fish"] {
        let script = said(&run(folder.path(), &format!("completions {shell}")).stdout);
        assert!(script.contains("afterword") && script.contains("send-test"), "{shell}");
    }
    assert!(said(&run(folder.path(), "man").stdout).contains(".TH afterword"));
    assert_eq!(code(&run(folder.path(), "man pages")), 0);
    let pages = files(&folder.path().join("pages"));
    let names: Vec<_> = pages.keys().filter_map(|page| page.rsplit('/').next()).collect();
    for page in ["afterword.1", "afterword-serve.1", "afterword-key-new.1", "afterword-backup.1"] {
        assert!(names.contains(&page), "{page}: {names:?}");
    }
}

/// Each check of `afterword check --json`, by name.
fn checks(folder: &Path) -> (i32, Vec<Value>) {
    let done = run(folder, "check --json");
    let lines: Vec<Value> = said(&done.stdout).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    (code(&done), lines)
}

fn check<'a>(checks: &'a [Value], name: &str) -> &'a Value {
    checks.iter().find(|check| check["check"] == name).unwrap_or_else(|| panic!("{name}: {checks:?}"))
}

#[test]
fn check_finds_what_is_wrong_and_says_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let port = process::free_port();
    let init = INIT.replace("8080", &port.to_string());
    assert_eq!(code(&run(folder.path(), &init)), 0);
    let toml = folder.path().join("afterword.toml");
    let text = fs::read_to_string(&toml).expect("read").replace("127.0.0.1:8080", &format!("127.0.0.1:{port}"));
    fs::write(&toml, &text).expect("written");

    let (code, found) = checks(folder.path());
    assert_eq!((code, check(&found, "public URL")["ok"].as_bool()), (1, Some(false)), "nobody serves: {found:?}");
    for name in ["configuration", "permissions", "disk", "sync", "relay", "database"] {
        assert_eq!(check(&found, name)["ok"], true, "{name}: {found:?}");
    }

    let _service = process::serve(folder.path(), port);
    let (code, found) = checks(folder.path());
    assert_eq!(code, 0, "{found:?}");
    assert_eq!(check(&found, "proxies")["detail"], "the service sees this machine as 127.0.0.1");
    assert!(found.iter().all(|found| found["check"] != "sending"), "{found:?}");
    assert_eq!(self::code(&run(folder.path(), "mail pause --why moving")), 0);
    let (_, found) = checks(folder.path());
    assert_eq!(check(&found, "sending")["detail"], "is paused: moving");
    assert_eq!(self::code(&run(folder.path(), "mail resume")), 0);
    let stranger = process::request(port, "GET", "/healthz?challenge=00.00", &[], "").expect("an answer");
    assert_eq!(stranger, (200, "ok\n".to_owned()), "strangers learn nothing");

    let private = folder.path().join("afterword.db");
    fs::set_permissions(&private, std::os::unix::fs::PermissionsExt::from_mode(0o644)).expect("its owner may");
    fs::write(&toml, text.replace("trusted_proxies = 0", "trusted_proxies = 1")).expect("written");
    let (code, found) = checks(folder.path());
    assert_eq!(code, 1);
    let hint = format!("run `chmod o-rwx {}`", private.display());
    assert_eq!(check(&found, "permissions")["hint"], hint.as_str());
    assert_eq!(check(&found, "proxies")["ok"], false, "{found:?}");

    let key = fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/dkim/rsa.pem")).expect("a key");
    private::write(&folder.path().join("dkim.pem"), &key).expect("written");
    let dkim = "\n[mail.dkim]\ndomain = 'example.org'\nselector = 's1'\nkey_file = 'dkim.pem'\n";
    fs::write(&toml, text.replace("file:mails", "smtp://127.0.0.1:1") + dkim).expect("written");
    let (_, found) = checks(folder.path());
    let record = check(&found, "DKIM")["detail"].as_str().expect("a text");
    assert!(record.contains("s1._domainkey.example.org TXT \"v=DKIM1; k=rsa; p=MI"), "{record}");
    let relay = check(&found, "relay");
    assert!(relay["ok"] == false && relay["detail"].as_str().is_some_and(|why| why.contains("refused")), "{relay}");
    assert!(check(&found, "SPF")["detail"].as_str().is_some_and(|text| text.contains("example.org TXT \"v=spf1 ")));
    fs::write(&toml, "mail.smtp = 'x'").expect("written");
    let (code, found) = checks(folder.path());
    assert!(code == 1 && check(&found, "configuration")["ok"] == false && found.len() == 1, "{found:?}");
}

#[tokio::test]
async fn check_logs_in_at_the_relay_and_sends_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let (sound, nobody): (Pem, Pem) =
        (include_bytes!("../data/tls/sound.pem"), include_bytes!("../data/tls/nobody.pem"));
    for (pem, is_good) in [(sound, true), (nobody, false)] {
        let sink = Sink::with(Plan::Scripts(vec![]), Tls::Always(pem)).await;
        let target = format!("mail.smtp = 'smtps://127.0.0.1:{}'", sink.port);
        fs::write(folder.path().join("afterword.toml"), target).expect("a configuration");
        let mut command = afterword(folder.path(), "check --json");
        command.env("SSL_CERT_FILE", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/tls/authority.pem"));
        let done = tokio::task::spawn_blocking(move || command.output().expect("it runs")).await.expect("it ends");
        let lines: Vec<Value> =
            said(&done.stdout).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert_eq!(check(&lines, "relay")["ok"], is_good, "{lines:?}");
        if is_good {
            let left = format!("the certificate of 127.0.0.1:{} is good for 3999 more days", sink.port);
            assert_eq!(check(&lines, "relay TLS")["detail"], left.as_str());
        }
        assert!(!sink.steps().contains("MAIL"), "{}", sink.steps());
    }
}

/// A proxy that ends TLS, and adds nothing to a request. Its port.
async fn proxy(certificate: Pem, to: u16) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            let mut inside = TcpStream::connect(("127.0.0.1", to)).await.expect("the service");
            if let Ok(mut outside) = acceptor(certificate).accept(tcp).await {
                drop(copy_bidirectional(&mut outside, &mut inside).await);
            }
        }
    });
    port
}

#[tokio::test]
async fn check_asks_the_public_url_through_a_proxy_with_tls() {
    let folder = tempfile::tempdir().expect("a folder");
    let sound: Pem = include_bytes!("../data/tls/sound.pem");
    let port = process::free_port();
    let public = proxy(sound, port).await;
    let authority = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/tls/authority.pem");
    let settings = format!(
        "listen = '127.0.0.1:{port}'\npublic_url = 'https://127.0.0.1:{public}'\n\
        mail.smtp = 'smtp://127.0.0.1:1'\nmail.from = 'support@shop.test'"
    );
    let path = folder.path().to_owned();
    let asked = tokio::task::spawn_blocking(move || {
        fs::write(path.join("afterword.toml"), settings).expect("written");
        let _service = process::serve(&path, port);
        let check = |authority: &str| {
            let done = afterword(&path, "check --json").env("SSL_CERT_FILE", authority).output().expect("it runs");
            said(&done.stdout).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect::<Vec<Value>>()
        };
        (check(authority), check("/dev/null"))
    });
    let (trusted, untrusted) = asked.await.expect("it ends");
    for name in ["public URL", "public TLS", "proxies"] {
        assert_eq!(check(&trusted, name)["ok"], true, "{name}: {trusted:?}");
    }
    let version = check(&trusted, "public TLS")["detail"].as_str().expect("a text");
    assert!(version.contains("(TLSv1_3)") && version.contains("3999 more days"), "{version}");
    assert_eq!(check(&untrusted, "public URL")["ok"], false, "{untrusted:?}");
}

#[test]
fn no_other_service_passes_for_this_one() {
    let (mine, other) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let port = process::free_port();
    for folder in [&mine, &other] {
        assert_eq!(code(&run(folder.path(), &INIT.replace("8080", &port.to_string()))), 0);
        let toml = folder.path().join("afterword.toml");
        let text = fs::read_to_string(&toml).expect("read").replace("127.0.0.1:8080", &format!("127.0.0.1:{port}"));
        fs::write(&toml, text).expect("written");
    }
    let _service = process::serve(other.path(), port);
    let (code, found) = checks(mine.path());
    assert_eq!((code, check(&found, "public URL")["ok"].as_bool()), (1, Some(false)), "{found:?}");
    assert_eq!(checks(other.path()).0, 0);
}

#[test]
fn a_key_file_that_others_can_read_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(code(&run(folder.path(), INIT)), 0);
    let keys = folder.path().join("afterword.keys");
    let text = fs::read(&keys).expect("read");
    fs::set_permissions(&keys, std::os::unix::fs::PermissionsExt::from_mode(0o644)).expect("its owner may");
    for command in ["serve", "key list"] {
        let refused = run(folder.path(), command);
        let text = said(&refused.stderr);
        assert!(code(&refused) == 1 && text.contains(&format!("run `chmod o-rwx {}`", keys.display())), "{text}");
    }
    private::write(&keys, &text).expect("written");
    assert_eq!(code(&run(folder.path(), "key list")), 0);
}
