//! The tokens of SQL as psql and the server see them.
//!
//! Follows `src/backend/parser/scan.l` and `src/fe_utils/psqlscan.l`. The lexer owns no input: it is
//! handed a buffer, asks for more where a token might go on behind its end, and remembers how far it
//! looked, so that a literal of a gigabyte is looked at once.

use memchr::{memchr, memchr2, memmem};

use crate::error::Fault;

/// No operator is longer; the server takes 63 bytes. A longer run is cut, so that a run of a megabyte is not looked at
/// again for each of its signs.
const OPERATOR_MAX: usize = 128;

/// Names what a [`Token`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// White space.
    Space,
    /// `-- …` up to the end of the line, which a lone carriage return is as well, or `/* … */`, nested.
    Comment,
    /// An unquoted identifier or key word.
    Word,
    /// `"…"` or `U&"…"`.
    Identifier,
    /// `'…'` with its prefix (`E`, `B`, `X`, `N`, `U&`) and, where the literal goes on after a line
    /// break, its continuations.
    String,
    /// `$tag$…$tag$`.
    Dollar,
    /// A number.
    Number,
    /// `$1`.
    Parameter,
    /// A run of operator characters.
    Operator,
    /// `(`
    LeftParen,
    /// `)`
    RightParen,
    /// `[`
    LeftBracket,
    /// `]`
    RightBracket,
    /// `,`
    Comma,
    /// `;`
    Semicolon,
    /// `.`
    Dot,
    /// `..`, which only PL/pgSQL knows.
    DotDot,
    /// `:`
    Colon,
    /// `::`
    Cast,
    /// `:=`
    Assign,
    /// `\`, which psql would take as the beginning of a meta-command.
    Backslash,
    /// Any byte that begins none of the others (`{`, control bytes).
    Unknown,
}

/// A token as a range of the buffer it was lexed from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Offset of its first byte in the buffer.
    pub start: usize,
    /// Offset behind its last byte.
    pub end: usize,
}

/// What [`Lexer::step`] made of the buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The next token.
    Token(Token),
    /// The token may go on behind the buffer's end: give more bytes and ask again from its start.
    NeedMore,
    /// No bytes are left.
    End,
}

/// Cuts SQL text into tokens; every byte belongs to exactly one of them.
///
/// ```
/// use dump::lexer::{Lexer, TokenKind};
/// let sql = b"SELECT 'it''s' -- done";
/// let tokens = Lexer::default().tokens(sql).unwrap();
/// let kinds: Vec<_> = tokens.iter().map(|t| t.kind).collect();
/// use TokenKind::*;
/// assert_eq!(kinds, [Word, Space, String, Space, Comment]);
/// ```
#[derive(Debug)]
pub struct Lexer {
    /// Whether backslashes in plain `'…'` literals are ordinary characters (`on` since 9.1).
    pub standard_conforming_strings: bool,
    pending: Option<Pending>,
}

/// A token whose end was not in the buffer yet.
#[derive(Debug)]
struct Pending {
    inside: Inside,
    /// Where to look on, as an offset in the buffer.
    scanned: usize,
}

#[derive(Debug)]
enum Inside {
    Quote { quote: u8, escapes: bool },
    Dollar { tag_len: usize, tag: Vec<u8> },
    LineComment,
    BlockComment { depth: u64 },
}

impl Default for Lexer {
    fn default() -> Self {
        Lexer { standard_conforming_strings: true, pending: None }
    }
}

impl Lexer {
    /// Returns all tokens of a whole text, white space and comments included.
    ///
    /// # Errors
    /// The [`Fault`] and the offset of the token that has no end.
    pub fn tokens(&mut self, text: &[u8]) -> Result<Vec<Token>, (Fault, usize)> {
        let mut tokens = Vec::new();
        let mut at = 0;
        while let Step::Token(token) = self.step(text, at, true)? {
            at = token.end;
            tokens.push(token);
        }
        Ok(tokens)
    }

