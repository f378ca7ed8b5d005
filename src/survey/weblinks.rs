//! Takes links out of other people's words: the customer who opens a ticket must not choose our mail's links.
//!
//! It owns what counts as a link. It must not know where the words come from.

/// The mark in place of a link, in a text that otherwise stays whole.
const TAKEN_OUT: &str = "[link]";

/// Endings of file names that are no top-level domains: no mail program makes a link of `invoice.pdf`.
const FILES: [&str; 18] = [
    "txt", "pdf", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "odt", "csv", "xml", "json", "log", "jpg", "jpeg",
    "png", "gif", "html",
];
/// What browsers take for the dot of a domain.
const DOTS: [char; 4] = ['.', '。', '．', '｡'];

/// The text without the words that a mail program may show as a link; `None` if nothing is left. Such a word holds `://`,
/// `@` or `www.`, or something like `example.com`: a dot before two or more letters, which do not end it as a file name.
#[must_use]
pub fn without_links(text: &str) -> Option<String> {
    let kept: Vec<_> = text.split_whitespace().filter(|word| !is_link(word)).collect();
    (!kept.is_empty()).then(|| kept.join(" "))
}

/// The text with `[link]` for each word that [`without_links`] drops, so that a reader sees that something was there.
#[must_use]
pub fn links_marked(text: &str) -> String {
    let word = |word| if is_link(word) { TAKEN_OUT } else { word };
    text.split_whitespace().map(word).collect::<Vec<_>>().join(" ")
}

fn is_link(word: &str) -> bool {
    let parts = word.match_indices(DOTS).map(|(at, dot)| (&word[..at], &word[at + dot.len()..]));
    let marked = word.contains("://") || word.contains(['@', '＠']) || word.to_lowercase().contains("www.");
    marked || parts.into_iter().any(|(name, rest)| is_domain(name, rest))
}

/// Whether a dot between these is that of a domain.
fn is_domain(name: &str, rest: &str) -> bool {
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '-').unwrap_or(rest.len());
    let (label, after) = rest.split_at(end);
    let label = label.to_lowercase();
    let letters = label.chars().count() >= 2 && label.chars().all(char::is_alphabetic);
    let last = !after.contains(|c: char| c.is_alphanumeric()) && !after.starts_with(['/', '?', '#', ':']);
    name.ends_with(char::is_alphanumeric)
        && (letters || label.starts_with("xn--"))
        && !(last && FILES.contains(&label.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_a_mail_program_links_goes() {
        for (text, left) in [
            ("WIN A PRIZE http://evil.example/prize", "WIN A PRIZE"),
            ("look: www.evil.example, now", "look: now"),
            ("see evil.com/prize", "see"),
            ("(evil.co.uk)", ""),
            ("prize:evil.com!", ""),
            ("evil。com x", "x"),
            ("xn--vil-9la.xn--p1ai y", "y"),
            ("write to ada@evil.example or mailto:a@b.c", "write to or"),
            ("javascript://x", ""),
            ("report.zip and readme.md", "and"),
            ("evil.com:8080/x.pdf?y", ""),
            ("invoice.pdf/x", ""),
        ] {
            assert_eq!(without_links(text).unwrap_or_default(), left, "{text}");
        }
    }

    #[test]
    fn other_words_stay() {
        for text in [
            "Refund for order 4711.",
            "Invoice.pdf is 1.5 MB, see file.txt",
            "e.g. z.B. U.S. v1.2 3.50 10.000",
            "Thanks... what now?",
            "Dr. Who",
            "a/b and/or c:d #7",
        ] {
            assert_eq!(without_links(text).as_deref(), Some(text));
        }
    }

    #[test]
    fn a_link_leaves_a_mark() {
        assert_eq!(links_marked("see\nhttp://evil.example/x, @channel"), "see [link] [link]");
    }

    proptest! {
        #[test]
        fn no_address_survives(before in "[a-z :,(]{0,6}", host in "[a-z0-9-]{1,8}", path in "(/[a-z.]{0,6})?") {
            for link in [format!("http://{host}{path}"), format!("www.{host}.com{path}"), format!("x{host}x.com{path}")] {
                let left = without_links(&format!("{before}{link}")).unwrap_or_default();
                prop_assert!(!left.contains(&host) || before.contains(&host), "{left}");
            }
        }
    }
}
