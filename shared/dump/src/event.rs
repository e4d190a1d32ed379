//! A plain dump as a stream of events.
//!
//! The spans of the events, one behind the other, are the input byte for byte. Rows of COPY flow past in
//! chunks of whole lines, or are jumped over; everything else is handed out a statement at a time.

use memchr::memmem;

use crate::content::Content;
use crate::error::{Error, Fault};
use crate::lexer::{Lexer, Step, Token, TokenKind};
use crate::position::Position;
use crate::source::{Found, Source, Stream};

/// First size of the buffer, and how much is read at once.
const READ: usize = 256 * 1024;
/// An INSERT longer than this is handed out in pieces of whole rows, so that its size costs no memory.
const LONG_INSERT: usize = 1024 * 1024;
/// Encodings that only clients can have and in which a byte of a character can look like a quote or a
/// backslash (PostgreSQL's manual, "Supported Character Sets", and `PG_ENCODING_BE_LAST` in pg_wchar.h).
const UNSAFE_ENCODINGS: [&str; 7] = ["SJIS", "BIG5", "GBK", "UHC", "GB18030", "JOHAB", "SHIFT_JIS_2004"];

/// What comes next in a dump.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// White space or one comment between statements.
    Gap(&'a [u8]),
    /// A statement, from its first token to its `;`.
    Statement(Statement<'a>),
    /// The next rows of an INSERT whose [`Statement::complete`] is false; the last piece ends with `;`, others with
    /// the comma behind a row.
    Values {
        /// The bytes.
        text: &'a [u8],
        /// Their tokens, as in [`Statement::tokens`], without the `;` or comma at the end.
        tokens: &'a [Token],
        /// Whether the statement ends here.
        last: bool,
    },
    /// A psql meta-command: the line from its backslash on, with its line break.
    Meta(&'a [u8]),
    /// Whole lines of COPY data, each with its line break.
    Rows(&'a [u8]),
    /// Bytes of COPY data that were jumped over; begins and ends at a line's beginning.
    RowsSkipped(u64),
    /// Bytes of COPY data of which only this was wanted, and the source could tell; as [`Event::RowsSkipped`] else.
    RowsCounted(u64, Content),
    /// The line `\.` that ends COPY data.
    EndOfRows(&'a [u8]),
}

/// A statement with its tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statement<'a> {
    /// Where its first token stands.
    pub at: Position,
    /// Its bytes, `;` included.
    pub text: &'a [u8],
    /// Its tokens without white space, comments and the `;`; offsets count from the beginning of `text`.
    pub tokens: &'a [Token],
    /// False for a long INSERT, of which this is the first part, up to the comma behind a row; [`Event::Values`]
    /// follow.
    pub complete: bool,
}

impl<'a> Statement<'a> {
    /// Returns the bytes of a token.
    pub fn bytes(&self, token: Token) -> &'a [u8] {
        &self.text[token.start..token.end]
    }

    /// Says whether the statement begins with these key words.
    pub fn begins_with(&self, words: &[&str]) -> bool {
        self.tokens.len() >= words.len()
            && words.iter().zip(self.tokens).all(|(word, token)| {
                token.kind == TokenKind::Word && self.bytes(*token).eq_ignore_ascii_case(word.as_bytes())
            })
    }

    /// Says whether rows follow it: it is a `COPY … FROM stdin`.
    pub fn is_copy_from_stdin(&self) -> bool {
        self.begins_with(&["COPY"])
            && self.tokens.windows(2).any(|pair| {
                pair.iter().all(|token| token.kind == TokenKind::Word)
                    && self.bytes(pair[0]).eq_ignore_ascii_case(b"from")
                    && self.bytes(pair[1]).eq_ignore_ascii_case(b"stdin")
            })
    }
}

/// Reads a plain dump event by event.
///
/// ```
/// use dump::{Event, Events, Stream};
/// let text = b"COPY t (a) FROM stdin;\n1\n\\.\n";
/// let mut events = Events::new(Stream(&text[..]));
/// let mut seen = Vec::new();
/// while let Some(event) = events.next()? {
///     seen.extend_from_slice(match event {
///         Event::Gap(text) | Event::Rows(text) | Event::EndOfRows(text) => text,
///         Event::Statement(statement) => statement.text,
///         _ => unreachable!(),
///     });
/// }
/// assert_eq!(seen, text);
/// # Ok::<(), dump::Error>(())
/// ```
#[derive(Debug)]
pub struct Events<S> {
    source: S,
    buf: Vec<u8>,
    /// The bytes of the buffer that no event covers yet begin here …
    start: usize,
    /// … and end here.
    end: usize,
    at_end: bool,
    /// Where `buf[start]` stands in the input.
    at: Position,
    lexer: Lexer,
    tokens: Vec<Token>,
    state: State,
    want: Want,
}

/// What a reader wants of a table's rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Want {
    /// The rows.
    #[default]
    Rows,
    /// Their count, length and hash.
    Content,
    /// That there are such, at most.
    Nothing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Between,
    /// Behind `FROM stdin;`, before the line break.
    CopyHead,
    /// Within COPY rows, at the beginning of a line; the rows began there.
    Rows(Position),
    /// Within a long INSERT, at the beginning of a row; it began there.
    Values(Position),
}

impl<'t> Events<Stream<&'t [u8]>> {
    /// Makes a reader of a text in memory.
    pub(crate) fn of(text: &'t [u8]) -> Self {
        let mut events = Events::with_buffer(Stream(&text[text.len()..]), text.to_vec());
        (events.end, events.at_end) = (text.len(), true);
        events
    }
}

impl<S: Source> Events<S> {
    /// Makes a reader that begins at the source's first byte.
    pub fn new(source: S) -> Self {
        Events::with_buffer(source, vec![0; READ])
    }

    fn with_buffer(source: S, buf: Vec<u8>) -> Self {
        Events {
            source,
            buf,
            start: 0,
            end: 0,
            at_end: false,
            at: Position::START,
            lexer: Lexer::default(),
            tokens: Vec::new(),
            state: State::Between,
            want: Want::Rows,
        }
    }

    /// Says how the first literals are to be read, where that was set before the input begins.
    pub fn set_standard_conforming_strings(&mut self, on: bool) {
        self.lexer.standard_conforming_strings = on;
    }

    /// Returns where the next event begins.
    pub fn position(&self) -> Position {
        self.at
    }

    /// Says what is wanted of the rows of the COPY just handed out.
    ///
    /// [`Want::Nothing`] makes them come as [`Event::RowsSkipped`]. [`Want::Content`] makes them come as
    /// [`Event::RowsCounted`] where the source can count by itself, else as [`Event::Rows`].
    pub fn want(&mut self, want: Want) {
        self.want = want;
    }

    /// Returns the next event, or `None` behind the last byte.
    ///
    /// # Errors
    /// When the source cannot be read, or what it holds cannot be a dump; see [`Fault`].
    #[expect(clippy::should_implement_trait, reason = "an event borrows from its reader")]
    pub fn next(&mut self) -> Result<Option<Event<'_>>, Error> {
        // Memory of one long statement is given back before the next is read.
        if self.start == self.end && self.buf.len() > 16 * READ {
            self.buf = vec![0; READ];
            (self.start, self.end) = (0, 0);
        }
        match self.state {
            State::Between => self.between(),
            State::CopyHead => self.copy_head(),
            State::Rows(began) => self.rows(began),
            State::Values(began) => self.values(began),
        }
    }

    /// Reads more bytes behind those in the buffer, which it makes larger where they fill it.
    fn fill(&mut self) -> Result<(), Error> {
        if self.start > 0 {
            self.buf.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.end == self.buf.len() {
            self.buf.resize(self.buf.len() * 2, 0);
        }
        loop {
            match self.source.read(&mut self.buf[self.end..]) {
                Ok(0) => self.at_end = true,
                Ok(read) => self.end += read,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(source) => return Err(Error::Read { at: self.at.beyond(self.end as u64), source }),
            }
            return Ok(());
        }
    }

    /// Takes `len` bytes as covered by an event and returns their range in the buffer.
    fn take(&mut self, len: usize) -> std::ops::Range<usize> {
        let range = self.start..self.start + len;
        self.start = range.end;
        self.at = self.at.after(&self.buf[range.clone()]);
        range
    }

    fn fault(&self, offset: usize, fault: Fault) -> Error {
        let at = self.at.after(&self.buf[self.start..self.start + offset]);
        Error::Fault { at, fault }
    }

    /// Lexes the token that begins `offset` bytes behind `start`.
    fn token(&mut self, offset: usize) -> Result<Option<Token>, Error> {
        loop {
            match self.lexer.step(&self.buf[self.start..self.end], offset, self.at_end) {
                Ok(Step::Token(token)) => return Ok(Some(token)),
                Ok(Step::NeedMore) => self.fill()?,
                Ok(Step::End) => return Ok(None),
                Err((fault, offset)) => return Err(self.fault(offset, fault)),
            }
        }
    }

    fn between(&mut self) -> Result<Option<Event<'_>>, Error> {
        let Some(first) = self.token(0)? else { return Ok(None) };
        match first.kind {
            TokenKind::Space | TokenKind::Comment => {
                let range = self.take(first.end);
                Ok(Some(Event::Gap(&self.buf[range])))
            }
            TokenKind::Backslash => {
                let len = self.line_len()?;
                let range = self.take(len);
                Ok(Some(Event::Meta(&self.buf[range])))
            }
            _ => self.statement(first),
        }
    }

    /// Length of the line at `start`, its line break included where it has one.
    fn line_len(&mut self) -> Result<usize, Error> {
        let mut from = 0;
        loop {
            let rest = &self.buf[self.start..self.end];
            if let Some(hit) = memchr::memchr(b'\n', &rest[from..]) {
                return Ok(from + hit + 1);
            }
            from = rest.len();
            if self.at_end {
                return Ok(from);
            }
            self.fill()?;
        }
    }

    fn statement(&mut self, first: Token) -> Result<Option<Event<'_>>, Error> {
        self.tokens.clear();
        let mut nesting = Nesting::default();
        let mut token = first;
        let len = loop {
            let text = &self.buf[self.start..self.end];
            match token.kind {
                TokenKind::Space | TokenKind::Comment => {}
                TokenKind::Semicolon if nesting.is_outside() => break token.end,
                TokenKind::Backslash => {
                    return Err(self.fault(token.start, Fault::MetaCommandInStatement(self.at)));
                }
                _ => {
                    nesting.see(token, text);
                    self.tokens.push(token);
                }
            }
            if token.end >= LONG_INSERT
                && token.kind == TokenKind::Comma
                && nesting.is_outside()
                && self.is_insert()
            {
                let at = self.at;
                self.state = State::Values(at);
                let range = self.take(token.end);
                let text = &self.buf[range];
                let statement = Statement { at, text, tokens: &self.tokens, complete: false };
                return Ok(Some(Event::Statement(statement)));
            }
            token = match self.token(token.end)? {
                Some(next) => next,
                None => return Err(self.fault(0, Fault::UnterminatedStatement)),
            };
        };
        let at = self.at;
        let range = self.take(len);
        let statement = Statement { at, text: &self.buf[range], tokens: &self.tokens, complete: true };
        if statement.is_copy_from_stdin() {
            self.state = State::CopyHead;
        }
        if let Some(on) = standard_conforming_strings(&statement) {
            self.lexer.standard_conforming_strings = on;
        }
        if let Some(encoding) = client_encoding(&statement)
            && UNSAFE_ENCODINGS.contains(&encoding.as_str())
        {
            return Err(Error::Fault { at, fault: Fault::UnsafeEncoding(encoding) });
        }
        Ok(Some(Event::Statement(statement)))
    }

    fn is_insert(&self) -> bool {
        self.tokens.first().is_some_and(|token| {
            let text = &self.buf[self.start..self.end];
            text[token.start..token.end].eq_ignore_ascii_case(b"insert")
        })
    }

    fn values(&mut self, began: Position) -> Result<Option<Event<'_>>, Error> {
        self.tokens.clear();
        let (mut depth, mut len) = (0_u32, 0);
        loop {
            let Some(token) = self.token(len)? else {
                return Err(Error::Fault { at: began, fault: Fault::UnterminatedStatement });
            };
            len = token.end;
            let last = match token.kind {
                TokenKind::Space | TokenKind::Comment => continue,
                TokenKind::Backslash => {
                    return Err(self.fault(token.start, Fault::MetaCommandInStatement(began)));
                }
                TokenKind::Semicolon if depth == 0 => true,
                TokenKind::Comma if depth == 0 && len >= READ => false,
                kind => {
                    match kind {
                        TokenKind::LeftParen => depth += 1,
                        TokenKind::RightParen => depth = depth.saturating_sub(1),
                        _ => {}
                    }
                    self.tokens.push(token);
                    continue;
                }
            };
            self.state = if last { State::Between } else { State::Values(began) };
            let range = self.take(len);
            return Ok(Some(Event::Values { text: &self.buf[range], tokens: &self.tokens, last }));
        }
    }

    fn copy_head(&mut self) -> Result<Option<Event<'_>>, Error> {
        let len = self.line_len()?;
        let line = &self.buf[self.start..self.start + len];
        if !line.iter().all(u8::is_ascii_whitespace) {
            return Err(self.fault(0, Fault::TextAfterCopy));
        }
        if !line.ends_with(b"\n") {
            return Err(self.fault(0, Fault::UnterminatedCopy));
        }
        let range = self.take(len);
        self.state = State::Rows(self.at);
        Ok(Some(Event::Gap(&self.buf[range])))
    }

    /// Length of the line at `start` if it is the `\.` that ends COPY data.
    fn end_of_rows(&mut self) -> Result<Option<usize>, Error> {
        while self.end - self.start < 4 && !self.at_end {
            self.fill()?;
        }
        let rest = &self.buf[self.start..self.end];
        let endings: [&[u8]; 2] = [b"\\.\n", b"\\.\r\n"];
        let ended = endings.into_iter().find(|ending| rest.starts_with(ending));
        Ok(ended.map(<[u8]>::len).or((rest == b"\\." || rest == b"\\.\r").then_some(rest.len())))
    }

    fn rows(&mut self, began: Position) -> Result<Option<Event<'_>>, Error> {
        if let Some(len) = self.end_of_rows()? {
            self.state = State::Between;
            self.want = Want::Rows;
            let range = self.take(len);
            return Ok(Some(Event::EndOfRows(&self.buf[range])));
        }
        match self.want {
            Want::Nothing => return self.skip(began),
            // What ends within the buffer is there already.
            Want::Content if memmem::find(&self.buf[self.start..self.end], b"\n\\.").is_none() => {
                let at = self.at;
                let read_error = |source| Error::Read { at, source };
                // A row that begins with `\.` but does not end the data is none that a source counts by itself.
                let counted = self.source.count(at.byte).map_err(read_error)?;
                if let Some((content, end)) = counted.filter(|(_, end)| *end > at.byte) {
                    self.source.seek(end).map_err(read_error)?;
                    self.at = at.beyond(end - at.byte);
                    (self.start, self.end, self.at_end) = (0, 0, false);
                    return Ok(Some(Event::RowsCounted(end - at.byte, content)));
                }
            }
            Want::Content | Want::Rows => {}
        }
        let mut from = 0;
        loop {
            // Whole lines up to the first that could be the end; `rows` looks at that one next.
            let rest = &self.buf[self.start..self.end];
            let end = match memmem::find(&rest[from..], b"\n\\.") {
                Some(hit) => Some(from + hit + 1),
                None => memchr::memrchr(b'\n', rest).map(|newline| newline + 1),
            };
            if let Some(end) = end {
                let range = self.take(end);
                return Ok(Some(Event::Rows(&self.buf[range])));
            }
            if self.at_end {
                return Err(Error::Fault { at: began, fault: Fault::UnterminatedCopy });
            }
            from = rest.len().saturating_sub(2);
            self.fill()?;
        }
    }

    /// Moves behind rows up to a line that begins with `\.`, or as far as the buffer goes.
    fn skip(&mut self, began: Position) -> Result<Option<Event<'_>>, Error> {
        let truncated = Error::Fault { at: began, fault: Fault::UnterminatedCopy };
        let mut searched = 0;
        loop {
            let rest = &self.buf[self.start..self.end];
            if let Some(hit) = memmem::find(&rest[searched..], b"\n\\.") {
                let len = searched + hit + 1;
                self.take(len);
                return Ok(Some(Event::RowsSkipped(len as u64)));
            }
            // The marker may lie across the end of what the buffer holds.
            searched = rest.len().saturating_sub(2);
            let from = self.at.byte + searched as u64;
            let read_error = |source| Error::Read { at: self.at, source };
            match self.source.find(b"\n\\.", from).map_err(read_error)? {
                Found::At(offset) => {
                    let target = offset + 1;
                    self.source.seek(target).map_err(read_error)?;
                    let skipped = target - self.at.byte;
                    self.at = self.at.beyond(skipped);
                    (self.start, self.end, self.at_end) = (0, 0, false);
                    return Ok(Some(Event::RowsSkipped(skipped)));
                }
                Found::Missing => return Err(truncated),
                Found::CannotSeek => {}
            }
            if let Some(newline) = memchr::memrchr(b'\n', rest) {
                self.take(newline + 1);
                return Ok(Some(Event::RowsSkipped(newline as u64 + 1)));
            }
            if self.at_end {
                return Err(truncated);
            }
            self.fill()?;
        }
    }
}

