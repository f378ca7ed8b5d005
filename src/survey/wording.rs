//! How figures are written for people, alike on every page and in every mail to the team.
//!
//! It must not know what a figure counts.

use super::interval::Interval;
use super::report;
use super::span::Span;
use chrono::Datelike;

/// What stands where there is no figure.
pub const NO_FIGURE: &str = "–";

/// Rounds a number to so many digits, and its middle away from zero, as SQL and spreadsheets do: 6.25 is 6.3. `format!`
/// alone would write 6.2.
#[must_use]
pub fn rounded(number: f64, digits: i32) -> f64 {
    let scale = 10_f64.powi(digits);
    (number * scale).round() / scale
}

/// A count with commas between thousands.
#[must_use]
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev().map(|group| String::from_utf8_lossy(group).into_owned());
    groups.collect::<Vec<_>>().join(",")
}

/// A share to a tenth of a percent, with a space that no line breaks at.
#[must_use]
pub fn exact(share: f64) -> String {
    format!("{:.1}\u{a0}%", rounded(share * 100.0, 1))
}

/// The share of a part to a tenth of a percent; [`NO_FIGURE`] of nothing.
#[must_use]
pub fn share(part: u64, of: u64) -> String {
    report::share(part, of).map_or_else(|| NO_FIGURE.to_owned(), exact)
}

/// A share as whole percents, with a space that no line breaks at.
#[must_use]
pub fn percent(share: f64) -> String {
    format!("{:.0}\u{a0}%", rounded(share * 100.0, 0))
}

/// The ends of an interval, as whole percents.
#[must_use]
pub fn ends(interval: Interval) -> String {
    format!("{} to {}", percent(interval.low), percent(interval.high))
}

/// A stretch of days, such as `28 Oct to 26 Nov 2026` or `16 to 22 Nov 2026`.
#[must_use]
pub fn days(Span { first, last }: Span) -> String {
    let end = last.format("%-d %b %Y");
    if first == last {
        end.to_string()
    } else if first.year() != last.year() {
        format!("{} to {end}", first.format("%-d %b %Y"))
    } else if first.month() != last.month() {
        format!("{} to {end}", first.format("%-d %b"))
    } else {
        format!("{} to {end}", first.day())
    }
}

/// A number of things: the plural of their word, unless it is one.
#[must_use]
pub fn plural(number: u64, word: &str) -> String {
    format!("{} {word}{}", count(number), if number == 1 { "" } else { "s" })
}

/// A change of a share, from -1 to 1, in points of percent, to a tenth.
#[must_use]
pub fn tenths(by: f64) -> f64 {
    // Without the sign of a zero.
    rounded(by * 100.0, 1) + 0.0
}

/// The same in words.
#[must_use]
pub fn points(by: f64) -> String {
    match tenths(by) {
        p if p > 0.0 => format!("up {p:.1} points"),
        p if p < 0.0 => format!("down {:.1} points", -p),
        _ => "unchanged".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_is_rounded_up_as_a_spreadsheet_does() {
        // One of 16 and one of 32, which are exact in binary.
        assert_eq!(format!("{:.1}", rounded(6.25, 1)), "6.3");
        assert_eq!(format!("{:.4}", rounded(0.03125, 4)), "0.0313");
        let shown = [12.5, -0.25, 66.666, 100.0].map(|number| format!("{:.1}", rounded(number, 1)));
        assert_eq!(shown, ["12.5", "-0.3", "66.7", "100.0"]);
    }

    #[test]
    fn large_counts_have_commas() {
        let shown = [0, 999, 1000, 12_345, 10_000_000].map(count);
        assert_eq!(shown, ["0", "999", "1,000", "12,345", "10,000,000"]);
    }

    #[test]
    fn days_are_told_briefly() {
        let told = |first: &str, last: &str| {
            days(Span { first: first.parse().expect("a day"), last: last.parse().expect("a day") })
        };
        assert_eq!(told("2026-11-16", "2026-11-22"), "16 to 22 Nov 2026");
        assert_eq!(told("2026-10-26", "2026-11-01"), "26 Oct to 1 Nov 2026");
        assert_eq!(told("2025-11-01", "2026-11-01"), "1 Nov 2025 to 1 Nov 2026");
        assert_eq!(told("2026-12-28", "2027-01-03"), "28 Dec 2026 to 3 Jan 2027");
        assert_eq!(told("2026-11-01", "2026-11-01"), "1 Nov 2026");
    }

    #[test]
    fn a_share_of_nothing_is_no_figure() {
        assert_eq!([share(1, 16), share(0, 3), share(0, 0)], ["6.3\u{a0}%", "0.0\u{a0}%", "–"]);
    }

    #[test]
    fn one_is_not_many() {
        assert_eq!([0, 1, 1200].map(|number| plural(number, "rating")), ["0 ratings", "1 rating", "1,200 ratings"]);
    }

    #[test]
    fn a_change_is_told_in_points() {
        assert_eq!(format!("{:+.1}", tenths(-0.0004)), "+0.0");
        assert_eq!([0.0312, -0.0004, -0.2].map(points), ["up 3.1 points", "unchanged", "down 20.0 points"]);
    }
}
