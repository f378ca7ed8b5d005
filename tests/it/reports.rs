//! What teams read: figures against a naive count, local days, lists of ratings, and the views for `sqlite3`.

use crate::commands::run;
use crate::desk::{Answer, BROWSER, Desk, few, stamp, time};
use afterword::survey::access::Scope;
use axum::body::Body;
use axum::http::{Method, Request};
use chrono::{NaiveDate, TimeDelta};
use chrono_tz::Europe::Berlin;
use proptest::prelude::*;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, query};
use std::collections::{BTreeMap, BTreeSet};

/// A made-up survey, as the naive count sees it.
#[derive(Clone, Debug)]
struct Fact {
    teammate: Option<&'static str>,
    team: Option<&'static str>,
    mail: &'static str,
    accepted_at: i64,
    standing: &'static str,
    score: u8,
    rated_at: i64,
    opened: Option<&'static str>,
    cuts: Cuts,
}

/// What a survey is cut by besides teammate, team and time.
#[derive(Clone, Debug, Default)]
struct Cuts {
    channel: Option<&'static str>,
    tags: Vec<&'static str>,
    policy: Option<&'static str>,
    locale: Option<&'static str>,
    connection: &'static str,
}

impl Fact {
    /// A rating of that score at that time, by nobody in particular.
    fn rated(score: u8, at: &str) -> Self {
        let at = time(at).timestamp_millis();
        Self {
            teammate: None,
            team: None,
            mail: "accepted",
            accepted_at: at,
            standing: "rated",
            score,
            rated_at: at,
            opened: Some("phone_later"),
            cuts: Cuts::default(),
        }
    }

    /// The same survey at a time when its mail and its rating were those of another one. A locked rating could not change.
    fn as_it_was(&self, other: &Self) -> Self {
        let standing = if other.standing == "locked" { "rated" } else { other.standing };
        Self { teammate: self.teammate, team: self.team, cuts: self.cuts.clone(), standing, ..other.clone() }
    }

    /// The keys of the rows by one cut that it counts in, at that time.
    fn keys(&self, by: &str, at: i64) -> Vec<Option<String>> {
        let Cuts { channel, tags, policy, locale, connection } = &self.cuts;
        let key = match by {
            "teammate" => self.teammate,
            "team" => self.team,
            "channel" => *channel,
            "policy" => *policy,
            "language" => locale.map(|locale| if locale.to_lowercase().starts_with("de") { "de" } else { "pt" }),
            "connection" => Some(*connection),
            "tag" if tags.is_empty() => None,
            "tag" => return tags.iter().map(|tag| Some((*tag).to_owned())).collect(),
            "day" => return vec![Some(local_day(at).to_string())],
            "week" => return vec![Some(local_day(at).format("%G-W%V").to_string())],
            "month" => return vec![Some(local_day(at).format("%Y-%m").to_string())],
            other => panic!("no cut {other}"),
        };
        vec![key.map(str::to_owned)]
    }

    /// The same by one or two cuts.
    fn rows(&self, cut: &str, at: i64) -> Vec<Vec<Option<String>>> {
        cut.split(',').fold(vec![vec![]], |rows, by| {
            let keys = self.keys(by, at);
            rows.iter().flat_map(|row| keys.iter().map(move |key| [row.clone(), vec![key.clone()]].concat())).collect()
        })
    }

    /// The times that it counts at in a report.
    fn times(&self) -> Vec<i64> {
        let is_mail = self.is_asked() || self.unsent().is_some();
        let times = [(is_mail, self.accepted_at), (self.counts(), self.rated_at)];
        times.into_iter().filter(|(there, _)| *there).map(|(_, at)| at).collect()
    }

    fn is_asked(&self) -> bool {
        self.mail == "accepted" && self.standing != "voided"
    }

    /// Whether its mail was to go out, and how it stands: waiting or failed.
    fn unsent(&self) -> Option<&str> {
        let state = match self.mail {
            "waiting" | "sending" => "waiting",
            "failed" => "failed",
            _ => return None,
        };
        (self.standing != "voided").then_some(state)
    }

    fn counts(&self) -> bool {
        ["rated", "locked"].contains(&self.standing)
    }
}

/// Surveys as one JSON array, for statements.
fn rows(facts: &[Fact]) -> String {
    let rows = facts.iter().enumerate().map(|(number, fact)| {
        let rated = fact.standing != "unrated";
        let comment = (fact.standing == "locked").then_some("said");
        json!([
            survey_id(number),
            format!("c{number}"),
            fact.teammate,
            fact.team,
            fact.mail,
            fact.accepted_at,
            fact.standing,
            rated.then_some(fact.score),
            rated.then_some(fact.rated_at),
            fact.opened,
            comment,
            fact.cuts.channel,
            json!(fact.cuts.tags).to_string(),
            fact.cuts.policy,
            fact.cuts.locale,
            fact.cuts.connection
        ])
    });
    json!(rows.collect::<Vec<_>>()).to_string()
}

/// The id of the survey with this number, in hexadecimal.
fn survey_id(number: usize) -> String {
    format!("01900000000070008000{number:012}")
}

