//! What is not the mail's fault costs no mail: sending pauses, tells why, probes, and goes on by itself. And what operators
//! do about mails that did not go out.

use crate::desk::{Desk, time};
use crate::log::Log;
use crate::process;
use crate::sink::{Act, Plan, Sink};
use afterword::gateway::{Delivery, Gateway, Requeued, Unsent};
use afterword::survey::outbound::Attempt;
use afterword::survey::refusal::{Refusal, Step};
use afterword::survey::sending::{FIRST_PROBE, Sending};
use chrono::TimeDelta;
use serde_json::{Value, json};
use std::path::Path;

fn refused(step: Step, why: &str) -> Attempt {
    Attempt::Refused(Refusal { step, code: why[..3].parse().expect("a code"), why: why.to_owned() })
}

fn no_recipient() -> Attempt {
    Attempt::NoRecipient("550 5.1.1 no such user".into())
}

async fn ask(desk: &Desk, id: usize) {
    let fields =
        json!({"conversation_id": id.to_string(), "customers": [{"email": format!("u{id}@{id}.example.com")}]});
    assert_eq!(desk.close(fields).await.status, 202);
}

/// A desk with so many mails that are due, each to a domain of its own.
async fn queue(mails: usize) -> Desk {
    let desk = Desk::open().await;
    for id in 0..mails {
        ask(&desk, id).await;
    }
    desk
}

/// How many mails are in each state.
async fn states(desk: &Desk) -> Vec<Vec<String>> {
    desk.sql("SELECT state, count(*) FROM outbox GROUP BY 1 ORDER BY 1").await
}

fn why(desk: &Desk) -> String {
    match desk.gateway.sending() {
        Sending::Paused { why, .. } => why,
        Sending::Running => String::new(),
    }
}

fn messages(log: &Log, level: &str) -> Vec<Value> {
    log.lines(level).iter().map(|line| line["fields"]["message"].clone()).collect()
}

#[tokio::test]
async fn a_relay_that_refuses_the_sender_burns_no_mail_and_is_probed_by_one() {
    let desk = queue(60).await;
    let log = Log::at(tracing::Level::INFO);
    let wrong = || refused(Step::Mail, "550 5.7.60 not permitted to send as this sender");
    desk.memory.answer_next([wrong()]);
    assert_eq!(desk.deliver().await, [Delivery::Paused(FIRST_PROBE)]);
    assert_eq!(why(&desk), "550 5.7.60 not permitted to send as this sender (at MAIL FROM)");
    let mut wait = FIRST_PROBE;
    for _ in 0..8 {
        desk.pass(wait - TimeDelta::seconds(1));
        assert_eq!(desk.deliver().await, [Delivery::Paused(TimeDelta::seconds(1))], "not before its time");
        desk.pass(TimeDelta::seconds(1));
        desk.memory.answer_next([wrong()]);
        wait = (wait * 2).min(TimeDelta::minutes(30));
        assert_eq!(desk.deliver().await, [Delivery::Paused(wait)], "one mail, and no more");
    }
    assert_eq!(states(&desk).await, [["waiting", "60"]]);
    assert_eq!(desk.sql("SELECT max(tries) FROM outbox").await, [["0"]], "it costs no try");
    assert_eq!(desk.get("/v1/report").await["total"]["waiting"], 60);
    let said = ["sending is paused: mails wait until the mail server takes one"];
    assert_eq!((messages(&log, "ERROR"), messages(&log, "WARN").len()), (said.map(Value::from).to_vec(), 0), "once");
    desk.pass(wait);
    desk.deliver().await;
    assert_eq!((desk.mails().len(), desk.gateway.sending()), (60, Sending::Running), "all were due at once");
    assert!(messages(&log, "INFO").contains(&json!("sending goes on")), "{}", log.text());
}

#[tokio::test]
async fn equal_refusals_for_three_domains_pause_and_all_that_waits_is_due_at_once_after_it() {
    let desk = queue(20).await;
    let denied = || refused(Step::Recipient, "554 5.7.1 relay access denied");
    // The first two are put off on their own; when the third shows that it was not they, they are due again.
    desk.memory.answer_next((0..3).map(|_| denied()));
    let steps = desk.deliver().await;
    assert_eq!(steps, [Delivery::Again, Delivery::Again, Delivery::Paused(FIRST_PROBE)]);
    let later = format!("SELECT count(*) FROM outbox WHERE due_at > {}", desk.clock.now().timestamp_millis());
    assert_eq!(
        (states(&desk).await, desk.sql(&later).await),
        (vec![vec!["waiting".into(), "20".into()]], vec![vec!["0".to_owned()]])
    );
    desk.pass(FIRST_PROBE);
    desk.deliver().await;
    assert_eq!((desk.mails().len(), states(&desk).await), (20, vec![vec!["accepted".into(), "20".into()]]));
}

