//! Query strings and cursors, read into what the gateway takes.
//!
//! It owns how parameters are spelled. It must not know what is done with them.

use super::error::Failure;
use crate::gateway::SuppressionPlace;
use crate::survey::Time;
use crate::survey::access::Within;
use crate::survey::closing::Conversation;
use crate::survey::decisions::DecisionsQuery;
use crate::survey::fields::{Fault, LONGEST_ID};
use crate::survey::follow_up::list::FollowUpsQuery;
use crate::survey::paging::{LARGEST_PAGE, Paging, RowPlace, USUAL_PAGE};
use crate::survey::rating::Score;
use crate::survey::report::{By, Filters, RatingsQuery, ReportQuery};
use crate::survey::span::Span;
use chrono::NaiveDate;
use data_encoding::BASE64URL_NOPAD;
use std::fmt::Display;
use std::str::FromStr;
use url::form_urlencoded::parse;
use uuid::Uuid;

/// The one parameter that may be there more than once.
const MANY: &str = "score";
/// The last moment that a cursor may name, in milliseconds since 1970: the end of the year 9999.
const LAST: i64 = 253_402_300_799_999;

/// The parameters of a query, and what is wrong with them.
pub(super) struct Query {
    pairs: Vec<(String, String)>,
    faults: Vec<Fault>,
}

impl Query {
    /// Reads a query. A parameter that is not among the names is a fault.
    pub(super) fn read(text: Option<&str>, names: &[&str]) -> Self {
        // Any text is a query: what is not spelled as a pair is a name without a value.
        let pairs: Vec<_> = parse(text.unwrap_or_default().as_bytes()).into_owned().collect();
        let unknown = pairs.iter().filter(|(name, _)| !names.contains(&name.as_str()));
        let expected = format!("unknown parameter, expected one of {}", names.join(", "));
        let unknown = unknown.map(|(name, _)| Fault::parameter(name, &expected));
        let times = |name: &str| pairs.iter().filter(|(known, _)| known == name).count();
        let twice = names.iter().filter(|name| **name != MANY && times(name) > 1);
        let faults = unknown.chain(twice.map(|name| Fault::parameter(*name, "this is there more than once"))).collect();
        Self { pairs, faults }
    }

    /// A parameter as text.
    fn text(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The scores; a fault for each that is none.
    fn scores(&mut self) -> Vec<Score> {
        let given = self.pairs.iter().filter(|(name, _)| name == MANY);
        let read = given.map(|(_, text)| text.parse().ok().and_then(|score: i64| Score::try_from(score).ok()));
        let read: Vec<_> = read.collect();
        let detail = "expected 1 to 5; for several scores, repeat score=";
        self.faults.extend(read.iter().filter(|score| score.is_none()).map(|_| Fault::parameter(MANY, detail)));
        read.into_iter().flatten().collect()
    }

    /// A parameter as a value; a fault if it cannot be one.
    fn value<T: FromStr<Err: Display>>(&mut self, name: &str) -> Option<T> {
        match self.text(name)?.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.faults.push(Fault::parameter(name, format!("{error}")));
                None
            }
        }
    }

    /// A parameter as a local day.
    fn day(&mut self, name: &str) -> Option<NaiveDate> {
        let text = self.text(name)?;
        let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
        if day.is_none() {
            let detail = format!("{text:?}: expected a day such as 2026-11-22");
            self.faults.push(Fault::parameter(name, detail));
        }
        day
    }

    /// The parameter `true` or `false`.
    fn switch(&mut self, name: &str) -> Option<bool> {
        match self.text(name)? {
            "true" => Some(true),
            "false" => Some(false),
            _ => {
                self.faults.push(Fault::parameter(name, "expected true or false"));
                None
            }
        }
    }

    /// The part of all surveys.
    fn filters(&self) -> Filters {
        let filter = |filters: Filters, by: By| filters.and(by, self.text(by.word()).map(str::to_owned));
        By::FILTERS.into_iter().fold(Filters::default(), filter)
    }

    fn paging<C>(&mut self, read: fn(&[u8]) -> Option<C>) -> Paging<C> {
        // 0 stands for what is no number.
        let limit = self.text("limit").map_or(USUAL_PAGE, |text| text.parse().unwrap_or(0));
        if !(1..=LARGEST_PAGE).contains(&limit) {
            self.faults.push(Fault::parameter("limit", format!("expected 1 to {LARGEST_PAGE}")));
        }
        let cursor = self.text("cursor").map(|text| BASE64URL_NOPAD.decode(text.as_bytes()).ok());
        let after = cursor.map(|bytes| bytes.and_then(|bytes| read(&bytes)));
        if matches!(after, Some(None)) {
            self.faults.push(Fault::parameter("cursor", "expected the `next` of an earlier answer"));
        }
        Paging { after: after.flatten(), limit }
    }

    fn done<T>(self, value: T) -> Result<T, Failure> {
        if self.faults.is_empty() { Ok(value) } else { Err(Failure::invalid(self.faults)) }
    }
}

