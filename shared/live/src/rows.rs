//! The rows of tables.

use connect::{Client, Error};
use dump::{Content, Name, QualifiedName};

use crate::literal::literal;

/// Counts the rows of a table, or those of them that a condition is true for, `WHERE` included.
///
/// The rows of tables that inherit from it are their own; those of a partitioned table are its partitions'.
///
/// # Errors
/// When the server refuses, or the connection to it is lost.
pub fn count(
    client: &mut Client,
    table: &QualifiedName,
    partitioned: bool,
    condition: &str,
) -> Result<u64, Error> {
    let only: &[u8] = if partitioned { b"" } else { b"ONLY " };
    let sql =
        [b"SELECT pg_catalog.count(*) FROM ", only, &*table.to_sql(), b" ", condition.as_bytes()].concat();
    let rows = client.query(&sql)?;
    let count = rows.first().and_then(|row| std::str::from_utf8(row.first()?.as_deref()?).ok()?.parse().ok());
    count.ok_or_else(|| Error::Protocol("a count that is no number".to_owned()))
}

/// Reads count, length and hash of a table's rows, of these columns or of all that are not generated; of a table that an
/// extension made, of those rows that belong into a backup. `read` is told of bytes as they come.
///
/// # Errors
/// When the server refuses, or the connection to it is lost.
pub fn content(
    client: &mut Client,
    table: &QualifiedName,
    columns: Option<&[Name]>,
    read: &dyn Fn(u64),
) -> Result<Content, Error> {
    let table = table.to_sql();
    let list = columns.map(|columns| columns.iter().map(Name::to_sql).collect::<Vec<_>>().join(&b", "[..]));
    // The rows of a partitioned table, which a backup may load through it, are its partitions'.
    let kind = client.query(
        &[
            b"SELECT c.relkind, (SELECT x.extcondition[pg_catalog.array_position(x.extconfig, c.oid)] \
              FROM pg_catalog.pg_extension x WHERE c.oid OPERATOR(pg_catalog.=) ANY (x.extconfig)) \
              FROM pg_catalog.pg_class c WHERE c.oid OPERATOR(pg_catalog.=)",
            &*literal(&table),
            b"::pg_catalog.regclass",
        ]
        .concat(),
    )?;
    let kind = kind.into_iter().next().unwrap_or_default();
    let partitioned = kind.first().and_then(|kind| kind.as_deref()) == Some(b"p");
    let condition = kind.get(1).and_then(|condition| condition.as_deref()).unwrap_or_default();
    let sql = match (partitioned, list) {
        (false, list) if !condition.is_empty() => {
            let list = list.unwrap_or_else(|| b"*".to_vec());
            [b"COPY (SELECT ", &*list, b" FROM ONLY ", &*table, b" ", condition, b") TO STDOUT"].concat()
        }
        (true, list) => {
            let list = list.unwrap_or_else(|| b"*".to_vec());
            [b"COPY (SELECT ", &*list, b" FROM ", &*table, b") TO STDOUT"].concat()
        }
        (false, Some(list)) if !list.is_empty() => {
            [b"COPY ", &*table, b" (", &*list, b") TO STDOUT"].concat()
        }
        (false, _) => [b"COPY ", &*table, b" TO STDOUT"].concat(),
    };
    copied(client, &sql, read)
}

/// Reads count, length and hash of the rows that a `COPY … TO STDOUT` gives.
pub(crate) fn copied(client: &mut Client, sql: &[u8], read: &dyn Fn(u64)) -> Result<Content, Error> {
    let mut content = Content::default();
    client.copy_out(sql, &mut |row| {
        content.add_lines(row);
        read(row.len() as u64);
    })?;
    Ok(content)
}
