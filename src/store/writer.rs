//! The one writer: gathers all commands that wait, and makes them one transaction.
//!
//! Group commit is what makes every answered click durable at the rate of a page view: a transaction a request gave a
//! twentieth of it. No timer is involved; while one batch commits, the next one gathers. It must not know what a
//! command means.

use super::Unavailable;
use super::command::{Answer, Command};
use super::{load, save};
use sqlx::{Connection, SqliteConnection};
use tokio::sync::{mpsc, oneshot};

/// As many commands as one transaction takes at most: enough that the commit no longer counts, few enough that the
/// last of them does not wait long.
const LARGEST_BATCH: usize = 512;

/// A command, and who waits for its answer. Nobody waits for a view.
pub(super) struct Job {
    pub command: Command,
    pub reply: Option<oneshot::Sender<Result<Answer, Unavailable>>>,
}

/// Works until the last sender is gone.
pub(super) async fn run(mut db: SqliteConnection, mut jobs: mpsc::Receiver<Job>) {
    let mut gathered = Vec::new();
    while jobs.recv_many(&mut gathered, LARGEST_BATCH).await > 0 {
        // Who gave up waiting was told that nothing is known to be done: so nothing should be.
        let given_up = |job: &Job| job.reply.as_ref().is_some_and(oneshot::Sender::is_closed);
        let jobs = gathered.drain(..).filter(|job| !given_up(job));
        let (commands, replies): (Vec<_>, Vec<_>) = jobs.map(|job| (job.command, job.reply)).unzip();
        let answers = match batch(&mut db, &commands).await {
            Ok(answers) => answers.into_iter().map(Ok).collect(),
            Err(error) => one_by_one(&mut db, &commands, error).await,
        };
        for (reply, answer) in replies.into_iter().zip(answers) {
            match (reply, answer) {
                // Who waited may have given up; the answer then is nobody's.
                (Some(reply), answer) => drop(reply.send(answer)),
                (None, Err(error)) => tracing::warn!(%error, "a view could not be stored"),
                (None, Ok(_)) => {}
            }
        }
    }
    if let Err(error) = db.close().await {
        tracing::warn!(%error, "the database was not closed cleanly");
    }
}

/// Load, decide, save: all of it or nothing.
async fn batch(db: &mut SqliteConnection, commands: &[Command]) -> Result<Vec<Answer>, sqlx::Error> {
    // IMMEDIATE, because a transaction that reads first and then finds another writer cannot wait for it.
    let mut transaction = db.begin_with("BEGIN IMMEDIATE").await?;
    let mut work = load::load(&mut transaction, commands).await?;
    let answers = commands.iter().map(|command| work.decide(command)).collect();
    save::save(&mut transaction, &work).await?;
    transaction.commit().await?;
    Ok(answers)
}

/// What one command cannot do must not keep the others from being done.
async fn one_by_one(
    db: &mut SqliteConnection,
    commands: &[Command],
    error: sqlx::Error,
) -> Vec<Result<Answer, Unavailable>> {
    // A database that cannot even be locked will not be locked one by one either.
    if commands.len() == 1 || super::is_busy(&error) {
        return commands.iter().map(|_| Err(Unavailable::from(&error))).collect();
    }
    let mut answers = Vec::with_capacity(commands.len());
    for command in commands {
        let answer = batch(db, std::slice::from_ref(command)).await;
        answers.push(answer.map_err(|error| Unavailable::from(&error)).and_then(|mut answers| {
            answers.pop().ok_or_else(|| Unavailable("a command went without an answer".into()))
        }));
    }
    answers
}
