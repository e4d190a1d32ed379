//! What something belongs under.

use super::clause::{cut, words};
use super::{Found, alter, item_name};
use crate::attribute::Attribute;
use crate::layout;
use crate::lexeme::{Cursor, Lexeme};

/// `ALTER TABLE parent ATTACH PARTITION …`, `ALTER INDEX parent ATTACH PARTITION …` or `ALTER TABLE child INHERIT parent`.
pub(super) fn found(mut cursor: Cursor<'_, '_>) -> Option<Vec<Found>> {
    let mut name = cursor.clone();
    // `ALTER TABLE`
    name.next()?;
    name.next()?;
    name.eat("ONLY");
    let parent = name.qualified()?;
    alter(&mut cursor)?;
    if cursor.eat("INHERIT") {
        return Some(vec![inherits(cursor.qualified()?, cursor.at_end())?]);
    }
    cursor.expect("ATTACH PARTITION")?;
    cursor.qualified()?;
    let mut found = vec![Found::new(Attribute::Parent, parent.to_sql())];
    found.extend(bound(cursor.rest())?);
    Some(found)
}

/// One of the tables that a table inherits from, of which there may be several.
pub(super) fn inherits(parent: crate::QualifiedName, complete: bool) -> Option<Found> {
    complete.then(|| Found::item(Attribute::Parent, item_name(&parent), ""))
}

/// The bound of a partition; an index has none.
fn bound(lexemes: &[Lexeme<'_>]) -> Option<Vec<Found>> {
    if lexemes.first().is_some_and(|first| first.is("DEFAULT")) {
        return Some(vec![Found::new(Attribute::PartitionBound, layout::line(lexemes))]);
    }
    cut(lexemes, &[words("FOR VALUES", Attribute::PartitionBound)])
}
