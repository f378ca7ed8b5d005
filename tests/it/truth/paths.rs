//! Every way by which the team reads figures, each compared with the model: the API, CSV, the commands, the views as
//! `sqlite3` sees them, the list of ratings, and the overview.
//!
//! It must not know how a history went.

use super::model::{Asked, Bound, Mail, Model, Standing, Survey, What};
use super::page::{Table, tables, text};
use crate::commands::{afterword, code, said};
use crate::desk::{Answer, Desk, stamp};
use afterword::render;
use afterword::survey::access::{Scope, Within};
use afterword::survey::report::{By, Filters, ReportQuery};
use axum::body::Body;
use axum::http::{Method, Request};
use chrono::NaiveDate;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The figures, in the order of CSV and views.
const FIGURES: [&str; 19] = [
    "asked",
    "answered",
    "response_rate",
    "ratings",
    "positive",
    "csat",
    "terrible",
    "bad",
    "okay",
    "great",
    "amazing",
    "held",
    "unconfirmed",
    "waiting",
    "failed",
    "unconfirmed_phone_young",
    "unconfirmed_phone_later",
    "unconfirmed_other_young",
    "unconfirmed_other_later",
];

/// A figure of a row in JSON, as CSV and views write it: shares to four digits, nothing for none.
fn cell(row: &Value, name: &str) -> String {
    let score = ["terrible", "bad", "okay", "great", "amazing"].iter().position(|word| *word == name);
    let share = |part: &str, of: &str| {
        let [part, of] = [part, of].map(|name| row[name].as_u64().expect("a count"));
        // To the nearest, and from the middle up.
        (of > 0)
            .then(|| (part * 20_000 + of) / (2 * of))
            .map(|parts| format!("{}.{:04}", parts / 10_000, parts % 10_000))
    };
    match (name, score) {
        (_, Some(score)) => row["scores"][score].to_string(),
        ("csat", _) => share("positive", "ratings").unwrap_or_default(),
        ("response_rate", _) => share("answered", "asked").unwrap_or_default(),
        _ => row[name].to_string(),
    }
}

fn encoded(pairs: &[(&str, String)]) -> String {
    serde_urlencoded::to_string(pairs).expect("pairs")
}

fn pairs(asked: &Asked) -> Vec<(&'static str, String)> {
    let ends = [("from", asked.from), ("to", asked.to)];
    let ends = ends.into_iter().filter_map(|(name, bound)| Some((name, bound?.to_string())));
    let filters = asked.filters.iter().map(|(by, value)| (*by, (*value).to_owned()));
    [("by", asked.cut.clone()), ("compare", asked.compare.to_string())].into_iter().chain(ends).chain(filters).collect()
}

/// The API, CSV, and what a key for a part of the team sees.
pub async fn report(desk: &Desk, model: &Model, asked: &Asked) {
    let expected = model.report(asked, desk.clock.now());
    let path = format!("/v1/report?{}", encoded(&pairs(asked)));
    let answer = desk.get(&path).await;
    same(&path, &answer.json, &expected);

    let filters = |filters: Filters, (by, value): &(&str, &str)| {
        filters.and(by.parse::<By>().expect("a cut"), Some((*value).to_owned()))
    };
    let bound = |bound: Option<Bound>| bound.map(|bound| bound.to_string().parse().expect("a bound"));
    let query = ReportQuery {
        cut: asked.cut.parse().expect("a cut"),
        from: bound(asked.from),
        to: bound(asked.to),
        filters: asked.filters.iter().fold(Filters::default(), filters),
        compare: asked.compare,
        ..ReportQuery::default()
    };
    let report = desk.gateway.report(&query, &Within::default()).await.expect("a report");
    csv(&render::report::csv(&report).expect("CSV"), &expected, |_| true);

    if let [(by @ ("teammate" | "team"), value)] = asked.filters[..]
        && !value.is_empty()
    {
        let (teammate, team) = if by == "team" { (None, Some(value)) } else { (Some(value), None) };
        let key = desk.key(Scope::Read, teammate, team).await;
        let path = format!("/v1/report?{}", encoded(&pairs(&Asked { filters: Vec::new(), ..asked.clone() })));
        same("a limited key", &desk.call(Method::GET, &path, Some(&key), None).await.json, &expected);
    }
}

