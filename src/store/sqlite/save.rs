//! Saves what a batch changed: a few statements a table and one trip for all, whatever the size of the batch.
//!
//! A row is a list of columns with their values, so that each column is named once, beside its value; the statement is
//! made of these names. All rows of a statement go in as one JSON array, which `jsonb_each` takes apart. It
//! must not decide anything.

use super::script::Script;
use super::{digests, enriching, erasing, follow_ups, rows, tellings};
use crate::ledger::closings::NewClosing;
use crate::ledger::heartbeat::Heartbeat;
use crate::ledger::{Batch, Clicked, Survey};
use crate::survey::Time;
use crate::survey::closing::Teammate;
use crate::survey::eligibility::Decision;
use crate::survey::evidence::{Change, Clicks};
use crate::survey::outbound::{Outbound, State};
use crate::survey::rating::Standing;
use crate::survey::suppression::Cause;
use crate::survey::trail::KEPT;
use serde::Serialize;
use serde_json::{Value, json};
use sqlx::SqliteConnection;
use uuid::Uuid;

type Result<T> = std::result::Result<T, sqlx::Error>;

/// Writes a batch back, and commits. Events are stored only if it `tells` a target.
pub(super) async fn save(db: &mut SqliteConnection, batch: &Batch, tells: bool) -> Result<()> {
    let mut script = Script::default();
    erasing::save_stored(&mut script, &batch.erased)?;
    teammates(&mut script, batch)?;
    closings(&mut script, batch)?;
    reopenings(&mut script, batch)?;
    suppressions(&mut script, batch)?;
    mails(&mut script, batch)?;
    digests::save(&mut script, batch)?;
    due_again(&mut script, batch)?;
    clicks(&mut script, batch)?;
    answers(&mut script, batch)?;
    follow_ups::save(&mut script, batch)?;
    ratings(&mut script, batch)?;
    erasing::save_surveys(&mut script, &batch.erased)?;
    tellings::save(&mut script, batch, tells)?;
    enriching::save(&mut script, batch)?;
    heartbeats(&mut script, batch)?;
    erasing::save_service(&mut script, &batch.erased)?;
    script.add("COMMIT");
    script.run(db, |_, _| Ok(())).await
}

/// One column of a row.
pub(super) struct Cell {
    column: &'static str,
    /// The SQL expression that reads the JSON value. `{}` stands for the value.
    read: &'static str,
    value: Value,
}

pub(super) type Row = Vec<Cell>;

pub(super) fn cell(column: &'static str, value: impl Serialize) -> Cell {
    // Numbers, texts and nulls only, which serde_json always takes.
    Cell { column, read: "{}", value: serde_json::to_value(value).unwrap_or_default() }
}

pub(super) fn id(column: &'static str, id: Option<&Uuid>) -> Cell {
    Cell { column, read: "unhex({})", value: json!(id.map(Uuid::as_simple)) }
}

pub(super) fn at(column: &'static str, time: impl Into<Option<Time>>) -> Cell {
    cell(column, time.into().map(|time| time.timestamp_millis()))
}

/// What SQL reads of each column.
fn expressions(row: &Row) -> Vec<String> {
    let read = |(place, cell): (usize, &Cell)| cell.read.replace("{}", &format!("value ->> {place}"));
    row.iter().enumerate().map(read).collect()
}

fn values(rows: Vec<Row>) -> Result<String> {
    let values = |row: Row| row.into_iter().map(|cell| cell.value).collect::<Vec<_>>();
    rows::json(&rows.into_iter().map(values).collect::<Vec<_>>())
}

/// Inserts rows, all with the same columns. `conflict` says what to do with those that are there already.
pub(super) fn insert(script: &mut Script, table: &str, rows: Vec<Row>, conflict: &str) -> Result<()> {
    let Some(first) = rows.first() else { return Ok(()) };
    let columns: Vec<_> = first.iter().map(|cell| cell.column).collect();
    let (columns, expressions) = (columns.join(", "), expressions(first).join(", "));
    let sql = format!("INSERT INTO {table} ({columns}) SELECT {expressions} FROM jsonb_each(?) WHERE true {conflict}");
    script.add(&sql).bind(values(rows)?)?;
    Ok(())
}

