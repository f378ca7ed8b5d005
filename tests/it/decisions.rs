//! Why nobody was asked: counts of decisions equal a naive count, whatever was counted ahead, and limited keys see their
//! part.

use crate::desk::{Answer, Desk, START, stamp};
use afterword::survey::access::Scope;
use axum::http::Method;
use chrono::{NaiveDate, TimeDelta};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A decision as the API answered it.
struct Decided {
    day: NaiveDate,
    teammate: Option<&'static str>,
    /// The rules that failed; none for an ask.
    rules: Vec<String>,
}

const TEAMMATES: [(Option<&str>, Option<&str>); 4] =
    [(Some("t1"), Some("Billing")), (Some("t2"), Some("Billing")), (Some("t3"), Some("Sales")), (None, None)];

/// Reports closings of some days, each of which fails other rules, or none.
async fn closings(desk: &Desk, days: u32) -> Vec<Decided> {
    let mut decided = Vec::new();
    for number in 0..days * 12 {
        let (teammate, team) = TEAMMATES[(number % 7 % 4) as usize];
        let named = teammate.map(|id| json!({"id": id, "name": format!("Name of {id}"), "team": team}));
        let mut changes = json!({"conversation_id": number.to_string(), "teammate": named});
        changes["customers"] = json!([{"email": format!("c{number}@example.org")}]);
        if number % 3 == 0 {
            changes["characters"] = json!(10);
        }
        if number % 5 == 0 {
            changes["ask"] = json!(false);
        }
        if number % 10 == 0 {
            changes["state"] = json!("snoozed");
        }
        let answer = desk.close(changes).await;
        let rules = match answer["decision"].as_str() {
            Some("ask") => Vec::new(),
            _ => answer.rules().into_iter().map(str::to_owned).collect(),
        };
        let zone = desk.gateway.config.report.timezone;
        let day = desk.clock.now().with_timezone(&zone).date_naive();
        decided.push(Decided { day, teammate, rules });
        desk.pass(TimeDelta::hours(2));
    }
    decided
}

/// Asked, skipped, and skipped for one rule only.
fn counts(of: &[&Decided]) -> Value {
    let asked = of.iter().filter(|one| one.rules.is_empty()).count();
    let only = of.iter().filter(|one| one.rules.len() == 1).count();
    json!([of.len(), asked, of.len() - asked, only])
}

fn counts_in(row: &Value) -> Value {
    json!([row["closings"], row["asked"], row["skipped"], row["only_reason"]])
}

/// The rows of an answer by their id.
fn rows(answer: &Answer) -> BTreeMap<Option<String>, Value> {
    let rows = answer["rows"].as_array().expect(&answer.text).iter();
    rows.map(|row| (row["id"].as_str().map(str::to_owned), counts_in(row))).collect()
}

/// Compares every cut of some days with a naive count of the same closings.
async fn compare(desk: &Desk, all: &[Decided], from: &str, to: &str) {
    let [first, last] = [from, to].map(|day| day.parse::<NaiveDate>().expect("a day"));
    let within: Vec<_> = all.iter().filter(|one| first <= one.day && one.day <= last).collect();
    let counted = async |by: &str| desk.get(&format!("/v1/decisions?by={by}&from={from}&to={to}")).await;
    let answer = counted("rule").await;
    assert_eq!(counts_in(&answer["total"]), counts(&within), "{}", answer.text);
    let mut naive = BTreeMap::<Option<String>, (u64, u64)>::new();
    for one in &within {
        for rule in &one.rules {
            let (failed, only) = naive.entry(Some(rule.clone())).or_default();
            (*failed, *only) = (*failed + 1, *only + u64::from(one.rules.len() == 1));
        }
    }
    let naive = naive.into_iter().map(|(rule, (failed, only))| (rule, json!([failed, 0, failed, only])));
    assert_eq!(rows(&answer), naive.collect(), "by rule");
    for by in ["teammate", "day"] {
        let key = |one: &Decided| if by == "day" { Some(one.day.to_string()) } else { one.teammate.map(str::to_owned) };
        let mut groups = BTreeMap::<_, Vec<&Decided>>::new();
        for one in &within {
            groups.entry(key(one)).or_default().push(one);
        }
        let naive: BTreeMap<_, _> = groups.iter().map(|(key, group)| (key.clone(), counts(group))).collect();
        let answer = counted(by).await;
        assert_eq!(counts_in(&answer["total"]), counts(&within), "{by}");
        let mut rows = rows(&answer);
        rows.retain(|_, counts| counts[0] != 0);
        assert_eq!(rows, naive, "by {by}");
    }
    let view = format!(
        "SELECT rule, count(*), sum(only_reason) FROM report_decisions
        WHERE decision = 'skip' AND day BETWEEN '{from}' AND '{to}' GROUP BY rule ORDER BY rule"
    );
    let by_rule = rows(&answer);
    let seen: BTreeMap<_, _> = desk.sql(&view).await.into_iter().map(|row| (Some(row[0].clone()), row)).collect();
    for (rule, row) in &seen {
        let counts = &by_rule[rule];
        assert_eq!(
            (&row[1], &row[2]),
            (&counts[2].to_string(), &counts[3].to_string()),
            "the view counts {rule:?} alike"
        );
    }
    assert_eq!(seen.len(), by_rule.len());
}

