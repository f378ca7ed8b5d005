//! Decides which words are a person's name, so that no mail greets an address or a telephone number.
//!
//! It owns what counts as a name. It must not know where the words come from, nor where a name is shown.

use crate::survey::weblinks::without_links;

/// The longest name that is shown, in Unicode characters. Few people have a longer one, but somebody who opens a ticket
/// in another's name could have a whole message mailed in place of a name.
const LONGEST: usize = 60;

/// The name in `text`: all its words but those that a mail program may show as a link. `None` if there is no letter in
/// them, or if they are too long for a name.
///
/// The whole name stays, because nobody can tell which part is the one to greet by: "Lovelace, Ada", "山田 太郎" and
/// "Dr. Ada King" begin with three different things. A helpdesk that wants "Hi Ada" sends "Ada".
#[must_use]
pub(super) fn name(text: &str) -> Option<String> {
    let name = without_links(text)?;
    let fits = name.contains(char::is_alphabetic) && name.chars().count() <= LONGEST;
    fits.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_kept_whole() {
        for text in ["Ada", "Ada Lovelace", "Lovelace, Ada", "Dr. Ada King-Noel", "山田 太郎", "Ludwig XIV.", "🌹 Rose"]
        {
            assert_eq!(name(text).as_deref(), Some(text));
        }
        assert_eq!(name("Ada (ada@example.com)").as_deref(), Some("Ada"));
        assert_eq!(name(&"ä".repeat(LONGEST)), Some("ä".repeat(LONGEST)));
    }

    #[test]
    fn an_address_a_number_and_a_message_are_no_names() {
        let long = "a".repeat(LONGEST + 1);
        for text in
            ["", " ", "ada@example.com", "<ada@example.com>", "ada.example.com", "+49 170 123", "4711", "???", &long]
        {
            assert_eq!(name(text), None, "{text}");
        }
    }
}
