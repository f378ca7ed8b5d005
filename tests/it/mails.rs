//! The admin pages about what does not reach customers or does not come back: not asked, mails, lost and held.

use crate::desk::{Answer, Desk};
use afterword::survey::access::Scope;
use afterword::survey::outbound::Attempt;
use axum::body::Body;
use axum::http::Request;
use chrono::TimeDelta;
use serde_json::{Value, json};

/// Opens an admin page as the holder of a key.
async fn open(desk: &Desk, key: &str, path: &str) -> Answer {
    let form = serde_urlencoded::to_string([("key", key)]).expect("a form");
    let request = Request::post("/admin/sign-in").header("content-type", "application/x-www-form-urlencoded");
    let signed_in = desk.send(request.body(Body::from(form)).expect("a request")).await;
    let cookie = signed_in.header("set-cookie").split(';').next().expect("a pair").to_owned();
    let request = Request::get(path).header("cookie", cookie);
    desk.send(request.body(Body::empty()).expect("a request")).await
}

fn teammate(id: &str, team: &str) -> Value {
    json!({"id": id, "name": format!("Name of {id}"), "team": team})
}

fn customer(conversation: &str, domain: &str) -> Value {
    json!([{"email": format!("somebody{conversation}@{domain}")}])
}

/// The cells of a table's row that has this head, without markup.
fn row(page: &Answer, head: &str) -> Vec<String> {
    let rows = page.text.split("<tr").skip(1).map(|row| row.split("</tr>").next().unwrap_or_default());
    let cells = |row: &str| -> Vec<String> {
        let cells = row.split("</t").map(|cell| {
            let texts = cell.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text));
            texts.collect::<String>().trim().to_owned()
        });
        cells.collect()
    };
    rows.map(cells).find(|cells| cells[0] == head).unwrap_or_else(|| panic!("no row {head:?}: {}", page.text))
}

#[tokio::test]
async fn the_page_says_in_words_why_nobody_was_asked() {
    let desk = Desk::open().await;
    let empty = open(&desk, &desk.admin, "/admin/not-asked").await;
    assert!(empty.text.contains("No closing was reported in this time"), "{}", empty.text);
    desk.close(json!({"conversation_id": "1", "characters": 3})).await;
    desk.pass(TimeDelta::days(7));
    desk.close(json!({"conversation_id": "2", "characters": 3})).await;
    desk.close(json!({"conversation_id": "3", "characters": 3, "ask": false})).await;
    desk.close(json!({"conversation_id": "4"})).await;
    let page = open(&desk, &desk.admin, "/admin/not-asked?period=7d").await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("2 of 3 closings reported in this time"), "{}", page.text);
    let short = row(&page, "Too little was writtentoo_short");
    assert_eq!(short[1..5], ["2", "66.7\u{a0}%", "1", "1"]);
    assert!(short[5].contains("ask.min_characters"), "{short:?}");
    assert_eq!(row(&page, "The helpdesk said not to asksuppressed_here")[1..5], ["1", "33.3\u{a0}%", "0", "0"]);
    let wrong = open(&desk, &desk.admin, "/admin/not-asked?from=tomorrow").await;
    assert!(wrong.status == 422 && wrong.text.contains("is not a day"), "{}", wrong.text);
    let key = desk.key(Scope::Read, None, Some("Sales")).await;
    let other = open(&desk, &key, "/admin/not-asked").await;
    assert!(other.text.contains("No closing was reported in this time"), "another team's closings: {}", other.text);
}

#[tokio::test]
async fn a_conversation_tells_its_story_to_those_who_may_see_it() {
    let desk = Desk::open().await;
    desk.close(json!({"conversation_id": "88<41>", "characters": 3})).await;
    let page = open(&desk, &desk.admin, "/admin/not-asked?conversation=88%3C41%3E&period=7d").await;
    let told = "nobody is asked (too_short): 3 characters were written: asking takes more than 250";
    assert!(page.text.contains(told) && !page.text.contains("88<41>"), "{}", page.text);
    assert!(page.text.contains("<input type=\"hidden\" name=\"period\" value=\"7d\">"), "{}", page.text);
    let mine = desk.key(Scope::Read, Some("t7"), None).await;
    assert!(open(&desk, &mine, "/admin/not-asked?conversation=88%3C41%3E").await.text.contains(told));
    let others = desk.key(Scope::Read, Some("t8"), None).await;
    let hidden = open(&desk, &others, "/admin/not-asked?conversation=88%3C41%3E").await;
    assert!(!hidden.text.contains(told), "{}", hidden.text);
    assert!(hidden.text.contains("belongs to another part of the team"), "{}", hidden.text);
    let unknown = open(&desk, &desk.admin, "/admin/not-asked?conversation=17").await;
    assert!(unknown.text.contains("Nothing is known of the conversation 17."), "{}", unknown.text);
}

