//! What customers are offered after the click: `[reasons]`, `[question]` and `[thanks]`.
//!
//! Each has keys of its own beside a section per language. It owns which of them belong together, and which texts apply
//! in a language. It must not know how a page shows them.

use super::{Config, value};
use crate::survey::answers::{Choice, Offered, Question, REASONS, Thanks, Tick, Words};
use crate::survey::rating::Score;
use crate::text::Text;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::marker::PhantomData;

/// The most reasons: more would push the comment box off a phone.
const MOST_REASONS: usize = 12;
/// The most answers to the operator's own question.
const MOST_CHOICES: usize = 10;
/// The longest key, in characters.
const LONGEST_KEY: usize = 40;
/// The longest label of a box or a link, in characters: one line of a phone, or two.
const LONGEST_LABEL: usize = 80;
/// The longest sentence, in characters.
const LONGEST_SENTENCE: usize = 300;
/// The key of the question's own text, beside those of its choices.
const ASK: &str = "ask";
const TEXT: &str = "text";
const LINK: &str = "link";

/// The texts of a section by language and key. A language has the name of its file in `templates/text/`.
type Texts = BTreeMap<String, BTreeMap<String, String>>;
/// The key at fault below the section, and what is wrong with it.
type Wrong = (String, String);

/// `[reasons]`: boxes to tick beside a rating.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReasonSettings {
    /// `1` to `5`: the keys of the reasons that are offered for each score, in their order.
    pub offered: [Vec<String>; 5],
    /// `[reasons.LANGUAGE]`: the text of each.
    pub texts: Texts,
}

/// `[question]`: one more question, with one answer to choose.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QuestionSettings {
    /// The key of the question. Another question needs another key, or their answers mix.
    pub key: String,
    /// The keys of its answers, in their order.
    pub choices: Vec<String>,
    /// The scores that it is asked for; empty for all.
    pub scores: Vec<u8>,
    /// `[question.LANGUAGE]`: `ask` is the question, and each answer has its key.
    pub texts: Texts,
}

/// `[thanks.SCORE]`: what is shown after saving this score.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ThanksSettings {
    /// Where the link leads: an https URL.
    pub url: Option<String>,
    /// `[thanks.SCORE.LANGUAGE]`: `text` and `link`.
    pub texts: Texts,
}

/// A section with keys of its own beside one section per language.
trait Section: Default {
    /// The keys of its own, for an error.
    const OWN: &'static str;

    /// Reads the value of a key of its own; `false` if this is none.
    fn read<'de, A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<bool, A::Error>;

    fn texts(&mut self) -> &mut Texts;
}

/// The value of `key`, read as another setting is.
#[derive(Deserialize)]
#[serde(transparent)]
struct Scores(#[serde(deserialize_with = "value::scores")] Vec<u8>);
#[derive(Deserialize)]
#[serde(transparent)]
struct Page(#[serde(deserialize_with = "value::web_page")] String);

impl Section for ReasonSettings {
    const OWN: &'static str = "a score of 1 to 5";

    fn read<'de, A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<bool, A::Error> {
        let Some(score) = score(key) else { return Ok(false) };
        self.offered[score.index()] = map.next_value()?;
        Ok(true)
    }

    fn texts(&mut self) -> &mut Texts {
        &mut self.texts
    }
}

impl Section for QuestionSettings {
    const OWN: &'static str = "`key`, `choices`, `scores`";

    fn read<'de, A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<bool, A::Error> {
        match key {
            "key" => self.key = map.next_value()?,
            "choices" => self.choices = map.next_value()?,
            "scores" => self.scores = map.next_value::<Scores>()?.0,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn texts(&mut self) -> &mut Texts {
        &mut self.texts
    }
}

impl Section for ThanksSettings {
    const OWN: &'static str = "`url`";

    fn read<'de, A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<bool, A::Error> {
        if key == "url" {
            self.url = Some(map.next_value::<Page>()?.0);
        }
        Ok(key == "url")
    }

    fn texts(&mut self) -> &mut Texts {
        &mut self.texts
    }
}

struct Reader<S>(PhantomData<S>);

impl<'de, S: Section> Visitor<'de> for Reader<S> {
    type Value = S;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a section")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<S, A::Error> {
        let mut section = S::default();
        while let Some(key) = map.next_key::<String>()? {
            if Text::languages().any(|language| language == key) {
                section.texts().insert(key, map.next_value()?);
            } else if !section.read(&key, &mut map)? {
                let languages = Text::languages().collect::<Vec<_>>().join(", ");
                let expected = format!("expected {} or a language: {languages}", S::OWN);
                return Err(A::Error::custom(format!("unknown field `{key}`, {expected}")));
            }
        }
        Ok(section)
    }
}

