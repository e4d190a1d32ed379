//! The rows of reference data, on their way from the dump to files in a stable order.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};

use dump::{Address, DataSink, Kind, Name, Pattern, QualifiedName, Schema};
use tree::folder::Content;
use tree::layout;
use tree::rows::{Key, KeyColumn, Sorter, Spool};

/// Memory for sorting rows, in bytes; more rows go through temporary files.
const SORT_BUDGET: usize = 24 * 1024 * 1024;

/// Collects the rows of the tables that match.
#[derive(Debug, Default)]
pub struct Reference {
    patterns: Vec<Pattern>,
    tables: BTreeMap<Address, Table>,
    current: Option<Address>,
    /// Tables whose rows come as INSERT.
    pub inserts: Vec<Address>,
}

#[derive(Debug)]
struct Table {
    copy: Vec<u8>,
    rows: Spool,
}

impl Reference {
    /// Wants the tables that match one of the patterns.
    pub fn new(patterns: Vec<Pattern>) -> Reference {
        Reference { patterns, ..Reference::default() }
    }

    /// Returns the files of rows, sorted by primary key where the schema tells it.
    ///
    /// # Errors
    /// When temporary files cannot be written or read.
    pub fn files(self, schema: &Schema) -> io::Result<BTreeMap<String, Content>> {
        let mut files = BTreeMap::new();
        for (address, table) in self.tables {
            let mut sorter = Sorter::new(key(schema, &address, &table.copy), SORT_BUDGET);
            table.rows.for_each_row(|row| sorter.push(row))?;
            let (file, path) = tempfile::NamedTempFile::new()?.into_parts();
            let mut out = BufWriter::new(file);
            out.write_all(&layout::header(&format!("rows of {address}")))?;
            out.write_all(&table.copy)?;
            sorter.finish(&mut out)?;
            out.write_all(b"\\.\n")?;
            out.flush()?;
            files.insert(layout::data_path(&address), Content::File(path));
        }
        Ok(files)
    }
}

impl DataSink for Reference {
    fn wants(&mut self, _: Option<&Name>, relation: &Address) -> bool {
        self.patterns.iter().any(|pattern| pattern.matches(relation.schema.as_ref(), &relation.name))
    }

    fn begin(&mut self, relation: &Address, copy: Option<&[u8]>) -> io::Result<()> {
        match copy {
            Some(copy) => {
                let table = || Table { copy: copy.to_vec(), rows: Spool::new() };
                self.tables.entry(relation.clone()).or_insert_with(table);
                self.current = Some(relation.clone());
            }
            None => {
                self.current = None;
                if self.inserts.last() != Some(relation) {
                    self.inserts.push(relation.clone());
                }
            }
        }
        Ok(())
    }

    fn data(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self.current.as_ref().and_then(|current| self.tables.get_mut(current)) {
            Some(table) => table.rows.write_all(bytes),
            None => Ok(()),
        }
    }
}

/// The columns of the primary key as fields of the rows; none sorts by the whole row.
fn key(schema: &Schema, table: &Address, copy: &[u8]) -> Key {
    let Some(object) = schema.objects.get(table) else { return Key::default() };
    let names = |text: &[u8]| -> Vec<Name> { dump::names_in_parentheses(text).unwrap_or_default() };
    let columns = names(copy);
    let is_key = |part: &&dump::Part| {
        part.address.kind == Kind::Constraint
            && part.text.windows(13).any(|window| window == b" PRIMARY KEY ")
    };
    let Some(primary_key) = object.parts.iter().find(is_key) else { return Key::default() };
    let numeric = dump::numeric_columns(object);
    let columns = names(&primary_key.text)
        .into_iter()
        .filter_map(|name| {
            let index = columns.iter().position(|column| *column == name)?;
            Some(KeyColumn { index, numeric: numeric.contains(&name) })
        })
        .collect();
    Key { columns }
}

/// The tables of a selection by name, for messages.
pub fn names(tables: &[Address]) -> String {
    let names: Vec<String> =
        tables.iter().map(|table| QualifiedName::to_string(&table.qualified_name())).collect();
    names.join(", ")
}
