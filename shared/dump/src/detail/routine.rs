//! Functions, procedures and aggregates.

use super::clause::{Clause, cut, definition_list, joined, value, words};
use super::{Found, create, text_span};
use crate::attribute::Attribute;
use crate::layout;
use crate::lexeme::{Cursor, Lexeme, literal_value};
use crate::lexer::TokenKind;

/// The clauses of `CREATE FUNCTION` (`dumpFunc` in pg_dump.c).
const CLAUSES: [Clause; 20] = [
    // Before `RETURNS type`.
    words("RETURNS NULL ON NULL INPUT", Attribute::Strict),
    value("RETURNS", Attribute::Returns),
    value("LANGUAGE", Attribute::Language),
    value("TRANSFORM", Attribute::Transform),
    words("WINDOW", Attribute::Window),
    words("IMMUTABLE", Attribute::Volatility),
    words("STABLE", Attribute::Volatility),
    words("VOLATILE", Attribute::Volatility),
    words("NOT LEAKPROOF", Attribute::Leakproof),
    words("LEAKPROOF", Attribute::Leakproof),
    words("STRICT", Attribute::Strict),
    words("CALLED ON NULL INPUT", Attribute::Strict),
    value("EXTERNAL SECURITY", Attribute::Security),
    value("SECURITY", Attribute::Security),
    value("PARALLEL", Attribute::Parallel),
    value("COST", Attribute::Cost),
    value("ROWS", Attribute::Rows),
    value("SUPPORT", Attribute::Support),
    value("SET", Attribute::Setting),
    value("AS", Attribute::Body),
];

/// `CREATE FUNCTION` and `CREATE PROCEDURE`
pub(super) fn routine(text: &[u8], mut cursor: Cursor<'_, '_>) -> Option<Vec<Found>> {
    let mut kind = cursor.clone();
    let procedure = create(&mut kind, "PROCEDURE").is_some_and(|modifiers| modifiers.is_empty());
    create(&mut cursor, if procedure { "PROCEDURE" } else { "FUNCTION" })?;
    cursor.qualified()?;
    let mut found = Vec::new();
    let arguments = layout::line(cursor.parentheses()?);
    if !arguments.is_empty() {
        found.push(Found::new(Attribute::Arguments, arguments));
    }
    let rest = cursor.rest();
    let body = sql_body(rest).unwrap_or(rest.len());
    for clause in cut_clauses(&rest[..body])? {
        found.push(clause);
    }
    if body < rest.len() {
        let body = text_span::between(text, cursor.at + body, cursor.at + rest.len())?;
        found.push(Found::new(Attribute::Body, body));
    }
    Some(found)
}

/// The clauses, with the literals that follow `SET` and `AS` read.
fn cut_clauses(lexemes: &[Lexeme<'_>]) -> Option<Vec<Found>> {
    let mut found = cut(lexemes, &CLAUSES)?;
    for clause in &mut found {
        let lexemes = crate::lexeme::lexemes_of(&clause.text).unwrap_or_default();
        match clause.attribute {
            Attribute::Setting => {
                let (item, text) = setting(&lexemes)?;
                (clause.item, clause.text) = (Some(item), text);
            }
            Attribute::Body => {
                if let [literal] = lexemes.as_slice()
                    && let Some(body) = literal_value(literal)
                {
                    clause.text = body;
                }
            }
            _ => {}
        }
    }
    Some(found)
}

/// `parameter TO value`, `parameter = value` or `parameter FROM CURRENT`.
pub(super) fn setting(lexemes: &[Lexeme<'_>]) -> Option<(crate::Name, Vec<u8>)> {
    let mut cursor = Cursor::new(lexemes);
    let parameter = joined(&cursor.dotted()?);
    let equals = cursor.peek().is_some_and(|next| next.text.as_ref() == b"=");
    if equals {
        cursor.at += 1;
    } else if !cursor.eat("TO") && !cursor.sees("FROM CURRENT") {
        return None;
    }
    Some((parameter, layout::line(cursor.rest())))
}

/// Where a body in standard SQL begins, which ends the statement.
fn sql_body(lexemes: &[Lexeme<'_>]) -> Option<usize> {
    let mut depth = 0_i32;
    lexemes.iter().enumerate().position(|(at, lexeme)| {
        match lexeme.kind {
            TokenKind::LeftParen => depth += 1,
            TokenKind::RightParen => depth -= 1,
            _ => {}
        }
        let next = |word: &str| lexemes.get(at + 1).is_some_and(|next| next.is(word));
        depth == 0 && (lexeme.is("RETURN") || (lexeme.is("BEGIN") && next("ATOMIC")))
    })
}

/// `CREATE AGGREGATE`
pub(super) fn aggregate(mut cursor: Cursor<'_, '_>) -> Option<Vec<Found>> {
    create(&mut cursor, "AGGREGATE")?;
    cursor.qualified()?;
    let mut found = vec![Found::new(Attribute::Arguments, layout::line(cursor.parentheses()?))];
    found.extend(definition_list(cursor.parentheses()?));
    cursor.at_end().then_some(found)
}
