//! Ratings with their comments and ticks: as JSON for programs, as CSV for spreadsheets, and as text for a terminal.
//!
//! Each function shows some rows of a list, so that a long list needs no memory. It owns the names and the order of
//! columns. It must not know which ratings count.

use super::conversation::change_json;
use super::{spreadsheet, teammate};
use crate::survey::answers::Answers;
use crate::survey::rating::StandingWord;
use crate::survey::report::RatingRow;
use crate::survey::stamp;
use chrono_tz::Tz;
use serde_json::{Value, json};

const COLUMNS: [&str; 19] = [
    "survey_id",
    "connection",
    "conversation_id",
    "rated_at",
    "score",
    "evidence",
    "standing",
    "teammate_id",
    "teammate",
    "team",
    "reasons",
    "question",
    "answer",
    "comment",
    "url",
    "closed_at",
    "asked_at",
    "scores_before",
    "held_because",
];

/// A rating of the HTTP contract.
#[must_use]
pub fn json(rating: &RatingRow) -> Value {
    let teammate = teammate(rating.teammate.as_ref(), rating.teammate_name.as_ref());
    json!({
        "survey_id": rating.survey, "connection": rating.connection, "conversation_id": rating.conversation,
        "rated_at": stamp(rating.rated_at), "score": rating.score, "evidence": rating.evidence,
        "standing": rating.standing, "comment": rating.comment,
        "reasons": rating.answers.reasons().collect::<Vec<_>>(), "answer": answer(&rating.answers),
        "teammate": teammate, "team": rating.team, "url": rating.url,
        "closed_at": stamp(rating.closed_at), "asked_at": rating.asked_at.map(stamp), "held_because": rating.doubt,
        "history": rating.history.iter().map(change_json).collect::<Vec<_>>(),
    })
}

/// The answer to the operator's own question, in the HTTP contract; null without one.
#[must_use]
pub fn answer(answers: &Answers) -> Value {
    answers.own().map_or(Value::Null, |(question, choice)| json!({"question": question, "choice": choice}))
}

/// Ratings as CSV, all texts in quotes; `first` puts the line of names before them. Where a spreadsheet would see a formula
/// there is a `'`.
///
/// # Errors
/// None that is known: the text is written to memory.
pub fn csv(ratings: &[RatingRow], first: bool) -> Result<String, csv::Error> {
    let names = first.then(|| COLUMNS.map(str::to_owned).to_vec());
    spreadsheet::csv(names.into_iter().chain(ratings.iter().map(cells)))
}

fn cells(rating: &RatingRow) -> Vec<String> {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let (question, answer) = rating.answers.own().unwrap_or_default();
    vec![
        rating.survey.to_string(),
        rating.connection.clone(),
        rating.conversation.clone(),
        stamp(rating.rated_at),
        rating.score.number().to_string(),
        rating.evidence.to_string(),
        rating.standing.to_string(),
        text(&rating.teammate),
        text(&rating.teammate_name),
        text(&rating.team),
        reasons(&rating.answers),
        question.to_owned(),
        answer.to_owned(),
        text(&rating.comment),
        text(&rating.url),
        stamp(rating.closed_at),
        rating.asked_at.map(stamp).unwrap_or_default(),
        rating.scores_before().iter().map(|score| score.number().to_string()).collect::<Vec<_>>().join(", "),
        text(&rating.doubt),
    ]
}

fn reasons(answers: &Answers) -> String {
    answers.reasons().collect::<Vec<_>>().join(", ")
}

/// Ratings for a terminal: a line each, and the comment below it. Times are of the zone.
#[must_use]
pub fn text(ratings: &[RatingRow], zone: Tz) -> String {
    ratings.iter().map(|rating| line(rating, zone)).collect()
}

