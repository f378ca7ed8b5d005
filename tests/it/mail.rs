//! The mail that asks: its links and headers, and what becomes of it on its way.

use crate::desk::{Desk, Mail, START, few, paths, time};
use afterword::gateway::Delivery;
use afterword::mail::compose::{self, Sender};
use afterword::survey::Time;
use afterword::survey::link::KeyRing;
use afterword::survey::outbound::{Attempt, Outgoing};
use afterword::survey::sending::FIRST_PROBE;
use afterword::text::{CustomLanguages, CustomTexts, CustomWording, Text};
use axum::body::Body;
use axum::http::Request;
use chrono::TimeDelta;
use mail_parser::MessageParser;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

fn temporary() -> Attempt {
    Attempt::Temporary("451 later".into())
}

/// The mail of the first survey of a conversation, as the API shows it.
async fn state(desk: &Desk, conversation: &str) -> Value {
    desk.get(&format!("/v1/conversations/{conversation}")).await["surveys"][0]["mail"].clone()
}

fn due(mail: &Value) -> Time {
    time(mail["due_at"].as_str().expect("a time"))
}

async fn total(desk: &Desk, figure: &str) -> Value {
    desk.get("/v1/report").await["total"][figure].clone()
}

#[tokio::test]
async fn both_parts_hold_the_same_five_links_and_no_other() {
    let desk = Desk::with(|config| config.public_url = "https://rate.example.com".parse().expect("a URL")).await;
    desk.close(json!({"in_reply_to": "<m1@desk.example.com>", "subject": "<b>& \"Refund\"</b>"})).await;
    let mail = desk.the_mail().await;
    let (text, html) = (paths(&mail.text, "/r/"), paths(&mail.html, "/r/"));
    assert_eq!((text.len(), &text), (5, &html));
    assert_eq!(text.iter().collect::<BTreeSet<_>>().len(), 5, "five different ones");
    assert!(text.iter().all(|link| link.len() == "/r/".len() + 47), "of 47 characters each: {text:?}");
    let links = |part: &str| part.matches("https://rate.example.com/r/").count();
    assert_eq!((links(&mail.text), links(&mail.html)), (5, 5), "all below the public URL");
    assert_eq!(mail.html.matches("http").count(), 6, "and besides them only the way to unsubscribe");
    assert_eq!(paths(&mail.html, "/u/"), [mail.unsubscribe.as_str()]);
    assert!(!mail.html.contains("<b>&"), "a subject is text, not HTML");
    for (score, link) in (1..=5).zip(&mail.links) {
        desk.pass(TimeDelta::minutes(10));
        let page = desk.visit(link).await;
        assert_eq!(page.status, 200);
        assert_eq!(
            desk.sql("SELECT trail ->> '$.views[#-1][1]' FROM clicks").await[0],
            [score.to_string()],
            "worst first"
        );
    }
    let parsed = MessageParser::default().parse(mail.raw.as_bytes()).expect("a mail").into_owned();
    let header = |name: &str| parsed.header_raw(name).unwrap_or_default().trim().to_owned();
    assert_eq!(header("List-Unsubscribe"), format!("<https://rate.example.com{}>", mail.unsubscribe));
    assert_eq!(header("In-Reply-To"), "<m1@desk.example.com>");
    assert_eq!((header("References"), header("DKIM-Signature")), (header("In-Reply-To"), String::new()));
    assert!(mail.id.ends_with("@example.com"), "the Message-ID is on the From domain: {}", mail.id);
    assert_eq!(parsed.date().map(mail_parser::DateTime::to_timestamp), Some(time(START).timestamp()));
    assert_eq!((mail.to.as_str(), parsed.parts.len()), ("ada@example.com", 3));
}

