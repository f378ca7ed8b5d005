//! The click rules for what looks like a click: what it is believed, and which views are one burst while the mail is young.

use super::*;

#[test]
fn a_click_is_believed_while_the_mail_is_young() {
    for (least, click, other) in
        [("seen", "seen", "touched"), ("touched", "touched", "pressed"), ("pressed", "pressed", "pressed")]
    {
        for pose in ["phone", "webmail"] {
            play(&[&format!(
                "evidence {least}
                 40 {pose} 5 - {click}
                 41 get 5 - {other}
                 42 machine 5 - pressed
                 600 {pose} 5 - {click}"
            )]);
        }
    }
    play(&[
        "40 phone 5 a seen
         40.6 seen a ok same
         = rated 5 seen",
        "accepted never
         40 webmail 5 a seen
         40.6 seen a ok
         = rated 5 seen",
        "40 get 5 a touched
         40.6 seen a ask b pressed
         = unrated",
        "10 phone 4 -
         11 phone 5 a pressed # hot comes first
         12 seen a ask
         = unrated",
    ]);
}

#[test]
fn a_program_that_names_a_phone_is_no_click() {
    for (machine, phone, webmail, clicks) in [
        (false, false, false, false),
        (false, true, false, true),
        (false, false, true, true),
        (false, true, true, true),
        (true, true, true, false),
    ] {
        assert_eq!(Visitor { machine, phone, webmail }.clicks(), clicks);
    }
}

#[test]
fn while_young_all_views_of_one_pose_are_a_burst() {
    for pose in ["phone", "webmail", "get", "machine"] {
        play(&[&format!(
            "10 {pose} 1 -
             298 {pose} 1 -
             299.999 {pose} 2 - pressed
             599.998 {pose} 2 - pressed
             599.999 get 2 - seen"
        )]);
    }
    play(&[
        // both clicks, whatever made them so
        "10 phone 1 -
         200 webmail 2 - pressed",
        // and no click is a pose too
        "10 machine 1 -
         200 get 2 - pressed",
        // a person is not taken for a part of the scanner that came before
        "10 get 1 -
         11 get 2 -
         12 get 3 -
         312 phone 5 - seen",
        "10 get 1 -
         200 phone 5 a seen
         201 seen a ok
         = rated 5 seen",
        // within 60 s they are one burst all the same
        "10 get 1 -
         69.999 phone 5 - pressed",
        "10 get 1 -
         70 phone 5 - seen",
    ]);
}

#[test]
fn from_five_minutes_on_only_the_last_60_s_are_a_burst() {
    play(&[
        "200 phone 1 -
         299.999 phone 2 - pressed",
        "200 phone 1 -
         300 phone 2 - seen",
        "accepted 1000
         1200 phone 1 -
         1299.999 phone 2 - pressed",
        "accepted never
         200 phone 1 -
         90000 phone 2 - pressed",
    ]);
}

#[test]
fn while_young_a_rating_falls_to_later_views_of_its_pose() {
    play(&[
        "10 phone 1 a seen
         12 seen a ok
         299 phone 2 b pressed
         = held 1 seen",
        "10 phone 1 a seen
         12 seen a ok
         300 phone 2 b change
         = rated 1 seen",
        // not to those of another, unless they are of the last 60 s
        "10 phone 1 a seen
         12 seen a ok
         70 get 2 - change
         90 get 3 - change
         = rated 1 seen",
        "10 phone 1 a seen
         12 seen a ok
         69.999 get 2 - pressed
         = held 1 seen",
        // a touched one at three faces
        "10 get 1 a touched
         12 touched a ok
         100 get 2 - change
         = rated 1 touched
         200 get 3 - pressed
         = held 1 touched",
        // a pressed one never
        "10 phone 1 a
         12 press a ok
         100 phone 2 -
         200 phone 3 -
         = rated 1 pressed",
        // the pose is that of the page that made the rating, also by its refused answers
        "10 phone 1 a seen
         10.2 seen a ask same
         11 press a ok
         = rated 1 pressed",
    ]);
    // The pose of a page outlives its refusals, and the rating keeps it.
    let mut visit = Visit::usual();
    for line in ["10 phone 1 a", "11 get 2 -", "12 get 3 -", "14 press a ask b pressed", "17 press b ok"] {
        visit.line(line);
    }
    assert!(visit.pages["a"].click && visit.pages["b"].click);
    assert!(visit.clicks.standing.rating().expect("rated").click);
    visit.line("18 press forged stale c");
    assert!(!visit.pages["c"].click, "a page that is not ours says nothing about its view");
}

#[test]
fn step_9_looks_back_60_s_whatever_the_pose() {
    play(&[
        "10 phone 1 -
         20 phone 2 -
         100 phone 5 a pressed
         102 press a ok # one face was viewed within 60 s
         = rated 5 pressed",
        "10 get 1 -
         20 get 2 -
         60 phone 5 a pressed
         62 press a ask
         = unrated",
    ]);
}

#[test]
fn the_page_of_the_get_that_made_the_hold_counts_as_issued_after_it() {
    let held = "40 phone 2 a seen
                41.2 seen a ok
                45 phone 5 b pressed
                = held 2 seen";
    for (then, why) in [
        (
            "48 press b:5 ok
             = rated 5 pressed",
            "picked",
        ),
        (
            "48 press b ok
             = rated 5 pressed",
            "or not",
        ),
        (
            "48 press b:2 ok
             = rated 2 pressed",
            "also for the face that was held",
        ),
        (
            "45 phone 5 c pressed
             48 press c ask d pressed
             50 press d ok
             = rated 5 pressed",
            "another page of the same moment does not",
        ),
        (
            "46 phone 2 -
             48 press b ok
             = rated 5 pressed",
            "a later view holds nothing that is held",
        ),
        (
            "46 phone 2 c pressed
             47.5 press c ok
             = rated 2 pressed
             48 press b ask d pressed
             = held 2 pressed
             49 press b ask
             50 press d ask e pressed
             52 press e ok
             = rated 5 pressed",
            "until another hold",
        ),
    ] {
        println!("{why}");
        play(&[&format!("{held}\n{then}")]);
    }
}
