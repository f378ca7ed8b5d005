//! What customers are offered after the click, as it is configured.

use crate::config::Config;
use crate::survey::answers::{REASONS, Words};
use crate::survey::rating::Score;
use std::collections::BTreeSet;

const ALL: &str = r#"
    [reasons]
    1 = ["unsolved", "slow"]
    2 = ["slow", "unsolved", "rude"]
    5 = ["kind"]
    [reasons.en]
    unsolved = "My problem isn't solved"
    slow = "It took too long"
    rude = "It was unfriendly"
    kind = "Friendly"
    [reasons.de]
    slow = "Es hat zu lange gedauert"
    [question]
    key = "solved"
    choices = ["yes", "no"]
    scores = [1, 2]
    [question.en]
    ask = "Was your problem solved?"
    yes = "Yes"
    no = "No"
    [question.pt-BR]
    ask = "Resolvido?"
    [thanks.5]
    url = "https://example.com/review"
    [thanks.5.en]
    text = "Would you tell others too?"
    link = "Write a review"
    [thanks.1.en]
    text = "Grace's lead reads every comment."
"#;

fn load(text: &str, env: &[(&str, &str)]) -> Result<Config, String> {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), text).expect("written");
    let env = env.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    let loaded = Config::load(Some(file.path()), env).map(|(config, warnings)| {
        assert_eq!(warnings, Vec::<String>::new());
        config
    });
    loaded.map_err(|error| error.to_string().replace(&file.path().display().to_string(), "FILE"))
}

fn set(scores: &[usize]) -> BTreeSet<Score> {
    scores.iter().map(|score| Score::ALL[score - 1]).collect()
}

#[test]
fn nothing_is_offered_unless_it_is_configured() {
    assert_eq!(Config::default().offered("en"), crate::survey::answers::Offered::default());
}

#[test]
fn keys_stay_and_texts_follow_the_language() {
    let config = load(ALL, &[]).expect("settings");
    let english = config.offered("en");
    let reasons: Vec<_> = english.reasons.iter().map(|reason| (reason.key, reason.scores.clone())).collect();
    assert_eq!(reasons, [("unsolved", set(&[1, 2])), ("slow", set(&[1, 2])), ("rude", set(&[2])), ("kind", set(&[5]))]);
    let german = config.offered("de");
    assert_eq!(german.reasons[1].words, Words { text: "Es hat zu lange gedauert", language: "de" });
    assert_eq!(german.reasons[0].words, Words { text: "My problem isn't solved", language: "en" });
    let question = config.offered("pt-BR").question.expect("a question");
    assert_eq!((question.words.text, question.choices[0].words.text), ("Resolvido?", "Yes"));
    assert_eq!((question.key, question.scores), ("solved", set(&[1, 2])));
    let thanks = german.thanks[4].expect("thanks");
    assert_eq!(thanks.link, Some(("Write a review", "https://example.com/review")));
    assert_eq!((thanks.language, german.thanks[1], german.thanks[0].expect("thanks").link), ("en", None, None));
}

#[test]
fn only_what_is_on_offer_can_be_ticked() {
    let config = load(ALL, &[]).expect("settings");
    let ticked = [(REASONS, "slow"), (REASONS, "gone"), ("solved", "yes"), ("solved", "no"), ("other", "yes")];
    let ticked = ticked.iter().map(|(question, choice)| ((*question).to_owned(), (*choice).to_owned())).collect();
    let ticks = config.ticks(&ticked);
    let ticks: Vec<_> = ticks.iter().map(|tick| (tick.question.as_str(), tick.choice.as_str())).collect();
    assert_eq!(ticks, [(REASONS, "slow"), ("solved", "yes")], "and a question has one answer");
}

