//! A place of a payload, read as helpdesks write it: numbers as texts, ids as numbers, a blank for a missing value.
//!
//! It owns these spellings. It must not know which helpdesk wrote, nor what a place means.

use crate::survey::Time;
use crate::survey::fields::{is_address, is_web_address};
use chrono::DateTime;
use mail_parser::decoders::html::html_to_text;
use serde_json::Value;
use std::ops::Range;

/// A place of a payload, which may not be there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node<'v>(Option<&'v Value>);

impl<'v> Node<'v> {
    pub(super) fn new(value: &'v Value) -> Self {
        Self(Some(value))
    }

    /// The place below, by the names on the way there: `meta.sender.email`.
    pub(super) fn at(self, path: &str) -> Self {
        Self(path.split('.').fold(self.0, |at, name| at.and_then(|at| at.get(name))))
    }

    /// The first of these places that is there and not null.
    pub(super) fn either(self, paths: &[&str]) -> Self {
        paths.iter().map(|path| self.at(path)).find(|node| node.is_there()).unwrap_or(Self(None))
    }

    pub(super) fn is_there(self) -> bool {
        self.0.is_some_and(|value| !value.is_null())
    }

    /// Whether it is not there, null or a blank text.
    pub(super) fn is_blank(self) -> bool {
        !self.is_there() || self.0.and_then(Value::as_str).is_some_and(|text| text.trim().is_empty())
    }

    pub(super) fn is_list(self) -> bool {
        self.0.is_some_and(Value::is_array)
    }

    /// The items of a list.
    pub(super) fn items(self) -> impl Iterator<Item = Self> {
        self.0.and_then(Value::as_array).into_iter().flatten().map(Self::new)
    }

    /// The names of the fields of an object.
    pub(super) fn names(self) -> impl Iterator<Item = &'v str> {
        self.0.and_then(Value::as_object).into_iter().flatten().map(|(name, _)| name.as_str())
    }

    /// A text that is not blank.
    pub(super) fn text(self) -> Option<String> {
        let text = self.0.and_then(Value::as_str)?.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// A text or a whole number.
    pub(super) fn id(self) -> Option<String> {
        match self.0? {
            Value::Number(number) if number.is_i64() || number.is_u64() => Some(number.to_string()),
            _ => self.text(),
        }
    }

    /// A whole number, also as a text; `None` if it does not fit.
    pub(super) fn number(self) -> Option<u32> {
        self.id()?.parse().ok()
    }

    /// True or false, also as a text.
    pub(super) fn flag(self) -> Option<bool> {
        match self.0? {
            Value::Bool(flag) => Some(*flag),
            _ => self.text()?.to_ascii_lowercase().parse().ok(),
        }
    }

    /// An address that mail can be sent to.
    pub(super) fn address(self) -> Option<String> {
        self.text().filter(|text| is_address(text))
    }

    /// An http or https address. Some helpdesks print it without the scheme.
    pub(super) fn web_address(self) -> Option<String> {
        let text = self.text()?;
        let whole = if text.contains("://") { text } else { format!("https://{text}") };
        is_web_address(&whole).then_some(whole)
    }

    /// What a text in HTML says.
    pub(super) fn html(self) -> Option<String> {
        Some(html_to_text(self.0.and_then(Value::as_str)?).trim().to_owned())
    }

    /// What a text says. It is taken for HTML if a tag ends in it; in a plain text, `<` can stand before anything.
    pub(super) fn html_or_plain(self) -> Option<String> {
        let text = self.0.and_then(Value::as_str)?;
        if text.contains("</") { self.html() } else { Some(text.to_owned()) }
    }

    /// A moment: RFC 3339, the same without seconds, with a space in place of the `T`, with `UTC` as its zone; or seconds of
    /// Unix time, with or without a fraction; 0 means never. A time without its zone is no moment.
    pub(super) fn time(self) -> Option<Time> {
        match self.0? {
            Value::Number(number) => unix(&number.to_string()),
            Value::String(text) => unix(text.trim()).or_else(|| written(text.trim())),
            _ => None,
        }
    }
}

/// The seconds of Unix time that are believed: of the years 2001 to 9999. A smaller number is something else, such as a day,
/// an id, or 0 for never; with a larger one, times could not be compared.
const BELIEVED: Range<i64> = 1_000_000_000..253_402_300_800;

/// Cut to whole milliseconds, as it will be stored.
fn moment(millis: i64) -> Option<Time> {
    Time::from_timestamp_millis(millis).filter(|time| BELIEVED.contains(&time.timestamp()))
}

fn unix(text: &str) -> Option<Time> {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    let seconds: i64 = seconds.parse().ok()?;
    let digits = |digit: char| digit.is_ascii_digit();
    let millis: i64 = fraction.chars().all(digits).then(|| format!("{fraction:0<3}"))?.get(..3)?.parse().ok()?;
    moment(seconds.checked_mul(1000)?.checked_add(millis)?)
}

