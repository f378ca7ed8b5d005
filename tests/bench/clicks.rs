//! How many clicks and closings a second: `cargo bench --bench clicks`.
//!
//! Three servers run in this process: a bare one, one that only renders pages, and the service itself. A second process
//! sends them requests over loopback with 64 connections, one row of the table after the other, in three rounds. Other
//! programs use the machine too, so only ratios within one run mean anything. This file owns the servers, the rounds
//! and the table; `load` owns the requests, and `surveys` owns the content of the database.
//!
//! - bare: an axum handler that returns a constant page, as long as a rating page and with the same headers.
//! - page: the service's middleware (request id, log span, headers, body limit, panics caught) around a handler that
//!   verifies the link and signs and renders the page, without a database.
//! - open: `GET` of rating links. The views are queued for the writer, and storing them is part of the load.
//! - rate: `POST` of ratings: each for another survey, each durable before the response.
//! - click: what one customer does: the `GET` of a link, and the `POST` that its page's script sends (`how=seen`, with
//!   that page's token). The two count as one click. Each is for another survey, and each `POST` must be accepted.
//! - closing: `POST /v1/closings` with a key of the scope `trigger`. Each is about another conversation with another
//!   customer. The response is 202 with `ask`, and the survey is durable by then.
//!
//! The rules refuse a `POST` within 0.4 s of its page, and refused posts would be cheap, because they store no
//! rating. If each connection waited for that, the row would measure the waiting. So each connection opens pages
//! for 1.2 s before the clock starts. Then it posts the page that has been open for longest, opens another, and so on.
//! Between start and end the service gets as many `GET`s as `POST`s. The time of a click is the sum of its two
//! requests. The pages that are left at the end are never posted.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]
#![expect(unreachable_pub, reason = "nothing outside uses a benchmark, and its modules are small")]

mod load;
mod surveys;

use afterword::clock::Clock;
use afterword::config::Config;
use afterword::gateway::{Gateway, Opened};
use afterword::secrets::{Secrets, random};
use afterword::survey::access::{Scope, Within};
use afterword::survey::answers::{Answers, Offered};
use afterword::survey::evidence::Summary;
use afterword::survey::link::{Link, Purpose};
use afterword::survey::page::{About, Mode, Page, PageId};
use afterword::survey::rating::Standing;
use afterword::text::Text;
use afterword::web::assets::Assets;
use afterword::web::page::Frame;
use afterword::web::rate::page::rate;
use afterword::web::server::{self, Bounds};
use axum::body::Body;
use axum::extract::Path as Segment;
use axum::http::{Request, StatusCode, header};
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use axum::{Router, body::to_bytes};
use clap::{Parser, ValueEnum};
use load::{CONNECTIONS, Load, Measured, Row, cpu_seconds};
use std::fs::File;
use std::net::SocketAddr;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use surveys::Surveys;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use tracing_subscriber::EnvFilter;

/// The targets: opening and rating reach at least this share of the page's rate.
const MIN_OPEN: f64 = 0.45;
const MIN_RATE: f64 = 0.30;
/// Syncs per second. On a slower disk, the ratings are compared with what the disk can sync for all connections.
const FAST_DISK: f64 = 2_000.0;
/// How long to measure the disk.
const SYNC_FOR: Duration = Duration::from_secs(2);

#[derive(Parser)]
struct Arguments {
    /// Set by cargo
    #[arg(long)]
    bench: bool,
    /// How long each row of each round is measured
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// How many rounds are measured, after a warm-up round
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// How many surveys to create; each round rates its own share of them
    #[arg(long, default_value_t = 600_000)]
    surveys: u32,
    #[command(subcommand)]
    load: Option<Client>,
}

#[derive(clap::Subcommand)]
enum Client {
    /// Run the load (the second process)
    Load(Load),
}

fn main() {
    let arguments = Arguments::parse();
    if let Some(Client::Load(load)) = &arguments.load {
        serde_json::to_writer(std::io::stdout(), &load.run()).expect("the first process reads");
        return;
    }
    if !arguments.bench {
        println!("run this with cargo bench");
        return;
    }
    // Log as the service does. That costs the same in all rows but the first.
    tracing_subscriber::fmt().with_env_filter(EnvFilter::new("info")).with_writer(std::io::stderr).json().init();
    tokio::runtime::Runtime::new().expect("a runtime").block_on(bench(&arguments));
}

