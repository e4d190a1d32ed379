//! Rows written as `INSERT`, turned into the rows that `COPY` would have written.

use crate::Name;
use crate::lexer::{Token, TokenKind};

/// What stands between `INSERT INTO table` and the first row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Head {
    /// The columns, where the statement names them.
    pub columns: Option<Vec<Name>>,
    /// Number of tokens up to and including `VALUES`; `None` for `DEFAULT VALUES`.
    pub len: Option<usize>,
}

/// Reads the head of an INSERT whose table's name ends before the token `at`; `None` if this is no form that pg_dump
/// writes (`dumpTableData_insert` in pg_dump.c), such as `INSERT … SELECT`.
pub(crate) fn head(text: &[u8], tokens: &[Token], at: usize) -> Option<Head> {
    let is = |at: usize, word: &str| {
        tokens.get(at).is_some_and(|token| {
            token.kind == TokenKind::Word
                && text[token.start..token.end].eq_ignore_ascii_case(word.as_bytes())
        })
    };
    if is(at, "DEFAULT") && is(at + 1, "VALUES") {
        return Some(Head { columns: None, len: None });
    }
    let (mut at, mut columns) = (at, None);
    if tokens.get(at)?.kind == TokenKind::LeftParen {
        let close = tokens[at..].iter().position(|token| token.kind == TokenKind::RightParen)? + at;
        let names = tokens[at + 1..close].iter().filter(|token| token.kind != TokenKind::Comma);
        columns = Some(names.map(|token| Name::from_sql(&text[token.start..token.end])).collect());
        at = close + 1;
    }
    if is(at, "OVERRIDING") {
        // … SYSTEM VALUE
        at += 3;
    }
    is(at, "VALUES").then_some(Head { columns, len: Some(at + 1) })
}

/// Turns rows written as SQL values into COPY text.
#[derive(Debug)]
pub(crate) struct Rows {
    /// Whether backslashes in plain literals are ordinary characters.
    pub standard_conforming_strings: bool,
    /// The fields whose value is `DEFAULT`, in every row: generated columns, which COPY leaves out.
    pub defaults: Vec<usize>,
}

/// A value that COPY has no text for: an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotPlain;

impl Rows {
    /// Appends the rows `(…), (…)` to `out`, one line each, and returns how many there were.
    ///
    /// `tokens` may end with `ON CONFLICT …`, which is passed over.
    pub fn write(&mut self, text: &[u8], tokens: &[Token], out: &mut Vec<u8>) -> Result<u64, NotPlain> {
        let mut rows = 0;
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            match token.kind {
                TokenKind::Comma => at += 1,
                TokenKind::LeftParen => {
                    let (next, defaults) = self.row(text, tokens, at + 1, out)?;
                    if rows > 0 && defaults != self.defaults {
                        return Err(NotPlain);
                    }
                    (at, self.defaults) = (next, defaults);
                    rows += 1;
                }
                TokenKind::Word if text[token.start..token.end].eq_ignore_ascii_case(b"on") => break,
                _ => return Err(NotPlain),
            }
        }
        Ok(rows)
    }

    /// Appends the row whose first value is at `at`; returns where the next row's separator is, and the fields that are
    /// `DEFAULT`.
    fn row(
        &self,
        text: &[u8],
        tokens: &[Token],
        mut at: usize,
        out: &mut Vec<u8>,
    ) -> Result<(usize, Vec<usize>), NotPlain> {
        let (mut field, mut written, mut defaults) = (0, 0, Vec::new());
        loop {
            let len = tokens[at..]
                .iter()
                .position(|token| matches!(token.kind, TokenKind::Comma | TokenKind::RightParen))
                .ok_or(NotPlain)?;
            if is_default(text, &tokens[at..at + len]) {
                defaults.push(field);
            } else {
                if written > 0 {
                    out.push(b'\t');
                }
                self.value(text, &tokens[at..at + len], out)?;
                written += 1;
            }
            field += 1;
            at += len + 1;
            if tokens[at - 1].kind == TokenKind::RightParen {
                break;
            }
        }
        out.push(b'\n');
        Ok((at, defaults))
    }

    fn value(&self, text: &[u8], tokens: &[Token], out: &mut Vec<u8>) -> Result<(), NotPlain> {
        let bytes = |token: &Token| &text[token.start..token.end];
        match tokens {
            [token] => match token.kind {
                TokenKind::Number => out.extend_from_slice(bytes(token)),
                TokenKind::String => self.literal(bytes(token), out)?,
                TokenKind::Word => match bytes(token).to_ascii_lowercase().as_slice() {
                    b"null" => out.extend_from_slice(b"\\N"),
                    b"true" => out.push(b't'),
                    b"false" => out.push(b'f'),
                    _ => return Err(NotPlain),
                },
                _ => return Err(NotPlain),
            },
            [sign, number] if number.kind == TokenKind::Number && matches!(bytes(sign), b"-" | b"+") => {
                out.extend_from_slice(bytes(sign));
                out.extend_from_slice(bytes(number));
            }
            _ => return Err(NotPlain),
        }
        Ok(())
    }

    fn literal(&self, literal: &[u8], out: &mut Vec<u8>) -> Result<(), NotPlain> {
        let (body, escapes) = match literal {
            [b'\'', body @ .., b'\''] => (body, !self.standard_conforming_strings),
            [b'e' | b'E', b'\'', body @ .., b'\''] => (body, true),
            // Bit strings are written as `B'…'`.
            [b'b' | b'B', b'\'', body @ .., b'\''] => (body, false),
            _ => return Err(NotPlain),
        };
        let mut rest = body;
        while let Some(hit) = next_special(rest, escapes) {
            escape_into(&rest[..hit], out);
            match (rest[hit], rest.get(hit + 1)) {
                (b'\'', Some(b'\'')) => {
                    out.push(b'\'');
                    rest = &rest[hit + 2..];
                }
                // A literal that goes on behind a line break.
                (b'\'', _) => return Err(NotPlain),
                (_, Some(&escaped)) => {
                    let value = match escaped {
                        b'b' => 8,
                        b'f' => 12,
                        b'n' => b'\n',
                        b'r' => b'\r',
                        b't' => b'\t',
                        b'0'..=b'7' | b'x' | b'u' | b'U' => return Err(NotPlain),
                        other => other,
                    };
                    escape_into(&[value], out);
                    rest = &rest[hit + 2..];
                }
                (_, None) => return Err(NotPlain),
            }
        }
        escape_into(rest, out);
        Ok(())
    }
}

