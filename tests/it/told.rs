//! Events to webhooks: when each is sent, its body, which target gets it, and what happens if a target does not take it.

use crate::commands;
use crate::desk::{Desk, Mail, time};
use afterword::clock::Clock;
use afterword::config::{Config, WebhookSettings};
use afterword::gateway::{Access, Again, Gateway, Step};
use afterword::survey::access::{Scope, Within};
use afterword::survey::moderation::Act;
use afterword::survey::outbound::Attempt;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, TimeDelta};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::sync::Notify;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A status, and what `Retry-After` says.
type Reply = (u16, Option<&'static str>);

/// A receiver of events: it takes everything, but for the answers that a test gives it.
#[derive(Clone, Default)]
struct Receiver {
    url: String,
    got: Arc<Mutex<Vec<(String, Value)>>>,
    /// What it answers next. A status of 0 is no answer.
    answers: Arc<Mutex<VecDeque<Reply>>>,
    arrived: Arc<Notify>,
}

impl Receiver {
    async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/events", listener.local_addr().expect("bound"));
        let receiver = Self { url, ..Self::default() };
        let routes = Router::new().fallback(Self::take).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        receiver
    }

    async fn take(State(receiver): State<Self>, headers: HeaderMap, body: Bytes) -> Response {
        let header = |name| headers[name].to_str().expect("text").to_owned();
        assert!(header("webhook-signature").starts_with("v1,") && header("webhook-timestamp").len() == 10);
        let told = (header("webhook-id"), serde_json::from_slice(&body).expect("JSON"));
        receiver.got.lock().expect("sound").push(told);
        receiver.arrived.notify_one();
        let answer = receiver.answers.lock().expect("sound").pop_front();
        match answer {
            None => StatusCode::NO_CONTENT.into_response(),
            Some((0, _)) => std::future::pending().await,
            Some((status, retry_after)) => {
                let status = StatusCode::from_u16(status).expect("a status");
                let location = [("location", "http://127.0.0.1:1/")];
                (status, location, retry_after.map(|after| [("retry-after", after)]), "no").into_response()
            }
        }
    }

    fn answer(&self, status: u16, retry_after: Option<&'static str>) {
        self.answers.lock().expect("sound").push_back((status, retry_after));
    }

    /// What came since the last look: ids and bodies.
    fn taken(&self) -> Vec<(String, Value)> {
        std::mem::take(&mut *self.got.lock().expect("sound"))
    }

    /// The kinds of what came since the last look, with the score if it says one.
    fn kinds(&self) -> Vec<String> {
        self.taken().iter().map(|(_, body)| kind(body)).collect()
    }
}

fn kind(body: &Value) -> String {
    let score = body["data"]["rating"]["score"].as_u64().map_or(String::new(), |score| format!(" {score}"));
    format!("{}{score}", body["type"].as_str().expect("a type"))
}

fn webhook(receiver: &Receiver, changes: &Value) -> WebhookSettings {
    let mut settings = json!({"url": receiver.url, "secret": SECRET});
    for (key, value) in changes.as_object().expect("settings") {
        settings[key] = value.clone();
    }
    serde_json::from_value(settings).expect("settings")
}