/// Says what differs, rather than all of both.
fn same(what: &str, found: &Value, expected: &Value) {
    if found == expected {
        return;
    }
    for part in ["total", "before"] {
        assert_eq!(found[part], expected[part], "{what}: {part}");
    }
    let rows = |report: &Value| report["rows"].as_array().cloned().unwrap_or_default();
    let ids = |report: &Value| {
        rows(report).iter().map(|row| (row["id"].clone(), row["second_id"].clone())).collect::<Vec<_>>()
    };
    assert_eq!(ids(found), ids(expected), "{what}");
    for (found, expected) in rows(found).iter().zip(&rows(expected)) {
        let empty = serde_json::Map::new();
        let names = found.as_object().unwrap_or(&empty).keys().chain(expected.as_object().unwrap_or(&empty).keys());
        for name in names {
            assert_eq!(found[name], expected[name], "{what}: {name} of {} {}", expected["id"], expected["second_id"]);
        }
    }
    assert_eq!(found, expected, "{what}");
}

/// Compares CSV with the rows of a report in JSON that `shown` lets through.
fn csv(text: &str, expected: &Value, shown: impl Fn(&Value) -> bool) {
    let mut reader = csv::Reader::from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let found: Vec<BTreeMap<String, String>> = reader.deserialize().map(|row| row.expect("a row")).collect();
    let is_empty = |row: &BTreeMap<String, String>| {
        row.iter().all(|(name, cell)| !FIGURES.contains(&name.as_str()) || cell.is_empty() || cell == "0")
    };
    let rows: Vec<_> = expected["rows"].as_array().expect("rows").iter().filter(|row| shown(row)).collect();
    let found: Vec<_> = found.iter().filter(|row| rows.len() == found.len() || !is_empty(row)).collect();
    assert_eq!(found.len(), rows.len(), "{text}");
    for (found, row) in found.into_iter().zip(rows) {
        let mut wanted: BTreeMap<String, String> = BTreeMap::new();
        for name in ["id", "name", "second_id", "second_name"] {
            if let Some(value) = row.get(name) {
                wanted.insert(name.to_owned(), value.as_str().unwrap_or_default().to_owned());
            }
        }
        wanted.extend(FIGURES.map(|name| (name.to_owned(), cell(row, name))));
        if let Some(before) = row.get("before") {
            wanted.extend(FIGURES.map(|name| (format!("before_{name}"), cell(before, name))));
        }
        let total = &expected["total"];
        let own = total["answers"].as_object().expect("counts").iter();
        let questions = [("reasons", &total["reasons"], &row["reasons"])].into_iter();
        let questions = questions.chain(own.map(|(question, of)| (question.as_str(), of, &row["answers"][question])));
        for (question, all, mine) in questions {
            for choice in all.as_object().expect("counts").keys() {
                wanted.insert(format!("{question}.{choice}"), mine[choice].as_u64().unwrap_or(0).to_string());
            }
        }
        assert_eq!(*found, wanted, "{text}");
    }
}

/// The rows of a query, in an order of their own.
async fn sorted(desk: &Desk, query: &str) -> Vec<Vec<String>> {
    let mut rows = desk.sql(query).await;
    rows.sort();
    rows
}

fn or_null(text: Option<&String>) -> String {
    text.cloned().unwrap_or_else(|| "null".into())
}

/// What a survey is cut by, as views have it: from the teammate to the language.
fn cuts(model: &Model, survey: &Survey) -> Vec<String> {
    let cuts = &survey.cuts;
    let name = survey.teammate.as_ref().and_then(|id| model.teammates.get(id)).map(|teammate| &teammate.name);
    vec![
        or_null(survey.teammate.as_ref()),
        or_null(name),
        or_null(survey.team.as_ref()),
        cuts.connection.clone(),
        or_null(cuts.channel.as_ref()),
        json!(cuts.tags).to_string(),
        or_null(cuts.policy.as_ref()),
        or_null(cuts.language.as_ref()),
    ]
}

