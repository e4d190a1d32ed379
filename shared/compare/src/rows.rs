//! The rows of two dumps, by count and hash.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use dump::{
    Address, Attribute, Content, Data, DataForm, Database, Dump, Kind, LargeObject, Name, Table, TableData,
};

use crate::dumps::databases;

/// The data of a table, sequence, matview or large object that is not the same on both sides.
///
/// A large object counts as one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowsChange {
    /// The database it is in, as in a change.
    pub database: Option<Name>,
    /// The table; or a sequence, matview or large object.
    pub table: Address,
    /// What its rows came to; none if the old dump holds none of this table.
    pub old: Option<Content>,
    /// What they come to now; none if the new dump holds none of this table.
    pub new: Option<Content>,
    /// What else there is to know.
    pub remark: Option<Remark>,
}

impl RowsChange {
    /// Says whether the data is known to differ; else it cannot be told.
    pub fn is_difference(&self) -> bool {
        let rows = |side: &Option<Content>| side.as_ref().map(|content| content.rows);
        self.remark != Some(Remark::Expressions) || rows(&self.old) != rows(&self.new)
    }
}

/// What is to be known of a change of rows beside the numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remark {
    /// Only one of the dumps has the table.
    OneSided,
    /// Both have the table, and one holds nothing of its data: it was left out, or there were no rows for `INSERT`.
    NotHeld,
    /// The columns differ, and so do the rows; only their numbers can be compared.
    Columns,
    /// Rows are written as `INSERT` of expressions: only their numbers can be compared.
    Expressions,
    /// The value of a sequence.
    Value {
        /// What it was; none if the old dump has none.
        old: Option<String>,
        /// What it is now; none if the new dump has none.
        new: Option<String>,
    },
    /// Only one of the dumps fills the matview.
    Filled {
        /// Whether that is the new one.
        now: bool,
    },
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".to_owned());
        match self {
            Remark::OneSided => f.write_str("only one of the dumps has it"),
            Remark::NotHeld => f.write_str("one dump has the table and holds no data of it"),
            Remark::Columns => f.write_str("the columns differ, only the numbers of rows can be compared"),
            Remark::Expressions => {
                f.write_str("rows are INSERTs of expressions, only their numbers can be compared")
            }
            Remark::Value { old, new } => write!(f, "value: {} → {}", text(old), text(new)),
            Remark::Filled { now: true } => f.write_str("is filled now"),
            Remark::Filled { now: false } => f.write_str("is filled no more"),
        }
    }
}

/// Says which of two dumps holds no data at all, though it has tables: there is nothing to compare rows with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoData {
    /// Whether it is the old one.
    pub old: bool,
    /// Whether it is the new one.
    pub new: bool,
}

impl fmt::Display for NoData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (self.old, self.new) {
            (true, true) => "neither dump holds data",
            (true, false) => "the old dump holds no data",
            (false, _) => "the new dump holds no data",
        })
    }
}

impl std::error::Error for NoData {}

/// Returns what differs in the data of two dumps, which were read for the content of every table.
///
/// # Errors
/// When a dump with tables holds no data at all, such as one of the schema only: that is no dump of empty tables.
///
/// ```
/// use dump::{AllContent, ReadOptions, Stream, read};
/// let read = |sql: &'static str| read(Stream(sql.as_bytes()), ReadOptions::default(), &mut AllContent).unwrap();
/// let old = read("CREATE TABLE a.t (x integer);\nCOPY a.t (x) FROM stdin;\n1\n\\.\n");
/// let new = read("CREATE TABLE a.t (x integer);\nINSERT INTO a.t (x) VALUES (1);\nINSERT INTO a.t (x) VALUES (2);\n");
/// let changes = compare::rows(&old, &new)?;
/// assert_eq!(changes[0].table.to_string(), "table a.t");
/// assert_eq!(changes[0].old.map(|content| content.rows), Some(1));
/// assert_eq!(changes[0].new.map(|content| content.rows), Some(2));
/// # Ok::<(), compare::NoData>(())
/// ```
pub fn rows(old: &Dump, new: &Dump) -> Result<Vec<RowsChange>, NoData> {
    let missing = NoData { old: holds_none(old), new: holds_none(new) };
    if missing.old || missing.new {
        return Err(missing);
    }
    let mut changes = Vec::new();
    let empty = Database::default();
    for (name, old, new) in databases(old, new) {
        let (old, new) = (Side::of(old.unwrap_or(&empty)), Side::of(new.unwrap_or(&empty)));
        let before = changes.len();
        tables(&old, &new, &mut changes);
        statements(&old, &new, &mut changes);
        large_objects(old.data(), new.data(), &mut changes);
        for change in &mut changes[before..] {
            change.database = name.cloned();
        }
    }
    Ok(changes)
}

