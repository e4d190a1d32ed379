//! Tables whose rows are looked at by code of the dump when they arrive.
//!
//! A check may read another table, a trigger fill one: what they find depends on which rows are there already. With
//! `psql` and `pg_restore` those are there that stand before them in the dump.

use std::collections::{HashMap, HashSet};

use dump::{Name, QualifiedName};

use crate::Error;
use crate::plan::RowsPlan;
use crate::session::Session;

/// Lists schema and name of tables with a trigger, a rule or a foreign key, and of those whose checks, generated columns,
/// indexes, or types of columns lead to a function in a language in which it could read a table; and the columns, with
/// their tables, whose default leads to one.
///
/// What depends on what is in `pg_depend`; a constraint, a default and an index belong to their table, a domain's constraint to the domain. A
/// partition's rows may come through its parent.
const WATCHED: &str = "
WITH RECURSIVE code (class, object) AS (
    SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass::pg_catalog.oid, p.oid FROM pg_catalog.pg_proc p
        JOIN pg_catalog.pg_language l ON l.oid OPERATOR(pg_catalog.=) p.prolang
        WHERE p.oid OPERATOR(pg_catalog.>=) 16384::pg_catalog.oid
        AND l.lanname OPERATOR(pg_catalog.<>) ALL ('{internal,c}'::pg_catalog.name[])
    UNION SELECT found.class, found.object FROM code JOIN LATERAL (
        SELECT d.classid, d.objid FROM pg_catalog.pg_depend d
            WHERE d.refclassid OPERATOR(pg_catalog.=) code.class AND d.refobjid OPERATOR(pg_catalog.=) code.object
        UNION ALL SELECT 'pg_catalog.pg_type'::pg_catalog.regclass::pg_catalog.oid, c.contypid FROM pg_catalog.pg_constraint c
            WHERE code.class OPERATOR(pg_catalog.=) 'pg_catalog.pg_constraint'::pg_catalog.regclass::pg_catalog.oid
            AND c.oid OPERATOR(pg_catalog.=) code.object
        UNION ALL SELECT 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid, c.conrelid FROM pg_catalog.pg_constraint c
            WHERE code.class OPERATOR(pg_catalog.=) 'pg_catalog.pg_constraint'::pg_catalog.regclass::pg_catalog.oid
            AND c.oid OPERATOR(pg_catalog.=) code.object
        UNION ALL SELECT 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid, a.adrelid FROM pg_catalog.pg_attrdef a
            JOIN pg_catalog.pg_attribute c ON c.attrelid OPERATOR(pg_catalog.=) a.adrelid
            AND c.attnum OPERATOR(pg_catalog.=) a.adnum AND c.attgenerated OPERATOR(pg_catalog.<>) ''::pg_catalog.\"char\"
            WHERE code.class OPERATOR(pg_catalog.=) 'pg_catalog.pg_attrdef'::pg_catalog.regclass::pg_catalog.oid
            AND a.oid OPERATOR(pg_catalog.=) code.object
        UNION ALL SELECT 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid, i.indrelid FROM pg_catalog.pg_index i
            WHERE code.class OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid
            AND i.indexrelid OPERATOR(pg_catalog.=) code.object
    ) AS found (class, object) ON true
), watched AS (
    SELECT code.object AS relation FROM code
        WHERE code.class OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid
    UNION SELECT t.tgrelid FROM pg_catalog.pg_trigger t WHERE NOT t.tgisinternal
    UNION SELECT r.ev_class FROM pg_catalog.pg_rewrite r
        WHERE r.ev_type OPERATOR(pg_catalog.<>) '1'::pg_catalog.\"char\"
    UNION SELECT c.conrelid FROM pg_catalog.pg_constraint c
        WHERE c.contype OPERATOR(pg_catalog.=) 'f'::pg_catalog.\"char\"
    UNION SELECT i.inhparent FROM watched w
        JOIN pg_catalog.pg_inherits i ON i.inhrelid OPERATOR(pg_catalog.=) w.relation
)
SELECT n.nspname, c.relname, NULL FROM watched w
    JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) w.relation
    JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
    WHERE c.oid OPERATOR(pg_catalog.>=) 16384::pg_catalog.oid
UNION ALL SELECT n.nspname, c.relname, a.attname FROM code JOIN pg_catalog.pg_attrdef d ON d.oid OPERATOR(pg_catalog.=) code.object
    JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) d.adrelid AND a.attnum OPERATOR(pg_catalog.=) d.adnum
    AND a.attgenerated OPERATOR(pg_catalog.=) ''::pg_catalog.\"char\"
    JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) d.adrelid
    JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
    WHERE code.class OPERATOR(pg_catalog.=) 'pg_catalog.pg_attrdef'::pg_catalog.regclass::pg_catalog.oid";

/// Tables whose rows are looked at when they arrive.
#[derive(Debug, Default)]
pub(crate) struct Watched {
    tables: HashSet<QualifiedName>,
    /// Columns whose default does so, where rows come without them.
    defaults: HashMap<QualifiedName, HashSet<Name>>,
}

impl Watched {
    /// Says whether rows are looked at when they arrive.
    pub fn has(&self, rows: &RowsPlan) -> bool {
        let Some(table) = rows.table.as_ref().map(dump::Address::qualified_name) else { return false };
        let given = rows.copy.as_deref().map(dump::names_in_parentheses);
        let by_default = self.defaults.get(&table).is_some_and(|columns| match given {
            Some(Some(given)) => !columns.iter().all(|column| given.contains(column)),
            // All of them.
            Some(None) => false,
            None => true,
        });
        by_default || self.tables.contains(&table)
    }

    /// Says whether there is no such table.
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty() && self.defaults.is_empty()
    }
}

impl Session<'_> {
    /// Lists the tables into which rows have to be loaded alone, in the order of the dump.
    pub(crate) fn watched(&mut self) -> Result<Watched, Error> {
        let name = |value: Vec<u8>| Name::from(value.as_slice());
        let mut watched = Watched::default();
        for row in self.query(WATCHED.as_bytes())? {
            let Ok([Some(schema), Some(table), column]) = <[_; 3]>::try_from(row) else { continue };
            let table = QualifiedName { schema: Some(name(schema)), name: name(table) };
            match column {
                Some(column) => {
                    watched.defaults.entry(table).or_default().insert(name(column));
                }
                None => {
                    watched.tables.insert(table);
                }
            }
        }
        Ok(watched)
    }
}
