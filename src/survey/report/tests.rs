//! Periods over days that clocks change on, and what CSAT is.

use super::*;
use crate::survey::rating::Score;
use proptest::prelude::*;

fn time(text: &str) -> Time {
    text.parse().expect("a time")
}

fn bound(text: &str) -> Option<Bound> {
    (!text.is_empty()).then(|| text.parse().expect("a bound"))
}

fn zone(name: &str) -> Tz {
    name.parse().expect("a zone")
}

/// A Wednesday afternoon, in a year whose ends are far.
fn now() -> Time {
    time("2026-11-25T15:00:00Z")
}

/// Each line: zone, from, to, and the instants that they must mean; empty is left out.
fn check(table: &[(&str, &str, &str, &str, &str)]) {
    for (name, from, to, first, until) in table {
        let found = Period::between(bound(from), bound(to), now(), zone(name));
        let expected = Period { from: time(first), until: time(until) };
        assert_eq!(found, Ok(expected), "{name}: {from} to {to}");
    }
}

#[test]
fn days_are_local_and_both_count_whole() {
    check(&[
        ("UTC", "2026-11-01", "2026-11-01", "2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z"),
        ("UTC", "2026-11-01", "2026-11-30", "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"),
        ("Europe/Berlin", "2026-11-01", "2026-11-02", "2026-10-31T23:00:00Z", "2026-11-02T23:00:00Z"),
        ("Asia/Kathmandu", "2026-12-31", "2026-12-31", "2026-12-30T18:15:00Z", "2026-12-31T18:15:00Z"),
        ("UTC", "2028-02-29", "2028-02-29", "2028-02-29T00:00:00Z", "2028-03-01T00:00:00Z"),
    ]);
}

