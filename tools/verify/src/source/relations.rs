//! The tables of a live source.

use std::collections::BTreeMap;

use connect::{Client, Error};
use dump::{Name, QualifiedName};

/// Ordinary and partitioned tables of users: name, kind, whether an extension made it.
const TABLES: &str = "
SELECT n.nspname, c.relname, c.relkind, EXISTS (SELECT FROM pg_catalog.pg_depend d
    WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e')
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'";

/// Partitions with each partitioned table above them.
const ANCESTORS: &str = "
WITH RECURSIVE above (part, parent) AS (
    SELECT i.inhrelid, i.inhparent FROM pg_catalog.pg_inherits i
        JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid WHERE c.relispartition
    UNION ALL SELECT a.part, i.inhparent FROM above a JOIN pg_catalog.pg_inherits i ON i.inhrelid = a.parent)
SELECT n.nspname, c.relname, u.nspname, p.relname FROM above
    JOIN pg_catalog.pg_class c ON c.oid = part JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_class p ON p.oid = parent JOIN pg_catalog.pg_namespace u ON u.oid = p.relnamespace";

/// A table of the source.
#[derive(Clone, Debug, Default)]
pub struct Relation {
    /// Whether its rows are its partitions'.
    pub partitioned: bool,
    /// Whether an extension made it: a backup then holds its rows only as far as the extension wants it.
    pub of_extension: bool,
    /// The partitioned tables that it is a part of.
    pub ancestors: Vec<QualifiedName>,
}

/// Lists them by name.
///
/// # Errors
/// When the source cannot be asked.
pub fn of_source(client: &mut Client) -> Result<BTreeMap<QualifiedName, Relation>, Error> {
    let mut relations = BTreeMap::new();
    for row in client.query(TABLES.as_bytes())? {
        let mut values = row.into_iter().map(Option::unwrap_or_default);
        let mut next = || values.next().unwrap_or_default();
        let name = name(next(), next());
        let partitioned = next() == b"p";
        relations.insert(name, Relation { partitioned, of_extension: next() == b"t", ancestors: Vec::new() });
    }
    for row in client.query(ANCESTORS.as_bytes())? {
        let mut values = row.into_iter().map(Option::unwrap_or_default);
        let mut next = || values.next().unwrap_or_default();
        let (part, above) = (name(next(), next()), name(next(), next()));
        if let Some(relation) = relations.get_mut(&part) {
            relation.ancestors.push(above);
        }
    }
    Ok(relations)
}

fn name(schema: Vec<u8>, name: Vec<u8>) -> QualifiedName {
    QualifiedName { schema: Some(Name::from(schema.as_slice())), name: Name::from(name.as_slice()) }
}
