//! What customers read, in their language: the words of mails and pages.
//!
//! It owns the texts and how names are filled into them. It must not know where they are shown, and holds no HTML:
//! whoever shows them escapes them. What operators say instead is in `own`.

mod own;

pub use own::{Languages, Name, Own, OwnWords};

use chrono::{DateTime, Datelike, Utc};
use chrono_tz::Tz;
use serde::Deserialize;
use std::sync::LazyLock;

/// Every language: a new one is a file in `templates/text/` and a line here. English is the first.
const FILES: [&str; 14] = [
    include_str!("../templates/text/en.toml"),
    include_str!("../templates/text/de.toml"),
    include_str!("../templates/text/fr.toml"),
    include_str!("../templates/text/es.toml"),
    include_str!("../templates/text/pt-BR.toml"),
    include_str!("../templates/text/it.toml"),
    include_str!("../templates/text/nl.toml"),
    include_str!("../templates/text/pl.toml"),
    include_str!("../templates/text/sv.toml"),
    include_str!("../templates/text/tr.toml"),
    include_str!("../templates/text/ja.toml"),
    include_str!("../templates/text/zh-Hans.toml"),
    include_str!("../templates/text/ar.toml"),
    include_str!("../templates/text/he.toml"),
];
static TEXTS: LazyLock<[Text; FILES.len()]> =
    LazyLock::new(|| FILES.map(|file| toml::from_str(file).expect("built in, and a test below reads it")));

/// All texts of one language. Texts may hold placeholders such as `{brand}`, for [`fill`].
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// The language as HTML names it, which is its file's name too.
    pub language: String,
    /// Which way it is written, as HTML names it.
    pub direction: String,
    /// A moment: `{day}`, `{month}` (one of `months`), `{year}`, `{clock}`, `{zone}`.
    time: String,
    /// The names of the months as `time` wants them, from January on.
    months: [String; 12],
    /// The words for the five faces, worst first.
    pub words: [String; 5],
    /// The mail that asks.
    pub mail: MailText,
    /// The rating page.
    pub rate: RateText,
    /// What is said there about a bad face.
    pub low: ToneText,
    /// What is said there about the face in the middle.
    pub middle: ToneText,
    /// What is said there about a good face.
    pub high: ToneText,
    /// Why a post was not taken.
    pub refusal: RefusalText,
    /// The unsubscribe page.
    pub unsubscribe: UnsubscribeText,
    /// Pages that only say something.
    pub message: MessageText,
}

/// The mail that asks.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailText {
    /// Its subject, where the teammate's name is known: `{teammate}`.
    pub subject_teammate: String,
    /// Its subject otherwise: `{brand}`.
    pub subject_brand: String,
    /// What it asks, above the faces, where the teammate's name is known: `{teammate}`.
    pub question_teammate: String,
    /// What it asks otherwise: `{brand}`.
    pub question_brand: String,
    /// What the conversation was about: `{subject}`.
    pub about: String,
    /// How to answer.
    pub hint: String,
    /// What a screen reader says of a face; begins with its word, as who speaks to a computer says what is seen (WCAG
    /// 2.5.3): `{word}`, `{number}`.
    pub face: String,
    /// Why the customer gets it: `{brand}`.
    pub reason: String,
    /// The link to the unsubscribe page.
    pub unsubscribe: String,
}

