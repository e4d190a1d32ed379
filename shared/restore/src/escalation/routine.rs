//! Functions and procedures of which only a superuser may say a part: `LEAKPROOF`, and settings that only a superuser changes.
//!
//! The restoring role makes them without that part, so that no code of the dump is read by anybody else; the rest is added by
//! `ALTER`, which names the routine and a literal.

use dump::lexer::{Lexer, Token, TokenKind};

use super::phrase::Phrase;
use super::{cluster, privileges};

/// Settings that stay where they are: the body is read under the first, and the others would say who calls it.
const LEFT: [&str; 3] = ["search_path", "role", "session_authorization"];

/// A routine in parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Apart {
    /// The statement without what needs a superuser, for the restoring role.
    pub first: Vec<u8>,
    /// The statements that add it.
    pub then: Vec<Vec<u8>>,
}

/// A statement and its tokens.
struct Tokens<'t> {
    text: &'t [u8],
    tokens: Vec<Token>,
}

impl Tokens<'_> {
    fn is(&self, at: usize, word: &str) -> bool {
        let token = self.tokens.get(at).filter(|token| token.kind == TokenKind::Word);
        token.is_some_and(|token| self.bytes(*token).eq_ignore_ascii_case(word.as_bytes()))
    }

    fn is_kind(&self, at: usize, kind: TokenKind) -> bool {
        self.tokens.get(at).is_some_and(|token| token.kind == kind)
    }

    fn bytes(&self, token: Token) -> &[u8] {
        &self.text[token.start..token.end]
    }

    /// Where the parenthesis that opens here is closed.
    fn closing(&self, open: usize) -> Option<usize> {
        let mut depth = 0_usize;
        for at in open..self.tokens.len() {
            match self.tokens[at].kind {
                TokenKind::LeftParen => depth += 1,
                TokenKind::RightParen => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return Some(at);
            }
        }
        None
    }

    /// The name and the arguments without their defaults.
    fn named(&self, name: usize, open: usize, close: usize) -> Vec<u8> {
        let mut named = Vec::new();
        let (mut depth, mut in_default) = (0_usize, false);
        for at in name..=close {
            let kind = self.tokens[at].kind;
            let top = depth == 1 && at > open;
            match kind {
                TokenKind::LeftParen => depth += 1,
                TokenKind::RightParen => depth -= 1,
                _ => {}
            }
            let begins = self.is(at, "DEFAULT") || self.bytes(self.tokens[at]) == b"=";
            in_default |= top && begins;
            in_default &= !(top && kind == TokenKind::Comma || at == close);
            if !in_default {
                named.extend_from_slice(self.bytes(self.tokens[at]));
                // Names stand with their dots.
                let dotted = kind == TokenKind::Dot || self.is_kind(at + 1, TokenKind::Dot);
                named.extend((!dotted).then_some(b' '));
            }
        }
        named
    }

    /// Where the `SET name TO value, …` ends that begins here; none where it is none that is moved.
    fn end_of_setting(&self, at: usize) -> Option<usize> {
        let mut next = at + 1;
        let name = self.bytes(*self.tokens.get(next)?).to_ascii_lowercase();
        if LEFT.iter().any(|left| name == left.as_bytes()) {
            return None;
        }
        while self.is_kind(next + 1, TokenKind::Dot) {
            next += 2;
        }
        let assigns = self.is(next + 1, "TO") || self.bytes(*self.tokens.get(next + 1)?) == b"=";
        if !assigns {
            return None;
        }
        let mut value = next + 2;
        loop {
            // -1
            value += usize::from(self.tokens.get(value)?.kind == TokenKind::Operator);
            match self.tokens.get(value + 1).map(|token| token.kind) {
                Some(TokenKind::Comma) => value += 2,
                // A call, which is no value.
                Some(TokenKind::LeftParen) => return None,
                _ => return Some(value + 1),
            }
        }
    }
}

