//! Tests of each rule, and that a target which keeps the newest telling has a correct copy.

use super::*;
use crate::survey::page::PageId;
use crate::survey::rating::Rating;
use proptest::prelude::*;

fn rating(score: usize, evidence: Evidence) -> Rating {
    let at = Time::UNIX_EPOCH;
    Rating { score: Score::ALL[score - 1], evidence, rated_at: at, page: PageId::from(1), page_issued: at, click: true }
}

fn rated(score: usize) -> Standing {
    Standing::Rated(rating(score, Evidence::Seen))
}

fn held(score: usize) -> Standing {
    Standing::Held { rating: rating(score, Evidence::Seen), since: Time::UNIX_EPOCH }
}

fn locked(score: usize) -> Standing {
    Standing::Locked(rating(score, Evidence::Commented))
}

fn voided(before: Standing) -> Standing {
    Standing::Voided(Box::new(before))
}

#[test]
fn each_change_of_a_standing_has_its_events() {
    let pressed = Standing::Rated(rating(2, Evidence::Pressed));
    let told = |before: &Standing, now: &Standing| {
        let News { events, hurry } = news(before, now);
        let events = events.iter().map(|(kind, wait)| format!("{kind} {}", wait.num_minutes()));
        let hurry = hurry.map(|wait| format!("hurry {}", wait.num_minutes()));
        events.chain(hurry).collect::<Vec<_>>().join(", ")
    };
    for (before, now, expected) in [
        (Standing::Unrated, Standing::Unrated, ""),
        (Standing::Unrated, rated(2), "rating.set 10"),
        (Standing::Unrated, pressed.clone(), "rating.set 2"),
        (Standing::Unrated, locked(2), "rating.set 0, rating.commented 0"),
        (Standing::Unrated, held(2), "rating.held 10"),
        (rated(2), rated(2), ""),
        (rated(2), pressed.clone(), "hurry 2"),
        (rated(2), rated(5), "rating.changed 10"),
        (rated(5), pressed, "rating.changed 2"),
        (rated(2), locked(2), "rating.commented 0, hurry 0"),
        (rated(2), locked(5), "rating.changed 0, rating.commented 0"),
        (rated(2), held(2), "rating.held 10"),
        (held(2), rated(2), "rating.set 10"),
        (held(2), locked(2), "rating.set 0, rating.commented 0"),
        (held(2), Standing::Unrated, "rating.voided 0"),
        (rated(2), voided(rated(2)), "rating.voided 0"),
        (voided(rated(2)), rated(2), "rating.set 10"),
        (voided(locked(2)), locked(2), "rating.set 0"),
        (voided(held(2)), held(2), "rating.held 10"),
    ] {
        assert_eq!(told(&before, &now), expected, "{before:?} to {now:?}");
    }
}

#[test]
fn a_repeated_attempt_says_the_same_or_nothing() {
    let said = Said { kind: EventKind::RatingSet, score: Some(Score::ALL[1]) };
    let wants = Wants::everything();
    let turn = |standing: &Standing| turn(EventKind::RatingSet, Some(said), standing, Known::default(), &wants);
    assert_eq!(turn(&rated(2)), Turn::Tell(said));
    assert_eq!(turn(&locked(2)), Turn::Tell(said));
    for other in [rated(3), held(2), voided(rated(2)), Standing::Unrated] {
        assert_eq!(turn(&other), Turn::Superseded, "{other:?}");
    }
}

#[test]
fn a_restored_rating_is_told_where_its_comment_was_told_before() {
    let wants = Wants { comment_tells_all: true, ..Wants::everything() };
    let last = |kind, score: Option<usize>| Some(Said { kind, score: score.map(|score| Score::ALL[score - 1]) });
    let restored = |last, perhaps_more| {
        turn(EventKind::RatingSet, None, &locked(2), Known { last, perhaps_more }, &wants) != Turn::Superseded
    };
    assert!(!restored(None, false), "its comment follows");
    assert!(!restored(last(EventKind::RatingHeld, Some(2)), false), "its comment follows");
    assert!(restored(last(EventKind::RatingVoided, None), false));
    assert!(restored(last(EventKind::RatingCommented, Some(2)), true), "that it was voided may be known");
    assert!(!restored(last(EventKind::RatingCommented, Some(2)), false));
}

#[test]
fn scores_that_a_target_does_not_want_are_not_told() {
    let low = Wants { scores: Score::LOW.into(), ..Wants::everything() };
    let turn = |standing: &Standing, known| turn(EventKind::RatingSet, None, standing, known, &low);
    let five = Said { kind: EventKind::RatingSet, score: Some(Score::ALL[4]) };
    assert_eq!(turn(&rated(5), Known::default()), Turn::Unwanted(five));
    let one = Said { kind: EventKind::RatingChanged, score: Some(Score::ALL[0]) };
    assert_eq!(turn(&rated(1), Known { last: Some(five), perhaps_more: false }), Turn::Tell(one));
}

