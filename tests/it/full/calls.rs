//! The system calls of a running service, held against what its unit allows: a missing one shows under systemd only.

use super::{Installation, output};
use crate::docs;
use crate::process::{Running, afterword, request, wait_for};
use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Stdio};

/// The calls of a group such as `@system-service`, with those of the groups that it names.
fn group(name: &str) -> BTreeSet<String> {
    let listed = output(Command::new("systemd-analyze").args(["syscall-filter", name]));
    let names = listed.lines().filter_map(|line| line.strip_prefix("    ")).filter(|line| !line.starts_with('#'));
    names.flat_map(|name| if name.starts_with('@') { group(name) } else { [name.to_owned()].into() }).collect()
}

/// What the unit allows. systemd always adds `@default`.
fn allowed() -> BTreeSet<String> {
    let unit = docs::read("deploy/afterword.service");
    let mut allowed = group("@default");
    for filter in unit.lines().filter_map(|line| line.strip_prefix("SystemCallFilter=")) {
        let calls = filter.trim_start_matches('~').split(' ').flat_map(group);
        if filter.starts_with('~') {
            for call in calls {
                allowed.remove(&call);
            }
        } else {
            allowed.extend(calls);
        }
    }
    allowed
}

#[test]
#[ignore = "full: needs strace and systemd-analyze"]
fn full_the_unit_allows_every_system_call_of_the_service() {
    let mut here = Installation::new();
    here.service.kill();
    let folder = here.folder.path().to_owned();
    let served = afterword(&folder, &["serve"]);
    let mut traced = Command::new("strace");
    traced.args(["-f", "-qq", "-o", "calls"]).arg(served.get_program()).args(served.get_args()).current_dir(&folder);
    here.service = Running(traced.stderr(Stdio::null()).spawn().expect("strace"));
    wait_for("the service", || (request(here.port, "GET", "/readyz", &[], "")?.0 == 200).then_some(()));
    here.service_closes("8841", "ada@example.net");
    let (links, _) = here.links();
    assert_eq!(request(here.port, "GET", &links[0], &[], "").expect("it answers").0, 200);
    // The service, and not strace, which ends with it: stopping makes calls too.
    let id = fs::read_to_string(folder.join("calls")).expect("calls");
    output(Command::new("kill").arg(id.split(' ').next().expect("the first process")));
    wait_for("its end", || here.service.0.try_wait().expect("its state"));

    let trace = fs::read_to_string(folder.join("calls")).expect("calls");
    let made = trace.lines().filter_map(|line| line.split_once(' ')?.1.trim_start().split_once('('));
    let made: BTreeSet<String> = made.map(|(call, _)| call.to_owned()).filter(|call| !call.contains(' ')).collect();
    assert!(made.len() > 40, "{made:?}");
    // SQLite asks only root for this.
    let allowed = allowed();
    let refused: Vec<_> = made.difference(&allowed).filter(|call| *call != "fchown").collect();
    assert!(refused.is_empty(), "{refused:?}");
}
