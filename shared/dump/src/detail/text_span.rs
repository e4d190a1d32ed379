//! Pieces of a statement with their line breaks.

use crate::lexer::{Lexer, TokenKind};

/// Returns the text from one token of a statement up to another, as it stands there; tokens are counted as
/// [`lexemes_of`](crate::lexeme::lexemes_of) counts them.
pub(super) fn between(text: &[u8], from: usize, to: usize) -> Option<Vec<u8>> {
    if from >= to {
        return Some(Vec::new());
    }
    let tokens = Lexer::default().tokens(text).ok()?;
    let mut code =
        tokens.iter().filter(|token| !matches!(token.kind, TokenKind::Space | TokenKind::Comment)).skip(from);
    let first = code.next()?;
    let last = if to - from == 1 { first } else { code.nth(to - from - 2)? };
    Some(text[first.start..last.end].to_vec())
}