/// The rating page.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateText {
    /// In the browser's tab.
    pub title: String,
    /// Above all, where the teammate's name is known: `{teammate}`.
    pub about_teammate: String,
    /// Above all otherwise: `{brand}`.
    pub about_brand: String,
    /// A face was chosen, and nothing is saved yet: `{word}`.
    pub chose_heading: String,
    /// What to do to save it.
    pub chose: String,
    /// The end of the rate window, while nothing is saved: `{time}`.
    pub rate_until: String,
    /// The link of the standing rating was opened again: `{word}`.
    pub standing_heading: String,
    /// What can be done then.
    pub standing: String,
    /// The end of the change window: `{time}`.
    pub change_until: String,
    /// A rating stands and the change window is over.
    pub settled: String,
    /// When it ended: `{time}`.
    pub settled_since: String,
    /// The link of another face than the standing one was opened.
    pub change_heading: String,
    /// Which rating stands, and how to change it: `{word}`, `{clicked}`.
    pub change: String,
    /// The same, where the face that was clicked is the standing one: `{word}`.
    pub change_same: String,
    /// A comment locked the rating earlier: `{word}`.
    pub final_heading: String,
    /// What that means.
    pub r#final: String,
    /// The rate window is over.
    pub closed_heading: String,
    /// Kind words about it.
    pub closed: String,
    /// When it ended: `{time}`.
    pub closed_since: String,
    /// Above the faces.
    pub another: String,
    /// Above the faces, where another rating stands.
    pub which: String,
    /// Below the comment box: how long it may be, and what it does.
    pub comment_hint: String,
    /// Above a text that could not be taken.
    pub comment_kept: String,
    /// The button.
    pub send: String,
    /// The button, while it sends.
    pub sending: String,
}

/// What the rating page says in the tone that fits a face.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToneText {
    /// The thanks for a rating.
    pub saved_heading: String,
    /// What was saved: `{word}`, `{brand}`.
    pub saved: String,
    /// Above the comment box: what to write about.
    pub comment: String,
    /// Below the comment box: why it is worth it: `{brand}`.
    pub comment_why: String,
    /// The thanks for a comment.
    pub final_heading: String,
    /// What was saved: `{word}`, `{brand}`.
    pub final_saved: String,
}

/// Why a post was not taken, each in one or two sentences.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefusalText {
    /// One more press is asked for.
    pub ask: String,
    /// A rating stands and no other face was picked.
    pub ask_change: String,
    /// The page was too old.
    pub stale: String,
    /// The rate window is over.
    pub closed: String,
    /// The change window is over: `{word}`.
    pub closed_change: String,
    /// A comment locked the rating.
    pub locked: String,
    /// The same, and a text came that was not taken.
    pub locked_comment: String,
    /// The comment is too long.
    pub too_long: String,
    /// The form could not be read.
    pub malformed: String,
    /// Shown by the script: no answer, or none that it understands.
    pub failed: String,
    /// Shown by the script: no connection.
    pub offline: String,
    /// Shown by the script: a rate limit.
    pub too_many: String,
}

/// The unsubscribe page.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnsubscribeText {
    /// In the browser's tab.
    pub title: String,
    /// The question.
    pub heading: String,
    /// What the button does: `{brand}`.
    pub sentence: String,
    /// The button.
    pub button: String,
    /// It is done.
    pub done_heading: String,
    /// What that means: `{brand}`.
    pub done: String,
}

/// Pages that only say something: a heading and a sentence each.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MessageText {
    /// No such link.
    pub unknown_link_heading: String,
    /// No such link: what to do.
    pub unknown_link: String,
    /// A form that cannot be read.
    pub malformed_heading: String,
    /// A form that cannot be read: what to do.
    pub malformed: String,
    /// A form that is too long.
    pub too_long_heading: String,
    /// A form that is too long: what to do.
    pub too_long: String,
    /// A link of a test mail.
    pub test_heading: String,
    /// A link of a test mail: what it does not do.
    pub test: String,
    /// A rate limit.
    pub too_many_heading: String,
    /// A rate limit: what to do.
    pub too_many: String,
    /// The service cannot answer.
    pub later_heading: String,
    /// The service cannot answer: what to do.
    pub later: String,
    /// What an operator finds a failed request by: `{reference}`.
    pub reference: String,
}

