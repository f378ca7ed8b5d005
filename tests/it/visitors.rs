//! Who opens a link, by the headers of the request: what looks like a click is believed while the mail is young.

use crate::desk::{BROWSER, Desk};
use axum::body::Body;
use axum::http::Request;
use chrono::TimeDelta;
use serde_json::json;

const IPHONE: &str =
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1";
const ANDROID: &str =
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/126.0.0.0 Mobile Safari/537.36";
const TABLET: &str = "Mozilla/5.0 (Android 13; Tablet; rv:127.0) Gecko/127.0 Firefox/127.0";
const MADE_UP: &str = "Mozilla/5.0 (X11; Linux x86_64) Androidish Automobile/1.0";

/// The headers of a request, and the mode of the page that answers it while the mail is young.
type Case<'a> = (&'a [(&'a str, &'a str)], &'a str);

#[tokio::test]
async fn a_click_is_told_from_a_visit_and_from_a_machine_by_its_headers() {
    let cross = ("sec-fetch-site", "cross-site");
    let capitals = IPHONE.to_uppercase();
    let user = ("sec-fetch-user", "?1");
    let cases: [Case; 19] = [
        (&[("user-agent", BROWSER)], "touched"),
        (&[("user-agent", MADE_UP)], "touched"),
        (&[("user-agent", IPHONE)], "seen"),
        (&[("user-agent", capitals.as_str())], "seen"),
        (&[("user-agent", "Mozilla/5.0 (iPad; CPU OS 12_5)")], "seen"),
        (&[("user-agent", ANDROID)], "seen"),
        (&[("user-agent", TABLET)], "seen"),
        (&[("user-agent", BROWSER), cross, user], "seen"),
        (&[("user-agent", BROWSER), cross], "touched"),
        (&[("user-agent", BROWSER), cross, ("sec-fetch-user", "?0")], "touched"),
        (&[("user-agent", BROWSER), ("sec-fetch-site", "none"), user], "touched"),
        (&[("user-agent", BROWSER), ("sec-fetch-site", "same-site"), user], "touched"),
        (&[("user-agent", IPHONE), ("sec-purpose", "prefetch;prerender")], "pressed"),
        (&[("user-agent", IPHONE), ("purpose", "prefetch")], "pressed"),
        (&[("user-agent", IPHONE), ("purpose", "é, Prefetch")], "pressed"),
        (&[("user-agent", IPHONE), ("x-moz", ""), ("x-moz", "prefetch")], "pressed"),
        (&[("user-agent", "Mozilla/5.0 (compatible; BingPreview/1.0b; iPhone)"), cross, user], "pressed"),
        (&[("user-agent", ""), cross, user], "pressed"),
        (&[cross, user], "pressed"),
    ];
    let desk = Desk::open().await;
    for (number, (headers, mode)) in cases.into_iter().enumerate() {
        let customers = json!([{"email": format!("{number}@example.com")}]);
        desk.close(json!({"conversation_id": number.to_string(), "customers": customers})).await;
        let link = desk.the_mail().await.links[3].clone();
        desk.pass(TimeDelta::seconds(10));
        let request = headers.iter().fold(Request::get(&link), |request, (name, value)| request.header(*name, *value));
        let page = desk.send(request.body(Body::empty()).expect("a request")).await;
        assert!(page.text.contains(&format!("data-mode=\"{mode}\"")), "{headers:?}: expected {mode}");
    }
}

#[tokio::test]
async fn a_press_that_is_refused_is_asked_for_once_more() {
    let desk = Desk::open().await;
    desk.close(json!({})).await;
    let links = desk.the_mail().await.links;
    desk.pass(TimeDelta::minutes(10));
    for link in &links {
        desk.visit(link).await;
    }
    let page = desk.visit(&links[4]).await.page_token();
    desk.pass(TimeDelta::seconds(3));
    let asked = desk.submit(&links[4], &[("page", &page)]).await;
    assert_eq!((&asked["outcome"], &asked["once_more"]), (&json!("ask"), &json!(true)));
    let page = asked["page"].as_str().expect("a page");
    desk.pass(TimeDelta::milliseconds(1_999));
    let soon = desk.submit(&links[4], &[("page", page)]).await;
    assert_eq!((&soon["outcome"], &soon["once_more"], &soon["page"]), (&json!("ask"), &json!(true), &json!(page)));
    desk.pass(TimeDelta::milliseconds(1));
    let taken = desk.submit(&links[4], &[("page", page)]).await;
    assert_eq!((&taken["outcome"], &taken["standing"], &taken["score"]), (&json!("ok"), &json!("rated"), &json!(5)));
}
