//! `cargo xtask test`.

use anyhow::Result;

use crate::{process, workspace};

/// Runs all tests, doc tests included, with a PostgreSQL server and Chromium at hand.
pub fn run() -> Result<()> {
    let programs = scratch::ensure()?;
    println!("PostgreSQL {} in {}", programs.major(), programs.bindir().display());
    let browser = scratch::Browser::ensure()?;
    println!("Chromium is {}", browser.program().display());
    let mut command = process::cargo();
    command.args(["test", "--workspace"]).env("PGDUMPKIT_PG_BINDIR", programs.bindir());
    command.env("PGDUMPKIT_CHROMIUM", browser.program());
    process::run(command.current_dir(workspace::root()))
}
