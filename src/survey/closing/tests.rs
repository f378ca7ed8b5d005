//! The shape of a closing, what is refused about it and where, and which facts follow from its messages.

use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};

const MS: TimeDelta = TimeDelta::milliseconds(1);

fn noon() -> Time {
    "2026-11-22T12:00:00Z".parse().expect("a time")
}

/// The least that a closing can be, with these fields besides.
fn with(more: Value) -> Value {
    let mut body =
        json!({"conversation_id": "8841", "closed_at": "2026-11-22T12:00:00Z", "customers": [{"email": null}]});
    let Value::Object(more) = more else { panic!("an object") };
    body.as_object_mut().expect("an object").extend(more);
    body
}

fn read(body: Value) -> Result<Closing, String> {
    serde_json::from_value(body).map_err(|error| error.to_string())
}

fn closing(more: Value) -> Closing {
    read(with(more)).expect("a closing")
}

/// The pointers of all faults of a closing that is reported at noon.
fn faults(more: Value) -> Vec<String> {
    let faults = closing(more).faults(noon());
    assert!(faults.iter().all(|fault| !fault.detail.is_empty()));
    let pointer = |place| match place {
        Place::Body(pointer) => pointer,
        Place::Parameter(name) => panic!("{name} is no place in a body"),
    };
    faults.into_iter().map(|fault| pointer(fault.place)).collect()
}

fn message(author: &str, at: &str, text: &str) -> Value {
    json!({"author": author, "author_id": format!("{author}-{at}"), "author_name": "Grace", "at": format!("2026-11-22T{at}Z"), "text": text})
}

#[test]
fn the_example_of_the_contract_is_read() {
    let example = json!({
        "conversation_id": "8841", "closed_at": "2026-11-22T10:00:00Z", "state": "closed",
        "subject": "Refund", "url": "https://desk.example.com/8841", "channel": "email", "started_by": "customer",
        "characters": 612, "last_reply_at": "2026-11-22T09:58:00Z", "teammate_replied": true,
        "customers": [{"id": "c1", "email": "ada@example.com", "name": "Ada", "kind": "user", "locale": "de"}],
        "teammate": {"id": "t7", "name": "Grace", "email": "grace@example.com", "team": "Billing"},
        "messages": [{"author": "teammate", "author_id": "t7", "author_name": "Grace", "at": "2026-11-22T09:58:00Z", "text": "Done."}],
        "tags": ["refund"], "policy": "vip", "ask": true, "other_survey": false, "in_reply_to": "<m1@desk.example.com>",
    });
    let closing = read(example).expect("the example");
    assert_eq!(closing.faults(noon()), []);
    let closing = closing.normalize();
    assert_eq!((closing.characters, closing.teammate_replied), (Some(612), Some(true)));
    assert!(closing.messages.is_none());
}

#[test]
fn what_is_left_out_is_unknown_or_the_default() {
    let least = closing(json!({}));
    assert_eq!((least.state, least.ask, least.other_survey), (ClosingState::Closed, true, false));
    assert_eq!((least.characters, least.last_reply_at, least.teammate_replied), (None, None, None));
    assert!(least.started_by.is_none() && least.policy.is_none() && least.tags.is_empty() && least.teammate.is_none());
    let settled = least.normalize();
    assert_eq!((settled.characters, settled.last_reply_at, settled.teammate_replied), (None, None, None));
}