    /// Returns the token that begins at `at`; `last` says that nothing follows the buffer.
    ///
    /// # Errors
    /// The [`Fault`] and the offset of a token that has no end although `last` is set.
    pub fn step(&mut self, buf: &[u8], at: usize, last: bool) -> Result<Step, (Fault, usize)> {
        if let Some(pending) = self.pending.take() {
            return self.resume(pending, buf, at, last);
        }
        let rest = &buf[at..];
        let Some(&first) = rest.first() else {
            return Ok(if last { Step::End } else { Step::NeedMore });
        };
        let (kind, len) = match first {
            _ if is_space(first) => (TokenKind::Space, rest.iter().take_while(|b| is_space(**b)).count()),
            b'\'' => return self.quote(b'\'', !self.standard_conforming_strings, at + 1, buf, at, last),
            b'"' => return self.quote(b'"', false, at + 1, buf, at, last),
            b'(' => (TokenKind::LeftParen, 1),
            b')' => (TokenKind::RightParen, 1),
            b'[' => (TokenKind::LeftBracket, 1),
            b']' => (TokenKind::RightBracket, 1),
            b',' => (TokenKind::Comma, 1),
            b';' => (TokenKind::Semicolon, 1),
            b'\\' => (TokenKind::Backslash, 1),
            0 => return Err((Fault::Nul, at)),
            b'.' | b':' | b'$' | b'-' | b'/' if rest.len() == 1 && !last => return Ok(Step::NeedMore),
            b'-' if rest[1..].starts_with(b"-") => {
                let pending = Pending { inside: Inside::LineComment, scanned: at + 2 };
                return self.resume(pending, buf, at, last);
            }
            b'/' if rest[1..].starts_with(b"*") => {
                let pending = Pending { inside: Inside::BlockComment { depth: 1 }, scanned: at + 2 };
                return self.resume(pending, buf, at, last);
            }
            b'.' if rest[1..].starts_with(b".") => (TokenKind::DotDot, 2),
            b'.' if rest.get(1).is_some_and(u8::is_ascii_digit) => (TokenKind::Number, number_len(rest)),
            b'.' => (TokenKind::Dot, 1),
            b':' if rest[1..].starts_with(b":") => (TokenKind::Cast, 2),
            b':' if rest[1..].starts_with(b"=") => (TokenKind::Assign, 2),
            b':' => (TokenKind::Colon, 1),
            b'$' if rest.get(1).is_some_and(u8::is_ascii_digit) => {
                (TokenKind::Parameter, 1 + rest[1..].iter().take_while(|b| b.is_ascii_digit()).count())
            }
            b'$' => {
                let tag = 1 + rest[1..].iter().take_while(|b| is_tag_part(**b)).count();
                match rest.get(tag) {
                    None if !last => return Ok(Step::NeedMore),
                    Some(b'$') if tag == 1 || is_word_start(rest[1]) => {
                        let inside = Inside::Dollar { tag_len: tag + 1, tag: rest[..=tag].to_vec() };
                        let pending = Pending { inside, scanned: at + tag + 1 };
                        return self.resume(pending, buf, at, last);
                    }
                    _ => (TokenKind::Unknown, 1),
                }
            }
            b'0'..=b'9' => (TokenKind::Number, number_len(rest)),
            _ if is_word_start(first) => {
                let len = rest.iter().take_while(|b| is_word_part(**b)).count();
                if len == rest.len() && !last {
                    return Ok(Step::NeedMore);
                }
                if len == 1 {
                    // The letters that make another kind of literal of the quote right behind them.
                    let letter = first.to_ascii_lowercase();
                    match (letter, rest.get(1), rest.get(2)) {
                        (b'e', Some(b'\''), _) => return self.quote(b'\'', true, at + 2, buf, at, last),
                        (b'n', Some(b'\''), _) => {
                            let escapes = !self.standard_conforming_strings;
                            return self.quote(b'\'', escapes, at + 2, buf, at, last);
                        }
                        (b'b' | b'x', Some(b'\''), _) => {
                            return self.quote(b'\'', false, at + 2, buf, at, last);
                        }
                        (b'u', Some(b'&'), None) if !last => return Ok(Step::NeedMore),
                        (b'u', Some(b'&'), Some(quote @ (b'\'' | b'"'))) => {
                            return self.quote(*quote, false, at + 3, buf, at, last);
                        }
                        _ => {}
                    }
                }
                (TokenKind::Word, len)
            }
            _ if is_operator(first) => {
                let run = rest.iter().take(OPERATOR_MAX + 1).take_while(|b| is_operator(**b)).count();
                if run == rest.len() && !last {
                    return Ok(Step::NeedMore);
                }
                (TokenKind::Operator, operator_len(&rest[..run]))
            }
            _ => (TokenKind::Unknown, 1),
        };
        // How far behind its own end a token must be looked at to know that it ends there.
        let lookahead = match kind {
            TokenKind::Number => 3,
            TokenKind::Parameter | TokenKind::Space => 1,
            _ => 0,
        };
        if at + len + lookahead > buf.len() && !last {
            return Ok(Step::NeedMore);
        }
        Ok(Step::Token(Token { kind, start: at, end: at + len }))
    }

