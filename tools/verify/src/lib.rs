//! `pgdump-verify`: restores a backup into a scratch database and proves it, row by row.

mod arguments;
mod backups;
mod check;
mod cluster;
mod findings;
mod input;
mod left_behind;
mod limit;
mod lines;
mod report;
mod restoring;
mod server;
mod source;
mod stages;
mod standing;
mod stored;
mod undone;
mod verdict;

use std::io::{self, Write};
use std::path::Path;
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use anyhow::anyhow;
use clap::{CommandFactory, Parser, ValueEnum};
use cli::{Failure, Outcome, Progress};
use jiff::Timestamp;

use arguments::{Arguments, Level};
use backups::Chosen;
use limit::Limit;
use server::Servers;
use standing::Standing;
use stored::Stored;
use verdict::{Report, Run, Verdict};

/// Returns the command line, for man pages and completions.
pub fn command() -> clap::Command {
    Arguments::command()
}

/// Runs the tool on the process's arguments.
///
/// # Errors
/// When the arguments contradict each other, a report cannot be opened or nobody reads the output. A backup that is bad
/// or cannot be looked at is an outcome.
pub fn run() -> Result<Outcome, Failure> {
    // Before there is a second thread.
    scratch::become_server()?;
    let arguments = Arguments::parse();
    let servers = |several| Servers::new(arguments.server.as_deref(), arguments.password.prompt(), several);
    if arguments.reap {
        return left_behind::remove(&servers(false)?);
    }
    arguments.assertions()?;
    let targets = report::Targets::open(&arguments.report)?;
    let begun = Timestamp::now();
    let standing = Standing::begin(Run { begun, ..Run::default() }, targets, arguments.json);
    let mut page = Page::new(&arguments);
    let mut of_all = Run { begun, ..Run::default() };
    let chosen = backups::choose(&arguments, &mut of_all);
    standing.change(|run| *run = of_all);
    match chosen {
        Ok(chosen) if chosen.len() > 1 && arguments.manifest.is_some() => {
            let why = "a manifest is of one backup (`--manifest`)";
            return Err(anyhow!("{why}, these are: {}", chosen.len()).into());
        }
        Ok(chosen) => {
            let progress = Progress::start();
            let servers = servers(chosen.len() > 1)?;
            for (at, backup) in chosen.iter().enumerate() {
                if chosen.len() > 1 {
                    progress.about(&format!("{} of {}: {}", at + 1, chosen.len(), backup.path.display()));
                }
                standing.look_at(&backup.path.display().to_string());
                let report = examine(backup, &arguments, &servers, &progress);
                progress.clear();
                let gap = if at > 0 { "\n" } else { "" };
                page.write(&format!("{gap}{}", report::to_text(&report, page.colour)));
                standing.found(report);
            }
        }
        Err(failure) => {
            cli::report_failure(&failure);
            standing.change(|run| run.trouble = Some(failure.message()));
        }
    }
    let (run, targets) = standing.end();
    let mut verdict = run.verdict();
    // A reader of stdout that went away takes no report with it, and a report that cannot be written no verdict.
    if let Some(Err(error)) = targets.map(|targets| targets.write(&run)) {
        cli::report_failure(&error.into());
        verdict = verdict.max(Verdict::Trouble);
    }
    page.finish(&run)?;
    Ok(verdict.outcome())
}

/// Finds out everything of one backup; trouble with it is no trouble with others.
fn examine(backup: &Chosen, arguments: &Arguments, servers: &Servers, progress: &Progress) -> Report {
    let mut report =
        Report { backup: backup.path.display().to_string(), taken: backup.taken, ..Report::default() };
    let begin = Instant::now();
    progress.begin("copying", None);
    match Stored::fetch(&backup.path) {
        Ok(None) => examine_here(&backup.path, None, arguments, servers, progress, &mut report),
        Ok(Some(stored)) => {
            examine_here(stored.path(), Some(&stored), arguments, servers, progress, &mut report);
            stored.rename_in(&mut report);
            stored.hand_back(&mut report);
        }
        Err(failure) => tell(&failure, progress, &mut report),
    }
    report.bound();
    report.time = begin.elapsed();
    report
}