#[test]
fn a_body_of_another_shape_is_refused_by_name() {
    for (more, says) in [
        (json!({"colour": "red"}), "colour"),
        (json!({"customers": [{"email": null, "phone": "1"}]}), "phone"),
        (json!({"customers": [{"name": "Ada"}]}), "email"),
        (json!({"customers": [{"email": 5}]}), "5"),
        (json!({"customers": [{"email": null, "kind": "guest"}]}), "guest"),
        (json!({"customers": null}), "null"),
        (json!({"teammate": {"name": "Grace"}}), "id"),
        (json!({"teammate": {"id": "t7", "role": "x"}}), "role"),
        (json!({"messages": [{"author": "bot", "at": "2026-11-22T12:00:00Z"}]}), "text"),
        (json!({"messages": [{"author": "robot", "at": "2026-11-22T12:00:00Z", "text": ""}]}), "robot"),
        (json!({"state": "open"}), "open"),
        (json!({"started_by": "nobody"}), "nobody"),
        (json!({"started_by": "Customer"}), "Customer"),
        (json!({"characters": -1}), "-1"),
        (json!({"characters": 1.5}), "1.5"),
        (json!({"conversation_id": 8841}), "8841"),
        (json!({"ask": "no"}), "no"),
        (json!({"ask": null}), "null"),
    ] {
        let error = read(with(more.clone())).expect_err("another shape");
        assert!(error.contains(says), "{more}: {error}");
    }
    for missing in ["conversation_id", "closed_at", "customers"] {
        let mut body = with(json!({}));
        body.as_object_mut().expect("an object").remove(missing);
        assert!(read(body).expect_err("required").contains(missing));
    }
}

#[test]
fn a_time_needs_its_zone_and_is_cut_to_milliseconds() {
    let time = |text: &str| read(with(json!({"closed_at": text}))).map(|closing| closing.closed_at);
    for (text, ms) in [
        ("2026-11-22T12:00:00Z", 0),
        ("2026-11-22T13:00:00+01:00", 0),
        ("2026-11-22T06:30:00.5-05:30", 500),
        ("2026-11-22T12:00:00.0009999Z", 0),
        ("2026-11-22T12:00:00.999999999Z", 999),
    ] {
        assert_eq!(time(text), Ok(noon() + MS * ms), "{text}");
    }
    for wrong in ["2026-11-22T12:00:00", "2026-11-22", "12:00", "", "now", "2026-13-01T00:00:00Z", "1764000000"] {
        let error = time(wrong).expect_err(wrong);
        assert!(error.contains("RFC 3339") && error.contains("zone"), "{wrong}: {error}");
    }
    assert!(read(with(json!({"closed_at": null}))).is_err());
    assert!(read(with(json!({"closed_at": 1_764_000_000}))).is_err());
    assert!(read(with(json!({"last_reply_at": "2026-11-22T12:00:00"}))).is_err());
    assert_eq!(closing(json!({"last_reply_at": null})).last_reply_at, None);
    assert_eq!(closing(json!({"last_reply_at": "2026-11-22T12:00:00.0019Z"})).last_reply_at, Some(noon() + MS));
    // Two spellings of one moment name one closing.
    assert_eq!(time("2026-11-22T12:00:00.0001Z"), time("2026-11-22T14:00:00.0002+02:00"));
}

#[test]
fn a_clock_may_be_five_minutes_ahead() {
    for (closed, reply, pointers) in [
        ("12:05:00", None, &[][..]),
        ("12:05:00.001", None, &["/closed_at"]),
        ("12:00:00", Some("12:05:00"), &[]),
        ("12:00:00", Some("12:05:00.001"), &["/last_reply_at"]),
        ("11:00:00", Some("11:05:00.001"), &["/last_reply_at"]),
        ("12:05:00.001", Some("12:10:00.002"), &["/closed_at", "/last_reply_at"]),
    ] {
        let time = |clock: &str| format!("2026-11-22T{clock}Z");
        let found = faults(json!({"closed_at": time(closed), "last_reply_at": reply.map(time)}));
        assert_eq!(found, pointers, "{closed} {reply:?}");
    }
    assert_eq!(faults(json!({"closed_at": "1970-01-01T00:00:00Z"})), [""; 0], "old ones are a matter of the rules");
}

#[test]
fn ids_have_1_to_200_characters() {
    let long = "ü".repeat(201);
    let fits = "ü".repeat(200);
    for (id, fine) in [("1", true), (fits.as_str(), true), ("a b/ü", true), ("", false), (long.as_str(), false)] {
        let found = faults(json!({
            "conversation_id": id,
            "customers": [{"email": null}, {"email": null, "id": id}],
            "teammate": {"id": id},
            "messages": [message("bot", "12:00:00", ""), {"author": "bot", "author_id": id, "at": "2026-11-22T12:00:00Z", "text": ""}],
        }));
        let all = ["/conversation_id", "/customers/1/id", "/teammate/id", "/messages/1/author_id"];
        assert_eq!(found, if fine { &[][..] } else { &all }, "{id:?}");
    }
}

