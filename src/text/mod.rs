//! The texts of mails and pages, in each customer's language.
//!
//! It owns the built-in texts and the filling of their placeholders. It must not know where they are shown. The texts
//! are not HTML: callers escape them. An operator's replacements are in `custom`.

mod custom;
#[cfg(test)]
mod tests;

pub use custom::{CustomLanguages, CustomTexts, CustomTone, CustomWording, Name, Toned, first_complete};

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
    /// The opening and the closing quotation mark.
    pub quotes: [String; 2],
    /// What stands between two sentences: a space, or nothing. [`Text::join`] puts it there.
    pub joiner: String,
    /// What stands between the thousands of a number, if anything does.
    thousands: String,
    /// The format of a moment: `{day}`, `{month}` (one of `months`), `{year}`, `{clock}`, `{zone}`.
    time: String,
    /// The names of the months, in the form that fits `time`, from January on.
    months: [String; 12],
    /// The words for the five faces, worst first.
    pub words: [String; 5],
    /// The survey mail.
    pub mail: MailText,
    /// What all states of the rating page share.
    pub page: PageText,
    /// The rating page while nothing is saved.
    pub pending: PendingText,
    /// The rating page while two faces are in play.
    pub which: WhichText,
    /// The rating page when a rating is saved.
    pub saved: SavedText,
    /// The rating page when the rating or the survey is over.
    pub over: OverText,
    /// The comment box.
    pub comment: CommentText,
    /// The way to a person.
    pub help: HelpText,
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

/// How a score is spoken of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// The two bad scores.
    Low,
    /// The score in the middle.
    Middle,
    /// The two good scores.
    High,
}

impl Tone {
    /// All tones, worst first.
    pub const ALL: [Self; 3] = [Self::Low, Self::Middle, Self::High];

    /// The tone for a score, 1 to 5.
    #[must_use]
    pub fn of(score: u8) -> Self {
        match score {
            ..=2 => Self::Low,
            3 => Self::Middle,
            4.. => Self::High,
        }
    }
}

/// The survey mail.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailText {
    /// Its first line if the customer's name is known: `{customer}`.
    pub greeting: String,
    /// The name that mail programs show as its sender, if the teammate's name is known: `{teammate}`, `{brand}`.
    /// `mail.from_name` replaces it.
    pub from_name: String,
    /// Its subject if the teammate's name is known: `{teammate}`.
    pub subject_teammate: String,
    /// Its subject otherwise: `{brand}`.
    pub subject_brand: String,
    /// The question above the faces if the teammate's name is known: `{teammate}`.
    pub question_teammate: String,
    /// The question otherwise: `{brand}`.
    pub question_brand: String,
    /// What the conversation was about: `{subject}`. It has a line to itself, so it ends without a full stop.
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

/// What all states of the rating page share.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PageText {
    /// The page's title, in the browser's tab.
    pub title: String,
    /// At the top, if the teammate's name is known: `{teammate}`.
    pub about_teammate: String,
    /// At the top otherwise: `{brand}`.
    pub about_brand: String,
    /// A button while its press is held back.
    pub moment: String,
    /// A button while its press is sent.
    pub sending: String,
}

/// The rating page while nothing is saved.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PendingText {
    /// The heading: `{word}`.
    pub heading: String,
    /// The sentence while the script is about to save the rating.
    pub saving: String,
    /// The sentence if a press is needed.
    pub press: String,
    /// The sentence if a press was refused, and the next one will do.
    pub once_more: String,
    /// The sentence if the rating is in doubt, because several faces were clicked, and a press is needed.
    pub held: String,
    /// The button: `{word}`.
    pub save: String,
    /// The end of the rate window: `{time}`.
    pub until: String,
}

/// The rating page while two faces are in play.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WhichText {
    /// The heading.
    pub heading: String,
    /// The sentence if a rating stands: the word of it, `{word}`, and of the face that was clicked now, `{clicked}`.
    pub rated: String,
    /// The sentence if the earlier rating is in doubt: the word of it, `{word}`, and of the face that was clicked now,
    /// `{clicked}`.
    pub held: String,
    /// The button that keeps the earlier rating: `{face}`, `{word}`.
    pub keep: String,
    /// The button that takes the face that was clicked now: `{face}`, `{word}`.
    pub change_to: String,
}

