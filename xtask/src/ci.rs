//! `cargo xtask ci`: everything that must pass before a change goes in, the cheap steps first.

use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result};

use crate::{generated, process, test, tidy, workspace};

/// A step's name and what it runs.
type Step = (&'static str, fn() -> Result<()>);

const STEPS: [Step; 6] = [
    ("fmt", || process::run(&mut cargo(&["fmt", "--all", "--check"]))),
    ("tidy", tidy::run),
    ("clippy", || {
        process::run(&mut cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
    }),
    ("doc", || process::run(cargo(&["doc", "--no-deps", "--workspace"]).env("RUSTDOCFLAGS", "-D warnings"))),
    ("gen --check", generated::check),
    ("test", test::run),
];

/// Runs every step, and stops at the first that fails.
pub fn run() -> Result<()> {
    let begin = Instant::now();
    for (name, step) in STEPS {
        println!("== {name}");
        let begin = Instant::now();
        step().with_context(|| format!("step `{name}` failed"))?;
        println!("== {name}: passed in {:.1} s", begin.elapsed().as_secs_f64());
    }
    println!("== all passed in {:.1} s", begin.elapsed().as_secs_f64());
    Ok(())
}

fn cargo(arguments: &[&str]) -> Command {
    let mut command = process::cargo();
    command.args(arguments).current_dir(workspace::root());
    command
}
