//! The rules of asking over HTTP: each with its reason and its boundary.

use crate::desk::{Desk, START, stamp, time};
use afterword::config::Config;
use afterword::survey::policy::{AskAgain, Policy, WhenUnknown};
use chrono::TimeDelta;
use serde_json::{Value, json};

/// The named policies of these tests, each a change of the default one.
pub fn policies(config: &mut Config) {
    type Change = fn(&mut Policy);
    let changes: [(&str, Change); 12] = [
        ("no_users", |policy| policy.users = false),
        ("no_leads", |policy| policy.leads = false),
        ("no_outbound", |policy| policy.outbound = false),
        ("workflow", |policy| policy.workflow = true),
        ("sure_users", |policy| {
            policy.leads = false;
            policy.when_unknown = WhenUnknown::Skip;
        }),
        ("quiet", |policy| policy.quiet_days = 7),
        ("two", |policy| policy.most_in_30_days = 2),
        ("nobody", |policy| policy.sample_percent = 0.0),
        ("an_hour", |policy| policy.rate_within_hours = Some(1)),
        ("sure", |policy| policy.when_unknown = WhenUnknown::Skip),
        ("later", |policy| policy.delay = TimeDelta::hours(1)),
        ("each", |policy| {
            policy.ask_again = AskAgain::EachClosing;
            policy.delay = TimeDelta::hours(1);
        }),
    ];
    for (name, change) in changes {
        let mut policy = Policy::default();
        change(&mut policy);
        config.policies.insert(name.into(), policy.into());
    }
}

pub fn ago(span: TimeDelta) -> String {
    stamp(time(START) - span)
}

pub fn person(email: &str, kind: &str) -> Value {
    json!([{"email": email, "kind": kind}])
}

pub const DAY: TimeDelta = TimeDelta::days(1);
pub const MS: TimeDelta = TimeDelta::milliseconds(1);

#[tokio::test]
async fn every_rule_gives_its_name_value_and_limit() {
    let desk = Desk::with(policies).await;
    desk.delete("/v1/customers/erased@example.com").await;
    for cause in ["opted_out", "bounced", "complained"] {
        let put = desk.put(&format!("/v1/suppressions/{cause}@example.com"), Some(json!({"cause": cause}))).await;
        assert_eq!(put.status, 200, "{cause}: {}", put.text);
    }
    for known in ["already_asked", "asked_recently"] {
        let customers = person(&format!("{known}@example.com"), "user");
        desk.close(
            json!({"conversation_id": known, "customers": customers, "closed_at": ago(DAY), "last_reply_at": ago(DAY)}),
        )
        .await;
    }
    desk.close(json!({"conversation_id": "earlier_closing", "characters": 1})).await;
    desk.reopen("reopened", time(START)).await;
    let (week, over) = (TimeDelta::days(7), TimeDelta::seconds(1));
    // Rule, fields of the closing, value, limit; null where the design does not say.
    let table = [
        ("off_for_users", json!({"policy": "no_users"}), json!(null), json!(null)),
        (
            "off_for_leads",
            json!({"policy": "no_leads", "customers": person("l@example.com", "lead")}),
            json!(null),
            json!(null),
        ),
        ("no_teammate", json!({"teammate_replied": false}), json!(false), json!(true)),
        ("outbound_off", json!({"policy": "no_outbound", "started_by": "teammate"}), json!("teammate"), json!(null)),
        ("workflow_off", json!({"started_by": "workflow"}), json!("workflow"), json!(null)),
        ("workflow_off", json!({"started_by": "api"}), json!("api"), json!(null)),
        ("too_short", json!({"characters": 250}), json!(250), json!(250)),
        ("stale", json!({"last_reply_at": ago(week + over)}), json!(null), json!(7)),
        ("group", json!({"customers": [{"email": "a@example.com"}, {"email": "b@example.com"}]}), json!(2), json!(1)),
        ("no_address", json!({"customers": [{"email": null, "kind": "user"}]}), json!(null), json!(null)),
        ("already_asked", json!({"conversation_id": "already_asked"}), json!(null), json!(null)),
        ("other_survey", json!({"other_survey": true}), json!(true), json!(false)),
        ("suppressed_here", json!({"ask": false}), json!(false), json!(true)),
        ("not_closed", json!({"state": "snoozed"}), json!("snoozed"), json!("closed")),
        ("excluded", json!({"customers": person("No-Reply@example.com", "user")}), json!("no-reply@*"), json!(null)),
        ("opted_out", json!({"customers": person("Opted_Out@EXAMPLE.com", "user")}), json!(true), json!(false)),
        ("bounced", json!({"customers": person("bounced@example.com", "user")}), json!(true), json!(false)),
        ("complained", json!({"customers": person("complained@example.com", "user")}), json!(true), json!(false)),
        ("erased", json!({"customers": person("erased@example.com", "user")}), json!(true), json!(false)),
        (
            "asked_recently",
            json!({"policy": "quiet", "customers": person("asked_recently@example.com", "user")}),
            json!(null),
            json!(7),
        ),
        ("sampled_out", json!({"policy": "nobody"}), json!(null), json!(0.0)),
        (
            "reported_late",
            json!({"closed_at": ago(week + MS), "last_reply_at": ago(week + DAY)}),
            json!(null),
            json!(7),
        ),
        (
            "window_over",
            json!({"policy": "an_hour", "closed_at": ago(TimeDelta::hours(1) + MS), "last_reply_at": ago(DAY)}),
            json!(null),
            json!(1),
        ),
        (
            "earlier_closing",
            json!({"conversation_id": "earlier_closing", "closed_at": ago(DAY), "last_reply_at": ago(DAY)}),
            json!(null),
            json!(null),
        ),
        ("reopened", json!({"conversation_id": "reopened"}), json!(null), json!(null)),
        (
            "unknown_fact",
            json!({"policy": "sure_users", "customers": [{"email": "k@example.com"}]}),
            json!("kind"),
            json!(null),
        ),
        ("unknown_fact", json!({"policy": "sure", "started_by": null}), json!("started_by"), json!(null)),
        ("unknown_fact", json!({"policy": "sure", "characters": null}), json!("characters"), json!(null)),
        ("unknown_fact", json!({"policy": "sure", "last_reply_at": null}), json!("last_reply_at"), json!(null)),
        ("unknown_fact", json!({"policy": "sure", "teammate_replied": null}), json!("teammate_replied"), json!(null)),
    ];
    for (row, (rule, mut fields, value, limit)) in table.into_iter().enumerate() {
        if fields["conversation_id"].is_null() {
            fields["conversation_id"] = json!(format!("{rule} {row}"));
        }
        let answer = desk.close(fields).await;
        assert_eq!((answer.status, &answer["decision"]), (200, &json!("skip")), "{rule}: {}", answer.text);
        assert_eq!(answer.rules(), [rule], "{}", answer.text);
        let reason = answer["reasons"][0].as_object().expect("a reason");
        assert_eq!(reason.keys().collect::<Vec<_>>(), ["rule", "value", "limit", "message"], "{rule}");
        assert!(value.is_null() || reason["value"] == value, "{rule}: {}", answer.text);
        assert!(
            limit.is_null() || reason["limit"].as_f64().map_or(reason["limit"] == limit, |n| Some(n) == limit.as_f64()),
            "{rule}: {}",
            answer.text
        );
        assert!(reason["message"].as_str().is_some_and(|text| text.len() > 10), "{rule}: {}", answer.text);
    }
}

