//! Saves what a batch of commands changed: a statement a table and one trip for all, whatever the size of the batch.
//!
//! Rows go in as one JSON array, so that each statement has one text and is prepared once; `jsonb_each` takes it apart
//! without spelling each row out as text, which every `->>` would parse again. [`standings`] is the one
//! place that changes a standing. It must not decide anything.

use super::command::Decision;
use super::script::Script;
use super::work::{NewClosing, Survey, Work};
use crate::survey::rating::Standing;
use crate::survey::trail::KEPT;
use serde::Serialize;
use serde_json::{Value, json};
use sqlx::SqliteConnection;
use uuid::Uuid;

type Result<T> = std::result::Result<T, sqlx::Error>;

/// Writes the working set back, and commits.
pub(super) async fn save(db: &mut SqliteConnection, work: &Work) -> Result<()> {
    let mut script = Script::default();
    teammates(&mut script, work)?;
    new_surveys(&mut script, work)?;
    closings(&mut script, work)?;
    reopenings(&mut script, work)?;
    suppressions(&mut script, work)?;
    mails(&mut script, work)?;
    standings(&mut script, work)?;
    script.add("COMMIT");
    script.run(db, |_, _| Ok(())).await
}

/// Adds a statement over rows, unless there are none.
fn each(script: &mut Script, sql: &'static str, rows: impl IntoIterator<Item = Value>) -> Result<()> {
    let rows: Vec<_> = rows.into_iter().collect();
    if !rows.is_empty() {
        script.add(sql).bind(text(&rows)?)?;
    }
    Ok(())
}

fn text(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| sqlx::Error::Encode(error.into()))
}

fn teammates(script: &mut Script, work: &Work) -> Result<()> {
    let named = work.named_teammates.iter().filter_map(|id| work.teammates.get(id));
    let rows = named.map(|(teammate, named_at)| {
        json!([teammate.id, teammate.name, teammate.email, teammate.team, named_at.timestamp_millis()])
    });
    let sql = "INSERT INTO teammate (id, name, email, team, named_at)
        SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 FROM jsonb_each(?) WHERE true
        ON CONFLICT (id) DO UPDATE SET name = excluded.name, email = excluded.email, team = excluded.team,
            named_at = excluded.named_at";
    each(script, sql, rows)
}

fn new_surveys(script: &mut Script, work: &Work) -> Result<()> {
    let rows = work.new_closings.iter().filter_map(|new| match &new.decision {
        Decision::Ask { survey, .. } => Some(survey_row(*survey, work.surveys.get(survey)?, new)),
        Decision::Skip(_) => None,
    });
    let sql = "INSERT INTO survey (id, conversation_id, closed_at, made_at, address, address_hash, customer_id,
            customer_name, locale, teammate_id, team, subject, url, in_reply_to, rate_until, change_until, mail, due_at,
            first_due, mail_note)
        SELECT value ->> 'id', value ->> 'conversation', value ->> 'closed_at', value ->> 'made_at', value ->> 'address',
            value ->> 'address_hash', value ->> 'customer_id', value ->> 'customer_name', value ->> 'locale',
            value ->> 'teammate', value ->> 'team', value ->> 'subject', value ->> 'url', value ->> 'in_reply_to',
            value ->> 'rate_until', value ->> 'change_until', value ->> 'mail', value ->> 'due_at', value ->> 'first_due',
            value ->> 'note'
        FROM jsonb_each(?)";
    each(script, sql, rows)
}

fn survey_row(id: Uuid, survey: &Survey, new: &NewClosing) -> Value {
    let closing = &new.report.closing;
    let customer = closing.customer();
    let millis = |time: Option<crate::survey::Time>| time.map(|time| time.timestamp_millis());
    json!({
        "id": id, "conversation": survey.conversation, "closed_at": survey.closed_at.timestamp_millis(),
        "made_at": survey.made_at.timestamp_millis(), "address": closing.address(),
        "address_hash": survey.address_hash, "customer_id": customer.and_then(|customer| customer.id.as_ref()),
        "customer_name": customer.and_then(|customer| customer.name.as_ref()),
        "locale": customer.and_then(|customer| customer.locale.as_ref()),
        "teammate": closing.teammate.as_ref().map(|teammate| &teammate.id), "team": new.team,
        "subject": closing.subject, "url": closing.url, "in_reply_to": closing.in_reply_to,
        "rate_until": millis(survey.clicks.rate_until), "change_until": millis(survey.clicks.change_until),
        "mail": survey.mail.state, "due_at": survey.mail.due_at.timestamp_millis(),
        "first_due": survey.mail.first_due.timestamp_millis(), "note": survey.mail.note,
    })
}

