//! The sums that reports read: exact whenever they are brought up to date, and whatever happens before, between and after.

use crate::admin::Browser;
use crate::commands::{code, run, said};
use crate::desk::{Desk, Mail, few};
use afterword::survey::outbound::Attempt;
use axum::body::Body;
use axum::http::Request;
use chrono::TimeDelta;
use proptest::prelude::*;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, query};

/// Every sum is what the views say, and so is what reports answer.
async fn exact(desk: &Desk, when: &str) {
    desk.gateway.flush().await.expect("views are written");
    let proof = desk.gateway.prove_reports(None).await.expect("a proof");
    assert_eq!(proof.wrong, 0, "{when}: {:#?}", proof.differences);
    let figures = ["asked", "answered", "held", "unconfirmed", "ratings", "positive", "waiting", "failed"];
    let sums = figures.map(|figure| format!("coalesce(sum({figure}), 0)")).join(", ");
    let seen = desk.sql(&format!("SELECT {sums} FROM report_facts")).await.remove(0);
    let ticked = desk.sql("SELECT count(*) FROM report_reasons").await.remove(0).remove(0);
    for by in ["teammate", "team", "tag", "channel", "month", "team,day", "tag,week"] {
        let total = desk.get(&format!("/v1/report?by={by}&from=2026-01-01&to=2026-12-31")).await["total"].clone();
        assert_eq!(figures.map(|figure| total[figure].to_string()).to_vec(), seen, "{when}, by {by}");
        let ticks = total["reasons"].as_object().expect("an object").values().map(Value::as_u64);
        assert_eq!(ticks.flatten().sum::<u64>().to_string(), ticked, "{when}, by {by}");
    }
}

/// Runs a statement as somebody with `sqlite3` would.
async fn by_hand(desk: &Desk, sql: &str) -> Result<u64, String> {
    let done = query(AssertSqlSafe(sql)).execute(&mut desk.database().await).await;
    done.map(|done| done.rows_affected()).map_err(|error| error.to_string())
}

/// Rolls up all that there is.
async fn roll_up(desk: &Desk) {
    while desk.gateway.roll_up(100).await.expect("a step") {}
}

/// A desk where people tick reasons.
async fn desk() -> Desk {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), "[reasons]\n1 = ['slow']\n5 = ['kind']\n[reasons.en]\nslow = 'Slow'\nkind = 'Kind'\n")
        .expect("written");
    let (offer, _) = afterword::config::Config::load(Some(file.path()), std::iter::empty()).expect("settings");
    Desk::with(|config| config.reasons = offer.reasons).await
}

/// Closes a conversation of somebody new; the mail about it is not sent yet.
async fn close(desk: &Desk, number: usize) {
    let (team, channel) = [("Billing", "chat"), ("Sales", "email")][number % 2];
    let tags = [["refund", "bug"], ["bug", "vip"]][number % 2];
    desk.close(json!({
        "conversation_id": format!("c{number}"), "customers": [{"email": format!("c{number}@example.com")}],
        "teammate": {"id": format!("t{}", number % 3), "name": "Grace", "team": team},
        "channel": channel, "tags": tags,
    }))
    .await;
}

/// Opens a link and submits its page after some seconds.
async fn submit(desk: &Desk, link: &str, seconds: i64, fields: &[(&str, &str)]) {
    let page = desk.visit(link).await.page_token();
    desk.pass(TimeDelta::seconds(seconds));
    desk.submit(link, &[&[("page", page.as_str())], fields].concat()).await;
}

/// What may happen to a survey.
async fn happen(desk: &Desk, what: u8, mail: &Mail, number: usize) {
    let face = number % 5;
    match what {
        0 => drop(desk.visit(&mail.links[face]).await),
        1 => drop(desk.press(&mail.links[face]).await),
        2 => submit(desk, &mail.links[4], 10, &[("score", "5"), ("reasons", "kind")]).await,
        3 => submit(desk, &mail.links[0], 10, &[("score", "1"), ("reasons", "slow"), ("comment", "late")]).await,
        // It looks like a machine's: one click with script, and then every link at once.
        4 => {
            submit(desk, &mail.links[4], 2, &[("how", "seen")]).await;
            for link in &mail.links {
                desk.visit(link).await;
            }
        }
        5 => drop(desk.delete(&format!("/v1/customers/c{number}@example.com")).await),
        6 => {
            let sql = "UPDATE rating SET standing = 'voided', voided_from = standing WHERE standing <> 'voided'";
            by_hand(desk, sql).await.expect("voided");
        }
        7 => {
            let sql = "UPDATE rating SET standing = voided_from, voided_from = NULL WHERE standing = 'voided'";
            by_hand(desk, sql).await.expect("lifted");
        }
        _ => {
            let phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148";
            let request = Request::get(&mail.links[face]).header("user-agent", phone);
            desk.send(request.body(Body::empty()).expect("a request")).await;
        }
    }
}

