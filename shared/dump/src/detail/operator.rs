//! Operators, their classes and families.

use super::clause::{Clause, cut, definition_list, other, value};
use super::{Found, create};
use crate::Name;
use crate::attribute::Attribute;
use crate::layout;
use crate::lexeme::{Cursor, Lexeme, split_commas};
use crate::lexer::TokenKind;

/// `CREATE OPERATOR`
pub(super) fn operator(mut cursor: Cursor<'_, '_>) -> Option<Vec<Found>> {
    create(&mut cursor, "OPERATOR")?;
    if cursor.name().is_some() && !cursor.eat_kind(TokenKind::Dot) {
        return None;
    }
    cursor.next()?;
    let found = definition_list(cursor.parentheses()?);
    cursor.at_end().then_some(found)
}

/// `CREATE OPERATOR CLASS`
pub(super) fn class(mut cursor: Cursor<'_, '_>) -> Option<Vec<Found>> {
    create(&mut cursor, "OPERATOR CLASS")?;
    cursor.qualified()?;
    let mut found = Vec::new();
    if cursor.eat("DEFAULT") {
        found.push(Found::new(Attribute::Default, "DEFAULT"));
    }
    let start = cursor.clone();
    cursor.skip_behind("AS")?;
    const CLAUSES: [Clause; 3] = [
        value("FOR TYPE", Attribute::Type),
        value("USING", Attribute::AccessMethod),
        other("FAMILY", "family"),
    ];
    found.extend(cut(&start.rest()[..cursor.at - start.at - 1], &CLAUSES)?);
    found.extend(members(cursor.rest())?);
    Some(found)
}

/// The operators and functions of a class or family, called by their number and argument types.
pub(super) fn members(list: &[Lexeme<'_>]) -> Option<Vec<Found>> {
    let member = |words: &&[Lexeme<'_>]| {
        let mut cursor = Cursor::new(words);
        let kind = ["OPERATOR", "FUNCTION", "STORAGE"].into_iter().find(|word| cursor.eat(word))?;
        if kind == "STORAGE" {
            return Some(Found::new(Attribute::Storage, layout::line(cursor.rest())));
        }
        let number = cursor.next().filter(|number| number.kind == TokenKind::Number)?;
        let open = cursor.rest().iter().position(|lexeme| lexeme.kind == TokenKind::LeftParen);
        let mut types = cursor.clone();
        types.at += open.unwrap_or(0);
        let types = types.parentheses().map(layout::line);
        let types = types.map(|types| [b" (", types.as_slice(), b")"].concat()).unwrap_or_default();
        let item = [kind.to_ascii_lowercase().as_bytes(), b" ", number.text.as_ref(), &types].concat();
        let text = layout::line(cursor.rest());
        Some(Found { attribute: Attribute::Member, item: Some(Name::from(item.as_slice())), text })
    };
    split_commas(list).iter().map(member).collect()
}
