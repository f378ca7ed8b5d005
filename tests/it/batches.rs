//! Commands that the store decides in one batch end as the same commands one by one, also with a restart between them.

use crate::desk::{Desk, START, few, time};
use afterword::ledger::clicks::{Submit, View};
use afterword::ledger::closings::{Close, Reopen};
use afterword::ledger::erasing::Erase;
use afterword::ledger::outbox::{Claim, Claimed, Mark, Return};
use afterword::ledger::suppressions::{OptIn, Suppress, Unsubscribe, Unsuppress};
use afterword::store::{Settings, Store};
use afterword::survey::Time;
use afterword::survey::answers::{REASONS, Tick};
use afterword::survey::closing::{Closing, Conversation};
use afterword::survey::follow_up::FollowedScores;
use afterword::survey::outbound::{Attempt, Lease, Patience};
use afterword::survey::pace::Rates;
use afterword::survey::page::{Evidence, Mode, Page, PageId, Post, Visitor};
use afterword::survey::policy::{AskAgain, Policy};
use afterword::survey::rating::Score;
use afterword::survey::suppression::{Bounce, Cause};
use chrono::TimeDelta;
use chrono_tz::Tz;
use futures_util::future::join_all;
use proptest::prelude::*;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use uuid::Uuid;

/// One command, in numbers that any history can make sense of.
#[derive(Clone, Debug)]
struct Step {
    what: u8,
    /// Which conversation, of three in two connections.
    conversation: u8,
    /// Which address or survey.
    which: u8,
    score: u8,
    /// How much time passes before it.
    seconds: i64,
    /// Its shape: what else there is to choose.
    shape: u8,
}

fn step() -> impl Strategy<Value = Step> {
    (0..13u8, 0..3u8, 0..8u8, 0..5u8, prop_oneof![Just(0), 0..4i64, 0..900i64], any::<u8>()).prop_map(
        |(what, conversation, which, score, seconds, shape)| Step { what, conversation, which, score, seconds, shape },
    )
}

/// A database, and what the steps need to remember of it.
struct Play {
    desk: Desk,
    store: Store,
    /// Surveys that closings may have made, by the number of the closing.
    surveys: Vec<Uuid>,
    /// Leases to be marked.
    leases: Vec<(Uuid, Lease)>,
}

impl Play {
    async fn open() -> Self {
        let desk = Desk::open().await;
        let store = open(&desk).await;
        Self { desk, store, surveys: Vec::new(), leases: Vec::new() }
    }

    async fn restart(&mut self) {
        let store = std::mem::replace(&mut self.store, open(&self.desk).await);
        store.shut_down().await;
    }

