//! The admin pages: who gets in and sees what, and what the list of ratings shows. The overview is in `overview`.

use crate::desk::{Answer, Desk};
use afterword::config::{AdminSettings, AdminUser};
use afterword::survey::access::{Scope, Within};
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use axum::http::request::Builder;
use chrono::TimeDelta;
use serde_json::json;
use std::net::SocketAddr;

/// The admin pages in somebody's browser.
pub struct Browser<'d> {
    desk: &'d Desk,
    cookie: String,
}

fn form(path: &str, fields: &[(&str, &str)]) -> (Builder, Body) {
    let body = Body::from(serde_urlencoded::to_string(fields).expect("form fields"));
    (Request::post(path).header("content-type", "application/x-www-form-urlencoded"), body)
}

async fn sign_in(desk: &Desk, key: &str, to: &str) -> Answer {
    let (request, body) = form("/admin/sign-in", &[("key", key), ("to", to)]);
    desk.send(request.body(body).expect("a request")).await
}

impl<'d> Browser<'d> {
    pub async fn with(desk: &'d Desk, key: &str) -> Self {
        let answer = sign_in(desk, key, "/admin").await;
        assert_eq!((answer.status, answer.header("location")), (303, "/admin"), "{}", answer.text);
        let cookie = answer.header("set-cookie").split(';').next().expect("a pair").to_owned();
        Self { desk, cookie }
    }

    pub fn cookie(&self) -> &str {
        &self.cookie
    }

    pub async fn opens(&self, path: &str) -> Answer {
        let request = Request::get(path).header("cookie", &self.cookie);
        self.desk.send(request.body(Body::empty()).expect("a request")).await
    }

    /// Whether the pages are open to it.
    async fn is_in(&self) -> bool {
        let answer = self.opens("/admin").await;
        assert!(answer.status == 200 || answer.header("location").starts_with("/admin/sign-in?to="), "{}", answer.text);
        answer.status == 200
    }
}

/// A desk with three ratings: Grace of Billing has 5 and 2, with a comment, and Alan of Sales has 4.
pub async fn rated() -> Desk {
    rate(Desk::open().await).await
}

/// The same on another desk.
pub async fn rate(desk: Desk) -> Desk {
    let alan = json!({"id": "t8", "name": "Alan", "team": "Sales"});
    let grace = desk.closing()["teammate"].clone();
    for (conversation, teammate, face, comment) in
        [("1", &grace, 5, None), ("2", &grace, 2, Some("Too <slow> & \"rude\".")), ("3", &alan, 4, None)]
    {
        let customers = json!([{"email": format!("c{conversation}@example.org")}]);
        let url = format!("https://desk.example.com/{conversation}");
        let closing =
            json!({"conversation_id": conversation, "teammate": teammate, "customers": customers, "url": url});
        desk.close(closing).await;
        let mail = desk.the_mail().await;
        desk.pass(TimeDelta::minutes(10));
        match comment {
            Some(text) => desk.comment(&mail.links[face - 1], text).await,
            None => desk.press(&mail.links[face - 1]).await,
        };
    }
    desk
}

/// Whether each text is in a page.
pub fn shows(page: &Answer, texts: &[&str]) -> Vec<bool> {
    texts.iter().map(|text| page.text.contains(text)).collect()
}

#[tokio::test]
async fn a_key_is_exchanged_for_a_cookie_that_scripts_and_other_sites_do_not_get() {
    let desk = Desk::open().await;
    let asked = desk.send(Request::get("/admin/ratings?score=low").body(Body::empty()).expect("a request")).await;
    assert_eq!((asked.status, asked.header("location")), (303, "/admin/sign-in?to=%2Fadmin%2Fratings%3Fscore%3Dlow"));
    let page = desk.send(Request::get(asked.header("location")).body(Body::empty()).expect("a request")).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("name=\"to\" value=\"/admin/ratings?score=low\""), "{}", page.text);
    let read = desk.key(Scope::Read, None, None).await;
    let answer = sign_in(&desk, &format!(" {read}\n"), "/admin/ratings?score=low").await;
    assert_eq!((answer.status, answer.header("location")), (303, "/admin/ratings?score=low"));
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("afterword_admin=") && !cookie.contains(&read), "{cookie}");
    assert!(cookie.ends_with("; Max-Age=36000; Path=/admin; HttpOnly; SameSite=Strict"), "{cookie}");
    let elsewhere = sign_in(&desk, &read, "//evil.example/admin").await;
    assert_eq!(elsewhere.header("location"), "/admin");
    let secure = Desk::with(|config| config.public_url = "https://rate.example.com".parse().expect("a URL")).await;
    let answer = sign_in(&secure, &secure.admin, "").await;
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("__Secure-afterword_admin=") && cookie.ends_with("; Secure"), "{cookie}");
}

