//! `pgdump-verify` as `postgres` on the host of a server that lets `postgres` in, on kernels with and without fences.
//!
//! The scratch server is kept, and its superuser tries to take over the other one. Only root can arrange that.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    missing_docs,
    reason = "a test that cannot go on panics, and says why it is skipped"
)]

#[path = "../shared/scratch/tests/kernel/mod.rs"]
mod kernel;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output, Stdio};
use std::thread;

use kernel::{Fence, take_away};
use nix::unistd::{User, geteuid};
use scratch::{Cluster, Programs};

const DUMP: &str = "CREATE EXTENSION pageinspect WITH SCHEMA public;\nCREATE TABLE public.t (x integer);\n\
    -- PostgreSQL database dump complete\n";

/// What is said where nothing is run as a superuser.
const WITHHELD: &str = "nothing here keeps a superuser's session from";

fn text(output: &Output) -> String {
    [output.stdout.as_slice(), &output.stderr].map(String::from_utf8_lossy).concat()
}

/// What follows a phrase in its line.
fn behind<'a>(text: &'a str, phrase: &str) -> &'a str {
    text.lines().find_map(|line| line.split_once(phrase)).unwrap_or_else(|| panic!("{phrase}: {text}")).1
}

/// Returns what the tool said, and what the scratch server's superuser reached: the other server, a program.
fn take_over(missing: &[Fence]) -> Option<(String, bool, bool)> {
    let (Some(programs), true) = (Programs::find_optional().unwrap(), geteuid().is_root()) else {
        eprintln!("skipped: not root, or no PostgreSQL server programs");
        return None;
    };
    let Some(user) = User::from_name("postgres").unwrap() else {
        eprintln!("skipped: no user `postgres`");
        return None;
    };
    let other = Cluster::start(&programs).unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).unwrap();
    let (dump, program) = (folder.path().join("dump.sql"), folder.path().join("program"));
    fs::write(&dump, DUMP).unwrap();
    // By `cp`: open for writing here, it could not be run while another test starts a program ("Text file busy").
    assert!(
        Command::new("cp").arg(env!("CARGO_BIN_EXE_pgdump-verify")).arg(&program).status().unwrap().success()
    );
    let verify = || {
        missing.iter().for_each(|fence| take_away(*fence));
        let mut command = Command::new("setpriv");
        command.args(["--clear-groups", &format!("--reuid={}", user.uid), &format!("--regid={}", user.gid)]);
        command.arg(&program).arg(&dump).args(["--keep", "kept"]).current_dir("/").stdin(Stdio::null());
        command.env("TMPDIR", folder.path()).output().unwrap()
    };
    let said = text(&thread::scope(|scope| scope.spawn(verify).join().unwrap()));
    let (connect, remove) = (behind(&said, "connect with: "), behind(&said, "remove it with: "));
    let canary = folder.path().join("canary");
    let to = format!("host={} user=postgres dbname=postgres", other.socket_dir().display());
    for sql in [
        "CREATE EXTENSION dblink WITH SCHEMA public".to_owned(),
        format!("SELECT public.dblink_exec('{to}', 'CREATE TABLE public.taken()')"),
        format!("COPY (SELECT 1) TO PROGRAM '/bin/sh -c \"exec >{}\"'", canary.display()),
    ] {
        let line = format!("{connect} -X -c \"$1\"");
        let output = Command::new("sh").args(["-c", &line, "sh", &sql]).output().unwrap();
        // An answer of the server, not of a psql that did not reach it.
        assert!(output.status.success() || text(&output).contains("ERROR: "), "{}", text(&output));
    }
    assert!(Command::new("sh").args(["-c", remove]).status().unwrap().success());
    let taken = other.psql("postgres", "SELECT pg_catalog.to_regclass('public.taken') IS NOT NULL").unwrap();
    Some((said, taken == "t\n", canary.exists()))
}

#[test]
fn an_ordinary_user_has_a_root_folder_and_a_network_where_the_kernel_lets_one() {
    let Some((said, taken, ran)) = take_over(&[]) else { return };
    assert!(!taken && !ran, "{said}");
    assert!(!said.contains(WITHHELD), "{said}");
    assert!(said.contains("fenced: connections to others, over networks and Unix sockets: "), "{said}");
    // Whoever may make namespaces in a user namespace finds them used.
    let mut trial = Command::new("setpriv");
    trial.args(["--reuid=65534", "--regid=65534", "--clear-groups", "unshare", "-Urmn", "true"]);
    let may = trial.status().unwrap().success();
    assert_eq!(said.contains("a network and a root folder of its own, seccomp"), may, "{said}");
    assert_eq!(!said.contains("System V"), may, "{said}");
}

#[test]
fn seccomp_holds_without_user_namespaces() {
    let Some((said, taken, ran)) = take_over(&[Fence::Namespaces]) else { return };
    assert!(!taken && !ran, "{said}");
    assert!(
        said.contains("fenced: connections to others, over networks and Unix sockets: seccomp"),
        "{said}"
    );
    assert!(said.contains("not fenced: System V shared memory"), "{said}");
}

#[test]
fn namespaces_hold_without_landlock_and_seccomp() {
    let Some((said, taken, ran)) = take_over(&[Fence::Landlock, Fence::Seccomp]) else { return };
    let own = said.contains("fenced: files of others: a root folder of its own");
    assert_eq!((taken, ran), (!own, !own), "{said}");
    assert_eq!(said.contains(WITHHELD), !own, "{said}");
}

#[test]
fn where_nothing_holds_the_other_server_is_taken_over_and_that_is_told() {
    let Some((said, taken, ran)) = take_over(&[Fence::Namespaces, Fence::Landlock, Fence::Seccomp]) else {
        return;
    };
    assert!(taken && ran, "the tries are no good: {said}");
    for phrase in
        ["not fenced: networks (", "not fenced: Unix sockets of others, ", "not fenced: files and programs "]
    {
        assert!(said.contains(phrase), "{phrase}: {said}");
    }
    assert!(said.contains("user namespace: Operation not permitted"), "{said}");
    assert!(said.contains("unclear: extension pageinspect") && said.contains(WITHHELD), "{said}");
    assert!(!said.contains("note: fenced: "), "{said}");
}

#[test]
fn where_files_are_open_nothing_runs_as_a_superuser() {
    let Some((said, taken, _)) = take_over(&[Fence::Namespaces, Fence::Landlock]) else { return };
    assert!(!taken && said.contains("unclear: extension pageinspect") && said.contains(WITHHELD), "{said}");
}
