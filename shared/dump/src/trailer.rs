//! What follows a dump's own end, such as the list of migrations that Rails, Ecto and dbmate add, in one form.
//!
//! It stays behind the end: a mark as pg_dump's closing comment tells in our own output where it begins, and a search path
//! that its names need stands in its first line.

use crate::Name;
use crate::event::{Event, Events};
use crate::identify::{self, Meaning};
use crate::layout;
use crate::lexeme::{Cursor, Lexeme, group_len, lexemes_of, split_commas};
use crate::lexer::{Lexer, TokenKind};
use crate::object::{Address, Kind, Role};
use crate::schema::{Object, Schema};
use crate::session::{self, Change, Session};
use crate::source::Stream;

/// The comment by which a script begins that ends before its last byte.
pub(crate) const BEGIN: &[u8] = b"--\n-- PostgreSQL database dump\n--\n\n";

/// The comment behind which the trailer begins.
pub(crate) const END: &[u8] = b"\n--\n-- PostgreSQL database dump complete\n--\n\n";

/// The longest that is taken apart, in bytes. More is no list of migrations, and would take many times its size.
const LONGEST: usize = 4 * 1024 * 1024;

/// What was read behind the ends of the dumps of one database.
#[derive(Debug, Default)]
pub(crate) struct Trailer(Vec<Piece>);

/// What was read behind one end.
#[derive(Debug)]
struct Piece {
    text: Vec<u8>,
    /// The search path and the meaning of backslashes that the dump left behind.
    session: Session,
    standard_conforming_strings: bool,
}

impl Trailer {
    /// Takes the state that the dump left behind.
    pub fn begin(&mut self, session: Session, standard_conforming_strings: bool) {
        self.0.push(Piece { text: Vec::new(), session, standard_conforming_strings });
    }

    /// Takes the next bytes.
    pub fn keep(&mut self, text: &[u8]) {
        if let Some(piece) = self.0.last_mut() {
            piece.text.extend_from_slice(text);
        }
    }

    /// Returns the number of bytes that were read.
    pub fn len(&self) -> usize {
        self.0.iter().map(|piece| piece.text.len()).sum()
    }

    pub fn append(&mut self, other: Trailer) {
        self.0.extend(other.0);
    }

    /// Returns it in canonical form: without comments and blank lines, a statement for each row of an `INSERT`.
    ///
    /// Each version of Rails lists its migrations in another way: row by row, all rows in one statement, the table's name in
    /// quotes, the newest first. A table has its rows in no order, so those that follow each other are sorted, unless
    /// the schema says that something comes of their order.
    pub fn canonical(&self, schema: &Schema) -> Vec<u8> {
        let mut lines = Lines { schema, session: Session::default(), heads: Vec::new(), lines: Vec::new() };
        for piece in &self.0 {
            lines.add(piece);
        }
        let mut text = Vec::new();
        for rows in lines.lines.chunk_by_mut(|one, other| one.head.is_some() && one.head == other.head) {
            if rows[0].head.is_some() {
                rows.sort_by(|one, other| one.text.cmp(&other.text));
            }
            for line in rows {
                text.extend(line.head.iter().flat_map(|head| &lines.heads[*head]));
                text.extend_from_slice(&line.text);
            }
        }
        text
    }
}

/// A statement in canonical form, or a row of a list and how its statement begins.
struct Line {
    head: Option<usize>,
    text: Vec<u8>,
}

struct Lines<'s> {
    schema: &'s Schema,
    /// The state in which the next line runs.
    session: Session,
    /// How the statements of rows begin.
    heads: Vec<Vec<u8>>,
    lines: Vec<Line>,
}