/// Runs statements in one transaction, as the service does: it may fold the roll-up at any other moment. `value` is the
/// parameter of each.
async fn write(desk: &Desk, statements: &[&str], value: &str) {
    let mut db = desk.database().await;
    let mut db = db.begin_with("BEGIN IMMEDIATE").await.expect("it begins");
    for sql in statements {
        query(AssertSqlSafe(*sql)).bind(value).execute(&mut *db).await.expect(sql);
    }
    db.commit().await.expect("written");
}

/// Makes these the only surveys of a desk.
async fn store(desk: &Desk, facts: &[Fact]) {
    let statements = [
        "DELETE FROM rollup",
        "DELETE FROM rollup_series",
        "DELETE FROM unrolled",
        "UPDATE rolled SET until = x''",
        "DELETE FROM rating",
        "DELETE FROM survey",
        "DELETE FROM outbox",
        "DELETE FROM closing",
        "INSERT INTO outbox (id, kind, state, due_at, first_due, tries, stop, owner)
            SELECT unhex(value ->> 0), 'request', value ->> 4, 1, value ->> 5, 1, iif(value ->> 4 = 'cancelled', 'reopened', NULL),
                iif(value ->> 4 = 'sending', x'01', NULL)
            FROM json_each($1)",
        "INSERT INTO survey (id, connection, conversation_id, closed_at, made_at, address_hash, policy, locale)
            SELECT unhex(value ->> 0), value ->> 15, value ->> 1, 1, 1, 'h', value ->> 13, value ->> 14 FROM json_each($1)",
        "INSERT INTO closing (connection, conversation_id, closed_at, reported_at, state, channel, customers, tags, policy,
                decision, survey_id, send_at, reasons)
            SELECT value ->> 15, value ->> 1, 1, 1, 'closed', value ->> 11, 1, value ->> 12, value ->> 13, 'ask',
                unhex(value ->> 0), 1, '[]' FROM json_each($1)",
        "INSERT INTO rating (survey_id, teammate_id, team, asked_at, standing, voided_from, score, rated_at, comment,
                evidence, page, page_issued, held_at, opened)
            SELECT unhex(value ->> 0), value ->> 2, value ->> 3, iif(value ->> 4 = 'accepted', value ->> 5, NULL),
                value ->> 6, iif(value ->> 6 = 'voided', 'rated', NULL), value ->> 7, value ->> 8, value ->> 10, 'pressed', 1,
                1, 1, value ->> 9
            FROM json_each($1)",
    ];
    write(desk, &statements, &rows(facts)).await;
}

/// Changes the surveys of a desk to these, one by one: their mails and ratings.
async fn change(desk: &Desk, facts: &[Fact]) {
    let statements = [
        "UPDATE outbox SET state = value ->> 4, first_due = value ->> 5,
                stop = iif(value ->> 4 = 'cancelled', 'reopened', NULL), owner = iif(value ->> 4 = 'sending', x'01', NULL)
            FROM json_each($1) AS now WHERE outbox.id = unhex(now.value ->> 0)",
        "UPDATE rating SET asked_at = iif(value ->> 4 = 'accepted', value ->> 5, NULL), opened = value ->> 9
            FROM json_each($1) WHERE survey_id = unhex(value ->> 0)",
        "UPDATE rating SET standing = value ->> 6, voided_from = iif(value ->> 6 = 'voided', 'rated', NULL),
                score = value ->> 7, rated_at = value ->> 8, comment = value ->> 10
            FROM json_each($1) WHERE survey_id = unhex(value ->> 0)",
    ];
    write(desk, &statements, &rows(facts)).await;
}

fn local_day(millis: i64) -> NaiveDate {
    let at = chrono::DateTime::from_timestamp_millis(millis).expect("a time");
    at.with_timezone(&Berlin).date_naive()
}

/// The figures of some surveys, counted as slowly as the design says them; `within` tells what counts at which time.
fn naive(facts: &[Fact], positive: &[u8], within: impl Fn(&Fact, i64) -> bool) -> Value {
    let sent = |fact: &Fact| within(fact, fact.accepted_at);
    let asked: Vec<_> = facts.iter().filter(|fact| fact.is_asked() && sent(fact)).collect();
    let ratings: Vec<_> = facts.iter().filter(|fact| fact.counts() && within(fact, fact.rated_at)).collect();
    let happy = ratings.iter().filter(|fact| positive.contains(&fact.score)).count();
    let answered = asked.iter().filter(|fact| fact.counts()).count();
    #[expect(clippy::cast_precision_loss, reason = "a handful")]
    let share = |part: usize, of: usize| (of > 0).then(|| part as f64 / of as f64);
    let scores: Vec<_> = (1..=5).map(|score| ratings.iter().filter(|fact| fact.score == score).count()).collect();
    let unsent = |state| facts.iter().filter(|fact| fact.unsent() == Some(state) && sent(fact)).count();
    let unconfirmed: Vec<_> = asked.iter().filter(|fact| fact.standing == "unrated" && fact.opened.is_some()).collect();
    let opened = |how| unconfirmed.iter().filter(|fact| fact.opened == Some(how)).count();
    let figures = json!({
        "asked": asked.len(), "answered": answered, "response_rate": share(answered, asked.len()),
        "ratings": ratings.len(), "positive": happy, "csat": share(happy, ratings.len()), "scores": scores,
        "held": asked.iter().filter(|fact| fact.standing == "held").count(),
        "unconfirmed": unconfirmed.len(), "waiting": unsent("waiting"), "failed": unsent("failed"),
        "unconfirmed_phone_young": opened("phone_young"), "unconfirmed_phone_later": opened("phone_later"),
        "unconfirmed_other_young": opened("other_young"), "unconfirmed_other_later": opened("other_later"),
    });
    // Reading JSON may round the last digit of a share: theirs was read, so ours is too.
    serde_json::from_str(&figures.to_string()).expect("JSON")
}

