//! The tokens of a piece of SQL: what it says is decided on these, never on searched text.

use dump::Name;
use dump::lexer::{Lexer, TokenKind};

/// A token without white space and comments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token<'t> {
    pub kind: TokenKind,
    pub text: &'t str,
}

impl Token<'_> {
    /// Says whether it is this key word.
    pub fn is(&self, word: &str) -> bool {
        self.kind == TokenKind::Word && self.text.eq_ignore_ascii_case(word)
    }

    /// The name that it is, if it may be one.
    pub fn name(&self) -> Option<Name> {
        let is_name = matches!(self.kind, TokenKind::Word | TokenKind::Identifier);
        is_name.then(|| Name::from_sql(self.text.as_bytes()))
    }

    /// Says whether it is a parenthesis.
    pub fn is_parenthesis(&self) -> bool {
        matches!(self.kind, TokenKind::LeftParen | TokenKind::RightParen)
    }

    fn depth(&self) -> i32 {
        match self.kind {
            TokenKind::LeftParen | TokenKind::LeftBracket => 1,
            TokenKind::RightParen | TokenKind::RightBracket => -1,
            _ => 0,
        }
    }
}

/// Returns the tokens of a text; none if it cannot be cut.
pub(crate) fn tokens(text: &str) -> Vec<Token<'_>> {
    let tokens = Lexer::default().tokens(text.as_bytes()).unwrap_or_default();
    let code = tokens.iter().filter(|token| !matches!(token.kind, TokenKind::Space | TokenKind::Comment));
    code.filter_map(|token| Some(Token { kind: token.kind, text: text.get(token.start..token.end)? }))
        .collect()
}

/// Cuts tokens at the commas outside of parentheses and brackets.
pub(crate) fn split_commas<'t, 'a>(tokens: &'t [Token<'a>]) -> Vec<&'t [Token<'a>]> {
    if tokens.is_empty() {
        return Vec::new();
    }
    let mut depth = 0;
    tokens
        .split(|token| {
            depth += token.depth();
            depth == 0 && token.kind == TokenKind::Comma
        })
        .collect()
}

/// Returns where a key word stands outside of parentheses and brackets.
pub(crate) fn position(tokens: &[Token<'_>], is_it: impl Fn(&Token<'_>) -> bool) -> Option<usize> {
    let mut depth = 0;
    tokens.iter().position(|token| {
        depth += token.depth();
        depth == 0 && is_it(token)
    })
}

/// The functions that an expression calls, as the names in front of an opening parenthesis: schema, if it is written, and name.
pub(crate) fn calls(tokens: &[Token<'_>]) -> Vec<(Option<Name>, Name)> {
    let dot = |at: Option<usize>| {
        at.and_then(|at| tokens.get(at)).is_some_and(|token| token.kind == TokenKind::Dot)
    };
    let opens = |at: usize| tokens.get(at + 1).is_some_and(|next| next.kind == TokenKind::LeftParen);
    let called = (0..tokens.len()).filter(|at| opens(*at));
    called
        .filter_map(|at| {
            let name = tokens[at].name()?;
            let schema = match at.checked_sub(2).filter(|_| dot(at.checked_sub(1))) {
                Some(before) => tokens[before].name(),
                None => None,
            };
            Some((schema, name))
        })
        .collect()
}

/// The names with a schema in a text: where each ends, schema and name.
pub(crate) fn qualified(tokens: &[Token<'_>]) -> Vec<(usize, Name, Name)> {
    let mut found = Vec::new();
    for at in 0..tokens.len().saturating_sub(2) {
        let [first, dot, second] = &tokens[at..at + 3] else { continue };
        let behind_dot = at.checked_sub(1).is_some_and(|before| tokens[before].kind == TokenKind::Dot);
        if dot.kind == TokenKind::Dot
            && !behind_dot
            && let (Some(schema), Some(name)) = (first.name(), second.name())
        {
            found.push((at + 3, schema, name));
        }
    }
    found
}