#[tokio::test]
async fn the_mail_is_small_and_fetches_the_logo_alone() {
    let desk = Desk::with(|config| {
        config.public_url = "https://rate.example.com".parse().expect("a URL");
        config.brand.name = "Käse & Söhne".into();
        config.brand.logo_url = Some("https://example.com/logo.png?a=1&b=2".into());
    })
    .await;
    desk.close(json!({"subject": "Refund ".repeat(60)})).await;
    let mail = desk.the_mail().await;
    assert!(mail.raw.len() < 60_000, "{} bytes", mail.raw.len());
    let html = &mail.html;
    let remote = html.matches("http").count() - html.matches("https://rate.example.com/").count();
    assert_eq!((remote, html.matches("<img").count()), (1, 1), "the logo is all that is fetched");
    assert!(html.contains("src=\"https://example.com/logo.png?a=1&#38;b=2\" alt=\"Käse &#38; Söhne\""), "{html}");
    assert!(["url(", "<script", "<link", "@import", "<form"].iter().all(|remote| !html.contains(remote)), "{html}");
    let tables = (html.matches("<table").count(), html.matches("role=\"presentation\"").count());
    assert_eq!(tables.0, tables.1, "tables are for looks alone");
    assert_eq!(html.matches("<span aria-hidden=\"true\"").count(), 5, "faces are not read out");
}

fn in_english(words: CustomWording) -> CustomLanguages {
    BTreeMap::from([("en".to_owned(), words)]).try_into().expect("a language of ours")
}

#[tokio::test]
async fn custom_texts_are_in_the_mail_and_on_the_page_of_their_policy() {
    let desk = Desk::with(|config| {
        let said = |text: &str| Some(text.to_owned());
        config.mail.text = in_english(CustomWording {
            question: said("Did {teammate} help you, {customer}?"),
            thanks: said("Cheers, {customer}!"),
            ..CustomWording::default()
        });
        config.policies.entry("vip".into()).or_default().text = in_english(CustomWording {
            brand: said("Lumen Gold"),
            subject: said("A word on “{subject}”"),
            reason: said("{brand} asks everyone."),
            ..CustomWording::default()
        });
    })
    .await;
    desk.close(json!({"policy": "vip"})).await;
    let mail = desk.the_mail().await;
    assert_eq!(mail.subject, "A word on “Refund”");
    for part in [&mail.text, &mail.html] {
        let said = ["Did Grace help you, Ada?", "About: “Refund”", "Lumen Gold asks everyone."];
        assert!(said.iter().all(|words| part.contains(words)), "{part}");
    }
    desk.pass(TimeDelta::minutes(10));
    let page = desk.visit(&mail.links[4]).await;
    assert!(page.text.contains("<header>Lumen Gold</header>") && page.text.contains("Cheers, Ada!"), "{}", page.text);

    // Without a subject and a name, a text that names them is replaced: by the custom text for all languages, or by ours.
    let customers = json!([{"email": "bo@example.com"}]);
    let bare = json!({"conversation_id": "2", "policy": "vip", "subject": null, "customers": customers});
    desk.close(bare).await;
    let mail = desk.the_mail().await;
    assert_eq!(mail.subject, "How was your conversation with Grace?");
    assert!(mail.text.starts_with("How was your conversation with Grace?\r\nJust click"), "{}", mail.text);

    // Surveys of other policies know nothing of it, and a survey outlives its policy.
    desk.close(json!({"conversation_id": "3", "customers": json!([{"email": "cy@example.com", "name": "Cy"}])})).await;
    let mail = desk.the_mail().await;
    assert_eq!(mail.subject, "How was your conversation with Grace?");
    assert!(mail.text.contains("Did Grace help you, Cy?") && !mail.text.contains("Lumen"), "{}", mail.text);
    desk.close(json!({"conversation_id": "4", "policy": "vip"})).await;
    let later = Desk::at(desk.folder, |_| {}).await;
    later.clock.set(desk.clock.now());
    assert_eq!(later.the_mail().await.subject, "How was your conversation with Grace?");
}

