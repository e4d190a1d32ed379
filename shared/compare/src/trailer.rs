//! What follows the end of a dump, in lines that can be compared.

use dump::Name;
use dump::lexer::{Lexer, Token, TokenKind};

/// A line, and what the lines of other rows of the same table begin with as well.
struct Line {
    head: Option<String>,
    text: String,
}

/// Returns a line for each row of an `INSERT` and for each `SET`, and other statements as they stand.
///
/// Rails lists its migrations here, in another way with each of its versions: row by row, all rows in one statement, the
/// table's name in quotes, the newest first. A table has its rows in no order, so those that follow each other are sorted.
pub(crate) fn canonical(trailer: &[u8]) -> String {
    let tokens = Lexer::default().tokens(trailer).unwrap_or_default();
    // What is no SQL stays as it is: psql's commands, and rows of COPY, which end with one.
    let other = |token: &Token| matches!(token.kind, TokenKind::Backslash | TokenKind::Unknown);
    if tokens.is_empty() || tokens.iter().any(other) {
        return String::from_utf8_lossy(trailer).into_owned();
    }
    let mut lines: Vec<Line> = Vec::new();
    for statement in tokens.split(|token| token.kind == TokenKind::Semicolon) {
        add(trailer, statement, &mut lines);
    }
    for rows in lines.chunk_by_mut(|one, other| one.head.is_some() && one.head == other.head) {
        rows.sort_by(|one, other| one.text.cmp(&other.text));
    }
    lines.into_iter().map(|line| format!("{};\n", line.text)).collect()
}

fn add(text: &[u8], statement: &[Token], lines: &mut Vec<Line>) {
    let means = |token: &&Token| !matches!(token.kind, TokenKind::Space | TokenKind::Comment);
    let (Some(first), Some(last)) = (statement.iter().find(means), statement.iter().rfind(means)) else {
        return;
    };
    if let Some((head, rows, tail)) = rows(text, statement) {
        let (head, tail) = (in_one_line(text, head), in_one_line(text, tail));
        lines.extend(rows.into_iter().map(|row| {
            let row = format!("{head} {} {tail}", in_one_line(text, row));
            Line { head: tail.is_empty().then(|| head.clone()), text: row.trim_end().to_owned() }
        }));
        return;
    }
    let one_line = is_word(text, first, b"SET");
    let statement = match one_line {
        true => in_one_line(text, statement),
        false => String::from_utf8_lossy(&text[first.start..last.end]).into_owned(),
    };
    lines.push(Line { head: None, text: statement });
}

fn is_word(text: &[u8], token: &Token, word: &[u8]) -> bool {
    token.kind == TokenKind::Word && text[token.start..token.end].eq_ignore_ascii_case(word)
}

/// The rows of `INSERT INTO … VALUES`, what stands in front of them, and what behind.
type Rows<'s> = (&'s [Token], Vec<&'s [Token]>, &'s [Token]);

fn rows<'s>(text: &[u8], statement: &'s [Token]) -> Option<Rows<'s>> {
    let mut means = (0..statement.len())
        .filter(|at| !matches!(statement[*at].kind, TokenKind::Space | TokenKind::Comment));
    if !is_word(text, &statement[means.next()?], b"INSERT") {
        return None;
    }
    let values = means.find(|at| is_word(text, &statement[*at], b"VALUES"))?;
    let (mut rows, mut depth, mut from, mut expected, mut end) = (Vec::new(), 0_u32, values, true, values);
    for at in means {
        match statement[at].kind {
            TokenKind::LeftParen if depth > 0 || expected => {
                if depth == 0 {
                    from = at;
                }
                (depth, expected) = (depth + 1, false);
            }
            TokenKind::RightParen if depth > 0 => {
                depth -= 1;
                if depth == 0 {
                    rows.push(&statement[from..=at]);
                    end = at;
                }
            }
            TokenKind::Comma if depth == 0 && !expected => expected = true,
            _ if depth > 0 => {}
            _ => break,
        }
    }
    (!rows.is_empty() && depth == 0 && !expected)
        .then(|| (&statement[..=values], rows, &statement[end + 1..]))
}

/// Blanks and quotes say nothing where they may be left out.
fn in_one_line(text: &[u8], tokens: &[Token]) -> String {
    let mut line = Vec::new();
    let (mut blank, mut last) = (false, TokenKind::LeftParen);
    for token in tokens {
        if matches!(token.kind, TokenKind::Space | TokenKind::Comment) {
            blank = true;
            continue;
        }
        let tight =
            last == TokenKind::LeftParen || matches!(token.kind, TokenKind::Comma | TokenKind::RightParen);
        if (blank && !tight) || last == TokenKind::Comma {
            line.push(b' ');
        }
        let word = &text[token.start..token.end];
        match token.kind {
            TokenKind::Identifier if word.starts_with(b"\"") => line.extend(Name::from_sql(word).to_sql()),
            _ => line.extend_from_slice(word),
        }
        (blank, last) = (false, token.kind);
    }
    String::from_utf8_lossy(&line).into_owned()
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn the_same_list_in_other_words() {
        let one = "SET search_path TO \"$user\",public;\n\nINSERT INTO m (v) VALUES ('2');\n\nINSERT INTO m (v) VALUES ('1');\n\n";
        let other = "SET search_path TO \"$user\", public;\nINSERT INTO \"m\" (v) VALUES\n('1'),\n('2');\n";
        let lines = "SET search_path TO \"$user\", public;\nINSERT INTO m (v) VALUES ('1');\nINSERT INTO m (v) VALUES ('2');\n";
        assert_eq!(canonical(one.as_bytes()), lines);
        assert_eq!(canonical(other.as_bytes()), lines);
    }

    #[test]
    fn what_is_no_list_stays() {
        for text in [
            "INSERT INTO t SELECT 1;\n",
            "INSERT INTO t DEFAULT VALUES;\n",
            "INSERT INTO t VALUES (1), x;\n",
            "INSERT INTO t VALUES (1);\nINSERT INTO t VALUES (f(0, 2));\nINSERT INTO t VALUES (2) ON CONFLICT DO NOTHING;\n",
            "INSERT INTO t VALUES (2) RETURNING a;\nINSERT INTO t VALUES (1) RETURNING a;\n",
            "UPDATE t\n  SET a = 1;\n",
            "COPY t FROM stdin;\n2\n1\n\\.\n",
            "SELECT 'no end;\n",
        ] {
            assert_eq!(canonical(text.as_bytes()), text);
        }
        assert_eq!(canonical(b"\n-- vim: set ft=sql\n"), "");
    }
}
