//! Files that only their owner may read: making them, whole or not at all, and refusing secrets that others can read.
//!
//! Owns the permissions and owners of files. It must not know what a file says.

use rustix::fs::{AtFlags, CWD, StatVfsMountFlags, fstatvfs, linkat};
use rustix::io::Errno;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{self, Path, PathBuf};
use tempfile::NamedTempFile;

/// The bits of a mode that let every user of the machine read or change a file.
pub const BY_OTHERS: u32 = 0o006;

/// Reads a secret. Its group may read it, because services often get secrets of root by their group.
///
/// On a read-only mount, as containers get secrets, nobody can change who may read it: there this only warns.
///
/// # Errors
/// The file cannot be read, or every user of the machine may read or change it; that error names the command that mends
/// it.
pub fn read_secret(file: &Path) -> io::Result<String> {
    let mut secret = File::open(file)?;
    let found = secret.metadata()?;
    if found.is_file() && found.mode() & BY_OTHERS != 0 {
        let open = "every user of this machine can read or change it";
        if !fstatvfs(&secret)?.f_flag.contains(StatVfsMountFlags::RDONLY) {
            return Err(io::Error::other(format!("{open}: run `chmod o-rwx {}`", file.display())));
        }
        tracing::warn!(file = %file.display(), "{open}, and its mount is read-only");
    }
    let mut text = String::new();
    secret.read_to_string(&mut text)?;
    Ok(text)
}

/// Makes a file that only its owner may read; `false` if there is one already, which stays as it is. The file appears
/// whole or not at all, and survives a power cut.
///
/// # Errors
/// The folder does not exist or takes no file.
pub fn write_new(file: &Path, content: &[u8]) -> io::Result<bool> {
    let folder = folder(file);
    if !folder.try_exists()? {
        return Err(io::Error::new(ErrorKind::NotFound, format!("the folder {} does not exist", folder.display())));
    }
    // It has no name yet, so a process that is killed here leaves nothing behind.
    let mut new = tempfile::tempfile_in(folder)?;
    fill(&mut new, content)?;
    give_to_owner(folder, &new)?;
    let by_number = format!("/proc/self/fd/{}", new.as_raw_fd());
    match linkat(CWD, by_number.as_str(), CWD, file, AtFlags::SYMLINK_FOLLOW) {
        Ok(()) => {}
        Err(Errno::EXIST) => return Ok(false),
        // Not every file system can name such a file later.
        Err(_) => {
            let mut new = NamedTempFile::new_in(folder)?;
            fill(new.as_file_mut(), content)?;
            give_to_owner(folder, new.as_file())?;
            match new.persist_noclobber(file) {
                Ok(_) => {}
                Err(error) if error.error.kind() == ErrorKind::AlreadyExists => return Ok(false),
                Err(error) => return Err(error.error),
            }
        }
    }
    sync(folder)?;
    Ok(true)
}

/// As [`write_new`], but in place of a file that is there.
///
/// # Errors
/// As those of [`write_new`].
pub fn write(file: &Path, content: &[u8]) -> io::Result<()> {
    while !write_new(file, content)? {
        fs::remove_file(file)?;
    }
    Ok(())
}

/// Replaces what a file says. A reader sees the old text or the new one, also after a power cut. Owner and permissions
/// stay.
///
/// # Errors
/// There is no such file, or its folder takes no file.
pub fn replace(file: &Path, content: &[u8]) -> io::Result<()> {
    // A link to the file stays a link.
    let file = file.canonicalize()?;
    let old = file.metadata()?;
    // Always this name, so that a process that is killed here does not leave another file each time.
    let mut unfinished = file.clone().into_os_string();
    unfinished.push(".new");
    let mut new = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
    fill(&mut new, content)?;
    let made = new.metadata()?;
    if (made.uid(), made.gid()) != (old.uid(), old.gid()) {
        fchown(&new, Some(old.uid()), Some(old.gid()))?;
    }
    new.set_permissions(old.permissions())?;
    fs::rename(&unfinished, &file)?;
    sync(folder(&file))
}

