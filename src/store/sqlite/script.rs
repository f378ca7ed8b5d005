//! Statements that go to the connection's thread together.
//!
//! A trip there and back costs more than most statements do (about 30 microseconds, more if a sleeping core must be
//! woken), so a batch makes two: one begins its transaction and loads, one saves and commits. sqlx prepares and caches the
//! whole text, so each combination of statements is prepared once. It must not know what the statements do.

use futures_util::TryStreamExt;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Arguments, AssertSqlSafe, Either, Encode, Executor, Sqlite, SqliteConnection, Type, query_with};

type Result<T> = std::result::Result<T, sqlx::Error>;

/// Statements in their order, each with its values. The first failure ends it.
#[derive(Default)]
pub(super) struct Script {
    sql: String,
    values: SqliteArguments,
}

impl Script {
    /// Adds a statement. Its parameters are `?`, to be bound one after the other before the next statement.
    pub(super) fn add(&mut self, statement: &str) -> &mut Self {
        self.sql.push_str(statement);
        self.sql.push(';');
        self
    }

    /// Binds the next parameter.
    pub(super) fn bind<'v>(&mut self, value: impl Encode<'v, Sqlite> + Type<Sqlite>) -> Result<&mut Self> {
        self.values.add(value).map_err(sqlx::Error::Encode)?;
        Ok(self)
    }

    /// Runs all of it; `take` gets each row, with the number of the statement that it answers, from 0.
    pub(super) async fn run(
        self,
        db: &mut SqliteConnection,
        mut take: impl FnMut(usize, &SqliteRow) -> Result<()>,
    ) -> Result<()> {
        // Safe: the pieces are made of constants, and values are bound.
        let mut answers = db.fetch_many(query_with(AssertSqlSafe(self.sql), self.values));
        let mut statement = 0;
        while let Some(answer) = answers.try_next().await? {
            match answer {
                Either::Right(row) => take(statement, &row)?,
                Either::Left(_) => statement += 1,
            }
        }
        Ok(())
    }
}
