//! Whether the click rules lose people or count machines: models of both, played against the real rules.
//!
//! `cargo bench --bench honesty` prints their tables. These tests play a small part, so that the models stay true.

mod browser;
mod machines;
mod people;

use afterword::survey::page::Evidence;
use machines::{MACHINES, counted};
use people::{Cause, POPULATIONS, Scan, measure};

const CUSTOMERS: u32 = 3_000;
const MAILS: u32 = 40;

#[test]
fn no_machine_counts_that_is_not_named_as_a_limit() {
    for machine in &MACHINES {
        for least in [Evidence::Seen, Evidence::Touched, Evidence::Pressed] {
            let counted = counted(machine, least, MAILS);
            assert!(machine.limit.is_some() || counted == 0, "{least}: {}: {counted} of {MAILS}", machine.name);
        }
        assert!(machine.limit.is_none() || counted(machine, Evidence::Seen, MAILS) > 0, "no limit: {}", machine.name);
    }
}

#[test]
fn few_people_are_lost() {
    for population in &POPULATIONS {
        let lost = |least| measure(population, Scan::Sometimes, least, CUSTOMERS);
        let seen = lost(Evidence::Seen);
        assert!(!seen.exceed(population.aim), "{}: {}", population.name, seen.share());
        assert!(seen.share() < lost(Evidence::Touched).share(), "{}", population.name);
        assert!(lost(Evidence::Touched).share() < lost(Evidence::Pressed).share(), "{}", population.name);
        assert!(seen.wrong_face < seen.lost() && seen.scanned.1 < seen.lost(), "{}", population.name);
        for cause in [Cause::LeftAtOnce, Cause::NoPress, Cause::MisTap, Cause::NoScript] {
            assert!(seen.by_cause[cause as usize] > 0, "{}", population.name);
        }
        let just_scanned = measure(population, Scan::JustBefore, Evidence::Seen, CUSTOMERS);
        assert!(just_scanned.share() > 0.4, "a press is asked for: {}", just_scanned.share());
    }
}
