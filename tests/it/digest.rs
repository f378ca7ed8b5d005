//! The weekly digest: due once, about the right week and the right part of the team, and gone for who opted out.

use crate::desk::{Answer, Desk, Mail, paths, time};
use crate::process;
use afterword::config::{Config, DigestSettings};
use afterword::gateway::{Requeued, Unsent};
use afterword::ledger::outbox::{Claim, Claimed};
use afterword::store::{Settings, Store};
use afterword::survey::outbound::{Attempt, Lease};
use afterword::survey::pace::Rates;
use axum::body::Body;
use axum::http::Request;
use chrono::{TimeDelta, Weekday};
use chrono_tz::Tz;
use serde_json::json;

/// When the digest about the week of a desk's start is due.
const DUE: &str = "2026-11-23T08:00:00Z";

fn digest(to: &[&str]) -> DigestSettings {
    let to = to.iter().map(|address| (*address).to_owned()).collect();
    DigestSettings { to, teammate: None, team: None, day: Weekday::Mon, at: 8, comments: true }
}

fn to_lead(config: &mut Config) {
    config.digests = vec![digest(&["Lead@example.com"])];
}

/// A conversation that was asked about: its mail. Each has a customer of its own.
async fn asked(desk: &Desk, id: &str, team: &str) -> Mail {
    let teammate = json!({"id": format!("t-{team}"), "name": format!("Grace of {team}"), "team": team});
    let customers = json!([{"email": format!("c{id}@example.com")}]);
    desk.close(json!({"conversation_id": id, "customers": customers, "teammate": teammate})).await;
    desk.the_mail().await
}

/// Queues and sends what is due: the mails that went out by that.
async fn due(desk: &Desk) -> Vec<Mail> {
    let before = desk.mails().len();
    desk.gateway.announce_digests().await.expect("the store answers");
    desk.deliver().await;
    desk.mails().split_off(before)
}

fn recipients(mails: &[Mail]) -> Vec<&str> {
    mails.iter().map(|mail| mail.to.as_str()).collect()
}

async fn post(desk: &Desk, link: &str) -> Answer {
    let request = Request::post(link).header("content-type", "application/x-www-form-urlencoded");
    desk.send(request.body(Body::from("List-Unsubscribe=One-Click")).expect("a request")).await
}

