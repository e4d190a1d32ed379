//! The rows of reference data, on their way from a dump to a stable order.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::ops::Range;

use dump::{
    Address, DataForm, DataSink, DataStatement, Database, Dump, Kind, Name, Pattern, Schema, Want,
    copy_statement,
};

use crate::folder::Content;
use crate::layout;
use crate::rows::{Key, KeyColumn, Sorter, Spool};

/// Memory for sorting rows, in bytes; more rows go through temporary files.
const SORT_BUDGET: usize = 24 * 1024 * 1024;

/// Collects the rows of the tables that match.
#[derive(Debug, Default)]
pub struct Reference {
    patterns: Vec<Pattern>,
    tables: BTreeMap<(Option<Name>, Address), Table>,
    rows: Spool,
    /// The database that rows come from at present, and the table.
    database: Option<Name>,
    relation: Option<Address>,
}

#[derive(Debug)]
struct Table {
    columns: Option<Vec<Name>>,
    /// Where the rows lie in the spool.
    pieces: Vec<Range<u64>>,
}

/// Says why rows cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A temporary file, or where the rows go to.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Rows are written as INSERT of expressions.
    #[error("rows are written as expressions and cannot be kept: {0}")]
    Expressions(String),
    /// Rows have another number of fields than the table has columns.
    #[error("rows do not have as many fields as the table has columns: {0}")]
    Fields(String),
    /// The same table is filled by statements that name different columns.
    #[error("rows come with different lists of columns and cannot be kept: {0}")]
    Columns(String),
}

impl Reference {
    /// Wants the tables, sequences and matviews that match one of the patterns.
    pub fn new(patterns: Vec<Pattern>) -> Reference {
        Reference { patterns, ..Reference::default() }
    }

    /// Says whether nothing is wanted.
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// Forgets the rows of tables that the dump's data no longer has, and leaves only the statements that are wanted: the values of sequences that match or are owned by a table
    /// that does, and the refreshing of matviews that match.
    ///
    /// # Errors
    /// When rows that are wanted have no COPY text.
    pub fn keep_wanted(&mut self, dump: &mut Dump) -> Result<(), Error> {
        self.tables.retain(|(name, address), _| {
            let mut databases = dump.databases.iter().filter(|database| database.name == *name);
            databases.any(|database| database.data.tables.contains_key(address))
        });
        for database in &mut dump.databases {
            let owners = database.owners_of_sequences();
            let data = &mut database.data;
            data.statements.retain(|DataStatement { address, .. }| {
                self.matches(address) || owners.get(address).is_some_and(|table| self.matches(table))
            });
            let bad =
                data.tables.iter().find(|(address, table)| table.expressions > 0 && self.matches(address));
            if let Some((address, _)) = bad {
                return Err(Error::Expressions(address.qualified_name().to_string()));
            }
        }
        Ok(())
    }

    fn matches(&self, relation: &Address) -> bool {
        self.patterns.iter().any(|pattern| pattern.matches(relation.schema.as_ref(), &relation.name))
    }

    /// Writes the rows of one database, table by table, as COPY.
    ///
    /// # Errors
    /// When temporary files cannot be written or read, `out` cannot be written, or rows do not fit their table.
    pub fn write(&mut self, database: &Database, out: &mut impl Write) -> Result<(), Error> {
        let wanted = |key: &&(Option<Name>, Address)| key.0 == database.name;
        let keys: Vec<_> = self.tables.keys().filter(wanted).cloned().collect();
        for key in keys {
            let Some(table) = self.tables.remove(&key) else { continue };
            if let Some(sorted) = table.sort(&mut self.rows, &database.schema, &key.1)? {
                out.write_all(b"\n")?;
                sorted.write(out)?;
            }
        }
        Ok(())
    }