#[tokio::test]
async fn a_temporary_failure_is_tried_again_later_and_later() {
    let desk = Desk::open().await;
    desk.close(json!({})).await;
    let mut longest = TimeDelta::minutes(1);
    for round in 1..=10 {
        desk.memory.answer_next([temporary()]);
        assert_eq!(desk.deliver().await, [Delivery::Again, Delivery::Idle]);
        let mail = state(&desk, "8841").await;
        assert_eq!(
            (&mail["state"], &mail["tries"], &mail["note"]),
            (&json!("waiting"), &json!(round), &json!("451 later"))
        );
        let wait = due(&mail) - desk.clock.now();
        assert!(wait >= longest / 2 && wait <= longest, "try {round}: {wait} of {longest}");
        desk.clock.set(due(&mail) - TimeDelta::milliseconds(1));
        assert_eq!(desk.deliver().await, [Delivery::Idle], "not before its time");
        desk.clock.set(due(&mail));
        longest = (longest * 2).min(TimeDelta::hours(4));
    }
    assert_eq!(
        (total(&desk, "asked").await, desk.mails().len()),
        (json!(0), 0),
        "what was never accepted was not asked"
    );
    assert_eq!(desk.close(json!({"state": "closed"})).await.rules(), ["already_asked"], "but it waits");
    desk.deliver().await;
    assert_eq!((total(&desk, "asked").await, desk.mails().len()), (json!(1), 1));
    let mail = state(&desk, "8841").await;
    assert_eq!((&mail["state"], &mail["tries"], &mail["note"]), (&json!("accepted"), &json!(11), &Value::Null));
    assert_eq!(time(mail["accepted_at"].as_str().expect("a time")), desk.clock.now());
}

#[tokio::test]
async fn a_permanent_failure_asks_nobody_and_is_not_repeated() {
    let desk = Desk::open().await;
    desk.close(json!({})).await;
    desk.memory.answer_next([Attempt::Permanent("550 no such user".into())]);
    desk.deliver().await;
    let mail = state(&desk, "8841").await;
    assert_eq!((&mail["state"], &mail["note"]), (&json!("failed"), &json!("550 no such user")));
    desk.pass(TimeDelta::days(3));
    assert_eq!(desk.deliver().await, [Delivery::Idle]);
    assert_eq!((total(&desk, "asked").await, desk.mails().len()), (json!(0), 0));
    assert_eq!(desk.close(json!({})).await.status, 202, "a failed one does not count as asked");
}

#[tokio::test]
async fn patience_ends_after_its_time() {
    let desk = Desk::open().await;
    desk.close(json!({})).await;
    let first = desk.clock.now();
    loop {
        desk.memory.answer_next([temporary()]);
        desk.deliver().await;
        let mail = state(&desk, "8841").await;
        if mail["state"] != "waiting" {
            assert_eq!(mail["state"], "failed");
            break;
        }
        assert!(due(&mail) - first <= TimeDelta::hours(72), "no try after 72 h: {mail}");
        desk.clock.set(due(&mail));
    }
    assert!(desk.clock.now() - first > TimeDelta::hours(60), "given up too early");
    assert_eq!(total(&desk, "asked").await, 0);
}

#[tokio::test]
async fn a_server_that_is_away_costs_no_try() {
    let desk = Desk::open().await;
    desk.close(json!({})).await;
    for step in [Delivery::Unreachable, Delivery::Unreachable, Delivery::Paused(FIRST_PROBE)] {
        desk.memory.answer_next([Attempt::Unreachable("refused".into())]);
        assert_eq!(desk.deliver().await, [step]);
        let mail = state(&desk, "8841").await;
        assert_eq!((&mail["state"], &mail["tries"]), (&json!("waiting"), &json!(0)));
        assert_eq!(due(&mail), desk.clock.now(), "what rests is the connection");
    }
    desk.pass(FIRST_PROBE);
    desk.deliver().await;
    assert_eq!(state(&desk, "8841").await["tries"], 1);
    assert_eq!(desk.mails().len(), 1);
}

#[tokio::test]
async fn a_repeat_after_an_unknown_outcome_or_a_crash_has_the_same_message_id() {
    let desk = Desk::open().await;
    desk.close(json!({})).await;
    desk.memory.answer_next([Attempt::Unknown("no answer to the data".into())]);
    desk.deliver().await;
    let mail = state(&desk, "8841").await;
    assert_eq!((&mail["state"], &mail["tries"], &mail["accepted_at"]), (&json!("waiting"), &json!(1), &json!(START)));
    desk.clock.set(due(&mail));
    let first = desk.the_mail().await;
    assert_eq!(state(&desk, "8841").await["state"], "accepted");
    // A crash between the server's yes and its mark: the lease is all that is left of it.
    lose_the_mark(&desk).await;
    assert_eq!(desk.deliver().await, [Delivery::Idle], "the lease holds");
    let desk = Desk::at(desk.folder, |_| {}).await;
    desk.pass(TimeDelta::minutes(2));
    let again = desk.the_mail().await;
    assert_eq!((&again.id, &again.links, &again.subject), (&first.id, &first.links, &first.subject));
    assert_eq!(desk.mails().len(), 1, "one extra at most");
}