#[tokio::test]
async fn at_its_boundary_a_rule_still_asks() {
    let desk = Desk::with(policies).await;
    let week = TimeDelta::days(7);
    let table = [
        ("251 characters", json!({"characters": 251})),
        ("a reply seven days before", json!({"last_reply_at": ago(week)})),
        ("a closing seven days old", json!({"closed_at": ago(week), "last_reply_at": ago(week)})),
        (
            "the last moment of the window",
            json!({"policy": "an_hour", "closed_at": ago(TimeDelta::hours(1)), "last_reply_at": ago(DAY)}),
        ),
        ("started by a teammate, nobody replied", json!({"started_by": "teammate", "teammate_replied": false})),
        ("a workflow, switched on", json!({"policy": "workflow", "started_by": "workflow"})),
        ("one person by two spellings", json!({"customers": [{"email": "x@example.com"}, {"email": "X@Example.COM"}]})),
        ("a lead without users", json!({"policy": "no_users", "customers": person("lead@example.com", "lead")})),
        (
            "nothing known",
            json!({"started_by": null, "characters": null, "last_reply_at": null, "teammate_replied": null,
 "teammate": null, "state": null}),
        ),
        ("kind unknown, both switches on", json!({"policy": "sure", "customers": [{"email": "k@example.com"}]})),
        ("closed in five minutes", json!({"closed_at": ago(TimeDelta::minutes(-5))})),
        ("reopened just before", json!({"conversation_id": "before"})),
    ];
    desk.reopen("before", time(START) - MS).await;
    for (name, mut fields) in table {
        if fields["conversation_id"].is_null() {
            fields["conversation_id"] = json!(name);
        }
        let answer = desk.close(fields).await;
        assert_eq!((answer.status, &answer["decision"]), (202, &json!("ask")), "{name}: {}", answer.text);
        let keys: Vec<_> = answer.json.as_object().expect("an object").keys().collect();
        assert_eq!(keys[..3], ["decision", "survey_id", "send_at"], "{name}");
        assert!(keys[3..].iter().all(|key| *key == "unknown"), "{name}: {keys:?}");
    }
}

#[tokio::test]
async fn all_failing_rules_are_told_at_once_and_kept() {
    let desk = Desk::with(policies).await;
    let customers = json!([{"email": "noreply@example.com"}, {"email": null}]);
    let answer = desk
        .close(json!({
            "policy": "sure", "state": "snoozed", "ask": false, "other_survey": true, "characters": 3,
            "teammate_replied": false, "customers": customers, "closed_at": ago(TimeDelta::days(9)),
            "last_reply_at": ago(TimeDelta::days(20)), "started_by": "api",
        }))
        .await;
    let mut rules = answer.rules();
    rules.sort_unstable();
    let expected = [
        "excluded",
        "group",
        "no_teammate",
        "not_closed",
        "other_survey",
        "reported_late",
        "stale",
        "suppressed_here",
        "too_short",
        "workflow_off",
    ];
    assert_eq!(rules, expected);
    let known = desk.get("/v1/conversations/8841").await;
    assert_eq!(known.status, 200);
    assert_eq!(known["decisions"][0]["reasons"], answer["reasons"], "why was nobody asked?");
    assert_eq!(known["surveys"], json!([]));
    assert_eq!(known["closings"][0]["closed_at"], ago(TimeDelta::days(9)));
}
