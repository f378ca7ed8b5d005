//! How cuts are spelled, which stretches of time are shown, and what the period before is.

use super::*;
use crate::survey::report::Figures;
use proptest::prelude::*;

fn time(text: &str) -> Time {
    text.parse().expect("a time")
}

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a day")
}

fn cut(text: &str) -> Cut {
    text.parse().expect(text)
}

fn period(from: &str, to: &str, zone: Tz) -> Period {
    let bound = |text: &str| Some(Bound::Day(day(text)));
    Period::between(bound(from), bound(to), time("2026-11-25T12:00:00Z"), zone).expect("a period")
}

/// A row with one rating.
fn row(keys: &[Option<&str>]) -> Group {
    let keys = keys.iter().map(|key| key.map(Key::of).unwrap_or_default()).collect();
    Group { keys, figures: Figures { scores: [1, 0, 0, 0, 0], ..Figures::default() }, ..Group::default() }
}

/// What the rows show, in their order: ids, with `*` where there is a rating.
fn shown(rows: Vec<Group>, by: &str, from: &str, to: &str) -> Vec<String> {
    let (zone, now) = (chrono_tz::Europe::Berlin, time("2026-11-25T12:00:00Z"));
    let rows = arrange(rows, cut(by), period(from, to, zone), now, zone);
    let word = |row: &Group| {
        let ids: Vec<_> = row.keys.iter().map(|key| key.id.clone().unwrap_or("-".into())).collect();
        format!("{}{}", ids.join(" "), if row.figures.ratings() > 0 { "*" } else { "" })
    };
    rows.iter().map(word).collect()
}

#[test]
fn a_cut_is_one_word_or_two_different_ones() {
    assert_eq!(Cut::default(), cut("teammate"));
    for by in By::ALL {
        assert_eq!((cut(by.word()), by.word().to_owned()), (Cut::from(*by), Cut::from(*by).to_string()));
    }
    for text in ["team,month", "month,team", "channel,tag"] {
        assert_eq!(cut(text).to_string(), text);
    }
    for wrong in ["", ",", "team,", "team,team", "day,month", "week,day", "team,tag,day", "team month", "Team", "year"]
    {
        assert!(wrong.parse::<Cut>().is_err(), "{wrong}");
    }
    let refused = "day,week".parse::<Cut>().expect_err("two times");
    assert_eq!(refused, "\"day,week\": expected two different cuts, at most one of them day, week or month");
}

#[test]
fn a_week_begins_on_monday_and_belongs_to_the_year_of_its_thursday() {
    for (on, week, month) in [
        ("2026-11-22", "2026-W47", "2026-11"),
        ("2026-11-23", "2026-W48", "2026-11"),
        ("2026-01-01", "2026-W01", "2026-01"),
        ("2027-01-03", "2026-W53", "2027-01"),
        ("2024-12-30", "2025-W01", "2024-12"),
    ] {
        assert_eq!([By::Week, By::Month, By::Day].map(|by| stretch(by, day(on))), [week, month, on].map(str::to_owned));
    }
}

#[test]
fn rows_are_by_name_with_the_nameless_last() {
    let named =
        |id: &str, name: &str| Group { keys: vec![Key { id: Some(id.into()), name: Some(name.into()) }], ..row(&[]) };
    let rows = vec![row(&[None]), named("t1", "Grace"), named("t2", "Ada"), named("t0", "Grace")];
    assert_eq!(shown(rows, "teammate", "2026-11-01", "2026-11-02"), ["t2*", "t0*", "t1*", "-*"]);
    let rows = vec![row(&[None, Some("a")]), row(&[Some("x"), None]), row(&[Some("x"), Some("b")])];
    assert_eq!(shown(rows, "team,tag", "2026-11-01", "2026-11-02"), ["x b*", "x -*", "- a*"]);
}

#[test]
fn stretches_without_data_are_shown_up_to_today() {
    let found = shown(vec![row(&[Some("2026-11-24")])], "day", "2026-11-23", "2026-11-30");
    assert_eq!(found, ["2026-11-23", "2026-11-24*", "2026-11-25"]);
    assert_eq!(shown(vec![], "week", "2026-11-14", "2026-11-23"), ["2026-W46", "2026-W47", "2026-W48"]);
    assert_eq!(shown(vec![], "month", "2026-08-31", "2026-10-01"), ["2026-08", "2026-09", "2026-10"]);
    assert_eq!(shown(vec![], "month", "1970-01-01", "2020-02-01"), ["2020-01", "2020-02"]);
    assert_eq!(shown(vec![], "team", "2026-11-01", "2026-11-02"), [""; 0]);
    // A mail can be due later than today.
    assert_eq!(
        shown(vec![row(&[Some("2026-11-27")])], "day", "2026-11-25", "2026-11-30"),
        ["2026-11-25", "2026-11-27*"]
    );
}