#[derive(Clone, Debug)]
enum Step {
    Close,
    Deliver,
    Refuse,
    Happen(u8, prop::sample::Index),
    RollUp(usize),
    Rebuild,
    Pass(i64),
    Crash,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::Close),
        3 => Just(Step::Deliver),
        1 => Just(Step::Refuse),
        8 => (0..9u8, any::<prop::sample::Index>()).prop_map(|(what, which)| Step::Happen(what, which)),
        4 => (0..4usize).prop_map(Step::RollUp),
        1 => Just(Step::Rebuild),
        // Back too, so that new ids are lower than old ones.
        2 => (-30..30i64).prop_map(Step::Pass),
        1 => Just(Step::Crash),
    ]
}

#[test]
fn reports_are_exact_whatever_happens_and_whenever_sums_are_made() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    proptest!(few(12), |(steps in prop::collection::vec(step(), 1..40))| {
        runtime.block_on(async {
            let mut desk = desk().await;
            let (mut closed, mut mails) = (0, Vec::new());
            for step in &steps {
                match step {
                    Step::Close => {
                        close(&desk, closed).await;
                        closed += 1;
                    }
                    Step::Deliver => {
                        desk.deliver().await;
                        mails.extend(desk.mails().into_iter().skip(mails.len()));
                    }
                    Step::Refuse => desk.memory.answer_next([Attempt::Permanent("550 no".into())]),
                    Step::Happen(what, which) if !mails.is_empty() => {
                        let number = which.index(mails.len());
                        happen(&desk, *what, &mails[number], number).await;
                    }
                    Step::Happen(..) => {}
                    Step::RollUp(most) => drop(desk.gateway.roll_up(*most).await.expect("a step")),
                    Step::Rebuild => desk.gateway.rebuild_reports().await.expect("emptied"),
                    Step::Pass(hours) => desk.pass(TimeDelta::hours(*hours)),
                    Step::Crash => {
                        desk = crash(desk).await;
                        mails.clear();
                    }
                }
            }
            exact(&desk, "at the end").await;
            roll_up(&desk).await;
            exact(&desk, "rolled up").await;
        });
    });
}

/// Lets go of a desk without shutting it down, and opens another over its folder.
async fn crash(desk: Desk) -> Desk {
    let now = desk.clock.now();
    let Desk { folder, .. } = desk;
    let desk = Desk::at(folder, |_| {}).await;
    desk.clock.set(now);
    desk
}

#[tokio::test]
async fn what_a_crash_leaves_half_summed_is_counted_once() {
    let mut desk = desk().await;
    let mut mails = Vec::new();
    for number in 0..6 {
        close(&desk, number).await;
        mails.push(desk.the_mail().await);
        desk.pass(TimeDelta::minutes(10));
    }
    for (number, mail) in mails.iter().enumerate() {
        desk.gateway.roll_up(1).await.expect("a step");
        desk.press(&mail.links[number % 5]).await;
        desk = crash(desk).await;
        exact(&desk, &format!("crash {number}")).await;
    }
    roll_up(&desk).await;
    exact(&desk, "rolled up").await;
    assert_eq!(desk.sql("SELECT count(*) FROM unrolled").await, [["0"]]);
}

#[tokio::test]
async fn a_survey_whose_id_comes_late_is_counted() {
    let desk = desk().await;
    close(&desk, 0).await;
    desk.the_mail().await;
    roll_up(&desk).await;
    // The clock of the machine was ahead.
    desk.pass(TimeDelta::days(-2));
    close(&desk, 1).await;
    let mail = desk.the_mail().await;
    desk.pass(TimeDelta::minutes(10));
    let late = desk.sql("SELECT count(*) FROM rating WHERE survey_id < (SELECT until FROM rolled)").await;
    assert_eq!(late, [["1"]], "the survey is below the watermark");
    exact(&desk, "late").await;
    roll_up(&desk).await;
    exact(&desk, "late and rolled up").await;
    desk.press(&mail.links[4]).await;
    exact(&desk, "rated").await;
    roll_up(&desk).await;
    exact(&desk, "rated and rolled up").await;
    assert_eq!(desk.get("/v1/report?from=2026-01-01&to=2026-12-31").await["total"]["asked"], 2);
}

