//! What the targets say about the figures that are shown.
//!
//! A target is for all ratings of its team or teammate, so it says nothing about a part of them: with another filter, or
//! for those who may see only a part, there is none.

use crate::survey::access::Within;
use crate::survey::report::{By, Figures};
use crate::survey::span::Span;
use crate::survey::target::{Holding, Target, Verdict, holding};
use crate::web::admin::filter::Filter;
use std::collections::BTreeSet;

/// The targets, and the part of all ratings that is shown.
pub(super) struct Goals {
    targets: Vec<Target>,
    /// What each shown rating fulfils: filters, and the limits of the key.
    part: BTreeSet<(By, String)>,
    span: Span,
}

impl Goals {
    pub(super) fn new(targets: Vec<Target>, filter: &Filter, allowed: &Within) -> Self {
        let limit = |by, value: &Option<String>| value.clone().map(|value| (by, value));
        let limits = limit(By::Teammate, &allowed.teammate).into_iter().chain(limit(By::Team, &allowed.team));
        let part = filter.filters.iter().cloned().chain(limits).collect();
        Self { targets, part, span: filter.span }
    }

    /// The target for the part and one more limit.
    fn holding(&self, more: Option<(By, &str)>) -> Option<Holding<'_>> {
        let more = more.map(|(by, value)| (by, value.to_owned()));
        let all: BTreeSet<_> = self.part.iter().cloned().chain(more).collect();
        let whose = match all.into_iter().collect::<Vec<_>>().as_slice() {
            [] => Within::default(),
            [(By::Team, name)] if !name.is_empty() => Within { team: Some(name.clone()), teammate: None },
            [(By::Teammate, id)] if !id.is_empty() => Within { teammate: Some(id.clone()), team: None },
            _ => return None,
        };
        holding(&self.targets, &whose, self.span)
    }

    /// The target of all that is shown with its verdict, and a sentence if it changed in the period.
    pub(super) fn of_all(&self, total: &Figures) -> Option<(String, String)> {
        let held = self.holding(None)?;
        let verdict = held.target.verdict(total.positive, total.ratings());
        let since = held.target.from.format("%-d %b %Y");
        let changed = match held.before {
            Some(before) => format!("Since {since}; it was {}\u{a0}% before.", before.csat),
            None if held.is_new => format!("Since {since}."),
            None => String::new(),
        };
        Some((format!("Target {}\u{a0}%: {verdict}", held.target.csat), changed))
    }

    /// The target of a row and its verdict.
    pub(super) fn of_row(&self, by: By, id: Option<&str>, figures: &Figures) -> Option<(String, Verdict)> {
        let held = self.holding(Some((by, id?)))?;
        Some((format!("{}\u{a0}%", held.target.csat), held.target.verdict(figures.positive, figures.ratings())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::admin::page::Place;

    fn goals(query: &str, allowed: &Within) -> Goals {
        let today = "2026-11-26".parse().expect("a day");
        let target = |csat, from: &str, whose| Target { csat, from: from.parse().expect("a day"), whose };
        let team = Within { team: Some("Billing".into()), teammate: None };
        let filter = Filter::read(Place::Overview, Some(query), today);
        let targets = vec![
            target(80, "2026-01-01", Within::default()),
            target(90, "2026-11-20", Within::default()),
            target(70, "2026-01-01", team),
        ];
        Goals::new(targets, &filter, allowed)
    }

    #[test]
    fn a_target_is_for_all_ratings_of_its_own() {
        let figures = Figures { positive: 85, scores: [15, 0, 0, 85, 0], ..Figures::default() };
        let all = Within::default();
        let told = |query, allowed: &Within| goals(query, allowed).of_all(&figures).map(|told| told.0);
        assert_eq!(told("", &all).as_deref(), Some("Target 90\u{a0}%: missed"));
        assert_eq!(goals("", &all).of_all(&figures).expect("one").1, "Since 20 Nov 2026; it was 80\u{a0}% before.");
        assert_eq!(told("from=2026-01-01&to=2026-11-19", &all).as_deref(), Some("Target 80\u{a0}%: met"));
        assert_eq!(told("team=Billing", &all).as_deref(), Some("Target 70\u{a0}%: met"));
        let own = Within { team: Some("Billing".into()), teammate: None };
        assert_eq!(told("", &own).as_deref(), Some("Target 70\u{a0}%: met"), "as the key is limited");
        for query in ["team=Sales", "channel=chat", "team=Billing&channel=chat", "none=team"] {
            assert_eq!(told(query, &all), None, "{query}");
        }
        let row = |query, by, id| goals(query, &all).of_row(by, id, &figures).map(|told| told.0);
        assert_eq!(row("", By::Team, Some("Billing")).as_deref(), Some("70\u{a0}%"));
        assert_eq!(row("team=Billing", By::Team, Some("Billing")).as_deref(), Some("70\u{a0}%"));
        assert_eq!(row("tag=vip", By::Team, Some("Billing")), None, "a part of its ratings");
        assert_eq!((row("", By::Team, None), row("", By::Channel, Some("Billing"))), (None, None));
    }
}
