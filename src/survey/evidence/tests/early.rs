//! The click rules, first half: what is a burst, hot, young; views and modes; stale and locked pages; conflicts; holds.

use super::*;

#[test]
fn a_burst_is_less_than_60_s() {
    play(&[
        "600 get 4 a seen
         659.999 get 5 b pressed",
        "600 get 4 a seen
         660 get 5 b seen",
        "600 get 4 a seen
         601 get 4 b seen # one face twice is no burst",
        "600 head 4 -
         601 get 5 b pressed # a machine view is a view",
    ]);
}

#[test]
fn hot_is_less_than_5_min_after_the_burst() {
    play(&[
        "600 get 4 -
         602 get 5 - pressed
         901.999 get 5 - pressed
         902 get 5 - seen",
        // Each view of the burst starts it anew.
        "600 get 4 -
         602 get 5 - pressed
         640 get 5 - pressed
         939.999 get 5 - pressed
         940 get 5 - seen",
    ]);
}

#[test]
fn young_is_less_than_5_min_after_the_accepted_time_and_before_there_is_one() {
    play(&[
        "299.999 get 4 - touched
         300 get 4 - seen",
        "accepted never
         0 get 4 - touched
         900000 get 4 - touched",
        "accepted 1000
         1299.999 get 4 - touched
         1300 get 4 - seen",
    ]);
}

