//! Folders as a first start leaves them. Making the tables and all local days takes longer than most tests, so it is
//! done once and copied.

use super::START;
use afterword::clock::Clock;
use afterword::config::Config;
use afterword::gateway::Gateway;
use afterword::private;
use std::path::Path;
use tempfile::TempDir;
use tokio::sync::OnceCell;

const FILES: [&str; 2] = ["afterword.db", "afterword.keys"];
static MADE: OnceCell<[Vec<u8>; 2]> = OnceCell::const_new();

/// The default configuration, with its files in a folder.
pub fn config(folder: &Path) -> Config {
    let [database, link_keys_file] = FILES.map(|file| folder.join(file));
    Config { database, link_keys_file, ..Config::default() }
}

/// A folder with a database that nothing happened in yet. All of them have the same keys.
pub async fn folder() -> TempDir {
    let empty = || tempfile::tempdir().expect("a folder");
    let made = MADE.get_or_init(async || {
        let folder = empty();
        let clock = Clock::at(START.parse().expect("a time"));
        let (gateway, _lock) = Gateway::serve(config(folder.path()), clock, None).await.expect("a first start");
        gateway.shut_down().await;
        FILES.map(|file| std::fs::read(folder.path().join(file)).expect("made"))
    });
    let folder = empty();
    for (file, content) in FILES.iter().zip(made.await) {
        private::write(&folder.path().join(file), content).expect("copied");
    }
    folder
}
