//! What admins decide about ratings, over HTTP and on the pages, and the lists that they find them in.

use crate::desk::{Answer, Desk, Mail};
use afterword::config::{AdminSettings, AdminUser};
use afterword::survey::access::Scope;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Method, Request};
use chrono::TimeDelta;
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use std::net::SocketAddr;

const TABLES: &str = "SELECT standing, voided_from, score, rated_at, held_at FROM rating";

/// Asks about a conversation, and lets ten minutes pass.
async fn asked(desk: &Desk, changes: Value) -> Mail {
    desk.close(changes).await;
    let mail = desk.the_mail().await;
    desk.pass(TimeDelta::minutes(10));
    mail
}

/// Rates 😀 by looking, and then opens all five links at once: the rating is held.
async fn hold(desk: &Desk, mail: &Mail) {
    let page = desk.visit(&mail.links[3]).await.page_token();
    desk.pass(TimeDelta::seconds(2));
    desk.submit(&mail.links[3], &[("page", &page), ("how", "seen")]).await;
    desk.pass(TimeDelta::seconds(10));
    for link in &mail.links {
        desk.visit(link).await;
    }
    desk.pass(TimeDelta::minutes(30));
    desk.gateway.flush().await.expect("views are written");
}

async fn held() -> (Desk, Mail, String) {
    let desk = Desk::open().await;
    let mail = asked(&desk, json!({})).await;
    hold(&desk, &mail).await;
    let survey = survey(&desk, "8841").await;
    (desk, mail, survey)
}

async fn survey(desk: &Desk, conversation: &str) -> String {
    let known = desk.get(&format!("/v1/conversations/{conversation}")).await.json;
    known["surveys"][0]["survey_id"].as_str().expect("an id").to_owned()
}

async fn decide(desk: &Desk, survey: &str, act: &str, reason: &str) -> Answer {
    desk.post(&format!("/v1/surveys/{survey}/{act}"), json!({"reason": reason})).await
}

/// Ratings, held and answered of the total.
async fn figures(desk: &Desk) -> [u64; 3] {
    let total = desk.get("/v1/report").await.json["total"].clone();
    ["ratings", "held", "answered"].map(|name| total[name].as_u64().expect(name))
}

/// The conversations of a list.
async fn listed(desk: &Desk, key: &str, query: &str) -> Vec<String> {
    let answer = desk.call(Method::GET, &format!("/v1/ratings?{query}"), Some(key), None).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let items = answer.json["items"].as_array().expect("items").clone();
    items.iter().map(|item| item["conversation_id"].as_str().expect("an id").to_owned()).collect()
}

async fn stories(desk: &Desk) -> Vec<String> {
    let known = desk.get("/v1/conversations/8841").await.json;
    let story = known["story"].as_array().expect("a story").clone();
    story.iter().map(|line| line["text"].as_str().expect("a text").to_owned()).collect()
}

#[tokio::test]
async fn a_released_rating_counts_at_once_and_the_history_says_who_and_why() {
    let (desk, _, survey) = held().await;
    assert_eq!(figures(&desk).await, [0, 1, 0]);
    assert_eq!(listed(&desk, &desk.admin, "").await, Vec::<String>::new());
    let row = desk.get("/v1/ratings?standing=held").await.json["items"][0].clone();
    assert_eq!(row["held_because"], "five faces were opened within a minute");
    assert_eq!(row["history"][1]["what"], "held");

    let done = decide(&desk, &survey, "release", "  Ada called:\nit was her  ").await;
    let expected = json!({"survey_id": survey, "standing": "rated", "score": 4, "changed": true});
    assert_eq!((done.status, done.json), (200, expected));
    assert_eq!(figures(&desk).await, [1, 0, 1]);
    assert_eq!(listed(&desk, &desk.admin, "").await, ["8841"]);
    let surveys = desk.get("/v1/conversations/8841").await.json["surveys"].clone();
    let last = surveys[0]["history"].as_array().expect("a history").last().expect("a change").clone();
    assert_eq!(
        (&last["what"], &last["who"], &last["reason"]),
        (&json!("released"), &json!("tests"), &json!("Ada called: it was her"))
    );
    assert_eq!(surveys[0]["holds"][0]["until"], last["at"]);
    let told = "tests released the rating of 😀 great, so it counts (“Ada called: it was her”)";
    assert_eq!(stories(&desk).await.last().map(String::as_str), Some(told));
    let view = desk.sql("SELECT who, decision, reason, score, conversation_id FROM report_moderation").await;
    assert_eq!(view, [["tests", "released", "Ada called: it was her", "4", "8841"]]);

    let before = desk.everything().await;
    let again = decide(&desk, &survey, "release", "once more").await;
    assert_eq!((again.status, &again.json["changed"]), (200, &json!(false)));
    assert_eq!(desk.everything().await, before, "a repeat changes nothing");
}

