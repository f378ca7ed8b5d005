//! Attackers, careless readers and curious teammates at the admin pages: nothing of others is seen, no query breaks a page,
//! and no form is taken from elsewhere.

use crate::admin::Browser;
use crate::desk::{Answer, Desk};
use afterword::config::{Config, TargetSettings};
use afterword::survey::access::Scope;
use axum::body::Body;
use axum::http::{Method, Request};
use chrono::TimeDelta;
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

/// Every page and every file of the admin pages.
const PAGES: [&str; 10] = [
    "/admin",
    "/admin/report.csv",
    "/admin/ratings",
    "/admin/ratings.csv",
    "/admin/follow-up",
    "/admin/achievements",
    "/admin/compare",
    "/admin/not-asked",
    "/admin/mails",
    "/admin/lost",
];
/// Every list and report of the API.
const CALLS: [&str; 4] = ["/v1/report", "/v1/ratings", "/v1/follow-ups", "/v1/decisions"];
/// The cuts of a report.
const CUTS: [&str; 12] = [
    "teammate",
    "team",
    "channel",
    "tag",
    "policy",
    "language",
    "connection",
    "day",
    "week",
    "month",
    "tag,team",
    "teammate,month",
];

async fn survey(desk: &Desk, conversation: &str) -> String {
    let known = desk.get(&format!("/v1/conversations/{conversation}")).await;
    known["surveys"][0]["survey_id"].as_str().expect(&known.text).to_owned()
}

/// A rating with a comment; each text of it holds the mark.
async fn rated(desk: &Desk, mark: &str, place: usize, teammate: Value) -> String {
    let conversation = format!("{mark}conversation{place}");
    let closing = json!({
        "conversation_id": conversation, "teammate": teammate, "channel": format!("{mark}channel"),
        "subject": format!("{mark}subject"), "tags": [format!("{mark}tag")],
        "url": format!("https://desk.example.com/{mark}url"),
        "customers": [{"id": "c", "email": format!("{mark}{place}@{mark}.example"), "name": format!("{mark}name"),
            "kind": "user", "locale": "fr"}],
    });
    assert_eq!(desk.close(closing).await["decision"], "ask");
    let mail = desk.the_mail().await;
    desk.pass(TimeDelta::minutes(10));
    desk.comment(&mail.links[place % 5], &format!("{mark}comment")).await;
    survey(desk, &conversation).await
}

/// What each page and call says of others to the holder of a limited key, whatever is asked for.
async fn leaks(desk: &Desk, key: &str, marks: &[&str], ids: &[String]) -> Vec<String> {
    let browser = Browser::with(desk, key).await;
    let mut found = Vec::new();
    let look = |path: &str, answer: &Answer, found: &mut Vec<String>| {
        let text = answer.text.to_lowercase();
        for mark in marks {
            // What was asked for may be said again.
            let asked = path.to_lowercase();
            for (at, _) in text.match_indices(mark) {
                let word: String = text[at..].chars().take_while(char::is_ascii_alphanumeric).collect();
                if !asked.contains(&word) {
                    found.push(format!("{path}: {word}"));
                }
            }
        }
        assert!(answer.status < 500, "{path}: {}", answer.text);
    };
    for filter in ["", "team=zzteam", "teammate=zzmate", "tag=zztag"] {
        let cut = CUTS.iter().flat_map(|cut| ["/admin", "/admin/report.csv"].map(|page| format!("{page}?by={cut}")));
        let lists = ["score=low", "standing=held", "standing=voided", "text=comment", "state=done", "period=year"];
        let lists = lists.iter().flat_map(|list| PAGES.map(|page| format!("{page}?{list}")));
        for path in cut.chain(lists) {
            let path = format!("{path}&{filter}");
            look(&path, &browser.opens(&path).await, &mut found);
        }
        let queries =
            ["from=2026-11-01", "by=tag", "by=team", "by=team,tag", "standing=voided", "text=comment", "state=taken"];
        for path in CALLS.iter().flat_map(|call| queries.map(|query| format!("{call}?{query}&{filter}"))) {
            let path = path.trim_end_matches('&');
            look(path, &desk.call(Method::GET, path, Some(key), None).await, &mut found);
        }
    }
    for path in [
        "/admin/not-asked?conversation=zzconversation0",
        "/admin/not-asked?conversation=zzskip",
        "/admin/not-asked?conversation=zzconversation0&connection=plain+API",
    ] {
        look(path, &browser.opens(path).await, &mut found);
    }
    let unknown = uuid::Uuid::new_v4().to_string();
    for id in ids {
        for path in ["/admin/ratings/", "/admin/follow-up/"] {
            let [theirs, none] =
                [browser.opens(&format!("{path}{id}")).await, browser.opens(&format!("{path}{unknown}")).await];
            assert_eq!((theirs.status, none.status), (404, 404), "{path}{id}: {}", theirs.text);
            look(path, &theirs, &mut found);
        }
        for act in ["take", "done", "reopen"] {
            let path = format!("/v1/follow-ups/{id}");
            let answer = desk.call(Method::POST, &path, Some(key), Some(json!({"do": act}))).await;
            assert_eq!(answer.status, 404, "{path}: {}", answer.text);
        }
        for act in ["release", "discard", "void", "restore"] {
            let path = format!("/v1/surveys/{id}/{act}");
            let answer = desk.call(Method::POST, &path, Some(key), Some(json!({"reason": "mine"}))).await;
            assert_eq!(answer.status, 403, "{path}: {}", answer.text);
        }
    }
    found
}