#[test]
fn variables_set_them_too() {
    let env = [
        ("AFTERWORD_REASONS__1", "['slow']"),
        ("AFTERWORD_REASONS__PT_BR__SLOW", "Demorou"),
        ("AFTERWORD_BRAND__LOCALE", "pt-BR"),
        ("AFTERWORD_THANKS__5__URL", "https://example.com/"),
        ("AFTERWORD_THANKS__5__PT_BR__LINK", "Avalie"),
    ];
    let config = load("", &env).expect("settings");
    assert_eq!(config.offered("en").reasons[0].words.text, "Demorou");
    assert_eq!(config.offered("en").thanks[4].expect("thanks").link, Some(("Avalie", "https://example.com/")));
}

#[test]
fn what_does_not_fit_is_refused_with_its_place_and_what_was_expected() {
    let many: Vec<_> = (0..13).map(|number| format!("\"r{number}\"")).collect();
    let many = format!("[reasons]\n1 = [{}]", many.join(", "));
    let (long, question) = ("x".repeat(81), "[question]\nkey = 'solved'\nchoices = ['yes', 'no']\n");
    let long = format!("[reasons]\n1 = ['a']\n[reasons.en]\na = '{long}'");
    for (text, expected) in [
        (
            "[reasons]\n6 = ['a']",
            "FILE:1: reasons: unknown field `6`, expected a score of 1 to 5 or a language: en, de",
        ),
        ("[reasons]\n1 = 'a'", "FILE:2: reasons.1: invalid type: string \"a\", expected a list in brackets"),
        (
            "[reasons]\n1 = ['A b']",
            "FILE:2: reasons.1: \"A b\": expected a key of 1 to 40 characters of a to z, 0 to 9",
        ),
        ("[reasons]\n1 = ['a', 'a']", "FILE:2: reasons.1: \"a\" is there twice: expected each key once"),
        (&many, "FILE:1: reasons: 13 reasons: expected at most 12"),
        (
            "[reasons]\n1 = ['a']\n[reasons.de]\na = 'x'",
            "reasons.en.a: missing: expected a text in the brand's language",
        ),
        ("[reasons]\n1 = ['a']\n[reasons.en]\na = 'x'\nb = 'y'", "FILE:5: reasons.en.b: the text of a key that is"),
        (&long, "FILE:4: reasons.en.a: \"xxx"),
        ("[question]\nchoices = ['yes', 'no']", "FILE: question.key: missing: expected a key"),
        ("[question]\nkey = 'reasons'", "FILE:2: question.key: \"reasons\" is that of [reasons]: expected another"),
        ("[question]\nkey = 'a'\nchoices = ['yes']", "FILE:3: question.choices: 1: expected 2 to 10 answers"),
        (
            "[question]\nkey = 'a'\nchoices = ['ask', 'b']",
            "FILE:3: question.choices: \"ask\" is the key of the question's",
        ),
        ("[question]\nscores = [6]", "FILE:2: question.scores: [6]: expected at least one score of 1 to 5"),
        (question, "question.en.ask: missing: expected a text in the brand's language"),
        ("[thanks.6.en]\ntext = 'x'", "FILE:1: thanks.6: expected a score of 1 to 5"),
        ("[thanks.5.de]\ntext = 'x'", "thanks.5.en: missing: expected `text` or `link` in the brand's language"),
        ("[thanks.5.en]\nlink = 'x'", "FILE:2: thanks.5.en.link: a link without `url`: expected both"),
        ("[thanks.5.en]\nlead = 'x'", "FILE:2: thanks.5.en.lead: an unknown key: expected `text` or `link`"),
        (
            "[thanks.5]\nurl = 'http://example.com'",
            "FILE:2: thanks.5.url: \"http://example.com\": expected an https URL",
        ),
        (
            "[thanks.5]\nurl = 'https://example.com'\n[thanks.5.en]\ntext = 'x'",
            "FILE:3: thanks.5.en: no `link`: expected",
        ),
    ] {
        let error = load(text, &[]).expect_err(text);
        assert!(error.contains(expected), "{text}\n{error}");
    }
}