/// The same as a row or a total has it: nothing was ticked.
fn with_ticks(figures: Value) -> Value {
    let mut row = figures;
    row["reasons"] = json!({});
    row["answers"] = json!({});
    row
}

fn cuts() -> impl Strategy<Value = Cuts> {
    let channel = prop::sample::select(vec![None, Some("chat"), Some("email")]);
    let tags = prop::sample::subsequence(vec!["refund", "bug", "vip"], 0..=3);
    let policy = prop::sample::select(vec![None, Some("vip")]);
    let locale = prop::sample::select(vec![None, Some("de"), Some("de-AT"), Some("DE_ch"), Some("pt-BR")]);
    let connection = prop::sample::select(vec!["", "desk"]);
    (channel, tags, policy, locale, connection).prop_map(|(channel, tags, policy, locale, connection)| Cuts {
        channel,
        tags,
        policy,
        locale,
        connection,
    })
}

fn fact() -> impl Strategy<Value = Fact> {
    let noon = time("2026-10-25T12:00:00Z").timestamp_millis();
    let near = move || (-72..72i64, 0..3_600_000i64).prop_map(move |(hours, ms)| noon + hours * 3_600_000 + ms);
    let teammate = prop::sample::select(vec![None, Some("t1"), Some("t2"), Some("t3")]);
    let team = prop::sample::select(vec![None, Some("Billing"), Some("Sales")]);
    let mail =
        prop::sample::select(vec!["accepted", "accepted", "accepted", "waiting", "failed", "cancelled", "sending"]);
    let standing = prop::sample::select(vec!["unrated", "rated", "rated", "held", "locked", "voided"]);
    let opened =
        [None, Some("phone_young"), Some("phone_later"), Some("other_young"), Some("other_later"), Some("unknown")];
    let opened = prop::sample::select(opened.to_vec());
    (teammate, team, mail, near(), standing, 1..=5u8, near(), opened, cuts()).prop_map(
        |(teammate, team, mail, accepted_at, standing, score, rated_at, opened, cuts)| Fact {
            teammate,
            team,
            mail,
            accepted_at,
            standing,
            score,
            rated_at,
            opened,
            cuts,
        },
    )
}

/// Cuts that a naive count is compared with, one or two at once.
const CUTS: [&str; 16] = [
    "teammate",
    "team",
    "channel",
    "tag",
    "policy",
    "language",
    "connection",
    "day",
    "week",
    "month",
    "team,day",
    "month,team",
    "tag,week",
    "channel,tag",
    "teammate,team",
    "language,connection",
];
/// A cut, and the key that a filter picks of it, or none.
type Picked = (&'static str, Option<&'static str>);
/// Filters, and what they pick.
const FILTERS: [(&str, &[Picked]); 8] = [
    ("", &[]),
    ("&team=Sales", &[("team", Some("Sales"))]),
    ("&teammate=t1&team=Billing", &[("teammate", Some("t1")), ("team", Some("Billing"))]),
    ("&team=", &[("team", None)]),
    ("&tag=refund", &[("tag", Some("refund"))]),
    ("&tag=&channel=chat", &[("tag", None), ("channel", Some("chat"))]),
    ("&policy=&language=de", &[("policy", None), ("language", Some("de"))]),
    ("&connection=&policy=vip", &[("connection", Some("")), ("policy", Some("vip"))]),
];

/// Everything that a report of these surveys must say.
struct Naive<'f> {
    facts: Vec<Fact>,
    cut: &'f str,
    /// Days of October 2026, both included.
    days: (i64, i64),
}

impl<'f> Naive<'f> {
    fn new(facts: &[Fact], filter: &[(&str, Option<&str>)], cut: &'f str, days: (i64, i64)) -> Self {
        let holds = |fact: &Fact, (by, key): &(&str, Option<&str>)| fact.keys(by, 0).contains(&key.map(str::to_owned));
        let picked = facts.iter().filter(|fact| filter.iter().all(|filter| holds(fact, filter)));
        Self { facts: picked.cloned().collect(), cut, days }
    }

    /// Whether a time is in the period of these days of October, both included. Day 0 is the last of September.
    fn within((from, to): (i64, i64)) -> impl Fn(i64) -> bool {
        let start = NaiveDate::from_ymd_opt(2026, 9, 30).expect("a day");
        move |at| (from..=to).contains(&(local_day(at) - start).num_days())
    }

    fn before(&self) -> (i64, i64) {
        let (from, to) = self.days;
        (from - (to - from + 1), from - 1)
    }

    fn has_time(&self) -> bool {
        ["day", "week", "month"].iter().any(|time| self.cut.contains(time))
    }

    fn total(&self, days: (i64, i64)) -> Value {
        let within = Self::within(days);
        naive(&self.facts, &[3, 5], |_, at| within(at))
    }

