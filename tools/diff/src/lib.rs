//! `pgdump-diff`: says what changed between the schemas of two dumps.

mod arguments;
mod external;
mod judging;
mod report;
mod repository;
mod server;
mod side;

use std::collections::BTreeSet;
use std::io::Write;

use arguments::Arguments;
use clap::{CommandFactory, Parser};
use cli::{Failure, Outcome};
use compare::RowsChange;
use dump::Dump;
use report::{Report, Side};

/// The rules by which changes are judged, for their page in the documentation.
pub use compare::RULES;

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
        judging::write_rules(&judging.judge, arguments.report.is_json(), &mut std::io::stdout().lock())?;
        return Ok(Outcome::Good);
    }
    let targets = arguments.report.open()?;
    let sides = match side::both(&arguments)? {
        Ok(sides) => sides,
        Err(unmerged) => {
            writeln!(std::io::stdout(), "* Unmerged path {}", cli::escape(&unmerged))?;
            return Ok(Outcome::Good);
        }
    };
    let [old_side, new_side] = &sides;
    let [old, new] = &mut side::read_both(&sides, &arguments)?;
    let mut left_out = compare::leave_out(old, new);
    left_out.extend(side::leave_out_trailers(&sides, old, new));
    let accepted = compare::accept_renames(old, new, &judging.accept_renames).map_err(anyhow::Error::new)?;
    let (findings, renames) = judging.judge.compare(old, new, &accepted);
    let rows = if arguments.rows { Rows::compare(old, new) } else { Rows::default() };
    let encodings = encodings(old, new);
    if let Some(both) = &encodings {
        cli::warn(&format!(
            "the two are in different encodings, and what is no ASCII cannot be compared (take both with \
             `pg_dump --encoding=UTF8`): {both}"
        ));
    }
    let report = Report {
        old: Side { name: old_side.name.clone(), dump: old },
        new: Side { name: new_side.name.clone(), dump: new },
        findings,
        renames,
        rows: rows.changes,
        left_out,
    };
    if arguments.git.is_some() && arguments.report.is_for_people() {
        // git prints none for an external diff.
        let heading = format!("diff --pgdump a/{} b/{}", old_side.name, new_side.name);
        writeln!(std::io::stdout(), "{}", cli::escape(&heading))?;
    }
    targets.write(&report)?;
    let rows_differ = report.rows.iter().flatten().any(RowsChange::is_difference);
    let unclear = report.unclassified() > 0 && !arguments.allow_unclassified;
    let outcome = match (
        unclear || rows.unclear || encodings.is_some(),
        !judging.fails(&report.findings) && !rows_differ,
    ) {
        (true, _) => Outcome::Unclear,
        (false, true) => Outcome::Good,
        (false, false) => Outcome::Different,
    };
    // Anything but 0 makes git give up, unless it was told to trust it.
    Ok(if arguments.git.is_some() && !arguments.trust_exit_code { Outcome::Good } else { outcome })
}

/// The encodings of two dumps, if they differ and anything in either is more than ASCII.
fn encodings(old: &Dump, new: &Dump) -> Option<String> {
    let of = |dump: &Dump| -> BTreeSet<String> {
        let schemas = dump.databases.iter().map(|database| &database.schema);
        schemas
            .map(
                |schema| if schema.encoding.is_empty() { "UTF8".to_owned() } else { schema.encoding.clone() },
            )
            .collect()
    };
    let more = |dump: &Dump| {
        let objects = dump.databases.iter().flat_map(|database| database.schema.objects.values());
        objects.flat_map(|object| &object.parts).any(|part| !part.text.is_ascii())
    };
    let (before, after) = (of(old), of(new));
    // A side without a database is compared with nothing.
    let differ = before != after && !before.is_empty() && !after.is_empty();
    let listed = |all: BTreeSet<String>| all.into_iter().collect::<Vec<_>>().join(", ");
    (differ && (more(old) || more(new))).then(|| format!("{} and {}", listed(before), listed(after)))
}

/// What came of comparing rows.
#[derive(Default)]
struct Rows {
    changes: Option<Vec<RowsChange>>,
    /// Whether some of them could not be compared.
    unclear: bool,
}

impl Rows {
    fn compare(old: &Dump, new: &Dump) -> Rows {
        match compare::rows(old, new) {
            Ok(changes) => {
                let unclear = changes.iter().any(|change| !change.is_difference());
                Rows { changes: Some(changes), unclear }
            }
            Err(missing) => {
                cli::warn(&format!("rows are not compared: {missing}"));
                Rows { changes: None, unclear: true }
            }
        }
    }
}