#[test]
fn there_are_1_to_100_customers() {
    let people = |count: usize| json!({"customers": vec![json!({"email": null}); count]});
    assert_eq!(faults(people(0)), ["/customers"]);
    assert_eq!(faults(people(1)), [""; 0]);
    assert_eq!(faults(people(100)), [""; 0]);
    assert_eq!(faults(people(101)), ["/customers"]);
}

#[test]
fn every_wrong_address_is_pointed_at() {
    let found = faults(json!({
        "customers": [{"email": "ada@example.com"}, {"email": ""}, {"email": null}, {"email": "ada"}],
        "teammate": {"id": "t7", "email": "grace"},
    }));
    assert_eq!(found, ["/customers/1/email", "/customers/3/email", "/teammate/email"]);
}

#[test]
fn addresses_are_those_that_mail_can_go_to() {
    let label = "a".repeat(63);
    let local = "a".repeat(64);
    let longest = format!("{local}@{label}.{label}.{}.org", "a".repeat(57));
    assert_eq!(longest.len(), 254);
    for fine in [
        "ada@example.com",
        "Ada.Lovelace+tag@Sub.Example.COM",
        "a@b.co",
        "o'hara@example.com",
        "björn@exämple.de",
        "ada@xn--exmple-cua.de",
        &format!("{local}@example.com"),
        &format!("ada@{label}.org"),
        &longest,
    ] {
        assert!(is_address(fine), "{fine:?}");
    }
    for wrong in [
        "",
        " ",
        "ada",
        "@example.com",
        "ada@",
        "a@b",
        "x@localhost",
        "x@[127.0.0.1]",
        "x@[IPv6:::1]",
        "ada@1.2.3.4",
        "ada@example.123",
        "\"ada lovelace\"@example.com",
        "ada@@example.com",
        "ada@example.com@example.org",
        "ada..b@example.com",
        ".ada@example.com",
        "ada.@example.com",
        "ada@example..com",
        "ada@.example.com",
        "ada@example.com.",
        "ada@-example.com",
        "ada@exa mple.com",
        "ada lovelace@example.com",
        " ada@example.com",
        "ada@example.com ",
        "ada@example.com\n",
        "ada@example.com\r\nBcc: bob@example.com",
        "ada\r\n@example.com",
        "\"ada\r\n\"@example.com",
        "\"ada\u{85}\"@example.com",
        "ada\0@example.com",
        "Ada <ada@example.com>",
        "<ada@example.com>",
        "mailto:ada@example.com,bob@example.com",
        "ada@example.com,bob@example.com",
        "ada@example.com;bob@example.com",
        "ada(comment)@example.com",
        &format!("a{local}@example.com"),
        &format!("ada@a{label}.org"),
        &longest.replace(".org", "b.org"),
    ] {
        assert!(!is_address(wrong), "{wrong:?}");
    }
}

#[test]
fn urls_are_http_or_https_and_ids_of_messages_have_brackets() {
    for (url, fine) in [
        ("https://desk.example.com/8841?a=b#c", true),
        ("http://localhost:3000/8841", true),
        ("https://[::1]/", true),
        ("https://exämple.de/ü", true),
        ("ftp://desk.example.com", false),
        ("javascript:alert(1)", false),
        ("data:text/html,x", false),
        ("//desk.example.com", false),
        ("/8841", false),
        ("", false),
        ("https://", false),
        ("https:///8841", false),
        (" https://desk.example.com", false),
        ("https://desk.example.com/\n", false),
        ("https://desk.example.com/a b", false),
        ("HTTPS://_desk.example.com", true),
        ("https://desk.example.com:99999/", false),
        ("https://[::1/", false),
        ("https:desk.example.com", false),
    ] {
        assert_eq!(faults(json!({"url": url})).is_empty(), fine, "{url:?}");
    }
    for (id, fine) in [
        ("<m1@desk.example.com>", true),
        ("<a.b+c=d/e@[10.0.0.1]>", true),
        ("m1@desk.example.com", false),
        ("<m1@desk.example.com", false),
        ("<m1>", false),
        ("<>", false),
        ("", false),
        ("<m1@desk.example.com>\r\nBcc: <bob@example.com>", false),
        ("<m1@a> <m2@b>", false),
        ("<m1 @a>", false),
        ("<mü@a>", false),
    ] {
        let found = faults(json!({"in_reply_to": id}));
        assert_eq!(found, if fine { &[][..] } else { &["/in_reply_to"] }, "{id:?}");
    }
}

