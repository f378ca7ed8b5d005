//! Statements that go to the connection's thread together.
//!
//! A trip there and back costs more than most statements do (about 30 microseconds, and more where a sleeping core must be
//! woken), so a batch makes two: one that begins its transaction and loads, one that saves and commits. It must not know
//! what the statements say.

use futures_util::TryStreamExt;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Arguments, AssertSqlSafe, Either, Encode, Executor, Sqlite, SqliteConnection, Type, query_with};

type Result<T> = std::result::Result<T, sqlx::Error>;

/// Statements in their order, each with its values. The first that fails ends it.
#[derive(Default)]
pub(super) struct Script {
    sql: String,
    values: SqliteArguments,
}

impl Script {
    /// Adds a statement. Its parameters are `?`, to be bound one after the other before the next statement.
    pub fn add(&mut self, statement: &str) -> &mut Self {
        self.sql.push_str(statement);
        self.sql.push(';');
        self
    }

    /// Binds the next parameter.
    pub fn bind<'v>(&mut self, value: impl Encode<'v, Sqlite> + Type<Sqlite>) -> Result<&mut Self> {
        self.values.add(value).map_err(sqlx::Error::Encode)?;
        Ok(self)
    }

    /// Runs all of it; `take` gets each row, with the number of the statement that it answers, from 0.
    pub async fn run(
        self,
        db: &mut SqliteConnection,
        mut take: impl FnMut(usize, &SqliteRow) -> Result<()>,
    ) -> Result<()> {
        // Safe, as its pieces are constants of this module's users: values are bound.
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
