//! `pgdump-verify`: restores a backup into a scratch database and proves it, row by row.

mod arguments;
mod check;
mod cluster;
mod input;
mod limit;
mod lines;
mod report;
mod restoring;
mod server;
mod verdict;

use std::io::Write;
use std::thread::available_parallelism;
use std::time::Duration;

use clap::{CommandFactory, Parser, ValueEnum};
use cli::{Failure, Outcome};

use arguments::{Arguments, Level};
use verdict::{Report, Verdict};

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
    let assertions = arguments.assertions()?;
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
        globals: arguments.globals.clone(),
        full: level == Level::Full,
        assertions,
        timeout: arguments.timeout.map(Duration::from_secs),
    };
    restoring::verify(&backup, &dump, &plan, &source, &options, report)
}
