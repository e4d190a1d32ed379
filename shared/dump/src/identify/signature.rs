//! The argument types that tell routines of one name apart.

use crate::layout;
use crate::lexeme::{Lexeme, group_len, split_commas};
use crate::lexer::TokenKind;
use crate::object::Kind;

/// Returns `(type, type)` for the argument list of a routine, from the list as `CREATE`, `ALTER` or
/// `GRANT` write it: with or without names, modes and defaults. Output arguments count for procedures alone, which
/// `ALTER PROCEDURE` cannot tell apart without them.
pub(crate) fn routine_signature(kind: Kind, arguments: &[Lexeme<'_>]) -> Vec<u8> {
    let mut types: Vec<Vec<u8>> = Vec::new();
    let ordered = arguments.iter().position(|lexeme| lexeme.is("ORDER"));
    let (direct, aggregated) = match ordered {
        Some(at) => (&arguments[..at], &arguments[(at + 2).min(arguments.len())..]),
        None => (arguments, &arguments[..0]),
    };
    for argument in split_commas(direct).into_iter().chain(split_commas(aggregated)) {
        types.extend(argument_type(kind, argument));
    }
    // A hypothetical-set aggregate over VARIADIC "any" names its one argument on both sides.
    if ordered.is_some() && direct.iter().any(|lexeme| lexeme.is("VARIADIC")) {
        types.pop();
    }
    let mut signature = vec![b'('];
    signature.extend(types.join(&b", "[..]));
    signature.push(b')');
    signature
}

/// The type of an argument in canonical form; `None` for one that is only output. A procedure's has its mode in front:
/// `ALTER PROCEDURE p(integer)` would also mean one with an output argument.
fn argument_type(kind: Kind, argument: &[Lexeme<'_>]) -> Option<Vec<u8>> {
    let default = argument.iter().position(|l| l.is("DEFAULT") || l.text.as_ref() == b"=");
    let mut rest = &argument[..default.unwrap_or(argument.len())];
    let written =
        ["IN", "OUT", "INOUT", "VARIADIC"].into_iter().find(|mode| rest.len() > 1 && rest[0].is(mode));
    if written.is_some() {
        rest = &rest[1..];
    }
    if type_len(rest) < rest.len() && rest.first()?.is_name() {
        rest = &rest[1..];
    }
    let name = layout::line(rest);
    match (kind, written) {
        (Kind::Procedure, mode) => Some([mode.unwrap_or("IN").as_bytes(), b" ", &name].concat()),
        (_, Some("OUT")) => None,
        _ => Some(name),
    }
}

/// Number of lexemes that a type at the front takes; names of more than one word are those of the SQL
/// standard that `format_type` (format_type.c) writes.
pub(crate) fn type_len(lexemes: &[Lexeme<'_>]) -> usize {
    let is = |at: usize, word: &str| lexemes.get(at).is_some_and(|lexeme| lexeme.is(word));
    let kind = |at: usize| lexemes.get(at).map(|lexeme| lexeme.kind);
    let mut len = usize::from(is(0, "SETOF"));
    let first = len;
    if !lexemes.get(first).is_some_and(Lexeme::is_name) && kind(first) != Some(TokenKind::Operator) {
        return len;
    }
    len += 1;
    while kind(len) == Some(TokenKind::Dot) {
        len += 2;
    }
    let varies = is(first, "character") || is(first, "bit") || is(first, "char") || is(first, "nchar");
    if (is(first, "double") && is(len, "precision")) || (varies && is(len, "varying")) {
        len += 1;
    } else if is(first, "national") {
        len += 1 + usize::from(is(len + 1, "varying"));
    } else if is(first, "interval") {
        let field = |at| ["year", "month", "day", "hour", "minute", "second"].iter().any(|f| is(at, f));
        if field(len) {
            len += 1;
            if is(len, "to") && field(len + 1) {
                len += 2;
            }
        }
    }
    if kind(len) == Some(TokenKind::LeftParen) {
        len += group_len(&lexemes[len..]).unwrap_or(0);
    }
    if (is(first, "timestamp") || is(first, "time")) && (is(len, "with") || is(len, "without")) {
        len += 3;
    }
    if kind(len) == Some(TokenKind::Operator) && is(len + 1, "type") {
        len += 2;
    }
    while kind(len) == Some(TokenKind::LeftBracket) || is(len, "array") {
        if is(len, "array") && kind(len + 1) != Some(TokenKind::LeftBracket) {
            len += 1;
            break;
        }
        len += lexemes[len..].iter().take_while(|l| l.kind != TokenKind::RightBracket).count() + 1;
    }
    len.min(lexemes.len())
}
