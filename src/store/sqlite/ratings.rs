//! Lists of ratings: rows of `report_all_ratings`, of which `report_ratings` is the part that counts.
//!
//! A page looks back from the newest rating, or from where the page before ended, by one index of times, at no more than
//! [`MOST_LOOKED_AT`] ratings. Only those that fit are read whole. It must not know how a list is shown.

use super::super::{RatingsFilter, Unavailable};
use super::{Sqlite, conversations, rows};
use crate::survey::answers::{Answers, REASONS};
use crate::survey::evidence::Change;
use crate::survey::paging::RowPlace;
use crate::survey::rating::{Score, StandingWord};
use crate::survey::report::{By, Listing, RatingRow, Ratings, RatingsQuery};
use crate::survey::story::doubt;
use crate::survey::trail::Trail;
use futures_util::TryStreamExt;
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{AssertSqlSafe, Error, Row, SqliteConnection, query};
use std::collections::BTreeMap;
use uuid::Uuid;

type Result<T> = std::result::Result<T, sqlx::Error>;

/// How many ratings a page looks at, so that a rare filter does not read them all. Where one rating in 400 fits, they fill a
/// page.
pub(in crate::store) const MOST_LOOKED_AT: u32 = 20_000;

/// The index that a list is read by, and which of its rows it has.
struct Source {
    index: &'static str,
    rows: &'static str,
}

impl Source {
    fn of(query: &RatingsQuery) -> Self {
        let by_teammate = query.filters.all().any(|(by, value)| by == By::Teammate && !value.is_empty());
        let commented = query.commented == Some(true) || query.sought.is_some();
        let (index, rows) = match query.listing {
            // Both words are named, so that SQLite uses the index.
            Listing::Held => ("rating_aside", "standing IN ('held', 'voided') AND standing = 'held'"),
            Listing::Voided => ("rating_aside", "standing IN ('held', 'voided') AND standing = 'voided'"),
            Listing::Counted if by_teammate => ("rating_teammate", "standing IN ('rated', 'locked')"),
            Listing::Counted if commented => {
                ("rating_commented", "standing IN ('rated', 'locked') AND comment IS NOT NULL")
            }
            Listing::Counted => ("rating_rated", "standing IN ('rated', 'locked')"),
        };
        Self { index, rows }
    }
}

/// A statement, and the values to bind in their order.
#[derive(Default)]
struct Text {
    sql: String,
    values: Vec<Bind>,
}

enum Bind {
    Number(i64),
    Text(String),
    Id(Uuid),
}

impl Text {
    fn add(&mut self, sql: &str, values: impl IntoIterator<Item = Bind>) {
        self.sql.push_str(sql);
        self.values.extend(values);
    }

    fn query(self) -> Query<'static, sqlx::Sqlite, SqliteArguments> {
        // Safe: the pieces are constants, and values are bound.
        let start = query(AssertSqlSafe(self.sql));
        self.values.into_iter().fold(start, |query, value| match value {
            Bind::Number(number) => query.bind(number),
            Bind::Text(text) => query.bind(text),
            Bind::Id(id) => query.bind(id.into_bytes().to_vec()),
        })
    }
}

/// The ratings that a page may look at, newest first. What `fits` says is looked at only.
fn looked_at(filter: &RatingsFilter, columns: &str, fits: impl FnOnce(&mut Text)) -> Text {
    let (query, period, source) = (&filter.query, filter.period, Source::of(&filter.query));
    let mut text = Text::default();
    text.add(&format!("SELECT {columns} FROM rating INDEXED BY {} WHERE {}", source.index, source.rows), []);
    if source.index == "rating_teammate" {
        let teammates = query.filters.all().filter(|(by, value)| *by == By::Teammate && !value.is_empty());
        for (_, teammate) in teammates {
            text.add(" AND teammate_id = ?", [Bind::Text(teammate.to_owned())]);
        }
    }
    let (from, until) = (period.from.timestamp_millis(), period.until.timestamp_millis());
    text.add(" AND rated_at >= ? AND rated_at < ?", [Bind::Number(from), Bind::Number(until)]);
    if let Some(RowPlace { at, survey }) = query.paging.after {
        let at = at.timestamp_millis();
        // The first term is what the index is read by.
        let values = [Bind::Number(at), Bind::Number(at), Bind::Id(survey)];
        text.add(" AND rated_at <= ? AND (rated_at, survey_id) < (?, ?)", values);
    }
    fits(&mut text);
    text.add(" ORDER BY rated_at DESC, survey_id DESC", []);
    text
}