#[tokio::test]
async fn after_a_discard_the_customer_rates_as_if_for_the_first_time() {
    let (desk, mail, survey) = held().await;
    let done = decide(&desk, &survey, "discard", "a scanner").await;
    assert_eq!((&done.json["standing"], &done.json["score"]), (&json!("unrated"), &Value::Null));
    assert_eq!(figures(&desk).await, [0, 0, 0]);
    assert_eq!(desk.sql(TABLES).await, [["unrated", "null", "null", "null", "null"]]);
    assert_eq!(decide(&desk, &survey, "discard", "again").await.json["changed"], false);
    assert_eq!(desk.press(&mail.links[1]).await["standing"], "rated");
    assert_eq!(figures(&desk).await, [1, 0, 1]);
    let row = desk.get("/v1/ratings").await.json["items"][0].clone();
    let kinds: Vec<_> = row["history"].as_array().expect("a history").iter().map(|change| &change["what"]).collect();
    assert_eq!(kinds, ["rated", "held", "discarded", "rated"]);

    let desk = Desk::asking(|policy| policy.rate_within_hours = Some(1)).await;
    let mail = asked(&desk, json!({})).await;
    hold(&desk, &mail).await;
    decide(&desk, &self::survey(&desk, "8841").await, "discard", "a scanner").await;
    desk.pass(TimeDelta::hours(1));
    assert_eq!(desk.press(&mail.links[1]).await["outcome"], "closed", "the time for a first rating is over");
}

#[tokio::test]
async fn ticks_go_with_a_discarded_rating() {
    let desk = Desk::open().await;
    let mail = asked(&desk, json!({})).await;
    hold(&desk, &mail).await;
    let add = "INSERT INTO answer SELECT survey_id, 'reasons', 'slow' FROM rating";
    sqlx::query(add).execute(&mut desk.database().await).await.expect("a tick");
    decide(&desk, &survey(&desk, "8841").await, "discard", "a scanner").await;
    assert_eq!(desk.sql("SELECT * FROM answer").await, Vec::<Vec<String>>::new());
}

