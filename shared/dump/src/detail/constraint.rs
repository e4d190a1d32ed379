//! Constraints.

use super::clause::{Clause, cut, flag, list, other, unwrapped, value, words};
use super::{Found, alter};
use crate::attribute::Attribute;
use crate::layout;
use crate::lexeme::{Cursor, Lexeme};

/// What may stand behind what a constraint is over (`pg_get_constraintdef_worker` in ruleutils.c).
const CLAUSES: [Clause; 19] = [
    list("WITH ("),
    value("INCLUDE", Attribute::Include),
    value("USING INDEX TABLESPACE", Attribute::Tablespace),
    other("USING INDEX", "using index"),
    value("REFERENCES", Attribute::References),
    value("ON DELETE", Attribute::OnDelete),
    value("ON UPDATE", Attribute::OnUpdate),
    words("NOT DEFERRABLE INITIALLY IMMEDIATE", Attribute::Deferrable),
    words("DEFERRABLE INITIALLY IMMEDIATE", Attribute::Deferrable),
    words("DEFERRABLE INITIALLY DEFERRED", Attribute::Deferrable),
    words("NOT DEFERRABLE", Attribute::Deferrable),
    words("DEFERRABLE", Attribute::Deferrable),
    words("INITIALLY DEFERRED", Attribute::Deferrable),
    words("INITIALLY IMMEDIATE", Attribute::Deferrable),
    words("NOT VALID", Attribute::NotValid),
    words("NOT ENFORCED", Attribute::NotEnforced),
    words("NO INHERIT", Attribute::NoInherit),
    value("WHERE", Attribute::Predicate),
    flag("ENFORCED", "enforced"),
];

/// `ALTER TABLE t ADD CONSTRAINT name …`, or the same without a name.
pub(super) fn found_in_alter(mut cursor: Cursor<'_, '_>) -> Option<Vec<Found>> {
    alter(&mut cursor)?;
    cursor.expect("ADD")?;
    if cursor.eat("CONSTRAINT") {
        cursor.name()?;
    }
    found(cursor.rest())
}

/// What stands behind the name.
pub(super) fn found(lexemes: &[Lexeme<'_>]) -> Option<Vec<Found>> {
    let mut cursor = Cursor::new(lexemes);
    let mut found = Vec::new();
    let mut columns = Attribute::Columns;
    match () {
        () if cursor.eat("CHECK") => columns = Attribute::Check,
        () if cursor.eat("PRIMARY KEY") => found.push(Found::new(Attribute::Unique, "PRIMARY KEY")),
        () if cursor.eat("UNIQUE") => {
            found.push(Found::new(Attribute::Unique, "UNIQUE"));
            if cursor.eat("NULLS NOT DISTINCT") {
                found.push(Found::new(Attribute::NullsNotDistinct, "NULLS NOT DISTINCT"));
            } else if cursor.eat("NULLS DISTINCT") {
                found.push(Found::new(Attribute::NullsNotDistinct, "NULLS DISTINCT"));
            }
        }
        () if cursor.eat("EXCLUDE") => {
            let method = if cursor.eat("USING") { cursor.name()?.to_sql() } else { Vec::new() };
            found.push(Found::new(Attribute::AccessMethod, method));
        }
        () if cursor.eat("FOREIGN KEY") => {}
        () if cursor.eat("NOT NULL") => {
            found.push(Found::new(Attribute::NotNull, "NOT NULL"));
            let is_clause = ["NOT", "NO", "ENFORCED", "DEFERRABLE"].iter().any(|word| cursor.sees(word));
            // A domain's has no column.
            if !is_clause && let Some(column) = cursor.name() {
                found.push(Found::new(columns, column.to_sql()));
            }
        }
        () => return None,
    }
    let start = cursor.at;
    if cursor.parentheses().is_some() {
        let text = unwrapped(&lexemes[start..cursor.at]);
        found.push(Found::new(
            columns,
            if text.is_empty() { layout::line(&lexemes[start..cursor.at]) } else { text },
        ));
    }
    found.extend(cut(cursor.rest(), &CLAUSES)?);
    Some(found)
}
