//! The tokens of one statement in canonical spelling, and a cursor that reads them.

use std::borrow::Cow;

use crate::event::Statement;
use crate::lexer::{Lexer, Token, TokenKind};
use crate::name::kept;
use crate::{Name, QualifiedName};

/// A token in canonical spelling: names quoted only where they must be, literals in the form they have
/// when `standard_conforming_strings` is on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lexeme<'a> {
    pub kind: TokenKind,
    pub text: Cow<'a, [u8]>,
}

impl<'a> Lexeme<'a> {
    pub fn new(kind: TokenKind, text: impl Into<Cow<'a, [u8]>>) -> Self {
        Lexeme { kind, text: text.into() }
    }

    pub fn word(text: &'a str) -> Self {
        Lexeme::new(TokenKind::Word, text.as_bytes())
    }

    /// The lexeme of a name.
    pub fn name(name: &Name) -> Lexeme<'static> {
        let text = name.to_sql();
        let kind = if text.first() == Some(&b'"') { TokenKind::Identifier } else { TokenKind::Word };
        Lexeme::new(kind, text)
    }

    /// Says whether it is this key word.
    pub fn is(&self, word: &str) -> bool {
        self.kind == TokenKind::Word && self.text.eq_ignore_ascii_case(word.as_bytes())
    }

    pub fn is_name(&self) -> bool {
        matches!(self.kind, TokenKind::Word | TokenKind::Identifier)
    }
}

/// Returns the statement's tokens in canonical spelling.
pub(crate) fn lexemes<'a>(statement: &Statement<'a>, standard_conforming_strings: bool) -> Vec<Lexeme<'a>> {
    let spell = |token: &Token| spell(token.kind, statement.bytes(*token), standard_conforming_strings);
    statement.tokens.iter().map(spell).collect()
}

/// Returns the tokens of a piece of SQL such as the name within a literal; `None` if it is none.
pub(crate) fn lexemes_of(text: &[u8]) -> Option<Vec<Lexeme<'_>>> {
    let tokens = Lexer::default().tokens(text).ok()?;
    let code = tokens.iter().filter(|token| !matches!(token.kind, TokenKind::Space | TokenKind::Comment));
    Some(code.map(|token| spell(token.kind, &text[token.start..token.end], true)).collect())
}

fn spell(kind: TokenKind, text: &[u8], standard_conforming_strings: bool) -> Lexeme<'_> {
    match kind {
        TokenKind::Identifier => Lexeme::name(&Name::from_sql(text)),
        // No key word is as long as to be cut.
        TokenKind::Word => Lexeme::new(kind, kept(text)),
        TokenKind::String => {
            let escapes = memchr::memchr(b'\\', text).is_some();
            match text[0] {
                b'\'' if escapes && !standard_conforming_strings => Lexeme::new(kind, [b"E", text].concat()),
                b'e' | b'E' if !escapes => Lexeme::new(kind, &text[1..]),
                b'e' => Lexeme::new(kind, [b"E", &text[1..]].concat()),
                _ => Lexeme::new(kind, text),
            }
        }
        _ => Lexeme::new(kind, text),
    }
}

/// Returns the value of a string or dollar-quoted literal; `None` for the kinds that are not text.
pub(crate) fn literal_value(lexeme: &Lexeme<'_>) -> Option<Vec<u8>> {
    let text = lexeme.text.as_ref();
    match (lexeme.kind, text) {
        (TokenKind::Dollar, _) => {
            let tag = memchr::memchr(b'$', &text[1..])? + 2;
            Some(text[tag..text.len() - tag].to_vec())
        }
        (TokenKind::String, [b'\'', body @ .., b'\'']) if memchr::memmem::find(body, b"'\n").is_none() => {
            let mut value = Vec::with_capacity(body.len());
            let mut bytes = body.iter();
            while let Some(byte) = bytes.next() {
                if *byte == b'\'' {
                    bytes.next();
                }
                value.push(*byte);
            }
            Some(value)
        }
        _ => None,
    }
}

/// Reads lexemes from the front. Every method that does not find what it looks for leaves the cursor
/// where it is.
#[derive(Clone, Debug)]
pub(crate) struct Cursor<'t, 'a> {
    lexemes: &'t [Lexeme<'a>],
    pub at: usize,
}