#[tokio::test]
async fn a_voided_rating_counts_nowhere_and_its_link_is_neutral_until_it_is_restored() {
    let desk = Desk::open().await;
    let mail = asked(&desk, json!({})).await;
    desk.comment(&mail.links[0], "You idiots").await;
    let survey = survey(&desk, "8841").await;
    let stored = desk.sql(TABLES).await;
    assert_eq!(decide(&desk, &survey, "void", "abuse").await.json["standing"], "voided");
    assert_eq!(figures(&desk).await, [0, 0, 0]);
    assert_eq!(listed(&desk, &desk.admin, "").await, Vec::<String>::new());
    assert_eq!(listed(&desk, &desk.admin, "standing=voided&text=IDIOTS").await, ["8841"]);
    let page = desk.visit(&mail.links[4]).await;
    assert!(page.status == 200 && page.text.contains("This survey is no longer open"), "{}", page.text);
    assert_eq!(decide(&desk, &survey, "void", "again").await.json["changed"], false);
    assert_eq!(decide(&desk, &survey, "release", "why not").await.status, 409);
    assert_eq!(decide(&desk, &survey, "restore", "a misunderstanding").await.json["standing"], "locked");
    assert_eq!(desk.sql(TABLES).await, stored);
    assert_eq!(figures(&desk).await, [1, 0, 1]);
    assert_eq!(decide(&desk, &survey, "restore", "again").await.json["changed"], false);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_and_nothing_is_stored() {
    let (desk, _, survey) = held().await;
    let before = desk.everything().await;
    let path = format!("/v1/surveys/{survey}/release");
    for (body, pointer) in [
        (json!({}), "/reason"),
        (json!({"reason": " \n"}), "/reason"),
        (json!({"reason": "x".repeat(501)}), "/reason"),
        (json!({"reason": "fine", "who": "me"}), "/who"),
    ] {
        let refused = desk.post(&path, body).await;
        assert_eq!((refused.status, &refused.json["errors"][0]["pointer"]), (422, &json!(pointer)), "{}", refused.text);
    }
    assert_eq!(decide(&desk, &survey, "delete", "why").await.status, 404);
    for unknown in ["00000000-0000-0000-0000-000000000000", "nothing"] {
        let refused = decide(&desk, unknown, "void", "why").await;
        assert_eq!((refused.status, &refused.json["code"]), (404, &json!("unknown_survey")));
    }
    let bent = decide(&desk, "%ff", "void", "why").await;
    assert_eq!((bent.status, &bent.json["code"]), (404, &json!("not_found")), "{}", bent.text);
    let read = desk.key(Scope::Read, None, None).await;
    let trigger = desk.key(Scope::Trigger, None, None).await;
    for (key, status) in [(None, 401), (Some(&read), 403), (Some(&trigger), 403)] {
        let body = Some(json!({"reason": "why"}));
        let refused = desk.call(Method::POST, &path, key.map(String::as_str), body).await;
        assert_eq!(refused.status, status);
    }
    let mut after = desk.everything().await;
    after.remove("api_key");
    assert!(before.iter().filter(|(table, _)| *table != "api_key").all(|(table, rows)| after[table] == *rows));

    asked(&desk, json!({"conversation_id": "2", "customers": [{"email": "bob@example.com"}]})).await;
    let unrated = self::survey(&desk, "2").await;
    for act in ["release", "void"] {
        let refused = decide(&desk, &unrated, act, "why").await;
        assert_eq!((refused.status, &refused.json["code"]), (409, &json!("wrong_standing")));
        assert_eq!(refused.json["detail"], "nobody has rated");
    }
    decide(&desk, &survey, "release", "why").await;
    assert_eq!(decide(&desk, &survey, "discard", "why").await.status, 409, "it counts");
}

#[tokio::test]
async fn erasing_takes_the_reason_and_keeps_who_did_what() {
    let (desk, _, survey) = held().await;
    decide(&desk, &survey, "release", "Ada Lovelace called").await;
    assert_eq!(desk.delete("/v1/customers/ada@example.com").await.status, 200);
    let log = "SELECT kind, who, reason FROM history WHERE who IS NOT NULL ORDER BY number";
    assert_eq!(desk.sql(log).await, [["released", "tests", "null"]]);
    decide(&desk, &survey, "void", "Ada again").await;
    assert_eq!(desk.sql(log).await[1], ["voided", "tests", "null"], "nobody would clear it");
    assert_eq!(figures(&desk).await, [0, 0, 0]);
}

#[tokio::test]
async fn what_admins_did_stays_however_long_the_history_is() {
    let (desk, mail, survey) = held().await;
    decide(&desk, &survey, "release", "fine").await;
    for turn in 0..70 {
        desk.pass(TimeDelta::minutes(10));
        let page = desk.visit(&mail.links[turn % 2]).await.page_token();
        desk.pass(TimeDelta::seconds(10));
        let score = (turn % 2 + 1).to_string();
        desk.submit(&mail.links[turn % 2], &[("page", &page), ("score", &score)]).await;
    }
    let count = desk.sql("SELECT count(*) < 70, sum(who IS NOT NULL) FROM history").await;
    assert_eq!(count, [["1", "1"]]);
}

/// The admin pages in somebody's browser.
struct Browser<'d> {
    desk: &'d Desk,
    cookie: String,
}

impl<'d> Browser<'d> {
    async fn with(desk: &'d Desk, key: &str) -> Self {
        let body = serde_urlencoded::to_string([("key", key), ("to", "/admin")]).expect("a form");
        let request = Request::post("/admin/sign-in").body(Body::from(body)).expect("a request");
        let answer = desk.send(request).await;
        Self { desk, cookie: answer.header("set-cookie").split(';').next().expect("a pair").to_owned() }
    }

    async fn opens(&self, path: &str) -> Answer {
        let request = Request::get(path).header("cookie", &self.cookie);
        self.desk.send(request.body(Body::empty()).expect("a request")).await
    }

    async fn posts(&self, path: &str, origin: &str, fields: &[(&str, &str)]) -> Answer {
        let body = serde_urlencoded::to_string(fields).expect("a form");
        let request = Request::post(path).header("cookie", &self.cookie).header("origin", origin);
        self.desk.send(request.body(Body::from(body)).expect("a request")).await
    }
}

const OURS: &str = "http://127.0.0.1:8080";

