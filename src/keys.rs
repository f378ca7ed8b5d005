//! The file of secrets: keys of links, and the key that hashes addresses.
//!
//! It owns the file: its form, its making on the first start, and its mode. It must not know what the keys are used for.

use crate::survey::link::{AddressKey, KeyRing};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// The secrets of an installation.
pub struct Keys {
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

impl Keys {
    /// Reads the file, or makes it with new secrets, readable by its owner only.
    ///
    /// # Errors
    /// A file that cannot be read or made, or whose lines are not keys.
    pub fn load_or_make(file: &Path) -> Result<Self, KeyFileError> {
        let refuse = |detail: String| KeyFileError { file: file.display().to_string(), detail };
        let text = match std::fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                make(file).map_err(|error| refuse(error.to_string()))?
            }
            Err(error) => return Err(refuse(error.to_string())),
        };
        Self::parse(&text).map_err(refuse)
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
            let key = URL_SAFE_NO_PAD.decode(key.trim()).map_err(|_| refuse())?;
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

/// Random bytes of the operating system.
///
/// # Panics
/// Without randomness nothing here would be secret: it had better stop.
#[must_use]
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system has randomness once it has started");
    bytes
}

fn make(file: &Path) -> std::io::Result<String> {
    let secret = || URL_SAFE_NO_PAD.encode(random::<32>());
    let text = format!(
        "# Keep this file with the database, and show it to nobody: whoever has it can forge links.\n\
        # The first link key signs, all verify. To rotate, put a new one above, and drop the old one\n\
        # when mails signed with it no longer matter.\n\
        link {}\n\
        # Recognises unsubscribed addresses. If it changes, every one of them is forgotten.\n\
        address {}\n",
        secret(),
        secret()
    );
    // Written whole under another name and linked into place: neither a crash nor a second start at once may leave half
    // a file, or two processes with different keys.
    let unfinished = file.with_extension(format!("{}.tmp", std::process::id()));
    let mut new = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
    new.write_all(text.as_bytes())?;
    new.sync_all()?;
    let linked = std::fs::hard_link(&unfinished, file);
    std::fs::remove_file(&unfinished)?;
    match linked {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => std::fs::read_to_string(file),
        Err(error) => Err(error),
        Ok(()) => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_file_is_made_once_for_its_owner_only() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("afterword.keys");
        let first = Keys::load_or_make(&file).expect("made");
        let mode = file.metadata().expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let again = Keys::load_or_make(&file).expect("read");
        assert_eq!(first.addresses.fingerprint(), again.addresses.fingerprint());
    }

    #[test]
    fn what_is_no_key_is_refused_by_its_line() {
        let good = URL_SAFE_NO_PAD.encode([7; 32]);
        let short = URL_SAFE_NO_PAD.encode([7; 31]);
        for (text, said) in [
            (format!("link {good}\nlink !\naddress {good}"), "line 2: expected"),
            (format!("sign {good}"), "line 1: expected"),
            (format!("link {good}"), "0 address keys: expected one"),
            (format!("address {good}"), "link: a key of 0 bytes is too short"),
            (format!("link {short}\naddress {good}"), "link: a key of 31 bytes is too short"),
            (format!("link {good}\naddress {short}"), "address: a key of 31 bytes is too short"),
        ] {
            let refused = Keys::parse(&text).err().expect("refused");
            assert!(refused.contains(said), "{refused}");
        }
    }
}
