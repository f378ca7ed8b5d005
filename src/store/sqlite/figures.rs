//! The figures of a report: sums over `report_facts`, and what was ticked, counts over `report_reasons`.
//!
//! The views define every figure. A statement here picks the period, the part and the groups, and names only the columns
//! that these need: what the views look up for other columns costs nothing then. All statements of a report read one
//! snapshot. It must not know in which order rows are shown.

use super::super::Unavailable;
use super::Sqlite;
use crate::survey::answers::Counts;
use crate::survey::report::{By, Counted, Cut, Figures, Filters, Group, Key, Period};
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Row, SqliteConnection, query};
use std::collections::BTreeMap;

type Result<T> = std::result::Result<T, sqlx::Error>;

/// The sums of a group.
const SUMS: &str = "sum(asked) AS asked, sum(answered) AS answered, sum(held) AS held, sum(unconfirmed) AS unconfirmed,
    sum(positive) AS positive, sum(terrible) AS terrible, sum(bad) AS bad, sum(okay) AS okay, sum(great) AS great,
    sum(amazing) AS amazing, sum(waiting) AS waiting, sum(failed) AS failed,
    sum(unconfirmed_phone_young) AS unconfirmed_phone_young, sum(unconfirmed_phone_later) AS unconfirmed_phone_later,
    sum(unconfirmed_other_young) AS unconfirmed_other_young, sum(unconfirmed_other_later) AS unconfirmed_other_later";

/// Of what a report is counted.
struct Part<'p> {
    /// None for the total.
    cut: Option<Cut>,
    period: Period,
    filters: &'p Filters,
}

impl Part<'_> {
    /// A statement over a view: the columns `key0` and `key1` of each group, and `columns`. Values are to be bound in their
    /// order.
    fn select(&self, columns: &str, view: &str, at: &str, groups: &str) -> (String, Vec<&str>) {
        let mut keys = self.cut.into_iter().flat_map(Cut::parts).map(column);
        let [key0, key1] = [keys.next(), keys.next()].map(|key| key.unwrap_or("NULL"));
        let tags = self.cut.is_some_and(|cut| cut.has(By::Tag));
        let tags = if tags { "LEFT JOIN json_each(facts.tags) AS tag" } else { "" };
        let mut sql = format!(
            "SELECT {key0} AS key0, {key1} AS key1, {columns} FROM {view} AS facts {tags}
            WHERE facts.{at} >= ? AND facts.{at} < ?"
        );
        let mut values = Vec::new();
        for (by, value) in self.filters.all() {
            let column = column(by);
            sql.push_str(" AND ");
            match (by, value) {
                (By::Tag, "") => sql.push_str("facts.tags = '[]'"),
                (By::Tag, _) => sql.push_str("EXISTS (SELECT 1 FROM json_each(facts.tags) AS one WHERE one.value = ?)"),
                (By::Connection, "") => sql.push_str("facts.connection = ''"),
                (_, "") => sql.extend([column, " IS NULL"]),
                _ => sql.extend([column, " = ?"]),
            }
            values.extend(Some(value).filter(|value| !value.is_empty()));
        }
        sql.extend([" GROUP BY 1, 2", groups]);
        (sql, values)
    }

    async fn read(&self, db: &mut SqliteConnection, (sql, values): (String, Vec<&str>)) -> Result<Vec<SqliteRow>> {
        // Safe: the pieces are constants, and values are bound.
        let from = query(AssertSqlSafe(sql)).bind(self.period.from.timestamp_millis());
        let mut query = from.bind(self.period.until.timestamp_millis());
        for value in values {
            query = query.bind(value.to_owned());
        }
        query.fetch_all(db).await
    }

    /// The groups with their names.
    async fn groups(&self, db: &mut SqliteConnection) -> Result<Vec<Group>> {
        let (sums, values) = self.select(SUMS, "report_facts", "at", "");
        let parts: Vec<_> = self.cut.into_iter().flat_map(Cut::parts).collect();
        let name = |place: usize| match parts.get(place) {
            Some(By::Teammate) => format!("(SELECT name FROM teammate WHERE teammate.id = sums.key{place})"),
            _ => "NULL".to_owned(),
        };
        // Looked up for each group, not for each fact.
        let sql = format!("SELECT sums.*, {} AS name0, {} AS name1 FROM ({sums}) AS sums", name(0), name(1));
        let rows = self.read(db, (sql, values)).await?;
        rows.iter().map(|row| group(row, parts.len())).collect()
    }

    /// What was ticked, by the ids of the groups.
    async fn ticks(&self, db: &mut SqliteConnection) -> Result<BTreeMap<Vec<Option<String>>, Counts>> {
        let columns = "question, reason, count(*) AS count";
        let parts = self.cut.into_iter().flat_map(Cut::parts).count();
        let mut ticks: BTreeMap<_, Counts> = BTreeMap::new();
        for row in self.read(db, self.select(columns, "report_reasons", "rated_at", ", 3, 4")).await? {
            let ids = keys(&row, parts)?.into_iter().map(|key| key.id).collect();
            let counts = ticks.entry(ids).or_default().entry(row.try_get("question")?).or_default();
            counts.insert(row.try_get("reason")?, row.try_get::<i64, _>("count")?.cast_unsigned());
        }
        Ok(ticks)
    }
}

