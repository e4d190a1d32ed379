//! What PostgreSQL's grammar does not take for a plain reason, such as a comma that is missing between two columns.
//!
//! A statement that looks like one of pg_dump's may have been changed by hand. What is not certain is no reason here.

use super::signature::type_len;
use crate::lexeme::{Cursor, Lexeme, group_len, split_commas};
use crate::lexer::TokenKind;

/// What may follow a column's type, or what else is said of a column (`columnDef` and `ColConstraintElem` in gram.y); the last
/// ones are Greenplum's and Redshift's.
const OF_COLUMN: [&str; 23] = [
    "STORAGE",
    "COMPRESSION",
    "OPTIONS",
    "CONSTRAINT",
    "NOT",
    "NULL",
    "UNIQUE",
    "PRIMARY",
    "CHECK",
    "DEFAULT",
    "GENERATED",
    "REFERENCES",
    "DEFERRABLE",
    "INITIALLY",
    "COLLATE",
    "ENFORCED",
    "NO",
    "USING",
    "WITH",
    "ENCODING",
    "ENCODE",
    "DISTKEY",
    "SORTKEY",
];

/// What may follow a value besides: operators that are words, and words of types and intervals.
const OF_EXPRESSION: [&str; 32] = [
    "IS",
    "ISNULL",
    "NOTNULL",
    "AND",
    "OR",
    "IN",
    "LIKE",
    "ILIKE",
    "SIMILAR",
    "BETWEEN",
    "AT",
    "OPERATOR",
    "OVERLAPS",
    "OVER",
    "FILTER",
    "WITHIN",
    "THEN",
    "ELSE",
    "END",
    "WHEN",
    "WITHOUT",
    "YEAR",
    "MONTH",
    "DAY",
    "HOUR",
    "MINUTE",
    "SECOND",
    "TO",
    "ARRAY",
    "STORED",
    "VIRTUAL",
    "PRECISION",
];

/// What may follow a parenthesis of a table's constraint (`ConstraintElem` in gram.y).
const OF_CONSTRAINT: [&str; 20] = [
    "NO",
    "NOT",
    "NULLS",
    "INCLUDE",
    "WITH",
    "USING",
    "WHERE",
    "REFERENCES",
    "MATCH",
    "ON",
    "DEFERRABLE",
    "INITIALLY",
    "ENFORCED",
    "AND",
    "OR",
    "IS",
    "WITHOUT",
    "INDEX",
    "TABLESPACE",
    "DISTRIBUTED",
];

/// Words with which a statement begins when they come one behind the other, and that no other statement has so.
const BEGINS: [[&str; 2]; 14] = [
    ["CREATE", "TABLE"],
    ["CREATE", "VIEW"],
    ["CREATE", "INDEX"],
    ["CREATE", "UNIQUE"],
    ["CREATE", "SEQUENCE"],
    ["CREATE", "TYPE"],
    ["CREATE", "FUNCTION"],
    ["CREATE", "OR"],
    ["CREATE", "TRIGGER"],
    ["CREATE", "DOMAIN"],
    ["CREATE", "POLICY"],
    ["CREATE", "EXTENSION"],
    ["CREATE", "MATERIALIZED"],
    ["ALTER", "TABLE"],
];

