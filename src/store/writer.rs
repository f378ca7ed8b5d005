//! The one writer: gathers all commands that wait, and makes them one transaction.
//!
//! Group commit is what makes every answered click durable at the rate of a page view: a transaction a request gave a
//! twentieth of it. No timer is involved; while one batch commits, the next one gathers. It must not know what a
//! command means.

use super::Unavailable;
use super::command::{Answer, Claimed, Command};
use super::{load, save};
use crate::survey::pace::Paces;
use sqlx::{Connection, SqliteConnection, query};
use std::mem;
use tokio::sync::{mpsc, oneshot};

/// As many commands as one transaction takes at most: enough that the commit no longer counts, few enough that the
/// last of them does not wait long.
const LARGEST_BATCH: usize = 512;

/// How many commands that failed and nobody waits for are kept for the next batch: a store that fails for long must not
/// fill the memory.
const MOST_LEFT: usize = 4096;

/// A command, and who waits for its answer. Nobody waits for a view.
pub(super) struct Job {
    pub command: Command,
    pub reply: Option<oneshot::Sender<Result<Answer, Unavailable>>>,
}

/// Works until the last sender is gone, or the connection is.
pub(super) async fn run(mut db: SqliteConnection, mut jobs: mpsc::Receiver<Job>) {
    let mut gathered = Vec::new();
    // What must be done with the next batch: views that could not be stored, and claims that nobody waited for.
    let mut left: Vec<Command> = Vec::new();
    let mut paces = Paces::default();
    while jobs.recv_many(&mut gathered, LARGEST_BATCH).await > 0 {
        // Who gave up waiting was told that nothing is known to be done: so nothing should be.
        let given_up = |job: &Job| job.reply.as_ref().is_some_and(oneshot::Sender::is_closed);
        let jobs = gathered.drain(..).filter(|job| !given_up(job)).map(|job| (job.command, job.reply));
        let (commands, replies): (Vec<_>, Vec<_>) = left.drain(..).map(|command| (command, None)).chain(jobs).unzip();
        let answers = match batch(&mut db, &commands, &mut paces).await {
            Ok(answers) => answers.into_iter().map(Ok).collect(),
            Err(sqlx::Error::WorkerCrashed) => {
                tracing::error!("the connection of the writer is gone");
                return;
            }
            Err(error) => one_by_one(&mut db, &commands, &mut paces, error).await,
        };
        for ((command, reply), answer) in commands.into_iter().zip(replies).zip(answers) {
            left.extend(deliver(command, reply, answer));
        }
        left.truncate(MOST_LEFT);
    }
    if let Err(error) = db.close().await {
        tracing::warn!(%error, "the database was not closed cleanly");
    }
}

/// Hands an answer to whoever waits for it; what is left to do, if nobody does.
fn deliver(
    command: Command,
    reply: Option<oneshot::Sender<Result<Answer, Unavailable>>>,
    answer: Result<Answer, Unavailable>,
) -> Option<Command> {
    let Some(reply) = reply else {
        // Later clicks are judged by every view before them: one that could not be stored is tried again.
        return answer.err().map(|error| {
            tracing::warn!(%error, "a view could not be stored yet");
            command
        });
    };
    match reply.send(answer) {
        // The worker gave up just then: its mail must not wait for the end of the lease.
        Err(Ok(Answer::Claimed(Claimed::Mail(mail)))) => Some(Command::Release { survey: mail.survey }),
        _ => None,
    }
}

/// Load, decide, save: all of it or nothing.
async fn batch(db: &mut SqliteConnection, commands: &[Command], paces: &mut Paces) -> Result<Vec<Answer>, sqlx::Error> {
    let done = decide(db, commands, paces).await;
    if done.is_err() {
        // It fails where SQLite has rolled back already, which is just as well.
        drop(query("ROLLBACK").execute(db).await);
    }
    done
}

async fn decide(
    db: &mut SqliteConnection,
    commands: &[Command],
    paces: &mut Paces,
) -> Result<Vec<Answer>, sqlx::Error> {
    let mut work = load::load(db, commands).await?;
    work.paces = mem::take(paces);
    let answers = commands.iter().map(|command| work.decide(command)).collect();
    // Kept even if the batch fails: then less leaves than may, not more.
    *paces = mem::take(&mut work.paces);
    save::save(db, &work).await?;
    Ok(answers)
}

/// What one command cannot do must not keep the others from being done.
async fn one_by_one(
    db: &mut SqliteConnection,
    commands: &[Command],
    paces: &mut Paces,
    error: sqlx::Error,
) -> Vec<Result<Answer, Unavailable>> {
    // A database that cannot even be locked will not be locked one by one either.
    if commands.len() == 1 || super::is_busy(&error) {
        return commands.iter().map(|_| Err(Unavailable::from(&error))).collect();
    }
    let mut answers = Vec::with_capacity(commands.len());
    for command in commands {
        let answer = batch(db, std::slice::from_ref(command), paces).await;
        answers.push(answer.map_err(|error| Unavailable::from(&error)).and_then(|mut answers| {
            answers.pop().ok_or_else(|| Unavailable("a command went without an answer".into()))
        }));
    }
    answers
}
