//! What is refused, and how: bodies by the field that is wrong, whatever a stranger can send, and comments too long.

use crate::desk::{Answer, BROWSER, Desk, START, stamp};
use afterword::survey::access::Scope;
use axum::body::Body;
use axum::http::{Method, Request};
use chrono::TimeDelta;
use serde_json::{Value, json};

/// Checks that an answer is a problem of RFC 9457 with a code.
fn assert_problem(answer: &Answer, status: u16, what: &str) {
    assert_eq!(answer.status, status, "{what}: {}", answer.text);
    assert_eq!(answer.header("content-type"), "application/problem+json", "{what}");
    assert_eq!(answer["status"], status, "{what}");
    assert!(answer["code"].as_str().is_some_and(|code| !code.is_empty()), "{what}: {}", answer.text);
    assert!(answer["title"].is_string() && answer["detail"].is_string(), "{what}: {}", answer.text);
}

#[tokio::test]
async fn a_wrong_closing_is_refused_by_its_field() {
    let desk = Desk::open().await;
    let before = desk.everything().await;
    let ahead = |seconds: i64| stamp(desk.clock.now() + TimeDelta::seconds(seconds));
    let customer = |field: &str, value: Value| {
        let mut customer = json!({"email": "ada@example.com"});
        customer[field] = value;
        json!([customer])
    };
    let message = |field: &str, value: Value| {
        let mut message = json!({"author": "bot", "at": "2026-11-22T09:00:00Z", "text": ""});
        message[field] = value;
        json!([message])
    };
    let crowd = |size: usize| vec![json!({"email": null}); size];
    let table = [
        ("/conversation_id", json!(8841)),
        ("/conversation_id", json!("")),
        ("/conversation_id", json!("x".repeat(201))),
        ("/closed_at", json!("2026-11-22T10:00:00")),
        ("/closed_at", json!("2026-11-22")),
        ("/closed_at", json!("yesterday")),
        ("/closed_at", json!(1_795_341_600)),
        ("/closed_at", json!("2026-02-30T10:00:00Z")),
        ("/closed_at", json!(ahead(301))),
        ("/last_reply_at", json!("2026-11-22T10:00:00")),
        ("/last_reply_at", json!(ahead(301))),
        ("/state", json!("open")),
        ("/started_by", json!("bot")),
        ("/characters", json!("612")),
        ("/characters", json!(-1)),
        ("/characters", json!(1.5)),
        ("/teammate_replied", json!("yes")),
        ("/url", json!("javascript:alert(1)")),
        ("/url", json!("ftp://example.com/")),
        ("/url", json!("https://")),
        ("/url", json!("https://exa mple.com/\r\n")),
        ("/subject", json!(["Refund"])),
        ("/in_reply_to", json!("<m1@desk.example.com>\r\nBcc: eve@example.com")),
        ("/in_reply_to", json!("no brackets")),
        ("/tags", json!("refund")),
        ("/tags/0", json!([1])),
        ("/ask", json!("no")),
        ("/other_survey", json!(1)),
        ("/surprise", json!(true)),
        ("/customers", json!([])),
        ("/customers", json!({})),
        ("/customers", json!(crowd(101))),
        ("/customers", json!(crowd(10_000))),
        ("/customers/0/email", json!([{}])),
        ("/customers/0/email", customer("email", json!(""))),
        ("/customers/0/email", customer("email", json!("a@b"))),
        ("/customers/0/email", customer("email", json!("x@[127.0.0.1]"))),
        ("/customers/0/email", customer("email", json!("a@example.com\r\nBcc: eve@example.com"))),
        ("/customers/0/email", customer("email", json!("a@example.com, b@example.com"))),
        ("/customers/0/email", customer("email", json!("Ada <ada@example.com>"))),
        ("/customers/0/email", customer("email", json!("ada"))),
        ("/customers/0/email", customer("email", json!("@example.com"))),
        ("/customers/0/email", customer("email", json!("a\0@example.com"))),
        ("/customers/0/email", customer("email", json!(format!("{}@example.com", "x".repeat(65))))),
        ("/customers/0/id", customer("id", json!("x".repeat(201)))),
        ("/customers/0/id", customer("id", json!(""))),
        ("/customers/0/kind", customer("kind", json!("admin"))),
        ("/customers/0/phone", customer("phone", json!("1"))),
        ("/teammate/id", json!({"name": "Grace"})),
        ("/teammate/id", json!({"id": ""})),
        ("/teammate/email", json!({"id": "t7", "email": "grace"})),
        ("/teammate/role", json!({"id": "t7", "role": "lead"})),
        ("/messages/0/author", message("author", json!("robot"))),
        ("/messages/0/author_id", message("author_id", json!(""))),
        ("/messages/0/at", message("at", json!("2026-11-22 10:00"))),
        ("/messages/0/text", message("text", json!(null))),
        ("/messages/0/html", message("html", json!("<p>"))),
        ("/policy", json!("none of ours")),
    ];
    for (pointer, value) in table {
        let field = pointer.split('/').nth(1).expect("a field");
        let answer = desk.close(json!({field: value})).await;
        let what = format!("{pointer} {value:.60}");
        assert_problem(&answer, 422, &what);
        assert_eq!(answer.pointers(), [pointer], "{what}");
        assert!(answer["errors"][0]["detail"].is_string(), "{what}");
    }
    for field in ["conversation_id", "closed_at", "customers"] {
        let answer = desk.close(json!({field: null})).await;
        assert_problem(&answer, 422, field);
        assert_eq!(answer.pointers(), [format!("/{field}")], "it is missing");
    }
    let several = json!({"url": "x", "conversation_id": "", "closed_at": ahead(999), "policy": "none"});
    let several = desk.close(several).await;
    for pointer in ["/url", "/conversation_id", "/closed_at"] {
        assert!(several.pointers().contains(&pointer), "all that is wrong is told: {}", several.text);
    }
    assert_eq!(desk.everything().await, before, "what is refused is not stored");
}

