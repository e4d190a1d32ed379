//! `pgdump-normalize`: prints a dump's schema in one canonical form.

use std::io::{BufWriter, Write};

use clap::{CommandFactory, Parser};
use cli::{DataArguments, DumpArguments, Failure, OmitArguments, Outcome, SelectArguments};
use dump::ReadOptions;
use tree::reference::Reference;

#[derive(Debug, Parser)]
#[command(name = "pgdump-normalize", version, about)]
struct Arguments {
    #[command(flatten)]
    dump: DumpArguments,
    #[command(flatten)]
    data: DataArguments,
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
    let options = ReadOptions { keep_secrets: arguments.dump.keep_secrets, ..ReadOptions::default() };
    let mut reference = Reference::new(arguments.data.patterns.clone());
    let mut dump = cli::read_dump(path, options, (&mut reference).into())?;
    cli::report_reading(&dump, &path.display().to_string());
    arguments.select.apply(std::slice::from_mut(&mut dump))?;
    arguments.omit.apply(&mut dump);
    reference.keep_wanted(&mut dump)?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    dump::write_script(&dump, None, &mut out, |index, out| {
        reference.write(&dump.databases[index], out).map_err(std::io::Error::other)
    })?;
    out.flush()?;
    Ok(Outcome::Good)
}
