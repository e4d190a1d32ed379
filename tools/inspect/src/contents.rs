//! What a backup holds, as text and as JSON.

use std::collections::BTreeMap;
use std::fmt::Write;

use archive::{Compression, Content, Input};
use dump::{Database, Dump, Schema, TableData};
use serde_json::{Value, json};

/// What holds the dump.
pub struct Container {
    /// Such as `plain` or `custom archive 1.16`.
    format: String,
    /// The layers of compression, outermost first.
    compression: Vec<String>,
    /// When the dump was begun, in the local time of the machine that took it.
    taken: Option<String>,
}

/// Returns what is known of an input before it is read.
pub fn container(input: &Input) -> Container {
    let mut compression: Vec<String> = input.compression.iter().map(Compression::to_string).collect();
    let (format, taken) = match &input.content {
        Content::Plain(_) => ("plain".to_owned(), None),
        Content::Tree(_) => ("tree".to_owned(), None),
        Content::Archive(archive) => {
            let header = &archive.header;
            let (major, minor, _) = header.version;
            let kind = match header.format {
                archive::Format::Tar => "tar",
                archive::Format::Directory => "directory",
                _ => "custom",
            };
            if header.compression != Compression::None {
                compression.push(header.compression.to_string());
            }
            let at = header.created;
            let (date, time) = ((at.year, at.month, at.day), (at.hour, at.minute, at.second));
            let taken = format!(
                "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
                date.0, date.1, date.2, time.0, time.1, time.2
            );
            (format!("{kind} archive {major}.{minor}"), Some(taken))
        }
    };
    Container { format, compression, taken }
}

/// What a backup holds.
pub struct Contents<'d> {
    container: Container,
    dump: &'d Dump,
}

impl<'d> Contents<'d> {
    /// Gathers what was read.
    pub fn new(container: Container, dump: &'d Dump) -> Contents<'d> {
        Contents { container, dump }
    }

    /// Returns it for people.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        let mut line = |name: &str, value: &str| {
            let _ = writeln!(text, "{name:<14}{}", cli::escape(value));
        };
        line("format", &self.container.format);
        if !self.container.compression.is_empty() {
            line("compression", &self.container.compression.join(", "));
        }
        let versions = &self.dump.versions;
        let told =
            [("server", &versions.server), ("pg_dump", &versions.pg_dump), ("taken", &self.container.taken)];
        for (name, value) in told {
            value.iter().for_each(|value| line(name, value));
        }
        if !self.dump.cluster.objects.is_empty() {
            line("cluster", &kinds_in_words(&self.dump.cluster));
        }
        for database in &self.dump.databases {
            text.push('\n');
            write_database(database, &mut text);
        }
        text
    }

    /// Returns it for machines.
    pub fn to_json(&self) -> Value {
        let databases: Vec<Value> = self.dump.databases.iter().map(database_to_json).collect();
        json!({
            "format": self.container.format,
            "compression": self.container.compression,
            "taken": self.container.taken,
            "server_version": self.dump.versions.server,
            "pg_dump_version": self.dump.versions.pg_dump,
            "cluster": { "objects": kinds(&self.dump.cluster) },
            "databases": databases,
            "not_understood": self.dump.unknown.len(),
            "disagreements": self.dump.disagreements.iter()
                .map(|one| json!({ "entry": one.id, "what": one.what })).collect::<Vec<_>>(),
        })
    }
}

/// The number of objects of each kind.
fn kinds(schema: &Schema) -> BTreeMap<String, usize> {
    let mut kinds = BTreeMap::new();
    for address in schema.objects.keys() {
        *kinds.entry(address.kind.to_string()).or_default() += 1;
    }
    kinds
}

fn kinds_in_words(schema: &Schema) -> String {
    let mut kinds: Vec<(String, usize)> = kinds(schema).into_iter().collect();
    kinds.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let words: Vec<String> = kinds.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
    words.join(", ")
}

fn encoding(schema: &Schema) -> &str {
    if schema.encoding.is_empty() { "UTF8" } else { &schema.encoding }
}

/// The tables with their rows, most bytes first.
fn tables(database: &Database) -> Vec<(String, &TableData)> {
    let tables = database.data.tables.iter();
    let mut tables: Vec<_> =
        tables.map(|(address, table)| (address.qualified_name().to_string(), table)).collect();
    tables.sort_by_key(|(_, table)| std::cmp::Reverse(table.content.bytes));
    tables
}

fn write_database(database: &Database, text: &mut String) {
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(text, "{name:<14}{}", cli::escape(value));
    };
    let name = database.name.as_ref().map(ToString::to_string);
    line("database", name.as_deref().unwrap_or("(not named)"));
    line("encoding", encoding(&database.schema));
    if !database.schema.objects.is_empty() {
        line("objects", &kinds_in_words(&database.schema));
    }
    if database.trailer_bytes > 0 {
        line("trailer", &format!("{} bytes behind the dump's own end", database.trailer_bytes));
    }
    let tables = tables(database);
    let rows = |table: &TableData| table.content.rows + table.expressions;
    if !tables.is_empty() {
        let all_rows: u64 = tables.iter().map(|(_, table)| rows(table)).sum();
        let bytes: u64 = tables.iter().map(|(_, table)| table.content.bytes).sum();
        line("data", &format!("{} tables, {all_rows} rows, {bytes} bytes", tables.len()));
    }
    let large_objects = &database.data.large_objects;
    if !large_objects.is_empty() {
        let bytes: u64 = large_objects.values().filter_map(|object| Some(object.content?.0)).sum();
        line("large objects", &format!("{}, {bytes} bytes", large_objects.len()));
    }
    if !tables.is_empty() {
        let _ = writeln!(text, "\n{:>14} {:>16}  table", "rows", "bytes");
        for (name, table) in tables {
            let _ = write!(text, "{:>14} {:>16}  {}", rows(table), table.content.bytes, cli::escape(&name));
            text.push_str(match table.expressions {
                0 => "\n",
                _ => "  (rows written as expressions are not in the bytes)\n",
            });
        }
    }
}

fn database_to_json(database: &Database) -> Value {
    let tables: Vec<Value> = tables(database)
        .into_iter()
        .map(|(name, table)| {
            json!({
                "table": name,
                "rows": table.content.rows + table.expressions,
                "bytes": table.content.bytes,
                // Rows that are expressions have no bytes to hash.
                "hash": (table.expressions == 0).then(|| format!("{:x}", table.content)),
            })
        })
        .collect();
    let large_objects = database.data.large_objects.iter().map(|(number, object)| {
        json!({
            "number": number,
            "bytes": object.content.map(|(bytes, _)| bytes),
            "hash": object.content.map(|(_, hash)| format!("{hash:032x}")),
        })
    });
    json!({
        "name": database.name.as_ref().map(ToString::to_string),
        "encoding": encoding(&database.schema),
        "objects": kinds(&database.schema),
        "trailer_bytes": database.trailer_bytes,
        "tables": tables,
        "large_objects": large_objects.collect::<Vec<_>>(),
    })
}
