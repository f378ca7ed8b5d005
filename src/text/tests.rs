//! Tests of the built-in texts: every language is complete and has the placeholders of English.

use super::*;
use std::collections::{BTreeMap, BTreeSet};

/// All texts of a file by key, such as `mail.hint` or `words.0`.
fn texts(file: &str) -> BTreeMap<String, String> {
    fn gather(key: &str, value: &toml::Value, into: &mut BTreeMap<String, String>) {
        let below = |key: &str, name: &str| if key.is_empty() { name.to_owned() } else { format!("{key}.{name}") };
        match value {
            toml::Value::Table(table) => {
                table.iter().for_each(|(name, value)| gather(&below(key, name), value, into));
            }
            toml::Value::Array(list) => {
                list.iter().enumerate().for_each(|(at, value)| gather(&below(key, &at.to_string()), value, into));
            }
            value => drop(into.insert(key.to_owned(), value.as_str().expect(key).to_owned())),
        }
    }
    let mut texts = BTreeMap::new();
    gather("", &toml::Value::Table(file.parse().expect(file)), &mut texts);
    texts
}

/// The names in braces. Panics if a brace is not closed.
fn placeholders(text: &str) -> BTreeSet<&str> {
    let names = text.split('{').skip(1).map(|rest| rest.split_once('}').expect(text).0);
    names.collect()
}

#[test]
fn every_language_has_every_text_and_the_placeholders_of_english() {
    let english = texts(FILES[0]);
    let known = [
        "brand",
        "teammate",
        "customer",
        "subject",
        "face",
        "word",
        "clicked",
        "number",
        "count",
        "limit",
        "time",
        "reference",
    ];
    for text in english.iter().filter(|(key, _)| *key != "time").map(|(_, text)| text) {
        assert!(placeholders(text).iter().all(|name| known.contains(name)), "{text}");
    }
    for file in FILES {
        let texts = texts(file);
        let language = &texts["language"];
        assert!(texts.keys().eq(english.keys()), "{language}");
        for (key, text) in &texts {
            let is_text = !["joiner", "thousands"].contains(&key.as_str()) && !key.starts_with("quotes.");
            assert!(!is_text || !text.is_empty() && text.trim() == text, "{language} {key}");
            assert!(!text.contains(char::is_control), "{language} {key}");
            assert_eq!(placeholders(text), placeholders(&english[key]), "{language} {key}: {text}");
            assert_eq!(text.matches('{').count(), english[key].matches('{').count(), "{language} {key}: {text}");
            assert_eq!(text.matches('}').count(), text.matches('{').count(), "{language} {key}: {text}");
        }
    }
}

#[test]
fn every_text_is_translated() {
    // Texts that may be the same in two languages.
    let same =
        ["direction", "joiner", "thousands", "quotes.", "mail.face", "mail.from_name", "months.", "time", "words.2"];
    let english = texts(FILES[0]);
    for file in &FILES[1..] {
        let texts = texts(file);
        for (key, text) in texts.iter().filter(|(key, _)| !same.iter().any(|same| key.starts_with(same))) {
            assert_ne!(text, &english[key], "{} {key}", texts["language"]);
        }
    }
}

/// Every text of every language, with its language, its key, and the English one.
fn all_texts() -> Vec<(String, String, String, String)> {
    let english = texts(FILES[0]);
    let of = |file: &&str| {
        let texts = texts(file);
        let language = texts["language"].clone();
        let row = |(key, text): (String, String)| (language.clone(), key.clone(), text, english[&key].clone());
        texts.into_iter().map(row).collect::<Vec<_>>()
    };
    FILES.iter().flat_map(of).collect()
}

#[test]
fn no_text_has_a_doubled_word_or_space_or_marks_of_another_language() {
    for (language, key, text, _) in all_texts() {
        let Text { quotes, .. } = Text::in_language(&language).expect("a language");
        let words: Vec<_> = text.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase).collect();
        // Italian says "so so".
        let doubled = words.windows(2).any(|pair| pair[0] == pair[1] && !pair[0].is_empty() && pair[0] != "così");
        assert!(!doubled, "{language} {key}: {text}");
        assert!(!text.contains("  ") && !text.contains(['"', '\'']), "{language} {key}: {text}");
        if key.starts_with("quotes.") {
            continue;
        }
        let marks = |side: usize| text.matches(quotes[side].as_str()).count();
        assert_eq!(marks(0), marks(1), "{language} {key}: {text}");
        let without = quotes.iter().fold(text.clone(), |text, mark| text.replace(mark.as_str(), ""));
        assert!(!without.contains(['“', '”', '„', '«', '»', '‹', '›', '「', '」', '‘']), "{language} {key}: {text}");
    }
}

#[test]
fn a_text_ends_like_the_english_one() {
    // A greeting ends as letters do in the language, and Japanese asks without a question mark.
    let exempt = |key: &str| ["mail.greeting", "mail.subject_brand", "mail.question_brand"].contains(&key);
    let kind = |text: &str| match text.chars().last() {
        Some('.' | '。') => '.',
        Some('?' | '？' | '؟' | ';') => '?',
        Some('…') => '…',
        Some(_) | None => ' ',
    };
    for (language, key, text, english) in all_texts() {
        // After a thanks, an exclamation mark is a matter of taste.
        let (own, other) = (kind(&text), kind(&english));
        let asks_in_words = language == "ja" && other == '?' && own == ' ';
        let names_at_the_end = text.ends_with('}') || english.ends_with('}');
        let is_label = ["time", "joiner", "thousands"].contains(&key.as_str());
        assert!(
            own == other || asks_in_words || names_at_the_end || is_label || exempt(&key),
            "{language} {key}: {text} ({english})"
        );
    }
}

