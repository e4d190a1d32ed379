//! `GRANT` and `REVOKE`.

use super::{Detail, Found};
use crate::attribute::Attribute;
use crate::lexeme::{Cursor, Lexeme, split_commas};
use crate::object::{Address, Kind};
use crate::{Name, layout};

/// What one `GRANT` or `REVOKE` says: of the object, or of each of the columns that it names.
pub(super) fn details(address: &Address, mut cursor: Cursor<'_, '_>) -> Option<Vec<Detail>> {
    let defaults = address.kind == Kind::DefaultPrivileges;
    if cursor.eat("ALTER DEFAULT PRIVILEGES") {
        if cursor.eat("FOR ROLE") || cursor.eat("FOR USER") {
            cursor.name()?;
        }
        if cursor.eat("IN SCHEMA") {
            cursor.name()?;
        }
    }
    let revokes = cursor.next()?.is("REVOKE");
    let mut verb: Vec<u8> = if revokes { b"REVOKE ".to_vec() } else { Vec::new() };
    if revokes && cursor.eat("GRANT OPTION FOR") {
        verb.extend_from_slice(b"GRANT OPTION FOR ");
    }
    let start = cursor.clone();
    cursor.skip_behind("ON")?;
    let privileges = &start.rest()[..cursor.at - start.at - 1];
    let on = cursor.clone();
    cursor.skip_behind(if revokes { "FROM" } else { "TO" })?;
    let on = &on.rest()[..cursor.at - on.at - 1];
    let grantee = cursor.next().filter(|grantee| grantee.is_name())?;
    let mut grantee = if grantee.is("PUBLIC") { Name::from("PUBLIC") } else { Name::from_sql(&grantee.text) };
    // Such as `WITH GRANT OPTION`; the list of several grantees is written by hand alone.
    let rest = match layout::line(cursor.rest()) {
        rest if rest.is_empty() => rest,
        rest => [b" ", rest.as_slice()].concat(),
    };
    if defaults {
        let kind = layout::line(on).to_ascii_lowercase();
        grantee = Name::from([grantee.bytes(), b" on ", kind.as_slice()].concat().as_slice());
    }
    let detail = |address: &Address, privileges: &[Vec<u8>]| {
        let text = [verb.as_slice(), &privileges.join(&b", "[..]), &rest].concat();
        Found::item(Attribute::Privilege, grantee.clone(), text).of(address)
    };
    let mut of_object: Vec<Vec<u8>> = Vec::new();
    let mut of_columns: Vec<(Name, Vec<Vec<u8>>)> = Vec::new();
    for privilege in split_commas(privileges) {
        let list = privilege.iter().position(|lexeme| lexeme.kind == crate::lexer::TokenKind::LeftParen);
        let (words, columns) = privilege.split_at(list.unwrap_or(privilege.len()));
        let text = layout::line(words);
        if list.is_none() {
            of_object.push(text);
            continue;
        }
        for column in split_commas(Cursor::new(columns).parentheses()?) {
            let column = column_name(column)?;
            match of_columns.iter_mut().find(|(known, _)| *known == column) {
                Some((_, privileges)) => privileges.push(text.clone()),
                None => of_columns.push((column, vec![text.clone()])),
            }
        }
    }
    let mut details = Vec::new();
    if !of_object.is_empty() {
        details.push(detail(address, &of_object));
    }
    for (column, privileges) in of_columns {
        details.push(detail(&address.clone().part(Kind::Column, column), &privileges));
    }
    Some(details)
}

fn column_name(words: &[Lexeme<'_>]) -> Option<Name> {
    let [name] = words else { return None };
    name.is_name().then(|| Name::from_sql(&name.text))
}
