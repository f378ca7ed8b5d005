//! What is remembered of visitors, at its boundaries.

use super::*;
use proptest::prelude::*;

fn ms(time: i64) -> Time {
    Time::from_timestamp_millis(1_700_000_000_000 + time).expect("in the calendar")
}

fn face(number: i64) -> Score {
    Score::try_from(number).expect("1 to 5")
}

fn view(at: i64, score: i64) -> View {
    View { at: ms(at), score: face(score), visitor: Visitor::default() }
}

fn attempt(at: i64, page: i64, score: i64) -> Try {
    let (page, score) = (PageId::from(page), face(score));
    Try { at: ms(at), page, score, how: Evidence::Seen, once_more: false, fate: None }
}

fn tries(list: &[(i64, i64, i64)]) -> Trail {
    let mut trail = Trail::default();
    for (at, page, score) in list {
        trail.tried(attempt(*at, *page, *score));
    }
    trail
}

#[test]
fn each_page_speaks_by_its_latest_try() {
    for (list, now, scores) in [
        (&[][..], 0, 0),
        (&[(0, 1, 5)], 0, 1),
        (&[(0, 1, 5), (1, 2, 5)], 2, 1),
        (&[(0, 1, 5), (1, 2, 4)], 2, 2),
        (&[(0, 1, 5), (1, 1, 4)], 2, 1),
        (&[(0, 1, 5), (1, 2, 4), (2, 1, 4)], 3, 1),
        (&[(0, 1, 5), (1, 2, 4)], 59_999, 2),
        (&[(0, 1, 5), (1, 2, 4)], 60_000, 1),
        (&[(0, 1, 5), (1, 2, 4)], 60_001, 0),
    ] {
        assert_eq!(tries(list).scores_tried_in_burst(ms(now), true), scores, "{list:?} at {now}");
    }
}

#[test]
fn faces_viewed_are_counted_once_each_for_less_than_60_s() {
    let mut trail = Trail::default();
    for (at, score) in [(0, 1), (10, 2), (20, 2), (30, 3)] {
        trail.viewed(view(at, score));
    }
    for (now, scores) in [(30, 3), (59_999, 3), (60_000, 2), (60_010, 2), (60_020, 1), (60_030, 0)] {
        assert_eq!(trail.scores_viewed_in_burst(ms(now)), scores, "{now}");
    }
}

#[test]
fn hot_begins_at_once_and_ends_after_less_than_5_min() {
    let mut trail = Trail::default();
    trail.mark_hot(ms(0));
    trail.mark_hot(ms(100_000));
    trail.mark_hot(ms(1_000_000));
    for (time, hot) in [
        (-1, false),
        (0, true),
        (300_000, true),
        (399_999, true),
        (400_000, false),
        (999_999, false),
        (1_000_000, true),
        (1_299_999, true),
        (1_300_000, false),
    ] {
        assert_eq!(trail.hot_at(ms(time)), hot, "{time}");
    }
}

#[test]
fn a_loop_over_one_link_makes_nobody_forget_the_others() {
    let mut trail = Trail::default();
    for score in 1..=5 {
        trail.viewed(view(score, score));
        trail.tried(attempt(score, score, score));
    }
    for at in 0..200 {
        trail.viewed(view(10 + at, 5));
        trail.tried(attempt(10 + at, 5, 5));
    }
    assert_eq!((trail.views.len(), trail.tries.len()), (KEPT, KEPT));
    assert_eq!(trail.scores_viewed_in_burst(ms(1_000)), 5);
    assert_eq!(trail.scores_tried_in_burst(ms(1_000), true), 5);
}

#[test]
fn a_trail_is_kept_in_words_that_later_versions_must_read() {
    let mut trail = tries(&[(1, 7, 4)]);
    trail.judged(Fate::TooSoon);
    trail.viewed(View { visitor: Visitor { phone: true, ..Visitor::default() }, ..view(0, 5) });
    trail.mark_hot(ms(2));
    let json = serde_json::to_value(&trail).expect("plain data");
    let expected = serde_json::json!({
        "views": [[1_700_000_000_000i64, 5, 2]],
        "tries": [[1_700_000_000_001i64, 7, 4, "seen", false, "too_soon"]],
        "hot": [[1_700_000_000_002i64, 1_700_000_300_002i64]],
    });
    assert_eq!(json, expected);
    assert!(serde_json::from_value::<Score>(serde_json::json!(6)).is_err());
}

