//! The one writer: gathers all commands that wait, and makes them one transaction.
//!
//! Group commit makes every answered click durable at the rate of a page view; one transaction a request reached a
//! twentieth of it. No timer is involved: while one batch commits, the next one gathers. It must not know what a command
//! means.

use super::super::Unavailable;
use super::place::Place;
use super::{load, rollup, save};
use crate::ledger::{Batch, Command, Touched};
use crate::metrics::Metrics;
use crate::survey::outbound::StateWord;
use crate::survey::pace::Paces;
use sqlx::{Connection, SqliteConnection, query};
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

/// The most commands in one transaction: enough that the commit no longer counts, few enough that the last of them does
/// not wait long.
const LARGEST_BATCH: usize = 512;
/// How many failed commands that nobody waits for are kept for the next batch: memory must not grow while the store
/// cannot be written.
const MOST_CARRIED_OVER: usize = 4096;
/// How long the writer has nothing to do before it folds: under any load the next command comes sooner.
const IDLE: Duration = Duration::from_millis(200);
/// Under load it folds a step after this many commands: a step costs less a survey if it takes many.
const MOST_UNFOLDED: usize = rollup::STEP;
/// After a step under load it serves commands for so many times as long as the step took, so that folding takes a fifth of
/// its time at most, and a twentieth while many commands wait. Reports are exact but slower while it falls behind.
const REST: u32 = 4;
const LONG_REST: u32 = 19;
/// A batch of this many commands shows that many wait.
const BUSY: usize = 64;
/// How often a command that nobody waits for may fail by itself.
const TRIES: u8 = 2;

/// A command in the queue, whatever its answer is.
pub(super) trait Job: Send {
    fn touches(&self, touched: &mut Touched);
    /// Decides, and keeps the answer until [`deliver`](Self::deliver).
    fn decide(&mut self, batch: &mut Batch);
    /// Whether the caller timed out.
    fn is_abandoned(&self) -> bool;
    /// Sends the answer, or the error that kept it from being durable. Returns what must be done with the next batch.
    fn deliver(self: Box<Self>, done: Result<(), Undone>) -> Option<Box<dyn Job>>;
}

/// Why a command was not done.
#[derive(Clone)]
pub(super) struct Undone {
    why: Unavailable,
    /// Nothing could be written, so the command may be sound.
    is_unusable: bool,
}

impl From<&sqlx::Error> for Undone {
    fn from(error: &sqlx::Error) -> Self {
        Self { why: error.into(), is_unusable: super::is_unusable(error) }
    }
}

type Reply<T> = oneshot::Sender<Result<T, Unavailable>>;

/// A command, its answer once it has decided, and the caller waiting for it. No caller waits for a view.
pub(super) struct Asked<C: Command> {
    command: C,
    answer: Option<C::Answer>,
    reply: Option<Reply<C::Answer>>,
    tries: u8,
}

impl<C: Command> Asked<C> {
    pub(super) fn new(command: C, reply: Option<Reply<C::Answer>>) -> Self {
        Self { command, answer: None, reply, tries: 0 }
    }
}

impl<C: Command> Job for Asked<C> {
    fn touches(&self, touched: &mut Touched) {
        self.command.touches(touched);
    }

    fn decide(&mut self, batch: &mut Batch) {
        self.answer = Some(self.command.decide(batch));
    }

    fn is_abandoned(&self) -> bool {
        self.reply.as_ref().is_some_and(oneshot::Sender::is_closed)
    }

    fn deliver(mut self: Box<Self>, done: Result<(), Undone>) -> Option<Box<dyn Job>> {
        let Some(reply) = self.reply.take() else {
            // Later clicks are judged by every view before them, so a view is tried again, however long nothing can be
            // written. If the view itself fails it is given up, because a batch with such a view is slow.
            let undone = done.err()?;
            self.tries += u8::from(!undone.is_unusable);
            let again = self.tries < TRIES;
            // While nothing can be written every view fails, again and again: `run` says so once.
            if !undone.is_unusable {
                tracing::warn!(error = %undone.why, again, "a command without a caller could not be stored");
            }
            return again.then_some(self as Box<dyn Job>);
        };
        let missing = || Unavailable("a command went without an answer".into());
        let answer = done.map_err(|undone| undone.why).and_then(|()| self.answer.ok_or_else(missing));
        let unheard = reply.send(answer).err()?.ok().and_then(C::unheard)?;
        Some(Box::new(Asked::new(unheard, None)))
    }
}

