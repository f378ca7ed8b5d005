//! What reports cost: a database of many ratings, and the time that each cut takes for each span.
//!
//! `cargo bench --bench reports -- make DIR 10000000` makes the database: ratings over two years, 500 teammates in 40 teams.
//! `cargo bench --bench reports -- measure DIR` rolls it up, and prints the table. It owns the SQL of the database that it
//! makes. Compare only figures of the same run.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

use afterword::clock::Clock;
use afterword::config::Config;
use afterword::gateway::Gateway;
use afterword::mail::transport::{Memory, Transport};
use afterword::survey::Time;
use afterword::survey::access::Within;
use afterword::survey::closing::Closing;
use afterword::survey::report::{Bound, Filters, ReportQuery};
use chrono::Days;
use futures_util::future::join_all;
use serde_json::json;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, SqliteConnection, query, query_scalar};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// How many surveys one transaction adds.
const BATCH: u64 = 50_000;
/// The days that the ratings are spread over, up to now.
const DAYS: i64 = 730;
/// How often each report is made: the median counts.
const TIMES: usize = 5;
const SPANS: [u64; 5] = [7, 30, 90, 365, 730];
/// A step of folding takes so many surveys: more than in the service, because no command waits.
const STEP: usize = 10_000;
/// So many surveys are made a second, and as many ratings given, while others read.
const RATE: u32 = 200;
/// `page` stands for both reports of an overview: by teammate beside the period before, and the trend.
const CUTS: [&str; 13] = [
    "page",
    "teammate",
    "team",
    "channel",
    "tag",
    "policy",
    "language",
    "day",
    "week",
    "month",
    "team,month",
    "tag,month",
    "team,week",
];

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    match words[..] {
        ["make", folder, count] => runtime.block_on(make(Path::new(folder), count.parse().expect("a number"))),
        ["measure", folder] => runtime.block_on(measure(Path::new(folder))),
        _ => println!("-- make DIR COUNT, or -- measure DIR"),
    }
}

fn config(folder: &Path) -> Config {
    let file = |name: &str| -> PathBuf { folder.join(name) };
    Config { database: file("afterword.db"), link_keys_file: file("afterword.keys"), ..Config::default() }
}

async fn open(folder: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(folder.join("afterword.db"));
    options.synchronous(SqliteSynchronous::Off).connect().await.expect("it opens")
}

/// Makes the database and fills it. Half of the surveys are rated, an hour after they were asked.
async fn make(folder: &Path, count: u64) {
    std::fs::create_dir_all(folder).expect("a folder");
    let transport = Some(Transport::Memory(Memory::default()));
    let (gateway, lock) = Gateway::serve(config(folder), Clock::System, transport).await.expect("a new database");
    let now = gateway.clock.now();
    gateway.shut_down().await;
    drop(lock);
    let mut db = open(folder).await;
    let start = Instant::now();
    for first in (0..count).step_by(usize::try_from(BATCH).expect("it fits")) {
        let until = count.min(first + BATCH);
        fill(&mut db, first, until, count, now).await;
        let part = usize::try_from(until * 40 / count).unwrap_or(40);
        print!("\r[{}{}] {until} of {count}, {:.0?}  ", "#".repeat(part), ".".repeat(40 - part), start.elapsed());
        std::io::stdout().flush().expect("printed");
    }
    println!();
}

/// Adds the surveys of these numbers.
async fn fill(db: &mut SqliteConnection, first: u64, until: u64, count: u64, now: Time) {
    let span = DAYS * 86_400_000;
    let begins = now.timestamp_millis() - span;
    let sql = [("FIRST", first.to_string()), ("UNTIL", until.to_string()), ("COUNT", count.to_string())];
    let sql = sql.into_iter().chain([("BEGINS", begins.to_string()), ("SPAN", span.to_string())]);
    let sql = sql.fold(include_str!("reports/fill.sql").to_owned(), |sql, (word, number)| sql.replace(word, &number));
    query("BEGIN").execute(&mut *db).await.expect("it begins");
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *db).await.expect("filled");
    query("COMMIT").execute(&mut *db).await.expect("written");
}