fn holds_none(dump: &Dump) -> bool {
    let without = |data: &Data| {
        data.tables.is_empty()
            && data.statements.is_empty()
            && data.large_objects.values().all(|object| object.content.is_none())
    };
    let has_tables =
        |database: &Database| database.schema.objects.keys().any(|address| address.kind == Kind::Table);
    dump.databases.iter().all(|database| without(&database.data)) && dump.databases.iter().any(has_tables)
}

/// A database of one dump.
struct Side<'d> {
    database: &'d Database,
    /// The names of what it has, whatever kind the data's statements take it for.
    relations: BTreeSet<(Option<&'d Name>, &'d Name)>,
}

impl<'d> Side<'d> {
    fn of(database: &'d Database) -> Side<'d> {
        let relations = database.schema.objects.keys().filter(|address| address.kind.is_relation());
        let relations = relations.map(|address| (address.schema.as_ref(), &address.name)).collect();
        Side { database, relations }
    }

    fn data(&self) -> &'d Data {
        &self.database.data
    }

    fn has(&self, address: &Address) -> bool {
        self.relations.contains(&(address.schema.as_ref(), &address.name))
    }

    /// The names and types of the columns that rows are written of; none if the dump does not tell.
    fn columns(&self, table: &Address) -> Option<Vec<(Name, Vec<u8>)>> {
        let table = Table::read(self.database.schema.objects.get(table)?)?;
        let stored =
            table.columns.into_iter().filter(|column| column.attribute(Attribute::Generated).is_none());
        let columns = stored.map(|column| {
            let of = column.attribute(Attribute::Type).unwrap_or_default().to_vec();
            (column.name, of)
        });
        Some(columns.collect())
    }
}

fn tables(old: &Side<'_>, new: &Side<'_>, changes: &mut Vec<RowsChange>) {
    let addresses: BTreeSet<&Address> = old.data().tables.keys().chain(new.data().tables.keys()).collect();
    for table in addresses {
        let (before, after) = (old.data().tables.get(table), new.data().tables.get(table));
        let remark = match (before, after) {
            (Some(before), Some(after)) if before.expressions + after.expressions > 0 => {
                Some(Remark::Expressions)
            }
            (Some(before), Some(after)) if before == after => continue,
            (Some(_), Some(_)) => match (old.columns(table), new.columns(table)) {
                (Some(old), Some(new)) if old != new => Some(Remark::Columns),
                _ => None,
            },
            // `INSERT` leaves no trace of a table without rows, `COPY` does.
            (Some(only), None) | (None, Some(only)) if number(only) == 0 => continue,
            (Some(_), None) if new.has(table) => Some(Remark::NotHeld),
            (None, _) if old.has(table) => Some(Remark::NotHeld),
            _ => Some(Remark::OneSided),
        };
        let content = |side: &TableData| Content { rows: number(side), ..side.content };
        changes.push(RowsChange {
            database: None,
            table: table.clone(),
            old: before.map(content),
            new: after.map(content),
            remark,
        });
    }
}

/// The number of rows, in whatever form they are written.
fn number(table: &TableData) -> u64 {
    table.content.rows + table.expressions
}