    /// Runs the command of a step; its answer in words. Everything random comes from the number of the step.
    fn run(&self, number: usize, at: Time, step: &Step) -> impl Future<Output = String> + use<'_> {
        let survey = self.surveys.get(usize::from(step.which) % self.surveys.len().max(1)).copied().unwrap_or_default();
        let conversation = conversation(step);
        let address_hash = format!("hash{}", step.which % 3);
        let score = Score::ALL[usize::from(step.score)];
        let store = &self.store;
        let lease = self.leases.get(usize::from(step.which) % self.leases.len().max(1)).copied();
        let step = step.clone();
        let required = Evidence::Seen;
        async move {
            match step.what {
                0..=2 => format!("{:?}", store.close(close(number, at, &step)).await.expect("an answer")),
                3 => {
                    let back = TimeDelta::seconds(i64::from(step.shape % 4));
                    format!("{}", store.reopen(Reopen { conversation, at: at - back }).await.expect("an answer"))
                }
                4 | 5 => {
                    let machine = step.shape.is_multiple_of(5);
                    let visitor = Visitor { machine, phone: step.shape.is_multiple_of(2), webmail: false };
                    let view = View { survey, at, score, visitor, required };
                    format!("{:?}", store.view(view).await.expect("taken"))
                }
                6 | 7 => {
                    let issued = at - TimeDelta::milliseconds(i64::from(step.shape) * 50);
                    let mode = Mode::ALL[usize::from(step.shape) % Mode::ALL.len()];
                    let id = PageId::new(u64::from(step.shape % 3) * 2);
                    let page = Page::new(id, score, mode, issued);
                    let post = Post {
                        clicked: score,
                        page: (!step.shape.is_multiple_of(7)).then_some(page),
                        how: [Evidence::Seen, Evidence::Touched, Evidence::Pressed][usize::from(step.shape % 3)],
                        picked: step.shape.is_multiple_of(4).then_some(Score::ALL[usize::from(step.which) % 5]),
                        comment: step.shape.is_multiple_of(11).then(|| format!("comment {number}")),
                        fresh: PageId::new(number as u64 * 2),
                    };
                    let choice = ["slow", "kind"][usize::from(step.shape % 2)].to_owned();
                    let scores = Score::ALL.into_iter().skip(usize::from(step.which) % 5).collect();
                    let tick = Tick { question: REASONS.into(), choice, scores };
                    let ticked = step.shape.is_multiple_of(2).then(|| vec![tick]);
                    let submit = Submit { survey, at, post, required, ticked };
                    format!("{:?}", store.answer(submit).await.expect("an answer"))
                }
                8 => {
                    let address = step.shape.is_multiple_of(2).then(|| format!("{number}@example.com"));
                    let cause = Cause::ALL[usize::from(step.shape) % Cause::ALL.len()];
                    store.suppress(Suppress { address_hash, cause, at, address }).await.expect("an answer");
                    String::new()
                }
                9 if step.shape.is_multiple_of(2) => {
                    store.opt_in(OptIn { address_hash }).await.expect("an answer");
                    String::new()
                }
                9 => format!("{}", store.unsuppress(Unsuppress { address_hash }).await.expect("an answer")),
                10 if step.shape.is_multiple_of(2) => {
                    store.unsubscribe(Unsubscribe { survey, at }).await.expect("an answer");
                    String::new()
                }
                10 => {
                    let bounce = if step.shape.is_multiple_of(3) { Bounce::Hard } else { Bounce::Soft };
                    let returned = Return { survey, at, bounce, reason: format!("{number}") };
                    format!("{}", store.bounce(returned).await.expect("an answer"))
                }
                11 => {
                    let erased = store.erase(Erase { address_hash, at }).await.expect("an answer");
                    format!("{:?} {} {}", erased.surveys, erased.cancelled, erased.sending)
                }
                _ => match lease {
                    Some((survey, lease)) => {
                        let mark = mark(survey, lease, at, step.shape);
                        format!("{:?}", store.mark(mark).await.expect("an answer"))
                    }
                    None => String::new(),
                },
            }
        }
    }

    /// Claims what is due, as workers do between two batches.
    async fn claim(&mut self, at: Time) {
        loop {
            let lease = Lease { owner: self.store.owner(), until: at + TimeDelta::minutes(30) };
            match self.store.claim(Claim { at, lease, rates: Rates::default() }).await.expect("an answer") {
                Claimed::Mail(mail, lease) => self.leases.push((mail.survey, lease)),
                Claimed::Dropped => {}
                Claimed::Digest(..) | Claimed::Paced(_) | Claimed::Nothing | Claimed::Halted(_) => return,
            }
        }
    }

    /// All that is stored, but for the key of each desk.
    async fn everything(&self) -> BTreeMap<String, Vec<Vec<String>>> {
        self.store.flush().await.expect("written");
        let mut all = self.desk.everything().await;
        all.remove("api_key");
        all
    }
}

async fn open(desk: &Desk) -> Store {
    let key = desk.sql("SELECT value FROM setting WHERE name = 'address_key'").await;
    let settings = Settings {
        timezone: Tz::UTC,
        positive: vec![4, 5],
        followed: FollowedScores::default(),
        targets: std::collections::BTreeMap::default(),
        address_key: key[0][0].clone(),
    };
    Store::open(&desk.gateway.config.database, &settings).await.expect("it opens")
}

fn conversation(step: &Step) -> Conversation {
    let connection = if step.conversation == 2 { "desk" } else { "" };
    Conversation { connection: connection.into(), id: format!("c{}", step.conversation % 2) }
}

fn survey(number: usize) -> Uuid {
    Uuid::from_u128(number as u128 + 1)
}