#[tokio::test]
async fn counts_equal_a_naive_count_before_and_after_days_are_counted_ahead() {
    let desk = Desk::with(|config| config.report.timezone = chrono_tz::Asia::Kolkata).await;
    let all = closings(&desk, 4).await;
    for (from, to) in [("2026-11-22", "2026-11-26"), ("2026-11-23", "2026-11-24"), ("2026-01-01", "2026-01-02")] {
        compare(&desk, &all, from, to).await;
    }
    let mut days = 0;
    while desk.gateway.fold_decisions().await.expect("the store answers") {
        days += 1;
        compare(&desk, &all, "2026-11-22", "2026-11-26").await;
    }
    assert_eq!(days, 4, "every day that is over");
    assert_eq!(desk.sql("SELECT count(DISTINCT day) FROM decided").await, [["4"]]);
    compare(&desk, &all, "2026-11-23", "2026-11-24").await;
}

#[tokio::test]
async fn a_closing_that_is_stored_after_its_day_was_counted_counts_too() {
    let desk = Desk::open().await;
    let mut all = closings(&desk, 1).await;
    desk.turn_to("2026-11-24T00:00:00Z");
    while desk.gateway.fold_decisions().await.expect("the store answers") {}
    // A clock that is set back, as when a wrong one is mended.
    desk.turn_to("2026-11-22T12:00:00Z");
    let late = desk.close(json!({"conversation_id": "late", "characters": 3, "ask": false})).await;
    let rules: Vec<_> = late.rules().into_iter().map(str::to_owned).collect();
    all.push(Decided { day: desk.clock.now().date_naive(), teammate: Some("t7"), rules });
    desk.close(json!({"conversation_id": "late 2"})).await;
    all.push(Decided { day: desk.clock.now().date_naive(), teammate: Some("t7"), rules: Vec::new() });
    compare(&desk, &all, "2026-11-22", "2026-11-24").await;
}

#[tokio::test]
async fn a_decision_that_retention_deletes_no_longer_counts() {
    let desk = Desk::with(|config| config.retention.decisions = Some(TimeDelta::days(60))).await;
    let all = closings(&desk, 2).await;
    while desk.gateway.fold_decisions().await.expect("the store answers") {}
    let now = desk.clock.now();
    desk.clock.set(now + TimeDelta::days(59));
    while !desk.gateway.expire().await.expect("the store answers").is_empty() {}
    let left: Vec<_> = desk.sql("SELECT conversation_id FROM closing").await.concat();
    assert!(left.len() < all.len(), "some are old enough");
    let all: Vec<_> = all.into_iter().zip(0..).filter(|(_, number)| left.contains(&number.to_string())).collect();
    let all: Vec<_> = all.into_iter().map(|(one, _)| one).collect();
    compare(&desk, &all, "2026-11-22", "2026-11-25").await;
}