/// Whether a closing is only to be tried.
pub(super) fn dry_run(text: Option<&str>) -> Result<bool, Failure> {
    let mut query = Query::read(text, &["dry_run"]);
    let dry_run = query.switch("dry_run").unwrap_or(false);
    query.done(dry_run)
}

/// The conversation of a path with this id: that of the connection the query names, else that of the plain API.
pub(super) fn conversation(id: String, text: Option<&str>) -> Result<Conversation, Failure> {
    let mut query = Query::read(text, &["connection"]);
    let connection = query.text("connection").unwrap_or_default().to_owned();
    if connection.chars().count() > LONGEST_ID || connection.contains(char::is_control) {
        let detail = format!("expected at most {LONGEST_ID} characters, none of them a control character");
        query.faults.push(Fault::parameter("connection", detail));
    }
    query.done(Conversation { connection, id })
}

/// Which report to make.
pub(super) fn report(text: Option<&str>) -> Result<ReportQuery, Failure> {
    let names: Vec<_> = ["by", "from", "to", "compare"].into_iter().chain(By::FILTERS.map(By::word)).collect();
    let mut query = Query::read(text, &names);
    let cut = query.value("by").unwrap_or_default();
    let filters = query.filters();
    let (from, to) = (query.value("from"), query.value("to"));
    let compare = query.switch("compare").unwrap_or(false);
    query.done(ReportQuery { cut, from, to, filters, compare, other: None })
}

/// Which decisions to count; `span` makes days of the two ends.
pub(super) fn decisions(
    text: Option<&str>,
    span: impl FnOnce(Option<NaiveDate>, Option<NaiveDate>) -> Result<Span, Failure>,
) -> Result<DecisionsQuery, Failure> {
    let mut query = Query::read(text, &["by", "from", "to", "teammate", "team", "compare"]);
    let by = query.value("by").unwrap_or_default();
    let [from, to] = ["from", "to"].map(|name| query.day(name));
    let compare = query.switch("compare").unwrap_or(false);
    let [teammate, team] = ["teammate", "team"].map(|name| query.text(name).map(str::to_owned));
    query.done(())?;
    let span = span(from, to)?;
    let before = if compare { span.before() } else { None };
    Ok(DecisionsQuery { by, span, before, within: Within { teammate, team } })
}

/// Which ratings to list.
pub(super) fn ratings(text: Option<&str>) -> Result<RatingsQuery, Failure> {
    let names = ["from", "to", "standing", "score", "commented", "text", "limit", "cursor"];
    let names: Vec<_> = names.into_iter().chain(By::FILTERS.map(By::word)).collect();
    let mut query = Query::read(text, &names);
    let ratings = RatingsQuery {
        from: query.value("from"),
        to: query.value("to"),
        listing: query.value("standing").unwrap_or_default(),
        scores: query.scores(),
        commented: query.switch("commented"),
        sought: query.value("text"),
        filters: query.filters(),
        paging: query.paging(read_cursor),
    };
    query.done(ratings)
}