#[tokio::test]
async fn wrong_keys_get_in_nowhere_and_only_so_often() {
    let desk = Desk::open().await;
    let wrong = format!("{}0", desk.admin);
    for key in [&wrong, "", "aw_read_x_y"] {
        let refused = sign_in(&desk, key, "/admin").await;
        assert_eq!((refused.status, refused.header("set-cookie")), (403, ""));
        assert!(refused.text.contains("This key opens nothing."), "{}", refused.text);
        assert!(key.is_empty() || !refused.text.contains(key), "the key is not shown");
    }
    let trigger = sign_in(&desk, &desk.key(Scope::Trigger, None, None).await, "/admin").await;
    assert!(trigger.status == 403 && trigger.text.contains("This key may not read."), "{}", trigger.text);
    for _ in 3..10 {
        assert_eq!(sign_in(&desk, &wrong, "/admin").await.status, 403);
    }
    let limited = sign_in(&desk, &desk.admin, "/admin").await;
    assert_eq!((limited.status, limited.header("retry-after")), (429, "30"), "also with the right key");
    assert!(limited.text.contains("too many wrong keys"), "{}", limited.text);
    desk.pass(TimeDelta::seconds(30));
    assert_eq!(sign_in(&desk, &desk.admin, "/admin").await.status, 303);
    for _ in 0..20 {
        assert_eq!(sign_in(&desk, &desk.admin, "/admin").await.status, 303, "right keys do not count");
    }
}

#[tokio::test]
async fn a_session_ends_by_itself_and_with_its_key() {
    let desk = Desk::open().await;
    let key = desk.key(Scope::Read, None, None).await;
    let browser = Browser::with(&desk, &key).await;
    assert!(browser.is_in().await);
    desk.pass(TimeDelta::hours(10) - TimeDelta::milliseconds(1));
    assert!(browser.is_in().await);
    desk.pass(TimeDelta::milliseconds(1));
    assert!(!browser.is_in().await, "ten hours are over");
    let again = Browser::with(&desk, &key).await;
    desk.gateway.revoke_key(key.split('_').nth(2).expect("an id")).await.expect("the store answers");
    assert!(!again.is_in().await, "the key is revoked");
    let end = desk.clock.now() + TimeDelta::hours(1);
    let short = desk.gateway.new_key_until(Some(end), "short", Scope::Admin, Within::default()).await.expect("a key");
    let short = Browser::with(&desk, &short.key).await;
    assert!(short.is_in().await);
    desk.turn_to("2026-12-01T10:00:00Z");
    assert!(!short.is_in().await, "the key has expired");
    let stranger = Browser { desk: &desk, cookie: format!("{}x", again.cookie) };
    assert!(!stranger.is_in().await);
}

#[tokio::test]
async fn signing_out_takes_a_form_of_this_site() {
    let desk = Desk::open().await;
    let browser = Browser::with(&desk, &desk.admin).await;
    assert_eq!(browser.opens("/admin/sign-out").await.status, 405, "a link signs nobody out");
    for path in ["/admin/sign-out", "/admin/sign-in"] {
        let (request, body) = form(path, &[("key", &desk.admin)]);
        let request = request.header("cookie", &browser.cookie).header("origin", "https://evil.example");
        let refused = desk.send(request.body(body).expect("a request")).await;
        assert_eq!((refused.status, refused.header("set-cookie")), (403, ""));
    }
    let (request, body) = form("/admin/sign-out", &[]);
    let request = request.header("cookie", &browser.cookie).header("origin", "http://127.0.0.1:8080");
    let out = desk.send(request.body(body).expect("a request")).await;
    assert_eq!((out.status, out.header("location")), (303, "/admin/sign-in?out=1"));
    assert!(out.header("set-cookie").starts_with("afterword_admin=; Max-Age=0; Path=/admin;"), "{:?}", out.headers);
}

#[tokio::test]
async fn a_link_of_another_site_leads_on_by_our_own_page() {
    let desk = Desk::open().await;
    let request = Request::get("/admin/ratings").header("sec-fetch-site", "cross-site");
    let page = desk.send(request.body(Body::empty()).expect("a request")).await;
    assert_eq!((page.status, page.header("refresh")), (200, "0;url=/admin/sign-in?to=%2Fadmin%2Fratings"));
    let browser = Browser::with(&desk, &desk.admin).await;
    let onward = browser.opens("/admin/sign-in?to=%2Fadmin%2Fratings").await;
    assert_eq!((onward.status, onward.header("location")), (303, "/admin/ratings"));
}

