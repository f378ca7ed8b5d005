//! What a try remembers of its end: which rule took or refused it.

use super::*;
use crate::survey::trail::Fate;

#[test]
fn every_try_remembers_which_rule_took_or_refused_it() {
    use Fate::{AnotherStands, Counted, Hot, ManyLinks, OlderPage, OtherFace, TooSoon, TooWeak, WindowOver};
    let mut seen = Vec::new();
    for (script, fates) in [
        (
            "600 get 4 a
             600.2 seen a ask
             600.6 seen a ok
             605 press a ok",
            &[TooSoon, Counted, Counted][..],
        ),
        (
            "rate 700
             600 get 4 a
             701 press a closed",
            &[WindowOver],
        ),
        (
            "600 get 5 a
             602 seen a ok
             603 get 1 b
             605 press a ask
             663 seen b ask",
            &[Counted, OlderPage, Hot],
        ),
        (
            "600 page 5 a seen
             600 page 1 b seen
             602 seen a ok
             603 seen b ask",
            &[Counted, OtherFace],
        ),
        (
            "600 get 1 a
             601 get 2 b
             602 get 3 c
             604 press c ask d
             605 press d ask
             606 press d ok",
            &[ManyLinks, TooSoon, Counted],
        ),
        (
            "100 get 4 a touched
             102 seen a ask
             103 touched a ok",
            &[TooWeak, Counted],
        ),
        (
            "600 get 5 a
             602 press a ok
             700 get 1 b change
             702 press b ask",
            &[Counted, AnotherStands],
        ),
    ] {
        let mut visit = Visit::usual();
        script.lines().for_each(|line| visit.line(line));
        let told: Vec<_> = visit.clicks.trail.tries.iter().map(|attempt| attempt.fate).collect();
        assert_eq!(told, fates.iter().copied().map(Some).collect::<Vec<_>>(), "{script}");
        seen.extend(fates);
    }
    assert!(Fate::ALL.iter().all(|fate| seen.contains(&fate)), "the test knows every one");
}