#[test]
fn each_group_of_two_has_every_stretch() {
    let rows = || vec![row(&[Some("2026-11-24"), Some("x")]), row(&[Some("2026-11-25"), None])];
    let days = ["2026-11-24 x*", "2026-11-24 -", "2026-11-25 x", "2026-11-25 -*"];
    assert_eq!(shown(rows(), "day,team", "2026-11-24", "2026-11-25"), days);
    let swapped = rows().into_iter().map(|mut row| {
        row.keys.reverse();
        row
    });
    let found = shown(swapped.collect(), "team,day", "2026-11-24", "2026-11-25");
    assert_eq!(found, ["x 2026-11-24*", "x 2026-11-25", "- 2026-11-24", "- 2026-11-25*"]);
    assert_eq!(shown(vec![], "team,day", "2026-11-24", "2026-11-25"), [""; 0], "there is nobody to show");
    let odd = vec![row(&[Some("2026-11-24"), Some("2026-11-24")])];
    let found = shown(odd, "team,day", "2026-11-24", "2026-11-25");
    assert_eq!(found, ["2026-11-24 2026-11-24*", "2026-11-24 2026-11-25"], "a team may be called like a day");
    let many: Vec<_> = (0..MOST_ROWS).map(|number| row(&[Some(&number.to_string()), Some("2026-11-24")])).collect();
    assert_eq!(shown(many, "team,day", "2026-11-24", "2026-11-25").len(), MOST_ROWS, "none is added to that many");
}

#[test]
fn the_period_before_is_as_long() {
    let bound = |text: &str| text.parse::<Bound>().expect("a bound");
    for (from, to, expected) in [
        ("2026-11-01", "2026-11-30", "2026-10-01 2026-10-31"),
        ("2026-03-01", "2026-03-31", "2026-02-01 2026-02-28"),
        ("2026-01-01", "2026-12-31", "2025-01-01 2025-12-31"),
        ("2026-10-01", "2026-12-31", "2026-07-01 2026-09-30"),
        ("2026-11-01", "2026-11-29", "2026-10-03 2026-10-31"),
        ("2026-11-25", "2026-11-25", "2026-11-24 2026-11-24"),
        ("2026-11-22T10:00:00Z", "2026-11-22T11:30:00Z", "2026-11-22T08:30:00Z 2026-11-22T10:00:00Z"),
        ("2026-11-22T12:00:00Z", "2026-11-22", "2026-11-22T00:00:00Z 2026-11-22T12:00:00Z"),
    ] {
        let (from, to) = (bound(from), bound(to));
        let period = Period::between(Some(from), Some(to), time("2026-11-25T12:00:00Z"), Tz::UTC).expect("a period");
        let (first, last) = before(from, to, period).expect("in the calendar");
        assert_eq!(format!("{first} {last}"), expected);
    }
    let (first, second) = (Bound::Day(NaiveDate::MIN), Bound::Day(NaiveDate::MIN.succ_opt().expect("a day")));
    let period = Period { from: Time::UNIX_EPOCH, until: Time::UNIX_EPOCH };
    assert_eq!(before(first, second, period), None, "it leaves the calendar");
}

proptest! {
    #[test]
    fn the_period_before_ends_where_it_begins(from in 0..3_000u64, days in 0..800u64) {
        let first = day("2020-01-01") + Days::new(from);
        let last = first + Days::new(days);
        let period = Period { from: Time::UNIX_EPOCH, until: Time::UNIX_EPOCH };
        let earlier = before(Bound::Day(first), Bound::Day(last), period);
        let Some((Bound::Day(start), Bound::Day(end))) = earlier else { panic!("days") };
        prop_assert_eq!(end + Days::new(1), first);
        let difference = ((end - start) - (last - first)).num_days().abs();
        prop_assert!(difference <= 4, "whole months differ by days: {} {}", start, end);
    }
}

proptest! {
    #[test]
    fn a_stretch_begins_with_the_first_day_that_has_its_name(day in 0..40_000u64) {
        let day = NaiveDate::from_ymd_opt(2000, 1, 1).expect("a day") + Days::new(day);
        for by in [By::Day, By::Week, By::Month] {
            let name = stretch(by, day);
            let first = start(by, &name).expect("a name of ours");
            prop_assert!(first <= day && stretch(by, first) == name);
            prop_assert!(stretch(by, first.pred_opt().expect("a day")) != name);
            prop_assert_eq!(start(by, "x"), None);
        }
    }
}
