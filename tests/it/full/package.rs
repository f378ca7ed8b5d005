//! The Debian package: what is in it, and on a machine that is thrown away, what installing and removing it does.

use super::{output, replaced};
use crate::process::{Running, free_port, wait_for};
use afterword::config::Config;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Command;

const CONFIG: &str = "/etc/afterword/afterword.toml";
const SECRET: &str = "/etc/afterword/smtp.secret";
const HOME: &str = "/var/lib/afterword";

/// Makes the package of the program that `./tests/run full` has built for release.
fn package(folder: &Path) -> String {
    std::env::var("CARGO_DEB").expect("CARGO_DEB names cargo-deb: run this test by ./tests/run full");
    let package = folder.join("afterword.deb").display().to_string();
    let build = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/deb/build");
    output(Command::new(build).args(["--fast", "--output", &package]));
    package
}

#[test]
#[ignore = "full: needs cargo-deb and a build for release"]
fn full_the_package_holds_what_the_service_needs() {
    let folder = tempfile::tempdir().expect("a folder");
    let package = package(folder.path());
    output(Command::new("dpkg-deb").args(["--extract", &package]).arg(folder.path()));
    let file = |path: &str| folder.path().join(path);
    let unit = fs::read_to_string(file("usr/lib/systemd/system/afterword.service")).expect("a unit");
    assert_eq!(unit, crate::docs::read("deploy/afterword.service"));
    let version = output(Command::new(file("usr/bin/afterword")).arg("--version"));
    assert_eq!(version, format!("afterword {}\n", env!("CARGO_PKG_VERSION")));
    for page in ["operate.md", "configuration.md", "README.md", "CHANGELOG.md"] {
        assert!(file("usr/share/doc/afterword").join(page).exists(), "{page}");
    }
    for page in ["man/man1/afterword.1", "man/man1/afterword-serve.1", "bash-completion/completions/afterword"] {
        let there = ["", ".gz"].iter().any(|end| file("usr/share").join(format!("{page}{end}")).exists());
        assert!(there, "{page}");
    }

    let config = file("etc/afterword/afterword.toml");
    assert_eq!(fs::metadata(&config).expect("a configuration").permissions().mode() & 0o777, 0o640);
    let secret = file("smtp.secret");
    fs::write(&secret, "hunter2").expect("written");
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).expect("set");
    let text = fs::read_to_string(&config).expect("a configuration");
    fs::write(&config, replaced(&text, 1, SECRET, &secret.display().to_string())).expect("written");
    let (config, _) = Config::load(Some(&config), std::iter::empty()).expect("valid");
    assert!(config.database.starts_with(HOME) && config.listen.ip().is_loopback());
}

/// Installs the package, and removes it and all that was made when the test ends.
struct Installed;

impl Drop for Installed {
    fn drop(&mut self) {
        let purged = Command::new("dpkg").args(["--purge", "afterword"]).output();
        let kept = Path::new(HOME).join("afterword.db").exists();
        for folder in [HOME, "/etc/afterword"] {
            drop(fs::remove_dir_all(folder));
        }
        drop(Command::new("userdel").arg("afterword").output());
        if !std::thread::panicking() {
            assert!(purged.as_ref().is_ok_and(|purged| purged.status.success()), "{purged:?}");
            assert!(kept, "purging the package leaves the database");
        }
    }
}

/// Runs the installed program as the service's user. The examples of names would be refused behind https.
fn as_its_user(arguments: &[&str], port: u16) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--reuid", "afterword", "--regid", "afterword", "--init-groups", "afterword", "--config", CONFIG]);
    command.args(arguments).current_dir("/");
    command.env("AFTERWORD_LISTEN", format!("127.0.0.1:{port}")).env("AFTERWORD_MAIL__FROM", "Shop <a@shop.example>");
    command
}

#[test]
#[ignore = "full: needs cargo-deb and a build for release"]
fn full_the_package_installs_and_its_service_runs() {
    let thrown_away = std::env::var("CI").is_ok_and(|ci| ci == "true");
    let root = fs::metadata("/proc/self").expect("this process").uid() == 0;
    if !(thrown_away && root) {
        println!("left out: it would change a machine that is kept (CI=true as root says that this one isn't)");
        return;
    }
    assert!(!Path::new("/etc/afterword").exists(), "this machine has an Afterword of its own");
    let folder = tempfile::tempdir().expect("a folder");
    let package = package(folder.path());
    let installed = Installed;
    output(Command::new("dpkg").args(["--install", &package]));
    for (path, mode) in [(HOME, 0o700), ("/etc/afterword", 0o750), (CONFIG, 0o640)] {
        assert_eq!(fs::metadata(path).expect(path).permissions().mode() & 0o777, mode, "{path}");
    }

    // As the pages say: a secret that the service's user can read, a key, the service.
    fs::write(folder.path().join("smtp.secret"), "hunter2").expect("written");
    output(Command::new("install").args(["-m", "640", "-g", "afterword", "smtp.secret", SECRET]).current_dir(&folder));
    let port = free_port();
    let key = output(&mut as_its_user(&["key", "new", "--scope", "trigger", "--name", "helpdesk"], port));
    assert!(key.lines().last().is_some_and(|key| key.starts_with("aw_trigger_")), "{key}");
    let service = Running(as_its_user(&["serve"], port).spawn().expect("it starts"));
    wait_for("the service", || {
        as_its_user(&["healthcheck"], port).output().is_ok_and(|asked| asked.status.success()).then_some(())
    });
    drop(service);
    assert_eq!(
        fs::metadata(Path::new(HOME).join("afterword.db")).expect("a database").permissions().mode() & 0o777,
        0o600
    );
    // Installing it again, as an upgrade does, leaves the configuration as it was changed.
    let mut changed = fs::read_to_string(CONFIG).expect("a configuration");
    changed.push_str("# changed\n");
    fs::write(CONFIG, &changed).expect("written");
    output(Command::new("dpkg").args(["--install", &package]));
    assert_eq!(fs::read_to_string(CONFIG).expect("a configuration"), changed);
    drop(installed);
}