fn read<'de, S: Section, D: Deserializer<'de>>(from: D) -> Result<S, D::Error> {
    from.deserialize_map(Reader(PhantomData))
}

impl<'de> Deserialize<'de> for ReasonSettings {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read(from)
    }
}

impl<'de> Deserialize<'de> for QuestionSettings {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read(from)
    }
}

impl<'de> Deserialize<'de> for ThanksSettings {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read(from)
    }
}

fn score(key: &str) -> Option<Score> {
    // A second spelling of a score, such as `+1`, would be a second list for it.
    Score::ALL.into_iter().find(|score| score.number().to_string() == key)
}

impl ReasonSettings {
    /// The keys of all reasons, each once, in the order in which they first appear.
    fn keys(&self) -> Vec<&str> {
        let mut keys = Vec::new();
        for key in self.offered.iter().flatten() {
            if !keys.contains(&key.as_str()) {
                keys.push(key);
            }
        }
        keys
    }

    fn scores(&self, key: &str) -> BTreeSet<Score> {
        Score::ALL.into_iter().filter(|score| self.offered[score.index()].iter().any(|own| own == key)).collect()
    }

    fn check(&self, language: &str) -> Result<(), Wrong> {
        for (score, keys) in Score::ALL.into_iter().zip(&self.offered) {
            check_keys(keys).map_err(|detail| (score.number().to_string(), detail))?;
        }
        let keys = self.keys();
        if keys.len() > MOST_REASONS {
            return Err((String::new(), format!("{} reasons: expected at most {MOST_REASONS}", keys.len())));
        }
        check_texts(&self.texts, &keys, language, LONGEST_LABEL)
    }
}

impl QuestionSettings {
    fn scores(&self) -> BTreeSet<Score> {
        let asked = |score: &Score| self.scores.is_empty() || self.scores.contains(&score.number());
        Score::ALL.into_iter().filter(asked).collect()
    }

    fn check(&self, language: &str) -> Result<(), Wrong> {
        if self.key.is_empty() {
            return Err(("key".to_owned(), "missing: expected a key that names the question for ever".to_owned()));
        }
        check_keys(std::slice::from_ref(&self.key)).map_err(|detail| ("key".to_owned(), detail))?;
        if self.key == REASONS {
            return Err(("key".to_owned(), format!("{REASONS:?} is that of [reasons]: expected another key")));
        }
        let wrong = |detail| ("choices".to_owned(), detail);
        check_keys(&self.choices).map_err(wrong)?;
        if !(2..=MOST_CHOICES).contains(&self.choices.len()) {
            return Err(wrong(format!("{}: expected 2 to {MOST_CHOICES} answers", self.choices.len())));
        }
        if self.choices.iter().any(|key| key == ASK) {
            return Err(wrong(format!("{ASK:?} is the key of the question's text: expected another key")));
        }
        let keys: Vec<_> = [ASK].into_iter().chain(self.choices.iter().map(String::as_str)).collect();
        check_texts(&self.texts, &keys, language, LONGEST_SENTENCE)
    }
}

