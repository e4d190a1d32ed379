//! `cargo xtask judge`: tampers with dumps, and looks whether `pgdump-verify` says of them what psql leaves.

use anyhow::Result;

use crate::test;

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
    let sizes = [
        ("SEED", arguments.seed.to_string()),
        ("COUNT", arguments.count.to_string()),
        ("THREADS", arguments.jobs.to_string()),
        ("ONLY", arguments.only.clone().unwrap_or_default()),
    ];
    test::at_size("verify_judge", "JUDGE", &sizes, arguments.keep.as_deref())
}
