//! How canonical text is laid out: a function of the tokens alone.
//!
//! Close to what pg_dump and ruleutils.c print, so that a tree reads like a dump, with one item a line
//! wherever a list is what people change.

use crate::lexeme::{Lexeme, group_len};
use crate::lexer::TokenKind;
use crate::object::{Kind, Role};

/// Key words that keep a blank before the parenthesis behind them; any other word calls a function or
/// has a type modifier.
const SPACED: [&str; 57] = [
    "ALL",
    "ALSO",
    "AND",
    "ANY",
    "AS",
    "BETWEEN",
    "BY",
    "CASE",
    "CHECK",
    "DEFAULT",
    "DELETE",
    "DISTINCT",
    "DO",
    "ELSE",
    "ENUM",
    "EXCEPT",
    "EXCLUDE",
    "EXISTS",
    "FILTER",
    "FOR",
    "FROM",
    "GROUP",
    "HASH",
    "HAVING",
    "IDENTITY",
    "ILIKE",
    "IN",
    "INCLUDE",
    "INHERITS",
    "INSERT",
    "INSTEAD",
    "INTERSECT",
    "INTO",
    "IS",
    "JOIN",
    "KEY",
    "LATERAL",
    "LIKE",
    "LIST",
    "MATERIALIZED",
    "NOT",
    "ON",
    "OPTIONS",
    "OR",
    "OVER",
    "RANGE",
    "RETURNING",
    "SELECT",
    "SET",
    "SETS",
    "SOME",
    "THEN",
    "UNION",
    "UNIQUE",
    "UPDATE",
    "USING",
    "VALUES",
];
const SPACED_MORE: [&str; 5] = ["WHEN", "WHERE", "WINDOW", "WITH", "TO"];

/// No line begins further in, so that what is nested a thousand times is not a thousand times as long.
const INDENT_MAX: usize = 120;

