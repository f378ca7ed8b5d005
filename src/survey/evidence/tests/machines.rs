//! Machines by the dozen, with an honest person among them: nothing that a machine says counts, unless the page of rules
//! admits it.

use super::model::{ms, seconds_of};
use super::*;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::subsequence;

const MINUTE: i64 = 60_000;

/// What the actor of a step presses, where its page has two faces in play and a button for each.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Button {
    /// It sends the form without a face.
    None,
    /// *Keep*, the first in the document.
    First,
    /// *Change to* the face of the page's link.
    Second,
}

#[derive(Clone, Copy, Debug)]
enum Act {
    Get(i64, Visitor),
    /// Sends its latest page.
    Script(Evidence),
    Press(Button),
    /// Presses again if it was asked to.
    Obey,
    /// Presses unless its face is saved.
    PressUnlessSaved,
}

/// When, from the first moment on, in milliseconds; and which of the actor's pages it is about.
type Step = (i64, usize, Act);

/// One who opens links and sends forms.
struct Actor {
    steps: Vec<Step>,
    pages: BTreeMap<usize, Page>,
}

impl Actor {
    fn new(steps: Vec<Step>) -> Self {
        Self { steps, pages: BTreeMap::new() }
    }

    fn act(&mut self, visit: &mut Visit, now: i64, slot: usize, act: Act) {
        if let Act::Get(score, visitor) = act {
            self.pages.insert(slot, visit.open(seconds_of(now), face(score), visitor));
            return;
        }
        let page = self.pages[&slot].clone();
        let saved = visit.clicks.standing.rated().is_some_and(|rating| rating.score == page.score);
        let (how, button) = match act {
            Act::Script(how) => (how, Button::None),
            Act::Press(button) => (Evidence::Pressed, button),
            Act::Obey if page.once_more => (Evidence::Pressed, Button::None),
            Act::PressUnlessSaved if !saved => (Evidence::Pressed, Button::Second),
            _ => return,
        };
        let picked = picked(visit, &page, button);
        let reply = visit.post(seconds_of(now), Some(page), how, picked, "");
        self.pages.insert(slot, reply.page);
    }
}

/// The face that a button sends: only a page with two faces in play has such buttons.
fn picked(visit: &Visit, page: &Page, button: Button) -> Option<Score> {
    let standing = visit.clicks.standing.score().filter(|score| *score != page.score)?;
    match button {
        Button::None => None,
        Button::First => Some(standing),
        Button::Second => Some(page.score),
    }
}

/// Plays actors side by side.
fn play_actors(accepted: i64, actors: Vec<Vec<Step>>) -> Visit {
    let mut visit = Visit::usual();
    visit.clicks.accepted_at = Some(ms(accepted));
    let mut actors: Vec<Actor> = actors.into_iter().map(Actor::new).collect();
    let steps = actors.iter().enumerate().flat_map(|(who, actor)| actor.steps.iter().map(move |step| (who, *step)));
    let mut steps: Vec<_> = steps.collect();
    steps.sort_by_key(|(_, (at, ..))| *at);
    for (who, (now, slot, act)) in steps {
        actors[who].act(&mut visit, now, slot, act);
    }
    visit
}

const DESKTOP: Visitor = Visitor { machine: false, phone: false, webmail: false };
const PHONE: Visitor = Visitor { phone: true, ..DESKTOP };
const WEBMAIL: Visitor = Visitor { webmail: true, ..DESKTOP };
const PROGRAM: Visitor = Visitor { machine: true, ..DESKTOP };

fn pose() -> impl Strategy<Value = Visitor> {
    prop::sample::select(vec![DESKTOP, PHONE, WEBMAIL])
}

fn links(least: usize) -> impl Strategy<Value = Vec<i64>> {
    subsequence(vec![1, 2, 3, 4, 5], least..=5).prop_flat_map(|links| Just(links).prop_shuffle())
}

/// Links with a wait before each.
fn paced(least: usize, wait: std::ops::Range<i64>) -> impl Strategy<Value = Vec<(i64, i64)>> {
    links(least).prop_flat_map(move |links| {
        let count = links.len();
        vec(wait.clone(), count).prop_map(move |waits| waits.into_iter().zip(links.clone()).collect())
    })
}

/// Opens each link, and does the rest before or after it opens the next, each act a while after the one before.
fn one_by_one(links: &[(i64, i64)], visitor: Visitor, rest: &[(i64, Act)]) -> Vec<Step> {
    let (mut now, mut steps) = (0, vec![]);
    for (slot, (wait, score)) in links.iter().enumerate() {
        now += wait;
        steps.push((now, slot, Act::Get(*score, visitor)));
        for (after, act) in rest {
            now += after;
            steps.push((now, slot, *act));
        }
    }
    steps
}

/// Begins a machine's steps at a time.
fn from(start: i64, steps: Vec<Step>) -> Vec<Step> {
    steps.into_iter().map(|(at, slot, act)| (at + start, slot, act)).collect()
}

/// When a machine comes, in milliseconds after the mail was accepted.
fn any_time() -> impl Strategy<Value = i64> {
    prop_oneof![0..5 * MINUTE, 5 * MINUTE..200 * MINUTE]
}

fn script() -> impl Strategy<Value = Evidence> {
    prop_oneof![Just(Evidence::Seen), Just(Evidence::Touched)]
}