/// Updates rows by their first column, all with the same columns.
pub(super) fn update(script: &mut Script, table: &str, rows: Vec<Row>) -> Result<()> {
    let Some(first) = rows.first() else { return Ok(()) };
    let expressions = expressions(first);
    let sets = first.iter().zip(&expressions).skip(1).map(|(cell, read)| format!("{} = {read}", cell.column));
    let (key, wanted, sets) = (first[0].column, &expressions[0], sets.collect::<Vec<_>>().join(", "));
    let sql = format!("UPDATE {table} SET {sets} FROM jsonb_each(?) WHERE {table}.{key} = {wanted}");
    script.add(&sql).bind(values(rows)?)?;
    Ok(())
}

fn teammates(script: &mut Script, batch: &Batch) -> Result<()> {
    let named = batch.named_teammates.iter().filter_map(|id| batch.teammates.get(id));
    let row = |(teammate, named_at): &(Teammate, Time)| {
        vec![
            cell("id", &teammate.id),
            cell("name", &teammate.name),
            cell("email", &teammate.email),
            cell("team", &teammate.team),
            at("named_at", *named_at),
        ]
    };
    let follow = "ON CONFLICT (id) DO UPDATE SET name = excluded.name, email = excluded.email, team = excluded.team,
        named_at = excluded.named_at";
    insert(script, "teammate", named.map(row).collect(), follow)
}

/// New closings, and for each that asks a survey with its mail and its rating.
fn closings(script: &mut Script, batch: &Batch) -> Result<()> {
    let (mut closings, mut surveys, mut mails, mut ratings) = (vec![], vec![], vec![], vec![]);
    for new in &batch.new_closings {
        closings.push(closing_row(new)?);
        if let Decision::Ask { survey: id, .. } = &new.decision
            && let (Some(survey), Some(clicked)) = (batch.survey(*id), batch.clicks_on(*id))
        {
            surveys.push(survey_row(id, survey, new));
            mails.push(mail_row(id, survey));
            ratings.push(rating_row(id, &clicked.clicks, new));
        }
    }
    insert(script, "survey", surveys, "")?;
    insert(script, "outbox", mails, "")?;
    insert(script, "rating", ratings, "")?;
    insert(script, "closing", closings, "")
}

fn closing_row(new: &NewClosing) -> Result<Row> {
    let closing = &new.close.closing;
    let (word, survey, send_at, reasons) = match &new.decision {
        Decision::Ask { survey, send_at, .. } => ("ask", Some(survey), Some(*send_at), "[]".to_owned()),
        Decision::Skip(reasons) => ("skip", None, None, rows::json(reasons)?),
    };
    Ok(vec![
        cell("connection", &closing.connection),
        cell("conversation_id", &closing.conversation_id),
        at("closed_at", closing.closed_at),
        at("reported_at", new.close.now),
        cell("state", closing.state),
        cell("subject", &closing.subject),
        cell("url", &closing.url),
        cell("channel", &closing.channel),
        cell("started_by", closing.started_by),
        cell("characters", closing.characters),
        at("last_reply_at", closing.last_reply_at),
        cell("teammate_replied", closing.teammate_replied),
        cell("customers", closing.people()),
        cell("address_hash", &new.close.address_hash),
        cell("teammate_id", closing.teammate.as_ref().map(|teammate| &teammate.id)),
        cell("team", &new.team),
        cell("tags", rows::json(&closing.tags)?),
        cell("policy", &closing.policy),
        cell("decision", word),
        id("survey_id", survey),
        at("send_at", send_at),
        cell("reasons", reasons),
        at("fetched_at", new.close.fetched.as_ref().map(|fetched| fetched.at)),
        cell("fetch_failed", new.close.fetched.as_ref().and_then(|fetched| fetched.failed.as_ref())),
    ])
}

