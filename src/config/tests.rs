//! The settings read from files and variables: what is accepted, and how the rest is refused.

use super::*;
use crate::helpdesk::Kind;
use crate::helpdesk::signature::Proof;
use crate::private;
use chrono_tz::Tz;
use std::fs;
use std::os::unix::fs::PermissionsExt;

/// Loads a file of that text; an error calls it `FILE`.
fn load(text: &str, env: &[(&str, &str)]) -> Result<Config, String> {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(&file, text).unwrap();
    let env = env.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    Config::load(Some(file.path()), env)
        .map(|(config, warnings)| {
            assert_eq!(warnings, Vec::<String>::new());
            assert_eq!(config.file.as_deref(), Some(file.path()));
            Config { file: None, ..config }
        })
        .map_err(|error| without_line(&error.to_string().replace(&file.path().display().to_string(), "FILE")))
}

/// `FILE:7: key: …` as `FILE: key: …`. A test of its own is about the lines.
fn without_line(error: &str) -> String {
    match error.strip_prefix("FILE:") {
        Some(rest) => format!("FILE:{}", rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == ':')),
        None => error.to_owned(),
    }
}

fn error(text: &str, env: &[(&str, &str)]) -> String {
    load(text, env).expect_err(text)
}

#[test]
fn without_a_setting_the_defaults_hold() {
    let config = Config::default();
    assert_eq!(load("", &[]), Ok(config.clone()));
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.public_url.as_str(), "http://127.0.0.1:8080");
    assert_eq!(config.database, Path::new("afterword.db"));
    assert_eq!(config.link_keys_file, Path::new("afterword.keys"));
    assert_eq!(config.mail.from.address, "support@example.com");
    assert_eq!(config.mail.smtp, MailTarget::File("mail".into()));
    assert_eq!(config.mail.give_up_after, TimeDelta::hours(72));
    assert_eq!(config.report, ReportSettings { timezone: Tz::UTC, positive: vec![4, 5], targets: Vec::new() });
    assert_eq!(config.clicks, ClickSettings { evidence: Evidence::Seen, machines: Vec::new() });
    assert_eq!(*config.ask, Policy::default());
    assert_eq!(config.policies, BTreeMap::new());
}

#[test]
fn a_file_sets_every_key() {
    let config = load(
        r##"
        listen = "[::]:80"
        public_url = "https://example.com/"
        trusted_proxies = 2
        database = "/data/a.db"
        [mail]
        from = "Ada <ada@example.com>"
        from_name = "{teammate}, {brand}"
        reply_to = "help@example.com"
        smtp = "smtps://ada@relay.example.com"
        smtp_password = "hunter2"
        workers = 64
        max_per_minute = 600
        max_per_minute_per_domain = 60
        retry_after = "250ms"
        give_up_after = "250ms"
        [brand]
        name = "Example"
        color = "#A0b1c2"
        locale = "de-AT"
        logo_url = "https://example.com/logo.png?v=2"
        contact_url = "https://example.com/help"
        [report]
        timezone = "Europe/Berlin"
        positive = [5, 3]
        [[report.targets]]
        csat = 90
        from = "2026-01-01"
        [[report.targets]]
        csat = 95
        from = 2026-07-01
        team = "Billing"
        [clicks]
        evidence = "pressed"
        machines = ["probe"]
        "##,
        &[],
    )
    .unwrap();
    let ada = Mailbox { name: Some("Ada".into()), address: "ada@example.com".into() };
    assert_eq!(config.listen.to_string(), "[::]:80");
    assert_eq!(config.public_url.as_str(), "https://example.com");
    assert_eq!(config.trusted_proxies, 2);
    assert_eq!(config.link_keys_file, Path::new("/data/afterword.keys"));
    assert_eq!(config.mail.from, ada);
    assert_eq!(config.mail.from_name.as_deref(), Some("{teammate}, {brand}"));
    assert_eq!(config.mail.reply_to.unwrap().address, "help@example.com");
    assert_eq!(config.mail.smtp_password.unwrap().reveal(), "hunter2");
    assert_eq!(config.mail.workers, 64);
    assert_eq!((config.mail.max_per_minute, config.mail.max_per_minute_per_domain), (600, 60));
    assert_eq!(config.mail.retry_after, TimeDelta::milliseconds(250));
    let logo_url = Some("https://example.com/logo.png?v=2".into());
    let (name, locale) = ("Example".into(), "de-AT".into());
    let contact_url = Some("https://example.com/help".into());
    let (color, logo_file, logo) = ("#A0b1c2".into(), None, None);
    assert_eq!(config.brand, BrandSettings { name, color, locale, logo_url, logo_file, logo, contact_url });
    assert_eq!((config.report.timezone, &config.report.positive), (Tz::Europe__Berlin, &vec![3, 5]));
    let targets: Vec<_> = config.report.targets().into_iter().map(|target| (target.csat, target.whose.team)).collect();
    assert_eq!(targets, [(90, None), (95, Some("Billing".to_owned()))]);
    assert_eq!(config.clicks.evidence, Evidence::Pressed);
    assert_eq!(config.clicks.machines, ["probe"]);
}

#[test]
fn the_environment_lies_over_the_file() {
    let file = "database = 'a.db'\n[policy.vip]\nquiet_days = 1\n[ask]\nquiet_days = 2";
    let env = [
        ("PATH", "/bin"),
        ("AFTERWORD_LOG", "debug"),
        ("AFTERWORD_CONFIG", "else.toml"),
        ("AFTERWORD_DATABASE", "b/b.db"),
        ("AFTERWORD_BRAND__NAME", "123"),
        ("AFTERWORD_BRAND__LOCALE", "pt_PT"),
        ("AFTERWORD_MAIL__WORKERS", "7"),
        ("AFTERWORD_REPORT__POSITIVE", "[5]"),
        ("AFTERWORD_CLICKS__MACHINES", "['a', 'b']"),
        ("AFTERWORD_ASK__WORKFLOW", "true"),
        ("AFTERWORD_ASK__SAMPLE_PERCENT", "50"),
        ("AFTERWORD_ASK__RATE_WITHIN_HOURS", "72"),
        ("AFTERWORD_ASK__WHEN_UNKNOWN", "skip"),
        ("AFTERWORD_POLICY__VIP__DELAY", "5m"),
        ("AFTERWORD_POLICY__NEW__QUIET_DAYS", "3"),
    ];
    let config = load(file, &env).unwrap();
    assert_eq!(config.database, Path::new("b/b.db"));
    assert_eq!(config.link_keys_file, Path::new("b/afterword.keys"));
    assert_eq!(config.brand.name, "123");
    assert_eq!(config.text(Some("xx")).language, "pt-BR");
    assert_eq!(config.mail.workers, 7);
    assert_eq!(config.report.positive, [5]);
    assert_eq!(config.clicks.machines, ["a", "b"]);
    assert!(config.ask.workflow);
    assert!((config.ask.sample_percent - 50.0).abs() < f64::EPSILON);
    assert_eq!(config.policies["vip"].rules.rate_within_hours, Some(72));
    assert_eq!(config.policies["vip"].rules.delay, TimeDelta::minutes(5));
    assert_eq!(config.policies["vip"].rules.quiet_days, 1);
    assert_eq!(config.policies["new"].rules.quiet_days, 3);
}

