//! Sequences, those of identity columns included.

use super::clause::{Clause, cut, flag, other, value, words};
use super::{Found, alter, alter_column, create};
use crate::attribute::Attribute;
use crate::layout;
use crate::lexeme::{Cursor, Lexeme};

const CLAUSES: [Clause; 17] = [
    value("AS", Attribute::Type),
    value("START WITH", Attribute::Start),
    value("START", Attribute::Start),
    value("INCREMENT BY", Attribute::Increment),
    value("INCREMENT", Attribute::Increment),
    words("NO MINVALUE", Attribute::Minimum),
    value("MINVALUE", Attribute::Minimum),
    words("NO MAXVALUE", Attribute::Maximum),
    value("MAXVALUE", Attribute::Maximum),
    value("CACHE", Attribute::Cache),
    words("NO CYCLE", Attribute::Cycle),
    words("CYCLE", Attribute::Cycle),
    value("OWNED BY", Attribute::OwnedBy),
    other("SEQUENCE NAME", "sequence name"),
    words("LOGGED", Attribute::Persistence),
    words("UNLOGGED", Attribute::Persistence),
    flag("RESTART", "restart"),
];

/// `CREATE SEQUENCE`
pub(super) fn sequence(mut cursor: Cursor<'_, '_>) -> Option<Vec<Found>> {
    let modifiers = create(&mut cursor, "SEQUENCE")?;
    cursor.qualified()?;
    let mut found = vec![persistence(&modifiers)];
    found.extend(cut(cursor.rest(), &CLAUSES)?);
    Some(found)
}

/// Whether something is logged, from the words in front of its kind.
pub(super) fn persistence(modifiers: &[String]) -> Found {
    let text = if modifiers.is_empty() { "LOGGED".to_owned() } else { modifiers.join(" ") };
    Found::new(Attribute::Persistence, text)
}

/// `ALTER TABLE t ALTER COLUMN c ADD GENERATED ALWAYS AS IDENTITY (…)`
pub(super) fn identity(mut cursor: Cursor<'_, '_>) -> Option<Vec<Found>> {
    alter(&mut cursor)?;
    alter_column(&mut cursor)?;
    cursor.expect("ADD")?;
    identity_words(cursor.rest())
}

/// `GENERATED ALWAYS AS IDENTITY (…)`
pub(super) fn identity_words(lexemes: &[Lexeme<'_>]) -> Option<Vec<Found>> {
    let mut cursor = Cursor::new(lexemes);
    cursor.expect("GENERATED")?;
    let start = cursor.clone();
    cursor.skip_behind("AS")?;
    let mut found =
        vec![Found::new(Attribute::Identity, layout::line(&start.rest()[..cursor.at - start.at - 1]))];
    cursor.expect("IDENTITY")?;
    if let Some(options) = cursor.parentheses() {
        found.extend(cut(options, &CLAUSES)?);
    }
    cursor.at_end().then_some(found)
}
