//! The figures of reports: from the roll-up, from the facts of one teammate, or from all facts of a period.
//!
//! The views define every figure. Whole days are read from the roll-up where a series has all that is asked for, with
//! the surveys that are not rolled yet. Other cuts and filters are read from `report_facts` and `report_reasons`. The sums
//! are the same. All statements of a report read one snapshot. It must not know in which order rows are shown.

use super::super::Unavailable;
use super::Sqlite;
use super::facts::{self, Fact, KEPT, NO_END, Of, Sums, decode, kept, ratings};
use super::series::{self, Kind};
use super::tally::Tally;
use crate::survey::report::cut::stretch;
use crate::survey::report::{By, Counted, Cut, Filters, Period};
use chrono::NaiveDate;
use serde_json::from_str;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Row, SqliteConnection, query};
use std::collections::BTreeMap;

type Result<T> = std::result::Result<T, sqlx::Error>;

/// Surveys that are not rolled yet, at most: with more of them a report reads the facts of its period, because the roll-up
/// is being made anew.
pub(super) const MOST_UNROLLED: i64 = 20_000;
/// The first and the last day of a period if it is whole days, the watermark and how many surveys are over it, and the
/// positive scores. There is nothing before or after the days that reports know, so a period that goes beyond them is cut.
const START: &str = "SELECT (SELECT name FROM day WHERE starts = max(?1, (SELECT min(starts) FROM day))) AS first,
    (SELECT name FROM (SELECT name, ends FROM day WHERE starts < ?2 ORDER BY starts DESC LIMIT 1) WHERE ends <= ?2) AS last,
    until,
    (SELECT count(*) FROM (SELECT 1 FROM rating WHERE survey_id > (SELECT until FROM rolled) LIMIT ?3)) AS unrolled,
    (SELECT json_group_array(score) FROM score WHERE positive) AS positive FROM rolled";

/// What a report and its total share.
struct Shared<'s> {
    period: Period,
    filters: &'s Filters,
    /// Its days if it is whole days and the roll-up is up to date.
    days: Option<(NaiveDate, NaiveDate)>,
    /// What the roll-up has not counted yet, of the part that the filters leave; read only where there are days.
    live: Vec<Fact>,
    /// All facts of the period, if the filters leave one teammate.
    of_teammate: Option<Vec<Fact>>,
}