#[test]
fn a_trail_of_the_first_version_is_read() {
    let stored = serde_json::json!({
        "views": [[1_700_000_000_000i64, 5]],
        "tries": [[1_700_000_000_001i64, 7, 4, "seen"]],
        "hot": [[1_700_000_000_002i64, 1_700_000_300_002i64]],
    });
    let mut trail = tries(&[(1, 7, 4)]);
    trail.viewed(view(0, 5));
    trail.mark_hot(ms(2));
    assert_eq!(serde_json::from_value::<Trail>(stored).expect("known"), trail);
    for broken in ["[1]", "[1, 6]", "[1, 5, 256]", "[1, 5, 0, 0]"] {
        assert!(serde_json::from_str::<View>(broken).is_err(), "{broken}");
    }
}

#[test]
fn every_visitor_and_try_comes_back_as_it_was_stored() {
    for bits in 0..8u8 {
        let flag = |bit: u8| bits & bit != 0;
        let visitor = Visitor { machine: flag(1), phone: flag(2), webmail: flag(4) };
        let view = View { visitor, ..view(1, 3) };
        let json = serde_json::to_string(&view).expect("plain data");
        assert_eq!(serde_json::from_str::<View>(&json).expect("ours"), view);
        let fate = Fate::ALL.get(usize::from(bits)).copied().filter(|_| flag(2));
        let attempt = Try { how: Evidence::Pressed, once_more: flag(1), fate, ..attempt(1, 7, 5) };
        let json = serde_json::to_string(&attempt).expect("plain data");
        assert_eq!(serde_json::from_str::<Try>(&json).expect("ours"), attempt);
    }
}

proptest! {
    #[test]
    fn it_is_hot_exactly_less_than_5_min_after_a_mark(mut marks in prop::collection::vec(0..2_000_000i64, 0..40), time in 0..2_500_000i64, sorted: bool) {
        if sorted {
            marks.sort_unstable();
        }
        let mut trail = Trail::default();
        for mark in &marks {
            trail.mark_hot(ms(*mark));
        }
        let hot = marks.iter().any(|mark| (0..300_000).contains(&(time - mark)));
        prop_assert_eq!(trail.hot_at(ms(time)), hot);
    }

    #[test]
    fn the_newest_64_stay_in_their_order(count in 0..200i64) {
        let mut trail = Trail::default();
        for at in 0..count {
            trail.viewed(view(at, 1 + at % 5));
            trail.tried(attempt(at, at, 5));
            trail.mark_hot(ms(at * 1_000_000));
        }
        let newest: Vec<Time> = ((count - 64).max(0)..count).map(ms).collect();
        prop_assert_eq!(trail.views.iter().map(|view| view.at).collect::<Vec<_>>(), newest.clone());
        prop_assert_eq!(trail.tries.iter().map(|attempt| attempt.at).collect::<Vec<_>>(), newest);
        prop_assert_eq!(trail.hot.len(), 64.min(usize::try_from(count).expect("few")));
    }

    #[test]
    fn nothing_that_the_rules_ask_is_forgotten(
        few in prop::collection::vec((1..=5i64, 0..8u8), 0..6),
        many in prop::collection::vec((1..=2i64, 0..2u8), 60..140),
    ) {
        let (mut trail, mut all) = (Trail::default(), Vec::new());
        for (score, bits) in few.into_iter().chain(many) {
            let flag = |bit: u8| bits & bit != 0;
            let visitor = Visitor { machine: flag(1), phone: flag(2), webmail: flag(4) };
            all.push(View { visitor, ..view(0, score) });
            trail.viewed(*all.last().expect("pushed"));
            let how = if flag(1) { Evidence::Pressed } else { Evidence::Seen };
            trail.tried(Try { how, once_more: flag(1) && flag(2), ..attempt(0, 7 * score, score) });
        }
        prop_assert_eq!(trail.views.len(), 64.min(all.len()));
        for pose in [true, false] {
            let of = |view: &View| view.visitor.clicks() == pose;
            let were: BTreeSet<Score> = all.iter().filter(|view| of(view)).map(|view| view.score).collect();
            prop_assert_eq!(trail.scores_viewed(of), were.len());
        }
        for by_script in [true, false] {
            let were: BTreeSet<Score> =
                all.iter().filter(|view| view.visitor.machine != by_script).map(|view| view.score).collect();
            prop_assert_eq!(trail.scores_tried_in_burst(ms(59_999), by_script), were.len());
        }
    }
}