    fn figures(&self, days: (i64, i64), row: &[Option<String>]) -> Value {
        let within = Self::within(days);
        naive(&self.facts, &[3, 5], |fact, at| within(at) && fact.rows(self.cut, at).contains(&row.to_vec()))
    }

    fn rows_of(&self, days: (i64, i64)) -> BTreeSet<Vec<Option<String>>> {
        let within = Self::within(days);
        let times = self.facts.iter().flat_map(|fact| fact.times().into_iter().map(move |at| (fact, at)));
        times.filter(|(_, at)| within(*at)).flat_map(|(fact, at)| fact.rows(self.cut, at)).collect()
    }

    /// The rows with data, those of the period before, and those of days, weeks or months without data.
    fn rows(&self) -> BTreeSet<Vec<Option<String>>> {
        let mut rows = self.rows_of(self.days);
        let parts: Vec<_> = self.cut.split(',').collect();
        let Some(place) = parts.iter().position(|by| ["day", "week", "month"].contains(by)) else {
            rows.extend(self.rows_of(self.before()));
            return rows;
        };
        let days =
            (self.days.0..=self.days.1).map(|day| time(&format!("2026-10-{day:02}T12:00:00Z")).timestamp_millis());
        let any = Fact::rated(1, "2026-10-01T12:00:00Z");
        let stretches: BTreeSet<_> = days.flat_map(|noon| any.keys(parts[place], noon)).collect();
        let others: BTreeSet<_> = match parts.len() {
            1 => BTreeSet::from([None]),
            _ => rows.iter().map(|row| Some(row[1 - place].clone())).collect(),
        };
        for (other, stretch) in others.iter().flat_map(|other| stretches.iter().map(move |stretch| (other, stretch))) {
            let mut row: Vec<_> = other.iter().cloned().collect();
            row.insert(place, stretch.clone());
            rows.insert(row);
        }
        rows
    }
}

#[test]
fn figures_are_what_a_naive_count_finds() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let desk = runtime.block_on(Desk::with(|config| {
        config.report.timezone = Berlin;
        config.report.positive = vec![3, 5];
    }));
    let days = (20..31i64, 0..6i64).prop_map(|(from, more)| (from, (from + more).min(31)));
    let filters = prop::sample::select(FILTERS.to_vec());
    let cuts = prop::sample::subsequence(CUTS.to_vec(), 4);
    let facts = prop::collection::vec((fact(), fact()), 0..50);
    proptest!(few(16), |(facts in facts, (from, to) in days, filter in filters, cuts in cuts, rolled in 0..60usize)| {
        let before: Vec<_> = facts.iter().map(|(before, now)| now.as_it_was(before)).collect();
        let facts: Vec<_> = facts.into_iter().map(|(_, now)| now).collect();
        runtime.block_on(store(&desk, &before));
        // The service may have rolled some already.
        runtime.block_on(desk.gateway.roll_up(rolled)).expect("a step");
        runtime.block_on(change(&desk, &facts));
        for cut in cuts {
            let path = format!("/v1/report?by={cut}&from=2026-10-{from}&to=2026-10-{to}&compare=true{}", filter.0);
            let report = runtime.block_on(desk.get(&path));
            let naive = Naive::new(&facts, filter.1, cut, (from, to));
            prop_assert_eq!(&report["total"], &with_ticks(naive.total((from, to))), "{}", path);
            prop_assert_eq!(&report["before"]["total"], &naive.total(naive.before()), "{}", path);
            let rows = report["rows"].as_array().expect("rows");
            let names = ["id", "second_id"];
            let parts = cut.split(',').count();
            let id = |row: &Value| -> Vec<_> {
                names.iter().take(parts).map(|name| row[*name].as_str().map(str::to_owned)).collect()
            };
            let ids: BTreeSet<_> = rows.iter().map(id).collect();
            prop_assert_eq!(&ids, &naive.rows(), "{} {}", path, report.text);
            prop_assert_eq!(rows.len(), ids.len());
            for row in rows {
                let id = id(row);
                let mut expected = with_ticks(naive.figures((from, to), &id));
                let keys = [("id", "name"), ("second_id", "second_name")];
                for ((name, title), id) in keys.iter().zip(&id) {
                    expected[*name] = json!(id);
                    expected[*title] = json!(id);
                }
                if !naive.has_time() {
                    expected["before"] = naive.figures(naive.before(), &id);
                }
                prop_assert_eq!(row, &expected, "{}", path);
            }
        }
        runtime.block_on(views_agree(&desk));
    });
}

