//! The dump as it was read, compared with what its source held: what agrees becomes the manifest.

use std::collections::{BTreeMap, BTreeSet};

use dump::{DataForm, Database, Dump, Kind, Name, QualifiedName, TableData};
use live::{RelationKind, SequenceValue};
use manifest::{Extension, Hash, LargeObjects, LeftOut, Manifest, Sequence, TableKind};

use crate::selection::{Belongs, Selection};
use crate::source::{Read, Rows, Table};

/// What was read of the source.
pub struct Held<'s> {
    /// All tables of the source.
    pub all: &'s [Table],
    /// Those that were read.
    pub tables: Vec<&'s Table>,
    /// What was found in them, in the same order.
    pub read: Read,
    /// The sequences before pg_dump began, and after it had ended.
    pub sequences: [&'s BTreeMap<QualifiedName, SequenceValue>; 2],
    /// Extensions and their versions.
    pub extensions: &'s BTreeMap<String, String>,
    /// What pg_dump was told to take.
    pub selection: &'s Selection,
}

/// What came of the comparison.
#[derive(Debug, Default)]
pub struct Proof {
    /// What the backup has that its source had not, and the other way round.
    pub findings: Vec<String>,
    /// What was not compared, and why.
    pub notes: Vec<String>,
    /// How many tables' content was compared, besides the number of their rows.
    pub hashed: usize,
}

/// Compares a dump with its source, and tells the manifest what both hold.
pub fn compare(dump: &Dump, held: &Held<'_>, manifest: &mut Manifest) -> Proof {
    let mut proof = Proof::default();
    if !dump.end_is_marked && manifest.backup_format == "plain" {
        proof.findings.push("pg_dump's closing comment is missing: the dump is not complete".to_owned());
    }
    for one in &dump.disagreements {
        proof.findings.push(format!("table of contents, entry {}: {}", one.id, one.what));
    }
    match dump.databases.as_slice() {
        [database] => {
            let encoding = &database.schema.encoding;
            if !encoding.is_empty() && !encoding.eq_ignore_ascii_case(&manifest.encoding) {
                proof.findings.push(format!("encoding: expected {}; actual {encoding}", manifest.encoding));
            }
            tables(database, held, manifest, &mut proof);
            sequences(database, held, manifest, &mut proof);
            large_objects(database, held, manifest, &mut proof);
            extensions(database, held, manifest, &mut proof);
        }
        others => proof.findings.push(format!("databases in the dump: expected 1; actual {}", others.len())),
    }
    proof
}

fn tables(database: &Database, held: &Held<'_>, manifest: &mut Manifest, proof: &mut Proof) {
    let mut found: BTreeMap<QualifiedName, &TableData> =
        database.data.tables.iter().map(|(address, data)| (address.qualified_name(), data)).collect();
    let defined: BTreeSet<QualifiedName> =
        database.schema.objects.keys().map(|address| address.qualified_name()).collect();
    // Rows that pg_dump loads through the partitioned table (`--load-via-partition-root`).
    let mut through: BTreeMap<&QualifiedName, u64> = BTreeMap::new();
    for (table, rows) in held.tables.iter().zip(&held.read.tables) {
        let Some(rows) = rows else {
            proof.findings.push(format!("table {}: it was not read at the source", table.name));
            continue;
        };
        let data = found.remove(&table.name);
        if table.relation.kind == RelationKind::ForeignTable {
            let why = "its rows are elsewhere, and belong to no snapshot";
            proof.notes.push(format!("table {}: it was not compared: {why}", table.name));
            manifest.tables.extend(data.map(|data| recorded(table, Rows::Content(data.content))));
            continue;
        }
        let root = table.relation.ancestors.last();
        match (
            &data,
            root.filter(|root| database.data.tables.keys().any(|known| known.qualified_name() == **root)),
        ) {
            (None, Some(root)) => *through.entry(root).or_default() += rows.count(),
            (None, None) if table.belongs != Belongs::Yes => {
                if let Belongs::Open(why) = &table.belongs {
                    let what = format!("rows of {}", table.name);
                    manifest.left_out.push(LeftOut { what, why: why.clone() });
                }
                continue;
            }
            _ => compare_rows(table, *rows, data.copied().unwrap_or_default(), proof),
        }
        manifest.tables.push(recorded(table, *rows));
    }
    for table in held.all {
        if let Belongs::No(why) = &table.belongs {
            let what = format!("rows of {}", table.name);
            manifest.left_out.push(LeftOut { what, why: why.clone() });
        } else if table.relation.kind == RelationKind::PartitionedTable {
            manifest.tables.push(recorded(table, Rows::Count(0)));
        }
        let is_defined = held.selection.takes_all_definitions() && !table.relation.of_extension;
        if is_defined && !defined.contains(&table.name) {
            proof.findings.push(format!("table {}: it is missing", table.name));
        }
    }
    for (root, expected) in through {
        let actual = found.remove(root).map(|data| data.content.rows + data.expressions).unwrap_or_default();
        if actual != expected {
            proof
                .findings
                .push(format!("table {root}: expected {expected} rows in its partitions; actual {actual}"));
        }
    }
    for name in found.keys() {
        proof
            .findings
            .push(format!("table {name}: the backup has rows of it, and the source has no such table"));
    }
}