    /// Returns the offset up to which a comment was looked at whose end was not in the buffer, which begins with it.
    pub(crate) fn comment_so_far(&self) -> Option<usize> {
        let pending = self.pending.as_ref()?;
        matches!(pending.inside, Inside::LineComment | Inside::BlockComment { .. }).then_some(pending.scanned)
    }

    /// Says that the part of the comment that was looked at is no longer in the buffer.
    pub(crate) fn forget_comment_so_far(&mut self) {
        self.pending.iter_mut().for_each(|pending| pending.scanned = 0);
    }

    fn quote(
        &mut self,
        quote: u8,
        escapes: bool,
        scanned: usize,
        buf: &[u8],
        at: usize,
        last: bool,
    ) -> Result<Step, (Fault, usize)> {
        self.resume(Pending { inside: Inside::Quote { quote, escapes }, scanned }, buf, at, last)
    }

    fn resume(
        &mut self,
        pending: Pending,
        buf: &[u8],
        at: usize,
        last: bool,
    ) -> Result<Step, (Fault, usize)> {
        let Pending { inside, mut scanned } = pending;
        let token = |kind, end| Ok(Step::Token(Token { kind, start: at, end }));
        match inside {
            Inside::Quote { quote, escapes } => {
                let (kind, fault) = match quote {
                    b'\'' => (TokenKind::String, Fault::UnterminatedString),
                    _ => (TokenKind::Identifier, Fault::UnterminatedIdentifier),
                };
                loop {
                    let rest = &buf[scanned..];
                    let hit = if escapes { memchr2(quote, b'\\', rest) } else { memchr(quote, rest) };
                    let Some(hit) = hit else {
                        scanned = buf.len();
                        break;
                    };
                    scanned += hit;
                    let next = buf.get(scanned + 1).copied();
                    if next.is_none() && !last {
                        break;
                    }
                    if buf[scanned] == b'\\' || next == Some(quote) {
                        // At the very end nothing follows the backslash; the loop then ends the input.
                        scanned = (scanned + 2).min(buf.len());
                        continue;
                    }
                    if kind == TokenKind::Identifier {
                        return token(kind, scanned + 1);
                    }
                    match continuation(&buf[scanned + 1..], last) {
                        Continuation::None => return token(kind, scanned + 1),
                        Continuation::At(opening) => scanned += 1 + opening + 1,
                        Continuation::Unknown => break,
                    }
                }
                if last {
                    return Err((fault, at));
                }
                self.pending = Some(Pending { inside: Inside::Quote { quote, escapes }, scanned });
                Ok(Step::NeedMore)
            }
            Inside::Dollar { tag_len, tag } => {
                if let Some(hit) = memmem::find(&buf[scanned..], &tag) {
                    return token(TokenKind::Dollar, scanned + hit + tag.len());
                }
                if last {
                    return Err((Fault::UnterminatedDollar, at));
                }
                let scanned = scanned.max((buf.len() + 1).saturating_sub(tag.len()));
                self.pending = Some(Pending { inside: Inside::Dollar { tag_len, tag }, scanned });
                Ok(Step::NeedMore)
            }
            Inside::LineComment => match memchr2(b'\n', b'\r', &buf[scanned..]) {
                Some(hit) => token(TokenKind::Comment, scanned + hit),
                None if last => token(TokenKind::Comment, buf.len()),
                None => {
                    self.pending = Some(Pending { inside: Inside::LineComment, scanned: buf.len() });
                    Ok(Step::NeedMore)
                }
            },
            Inside::BlockComment { mut depth } => {
                while let Some(hit) = memchr2(b'*', b'/', &buf[scanned..]) {
                    scanned += hit;
                    match (buf[scanned], buf.get(scanned + 1)) {
                        (_, None) => break,
                        (b'/', Some(b'*')) => (depth, scanned) = (depth + 1, scanned + 2),
                        (b'*', Some(b'/')) => (depth, scanned) = (depth - 1, scanned + 2),
                        _ => scanned += 1,
                    }
                    if depth == 0 {
                        return token(TokenKind::Comment, scanned);
                    }
                }
                if last {
                    return Err((Fault::UnterminatedComment, at));
                }
                if memchr2(b'*', b'/', &buf[scanned..]).is_none() {
                    scanned = buf.len();
                }
                self.pending = Some(Pending { inside: Inside::BlockComment { depth }, scanned });
                Ok(Step::NeedMore)
            }
        }
    }
}