/// The rating page when a rating is saved. The thanks are in [`ToneText`].
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedText {
    /// The heading if the link was opened again later: `{word}`.
    pub heading: String,
    /// The sentence then.
    pub sentence: String,
    /// The sentence if a comment came with the rating and is not saved yet. It quotes the button `comment.send`.
    pub not_comment: String,
    /// The end of the change window: `{time}`.
    pub until: String,
    /// The way to another face.
    pub another: String,
    /// The sentence after that of the rating, if something is ticked.
    pub answers: String,
    /// What a screen reader says of the face that is saved.
    pub current: String,
}

/// The rating page when the rating or the survey is over.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OverText {
    /// The sentence if the rating can no longer be changed.
    pub frozen: String,
    /// When that came about: `{time}`.
    pub frozen_since: String,
    /// The heading if a comment locked the rating earlier: `{word}`.
    pub final_heading: String,
    /// The sentence then.
    pub r#final: String,
    /// The heading if the rate window is over and nothing is rated.
    pub closed_heading: String,
    /// The sentence then.
    pub closed: String,
    /// When the rate window ended: `{time}`.
    pub closed_since: String,
    /// The heading if an operator took the survey out.
    pub voided_heading: String,
    /// The sentence then.
    pub voided: String,
}

/// The comment box.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommentText {
    /// Below the box: that it may stay empty, and what a comment does.
    pub hint: String,
    /// The same if the rating can no longer be changed anyway, and behind the label of a question.
    pub optional: String,
    /// The counter near the limit: `{count}`, `{limit}`.
    pub count: String,
    /// The comment is too long: `{count}`, `{limit}`.
    pub too_long: String,
    /// What stands after it if a rating is saved.
    pub safe: String,
    /// Above a comment that can no longer be sent.
    pub kept: String,
    /// The button.
    pub send: String,
    /// The button if there are questions besides the comment.
    pub send_answers: String,
}

/// The way to a person, on a page where a customer may need one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HelpText {
    /// The question.
    pub question: String,
    /// The link if it writes a mail.
    pub reply: String,
    /// The link if it opens a page.
    pub contact: String,
    /// The subject of the mail if the conversation had none: `{brand}`.
    pub subject: String,
}

/// The texts of the rating page whose tone depends on the score. An operator can replace each of them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToneText {
    /// The thanks for a rating.
    pub saved_heading: String,
    /// What was saved.
    pub saved: String,
    /// Above the comment box: what to write about.
    pub comment: String,
    /// Below the comment box: why a comment helps: `{brand}`.
    pub comment_why: String,
    /// Above the reasons that can be ticked.
    pub reasons: String,
    /// The thanks for a comment.
    pub final_heading: String,
    /// What was saved.
    pub final_saved: String,
}

/// Why the service did not accept an answer, each in one or two sentences.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefusalText {
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
    /// The form was sent, and no answer came.
    pub failed: String,
    /// The same, without a network.
    pub offline: String,
    /// A rate limit.
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
    /// Above the button that takes it back.
    pub undo: String,
    /// That button.
    pub undo_button: String,
    /// The heading after it was taken back.
    pub undone_heading: String,
    /// What that means: `{brand}`.
    pub undone: String,
}

/// Pages that only show a message: a heading and a sentence each.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MessageText {
    /// The heading of the start page, which nothing links to: whose surveys live here: `{brand}`.
    pub home_heading: String,
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

    /// The texts of the rating page in one tone.
    #[must_use]
    pub fn toned(&self, tone: Tone) -> &ToneText {
        match tone {
            Tone::Low => &self.low,
            Tone::Middle => &self.middle,
            Tone::High => &self.high,
        }
    }

    /// One text out of several sentences. Languages that are written without spaces have none between them.
    #[must_use]
    pub fn join<S: AsRef<str>>(&self, sentences: &[S]) -> String {
        sentences.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(&self.joiner)
    }

    /// A whole number as the language writes it, such as `5,000`.
    #[must_use]
    pub fn number(&self, number: usize) -> String {
        let digits = number.to_string();
        let mut written = String::new();
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                written.push_str(&self.thousands);
            }
            written.push(digit);
        }
        written
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