fn closings(script: &mut Script, work: &Work) -> Result<()> {
    let rows = work.new_closings.iter().map(closing_row).collect::<Result<Vec<_>>>()?;
    let sql = "INSERT INTO closing (conversation_id, closed_at, reported_at, state, subject, url, channel, started_by,
            characters, last_reply_at, teammate_replied, customers, teammate_id, team, tags, policy, decision, survey_id,
            send_at, reasons)
        SELECT value ->> 'conversation', value ->> 'closed_at', value ->> 'reported_at', value ->> 'state',
            value ->> 'subject', value ->> 'url', value ->> 'channel', value ->> 'started_by', value ->> 'characters',
            value ->> 'last_reply_at', value ->> 'teammate_replied', value ->> 'customers', value ->> 'teammate',
            value ->> 'team', value ->> 'tags', value ->> 'policy', value ->> 'decision', value ->> 'survey',
            value ->> 'send_at', value ->> 'reasons'
        FROM jsonb_each(?)";
    each(script, sql, rows)
}

fn closing_row(new: &NewClosing) -> Result<Value> {
    let closing = &new.report.closing;
    let (decision, survey, send_at, reasons) = match &new.decision {
        Decision::Ask { survey, send_at } => ("ask", Some(survey), Some(send_at.timestamp_millis()), "[]".to_owned()),
        Decision::Skip(reasons) => ("skip", None, None, text(reasons)?),
    };
    Ok(json!({
        "conversation": closing.conversation_id, "closed_at": closing.closed_at.timestamp_millis(),
        "reported_at": new.report.now.timestamp_millis(), "state": closing.state, "subject": closing.subject,
        "url": closing.url, "channel": closing.channel, "started_by": closing.started_by,
        "characters": closing.characters, "last_reply_at": closing.last_reply_at.map(|at| at.timestamp_millis()),
        "teammate_replied": closing.teammate_replied, "customers": closing.people(),
        "teammate": closing.teammate.as_ref().map(|teammate| &teammate.id), "team": new.team,
        "tags": text(&closing.tags)?, "policy": closing.policy, "decision": decision, "survey": survey,
        "send_at": send_at, "reasons": reasons,
    }))
}

fn reopenings(script: &mut Script, work: &Work) -> Result<()> {
    let rows = work.new_reopenings.iter().map(|(conversation, at)| json!([conversation, at.timestamp_millis()]));
    let sql = "INSERT INTO reopening (conversation_id, reopened_at)
        SELECT value ->> 0, value ->> 1 FROM jsonb_each(?) WHERE true ON CONFLICT DO NOTHING";
    each(script, sql, rows)
}

fn suppressions(script: &mut Script, work: &Work) -> Result<()> {
    let lifted = work.lifted_suppressions.iter().map(|hash| json!(hash));
    let sql = "DELETE FROM suppression WHERE address_hash IN (SELECT value FROM json_each(?))";
    each(script, sql, lifted)?;
    let rows = work
        .new_suppressions
        .iter()
        .map(|(hash, cause, at, address)| json!([hash, cause.word(), at.timestamp_millis(), address]));
    // Said again, the first time stands; an address that an admin adds is kept.
    let sql = "INSERT INTO suppression (address_hash, cause, at, address)
        SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM jsonb_each(?) WHERE true
        ON CONFLICT (address_hash, cause) DO UPDATE SET address = coalesce(excluded.address, suppression.address)";
    each(script, sql, rows)
}

