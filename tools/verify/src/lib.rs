//! `pgdump-verify`: restores a backup into a scratch database and proves it, row by row.

mod arguments;
mod check;
mod input;
mod left_behind;
mod limit;
mod lines;
mod report;
mod restoring;
mod server;
mod verdict;

use std::io::Write;
use std::path::Path;
use std::thread::available_parallelism;
use std::time::Duration;

use anyhow::anyhow;
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
    let Some(backup) = &arguments.backup else { return left_behind::remove(arguments.server.as_deref()) };
    let mut report = Report::default();
    verify(backup, &arguments, &mut report)?;
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

fn verify(backup: &Path, arguments: &Arguments, report: &mut Report) -> Result<(), Failure> {
    let level = arguments.level;
    let assertions = arguments.assertions()?;
    report.level = level.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
    if let (Some(url), Some(name)) = (&arguments.server, &arguments.keep) {
        server::check_name(url, name)?;
    }
    if arguments.server.is_some() && level == Level::Full {
        return Err(anyhow!("`--level full` needs a server of its own, without `--server`").into());
    }
    let path = backup;
    let backup = input::Backup::open(path)?;
    report.backup = path.display().to_string();
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
        server: arguments.server.clone(),
        keep: arguments.keep.clone(),
        timeout: arguments.timeout.map(Duration::from_secs),
    };
    restoring::verify(&backup, &dump, &plan, &source, &options, report)
}
