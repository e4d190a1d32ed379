//! `cargo xtask bench`: how fast and how big the tools are, beside a program that only reads.

mod inputs;
mod measure;
mod random;
mod restoring;
mod table;
mod taking;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::workspace;
use inputs::{Inputs, Packing};
use measure::{Sample, measure};

/// What one can ask of a bench run.
#[derive(clap::Args)]
pub struct Arguments {
    /// Cases to run: all whose names start with one of these; all without any.
    names: Vec<String>,
    /// How often each program runs on each input.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// Size of the data inputs relative to the full ones: 0.01 for a quick look.
    #[arg(long, default_value_t = 1.0)]
    scale: f64,
}

const CASES: [Case; 12] = [
    Case { name: "split-copy", input: Input::Copy, steps: &[Step::Wc, Step::Split, Step::SqlSplitter] },
    Case { name: "split-schema-1000", input: Input::Schema(1_000), steps: &SCHEMA_STEPS },
    Case { name: "split-schema-10000", input: Input::Schema(10_000), steps: &SCHEMA_STEPS },
    Case { name: "split-schema-100000", input: Input::Schema(100_000), steps: &SCHEMA_STEPS },
    Case { name: "insert-1g", input: Input::Insert, steps: &[Step::Wc, Step::Split, Step::SqlSplitter] },
    Case { name: "inspect-copy", input: Input::Copy, steps: &[Step::Wc, Step::Inspect] },
    Case { name: "inspect-gzip", input: Input::Packed(Packing::Gzip), steps: &[Step::Zcat, Step::Inspect] },
    Case { name: "inspect-zstd", input: Input::Packed(Packing::Zstd), steps: &[Step::Unzstd, Step::Inspect] },
    Case {
        name: "inspect-custom",
        input: Input::Packed(Packing::Custom),
        steps: &[Step::PgRestore, Step::Inspect],
    },
    Case { name: "diff-big", input: Input::Pair(1), steps: &[Step::GnuDiff, Step::Diff] },
    Case { name: "diff-big-10", input: Input::Pair(10), steps: &[Step::GnuDiff, Step::Diff] },
    Case { name: "diff-copy", input: Input::CopyPair, steps: &[Step::CatWc, Step::Diff] },
];

/// The case of servers and restores, which is no row of programs that read a file.
const VERIFY: &str = "verify-1g";
/// That of a server and its backups.
const TAKE: &str = "take-1g";

const SCHEMA_STEPS: [Step; 5] = [Step::Wc, Step::Split, Step::SplitAgain, Step::Join, Step::SqlSplitter];

struct Case {
    name: &'static str,
    input: Input,
    /// The first is what the others are compared with.
    steps: &'static [Step],
}

#[derive(Clone, Copy)]
enum Input {
    /// Nearly all COPY data.
    Copy,
    /// This many objects, no data.
    Schema(u32),
    /// One INSERT statement.
    Insert,
    /// The dump of [`Input::Copy`] in another format.
    Packed(Packing),
    /// Two schemas of 2,000 tables with 976 changes between them, so many times over.
    Pair(usize),
    /// [`Input::Copy`], and the same with another schema.
    CopyPair,
}

#[derive(Clone, Copy, PartialEq)]
enum Step {
    /// Reads the input and nothing more.
    Wc,
    /// Unpacks the input and nothing more.
    Zcat,
    /// The same for zstd.
    Unzstd,
    /// Turns an archive into a script.
    PgRestore,
    /// Into a folder that does not exist yet.
    Split,
    /// The same dump into the folder of the step before.
    SplitAgain,
    /// The folder back into a dump.
    Join,
    /// Counts and hashes every row.
    Inspect,
    /// The nearest foreign program.
    SqlSplitter,
    /// Reads both inputs and nothing more.
    CatWc,
    /// Compares the two inputs line by line.
    GnuDiff,
    /// Compares their schemas.
    Diff,
}

/// Runs the chosen cases and prints a table for each.
pub fn run(arguments: &Arguments) -> Result<()> {
    let asked = |case: &str| {
        arguments.names.is_empty() || arguments.names.iter().any(|name| case.starts_with(name.as_str()))
    };
    let chosen: Vec<&Case> = CASES.iter().filter(|case| asked(case.name)).collect();
    if chosen.is_empty() && !asked(VERIFY) && !asked(TAKE) {
        let names = CASES.map(|case| case.name);
        bail!("no such case, there are: {}, {VERIFY}, {TAKE}", names.join(", "));
    }
    let folder = workspace::target()?.join("bench");
    let inputs = Inputs::new(folder.join("inputs"), arguments.scale)?;
    let programs = Programs { bin: workspace::build_release()?, out: folder.join("out") };
    for case in chosen {
        let Some(input) = inputs_of(case.input, &inputs)? else {
            println!("\n## {}\n\nskipped: no server programs, or no corpus, to make the input", case.name);
            continue;
        };
        let mut bytes = 0;
        for path in &input {
            bytes += fs::metadata(path)?.len();
        }
        println!("\n## {} ({} MB)\n", case.name, bytes / 1_000_000);
        programs.run(case, &input, arguments.runs)?;
    }
    if asked(VERIFY) {
        println!("\n## {VERIFY}\n");
        match inputs.shop()? {
            Some((plain, custom)) => {
                restoring::run(&plain, &custom, &programs.bin, arguments.runs)?;
            }
            None => println!("skipped: no server programs"),
        }
    }
    if asked(TAKE) {
        println!("\n## {TAKE}\n");
        match inputs.shop()? {
            Some((plain, _)) => taking::run(&plain, &programs.bin, &programs.out, arguments.runs)?,
            None => println!("skipped: no server programs"),
        }
    }
    remove(&programs.out)
}