/// Examines a file or folder of this machine, which may be the copy of one in a store.
fn examine_here(
    path: &Path,
    stored: Option<&Stored>,
    arguments: &Arguments,
    servers: &Servers,
    progress: &Progress,
    report: &mut Report,
) {
    let rename = |failure| match stored {
        Some(stored) => stored.rename(failure),
        None => failure,
    };
    let recorded =
        source::Recorded::of(path, arguments.manifest.as_deref(), report).unwrap_or_else(|failure| {
            tell(&rename(failure), progress, report);
            None
        });
    let recorded = recorded.map(|recorded| match stored {
        Some(stored) => stored.call(recorded),
        None => recorded,
    });
    if report.trouble.is_none()
        && let Err(failure) = verify(path, recorded.as_ref(), arguments, servers, progress, report)
    {
        tell(&rename(failure), progress, report);
    }
    if let Some(recorded) = recorded {
        recorded.attest(path, arguments.level, report);
    }
}

fn tell(failure: &Failure, progress: &Progress, report: &mut Report) {
    progress.clear();
    cli::report_failure(failure);
    report.trouble = Some(failure.message());
}

/// What stdout gets: texts as they come, or JSON at the end.
struct Page {
    json: bool,
    colour: bool,
    written: io::Result<()>,
}

impl Page {
    fn new(arguments: &Arguments) -> Page {
        Page { json: arguments.json, colour: arguments.color.on_stdout(), written: Ok(()) }
    }

    fn write(&mut self, text: &str) {
        if !self.json && self.written.is_ok() {
            self.written = print(text);
        }
    }

    fn finish(mut self, run: &Run) -> io::Result<()> {
        match self.json {
            true => print(&format!("{:#}\n", report::to_json(run))),
            false => {
                self.write(&report::summary(run, self.colour));
                self.written
            }
        }
    }
}

fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

fn verify(
    path: &Path,
    recorded: Option<&source::Recorded>,
    arguments: &Arguments,
    servers: &Servers,
    progress: &Progress,
    report: &mut Report,
) -> Result<(), Failure> {
    let limit = Limit::begin(arguments.timeout.map(Duration::from_secs));
    let result = verify_within(&limit, path, recorded, arguments, servers, progress, report);
    match (result, limit.over()) {
        // Whatever failed, it was for want of what the limit ended.
        (Err(_), Some(why)) => {
            report.find(Verdict::Unclear, "backup", None, why);
            Ok(())
        }
        (result, _) => result,
    }
}

fn verify_within(
    limit: &Limit,
    path: &Path,
    recorded: Option<&source::Recorded>,
    arguments: &Arguments,
    servers: &Servers,
    progress: &Progress,
    report: &mut Report,
) -> Result<(), Failure> {
    let level = arguments.level;
    let mut assertions = arguments.assertions()?;
    report.level = level.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
    let jobs = arguments.jobs.map_or_else(|| available_parallelism().map_or(1, |n| n.get()), usize::from);
    if let Some(name) = arguments.keep.as_ref().filter(|_| level != Level::File) {
        servers.check_name(name, recorded.and_then(source::Recorded::source))?;
    }
    let prompt = arguments.password.prompt();
    let live = arguments.against.as_deref();
    let live =
        live.map(|url| source::Live::open(url, prompt, jobs, arguments.content, progress)).transpose()?;
    progress.begin("reading", None);
    let backup = input::Backup::open(path, limit.stop())?;
    if let Some(recorded) = recorded {
        recorded.check_files(&backup, report)?;
        assertions.extend(recorded.assertions());
    }
    let known = report.findings.len();
    let dump = backup.read(report);
    if limit.over().is_some() {
        // What was found of a backup that was not read to its end is no verdict.
        report.findings.truncate(known);
        return Err(anyhow!("not read to its end").into());
    }
    let Some(dump) = dump? else { return Ok(()) };
    let (plan, source) = restore::Plan::read_until(&backup.path, limit.stop())?;
    undone::check(&plan, &backup, report);
    if let Some(recorded) = recorded {
        recorded.check(&dump, report);
    }
    if let Some(live) = &live {
        live.check(&backup, &dump, &plan, report)?;
    }
    if level == Level::File {
        if !assertions.is_empty() {
            let why = "asked of a restored database, which `--level file` does not make";
            report.notes.push(format!("assertions of the manifest not checked, {}: {why}", assertions.len()));
        }
        progress.begin("rows", Some(dump.databases.iter().map(restoring::row_bytes).sum()));
        let known = report.findings.len();
        let checked = lines::check(&backup, &dump, progress, report);
        if limit.over().is_some() {
            report.findings.truncate(known);
            return Err(anyhow!("not read to its end").into());
        }
        return checked;
    }
    let options = restoring::Options {
        jobs,
        bindir: arguments.pg_bindir.clone(),
        trusted: arguments.trust,
        globals: arguments.globals.clone(),
        full: level == Level::Full,
        assertions,
        servers,
        keep: arguments.keep.clone(),
        limit,
        progress: progress.clone(),
    };
    restoring::verify(&backup, &dump, &plan, &source, &options, report)
}