#[tokio::test]
async fn there_is_always_a_mail_to_probe_with() {
    let desk = queue(3).await;
    let denied = || refused(Step::Recipient, "554 5.7.1 relay access denied");
    desk.memory.answer_next((0..3).map(|_| denied()));
    desk.deliver().await;
    let mut wait = FIRST_PROBE;
    for _ in 0..60 {
        desk.pass(wait);
        desk.memory.answer_next([denied()]);
        wait = (wait * 2).min(TimeDelta::minutes(30));
        assert_eq!(desk.deliver().await, [Delivery::Paused(wait)]);
    }
    desk.pass(wait);
    desk.deliver().await;
    assert_eq!(states(&desk).await, [["accepted", "3"]]);
}

#[tokio::test]
async fn a_delayed_mail_is_not_sent_sooner_because_sending_pauses() {
    let desk = Desk::asking(|policy| policy.delay = TimeDelta::hours(5)).await;
    ask(&desk, 0).await;
    desk.pass(TimeDelta::hours(5));
    ask(&desk, 1).await;
    desk.memory.answer_next([refused(Step::Mail, "550 no")]);
    desk.deliver().await;
    desk.pass(FIRST_PROBE);
    desk.deliver().await;
    assert_eq!(states(&desk).await, [["accepted", "1"], ["waiting", "1"]]);
}

#[tokio::test]
async fn a_mail_that_was_put_off_for_itself_keeps_its_wait_while_sending_pauses_and_goes_on() {
    let desk = queue(2).await;
    let own = || [Attempt::Temporary("452 4.2.2 full".into()), refused(Step::Message, "552 5.3.4 too big")];
    for _ in 0..5 {
        desk.memory.answer_next(own());
        desk.deliver().await;
        desk.pass(TimeDelta::minutes(16));
    }
    desk.memory.answer_next(own());
    desk.deliver().await;
    let waits = "SELECT due_at FROM outbox WHERE state = 'waiting' AND tries > 1 ORDER BY id";
    let before = desk.sql(waits).await;
    for (id, why) in [(10, "550 5.7.60 no"), (20, "552 no")] {
        let sender = refused(Step::Mail, why);
        ask(&desk, id).await;
        ask(&desk, id + 1).await;
        // The pause, a probe in vain, and the end.
        desk.memory.answer_next([sender.clone(), sender]);
        assert_eq!(desk.deliver().await, [Delivery::Paused(FIRST_PROBE)]);
        desk.pass(FIRST_PROBE);
        assert_eq!(desk.deliver().await, [Delivery::Paused(FIRST_PROBE * 2)]);
        desk.pass(FIRST_PROBE * 2);
        desk.deliver().await;
        assert_eq!((desk.gateway.sending(), desk.sql(waits).await), (Sending::Running, before.clone()));
    }
}

#[tokio::test]
async fn a_mail_that_is_refused_for_itself_holds_up_no_other_and_ends() {
    let desk = queue(1).await;
    let big = || refused(Step::Message, "552 too big");
    let mut tries = 0;
    loop {
        desk.memory.answer_next([big()]);
        desk.deliver().await;
        tries += 1;
        let mail = desk.sql("SELECT state, due_at FROM outbox ORDER BY id LIMIT 1").await.remove(0);
        if mail[0] == "failed" {
            break;
        }
        assert_eq!((mail[0].as_str(), desk.gateway.sending()), ("waiting", Sending::Running));
        desk.clock.set(chrono::DateTime::from_timestamp_millis(mail[1].parse().expect("a time")).expect("a time"));
    }
    assert!((10..50).contains(&tries), "tried {tries} times in 72 h");
    let total = &desk.get("/v1/report?from=2026-11-01").await["total"];
    assert_eq!((&total["failed"], &total["waiting"]), (&json!(1), &json!(0)));
}

#[tokio::test]
async fn an_address_that_the_relay_does_not_know_is_suppressed_with_its_mark() {
    let desk = queue(1).await;
    desk.memory.answer_next([no_recipient()]);
    desk.deliver().await;
    assert_eq!(desk.sql("SELECT state, note FROM outbox").await, [["failed", "550 5.1.1 no such user"]]);
    assert_eq!(desk.sql("SELECT cause, address FROM suppression").await, [["bounced", "null"]]);
    let again = json!({"conversation_id": "2", "customers": [{"email": "U0@0.example.com"}]});
    assert_eq!(desk.close(again).await.rules(), ["bounced"]);
}

