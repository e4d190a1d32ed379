//! What the source held.

use dump::{Content, Data};
use serde::{Deserialize, Serialize};

use crate::Hash;

/// An extension.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extension {
    /// Its name.
    pub name: String,
    /// Its version in the source, which a backup does not hold.
    pub version: String,
}

/// What kind of relation a table is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TableKind {
    /// An ordinary table.
    Table,
    /// A partition with rows of its own.
    Partition,
    /// A partitioned table, whose rows are its partitions': it has none.
    PartitionedTable,
    /// A foreign table whose rows were asked for.
    ForeignTable,
}

/// A table and its rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// The schema, as the catalogs have its name.
    pub schema: String,
    /// The name, as the catalogs have it.
    pub name: String,
    /// What it is.
    pub kind: TableKind,
    /// Schema and name of the topmost partitioned table that it is a part of: a backup may hold its rows as those of that.
    pub root: Option<(String, String)>,
    /// The exact number of its rows; those of tables that inherit from it are theirs.
    pub rows: u64,
    /// The bytes of its rows as `COPY` text, if they were read.
    pub bytes: Option<u64>,
    /// The hash of its rows as `dump::Content` adds it up, if they were read.
    pub hash: Option<Hash>,
}

impl Table {
    /// Takes over what reading the rows gave.
    pub fn set_content(&mut self, content: &Content) {
        self.rows = content.rows;
        self.bytes = Some(content.bytes);
        self.hash = Some(Hash(content.hash));
    }
}

/// A sequence and its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sequence {
    /// The schema.
    pub schema: String,
    /// The name.
    pub name: String,
    /// Its `last_value`.
    pub last_value: i64,
    /// Its `is_called`: whether the next value is another.
    pub is_called: bool,
}

/// The large objects together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LargeObjects {
    /// How many there are.
    pub count: u64,
    /// Their bytes, if they were read.
    pub bytes: Option<u64>,
    /// The hash of all of them, if they were read: the sum that `dump::Content` makes of a row for each, which has its
    /// number, its length in bytes and its XXH3-128 (seed 0) as 32 hexadecimal digits, with a tab in between.
    pub hash: Option<Hash>,
}

impl LargeObjects {
    /// Counts and hashes those of a backup; without bytes and hash if the backup lacks the data of one.
    pub fn of(data: &Data) -> LargeObjects {
        let mut rows = Content::default();
        let mut bytes = Some(0);
        for (number, object) in &data.large_objects {
            bytes = bytes.zip(object.content).map(|(sum, (len, _))| sum + len);
            if let Some((len, hash)) = object.content {
                rows.add_row(format!("{number}\t{len}\t{hash:032x}").as_bytes());
            }
        }
        let count = data.large_objects.len() as u64;
        LargeObjects { count, bytes, hash: bytes.map(|_| Hash(rows.hash)) }
    }
}

/// Something of the source that is not in the backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeftOut {
    /// What it is, such as `rows of shop.log`.
    pub what: String,
    /// Why, such as `--exclude-table-data`.
    pub why: String,
}

/// A question to the source and its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assertion {
    /// A query of one value.
    pub sql: String,
    /// The value as text; none for `NULL`.
    pub value: Option<String>,
}