#[tokio::test]
async fn a_word_of_the_wrong_type_is_refused_by_its_field() {
    let desk = Desk::open().await;
    for value in [json!(5), json!(true), json!(["closed"]), json!({"is": "closed"})] {
        for (pointer, fields) in [
            ("/state", json!({"state": value})),
            ("/started_by", json!({"started_by": value})),
            ("/customers/0/kind", json!({"customers": [{"email": "ada@example.com", "kind": value}]})),
            ("/messages/0/author", json!({"messages": [{"at": START, "text": "", "author": value}]})),
        ] {
            let answer = desk.close(fields).await;
            assert_problem(&answer, 422, &format!("{pointer} {value}"));
            assert_eq!(answer.pointers(), [pointer], "{value}");
        }
    }
}

#[tokio::test]
async fn other_bodies_and_queries_are_refused_too() {
    let desk = Desk::open().await;
    let before = desk.everything().await;
    let big = format!("{{\"conversation_id\": \"{}\"}}", "x".repeat(2 * 1024 * 1024));
    let deep = "[".repeat(200_000);
    let reopened = "/v1/conversations/1/reopened";
    let table = [
        ("POST", "/v1/closings", "", 400),
        ("POST", "/v1/closings", "not json", 400),
        ("POST", "/v1/closings", "{\"conversation_id\": \"\u{1}\"}", 400),
        ("POST", "/v1/closings", "{} {}", 4),
        ("POST", "/v1/closings", "[]", 422),
        ("POST", "/v1/closings", "null", 422),
        ("POST", "/v1/closings", "{\"ask\": true, \"ask\": true}", 422),
        ("POST", "/v1/closings", &deep, 4),
        ("POST", "/v1/closings", &big, 413),
        ("POST", "/v1/closings?dry_run=maybe", "{}", 422),
        ("POST", "/v1/closings?dryrun=true", "{}", 422),
        ("POST", reopened, "{}", 422),
        ("POST", reopened, "{\"reopened_at\": \"2026-11-22T10:00:00\"}", 422),
        ("POST", reopened, "{\"reopened_at\": \"2026-11-22T10:00:00Z\", \"by\": 1}", 422),
        ("POST", reopened, "{\"reopened_at\": \"2030-11-22T10:00:00Z\"}", 422),
        ("GET", "/v1/report?by=year", "", 422),
        ("GET", "/v1/report?from=2026-13-01", "", 422),
        ("GET", "/v1/report?from=2026-11-03&to=2026-11-01", "", 422),
        ("GET", "/v1/report?to=%2B262143-12-31", "", 422),
        ("GET", "/v1/report?colour=red", "", 422),
        ("GET", "/v1/ratings?score=6", "", 422),
        ("GET", "/v1/ratings?limit=201", "", 422),
        ("GET", "/v1/ratings?limit=0", "", 422),
        ("GET", "/v1/ratings?limit=-1", "", 422),
        ("GET", "/v1/ratings?cursor=!", "", 422),
        ("GET", "/v1/ratings?cursor=f_________8AAAAAAAAAAAAAAAAAAAAA", "", 422),
        ("GET", "/v1/ratings?commented=perhaps", "", 422),
        ("GET", "/v1/conversations/unknown", "", 404),
        ("PUT", "/v1/suppressions/a@b", "", 422),
        ("PUT", "/v1/suppressions/ada@example.com", "{\"cause\": \"moved\"}", 422),
        ("PUT", "/v1/suppressions/ada@example.com", "{\"why\": \"moved\"}", 422),
        ("DELETE", "/v1/suppressions/x@[127.0.0.1]", "", 422),
    ];
    for (method, path, body, status) in table {
        let request =
            Request::builder().method(method).uri(path).header("authorization", format!("Bearer {}", desk.admin));
        let answer = desk.send(request.body(Body::from(body.to_owned())).expect("a request")).await;
        let what = format!("{method} {path} {body:.60}");
        let expected = if status == 4 { answer.status } else { status };
        assert!((400..500).contains(&expected), "{what}: {}", answer.text);
        assert_problem(&answer, expected, &what);
        if status == 422 {
            assert!(!answer.pointers().is_empty(), "{what} names what is wrong");
        }
    }
    assert_eq!(desk.everything().await, before);
}

