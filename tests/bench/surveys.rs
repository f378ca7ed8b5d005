//! The surveys of the benchmark: made by number, so that both processes know them without telling each other.

use afterword::survey::Time;
use afterword::survey::evidence::{Mode, Page, PageId};
use afterword::survey::link::{KeyRing, Link, Purpose};
use afterword::survey::rating::Score;
use chrono::TimeDelta;
use serde_json::json;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection, query, query_scalar};
use std::path::Path;
use uuid::Uuid;

/// Rows that one statement inserts.
const BATCH: u32 = 20_000;
/// How long ago the first survey was made; the last one was made a day ago.
const OLDEST: TimeDelta = TimeDelta::days(30);
const NEWEST: TimeDelta = TimeDelta::days(1);
const TEAMMATES: u32 = 200;

/// Some surveys, their mails accepted long enough ago that no rule takes them for young.
#[derive(Clone, Copy, Debug)]
pub struct Surveys {
    /// How many.
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
        // Random to the eye: what follows the time in a UUIDv7.
        let spread = u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
        let [random @ .., _, _, _, _, _, _] = spread.to_be_bytes();
        uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }

    fn link(self, number: u32) -> Link {
        Link { purpose: Purpose::Rate(score(number)), survey: self.id(number) }
    }

    /// The link of one of the faces.
    pub fn token(self, number: u32, ring: &KeyRing) -> String {
        ring.sign(&self.link(number))
    }

    /// The token of a page that was opened a while ago.
    pub fn page_token(self, number: u32, ring: &KeyRing) -> String {
        let id = PageId::new(u64::from(number) << 20);
        let issued = self.began - TimeDelta::seconds(10);
        let page = Page { id, score: score(number), mode: Mode::Pressed, issued, after_hold: false };
        ring.sign_page(self.id(number), &page)
    }

    fn row(self, number: u32) -> serde_json::Value {
        let made_at = self.made_at(number).timestamp_millis();
        json!([
            self.id(number),
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

    /// Puts them into a database that the service has made.
    pub async fn store(self, database: &Path) {
        let mut db = open(database).await;
        query("PRAGMA synchronous = OFF").execute(&mut db).await.expect("a pragma");
        let teammates: Vec<_> = (0..TEAMMATES).map(|number| json!([format!("t{number}"), "Grace Hopper"])).collect();
        query("INSERT INTO teammate (id, name, named_at) SELECT value ->> 0, value ->> 1, 0 FROM json_each($1)")
            .bind(json!(teammates).to_string())
            .execute(&mut db)
            .await
            .expect("teammates");
        let sql = "INSERT INTO survey (id, conversation_id, closed_at, made_at, address, address_hash, teammate_id,
                team, subject, url, mail, due_at, first_due, tries, accepted_at)
            SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 2, value ->> 3, value ->> 4, value ->> 5,
                value ->> 6, value ->> 7, value ->> 8, 'accepted', value ->> 2, value ->> 2, 1, value ->> 2
            FROM json_each($1)";
        for from in (0..self.count).step_by(BATCH as usize) {
            let rows: Vec<_> = (from..self.count.min(from + BATCH)).map(|number| self.row(number)).collect();
            query(sql).bind(json!(rows).to_string()).execute(&mut db).await.expect("surveys");
        }
        query("ANALYZE").execute(&mut db).await.expect("statistics");
        db.close().await.expect("closed");
    }
}

async fn open(database: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(database).disable_statement_logging();
    options.connect().await.expect("the database opens")
}

/// How many surveys the file says are rated.
pub async fn rated(database: &Path) -> i64 {
    let mut db = open(database).await;
    let sql = "SELECT count(*) FROM survey WHERE standing = 'rated' AND id IN (SELECT survey_id FROM history)";
    query_scalar(sql).fetch_one(&mut db).await.expect("a number")
}

fn score(number: u32) -> Score {
    Score::ALL[number as usize % 5]
}