impl Text {
    /// The texts in the language of a locale such as `de`, `de-AT` or `zh_TW`, if there are any. A language is here in one
    /// form only, so script and country do not matter: Portugal gets the Portuguese of Brazil.
    #[must_use]
    pub fn in_language(locale: &str) -> Option<&'static Self> {
        let language = |name: &str| match name.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase() {
            // Java, and helpdesks written in it, said so for long.
            hebrew if hebrew == "iw" => "he".to_owned(),
            language => language,
        };
        TEXTS.iter().find(|text| language(&text.language) == language(locale))
    }

    /// The texts in English.
    #[must_use]
    pub fn english() -> &'static Self {
        &TEXTS[0]
    }

    /// The names of all languages, as their files are called.
    pub fn languages() -> impl Iterator<Item = &'static str> {
        TEXTS.iter().map(|text| text.language.as_str())
    }

    /// A moment to the minute, as the language writes it, in a time zone that is named.
    #[must_use]
    pub fn moment(&self, at: DateTime<Utc>, zone: Tz) -> String {
        let local = at.with_timezone(&zone);
        let [day, year] = [local.day().to_string(), local.year().to_string()];
        let (clock, zone) = (local.format("%H:%M").to_string(), local.format("%Z").to_string());
        let month = &self.months[local.month0() as usize];
        let names = [("day", &day), ("month", month), ("year", &year), ("clock", &clock), ("zone", &zone)];
        fill(&self.time, &names.map(|(name, value)| (name, value.as_str())))
    }
}

/// Replaces each `{name}` by its value. A value is taken as it is, whatever braces it holds; unknown names stay.
#[must_use]
pub fn fill(text: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let known = values.iter().find_map(|(name, value)| Some((value, after.strip_prefix(name)?.strip_prefix('}')?)));
        if let Some((value, end)) = known {
            filled.push_str(value);
            rest = end;
        } else {
            filled.push('{');
            rest = after;
        }
    }
    filled + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    /// All texts of a file by their keys, such as `mail.hint` and `words.0`.
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

    /// The names in braces, which must be closed.
    fn placeholders(text: &str) -> BTreeSet<&str> {
        let names = text.split('{').skip(1).map(|rest| rest.split_once('}').expect(text).0);
        names.collect()
    }

    #[test]
    fn every_language_has_every_text_and_the_placeholders_of_english() {
        let english = texts(FILES[0]);
        let known = ["brand", "teammate", "subject", "word", "clicked", "number", "time", "reference"];
        for text in english.iter().filter(|(key, _)| *key != "time").map(|(_, text)| text) {
            assert!(placeholders(text).iter().all(|name| known.contains(name)), "{text}");
        }
        for file in FILES {
            let texts = texts(file);
            let language = &texts["language"];
            assert!(texts.keys().eq(english.keys()), "{language}");
            for (key, text) in &texts {
                assert!(
                    !text.is_empty() && text.trim() == text && !text.contains(char::is_control),
                    "{language} {key}"
                );
                assert_eq!(placeholders(text), placeholders(&english[key]), "{language} {key}: {text}");
                assert_eq!(text.matches('{').count(), english[key].matches('{').count(), "{language} {key}: {text}");
                assert_eq!(text.matches('}').count(), text.matches('{').count(), "{language} {key}: {text}");
            }
        }
    }

    #[test]
    fn no_text_was_forgotten_to_be_translated() {
        // What is the same word there, by language.
        let same = ["direction", "face", "months.", "time", "words.2"];
        let english = texts(FILES[0]);
        for file in &FILES[1..] {
            let texts = texts(file);
            for (key, text) in texts.iter().filter(|(key, _)| !same.iter().any(|same| key.starts_with(same))) {
                assert_ne!(text, &english[key], "{} {key}", texts["language"]);
            }
        }
    }

    #[test]
    fn languages_are_called_as_their_files_and_differ() {
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
    fn a_moment_is_written_as_the_language_does_in_the_zone() {
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
    fn a_text_nobody_knows_is_refused() {
        let more = include_str!("../templates/text/en.toml").replace("[mail]", "[mail]\nsubjekt = \"?\"");
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
    fn a_value_is_never_filled_again() {
        assert_eq!(fill("{a}{b}", &[("a", "{b}"), ("b", "{a}")]), "{b}{a}");
    }
}
