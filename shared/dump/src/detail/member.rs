//! What is added to something later and has no name of its own.

use super::{Found, alter, item_name, operator};
use crate::attribute::Attribute;
use crate::layout;
use crate::lexeme::{Cursor, split_commas};
use crate::object::{Address, Kind};

pub(super) fn found(address: &Address, mut cursor: Cursor<'_, '_>) -> Option<Vec<Found>> {
    if address.kind == Kind::Role {
        return membership(cursor);
    }
    alter(&mut cursor)?;
    cursor.expect("ADD")?;
    match address.kind {
        Kind::OperatorFamily => operator::members(cursor.rest()),
        Kind::TextSearchConfiguration => mapping(cursor),
        Kind::Publication => publication(cursor),
        _ => None,
    }
}

/// `GRANT role TO member WITH ADMIN OPTION, INHERIT TRUE GRANTED BY grantor`: the member is the object.
fn membership(mut cursor: Cursor<'_, '_>) -> Option<Vec<Found>> {
    let revokes = cursor.next()?.is("REVOKE");
    let role = cursor.name()?;
    cursor.expect(if revokes { "FROM" } else { "TO" })?;
    cursor.name()?;
    let mut text = layout::line(cursor.rest());
    if revokes {
        text.splice(..0, *b"REVOKE ");
    }
    Some(vec![Found::item(Attribute::Member, role, text.trim_ascii_end())])
}

/// `ADD MAPPING FOR token WITH dictionary, …`
fn mapping(mut cursor: Cursor<'_, '_>) -> Option<Vec<Found>> {
    cursor.expect("MAPPING FOR")?;
    let token = cursor.name()?;
    cursor.expect("WITH")?;
    Some(vec![Found::item(Attribute::Member, token, layout::line(cursor.rest()))])
}

/// `ADD TABLE ONLY t (a, b) WHERE (…)` or `ADD TABLES IN SCHEMA s`
fn publication(mut cursor: Cursor<'_, '_>) -> Option<Vec<Found>> {
    if cursor.eat("TABLES IN SCHEMA") || cursor.eat("ALL TABLES IN SCHEMA") {
        let schema = |words: &[_]| {
            let mut cursor = Cursor::new(words);
            let name = cursor.name().filter(|_| cursor.at_end())?;
            let item = [b"schema ", name.to_sql().as_slice()].concat();
            Some(Found::item(Attribute::Member, item.as_slice(), ""))
        };
        return split_commas(cursor.rest()).into_iter().map(schema).collect();
    }
    cursor.expect("TABLE")?;
    let table = |words: &[_]| {
        let mut cursor = Cursor::new(words);
        cursor.eat("ONLY");
        let name = cursor.qualified()?;
        Some(Found::item(Attribute::Member, item_name(&name), layout::line(cursor.rest())))
    };
    split_commas(cursor.rest()).into_iter().map(table).collect()
}
