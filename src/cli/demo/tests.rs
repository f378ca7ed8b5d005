//! The demo's routes, with the clock in hand. The history has tests of its own.

use super::acts::LATER;
use super::inbox::{self, Mail};
use super::{quoted, routes, settings};
use crate::clock::Clock;
use crate::gateway::{Delivery, Gateway};
use crate::mail::transport::{Memory, Transport};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request, StatusCode, header};
use chrono::TimeDelta;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;
use tower::ServiceExt;

const HOST: &str = "127.0.0.1:8080";
/// A desktop browser, which by itself doesn't look like a click in a mail.
const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
/// The headers that a browser sends for a click in a sandboxed frame, as in a webmail.
const CLICK: [(&str, &str); 4] = [
    ("user-agent", BROWSER),
    ("sec-fetch-site", "cross-site"),
    ("sec-fetch-mode", "navigate"),
    ("sec-fetch-user", "?1"),
];

struct Bench {
    gateway: Arc<Gateway>,
    clock: Clock,
    memory: Memory,
    routes: Router,
    _folder: TempDir,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Bench {
    async fn open() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let config = settings(folder.path(), HOST.parse().expect("an address"));
        let clock = Clock::at("2026-11-20T15:36:00Z".parse().expect("a time"));
        let memory = Memory::default();
        let transport = Some(Transport::Memory(memory.clone()));
        let (gateway, _) = Gateway::serve(config, clock.clone(), transport).await.expect("a new database");
        let gateway = Arc::new(gateway);
        let service = crate::web::router(Arc::clone(&gateway));
        let routes = routes::routes(&gateway, service, memory.clone(), "aw_admin_key".into());
        Self { gateway, clock, memory, routes, _folder: folder }
    }

