//! `cargo xtask judge`: tampers with dumps, and looks whether `pgdump-verify` says of them what psql leaves.

use anyhow::Result;

use crate::{process, workspace};

/// What one can ask of a run.
#[derive(clap::Args)]
pub struct Arguments {
    /// What is done to dumps follows from it alone
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// How many dumps are made, besides those of the corpus
    #[arg(long, value_name = "N", default_value_t = 500)]
    count: u32,
    /// Only dumps that have this in their name, such as `made 1-17`, `DROP TABLE` or `reported/`
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// How many are judged at once
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..))]
    jobs: u32,
    /// Keep what was judged wrong in this folder, and tell all that is not plainly right
    #[arg(long, value_name = "FOLDER")]
    keep: Option<std::path::PathBuf>,
}

/// Runs the test that compares verdicts with psql, at the size asked for; it prints a table of what came of each way.
pub fn run(arguments: &Arguments) -> Result<()> {
    let programs = scratch::ensure()?;
    println!("PostgreSQL {} in {}", programs.major(), programs.bindir().display());
    let mut command = process::cargo();
    command.args(["test", "--package", "pgdump-verify", "--test", "verify_judge", "--", "--nocapture"]);
    command.env("PGDUMPKIT_PG_BINDIR", programs.bindir());
    command.env("PGDUMPKIT_JUDGE_SEED", arguments.seed.to_string());
    command.env("PGDUMPKIT_JUDGE_COUNT", arguments.count.to_string());
    command.env("PGDUMPKIT_JUDGE_THREADS", arguments.jobs.to_string());
    command.env("PGDUMPKIT_JUDGE_ONLY", arguments.only.as_deref().unwrap_or_default());
    if let Some(folder) = &arguments.keep {
        std::fs::create_dir_all(folder)?;
        command.env("PGDUMPKIT_JUDGE_KEEP", std::path::absolute(folder)?);
    }
    process::run(command.current_dir(workspace::root()))
}
