//! What a page is asked to show: period, filters, order. All of it lives in the URL, and each link of a page is that URL
//! with something changed.
//!
//! It owns how parameters are spelled and which values make sense. A wrong one is told on the page, beside its field. A
//! filter has the name of its cut, such as `channel=chat`. What has none, such as no channel, is `none=channel`: a field
//! that is left empty in a form says nothing.

use super::page::Place;
use crate::survey::access::Within;
use crate::survey::paging::{Paging, RowPlace};
use crate::survey::report::{By, Filters};
use crate::survey::span::{Preset, Span};
use crate::web::query;
use chrono::{Datelike, NaiveDate};
use std::collections::BTreeSet;
use std::ops::RangeInclusive;

/// The period that a page shows unless told otherwise.
const USUAL: Preset = Preset::ThirtyDays;
/// The years that a period may be in. Nobody rated before, and a mistyped year must not make a million points.
const YEARS: RangeInclusive<i32> = 2000..=2099;
/// More points than this make a trend of longer steps instead.
const MOST_POINTS: i64 = 400;
/// What a value of a field may have at most, in bytes: an id of 200 characters fits.
const LONGEST: usize = 1000;

/// The query of a page, read.
#[derive(Clone, Debug)]
pub(super) struct Filter {
    pub(super) place: Place,
    /// The parameters that have a value, as they were given.
    given: Vec<(String, String)>,
    /// The named period; `None` for one between two dates.
    pub(super) preset: Option<Preset>,
    /// The days of the period.
    pub(super) span: Span,
    /// The last day that ratings can be from.
    today: NaiveDate,
    /// The filters that hold, each with its value; an empty value stands for what has none.
    pub(super) filters: Vec<(By, String)>,
    /// What is wrong: the name of the field, and a sentence.
    pub(super) faults: Vec<(&'static str, String)>,
}

impl Filter {
    /// Reads the query of a page. Unknown parameters are passed over: mail programs and chats add some to links.
    pub(super) fn read(place: Place, query: Option<&str>, today: NaiveDate) -> Self {
        let given: Vec<(String, String)> = serde_urlencoded::from_str(query.unwrap_or_default()).unwrap_or_default();
        let given = given.into_iter().map(|(name, value)| (name, value.trim().to_owned()));
        let given = given.filter(|(_, value)| !value.is_empty()).collect();
        let mut filter = Self {
            place,
            given,
            preset: Some(USUAL),
            span: USUAL.span(today),
            today,
            filters: Vec::new(),
            faults: Vec::new(),
        };
        filter.refuse_what_no_form_sends();
        let none = filter.none();
        for by in place.filters() {
            filter.filters.extend(filter.owned(by.word()).map(|value| (*by, value)));
            filter.filters.extend((place.is_report() && none.contains(by)).then(|| (*by, String::new())));
        }
        filter.read_period();
        filter
    }

    /// Finds values that are too long, and parameters that are there twice: to pass such a filter over would show more than
    /// was asked for.
    fn refuse_what_no_form_sends(&mut self) {
        let shared = By::FILTERS.map(By::word).into_iter().chain(PERIOD).chain([NONE]);
        let names: BTreeSet<_> = shared.chain(self.place.own().iter().copied()).collect();
        for name in names {
            if self.values(name).any(|value| value.len() > LONGEST) {
                self.faults.push((name, format!("The {name} in the address of this page is too long. Leave it out.")));
            } else if name != MANY && self.values(name).count() > 1 {
                self.faults.push((name, format!("The address of this page has {name} twice. Leave one out.")));
            }
        }
        // What is left is too long still, so that a link with it is told of, too.
        self.given.iter_mut().for_each(|(_, value)| value.truncate(value.ceil_char_boundary(LONGEST + 1)));
        let mut words = self.value(NONE).unwrap_or_default().split(',');
        let is_none = |word: &&str| !word.is_empty() && !By::FILTERS.iter().any(|by| by.word() == *word);
        if let Some(word) = words.find(is_none).map(str::to_owned) {
            self.faults.push((NONE, format!("There is no filter “{word}”. Leave it out.")));
        }
    }

    fn read_period(&mut self) {
        let today = self.today;
        let dated = self.value("from").is_some() || self.value("to").is_some();
        match self.value("period").map(str::to_owned) {
            Some(name) if name != "custom" => match name.parse::<Preset>() {
                Ok(preset) => (self.preset, self.span) = (Some(preset), preset.span(today)),
                Err(_) => {
                    self.faults.push(("period", format!("There is no period “{name}”. Pick one of those above.")));
                }
            },
            _ if dated => {
                self.preset = None;
                let (from, to) = (self.day("from"), self.day("to"));
                let last = to.unwrap_or(today);
                let first = from.unwrap_or_else(|| USUAL.span(last).first);
                if self.faults.is_empty() && first > last {
                    let detail = format!("The period ends before it begins: {first} is after {last}.");
                    self.faults.push(("from", detail));
                }
                self.span = if first <= last { Span { first, last } } else { self.span };
            }
            _ => {}
        }
    }

