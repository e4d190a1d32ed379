//! The tables of a database.

use std::collections::{BTreeMap, BTreeSet};

use connect::{Client, Error};
use dump::{Name, QualifiedName};

use crate::literal::literal;

/// Tables of users, and what pg_dump asks of them before it takes their rows (`getTables`, `processExtensionTables` and
/// `expand_table_name_patterns` in pg_dump.c).
const TABLES: &str = "
SELECT n.nspname, c.relname, c.relkind, c.relpersistence,
    EXISTS (SELECT FROM pg_catalog.pg_depend d
        WHERE d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass
            AND d.objid OPERATOR(pg_catalog.=) c.oid AND d.deptype OPERATOR(pg_catalog.=) 'e'),
    (SELECT coalesce(x.extcondition[pg_catalog.array_position(x.extconfig, c.oid)], '')
        FROM pg_catalog.pg_extension x WHERE c.oid OPERATOR(pg_catalog.=) ANY (x.extconfig)),
    (SELECT s.srvname FROM pg_catalog.pg_foreign_table f
        JOIN pg_catalog.pg_foreign_server s ON s.oid OPERATOR(pg_catalog.=) f.ftserver
        WHERE f.ftrelid OPERATOR(pg_catalog.=) c.oid)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
WHERE c.relkind OPERATOR(pg_catalog.=) ANY ('{r,p,f}'::pg_catalog.\"char\"[])
    AND c.relpersistence OPERATOR(pg_catalog.<>) 't' AND n.nspname OPERATOR(pg_catalog.!~) '^pg_'
    AND n.nspname OPERATOR(pg_catalog.<>) 'information_schema'";

/// Tables of users whose names alone find them, by the search path of the session.
const VISIBLE: &str = "
SELECT n.nspname, c.relname FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
WHERE c.relkind OPERATOR(pg_catalog.=) ANY ('{r,p,f}'::pg_catalog.\"char\"[])
    AND n.nspname OPERATOR(pg_catalog.!~) '^pg_' AND n.nspname OPERATOR(pg_catalog.<>) 'information_schema'
    AND pg_catalog.pg_table_is_visible(c.oid)";

/// Partitions with each partitioned table above them, the topmost last.
const ANCESTORS: &str = "
WITH RECURSIVE above (part, parent, level) AS (
    SELECT i.inhrelid, i.inhparent, 1 FROM pg_catalog.pg_inherits i
        JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) i.inhrelid WHERE c.relispartition
    UNION ALL SELECT a.part, i.inhparent, a.level OPERATOR(pg_catalog.+) 1 FROM above a
        JOIN pg_catalog.pg_inherits i ON i.inhrelid OPERATOR(pg_catalog.=) a.parent)
SELECT n.nspname, c.relname, u.nspname, p.relname FROM above a
    JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) a.part
    JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
    JOIN pg_catalog.pg_class p ON p.oid OPERATOR(pg_catalog.=) a.parent
    JOIN pg_catalog.pg_namespace u ON u.oid OPERATOR(pg_catalog.=) p.relnamespace
ORDER BY a.level";

/// What kind of table it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RelationKind {
    /// One with rows of its own, partitions included.
    #[default]
    Table,
    /// One whose rows are its partitions'.
    PartitionedTable,
    /// One whose rows are elsewhere.
    ForeignTable,
}

/// A table of a database.
#[derive(Clone, Debug, Default)]
pub struct Relation {
    /// What it is.
    pub kind: RelationKind,
    /// Whether a crash may empty it (`UNLOGGED`).
    pub unlogged: bool,
    /// Whether an extension made it: a backup then holds its rows only as far as the extension wants it.
    pub of_extension: bool,
    /// The condition, `WHERE` included, on the rows of a table of an extension that belong into a backup
    /// (`pg_extension_config_dump`); empty stands for all, `None` for none.
    pub configuration: Option<String>,
    /// The server of a foreign table.
    pub server: Option<Name>,
    /// The partitioned tables that it is a part of, the topmost last.
    pub ancestors: Vec<QualifiedName>,
}

/// Lists the tables of users by name, system schemas and temporary tables left out.
///
/// # Errors
/// When the server cannot be asked.
pub fn relations(client: &mut Client) -> Result<BTreeMap<QualifiedName, Relation>, Error> {
    let mut relations = BTreeMap::new();
    for row in client.query(TABLES.as_bytes())? {
        let mut values = row.into_iter();
        let mut next = || values.next().flatten();
        let name = name(next(), next());
        let kind = match next().as_deref() {
            Some(b"p") => RelationKind::PartitionedTable,
            Some(b"f") => RelationKind::ForeignTable,
            _ => RelationKind::Table,
        };
        let relation = Relation {
            kind,
            unlogged: next().as_deref() == Some(b"u"),
            of_extension: next().as_deref() == Some(b"t"),
            configuration: next().map(|text| String::from_utf8_lossy(&text).into_owned()),
            server: next().map(|name| Name::from(name.as_slice())),
            ancestors: Vec::new(),
        };
        relations.insert(name, relation);
    }
    for row in client.query(ANCESTORS.as_bytes())? {
        let mut values = row.into_iter();
        let mut next = || values.next().flatten();
        let (part, above) = (name(next(), next()), name(next(), next()));
        if let Some(relation) = relations.get_mut(&part) {
            relation.ancestors.push(above);
        }
    }
    Ok(relations)
}

/// Lists those that are found without a schema by a search path, which holds for this one statement.
///
/// # Errors
/// When the server refuses.
pub(crate) fn visible(client: &mut Client, path: &str) -> Result<BTreeSet<QualifiedName>, Error> {
    let set =
        [b"SELECT pg_catalog.set_config('search_path',", &*literal(path.as_bytes()), b", true)"].concat();
    client.execute(b"SAVEPOINT search_path")?;
    let found = client.query(&set).and_then(|_| client.query(VISIBLE.as_bytes()));
    if matches!(found, Ok(_) | Err(Error::Server(_))) {
        // Takes the path back, whatever came of it.
        client.execute(b"ROLLBACK TO SAVEPOINT search_path")?;
    }
    let names = found?.into_iter().map(|row| {
        let mut values = row.into_iter();
        name(values.next().flatten(), values.next().flatten())
    });
    Ok(names.collect())
}

fn name(schema: Option<Vec<u8>>, name: Option<Vec<u8>>) -> QualifiedName {
    let part = |part: Option<Vec<u8>>| Name::from(part.unwrap_or_default().as_slice());
    QualifiedName { schema: Some(part(schema)), name: part(name) }
}