/// Every route, with a path that fits it.
const PATHS: [&str; 14] = [
    "/v1/closings",
    "/v1/conversations/1",
    "/v1/conversations/1/reopened",
    "/v1/report",
    "/v1/ratings",
    "/v1/suppressions/ada@example.com",
    "/v1/customers/ada@example.com",
    "/v1/helpdesks/desk/closings",
    "/r/x",
    "/u/x",
    "/assets/x",
    "/admin",
    "/openapi.json",
    "/metrics",
];

#[tokio::test]
async fn nothing_that_a_stranger_sends_breaks_or_stores_anything() {
    let desk = Desk::open().await;
    desk.close(json!({})).await;
    let mail = desk.the_mail().await;
    let read = format!("Bearer {}", desk.key(Scope::Read, None, None).await);
    let trigger = format!("Bearer {}", desk.key(Scope::Trigger, None, None).await);
    let before = desk.everything().await;
    let good = mail.links[0].as_str();
    let other = good.replace("/r/", "/u/");
    let long = format!("/r/{}", "A".repeat(60_000));
    let (bent, padded) =
        (format!("{}{}", &good[..good.len() - 1], if good.ends_with('A') { 'E' } else { 'A' }), format!("{good}="));
    let paths = [
        "/",
        "//",
        "/..%2f..%2fetc/passwd",
        "/r/",
        "/u/",
        "/r/%00",
        "/r/%ff%fe",
        "/r/%",
        "/r/%zz",
        "/r/a%2fb",
        "/r/😠",
        "/r/..",
        "/r/x?score=5",
        "/u/%ff",
        "/assets/..%2fpage.css",
        "/v1/",
        "/v1/conversations/%ff",
        "/v1/conversations/%00",
        "/v1/conversations/%0a/reopened",
        "/v1/suppressions/%ff",
        "/v1/surveys/%ff/void",
        "/v1/follow-ups/%ff",
        "/admin/ratings/%ff",
        "/v1/report?%ff=%ff",
        "/v1/report?from=%00",
        "/v1/ratings?limit=99999999999999999999",
        "/healthz?x",
        "/inbox",
        "/inbox/0",
        &long,
        &other,
        &bent,
        &padded,
    ];
    let wild = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"];
    let headers: [&[(&str, &[u8])]; 9] = [
        &[],
        &[("authorization", b"Bearer"), ("content-type", b"\xff\xfe")],
        &[("authorization", b"Bearer aw_admin_000000000000_"), ("accept", b"application/json")],
        &[("authorization", b"\xff"), ("origin", b"\xff"), ("user-agent", b"\xff\xff")],
        &[("authorization", b"Basic YTpi"), ("origin", b"://"), ("sec-fetch-site", b"cross-site")],
        &[("authorization", b"Bearer aw_admin_' OR 1=1 --_x"), ("host", b""), ("accept", b"\xff")],
        &[("authorization", read.as_bytes())],
        &[("authorization", trigger.as_bytes()), ("accept", b"application/json")],
        &[("authorization", b"Bearer aw_read__"), ("expect", b"100-continue"), ("content-encoding", b"gzip")],
    ];
    let bodies: [&[u8]; 4] =
        [b"", b"\xff\0\xff", b"page=%ff&how=%00&score=9", b"page=x&page=y&comment=z&score=1&score=2"];
    let huge = vec![b'x'; 60_000];
    let mut sent = 0;
    for path in PATHS.iter().chain(&paths) {
        for (place, method) in wild.iter().enumerate() {
            // A rating link may be viewed; that is what the click rules allow.
            let few = &headers[place % headers.len()];
            for headers in
                [headers[0], few, headers[6], headers[7], &[("x-huge", huge.as_slice()), ("cookie", huge.as_slice())]]
            {
                let mut request = Request::builder().method(*method).uri(path.replace('😠', "%F0%9F%98%A0"));
                for (name, value) in headers {
                    request = request.header(*name, *value);
                }
                let body = bodies[sent % bodies.len()].to_vec();
                let Ok(request) = request.body(Body::from(body)) else { continue };
                let answer = desk.send(request).await;
                sent += 1;
                assert!(answer.status < 500, "{method} {path} {headers:?}: {}", answer.text);
                assert!(answer.header("content-type") != "text/html" || !answer.text.contains("panicked"));
            }
        }
    }
    assert!(sent > 500, "{sent}");
    assert_eq!(desk.everything().await, before, "nothing was stored");
}

