//! The click rules, second half: windows, what scripts and presses may do, comments, and what is kept.

use super::*;
use crate::survey::trail::KEPT;
use std::collections::BTreeSet;

#[test]
fn the_end_of_a_window_is_still_inside_it() {
    play(&[
        "rate 3600
         3590 get 4 a seen
         3600 press a ok
         = rated 4 pressed",
        "rate 3600
         3590 get 4 a seen
         3600.001 press a closed
         3601 seen a closed
         = unrated
         3602 comment a closed
         = unrated",
        "rate 3600
         3590 get 4 a
         3600 comment a ok
         = locked 4 commented",
        "change 3600
         600 get 5 a
         602 press a ok
         3590 get 2 b change
         3600 press b:2 ok
         = rated 2 pressed",
        "change 3600
         600 get 5 a
         602 press a ok
         3590 get 2 b change
         3600.001 press b:2 closed
         = rated 5 pressed
         changes rated",
    ]);
}

#[test]
fn the_windows_are_independent() {
    play(&[
        // a change after the rate window
        "rate 700
         600 get 5 a
         602 press a ok
         3590 get 2 b change
         3600 press b:2 ok
         = rated 2 pressed",
        // a first rating after the change window
        "change 500
         600 get 5 a
         602 press a ok
         = rated 5 pressed",
        // the same face after both: no window asks about it
        "rate 650
         change 650
         600 get 5 a
         602 seen a ok
         700 get 5 b seen
         705 press b ok
         = rated 5 pressed
         changes rated
         since 602",
    ]);
}

#[test]
fn a_held_rating_with_another_face_never_was_the_persons() {
    let held = "600 get 5 a
                602 seen a ok
                610 get 1 -
                = held 5 seen";
    play(&[
        // so the new one is a first rating: the change window says nothing
        &format!(
            "change 500
             {held}
             700 get 2 b pressed
             702 press b ok
             = rated 2 pressed"
        ),
        // and the rate window refuses it
        &format!(
            "rate 620
             {held}
             700 get 2 b
             702 press b closed
             704 comment b closed
             = held 5 seen"
        ),
        // while the same face may be confirmed at any time
        &format!(
            "rate 620
             change 620
             {held}
             700 get 5 b pressed
             702 press b ok
             = rated 5 pressed"
        ),
        // the end is still inside
        &format!(
            "rate 702
             {held}
             700 get 2 b
             702 press b ok
             = rated 2 pressed"
        ),
        // comments alike: "unless the held rating has this score"
        &format!(
            "rate 620
             {held}
             700 get 5 b
             702 comment b:2 closed
             704 comment b ok
             = locked 5 commented"
        ),
        &format!(
            "rate 620
             {held}
             700 get 2 b
             702 comment b:5 ok
             = locked 5 commented"
        ),
    ]);
}

#[test]
fn a_script_confirms_only_where_nothing_speaks_against_it() {
    play(&[
        // hot now; the same page counts when it has cooled
        "600 get 5 a seen
         602 get 1 - pressed
         604 seen a ask
         901.999 seen a ask
         902 seen a ok
         = rated 5 seen",
        // another face stands
        "600 get 5 a
         661 get 1 b
         663 seen b ok
         730 touched a ask c change
         = rated 1 seen
         732 touched c ask
         = rated 1 seen",
        // a hold stands against it even where nothing else does: a page from a reader that knew of none
        "600 get 5 a
         602 seen a ok
         603 get 1 -
         2000 page 5 c seen
         2003 seen c ask
         2004 touched c ask
         = held 5 seen",
        // with a face picked it is that face that counts
        "600 get 5 a
         602 touched a:2 ok
         = rated 2 touched",
    ]);
}

#[test]
fn hot_when_issued_goes_by_all_views_the_writer_has() {
    play(&[
        // A reader rendered the page before any view was written; the earlier view of face 1 is written last.
        "600.2 page 5 a seen
         600.2 get 5 -
         600.1 get 1 -
         602.5 seen a ask
         = unrated
         905 seen a ask # no longer hot, but the page was issued while hot
         = unrated
         910 get 5 b seen
         912 seen b ok
         = rated 5 seen",
        // In the order of time: the same.
        "600.1 get 1 -
         600.2 page 5 a seen
         600.2 get 5 -
         905 seen a ask
         = unrated",
        // The press needs no cool page.
        "600.2 page 5 a seen
         600.2 get 5 -
         600.1 get 1 -
         603 press a ok
         = rated 5 pressed",
    ]);
}

#[test]
fn a_press_among_three_viewed_faces_is_asked_for_again() {
    play(&[
        "600 get 1 -
         601 get 2 -
         602 get 5 a pressed
         659.999 press a ask
         660 press a ok # the first view is 60 s ago: two are left
         = rated 5 pressed",
        // the ask is hot by itself
        "600 get 1 -
         601 get 2 -
         602 get 5 a
         659.999 press a ask
         959.998 get 5 - pressed
         959.999 get 5 - seen",
        // two are no burst for a press
        "600 get 1 -
         602 get 5 a pressed
         604 press a ok
         = rated 5 pressed",
        // a picked face does not help
        "600 get 1 -
         601 get 2 -
         602 get 5 a
         604 press a:5 ask
         = unrated",
        // not even for the face that stands
        "600 get 5 a
         602 press a ok
         603 get 1 -
         604 get 2 -
         606 press a ask
         = rated 5 pressed",
    ]);
}