impl Shared<'_> {
    /// Sums up what a cut, or the total, is made of.
    async fn tally(&self, db: &mut SqliteConnection, cut: Option<Cut>) -> Result<Tally> {
        let mut tally = Tally::default();
        let facts = match (self.days, Kind::of(cut, self.filters), &self.of_teammate) {
            (Some(days), Some(kind), _) => {
                self.rolled(db, &mut tally, cut, kind, days).await?;
                &self.live
            }
            (_, _, Some(facts)) => facts,
            _ => {
                self.figures(db, &mut tally, cut).await?;
                self.ticks(db, &mut tally, cut).await?;
                return Ok(tally);
            }
        };
        for fact in facts {
            tally.add_fact(cut, fact);
        }
        Ok(tally)
    }

    /// Adds the sums of the series that a kind has.
    async fn rolled(
        &self,
        db: &mut SqliteConnection,
        tally: &mut Tally,
        cut: Option<Cut>,
        kind: Kind,
        (first, last): (NaiveDate, NaiveDate),
    ) -> Result<()> {
        let parts: Vec<_> = cut.into_iter().flat_map(Cut::parts).collect();
        let time = parts.iter().copied().find(|by| by.is_time());
        let stretches = kind.stretches(first, last, time);
        // A period that ends as it begins has none.
        if stretches.is_empty() {
            return Ok(());
        }
        let wanted = kind.wanted(self.filters);
        // Safe: the pieces are constants, and values are bound.
        let mut query = query(AssertSqlSafe(rolled(kind, stretches.len(), &wanted, time.is_some())));
        query = query.bind(kind.name);
        for (_, value) in wanted {
            query = query.bind(value.to_owned());
        }
        for stretch in &stretches {
            let [first, last] = [stretch.first, stretch.last].map(series::number);
            query = query.bind(stretch.level as i64).bind(first).bind(last);
        }
        for row in query.fetch_all(db).await? {
            let mut sums = Sums::default();
            for (place, sum) in sums[..KEPT].iter_mut().enumerate() {
                *sum = row.try_get(5 + place)?;
            }
            let text = |place: usize| row.try_get::<&str, _>(place);
            let (question, value, team, choice) = (text(0)?, text(1)?, text(2)?, text(3)?);
            let day = || series::day(row.try_get(4).ok()?);
            let id = |by: &By| {
                if by.is_time() {
                    day().map(|day| stretch(*by, day))
                } else {
                    kind.key(*by, value, team).map(str::to_owned)
                }
            };
            let ids = parts.iter().map(id).collect();
            match question {
                "" => tally.add(ids, &sums),
                _ => tally.tick(ids, question, choice, ratings(&sums)),
            }
        }
        Ok(())
    }

    /// Adds the sums over all facts of the period.
    async fn figures(&self, db: &mut SqliteConnection, tally: &mut Tally, cut: Option<Cut>) -> Result<()> {
        let sums: Vec<_> = kept!().split(',').chain(["waiting", "failed"]).map(|one| format!("sum({one})")).collect();
        for row in self.read(db, cut, &sums.join(", "), "report_facts", "at", "").await? {
            let mut sums = Sums::default();
            for (place, sum) in sums.iter_mut().enumerate() {
                *sum = row.try_get(2 + place)?;
            }
            tally.add(ids(&row, cut)?, &sums);
        }
        Ok(())
    }

    /// Adds what was ticked beside all ratings of the period.
    async fn ticks(&self, db: &mut SqliteConnection, tally: &mut Tally, cut: Option<Cut>) -> Result<()> {
        let columns = "question, reason, count(*)";
        for row in self.read(db, cut, columns, "report_reasons", "rated_at", ", question, reason").await? {
            tally.tick(ids(&row, cut)?, row.try_get(2)?, row.try_get(3)?, row.try_get(4)?);
        }
        Ok(())
    }

    /// Reads a view: the keys of each group, and some columns. It names only the columns that it needs, because the others
    /// are then not looked up.
    async fn read(
        &self,
        db: &mut SqliteConnection,
        cut: Option<Cut>,
        columns: &str,
        view: &str,
        at: &str,
        groups: &str,
    ) -> Result<Vec<SqliteRow>> {
        let mut keys = cut.into_iter().flat_map(Cut::parts).map(column);
        let [first, second] = [keys.next(), keys.next()].map(|key| key.unwrap_or("NULL"));
        let tags = if cut.is_some_and(|cut| cut.has(By::Tag)) { "LEFT JOIN json_each(facts.tags) AS tag" } else { "" };
        let mut sql = format!(
            "SELECT {first} AS key0, {second} AS key1, {columns} FROM {view} AS facts {tags}
            WHERE facts.{at} >= ?1 AND facts.{at} < ?2"
        );
        for ((by, value), place) in self.filters.all().zip(3..) {
            let column = column(by);
            let condition = match (by, value) {
                (By::Tag, "") => "facts.tags = '[]'".to_owned(),
                (By::Tag, _) => {
                    format!("EXISTS (SELECT 1 FROM json_each(facts.tags) AS one WHERE one.value = ?{place})")
                }
                (By::Connection, "") => format!("{column} = ''"),
                (_, "") => format!("{column} IS NULL"),
                _ => format!("{column} = ?{place}"),
            };
            sql.extend([" AND ", &condition]);
        }
        sql.extend([" GROUP BY key0, key1", groups]);
        // Safe: the pieces are constants, and values are bound.
        let query = query(AssertSqlSafe(sql)).bind(self.period.from.timestamp_millis());
        let mut query = query.bind(self.period.until.timestamp_millis());
        for (_, value) in self.filters.all() {
            query = query.bind(value.to_owned());
        }
        query.fetch_all(db).await
    }
}

/// The statement that reads sums. Its values are those of the cut, of what is wanted, and of the stretches.
fn rolled(kind: Kind, stretches: usize, wanted: &[(&str, &str)], by_day: bool) -> String {
    let values = vec!["(?, ?, ?)"; stretches].join(", ");
    let (day, sums, groups) = if by_day {
        ("day", kept!().to_owned(), "")
    } else {
        let sums: Vec<_> = kept!().split(',').map(|one| format!("sum({one})")).collect();
        ("NULL", sums.join(", "), " GROUP BY rollup.series")
    };
    let conditions: Vec<_> = wanted.iter().map(|(column, _)| format!(" AND {column} = ?")).collect();
    let conditions = conditions.concat();
    let homes = if kind.by_home { "team" } else { "''" };
    let only = if wanted.is_empty() { "" } else { " AND +rollup.series IN (SELECT id FROM wanted)" };
    // The limit keeps the join with the names outside of the sums.
    format!(
        "WITH wanted AS MATERIALIZED (SELECT id, cut, team FROM rollup_series WHERE cut = ?{conditions}),
            home (cut, home) AS MATERIALIZED (SELECT DISTINCT cut, {homes} FROM wanted),
            stretch (level, first, last) AS MATERIALIZED (VALUES {values})
        SELECT question, value, team, choice, sums.* FROM (
            SELECT {day}, {sums}, rollup.series AS of FROM home CROSS JOIN stretch CROSS JOIN rollup
                ON rollup.cut = home.cut AND rollup.home = home.home AND rollup.level = stretch.level
                    AND rollup.day >= stretch.first AND rollup.day <= stretch.last{only}{groups} LIMIT -1
        ) AS sums CROSS JOIN rollup_series AS series ON series.id = sums.of"
    )
}