/// The `report_*` views over all time hold what the API answers.
async fn views_agree(desk: &Desk) {
    let figures = [
        "asked",
        "answered",
        "ratings",
        "positive",
        "held",
        "unconfirmed",
        "waiting",
        "failed",
        "unconfirmed_phone_young",
        "unconfirmed_phone_later",
        "unconfirmed_other_young",
        "unconfirmed_other_later",
    ];
    for (view, key, by) in [("teammates", "teammate_id", "teammate"), ("teams", "team", "team"), ("days", "day", "day")]
    {
        let report = desk.get(&format!("/v1/report?by={by}&from=2020-01-01&to=2059-12-31")).await;
        let sql = format!(
            "SELECT {key}, {}, terrible, bad, okay, great, amazing, csat FROM report_{view}",
            figures.join(", ")
        );
        let seen: BTreeMap<_, _> =
            desk.sql(&sql).await.into_iter().map(|row| (row[0].clone(), row[1..].to_vec())).collect();
        let rows: Vec<_> = report["rows"].as_array().expect("rows").iter().filter(|row| !is_empty(row)).collect();
        assert_eq!(rows.len(), seen.len(), "{view}");
        for row in rows {
            let row_seen = &seen[row["id"].as_str().unwrap_or("null")];
            let counts = figures.iter().map(|figure| row[*figure].to_string());
            let scores = row["scores"].as_array().expect("five").iter().map(ToString::to_string);
            assert_eq!(row_seen[..17], counts.chain(scores).collect::<Vec<_>>(), "{view}");
            let near = |csat: f64| row_seen[17].parse::<f64>().is_ok_and(|seen| (seen - csat).abs() < 0.0001);
            assert!(row["csat"].as_f64().map_or(row_seen[17] == "null", near), "{view} {row_seen:?} {row}");
        }
    }
    let listed = desk.get("/v1/ratings?from=2020-01-01&to=2059-12-31&limit=200").await;
    let listed: BTreeSet<_> = ids(&listed).into_iter().collect();
    let seen = desk.sql("SELECT survey_id FROM report_ratings").await;
    assert_eq!(listed, seen.concat().into_iter().collect::<BTreeSet<_>>());
}

/// Whether a row counts nothing: a day without data.
fn is_empty(row: &Value) -> bool {
    ["asked", "ratings", "waiting", "failed"].iter().all(|figure| row[*figure] == 0)
}

#[tokio::test]
async fn a_filter_narrows_what_a_key_sees() {
    let desk = Desk::open().await;
    let mut facts = [Fact::rated(5, "2026-11-20T10:00:00Z"), Fact::rated(1, "2026-11-20T10:00:00Z")];
    (facts[0].team, facts[1].team) = (Some("Billing"), Some("Sales"));
    for fact in &mut facts {
        fact.cuts.tags = vec!["refund"];
    }
    store(&desk, &facts).await;
    let key = desk.key(Scope::Read, None, Some("Billing")).await;
    for (query, count) in [
        ("by=tag", 1),
        ("by=team,tag", 1),
        ("by=tag&team=Billing&compare=true", 1),
        ("by=tag&team=Sales", 0),
        ("by=tag&team=", 0),
        ("tag=refund", 1),
        ("tag=other", 0),
    ] {
        let report = desk.call(Method::GET, &format!("/v1/report?{query}"), Some(&key), None).await;
        assert_eq!(report["total"]["ratings"], count, "{query}");
        assert_eq!(report["rows"].as_array().map(Vec::len), Some(count), "{query}: {}", report.text);
    }
}

#[tokio::test]
async fn one_teammates_part_is_cut_by_what_no_sum_has() {
    let desk = Desk::open().await;
    let mut facts = [Fact::rated(5, "2026-11-20T10:00:00Z"), Fact::rated(1, "2026-11-20T10:00:00Z")];
    (facts[0].teammate, facts[1].teammate) = (Some("t1"), Some("t2"));
    for fact in &mut facts {
        fact.cuts.tags = vec!["refund", "bug"];
    }
    store(&desk, &facts).await;
    for (query, rows) in [("by=tag", 2), ("by=channel,tag", 2), ("by=tag,month&team=", 2), ("by=tag&tag=bug", 2)] {
        let report = desk.get(&format!("/v1/report?teammate=t1&from=2026-11-20&to=2026-11-20&{query}")).await;
        let full = report["rows"].as_array().expect("rows").iter().filter(|row| row["ratings"] == 1).count();
        assert_eq!((&report["total"]["ratings"], full), (&json!(1), rows), "{query}: {}", report.text);
    }
}

#[tokio::test]
async fn the_command_cuts_filters_and_compares_as_the_api() {
    let desk = Desk::open().await;
    let mut fact = Fact::rated(5, "2026-11-20T10:00:00Z");
    (fact.teammate, fact.team) = (Some("t1"), Some("Billing"));
    let tags = vec!["refund"];
    fact.cuts = Cuts { channel: Some("chat"), tags, policy: Some("vip"), locale: Some("de-AT"), connection: "desk" };
    store(&desk, &[fact]).await;
    for (option, value) in [
        ("teammate", "t1"),
        ("team", "Billing"),
        ("channel", "chat"),
        ("tag", "refund"),
        ("policy", "vip"),
        ("language", "de"),
        ("connection", "desk"),
    ] {
        for (value, count) in [(value, 1), ("other", 0)] {
            let arguments = format!(
                "report --{option} {value} --by {option},month --from 2026-11-01 --to 2026-11-30 --compare --format json"
            );
            let output = run(desk.folder.path(), &arguments);
            let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
            assert_eq!(report["total"]["ratings"], count, "{arguments}");
            let query = format!("{option}={value}&by={option},month&from=2026-11-01&to=2026-11-30&compare=true");
            assert_eq!(report, desk.get(&format!("/v1/report?{query}")).await.json, "{arguments}");
        }
    }
}

fn ids(answer: &Answer) -> Vec<String> {
    let items = answer["items"].as_array().expect(&answer.text);
    items.iter().map(|item| item["survey_id"].as_str().expect("an id").to_owned()).collect()
}