#[test]
fn a_page_asks_for_the_evidence_of_the_setting_and_one_rung_more_while_young() {
    for (least, young, later) in
        [("seen", "touched", "seen"), ("touched", "pressed", "touched"), ("pressed", "pressed", "pressed")]
    {
        play(&[&format!(
            "evidence {least}
             10 get 4 - {young}
             600 get 4 - {later}"
        )]);
    }
    // What a page asks for is fixed when it is issued.
    play(&["299 get 4 a touched
            301 seen a ask b pressed
            302 touched a ok same
            = rated 4 touched"]);
    // More than is asked for is enough, less is not.
    play(&[
        "600 get 4 a seen
         602 touched a ok
         = rated 4 touched",
        "evidence touched
         600 get 4 a touched
         602 seen a ask
         603 touched a ok
         = rated 4 touched",
        "evidence pressed
         600 get 4 a pressed
         602 seen a ask
         603 touched a ask b pressed
         604 touched b ask
         = unrated
         605 press a ok
         = rated 4 pressed",
    ]);
}

#[test]
fn the_mode_of_a_get_is_the_first_that_fits() {
    play(&[
        // final before closed, change and pressed
        "rate 700
         600 get 5 a
         603 comment a ok
         604 get 1 - final
         605 machine 2 - final
         800 get 5 - final",
        // closed before pressed, whether hot or a machine's
        "rate 600
         600 get 5 - seen
         600.001 get 5 - closed
         600.002 get 1 - closed
         600.003 machine 1 - closed",
        // closed only if nothing is rated
        "rate 700
         600 get 5 a
         602 seen a ok
         800 get 5 - seen
         900 get 1 - change",
        // change before pressed; the same face is no change
        "change 700
         600 get 5 a
         602 press a ok
         603 get 1 - change
         604 machine 2 - change
         605 get 5 - pressed
         950 get 5 - seen
         1300 get 1 - change",
        // held: every face asks for a press, also when it is no longer hot
        "600 get 5 a
         602 seen a ok
         603 get 1 - pressed
         = held 5 seen
         2000 get 5 - pressed
         3000 get 2 - pressed",
        "600 machine 5 a pressed
         700 get 5 b seen",
    ]);
}

#[test]
fn a_machine_view_opens_nothing_but_counts_as_a_view() {
    let mut visit = Visit::usual();
    visit.line("600 machine 4 a pressed");
    visit.line("601 head 4 -");
    assert_eq!(visit.clicks.opened, None);
    visit.line("602 get 4 -");
    assert_eq!(visit.clicks.opened, Some(Opening::OtherLater));
    play(&["600 get 5 a
            602 seen a ok
            603 head 1 -
            = held 5 seen"]);
    play(&["600 machine 4 a pressed
            604 seen a ask
            607 press a ok
            = rated 4 pressed"]);
}

#[test]
fn views_shake_a_seen_rating_at_two_faces_and_a_touched_one_at_three() {
    play(&[
        "600 get 5 a
         602 seen a ok
         603 get 5 - seen
         = rated 5 seen
         604 get 1 -
         = held 5 seen
         changes rated held",
        "600 get 5 a
         602 touched a ok
         603 get 1 -
         = rated 5 touched
         604 get 2 -
         = held 5 touched",
        "600 get 5 a
         602 press a ok
         603 get 1 -
         604 get 2 -
         605 get 3 -
         606 get 4 -
         = rated 5 pressed",
        "600 get 5 a
         603 comment a ok
         604 get 1 -
         605 get 2 -
         606 get 3 -
         = locked 5 commented",
        // evidence that rose protects
        "600 get 5 a
         602 seen a ok
         603 press a ok
         604 get 1 -
         605 get 2 -
         = rated 5 pressed",
        // the rating's page must be of the burst: exactly 60 s ago is not
        "600 get 5 a
         602 seen a ok
         630 get 5 -
         660 get 1 -
         = rated 5 seen",
        "600 get 5 a
         602 seen a ok
         630 get 5 -
         659.999 get 1 -
         = held 5 seen",
    ]);
}

#[test]
fn a_page_that_is_not_ours_or_older_than_a_day_is_stale() {
    play(&[
        "600 get 4 a
         87000 press a ok same",
        "600 get 4 a
         87000.001 press a stale b seen
         = unrated
         87002.001 seen b ok
         = rated 4 seen",
        "600 get 4 a
         87000 comment a ok",
        "600 get 4 a
         87000.001 comment a stale b seen
         = unrated",
        // it comes before the lock, and before the try is remembered
        "600 get 4 a
         603 comment a ok
         605 press forged stale b final
         = locked 4 commented",
        "60 get 4 -
         61 press forged stale b touched
         130 get 5 c pressed
         131 press forged stale b pressed
         132 press c ok
         = rated 5 pressed",
        "60 get 4 -
         61 press forged stale b touched
         63 touched b ok
         = rated 4 touched",
    ]);
}

#[test]
fn a_comment_locks_for_good() {
    play(&["600 get 5 a
            603 get 5 b
            605 comment a ok same
            = locked 5 commented
            608 press b:1 locked c final
            609 comment b:1 locked
            610 touched b locked
            4000 get 1 d final
            4003 press d:1 locked
            4005 comment d locked
            = locked 5 commented
            changes commented
            since 605"]);
}

#[test]
fn what_comes_sooner_than_a_person_could_is_refused_and_its_page_stays_good() {
    for (how, sooner, least) in [("seen", 600.399, 600.4), ("touched", 600.399, 600.4), ("press", 600.999, 601.0)] {
        play(&[&format!(
            "600 get 4 a
             {sooner} {how} a ask same
             = unrated
             {least} {how} a ok same"
        )]);
    }
    play(&["600 get 4 a
            601.999 comment a ask same
            = unrated
            602 comment a ok same
            = locked 4 commented"]);
}

#[test]
fn a_try_that_came_too_early_is_remembered() {
    play(&["600 get 5 a
            661 get 1 b seen
            661.3 seen b ask same
            663 seen a ask
            = unrated
            700 get 5 - pressed # the conflict made it hot"]);
}

#[test]
fn tries_by_script_for_two_faces_hold_what_no_press_made() {
    play(&[
        "600 get 5 a seen
         661 get 1 b seen
         663 seen b ok
         664 seen a ask c pressed # issued long before, tried now
         = held 1 seen
         changes rated held
         963.999 get 1 - pressed",
        "600 get 5 a
         661 get 1 b
         663 seen b ok
         722.999 seen a ask
         = held 1 seen",
        // a try of more than 60 s ago is over: refused, but nothing is held
        "600 get 5 a
         661 get 1 b
         663 seen b ok
         723.001 seen a ask c change
         = rated 1 seen
         724 get 1 - seen",
        "600 get 5 a
         602 touched a ok
         661 get 1 b change
         661.9 touched b ask c pressed
         = held 5 touched",
        // a pressed rating stays, but it is hot
        "600 get 5 a
         602 seen a ok
         603 press a ok
         661 get 1 b change
         661.9 seen b ask c change
         = rated 5 pressed
         961.899 get 5 - pressed
         961.9 get 5 - seen",
        // script and presses are counted apart
        "600 get 5 a
         602 press a ok
         661 get 1 b change
         661.9 seen b ask c change
         = rated 5 pressed
         722 get 5 - seen",
        "60 get 5 a touched
         62 press a ok
         63 get 5 b touched
         64 touched b:2 ask # but another face stands
         = rated 5 pressed
         65 get 5 - touched",
        // by its latest word each page says one face
        "600 get 5 a
         602 seen a ok
         603 seen a:1 ask
         604 touched a ok
         = rated 5 touched",
    ]);
}

#[test]
fn presses_for_two_faces_hold_while_young_and_for_three_later() {
    play(&[
        "60 get 5 a touched
         65 press a ok
         121 get 2 b change
         124 press b ask c pressed
         = held 5 pressed
         changes rated held",
        // the last moment of youth, and the first after it
        "230 get 5 a touched
         240 press a ok
         291 get 2 b change
         299.999 press b ask c pressed
         = held 5 pressed",
        "230 get 5 a touched
         240 press a ok
         291 get 2 b change
         300 press b ask c change
         = rated 5 pressed",
        // the mail is young as long as it was not accepted
        "accepted never
         600 get 5 a touched
         605 press a ok
         661 get 2 b change
         663 press b ask
         = held 5 pressed",
        // picking a face on a page that said which rating stands is a person's way
        "60 get 5 a
         65 press a ok
         121 get 2 b change
         124 press b:2 ok
         = rated 2 pressed
         changes rated rated",
        // on another page it is not
        "60 get 5 a touched
         60.5 press a ask same
         119 get 2 b pressed
         120.499 press b:2 ask c pressed
         = unrated",
        // three later
        "600 get 5 a
         661 get 2 b
         722 get 1 c seen
         723 press a ok
         724 press b ask d change
         = rated 5 pressed
         725 press c:1 ask
         = held 5 pressed
         1024.999 get 5 - pressed",
        "600 get 5 a
         661 get 2 b
         722 press a ok
         722.5 get 1 c change
         723 press b ask
         724 press c:1 ok
         = rated 1 pressed",
    ]);
}

#[test]
fn a_held_rating_waits_for_a_page_of_later() {
    let held = "600 get 5 a
                602 seen a ok
                610 get 1 b pressed
                = held 5 seen";
    for (then, why) in [
        (
            "612 press a ask c pressed
             614 press c ok
             = rated 5 pressed
             changes rated held rated
             since 614",
            "before the hold",
        ),
        (
            "612 press b ok
             = rated 1 pressed
             changes rated held rated",
            "the page of the GET that made the hold",
        ),
        (
            "610 get 2 c pressed
             = held 5 seen
             661 press c ask d pressed
             = held 5 seen
             663 press d ok
             = rated 2 pressed",
            "another page of the same moment",
        ),
        (
            "610.001 get 5 c pressed
             = held 5 seen
             612 press c ok # a view holds only what stands
             = rated 5 pressed",
            "a moment later",
        ),
        (
            "660 get 5 c pressed
             662 press c ok
             = rated 5 pressed",
            "after the hold",
        ),
        (
            "660 get 5 c pressed
             662 seen c ask
             663 touched c ask d pressed
             664 touched d ask
             = held 5 seen",
            "by script never",
        ),
        (
            "612 comment a ok
             = locked 5 commented",
            "a comment needs no later page",
        ),
        (
            "613 comment b ok
             = locked 1 commented",
            "a comment for the page's face",
        ),
        (
            "613 comment b:3 ok
             = locked 3 commented
             changes rated held commented",
            "a comment for the picked face",
        ),
    ] {
        let script = format!("{held}\n{then}");
        println!("{why}");
        play(&[&script]);
    }
}

#[test]
fn the_answer_to_the_post_that_held_counts_as_issued_after_the_hold() {
    let held = "600 get 5 a
                602 touched a ok
                605 get 1 b change
                607 seen b ask c pressed
                = held 5 touched";
    play(&[
        &format!(
            "{held}
             608 press c ok
             = rated 1 pressed"
        ),
        // the form that held it does not
        &format!(
            "{held}
             608 press b ask
             = held 5 touched"
        ),
        // nor does another page of the same moment
        &format!(
            "{held}
             607 get 5 d pressed
             609 press d ask e pressed
             = held 5 touched
             611 press e ok
             = rated 5 pressed"
        ),
    ]);
}

#[test]
fn an_answer_to_a_post_that_held_nothing_is_no_page_of_later_in_the_moment_of_a_hold() {
    // "…counts as issued after a hold made by that POST": this hold was made by a GET, at the very moment.
    play(&["600 get 5 a
            602 seen a ok
            610 get 1 b pressed
            610 press a ask c pressed
            612 press c ask
            = held 5 seen"]);
}
