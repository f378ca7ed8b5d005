//! Sums by the groups of a report, from whatever source they come, made into the groups that the report shows.
//!
//! It must not know which series there are, nor SQL.

use super::facts::{Fact, KEPT, SCORES, Sums, add_to, ratings};
use crate::survey::answers::Counts;
use crate::survey::report::cut::stretch;
use crate::survey::report::{By, Counted, Cut, Figures, Group, Key};
use std::collections::{BTreeMap, HashMap};

/// The ids of a group: one a part of the cut.
type Ids = Vec<Option<String>>;

/// Sums by group; without a cut there is one group.
#[derive(Debug, Default)]
pub(super) struct Tally(HashMap<Ids, (Sums, Counts)>);

impl Tally {
    /// Adds sums to a group.
    pub(super) fn add(&mut self, ids: Ids, sums: &Sums) {
        add_to(&mut self.0.entry(ids).or_default().0, sums);
    }

    /// Adds to how often something was ticked in a group.
    pub(super) fn tick(&mut self, ids: Ids, question: &str, choice: &str, count: i64) {
        let questions = &mut self.0.entry(ids).or_default().1;
        let count_of = questions.entry(question.to_owned()).or_default().entry(choice.to_owned()).or_default();
        // Parts of a sum can be below 0, but never the sum.
        *count_of = count_of.wrapping_add_signed(count);
    }

    /// Adds a fact to the groups that it counts in.
    pub(super) fn add_fact(&mut self, cut: Option<Cut>, fact: &Fact) {
        let mut groups: Vec<Ids> = vec![Vec::new()];
        for by in cut.into_iter().flat_map(Cut::parts) {
            let keys: Ids = if by.is_time() {
                vec![Some(stretch(by, fact.day))]
            } else {
                fact.keys(by).into_iter().map(|key| key.map(str::to_owned)).collect()
            };
            let longer =
                |ids: &Ids| keys.iter().map(|key| [ids.clone(), vec![key.clone()]].concat()).collect::<Vec<_>>();
            groups = groups.iter().flat_map(longer).collect();
        }
        for ids in groups {
            for (question, choice) in &fact.ticks {
                self.tick(ids.clone(), question, choice, ratings(&fact.sums));
            }
            self.add(ids, &fact.sums);
        }
    }

    /// The sum of all groups.
    pub(super) fn total(&self) -> (Sums, Counts) {
        let mut total: (Sums, Counts) = <_>::default();
        for (sums, ticks) in self.0.values() {
            add_to(&mut total.0, sums);
            for (question, choices) in ticks {
                for (choice, count) in choices {
                    let of = total.1.entry(question.clone()).or_default().entry(choice.clone()).or_default();
                    *of = of.wrapping_add(*count);
                }
            }
        }
        total
    }

    /// The groups that have any figures, and a total. `names` are of teammates.
    pub(super) fn counted(
        self,
        cut: Cut,
        total: &(Sums, Counts),
        positive: &[usize],
        names: &BTreeMap<String, String>,
    ) -> Counted {
        // A group that counted once and no longer does is there with 0.
        let any = |sums: &Sums| sums[0] + ratings(sums) + sums[KEPT] + sums[KEPT + 1] > 0;
        let groups = self.0.into_iter().filter(|(_, (sums, _))| any(sums));
        let rows = groups.map(|(ids, (sums, ticks))| {
            let key = |(by, id): (By, Option<String>)| {
                let name = id.as_ref().filter(|_| by == By::Teammate).and_then(|id| names.get(id)).cloned();
                Key { name: name.or_else(|| id.clone()), id }
            };
            let keys = cut.parts().zip(ids).map(key).collect();
            Group { keys, figures: figures(&sums, positive), ticks: ticked(ticks), before: None }
        });
        Counted { rows: rows.collect(), total: figures(&total.0, positive), total_ticks: ticked(total.1.clone()) }
    }
}

/// What was ticked at all.
fn ticked(mut ticks: Counts) -> Counts {
    for choices in ticks.values_mut() {
        choices.retain(|_, count| *count > 0);
    }
    ticks.retain(|_, choices| !choices.is_empty());
    ticks
}

fn figures(sums: &Sums, positive: &[usize]) -> Figures {
    // Only sums that somebody changed by hand are below zero. `check` tells of them, and the pages stay open.
    let sums = sums.map(|sum| u64::try_from(sum).unwrap_or_default());
    let [asked, answered, held, unconfirmed, phone_young, phone_later, other_young, other_later, ..] = sums;
    let mut scores = [0; 5];
    scores.copy_from_slice(&sums[SCORES..KEPT]);
    Figures {
        asked,
        answered,
        held,
        unconfirmed,
        unconfirmed_by: [phone_young, phone_later, other_young, other_later],
        waiting: sums[KEPT],
        failed: sums[KEPT + 1],
        positive: positive.iter().filter_map(|score| scores.get(*score - 1)).sum(),
        scores,
    }
}