#[test]
fn the_customers_language_comes_before_the_brands() {
    let config = load("brand.locale = 'de'", &[]).unwrap();
    for (locale, language) in [(None, "de"), (Some("fr_CA"), "fr"), (Some("tlh"), "de"), (Some("en"), "en")] {
        assert_eq!(config.text(locale).language, language);
    }
    let refused = error("", &[("AFTERWORD_BRAND__LOCALE", "tlh")]);
    let expected =
        "AFTERWORD_BRAND__LOCALE: brand.locale: \"tlh\": no texts in that language, expected one of en, de, ";
    assert!(refused.starts_with(expected), "{refused}");
}

#[test]
fn a_policy_is_ask_with_its_own_keys() {
    let file = "[ask]\nusers = false\nexclude = ['x@*']\n[policy.vip]\nusers = true\n[policy.plain]";
    let config = load(file, &[]).unwrap();
    let vip = Policy { users: true, ..Policy::clone(&config.ask) };
    assert_eq!(config.policy(Some("vip")).map(|policy| &**policy), Some(&vip));
    assert_eq!(config.policy(Some("plain")), Some(&config.ask));
    assert_eq!(config.policy(None), Some(&config.ask));
    assert_eq!(config.policy(Some("other")), None);
    assert_eq!(config.ask.exclude.len(), 1);
}

#[test]
fn custom_texts_are_set_for_all_and_for_a_policy() {
    let file = "[mail.text.en]\nsubject = 'Hi {customer}'\nbrand = 'Lamps'\n[policy.vip.text.en]\nbrand = 'VIP'";
    let config = load(file, &[("AFTERWORD_POLICY__VIP__TEXT__EN__THANKS", "123")]).unwrap();
    assert_eq!(*config.policies["vip"].rules, *config.ask, "texts are not rules");
    assert_eq!(
        config.custom_texts(Some("vip")).pick("en", |wording| &wording.thanks, &[], &[]).as_deref(),
        Some("123")
    );
    let brand = |policy| config.custom_texts(policy).brand("en", "ours");
    assert_eq!((brand(Some("vip")), brand(Some("gone")), brand(None)), ("VIP", "Lamps", "Lamps"));
}

#[test]
fn custom_texts_that_cannot_be_filled_are_refused() {
    let names = "{brand}, {teammate}, {subject}, {customer}";
    for (file, key, expected) in [
        ("[mail.text.en]\nsubject = 'Hi {nmae}'", "mail.text.en.subject", names),
        ("[mail.text.en]\nquestion = 'a } b'", "mail.text.en.question", names),
        ("[policy.vip.text.en]\nreason = '{'", "policy.vip.text.en.reason", names),
        ("[mail.text.en.low]\nsaved = '{word}'", "mail.text.en.low.saved", names),
        ("[policy.vip.text.en]\nbrand = '{brand}'", "policy.vip.text.en.brand", "none"),
    ] {
        let text = file.split('\'').nth(1).unwrap();
        let detail = format!("\"{text}\": an unknown name in braces, expected {expected}");
        assert_eq!(error(file, &[]), format!("FILE: {key}: {detail}"));
    }
    for (file, start) in [
        ("[mail.text.en]\nfooter = 'x'", "mail.text.en.footer: unknown field `footer`, expected one of `brand`"),
        (
            "mail.text.en.low.subject = 'x'",
            "mail.text.en.low.subject: unknown field `subject`, expected one of `saved_heading`",
        ),
        ("mail.text.en.good.saved = 'x'", "mail.text.en.good: unknown field `good`, expected one of `brand`"),
        ("[mail.text.xx]\nthanks = 'x'", "mail.text: no texts in the language \"xx\": expected one of en, de, fr, "),
        ("[policy.vip.text]\nthanks = 'x'", "policy.vip.text.thanks: invalid type: string \"x\", expected a section"),
        ("policy.vip.text = 3", "policy.vip.text: invalid type: integer `3`, expected a section"),
        ("policy.vip.rules.delay = '5m'", "policy.vip.rules: unknown field `rules`, expected one of `users`"),
        ("mail.text.en.thanks = ' '", "mail.text.en.thanks: \" \": expected one line that is not blank"),
        ("mail.text.en.thanks = 'a\tb'", "mail.text.en.thanks: \"a\\tb\": expected one line that is not blank"),
        ("ask.text.en.thanks = 'x'", "ask.text: unknown field `text`, expected one of `users`"),
    ] {
        let error = error(file, &[]);
        assert!(error.starts_with(&format!("FILE: {start}")), "{error}");
    }
}

#[test]
fn an_http_url_is_of_this_machine() {
    for url in ["http://localhost", "http://127.1.2.3:1", "http://[::1]:8080", "https://a.org"] {
        let config = load(&format!("public_url = '{url}/'"), &[]).unwrap();
        assert_eq!(config.public_url.as_str(), url);
        assert_eq!(config.public_url.is_https(), url.starts_with("https"));
    }
    for url in ["http://a.org", "http://localhost.a.org:80/", "http://0.0.0.0"] {
        let expected = "expected https, as the host is not this machine";
        let error = error(&format!("public_url = '{url}'"), &[]);
        assert_eq!(error, format!("FILE: public_url: \"{url}\": {expected}"));
    }
    let wrong = [
        "",
        "/",
        "a.org",
        "https://",
        "https:///a",
        "ftp://a.org",
        "https://a b",
        "https://é.org",
        "https://a.org/é",
        "https://a.org/rate",
    ];
    let more =
        ["https://a/{b}", "https://a?b", "https://a/#", "https://u:p@a", "https://a:b", "https://a:0", "https://a:"];
    for url in wrong.into_iter().chain(more) {
        let expected = "an http or https URL of a host, with no path, such as \"https://rate.example.com\"";
        let error = error(&format!("public_url = '{url}'"), &[]);
        assert_eq!(error, format!("FILE: public_url: \"{url}\": expected {expected}"));
    }
}

#[test]
fn a_public_url_is_the_origin_that_browsers_send() {
    for (url, origin) in [
        ("HTTPS://Rate.Example.com:443/", "https://rate.example.com"),
        ("http://localhost:80", "http://localhost"),
        ("http://[0:0::1]:8443", "http://[::1]:8443"),
    ] {
        assert_eq!(url.parse().map(|url: PublicUrl| url.to_string()), Ok(origin.to_owned()));
    }
}