/// Which follow-ups to list.
pub(super) fn follow_ups(text: Option<&str>) -> Result<FollowUpsQuery, Failure> {
    let names = ["state", "from", "to", "teammate", "team", "limit", "cursor"];
    let mut query = Query::read(text, &names);
    let text = |query: &Query, name| query.text(name).map(str::to_owned);
    let follow_ups = FollowUpsQuery {
        state: query.value("state"),
        from: query.value("from"),
        to: query.value("to"),
        within: Within { teammate: text(&query, "teammate"), team: text(&query, "team") },
        paging: query.paging(read_cursor),
    };
    query.done(follow_ups)
}

/// Which suppressions to list.
pub(super) fn suppressions(text: Option<&str>) -> Result<Paging<SuppressionPlace>, Failure> {
    let mut query = Query::read(text, &["limit", "cursor"]);
    let paging = query.paging(read_suppression);
    query.done(paging)
}

/// The cursor of a list by time.
pub(super) fn cursor(place: &RowPlace) -> String {
    let at = place.at.timestamp_millis().to_be_bytes();
    BASE64URL_NOPAD.encode(&[&at[..], place.survey.as_bytes()].concat())
}

/// The page of a list by time after a cursor, or the first one; `None` if that is no cursor.
pub(super) fn paging(cursor: Option<&str>) -> Option<Paging<RowPlace>> {
    let Some(text) = cursor else { return Some(Paging::default()) };
    let after = BASE64URL_NOPAD.decode(text.as_bytes()).ok().and_then(|bytes| read_cursor(&bytes))?;
    Some(Paging { after: Some(after), limit: USUAL_PAGE })
}

fn read_cursor(bytes: &[u8]) -> Option<RowPlace> {
    let (at, survey) = bytes.split_at_checked(8)?;
    let at = moment(i64::from_be_bytes(at.try_into().ok()?))?;
    Some(RowPlace { at, survey: Uuid::from_slice(survey).ok()? })
}

/// The cursor of a suppression.
pub(super) fn suppression_cursor((at, address_hash, cause): &SuppressionPlace) -> String {
    BASE64URL_NOPAD.encode(format!("{} {address_hash} {cause}", at.timestamp_millis()).as_bytes())
}

fn read_suppression(bytes: &[u8]) -> Option<SuppressionPlace> {
    let mut parts = std::str::from_utf8(bytes).ok()?.splitn(3, ' ');
    let at = moment(parts.next()?.parse().ok()?)?;
    Some((at, parts.next()?.to_owned(), parts.next()?.parse().ok()?))
}

/// The moment of a cursor. Nothing that is listed is from before 1970, nor from a year that people count.
fn moment(millis: i64) -> Option<Time> {
    (0..=LAST).contains(&millis).then(|| Time::from_timestamp_millis(millis)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::survey::suppression::Cause;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_cursor_comes_back_as_it_went_and_what_has_another_length_is_none(at: i64, id: u128, text in ".{0,60}") {
            let at = Time::from_timestamp_millis(at.rem_euclid(LAST + 1)).expect("in the calendar");
            let place = RowPlace { at, survey: Uuid::from_u128(id) };
            prop_assert_eq!(paging(Some(&cursor(&place))).and_then(|paging| paging.after), Some(place));
            let place = (at, "00ff".to_owned(), Cause::Bounced);
            let cursor = BASE64URL_NOPAD.decode(suppression_cursor(&place).as_bytes()).expect("ours");
            prop_assert_eq!(read_suppression(&cursor), Some(place));
            prop_assert!(text.len() == 24 || read_cursor(text.as_bytes()).is_none());
        }
    }

    #[test]
    fn every_wrong_parameter_is_named() {
        let failure = ratings(Some("from=x&score=6&limit=0&cursor=%21&commented=maybe&colour=red")).err();
        let faults = failure.map(|failure| failure.faults).unwrap_or_default();
        let named: Vec<_> = faults.into_iter().map(|fault| fault.place).collect();
        let expected = ["colour", "from", "score", "commented", "limit", "cursor"];
        assert_eq!(named, expected.map(|name| crate::survey::fields::Place::Parameter(name.into())));
    }
}