fn line(rating: &RatingRow, zone: Tz) -> String {
    let name = rating.teammate_name.as_ref().or(rating.teammate.as_ref());
    let whose = match (name, &rating.team) {
        (Some(name), Some(team)) => format!("{name} ({team})"),
        (Some(known), None) | (None, Some(known)) => known.clone(),
        (None, None) => "(unattributed)".into(),
    };
    let own = rating.answers.own().map(|(question, choice)| format!("{question}: {choice}")).unwrap_or_default();
    let at = rating.rated_at.with_timezone(&zone).format("%Y-%m-%d %H:%M").to_string();
    let face = format!("{} {}", rating.score.number(), rating.score.face());
    let place = rating.url.as_ref().unwrap_or(&rating.conversation);
    let stands = match rating.standing {
        StandingWord::Held => rating.doubt.as_ref().map_or_else(|| "held".into(), |why| format!("held: {why}")),
        StandingWord::Voided => "voided".into(),
        _ => String::new(),
    };
    let parts = [at, face, stands, whose, reasons(&rating.answers), own, place.clone()];
    let parts: Vec<_> = parts.iter().filter(|part| !part.is_empty()).map(|part| shown(part)).collect();
    let mut text = parts.join("  ") + "\n";
    for line in rating.comment.iter().flat_map(|comment| comment.lines()) {
        text.extend(["    ", &shown(line), "\n"]);
    }
    text
}

/// A text without control characters: what a customer wrote must not steer a terminal.
pub(super) fn shown(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::survey::answers::REASONS;
    use crate::survey::evidence::{Change, ChangeKind};
    use crate::survey::page::Evidence;
    use crate::survey::rating::Score;
    use std::collections::BTreeSet;
    use uuid::Uuid;

    fn rating(comment: Option<&str>) -> RatingRow {
        let ticks = [(REASONS, "slow"), (REASONS, "unsolved"), ("solved", "no")];
        RatingRow {
            survey: Uuid::nil(),
            connection: String::new(),
            conversation: "8841".into(),
            closed_at: "2026-11-22T10:00:00Z".parse().expect("a time"),
            asked_at: None,
            rated_at: "2026-11-22T10:20:00Z".parse().expect("a time"),
            score: Score::ALL[1],
            evidence: Evidence::Commented,
            standing: StandingWord::Locked,
            doubt: None,
            comment: comment.map(str::to_owned),
            answers: Answers(BTreeSet::from(ticks.map(|(q, c)| (q.to_owned(), c.to_owned())))),
            teammate: Some("t7".into()),
            teammate_name: Some("Grace".into()),
            team: Some("Billing".into()),
            url: None,
            history: [5, 5, 2].map(change).to_vec(),
        }
    }

    fn change(score: i64) -> Change {
        let at = "2026-11-22T10:20:00Z".parse().expect("a time");
        let score = Score::try_from(score).expect("a score");
        Change { at, kind: ChangeKind::Rated, score, evidence: Evidence::Seen, by: None }
    }

    #[test]
    fn a_line_says_why_a_rating_does_not_count() {
        let held = |doubt: Option<&str>| {
            let row = RatingRow { standing: StandingWord::Held, doubt: doubt.map(str::to_owned), ..rating(None) };
            text(&[row], chrono_tz::UTC)
        };
        assert!(held(Some("two faces were opened within a minute")).contains("  held: two faces were opened within a"));
        assert!(held(None).contains("  held  Grace"));
    }

    #[test]
    fn a_line_shows_what_was_ticked_and_the_comment_below_it() {
        let text = text(&[rating(Some("=1+1\n\u{1b}[2JNo.")), rating(None)], chrono_tz::Europe::Berlin);
        insta::assert_snapshot!(text, @r"
        2026-11-22 11:20  2 🙁  Grace (Billing)  slow, unsolved  solved: no  8841
            =1+1
             [2JNo.
        2026-11-22 11:20  2 🙁  Grace (Billing)  slow, unsolved  solved: no  8841
        ");
    }

    #[test]
    fn a_comment_is_no_formula_of_a_spreadsheet() {
        let csv = csv(&[rating(Some("=1+1"))], true).expect("memory");
        insta::assert_snapshot!(csv, @r#"
        "survey_id","connection","conversation_id","rated_at","score","evidence","standing","teammate_id","teammate","team","reasons","question","answer","comment","url","closed_at","asked_at","scores_before","held_because"
        "00000000-0000-0000-0000-000000000000","",8841,"2026-11-22T10:20:00Z",2,"commented","locked","t7","Grace","Billing","slow, unsolved","solved","no","'=1+1","","2026-11-22T10:00:00Z","",5,""
        "#);
        assert_eq!(super::csv(&[], false).expect("memory"), "");
    }
}
