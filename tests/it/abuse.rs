//! Loops and guesses: each must wait, disturbs no other client, and leaves next to nothing behind.

use super::desk::{Answer, BROWSER, Desk};
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Method, Request};
use chrono::TimeDelta;
use futures_util::future::join_all;
use serde_json::json;
use std::net::SocketAddr;

/// More than any limit.
const MANY: usize = 200;

/// A view over a connection from an address, by way of proxies if there is an `X-Forwarded-For`.
async fn from(desk: &Desk, peer: &str, forwarded: &str, link: &str) -> Answer {
    let peer = SocketAddr::new(peer.parse().expect("an address"), 4711);
    let request = Request::get(link).header("user-agent", BROWSER).header("x-forwarded-for", forwarded);
    desk.send(request.extension(ConnectInfo(peer)).body(Body::empty()).expect("a request")).await
}

#[tokio::test]
async fn a_loop_over_one_link_is_told_to_wait_and_disturbs_nobody() {
    let desk = Desk::open().await;
    desk.close(json!({"conversation_id": "1"})).await;
    let looped = desk.the_mail().await;
    desk.close(json!({"conversation_id": "2", "customers": [{"email": "bob@example.com"}]})).await;
    let other = desk.the_mail().await;
    desk.pass(TimeDelta::minutes(10));
    let page = desk.visit(&looped.links[0]).await.page_token();
    let pressed = [("page", page.as_str())];

    // Whichever of the survey's links: they are one mail.
    let views = join_all((0..MANY).map(|number| desk.visit(&looped.links[number % 5]))).await;
    let refused = views.iter().find(|view| view.status != 200).expect("the loop meets its limit");
    assert_eq!((refused.status, refused.header("retry-after")), (429, "1"), "{}", refused.text);
    assert!(
        refused.text.contains("<h1>") && refused.text.contains("wait a minute"),
        "a page to read: {}",
        refused.text
    );
    assert_eq!(refused.header("cache-control"), "no-store");
    assert_eq!(desk.visit(&looped.unsubscribe).await.status, 429);

    // The customer whose page was open before can still press, others notice nothing, and neither do unknown links.
    assert_eq!(desk.submit(&looped.links[0], &pressed).await.status, 200);
    assert_eq!(desk.visit(&other.links[0]).await.status, 200);
    assert_eq!(desk.visit("/r/unknown").await.status, 404);

    // Posts have a limit of their own. The script gets the answer that programs get.
    let posts = join_all((0..MANY).map(|_| desk.submit(&looped.links[0], &pressed))).await;
    let refused = posts.iter().find(|post| post.status != 200).expect("the loop meets its limit");
    assert_eq!((refused.status, &refused["code"]), (429, &json!("too_many")));
    assert_eq!(refused.header("content-type"), "application/problem+json");
    assert!(refused.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds > 0));

    // It passes.
    desk.pass(TimeDelta::minutes(1));
    assert_eq!(desk.visit(&looped.links[0]).await.status, 200);
    assert_eq!(desk.press(&other.links[3]).await["outcome"], "ok");
}

#[tokio::test]
async fn whoever_guesses_links_is_told_to_wait_alone() {
    let desk = Desk::open().await;
    desk.close(json!({})).await;
    let mail = desk.the_mail().await;
    let guesses = join_all((0..MANY).map(|number| {
        let (desk, link) = (&desk, format!("/{}/guess-{number}", if number % 2 == 0 { "r" } else { "u" }));
        async move { from(desk, &format!("2001:db8:1:2::{number:x}"), "", &link).await.status }
    }));
    let guesses = guesses.await;
    assert!(guesses.contains(&404) && guesses.ends_with(&[429; 50]), "{guesses:?}");
    // Other networks are not limited, and neither are visitors of this network with a genuine link.
    assert_eq!(from(&desk, "2001:db8:1:3::1", "", "/r/guess").await.status, 404);
    assert_eq!(from(&desk, "2001:db8:1:2::1", "", &mail.links[0]).await.status, 200);
    // Nobody is someone else by saying so.
    assert_eq!(from(&desk, "2001:db8:1:2::1", "192.0.2.1", "/r/guess").await.status, 429);
}