#[tokio::test]
async fn a_conversation_that_several_helpdesks_know_is_chosen() {
    let desk = Desk::open().await;
    desk.close(json!({"conversation_id": "5"})).await;
    let sql = "INSERT INTO closing SELECT 'desk', conversation_id, closed_at + 1, reported_at, state, subject, url, channel,
        started_by, characters, last_reply_at, teammate_replied, customers, teammate_id, team, tags, policy, 'skip', NULL,
        NULL, '[]', NULL, NULL, NULL FROM closing";
    desk.sql(sql).await;
    let page = open(&desk, &desk.admin, "/admin/not-asked?conversation=5").await;
    assert!(page.text.contains("Several helpdesks have a conversation 5."), "{}", page.text);
    for (name, link) in [("plain API", "plain+API"), ("desk", "desk")] {
        let path = format!("/admin/not-asked?conversation=5&amp;connection={link}");
        assert!(page.text.contains(&path) || page.text.contains(&path.replace("&amp;", "&#38;")), "{}", page.text);
        let story = open(&desk, &desk.admin, &format!("/admin/not-asked?conversation=5&connection={link}")).await;
        assert!(story.text.contains(&format!("({name})")), "{}", story.text);
        assert_eq!(story.text.contains("decided to ask"), name == "plain API");
    }
}

/// A desk whose mails fared in every way: those of t1 in Billing, and one that failed of t2 in Sales.
async fn fared() -> Desk {
    let desk = Desk::asking(|policy| policy.delay = TimeDelta::hours(1)).await;
    for (conversation, id, team) in [
        ("1", "t1", "Billing"),
        ("2", "t1", "Billing"),
        ("3", "t1", "Billing"),
        ("4", "t2", "Sales"),
        ("5", "t1", "Billing"),
    ] {
        let (teammate, customers) = (teammate(id, team), customer(conversation, "example.org"));
        desk.close(json!({"conversation_id": conversation, "teammate": teammate, "customers": customers})).await;
        desk.pass(TimeDelta::milliseconds(1));
    }
    desk.reopen("5", desk.clock.now()).await;
    desk.put("/v1/suppressions/somebody3@example.org", None).await;
    desk.pass(TimeDelta::hours(1));
    let no = Attempt::NoRecipient("550 5.1.1 <somebody4@example.org> no such user".into());
    desk.memory.answer_next([Attempt::Accepted, Attempt::Accepted, no]);
    desk.deliver().await;
    let survey = async |conversation: &str| {
        let known = desk.get(&format!("/v1/conversations/{conversation}")).await;
        known["surveys"][0]["survey_id"].as_str().expect("a survey").to_owned()
    };
    for (conversation, kind) in [("1", "hard"), ("2", "complaint")] {
        let reported = json!({"survey_id": survey(conversation).await, "kind": kind, "reason": "x <a@b.example> y"});
        assert_eq!(desk.post("/v1/bounces", reported).await.status, 200);
    }
    desk.close(json!({"conversation_id": "6", "teammate": teammate("t1", "Billing"), "customers": customer("6", "example.com")}))
        .await;
    desk
}

#[tokio::test]
async fn mails_are_counted_and_listed_by_what_became_of_them() {
    let desk = fared().await;
    let page = open(&desk, &desk.admin, "/admin/mails").await;
    for (head, mails) in [
        ("Waiting", "1"),
        ("Sent", "2"),
        ("of these: Bounced", "1"),
        ("of these: Came back for now", "0"),
        ("of these: Reported as spam", "1"),
        ("Failed", "1"),
        ("Stopped", "2"),
        ("of these: Reopened", "1"),
        ("of these: Opted out", "1"),
    ] {
        assert_eq!(row(&page, head)[1], mails, "{head}");
    }
    let report = desk.get("/v1/report").await;
    let total = &report["total"];
    assert_eq!((&total["asked"], &total["waiting"], &total["failed"]), (&json!(2), &json!(1), &json!(1)));
    for (state, shown) in [
        ("failed", vec![("4", "There is no such address.", "550 5.1.1 &#60;address&#62; no such user")]),
        ("waiting", vec![("6", "It is sent when it is due", "the mail is due")]),
        (
            "returned",
            vec![
                ("2", "reported it as spam", "complaint: x &#60;address&#62; y"),
                ("1", "It came back", "hard bounce: x"),
            ],
        ),
        ("stopped", vec![("5", "was reopened", "no mail goes out"), ("3", "unsubscribed", "no mail goes out")]),
    ] {
        let page = open(&desk, &desk.admin, &format!("/admin/mails?state={state}")).await;
        assert!(!page.text.contains("somebody") && page.text.contains("example."), "no address: {}", page.text);
        let mut rest = page.text.as_str();
        for (conversation, means, last) in shown {
            for text in [&format!("conversation={conversation}&#38;connection=plain+API"), means, last] {
                let (_, after) = rest.split_once(text).unwrap_or_else(|| panic!("{state}: no {text} in {rest}"));
                rest = after;
            }
        }
        assert!(!rest.contains("conversation="), "no other: {rest}");
    }
    let wrong = open(&desk, &desk.admin, "/admin/mails?state=lost&cursor=x").await;
    assert_eq!(wrong.status, 422);
}

