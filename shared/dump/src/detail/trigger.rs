//! Triggers, event triggers, rules and policies.

use super::clause::{Clause, cut, other, unwrapped, value, words};
use super::{Found, create, text_span};
use crate::attribute::Attribute;
use crate::layout;
use crate::lexeme::Cursor;

const CLAUSES: [Clause; 14] = [
    other("FROM", "from"),
    words("NOT DEFERRABLE INITIALLY IMMEDIATE", Attribute::Deferrable),
    words("DEFERRABLE INITIALLY IMMEDIATE", Attribute::Deferrable),
    words("DEFERRABLE INITIALLY DEFERRED", Attribute::Deferrable),
    words("NOT DEFERRABLE", Attribute::Deferrable),
    words("DEFERRABLE", Attribute::Deferrable),
    words("INITIALLY DEFERRED", Attribute::Deferrable),
    words("INITIALLY IMMEDIATE", Attribute::Deferrable),
    value("REFERENCING", Attribute::TransitionTables),
    value("FOR EACH", Attribute::Level),
    value("FOR", Attribute::Level),
    value("WHEN", Attribute::When),
    value("EXECUTE FUNCTION", Attribute::Function),
    value("EXECUTE PROCEDURE", Attribute::Function),
];

/// `CREATE TRIGGER`, as `pg_get_triggerdef` (ruleutils.c) writes it.
pub(super) fn trigger(mut cursor: Cursor<'_, '_>) -> Option<Vec<Found>> {
    let modifiers = create(&mut cursor, "TRIGGER")?;
    let mut found: Vec<Found> =
        modifiers.into_iter().map(|word| Found::item(Attribute::Clause, "constraint", word)).collect();
    cursor.name()?;
    let timing = ["BEFORE", "AFTER", "INSTEAD OF"].into_iter().find(|words| cursor.eat(words))?;
    found.push(Found::new(Attribute::Timing, timing));
    found.push(Found::new(Attribute::Event, up_to(&mut cursor, "ON")?));
    cursor.qualified()?;
    found.extend(cut(cursor.rest(), &CLAUSES)?);
    Some(found)
}

/// What stands in front of a key word, behind which the cursor moves.
fn up_to(cursor: &mut Cursor<'_, '_>, word: &str) -> Option<Vec<u8>> {
    let start = cursor.clone();
    cursor.skip_behind(word)?;
    Some(layout::line(&start.rest()[..cursor.at - start.at - 1]))
}

/// `CREATE EVENT TRIGGER`
pub(super) fn event_trigger(mut cursor: Cursor<'_, '_>) -> Option<Vec<Found>> {
    create(&mut cursor, "EVENT TRIGGER")?;
    cursor.name()?;
    const CLAUSES: [Clause; 4] = [
        value("ON", Attribute::Event),
        value("WHEN", Attribute::When),
        value("EXECUTE FUNCTION", Attribute::Function),
        value("EXECUTE PROCEDURE", Attribute::Function),
    ];
    cut(cursor.rest(), &CLAUSES)
}

/// `CREATE POLICY`
pub(super) fn policy(mut cursor: Cursor<'_, '_>) -> Option<Vec<Found>> {
    create(&mut cursor, "POLICY")?;
    cursor.name()?;
    cursor.expect("ON")?;
    cursor.qualified()?;
    const CLAUSES: [Clause; 5] = [
        value("AS", Attribute::Restrictive),
        value("FOR", Attribute::Event),
        value("TO", Attribute::Roles),
        value("USING", Attribute::Using),
        value("WITH CHECK", Attribute::WithCheck),
    ];
    let mut found = cut(cursor.rest(), &CLAUSES)?;
    if !found.iter().any(|found| found.attribute == Attribute::Event) {
        found.push(Found::new(Attribute::Event, "ALL"));
    }
    Some(found)
}

/// `CREATE RULE`
pub(super) fn rule(text: &[u8], mut cursor: Cursor<'_, '_>) -> Option<Vec<Found>> {
    create(&mut cursor, "RULE")?;
    cursor.name()?;
    cursor.expect("AS ON")?;
    let mut found = vec![Found::new(Attribute::Event, up_to(&mut cursor, "TO")?)];
    cursor.qualified()?;
    if cursor.eat("WHERE") {
        let start = cursor.clone();
        cursor.skip_behind("DO")?;
        found.push(Found::new(Attribute::When, unwrapped(&start.rest()[..cursor.at - start.at - 1])));
    } else {
        cursor.expect("DO")?;
    }
    let action = text_span::between(text, cursor.at, cursor.at + cursor.rest().len())?;
    found.push(Found::new(Attribute::Action, action));
    Some(found)
}
