//! The choice of the period and of filters, and those that hold: at the top of each page with figures.
//!
//! It must not know what a page shows of the period.

use super::filter::Filter;
use super::page::days;
use crate::survey::report::By;
use crate::survey::span::Preset;
use chrono::NaiveDate;

/// The choice of the period and of filters, and those that hold.
pub(super) struct Bar<'a> {
    pub(super) filter: &'a Filter,
    /// Each named period: its name, its link, and whether it is shown.
    pub(super) presets: Vec<(&'static str, String, bool)>,
    /// The days that are shown, in words.
    pub(super) days: String,
    pub(super) earlier: Option<String>,
    pub(super) later: Option<String>,
    pub(super) from: String,
    pub(super) to: String,
    /// What the page is limited to, and the page without that.
    pub(super) chips: Vec<(String, String)>,
    /// The page without any filter.
    pub(super) unfiltered: String,
    /// The fields for filters: name, label, value.
    pub(super) fields: Vec<(&'static str, &'static str, String)>,
}

impl<'a> Bar<'a> {
    pub(super) fn new(filter: &'a Filter) -> Self {
        let preset = |preset: &Preset| {
            let link = filter.link(&[("period", Some(preset.word())), ("from", None), ("to", None)]);
            (preset_name(*preset), link, filter.preset == Some(*preset))
        };
        let dated = |name, day: NaiveDate| {
            let given = filter.value(name).filter(|_| filter.preset.is_none());
            given.map_or_else(|| day.to_string(), str::to_owned)
        };
        let chip = |held: &(By, String)| {
            let name = match (held.0, held.1.as_str()) {
                (by, "") => nothing(by).to_owned(),
                (by, value) => format!("{} {value}", title(by)),
            };
            (name, filter.without(held))
        };
        let field = |by: &By| {
            let label = if *by == By::Teammate { "Teammate (id)" } else { title(*by) };
            (by.word(), label, filter.value(by.word()).unwrap_or_default().to_owned())
        };
        Self {
            presets: Preset::ALL.iter().map(preset).collect(),
            days: days(filter.span),
            earlier: filter.earlier().map(|span| filter.link_days(span)),
            later: filter.later().map(|span| filter.link_days(span)),
            from: dated("from", filter.span.first),
            to: dated("to", filter.span.last),
            chips: filter.filters.iter().map(chip).collect(),
            unfiltered: filter.unfiltered(),
            fields: filter.place.filters().iter().map(field).collect(),
            filter,
        }
    }

    /// Names the teammate of a filter as people do, if the name is known.
    pub(super) fn named(mut self, name: Option<&str>) -> Self {
        let place = self.filter.filters.iter().position(|(by, id)| *by == By::Teammate && !id.is_empty());
        if let Some((name, chip)) = name.zip(place.and_then(|place| self.chips.get_mut(place))) {
            chip.0 = format!("Teammate {name}");
        }
        self
    }
}

fn preset_name(preset: Preset) -> &'static str {
    match preset {
        Preset::Week => "7 days",
        Preset::ThirtyDays => "30 days",
        Preset::NinetyDays => "90 days",
        Preset::Month => "This month",
        Preset::Quarter => "This quarter",
        Preset::Year => "This year",
    }
}

/// What a cut is called.
pub(super) fn title(by: By) -> &'static str {
    match by {
        By::Teammate => "Teammate",
        By::Team => "Team",
        By::Channel => "Channel",
        By::Tag => "Tag",
        By::Policy => "Policy",
        By::Language => "Language",
        By::Connection => "Connection",
        By::Day => "Day",
        By::Week => "Week",
        By::Month => "Month",
    }
}

/// What is called by no name in a cut.
pub(super) fn nothing(by: By) -> &'static str {
    match by {
        By::Teammate => "No teammate",
        By::Team => "No team",
        By::Channel => "No channel",
        By::Tag => "No tag",
        By::Policy => "Default policy",
        By::Language => "No language",
        By::Connection => "The plain API",
        By::Day | By::Week | By::Month => "No time",
    }
}