#[test]
fn all_faults_are_reported_at_once() {
    let found = faults(json!({
        "conversation_id": "", "closed_at": "2026-11-22T13:00:00Z", "last_reply_at": "2026-11-22T14:00:00Z", "url": "x",
        "in_reply_to": "x", "customers": [{"email": "", "id": ""}], "teammate": {"id": "", "email": ""},
    }));
    let all = "/conversation_id /closed_at /last_reply_at /url /in_reply_to /customers/0/email /customers/0/id /teammate/id \
               /teammate/email";
    assert_eq!(found, all.split_whitespace().collect::<Vec<_>>());
}

#[test]
fn messages_fill_what_is_missing() {
    let messages = json!([
        message("teammate", "11:00:00", "Grüße 😀"), // 7 characters
        message("customer", "11:30:00", "\r\n"),
        message("bot", "11:40:00", "a bot's words count nowhere"),
        message("teammate", "10:00:00", "earlier"),
    ]);
    let settled = closing(json!({ "messages": messages })).normalize();
    assert_eq!(settled.characters, Some(7 + 2 + 7));
    assert_eq!(settled.last_reply_at, Some(noon() - TimeDelta::minutes(30)));
    assert_eq!(settled.teammate_replied, Some(true));
    let teammate = settled.teammate.expect("a teammate");
    assert_eq!((teammate.id.as_str(), teammate.name.as_deref()), ("teammate-11:00:00", Some("Grace")));
    assert!(settled.messages.is_none(), "texts are dropped");
    // A fact that the helpdesk sends stays as it was sent. Each fact stands by itself.
    let told =
        closing(json!({"messages": messages, "characters": 0, "teammate_replied": false, "teammate": {"id": "t7"}}));
    let told = told.normalize();
    assert_eq!((told.characters, told.teammate_replied), (Some(0), Some(false)));
    assert_eq!(told.last_reply_at, Some(noon() - TimeDelta::minutes(30)));
    assert_eq!(told.teammate.expect("told").id, "t7");
}

#[test]
fn of_messages_at_one_time_the_last_in_the_list_is_the_last() {
    let said = |id: &str, at: &str| json!({"author": "teammate", "author_id": id, "at": format!("2026-11-22T{at}Z"), "text": ""});
    for (messages, last) in [
        (json!([said("a", "11:00:00"), said("b", "11:00:00")]), "b"),
        (json!([said("b", "11:00:00"), said("a", "11:00:00"), said("c", "10:59:59")]), "a"),
        (json!([said("a", "11:00:00.001"), said("b", "11:00:00")]), "a"),
    ] {
        assert_eq!(closing(json!({ "messages": messages })).normalize().teammate.expect("one").id, last);
    }
}

#[test]
fn no_message_of_a_person_means_no_characters_and_no_reply_at_an_unknown_time() {
    for messages in [json!([]), json!([message("bot", "11:00:00", "hello")])] {
        let settled = closing(json!({ "messages": messages })).normalize();
        assert_eq!((settled.characters, settled.last_reply_at), (Some(0), None));
        assert_eq!(settled.teammate_replied, Some(false));
        assert_eq!(settled.teammate, None);
    }
    let settled = closing(json!({"messages": [message("customer", "11:00:00", "hello")]})).normalize();
    assert_eq!((settled.characters, settled.teammate_replied, settled.teammate), (Some(5), Some(false), None));
    let settled = closing(json!({ "messages": null })).normalize();
    assert_eq!((settled.characters, settled.teammate_replied), (None, None));
}