    fn day(&mut self, name: &'static str) -> Option<NaiveDate> {
        let text = self.owned(name)?;
        let day = text.parse().ok().filter(|day: &NaiveDate| YEARS.contains(&day.year()));
        if day.is_none() {
            let (first, last) = (YEARS.start(), YEARS.end());
            let detail =
                format!("“{text}” is not a day. Write one such as 2026-11-22, in the years {first} to {last}.");
            self.faults.push((name, detail));
        }
        day
    }

    /// A parameter, if it has a value.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.given.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn owned(&self, name: &str) -> Option<String> {
        self.value(name).map(str::to_owned)
    }

    /// The cuts of which only what has none is shown.
    fn none(&self) -> Vec<By> {
        let words = self.value(NONE).unwrap_or_default().split(',');
        words.filter_map(|word| word.parse().ok()).filter(|by| By::FILTERS.contains(by)).collect()
    }

    /// The value of [`NONE`] with a cut in it, or without.
    fn none_with(&self, by: By, is_in: bool) -> Option<String> {
        let kept = self.none().into_iter().filter(|other| *other != by).chain(is_in.then_some(by));
        let words: Vec<_> = kept.map(By::word).collect();
        (!words.is_empty()).then(|| words.join(","))
    }

    /// The page of a list that is asked for. A cursor that is none is a fault.
    pub(super) fn paging(&mut self) -> Paging<RowPlace> {
        query::paging(self.value("cursor")).unwrap_or_else(|| {
            self.faults.push(("cursor", "This is no place in the list. Begin with its first page.".to_owned()));
            Paging::default()
        })
    }

    /// The filters that hold, for a report.
    pub(super) fn report(&self) -> Filters {
        let add = |filters: Filters, (by, value): &(By, String)| filters.and(*by, Some(value.clone()));
        self.filters.iter().fold(Filters::default(), add)
    }

    /// The part of the team that the filters pick.
    pub(super) fn within(&self) -> Within {
        let value = |by: By| self.filters.iter().find(|(known, _)| *known == by).map(|(_, value)| value.clone());
        Within { teammate: value(By::Teammate), team: value(By::Team) }
    }

    /// All values of a parameter.
    pub(super) fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        self.given.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// What is wrong with a field.
    pub(super) fn fault(&self, name: &str) -> Option<&str> {
        self.faults.iter().find(|(field, _)| *field == name).map(|(_, detail)| detail.as_str())
    }

    /// The step of the trend that was asked for, if its points have room, else the usual one.
    pub(super) fn step(&self) -> By {
        let asked = self.value("step").and_then(|step| step.parse().ok());
        let fits = |step: &By| step.is_time() && self.span.steps(*step) <= MOST_POINTS;
        asked.filter(fits).unwrap_or(self.span.step())
    }

    /// The days to compare with.
    pub(super) fn before(&self) -> Option<Span> {
        self.preset.map_or_else(|| self.span.before(), |preset| preset.before(self.span))
    }

    /// The days to go back to.
    pub(super) fn earlier(&self) -> Option<Span> {
        self.preset.map_or_else(|| self.span.before(), |preset| preset.earlier(self.span))
    }

    /// The days to go on to; none where all of them are still to come.
    pub(super) fn later(&self) -> Option<Span> {
        self.span.after().filter(|later| later.first <= self.today)
    }

    /// The URL of this page with some parameters changed; `None` takes one away. A changed list begins at its first page.
    pub(super) fn link(&self, changes: &[(&str, Option<&str>)]) -> String {
        self.url(self.place.path(), changes, |name| name != "cursor" && self.knows(name))
    }

    /// The URL of another page for this period and these filters, with some parameters changed.
    pub(super) fn link_to(&self, place: Place, changes: &[(&str, Option<&str>)]) -> String {
        self.url(place.path(), changes, is_shared)
    }

