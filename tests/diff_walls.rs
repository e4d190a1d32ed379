//! `pgdump-diff` as a superuser, of a database whose owner waits for one.
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

#[test]
fn the_owner_of_a_database_becomes_nobody_by_a_diff() {
    let Some(walls) = Walls::start() else { return };
    let mut command = Command::new(env!("CARGO_BIN_EXE_pgdump-diff"));
    let output =
        command.args([walls.url("clean"), walls.url("hostile")]).stdin(Stdio::null()).output().unwrap();
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    walls.assert_hold(&text);
    assert!(output.status.code() == Some(1) && text.contains("public.grab()"), "{text}");
}