/// The column of the views that holds a key.
fn column(by: By) -> &'static str {
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

fn ids(row: &SqliteRow, cut: Option<Cut>) -> Result<Vec<Option<String>>> {
    let parts = cut.into_iter().flat_map(Cut::parts);
    parts.enumerate().map(|(place, _)| row.try_get(place)).collect()
}

impl Sqlite {
    /// Counts a period.
    pub(in crate::store) async fn counted(
        &self,
        cut: Cut,
        period: Period,
        filters: &Filters,
    ) -> std::result::Result<Counted, Unavailable> {
        let mut db = self.reports.begin().await?;
        let (shared, positive) = start(&mut db, cut, period, filters).await?;
        let tally = shared.tally(&mut db, Some(cut)).await?;
        // A survey counts for each of its tags, but once in the total.
        let total = if cut.has(By::Tag) { shared.tally(&mut db, None).await?.total() } else { tally.total() };
        let names = if cut.has(By::Teammate) { names(&mut db).await? } else { BTreeMap::new() };
        db.commit().await?;
        Ok(tally.counted(cut, &total, &positive, &names))
    }
}

/// Reads what a report and its total share, and the positive scores.
async fn start<'f>(
    db: &mut SqliteConnection,
    cut: Cut,
    period: Period,
    filters: &'f Filters,
) -> Result<(Shared<'f>, Vec<usize>)> {
    let query = query(START).bind(period.from.timestamp_millis()).bind(period.until.timestamp_millis());
    let row = query.bind(MOST_UNROLLED + 1).fetch_one(&mut *db).await?;
    let day = |column: &str| -> Result<Option<NaiveDate>> {
        row.try_get::<Option<&str>, _>(column)?.map(|name| name.parse().map_err(decode)).transpose()
    };
    let few = row.try_get::<i64, _>("unrolled")? <= MOST_UNROLLED;
    let days = day("first")?.zip(day("last")?).filter(|_| few);
    let mut live = Vec::new();
    if days.is_some() {
        let unrolled = Of::Unrolled(row.try_get("until")?, &NO_END);
        live = facts::read(db, unrolled, Some(period)).await?;
        let used = filters.all().map(|(by, _)| by).chain(cut.parts());
        let by_any = used.into_iter().any(|by| !by.is_time() && !matches!(by, By::Teammate | By::Team));
        live.extend(facts::unsent(db, period, by_any).await?);
        live.retain(|fact| fact.is_within(filters));
    }
    let teammate = filters.all().find(|(by, _)| *by == By::Teammate);
    let in_no_series = days.is_none() || Kind::of(Some(cut), filters).is_none();
    let of_teammate = match teammate {
        Some((_, id)) if in_no_series => {
            let mut facts = facts::read(db, Of::Teammate(id, period), Some(period)).await?;
            facts.extend(facts::unsent(db, period, true).await?);
            facts.retain(|fact| fact.is_within(filters));
            Some(facts)
        }
        _ => None,
    };
    let positive = from_str(row.try_get("positive")?).map_err(decode)?;
    Ok((Shared { period, filters, days, live, of_teammate }, positive))
}

/// What teammates are called.
async fn names(db: &mut SqliteConnection) -> Result<BTreeMap<String, String>> {
    let rows = query("SELECT id, name FROM teammate WHERE name IS NOT NULL").fetch_all(db).await?;
    rows.iter().map(|row| Ok((row.try_get("id")?, row.try_get("name")?))).collect()
}

#[cfg(test)]
mod tests {
    use super::super::load::tests::plan;
    use super::*;

    #[tokio::test]
    async fn a_report_reads_no_sum_that_it_does_not_need() {
        for cut in ["teammate", "team", "tag", "team,channel", "team,month"] {
            for filters in [Filters::default(), Filters::default().and(By::Team, Some("Billing".into()))] {
                let cut: Cut = cut.parse().expect("a cut");
                let kind = Kind::of(Some(cut), &filters).expect("a series");
                let steps = plan(&rolled(kind, 3, &kind.wanted(&filters), cut.has_time())).await;
                let search = "SEARCH rollup USING PRIMARY KEY (cut=? AND home=? AND level=? AND day>? AND day<?)";
                assert!(steps.iter().any(|step| step == search), "{cut}: {steps:#?}");
                assert!(!steps.iter().any(|step| step.starts_with("SCAN rollup")), "{cut}: {steps:#?}");
            }
        }
    }
}