async fn bench(arguments: &Arguments) {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder on the disk of the build");
    let config = config(folder.path());
    let (database, keys) = (config.database.clone(), config.link_keys_file.clone());
    let surveys = Surveys { count: arguments.surveys, began: Clock::System.now() };
    let (gateway, lock) = Gateway::serve(config.clone(), Clock::System, None).await.expect("a database");
    gateway.shut_down().await;
    drop(lock);
    surveys.store(&database).await;

    let (gateway, _lock) = Gateway::serve(config, Clock::System, None).await.expect("a gateway");
    let gateway = Arc::new(gateway);
    let service = afterword::web::router(Arc::clone(&gateway));
    let page = page_router(Arc::clone(&gateway), Secrets::load(&keys).expect("keys"));
    let ring = Secrets::load(&keys).expect("keys").ring;
    let bare = bare_router(service.clone(), &surveys.token(0, &ring)).await;
    let service = serve(service).await;
    let addresses = [serve(bare).await, serve(page).await, service, service, service, service];
    let key = gateway.new_key("bench", Scope::Trigger, Within::default()).await.expect("a key").key;

    let (mut rounds, mut syncs, mut rated, mut asked) = (Vec::new(), Vec::new(), 0, 0);
    for round in 0..=arguments.rounds {
        syncs.push(syncs_a_second(folder.path()));
        let mut measured = Vec::new();
        for (row, address) in Row::value_variants().iter().zip(addresses) {
            let (from, count) = share(*row, round, surveys.count / (arguments.rounds + 1));
            let load = Load {
                row: *row,
                address,
                keys: keys.clone(),
                key: key.clone(),
                surveys: surveys.count,
                began: surveys.began.timestamp_millis(),
                from,
                count,
                seconds: arguments.seconds,
            };
            measured.push(measure(load, &gateway).await);
        }
        rated += measured[Row::Rate as usize].load.answers + measured[Row::Click as usize].load.answers;
        asked += measured[Row::Closing as usize].load.answers;
        rounds.push(measured);
    }
    rounds.remove(0); // The warm-up.
    let stored = surveys::stored(&database).await;
    assert_eq!(stored, (rated, asked), "the database holds what was answered, and nothing else");
    print(&rounds, syncs, surveys.count);
    println!("{rated} ratings were answered with ok: the file holds {}.", stored.0);
    println!("{asked} closings were answered with ask: the file holds {}.", stored.1);
}

/// The result of one row in one round.
struct Figures {
    load: Measured,
    /// The server's processor time per request, in microseconds. Per click, for its two requests.
    cpu: f64,
}

async fn measure(load: Load, gateway: &Gateway) -> Figures {
    let load = tokio::task::spawn_blocking(move || run_in_process(&load)).await.expect("a load");
    // Each row pays for its own queued writes, not the next row.
    gateway.flush().await.expect("the store answers");
    let cpu = (cpu_seconds(std::process::id()) - load.cpu_before) / f64::from(load.answers) * 1_000_000.0;
    Figures { load, cpu }
}

/// The positions that a row uses in a round: the first one, and how many. A survey is rated only once. Clicks need the
/// most surveys, because some pages are opened and never posted.
fn share(row: Row, round: u32, size: u32) -> (u32, u32) {
    let (start, third) = (round * size, size / 3);
    match row {
        Row::Rate | Row::Closing => (start, third),
        Row::Click => (start + third, size - third),
        Row::Bare | Row::Page | Row::Open => (start, size),
    }
}

fn config(folder: &Path) -> Config {
    let file = folder.join("afterword.toml");
    std::fs::write(&file, format!("database = '{}'\n", folder.join("afterword.db").display())).expect("a file");
    Config::load(Some(&file), std::iter::empty()).expect("a configuration").0
}

/// Serves a router as the service does.
async fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let bounds = Bounds::with(server::most_connections());
    tokio::spawn(server::serve(listener, router, bounds, CancellationToken::new()));
    address
}

/// Returns the page that the service returned for one link, without looking at the request.
async fn bare_router(service: Router, token: &str) -> Router {
    let request = Request::get(format!("/r/{token}")).header(header::USER_AGENT, "Firefox").body(Body::empty());
    let answer = service.oneshot(request.expect("a request")).await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::OK);
    let (head, body) = answer.into_parts();
    let body = to_bytes(body, usize::MAX).await.expect("a page");
    println!("a page has {} bytes", body.len());
    let answer = (head.headers, body);
    Router::new().route("/r/{token}", get(async || answer))
}