/// What a rating must be to be on the page, but for the text of its comment.
fn fits(text: &mut Text, query: &RatingsQuery) {
    if !query.scores.is_empty() {
        let scores = query.scores.iter().map(|score| Bind::Number(score.number().into()));
        let marks = vec!["?"; query.scores.len()].join(", ");
        text.add(&format!(" AND score IN ({marks})"), scores);
    }
    match query.commented {
        Some(true) => text.add(" AND comment IS NOT NULL", []),
        Some(false) => text.add(" AND comment IS NULL", []),
        None => {}
    }
    for (by, value) in query.filters.all() {
        let given = (!value.is_empty()).then(|| Bind::Text(value.to_owned()));
        match (by, given) {
            (By::Teammate, None) => text.add(" AND teammate_id IS NULL", []),
            (By::Teammate, value) => text.add(" AND teammate_id = ?", value),
            (By::Team, None) => text.add(" AND team IS NULL", []),
            (By::Team, value) => text.add(" AND team = ?", value),
            (by, value) => {
                text.add(
                    " AND EXISTS (SELECT 1 FROM survey_cut WHERE survey_cut.survey_id = rating.survey_id AND ",
                    [],
                );
                text.add(cut(by, value.is_none()), value);
                text.add(")", []);
            }
        }
    }
}

/// What `survey_cut` must say.
fn cut(by: By, is_empty: bool) -> &'static str {
    match (by, is_empty) {
        (By::Tag, true) => "tags = '[]'",
        (By::Tag, false) => "EXISTS (SELECT 1 FROM json_each(tags) AS one WHERE one.value = ?)",
        (By::Connection, true) => "connection = ''",
        (By::Connection, false) => "connection = ?",
        (By::Channel, true) => "channel IS NULL",
        (By::Channel, false) => "channel = ?",
        (By::Policy, true) => "policy IS NULL",
        (By::Policy, false) => "policy = ?",
        (By::Language, true) => "language IS NULL",
        (By::Language, false) => "language = ?",
        // No filter names a time, and the other two are columns of the rating.
        (By::Teammate | By::Team | By::Day | By::Week | By::Month, _) => "true",
    }
}

impl Sqlite {
    pub(in crate::store) async fn teammate(
        &self,
        id: &str,
    ) -> std::result::Result<Option<(Option<String>, Option<String>)>, Unavailable> {
        let row = query("SELECT name, team FROM teammate WHERE id = $1").bind(id).fetch_optional(&self.reports).await?;
        Ok(row.map(|row| Ok::<_, Error>((row.try_get("name")?, row.try_get("team")?))).transpose()?)
    }

    pub(in crate::store) async fn ratings(&self, filter: &RatingsFilter) -> std::result::Result<Ratings, Unavailable> {
        let mut db = self.reports.begin().await?;
        let last = last_looked_at(&mut db, filter).await?;
        let found = find(&mut db, filter, last).await?;
        let read = read(&mut db, &found).await?;
        db.commit().await?;
        Ok(Ratings::cut(read, last, &filter.query.paging))
    }
}