/// Makes a case's input, of one file or two; `None` where it cannot be made here.
fn inputs_of(input: Input, inputs: &Inputs) -> Result<Option<Vec<PathBuf>>> {
    Ok(Some(match input {
        Input::Copy => vec![inputs.copy()?],
        Input::Schema(objects) => vec![inputs.schema(objects)?],
        Input::Insert => vec![inputs.insert()?],
        Input::CopyPair => inputs.copy_pair()?,
        Input::Packed(packing) => return Ok(inputs.packed(packing)?.map(|path| vec![path])),
        Input::Pair(times) => return inputs.pair(times),
    }))
}

struct Programs {
    bin: PathBuf,
    out: PathBuf,
}

impl Programs {
    /// Runs a case's steps in turn, again and again, so that a slow spell of the machine hits them all alike.
    fn run(&self, case: &Case, input: &[PathBuf], runs: u32) -> Result<()> {
        let mut rows: Vec<(Step, Vec<Sample>)> = Vec::new();
        for step in case.steps {
            match self.missing(*step) {
                Some(program) => println!("skipped: {}: program not found: `{program}`", step.label()),
                None => rows.push((*step, Vec::new())),
            }
        }
        // Brings the input into the page cache: what is measured is programs, not the disk.
        measure(&mut self.command(Step::Wc, input), &[0])?;
        for _ in 0..runs {
            for (step, samples) in &mut rows {
                if let Some(folder) = step.fresh_folder() {
                    remove(&self.out.join(folder))?;
                }
                samples.push(measure(&mut self.command(*step, input), step.codes())?);
            }
        }
        let rows: Vec<_> = rows.iter().map(|(step, samples)| (step.label(), samples.as_slice())).collect();
        print!("{}", table::render(&rows));
        Ok(())
    }

    fn command(&self, step: Step, input: &[PathBuf]) -> Command {
        let mut command = Command::new(self.program(step));
        match step {
            Step::Wc => command.arg("-l").args(input),
            Step::Zcat | Step::Inspect | Step::GnuDiff | Step::Diff => command.args(input),
            Step::Unzstd => command.arg("-dc").args(input),
            Step::PgRestore => command.arg("-f").arg("/dev/null").args(input),
            Step::Split | Step::SplitAgain => command.args(input).arg("--out").arg(self.out.join("tree")),
            Step::CatWc => command.args(["-c", "cat \"$@\" | wc -l", "sh"]).args(input),
            Step::Join => command.arg(self.out.join("tree")),
            Step::SqlSplitter => command
                .arg("split")
                .args(input)
                .arg("--dialect=postgres")
                .arg("-o")
                .arg(self.out.join("sql-splitter")),
        };
        command
    }

    fn program(&self, step: Step) -> PathBuf {
        match step {
            Step::Wc => PathBuf::from("wc"),
            Step::Zcat => PathBuf::from("zcat"),
            Step::Unzstd => PathBuf::from("zstd"),
            Step::PgRestore => match scratch::Programs::find_optional() {
                Ok(Some(programs)) => programs.program("pg_restore"),
                _ => PathBuf::from("pg_restore"),
            },
            Step::CatWc => PathBuf::from("sh"),
            Step::GnuDiff => PathBuf::from("diff"),
            Step::Diff => self.bin.join("pgdump-diff"),
            Step::Inspect => self.bin.join("pgdump-inspect"),
            Step::Split | Step::SplitAgain => self.bin.join("pgdump-split"),
            Step::Join => self.bin.join("pgdump-join"),
            Step::SqlSplitter => {
                env::var_os("PGDUMPKIT_SQL_SPLITTER").unwrap_or_else(|| "sql-splitter".into()).into()
            }
        }
    }

    /// Names the step's program if it cannot be started.
    fn missing(&self, step: Step) -> Option<String> {
        let program = self.program(step);
        let mut version = Command::new(&program);
        // A shell need not know the option.
        version.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        version.status().is_err().then(|| program.display().to_string())
    }
}

impl Step {
    fn label(self) -> &'static str {
        match self {
            Step::Wc => "wc -l",
            Step::Zcat => "zcat",
            Step::Unzstd => "zstd -dc",
            Step::PgRestore => "pg_restore -f /dev/null",
            Step::Inspect => "inspect",
            Step::Split => "split, first",
            Step::SplitAgain => "split, again",
            Step::Join => "join",
            Step::SqlSplitter => "sql-splitter",
            Step::CatWc => "cat | wc -l",
            Step::GnuDiff => "GNU diff",
            Step::Diff => "diff",
        }
    }

    /// The exit codes of a step that did its work.
    fn codes(self) -> &'static [i32] {
        match self {
            Step::GnuDiff | Step::Diff => &[1],
            _ => &[0],
        }
    }

    /// The folder below `out` that must not exist when the step begins.
    fn fresh_folder(self) -> Option<&'static str> {
        match self {
            Step::Split => Some("tree"),
            Step::SqlSplitter => Some("sql-splitter"),
            _ => None,
        }
    }
}

fn remove(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    Ok(())
}