fn survey_row(survey_id: &Uuid, survey: &Survey, new: &NewClosing) -> Row {
    let closing = &new.close.closing;
    let customer = closing.customer();
    vec![
        id("id", Some(survey_id)),
        cell("connection", &survey.conversation.connection),
        cell("conversation_id", &survey.conversation.id),
        at("closed_at", survey.closed_at),
        at("made_at", survey.made_at),
        cell("address_hash", &survey.address_hash),
        cell("address", closing.address()),
        cell("customer_id", customer.and_then(|customer| customer.id.as_ref())),
        cell("customer_name", customer.and_then(|customer| customer.name.as_ref())),
        cell("locale", customer.and_then(|customer| customer.locale.as_ref())),
        cell("teammate_id", closing.teammate.as_ref().map(|teammate| &teammate.id)),
        cell("team", &new.team),
        cell("subject", &closing.subject),
        cell("url", &closing.url),
        cell("in_reply_to", &closing.in_reply_to),
        cell("policy", &closing.policy),
    ]
}

/// A new mail, as the batch left it: a later command may have cancelled it already.
fn mail_row(survey_id: &Uuid, survey: &Survey) -> Row {
    let mut row = mail_state(survey_id, &survey.mail);
    row.push(cell("kind", "request"));
    row
}

pub(super) fn mail_state(mail_id: &Uuid, mail: &Outbound) -> Row {
    let mut row = vec![id("id", Some(mail_id))];
    row.extend(outbound_state(mail));
    row
}

/// The columns of everything that is to be sent.
pub(super) fn outbound_state(mail: &Outbound) -> Row {
    let (stop, owner) = match &mail.state {
        State::Cancelled(stop) => (Some(stop), None),
        State::Sending(lease) => (None, Some(&lease.owner)),
        State::Waiting | State::Accepted | State::Failed => (None, None),
    };
    vec![
        cell("state", mail.state.word()),
        at("due_at", mail.due_at),
        at("first_due", mail.first_due),
        cell("tries", mail.tries),
        at("accepted_at", mail.accepted_at),
        cell("stop", stop),
        cell("note", &mail.note),
        id("owner", owner),
    ]
}

fn rating_row(survey_id: &Uuid, clicks: &Clicks, new: &NewClosing) -> Row {
    let teammate = new.close.closing.teammate.as_ref().map(|teammate| &teammate.id);
    vec![
        id("survey_id", Some(survey_id)),
        cell("teammate_id", teammate),
        cell("team", &new.team),
        at("rate_until", clicks.rate_until),
        at("change_until", clicks.change_until),
        cell("standing", Standing::Unrated.word()),
    ]
}

fn reopenings(script: &mut Script, batch: &Batch) -> Result<()> {
    let rows = batch.new_reopenings.iter().map(|(conversation, reopened_at)| {
        vec![
            cell("connection", &conversation.connection),
            cell("conversation_id", &conversation.id),
            at("reopened_at", *reopened_at),
        ]
    });
    insert(script, "reopening", rows.collect(), "ON CONFLICT DO NOTHING")
}

fn suppressions(script: &mut Script, batch: &Batch) -> Result<()> {
    if !batch.lifted.is_empty() {
        script.add("DELETE FROM suppression WHERE address_hash IN (SELECT value FROM json_each(?))");
        script.bind(rows::json(&batch.lifted)?)?;
    }
    if !batch.opted_in.is_empty() {
        script.add("DELETE FROM suppression WHERE address_hash IN (SELECT value FROM json_each(?)) AND cause = ?");
        script.bind(rows::json(&batch.opted_in)?)?.bind(Cause::OptedOut.word())?;
    }
    let rows = batch.new_suppressions.iter().map(|new| {
        vec![
            cell("address_hash", &new.address_hash),
            cell("cause", new.cause),
            at("at", new.at),
            cell("address", &new.address),
        ]
    });
    // The first time stands; an address that an admin enters later is kept.
    let keep = "ON CONFLICT (address_hash, cause) DO UPDATE SET address = coalesce(excluded.address, address)";
    insert(script, "suppression", rows.collect(), keep)
}