#[tokio::test]
async fn forms_that_are_none_change_nothing_but_are_answered() {
    let desk = Desk::open().await;
    desk.close(json!({})).await;
    let mail = desk.the_mail().await;
    let link = &mail.links[4];
    desk.pass(TimeDelta::minutes(10));
    let page = desk.visit(link).await.page_token();
    desk.pass(TimeDelta::seconds(10));
    let standing = "SELECT standing, score, comment FROM rating";
    for (form, status) in [
        (format!("page={page}&score=6"), 422),
        (format!("page={page}&score="), 422),
        (format!("page={page}&score=five"), 422),
        (format!("page={page}&how=commented"), 422),
        (format!("page={page}&how=SEEN"), 422),
        ("page=x".into(), 200),
        (String::new(), 200),
        ("%ff=%00".into(), 200),
        (format!("page={page}%00"), 200),
    ] {
        for accept in ["text/html", "application/json"] {
            let request = Request::post(link).header("accept", accept).header("user-agent", BROWSER);
            let answer = desk.send(request.body(Body::from(form.clone())).expect("a request")).await;
            assert_eq!(answer.status, status, "{form}: {}", answer.text);
            if accept == "application/json" {
                assert_eq!(answer["outcome"], if status == 422 { "invalid" } else { "stale" }, "{form}");
            }
        }
    }
    let kept = Request::post(link).body(Body::from("page=x&comment=A+long+story&score=2")).expect("a request");
    let kept = desk.send(kept).await;
    assert!(kept.status == 200 && kept.text.contains("A long story"), "a stale page keeps the text: {}", kept.text);
    let request = Request::post(link).body(Body::from(vec![b'x'; 2 * 1024 * 1024])).expect("a request");
    assert_eq!(desk.send(request).await.status, 413);
    assert_eq!(desk.sql(standing).await, [["unrated", "null", "null"]]);
    let cross = Request::post(link).header("origin", "https://evil.example").body(Body::from(format!("page={page}")));
    assert_eq!(desk.send(cross.expect("a request")).await.status, 200);
    assert_eq!(desk.sql(standing).await, [["unrated", "null", "null"]], "another site cannot rate");
    assert_eq!(desk.submit(link, &[("page", &page), ("extra", "x")]).await["outcome"], "ok", "the page still works");
}