#[tokio::test]
async fn nothing_of_others_is_on_any_page_of_a_limited_key() {
    let target = |team: Option<&str>, teammate: Option<&str>| TargetSettings {
        csat: 90,
        from: "2026-11-01".parse().expect("a day"),
        team: team.map(str::to_owned),
        teammate: teammate.map(str::to_owned),
    };
    let targets = vec![target(Some("zzteam"), None), target(None, Some("zzmate"))];
    let desk = Desk::with(|config: &mut Config| config.report.targets = targets).await;
    let others = json!({"id": "zzmate", "name": "zzname", "team": "zzteam"});
    let mut ids = Vec::new();
    for place in 0..5 {
        ids.push(rated(&desk, "zz", place, others.clone()).await);
    }
    let done = desk.post(&format!("/v1/follow-ups/{}", ids[0]), json!({"do": "take", "note": "zznote"})).await;
    assert_eq!(done.status, 200, "{}", done.text);
    assert_eq!(desk.post(&format!("/v1/surveys/{}/void", ids[1]), json!({"reason": "zzreason"})).await.status, 200);
    desk.close(json!({"conversation_id": "zzskip", "teammate": others, "characters": 2, "tags": ["zzskiptag"]})).await;
    let bounced = json!({"survey_id": ids[3], "kind": "hard", "reason": "zzbounce"});
    assert_eq!(desk.post("/v1/bounces", bounced).await.status, 200);
    // Who moved to Billing had other customers before.
    rated(&desk, "qq", 0, json!({"id": "t1", "name": "Ada", "team": "qqteam"})).await;
    let moved = rated(&desk, "aa", 1, json!({"id": "t1", "name": "Ada", "team": "Billing"})).await;
    for _ in 0..2 {
        while desk.gateway.roll_up(500).await.expect("a step") {}
        for (teammate, team, marks) in [
            (Some("t1"), None, &["zz"][..]),
            (None, Some("Billing"), &["zz", "qq"]),
            (Some("t1"), Some("Billing"), &["zz", "qq"]),
        ] {
            let key = desk.key(Scope::Read, teammate, team).await;
            assert_eq!(leaks(&desk, &key, marks, &ids).await, Vec::<String>::new(), "{teammate:?} {team:?}");
            let own = Browser::with(&desk, &key).await.opens(&format!("/admin/ratings/{moved}")).await;
            assert!(own.text.contains("aacomment"), "one's own is there: {}", own.text);
        }
    }
}

