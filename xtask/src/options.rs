//! `cargo xtask options`: takes backups with options of pg_dump at random, and has each verified.

use anyhow::Result;

use crate::test;

/// What one can ask of a run.
#[derive(clap::Args)]
pub struct Arguments {
    /// Which options are combined follows from it alone
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// How many backups are taken
    #[arg(long, value_name = "N", default_value_t = 100)]
    count: u32,
}

/// Runs the test that takes backups with options of pg_dump at random, at the size asked for.
pub fn run(arguments: &Arguments) -> Result<()> {
    let sizes = [("SEED", arguments.seed.to_string()), ("COUNT", arguments.count.to_string())];
    test::at_size("take_options", "OPTIONS", &sizes, None)
}