/// The machines of the page of rules, each with the times at which it may come and how fast it goes.
fn machine() -> impl Strategy<Value = Vec<Step>> {
    let seen = |after| vec![(after, Act::Script(Evidence::Seen))];
    prop_oneof![
        // It fetches links: any number, at any pace, in any pose.
        (any_time(), paced(1, 0..20_000), prop_oneof![pose(), Just(PROGRAM)])
            .prop_map(|(start, links, visitor)| from(start, one_by_one(&links, visitor, &[]))),
        // A prefetch, whose page is looked at and then closed.
        (any_time(), links(1), 400..5_000i64)
            .prop_map(move |(start, links, after)| from(start, one_by_one(&[(0, links[0])], PROGRAM, &seen(after)))),
        // It runs the script of one link, while young and not as a click.
        (0..5 * MINUTE, links(1), 400..5_000i64)
            .prop_map(move |(start, links, after)| from(start, one_by_one(&[(0, links[0])], DESKTOP, &seen(after)))),
        // It runs the script of several links, at any time.
        (any_time(), paced(2, 0..25_000), pose(), 400..5_000i64)
            .prop_map(move |(start, links, visitor, after)| from(start, one_by_one(&links, visitor, &seen(after)))),
        // It does so with simulated input, on three or more.
        (any_time(), paced(3, 0..20_000), pose(), script(), 400..5_000i64).prop_map(
            |(start, links, visitor, how, after)| {
                let rest = [(after, Act::Script(how)), (after, Act::Script(Evidence::Touched))];
                from(start, one_by_one(&links, visitor, &rest))
            }
        ),
        // It poses as a phone on several links, at any pace within the first five minutes.
        (0..MINUTE, paced(2, 0..45_000), prop_oneof![Just(PHONE), Just(WEBMAIL)], 400..3_000i64)
            .prop_map(move |(start, links, visitor, after)| from(start, one_by_one(&links, visitor, &seen(after)))),
        // It presses everything once: three links or more, opened and pressed within half a minute.
        (any_time(), paced(3, 0..3_500), pose(), 1_000..2_500i64, button()).prop_map(
            |(start, links, visitor, after, button)| {
                from(start, one_by_one(&links, visitor, &[(after, Act::Press(button))]))
            }
        ),
        // The same, but it opens all of them first.
        (any_time(), links(3), pose(), 1_000..3_000i64, button()).prop_map(|(start, links, visitor, after, button)| {
            let opened = links.iter().zip(0..).map(|(score, slot)| (0, slot, Act::Get(*score, visitor)));
            let pressed = (0..links.len()).zip(1..).map(|(slot, turn)| (after * turn, slot, Act::Press(button)));
            from(start, opened.chain(pressed).collect())
        }),
        // It obeys on every page, as the published trace does.
        (any_time(), paced(3, 0..4_000), pose(), 1_000..3_000i64, 2_000..4_000i64).prop_map(
            |(start, links, visitor, after, once_more)| {
                let rest = [(after, Act::Press(Button::None)), (once_more, Act::Obey)];
                from(start, one_by_one(&links, visitor, &rest))
            }
        ),
    ]
}

fn button() -> impl Strategy<Value = Button> {
    prop::sample::select(vec![Button::None, Button::First, Button::Second])
}

/// A person who clicks one face, and presses when the page asks for it: twice if it must be.
fn person(score: i64) -> impl Strategy<Value = Vec<Step>> {
    (any_time(), pose(), 600..4_000i64, 2_000..9_000i64, 2_000..9_000i64).prop_map(
        move |(start, visitor, looks, press, once_more)| {
            let acts = [
                (looks, Act::Script(Evidence::Seen)),
                (300, Act::Script(Evidence::Touched)),
                (press, Act::PressUnlessSaved),
                (once_more, Act::PressUnlessSaved),
            ];
            from(start, one_by_one(&[(0, score)], visitor, &acts))
        },
    )
}

/// The one link of a machine that the page of rules admits, opened and confirmed: what it says counts.
#[test]
fn machines_that_are_not_stopped_count() {
    let seen = [(600, Act::Script(Evidence::Seen))];
    let touched = [(600, Act::Script(Evidence::Touched))];
    let pressed = [(1_500, Act::Press(Button::None))];
    let two = [(0, 1), (10_000, 2)];
    for (name, start, steps) in [
        ("one link by script, late", 6 * MINUTE, one_by_one(&[(0, 1)], DESKTOP, &seen)),
        ("one link by script, young, as a phone", 0, one_by_one(&[(0, 1)], PHONE, &seen)),
        ("one link by simulated input", 0, one_by_one(&[(0, 1)], DESKTOP, &touched)),
        ("one form", 0, one_by_one(&[(0, 1)], DESKTOP, &pressed)),
        ("links far apart", 6 * MINUTE, one_by_one(&[(0, 1), (60_000, 2), (60_000, 3)], DESKTOP, &seen)),
        (
            "two links, pressing the first button",
            6 * MINUTE,
            one_by_one(&two, DESKTOP, &[(1_500, Act::Press(Button::First))]),
        ),
        (
            "two links, pressing the second button",
            6 * MINUTE,
            one_by_one(&two, DESKTOP, &[(1_500, Act::Press(Button::Second))]),
        ),
        (
            "two links, pressing again when asked",
            6 * MINUTE,
            one_by_one(&two, DESKTOP, &[pressed[0], (2_000, Act::Obey)]),
        ),
    ] {
        let visit = play_actors(0, vec![from(start, steps)]);
        assert!(visit.clicks.standing.rated().is_some(), "{name}: {}", visit.stands());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn no_machine_counts(machine in machine()) {
        let visit = play_actors(0, vec![machine]);
        prop_assert!(visit.clicks.standing.rated().is_none(), "{}", visit.stands());
    }

    #[test]
    fn no_machine_counts_beside_a_person((score, person) in (1..=5i64).prop_flat_map(|score| (Just(score), person(score))), machine in machine()) {
        let visit = play_actors(0, vec![machine, person]);
        let stands = visit.clicks.standing.rated().map(|rating| rating.score);
        prop_assert!(stands.is_none_or(|stands| stands == face(score)), "{}", visit.stands());
    }
}
