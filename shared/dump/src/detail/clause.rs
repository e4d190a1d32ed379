//! Clauses: what stands one behind the other in a statement, each beginning with its own key words.

use super::Found;
use crate::attribute::Attribute;
use crate::lexeme::{Cursor, Lexeme, group_len, split_commas};
use crate::lexer::TokenKind;
use crate::{Name, layout};

/// A clause that a statement may have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clause {
    /// The key words it begins with; a `(` behind them stands for a list.
    words: &'static str,
    attribute: Attribute,
    /// Which one, where the attribute alone does not tell; else empty.
    item: &'static str,
    says: Says,
}

/// Where the text of a clause comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Says {
    /// What follows the key words.
    Value,
    /// The key words, and what follows them.
    Words,
    /// A list of options in parentheses, each on its own.
    Options,
}

/// A clause whose text is what follows its key words.
pub(super) const fn value(words: &'static str, attribute: Attribute) -> Clause {
    Clause { words, attribute, item: "", says: Says::Value }
}

/// A clause that is its key words.
pub(super) const fn words(words: &'static str, attribute: Attribute) -> Clause {
    Clause { words, attribute, item: "", says: Says::Words }
}

/// A list of options.
pub(super) const fn list(words: &'static str) -> Clause {
    Clause { words, attribute: Attribute::Option, item: "", says: Says::Options }
}

/// A clause that has no attribute of its own.
pub(super) const fn other(words: &'static str, item: &'static str) -> Clause {
    Clause { words, attribute: Attribute::Clause, item, says: Says::Value }
}

/// A clause that has no attribute of its own and is its key words.
pub(super) const fn flag(words: &'static str, item: &'static str) -> Clause {
    Clause { words, attribute: Attribute::Clause, item, says: Says::Words }
}

impl Clause {
    /// Number of lexemes of its key words if it begins here.
    fn begins(&self, lexemes: &[Lexeme<'_>], at: usize) -> Option<usize> {
        let (words, group) = match self.words.strip_suffix(" (") {
            Some(words) => (words, true),
            None => (self.words, false),
        };
        let cursor = Cursor::new(&lexemes[at..]);
        let len = words.split(' ').count();
        let next = lexemes.get(at + len).map(|lexeme| lexeme.kind);
        // Behind and before a dot stands a name.
        let named = next == Some(TokenKind::Dot)
            || at.checked_sub(1).is_some_and(|before| lexemes[before].kind == TokenKind::Dot);
        (cursor.sees(words) && !named && (!group || next == Some(TokenKind::LeftParen))).then_some(len)
    }

    fn read(&self, lexemes: &[Lexeme<'_>], len: usize) -> Vec<Found> {
        let value = &lexemes[len..];
        if self.says == Says::Options
            && let Some(options) = whole_group(value)
            && !options.is_empty()
        {
            return self::options(options);
        }
        let text = match self.says {
            Says::Words => [self.words.as_bytes(), &layout::line(value)].join(&b" "[..]),
            _ => unwrapped(value),
        };
        let item = (!self.item.is_empty()).then(|| Name::from(self.item));
        vec![Found { attribute: self.attribute, item, text: text.trim_ascii_end().to_vec() }]
    }
}

/// What a pair of parentheses holds if there is nothing else.
fn whole_group<'t, 'a>(lexemes: &'t [Lexeme<'a>]) -> Option<&'t [Lexeme<'a>]> {
    let len = group_len(lexemes).filter(|len| *len == lexemes.len())?;
    Some(&lexemes[1..len - 1])
}

/// The text of a value without the parentheses that its clause demands.
pub(super) fn unwrapped(lexemes: &[Lexeme<'_>]) -> Vec<u8> {
    layout::line(whole_group(lexemes).unwrap_or(lexemes))
}

/// Cuts lexemes where a clause begins; `None` if they do not begin with one. Every lexeme is in what comes out, or is a
/// key word that tells the attribute.
pub(super) fn cut(lexemes: &[Lexeme<'_>], clauses: &[Clause]) -> Option<Vec<Found>> {
    let mut starts: Vec<(usize, usize, &Clause)> = Vec::new();
    let mut depth = 0_i32;
    let mut value_from = 0;
    for (at, lexeme) in lexemes.iter().enumerate() {
        if depth == 0
            && at >= value_from
            && let Some((clause, len)) =
                clauses.iter().find_map(|clause| Some((clause, clause.begins(lexemes, at)?)))
        {
            starts.push((at, len, clause));
            // A value is at least one lexeme, whatever word it is.
            value_from = at + len + usize::from(clause.says != Says::Words);
        }
        match lexeme.kind {
            TokenKind::LeftParen | TokenKind::LeftBracket => depth += 1,
            TokenKind::RightParen | TokenKind::RightBracket => depth -= 1,
            _ => {}
        }
    }
    if starts.first().map_or(!lexemes.is_empty(), |(at, _, _)| *at > 0) {
        return None;
    }
    let ends = starts.iter().skip(1).map(|(at, _, _)| *at).chain([lexemes.len()]);
    let pieces = starts.iter().zip(ends);
    Some(pieces.flat_map(|((at, len, clause), end)| clause.read(&lexemes[*at..end], *len)).collect())
}

/// The options in a list: `name = value` or `name value`.
pub(super) fn options(list: &[Lexeme<'_>]) -> Vec<Found> {
    split_commas(list)
        .into_iter()
        .map(|option| {
            let mut cursor = Cursor::new(option);
            let item = cursor.dotted().map(|name| joined(&name));
            if cursor.peek().is_some_and(|lexeme| lexeme.text.as_ref() == b"=") {
                cursor.at += 1;
            }
            Found { attribute: Attribute::Option, item, text: layout::line(cursor.rest()) }
        })
        .collect()
}

/// The clauses in a list such as `(SFUNC = int4pl, STYPE = integer)`, called by their names in lower case.
pub(super) fn definition_list(list: &[Lexeme<'_>]) -> Vec<Found> {
    let lower =
        |item: Option<Name>| item.map(|name| Name::from(name.bytes().to_ascii_lowercase().as_slice()));
    let found = options(list).into_iter();
    found
        .map(|Found { item, text, .. }| Found { attribute: Attribute::Clause, item: lower(item), text })
        .collect()
}

/// A name with dots as one name, such as that of a parameter or of a table where an item is called by it.
pub(super) fn joined(names: &[Name]) -> Name {
    let names: Vec<&[u8]> = names.iter().map(Name::bytes).collect();
    Name::from(names.join(&b"."[..]).as_slice())
}