/// Finds the first lexeme that PostgreSQL's grammar does not take where it stands, and says why.
pub(crate) fn refused(words: &[Lexeme<'_>]) -> Option<(usize, String)> {
    anywhere(words).or_else(|| lists(words))
}

/// What no statement can have.
fn anywhere(words: &[Lexeme<'_>]) -> Option<(usize, String)> {
    use TokenKind::{Comma, LeftBracket, LeftParen, RightBracket, RightParen, String as Text};
    let mut open: Vec<TokenKind> = Vec::new();
    let is_schema = words.get(1).is_some_and(|word| word.is("SCHEMA"));
    for (at, word) in words.iter().enumerate() {
        let next = words.get(at + 1).map(|next| next.kind);
        match (word.kind, next) {
            (LeftParen | LeftBracket, _) => open.push(word.kind),
            (RightParen, _) if open.pop() != Some(LeftParen) => {
                return Some((at, "nothing is open that `)` could close".to_owned()));
            }
            (RightBracket, _) if open.pop() != Some(LeftBracket) => {
                return Some((at, "nothing is open that `]` could close".to_owned()));
            }
            _ => {}
        }
        match (word.kind, next) {
            (LeftParen | LeftBracket, Some(Comma)) => {
                return Some((at + 1, "nothing stands in front of `,`".to_owned()));
            }
            (Comma, None | Some(Comma | RightParen | RightBracket)) => {
                return Some((at, "nothing stands behind `,`".to_owned()));
            }
            (Text, Some(Text)) => return Some((at + 1, "two literals without a comma".to_owned())),
            _ => {}
        }
        let begins = at > 0
            && open.is_empty()
            && !is_schema
            && words
                .get(at + 1)
                .is_some_and(|next| BEGINS.iter().any(|[one, two]| word.is(one) && next.is(two)));
        if begins {
            return Some((at, "a statement begins here, and the one before has no `;`".to_owned()));
        }
    }
    None
}

/// The lists of columns, attributes and labels.
fn lists(words: &[Lexeme<'_>]) -> Option<(usize, String)> {
    let is = |at: usize, word: &str| words.get(at).is_some_and(|lexeme| lexeme.is(word));
    if !is(0, "CREATE") {
        return None;
    }
    let open = words.iter().position(|word| word.kind == TokenKind::LeftParen)?;
    let len = group_len(&words[open..])?;
    let (list, begin) = (&words[open + 1..open + len - 1], open + 1);
    let kind = (1..open).find(|at| is(*at, "TABLE") || is(*at, "TYPE"))?;
    // `CREATE TABLE t (a, b) AS …`, `CREATE TABLE t OF type (…)` and `… PARTITION OF t (…)` list names of what is there.
    if is(kind, "TABLE") {
        let mut name = Cursor::new(words);
        name.at = kind + 1;
        name.eat("IF NOT EXISTS");
        let whole = name.dotted().is_some() && name.at == open;
        let is_there = words[open + len..].iter().any(|word| word.is("AS"));
        let prefix = (1..kind).all(|at| {
            ["GLOBAL", "LOCAL", "TEMPORARY", "TEMP", "UNLOGGED", "FOREIGN"].iter().any(|word| is(at, word))
        });
        if !whole || is_there || !prefix {
            return None;
        }
        return each(list, begin, element);
    }
    if kind != 1 {
        return None;
    }
    match () {
        () if is(open - 1, "ENUM") && is(open - 2, "AS") => each(list, begin, label),
        () if is(open - 1, "AS") => each(list, begin, attribute),
        () => None,
    }
}

/// Looks at each item of a list, which begins at `begin` in the statement.
fn each(
    list: &[Lexeme<'_>],
    begin: usize,
    look: impl Fn(&[Lexeme<'_>]) -> Option<usize>,
) -> Option<(usize, String)> {
    let mut at = begin;
    if list.is_empty() {
        return None;
    }
    for item in split_commas(list) {
        if let Some(wrong) = look(item) {
            let what = match item.get(wrong) {
                Some(word) => {
                    let shown: String = String::from_utf8_lossy(&word.text).chars().take(40).collect();
                    format!("stray, or without a comma in front of it: `{shown}`")
                }
                None => "a name without a type".to_owned(),
            };
            return Some((at + wrong.min(item.len().saturating_sub(1)), what));
        }
        at += item.len() + 1;
    }
    None
}

/// A label of an enum.
fn label(item: &[Lexeme<'_>]) -> Option<usize> {
    item.iter().position(|word| word.kind != TokenKind::String).or((item.len() > 1).then_some(1))
}

/// An attribute of a composite type: `name type [COLLATE collation]`.
fn attribute(item: &[Lexeme<'_>]) -> Option<usize> {
    let behind = 1 + type_len(item.get(1..)?);
    match item.get(behind) {
        _ if behind == 1 => Some(1),
        Some(word) if word.is("COLLATE") => None,
        Some(word) if word.is_name() => Some(behind),
        _ => None,
    }
}

/// A column or a constraint of a table.
fn element(item: &[Lexeme<'_>]) -> Option<usize> {
    let first = item.first()?;
    let is = |at: usize, word: &str| item.get(at).is_some_and(|lexeme| lexeme.is(word));
    if first.is("LIKE") || first.is("PERIOD") || first.kind == TokenKind::Operator {
        return None;
    }
    let of_table = ["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN", "NOT"];
    // Columns may be called `exclude`.
    let opens = item.get(1).is_some_and(|word| word.kind == TokenKind::LeftParen);
    let excludes = first.is("EXCLUDE") && (is(1, "USING") || opens);
    if excludes || of_table.iter().any(|word| first.is(word)) {
        let behind = outside(item).find(|(at, word)| {
            let closes = *at > 0 && item[*at - 1].kind == TokenKind::RightParen;
            closes && word.is_name() && !OF_CONSTRAINT.iter().any(|known| word.is(known))
        });
        return behind.map(|(at, _)| at);
    }
    if !first.is_name() {
        return Some(0);
    }
    let behind = 1 + type_len(&item[1..]);
    if behind == 1 {
        return Some(1);
    }
    let follows = |word: &Lexeme<'_>| OF_COLUMN.iter().any(|known| word.is(known));
    if item.get(behind).is_some_and(|word| word.is_name() && !follows(word)) {
        return Some(behind);
    }
    // A column's own constraints name no columns, but for `REFERENCES`.
    let lists_columns = |at: usize| {
        let key = is(at, "UNIQUE") || is(at, "PRIMARY") && is(at + 1, "KEY");
        let behind = at + if is(at, "UNIQUE") { 1 } else { 2 };
        let opens = item.get(behind).is_some_and(|word| word.kind == TokenKind::LeftParen);
        key && opens || is(at, "FOREIGN") && is(at + 1, "KEY")
    };
    let mut cast_ends = 0;
    for (at, word) in outside(item).skip_while(|(at, _)| *at < behind) {
        if lists_columns(at) {
            return Some(at);
        }
        let before = &item[at - 1];
        if word.kind == TokenKind::Cast {
            cast_ends = at + 1 + type_len(&item[at + 1..]);
            continue;
        }
        let is_value = matches!(before.kind, TokenKind::Number | TokenKind::String | TokenKind::RightParen)
            || at == cast_ends
            || ["TRUE", "FALSE", "CURRENT_TIMESTAMP", "CURRENT_DATE"].iter().any(|value| before.is(value));
        let known = || {
            let words = OF_COLUMN.iter().chain(&OF_EXPRESSION).chain(&OF_CONSTRAINT);
            words.clone().any(|known| word.is(known))
        };
        if at > behind && at >= cast_ends && is_value && word.is_name() && !known() {
            return Some(at);
        }
    }
    None
}

/// The lexemes outside of parentheses and brackets, with their places; those that open and close count.
fn outside<'t, 'a>(item: &'t [Lexeme<'a>]) -> impl Iterator<Item = (usize, &'t Lexeme<'a>)> {
    let mut depth = 0_usize;
    item.iter().enumerate().filter(move |(_, word)| match word.kind {
        TokenKind::LeftParen | TokenKind::LeftBracket => {
            depth += 1;
            depth == 1
        }
        TokenKind::RightParen | TokenKind::RightBracket => {
            depth = depth.saturating_sub(1);
            depth == 0
        }
        _ => depth == 0,
    })
}
