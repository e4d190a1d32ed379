//! The backups on a shelf, as a table or as JSON, which `docs/schemas/pgdump-take-list.schema.json` describes.

use std::io::{self, Write};

use cli::{Failure, Outcome};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::arguments::ListArguments;
use crate::backup_folder::Backup;
use crate::backup_name::{Form, Target};
use crate::keep;
use crate::quantity::grouped;
use crate::retention::Decision;
use crate::shelf::Shelf;

/// A backup, and what would become of it if that was asked for.
type Line = (Backup, Option<Decision>);

/// Lists the backups; nothing is removed.
///
/// # Errors
/// When the shelf cannot be read, or nobody reads the list.
pub fn run(arguments: &ListArguments) -> Result<Outcome, Failure> {
    let policy = arguments.keep.policy();
    let shelf = Shelf::open(&arguments.folder)?;
    let backups = keep::read(&shelf)?;
    let decisions: Vec<Option<Decision>> = match policy.removes() {
        true => keep::decide(&backups, &policy, Timestamp::now()).into_iter().map(Some).collect(),
        false => vec![None; backups.len()],
    };
    let lines: Vec<Line> = backups.into_iter().zip(decisions).collect();
    let text = match arguments.json {
        true => {
            let backups: Vec<Value> = lines.iter().map(to_json).collect();
            let list = json!({ "folder": shelf.shown(), "backups": backups });
            format!("{list:#}\n")
        }
        false => to_text(&lines),
    };
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(Outcome::Good)
}

fn shown(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn form(form: Form) -> &'static str {
    match form {
        Form::Plain => "plain",
        Form::PlainGzip => "plain, gzip",
        Form::PlainZstd => "plain, zstd",
        Form::Custom => "custom",
        Form::Tar => "tar",
        Form::Directory => "directory",
    }
}

fn to_json((backup, decision): &Line) -> Value {
    let (kind, database) = match &backup.name.target {
        Target::Database(name) => ("database", Some(name)),
        Target::Globals => ("globals", None),
        Target::Cluster => ("cluster", None),
    };
    json!({
        "name": backup.name.to_string(),
        "target": kind,
        "database": database,
        "taken": shown(backup.name.taken),
        "form": form(backup.name.form),
        "bytes": backup.bytes,
        "rows": backup.rows,
        "complete": backup.fault.is_none(),
        "fault": backup.fault,
        "verified_at": backup.verified.map(shown),
        "decision": decision.as_ref().map(|decision| json!({
            "keep": matches!(decision, Decision::Keep(_)),
            "reasons": decision.reasons().iter().map(ToString::to_string).collect::<Vec<_>>(),
        })),
    })
}

/// Returns a table, and why backups are not complete.
fn to_text(lines: &[Line]) -> String {
    const HEADER: [&str; 8] = ["taken", "what", "form", "bytes", "rows", "complete", "verified", "next"];
    let rows: Vec<[String; 8]> = lines.iter().map(cells).collect();
    let decided = lines.iter().any(|(_, decision)| decision.is_some());
    let columns = if decided { HEADER.len() } else { HEADER.len() - 1 };
    let all = || std::iter::once(HEADER.map(str::to_owned)).chain(rows.iter().cloned());
    let widths: Vec<usize> = (0..columns)
        .map(|at| all().map(|cells| cells[at].chars().count()).max().unwrap_or_default())
        .collect();
    let mut text = String::new();
    for cells in all() {
        let mut line = String::new();
        for ((at, cell), width) in cells.iter().enumerate().zip(&widths) {
            // Numbers to the right.
            line.push_str(&match HEADER[at] {
                "bytes" | "rows" => format!("{cell:>width$}  "),
                _ => format!("{cell:<width$}  "),
            });
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    for (backup, _) in lines {
        if let Some(fault) = &backup.fault {
            text.push_str(&format!("not complete: {}: {}\n", backup.name, cli::escape(fault)));
        }
    }
    text
}

fn cells((backup, decision): &Line) -> [String; 8] {
    let next = decision.as_ref().map_or_else(String::new, |decision| {
        let word = if matches!(decision, Decision::Keep(_)) { "stays" } else { "goes" };
        format!("{word}: {}", decision.why())
    });
    [
        shown(backup.name.taken),
        cli::escape(&backup.name.target.to_string()),
        form(backup.name.form).to_owned(),
        grouped(backup.bytes),
        backup.rows.map_or_else(|| "?".to_owned(), grouped),
        if backup.fault.is_none() { "yes" } else { "no" }.to_owned(),
        backup.verified.map_or_else(|| "no".to_owned(), shown),
        next,
    ]
}