#[tokio::test]
async fn days_are_local_and_change_with_the_clocks() {
    let desk = Desk::with(|config| config.report.timezone = Berlin).await;
    let table = [
        ("2026-10-24T21:59:59.999Z", "2026-10-24"),
        ("2026-10-24T22:00:00Z", "2026-10-25"),
        ("2026-10-25T22:59:59.999Z", "2026-10-25"), // the day of 25 hours
        ("2026-10-25T23:00:00Z", "2026-10-26"),
        ("2026-03-28T22:59:59.999Z", "2026-03-28"),
        ("2026-03-28T23:00:00Z", "2026-03-29"),
        ("2026-03-29T21:59:59.999Z", "2026-03-29"), // the day of 23 hours
        ("2026-03-29T22:00:00Z", "2026-03-30"),
    ];
    for (at, day) in table {
        store(&desk, &[Fact::rated(5, at)]).await;
        let by_day = desk.get("/v1/report?by=day&from=2026-01-01&to=2026-12-31").await;
        let full: Vec<_> = by_day["rows"].as_array().expect("rows").iter().filter(|row| !is_empty(row)).collect();
        assert_eq!((full.len(), &full[0]["id"], &full[0]["name"]), (1, &json!(day), &json!(day)), "{at}");
        let exact = desk.get(&format!("/v1/report?by=day&from={day}&to={day}")).await;
        assert_eq!(exact["total"]["ratings"], 1, "{at}: both ends are included");
        assert_eq!(ids(&desk.get(&format!("/v1/ratings?from={day}&to={day}")).await).len(), 1, "{at}");
        let (before, after) = (at.replace("59.999", "59.998"), stamp(time(at) + TimeDelta::milliseconds(1)));
        for (from, to, found) in [(at, after.as_str(), 1), (before.as_str(), at, 0), (at, at, 0)] {
            let report = desk.get(&format!("/v1/report?from={from}&to={to}")).await;
            assert_eq!(report["total"]["ratings"], found, "{from} to {to}: instants are half open: {}", report.text);
        }
    }
}

#[tokio::test]
async fn without_a_period_it_is_the_last_thirty_days_today_included() {
    for (zone, first, first_day) in
        [(chrono_tz::UTC, "2026-10-24T00:00:00Z", "2026-10-24"), (Berlin, "2026-10-23T22:00:00Z", "2026-10-24")]
    {
        let desk = Desk::with(|config| config.report.timezone = zone).await;
        let early = stamp(time(first) - TimeDelta::milliseconds(1));
        let facts = [Fact::rated(5, &early), Fact::rated(4, first), Fact::rated(1, "2026-11-22T22:59:59.999Z")];
        store(&desk, &facts).await;
        let report = desk.get("/v1/report").await;
        assert_eq!(
            (&report["from"], &report["to"], &report["by"]),
            (&json!(first_day), &json!("2026-11-22"), &json!("teammate"))
        );
        assert_eq!((&report["total"]["ratings"], &report["total"]["csat"]), (&json!(2), &json!(0.5)));
        assert_eq!(ids(&desk.get("/v1/ratings").await).len(), 2, "of the list too");
        let keys = |value: &Value| value.as_object().expect("an object").keys().cloned().collect::<Vec<_>>();
        assert_eq!(keys(&report.json), ["from", "to", "by", "total", "rows"]);
        let names = [
            "id",
            "name",
            "asked",
            "answered",
            "response_rate",
            "ratings",
            "positive",
            "csat",
            "scores",
            "held",
            "unconfirmed",
            "waiting",
            "failed",
            "unconfirmed_phone_young",
            "unconfirmed_phone_later",
            "unconfirmed_other_young",
            "unconfirmed_other_later",
            "reasons",
            "answers",
        ];
        assert_eq!(keys(&report["rows"][0]), names);
        assert_eq!(keys(&report["total"]), names[2..]);
        assert_eq!(
            (&report["rows"][0]["id"], &report["rows"][0]["name"]),
            (&Value::Null, &Value::Null),
            "unattributed"
        );
    }
}

#[tokio::test]
async fn csat_is_the_share_of_the_positive_set() {
    let at = "2026-11-20T10:00:00Z";
    let two_of_each: Vec<_> = (1..=5).flat_map(|score| [Fact::rated(score, at), Fact::rated(score, at)]).collect();
    for (positive, csat) in [(vec![4, 5], 0.4), (vec![5], 0.2), (vec![3, 4, 5], 0.6), (vec![1, 2, 3, 4, 5], 1.0)] {
        let desk = Desk::with(|config| config.report.positive = positive).await;
        store(&desk, &two_of_each).await;
        assert_eq!(desk.get("/v1/report").await["total"]["csat"], csat);
        store(&desk, &[]).await;
        assert_eq!(desk.get("/v1/report").await["total"]["csat"], Value::Null, "no share of nothing");
    }
}

type Wanted = fn(&Fact) -> bool;

