//! Statements that load rows, taken apart so that the same rows can be loaded into another table.

use crate::Name;
use crate::event::{Event, Events, Statement};
use crate::lexer::{Token, TokenKind};
use crate::source::Stream;
use crate::values;

/// A `COPY … FROM stdin`, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyFrom<'t> {
    /// The columns that it names.
    pub columns: Option<Vec<Name>>,
    /// What follows them: `FROM stdin` and options.
    pub rest: &'t [u8],
    /// Whether it has options.
    pub has_options: bool,
}

/// Rows of an `INSERT`, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InsertedRows<'t> {
    /// For each value of a row, in order, whether it is one: `DEFAULT` is none.
    pub given: Vec<bool>,
    /// `(…), (…)`; nothing for `DEFAULT VALUES`.
    pub rows: &'t [u8],
}

/// Takes a `COPY` apart; `None` if it is none that reads rows behind it.
///
/// ```
/// let sql = br#"COPY app.t (id, "B") FROM stdin;"#;
/// let mut events = dump::Events::new(dump::Stream(&sql[..]));
/// let Some(dump::Event::Statement(statement)) = events.next()? else { panic!() };
/// let copy = dump::copy_from(&statement).unwrap();
/// assert_eq!(copy.columns, Some(vec![dump::Name::from("id"), dump::Name::from("B")]));
/// assert_eq!((copy.rest, copy.has_options), (&b"FROM stdin"[..], false));
/// # Ok::<(), dump::Error>(())
/// ```
pub fn copy_from<'t>(statement: &Statement<'t>) -> Option<CopyFrom<'t>> {
    if !statement.is_copy_from_stdin() {
        return None;
    }
    let tokens = statement.tokens;
    let kind = |at: usize| tokens.get(at).map(|token| token.kind);
    let is = |at: usize, word: &str| {
        kind(at) == Some(TokenKind::Word) && statement.bytes(tokens[at]).eq_ignore_ascii_case(word.as_bytes())
    };
    let mut at = 2;
    while kind(at) == Some(TokenKind::Dot) {
        at += 2;
    }
    let mut columns = None;
    if kind(at) == Some(TokenKind::LeftParen) {
        let close = tokens[at..].iter().position(|token| token.kind == TokenKind::RightParen)? + at;
        columns = Some(names(statement, &tokens[at + 1..close]));
        at = close + 1;
    }
    let from = (at..tokens.len()).find(|at| is(*at, "FROM") && is(at + 1, "stdin"))?;
    let (start, end) = (tokens[from].start, tokens.last()?.end);
    // `WITH OIDS` stands in front of `FROM`.
    let has_options = from != at || from + 2 < tokens.len();
    Some(CopyFrom { columns, rest: &statement.text[start..end], has_options })
}

/// The columns that the text of a `COPY` names.
pub fn copy_columns(copy: &[u8]) -> Option<Vec<Name>> {
    let text = [copy, b";"].concat();
    let mut events = Events::new(Stream(&text[..]));
    match events.next() {
        Ok(Some(Event::Statement(statement))) => copy_from(&statement)?.columns,
        _ => None,
    }
}

/// The columns that an `INSERT` names, and its first rows; `None` if it is no list of values.
pub fn inserted_rows<'t>(statement: &Statement<'t>) -> Option<(Option<Vec<Name>>, InsertedRows<'t>)> {
    if !statement.begins_with(&["INSERT", "INTO"]) {
        return None;
    }
    let mut name_end = 3;
    while statement.tokens.get(name_end).is_some_and(|token| token.kind == TokenKind::Dot) {
        name_end += 2;
    }
    let head = values::head(statement.text, statement.tokens, name_end)?;
    let rows = match head.len {
        None => InsertedRows { given: Vec::new(), rows: b"" },
        Some(len) => more_inserted_rows(statement.text, &statement.tokens[len..])?,
    };
    Some((head.columns, rows))
}