async fn lose_the_mark(desk: &Desk) {
    let until = (desk.clock.now() + TimeDelta::minutes(30)).timestamp_millis();
    let owner = "unhex(replace((SELECT value FROM setting WHERE name = 'service'), '-', ''))";
    desk.sql(&format!(
        "UPDATE outbox SET state = 'sending', owner = {owner}, tries = 0, accepted_at = NULL, due_at = {until}"
    ))
    .await;
    desk.sql("UPDATE rating SET asked_at = NULL").await;
}

#[tokio::test]
async fn a_rated_survey_whose_mark_was_lost_is_not_sent_again() {
    let desk = Desk::open().await;
    desk.close(json!({})).await;
    let mail = desk.the_mail().await;
    lose_the_mark(&desk).await;
    desk.pass(TimeDelta::minutes(10));
    assert_eq!(desk.press(&mail.links[0]).await["outcome"], "ok");
    let desk = Desk::at(desk.folder, |_| {}).await;
    desk.pass(TimeDelta::hours(1));
    desk.deliver().await;
    assert_eq!(desk.mails().len(), 0);
    assert_eq!(state(&desk, "8841").await["state"], "accepted", "the click proves that it arrived");
    assert_eq!((total(&desk, "asked").await, total(&desk, "answered").await), (json!(1), json!(1)));
}

#[tokio::test]
async fn a_rated_conversation_is_not_asked_again_though_its_mail_was_never_marked() {
    let desk = Desk::open().await;
    desk.close(json!({})).await;
    let mail = desk.the_mail().await;
    lose_the_mark(&desk).await;
    let desk = Desk::at(desk.folder, |_| {}).await;
    desk.pass(TimeDelta::minutes(10));
    assert_eq!(desk.press(&mail.links[4]).await["outcome"], "ok", "the click proves that the mail arrived");
    desk.reopen("8841", desk.clock.now()).await;
    desk.pass(TimeDelta::minutes(1));
    let again = desk.close(json!({})).await;
    assert_eq!(again["decision"], "skip", "the customer has answered already: {}", again.text);
    desk.deliver().await;
    assert_eq!((total(&desk, "asked").await, total(&desk, "ratings").await), (json!(1), json!(1)));
}

#[tokio::test]
async fn an_address_that_is_taken_can_be_written_to() {
    let desk = Desk::open().await;
    for address in
        ["ada+tag@example.com", "o'neil@example.com", "ü@example.com", "\"a b\"@example.com", "\"a,b\"@example.com"]
    {
        let customers = json!([{"email": address}]);
        let answer = desk.close(json!({"conversation_id": address, "customers": customers})).await;
        desk.deliver().await;
        if answer.status != 422 {
            let sent = desk.sql("SELECT state, note FROM outbox ORDER BY id DESC LIMIT 1").await;
            assert_eq!(sent[0][0], "accepted", "{address} was taken: {sent:?}");
        }
        desk.pass(TimeDelta::minutes(1));
    }
}

#[tokio::test]
async fn workers_side_by_side_send_each_mail_once() {
    let desk = Desk::open().await;
    for id in 0..6 {
        desk.close(json!({"conversation_id": format!("{id}")})).await;
    }
    tokio::join!(desk.deliver(), desk.deliver(), desk.deliver());
    let ids: BTreeSet<_> = desk.mails().into_iter().map(|mail| mail.id).collect();
    assert_eq!((ids.len(), desk.mails().len()), (6, 6));
}