#[test]
fn a_day_is_as_long_as_the_clocks_make_it() {
    check(&[
        // 23 and 25 hours
        ("Europe/Berlin", "2026-03-29", "2026-03-29", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"),
        ("Europe/Berlin", "2026-10-25", "2026-10-25", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"),
        // no midnight: the day begins at one
        ("America/Sao_Paulo", "2018-11-03", "2018-11-03", "2018-11-03T03:00:00Z", "2018-11-04T03:00:00Z"),
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04", "2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z"),
        ("Asia/Beirut", "2026-03-28", "2026-03-28", "2026-03-27T22:00:00Z", "2026-03-28T22:00:00Z"),
        ("Asia/Beirut", "2026-03-29", "2026-03-29", "2026-03-28T22:00:00Z", "2026-03-29T21:00:00Z"),
        // clocks go back to 23:00: the day before has the 25th hour
        ("America/Sao_Paulo", "2018-02-17", "2018-02-17", "2018-02-17T02:00:00Z", "2018-02-18T03:00:00Z"),
        ("Asia/Beirut", "2026-10-25", "2026-10-25", "2026-10-24T22:00:00Z", "2026-10-25T22:00:00Z"),
        // two midnights: the day begins at the first
        ("America/Havana", "2026-11-01", "2026-11-01", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z"),
        // half an hour
        ("Australia/Lord_Howe", "2026-04-05", "2026-04-05", "2026-04-04T13:00:00Z", "2026-04-05T13:30:00Z"),
        // a day that never was
        ("Pacific/Apia", "2011-12-30", "2011-12-30", "2011-12-30T10:00:00Z", "2011-12-30T10:00:00Z"),
        ("Pacific/Apia", "2011-12-29", "2011-12-31", "2011-12-29T10:00:00Z", "2011-12-31T10:00:00Z"),
    ]);
}

#[test]
fn instants_are_half_open_and_exact() {
    let (first, last) = ("2026-11-22T10:00:00Z", "2026-11-22T11:30:00.5Z");
    check(&[
        ("UTC", first, last, first, last),
        ("Europe/Berlin", "2026-11-22T11:00:00+01:00", last, first, last),
        ("UTC", first, first, first, first),
        // mixed
        ("Europe/Berlin", first, "2026-11-22", first, "2026-11-22T23:00:00Z"),
        ("Europe/Berlin", "2026-11-22", last, "2026-11-21T23:00:00Z", last),
    ]);
}

#[test]
fn without_ends_it_is_the_last_30_days_with_today() {
    check(&[
        ("UTC", "", "", "2026-10-27T00:00:00Z", "2026-11-26T00:00:00Z"),
        ("Europe/Berlin", "", "", "2026-10-26T23:00:00Z", "2026-11-25T23:00:00Z"),
        // there it is tomorrow already, or still this morning
        ("Pacific/Kiritimati", "", "", "2026-10-27T10:00:00Z", "2026-11-26T10:00:00Z"),
        ("Pacific/Pago_Pago", "", "", "2026-10-27T11:00:00Z", "2026-11-26T11:00:00Z"),
        // one end alone
        ("UTC", "2026-11-01", "", "2026-11-01T00:00:00Z", "2026-11-26T00:00:00Z"),
        ("UTC", "", "2026-11-30", "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"),
        ("UTC", "", "2026-11-30T00:00:00Z", "2026-10-31T00:00:00Z", "2026-11-30T00:00:00Z"),
        ("UTC", "", "2026-11-30T00:00:00.001Z", "2026-11-01T00:00:00Z", "2026-11-30T00:00:00.001Z"),
    ]);
    let early = Period::between(None, None, time("2026-11-24T23:30:00Z"), zone("Europe/Berlin")).expect("a period");
    assert_eq!(early.until, time("2026-11-25T23:00:00Z"), "today is the local one");
}

#[test]
fn a_period_that_ends_before_it_begins_is_refused() {
    for (from, to) in [
        ("2026-11-03", "2026-11-01"),
        ("2026-11-22T10:00:00.001Z", "2026-11-22T10:00:00Z"),
        ("2026-11-27", ""),
        ("2026-11-23T00:00:00.001Z", "2026-11-22"),
        ("2026-11-22", "2026-11-21T23:59:59Z"),
    ] {
        assert!(Period::between(bound(from), bound(to), now(), Tz::UTC).is_err(), "{from} to {to}");
    }
}

#[test]
fn days_in_the_wrong_order_are_refused_also_when_they_are_neighbours() {
    for (from, to) in [("2026-11-02", "2026-11-01"), ("2026-11-26", "")] {
        assert!(Period::between(bound(from), bound(to), now(), Tz::UTC).is_err(), "{from} to {to}");
    }
}

#[test]
fn a_period_beyond_the_calendar_is_refused_in_a_sentence() {
    for name in ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"] {
        let between = |from, to| Period::between(from, to, now(), zone(name));
        let (first, last) = (Some(Bound::Day(NaiveDate::MIN)), Some(Bound::Day(NaiveDate::MAX)));
        assert!(between(last, last).is_err(), "{name}");
        assert!(between(bound("2026-11-22"), last).is_err(), "{name}");
        assert!(between(None, first).is_err(), "{name}");
        // Where the first day of all begins, only its zone can say; asking must not panic.
        let _ = between(first, first);
        let _ = between(first, None);
    }
}

#[test]
fn a_bound_is_a_day_or_a_time_with_its_zone() {
    assert_eq!("2026-11-22".parse(), Ok(Bound::Day(NaiveDate::from_ymd_opt(2026, 11, 22).expect("a day"))));
    assert_eq!("2026-11-22T13:00:00+01:00".parse(), Ok(Bound::Instant(time("2026-11-22T12:00:00Z"))));
    for wrong in
        ["", "today", "2026-02-29", "2026-11-22T12:00:00", "22.11.2026", "2026-11", "2026-11-22 ", "1764000000"]
    {
        assert!(wrong.parse::<Bound>().is_err(), "{wrong}");
    }
}

#[test]
fn what_is_compared_keeps_groups_that_are_gone() {
    let row = |id: &str, asked| {
        let figures = Figures { asked, ..Figures::default() };
        Group { keys: vec![Key::of(id)], figures, ..Group::default() }
    };
    let mut now = Counted { rows: vec![row("stays", 5), row("new", 6)], ..Counted::default() };
    now.compare(vec![row("gone", 7), row("stays", 8)]);
    let found = now.rows.iter().map(|row| {
        let before = row.before.as_ref().expect("compared").asked;
        (row.keys[0].id.as_deref().expect("an id"), row.figures.asked, before)
    });
    assert_eq!(found.collect::<Vec<_>>(), [("stays", 5, 8), ("new", 6, 0), ("gone", 0, 7)]);
}

#[test]
fn two_of_each_face_give_40_percent() {
    let figures = Figures { positive: 4, scores: [2; 5], ..Figures::default() };
    assert_eq!(figures.csat(), Some(0.4));
    assert_eq!(figures.ratings(), 10);
    assert_eq!(Figures { asked: 5, ..Figures::default() }.csat(), None, "no ratings, no share");
    assert_eq!(Figures { asked: 8, answered: 2, ..Figures::default() }.response_rate(), Some(0.25));
    assert_eq!(figures.response_rate(), None, "nobody was asked in the period");
    assert_eq!(Figures { scores: [3, 0, 0, 0, 0], ..Figures::default() }.csat(), Some(0.0));
    assert_eq!(Figures { positive: 3, scores: [0, 0, 0, 2, 1], ..Figures::default() }.csat(), Some(1.0));
}

proptest! {
    #[test]
    fn csat_is_the_share_of_positive_ratings(scores in prop::collection::vec(1..=5i64, 0..200)) {
        let mut figures = Figures::default();
        for score in &scores {
            figures.scores[Score::try_from(*score).expect("1 to 5").index()] += 1;
            figures.positive += u64::from(*score >= 4);
        }
        let good = scores.iter().filter(|score| [4, 5].contains(*score)).count();
        prop_assert_eq!(figures.ratings(), scores.len() as u64);
        let Some(csat) = figures.csat() else { return { prop_assert!(scores.is_empty()); Ok(()) } };
        prop_assert!((0.0..=1.0).contains(&csat));
        let good_again = csat * f64::from(u32::try_from(scores.len()).expect("few"));
        prop_assert!((good_again - f64::from(u32::try_from(good).expect("few"))).abs() < 1e-9);
    }

    /// Days of a zone leave no moment out and take none twice, and each begins on its own date.
    #[test]
    fn days_follow_each_other_without_a_gap(place in 0..chrono_tz::TZ_VARIANTS.len(), day in 0..20_000u64) {
        let zone = chrono_tz::TZ_VARIANTS[place];
        let day = NaiveDate::from_ymd_opt(1990, 1, 1).expect("a day") + Days::new(day);
        let period = |day| Period::between(Some(Bound::Day(day)), Some(Bound::Day(day)), now(), zone).expect("a period");
        let (this, next) = (period(day), period(day + Days::new(1)));
        prop_assert_eq!(this.until, next.from);
        prop_assert!(this.until - this.from <= TimeDelta::hours(48));
        if this.from < this.until {
            let local = |time: Time| time.with_timezone(&zone).date_naive();
            prop_assert_eq!(local(this.from), day, "the first moment is of that day");
            prop_assert!(local(this.from - TimeDelta::milliseconds(1)) < day, "and the moment before it is not");
        }
    }
}