impl ThanksSettings {
    fn check(&self, language: &str) -> Result<(), Wrong> {
        if !self.texts.contains_key(language) {
            return Err((language.to_owned(), "missing: expected `text` or `link` in the brand's language".to_owned()));
        }
        for (language, texts) in &self.texts {
            for (key, text) in texts {
                let place = || format!("{language}.{key}");
                let most = match key.as_str() {
                    TEXT => LONGEST_SENTENCE,
                    LINK => LONGEST_LABEL,
                    _ => return Err((place(), "an unknown key: expected `text` or `link`".to_owned())),
                };
                check_text(text, most).map_err(|detail| (place(), detail))?;
            }
            match (texts.contains_key(LINK), &self.url) {
                (true, None) => {
                    return Err((format!("{language}.{LINK}"), "a link without `url`: expected both".to_owned()));
                }
                (false, Some(_)) => {
                    return Err((language.clone(), "no `link`: expected what the link to `url` says".to_owned()));
                }
                (false, None) if texts.is_empty() => {
                    return Err((language.clone(), "is empty: expected `text` or `link`".to_owned()));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn check_keys(keys: &[String]) -> Result<(), String> {
    for (place, key) in keys.iter().enumerate() {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if key.is_empty() || key.len() > LONGEST_KEY || !key.chars().all(plain) {
            return Err(format!("{key:?}: expected a key of 1 to {LONGEST_KEY} characters of a to z, 0 to 9 and _"));
        }
        if keys[..place].contains(key) {
            return Err(format!("{key:?} is there twice: expected each key once"));
        }
    }
    Ok(())
}

/// Every key has a text in the brand's language, which other languages fall back to, and no text is without a key.
fn check_texts(texts: &Texts, keys: &[&str], language: &str, most: usize) -> Result<(), Wrong> {
    let known = texts.get(language);
    if let Some(missing) = keys.iter().find(|key| known.is_none_or(|texts| !texts.contains_key(**key))) {
        return Err((format!("{language}.{missing}"), "missing: expected a text in the brand's language".to_owned()));
    }
    for (language, texts) in texts {
        for (key, text) in texts {
            let wrong = |detail| (format!("{language}.{key}"), detail);
            if !keys.contains(&key.as_str()) {
                let expected = if keys.is_empty() { "none".to_owned() } else { keys.join(", ") };
                return Err(wrong(format!("the text of a key that is offered nowhere: expected {expected}")));
            }
            check_text(text, most).map_err(wrong)?;
        }
    }
    Ok(())
}

fn check_text(text: &str, most: usize) -> Result<(), String> {
    if text.trim().is_empty() || text.contains(char::is_control) || text.chars().count() > most {
        return Err(format!("{text:?}: expected one line of 1 to {most} characters"));
    }
    Ok(())
}

impl Config {
    /// Checks what customers are offered after the click. The error is the key and what is wrong.
    pub(super) fn check_after(&self) -> Result<(), Wrong> {
        let language = &self.text(None).language;
        let within = |section: &str, (key, detail): Wrong| match key.as_str() {
            "" => (section.to_owned(), detail),
            key => (format!("{section}.{key}"), detail),
        };
        self.reasons.check(language).map_err(|wrong| within("reasons", wrong))?;
        if let Some(question) = &self.question {
            question.check(language).map_err(|wrong| within("question", wrong))?;
        }
        for (key, thanks) in &self.thanks {
            let section = format!("thanks.{key}");
            if score(key).is_none() {
                return Err((section, "expected a score of 1 to 5".to_owned()));
            }
            thanks.check(language).map_err(|wrong| within(&section, wrong))?;
        }
        Ok(())
    }

    /// What a page in a language offers beside a rating. A text that is missing in it is in the brand's language.
    #[must_use]
    pub fn offered<'c>(&'c self, language: &str) -> Offered<'c> {
        let brand = self.text(None).language.as_str();
        let pick = |texts, scores: BTreeSet<Score>, key| {
            Some(Choice { key, words: words(texts, &[language, brand], key)?, scores })
        };
        let reasons = self.reasons.keys().into_iter();
        let reasons = reasons.filter_map(|key| pick(&self.reasons.texts, self.reasons.scores(key), key));
        let question = self.question.as_ref().and_then(|question| {
            let choices = question.choices.iter().filter_map(|key| pick(&question.texts, question.scores(), key));
            Some(Question {
                key: &question.key,
                words: words(&question.texts, &[language, brand], ASK)?,
                scores: question.scores(),
                choices: choices.collect(),
            })
        });
        let say = |thanks: &'c ThanksSettings| {
            // Text and link are of one language: they may be one sentence.
            let (language, texts) = [language, brand].iter().find_map(|name| thanks.texts.get_key_value(*name))?;
            let link = texts.get(LINK).zip(thanks.url.as_ref());
            Some(Thanks {
                text: texts.get(TEXT).map(String::as_str),
                link: link.map(|(link, url)| (link.as_str(), url.as_str())),
                language,
            })
        };
        let mut thanks = [None; 5];
        for (key, settings) in &self.thanks {
            if let Some(score) = score(key) {
                thanks[score.index()] = say(settings);
            }
        }
        Offered { reasons: reasons.collect(), question, thanks }
    }

    /// What of a form's ticks, each a question and a choice, is on offer, with the scores that it is offered for. A choice
    /// that was taken out of the settings since the page was opened is left out. A question has one answer.
    #[must_use]
    pub fn ticks(&self, ticked: &BTreeSet<(String, String)>) -> Vec<Tick> {
        let is_ticked = |question: &str, choice: &str| ticked.contains(&(question.to_owned(), choice.to_owned()));
        let tick = |question: &str, choice: &str, scores| Tick {
            question: question.to_owned(),
            choice: choice.to_owned(),
            scores,
        };
        let reasons = self.reasons.keys().into_iter().filter(|key| is_ticked(REASONS, key));
        let reasons = reasons.map(|key| tick(REASONS, key, self.reasons.scores(key)));
        let answer = self.question.as_ref().and_then(|question| {
            let choice = question.choices.iter().find(|choice| is_ticked(&question.key, choice))?;
            Some(tick(&question.key, choice, question.scores()))
        });
        reasons.chain(answer).collect()
    }
}

/// The text of a key in the first of the languages that has one.
fn words<'a>(texts: &'a Texts, languages: &[&str], key: &str) -> Option<Words<'a>> {
    languages.iter().find_map(|name| {
        let (language, texts) = texts.get_key_value(*name)?;
        Some(Words { text: texts.get(key)?, language })
    })
}

#[cfg(test)]
mod tests;
