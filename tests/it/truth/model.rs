//! What should be counted, as slowly as the design says it: every survey with what was told about it, and each figure as a
//! walk over all of them.
//!
//! It is written from the definitions in `docs/reports.md`, and must not know how the store counts.

use super::history::day_start;
use chrono::{DateTime, Datelike, Days, Months, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

pub type Time = DateTime<Utc>;
/// What a row stands for: one id a part of the cut.
pub type Row = Vec<Option<String>>;

/// Everything that was told.
#[derive(Debug, Default)]
pub struct Model {
    pub zone: Tz,
    pub positive: Vec<u8>,
    pub surveys: Vec<Survey>,
    /// By id.
    pub teammates: BTreeMap<String, Teammate>,
}

/// What the latest closing that names a teammate says.
#[derive(Clone, Debug)]
pub struct Teammate {
    pub named_at: Time,
    pub name: String,
    pub team: Option<String>,
}

#[derive(Clone, Debug)]
pub struct Survey {
    pub id: String,
    pub conversation: String,
    pub customer: String,
    pub url: Option<String>,
    pub teammate: Option<String>,
    pub team: Option<String>,
    pub cuts: Cuts,
    /// When its mail is to go out.
    pub due: Time,
    pub mail: Mail,
    pub standing: Standing,
    /// The rating that was accepted last; its standing says whether it counts.
    pub rating: Option<Rating>,
    pub opened: Option<Opened>,
    pub voided: bool,
    pub erased: bool,
}

/// What a survey is cut by besides teammate, team and time.
#[derive(Clone, Debug, Default)]
pub struct Cuts {
    pub channel: Option<String>,
    pub tags: Vec<String>,
    pub policy: Option<String>,
    pub language: Option<String>,
    pub connection: String,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mail {
    Waiting,
    Failed,
    Cancelled,
    Accepted(Time),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Standing {
    Unrated,
    Rated,
    Held,
    Locked,
}

#[derive(Clone, Debug)]
pub struct Rating {
    pub at: Time,
    pub score: u8,
    pub evidence: &'static str,
    pub comment: Option<String>,
    /// Pairs of question and choice.
    pub ticks: BTreeSet<(String, String)>,
}

/// Who opened a survey.
#[derive(Clone, Copy, Debug)]
pub struct Opened {
    pub phone: bool,
    pub young: bool,
    /// It looked like a click in a mail.
    pub click: bool,
}

/// As what a survey counts at a time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum What {
    Asked,
    Rated,
    Unsent,
}

/// A survey that counts at a time.
pub type Fact<'m> = (&'m Survey, What, Time);

/// One end of a period, as it is spelled in a query.
#[derive(Clone, Copy, Debug)]
pub enum Bound {
    Day(NaiveDate),
    Instant(Time),
}

/// A question to a report, its ends resolved.
#[derive(Clone, Debug)]
pub struct Asked {
    pub cut: String,
    pub filters: Vec<(&'static str, &'static str)>,
    pub from: Option<Bound>,
    pub to: Option<Bound>,
    pub compare: bool,
}

impl Survey {
    /// The rating, if it counts.
    pub fn counted(&self) -> Option<&Rating> {
        let counts = matches!(self.standing, Standing::Rated | Standing::Locked) && !self.voided;
        self.rating.as_ref().filter(|_| counts)
    }

    /// At which times it counts, and as what.
    pub fn facts(&self) -> Vec<Fact<'_>> {
        let mail = match self.mail {
            Mail::Accepted(at) => Some((self, What::Asked, at)),
            Mail::Waiting | Mail::Failed => Some((self, What::Unsent, self.due)),
            Mail::Cancelled => None,
        };
        let rated = self.counted().map(|rating| (self, What::Rated, rating.at));
        mail.into_iter().filter(|_| !self.voided).chain(rated).collect()
    }

    fn unconfirmed(&self) -> Option<Opened> {
        self.opened.filter(|_| self.standing == Standing::Unrated)
    }
}