fn written(text: &str) -> Option<Time> {
    const CLOCKS: [&str; 2] = ["%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M%#z"];
    let (day, clock) = text.split_once(['T', 't', ' '])?;
    let clock = clock.replace(' ', "");
    let clock = clock.strip_suffix("UTC").map_or(clock.clone(), |clock| format!("{clock}Z"));
    let whole = format!("{day}T{clock}");
    let time = CLOCKS.iter().find_map(|clock| DateTime::parse_from_str(&whole, clock).ok())?;
    moment(time.timestamp_millis())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::survey::stamp;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn a_moment_is_read_in_every_spelling_that_helpdesks_print() {
        for (value, read) in [
            (json!("2026-11-24T14:00:07.250Z"), Some("2026-11-24T14:00:07.250Z")),
            (json!("2026-11-24T14:00:07+01:00"), Some("2026-11-24T13:00:07Z")),
            (json!("2026-11-24T14:00Z"), Some("2026-11-24T14:00:00Z")),
            (json!("2026-11-24T14:00+0100"), Some("2026-11-24T13:00:00Z")),
            (json!("2026-11-24 14:00:00 UTC"), Some("2026-11-24T14:00:00Z")),
            (json!("2026-11-24 14:00 UTC"), Some("2026-11-24T14:00:00Z")),
            (json!("2026-11-24 14:00:00 -0500"), Some("2026-11-24T19:00:00Z")),
            (json!(" 2026-11-24T14:00:00Z "), Some("2026-11-24T14:00:00Z")),
            (json!(1_795_528_800), Some("2026-11-24T14:00:00Z")),
            (json!(1_795_528_800.125), Some("2026-11-24T14:00:00.125Z")),
            (json!("1795528800"), Some("2026-11-24T14:00:00Z")),
            (json!(0), None),
            (json!("20261124"), None),
            (json!(-5), None),
            (json!(""), None),
            (json!(null), None),
            (json!(true), None),
            (json!("yesterday"), None),
            (json!("2026-11-24"), None),
            (json!("1970-01-01T00:00:00Z"), None),
            (json!("9999-12-31T23:59:59Z"), Some("9999-12-31T23:59:59Z")),
            (json!("+262142-12-31T23:59:59Z"), None),
            (json!("2026-11-24T14:00:00"), None),
            (json!("2026-13-24T14:00:00Z"), None),
            (json!("2026-11-24T25:00Z"), None),
            (json!(9.0e300), None),
            (json!(u64::MAX), None),
        ] {
            assert_eq!(Node::new(&value).time().map(stamp).as_deref(), read, "{value}");
        }
    }

    #[test]
    fn texts_stand_for_other_kinds_and_blanks_for_nothing() {
        let value = json!({"a": {"b": " x "}, "n": 7, "t": "7", "blank": " ", "null": null, "f": 1.5, "yes": "True"});
        let node = Node::new(&value);
        assert_eq!(node.at("a.b").text().as_deref(), Some("x"));
        assert_eq!(node.at("n").id().as_deref(), Some("7"));
        assert_eq!((node.at("n").number(), node.at("t").number()), (Some(7), Some(7)));
        assert_eq!(node.at("yes").flag(), Some(true));
        for path in ["a.c", "a.b.c", "blank", "null", "none", ""] {
            let node = node.at(path);
            assert_eq!(
                (node.text(), node.id(), node.number(), node.flag(), node.time()),
                (None, None, None, None, None)
            );
        }
        assert_eq!((node.at("f").id(), node.at("f").number(), node.at("n").text()), (None, None, None));
        assert_eq!(node.either(&["null", "none", "t", "n"]).text().as_deref(), Some("7"));
    }

    #[test]
    fn html_counts_as_what_it_says() {
        for (html, said) in [
            ("<p>Fish &amp; chips</p>", "Fish & chips"),
            ("Line<br>two", "Line\ntwo"),
            ("plain", "plain"),
            ("<style>p { color: red }</style>x", "x"),
            ("<img src=\"a.png\">", ""),
        ] {
            assert_eq!(Node::new(&json!(html)).html().as_deref(), Some(said), "{html}");
        }
        assert_eq!(Node::new(&json!(null)).html(), None);
        for (text, said) in
            [("<p>a < b</p>", "a"), ("a < b > c", "a < b > c"), ("From: <ada@example.com>", "From: <ada@example.com>")]
        {
            assert_eq!(Node::new(&json!(text)).html_or_plain().as_deref(), Some(said), "{text}");
        }
    }

    #[test]
    fn a_web_address_may_lack_its_scheme() {
        for (text, read) in [
            ("https://a.example/1", Some("https://a.example/1")),
            ("a.zendesk.com/agent/tickets/1", Some("https://a.zendesk.com/agent/tickets/1")),
            ("ftp://a.example", None),
            ("not an address", None),
            ("", None),
        ] {
            assert_eq!(Node::new(&json!(text)).web_address().as_deref(), read, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "\\PC{0,60}|[0-9T:. +UTCZ-]{0,40}|[<>&;a-z/ é#x0-9-]{0,80}") {
            let value = json!(text);
            let node = Node::new(&value);
            let _ = (node.time(), node.html(), node.html_or_plain(), node.web_address(), node.address(), node.number(), node.flag());
        }
    }
}