#[tokio::test]
async fn an_admin_decides_on_the_page_of_the_rating() {
    let (desk, _, survey) = held().await;
    let (page, admin) = (format!("/admin/ratings/{survey}"), Browser::with(&desk, &desk.admin).await);
    let lost = admin.opens("/admin/lost").await;
    assert!(lost.text.contains("<a href=\"/admin/ratings?standing=held\">The held ratings</a>"), "{}", lost.text);
    let list = admin.opens("/admin/ratings?standing=held").await;
    assert!(list.text.contains("Held, because five faces were opened within a minute."), "{}", list.text);
    let link = format!("{page}?to=%2Fadmin%2Fratings%3Fstanding%3Dheld");
    assert!(list.text.contains(&format!("href=\"{link}\"")), "{}", list.text);

    let shown = admin.opens(&link).await;
    for text in [
        "<a href=\"/admin/ratings?standing=held\">‹ Back to the list</a>",
        "It is in doubt because five faces were opened within a minute.",
        "is in doubt (held)",
        "name=\"act\" value=\"release\"",
        "name=\"act\" value=\"discard\"",
    ] {
        assert!(shown.text.contains(text), "{text}: {}", shown.text);
    }
    assert!(!shown.text.contains("value=\"restore\""));

    let act = |act, reason| [("act", act), ("reason", reason), ("to", link.as_str())];
    let blank = admin.posts(&page, OURS, &act("release", " ")).await;
    assert!(blank.status == 422 && blank.text.contains("Please say why"), "{}", blank.text);
    let foreign = admin.posts(&page, "https://evil.example", &act("release", "fine")).await;
    assert!(foreign.status == 403 && foreign.text.contains("another site"), "{}", foreign.text);
    assert_eq!(admin.posts(&page, OURS, &[("act", "delete"), ("reason", "x")]).await.status, 422);
    assert_eq!(figures(&desk).await, [0, 1, 0]);

    let done = admin.posts(&page, OURS, &act("release", "Ada called")).await;
    assert_eq!((done.status, done.header("location")), (303, link.as_str()));
    assert_eq!(figures(&desk).await, [1, 0, 1]);
    let after = admin.opens(&link).await;
    assert!(
        after.text.contains("tests released the rating of 😀 great, so it counts (“Ada called”)"),
        "{}",
        after.text
    );
    let late = admin.posts(&page, OURS, &act("discard", "too late")).await;
    assert!(late.status == 409 && late.text.contains("Nothing was changed: only a held rating"), "{}", late.text);
    let away = admin.posts(&page, OURS, &[("act", "void"), ("reason", "abuse"), ("to", "//evil.example")]).await;
    assert_eq!((away.status, away.header("location")), (303, page.as_str()));
    let list = admin.opens("/admin/ratings?standing=voided").await;
    assert!(list.text.contains("Voided by tests: abuse"), "{}", list.text);
    assert!(admin.opens(&page).await.text.contains("value=\"restore\""));
    assert_eq!(admin.opens("/admin/ratings/nothing").await.status, 404);
}

#[tokio::test]
async fn readers_decide_nothing_and_limited_ones_see_their_part_only() {
    let desk = Desk::with(|config| {
        let user = AdminUser { scope: Scope::Admin, teammate: None, team: Some("Sales".into()) };
        config.admin = AdminSettings {
            user_header: Some("Remote-User".into()),
            proxies: vec!["192.0.2.1".parse().expect("an address")],
            users: [("alan".to_owned(), user)].into(),
        };
    })
    .await;
    let mail = asked(&desk, json!({})).await;
    hold(&desk, &mail).await;
    let survey = survey(&desk, "8841").await;
    let page = format!("/admin/ratings/{survey}");

    let reader = Browser::with(&desk, &desk.key(Scope::Read, None, Some("Billing")).await).await;
    let shown = reader.opens(&page).await;
    assert!(shown.status == 200 && !shown.text.contains("name=\"reason\""), "{}", shown.text);
    let refused = reader.posts(&page, OURS, &[("act", "release"), ("reason", "mine")]).await;
    assert!(refused.status == 403 && refused.text.contains("scope admin"), "{}", refused.text);
    let key = desk.key(Scope::Read, Some("t8"), None).await;
    let other = Browser::with(&desk, &key).await;
    assert_eq!(other.opens(&page).await.status, 404, "another teammate's");
    for query in ["standing=held", "standing=held&teammate=t7", "standing=held&team=Billing"] {
        assert_eq!(listed(&desk, &key, query).await, Vec::<String>::new());
        let csv = other.opens(&format!("/admin/ratings.csv?{query}")).await;
        assert_eq!((csv.status, csv.text.lines().count()), (200, 1), "{}", csv.text);
    }
    assert_eq!(listed(&desk, &desk.key(Scope::Read, Some("t7"), None).await, "standing=held").await, ["8841"]);

    let proxied = async |request: axum::http::request::Builder, body: &str| {
        let peer: SocketAddr = "192.0.2.1:4711".parse().expect("an address");
        let request = request.header("remote-user", "alan").extension(ConnectInfo(peer));
        desk.send(request.body(Body::from(body.to_owned())).expect("a request")).await
    };
    assert_eq!(proxied(Request::get(&page), "").await.status, 404);
    let refused = proxied(Request::post(&page), "act=release&reason=mine").await;
    assert_eq!(refused.status, 404, "an admin of one team decides about that team");
    assert_eq!(figures(&desk).await, [0, 1, 0]);
}

