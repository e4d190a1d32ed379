//! `cargo xtask mutate`: damages healthy backups in every way, and looks whether `pgdump-verify` finds it.

use anyhow::Result;

use crate::test;

/// What one can ask of a run.
#[derive(clap::Args)]
pub struct Arguments {
    /// Where damages happen follows from it alone
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// How many damages of each format
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..))]
    count: u32,
    /// One format, such as `plain.gz` or `tar` [default: all of them]
    #[arg(long, value_name = "NAME")]
    format: Option<String>,
    /// Keep what was missed in this folder
    #[arg(long, value_name = "FOLDER")]
    keep: Option<std::path::PathBuf>,
}

/// Runs the test that damages backups, at the size asked for; it prints a table of what came of each format.
pub fn run(arguments: &Arguments) -> Result<()> {
    let sizes = [
        ("SEED", arguments.seed.to_string()),
        ("COUNT", arguments.count.to_string()),
        ("FORMAT", arguments.format.clone().unwrap_or_default()),
    ];
    test::at_size("verify_mutation", "MUTATE", &sizes, arguments.keep.as_deref())
}