#[tokio::test]
async fn nothing_takes_away_what_is_counted_or_gives_it_to_another() {
    let desk = desk().await;
    close(&desk, 0).await;
    desk.the_mail().await;
    roll_up(&desk).await;
    let refused = by_hand(&desk, "DELETE FROM rating").await.expect_err("refused");
    assert!(refused.contains("is voided, not deleted"), "{refused}");
    let refused = by_hand(&desk, "UPDATE rating SET team = 'Other'").await.expect_err("refused");
    assert!(refused.contains("is frozen"), "{refused}");
    exact(&desk, "still").await;
}

#[tokio::test]
async fn a_period_beyond_the_days_that_reports_know_is_read_from_the_sums_too() {
    let desk = desk().await;
    close(&desk, 0).await;
    let mail = desk.the_mail().await;
    desk.pass(TimeDelta::minutes(10));
    desk.press(&mail.links[4]).await;
    roll_up(&desk).await;
    // Wrong sums show what was read.
    assert_eq!(by_hand(&desk, "UPDATE rollup SET asked = 7").await.map(|rows| rows > 0), Ok(true));
    let asked = async |query: &str| desk.get(&format!("/v1/report?{query}")).await["total"]["asked"].clone();
    for (from, to) in [("2000-01-01", "2026-11-30"), ("2026-11-01", "2099-12-31"), ("0001-01-01", "9999-12-30")] {
        assert_eq!(asked(&format!("from={from}&to={to}")).await, 7, "{from} to {to}");
    }
    assert_eq!(asked("from=2000-01-01&to=2019-12-31").await, 0);
    assert_eq!(asked("from=2070-01-01&to=2071-12-31").await, 0);
    assert_eq!(asked("from=2026-11-22T00:00:01Z&to=2026-11-30").await, 1, "no whole days");
}

#[tokio::test]
async fn sums_below_zero_close_no_page() {
    let desk = desk().await;
    close(&desk, 0).await;
    let mail = desk.the_mail().await;
    desk.pass(TimeDelta::minutes(10));
    desk.press(&mail.links[4]).await;
    roll_up(&desk).await;
    let spoil = "UPDATE rollup SET asked = -1, great = 2, amazing = -5";
    assert_eq!(by_hand(&desk, spoil).await.map(|rows| rows > 0), Ok(true));
    let browser = Browser::with(&desk, &desk.admin).await;
    for page in ["/admin", "/admin/compare", "/admin/lost", "/admin/achievements"] {
        assert_eq!(browser.opens(page).await.status, 200, "{page}");
    }
    let total = desk.get("/v1/report").await["total"].clone();
    assert_eq!((&total["asked"], &total["ratings"]), (&json!(0), &json!(2)));
}

/// The checks of reports, of `afterword check` with some options.
fn checks(desk: &Desk, options: &str) -> Vec<Value> {
    let done = run(desk.folder.path(), &format!("check --json {options}"));
    let lines = said(&done.stdout);
    assert!(code(&done) < 2, "{}", said(&done.stderr));
    let all = lines.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    all.filter(|check| check["check"] == "reports").collect()
}

#[tokio::test]
async fn check_proves_the_sums_says_what_differs_and_makes_them_anew() {
    let desk = desk().await;
    for number in 0..3 {
        close(&desk, number).await;
        let mail = desk.the_mail().await;
        desk.pass(TimeDelta::minutes(10));
        desk.press(&mail.links[number]).await;
    }
    roll_up(&desk).await;
    let found = checks(&desk, "--reports");
    assert!(found.len() == 1 && found[0]["ok"] == true, "{found:?}");
    assert!(found[0]["detail"].as_str().is_some_and(|text| text.contains("by 6 mails and ratings")), "{found:?}");

    let spoil = "UPDATE rollup SET asked = asked + 1 WHERE level = 0
        AND series = (SELECT id FROM rollup_series WHERE cut = 'teammate' AND value = 't1' AND question = '')";
    assert_eq!(by_hand(&desk, spoil).await, Ok(1));
    let found = checks(&desk, "--reports");
    assert_eq!(found[0]["ok"], false, "{found:?}");
    assert_eq!(found[1]["detail"], "teammate, t1, Sales, day of 2026-11-22: asked 2 instead of 1");
    assert!(found[1]["hint"].as_str().is_some_and(|hint| hint.contains("--rebuild-reports")));

    let found = checks(&desk, "--reports --rebuild-reports");
    assert!(found.len() == 2 && found.iter().all(|check| check["ok"] == true), "{found:?}");
    exact(&desk, "made anew").await;
}
