//! Marks that git leaves where it cannot merge two versions of a text.

use crate::lexer::{Token, TokenKind};

/// The marks, in their order; the one in the middle is there only in git's style `diff3`.
const MARKS: [&[u8]; 4] = [b"<<<<<<<", b"|||||||", b"=======", b">>>>>>>"];

/// Returns where in the text of a statement a mark begins that a token is, or holds if it is a body.
pub(super) fn marker(token: Token, text: &[u8]) -> Option<usize> {
    let inside = &text[token.start..token.end];
    match token.kind {
        TokenKind::Operator => {
            let begins = token.start == 0 || text[token.start - 1] == b'\n';
            (begins && MARKS.contains(&inside)).then_some(token.start)
        }
        // What stands in a literal may be there on purpose; all marks in their order in the body of a function are not.
        TokenKind::Dollar => {
            let first = line(inside, 0, MARKS[0], b' ')?;
            let middle = line(inside, first, MARKS[2], b'\n')?;
            line(inside, middle, MARKS[3], b' ').map(|_| token.start + first)
        }
        _ => None,
    }
}

/// Finds a mark at the beginning of a line, from `from` on.
fn line(text: &[u8], from: usize, mark: &[u8], behind: u8) -> Option<usize> {
    let mut found = memchr::memmem::find_iter(&text[from..], mark).map(|at| from + at);
    found.find(|at| {
        let next = text[at + mark.len()..].iter().find(|byte| **byte != b'\r');
        *at > 0 && text[at - 1] == b'\n' && next == Some(&behind)
    })
}