/// The values of sequences, and which matviews are filled.
fn statements(old: &Side<'_>, new: &Side<'_>, changes: &mut Vec<RowsChange>) {
    let by_address = |side: &Side<'_>| -> BTreeMap<Address, (DataForm, String)> {
        let statements = side.data().statements.iter();
        statements.map(|one| (one.address.clone(), (one.form, value(&one.text)))).collect()
    };
    let (before, after) = (by_address(old), by_address(new));
    let addresses: BTreeSet<&Address> = before.keys().chain(after.keys()).collect();
    for address in addresses {
        let (was, is) = (before.get(address), after.get(address));
        // What came or went is a change of the schema.
        let come_or_gone = (was.is_none() && !old.has(address)) || (is.is_none() && !new.has(address));
        if was == is || come_or_gone {
            continue;
        }
        let text = |side: Option<&(DataForm, String)>| side.map(|(_, value)| value.clone());
        let remark = match was.or(is) {
            Some((DataForm::Refresh, _)) => Remark::Filled { now: is.is_some() },
            _ => Remark::Value { old: text(was), new: text(is) },
        };
        let (old, new) = (None, None);
        changes.push(RowsChange { database: None, table: address.clone(), old, new, remark: Some(remark) });
    }
}

/// The value in `SELECT pg_catalog.setval('a.s', 5, true);`.
fn value(statement: &[u8]) -> String {
    let text = String::from_utf8_lossy(statement);
    let mut words = text.trim_end().trim_end_matches([';', ')']).rsplit(", ");
    match (words.next(), words.next()) {
        (Some("false"), Some(value)) => format!("{value}, not used yet"),
        (Some(_), Some(value)) => value.to_owned(),
        _ => String::new(),
    }
}

fn large_objects(old: &Data, new: &Data, changes: &mut Vec<RowsChange>) {
    let numbers: BTreeSet<&u32> = old.large_objects.keys().chain(new.large_objects.keys()).collect();
    for number in numbers {
        let (before, after) = (old.large_objects.get(number), new.large_objects.get(number));
        let content = |object: Option<&LargeObject>| {
            let (bytes, hash) = object?.content?;
            Some(Content { rows: 1, bytes, hash })
        };
        let remark = (before.is_none() || after.is_none()).then_some(Remark::OneSided);
        if remark.is_some() || content(before) != content(after) {
            let table = Address::global(Kind::LargeObject, Name::from(number.to_string().as_str()));
            let (old, new) = (content(before), content(after));
            changes.push(RowsChange { database: None, table, old, new, remark });
        }
    }
}

#[cfg(test)]
mod tests {
    use dump::{AllContent, ReadOptions, Stream, read};

    use super::*;

    fn dump(sql: &str) -> Dump {
        read(Stream(sql.as_bytes()), ReadOptions::default(), &mut AllContent).unwrap()
    }

    /// What differs, as `table old new remark`, with the numbers of rows.
    fn lines(old: &str, new: &str) -> Vec<String> {
        let count = |side: Option<Content>| side.map_or("-".to_owned(), |content| content.rows.to_string());
        let line = |change: RowsChange| {
            let remark = change.remark.map(|remark| remark.to_string()).unwrap_or_default();
            format!("{} {} {} {remark}", change.table, count(change.old), count(change.new))
                .trim_end()
                .to_owned()
        };
        rows(&dump(old), &dump(new)).unwrap().into_iter().map(line).collect()
    }

    const TABLE: &str = "CREATE TABLE a.t (x integer, y text);\n";

    fn copy(table: &str, lines: &str) -> String {
        format!("COPY {table} (x, y) FROM stdin;\n{lines}\\.\n")
    }

    #[test]
    fn rows_are_a_multiset_in_whatever_form() {
        let one = format!("{TABLE}{}", copy("a.t", "1\tone\n2\ttwo\n"));
        let shuffled = format!("{TABLE}{}", copy("a.t", "2\ttwo\n1\tone\n"));
        let inserts = format!(
            "{TABLE}INSERT INTO a.t (x, y) VALUES (1, 'one');\nINSERT INTO a.t (x, y) VALUES (2, 'two');\n"
        );
        let other = format!("{TABLE}{}", copy("a.t", "1\tone\n2\ttwi\n"));
        assert_eq!(lines(&one, &shuffled), [""; 0]);
        assert_eq!(lines(&one, &inserts), [""; 0]);
        assert_eq!(lines(&one, &other), ["table a.t 2 2"]);
    }

