//! How many clicks a second: `cargo bench --bench clicks`.
//!
//! Four servers run in this process, and a second process loads one after the other with 64 connections over loopback,
//! in three rounds, interleaved: on a machine that others use too, only ratios within one run mean anything.
//!
//! - bare: an axum handler that answers a constant page, as long as a rating page and with the same headers.
//! - page: the frame of the service (request id, log span, headers, body limit, panics caught) around a handler that
//!   verifies the link and signs and renders the page, without a database.
//! - open: `GET` of rating links, by the service itself. Its views are queued for the writer, and their storing is part
//!   of the load.
//! - rate: `POST` of ratings, by the service itself: each of another survey, each durable when it is answered.

mod load;
mod surveys;

use afterword::clock::Clock;
use afterword::config::Config;
use afterword::gateway::{About, Gateway, Opened};
use afterword::keys::{Keys, random};
use afterword::survey::evidence::{Mode, Page, PageId};
use afterword::survey::link::{Link, Purpose};
use afterword::text::Text;
use afterword::web::assets::Assets;
use afterword::web::page::{self, Frame};
use axum::body::Body;
use axum::extract::Path as Segment;
use axum::http::{Request, StatusCode, header};
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use axum::serve::ListenerExt;
use axum::{Router, body::to_bytes};
use clap::{Parser, ValueEnum};
use load::{CONNECTIONS, Load, Measured, Row};
use std::fs::File;
use std::net::SocketAddr;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use surveys::Surveys;
use tokio::net::TcpListener;
use tower::ServiceExt;
use tracing_subscriber::EnvFilter;

const ROUNDS: usize = 3;
/// The bars: of the page's rate, what opening and rating reach at least.
const LEAST_OPEN: f64 = 0.35;
const LEAST_RATE: f64 = 0.20;
/// On a disk that syncs less often than this, ratings are compared to what it can sync for all connections.
const FAST_DISK: f64 = 2_000.0;
const SYNCING: Duration = Duration::from_secs(2);

#[derive(Parser)]
struct Arguments {
    /// Given by cargo
    #[arg(long)]
    bench: bool,
    /// How long each row of each round is measured
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// How many surveys there are; a quarter of them can be rated in a round
    #[arg(long, default_value_t = 600_000)]
    surveys: u32,
    #[command(subcommand)]
    load: Option<Client>,
}

#[derive(clap::Subcommand)]
enum Client {
    /// The second process
    Load(Load),
}

fn main() {
    let arguments = Arguments::parse();
    if let Some(Client::Load(load)) = &arguments.load {
        serde_json::to_writer(std::io::stdout(), &load.run()).expect("the first process listens");
        return;
    }
    if !arguments.bench {
        println!("nothing is measured unless by cargo bench");
        return;
    }
    // As the service logs, which costs the same in all rows but the first.
    tracing_subscriber::fmt().with_env_filter(EnvFilter::new("info")).with_writer(std::io::stderr).json().init();
    tokio::runtime::Runtime::new().expect("a runtime").block_on(bench(&arguments));
}

async fn bench(arguments: &Arguments) {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder on the disk of the build");
    let config = config(folder.path());
    let (database, keys) = (config.database.clone(), config.link_keys_file.clone());
    let surveys = Surveys { count: arguments.surveys, began: Clock::System.now() };
    Gateway::open(config.clone(), Clock::System, None).await.expect("a database").close_down().await;
    surveys.store(&database).await;

    let gateway = Arc::new(Gateway::open(config, Clock::System, None).await.expect("a gateway"));
    let service = afterword::web::router(Arc::clone(&gateway), None);
    let page = page_router(Arc::clone(&gateway), Keys::load_or_make(&keys).expect("keys"));
    let ring = Keys::load_or_make(&keys).expect("keys").ring;
    let bare = bare_router(service.clone(), &surveys.token(0, &ring)).await;
    let service = serve(service).await;
    let addresses = [serve(bare).await, serve(page).await, service, service];

    let (mut rounds, mut syncs, mut rated) = (Vec::new(), Vec::new(), 0);
    for round in 0..=ROUNDS {
        syncs.push(syncs_a_second(folder.path()));
        let mut measured = Vec::new();
        for (row, address) in Row::value_variants().iter().zip(addresses) {
            let count = surveys.count / (u32::try_from(ROUNDS).expect("few") + 1);
            let load = Load {
                row: *row,
                address,
                keys: keys.clone(),
                surveys: surveys.count,
                began: surveys.began.timestamp_millis(),
                from: count * u32::try_from(round).expect("few"),
                count,
                seconds: arguments.seconds,
            };
            let before = cpu_seconds();
            let mut row = tokio::task::spawn_blocking(move || apart(&load)).await.expect("a load");
            // What one row left to be done is not the next one's to pay.
            gateway.settle().await.expect("the store answers");
            row.cpu = (cpu_seconds() - before) / f64::from(row.answers) * 1_000_000.0;
            measured.push(row);
        }
        rated += measured[Row::Rate as usize].answers;
        rounds.push(measured);
    }
    rounds.remove(0); // It warmed up.
    let stored = surveys::rated(&database).await;
    assert_eq!(stored, i64::from(rated), "every answered rating is in the database, and no other");
    print(&rounds, syncs, surveys.count);
    println!("{rated} ratings were answered with ok, {stored} surveys are rated in the file.");
}

fn config(folder: &Path) -> Config {
    let file = folder.join("afterword.toml");
    std::fs::write(&file, format!("database = '{}'\n", folder.join("afterword.db").display())).expect("a file");
    Config::load(Some(&file), std::iter::empty()).expect("a configuration")
}

