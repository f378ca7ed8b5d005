//! Leases: who may send a mail after a crash, and whose late mark still counts.

use crate::desk::Desk;
use afterword::ledger::outbox::{Claim, Claimed, Mark};
use afterword::store::{Settings, Store};
use afterword::survey::Time;
use afterword::survey::follow_up::FollowedScores;
use afterword::survey::outbound::{Attempt, Lease, Patience};
use afterword::survey::pace::Rates;
use chrono::TimeDelta;
use chrono_tz::Tz;
use serde_json::json;

const HALF_AN_HOUR: TimeDelta = TimeDelta::minutes(30);

async fn beside(desk: &Desk) -> Store {
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

async fn claim(store: &Store, at: Time) -> (uuid::Uuid, Lease) {
    let claim = Claim { at, lease: Lease { owner: store.owner(), until: at + HALF_AN_HOUR }, rates: Rates::default() };
    let Ok(Claimed::Mail(mail, lease)) = store.claim(claim).await else { panic!("a mail is due") };
    (mail.survey, lease)
}

fn mark(survey: uuid::Uuid, lease: Lease, at: Time) -> Mark {
    let patience = Patience { retry_after: TimeDelta::minutes(1), give_up_after: TimeDelta::hours(72) };
    Mark { survey, lease, at, attempt: Attempt::Accepted, patience, jitter: 0.0, due_again: None, next: None }
}

const STATES: &str = "SELECT conversation_id, state, tries FROM outbox JOIN survey USING (id) ORDER BY 1";

#[tokio::test]
async fn a_start_frees_the_leases_of_its_own_service_and_no_others() {
    let desk = Desk::open().await;
    desk.close(json!({"conversation_id": "1"})).await;
    desk.close(json!({"conversation_id": "2", "customers": [{"email": "eve@example.com"}]})).await;
    let crashed = beside(&desk).await;
    for _ in 0..2 {
        claim(&crashed, desk.clock.now()).await;
    }
    assert_eq!(desk.sql(STATES).await, [["1", "sending", "0"], ["2", "sending", "0"]]);
    desk.sql(
        "UPDATE outbox SET owner = x'000102030405060708090a0b0c0d0e0f'
            WHERE id = (SELECT id FROM survey WHERE conversation_id = '2')",
    )
    .await;
    let owner = crashed.owner();
    drop(crashed);
    let desk = Desk::at(desk.folder, |_| {}).await;
    assert_eq!(beside(&desk).await.owner(), owner, "a service keeps its name");
    assert_eq!(desk.sql(STATES).await, [["1", "waiting", "0"], ["2", "sending", "0"]]);
    desk.deliver().await;
    assert_eq!(desk.mails().iter().map(|mail| mail.to.as_str()).collect::<Vec<_>>(), ["ada@example.com"]);
    desk.pass(HALF_AN_HOUR - TimeDelta::milliseconds(1));
    desk.deliver().await;
    assert_eq!(desk.mails().len(), 1, "the other lease is in force");
    desk.pass(TimeDelta::milliseconds(1));
    desk.deliver().await;
    assert_eq!(desk.mails().len(), 2, "it ended by itself");
    assert_eq!(desk.sql(STATES).await, [["1", "accepted", "1"], ["2", "accepted", "1"]]);
}

#[tokio::test]
async fn a_command_beside_the_service_frees_nothing() {
    let desk = Desk::open().await;
    desk.close(json!({"conversation_id": "1"})).await;
    claim(&beside(&desk).await, desk.clock.now()).await;
    drop(beside(&desk).await);
    assert_eq!(desk.sql(STATES).await, [["1", "sending", "0"]]);
}

#[tokio::test]
async fn a_late_mark_of_a_lease_that_ended_is_ignored() {
    let desk = Desk::open().await;
    desk.close(json!({"conversation_id": "1"})).await;
    let store = beside(&desk).await;
    let (survey, slow) = claim(&store, desk.clock.now()).await;
    desk.pass(HALF_AN_HOUR);
    let (again, next) = claim(&store, desk.clock.now()).await;
    assert_eq!(again, survey, "a lease that ended keeps nobody from the mail");
    store.mark(mark(survey, slow, desk.clock.now())).await.expect("an answer");
    let other = Lease { owner: uuid::Uuid::from_u128(7), ..next };
    store.mark(mark(survey, other, desk.clock.now())).await.expect("an answer");
    assert_eq!(desk.sql(STATES).await, [["1", "sending", "0"]]);
    store.mark(mark(survey, next, desk.clock.now())).await.expect("an answer");
    assert_eq!(desk.sql(STATES).await, [["1", "accepted", "1"]]);
    store
        .mark(Mark { attempt: Attempt::Permanent("550".into()), ..mark(survey, slow, desk.clock.now()) })
        .await
        .expect("an answer");
    assert_eq!(desk.sql(STATES).await, [["1", "accepted", "1"]]);
}