#[test]
fn a_text_is_cut_for_display() {
    for (text, most, shown) in [
        ("Refund", 6, Some("Refund")),
        ("Refunds", 6, Some("Refun…")),
        ("  Refund \n", 6, Some("Refund")),
        ("a\r\nBcc: b", 20, Some("a  Bcc: b")),
        ("tab\there", 20, Some("tab here")),
        ("😀😀😀", 3, Some("😀😀😀")),
        ("😀😀😀😀", 3, Some("😀😀…")),
        ("abc", 1, Some("…")),
        ("", 6, None),
        (" \t\u{0} ", 6, None),
    ] {
        assert_eq!(display(text, most).as_deref(), shown, "{text:?}");
    }
}

#[test]
fn a_long_subject_is_cut_and_not_refused() {
    let long = "x".repeat(10_000);
    let more = json!({
        "subject": long, "channel": long, "tags": [long, " ", "refund"],
        "customers": [{"email": null, "name": long, "locale": " "}], "teammate": {"id": "t7", "name": " Grace\n", "team": long},
    });
    assert_eq!(faults(more.clone()), [""; 0]);
    let settled = closing(more).normalize();
    let subject = settled.subject.expect("a subject");
    assert_eq!((subject.chars().count(), subject.ends_with('…')), (LONGEST_SUBJECT, true));
    assert_eq!(settled.tags[0].chars().count(), LONGEST_NAME);
    assert_eq!(settled.tags[1..], ["refund"]);
    assert_eq!(settled.customers[0].locale, None);
    let teammate = settled.teammate.expect("told");
    assert_eq!(
        (teammate.name.as_deref(), teammate.team.map(|team| team.chars().count())),
        (Some("Grace"), Some(LONGEST_NAME))
    );
}

#[test]
fn people_are_distinct_addresses_and_each_without_one() {
    for (emails, people, asked) in [
        (json!(["Ada@Example.com"]), 1, Some("Ada@Example.com")),
        (json!(["ada@example.com", "ADA@EXAMPLE.com"]), 1, Some("ada@example.com")),
        (json!(["ÄDA@example.com", "äda@example.com"]), 1, Some("ÄDA@example.com")),
        (json!([null]), 1, None),
        (json!([null, null]), 2, None),
        (json!([null, "ada@example.com"]), 2, Some("ada@example.com")),
    ] {
        let customers: Vec<_> =
            emails.as_array().expect("a list").iter().map(|email| json!({"email": email})).collect();
        let closing = closing(json!({ "customers": customers }));
        assert_eq!((closing.people(), closing.address()), (people, asked), "{emails}");
    }
}

proptest! {
    #[test]
    fn what_is_displayed_is_short_clean_and_never_empty(text in any::<String>(), most in 1..40usize) {
        if let Some(shown) = display(&text, most) {
            prop_assert!(!shown.is_empty() && shown.chars().count() <= most);
            prop_assert!(!shown.contains(char::is_control) && shown.trim_start() == shown);
            prop_assert_eq!(display(&shown, most), Some(shown.clone()), "once is enough");
        } else {
            prop_assert!(text.chars().all(|c| c.is_control() || c.is_whitespace()));
        }
    }

    #[test]
    fn an_address_has_one_line_and_two_labels(text in "[a-z\"\\\\ @.\r\n<>\\[\\]äß-]{0,20}") {
        if is_address(&text) {
            prop_assert!(!text.contains(char::is_control));
            let (_, domain) = text.rsplit_once('@').expect("an at sign");
            prop_assert!(domain.contains('.') && !domain.contains(['[', ' ', '<', '>']));
        }
    }

    #[test]
    fn characters_are_counted_in_unicode_scalar_values(texts in prop::collection::vec((0..3usize, any::<String>()), 0..6)) {
        let author = |who: usize| ["customer", "teammate", "bot"][who];
        let messages: Vec<_> = texts.iter().map(|(who, text)| message(author(*who), "11:00:00", text)).collect();
        let people = texts.iter().filter(|(who, _)| *who < 2);
        let expected = people.clone().map(|(_, text)| text.chars().count()).sum::<usize>();
        let settled = closing(json!({ "messages": messages })).normalize();
        prop_assert_eq!(settled.characters.map(|characters| characters as usize), Some(expected));
        prop_assert_eq!(settled.last_reply_at.is_some(), people.count() > 0);
        prop_assert_eq!(settled.teammate_replied, Some(texts.iter().any(|(who, _)| *who == 1)));
    }
}
