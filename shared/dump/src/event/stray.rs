//! Text that programs wrote among the lines of a dump: messages, prompts, what a terminal shows.

use crate::lexer::{Token, TokenKind};

/// The commands of SQL that a dump, or what somebody wrote in its place, may begin with.
const COMMANDS: [&str; 52] = [
    "ABORT",
    "ALTER",
    "ANALYZE",
    "BEGIN",
    "CALL",
    "CHECKPOINT",
    "CLUSTER",
    "COMMENT",
    "COMMIT",
    "COPY",
    "CREATE",
    "DELETE",
    "DISCARD",
    "DO",
    "DROP",
    "END",
    "EXECUTE",
    "EXPLAIN",
    "GRANT",
    "IMPORT",
    "INSERT",
    "LOAD",
    "LOCK",
    "MERGE",
    "NOTIFY",
    "PREPARE",
    "REASSIGN",
    "REFRESH",
    "REINDEX",
    "RELEASE",
    "RESET",
    "REVOKE",
    "ROLLBACK",
    "SAVEPOINT",
    "SECURITY",
    "SELECT",
    "SET",
    "SHOW",
    "START",
    "TABLE",
    "TRUNCATE",
    "UPDATE",
    "VACUUM",
    "VALUES",
    "WITH",
    "CLOSE",
    "DEALLOCATE",
    "DECLARE",
    "FETCH",
    "LISTEN",
    "MOVE",
    "UNLISTEN",
];

/// What a byte order mark is in UTF-8.
pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Says whether a word is one that a statement may begin with.
///
/// ```
/// assert!(dump::is_command(b"create") && !dump::is_command(b"pg_dump"));
/// ```
pub fn is_command(word: &[u8]) -> bool {
    COMMANDS.iter().any(|command| word.eq_ignore_ascii_case(command.as_bytes()))
}

/// Looks for what no statement can hold and every message does: a colon behind a word, as in `pg_dump: warning: …` or
/// `Password: `. SQL has colons in the slices of arrays, in `JSON_OBJECT` and in patterns of graphs.
#[derive(Debug, Default)]
pub(super) struct Colons {
    /// For each parenthesis or bracket that is open, whether a colon may stand within.
    open: Vec<bool>,
    /// The last token that is no blank.
    last: Option<Token>,
}

impl Colons {
    /// Takes the next token; returns where its line begins if that is a program's.
    pub fn see(&mut self, token: Token, text: &[u8]) -> Option<usize> {
        let last = self.last.replace(token);
        match token.kind {
            TokenKind::LeftParen => {
                let may = |word: &[u8]| {
                    let known = [&b"json_object"[..], b"json_objectagg", b"graph_table"];
                    known.iter().any(|known| word.eq_ignore_ascii_case(known))
                };
                let behind = last.is_some_and(|last| may(&text[last.start..last.end]));
                self.open.push(behind || self.open.last() == Some(&true));
            }
            TokenKind::LeftBracket => self.open.push(true),
            TokenKind::RightParen | TokenKind::RightBracket => {
                self.open.pop();
            }
            TokenKind::Colon if self.open.last() != Some(&true) => {
                let last = last.filter(|last| last.end == token.start && can_be_of_a_message(last.kind))?;
                let ends = text.get(token.end).is_none_or(u8::is_ascii_whitespace);
                return ends.then(|| line_begin(text, last.start));
            }
            _ => {}
        }
        None
    }
}

fn can_be_of_a_message(kind: TokenKind) -> bool {
    use TokenKind::{Identifier, Number, RightBracket, RightParen, String, Word};
    matches!(kind, Word | Identifier | Number | String | RightParen | RightBracket)
}

/// Says whether a statement that begins with no command holds a line that does: one is lost to what stands in front of it.
pub(super) fn swallows(tokens: &[Token], text: &[u8]) -> bool {
    let begins = |token: &Token| {
        token.kind == TokenKind::Word
            && line_begin(text, token.start) == token.start
            && is_command(&text[token.start..token.end])
    };
    tokens.iter().skip(1).any(begins)
}

/// Where the line begins that holds an offset.
pub(super) fn line_begin(text: &[u8], offset: usize) -> usize {
    memchr::memrchr(b'\n', &text[..offset]).map_or(0, |at| at + 1)
}

/// How many characters of a line are shown, and how many bytes these may have.
const SHOWN: usize = 60;
pub(super) const EXCERPT: usize = 4 * SHOWN;

/// The beginning of a line, for people.
pub(super) fn excerpt(text: &[u8], from: usize) -> String {
    let text = &text[from..text.len().min(from + EXCERPT)];
    let line = text.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
    let shown: String = String::from_utf8_lossy(line).chars().take(SHOWN).collect();
    shown.trim_end().to_owned()
}

/// What stands at the beginning of an input before anything of a dump does, and may be no part of it.
#[derive(Debug, Default)]
pub(super) struct Front {
    /// Where the first line begins that only a program writes …
    line: Option<usize>,
    /// … and where the last such line has its colon.
    last: usize,
    /// Where the comment `--` stands, while only blanks have followed it.
    dashes: Option<usize>,
}

impl Front {
    /// Takes a line of a program, and where its colon is; says whether it can stand in front of a dump.
    pub fn message(&mut self, line: usize, colon: usize, begins_as_sql: bool) -> bool {
        self.line.get_or_insert(line);
        self.last = colon;
        line == 0 || !begins_as_sql
    }

    /// Returns where the first line of a program begins.
    pub fn line(&self) -> Option<usize> {
        self.line
    }

    /// Takes a comment; returns where the dump begins if this is the second line of what pg_dump begins with.
    pub fn comment(&mut self, token: Token, text: &[u8]) -> Option<usize> {
        let line = text[token.start..token.end].trim_ascii_end();
        let dashes = self.dashes.take();
        if line == b"--" {
            self.dashes = Some(token.start);
        }
        dashes.filter(|_| crate::reading::opens_dump(line))
    }

    /// Takes any other token that is no blank.
    pub fn token(&mut self) {
        self.dashes = None;
    }

    /// Returns the length of what is no part of the dump, at the `;` that ends the first statement.
    ///
    /// It ends with the line of a program that holds the `;`, or in front of the `SET` that the dump begins with.
    pub fn len(&self, tokens: &[Token], text: &[u8], end: usize) -> Option<usize> {
        let is =
            |token: &Token, word: &str| text[token.start..token.end].eq_ignore_ascii_case(word.as_bytes());
        let sets = |tokens: &[Token]| {
            matches!(tokens, [set, name, assign, ..] if is(set, "SET") && name.kind == TokenKind::Word
                && (is(assign, "=") || is(assign, "TO")))
        };
        let begins_line = |token: &Token| line_begin(text, token.start) == token.start;
        let first = (1..tokens.len()).find(|at| begins_line(&tokens[*at]) && sets(&tokens[*at..]));
        if let Some(first) = first {
            return Some(tokens[first].start);
        }
        let same_line = self.line.is_some() && line_begin(text, end) <= self.last;
        let sql = tokens.iter().find(|token| token.start > self.last);
        let holds_sql =
            sql.is_some_and(|token| is_command(&text[token.start..token.end]) && !is(token, "SET"));
        (same_line && !holds_sql).then_some(end)
    }
}
