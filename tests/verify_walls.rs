//! `pgdump-verify` as a superuser, beside a database whose owner waits for one.
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

fn verify(arguments: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pgdump-verify"));
    let output = command.args(arguments).stdin(Stdio::null()).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8_lossy(&text).into_owned())
}

#[test]
fn the_owner_of_a_source_becomes_nobody_by_a_comparison() {
    let Some(walls) = Walls::start() else { return };
    for database in ["clean", "hostile"] {
        let backup = walls.folder.path().join(database);
        walls.cluster.pg_dump(database, &["-Fc", "-f", backup.to_str().unwrap()]).unwrap();
        let common = [backup.to_str().unwrap(), "--level", "file", "--against", &walls.url(database)];
        for more in [&[][..], &["--content"]] {
            let (code, text) = verify(&[&common, more].concat());
            walls.assert_hold(&text);
            assert_eq!(code, 0, "{database}: {text}");
        }
    }
}

#[test]
fn the_owner_of_a_database_becomes_nobody_where_something_is_kept() {
    let Some(walls) = Walls::start() else { return };
    let backup = walls.folder.path().join("backup.sql");
    let text = "-- PostgreSQL database dump\n\nCREATE TABLE public.t (x integer);\n\n-- PostgreSQL database dump complete\n";
    std::fs::write(&backup, text).unwrap();
    let backup = backup.to_str().unwrap();
    // A name that is taken, and a way into the server that leads through that database.
    for database in ["clean", "hostile"] {
        let (code, text) = verify(&[backup, "--server", &walls.url("postgres"), "--keep", database]);
        walls.assert_hold(&text);
        assert!(code == 2 && text.contains("is not empty"), "{database}: {code}: {text}");
        for more in [&[][..], &["--keep", &format!("kept_{database}")]] {
            let (code, text) = verify(&[&[backup, "--server", &walls.url(database)], more].concat());
            walls.assert_hold(&text);
            assert_eq!(code, 0, "{database}: {text}");
        }
    }
}