#[tokio::test]
async fn a_pause_by_hand_outlives_a_restart_and_nothing_is_claimed_during_it() {
    let desk = queue(3).await;
    let folder = desk.folder.path().to_owned();
    // From beside the running service, as the command does it.
    assert!(mail(&folder, &["pause", "--why", "moving house"]).starts_with("No further mail goes out"));
    let halted = [Delivery::Paused(TimeDelta::seconds(2))];
    let log = Log::at(tracing::Level::INFO);
    assert_eq!((desk.deliver().await, desk.deliver().await), (halted.to_vec(), halted.to_vec()));
    assert_eq!((why(&desk), desk.mails().len()), ("moving house".to_owned(), 0));
    assert_eq!(messages(&log, "WARN"), ["sending is paused by hand"]);
    assert!(!desk.gateway.pause_mail("again").await.expect("an answer"), "it was paused");
    let desk = Desk::at(desk.folder, |_| {}).await;
    assert_eq!((desk.deliver().await, desk.mails().len()), (halted.to_vec(), 0));
    assert!(mail(&folder, &[]).contains("(moving house): see `afterword mail resume`"));
    assert_eq!(mail(&folder, &["resume"]), "Sending is resumed.\n");
    assert_eq!(mail(&folder, &["resume"]), "Sending was not paused.\n");
    desk.deliver().await;
    assert_eq!((desk.mails().len(), desk.gateway.sending()), (3, Sending::Running));
}

#[tokio::test]
async fn a_pause_by_hand_is_seen_while_the_relay_refuses_the_sender() {
    let desk = queue(2).await;
    desk.memory.answer_next([refused(Step::Auth, "535 wrong")]);
    assert_eq!(desk.deliver().await, [Delivery::Paused(FIRST_PROBE)]);
    assert!(desk.gateway.pause_mail("moving house").await.expect("an answer"));
    assert_eq!(desk.deliver().await, [Delivery::Paused(TimeDelta::seconds(2))]);
    assert_eq!(why(&desk), "moving house");
    assert!(desk.gateway.resume_mail().await.expect("an answer"));
    assert_eq!(desk.deliver().await, [Delivery::Paused(FIRST_PROBE)]);
    assert_eq!(why(&desk), "535 wrong (at AUTH)");
}

/// What `afterword mail` prints.
fn mail(folder: &Path, arguments: &[&str]) -> String {
    let done = process::afterword(folder, &[&["mail"], arguments].concat()).output().expect("it runs");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).expect("UTF-8")
}

#[tokio::test]
async fn a_backup_is_marked_by_one_statement() {
    let desk = queue(1).await;
    let migration = include_str!("../../migrations/sqlite/0002_operating.sql");
    let lines: Vec<_> = migration.lines().filter_map(|line| line.strip_prefix("--     ")).collect();
    let statement = lines.join("\n");
    desk.gateway.pause_mail("a move").await.expect("an answer");
    desk.sql(&statement).await;
    assert_eq!(desk.deliver().await, [Delivery::Paused(TimeDelta::seconds(2))]);
    assert_eq!(why(&desk), "restored from a backup");
}

#[tokio::test]
async fn failed_mails_are_requeued_if_they_never_arrived_and_can_still_be_answered() {
    let desk = Desk::asking(|policy| policy.rate_within_hours = Some(100)).await;
    for (id, attempt) in [no_recipient(), refused(Step::Message, "554 5.7.1 spam"), Attempt::Permanent("odd".into())]
        .into_iter()
        .enumerate()
    {
        ask(&desk, id).await;
        desk.memory.answer_next([attempt]);
        desk.deliver().await;
    }
    ask(&desk, 3).await;
    desk.deliver().await;
    desk.sql("UPDATE outbox SET state = 'failed' WHERE state = 'waiting'").await;
    // This one may have arrived.
    ask(&desk, 4).await;
    desk.sql("UPDATE outbox SET state = 'failed', accepted_at = 1 WHERE state = 'waiting'").await;
    desk.pass(TimeDelta::hours(90));
    let requeue = async |which| desk.gateway.requeue(&which).await.expect("an answer");
    let done = |requeued, window_over, left| Requeued { requeued, window_over, left };
    assert_eq!(requeue(Unsent::Reason("SPAM".into())).await, done(1, 0, 0));
    assert_eq!(requeue(Unsent::All).await, done(1, 0, 1), "a suppressed address gets nothing");
    assert_eq!(requeue(Unsent::All).await, done(0, 0, 1), "again changes nothing");
    desk.deliver().await;
    let kept = "SELECT conversation_id, state, stop FROM outbox JOIN survey USING (id) ORDER BY 1";
    let expected = [
        ["0", "failed", "null"],
        ["1", "accepted", "null"],
        ["2", "accepted", "null"],
        ["3", "accepted", "null"],
        ["4", "failed", "null"],
    ];
    assert_eq!(desk.sql(kept).await, expected);
    let listed = mail(desk.folder.path(), &[]);
    assert!(listed.contains("\nfailed             1  ") && listed.contains("  550 5.1.1 no such user\n"), "{listed}");
    desk.sql("DELETE FROM suppression").await;
    assert_eq!(requeue(Unsent::All).await, done(1, 0, 1), "and gets its mail once it is none");
    desk.deliver().await;

    ask(&desk, 5).await;
    desk.memory.answer_next([Attempt::Permanent("odd".into())]);
    desk.deliver().await;
    let survey = desk.get("/v1/conversations/5").await["surveys"][0]["survey_id"]
        .as_str()
        .expect("an id")
        .parse()
        .expect("an id");
    desk.pass(TimeDelta::hours(101));
    assert_eq!(requeue(Unsent::Survey(survey)).await, done(0, 1, 0), "nobody could answer");
    assert_eq!(requeue(Unsent::Reason("no such words".into())).await, done(0, 0, 0));
}

