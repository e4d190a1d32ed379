//! The project's own chores, behind `cargo xtask`.

// Printing is what these chores are for; none of this is part of a tool.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod bench;
mod ci;
mod corpus;
mod demo;
mod fuzz;
mod generated;
mod judge;
mod literals;
mod mutate;
mod options;
mod process;
mod sql;
mod test;
mod tidy;
mod tools;
mod workspace;

use std::process::ExitCode;

use clap::Parser;

/// The project's own chores.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Task {
    /// Run everything that must pass before a change goes in.
    Ci,
    /// Run all tests; installs PostgreSQL first where it can.
    Test,
    /// Show the tools at work on a small database, in `demo/`.
    Demo,
    /// Write the man pages, shell completions and command line reference under `docs/`.
    Gen {
        /// Change nothing; fail if a file is stale.
        #[arg(long)]
        check: bool,
    },
    /// Measure the tools on big generated inputs, kept in `target/bench`.
    Bench(bench::Arguments),
    /// Say where the corpus of real dumps is expected, and whether it is there.
    Corpus,
    /// Feed the targets in `fuzz/` with bytes that nobody thought of.
    Fuzz {
        /// Which target; all of them where none is named
        target: Option<String>,
        /// How long each runs
        #[arg(long, value_name = "N", default_value_t = 60)]
        seconds: u64,
    },
    /// Damage healthy backups in every way, and look whether `pgdump-verify` finds it.
    Mutate(mutate::Arguments),
    /// Take backups with options of pg_dump at random, and have each verified.
    Options(options::Arguments),
    /// Tamper with dumps, and look whether `pgdump-verify` says of them what psql leaves.
    Judge(judge::Arguments),
    /// Check the house rules that no compiler checks.
    Tidy,
}

fn main() -> ExitCode {
    let done = match Task::parse() {
        Task::Ci => ci::run(),
        Task::Test => test::run(),
        Task::Demo => demo::run(),
        Task::Gen { check: false } => generated::write(),
        Task::Gen { check: true } => generated::check(),
        Task::Bench(arguments) => bench::run(&arguments),
        Task::Corpus => corpus::run(),
        Task::Fuzz { target, seconds } => fuzz::run(target.as_deref(), seconds),
        Task::Judge(arguments) => judge::run(&arguments),
        Task::Mutate(arguments) => mutate::run(&arguments),
        Task::Options(arguments) => options::run(&arguments),
        Task::Tidy => tidy::run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}