/// What a `;` must be outside of to end a statement: psql's rules in psqlscan.l.
#[derive(Debug, Default)]
struct Nesting {
    parentheses: u32,
    /// `BEGIN … END` of an SQL-standard function body, with the `CASE … END` in it.
    begins: u32,
    /// The first letters of the first four words, as psql keeps them.
    words: Vec<u8>,
}

impl Nesting {
    fn is_outside(&self) -> bool {
        self.parentheses == 0 && self.begins == 0
    }

    fn see(&mut self, token: Token, text: &[u8]) {
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

/// The value of a `SET standard_conforming_strings`, which changes how the rest is to be read.
fn standard_conforming_strings(statement: &Statement<'_>) -> Option<bool> {
    let value = setting(statement, "standard_conforming_strings")?;
    Some(matches!(value.to_ascii_lowercase().as_str(), "on" | "true" | "1"))
}

/// The value of a `SET client_encoding`, in upper case.
pub(crate) fn client_encoding(statement: &Statement<'_>) -> Option<String> {
    setting(statement, "client_encoding").map(|value| value.to_ascii_uppercase())
}

fn setting(statement: &Statement<'_>, name: &str) -> Option<String> {
    let [set, parameter, equals, value] = statement.tokens else { return None };
    let is = |token: &Token, text: &str| statement.bytes(*token).eq_ignore_ascii_case(text.as_bytes());
    let assigns = is(set, "SET") && is(parameter, name) && (is(equals, "=") || is(equals, "TO"));
    let value = String::from_utf8_lossy(statement.bytes(*value)).into_owned();
    assigns.then(|| value.trim_matches(['\'', '"']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Stream;

    /// Gives a few bytes at a time.
    struct Dribble<'a>(&'a [u8], usize);

    impl std::io::Read for Dribble<'_> {
        fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
            let len = self.1.min(buf.len()).min(self.0.len());
            buf[..len].copy_from_slice(&self.0[..len]);
            self.0 = &self.0[len..];
            Ok(len)
        }
    }

    /// All bytes of all events, and what the events are apart from where rows are cut.
    fn read(text: &[u8], step: usize, skip: bool) -> (Vec<u8>, u64, Vec<String>) {
        let mut events = Events::new(Stream(Dribble(text, step)));
        let (mut bytes, mut skipped, mut kinds) = (Vec::new(), 0, Vec::new());
        loop {
            let copies = match events.next().unwrap() {
                None => return (bytes, skipped, kinds),
                Some(Event::Gap(text)) => {
                    bytes.extend_from_slice(text);
                    false
                }
                Some(Event::Statement(statement)) => {
                    bytes.extend_from_slice(statement.text);
                    kinds.push(format!("statement of {} tokens", statement.tokens.len()));
                    statement.is_copy_from_stdin()
                }
                Some(Event::Values { text, .. } | Event::Rows(text)) => {
                    bytes.extend_from_slice(text);
                    false
                }
                Some(Event::RowsSkipped(more) | Event::RowsCounted(more, _)) => {
                    skipped += more;
                    false
                }
                Some(Event::Meta(text)) => {
                    bytes.extend_from_slice(text);
                    kinds.push("meta".to_owned());
                    false
                }
                Some(Event::EndOfRows(text)) => {
                    bytes.extend_from_slice(text);
                    kinds.push("end".to_owned());
                    false
                }
            };
            if copies && skip {
                events.want(Want::Nothing);
            }
        }
    }

    const DUMP: &[u8] = b"-- one\n\\restrict x\nCOPY a.t (a, b) FROM stdin;\n1\t\\N\n\\\\.\t2\n.\n\\.\n\n\
        CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT CASE WHEN 1 > 0 THEN 1 END; SELECT 2; END;\n\
        CREATE FUNCTION g() AS $_$ ; \\connect $$ ' $_$;COPY b FROM stdin;\n\\.\n/* a /* b */ ; */ SELECT E'\\';', 'x'\n 'y;';\n\
        CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2);";

    #[test]
    fn every_way_of_reading_gives_the_same_events() {
        let (bytes, skipped, kinds) = read(DUMP, DUMP.len(), false);
        assert_eq!(bytes, DUMP);
        assert_eq!((skipped, kinds.len()), (0, 9));
        for step in 1..40 {
            assert_eq!(read(DUMP, step, false), (bytes.clone(), 0, kinds.clone()), "{step} bytes at a time");
            let (rest, skipped, seen) = read(DUMP, step, true);
            assert_eq!(rest.len() as u64 + skipped, DUMP.len() as u64, "{step} bytes at a time");
            assert_eq!(seen, kinds, "{step} bytes at a time");
        }
    }

    #[test]
    fn a_long_insert_comes_in_pieces() {
        let row = [b"('".as_slice(), &vec![b'x'; 3 * READ], b"'),"].concat();
        let dump = [b"INSERT INTO t VALUES ".as_slice(), &row.repeat(4), b"(1);\nSELECT 1;"].concat();
        let mut events = Events::new(Stream(dump.as_slice()));
        let (mut bytes, mut largest) = (Vec::new(), 0);
        while let Some(event) = events.next().unwrap() {
            let text = match event {
                Event::Gap(text) | Event::Values { text, .. } => text,
                Event::Statement(statement) => statement.text,
                other => panic!("{other:?}"),
            };
            largest = largest.max(text.len());
            bytes.extend_from_slice(text);
        }
        assert_eq!(bytes, dump);
        assert!(largest < 2 * LONG_INSERT, "{largest}");
    }
}
