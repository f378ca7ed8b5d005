//! The calls about figures and ratings.
//!
//! It must not know how figures are counted.

use crate::render;
use crate::survey::access::Scope;
use crate::survey::answers::{Counts, REASONS};
use crate::survey::decisions::DecisionsBy;
use crate::survey::paging::{LARGEST_PAGE, USUAL_PAGE};
use crate::survey::report::cut::FIRST_DAY;
use crate::survey::report::{Before, Bound, By, Figures, Group as Row, Key, LONGEST_SOUGHT, Listing, Report};
use crate::web::api::reports;
use crate::web::openapi::SURVEY;
use crate::web::openapi::operation::{Door, Group, Operation, Parameter, get, query};
use crate::web::openapi::schema::{flag, list, of, text, within, words_of};
use axum::http::StatusCode;
use chrono::NaiveDate;
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(super) fn all() -> Vec<Operation> {
    vec![report(), decisions(), ratings()]
}

fn report() -> Operation {
    let about = "Counts what was asked and how it was answered, over a period and by a cut. Without `from` and `to` it covers \
                 the last 30 days, today included. `docs/reports.md` defines every figure.\n\n\
                 Several filters must all hold. An empty value, such as `tag=`, picks what has none.";
    let by = format!(
        "What each row stands for: one of {}; or two of them with a comma between, such as `team,month`, of which at most \
         one is a time.",
        By::ALL.iter().map(|by| format!("`{by}`")).collect::<Vec<_>>().join(", ")
    );
    let compare = flag().default(false).about("`true`: add the period before.");
    get("/v1/report", "getReport", reports::report)
        .is(Group::Reports, "Report figures", about)
        .by(Door::Key(Scope::Read))
        .with([query("by", text().default("teammate").about(&by)).example("team")])
        .with(period())
        .with([query("compare", compare).example("true")])
        .with(filters())
        .answers(StatusCode::OK, "The figures.", of("Report"), [("teams", "By team, beside the period before", made())])
}

fn decisions() -> Operation {
    let about = "Counts why nobody was asked: the closings that were reported on some local days, by the rule that they \
                 failed. A closing that fails several rules counts in the row of each, and once in the total. An ask is no \
                 rule. Rules come by how often they failed.";
    let [from, to] = ["from", "to"].map(|name| {
        let end = if name == "from" { "first" } else { "last" };
        let about = format!("The {end} local day, included. Without both ends: the last 30 days, today included.");
        query(name, text().format("date").about(&about))
    });
    get("/v1/decisions", "countDecisions", reports::decisions)
        .is(Group::Reports, "Count decisions", about)
        .by(Door::Key(Scope::Read))
        .with([query("by", words_of!(DecisionsBy).default("rule").about("What each row stands for.")), from, to])
        .with([query("compare", flag().default(false).about("`true`: add the same number of days before."))])
        .with(within_the_team())
        .answers(StatusCode::OK, "The counts.", of("Decisions"), [("rules", "By rule", counted())])
}

fn ratings() -> Operation {
    let about = "Lists ratings, newest first, with comments, reasons, answers and how each came about. Without `from` and \
                 `to` it covers the last 30 days, today included.\n\n\
                 A page looks at no more than 20 000 ratings, so that a rare filter doesn't read them all. Then it can have \
                 fewer items than `limit`, or none, and still a `next`. The list ends where `next` is null.";
    let standing = "Where the ratings stand. `counted`: those that count.";
    let score = list(within(1, 5)).about("With this score; repeat it for several: `score=1&score=2`.");
    let sought = "With this text in the comment, in lower or upper case.";
    get("/v1/ratings", "listRatings", reports::ratings)
        .is(Group::Reports, "List ratings", about)
        .by(Door::Key(Scope::Read))
        .with(period())
        .with([
            query("standing", words_of!(Listing).default("counted").about(standing)),
            query("score", score).example("2"),
            query("commented", flag().about("`true`: with a comment. `false`: without one.")),
            query("text", text().lengths(1, LONGEST_SOUGHT).about(sought)),
        ])
        .with(filters())
        .with(paging())
        .answers(StatusCode::OK, "One page of ratings.", of("Ratings"), [("page", "The only page", listed())])
}

