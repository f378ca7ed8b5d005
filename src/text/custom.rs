//! Custom texts: an operator's own wording in mails, and on the rating page where the tone depends on the score.
//!
//! It owns which texts can be replaced, which placeholders they may have, and which of several texts applies. It must
//! not know where they are configured.

use super::{Text, Tone, ToneText, fill};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;

/// The names that custom texts may have in braces.
const NAMES: [&str; 4] = ["brand", "teammate", "subject", "customer"];

/// Custom texts by language. A language has the name of its file in `templates/text/`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "BTreeMap<String, CustomWording>")]
pub struct CustomLanguages(BTreeMap<String, CustomWording>);

/// Custom texts in one language. `None` keeps the built-in text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CustomWording {
    /// The name that customers recognise, in place of `brand.name`. It must not contain names in braces.
    #[serde(deserialize_with = "plain")]
    pub brand: Option<String>,
    /// The first line of the mail.
    #[serde(deserialize_with = "named")]
    pub greeting: Option<String>,
    /// The subject of the mail.
    #[serde(deserialize_with = "named")]
    pub subject: Option<String>,
    /// The question above the faces.
    #[serde(deserialize_with = "named")]
    pub question: Option<String>,
    /// What the conversation was about.
    #[serde(deserialize_with = "named")]
    pub about: Option<String>,
    /// Why the customer gets the mail, at its end.
    #[serde(deserialize_with = "named")]
    pub reason: Option<String>,
    /// The thanks for a rating or a comment, on the page, whatever the score. A tone's own headings come first.
    #[serde(deserialize_with = "named")]
    pub thanks: Option<String>,
    /// The texts for the two bad scores.
    pub low: CustomTone,
    /// The texts for the score in the middle.
    pub middle: CustomTone,
    /// The texts for the two good scores.
    pub high: CustomTone,
}

/// Custom texts of the rating page for one tone, in one language. `None` keeps the built-in text of [`ToneText`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CustomTone {
    /// The thanks for a rating.
    #[serde(deserialize_with = "named")]
    pub saved_heading: Option<String>,
    /// What was saved.
    #[serde(deserialize_with = "named")]
    pub saved: Option<String>,
    /// Above the comment box: what to write about.
    #[serde(deserialize_with = "named")]
    pub comment: Option<String>,
    /// Below the comment box: why a comment helps.
    #[serde(deserialize_with = "named")]
    pub comment_why: Option<String>,
    /// Above the reasons that can be ticked.
    #[serde(deserialize_with = "named")]
    pub reasons: Option<String>,
    /// The thanks for a comment.
    #[serde(deserialize_with = "named")]
    pub final_heading: Option<String>,
    /// What was saved.
    #[serde(deserialize_with = "named")]
    pub final_saved: Option<String>,
}

/// One of the texts whose tone depends on the score: a field of [`ToneText`] and of [`CustomTone`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields of ToneText say what they are")]
pub enum Toned {
    SavedHeading,
    Saved,
    Comment,
    CommentWhy,
    Reasons,
    FinalHeading,
    FinalSaved,
}

/// The custom texts that apply to a survey. Those of its policy come first, then those for all, then the built-in
/// texts.
#[derive(Clone, Copy, Debug)]
pub struct CustomTexts<'a> {
    /// `[policy.NAME.text]`
    pub policy: &'a CustomLanguages,
    /// `[mail.text]`
    pub all: &'a CustomLanguages,
}

/// A name and its value, if that is known.
pub type Name<'a> = (&'static str, Option<&'a str>);

impl TryFrom<BTreeMap<String, CustomWording>> for CustomLanguages {
    type Error = String;

    fn try_from(languages: BTreeMap<String, CustomWording>) -> Result<Self, String> {
        match languages.keys().find(|language| !Text::languages().any(|known| known == *language)) {
            None => Ok(Self(languages)),
            Some(unknown) => {
                let known: Vec<_> = Text::languages().collect();
                Err(format!("no texts in the language {unknown:?}: expected one of {}", known.join(", ")))
            }
        }
    }
}

