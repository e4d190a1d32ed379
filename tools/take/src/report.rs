//! What came of a run, for people and for machines.

use std::fmt::Write as _;
use std::io::{self, Write};

use cli::{Outcome, escape};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::quantity::grouped;
use crate::retention::Decision;
use crate::taking::Taken;

/// The version of the JSON's form.
const VERSION: u32 = 1;

/// A word for how something ended.
pub fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Good => "good",
        Outcome::Different => "bad",
        Outcome::Trouble => "trouble",
        Outcome::Unclear => "unclear",
        Outcome::Busy => "busy",
    }
}

/// Writes what came of one target, a line for each thing to say.
pub fn to_text(taken: &Taken) -> String {
    let mut text = String::new();
    let target = escape(&taken.target);
    if let Some(path) = &taken.path {
        let content = match taken.hashed {
            0 => String::new(),
            hashed => format!(", content of {hashed}"),
        };
        let proven = match taken.tables {
            0 => String::new(),
            tables => {
                format!(": {} rows of {tables} tables{content} as the source held them", grouped(taken.rows))
            }
        };
        let _ = writeln!(
            text,
            "taken   {target}  {}  {} bytes  {:.1} s{proven}",
            escape(&path.display().to_string()),
            grouped(taken.bytes),
            taken.time.as_secs_f64(),
        );
    }
    for finding in &taken.findings {
        let _ = writeln!(text, "bad     {target}: {}", escape(finding));
    }
    for note in &taken.notes {
        let _ = writeln!(text, "note    {target}: {}", escape(note));
    }
    match taken.verified {
        None => {}
        Some(0) => _ = writeln!(text, "verified {target}"),
        Some(code) => _ = writeln!(text, "not verified {target}: pgdump-verify ends with exit code {code}"),
    }
    for (backup, decision) in &taken.decided {
        let name = escape(&backup.name.to_string());
        let _ = match decision {
            Decision::Remove(_) if taken.path.is_some() => {
                writeln!(text, "removed {name}: {}", decision.why())
            }
            Decision::Remove(_) => writeln!(text, "goes    {name}: {}", decision.why()),
            // What stays is told where nothing else is asked.
            Decision::Keep(_) if taken.path.is_some() => Ok(()),
            Decision::Keep(_) => writeln!(text, "stays   {name}: {}", decision.why()),
        };
    }
    if taken.busy {
        let _ = writeln!(text, "busy    {target}: another run is at work on it");
    }
    if taken.path.is_none() && !taken.findings.is_empty() {
        let _ = writeln!(text, "not taken: {target}: the backup is not what its source holds");
    }
    text
}

/// The names of the backups that went, or would.
fn removed(taken: &Taken) -> Vec<String> {
    let goes = taken.decided.iter().filter(|(_, decision)| matches!(decision, Decision::Remove(_)));
    goes.map(|(backup, _)| backup.name.to_string()).collect()
}

/// Returns everything as JSON, as docs/schemas/pgdump-take.schema.json says.
pub fn to_json(all: &[Taken], outcome: Outcome) -> Value {
    let backup = |taken: &Taken| {
        json!({
            "target": taken.target,
            "outcome": word(taken.outcome()),
            "path": taken.path.as_ref().map(|path| path.display().to_string()),
            "bytes": taken.bytes,
            "tables": taken.tables,
            "rows": taken.rows,
            "tables_by_content": taken.hashed,
            "seconds": taken.time.as_secs_f64(),
            "findings": taken.findings,
            "notes": taken.notes,
            "trouble": taken.trouble,
            "verify_exit_code": taken.verified,
            "removed": removed(taken),
        })
    };
    json!({
        "version": VERSION,
        "tool": format!("pgdump-take {}", env!("CARGO_PKG_VERSION")),
        "outcome": word(outcome),
        "backups": all.iter().map(backup).collect::<Vec<_>>(),
    })
}

/// Writes Prometheus' text format, for the textfile collector of the node exporter.
///
/// # Errors
/// When it cannot be written.
pub fn to_prometheus(all: &[Taken], out: &mut dyn Write) -> io::Result<()> {
    let mut family = |name: &str, help: &str, value: &dyn Fn(&Taken) -> Option<f64>| {
        writeln!(out, "# HELP pgdumpkit_take_{name} {help}\n# TYPE pgdumpkit_take_{name} gauge")?;
        for taken in all {
            if let Some(value) = value(taken) {
                writeln!(out, "pgdumpkit_take_{name}{{target={}}} {value}", label(&taken.target))?;
            }
        }
        Ok::<(), io::Error>(())
    };
    let good = |taken: &Taken| taken.outcome() == Outcome::Good;
    let now = Timestamp::now().as_second() as f64;
    let of_taken = |value: fn(&Taken) -> f64| move |taken: &Taken| taken.path.as_ref().map(|_| value(taken));
    family("success", "1 if the backup was taken and is what its source held, else 0.", &|taken| {
        Some(f64::from(u8::from(good(taken))))
    })?;
    family("timestamp_seconds", "When the backup was taken, since 1970.", &|taken| {
        taken.path.as_ref().map(|_| now)
    })?;
    family("bytes", "Bytes of the backup.", &of_taken(|taken| taken.bytes as f64))?;
    family("rows", "Rows that the backup holds.", &of_taken(|taken| taken.rows as f64))?;
    family("seconds", "Time that it took, without verifying it.", &|taken| Some(taken.time.as_secs_f64()))
}

/// A label's value, quoted as the text format wants it.
fn label(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', r"\\").replace('"', "\\\"").replace('\n', "\\n"))
}
