//! The report for programs.

use std::io::{self, Write};

use compare::{Finding, Lock};
use dump::{Address, Position};
use serde_json::{Value, json};

use super::Report;

/// The version of the JSON that is written.
const FORMAT: u32 = 2;

pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let changes: Vec<Value> = report.findings.iter().map(change).collect();
    let json = json!({ "format": FORMAT, "not_understood": report.unclassified(), "changes": changes });
    writeln!(out, "{json:#}")
}

fn change(finding: &Finding) -> Value {
    let Finding { id, change, rule, severity, cost } = finding;
    let names = |addresses: &[Address]| -> Vec<String> { addresses.iter().map(Address::to_string).collect() };
    let lock = |(on, lock): &(Address, Lock)| json!({ "on": on.to_string(), "mode": lock.to_sql() });
    json!({
        "id": id,
        "rule": rule.id,
        "severity": severity.word(),
        "kind": change.kind.word(),
        "database": change.database.as_ref().map(ToString::to_string),
        "object": change.object.to_string(),
        "object_kind": change.object.kind.to_string(),
        "schema": change.object.schema.as_ref().map(ToString::to_string),
        "aspect": change.aspect(),
        "attribute": change.attribute.label(),
        "item": change.item.as_ref().map(ToString::to_string),
        "old": change.old,
        "new": change.new,
        "old_at": change.old_at.map(position),
        "new_at": change.new_at.map(position),
        "locks": cost.locks.iter().map(lock).collect::<Vec<_>>(),
        "rewrites": names(&cost.rewrites),
        "scans": names(&cost.scans),
    })
}

fn position(at: Position) -> Value {
    json!({ "byte": at.byte, "line": at.line })
}
