//! `pgdump-inspect`: says what is in a backup, after it was read to its last row.

mod contents;

use std::io::Write;
use std::path::PathBuf;

use clap::{CommandFactory, Parser};
use cli::{DataWanted, Failure, Outcome};
use dump::ReadOptions;

use contents::Contents;

#[derive(Debug, Parser)]
#[command(name = "pgdump-inspect", version, about)]
struct Arguments {
    /// The backup, of any format: a file or folder, `s3://`, `gs://` or `az://` and its name in a store, or `-` for standard
    /// input
    #[arg(value_name = "DUMP", default_value = "-")]
    dump: PathBuf,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Returns the command line, for man pages and completions.
pub fn command() -> clap::Command {
    Arguments::command()
}

/// Runs the tool on the process's arguments.
///
/// # Errors
/// When the backup cannot be read to its end or the output not be written.
pub fn run() -> Result<Outcome, Failure> {
    let arguments = Arguments::parse();
    let path = &arguments.dump;
    let input = cli::open(path)?;
    let container = contents::container(&input.dump);
    let options = ReadOptions::default();
    let dump = cli::one_dump(cli::read_input(input, path, options, DataWanted::Content)?, path)?;
    cli::report_unknown(&dump, &path.display().to_string());
    if dump.escapes_in_literals {
        // What the other tools write is safe: it turns the setting on.
        cli::warn(&format!("{}: {}", cli::ESCAPES_IN_LITERALS, path.display()));
    }
    let contents = Contents::new(container, &dump);
    let mut out = std::io::stdout().lock();
    if arguments.json {
        writeln!(out, "{:#}", contents.to_json())?;
    } else {
        out.write_all(contents.to_text().as_bytes())?;
    }
    out.flush()?;
    Ok(Outcome::Good)
}