#[tokio::test]
async fn a_week_is_told_on_monday_with_its_figures_and_comments() {
    let desk = Desk::with(to_lead).await;
    desk.comment(&asked(&desk, "1", "Billing").await.links[4], "Quick & kind, see https://evil.example/x").await;
    desk.comment(&asked(&desk, "2", "Sales").await.links[0], "Nobody\nread what I wrote").await;
    desk.press(&asked(&desk, "3", "Sales").await.links[3]).await;
    asked(&desk, "4", "Sales").await;
    assert_eq!(due(&desk).await.len(), 0, "it is still Sunday");
    desk.turn_to(DUE);
    let mails = due(&desk).await;
    assert_eq!(recipients(&mails), ["Lead@example.com"]);
    let mail = &mails[0];
    assert_eq!(mail.subject, "Support: CSAT 66.7\u{a0}%, 3 ratings, 16 to 22 Nov 2026");
    let (text, _) = mail.text.split_once("CSAT by week").expect("a trend");
    insta::assert_snapshot!(text.replace("\r\n", "\n").replace('\u{a0}', " "), @"
    Support: 16 to 22 Nov 2026

    CSAT 66.7 %, from 3 ratings (95 % interval: 21 % to 94 %)
    Few ratings: one customer moves this figure a lot.
    Answered: 75.0 % (3 of 4 asked)

    🤩 amazing: 1
    😀 great: 1
    😐 okay: 0
    🙁 bad: 0
    😠 terrible: 1

    1 unhappy customer waits for a follow-up: http://127.0.0.1:8080/admin/follow-up

    What unhappy customers wrote

    😠 Nobody read what I wrote
       Grace of Sales · Sales · Sun 22 Nov · https://desk.example.com/8841

    What happy customers wrote

    🤩 Quick & kind, see
       Grace of Billing · Billing · Sun 22 Nov · https://desk.example.com/8841
    ");
    for said in ["66.7", "Quick &#38; kind, see", "Nobody read what I wrote", "Grace of Sales"] {
        assert!(mail.html.contains(said), "{said}: {}", mail.html);
    }
    assert!(!mail.raw.contains("evil.example") && !mail.html.contains("evil.example"), "a stranger's link");
    let overview = "http://127.0.0.1:8080/admin?from=2026-11-16&to=2026-11-22";
    assert!(mail.text.contains(overview) && mail.html.contains(&overview.replace('&', "&#38;")), "{}", mail.text);
    assert!(mail.raw.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click"));
    assert_eq!(mail.text.matches(" Nov: ").count() + mail.text.matches(" Oct: ").count(), 7, "{}", mail.text);
    assert!(mail.text.contains("16 Nov: 66.7\u{a0}% of 3") && mail.text.contains("31 Aug: –"), "{}", mail.text);
}

#[tokio::test]
async fn nobody_gets_a_week_twice_across_restarts_and_crashes() {
    let desk = Desk::with(to_lead).await;
    asked(&desk, "1", "Billing").await;
    desk.turn_to(DUE);
    assert_eq!(desk.gateway.announce_digests().await.expect("queued"), 1);
    assert_eq!(desk.gateway.announce_digests().await.expect("nothing"), 0);

    // It ends before anything was sent, and then while a worker holds the mail.
    let desk = Desk::at(desk.folder, to_lead).await;
    desk.turn_to(DUE);
    let key = desk.sql("SELECT value FROM setting WHERE name = 'address_key'").await;
    let settings = Settings {
        timezone: Tz::UTC,
        positive: vec![4, 5],
        followed: afterword::survey::follow_up::FollowedScores::default(),
        targets: std::collections::BTreeMap::default(),
        address_key: key[0][0].clone(),
    };
    let store = Store::open(&desk.gateway.config.database, &settings).await.expect("it opens");
    let (at, owner) = (desk.clock.now(), store.owner());
    let claim = Claim { at, lease: Lease { owner, until: at + TimeDelta::minutes(30) }, rates: Rates::default() };
    let claimed = store.claim(claim).await.expect("claimed");
    assert!(matches!(claimed, Claimed::Digest(..)), "{claimed:?}");
    drop(store);
    let desk = Desk::at(desk.folder, to_lead).await;
    desk.turn_to(DUE);
    assert_eq!(recipients(&due(&desk).await), ["Lead@example.com"]);
    assert!(due(&desk).await.is_empty());

    // Sent, and then neither a restart nor another spelling, hour or day sends it again.
    let desk = Desk::at(desk.folder, |config| {
        config.digests = vec![DigestSettings { at: 9, day: Weekday::Tue, ..digest(&["lead@EXAMPLE.com"]) }];
    })
    .await;
    desk.turn_to("2026-11-24T10:00:00Z");
    assert!(due(&desk).await.is_empty());
    let rows = desk.sql("SELECT kind, state, tries FROM outbox JOIN digest USING (id)").await;
    assert_eq!(rows, [["digest", "accepted", "1"]]);
}

#[tokio::test]
async fn two_that_notice_it_at_once_queue_it_once() {
    let desk = Desk::with(|config| config.digests = vec![digest(&["lead@example.com", "grace@example.com"])]).await;
    asked(&desk, "1", "Billing").await;
    desk.turn_to(DUE);
    let (one, other) = tokio::join!(desk.gateway.announce_digests(), desk.gateway.announce_digests());
    assert_eq!(one.expect("queued") + other.expect("queued"), 2);
    desk.deliver().await;
    let mut to: Vec<_> = desk.mails().into_iter().skip(1).map(|mail| mail.to).collect();
    to.sort();
    assert_eq!(to, ["grace@example.com", "lead@example.com"]);
}

#[tokio::test]
async fn a_digest_of_a_part_tells_nothing_of_the_others() {
    let desk = Desk::with(|config| {
        let team = DigestSettings { team: Some("Billing".into()), ..digest(&["billing@example.com"]) };
        let teammate = DigestSettings { teammate: Some("t-Sales".into()), ..digest(&["billing@example.com"]) };
        config.digests = vec![team, teammate];
    })
    .await;
    desk.comment(&asked(&desk, "1", "Billing").await.links[4], "All good").await;
    desk.comment(&asked(&desk, "2", "Sales").await.links[0], "All bad").await;
    desk.turn_to(DUE);
    let mails = due(&desk).await;
    let of = |whose: &str| mails.iter().find(|mail| mail.subject.starts_with(whose)).expect(whose);
    let billing = of("Support, Billing: CSAT 100.0\u{a0}%, 1 rating,");
    assert!(billing.text.contains("All good") && !billing.raw.contains("Sales") && !billing.text.contains("All bad"));
    assert!(billing.text.contains("&team=Billing"), "{}", billing.text);
    let grace = of("Support, Grace of Sales: CSAT 0.0\u{a0}%, 1 rating,");
    assert!(grace.text.contains("All bad") && !grace.text.contains("All good"), "{}", grace.text);
    assert_eq!(mails.len(), 2);
}

#[tokio::test]
async fn an_opt_out_stops_one_digest_and_no_survey_and_the_operator_can_lift_it() {
    let config = |config: &mut Config| {
        let team = DigestSettings { team: Some("Billing".into()), ..digest(&["lead@example.com"]) };
        config.digests = vec![digest(&["lead@example.com", "grace@example.com"]), team];
    };
    let desk = Desk::with(config).await;
    asked(&desk, "1", "Billing").await;
    desk.turn_to(DUE);
    let mails = due(&desk).await;
    assert_eq!(mails.len(), 3);
    let whole = mails.iter().find(|mail| mail.to == "lead@example.com" && mail.subject.starts_with("Support: "));
    let link = &whole.expect("the digest of all").unsubscribe;
    assert_eq!(paths(&mails[0].raw.replace("=\r\n", ""), "/u/").len(), 3, "in the header and both parts");

    let question = desk.visit(link).await;
    assert!(question.text.contains("Stop this digest?") && question.text.contains("<form method=\"post\""));
    desk.turn_to("2026-11-24T10:00:00Z");
    asked(&desk, "2", "Billing").await;
    for _ in 0..2 {
        let stopped = post(&desk, link).await;
        assert!(stopped.status == 200 && stopped.text.contains("This digest is stopped"), "{}", stopped.text);
    }
    assert!(desk.sql("SELECT * FROM suppression").await.is_empty());
    let customers = json!([{"email": "lead@example.com"}]);
    let answer = desk.close(json!({"conversation_id": "3", "customers": customers})).await;
    assert_eq!(answer["decision"], "ask", "{}", answer.text);
    desk.deliver().await;

    desk.turn_to("2026-11-30T08:00:00Z");
    let mails = due(&desk).await;
    let mut got: Vec<_> = mails.iter().map(|mail| (mail.to.as_str(), mail.subject.contains("Billing"))).collect();
    got.sort_unstable();
    assert_eq!(got, [("grace@example.com", false), ("lead@example.com", true)]);
    let cancelled = desk.sql("SELECT stop FROM outbox JOIN digest USING (id) WHERE state = 'cancelled'").await;
    assert_eq!(cancelled, [["opted_out"]]);

    assert_eq!(desk.gateway.resume_digests("LEAD@example.com").await.expect("lifted"), 1);
    assert_eq!(desk.gateway.resume_digests("lead@example.com").await.expect("nothing"), 0);
    assert!(due(&desk).await.is_empty(), "not the week that it was left out of");
    asked(&desk, "4", "Billing").await;
    desk.turn_to("2026-12-07T08:00:00Z");
    assert_eq!(due(&desk).await.len(), 3);
}

#[tokio::test]
async fn who_wants_no_surveys_still_gets_the_digest_and_links_do_not_pass_for_each_other() {
    let desk = Desk::with(to_lead).await;
    let survey = asked(&desk, "1", "Billing").await;
    desk.put("/v1/suppressions/lead@example.com", Some(json!({"cause": "opted_out"}))).await;
    desk.turn_to(DUE);
    let mails = due(&desk).await;
    assert_eq!(recipients(&mails), ["Lead@example.com"]);
    let as_rating = mails[0].unsubscribe.replace("/u/", "/r/");
    assert_eq!(desk.visit(&as_rating).await.status, 404);
    assert!(desk.visit(&survey.unsubscribe).await.text.contains("You’ll still get replies from support."));
    let before = desk.sql("SELECT * FROM digest_stop").await;
    post(&desk, &survey.unsubscribe).await;
    assert_eq!(desk.sql("SELECT * FROM digest_stop").await, before);
}

#[tokio::test]
async fn a_late_start_sends_it_and_a_very_late_one_leaves_it_out() {
    for (now, count) in [("2026-11-25T08:00:00Z", 1), ("2026-11-25T08:00:01Z", 0)] {
        let desk = Desk::with(to_lead).await;
        asked(&desk, "1", "Billing").await;
        desk.turn_to(now);
        assert_eq!(due(&desk).await.len(), count, "{now}");
    }
}

#[tokio::test]
async fn a_week_without_anything_is_not_told_also_if_something_comes_up_later() {
    let desk = Desk::with(to_lead).await;
    let mail = asked(&desk, "1", "Billing").await;
    desk.turn_to("2026-11-30T08:00:00Z");
    assert!(due(&desk).await.is_empty());
    let rows = desk.sql("SELECT week, state, stop FROM digest JOIN outbox USING (id)").await;
    assert_eq!(rows, [["2026-11-23", "cancelled", "nothing_to_tell"]]);
    desk.turn_to("2026-11-30T09:00:00Z");
    desk.press(&mail.links[4]).await;
    assert!(due(&desk).await.is_empty());
    desk.turn_to("2026-12-07T08:00:00Z");
    assert_eq!(due(&desk).await.len(), 1, "a rating without anybody asked is something to tell");
}

#[tokio::test]
async fn a_week_ends_at_midnight_of_the_zone_also_when_clocks_change() {
    let desk = Desk::with(|config| {
        to_lead(config);
        config.report.timezone = chrono_tz::Europe::Berlin;
    })
    .await;
    // 23:30 on the Sunday that has 23 hours, and 0:30 on Monday.
    for (id, at, face) in [("1", "2027-03-28T21:30:00Z", 4), ("2", "2027-03-28T22:30:00Z", 0)] {
        desk.turn_to(at);
        let mail = asked(&desk, id, "Billing").await;
        desk.press(&mail.links[face]).await;
    }
    desk.turn_to("2027-03-29T05:59:59Z");
    assert!(due(&desk).await.is_empty());
    desk.turn_to("2027-03-29T06:00:00Z");
    let mails = due(&desk).await;
    assert_eq!(mails[0].subject, "Support: CSAT 100.0\u{a0}%, 1 rating, 22 to 28 Mar 2027");
}

#[tokio::test]
async fn comments_can_stay_out_of_mailboxes() {
    let desk = Desk::with(|config| {
        config.digests = vec![DigestSettings { comments: false, ..digest(&["lead@example.com"]) }];
    })
    .await;
    desk.comment(&asked(&desk, "1", "Billing").await.links[0], "My number is 4711").await;
    desk.turn_to(DUE);
    let mails = due(&desk).await;
    assert!(mails[0].text.contains("1 rating") && !mails[0].raw.contains("4711"), "{}", mails[0].text);
    assert!(!mails[0].html.contains("wrote"));
}

#[tokio::test]
async fn a_refused_digest_is_tried_again_and_one_of_an_old_configuration_fails() {
    let desk = Desk::with(to_lead).await;
    asked(&desk, "1", "Billing").await;
    desk.turn_to(DUE);
    desk.memory.answer_next([Attempt::Temporary("451 later".into())]);
    assert!(due(&desk).await.is_empty());
    desk.pass(TimeDelta::minutes(1));
    assert_eq!(due(&desk).await.len(), 1);

    let desk = Desk::with(to_lead).await;
    asked(&desk, "1", "Billing").await;
    desk.turn_to(DUE);
    desk.gateway.announce_digests().await.expect("queued");
    let desk = Desk::at(desk.folder, |_| {}).await;
    desk.turn_to(DUE);
    desk.deliver().await;
    assert!(desk.mails().is_empty());
    let rows = desk.sql("SELECT state, note FROM outbox JOIN digest USING (id)").await;
    assert_eq!(rows, [["failed", "the configuration no longer has this digest"]]);
    let requeued = desk.gateway.requeue(&Unsent::All).await.expect("the store answers");
    assert_eq!(requeued, Requeued::default(), "the next one comes anyway");
    assert_eq!(desk.sql("SELECT state FROM outbox JOIN digest USING (id)").await, [["failed"]]);
}

#[tokio::test]
async fn no_report_counts_a_digest() {
    let desk = Desk::with(to_lead).await;
    asked(&desk, "1", "Billing").await;
    desk.turn_to(DUE);
    let facts = desk.sql("SELECT sum(asked), sum(waiting), sum(failed), count(*) FROM report_facts").await;
    desk.gateway.announce_digests().await.expect("queued");
    assert_eq!(desk.sql("SELECT sum(asked), sum(waiting), sum(failed), count(*) FROM report_facts").await, facts);
    desk.memory.answer_next([Attempt::Permanent("550 no".into())]);
    desk.deliver().await;
    assert_eq!(desk.sql("SELECT sum(asked), sum(waiting), sum(failed), count(*) FROM report_facts").await, facts);
    assert_eq!(desk.sql("SELECT count(*) FROM report_mails").await, [["1"]]);
}

#[tokio::test]
async fn the_commands_show_it_test_it_and_turn_it_on_again() {
    let desk = Desk::with(to_lead).await;
    desk.comment(&asked(&desk, "1", "Billing").await.links[4], "All good").await;
    desk.turn_to(DUE);
    let link = due(&desk).await[0].unsubscribe.clone();
    let folder = desk.folder.path();
    let run = |arguments: &[&str]| {
        let done = process::afterword(folder, arguments).env_clear().output().expect("it runs");
        (done.status.code(), String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned())
    };
    assert!(run(&["digest", "list"]).1.starts_with("Nobody gets a digest"));
    let config = "mail.smtp = 'file:mails'\n[[digest]]\nto = ['lead@example.com']\nteam = 'Billing'\n[[digest]]\n\
        to = ['Lead@example.com']\n";
    std::fs::write(folder.join("afterword.toml"), config).expect("written");
    let (code, listed) = run(&["digest", "list"]);
    assert!(code == Some(0) && listed.contains("team Billing") && listed.contains(" 08:00"), "{listed}");
    post(&desk, &link).await;
    let (_, listed) = run(&["digest", "list"]);
    assert!(listed.contains("opted out") && listed.matches(" 08:00").count() == 1, "{listed}");
    let (code, said) = run(&["digest", "resume", "lead@example.com"]);
    assert!(code == Some(0) && said.contains("gets its digests again"), "{said}");
    assert_eq!(run(&["digest", "resume", "lead@example.com"]).0, Some(1));

    let (code, said) = run(&["digest", "preview", "--out", "seen", "--team", "Billing"]);
    assert_eq!(code, Some(0), "{said}");
    let html = std::fs::read_to_string(folder.join("seen/digest.html")).expect("written");
    assert!(html.contains("Support · Billing") && folder.join("seen/digest.eml").exists(), "{html}");
    // A folder takes the mail, so it reached nobody.
    let (code, said) = run(&["digest", "send-test", "ada@example.com"]);
    assert!(code == Some(1) && said.contains("the mail was written into mails"), "{said}");
    let file = std::fs::read_dir(folder.join("mails")).expect("a folder").next().expect("a mail").expect("readable");
    let mail = Mail::parse(&std::fs::read(file.path()).expect("a mail"));
    assert!(mail.subject.starts_with("[Test] Support: "), "{}", mail.subject);
    assert!(desk.visit(&mail.unsubscribe).await.text.contains("test"), "its link opens nothing");
    let rows = desk.sql("SELECT count(*) FROM digest").await;
    assert_eq!(rows, [["1"]], "and it is none of the week's");
    assert_eq!(time(DUE), desk.clock.now());
}
