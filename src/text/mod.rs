//! The texts of mails and pages, in each customer's language.
//!
//! It owns the built-in texts and the filling of their placeholders. It must not know where they are shown. The texts
//! are not HTML: callers escape them. An operator's replacements are in `custom`.

mod custom;
#[cfg(test)]
mod tests;

pub use custom::{CustomLanguages, CustomTexts, CustomWording, Name};

use chrono::{DateTime, Datelike, Utc};
use chrono_tz::Tz;
use serde::Deserialize;
use std::sync::LazyLock;

/// The files of all languages, English first. To add a language, add a file to `templates/text/` and a line here.
const FILES: [&str; 14] = [
    include_str!("../../templates/text/en.toml"),
    include_str!("../../templates/text/de.toml"),
    include_str!("../../templates/text/fr.toml"),
    include_str!("../../templates/text/es.toml"),
    include_str!("../../templates/text/pt-BR.toml"),
    include_str!("../../templates/text/it.toml"),
    include_str!("../../templates/text/nl.toml"),
    include_str!("../../templates/text/pl.toml"),
    include_str!("../../templates/text/sv.toml"),
    include_str!("../../templates/text/tr.toml"),
    include_str!("../../templates/text/ja.toml"),
    include_str!("../../templates/text/zh-Hans.toml"),
    include_str!("../../templates/text/ar.toml"),
    include_str!("../../templates/text/he.toml"),
];
static TEXTS: LazyLock<[Text; FILES.len()]> =
    LazyLock::new(|| FILES.map(|file| toml::from_str(file).expect("a test parses every built-in file")));

/// All texts of one language. Texts may hold placeholders such as `{brand}`, for [`fill`].
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// The language tag, as in HTML's `lang`. The file has the same name.
    pub language: String,
    /// The writing direction, as in HTML's `dir`: `ltr` or `rtl`.
    pub direction: String,
    /// The format of a moment: `{day}`, `{month}` (one of `months`), `{year}`, `{clock}`, `{zone}`.
    time: String,
    /// The names of the months, in the form that fits `time`, from January on.
    months: [String; 12],
    /// The words for the five faces, worst first.
    pub words: [String; 5],
    /// The survey mail.
    pub mail: MailText,
    /// The rating page.
    pub rate: RateText,
    /// The rating page for a bad score.
    pub low: ToneText,
    /// The rating page for the middle score.
    pub middle: ToneText,
    /// The rating page for a good score.
    pub high: ToneText,
    /// Why the service did not accept an answer.
    pub refusal: RefusalText,
    /// The unsubscribe page.
    pub unsubscribe: UnsubscribeText,
    /// Pages that only show a message.
    pub message: MessageText,
}

/// The survey mail.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailText {
    /// Its subject if the teammate's name is known: `{teammate}`.
    pub subject_teammate: String,
    /// Its subject otherwise: `{brand}`.
    pub subject_brand: String,
    /// The question above the faces if the teammate's name is known: `{teammate}`.
    pub question_teammate: String,
    /// The question otherwise: `{brand}`.
    pub question_brand: String,
    /// What the conversation was about: `{subject}`.
    pub about: String,
    /// How to answer.
    pub hint: String,
    /// The label of a face for screen readers: `{word}`, `{number}`. It begins with the visible word, because people
    /// who use speech input say what they see (WCAG 2.5.3).
    pub face: String,
    /// Why the customer gets the mail: `{brand}`.
    pub reason: String,
    /// The link to the unsubscribe page.
    pub unsubscribe: String,
}

