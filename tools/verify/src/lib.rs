//! `pgdump-verify`: restores a backup into a scratch database and proves it, row by row.

mod assertion;
mod catalog;
mod compare;
mod input;
mod limit;
mod lines;
mod report;
mod restoring;
mod round_trip;
mod server;
mod verdict;
mod zone;

use std::io::Write;
use std::path::PathBuf;
use std::thread::available_parallelism;
use std::time::Duration;

use anyhow::anyhow;
use clap::{CommandFactory, Parser, ValueEnum};
use cli::{Failure, Outcome};

use assertion::Assertion;
use verdict::{Report, Verdict};

#[derive(Debug, Parser)]
#[command(name = "pgdump-verify", version, about)]
struct Arguments {
    /// The backup, of any format, or `-` for standard input
    #[arg(value_name = "BACKUP")]
    backup: PathBuf,

    /// How much is proved
    #[arg(long, value_enum, default_value_t = Level::Restore)]
    level: Level,

    /// How many connections load rows, build indexes and compare [default: the number of processors]
    #[arg(short, long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=32))]
    jobs: Option<u16>,

    /// The folder of the server programs (`initdb`, `postgres`) to restore with [default: a server of the backup's
    /// major version, else a newer one]
    #[arg(long, value_name = "FOLDER")]
    pg_bindir: Option<PathBuf>,

    /// Let a superuser run what fails without one, such as functions in C: only for backups of your own
    #[arg(long)]
    trust: bool,

    /// Give up after this many seconds, which is no verdict on the backup
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    timeout: Option<u64>,

    /// Ask the restored database a query of one value; `--equals` says which. The role that asks is no superuser and
    /// writes nothing
    #[arg(long = "assert", value_name = "SQL", requires = "equals")]
    asserts: Vec<String>,

    /// The value that the query of the `--assert` at the same place should return, as text; `NULL` for none
    #[arg(long, value_name = "VALUE", requires = "asserts", allow_hyphen_values = true)]
    equals: Vec<String>,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// How much is proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Level {
    /// The file alone, without a server: its structure is complete, every row has its columns and its encoding
    File,
    /// The backup is restored, and every table compared with it by count and content
    Restore,
    /// Also, what `pg_dump` writes of the restored schema is compared with the backup: definitions, owners, privileges,
    /// comments
    Full,
}

/// Returns the command line, for man pages and completions.
pub fn command() -> clap::Command {
    Arguments::command()
}

/// Runs the tool on the process's arguments.
///
/// # Errors
/// When the backup cannot be opened, no server be started or the output not be written; a backup that is bad is an
/// outcome.
pub fn run() -> Result<Outcome, Failure> {
    let arguments = Arguments::parse();
    let mut report = Report::default();
    verify(&arguments, &mut report)?;
    let mut out = std::io::stdout().lock();
    if arguments.json {
        writeln!(out, "{:#}", report::to_json(&report))?;
    } else {
        out.write_all(report::to_text(&report).as_bytes())?;
    }
    out.flush()?;
    Ok(match report.verdict() {
        Verdict::Verified => Outcome::Good,
        Verdict::Bad => Outcome::Different,
        Verdict::Unclear => Outcome::Unclear,
    })
}

fn verify(arguments: &Arguments, report: &mut Report) -> Result<(), Failure> {
    let level = arguments.level;
    let assertions = assertions(arguments)?;
    report.level = level.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
    let backup = input::Backup::open(&arguments.backup)?;
    report.backup = arguments.backup.display().to_string();
    let Some(dump) = backup.read(report)? else { return Ok(()) };
    let (plan, source) = restore::Plan::read(&backup.path)?;
    for command in &plan.meta_commands {
        let why = "a psql meta-command that no pg_dump writes; it is not run";
        report.find(Verdict::Bad, command.excerpt.clone(), Some(command.at.to_string()), why);
    }
    if level == Level::File {
        return lines::check(&backup, &dump, report);
    }
    let jobs = arguments.jobs.map_or_else(|| available_parallelism().map_or(1, |n| n.get()), usize::from);
    let options = restoring::Options {
        jobs,
        bindir: arguments.pg_bindir.clone(),
        trusted: arguments.trust,
        full: level == Level::Full,
        assertions,
        timeout: arguments.timeout.map(Duration::from_secs),
    };
    restoring::verify(&backup, &dump, &plan, &source, &options, report)
}

fn assertions(arguments: &Arguments) -> Result<Vec<Assertion>, Failure> {
    let (asserts, equals) = (&arguments.asserts, &arguments.equals);
    if asserts.len() != equals.len() {
        let counts = format!("{} `--assert`, {} `--equals`", asserts.len(), equals.len());
        return Err(anyhow!("each `--assert` needs one `--equals`: {counts}").into());
    }
    if arguments.level == Level::File && !asserts.is_empty() {
        return Err(
            anyhow!("`--assert` needs a restored database, which `--level file` does not make").into()
        );
    }
    let pairs = asserts.iter().cloned().zip(equals.iter().cloned());
    Ok(pairs.map(|(sql, expected)| Assertion { sql, expected }).collect())
}
