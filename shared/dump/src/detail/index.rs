//! Indexes and extended statistics.

use super::clause::{Clause, cut, list, unwrapped, value, words};
use super::{Found, create};
use crate::attribute::Attribute;
use crate::layout;
use crate::lexeme::Cursor;

const CLAUSES: [Clause; 6] = [
    value("INCLUDE", Attribute::Include),
    words("NULLS NOT DISTINCT", Attribute::NullsNotDistinct),
    words("NULLS DISTINCT", Attribute::NullsNotDistinct),
    list("WITH ("),
    value("TABLESPACE", Attribute::Tablespace),
    value("WHERE", Attribute::Predicate),
];

/// `CREATE INDEX` as `pg_get_indexdef` (ruleutils.c) writes it. `ONLY` says that the table is partitioned.
pub(super) fn index(mut cursor: Cursor<'_, '_>) -> Option<Vec<Found>> {
    let modifiers = create(&mut cursor, "INDEX")?;
    let mut found: Vec<Found> =
        modifiers.into_iter().map(|word| Found::new(Attribute::Unique, word)).collect();
    if !cursor.eat("ON") {
        cursor.name()?;
        cursor.expect("ON")?;
    }
    cursor.eat("ONLY");
    cursor.qualified()?;
    if cursor.eat("USING") {
        found.push(Found::new(Attribute::AccessMethod, cursor.name()?.to_sql()));
    }
    found.push(Found::new(Attribute::Columns, layout::line(cursor.parentheses()?)));
    found.extend(cut(cursor.rest(), &CLAUSES)?);
    Some(found)
}

/// `CREATE STATISTICS`
pub(super) fn statistics(mut cursor: Cursor<'_, '_>) -> Option<Vec<Found>> {
    create(&mut cursor, "STATISTICS")?;
    cursor.qualified()?;
    let mut found = Vec::new();
    let start = cursor.clone();
    if cursor.parentheses().is_some() {
        let kinds = unwrapped(&start.rest()[..cursor.at - start.at]);
        found.push(Found::item(Attribute::Clause, "kinds", kinds));
    }
    cursor.expect("ON")?;
    let start = cursor.clone();
    cursor.skip_behind("FROM")?;
    found.push(Found::new(Attribute::Columns, layout::line(&start.rest()[..cursor.at - start.at - 1])));
    cursor.qualified()?;
    cursor.at_end().then_some(found)
}