impl Lines<'_> {
    fn push(&mut self, text: Vec<u8>) {
        self.lines.push(Line { head: None, text });
    }

    fn add(&mut self, piece: &Piece) {
        if piece.text.len() > LONGEST {
            self.set_path(&piece.session.search_path);
            return self.push([piece.text.trim_ascii_end(), b"\n"].concat());
        }
        let mut events = Events::new(Stream(piece.text.as_slice()));
        events.set_standard_conforming_strings(piece.standard_conforming_strings);
        let mut strings = piece.standard_conforming_strings;
        // Which path the names need is told by the first that stands without its schema.
        let mut pending = Some(&piece.session.search_path);
        let mut whole = Vec::new();
        loop {
            match events.next() {
                Ok(Some(Event::Gap(_))) => {}
                Ok(Some(Event::Statement(statement))) if !statement.complete => {
                    whole = statement.text.to_vec();
                }
                Ok(Some(Event::Values { text, last, .. })) => {
                    whole.extend_from_slice(text);
                    if last {
                        let text = std::mem::take(&mut whole);
                        self.text(&text, strings, &mut pending);
                    }
                }
                Ok(Some(Event::Statement(statement))) => {
                    let words = crate::lexeme::lexemes(&statement, strings);
                    if let Some(Change::StandardConformingStrings(on)) = session::change(&words) {
                        strings = on;
                    }
                    self.statement(&words, &mut pending);
                }
                Ok(Some(Event::Rows(text) | Event::EndOfRows(text) | Event::Meta(text))) => {
                    let line_break: &[u8] = if text.ends_with(b"\n") { b"" } else { b"\n" };
                    self.push([text, line_break].concat());
                }
                Ok(Some(Event::RowsSkipped(_) | Event::RowsCounted(..)) | None) => return,
                // All of it was read once, up to here at least.
                Err(error) => {
                    let from = usize::try_from(error.position().byte).unwrap_or_default();
                    self.push(piece.text.get(from..).unwrap_or(&piece.text).to_vec());
                    return;
                }
            }
        }
    }

    /// Takes a statement that came in pieces.
    fn text(&mut self, text: &[u8], strings: bool, pending: &mut Option<&Vec<Name>>) {
        let mut lexer = Lexer::default();
        lexer.standard_conforming_strings = strings;
        let Ok(tokens) = lexer.tokens(text) else { return self.push(text.to_vec()) };
        let mut tokens: Vec<_> = tokens
            .into_iter()
            .filter(|token| !matches!(token.kind, TokenKind::Space | TokenKind::Comment))
            .collect();
        tokens.pop_if(|last| last.kind == TokenKind::Semicolon);
        let at = crate::Position::START;
        let statement = crate::event::Statement { at, text, tokens: &tokens, complete: true };
        self.statement(&crate::lexeme::lexemes(&statement, strings), pending);
    }

    fn statement(&mut self, words: &[Lexeme<'_>], pending: &mut Option<&Vec<Name>>) {
        match session::change(words) {
            Some(Change::SearchPath(path)) => {
                *pending = None;
                return self.set_path(&path);
            }
            Some(change) => {
                if change == Change::Reset {
                    *pending = None;
                }
                self.session.apply(&change);
                return self.push(setting(words));
            }
            None => {}
        }
        let insert = insert(words);
        let names_all = insert.as_ref().is_some_and(|insert| insert.table.len() > 1 && insert.is_plain());
        if !names_all && let Some(path) = pending.take() {
            self.set_path(path);
        }
        match insert {
            Some(insert) => self.rows(&insert),
            None => {
                let kind = match identify::identify(words, &self.session).meaning {
                    Meaning::Part { address, role } => (role, address.kind),
                    _ => (Role::Definition, Kind::Other),
                };
                self.push(layout::statement(words, kind.1, kind.0));
            }
        }
    }

    fn set_path(&mut self, path: &[Name]) {
        if self.session.search_path == path {
            return;
        }
        self.session.search_path = path.to_vec();
        let names: Vec<_> = path.iter().map(Name::to_sql).collect();
        self.push(match names.as_slice() {
            [] => b"SELECT pg_catalog.set_config('search_path', '', false);\n".to_vec(),
            names => [b"SET search_path TO ", names.join(&b", "[..]).as_slice(), b";\n"].concat(),
        });
    }

    fn rows(&mut self, insert: &Insert<'_, '_>) {
        let head = insert.head();
        let tail = match insert.tail {
            [] => Vec::new(),
            tail => [b" ", layout::line(tail).as_slice()].concat(),
        };
        let rows = insert.rows.iter().map(|row| layout::line(row));
        if self.table(insert).is_some_and(|table| depends_on_order(table, insert)) {
            let rows: Vec<_> = rows.collect();
            let (between, first): (&[u8], &[u8]) =
                if rows.len() > 1 { (b",\n    ", b"\n    ") } else { (b"", b" ") };
            return self.push([&head, first, &rows.join(between), &tail, b";\n"].concat());
        }
        if !insert.is_plain() || !tail.is_empty() {
            let text = |row: Vec<u8>| [head.as_slice(), b" ", &row, &tail, b";\n"].concat();
            self.lines.extend(rows.map(|row| Line { head: None, text: text(row) }));
            return;
        }
        let head = [head.as_slice(), b" "].concat();
        if self.heads.last() != Some(&head) {
            self.heads.push(head);
        }
        let number = self.heads.len() - 1;
        let text = |row: Vec<u8>| [row.as_slice(), b";\n"].concat();
        self.lines.extend(rows.map(|row| Line { head: Some(number), text: text(row) }));
    }

    /// The table that rows are for, if the dump makes it.
    fn table(&self, insert: &Insert<'_, '_>) -> Option<&Object> {
        let name = insert.table.last()?.clone();
        let schemas = match insert.table.len() {
            1 => self.session.search_path.clone(),
            len => vec![insert.table[len - 2].clone()],
        };
        schemas.into_iter().find_map(|schema| {
            let name = crate::QualifiedName { schema: Some(schema), name: name.clone() };
            self.schema.objects.get(&Address::in_schema(Kind::Table, name))
        })
    }
}