const CUT_COLUMNS: &str = "teammate_id, teammate, team, connection, channel, tags, policy, language";

/// The views, by plain SQL.
pub async fn views(desk: &Desk, model: &Model) {
    let facts = model.facts();
    let local = |day: NaiveDate| ["day", "week", "month"].map(|by| Model::stretch(by, day)).to_vec();
    let counts: Vec<_> = FIGURES.into_iter().filter(|name| !["csat", "response_rate"].contains(name)).collect();
    let columns = counts.join(", ");
    let row = |fact: &(&Survey, What, super::model::Time)| {
        let figures = Value::from(model.figures(&[*fact]));
        let figures = counts.iter().map(|name| cell(&figures, name)).collect();
        let at = vec![fact.2.timestamp_millis().to_string()];
        [at, local(model.day(fact.2)), cuts(model, fact.0), figures, vec![fact.0.id.clone()]].concat()
    };
    let mut wanted: Vec<_> = facts.iter().map(row).collect();
    wanted.sort();
    let query = format!("SELECT at, day, week, month, {CUT_COLUMNS}, {columns}, survey_key FROM report_facts");
    assert_eq!(sorted(desk, &query).await, wanted, "report_facts");

    sums(desk, model).await;

    let rated = || model.surveys.iter().filter_map(|survey| Some((survey, survey.counted()?)));
    let mut wanted = Vec::new();
    for (survey, rating) in rated() {
        for (question, choice) in &rating.ticks {
            let head = vec![question.clone(), choice.clone()];
            let score = vec![rating.score.to_string()];
            let end = vec![rating.at.timestamp_millis().to_string(), survey.id.clone()];
            wanted.push([head, local(model.day(rating.at)), score, cuts(model, survey), end].concat());
        }
    }
    wanted.sort();
    let query = format!(
        "SELECT question, reason, day, week, month, score, {CUT_COLUMNS}, rated_at, survey_key FROM report_reasons"
    );
    assert_eq!(sorted(desk, &query).await, wanted, "report_reasons");

    let mut wanted: Vec<_> = rated().map(|(survey, _)| rating_row(model, survey)).collect();
    wanted.sort();
    let query = "SELECT survey_id, connection, conversation_id, rated, rated_at, score, evidence, standing, comment,
        teammate_id, teammate, team, url, reasons, question, answer, survey_key FROM report_ratings";
    assert_eq!(sorted(desk, query).await, wanted, "report_ratings");
}

fn rating_row(model: &Model, survey: &Survey) -> Vec<String> {
    let item = item(model, survey);
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let reasons = if item["reasons"] == json!([]) { Value::Null } else { item["reasons"].clone() };
    let at = survey.counted().expect("a rating").at;
    let mut row: Vec<_> = ["survey_id", "connection", "conversation_id"].map(|name| text(&item[name])).into();
    row.extend([at.format("%Y-%m-%dT%H:%M:%SZ").to_string(), at.timestamp_millis().to_string()]);
    row.extend(["score", "evidence", "standing", "comment"].map(|name| text(&item[name])));
    row.extend(["id", "name"].map(|name| text(&item["teammate"][name])));
    row.extend(["team", "url"].map(|name| text(&item[name])));
    row.extend([text(&reasons), text(&item["answer"]["question"]), text(&item["answer"]["choice"]), survey.id.clone()]);
    row
}

