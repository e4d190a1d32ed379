//! What is recorded of a healthy backup, for damage that makes another valid one.

use std::fs::File;
use std::path::Path;

use cli::DataWanted;
use dump::{DataForm, Database, Kind, ReadOptions};
use manifest::{Extension, Hash, LargeObjects, Manifest, Sequence, Table, TableKind};

use crate::damage::Backup;

/// What a backup holds: a manifest of it, and every statement that a restore of it would run.
pub struct Record {
    manifest: Manifest,
    /// Rows that are expressions, of which nothing but their number can be compared.
    expressions: u64,
    lines: Vec<String>,
}

impl Record {
    /// Records a backup; nothing if it cannot be read.
    pub fn of(backup: &Path) -> Option<Record> {
        let dump = cli::read_dump(backup, ReadOptions::default(), DataWanted::Content).ok()?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let mut script = Vec::new();
        dump::write_script(&dump, None, &mut script, |_, _| Ok(())).ok()?;
        let mut lines: Vec<String> = text(&script).lines().map(str::to_owned).collect();
        for database in &dump.databases {
            let data = &database.data;
            lines.extend(data.statements.iter().map(|statement| text(&statement.text)));
            lines.extend(data.tables.iter().map(|(table, data)| format!("{table}: {data:?}")));
            for (number, object) in &data.large_objects {
                lines.push(format!("{number}: {:?}", object.content));
                // Owner, comment and privileges: the script leaves them with the data.
                lines.extend(object.parts.iter().map(|part| format!("{number}: {}", text(&part.text))));
            }
        }
        let database = dump.databases.first()?;
        let expressions = database.data.tables.values().map(|table| table.expressions).sum();
        Some(Record { manifest: manifest_of(database), expressions, lines })
    }

    /// Names what differs; an empty text if nothing does.
    pub fn difference(&self, other: &Record) -> String {
        let (one, another) = (&self.lines, &other.lines);
        let mut differences: Vec<&str> = Vec::new();
        differences.extend(one.iter().filter(|line| !another.contains(line)).map(String::as_str));
        differences.extend(another.iter().filter(|line| !one.contains(line)).map(String::as_str));
        if differences.is_empty() && one != another {
            differences.push("order");
        }
        differences.join("; ")
    }

    /// Says whether a manifest tells the data of two backups apart, whatever their files are.
    pub fn has_other_data(&self, other: &Record) -> bool {
        let data = |record: &Record| {
            let Manifest { tables, mut sequences, large_objects, mut extensions, .. } =
                record.manifest.clone();
            // Their order is not data.
            sequences.sort_by(|one, other| (&one.schema, &one.name).cmp(&(&other.schema, &other.name)));
            extensions.sort_by(|one, other| one.name.cmp(&other.name));
            // A table without rows may as well not be there.
            let tables: Vec<Table> = tables.into_iter().filter(|table| table.rows > 0).collect();
            (tables, sequences, large_objects, extensions)
        };
        self.expressions + other.expressions == 0 && data(self) != data(other)
    }

    /// Writes the manifest, with the files of a backup that may be another.
    pub fn write_manifest(&self, files_of: &Backup, to: &Path) {
        let mut manifest = self.manifest.clone();
        let file = |name: &str, mut bytes: &[u8]| manifest::File::of(name, &mut bytes).unwrap();
        manifest.files = match files_of {
            Backup::File(bytes) => vec![file("backup", bytes)],
            Backup::Folder(files) => files.iter().map(|(name, bytes)| file(name, bytes)).collect(),
        };
        manifest.write(&mut File::create(to).unwrap()).unwrap();
    }
}

fn manifest_of(database: &Database) -> Manifest {
    let text = |name: &dump::Name| String::from_utf8_lossy(name.bytes()).into_owned();
    let schema = |name: &dump::QualifiedName| name.schema.as_ref().map(text).unwrap_or_default();
    let tables = database.data.tables.iter().map(|(address, data)| {
        let name = address.qualified_name();
        Table {
            schema: schema(&name),
            name: text(&name.name),
            kind: TableKind::Table,
            root: None,
            rows: data.content.rows + data.expressions,
            bytes: Some(data.content.bytes),
            hash: Some(Hash(data.content.hash)),
        }
    });
    let values = database.data.statements.iter().filter(|one| one.form == DataForm::SequenceValue);
    let mut sequences: Vec<Sequence> = Vec::new();
    for statement in values {
        let name = statement.address.qualified_name();
        let (schema, name) = (schema(&name), text(&name.name));
        let sql = String::from_utf8_lossy(&statement.text).into_owned();
        let mut arguments = sql.trim_end().trim_end_matches(");").rsplit(", ");
        let is_called = arguments.next() == Some("true");
        let Some(last_value) = arguments.next().and_then(|value| value.parse().ok()) else { continue };
        // What is set twice has the last value.
        sequences.retain(|known| (&known.schema, &known.name) != (&schema, &name));
        sequences.push(Sequence { schema, name, last_value, is_called });
    }
    let extensions = database.schema.objects.keys().filter(|address| address.kind == Kind::Extension);
    Manifest {
        backup: "backup".to_owned(),
        database: database.name.as_ref().map(text).unwrap_or_default(),
        encoding: database.schema.encoding.clone(),
        extensions: extensions
            .map(|address| Extension { name: text(&address.name), version: String::new() })
            .filter(|extension| extension.name != "plpgsql")
            .collect(),
        tables: tables.collect(),
        sequences,
        large_objects: LargeObjects::of(&database.data),
        ..Manifest::default()
    }
}
