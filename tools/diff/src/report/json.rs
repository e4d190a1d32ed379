//! The report for programs; `docs/schemas/pgdump-diff.schema.json` describes it.

use std::io::{self, Write};

use compare::{Finding, Lock, Rename, RowsChange, Severity};
use dump::{Address, Content, Name, Position};
use serde_json::{Map, Value, json};

use super::{Report, Side};

/// The version of the JSON that is written: another number where a reader of the old one may fail.
const FORMAT: u32 = 2;

pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let rows = report.rows.as_ref().map(|rows| rows.iter().map(rows_change).collect::<Vec<_>>());
    let unclassified: Vec<Value> = [("old", &report.old), ("new", &report.new)]
        .into_iter()
        .flat_map(|(word, side)| {
            let unknown = side.dump.unknown.iter();
            unknown.map(move |unknown| {
                json!({ "side": word, "at": position(unknown.at), "excerpt": unknown.excerpt })
            })
        })
        .collect();
    let json = json!({
        "format": FORMAT,
        "old": side(&report.old),
        "new": side(&report.new),
        "counts": counts(report),
        "changes": report.findings.iter().map(change).collect::<Vec<_>>(),
        "renames": report.renames.iter().map(rename).collect::<Vec<_>>(),
        "rows": rows,
        "not_understood": unclassified,
        "left_out": report.left_out.iter().map(ToString::to_string).collect::<Vec<_>>(),
    });
    writeln!(out, "{json:#}")
}

fn side(side: &Side<'_>) -> Value {
    let versions = &side.dump.versions;
    json!({ "name": side.name, "server": versions.server, "pg_dump": versions.pg_dump })
}

fn counts(report: &Report<'_>) -> Value {
    use compare::Kind;
    let mut counts = Map::new();
    for kind in [Kind::Added, Kind::Changed, Kind::Dropped] {
        counts.insert(kind.word().to_owned(), report.count(kind).into());
    }
    for severity in Severity::ALL {
        counts.insert(severity.word().to_owned(), report.count_severity(severity).into());
    }
    counts.into()
}

fn change(finding: &Finding) -> Value {
    let Finding { id, change, rule, severity, cost, dependents, partitions } = finding;
    let names = |addresses: &[Address]| -> Vec<String> { addresses.iter().map(Address::to_string).collect() };
    let lock = |(on, lock): &(Address, Lock)| json!({ "on": on.to_string(), "mode": lock.to_sql() });
    json!({
        "id": id,
        "rule": rule.id,
        "severity": severity.word(),
        "kind": change.kind.word(),
        "database": text(change.database.as_ref()),
        "object": change.object.to_string(),
        "aspect": change.aspect(),
        "path": path(finding),
        "identity": identity(&change.address),
        "attribute": (change.attribute != dump::Attribute::Whole).then(|| change.attribute.label()),
        "item": text(change.item.as_ref()),
        "old": change.old,
        "new": change.new,
        "old_at": change.old_at.map(position),
        "new_at": change.new_at.map(position),
        "cost": {
            "locks": cost.locks.iter().map(lock).collect::<Vec<_>>(),
            "rewrites": names(&cost.rewrites),
            "scans": names(&cost.scans),
        },
        "dependents": names(dependents),
        "partitions": names(partitions),
    })
}

/// From the outside to the inside: schema, object, part, attribute, item; each as it is called.
fn path(finding: &Finding) -> Vec<String> {
    fn descend(address: &Address, path: &mut Vec<String>) {
        match (&address.parent, &address.schema) {
            (Some(parent), _) => descend(parent, path),
            (None, Some(schema)) => path.push(format!("schema {schema}")),
            (None, None) => {}
        }
        let signature = String::from_utf8_lossy(&address.signature);
        let blank = if signature.is_empty() || signature.starts_with('(') { "" } else { " " };
        path.push(format!("{} {}{blank}{signature}", address.kind, address.name));
    }
    let change = &finding.change;
    let mut path = Vec::new();
    descend(&change.address, &mut path);
    let attribute = (change.attribute != dump::Attribute::Whole).then(|| change.attribute.label().to_owned());
    path.extend(attribute);
    path.extend(text(change.item.as_ref()));
    path
}

fn identity(address: &Address) -> Value {
    let signature = String::from_utf8_lossy(&address.signature);
    json!({
        "kind": address.kind.to_string(),
        "schema": text(address.schema.as_ref()),
        "name": address.name.to_string(),
        "signature": (!signature.is_empty()).then_some(signature),
        "parent": address.parent.as_deref().map(identity),
    })
}

fn rename(rename: &Rename) -> Value {
    json!({
        "database": text(rename.database.as_ref()),
        "old": identity(&rename.old),
        "new": identity(&rename.new),
        "old_label": text(rename.label.as_ref().map(|(old, _)| old)),
        "new_label": text(rename.label.as_ref().map(|(_, new)| new)),
        "reason": rename.reason,
        "accept": rename.to_accept(),
    })
}

fn rows_change(change: &RowsChange) -> Value {
    let content = |content: &Content| json!({ "rows": content.rows, "bytes": content.bytes, "hash": format!("{content:x}") });
    json!({
        "database": text(change.database.as_ref()),
        "table": identity(&change.table),
        "old": change.old.as_ref().map(content),
        "new": change.new.as_ref().map(content),
        "remark": change.remark.as_ref().map(ToString::to_string),
    })
}

fn text(name: Option<&Name>) -> Option<String> {
    name.map(ToString::to_string)
}

fn position(at: Position) -> Value {
    json!({ "byte": at.byte, "line": at.line })
}