/// The views that add up all time.
async fn sums(desk: &Desk, model: &Model) {
    for (view, cut, columns) in [
        ("report_teammates", "teammate", "teammate_id, teammate"),
        ("report_teams", "team", "team"),
        ("report_days", "day", "day"),
    ] {
        let facts = model.facts();
        let days = facts.iter().map(|fact| model.day(fact.2));
        let Some((from, to)) = days.clone().min().zip(days.max()) else {
            assert_eq!(desk.sql(&format!("SELECT {columns} FROM {view}")).await, Vec::<Vec<String>>::new());
            continue;
        };
        let (from, to) = (Some(Bound::Day(from)), Some(Bound::Day(to)));
        let asked = Asked { cut: cut.into(), filters: Vec::new(), from, to, compare: false };
        let report = model.report(&asked, desk.clock.now());
        let mut wanted = Vec::new();
        for row in report["rows"].as_array().expect("rows") {
            let figures = FIGURES.map(|name| number(&cell(row, name)));
            if cut == "day" && figures.iter().all(|figure| figure == "null" || figure == "0") {
                continue;
            }
            let text = |value: &Value| value.as_str().unwrap_or("null").to_owned();
            let keys =
                if cut == "teammate" { vec![text(&row["id"]), text(&row["name"])] } else { vec![text(&row["id"])] };
            wanted.push([keys, figures.to_vec()].concat());
        }
        wanted.sort();
        let query = format!("SELECT {columns}, {} FROM {view}", FIGURES.join(", "));
        let mut found = desk.sql(&query).await;
        let keys = columns.split(',').count();
        for cell in found.iter_mut().flat_map(|row| &mut row[keys..]) {
            *cell = number(cell);
        }
        found.sort();
        assert_eq!(found, wanted, "{view}");
    }
}

/// A number as the shortest text: SQL writes 0.5 for 0.5000.
fn number(text: &str) -> String {
    match text.parse::<f64>() {
        Ok(number) => number.to_string(),
        Err(_) => "null".to_owned(),
    }
}

/// A rating as `GET /v1/ratings` lists it.
fn item(model: &Model, survey: &Survey) -> Value {
    let rating = survey.counted().expect("a rating");
    let name = survey.teammate.as_ref().and_then(|id| model.teammates.get(id)).map(|teammate| &teammate.name);
    let reasons: Vec<_> = rating.ticks.iter().filter(|tick| tick.0 == "reasons").map(|tick| &tick.1).collect();
    let answer = rating.ticks.iter().find(|tick| tick.0 != "reasons");
    let asked_at = if let Mail::Accepted(at) = survey.mail { Some(stamp(at)) } else { None };
    json!({
        "survey_id": survey.id, "connection": survey.cuts.connection, "conversation_id": survey.conversation,
        "rated_at": stamp(rating.at), "score": rating.score, "evidence": rating.evidence,
        "standing": if survey.standing == Standing::Locked { "locked" } else { "rated" }, "comment": rating.comment,
        "reasons": reasons, "answer": answer.map(|(question, choice)| json!({"question": question, "choice": choice})),
        "teammate": survey.teammate.as_ref().map(|id| json!({"id": id, "name": name})),
        "team": survey.team, "url": survey.url, "asked_at": asked_at,
    })
}

/// What reports have summed up, against what it stands for.
pub async fn proof(desk: &Desk) {
    let proof = desk.gateway.prove_reports(None).await.expect("the store answers");
    assert_eq!(proof.wrong, 0, "{proof:?}");
}