/// Sums everything up as the service does after a migration, and measures each cut for each span, first alone and then while
/// others write.
async fn measure(folder: &Path) {
    roll_up(folder).await;
    let transport = Some(Transport::Memory(Memory::default()));
    let (gateway, _lock) = Gateway::serve(config(folder), Clock::System, transport).await.expect("nobody else serves");
    let plain = plain(folder).await;
    println!("\nalone\n");
    table(&gateway, &plain).await;
    let stop = CancellationToken::new();
    let (writes, rates) = tokio::join!(
        async {
            println!("\nwhile {RATE} surveys are made and {RATE} ratings given a second\n");
            table(&gateway, &plain).await;
            stop.cancel();
        },
        write(&gateway, folder, &stop),
    );
    let ((), written) = (writes, rates);
    println!("\n{written:.0} ratings a second were written");
    gateway.shut_down().await;
}

/// Brings the schema up to date, and takes all steps of folding that are left.
async fn roll_up(folder: &Path) {
    let transport = Some(Transport::Memory(Memory::default()));
    let (gateway, lock) = Gateway::serve(config(folder), Clock::System, transport).await.expect("nobody else serves");
    gateway.shut_down().await;
    drop(lock);
    let gateway = Gateway::open(config(folder), Clock::System).await.expect("a database");
    let mut db = open(folder).await;
    let left: i64 = query_scalar("SELECT count(*) FROM rating WHERE survey_id > (SELECT until FROM rolled)")
        .fetch_one(&mut db)
        .await
        .expect("a count");
    let (start, mut longest, mut steps) = (Instant::now(), Duration::ZERO, 0);
    loop {
        let step = Instant::now();
        let more = gateway.roll_up(STEP).await.expect("a step");
        (longest, steps) = (longest.max(step.elapsed()), steps + 1);
        if steps % 10 == 0 || !more {
            print!(
                "\rrolling up {left} surveys: step {steps}, {:.0?}, the longest step {longest:.1?}  ",
                start.elapsed()
            );
            std::io::stdout().flush().expect("printed");
        }
        if !more {
            break;
        }
    }
    println!();
    gateway.shut_down().await;
}

/// A table of sums by day and teammate with two figures, to compare with: what is least to be read for a report.
async fn plain(folder: &Path) -> SqlitePool {
    let file = folder.join("plain.db");
    let made = file.exists();
    let pool = SqlitePool::connect_with(SqliteConnectOptions::new().filename(file).create_if_missing(true)).await;
    let pool = pool.expect("it opens");
    if !made {
        let sql = "CREATE TABLE plain (day INTEGER, teammate TEXT, ratings INTEGER, positive INTEGER,
                PRIMARY KEY (day, teammate)) WITHOUT ROWID;
            WITH RECURSIVE d (day) AS (SELECT 0 UNION ALL SELECT day + 1 FROM d WHERE day < 729),
                t (mate) AS (SELECT 0 UNION ALL SELECT mate + 1 FROM t WHERE mate < 499)
            INSERT INTO plain SELECT day, 't' || mate, 14, 10 FROM d, t";
        sqlx::raw_sql(sql).execute(&pool).await.expect("filled");
    }
    pool
}

async fn table(gateway: &Gateway, plain: &SqlitePool) {
    println!("{:<34}{}", "ms, median of 5", SPANS.map(|days| format!("{days:>9} days")).concat());
    print!("{:<34}", "plain sums by teammate");
    for days in SPANS {
        let sql = "SELECT teammate, sum(ratings), sum(positive) FROM plain WHERE day >= 730 - ? GROUP BY teammate";
        let mut spans = Vec::new();
        for _ in 0..TIMES {
            let start = Instant::now();
            query(sql).bind(i64::try_from(days).expect("few")).fetch_all(plain).await.expect("rows");
            spans.push(start.elapsed().as_secs_f64() * 1e3);
        }
        print!("{:>14.1}", middle(spans));
    }
    println!();
    for (filter, value) in [("", ""), ("team", "team 7"), ("teammate", "t7")] {
        for cut in CUTS {
            // Nothing but one row.
            if cut == filter {
                continue;
            }
            print!("{:<34}", format!("by {cut}{}{value}", if filter.is_empty() { "" } else { ", of " }));
            for days in SPANS {
                print!("{:>14.1}", median(gateway, cut, days, (filter, value)).await);
            }
            println!();
        }
    }
}