fn heartbeats(script: &mut Script, batch: &Batch) -> Result<()> {
    for Heartbeat { service, refused, refused_since, used, .. } in &batch.heartbeats {
        let (error_at, error) = service.last_error.as_ref().map(|(at, why)| (*at, why)).unzip();
        let row = vec![
            cell("id", 1),
            cell("version", &service.version),
            cell("pid", service.pid),
            at("started_at", service.started_at),
            at("seen_at", service.seen_at),
            at("stopped_at", service.stopped_at),
            cell("workers", service.workers.wanted),
            cell("workers_alive", service.workers.alive),
            cell("worker_panics", service.workers.panics),
            cell("degraded", rows::json(&service.degraded)?),
            cell("last_error", error),
            at("last_error_at", error_at),
        ];
        insert(script, "service", vec![row], FOLLOW_SERVICE)?;
        let row =
            |(hour, code, count): &(Time, &str, u64)| vec![at("hour", *hour), cell("code", code), cell("count", count)];
        let add = "ON CONFLICT (hour, code) DO UPDATE SET count = count + excluded.count";
        insert(script, "refusal", refused.iter().map(row).collect(), add)?;
        script.add("DELETE FROM refusal WHERE hour < ?").bind(refused_since.timestamp_millis())?;
        let row = |(key, used_at): &(String, Time)| vec![cell("id", key), at("used_at", *used_at)];
        update(script, "api_key", used.iter().map(row).collect())?;
    }
    Ok(())
}

/// Without a new error the last one stays.
const FOLLOW_SERVICE: &str = "ON CONFLICT (id) DO UPDATE SET version = excluded.version, pid = excluded.pid,
    started_at = excluded.started_at, seen_at = excluded.seen_at, stopped_at = excluded.stopped_at,
    workers = excluded.workers, workers_alive = excluded.workers_alive, worker_panics = excluded.worker_panics, degraded = excluded.degraded,
    last_error = coalesce(excluded.last_error, last_error), last_error_at = coalesce(excluded.last_error_at, last_error_at)";

fn mails(script: &mut Script, batch: &Batch) -> Result<()> {
    let changed = || batch.surveys().filter(|(_, survey)| survey.mail_changed());
    update(script, "outbox", changed().map(|(id, survey)| mail_state(id, &survey.mail)).collect())?;
    if let Some(until) = batch.put_off_until {
        let row = |survey_id: &Uuid| vec![id("id", Some(survey_id)), at("due_at", until)];
        update(script, "outbox", batch.unreadable.iter().map(row).collect())?;
    }
    let asked = changed().filter(|(_, survey)| survey.asked_changed());
    let row = |(survey_id, survey): (&Uuid, &Survey)| {
        vec![id("survey_id", Some(survey_id)), at("asked_at", survey.asked_at())]
    };
    update(script, "rating", asked.map(row).collect())
}

/// Makes mails due that wait because of a refusal with some reply code, by which its note begins.
fn due_again(script: &mut Script, batch: &Batch) -> Result<()> {
    for (code, at) in &batch.due_again {
        let at = at.timestamp_millis();
        // Both states are named so that SQLite uses the index of the outbox.
        script.add(
            "UPDATE outbox SET due_at = ? WHERE state IN ('waiting', 'sending') AND state = 'waiting'
                AND due_at > ? + 0 AND note LIKE ? || '%'",
        );
        script.bind(at)?.bind(at)?.bind(code.to_string())?;
    }
    Ok(())
}

fn clicks(script: &mut Script, batch: &Batch) -> Result<()> {
    let row = |(survey_id, clicked): (&Uuid, &Clicked)| {
        Ok(vec![id("survey_id", Some(survey_id)), cell("trail", rows::json(&clicked.clicks.trail)?)])
    };
    let changed = batch.clicks().filter(|(_, clicked)| clicked.trail_changed);
    let follow = "ON CONFLICT (survey_id) DO UPDATE SET trail = excluded.trail";
    insert(script, "clicks", changed.map(row).collect::<Result<_>>()?, follow)?;

    // Only a survey's first visit and its first click change it. All other views write nothing but the trail.
    let opened = batch.clicks().filter(|(_, clicked)| clicked.opening_changed());
    let row = |(survey_id, clicked): (&Uuid, &Clicked)| {
        vec![id("survey_id", Some(survey_id)), cell("opened", clicked.clicks.opened)]
    };
    update(script, "rating", opened.map(row).collect())
}

