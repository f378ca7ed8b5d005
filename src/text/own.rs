//! Words of the operator in place of ours: in mails, and as thanks on the rating page.
//!
//! It owns which words can be replaced, the names they may hold, and which of several apply. It must not know where they
//! are configured.

use super::{Text, fill};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;

/// The names that own words may hold, in braces.
pub const NAMES: [&str; 4] = ["brand", "teammate", "subject", "customer"];

/// Own words, by language as its file in `templates/text/` is called.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "BTreeMap<String, OwnWords>")]
pub struct Languages(BTreeMap<String, OwnWords>);

/// Own words in one language. What is left out stays ours.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OwnWords {
    /// The name that customers recognise, in place of the brand's: it holds no names itself.
    #[serde(deserialize_with = "plain")]
    pub brand: Option<String>,
    /// The subject of the mail.
    #[serde(deserialize_with = "named")]
    pub subject: Option<String>,
    /// What the mail asks, above the faces.
    #[serde(deserialize_with = "named")]
    pub question: Option<String>,
    /// What the conversation was about.
    #[serde(deserialize_with = "named")]
    pub about: Option<String>,
    /// Why the customer gets the mail, at its end.
    #[serde(deserialize_with = "named")]
    pub reason: Option<String>,
    /// The thanks for a rating, on the page.
    #[serde(deserialize_with = "named")]
    pub thanks: Option<String>,
}

/// The own words that apply: the first before the second, and both before ours.
#[derive(Clone, Copy, Debug)]
pub struct Own<'a>(pub [&'a Languages; 2]);

/// A name and its value, if that is known.
pub type Name<'a> = (&'static str, Option<&'a str>);

impl TryFrom<BTreeMap<String, OwnWords>> for Languages {
    type Error = String;

    fn try_from(words: BTreeMap<String, OwnWords>) -> Result<Self, String> {
        match words.keys().find(|language| !Text::languages().any(|known| known == *language)) {
            None => Ok(Self(words)),
            Some(unknown) => {
                let known: Vec<_> = Text::languages().collect();
                Err(format!("no texts in the language {unknown:?}: expected one of {}", known.join(", ")))
            }
        }
    }
}

impl<'a> Own<'a> {
    /// The name that customers recognise: an own one, or else `ours`.
    #[must_use]
    pub fn brand(self, language: &str, ours: &'a str) -> &'a str {
        self.each(language).find_map(|words| words.brand.as_deref()).unwrap_or(ours)
    }

    /// The first text whose names are all known, filled in: own ones before `ours`. So words that name a teammate give
    /// way to the next where none is known, and no mail has a hole in it.
    #[must_use]
    pub fn say(
        self,
        language: &str,
        key: fn(&OwnWords) -> &Option<String>,
        ours: &[&str],
        names: &[Name],
    ) -> Option<String> {
        let own = self.each(language).filter_map(|words| key(words).as_deref());
        let mut texts = own.chain(ours.iter().copied());
        let missing = |text: &str| {
            let mut unknown = names.iter().filter(|(_, value)| value.is_none());
            unknown.any(|(name, _)| text.contains(&format!("{{{name}}}")))
        };
        let known: Vec<_> = names.iter().filter_map(|(name, value)| Some((*name, (*value)?))).collect();
        texts.find(|text| !missing(text)).map(|text| fill(text, &known))
    }

    fn each(self, language: &str) -> impl Iterator<Item = &'a OwnWords> {
        self.0.into_iter().filter_map(move |languages| languages.0.get(language))
    }
}

fn named<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    read(from, &NAMES)
}

fn plain<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    read(from, &[])
}

/// One line, and no brace that does not belong to one of the names.
fn read<'de, D: Deserializer<'de>>(from: D, names: &[&'static str]) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(from)?;
    if text.trim().is_empty() || text.contains(char::is_control) {
        return Err(D::Error::custom(format!("{text:?}: expected one line that is not blank")));
    }
    let nothing: Vec<_> = names.iter().map(|name| (*name, "")).collect();
    if fill(&text, &nothing).contains(['{', '}']) {
        let known: Vec<_> = names.iter().map(|name| format!("{{{name}}}")).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        return Err(D::Error::custom(format!("{text:?}: an unknown name in braces, expected {known}")));
    }
    Ok(Some(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> OwnWords {
        toml::from_str(text).expect(text)
    }

    fn english(words: OwnWords) -> Languages {
        BTreeMap::from([("en".to_owned(), words)]).try_into().expect("a language of ours")
    }

    #[test]
    fn own_words_come_first_and_give_way_where_a_name_is_unknown() {
        let policy = english(words("question = 'Dear {customer}, was {teammate} kind?'"));
        let all = english(words("question = 'Was {brand} kind?'\nbrand = 'Lumen'"));
        let own = Own([&policy, &all]);
        let ask = |own: Own, customer, teammate| {
            let names = [("customer", customer), ("teammate", teammate), ("brand", Some("Lumen"))];
            own.say("en", |words| &words.question, &["With {teammate}?", "With {brand}?"], &names).expect("a text")
        };
        assert_eq!(ask(own, Some("Ada"), Some("Grace")), "Dear Ada, was Grace kind?");
        assert_eq!(ask(own, None, Some("Grace")), "Was Lumen kind?");
        let none = Languages::default();
        assert_eq!(ask(Own([&none, &none]), None, None), "With Lumen?");
        assert_eq!((own.brand("en", "Ours"), Own([&none, &none]).brand("en", "Ours")), ("Lumen", "Ours"));
        assert_eq!(own.brand("xx", "Ours"), "Ours", "words of one language are not said in another");
        assert_eq!(own.say("en", |words| &words.about, &["On {subject}."], &[("subject", None)]), None);
    }

    #[test]
    fn every_language_of_ours_takes_own_words_and_no_other_does() {
        for language in Text::languages() {
            let languages: Languages = toml::from_str(&format!("{language}.thanks = '!'")).expect(language);
            assert_eq!(Own([&languages; 2]).say(language, |words| &words.thanks, &[], &[]).as_deref(), Some("!"));
        }
        for unknown in ["xx", "EN", "pt", "pt-br", "zh"] {
            let error = toml::from_str::<Languages>(&format!("{unknown}.thanks = '!'")).expect_err(unknown);
            assert!(error.message().contains("expected one of en, de, "), "{error}");
        }
    }

    #[test]
    fn a_value_is_not_taken_for_a_name() {
        let none = Languages::default();
        let names = [("subject", Some("{teammate}")), ("teammate", None)];
        let said = Own([&none, &none]).say("en", |words| &words.about, &["On {subject}."], &names);
        assert_eq!(said.as_deref(), Some("On {teammate}."));
    }
}