#[tokio::test]
async fn ratings_are_listed_newest_first_without_gaps_or_repeats() {
    let desk = Desk::open().await;
    let mut facts: Vec<_> = (0..123u8)
        .map(|number| {
            let mut fact = Fact::rated(number % 5 + 1, &format!("2026-11-{:02}T10:00:00Z", number / 9 + 1));
            fact.teammate = [None, Some("t1"), Some("t2")][usize::from(number % 3)];
            fact.team = [None, Some("Billing")][usize::from(number % 2)];
            fact.standing = ["rated", "locked", "held", "rated"][usize::from(number % 4)];
            fact
        })
        .collect();
    store(&desk, &facts).await;
    let counting = facts.iter().filter(|fact| fact.counts()).count();
    for limit in [1, 7, 50, 200] {
        let (mut all, mut path) = (Vec::new(), format!("/v1/ratings?limit={limit}"));
        loop {
            let page = desk.get(&path).await;
            all.extend(page["items"].as_array().expect("items").clone());
            let Some(next) = page["next"].as_str() else { break };
            assert_eq!(page["items"].as_array().map(Vec::len), Some(limit));
            path = format!("/v1/ratings?limit={limit}&cursor={next}");
        }
        let times: Vec<_> = all.iter().map(|item| item["rated_at"].as_str().expect("a time")).collect();
        assert!(times.is_sorted_by(|newer, older| newer >= older), "newest first");
        let distinct: BTreeSet<_> = all.iter().map(|item| item["survey_id"].to_string()).collect();
        assert_eq!((all.len(), distinct.len()), (counting, counting), "limit {limit}");
    }
    assert_eq!(ids(&desk.get("/v1/ratings").await).len(), 50, "unless told otherwise");
    let filters: [(&str, Wanted); 6] = [
        ("score=4", |fact| fact.score == 4),
        ("teammate=t1", |fact| fact.teammate == Some("t1")),
        ("team=Billing", |fact| fact.team == Some("Billing")),
        ("commented=true", |fact| fact.standing == "locked"),
        ("commented=false", |fact| fact.standing != "locked"),
        ("score=2&teammate=t2&team=Billing&from=2026-11-03&to=2026-11-09", |fact| {
            let day = fact.rated_at >= time("2026-11-03T00:00:00Z").timestamp_millis();
            let end = fact.rated_at < time("2026-11-10T00:00:00Z").timestamp_millis();
            day && end && fact.score == 2 && fact.teammate == Some("t2") && fact.team == Some("Billing")
        }),
    ];
    for (filter, wanted) in filters {
        let expected = facts.iter().filter(|fact| fact.counts() && wanted(fact)).count();
        assert_eq!(ids(&desk.get(&format!("/v1/ratings?limit=200&{filter}")).await).len(), expected, "{filter}");
    }
    // What is rated meanwhile does not move the pages that follow.
    let first = desk.get("/v1/ratings?limit=20").await;
    facts.push(Fact::rated(5, "2026-11-22T09:00:00Z"));
    store(&desk, &facts).await;
    let second = desk.get(&format!("/v1/ratings?limit=200&cursor={}", first["next"].as_str().expect("more"))).await;
    assert_eq!(ids(&second).len(), counting - 20);
}

const PHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148";

/// Opens a link on a phone.
async fn open_on_phone(desk: &Desk, link: &str) {
    let request = Request::get(link).header("user-agent", PHONE);
    desk.send(request.body(Body::empty()).expect("a request")).await;
}

/// Opens a link with a click in a webmail.
async fn open_in_webmail(desk: &Desk, link: &str) {
    let request = Request::get(link).header("user-agent", BROWSER).header("sec-fetch-site", "cross-site");
    desk.send(request.header("sec-fetch-user", "?1").body(Body::empty()).expect("a request")).await;
}

/// `unconfirmed` and what it is split into, as the report has them.
async fn unconfirmed(desk: &Desk) -> [u64; 5] {
    desk.gateway.flush().await.expect("views are written");
    let total = desk.get("/v1/report").await["total"].clone();
    let split = ["", "_phone_young", "_phone_later", "_other_young", "_other_later"];
    split.map(|kind| total[format!("unconfirmed{kind}")].as_u64().expect(kind))
}

#[tokio::test]
async fn unconfirmed_is_split_by_who_came_first_until_the_first_click() {
    let desk = Desk::open().await;
    let mut links = Vec::new();
    for id in ["phone", "desktop", "scanned", "webmail", "rated", "late"] {
        desk.close(json!({"conversation_id": id})).await;
        links.push(desk.the_mail().await.links);
    }
    let [phone, desktop, scanned, webmail, rated, late] = links.as_slice() else { unreachable!("six mails") };
    open_on_phone(&desk, &phone[0]).await;
    for link in [desktop, scanned, webmail] {
        desk.visit(&link[0]).await;
    }
    open_on_phone(&desk, &rated[4]).await;
    assert_eq!(unconfirmed(&desk).await, [5, 2, 0, 3, 0]);

    desk.pass(TimeDelta::minutes(5));
    desk.visit(&phone[1]).await;
    desk.visit(&desktop[0]).await;
    open_on_phone(&desk, &scanned[4]).await;
    open_in_webmail(&desk, &webmail[4]).await;
    open_on_phone(&desk, &webmail[4]).await;
    desk.press(&rated[4]).await;
    open_on_phone(&desk, &late[2]).await;
    assert_eq!(unconfirmed(&desk).await, [5, 1, 2, 1, 1], "a click counts more than who came before, and only once");
    let opened = desk.sql("SELECT opened, count(*) FROM rating GROUP BY opened ORDER BY opened").await;
    let opened: Vec<_> = opened.iter().map(|row| row.join(" ")).collect();
    assert_eq!(opened, ["other_later 1", "other_young 1", "phone_later 2", "phone_young 2"]);
}