/// Writes what is ticked beside ratings. Before the ratings: a comment brings its ticks with it, and locks them.
fn answers(script: &mut Script, batch: &Batch) -> Result<()> {
    let changed = || batch.clicks().filter(|(_, clicked)| clicked.answers_changed());
    let ids: Vec<_> = changed().map(|(id, _)| id).collect();
    if ids.is_empty() {
        return Ok(());
    }
    script.add("DELETE FROM answer WHERE survey_id IN (SELECT unhex(value) FROM json_each(?))");
    script.bind(rows::ids(ids)?)?;
    let row = |survey_id, (question, choice): &(String, String)| {
        vec![id("survey_id", Some(survey_id)), cell("question", question), cell("choice", choice)]
    };
    let ticks = changed().flat_map(|(id, clicked)| clicked.clicks.answers.0.iter().map(move |tick| row(id, tick)));
    insert(script, "answer", ticks.collect(), "")
}

/// Rows of a history are numbered from 1 in the batch; in the database they go on from what is stored.
const NEXT_NUMBER: &str = "{} + coalesce((SELECT max(number) FROM history WHERE survey_id = unhex(value ->> 0)), 0)";

/// Writes the standings that changed, and their history.
fn ratings(script: &mut Script, batch: &Batch) -> Result<()> {
    let changed = || batch.clicks().filter(|(_, clicked)| clicked.standing_changed());
    update(script, "rating", changed().map(|(id, clicked)| standing_row(id, &clicked.clicks)).collect())?;

    let changes = changed().flat_map(|(survey_id, clicked)| {
        clicked.clicks.changes.iter().zip(1..).map(move |(change, place)| (survey_id, change, place))
    });
    let row = |(survey_id, change, place): (&Uuid, &Change, u32)| {
        vec![
            id("survey_id", Some(survey_id)),
            Cell { read: NEXT_NUMBER, ..cell("number", place) },
            at("at", change.at),
            cell("kind", change.kind),
            cell("score", change.score),
            cell("evidence", change.evidence),
            cell("who", change.by.as_ref().map(|by| &by.who)),
            cell("reason", change.by.as_ref().and_then(|by| by.reason.as_ref())),
        ]
    };
    insert(script, "history", changes.map(row).collect(), "")?;

    // Every change but a hold takes a try: the history can be long only where tries were dropped already. Decisions
    // of admins are kept.
    let long = changed().filter(|(_, clicked)| clicked.clicks.trail.tries.len() >= KEPT);
    let long: Vec<_> = long.map(|(id, _)| id).collect();
    if !long.is_empty() {
        script.add(
            "DELETE FROM history WHERE (survey_id, number) IN (
                SELECT old.survey_id, old.number FROM json_each(?) AS wanted CROSS JOIN history AS old
                    ON old.survey_id = unhex(wanted.value) AND old.number <= ? + (
                        SELECT max(number) FROM history AS all_of WHERE all_of.survey_id = old.survey_id)
                    AND old.who IS NULL)",
        );
        script.bind(rows::ids(long)?)?.bind(-i64::try_from(KEPT).unwrap_or(i64::MAX))?;
    }
    Ok(())
}

fn standing_row(survey_id: &Uuid, clicks: &Clicks) -> Row {
    let standing = &clicks.standing;
    let rating = standing.rating();
    let (voided_from, held_at) = match standing {
        Standing::Voided(before) => (Some(before.word()), held_since(before)),
        other => (None, held_since(other)),
    };
    vec![
        id("survey_id", Some(survey_id)),
        cell("standing", standing.word()),
        cell("voided_from", voided_from),
        cell("score", rating.map(|rating| rating.score)),
        cell("evidence", rating.map(|rating| rating.evidence)),
        at("rated_at", rating.map(|rating| rating.rated_at)),
        cell("page", rating.map(|rating| rating.page.number())),
        at("page_issued", rating.map(|rating| rating.page_issued)),
        cell("page_click", rating.is_some_and(|rating| rating.click)),
        at("held_at", held_at),
        cell("comment", &clicks.comment),
    ]
}

fn held_since(standing: &Standing) -> Option<Time> {
    match standing {
        Standing::Held { since, .. } => Some(*since),
        _ => None,
    }
}