/// Takes a `CREATE FUNCTION` or `CREATE PROCEDURE` apart; none where it has nothing that only a superuser may say, or is not
/// understood.
pub(super) fn apart(text: &[u8], standard_conforming_strings: bool) -> Option<Apart> {
    let mut lexer = Lexer::default();
    lexer.standard_conforming_strings = standard_conforming_strings;
    let mut tokens = lexer.tokens(text).ok()?;
    tokens.retain(|token| !matches!(token.kind, TokenKind::Space | TokenKind::Comment));
    let tokens = Tokens { text, tokens };
    let kind = 1 + if tokens.is(1, "OR") { 2 } else { 0 };
    let word = ["FUNCTION", "PROCEDURE"].into_iter().find(|word| tokens.is(kind, word))?;
    if !tokens.is(0, "CREATE") {
        return None;
    }
    let open = (kind..tokens.tokens.len()).find(|at| tokens.is_kind(*at, TokenKind::LeftParen))?;
    let close = tokens.closing(open)?;
    let routine = {
        let named = [word.as_bytes(), b" ", &tokens.named(kind + 1, open, close)].concat();
        let mut phrase = Phrase::of(&named, standard_conforming_strings)?;
        privileges::routine(&mut phrase)?;
        phrase.end()?
    };
    let (mut first, mut then, mut kept) = (Vec::new(), Vec::new(), 0);
    let mut take = |from: usize, to: usize, more: Vec<u8>| {
        let end = tokens.tokens.get(to - 1).map_or(text.len(), |token| token.end);
        first.extend_from_slice(&text[kept..tokens.tokens[from].start]);
        kept = end;
        then.push([b"ALTER ", &*routine, b" ", &*more].concat());
    };
    let mut at = close + 1;
    while at < tokens.tokens.len() {
        let body = tokens.is(at, "RETURN") || tokens.is(at, "BEGIN") && tokens.is(at + 1, "ATOMIC");
        match () {
            // What follows is the body.
            () if body => break,
            () if tokens.is_kind(at, TokenKind::LeftParen) => at = tokens.closing(at)?,
            () if tokens.is(at, "LEAKPROOF") && !tokens.is(at - 1, "NOT") => {
                take(at, at + 1, b"LEAKPROOF".to_vec());
            }
            () if tokens.is(at, "SET") => {
                if let Some(end) = tokens.end_of_setting(at) {
                    let last = tokens.tokens.get(end - 1)?.end;
                    let mut phrase =
                        Phrase::of(&text[tokens.tokens[at].start..last], standard_conforming_strings)?;
                    cluster::setting(&mut phrase)?;
                    take(at, end, phrase.end()?);
                    at = end - 1;
                }
            }
            () => {}
        }
        at += 1;
    }
    first.extend_from_slice(&text[kept..]);
    (!then.is_empty()).then_some(Apart { first, then })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(sql: &str) -> Option<(String, Vec<String>)> {
        let text = |sql: Vec<u8>| String::from_utf8(sql).unwrap();
        let Apart { first, then } = apart(sql.as_bytes(), true)?;
        Some((text(first), then.into_iter().map(text).collect()))
    }

    #[test]
    fn what_needs_a_superuser_is_added_later() {
        let (first, then) = of("CREATE FUNCTION app.f(a integer DEFAULT g(1, 2), VARIADIC b text[] = '{}') RETURNS \
            TABLE(leakproof integer) LANGUAGE sql LEAKPROOF SET search_path TO 'app' SET log_statement TO 'none' SET x.y = \
            -1, 'it''s' AS $$ SET a TO b LEAKPROOF $$;")
        .unwrap();
        assert_eq!(
            first,
            "CREATE FUNCTION app.f(a integer DEFAULT g(1, 2), VARIADIC b text[] = '{}') RETURNS TABLE(leakproof integer) \
             LANGUAGE sql  SET search_path TO 'app'   AS $$ SET a TO b LEAKPROOF $$;"
        );
        let routine = "ALTER FUNCTION app.f ( a integer , VARIADIC b text [ ] )";
        assert_eq!(
            then,
            [
                format!("{routine} LEAKPROOF"),
                format!("{routine} SET log_statement TO E'none'"),
                format!("{routine} SET x.y = -1 , E'it''s'"),
            ]
        );
    }

    #[test]
    fn what_is_not_understood_stays_whole() {
        for sql in [
            "CREATE FUNCTION app.f() RETURNS integer LANGUAGE sql AS $$ select 1 $$",
            "CREATE FUNCTION app.f() RETURNS integer LANGUAGE sql NOT LEAKPROOF AS 'select 1'",
            "CREATE FUNCTION f() RETURNS integer LANGUAGE sql LEAKPROOF AS 'select 1'",
            "CREATE FUNCTION pg_catalog.f() RETURNS integer LANGUAGE sql LEAKPROOF AS 'select 1'",
            "CREATE FUNCTION app.f() RETURNS integer LANGUAGE sql SET role TO 'x' AS 'select 1'",
            "CREATE FUNCTION app.f() RETURNS integer LANGUAGE sql SET log_statement TO f() AS 'select 1'",
            "CREATE PROCEDURE app.p() LANGUAGE sql BEGIN ATOMIC UPDATE t SET leakproof = 1; END",
            "CREATE AGGREGATE app.a(integer) (SFUNC = app.f, STYPE = integer)",
        ] {
            assert_eq!(of(sql), None, "{sql}");
        }
    }
}
