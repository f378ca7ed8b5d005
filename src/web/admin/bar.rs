//! The choice of the period, and the filters that hold: at the top of each page with figures.
//!
//! It must not know what a page shows of the period.

use super::filter::{Filter, days};
use crate::gateway::Overview;
use crate::survey::span::Preset;
use chrono::NaiveDate;

/// The choice of the period, and the filters that hold.
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
    /// What the list is limited to, and the page without that.
    pub(super) chips: Vec<(String, String)>,
}

impl<'a> Bar<'a> {
    pub(super) fn new(filter: &'a Filter) -> Self {
        let preset = |preset: &Preset| {
            let link = filter.link(&[("period", Some(preset.word())), ("from", None), ("to", None)]);
            (preset_name(*preset), link, filter.preset == Some(*preset))
        };
        let chip = |name: &str, value: &Option<String>| {
            value.as_ref().map(|value| (format!("{name} {value}"), filter.link(&[(&name.to_lowercase(), None)])))
        };
        let dated = |name, day: NaiveDate| {
            let given = filter.value(name).filter(|_| filter.preset.is_none());
            given.map_or_else(|| day.to_string(), str::to_owned)
        };
        let chips = [chip("Team", &filter.within.team), chip("Teammate", &filter.within.teammate)];
        Self {
            presets: Preset::ALL.iter().map(preset).collect(),
            days: days(filter.span),
            earlier: filter.earlier().map(|span| filter.link_days(span)),
            later: filter.later().map(|span| filter.link_days(span)),
            from: dated("from", filter.span.first),
            to: dated("to", filter.span.last),
            chips: chips.into_iter().flatten().collect(),
            filter,
        }
    }

    /// Names the teammate of a filter as people do.
    pub(super) fn named(mut self, figures: &Overview) -> Self {
        let Some(id) = &self.filter.within.teammate else { return self };
        let name = figures
            .teammates
            .iter()
            .flat_map(|row| &row.keys)
            .find(|key| key.id.as_ref() == Some(id))
            .and_then(|key| key.name.as_ref());
        if let (Some(name), Some(chip)) = (name, self.chips.last_mut()) {
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
