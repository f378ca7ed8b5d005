//! The file of secrets: the keys that sign links, and the key that hashes addresses.
//!
//! Owns the file: its format, its creation on the first start, and how a new link key gets into it. It must not know what
//! the keys are used for.

use crate::private;
use crate::survey::link::{AddressKey, KeyRing};
use data_encoding::BASE64URL_NOPAD;
use std::io::ErrorKind;
use std::path::Path;

/// What the line above a rotated key begins with.
const MADE_ON: &str = "# Made on ";

/// The secrets of an installation.
#[derive(Debug)]
pub struct Secrets {
    /// Signs and verifies links.
    pub ring: KeyRing,
    /// Hashes addresses.
    pub addresses: AddressKey,
}

/// A key file that cannot be used, in a sentence for the operator.
#[derive(Debug, thiserror::Error)]
#[error("the key file {file}: {detail}")]
pub struct KeyFileError {
    file: String,
    detail: String,
}

impl Secrets {
    /// Reads the file.
    ///
    /// # Errors
    /// A file that is missing, cannot be read, or can be read by every user of the machine; or whose lines are not keys.
    pub fn load(file: &Path) -> Result<Self, KeyFileError> {
        Self::parse(&read(file)?).map_err(|detail| refuse(file, &detail))
    }

    /// Reads the file. If it does not exist, makes it with new secrets, readable by its owner only.
    ///
    /// # Errors
    /// A file that cannot be read or made, or whose lines are not keys.
    pub fn load_or_make(file: &Path) -> Result<Self, KeyFileError> {
        if !file.try_exists().map_err(|error| refuse(file, &error))? {
            // Another start may have made one in the meantime: the first wins. A power cut must not take the file: the
            // database, which remembers its keys, would refuse the next one.
            private::write_new(file, new_file().as_bytes()).map_err(|error| refuse(file, &error))?;
        }
        Self::load(file)
    }

    /// Puts a new link key above the others, so that it signs from the next start, and all others still verify. Nothing
    /// else of the file changes: another address key would forget every unsubscribed address. `day` is noted above the
    /// key. Returns how many link keys there are now.
    ///
    /// # Errors
    /// A file that is missing or cannot be read or replaced, or whose lines are not keys.
    pub fn rotate_links(file: &Path, day: &str) -> Result<usize, KeyFileError> {
        let text = read(file)?;
        Self::parse(&text).map_err(|detail| refuse(file, &detail))?;
        let is_link = |line: &&str| line.trim_start().starts_with("link ");
        let old = text.lines().filter(is_link).count();
        let is_above = |line: &&str| !is_link(line) && !line.starts_with(MADE_ON);
        let above: String = text.split_inclusive('\n').take_while(is_above).collect();
        let rotated = format!("{above}{MADE_ON}{day}:\nlink {}\n{}", new_key(), &text[above.len()..]);
        private::replace(file, rotated.as_bytes()).map_err(|error| refuse(file, &error))?;
        Ok(old + 1)
    }

    /// Copies the file, as it is, to a new one; `false` if there is such a file already.
    ///
    /// # Errors
    /// A file that cannot be read or made.
    pub fn copy(file: &Path, to: &Path) -> Result<bool, KeyFileError> {
        private::write_new(to, read(file)?.as_bytes()).map_err(|error| refuse(to, &error))
    }

    fn parse(text: &str) -> Result<Self, String> {
        let (mut links, mut addresses) = (Vec::new(), Vec::new());
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let expected = "expected \"link\" or \"address\" and a key of base64url without padding";
            let advice = "`afterword key rotate-links` adds a new link key";
            let refuse = || format!("line {number}: {expected}; {advice}");
            let (kind, key) = line.split_once(' ').ok_or_else(refuse)?;
            let key = BASE64URL_NOPAD.decode(key.trim().as_bytes()).map_err(|_| refuse())?;
            match kind {
                "link" => links.push(key),
                "address" => addresses.push(key),
                _ => return Err(refuse()),
            }
        }
        let [address] = addresses.as_slice() else {
            return Err(format!("{} address keys: expected one", addresses.len()));
        };
        let ring = KeyRing::new(&links).map_err(|error| format!("link: {error}"))?;
        let addresses = AddressKey::new(address).map_err(|error| format!("address: {error}"))?;
        Ok(Self { ring, addresses })
    }
}

/// Random bytes from the operating system.
///
/// # Panics
/// If there is no randomness: nothing would be secret then, so the program must stop.
#[must_use]
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system has randomness once it has started");
    bytes
}

fn refuse(file: &Path, detail: &impl ToString) -> KeyFileError {
    KeyFileError { file: private::whole(file).display().to_string(), detail: detail.to_string() }
}

fn read(file: &Path) -> Result<String, KeyFileError> {
    private::read_secret(file).map_err(|error| match error.kind() {
        ErrorKind::NotFound if !private::folder(file).exists() => {
            refuse(file, &format!("the folder {} does not exist", private::folder(file).display()))
        }
        ErrorKind::NotFound => {
            refuse(file, &"no such file: expected the one that `afterword init` or the first start of the service made")
        }
        _ => refuse(file, &error),
    })
}

