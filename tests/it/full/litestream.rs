//! Litestream beside the service, configured by deploy/litestream.yml: what it restores goes on where the first ended.

use super::{Installation, output, replaced, start};
use crate::docs;
use crate::process::{afterword, free_port, request, serve, wait_for};
use std::fs;
use std::path::Path;
use std::process::Command;

fn litestream() -> Command {
    Command::new(std::env::var("LITESTREAM").expect("LITESTREAM names it: run this test by ./tests/run full"))
}

/// Whether the copy knows of a mail that was sent.
fn knows_of_a_mail(folder: &Path) -> bool {
    let report = output(&mut afterword(folder, &["report", "--format", "json"]));
    serde_json::from_str::<serde_json::Value>(&report).expect("JSON")["total"]["asked"] == 1
}

#[test]
#[ignore = "full: needs Litestream"]
fn full_litestream_restores_what_a_new_service_goes_on_with() {
    let mut here = Installation::new();
    let (first, second) = (here.folder.path().to_owned(), tempfile::tempdir().expect("a folder"));
    let (database, copies) = (first.join("afterword.db").display().to_string(), second.path().join("copies"));
    let config = replaced(&docs::read("deploy/litestream.yml"), 2, "/var/lib/afterword/afterword.db", &database);
    let (config, replica) = config.split_once("      type: s3\n").expect("a replica");
    assert_eq!(replica.lines().count(), 3, "{replica}");
    let config = format!("{config}      type: file\n      path: {}\n", copies.display());
    let file = first.join("litestream.yml");
    fs::write(&file, config).expect("written");
    let replicating = start(litestream().args(["replicate", "-config"]).arg(&file), &first.join("litestream.log"));

    here.service_closes("8841", "ada@example.net");
    let (links, _) = here.links();
    let restored = second.path().join("afterword.db");
    for file in ["afterword.keys", "afterword.toml"] {
        fs::copy(first.join(file), second.path().join(file)).expect(file);
    }
    wait_for("a copy that has it all", || {
        drop(fs::remove_file(&restored));
        let mut restore = litestream();
        restore.args(["restore", "-config"]).arg(&file).arg("-o").arg(&restored).arg(&database);
        let done = restore.output().expect("it runs");
        (done.status.success() && knows_of_a_mail(second.path())).then_some(())
    });
    // The machine is lost.
    drop(replicating);
    here.service.kill();

    let port = free_port();
    let config = fs::read_to_string(second.path().join("afterword.toml")).expect("a configuration");
    let moved = replaced(&config, 1, &format!("127.0.0.1:{}", here.port), &format!("127.0.0.1:{port}"));
    fs::write(second.path().join("afterword.toml"), moved).expect("written");
    let _service = serve(second.path(), port);
    let (status, page) = request(port, "GET", &links[3], &[], "").expect("it answers");
    assert!(status == 200 && page.contains("name=\"page\""), "{status} {page}");
}
