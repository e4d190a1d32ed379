//! The clauses around a table's columns, and lists of options.

use crate::attribute::Attribute;
use crate::lexeme::{Cursor, Lexeme, lexemes_of, split_commas};
use crate::lexer::TokenKind;
use crate::{Name, layout};

/// A clause of a definition.
pub(super) struct Clause {
    pub attribute: Attribute,
    pub item: Option<Name>,
    pub text: Vec<u8>,
}

/// Cuts what stands between a table's name and its columns, or behind them, where the next clause begins; `None` where a
/// clause is not known.
pub(super) fn clauses(text: &[u8]) -> Option<Vec<Clause>> {
    let lexemes = lexemes_of(text)?;
    let mut cursor = Cursor::new(&lexemes);
    let mut found = Vec::new();
    while !cursor.at_end() {
        let attribute = match () {
            () if cursor.eat("PARTITION OF") || cursor.eat("INHERITS") => Attribute::Parent,
            () if cursor.eat("PARTITION BY") => Attribute::PartitionKey,
            () if cursor.eat("OF") => Attribute::OfType,
            () if cursor.sees("FOR VALUES") || cursor.sees("DEFAULT") => Attribute::PartitionBound,
            () if cursor.eat("SERVER") => Attribute::Clause,
            () if cursor.eat("WITH") || cursor.eat("OPTIONS") => {
                found.extend(options(cursor.parentheses()?));
                continue;
            }
            () => return None,
        };
        let start = cursor.at;
        let item = (attribute == Attribute::Clause).then(|| Name::from("server"));
        while !cursor.at_end()
            && !["INHERITS", "WITH (", "OPTIONS (", "SERVER", "PARTITION BY"]
                .iter()
                .any(|next| begins(&cursor, next))
        {
            cursor.at += 1;
        }
        if start == cursor.at {
            return None;
        }
        found.push(Clause { attribute, item, text: layout::line(&lexemes[start..cursor.at]) });
    }
    Some(found)
}

/// Says whether a clause begins here; the `(` behind a word stands for a list.
fn begins(cursor: &Cursor<'_, '_>, words: &str) -> bool {
    match words.strip_suffix(" (") {
        None => cursor.sees(words),
        Some(word) => {
            cursor.sees(word) && cursor.rest().get(1).is_some_and(|next| next.kind == TokenKind::LeftParen)
        }
    }
}

/// The options in a list: `name = value` or `name value`.
pub(super) fn options(list: &[Lexeme<'_>]) -> Vec<Clause> {
    split_commas(list)
        .into_iter()
        .map(|option| {
            let mut cursor = Cursor::new(option);
            let name = cursor.dotted().unwrap_or_default();
            let name: Vec<Vec<u8>> = name.iter().map(|name| name.bytes().to_vec()).collect();
            let equals = cursor.peek().is_some_and(|lexeme| lexeme.text.as_ref() == b"=");
            cursor.at += usize::from(equals);
            let item = Some(Name::from(name.join(&b"."[..]).as_slice()));
            Clause { attribute: Attribute::Option, item, text: layout::line(cursor.rest()) }
        })
        .collect()
}
