//! The columns that a table's definition tells.

use crate::Name;
use crate::attribute::Attribute;
use crate::catalog::identity_sequence;
use crate::detail::{Column, Constraint, Table};
use crate::object::{Address, Kind, Role};
use crate::schema::Object;

/// Returns the columns of a table that are not generated, in their order: those that COPY reads and writes.
///
/// `None` where the definition alone does not tell them, because the table inherits columns or is of a type.
///
/// ```
/// use dump::{NoData, ReadOptions, Stream, read, stored_columns};
/// let sql = b"CREATE TABLE a.t (x integer, y integer GENERATED ALWAYS AS (x) STORED, CONSTRAINT c CHECK (x > 0));";
/// let dump = read(Stream(&sql[..]), ReadOptions::default(), &mut NoData)?;
/// let table = dump.databases[0].schema.objects.values().next().unwrap();
/// assert_eq!(stored_columns(table), Some(vec![dump::Name::from("x")]));
/// # Ok::<(), dump::Error>(())
/// ```
pub fn stored_columns(table: &Object) -> Option<Vec<Name>> {
    let table = Table::read(table)?;
    let like = |constraint: &Constraint| constraint.text.starts_with(b"LIKE");
    if !table.of.is_empty() || table.rest.starts_with(b"INHERITS") || table.constraints.iter().any(like) {
        return None;
    }
    let stored = table.columns.into_iter().filter(|column| column.attribute(Attribute::Generated).is_none());
    Some(stored.map(|column| column.name).collect())
}

/// Returns the columns of a table whose type is an integer or `numeric`.
pub fn numeric_columns(table: &Object) -> Vec<Name> {
    let numeric = |column: &Column| {
        let of = column.attribute(Attribute::Type).unwrap_or_default();
        let word = of.split(|byte| !byte.is_ascii_lowercase()).next().unwrap_or_default();
        [&b"smallint"[..], b"integer", b"bigint", b"numeric"].contains(&word)
    };
    let columns = Table::read(table).map(|table| table.columns).unwrap_or_default();
    columns.into_iter().filter(numeric).map(|column| column.name).collect()
}

/// Returns the sequences of a table's identity columns.
pub(crate) fn identity_sequences(table: &Object) -> impl Iterator<Item = Address> {
    let identities = table.parts.iter().filter(|part| part.role == Role::Identity);
    let names = identities.filter_map(|part| identity_sequence(&part.text));
    names.map(|name| Address::in_schema(Kind::Sequence, name))
}

/// Returns the statement in front of a table's rows, with its line break.
///
/// ```
/// use dump::{Address, Kind, Name, QualifiedName, copy_statement};
/// let name = QualifiedName { schema: Some(Name::from("a")), name: Name::from("Tab") };
/// let table = Address::in_schema(Kind::Table, name);
/// assert_eq!(copy_statement(&table, Some(&[Name::from("x")])), b"COPY a.\"Tab\" (x) FROM stdin;\n");
/// assert_eq!(copy_statement(&table, None), b"COPY a.\"Tab\" FROM stdin;\n");
/// ```
pub fn copy_statement(table: &Address, columns: Option<&[Name]>) -> Vec<u8> {
    let mut sql = [b"COPY ", table.qualified_name().to_sql().as_slice()].concat();
    // pg_dump writes no list for a table without columns (`fmtCopyColumnList` in pg_dump.c).
    if let Some(columns) = columns.filter(|columns| !columns.is_empty()) {
        let names: Vec<Vec<u8>> = columns.iter().map(Name::to_sql).collect();
        sql.extend_from_slice(b" (");
        sql.extend(names.join(&b", "[..]));
        sql.push(b')');
    }
    sql.extend_from_slice(b" FROM stdin;\n");
    sql
}