#[tokio::test]
async fn held_unconfirmed_and_answered_mean_what_customers_did() {
    let desk = Desk::open().await;
    let teammate = json!({"id": "t7", "name": "Grace", "team": "Billing"});
    let mut links = Vec::new();
    for id in ["looked", "machine", "held", "rated", "locked", "silent"] {
        desk.close(json!({"conversation_id": id, "teammate": teammate})).await;
        links.push(desk.the_mail().await.links);
    }
    desk.pass(TimeDelta::minutes(10));
    desk.visit(&links[0][3]).await;
    for (method, agent) in [("HEAD", BROWSER), ("GET", "curl/8.0"), ("GET", "")] {
        let request = Request::builder().method(method).uri(&links[1][0]).header("user-agent", agent);
        desk.send(request.body(Body::empty()).expect("a request")).await;
    }
    let page = desk.visit(&links[2][4]).await.page_token();
    desk.pass(TimeDelta::seconds(3));
    assert_eq!(desk.submit(&links[2][4], &[("page", &page), ("how", "seen")]).await["outcome"], "ok");
    desk.visit(&links[2][0]).await;
    desk.press(&links[3][2]).await;
    desk.comment(&links[4][4], "Thank you").await;
    let report = desk.get("/v1/report?by=team").await;
    let expected = json!({"asked": 6, "answered": 2, "response_rate": 2.0 / 6.0, "ratings": 2, "positive": 1, "csat": 0.5,
        "scores": [0, 0, 1, 0, 1],
        "held": 1, "unconfirmed": 1, "waiting": 0, "failed": 0, "unconfirmed_phone_young": 0,
        "unconfirmed_phone_later": 0, "unconfirmed_other_young": 0, "unconfirmed_other_later": 1, "reasons": {}, "answers": {}});
    assert_eq!(report["total"], expected);
    assert_eq!((&report["rows"][0]["id"], &report["rows"][0]["name"]), (&json!("Billing"), &json!("Billing")));

    let listed = desk.get("/v1/ratings?commented=true").await;
    let item = listed["items"][0].as_object().expect("one");
    let names = [
        "survey_id",
        "connection",
        "conversation_id",
        "rated_at",
        "score",
        "evidence",
        "standing",
        "comment",
        "reasons",
        "answer",
        "teammate",
        "team",
        "url",
        "closed_at",
        "asked_at",
        "held_because",
        "history",
    ];
    assert_eq!(item.keys().collect::<Vec<_>>(), names);
    assert_eq!((&item["comment"], &item["teammate"]), (&json!("Thank you"), &json!({"id": "t7", "name": "Grace"})));
    assert_eq!(listed["next"], Value::Null);

    // A changed score counts at the time of the change; a comment on it keeps that time.
    desk.turn_to("2026-11-24T10:00:00Z");
    let page = desk.visit(&links[3][2]).await.page_token();
    desk.pass(TimeDelta::seconds(10));
    let changed = desk.submit(&links[3][2], &[("page", &page), ("score", "5")]).await;
    assert_eq!((&changed["outcome"], &changed["score"]), (&json!("ok"), &json!(5)));
    desk.turn_to("2026-11-25T10:00:00Z");
    assert_eq!(desk.comment(&links[3][4], "Late").await["outcome"], "ok");
    let days = desk.get("/v1/report?by=day").await;
    let ratings = |day: &str| {
        let rows = days["rows"].as_array().expect("rows");
        rows.iter().find(|row| row["id"] == day).map(|row| row["ratings"].clone())
    };
    assert_eq!(
        [ratings("2026-11-22"), ratings("2026-11-24"), ratings("2026-11-25")],
        [Some(json!(1)), Some(json!(1)), Some(json!(0))]
    );
    let history = desk.get("/v1/conversations/rated").await["surveys"][0]["history"].clone();
    let what: Vec<_> =
        history.as_array().expect("rows").iter().map(|row| row["what"].as_str().expect("a word")).collect();
    assert_eq!(what, ["rated", "rated", "commented"]);
    let skips = desk.close(json!({"conversation_id": "short", "characters": 1})).await.rules().join("");
    assert_eq!(desk.sql("SELECT rule FROM report_decisions WHERE conversation_id = 'short'").await, [[skips]]);
}

#[tokio::test]
async fn a_report_of_one_teammate_counts_also_where_no_sums_are_kept() {
    let desk = Desk::open().await;
    let mut facts = [Fact::rated(5, "2026-11-20T10:00:00Z"), Fact::rated(1, "2026-11-20T10:00:00Z")];
    facts[0].teammate = Some("t1");
    store(&desk, &facts).await;
    for (teammate, scores) in [("t1", [0, 0, 0, 0, 1]), ("", [1, 0, 0, 0, 0])] {
        let report = desk.get(&format!("/v1/report?by=channel,policy&teammate={teammate}")).await;
        assert_eq!(report["total"]["scores"], json!(scores), "{teammate}");
    }
}