fn configure(config: &mut Config, webhooks: impl IntoIterator<Item = (&'static str, WebhookSettings)>) {
    config.outgoing.allow_private = vec!["127.0.0.1".parse().expect("an address")];
    config.webhooks.extend(webhooks.into_iter().map(|(name, webhook)| (name.to_owned(), webhook)));
}

/// A desk that tells one receiver of these events; of all without any.
async fn telling(events: &[&str]) -> (Desk, Receiver) {
    let receiver = Receiver::open().await;
    let settings = webhook(&receiver, &json!({"events": events}));
    (Desk::with(|config| configure(config, [("crm", settings)])).await, receiver)
}

/// Tells a target what is due; the last step.
async fn tell(desk: &Desk, target: &str) -> Step {
    let worker = desk.gateway.target_workers().into_iter().find(|worker| worker.name == target);
    let mut worker = worker.expect("a target");
    loop {
        match desk.gateway.tell_due(&mut worker).await.expect("the store answers") {
            Step::Again => {}
            last => return last,
        }
    }
}

async fn told(desk: &Desk, receiver: &Receiver) -> Vec<String> {
    tell(desk, "webhook.crm").await;
    receiver.kinds()
}

/// Asks about a conversation; ten minutes later the mail is no longer young.
async fn asked(desk: &Desk) -> Mail {
    desk.close(json!({})).await;
    let mail = desk.the_mail().await;
    desk.pass(TimeDelta::minutes(10));
    mail
}

/// Rates by looking, as most do.
async fn look(desk: &Desk, link: &str) {
    let page = desk.visit(link).await.page_token();
    desk.pass(TimeDelta::seconds(2));
    let answer = desk.submit(link, &[("page", &page), ("how", "seen")]).await;
    assert_eq!(answer["outcome"], "ok", "{}", answer.text);
}

/// Picks another score, and presses.
async fn change(desk: &Desk, mail: &Mail, score: &str) {
    let link = &mail.links[3];
    let page = desk.visit(link).await.page_token();
    desk.pass(TimeDelta::seconds(10));
    let answer = desk.submit(link, &[("page", &page), ("score", score)]).await;
    assert_eq!(answer["outcome"], "ok", "{}", answer.text);
}

async fn states(desk: &Desk) -> Vec<String> {
    let sql = "SELECT kind, state, stop, said FROM telling JOIN event ON number = event ORDER BY number, target";
    desk.sql(sql).await.into_iter().map(|row| row.join(" ")).collect()
}

async fn survey(desk: &Desk) -> uuid::Uuid {
    desk.sql("SELECT id FROM survey").await[0][0].parse().expect("an id")
}

fn lead() -> Access {
    Access { name: "lead".into(), scope: Scope::Admin, within: Within::default() }
}

async fn moderate(desk: &Desk, act: Act) {
    let survey = survey(desk).await;
    desk.gateway.moderate(survey, act, "a test", &lead()).await.expect("it is done");
}

const SEEN: TimeDelta = TimeDelta::minutes(10);
const PRESSED: TimeDelta = TimeDelta::minutes(2);
const MOMENT: TimeDelta = TimeDelta::milliseconds(1);

#[tokio::test]
async fn a_sent_survey_is_told_at_once_and_a_rating_when_it_has_stood_for_a_while() {
    let (desk, receiver) = telling(&[]).await;
    let mail = asked(&desk).await;
    assert_eq!(told(&desk, &receiver).await, ["survey.sent"]);
    look(&desk, &mail.links[3]).await;
    desk.pass(SEEN - MOMENT);
    assert_eq!(told(&desk, &receiver).await, [""; 0]);
    desk.pass(MOMENT);
    tell(&desk, "webhook.crm").await;
    let (id, body) = receiver.taken().pop().expect("it came");
    assert!(id.starts_with("msg_") && id.len() == 36, "{id}");
    let data = &body["data"];
    assert_eq!((kind(&body).as_str(), &data["rating"]["evidence"]), ("rating.set 4", &json!("seen")));
    assert_eq!(data["survey_id"], survey(&desk).await.to_string());
    assert_eq!((&data["conversation_id"], &data["team"]), (&json!("8841"), &json!("Billing")));
    assert_eq!(data["customer"], json!({"id": "c1", "name": "Ada"}));
    assert!(!body.to_string().contains("ada@example.com"));
}

#[tokio::test]
async fn a_pressed_rating_waits_two_minutes_and_so_does_one_that_is_pressed_later() {
    let (desk, receiver) = telling(&["rating.set"]).await;
    let mail = asked(&desk).await;
    desk.press(&mail.links[3]).await;
    desk.pass(PRESSED - MOMENT);
    assert_eq!(told(&desk, &receiver).await, [""; 0]);
    desk.pass(MOMENT);
    assert_eq!(told(&desk, &receiver).await, ["rating.set 4"]);

    let (desk, receiver) = telling(&["rating.set"]).await;
    let mail = asked(&desk).await;
    look(&desk, &mail.links[3]).await;
    desk.press(&mail.links[3]).await;
    desk.pass(PRESSED);
    assert_eq!(told(&desk, &receiver).await, ["rating.set 4"], "the same score, and the customer is sure");
}

#[tokio::test]
async fn only_what_stands_is_told_and_a_score_that_nobody_heard_of_is_set_not_changed() {
    let (desk, receiver) = telling(&["rating.set", "rating.changed"]).await;
    let mail = asked(&desk).await;
    look(&desk, &mail.links[0]).await;
    change(&desk, &mail, "5").await;
    assert_eq!(states(&desk).await[0], "rating.set cancelled superseded null");
    desk.pass(SEEN);
    assert_eq!(told(&desk, &receiver).await, ["rating.set 5"]);
    change(&desk, &mail, "4").await;
    desk.pass(PRESSED);
    tell(&desk, "webhook.crm").await;
    let (_, body) = receiver.taken().pop().expect("it came");
    assert_eq!((kind(&body).as_str(), &body["data"]["rating"]["previous_score"]), ("rating.changed 4", &json!(5)));
    // There and back again within the wait: there is nothing to tell.
    change(&desk, &mail, "1").await;
    change(&desk, &mail, "4").await;
    desk.pass(SEEN);
    assert_eq!(told(&desk, &receiver).await, [""; 0]);
    assert_eq!(states(&desk).await.last().expect("one"), "rating.changed cancelled superseded null");
}

#[tokio::test]
async fn a_target_of_one_kind_gets_all_of_that_kind() {
    let (desk, receiver) = telling(&["rating.set"]).await;
    let mail = asked(&desk).await;
    look(&desk, &mail.links[0]).await;
    change(&desk, &mail, "5").await;
    desk.pass(SEEN);
    assert_eq!(told(&desk, &receiver).await, ["rating.set 5"]);
    change(&desk, &mail, "4").await;
    desk.pass(SEEN);
    assert_eq!(told(&desk, &receiver).await, [""; 0]);
    assert_eq!(states(&desk).await.last().expect("one"), "rating.changed cancelled unwanted rating.changed");

    let (desk, receiver) = telling(&["rating.changed"]).await;
    let mail = asked(&desk).await;
    look(&desk, &mail.links[0]).await;
    desk.pass(SEEN);
    assert_eq!(told(&desk, &receiver).await, [""; 0]);
    change(&desk, &mail, "5").await;
    desk.pass(SEEN);
    assert_eq!(told(&desk, &receiver).await, ["rating.changed 5"]);
}

#[tokio::test]
async fn a_comment_is_told_at_once_and_the_rating_before_it() {
    let (desk, receiver) = telling(&[]).await;
    let mail = asked(&desk).await;
    look(&desk, &mail.links[3]).await;
    told(&desk, &receiver).await;
    desk.comment(&mail.links[3], "Quick and kind.").await;
    tell(&desk, "webhook.crm").await;
    let taken = receiver.taken();
    assert_eq!(taken.iter().map(|(_, body)| kind(body)).collect::<Vec<_>>(), ["rating.set 4", "rating.commented 4"]);
    assert_eq!(taken[1].1["data"]["rating"]["comment"], "Quick and kind.");
    desk.pass(SEEN);
    assert_eq!(told(&desk, &receiver).await, [""; 0]);
}

#[tokio::test]
async fn a_rating_a_change_and_a_comment_in_one_batch_are_two_events() {
    let (desk, receiver) = telling(&["rating.set", "rating.changed", "rating.commented"]).await;
    let mail = asked(&desk).await;
    let link = &mail.links[3];
    let page = desk.visit(link).await.page_token();
    desk.pass(TimeDelta::seconds(10));
    let looked = [("page", page.as_str()), ("how", "seen")];
    let changed = [("page", page.as_str()), ("score", "5")];
    let commented = [("page", page.as_str()), ("comment", "Quick and kind.")];
    let (_, _, last) =
        tokio::join!(desk.submit(link, &looked), desk.submit(link, &changed), desk.submit(link, &commented));
    assert_eq!(last["standing"], "locked", "{}", last.text);
    assert_eq!(told(&desk, &receiver).await, ["rating.set 5", "rating.commented 5"]);
}

#[tokio::test]
async fn a_held_rating_is_told_as_held_and_what_admins_decide_at_once() {
    let (desk, receiver) = telling(&[]).await;
    let mail = asked(&desk).await;
    look(&desk, &mail.links[3]).await;
    desk.pass(TimeDelta::seconds(10));
    for link in &mail.links {
        desk.visit(link).await;
    }
    desk.pass(SEEN);
    assert_eq!(told(&desk, &receiver).await, ["survey.sent", "rating.held 4"]);
    moderate(&desk, Act::Release).await;
    desk.pass(SEEN);
    assert_eq!(told(&desk, &receiver).await, ["rating.set 4"]);
    moderate(&desk, Act::Void).await;
    tell(&desk, "webhook.crm").await;
    let (_, body) = receiver.taken().pop().expect("it came");
    assert_eq!((kind(&body).as_str(), &body["data"]["rating"]), ("rating.voided", &Value::Null));
    moderate(&desk, Act::Restore).await;
    desk.pass(SEEN);
    assert_eq!(told(&desk, &receiver).await, ["rating.set 4"]);
}

#[tokio::test]
async fn a_rating_that_was_held_and_confirmed_unheard_is_told_once() {
    let (desk, receiver) = telling(&["rating.set", "rating.held"]).await;
    let mail = asked(&desk).await;
    look(&desk, &mail.links[3]).await;
    desk.pass(SEEN);
    assert_eq!(told(&desk, &receiver).await, ["rating.set 4"]);
    for link in &mail.links {
        desk.visit(link).await;
    }
    desk.gateway.flush().await.expect("views are written");
    moderate(&desk, Act::Release).await;
    desk.pass(SEEN);
    assert_eq!(told(&desk, &receiver).await, [""; 0]);
}

#[tokio::test]
async fn a_command_beside_the_service_makes_events_too() {
    let (desk, receiver) = telling(&["rating.voided", "rating.set"]).await;
    let mail = asked(&desk).await;
    desk.press(&mail.links[0]).await;
    desk.pass(PRESSED);
    assert_eq!(told(&desk, &receiver).await, ["rating.set 1"]);
    let clock = Clock::at(desk.clock.now());
    let beside = Gateway::open((*desk.gateway.config).clone(), clock).await.expect("it opens");
    beside.moderate(survey(&desk).await, Act::Void, "a test", &lead()).await.expect("it is done");
    assert_eq!(told(&desk, &receiver).await, ["rating.voided"]);
}

#[tokio::test]
async fn skips_and_bounces_are_told_with_their_reasons() {
    let (desk, receiver) = telling(&[]).await;
    desk.close(json!({"characters": 120})).await;
    tell(&desk, "webhook.crm").await;
    let (_, body) = receiver.taken().pop().expect("it came");
    let data = &body["data"];
    assert_eq!((kind(&body).as_str(), &data["reasons"][0]["rule"]), ("survey.skipped", &json!("too_short")));
    assert_eq!((&data["survey_id"], &data["conversation_id"]), (&Value::Null, &json!("8841")));
    // A repeat and a dry run are no facts.
    desk.dry_run(json!({"conversation_id": "7", "characters": 120})).await;
    desk.close(json!({"characters": 120})).await;
    assert_eq!(told(&desk, &receiver).await, [""; 0]);

    desk.memory.answer_next([Attempt::NoRecipient("550 no such user".into())]);
    desk.close(json!({"conversation_id": "9"})).await;
    desk.deliver().await;
    tell(&desk, "webhook.crm").await;
    let (_, body) = receiver.taken().pop().expect("it came");
    assert_eq!((kind(&body).as_str(), &body["data"]["bounce"]), ("survey.bounced", &json!("no_recipient")));
}

#[tokio::test]
async fn the_story_of_a_conversation_says_what_targets_were_told_and_a_limited_key_reads_its_own_part() {
    let (desk, receiver) = telling(&["survey.skipped", "rating.set"]).await;
    receiver.answer(500, None);
    let mail = asked(&desk).await;
    desk.press(&mail.links[1]).await;
    desk.pass(PRESSED);
    tell(&desk, "webhook.crm").await;
    desk.close(json!({"conversation_id": "7", "characters": 120})).await;
    let story = async |path: &str, key: &str| {
        let answer = desk.call(Method::GET, path, Some(key), None).await;
        let lines = answer["story"].as_array().cloned().unwrap_or_default();
        let texts: Vec<_> = lines.iter().filter_map(|line| line["text"].as_str().map(str::to_owned)).collect();
        texts.into_iter().filter(|text| text.contains("webhook.crm")).collect::<Vec<_>>()
    };
    let due = "rating.set (🙁 bad) is due for webhook.crm for the 2nd attempt; the last answer: answered 500";
    assert_eq!(story("/v1/conversations/8841", &desk.admin).await, [due]);
    assert_eq!(story("/v1/conversations/7", &desk.admin).await, ["survey.skipped is due for webhook.crm"]);
    let other = desk.key(Scope::Read, Some("t9"), None).await;
    assert_eq!(story("/v1/conversations/8841", &other).await, [""; 0]);
    let of_survey = desk.get("/v1/conversations/8841").await;
    assert!(of_survey["surveys"][0]["story"].to_string().contains(due), "{}", of_survey.text);
}

#[tokio::test]
async fn what_a_crash_interrupted_is_told_again_under_the_same_id() {
    let (desk, receiver) = telling(&["survey.sent"]).await;
    asked(&desk).await;
    receiver.answer(0, None);
    tokio::select! {
        _ = tell(&desk, "webhook.crm") => panic!("it never answers"),
        () = receiver.arrived.notified() => {}
    }
    let first = receiver.taken();
    assert_eq!(states(&desk).await, ["survey.sent sending null survey.sent"]);
    let settings = webhook(&receiver, &json!({"events": ["survey.sent"]}));
    let desk = Desk::at(desk.folder, |config| configure(config, [("crm", settings)])).await;
    desk.pass(TimeDelta::minutes(10));
    tell(&desk, "webhook.crm").await;
    assert_eq!((receiver.taken(), first.len()), (first, 1));
    assert_eq!(states(&desk).await, ["survey.sent accepted null survey.sent"]);
}

#[tokio::test]
async fn a_target_that_refuses_rests_and_is_probed_and_gives_up_after_three_days() {
    let (desk, receiver) = telling(&["survey.sent"]).await;
    asked(&desk).await;
    let mut worker = desk.gateway.target_workers().remove(0);
    let (mut attempts, start) = (0, desk.clock.now());
    let mut longest = TimeDelta::zero();
    for status in [500, 301, 404, 429].into_iter().cycle() {
        receiver.answer(status, None);
        let Step::Again = desk.gateway.tell_due(&mut worker).await.expect("an answer") else { panic!("it is due") };
        attempts += 1;
        if states(&desk).await[0].contains("failed") {
            break;
        }
        let due = desk.sql("SELECT due_at FROM telling").await[0][0].parse::<i64>().expect("a time");
        let wait = TimeDelta::milliseconds(due - desk.clock.now().timestamp_millis());
        assert!(wait <= TimeDelta::hours(4), "{wait}");
        longest = longest.max(wait);
        match desk.gateway.tell_due(&mut worker).await.expect("an answer") {
            Step::Resting(rest) => assert!(rest <= TimeDelta::minutes(10), "{rest}"),
            other => panic!("{other:?}: it rests"),
        }
        desk.pass(wait.max(TimeDelta::minutes(10)));
    }
    let lasted = desk.clock.now() - start;
    assert!(lasted > TimeDelta::days(2) && lasted < TimeDelta::days(3) + TimeDelta::minutes(10), "{lasted}");
    assert!(attempts > 20 && longest > TimeDelta::hours(2), "{attempts} {longest}");
    let ids: std::collections::BTreeSet<_> = receiver.taken().into_iter().map(|(id, _)| id).collect();
    assert_eq!(ids.len(), 1, "every attempt has the same id");
    receiver.answers.lock().expect("sound").clear();
    assert_eq!(desk.gateway.tell_again("webhook.crm", Again::Failed).await.expect("an answer"), 1);
    assert_eq!(told(&desk, &receiver).await, ["survey.sent"]);
}

#[tokio::test]
async fn a_wait_that_a_target_asks_for_is_kept_within_bounds() {
    let (desk, receiver) = telling(&["survey.sent"]).await;
    asked(&desk).await;
    let due = async || desk.sql("SELECT due_at FROM telling").await[0][0].parse::<i64>().expect("a time");
    for (asked, expected) in [("120", TimeDelta::minutes(2)), ("999999999", TimeDelta::hours(4))] {
        receiver.answer(503, Some(asked));
        assert_eq!(tell(&desk, "webhook.crm").await, Step::Resting(expected));
        assert_eq!(due().await - desk.clock.now().timestamp_millis(), expected.num_milliseconds());
        desk.pass(expected);
    }
}

#[tokio::test]
async fn a_target_that_is_gone_is_told_nothing_until_it_is_enabled() {
    let (desk, receiver) = telling(&["survey.sent"]).await;
    asked(&desk).await;
    receiver.answer(410, None);
    tell(&desk, "webhook.crm").await;
    receiver.taken();
    desk.pass(TimeDelta::days(4));
    let settings = webhook(&receiver, &json!({"events": ["survey.sent"]}));
    let now = desk.clock.now();
    let desk = Desk::at(desk.folder, |config| configure(config, [("crm", settings)])).await;
    desk.clock.set(now);
    assert_eq!(told(&desk, &receiver).await, [""; 0], "also after a restart");
    assert!(desk.gateway.enable_target("webhook.crm").await.expect("an answer"));
    assert!(!desk.gateway.enable_target("webhook.crm").await.expect("an answer"), "it is enabled");
    receiver.answer(503, None);
    assert_eq!(told(&desk, &receiver).await, ["survey.sent"]);
    desk.pass(TimeDelta::minutes(1));
    assert_eq!(told(&desk, &receiver).await, ["survey.sent"], "the days that it was off were none of its patience");
    assert_eq!(states(&desk).await, ["survey.sent accepted null survey.sent"]);
}

#[tokio::test]
async fn the_commands_list_test_replay_and_enable() {
    let (desk, receiver) = telling(&["survey.sent"]).await;
    asked(&desk).await;
    receiver.answer(410, None);
    tell(&desk, "webhook.crm").await;
    let id = receiver.taken()[0].0.clone();
    let config = format!(
        "mail.smtp = 'file:mails'\noutgoing.allow_private = ['127.0.0.1']\n[webhook.crm]\nurl = '{}'\n\
        secret = '{SECRET}'\n[alert.lead]\nto = 'lead@example.com'\n[helpdesk.shop]\nkind = 'zammad'\nsecret = 'x'\n\
        [helpdesk.shop.api]\nurl = 'https://desk.example.com'\ntoken = 'x'\nwrite_back = true\n",
        receiver.url
    );
    std::fs::write(desk.folder.path().join("afterword.toml"), config).expect("written");
    let run = async |arguments: &str| {
        let (folder, arguments) = (desk.folder.path().to_owned(), arguments.to_owned());
        // The receiver answers meanwhile.
        let done = tokio::task::spawn_blocking(move || commands::run(&folder, &arguments)).await.expect("it runs");
        (commands::code(&done), commands::said(&[done.stdout, done.stderr].concat()))
    };
    let story = desk.get("/v1/conversations/8841").await["story"].to_string();
    assert!(story.contains("the last answer: answered 410; it is turned off until"), "{story}");
    let (_, listed) = run("webhook list").await;
    assert!(
        listed.starts_with("webhook.crm") && listed.contains("1 wait") && listed.contains("answered 410"),
        "{listed}"
    );
    assert_eq!(run("webhook test crm").await, (0, "webhook.crm took a made-up rating.set.\n".into()));
    assert_eq!(receiver.kinds(), ["rating.set 4"]);
    receiver.answer(500, None);
    let (code, said) = run("webhook test crm --event survey.bounced").await;
    assert!(code == 1 && said.contains("did not take a made-up survey.bounced: answered 500"), "{said}");
    receiver.taken();
    let (code, said) = run("webhook test helpdesk.shop").await;
    assert!(code == 2 && said.contains("helpdesk.shop: expected a webhook or an alert"), "{said}");
    let (code, said) = run("webhook replay nobody --failed").await;
    assert!(
        code == 2 && said.contains("expected the name of a target: alert.lead, helpdesk.shop, webhook.crm"),
        "{said}"
    );

    assert_eq!(run("webhook enable crm").await, (0, "webhook.crm gets events again.\n".into()));
    assert_eq!(run("webhook enable crm").await, (0, "webhook.crm was not turned off.\n".into()));
    // It is due by the clock of the command.
    let due = desk.sql("SELECT due_at FROM telling").await[0][0].parse().expect("a number");
    desk.clock.set(DateTime::from_timestamp_millis(due).expect("a time"));
    assert_eq!(told(&desk, &receiver).await, ["survey.sent"]);
    let (code, said) = run(&format!("webhook replay crm --event {id}")).await;
    assert!(code == 0 && said.starts_with("1 event is due for webhook.crm now."), "{said}");
    let (code, said) = run("webhook replay crm --event msg_0d5ee0a2a0f34c5c9b0e6f1c2d3e4f50").await;
    assert!(code == 1 && said.contains("no such event for webhook.crm"), "{said}");
    assert_eq!(states(&desk).await, ["survey.sent waiting null survey.sent"]);
}

#[tokio::test]
async fn a_target_that_stalls_holds_up_no_other_and_no_mail() {
    let (slow, quick) = (Receiver::open().await, Receiver::open().await);
    let (stalls, works) = (webhook(&slow, &json!({})), webhook(&quick, &json!({})));
    let desk = Desk::with(|config| configure(config, [("slow", stalls), ("quick", works)])).await;
    slow.answer(0, None);
    asked(&desk).await;
    let gateway = Arc::clone(&desk.gateway);
    let mut worker = gateway.target_workers().into_iter().find(|worker| worker.name == "webhook.slow").expect("it");
    let stalled = tokio::spawn(async move { gateway.tell_due(&mut worker).await.map(|_| ()) });
    slow.arrived.notified().await;
    tell(&desk, "webhook.quick").await;
    assert_eq!(quick.kinds(), ["survey.sent"]);
    desk.close(json!({"conversation_id": "2", "customers": [{"email": "eve@example.com"}]})).await;
    desk.deliver().await;
    assert_eq!(desk.mails().len(), 2);
    tell(&desk, "webhook.quick").await;
    assert_eq!(quick.kinds(), ["survey.sent"]);
    assert!(!stalled.is_finished());
    stalled.abort();
}

#[tokio::test]
async fn a_replay_tells_again_under_the_same_ids_and_only_what_is_still_so() {
    let (desk, receiver) = telling(&[]).await;
    let mail = asked(&desk).await;
    desk.press(&mail.links[3]).await;
    desk.pass(SEEN);
    tell(&desk, "webhook.crm").await;
    let first = receiver.taken();
    let again = async |again| {
        let count = desk.gateway.tell_again("webhook.crm", again).await.expect("an answer");
        tell(&desk, "webhook.crm").await;
        (count, receiver.taken())
    };
    assert_eq!(again(Again::Since(time("2026-01-01T00:00:00Z"))).await, (2, first.clone()));
    assert_eq!(again(Again::Since(desk.clock.now())).await, (0, vec![]));
    assert_eq!(again(Again::Failed).await, (0, vec![]));
    // A long replay takes steps: what was told again since it began is left out.
    let before = Clock::at(desk.clock.now() - TimeDelta::hours(1));
    let began = Gateway::open((*desk.gateway.config).clone(), before).await.expect("it opens");
    assert_eq!(
        began.tell_again("webhook.crm", Again::Since(time("2026-01-01T00:00:00Z"))).await.expect("an answer"),
        0
    );
    let event = first[1].0.trim_start_matches("msg_").parse().expect("an id");
    assert_eq!(again(Again::Event(event)).await, (1, first[1..].to_vec()));
    change(&desk, &mail, "5").await;
    desk.pass(SEEN);
    assert_eq!(told(&desk, &receiver).await, ["rating.changed 5"]);
    let (count, taken) = again(Again::Since(time("2026-01-01T00:00:00Z"))).await;
    assert_eq!(count, 3);
    assert_eq!(taken.iter().map(|(_, body)| kind(body)).collect::<Vec<_>>(), ["survey.sent", "rating.changed 5"]);
}

#[tokio::test]
async fn a_target_is_told_only_of_its_team_and_its_connection() {
    let receiver = Receiver::open().await;
    let [team, other, desk_of] =
        [json!({"team": "Billing"}), json!({"team": "Shipping"}), json!({"connection": "shop"})]
            .map(|changes| webhook(&receiver, &changes));
    let hooks = [("team", team), ("other", other), ("shop", desk_of)];
    let desk = Desk::with(|config| configure(config, hooks)).await;
    asked(&desk).await;
    desk.close(json!({"conversation_id": "2", "characters": 1})).await;
    let rows = desk.sql("SELECT target, count(*) FROM telling GROUP BY 1").await;
    assert_eq!(rows, [["webhook.team", "2"]]);
}

#[tokio::test]
async fn without_a_target_nothing_is_stored() {
    let desk = Desk::open().await;
    let mail = asked(&desk).await;
    desk.press(&mail.links[3]).await;
    desk.close(json!({"conversation_id": "2", "characters": 1})).await;
    for table in ["event", "telling", "target"] {
        assert_eq!(desk.sql(&format!("SELECT * FROM {table}")).await, [[""; 0]; 0], "{table}");
    }
}

#[tokio::test]
async fn nothing_is_stored_that_no_target_wants() {
    let (desk, _receiver) = telling(&["rating.commented"]).await;
    let mail = asked(&desk).await;
    desk.press(&mail.links[3]).await;
    assert_eq!(desk.sql("SELECT * FROM event").await, [[""; 0]; 0]);
}

#[tokio::test]
async fn an_erased_customer_is_not_told_of_and_receivers_learn_of_it() {
    let (desk, receiver) = telling(&[]).await;
    let mail = asked(&desk).await;
    told(&desk, &receiver).await;
    receiver.answer(500, None);
    desk.comment(&mail.links[3], "My name is Ada.").await;
    tell(&desk, "webhook.crm").await;
    assert!(receiver.taken()[0].1.to_string().contains("My name is Ada."));
    assert_eq!(desk.delete("/v1/customers/ada@example.com").await.status, 200);
    desk.pass(TimeDelta::minutes(1));
    tell(&desk, "webhook.crm").await;
    let taken = receiver.taken();
    let kinds: std::collections::BTreeSet<_> = taken.iter().map(|(_, body)| kind(body)).collect();
    assert_eq!(Vec::from_iter(kinds), ["rating.commented 4", "rating.set 4", "survey.erased"]);
    for (_, body) in taken {
        assert!(!body.to_string().contains("Ada") && body["data"]["subject"].is_null(), "{body}");
    }
}

#[tokio::test]
async fn events_are_deleted_after_thirty_days() {
    let (desk, receiver) = telling(&[]).await;
    asked(&desk).await;
    told(&desk, &receiver).await;
    desk.pass(TimeDelta::days(30) - TimeDelta::minutes(11));
    assert_eq!(desk.gateway.forget_events().await.expect("an answer"), 0);
    desk.pass(TimeDelta::minutes(11));
    assert_eq!(desk.gateway.forget_events().await.expect("an answer"), 1);
    assert_eq!(desk.sql("SELECT event FROM telling UNION ALL SELECT number FROM event").await, [[""; 0]; 0]);
}

#[tokio::test]
async fn a_rating_is_voided_at_a_target_that_was_told_of_it_too_long_ago_to_be_known() {
    let (desk, receiver) = telling(&["rating.set", "rating.voided"]).await;
    let mail = asked(&desk).await;
    desk.press(&mail.links[3]).await;
    desk.pass(PRESSED);
    assert_eq!(told(&desk, &receiver).await, ["rating.set 4"]);
    desk.pass(TimeDelta::days(31));
    assert_eq!(desk.gateway.forget_events().await.expect("an answer"), 1);
    moderate(&desk, Act::Void).await;
    assert_eq!(told(&desk, &receiver).await, ["rating.voided"]);
}

#[tokio::test]
async fn an_export_says_who_was_told_of_a_customer() {
    let (desk, receiver) = telling(&[]).await;
    asked(&desk).await;
    told(&desk, &receiver).await;
    let stored = desk.gateway.export("ada@example.com").await.expect("an answer");
    let told = &stored["surveys"][0]["told"][0];
    assert_eq!((&told["target"], &told["said"]), (&json!("webhook.crm"), &json!("survey.sent")));
}