#[tokio::test]
async fn lists_have_every_filter_of_reports_and_a_search() {
    let desk = Desk::open().await;
    for (conversation, face, comment, changes) in [
        ("1", 0, "Much too SLOW, Straße", json!({"channel": "chat", "tags": ["vip", "refund"]})),
        ("2", 4, "Quick & kind", json!({"channel": null, "tags": ["vip"]})),
        ("3", 1, "", json!({"teammate": null})),
    ] {
        let mut closing = json!({"conversation_id": conversation, "customers": [{"email": format!("c{conversation}@example.org"), "locale": "de-AT"}]});
        closing.as_object_mut().expect("fields").extend(changes.as_object().expect("fields").clone());
        let mail = asked(&desk, closing).await;
        if comment.is_empty() {
            desk.press(&mail.links[face]).await;
        } else {
            desk.comment(&mail.links[face], comment).await;
        }
    }
    for (query, expected) in [
        ("", "3 2 1"),
        ("text=slow", "1"),
        ("text=%20stra%C3%9Fe%20", "1"),
        ("text=fast", ""),
        ("text=slow&commented=false", ""),
        ("channel=chat", "1"),
        ("channel=", "2"),
        ("tag=vip", "2 1"),
        ("tag=vip&tag=refund", "!"),
        ("tag=", "3"),
        ("language=de&score=1&score=5", "2 1"),
        ("policy=", "3 2 1"),
        ("policy=vip", ""),
        ("connection=", "3 2 1"),
        ("connection=desk", ""),
        ("teammate=", "3"),
        ("teammate=t7&text=KIND", "2"),
        ("team=", "3"),
        ("standing=counted&commented=true", "2 1"),
        ("standing=held", ""),
    ] {
        if expected == "!" {
            assert_eq!(desk.get(&format!("/v1/ratings?{query}")).await.status, 422);
            continue;
        }
        assert_eq!(listed(&desk, &desk.admin, query).await.join(" "), expected, "{query}");
    }
    for (query, name) in [("text=", "text"), ("standing=rated", "standing")] {
        let refused = desk.get(&format!("/v1/ratings?{query}")).await;
        assert_eq!((refused.status, &refused.json["errors"][0]["parameter"]), (422, &json!(name)), "{}", refused.text);
    }
    let browser = Browser::with(&desk, &desk.admin).await;
    let found = browser.opens("/admin/ratings?text=slow&period=7d&tag=refund").await;
    let has = |text: &str| found.text.contains(text);
    assert!(has("Much too SLOW") && !has("Quick"), "{}", found.text);
    assert!(has("type=\"search\" value=\"slow\"") && has("name=\"period\" value=\"7d\""), "{}", found.text);
    assert_eq!(browser.opens("/admin/ratings?standing=rated").await.status, 422);
    assert_eq!(browser.opens(&format!("/admin/ratings?text={}", "x".repeat(201))).await.status, 422);
}