#[test]
fn a_text_quotes_a_button_by_its_name() {
    for text in TEXTS.iter() {
        let name = format!("{}{}{}", text.quotes[0], text.comment.send, text.quotes[1]);
        assert!(text.saved.not_comment.contains(&name), "{}: {}", text.language, text.saved.not_comment);
    }
}

/// A tile is 54 px wide in a mail of 320 px, and a letter of its 12 px about 6 px.
#[test]
fn the_words_of_the_faces_fit_their_tiles() {
    let width = |word: &str| word.chars().map(|c| if c >= '\u{2e80}' { 2 } else { 1 }).sum::<usize>();
    for text in TEXTS.iter() {
        for word in text.words.iter().flat_map(|words| words.split(' ')) {
            assert!(width(word) <= 9, "{}: {word}", text.language);
        }
    }
}

#[test]
fn numbers_and_sentences_are_put_together_as_the_language_does() {
    let number = |language| Text::in_language(language).expect(language).number(12345);
    assert_eq!([number("en"), number("de"), number("es")], ["12,345", "12.345", "12345"]);
    assert_eq!(Text::english().number(999), "999");
    let two = ["Ja.", "Nein."];
    assert_eq!(Text::in_language("de").expect("German").join(&two), "Ja. Nein.");
    assert_eq!(Text::in_language("ja").expect("Japanese").join(&["はい。", "いいえ。"]), "はい。いいえ。");
}

#[test]
fn languages_have_the_names_of_their_files_and_differ() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/templates/text");
    let files = std::fs::read_dir(folder).expect("a folder").map(|file| file.expect("readable").path());
    let stem = |path: std::path::PathBuf| path.file_stem().expect("a name").to_string_lossy().into_owned();
    assert_eq!(files.map(stem).collect::<BTreeSet<_>>(), Text::languages().map(str::to_owned).collect());
    for text in TEXTS.iter() {
        assert!(text.words.iter().collect::<BTreeSet<_>>().len() == 5, "{}", text.language);
        let right_to_left = ["ar", "he"].contains(&text.language.as_str());
        assert_eq!(text.direction, if right_to_left { "rtl" } else { "ltr" });
        assert!(std::ptr::eq(Text::in_language(&text.language).expect("found"), text));
    }
    assert_eq!(Text::english().language, "en");
}

#[test]
fn a_locale_picks_its_language() {
    for (locale, language) in [
        ("en", "en"),
        ("EN-GB", "en"),
        ("en_US", "en"),
        ("de-AT", "de"),
        ("DE", "de"),
        ("fr-CA", "fr"),
        ("es-419", "es"),
        ("pt-BR", "pt-BR"),
        ("pt_PT", "pt-BR"),
        ("pt", "pt-BR"),
        ("it", "it"),
        ("nl_BE", "nl"),
        ("PL-pl", "pl"),
        ("sv", "sv"),
        ("tr", "tr"),
        ("ja-JP", "ja"),
        ("zh_Hans", "zh-Hans"),
        ("zh-CN", "zh-Hans"),
        ("zh-TW", "zh-Hans"),
        ("ZH_hant_hk", "zh-Hans"),
        ("zh", "zh-Hans"),
        ("ar-EG", "ar"),
        ("iw", "he"),
        ("IW_il", "he"),
        ("he-IL", "he"),
    ] {
        assert_eq!(Text::in_language(locale).map(|text| text.language.as_str()), Some(language), "{locale}");
    }
    for unknown in ["", "-", "_DE", "tlh", "english", "d", "deu-AT", "x-de", "und"] {
        assert!(Text::in_language(unknown).is_none(), "{unknown}");
    }
}

#[test]
fn a_time_is_formatted_for_the_language_and_the_zone() {
    let at = "2026-11-22T23:05:00Z".parse().expect("a time");
    let berlin = Tz::Europe__Berlin;
    for (language, expected) in [
        ("en", "23 November 2026, 00:05 CET"),
        ("de", "23. November 2026, 00:05 Uhr (CET)"),
        ("fr", "23 novembre 2026 à 00:05 (CET)"),
        ("pt-BR", "23 de novembro de 2026, 00:05 (CET)"),
        ("pl", "23 listopada 2026, 00:05 (CET)"),
        ("ja", "2026年11月23日 00:05（CET）"),
        ("ar", "23 نوفمبر 2026، 00:05 (CET)"),
        ("he", "23 בנובמבר 2026, 00:05 (CET)"),
    ] {
        assert_eq!(Text::in_language(language).expect(language).moment(at, berlin), expected);
    }
    assert_eq!(Text::english().moment(at, Tz::UTC), "22 November 2026, 23:05 UTC");
}

#[test]
fn an_unknown_text_is_refused() {
    let more = include_str!("../../templates/text/en.toml").replace("[mail]", "[mail]\nsubjekt = \"?\"");
    assert!(toml::from_str::<Text>(&more).is_err());
}

#[test]
fn names_are_filled_in() {
    let values = [("teammate", "Grace"), ("brand", "Example")];
    assert_eq!(fill("{teammate} of {brand}, {teammate}!", &values), "Grace of Example, Grace!");
    assert_eq!(fill("no names", &values), "no names");
    assert_eq!(fill("{other} {teammate {} {", &values), "{other} {teammate {} {");
}

#[test]
fn braces_in_a_value_are_not_filled_again() {
    assert_eq!(fill("{a}{b}", &[("a", "{b}"), ("b", "{a}")]), "{b}{a}");
}
