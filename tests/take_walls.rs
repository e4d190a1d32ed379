//! `pgdump-take` as a superuser, of a database whose owner waits for one.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    missing_docs,
    reason = "a test that cannot go on panics, and says why it is skipped"
)]

#[path = "walls/hostile.rs"]
mod hostile;

use std::process::{Command, Stdio};

use hostile::Walls;

/// Takes backups; returns the exit code and what was said.
fn take(walls: &Walls, database: &str, arguments: &[&str]) -> (i32, String) {
    let backups = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_pgdump-take"));
    command.args(arguments).arg("--dir").arg(backups.path()).stdin(Stdio::null());
    command.env("PGHOST", walls.cluster.socket_dir()).env("PGPORT", walls.cluster.port().to_string());
    let output = command.env("PGUSER", "postgres").env("PGDATABASE", database).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8_lossy(&text).into_owned())
}

#[test]
fn the_owner_of_a_database_becomes_nobody_by_a_backup() {
    let Some(walls) = Walls::start() else { return };
    let cases: [&[&str]; 8] = [
        &["-Fc"],
        &["-Fp", "--content"],
        &["-Fd", "-j2", "--content"],
        &["-Fc", "-t", "goods"],
        &["-Fc", "-t", "public.g*", "--exclude-table-data", "pa*"],
        &["-Fc", "--assert", "SELECT count(*) FROM public.goods"],
        &["-Fc", "--assert", "SELECT count(*) FROM goods"],
        &["-Fc", "--all"],
    ];
    for arguments in cases {
        let clean = take(&walls, "clean", arguments);
        let (code, text) = take(&walls, "hostile", arguments);
        walls.assert_hold(&format!("{arguments:?}: {text}"));
        assert_eq!(code, clean.0, "{arguments:?}: {text}{}", clean.1);
        let unqualified = arguments.contains(&"SELECT count(*) FROM goods");
        assert_eq!(code, if unqualified { 2 } else { 0 }, "{arguments:?}: {text}");
        assert_eq!(
            text.contains("hint: write names with their schema"),
            unqualified,
            "{arguments:?}: {text}"
        );
    }
}