/// The rating page.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateText {
    /// The page's title, in the browser's tab.
    pub title: String,
    /// At the top, if the teammate's name is known: `{teammate}`.
    pub about_teammate: String,
    /// At the top otherwise: `{brand}`.
    pub about_brand: String,
    /// The heading if a face was chosen and nothing is saved yet: `{word}`.
    pub chose_heading: String,
    /// How to save the rating.
    pub chose: String,
    /// The end of the rate window, while nothing is saved: `{time}`.
    pub rate_until: String,
    /// The heading if the link of the standing rating was opened again: `{word}`.
    pub standing_heading: String,
    /// What the customer can do then.
    pub standing: String,
    /// The end of the change window: `{time}`.
    pub change_until: String,
    /// The sentence if a rating stands and the change window is over.
    pub settled: String,
    /// When the change window ended: `{time}`.
    pub settled_since: String,
    /// The heading if the link of another face than the standing one was opened.
    pub change_heading: String,
    /// Which rating stands, and how to change it: `{word}`, `{clicked}`.
    pub change: String,
    /// The same, if the clicked face is the standing one: `{word}`.
    pub change_same: String,
    /// The heading if a comment locked the rating earlier: `{word}`.
    pub final_heading: String,
    /// What that means.
    pub r#final: String,
    /// The heading if the rate window is over.
    pub closed_heading: String,
    /// A friendly sentence about it.
    pub closed: String,
    /// When the rate window ended: `{time}`.
    pub closed_since: String,
    /// Above the faces.
    pub another: String,
    /// Above the faces, if another rating stands.
    pub which: String,
    /// Below the comment box: how long a comment may be, and what it does.
    pub comment_hint: String,
    /// Above a comment that was not accepted.
    pub comment_kept: String,
    /// The button.
    pub send: String,
    /// The button while the answer is sent.
    pub sending: String,
}

/// The texts of the rating page whose tone depends on the score.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToneText {
    /// The thanks for a rating.
    pub saved_heading: String,
    /// What was saved: `{word}`, `{brand}`.
    pub saved: String,
    /// Above the comment box: what to write about.
    pub comment: String,
    /// Below the comment box: why a comment helps: `{brand}`.
    pub comment_why: String,
    /// The thanks for a comment.
    pub final_heading: String,
    /// What was saved: `{word}`, `{brand}`.
    pub final_saved: String,
}

/// Why the service did not accept an answer, each in one or two sentences.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefusalText {
    /// Another press is needed.
    pub ask: String,
    /// A rating stands, and the form picked no face.
    pub ask_change: String,
    /// The page was too old.
    pub stale: String,
    /// The rate window is over.
    pub closed: String,
    /// The change window is over: `{word}`.
    pub closed_change: String,
    /// A comment locked the rating.
    pub locked: String,
    /// The same, and a new comment was not accepted.
    pub locked_comment: String,
    /// The comment is too long.
    pub too_long: String,
    /// The form could not be read.
    pub malformed: String,
    /// Shown by the script: no response, or one that it cannot read.
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
    /// The page's title, in the browser's tab.
    pub title: String,
    /// The question.
    pub heading: String,
    /// What the button does: `{brand}`.
    pub sentence: String,
    /// The button.
    pub button: String,
    /// The heading after unsubscribing.
    pub done_heading: String,
    /// What unsubscribing means: `{brand}`.
    pub done: String,
}

/// Pages that only show a message: a heading and a sentence each.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MessageText {
    /// The start page, which nothing links to: how one rates.
    pub home: String,
    /// The link does not exist.
    pub unknown_link_heading: String,
    /// The link does not exist: what to do.
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
    /// A link of a test mail: that it rates nothing.
    pub test: String,
    /// A rate limit.
    pub too_many_heading: String,
    /// A rate limit: what to do.
    pub too_many: String,
    /// The service cannot answer.
    pub later_heading: String,
    /// The service cannot answer: what to do.
    pub later: String,
    /// The reference by which the operator finds the failed request: `{reference}`.
    pub reference: String,
}

impl Text {
    /// The texts in the language of a locale such as `de`, `de-AT` or `zh_TW`, if there are any. Each language exists
    /// in one form only, so script and country do not matter: Portugal gets the Portuguese of Brazil.
    #[must_use]
    pub fn in_language(locale: &str) -> Option<&'static Self> {
        let language = |name: &str| match name.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase() {
            // The old code for Hebrew, which Java used for a long time, and so did helpdesks written in Java.
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

    /// The names of all languages, which are the names of their files.
    pub fn languages() -> impl Iterator<Item = &'static str> {
        TEXTS.iter().map(|text| text.language.as_str())
    }

    /// Formats a time to the minute, as the language writes it, with the name of the time zone.
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

/// Replaces each `{name}` by its value. Braces in a value are not replaced again; unknown names stay.
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
