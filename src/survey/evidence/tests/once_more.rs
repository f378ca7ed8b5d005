//! The click rules for a press that is refused: its page says that one more press saves, and it does.

use super::model::{Request, seconds_of, visit, visits};
use super::*;
use proptest::prelude::*;

/// A mail scanner opened the five links just before.
const SCANNED: &str = "3596 get 1 -
    3597 get 2 -
    3598 get 3 -
    3599 get 4 -
    3600 get 5 -
    3601 get 5 a pressed
    3605 press a ask b pressed";

fn scanned(then: &str) -> String {
    format!("{SCANNED}\n{then}")
}

#[test]
fn one_more_press_is_taken_after_2_s() {
    play(&[
        &scanned(
            "3606.999 press b ask same
             = unrated
             3607 press b ok same
             = rated 5 pressed",
        ),
        // the page that was refused is not the one that asks
        &scanned(
            "3609 press a ask c pressed
             3611 press c ok
             = rated 5 pressed",
        ),
        // another face may be picked on it
        &scanned(
            "3608 press b:3 ok
             = rated 3 pressed",
        ),
        // scanners that go on do not matter
        &scanned(
            "3606 get 1 -
             3606 get 2 -
             3607 press b ok
             = rated 5 pressed",
        ),
    ]);
}