/// Makes a folder, and those above it, that only their owner may look into.
///
/// # Errors
/// It cannot be made.
pub fn make_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(above) = path.parent().filter(|above| !above.as_os_str().is_empty()) {
        make_folder(above)?;
    }
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
        Ok(()) => give_to_owner(folder(path), &File::open(path)?),
    }
}

/// The folder that a file is in.
#[must_use]
pub fn folder(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A file as an error names it: by its whole path, because an operator may expect a relative one to start elsewhere.
#[must_use]
pub fn whole(file: &Path) -> PathBuf {
    path::absolute(file).unwrap_or_else(|_| file.to_owned())
}

/// Syncs a folder, so that the names in it survive a power cut.
///
/// # Errors
/// The folder cannot be opened or synced.
pub fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Gives a file that root made to the owner of its folder: a command that root types must not leave files that the
/// service cannot open. Does nothing for other users, who can give nothing away.
///
/// # Errors
/// The system refuses it.
pub fn give_to_owner(folder: &Path, file: &File) -> io::Result<()> {
    let (folder, made) = (folder.metadata()?, file.metadata()?);
    if made.uid() == 0 && folder.uid() != 0 {
        fchown(file, Some(folder.uid()), Some(folder.gid()))?;
    }
    Ok(())
}

/// Lets the group read a file. If root made it, that is the group of this folder.
///
/// # Errors
/// The system refuses it.
pub fn share_with_group(file: &Path, folder: &Path) -> io::Result<()> {
    let file = File::open(file)?;
    if file.metadata()?.uid() == 0 {
        fchown(&file, None, Some(folder.metadata()?.gid()))?;
    }
    file.set_permissions(fs::Permissions::from_mode(0o640))
}

fn fill(file: &mut File, content: &[u8]) -> io::Result<()> {
    // Before the content, and whatever the process masks.
    file.set_permissions(fs::Permissions::from_mode(0o600))?;
    file.write_all(content)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        path.metadata().expect("there").mode() & 0o777
    }

    fn chmod(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("its owner may");
    }

    #[test]
    fn a_secret_that_others_can_read_is_refused_with_the_command_that_mends_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("smtp.secret");
        write(&file, b"hunter2").expect("written");
        for allowed in [0o600, 0o400, 0o640, 0o660, 0o601] {
            chmod(&file, allowed);
            assert_eq!(read_secret(&file).expect("a secret"), "hunter2", "{allowed:o}");
        }
        for refused in [0o604, 0o602, 0o644, 0o666] {
            chmod(&file, refused);
            let error = read_secret(&file).expect_err("open to others").to_string();
            let command = format!("run `chmod o-rwx {}`", file.display());
            assert!(error.ends_with(&command) && !error.contains("hunter2"), "{refused:o}: {error}");
        }
    }

    #[test]
    fn a_replaced_file_keeps_its_permissions() {
        let folder = tempfile::tempdir().expect("a folder");
        let (file, link) = (folder.path().join("a"), folder.path().join("link"));
        write(&file, b"old").expect("written");
        std::os::unix::fs::symlink(&file, &link).expect("linked");
        chmod(&file, 0o640);
        fs::write(folder.path().join("a.new"), "what a killed process left").expect("written");
        replace(&link, b"new").expect("replaced");
        assert_eq!((mode(&file), fs::read(&file).expect("read")), (0o640, b"new".to_vec()));
        assert!(link.is_symlink() && !folder.path().join("a.new").exists());
    }

    #[test]
    fn what_is_made_is_for_its_owner_only() {
        let folder = tempfile::tempdir().expect("a folder");
        let new = folder.path().join("a/b");
        make_folder(&new).expect("made");
        make_folder(&new).expect("there");
        let file = new.join("c");
        assert!(write_new(&file, b"1").expect("made"));
        assert!(!write_new(&file, b"2").expect("there"));
        assert_eq!(fs::read(&file).expect("read"), b"1");
        chmod(&file, 0o644);
        write(&file, b"3").expect("written");
        assert_eq!((mode(&file), mode(&new), mode(&folder.path().join("a"))), (0o600, 0o700, 0o700));
        let error = write_new(&folder.path().join("no/c"), b"1").expect_err("no folder").to_string();
        assert!(error.starts_with("the folder ") && error.ends_with("/no does not exist"), "{error}");
    }
}