    /// The URL of a page for one more filter; `None` if the page would show more than that part, because it has no such
    /// filter, or lacks one that holds.
    pub(super) fn narrow(&self, place: Place, more: Option<(By, &str)>) -> Option<String> {
        let mut all = self.filters.iter().map(|(by, value)| (*by, value.as_str())).chain(more);
        let fits = |(by, value): (By, &str)| place.filters().contains(&by) && (place.is_report() || !value.is_empty());
        if !all.all(fits) {
            return None;
        }
        let Some((by, value)) = more else { return Some(self.link_to(place, &[])) };
        let none = self.none_with(by, value.is_empty());
        let value = Some(value).filter(|value| !value.is_empty());
        Some(self.link_to(place, &[(by.word(), value), (NONE, none.as_deref())]))
    }

    /// The URL of this page without one of its filters.
    pub(super) fn without(&self, (by, value): &(By, String)) -> String {
        match value.as_str() {
            "" => self.link(&[(NONE, self.none_with(*by, false).as_deref())]),
            _ => self.link(&[(by.word(), None)]),
        }
    }

    /// The URL of this page without any filter.
    pub(super) fn unfiltered(&self) -> String {
        let names = By::FILTERS.map(By::word).into_iter().chain([NONE]);
        self.link(&names.map(|name| (name, None)).collect::<Vec<_>>())
    }

    /// The URL of the next page of a list, which begins after a place.
    pub(super) fn next(&self, place: &RowPlace) -> String {
        self.link(&[("cursor", Some(&query::cursor(place)))])
    }

    /// The URL of the first page of a list; `None` on that page.
    pub(super) fn first(&self) -> Option<String> {
        self.value("cursor").is_some().then(|| self.link(&[]))
    }

    /// The URL of this page as it is, to come back to.
    pub(super) fn here(&self) -> String {
        self.link(&[("cursor", self.value("cursor"))])
    }

    /// The URL of this page for this year; `None` if it shows that.
    pub(super) fn longer(&self) -> Option<String> {
        let year = [("period", Some(Preset::Year.word())), ("from", None), ("to", None)];
        (self.preset != Some(Preset::Year)).then(|| self.link(&year))
    }

    fn url(&self, path: &str, changes: &[(&str, Option<&str>)], keeps: impl Fn(&str) -> bool) -> String {
        let kept = self.given.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let kept = kept.filter(|(name, _)| keeps(name) && !changes.iter().any(|(changed, _)| changed == name));
        let changed = changes.iter().filter_map(|(name, value)| Some((*name, (*value)?)));
        let query = serde_urlencoded::to_string(kept.chain(changed).collect::<Vec<_>>()).unwrap_or_default();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
    }

    /// Whether the page takes a parameter.
    fn knows(&self, name: &str) -> bool {
        is_shared(name) || self.place.own().contains(&name)
    }

    /// The URL of this page for a stretch of days.
    pub(super) fn link_days(&self, span: Span) -> String {
        let (from, to) = (span.first.to_string(), span.last.to_string());
        self.link(&[("period", None), ("from", Some(&from)), ("to", Some(&to))])
    }

    /// The parameters that the form for the days must carry along.
    pub(super) fn beside_days(&self) -> Vec<(&str, &str)> {
        self.kept_but(|name| PERIOD.contains(&name))
    }

    /// The parameters that the form for filters must carry along.
    pub(super) fn beside_filters(&self) -> Vec<(&str, &str)> {
        self.kept_but(|name| self.place.filters().iter().any(|by| by.word() == name))
    }

    pub(super) fn kept_but(&self, is_field: impl Fn(&str) -> bool) -> Vec<(&str, &str)> {
        let all = self.given.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        all.filter(|(name, _)| self.knows(name) && *name != "cursor" && !is_field(name)).collect()
    }
}

/// The changes of a URL that take the period away.
pub(super) const ANY_TIME: &[(&str, Option<&str>)] = &[("period", None), ("from", None), ("to", None)];
/// The parameters of the period.
const PERIOD: [&str; 3] = ["period", "from", "to"];
/// The parameter that names the cuts of which only what has none is shown.
const NONE: &str = "none";
/// The one parameter that may be there more than once.
const MANY: &str = "score";