#[test]
fn only_a_refused_press_is_asked_for_once_more() {
    let mut visit = Visit::usual();
    for line in SCANNED.lines().chain(["3606 seen a ask c pressed", "3608 press c ask d", "3608.5 touched d ask e"]) {
        visit.line(line.trim());
    }
    let asks = |name: &str| visit.pages[name].once_more;
    assert!(!asks("a") && asks("b") && !asks("c") && asks("d"));
    assert!(!asks("e"), "a script was refused, so its page speaks of no press");
    visit.line("3611 press forged stale f pressed");
    assert!(!visit.pages["f"].once_more);
    play(&["600 get 4 a
            600.5 press a ask same # too soon is no refusal: the same page says the same"]);
}

#[test]
fn it_is_taken_although_presses_conflict() {
    play(&[
        "60 get 5 a touched
         65 press a ok
         121 get 2 b change
         124 press b ask c pressed
         = held 5 pressed
         126 press c ok
         = rated 2 pressed",
        // three later
        "600 get 5 a
         661 get 2 b
         722 get 1 c
         723 press a ok
         724 press b ask
         725 press c:1 ask d pressed
         = held 5 pressed
         727 press d:1 ok
         = rated 1 pressed",
    ]);
}

#[test]
fn it_still_takes_its_turn_in_the_other_steps() {
    play(&[
        // a window
        &format!(
            "rate 3606
             {SCANNED}
             3607 press b closed
             = unrated"
        ),
        // a comment
        &scanned(
            "3606 get 4 c
             3608 comment c ok
             3609 press b locked
             = locked 4 commented",
        ),
        // a new hold: the page is from before it
        "600 get 5 a
         602 seen a ok
         603 get 1 b pressed
         604 get 2 -
         = held 5 seen
         606 press b ask c pressed
         608 press c ok
         = rated 1 pressed",
        "600 get 5 a
         602 press a ok
         603 get 1 b change
         604 press b ask c pressed
         = held 5 pressed
         604.5 get 5 d pressed
         605.5 press d ok
         = rated 5 pressed
         606 press c ask e pressed # another page saved another face in the meantime
         = held 5 pressed
         608 press e ok
         = rated 1 pressed",
    ]);
}

#[test]
fn obeying_on_two_pages_for_two_faces_is_a_machines_way() {
    // It presses once, is asked, obeys; then the same on the next link.
    let obeyed = "600 get 1 a
                  602 press a ok
                  608 get 2 b change
                  610 press b ask c pressed
                  613 press c ok
                  = rated 2 pressed
                  616 get 3 d change
                  618 press d ask e pressed
                  = held 2 pressed";
    play(&[
        &format!(
            "{obeyed}
             621 press e ask f pressed
             = held 2 pressed
             900 get 2 - pressed"
        ),
        // less than 60 s after the other
        &format!(
            "{obeyed}
             672.999 press e ask
             = held 2 pressed"
        ),
        &format!(
            "{obeyed}
             673 press e ok
             = rated 3 pressed"
        ),
        // for the same face there is nothing to doubt
        &format!(
            "{obeyed}
             621 press e:2 ok
             = rated 2 pressed"
        ),
        // nor is there for who says which of two faces counts
        &format!(
            "{obeyed}
             621 press e:3 ok
             = rated 3 pressed"
        ),
        // the answer asks once more, and the same page may then
        &format!(
            "{obeyed}
             621 press e ask f pressed
             674 press f ok
             = rated 3 pressed"
        ),
    ]);
}

#[test]
fn a_face_is_picked_where_two_are_in_play() {
    let asked = "600 get 1 a
                 602 press a ok
                 608 get 2 b change
                 610 press b ask c pressed
                 613 press c ok
                 = rated 2 pressed";
    play(&[
        // a `change` page
        &format!(
            "{asked}
             670 get 2 -
             671 get 3 d change
             672 get 1 -
             672.5 press d:3 ask e change
             = rated 2 pressed
             674.5 press e:3 ok
             = rated 3 pressed"
        ),
        // a page whose link is not of the held face
        "600 get 1 -
         601 get 2 -
         602 get 3 a
         604 press a ask b pressed
         606 press b ok
         = rated 3 pressed
         608 get 5 c change
         609.5 press c ask d pressed
         = held 3 pressed
         612 press d:5 ok
         = rated 5 pressed",
    ]);
}

#[test]
fn a_press_among_three_viewed_faces_holds_what_another_page_made() {
    play(&[
        "600 get 5 a
         602 press a ok
         603 get 1 -
         604 get 2 b change
         606 press b ask c pressed
         = held 5 pressed",
        // also for the face that stands
        "600 get 5 a
         602 press a ok
         603 get 1 -
         604 get 2 -
         605 get 5 b pressed
         606 press b ask
         = held 5 pressed",
        // its own page does not
        "600 get 5 a
         602 press a ok
         603 get 1 -
         604 get 2 -
         606 press a ask b pressed
         = rated 5 pressed",
        // nor does a rating whose page is of more than 60 s ago
        "600 get 5 a
         602 press a ok
         603 get 1 -
         659 get 2 -
         659.5 get 3 -
         660 get 1 b change
         662 press b ask c change
         = rated 5 pressed",
        "600 get 5 a
         602 press a ok
         603 get 1 -
         656 get 2 -
         657 get 3 b change
         659.999 press b ask
         = held 5 pressed",
    ]);
}

/// A page that was shown to a person, and the rating that stood or was held at that time.
#[derive(Clone)]
struct Sight {
    page: Page,
    stood: Option<Score>,
}

impl Sight {
    fn of(visit: &Visit, page: Page) -> Self {
        Self { stood: visit.clicks.standing.score(), page }
    }

    /// With two faces in play the page has a button for each, so one of them is always sent.
    fn picked(&self, picked: Option<Score>) -> Option<Score> {
        let two_faces = self.stood.is_some_and(|stood| stood != self.page.score);
        picked.or(two_faces.then_some(self.page.score))
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    /// Unless a window ended, a comment locked it, another hold came in between, or another page saved another face, which
    /// this page then asks about.
    #[test]
    fn one_more_press_of_a_person_is_taken((policy, requests) in visits()) {
        let mut visit = visit(&policy);
        let (mut sights, mut now): (Vec<Sight>, i64) = (vec![], 0);
        for (wait, request) in requests {
            now += wait;
            let t = seconds_of(now);
            let (back, how, picked, comment) = match request {
                Request::Get { score, visitor } => {
                    let page = visit.open(t, face(score), visitor);
                    sights.push(Sight::of(&visit, page));
                    continue;
                }
                Request::Post { back, how, picked, comment } => (back, how, picked, comment),
            };
            let Some(sight) = sights.get(sights.len().wrapping_sub(1 + back)).cloned() else { continue };
            let page = sight.page.clone();
            let asked = page.once_more && how == Evidence::Pressed && !comment;
            if asked && at(t) - page.issued < ONCE_MORE_DWELL {
                continue; // the script holds such a press back
            }
            let before = visit.clicks.standing.clone();
            let picked = sight.picked(picked.map(face));
            let reply = visit.post(t, Some(page.clone()), how, picked, if comment { "text" } else { "" });
            sights.push(Sight::of(&visit, reply.page));
            if asked && reply.outcome == Outcome::Ask {
                let held = matches!(before, Standing::Held { since, .. } if since > page.issued || (since == page.issued && !page.made_hold));
                let saved = before.rated().is_some_and(|rating| rating.rated_at >= page.issued && rating.page != page.id);
                prop_assert!(held || saved, "{:?} after {:?} at {}", page, before, now);
            }
        }
    }
}

#[test]
fn only_another_face_elsewhere_keeps_one_more_press_from_being_taken() {
    play(&[
        // The same face on two pages is no contradiction.
        "
            600 get 1 -
            601 get 2 -
            602 get 5 a
            603 get 5 b
            605 press a ask c
            606 press b ask d
            608 press c ok
            609 press d ok
            = rated 5 pressed",
        // A doubted rating with the page's own face is not a second face in play, even if that face is picked.
        "
            600 get 1 a
            601 get 2 -
            602 get 5 b
            604 press b ask c
            605 press a ask d
            607 press c ok
            608 press d ask
            = held 5 pressed
            609 press c:5 ask e
            612 press e:5 ask
            = held 5 pressed",
    ]);
}