/// Adds ratings by SQL: one a minute before the desk opened, the last of them with a comment.
async fn many(desk: &Desk, count: u32) {
    asked(desk, json!({})).await;
    let rows = format!("WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {count})");
    let made = "1795341600000 - 60000 * n";
    for sql in [
        format!(
            "{rows} INSERT INTO survey (id, connection, conversation_id, closed_at, made_at, address_hash, teammate_id)
            SELECT unhex(printf('%032x', n)), '', 'old ' || n, {made}, {made}, 'nobody', 't7' FROM n"
        ),
        format!(
            "{rows} INSERT INTO rating (survey_id, standing, teammate_id, score, evidence, rated_at, page, page_issued, comment)
            SELECT unhex(printf('%032x', n)), iif(n = {count}, 'locked', 'rated'), 't7', 5, 'pressed', {made}, 1, {made},
                iif(n = {count}, 'The needle', NULL) FROM n"
        ),
    ] {
        sqlx::query(AssertSqlSafe(sql.clone())).execute(&mut desk.database().await).await.expect(&sql);
    }
}

#[tokio::test]
async fn a_page_looks_at_so_many_ratings_and_says_where_it_goes_on() {
    let desk = Desk::open().await;
    many(&desk, 20_010).await;
    // Of one teammate there is no index of comments: the newest 20 000 are looked at first.
    let search = "/v1/ratings?teammate=t7&text=needle&from=2026-11-01";
    let first = desk.get(search).await.json;
    assert_eq!(first["items"], json!([]));
    let next = first["next"].as_str().expect("the list goes on");
    let second = desk.get(&format!("{search}&cursor={next}")).await.json;
    assert_eq!((&second["items"][0]["conversation_id"], &second["next"]), (&json!("old 20010"), &Value::Null));
    // All comments have an index of their own.
    assert_eq!(listed(&desk, &desk.admin, "text=needle&from=2026-11-01").await, ["old 20010"]);

    let browser = Browser::with(&desk, &desk.admin).await;
    let page = browser.opens("/admin/ratings?teammate=t7&text=needle&from=2026-11-01").await;
    assert!(page.text.contains("Looked back to 8 Nov 2026.") && page.text.contains("Look further"), "{}", page.text);
    assert!(page.text.contains("Older ratings of this time were not looked at yet."), "{}", page.text);
    let csv = browser.opens("/admin/ratings.csv?teammate=t7&text=needle&from=2026-11-01").await;
    assert_eq!(csv.text.lines().count(), 2, "the file has all pages: {}", csv.text);
    assert!(csv.text.starts_with("\u{feff}\"survey_id\"") && csv.text.contains("The needle"), "{}", csv.text);

    let mut seen = 0;
    let mut cursor = String::new();
    loop {
        let page = desk.get(&format!("/v1/ratings?from=2026-11-01&score=5&limit=200{cursor}")).await.json;
        seen += page["items"].as_array().expect("items").len();
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(seen, 20_010, "each is on one page");
}

#[tokio::test]
async fn the_file_of_a_list_is_for_spreadsheets() {
    let desk = Desk::open().await;
    let mail = asked(&desk, json!({"conversation_id": "1"})).await;
    desk.press(&mail.links[4]).await;
    desk.pass(TimeDelta::minutes(10));
    let page = desk.visit(&mail.links[0]).await.page_token();
    desk.pass(TimeDelta::seconds(10));
    let fields = [("page", page.as_str()), ("score", "1"), ("comment", "=cmd|'/c calc'!A1, \"so\"")];
    desk.submit(&mail.links[0], &fields).await;
    let browser = Browser::with(&desk, &desk.admin).await;
    let list = browser.opens("/admin/ratings?score=low&period=7d").await;
    assert!(list.text.contains("href=\"/admin/ratings.csv?score=low&#38;period=7d\""), "{}", list.text);
    let file = browser.opens("/admin/ratings.csv?score=low&period=7d").await;
    assert_eq!(file.status, 200);
    assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
    let name = "attachment; filename=\"afterword-ratings-2026-11-16-to-2026-11-22.csv\"";
    assert_eq!(file.header("content-disposition"), name);
    let lines: Vec<_> = file.text.lines().collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[0].starts_with("\u{feff}\"survey_id\"") && lines[0].ends_with("\"scores_before\",\"held_because\""));
    assert!(lines[1].contains("\"'=cmd|'/c calc'!A1, \"\"so\"\"\""), "{}", lines[1]);
    assert!(lines[1].ends_with("\"2026-11-22T10:00:00Z\",\"2026-11-22T10:00:00Z\",5,\"\""), "{}", lines[1]);
    assert_eq!(browser.opens("/admin/ratings.csv?from=x").await.status, 422);
    let stranger = desk.send(Request::get("/admin/ratings.csv").body(Body::empty()).expect("a request")).await;
    assert_eq!(stranger.status, 303);
}