#[test]
fn a_press_of_another_link_needs_a_picked_face() {
    play(&[
        "3600 get 5 a
         3602 touched a ok
         3900 get 2 b change
         3905 press b ask c change
         = rated 5 touched
         3908 press c ask
         3910 press c:2 ok
         = rated 2 pressed
         changes rated rated
         since 3910",
        // picked at once
        "3600 get 5 a
         3602 touched a ok
         3900 get 2 b change
         3905 press b:3 ok
         = rated 3 pressed",
        // a pressed rating of the same burst is held
        "3600 get 5 a
         3602 press a ok
         3605 get 2 b change
         3608 press b ask c pressed
         = held 5 pressed
         3610 press c ok
         = rated 2 pressed
         changes rated held rated",
        "3600 get 5 a
         3602 press a ok
         3605 get 2 b change
         3659.999 press b ask c pressed
         = held 5 pressed",
        "3600 get 5 a
         3602 press a ok
         3605 get 2 b change
         3660 press b ask c change
         = rated 5 pressed",
        // a touched one is not
        "3600 get 5 a
         3602 touched a ok
         3605 get 2 b change
         3608 press b ask c change
         = rated 5 touched",
    ]);
}

#[test]
fn the_page_that_made_a_rating_can_change_it() {
    play(&[
        "600 get 3 a
         602 seen a ok
         605 press a:5 ok
         = rated 5 pressed
         610 press a ok # no face picked: the page's own
         = rated 3 pressed
         changes rated rated rated",
        // also by its refused answers, which keep its name
        "600 get 3 a
         601 get 4 -
         602 get 5 -
         604 press a ask b pressed
         665 press b:5 ok same
         670 press a ok
         = rated 3 pressed",
        // also while young, for each page is taken by its latest word
        "60 get 5 a
         64 press a ok same
         66 press a:2 ok
         = rated 2 pressed",
    ]);
}

#[test]
fn evidence_rises_and_nothing_else_moves() {
    let mut visit = Visit::usual();
    for line in ["600 get 4 a", "602 seen a ok", "= rated 4 seen", "603 touched a ok", "= rated 4 touched"] {
        visit.line(line);
    }
    let first = visit.pages["a"].clone();
    for line in
        ["700 get 4 b seen", "705 press b ok", "= rated 4 pressed", "800 get 4 c", "803 seen c ok", "= rated 4 pressed"]
    {
        visit.line(line);
    }
    visit.line("changes rated");
    visit.line("since 602");
    let rating = visit.clicks.standing.rating().expect("rated");
    assert_eq!((rating.page, rating.page_issued), (first.id, first.issued));
}

#[test]
fn a_comment_takes_the_picked_face_else_the_standing_one_else_the_pages() {
    play(&[
        "600 get 2 a
         603 comment a ok
         = locked 2 commented",
        "600 get 2 a
         603 comment a:4 ok
         = locked 4 commented",
        "600 get 5 a
         602 seen a ok
         700 get 2 b change
         705 comment b ok
         = locked 5 commented
         changes rated commented
         since 602",
        "600 get 5 a
         602 seen a ok
         700 get 2 b change
         705 comment b:2 ok
         = locked 2 commented
         since 705",
        "600 get 5 a
         602 seen a ok
         640 comment a:5 ok
         changes rated commented
         since 602",
    ]);
}

#[test]
fn no_text_is_lost_while_a_rating_stands() {
    play(&[
        // after both windows
        "rate 650
         change 650
         600 get 5 a
         602 seen a ok
         9000 get 5 b
         9003 comment b ok
         = locked 5 commented
         since 602",
        // after the change window another face is not taken, the text is
        "change 650
         600 get 5 a
         602 seen a ok
         9000 get 2 b change
         9003 comment b:2 ok
         = locked 5 commented
         changes rated commented
         since 602",
        // at its end it is
        "change 9003
         600 get 5 a
         602 seen a ok
         9000 get 2 b change
         9003 comment b:2 ok
         = locked 2 commented
         since 9003",
        // the rate window says nothing to a standing rating
        "rate 650
         600 get 5 a
         602 seen a ok
         9000 get 2 b
         9003 comment b:2 ok
         = locked 2 commented",
    ]);
    let mut visit = Visit::usual();
    visit.line("600 get 5 a");
    visit.line("603 comment a ok");
    assert_eq!(visit.clicks.comment.as_deref(), Some("thank you"));
}