fn compare_rows(table: &Table, expected: Rows, actual: TableData, proof: &mut Proof) {
    let rows = actual.content.rows + actual.expressions;
    let name = &table.name;
    if rows != expected.count() {
        proof.findings.push(format!("table {name}: expected {} rows; actual {rows}", expected.count()));
        return;
    }
    let Rows::Content(content) = expected else { return };
    match () {
        () if actual.expressions > 0 => {
            proof
                .notes
                .push(format!("table {name}: rows written as expressions: only their number was compared"));
        }
        () if content != actual.content => {
            proof.findings.push(format!("table {name}: the content of the rows differs"));
        }
        () => proof.hashed += 1,
    }
}

fn recorded(table: &Table, rows: Rows) -> manifest::Table {
    let text = |name: &Name| String::from_utf8_lossy(name.bytes()).into_owned();
    let pair = |name: &QualifiedName| (name.schema.as_ref().map(text).unwrap_or_default(), text(&name.name));
    let (schema, name) = pair(&table.name);
    let kind = match table.relation.kind {
        RelationKind::PartitionedTable => TableKind::PartitionedTable,
        RelationKind::ForeignTable => TableKind::ForeignTable,
        RelationKind::Table if table.relation.ancestors.is_empty() => TableKind::Table,
        RelationKind::Table => TableKind::Partition,
    };
    let content = match rows {
        Rows::Content(content) => Some(content),
        Rows::Count(_) => None,
    };
    manifest::Table {
        schema,
        name,
        kind,
        root: table.relation.ancestors.last().map(pair),
        rows: rows.count(),
        bytes: content.map(|content| content.bytes),
        hash: content.map(|content| Hash(content.hash)),
    }
}

/// Sequences belong to no snapshot: the value of the dump is between those before and after it.
fn sequences(database: &Database, held: &Held<'_>, manifest: &mut Manifest, proof: &mut Proof) {
    let [before, after] = held.sequences;
    let statements = database.data.statements.iter();
    let mut seen = BTreeSet::new();
    for statement in statements.filter(|statement| statement.form == DataForm::SequenceValue) {
        let name = statement.address.qualified_name();
        let what = format!("value of sequence {name}");
        seen.insert(name.clone());
        let Some(value) = SequenceValue::of_statement(&statement.text) else {
            proof.findings.push(format!("{what}: it is not understood"));
            continue;
        };
        match (before.get(&name), after.get(&name)) {
            (Some(before), Some(after)) if before == after => {
                if value != *before {
                    proof.findings.push(format!("{what}: expected {before}; actual {value}"));
                }
            }
            (Some(before), Some(after)) => {
                let (low, high) = (before.last.min(after.last), before.last.max(after.last));
                if !(low..=high).contains(&value.last) {
                    proof.notes.push(format!(
                        "{what}: it was set while the backup was taken, from {before} to {after}, and is {value} in the backup"
                    ));
                }
            }
            _ => proof.notes.push(format!("{what}: it was not compared, the source does not tell it")),
        }
        let text = |name: &Name| String::from_utf8_lossy(name.bytes()).into_owned();
        manifest.sequences.push(Sequence {
            schema: name.schema.as_ref().map(text).unwrap_or_default(),
            name: text(&name.name),
            last_value: value.last,
            is_called: value.is_called,
        });
    }
    if held.selection.takes_everything() && held.selection.takes_data() {
        let missing = before.keys().filter(|name| after.contains_key(*name) && !seen.contains(*name));
        for name in missing.filter(|name| !held.selection.may_leave_out_value(name)) {
            proof.findings.push(format!("value of sequence {name}: it is missing"));
        }
    }
}

fn large_objects(database: &Database, held: &Held<'_>, manifest: &mut Manifest, proof: &mut Proof) {
    let expected = &held.read.large_objects;
    let actual = &database.data.large_objects;
    if !held.selection.takes_large_objects() {
        // Some sections make them and leave their data to others.
        if actual.values().any(|object| object.content.is_some()) {
            proof
                .notes
                .push("large objects were not compared: they were not expected in the backup".to_owned());
        }
        manifest.large_objects.count = actual.len() as u64;
        return;
    }
    if expected.len() != actual.len() {
        proof.findings.push(format!("large objects: expected {}; actual {}", expected.len(), actual.len()));
    }
    let mut read = true;
    for (number, content) in expected {
        let found = actual.get(number).and_then(|object| object.content);
        match (content, found) {
            (_, None) => proof.findings.push(format!("large object {number}: its data is missing")),
            (Some(content), Some(found)) if *content != found => {
                proof.findings.push(format!("large object {number}: the content differs"));
            }
            (content, Some(_)) => read &= content.is_some(),
        }
    }
    let all = LargeObjects::of(&database.data);
    manifest.large_objects = match read {
        true => all,
        // What was not compared is not recorded as the source's.
        false => LargeObjects { count: all.count, ..LargeObjects::default() },
    };
}

fn extensions(database: &Database, held: &Held<'_>, manifest: &mut Manifest, proof: &mut Proof) {
    let objects = database.schema.objects.keys().filter(|address| address.kind == Kind::Extension);
    let names: BTreeSet<String> =
        objects.map(|address| String::from_utf8_lossy(address.name.bytes()).into_owned()).collect();
    for name in names.iter().filter(|name| *name != "plpgsql") {
        match held.extensions.get(name) {
            Some(version) => {
                manifest.extensions.push(Extension { name: name.clone(), version: version.clone() });
            }
            None => proof.findings.push(format!("extension {name}: the source does not have it")),
        }
    }
    if held.selection.takes_all_definitions() {
        for name in held.extensions.keys().filter(|name| *name != "plpgsql" && !names.contains(*name)) {
            proof.findings.push(format!("extension {name}: it is missing"));
        }
    }
}