/// Changes nothing. Its answer says that the store takes writes, and that every command before it was decided. A view that
/// failed may still be tried again.
pub(super) struct Flush;

impl Command for Flush {
    type Answer = ();

    fn touches(&self, _: &mut Touched) {}

    fn decide(&self, _: &mut Batch) {}
}

/// Works until the last sender is gone, or the connection is. It folds once `folds` is set, and stores events if it `tells`
/// a target.
pub(super) async fn run(
    db: SqliteConnection,
    mut queue: mpsc::Receiver<Box<dyn Job>>,
    place: Place,
    metrics: Arc<Metrics>,
    folds: Arc<AtomicBool>,
    tells: bool,
) {
    let mut writer = Writer { db, paces: Paces::default(), metrics, folds, folding: Folding::new(), tells };
    let mut gathered = Vec::new();
    let mut carried_over: Vec<Box<dyn Job>> = Vec::new();
    let mut stuck = false;
    while writer.gather(&mut queue, &mut gathered).await > 0 {
        // Skip commands whose caller timed out: it already answered that the write may not have happened.
        let waiting = gathered.drain(..).filter(|job| !job.is_abandoned());
        let mut jobs: Vec<_> = carried_over.drain(..).chain(waiting).collect();
        let done = if let Some(why) = place.misplaced() {
            // SQLite would write on, into a file that nobody finds.
            vec![Err(Undone { why: Unavailable(why.into()), is_unusable: true }); jobs.len()]
        } else {
            match writer.batch(&mut jobs).await {
                Ok(()) => vec![Ok(()); jobs.len()],
                Err(sqlx::Error::WorkerCrashed) => {
                    tracing::error!("the connection of the writer is gone");
                    return;
                }
                Err(error) => writer.one_by_one(&mut jobs, error).await,
            }
        };
        stuck = tell_once(stuck, done.first());
        for (job, done) in jobs.into_iter().zip(done) {
            carried_over.extend(job.deliver(done));
        }
        carried_over.truncate(MOST_CARRIED_OVER);
    }
    if let Err(error) = writer.db.close().await {
        tracing::warn!(%error, "the database was not closed cleanly");
    }
}

/// Logs when the database begins or ends to take no writes. Returns whether it takes none.
fn tell_once(stuck: bool, done: Option<&Result<(), Undone>>) -> bool {
    match done {
        Some(Err(undone)) if undone.is_unusable => {
            if !stuck {
                tracing::error!(error = %undone.why, "the database takes no writes");
            }
            true
        }
        Some(Ok(())) if stuck => {
            tracing::info!("the database takes writes again");
            false
        }
        _ => stuck,
    }
}

/// What is kept from batch to batch.
struct Writer {
    db: SqliteConnection,
    paces: Paces,
    metrics: Arc<Metrics>,
    /// Whether it folds. A command that works beside the service leaves that to the service.
    folds: Arc<AtomicBool>,
    folding: Folding,
    /// Whether there is a target for events.
    tells: bool,
}

/// When the next step of folding is due.
struct Folding {
    /// Whether there may be anything to fold.
    pending: bool,
    /// Whether the last step left some, as after a migration.
    more: bool,
    /// Commands since the last step.
    commands: usize,
    /// How many of them came last.
    came: usize,
    /// How long the last step took, and when it ended.
    took: Duration,
    ended: Instant,
}

impl Folding {
    /// At the start there may be much.
    fn new() -> Self {
        Self { pending: true, more: true, commands: 0, came: 0, took: Duration::ZERO, ended: Instant::now() }
    }

    /// Whether it is time for a step although commands come.
    fn is_due(&self) -> bool {
        let rest = if self.came < BUSY { REST } else { LONG_REST };
        (self.more || self.commands >= MOST_UNFOLDED) && self.ended.elapsed() >= self.took * rest
    }

    /// How long to wait for commands before a step; `None` for ever.
    fn patience(&self) -> Option<Duration> {
        self.pending.then_some(if self.more { self.took } else { IDLE })
    }
}

impl Writer {
    /// Waits for commands, and folds meanwhile. Returns how many came; none once the last sender is gone.
    async fn gather(&mut self, queue: &mut mpsc::Receiver<Box<dyn Job>>, gathered: &mut Vec<Box<dyn Job>>) -> usize {
        loop {
            let folds = self.folds.load(Ordering::Relaxed);
            if folds && self.folding.is_due() {
                self.fold().await;
            }
            let commands = queue.recv_many(gathered, LARGEST_BATCH);
            let came = match self.folding.patience().filter(|_| folds) {
                None => Some(commands.await),
                Some(patience) => timeout(patience, commands).await.ok(),
            };
            if let Some(came) = came {
                let folding = &mut self.folding;
                (folding.pending, folding.commands, folding.came) = (true, folding.commands + came, came);
                return came;
            }
            self.fold().await;
        }
    }

