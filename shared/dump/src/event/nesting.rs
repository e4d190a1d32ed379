//! Where a statement ends.

use crate::lexer::{Token, TokenKind};

/// What a `;` must be outside of to end a statement: psql's rules in psqlscan.l.
#[derive(Debug, Default)]
pub(super) struct Nesting {
    parentheses: u32,
    /// `BEGIN … END` of an SQL-standard function body, with the `CASE … END` in it.
    begins: u32,
    /// The first letters of the first four words, as psql keeps them.
    words: Vec<u8>,
}

impl Nesting {
    pub fn is_outside(&self) -> bool {
        self.parentheses == 0 && self.begins == 0
    }

    pub fn see(&mut self, token: Token, text: &[u8]) {
        match token.kind {
            TokenKind::LeftParen => self.parentheses += 1,
            TokenKind::RightParen => self.parentheses = self.parentheses.saturating_sub(1),
            TokenKind::Word => {
                let word = text[token.start..token.end].to_ascii_lowercase();
                if self.words.len() < 4 {
                    let letter = match word.as_slice() {
                        b"create" | b"or" | b"replace" | b"function" | b"procedure" => word[0],
                        _ => b' ',
                    };
                    self.words.push(letter);
                }
                let routine = self.words.starts_with(b"cf")
                    || self.words.starts_with(b"cp")
                    || self.words.starts_with(b"corf")
                    || self.words.starts_with(b"corp");
                if routine && self.parentheses == 0 {
                    match word.as_slice() {
                        b"begin" => self.begins += 1,
                        b"case" if self.begins > 0 => self.begins += 1,
                        b"end" => self.begins = self.begins.saturating_sub(1),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
}