#[tokio::test]
async fn a_comment_of_5000_characters_fits_and_one_more_is_given_back() {
    let desk = Desk::open().await;
    let links = |id: &str| {
        let (desk, id) = (&desk, id.to_owned());
        async move {
            desk.close(json!({"conversation_id": id})).await;
            let mail = desk.the_mail().await;
            desk.pass(TimeDelta::minutes(10));
            mail.links
        }
    };
    for (id, unit) in ["x", "é", "😀", "漢"].into_iter().enumerate() {
        let links = links(&format!("{id}")).await;
        let (fits, long) = (unit.repeat(5000), unit.repeat(5001));
        let answer = desk.comment(&links[1], &long).await;
        assert_eq!((answer.status, &answer["outcome"]), (422, &json!("invalid")), "{unit}");
        let page = desk.visit(&links[1]).await.page_token();
        let form = serde_urlencoded::to_string([("page", page.as_str()), ("comment", &long), ("score", "3")]);
        let request = Request::post(&links[1]).body(Body::from(form.expect("a form"))).expect("a request");
        let answer = desk.send(request).await;
        assert_eq!(answer.status, 422);
        assert!(answer.text.contains(&long), "no text is ever lost");
        assert!(answer.text.contains("value=\"3\" checked"), "nor the face that was picked");
        assert_eq!(desk.sql("SELECT standing FROM rating ORDER BY survey_id DESC LIMIT 1").await[0], ["unrated"]);
        assert_eq!(desk.comment(&links[1], &fits).await["outcome"], "ok", "{unit}");
        assert_eq!(desk.sql("SELECT comment FROM rating ORDER BY survey_id DESC LIMIT 1").await[0], [fits]);
    }
    // Browsers post line breaks as CR LF: one character each, as the customer typed them.
    let links = links("lines").await;
    let lines = "a\r\n".repeat(2499) + "bc";
    let page = desk.visit(&links[0]).await.page_token();
    assert_eq!(desk.comment(&links[0], &lines).await["outcome"], "ok", "5000 characters");
    assert_eq!(
        desk.sql("SELECT comment FROM rating ORDER BY survey_id DESC LIMIT 1").await[0],
        [lines.replace("\r\n", "\n")]
    );
    let locked = desk.submit(&links[0], &[("page", &page), ("comment", "more")]).await;
    assert_eq!((locked.status, &locked["outcome"]), (409, &json!("locked")));
}