/// The last rating that a page may look at, if there may be more after it.
async fn last_looked_at(db: &mut SqliteConnection, filter: &RatingsFilter) -> Result<Option<RowPlace>> {
    let mut text = looked_at(filter, "rated_at, survey_id", |_| {});
    text.add(" LIMIT 1 OFFSET ?", [Bind::Number(i64::from(MOST_LOOKED_AT) - 1)]);
    text.query().fetch_optional(db).await?.as_ref().map(place).transpose()
}

/// The surveys of the ratings that fit: one more than the page holds, if there is one.
async fn find(db: &mut SqliteConnection, filter: &RatingsFilter, last: Option<RowPlace>) -> Result<Vec<Uuid>> {
    let (query, most) = (&filter.query, filter.query.paging.limit as usize + 1);
    let columns = if query.sought.is_some() { "survey_id, comment" } else { "survey_id" };
    let text = looked_at(filter, columns, |text| {
        if let Some(RowPlace { at, survey }) = last {
            let at = at.timestamp_millis();
            let values = [Bind::Number(at), Bind::Number(at), Bind::Id(survey)];
            text.add(" AND rated_at >= ? AND (rated_at, survey_id) >= (?, ?)", values);
        }
        fits(text, query);
    });
    let mut found = Vec::new();
    // Read one by one: a search ends as soon as it has a page.
    let mut rows = text.query().fetch(db);
    while found.len() < most
        && let Some(row) = rows.try_next().await?
    {
        let is_there = match &query.sought {
            Some(sought) => row.try_get::<Option<&str>, _>("comment")?.is_some_and(|comment| sought.is_in(comment)),
            None => true,
        };
        if is_there {
            found.push(rows::id(&row, "survey_id")?);
        }
    }
    Ok(found)
}

const ROWS: &str = "SELECT report_all_ratings.*, trail
    FROM json_each(?) AS wanted CROSS JOIN report_all_ratings ON survey_key = unhex(wanted.value)
        LEFT JOIN clicks ON clicks.survey_id = survey_key AND standing = 'held'
    ORDER BY rated_at DESC, survey_key DESC";
const HISTORIES: &str = "SELECT survey_id, at, kind, score, evidence, who, reason
    FROM json_each(?) AS wanted CROSS JOIN history ON survey_id = unhex(wanted.value) ORDER BY survey_id, number";

async fn read(db: &mut SqliteConnection, found: &[Uuid]) -> Result<Vec<RatingRow>> {
    let ids = rows::ids(found)?;
    let mut histories = BTreeMap::<Uuid, Vec<Change>>::new();
    for row in query(HISTORIES).bind(&ids).fetch_all(&mut *db).await? {
        histories.entry(rows::id(&row, "survey_id")?).or_default().push(conversations::change(&row)?);
    }
    let read = query(ROWS).bind(&ids).fetch_all(db).await?;
    let row = |row| {
        let mut rating = rating(row)?;
        rating.history = histories.remove(&rating.survey).unwrap_or_default();
        Ok(rating)
    };
    read.iter().map(row).collect()
}

fn place(row: &SqliteRow) -> Result<RowPlace> {
    Ok(RowPlace { at: rows::time(row, "rated_at")?, survey: rows::id(row, "survey_id")? })
}

/// What the view has in three columns.
fn answers(row: &SqliteRow) -> Result<Answers> {
    let reasons =
        row.try_get::<Option<&str>, _>("reasons")?.map_or(Ok(Vec::new()), serde_json::from_str::<Vec<String>>);
    let reasons = reasons.map_err(|error| Error::Decode(error.into()))?;
    let own = row.try_get::<Option<String>, _>("question")?.zip(row.try_get("answer")?);
    Ok(Answers(reasons.into_iter().map(|reason| (REASONS.to_owned(), reason)).chain(own).collect()))
}

/// Why a rating is held, in words.
fn held_for(row: &SqliteRow) -> Result<Option<String>> {
    let (Some(trail), Some(since)) = (row.try_get::<Option<&str>, _>("trail")?, rows::optional_time(row, "held_at")?)
    else {
        return Ok(None);
    };
    let trail: Trail = serde_json::from_str(trail).map_err(|error| Error::Decode(error.into()))?;
    Ok(doubt(&trail, since))
}