/// Serves as the service does.
async fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let listener = listener.tap_io(|connection| drop(connection.set_nodelay(true)));
    tokio::spawn(axum::serve(listener, router).into_future());
    address
}

/// Answers what the service answered to one link, without looking at the request.
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

/// Verifies a link and renders its page, as if each survey were fresh and alike.
fn page_router(gateway: Arc<Gateway>, keys: Keys) -> Router {
    let assets = Assets::new(&gateway.config.brand.color);
    let shared = Arc::new((keys.ring, assets, gateway.config.clone()));
    let handler = async move |Segment(token): Segment<String>| {
        let (ring, assets, config) = &*shared;
        let Some(Link { purpose: Purpose::Rate(link), survey }) = ring.verify(&token) else {
            return StatusCode::NOT_FOUND.into_response();
        };
        let id = PageId::new(u64::from_be_bytes(random()));
        let page = Page { id, score: link, mode: Mode::Seen, issued: Clock::System.now(), after_hold: false };
        let opened = Opened {
            link,
            page_token: ring.sign_page(survey, &page),
            page,
            outcome: None,
            standing: "unrated",
            score: None,
            settled: false,
            picked: None,
            comment: String::new(),
            fault: None,
            about: About {
                teammate: Some("Grace Hopper".to_owned()),
                subject: Some("A question about order 123456".to_owned()),
                ..About::default()
            },
            change_until: None,
            rate_until: None,
        };
        let frame = Frame {
            brand: &config.brand.name,
            own: config.own_words(None),
            text: Text::english(),
            zone: config.report.timezone,
            assets,
        };
        Html(page::rate(frame, &format!("/r/{token}"), &opened)).into_response()
    };
    afterword::web::in_frame(Router::new().route("/r/{token}", get(handler)), gateway)
}

/// Runs a load in a process of its own.
fn apart(load: &Load) -> Measured {
    let row = load.row.to_possible_value().expect("none is skipped");
    let numbers =
        [i64::from(load.surveys), load.began, load.from.into(), load.count.into(), load.seconds.cast_signed()];
    let output = Command::new(std::env::current_exe().expect("this program"))
        .args(["load", row.get_name(), &load.address.to_string()])
        .arg(&load.keys)
        .args(numbers.map(|number| number.to_string()))
        .stderr(Stdio::inherit())
        .output()
        .expect("a process");
    assert!(output.status.success(), "the load of the row {} failed", row.get_name());
    serde_json::from_slice(&output.stdout).expect("what it measured")
}

/// How often the disk takes a block for good, one after the other.
fn syncs_a_second(folder: &Path) -> f64 {
    let file = File::create(folder.join("syncs")).expect("a file");
    let (start, mut syncs) = (Instant::now(), 0_u32);
    while start.elapsed() < SYNCING {
        // A few blocks over and over, as a log that was checkpointed is written.
        file.write_all_at(&[7; 4096], u64::from(syncs % 256) * 4096).expect("written");
        file.sync_data().expect("synced");
        syncs += 1;
    }
    f64::from(syncs) / start.elapsed().as_secs_f64()
}

/// How many seconds of processors this process has used: unlike time, it hardly depends on who else uses the machine.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    let (_, fields) = stat.rsplit_once(") ").expect("a name in brackets");
    // utime and stime of proc(5), in hundredths of a second.
    let ticks = fields.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<f64>().expect("a number"));
    ticks.sum::<f64>() / 100.0
}

fn median<T: PartialOrd>(values: impl IntoIterator<Item = T>) -> T {
    let mut values: Vec<T> = values.into_iter().collect();
    values.sort_by(|a, b| a.partial_cmp(b).expect("numbers"));
    values.swap_remove(values.len() / 2)
}

fn print(rounds: &[Vec<Measured>], syncs: Vec<f64>, surveys: u32) {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    println!("{CONNECTIONS} connections, {surveys} surveys, {cores} cores; medians of {} rounds\n", rounds.len());
    println!("row    requests/s    p50 ms    p99 ms    server's cpu us/request");
    for row in Row::value_variants() {
        let of = |what: fn(&Measured) -> f64| median(rounds.iter().map(|round| what(&round[*row as usize])));
        let (p50, p99) = (of(|row| f64::from(row.p50) / 1_000.0), of(|row| f64::from(row.p99) / 1_000.0));
        let name = row.to_possible_value().expect("none is skipped");
        let (name, rate, cpu) = (name.get_name(), of(|row| row.rate), of(|row| row.cpu));
        println!("{name:<6} {rate:>10.0} {p50:>9.2} {p99:>9.2} {cpu:>26.1}");
    }
    let syncs = median(syncs);
    let most = syncs * f64::from(u32::try_from(CONNECTIONS).expect("few"));
    println!("\nthe disk syncs {syncs:.0} times a second; for {CONNECTIONS} connections at once: {most:.0}\n");
    let share = |of: Row, by: Row| median(rounds.iter().map(|round| round[of as usize].rate / round[by as usize].rate));
    println!("open / page {:.2}, expected at least {LEAST_OPEN:.2}", share(Row::Open, Row::Page));
    println!("rate / page {:.2}, expected at least {LEAST_RATE:.2}", share(Row::Rate, Row::Page));
    if syncs < FAST_DISK {
        let rate = median(rounds.iter().map(|round| round[Row::Rate as usize].rate));
        println!("but the disk is slow: rate / ({CONNECTIONS} x syncs) {:.2} counts", rate / most);
    }
}
