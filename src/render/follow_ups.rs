//! Follow-ups with their ratings and notes: as JSON for programs, as CSV for spreadsheets, and as text for a terminal.
//!
//! Each function but the last shows some rows of a list, so that a long list needs no memory. It owns the names and the
//! order of columns. It must not know what opens a follow-up.

use super::ratings::{answer, shown};
use super::{spreadsheet, teammate};
use crate::survey::follow_up::list::FollowUpRow;
use crate::survey::follow_up::{State, Step};
use crate::survey::{Time, stamp};
use chrono_tz::Tz;
use serde_json::{Value, json};

const COLUMNS: [&str; 18] = [
    "survey_id",
    "connection",
    "conversation_id",
    "opened_at",
    "state",
    "who",
    "changed_at",
    "score",
    "standing",
    "rated_at",
    "teammate_id",
    "teammate",
    "team",
    "reasons",
    "comment",
    "notes",
    "url",
    "erased_at",
];

/// A follow-up of the HTTP contract.
#[must_use]
pub fn json(row: &FollowUpRow) -> Value {
    let steps = row.follow_up.steps().iter().map(
        |step| json!({"at": stamp(step.at), "who": step.who, "do": step.deed, "score": step.score, "note": step.note}),
    );
    json!({
        "survey_id": row.survey, "connection": row.connection, "conversation_id": row.conversation,
        "opened_at": stamp(row.opened_at), "state": row.follow_up.state(), "who": row.follow_up.who(),
        "changed_at": stamp(row.changed_at), "seen": row.follow_up.turn(), "score": row.score,
        "standing": row.standing, "rated_at": stamp(row.rated_at), "comment": row.comment,
        "reasons": row.answers.reasons().collect::<Vec<_>>(), "answer": answer(&row.answers),
        "teammate": teammate(row.teammate.as_ref(), row.teammate_name.as_ref()), "team": row.team, "url": row.url,
        "erased_at": row.erased_at.map(stamp), "steps": steps.collect::<Vec<_>>(),
    })
}

/// Follow-ups as CSV, all texts in quotes; `first` puts the line of names before them. Where a spreadsheet would see a
/// formula there is a `'`.
///
/// # Errors
/// None that is known: the text is written to memory.
pub fn csv(rows: &[FollowUpRow], first: bool) -> Result<String, csv::Error> {
    let names = first.then(|| COLUMNS.map(str::to_owned).to_vec());
    spreadsheet::csv(names.into_iter().chain(rows.iter().map(cells)))
}

fn cells(row: &FollowUpRow) -> Vec<String> {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    vec![
        row.survey.to_string(),
        row.connection.clone(),
        row.conversation.clone(),
        stamp(row.opened_at),
        row.follow_up.state().to_string(),
        row.follow_up.who().unwrap_or_default().to_owned(),
        stamp(row.changed_at),
        row.score.number().to_string(),
        row.standing.to_string(),
        stamp(row.rated_at),
        text(&row.teammate),
        text(&row.teammate_name),
        text(&row.team),
        row.answers.reasons().collect::<Vec<_>>().join(", "),
        text(&row.comment),
        notes(row).collect::<Vec<_>>().join("\n"),
        text(&row.url),
        row.erased_at.map(stamp).unwrap_or_default(),
    ]
}

/// The notes with who wrote each.
fn notes(row: &FollowUpRow) -> impl Iterator<Item = String> {
    let note = |step: &Step| Some(format!("{}: {}", step.who.as_deref()?, step.note.as_ref()?));
    row.follow_up.steps().iter().filter_map(note)
}

/// Follow-ups for a terminal: a line each, and the comment and the notes below it. Ages are up to `now`, times of the zone.
#[must_use]
pub fn text(rows: &[FollowUpRow], now: Time, zone: Tz) -> String {
    let one = |row: &FollowUpRow| {
        let state = match (row.follow_up.state(), row.follow_up.who()) {
            (State::Open, _) | (_, None) => row.follow_up.state().to_string(),
            (State::Taken, Some(who)) => format!("taken by {who}"),
            (State::Done, Some(who)) => format!("done by {who}"),
        };
        let name = row.teammate_name.as_ref().or(row.teammate.as_ref());
        let opened = row.opened_at.with_timezone(&zone).format("%Y-%m-%d %H:%M").to_string();
        let face = format!("{} {}", row.score.number(), row.score.face());
        let place = row.url.as_ref().unwrap_or(&row.conversation);
        let parts = [opened, age(row.opened_at, now), state, face, name.cloned().unwrap_or_default(), place.clone()];
        let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        let comment =
            row.comment.iter().flat_map(|comment| comment.lines()).map(|part| format!("    {}\n", shown(part)));
        let notes = notes(row).map(|note| format!("    - {}\n", shown(&note)));
        [format!("{}\n", shown(&parts.join("  ")))].into_iter().chain(comment).chain(notes).collect::<String>()
    };
    rows.iter().map(one).collect()
}

/// How long ago something was, in one unit: minutes within the hour, hours within two days, then days.
#[must_use]
pub fn age(since: Time, now: Time) -> String {
    let past = now - since;
    let in_units = |number: i64, unit: &str| format!("{number} {unit}{}", if number == 1 { "" } else { "s" });
    match (past.num_minutes(), past.num_hours(), past.num_days()) {
        (..1, ..) => "less than a minute".into(),
        (minutes, 0, _) => in_units(minutes, "minute"),
        (_, hours @ ..48, _) => in_units(hours, "hour"),
        (_, _, days) => in_units(days, "day"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    #[test]
    fn an_age_has_one_unit() {
        let now = Time::from_timestamp_millis(1_800_000_000_000).expect("a time");
        for (minutes, said) in [
            (-5, "less than a minute"),
            (0, "less than a minute"),
            (1, "1 minute"),
            (59, "59 minutes"),
            (60, "1 hour"),
            (47 * 60 + 59, "47 hours"),
            (48 * 60, "2 days"),
            (3 * 24 * 60, "3 days"),
            (400 * 24 * 60, "400 days"),
        ] {
            assert_eq!(age(now - TimeDelta::minutes(minutes), now), said, "{minutes}");
        }
    }
}
