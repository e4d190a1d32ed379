//! What `ALTER` sets on something that is there.

use super::clause::{Clause, cut, list, other, value, words};
use super::definition::{assignments, role_attributes};
use super::routine::setting;
use super::{Found, alter, alter_column};
use crate::Name;
use crate::attribute::Attribute;
use crate::layout;
use crate::lexeme::{Cursor, literal_value};
use crate::lexer::TokenKind;
use crate::object::{Address, Kind};

/// What may stand behind the name, or behind the column's.
const CLAUSES: [Clause; 27] = [
    list("SET ("),
    list("OPTIONS ("),
    value("SET STATISTICS", Attribute::StatisticsTarget),
    value("SET STORAGE", Attribute::Storage),
    value("SET COMPRESSION", Attribute::Compression),
    value("SET DATA TYPE", Attribute::Type),
    value("TYPE", Attribute::Type),
    value("SET DEFAULT", Attribute::Default),
    value("SET TABLESPACE", Attribute::Tablespace),
    value("SET ACCESS METHOD", Attribute::AccessMethod),
    words("SET LOGGED", Attribute::Persistence),
    words("SET UNLOGGED", Attribute::Persistence),
    value("REPLICA IDENTITY", Attribute::ReplicaIdentity),
    value("CLUSTER ON", Attribute::Cluster),
    words("NO FORCE ROW LEVEL SECURITY", Attribute::ForceRowSecurity),
    words("FORCE ROW LEVEL SECURITY", Attribute::ForceRowSecurity),
    words("ENABLE ROW LEVEL SECURITY", Attribute::RowSecurity),
    words("DISABLE ROW LEVEL SECURITY", Attribute::RowSecurity),
    value("OF", Attribute::OfType),
    words("ENABLE", Attribute::Enabled),
    words("DISABLE", Attribute::Enabled),
    other("NO DEPENDS ON EXTENSION", "no depends on extension"),
    other("DEPENDS ON EXTENSION", "depends on extension"),
    other("VALIDATE CONSTRAINT", "validate constraint"),
    other("REFRESH VERSION", "version"),
    other("SET SCHEMA", "schema"),
    other("UPDATE", "update"),
];

/// Returns what one `ALTER` sets; `None` if that is not known.
pub(super) fn found(address: &Address, mut cursor: Cursor<'_, '_>) -> Option<Vec<Found>> {
    let whose = cursor.clone();
    alter(&mut cursor)?;
    match address.kind {
        Kind::Role => {
            return if cursor.eat("SET") { parameter(cursor, None) } else { role_attributes(cursor) };
        }
        // `ALTER ROLE r IN DATABASE d SET …`
        Kind::Database if cursor.eat("IN DATABASE") => {
            cursor.name()?;
            cursor.expect("SET")?;
            return parameter(cursor, whose.rest().get(2).map(|role| Name::from_sql(&role.text)));
        }
        Kind::Database if !cursor.sees("SET TABLESPACE") => {
            if cursor.eat("SET") {
                return parameter(cursor, None);
            }
            cursor.eat("WITH");
            return assignments(&mut cursor);
        }
        Kind::Trigger | Kind::Rule => {
            if let Some(found) = switched(&mut cursor) {
                return cursor.at_end().then(|| vec![found]);
            }
        }
        Kind::Column => alter_column(&mut cursor)?,
        // `ALTER INDEX i ALTER COLUMN 1 SET STATISTICS 300`
        Kind::Index if cursor.sees("ALTER") => {
            cursor.expect("ALTER COLUMN")?;
            let number = cursor.next().filter(|number| number.kind == TokenKind::Number)?;
            cursor.expect("SET STATISTICS")?;
            let target = layout::line(cursor.rest());
            return Some(vec![Found::item(Attribute::StatisticsTarget, number.text.as_ref(), target)]);
        }
        Kind::Type if cursor.eat("ADD VALUE") => {
            let label = literal_value(cursor.next()?)?;
            return Some(vec![Found::item(Attribute::Label, label.as_slice(), layout::line(cursor.rest()))]);
        }
        _ => {}
    }
    if address.kind.is_routine() && cursor.eat("SET") {
        return parameter(cursor, None);
    }
    if cursor.sees("SET NOT NULL") {
        cursor.expect("SET")?;
        return Some(vec![Found::new(Attribute::NotNull, layout::line(cursor.rest()))]);
    }
    cut(cursor.rest(), &CLAUSES).filter(|found| !found.is_empty())
}

/// `parameter TO value`, for all or for one role.
fn parameter(cursor: Cursor<'_, '_>, role: Option<Name>) -> Option<Vec<Found>> {
    let (mut item, text) = setting(cursor.rest())?;
    if let Some(role) = role {
        item = Name::from([item.bytes(), b" for role ", role.bytes()].concat().as_slice());
    }
    Some(vec![Found::item(Attribute::Setting, item, text)])
}

/// `ENABLE ALWAYS TRIGGER g`: the words tell, not the name.
fn switched(cursor: &mut Cursor<'_, '_>) -> Option<Found> {
    let mut ahead = cursor.clone();
    let text = ["ENABLE ALWAYS", "ENABLE REPLICA", "ENABLE", "DISABLE"]
        .into_iter()
        .find(|words| ahead.eat(words))?;
    if !ahead.eat("TRIGGER") && !ahead.eat("RULE") {
        return None;
    }
    ahead.name()?;
    *cursor = ahead;
    Some(Found::new(Attribute::Enabled, text))
}