/// Verifies a link and renders its page, as if every survey were new and had the same content.
fn page_router(gateway: Arc<Gateway>, secrets: Secrets) -> Router {
    let assets = Assets::new(&gateway.config.brand.color, None);
    let shared = Arc::new((secrets.ring, assets, (*gateway.config).clone()));
    let handler = async move |Segment(token): Segment<String>| {
        let (ring, assets, config) = &*shared;
        let Some(Link { purpose: Purpose::Rate(link), survey }) = ring.verify(&token) else {
            return StatusCode::NOT_FOUND.into_response();
        };
        let id = PageId::new(u64::from_be_bytes(random()));
        let page = Page::new(id, link, Mode::Seen, Clock::System.now());
        let opened = Opened {
            clicked: link,
            page_token: ring.sign_page(survey, &page),
            now: page.issued,
            page,
            summary: Summary { standing: Standing::Unrated, frozen: false, rate_until: None, change_until: None },
            posted: None,
            answers: Answers::default(),
            about: About {
                teammate: Some("Grace Hopper".to_owned()),
                subject: Some("A question about order 123456".to_owned()),
                ..About::default()
            },
        };
        let frame = Frame {
            brand: &config.brand.name,
            custom: config.custom_texts(None),
            text: Text::english(),
            zone: config.report.timezone,
            assets,
            contact: None,
        };
        Html(rate(frame, &format!("/r/{token}"), &opened, &Offered::default())).into_response()
    };
    afterword::web::in_frame(Router::new().route("/r/{token}", get(handler)), gateway)
}

/// Runs a load in another process.
fn run_in_process(load: &Load) -> Measured {
    let row = load.row.to_possible_value().expect("none is skipped");
    let numbers =
        [i64::from(load.surveys), load.began, load.from.into(), load.count.into(), load.seconds.cast_signed()];
    let output = Command::new(std::env::current_exe().expect("this program"))
        .args(["load", row.get_name(), &load.address.to_string()])
        .args([load.keys.as_os_str(), load.key.as_ref()])
        .args(numbers.map(|number| number.to_string()))
        .stderr(Stdio::inherit())
        .output()
        .expect("a process");
    assert!(output.status.success(), "the load of the row {} failed", row.get_name());
    serde_json::from_slice(&output.stdout).expect("what it measured")
}

/// How many blocks the disk syncs per second, one after the other.
fn syncs_a_second(folder: &Path) -> f64 {
    let file = File::create(folder.join("syncs")).expect("a file");
    let (start, mut syncs) = (Instant::now(), 0_u32);
    while start.elapsed() < SYNC_FOR {
        // Overwrite the same blocks, as SQLite writes a log after a checkpoint.
        file.write_all_at(&[7; 4096], u64::from(syncs % 256) * 4096).expect("written");
        file.sync_data().expect("synced");
        syncs += 1;
    }
    f64::from(syncs) / start.elapsed().as_secs_f64()
}

fn median<T: PartialOrd>(values: impl IntoIterator<Item = T>) -> T {
    let mut values: Vec<T> = values.into_iter().collect();
    values.sort_by(|a, b| a.partial_cmp(b).expect("numbers"));
    values.swap_remove(values.len() / 2)
}

fn print(rounds: &[Vec<Figures>], syncs: Vec<f64>, surveys: u32) {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    println!("{CONNECTIONS} connections, {surveys} surveys, {cores} cores; medians of {} rounds\n", rounds.len());
    println!("row     requests/s    p50 ms    p99 ms    server's cpu us/request");
    for row in Row::value_variants() {
        let of = |what: fn(&Figures) -> f64| median(rounds.iter().map(|round| what(&round[*row as usize])));
        let (p50, p99) = (of(|row| f64::from(row.load.p50) / 1_000.0), of(|row| f64::from(row.load.p99) / 1_000.0));
        let name = row.to_possible_value().expect("none is skipped");
        let (name, rate, cpu) = (name.get_name(), of(|row| row.load.rate), of(|row| row.cpu));
        println!("{name:<7} {rate:>10.0} {p50:>9.2} {p99:>9.2} {cpu:>26.1}");
    }
    let syncs = median(syncs);
    let limit = syncs * f64::from(u32::try_from(CONNECTIONS).expect("few"));
    println!("\nthe disk syncs {syncs:.0} times a second; for {CONNECTIONS} connections at once: {limit:.0}\n");
    let rate = |round: &[Figures], row: Row| round[row as usize].load.rate;
    let to_page = |row: Row| median(rounds.iter().map(|round| rate(round, row) / rate(round, Row::Page)));
    println!("open / page {:.2}, expected at least {MIN_OPEN:.2}", to_page(Row::Open));
    println!("rate / page {:.2}, expected at least {MIN_RATE:.2}", to_page(Row::Rate));
    println!("click / page {:.2}", to_page(Row::Click));
    println!("closing / page {:.2}", to_page(Row::Closing));
    if syncs < FAST_DISK {
        let rate = median(rounds.iter().map(|round| rate(round, Row::Rate)));
        println!("but the disk is slow: rate / ({CONNECTIONS} x syncs) {:.2} counts", rate / limit);
    }
}