    #[test]
    fn a_dump_without_data_is_no_dump_of_empty_tables() {
        let (full, schema) = (dump(&format!("{TABLE}{}", copy("a.t", "1\tone\n"))), dump(TABLE));
        let message = |old: &Dump, new: &Dump| rows(old, new).unwrap_err().to_string();
        assert_eq!(message(&full, &schema), "the new dump holds no data");
        assert_eq!(message(&schema, &full), "the old dump holds no data");
        assert_eq!(message(&schema, &schema), "neither dump holds data");
        let no_tables = dump("CREATE SCHEMA a;\n");
        assert_eq!(rows(&no_tables, &no_tables), Ok(Vec::new()));
    }

    #[test]
    fn rows_on_one_side_are_told_apart_by_their_table() {
        let rows = copy("a.t", "1\tone\n");
        let other = "CREATE TABLE a.u (x integer, y text);\n";
        let old = format!("{TABLE}{other}{rows}{}", copy("a.u", ""));
        let held_not = format!("{TABLE}{other}{}", copy("a.u", ""));
        let gone = format!("{other}{}", copy("a.u", ""));
        assert_eq!(lines(&old, &held_not), ["table a.t 1 - one dump has the table and holds no data of it"]);
        assert_eq!(lines(&gone, &old), ["table a.t - 1 only one of the dumps has it"]);
        // An empty table is written by COPY and not by INSERT.
        let inserts = format!("{TABLE}{other}INSERT INTO a.t (x, y) VALUES (1, 'one');\n");
        assert_eq!(lines(&old, &inserts), [""; 0]);
    }

    #[test]
    fn what_only_counts_can_tell_is_said() {
        let old = format!("{TABLE}{}", copy("a.t", "1\tone\n"));
        let other_columns = old.replace("y text);", "y text, z date);");
        assert_eq!(lines(&old, &other_columns), [""; 0], "the rows are the same");
        let longer = format!(
            "{}COPY a.t (x, y, z) FROM stdin;\n1\tone\t\\N\n\\.\n",
            TABLE.replace("y text);", "y text, z date);")
        );
        let remark = "the columns differ, only the numbers of rows can be compared";
        assert_eq!(lines(&old, &longer), [format!("table a.t 1 1 {remark}")]);
        let expression = format!("{TABLE}INSERT INTO a.t (x, y) VALUES (1, lower('ONE'));\n");
        let changes = rows(&dump(&old), &dump(&expression)).unwrap();
        assert_eq!(changes[0].remark, Some(Remark::Expressions));
        assert!(!changes[0].is_difference());
        let twice = format!("{expression}INSERT INTO a.t (x, y) VALUES (2, 'two');\n");
        assert!(rows(&dump(&old), &dump(&twice)).unwrap()[0].is_difference());
    }

    #[test]
    fn sequences_and_matviews_have_data_too() {
        let schema = "CREATE SEQUENCE a.s;\nCREATE MATERIALIZED VIEW a.m AS SELECT 1 AS x WITH NO DATA;\n";
        let old = format!("{schema}SELECT pg_catalog.setval('a.s', 5, true);\n");
        let new =
            format!("{schema}SELECT pg_catalog.setval('a.s', 1, false);\nREFRESH MATERIALIZED VIEW a.m;\n");
        assert_eq!(lines(&old, &old), [""; 0]);
        assert_eq!(
            lines(&old, &new),
            ["sequence a.s - - value: 5 → 1, not used yet", "materialized view a.m - - is filled now"]
        );
    }

    #[test]
    fn large_objects_are_compared_by_their_bytes() {
        let object = |bytes: &str| {
            format!(
                "SELECT pg_catalog.lo_create('7');\nBEGIN;\nSELECT pg_catalog.lo_open('7', 131072);\n\
                 SELECT pg_catalog.lowrite(0, '\\x{bytes}');\nSELECT pg_catalog.lo_close(0);\nCOMMIT;\n"
            )
        };
        let old = object("00ff");
        assert_eq!(lines(&old, &old), [""; 0]);
        assert_eq!(lines(&old, &object("00fe")), ["large object 7 1 1"]);
        assert_eq!(lines(&old, "CREATE SCHEMA a;\n"), ["large object 7 1 - only one of the dumps has it"]);
    }
}
