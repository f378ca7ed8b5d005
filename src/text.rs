//! What customers read, in their language: the words of mails and pages.
//!
//! It owns the texts and how names are filled into them. It must not know where they are shown, and holds no HTML:
//! whoever shows them escapes them. What operators say instead is in `own`.

mod own;

pub use own::{Languages, Name, Own, OwnWords};

use serde::Deserialize;
use std::sync::LazyLock;

static ENGLISH: LazyLock<Text> = LazyLock::new(|| {
    toml::from_str(include_str!("../templates/text/en.toml")).expect("built in, and a test below reads it")
});
// Further languages go here: one file in `templates/text/`, one static, one arm where a locale picks its text.

/// All texts of one language. Texts may hold placeholders such as `{brand}`, for [`fill`].
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// The language as HTML names it.
    pub language: String,
    /// Which way it is written, as HTML names it.
    pub direction: String,
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
    /// The texts in the language of a locale such as `en` or `en-GB`, if there are any.
    #[must_use]
    pub fn in_language(locale: &str) -> Option<&'static Self> {
        let language = locale.split(['-', '_']).next().unwrap_or_default();
        language.eq_ignore_ascii_case("en").then(Self::english)
    }

    /// The texts in English.
    #[must_use]
    pub fn english() -> &'static Self {
        &ENGLISH
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

    #[test]
    fn english_is_complete_and_fills_known_names_only() {
        let text = Text::english();
        assert_eq!(text.language, "en");
        assert_eq!(text.words[3], "great");
        let table: toml::Table = include_str!("../templates/text/en.toml").parse().expect("valid TOML");
        for text in table.values().filter_map(toml::Value::as_table).flat_map(toml::Table::values) {
            let text = text.as_str().expect("a text");
            assert!(!text.trim().is_empty());
            let names = ["brand", "teammate", "subject", "word", "clicked", "number", "time", "reference"]
                .map(|name| (name, ""));
            assert!(!fill(text, &names).contains(['{', '}']), "{text}");
        }
    }

    #[test]
    fn a_locale_picks_its_language() {
        for (locale, language) in [("en", Some("en")), ("EN-GB", Some("en")), ("en_US", Some("en")), ("de", None)] {
            assert_eq!(Text::in_language(locale).map(|text| text.language.as_str()), language, "{locale}");
        }
        assert!(Text::in_language("").is_none() && Text::in_language("english").is_none());
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