fn mails(script: &mut Script, work: &Work) -> Result<()> {
    let changed = work.surveys.iter().filter(|(_, survey)| survey.mail_changed);
    let rows = changed.map(|(id, survey)| {
        let mail = &survey.mail;
        let accepted_at = survey.clicks.accepted_at.map(|at| at.timestamp_millis());
        json!([id, mail.state, mail.due_at.timestamp_millis(), mail.tries, mail.note, accepted_at])
    });
    let sql = "UPDATE survey SET mail = new.value ->> 1, due_at = new.value ->> 2, tries = new.value ->> 3,
            mail_note = new.value ->> 4, accepted_at = new.value ->> 5
        FROM jsonb_each(?) AS new WHERE survey.id = new.value ->> 0";
    each(script, sql, rows)
}

/// Writes trails, and with them the standings that changed and their history.
fn standings(script: &mut Script, work: &Work) -> Result<()> {
    let touched = || work.surveys.iter().filter(|(_, survey)| survey.trail_changed);
    let viewed = touched().filter(|(_, survey)| survey.clicks.changes.is_empty());
    let rows = viewed.map(|(id, survey)| {
        let evidence = survey.clicks.standing.rating().map(|rating| rating.evidence.word());
        let held_at = held_at(&survey.clicks.standing);
        Ok(json!([id, text(&survey.clicks.trail)?, survey.clicks.opened, evidence, held_at]))
    });
    let sql = "UPDATE survey SET trail = new.value ->> 1, opened = new.value ->> 2, evidence = new.value ->> 3,
            held_at = new.value ->> 4
        FROM jsonb_each(?) AS new WHERE survey.id = new.value ->> 0";
    each(script, sql, rows.collect::<Result<Vec<_>>>()?)?;

    let changed = || touched().filter(|(_, survey)| !survey.clicks.changes.is_empty());
    let rows = changed().map(|(id, survey)| standing_row(id, survey));
    let sql = "UPDATE survey SET trail = new.value ->> 1, opened = new.value ->> 2, evidence = new.value ->> 3,
            held_at = new.value ->> 4, standing = new.value ->> 5, score = new.value ->> 6, rated_at = new.value ->> 7,
            page = new.value ->> 8, page_issued = new.value ->> 9, comment = coalesce(new.value ->> 10, comment)
        FROM jsonb_each(?) AS new WHERE survey.id = new.value ->> 0";
    each(script, sql, rows.collect::<Result<Vec<_>>>()?)?;

    let changes = changed().flat_map(|(id, survey)| survey.clicks.changes.iter().map(move |change| (id, change)));
    let rows = changes.map(|(id, change)| {
        json!([id, change.at.timestamp_millis(), change.what, change.score, change.evidence.word()])
    });
    let sql = "INSERT INTO history (survey_id, at, what, score, evidence)
        SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 FROM jsonb_each(?)";
    each(script, sql, rows)?;

    // Every change but a hold takes a try: only where tries are dropped already can the history be long.
    let long = changed().filter(|(_, survey)| survey.clicks.trail.tries.len() >= KEPT).map(|(id, _)| json!([id, KEPT]));
    let sql = "DELETE FROM history WHERE id IN (SELECT id FROM (
            SELECT history.id, value ->> 1 AS kept,
                row_number() OVER (PARTITION BY survey_id ORDER BY history.id DESC) AS place
            FROM json_each(?) JOIN history ON survey_id = value ->> 0) WHERE place > kept)";
    each(script, sql, long)
}

fn held_at(standing: &Standing) -> Option<i64> {
    match standing {
        Standing::Held { since, .. } => Some(since.timestamp_millis()),
        _ => None,
    }
}

fn standing_row(id: &Uuid, survey: &Survey) -> Result<Value> {
    let clicks = &survey.clicks;
    let rating = clicks.standing.rating();
    Ok(json!([
        id,
        text(&clicks.trail)?,
        clicks.opened,
        rating.map(|rating| rating.evidence.word()),
        held_at(&clicks.standing),
        clicks.standing.word(),
        rating.map(|rating| rating.score),
        rating.map(|rating| rating.rated_at.timestamp_millis()),
        rating.map(|rating| rating.page.number()),
        rating.map(|rating| rating.page_issued.timestamp_millis()),
        clicks.comment,
    ]))
}
