//! A support desk for tests: one gateway in a temporary folder, spoken to through its router.
//!
//! The clock stands until the test moves it, mails go into memory, and each is sent when the test says so:
//!
//! ```ignore
//! let desk = Desk::open().await;
//! desk.close(json!({"conversation_id": "1"})).await;       // a usual closing, but for these fields
//! let mail = desk.the_mail().await;                        // delivers what is due
//! desk.pass(TimeDelta::minutes(10));
//! assert_eq!(desk.press(&mail.links[4]).await["standing"], "rated");
//! ```

use afterword::clock::Clock;
use afterword::config::Config;
use afterword::gateway::{Delivery, Gateway};
use afterword::hook::http::Client;
use afterword::mail::transport::{Memory, Transport};
use afterword::survey::Time;
use afterword::survey::access::{Scope, Within};
use afterword::survey::policy::Policy;
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::response::Parts;
use axum::http::{Method, Request};
use chrono::{SecondsFormat, TimeDelta};
use serde_json::{Value, json};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Column, ConnectOptions, Row, TypeInfo};
use std::collections::BTreeMap;
use std::sync::Arc;
use tempfile::TempDir;
use tower::ServiceExt;
use uuid::Uuid;

mod fresh;
mod seen;

pub use fresh::{config, folder};
pub use seen::{Answer, Mail, few, paths};

/// When a desk opens: a Sunday, in winter time.
pub const START: &str = "2026-11-22T10:00:00Z";
/// What an ordinary person's browser calls itself.
pub const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

/// A gateway, and all that a test turns by hand.
pub struct Desk {
    /// The gateway itself, for what has no route.
    pub gateway: Arc<Gateway>,
    /// Stands at [`START`] until moved.
    pub clock: Clock,
    /// Takes the mails; can be told to refuse the next.
    pub memory: Memory,
    /// Holds database and key file.
    pub folder: TempDir,
    /// A key of the scope `admin`; what the shorthands use.
    pub admin: String,
    router: Router,
}

/// A time of RFC 3339.
pub fn time(text: &str) -> Time {
    text.parse().expect("a time with its zone")
}