/// The column of the views that holds a key.
const fn column(by: By) -> &'static str {
    match by {
        By::Teammate => "facts.teammate_id",
        By::Team => "facts.team",
        By::Channel => "facts.channel",
        By::Tag => "tag.value",
        By::Policy => "facts.policy",
        By::Language => "facts.language",
        By::Connection => "facts.connection",
        By::Day => "facts.day",
        By::Week => "facts.week",
        By::Month => "facts.month",
    }
}

impl Sqlite {
    pub(in crate::store) async fn counted(
        &self,
        cut: Cut,
        period: Period,
        filters: &Filters,
    ) -> std::result::Result<Counted, Unavailable> {
        let mut db = self.reports.begin().await?;
        let part = Part { cut: Some(cut), period, filters };
        let (mut rows, mut ticks) = (part.groups(&mut db).await?, part.ticks(&mut db).await?);
        let mut counted = Counted::default();
        if cut.has(By::Tag) {
            // A survey counts for each of its tags, but once in the total.
            let all = Part { cut: None, ..part };
            counted.total = all.groups(&mut db).await?.pop().unwrap_or_default().figures;
            counted.total_ticks = all.ticks(&mut db).await?.into_values().next().unwrap_or_default();
        } else {
            rows.iter().for_each(|row| counted.total.add(&row.figures));
            ticks.values().for_each(|counts| add(&mut counted.total_ticks, counts));
        }
        db.commit().await?;
        for row in &mut rows {
            row.ticks = ticks.remove(&row.ids()).unwrap_or_default();
        }
        Ok(Counted { rows, ..counted })
    }
}

fn add(total: &mut Counts, counts: &Counts) {
    for (question, choices) in counts {
        for (choice, count) in choices {
            *total.entry(question.clone()).or_default().entry(choice.clone()).or_default() += count;
        }
    }
}

fn keys(row: &SqliteRow, parts: usize) -> Result<Vec<Key>> {
    let key = |place| {
        let id: Option<String> = row.try_get(["key0", "key1"][place])?;
        Ok(Key { name: id.clone(), id })
    };
    (0..parts).map(key).collect()
}

fn group(row: &SqliteRow, parts: usize) -> Result<Group> {
    let count = |column| row.try_get::<i64, _>(column).map(i64::cast_unsigned);
    let mut keys = keys(row, parts)?;
    for (key, column) in keys.iter_mut().zip(["name0", "name1"]) {
        key.name = row.try_get::<Option<String>, _>(column)?.or(key.name.take());
    }
    let figures = Figures {
        asked: count("asked")?,
        answered: count("answered")?,
        held: count("held")?,
        unconfirmed: count("unconfirmed")?,
        unconfirmed_by: [
            count("unconfirmed_phone_young")?,
            count("unconfirmed_phone_later")?,
            count("unconfirmed_other_young")?,
            count("unconfirmed_other_later")?,
        ],
        waiting: count("waiting")?,
        failed: count("failed")?,
        positive: count("positive")?,
        scores: [count("terrible")?, count("bad")?, count("okay")?, count("great")?, count("amazing")?],
    };
    Ok(Group { keys, figures, ..Group::default() })
}