impl<'t, 'a> Cursor<'t, 'a> {
    pub fn new(lexemes: &'t [Lexeme<'a>]) -> Self {
        Cursor { lexemes, at: 0 }
    }

    pub fn peek(&self) -> Option<&'t Lexeme<'a>> {
        self.lexemes.get(self.at)
    }

    pub fn next(&mut self) -> Option<&'t Lexeme<'a>> {
        let lexeme = self.lexemes.get(self.at)?;
        self.at += 1;
        Some(lexeme)
    }

    pub fn at_end(&self) -> bool {
        self.at == self.lexemes.len()
    }

    pub fn rest(&self) -> &'t [Lexeme<'a>] {
        &self.lexemes[self.at..]
    }

    /// Says whether these key words come next.
    pub fn sees(&self, words: &str) -> bool {
        let mut rest = self.rest().iter();
        words.split(' ').all(|word| rest.next().is_some_and(|lexeme| lexeme.is(word)))
    }

    /// Moves behind these key words if they come next.
    pub fn eat(&mut self, words: &str) -> bool {
        let seen = self.sees(words);
        if seen {
            self.at += words.split(' ').count();
        }
        seen
    }

    /// Moves behind these key words, which must come next.
    pub fn expect(&mut self, words: &str) -> Option<()> {
        self.eat(words).then_some(())
    }

    pub fn eat_kind(&mut self, kind: TokenKind) -> bool {
        let seen = self.peek().is_some_and(|lexeme| lexeme.kind == kind);
        self.at += usize::from(seen);
        seen
    }

    /// Reads one name.
    pub fn name(&mut self) -> Option<Name> {
        let lexeme = self.peek().filter(|lexeme| lexeme.is_name())?;
        self.at += 1;
        Some(Name::from_sql(&lexeme.text))
    }

    /// Reads a name with up to two qualifiers in front and returns them all.
    pub fn dotted(&mut self) -> Option<Vec<Name>> {
        let mut names = vec![self.name()?];
        while names.len() < 4 && self.peek().is_some_and(|lexeme| lexeme.kind == TokenKind::Dot) {
            self.at += 1;
            names.push(self.name()?);
        }
        Some(names)
    }

    /// Reads the name of something that a schema holds, as it is written.
    pub fn qualified(&mut self) -> Option<QualifiedName> {
        let mut names = self.dotted()?;
        let name = names.pop()?;
        Some(QualifiedName { schema: names.pop(), name })
    }

    /// Moves behind a group in parentheses and returns what it holds.
    pub fn parentheses(&mut self) -> Option<&'t [Lexeme<'a>]> {
        let rest = self.rest();
        if rest.first()?.kind != TokenKind::LeftParen {
            return None;
        }
        let len = group_len(rest)?;
        self.at += len;
        Some(&rest[1..len - 1])
    }

    /// Moves up to this key word outside of parentheses and behind it.
    pub fn skip_behind(&mut self, word: &str) -> Option<()> {
        let mut depth = 0_usize;
        for (offset, lexeme) in self.rest().iter().enumerate() {
            match lexeme.kind {
                TokenKind::LeftParen => depth += 1,
                TokenKind::RightParen => depth = depth.saturating_sub(1),
                _ if depth == 0 && lexeme.is(word) => {
                    self.at += offset + 1;
                    return Some(());
                }
                _ => {}
            }
        }
        None
    }
}

/// Number of lexemes from an opening parenthesis at the front to the one that closes it.
pub(crate) fn group_len(lexemes: &[Lexeme<'_>]) -> Option<usize> {
    lexemes.first().filter(|first| first.kind == TokenKind::LeftParen)?;
    let mut depth = 0_usize;
    for (offset, lexeme) in lexemes.iter().enumerate() {
        match lexeme.kind {
            TokenKind::LeftParen => depth += 1,
            TokenKind::RightParen => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(offset + 1);
                }
            }
            _ => {}
        }
    }
    None
}

/// Cuts lexemes at the commas outside of parentheses and brackets.
pub(crate) fn split_commas<'t, 'a>(lexemes: &'t [Lexeme<'a>]) -> Vec<&'t [Lexeme<'a>]> {
    if lexemes.is_empty() {
        return Vec::new();
    }
    let mut depth = 0_i32;
    lexemes
        .split(|lexeme| {
            match lexeme.kind {
                TokenKind::LeftParen | TokenKind::LeftBracket => depth += 1,
                TokenKind::RightParen | TokenKind::RightBracket => depth -= 1,
                _ => {}
            }
            depth == 0 && lexeme.kind == TokenKind::Comma
        })
        .collect()
}