/// A `SET` or its like on one line; pg_dump and Rails write it with `=`, with `TO`, with and without blanks.
fn setting(words: &[Lexeme<'_>]) -> Vec<u8> {
    let mut words = words.to_vec();
    let assigns = |word: &Lexeme<'_>| word.text.as_ref() == b"=";
    if words[0].is("SET")
        && let Some(at) = words.iter().take(4).position(assigns)
    {
        words[at] = Lexeme::word("TO");
    }
    [layout::line(&words).as_slice(), b";\n"].concat()
}

/// `INSERT INTO … VALUES`, taken apart.
struct Insert<'t, 'a> {
    /// From `INSERT` to `VALUES`.
    head: &'t [Lexeme<'a>],
    table: Vec<Name>,
    columns: Option<Vec<Name>>,
    rows: Vec<&'t [Lexeme<'a>]>,
    /// `ON CONFLICT …`, `RETURNING …`
    tail: &'t [Lexeme<'a>],
}

impl Insert<'_, '_> {
    /// Says whether all values are literals, which mean the same at any time.
    fn is_plain(&self) -> bool {
        let literal = |word: &Lexeme<'_>| match word.kind {
            TokenKind::String | TokenKind::Number | TokenKind::Comma => true,
            TokenKind::LeftParen | TokenKind::RightParen => true,
            TokenKind::Operator => matches!(word.text.as_ref(), b"-" | b"+"),
            _ => ["NULL", "TRUE", "FALSE"].iter().any(|known| word.is(known)),
        };
        self.rows.iter().all(|row| row.iter().all(literal))
    }

    fn head(&self) -> Vec<u8> {
        let mut head = self.head.to_vec();
        let last = head.len() - 1;
        for (at, word) in [(0, "INSERT"), (1, "INTO"), (last, "VALUES")] {
            head[at] = Lexeme::word(word);
        }
        let open = head.iter().position(|word| word.kind == TokenKind::LeftParen);
        let Some((open, len)) = open.and_then(|open| Some((open, group_len(&head[open..])?))) else {
            return layout::line(&head);
        };
        [&head[..open], &head[open..open + len], &head[open + len..]].map(layout::line).join(&b' ')
    }
}

fn insert<'t, 'a>(words: &'t [Lexeme<'a>]) -> Option<Insert<'t, 'a>> {
    let mut cursor = Cursor::new(words);
    cursor.expect("INSERT INTO")?;
    let table = cursor.dotted()?;
    if cursor.eat("AS") {
        cursor.name()?;
    }
    let columns = cursor.parentheses().map(|names| {
        let names = names.iter().filter(|name| name.is_name());
        names.map(|name| Name::from_sql(&name.text)).collect()
    });
    if cursor.eat("OVERRIDING") {
        cursor.next()?;
        cursor.expect("VALUE")?;
    }
    cursor.expect("VALUES")?;
    let head = &words[..cursor.at];
    let mut rows = Vec::new();
    loop {
        let start = cursor.at;
        cursor.parentheses()?;
        rows.push(&words[start..cursor.at]);
        if !cursor.eat_kind(TokenKind::Comma) {
            break;
        }
    }
    let tail = cursor.rest();
    let ends = tail.first().is_none_or(|word| word.is("ON") || word.is("RETURNING"));
    ends.then_some(Insert { head, table, columns, rows, tail })
}