fn rating(row: &SqliteRow) -> Result<RatingRow> {
    let (score, standing): (Score, StandingWord) = (rows::score(row)?, rows::word(row, "standing")?);
    Ok(RatingRow {
        survey: rows::id(row, "survey_key")?,
        connection: row.try_get("connection")?,
        conversation: row.try_get("conversation_id")?,
        closed_at: rows::time(row, "closed_at")?,
        asked_at: rows::optional_time(row, "asked_at")?,
        rated_at: rows::time(row, "rated_at")?,
        score,
        evidence: rows::word(row, "evidence")?,
        standing,
        doubt: held_for(row)?,
        comment: row.try_get("comment")?,
        answers: answers(row)?,
        teammate: row.try_get("teammate_id")?,
        teammate_name: row.try_get("teammate")?,
        team: row.try_get("team")?,
        url: row.try_get("url")?,
        history: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::load::tests::plan;
    use super::*;
    use crate::survey::Time;
    use crate::survey::report::{Filters, Period};

    /// The statements of a page, with the values left out.
    fn statements(query: RatingsQuery) -> [String; 2] {
        let period = Period { from: Time::UNIX_EPOCH, until: Time::UNIX_EPOCH };
        let filter = RatingsFilter { period, query };
        let (all, some) = (looked_at(&filter, "rated_at, survey_id", |_| {}), &filter.query);
        [all.sql, looked_at(&filter, "survey_id, comment", |text| fits(text, some)).sql]
    }

    #[tokio::test]
    async fn a_list_is_read_by_an_index_and_sorted_by_it() {
        let after = Some(RowPlace { at: Time::UNIX_EPOCH, survey: Uuid::nil() });
        let teammate = Filters::default().and(By::Teammate, Some("t7".into())).and(By::Tag, Some("vip".into()));
        let usual = RatingsQuery::default;
        for (mut query, index) in [
            (usual(), "rating_rated"),
            (RatingsQuery { scores: Score::ALL.to_vec(), ..usual() }, "rating_rated"),
            (RatingsQuery { commented: Some(true), ..usual() }, "rating_commented"),
            (RatingsQuery { sought: "slow".parse().ok(), ..usual() }, "rating_commented"),
            (RatingsQuery { filters: teammate, sought: "slow".parse().ok(), ..usual() }, "rating_teammate"),
            (RatingsQuery { listing: Listing::Held, ..usual() }, "rating_aside"),
            (RatingsQuery { listing: Listing::Voided, ..usual() }, "rating_aside"),
        ] {
            for after in [None, after] {
                query.paging.after = after;
                for sql in statements(query.clone()) {
                    let steps = plan(&sql).await;
                    let search = format!("SEARCH rating USING INDEX {index}");
                    let covered = format!("SEARCH rating USING COVERING INDEX {index}");
                    assert!(steps[0].starts_with(&search) || steps[0].starts_with(&covered), "{sql}\n{steps:#?}");
                    assert!(steps[0].contains("rated_at>? AND rated_at<?"), "{sql}\n{steps:#?}");
                    // Only ratings of one moment are put in order.
                    assert!(!steps.iter().any(|step| step == "USE TEMP B-TREE FOR ORDER BY"), "{steps:#?}");
                    assert!(!steps.iter().any(|step| step.starts_with("SCAN rating")), "{steps:#?}");
                }
            }
        }
        for sql in [ROWS, HISTORIES] {
            let steps = plan(sql).await;
            let scans: Vec<_> = steps.iter().filter(|step| step.starts_with("SCAN")).collect();
            assert!(scans.iter().all(|step| step.contains("wanted") || step.contains("answer")), "{steps:#?}");
        }
    }
}