fn next_special(text: &[u8], escapes: bool) -> Option<usize> {
    if escapes { memchr::memchr2(b'\'', b'\\', text) } else { memchr::memchr(b'\'', text) }
}

fn is_default(text: &[u8], tokens: &[Token]) -> bool {
    matches!(tokens, [token] if token.kind == TokenKind::Word
        && text[token.start..token.end].eq_ignore_ascii_case(b"default"))
}

/// Appends a value as COPY writes it (`CopyAttributeOutText` in copyto.c).
pub(crate) fn escape_into(value: &[u8], out: &mut Vec<u8>) {
    let mut rest = value;
    while let Some(hit) = rest.iter().position(|byte| matches!(byte, b'\\' | 8..=13)) {
        out.extend_from_slice(&rest[..hit]);
        let letter = match rest[hit] {
            8 => b'b',
            9 => b't',
            10 => b'n',
            11 => b'v',
            12 => b'f',
            13 => b'r',
            other => other,
        };
        out.extend_from_slice(&[b'\\', letter]);
        rest = &rest[hit + 1..];
    }
    out.extend_from_slice(rest);
}

/// Counts the rows of `(…), (…)`.
pub(crate) fn count(tokens: &[Token]) -> u64 {
    let (mut depth, mut rows) = (0_u32, 0);
    for token in tokens {
        match token.kind {
            TokenKind::LeftParen => depth += 1,
            TokenKind::RightParen => {
                depth = depth.saturating_sub(1);
                rows += u64::from(depth == 0);
            }
            TokenKind::Word if depth == 0 => break,
            _ => {}
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Event, Events, Stream};

    /// Returns the columns and rows of an INSERT.
    fn copy(sql: &str) -> Option<(Option<Vec<Name>>, String)> {
        let mut events = Events::new(Stream(sql.as_bytes()));
        let Some(Event::Statement(statement)) = events.next().unwrap() else { panic!("{sql}") };
        let head = head(statement.text, statement.tokens, 3)?;
        let mut rows = Rows { standard_conforming_strings: true, defaults: Vec::new() };
        let mut out = Vec::new();
        rows.write(statement.text, &statement.tokens[head.len?..], &mut out).ok()?;
        Some((head.columns, String::from_utf8(out).unwrap()))
    }

    #[test]
    fn values_are_written_as_copy_writes_them() {
        let sql = "INSERT INTO t VALUES (1, -2.5, 'it''s', NULL, true, false, 'NaN', B'101', ''),\n\t(2, +1e3, 'a\tb\nc\\d', \
            null, TRUE, False, E'x\\\\y\\'', b'', '\u{b}\r') ON CONFLICT DO NOTHING;";
        let rows =
            "1\t-2.5\tit's\t\\N\tt\tf\tNaN\t101\t\n2\t+1e3\ta\\tb\\nc\\\\d\t\\N\tt\tf\tx\\\\y'\t\t\\v\\r\n";
        assert_eq!(copy(sql), Some((None, rows.to_owned())));
    }

    #[test]
    fn columns_and_overriding() {
        let sql = "INSERT INTO t (a, \"B\") OVERRIDING SYSTEM VALUE VALUES (1, DEFAULT);";
        let columns = vec![Name::from("a"), Name::from("B")];
        assert_eq!(copy(sql), Some((Some(columns), "1\n".to_owned())));
    }

    #[test]
    fn expressions_have_no_copy_text() {
        for values in ["(now())", "(1 + 1)", "('x'::text)", "(U&'x')", "(ARRAY[1])", "(E'\\x41')"] {
            assert_eq!(copy(&format!("INSERT INTO t VALUES {values};")), None, "{values}");
        }
        assert_eq!(copy("INSERT INTO t SELECT 1;"), None);
    }
}