/// The list of ratings, all of its pages, in the periods of some questions, whole and in parts.
pub async fn ratings(desk: &Desk, model: &Model, questions: &[Asked]) {
    type Part = fn(&Survey) -> bool;
    let parts: [(&str, Part); 5] = [
        ("", |_| true),
        ("&score=1&score=4", |survey| survey.rating.as_ref().is_some_and(|rating| [1, 4].contains(&rating.score))),
        ("&team=Billing", |survey| survey.team.as_deref() == Some("Billing")),
        ("&teammate=t1", |survey| survey.teammate.as_deref() == Some("t1")),
        ("&commented=true", |survey| survey.rating.as_ref().is_some_and(|rating| rating.comment.is_some())),
    ];
    for (asked, (part, holds)) in questions.iter().zip(parts.into_iter().cycle()) {
        let ends = [("from", asked.from), ("to", asked.to)];
        let ends = ends.into_iter().filter_map(|(name, bound)| Some((name, bound?.to_string())));
        let query = encoded(&ends.collect::<Vec<_>>());
        let wanted = model.rated_in(asked, desk.clock.now()).into_iter().filter(|survey| holds(survey));
        let wanted: Vec<_> = wanted.map(|survey| item(model, survey)).collect();
        let (mut found, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = desk.get(&format!("/v1/ratings?{query}&limit=3{part}{cursor}")).await;
            for mut rating in page["items"].as_array().expect(&page.text).clone() {
                let fields = rating.as_object_mut().expect("a rating");
                // When it was closed and what led to it are no figures.
                fields.retain(|name, _| !["closed_at", "held_because", "history"].contains(&name.as_str()));
                found.push(rating);
            }
            let Some(next) = page["next"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(found, wanted, "ratings {query}{part}");
    }
}

/// The page that the team sees first.
pub async fn overview(desk: &Desk, model: &Model, from: NaiveDate) {
    let body = Body::from(encoded(&[("key", desk.admin.clone()), ("to", "/admin".into())]));
    let request = Request::post("/admin/sign-in").header("content-type", "application/x-www-form-urlencoded");
    let signed_in = desk.send(request.body(body).expect("a request")).await;
    let cookie = signed_in.header("set-cookie").split(';').next().expect("a pair").to_owned();
    for (filters, by) in [
        (vec![], "team"),
        (vec![], "tag"),
        (vec![], "language"),
        (vec![("team", "Billing")], "channel"),
        (vec![("teammate", "t1")], "policy"),
    ] {
        let to = model.day(desk.clock.now());
        let days = [("from", from.to_string()), ("to", to.to_string())];
        let own = [("step", "week".into()), ("by", by.to_owned())];
        let filtered = filters.iter().map(|(by, value)| (*by, (*value).to_owned()));
        let query: Vec<_> = days.into_iter().chain(own).chain(filtered).collect();
        let request = Request::get(format!("/admin?{}", encoded(&query))).header("cookie", &cookie);
        let page = desk.send(request.body(Body::empty()).expect("a request")).await;
        let report = |cut: &str| {
            let (from, to) = (Some(Bound::Day(from)), Some(Bound::Day(to)));
            let asked = Asked { cut: cut.into(), filters: filters.clone(), from, to, compare: false };
            model.report(&asked, desk.clock.now())
        };
        overview_of(&page, report);
    }
}

/// A share as people read it.
fn percent(row: &Value, part: &str, of: &str) -> String {
    let [part, of] = [part, of].map(|name| row[name].as_u64().expect("a count"));
    // To the nearest tenth, and from the middle up.
    let tenths = (of > 0).then(|| (part * 2_000 + of) / (2 * of));
    tenths.map_or("–".into(), |tenths| format!("{}.{}\u{a0}%", tenths / 10, tenths % 10))
}

fn overview_of(page: &Answer, report: impl Fn(&str) -> Value) {
    let (weeks, shown) = (report("week"), text(&page.text));
    let total = &weeks["total"];
    let [asked, answered, ratings, waiting, failed] =
        ["asked", "answered", "ratings", "waiting", "failed"].map(|name| total[name].as_u64().expect("a count"));
    if asked + ratings + waiting + failed == 0 {
        assert!(shown.contains("Nobody was asked in this time"), "{shown}");
        return;
    }
    for text in [
        format!("CSAT {}", percent(total, "positive", "ratings")),
        format!("Answered {}", percent(total, "answered", "asked")),
        format!("{answered} of {asked} survey"),
        format!("{ratings} rating"),
    ] {
        assert!(shown.contains(&text), "{text}: {shown}");
    }
    let tables = tables(&page.text);
    for table in &tables {
        if let Some(by) = table.name.strip_prefix("By ") {
            by_cut(table, by, &report(by));
        }
    }
    let column = |table: &str, name: &str| {
        let found = tables.iter().find(|found| found.name == table).expect(table);
        found.rows.iter().map(|row| row[name].clone()).collect::<Vec<_>>()
    };
    let scores: Vec<_> = total["scores"].as_array().expect("scores").iter().rev().map(Value::to_string).collect();
    assert_eq!(column("Ratings by face", "Ratings"), scores, "faces");
    if ratings > 0 {
        let wanted = || weeks["rows"].as_array().expect("rows").iter().rev();
        let counts: Vec<_> = wanted().map(|row| row["ratings"].to_string()).collect();
        assert_eq!(column("CSAT by week", "Ratings"), counts, "weeks");
        let shares: Vec<_> = wanted().map(|row| percent(row, "positive", "ratings")).collect();
        assert_eq!(column("CSAT by week", "CSAT"), shares, "weeks");
    }
}

/// A table of the overview, in whatever order.
fn by_cut(table: &Table, by: &str, report: &Value) {
    let rows = report["rows"].as_array().expect("rows");
    let names: Vec<_> = rows.iter().filter_map(|row| row["name"].as_str()).filter(|name| !name.is_empty()).collect();
    // What has no name is called differently in each table.
    let known = |name: &str| if names.contains(&name) { name.to_owned() } else { String::new() };
    let found = table.rows.iter().map(|row| {
        let figures = ["CSAT", "Ratings", "Asked", "Answered"].map(|name| row[name].trim_end_matches('*').to_owned());
        (known(&row[&table.first]), figures)
    });
    let wanted = rows.iter().map(|row| {
        let (csat, answered) = (percent(row, "positive", "ratings"), percent(row, "answered", "asked"));
        (
            known(row["name"].as_str().unwrap_or_default()),
            [csat, row["ratings"].to_string(), row["asked"].to_string(), answered],
        )
    });
    let (mut found, mut wanted): (Vec<_>, Vec<_>) = (found.collect(), wanted.collect());
    found.sort();
    wanted.sort();
    assert_eq!(found, wanted, "by {by}");
}

/// The commands, run as a person runs them: they know the time of this machine, so days without data may differ.
pub fn command(desk: &Desk, model: &Model, asked: &[Asked]) {
    let report = &desk.gateway.config.report;
    let settings = format!(
        "database = \"afterword.db\"\nlink_keys_file = \"afterword.keys\"\n[report]\ntimezone = \"{}\"\npositive = {:?}\n",
        report.timezone, report.positive
    );
    std::fs::write(desk.folder.path().join("afterword.toml"), settings).expect("written");
    let run = |arguments: Vec<String>| {
        let output = afterword(desk.folder.path(), "report").args(arguments).output().expect("it runs");
        assert_eq!(code(&output), 0, "{}", said(&output.stderr));
        said(&output.stdout)
    };
    let has_any = |row: &Value| FIGURES.iter().any(|name| row[*name].as_u64().is_some_and(|count| count > 0));
    let both = asked.iter().find(|asked| asked.from.is_some() && asked.to.is_some());
    let Some(asked) = both else { return };
    let mut arguments = vec!["--by".to_owned(), asked.cut.clone()];
    for (name, value) in pairs(asked).into_iter().filter(|(name, _)| !["by", "compare"].contains(name)) {
        arguments.extend([format!("--{name}"), value]);
    }
    arguments.extend(asked.compare.then(|| "--compare".to_owned()));
    let mut expected = model.report(asked, desk.clock.now());
    let mut found: Value =
        serde_json::from_str(&run([&arguments[..], &["--format".into(), "json".into()]].concat())).expect("JSON");
    let by_time = ["day", "week", "month"].iter().any(|time| asked.cut.contains(time));
    if by_time {
        for report in [&mut expected, &mut found] {
            report["rows"].as_array_mut().expect("rows").retain(has_any);
        }
    }
    same("afterword report", &found, &expected);
    csv(&run([&arguments[..], &["--format".into(), "csv".into()]].concat()), &expected, |_| true);
}