fn close(number: usize, at: Time, step: &Step) -> Close {
    // Sometimes the same closing again, sometimes an earlier one, often this moment.
    let closed_at = match step.shape % 5 {
        0 => time(START),
        1 => at - TimeDelta::minutes(i64::from(step.shape)),
        _ => at,
    };
    let teammate = json!({
        "id": format!("t{}", step.which % 2), "name": (!step.shape.is_multiple_of(3)).then(|| format!("n{number}")),
        "team": step.shape.is_multiple_of(2).then(|| format!("team{}", step.shape % 3)),
    });
    let mut closing: Closing = serde_json::from_value(json!({
        "conversation_id": conversation(step).id, "closed_at": closed_at.to_rfc3339(), "started_by": "customer",
        "characters": if step.shape == 9 { 1 } else { 612 }, "last_reply_at": closed_at.to_rfc3339(),
        "teammate_replied": true, "customers": [{"email": "ada@example.com"}], "teammate": teammate,
        "subject": format!("subject {number}"), "url": format!("https://desk.example.com/{number}"),
        "in_reply_to": format!("<{number}@example.com>"),
    }))
    .expect("a closing");
    closing.connection = conversation(step).connection;
    let policy = Policy {
        ask_again: if step.shape.is_multiple_of(2) { AskAgain::Never } else { AskAgain::EachClosing },
        quiet_days: u32::from(step.shape.is_multiple_of(3)),
        most_in_30_days: if step.shape.is_multiple_of(7) { 2 } else { 0 },
        delay: TimeDelta::seconds(if step.shape.is_multiple_of(4) { 60 } else { 0 }),
        rate_within_hours: step.shape.is_multiple_of(5).then_some(1),
        ..Policy::default()
    };
    Close {
        closing,
        policy: Arc::new(policy),
        address_hash: Some(format!("hash{}", step.which % 3)),
        others: Vec::new(),
        sample: 0.0,
        survey: survey(number),
        now: at,
        fetched: None,
        dry_run: step.shape == 200,
    }
}

fn mark(survey: Uuid, lease: Lease, at: Time, shape: u8) -> Mark {
    let why = || format!("{shape}");
    let attempt = match shape % 7 {
        0 | 1 => Attempt::Accepted,
        2 => Attempt::Temporary(why()),
        3 => Attempt::Permanent(why()),
        4 => Attempt::Unreachable(why()),
        5 => Attempt::NoRecipient(why()),
        _ => Attempt::Unknown(why()),
    };
    let patience = Patience { retry_after: TimeDelta::seconds(1), give_up_after: TimeDelta::hours(72) };
    Mark { survey, lease, at, attempt, patience, jitter: 0.0, due_again: None, next: None }
}

#[test]
fn a_batch_ends_as_its_commands_do_one_by_one() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    proptest!(few(12), |(phases in prop::collection::vec(prop::collection::vec(step(), 1..60), 1..4), restart: bool)| {
        runtime.block_on(async {
            let (mut single, mut gathered) = (Play::open().await, Play::open().await);
            let (mut at, mut number) = (time(START) + TimeDelta::hours(1), 0);
            for steps in &phases {
                let mut timed = Vec::new();
                for step in steps {
                    at += TimeDelta::seconds(step.seconds);
                    number += 1;
                    timed.push((number, at, step));
                }
                let made: Vec<_> =
                    timed.iter().filter(|(_, _, step)| step.what <= 2).map(|(number, ..)| survey(*number)).collect();
                for play in [&mut single, &mut gathered] {
                    play.surveys.extend(&made);
                }
                let mut answers = Vec::new();
                for (number, at, step) in &timed {
                    answers.push(single.run(*number, *at, step).await);
                }
                let all = join_all(timed.iter().map(|(number, at, step)| gathered.run(*number, *at, step))).await;
                assert_eq!(all, answers);
                assert_eq!(gathered.everything().await, single.everything().await);
                for play in [&mut single, &mut gathered] {
                    play.claim(at).await;
                }
                assert_eq!(gathered.leases, single.leases);
                if restart {
                    gathered.restart().await;
                }
            }
        });
    });
}
