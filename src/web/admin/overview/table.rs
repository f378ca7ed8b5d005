//! The table by one cut: its rows, and the order of those.

use super::goal::Goals;
use crate::render::chart;
use crate::survey::interval::FEWEST_TO_RANK;
use crate::survey::rating::Score;
use crate::survey::report::{By, Figures, Group, Key};
use crate::survey::target::Verdict;
use crate::survey::wording::tenths;
use crate::web::admin::bar;
use crate::web::admin::filter::Filter;
use crate::web::admin::page::{NO_FIGURE, Place, count, ends, share};
use std::cmp::Ordering;

/// How many rows are shown until one asks for all. More than a screen, and a page of 500 rows loads slowly on a phone.
const FIRST_ROWS: usize = 25;

/// The rows of a table, by what they stand for.
pub(super) struct Table {
    /// What the rows stand for.
    pub(super) by: By,
    pub(super) heads: Vec<Head>,
    pub(super) rows: Vec<Row>,
    pub(super) few: bool,
    /// Whether the rows have targets.
    pub(super) has_targets: bool,
    /// The words and the link to all rows, or back to the first ones.
    pub(super) more: Option<(String, String)>,
}

/// The head of a column.
pub(super) struct Head {
    pub(super) name: &'static str,
    /// The page in the order of this column.
    pub(super) link: Option<String>,
    /// The value of `aria-sort`.
    pub(super) sorted: Option<&'static str>,
    pub(super) is_number: bool,
}

pub(super) struct Row {
    pub(super) name: String,
    pub(super) link: Option<String>,
    pub(super) csat: String,
    pub(super) ends: String,
    pub(super) range: String,
    /// The change against the period before, and whether it is more than chance explains.
    pub(super) change: Option<(String, bool)>,
    pub(super) target: Option<(String, Verdict)>,
    pub(super) ratings: String,
    pub(super) ratings_link: Option<String>,
    pub(super) split: String,
    pub(super) scores: String,
    pub(super) asked: String,
    pub(super) answered: String,
    pub(super) is_few: bool,
}

/// The column that rows are in order of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Name,
    Csat,
    Change,
    Ratings,
    Asked,
    Answered,
}

/// The order of the rows: by a column, the highest first if its word has a minus in front.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sort {
    column: Column,
    falls: bool,
}

impl Column {
    const ALL: [(Self, &'static str); 6] = [
        (Self::Name, "name"),
        (Self::Csat, "csat"),
        (Self::Change, "change"),
        (Self::Ratings, "ratings"),
        (Self::Asked, "asked"),
        (Self::Answered, "answered"),
    ];

    fn word(self) -> &'static str {
        Self::ALL.into_iter().find(|(column, _)| *column == self).map_or("", |(_, word)| word)
    }

    /// The order that one click gives: names from A to Z, whatever fell most, and else the highest.
    fn usual(self) -> Sort {
        Sort { column: self, falls: !matches!(self, Self::Name | Self::Change) }
    }
}

impl Sort {
    /// The order of a parameter, else the best first.
    fn read(text: Option<&str>) -> Self {
        let (falls, word) = text.map_or((true, ""), |text| match text.strip_prefix('-') {
            Some(word) => (true, word),
            None => (false, text),
        });
        let column = Column::ALL.into_iter().find(|(_, known)| *known == word);
        column.map_or(Column::Csat.usual(), |(column, _)| Self { column, falls })
    }

    fn spelled(self) -> String {
        format!("{}{}", if self.falls { "-" } else { "" }, self.column.word())
    }

    /// Rows with too few ratings come last where ratings are what counts: they are not ranked.
    fn order(self, one: &Group, other: &Group, by: By) -> Ordering {
        let few = |group: &Group| match self.column {
            Column::Csat => is_few(&group.figures),
            Column::Change => is_few(&group.figures) || group.before.as_ref().is_none_or(is_few),
            _ => false,
        };
        let turned = |order: Ordering| if self.falls { order.reverse() } else { order };
        let number = |of: fn(&Group) -> f64| turned(of(one).total_cmp(&of(other)));
        let whole = |of: fn(&Figures) -> u64| turned(of(&one.figures).cmp(&of(&other.figures)));
        let by_name = || called(by, one).to_lowercase().cmp(&called(by, other).to_lowercase());
        let order = match self.column {
            _ if few(one) || few(other) => few(one).cmp(&few(other)),
            Column::Name => turned(by_name()),
            Column::Csat => number(|group| group.figures.csat().unwrap_or(-1.0)),
            Column::Change => number(|group| moved(group).unwrap_or_default()),
            Column::Ratings => whole(Figures::ratings),
            Column::Asked => whole(|figures| figures.asked),
            Column::Answered => number(|group| group.figures.response_rate().unwrap_or(-1.0)),
        };
        order.then_with(by_name)
    }
}

