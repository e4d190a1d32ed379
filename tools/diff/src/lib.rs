//! `pgdump-diff`: says what changed between the schemas of two dumps.

mod report;

use std::path::{Path, PathBuf};

use clap::{CommandFactory, Parser};
use cli::{DataWanted, Failure, OmitArguments, Outcome, SelectArguments};
use dump::{Dump, ReadOptions};
use report::{Report, ReportArguments, Side};

#[derive(Debug, Parser)]
#[command(name = "pgdump-diff", version, about, after_help = EXIT_CODES)]
struct Arguments {
    /// The dump as it was: of any format, a tree, or `-` for standard input
    #[arg(value_name = "OLD")]
    old: PathBuf,

    /// The dump as it is now
    #[arg(value_name = "NEW")]
    new: PathBuf,

    /// Take statements that are not understood as compared when their texts were
    #[arg(long)]
    allow_unclassified: bool,

    #[command(flatten)]
    report: ReportArguments,
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
    let targets = arguments.report.open()?;
    let dumps = read_both(&arguments)?;
    let [old, new] = &dumps;
    let changes = compare::dumps(old, new);
    let side = |path: &Path, dump| -> Side<'_> { Side { name: path.display().to_string(), dump } };
    let report = Report {
        old: side(&arguments.old, old),
        new: side(&arguments.new, new),
        findings: compare::findings(changes, old, new),
        renames: Vec::new(),
        rows: None,
    };
    targets.write(&report)?;
    let unclear = report.unclassified() > 0;
    Ok(match (unclear && !arguments.allow_unclassified, report.findings.is_empty()) {
        (true, _) => Outcome::Unclear,
        (false, true) => Outcome::Good,
        (false, false) => Outcome::Different,
    })
}

fn read_both(arguments: &Arguments) -> Result<[Dump; 2], Failure> {
    let stdin = Path::new("-");
    if arguments.old == stdin && arguments.new == stdin {
        return Err(anyhow::anyhow!("standard input can be only one of the two dumps").into());
    }
    // Secrets are compared, and never printed.
    let options = ReadOptions { keep_secrets: true, ..ReadOptions::default() };
    let read = |path: &Path| cli::read_dump(path, options, DataWanted::Nothing);
    let (old, new) = std::thread::scope(|scope| {
        let old = scope.spawn(|| read(&arguments.old));
        let new = read(&arguments.new);
        (old.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), new)
    });
    let mut dumps = [old?, new?];
    for (dump, path) in dumps.iter_mut().zip([&arguments.old, &arguments.new]) {
        cli::report_unknown(dump, &path.display().to_string());
        arguments.omit.apply(dump);
    }
    arguments.select.apply(&mut dumps)?;
    Ok(dumps)
}