/// A time as JSON says it.
pub fn stamp(time: Time) -> String {
    time.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

impl Desk {
    /// A desk with the default configuration.
    pub async fn open() -> Self {
        Self::with(|_| {}).await
    }

    /// A desk whose default policy is changed.
    pub async fn asking(change: impl FnOnce(&mut Policy)) -> Self {
        Self::with(|config| change(Arc::make_mut(&mut config.ask))).await
    }

    /// A desk whose configuration is changed.
    pub async fn with(change: impl FnOnce(&mut Config)) -> Self {
        Self::at(fresh::folder().await, change).await
    }

    /// A desk over whatever is in the folder already, which may be nothing.
    pub async fn at(folder: TempDir, change: impl FnOnce(&mut Config)) -> Self {
        Self::reaching(folder, None, change).await
    }

    /// A desk whose requests to other services this client answers.
    pub async fn reaching(folder: TempDir, http: Option<Client>, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = fresh::config(folder.path());
        change(&mut config);
        let (clock, memory) = (Clock::at(time(START)), Memory::default());
        let transport = Some(Transport::Memory(memory.clone()));
        // The lock goes at once, so that a desk can be opened over another.
        let (mut gateway, _) = Gateway::serve(config, clock.clone(), transport).await.expect("the gateway starts");
        gateway.http = http.unwrap_or(gateway.http);
        let gateway = Arc::new(gateway);
        let router = afterword::web::router(Arc::clone(&gateway));
        let admin = gateway.new_key("tests", Scope::Admin, Within::default()).await.expect("a key").key;
        Self { gateway, clock, memory, folder, admin, router }
    }

    /// Lets time pass.
    pub fn pass(&self, span: TimeDelta) {
        self.clock.set(self.clock.now() + span);
    }

    /// Moves the clock to a time.
    pub fn turn_to(&self, at: &str) {
        self.clock.set(time(at));
    }

    /// Makes a key.
    pub async fn key(&self, scope: Scope, teammate: Option<&str>, team: Option<&str>) -> String {
        let within = Within { teammate: teammate.map(str::to_owned), team: team.map(str::to_owned) };
        self.gateway.new_key("test", scope, within).await.expect("a key").key
    }

    /// A closing of conversation 8841, closed now, that every rule of the default policy lets pass.
    pub fn closing(&self) -> Value {
        let now = self.clock.now();
        json!({
            "conversation_id": "8841", "closed_at": stamp(now), "state": "closed", "subject": "Refund",
            "url": "https://desk.example.com/8841", "channel": "email", "started_by": "customer", "characters": 612,
            "last_reply_at": stamp(now - TimeDelta::minutes(2)), "teammate_replied": true,
            "customers": [{"id": "c1", "email": "ada@example.com", "name": "Ada", "kind": "user", "locale": "en"}],
            "teammate": {"id": "t7", "name": "Grace", "email": "grace@example.com", "team": "Billing"},
        })
    }

    /// Reports the usual [`closing`](Self::closing) with these fields instead; a null leaves its field out.
    pub async fn close(&self, changes: Value) -> Answer {
        self.close_by("/v1/closings", changes).await
    }

    /// Asks what would be decided.
    pub async fn dry_run(&self, changes: Value) -> Answer {
        self.close_by("/v1/closings?dry_run=true", changes).await
    }

    async fn close_by(&self, path: &str, changes: Value) -> Answer {
        let mut closing = self.closing();
        for (field, value) in changes.as_object().expect("fields of a closing") {
            closing[field] = value.clone();
        }
        closing.as_object_mut().expect("an object").retain(|_, value| !value.is_null());
        self.post(path, closing).await
    }

    /// Reports that a conversation was reopened.
    pub async fn reopen(&self, conversation: &str, at: Time) -> Answer {
        self.post(&format!("/v1/conversations/{conversation}/reopened"), json!({"reopened_at": stamp(at)})).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, Some(&self.admin), None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.call(Method::POST, path, Some(&self.admin), Some(body)).await
    }

    pub async fn put(&self, path: &str, body: Option<Value>) -> Answer {
        self.call(Method::PUT, path, Some(&self.admin), body).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.call(Method::DELETE, path, Some(&self.admin), None).await
    }

    /// A request of the API with a key.
    pub async fn call(&self, method: Method, path: &str, key: Option<&str>, body: Option<Value>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(key) = key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        let body = body.map_or(Body::empty(), |body| Body::from(body.to_string()));
        self.send(request.header("content-type", "application/json").body(body).expect("a request")).await
    }

    /// Any request.
    pub async fn send(&self, request: Request<Body>) -> Answer {
        let (parts, bytes) = self.fetch(request).await;
        let text = String::from_utf8(bytes.into()).expect("answers are UTF-8");
        let json = serde_json::from_str(&text).unwrap_or_default();
        Answer { status: parts.status.as_u16(), headers: parts.headers, text, json }
    }

    /// Any request, whose answer may be no text.
    pub async fn fetch(&self, request: Request<Body>) -> (Parts, Bytes) {
        let response = self.router.clone().oneshot(request).await.expect("a router never fails");
        let (parts, body) = response.into_parts();
        (parts, to_bytes(body, usize::MAX).await.expect("a whole body"))
    }

    /// Opens a link as a person's browser does.
    pub async fn visit(&self, link: &str) -> Answer {
        let request = Request::get(link).header("user-agent", BROWSER);
        self.send(request.body(Body::empty()).expect("a request")).await
    }

    /// Posts form fields to a link as the page's script does; the answer is JSON.
    pub async fn submit(&self, link: &str, fields: &[(&str, &str)]) -> Answer {
        let form = serde_urlencoded::to_string(fields).expect("form fields");
        let request = Request::post(link).header("accept", "application/json").header("user-agent", BROWSER);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        self.send(request.body(Body::from(form)).expect("a request")).await
    }

    /// Opens a link, reads for ten seconds and presses the button.
    pub async fn press(&self, link: &str) -> Answer {
        let page = self.visit(link).await.page_token();
        self.pass(TimeDelta::seconds(10));
        self.submit(link, &[("page", &page)]).await
    }

    /// Opens a link, writes for ten seconds and sends a comment.
    pub async fn comment(&self, link: &str, text: &str) -> Answer {
        let page = self.visit(link).await.page_token();
        self.pass(TimeDelta::seconds(10));
        self.submit(link, &[("page", &page), ("comment", text)]).await
    }

    /// Sends what is due, one mail after the other; what became of each step, the last one not `Again`.
    pub async fn deliver(&self) -> Vec<Delivery> {
        let (mut worker, mut steps) = (self.gateway.mail_worker(), Vec::new());
        while steps.last().is_none_or(|last| *last == Delivery::Again) {
            steps.push(self.gateway.deliver_due(&mut worker).await.expect("the store answers"));
        }
        steps
    }

    /// The mails that were accepted, the newest last.
    pub fn mails(&self) -> Vec<Mail> {
        self.memory.mails().iter().map(|raw| Mail::parse(raw)).collect()
    }

    /// Sends what is due, and takes the newest mail.
    pub async fn the_mail(&self) -> Mail {
        self.deliver().await;
        self.mails().pop().expect("a mail was accepted")
    }

    /// A connection to the database of its own, as `sqlite3` would have one.
    pub async fn database(&self) -> SqliteConnection {
        let file = &self.gateway.config.database;
        SqliteConnectOptions::new().filename(file).connect().await.expect("the database opens")
    }

    /// Runs a query: each row as the texts of its columns, null as "null", an id of 16 bytes as a UUID.
    pub async fn sql(&self, query: &str) -> Vec<Vec<String>> {
        self.gateway.flush().await.expect("views are written");
        let rows = sqlx::query(AssertSqlSafe(query)).fetch_all(&mut self.database().await).await.expect(query);
        let text = |row: &SqliteRow, column| match row.try_get_unchecked::<Option<Vec<u8>>, _>(column).expect("bytes") {
            Some(bytes) => match Uuid::from_slice(&bytes) {
                Ok(id) if row.column(column).type_info().name() == "BLOB" => id.to_string(),
                _ => String::from_utf8_lossy(&bytes).into_owned(),
            },
            None => "null".to_owned(),
        };
        rows.iter().map(|row| (0..row.len()).map(|column| text(row, column)).collect()).collect()
    }

    /// Every row of every table: equal before and after means that nothing was stored.
    pub async fn everything(&self) -> BTreeMap<String, Vec<Vec<String>>> {
        let mut all = BTreeMap::new();
        // The service may fold the roll-up at any time.
        let sql = "SELECT name FROM sqlite_schema WHERE type = 'table'
            AND name NOT IN ('day', 'rollup', 'rollup_series', 'rolled', 'unrolled')";
        for table in self.sql(sql).await {
            let rows = self.sql(&format!("SELECT * FROM \"{}\"", table[0])).await;
            all.insert(table[0].clone(), rows);
        }
        all
    }
}
