//! Where mails go: to an SMTP server, into a folder, or into memory.
//!
//! Owns the choice of the transport, and the outcome of sending one finished mail. It must not know what a survey is,
//! nor why a mail is sent or when it is tried again. It logs neither mails nor addresses.

use super::smtp::{Deadlines, Session, Smtp};
use crate::config::{Config, MailTarget, PublicUrl};
use crate::private;
use crate::survey::outbound::Attempt;
use lettre::Address;
use lettre::transport::smtp::extension::ClientId;
use std::collections::{BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::{fmt, io};
use url::Host;
use uuid::Uuid;

/// How many mails [`Memory`] keeps. A demo may run for weeks and must not grow; no test needs this many.
const MEMORY_KEEPS: usize = 200;

/// Where mails go.
#[derive(Clone, Debug)]
pub enum Transport {
    /// To an SMTP server.
    Smtp(Smtp),
    /// Into this folder, one `.eml` file for each mail.
    File(PathBuf),
    /// Into memory, for tests and the demo.
    Memory(Memory),
}

/// One finished mail.
#[derive(Clone, Debug)]
pub struct Letter {
    /// Identifies the mail. [`Transport::File`] makes it the file name, so it must be valid as one.
    pub id: String,
    /// The envelope's sender, where bounces go.
    pub from: Address,
    /// The envelope's recipient.
    pub to: Address,
    /// Header and body, with CRLF at the end of each line.
    pub raw: Vec<u8>,
}

impl Transport {
    /// The transport that `mail.smtp` names.
    #[must_use]
    pub fn configured(config: &Config) -> Self {
        match &config.mail.smtp {
            MailTarget::File(folder) => Self::File(folder.clone()),
            MailTarget::Smtp { tls, host, port, user } => {
                let password = config.mail.smtp_password.as_ref().map(|password| password.reveal().to_owned());
                Self::Smtp(Smtp {
                    host: host.clone(),
                    port: *port,
                    tls: *tls,
                    ca_file: config.mail.smtp_ca_file.clone(),
                    login: user.clone().zip(password).map(Into::into),
                    ehlo_name: ehlo_name(&config.public_url),
                    deadlines: Deadlines::default(),
                })
            }
        }
    }

    /// Deletes the stored mails with these ids, where mails are stored: in a folder or in memory. Answers how many files
    /// were deleted. A file that cannot be deleted is logged by its id.
    pub async fn forget(&self, mails: &BTreeSet<Uuid>) -> usize {
        match self {
            Self::Smtp(_) => 0,
            Self::File(folder) => delete(folder, mails).await,
            Self::Memory(memory) => {
                let ids: BTreeSet<_> = mails.iter().map(Uuid::to_string).collect();
                memory.lock().letters.retain(|letter| !ids.contains(&letter.id));
                0
            }
        }
    }

    /// A connection for one worker. It is opened when the first mail is sent.
    #[must_use]
    pub fn connection(&self) -> Connection {
        Connection { transport: self.clone(), session: None }
    }
}

/// The name we give ourselves in EHLO: the host of the public URL.
fn ehlo_name(url: &PublicUrl) -> ClientId {
    match url.host() {
        Host::Domain(name) => ClientId::Domain(name.to_owned()),
        Host::Ipv4(ip) => ClientId::Ipv4(ip),
        Host::Ipv6(ip) => ClientId::Ipv6(ip),
    }
}

/// A worker's connection. Over SMTP it is at most one, kept open from mail to mail.
pub struct Connection {
    transport: Transport,
    session: Option<Session>,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("open", &self.session.is_some()).finish_non_exhaustive()
    }
}

impl Connection {
    /// Tries once to send a mail. Ends within the deadlines of [`Smtp`], whatever the server does.
    ///
    /// Dropping the future is safe for later mails: an SMTP session in use is never used again.
    pub async fn send(&mut self, letter: &Letter) -> Attempt {
        match &self.transport {
            Transport::Smtp(smtp) => smtp.send(&mut self.session, letter).await,
            Transport::File(folder) => match write(folder, letter).await {
                Ok(()) => Attempt::Accepted,
                Err(error) => Attempt::Temporary(format!("{}: {error}", folder.display())),
            },
            Transport::Memory(memory) => memory.take_in(letter),
        }
    }

    /// Closes the SMTP session, if there is one. To be called when there is no more work: servers close idle sessions
    /// anyway. The next mail opens another.
    pub async fn close(&mut self) {
        if let (Transport::Smtp(smtp), Some(session)) = (&self.transport, self.session.take()) {
            smtp.quit(session).await;
        }
    }
}