#[test]
fn a_hot_visitors_comment_counts() {
    play(&["10 get 1 -
            11 get 2 -
            12 get 3 -
            13 get 5 a pressed
            16 comment a ok
            = locked 5 commented"]);
}

#[test]
fn faces_are_offered_until_the_change_window_is_over_and_a_rating_stands() {
    let mut visit = Visit::new(Evidence::Seen, None, Some(700.0));
    assert!(!visit.clicks.summary(at(800.0)).frozen, "nothing stands");
    visit.line("600 get 5 a");
    visit.line("602 seen a ok");
    assert!(!visit.clicks.summary(at(700.0)).frozen, "the end is inside");
    assert!(visit.clicks.summary(at(700.001)).frozen);
    visit.line("610 get 1 -");
    visit.line("= held 5 seen");
    assert!(!visit.clicks.summary(at(800.0)).frozen, "a held rating does not stand");
}

#[test]
fn the_newest_64_views_and_tries_are_kept() {
    let mut visit = Visit::usual();
    let page = visit.open(600.0, face(4), Visitor::default());
    for step in 0..200 {
        let t = 700.0 + f64::from(step);
        visit.open(t, face(4), Visitor::default());
        visit.post(t + 0.5, Some(page.clone()), Evidence::Pressed, None, "");
    }
    let trail = &visit.clicks.trail;
    assert_eq!((trail.views.len(), trail.tries.len()), (KEPT, KEPT));
    assert_eq!(KEPT, 64);
    assert_eq!((trail.views[0].at, trail.views[63].at), (at(836.0), at(899.0)));
    assert_eq!((trail.tries[0].at, trail.tries[63].at), (at(836.5), at(899.5)));
}

#[test]
fn a_machine_that_opens_one_link_many_times_does_not_hide_the_others() {
    let mut visit = Visit::usual();
    for link in 1..=5 {
        visit.open(600.0, face(link), Visitor::default());
    }
    for step in 0..100 {
        visit.open(601.0 + f64::from(step) / 10.0, face(1), Visitor::default());
    }
    for line in ["612 get 1 a pressed", "614 press a ask", "= unrated"] {
        visit.line(line);
    }
}

#[test]
fn a_page_from_before_the_clock_was_set_back_is_stale_and_the_next_one_counts() {
    play(&["
        4200 get 5 a seen
        600 seen a stale
        600 press a stale b seen
        601 press b ok
        = rated 5 pressed"]);
}

#[test]
fn a_refused_answer_keeps_the_name_of_the_page_and_a_stale_one_does_not() {
    let mut visit = Visit::usual();
    for line in ["600 get 5 a", "601 get 1 -", "604 seen a ask b pressed", "605 press forged stale c pressed"] {
        visit.line(line);
    }
    assert_eq!(visit.pages["a"].id, visit.pages["b"].id);
    assert_eq!(visit.pages["a"].score, visit.pages["b"].score);
    let names: BTreeSet<_> = visit.pages.values().map(|page| page.id).collect();
    assert_eq!(names.len(), 2);
}

#[test]
fn page_names_fit_sql() {
    for random in [0, 1, 2, u64::MAX / 2, u64::MAX] {
        assert!(PageId::new(random).number() >= 0);
    }
}

#[test]
fn the_comment_that_locked_it_is_known_when_it_comes_again() {
    let mut visit = Visit::usual();
    let page = visit.open(600.0, face(4), Visitor::default());
    let mut post = |t, text: &str| {
        let reply = visit.post(t, Some(page.clone()), Evidence::Pressed, None, text);
        (reply.outcome, reply.repeated)
    };
    assert_eq!(post(605.0, "thank you"), (Outcome::Ok, false));
    assert_eq!(post(606.0, "thank you"), (Outcome::Locked, true), "its first answer was lost");
    assert_eq!(post(607.0, "thanks"), (Outcome::Locked, false));
    assert_eq!(post(608.0, ""), (Outcome::Locked, false));
    assert_eq!(visit.clicks.comment.as_deref(), Some("thank you"));
}

#[test]
fn a_voided_rating_takes_nothing_and_keeps_what_stood_before() {
    let mut visit = Visit::usual();
    let (page, other) =
        (visit.open(600.0, face(4), Visitor::default()), visit.open(600.0, face(1), Visitor::default()));
    visit.post(605.0, Some(page.clone()), Evidence::Pressed, None, "");
    let before = visit.clicks.standing.clone();
    visit.clicks.standing = Standing::Voided(Box::new(before.clone()));
    let (trail, history) = (visit.clicks.trail.clone(), visit.clicks.changes.clone());
    for (page, text) in [(Some(page), "thanks"), (Some(other), ""), (None, "")] {
        let reply = visit.post(700.0, page, Evidence::Pressed, Some(face(2)), text);
        assert_eq!((reply.outcome, reply.page.mode), (Outcome::Closed, Mode::Closed));
    }
    assert_eq!((&visit.clicks.trail, &visit.clicks.changes, &visit.clicks.comment), (&trail, &history, &None));
    for score in Score::ALL {
        assert_eq!(visit.open(800.0, score, Visitor::default()).mode, Mode::Closed, "scanners cannot hold it either");
    }
    assert_eq!(visit.clicks.standing, Standing::Voided(Box::new(before)));
}