fn is_few(figures: &Figures) -> bool {
    figures.ratings() < FEWEST_TO_RANK
}

/// How far the share moved since the period before.
fn moved(group: &Group) -> Option<f64> {
    Some(group.figures.csat()? - group.before.as_ref()?.csat()?)
}

/// A table is cut by one thing.
fn key(group: &Group) -> Option<&Key> {
    group.keys.first()
}

/// What people call a row.
pub(super) fn called(by: By, group: &Group) -> &str {
    let name = key(group).and_then(|key| key.name.as_deref().or(key.id.as_deref()));
    name.filter(|name| !name.is_empty()).unwrap_or(bar::nothing(by))
}

impl Table {
    pub(super) fn new(by: By, groups: &[Group], goals: &Goals, filter: &Filter) -> Self {
        let sort = Sort::read(filter.value("sort"));
        let mut groups: Vec<_> = groups.iter().collect();
        groups.sort_by(|one, other| sort.order(one, other, by));
        let (all, wants_all) = (groups.len(), filter.value("all").is_some());
        if !wants_all {
            groups.truncate(FIRST_ROWS);
        }
        let more = (all > FIRST_ROWS).then(|| {
            if wants_all {
                (format!("Show the first {FIRST_ROWS} only"), filter.link(&[("all", None)]))
            } else {
                (format!("Show all {}", count(all as u64)), filter.link(&[("all", Some("1"))]))
            }
        });
        let rows: Vec<_> = groups.into_iter().map(|group| row(by, group, goals, filter)).collect();
        let has_targets = rows.iter().any(|row| row.target.is_some());
        Self {
            by,
            heads: heads(by, sort, has_targets, filter),
            few: rows.iter().any(|row| row.is_few),
            rows,
            has_targets,
            more,
        }
    }
}

fn heads(by: By, sort: Sort, has_targets: bool, filter: &Filter) -> Vec<Head> {
    let sortable = |name, column: Column| {
        let is_here = sort.column == column;
        let next = if is_here { Sort { falls: !sort.falls, ..sort } } else { column.usual() };
        Head {
            name,
            link: Some(filter.link(&[("sort", Some(&next.spelled()))])),
            sorted: is_here.then_some(if sort.falls { "descending" } else { "ascending" }),
            is_number: column != Column::Name,
        }
    };
    let plain = |name| Head { name, link: None, sorted: None, is_number: false };
    let mut heads = vec![
        sortable(bar::title(by), Column::Name),
        sortable("CSAT", Column::Csat),
        plain("95\u{a0}% interval"),
        sortable("Change", Column::Change),
        sortable("Ratings", Column::Ratings),
        plain("Faces"),
        sortable("Asked", Column::Asked),
        sortable("Answered", Column::Answered),
    ];
    if has_targets {
        heads.insert(4, plain("Target"));
    }
    heads
}

fn row(by: By, group: &Group, goals: &Goals, filter: &Filter) -> Row {
    let figures = &group.figures;
    let interval = figures.csat_interval();
    let id = key(group).and_then(|key| key.id.as_deref());
    let narrowed = |place| filter.narrow(place, Some((by, id.unwrap_or_default())));
    let named = Score::ALL.map(|score| format!("{} {}", count(figures.scores[score.index()]), score.word()));
    let change = interval.zip(group.before.as_ref().and_then(Figures::csat_interval)).map(|(now, then)| {
        let change = now.since(&then);
        (signed(change.by), !change.maybe_chance)
    });
    Row {
        name: called(by, group).to_owned(),
        link: narrowed(Place::Overview),
        csat: share(figures.positive, figures.ratings()),
        ends: interval.map_or_else(|| NO_FIGURE.to_owned(), ends),
        range: chart::range(interval),
        change,
        target: goals.of_row(by, id, figures),
        ratings: count(figures.ratings()),
        ratings_link: narrowed(Place::Ratings).filter(|_| figures.ratings() > 0),
        split: chart::split(figures.scores),
        scores: named.join(", "),
        asked: count(figures.asked),
        answered: share(figures.answered, figures.asked),
        is_few: is_few(figures),
    }
}