/// Writes `ID.eml`, for its owner only: a mail holds links that rate. The file appears whole or not at all, so that
/// nobody who watches the folder reads half a mail.
async fn write(folder: &Path, letter: &Letter) -> io::Result<()> {
    let (folder, file, raw) = (folder.to_owned(), folder.join(format!("{}.eml", letter.id)), letter.raw.clone());
    let write = move || {
        private::make_folder(&folder)?;
        private::write(&file, &raw)
    };
    tokio::task::spawn_blocking(write).await.map_err(io::Error::other)?
}

async fn delete(folder: &Path, mails: &BTreeSet<Uuid>) -> usize {
    let mut deleted = 0;
    for mail in mails {
        match tokio::fs::remove_file(folder.join(format!("{mail}.eml"))).await {
            Ok(()) => deleted += 1,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => tracing::error!(%mail, %error, "the file of an erased mail cannot be deleted"),
        }
    }
    deleted
}

/// A mailbox in memory. Its clones share it.
#[derive(Clone, Debug, Default)]
pub struct Memory(Arc<Mutex<Mailbox>>);

#[derive(Debug, Default)]
struct Mailbox {
    letters: VecDeque<Letter>,
    outcomes: VecDeque<Attempt>,
}

impl Memory {
    /// The accepted mails, raw, up to a number of the newest. The newest is last.
    #[must_use]
    pub fn mails(&self) -> Vec<Vec<u8>> {
        self.lock().letters.iter().map(|letter| letter.raw.clone()).collect()
    }

    /// The same mails with their envelopes.
    #[must_use]
    pub fn letters(&self) -> Vec<Letter> {
        self.lock().letters.iter().cloned().collect()
    }

    /// Gives the next mails these outcomes, one each; later mails are accepted again. For tests.
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

    /// Ignores poisoning: each change is a single push or pop, so a panic leaves the mailbox whole.
    fn lock(&self) -> MutexGuard<'_, Mailbox> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_ehlo_name_is_the_host_as_smtp_spells_it() {
        for (url, name) in [
            ("https://rate.example.com", "rate.example.com"),
            ("http://127.0.0.1:8080", "[127.0.0.1]"),
            ("http://[::1]:80", "[IPv6:::1]"),
        ] {
            assert_eq!(ehlo_name(&url.parse().expect("a public URL")).to_string(), name);
        }
    }

    fn letter(id: &str) -> Letter {
        let address: Address = "a@example.com".parse().expect("an address");
        Letter { id: id.into(), from: address.clone(), to: address, raw: id.as_bytes().to_vec() }
    }

    #[tokio::test]
    async fn a_folder_is_made_and_gets_whole_files_only() {
        let parent = tempfile::tempdir().expect("a folder");
        let folder = parent.path().join("new/mails");
        let mut connection = Transport::File(folder.clone()).connection();
        for _ in 0..2 {
            assert_eq!(connection.send(&letter("one")).await, Attempt::Accepted, "a repeat replaces the file");
        }
        let names: Vec<_> =
            folder.read_dir().expect("made").map(|entry| entry.expect("readable").file_name()).collect();
        assert_eq!(names, ["one.eml"]);
        let file = folder.join("one.eml");
        assert_eq!(std::fs::read(&file).expect("written"), b"one");
        assert_eq!(file.metadata().expect("there").permissions().mode() & 0o777, 0o600);
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_written_is_a_temporary_failure() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let outcome = Transport::File(file.path().into()).connection().send(&letter("one")).await;
        assert!(matches!(&outcome, Attempt::Temporary(reason) if reason.contains("Not a directory")), "{outcome:?}");
    }

    #[tokio::test]
    async fn memory_keeps_the_newest_and_answers_as_told() {
        let memory = Memory::default();
        let mut connection = Transport::Memory(memory.clone()).connection();
        let outcomes = [Attempt::Unknown("u".into()), Attempt::Permanent("p".into())];
        memory.answer_next(outcomes.clone());
        for outcome in outcomes {
            assert_eq!(connection.send(&letter("refused")).await, outcome);
        }
        assert!(memory.mails().is_empty(), "only accepted mails are kept");
        for n in 0..=MEMORY_KEEPS {
            assert_eq!(connection.send(&letter(&n.to_string())).await, Attempt::Accepted);
        }
        let mails = memory.mails();
        assert_eq!(mails.len(), MEMORY_KEEPS);
        assert_eq!(mails[0], b"1");
        assert_eq!(mails[MEMORY_KEEPS - 1], MEMORY_KEEPS.to_string().as_bytes());
    }
}
