//! `pgdump-normalize`: prints a dump's schema in one canonical form.

use std::io::{BufWriter, Write};

use clap::{CommandFactory, Parser};
use cli::{DumpArguments, Failure, OmitArguments, Outcome, SelectArguments};
use dump::{NoData, ReadOptions};

#[derive(Debug, Parser)]
#[command(name = "pgdump-normalize", version, about)]
struct Arguments {
    #[command(flatten)]
    dump: DumpArguments,
    #[command(flatten)]
    select: SelectArguments,
    #[command(flatten)]
    omit: OmitArguments,
}

/// Returns the command line, for man pages and completions.
pub fn command() -> clap::Command {
    Arguments::command()
}

/// Runs the tool on the process's arguments.
///
/// # Errors
/// When the dump cannot be read to its end or the output not be written.
pub fn run() -> Result<Outcome, Failure> {
    let arguments = Arguments::parse();
    let path = &arguments.dump.dump;
    let options = ReadOptions { keep_secrets: arguments.dump.keep_secrets, canonical: false };
    let mut dump = cli::read_dump(path, options, &mut NoData)?;
    cli::report_reading(&dump, &path.display().to_string());
    let mut out = BufWriter::new(std::io::stdout().lock());
    for database in &mut dump.databases {
        arguments.omit.omissions().apply(&mut database.schema);
        arguments.select.selection().apply(&mut database.schema);
        dump::write_script(&database.schema, &mut out, |_| Ok(()))?;
    }
    out.flush()?;
    Ok(Outcome::Good)
}
