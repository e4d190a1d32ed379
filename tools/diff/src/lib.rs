//! `pgdump-diff`: says what changed between the schemas of two dumps.

mod judging;
mod report;

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{CommandFactory, Parser};
use cli::{DataWanted, Failure, OmitArguments, Outcome, SelectArguments};
use compare::Finding;
use dump::{Dump, ReadOptions};
use judging::JudgingArguments;
use report::{Format, Report, Side};

#[derive(Debug, Parser)]
#[command(name = "pgdump-diff", version, about, after_help = EXIT_CODES)]
struct Arguments {
    /// The dump as it was: of any format, a tree, or `-` for standard input
    #[arg(value_name = "OLD", required_unless_present = "rules")]
    old: Option<PathBuf>,

    /// The dump as it is now
    #[arg(value_name = "NEW", required_unless_present = "rules")]
    new: Option<PathBuf>,

    /// Print JSON
    #[arg(long, conflicts_with = "stat")]
    json: bool,

    /// Print the numbers of changes only
    #[arg(long)]
    stat: bool,

    /// Take statements that are not understood as compared when their texts were
    #[arg(long)]
    allow_unclassified: bool,

    #[command(flatten)]
    judging: JudgingArguments,
    #[command(flatten)]
    select: SelectArguments,
    #[command(flatten)]
    omit: OmitArguments,
}

const EXIT_CODES: &str =
    "Exit codes: 0 no difference, 1 differences, 2 trouble, 3 could not be compared completely";

/// Returns the command line, for man pages and completions.
pub fn command() -> clap::Command {
    Arguments::command()
}

/// Runs the tool on the process's arguments.
///
/// # Errors
/// When a dump cannot be read to its end or the output not be written.
pub fn run() -> Result<Outcome, Failure> {
    let arguments = Arguments::parse();
    let judging = arguments.judging.resolve()?;
    if arguments.judging.rules {
        judging::write_rules(&judging.judge, arguments.json, &mut std::io::stdout().lock())?;
        return Ok(Outcome::Good);
    }
    // The parser made sure of both.
    let paths = [arguments.old.clone().unwrap_or_default(), arguments.new.clone().unwrap_or_default()];
    let mut dumps = read_both(&arguments, &paths)?;
    let [old, new] = &mut dumps;
    let accepted = compare::accept_renames(old, new, &judging.accept_renames).map_err(anyhow::Error::new)?;
    let (findings, renames) = judging.judge.compare(old, new, &accepted);
    let side = |path: &Path, dump| -> Side<'_> { Side { name: path.display().to_string(), dump } };
    let report =
        Report { old: side(&paths[0], old), new: side(&paths[1], new), findings, renames, rows: None };
    let mut out = std::io::stdout().lock();
    match arguments.stat {
        true => report.write_stat(&mut out)?,
        false => report.write(if arguments.json { Format::Json } else { Format::Text }, &mut out)?,
    }
    out.flush()?;
    let counts = |finding: &Finding| judging.fail_on.is_none_or(|level| finding.severity >= level);
    let different = report.findings.iter().any(counts);
    let unclear = report.unclassified() > 0;
    Ok(match (unclear && !arguments.allow_unclassified, different) {
        (true, _) => Outcome::Unclear,
        (false, false) => Outcome::Good,
        (false, true) => Outcome::Different,
    })
}

fn read_both(arguments: &Arguments, [old, new]: &[PathBuf; 2]) -> Result<[Dump; 2], Failure> {
    let stdin = Path::new("-");
    if old == stdin && new == stdin {
        return Err(anyhow::anyhow!("standard input can be only one of the two dumps").into());
    }
    // Secrets are compared, and never printed.
    let options = ReadOptions { keep_secrets: true, ..ReadOptions::default() };
    let read = |path: &Path| cli::read_dump(path, options, DataWanted::Nothing);
    let (first, second) = std::thread::scope(|scope| {
        let reader = scope.spawn(|| read(old));
        let new = read(new);
        (reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), new)
    });
    let mut dumps = [first?, second?];
    for (dump, path) in dumps.iter_mut().zip([old, new]) {
        cli::report_unknown(dump, &path.display().to_string());
        arguments.omit.apply(dump);
    }
    arguments.select.apply(&mut dumps)?;
    Ok(dumps)
}