#[tokio::test]
async fn no_query_breaks_a_page() {
    let desk = Desk::open().await;
    rated(&desk, "aa", 0, json!({"id": "t1", "name": "Ada", "team": "Billing"})).await;
    let browser = Browser::with(&desk, &desk.admin).await;
    let names = [
        "from",
        "to",
        "period",
        "by",
        "sort",
        "step",
        "none",
        "team",
        "tag",
        "score",
        "standing",
        "commented",
        "text",
        "state",
        "cursor",
        "limit",
        "conversation",
        "compare",
    ];
    let values = [
        "%00",
        "%FF%FE",
        "%22%3Cscript%3E",
        "0001-01-01",
        "9999-12-31",
        "%2B262142-12-31",
        "18446744073709551616",
        "team,month,day",
        "tag,day",
        "9999-12-31T23:59:59.999Z",
    ];
    let cursor = BASE64URL_NOPAD.encode(&[0xff; 24]);
    let values: Vec<_> = values.map(str::to_owned).into_iter().chain(["x".repeat(20_000), cursor]).collect();
    for page in PAGES.iter().chain(&CALLS) {
        for name in names {
            for value in &values {
                let path = format!("{page}?{name}={value}");
                let answer = if page.starts_with("/v1") { desk.get(&path).await } else { browser.opens(&path).await };
                let shown = &path[..path.len().min(100)];
                assert!([200, 303, 422].contains(&answer.status), "{shown}: {} {}", answer.status, answer.text);
                assert!(
                    !answer.header("content-type").starts_with("text/html") || !answer.text.contains("<script>"),
                    "{shown}"
                );
                for (header, value) in [("cache-control", "no-store"), ("x-content-type-options", "nosniff")] {
                    assert_eq!(answer.header(header), value, "{shown}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_filter_that_cannot_hold_shows_no_more_than_was_asked_for() {
    let desk = Desk::open().await;
    rated(&desk, "aa", 0, json!({"id": "t1", "name": "Ada", "team": "Billing"})).await;
    let browser = Browser::with(&desk, &desk.admin).await;
    let long = "%C3%A9".repeat(600);
    for query in
        [&format!("team={long}"), &format!("text={long}"), "commented=maybe", "none=tags", "team=Billing&team=Sales"]
    {
        for path in ["/admin/ratings", "/admin/ratings.csv"] {
            let answer = browser.opens(&format!("{path}?{query}")).await;
            assert_eq!((answer.status, answer.text.contains("aacomment")), (422, false), "{path}: {}", answer.text);
            assert!(answer.text.contains("id=\"faults\""), "{path} says what is wrong: {}", answer.text);
        }
    }
    let file = browser.opens(&format!("/admin/report.csv?team={long}")).await;
    assert_eq!(browser.opens(file.header("location")).await.status, 422, "{}", file.header("location"));
}

#[tokio::test]
async fn a_sibling_of_the_site_posts_no_form() {
    let desk = Desk::open().await;
    let id = rated(&desk, "aa", 0, json!({"id": "t1"})).await;
    let browser = Browser::with(&desk, &desk.admin).await;
    let post = async |origin: Option<&str>, site: &str| {
        let request = Request::post(format!("/admin/ratings/{id}")).header("cookie", browser.cookie());
        let request =
            request.header("content-type", "application/x-www-form-urlencoded").header("sec-fetch-site", site);
        let request = origin.into_iter().fold(request, |request, origin| request.header("origin", origin));
        desk.send(request.body(Body::from("act=void&reason=evil")).expect("a request")).await.status
    };
    // A page that sends no referrer sends no origin either.
    for (origin, site) in [(Some("null"), "same-site"), (None, "same-site"), (Some("null"), "cross-site")] {
        assert_eq!(post(origin, site).await, 403, "{origin:?} {site}");
    }
    assert_eq!(desk.get("/v1/report").await.json["total"]["ratings"], 1);
    assert_eq!(post(None, "same-origin").await, 303);
}

#[tokio::test]
async fn a_note_steers_no_terminal_and_hides_nothing() {
    let desk = Desk::open().await;
    let id = rated(&desk, "aa", 0, json!({"id": "t1"})).await;
    let path = format!("/v1/follow-ups/{id}");
    let note = "\u{202e}=1+1\r\nsecond\u{0}\u{1b}[2J\tline ";
    let noted = desk.post(&path, json!({"do": "note", "note": note})).await;
    assert_eq!(noted["steps"][0]["note"], "=1+1\nsecond\u{fffd}\u{fffd}[2J\tline", "{}", noted.text);
    assert_eq!(desk.sql("SELECT length(note) FROM follow_up_step").await, [["21"]]);
    assert_eq!(
        desk.post(&path, json!({"do": "note", "note": " \u{200b}\u{202e} "})).await.status,
        422,
        "nothing is left"
    );
}