    /// Returns the files of all that is kept, below the folder of each database.
    ///
    /// # Errors
    /// As for [`write`](Self::write).
    pub fn files(mut self, dump: &Dump) -> Result<BTreeMap<String, Content>, Error> {
        let mut files = BTreeMap::new();
        for database in &dump.databases {
            let folder = layout::database_folder(dump, database);
            for statement in &database.data.statements {
                let what = match statement.form {
                    DataForm::Refresh => format!("data of {}", statement.address),
                    _ => format!("value of {}", statement.address),
                };
                let text = [layout::header(&what).as_slice(), &statement.text].concat();
                let path = format!("{folder}{}", layout::data_path(&statement.address, "sql"));
                files.insert(path, Content::Bytes(text));
            }
        }
        for ((name, address), table) in self.tables {
            let Some(database) = dump.databases.iter().find(|database| database.name == name) else {
                continue;
            };
            let Some(sorted) = table.sort(&mut self.rows, &database.schema, &address)? else { continue };
            let (file, path) = tempfile::NamedTempFile::new()?.into_parts();
            let mut out = BufWriter::new(file);
            out.write_all(&layout::header(&format!("rows of {address}")))?;
            sorted.write(&mut out)?;
            out.flush()?;
            let folder = layout::database_folder(dump, database);
            files.insert(format!("{folder}{}", layout::data_path(&address, "copy")), Content::File(path));
        }
        Ok(files)
    }
}

impl DataSink for Reference {
    fn wants(&mut self, database: Option<&Name>, relation: &Address) -> Want {
        self.database = database.cloned();
        if self.matches(relation) { Want::Rows } else { Want::Nothing }
    }

    fn begin(&mut self, relation: &Address, columns: Option<&[Name]>) -> io::Result<()> {
        let key = (self.database.clone(), relation.clone());
        let columns = columns.map(<[Name]>::to_vec);
        let known =
            self.tables.entry(key).or_insert_with(|| Table { columns: columns.clone(), pieces: Vec::new() });
        if known.columns != columns {
            return Err(io::Error::other(Error::Columns(relation.qualified_name().to_string())));
        }
        self.relation = Some(relation.clone());
        Ok(())
    }

    fn rows(&mut self, lines: &[u8]) -> io::Result<()> {
        let Some(relation) = self.relation.clone() else { return Ok(()) };
        match self.tables.get_mut(&(self.database.clone(), relation)) {
            Some(table) => {
                let begin = self.rows.position();
                self.rows.write_all(lines)?;
                let end = self.rows.position();
                match table.pieces.last_mut() {
                    Some(last) if last.end == begin => last.end = end,
                    _ => table.pieces.push(begin..end),
                }
                Ok(())
            }
            None => Ok(()),
        }
    }
}

/// The rows of one table, ready to be written; an INSERT dump does not tell empty tables, so none are told.
struct Sorted {
    copy: Vec<u8>,
    rows: Sorter,
}

impl Table {
    /// Sorts the rows by primary key where the schema tells it, else by all columns; `None` if there are no rows.
    fn sort(self, spool: &mut Spool, schema: &Schema, address: &Address) -> Result<Option<Sorted>, Error> {
        let object = schema.objects.get(address);
        let columns = self.columns.or_else(|| object.and_then(dump::stored_columns));
        let mut rows = Sorter::new(key(schema, address, columns.as_deref()), SORT_BUDGET);
        let fields = columns.as_ref().map(Vec::len);
        let count = spool.for_each_row(&self.pieces, |row| {
            let row = row.strip_suffix(b"\r").unwrap_or(row);
            let found = row.iter().filter(|byte| **byte == b'\t').count() + 1;
            if fields.is_some_and(|fields| found != fields.max(1)) {
                return Err(Error::Fields(address.qualified_name().to_string()));
            }
            Ok(rows.push(row)?)
        })?;
        Ok((count > 0).then(|| Sorted { copy: copy_statement(address, columns.as_deref()), rows }))
    }
}

impl Sorted {
    fn write(self, out: &mut impl Write) -> io::Result<()> {
        out.write_all(&self.copy)?;
        self.rows.finish(out)?;
        out.write_all(b"\\.\n")
    }
}

/// The columns of the primary key as fields of the rows; none sorts by the whole row.
fn key(schema: &Schema, table: &Address, columns: Option<&[Name]>) -> Key {
    let (Some(object), Some(columns)) = (schema.objects.get(table), columns) else { return Key::default() };
    let is_key = |part: &&dump::Part| {
        part.address.kind == Kind::Constraint
            && part.text.windows(13).any(|window| window == b" PRIMARY KEY ")
    };
    let Some(primary_key) = object.parts.iter().find(is_key) else { return Key::default() };
    let numeric = dump::numeric_columns(object);
    let columns = dump::names_in_parentheses(&primary_key.text)
        .unwrap_or_default()
        .into_iter()
        .filter_map(|name| {
            let index = columns.iter().position(|column| *column == name)?;
            Some(KeyColumn { index, numeric: numeric.contains(&name) })
        })
        .collect();
    Key { columns }
}