#[tokio::test]
async fn a_proxy_that_is_configured_names_users() {
    let user = |scope, team: Option<&str>| AdminUser { scope, teammate: None, team: team.map(str::to_owned) };
    let desk = Desk::with(|config| {
        config.admin = AdminSettings {
            user_header: Some("Remote-User".into()),
            proxies: vec!["192.0.2.1".parse().expect("an address")],
            users: [("grace".to_owned(), user(Scope::Read, Some("Billing")))].into(),
        };
    })
    .await;
    let open = async |peer: &str, users: &[&str]| {
        let mut request = Request::get("/admin");
        for user in users {
            request = request.header("remote-user", *user);
        }
        let peer: SocketAddr = peer.parse().expect("an address");
        desk.send(request.extension(ConnectInfo(peer)).body(Body::empty()).expect("a request")).await
    };
    let page = open("192.0.2.1:4711", &["grace"]).await;
    assert_eq!(shows(&page, &["Only team Billing", "Sign out", "grace"]), [true, false, true], "{}", page.text);
    for (peer, users) in [
        ("192.0.2.2:4711", vec!["grace"]),
        ("192.0.2.1:4711", vec!["alan"]),
        ("192.0.2.1:4711", vec!["grace", "grace"]),
        ("192.0.2.1:4711", vec![]),
    ] {
        assert_eq!(open(peer, &users).await.status, 303, "{peer} {users:?}");
    }
    let off = Desk::open().await;
    let request = Request::get("/admin").header("remote-user", "grace");
    assert_eq!(off.send(request.body(Body::empty()).expect("a request")).await.status, 303, "off by default");
}

#[tokio::test]
async fn a_wrong_period_is_told_beside_its_field_and_shows_no_figures() {
    let desk = rated().await;
    let browser = Browser::with(&desk, &desk.admin).await;
    for page in ["/admin", "/admin/ratings"] {
        let wrong = browser.opens(&format!("{page}?from=2026-02-30&team=Billing")).await;
        assert_eq!(wrong.status, 422);
        let texts = ["“2026-02-30” is not a day.", "aria-invalid=\"true\"", "value=\"2026-02-30\"", "66.7", "Too"];
        assert_eq!(shows(&wrong, &texts), [true, true, true, false, false], "{}", wrong.text);
        let turned = browser.opens(&format!("{page}?from=2026-11-02&to=2026-11-01")).await;
        assert!(turned.status == 422 && turned.text.contains("2026-11-02 is after 2026-11-01"), "{}", turned.text);
    }
    let score = browser.opens("/admin/ratings?score=6").await;
    assert!(score.status == 422 && score.text.contains("There is no score “6”"), "{}", score.text);
    let cursor = browser.opens("/admin/ratings?cursor=x").await;
    assert!(cursor.status == 422 && cursor.text.contains("no place in the list"), "{}", cursor.text);
    let gone = browser.opens("/admin/nothing").await;
    assert!(gone.status == 404 && gone.text.contains("There is no such page"), "{}", gone.text);
}

#[tokio::test]
async fn ratings_are_listed_with_what_was_said_and_filtered() {
    let desk = rated().await;
    let browser = Browser::with(&desk, &desk.admin).await;
    let all = browser.opens("/admin/ratings").await;
    let texts = [
        "Too &#60;slow&#62; &#38; &#34;rude&#34;.",
        "href=\"https://desk.example.com/2\"",
        "22 Nov 2026, 10:10",
        "wrote a comment",
        "pressed the button",
    ];
    assert_eq!(shows(&all, &texts), [true; 5], "{}", all.text);
    let listed = async |query: &str| {
        let page = browser.opens(&format!("/admin/ratings?{query}")).await;
        assert_eq!(page.status, 200, "{}", page.text);
        let numbers = page.text.split("https://desk.example.com/").skip(1);
        numbers.map(|rest| rest.split('"').next().expect("a quote").to_owned()).collect::<Vec<_>>().concat()
    };
    assert_eq!(listed("").await, "321", "newest first");
    for (query, found) in [
        ("score=low", "2"),
        ("score=5&score=4", "31"),
        ("commented=yes", "2"),
        ("commented=no", "31"),
        ("teammate=t7", "21"),
        ("team=Sales", "3"),
        ("team=Sales&teammate=t7", ""),
        ("from=2026-11-01&to=2026-11-21", ""),
    ] {
        assert_eq!(listed(query).await, found, "{query}");
    }
    let none = browser.opens("/admin/ratings?team=Nobody").await;
    assert!(none.text.contains("drop all other filters"), "{}", none.text);
}

#[tokio::test]
async fn a_limited_key_sees_its_own_part_only() {
    let desk = rated().await;
    for key in [desk.key(Scope::Read, Some("t8"), None).await, desk.key(Scope::Read, None, Some("Sales")).await] {
        let browser = Browser::with(&desk, &key).await;
        let mine = browser.opens("/admin").await;
        assert_eq!(
            shows(&mine, &["100.0\u{a0}%", ">Alan<", "Grace", "Billing"]),
            [true, true, false, false],
            "{}",
            mine.text
        );
        for query in ["teammate=t7", "team=Billing", "teammate=t7&team=Billing"] {
            let others = browser.opens(&format!("/admin?{query}")).await;
            assert_eq!(shows(&others, &["Nobody was asked", "Grace<"]), [true, false], "{query}: {}", others.text);
            let others = browser.opens(&format!("/admin/ratings?{query}")).await;
            assert_eq!(shows(&others, &["No ratings here", "rude"]), [true, false], "{query}: {}", others.text);
        }
        let list = browser.opens("/admin/ratings").await;
        assert_eq!(
            shows(&list, &["desk.example.com/3", "desk.example.com/2", "desk.example.com/1"]),
            [true, false, false]
        );
    }
}