#[tokio::test]
async fn a_limited_key_sees_the_mails_of_its_part() {
    let desk = fared().await;
    let key = desk.key(Scope::Read, None, Some("Sales")).await;
    let page = open(&desk, &key, "/admin/mails").await;
    let counts = ["Waiting", "Sent", "of these: Bounced", "Failed", "Stopped"].map(|head| row(&page, head)[1].clone());
    assert_eq!(counts, ["0", "0", "0", "1", "0"]);
    assert!(page.text.contains("conversation=4&#38;"), "{}", page.text);
    for state in ["waiting", "returned", "stopped"] {
        let page = open(&desk, &key, &format!("/admin/mails?state={state}&team=Billing")).await;
        assert!(page.status == 200 && page.text.contains("No such mails"), "{}", page.text);
    }
}

#[tokio::test]
async fn the_list_of_mails_goes_on() {
    let desk = Desk::asking(|policy| policy.delay = TimeDelta::hours(1)).await;
    for number in 0..60 {
        let conversation = number.to_string();
        desk.close(json!({"conversation_id": conversation, "customers": customer(&conversation, "example.org")})).await;
    }
    let listed = |page: &Answer| page.text.matches("aria-label=\"Conversation ").count();
    let page = open(&desk, &desk.admin, "/admin/mails?state=waiting").await;
    assert_eq!(listed(&page), 50);
    let (_, rest) = page.text.split_once("<a href=\"/admin/mails?state=waiting&#38;cursor=").expect(&page.text);
    let cursor = rest.split('"').next().expect("a cursor");
    let page = open(&desk, &desk.admin, &format!("/admin/mails?state=waiting&cursor={cursor}")).await;
    assert_eq!((listed(&page), page.text.contains("rel=\"next\"")), (10, false));
}

#[tokio::test]
async fn what_was_lost_and_what_scans_is_told_with_the_reports_counts() {
    let desk = Desk::open().await;
    let empty = open(&desk, &desk.admin, "/admin/lost").await;
    assert!(empty.text.contains("No survey was sent in this time"), "{}", empty.text);
    for (conversation, domain, id) in
        [("1", "scanned.example", "t1"), ("2", "scanned.example", "t1"), ("3", "calm.example", "t2")]
    {
        let customers = customer(conversation, domain);
        desk.close(
            json!({"conversation_id": conversation, "customers": customers, "teammate": teammate(id, "Billing")}),
        )
        .await;
        let mail = desk.the_mail().await;
        match conversation {
            // A gateway opens every link of the first as it arrives, and one of the second, but says so.
            "1" => {
                for link in &mail.links {
                    desk.visit(link).await;
                }
            }
            "2" => {
                let request = Request::get(&mail.links[0]).header("user-agent", "Barracuda Sentinel");
                desk.send(request.body(Body::empty()).expect("a request")).await;
            }
            // A customer looks later, and leaves.
            _ => {
                desk.pass(TimeDelta::hours(1));
                desk.visit(&mail.links[4]).await;
            }
        }
    }
    desk.gateway.flush().await.expect("views are written");
    let page = open(&desk, &desk.admin, "/admin/lost").await;
    let total = desk.get("/v1/report").await["total"].clone();
    assert_eq!((&total["unconfirmed"], &total["unconfirmed_other_young"]), (&json!(2), &json!(1)));
    assert_eq!(row(&page, "Elsewhere, within 5 minutes")[1..3], ["1", "33.3\u{a0}%"]);
    assert_eq!(row(&page, "Elsewhere, later")[1], "1");
    assert_eq!(row(&page, "On a phone, later")[1], "0");
    assert_eq!(row(&page, "scanned.example")[1..6], ["2", "2", "100.0\u{a0}%", "0", "1"]);
    assert!(!page.text.contains("calm.example") && !page.text.contains("somebody"), "{}", page.text);
    // Erasing takes the domain along.
    assert_eq!(desk.delete("/v1/customers/somebody1@scanned.example").await.status, 200);
    let page = open(&desk, &desk.admin, "/admin/lost").await;
    assert_eq!(row(&page, "scanned.example")[1..3], ["1", "1"]);
    let key = desk.key(Scope::Read, Some("t2"), None).await;
    let page = open(&desk, &key, "/admin/lost").await;
    assert!(page.text.contains("No scanner came.") && !page.text.contains("scanned.example"), "{}", page.text);
    assert_eq!(row(&page, "Elsewhere, later")[1..3], ["1", "100.0\u{a0}%"]);
}