/// The median of the milliseconds that a report of the last days takes; `page` is what a page of the overview reads.
async fn median(gateway: &Gateway, cut: &str, days: u64, (filter, value): (&str, &str)) -> f64 {
    let today = gateway.clock.now().date_naive();
    let filters = match filter {
        "" => Filters::default(),
        by => Filters::default().and(by.parse().expect("a cut"), Some(value.to_owned())),
    };
    let query = |cut: &str, compare| ReportQuery {
        cut: cut.parse().expect("a cut"),
        from: today.checked_sub_days(Days::new(days - 1)).map(Bound::Day),
        to: Some(Bound::Day(today)),
        filters: filters.clone(),
        compare,
        ..ReportQuery::default()
    };
    let mut spans = Vec::new();
    for _ in 0..TIMES {
        let (start, all) = (Instant::now(), Within::default());
        let report = match cut {
            "page" => {
                let trend = query(["day", "week", "month"][usize::from(days > 60) + usize::from(days > 200)], false);
                let rows = query("teammate", true);
                tokio::try_join!(gateway.report(&rows, &all), gateway.report(&trend, &all)).expect("reports").0
            }
            cut => gateway.report(&query(cut, false), &all).await.expect("a report"),
        };
        assert!(report.total.asked > 0, "nothing was counted");
        spans.push(start.elapsed().as_secs_f64() * 1e3);
        // What takes seconds need not be repeated.
        if start.elapsed() > Duration::from_secs(2) {
            break;
        }
    }
    middle(spans)
}

fn middle(mut spans: Vec<f64>) -> f64 {
    spans.sort_by(f64::total_cmp);
    spans[spans.len() / 2]
}

/// Makes surveys through the gateway and rates others by SQL, at a steady rate, until it is told to stop. Returns how many
/// ratings a second there were.
async fn write(gateway: &Gateway, folder: &Path, stop: &CancellationToken) -> f64 {
    let mut db = open(folder).await;
    let (start, mut ratings, now) = (Instant::now(), 0, gateway.clock.now());
    while !stop.is_cancelled() {
        // In tenths of a second.
        let part = RATE / 10;
        let closings = (ratings..ratings + part).map(async |number| {
            let closing = json!({
                "conversation_id": format!("w{}-{number}", now.timestamp_millis()), "closed_at": gateway.clock.now(),
                "customers": [{"email": format!("w{number}@example.org"), "kind": "user"}], "started_by": "customer",
                "characters": 600, "last_reply_at": gateway.clock.now(), "teammate_replied": true,
                "teammate": {"id": format!("t{}", number % 500), "team": format!("team {}", number % 40)},
            });
            let closing: Closing = serde_json::from_value(closing).expect("a closing");
            gateway.close(closing, false).await.expect("a decision");
        });
        join_all(closings).await;
        let sql = "UPDATE rating SET standing = 'rated', score = 4, evidence = 'pressed', rated_at = ?2, page = 1,
                page_issued = ?2, opened = NULL
            WHERE survey_id IN (SELECT survey_id FROM rating WHERE asked_at >= ?1 AND standing = 'unrated'
                AND asked_at IS NOT NULL ORDER BY asked_at LIMIT ?3)";
        let since = now - chrono::TimeDelta::days(20);
        query(sql)
            .bind(since.timestamp_millis())
            .bind(gateway.clock.now().timestamp_millis())
            .bind(i64::from(part))
            .execute(&mut db)
            .await
            .expect("rated");
        ratings += part;
        let due = Duration::from_millis(u64::from(ratings) * 1000 / u64::from(RATE));
        tokio::time::sleep(due.saturating_sub(start.elapsed())).await;
    }
    f64::from(ratings) / start.elapsed().as_secs_f64()
}