/// A telling of a survey, as the store keeps it.
struct Kept {
    kind: EventKind,
    due: i64,
    said: Option<Said>,
    waits: bool,
    tries: u32,
    accepted: bool,
}

/// One target, and what it keeps of its tellings.
#[derive(Default)]
struct Play {
    now: i64,
    tellings: Vec<Kept>,
    /// What the target keeps: the newest telling.
    copy: Option<Said>,
}

impl Play {
    /// As the store takes news.
    fn happens(&mut self, before: &Standing, now: &Standing) {
        let news = news(before, now);
        if news.events.iter().any(|(kind, _)| kind.is_of_standing()) {
            self.tellings.iter_mut().filter(|kept| kept.kind.is_of_standing()).for_each(|kept| kept.waits = false);
        }
        for kept in self.tellings.iter_mut().filter(|kept| kept.waits && kept.kind.is_of_standing()) {
            kept.due = news.hurry.map_or(kept.due, |wait| kept.due.min(self.now + wait.num_minutes()));
        }
        for (kind, wait) in news.events {
            let due = self.now + wait.num_minutes();
            self.tellings.push(Kept { kind, due, said: None, waits: true, tries: 0, accepted: false });
        }
    }

    /// Tells what is due; `hears` is what becomes of an attempt: whether it arrives, and whether the answer does.
    fn tells(&mut self, standing: &Standing, mut hears: impl FnMut() -> (bool, bool)) {
        let due = |play: &Self| {
            let waits = play.tellings.iter().enumerate().filter(|(_, kept)| kept.waits && kept.due <= play.now);
            waits.min_by_key(|(place, kept)| (kept.due, *place)).map(|(place, _)| place)
        };
        while let Some(place) = due(self) {
            let others =
                || self.tellings.iter().enumerate().filter(|(other, kept)| *other != place && kept.said.is_some());
            let last = others().rfind(|(other, kept)| *other < place && kept.accepted);
            let last = last.and_then(|(_, kept)| kept.said);
            let perhaps_more = others().any(|(_, kept)| kept.tries > 0 && !kept.accepted);
            let kept = &self.tellings[place];
            let known = Known { last, perhaps_more };
            let turn = turn(kept.kind, kept.said, standing, known, &Wants::everything());
            let (arrives, answered) = hears();
            let now = self.now;
            let kept = &mut self.tellings[place];
            let Turn::Tell(said) = turn else {
                kept.waits = false;
                continue;
            };
            (kept.said, kept.tries) = (Some(said), kept.tries + 1);
            if arrives {
                self.copy = Some(said);
            }
            if arrives && answered {
                (kept.accepted, kept.waits) = (true, false);
            } else {
                kept.due = now + 1;
            }
        }
    }
}

proptest! {
    #[test]
    fn a_target_that_keeps_the_newest_has_a_correct_copy(
        steps in prop::collection::vec((0..7_usize, 1..6_usize, 0..30_i64, 0..4_u8), 1..40),
        loses in prop::collection::vec((any::<bool>(), any::<bool>()), 0..60),
    ) {
        let (mut play, mut standing) = (Play::default(), Standing::Unrated);
        let mut loses = loses.into_iter();
        for (act, score, minutes, tells) in steps {
            let before = standing.clone();
            standing = match (act, before.clone()) {
                (0 | 1, Standing::Unrated | Standing::Rated(_) | Standing::Held { .. }) => rated(score),
                (2, Standing::Rated(rating)) => Standing::Held { rating, since: Time::UNIX_EPOCH },
                (3, Standing::Unrated | Standing::Rated(_) | Standing::Held { .. }) => locked(score),
                (4, Standing::Held { .. }) => Standing::Unrated,
                (5, Standing::Rated(_) | Standing::Held { .. } | Standing::Locked(_)) => voided(before.clone()),
                (6, Standing::Voided(before)) => *before,
                (_, same) => same,
            };
            play.happens(&before, &standing);
            play.now += minutes;
            if tells > 0 {
                let now = standing.clone();
                play.tells(&now, || loses.next().map_or((true, true), |(arrives, answered)| (arrives, answered)));
            }
        }
        // At last everything is sent: no telling gets lost any more.
        for _ in 0..20 {
            play.now += 1;
            play.tells(&standing, || (true, true));
        }
        let view = play.copy.map_or(View::Gone, Said::view);
        prop_assert_eq!(view, View::of(&standing));
    }
}