/// Says whether the order in which a table gets its rows leaves anything behind: numbers of a sequence, rows that refer to
/// rows before them, what a trigger does.
fn depends_on_order(table: &Object, insert: &Insert<'_, '_>) -> bool {
    let is_given = |column: &Name| insert.columns.as_ref().is_none_or(|columns| columns.contains(column));
    let counts = |word: &Lexeme<'_>| {
        let counted = ["nextval", "IDENTITY", "serial", "bigserial", "smallserial", "serial4", "serial8"];
        counted.iter().any(|counted| word.is(counted))
    };
    table.parts.iter().any(|part| {
        let words = || lexemes_of(&part.text).unwrap_or_default();
        let refers = |words: &[Lexeme<'_>]| {
            words.iter().enumerate().filter(|(_, word)| word.is("REFERENCES")).any(|(at, _)| {
                let name = Cursor::new(&words[at + 1..]).qualified();
                name.is_some_and(|name| name.name == table.address.name)
            })
        };
        match (part.role, part.address.kind) {
            (Role::Definition, Kind::Trigger | Kind::Rule) => true,
            (Role::Definition, Kind::Constraint) => refers(&words()),
            (Role::Default | Role::Identity, Kind::Column) => {
                !is_given(&part.address.name) && words().iter().any(counts)
            }
            (Role::Definition, Kind::Table) => {
                let words = words();
                let open = words.iter().position(|word| word.kind == TokenKind::LeftParen);
                let inside = open.and_then(|open| Cursor::new(&words[open..]).parentheses());
                let columns = inside.map(split_commas).unwrap_or_default();
                let counted = columns.iter().any(|column| {
                    column.first().is_some_and(|name| !is_given(&Name::from_sql(&name.text)))
                        && column.iter().any(counts)
                });
                counted || refers(&words)
            }
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{NoData, ReadOptions, read};

    /// The canonical trailer of a dump that leaves this search path behind and makes these tables.
    fn canonical(before: &str, trailer: &str) -> String {
        let dump =
            [String::from_utf8_lossy(BEGIN).as_ref(), before, String::from_utf8_lossy(END).as_ref(), trailer]
                .concat();
        let dump = read(Stream(dump.as_bytes()), ReadOptions::default(), &mut NoData).unwrap();
        assert_eq!(dump.ledger.total(), dump.bytes);
        String::from_utf8(dump.databases[0].schema.trailer.clone()).unwrap()
    }

    const EMPTY: &str = "SELECT pg_catalog.set_config('search_path', '', false);\n";

    #[test]
    fn the_same_list_in_other_words() {
        let one = "SET search_path TO \"$user\",public;\n\nINSERT INTO m (v) VALUES ('2');\n\nINSERT INTO m (v) VALUES ('1');\n\n";
        let other =
            "SET search_path TO \"$user\", public;\nINSERT INTO \"m\" (v) VALUES\n('1'),\n('2');\n-- end\n";
        let third = "SET search_path = \"$user\" , 'public';insert into m(v) values ('2'), ('1');\n";
        let lines = "SET search_path TO \"$user\", public;\nINSERT INTO m (v) VALUES ('1');\nINSERT INTO m (v) VALUES ('2');\n";
        for text in [one, other, third, lines] {
            assert_eq!(canonical(EMPTY, text), lines);
        }
    }

    #[test]
    fn the_path_that_held_at_its_place_is_kept_where_a_name_needs_it() {
        let bare = "INSERT INTO m (v) VALUES ('1');\n";
        let named = "INSERT INTO public.m (v) VALUES ('1');\n";
        let old = "SET search_path = public, pg_catalog;\n";
        let with = |path: &str| format!("SET search_path TO {path};\n{bare}");
        assert_eq!(canonical(EMPTY, bare), bare);
        assert_eq!(canonical(old, bare), with("public, pg_catalog"));
        assert_eq!(canonical(old, named), named);
        assert_eq!(canonical("SET search_path = 'Odd', public;\n", bare), with("\"Odd\", public"));
        assert_eq!(canonical(old, &format!("{EMPTY}{named}")), named);
        assert_eq!(
            canonical(old, &format!("{named}{bare}")),
            format!("{named}SET search_path TO public, pg_catalog;\n{bare}")
        );
        let extension = "CREATE EXTENSION IF NOT EXISTS hstore;\n";
        assert_eq!(canonical(old, extension), format!("SET search_path TO public, pg_catalog;\n{extension}"));
    }

    #[test]
    fn what_is_no_list_stays() {
        for text in [
            "INSERT INTO t SELECT 1;\n",
            "INSERT INTO t DEFAULT VALUES;\n",
            "INSERT INTO t VALUES (1);\nINSERT INTO t VALUES (f(0, 2));\nINSERT INTO t VALUES (2) ON CONFLICT DO NOTHING;\n",
            "INSERT INTO t VALUES (2) RETURNING a;\nINSERT INTO t VALUES (1) RETURNING a;\n",
            "INSERT INTO t VALUES (nextval('s'));\nINSERT INTO t VALUES (f());\nINSERT INTO t VALUES (1);\n",
            "UPDATE t SET a = 1;\n",
            "COPY t FROM stdin;\n2\n1\n\\.\n",
            "SELECT 'a;\n\n-- no comment';\n",
            "\\echo done\n",
        ] {
            assert_eq!(canonical(EMPTY, text), text);
            assert_eq!(canonical(EMPTY, &format!("\n\n{}\n/* x */\n", text.trim_end())), text);
        }
        assert_eq!(canonical(EMPTY, "\n-- vim: set ft=sql\n"), "");
        let strings = canonical(
            &format!("{EMPTY}SET standard_conforming_strings = off;\n"),
            "INSERT INTO t VALUES ('a\\'b');\n",
        );
        assert_eq!(strings, "INSERT INTO t VALUES (E'a\\'b');\n");
    }

    #[test]
    fn rows_whose_order_leaves_something_behind_keep_it() {
        let rows = "INSERT INTO a.t (x) VALUES\n    ('2'),\n    ('1');\n";
        let sorted = "INSERT INTO a.t (x) VALUES ('1');\nINSERT INTO a.t (x) VALUES ('2');\n";
        for (table, expected) in [
            ("CREATE TABLE a.t (x text);", sorted),
            ("CREATE TABLE a.t (x text, y timestamp DEFAULT now());", sorted),
            ("CREATE TABLE a.t (x bigserial);", sorted),
            ("CREATE TABLE a.t (x text, id serial);", rows),
            ("CREATE TABLE a.t (x text, id integer GENERATED ALWAYS AS IDENTITY);", rows),
            (
                "CREATE TABLE a.t (x text, id integer); ALTER TABLE ONLY a.t ALTER COLUMN id SET DEFAULT nextval('a.s'::regclass);",
                rows,
            ),
            ("CREATE TABLE a.t (x text PRIMARY KEY REFERENCES a.t);", rows),
            (
                "CREATE TABLE a.t (x text); ALTER TABLE ONLY a.t ADD CONSTRAINT c FOREIGN KEY (x) REFERENCES a.t(x);",
                rows,
            ),
            (
                "CREATE TABLE a.t (x text); CREATE TRIGGER g BEFORE INSERT ON a.t FOR EACH ROW EXECUTE FUNCTION a.f();",
                rows,
            ),
        ] {
            assert_eq!(canonical(&format!("{EMPTY}{table}\n"), rows), expected, "{table}");
            assert_eq!(canonical(&format!("{EMPTY}{table}\n"), expected), expected, "{table}");
        }
    }

    #[test]
    fn a_list_longer_than_a_piece_is_one_list() {
        let rows: Vec<String> = (0..200_000).rev().map(|row| format!("('{row:0>12}')")).collect();
        let text = canonical(EMPTY, &format!("INSERT INTO m (v) VALUES\n{};\n", rows.join(",\n")));
        assert_eq!(text.lines().count(), rows.len());
        assert!(text.starts_with("INSERT INTO m (v) VALUES ('000000000000');\n"));
        assert!(text.ends_with("('000000199999');\n"));
    }
}
