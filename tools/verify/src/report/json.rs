//! The report for machines; `docs/schemas/pgdump-verify.schema.json` describes it.

use std::time::Duration;

use serde_json::{Value, json};

use super::not_checked;
use crate::backups::{Taken, shown};
use crate::verdict::{Finding, Report, Rows, Run, Table};

/// The version of the JSON that is written: another number where a reader of the old one may fail.
const VERSION: u32 = 1;

/// Returns everything that a run found out.
pub fn to_json(run: &Run) -> Value {
    let left_alone = run.left_alone.iter().map(|left| json!({ "path": left.path, "why": left.why }));
    json!({
        "version": VERSION,
        "tool": env!("CARGO_PKG_VERSION"),
        "verdict": run.verdict().word(),
        "begun": shown(run.begun),
        "seconds": run.time.as_secs_f64(),
        "trouble": run.trouble,
        "findings": run.findings.iter().map(finding).collect::<Vec<_>>(),
        "left_alone": left_alone.collect::<Vec<_>>(),
        "backups": run.backups.iter().map(backup).collect::<Vec<_>>(),
    })
}

fn backup(report: &Report) -> Value {
    let phases =
        report.phases.iter().map(|(name, time)| json!({ "phase": name, "seconds": time.as_secs_f64() }));
    let checked = report.checked.iter().map(|(what, count)| json!({ "what": what, "count": count }));
    let (rows, bytes) = report.rows();
    json!({
        "backup": report.backup,
        "format": text(&report.format),
        "level": text(&report.level),
        "server": report.server,
        "taken": report.taken.map(taken),
        "verdict": report.verdict().word(),
        "trouble": report.trouble,
        "compared_with_source": !report.compared.is_empty(),
        "compared": report.compared,
        "seconds": report.time.as_secs_f64(),
        "restore_seconds": seconds(report.restored_in),
        "rows": rows,
        "bytes": bytes,
        "phases": phases.collect::<Vec<_>>(),
        "tables": report.tables.iter().map(table).collect::<Vec<_>>(),
        "findings": report.findings.iter().map(finding).collect::<Vec<_>>(),
        "findings_left_out": report.findings.left_out(),
        "checked": checked.collect::<Vec<_>>(),
        "notes": report.notes,
        "not_checked": not_checked(report).collect::<Vec<_>>(),
    })
}

fn taken(taken: Taken) -> Value {
    json!({ "at": shown(taken.at), "by": taken.by.word() })
}

fn table(table: &Table) -> Value {
    json!({
        "database": table.database,
        "table": table.name,
        "expected": rows(&table.expected),
        "actual": table.actual.as_ref().map(rows),
        "load_seconds": seconds(table.loaded_in),
        "compare_seconds": seconds(table.compared_in),
        "verdict": table.verdict.word(),
        "why": table.why,
    })
}

fn rows(rows: &Rows) -> Value {
    json!({
        "rows": rows.count(),
        "bytes": rows.content.bytes,
        // Rows that are expressions have no bytes to hash.
        "hash": (rows.expressions == 0).then(|| format!("{:x}", rows.content)),
    })
}

fn finding(finding: &Finding) -> Value {
    let difference = finding.difference.as_ref();
    json!({
        "verdict": finding.verdict.word(),
        "what": finding.what,
        "place": finding.place,
        "why": finding.why,
        "difference": difference.map(|difference| json!({
            "attribute": difference.attribute,
            "expected": difference.old,
            "actual": difference.new,
        })),
    })
}

fn seconds(time: Option<Duration>) -> Option<f64> {
    time.map(|time| time.as_secs_f64())
}

/// What is not known yet when there is trouble early.
fn text(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}