/// A change in points, with its sign.
fn signed(by: f64) -> String {
    match tenths(by) {
        p if p > 0.0 => format!("+{p:.1}"),
        p if p < 0.0 => format!("−{:.1}", -p),
        _ => "0.0".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::survey::access::Within;

    fn figures(positive: u64, all: u64) -> Figures {
        let scores = [all - positive, 0, 0, positive, 0];
        Figures { asked: 2 * all, answered: all, positive, scores, ..Figures::default() }
    }

    fn group(name: &str, positive: u64, all: u64) -> Group {
        let key = Key { id: Some(name.to_lowercase()), name: Some(name.to_owned()) };
        Group { keys: vec![key], figures: figures(positive, all), before: Some(figures(18, 20)), ..Group::default() }
    }

    fn table(groups: &[Group], query: &str) -> Table {
        let filter = Filter::read(Place::Overview, Some(query), "2026-11-26".parse().expect("a day"));
        let goals = Goals::new(Vec::new(), &filter, &Within::default());
        Table::new(By::Teammate, groups, &goals, &filter)
    }

    #[test]
    fn few_ratings_are_marked_and_not_ranked() {
        let groups = [group("Lucky", 3, 3), group("Bea", 18, 20), group("ada", 18, 20), group("Cy", 10, 40)];
        let order = |sort: &str| {
            let rows = table(&groups, &format!("sort={sort}")).rows;
            rows.iter().map(|row| row.name.clone()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(order(""), "ada Bea Cy Lucky", "the best first");
        for (sort, names) in [
            ("-csat", "ada Bea Cy Lucky"),
            ("csat", "Cy ada Bea Lucky"),
            ("change", "Cy ada Bea Lucky"),
            ("-change", "ada Bea Cy Lucky"),
            ("-ratings", "Cy ada Bea Lucky"),
            ("asked", "Lucky ada Bea Cy"),
            ("name", "ada Bea Cy Lucky"),
            ("-name", "Lucky Cy Bea ada"),
            ("unknown", "ada Bea Cy Lucky"),
        ] {
            assert_eq!(order(sort), names, "{sort}");
        }
        let table = table(&groups, "");
        assert!(table.few && table.more.is_none());
        assert_eq!(table.rows[0].link.as_deref(), Some("/admin?teammate=ada"));
        let changes: Vec<_> = table.rows.iter().map(|row| row.change.clone().expect("compared")).collect();
        assert_eq!(changes[0], ("0.0".to_owned(), false));
        assert_eq!(changes[2], ("−65.0".to_owned(), true));
        assert_eq!(changes[3], ("+10.0".to_owned(), false), "can be chance");
    }

    #[test]
    fn a_click_on_a_head_sorts_and_the_next_one_turns_round() {
        let link = |query: &str, at: usize| table(&[], query).heads[at].link.clone().expect("a link");
        assert_eq!(link("", 1), "/admin?sort=csat");
        assert_eq!(link("sort=csat", 1), "/admin?sort=-csat");
        assert_eq!(
            (link("", 0), link("", 3), link("", 4)),
            ("/admin?sort=name".into(), "/admin?sort=change".into(), "/admin?sort=-ratings".into())
        );
        assert_eq!(table(&[], "").heads[1].sorted, Some("descending"));
    }

    #[test]
    fn a_long_table_shows_its_first_rows_until_asked_for_all() {
        let groups: Vec<_> = (0..30).map(|at| group(&format!("T{at}"), 20, 20 + at)).collect();
        let bounded = table(&groups, "team=A");
        assert_eq!(bounded.rows.len(), FIRST_ROWS);
        assert_eq!(bounded.more, Some(("Show all 30".to_owned(), "/admin?team=A&all=1".to_owned())));
        let all = table(&groups, "all=1");
        assert_eq!((all.rows.len(), all.more.map(|more| more.1)), (30, Some("/admin".to_owned())));
    }

    #[test]
    fn a_row_without_an_id_and_one_of_the_period_before_make_sense() {
        let nobody = Group { keys: vec![Key::default()], figures: figures(1, 2), ..Group::default() };
        let gone = Group { figures: Figures::default(), ..group("Gone", 0, 0) };
        let rows = table(&[nobody, gone], "").rows;
        assert_eq!((rows[1].name.as_str(), rows[1].link.as_deref()), ("No teammate", Some("/admin?none=teammate")));
        assert_eq!((rows[0].csat.as_str(), rows[0].ratings.as_str(), &rows[0].ratings_link), ("–", "0", &None));
    }
}
