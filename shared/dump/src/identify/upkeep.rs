//! Statements that leave nothing behind in schema or data.

use crate::lexeme::Lexeme;
use crate::lexer::TokenKind;
use crate::session::Session;

/// Commands that work on what is there, or on the session alone.
const COMMANDS: [&str; 13] = [
    "ANALYSE",
    "ANALYZE",
    "CHECKPOINT",
    "CLOSE",
    "CLUSTER",
    "DEALLOCATE",
    "LISTEN",
    "LOAD",
    "LOCK",
    "NOTIFY",
    "REINDEX",
    "SHOW",
    "UNLISTEN",
];

/// Functions of the server that change nothing.
const FUNCTIONS: [&str; 26] = [
    "array_agg",
    "avg",
    "clock_timestamp",
    "coalesce",
    "concat",
    "count",
    "current_database",
    "current_schema",
    "current_schemas",
    "current_setting",
    "format",
    "length",
    "lower",
    "max",
    "min",
    "now",
    "pg_backend_pid",
    "pg_database_size",
    "pg_relation_size",
    "pg_size_pretty",
    "pg_sleep",
    "pg_total_relation_size",
    "string_agg",
    "sum",
    "upper",
    "version",
];

/// Words behind which a parenthesis opens that calls nothing.
const WORDS: [&str; 19] = [
    "ALL", "AND", "ANY", "AS", "BY", "CAST", "ELSE", "EXISTS", "FROM", "IN", "NOT", "ON", "OR", "SELECT",
    "THEN", "VALUES", "WHEN", "WHERE", "UNION",
];

/// Says whether a statement maintains what is there, or touches the session alone.
pub(super) fn is_upkeep(words: &[Lexeme<'_>]) -> bool {
    let Some((first, rest)) = words.split_first() else { return false };
    // `CLUSTER t USING i` also remembers the index.
    let remembers = first.is("CLUSTER") && rest.iter().any(|word| word.is("USING") || word.is("ON"));
    let known = first.is("VACUUM") || COMMANDS.iter().any(|command| first.is(command));
    let plain = |word: &Lexeme<'_>| {
        // `UNLISTEN *`
        let odd = matches!(word.kind, TokenKind::Semicolon | TokenKind::Operator | TokenKind::Colon);
        !odd || word.text.as_ref() == b"*"
    };
    known && !remembers && rest.iter().all(plain)
}

/// Says whether a `SELECT` calls nothing but functions of the server that change nothing, and stores nothing.
pub(super) fn reads_only(words: &[Lexeme<'_>], session: &Session) -> bool {
    let calls_nothing = |at: usize| {
        let Some(before) = at.checked_sub(1).map(|at| &words[at]).filter(|before| before.is_name()) else {
            return true;
        };
        let dotted = at.checked_sub(2).is_some_and(|at| words[at].kind == TokenKind::Dot);
        let of_server = match dotted {
            true => at.checked_sub(3).is_some_and(|at| words[at].text.as_ref() == b"pg_catalog"),
            false => session.finds_the_servers_own(),
        };
        let known = |names: &[&str]| names.iter().any(|name| before.is(name));
        of_server && known(&FUNCTIONS) || !dotted && known(&WORDS)
    };
    let mut groups = words.iter().enumerate().filter(|(_, word)| word.kind == TokenKind::LeftParen);
    // What is not finished by a `;` of its own is no query.
    let odd =
        |word: &Lexeme<'_>| word.is("INTO") || matches!(word.kind, TokenKind::Semicolon | TokenKind::Colon);
    words.len() > 1 && !words.iter().any(odd) && groups.all(|(at, _)| calls_nothing(at))
}