/// Whether a parameter means the same on all pages.
fn is_shared(name: &str) -> bool {
    PERIOD.contains(&name) || name == NONE || By::FILTERS.iter().any(|by| by.word() == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::survey::wording::days;

    fn read(query: &str) -> Filter {
        Filter::read(Place::Overview, Some(query), "2026-11-26".parse().expect("a day"))
    }

    #[test]
    fn a_period_is_named_or_dated() {
        let shown = |query| days(read(query).span);
        assert_eq!(shown(""), "28 Oct to 26 Nov 2026");
        assert_eq!(shown("period=7d&from=2026-01-01"), "20 to 26 Nov 2026");
        assert_eq!(shown("from=2026-11-01&to=2026-11-01&period=custom"), "1 Nov 2026");
        assert_eq!(shown("from=2025-12-01"), "1 Dec 2025 to 26 Nov 2026");
        assert_eq!(shown("to=2026-10-30"), "1 to 30 Oct 2026");
        assert_eq!(shown("period=custom&from=&to="), "28 Oct to 26 Nov 2026", "an empty form is the usual period");
    }

    #[test]
    fn a_wrong_value_is_told_beside_its_field() {
        for (query, field) in [
            ("from=2026-02-30", "from"),
            ("to=tomorrow", "to"),
            ("from=1999-12-31", "from"),
            ("from=2026-11-02&to=2026-11-01", "from"),
            ("period=fortnight", "period"),
        ] {
            let filter = read(query);
            assert!(filter.fault(field).is_some() && filter.faults.len() == 1, "{query}: {:?}", filter.faults);
        }
        assert_eq!(read("from=x&to=y").faults.len(), 2);
    }

    #[test]
    fn a_filter_that_cannot_hold_is_told_and_not_passed_over() {
        let long = "x".repeat(LONGEST + 1);
        for (query, field) in [
            (format!("team={long}"), "team"),
            (format!("by={long}"), "by"),
            ("team=Billing&team=Sales".to_owned(), "team"),
            ("period=7d&period=30d".to_owned(), "period"),
            ("none=tag&none=team".to_owned(), "none"),
            ("none=tag,day".to_owned(), "none"),
        ] {
            let filter = read(&query);
            assert!(filter.fault(field).is_some() && filter.faults.len() == 1, "{field}: {:?}", filter.faults);
        }
        for fine in [format!("utm_source={long}"), "utm_id=1&utm_id=2&team=+&team=Sales".to_owned()] {
            assert!(read(&fine).faults.is_empty(), "{fine}");
        }
        let ratings = Filter::read(Place::Ratings, Some("score=1&score=2"), "2026-11-26".parse().expect("a day"));
        assert!(ratings.faults.is_empty());
    }

    #[test]
    fn links_keep_what_they_do_not_change_and_drop_what_is_unknown() {
        let filter = read("period=7d&team=A%26B&cursor=x&utm_source=mail&sort=name");
        assert_eq!(filter.link(&[("sort", None)]), "/admin?period=7d&team=A%26B");
        assert_eq!(filter.link(&[("team", None), ("period", None), ("sort", None)]), "/admin");
        assert_eq!(
            filter.link_to(Place::Ratings, &[("score", Some("1"))]),
            "/admin/ratings?period=7d&team=A%26B&score=1"
        );
        assert_eq!(filter.beside_days(), [("team", "A&B"), ("sort", "name")]);
        assert_eq!(filter.beside_filters(), [("period", "7d"), ("sort", "name")]);
    }

    #[test]
    fn a_long_period_has_no_million_points() {
        let filter = read("from=2000-01-01&to=2099-12-31&step=day");
        assert_eq!(filter.step(), By::Month);
        assert_eq!(read("step=week").step(), By::Week);
        assert_eq!(read("step=tag").step(), By::Day);
    }

    #[test]
    fn filters_combine_and_each_can_be_taken_away() {
        let filter = read("channel=chat&none=tag,policy&tag=+&by=tag");
        let held: Vec<_> = filter.filters.iter().map(|(by, value)| (by.word(), value.as_str())).collect();
        assert_eq!(held, [("channel", "chat"), ("tag", ""), ("policy", "")], "a blank field says nothing");
        assert_eq!(filter.without(&filter.filters[0]), "/admin?none=tag%2Cpolicy&by=tag");
        assert_eq!(filter.without(&filter.filters[1]), "/admin?channel=chat&by=tag&none=policy");
        assert_eq!(filter.unfiltered(), "/admin?by=tag");
        let more = |by, value| filter.narrow(Place::Overview, Some((by, value)));
        assert_eq!(more(By::Team, "").as_deref(), Some("/admin?channel=chat&none=tag%2Cpolicy%2Cteam"));
        assert_eq!(more(By::Tag, "vip").as_deref(), Some("/admin?channel=chat&tag=vip&none=policy"));
    }

    #[test]
    fn no_link_shows_more_than_it_says() {
        let filter = read("team=Billing");
        let more = |by, value| filter.narrow(Place::FollowUp, Some((by, value)));
        assert_eq!(more(By::Teammate, "t7").as_deref(), Some("/admin/follow-up?team=Billing&teammate=t7"));
        assert_eq!(more(By::Teammate, ""), None, "no teammate");
        assert_eq!(more(By::Channel, "chat"), None, "it has no such filter");
        assert_eq!(read("channel=chat").narrow(Place::FollowUp, None), None);
    }
}