/// The rows of one more piece of a long `INSERT`.
pub fn more_inserted_rows<'t>(text: &'t [u8], tokens: &[Token]) -> Option<InsertedRows<'t>> {
    let is = |token: &Token, word: &str| {
        token.kind == TokenKind::Word && text[token.start..token.end].eq_ignore_ascii_case(word.as_bytes())
    };
    let (mut depth, mut end, mut given) = (0_u32, None, Vec::new());
    let mut first = true;
    for (at, token) in tokens.iter().enumerate() {
        match token.kind {
            TokenKind::LeftParen => depth += 1,
            TokenKind::RightParen => depth = depth.checked_sub(1)?,
            // `ON CONFLICT …`
            TokenKind::Word if depth == 0 => break,
            _ => {}
        }
        if first && depth <= 1 && matches!(token.kind, TokenKind::Comma | TokenKind::RightParen) {
            let is_value = |token: &Token| !is(token, "DEFAULT");
            given.push(at.checked_sub(1).and_then(|at| tokens.get(at)).is_some_and(is_value));
            first = depth > 0;
        }
        // A piece ends behind a comma.
        if token.kind != TokenKind::Comma || depth > 0 {
            end = Some(token.end);
        }
    }
    Some(InsertedRows { given, rows: &text[tokens.first()?.start..end?] })
}

fn names(statement: &Statement<'_>, tokens: &[Token]) -> Vec<Name> {
    let names = tokens.iter().filter(|token| token.kind != TokenKind::Comma);
    names.map(|token| Name::from_sql(statement.bytes(*token))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with<T>(sql: &str, look: impl FnOnce(&Statement<'_>) -> T) -> T {
        let mut events = Events::new(Stream(sql.as_bytes()));
        let Some(Event::Statement(statement)) = events.next().unwrap() else { panic!("{sql}") };
        look(&statement)
    }

    #[test]
    fn options_are_told_from_columns() {
        let look = |sql: &str| {
            with(sql, |statement| {
                let copy = copy_from(statement)?;
                let rest = String::from_utf8(copy.rest.to_vec()).unwrap();
                Some((copy.columns.map(|columns| columns.len()), rest, copy.has_options))
            })
        };
        let all = |columns, rest: &str, options| Some((columns, rest.to_owned(), options));
        assert_eq!(look("COPY a.t  FROM stdin;"), all(None, "FROM stdin", false));
        assert_eq!(look("copy t (a, b) from STDIN;"), all(Some(2), "from STDIN", false));
        assert_eq!(
            look("COPY t FROM stdin WITH (FORMAT csv, HEADER);"),
            all(None, "FROM stdin WITH (FORMAT csv, HEADER)", true)
        );
        assert_eq!(look("COPY t (a) WITH OIDS FROM stdin;"), all(Some(1), "FROM stdin", true));
        assert_eq!(
            look("COPY t (a) FROM stdin DELIMITER '|';"),
            all(Some(1), "FROM stdin DELIMITER '|'", true)
        );
        assert_eq!(look("COPY t TO stdout;"), None);
    }

    #[test]
    fn rows_are_cut_out_of_an_insert() {
        let look = |sql: &str| {
            with(sql, |statement| {
                let (columns, inserted) = inserted_rows(statement)?;
                let rows = String::from_utf8(inserted.rows.to_vec()).unwrap();
                Some((columns.map(|columns| columns.len()), inserted.given, rows))
            })
        };
        let all = |columns, given: &[bool], rows: &str| Some((columns, given.to_vec(), rows.to_owned()));
        assert_eq!(
            look("INSERT INTO t VALUES (1, 'a'), (2, NULL);"),
            all(None, &[true, true], "(1, 'a'), (2, NULL)")
        );
        assert_eq!(
            look(
                "INSERT INTO a.t (a, b) OVERRIDING SYSTEM VALUE VALUES (-1, DEFAULT) ON CONFLICT DO NOTHING;"
            ),
            all(Some(2), &[true, false], "(-1, DEFAULT)")
        );
        assert_eq!(look("INSERT INTO t DEFAULT VALUES;"), all(None, &[], ""));
        assert_eq!(look("INSERT INTO t SELECT 1;"), None);
    }
}