impl<'a> CustomTexts<'a> {
    /// The name that customers recognise: a custom one, or else `built_in`.
    #[must_use]
    pub fn brand(self, language: &str, built_in: &'a str) -> &'a str {
        self.in_language(language).find_map(|wording| wording.brand.as_deref()).unwrap_or(built_in)
    }

    /// Picks the first text whose names all have a value, and fills them in. Custom texts come before `built_in`. For
    /// example, a text with `{teammate}` is skipped if no teammate is known, so no mail has a gap.
    #[must_use]
    pub fn pick(
        self,
        language: &str,
        key: fn(&CustomWording) -> &Option<String>,
        built_in: &[&str],
        names: &[Name],
    ) -> Option<String> {
        let custom = self.in_language(language).filter_map(|wording| key(wording).as_deref());
        first_complete(custom.chain(built_in.iter().copied()), names)
    }

    /// The text of the rating page for a tone, with its names filled in: the first custom text whose names all have a
    /// value, or else the one of `text`. `names` lists `brand`, `teammate`, `subject` and `customer`; the built-in text needs
    /// a value for `brand` only.
    #[must_use]
    pub fn toned(self, text: &Text, tone: Tone, key: Toned, names: &[Name]) -> String {
        let custom = self.in_language(&text.language).flat_map(|wording| key.custom(wording, tone));
        first_complete(custom.chain([key.built_in(text.toned(tone))]), names).unwrap_or_default()
    }

    fn in_language(self, language: &str) -> impl Iterator<Item = &'a CustomWording> {
        [self.policy, self.all].into_iter().filter_map(move |languages| languages.0.get(language))
    }
}

impl Toned {
    /// The custom texts for it, the one to try first in front.
    fn custom(self, wording: &CustomWording, tone: Tone) -> impl Iterator<Item = &str> {
        let toned = match tone {
            Tone::Low => &wording.low,
            Tone::Middle => &wording.middle,
            Tone::High => &wording.high,
        };
        let (own, whatever_the_score) = match self {
            Self::SavedHeading => (&toned.saved_heading, &wording.thanks),
            Self::Saved => (&toned.saved, &None),
            Self::Comment => (&toned.comment, &None),
            Self::CommentWhy => (&toned.comment_why, &None),
            Self::Reasons => (&toned.reasons, &None),
            Self::FinalHeading => (&toned.final_heading, &wording.thanks),
            Self::FinalSaved => (&toned.final_saved, &None),
        };
        [own, whatever_the_score].into_iter().filter_map(|text| text.as_deref())
    }

    fn built_in(self, text: &ToneText) -> &str {
        match self {
            Self::SavedHeading => &text.saved_heading,
            Self::Saved => &text.saved,
            Self::Comment => &text.comment,
            Self::CommentWhy => &text.comment_why,
            Self::Reasons => &text.reasons,
            Self::FinalHeading => &text.final_heading,
            Self::FinalSaved => &text.final_saved,
        }
    }
}

/// The first text whose names all have a value, filled in.
#[must_use]
pub fn first_complete<'a>(mut texts: impl Iterator<Item = &'a str>, names: &[Name]) -> Option<String> {
    let is_incomplete = |text: &str| {
        let mut unknown = names.iter().filter(|(_, value)| value.is_none());
        unknown.any(|(name, _)| text.contains(&format!("{{{name}}}")))
    };
    let known: Vec<_> = names.iter().filter_map(|(name, value)| Some((*name, (*value)?))).collect();
    texts.find(|text| !is_incomplete(text)).map(|text| fill(text, &known))
}

fn named<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    read(from, &NAMES)
}

fn plain<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    read(from, &[])
}

