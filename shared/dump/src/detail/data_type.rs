//! Types and domains.

use super::clause::definition_list;
use super::table::{Piece, pieces};
use super::{Detail, Found, constraint, create};
use crate::Name;
use crate::attribute::Attribute;
use crate::layout;
use crate::lexeme::{Cursor, Lexeme, literal_value, split_commas};
use crate::object::{Address, Kind};

/// `CREATE TYPE`: an enum, a composite type, a range or a base type.
pub(super) fn type_details(address: &Address, mut cursor: Cursor<'_, '_>) -> Option<Vec<Detail>> {
    create(&mut cursor, "TYPE")?;
    cursor.qualified()?;
    let kind = match () {
        () if cursor.eat("AS ENUM") => "ENUM",
        () if cursor.eat("AS RANGE") => "RANGE",
        () if cursor.eat("AS") => "AS",
        () => "",
    };
    let list = cursor.parentheses().filter(|_| cursor.at_end())?;
    let of = |found: Vec<Found>| found.into_iter().map(|found| found.of(address)).collect::<Vec<_>>();
    let mut details = match kind {
        "ENUM" => of(split_commas(list).into_iter().map(label).collect::<Option<_>>()?),
        "AS" => {
            let mut details = Vec::new();
            for item in split_commas(list) {
                details.extend(attribute(address, item)?);
            }
            details
        }
        _ => of(definition_list(list)),
    };
    if !kind.is_empty() {
        let form = if kind == "AS" { "COMPOSITE" } else { kind };
        details.insert(0, Found::item(Attribute::Clause, "as", form).of(address));
    }
    Some(details)
}

fn label(item: &[Lexeme<'_>]) -> Option<Found> {
    let [literal] = item else { return None };
    let label = literal_value(literal).unwrap_or_else(|| literal.text.to_vec());
    Some(Found::item(Attribute::Label, label.as_slice(), ""))
}

/// An attribute of a composite type: `name type [COLLATE collation]`.
fn attribute(address: &Address, item: &[Lexeme<'_>]) -> Option<Vec<Detail>> {
    let (name, words) = item.split_first().filter(|(name, _)| name.is_name())?;
    let column = address.clone().part(Kind::Column, Name::from_sql(&name.text));
    let found = pieces(words).into_iter().flat_map(|piece| piece.found());
    Some(found.map(|found| found.of(&column)).collect())
}

/// `CREATE DOMAIN`
pub(super) fn domain_details(address: &Address, mut cursor: Cursor<'_, '_>) -> Option<Vec<Detail>> {
    create(&mut cursor, "DOMAIN")?;
    cursor.qualified()?;
    cursor.eat("AS");
    let mut details = Vec::new();
    for piece in pieces(cursor.rest()) {
        match named_constraint(&piece) {
            Some((name, words)) => {
                let constraint_address = address.clone().part(Kind::Constraint, name);
                let found = constraint::found(words)?.into_iter();
                details.extend(found.map(|found| found.of(&constraint_address)));
            }
            None => details.extend(piece.found().into_iter().map(|found| found.of(address))),
        }
    }
    Some(details)
}

fn named_constraint<'t, 'a>(piece: &Piece<'t, 'a>) -> Option<(Name, &'t [Lexeme<'a>])> {
    let mut cursor = Cursor::new(piece.words);
    if piece.attribute != Attribute::Constraint || !cursor.eat("CONSTRAINT") {
        return None;
    }
    Some((cursor.name()?, cursor.rest()))
}

/// What a type or domain says of one of its attributes or constraints, in its own words.
pub(super) fn words_of(address: &Address, mut cursor: Cursor<'_, '_>) -> Option<Vec<u8>> {
    let kind = if address.kind == Kind::Column { "TYPE" } else { "DOMAIN" };
    create(&mut cursor, kind)?;
    cursor.qualified()?;
    cursor.eat("AS");
    if address.kind == Kind::Column {
        let items = split_commas(cursor.parentheses()?);
        let is_it = |item: &&&[Lexeme<'_>]| {
            item.first().is_some_and(|name| name.is_name() && Name::from_sql(&name.text) == address.name)
        };
        return items.iter().find(is_it).map(|item| layout::line(&item[1..]));
    }
    let pieces = pieces(cursor.rest());
    let found =
        pieces.iter().find(|piece| named_constraint(piece).is_some_and(|(name, _)| name == address.name));
    found.map(|piece| layout::line(piece.words))
}