/// The two ends of a period.
pub(super) fn period() -> [Parameter; 2] {
    [
        query("from", text().about("A local day such as `2026-11-22`, or an instant such as `2026-11-22T10:00:00Z`.")),
        query("to", text().about("A local day, included, or an instant, not included.")),
    ]
}

/// One page of a list.
pub(super) fn paging() -> [Parameter; 2] {
    let limit = within(1, LARGEST_PAGE).default(USUAL_PAGE).about("How many items a page has at most.");
    [query("limit", limit), query("cursor", text().about("The `next` of an earlier answer."))]
}

/// A part of the team.
pub(super) fn within_the_team() -> [Parameter; 2] {
    [("teammate", "Of this teammate, by id."), ("team", "Of this team.")]
        .map(|(name, about)| query(name, text().about(about)))
}

fn filters() -> [Parameter; 7] {
    By::FILTERS.map(|by| {
        let about = match by {
            By::Teammate => "Of this teammate, by id.",
            By::Team => "Of this team.",
            By::Channel => "Of closings with this `channel`.",
            By::Tag => "Of closings with this tag.",
            By::Policy => "Of closings that were judged by this policy.",
            By::Language => "Of customers with this language: `de` for `de-AT`.",
            By::Connection => "Reported by this configured helpdesk.",
            By::Day | By::Week | By::Month => "Of this time.",
        };
        query(by.word(), text().about(about))
    })
}

/// A report as it is made, of made-up figures.
fn made() -> Value {
    let figures = |asked, answered, scores| Figures { asked, answered, positive: 32, scores, ..Figures::default() };
    let (now, then) = (figures(120, 40, [2, 1, 5, 12, 20]), figures(110, 41, [1, 2, 6, 14, 18]));
    let day = |month, day| NaiveDate::from_ymd_opt(2026, month, day).map_or(Bound::Day(FIRST_DAY), Bound::Day);
    let ticks = || Counts::from([(REASONS.to_owned(), BTreeMap::from([("slow".to_owned(), 2)]))]);
    let row = Row { keys: vec![Key::of("Billing")], figures: now.clone(), ticks: ticks(), before: Some(then.clone()) };
    render::report::json(&Report {
        cut: By::Team.into(),
        from: day(11, 1),
        to: day(11, 30),
        total: now,
        total_ticks: ticks(),
        rows: vec![row],
        before: Some(Before { from: day(10, 1), to: day(10, 31), total: then }),
    })
}

fn counted() -> Value {
    json!({
        "from": "2026-11-01", "to": "2026-11-30", "by": "rule",
        "total": {"closings": 412, "asked": 305, "skipped": 107, "only_reason": 96},
        "rows": [
            {"closings": 81, "asked": 0, "skipped": 81, "only_reason": 74, "id": "too_short", "name": "too_short"},
            {"closings": 37, "asked": 0, "skipped": 37, "only_reason": 22, "id": "stale", "name": "stale"},
        ],
    })
}

fn listed() -> Value {
    let at = "2026-11-22T10:20:00Z";
    json!({
        "items": [{
            "survey_id": SURVEY, "connection": "", "conversation_id": "8841", "rated_at": at, "score": 2,
            "evidence": "commented", "standing": "locked", "comment": "It took a week.", "reasons": ["slow"],
            "answer": {"question": "solved", "choice": "no"}, "teammate": {"id": "t7", "name": "Grace"},
            "team": "Billing", "url": "https://desk.example.com/8841", "closed_at": "2026-11-22T10:00:00Z",
            "asked_at": "2026-11-22T10:00:02Z", "held_because": null,
            "history": [{
                "at": at, "what": "commented", "score": 2, "evidence": "commented", "who": null, "reason": null,
            }],
        }],
        "next": null,
    })
}