#[tokio::test]
async fn behind_a_proxy_each_client_has_a_limit_of_its_own() {
    let desk = Desk::with(|config| config.trusted_proxies = 1).await;
    for number in 0..MANY {
        from(&desk, "127.0.0.1", &format!("10.0.0.{number}, 192.0.2.1"), "/r/guess").await;
    }
    assert_eq!(from(&desk, "127.0.0.1", "10.9.9.9, 192.0.2.1", "/r/guess").await.status, 429);
    assert_eq!(from(&desk, "127.0.0.1", "192.0.2.1, 192.0.2.2", "/r/guess").await.status, 404);
}

#[tokio::test]
async fn people_and_the_gateways_of_their_mail_never_meet_a_limit() {
    let desk = Desk::open().await;
    desk.close(json!({})).await;
    let mail = desk.the_mail().await;
    // Three gateways open all that the mail links to, each twice; two of them send the forms.
    let links = || mail.links.iter().chain([&mail.unsubscribe]);
    for (method, link) in (0..6).flat_map(|_| links()).flat_map(|link| [(Method::HEAD, link), (Method::GET, link)]) {
        let request = Request::builder().method(method).uri(link).body(Body::empty());
        assert_eq!(desk.send(request.expect("a request")).await.status, 200);
    }
    for link in mail.links.iter().chain(&mail.links) {
        assert_ne!(desk.submit(link, &[("page", "none"), ("how", "seen")]).await.status, 429);
    }
    // The customer clicks all faces, each twice and reloaded; each page confirms what it can and is pressed twice.
    for link in mail.links.iter().chain(&mail.links) {
        for _ in 0..3 {
            assert_eq!(desk.visit(link).await.status, 200);
        }
        for how in ["seen", "touched", "pressed", "pressed"] {
            assert_eq!(desk.submit(link, &[("page", "none"), ("how", how)]).await.status, 200);
        }
    }
    assert_eq!(desk.comment(&mail.links[4], "At last.").await["outcome"], "ok");
}

#[tokio::test]
async fn a_hundred_thousand_requests_do_not_grow_the_database() {
    let desk = Desk::open().await;
    desk.close(json!({})).await;
    let mail = desk.the_mail().await;
    desk.pass(TimeDelta::minutes(10));
    let page = desk.visit(&mail.links[0]).await.page_token();
    desk.pass(TimeDelta::seconds(30));
    let rows = async || {
        let tables = desk.everything().await.into_iter().filter(|(table, _)| table != "history");
        tables.map(|(table, rows)| (table, rows.len())).collect::<Vec<_>>()
    };
    let (before, began) = (rows().await, desk.clock.now());
    let mut answers = [0; 3];
    for round in 0..1_000 {
        // A quarter of them each: views, posts, unknown links looked at and posted to.
        let sent = join_all((0..25).map(async |number| {
            let (link, guess) = (&mail.links[number % 5], format!("/r/{round}-{number}"));
            let seen = [("page", page.as_str()), ("how", "seen")];
            let view = desk.visit(link).await;
            let post = desk.submit(&mail.links[0], &seen).await;
            [view, post, desk.visit(&guess).await, desk.submit(&guess, &seen).await].map(|answer| answer.status)
        }));
        for status in sent.await.into_iter().flatten() {
            let place = [200, 404, 429].iter().position(|expected| *expected == status).expect("one of these");
            answers[place] += 1;
        }
        desk.pass(TimeDelta::milliseconds(700));
    }
    let [taken, unknown, refused] = answers;
    assert_eq!(taken + unknown + refused, 100_000);
    assert!(taken > 1_000 && unknown > 500 && refused > 90_000, "{answers:?}");

    assert_eq!(rows().await, before, "no row more than before");
    assert_eq!(desk.sql("SELECT count(*) <= 64 FROM history").await, [["1"]]);
    let lengths = "SELECT json_array_length(trail, '$.views'), json_array_length(trail, '$.tries'),
        json_array_length(trail, '$.hot') <= 64, length(trail) < 20000 FROM clicks";
    assert_eq!(desk.sql(lengths).await, [["64", "64", "1", "1"]]);
    let newest = desk.sql("SELECT max(value ->> 0) FROM clicks, json_each(trail, '$.views')").await;
    let newest: i64 = newest[0][0].parse().expect("a number");
    assert!(newest - began.timestamp_millis() > 600_000, "the newest are kept");
    // What SQLite writes ahead is a few MB at most, however much is written.
    let files = std::fs::read_dir(desk.folder.path()).expect("a folder");
    let bytes: u64 = files.map(|file| file.and_then(|file| file.metadata()).expect("a file").len()).sum();
    assert!(bytes < 12_000_000, "{bytes} bytes");
}
