//! The tables by teammate and by team: their rows, and the order of those.

use super::{answered, csat};
use crate::render::chart::{self, SCORES};
use crate::survey::interval::{FEWEST_TO_RANK, Interval};
use crate::survey::rating::Score;
use crate::survey::report::{Figures, Group, Key};
use crate::web::admin::filter::Filter;
use crate::web::admin::page::{count, ends, exact};
use std::cmp::Ordering;

/// The rows of a table, by whom they count for.
pub(super) struct Table {
    pub(super) what: &'static str,
    pub(super) heads: Vec<Head>,
    pub(super) rows: Vec<Row>,
    pub(super) few: usize,
}

pub(super) struct Head {
    pub(super) name: &'static str,
    pub(super) link: String,
    /// The value of `aria-sort`.
    pub(super) sorted: Option<&'static str>,
}

pub(super) struct Row {
    pub(super) name: String,
    pub(super) link: Option<String>,
    pub(super) csat: String,
    pub(super) ends: String,
    pub(super) range: String,
    pub(super) ratings: String,
    pub(super) ratings_link: Option<String>,
    pub(super) split: String,
    pub(super) scores: String,
    pub(super) asked: String,
    pub(super) answered: String,
    pub(super) is_few: bool,
}

/// The order of the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    Best,
    Worst,
    Ratings,
    Answered,
    Name,
}

impl Sort {
    const ALL: [(Self, &'static str); 5] = [
        (Self::Best, "best"),
        (Self::Worst, "worst"),
        (Self::Ratings, "ratings"),
        (Self::Answered, "answered"),
        (Self::Name, "name"),
    ];

    pub(super) fn read(text: Option<&str>) -> Self {
        Self::ALL.into_iter().find(|(_, word)| Some(*word) == text).map_or(Self::Best, |(sort, _)| sort)
    }

    fn word(self) -> &'static str {
        Self::ALL.into_iter().find(|(sort, _)| *sort == self).map_or("", |(_, word)| word)
    }

    /// Rows with too few ratings come last where ratings are what counts: they are not ranked.
    fn order(self, one: &Group, other: &Group) -> Ordering {
        let few = |group: &Group| group.figures.ratings() < FEWEST_TO_RANK;
        let share = |of: fn(&Figures) -> Option<Interval>| {
            let share = |group: &Group| of(&group.figures).map_or(-1.0, |share| share.share);
            share(other).total_cmp(&share(one))
        };
        let by_name = || called(one).to_lowercase().cmp(&called(other).to_lowercase());
        let order = match self {
            Self::Best | Self::Worst if few(one) || few(other) => few(one).cmp(&few(other)),
            Self::Best => share(csat),
            Self::Worst => share(csat).reverse(),
            Self::Ratings => other.figures.ratings().cmp(&one.figures.ratings()),
            Self::Answered => share(answered),
            Self::Name => Ordering::Equal,
        };
        order.then_with(by_name)
    }
}

/// A table is cut by one thing.
fn key(group: &Group) -> Option<&Key> {
    group.keys.first()
}

fn called(group: &Group) -> &str {
    key(group).and_then(|key| key.name.as_deref()).unwrap_or("Unattributed")
}

pub(super) fn table(what: &'static str, groups: &[Group], sort: Sort, filter: &Filter) -> Table {
    let mut groups: Vec<_> = groups.iter().collect();
    groups.sort_by(|one, other| sort.order(one, other));
    let rows: Vec<_> = groups.into_iter().map(|group| row(what, group, filter)).collect();
    let head = |name, by: Sort, sorted: Option<&'static str>| Head {
        name,
        link: filter.link(&[("sort", Some(by.word()))]),
        sorted,
    };
    // The one column whose order can be turned round.
    let turned = if sort == Sort::Best { Sort::Worst } else { Sort::Best };
    let shares = match sort {
        Sort::Best => Some("descending"),
        Sort::Worst => Some("ascending"),
        _ => None,
    };
    let is = |by: Sort, word| (sort == by).then_some(word);
    let heads = vec![
        head(if what == "team" { "Team" } else { "Teammate" }, Sort::Name, is(Sort::Name, "ascending")),
        head("CSAT", turned, shares),
        head("Ratings", Sort::Ratings, is(Sort::Ratings, "descending")),
        head("Answered", Sort::Answered, is(Sort::Answered, "descending")),
    ];
    Table { what, heads, few: rows.iter().filter(|row| row.is_few).count(), rows }
}

fn row(what: &str, group: &Group, filter: &Filter) -> Row {
    let figures = &group.figures;
    let share = csat(figures);
    let text = |of: fn(Interval) -> String| share.map_or_else(|| "–".to_owned(), of);
    let id = key(group).and_then(|key| key.id.as_deref());
    let link_to = |path: &str| id.map(|id| filter.link_to(path, &[(what, Some(id))]));
    let named = Score::ALL
        .map(|score| format!("{} {}", count(figures.scores[score.index()]), SCORES[score.index()].to_lowercase()));
    Row {
        name: called(group).to_owned(),
        link: link_to("/admin"),
        csat: text(|share| exact(share.share)),
        ends: text(ends),
        range: chart::range(share),
        ratings: count(figures.ratings()),
        ratings_link: link_to("/admin/ratings"),
        split: chart::split(figures.scores),
        scores: named.join(", "),
        asked: count(figures.asked),
        answered: answered(figures).map_or_else(|| "–".to_owned(), |share| exact(share.share)),
        is_few: figures.ratings() < FEWEST_TO_RANK,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::admin::page::Place;

    fn group(name: &str, positive: u64, all: u64) -> Group {
        let scores = [all - positive, 0, 0, positive, 0];
        let figures = Figures { asked: 2 * all, answered: all, positive, scores, ..Figures::default() };
        let key = Key { id: Some(name.to_lowercase()), name: Some(name.to_owned()) };
        Group { keys: vec![key], figures, ..Group::default() }
    }

    #[test]
    fn few_ratings_are_marked_and_not_ranked() {
        let groups = [group("Lucky", 3, 3), group("Bea", 18, 20), group("ada", 18, 20), group("Cy", 10, 40)];
        let filter = Filter::read(Place::Overview, None, "2026-11-26".parse().expect("a day"));
        let order = |sort| {
            table("teammate", &groups, sort, &filter).rows.iter().map(|row| row.name.clone()).collect::<Vec<_>>()
        };
        assert_eq!(order(Sort::Best), ["ada", "Bea", "Cy", "Lucky"]);
        assert_eq!(order(Sort::Worst), ["Cy", "ada", "Bea", "Lucky"]);
        assert_eq!(order(Sort::Ratings), ["Cy", "ada", "Bea", "Lucky"]);
        assert_eq!(order(Sort::Name), ["ada", "Bea", "Cy", "Lucky"]);
        let table = table("teammate", &groups, Sort::Best, &filter);
        assert_eq!(table.few, 1);
        assert_eq!(table.rows[0].link.as_deref(), Some("/admin?teammate=ada"));
    }
}
