//! Mail and pages of a survey speak the customer's language, and all else the brand's.

use crate::desk::{Answer, Desk};
use axum::body::Body;
use axum::http::Request;
use chrono::TimeDelta;
use serde_json::json;

async fn asked(desk: &Desk, locale: Option<&str>) -> crate::desk::Mail {
    desk.close(json!({"customers": [{"email": "ada@example.com", "name": "Ada", "locale": locale}]})).await;
    desk.the_mail().await
}

async fn unsubscribed(desk: &Desk, link: &str) -> Answer {
    desk.send(Request::post(link).body(Body::from("List-Unsubscribe=One-Click")).expect("a request")).await
}

#[tokio::test]
async fn mail_and_pages_speak_the_language_of_the_customer() {
    let desk = Desk::with(|config| {
        config.report.timezone = "Europe/Vienna".parse().expect("a zone");
    })
    .await;
    let mail = asked(&desk, Some("de-AT")).await;
    assert_eq!(mail.subject, "Wie war Ihr Kontakt mit Grace?");
    assert!(mail.html.contains("<html lang=\"de\" dir=\"ltr\">"), "{}", mail.html);
    assert!(mail.text.contains("Thema: „Refund“"), "{}", mail.text);
    desk.pass(TimeDelta::minutes(10));
    for link in [&mail.links[3], &mail.unsubscribe] {
        let page = desk.visit(link).await.text;
        assert!(page.contains("<html lang=\"de\" dir=\"ltr\">"), "{page}");
    }
    let page = desk.visit(&mail.links[3]).await.text;
    assert!(page.contains("Sie haben „gut“ gewählt"), "{page}");
    let done = unsubscribed(&desk, &mail.unsubscribe).await.text;
    assert!(done.contains("Keine Umfragen mehr."), "{done}");
    let unknown = desk.visit("/r/unknown").await.text;
    assert!(unknown.contains("<html lang=\"en\"") && unknown.contains("This link doesn’t work"), "{unknown}");
}

#[tokio::test]
async fn times_are_those_of_the_configured_zone_in_words_of_the_language() {
    let desk = Desk::with(|config| {
        config.report.timezone = "Europe/Vienna".parse().expect("a zone");
        std::sync::Arc::make_mut(&mut config.ask).rate_within_hours = Some(72);
    })
    .await;
    let mail = asked(&desk, Some("de")).await;
    desk.pass(TimeDelta::minutes(10));
    let page = desk.visit(&mail.links[0]).await.text;
    let until = "bis zum <time datetime=\"2026-11-25T10:00Z\">25. November 2026, 11:00 Uhr (CET)</time> bewerten.";
    assert!(page.contains(until), "{page}");
}

#[tokio::test]
async fn without_texts_in_the_language_of_the_customer_the_brand_speaks_its_own() {
    for locale in [None, Some("tlh")] {
        let desk = Desk::with(|config| config.brand.locale = "fr".into()).await;
        let mail = asked(&desk, locale).await;
        assert_eq!(mail.subject, "Comment s’est passé votre échange avec Grace\u{a0}?");
        desk.pass(TimeDelta::minutes(10));
        for link in [&mail.links[0], &mail.unsubscribe, "/r/unknown", "/nowhere"] {
            let page = desk.visit(link).await.text;
            assert!(page.contains("<html lang=\"fr\""), "{page}");
        }
    }
}

#[tokio::test]
async fn arabic_goes_from_right_to_left_and_its_faces_from_worst_to_best() {
    let desk = Desk::open().await;
    let mail = asked(&desk, Some("ar-EG")).await;
    desk.pass(TimeDelta::minutes(10));
    let page = desk.visit(&mail.links[0]).await.text;
    for html in [&mail.html, &page] {
        assert!(html.contains("<html lang=\"ar\" dir=\"rtl\">"), "{html}");
        // Mirrored by `dir` alone: the order of the source is that of reading.
        let faces = ["😠", "🙁", "😐", "😀", "🤩"].map(|face| html.find(face).expect(face));
        assert!(faces.is_sorted() && html.contains("سيئة جدًا") && html.contains("ممتازة"), "{html}");
    }
    assert!(mail.html.contains("<div role=\"article\"") && mail.html.matches("dir=\"rtl\"").count() == 2);
}