enum Continuation {
    None,
    Unknown,
    At(usize),
}

/// Looks for `'` behind white space that holds a line break: SQL then goes on with the same literal.
fn continuation(rest: &[u8], last: bool) -> Continuation {
    let mut at = 0;
    let mut newline = false;
    loop {
        match rest.get(at) {
            None if last => return Continuation::None,
            None => return Continuation::Unknown,
            Some(b'\'') if newline => return Continuation::At(at),
            Some(b'\n' | b'\r') => newline = true,
            Some(b) if is_space(*b) => {}
            Some(b'-') => match rest.get(at + 1) {
                None if !last => return Continuation::Unknown,
                Some(b'-') => match memchr2(b'\n', b'\r', &rest[at..]) {
                    Some(end) => {
                        newline = true;
                        at += end;
                    }
                    None if last => return Continuation::None,
                    None => return Continuation::Unknown,
                },
                _ => return Continuation::None,
            },
            Some(_) => return Continuation::None,
        }
        at += 1;
    }
}

pub(crate) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

fn is_word_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

fn is_word_part(byte: u8) -> bool {
    is_word_start(byte) || byte.is_ascii_digit() || byte == b'$'
}

fn is_tag_part(byte: u8) -> bool {
    is_word_start(byte) || byte.is_ascii_digit()
}

fn is_operator(byte: u8) -> bool {
    memchr(byte, b"+-*/<>=~!@#%^&|`?").is_some()
}

/// Length of the operator at the beginning of a run of operator characters: it ends where a comment
/// begins, and in `+` or `-` only if it holds a character that no arithmetic operator has.
fn operator_len(run: &[u8]) -> usize {
    let comment = [memmem::find(run, b"--"), memmem::find(run, b"/*")].into_iter().flatten().min();
    let mut len = comment.unwrap_or(run.len()).clamp(1, OPERATOR_MAX);
    if !run[..len].iter().any(|b| memchr(*b, b"~!@#%^&|`?").is_some()) {
        while len > 1 && matches!(run[len - 1], b'+' | b'-') {
            len -= 1;
        }
    }
    len
}

fn number_len(rest: &[u8]) -> usize {
    let digits = |from: usize| {
        rest.get(from..)
            .map_or(0, |r| r.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count())
    };
    if rest[0] == b'0' && rest.get(1).is_some_and(|b| matches!(b | 0x20, b'x' | b'o' | b'b')) {
        return digits(0);
    }
    let plain = |from: usize| {
        rest.get(from..).map_or(0, |r| r.iter().take_while(|b| b.is_ascii_digit() || **b == b'_').count())
    };
    let mut len = plain(0);
    // `1..2` is a range, not `1.` followed by `.2`.
    if rest.get(len) == Some(&b'.') && rest.get(len + 1) != Some(&b'.') {
        len += 1 + plain(len + 1);
    }
    if rest.get(len).is_some_and(|b| b | 0x20 == b'e') {
        let sign = usize::from(rest.get(len + 1).is_some_and(|b| matches!(b, b'+' | b'-')));
        if rest.get(len + 1 + sign).is_some_and(u8::is_ascii_digit) {
            len += 1 + sign + plain(len + 1 + sign);
        }
    }
    len
}