    /// Folds one step. If it fails, it is tried again after the next command, because a report is exact without it.
    async fn fold(&mut self) {
        let start = Instant::now();
        let folded = rollup::fold(&mut self.db, rollup::STEP).await;
        if let Err(error) = &folded {
            drop(query("ROLLBACK").execute(&mut self.db).await);
            if !super::is_unusable(error) {
                tracing::warn!(%error, "the roll-up of reports was not brought up to date");
            }
        }
        let more = folded.unwrap_or(false);
        let (took, ended) = (start.elapsed(), Instant::now());
        self.folding = Folding { pending: more, more, commands: 0, came: self.folding.came, took, ended };
    }

    /// Load, decide, save: all of it or nothing.
    async fn batch(&mut self, jobs: &mut [Box<dyn Job>]) -> Result<(), sqlx::Error> {
        let start = Instant::now();
        match self.load_decide_save(jobs).await {
            Ok(batch) => {
                self.metrics.committed(jobs.len(), start.elapsed());
                self.count(&batch);
                Ok(())
            }
            Err(error) => {
                // This fails if SQLite has rolled back by itself, which is just as well.
                drop(query("ROLLBACK").execute(&mut self.db).await);
                Err(error)
            }
        }
    }

    async fn load_decide_save(&mut self, jobs: &mut [Box<dyn Job>]) -> Result<Batch, sqlx::Error> {
        let mut touched = Touched::default();
        for job in &*jobs {
            job.touches(&mut touched);
        }
        let mut batch = load::load(&mut self.db, &touched).await?;
        batch.paces = mem::take(&mut self.paces);
        for job in jobs {
            job.decide(&mut batch);
        }
        // Kept even if the batch fails: too few mails are sent then, never too many.
        self.paces = mem::take(&mut batch.paces);
        save::save(&mut self.db, &batch, self.tells).await?;
        Ok(batch)
    }

    /// Counts what became durable, and logs the mails that failed.
    fn count(&self, batch: &Batch) {
        for (_, clicked) in batch.clicks() {
            clicked.clicks.changes.iter().for_each(|change| self.metrics.changed(change));
        }
        for (id, survey) in batch.surveys() {
            let Some(ended) = survey.mail_ended() else { continue };
            self.metrics.mail_ended(ended);
            if ended == StateWord::Failed {
                tracing::warn!(survey = %id, why = survey.mail.note, "a mail failed for good");
            }
        }
        for (id, digest) in &batch.digests {
            let Some(ended) = digest.mail_ended() else { continue };
            self.metrics.mail_ended(ended);
            if ended == StateWord::Failed {
                tracing::warn!(digest = %id, why = digest.mail.note, "a digest failed for good");
            }
        }
    }

    /// Tries each command alone, so that one that fails does not keep the others from being done.
    async fn one_by_one(&mut self, jobs: &mut [Box<dyn Job>], error: sqlx::Error) -> Vec<Result<(), Undone>> {
        if jobs.len() == 1 || super::is_unusable(&error) {
            return vec![Err(Undone::from(&error)); jobs.len()];
        }
        let mut done = Vec::with_capacity(jobs.len());
        for job in jobs {
            done.push(self.batch(std::slice::from_mut(job)).await.map_err(|error| Undone::from(&error)));
        }
        done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fail(job: Box<dyn Job>, is_unusable: bool) -> Option<Box<dyn Job>> {
        job.deliver(Err(Undone { why: Unavailable("no".into()), is_unusable }))
    }

    #[test]
    fn what_nobody_waits_for_is_kept_while_nothing_can_be_written_and_given_up_when_it_fails_twice() {
        let mut job: Box<dyn Job> = Box::new(Asked::new(Flush, None));
        for _ in 0..100 {
            job = fail(job, true).expect("the disk is full, and the view is sound");
        }
        let job = fail(job, false).expect("once is no proof");
        assert!(fail(job, false).is_none());
    }

    #[test]
    fn what_somebody_waits_for_is_tried_once() {
        for is_unusable in [true, false] {
            let (reply, mut answer) = oneshot::channel();
            assert!(fail(Box::new(Asked::new(Flush, Some(reply))), is_unusable).is_none());
            assert!(answer.try_recv().is_ok_and(|answer| answer.is_err()));
        }
    }
}
