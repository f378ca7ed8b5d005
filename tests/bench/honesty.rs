//! Whose ratings the click rules lose, and which machines they count: `cargo bench --bench honesty`.
//!
//! It measures no speed. A model of customers and a model of machines visit the links of mails, and the real rules
//! decide, for each value of `clicks.evidence`. It fails if a machine counts that is not a stated limit of the rules, or if
//! `seen` loses more than the aim by more than chance. This file owns the tables; `tests/it/honesty/` owns the models.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints its table, and what is wrong")]
#![expect(unreachable_pub, reason = "nothing outside uses a benchmark, and its modules are small")]

#[path = "../it/honesty/browser.rs"]
mod browser;
#[path = "../it/honesty/machines.rs"]
mod machines;
#[path = "../it/honesty/people.rs"]
mod people;

use afterword::survey::page::Evidence;
use clap::Parser;
use machines::{MACHINES, Machine, counted};
use people::{Losses, POPULATIONS, Population, Scan, measure, share};
use serde_json::{Value, json};
use std::process::ExitCode;

/// The values of `clicks.evidence`.
const SETTINGS: [Evidence; 3] = [Evidence::Seen, Evidence::Touched, Evidence::Pressed];

#[derive(Parser)]
struct Arguments {
    /// Set by cargo
    #[arg(long)]
    bench: bool,
    /// How many customers each population has
    #[arg(long, default_value_t = 60_000)]
    customers: u32,
    /// How many mails each machine visits
    #[arg(long, default_value_t = 1_000)]
    mails: u32,
    /// Print the figures as JSON
    #[arg(long)]
    json: bool,
}

/// What one setting loses of one population.
struct Line {
    least: Evidence,
    population: &'static Population,
    losses: Losses,
    /// The same customers, each of them ten seconds after a scan.
    just_scanned: Losses,
}

/// How many mails a machine rated under each of the settings.
struct Row {
    machine: &'static Machine,
    counted: [u32; SETTINGS.len()],
}

impl Row {
    fn breaks_a_promise(&self) -> bool {
        self.machine.limit.is_none() && self.counted.iter().any(|mails| *mails > 0)
    }
}

impl Line {
    fn misses_the_aim(&self) -> bool {
        self.least == Evidence::Seen && self.losses.exceed(self.population.aim)
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if !arguments.bench {
        println!("run this with cargo bench");
        return ExitCode::SUCCESS;
    }
    let of = |least| POPULATIONS.iter().map(move |population| (least, population));
    let line = |(least, population)| Line {
        least,
        population,
        losses: measure(population, Scan::Sometimes, least, arguments.customers),
        just_scanned: measure(population, Scan::JustBefore, least, arguments.customers),
    };
    let lines: Vec<_> = SETTINGS.into_iter().flat_map(of).map(line).collect();
    let row = |machine| Row { machine, counted: SETTINGS.map(|least| counted(machine, least, arguments.mails)) };
    let rows: Vec<_> = MACHINES.iter().map(row).collect();
    if arguments.json {
        println!("{:#}", json(&arguments, &lines, &rows));
    } else {
        print_people(&arguments, &lines);
        print_machines(&arguments, &rows);
    }
    let missed = lines.iter().filter(|line| line.misses_the_aim());
    let missed: Vec<_> =
        missed.map(|line| format!("`seen` loses more than the aim: {}", line.population.name)).collect();
    let broken = rows.iter().filter(|row| row.breaks_a_promise());
    let broken: Vec<_> = broken.map(|row| format!("counted, and no stated limit: {}", row.machine.name)).collect();
    for sentence in missed.iter().chain(&broken) {
        eprintln!("{sentence}");
    }
    if missed.is_empty() && broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn percent(part: f64) -> String {
    format!("{:.2} %", part * 100.0)
}

fn print_people(arguments: &Arguments, lines: &[Line]) {
    println!("Honest ratings lost, of {} customers each, and why\n", arguments.customers);
    let names = [
        "evidence",
        "population",
        "lost",
        "aim",
        "left at once",
        "no movement",
        "no press",
        "later scan",
        "mis-tap",
        "no script",
        "unscanned",
        "scanned",
        "just scanned",
    ];
    let cells = |line: &Line| {
        let Line { least, population, losses, just_scanned } = line;
        let aim = if *least == Evidence::Seen { percent(population.aim) } else { String::new() };
        let (scanned, lost) = losses.scanned;
        let causes = losses.by_cause.map(|lost| percent(share(lost, losses.customers)));
        let mut cells = vec![least.to_string(), population.name.to_owned(), percent(losses.share()), aim];
        cells.extend(causes);
        cells.push(percent(share(losses.lost() - lost, losses.customers - scanned)));
        cells.extend([percent(share(lost, scanned)), percent(just_scanned.share())]);
        cells
    };
    print_table(2, &names, lines.iter().map(cells));
}

fn print_machines(arguments: &Arguments, rows: &[Row]) {
    println!("Machines counted, of {} mails each\n", arguments.mails);
    let cells = |row: &Row| {
        let limit = row.machine.limit.map_or("no".to_owned(), |limit| format!("yes: {limit}"));
        let counted = row.counted.map(|mails| mails.to_string());
        [row.machine.name.to_owned(), limit].into_iter().chain(counted).collect()
    };
    print_table(2, &["machine", "named as a limit", "seen", "touched", "pressed"], rows.iter().map(cells));
}

/// Prints aligned columns: the first ones are texts, the others figures.
fn print_table(texts: usize, names: &[&str], rows: impl Iterator<Item = Vec<String>>) {
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    let rows: Vec<_> = [names].into_iter().chain(rows).collect();
    let width =
        |column: usize| rows.iter().map(|row: &Vec<String>| row[column].chars().count()).max().unwrap_or_default();
    for row in &rows {
        let cells = row.iter().enumerate().map(|(column, cell)| {
            let width = width(column);
            if column < texts { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        println!("{}", cells.collect::<Vec<_>>().join("  ").trim_end());
    }
    println!();
}

fn json(arguments: &Arguments, lines: &[Line], rows: &[Row]) -> Value {
    let line = |line: &Line| {
        let [left, movement, press, scan, tap, script] = line.losses.by_cause;
        json!({
            "evidence": line.least, "population": line.population.name, "lost": line.losses.share(),
            "aim": (line.least == Evidence::Seen).then_some(line.population.aim),
            "lost_just_after_a_scan": line.just_scanned.share(), "wrong_face": line.losses.wrong_face,
            "causes": {"left_at_once": left, "no_movement": movement, "no_press": press, "later_scan": scan,
                "mis_tap": tap, "no_script": script},
        })
    };
    let row = |row: &Row| {
        let [seen, touched, pressed] = row.counted;
        json!({"machine": row.machine.name, "limit": row.machine.limit,
            "counted": {"seen": seen, "touched": touched, "pressed": pressed}})
    };
    json!({
        "customers": arguments.customers, "mails": arguments.mails,
        "people": lines.iter().map(line).collect::<Vec<_>>(), "machines": rows.iter().map(row).collect::<Vec<_>>(),
    })
}
