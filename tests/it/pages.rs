//! What pages are made of: their files, the logo, and the ways they lead to a person.

use crate::desk::Desk;
use afterword::config::Config;
use axum::body::Body;
use axum::http::Request;
use chrono::TimeDelta;
use flate2::read::GzDecoder;
use serde_json::json;
use std::io::Read;

/// The paths of the files that a page links to.
fn files(page: &str) -> Vec<String> {
    let path = |rest: &str| rest.split('"').next().expect("a quoted path").to_owned();
    page.split("\"/assets/").skip(1).map(|rest| format!("/assets/{}", path(rest))).collect()
}

#[tokio::test]
async fn the_files_of_a_page_are_sent_compressed_to_those_who_take_that() {
    let desk = Desk::open().await;
    desk.close(json!({})).await;
    let page = desk.visit(&desk.the_mail().await.links[3]).await;
    assert!(page.header("content-security-policy").contains("img-src 'self'"));
    let paths = files(&page.text);
    let ends = [".svg", ".css", ".js"];
    assert!(paths.len() == 3 && paths.iter().zip(ends).all(|(path, end)| path.ends_with(end)), "{paths:?}");
    for path in paths {
        let get = |accept: &'static str| Request::get(&path).header("accept-encoding", accept).body(Body::empty());
        let (plain, content) = desk.fetch(get("gzip;q=0, br").expect("a request")).await;
        let (packed, gzip) = desk.fetch(get("gzip, deflate, br").expect("a request")).await;
        for parts in [&plain, &packed] {
            assert_eq!(parts.status, 200);
            assert_eq!(parts.headers["cache-control"], "public, max-age=31536000, immutable");
            assert_eq!(parts.headers["vary"], "accept-encoding");
            assert_eq!(parts.headers["content-type"], plain.headers["content-type"]);
        }
        assert_eq!(
            (plain.headers.get("content-encoding"), &packed.headers["content-encoding"]),
            (None, &"gzip".parse().expect("a value"))
        );
        let mut unpacked = Vec::new();
        GzDecoder::new(&gzip[..]).read_to_end(&mut unpacked).expect("gzip");
        assert!(unpacked == content && gzip.len() < content.len(), "{path}");
    }
    assert_eq!(desk.visit("/assets/page.0000000000000000.css").await.status, 404);
}

#[tokio::test]
async fn a_logo_is_ours_and_an_svg_is_only_a_picture() {
    let svg = "<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>";
    let folder = tempfile::tempdir().expect("a folder");
    let (logo, file) = (folder.path().join("logo.svg"), folder.path().join("afterword.toml"));
    std::fs::write(&logo, svg).expect("written");
    let text = format!("[brand]\nlogo_url = 'https://elsewhere.example/logo.png'\nlogo_file = '{}'", logo.display());
    std::fs::write(&file, text).expect("written");
    let (read, _) = Config::load(Some(&file), std::iter::empty()).expect("valid");
    let desk = Desk::with(|config| config.brand = read.brand.clone()).await;
    let page = desk.visit("/r/unknown").await.text;
    let path = files(&page).into_iter().find(|path| path.starts_with("/assets/logo.")).expect(&page);
    assert!(page.contains(&format!("<img src=\"{path}\" alt=\"Support\">")) && !page.contains("elsewhere"), "{page}");
    let picture = desk.visit(&path).await;
    assert_eq!((picture.status, picture.text.as_str()), (200, svg));
    assert_eq!(picture.header("content-type"), "image/svg+xml");
    assert_eq!(picture.header("x-content-type-options"), "nosniff");
    let policy = picture.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'") && policy.ends_with("sandbox"), "no script runs: {policy}");

    let named = Desk::with(|config| config.brand.logo_url = read.brand.logo_url.clone()).await;
    let page = named.visit("/r/unknown").await.text;
    assert!(page.contains("<header>Support</header>") && !page.contains("<img"), "{page}");
}

#[tokio::test]
async fn an_unhappy_customer_can_write_to_those_who_read_replies() {
    let reply_to = |address: &str| format!("Team <{address}>").try_into().ok();
    let desk = Desk::with(|config| config.mail.reply_to = reply_to("team@example.org")).await;
    desk.close(json!({})).await;
    let mail = desk.the_mail().await;
    desk.pass(TimeDelta::minutes(10));
    let page = desk.visit(&mail.links[0]).await.text;
    assert!(page.contains("href=\"mailto:team@example.org?subject=Re%3A%20Refund\""), "{page}");
    assert!(!desk.visit(&mail.links[4]).await.text.contains("mailto:"), "a happy one needs no help");
}