impl std::fmt::Display for Bound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Day(day) => day.fmt(f),
            Self::Instant(at) => crate::desk::stamp(*at).fmt(f),
        }
    }
}

/// Shares as everywhere: part by whole, none of nothing.
#[expect(clippy::cast_precision_loss, reason = "a handful")]
pub fn share(part: usize, of: usize) -> Option<f64> {
    (of > 0).then(|| part as f64 / of as f64)
}

impl Model {
    pub fn facts(&self) -> Vec<Fact<'_>> {
        self.surveys.iter().flat_map(Survey::facts).collect()
    }

    pub fn day(&self, at: Time) -> NaiveDate {
        at.with_timezone(&self.zone).date_naive()
    }

    /// The figures of some facts, in JSON.
    pub fn figures(&self, facts: &[Fact]) -> Map<String, Value> {
        let of = |what: What| facts.iter().filter(move |fact| fact.1 == what).map(|fact| fact.0);
        let asked = |holds: &dyn Fn(&Survey) -> bool| of(What::Asked).filter(|survey| holds(survey)).count();
        let scores: Vec<_> = of(What::Rated).filter_map(Survey::counted).map(|rating| rating.score).collect();
        let answered = asked(&|survey| survey.counted().is_some());
        let positive = scores.iter().filter(|score| self.positive.contains(score)).count();
        let opened = |phone, young| {
            asked(&|survey| survey.unconfirmed().is_some_and(|opened| (opened.phone, opened.young) == (phone, young)))
        };
        let each: Vec<_> =
            (1..=5).map(|score| scores.iter().copied().filter(|given| *given == score).count()).collect();
        let figures = json!({
            "asked": of(What::Asked).count(), "answered": answered,
            "response_rate": share(answered, of(What::Asked).count()),
            "ratings": scores.len(), "positive": positive, "csat": share(positive, scores.len()), "scores": each,
            "held": asked(&|survey| survey.standing == Standing::Held),
            "unconfirmed": asked(&|survey| survey.unconfirmed().is_some()),
            "waiting": of(What::Unsent).filter(|survey| survey.mail == Mail::Waiting).count(),
            "failed": of(What::Unsent).filter(|survey| survey.mail == Mail::Failed).count(),
            "unconfirmed_phone_young": opened(true, true), "unconfirmed_phone_later": opened(true, false),
            "unconfirmed_other_young": opened(false, true), "unconfirmed_other_later": opened(false, false),
        });
        // As the answers were, it is written and read once: the last digit of a share may differ by that.
        serde_json::from_str(&figures.to_string()).expect("an object")
    }

    /// As [`figures`](Self::figures), with what was ticked beside the ratings.
    fn with_ticks(&self, facts: &[Fact]) -> Map<String, Value> {
        let mut counts: BTreeMap<&str, BTreeMap<&str, u64>> = BTreeMap::new();
        let ratings = facts.iter().filter(|fact| fact.1 == What::Rated).filter_map(|fact| fact.0.counted());
        for (question, choice) in ratings.flat_map(|rating| &rating.ticks) {
            *counts.entry(question).or_default().entry(choice).or_default() += 1;
        }
        let mut row = self.figures(facts);
        row.insert("reasons".into(), json!(counts.remove("reasons").unwrap_or_default()));
        row.insert("answers".into(), json!(counts));
        row
    }

    /// The name of the day, the week or the month.
    pub fn stretch(by: &str, day: NaiveDate) -> String {
        match by {
            "week" => day.format("%G-W%V").to_string(),
            "month" => day.format("%Y-%m").to_string(),
            _ => day.to_string(),
        }
    }

    /// The ids by one cut that a fact counts in.
    fn keys(&self, (survey, _, at): Fact, by: &str) -> Row {
        let cuts = &survey.cuts;
        let one = match by {
            "teammate" => survey.teammate.clone(),
            "team" => survey.team.clone(),
            "channel" => cuts.channel.clone(),
            "policy" => cuts.policy.clone(),
            "language" => cuts.language.clone(),
            "connection" => Some(cuts.connection.clone()),
            "tag" if cuts.tags.is_empty() => None,
            "tag" => return cuts.tags.iter().cloned().map(Some).collect(),
            time => Some(Self::stretch(time, self.day(at))),
        };
        vec![one]
    }

    /// The rows of a cut that a fact counts in.
    fn rows(&self, fact: Fact, cut: &str) -> Vec<Row> {
        cut.split(',').fold(vec![Row::new()], |rows, by| {
            let keys = self.keys(fact, by);
            rows.iter().flat_map(|row| keys.iter().map(|key| [&row[..], std::slice::from_ref(key)].concat())).collect()
        })
    }

    fn name(&self, by: &str, id: Option<&String>) -> Option<String> {
        let known = id.filter(|_| by == "teammate").and_then(|id| self.teammates.get(id));
        known.map(|teammate| teammate.name.clone()).or(id.cloned())
    }

    /// The facts that a filter lets through.
    fn picked(&self, filters: &[(&'static str, &'static str)]) -> Vec<Fact<'_>> {
        let holds = |fact: &Fact, (by, value): &(&str, &str)| {
            let is_none = value.is_empty() && *by != "connection";
            let wanted = (!is_none).then(|| (*value).to_owned());
            self.keys(*fact, by).contains(&wanted)
        };
        self.facts().into_iter().filter(|fact| filters.iter().all(|filter| holds(fact, filter))).collect()
    }

    /// The two ends of a period where it says none.
    fn ends(&self, asked: &Asked, now: Time) -> (Bound, Bound) {
        let to = asked.to.unwrap_or(Bound::Day(self.day(now)));
        let last = match to {
            Bound::Day(day) => day,
            Bound::Instant(at) => self.day(at - TimeDelta::milliseconds(1)),
        };
        (asked.from.unwrap_or(Bound::Day(last - Days::new(29))), to)
    }

    fn within(&self, (from, to): (Bound, Bound), at: Time) -> bool {
        let begun = match from {
            Bound::Day(day) => self.day(at) >= day,
            Bound::Instant(from) => at >= from,
        };
        begun
            && match to {
                Bound::Day(day) => self.day(at) <= day,
                Bound::Instant(to) => at < to,
            }
    }

    /// The surveys whose ratings count in a period, the newest rating first.
    pub fn rated_in(&self, asked: &Asked, now: Time) -> Vec<&Survey> {
        let ends = self.ends(asked, now);
        let rated = |fact: &Fact| fact.1 == What::Rated && self.within(ends, fact.2);
        let mut rated: Vec<_> = self.facts().into_iter().filter(rated).map(|(survey, _, at)| (at, survey)).collect();
        rated.sort_by_key(|(at, survey)| std::cmp::Reverse((*at, survey.id.clone())));
        rated.into_iter().map(|(_, survey)| survey).collect()
    }

    /// The period before: as many whole months, as many days, or as much time.
    fn before(&self, (from, to): (Bound, Bound)) -> (Bound, Bound) {
        let (Bound::Day(first), Bound::Day(last)) = (from, to) else {
            let instant = |bound, more| match bound {
                Bound::Day(day) => day_start(day + Days::new(more), self.zone),
                Bound::Instant(at) => at,
            };
            let (from, to) = (instant(from, 0), instant(to, 1));
            return (Bound::Instant(from - (to - from)), Bound::Instant(from));
        };
        let next = last + Days::new(1);
        let start = if first.day() == 1 && next.day() == 1 {
            let months = (1..=1200).find(|months| first + Months::new(*months) == next).expect("whole months");
            first - Months::new(months)
        } else {
            first - Days::new((next - first).num_days().unsigned_abs())
        };
        (Bound::Day(start), Bound::Day(first - Days::new(1)))
    }

    /// The names of days, weeks or months that a period touches, up to today.
    fn stretches(&self, by: &str, (from, to): (Bound, Bound), now: Time) -> BTreeSet<String> {
        let first = match from {
            Bound::Day(day) => day,
            Bound::Instant(at) => self.day(at),
        };
        let last = match to {
            Bound::Day(day) => day,
            Bound::Instant(to) => self.day(to - TimeDelta::milliseconds(1)),
        };
        let days = first.iter_days().take_while(|day| *day <= last && *day <= self.day(now));
        days.map(|day| Self::stretch(by, day)).collect()
    }

    /// The whole report as `GET /v1/report` must answer it.
    pub fn report(&self, asked: &Asked, now: Time) -> Value {
        let ends = self.ends(asked, now);
        let picked = self.picked(&asked.filters);
        let in_period = |ends| picked.iter().copied().filter(|fact| self.within(ends, fact.2)).collect::<Vec<_>>();
        let (facts, earlier) = (in_period(ends), in_period(self.before(ends)));
        let parts: Vec<_> = asked.cut.split(',').collect();
        let time = parts.iter().position(|by| ["day", "week", "month"].contains(by));
        let rows_of =
            |facts: &[Fact]| facts.iter().flat_map(|fact| self.rows(*fact, &asked.cut)).collect::<BTreeSet<Row>>();
        let mut rows = rows_of(&facts);
        match time {
            Some(place) => {
                let others: BTreeSet<Row> = match parts.len() {
                    1 => BTreeSet::from([Row::new()]),
                    _ => rows.iter().map(|row| vec![row[1 - place].clone()]).collect(),
                };
                for stretch in self.stretches(parts[place], ends, now) {
                    rows.extend(others.iter().map(|other| {
                        let mut row = other.clone();
                        row.insert(place, Some(stretch.clone()));
                        row
                    }));
                }
            }
            None if asked.compare => rows.extend(rows_of(&earlier)),
            None => {}
        }
        let mut named: Vec<_> = rows
            .into_iter()
            .map(|row| {
                let names: Row = parts.iter().zip(&row).map(|(by, id)| self.name(by, id.as_ref())).collect();
                (names, row)
            })
            .collect();
        // Each part by its name, what has none last.
        let order = |(names, row): &(Row, Row)| {
            let parts = names.iter().zip(row).map(|(name, id)| (id.is_none(), name.clone(), id.clone()));
            parts.collect::<Vec<_>>()
        };
        named.sort_by_key(order);
        let rows: Vec<Value> = named
            .iter()
            .map(|(names, row)| self.json_row(asked, (names, row), &facts, &earlier, time.is_some()))
            .collect();
        let mut report = json!({
            "from": ends.0.to_string(), "to": ends.1.to_string(), "by": asked.cut, "total": self.with_ticks(&facts),
            "rows": rows,
        });
        if asked.compare {
            let (from, to) = self.before(ends);
            report["before"] = json!({"from": from.to_string(), "to": to.to_string(), "total": self.figures(&earlier)});
        }
        report
    }

    fn json_row(
        &self,
        asked: &Asked,
        (names, row): (&Row, &Row),
        facts: &[Fact],
        earlier: &[Fact],
        by_time: bool,
    ) -> Value {
        let mut json = Map::new();
        for (place, (name, id)) in names.iter().zip(row).enumerate() {
            let second = ["", "second_"][place];
            json.insert(format!("{second}id"), json!(id));
            json.insert(format!("{second}name"), json!(name));
        }
        let counts = |fact: &&Fact<'_>| self.rows(**fact, &asked.cut).contains(row);
        json.extend(self.with_ticks(&facts.iter().filter(counts).copied().collect::<Vec<_>>()));
        if asked.compare && !by_time {
            let then: Vec<_> = earlier.iter().filter(counts).copied().collect();
            json.insert("before".into(), self.figures(&then).into());
        }
        json.into()
    }
}