    async fn send(&self, path: &str, form: Option<&str>, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::builder().uri(path).method(if form.is_some() { "POST" } else { "GET" });
        if !headers.iter().any(|(name, _)| *name == "host") {
            request = request.header("host", HOST);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = match form {
            Some(_) => request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded"),
            None => request,
        };
        // The peer of a request from this machine.
        let request = request.extension(ConnectInfo(HOST.parse::<SocketAddr>().expect("an address")));
        let body = Body::from(form.unwrap_or_default().to_owned());
        let answer = self.routes.clone().oneshot(request.body(body).expect("a request")).await;
        let (parts, body) = answer.expect("a router never fails").into_parts();
        let body = to_bytes(body, 1 << 20).await.expect("a body");
        Answer { status: parts.status, headers: parts.headers, body: String::from_utf8_lossy(&body).into_owned() }
    }

    async fn get(&self, path: &str) -> String {
        let answer = self.send(path, None, &[]).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        answer.body
    }

    /// Presses a button of the page, and returns the page it leads to.
    async fn press(&self, path: &str, form: &str) -> String {
        let answer = self.send(path, Some(form), &[("origin", &format!("http://{HOST}"))]).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{path}: {}", answer.body);
        let place = answer.headers[header::LOCATION].to_str().expect("a path").to_owned();
        self.get(&place).await
    }

    fn newest(&self) -> Mail {
        inbox::newest(&self.memory, 1).pop().expect("a mail")
    }

    /// Clicks a face of the newest mail, worst first, and stays for half a second. Returns the outcome as the page's script
    /// reads it.
    async fn click(&self, face: usize) -> String {
        let link = format!("/r/{}", self.newest().links.rate[face]);
        let page = self.send(&link, None, &CLICK).await.body;
        self.clock.advance(TimeDelta::milliseconds(500));
        let token = token(&page);
        let own = [("accept", "application/json"), ("user-agent", BROWSER), ("sec-fetch-site", "same-origin")];
        self.send(&link, Some(&format!("page={token}&how=seen")), &own).await.body
    }
}

/// The page token in the form of a rating page.
fn token(page: &str) -> String {
    let rest = page.split("name=\"page\" value=\"").nth(1).expect("a form");
    rest.split('"').next().expect("a token").to_owned()
}

/// The lines of the ledger on a page.
fn ledger(page: &str) -> Vec<String> {
    let list = page.split("<ol id=\"lines\"").nth(1).and_then(|rest| rest.split("</ol>").next()).expect("a ledger");
    let line =
        |item: &str| item.split("<span>").nth(1).and_then(|rest| rest.split("</span>").next()).map(str::to_owned);
    list.split("<li>").skip(1).filter_map(line).collect()
}

/// What the page says about the open survey.
fn verdict(page: &str) -> &str {
    let rest = page.split("class=\"verdict ").nth(1).expect("a verdict");
    rest.split('"').next().expect("a kind")
}

#[tokio::test]
async fn a_closed_conversation_is_a_mail_at_once_and_its_first_click_counts() {
    let bench = Bench::open().await;
    assert!(bench.get("/").await.contains("No mail yet"));
    let page = bench.press("/demo/close", "locale=en").await;
    let mail = bench.newest();
    assert!(page.contains(&format!("src=\"/demo/mail/{}\"", mail.survey)), "it is open");
    assert_eq!((mail.to.as_str(), verdict(&page)), ("Ada Winter", "none"));
    let answer = bench.click(3).await;
    assert!(answer.contains("\"outcome\":\"ok\""), "{answer}");
    let page = bench.get("/").await;
    assert_eq!(verdict(&page), "counts");
    assert!(page.contains("rated great") && page.contains("aria-label=\"1 great\""), "in the inbox and in the report");
}

#[tokio::test]
async fn the_teams_pages_are_open_to_the_guest() {
    let bench = Bench::open().await;
    assert!(bench.get("/").await.contains("<a href=\"/admin\">"));
    let page = bench.get("/admin").await;
    assert!(
        page.contains("<h1>Overview</h1>") && !page.contains("Sign out"),
        "there is nothing to sign out of: {page}"
    );
    let foreign = bench.send("/admin", None, &[("host", "evil.example")]).await;
    assert_eq!(foreign.status, StatusCode::MISDIRECTED_REQUEST);
}

#[tokio::test]
async fn a_mail_is_in_the_language_of_its_customer() {
    let bench = Bench::open().await;
    let page = bench.press("/demo/close", "locale=de").await;
    let mail = bench.newest();
    assert!(mail.html.contains("lang=\"de\"") && mail.plain.contains("Meine Lampe flackert"), "{}", mail.plain);
    assert!(page.contains("Clara Fischer"));
    let opened = bench.send(&format!("/r/{}", mail.links.rate[0]), None, &CLICK).await.body;
    assert!(opened.contains("lang=\"de\""), "and so is the page");
}

#[tokio::test]
async fn a_scanner_opens_all_links_and_runs_their_scripts_and_nothing_counts() {
    let bench = Bench::open().await;
    bench.press("/demo/close", "locale=en").await;
    let survey = bench.newest().survey;
    for wait in [TimeDelta::zero(), TimeDelta::hours(1)] {
        bench.clock.advance(wait);
        let before = ledger(&bench.get("/").await).len();
        let page = bench.press("/demo/scan", &format!("mail={survey}&view=phone")).await;
        assert_eq!(verdict(&page), "none", "{:?}", ledger(&page));
        assert!(ledger(&page).len() > before, "{:?}", ledger(&page));
        assert!(page.contains("class=\"phone\""), "the look of the mail stays");
    }
}

#[tokio::test]
async fn a_scanner_puts_no_other_rating_in_place_of_a_customers_and_five_minutes_later_a_press_settles_it() {
    let bench = Bench::open().await;
    bench.press("/demo/close", "locale=en").await;
    let form = format!("mail={}&view=light", bench.newest().survey);
    bench.click(4).await;
    let page = bench.press("/demo/scan", &form).await;
    assert_eq!(verdict(&page), "held", "{:?}", ledger(&page));
    assert!(page.contains("amazing is in doubt"), "{:?}", ledger(&page));
    let began = bench.clock.now();
    bench.press("/demo/later", &form).await;
    assert_eq!(bench.clock.now(), began + LATER);
    let link = format!("/r/{}", bench.newest().links.rate[4]);
    let token = token(&bench.send(&link, None, &CLICK).await.body);
    bench.clock.advance(TimeDelta::seconds(2));
    bench.send(&link, Some(&format!("page={token}")), &[("user-agent", BROWSER)]).await;
    assert_eq!(verdict(&bench.get("/").await), "counts");
}

#[tokio::test]
async fn a_customer_who_unsubscribed_is_not_asked_and_the_page_says_why() {
    let bench = Bench::open().await;
    bench.press("/demo/close", "locale=en").await;
    let unsubscribe = format!("/u/{}", bench.newest().links.unsubscribe);
    bench.send(&unsubscribe, Some("List-Unsubscribe=One-Click"), &[]).await;
    bench.clock.advance(TimeDelta::seconds(1));
    let page = bench.press("/demo/close", "locale=en").await;
    assert!(page.contains("Nobody was asked") && page.contains("does not want to be asked"));
}

#[tokio::test]
async fn a_mail_that_another_program_caused_is_shown_too() {
    let bench = Bench::open().await;
    let closing = serde_json::json!({
        "conversation_id": "curl", "closed_at": crate::survey::stamp(bench.clock.now()),
        "customers": [{"email": "zoe@example.com", "name": "Zoë <b>"}],
    });
    let closing = serde_json::from_value(closing).expect("a closing");
    bench.gateway.close(closing, false).await.expect("a decision");
    let mut worker = bench.gateway.mail_worker();
    while bench.gateway.deliver_due(&mut worker).await.expect("delivered") == Delivery::Again {}
    let page = bench.get("/").await;
    assert!(page.contains("Zoë &#60;b&#62;") && !page.contains("Zoë <b>"), "escaped");
    assert_eq!(verdict(&page), "none");
    let body = bench.get(&format!("/demo/mail/{}?dark", bench.newest().survey)).await;
    assert!(body.contains("<base target=\"_blank\">") && !body.contains("prefers-color-scheme"), "dark by itself");
}

#[tokio::test]
async fn the_demo_is_for_this_machine_and_its_own_forms_only() {
    let bench = Bench::open().await;
    for (host, path, status) in [
        (HOST, "/", 200),
        ("localhost:8080", "/", 200),
        ("[::1]:8080", "/healthz", 200),
        ("rebound.example:8080", "/", 421),
        ("127.0.0.1.rebound.example", "/healthz", 421),
        ("localhost@rebound.example", "/", 421),
        ("", "/", 421),
    ] {
        assert_eq!(bench.send(path, None, &[("host", host)]).await.status, status, "{host} {path}");
    }
    for (origin, status) in [("http://127.0.0.1:8080", 303), ("https://evil.example", 403), ("null", 403)] {
        let pressed = bench.send("/demo/later", Some("view=light"), &[("origin", origin)]).await;
        assert_eq!(pressed.status, status, "{origin}");
    }
}

#[tokio::test]
async fn nothing_on_the_page_is_inline_and_its_files_may_be_kept() {
    let bench = Bench::open().await;
    let page = bench.press("/demo/close", "locale=ar").await;
    assert!(
        !page.contains(" style=")
            && !page.contains("<style")
            && !page.contains("<script>")
            && !page.contains(" onclick")
    );
    let policy = bench.send("/", None, &[]).await.headers[header::CONTENT_SECURITY_POLICY].clone();
    assert!(policy.to_str().is_ok_and(|policy| policy.starts_with("default-src 'none'") && !policy.contains("unsafe")));
    let files = page.split("\"/assets/demo.").skip(1);
    assert_eq!(files.clone().count(), 2);
    for part in files {
        let path = format!("/assets/demo.{}", part.split('"').next().expect("a path"));
        let file = bench.send(&path, None, &[]).await;
        assert!(file.headers[header::CACHE_CONTROL].to_str().is_ok_and(|kept| kept.contains("immutable")), "{path}");
    }
}

#[test]
fn paths_are_quoted_for_a_shell() {
    assert_eq!(quoted(Path::new("/tmp/demo-1/demo.db")), "/tmp/demo-1/demo.db");
    assert_eq!(quoted(Path::new("/home/o'neill/a b")), r"'/home/o'\''neill/a b'");
}