#[tokio::test]
async fn every_answer_to_a_link_has_its_headers() {
    let desk = Desk::open().await;
    desk.close(json!({})).await;
    let mail = desk.the_mail().await;
    let (rate, leave) = (mail.links[2].as_str(), mail.unsubscribe.as_str());
    for (method, path) in [
        ("GET", rate),
        ("HEAD", rate),
        ("POST", rate),
        ("PUT", rate),
        ("GET", leave),
        ("POST", leave),
        ("GET", "/r/x"),
        ("POST", "/r/x"),
        ("GET", "/u/x"),
        ("DELETE", "/u/x"),
        ("GET", "/nothing"),
    ] {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).expect("a request");
        let answer = desk.send(request).await;
        let what = format!("{method} {path}: {}", answer.status);
        assert_eq!(answer.header("cache-control"), "no-store", "{what}");
        assert!(answer.header("x-robots-tag").contains("noindex"), "{what}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{what}");
        assert_eq!(answer.header("referrer-policy"), "same-origin", "{what}");
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{what}: {policy}");
        assert!(!answer.text.contains("<script>") && !answer.text.contains(" style="), "{what}: nothing inline");
    }
    let page = desk.visit(rate).await.text;
    let (_, token) = rate.split_at("/r/".len());
    assert_eq!(page.matches(token).count(), 1, "where the form posts to, and nowhere else: no title, no other address");
    for kind in ["css", "js"] {
        let at = page.find("/assets/").expect("assets");
        let path = page[at..].split('"').find(|text| text.ends_with(kind) && text.starts_with("/assets/"));
        let asset = desk.visit(path.expect(kind)).await;
        assert!(asset.status == 200 && asset.header("cache-control").contains("immutable"), "{kind}");
    }
}

#[tokio::test]
async fn a_browser_that_came_by_https_never_comes_without() {
    let by = |url: &str| {
        let url = url.parse().expect("a URL");
        Desk::with(|config| config.public_url = url)
    };
    let https = by("https://rate.example.com").await;
    for path in ["/r/unknown", "/nothing", "/healthz"] {
        assert_eq!(https.visit(path).await.header("strict-transport-security"), "max-age=31536000", "{path}");
    }
    for url in ["http://127.0.0.1:8080", "https://localhost:8443", "https://[::1]"] {
        assert_eq!(by(url).await.visit("/r/unknown").await.header("strict-transport-security"), "", "{url}");
    }
}

#[tokio::test]
async fn an_unknown_link_is_the_same_page_for_every_cause() {
    let desk = Desk::open().await;
    desk.close(json!({})).await;
    let mail = desk.the_mail().await;
    let stranger = Desk::at(tempfile::tempdir().expect("a folder"), |_| {}).await;
    stranger.close(json!({})).await;
    let theirs = stranger.the_mail().await.links[0].clone();
    let good = &mail.links[0];
    let flipped = |place: usize| {
        let mut token: Vec<u8> = good.bytes().collect();
        token[place] = if token[place] == b'A' { b'B' } else { b'A' };
        String::from_utf8(token).expect("ASCII")
    };
    let causes = [
        theirs,
        flipped(3),
        flipped(4),
        flipped(6),
        flipped(20),
        flipped(good.len() - 1),
        format!("{good}="),
        format!("{good}A"),
        good[..good.len() - 1].to_owned(),
        mail.unsubscribe.replace("/u/", "/r/"),
        good.replace("/r/", "/u/"),
        "/r/x".into(),
        "/r/%00".into(),
        "/r/%ff".into(),
        format!("/r/{}", "A".repeat(5000)),
        format!("/u/{}", &theirs_like(good)),
    ];
    let before = desk.everything().await;
    let neutral = desk.visit("/r/unknown").await;
    for method in [Method::GET, Method::POST] {
        for cause in &causes {
            let request = Request::builder().method(&method).uri(cause).header("user-agent", BROWSER);
            let answer = desk.send(request.body(Body::from("page=x")).expect("a request")).await;
            assert_eq!((answer.status, &answer.text), (404, &neutral.text), "{method} {cause}");
        }
    }
    let json = desk.submit("/r/unknown", &[("page", "x")]).await;
    assert_eq!((json.status, &json["outcome"]), (404, &json!("invalid")));
    assert_eq!(desk.everything().await, before, "and nothing is stored");
    let key = desk.key(Scope::Read, None, None).await;
    assert_eq!(desk.call(Method::GET, "/v1/nothing", Some(&key), None).await["code"], "not_found");
}

/// A token of the right length that nobody signed.
fn theirs_like(link: &str) -> String {
    "ATMR".chars().chain(std::iter::repeat('A')).take(link.len() - 3).collect()
}