#[tokio::test]
async fn another_zone_counts_by_its_own_days() {
    let desk = Desk::open().await;
    let mut all = closings(&desk, 3).await;
    while desk.gateway.fold_decisions().await.expect("the store answers") {}
    let (folder, now) = (desk.folder, desk.clock.now());
    let desk = Desk::at(folder, |config| config.report.timezone = chrono_tz::Pacific::Chatham).await;
    let zone = desk.gateway.config.report.timezone;
    for (one, number) in all.iter_mut().zip(0..) {
        let at = START.parse::<afterword::survey::Time>().expect("a time") + TimeDelta::hours(2 * number);
        one.day = at.with_timezone(&zone).date_naive();
    }
    desk.clock.set(now);
    compare(&desk, &all, "2026-11-22", "2026-11-26").await;
    while desk.gateway.fold_decisions().await.expect("the store answers") {}
    compare(&desk, &all, "2026-11-23", "2026-11-25").await;
}

#[tokio::test]
async fn a_limited_key_counts_its_part_only() {
    let desk = Desk::open().await;
    let all = closings(&desk, 2).await;
    let period = "from=2026-11-22&to=2026-11-24";
    for fold in [false, true] {
        while fold && desk.gateway.fold_decisions().await.expect("the store answers") {}
        for (teammate, team) in [(Some("t1"), None), (None, Some("Billing")), (Some("t3"), Some("Billing"))] {
            let key = desk.key(Scope::Read, teammate, team).await;
            let fits = |one: &&Decided| {
                let (_, of) = TEAMMATES.iter().find(|(id, _)| *id == one.teammate).expect("one of them");
                teammate.is_none_or(|id| one.teammate == Some(id)) && team.is_none_or(|team| *of == Some(team))
            };
            let mine: Vec<_> = all.iter().filter(fits).collect();
            for path in ["by=rule", "by=team", "by=month", "by=rule&teammate=t1", "by=teammate&team=Sales"] {
                let answer = desk.call(Method::GET, &format!("/v1/decisions?{path}&{period}"), Some(&key), None).await;
                let asked_for = mine.iter().filter(|one| match path {
                    "by=rule&teammate=t1" => one.teammate == Some("t1"),
                    "by=teammate&team=Sales" => one.teammate == Some("t3"),
                    _ => true,
                });
                let asked_for: Vec<_> = asked_for.copied().collect();
                assert_eq!(counts_in(&answer["total"]), counts(&asked_for), "{teammate:?} {team:?} {path}");
            }
        }
    }
    let trigger = desk.key(Scope::Trigger, None, None).await;
    assert_eq!(desk.call(Method::GET, "/v1/decisions", Some(&trigger), None).await.status, 403);
}

#[tokio::test]
async fn the_period_before_stands_beside_and_wrong_parameters_are_named() {
    let desk = Desk::open().await;
    desk.close(json!({"conversation_id": "1", "characters": 3})).await;
    desk.pass(TimeDelta::days(1));
    desk.close(json!({"conversation_id": "2", "state": "snoozed"})).await;
    let answer = desk.get("/v1/decisions?from=2026-11-23&to=2026-11-23&compare=true").await;
    let rows: Vec<_> = answer["rows"].as_array().expect("rows").iter().collect();
    let shown = |row: &Value| json!([row["id"], row["name"], row["skipped"], row["before"]["skipped"]]);
    assert_eq!(shown(rows[0]), json!(["not_closed", "Snoozed, not closed", 1, 0]));
    assert_eq!(shown(rows[1]), json!(["too_short", "Too little was written", 0, 1]));
    assert_eq!((&answer["before"]["from"], &answer["before"]["total"]["skipped"]), (&json!("2026-11-22"), &json!(1)));
    let usual = desk.get("/v1/decisions").await;
    assert_eq!(
        (&usual["from"], &usual["to"], &usual["by"]),
        (&json!("2026-10-25"), &json!("2026-11-23"), &json!("rule"))
    );
    let now = stamp(desk.clock.now());
    let wrong = desk.get(&format!("/v1/decisions?by=colour&from={now}&to=tomorrow&compare=maybe&limit=5")).await;
    assert_eq!((wrong.status, wrong.pointers()), (422, vec!["limit", "by", "from", "to", "compare"]));
    let reversed = desk.get("/v1/decisions?from=2026-11-02&to=2026-11-01").await;
    assert_eq!((reversed.status, reversed.pointers()), (422, vec!["from"]));
}
