//! Where mails go: to an SMTP server, into a folder, or into memory.
//!
//! Owns the way of one finished mail and what became of it. It must not know what a survey is, nor why a mail is sent or
//! when it is tried again. It logs neither mails nor addresses.

use std::{
    collections::VecDeque,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use lettre::Address;
use tokio::{fs, io::AsyncWriteExt};

use super::smtp::{Session, Smtp};
use crate::survey::delivery::Attempt;

/// How many mails [`Memory`] keeps. A demo that runs for weeks must not grow, and no test needs as many.
const MEMORY_KEEPS: usize = 200;

/// Where mails go.
#[derive(Clone, Debug)]
pub enum Transport {
    /// To an SMTP server.
    Smtp(Smtp),
    /// Into this folder, one `.eml` file a mail.
    File(PathBuf),
    /// Into memory, for tests and the demo.
    Memory(Memory),
}

/// One mail, ready to go.
#[derive(Clone, Debug)]
pub struct Letter {
    /// Names the mail among others; [`Transport::File`] makes it the file name, so it must be fit for one.
    pub id: String,
    /// The envelope's sender, where bounces go.
    pub from: Address,
    /// The envelope's recipient.
    pub to: Address,
    /// Header and body, lines ended by CRLF.
    pub raw: Vec<u8>,
}

impl Transport {
    /// A way out for one worker.
    #[must_use]
    pub fn postman(&self) -> Postman {
        Postman { transport: self.clone(), session: None }
    }
}

/// A worker's way out. Over SMTP it holds at most one connection, kept from mail to mail.
pub struct Postman {
    transport: Transport,
    session: Option<Session>,
}

impl Postman {
    /// Tries once to bring a mail on its way. Ends within the deadlines of [`Smtp`], whatever the server does.
    ///
    /// Dropping the future is safe for the mails that follow: a connection in use is never used again.
    pub async fn carry(&mut self, letter: &Letter) -> Attempt {
        match &self.transport {
            Transport::Smtp(smtp) => smtp.carry(&mut self.session, letter).await,
            Transport::File(folder) => match write(folder, letter).await {
                Ok(()) => Attempt::Accepted,
                Err(error) => Attempt::Temporary(format!("{}: {error}", folder.display())),
            },
            Transport::Memory(memory) => memory.take_in(letter),
        }
    }

    /// Closes the connection, if there is one. To be called when work runs out: servers close idle connections anyway.
    pub async fn rest(&mut self) {
        if let (Transport::Smtp(smtp), Some(session)) = (&self.transport, self.session.take()) {
            smtp.quit(session).await;
        }
    }
}

/// Writes `ID.eml`. It appears whole or not at all, so that a reader of the folder never sees half a mail.
async fn write(folder: &Path, letter: &Letter) -> io::Result<()> {
    fs::create_dir_all(folder).await?;
    let unfinished = folder.join(format!("{}.tmp", letter.id));
    let mut file = fs::File::create(&unfinished).await?;
    file.write_all(&letter.raw).await?;
    file.sync_all().await?;
    fs::rename(&unfinished, folder.join(format!("{}.eml", letter.id))).await
}

/// A mailbox in memory. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Memory(Arc<Mutex<Mailbox>>);

#[derive(Debug, Default)]
struct Mailbox {
    letters: VecDeque<Letter>,
    outcomes: VecDeque<Attempt>,
}

impl Memory {
    /// The newest accepted mails, raw, the newest last.
    #[must_use]
    pub fn mails(&self) -> Vec<Vec<u8>> {
        self.lock().letters.iter().map(|letter| letter.raw.clone()).collect()
    }

    /// The same with their envelopes.
    #[must_use]
    pub fn letters(&self) -> Vec<Letter> {
        self.lock().letters.iter().cloned().collect()
    }

    /// Lets the next mails meet these outcomes, one each, before mails are accepted again. For tests.
    pub fn answer_next(&self, outcomes: impl IntoIterator<Item = Attempt>) {
        self.lock().outcomes.extend(outcomes);
    }

    fn take_in(&self, letter: &Letter) -> Attempt {
        let mut mailbox = self.lock();
        let outcome = mailbox.outcomes.pop_front().unwrap_or(Attempt::Accepted);
        if outcome == Attempt::Accepted {
            if mailbox.letters.len() == MEMORY_KEEPS {
                mailbox.letters.pop_front();
            }
            mailbox.letters.push_back(letter.clone());
        }
        outcome
    }

    /// A panic elsewhere leaves the mailbox whole: each change of it is a single push or pop.
    fn lock(&self) -> MutexGuard<'_, Mailbox> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(id: &str) -> Letter {
        let address: Address = "a@example.com".parse().expect("an address");
        Letter { id: id.into(), from: address.clone(), to: address, raw: id.as_bytes().to_vec() }
    }

    #[tokio::test]
    async fn a_folder_is_made_and_gets_whole_files_only() {
        let parent = tempfile::tempdir().expect("a folder");
        let folder = parent.path().join("new/mails");
        let mut postman = Transport::File(folder.clone()).postman();
        for _ in 0..2 {
            assert_eq!(postman.carry(&letter("one")).await, Attempt::Accepted, "a repeat replaces the file");
        }
        let names: Vec<_> =
            folder.read_dir().expect("made").map(|entry| entry.expect("readable").file_name()).collect();
        assert_eq!(names, ["one.eml"]);
        assert_eq!(std::fs::read(folder.join("one.eml")).expect("written"), b"one");
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_written_is_a_temporary_failure() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let outcome = Transport::File(file.path().into()).postman().carry(&letter("one")).await;
        assert!(matches!(&outcome, Attempt::Temporary(reason) if reason.contains("exists")), "{outcome:?}");
    }

    #[tokio::test]
    async fn memory_keeps_the_newest_and_answers_as_told() {
        let memory = Memory::default();
        let mut postman = Transport::Memory(memory.clone()).postman();
        let told = [Attempt::Unknown("u".into()), Attempt::Permanent("p".into())];
        memory.answer_next(told.clone());
        for outcome in told {
            assert_eq!(postman.carry(&letter("refused")).await, outcome);
        }
        assert!(memory.mails().is_empty(), "only accepted mails are kept");
        for n in 0..=MEMORY_KEEPS {
            assert_eq!(postman.carry(&letter(&n.to_string())).await, Attempt::Accepted);
        }
        let mails = memory.mails();
        assert_eq!(mails.len(), MEMORY_KEEPS);
        assert_eq!(mails[0], b"1");
        assert_eq!(mails[MEMORY_KEEPS - 1], MEMORY_KEEPS.to_string().as_bytes());
    }
}
