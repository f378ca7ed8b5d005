//! The surveys of the benchmark, and the closings that ask for more of them.
//!
//! Everything derives from a number, so both processes know it without exchanging data. This file owns all SQL of the
//! benchmark: what [`Surveys::store`] writes, and what [`stored`] counts. It must not know the requests.

use afterword::survey::Time;
use afterword::survey::link::{KeyRing, Link, Purpose};
use afterword::survey::page::{Mode, Page, PageId};
use afterword::survey::rating::Score;
use chrono::TimeDelta;
use serde_json::json;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection, query, query_as};
use std::path::Path;
use uuid::Uuid;

/// How many rows one statement inserts.
const BATCH: u32 = 20_000;
/// The age of the first survey.
const OLDEST: TimeDelta = TimeDelta::days(30);
/// The age of the last survey.
const NEWEST: TimeDelta = TimeDelta::days(1);
const TEAMMATES: u32 = 200;

/// Surveys whose mails were accepted so long ago that the rule for new mails does not apply.
#[derive(Clone, Copy, Debug)]
pub struct Surveys {
    /// How many surveys.
    pub count: u32,
    /// When the benchmark began.
    pub began: Time,
}

impl Surveys {
    fn made_at(self, number: u32) -> Time {
        let spread = (OLDEST - NEWEST).num_milliseconds();
        self.began - OLDEST + TimeDelta::milliseconds(spread / i64::from(self.count) * i64::from(number))
    }

    fn id(self, number: u32) -> Uuid {
        let millis = u64::try_from(self.made_at(number).timestamp_millis()).expect("after 1970");
        // Random-looking bits follow the time in a UUIDv7.
        let spread = u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
        let [random @ .., _, _, _, _, _, _] = spread.to_be_bytes();
        uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }

    fn link(self, number: u32) -> Link {
        Link { purpose: Purpose::Rate(score(number)), survey: self.id(number) }
    }

    /// The token of a rating link.
    pub fn token(self, number: u32, ring: &KeyRing) -> String {
        ring.sign(&self.link(number))
    }

    /// The token of a page that was opened a while ago.
    pub fn page_token(self, number: u32, ring: &KeyRing) -> String {
        let id = PageId::new(u64::from(number) << 20);
        let issued = self.began - TimeDelta::seconds(10);
        let page = Page::new(id, score(number), Mode::Pressed, issued);
        ring.sign_page(self.id(number), &page)
    }

    /// A closing, as a helpdesk reports it. Each is about another conversation with another customer.
    pub fn closing(self, number: u32) -> String {
        let stamp = |ago| (self.began - TimeDelta::minutes(ago)).to_rfc3339();
        let teammate = number % TEAMMATES;
        json!({
            "conversation_id": format!("closing-{number}"), "closed_at": stamp(1), "state": "closed",
            "subject": format!("A question about invoice {number}"),
            "url": format!("https://desk.example.com/c{number}"),
            "channel": "email", "started_by": "customer", "characters": 612, "last_reply_at": stamp(3),
            "teammate_replied": true, "customers": [{"id": format!("c{number}"), "name": "Ada",
                "email": format!("asked{number}@example.com"), "kind": "user", "locale": "en"}],
            "teammate": {"id": format!("t{teammate}"), "name": "Grace Hopper",
                "team": format!("team {}", teammate % 10)},
        })
        .to_string()
    }

    fn row(self, number: u32) -> serde_json::Value {
        let made_at = self.made_at(number).timestamp_millis();
        json!([
            self.id(number).as_simple(),
            format!("conversation-{number}"),
            made_at,
            format!("customer{number}@example.com"),
            format!("{:032x}", u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)),
            format!("t{}", number % TEAMMATES),
            format!("team {}", number % TEAMMATES % 10),
            format!("A question about order {number}"),
            format!("https://desk.example.com/{number}"),
        ])
    }

    /// Writes the surveys into a database that the service created.
    pub async fn store(self, database: &Path) {
        let mut db = open(database).await;
        query("PRAGMA synchronous = OFF").execute(&mut db).await.expect("a pragma");
        let teammates: Vec<_> = (0..TEAMMATES).map(|number| json!([format!("t{number}"), "Grace Hopper"])).collect();
        query("INSERT INTO teammate (id, name, named_at) SELECT value ->> 0, value ->> 1, 0 FROM json_each($1)")
            .bind(json!(teammates).to_string())
            .execute(&mut db)
            .await
            .expect("teammates");
        let statements = [
            "INSERT INTO survey (id, connection, conversation_id, closed_at, made_at, address, address_hash, teammate_id,
                team, subject, url)
            SELECT unhex(value ->> 0), '', value ->> 1, value ->> 2, value ->> 2, value ->> 3, value ->> 4, value ->> 5,
                value ->> 6, value ->> 7, value ->> 8
            FROM json_each($1)",
            "INSERT INTO outbox (id, kind, state, due_at, first_due, tries, accepted_at)
            SELECT unhex(value ->> 0), 'request', 'accepted', value ->> 2, value ->> 2, 1, value ->> 2 FROM json_each($1)",
            "INSERT INTO rating (survey_id, asked_at, teammate_id, team, standing)
            SELECT unhex(value ->> 0), value ->> 2, value ->> 5, value ->> 6, 'unrated' FROM json_each($1)",
        ];
        for from in (0..self.count).step_by(BATCH as usize) {
            let rows: Vec<_> = (from..self.count.min(from + BATCH)).map(|number| self.row(number)).collect();
            let rows = json!(rows).to_string();
            for sql in statements {
                query(sql).bind(&rows).execute(&mut db).await.expect("surveys");
            }
        }
        query("ANALYZE").execute(&mut db).await.expect("statistics");
        db.close().await.expect("closed");
    }
}

async fn open(database: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(database).disable_statement_logging();
    options.connect().await.expect("the database opens")
}

/// The number of rated surveys in the database, and of surveys that a closing made.
pub async fn stored(database: &Path) -> (u32, u32) {
    let sql = "SELECT
            (SELECT count(*) FROM rating WHERE standing = 'rated' AND survey_id IN (SELECT survey_id FROM history)),
            (SELECT count(*) FROM closing JOIN survey ON survey.id = closing.survey_id WHERE decision = 'ask')";
    query_as(sql).fetch_one(&mut open(database).await).await.expect("two numbers")
}

fn score(number: u32) -> Score {
    Score::ALL[number as usize % 5]
}