/// Returns the lexemes on one line, without an end.
pub(crate) fn line(lexemes: &[Lexeme<'_>]) -> Vec<u8> {
    write(lexemes, &vec![None; lexemes.len()])
}

/// Returns a statement as canonical text with its `;` and a line break.
pub(crate) fn statement(lexemes: &[Lexeme<'_>], kind: Kind, role: Role) -> Vec<u8> {
    let mut breaks = Breaks { lexemes, before: vec![None; lexemes.len()], spaced: None };
    match (role, kind) {
        (Role::Definition, Kind::Table | Kind::ForeignTable | Kind::Type) => breaks.list(0),
        (Role::Definition, Kind::Operator | Kind::TextSearchParser | Kind::TextSearchTemplate)
        | (Role::Definition, Kind::TextSearchDictionary | Kind::TextSearchConfiguration) => breaks.list(0),
        (Role::Definition, Kind::Aggregate) => breaks.list(1),
        // `CREATE UNLOGGED SEQUENCE`
        (Role::Definition, Kind::Sequence) => breaks.words(3, &SEQUENCE_CLAUSES),
        (Role::Identity, _) => breaks.identity(),
        (Role::Definition, Kind::View | Kind::MaterializedView) => breaks.view(),
        (Role::Definition, Kind::Function | Kind::Procedure) => breaks.routine(),
        (Role::Definition, Kind::Rule) => breaks.rule(),
        (Role::Definition, Kind::Constraint) => breaks.words(0, &["ADD"]),
        (Role::Definition, Kind::OperatorClass) => breaks.operator_class(),
        (Role::Member, Kind::OperatorFamily) => breaks.operator_class(),
        (Role::Member, Kind::TextSearchConfiguration) => breaks.words(0, &["ADD"]),
        (Role::Definition, Kind::Collation | Kind::Cast) => breaks.space_before_group(),
        _ => {}
    }
    let mut text = breaks.write();
    text.extend_from_slice(b";\n");
    // It stays for as long as the schema does.
    text.shrink_to_fit();
    text
}

const SEQUENCE_CLAUSES: [&str; 9] =
    ["AS", "START", "INCREMENT", "NO", "MINVALUE", "MAXVALUE", "CACHE", "CYCLE", "SEQUENCE"];

/// Where line breaks go: the indent of a lexeme that begins a line.
struct Breaks<'t, 'a> {
    lexemes: &'t [Lexeme<'a>],
    before: Vec<Option<usize>>,
    /// A parenthesis that has a blank in front although its words do not say so.
    spaced: Option<usize>,
}

impl Breaks<'_, '_> {
    fn write(&self) -> Vec<u8> {
        write_spaced(self.lexemes, &self.before, self.spaced)
    }

    fn is(&self, at: usize, word: &str) -> bool {
        self.lexemes.get(at).is_some_and(|lexeme| lexeme.is(word))
    }

    fn kind(&self, at: usize) -> Option<TokenKind> {
        self.lexemes.get(at).map(|lexeme| lexeme.kind)
    }

    /// Offsets outside of parentheses from `from` on; opening parentheses themselves are among them.
    fn outside(&self, from: usize) -> Vec<usize> {
        let mut depth = 0_i32;
        let mut offsets = Vec::new();
        for (offset, lexeme) in self.lexemes.iter().enumerate().skip(from) {
            if depth == 0 && lexeme.kind != TokenKind::RightParen {
                offsets.push(offset);
            }
            match lexeme.kind {
                TokenKind::LeftParen => depth += 1,
                TokenKind::RightParen => depth -= 1,
                _ => {}
            }
        }
        offsets
    }

    fn space_before_group(&mut self) {
        self.spaced = self.lexemes.iter().position(|lexeme| lexeme.kind == TokenKind::LeftParen);
    }

    /// Breaks the `skip`-th group in parentheses into one item a line, and what follows into clauses.
    fn list(&mut self, skip: usize) {
        let groups: Vec<usize> =
            self.outside(0).into_iter().filter(|at| self.kind(*at) == Some(TokenKind::LeftParen)).collect();
        let Some(open) = groups.get(skip).copied() else { return };
        let Some(len) = group_len(&self.lexemes[open..]) else { return };
        // `CREATE TABLE x PARTITION OF y (…)` and `OF type` are lists as well.
        self.spaced = Some(open);
        self.items(open, len, 4);
        self.words(
            open + len,
            &["INHERITS", "PARTITION", "WITH", "SERVER", "OPTIONS", "TABLESPACE", "USING"],
        );
        for at in open + len..self.lexemes.len() {
            if self.before[at].is_some() {
                self.before[at] = Some(0);
            }
        }
    }

    fn items(&mut self, open: usize, len: usize, indent: usize) {
        let close = open + len - 1;
        if len == 2 {
            return;
        }
        self.before[open + 1] = Some(indent);
        self.before[close] = Some(indent - 4);
        let mut depth = 0;
        for at in open + 1..close {
            match self.lexemes[at].kind {
                TokenKind::LeftParen | TokenKind::LeftBracket => depth += 1,
                TokenKind::RightParen | TokenKind::RightBracket => depth -= 1,
                TokenKind::Comma if depth == 0 => self.before[at + 1] = Some(indent),
                _ => {}
            }
        }
    }

    /// Breaks before each of these words outside of parentheses.
    fn words(&mut self, from: usize, words: &[&str]) {
        // The first words name what is created.
        for at in self.outside(from.max(2)) {
            let named = self.kind(at.saturating_sub(1)) == Some(TokenKind::Dot);
            let follows_no = self.is(at.saturating_sub(1), "NO");
            if !named && !follows_no && words.iter().any(|word| self.is(at, word)) {
                self.before[at] = Some(4);
            }
        }
    }

    fn identity(&mut self) {
        let Some(open) = self.lexemes.iter().position(|lexeme| lexeme.kind == TokenKind::LeftParen) else {
            return;
        };
        let close = self.lexemes.len() - 1;
        for at in open + 1..close {
            let follows_no = self.is(at - 1, "NO");
            if !follows_no && SEQUENCE_CLAUSES.iter().any(|word| self.is(at, word)) {
                self.before[at] = Some(4);
            }
        }
        self.before[close] = Some(0);
    }

    fn view(&mut self) {
        let Some(at) = self.outside(0).into_iter().find(|at| self.is(*at, "AS")) else { return };
        let end = self.lexemes.len();
        let without_check = self.outside(at).into_iter().rev().take(4).find(|at| {
            self.is(*at, "WITH")
                && (self.is(at + 1, "NO")
                    || self.is(at + 1, "DATA")
                    || self.is(at + 1, "CASCADED")
                    || self.is(at + 1, "LOCAL")
                    || self.is(at + 1, "CHECK"))
        });
        if let Some(with) = without_check {
            self.before[with] = Some(0);
        }
        if at + 1 < end {
            self.before[at + 1] = Some(0);
            self.query(at + 1, without_check.unwrap_or(end), 0);
        }
    }

    fn routine(&mut self) {
        const CLAUSES: [&str; 5] = ["LANGUAGE", "AS", "SET", "BEGIN", "TRANSFORM"];
        let outside = self.outside(2);
        for (order, at) in outside.iter().copied().enumerate() {
            let previous = at.checked_sub(1);
            let clause = CLAUSES.iter().any(|word| self.is(at, word))
                && previous.is_some_and(|p| self.kind(p) != Some(TokenKind::Dot) && !self.is(p, "RETURNS"));
            if clause {
                self.before[at] = Some(4);
            }
            let body_begins = (self.is(at, "BEGIN") && self.is(at + 1, "ATOMIC")) || self.is(at, "RETURN");
            if body_begins && order > 0 {
                self.before[at] = Some(0);
                self.atomic_body(at);
                return;
            }
            if self.is(at, "AS") {
                return;
            }
        }
    }

    fn atomic_body(&mut self, begin: usize) {
        if self.is(begin, "RETURN") {
            return;
        }
        let end = self.lexemes.len() - 1;
        let mut start = begin + 2;
        for at in begin + 2..end {
            if self.kind(at) == Some(TokenKind::Semicolon) {
                self.before[start] = Some(4);
                self.query(start, at, 4);
                start = at + 1;
            }
        }
        self.before[end] = Some(0);
    }

    fn rule(&mut self) {
        let Some(on) = self.outside(3).into_iter().find(|at| self.is(*at, "ON")) else { return };
        self.before[on] = Some(4);
        let Some(action) = self.outside(on).into_iter().find(|at| self.is(*at, "DO")) else { return };
        self.query(action + 1, self.lexemes.len(), 4);
        for at in action..self.lexemes.len().min(action + 4) {
            // `DO INSTEAD NOTHING` and the first word of the action stay on the line.
            if self.before[at] == Some(4) && at <= action + 2 {
                self.before[at] = None;
            }
        }
    }

    fn operator_class(&mut self) {
        for at in self.outside(3) {
            if self.is(at, "FOR") && self.is(at + 1, "TYPE") {
                self.before[at] = Some(4);
            }
            let begins = self.is(at, "AS") || self.is(at, "ADD");
            let begins = begins && self.kind(at - 1) != Some(TokenKind::Dot);
            if (begins || self.kind(at) == Some(TokenKind::Comma)) && at + 1 < self.lexemes.len() {
                self.before[at + 1] = Some(4);
            }
        }
    }

    /// Lays out a query: a clause a line, an item of a list a line, deeper queries further in.
    fn query(&mut self, from: usize, to: usize, indent: usize) {
        const CLAUSES: [&str; 18] = [
            "SELECT",
            "FROM",
            "WHERE",
            "GROUP",
            "HAVING",
            "ORDER",
            "LIMIT",
            "OFFSET",
            "UNION",
            "INTERSECT",
            "EXCEPT",
            "WINDOW",
            "VALUES",
            "RETURNING",
            "SET",
            "INSERT",
            "DELETE",
            "FETCH",
        ];
        /// What a parenthesis holds.
        #[derive(Clone, Copy, PartialEq)]
        enum Inside {
            Query,
            Joins,
            Other,
        }
        let mut levels = vec![(Inside::Query, indent)];
        let mut in_from = vec![false];
        let mut cases: Vec<usize> = Vec::new();
        for at in from..to {
            let (inside, base) = levels.last().copied().unwrap_or((Inside::Query, indent));
            let previous = at.checked_sub(1).filter(|p| *p >= from);
            let named = previous.is_some_and(|p| self.kind(p) == Some(TokenKind::Dot))
                || previous.is_some_and(|p| self.is(p, "AS"));
            match self.lexemes[at].kind {
                TokenKind::LeftParen => {
                    let begins_query =
                        self.is(at + 1, "SELECT") || self.is(at + 1, "WITH") || self.is(at + 1, "VALUES");
                    let from_item = inside == Inside::Joins
                        || (inside == Inside::Query
                            && in_from.last() == Some(&true)
                            && previous.is_some_and(|p| {
                                self.is(p, "FROM")
                                    || self.is(p, "JOIN")
                                    || self.is(p, "LATERAL")
                                    || matches!(self.kind(p), Some(TokenKind::Comma | TokenKind::LeftParen))
                            }));
                    let next = match () {
                        () if begins_query => (Inside::Query, base + 4),
                        () if from_item => (Inside::Joins, base),
                        () => (Inside::Other, base),
                    };
                    levels.push(next);
                    in_from.push(false);
                    if begins_query && at + 1 < to {
                        self.before[at + 1] = Some(next.1);
                    }
                }
                TokenKind::RightParen if levels.len() > 1 => {
                    levels.pop();
                    in_from.pop();
                }
                TokenKind::Comma if inside == Inside::Query && at + 1 < to => {
                    self.before[at + 1] = Some(base + 4);
                }
                TokenKind::Word if !named => {
                    if inside == Inside::Query && CLAUSES.iter().any(|word| self.is(at, word)) {
                        if previous.is_some() && self.before[at].is_none() {
                            let part = self.is(at - 1, "DISTINCT")
                                || self.is(at - 1, "INSERT")
                                || self.is(at - 1, "DELETE")
                                || (self.is(at, "GROUP") && self.is(at - 1, "WITHIN"))
                                || (self.is(at, "SET") && self.is(at - 1, "DO"));
                            if !part {
                                self.before[at] = Some(base);
                            }
                        }
                        if let Some(flag) = in_from.last_mut() {
                            *flag = self.lexemes[at].is("FROM");
                        }
                    } else if inside != Inside::Other && self.begins_join(at) {
                        self.before[at] = Some(base + 4);
                    } else if self.is(at, "CASE") {
                        cases.push(at);
                    } else if !cases.is_empty() && (self.is(at, "WHEN") || self.is(at, "ELSE")) {
                        self.before[at] = Some(base + 4 + 4 * cases.len());
                    } else if !cases.is_empty() && self.is(at, "END") {
                        self.before[at] = Some(base + 4 * cases.len());
                        cases.pop();
                    }
                }
                _ => {}
            }
        }
    }

    /// Says whether this word is the first of `LEFT JOIN` and its like.
    fn begins_join(&self, at: usize) -> bool {
        const FIRST: [&str; 7] = ["JOIN", "LEFT", "RIGHT", "FULL", "CROSS", "NATURAL", "INNER"];
        let joins = self.is(at, "JOIN") || self.is(at + 1, "JOIN") || self.is(at + 2, "JOIN");
        let begins = joins && FIRST.iter().any(|word| self.is(at, word));
        let goes_on = at > 0
            && ["LEFT", "RIGHT", "FULL", "CROSS", "NATURAL", "INNER", "OUTER"]
                .iter()
                .any(|w| self.is(at - 1, w));
        begins && !goes_on
    }
}

fn write(lexemes: &[Lexeme<'_>], before: &[Option<usize>]) -> Vec<u8> {
    write_spaced(lexemes, before, None)
}

fn write_spaced(lexemes: &[Lexeme<'_>], before: &[Option<usize>], spaced: Option<usize>) -> Vec<u8> {
    let words: usize = lexemes.iter().map(|lexeme| lexeme.text.len() + 1).sum();
    let indents: usize = before.iter().flatten().map(|indent| *indent.min(&INDENT_MAX)).sum();
    let mut text = Vec::with_capacity(words + indents + 2);
    for (at, lexeme) in lexemes.iter().enumerate() {
        if let Some(indent) = before[at] {
            text.push(b'\n');
            text.resize(text.len() + indent.min(INDENT_MAX), b' ');
        } else if at > 0 && (spaced == Some(at) || is_spaced(lexemes, at)) {
            text.push(b' ');
        }
        text.extend_from_slice(&lexeme.text);
    }
    text
}

/// Says whether a blank goes between a lexeme and the one before it.
fn is_spaced(lexemes: &[Lexeme<'_>], at: usize) -> bool {
    use TokenKind::*;
    let (previous, next) = (&lexemes[at - 1], &lexemes[at]);
    let kind = |back: usize| at.checked_sub(back).map(|at| lexemes[at].kind);
    match (previous.kind, next.kind) {
        (LeftParen | LeftBracket | Dot | Cast | Colon, _) => false,
        (_, RightParen | RightBracket | LeftBracket | Comma | Semicolon | Dot | Cast | Colon) => false,
        (Word | Identifier, LeftParen) => {
            let key_word = |list: &[&str]| list.iter().any(|word| previous.text.as_ref() == word.as_bytes());
            let of_method = at >= 2 && lexemes[at - 2].is("USING") && kind(1) == Some(Word);
            kind(2) != Some(Dot) && (key_word(&SPACED) || key_word(&SPACED_MORE) || of_method)
        }
        // A sign, where no operand stands before it.
        (Operator, Number) if matches!(previous.text.as_ref(), b"-" | b"+") => match kind(2) {
            None | Some(LeftParen | LeftBracket | Comma | Operator | Cast) => false,
            Some(Word) => !is_key_word_before_value(&lexemes[at - 2]),
            _ => true,
        },
        // `numeric(10,2)`
        (Comma, Number) if kind(2) == Some(Number) && kind(3) == Some(LeftParen) => {
            !(at >= 4 && (lexemes[at - 4].is("numeric") || lexemes[at - 4].is("decimal")))
        }
        _ => true,
    }
}

/// Key words after which `-1` is a value and not a subtraction.
fn is_key_word_before_value(lexeme: &Lexeme<'_>) -> bool {
    [
        "DEFAULT",
        "WITH",
        "BY",
        "MINVALUE",
        "MAXVALUE",
        "STATISTICS",
        "VALUES",
        "THEN",
        "ELSE",
        "WHEN",
        "AND",
        "OR",
        "SELECT",
    ]
    .iter()
    .any(|word| lexeme.text.as_ref() == word.as_bytes())
}
