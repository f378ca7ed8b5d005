//! How fast mails leave: the rates of `[mail]`, with the clock in the hand.

use super::desk::Desk;
use afterword::gateway::Delivery;
use afterword::survey::outbound::Attempt;
use chrono::TimeDelta;
use serde_json::json;

impl Desk {
    /// A closing to be asked about at this address.
    async fn ask(&self, conversation: usize, address: &str) {
        let fields = json!({"conversation_id": conversation.to_string(), "customers": [{"email": address}]});
        assert_eq!(self.close(fields).await["decision"], "ask");
    }

    /// How many mails left, to addresses that end so.
    fn left(&self, end: &str) -> usize {
        self.mails().iter().filter(|mail| mail.to.ends_with(end)).count()
    }
}

/// Looks as workers do until a minute is over; how many commands that took.
async fn work_a_minute(desk: &Desk) -> usize {
    let (end, mut steps) = (desk.clock.now() + TimeDelta::minutes(1), 0);
    while desk.clock.now() < end {
        let looked = desk.deliver().await;
        steps += looked.len();
        match looked.last() {
            Some(Delivery::Paced(turn)) => desk.pass((*turn).max(TimeDelta::milliseconds(1))),
            _ => desk.pass(TimeDelta::seconds(2)),
        }
    }
    steps
}

#[tokio::test]
async fn no_minute_holds_more_mails_than_the_rate_and_few_less() {
    let desk = Desk::with(|config| config.mail.max_per_minute = 20).await;
    for n in 0..50 {
        desk.ask(n, &format!("ada@{n}.example")).await;
    }
    let mut before = 0;
    for _ in 0..2 {
        let steps = work_a_minute(&desk).await;
        let left = desk.mails().len() - before;
        assert!((18..=20).contains(&left), "{left} in a minute");
        assert!(steps < 3 * left, "{steps} steps for {left} mails");
        before += left;
    }
    work_a_minute(&desk).await;
    assert_eq!((desk.mails().len(), desk.deliver().await), (50, vec![Delivery::Idle]));
}

#[tokio::test]
async fn a_domain_over_its_rate_does_not_block_the_others_behind_it() {
    let desk = Desk::with(|config| config.mail.max_per_minute_per_domain = 6).await;
    for n in 0..100 {
        desk.ask(n, &format!("c{n}@{}", if n % 2 == 0 { "big.example" } else { "BIG.example" })).await;
    }
    desk.ask(100, "ada@small.example").await;
    let looked = desk.deliver().await;
    assert_eq!((desk.left("small.example"), desk.mails().len()), (1, 2), "the other one leaves at once");
    assert!(looked.len() < 10, "without a look at each that waits: {looked:?}");
    assert_eq!(desk.deliver().await, [Delivery::Idle], "and those are not looked at again before their turn");
    let first = work_a_minute(&desk).await;
    assert!((5..=6).contains(&(desk.mails().len() - 1)), "{} left", desk.mails().len());
    assert!(first < 60, "{first} steps");
    desk.ask(101, "bob@small.example").await;
    desk.pass(TimeDelta::minutes(1));
    desk.deliver().await;
    assert_eq!(desk.left("small.example"), 2);
    for _ in 0..20 {
        work_a_minute(&desk).await;
    }
    assert_eq!(desk.mails().len(), 102, "all leave in the end");
    let tries = desk.sql("SELECT count(*), max(tries) FROM outbox WHERE state = 'accepted'").await;
    assert_eq!(tries, [["102", "1"]], "and to wait for a turn is no try");
}

#[tokio::test]
async fn turns_that_an_outage_let_pass_do_not_come_all_at_once() {
    let desk = Desk::with(|config| config.mail.max_per_minute_per_domain = 6).await;
    for n in 0..30 {
        desk.ask(n, &format!("c{n}@big.example")).await;
    }
    desk.deliver().await;
    desk.pass(TimeDelta::hours(1));
    desk.deliver().await;
    assert_eq!(desk.mails().len(), 2, "all turns have come, and the rate holds");
    let (mut minutes, mut before) = (0, 2);
    while desk.mails().len() < 30 {
        work_a_minute(&desk).await;
        assert!(desk.mails().len() - before <= 6 && minutes < 10, "{} left", desk.mails().len());
        (minutes, before) = (minutes + 1, desk.mails().len());
    }
}

#[tokio::test]
async fn a_way_out_that_fails_rests_and_the_mails_behind_stay_as_they_were() {
    let desk = Desk::open().await;
    for n in 0..3 {
        desk.ask(n, &format!("c{n}@big.example")).await;
    }
    desk.memory.answer_next([Attempt::Unreachable("refused".into())]);
    assert_eq!(desk.deliver().await, [Delivery::Unreachable]);
    let rows = desk.sql("SELECT state, tries, due_at - first_due FROM outbox").await;
    assert_eq!(rows, vec![["waiting", "0", "0"]; 3], "none of them rests, nor was one taken that was not carried");
}

#[tokio::test]
async fn no_try_is_made_after_the_rate_window() {
    let desk = Desk::asking(|policy| policy.rate_within_hours = Some(1)).await;
    desk.ask(1, "ada@example.com").await;
    let mut tries = 0;
    loop {
        desk.memory.answer_next([Attempt::Temporary("451 later".into())]);
        desk.deliver().await;
        tries += 1;
        let mail = desk
            .sql("SELECT state, due_at, note, closed_at + 3600000 FROM outbox JOIN survey USING (id)")
            .await
            .remove(0);
        if mail[0] == "failed" {
            assert_eq!(mail[2], "451 later", "the reason is kept");
            break;
        }
        let at = |text: &str| text.parse::<i64>().expect("a time");
        assert!(at(&mail[1]) <= at(&mail[3]), "no try once the window is over");
        desk.clock.set(chrono::DateTime::from_timestamp_millis(at(&mail[1])).expect("a time"));
    }
    assert!(tries > 4, "tried {tries} times within the hour");
    desk.pass(TimeDelta::days(1));
    assert_eq!(desk.deliver().await, [Delivery::Idle]);
    assert_eq!(desk.get("/v1/report").await["total"]["asked"], 0, "nobody was asked");
}