fn new_key() -> String {
    BASE64URL_NOPAD.encode(&random::<32>())
}

fn new_file() -> String {
    format!(
        "# Keep this file with the database, and show it to nobody: with it, anyone can forge links.\n\
        # The first link key signs, all verify. `afterword key rotate-links` puts a new one above. Drop an old\n\
        # one when mails signed with it no longer matter.\n\
        link {}\n\
        # Recognises unsubscribed addresses. If it changes, every one of them is forgotten.\n\
        address {}\n",
        new_key(),
        new_key()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::survey::link::{Link, Purpose};
    use std::collections::BTreeSet;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::sync::Barrier;
    use std::thread;

    #[test]
    fn a_file_is_made_once_for_its_owner_only_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("afterword.keys");
        let first = Secrets::load_or_make(&file).expect("made");
        let mode = file.metadata().expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        for again in [Secrets::load_or_make(&file), Secrets::load(&file)] {
            assert_eq!(first.addresses.fingerprint(), again.expect("read").addresses.fingerprint());
        }
        let names = || folder.path().read_dir().expect("a folder").map(|entry| entry.expect("readable").file_name());
        assert_eq!(names().collect::<Vec<_>>(), ["afterword.keys"]);
    }

    #[test]
    fn a_new_link_key_signs_and_the_old_ones_and_the_address_key_stay() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("afterword.keys");
        let link = Link { purpose: Purpose::Unsubscribe, survey: uuid::Uuid::nil() };
        let old = Secrets::load_or_make(&file).expect("made");
        let address = old.addresses.hash("ada@example.com");
        let before = fs::read_to_string(&file).expect("read");
        assert_eq!(Secrets::rotate_links(&file, "2026-11-26").expect("rotated"), 2);
        assert_eq!(Secrets::rotate_links(&file, "2026-11-27").expect("rotated"), 3);
        let new = Secrets::load(&file).expect("read");
        assert!(new.ring.verify(&old.ring.sign(&link)).is_some(), "a link in a mail that was sent still works");
        assert!(old.ring.verify(&new.ring.sign(&link)).is_none(), "the newest key signs");
        assert_eq!(new.addresses.hash("ada@example.com"), address);
        let text = fs::read_to_string(&file).expect("read");
        let is_new = |line: &&str| before.lines().all(|old| old != *line);
        assert_eq!(text.lines().filter(is_new).count(), 4);
        assert!(text.find("2026-11-27") < text.find("2026-11-26"), "{text}");
        fs::write(&file, "link nonsense").expect("written");
        Secrets::rotate_links(&file, "2026-11-28").expect_err("a broken file is not changed");
        assert_eq!(fs::read_to_string(&file).expect("read"), "link nonsense");
    }

    #[test]
    fn starts_at_once_agree_on_one_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("afterword.keys");
        let barrier = Barrier::new(8);
        let start = || {
            barrier.wait();
            Secrets::load_or_make(&file).expect("made or read").addresses.fingerprint()
        };
        let fingerprints: BTreeSet<String> = thread::scope(|scope| {
            let starts: Vec<_> = (0..8).map(|_| scope.spawn(start)).collect();
            starts.into_iter().map(|start| start.join().expect("no panic")).collect()
        });
        assert_eq!(fingerprints.len(), 1);
    }

    #[test]
    fn a_missing_file_is_reported_and_not_made() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("afterword.keys");
        let error = Secrets::load(&file).expect_err("missing").to_string();
        assert!(error.ends_with("afterword.keys: no such file: expected the one that `afterword init` or the first start of the service made"), "{error}");
        assert!(!file.exists());
        let error = Secrets::load_or_make(&folder.path().join("no/afterword.keys")).expect_err("no folder");
        assert!(error.to_string().ends_with("/no does not exist"), "{error}");
        let error = Secrets::load(&folder.path().join("no/afterword.keys")).expect_err("no folder");
        assert!(error.to_string().ends_with("/no does not exist"), "{error}");
    }

    #[test]
    fn secrets_are_never_shown() {
        let key = BASE64URL_NOPAD.encode(&[7; 32]);
        let secrets = Secrets::parse(&format!("link {key}\naddress {key}"));
        assert_eq!(format!("{secrets:?}"), "Ok(Secrets { ring: KeyRing(…), addresses: AddressKey(…) })");
    }

    #[test]
    fn a_line_that_is_not_a_key_is_refused_by_its_number() {
        let good = BASE64URL_NOPAD.encode(&[7; 32]);
        let short = BASE64URL_NOPAD.encode(&[7; 31]);
        for (text, said) in [
            (format!("link {good}\nlink !\naddress {good}"), "line 2: expected"),
            (format!("sign {good}"), "line 1: expected"),
            (format!("link {good}="), "`afterword key rotate-links` adds a new link key"),
            (format!("link {good}"), "0 address keys: expected one"),
            (format!("address {good}"), "link: a key of 0 bytes is too short"),
            (format!("link {short}\naddress {good}"), "link: a key of 31 bytes is too short"),
            (format!("link {good}\naddress {short}"), "address: a key of 31 bytes is too short"),
        ] {
            let refused = Secrets::parse(&text).expect_err("refused");
            assert!(refused.contains(said), "{refused}");
        }
    }
}