#[test]
fn a_wrong_value_at_the_top_or_of_mail_is_refused() {
    for (file, expected) in [
        (
            "listen = 'localhost:80'",
            r#"listen: "localhost:80": expected an IP address and a port, such as "127.0.0.1:8080""#,
        ),
        ("listen = 80", "listen: invalid type: integer `80`, expected text in quotes"),
        ("mail = 3", "mail: invalid type: integer `3`, expected a section"),
        ("ask = 3", "ask: invalid type: integer `3`, expected a section"),
        ("policy = 3", "policy: invalid type: integer `3`, expected a section"),
        ("policy.vip = 3", "policy.vip: invalid type: integer `3`, expected a section"),
        ("database = ''", r#"database: "": expected a path"#),
        ("mail.from = 'Ada'", r#"mail.from: "Ada": expected "Name <user@example.com>" or "user@example.com""#),
        (
            "mail.from_name = '{customer} at {brand}'",
            r#"mail.from_name: "{customer} at {brand}": expected one line with no other names in braces than {teammate} and {brand}, or nothing"#,
        ),
        (
            "mail.from_name = '{teammate'",
            r#"mail.from_name: "{teammate": expected one line with no other names in braces than {teammate} and {brand}, or nothing"#,
        ),
        (
            "mail.from_name = ' '",
            r#"mail.from_name: " ": expected one line with no other names in braces than {teammate} and {brand}, or nothing"#,
        ),
        ("mail.reply_to = 'a@b'", r#"mail.reply_to: "a@b": expected "Name <user@example.com>" or "user@example.com""#),
        (
            "mail.smtp = 'relay'",
            r#"mail.smtp: "relay": expected smtps://[USER@]HOST[:PORT], smtp://[USER@]HOST[:PORT] or file:DIR"#,
        ),
        (
            "mail.smtp = 'smtps://me:hunter2@relay'",
            "mail.smtp: a password does not belong in the URL: expected it in smtp_password_file",
        ),
        (
            "mail.bounce_domain = 'b@a.org'",
            r#"mail.bounce_domain: "b@a.org": expected a domain, such as "example.com""#,
        ),
        (
            "mail.bounce_domain = 'localhost'",
            r#"mail.bounce_domain: "localhost": expected a domain, such as "example.com""#,
        ),
        ("mail.workers = 0", "mail.workers: 0: expected 1 to 64"),
        ("mail.workers = 65", "mail.workers: 65: expected 1 to 64"),
        ("mail.workers = -1", "mail.workers: -1: expected 1 to 64"),
        ("mail.workers = '4'", r#"mail.workers: invalid type: string "4", expected a whole number"#),
        (
            "mail.retry_after = '0s'",
            r#"mail.retry_after: "0s": expected an integer over 0 and ms, s, m, h or d, such as "15m""#,
        ),
        ("mail.retry_after = 60", "mail.retry_after: invalid type: integer `60`, expected text in quotes"),
        (
            "mail.give_up_after = '3 days'",
            r#"mail.give_up_after: "3 days": expected an integer over 0 and ms, s, m, h or d, such as "15m""#,
        ),
        ("mail.give_up_after = '59500ms'", "mail.give_up_after: 59.5 s: expected at least mail.retry_after, 60 s"),
    ] {
        assert_eq!(error(file, &[]), format!("FILE: {expected}"));
    }
}

#[test]
fn a_wrong_value_of_another_section_is_refused() {
    for (file, expected) in [
        (
            "retention.identity = '59d'",
            r#"retention.identity: "59d": expected a duration of at least 60 days, such as "400d""#,
        ),
        (
            "retention.decisions = 'never'",
            r#"retention.decisions: "never": expected a duration of at least 60 days, such as "400d""#,
        ),
        ("brand.name = ' '", r#"brand.name: " ": expected one line that is not blank"#),
        ("brand.color = 'red'", r##"brand.color: "red": expected a color as "#rrggbb", such as "#2f6fed""##),
        ("brand.color = '#2f6fé'", r##"brand.color: "#2f6fé": expected a color as "#rrggbb", such as "#2f6fed""##),
        (
            "brand.logo_url = 'http://example.com/logo.png'",
            r#"brand.logo_url: "http://example.com/logo.png": expected an https URL of an image"#,
        ),
        (
            "brand.contact_url = 'help@example.com'",
            r#"brand.contact_url: "help@example.com": expected a URL that begins with https:, http: or mailto:, such as "mailto:help@example.com""#,
        ),
        (
            "brand.contact_url = 'javascript:alert(1)'",
            r#"brand.contact_url: "javascript:alert(1)": expected a URL that begins with https:, http: or mailto:, such as "mailto:help@example.com""#,
        ),
        (
            "brand.contact_url = 'mailto:'",
            r#"brand.contact_url: "mailto:": expected a URL that begins with https:, http: or mailto:, such as "mailto:help@example.com""#,
        ),
        ("brand.logo_url = 'https:///x'", r#"brand.logo_url: "https:///x": expected an https URL of an image"#),
        (
            "report.timezone = 'Berlin'",
            r#"report.timezone: "Berlin": expected an IANA time zone, such as "Europe/Berlin""#,
        ),
        ("report.positive = []", "report.positive: []: expected at least one score of 1 to 5, none twice"),
        ("report.positive = [4, 4]", "report.positive: [4, 4]: expected at least one score of 1 to 5, none twice"),
        ("report.positive = [5, 600]", "report.positive: [5, 600]: expected at least one score of 1 to 5, none twice"),
        ("report.positive = [4, '5']", r#"report.positive[1]: invalid type: string "5", expected a whole number"#),
        (
            "[[report.targets]]\ncsat = 101\nfrom = '2026-01-01'",
            "report.targets[0].csat: 101: expected 1 to 100, in percent",
        ),
        (
            "[[report.targets]]\ncsat = 90\nfrom = 2026-01-01T10:00:00",
            r#"report.targets[0].from: "2026-01-01T10:00:00": expected a day, such as "2026-11-22""#,
        ),
        ("report.targets = [{csat = 90}]", "report.targets[0]: missing field `from`"),
        (
            "report.targets = [{csat = 90, from = '2026-01-01', team = ' '}]",
            r#"report.targets[0].team: " ": expected one line that is not blank"#,
        ),
        (
            "report.targets = [{csat = 90, from = '2026-01-01', team = 'A', teammate = 'b'}]",
            "report.targets[0]: expected team or teammate, or neither for everybody: not both",
        ),
        (
            "report.targets = [{csat = 90, from = '2026-01-01'}, {csat = 95, from = '2026-01-01'}]",
            "report.targets[1].from: 2026-01-01: another target of the same, 90 %, begins on that day",
        ),
        ("clicks.evidence = 'hunch'", r#"clicks.evidence: "hunch": expected "seen", "touched" or "pressed""#),
        (
            "clicks.evidence = 'commented'",
            r#"clicks.evidence: "commented": expected at most "pressed": a rating cannot ask for a comment"#,
        ),
        ("clicks.machines = ['bot', ' ']", r#"clicks.machines: ["bot", " "]: expected no blank word"#),
        ("ask.users = 1", "ask.users: invalid type: integer `1`, expected true or false"),
        ("ask.sample_percent = 'all'", r#"ask.sample_percent: invalid type: string "all", expected a number"#),
        ("ask.sample_percent = 101", "ask.sample_percent: 101 is not a percentage: expected 0 to 100"),
        ("ask.exclude = 'a@*'", r#"ask.exclude: invalid type: string "a@*", expected a list in brackets"#),
        (
            "policy.vip.users = true\nask.quiet_days = -1",
            "ask.quiet_days: invalid value: integer `-1`, expected a whole number",
        ),
        (
            "policy.vip.rate_within_hours = 1\nask.delay = '2h'",
            "policy.vip.delay: the rate window of 1 h would be over before any mail is sent: expected less",
        ),
        ("policy.vip.ask_again = 'daily'", r#"policy.vip.ask_again: "daily": expected never or each_closing"#),
        ("policy.vip.quiet_days = 4000", "policy.vip.quiet_days: 4000 is too much: expected at most 3650"),
        ("\na = 1\na = 2", "duplicate key"),
        ("[mail", "unclosed table, expected `]`"),
    ] {
        assert_eq!(error(file, &[]), format!("FILE: {expected}"));
    }
}

#[test]
fn an_unknown_key_is_refused_with_those_that_there_are() {
    for (file, key, known) in [
        ("listne = ''", "listne", "`listen`, `metrics_listen`"),
        ("helpdesks.desk.kind = 'zammad'", "helpdesks", "`listen`, `metrics_listen`"),
        ("mail.form = ''", "mail.form", "`from`, `from_name`"),
        ("ask.dealy = ''", "ask.dealy", "`users`, `leads`"),
        ("policy.vip.dealy = ''", "policy.vip.dealy", "`users`, `leads`"),
    ] {
        let last = key.split('.').next_back().unwrap();
        let start = format!("{key}: unknown field `{last}`, expected one of {known}");
        let in_file = error(file, &[]);
        assert!(in_file.starts_with(&format!("FILE: {start}")), "{in_file}");
    }
}

#[test]
fn an_unknown_variable_is_a_warning_that_does_not_show_its_value() {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(&file, "mail.from = 'ada@example.com'\n[policy.vip]\nquiet_days = 1").unwrap();
    let unknown = [
        ("AFTERWORD_", ""),
        ("AFTERWORD_ASK__DELAI", "ask.delai"),
        ("AFTERWORD_KEY", "key"),
        ("AFTERWORD_LISTEN__PORT", "listen.port"),
        ("AFTERWORD_MAIL__", "mail."),
        ("AFTERWORD_MAIL__FROM__NAME", "mail.from.name"),
        ("AFTERWORD_MAIL__SMPT", "mail.smpt"),
        ("AFTERWORD_MAIL__SMTP_PASSWORD__X", "mail.smtp_password.x"),
        ("AFTERWORD_MAIL__TEXT__EN__FOOTER", "mail.text.en.footer"),
        ("AFTERWORD_MAIL__WORKERS__0", "mail.workers.0"),
        ("AFTERWORD_POLICY__NEW__DEALY", "policy.new.dealy"),
        ("AFTERWORD_POLICY__VIP__DELAY__X", "policy.vip.delay.x"),
        ("AFTERWORD_PORT", "port"),
        ("AFTERWORD_PORT_8080_TCP", "port_8080_tcp"),
        ("AFTERWORD_REPORT__POSITIVE__0", "report.positive.0"),
        ("AFTERWORD_SERVICE_HOST", "service_host"),
        ("AFTERWORD_SMTP__HOST", "smtp.host"),
        ("AFTERWORD_SMTP__HOST__NAME", "smtp.host.name"),
        ("AFTERWORD___X", ".x"),
    ];
    let variable = |(name, text): (&str, &str)| (name.to_owned(), text.to_owned());
    let known = [("AFTERWORD_MAIL__WORKERS", "7"), ("AFTERWORD_POLICY__VIP__DELAY", "5m")].map(variable);
    let values = ["hunter2", "7"];
    for value in values {
        let env = unknown.iter().map(|(name, _)| variable((name, value))).chain(known.clone());
        let (config, mut warnings) = Config::load(Some(file.path()), env).unwrap();
        let expected = unknown.map(|(name, key)| format!("{name} is ignored: there is no setting \"{key}\""));
        warnings.sort();
        assert_eq!(warnings, expected);
        assert_eq!((config.mail.from.address.as_str(), config.mail.workers), ("ada@example.com", 7));
        assert_eq!(config.policies.keys().collect::<Vec<_>>(), ["vip"], "a mistyped key makes no policy");
        assert_eq!(config.policies["vip"].rules.delay, TimeDelta::minutes(5));
    }
}

#[test]
fn an_unknown_key_of_the_file_is_refused_beside_an_unknown_variable() {
    let error = error("mail.smpt = 'x'", &[("AFTERWORD_MAIL__SMPT", "y"), ("AFTERWORD_KEY", "y")]);
    assert!(error.starts_with("FILE: mail.smpt: unknown field `smpt`, expected one of `from`"), "{error}");
}

#[test]
fn a_wrong_variable_is_refused() {
    for (name, text, expected) in [
        (
            "AFTERWORD_MAIL__FROM",
            "123",
            r#"mail.from: "123": expected "Name <user@example.com>" or "user@example.com""#,
        ),
        ("AFTERWORD_MAIL__WORKERS", "many", r#"mail.workers: invalid type: string "many", expected a whole number"#),
        ("AFTERWORD_MAIL__WORKERS", "65", "mail.workers: 65: expected 1 to 64"),
        ("AFTERWORD_MAIL__WORKERS", "'4'", r#"mail.workers: invalid type: string "'4'", expected a whole number"#),
        (
            "AFTERWORD_MAIL__WORKERS",
            "4\nx = 3",
            r#"mail.workers: invalid type: string "4\nx = 3", expected a whole number"#,
        ),
        ("AFTERWORD_MAIL__WORKERS", "[4]", "mail.workers: invalid type: sequence, expected a whole number"),
        ("AFTERWORD_MAIL", "{ workers = 4 }", r#"mail: invalid type: string "{ workers = 4 }", expected a section"#),
        ("AFTERWORD_REPORT__POSITIVE", "5", "report.positive: invalid type: integer `5`, expected a list in brackets"),
        (
            "AFTERWORD_REPORT__POSITIVE",
            "['5']",
            r#"report.positive[0]: invalid type: string "5", expected a whole number"#,
        ),
        ("AFTERWORD_ASK__USERS", "yes", r#"ask.users: invalid type: string "yes", expected true or false"#),
        ("AFTERWORD_ASK__SAMPLE_PERCENT", "nan", "ask.sample_percent: NaN is not a percentage: expected 0 to 100"),
        ("AFTERWORD_POLICY", "vip", r#"policy: invalid type: string "vip", expected a section"#),
        ("AFTERWORD_POLICY__VIP__QUIET_DAYS", "4000", "policy.vip.quiet_days: 4000 is too much: expected at most 3650"),
        ("AFTERWORD_MAIL__GIVE_UP_AFTER", "1s", "mail.give_up_after: 1 s: expected at least mail.retry_after, 60 s"),
    ] {
        // The other variable is in the same section, and not to blame.
        let error = error("", &[("AFTERWORD_MAIL__RETRY_AFTER", "60s"), (name, text)]);
        assert_eq!(error, format!("{name}: {expected}"));
    }
}

#[test]
fn a_user_has_a_password() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    let file = secret.display();
    let with_file = format!("smtp_password_file = '{file}'");
    let both = format!("smtp_password = 'x'\n{with_file}");
    let load = |smtp, keys| load(&format!("[mail]\nsmtp = '{smtp}'\n{keys}"), &[]);

    let (user, nobody) = ("smtps://me@relay", "smtps://relay");
    let missing = format!("mail.smtp_password_file: {file}: No such file or directory (os error 2)");
    for (smtp, keys, expected) in [
        (user, "", r#"mail.smtp: no password for user "me": expected mail.smtp_password_file or mail.smtp_password"#),
        (
            nobody,
            "smtp_password = 'x'",
            r#"mail.smtp_password: a password without a user: expected one in mail.smtp, such as "smtps://USER@HOST""#,
        ),
        (
            "file:mail",
            "smtp_password = 'x'",
            r#"mail.smtp_password: a password without a user: expected one in mail.smtp, such as "smtps://USER@HOST""#,
        ),
        (user, "smtp_password = ''", "mail.smtp_password: is empty: expected a password"),
        (user, &both, "mail.smtp_password_file: contradicts mail.smtp_password: expected one of the two"),
        (user, &with_file, &missing),
    ] {
        assert_eq!(load(smtp, keys), Err(format!("FILE: {expected}")));
    }

    private::write(&secret, b" hunter2 \r\n").unwrap();
    let mail = load(user, &with_file).unwrap().mail;
    assert_eq!(mail.smtp_password.unwrap().reveal(), " hunter2 ");
    private::write(&secret, b"\n").unwrap();
    let empty = "FILE: mail.smtp_password_file: is empty: expected a password";
    assert_eq!(load(user, &with_file), Err(empty.to_owned()));

    fs::set_permissions(&secret, fs::Permissions::from_mode(0o644)).unwrap();
    let open = format!("FILE: mail.smtp_password_file: {file}: every user of this machine can read or change it");
    assert_eq!(load(user, &with_file), Err(format!("{open}: run `chmod o-rwx {file}`")));
}

#[test]
fn what_sends_no_mail_does_not_read_its_secrets() {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(&file, "[mail]\nsmtp = 'smtps://me@relay'\nsmtp_password_file = 'no/such'").unwrap();
    let (config, _) = Config::load_without_secrets(Some(file.path()), std::iter::empty()).unwrap();
    assert_eq!(config.mail.smtp_password, None);
    assert!(Config::load(Some(file.path()), std::iter::empty()).is_err());
}

#[test]
fn an_error_names_the_line_that_sets_the_key() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let error = |text: &str, env: &[(&str, &str)]| {
        fs::write(&file, text).unwrap();
        let env = env.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        let error = Config::load(Some(file.path()), env).unwrap_err().to_string();
        error.replace(&file.path().display().to_string(), "FILE").chars().take(26).collect::<String>()
    };
    for (text, expected) in [
        ("\n[mail]\n\nsmtp = 'relay'", "FILE:4: mail.smtp: \"relay"),
        ("[mail]\nworkers = 'x'\nsmtp = ''", "FILE:3: mail.smtp: \"\": ex"),
        ("mail.workers = 65", "FILE:1: mail.workers: 65: "),
        ("\n\n[policy.vip]\ndealy = '1s'", "FILE:4: policy.vip.dealy: "),
        ("[report]\npositive = [\n4,\n'5']", "FILE:2: report.positive[1]"),
        ("\n[mail.dkim]\nselector = 's1'", "FILE:2: mail.dkim: missing"),
        ("[mail]\ngive_up_after = '1s'", "FILE:2: mail.give_up_after"),
        ("a = 1\n\n]", "FILE:3: missing table open"),
    ] {
        assert!(error(text, &[]).starts_with(&expected[..expected.len().min(26)]), "{text}: {}", error(text, &[]));
    }
    let variable = error("\nmail.workers = 1", &[("AFTERWORD_MAIL__WORKERS", "65")]);
    assert_eq!(variable, "AFTERWORD_MAIL__WORKERS: m", "a variable has no line");
}

#[test]
fn a_variable_reaches_names_with_capitals_and_hyphens() {
    let file = "[policy.Very-Important]\nquiet_days = 1\n[policy.vip]\n[policy.VIP]\nquiet_days = 5\n\
        [provider.our-mailgun]\nkind = 'mailgun'\nsecret = 'old'";
    let env = [
        ("AFTERWORD_MAIL__TEXT__PT_BR__SUBJECT", "Oi"),
        ("AFTERWORD_POLICY__VERY_IMPORTANT__DELAY", "5m"),
        ("AFTERWORD_POLICY__VERY_IMPORTANT__TEXT__ZH_HANS__THANKS", "3"),
        ("AFTERWORD_MAIL__TEXT__PT_BR__LOW__SAVED_HEADING", "Puxa"),
        ("AFTERWORD_POLICY__VIP__DELAY", "6m"),
        ("AFTERWORD_PROVIDER__OUR_MAILGUN__SECRET", "new"),
    ];
    let config = load(file, &env).unwrap();
    assert_eq!(config.providers["our-mailgun"].secret.as_ref().map(Secret::reveal), Some("new"));
    let subject = config.custom_texts(None).pick("pt-BR", |wording| &wording.subject, &[], &[]);
    assert_eq!(subject.as_deref(), Some("Oi"));
    let heading = config.custom_texts(None).pick("pt-BR", |wording| &wording.low.saved_heading, &[], &[]);
    assert_eq!(heading.as_deref(), Some("Puxa"));
    let important = &config.policies["Very-Important"];
    assert_eq!((important.rules.quiet_days, important.rules.delay), (1, TimeDelta::minutes(5)));
    assert_eq!(config.policies["vip"].rules.delay, TimeDelta::minutes(6), "the name that is spelled so comes first");
    assert_eq!(config.policies.len(), 3);
}

#[test]
fn what_would_keep_nothing_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file");
    fs::write(&file, "").expect("written");
    for (text, expected) in [
        ("database = ':memory:'".to_owned(), "database: \":memory:\": expected the path of a file"),
        ("database = 'file:x?mode=memory'".to_owned(), "expected the path of a file"),
        ("database = '/dev/null'".to_owned(), "expected the path of a file"),
        (format!("mail.smtp = 'file:{}'", file.display()), "expected a folder"),
        ("trusted_proxies = 300".to_owned(), "trusted_proxies: 300: expected at most 16"),
        ("[policy.'']".to_owned(), "policy: expected a name for each policy"),
    ] {
        let refused = load(&text, &[]).expect_err(&text);
        assert!(refused.contains(expected), "{text}: {refused}");
    }
}

#[test]
fn a_file_of_authorities_holds_some() {
    let folder = tempfile::tempdir().unwrap();
    let pem = folder.path().join("ca.pem");
    let (file, toml) = (pem.display(), format!("mail.smtp_ca_file = '{}'", pem.display()));
    let missing = format!("FILE: mail.smtp_ca_file: {file}: No such file or directory (os error 2)");
    assert_eq!(load(&toml, &[]), Err(missing));
    fs::write(&pem, "hunter2").unwrap();
    let expected = "holds no certificate: expected PEM with BEGIN CERTIFICATE";
    assert_eq!(load(&toml, &[]), Err(format!("FILE: mail.smtp_ca_file: {file}: {expected}")));
    fs::write(&pem, "-----BEGIN CERTIFICATE-----\n").unwrap();
    assert_eq!(load(&toml, &[]).unwrap().mail.smtp_ca_file, Some(pem));
}

#[test]
fn a_signing_key_is_there_and_its_domain_answers_for_the_sender() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("key");
    private::write(&secret, b"hunter2\n").unwrap();
    let file = secret.display();
    let load = |from, domain, keys: &str| {
        let dkim = format!("[mail.dkim]\ndomain = '{domain}'\nselector = 'mail1'\n{keys}");
        load(&format!("[mail]\nfrom = 'a@{from}'\n{dkim}"), &[])
    };
    let with_file = format!("key_file = '{file}'");
    for (from, domain) in [("a.org", "a.org"), ("mail.A.org", "a.Org")] {
        let dkim = load(from, domain, &with_file).unwrap().mail.dkim.unwrap();
        assert_eq!(dkim.key.unwrap().reveal(), "hunter2");
    }
    let above = "expected the domain of mail.from, or one above it: receivers ignore other signatures";
    for (from, domain, keys, expected) in [
        ("b.org", "a.org", "key = 'x'", format!("mail.dkim.domain: \"a.org\": {above}")),
        ("aa.org", "a.org", "key = 'x'", format!("mail.dkim.domain: \"a.org\": {above}")),
        ("a.org", "a.org", "", "mail.dkim.key: no key: expected mail.dkim.key_file or mail.dkim.key".into()),
        (
            "a.org",
            "a.org",
            &format!("key = 'x'\n{with_file}"),
            "mail.dkim.key_file: contradicts mail.dkim.key: expected one of the two".into(),
        ),
        ("a.org", "org", "key = 'x'", "mail.dkim.domain: \"org\": expected a domain, such as \"example.com\"".into()),
    ] {
        assert_eq!(load(from, domain, keys), Err(format!("FILE: {expected}")));
    }
}

#[test]
fn a_secret_is_never_shown() {
    let config = load("mail.smtp = 'smtps://me@relay'", &[("AFTERWORD_MAIL__SMTP_PASSWORD", "2222")]);
    let config = config.unwrap();
    assert_eq!(config.mail.smtp_password.as_ref().unwrap().reveal(), "2222");
    assert!(format!("{config:?}").contains("smtp_password: Some(Secret(…))"));
    for (wrong, expected) in [
        ("2222", "FILE: mail.smtp_password: expected text in quotes"),
        ("hunter2", "FILE: string values must be quoted, expected literal string"),
        ("'hunter2", "FILE: invalid literal string, expected `'`"),
    ] {
        assert_eq!(error(&format!("[mail]\nsmtp_password = {wrong}"), &[]), expected);
    }
}

#[test]
fn a_file_that_is_named_must_be_there() {
    let error = Config::load(Some(Path::new("no/such.toml")), std::iter::empty()).unwrap_err();
    let expected = "no/such.toml: cannot be read: No such file or directory (os error 2)";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_variable_for_a_whole_section_is_not_lost_among_its_keys() {
    let error = error("", &[("AFTERWORD_MAIL", "x"), ("AFTERWORD_MAIL__WORKERS", "4")]);
    let expected = "mail: invalid type: string \"x\", expected a section";
    assert_eq!(error, format!("AFTERWORD_MAIL: {expected}"));
}

#[test]
fn a_logo_is_read_and_a_wrong_one_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("logo");
    let line = format!("brand.logo_file = '{}'", path.display());
    let refused = |line: &str| error(line, &[]);
    assert!(refused(&line).contains("No such file"), "{}", refused(&line));
    std::fs::write(&path, b"GIF89a").unwrap();
    let expected = format!("brand.logo_file: {}: is no picture: expected PNG, SVG, JPEG or WebP", path.display());
    assert!(refused(&line).ends_with(&expected), "{}", refused(&line));
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    png.resize(100_000, 0);
    std::fs::write(&path, &png).unwrap();
    assert_eq!(load(&line, &[]).unwrap().brand.logo, Some(Logo { kind: "image/png", content: png.clone() }));
    png.push(0);
    std::fs::write(&path, &png).unwrap();
    assert!(refused(&line).ends_with("is larger than 100 kB: expected a smaller picture"), "{}", refused(&line));
}

#[test]
fn customers_reach_a_person_where_somebody_reads() {
    let contact = |text: &str| load(text, &[]).unwrap().contact();
    let from = |address: &str| format!("mail.from = 'Example <{address}>'");
    assert_eq!(contact(&from("help@example.org")).as_deref(), Some("mailto:help@example.org"));
    for unread in ["no-reply@example.org", "NoReply@example.org", "do_not.reply@example.org", "noreply-2@example.org"] {
        assert_eq!(contact(&from(unread)), None, "{unread}");
        let replies = format!("{}\nmail.reply_to = 'team@example.org'", from(unread));
        assert_eq!(contact(&replies).as_deref(), Some("mailto:team@example.org"));
        let url = format!("{replies}\nbrand.contact_url = 'https://example.org/help'");
        assert_eq!(contact(&url).as_deref(), Some("https://example.org/help"));
    }
}

#[test]
fn a_helpdesk_has_its_kind_and_what_belongs_to_it() {
    let secret = tempfile::NamedTempFile::new().unwrap();
    private::write(secret.path(), b"s3cret\n").unwrap();
    let file = format!(
        "[policy.vip]\n[helpdesk.shop]\nkind = 'chatwoot'\nsecret_file = '{}'\npolicy = 'vip'\nexclude_tags = ['spam']\n\
        exclude_inboxes = ['4']\nexclude_teams = ['Sales']\n[helpdesk.my-zammad]\nkind = 'zammad'\nauth = 'key'",
        secret.path().display()
    );
    let config = load(&file, &[]).unwrap();
    let shop = &config.helpdesks["shop"];
    assert_eq!((shop.kind, shop.proof()), (Kind::Chatwoot, Proof::Chatwoot));
    assert_eq!(shop.secret.as_ref().map(Secret::reveal), Some("s3cret"));
    assert_eq!(shop.policy.as_deref(), Some("vip"));
    let excluded = [&shop.exclude_inboxes, &shop.exclude_tags, &shop.exclude_teams];
    assert_eq!(excluded.map(|words| words.concat()), ["4", "spam", "Sales"]);
    assert_eq!(config.helpdesks["my-zammad"].proof(), Proof::Key);
    // Names of variables have no hyphens.
    let other = [("AFTERWORD_HELPDESK__MY_ZAMMAD__AUTH", "zammad"), ("AFTERWORD_HELPDESK__MY_ZAMMAD__SECRET", "x")];
    assert_eq!(load(&file, &other).unwrap().helpdesks["my-zammad"].proof(), Proof::Zammad);
    for (kind, proof) in [("freshdesk", Proof::Key), ("request_tracker", Proof::Key)] {
        let config = load(&format!("helpdesk.x.kind = '{kind}'"), &[]).unwrap();
        assert_eq!(config.helpdesks["x"].proof(), proof);
    }
}

#[test]
fn a_helpdesk_that_could_never_be_believed_is_refused() {
    let signs = "is missing: expected secret_file, with the secret of";
    for (file, refused) in [
        ("helpdesk.x.secret = 'a'", "helpdesk.x: missing field `kind`".to_owned()),
        ("helpdesk.x.kind = 'otrs'", "helpdesk.x.kind: \"otrs\": expected chatwoot, zammad, ".to_owned()),
        ("[helpdesk.x]\nkind = 'chatwoot'", format!("helpdesk.x.secret: {signs} chatwoot signatures")),
        ("[helpdesk.x]\nkind = 'zendesk'", format!("helpdesk.x.secret: {signs} zendesk signatures")),
        (
            "[helpdesk.x]\nkind = 'template'",
            "helpdesk.x.auth: is missing: expected one of \"key\", \"chatwoot\", ".to_owned(),
        ),
        ("[helpdesk.x]\nkind = 'template'\nauth = 'zammad'", format!("helpdesk.x.secret: {signs} zammad signatures")),
        (
            "[helpdesk.x]\nkind = 'template'\nauth = 'key'\nsecret = 'a'",
            "helpdesk.x.secret: expected none: this helpdesk comes with a key".to_owned(),
        ),
        ("[helpdesk.x]\nkind = 'freshdesk'\nsecret_file = 'a'", "helpdesk.x.secret_file: expected none".to_owned()),
        ("[helpdesk.x]\nkind = 'zammad'\nsecret = ' '", "helpdesk.x.secret: is empty: expected a secret".to_owned()),
        (
            "[helpdesk.x]\nkind = 'zammad'\nsecret_file = '/no/file'",
            "helpdesk.x.secret_file: /no/file: No such file".to_owned(),
        ),
        (
            "[helpdesk.x]\nkind = 'zammad'\nsecret_file = 'no.file'",
            format!(
                "helpdesk.x.secret_file: {}/no.file: No such file",
                std::env::current_dir().expect("a folder").display()
            ),
        ),
        (
            "[helpdesk.x]\nkind = 'zammad'\nsecret_file = 'a'\nsecret = 'b'",
            "helpdesk.x.secret_file: contradicts helpdesk.x.secret".to_owned(),
        ),
        (
            "[helpdesk.x]\nkind = 'zammad'\nsecret = 'a'\npolicy = 'vip'",
            "helpdesk.x.policy: expected the name of a configured policy: there is none".to_owned(),
        ),
        (
            "[helpdesk.x]\nkind = 'zammad'\nsecret = 'a'\nexclude_tags = ['']",
            "helpdesk.x.exclude_tags: [\"\"]: expected no blank word".to_owned(),
        ),
        ("[helpdesk.x]\nkind = 'zammad'\nsecret = 3", "helpdesk.x.secret: expected text in quotes".to_owned()),
        (
            "[helpdesk.'My Desk']\nkind = 'freshdesk'",
            "helpdesk: \"My Desk\": expected a name of 1 to 40 characters".to_owned(),
        ),
        ("[helpdesk.'']\nkind = 'freshdesk'", "helpdesk: \"\": expected a name".to_owned()),
        (
            "[helpdesk.x]\nkind = 'freshdesk'\nsecrets = 'a'",
            "helpdesk.x.secrets: unknown field `secrets`, expected one of `kind`".to_owned(),
        ),
    ] {
        let error = error(file, &[]);
        assert!(error.starts_with(&format!("FILE: {refused}")), "{file}: {error}");
    }
}

#[test]
fn a_provider_has_what_proves_it_and_nothing_else() {
    let key = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaXS4hCtOp59lBPuS7UdzO47OVpjp4fPtj1qhsDxevUJ1jf31/tTKlddUKSwoR9gAKIkLt2xatQ9tjcKvR9/7lw==";
    let arn = "arn:aws:sns:eu-west-1:123456789012:bounces";
    let secret = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(secret.path(), "hunter2\n").unwrap();
    let all = format!(
        "[provider.a]\nkind = 'mailgun'\nsecret_file = '{}'\n[provider.b]\nkind = 'postmark'\n\
        [provider.c]\nkind = 'sendgrid'\npublic_key = '{key}'\n[provider.d]\nkind = 'ses'\ntopic = '{arn}'",
        secret.path().display(),
    );
    let config = load(&all, &[]).unwrap();
    assert_eq!(config.providers["a"].secret, Some(Secret("hunter2".to_owned())));
    assert!(config.providers["c"].public_key.is_some() && config.providers["d"].topic.is_some());
    for (file, expected) in [
        ("kind = 'smtp'", "provider.x.kind: \"smtp\": expected ses, postmark, sendgrid"),
        ("kind = 'mailgun'", "provider.x.secret: is missing: expected secret_file"),
        ("kind = 'mailgun'\nsecret = ' '", "provider.x.secret: is empty"),
        ("kind = 'sendgrid'", "provider.x.public_key: is missing: expected the verification key"),
        ("kind = 'sendgrid'\npublic_key = 'AAAA'", "provider.x.public_key: expected the verification key"),
        ("kind = 'ses'", "provider.x.topic: is missing: expected the ARN"),
        ("kind = 'ses'\ntopic = 'bounces'", "provider.x.topic: \"bounces\": expected the ARN of a topic"),
        ("kind = 'postmark'\nsecret = 'a'", "provider.x.secret: expected none: only kind = \"mailgun\" has it"),
    ] {
        let error = load(&format!("[provider.x]\n{file}"), &[]).unwrap_err();
        assert!(error.contains(expected) && !error.contains("hunter2"), "{file}: {error}");
    }
    let error = load("[provider.'My Own']\nkind = 'postmark'", &[]).unwrap_err();
    assert!(error.contains("expected a name of 1 to 40 characters"), "{error}");
}

#[test]
fn private_hosts_and_networks_are_allowed_by_name() {
    let config = load("[outgoing]\nallow_private = ['zammad.internal', '10.0.0.0/8']", &[]).unwrap();
    assert!(config.outgoing.allows_host("zammad.internal") && config.outgoing.allows_address([10, 1, 2, 3].into()));
    let error = load("[outgoing]\nallow_private = ['10.0.0.1/8']", &[]).unwrap_err();
    assert!(
        error.contains("outgoing.allow_private") && error.contains("\"10.0.0.1/8\": expected a network"),
        "{error}"
    );
}

#[test]
fn a_webhook_has_an_address_and_a_secret() {
    let secret = "secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'";
    let url = "url = 'https://crm.example.com/'";
    let config = load(&format!("[webhook.crm]\n{url}\n{secret}\nevents = ['rating.set']"), &[]).unwrap();
    assert_eq!(config.webhooks["crm"].secrets().unwrap()[0].len(), 24);
    let file = tempfile::NamedTempFile::new().unwrap();
    private::write(file.path(), format!("{}\n{}\n", new_webhook_secret(), new_webhook_secret()).as_bytes()).unwrap();
    let both = load(&format!("[webhook.crm]\n{url}\nsecret_file = {:?}", file.path()), &[]).unwrap();
    assert_eq!(both.webhooks["crm"].secrets().unwrap().len(), 2);
    let wants = &config.targets()["webhook.crm"];
    assert_eq!(wants.kinds.iter().map(ToString::to_string).collect::<Vec<_>>(), ["rating.set"]);
    let private =
        format!("[webhook.crm]\nurl = 'http://crm.internal/'\n{secret}\n[outgoing]\nallow_private = ['crm.internal']");
    assert!(load(&private, &[]).is_ok());
    for (section, expected) in [
        (format!("[webhook.crm]\n{url}"), "webhook.crm.secret: is missing: expected secret_file"),
        (format!("[webhook.crm]\n{url}\nsecret = 'hunter2'"), "webhook.crm.secret: expected whsec_ and 24 to 64 bytes"),
        (format!("[webhook.crm]\n{url}\nsecret = 'whsec_aGk='"), "webhook.crm.secret: expected whsec_"),
        (
            format!("[webhook.crm]\n{url}\nsecret = '{} hunter2'", new_webhook_secret()),
            "webhook.crm.secret: expected whsec_",
        ),
        (format!("[webhook.crm]\nurl = 'http://crm.example.com/'\n{secret}"), "webhook.crm.url: \"http://crm"),
        (
            format!("[webhook.crm]\nurl = 'ftp://crm.example.com/'\n{secret}"),
            "\"ftp://crm.example.com/\": expected an https",
        ),
        (format!("[webhook.crm]\nurl = 'crm.example.com'\n{secret}"), "\"crm.example.com\": expected an https"),
        (
            format!("[webhook.crm]\nurl = 'http://me:hunter2@crm.example.com/'\n{secret}"),
            "webhook.crm.url: names a user",
        ),
        (format!("[webhook.crm]\nurl = 'https://me@crm.example.com/'\n{secret}"), "webhook.crm.url: names a user"),
        (format!("[webhook.crm]\n{url}\n{secret}\nteam = ' '"), "webhook.crm.team: is blank"),
        (format!("[webhook.crm]\n{url}\n{secret}\nconnection = 'x'"), "expected the name of a helpdesk"),
        (format!("[webhook.crm]\n{url}\n{secret}\nevents = ['x']"), "expected survey.sent, "),
        (format!("[webhook.'C R']\n{url}\n{secret}"), "expected a name of 1 to 40 characters"),
    ] {
        let refused = error(&section, &[]);
        assert!(refused.contains(expected) && !refused.contains("hunter2"), "{section}: {refused}");
    }
    assert!(new_webhook_secret() != new_webhook_secret());
}

#[test]
fn the_api_of_a_helpdesk_needs_what_its_kind_needs() {
    let token = tempfile::NamedTempFile::new().unwrap();
    private::write(token.path(), b"t0ken\n").unwrap();
    let file = format!(
        "[helpdesk.shop]\nkind = 'chatwoot'\nauth = 'key'\n[helpdesk.shop.api]\nurl = 'https://desk.example/chat/'\n\
        token_file = '{}'\naccount = 3\nenrich = true\n\
        [helpdesk.z]\nkind = 'zendesk'\nauth = 'key'\n[helpdesk.z.api]\nurl = 'http://127.0.0.1:8'\ntoken = 'a'\n\
        user = 'ada@example.com'\nwrite_back = true\n[outgoing]\nallow_private = ['127.0.0.1']",
        token.path().display()
    );
    let config = load(&file, &[("AFTERWORD_HELPDESK__SHOP__API__WRITE_BACK", "true")]).unwrap();
    let [shop, zendesk] = ["shop", "z"].map(|name| config.helpdesks[name].api.clone().unwrap());
    assert_eq!((shop.token.as_ref().map(Secret::reveal), shop.account), (Some("t0ken"), Some(3)));
    assert_eq!((shop.enrich, shop.write_back), (true, true));
    assert_eq!((zendesk.enrich, zendesk.write_back), (false, true));
    assert_eq!(shop.url.at(&["a", "..", "b/c?d"]).as_str(), "https://desk.example/chat/a/b%2Fc%3Fd");
    assert_eq!(zendesk.url.at(&["a"]).as_str(), "http://127.0.0.1:8/a");
}

#[test]
fn an_api_that_cannot_be_used_is_refused() {
    let api = "token = 'a'\naccount = 3\nenrich = true";
    let https = "url = 'https://a.example'";
    for (kind, file, refused) in [
        ("chatwoot", "enrich = true".to_owned(), ": missing field `url`"),
        ("chatwoot", format!("url = 'a.example'\n{api}"), ".url: \"a.example\": expected the https URL of an API"),
        ("chatwoot", format!("url = 'ftp://a.example'\n{api}"), ".url: \"ftp://a.example\": expected the https URL"),
        ("chatwoot", format!("url = 'https://me:pw@a.example'\n{api}"), ".url: \"…@a.example\": expected the https"),
        (
            "chatwoot",
            format!("url = 'https://a.example?x'\n{api}"),
            ".url: \"https://a.example?x\": expected the https",
        ),
        (
            "chatwoot",
            format!("url = 'http://a.example'\n{api}"),
            ".url: \"http://a.example/\": expected https, or the host in outgoing",
        ),
        (
            "chatwoot",
            format!("url = 'http://127.0.0.1'\n{api}"),
            ".url: \"http://127.0.0.1/\": expected https, or the host in outgoing",
        ),
        (
            "chatwoot",
            format!("{https}\ntoken = 'a'\naccount = 3"),
            ": switches nothing on: expected enrich = true or write_back",
        ),
        ("chatwoot", format!("{https}\nenrich = true\naccount = 3"), ".token: is missing: expected token_file"),
        ("chatwoot", format!("{https}\nenrich = true\ntoken = 'a'"), ".account: is missing: expected the number"),
        ("chatwoot", format!("{https}\n{api}\nuser = 'me'"), ".user: expected none: chatwoot needs none"),
        ("chatwoot", format!("{https}\nenrich = true\ntoken = ' '\naccount = 3"), ".token: is empty"),
        ("chatwoot", format!("{https}\nenrich = true\ntoken = 3"), ".token: expected text in quotes"),
        ("chatwoot", format!("{https}\n{api}\ntoken_file = '/x'"), ".token_file: contradicts helpdesk.x.api.token"),
        ("intercom", format!("{https}\n{api}"), ".account: expected none: intercom needs none"),
        ("intercom", format!("{https}\ntoken = 'a'\nwrite_back = true"), ".write_back: intercom cannot do that"),
        (
            "zammad",
            format!("{https}\ntoken = 'a'\nenrich = true"),
            ".enrich: zammad cannot do that: expected false, or one of chatwoot, intercom",
        ),
        ("zendesk", format!("{https}\ntoken = 'a'\nwrite_back = true"), ".user: is missing: expected the user"),
        ("chatwoot", format!("{https}\n{api}\ntokens = 'a'"), ".tokens: unknown field `tokens`"),
    ] {
        let file = format!("[helpdesk.x]\nkind = '{kind}'\nauth = 'key'\n[helpdesk.x.api]\n{file}");
        let error = error(&file, &[]);
        assert!(error.starts_with(&format!("FILE: helpdesk.x.api{refused}")), "{file}: {error}");
    }
}