#[tokio::test]
async fn a_requeued_mail_is_tried_for_as_long_as_a_new_one() {
    let desk = queue(1).await;
    desk.memory.answer_next([Attempt::Permanent("odd".into()), Attempt::Temporary("451 later".into())]);
    desk.deliver().await;
    // Longer than mails are tried.
    desk.pass(TimeDelta::hours(73));
    assert_eq!(desk.gateway.requeue(&Unsent::All).await.expect("an answer").requeued, 1);
    desk.deliver().await;
    assert_eq!(states(&desk).await, [["waiting", "1"]]);
    let today = &desk.get("/v1/report?from=2026-11-25&to=2026-11-25").await["total"];
    assert_eq!(today["waiting"], 1, "it was to go out when it was requeued");
}

#[tokio::test]
async fn a_healthy_mail_goes_out_at_once_behind_a_hundred_poisoned_ones() {
    const POISONED: usize = 100;
    // A refusal in Latin-1, and on the same connection a 421 to the next recipient.
    let script = vec![("RCPT", Act::Bytes(b"550 Empf\xe4nger unbekannt")), ("RCPT", Act::Say("421 closing"))];
    let sink = Sink::start(Plan::Scripts(vec![script; POISONED / 2])).await;
    let desk = queue(POISONED + 1).await;
    let mut config = (*desk.gateway.config).clone();
    config.mail.smtp = format!("smtp://127.0.0.1:{}", sink.port).try_into().expect("a relay");
    let beside = Gateway::open(config, desk.clock.clone()).await.expect("it opens");
    let (mut worker, mut steps) = (beside.mail_worker(), Vec::new());
    while steps.last() != Some(&Delivery::Idle) {
        steps.push(beside.deliver_due(&mut worker).await.expect("an answer"));
        assert!(
            steps.len() < 2 * POISONED && steps.iter().all(|step| matches!(step, Delivery::Again | Delivery::Idle)),
            "{steps:?}"
        );
    }
    assert_eq!(steps.len(), POISONED + 2, "nothing rests");
    assert_eq!(states(&desk).await, [["accepted", "1"], ["failed", "50"], ["waiting", "50"]]);
    assert_eq!(sink.seen().connections, 51, "a refused mail costs no connection");
}

#[tokio::test]
async fn a_wrong_password_is_tried_less_and_less() {
    let script = vec![("EHLO", Act::Say("250-sink\r\n250 AUTH PLAIN")), ("AUTH", Act::Say("535 5.7.8 wrong"))];
    let sink = Sink::start(Plan::Scripts(vec![script; 100])).await;
    let desk = queue(10).await;
    let mut config = (*desk.gateway.config).clone();
    config.mail.smtp = format!("smtp://ada@127.0.0.1:{}", sink.port).try_into().expect("a relay");
    config.mail.smtp_password = Some(serde_json::from_value(json!("secret")).expect("a secret"));
    let beside = Gateway::open(config, desk.clock.clone()).await.expect("it opens");
    let mut workers = [beside.mail_worker(), beside.mail_worker(), beside.mail_worker(), beside.mail_worker()];
    let start = time(crate::desk::START);
    while desk.clock.now() < start + TimeDelta::hours(24) {
        for worker in &mut workers {
            beside.deliver_due(worker).await.expect("an answer");
        }
        desk.pass(TimeDelta::seconds(5));
    }
    let logins = sink.steps().matches("AUTH").count();
    assert!((48..60).contains(&logins), "{logins} logins in a day");
    assert_eq!(states(&desk).await, [["waiting", "10"]]);
    let Sending::Paused { why, .. } = beside.sending() else { panic!("it is paused") };
    assert_eq!(why, format!("535 5.7.8 wrong (from 127.0.0.1:{}) (at AUTH)", sink.port));
}
