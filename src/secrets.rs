//! The file of secrets: the keys that sign links, and the key that hashes addresses.
//!
//! Owns the file: its format, its creation on the first start, and its permissions. It must not know what the keys are
//! used for.

use crate::survey::link::{AddressKey, KeyRing};
use data_encoding::BASE64URL_NOPAD;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use tempfile::NamedTempFile;

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
    /// A file that is missing or cannot be read, or whose lines are not keys.
    pub fn load(file: &Path) -> Result<Self, KeyFileError> {
        let text = fs::read_to_string(file).map_err(|error| match error.kind() {
            ErrorKind::NotFound => refuse(file, &"is missing: expected the one that the first start made"),
            _ => refuse(file, &error),
        })?;
        Self::parse(&text).map_err(|detail| refuse(file, &detail))
    }

    /// Reads the file. If it does not exist, makes it with new secrets, readable by its owner only.
    ///
    /// # Errors
    /// A file that cannot be read or made, or whose lines are not keys.
    pub fn load_or_make(file: &Path) -> Result<Self, KeyFileError> {
        if !file.try_exists().map_err(|error| refuse(file, &error))? {
            make(file).map_err(|error| refuse(file, &error))?;
        }
        Self::load(file)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let (mut links, mut addresses) = (Vec::new(), Vec::new());
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let expected = "expected \"link\" or \"address\" and a key of base64url without padding";
            let refuse = || format!("line {number}: {expected}");
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
    KeyFileError { file: file.display().to_string(), detail: detail.to_string() }
}

/// Makes the file with new secrets, unless another process made one in the meantime.
///
/// It is written under another name and then renamed, so nobody ever reads half a file, and the first of two starts at
/// once wins. The folder is synced too: after a power cut a lost file would be made anew, and the database, which
/// remembers its key file, would refuse the new one.
fn make(file: &Path) -> io::Result<()> {
    let secret = || BASE64URL_NOPAD.encode(&random::<32>());
    let text = format!(
        "# Keep this file with the database, and show it to nobody: with it, anyone can forge links.\n\
        # The first link key signs, all verify. To rotate, put a new one above, and drop the old one\n\
        # when mails signed with it no longer matter.\n\
        link {}\n\
        # Recognises unsubscribed addresses. If it changes, every one of them is forgotten.\n\
        address {}\n",
        secret(),
        secret()
    );
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // A temporary file is readable by its owner only.
    let mut new = NamedTempFile::new_in(folder)?;
    new.write_all(text.as_bytes())?;
    new.as_file().sync_all()?;
    match new.persist_noclobber(file) {
        Err(error) if error.error.kind() != ErrorKind::AlreadyExists => return Err(error.error),
        _ => {}
    }
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
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
        fs::remove_file(&file).expect("removed");
        make(&file).expect("made");
        let text = fs::read_to_string(&file).expect("read");
        make(&file).expect("the file of another start is kept");
        assert_eq!(fs::read_to_string(&file).expect("read"), text);
        assert_eq!(names().count(), 1, "and the own one is removed");
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
        assert!(error.ends_with("afterword.keys: is missing: expected the one that the first start made"), "{error}");
        assert!(!file.exists());
        let error = Secrets::load_or_make(&folder.path().join("no/afterword.keys")).expect_err("no folder");
        assert!(error.to_string().contains("No such file or directory"), "{error}");
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
