//! How values that are stored, reported or configured are spelled: one word each, declared once.
//!
//! It owns the macro that makes such an enum. It must not know any of them.

/// Declares an enum whose values have one word each: in JSON, in the database, in the configuration and on the command
/// line. `FromStr` and `Deserialize` refuse anything else and name the words they expected.
macro_rules! words {
    ($(#[$meta:meta])* $vis:vis enum $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $vis enum $name {
            $($(#[$doc])* $variant),+
        }

        impl $name {
            /// All values, in the order of their declaration.
            $vis const ALL: &[Self] = &[$(Self::$variant),+];

            /// The word for it.
            #[must_use]
            $vis const fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),+
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.word())
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;

            /// # Errors
            /// Any other word, in a sentence that lists those expected.
            fn from_str(text: &str) -> Result<Self, String> {
                let known = Self::ALL.iter().copied().find(|value| value.word() == text);
                known.ok_or_else(|| format!("{text:?}: expected {}", $crate::survey::words::list(&[$($word),+])))
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(self.word())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = String::deserialize(from)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

pub(crate) use words;

/// Words as a sentence lists them: `a, b or c`.
pub(crate) fn list(words: &[&str]) -> String {
    match words {
        [first @ .., next, last] if !first.is_empty() => format!("{}, {next} or {last}", first.join(", ")),
        [first, last] => format!("{first} or {last}"),
        others => others.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    words! {
        /// For the tests.
        enum Fruit {
            Apple = "apple",
            Pear = "pear",
            Plum = "plum",
        }
    }

    #[test]
    fn a_word_is_read_back_and_any_other_is_refused_with_those_expected() {
        for fruit in Fruit::ALL {
            assert_eq!(fruit.word().parse(), Ok(*fruit));
            assert_eq!(serde_json::from_value::<Fruit>(serde_json::json!(fruit)).expect("a word"), *fruit);
        }
        assert_eq!("Pear".parse::<Fruit>(), Err("\"Pear\": expected apple, pear or plum".to_owned()));
        assert!(serde_json::from_str::<Fruit>("3").expect_err("a number").to_string().contains("expected a string"));
        assert_eq!(list(&["one", "two"]), "one or two");
        assert_eq!(format!("{:<6}|", Fruit::Pear), "pear  |");
    }
}