/// Reads one line in which every brace belongs to one of the names.
fn read<'de, D: Deserializer<'de>>(from: D, names: &[&'static str]) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(from)?;
    if text.trim().is_empty() || text.contains(char::is_control) {
        return Err(D::Error::custom(format!("{text:?}: expected one line that is not blank")));
    }
    let empty: Vec<_> = names.iter().map(|name| (*name, "")).collect();
    if fill(&text, &empty).contains(['{', '}']) {
        let known: Vec<_> = names.iter().map(|name| format!("{{{name}}}")).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        return Err(D::Error::custom(format!("{text:?}: an unknown name in braces, expected {known}")));
    }
    Ok(Some(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wording(text: &str) -> CustomWording {
        toml::from_str(text).expect(text)
    }

    fn english(wording: CustomWording) -> CustomLanguages {
        BTreeMap::from([("en".to_owned(), wording)]).try_into().expect("a built-in language")
    }

    #[test]
    fn custom_texts_come_first_and_are_skipped_if_a_name_is_unknown() {
        let policy = english(wording("question = 'Dear {customer}, was {teammate} kind?'"));
        let all = english(wording("question = 'Was {brand} kind?'\nbrand = 'Lumen'"));
        let custom = CustomTexts { policy: &policy, all: &all };
        let nothing = CustomLanguages::default();
        let none = CustomTexts { policy: &nothing, all: &nothing };
        let ask = |custom: CustomTexts, customer, teammate| {
            let names = [("customer", customer), ("teammate", teammate), ("brand", Some("Lumen"))];
            let built_in = ["With {teammate}?", "With {brand}?"];
            custom.pick("en", |wording| &wording.question, &built_in, &names).expect("a text")
        };
        assert_eq!(ask(custom, Some("Ada"), Some("Grace")), "Dear Ada, was Grace kind?");
        assert_eq!(ask(custom, None, Some("Grace")), "Was Lumen kind?");
        assert_eq!(ask(none, None, None), "With Lumen?");
        assert_eq!((custom.brand("en", "Ours"), none.brand("en", "Ours")), ("Lumen", "Ours"));
        assert_eq!(custom.brand("xx", "Ours"), "Ours", "texts of one language are not used in another");
        assert_eq!(custom.pick("en", |wording| &wording.about, &["On {subject}."], &[("subject", None)]), None);
    }

    #[test]
    fn a_tone_has_texts_of_its_own() {
        let policy = english(wording("thanks = 'Dear {customer}!'\nlow.saved = '{teammate} is sorry.'"));
        let all = english(wording("low.saved_heading = 'Oh no.'\nlow.saved = 'We are sorry.'\nhigh.comment = 'What?'"));
        let custom = CustomTexts { policy: &policy, all: &all };
        let show = |tone, key, customer, teammate| {
            let names = [("brand", Some("Lumen")), ("teammate", teammate), ("subject", None), ("customer", customer)];
            custom.toned(Text::english(), tone, key, &names)
        };
        let built_in = Text::english();
        for (tone, key, customer, teammate, expected) in [
            (Tone::Low, Toned::SavedHeading, Some("Ada"), None, "Dear Ada!"),
            (Tone::Low, Toned::SavedHeading, None, None, "Oh no."),
            (Tone::High, Toned::FinalHeading, Some("Ada"), None, "Dear Ada!"),
            (Tone::High, Toned::FinalHeading, None, None, &built_in.high.final_heading),
            (Tone::Low, Toned::Saved, None, Some("Grace"), "Grace is sorry."),
            (Tone::Low, Toned::Saved, None, None, "We are sorry."),
            (Tone::Middle, Toned::Saved, None, None, &built_in.middle.saved),
            (Tone::High, Toned::Comment, None, None, "What?"),
            (Tone::Middle, Toned::CommentWhy, None, None, &built_in.middle.comment_why),
            (Tone::Low, Toned::Reasons, None, None, &built_in.low.reasons),
            (Tone::Low, Toned::FinalSaved, None, None, &built_in.low.final_saved),
        ] {
            assert_eq!(show(tone, key, customer, teammate), expected, "{tone:?} {key:?}");
        }
    }

    #[test]
    fn only_built_in_languages_accept_custom_texts() {
        for language in Text::languages() {
            let languages: CustomLanguages = toml::from_str(&format!("{language}.thanks = '!'")).expect(language);
            let custom = CustomTexts { policy: &languages, all: &languages };
            assert_eq!(custom.pick(language, |wording| &wording.thanks, &[], &[]).as_deref(), Some("!"));
        }
        for unknown in ["xx", "EN", "pt", "pt-br", "zh"] {
            let error = toml::from_str::<CustomLanguages>(&format!("{unknown}.thanks = '!'")).expect_err(unknown);
            assert!(error.message().contains("expected one of en, de, "), "{error}");
        }
    }

    #[test]
    fn braces_in_a_value_are_not_filled() {
        let nothing = CustomLanguages::default();
        let custom = CustomTexts { policy: &nothing, all: &nothing };
        let names = [("subject", Some("{teammate}")), ("teammate", None)];
        let text = custom.pick("en", |wording| &wording.about, &["On {subject}."], &names);
        assert_eq!(text.as_deref(), Some("On {teammate}."));
    }
}