#[tokio::test]
async fn one_click_unsubscribes_and_a_look_does_not() {
    let desk = Desk::open().await;
    desk.close(json!({})).await;
    let mail = desk.the_mail().await;
    let page = desk.visit(&mail.unsubscribe).await;
    assert!(page.status == 200 && page.text.contains("<button"), "{}", page.text);
    assert_eq!(desk.dry_run(json!({"conversation_id": "2"})).await["decision"], "ask", "a scanner opens links");
    for _ in 0..2 {
        let request = Request::post(&mail.unsubscribe).header("content-type", "application/x-www-form-urlencoded");
        let answer = desk.send(request.body(Body::from("List-Unsubscribe=One-Click")).expect("a request")).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    assert_eq!(desk.close(json!({"conversation_id": "2"})).await.rules(), ["opted_out"]);
    let stored = desk.sql("SELECT cause, address FROM suppression").await;
    assert_eq!(stored, [["opted_out", "null"]], "readable only where an admin entered it");
    desk.pass(TimeDelta::minutes(10));
    assert_eq!(desk.press(&mail.links[1]).await["outcome"], "ok", "the survey in hand can still be answered");
    assert_eq!(desk.delete("/v1/suppressions/ADA@example.com").await.status, 200);
    assert_eq!(desk.close(json!({"conversation_id": "3"})).await.status, 202);
}

#[tokio::test]
async fn a_name_that_looks_encoded_is_shown_as_it_is() {
    let desk = Desk::open().await;
    let name = "=?utf-8?q?=0D=0ABcc:_eve@example.com?=";
    let customers = json!([{"email": "ada@example.com", "name": name}]);
    desk.close(json!({"customers": customers, "teammate": {"id": "t7", "name": name}})).await;
    let mail = desk.the_mail().await;
    assert!(!mail.subject.contains(['\r', '\n']), "no mail program must decode it: {:?}", mail.subject);
    assert!(mail.subject.contains(&name.replace("=?", "= ?")), "{}", mail.subject);
}

fn headers(raw: &str) -> Vec<(String, String)> {
    let parsed = MessageParser::default().parse(raw.as_bytes()).expect("a mail").into_owned();
    parsed.headers_raw().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[test]
fn no_name_and_no_subject_can_write_a_header() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let desk = runtime.block_on(Desk::open());
    let case = std::cell::Cell::new(0);
    let send = |name: &str, teammate: &str, subject: &str| -> Mail {
        case.set(case.get() + 1);
        runtime.block_on(async {
            let customers = json!([{"email": "ada@example.com", "name": name}]);
            let fields = json!({"conversation_id": format!("c{}", case.get()), "customers": customers, "subject": subject,
                "teammate": {"id": "t7", "name": teammate}});
            let answer = desk.close(fields).await;
            assert_eq!(answer.status, 202, "{}", answer.text);
            desk.the_mail().await
        })
    };
    let usual: Vec<_> = headers(&send("Ada", "Grace", "Refund").raw).into_iter().map(|(name, _)| name).collect();
    proptest!(few(40), |(name in hostile(), teammate in hostile(), subject in hostile())| {
        let mail = send(&name, &teammate, &subject);
        let names: Vec<_> = headers(&mail.raw).into_iter().map(|(name, _)| name).collect();
        prop_assert_eq!(&names, &usual, "{}", mail.raw);
        let parsed = MessageParser::default().parse(mail.raw.as_bytes()).expect("a mail");
        let to: Vec<_> = parsed.to().expect("To").iter().filter_map(|to| to.address()).collect();
        prop_assert_eq!(to, ["ada@example.com"], "{}", mail.raw);
        prop_assert!(!mail.subject.contains(['\r', '\n']), "{}", mail.subject);
        prop_assert!(mail.raw.is_ascii() && mail.raw.split("\r\n").all(|line| line.len() <= 998));
    });
}

/// Texts of pieces that break headers where they are not handled with care.
fn hostile() -> impl Strategy<Value = String> {
    const BITS: [&str; 25] = [
        "List-Unsubscribe: <http://evil.example>",
        "\r\n\r\n<p>",
        "\r\n",
        "\n",
        "\r",
        "\0",
        "\u{b}",
        "\u{85}",
        "\u{2028}",
        "Bcc: eve@example.com",
        "<eve@example.com>",
        ",",
        ";",
        ":",
        "\"",
        "\\",
        "=?utf-8?q?Bcc:",
        "😀",
        "ä",
        "a",
        " ",
        "{subject}",
        "(",
        ")",
        "http://evil.example/r/x",
    ];
    prop::collection::vec(prop::sample::select(&BITS[..]), 0..12).prop_map(|bits| bits.concat())
}

proptest! {
    #![proptest_config(few(256))]

    /// What the gateway checks before is left out here on purpose: the mail holds by itself.
    #[test]
    fn no_field_of_a_mail_can_write_a_header(
        [name, teammate, subject, from_name, reply_name, brand, in_reply_to, custom] in [(); 8].map(|()| hostile()),
        pattern in hostile(),
        named in any::<bool>(),
    ) {
        let ring = KeyRing::new(&[vec![7; 32]]).expect("long enough");
        let outgoing = |mail: [&str; 3], in_reply_to: &str| Outgoing {
            survey: uuid::Uuid::from_u128(7),
            address: "ada@example.com".into(),
            customer_name: Some(mail[0].to_owned()),
            teammate: named.then(|| mail[1].to_owned()),
            subject: Some(mail[2].to_owned()),
            in_reply_to: Some(in_reply_to.to_owned()),
            policy: None,
            locale: None,
        };
        let none = CustomLanguages::default();
        let write = |fields: [&str; 5], mail: &Outgoing| {
            let custom = CustomWording { subject: Some(fields[3].to_owned()), ..CustomWording::default() };
            let custom = in_english(custom);
            let sender = Sender {
                text: Text::english(),
                custom: CustomTexts { policy: &custom, all: &none },
                mark: fields[3],
                logo: None,
                from_name: Some(fields[0]),
                from_pattern: Some(fields[4]),
                from_address: "support@example.com",
                reply_to: Some((Some(fields[1]), "help@example.com")),
                brand: fields[2],
                color: "#2f6fed",
                public_url: "https://rate.example.com",
                bounce_domain: Some("bounces.example.com"),
                links_in_subject: false,
                dkim: None,
            };
            let letter = compose::request(&sender, mail, &ring, time(START)).expect("it is written");
            (String::from_utf8(letter.raw).expect("ASCII"), letter.from.to_string(), letter.to.to_string())
        };
        let (usual, ..) = write(["Support", "Help", "Example", "Words", "{teammate}"], &outgoing(["Ada", "Grace", "Refund"], "<m@x.org>"));
        let (raw, from, to) = write([&from_name, &reply_name, &brand, &custom, &(pattern + "{teammate}")], &outgoing([&name, &teammate, &subject], &in_reply_to));
        let names = |raw: &str| headers(raw).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        prop_assert_eq!(names(&raw), names(&usual), "{}", raw);
        let parsed = MessageParser::default().parse(raw.as_bytes()).expect("a mail");
        let one = |of: Option<&mail_parser::Address>| {
            of.map(|of| of.iter().filter_map(|one| one.address().map(str::to_owned)).collect::<Vec<_>>())
        };
        let expected = |address: &str| Some(vec![address.to_owned()]);
        prop_assert_eq!(one(parsed.to()), expected("ada@example.com"), "{}", &raw);
        prop_assert_eq!(one(parsed.from()), expected("support@example.com"), "{}", &raw);
        prop_assert_eq!(one(parsed.reply_to()), expected("help@example.com"), "{}", &raw);
        prop_assert_eq!(&to, "ada@example.com");
        let local = from.strip_suffix("@bounces.example.com").expect("the bounce domain");
        prop_assert!(local.starts_with("b+") && local.len() <= 64, "{}", from);
        let feedback = parsed.header_raw("Feedback-ID").expect("there").trim().to_owned();
        let fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-:".contains(c);
        prop_assert!(feedback.chars().all(fine) && feedback.split(':').count() <= 3, "{}", feedback);
        prop_assert!(raw.is_ascii() && raw.split("\r\n").all(|line| line.len() <= 998 && !line.contains(['\r', '\n'])));
    }
}
